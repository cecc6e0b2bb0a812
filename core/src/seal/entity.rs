//! Reading MIME entities (RFC 2045, 2046) of mail that came from elsewhere.
//!
//! Strict where two readers could differ: a field that decides the structure
//! and stands twice, a parameter that stands twice, or a boundary in the
//! extended syntax of RFC 2231, is malformed. Lines may end with CRLF or LF,
//! since what was decrypted keeps the line ends that its sender wrote.

use std::fmt;

use super::OpenError;

/// Most fields of one header block.
const MAX_FIELDS: usize = 2_000;
/// Most octets of one header block.
const MAX_HEAD: usize = 1024 * 1024;
/// Most parts of one multipart.
const MAX_PARTS: usize = 1_000;

/// Most parameters of one Content-Type.
const MAX_PARAMETERS: usize = 64;

/// One header field.
#[derive(Clone, Copy)]
pub(crate) struct Field<'a> {
    /// All of it, folds and the last line end included.
    pub(crate) whole: &'a [u8],
    /// Its name as written.
    pub(crate) name: &'a [u8],
}

impl<'a> Field<'a> {
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// What says how the body is to be read: never protected, always rebuilt.
    pub(crate) fn is_structural(&self) -> bool {
        let prefix = self.name.get(..8);
        self.is("MIME-Version") || prefix.is_some_and(|p| p.eq_ignore_ascii_case(b"content-"))
    }

    /// What stands behind the colon, without the last line end.
    pub(crate) fn value(&self) -> &'a [u8] {
        let value = self.whole.get(self.name.len()..).unwrap_or_default();
        let value = match value.iter().position(|&b| b == b':') {
            Some(colon) => &value[colon + 1..],
            None => value,
        };
        let value = value.strip_suffix(b"\n").unwrap_or(value);
        value.strip_suffix(b"\r").unwrap_or(value)
    }

    /// The value on one line, outer blanks removed.
    pub(crate) fn unfolded(&self) -> String {
        let value = String::from_utf8_lossy(self.value());
        value.replace(['\r', '\n'], "").trim().to_owned()
    }
}

/// An entity: a header block and a body.
#[derive(Clone)]
pub(crate) struct Entity<'a> {
    pub(crate) fields: Vec<Field<'a>>,
    pub(crate) body: &'a [u8],
}

impl<'a> Entity<'a> {
    /// Splits an entity.
    pub(crate) fn read(raw: &'a [u8]) -> Result<Self, OpenError> {
        let mut fields: Vec<(usize, usize, usize)> = Vec::new();
        let mut at = 0;
        loop {
            if at > MAX_HEAD {
                return Err(OpenError::Limit {
                    what: "octets of a header block",
                    limit: MAX_HEAD,
                });
            }
            let rest = &raw[at..];
            if rest.is_empty() {
                break;
            }
            let line = line_length(rest);
            if matches!(&rest[..line], b"\r\n" | b"\n") {
                at += line;
                break;
            }
            if matches!(rest[0], b' ' | b'\t') {
                let field = fields.last_mut();
                let field = field.ok_or(OpenError::Malformed("the header begins with a fold"))?;
                field.1 = at + line;
            } else {
                let colon = rest[..line].iter().position(|&b| b == b':');
                let colon = colon.ok_or(OpenError::Malformed("a header line has no colon"))?;
                let name = rest[..colon].trim_ascii_end().len();
                let named = name > 0 && rest[..name].iter().all(u8::is_ascii_graphic);
                if !named {
                    return Err(OpenError::Malformed("a header field has no name"));
                }
                if fields.len() == MAX_FIELDS {
                    return Err(OpenError::Limit {
                        what: "header fields",
                        limit: MAX_FIELDS,
                    });
                }
                fields.push((at, at + line, name));
            }
            at += line;
        }
        let fields = fields.into_iter().map(|(start, end, name)| Field {
            whole: &raw[start..end],
            name: &raw[start..start + name],
        });
        Ok(Self {
            fields: fields.collect(),
            body: &raw[at..],
        })
    }

