//! What a tag says of how its element is shown: apart, turned, or not at all.

use std::borrow::Cow;
use std::collections::HashMap;

use memchr::{memchr, memmem};

use super::decoded;
use super::sheets::{Piece, pieces, turns};

/// How the style of a tag that opens an element sets it apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shown {
    /// It has none.
    #[default]
    Plain,
    /// A style or class, whatever it says.
    Classed,
    /// Placed for itself in the line, as each sign of a formula is: words stand apart,
    /// and letters may be one word.
    Placed,
    /// Placed for itself on a drawing, or out of the line: the same, with what stands
    /// around it.
    Floats,
    /// Room around the text.
    Spaced,
    /// `display: table-cell`.
    Cell,
    /// A block.
    Block,
    /// A block whose children are set apart: `flex` and `grid`.
    Items,
}

/// What an element's own style says.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Style {
    pub(super) shown: Shown,
    /// What `display` alone says of it.
    laid_out: Shown,
    /// Whether a block stands in the line: `display: inline`.
    pub(super) inline: bool,
    /// Whether its letters are seen in another order.
    pub(super) turned: bool,
    /// Whether `display` hides it; `None` where it says nothing.
    display: Option<bool>,
    /// The same of its visibility, which what is in it may say otherwise.
    visibility: Option<bool>,
    /// And of letters too small to be seen.
    size: Option<bool>,
    /// Whether it is seen through.
    clear: bool,
    /// Whether it has no height or width, and whether what does not fit is cut off.
    flat: bool,
    cut: bool,
    /// Whether it has a height and width at all.
    boxed: bool,
    /// Whether it is placed, and out of the line; whether far off, and cut to nothing.
    placed: bool,
    out: bool,
    off: bool,
    clipped: bool,
}

/// What `display` says of blocks.
const BLOCKS: &[&str] = &[
    "block",
    "flow-root",
    "list-item",
    "table",
    "table-row",
    "table-caption",
];

/// Whether `display` knows a word.
fn is_display(word: &[u8]) -> bool {
    const OTHERS: &[&str] = &[
        "none", "contents", "flex", "grid", "ruby", "initial", "inherit", "unset", "revert",
    ];
    let starts = |name: &str| {
        word.get(..name.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(name.as_bytes()))
    };
    is(word, OTHERS) || is(word, BLOCKS) || starts("inline") || starts("table") || starts("-")
}

/// Properties that put room beside a text.
const ROOM: &[&str] = &[
    "padding",
    "padding-left",
    "padding-right",
    "margin",
    "margin-left",
    "margin-right",
    "width",
    "min-width",
];

/// Why an element's text is not seen. What hides all hides what is in it too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Hidden {
    all: bool,
    invisible: bool,
    small: bool,
}

impl Hidden {
    pub(super) const ALL: Self = Self {
        all: true,
        invisible: false,
        small: false,
    };

    pub(super) const fn is_any(self) -> bool {
        self.all || self.invisible || self.small
    }
}

/// What no browser shows: not even where it has no style. What stands above letters
/// (`rt`) is read for itself.
const UNSEEN: &[&str] = &[
    "template", "datalist", "noembed", "noframes", "rp", "rt", "rtc",
];

/// Signs of formulas.
const FORMULA: &[&str] = &["mi", "mn", "mo", "ms", "mtext"];

fn is(word: &[u8], names: &[&str]) -> bool {
    let same = |name: &&str| word.eq_ignore_ascii_case(name.as_bytes());
    names.iter().any(same)
}

