//! How a unit's labels score with the word model: the sums of the weights of
//! what it sees, group by group, most of which were kept from other units.

use super::context::Context;
use super::features::Rows;
use super::labels::{WORD_KINDS, WORD_LABELS, WordLabel};
use super::memo::{Memo, Sums, add};
use super::model::Weights;
use super::scene::{FarOff, Features, Scene, Sights};
use crate::dlp::passage::Passage;

/// The sums of the weights of features.
#[inline(never)]
fn sums<const HALVES: usize, const MANY: usize>(
    weights: &Weights<WORD_LABELS>,
    features: &Features<MANY>,
) -> Sums<HALVES> {
    let mut sums = [[0; WORD_KINDS.len()]; HALVES];
    for &(template, value) in features {
        let row = weights.row(Rows::row(template, value));
        add(&mut sums, row.as_chunks().0);
    }
    sums
}

/// The sums that were kept, by group: of the larger ones `2^LARGE`.
#[derive(Default)]
struct Kept<const HALVES: usize, const LARGE: u32, const SMALL: u32>
where
    Sums<HALVES>: Copy + Default,
{
    /// Of a word and what the lists say of it.
    word: Memo<u128, Sums<HALVES>, LARGE>,
    lists: Memo<u128, Sums<HALVES>, SMALL>,
    left: Memo<u64, Sums<HALVES>, LARGE>,
    right: Memo<u64, Sums<HALVES>, LARGE>,
    lists_left: Memo<u64, Sums<HALVES>, LARGE>,
    lists_right: Memo<u128, Sums<HALVES>, LARGE>,
    settings: Memo<u64, Sums<HALVES>, SMALL>,
    shapes: Memo<u64, Sums<HALVES>, LARGE>,
    cues: Memo<u64, Sums<HALVES>, SMALL>,
}

impl<const HALVES: usize, const LARGE: u32, const SMALL: u32> Kept<HALVES, LARGE, SMALL>
where
    Sums<HALVES>: Copy + Default,
{
    const NONE: Sums<HALVES> = [[0; WORD_KINDS.len()]; HALVES];

    /// The scores of a unit's labels; that of none is 0. And whether it is far
    /// off by itself.
    #[inline(always)]
    fn score(&mut self, scene: &Scene<'_>, weights: &Weights<WORD_LABELS>) -> (Sums<HALVES>, bool) {
        // The sums of what a group adds: kept under a key, or looked up.
        macro_rules! new {
            ($group:ident) => {
                sums::<HALVES, _>(weights, &scene.$group())
            };
        }
        macro_rules! kept {
            ($memo:ident, $key:expr, $group:ident) => {
                self.$memo.get($key, || new!($group))
            };
        }
        let fresh;
        let (word, lists) = match scene.word_key() {
            Some(key) => {
                let lists = &mut self.lists;
                let both = self.word.get(key, || {
                    let mut sums = new!(word);
                    add(&mut sums, lists.get(scene.lists_key(), || new!(lists)));
                    sums
                });
                (both, &Self::NONE)
            }
            None => {
                fresh = new!(word);
                (&fresh, kept!(lists, scene.lists_key(), lists))
            }
        };
        let mut all = Self::NONE;
        add(&mut all, weights.bias().as_chunks().0);
        for sums in [word, lists] {
            add(&mut all, sums);
        }
        // Words in small letters start little but by themselves; names and numbers
        // hang on what stands around them.
        if HALVES == 1 && scene.is_lower() && is_far(&all, scene.one) {
            return (all, true);
        }
        let fresh;
        let left = match scene.left_key() {
            Some(key) => kept!(left, key, left),
            None => {
                fresh = new!(left);
                &fresh
            }
        };
        let lists_left = kept!(lists_left, scene.lists_left_key(), lists_left);
        let lists_right = kept!(lists_right, scene.lists_right_key(), lists_right);
        let setting = kept!(settings, scene.setting_key(), setting);
        let shapes = kept!(shapes, scene.shapes_key(), shapes);
        for sums in [left, lists_left, lists_right] {
            add(&mut all, sums);
        }
        for sums in [setting, shapes] {
            add(&mut all, sums);
        }
        if is_far(&all, scene.one) {
            return (all, false);
        }
        let fresh;
        let right = match scene.right_key() {
            Some(key) => kept!(right, key, right),
            None => {
                fresh = new!(right);
                &fresh
            }
        };
        let cue = kept!(cues, scene.cue_key(), cue);
        for sums in [right, cue, &new!(pairs)] {
            add(&mut all, sums);
        }
        (all, false)
    }
}

