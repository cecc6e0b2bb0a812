//! What the code model sees of a unit: what the unit is by itself, whose sums
//! are kept, and what stands around it.

use super::context::Context;
use super::features::{GroupsOf, Rows, labels_as_number, prefix};
use super::labels::CODE_LABELS;
use super::memo::Memo;
use super::model::Weights;
use crate::dlp::lexicon::Class;
use crate::dlp::passage::{Item, Passage, Region};
use crate::dlp::token::{Gap, join};
use crate::dlp::unit::{Facts, UnitKind};

struct Window<'p, 'a> {
    passage: &'p Passage<'a>,
    at: usize,
}

impl<'p> Window<'p, '_> {
    fn item(&self, offset: isize) -> Option<&'p Item> {
        self.at
            .checked_add_signed(offset)
            .and_then(|n| self.passage.items.get(n))
    }

    fn gap(&self, offset: isize) -> Gap {
        self.item(offset).map_or(Gap::Paragraph, |i| i.gap)
    }

    fn word(&self, offset: isize) -> Class {
        self.item(offset).map(|i| i.word).unwrap_or_default()
    }

    fn shape(&self, offset: isize) -> u32 {
        self.item(offset)
            .map_or(31, |i| i.shape as u32 | (i.kind as u32) << 4)
    }

    /// Whether it is the first of its line.
    fn line_start(&self) -> bool {
        self.gap(0) >= Gap::Line
    }
}

/// Where features go: those that hang on the unit itself and on what the mail
/// is, and those that hang on what stands around it.
trait Sink {
    /// Whether any of these is wanted.
    const OWN: bool;
    const AROUND: bool;

    fn add(&mut self, template: u32, value: u32);

    #[inline(always)]
    fn own(&mut self, template: u32, value: u32) {
        if Self::OWN {
            self.add(template, value);
        }
    }

    #[inline(always)]
    fn around(&mut self, template: u32, value: u32) {
        if Self::AROUND {
            self.add(template, value);
        }
    }
}

/// The rows of the features that are wanted.
struct Wanted<'r, const OWN: bool, const AROUND: bool>(&'r mut Rows);

impl<const OWN: bool, const AROUND: bool> Sink for Wanted<'_, OWN, AROUND> {
    const OWN: bool = OWN;
    const AROUND: bool = AROUND;

    #[inline(always)]
    fn add(&mut self, template: u32, value: u32) {
        self.0.add(template, value);
    }
}

/// All that the code model sees of a unit, in order.
#[cfg(any(test, feature = "training"))]
pub(crate) fn code(passage: &Passage<'_>, context: &Context, at: usize, rows: &mut Rows) {
    each(passage, context, at, &mut Wanted::<true, true>(rows));
}

/// Sums of what units are by themselves, the bias among them.
///
/// They outlive a message, as those of words do: of a code no more is kept than
/// its pattern, what shape and check digits say of it, and the label before it.
#[derive(Default)]
pub(crate) struct Codes {
    own: Memo<u128, [i16; CODE_LABELS], 11>,
}

impl Codes {
    /// The score of each label of a unit; that of none is 0.
    pub(crate) fn score(
        &mut self,
        passage: &Passage<'_>,
        context: &Context,
        weights: &Weights<CODE_LABELS>,
        at: usize,
    ) -> [i16; CODE_LABELS] {
        // Not kept: they tell neighbouring words and first letters.
        let mut rows = Rows::new();
        let mut by_itself = || {
            let mut sums = *weights.bias();
            each(passage, context, at, &mut Wanted::<true, false>(&mut rows));
            weights.add(&rows, &mut sums);
            rows.clear();
            sums
        };
        let mut sums = match own_key(passage, context, at) {
            Some(key) => *self.own.get(key, by_itself),
            None => by_itself(),
        };
        each(passage, context, at, &mut Wanted::<false, true>(&mut rows));
        weights.add(&rows, &mut sums);
        sums
    }
}

