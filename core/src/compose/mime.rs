//! The MIME structure (RFC 2045, 2046) as a scanner reads it.
//!
//! The walk is our own and bounded: each level is split at its boundary once,
//! so the work is at most depth × size. Whatever two mail readers might take
//! differently (a missing boundary, an unknown transfer encoding, two content
//! types) becomes an unreadable part, which the policy treats as PHI.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use mail_parser::{MessageParser, MimeHeaders};

use super::header::{self, Field, Head};
use super::neutral::{Named, REPEATS};
use super::{ComposeError, Limits, PartContent, ScanPart, Side, loose, names, parameters};
use crate::base::Part;
use crate::base::Phi;

/// A transfer encoding (RFC 2045 section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Identity,
    Base64,
    QuotedPrintable,
}

/// Where a part's content stands.
#[derive(Debug, Clone)]
pub(super) enum Source {
    /// Decoded already: header text.
    Value(PartContent),
    Raw(Range<usize>),
    Leaf {
        body: Range<usize>,
        encoding: Encoding,
        charset: Option<String>,
    },
    Unreadable(&'static str),
}

/// One part, found.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) part: Part,
    pub(super) media_type: String,
    pub(super) source: Source,
    pub(super) side: Option<Side>,
    /// The part as which it is shown too: the subject, or a file's name.
    pub(super) shown_as: Option<Part>,
    /// Whether a reader joins its lines without a blank.
    pub(super) joins_lines: bool,
}

/// The parts of a message, found once when it is built or parsed.
#[derive(Debug, Clone)]
pub(super) struct Structure {
    items: Vec<Item>,
    /// Whether a header below the top one holds raw UTF-8.
    pub(super) utf8_headers: bool,
    /// The message's own files, not those of a message in it.
    pub(super) named: Vec<Named>,
    /// Whether nothing may be changed: some part is signed, or encrypted
    /// already, or two readers may take it differently.
    pub(super) fixed: bool,
}

/// Media types that a signature or an encryption brings along.
const SIGNED: &[&str] = &[
    "multipart/signed",
    "multipart/encrypted",
    "application/pgp-encrypted",
    "application/pgp-signature",
    "application/pkcs7-mime",
    "application/pkcs7-signature",
    "application/x-pkcs7-mime",
    "application/x-pkcs7-signature",
];

/// Top-level fields that hold no free text, or are scanned on their own: the
/// subject, and what address fields say beside addresses ([`names`]). Programs
/// write the others, such as Message-ID, References, Received and signatures,
/// out of random numbers, hosts and times: a scanner would take each for
/// somebody's number, and what they tell of a person, the domain, the envelope
/// tells too.
const STRUCTURAL: &[&str] = &[
    "from",
    "to",
    "cc",
    "bcc",
    "reply-to",
    "sender",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "content-disposition",
    "content-description",
    "content-id",
    "content-language",
    "received",
    "return-path",
    "dkim-signature",
    "arc-seal",
    "arc-message-signature",
    "arc-authentication-results",
    "authentication-results",
    "autocrypt",
    "delivered-to",
    "x-mailer",
    "user-agent",
];

/// The same of the fields of an entity.
const ENTITY: &[&str] = &[
    "content-type",
    "content-transfer-encoding",
    "content-disposition",
    "content-id",
    "mime-version",
];

pub(super) const MAX_BOUNDARY: usize = 200;

impl Structure {
    /// Walks a message whose top head is indexed.
    pub(super) fn walk(raw: &[u8], head: &Head, limits: &Limits) -> Result<Self, ComposeError> {
        let mut walk = Walk::new(raw, limits);
        if let Some(subject) = head.value(raw, "Subject") {
            walk.value(
                Part::Subject,
                header::decode(&subject),
                header::hides(&subject),
            );
        }
        let repeats = |field: &Field| REPEATS.iter().any(|name| field.is(raw, name));
        let structural = |field: &Field| STRUCTURAL.iter().any(|name| field.is(raw, name));
        walk.free_fields(raw, head, Some(Part::Subject), repeats);
        walk.free_fields(raw, head, None, |f| !structural(f) && !repeats(f));
        walk.content(raw, head, head.body..raw.len(), Place::default())?;
        walk.names(raw, head);
        Ok(Self {
            items: walk.items,
            utf8_headers: walk.utf8_headers,
            named: walk.named,
            fixed: walk.fixed,
        })
    }

