//! As much of MIME as a message in the two technologies needs, apart from the
//! library's own, so that the tests do not judge it by itself.

use std::time::SystemTime;

/// What a message says.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    pub(crate) subject: String,
    pub(crate) text: String,
}

impl Letter {
    /// A letter that can be told from others.
    pub(crate) fn about(what: &str) -> Self {
        Self {
            subject: format!("Your results ({what})"),
            text: format!("Ferritin 12 µg/l, {what}."),
        }
    }

    /// The payload: an entity with the headers that are protected (RFC 9788,
    /// and `protected-headers` for readers that know only its draft).
    pub(crate) fn payload(&self, from: &str, to: &str, encrypted: bool) -> Vec<u8> {
        let hp = if encrypted { "cipher" } else { "clear" };
        let outer = if encrypted {
            format!(
                "HP-Outer: From: {from}\r\nHP-Outer: To: {to}\r\nHP-Outer: Subject: {HIDDEN}\r\n"
            )
        } else {
            String::new()
        };
        format!(
            "Content-Type: text/plain; charset=utf-8; protected-headers=\"v1\"; hp=\"{hp}\"\r\n\
             Content-Transfer-Encoding: 8bit\r\n\
             From: {from}\r\nTo: {to}\r\nSubject: {}\r\n{outer}\r\n{}\r\n",
            self.subject, self.text
        )
        .into_bytes()
    }
}

/// The subject that an encrypted message shows outside.
pub(crate) const HIDDEN: &str = "[...]";

/// A message around an entity, which brings its own `Content-Type`.
pub(crate) fn message(from: &str, to: &str, subject: &str, entity: &[u8]) -> Vec<u8> {
    // Readers compare the date with the time of signing.
    let now = time::OffsetDateTime::from(SystemTime::now());
    let date = now
        .format(&time::format_description::well_known::Rfc2822)
        .unwrap();
    let mut whole = format!(
        "From: {from}\r\nTo: {to}\r\nSubject: {subject}\r\nDate: {date}\r\n\
         Message-ID: <{}@harbor.example>\r\nMIME-Version: 1.0\r\n",
        now.unix_timestamp_nanos()
    )
    .into_bytes();
    whole.extend_from_slice(entity);
    whole
}

/// An `application/pkcs7-mime` entity (RFC 8551 section 3.2).
pub(crate) fn pkcs7(kind: &str, der: &[u8]) -> Vec<u8> {
    let mut entity = format!(
        "Content-Type: application/pkcs7-mime; smime-type={kind}; name=\"smime.p7m\"\r\n\
         Content-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment; filename=\"smime.p7m\"\r\n\r\n"
    );
    entity.push_str(&base64(der));
    entity.into_bytes()
}

/// A `multipart/signed` entity (RFC 1847) with `signature` in the body of the
/// second part.
pub(crate) fn multipart_signed(payload: &[u8], protocol: &str, signature: &[u8]) -> Vec<u8> {
    let (micalg, signature) = if protocol == "application/pgp-signature" {
        (
            "pgp-sha256",
            String::from_utf8_lossy(signature)
                .replace("\r\n", "\n")
                .replace('\n', "\r\n"),
        )
    } else {
        ("sha-256", base64(signature))
    };
    let encoding = if protocol == "application/pgp-signature" {
        "7bit"
    } else {
        "base64"
    };
    let mut entity = format!(
        "Content-Type: multipart/signed; protocol=\"{protocol}\"; micalg={micalg};\r\n \
         boundary=\"{BOUNDARY}\"\r\n\r\n--{BOUNDARY}\r\n"
    )
    .into_bytes();
    entity.extend_from_slice(payload);
    entity.extend_from_slice(
        format!(
            "\r\n--{BOUNDARY}\r\nContent-Type: {protocol}; name=\"signature\"\r\n\
             Content-Transfer-Encoding: {encoding}\r\n\r\n{signature}\r\n--{BOUNDARY}--\r\n"
        )
        .as_bytes(),
    );
    entity
}

/// A `multipart/encrypted` entity (RFC 3156 section 4).
pub(crate) fn multipart_encrypted(armoured: &[u8]) -> Vec<u8> {
    let armoured = String::from_utf8_lossy(armoured)
        .replace("\r\n", "\n")
        .replace('\n', "\r\n");
    format!(
        "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\";\r\n \
         boundary=\"{BOUNDARY}\"\r\n\r\n--{BOUNDARY}\r\n\
         Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n--{BOUNDARY}\r\n\
         Content-Type: application/octet-stream\r\n\r\n{armoured}\r\n--{BOUNDARY}--\r\n"
    )
    .into_bytes()
}

/// Thunderbird looks for the boundary anywhere in a line, so that a short one
/// would be found inside base64.
const BOUNDARY: &str = "=_the_parts_of_this_sealed_message";

fn base64(bytes: &[u8]) -> String {
    let mut text = data_encoding::BASE64.encode(bytes);
    let mut at = 76;
    while at < text.len() {
        text.insert_str(at, "\r\n");
        at += 78;
    }
    text.push_str("\r\n");
    text
}

