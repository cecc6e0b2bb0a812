//! Files and folders as messages.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use mailseal::base::Phi;
use mailseal::compose::{Attachment, ComposeError, Limits, Message};
use mailseal::dlp::Scanner;

use super::envelope::{Envelope, RECIPIENT, SENDER, one_line};
use super::report::printable;
use crate::config::Trouble;

/// A folder that is deeper is more likely a loop of mounts than mail.
const MAX_DEPTH: usize = 64;
/// Files in all.
const MAX_FILES: usize = 200_000;
/// Bytes of one file.
const MAX_BYTES: u64 = 256 * 1024 * 1024;
/// Folders of a path whose names are scanned, from the last on.
const MAX_PARTS: usize = 32;
/// Bytes of a file's name in a message.
const MAX_NAME: usize = 200;

/// Something to scan.
#[derive(Debug)]
pub struct Source {
    /// Its path as it was given, or as it was come upon.
    pub name: String,
    /// Bytes, as far as it is known before it is read.
    pub size: u64,
    at: At,
}

#[derive(Debug)]
enum At {
    File(PathBuf),
    /// Standard input, read already.
    Given(Phi<Vec<u8>>),
    /// What is not read, and why; it is told among the files, so that nobody
    /// takes it for clean.
    Left(&'static str),
}

/// All that is to be scanned, in order.
#[derive(Debug, Default)]
pub struct Sources {
    /// The files, and what in folders is none or cannot be read.
    pub files: Vec<Source>,
    /// What was named and cannot be read.
    pub missing: Vec<Trouble>,
}

impl Sources {
    /// Looks the paths up; folders are read whole. More than anybody keeps in a
    /// folder of mail is an error.
    pub fn find(paths: &[PathBuf], input: &mut dyn Read) -> Result<Self, Trouble> {
        let mut all = Self::default();
        for path in paths {
            if path == Path::new("-") {
                let mut raw = Vec::new();
                match input.take(MAX_BYTES + 1).read_to_end(&mut raw) {
                    Ok(size) => all.add(path, size as u64, At::Given(Phi::new(raw)))?,
                    Err(error) => all.missing(path, &error)?,
                }
                continue;
            }
            // A link that was named is followed.
            match fs::metadata(path) {
                Ok(about) if about.is_dir() => {
                    let root = fs::canonicalize(path).ok();
                    all.folder(path, root.as_deref(), 0)?;
                }
                Ok(about) => all.add(path, about.len(), At::File(path.clone()))?,
                Err(error) => all.missing(path, &error)?,
            }
        }
        Ok(all)
    }

    fn add(&mut self, path: &Path, size: u64, at: At) -> Result<(), Trouble> {
        if self.files.len() == MAX_FILES {
            return Err(Trouble::new(
                "scan.too_many",
                format!("more than {MAX_FILES} files: scan the folders one by one"),
            ));
        }
        self.files.push(Source {
            name: path.to_string_lossy().into_owned(),
            size,
            at,
        });
        Ok(())
    }

    /// What is not read; the rest is.
    fn leave(&mut self, path: &Path, why: &'static str) -> Result<(), Trouble> {
        self.add(path, 0, At::Left(why))
    }

    /// What was named and cannot be read.
    fn missing(&mut self, path: &Path, error: &io::Error) -> Result<(), Trouble> {
        self.missing.push(trouble(path, error));
        self.leave(path, "unreadable")
    }

    /// A folder with all that is in it; `root` is the one that was named.
    fn folder(&mut self, path: &Path, root: Option<&Path>, depth: usize) -> Result<(), Trouble> {
        if depth > MAX_DEPTH {
            return self.leave(path, "too_deep");
        }
        let listed = match fs::read_dir(path) {
            Ok(listed) => listed,
            Err(error) if depth == 0 => return self.missing(path, &error),
            Err(_) => return self.leave(path, "unreadable"),
        };
        let mut entries = Vec::new();
        for entry in listed {
            match entry {
                Ok(entry) => entries.push(entry),
                Err(_) => {
                    self.leave(path, "unreadable")?;
                    break;
                }
            }
        }
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            // Of the entry itself, not of what a link points to.
            match entry.metadata() {
                Err(_) => self.leave(&path, "unreadable")?,
                Ok(about) if about.is_dir() => self.folder(&path, root, depth + 1)?,
                Ok(about) if about.is_file() => {
                    self.add(&path, about.len(), At::File(path.clone()))?;
                }
                // It is come upon where it stands.
                Ok(about) if about.is_symlink() && leads_into(root, &path) => {}
                Ok(_) => self.leave(&path, "not_followed")?,
            }
        }
        Ok(())
    }
}

