//! What the word model sees of a unit: its features in groups, each with what
//! its rows hang on, and their sums.

use super::context::Context;
use super::features::{GroupsOf, Lists, Rows, groups, prefix, suffix};
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
    /// What the lists say of the word; of health and people, of its term too.
    lists: Lists,
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
        lists: Lists::NONE,
        paragraph: true,
        common: true,
    };

    fn of(item: &Item, groups: GroupsOf) -> Self {
        let word = groups.of(item.word);
        let mut lists = word.lists;
        if !item.phrase.is_empty() {
            let term = groups.of(item.phrase).lists;
            lists.health |= term.health;
            lists.people |= term.people;
        }
        Self {
            hash: match item.kind {
                UnitKind::Word | UnitKind::Sign => item.hash,
                kind => kind as u32 + 16,
            },
            shape: item.shape as u32 | (item.kind as u32) << 4,
            lists,
            paragraph: item.gap == Gap::Paragraph,
            common: item.kind != UnitKind::Word || word.english,
        }
    }

    /// Those of all items, with two of nothing on either side, in the place of
    /// what `out` held.
    pub(crate) fn all(items: &[Item], out: &mut Vec<Self>) {
        let groups = GroupsOf::get();
        out.clear();
        out.reserve(items.len() + 4);
        out.extend([Self::NONE; 2]);
        out.extend(items.iter().map(|item| Self::of(item, groups)));
        out.extend([Self::NONE; 2]);
    }

    fn named(&self) -> u32 {
        join(self.shape, self.lists.named())
    }
}

/// Where features go: training keeps their rows, scanning looks up where the
/// weights of each are.
trait Sink {
    fn add(&mut self, template: u32, value: u32);
}

/// Templates from here on hang on the labels of the units before.
#[cfg(feature = "training")]
const BEHIND: u32 = 50;

/// The rows with labels before, or those without.
#[cfg(feature = "training")]
struct Half<'r> {
    rows: &'r mut Rows,
    behind: bool,
}

#[cfg(feature = "training")]
impl Sink for Half<'_> {
    fn add(&mut self, template: u32, value: u32) {
        if (template >= BEHIND) == self.behind {
            self.rows.add(template, value);
        }
    }
}

/// The places of rows in a table of weights.
struct Found<'w> {
    weights: &'w Weights<WORD_LABELS>,
    places: Places,
}

impl<'w> Found<'w> {
    fn new(weights: &'w Weights<WORD_LABELS>) -> Self {
        Self {
            weights,
            places: Places::default(),
        }
    }

    /// The sums of what `give` adds.
    #[inline(never)]
    fn sums(weights: &'w Weights<WORD_LABELS>, give: impl FnOnce(&mut Self)) -> Sums {
        let mut found = Self::new(weights);
        give(&mut found);
        let mut sums = [0; WORD_LABELS];
        weights.add_places(&found.places, &mut sums);
        sums
    }
}

