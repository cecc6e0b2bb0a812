//! What holds whatever the models say, and what led to a finding.
//!
//! A number with a right check digit and a label is what the label says; the
//! models decide where shape and words alone must.

mod amend;
mod encoded;
mod own;
mod people;
mod references;
mod wrapped;

pub(super) use amend::amend;
pub(super) use encoded::encoded;
pub(super) use own::own;
pub(super) use people::{bare, greets, is_person, people, title_before, without_title};
pub(super) use references::references;
pub(super) use wrapped::wrapped;

use super::check;
use super::envelope::{looks_personal, parted};
use super::extract::Hint;
use super::lexicon::{Class, Flag, HEALTH, Lexicon, NAMES};
use super::passage::{Item, Passage, Region};
use super::tagger::Tag;
use super::token::{Gap, hash};
use super::unit::{Facts, UnitKind};
use super::{Confidence, Evidence, FindingClass, FindingKind};

/// The label before an item, as a flag's distance from the first cue.
pub(super) fn cue(item: &Item, flag: Flag) -> bool {
    item.cue != 0
        && u32::from(item.cue - 1) == flag as u32 - Flag::CueSsn as u32
        && item.cue_distance <= 8
}

/// Whether shape, check digit or label can make anything certain of an item:
/// of most they cannot.
fn may_be_certain(item: &Item) -> bool {
    let kinds = [UnitKind::Number, UnitKind::Code, UnitKind::Date];
    item.facts != Facts::default() || kinds.contains(&item.kind)
}

/// The kind that shape, check digit and label make certain.
fn certain(item: &Item) -> Option<FindingKind> {
    let facts = item.facts;
    if facts.has(Facts::FAKE) {
        return None;
    }
    let against = cue(item, Flag::CueNegative);
    if facts.has(Facts::MBI) && !against {
        return Some(FindingKind::HealthPlanId);
    }
    if facts.has(Facts::IBAN) {
        return Some(FindingKind::BankAccount);
    }
    if facts.has(Facts::VIN) && (cue(item, Flag::CueVehicle) || !against) {
        return Some(FindingKind::Vehicle);
    }
    if facts.has(Facts::CARD) && (facts.has(Facts::GROUPED) && !against || cue(item, Flag::CueCard))
    {
        return Some(FindingKind::CreditCard);
    }
    // Without its label the shape alone counts where no other label claims it.
    let unclaimed = item.cue == 0 || item.cue_distance > 4;
    let shaped = facts.has(Facts::SSN_SHAPE);
    if shaped && facts.has(Facts::SSN_VALID) && unclaimed
        || cue(item, Flag::CueSsn) && (shaped || facts.has(Facts::SSN_VALID))
    {
        return Some(FindingKind::Ssn);
    }
    if facts.has(Facts::NPI) && cue(item, Flag::CueNpi) {
        return Some(FindingKind::Npi);
    }
    if facts.has(Facts::DEA) && cue(item, Flag::CueDea) {
        return Some(FindingKind::Dea);
    }
    None
}

/// The kind that the word right before makes certain: `MRN: 00482913`,
/// `aged 94`.
fn told(passage: &Passage<'_>, at: usize, item: &Item) -> Option<FindingKind> {
    let number = matches!(item.kind, UnitKind::Number | UnitKind::Code);
    if item.kind == UnitKind::Date && cue(item, Flag::CueBirth) && item.cue_distance <= 3 {
        let whole = item.facts.has(Facts::YEAR) && !item.facts.has(Facts::DUMMY_DATE);
        return whole.then_some(FindingKind::Date);
    }
    if is_numbered(passage, at, item) && cue(item, Flag::CueMrn) && item.cue_distance <= 2 {
        let digits = |b: &&u8| b.is_ascii_digit();
        if passage.bytes(at).iter().filter(digits).count() >= 5 {
            return Some(FindingKind::Mrn);
        }
    }
    if item.facts.has(Facts::VIN_SHAPE) && cue(item, Flag::CueVehicle) && item.cue_distance <= 3 {
        return Some(FindingKind::Vehicle);
    }
    if item.facts.has(Facts::OVER_89) {
        let before = |n: usize| at.checked_sub(n).map_or(&[][..], |n| passage.bytes(n));
        let is = |word: &[u8], words: &[&[u8]]| words.iter().any(|w| word.eq_ignore_ascii_case(w));
        let speaks = match item.kind {
            // `94` of `94 years old`, not `94th`.
            UnitKind::Age => {
                passage.bytes(at).iter().all(u8::is_ascii_digit)
                    && is(before(1), &[b"is", b"was", b"turned", b"turns"])
                    && is(before(2), &[b"he", b"she", b"who"])
            }
            _ => {
                let colon = usize::from(before(1) == b":");
                let words: [&[u8]; 5] = [b"age", b"aged", b"turns", b"turned", b"edad"];
                number && is(before(1 + colon), &words)
            }
        };
        return speaks.then_some(FindingKind::AgeOver89);
    }
    None
}

