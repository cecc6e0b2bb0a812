//! Messages: built from fields over mail-builder, or parsed from RFC 5322.
//!
//! **In**: a sender, recipients, a subject, text, HTML with its images, files
//! and extra headers; or the bytes of a message; and what the host says of it (declared
//! sensitivity, audience, disclosure, idempotency key).
//! **Out**: a [`Message`] whose [`parts`](Message::parts) a scanner reads, and
//! the copies that [`render`](Message::render) writes.
//!
//! A parsed message that nobody changed leaves byte-identical, the Bcc header
//! aside, where it has Date and Message-ID, CRLF line ends, and either one
//! recipient or shared disclosure. For an individual copy of a message with
//! several recipients only the fields that name recipients are rewritten.
//!
//! PHI enters text, HTML and attachment content only: a subject, a file name
//! or a header value cannot be made of [`Phi`](crate::base::Phi).
//!
//! **Refused**, each with a clear [`ComposeError`]: control characters in any
//! header value, name, file name, media type or content id (header injection);
//! images that no HTML shows; NUL; bare
//! CR or LF (RFC 5322 section 2.3; a file whose lines all end with LF is
//! converted to CRLF and then not byte-identical); lines over 998 bytes in
//! parsed messages (section 2.1.1; built ones are encoded); raw 8-bit headers
//! that are not UTF-8 (RFC 6532; UTF-8 ones make the copy need SMTPUTF8);
//! fields that stand twice (section 3.6); several authors; address lists that
//! do not parse by section 3.4; Resent fields; more than 1,000 recipients,
//! 20 levels of MIME, 1,000 parts, 1 MiB of headers or 160 MiB in all
//! ([`Limits`]).
//!
//! MIME boundaries are ours (random); Date and Message-ID are passed in: the
//! host's name stands nowhere. This room does no I/O and reads no clock.
//!
//! ```
//! use mailseal::base::{Phi, Recipient, RecipientId, Timestamp};
//! use mailseal::compose::{Attachment, Copy, Message, Visible};
//!
//! let message = Message::builder()
//!     .from("clinic@harbor.example".parse()?)
//!     .to(Recipient::new("pat@mail.example".parse()?).name("Pat Lindqvist"))
//!     .subject("Your visit")
//!     .text(Phi::new(String::from("HbA1c 9.1, see the file.")))
//!     .attachment(Attachment::new("visit.csv", "text/csv", b"analyte,value\n".to_vec()))
//!     .build()?;
//!
//! let now = Timestamp::from_unix_ms(1_700_000_000_000);
//! let copy = Copy::new(Visible::Only(RecipientId::new(0)), now, "1@harbor.example");
//! let rendered = message.render(&copy)?;
//! assert!(rendered.bytes().starts_with(b"From: <clinic@harbor.example>\r\n"));
//! assert_eq!(rendered.message_id(), "<1@harbor.example>");
//!
//! // What left can be read again, and is the same.
//! let again = Message::parse(rendered.bytes())?;
//! assert_eq!(again.render(&copy)?.bytes(), rendered.bytes());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod builder;
mod embedded;
mod error;
mod guard;
mod header;
mod inline;
mod letter;
mod limits;
mod loose;
mod mailbox;
mod message;
mod mime;
mod names;
mod neutral;
mod parameters;
mod part;
mod render;

pub use crate::base::Disclosure;
pub use builder::{Attachment, Builder, HasRecipient, HasSender, NoRecipient, NoSender};
pub(crate) use embedded::Embedded;
pub use error::ComposeError;
pub(crate) use letter::{Letter, LetterFile};
pub use limits::Limits;
pub use message::Message;
pub(crate) use mime::Encoding;
pub(crate) use names::Side;
pub use neutral::Neutral;
pub(crate) use neutral::is_extension;
pub use part::{PartContent, ScanPart};
pub use render::{Copy, Rendered, Visible};

/// Unstructured header text with its encoded words (RFC 2047) decoded, on one
/// line.
pub(crate) fn decoded_text(value: &str) -> String {
    header::decode(value).trim().to_owned()
}

/// The one address of an address field's value; `None` where there is none,
/// more than one, or something else.
pub(crate) fn sole_address(value: &str) -> Option<crate::base::Address> {
    let mut list = mailbox::parse_list(value).ok()?;
    let one = list.pop()?;
    list.is_empty().then_some(one.address)
}