    /// Adds a display name that a copy will show.
    pub(super) fn recipient_named(&mut self, name: &str) {
        let known = self
            .items
            .iter_mut()
            .find_map(|item| match &mut item.source {
                Source::Value(PartContent::Text(text)) if item.side == Some(Side::Recipients) => {
                    Some(text)
                }
                _ => None,
            });
        if let Some(text) = known {
            *text = Phi::new(format!("{}{name}\n", text.expose()));
            return;
        }
        let other = |item: &Item| matches!(item.part, Part::Other(_));
        let others = self.items.iter().filter(|item| other(item)).count();
        self.items.push(Item {
            part: Part::Other(u32::try_from(others).unwrap_or(u32::MAX)),
            media_type: "text/plain".to_owned(),
            source: Source::Value(PartContent::Text(Phi::new(format!("{name}\n")))),
            side: Some(Side::Recipients),
            shown_as: None,
            joins_lines: false,
        });
    }

    /// Walks a message that is itself content: all its fields are.
    pub(super) fn embedded(raw: &[u8], limits: &Limits) -> Result<Self, ComposeError> {
        let mut walk = Walk::new(raw, limits);
        walk.embedded(0..raw.len(), Place::default())?;
        Ok(Self {
            items: walk.items,
            utf8_headers: false,
            named: walk.named,
            fixed: walk.fixed,
        })
    }

    pub(super) fn parts<'a>(&'a self, raw: &'a [u8]) -> Vec<ScanPart<'a>> {
        self.items
            .iter()
            .map(|item| ScanPart::new(raw, item))
            .collect()
    }

    /// The parts that are shown as the subject is, or a file's name, and as
    /// which.
    pub(super) fn shown(&self) -> impl Iterator<Item = (Part, Part)> {
        let shown = |item: &Item| item.shown_as.map(|shown| (item.part, shown));
        self.items.iter().filter_map(shown)
    }
}

/// Where an entity stands.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    depth: usize,
    in_digest: bool,
    /// Inside an embedded message: its headers are content, not ours.
    embedded: bool,
}

struct Walk<'a> {
    raw: &'a [u8],
    limits: &'a Limits,
    items: Vec<Item>,
    utf8_headers: bool,
    named: Vec<Named>,
    fixed: bool,
    parts: usize,
    has_text: bool,
    has_html: bool,
    attachments: u32,
    others: u32,
}

impl<'a> Walk<'a> {
    fn new(raw: &'a [u8], limits: &'a Limits) -> Self {
        Self {
            raw,
            limits,
            items: Vec::new(),
            utf8_headers: false,
            named: Vec::new(),
            fixed: false,
            parts: 0,
            has_text: false,
            has_html: false,
            attachments: 0,
            others: 0,
        }
    }
}

