//! Which units are names, places, dates, numbers and health terms: two linear
//! models over hashed features, decoded greedily from left to right.
//!
//! The *word model* labels words (name, provider, facility, address, condition,
//! medication, procedure, analyte) with first-word and further-word labels; the
//! *code model* gives units with a shape of their own (dates, numbers, codes)
//! one label each. Both are averaged perceptrons trained with a margin by the
//! program in `training/`, in whole numbers only, so that the same text gives
//! the same weights on every machine.

pub(crate) mod codes;
pub(crate) mod context;
pub(crate) mod features;
pub(crate) mod labels;
pub(crate) mod memo;
pub(crate) mod model;
pub(crate) mod scene;
pub(crate) mod score;
#[cfg(feature = "training")]
pub(crate) mod train;

use self::codes::{Codes, asks_code};
use self::context::Context;
use self::labels::{CODE_KINDS, CODE_LABELS, CODE_LEAN, WORD_KINDS, WORD_LEAN, WordLabel};
use self::memo::Sums;
use self::model::Model;
use self::scene::{Scene, Sights};
use self::score::Memos;
use super::FindingKind;
use super::passage::{Passage, Region};
use super::token::Gap;
use super::unit::UnitKind;

/// A stretch of units with a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tag {
    pub(crate) first: usize,
    /// Behind its last unit.
    pub(crate) last: usize,
    pub(crate) kind: FindingKind,
    /// How far the model by itself prefers it over the next best, which is below
    /// 0 where it says it for its leaning towards the kind alone.
    pub(crate) margin: i16,
}

impl Tag {
    /// Whether the model says it only for its leaning towards the kind.
    pub(crate) fn is_leant(&self) -> bool {
        self.margin < 0
    }

    /// The margin with what the model leans towards the kind, by which it chose where the
    /// kind starts.
    pub(crate) fn leant_margin(&self) -> i16 {
        let lean = [WORD_LEAN, CODE_LEAN].into_iter();
        let own = lean
            .filter(|(kind, _)| *kind == self.kind)
            .map(|lean| lean.1);
        self.margin.saturating_add(own.sum())
    }
}

/// The margin without what the model leans towards a kind. Of that kind a tie
/// is below 0 too: the leaning alone broke it.
fn own_margin(margin: i16, kind: FindingKind, lean: (FindingKind, i16)) -> i16 {
    if kind != lean.0 {
        return margin;
    }
    match margin.saturating_sub(lean.1) {
        0 => -1,
        own => own,
    }
}

/// The best label of a word, and by how much; of nothing no margin is asked.
/// Behind none only those that start something are scored; of those that go on,
/// only that of the label before is open.
#[inline]
pub(super) fn best_word<const HALVES: usize>(
    scores: &Sums<HALVES>,
    one: WordLabel,
) -> (WordLabel, i16) {
    let (Some(firsts), furthers) = (scores.first(), scores.get(1)) else {
        return (0, 0);
    };
    // The kind that goes on, and how it scores.
    let before = usize::from(one).wrapping_sub(1) / 2;
    let further = furthers.and_then(|all| all.get(before)).copied();
    // Most words are nothing: no score is above 0.
    if firsts.map(|score| score.max(0)) == [0; WORD_KINDS.len()]
        && further.is_none_or(|score| score <= 0)
    {
        return (0, 0);
    }
    let (mut best, mut top, mut second) = (0u8, 0i16, i16::MIN);
    let mut offer = |n, score| {
        if score > top {
            (best, second, top) = (n, top, score);
        } else {
            second = second.max(score);
        }
    };
    for (kind, score) in (0u8..).zip(firsts) {
        offer(1 + 2 * kind, *score);
        if usize::from(kind) == before
            && let Some(score) = further
        {
            offer(2 + 2 * kind, score);
        }
    }
    (best, top.saturating_sub(second))
}

/// Whether a label may follow another.
#[cfg(any(test, feature = "training"))]
pub(super) fn word_open(label: WordLabel, one: WordLabel) -> bool {
    label % 2 == 1 || label == 0 || one == label || one + 1 == label
}

