//! The walk over a part and what is nested in it.

use super::budget::Budget;
use super::sniff::{self, Kind};
use super::{Form, Piece, cms, dicom, eml, pdf, rtf, tar, text, zip};

/// Characters of a name that stand in a piece's place. Whole names are given
/// out as text of their own.
const NAME: usize = 200;

/// Where a walk stands, what it may still cost, and what it could not read.
pub(super) struct Walk<'a> {
    pub(super) budget: &'a mut Budget,
    each: &'a mut dyn FnMut(Piece),
    reasons: Vec<&'static str>,
    /// The entries above, joined by `/`.
    path: String,
    /// Pieces given out so far.
    pub(super) pieces: usize,
    /// Files without a name of their own in the text that the walk stands at.
    encoded: usize,
}

impl<'a> Walk<'a> {
    pub(super) fn new(budget: &'a mut Budget, each: &'a mut dyn FnMut(Piece)) -> Self {
        Self {
            budget,
            each,
            reasons: Vec::new(),
            path: String::new(),
            pieces: 0,
            encoded: 0,
        }
    }

    pub(super) fn into_reasons(self) -> Vec<&'static str> {
        self.reasons
    }

    /// Notes that something could not be read, once for each code.
    pub(super) fn fail(&mut self, why: &'static str) {
        if !self.reasons.contains(&why) {
            self.reasons.push(why);
        }
    }

    /// Whether that was noted.
    pub(super) fn failed(&self, why: &'static str) -> bool {
        self.reasons.contains(&why)
    }

    /// Counts an entry of a container; `false` where there are too many.
    pub(super) fn entry(&mut self) -> bool {
        if self.budget.entries == 0 {
            self.fail("too_many_entries");
            return false;
        }
        self.budget.entries -= 1;
        true
    }

    /// Gives out text as the whole of what the walk stands at.
    pub(super) fn whole(&mut self, text: String, form: Form) {
        self.piece(Piece {
            text,
            form,
            ..Piece::default()
        });
    }

    /// Gives out plain text of an entry of what the walk stands at.
    pub(super) fn inside(&mut self, entry: &str, text: String) {
        if !text.trim().is_empty() {
            self.piece(Piece {
                text,
                inside: Some(short(entry).to_owned()),
                ..Piece::default()
            });
        }
    }

    /// Gives out a piece whose `inside` is counted from where the walk stands.
    pub(super) fn piece(&mut self, mut piece: Piece) {
        if piece.text.len() > self.budget.text {
            self.fail("too_large");
            let mut end = self.budget.text;
            while !piece.text.is_char_boundary(end) {
                end -= 1;
            }
            piece.text.truncate(end);
            piece.hints.retain(|h| h.range.end <= end);
        }
        if piece.text.is_empty() {
            return;
        }
        self.budget.text -= piece.text.len();
        piece.inside = match (piece.inside, self.path.is_empty()) {
            (inside, true) => inside,
            (None, false) => Some(self.path.clone()),
            (Some(inside), false) => Some(format!("{}/{inside}", self.path)),
        };
        self.pieces += 1;
        (self.each)(piece);
    }

    /// Walks an entry of a container, one level down.
    pub(super) fn child(&mut self, name: &str, bytes: &[u8], media_type: &str) {
        if self.budget.depth == 0 {
            self.fail("too_deep");
            return;
        }
        self.budget.depth -= 1;
        let above = self.path.len();
        if above > 0 {
            self.path.push('/');
        }
        self.path.push_str(short(name));
        let encoded = std::mem::take(&mut self.encoded);
        self.part(bytes, media_type, name);
        self.encoded = encoded;
        self.path.truncate(above);
        self.budget.depth += 1;
    }

    /// The same for content that was decoded for it, which counts as held
    /// while it is walked.
    pub(super) fn decoded_child(&mut self, name: &str, bytes: &[u8], media_type: &str) {
        let held = bytes.len().min(self.budget.held);
        self.budget.held -= held;
        self.child(name, bytes, media_type);
        self.budget.held += held;
    }

    /// The same for content that has no name: the second of a text is called
    /// `encoded 2`, since findings at the same place are taken for one.
    pub(super) fn encoded_child(&mut self, name: &str, bytes: &[u8], media_type: &str) {
        self.encoded += 1;
        match self.encoded {
            1 => self.decoded_child(name, bytes, media_type),
            n => self.decoded_child(&format!("{name} {n}"), bytes, media_type),
        }
    }

    /// Reads what stands before a PDF file and behind it, where no reader of such
    /// files looks.
    fn around_pdf(&mut self, bytes: &[u8]) {
        let start = sniff::find(bytes, b"%PDF-", 0).unwrap_or_default();
        let mut around = vec![("before", bytes.get(..start))];
        if zip::has_directory(bytes) {
            // One file may be both.
            zip::read(self, bytes);
        } else if let Some(end) = memchr::memmem::rfind(bytes, b"%%EOF") {
            // A revision that was cut off is read as one.
            let behind = bytes.get(end + 5..).unwrap_or_default();
            let is_revision = |word| sniff::find(behind, word, 0).is_some();
            if !is_revision(b"endobj") && !is_revision(b"trailer <<") {
                around.push(("behind", Some(behind)));
            }
        }
        for (name, part) in around {
            let part = part.unwrap_or_default();
            if part.iter().any(u8::is_ascii_alphanumeric) {
                self.child(name, part, "");
            }
        }
    }

    /// Reads content by what it is.
    pub(super) fn part(&mut self, bytes: &[u8], media_type: &str, name: &str) {
        if bytes.is_empty() {
            return;
        }
        let kind = sniff::kind(bytes, media_type, name);
        // What is text is read, whatever it is.
        if !matches!(kind, Kind::Text | Kind::Printed | Kind::Message) && self.budget.knows(bytes) {
            return;
        }
        match kind {
            Kind::Zip => zip::read(self, bytes),
            Kind::Ole => self.fail(match sniff::encrypted_package(bytes) {
                true => "encrypted",
                false => "unsupported_type",
            }),
            Kind::Pdf => {
                pdf::read(self, bytes);
                self.around_pdf(bytes);
            }
            Kind::Cms => cms::read(self, bytes),
            Kind::Dicom => dicom::read(self, bytes),
            Kind::Rtf => rtf::read(self, bytes),
            Kind::Message => eml::read(self, bytes),
            Kind::Tar => tar::read(self, bytes),
            Kind::Gzip => tar::gunzip(self, bytes, name),
            Kind::Printed => {
                self.fail("unsupported_type");
                if sniff::looks_like_text(bytes, media_type) {
                    text::read(self, bytes, sniff::text_type(media_type, name));
                }
            }
            Kind::Text => text::read(self, bytes, sniff::text_type(media_type, name)),
            Kind::Unknown => self.fail("unsupported_type"),
        }
    }
}

/// The first characters of a name.
fn short(name: &str) -> &str {
    name.char_indices()
        .nth(NAME)
        .map_or(name, |(end, _)| name.get(..end).unwrap_or_default())
}
