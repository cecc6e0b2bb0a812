//! What the word model sees of a unit: its features in groups, each with what
//! its rows hang on, and their sums.

use super::context::Context;
use super::features::{Groups, Rows, groups, prefix, suffix};
use super::labels::{WORD_LABELS, WordLabel};
use super::memo::{Memo, Sums, add};
use super::model::{Places, Weights};
use crate::dlp::passage::{Item, Passage, Region};
use crate::dlp::token::{Gap, join};
use crate::dlp::unit::UnitKind;

/// What is read of a unit and of its neighbours, worked out once for each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sight {
    hash: u32,
    shape: u32,
    name: u32,
    health: u32,
    place: u32,
    people: u32,
    parts: u32,
    /// The number of what the lists say; `None` where a term says it too.
    lists: Option<u16>,
    /// Whether a paragraph starts here.
    paragraph: bool,
    /// Whether the hash is one of common English, of a sign or of a kind.
    common: bool,
}

/// The hash of what lies beyond the text, and beyond a paragraph.
const NOTHING: u32 = 1;
const EDGE: u32 = 2;

impl Sight {
    /// Beyond the text.
    const NONE: Self = Self {
        hash: NOTHING,
        shape: 31,
        name: 0,
        health: 0,
        place: 0,
        people: 0,
        parts: 0,
        lists: Some(0),
        paragraph: true,
        common: true,
    };

    fn of(item: &Item) -> Self {
        let word = groups(item.word);
        let (health, people, lists) = match item.phrase.is_empty() {
            true => (word.health, word.people, Some(word.lists)),
            false => {
                let all = Groups::of(item.flags());
                (all.health, all.people, None)
            }
        };
        Self {
            hash: match item.kind {
                UnitKind::Word | UnitKind::Sign => item.hash,
                kind => kind as u32 + 16,
            },
            shape: item.shape as u32 | (item.kind as u32) << 4,
            name: word.name,
            health,
            place: word.place,
            people,
            parts: word.parts,
            lists,
            paragraph: item.gap == Gap::Paragraph,
            common: item.kind != UnitKind::Word || word.english,
        }
    }

    /// Those of all items, in the place of what `out` held.
    pub(crate) fn all(items: &[Item], out: &mut Vec<Self>) {
        out.clear();
        out.extend(items.iter().map(Self::of));
    }

    fn named(&self) -> u32 {
        join(self.shape, self.name)
    }
}

/// A unit with what stands around it.
pub(crate) struct Scene<'s> {
    item: &'s Item,
    bytes: &'s [u8],
    context: &'s Context,
    region: Region,
    left_2: &'s Sight,
    left: &'s Sight,
    here: &'s Sight,
    right: &'s Sight,
    right_2: &'s Sight,
    /// The words around it: the one before, the one behind, the one before
    /// that, the one behind that. The edge of a paragraph hides those beyond.
    around: [Neighbour; 4],
    /// What parts it from the next.
    gap1: Gap,
    /// Whether it stands in an address of the mail.
    own: u32,
}

/// A word nearby.
#[derive(Clone, Copy)]
struct Neighbour {
    hash: u32,
    common: bool,
}

impl Neighbour {
    fn new(sight: &Sight, edge: bool) -> Self {
        match edge && sight.shape != Sight::NONE.shape {
            true => Self {
                hash: EDGE,
                common: true,
            },
            false => Self {
                hash: sight.hash,
                common: sight.common,
            },
        }
    }
}

impl<'s> Scene<'s> {
    pub(crate) fn new(
        passage: &'s Passage<'_>,
        context: &'s Context,
        sights: &'s [Sight],
        at: usize,
    ) -> Option<Self> {
        let (item, here) = (passage.items.get(at)?, sights.get(at)?);
        let near = |offset: isize| {
            let sight = at.checked_add_signed(offset).and_then(|n| sights.get(n));
            sight.unwrap_or(&Sight::NONE)
        };
        let (left_2, left, right, right_2) = (near(-2), near(-1), near(1), near(2));
        Some(Self {
            item,
            bytes: passage.bytes(at),
            context,
            region: passage.region,
            left_2,
            left,
            here,
            right,
            right_2,
            around: [
                Neighbour::new(left, here.paragraph),
                Neighbour::new(right, right.paragraph),
                Neighbour::new(left_2, here.paragraph || left.paragraph),
                Neighbour::new(right_2, right.paragraph || right_2.paragraph),
            ],
            gap1: passage
                .items
                .get(at + 1)
                .map_or(Gap::Paragraph, |next| next.gap),
            own: context.own(item.hash, item.shape),
        })
    }

