//! Which units are names, places, dates, numbers and health terms: two linear
//! models over hashed features, decoded greedily from left to right.
//!
//! The *word model* labels words (name, provider, facility, address, condition,
//! medication, procedure, analyte) with first-word and further-word labels; the
//! *code model* gives units with a shape of their own (dates, numbers, codes)
//! one label each. Both are averaged perceptrons trained with a margin by the
//! program in `training/`, in whole numbers only, so that the same text gives
//! the same weights on every machine.

pub(crate) mod context;
pub(crate) mod features;
pub(crate) mod labels;
pub(crate) mod memo;
pub(crate) mod model;
pub(crate) mod scene;
#[cfg(feature = "training")]
pub(crate) mod train;

use self::context::Context;
use self::features::{Rows, asks_code, asks_word};
use self::labels::{CODE_KINDS, WORD_KINDS, WORD_LABELS, WordLabel};
use self::model::Model;
use self::scene::{Memos, Scene, Sight};
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
    /// How far the model prefers it over the next best.
    pub(crate) margin: i16,
}

/// The best label of a word, and by how much. Label `2 + 2k` is open only
/// behind label `1 + 2k` or itself.
pub(super) fn best_word(scores: &[i16; WORD_LABELS], one: WordLabel) -> (WordLabel, i16) {
    // Most words are nothing, and of nothing no margin is asked. The sign tells
    // whether some score is above 0 (or the least, which goes the long way).
    let above = |any: i16, score: &i16| any | score.wrapping_neg();
    if scores.iter().fold(0, above) >= 0 {
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
    for (kind, pair) in (0u8..).zip(scores.as_chunks::<2>().0) {
        let (first, further) = (1 + 2 * kind, 2 + 2 * kind);
        offer(first, pair[0]);
        if word_open(further, one) {
            offer(further, pair[1]);
        }
    }
    if best == 0 && second == i16::MIN {
        second = top;
    }
    (best, top.saturating_sub(second))
}

/// Whether a label may follow another.
pub(super) fn word_open(label: WordLabel, one: WordLabel) -> bool {
    label % 2 == 1 || label == 0 || one == label || one + 1 == label
}

/// Labels the units of a passage. The word model runs where it has room for its
/// sums; a model's are of no use to another.
pub(crate) fn tag(
    passage: &Passage<'_>,
    context: &Context,
    model: &Model,
    memos: Option<&mut Memos>,
) -> Vec<Tag> {
    let mut out: Vec<Tag> = Vec::new();
    let mut rows = Rows::new();
    let Some(memos) = memos.filter(|_| passage.region != Region::Code) else {
        codes(passage, context, model, &mut out);
        return out;
    };
    let mut sights = Vec::new();
    Sight::all(&passage.items, &mut sights);
    let (mut one, mut two): (WordLabel, WordLabel) = (0, 0);
    for (at, item) in passage.items.iter().enumerate() {
        let mut label: (WordLabel, i16) = (0, 0);
        if asks_word(item, one)
            && let Some(scene) = Scene::new(passage, context, &sights, at, (one, two))
        {
            let scores = memos.score(&scene, &model.word);
            label = best_word(&scores, one);
        }
        let inside = label.0 != 0 && label.0.is_multiple_of(2);
        if !(inside && label.0 == 2 * 3 + 2)
            && asks_code(passage, at)
            && let Some(code) = code_at(passage, context, model, &mut rows, at)
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
                    margin: label.1,
                }),
            }
        }
        (two, one) = (one, label.0);
    }
    for tag in &mut out {
        trim(passage, tag);
    }
    out.retain(|t| t.first < t.last);
    out
}

/// Labels the codes alone.
fn codes(passage: &Passage<'_>, context: &Context, model: &Model, out: &mut Vec<Tag>) {
    let mut rows = Rows::new();
    // Most units are no codes.
    for &at in &passage.notable {
        if asks_code(passage, at)
            && let Some(code) = code_at(passage, context, model, &mut rows, at)
        {
            push_code(out, passage, code);
        }
    }
}

/// What the code model says of a unit.
fn code_at(
    passage: &Passage<'_>,
    context: &Context,
    model: &Model,
    rows: &mut Rows,
    at: usize,
) -> Option<Tag> {
    rows.clear();
    features::code(passage, context, at, rows);
    let (code, margin) = best_code(&model.code.score(rows));
    let &kind = CODE_KINDS.get(code.checked_sub(1)?)?;
    Some(Tag {
        first: at,
        last: at + 1,
        kind,
        margin,
    })
}

pub(super) fn best_code(scores: &[i16]) -> (usize, i16) {
    let (mut best, mut top, mut second) = (0, 0, i16::MIN);
    for (n, &score) in scores.iter().enumerate() {
        if score > top {
            (best, second, top) = (n + 1, top, score);
        } else {
            second = second.max(score);
        }
    }
    (best, top.saturating_sub(second))
}

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