/// Whether a link leads to what is in this folder.
fn leads_into(folder: Option<&Path>, link: &Path) -> bool {
    let target = fs::canonicalize(link);
    target.is_ok_and(|target| folder.is_some_and(|folder| target.starts_with(folder)))
}

/// A path in a message to a terminal.
pub(super) fn shown(path: &Path) -> String {
    printable(&path.to_string_lossy())
}

pub(super) fn trouble(path: &Path, error: &io::Error) -> Trouble {
    Trouble::new("scan.read", format!("{}: {error}", shown(path)))
}

/// A file as a message, or why it is none.
pub struct Loaded {
    /// The message.
    pub message: Option<Message>,
    /// Why not all of the file is in the message.
    pub why: Option<&'static str>,
    /// Bytes read.
    pub bytes: u64,
}

impl Source {
    /// What the scanner finds in the file's own name: a mail is scanned without it.
    pub fn found_in_name(&self, scanner: &dyn Scanner, envelope: &Envelope) -> Vec<Phi<String>> {
        // Folders have names too.
        let name = one_line(&self.name);
        let parts = name.split(['/', '\\']).filter(|part| !part.is_empty());
        let mut message = envelope.builder();
        for part in parts.rev().take(MAX_PARTS).flat_map(pieces) {
            message = message.attachment(Attachment::new(part, "text/plain", Vec::new()));
        }
        let Ok(message) = message.build() else {
            return stems(&name).map(|s| Phi::new(s.to_owned())).collect();
        };
        let findings = scanner.scan(&message).items;
        (findings.into_iter())
            .map(|finding| finding.expose().clone())
            .collect()
    }

    /// Reads the file. What cannot be read is not clean, so this cannot fail.
    pub fn read(&self, envelope: &Envelope) -> Loaded {
        let none = |why, bytes| Loaded {
            message: None,
            why: Some(why),
            bytes,
        };
        let raw = match &self.at {
            At::Left(why) => return none(*why, 0),
            At::Given(raw) => Cow::Borrowed(raw.expose().as_slice()),
            At::File(path) => {
                let mut raw = Vec::new();
                let read = File::open(path)
                    .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut raw));
                if read.is_err() {
                    return none("unreadable", 0);
                }
                Cow::Owned(raw)
            }
        };
        let bytes = raw.len() as u64;
        if bytes > MAX_BYTES {
            return none("too_large", bytes);
        }
        match message(&one_line(&self.name), &raw, envelope) {
            Ok((message, why)) => Loaded {
                message: Some(message),
                why,
                bytes,
            },
            Err(error) => none(error.code(), bytes),
        }
    }
}

/// Room for the largest file in base64.
fn limits() -> Limits {
    Limits::default().message_bytes(400 * 1024 * 1024)
}

/// A mail as it is, anything else as an attachment; and why not all of it can
/// be vouched for.
pub fn message(
    name: &str,
    raw: &[u8],
    envelope: &Envelope,
) -> Result<(Message, Option<&'static str>), ComposeError> {
    let mut why = None;
    if extension(name) == "eml" || is_mail(raw) {
        match parse(raw) {
            Ok((message, why)) => {
                return Ok((
                    match envelope.audience() {
                        Some(audience) => message.with_audience(audience),
                        None => message,
                    },
                    why,
                ));
            }
            // Its text is scanned all the same, as it stands.
            Err(error) => why = Some(error.code()),
        }
    }
    let message = envelope
        .builder()
        .limits(limits())
        .attachment(Attachment::new(
            file_name(name),
            media_type(name, raw),
            raw.to_vec(),
        ))
        .build()?;
    Ok((message, why))
}

/// Why not all of a mail can be vouched for whose lines readers see differently.
const LINE_ENDS: &str = "line_ends";

/// A mail as files on disk have it: a draft without recipients, line ends that
/// a text editor mixed; and why another reader may see another mail.
fn parse(raw: &[u8]) -> Result<(Message, Option<&'static str>), ComposeError> {
    let mut raw = Cow::Borrowed(raw);
    // To one reader the header is empty, to another it begins behind the blanks.
    let blank = raw.first().is_some_and(u8::is_ascii_whitespace);
    let mut why = blank.then_some(LINE_ENDS);
    let mut tries = 0;
    loop {
        let error = match Message::parse_with(&raw, &limits()) {
            Ok(message) => return Ok((message, why)),
            Err(error) => error,
        };
        tries += 1;
        let end = match raw.contains(&b'\r') {
            true => "\r\n",
            false => "\n",
        };
        let mended = match error {
            ComposeError::NoRecipients => {
                [format!("Bcc: {RECIPIENT}{end}").as_bytes(), &raw].concat()
            }
            ComposeError::MissingHeader { header: "From" } => {
                [format!("From: {SENDER}{end}").as_bytes(), &raw].concat()
            }
            ComposeError::BareLf { .. } | ComposeError::BareCr { .. } => {
                let (mended, doubtful) = one_line_end(&raw);
                why = why.or(doubtful.then_some(LINE_ENDS));
                mended
            }
            _ => return Err(error),
        };
        if tries > 3 {
            return Err(error);
        }
        raw = Cow::Owned(mended);
    }
}

