//! The guards that every byte passes: single-line values and raw lines.

use std::borrow::Cow;

use super::ComposeError;
use crate::base::Phi;

/// RFC 5322 section 2.1.1, without CRLF.
pub(super) const MAX_LINE: usize = 998;
/// More than any mail reader shows in one header.
pub(super) const MAX_VALUE: usize = 32 * 1024;
/// File systems stop at 255.
pub(super) const MAX_FILE_NAME: usize = 255;

/// A value that stands on one header line: no control character but the tab.
pub(super) fn single_line(
    field: &'static str,
    value: &str,
    limit: usize,
) -> Result<(), ComposeError> {
    if value.chars().any(|c| c.is_control() && c != '\t') {
        return Err(ComposeError::HeaderInjection { field });
    }
    if value.len() > limit {
        return Err(ComposeError::ValueTooLong { field, limit });
    }
    Ok(())
}

/// RFC 5322 `ftext`.
pub(super) fn is_field_name(name: &[u8]) -> bool {
    !name.is_empty()
        && name.len() <= 76
        && name.iter().all(|b| (33..=126).contains(b) && *b != b':')
}

/// Line ends, NUL and line length of a raw message. A message whose lines all
/// end with LF alone is returned with CRLF.
pub(super) fn lines(raw: &[u8]) -> Result<Cow<'_, [u8]>, ComposeError> {
    let lf_only = !raw.contains(&b'\r') && raw.contains(&b'\n');
    let (mut line, mut start) = (1, 0);
    for (at, &byte) in raw.iter().enumerate() {
        match byte {
            0 => return Err(ComposeError::Nul { line }),
            b'\r' if raw.get(at + 1) != Some(&b'\n') => return Err(ComposeError::BareCr { line }),
            b'\n' => {
                let end = if lf_only {
                    at
                } else if at > start && raw[at - 1] == b'\r' {
                    at - 1
                } else {
                    return Err(ComposeError::BareLf { line });
                };
                if end - start > MAX_LINE {
                    return Err(ComposeError::LineTooLong {
                        line,
                        limit: MAX_LINE,
                    });
                }
                line += 1;
                start = at + 1;
            }
            _ => {}
        }
    }
    if raw.len() - start > MAX_LINE {
        return Err(ComposeError::LineTooLong {
            line,
            limit: MAX_LINE,
        });
    }
    if !lf_only {
        return Ok(Cow::Borrowed(raw));
    }
    let mut out = Vec::with_capacity(raw.len() + line);
    for piece in raw.split_inclusive(|&b| b == b'\n') {
        match piece.strip_suffix(b"\n") {
            Some(text) => {
                out.extend_from_slice(text);
                out.extend_from_slice(b"\r\n");
            }
            None => out.extend_from_slice(piece),
        }
    }
    Ok(Cow::Owned(out))
}

/// Body text with every line end as CRLF: the text itself where they are.
pub(super) fn to_crlf(text: Phi<String>) -> Phi<String> {
    let bytes = text.expose().as_bytes();
    let (mut before, mut more) = (0, 0);
    for &byte in bytes {
        // An LF without its CR, and a CR without its LF.
        more += usize::from((byte == b'\n') != (before == b'\r'));
        before = byte;
    }
    more += usize::from(before == b'\r');
    if more == 0 {
        return text;
    }
    let mut out = String::with_capacity(bytes.len() + more);
    let mut pieces = text.expose().split_inclusive(['\r', '\n']).peekable();
    while let Some(piece) = pieces.next() {
        let line = piece.strip_suffix(['\r', '\n']);
        out.push_str(line.unwrap_or(piece));
        if line.is_some() {
            out.push_str("\r\n");
        }
        if piece.ends_with('\r') {
            pieces.next_if_eq(&"\n");
        }
    }
    Phi::new(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_are_crlf_or_all_lf() {
        assert!(matches!(lines(b"a\r\nb\r\n"), Ok(Cow::Borrowed(_))));
        assert_eq!(lines(b"a\nb").unwrap().as_ref(), b"a\r\nb");
        assert_eq!(
            lines(b"a\r\nb\n.\nc"),
            Err(ComposeError::BareLf { line: 2 })
        );
        assert_eq!(
            lines(b"a\r\n\n.\r\n"),
            Err(ComposeError::BareLf { line: 2 })
        );
        assert_eq!(lines(b"a\r.\r\n"), Err(ComposeError::BareCr { line: 1 }));
        assert_eq!(lines(b"a\nb\r"), Err(ComposeError::BareLf { line: 1 }));
        assert_eq!(lines(b"a\r\nb\r"), Err(ComposeError::BareCr { line: 2 }));
        assert_eq!(lines(b"a\r\n\0"), Err(ComposeError::Nul { line: 2 }));
    }

    #[test]
    fn lines_of_998_bytes_pass_and_999_do_not() {
        for end in ["\r\n", "\n", ""] {
            assert!(lines(format!("{}{end}", "a".repeat(998)).as_bytes()).is_ok());
            assert_eq!(
                lines(format!("{}{end}", "a".repeat(999)).as_bytes()),
                Err(ComposeError::LineTooLong {
                    line: 1,
                    limit: 998
                })
            );
        }
    }

    #[test]
    fn text_gets_crlf() {
        let crlf = |text: &str| to_crlf(Phi::from(text)).into_inner();
        assert_eq!(crlf("a\nb\r\nc\rd\r\r\n"), "a\r\nb\r\nc\r\nd\r\n\r\n");
        assert_eq!(crlf("\n\n\r"), "\r\n\r\n\r\n");
        assert_eq!(crlf("é\nz"), "é\r\nz");
    }

    #[test]
    fn text_that_has_crlf_is_not_copied() {
        for text in ["a\r\nb\r\n", "", "a"] {
            let text = Phi::from(text);
            let at = text.expose().as_ptr();
            assert_eq!(to_crlf(text).expose().as_ptr(), at);
        }
        let text = Phi::from("a\n");
        let at = text.expose().as_ptr();
        let crlf = to_crlf(text);
        assert_ne!(crlf.expose().as_ptr(), at);
        assert_eq!(crlf.expose().capacity(), 3);
    }
}