/// What stands inside an address is no code.
const ADDRESS_GOES_ON: WordLabel = 2 * 3 + 2;

/// Labels the units of a passage. The word model runs where it has room for its
/// sums; a model's are of no use to another.
pub(crate) fn tag(
    passage: &Passage<'_>,
    context: &Context,
    model: &Model,
    memos: Option<&mut Memos>,
    kept: &mut Codes,
) -> Vec<Tag> {
    // Sizes and colours.
    if passage.region == Region::Style {
        return Vec::new();
    }
    let Some(memos) = memos.filter(|_| passage.region != Region::Code) else {
        let mut out: Vec<Tag> = Vec::new();
        for code in codes(passage, context, model, kept) {
            push_code(&mut out, passage, code);
        }
        return out;
    };
    // All codes first, so that the processor keeps one model's code at hand.
    let codes = codes(passage, context, model, kept);
    tag_from(passage, context, model, memos, codes, Sights::stop)
}

/// The same with what the code model says. `next` tells where to go on behind no
/// label, from a unit on.
fn tag_from(
    passage: &Passage<'_>,
    context: &Context,
    model: &Model,
    memos: &mut Memos,
    codes: Vec<Tag>,
    next: impl Fn(&Sights, usize) -> Option<usize>,
) -> Vec<Tag> {
    let mut out: Vec<Tag> = Vec::new();
    let mut sights = memos.sights(passage, context);
    for code in &codes {
        sights.stops.add(code.first);
    }
    let mut codes = codes.into_iter().peekable();
    let (mut one, mut two): (WordLabel, WordLabel) = (0, 0);
    let mut from = 0;
    loop {
        // What is passed over has no label.
        let at = match one {
            0 => next(&sights, from).unwrap_or(passage.items.len()),
            _ => from,
        };
        let Some(item) = passage.items.get(at) else {
            break;
        };
        if at > from {
            two = 0;
        }
        let mut label: (WordLabel, i16) = (0, 0);
        if sights.asked(item, at, one)
            && let Some(scene) = Scene::new(passage, context, &sights, at, (one, two))
        {
            label = match one {
                0 => best_word(&memos.outside(&scene, &model.word), 0),
                _ => best_word(&memos.inside(&scene, &model.word), one),
            };
        }
        if let Some(code) = codes.next_if(|code| code.first == at)
            && label.0 != ADDRESS_GOES_ON
            && (label.0 == 0 || code.margin > label.1)
        {
            push_code(&mut out, passage, code);
            label = (0, 0);
        }
        if label.0 != 0
            && let Some(&kind) = WORD_KINDS.get(usize::from(label.0 - 1) / 2)
        {
            match out.last_mut() {
                Some(last) if label.0.is_multiple_of(2) && last.last == at && last.kind == kind => {
                    last.last = at + 1;
                    last.margin = last.margin.min(label.1);
                }
                _ => out.push(Tag {
                    first: at,
                    last: at + 1,
                    kind,
                    margin: own_margin(label.1, kind, WORD_LEAN),
                }),
            }
        }
        (two, one) = (one, label.0);
        from = at + 1;
    }
    memos.done(sights);
    for tag in &mut out {
        trim(passage, tag);
    }
    out.retain(|t| t.first < t.last);
    out
}

/// Whether the code model is asked of some unit.
pub(crate) fn asks(passage: &Passage<'_>) -> bool {
    passage.region != Region::Style && passage.notable.iter().any(|at| asks_code(passage, *at))
}

/// What the code model says of all units that it is asked of, but for those of
/// which it says nothing.
fn codes(passage: &Passage<'_>, context: &Context, model: &Model, kept: &mut Codes) -> Vec<Tag> {
    // Most units are no codes.
    let asked = passage.notable.iter().filter(|at| asks_code(passage, **at));
    asked
        .filter_map(|at| code_at(passage, context, model, kept, *at))
        .collect()
}