/// All that a unit's own features hang on. Of words, links and addresses none
/// is kept: they seldom come again, and their patterns say more.
fn own_key(passage: &Passage<'_>, context: &Context, at: usize) -> Option<u128> {
    let item = passage.items.get(at)?;
    let kept = !matches!(item.kind, UnitKind::Word | UnitKind::Url | UnitKind::Email);
    let rest = u64::from(item.cue)
        | u64::from(near(item)) << 8
        | (item.kind as u64) << 16
        | (passage.region as u64) << 24
        | u64::from(context.care()) << 32
        | u64::from(context.speech()) << 40
        | u64::from(context.prior) << 48;
    let word = u64::from(item.hash) | u64::from(item.facts.0) << 32;
    kept.then(|| u128::from(word) | u128::from(rest) << 64)
}

/// How far away the label before it is, in four steps.
fn near(item: &Item) -> u32 {
    match item.cue_distance {
        0..=2 => 1,
        3..=4 => 2,
        5..=8 => 3,
        _ => 4,
    }
}

#[inline(never)]
fn each<S: Sink>(passage: &Passage<'_>, context: &Context, at: usize, out: &mut S) {
    let w = Window { passage, at };
    let Some(item) = w.item(0) else { return };
    let kind = item.kind as u32;
    let cue = u32::from(item.cue);
    let near = near(item);
    let strong = item.facts.0
        & (Facts::CARD.0
            | Facts::IBAN.0
            | Facts::VIN.0
            | Facts::MBI.0
            | Facts::NPI.0
            | Facts::DEA.0
            | Facts::ICD.0
            | Facts::HCPCS.0
            | Facts::LOINC.0
            | Facts::NDC_SHAPE.0
            | Facts::SSN_SHAPE.0
            | Facts::ICD_DOTTED.0
            | Facts::CPT_SHAPE.0
            | Facts::OVER_89.0
            | Facts::MASKED.0
            | Facts::UNIQUE.0);
    let year = u32::from(item.facts.has(Facts::YEAR));
    let region = passage.region as u32;
    let (care, speech) = (context.care(), context.speech());
    let prior = u32::from(context.prior);

    let around = match S::AROUND {
        true => Around::of(&w, item),
        false => Around::default(),
    };
    let Around {
        before,
        behind: [next, further],
        people,
        labels,
        right,
        ..
    } = around;
    let bytes = around.bytes;

    let mut facts = item.facts.0;
    out.own(101, kind);
    out.own(102, join(kind, facts));
    while S::OWN && facts != 0 {
        out.own(103, join(kind, facts.trailing_zeros() + 1));
        facts &= facts - 1;
    }
    out.own(104, item.hash);
    out.own(105, join(cue, kind));
    out.own(106, join(cue, join(near, kind)));
    out.own(107, join(cue, join(near, item.hash)));
    out.own(108, join(cue, join(strong, kind)));
    out.around(109, join(before[0], kind));
    out.around(110, join(before[1], kind));
    out.around(111, join(before[2], kind));
    out.around(112, join(next, kind));
    out.around(113, join(further, kind));
    out.around(114, join(before[0], join(before[1], kind)));
    out.around(115, join(before[0], item.hash));
    out.around(116, join(labels, kind));
    out.around(117, join(right, kind));
    out.around(118, join(right, join(cue, strong)));
    out.own(119, join(region, kind));
    out.own(120, join(care, kind));
    out.own(121, join(care, join(kind, cue)));
    out.own(122, join(speech, kind));
    out.own(123, join(speech, join(care, join(kind, year))));
    out.own(140, join(prior, kind));
    out.own(141, join(prior, join(kind, join(cue, near))));
    out.around(142, join(prior, join(kind, before[0])));
    out.own(143, join(prior, join(kind, item.facts.0)));
    out.own(144, join(prior, join(kind, region)));
    out.own(145, join(prior, join(kind, item.hash)));
    if !S::AROUND {
        return;
    }
    let length = u32::try_from(bytes.len().min(24)).unwrap_or(24);
    let names = [-1, 1].map(|n| around.groups.of(w.word(n)).name);
    let beside = [-1, 1].map(|n| join(around.groups.persons_and_health(w.item(n)), kind));
    out.around(124, join(length, kind));
    out.around(125, join(prefix::<2>(bytes), kind));
    out.around(126, join(prefix::<3>(bytes), length));
    out.around(127, join(w.shape(-1), join(w.shape(1), kind)));
    out.around(128, join(item.gap as u32, join(w.gap(1) as u32, kind)));
    out.around(129, join(names[1], join(names[0], kind)));
    out.around(130, beside[0]);
    out.around(131, beside[1]);
    out.around(132, join(u32::from(w.line_start()), join(kind, next)));
    out.around(133, join(decade(bytes, item), kind));
    out.around(134, join(people, kind));
    out.around(135, join(people, join(care, kind)));
    if let Some(n) = around.word {
        let word = before.get(n).copied().unwrap_or(1);
        let other = before.get(n + 1).copied().unwrap_or(1);
        out.around(136, join(word, kind));
        out.around(137, join(word, join(other, kind)));
        out.around(138, join(word, item.hash));
    }
    for far in &before[3..6] {
        out.around(139, join(*far, kind));
    }
}

