//! What the host knows, asked at one place: its patterns and terms, its
//! patients, and what it allows.

use std::ops::Range;

use super::{Category, Confidence, Evidence, FindingKind, HostKnowledge, Roster, RosterHit};

/// Hits of one kind in one text: more than any message has that a person wrote.
pub(super) const MAX_HITS: usize = 10_000;

/// The host's knowledge and its roster, where it has them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Known<'k> {
    pub(super) host: Option<&'k HostKnowledge>,
    pub(super) roster: Option<&'k Roster>,
}

/// Something that the host knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KnownHit {
    pub(super) range: Range<usize>,
    pub(super) kind: FindingKind,
    pub(super) confidence: Confidence,
    pub(super) category: Option<Category>,
    /// [`Evidence::Host`] or [`Evidence::Roster`].
    pub(super) evidence: Evidence,
}

impl Known<'_> {
    /// Whether there is nothing to ask.
    pub(super) fn knows_nothing(&self) -> bool {
        self.host.is_none() && self.roster.is_none()
    }

    /// What stands in a view's text, without what is allowed. The patients go
    /// to `patients` too, for [`Roster::misaddressed`]. Also whether there may
    /// be more than was looked for, what is allowed counted.
    pub(super) fn find(&self, text: &[u8], patients: &mut Vec<RosterHit>) -> (Vec<KnownHit>, bool) {
        let mut hits = Vec::new();
        let mut more = false;
        let value = |range: &Range<usize>| text.get(range.clone()).unwrap_or_default();
        if let Some(roster) = self.roster {
            let mut found = roster.find_in(text);
            more |= found.len() >= MAX_HITS;
            found.retain(|hit| !self.allows(hit.kind, value(&hit.range)));
            hits.extend(found.iter().map(|hit| KnownHit {
                range: hit.range.clone(),
                kind: hit.kind,
                confidence: hit.confidence,
                category: None,
                evidence: Evidence::Roster,
            }));
            patients.append(&mut found);
        }
        if let Some(host) = self.host {
            let (found, beyond) = host.find(text);
            more |= beyond;
            hits.extend(
                found
                    .into_iter()
                    .filter(|hit| !host.allows(hit.kind, value(&hit.range)))
                    .map(|hit| KnownHit {
                        range: hit.range,
                        kind: hit.kind,
                        confidence: hit.confidence,
                        category: hit.category,
                        evidence: Evidence::Host,
                    }),
            );
        }
        hits.sort_by_key(|h| (h.range.start, h.range.end));
        (hits, more)
    }

    /// Whether the host allows a value as a kind: then it is no finding,
    /// whoever found it.
    pub(super) fn allows(&self, kind: FindingKind, value: &[u8]) -> bool {
        self.host.is_some_and(|host| host.allows(kind, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Keys;
    use crate::dlp::{PatientId, PatientRecord, RosterBuilder};

    #[test]
    fn both_are_asked_and_what_is_allowed_is_nothing() {
        let mut builder = RosterBuilder::new(&Keys::make_ephemeral());
        for (id, given) in [(1, "Ada"), (2, "Bo")] {
            let record = PatientRecord::new(PatientId(id)).name(given, "Berg");
            builder.patient(&record).unwrap();
        }
        let roster = builder.build();
        // Bo Berg is a patient and works at the front desk.
        let host = HostKnowledge::new()
            .pattern(FindingKind::Mrn, Confidence::High, None, "HK[0-9]+")
            .and_then(|h| h.allow(Some(FindingKind::Name), "Bo Berg"))
            .and_then(|h| h.allow(Some(FindingKind::Mrn), "HK000"))
            .unwrap();
        let text = b"HK000 HK123 Ada Berg, signed Bo Berg";
        let find = |known: Known<'_>| {
            let mut patients = Vec::new();
            let (hits, _) = known.find(text, &mut patients);
            let hits: Vec<_> = hits.iter().map(|h| (h.range.clone(), h.evidence)).collect();
            (hits, patients.len())
        };
        let (host, roster) = (Some(&host), Some(&roster));
        let (mrn, ada, bo) = (
            (6..11, Evidence::Host),
            (12..20, Evidence::Roster),
            (29..36, Evidence::Roster),
        );
        assert_eq!(
            find(Known { host, roster }),
            (vec![mrn.clone(), ada.clone()], 1)
        );
        assert_eq!(find(Known { host, roster: None }), (vec![mrn], 0));
        assert_eq!(find(Known { host: None, roster }), (vec![ada, bo], 2));
        assert_eq!(find(Known::default()), (vec![], 0));
    }
}