/// Whether an item may be a number of any kind: `20250507` may be one that only
/// looks like a day.
fn is_numbered(passage: &Passage<'_>, at: usize, item: &Item) -> bool {
    match item.kind {
        UnitKind::Number | UnitKind::Code => true,
        UnitKind::Date => passage.bytes(at).iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

/// Whether a unit is a range of results or an amount: `0.70-1.30`, `40mg/0.4mL`.
/// Identifiers look otherwise.
fn is_measure(bytes: &[u8]) -> bool {
    let figure = |part: &[u8], points: usize| {
        let digits = part.iter().filter(|b| b.is_ascii_digit()).count();
        let others = part.len() - digits;
        (1..=4).contains(&digits)
            && others == part.iter().filter(|b| **b == b'.').count()
            && (points..=1).contains(&others)
    };
    let dash = bytes.iter().position(|b| *b == b'-');
    if let Some((low, high)) = dash.and_then(|at| bytes.split_at_checked(at)) {
        return figure(low, 1) && figure(&high[1..], 1);
    }
    let amount = |part: &[u8]| {
        let letters = part.iter().rev().take_while(|b| b.is_ascii_alphabetic());
        let (number, unit) = part.split_at(part.len() - letters.count());
        let units: [&[u8]; 6] = [b"mg", b"mcg", b"g", b"ml", b"units", b"meq"];
        figure(number, 0) && units.iter().any(|u| unit.eq_ignore_ascii_case(u))
    };
    bytes.contains(&b'/') && bytes.split(|b| *b == b'/').all(amount)
}

/// Whether a number is one of an employer, by how it is grouped and what it is
/// called: `TIN 84-1150922`.
fn is_employers(passage: &Passage<'_>, at: usize) -> bool {
    let number = passage.bytes(at);
    let called = |n: usize| {
        let word = passage.bytes(n);
        let words: [&[u8]; 5] = [b"tin", b"ein", b"fein", b"tax", b"employer"];
        words.iter().any(|w| word.eq_ignore_ascii_case(w))
    };
    number.len() == 10 && number.get(2) == Some(&b'-') && (at.saturating_sub(4)..at).any(called)
}

/// Units of a parted number at most: nine digits, and a sign behind each.
const PARTS: usize = 18;

/// Where a labelled number of nine digits ends, however they are grouped: a
/// blank in an unusual place parts it into several units (`SSN 281-15-98 04`).
fn parted_ssn(passage: &Passage<'_>, at: usize, item: &Item) -> Option<usize> {
    if !cue(item, Flag::CueSsn) || item.cue_distance > 2 || is_employers(passage, at) {
        return None;
    }
    let (mut number, mut digits) = ([0; 9], 0);
    for (n, unit) in passage.items.iter().enumerate().skip(at).take(PARTS) {
        let bytes = passage.bytes(n);
        let joins = |b: &u8| b.is_ascii_digit() || b" -.".contains(b);
        if n > at && unit.gap > Gap::Space || !bytes.iter().all(joins) {
            return None;
        }
        for byte in bytes.iter().filter(|b| b.is_ascii_digit()) {
            *number.get_mut(digits)? = byte - b'0';
            digits += 1;
        }
        if digits == number.len() {
            let (_, fake) = check::ssn(&number);
            return (!fake).then_some(n + 1);
        }
    }
    None
}

/// Adds what is certain and was not tagged, and, where the model for words did
/// not run, the health terms of the lists.
pub(super) fn apply(passage: &Passage<'_>, tags: &mut Vec<Tag>, names: bool) {
    // Numbers of several units: what stands in them is told once.
    let mut numbers: Vec<(usize, usize)> = Vec::new();
    for tag in tags.iter_mut() {
        // What is called a record number right before it is one.
        let called = passage.items.get(tag.first).is_some_and(|item| {
            cue(item, Flag::CueMrn)
                && item.cue_distance <= 2
                && is_numbered(passage, tag.first, item)
        });
        let item = passage.items.get(tag.first);
        let parted = item.and_then(|item| parted_ssn(passage, tag.first, item));
        if tag.last == tag.first + 1
            && let Some(kind) = item.and_then(certain)
        {
            (tag.kind, tag.margin) = (kind, tag.margin.max(0));
        } else if let Some(last) = parted.filter(|last| *last >= tag.last) {
            (tag.kind, tag.last) = (FindingKind::Ssn, last);
            tag.margin = tag.margin.max(0);
            numbers.push((tag.first, tag.last));
        } else if called
            && matches!(
                tag.kind,
                FindingKind::OtherId
                    | FindingKind::Account
                    | FindingKind::Address
                    | FindingKind::Date
            )
        {
            tag.kind = FindingKind::Mrn;
        }
    }
    tags.retain(|tag| !is_nothing(passage, tag));
    let before = tags.len();
    // Between the tags, which are in order and may overlap.
    let (mut next, mut free) = (0, 0);
    for &at in &passage.notable {
        while let Some(tag) = tags.get(next).filter(|t| next < before && t.first <= at) {
            free = free.max(tag.last);
            next += 1;
        }
        if at >= free
            && let Some(item) = passage.items.get(at)
        {
            let many = tags.len();
            untagged(passage, at, item, names, tags);
            if let Some(tag) = tags.get(many) {
                free = free.max(tag.last);
                if tag.kind == FindingKind::Ssn {
                    numbers.push((tag.first, tag.last));
                }
            }
        }
    }
    if tags.len() > before {
        tags.sort_by_key(|t| (t.first, t.last));
    }
    if !numbers.is_empty() {
        numbers.sort_unstable();
        let mut n = 0;
        tags.retain(|tag| {
            while numbers.get(n).is_some_and(|number| number.1 <= tag.first) {
                n += 1;
            }
            let number = numbers.get(n);
            number.is_none_or(|(first, last)| tag.first <= *first || tag.last > *last)
        });
    }
}

/// Whether a tag's unit is none of what it is tagged as: a measure that is taken
/// for a number of somebody's, the month of `To whom it may concern`.
fn is_nothing(passage: &Passage<'_>, tag: &Tag) -> bool {
    if tag.last != tag.first + 1 {
        return false;
    }
    match tag.kind {
        FindingKind::Date => {
            let word = |n: usize, word: &[u8]| passage.bytes(n).eq_ignore_ascii_case(word);
            tag.first > 0
                && word(tag.first, b"may")
                && word(tag.first - 1, b"it")
                && word(tag.last, b"concern")
        }
        FindingKind::License
        | FindingKind::OtherId
        | FindingKind::Account
        | FindingKind::Device
        | FindingKind::Biometric => {
            let called = passage.items.get(tag.first);
            let called = called.is_some_and(|item| item.cue != 0 && item.cue_distance <= 4);
            !called && is_measure(passage.bytes(tag.first))
        }
        _ => false,
    }
}

/// Adds what is certain of an item that no tag has.
fn untagged(passage: &Passage<'_>, at: usize, item: &Item, names: bool, tags: &mut Vec<Tag>) {
    let certain = match may_be_certain(item) {
        true => certain(item).or_else(|| told(passage, at, item)),
        false => None,
    };
    if let Some(kind) = certain {
        tags.push(Tag {
            first: at,
            last: at + 1,
            kind,
            margin: 0,
        });
    } else if let Some(last) = parted_ssn(passage, at, item) {
        tags.push(Tag {
            first: at,
            last,
            kind: FindingKind::Ssn,
            margin: 0,
        });
    } else if !names
        && item.kind == UnitKind::Word
        && (item.phrase_first || item.phrase.is_empty())
        && let Some(kind) = listed(match item.phrase_first {
            true => item.phrase,
            false => item.word,
        })
    {
        let behind = passage.items.get(at + 1..).unwrap_or_default().iter();
        let more =
            |next: &&Item| item.phrase_first && !next.phrase_first && next.phrase == item.phrase;
        tags.push(Tag {
            first: at,
            last: at + 1 + behind.take_while(more).count(),
            kind,
            margin: 0,
        });
    }
}

/// Adds the addresses of persons that have no tag: mails hold few, so that a
/// model has not seen what all stands around them. Those in the sender's own
/// domain are the staff's, as far as the models do not say otherwise.
pub(super) fn addresses(passage: &Passage<'_>, tags: &mut Vec<Tag>, senders: &[u32]) {
    if matches!(
        passage.region,
        Region::Header | Region::FileName | Region::Style
    ) {
        return;
    }
    let before = tags.len();
    // Between the tags, as above.
    let (mut next, mut free) = (0, 0);
    for &at in &passage.notable {
        while let Some(tag) = tags.get(next).filter(|t| next < before && t.first <= at) {
            free = free.max(tag.last);
            next += 1;
        }
        let is_address = passage.items.get(at).map(|item| item.kind) == Some(UnitKind::Email);
        if !is_address || at < free {
            continue;
        }
        let address = String::from_utf8_lossy(passage.bytes(at)).to_lowercase();
        let (_, domain) = parted(&address);
        let house = domain.split('.').next().unwrap_or_default();
        let own = senders.binary_search(&hash(house.as_bytes())).is_ok();
        if looks_personal(&address) && !own {
            tags.push(Tag {
                first: at,
                last: at + 1,
                kind: FindingKind::Email,
                margin: 0,
            });
        }
    }
    if tags.len() > before {
        tags.sort_by_key(|t| (t.first, t.last));
    }
}

/// Puts what the format itself says in the place of what the models say.
/// `hints` are ranges of the view.
pub(super) fn hinted(passage: &Passage<'_>, tags: &mut Vec<Tag>, hints: &[Hint]) {
    // Most texts have no format.
    if hints.is_empty() {
        return;
    }
    let mut told: Vec<Tag> = Vec::new();
    // Hints are in the order of the text: those of earlier passages are passed by.
    let start = passage.spans.first().map_or(0, |u| u.start as usize);
    let mut next = hints.partition_point(|h| h.range.end <= start);
    let mut at = 0;
    let end = passage.spans.last().map_or(0, |u| u.end as usize);
    while let Some(Hint {
        range,
        kind,
        confidence,
    }) = hints.get(next)
    {
        if range.start >= end {
            break;
        }
        while passage
            .spans
            .get(at)
            .is_some_and(|u| u.end as usize <= range.start)
        {
            at += 1;
        }
        let last = (at..passage.spans.len())
            .take_while(|n| (passage.spans[*n].start as usize) < range.end)
            .last()
            .map_or(at, |n| n + 1);
        if last > at {
            told.push(Tag {
                first: at,
                last,
                kind: *kind,
                margin: match confidence {
                    Confidence::High => FORMAT,
                    _ => GUESSED,
                },
            });
        }
        next += 1;
    }
    if told.is_empty() {
        return;
    }
    let mut n = 0;
    tags.retain(|tag| {
        while told.get(n).is_some_and(|t| t.last <= tag.first) {
            n += 1;
        }
        told.get(n).is_none_or(|t| t.first >= tag.last)
    });
    tags.append(&mut told);
    tags.sort_by_key(|t| (t.first, t.last));
}

/// The margins of what the format says, and of what a guessed one does.
const FORMAT: i16 = i16::MAX;
const GUESSED: i16 = FORMAT - 1;

/// The kind of a term that is nothing else.
fn listed(class: Class) -> Option<FindingKind> {
    if !Lexicon::get().marks(class).listed() {
        return None;
    }
    let flags = class.flags();
    let kinds = [
        (Flag::Medication, FindingKind::Medication),
        (Flag::Condition, FindingKind::Condition),
        (Flag::Procedure, FindingKind::Procedure),
        (Flag::Lab, FindingKind::Lab),
    ];
    kinds
        .into_iter()
        .find(|(flag, _)| flags.has(*flag))
        .map(|(_, kind)| kind)
}

/// Whether `ICD-10` stands right before: a unit of its own, which is no word
/// that a label is made of.
fn is_called_icd(passage: &Passage<'_>, at: usize) -> bool {
    let called = |n: usize| {
        let name = passage.bytes(n).get(..4);
        name.is_some_and(|name| name.eq_ignore_ascii_case(b"icd-"))
    };
    (at.saturating_sub(3)..at).any(called)
}

/// How sure a tag is, and why.
pub(super) fn evidence(passage: &Passage<'_>, tag: &Tag) -> (Confidence, Vec<Evidence>) {
    let mut evidence = Vec::with_capacity(4);
    let items = passage.items.get(tag.first..tag.last).unwrap_or_default();
    let checks = Facts(
        Facts::CARD.0
            | Facts::IBAN.0
            | Facts::VIN.0
            | Facts::MBI.0
            | Facts::NPI.0
            | Facts::DEA.0
            | Facts::LOINC.0,
    );
    let checked = matches!(
        tag.kind,
        FindingKind::CreditCard
            | FindingKind::BankAccount
            | FindingKind::Vehicle
            | FindingKind::HealthPlanId
            | FindingKind::Npi
            | FindingKind::Dea
            | FindingKind::Loinc
    );
    let checksum = checked
        && items
            .iter()
            .any(|i| i.facts.has(checks) && !i.facts.has(Facts::FAKE));
    let label = items
        .first()
        .is_some_and(|i| label_of(tag.kind).is_some_and(|flag| cue(i, flag)))
        || tag.kind == FindingKind::Icd10 && is_called_icd(passage, tag.first);
    let listed = tag.kind.class() == FindingClass::Health
        && items
            .iter()
            .any(|i| i.flags().any(HEALTH) || i.facts.has(Facts(Facts::ICD.0 | Facts::HCPCS.0)))
        || matches!(tag.kind, FindingKind::Name | FindingKind::Provider)
            && items.iter().any(|i| i.word.flags().any(NAMES));
    let against = items.first().is_some_and(|i| cue(i, Flag::CueNegative));
    let shaped = items
        .iter()
        .any(|i| !matches!(i.kind, UnitKind::Word | UnitKind::Sign));
    for (found, what) in [
        (shaped, Evidence::Shape),
        (checksum, Evidence::Checksum),
        (label, Evidence::Label),
        (listed, Evidence::Dictionary),
        (tag.margin >= GUESSED, Evidence::Structure),
        (tag.margin != 0 && tag.margin < GUESSED, Evidence::Model),
        (against, Evidence::Against),
    ] {
        if found {
            evidence.push(what);
        }
    }
    let confidence = match tag.margin {
        _ if checksum && label => Confidence::High,
        _ if checksum || label => Confidence::High,
        GUESSED => Confidence::Medium,
        80.. => Confidence::High,
        _ if tag.is_leant() => Confidence::Low,
        25.. => Confidence::Medium,
        _ if listed => Confidence::Medium,
        _ => Confidence::Low,
    };
    (confidence, evidence)
}

/// The label that names a kind.
fn label_of(kind: FindingKind) -> Option<Flag> {
    Some(match kind {
        FindingKind::Ssn => Flag::CueSsn,
        FindingKind::Mrn => Flag::CueMrn,
        FindingKind::HealthPlanId => Flag::CuePlan,
        FindingKind::Account => Flag::CueAccount,
        FindingKind::License => Flag::CueLicense,
        FindingKind::Vehicle => Flag::CueVehicle,
        FindingKind::Device => Flag::CueDevice,
        FindingKind::OtherId => Flag::CueOther,
        FindingKind::Phone => Flag::CuePhone,
        FindingKind::Fax => Flag::CueFax,
        FindingKind::Email => Flag::CueEmail,
        FindingKind::Date => Flag::CueBirth,
        FindingKind::CreditCard => Flag::CueCard,
        FindingKind::BankAccount => Flag::CueBank,
        FindingKind::Ip => Flag::CueIp,
        FindingKind::Biometric => Flag::CueBiometric,
        FindingKind::Npi => Flag::CueNpi,
        FindingKind::Dea => Flag::CueDea,
        FindingKind::Ndc => Flag::CueNdc,
        FindingKind::Loinc => Flag::CueLoinc,
        FindingKind::Icd10 => Flag::CueIcd,
        FindingKind::Cpt => Flag::CueCpt,
        FindingKind::Name => Flag::CueName,
        FindingKind::Provider => Flag::CueProvider,
        FindingKind::Address => Flag::CueAddress,
        FindingKind::Url => Flag::CueUrl,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dlp::passage::Region;

    /// What the rules say of a text; of one where the models took the first
    /// number for a date, the last, and each.
    fn told(text: &str) -> [Vec<(FindingKind, &str)>; 4] {
        let passage = Passage::read(text.as_bytes(), 0, text.len(), Region::Body);
        let number = |at: &usize| passage.bytes(*at).iter().any(u8::is_ascii_digit);
        let date = |first| Tag {
            first,
            last: first + 1,
            kind: FindingKind::Date,
            margin: 60,
        };
        let all: Vec<Tag> = (0..passage.items.len()).filter(number).map(date).collect();
        let one = |tag: Option<&Tag>| tag.copied().into_iter().collect();
        [vec![], one(all.first()), one(all.last()), all.clone()].map(|mut tags| {
            apply(&passage, &mut tags, true);
            let span = |tag: &Tag| {
                let (first, last) = (passage.spans[tag.first], passage.spans[tag.last - 1]);
                (tag.kind, &text[first.start as usize..last.end as usize])
            };
            tags.iter().map(span).collect()
        })
    }

    fn ssns(text: &str) -> [usize; 4] {
        let is_ssn = |(kind, _): &&(FindingKind, &str)| *kind == FindingKind::Ssn;
        told(text).map(|tags| tags.iter().filter(is_ssn).count())
    }

    #[test]
    fn what_the_model_only_leans_towards_is_of_low_confidence() {
        let text = b"Grant brings the band.";
        let passage = Passage::read(text, 0, text.len(), Region::Body);
        let told = |margin| {
            let (first, last, kind) = (0, 1, FindingKind::Name);
            let tag = Tag {
                first,
                last,
                kind,
                margin,
            };
            evidence(&passage, &tag)
        };
        let why = vec![Evidence::Dictionary, Evidence::Model];
        assert_eq!(told(-1), (Confidence::Low, why.clone()));
        assert_eq!(told(1), (Confidence::Medium, why.clone()));
        assert_eq!(told(80), (Confidence::High, why));
    }

    /// Whatever the model took it for.
    #[test]
    fn what_is_certain_is_not_leant_towards() {
        let text = b"SSN 281-15-9804";
        let passage = Passage::read(text, 0, text.len(), Region::Body);
        let last = passage.items.len();
        let mut tags = vec![Tag {
            first: last - 1,
            last,
            kind: FindingKind::Biometric,
            margin: -20,
        }];
        apply(&passage, &mut tags, true);
        assert_eq!(tags.len(), 1);
        assert_eq!(tags[0].kind, FindingKind::Ssn);
        assert!(!tags[0].is_leant());
    }

    #[test]
    fn a_labelled_number_that_blanks_part_is_an_ssn_whatever_the_models_say() {
        for (text, ssn) in [
            ("SSN 281-15-98 04", "281-15-98 04"),
            ("Her SSN: 2 81-15-9804.", "2 81-15-9804"),
            ("SSN 281 159 804, and", "281 159 804"),
            ("SSN 2811 59 804", "2811 59 804"),
            ("Social Security number 28 11 59 804", "28 11 59 804"),
        ] {
            let wanted = vec![(FindingKind::Ssn, ssn)];
            assert_eq!(told(text), [(); 4].map(|()| wanted.clone()), "{text}");
        }
        for text in [
            "SSN 281-15-98 0",
            "SSN 281-15-98 041",
            "Ref 281-15-98 04",
            "SSN 281-15-98\n04",
            "SSN 281-15-98 and 04",
            "SSN ends in 98 04",
            // A specimen's.
            "SSN 078-05-11 20",
            "SSN 0000 00000",
        ] {
            assert_eq!(ssns(text), [0; 4], "{text}");
        }
    }
}