/// What the code model says of a unit.
fn code_at(
    passage: &Passage<'_>,
    context: &Context,
    model: &Model,
    kept: &mut Codes,
    at: usize,
) -> Option<Tag> {
    let scores = kept.score(passage, context, &model.code, at);
    let (code, margin) = best_code(&scores);
    let &kind = CODE_KINDS.get(code.checked_sub(1)?)?;
    Some(Tag {
        first: at,
        last: at + 1,
        kind,
        margin: own_margin(margin, kind, CODE_LEAN),
    })
}

/// The best label of a code, and by how much. Which it is is chance: no branch
/// asks for it.
pub(super) fn best_code(scores: &[i16; CODE_LABELS]) -> (usize, i16) {
    let top = scores.iter().fold(0, |top, score| top.max(*score));
    // Of those that are best the first; compilers take many side by side.
    let (mut second, mut bests) = (0, 0u32);
    for (n, &score) in scores.iter().enumerate() {
        let is_best = score == top;
        second = second.max(if is_best { 0 } else { score });
        bests |= u32::from(is_best) << n;
    }
    match top {
        0 => (0, 0),
        _ if bests.count_ones() > 1 => (bests.trailing_zeros() as usize + 1, 0),
        _ => (
            bests.trailing_zeros() as usize + 1,
            top.wrapping_sub(second),
        ),
    }
}

// A bit for each.
const _: () = assert!(CODE_LABELS <= 32);

/// Groups of one number written with blanks are one finding.
fn push_code(out: &mut Vec<Tag>, passage: &Passage<'_>, tag: Tag) {
    let spaced = !matches!(
        tag.kind,
        FindingKind::Date
            | FindingKind::Phone
            | FindingKind::Fax
            | FindingKind::Email
            | FindingKind::Url
            | FindingKind::Ip
            | FindingKind::Icd10
            | FindingKind::Cpt
            | FindingKind::AgeOver89
            | FindingKind::Npi
            | FindingKind::Dea
            | FindingKind::Loinc
            | FindingKind::Ndc
    );
    let joins = passage.items.get(tag.first).is_some_and(|i| {
        i.gap == Gap::Space && matches!(i.kind, UnitKind::Number | UnitKind::Code)
    });
    match out.last_mut() {
        Some(last) if spaced && joins && last.last == tag.first && last.kind == tag.kind => {
            last.last = tag.last;
            last.margin = last.margin.max(tag.margin);
        }
        _ => out.push(tag),
    }
}