impl Sink for Found<'_> {
    #[inline(always)]
    fn add(&mut self, template: u32, value: u32) {
        self.places
            .push(self.weights.place(Rows::row(template, value)));
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
    /// The labels of the unit before, and of the one before that.
    one: WordLabel,
    two: WordLabel,
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
    /// `sights` are those of the passage's units, by [`Sight::all`].
    pub(crate) fn new(
        passage: &'s Passage<'_>,
        context: &'s Context,
        sights: &'s [Sight],
        at: usize,
        (one, two): (WordLabel, WordLabel),
    ) -> Option<Self> {
        let (item, next) = (passage.items.get(at)?, passage.items.get(at + 1));
        let [left_2, left, here, right, right_2] = sights.get(at..)?.first_chunk()?;
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
            gap1: next.map_or(Gap::Paragraph, |next| next.gap),
            own: context.own(item.hash, item.shape),
            one,
            two,
        })
    }

    /// All features but those of the labels before, in order.
    #[cfg(feature = "training")]
    pub(crate) fn all(&self, rows: &mut Rows) {
        self.each(&mut Half {
            rows,
            behind: false,
        });
        rows.sort();
    }

    /// Those of the labels before, in order.
    #[cfg(feature = "training")]
    pub(crate) fn history(&self, rows: &mut Rows) {
        self.each(&mut Half { rows, behind: true });
        rows.sort();
    }

    #[cfg(feature = "training")]
    fn each(&self, out: &mut impl Sink) {
        self.word(out);
        self.lists(out);
        self.left(out);
        self.right(out);
        self.lists_left(out);
        self.lists_right(out);
        self.setting(out);
        self.shapes(out);
        self.cue(out);
        self.pairs(out);
    }

    /// The label before as a feature.
    fn label(&self) -> u32 {
        u32::from(self.one) + 1
    }

    fn whom(&self) -> u32 {
        u32::from(self.context.personal) << 1 | u32::from(self.context.internal)
    }

    fn line_start(&self) -> u32 {
        u32::from(self.item.gap >= Gap::Line)
    }

    /// On the word alone.
    fn word(&self, out: &mut impl Sink) {
        let here = self.here;
        out.add(1, here.hash);
        out.add(10, join(suffix(self.bytes, 3), here.shape));
        out.add(11, suffix(self.bytes, 4));
        out.add(12, prefix(self.bytes, 4));
        out.add(52, join(self.label(), here.hash));
    }

    /// What the lists say of the term that it is in.
    fn term(&self) -> Lists {
        groups(self.item.phrase).lists
    }

    /// On what the lists say of it, and whether it is of an address.
    fn lists(&self, out: &mut impl Sink) {
        let (here, lists, term) = (self.here, self.here.lists, self.term());
        let [name, health, place, plain] = [
            lists.named(),
            lists.healthy(),
            lists.placed(),
            lists.plainly(),
        ];
        let first = u32::from(self.item.phrase_first);
        let all = Lists {
            place: lists.place | term.place,
            ..lists
        };
        out.add(8, here.named());
        out.add(13, join(name, plain));
        out.add(16, health);
        out.add(17, join(health, plain));
        out.add(18, join(term.healthy() ^ first, 7));
        out.add(21, join(place, here.shape));
        out.add(31, join(self.own, here.shape));
        out.add(32, join(self.own, join(all.placed(), name)));
        out.add(38, join(lists.peopled(), here.shape));
        let one = self.label();
        out.add(53, join(one, here.named()));
        out.add(54, join(one, join(health, first)));
        out.add(55, join(one, join(place, here.shape)));
    }

    /// All that [`lists`](Self::lists) hangs on.
    fn lists_key(&self) -> u128 {
        let (lists, term) = (self.here.lists, self.term());
        let all = u64::from(lists.name)
            | u64::from(lists.health) << 8
            | u64::from(lists.place) << 17
            | u64::from(lists.people) << 25
            | u64::from(lists.plain) << 34
            | u64::from(term.health) << 38
            | u64::from(self.item.phrase_first) << 47
            | u64::from(term.place) << 48
            | u64::from(self.here.shape) << 56;
        u128::from(all) | u128::from(self.own) << 96 | u128::from(self.one) << 98
    }

    /// All that [`word`](Self::word) and [`lists`](Self::lists) hang on, of
    /// signs and of words that are common and in no term: both ends say what
    /// its prefix and suffix are.
    fn word_key(&self) -> Option<u128> {
        let kept = self.here.common
            && matches!(self.item.kind, UnitKind::Word | UnitKind::Sign)
            && self.item.phrase.is_empty()
            && !self.item.phrase_first;
        let four = |all: u32, b: &u8| all << 8 | u32::from(*b);
        let ends = match (self.bytes.first_chunk(), self.bytes.last_chunk()) {
            (Some(first), Some(last)) => [*first, *last].map(u32::from_le_bytes),
            _ => [self.bytes.iter().fold(0, four), 0],
        };
        kept.then(|| {
            u128::from(self.here.hash)
                | u128::from(ends[0]) << 32
                | u128::from(ends[1]) << 64
                | (self.item.word.index() as u128) << 96
                | u128::from(self.here.shape) << 112
                | u128::from(self.own) << 120
                | u128::from(self.one) << 122
        })
    }

    /// On the word before, with the name and shape.
    fn left(&self, out: &mut impl Sink) {
        let (left, here) = (self.around[0].hash, self.here);
        out.add(2, left);
        out.add(36, join(left, here.named()));
        out.add(
            42,
            join(self.whom(), join(self.own, join(here.shape, left))),
        );
        out.add(58, join(self.label(), join(left, here.shape)));
    }

    /// All that it hangs on, where the word is a common one.
    fn left_key(&self) -> Option<u64> {
        let left = self.around[0];
        left.common.then(|| {
            u64::from(left.hash)
                | u64::from(self.here.lists.name) << 32
                | u64::from(self.here.shape) << 40
                | u64::from(self.own) << 48
                | u64::from(self.whom()) << 50
                | u64::from(self.one) << 54
        })
    }

    /// On the word behind, with the name and shape.
    fn right(&self, out: &mut impl Sink) {
        let (right, here) = (self.around[1].hash, self.here);
        out.add(3, right);
        out.add(34, join(self.line_start(), join(right, here.shape)));
        out.add(37, join(right, here.named()));
        out.add(57, join(self.label(), right));
    }

    /// All that it hangs on, where the word is a common one.
    fn right_key(&self) -> Option<u64> {
        let right = self.around[1];
        right.common.then(|| {
            u64::from(right.hash)
                | u64::from(self.here.lists.name) << 32
                | u64::from(self.here.shape) << 40
                | u64::from(self.line_start()) << 48
                | u64::from(self.one) << 54
        })
    }

    /// On what the lists say of the units before.
    fn lists_left(&self, out: &mut impl Sink) {
        let (left, here) = (self.left, self.here);
        let people = left.lists.peopled();
        let further = self.left_2.lists.peopled();
        out.add(14, join(left.lists.named(), here.shape));
        out.add(20, join(left.lists.healthy(), here.lists.parted()));
        out.add(24, people);
        out.add(25, join(people, here.named()));
        out.add(26, join(further, here.shape));
        out.add(40, join(u32::from(self.context.prior), people));
    }

    fn lists_left_key(&self) -> u64 {
        let (left, here) = (self.left.lists, self.here.lists);
        u64::from(left.name)
            | u64::from(left.health) << 8
            | u64::from(left.people) << 17
            | u64::from(here.name) << 26
            | u64::from(here.parts) << 34
            | u64::from(self.here.shape) << 38
            | u64::from(self.left_2.lists.people) << 46
            | u64::from(self.context.prior) << 55
    }

    /// On what they say of the units behind.
    fn lists_right(&self, out: &mut impl Sink) {
        let (here, right) = (self.here, self.right.lists);
        let (place, lists) = (right.placed(), here.lists);
        out.add(15, join(right.named(), here.named()));
        out.add(19, join(right.healthy(), lists.parted()));
        out.add(22, join(place, join(here.shape, lists.placed())));
        out.add(23, join(self.right_2.lists.placed(), place));
        out.add(27, join(right.peopled(), here.shape));
    }

    fn lists_right_key(&self) -> u128 {
        let (here, right) = (self.here.lists, self.right.lists);
        let behind = u64::from(right.name)
            | u64::from(right.health) << 8
            | u64::from(right.people) << 17
            | u64::from(right.place) << 26
            | u64::from(self.right_2.lists.place) << 34;
        let here = u64::from(here.name)
            | u64::from(here.parts) << 8
            | u64::from(here.place) << 12
            | u64::from(self.here.shape) << 20;
        u128::from(behind) | u128::from(here) << 96
    }

    /// On the name and shape, and where and in what mail it stands.
    fn setting(&self, out: &mut impl Sink) {
        let (here, care) = (self.here, self.context.care());
        let named = here.named();
        out.add(30, join(self.region as u32, named));
        out.add(33, join(care, named));
        out.add(39, join(u32::from(self.context.prior), named));
        out.add(
            41,
            join(self.whom(), join(care, join(here.shape, self.line_start()))),
        );
    }

    fn setting_key(&self) -> u64 {
        u64::from(self.here.lists.name)
            | u64::from(self.here.shape) << 8
            | u64::from(self.line_start()) << 16
            | (self.region as u64) << 20
            | u64::from(self.context.care()) << 24
            | u64::from(self.context.prior) << 32
            | u64::from(self.whom()) << 40
    }

    /// On shapes and gaps.
    fn shapes(&self, out: &mut impl Sink) {
        let (shape, gap) = (self.here.shape, self.item.gap as u32);
        out.add(9, join(self.left.shape, join(shape, self.right.shape)));
        out.add(29, join(gap, join(self.gap1 as u32, shape)));
        out.add(35, join(self.right.shape, join(self.right_2.shape, shape)));
        out.add(50, self.label());
        out.add(56, join(self.label(), join(gap, shape)));
    }

    fn shapes_key(&self) -> u64 {
        let shapes = [self.left, self.here, self.right, self.right_2];
        let shapes = shapes
            .iter()
            .fold(0, |all, sight| all << 8 | u64::from(sight.shape));
        shapes | (self.item.gap as u64) << 32 | (self.gap1 as u64) << 40 | u64::from(self.one) << 48
    }

    /// On the label before it in the text, and on those that were given.
    fn cue(&self, out: &mut impl Sink) {
        let (cue, distance) = (self.item.cue, self.item.cue_distance.min(4));
        let near = join(u32::from(distance), self.here.shape);
        out.add(28, join(u32::from(cue), near));
        out.add(51, join(self.label(), u32::from(self.two) + 1));
    }

    fn cue_key(&self) -> u64 {
        u64::from(self.item.cue)
            | u64::from(self.item.cue_distance.min(4)) << 8
            | u64::from(self.here.shape) << 16
            | u64::from(self.one) << 24
            | u64::from(self.two) << 32
    }

    /// On pairs of words, and on those further away.
    fn pairs(&self, out: &mut impl Sink) {
        let [left, right, left_2, right_2] = self.around.map(|word| word.hash);
        let prior = u32::from(self.context.prior);
        out.add(4, left_2);
        out.add(5, right_2);
        out.add(6, join(left, self.here.hash));
        out.add(7, join(self.here.hash, right));
        out.add(43, join(prior, join(self.own, join(right, left))));
    }
}