    /// All features but those of the labels before.
    #[cfg(feature = "training")]
    pub(crate) fn all(&self, rows: &mut Rows) {
        self.word(rows);
        for (template, word) in (2..).zip(self.around) {
            rows.add(template, word.hash);
        }
        with_left(self.left, self.here, rows);
        with_right(self.here, self.right, rows);
        self.setting(rows);
        self.shapes(rows);
        self.rest(rows);
    }

    /// Those of the labels before.
    #[cfg(feature = "training")]
    pub(crate) fn history(&self, one: WordLabel, two: WordLabel, rows: &mut Rows) {
        self.word_behind(one, rows);
        rows.add(NEXT_BEHIND, with_label(one, self.around[1].hash));
        self.shapes_behind(one, rows);
        self.rest_behind(one, two, rows);
    }

    /// On the word alone, and whether it is of an address.
    fn word(&self, rows: &mut Rows) {
        let here = self.here;
        let plain = groups(self.item.word).plain;
        let phrase = groups(self.item.phrase).health ^ u32::from(self.item.phrase_first);
        let place_of_all = match self.item.phrase.is_empty() {
            true => here.place,
            false => Groups::of(self.item.flags()).place,
        };
        rows.add(1, here.hash);
        rows.add(8, here.named());
        rows.add_all(
            10,
            [
                join(suffix(self.bytes, 3), here.shape),
                suffix(self.bytes, 4),
                prefix(self.bytes, 4),
                join(here.name, plain),
            ],
        );
        rows.add_all(16, [here.health, join(here.health, plain), join(phrase, 7)]);
        rows.add(21, join(here.place, here.shape));
        rows.add_all(
            31,
            [
                join(self.own, here.shape),
                join(self.own, join(place_of_all, here.name)),
            ],
        );
        rows.add(38, join(here.people, here.shape));
    }

    /// The same with the label of the unit before.
    fn word_behind(&self, one: WordLabel, rows: &mut Rows) {
        let (here, one) = (self.here, u32::from(one) + 1);
        rows.add_all(
            52,
            [
                join(one, here.hash),
                join(one, here.named()),
                join(one, join(here.health, u32::from(self.item.phrase_first))),
                join(one, join(here.place, here.shape)),
            ],
        );
    }

    /// All that [`word`](Self::word) hangs on, of words that are common and in
    /// no term: both ends say what its prefix and suffix are.
    fn word_key(&self) -> Option<u128> {
        let kept = self.here.common
            && self.item.kind == UnitKind::Word
            && self.item.phrase.is_empty()
            && !self.item.phrase_first;
        let four = |all: u32, b: &u8| all << 8 | u32::from(b.to_ascii_lowercase());
        let first = self.bytes.iter().take(4).fold(0, four);
        let last = self.bytes.iter().rev().take(4).fold(0, four);
        kept.then(|| {
            u128::from(self.here.hash)
                | u128::from(first) << 32
                | u128::from(last) << 64
                | (self.item.word.index() as u128) << 96
                | u128::from(self.here.shape) << 112
                | u128::from(self.own) << 120
        })
    }

    /// On the name and shape, and where and in what mail it stands.
    fn setting(&self, rows: &mut Rows) {
        let (here, care) = (self.here, self.context.care());
        let named = here.named();
        rows.add(30, join(self.region as u32, named));
        rows.add(33, join(care, named));
        rows.add(39, join(u32::from(self.context.prior), named));
        rows.add(
            41,
            join(self.whom(), join(care, join(here.shape, self.line_start()))),
        );
    }

