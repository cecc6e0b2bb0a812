//! What the word model sees of a unit: its features in groups, each with what
//! its rows hang on.

use super::context::Context;
#[cfg(feature = "training")]
use super::features::Rows;
use super::features::{GroupsOf, Lists, asks_word, groups, prefix, suffix};
use super::labels::WordLabel;
use crate::dlp::common;
use crate::dlp::passage::{Item, Passage, Region};
use crate::dlp::token::{Gap, Shape, join};
use crate::dlp::unit::UnitKind;

/// What is read of a unit and of its neighbours, worked out once for each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sight {
    hash: u32,
    /// Whether a paragraph starts here.
    paragraph: bool,
    /// Whether the hash is one of common English, of a sign or of a kind.
    common: bool,
    /// Whether the word model looks at it behind no label, which it does not
    /// where it knows that it is far off.
    asked: bool,
    /// What the lists say of the word; of health and people, of its term too.
    /// And its shape.
    lists: Lists,
}

/// The hash of what lies beyond the text, and beyond a paragraph.
const NOTHING: u32 = 1;
const EDGE: u32 = 2;
/// The shape of what lies beyond the text.
const SHAPELESS: u32 = 31;

impl Sight {
    /// Beyond the text.
    const NONE: Self = Self {
        hash: NOTHING,
        paragraph: true,
        common: true,
        asked: false,
        lists: Lists(SHAPELESS as u64),
    };

    #[inline]
    fn of(item: &Item, groups: GroupsOf, context: &Context, far: &FarOff) -> Self {
        const OF_TERM: u64 = Lists::HEALTH.to(&Lists::PEOPLE);
        let word = groups.of(item.word);
        let term = groups.of(item.phrase).lists.only(OF_TERM);
        let shape = item.shape as u32 | (item.kind as u32) << 4;
        // What a unit is, is chance: none of this is a branch.
        let is = |kind| item.kind == kind;
        let kind = u32::from(!(is(UnitKind::Word) | is(UnitKind::Sign))).wrapping_neg();
        let joins = (item.shape == Shape::Lower) & word.function;
        let far = far.has(item.plain) & !context.may_be_own(item.hash);
        let asked = (is(UnitKind::Word) & !joins) | is(UnitKind::Code) | is(UnitKind::Number);
        Self {
            hash: (item.hash & !kind) | ((item.kind as u32 + 16) & kind),
            paragraph: item.gap == Gap::Paragraph,
            common: !is(UnitKind::Word) | word.english,
            asked: asked & !far,
            lists: Lists(word.lists.0 | term | u64::from(shape)),
        }
    }

    fn shape(&self) -> u32 {
        self.lists.shape()
    }

    fn named(&self) -> u32 {
        join(self.shape(), self.lists.named())
    }
}

/// The sights of a passage's units, and what is the same for all of them.
#[derive(Default)]
pub(crate) struct Sights {
    /// With two of nothing on either side.
    all: Vec<Sight>,
    /// Where the word model stops behind no label.
    pub(super) stops: Stops,
    setting: Setting,
}

impl Sights {
    /// Room for as many is kept from one passage to the next: for a short text.
    const SMALL: usize = 2_048;

    /// `far` is what the word model knows of common words.
    #[cfg(any(test, feature = "training"))]
    pub(crate) fn new(passage: &Passage<'_>, context: &Context, far: &FarOff) -> Self {
        let mut sights = Self::default();
        sights.read(passage, context, far);
        sights
    }

    /// The same with the room that it has.
    pub(crate) fn read(&mut self, passage: &Passage<'_>, context: &Context, far: &FarOff) {
        let groups = GroupsOf::get();
        let items = &passage.items;
        let (all, stops) = (&mut self.all, &mut self.stops.0);
        all.clear();
        stops.clear();
        all.reserve(items.len() + 4);
        all.extend([Sight::NONE; 2]);
        for items in items.chunks(64) {
            // The last is the top bit at first.
            let mut bits = 0;
            all.extend(items.iter().map(|item| {
                let sight = Sight::of(item, groups, context, far);
                bits = bits >> 1 | u64::from(sight.asked) << 63;
                sight
            }));
            stops.push(bits >> (64 - items.len()));
        }
        all.extend([Sight::NONE; 2]);
        self.setting = Setting::new(passage.region, context);
    }