/// Quoted-printable (RFC 2045 section 6.7) undone.
pub(crate) fn decode_quoted_printable(text: &[u8]) -> Option<Vec<u8>> {
    mail_parser::decoders::quoted_printable::quoted_printable_decode(text)
}

/// Text in a named charset; `None` where the charset is not known.
pub(crate) fn decode_charset(name: &str, bytes: &[u8]) -> Option<String> {
    let name = name.trim().to_ascii_lowercase();
    if matches!(name.as_str(), "utf-8" | "utf8") {
        return Some(String::from_utf8_lossy(bytes).into_owned());
    }
    decoder(&name).map(|decode| decode(bytes))
}

/// Whether bytes without a charset that are no UTF-8 may be Windows-1252, of
/// which ISO 8859-1 is a part. Where they hold bytes that it does not assign,
/// or more letters beyond ASCII than a Western language has, the charset is
/// another (Cyrillic, EBCDIC), and what they say is not known for sure.
pub(crate) fn may_be_western(bytes: &[u8]) -> bool {
    let unassigned = |b: &u8| matches!(b, 0x81 | 0x8d | 0x8f | 0x90 | 0x9d);
    // Not the blank that does not break, dashes, quotes, signs.
    let letter = |b: &u8| {
        matches!(
            b,
            0x83 | 0x8a | 0x8c | 0x8e | 0x9a | 0x9c | 0x9e | 0x9f | 0xc0..
        )
    };
    let letters = bytes.iter().filter(|b| letter(b)).count();
    letters <= 4 + bytes.len() / 8 && !bytes.iter().any(unassigned)
}

/// The decoder of a charset by its name in small letters. None for those that
/// have no byte for each letter of ASCII, by whatever name: not allowed in mail
/// (RFC 2781 section 4) or obsolete, so that one reader decodes them and another
/// shows the bytes as ASCII. Nor for those that are replaced whole for the same
/// reason: what they say is gone.
fn decoder(name: &str) -> Option<fn(&[u8]) -> String> {
    const REFUSED: [&str; 19] = [
        "utf-16",
        "utf16",
        "utf-7",
        "utf7",
        "utf-32",
        "utf32",
        "ucs-",
        "ucs2",
        "ucs4",
        "iso-10646",
        "unicode",
        "csunicode",
        "csutf",
        "iso-2022-kr",
        "iso-2022-cn",
        "csiso2022kr",
        "hz-",
        "csiso2022cn",
        "replacement",
    ];
    // To the decoders both signs are the same.
    let name = name.replace('_', "-");
    match REFUSED.iter().any(|start| name.starts_with(start)) {
        true => None,
        false if matches!(&*name, "iso-2022-jp" | "csiso2022jp") => Some(iso_2022_jp),
        false => mail_parser::decoders::charsets::map::charset_decoder(name.as_bytes()),
    }
}

/// Many programs write an escape behind another one, which changes nothing and
/// is an error to the decoder: the last one counts.
fn iso_2022_jp(bytes: &[u8]) -> String {
    let escapes = |at: usize| {
        let signs = bytes.get(at..).and_then(|rest| rest.first_chunk::<3>());
        matches!(
            signs,
            Some([0x1b, b'(', b'B' | b'I' | b'J'] | [0x1b, b'$', b'@' | b'B'])
        )
    };
    let mut kept = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if escapes(at) && escapes(at + 3) {
            at += 3;
        } else {
            kept.push(byte);
            at += 1;
        }
    }
    let kept = crate::base::Phi::new(kept);
    let decoder = mail_parser::decoders::charsets::map::charset_decoder(b"iso-2022-jp");
    decoder.map_or_else(String::new, |decode| decode(kept.expose()))
}

/// Whether bytes that pass for UTF-16 hold a stretch of ASCII of one byte a
/// character, which another reader shows and a decoder of UTF-16 does not.
pub(crate) fn mixes_widths(bytes: &[u8]) -> bool {
    const RUN: usize = 12;
    let ascii = |b: &u8| matches!(b, b'\t' | b'\n' | b'\r' | 0x20..=0x7e);
    bytes
        .split(|b| !ascii(b))
        .any(|stretch| stretch.len() >= RUN)
}