    pub(crate) fn named<'b>(&'b self, name: &'b str) -> impl Iterator<Item = &'b Field<'a>> {
        self.fields.iter().filter(move |f| f.is(name))
    }

    /// The only field of this name; twice is malformed.
    fn only(&self, name: &'static str) -> Result<Option<String>, OpenError> {
        let mut found = self.named(name);
        let first = found.next().map(Field::unfolded);
        match found.next() {
            None => Ok(first),
            Some(_) => Err(OpenError::Malformed(
                "a field that decides the structure stands twice",
            )),
        }
    }

    /// Content-Type; `text/plain` where there is none (RFC 2045 section 5.2).
    pub(crate) fn content_type(&self) -> Result<ContentType, OpenError> {
        match self.only("Content-Type")? {
            Some(value) => ContentType::parse(&value),
            None => Ok(ContentType {
                media_type: "text/plain".to_owned(),
                parameters: Vec::new(),
            }),
        }
    }

    /// The transfer encoding in lower case; `7bit` where there is none.
    pub(crate) fn transfer_encoding(&self) -> Result<String, OpenError> {
        let value = self.only("Content-Transfer-Encoding")?;
        Ok(value.map_or("7bit".to_owned(), |v| v.to_ascii_lowercase()))
    }

    /// The body with its transfer encoding undone.
    pub(crate) fn decoded_body(&self) -> Result<Vec<u8>, OpenError> {
        match self.transfer_encoding()?.as_str() {
            "7bit" | "8bit" | "binary" => Ok(self.body.to_vec()),
            "base64" => base64(self.body),
            _ => Err(OpenError::Malformed(
                "a sealed part is in a transfer encoding that is not read",
            )),
        }
    }

    /// The parts of a multipart, as written: without the line end before the
    /// next boundary (RFC 2046 section 5.1.1).
    pub(crate) fn parts(&self, kind: &ContentType) -> Result<Vec<&'a [u8]>, OpenError> {
        let boundary = kind.parameter("boundary");
        let boundary = boundary.filter(|b| !b.is_empty() && b.len() <= 200);
        let boundary = boundary.ok_or(OpenError::Malformed("a multipart has no boundary"))?;
        let delimiter = [b"--", boundary.as_bytes()].concat();
        let mut parts = Vec::new();
        let mut start: Option<usize> = None;
        let mut at = 0;
        while at < self.body.len() {
            let line = line_length(&self.body[at..]);
            if let Some(rest) = self.body[at..at + line].strip_prefix(delimiter.as_slice()) {
                let (closes, rest) = match rest.strip_prefix(b"--") {
                    Some(rest) => (true, rest),
                    None => (false, rest),
                };
                if rest.trim_ascii().is_empty() {
                    if let Some(start) = start {
                        let part = &self.body[start..at.max(start)];
                        let part = part.strip_suffix(b"\n").unwrap_or(part);
                        parts.push(part.strip_suffix(b"\r").unwrap_or(part));
                    }
                    if closes {
                        return Ok(parts);
                    }
                    if parts.len() == MAX_PARTS {
                        return Err(OpenError::Limit {
                            what: "parts of a multipart",
                            limit: MAX_PARTS,
                        });
                    }
                    start = Some(at + line);
                }
            }
            at += line;
        }
        Err(OpenError::Malformed("a multipart does not end"))
    }
}

/// Where `piece`, a slice of `whole`, begins in it.
pub(crate) fn offset(whole: &[u8], piece: &[u8]) -> usize {
    (piece.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize)
}

/// The length of the first line, its end included.
pub(crate) fn line_length(text: &[u8]) -> usize {
    text.iter()
        .position(|&b| b == b'\n')
        .map_or(text.len(), |at| at + 1)
}

fn base64(body: &[u8]) -> Result<Vec<u8>, OpenError> {
    use base64::Engine as _;
    let dense: Vec<u8> = body
        .iter()
        .copied()
        .filter(|b| !b.is_ascii_whitespace())
        .collect();
    base64::engine::general_purpose::STANDARD
        .decode(dense)
        .map_err(|_| OpenError::Malformed("a sealed part is not well-formed base64"))
}

/// Content-Type taken apart. `Debug` leaves out the parameters: one is a file
/// name.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ContentType {
    /// `type/subtype` in lower case.
    pub(crate) media_type: String,
    /// Names in lower case.
    parameters: Vec<(String, String)>,
}

impl fmt::Debug for ContentType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContentType")
            .field("parameters", &self.parameters.len())
            .finish_non_exhaustive()
    }
}

impl ContentType {
    pub(crate) fn parse(value: &str) -> Result<Self, OpenError> {
        const BROKEN: OpenError = OpenError::Malformed("a Content-Type cannot be read");
        let mut rest = value;
        let mut pieces = Vec::new();
        // Quoted strings may hold semicolons.
        loop {
            let (piece, next) = cut(rest).ok_or(BROKEN)?;
            pieces.push(piece);
            match next {
                Some(next) => rest = next,
                None => break,
            }
        }
        let mut pieces = pieces.into_iter().map(|p: String| p.trim().to_owned());
        let media_type = pieces.next().unwrap_or_default().to_ascii_lowercase();
        let whole = media_type.split_once('/');
        if !whole.is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype)) {
            return Err(BROKEN);
        }
        let mut parameters: Vec<(String, String)> = Vec::new();
        for piece in pieces.filter(|p| !p.is_empty()) {
            let (name, value) = piece.split_once('=').ok_or(BROKEN)?;
            let name = name.trim().to_ascii_lowercase();
            let value = unquoted(value.trim()).ok_or(BROKEN)?;
            let bare = name.split('*').next().unwrap_or_default();
            let decides = ["boundary", "protocol", "smime-type", "hp"].contains(&bare);
            if decides && name.contains('*')
                || parameters.len() >= MAX_PARAMETERS
                || parameters.iter().any(|(n, _)| *n == name)
            {
                return Err(BROKEN);
            }
            parameters.push((name, value));
        }
        Ok(Self {
            media_type,
            parameters,
        })
    }

    pub(crate) fn is(&self, media_type: &str) -> bool {
        self.media_type == media_type
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Whether a parameter has this value, in any case.
    pub(crate) fn says(&self, name: &str, value: &str) -> bool {
        self.parameter(name)
            .is_some_and(|v| v.eq_ignore_ascii_case(value))
    }
}