/// Signs at the ends do not belong to a name.
fn trim(passage: &Passage<'_>, tag: &mut Tag) {
    let sign = |n: usize| {
        passage
            .items
            .get(n)
            .is_some_and(|i| i.kind == UnitKind::Sign)
            && !matches!(passage.bytes(n), b"#")
    };
    while tag.first < tag.last && sign(tag.first) {
        tag.first += 1;
    }
    while tag.first < tag.last && sign(tag.last - 1) {
        // The point of an initial or title stays: `Vail, S.`
        let initial = passage.bytes(tag.last - 1) == b"."
            && tag.last >= 2
            && tag.last - 1 > tag.first
            && passage.bytes(tag.last - 2).len() == 1;
        if initial {
            break;
        }
        tag.last -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that look like chance, each below what is asked.
    fn numbers() -> impl FnMut(u64) -> i16 {
        let mut state = 7u64;
        move |below| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            i16::try_from((state >> 33) % below).unwrap()
        }
    }

    /// Over scores of all signs, many of them equal.
    #[test]
    fn the_best_word_is_that_of_the_open_labels() {
        let mut next = numbers();
        let mut something = [0; 17];
        for _ in 0..20_000 {
            let low = next(12);
            let scores: Sums<2> = std::array::from_fn(|_| std::array::from_fn(|_| next(12) - low));
            let one = u8::try_from(next(17)).unwrap();
            let score = |label: u8| match label.checked_sub(1).map(usize::from) {
                None => 0,
                Some(lane) => scores[lane % 2][lane / 2],
            };
            let mut open: Vec<u8> = (0..=16).filter(|label| word_open(*label, one)).collect();
            open.sort_by_key(|label| std::cmp::Reverse(score(*label)));
            let (best, second) = (open[0], open[1]);
            let found = best_word(&scores, one);
            assert_eq!(found.0, best, "{scores:?} behind {one}");
            if best != 0 {
                assert_eq!(
                    found.1,
                    score(best) - score(second),
                    "{scores:?} behind {one}"
                );
            }
            if one == 0 {
                let firsts: Sums<1> = [scores[0]];
                assert_eq!(best_word(&firsts, 0), found);
            }
            something[usize::from(best)] += 1;
        }
        assert!(something.iter().all(|n| *n > 100), "{something:?}");
    }

    #[test]
    fn a_margin_is_the_models_own() {
        let lean = (FindingKind::Name, 40);
        let own = |margin, kind| own_margin(margin, kind, lean);
        assert_eq!(own(90, FindingKind::Name), 50);
        assert_eq!(own(41, FindingKind::Name), 1);
        // As near to nothing as to a name.
        assert_eq!(own(40, FindingKind::Name), -1);
        assert_eq!(own(3, FindingKind::Name), -37);
        assert_eq!(own(3, FindingKind::Provider), 3);
    }

    /// Over mails with one memo, which learns which words are far off; some of
    /// them stand in an address of a mail, in a term, in capitals.
    #[test]
    fn what_is_passed_over_has_no_label() {
        const WORDS: [&str; 32] = [
            "please",
            "call",
            "the",
            "clinic",
            "about",
            "your",
            "results",
            "Dear",
            "Ms.",
            "Rose",
            "Lindqvist",
            ",",
            "\n\n",
            "Please",
            "care",
            "team",
            "heart",
            "attack",
            "asthma",
            "metformin",
            "500",
            "mg",
            "on",
            "03/14/2026",
            "MRN",
            "00482913",
            "hope",
            "grace",
            "Hope",
            "street",
            "12",
            "Boston",
        ];
        let mut next = numbers();
        let (model, mut kept) = (Model::get(), Codes::default());
        let mut memos = Memos::default();
        let (mut labelled, mut passed) = (0, 0);
        for round in 0..300 {
            let words: Vec<&str> = (0..next(150))
                .map(|_| WORDS[usize::try_from(next(32)).unwrap()])
                .collect();
            let text = words.join(" ");
            let recipient = ["hope.grace@mail.example", "call@care.example"][round / 3 % 2];
            let context = Context::new("Harbor <a@harbor.example>", [recipient], None);
            let passage = Passage::read(text.as_bytes(), 0, text.len(), Region::Body);
            let codes = codes(&passage, &context, model, &mut kept);
            let all = tag_from(
                &passage,
                &context,
                model,
                &mut Memos::default(),
                codes.clone(),
                |_, at| Some(at),
            );
            let visited = std::cell::Cell::new(0);
            let some = tag_from(
                &passage,
                &context,
                model,
                &mut memos,
                codes,
                |sights, at| {
                    visited.set(visited.get() + 1);
                    sights.stop(at)
                },
            );
            assert_eq!(some, all, "{text:?}");
            labelled += all.len();
            passed += passage.items.len().saturating_sub(visited.get());
        }
        assert!(labelled > 1_000 && passed > 5_000, "{labelled} {passed}");
    }

    /// Over scores of all signs, many of them equal.
    #[test]
    fn the_best_code_is_the_first_of_the_highest() {
        let mut next = numbers();
        let mut something = [0; CODE_LABELS + 1];
        for _ in 0..20_000 {
            let low = next(45);
            let scores: [i16; CODE_LABELS] = std::array::from_fn(|_| next(40) - low);
            let score = |label: usize| label.checked_sub(1).map_or(0, |n| scores[n]);
            let mut labels: Vec<usize> = (0..=CODE_LABELS).collect();
            labels.sort_by_key(|label| std::cmp::Reverse(score(*label)));
            let (label, margin) = best_code(&scores);
            assert_eq!(label, labels[0], "{scores:?}");
            if label != 0 {
                assert_eq!(margin, score(label) - score(labels[1]), "{scores:?}");
            }
            something[label] += 1;
        }
        assert!(something.iter().all(|n| *n > 100), "{something:?}");
    }
}