/// What stands around a unit.
#[derive(Default)]
struct Around<'p> {
    bytes: &'p [u8],
    /// The words, or what kinds of things, or the edge of the text: of nine
    /// units before it, the nearest first, and of two behind.
    before: [u32; 9],
    behind: [u32; 2],
    /// The nearest word among the first eight before it.
    word: Option<usize>,
    /// The labels before it on its line, as one number.
    labels: u32,
    /// The labels behind it, three units at most.
    right: u32,
    /// Whether names or titles stand on its line before it, and what else of
    /// that sort: 4 bits.
    people: u32,
    groups: GroupsOf,
}

impl<'p> Around<'p> {
    fn of(w: &Window<'p, '_>, item: &Item) -> Self {
        let groups = GroupsOf::get();
        let items = &w.passage.items;
        let mut around = Self {
            bytes: w.passage.bytes(w.at),
            before: [1; 9],
            behind: [1; 2],
            word: None,
            labels: 0,
            right: 0,
            people: 0,
            groups,
        };
        let of = |item: &Item, edge: bool| match item.kind {
            _ if edge => 2,
            UnitKind::Word | UnitKind::Sign => item.hash,
            kind => kind as u32 + 16,
        };
        // What stands before it, up to the line's start for all but words.
        let (mut line, mut edge) = (item.gap < Gap::Line, item.gap == Gap::Paragraph);
        let (mut labels, mut people) = (0, 0);
        let nearest = items.get(..w.at).unwrap_or_default().iter().rev();
        for (n, item) in nearest.take(LINE).enumerate() {
            if let Some(hash) = around.before.get_mut(n) {
                *hash = of(item, edge);
                edge |= item.gap == Gap::Paragraph;
                let word = n < 8 && item.kind == UnitKind::Word;
                if word && around.word.is_none() {
                    around.word = Some(n);
                }
            } else if !line {
                break;
            }
            if line {
                let (here, more) = groups.line(item);
                labels |= here;
                people |= if n < PEOPLE { more } else { 0 };
            }
            line &= item.gap < Gap::Line;
        }
        edge = false;
        let (mut right, mut line) = (0, true);
        let behind = items.get(w.at + 1..).unwrap_or_default();
        for (n, item) in behind.iter().take(3).enumerate() {
            edge |= item.gap == Gap::Paragraph;
            line &= item.gap < Gap::Line;
            if let Some(hash) = around.behind.get_mut(n) {
                *hash = of(item, edge);
            }
            if line {
                right |= groups.line(item).0;
            }
        }
        around.labels = labels_as_number(labels);
        around.right = labels_as_number(right);
        around.people = people;
        around
    }
}

