//! Display names in address fields.
//!
//! A recipient's name identifies, as the address does, and the verdict knows
//! both already; the sender's own name and place of care are the context of the
//! mail. So a display name that is nothing but a name is no finding. One that
//! tells more ("John Smith - HIV results", "MRN 00482913") is read as a subject
//! is: it travels in clear, and everybody sees it. Where it names a person and
//! speaks of health it makes the message PHI by itself. On the sender's side most
//! that speak of health are a practice's ("Harbor HIV Clinic", "Lund Allergy"): there
//! it is a patient's with a number of care; or where a whole name stands with what is
//! said of one person ("HIV positive", "IVF cycle") and with nothing else: "Diabetes
//! UK" and "Migraine Blog" are whom or what one writes for.

use std::ops::Range;

use super::lexicon::{Flag, Flags, PROTECTED};
use super::passage::{Item, Passage, Region};
use super::phi::Scan;
use super::risk::summary::category_of;
use super::source::Source;
use super::tagger::{Tag, asks};
use super::token::hash;
use super::unit::UnitKind;
use super::{FindingClass, FindingKind, Part};
use crate::compose::Side;

/// What the word lists say of health.
const HEALTH: Flags = PROTECTED.union(Flags::of(&[
    Flag::Medication,
    Flag::MedicationUnsure,
    Flag::MedicationNear,
    Flag::Condition,
    Flag::ConditionUnsure,
    Flag::Procedure,
    Flag::ProcedureUnsure,
    Flag::Lab,
    Flag::LabUnsure,
]));

/// Words that say of a condition or the like that somebody has it.
const SAYS: [u32; 34] = [
    hash(b"abnormal"),
    hash(b"confirmed"),
    hash(b"detected"),
    hash(b"diagnosed"),
    hash(b"diagnosis"),
    hash(b"dose"),
    hash(b"dx"),
    hash(b"had"),
    hash(b"has"),
    hash(b"high"),
    hash(b"history"),
    hash(b"hx"),
    hash(b"level"),
    hash(b"levels"),
    hash(b"low"),
    hash(b"neg"),
    hash(b"negative"),
    hash(b"number"),
    hash(b"pos"),
    hash(b"positive"),
    hash(b"reactive"),
    hash(b"refill"),
    hash(b"refills"),
    hash(b"relapse"),
    hash(b"result"),
    hash(b"results"),
    hash(b"rx"),
    hash(b"stage"),
    hash(b"started"),
    hash(b"status"),
    hash(b"test"),
    hash(b"tested"),
    hash(b"tests"),
    hash(b"type"),
];
/// Words of a visit: they make one person's what is done there.
const VISIT: [u32; 25] = [
    hash(b"admission"),
    hash(b"admitted"),
    hash(b"appointment"),
    hash(b"appt"),
    hash(b"booked"),
    hash(b"consent"),
    hash(b"consult"),
    hash(b"consultation"),
    hash(b"cycle"),
    hash(b"discharge"),
    hash(b"discharged"),
    hash(b"follow"),
    hash(b"follow-up"),
    hash(b"followup"),
    hash(b"intake"),
    hash(b"post-op"),
    hash(b"postop"),
    hash(b"pre-op"),
    hash(b"preop"),
    hash(b"prep"),
    hash(b"referral"),
    hash(b"scheduled"),
    hash(b"today"),
    hash(b"tomorrow"),
    hash(b"visit"),
];
/// Words that may stand between all these.
const SMALL: [u32; 18] = [
    hash(b"a"),
    hash(b"after"),
    hash(b"and"),
    hash(b"due"),
    hash(b"for"),
    hash(b"her"),
    hash(b"his"),
    hash(b"is"),
    hash(b"my"),
    hash(b"new"),
    hash(b"of"),
    hash(b"on"),
    hash(b"re"),
    hash(b"the"),
    hash(b"to"),
    hash(b"up"),
    hash(b"w"),
    hash(b"with"),
];
/// What a procedure ends with that is somebody's work: "Karen Ellis, Psychotherapy".
const FIELD: [u32; 9] = [
    hash(b"care"),
    hash(b"counseling"),
    hash(b"counselling"),
    hash(b"hypnotherapy"),
    hash(b"medicine"),
    hash(b"planning"),
    hash(b"psychotherapy"),
    hash(b"testing"),
    hash(b"therapy"),
];

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
    let of_somebody = |tag: &Tag| tag.kind == K::Name || is_health(tag.kind);
    let number = |tag: &Tag| matches!(tag.kind, K::Mrn | K::HealthPlanId | K::Ssn);
    if tags.iter().any(number) {
        return tags.iter().any(of_somebody);
    }
    let whole_name = |tag: &Tag| tag.kind == K::Name && tag.last - tag.first > 1;
    tags.iter().any(whole_name)
        && names_and_tells(passage, tags)
        && beside(passage, tags).is_some_and(|beside| {
            let told = |tag| beside.tells_of_one(passage, tag);
            tags.iter().any(told)
        })
}

/// What stands in a display name beside a person and health, where it is nothing
/// but what a finding is said with.
#[derive(Default)]
struct Beside {
    says: bool,
    visit: bool,
    sign: bool,
}

/// That, or none where anything else stands there.
fn beside(passage: &Passage<'_>, tags: &[Tag]) -> Option<Beside> {
    let known = |tag: &Tag| {
        let known = tag.kind == FindingKind::Name || is_health(tag.kind);
        known || tag.kind == FindingKind::Date
    };
    let mut is_known = vec![false; passage.items.len()];
    for tag in tags.iter().filter(|tag| known(tag)) {
        let units = is_known.get_mut(tag.first..tag.last);
        units.unwrap_or_default().fill(true);
    }
    let mut beside = Beside {
        visit: tags.iter().any(|tag| tag.kind == FindingKind::Date),
        ..Beside::default()
    };
    for ((at, item), known) in passage.items.iter().enumerate().zip(is_known) {
        match item.kind {
            _ if known => {}
            // A firm's: `Crohn's & Colitis UK`.
            UnitKind::Sign if passage.bytes_of(at..at + 1) == b"&" => return None,
            UnitKind::Sign => beside.sign = true,
            UnitKind::Word => {
                let (says, visit) = (SAYS.contains(&item.hash), VISIT.contains(&item.hash));
                if !says && !visit && !SMALL.contains(&item.hash) {
                    return None;
                }
                beside.says |= says;
                beside.visit |= visit;
            }
            _ => {}
        }
    }
    Some(beside)
}

impl Beside {
    /// Whether a finding is somebody's. Right behind a name and in capitals it is part
    /// of one: "Beth Israel Diabetes". A procedure may be what one does for a living.
    fn tells_of_one(&self, passage: &Passage<'_>, tag: &Tag) -> bool {
        use FindingKind as K;
        let units = tag.first..tag.last;
        let items = passage.items.get(units.clone()).unwrap_or_default();
        let mut words = passage.bytes_of(units).split(u8::is_ascii_whitespace);
        let says = self.says || items.iter().any(|item| SAYS.contains(&item.hash));
        let apart = says || self.visit || self.sign;
        let mut in_name = || words.all(|word| word.first().is_some_and(u8::is_ascii_uppercase));
        match tag.kind {
            K::Condition | K::Medication | K::Lab => apart || !in_name(),
            K::Procedure if self.visit => true,
            K::Procedure => {
                let field = |item: &Item| FIELD.contains(&item.hash);
                let field = items.last().is_some_and(field);
                (apart || !in_name()) && !field && category_of(passage, tag).is_some()
            }
            _ => false,
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