/// The sums that were kept, by group.
pub(crate) struct Memos {
    /// Of a word and what the lists say of it.
    word: Memo<u128, Sums>,
    lists: Memo<u128, Sums>,
    left: Memo<u64, Sums>,
    right: Memo<u64, Sums>,
    lists_left: Memo<u64, Sums>,
    lists_right: Memo<u128, Sums>,
    settings: Memo<u64, Sums>,
    shapes: Memo<u64, Sums>,
    cues: Memo<u64, Sums>,
}

impl Default for Memos {
    fn default() -> Self {
        Self {
            word: Memo::new(12),
            lists: Memo::new(11),
            left: Memo::new(12),
            right: Memo::new(12),
            lists_left: Memo::new(11),
            lists_right: Memo::new(11),
            settings: Memo::new(10),
            shapes: Memo::new(12),
            cues: Memo::new(9),
        }
    }
}

impl Memos {
    /// The score of each label of a unit; that of none is 0. What was not kept
    /// is looked up in one go.
    pub(crate) fn score(&mut self, scene: &Scene<'_>, weights: &Weights<WORD_LABELS>) -> Sums {
        let mut found = Found::new(weights);
        let mut sums = weights.bias();
        scene.pairs(&mut found);
        // The sums under a key, or else of what the group adds.
        macro_rules! kept {
            ($memo:ident, $key:expr, $group:ident) => {
                self.$memo
                    .get($key, || Found::sums(weights, |out| scene.$group(out)))
            };
        }
        match scene.word_key() {
            Some(key) => {
                let lists = &mut self.lists;
                let kept = self.word.get(key, || {
                    let mut sums = Found::sums(weights, |out| scene.word(out));
                    let lists = lists.get(scene.lists_key(), || {
                        Found::sums(weights, |out| scene.lists(out))
                    });
                    add(&mut sums, lists);
                    sums
                });
                add(&mut sums, kept);
            }
            None => {
                scene.word(&mut found);
                add(&mut sums, kept!(lists, scene.lists_key(), lists));
            }
        }
        match scene.left_key() {
            Some(key) => add(&mut sums, kept!(left, key, left)),
            None => scene.left(&mut found),
        }
        match scene.right_key() {
            Some(key) => add(&mut sums, kept!(right, key, right)),
            None => scene.right(&mut found),
        }
        add(
            &mut sums,
            kept!(lists_left, scene.lists_left_key(), lists_left),
        );
        add(
            &mut sums,
            kept!(lists_right, scene.lists_right_key(), lists_right),
        );
        add(&mut sums, kept!(settings, scene.setting_key(), setting));
        add(&mut sums, kept!(shapes, scene.shapes_key(), shapes));
        add(&mut sums, kept!(cues, scene.cue_key(), cue));
        weights.add_places(&found.places, &mut sums);
        sums
    }
}

