//! What address fields say beside addresses: display names, names of groups,
//! comments.

use super::header;

/// Whose names they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Of From, Sender and Reply-To.
    Sender,
    /// Of To and Cc. Bcc leaves with no copy.
    Recipients,
}

/// The fields of each side.
pub(super) const FIELDS: [(Side, &[&str]); 2] = [
    (Side::Recipients, &["To", "Cc"]),
    (Side::Sender, &["From", "Sender", "Reply-To"]),
];

/// The names in an unfolded value, one a line, encoded words decoded; and
/// whether one is in an encoding that is not known. The value may be no address
/// list: then what does not look like an address is taken for a name.
pub(super) fn names(value: &str, out: &mut String) -> bool {
    let mut hides = false;
    let mut name = String::new();
    let mut comment = String::new();
    // An address stands in angle brackets, or alone.
    let (mut angle, mut bare, mut addressed) = (false, false, false);
    let (mut quoted, mut depth, mut escaped) = (false, 0usize, false);
    let mut end = |name: &mut String, is_address: bool| {
        let text = name.trim();
        if !text.is_empty() && !is_address {
            hides |= header::hides(text);
            out.push_str(header::decode(text).trim());
            out.push('\n');
        }
        name.clear();
    };
    for c in value.chars() {
        let plain = !quoted && !escaped;
        let literal = escaped;
        escaped = c == '\\' && !escaped && (quoted || depth > 0);
        if escaped {
            continue;
        }
        match c {
            '(' if plain && !angle => {
                depth += 1;
                if depth > 1 {
                    comment.push(c);
                }
            }
            ')' if plain && depth > 0 => {
                depth -= 1;
                match depth {
                    0 => end(&mut comment, false),
                    _ => comment.push(c),
                }
            }
            c if depth > 0 => comment.push(c),
            '"' if !literal => quoted = !quoted,
            '<' if plain => (angle, addressed) = (true, true),
            '>' if plain => angle = false,
            _ if angle => {}
            ',' | ';' | ':' if plain => {
                end(&mut name, bare && !addressed);
                (bare, addressed) = (false, false);
            }
            c => {
                bare |= c == '@' && plain;
                name.push(c);
            }
        }
    }
    end(&mut comment, false);
    end(&mut name, bare && !addressed);
    hides
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_groups_and_comments_are_found_and_addresses_are_not() {
        for (value, expected) in [
            ("pat@mail.example", ""),
            ("a@x.example, <b@x.example>", ""),
            ("Pat Lindqvist <pat@mail.example>", "Pat Lindqvist\n"),
            (
                "\"Lindqvist, Pat; \\\"HIV\\\"\" <a@x.example>, Bo <b@x.example>",
                "Lindqvist, Pat; \"HIV\"\nBo\n",
            ),
            (
                "a@x.example (Pat (HIV) \\) x), b@x.example",
                "Pat (HIV) ) x\n",
            ),
            (
                "HIV clinic: a@x.example, Bo <b@x.example>;",
                "HIV clinic\nBo\n",
            ),
            ("undisclosed-recipients:;", "undisclosed-recipients\n"),
            (
                "=?utf-8?Q?Lindqvist=2C_P=C3=A5t?= <a@x.example>",
                "Lindqvist, Påt\n",
            ),
            ("\"a@x.example\" <a@x.example>", "a@x.example\n"),
        ] {
            let mut out = String::new();
            assert!(!names(value, &mut out));
            assert_eq!(out, expected, "{value}");
        }
        assert!(names("=?x-own?Q?Pat?= <a@x.example>", &mut String::new()));
    }
}