    /// Writes over what was read, since the words of a text can be told by their
    /// hashes, and keeps the room.
    pub(crate) fn wiped(mut self) -> Self {
        match self.all.capacity() <= Self::SMALL {
            true => self.all.fill(Sight::NONE),
            false => self.all = Vec::new(),
        }
        self
    }

    /// Where the word model or something else stops behind no label, from a unit
    /// on.
    pub(super) fn stop(&self, from: usize) -> Option<usize> {
        self.stops.next(from)
    }

    /// Whether the word model looks at a unit behind a label.
    #[inline]
    pub(crate) fn asked(&self, item: &Item, at: usize, one: WordLabel) -> bool {
        match one {
            0 => self.all.get(at + 2).is_some_and(|sight| sight.asked),
            _ => asks_word(item, one),
        }
    }
}

/// Units of a passage, a bit for each.
#[derive(Default)]
pub(crate) struct Stops(Vec<u64>);

impl Stops {
    pub(crate) fn add(&mut self, at: usize) {
        if let Some(bits) = self.0.get_mut(at / 64) {
            *bits |= 1 << (at % 64);
        }
    }

    /// The first that is not before `at`.
    #[inline]
    pub(crate) fn next(&self, at: usize) -> Option<usize> {
        let mut n = at / 64;
        let mut bits = self.0.get(n)? & u64::MAX << (at % 64);
        while bits == 0 {
            n += 1;
            bits = *self.0.get(n)?;
        }
        Some(n * 64 + bits.trailing_zeros() as usize)
    }
}

/// Common words that in small letters are far off by themselves, as the word
/// model found when it met them: a bit for the number of each.
pub(crate) struct FarOff([u64; common::PLACES / 64]);

impl Default for FarOff {
    fn default() -> Self {
        Self([0; _])
    }
}

impl FarOff {
    #[inline]
    fn has(&self, number: u16) -> bool {
        let bits = self.0[usize::from(number / 64) % (common::PLACES / 64)];
        bits >> (number % 64) & 1 != 0
    }

    pub(super) fn add(&mut self, scene: &Scene<'_>) {
        let number = scene.item.plain;
        if number != common::NONE
            && scene.own == 0
            && let Some(bits) = self.0.get_mut(usize::from(number / 64))
        {
            *bits |= 1 << (number % 64);
        }
    }
}

/// Where a passage stands, and in what mail.
#[derive(Clone, Copy, Default)]
struct Setting {
    region: u32,
    care: u32,
    prior: u32,
    /// Whom the mail goes to.
    whom: u32,
    /// All of it.
    key: u64,
}

impl Setting {
    fn new(region: Region, context: &Context) -> Self {
        let (region, care, prior) = (region as u32, context.care(), u32::from(context.prior));
        let whom = u32::from(context.personal) << 1 | u32::from(context.internal);
        Self {
            region,
            care,
            prior,
            whom,
            key: u64::from(region)
                | u64::from(care) << 8
                | u64::from(prior) << 16
                | u64::from(whom) << 24,
        }
    }
}

/// Features as templates and their values.
pub(super) type Features<const MANY: usize> = [(u32, u32); MANY];

/// Templates from here on hang on the labels of the units before.
#[cfg(feature = "training")]
const BEHIND: u32 = 50;

/// A unit with what stands around it.
pub(crate) struct Scene<'s> {
    item: &'s Item,
    bytes: &'s [u8],
    setting: &'s Setting,
    left_2: &'s Sight,
    left: &'s Sight,
    here: &'s Sight,
    right: &'s Sight,
    right_2: &'s Sight,
    /// What parts it from the next.
    gap1: Gap,
    /// Whether it stands in an address of the mail.
    own: u32,
    /// The labels of the unit before, and of the one before that.
    pub(super) one: WordLabel,
    two: WordLabel,
}