impl Walk<'_> {
    fn other(&mut self, media_type: &str, source: Source) {
        let part = Part::Other(self.others);
        self.others += 1;
        self.items.push(Item {
            part,
            media_type: media_type.to_owned(),
            source,
            side: None,
            shown_as: None,
            joins_lines: false,
        });
    }

    /// The part that the fields of free text make which are asked for.
    fn free_fields(
        &mut self,
        block: &[u8],
        head: &Head,
        shown_as: Option<Part>,
        asked: impl Fn(&Field) -> bool,
    ) -> Option<Part> {
        let mut text = String::new();
        let mut hides = false;
        for field in &head.fields {
            if asked(field) {
                text.push_str(&String::from_utf8_lossy(field.name(block)));
                text.push_str(": ");
                let value = field.value(block);
                hides |= header::hides(&value);
                text.push_str(&header::decode(&value));
                text.push('\n');
            }
        }
        if text.is_empty() {
            return None;
        }
        let part = Part::Other(self.others);
        self.others += 1;
        let first = self.items.len();
        self.value(part, text, hides);
        for item in self.items.iter_mut().skip(first) {
            item.shown_as = shown_as;
        }
        Some(part)
    }

    /// What address fields say beside addresses. It comes last, so that the
    /// numbers of the other parts do not hang on it.
    fn names(&mut self, raw: &[u8], head: &Head) {
        for (side, fields) in names::FIELDS {
            let mut text = String::new();
            let mut hides = false;
            for field in fields.iter().flat_map(|name| head.named(raw, name)) {
                hides |= names::names(&field.value(raw), &mut text);
            }
            if !text.is_empty() {
                let part = Part::Other(self.others);
                self.others += 1;
                let first = self.items.len();
                self.value(part, text, hides);
                for item in self.items.iter_mut().skip(first) {
                    item.side = Some(side);
                }
            }
        }
    }

    /// Header text, decoded, and whether it hides something.
    fn value(&mut self, part: Part, text: String, hides: bool) {
        let mut push = |source| {
            let media_type = "text/plain".to_owned();
            self.items.push(Item {
                part,
                media_type,
                source,
                side: None,
                shown_as: None,
                joins_lines: false,
            });
        };
        push(Source::Value(PartContent::Text(Phi::new(text))));
        if hides {
            push(Source::Unreadable("malformed"));
        }
    }

    /// An entity with a head of its own.
    fn entity(&mut self, range: Range<usize>, place: Place) -> Result<(), ComposeError> {
        let block = &self.raw[range.clone()];
        let head = match Head::index(block, self.limits) {
            Ok(head) => head,
            // A part that is cut off in its head, or has no head at all.
            Err(ComposeError::HeaderSyntax { .. }) => {
                self.count()?;
                self.fixed = true;
                self.other("application/octet-stream", Source::Unreadable("malformed"));
                self.other("text/plain", Source::Raw(range));
                return Ok(());
            }
            Err(e) => return Err(e),
        };
        if !place.embedded {
            self.utf8_headers |= head.check_utf8(self.raw, range.start)?;
        }
        // What describes a part of our own is read with its name.
        let described = |f: &Field| !place.embedded && f.is(block, "content-description");
        let technical = |f: &Field| ENTITY.iter().any(|name| f.is(block, name));
        self.free_fields(block, &head, None, |f| !technical(f) && !described(f));
        self.content(block, &head, range.start + head.body..range.end, place)
    }

    fn count(&mut self) -> Result<(), ComposeError> {
        self.parts += 1;
        if self.parts > self.limits.mime_parts {
            return Err(ComposeError::TooManyParts {
                limit: self.limits.mime_parts,
            });
        }
        Ok(())
    }

    fn content(
        &mut self,
        block: &[u8],
        head: &Head,
        body: Range<usize>,
        place: Place,
    ) -> Result<(), ComposeError> {
        if place.depth > self.limits.mime_depth {
            return Err(ComposeError::TooDeep {
                limit: self.limits.mime_depth,
            });
        }
        self.count()?;
        let mut shown = Vec::new();
        let name = Part::AttachmentName(self.attachments);
        if !place.embedded {
            let describes = |f: &Field| f.is(block, "content-description");
            shown.extend(self.free_fields(block, head, Some(name), describes));
        }
        let start = body.start - head.body;
        let twice = |name| head.named(block, name).count() > 1;
        if twice("Content-Type")
            || twice("Content-Transfer-Encoding")
            || twice("Content-Disposition")
        {
            self.fixed = true;
            self.other("application/octet-stream", Source::Unreadable("malformed"));
            self.other("text/plain", Source::Raw(body));
            return Ok(());
        }
        let about = About::read(head, block, place.in_digest);
        if about.ambiguous {
            self.fixed = true;
            self.other("application/octet-stream", Source::Unreadable("malformed"));
            self.other("text/plain", Source::Raw(body));
            return Ok(());
        }
        self.fixed |= !place.embedded && SIGNED.contains(&about.media_type.as_str());
        if about.name.is_some() {
            shown.push(name);
        }
        if !place.embedded && !shown.is_empty() {
            self.named.push(Named {
                start,
                fields: head.fields.clone(),
                name: about.name.as_deref().map(header::decode).map(Phi::new),
                other_names: about
                    .other_names
                    .iter()
                    .map(|name| Phi::new(header::decode(name)))
                    .collect(),
                parts: shown,
            });
        }
        if let Some(own) = &about.name {
            // The parser has decoded it, whatever the charset: ask the source.
            let fields = ["Content-Disposition", "Content-Type"];
            let values: Vec<_> = fields.iter().filter_map(|f| head.value(block, f)).collect();
            let names = [own].into_iter().chain(&about.other_names);
            let all: Vec<String> = names.map(|name| header::decode(name)).collect();
            let hides = values
                .iter()
                .any(|value| header::hides(value) || parameters::hides(value))
                || about.is_name_damaged;
            // One part, a line each: what is found has its place in one text.
            self.value(name, all.join("\n"), hides);
        }
        for field in ["Content-Type", "Content-Disposition"] {
            let value = head.value(block, field).unwrap_or_default();
            let free = loose::free_text(&value);
            // Of an embedded message all fields are read as they stand.
            if !free.is_empty() && !place.embedded {
                let part = Part::Other(self.others);
                self.others += 1;
                self.value(part, header::decode(&free), header::hides(&free));
            }
        }
        let Some(encoding) = about.encoding else {
            self.leaf(&about, Source::Unreadable("unsupported_encoding"));
            return Ok(());
        };
        if about.media_type.starts_with("multipart/") {
            return match &about.boundary {
                Some(b)
                    if encoding == Encoding::Identity
                        && !b.is_empty()
                        && b.len() <= MAX_BOUNDARY =>
                {
                    // Its name has a number of its own.
                    self.attachments += u32::from(about.name.is_some());
                    self.multipart(
                        b.clone(),
                        body,
                        about.media_type == "multipart/digest",
                        place,
                    )
                }
                _ => {
                    self.fixed = true;
                    self.leaf(&about, Source::Unreadable("malformed"));
                    self.other("text/plain", Source::Raw(body));
                    Ok(())
                }
            };
        }
        if matches!(
            about.media_type.as_str(),
            "message/rfc822" | "message/global"
        ) {
            if encoding != Encoding::Identity {
                // RFC 2046 section 5.2.1 forbids it; readers differ.
                self.leaf(&about, Source::Unreadable("malformed"));
                return Ok(());
            }
            self.attachments += u32::from(about.name.is_some());
            return self.embedded(body, place);
        }
        self.leaf(
            &about,
            Source::Leaf {
                body,
                encoding,
                charset: about.charset.clone(),
            },
        );
        Ok(())
    }

    /// Files a leaf as the text, the HTML, an attachment or something else.
    fn leaf(&mut self, about: &About, source: Source) {
        let media_type = about.media_type.clone();
        let part = if about.attached {
            self.attachments += 1;
            Part::Attachment(self.attachments - 1)
        } else if media_type == "text/plain" && !self.has_text {
            self.has_text = true;
            Part::Text
        } else if media_type == "text/html" && !self.has_html {
            self.has_html = true;
            Part::Html
        } else {
            self.other(&media_type, source);
            if let Some(item) = self.items.last_mut() {
                item.joins_lines = about.joins_lines;
            }
            return;
        };
        self.items.push(Item {
            part,
            media_type,
            source,
            side: None,
            shown_as: None,
            joins_lines: about.joins_lines,
        });
    }

    /// A message within the message: all its fields are content.
    fn embedded(&mut self, body: Range<usize>, place: Place) -> Result<(), ComposeError> {
        let block = &self.raw[body.clone()];
        match Head::index(block, self.limits) {
            Ok(head) => {
                self.free_fields(block, &head, None, |_| true);
                let place = Place {
                    depth: place.depth + 1,
                    in_digest: false,
                    embedded: true,
                };
                self.content(block, &head, body.start + head.body..body.end, place)
            }
            Err(_) => {
                self.other("message/rfc822", Source::Unreadable("malformed"));
                self.other("text/plain", Source::Raw(body));
                Ok(())
            }
        }
    }

    fn multipart(
        &mut self,
        boundary: String,
        body: Range<usize>,
        digest: bool,
        place: Place,
    ) -> Result<(), ComposeError> {
        let raw = self.raw;
        let mut open: Option<usize> = None; // start of the part being read
        let mut begun = false;
        let mut closed_at = None;
        let mut ambiguous = false;
        let mut preamble_end = body.end;
        let mut at = body.start;
        let child = Place {
            depth: place.depth + 1,
            in_digest: digest,
            ..place
        };
        while at < body.end {
            let next = raw[at..body.end]
                .iter()
                .position(|&b| b == b'\n')
                .map_or(body.end, |n| at + n + 1);
            let line = raw[at..next].trim_ascii_end();
            let rest = line
                .strip_prefix(b"--")
                .and_then(|l| l.strip_prefix(boundary.as_bytes()));
            if let Some(rest) = rest {
                if rest.is_empty() || rest == b"--" {
                    if let Some(start) = open.take() {
                        // The CRLF before the delimiter belongs to it.
                        self.entity(start..at.saturating_sub(2).max(start), child)?;
                    }
                    if !begun {
                        preamble_end = at;
                    }
                    begun = true;
                    if rest.is_empty() {
                        open = Some(next);
                    } else {
                        closed_at = Some(next);
                        break;
                    }
                } else {
                    // `--boundaryX`: some readers take it for a delimiter.
                    ambiguous = true;
                }
            }
            at = next;
        }
        if let Some(start) = open {
            self.entity(start..body.end, child)?;
        }
        if !begun || ambiguous {
            self.fixed = true;
            self.other("application/octet-stream", Source::Unreadable("malformed"));
        }
        // What stands around the parts travels too.
        self.around(body.start..preamble_end);
        if let Some(end) = closed_at {
            self.around(end..body.end);
        }
        Ok(())
    }

    fn around(&mut self, range: Range<usize>) {
        let text = self.raw[range.clone()].trim_ascii();
        if !text.is_empty() && text != b"This is a multi-part message in MIME format." {
            self.other("text/plain", Source::Raw(range));
        }
    }
}