/// Where no label scores more before it is asked what stands behind the unit,
/// what label before it, and in what pairs of words it is, that is not asked:
/// of what is something one in a thousand is so far off.
const FAR: i16 = -200;

/// Whether all labels that are open score so little. Of those that go on only
/// that of the label before is open.
#[inline]
fn is_far<const HALVES: usize>(scores: &Sums<HALVES>, one: WordLabel) -> bool {
    let before = usize::from(one).wrapping_sub(1) / 2;
    let further = scores.get(1).and_then(|further| further.get(before));
    // All at a time: eight choices would be eight branches.
    let firsts = scores.first().map(|firsts| firsts.map(|s| s.max(FAR)));
    firsts == Some([FAR; WORD_KINDS.len()]) && further.is_none_or(|score| *score <= FAR)
}

/// Sums from one unit to the next: of those behind no label, which have half as
/// many labels to choose from, and of those behind one.
#[derive(Default)]
pub(crate) struct Memos {
    outside: Kept<1, 12, 11>,
    inside: Kept<2, 11, 9>,
    far: FarOff,
    /// Room for the sights of a passage; what stood in it is written over.
    sights: Sights,
}

impl Memos {
    /// The scores of the labels that start something, where the unit before has
    /// none.
    pub(crate) fn outside(&mut self, scene: &Scene<'_>, weights: &Weights<WORD_LABELS>) -> Sums<1> {
        let (sums, by_itself) = self.outside.score(scene, weights);
        if by_itself {
            self.far.add(scene);
        }
        sums
    }

    /// The sights of a passage, which are to be given [back](Self::done).
    pub(crate) fn sights(&mut self, passage: &Passage<'_>, context: &Context) -> Sights {
        let mut sights = std::mem::take(&mut self.sights);
        sights.read(passage, context, &self.far);
        sights
    }

    pub(crate) fn done(&mut self, sights: Sights) {
        self.sights = sights.wiped();
    }

    /// The scores of all labels.
    #[inline(never)]
    pub(crate) fn inside(&mut self, scene: &Scene<'_>, weights: &Weights<WORD_LABELS>) -> Sums<2> {
        self.inside.score(scene, weights).0
    }
}

#[cfg(all(test, feature = "training"))]
mod tests {
    use super::super::best_word;
    use super::super::features::asks_word;
    use super::super::model::Model;
    use super::*;
    use crate::dlp::passage::Region;

    const WORDS: [&str; 56] = [
        "someone",
        "another",
        "next",
        "asking",
        "receive",
        "last",
        "question",
        "always",
        "the",
        "The",
        "your",
        "for",
        "is",
        "of",
        "and",
        "Dear",
        "Ms.",
        "Mr",
        "Dr.",
        "MD",
        "RN",
        "Rose",
        "rose",
        "ROSE",
        "Lindqvist",
        "O'Brien",
        "Okpara",
        "Boston",
        "MA",
        "02115",
        "Street",
        "12",
        "Heron",
        "clinic",
        "Clinic",
        "hospital",
        "Kidney",
        "metformin",
        "500",
        "mg",
        "type 2 diabetes mellitus",
        "asthma",
        "MRI",
        "A1c",
        "7.2%",
        "DOB:",
        "MRN",
        "3/4/61",
        "94-year-old",
        "\n",
        "\n\n",
        ",",
        "-",
        "(",
        "e11.9",
        "mother",
    ];