/// The hash of a word nearby, and whether it is a common one. The edge of a
/// paragraph hides it.
#[inline]
fn nearby(sight: &Sight, edge: bool) -> (u32, bool) {
    // Whether one is there is chance: no branch asks for it.
    let hides = edge & (sight.shape() != SHAPELESS);
    let edge = u32::from(hides).wrapping_neg();
    ((sight.hash & !edge) | (EDGE & edge), hides | sight.common)
}

impl<'s> Scene<'s> {
    /// `sights` are those of the passage.
    #[inline(always)]
    pub(crate) fn new(
        passage: &'s Passage<'_>,
        context: &Context,
        sights: &'s Sights,
        at: usize,
        (one, two): (WordLabel, WordLabel),
    ) -> Option<Self> {
        let (item, next) = (passage.items.get(at)?, passage.items.get(at + 1));
        let [left_2, left, here, right, right_2] = sights.all.get(at..)?.first_chunk()?;
        Some(Self {
            item,
            bytes: passage.bytes(at),
            setting: &sights.setting,
            left_2,
            left,
            here,
            right,
            right_2,
            gap1: next.map_or(Gap::Paragraph, |next| next.gap),
            own: context.own(item.hash, item.shape),
            one,
            two,
        })
    }

    /// Whether it is all small letters.
    pub(super) fn is_lower(&self) -> bool {
        self.item.shape == Shape::Lower
    }

    /// The word before.
    fn before(&self) -> (u32, bool) {
        nearby(self.left, self.here.paragraph)
    }

    /// The word behind.
    fn behind(&self) -> (u32, bool) {
        nearby(self.right, self.right.paragraph)
    }

    /// All features but those of the labels before, in order.
    #[cfg(feature = "training")]
    pub(crate) fn all(&self, rows: &mut Rows) {
        self.each(rows, false);
    }

    /// Those of the labels before, in order.
    #[cfg(feature = "training")]
    pub(crate) fn history(&self, rows: &mut Rows) {
        self.each(rows, true);
    }

    #[cfg(feature = "training")]
    fn each(&self, rows: &mut Rows, behind: bool) {
        let groups: [&[(u32, u32)]; 10] = [
            &self.word(),
            &self.lists(),
            &self.left(),
            &self.right(),
            &self.lists_left(),
            &self.lists_right(),
            &self.setting(),
            &self.shapes(),
            &self.cue(),
            &self.pairs(),
        ];
        for &(template, value) in groups.into_iter().flatten() {
            if (template >= BEHIND) == behind {
                rows.add(template, value);
            }
        }
        rows.sort();
    }

    /// The label before as a feature.
    fn label(&self) -> u32 {
        u32::from(self.one) + 1
    }

    fn line_start(&self) -> u32 {
        u32::from(self.item.gap >= Gap::Line)
    }

    /// On the word alone.
    #[inline(never)]
    pub(super) fn word(&self) -> Features<5> {
        let here = self.here;
        [
            (1, here.hash),
            (10, join(suffix::<3>(self.bytes), here.shape())),
            (11, suffix::<4>(self.bytes)),
            (12, prefix::<4>(self.bytes)),
            (52, join(self.label(), here.hash)),
        ]
    }

    /// What the lists say of the term that it is in.
    fn term(&self) -> Lists {
        groups(self.item.phrase).lists
    }

    /// On what the lists say of it, and whether it is of an address.
    #[inline(never)]
    pub(super) fn lists(&self) -> Features<12> {
        let (here, lists, term) = (self.here, self.here.lists, self.term());
        let (shape, name, health) = (here.shape(), lists.named(), lists.healthy());
        let (place, plain) = (lists.placed(), lists.plainly());
        let first = u32::from(self.item.phrase_first);
        let placed = Lists(lists.0 | term.0).placed();
        let one = self.label();
        [
            (8, here.named()),
            (13, join(name, plain)),
            (16, health),
            (17, join(health, plain)),
            (18, join(term.healthy() ^ first, 7)),
            (21, join(place, shape)),
            (31, join(self.own, shape)),
            (32, join(self.own, join(placed, name))),
            (38, join(lists.peopled(), shape)),
            (53, join(one, here.named())),
            (54, join(one, join(health, first))),
            (55, join(one, join(place, shape))),
        ]
    }