/// An entity taken apart.
#[derive(Debug)]
pub(crate) struct Entity<'a> {
    headers: Vec<(String, String)>,
    body: &'a [u8],
}

impl<'a> Entity<'a> {
    /// Divides headers and body.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, String> {
        let (head, body) = split_once(bytes, b"\r\n\r\n")
            .or_else(|| split_once(bytes, b"\n\n"))
            .ok_or("an entity without a body")?;
        let head = String::from_utf8_lossy(head);
        let mut headers: Vec<(String, String)> = Vec::new();
        for line in head.lines() {
            if line.starts_with([' ', '\t']) {
                if let Some((_, value)) = headers.last_mut() {
                    value.push(' ');
                    value.push_str(line.trim());
                }
            } else if let Some((name, value)) = line.split_once(':') {
                headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
            }
        }
        Ok(Self { headers, body })
    }

    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.as_str())
    }

    /// The media type in lower case.
    pub(crate) fn kind(&self) -> String {
        let value = self.header("content-type").unwrap_or("text/plain");
        let kind = value.split(';').next().unwrap_or_default();
        kind.trim().to_ascii_lowercase()
    }

    /// A parameter of `Content-Type`.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        self.header("content-type")?
            .split(';')
            .skip(1)
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, _)| key.trim().eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim().trim_matches('"').to_owned())
    }

    /// The body without its transfer encoding.
    pub(crate) fn decoded(&self) -> Result<Vec<u8>, String> {
        let encoding = self.header("content-transfer-encoding").unwrap_or("7bit");
        match encoding.to_ascii_lowercase().as_str() {
            "base64" => {
                let mut text = self.body.to_vec();
                text.retain(|byte| !byte.is_ascii_whitespace());
                data_encoding::BASE64
                    .decode(&text)
                    .map_err(|error| format!("base64: {error}"))
            }
            "quoted-printable" => Ok(quoted_printable(self.body)),
            _ => Ok(self.body.to_vec()),
        }
    }

    /// The parts of a multipart, each byte for byte as it was signed.
    pub(crate) fn parts(&self) -> Result<Vec<&'a [u8]>, String> {
        let boundary = self.parameter("boundary").ok_or("no boundary")?;
        let mark = format!("--{boundary}");
        let mut parts = Vec::new();
        let mut start: Option<usize> = None;
        let mut at = 0;
        for line in self.body.split_inclusive(|byte| *byte == b'\n') {
            let next = at + line.len();
            if line.starts_with(mark.as_bytes()) {
                if let Some(from) = start {
                    // The line break before the boundary belongs to it.
                    let part = &self.body[from..at];
                    let part = part.strip_suffix(b"\n").unwrap_or(part);
                    parts.push(part.strip_suffix(b"\r").unwrap_or(part));
                }
                start = Some(next);
                if line[mark.len()..].starts_with(b"--") {
                    return Ok(parts);
                }
            }
            at = next;
        }
        Err("the last boundary is missing".to_owned())
    }

    /// The first text inside, whatever the multiparts around it, and the
    /// subject of the payload.
    pub(crate) fn text(&self) -> Result<String, String> {
        if self.kind().starts_with("multipart/") {
            let parts = self.parts()?;
            return Entity::parse(parts.first().ok_or("no part")?)?.text();
        }
        String::from_utf8(self.decoded()?).map_err(|_| "the text is not UTF-8".to_owned())
    }
}

/// Undoes quoted-printable; what is not of it stays as it is.
fn quoted_printable(body: &[u8]) -> Vec<u8> {
    let hex = |digit: &u8| char::from(*digit).to_digit(16);
    let mut decoded = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first != b'=' {
            decoded.push(*first);
            continue;
        }
        if let Some(after) = tail
            .strip_prefix(b"\r\n")
            .or_else(|| tail.strip_prefix(b"\n"))
        {
            rest = after;
        } else if let [high, low, after @ ..] = tail
            && let (Some(high), Some(low)) = (hex(high), hex(low))
        {
            decoded.push((high * 16 + low) as u8);
            rest = after;
        } else {
            decoded.push(b'=');
        }
    }
    decoded
}

fn split_once<'a>(bytes: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = bytes.windows(mark.len()).position(|part| part == mark)?;
    Some((&bytes[..at], &bytes[at + mark.len()..]))
}

#[test]
fn an_entity_is_taken_apart_as_it_was_put_together() {
    let payload = Letter::about("mime").payload("a@harbor.example", "b@patient.example", false);
    let entity = multipart_signed(&payload, "application/pkcs7-signature", &[7; 100]);
    let whole = message("a@harbor.example", "b@patient.example", "outer", &entity);
    let read = Entity::parse(&whole).unwrap();
    assert_eq!(read.kind(), "multipart/signed");
    assert_eq!(read.header("subject"), Some("outer"));
    let parts = read.parts().unwrap();
    assert_eq!(parts[0], payload);
    let signature = Entity::parse(parts[1]).unwrap();
    assert_eq!(signature.decoded().unwrap(), [7; 100]);
    assert!(read.text().unwrap().contains("µg/l, mime."));
}
