//! The texts that a scan reads, for a host that shows or redacts them.

use std::fmt;

use super::Part;
use super::extract::{Budget, LINKS, Piece, encoded_in, encoded_in_page, extract, is_message};
use super::view::View;
use crate::base::Phi;
use crate::compose::{Message, PartContent};

/// A text that the scanner reads.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScannedText {
    /// The part that it stands in.
    pub part: Part,
    /// The entry of a container, as in [`Finding::inside`](super::Finding::inside).
    pub inside: Option<Phi<String>>,
    /// The text: the spans of findings count in its bytes.
    pub text: Phi<String>,
}

impl fmt::Debug for ScannedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScannedText")
            .field("part", &self.part)
            .finish_non_exhaustive()
    }
}

/// All texts of a message as [`PhiScanner`](super::PhiScanner) reads them,
/// those inside of documents and archives too, within the same bounds: at most
/// 64 MiB out of attachments. What cannot be read is left out; the findings
/// name it.
///
/// ```
/// use mailseal::compose::{Attachment, Message};
/// use mailseal::dlp::{Part, texts};
///
/// let message = Message::builder()
///     .from("lab@harbor.example".parse()?)
///     .to("pat@mail.example".parse::<mailseal::base::Address>()?)
///     .attachment(Attachment::new("a.rtf", "application/rtf", br"{\rtf1 potassium 5.9}".to_vec()))
///     .build()?;
/// let all = texts(&message);
/// let rtf = all.iter().find(|t| t.part == Part::Attachment(0)).ok_or("none")?;
/// assert_eq!(rtf.text.expose().trim(), "potassium 5.9");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn texts(message: &Message) -> Vec<ScannedText> {
    let mut out = Vec::new();
    let mut budget = Budget::new();
    for scanned in message.parts() {
        let (part, media_type) = (scanned.part(), scanned.media_type());
        let mut pieces = Vec::new();
        let mut each = |piece: Piece| pieces.push(piece);
        match scanned.content() {
            PartContent::Text(text) => {
                encoded(part, media_type, text.expose(), &mut budget, &mut each);
                let document = is_document(part, text.expose());
                let shown = matches!(media_type, "text/plain" | "text/html")
                    && !matches!(part, Part::Attachment(_));
                if document {
                    let bytes = text.expose().as_bytes();
                    extract(bytes, media_type, &mut budget, &mut each);
                }
                if shown || !document {
                    out.push(ScannedText {
                        part,
                        inside: None,
                        text,
                    });
                }
            }
            PartContent::Binary(bytes) => {
                extract(bytes.expose(), media_type, &mut budget, &mut each);
            }
            PartContent::Unreadable(_) => {}
        }
        out.extend(pieces.into_iter().map(|piece| ScannedText {
            part,
            inside: piece.inside.map(Phi::new),
            text: Phi::new(piece.text),
        }));
    }
    out
}

/// What the links of a part carry, as the scanner reads it.
pub(super) fn in_links(part: Part, media_type: &str, text: &str) -> String {
    let mut out = String::new();
    let mut each = |piece: Piece| {
        if piece.inside.as_deref() == Some(LINKS) {
            out.push_str(&piece.text);
        }
    };
    encoded(part, media_type, text, &mut Budget::new(), &mut each);
    out
}

/// Gives out what stands encoded in the text of a part.
fn encoded(
    part: Part,
    media_type: &str,
    text: &str,
    budget: &mut Budget,
    each: &mut dyn FnMut(Piece),
) {
    if may_enclose(part, media_type, text) {
        encoded_in(text, budget, each);
    }
    if media_type == "text/html" {
        encoded_in_page(&View::html(text), budget, each);
    }
}

/// Whether a text is the source of a document of another kind. An attached one
/// may be a message or a page, whatever it is called.
pub(super) fn is_document(part: Part, text: &str) -> bool {
    let start = text.trim_start_matches(['\u{feff}', ' ', '\r', '\n', '\t']);
    start.starts_with("{\\rtf")
        || start.starts_with("%PDF-")
        || start.starts_with("PK\u{3}\u{4}")
        || matches!(part, Part::Attachment(_)) && is_message(start)
}

/// Whether files are looked for in a text as it stands: a page tells of its
/// own, and an attached message is read as one.
pub(super) fn may_enclose(part: Part, media_type: &str, text: &str) -> bool {
    media_type != "text/html" && !(matches!(part, Part::Attachment(_)) && is_message(text))
}
