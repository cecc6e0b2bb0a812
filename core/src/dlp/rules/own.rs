//! What programs write for themselves: nobody's.

use crate::dlp::FindingKind;
use crate::dlp::passage::Passage;
use crate::dlp::records::{Made, Own};
use crate::dlp::tagger::Tag;

/// What chance may be taken for. What a label, a form or a check digit tells
/// (record and security numbers, telephones, cards) stays.
const NUMBERED: &[FindingKind] = &[
    FindingKind::OtherId,
    FindingKind::Account,
    FindingKind::Device,
    FindingKind::License,
    FindingKind::Biometric,
    // With the host that made it.
    FindingKind::Email,
];

/// What the name of a program may be taken for.
const NAMED: &[FindingKind] = &[
    FindingKind::Name,
    FindingKind::Provider,
    FindingKind::Facility,
    FindingKind::OtherId,
    FindingKind::Device,
];

/// What the words over a column may be taken for: `Name, SSN, Visit`.
const HEADED: &[FindingKind] = &[
    FindingKind::Name,
    FindingKind::Provider,
    FindingKind::Facility,
    FindingKind::Address,
    FindingKind::OtherId,
    FindingKind::Account,
    FindingKind::Device,
    FindingKind::License,
];

/// Takes away what was found in such values, out of the findings alone: that an
/// event has one is among what the verdict was learned from. They are ranges of
/// the view, in order.
pub(in crate::dlp) fn own(passage: &Passage<'_>, tags: &mut Vec<Tag>, own: &[Own]) {
    // Most texts have none.
    if own.is_empty() {
        return;
    }
    tags.retain(|tag| {
        let spans = passage.spans.get(tag.first..tag.last).unwrap_or_default();
        let (Some(first), Some(last)) = (spans.first(), spans.last()) else {
            return true;
        };
        let (start, end) = (first.start as usize, last.end as usize);
        let next = own.partition_point(|own| own.range.end < end);
        let around = own.get(next).filter(|own| own.range.start <= start);
        let kinds = |own: &Own| match own.what {
            Made::Chance => NUMBERED,
            Made::Program => NAMED,
            Made::Heading => HEADED,
        };
        !around.is_some_and(|own| kinds(own).contains(&tag.kind))
    });
}
