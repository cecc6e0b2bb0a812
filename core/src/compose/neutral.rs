//! A copy that shows neither its subject nor its file names: neutral ones take
//! their place, and its own ones stand in a first part inside, with what repeats
//! or describes them.

use std::fmt;
use std::ops::Range;

use data_encoding::{BASE64_MIME, HEXLOWER};

use super::builder::write_text;
use super::header::{Field, Head};
use super::mime::Structure;
use super::{ComposeError, Limits, Message, guard};
use crate::base::{Part, Phi, crypto};

/// What of a copy is replaced before it goes where its header, or the names of
/// its files, are seen.
///
/// ```
/// use mailseal::base::{RecipientId, Timestamp};
/// use mailseal::compose::{Copy, Message, Neutral, Visible};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let message = Message::builder()
///     .from("clinic@harbor.example".parse()?)
///     .to("pat@mail.example".parse::<mailseal::base::Address>()?)
///     .subject("HIV test of Pat Lindqvist")
///     .text("See you on Monday.")
///     .build()?;
/// let now = Timestamp::from_unix_ms(1_700_000_000_000);
/// let copy = Copy::new(Visible::Only(RecipientId::new(0)), now, "1@harbor.example");
/// let copy = message.render(&copy)?;
/// let neutral = Neutral::new().subject("A secure message").apply(copy.bytes())?;
/// let neutral = Message::parse(neutral.expose())?;
/// assert_eq!(neutral.subject(), "A secure message");
/// # Ok(()) }
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Neutral {
    subject: Option<String>,
    file_names: bool,
}

// The subject may name the sender.
impl fmt::Debug for Neutral {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Neutral")
            .field("subject", &self.subject.is_some())
            .field("file_names", &self.file_names)
            .finish()
    }
}

/// Fields that repeat a subject, or say in free words what a message is about.
pub(super) const REPEATS: &[&str] = &["Thread-Topic", "Keywords", "Comments"];

/// File name extensions that say nothing of a person.
const EXTENSIONS: &[&str] = &[
    "7z", "bmp", "csv", "dcm", "doc", "docx", "eml", "gif", "gz", "heic", "hl7", "htm", "html",
    "ics", "jpeg", "jpg", "json", "log", "md", "mov", "mp3", "mp4", "odp", "ods", "odt", "pdf",
    "png", "ppt", "pptx", "rtf", "tar", "tif", "tiff", "tsv", "txt", "vcf", "wav", "webp", "x12",
    "xls", "xlsx", "xml", "zip",
];

/// Whether what stands behind a file name's last dot is a common extension.
pub(crate) fn is_extension(end: &str) -> bool {
    EXTENSIONS.iter().any(|e| end.eq_ignore_ascii_case(e))
}

/// An entity that has a file name, or a description of what it holds: where its
/// head begins, its fields, the name, and the parts that are shown no more where
/// it is renamed.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) start: usize,
    pub(super) fields: Vec<Field>,
    pub(super) name: Option<Phi<String>>,
    /// By which another field, or another parameter, calls it.
    pub(super) other_names: Vec<Phi<String>>,
    pub(super) parts: Vec<Part>,
}

/// A stretch of the copy and what takes its place.
type Edit = (Range<usize>, Vec<u8>);

impl Neutral {
    /// Replaces nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts this in the subject's place.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Names the files `attachment-1.pdf`, `attachment-2`, …
    #[must_use]
    pub fn file_names(mut self) -> Self {
        self.file_names = true;
        self
    }

