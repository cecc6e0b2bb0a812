//! A message as a person reads it: subject, text, HTML, and where in its bytes
//! each file lies.
//!
//! Nothing is left out: what is not shown as text or HTML is listed as a file,
//! a message within the message, too. Files stay where they are; the letter
//! tells the range and how it is encoded.

use std::fmt;
use std::ops::Range;

use mail_parser::MessageParser;
use mail_parser::decoders::html::html_to_text;

use super::header::{self, Head};
use super::mime::{About, Encoding, MAX_BOUNDARY};
use super::part::{PartContent, decoded, text_of};
use super::{ComposeError, Limits, mailbox};
use crate::base::Phi;

/// A longer text or HTML part is a file.
const MAX_TEXT: usize = 2 << 20;
/// A longer subject or sender is cut.
const MAX_FIELD: usize = 2_000;

/// What of a message is shown.
#[derive(Clone, Default)]
pub(crate) struct Letter {
    /// The subject, decoded.
    pub(crate) subject: Phi<String>,
    /// The author as `Name <address>`.
    pub(crate) from: Phi<String>,
    /// The `Date:`, in milliseconds since 1970.
    pub(crate) date: Option<i64>,
    /// The plain text, or what is read of the HTML where there is none.
    pub(crate) text: Option<Phi<String>>,
    /// The HTML as it came: not fit to be shown before it is sanitised.
    pub(crate) html: Option<Phi<String>>,
    /// The HTML's own parts, to be listed as files by who does not show it.
    pub(crate) html_files: Vec<LetterFile>,
    /// All else.
    pub(crate) files: Vec<LetterFile>,
}

/// One file within the message's bytes.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct LetterFile {
    /// Its name as it was written, decoded: not fit for a file system.
    pub(crate) name: Option<Phi<String>>,
    /// Its media type, in lower case, without parameters.
    pub(crate) media_type: String,
    /// Where it lies, encoded.
    pub(crate) range: Range<usize>,
    /// How it is encoded.
    pub(crate) encoding: Encoding,
    /// Its size once decoded.
    pub(crate) size: usize,
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letter")
            .field("files", &self.files.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for LetterFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LetterFile")
            .field("range", &self.range)
            .field("encoding", &self.encoding)
            .finish_non_exhaustive()
    }
}

impl Letter {
    /// Reads a message. What cannot be taken apart is one file.
    pub(crate) fn read(raw: &[u8]) -> Self {
        Self::try_read(raw).unwrap_or_else(|_| Self::whole(raw))
    }

    fn try_read(raw: &[u8]) -> Result<Self, ComposeError> {
        let limits = Limits::default();
        // Ranges are into these bytes, so line ends cannot be mended.
        if raw.contains(&b'\n') && !raw.windows(2).any(|pair| pair == b"\r\n") {
            return Err(ComposeError::BareLf { line: 1 });
        }
        let head = Head::index(raw, &limits)?;
        let mut walk = Walk {
            raw,
            limits,
            parts: 0,
            containers: 0,
            text: None,
            html: None,
            letter: Self::default(),
        };
        walk.letter.top(raw, &head);
        walk.content(raw, &head, 0, raw.len(), Place::default())?;
        Ok(walk.finish())
    }

    fn whole(raw: &[u8]) -> Self {
        let file = LetterFile {
            name: Some(Phi::from("message.eml")),
            media_type: "message/rfc822".to_owned(),
            range: 0..raw.len(),
            encoding: Encoding::Identity,
            size: raw.len(),
        };
        Self {
            files: vec![file],
            ..Self::default()
        }
    }

    fn top(&mut self, raw: &[u8], head: &Head) {
        let field = |name| {
            let value = head.value(raw, name).unwrap_or_default();
            cut(header::decode(&value))
        };
        self.subject = Phi::new(field("Subject"));
        let from = head.value(raw, "From").unwrap_or_default();
        let author = mailbox::parse_list(&from).unwrap_or_default();
        let author = author.first().map(|one| match &one.name {
            Some(name) => format!("{name} <{}>", one.address.as_str()),
            None => one.address.as_str().to_owned(),
        });
        self.from = Phi::new(author.map_or_else(|| field("From"), cut));
        self.date = head.value(raw, "Date").and_then(|date| {
            let line = format!("Date: {date}\r\n\r\n");
            let parser = MessageParser::new().with_date_headers();
            let message = parser.parse_headers(line.as_bytes())?;
            let date = message.date().filter(|date| date.is_valid())?;
            date.to_timestamp().checked_mul(1000)
        });
    }
}