    /// All that [`lists`](Self::lists) hangs on.
    pub(super) fn lists_key(&self) -> u128 {
        let term = match self.item.phrase.is_empty() {
            true => 0,
            false => self.term().only(Lists::HEALTH.mask() | Lists::PLACE.mask()),
        };
        let more = term
            | u64::from(self.item.phrase_first)
            | u64::from(self.own) << 1
            | u64::from(self.one) << 3;
        u128::from(self.here.lists.0) | u128::from(more) << 64
    }

    /// All that [`word`](Self::word) and [`lists`](Self::lists) hang on, of
    /// signs and of words that are common and in no term: its number or both
    /// ends say what its prefix and suffix are.
    pub(super) fn word_key(&self) -> Option<u128> {
        let kept = self.here.common
            && matches!(self.item.kind, UnitKind::Word | UnitKind::Sign)
            && self.item.phrase.is_empty()
            && !self.item.phrase_first;
        let four = |all: u32, b: &u8| all << 8 | u32::from(*b);
        let ends = match (self.bytes.first_chunk(), self.bytes.last_chunk()) {
            // No ends of letters look so.
            _ if self.item.plain != common::NONE => [self.item.plain.into(), u32::MAX],
            (Some(first), Some(last)) => [*first, *last].map(u32::from_le_bytes),
            _ => [self.bytes.iter().fold(0, four), 0],
        };
        kept.then(|| {
            u128::from(self.here.hash)
                | u128::from(ends[0]) << 32
                | u128::from(ends[1]) << 64
                | (self.item.word.index() as u128) << 96
                | u128::from(self.here.shape()) << 112
                | u128::from(self.own) << 120
                | u128::from(self.one) << 122
        })
    }

    /// The bits of its shape and of what the lists say of it as a name: 20, of
    /// which 4 are free.
    fn named_bits(&self) -> u64 {
        const NAMED: u64 = Lists::SHAPE.mask() | Lists::NAME.mask();
        self.here.lists.only(NAMED)
    }

    /// On the word before, with the name and shape.
    #[inline(never)]
    pub(super) fn left(&self) -> Features<4> {
        let (left, here) = (self.before().0, self.here);
        let shape = here.shape();
        let own = join(self.own, join(shape, left));
        [
            (2, left),
            (36, join(left, here.named())),
            (42, join(self.setting.whom, own)),
            (58, join(self.label(), join(left, shape))),
        ]
    }

    /// All that it hangs on, where the word is a common one.
    pub(super) fn left_key(&self) -> Option<u64> {
        let (left, common) = self.before();
        common.then(|| {
            u64::from(left)
                | self.named_bits() << 32
                | u64::from(self.own) << 52
                | u64::from(self.setting.whom) << 54
                | u64::from(self.one) << 58
        })
    }

    /// On the word behind, with the name and shape.
    #[inline(never)]
    pub(super) fn right(&self) -> Features<4> {
        let (right, here) = (self.behind().0, self.here);
        [
            (3, right),
            (34, join(self.line_start(), join(right, here.shape()))),
            (37, join(right, here.named())),
            (57, join(self.label(), right)),
        ]
    }

    /// All that it hangs on, where the word is a common one.
    pub(super) fn right_key(&self) -> Option<u64> {
        let (right, common) = self.behind();
        common.then(|| {
            u64::from(right)
                | self.named_bits() << 32
                | u64::from(self.line_start()) << 52
                | u64::from(self.one) << 58
        })
    }

    /// On what the lists say of the units before.
    #[inline(never)]
    pub(super) fn lists_left(&self) -> Features<6> {
        let (left, here) = (self.left.lists, self.here);
        let people = left.peopled();
        let further = self.left_2.lists.peopled();
        [
            (14, join(left.named(), here.shape())),
            (20, join(left.healthy(), here.lists.parted())),
            (24, people),
            (25, join(people, here.named())),
            (26, join(further, here.shape())),
            (40, join(self.setting.prior, people)),
        ]
    }