    /// Over mails with one memo, some keys of which they share: one that stands
    /// in three settings, and words by chance.
    #[test]
    fn sums_that_were_kept_are_those_of_all_rows() {
        let first = "Dear Ms. O'Brien, your metformin 500 mg is ready.\n\nDr. Rose Lindqvist, \
            MD\nHarbor Kidney Center, 12 Heron Court; MRN: 00482913, DOB 3/4/61 (s/p CABG)\n\n\
            THE the The clinic saw the patient for type 2 diabetes mellitus on May 3. Call me.";
        let model = Model::get();
        let mut memos = Memos::default();
        let far = FarOff::default();
        let mut rows = Rows::new();
        let (mut compared, mut cut, mut plain, mut lost) = (0, 0, 0, 0);
        let mut passed = 0;
        let mut state = 5u32;
        let mut next = |below: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as usize % below
        };
        for round in 0..100 {
            let words = (0..60).map(|_| WORDS[next(WORDS.len())]);
            let text = match round {
                // What a mail is changes over the same text.
                0..20 => first.to_owned(),
                _ => words.collect::<Vec<_>>().join(" "),
            };
            let region = [Region::Body, Region::Subject, Region::Body][round / 2 % 3];
            let recipients = [
                "rose.lindqvist@mail.example",
                "mother.clinic@b.example",
                "brien@mail.example",
            ];
            let sender = ["Harbor Clinic <a@harbor.example>", "a@b.example"][round / 7 % 2];
            let mut context = Context::new(sender, [recipients[round / 5 % 3]], None);
            context.prior = u8::try_from(round % 3).unwrap();
            context.personal = u8::from(round != 4);
            context.internal = round % 11 == 0;
            let passage = Passage::read(text.as_bytes(), 0, text.len(), region);
            let sights = Sights::new(&passage, &context, &far);
            // With what was found of common words so far.
            let known = Sights::new(&passage, &context, &memos.far);
            for at in 0..passage.items.len() {
                for (one, two) in [(0, 0), (1, 0), (0, 3), (2, 1), (8, 7), (16, 16)] {
                    let item = &passage.items[at];
                    assert_eq!(sights.asked(item, at, one), asks_word(item, one));
                    if !asks_word(item, one) {
                        continue;
                    }
                    let labels = (one, two);
                    let scene = Scene::new(&passage, &context, &sights, at, labels).unwrap();
                    rows.clear();
                    scene.all(&mut rows);
                    scene.history(&mut rows);
                    assert_eq!(rows.as_slice().len(), 52);
                    let all = model.word.score(&rows);
                    let groups: [&[(u32, u32)]; 7] = [
                        &scene.word(),
                        &scene.lists(),
                        &scene.left(),
                        &scene.lists_left(),
                        &scene.lists_right(),
                        &scene.setting(),
                        &scene.shapes(),
                    ];
                    let [own, near] = [2, 7].map(|many| {
                        rows.clear();
                        for (template, value) in groups.into_iter().take(many).flatten() {
                            rows.add(*template, *value);
                        }
                        model.word.score(&rows)
                    });
                    // What is far off stays as it is.
                    let [own, near, all] =
                        [own, near, all].map(|sums| sums.as_chunks().0.try_into().unwrap());
                    let wanted = match is_far::<2>(&near, one) {
                        true => near,
                        false => all,
                    };
                    let found = memos.inside(&scene, &model.word);
                    assert_eq!(found, wanted, "unit {at} behind {one}, {two}");
                    let mut wanted = vec![wanted];
                    if one == 0 {
                        let firsts = |sums: &Sums<2>| [sums[0]];
                        let by_itself = scene.is_lower() && is_far(&firsts(&own), one);
                        wanted.extend(by_itself.then_some(own));
                        if !known.asked(item, at, one) {
                            let own = context.own(item.hash, item.shape) != 0;
                            assert!(by_itself && !own && item.phrase.is_empty(), "unit {at}");
                            passed += 1;
                        }
                        let found = memos.outside(&scene, &model.word);
                        let last = wanted.last().unwrap();
                        assert_eq!(found, firsts(last), "unit {at} behind {two}");
                    }
                    if *wanted.last().unwrap() != all {
                        cut += 1;
                        plain += wanted.len() - 1;
                        lost += usize::from(best_word(&all, one).0 != 0);
                    }
                    compared += 1;
                }
            }
        }
        assert!(compared > 5_000, "{compared}");
        assert!(cut > 1_000 && cut < compared - 1_000, "{cut}");
        assert!(plain > 100, "{plain}");
        assert!(passed > 50, "{passed}");
        assert!(lost * 100 < cut, "{lost} of {cut}");
    }
}