impl Style {
    /// What a tag says of the element that it opens, by its name and behind it; and
    /// its classes.
    pub(super) fn of<'t>(name: &[u8], behind: &'t [u8]) -> (Self, &'t [u8]) {
        let mut out = Self::default();
        let (mut style, mut class, mut hidden, mut dir) = (None, None, false, None);
        let drawn = is(name, &["tspan", "textpath"]);
        for (attribute, value) in Attributes(behind) {
            match attribute.len() {
                2 | 1 if drawn && value.iter().any(|b| matches!(b, b'1'..=b'9')) => {
                    out.shown = out.shown.max(match attribute {
                        b"x" | b"dx" => Shown::Placed,
                        b"y" | b"dy" => Shown::Floats,
                        _ => Shown::Plain,
                    });
                }
                // The first of a name counts.
                5 if is(attribute, &["style"]) => style = style.or(Some(value)),
                5 if is(attribute, &["class"]) => class = class.or(Some(value)),
                6 if is(attribute, &["hidden"]) => hidden = true,
                6 if is(attribute, &["srcdoc"]) => {
                    let page = read(value).to_ascii_lowercase();
                    let has = |word: &[u8]| memmem::find(&page, word).is_some();
                    out.turned |= turns(&page) || has(b"<bdo") && has(b"rtl");
                }
                12 if is(attribute, &["unicode-bidi"]) => out.turned |= turns(&read(value)),
                3 if is(attribute, &["dir"]) => dir = dir.or(Some(value)),
                4 if is(attribute, &["size"]) && is(name, &["font"]) => out.size = Some(false),
                _ => {}
            }
        }
        let style = style.map(read);
        if class.is_some()
            || style.is_some()
            || is(name, &["label"])
            || behind.first() == Some(&b'-')
        {
            out.shown = out.shown.max(Shown::Classed);
        }
        if is(name, FORMULA) {
            out.shown = out.shown.max(Shown::Placed);
        }
        // The size of letters outside of a table is none in it, where a page is read as
        // old ones are.
        if is(name, &["table"]) {
            out.size = Some(false);
        }
        if let Some(style) = &style {
            pieces(style, &mut |piece| out.declare(piece));
            out.shown = out.shown.max(out.laid_out);
            out.turned |= turns(style);
        }
        if (hidden && out.display.is_none()) || is(name, UNSEEN) {
            out.display = Some(true);
        }
        if is(name, &["bdo"]) {
            let style = style.unwrap_or_default().to_ascii_lowercase();
            let rtl = memmem::find(&style, b"rtl").is_some();
            let dir = dir.map(read).unwrap_or_default();
            out.turned |= rtl || !dir.trim_ascii().eq_ignore_ascii_case(b"ltr");
        }
        (out, class.unwrap_or_default())
    }

    /// Takes a declaration.
    fn declare(&mut self, piece: &Piece<'_>) {
        let Some((name, value)) = piece.declaration() else {
            return;
        };
        let letter = |b: &u8| b.is_ascii_alphabetic() || *b == b'-';
        let ends = value.iter().position(|b| !letter(b));
        let word = &value[..ends.unwrap_or(value.len())];
        let any = |names: &[&str]| is(&name, names);
        let mut said = Shown::Classed;
        match name.len() {
            // The last counts that is one.
            7 if any(&["display"]) && is_display(word) => {
                self.display = Some(is(word, &["none"]));
                self.inline = is(word, &["inline", "contents"]);
                self.boxed |= !self.inline;
                self.laid_out = match () {
                    () if is(word, &["flex", "grid"]) => Shown::Items,
                    () if is(word, &["table-cell"]) => Shown::Cell,
                    () if is(word, BLOCKS) => Shown::Block,
                    () if is(word, &["inline-flex", "inline-grid"]) => Shown::Spaced,
                    () => Shown::Classed,
                };
            }
            10 if any(&["visibility"]) && !is(word, AS_OUTSIDE) => {
                self.visibility = Some(is(word, &["hidden", "collapse"]));
            }
            9 if any(&["font-size"]) => self.size = size(word, &Length::of(&value)),
            4 if any(&["font"]) => {
                let words = value.split(u8::is_ascii_whitespace);
                let mut sizes = words
                    .map(Length::of)
                    .filter(|size| !size.unit.is_empty() || size.whole == 0);
                let known = sizes.find(|size| size.known);
                self.size = known.map_or(Some(false), |known| size(word, &known));
            }
            7 if any(&["opacity"]) => self.clear = Length::of(&value).is_clear(),
            8 if any(&["overflow"]) => self.cut = is(word, &["hidden", "clip"]),
            8 if any(&["position"]) => {
                self.placed = !is(word, &["static"]);
                self.out = is(word, &["absolute", "fixed"]);
                self.boxed |= self.out;
            }
            5 if any(&["float"]) && !is(word, &["none"]) => {
                self.boxed = true;
                said = Shown::Floats;
            }
            4 if any(&["clip"]) => self.clipped = is(word, &["rect"]),
            3..=6 if any(&["left", "top", "right", "bottom"]) => {
                self.off |= Length::of(&value).is_far();
                said = Shown::Floats;
            }
            11 if any(&["text-indent"]) => self.flat |= Length::of(&value).is_far(),
            _ => {}
        }
        if any(&["height", "max-height", "width", "max-width"]) {
            self.flat |= Length::of(&value).is_nothing();
        }
        if any(ROOM) {
            self.clear |= any(&["margin-left"]) && Length::of(&value).is_far();
            let mut value = value.iter().take(64);
            if value.any(|b| matches!(b, b'1'..=b'9')) {
                said = Shown::Spaced;
            }
        }
        self.shown = self.shown.max(said);
    }

    /// What of an element is hidden that stands in another.
    pub(super) fn hides(&self, outer: Hidden, block: bool) -> Hidden {
        let all = self.display == Some(true)
            || self.clear
            || self.flat && self.cut && (self.boxed || block)
            || self.off && self.placed
            || self.clipped && self.out;
        Hidden {
            all: outer.all || all,
            invisible: self.visibility.unwrap_or(outer.invisible),
            small: self.size.unwrap_or(outer.small),
        }
    }

    /// What its classes say where its own style says nothing.
    pub(super) fn or(&mut self, classes: &Self) {
        self.display = self.display.or(classes.display);
        self.visibility = self.visibility.or(classes.visibility);
        self.size = self.size.or(classes.size);
        self.flags(classes);
    }

    /// What another rule says too: what one shows may be seen.
    fn and(&mut self, other: &Self) {
        let either = |one: Option<bool>, other: Option<bool>| match (one, other) {
            (Some(one), Some(other)) => Some(one && other),
            (one, other) => one.or(other),
        };
        self.display = either(self.display, other.display);
        self.visibility = either(self.visibility, other.visibility);
        self.size = either(self.size, other.size);
        self.flags(other);
    }

    fn flags(&mut self, other: &Self) {
        self.clear |= other.clear;
        self.flat |= other.flat;
        self.cut |= other.cut;
        self.boxed |= other.boxed;
        self.placed |= other.placed;
        self.out |= other.out;
        self.off |= other.off;
        self.clipped |= other.clipped;
    }
}