    /// The copy with what is to be replaced replaced, and its own subject and
    /// file names, with the fields that repeat or describe them, as the first
    /// part of its content. The rest of the content stays byte for byte. The
    /// same copy gives the same bytes.
    ///
    /// # Errors
    /// [`ComposeError::MustStay`] for a copy that holds a signature or whose
    /// structure is broken, and what parsing a message refuses.
    pub fn apply(&self, copy: &[u8]) -> Result<Phi<Vec<u8>>, ComposeError> {
        let limits = Limits::default();
        let head = Head::index(copy, &limits)?;
        head.check_utf8(copy, 0)?;
        let structure = Structure::walk(copy, &head, &limits)?;
        let named = match self.file_names {
            true => structure.named.as_slice(),
            false => &[],
        };
        if self.subject.is_none() && !self.file_names {
            return Ok(Phi::new(copy.to_vec()));
        }
        // Also where no name was found: of a broken part none is looked for.
        if structure.fixed || head.fields.iter().any(|f| is_seal(f, copy)) {
            return Err(ComposeError::MustStay);
        }
        if self.subject.is_none() && named.is_empty() {
            return Ok(Phi::new(copy.to_vec()));
        }
        // Whatever is taken away stands in it.
        let mut note = Note::default();
        let mut outer = Vec::with_capacity(copy.len() + copy.len() / 64 + 4096);
        let mut inner_fields: Vec<&Field> = Vec::new();
        for field in &head.fields {
            let is = |name: &str| field.is(copy, name);
            let content = field.name(copy).get(..8);
            if content.is_some_and(|p| p.eq_ignore_ascii_case(b"content-")) {
                inner_fields.push(field);
                continue;
            }
            if is("MIME-Version") {
                continue;
            }
            match &self.subject {
                Some(neutral) if is("Subject") => {
                    note.field(field, copy);
                    guard::single_line("subject", neutral, guard::MAX_VALUE)?;
                    write_text(&mut outer, "Subject", neutral);
                }
                Some(_) if REPEATS.iter().any(|name| is(name)) => note.field(field, copy),
                _ => outer.extend_from_slice(&copy[field.whole.clone()]),
            }
        }
        let mut edits: Vec<Edit> = Vec::new();
        for (entity, neutral) in named.iter().zip(neutral_names(named)) {
            if let Some(neutral) = &neutral {
                for own in entity.name.iter().chain(&entity.other_names) {
                    note.line(neutral, own.expose());
                }
            }
            edits.extend(entity.renamed(copy, neutral.as_deref(), &mut note)?);
        }
        if note.0.is_empty() {
            outer.extend_from_slice(b"MIME-Version: 1.0\r\n");
            for field in inner_fields {
                edited(&mut outer, copy, field.whole.clone(), &edits);
            }
            outer.extend_from_slice(b"\r\n");
            edited(&mut outer, copy, head.body..copy.len(), &edits);
            return Ok(Phi::new(outer));
        }

        // No content holds its own digest, nor `=_` where it is encoded.
        let digest = HEXLOWER.encode(&crypto::sha256(copy));
        let boundary = format!("=_{}", digest.get(..32).unwrap_or_default());
        let body = head.body..copy.len();
        outer.extend_from_slice(b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed;\r\n");
        outer.extend_from_slice(format!(" boundary=\"{boundary}\"\r\n").as_bytes());
        if !copy[body.clone()].is_ascii() {
            outer.extend_from_slice(b"Content-Transfer-Encoding: 8bit\r\n");
        }
        outer.extend_from_slice(
            format!(
                "\r\n--{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\n\
                 Content-Disposition: inline\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            )
            .as_bytes(),
        );
        let encoded = Phi::new(BASE64_MIME.encode(note.text().expose().as_bytes()));
        outer.extend_from_slice(encoded.expose().trim_end().as_bytes());
        outer.extend_from_slice(format!("\r\n--{boundary}\r\n").as_bytes());
        for field in inner_fields {
            edited(&mut outer, copy, field.whole.clone(), &edits);
        }
        outer.extend_from_slice(b"\r\n");
        edited(&mut outer, copy, body, &edits);
        outer.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        let outer = Phi::new(outer);
        guard::lines(outer.expose())?;
        Ok(outer)
    }
}

/// What is taken away, for those who read the copy.
#[derive(Default)]
struct Note(Vec<Phi<String>>);

impl Note {
    fn line(&mut self, name: &str, text: &str) {
        self.0.push(Phi::new(format!("{name}: {text}\r\n")));
    }

    fn text(&self) -> Phi<String> {
        let length = self.0.iter().map(|line| line.expose().len()).sum();
        let mut text = String::with_capacity(length);
        for line in &self.0 {
            text.push_str(line.expose());
        }
        Phi::new(text)
    }

    /// A field of this block that says something.
    fn field(&mut self, field: &Field, block: &[u8]) {
        let text = super::decoded_text(&field.value(block));
        if !text.is_empty() {
            self.line(&String::from_utf8_lossy(field.name(block)), &text);
        }
    }
}

impl Message {
    /// Whether the message can be sent with this replaced.
    pub fn takes(&self, neutral: &Neutral) -> bool {
        neutral.apply(self.raw.expose()).is_ok()
    }

    /// What the message's files are called where their names are replaced.
    pub fn neutral_file_names(&self) -> Vec<String> {
        neutral_names(&self.structure.named).flatten().collect()
    }

    /// The parts that are shown as the subject is, or a file's name, and as
    /// which: fields that repeat the one or describe the other.
    pub(crate) fn shown(&self) -> impl Iterator<Item = (Part, Part)> {
        self.structure.shown()
    }

    /// The parts that a copy with neutral file names shows no more. Names of
    /// the files of a message within the message are none of them: that one is
    /// somebody else's, and stays as it is.
    pub(crate) fn renamed(&self) -> impl Iterator<Item = Part> {
        let named = self.structure.named.iter();
        named.flat_map(|entity| entity.parts.iter().copied())
    }

    /// The author's display name, decoded.
    pub fn sender_name(&self) -> Option<String> {
        let value = self.head.value(self.raw.expose(), "From")?;
        let from = super::mailbox::parse_list(&value).ok()?;
        from.into_iter().next()?.name
    }
}

/// A header field that signs the message.
fn is_seal(field: &Field, raw: &[u8]) -> bool {
    ["DKIM-Signature", "ARC-Seal", "ARC-Message-Signature"]
        .iter()
        .any(|name| field.is(raw, name))
}

/// `attachment-1.pdf`, `attachment-2`, … with the extensions that are common;
/// none for what has no name.
fn neutral_names(named: &[Named]) -> impl Iterator<Item = Option<String>> {
    let mut number = 0;
    named.iter().map(move |entity| {
        let name = entity.name.as_ref()?;
        number += 1;
        let extension = name.expose().rsplit_once('.');
        let extension = extension.map(|(_, e)| e.trim().to_ascii_lowercase());
        Some(
            match extension.filter(|e| EXTENSIONS.contains(&e.as_str())) {
                Some(extension) => format!("attachment-{number}.{extension}"),
                None => format!("attachment-{number}"),
            },
        )
    })
}

impl Named {
    /// The fields of the entity that hold the name, written anew; what
    /// describes the file in free words goes into the note.
    fn renamed(
        &self,
        raw: &[u8],
        name: Option<&str>,
        note: &mut Note,
    ) -> Result<Vec<Edit>, ComposeError> {
        // The fields' places are those within the entity.
        let entity = raw.get(self.start..).unwrap_or_default();
        let mut edits = Vec::new();
        for field in &self.fields {
            let whole = self.start + field.whole.start..self.start + field.whole.end;
            let (header, key) = match () {
                () if field.is(entity, "Content-Type") => ("Content-Type", "name"),
                () if field.is(entity, "Content-Disposition") => {
                    ("Content-Disposition", "filename")
                }
                () if field.is(entity, "Content-Description") => {
                    note.field(field, entity);
                    edits.push((whole, Vec::new()));
                    continue;
                }
                () => continue,
            };
            let Some(name) = name else { continue };
            let value = field.value(entity);
            let pieces = pieces(&value);
            if !pieces.iter().all(|piece| is_clear(piece)) {
                return Err(ComposeError::MustStay);
            }
            let kept = pieces.iter().filter(|piece| !names(piece));
            let mut line = format!("{header}: ");
            line.push_str(&kept.map(String::as_str).collect::<Vec<_>>().join(";\r\n "));
            if pieces.iter().any(|piece| names(piece)) {
                line.push_str(&format!(";\r\n {key}=\"{name}\""));
            }
            line.push_str("\r\n");
            edits.push((whole, line.into_bytes()));
        }
        Ok(edits)
    }
}

/// Whether a piece of a value is one to every reader: quotes are around all that
/// stands behind its `=`, and nothing is escaped but within them.
fn is_clear(piece: &str) -> bool {
    let (bare, quoted) = piece.split_at(piece.find('"').unwrap_or(piece.len()));
    if bare.contains('\\') {
        return false;
    }
    if quoted.is_empty() {
        return true;
    }
    let inner = quoted.strip_prefix('"').and_then(|v| v.strip_suffix('"'));
    let is_key = bare.trim_end().ends_with('=') && bare.matches('=').count() == 1;
    is_key
        && inner.is_some_and(|inner| {
            let mut escaped = false;
            let ends = inner.chars().any(|c| {
                let ends = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                ends
            });
            !ends && !escaped
        })
}

/// Whether a parameter is a file name: `name=`, `filename*0*=` (RFC 2231), …
fn names(piece: &str) -> bool {
    let Some((key, _)) = piece.split_once('=') else {
        return false;
    };
    let key = key.split('*').next().unwrap_or_default().trim();
    key.eq_ignore_ascii_case("name") || key.eq_ignore_ascii_case("filename")
}

/// A value and its parameters, without comments.
pub(super) fn pieces(value: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let (mut quoted, mut comment, mut escaped) = (false, 0usize, false);
    for c in value.chars() {
        let plain = !quoted && !escaped;
        match c {
            '(' if plain => comment += 1,
            ')' if plain && comment > 0 => {
                comment -= 1;
                continue;
            }
            '"' if !escaped && comment == 0 => quoted = !quoted,
            ';' if plain && comment == 0 => {
                pieces.push(String::new());
                continue;
            }
            _ => {}
        }
        escaped = c == '\\' && !escaped;
        if comment == 0
            && let Some(last) = pieces.last_mut()
        {
            last.push(c);
        }
    }
    for piece in &mut pieces {
        *piece = piece.trim().to_owned();
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// Copies a range with the edits that lie in it; they stand in order.
fn edited(out: &mut Vec<u8>, raw: &[u8], range: Range<usize>, edits: &[Edit]) {
    let mut at = range.start;
    for (replaced, by) in edits {
        if replaced.start >= at && replaced.end <= range.end {
            out.extend_from_slice(&raw[at..replaced.start]);
            out.extend_from_slice(by);
            at = replaced.end;
        }
    }
    out.extend_from_slice(&raw[at..range.end]);
}