    fn setting_key(&self) -> u128 {
        u128::from(self.here.name)
            | u128::from(self.here.shape) << 32
            | u128::from(self.line_start()) << 40
            | (self.region as u128) << 41
            | u128::from(self.context.care()) << 48
            | u128::from(self.context.prior) << 56
            | u128::from(self.whom()) << 64
    }

    fn whom(&self) -> u32 {
        u32::from(self.context.personal) << 1 | u32::from(self.context.internal)
    }

    fn line_start(&self) -> u32 {
        u32::from(self.item.gap >= Gap::Line)
    }

    /// On shapes and gaps.
    fn shapes(&self, rows: &mut Rows) {
        let shape = self.here.shape;
        rows.add(9, join(self.left.shape, join(shape, self.right.shape)));
        let gaps = join(self.item.gap as u32, join(self.gap1 as u32, shape));
        rows.add(29, gaps);
        rows.add(35, join(self.right.shape, join(self.right_2.shape, shape)));
    }

    fn shapes_behind(&self, one: WordLabel, rows: &mut Rows) {
        let one = u32::from(one) + 1;
        rows.add(50, one);
        rows.add(56, join(one, join(self.item.gap as u32, self.here.shape)));
    }

    fn shapes_key(&self) -> u64 {
        let shapes = [self.left, self.here, self.right, self.right_2];
        let shapes = shapes
            .iter()
            .fold(0, |all, sight| all << 8 | u64::from(sight.shape));
        shapes | (self.item.gap as u64) << 32 | (self.gap1 as u64) << 40
    }

    /// On pairs of words, and on what is too much of a mix to be kept.
    fn rest(&self, rows: &mut Rows) {
        let [left, right, ..] = self.around.map(|word| word.hash);
        let here = self.here;
        let named = here.named();
        let prior = u32::from(self.context.prior);
        rows.add_all(6, [join(left, here.hash), join(here.hash, right)]);
        rows.add(23, join(self.right_2.place, self.right.place));
        rows.add(26, join(self.left_2.people, here.shape));
        let distance = u32::from(self.item.cue_distance.min(4));
        rows.add(
            28,
            join(u32::from(self.item.cue), join(distance, here.shape)),
        );
        rows.add(34, join(self.line_start(), join(right, here.shape)));
        rows.add_all(36, [join(left, named), join(right, named)]);
        rows.add(40, join(prior, self.left.people));
        rows.add_all(
            42,
            [
                join(self.whom(), join(self.own, join(here.shape, left))),
                join(prior, join(self.own, join(right, left))),
            ],
        );
    }

    fn rest_behind(&self, one: WordLabel, two: WordLabel, rows: &mut Rows) {
        let (one, two) = (u32::from(one) + 1, u32::from(two) + 1);
        rows.add(51, join(one, two));
        rows.add(58, join(one, join(self.around[0].hash, self.here.shape)));
    }
}

/// The template of the word behind it with the label of the unit before it.
const NEXT_BEHIND: u32 = 57;

fn with_label(one: WordLabel, hash: u32) -> u32 {
    join(u32::from(one) + 1, hash)
}

/// On what the lists say of the unit before.
fn with_left(left: &Sight, here: &Sight, rows: &mut Rows) {
    rows.add(14, join(left.name, here.shape));
    rows.add(20, join(left.health, here.parts));
    rows.add_all(24, [left.people, join(left.people, here.named())]);
}

/// On what they say of the unit behind.
fn with_right(here: &Sight, right: &Sight, rows: &mut Rows) {
    rows.add(15, join(right.name, here.named()));
    rows.add(19, join(right.health, here.parts));
    rows.add(22, join(right.place, join(here.shape, here.place)));
    rows.add(27, join(right.people, here.shape));
}

/// All that both hang on.
fn pair_key(left: &Sight, right: &Sight) -> Option<u64> {
    let (a, b) = (left.lists?, right.lists?);
    let shapes = u64::from(left.shape) << 8 | u64::from(right.shape);
    Some(shapes | u64::from(a) << 16 | u64::from(b) << 32)
}

