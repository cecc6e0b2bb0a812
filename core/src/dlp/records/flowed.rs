//! Lines that a reader joins (RFC 3676, `format=flowed; delsp=yes`): a line that
//! ends in a blank goes on in the next, and the blank goes.

use crate::dlp::view::Written;

/// Places that are joined: more lines than a mail has that a person wrote, and
/// few enough to hold beside it.
pub(super) const MOST: usize = 500_000;

/// Where two lines are joined so that a word, a number may go on from one to the
/// next. Elsewhere a line's end says the same. One more than is kept tells that
/// there are too many.
pub(in crate::dlp) fn joints(text: &str) -> Vec<Written> {
    let mut out = Vec::new();
    let mut lines = text.split_inclusive('\n').peekable();
    let mut start = 0;
    while let Some(line) = lines.next() {
        let end = start + line.len();
        if let Some(next) = lines.peek()
            && let Some(said) = line.strip_suffix(" \n")
            && out.len() <= MOST
        {
            let (quotes, said) = unquoted(said);
            let (quoted, more) = unquoted(next);
            // The mark of a signature joins nothing.
            let joins = quotes == quoted && said != "--";
            let whole = |c: Option<char>| c.is_some_and(|c| !c.is_whitespace());
            if joins && whole(said.chars().next_back()) && whole(more.chars().next()) {
                let behind = end + (next.len() - more.len());
                out.push(Written::new(end - " \n".len()..behind, None));
            }
        }
        start = end;
    }
    out
}

/// How often a line is quoted, and the line without the quotes and the blank that
/// is put before some signs.
fn unquoted(line: &str) -> (usize, &str) {
    let rest = line.trim_start_matches('>');
    (
        line.len() - rest.len(),
        rest.strip_prefix(' ').unwrap_or(rest),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dlp::view::as_read;

    #[test]
    fn lines_are_joined_where_their_blank_says_so() {
        for (text, read) in [
            ("MRN 0048 \n2913\n", "MRN 00482913\n"),
            ("a \nb \nc", "abc"),
            ("a  \nb", "a  \nb"),
            ("a\nb", "a\nb"),
            ("a \n\nb", "a \n\nb"),
            ("> a \n> b \nc", "> ab \nc"),
            (">> a \n>>b", ">> ab"),
            ("a \n >b", "a>b"),
            ("-- \nPat", "-- \nPat"),
            ("a \n", "a \n"),
            ("é \né", "éé"),
            ("", ""),
        ] {
            assert_eq!(
                as_read(text, 0..text.len(), &joints(text)),
                read,
                "{text:?}"
            );
        }
    }
}