/// The text before the next semicolon outside quotes and comments; comments
/// are left out. `None` where a quote or comment does not end.
fn cut(text: &str) -> Option<(String, Option<&str>)> {
    let mut piece = String::new();
    let (mut quoted, mut depth) = (false, 0usize);
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' if quoted || depth > 0 => {
                let (_, escaped) = chars.next()?;
                if depth == 0 {
                    piece.push(c);
                    piece.push(escaped);
                }
            }
            '"' if depth == 0 => {
                quoted = !quoted;
                piece.push(c);
            }
            '(' if !quoted => depth += 1,
            ')' if !quoted && depth > 0 => depth -= 1,
            ';' if !quoted && depth == 0 => return Some((piece, Some(&text[at + 1..]))),
            _ if depth > 0 => {}
            _ => piece.push(c),
        }
    }
    (!quoted && depth == 0).then_some((piece, None))
}

fn unquoted(value: &str) -> Option<String> {
    let Some(inner) = value.strip_prefix('"') else {
        // Not a token by the letter, and often seen: `/`, `?`, `=` in boundaries.
        let plain = |b: u8| b.is_ascii_graphic() && !b"()<>@,;:\\\"[]".contains(&b);
        return (!value.is_empty() && value.bytes().all(plain)).then(|| value.to_owned());
    };
    let inner = inner.strip_suffix('"')?;
    let mut out = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.push(chars.next()?),
            '"' => return None,
            c => out.push(c),
        }
    }
    Some(out)
}

fn is_token(text: &str) -> bool {
    let token = |b: u8| b.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&b);
    !text.is_empty() && text.bytes().all(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(value: &str) -> ContentType {
        ContentType::parse(value).unwrap()
    }

    #[test]
    fn content_types_are_read_as_rfc_2045_writes_them() {
        let read = kind(
            "Multipart/Signed (a; comment); Protocol=\"application/x\"; boundary=\"a;b\\\"c\"",
        );
        assert_eq!(read.media_type, "multipart/signed");
        assert_eq!(read.parameter("protocol"), Some("application/x"));
        assert_eq!(read.parameter("boundary"), Some("a;b\"c"));
        assert_eq!(kind("text/plain;").parameter("charset"), None);
        assert!(kind("a/b; HP=Cipher").says("hp", "cipher"));
    }

    #[test]
    fn what_two_readers_would_read_differently_is_malformed() {
        for value in [
            "text",
            "text/",
            "a/b; boundary=\"x",
            "a/b; boundary=x; BOUNDARY=y",
            "a/b; boundary*0=x; boundary*1=y",
            "a/b; hp*=us-ascii'en'cipher",
            "a/b; x",
            "a/b (open",
            "a/b; x=",
        ] {
            assert!(ContentType::parse(value).is_err(), "{value}");
        }
        let many: String = (0..65).map(|n| format!("; a{n}=b")).collect();
        assert!(ContentType::parse(&format!("a/b{many}")).is_err());
        let twice = b"Content-Type: a/b\r\ncontent-type: c/d\r\n\r\n";
        assert!(Entity::read(twice).unwrap().content_type().is_err());
    }

    #[test]
    fn parts_keep_their_octets() {
        let raw = b"Content-Type: multipart/mixed; boundary=x\r\n\r\npreamble\r\n--x\r\n\r\none\r\n\r\n--x  \r\n\r\ntwo\r\n--xy\r\n--x--\r\nepilogue\r\n--x\r\n";
        let entity = Entity::read(raw).unwrap();
        let parts = entity.parts(&entity.content_type().unwrap()).unwrap();
        assert_eq!(parts, [&b"\r\none\r\n"[..], b"\r\ntwo\r\n--xy"]);
        let open = b"Content-Type: multipart/mixed; boundary=x\n\n--x\n\none\n";
        let entity = Entity::read(open).unwrap();
        assert!(entity.parts(&entity.content_type().unwrap()).is_err());
    }

    #[test]
    fn fields_keep_folds_and_lose_them_when_read() {
        let raw = b"A: 1\r\nB:\t2\r\n 3\r\n\r\nbody";
        let entity = Entity::read(raw).unwrap();
        assert_eq!(entity.fields[1].whole, b"B:\t2\r\n 3\r\n");
        assert_eq!(entity.fields[1].unfolded(), "2 3");
        assert_eq!(entity.body, b"body");
        for broken in [
            &b" a: b\r\n\r\n"[..],
            b"no colon\r\n\r\n",
            b": x\r\n\r\n",
            b"a b: x\r\n",
        ] {
            assert!(Entity::read(broken).is_err(), "{broken:?}");
        }
    }
}
