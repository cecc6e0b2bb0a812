//! What a part is, told by its content.

/// What reads a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A ZIP archive, or a document that is one.
    Zip,
    /// A Compound File: an Office document of before 2007, or an encrypted one.
    Ole,
    /// A PDF file.
    Pdf,
    /// Something signed or encrypted by CMS, or a certificate.
    Cms,
    /// A DICOM file.
    Dicom,
    /// Rich Text Format.
    Rtf,
    /// A message, or a mailbox.
    Message,
    /// A TAR archive.
    Tar,
    /// Something compressed by GZIP.
    Gzip,
    /// What a printer draws a page by: PostScript, PCL. The letters of a page may
    /// stand in it one by one, in any order and any code.
    Printed,
    /// Text in any encoding.
    Text,
    /// Anything else.
    Unknown,
}

/// Tells what `bytes` are. The declared type and the name decide only where
/// the content could be two things.
pub(super) fn kind(bytes: &[u8], media_type: &str, name: &str) -> Kind {
    // Its preamble may be that of another format.
    if bytes.get(128..132) == Some(b"DICM") {
        return Kind::Dicom;
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return Kind::Zip;
    }
    if bytes.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        return Kind::Ole;
    }
    // Readers take a file whose header stands in its first 1,024 bytes.
    let head = bytes.get(..bytes.len().min(1024)).unwrap_or_default();
    let pdf = find(head, b"%PDF-", 0);
    // Of a mail with such a file in it the file is a part.
    if pdf.is_some_and(|at| at >= 8) && super::eml::is_message(bytes) {
        return Kind::Message;
    }
    if let Some(at) = pdf
        && (at < 8 || media_type == "application/pdf" || find(bytes, b"endobj", at).is_some())
    {
        return Kind::Pdf;
    }
    if bytes.starts_with(b"{\\rt") {
        return Kind::Rtf;
    }
    if bytes.starts_with(b"\x1f\x8b\x08") {
        return Kind::Gzip;
    }
    if super::cms::is_any(bytes) {
        return Kind::Cms;
    }
    if super::tar::is_tar(bytes) {
        return Kind::Tar;
    }
    if PRINTED.contains(&media_type) || is_printed(bytes) {
        return Kind::Printed;
    }
    let declared = matches!(
        media_type,
        "message/rfc822"
            | "message/global"
            | "application/mbox"
            | "multipart/related"
            | "application/x-mimearchive"
    ) || is_named(name, &[".eml", ".mht", ".mhtml"]);
    if (declared && looks_like_text(bytes, "text/plain")) || super::eml::is_message(bytes) {
        return Kind::Message;
    }
    if looks_like_text(bytes, media_type) {
        return Kind::Text;
    }
    // An archive behind something else, such as a program that unpacks it.
    if super::zip::has_directory(bytes) {
        return Kind::Zip;
    }
    Kind::Unknown
}

/// Media types of what a printer takes.
const PRINTED: &[&str] = &[
    "application/postscript",
    "application/eps",
    "application/x-eps",
    "image/x-eps",
    "application/vnd.hp-pcl",
    "application/vnd.hp-pclxl",
    "application/vnd.hp-pjl",
];

/// Whether bytes are what a printer takes: PostScript, plain or with the head of an
/// EPS file for DOS, PCL, or PJL before either. An end of transmission may stand
/// before it, from serial lines. `%!` alone is a comment of other languages too.
pub(super) fn is_printed(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let before = |b: &&u8| b.is_ascii_whitespace() || matches!(b, 0 | 4);
    let before = bytes.iter().take_while(before).count();
    match bytes.get(before..).unwrap_or_default() {
        [b'%', b'!', b'P', b'S', ..] => true,
        [0xc5, 0xd0, 0xd3, 0xc6, ..] => true,
        // Charsets are chosen by other signs, colours of a terminal by `[`.
        [0x1b, b'E', ..] | [0x1b, b'&' | b'*', b'a'..=b'z', ..] => true,
        [0x1b, b'%', b'-', b'1', ..] => true,
        _ => false,
    }
}

/// Whether a name ends as one of these.
fn is_named(name: &str, endings: &[&str]) -> bool {
    let name = name.to_ascii_lowercase();
    endings.iter().any(|ending| name.ends_with(ending))
}

/// The type of a text: where none is declared, a page or a table by its name is
/// one, as programs open it (a part of a document that Word takes in as HTML).
/// Of text, that of Excel is what Windows calls a table of commas.
pub(super) fn text_type<'t>(media_type: &'t str, name: &str) -> &'t str {
    let untold = matches!(media_type, "" | "application/octet-stream");
    match media_type {
        _ if untold && is_named(name, &[".htm", ".html", ".xhtml"]) => "text/html",
        "text/csv" | "text/tab-separated-values" | "application/vnd.ms-excel" => TABLE,
        _ if (untold || media_type == "text/plain") && is_table_name(name) => TABLE,
        _ => media_type,
    }
}

/// The type of a table of fields.
pub(in crate::dlp) const TABLE: &str = "text/csv";

/// Whether a file of this name is a table by it.
pub(in crate::dlp) fn is_table_name(name: &str) -> bool {
    is_named(name.trim_end(), &[".csv", ".tsv", ".tab"])
}

/// Whether a Compound File holds the stream of an encrypted Office document
/// ([MS-OFFCRYPTO] section 2.3.4.4).
pub(super) fn encrypted_package(bytes: &[u8]) -> bool {
    let name: Vec<u8> = "EncryptedPackage".bytes().flat_map(|b| [b, 0]).collect();
    find(bytes, &name, 0).is_some()
}

/// Whether a part is to be read as text. Of what is declared as text, some
/// control characters are borne.
pub(super) fn looks_like_text(bytes: &[u8], media_type: &str) -> bool {
    if super::text::wide(bytes).is_some() {
        return true;
    }
    let declared = is_text_type(media_type);
    let (mut control, mut high) = (0usize, 0usize);
    for &b in bytes {
        // HL7 and X12 separate with 0B and 1C–1F.
        match b {
            0..=8 | 0x0e..=0x19 | 0x7f => control += 1,
            0x80.. => high += 1,
            _ => {}
        }
    }
    if control == 0 && (declared || high <= bytes.len() / 3) {
        return true;
    }
    if control > 0 {
        // The reader says of it that it is damaged.
        return control <= bytes.len() / if declared { 10 } else { 100 };
    }
    std::str::from_utf8(bytes).is_ok()
}

/// Media types whose content is text.
pub(super) fn is_text_type(media_type: &str) -> bool {
    media_type.starts_with("text/")
        || media_type.ends_with("+xml")
        || media_type.ends_with("+json")
        || [
            "application/json",
            "application/xml",
            "application/hl7-v2",
            "application/edi-x12",
        ]
        .contains(&media_type)
}

/// Where `needle` stands at or after `from`.
pub(super) fn find(haystack: &[u8], needle: &[u8], from: usize) -> Option<usize> {
    let first = *needle.first()?;
    let mut at = from;
    loop {
        at += haystack.get(at..)?.iter().position(|&b| b == first)?;
        if haystack.get(at..)?.starts_with(needle) {
            return Some(at);
        }
        at += 1;
    }
}
