//! Display names in address fields.
//!
//! A recipient's name identifies, as the address does, and the verdict knows
//! both already; the sender's own name and place of care are the context of the
//! mail. So a display name that is nothing but a name is no finding. One that
//! tells more ("John Smith - HIV results", "MRN 00482913") is read as a subject
//! is: it travels in clear, and everybody sees it. Where it names a person and
//! speaks of health it makes the message PHI by itself. On the sender's side most
//! that speak of health are a practice's ("Harbor HIV Clinic", "Lund Allergy"): there
//! it is a patient's who has a whole name and a condition, or a number of care.

use std::ops::Range;

use super::lexicon::{Flag, Flags};
use super::passage::{Passage, Region};
use super::phi::Scan;
use super::risk::summary::category_of;
use super::source::Source;
use super::tagger::{Tag, asks};
use super::unit::UnitKind;
use super::{FindingClass, FindingKind, Part};
use crate::compose::Side;

/// What the word lists say of health.
const HEALTH: Flags = Flags::of(&[
    Flag::Medication,
    Flag::MedicationUnsure,
    Flag::MedicationNear,
    Flag::Condition,
    Flag::ConditionUnsure,
    Flag::Procedure,
    Flag::ProcedureUnsure,
    Flag::Lab,
    Flag::LabUnsure,
    Flag::MentalHealth,
    Flag::SubstanceUse,
    Flag::StiHiv,
    Flag::Reproductive,
    Flag::Genetic,
    Flag::Abuse,
]);

/// Whether a finding is more than whom the mail goes to or comes from. The
/// sender's own speciality and telephone are known to everybody.
fn tells(kind: FindingKind, side: Side) -> bool {
    use FindingKind as K;
    let own = matches!(kind, K::Name | K::Email);
    let public = matches!(kind, K::Phone | K::Fax | K::Url | K::Address | K::Date);
    match (kind.class(), side) {
        (FindingClass::Context, _) => false,
        (FindingClass::Health, side) => side == Side::Recipients,
        (FindingClass::Identifier, Side::Recipients) => !own,
        (FindingClass::Identifier, Side::Sender) => !own && !public,
    }
}

fn is_health(kind: FindingKind) -> bool {
    kind.class() == FindingClass::Health
}

/// Whether a private person and health stand together: so few words are no
/// sentence about something else. "Jane Okafor, RN, diabetes educator" is staff.
fn names_and_tells(passage: &Passage<'_>, tags: &[Tag]) -> bool {
    let staff = Flags::of(&[
        Flag::Role,
        Flag::TitleBefore,
        Flag::TitleAfter,
        Flag::FacilitySuffix,
        Flag::Staff,
    ]);
    tags.iter().any(|tag| tag.kind == FindingKind::Name)
        && tags.iter().any(|tag| is_health(tag.kind))
        && !tags
            .iter()
            .any(|tag| tag.kind.class() == FindingClass::Context)
        && !passage.items.iter().any(|item| item.flags().any(staff))
}

/// Whether what stands on the sender's side is a patient's all the same.
fn is_patients(passage: &Passage<'_>, tags: &[Tag]) -> bool {
    use FindingKind as K;
    let has = |kinds: &[K]| tags.iter().any(|tag| kinds.contains(&tag.kind));
    let whole_name = |tag: &Tag| tag.kind == K::Name && tag.last - tag.first > 1;
    let number = has(&[K::Mrn, K::HealthPlanId, K::Ssn]);
    let of_somebody = |tag: &Tag| tag.kind == K::Name || is_health(tag.kind);
    let practice = |tag: &Tag| tag.kind.class() == FindingClass::Context;
    match number {
        true => tags.iter().any(of_somebody) && !tags.iter().any(practice),
        false => {
            tags.iter().any(whole_name)
                && has(&[K::Condition, K::Medication, K::Lab])
                && names_and_tells(passage, tags)
        }
    }
}

/// The lines of a text, each with its end.
fn lines(text: &[u8]) -> impl Iterator<Item = Range<usize>> {
    text.split_inclusive(|b| *b == b'\n').scan(0, |at, line| {
        let start = *at;
        *at += line.len();
        Some(start..*at)
    })
}

impl Scan<'_> {
    /// Reads what address fields say beside addresses, a line a name.
    pub(super) fn names(&mut self, part: Part, side: Side, text: &str) {
        let source = Source::names(part, text);
        for line in lines(&source.view.text) {
            let passage = self.read(&source.view.text, line.start, line.end, Region::Subject);
            self.name_in(&source, &passage, line, side);
            self.done(passage);
        }
    }

    /// Whether one of them may ask the code model.
    pub(super) fn names_ask(&mut self, part: Part, text: &str) -> bool {
        let source = Source::names(part, text);
        lines(&source.view.text).any(|line| {
            let passage = self.read(&source.view.text, line.start, line.end, Region::Subject);
            let asked = asks(&passage);
            self.done(passage);
            asked
        })
    }

    fn name_in(
        &mut self,
        source: &Source<'_>,
        passage: &Passage<'_>,
        range: Range<usize>,
        side: Side,
    ) {
        // Most are names alone: no model is asked.
        let more = passage.items.iter().any(|item| {
            let code = !matches!(item.kind, UnitKind::Word | UnitKind::Sign);
            code || item.flags().any(HEALTH)
        });
        let hosts = self.host_knows(source, range.clone());
        if !more && !hosts.iter().any(|kind| tells(*kind, side)) {
            return;
        }
        let mut tags = self.tags(source, passage);
        let side = match side {
            Side::Sender if is_patients(passage, &tags) => Side::Recipients,
            side => side,
        };
        let telling = tags.iter().any(|tag| tells(tag.kind, side));
        if !telling && !hosts.iter().any(|kind| tells(*kind, side)) {
            return;
        }
        if side == Side::Sender {
            tags.retain(|tag| tells(tag.kind, side));
        }
        if side == Side::Recipients && names_and_tells(passage, &tags) {
            let categories = tags.iter().filter_map(|tag| category_of(passage, tag));
            self.told_by_name.get_or_insert_default().extend(categories);
        }
        self.known_in(source, range);
        self.found_in(source, passage, tags);
    }
}