/// Units of a line whose labels are seen, and whose people.
const LINE: usize = 12;
const PEOPLE: usize = 10;

/// The decade of a date's year: births lie further back than visits.
fn decade(bytes: &[u8], item: &Item) -> u32 {
    if !matches!(item.kind, UnitKind::Date | UnitKind::Month) || !item.facts.has(Facts::YEAR) {
        return 99;
    }
    let mut number = 0u32;
    let mut digits = 0;
    let mut found = 0;
    for &b in bytes.iter().chain(b" ") {
        if b.is_ascii_digit() {
            // Of `19580314` the year alone.
            if digits < 4 {
                number = number * 10 + u32::from(b - b'0');
            }
            digits += 1;
        } else {
            if digits >= 4 {
                found = number;
            } else if digits == 2 {
                found = found.max(if number > 40 {
                    1900 + number
                } else {
                    2000 + number
                });
            }
            (number, digits) = (0, 0);
        }
    }
    match found {
        0..=1899 => 0,
        1900..=1999 => found / 10,
        2000..=2014 => 200,
        2015..=2022 => 201,
        _ => 202,
    }
}

/// Whether the code model looks at a unit.
#[inline]
pub(crate) fn asks_code(passage: &Passage<'_>, at: usize) -> bool {
    let Some(item) = passage.items.get(at) else {
        return false;
    };
    match item.kind {
        UnitKind::Word => {
            item.may_be_code() && passage.bytes(at).len() >= 4 && passage.region != Region::Code
        }
        UnitKind::Sign | UnitKind::Time | UnitKind::Money => false,
        UnitKind::Number => {
            passage.bytes(at).len() >= 4
                || item.facts.has(Facts::OVER_89)
                || item.cue != 0 && item.cue_distance <= 3
        }
        UnitKind::Age => item.facts.has(Facts::OVER_89),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dlp::tagger::model::Model;

    /// Over mails of several kinds with one memo, some keys of which they share.
    #[test]
    fn sums_that_were_kept_are_those_of_all_rows() {
        let text = "MRN: 00482913, DOB 3/4/61; SSN 281-15-9804, call (270) 555-0142.\n\nDr. Rose \
            Lindqvist, NPI 1234567893: E11.9, I10; CPT 99213 on 03/14/2026 and 03/15/2026, aged 94.\n\
            Order 4.12, invoice 4711 of March 3, 2026; IBAN DE38 4401 0046 0329 9204 61, \
            VIN 1M8GDM9AXKP042788, rose@mail.example, MRN ABCDEF, https://a.example/x?id=77";
        let model = Model::get();
        let (mut codes, mut rows) = (Codes::default(), Rows::new());
        let (mut compared, mut kinds) = (0, std::collections::BTreeSet::new());
        let mut context = Context::new("a@b.example", ["pat@mail.example"], None);
        let mut check = |context: &Context, region| {
            let passage = Passage::read(text.as_bytes(), 0, text.len(), region);
            for at in 0..passage.items.len() {
                rows.clear();
                code(&passage, context, at, &mut rows);
                let wanted = model.code.score(&rows);
                let found = codes.score(&passage, context, &model.code, at);
                assert_eq!(found, wanted, "unit {at} in {region:?}");
                compared += 1;
                kinds.insert(passage.items[at].kind as u8);
            }
        };
        // Each thing that a mail is changes by itself, and back.
        for region in [Region::Body, Region::Subject, Region::Header, Region::Body] {
            check(&context, region);
        }
        for prior in [1, 2, 5, 0] {
            context.prior = prior;
            check(&context, Region::Body);
        }
        for speech in [-9, 2, 9, 0] {
            context.speech = speech;
            check(&context, Region::Body);
        }
        for (sender, audience) in [(1, 0), (3, 0), (0, 1), (0, 3), (0, 0)] {
            (context.sender_care, context.audience_care) = (sender, audience);
            check(&context, Region::Body);
        }
        assert!(compared > 300 && kinds.len() >= 8, "{compared} {kinds:?}");
    }
}
