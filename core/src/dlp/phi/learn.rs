//! What the models ask of a message beside its texts, and whether they ask.

use super::Scan;
use crate::compose::{Message, PartContent, ScanPart};
use crate::dlp::envelope::envelope;
use crate::dlp::extract::{encodes, encodes_page};
use crate::dlp::source::Source;
use crate::dlp::tagger::context::Context;
use crate::dlp::texts::is_document;

impl Scan<'_> {
    /// Learns what the models ask of a message beside its texts.
    pub(super) fn learn(&mut self, message: &Message) {
        let sender = message.sender_text();
        // Only the model for words asks whose names they are.
        let recipients = message.recipients().iter();
        let recipients = recipients.filter(|_| self.scanner.names);
        let recipients = recipients.flat_map(|(_, r)| {
            let name = r.display_name().map(|n| n.expose().as_str());
            name.into_iter().chain([r.address().as_str()])
        });
        self.context = Context::new(&sender, recipients, message.audience());
        self.envelope = envelope(message);
        self.context.personal = self.envelope.personal;
        self.context.internal = self.envelope.internal;
        self.learned = true;
    }

    /// Whether a part may bring what asks the code model, beside the first
    /// passage of its text.
    pub(super) fn brings_more(
        &mut self,
        scanned: &ScanPart<'_>,
        kept: Option<&PartContent>,
        source: &Option<Source<'_>>,
    ) -> bool {
        // A code may go over a line's end.
        if scanned.joins_lines() {
            return true;
        }
        let page = source.as_ref().filter(|source| source.page);
        if page.is_some_and(|page| encodes_page(&page.view)) {
            return true;
        }
        match kept {
            Some(PartContent::Text(text)) if scanned.side().is_some() => {
                self.names_ask(scanned.part(), text.expose()) || encodes(text.expose())
            }
            Some(PartContent::Text(text))
                if scanned.media_type() != "text/html" && encodes(text.expose()) =>
            {
                true
            }
            _ => packs(scanned, kept),
        }
    }
}

/// Whether a part may have texts beside the one that was decoded and kept of it.
pub(super) fn packs(scanned: &ScanPart<'_>, kept: Option<&PartContent>) -> bool {
    match kept {
        Some(PartContent::Text(text)) => {
            scanned.side().is_none() && is_document(scanned.part(), text.expose())
        }
        Some(PartContent::Unreadable(_)) => false,
        Some(PartContent::Binary(_)) | None => true,
    }
}