/// What has a property as what is around it has it.
const AS_OUTSIDE: &[&str] = &["inherit", "unset", "smaller", "larger"];

/// Whether letters of a size are not seen; `None` where that is as it is outside.
fn size(word: &[u8], length: &Length<'_>) -> Option<bool> {
    match length.is_nothing() {
        true => Some(true),
        false if is(word, AS_OUTSIDE) || is(length.unit, &["em", "ex", "ch", "%"]) => None,
        false => Some(false),
    }
}

/// The value of an attribute as it is read.
pub(super) fn read(value: &[u8]) -> Cow<'_, [u8]> {
    match memchr(b'&', value).and_then(|_| std::str::from_utf8(value).ok()) {
        Some(text) => Cow::Owned(decoded(text).into_owned().into_bytes()),
        None => Cow::Borrowed(value),
    }
}

/// A length as it begins: what stands before the point, and the figure behind it.
struct Length<'v> {
    known: bool,
    negative: bool,
    whole: u32,
    tenths: u8,
    unit: &'v [u8],
}

impl<'v> Length<'v> {
    fn of(value: &'v [u8]) -> Self {
        let negative = value.first() == Some(&b'-');
        let mut rest = value
            .strip_prefix(b"-")
            .or(value.strip_prefix(b"+"))
            .unwrap_or(value);
        let mut whole = 0u32;
        let mut known = false;
        while let [figure @ b'0'..=b'9', behind @ ..] = rest {
            whole = whole
                .saturating_mul(10)
                .saturating_add(u32::from(figure - b'0'));
            (known, rest) = (true, behind);
        }
        let mut tenths = 0;
        if let [b'.', figure @ b'0'..=b'9', behind @ ..] = rest {
            (known, tenths, rest) = (true, figure - b'0', behind);
            let figures = rest.iter().take_while(|b| b.is_ascii_digit()).count();
            rest = &rest[figures..];
        }
        let unit = rest.iter().take_while(|b| b.is_ascii_alphabetic()).count();
        Self {
            known,
            negative,
            whole,
            tenths,
            unit: &rest[..unit.max(usize::from(rest.first() == Some(&b'%')))],
        }
    }

    /// Whether letters or a box of this size are not seen.
    fn is_nothing(&self) -> bool {
        let points = is(self.unit, &["", "px", "pt", "%"]);
        self.known
            && !self.negative
            && match self.whole {
                0 => points || self.tenths == 0,
                1 => points && self.tenths == 0 && !self.unit.is_empty(),
                _ => false,
            }
    }