/// The sums that were kept, by group. Those with a label before are of the
/// commonest, none.
pub(crate) struct Memos {
    /// Of a word, and with the label before.
    word: Memo<u128, [Sums; 2]>,
    /// Where the row of a word is at each place around, and behind with the
    /// label before.
    around: Memo<u64, [u32; 5]>,
    /// Of two neighbours: for the right one, and for the left one.
    pairs: Memo<u64, [Sums; 2]>,
    settings: Memo<u128, Sums>,
    shapes: Memo<u64, [Sums; 2]>,
    rows: Rows,
    /// For what was not kept.
    scratch: Rows,
    places: Places,
}

impl Default for Memos {
    fn default() -> Self {
        Self {
            word: Memo::new(11),
            around: Memo::new(12),
            pairs: Memo::new(10),
            settings: Memo::new(8),
            shapes: Memo::new(11),
            rows: Rows::new(),
            scratch: Rows::new(),
            places: Places::default(),
        }
    }
}

impl Memos {
    /// The score of each label of a unit behind these labels; that of none
    /// is 0. What was not kept is looked up in one go.
    pub(crate) fn score(
        &mut self,
        scene: &Scene<'_>,
        (one, two): (WordLabel, WordLabel),
        weights: &Weights<WORD_LABELS>,
    ) -> Sums {
        let (rows, scratch) = (&mut self.rows, &mut self.scratch);
        let mut sum = |give: &dyn Fn(&mut Rows)| {
            scratch.clear();
            give(scratch);
            let mut sums = [0; WORD_LABELS];
            weights.add(scratch, &mut sums);
            sums
        };
        let mut sums = weights.bias();
        rows.clear();
        scene.rest(rows);
        scene.rest_behind(one, two, rows);

        match scene.word_key() {
            Some(key) => {
                let kept = self.word.get(key, || {
                    [
                        sum(&|rows| scene.word(rows)),
                        sum(&|rows| scene.word_behind(0, rows)),
                    ]
                });
                add(&mut sums, &kept[0]);
                match one {
                    0 => add(&mut sums, &kept[1]),
                    _ => scene.word_behind(one, rows),
                }
            }
            None => {
                scene.word(rows);
                scene.word_behind(one, rows);
            }
        }

        self.places.clear();
        for ((n, template), word) in (2..).enumerate().zip(scene.around) {
            let next = n == 1;
            if word.common {
                let kept = self.around.get(word.hash.into(), || {
                    let at = |template| weights.place(Rows::row(template, word.hash));
                    let behind = Rows::row(NEXT_BEHIND, with_label(0, word.hash));
                    [at(2), at(3), at(4), at(5), weights.place(behind)]
                });
                self.places.push(kept[n]);
                if next && one == 0 {
                    self.places.push(kept[4]);
                    continue;
                }
            } else {
                rows.add(template, word.hash);
            }
            if next {
                rows.add(NEXT_BEHIND, with_label(one, word.hash));
            }
        }

        let pairs = [(scene.left, scene.here), (scene.here, scene.right)];
        for (n, (left, right)) in pairs.into_iter().enumerate() {
            match pair_key(left, right) {
                Some(key) => {
                    let kept = self.pairs.get(key, || {
                        [
                            sum(&|rows| with_left(left, right, rows)),
                            sum(&|rows| with_right(left, right, rows)),
                        ]
                    });
                    add(&mut sums, &kept[n]);
                }
                None if n == 0 => with_left(left, right, rows),
                None => with_right(left, right, rows),
            }
        }

        let kept = self
            .settings
            .get(scene.setting_key(), || sum(&|rows| scene.setting(rows)));
        add(&mut sums, kept);

        let kept = self.shapes.get(scene.shapes_key(), || {
            [
                sum(&|rows| scene.shapes(rows)),
                sum(&|rows| scene.shapes_behind(0, rows)),
            ]
        });
        add(&mut sums, &kept[0]);
        match one {
            0 => add(&mut sums, &kept[1]),
            _ => scene.shapes_behind(one, rows),
        }

        weights.add_places(&self.places, &mut sums);
        weights.add(rows, &mut sums);
        sums
    }
}