/// Every line end as LF; and whether another reader may see other lines, or the
/// header end elsewhere. Any number of CR before LF is one line end, as text
/// that was converted twice has it, and a CR by itself is one. To some readers a
/// CR is no line end at all, to others each is one; and where a blank line of
/// bare LF ends a header that has CRLF too, or CRLF makes another blank line behind
/// it, those that go by CRLF read on.
fn one_line_end(raw: &[u8]) -> (Vec<u8>, bool) {
    let mut out = Vec::with_capacity(raw.len());
    let (mut doubtful, mut header, mut last_sure) = (false, true, true);
    // Whether all lines of the header end with LF alone.
    let mut feeds = true;
    let mut rest = raw;
    while let Some((&byte, behind)) = rest.split_first() {
        let returns = rest.iter().take_while(|b| **b == b'\r').count();
        let feed = rest.get(returns) == Some(&b'\n');
        if returns == 0 && !feed {
            out.push(byte);
            rest = behind;
            continue;
        }
        let sure = feed && returns == 1;
        doubtful |= returns > 0 && !sure;
        feeds &= !header || returns == 0;
        if out.last().is_none_or(|b| *b == b'\n') {
            let ends = sure && last_sure;
            doubtful |= match header {
                true => !ends && !feeds,
                false => ends && feeds,
            };
            header = false;
        }
        last_sure = sure;
        let (ends, taken) = match feed {
            true => (1, returns + 1),
            false => (returns, returns),
        };
        out.extend(std::iter::repeat_n(b'\n', ends));
        rest = rest.get(taken..).unwrap_or_default();
    }
    (out, doubtful)
}

/// Fields of which a mail has at least one beside From.
const FIELDS: &[&str] = &[
    "to",
    "subject",
    "date",
    "message-id",
    "mime-version",
    "received",
];

/// Whether a mail's header block stands at the beginning.
fn is_mail(raw: &[u8]) -> bool {
    let (mut from, mut other) = (false, false);
    // A CR that stands alone ends a line too, as in [`one_line_end`].
    let lines = raw.split(|&b| b == b'\n').flat_map(|line| {
        let cr = line.iter().rev().take_while(|b| **b == b'\r').count();
        let line = line.get(..line.len() - cr).unwrap_or_default();
        line.split(|&b| b == b'\r')
    });
    for (n, line) in lines.take(1_000).enumerate() {
        if line.is_empty() {
            break;
        }
        if matches!(line.first(), Some(b' ' | b'\t')) && n > 0 {
            continue;
        }
        let Some(colon) = line.iter().position(|&b| b == b':') else {
            return false;
        };
        let name = &line[..colon];
        if name.is_empty() || !name.iter().all(|b| b.is_ascii_graphic()) {
            return false;
        }
        let is = |field: &str| name.eq_ignore_ascii_case(field.as_bytes());
        from |= is("from");
        other |= FIELDS.iter().any(|field| is(field));
    }
    from && other
}

/// The names in a path, without the last extension of each.
fn stems(path: &str) -> impl Iterator<Item = &str> {
    let parts = path.split(['/', '\\']);
    let stems = parts.map(|part| part.rsplit_once('.').map_or(part, |(stem, _)| stem));
    stems.filter(|stem| !stem.is_empty())
}

/// A name in pieces that are short enough for a header, each with the end of the one
/// before.
fn pieces(name: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = name;
    while rest.len() > MAX_NAME {
        let (piece, half) = [MAX_NAME, MAX_NAME / 2]
            .map(|at| rest.floor_char_boundary(at))
            .into();
        pieces.push(rest.get(..piece).unwrap_or_default());
        rest = rest.get(half..).unwrap_or_default();
    }
    pieces.push(rest);
    pieces
}

/// The last component of a path, short enough for a header.
fn file_name(path: &str) -> String {
    let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
    let from = name.len().saturating_sub(MAX_NAME);
    // The end has the extension.
    let at = (from..=name.len()).find(|&n| name.is_char_boundary(n));
    match name.get(at.unwrap_or(0)..) {
        None | Some("" | "-") => "input".to_owned(),
        Some(name) => name.to_owned(),
    }
}

