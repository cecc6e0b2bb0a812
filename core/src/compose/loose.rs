//! Free text in a structured field: its comments, and parameters that no
//! standard knows.

/// Parameters of `Content-Type` and `Content-Disposition` that say nothing of a
/// person. File names are read on their own.
const TECHNICAL: &[&str] = &[
    "access-type",
    "boundary",
    "charset",
    "component",
    "creation-date",
    "delsp",
    "filename",
    "format",
    "header",
    "hp",
    "method",
    "micalg",
    "modification-date",
    "name",
    "number",
    "profile",
    "protected-headers",
    "protocol",
    "read-date",
    "reply-type",
    "report-type",
    "size",
    "smime-type",
    "start",
    "start-info",
    "total",
    "type",
    "version",
    "x-mac-creator",
    "x-mac-hide-extension",
    "x-mac-type",
    "x-unix-mode",
];

/// The free text of an unfolded value, in lines; empty where there is none.
pub(super) fn free_text(value: &str) -> String {
    let mut pieces = vec![String::new()];
    let mut comments = String::new();
    let (mut quoted, mut depth, mut escaped) = (false, 0usize, false);
    for c in value.chars() {
        let plain = !quoted && !escaped;
        match c {
            '(' if plain => depth += 1,
            ')' if plain && depth > 0 => {
                depth -= 1;
                comments.push('\n');
                continue;
            }
            '"' if !escaped && depth == 0 => quoted = !quoted,
            ';' if plain && depth == 0 => {
                pieces.push(String::new());
                continue;
            }
            _ => {}
        }
        escaped = c == '\\' && !escaped;
        match pieces.last_mut() {
            _ if depth > 0 => comments.push(c),
            Some(piece) => piece.push(c),
            None => {}
        }
    }
    let mut out = comments;
    for piece in pieces.iter().skip(1).map(|piece| piece.trim()) {
        let key = piece.split(['=', '*']).next().unwrap_or_default().trim();
        if !piece.is_empty() && !TECHNICAL.iter().any(|t| key.eq_ignore_ascii_case(t)) {
            out.push_str(piece);
            out.push('\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::free_text;

    #[test]
    fn comments_and_unknown_parameters_are_free_text() {
        let value = "text/plain (for (Pat); x); charset=\"a;b\"; x-note=\"c;d\"; name*0=e; bare";
        assert_eq!(free_text(value), "(for (Pat\n; x\nx-note=\"c;d\"\nbare\n");
        assert_eq!(free_text("multipart/mixed; boundary=\"(x\"; type=y"), "");
        assert_eq!(free_text(""), "");
    }
}
