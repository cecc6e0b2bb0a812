//! Messages, and what was found in them as text.

use mailseal::base::Recipient;
use mailseal::compose::{Attachment, Builder, HasRecipient, HasSender, Message, PartContent};
use mailseal::dlp::{Evidence, Finding, FindingKind, Findings, Part, PhiScanner, Scanner};

pub(crate) type Draft = Builder<HasSender, HasRecipient>;

pub(crate) fn mail() -> Draft {
    from_to("clinic@harbor.example", "pat@mail.example")
}

pub(crate) fn from_to(from: &str, to: &str) -> Draft {
    Message::builder()
        .from(from.parse().unwrap())
        .to(Recipient::new(to.parse().unwrap()))
}

/// An attachment whose media type says nothing.
pub(crate) fn file(name: &str, content: impl Into<Vec<u8>>) -> Attachment {
    Attachment::new(name, "application/octet-stream", content.into())
}

/// A message and what the scanner found in it.
pub(crate) struct Scanned {
    pub(crate) message: Message,
    pub(crate) findings: Findings,
}

pub(crate) fn scan(draft: Draft) -> Scanned {
    scan_with(&PhiScanner::new(), draft)
}

pub(crate) fn scan_with(scanner: &PhiScanner, draft: Draft) -> Scanned {
    let message = draft.build().unwrap();
    let findings = scanner.scan(&message);
    Scanned { message, findings }
}

impl Scanned {
    /// The text of a part.
    pub(crate) fn source(&self, part: Part) -> String {
        let parts = self.message.parts();
        let part = parts.iter().find(|p| p.part() == part).unwrap();
        match part.content() {
            PartContent::Text(text) => text.expose().clone(),
            other => panic!("no text: {other:?}"),
        }
    }

    /// What stands at a finding's place, as the part was written.
    pub(crate) fn at(&self, finding: &Finding) -> String {
        self.source(finding.part)[finding.span.clone()].to_owned()
    }

    /// The finding of a kind whose place holds this; fails with all that was
    /// found where there is none.
    #[track_caller]
    pub(crate) fn has(&self, kind: FindingKind, part: Part, source: &str) -> &Finding {
        let fits = |f: &&Finding| f.kind == kind && f.part == part && self.at(f) == source;
        let found = self.findings.items.iter().find(fits);
        found.unwrap_or_else(|| panic!("no {} {source:?} in {:?}", kind.word(), self.all()))
    }

    /// The finding of a kind with this value, wherever it stands in the part.
    #[track_caller]
    pub(crate) fn has_value(&self, kind: FindingKind, part: Part, value: &str) -> &Finding {
        let fits = |f: &&Finding| f.kind == kind && f.part == part && f.expose().expose() == value;
        let found = self.findings.items.iter().find(fits);
        found.unwrap_or_else(|| panic!("no {} {value:?} in {:?}", kind.word(), self.all()))
    }

    #[track_caller]
    pub(crate) fn lacks(&self, kind: FindingKind, value: &str) {
        let mut found = self.findings.items.iter();
        let bad = found.any(|f| f.kind == kind && f.expose().expose().contains(value));
        assert!(!bad, "{} {value:?} in {:?}", kind.word(), self.all());
    }

    /// All that was found, for the words of a failure.
    pub(crate) fn all(&self) -> Vec<(&'static str, Part, &str, &[Evidence])> {
        let items = self.findings.items.iter();
        items
            .map(|f| {
                (
                    f.kind.word(),
                    f.part,
                    f.expose().expose().as_str(),
                    &f.evidence[..],
                )
            })
            .collect()
    }
}
