//! Copies without what was found.
//!
//! **In**: a text and its [`Finding`]s. **Out**: the text with every found
//! stretch replaced by a label (`[NAME]`), by black boxes, or by a pseudonym
//! that is the same wherever the same value stands (`[NAME-1]`). All else
//! stays as it is; HTML keeps its tags.
//!
//! A copy is as good as the findings are: what the scanner missed still stands
//! in it. What could not be scanned is not redacted but refused.
//!
//! ```
//! use mailseal::compose::Message;
//! use mailseal::dlp::redact::{Redaction, Style};
//! use mailseal::dlp::{Part, PhiScanner, Scanner};
//!
//! let message = Message::builder()
//!     .from("clinic@harbor.example".parse()?)
//!     .to("pat@mail.example".parse::<mailseal::base::Address>()?)
//!     .html("<p>SSN: 281-<b>15</b>-9804</p>")
//!     .build()?;
//! let findings = PhiScanner::new().scan(&message);
//! let copy = findings.redacted(&message, Part::Html, &Redaction::new(Style::Label))?;
//! assert_eq!(copy, "<p>SSN: [SSN]<b></b></p>");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod html;
mod json;
mod marks;
mod repeats;

use std::collections::HashSet;

use super::extract::is_markup;
use super::source::Source;
use super::texts::in_links;
use super::view::fold;
use super::{Finding, FindingClass, Findings};
use crate::base::{Part, Phi};
use crate::compose::{Message, PartContent};
use marks::{Marks, Values};

/// What takes the place of what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Style {
    /// The kind: `[NAME]`.
    #[default]
    Label,
    /// A black box for each character; line breaks stay.
    Box,
    /// The kind and a number, the same for the same value: `[NAME-1]`.
    Pseudonym,
}

/// What is redacted, and how. Identifiers always are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Redaction {
    /// What takes their place.
    pub style: Style,
    /// Health content too.
    pub health: bool,
    /// Providers and facilities too.
    pub context: bool,
}

impl Redaction {
    /// Identifiers only.
    pub fn new(style: Style) -> Self {
        Self {
            style,
            ..Self::default()
        }
    }

    /// Health content too.
    #[must_use]
    pub fn health(mut self) -> Self {
        self.health = true;
        self
    }

    /// Providers and facilities too.
    #[must_use]
    pub fn context(mut self) -> Self {
        self.context = true;
        self
    }

    fn covers(&self, finding: &Finding) -> bool {
        match finding.kind.class() {
            FindingClass::Identifier => true,
            FindingClass::Health => self.health,
            FindingClass::Context => self.context,
        }
    }

    /// Those of a text's findings that go: also what is covered by one kind and
    /// was found as another.
    fn going<'f>(&self, found: Vec<&'f Finding>) -> Vec<&'f Finding> {
        let (mut going, other): (Vec<_>, Vec<_>) = found.into_iter().partition(|f| self.covers(f));
        if !going.is_empty() && !other.is_empty() {
            let values: HashSet<[u8; 32]> = going.iter().map(|f| marks::digest(f)).collect();
            let same = |f: &&Finding| values.contains(&marks::digest(f));
            going.extend(other.into_iter().filter(same));
        }
        going
    }
}

/// Why a part has no redacted copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unredactable {
    /// The message has no such part.
    #[error("the message has no such part")]
    NoSuchPart,
    /// The part is no text. Where the scanner read text out of it, that text
    /// can be redacted with [`Findings::redacted_entry`].
    #[error("the part is no text: what was read out of it can be redacted, not the part")]
    Binary,
    /// A link of the part carries what is to go, and is not found as one.
    #[error("a link carries what is to go and cannot be taken out: leave the link away")]
    Link,
    /// The part, or something in it, could not be scanned, so that nobody
    /// knows what it holds.
    #[error("the part could not be scanned: {why}")]
    Unscannable {
        /// The scanner's code.
        why: &'static str,
    },
}

impl Unredactable {
    /// A stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoSuchPart => "redact.no_such_part",
            Self::Binary => "redact.binary",
            Self::Link => "redact.link",
            Self::Unscannable { .. } => "redact.unscannable",
        }
    }
}

/// A text without the findings given, whose spans are bytes of the text, in
/// any order. Overlapping ones become one. Where the value of one stands
/// elsewhere in the text as words of its own (three letters or digits at
/// least), it is replaced there too: in small letters or capitals, with other
/// signs between its words or within them, with or without accents, and names
/// with the last one first; a name that is a common word too, with a capital
/// only. Quotes, brackets, tabs, line ends and the commas of a table between its
/// words stay. JSON stays JSON.
pub fn redact(text: &str, findings: &[&Finding], style: Style) -> String {
    let values = Values::of(findings.iter().copied());
    plain(text, &Marks::new(text, findings, &values, style, false))
}

/// As [`redact`], for HTML or XML: only characters of the text are replaced.
/// A span may cross tags, which stay, with the attributes that say how they
/// look; attributes' values and comments that hold findings are blanked like
/// text.
pub fn redact_html(html: &str, findings: &[&Finding], style: Style) -> String {
    let values = Values::of(findings.iter().copied());
    let marks = Marks::new(html, findings, &values, style, true);
    html::redacted(html, &marks)
}

fn plain(text: &str, marks: &Marks) -> String {
    let mut out = String::with_capacity(text.len());
    let mut writer = marks.writer();
    writer.text(&mut out, text, 0..text.len(), marks::characters);
    match json::is_json(text) {
        true => json::quoted(&out),
        false => out,
    }
}