/// One line, without control characters, not too long.
fn cut(text: String) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MAX_FIELD)
        .collect()
}

/// Where an entity stands.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    depth: usize,
    in_digest: bool,
    /// The nearest multipart that is no choice between its parts.
    container: usize,
    /// The outermost multipart/alternative.
    choice: Option<usize>,
    /// Whether one of them is the parent: the parts beside it say the same.
    is_choice: bool,
}

/// A body as far as it was put together.
struct Body {
    text: Phi<String>,
    place: Place,
    files: Vec<LetterFile>,
}

struct Walk<'a> {
    raw: &'a [u8],
    limits: Limits,
    parts: usize,
    containers: usize,
    text: Option<Body>,
    html: Option<Body>,
    letter: Letter,
}

impl Walk<'_> {
    fn finish(self) -> Letter {
        let mut letter = self.letter;
        if let Some(html) = self.html {
            letter.html = Some(html.text);
            letter.html_files = html.files;
        }
        letter.text = match (self.text, &letter.html) {
            (Some(body), _) => Some(body.text),
            (None, Some(html)) => Some(Phi::new(html_to_text(html.expose()))),
            (None, None) => None,
        };
        letter
    }

    fn count(&mut self) -> Result<(), ComposeError> {
        self.parts += 1;
        match self.parts > self.limits.mime_parts {
            true => Err(ComposeError::TooManyParts {
                limit: self.limits.mime_parts,
            }),
            false => Ok(()),
        }
    }

    fn entity(&mut self, range: Range<usize>, place: Place) -> Result<(), ComposeError> {
        let raw = self.raw;
        let block = &raw[range.clone()];
        match Head::index(block, &self.limits) {
            Ok(head) => self.content(block, &head, range.start, range.end, place),
            Err(ComposeError::HeaderSyntax { .. }) => {
                self.count()?;
                self.file(None, "text/plain", range, Encoding::Identity);
                Ok(())
            }
            Err(e) => Err(e),
        }
    }

    /// An entity whose block begins at `start`.
    fn content(
        &mut self,
        block: &[u8],
        head: &Head,
        start: usize,
        end: usize,
        place: Place,
    ) -> Result<(), ComposeError> {
        self.count()?;
        if place.depth > self.limits.mime_depth {
            return Err(ComposeError::TooDeep {
                limit: self.limits.mime_depth,
            });
        }
        let body = start + head.body..end;
        let about = About::read(head, block, place.in_digest);
        let name = about.name.as_deref().map(header::decode).map(Phi::new);
        let Some(encoding) = about.encoding else {
            let octets = "application/octet-stream";
            self.file(name, octets, body, Encoding::Identity);
            return Ok(());
        };
        let media_type = about.media_type.as_str();
        if media_type.starts_with("multipart/") {
            let boundary = about.boundary.as_deref();
            let fits = |b: &&str| (1..=MAX_BOUNDARY).contains(&b.len());
            return match boundary.filter(fits) {
                Some(boundary) if encoding == Encoding::Identity => {
                    self.multipart(boundary, media_type, body, place)
                }
                _ => {
                    self.file(name, "text/plain", body, encoding);
                    Ok(())
                }
            };
        }
        let is_text = matches!(media_type, "text/plain" | "text/html");
        if is_text && !about.attached && !about.ambiguous && body.len() <= MAX_TEXT {
            let charset = about.charset.as_deref();
            self.text(media_type, body, encoding, charset, place);
        } else {
            self.file(name, media_type, body, encoding);
        }
        Ok(())
    }

    fn multipart(
        &mut self,
        boundary: &str,
        media_type: &str,
        body: Range<usize>,
        place: Place,
    ) -> Result<(), ComposeError> {
        self.containers += 1;
        let mut child = Place {
            depth: place.depth + 1,
            in_digest: media_type == "multipart/digest",
            is_choice: media_type == "multipart/alternative",
            ..place
        };
        match child.is_choice {
            true => child.choice = place.choice.or(Some(self.containers)),
            false => child.container = self.containers,
        }
        let raw = self.raw;
        let (mut open, mut at) = (None::<usize>, body.start);
        let mut begun = false;
        while at < body.end {
            let rest = &raw[at..body.end];
            let length = rest.iter().position(|&b| b == b'\n');
            let next = length.map_or(body.end, |n| at + n + 1);
            let line = raw[at..next].trim_ascii_end();
            let mark = line.strip_prefix(b"--");
            let mark = mark.and_then(|l| l.strip_prefix(boundary.as_bytes()));
            if let Some(mark @ (b"" | b"--")) = mark {
                if let Some(start) = open.take() {
                    // The CRLF before the delimiter belongs to it.
                    self.entity(start..at.saturating_sub(2).max(start), child)?;
                }
                begun = true;
                if mark == b"--" {
                    return Ok(());
                }
                open = Some(next);
            }
            at = next;
        }
        match open {
            Some(start) => self.entity(start..body.end, child),
            // Without a single delimiter all of it is one text.
            None if !begun => {
                self.file(None, "text/plain", body, Encoding::Identity);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// A text that is to be shown, if it can be decoded and has a place: the
    /// first of its kind, or a continuation beside it; and of text and HTML
    /// both only as a choice.
    fn text(
        &mut self,
        media_type: &str,
        range: Range<usize>,
        encoding: Encoding,
        charset: Option<&str>,
        place: Place,
    ) {
        let raw = self.raw;
        let text = decoded(&raw[range.clone()], encoding).map(|bytes| text_of(bytes, charset));
        let Some(PartContent::Text(text)) = text else {
            return self.file(None, media_type, range, encoding);
        };
        let is_html = media_type == "text/html";
        let (own, other) = match is_html {
            true => (&self.html, &self.text),
            false => (&self.text, &self.html),
        };
        let beside = own.as_ref().is_none_or(|body| {
            let place_of = |p: &Place| (p.container, p.choice);
            !place.is_choice && place_of(&body.place) == place_of(&place)
        });
        let chosen = other
            .as_ref()
            .is_none_or(|body| place.choice.is_some() && body.place.choice == place.choice);
        let length = own.as_ref().map_or(0, |body| body.text.expose().len());
        if !beside || !chosen || length + text.expose().len() > 2 * MAX_TEXT {
            return self.file(None, media_type, range, encoding);
        }
        let file = self.file_at(None, media_type, range, encoding);
        let own = match is_html {
            true => &mut self.html,
            false => &mut self.text,
        };
        match own {
            None => {
                *own = Some(Body {
                    text,
                    place,
                    files: vec![file],
                });
            }
            Some(body) => {
                let between = if is_html { "<hr>" } else { "\n" };
                let whole = [body.text.expose(), between, text.expose()].concat();
                body.text = Phi::new(whole);
                body.files.push(file);
            }
        }
    }

    fn file(
        &mut self,
        name: Option<Phi<String>>,
        media_type: &str,
        range: Range<usize>,
        encoding: Encoding,
    ) {
        let file = self.file_at(name, media_type, range, encoding);
        self.letter.files.push(file);
    }

    fn file_at(
        &self,
        name: Option<Phi<String>>,
        media_type: &str,
        range: Range<usize>,
        encoding: Encoding,
    ) -> LetterFile {
        LetterFile {
            name,
            media_type: media_type.to_owned(),
            size: decoded_size(&self.raw[range.clone()], encoding),
            range,
            encoding,
        }
    }
}

/// How many bytes an encoded body decodes to, without decoding it.
fn decoded_size(body: &[u8], encoding: Encoding) -> usize {
    match encoding {
        Encoding::Identity => body.len(),
        Encoding::Base64 => {
            let is_digit = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
            body.iter().filter(is_digit).count() * 3 / 4
        }
        Encoding::QuotedPrintable => {
            let mut size = 0;
            for line in body.split_inclusive(|&b| b == b'\n') {
                let text = line.trim_ascii_end();
                let soft = text.last() == Some(&b'=');
                let ends = line.len() - line.strip_suffix(b"\r\n").unwrap_or(line).len();
                let escapes = text.iter().filter(|&&b| b == b'=').count() - usize::from(soft);
                size += text.len().saturating_sub(2 * escapes + usize::from(soft));
                size += if soft { 0 } else { ends };
            }
            size
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Letter {
        Letter::read(text.replace('\n', "\r\n").as_bytes())
    }

    fn text(letter: &Letter) -> Option<&str> {
        letter.text.as_ref().map(|t| t.expose().as_str())
    }

    fn html(letter: &Letter) -> Option<&str> {
        letter.html.as_ref().map(|t| t.expose().as_str())
    }

    fn names(letter: &Letter) -> Vec<&str> {
        letter
            .files
            .iter()
            .map(|f| f.name.as_ref().map_or("", |n| n.expose().as_str()))
            .collect()
    }

    /// The file's bytes, decoded by the library.
    fn content(raw: &str, file: &LetterFile) -> Vec<u8> {
        let raw = raw.replace('\n', "\r\n");
        let bytes = decoded(&raw.as_bytes()[file.range.clone()], file.encoding).unwrap();
        assert_eq!(bytes.len(), file.size);
        bytes.into_owned()
    }

    #[test]
    fn a_plain_message_is_its_text() {
        let letter = read(
            "From: =?utf-8?Q?Praxis_S=C3=BCd?= <clinic@harbor.example>\n\
             Subject: =?utf-8?B?w4lsb2dl?=\nDate: Mon, 1 Jun 2026 08:30:00 +0200\n\nSee you.\n",
        );
        assert_eq!(letter.subject.expose(), "Éloge");
        assert_eq!(letter.from.expose(), "Praxis Süd <clinic@harbor.example>");
        assert_eq!(letter.date, Some(1_780_295_400_000));
        assert_eq!((text(&letter), html(&letter)), (Some("See you.\n"), None));
        assert!(letter.files.is_empty());
    }

    const MIXED: &str = "Content-Type: multipart/mixed; boundary=a\n\n--a\n\
        Content-Type: multipart/alternative; boundary=b\n\n--b\n\nplain\n--b\n\
        Content-Type: multipart/related; boundary=c\n\n--c\nContent-Type: text/html\n\n<p>rich\n\
        --c\nContent-Type: image/png\nContent-ID: <i>\nContent-Transfer-Encoding: base64\n\niVBORw==\n--c--\n\
        --b--\n--a\nContent-Type: text/csv; name=\"visit.csv\"\nContent-Transfer-Encoding: quoted-printable\n\n\
        caf=C3=A9=\n,1\nb,2\n--a\nContent-Type: message/rfc822\n\nSubject: inner\n\nno text of ours\n--a--\n";

    #[test]
    fn a_choice_is_text_and_html_and_all_else_are_files_with_their_ranges() {
        let letter = read(MIXED);
        assert_eq!(
            (text(&letter), html(&letter)),
            (Some("plain"), Some("<p>rich"))
        );
        let types: Vec<_> = letter.files.iter().map(|f| f.media_type.as_str()).collect();
        assert_eq!(types, ["image/png", "text/csv", "message/rfc822"]);
        assert_eq!(names(&letter), ["", "visit.csv", ""]);
        assert_eq!(content(MIXED, &letter.files[0]), b"\x89PNG");
        assert_eq!(content(MIXED, &letter.files[1]), "café,1\r\nb,2".as_bytes());
        assert!(content(MIXED, &letter.files[2]).starts_with(b"Subject: inner"));
        assert_eq!(content(MIXED, &letter.html_files[0]), b"<p>rich");
    }

    #[test]
    fn nothing_is_hidden_by_what_is_shown() {
        let part = |kind: &str, text: &str| format!("--a\nContent-Type: text/{kind}\n\n{text}\n");
        let mixed = |parts: &[String]| {
            let parts = parts.concat();
            read(&format!(
                "Content-Type: multipart/mixed; boundary=a\n\n{parts}--a--\n"
            ))
        };
        // No choice was offered: both are to be read.
        let letter = mixed(&[part("plain", "one"), part("html", "<p>two")]);
        assert_eq!((text(&letter), html(&letter)), (Some("one"), None));
        assert_eq!(letter.files[0].media_type, "text/html");
        let letter = mixed(&[part("html", "<p>two"), part("plain", "one")]);
        assert_eq!(
            (text(&letter), html(&letter)),
            (Some("two"), Some("<p>two"))
        );
        assert_eq!(letter.files[0].media_type, "text/plain");
        // Text goes on behind a file.
        let letter = mixed(&[part("plain", "one"), part("csv", "1"), part("plain", "two")]);
        assert_eq!(text(&letter), Some("one\ntwo"));
        assert_eq!(letter.files.len(), 1);
        // A charset that nobody knows is a file, not a blank.
        let letter = read("Content-Type: text/plain; charset=x-none\n\nabc\n");
        assert_eq!((text(&letter), letter.files.len()), (None, 1));
        // Alternatives of one kind: the second is kept.
        let letter = read(&format!(
            "Content-Type: multipart/mixed; boundary=o\n\n--o\n\
             Content-Type: multipart/alternative; boundary=a\n\n{}{}--a--\n--o--\n",
            part("plain", "one"),
            part("plain", "two")
        ));
        assert_eq!((text(&letter), letter.files.len()), (Some("one"), 1));
    }

    #[test]
    fn html_alone_gives_a_text_too() {
        let letter = read("Content-Type: text/html\n\n<p>HbA1c <b>5.4</b></p><script>x</script>\n");
        assert_eq!(text(&letter).map(str::trim), Some("HbA1c 5.4"));
        assert!(html(&letter).is_some());
    }

    #[test]
    fn what_cannot_be_taken_apart_is_one_file() {
        let deep = (0..40).fold(String::new(), |all, i| {
            format!("{all}Content-Type: multipart/mixed; boundary=b{i}\n\n--b{i}\n")
        });
        let many = "--a\n\nx\n".repeat(1_001);
        let many = format!("Content-Type: multipart/mixed; boundary=a\n\n{many}--a--\n");
        for odd in ["", "no head", ": x\n\n", &deep, &many] {
            let raw = odd.replace('\n', "\r\n");
            let letter = Letter::read(raw.as_bytes());
            if odd.is_empty() {
                continue;
            }
            assert_eq!(letter.files.len(), 1, "{odd:.20}");
            assert_eq!(letter.files[0].range, 0..raw.len());
            assert_eq!(letter.files[0].media_type, "message/rfc822");
        }
        assert_eq!(
            Letter::read(b"Subject: a\n\nb\n").files.len(),
            1,
            "LF alone"
        );
        assert_eq!(Letter::read(&[7; 5000]).files.len(), 1);
        // A part without an end, a multipart without a part, an odd encoding.
        for (odd, text_or_file) in [
            (
                "Content-Type: multipart/mixed; boundary=a\n\n--a\n\nx\n",
                true,
            ),
            ("Content-Type: multipart/mixed; boundary=a\n\nx\n", false),
            ("Content-Type: multipart/mixed\n\nx\n", false),
            ("Content-Transfer-Encoding: x-uuencode\n\nx\n", false),
        ] {
            let letter = read(odd);
            assert_eq!(letter.text.is_some(), text_or_file, "{odd}");
            assert_eq!(letter.files.is_empty(), text_or_file, "{odd}");
        }
    }

    #[test]
    fn blanks_at_the_end_of_an_encoded_line_do_not_count() {
        let body = b"b,2  \r\nc=20\r\nd=  \r\ne";
        assert_eq!(decoded_size(body, Encoding::QuotedPrintable), 11);
        assert_eq!(decoded_size(b"iVBO\r\nRw==\r\n", Encoding::Base64), 4);
    }

    proptest::proptest! {
        #[test]
        fn whatever_comes_is_read_and_ranges_lie_within(
            pieces in proptest::collection::vec(proptest::sample::select(PIECES.to_vec()), 0..40),
            noise in proptest::collection::vec(proptest::num::u8::ANY, 0..20),
            at in 0usize..400,
        ) {
            let mut raw = pieces.concat().into_bytes();
            let at = at.min(raw.len());
            raw.splice(at..at, noise);
            let letter = Letter::read(&raw);
            for file in letter.files.iter().chain(&letter.html_files) {
                let bytes = raw.get(file.range.clone());
                proptest::prop_assert!(bytes.is_some());
                proptest::prop_assert!(file.size <= file.range.len());
            }
        }
    }

    const PIECES: &[&str] = &[
        "Content-Type: multipart/mixed; boundary=a\r\n",
        "Content-Type: multipart/alternative; boundary=b\r\n",
        "Content-Type: text/html; charset=utf-8\r\n",
        "Content-Type: text/plain; charset=x\r\n",
        "Content-Type: message/rfc822\r\n",
        "Content-Type: image/png; name*=utf-8''%E2%80%AE\r\n",
        "Content-Transfer-Encoding: base64\r\n",
        "Content-Transfer-Encoding: quoted-printable\r\n",
        "Content-Disposition: attachment; filename=\"../x\"\r\n",
        "Subject: =?utf-8?Q?a=0D=0A?=\r\n",
        "From: =?utf-8?Q?x?= <a@b.example>, c\r\n",
        "Date: Mon, 99 Foo 0000 99:99:99 +9999\r\n",
        "Date: Fri, 31 Dec 9999 23:59:59 -2359\r\n",
        "\r\n",
        "\n",
        "--a\r\n",
        "--a--\r\n",
        "--b\r\n",
        "--b--",
        "text=C3=A9= \r\nx",
        "iVBORw==\r\n",
        "<p>x<script>",
    ];

    #[test]
    fn debug_shows_no_text() {
        let shown = format!("{:?} {:?}", read(MIXED), read(MIXED).files);
        assert!(
            !shown.contains("visit") && !shown.contains("plain"),
            "{shown}"
        );
    }
}