/// In lower case; empty where there is none.
fn extension(path: &str) -> String {
    match file_name(path).rsplit_once('.') {
        Some((_, extension)) => extension.to_ascii_lowercase(),
        None => String::new(),
    }
}

/// What a mail program would say of the file. The scanner looks at the content
/// itself; this only has to tell text from the rest.
fn media_type(name: &str, raw: &[u8]) -> &'static str {
    let text = !raw.contains(&0);
    let utf8 = text && std::str::from_utf8(raw).is_ok();
    match extension(name).as_str() {
        "pdf" => "application/pdf",
        "rtf" => "application/rtf",
        "zip" => "application/zip",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "pptx" => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "odt" => "application/vnd.oasis.opendocument.text",
        "dcm" => "application/dicom",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "html" | "htm" if utf8 => "text/html; charset=utf-8",
        "html" | "htm" if text => "text/html",
        "csv" if utf8 => "text/csv; charset=utf-8",
        _ if raw.starts_with(&[0xff, 0xfe]) || raw.starts_with(&[0xfe, 0xff]) => "text/plain",
        _ if text && raw.starts_with(b"%PDF-") => "application/pdf",
        _ if text && raw.starts_with(b"{\\rtf") => "application/rtf",
        _ if utf8 => "text/plain; charset=utf-8",
        // Old exports, of whatever charset: the scanner takes what may be
        // Windows-1252 for that, and says of the rest that it cannot tell.
        "txt" | "csv" | "tsv" | "log" | "hl7" | "edi" | "x12" if text => "text/plain",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_that_readers_see_differently_are_doubtful() {
        for (raw, mended, doubtful) in [
            ("A: b\r\n\r\nx\r\n", "A: b\n\nx\n", false),
            ("A: b\nC: d\r\n\r\nx\ny\r\n", "A: b\nC: d\n\nx\ny\n", false),
            ("A: b\r\r\nC: d\r\r\n\r\r\nx", "A: b\nC: d\n\nx", true),
            ("A: b\r\r\r\nC: d\r\n\r\nx", "A: b\nC: d\n\nx", true),
            ("A: b\rC: d\r\rx\r", "A: b\nC: d\n\nx\n", true),
            ("A: b\r\n\r\nx\ry", "A: b\n\nx\ny", true),
            (
                "A: b\nC: d\n\nx\ny\r\n\nz",
                "A: b\nC: d\n\nx\ny\n\nz",
                false,
            ),
            // One reader has another field, or a body that ends here.
            ("A: b\n\nC: d\r\n\r\nx", "A: b\n\nC: d\n\nx", true),
            ("A: b\r\n\nC: d\r\n\r\nx", "A: b\n\nC: d\n\nx", true),
            ("\nA: b\r\n\r\nx", "\nA: b\n\nx", true),
        ] {
            let (out, said) = one_line_end(raw.as_bytes());
            assert_eq!(
                (out.as_slice(), said),
                (mended.as_bytes(), doubtful),
                "{raw:?}"
            );
        }
    }

    #[test]
    fn a_header_is_known_whatever_ends_its_lines() {
        for end in ["\n", "\r\n", "\r\r\n", "\r"] {
            let mail = "From: a@b.example|To: c@d.example||x:|".replace('|', end);
            assert!(is_mail(mail.as_bytes()), "{end:?}");
            assert!(!is_mail(mail.replacen(end, "", 1).as_bytes()), "{end:?}");
        }
    }

    #[test]
    fn long_names_are_scanned_in_pieces_that_overlap() {
        let name = "ü".repeat(MAX_NAME);
        let all = pieces(&name);
        assert!(all.len() > 1 && all.iter().all(|piece| piece.len() <= MAX_NAME));
        assert!(name.starts_with(all[0]) && name.ends_with(all[all.len() - 1]));
        let twice: usize = all.iter().map(|piece| piece.len()).sum();
        assert!(twice > name.len());
        assert_eq!(pieces("a.eml"), ["a.eml"]);
    }

    #[test]
    fn where_a_name_cannot_be_scanned_all_of_it_is_masked() {
        let path = "in/Pat Lindqvist/chart.old.eml";
        let values: Vec<String> = stems(path).map(str::to_owned).collect();
        let masked = crate::scan::mask::path(path, &values);
        for word in ["Pat", "Lindqvist", "chart", "old"] {
            assert!(!masked.contains(word), "{masked}");
        }
    }
}