/// What an entity's head says of its body.
pub(super) struct About {
    pub(super) media_type: String,
    pub(super) charset: Option<String>,
    pub(super) boundary: Option<String>,
    pub(super) name: Option<String>,
    /// Where two fields, or two parameters, name the file differently.
    other_names: Vec<String>,
    /// Whether some bytes of a name are nothing in their charset.
    is_name_damaged: bool,
    pub(super) attached: bool,
    /// `format=flowed; delsp=yes` of a plain text (RFC 3676).
    joins_lines: bool,
    pub(super) encoding: Option<Encoding>,
    /// Whether a parameter that readers go by stands twice.
    pub(super) ambiguous: bool,
}

impl About {
    pub(super) fn read(head: &Head, block: &[u8], in_digest: bool) -> Self {
        static PARSER: LazyLock<MessageParser> = LazyLock::new(|| {
            MessageParser::new()
                .with_mime_headers()
                .default_header_ignore()
        });
        // The parser wants an empty line at the end.
        let fields = match block.get(head.end..head.body) {
            Some(b"") | None => Cow::Owned([&block[..head.end], b"\r\n"].concat()),
            Some(_) => Cow::Borrowed(&block[..head.body]),
        };
        let parsed = PARSER.parse_headers(&*fields);
        let part = parsed.as_ref().and_then(|m| m.parts.first());
        let typed = part.and_then(|p| p.content_type());
        let default = if in_digest {
            "message/rfc822"
        } else {
            "text/plain"
        };
        let media_type = match typed {
            Some(t) => format!("{}/{}", t.ctype(), t.subtype().unwrap_or("")).to_ascii_lowercase(),
            None if head.named(block, "Content-Type").next().is_some() => {
                "application/octet-stream".to_owned()
            }
            None => default.to_owned(),
        };
        let mut name = part.and_then(|p| p.attachment_name()).map(str::to_owned);
        let disposed = part.and_then(|p| p.content_disposition());
        let parameters = || {
            let all = [disposed, typed].into_iter().flatten();
            all.filter_map(|field| field.attributes()).flatten()
        };
        let mut other_names: Vec<String> = Vec::new();
        for named in parameters().filter(|a| matches!(&*a.name, "filename" | "name")) {
            let value = named.value.to_string();
            if Some(&value) != name.as_ref() && !other_names.contains(&value) {
                other_names.push(value);
            }
        }
        // A name in the field that should not have it is one still.
        if name.is_none() && !other_names.is_empty() {
            name = Some(other_names.remove(0));
        }
        // The parser decodes each section of a name by itself.
        let mut is_name_damaged = false;
        if name
            .iter()
            .chain(&other_names)
            .any(|name| header::lost(name))
        {
            let fields = ["Content-Disposition", "Content-Type"];
            let values = fields.map(|field| head.value(block, field).unwrap_or_default());
            let whole = values.iter().map(|value| parameters::file_names(value));
            let whole = whole.collect::<Option<Vec<_>>>().unwrap_or_default();
            let mut whole = whole.into_iter().flatten();
            match whole.next() {
                Some(first) if name.is_some() => {
                    other_names = whole.filter(|other| *other != first).collect();
                    name = Some(first);
                }
                _ => is_name_damaged = !values.iter().any(|value| header::lost(value)),
            }
        }
        let ambiguous = ["boundary", "charset"]
            .iter()
            .any(|key| parameters().filter(|a| a.name == *key).count() > 1);
        let says = |key: &str, value: &str| {
            // One of several that say otherwise is enough.
            let said = typed.into_iter().filter_map(|t| t.attributes()).flatten();
            let mut said = said.filter(|a| a.name == key);
            said.any(|a| a.value.trim().eq_ignore_ascii_case(value))
        };
        let joins_lines =
            media_type == "text/plain" && says("format", "flowed") && says("delsp", "yes");
        let attachment = disposed.is_some_and(|d| d.ctype().eq_ignore_ascii_case("attachment"));
        let encoding = match head
            .value(block, "Content-Transfer-Encoding")
            .unwrap_or_default()
            .to_ascii_lowercase()
            .as_str()
        {
            "" | "7bit" | "8bit" | "binary" => Some(Encoding::Identity),
            "base64" => Some(Encoding::Base64),
            "quoted-printable" => Some(Encoding::QuotedPrintable),
            _ => None,
        };
        Self {
            media_type,
            charset: typed
                .and_then(|t| t.attribute("charset"))
                .map(|c| c.trim().to_ascii_lowercase()),
            boundary: typed
                .and_then(|t| t.attribute("boundary"))
                .map(str::to_owned),
            attached: attachment || name.is_some(),
            joins_lines,
            name,
            other_names,
            is_name_damaged,
            encoding,
            ambiguous,
        }
    }
}