impl Findings {
    /// A redacted copy of a part that is text: subject, text, HTML, a file's
    /// name, a text file. Pseudonyms are those of the whole message.
    ///
    /// # Errors
    /// [`Unredactable`]: no such part, no text, not scanned, or a link carries what is
    /// to go and is not found as one.
    pub fn redacted(
        &self,
        message: &Message,
        part: Part,
        how: &Redaction,
    ) -> Result<String, Unredactable> {
        self.was_read(part)?;
        let parts = message.parts();
        let found = parts.iter().find(|p| p.part() == part);
        let found = found.ok_or(Unredactable::NoSuchPart)?;
        let here = self.items.iter().filter(|f| f.part == part);
        // What a link carries goes with it.
        let (inside, here): (Vec<&Finding>, Vec<_>) = here.partition(|f| f.inside.is_some());
        if !inside.iter().all(|f| f.is_in_link()) {
            return Err(Unredactable::Binary);
        }
        let here = how.going(here);
        let text = match found.content() {
            PartContent::Text(text) => text,
            PartContent::Unreadable(why) => return Err(Unredactable::Unscannable { why }),
            PartContent::Binary(bytes) => match String::from_utf8(bytes.expose().clone()) {
                // Spans count without the mark of UTF-8, as the scanner reads it.
                Ok(text) if !text.contains('\0') => {
                    Phi::new(text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned())
                }
                _ => return Err(Unredactable::Binary),
            },
        };
        let media_type = found.media_type();
        let markup = match media_type {
            "text/html" | "text/xml" => true,
            // As the scanner read it, whatever it is called.
            "text/plain" => is_read_as_markup(part, media_type, text.expose()),
            _ => may_be_markup(part, media_type, text.expose()),
        };
        let copy = self.redacted_text(text.expose(), &here, markup, how.style);
        let gone: Vec<&Finding> = inside.into_iter().filter(|f| how.covers(f)).collect();
        if gone.is_empty() {
            return Ok(copy);
        }
        // Links are read as the scanner reads them, not as they are written.
        let links = Phi::new(in_links(part, found.media_type(), &copy));
        match gone
            .iter()
            .any(|f| stands(f.expose().expose(), links.expose()))
        {
            true => Err(Unredactable::Link),
            false => Ok(copy),
        }
    }

    /// A redacted copy of the text that the scanner read out of a container's
    /// entry ([`Finding::inside`]): a page of a PDF, a sheet, a file of an
    /// archive. `text` is that text, as the scanner saw it.
    ///
    /// # Errors
    /// [`Unredactable::Unscannable`]: something in the part was not scanned.
    pub fn redacted_entry(
        &self,
        part: Part,
        entry: &str,
        text: &str,
        how: &Redaction,
    ) -> Result<String, Unredactable> {
        self.was_read(part)?;
        let is_there = |f: &&Finding| {
            let inside = f.inside.as_ref().map(|inside| inside.expose().as_str());
            f.part == part && inside == Some(entry)
        };
        let here = how.going(self.items.iter().filter(is_there).collect());
        let markup = may_be_markup(part, "", text);
        Ok(self.redacted_text(text, &here, markup, how.style))
    }

    /// Whether all of a part was scanned.
    fn was_read(&self, part: Part) -> Result<(), Unredactable> {
        match self.unscannable.iter().find(|u| u.part == part) {
            Some(unread) => Err(Unredactable::Unscannable { why: unread.why }),
            None => Ok(()),
        }
    }

    fn redacted_text(&self, text: &str, here: &[&Finding], markup: bool, style: Style) -> String {
        let values = Values::of(&self.items);
        let marks = Marks::new(text, here, &values, style, markup);
        match markup {
            true => html::redacted(text, &marks),
            false => plain(text, &marks),
        }
    }
}

/// Whether the scanner read a text as a page or another document of tags.
fn is_read_as_markup(part: Part, media_type: &str, text: &str) -> bool {
    Source::new(part, media_type, text).view.markup
}

/// The same of a text that was read out of something else.
fn may_be_markup(part: Part, media_type: &str, text: &str) -> bool {
    text.trim_start().starts_with('<')
        || is_markup(text, media_type)
        || is_read_as_markup(part, "text/plain", text)
}

/// Whether a value stands in what links carry, as words of its own.
fn stands(value: &str, links: &str) -> bool {
    // They are JSON.
    let written = Phi::new(serde_json::Value::from(value).to_string());
    let written = written.expose().trim_matches('"');
    let part_of_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    links.match_indices(written).any(|(at, _)| {
        let before = links.get(..at).and_then(|b| b.chars().next_back());
        let behind = links.get(at + written.len()..);
        !part_of_word(before) && !part_of_word(behind.and_then(|b| b.chars().next()))
    })
}

impl Finding {
    /// The letters and digits of the value, in lower case and without accents:
    /// the same for one value, however it is written.
    pub(crate) fn bare(&self) -> Phi<String> {
        let chars = self.expose().expose().chars();
        Phi::new(chars.flat_map(plain_letters).collect())
    }
}

/// What of a character counts where values are compared: nothing of what is
/// neither letter nor digit.
fn plain_letters(c: char) -> impl Iterator<Item = char> {
    let plain = match fold(c) {
        _ if !c.is_alphanumeric() => None,
        Some(byte) if byte.is_ascii() => Some(char::from(byte)),
        _ => Some(c),
    };
    plain.into_iter().flat_map(char::to_lowercase)
}