    pub(super) fn lists_left_key(&self) -> u64 {
        const HERE: u64 = Lists::SHAPE.to(&Lists::NAME);
        const LEFT: u64 = Lists::NAME.to(&Lists::PEOPLE);
        self.here.lists.only(HERE)
            | self.left.lists.only(LEFT) << 8
            | self.left_2.lists.only(Lists::PEOPLE.mask()) << 17
            | u64::from(self.setting.prior) << 56
    }

    /// On what they say of the units behind.
    #[inline(never)]
    pub(super) fn lists_right(&self) -> Features<5> {
        let (here, right) = (self.here, self.right.lists);
        let (place, lists) = (right.placed(), here.lists);
        [
            (15, join(right.named(), here.named())),
            (19, join(right.healthy(), lists.parted())),
            (22, join(place, join(here.shape(), lists.placed()))),
            (23, join(self.right_2.lists.placed(), place)),
            (27, join(right.peopled(), here.shape())),
        ]
    }

    pub(super) fn lists_right_key(&self) -> u128 {
        const HERE: u64 = Lists::SHAPE.to(&Lists::NAME) | Lists::PLACE.mask();
        const RIGHT: u64 = Lists::NAME.to(&Lists::PLACE);
        let behind =
            self.right.lists.only(RIGHT) | self.right_2.lists.only(Lists::PLACE.mask()) << 8;
        u128::from(behind) | u128::from(self.here.lists.only(HERE)) << 64
    }

    /// On the name and shape, and where and in what mail it stands.
    #[inline(never)]
    pub(super) fn setting(&self) -> Features<4> {
        let (named, shape) = (self.here.named(), self.here.shape());
        let Setting {
            region,
            care,
            prior,
            whom,
            ..
        } = *self.setting;
        let start = join(shape, self.line_start());
        [
            (30, join(region, named)),
            (33, join(care, named)),
            (39, join(prior, named)),
            (41, join(whom, join(care, start))),
        ]
    }

    pub(super) fn setting_key(&self) -> u64 {
        self.named_bits() | u64::from(self.line_start()) << 20 | self.setting.key << 24
    }

    /// On shapes and gaps.
    #[inline(never)]
    pub(super) fn shapes(&self) -> Features<5> {
        let (shape, gap) = (self.here.shape(), self.item.gap as u32);
        let [left, right, right_2] = [self.left, self.right, self.right_2].map(Sight::shape);
        [
            (9, join(left, join(shape, right))),
            (29, join(gap, join(self.gap1 as u32, shape))),
            (35, join(right, join(right_2, shape))),
            (50, self.label()),
            (56, join(self.label(), join(gap, shape))),
        ]
    }

    pub(super) fn shapes_key(&self) -> u64 {
        let shapes = [self.left, self.here, self.right, self.right_2].map(Sight::shape);
        let shapes = shapes.iter().fold(0, |all, one| all << 8 | u64::from(*one));
        shapes | (self.item.gap as u64) << 32 | (self.gap1 as u64) << 40 | u64::from(self.one) << 48
    }

    /// On the label before it in the text, and on those that were given.
    #[inline(never)]
    pub(super) fn cue(&self) -> Features<2> {
        let (cue, distance) = (self.item.cue, self.item.cue_distance.min(4));
        let near = join(u32::from(distance), self.here.shape());
        [
            (28, join(u32::from(cue), near)),
            (51, join(self.label(), u32::from(self.two) + 1)),
        ]
    }

    pub(super) fn cue_key(&self) -> u64 {
        u64::from(self.item.cue)
            | u64::from(self.item.cue_distance.min(4)) << 8
            | u64::from(self.here.shape()) << 16
            | u64::from(self.one) << 24
            | u64::from(self.two) << 32
    }

    /// On pairs of words, and on those further away.
    #[inline(always)]
    pub(super) fn pairs(&self) -> Features<5> {
        let (left, right, here) = (self.before().0, self.behind().0, self.here);
        let start = here.paragraph | self.left.paragraph;
        let end = self.right.paragraph | self.right_2.paragraph;
        let own = join(self.own, join(right, left));
        [
            (4, nearby(self.left_2, start).0),
            (5, nearby(self.right_2, end).0),
            (6, join(left, here.hash)),
            (7, join(here.hash, right)),
            (43, join(self.setting.prior, own)),
        ]
    }
}