#[cfg(all(test, feature = "training"))]
mod tests {
    use super::*;
    use crate::dlp::tagger::features::asks_word;
    use crate::dlp::tagger::model::Model;

    /// Over three mails with one memo, some keys of which they share.
    #[test]
    fn sums_that_were_kept_are_those_of_all_rows() {
        let text = "Dear Ms. O'Brien, your metformin 500 mg is ready.\n\nDr. Rose Lindqvist, \
            MD\nHarbor Kidney Center, 12 Heron Court; MRN: 00482913, DOB 3/4/61 (s/p CABG)\n\n\
            THE the The clinic saw the patient for type 2 diabetes mellitus on May 3. Call me.";
        let model = Model::get();
        let mut memos = Memos::default();
        let mut rows = Rows::new();
        let mut compared = 0;
        for (round, region) in [Region::Body, Region::Subject, Region::Body]
            .into_iter()
            .enumerate()
        {
            let recipients = [
                "rose.lindqvist@mail.example",
                "a@b.example",
                "brien@mail.example",
            ];
            let sender = "Harbor Clinic <a@harbor.example>";
            let mut context = Context::new(sender, [recipients[round]], None);
            context.prior = u8::try_from(round).unwrap();
            context.personal = 1;
            let passage = Passage::read(text.as_bytes(), 0, text.len(), region);
            let mut sights = Vec::new();
            Sight::all(&passage.items, &mut sights);
            for at in 0..passage.items.len() {
                for (one, two) in [(0, 0), (1, 0), (0, 3), (2, 1), (8, 7)] {
                    if !asks_word(&passage.items[at], one) {
                        continue;
                    }
                    let labels = (one, two);
                    let scene = Scene::new(&passage, &context, &sights, at, labels).unwrap();
                    rows.clear();
                    scene.all(&mut rows);
                    scene.history(&mut rows);
                    assert_eq!(rows.as_slice().len(), 52);
                    let wanted = model.word.score(&rows);
                    let found = memos.score(&scene, &model.word);
                    assert_eq!(found, wanted, "unit {at} behind {one}, {two}");
                    compared += 1;
                }
            }
        }
        assert!(compared > 500);
    }
}