    /// Whether what has so much of its colour is seen through.
    fn is_clear(&self) -> bool {
        let least = if self.unit == b"%" { 10 } else { 0 };
        self.known && self.whole <= least && (self.tenths == 0 || least > 0)
    }

    /// Whether it leads off the page.
    fn is_far(&self) -> bool {
        let points = is(self.unit, &["px", "pt"]);
        self.negative && self.whole >= if points { 500 } else { 50 }
    }
}

/// The attributes of a tag by name, as HTML reads them (13.2.5.32 on).
pub(super) struct Attributes<'t>(pub(super) &'t [u8]);

impl<'t> Iterator for Attributes<'t> {
    type Item = (&'t [u8], &'t [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let parts = |b: &u8| b.is_ascii_whitespace() || *b == b'/';
        let start = self.0.iter().position(|b| !parts(b))?;
        let rest = &self.0[start..];
        let ends = |b: &u8| parts(b) || *b == b'=';
        let length = rest.iter().skip(1).take_while(|b| !ends(b)).count() + 1;
        let (name, rest) = rest.split_at(length.min(rest.len()));
        let Some(value) = rest.trim_ascii_start().strip_prefix(b"=") else {
            self.0 = rest;
            return Some((name, b""));
        };
        let value = value.trim_ascii_start();
        let (value, rest) = match value {
            [quote @ (b'"' | b'\''), inside @ ..] => {
                let end = memchr(*quote, inside).unwrap_or(inside.len());
                (&inside[..end], inside.get(end + 1..).unwrap_or_default())
            }
            _ => {
                let end = value.iter().position(u8::is_ascii_whitespace);
                value.split_at(end.unwrap_or(value.len()))
            }
        };
        self.0 = rest;
        Some((name, value))
    }
}

/// What the sheets of a page say of its classes.
#[derive(Debug, Default)]
pub(super) struct Classes(HashMap<Vec<u8>, Style>);

/// Classes that are kept.
const MAX_CLASSES: usize = 1024;

impl Classes {
    /// Reads a sheet.
    pub(super) fn read(&mut self, sheet: &[u8]) {
        let (mut selector, mut depth) = (None::<Vec<u8>>, 0usize);
        let mut style = Style::default();
        pieces(sheet, &mut |piece| match piece.end {
            b'{' if piece.text.trim_ascii().starts_with(b"@") => depth += 1,
            b'{' => {
                let text = piece.text.trim_ascii();
                (selector, style) = (Some(text.to_vec()), Style::default());
            }
            end => {
                style.declare(piece);
                if end == b'}' {
                    match selector.take() {
                        Some(classes) => self.rule(&classes, style, depth > 0),
                        None => depth = depth.saturating_sub(1),
                    }
                }
            }
        });
    }

    /// Takes a rule for a class, whatever its element. One for some readers (`@media`)
    /// hides nothing for all.
    fn rule(&mut self, selector: &[u8], mut style: Style, some: bool) {
        if some {
            let shows = |said: Option<bool>| said.filter(|hides| !hides);
            style = Style {
                display: shows(style.display),
                visibility: shows(style.visibility),
                size: shows(style.size),
                ..Style::default()
            };
        }
        let said = [style.display, style.visibility, style.size];
        if said == [None; 3] && !style.hides(Hidden::default(), true).is_any() {
            return;
        }
        for selector in selector.split(|b| *b == b',') {
            let mut names = selector.trim_ascii().split(|b| *b == b'.');
            let (Some(element), Some(class), None) = (names.next(), names.next(), names.next())
            else {
                continue;
            };
            let is_name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
            if element.iter().chain(class).all(is_name) && self.0.len() < MAX_CLASSES {
                self.0.entry(class.to_vec()).or_default().and(&style);
            }
        }
    }

    /// What they say of an element of some classes.
    pub(super) fn of(&self, classes: &[u8]) -> Option<Style> {
        if self.0.is_empty() || classes.is_empty() {
            return None;
        }
        let classes = read(classes);
        let classes = classes.split(u8::is_ascii_whitespace);
        let said = classes.filter_map(|class| self.0.get(class)).copied();
        said.reduce(|mut all, class| {
            all.and(&class);
            all
        })
    }
}
