//! Content streams: what is shown, and where, as lines of text.
//!
//! Where a line or a word ends is told by the places of glyphs, not by the
//! operators that move there: writers differ in these, and a page looks the
//! same.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::super::flow::{Flow, Place as Stands};
use super::super::picture::Pictures;
use super::super::walk::Walk;
use super::file::{File, Place};
use super::font::{Font, single};
use super::object::{Dict, Object, Parser, is_blank};

/// Forms within forms.
const MAX_FORMS: usize = 8;
/// Operands of one operator.
const MAX_OPERANDS: usize = 64;
/// Graphics states that are kept.
const MAX_STATES: usize = 64;

/// A glyph of a font: where that is kept, and the code.
type Unmapped = (usize, u32);
/// Glyphs that differ, as a number or a word has them,
const KINDS: usize = 3;
/// and more of them than bullets, boxes and ticks are.
const SIGNS: usize = 6;

/// What a page shows.
pub(super) struct Page {
    pub(super) flow: Flow,
    /// Characters that are not blanks.
    pub(super) characters: usize,
    /// Glyphs that nothing maps to text: how many, some that differ, and the
    /// same of the last run of them.
    unmapped: usize,
    kinds: Vec<Unmapped>,
    run: usize,
    run_kinds: Vec<Unmapped>,
    /// Whether a run was long enough to be a number.
    hidden: bool,
    /// The area of the pictures, in square points.
    pub(super) pictures: f32,
    /// Whether there is a picture, and how many paths are painted.
    pub(super) has_picture: bool,
    pub(super) paths: usize,
    /// Where the last glyph ended, and its size.
    end: Option<(f32, f32, f32)>,
    blank: bool,
    /// Forms shown: the text of a form is the same each time.
    pub(super) shown: HashSet<Place>,
}

impl Page {
    pub(super) fn new(name: &str) -> Self {
        Self {
            flow: Flow::new(name),
            characters: 0,
            unmapped: 0,
            kinds: Vec::new(),
            run: 0,
            run_kinds: Vec::new(),
            hidden: false,
            pictures: 0.0,
            has_picture: false,
            paths: 0,
            end: None,
            blank: true,
            shown: HashSet::new(),
        }
    }

    /// Whether too much of the page's text means nothing by its codes: a whole
    /// number, or a tenth. A bullet or a box to tick means nothing however
    /// often it comes.
    pub(super) fn is_unreadable(&self) -> bool {
        let tenth = self.unmapped * 10 > self.characters.max(40);
        self.hidden || (tenth && self.kinds.len() >= SIGNS)
    }

    /// Counts a glyph that nothing maps to text.
    fn unmapped(&mut self, glyph: Unmapped) {
        self.unmapped += 1;
        self.run += 1;
        for kinds in [&mut self.kinds, &mut self.run_kinds] {
            if kinds.len() < SIGNS && !kinds.contains(&glyph) {
                kinds.push(glyph);
            }
        }
        self.hidden |= self.run >= 4 && self.run_kinds.len() >= KINDS;
    }

    /// Begins anew, below what was read.
    pub(super) fn anew(&mut self) {
        self.flow.end_line();
        self.end = None;
    }

    fn push(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '\u{fb00}' => self.flow.push("ff"),
                '\u{fb01}' => self.flow.push("fi"),
                '\u{fb02}' => self.flow.push("fl"),
                '\u{fb03}' => self.flow.push("ffi"),
                '\u{fb04}' => self.flow.push("ffl"),
                '\u{fb05}' | '\u{fb06}' => self.flow.push("st"),
                c if c.is_control() => self.flow.push(" "),
                c => self.flow.push(c.encode_utf8(&mut [0; 4])),
            }
            self.blank = c.is_whitespace();
            self.characters += usize::from(!self.blank);
        }
    }

    /// Takes in a letter that is drawn and is not what it is told to mean: the line
    /// is given out with either.
    fn push_either(&mut self, told: &str, drawn: char) {
        self.flow.stand(Stands::Shown);
        self.push(told);
        self.flow.stand(Stands::Hidden);
        self.flow.push(drawn.encode_utf8(&mut [0; 4]));
        self.flow.stand(Stands::Line);
    }

    /// Breaks the line or the word where the next glyph is not close by.
    fn approach(&mut self, at: (f32, f32), size: f32, along: (f32, f32)) {
        let Some((x, y, last)) = self.end else {
            return;
        };
        let (dx, dy) = (at.0 - x, at.1 - y);
        let (forth, aside) = (dx * along.0 + dy * along.1, dy * along.0 - dx * along.1);
        let size = size.max(last).max(0.01);
        if aside.abs() > 0.5 * size {
            self.flow.end_paragraph();
            self.blank = true;
        } else if !(-0.6 * size..=0.9 * size).contains(&forth) {
            self.flow.push("\t");
            self.blank = true;
        } else if forth > 0.15 * size && !self.blank {
            self.flow.push(" ");
            self.blank = true;
        }
    }
}

pub(super) type Matrix = [f32; 6];

pub(super) const IDENTITY: Matrix = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];

/// First `a`, then `b`.
fn times(a: &Matrix, b: &Matrix) -> Matrix {
    let [a0, a1, a2, a3, a4, a5] = *a;
    let [b0, b1, b2, b3, b4, b5] = *b;
    [
        a0 * b0 + a1 * b2,
        a0 * b1 + a1 * b3,
        a2 * b0 + a3 * b2,
        a2 * b1 + a3 * b3,
        a4 * b0 + a5 * b2 + b4,
        a4 * b1 + a5 * b3 + b5,
    ]
}

pub(super) fn matrix(items: &[Object]) -> Option<Matrix> {
    let mut out = IDENTITY;
    if items.len() < 6 {
        return None;
    }
    for (place, item) in out.iter_mut().zip(items) {
        *place = single(item.number()?);
    }
    Some(out)
}

/// Reads content streams.
pub(super) struct Reader<'r, 'a, 'w> {
    pub(super) file: &'r mut File<'a>,
    pub(super) walk: &'r mut Walk<'w>,
    pub(super) fonts: &'r mut HashMap<u32, Rc<Font>>,
    pub(super) page: &'r mut Page,
    /// The pictures that stand in the content itself.
    pub(super) pictures: &'r mut Pictures,
}

/// The graphics state, as far as text needs it.
#[derive(Clone)]
struct State {
    ctm: Matrix,
    font: Rc<Font>,
    size: f32,
    spacing: f32,
    word_spacing: f32,
    scale: f32,
    leading: f32,
    rise: f32,
}

/// What a name of the resources was found to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Picture,
    Other,
}

impl Reader<'_, '_, '_> {
    /// Reads the content of a page or form.
    pub(super) fn read(&mut self, bytes: &[u8], resources: &Dict, ctm: Matrix, depth: usize) {
        let mut state = State {
            ctm,
            font: Rc::new(Font::unknown()),
            size: 1.0,
            spacing: 0.0,
            word_spacing: 0.0,
            scale: 1.0,
            leading: 0.0,
            rise: 0.0,
        };
        let mut states: Vec<State> = Vec::new();
        let (mut tm, mut line) = (IDENTITY, IDENTITY);
        let mut operands: Vec<Object> = Vec::new();
        let mut fonts: HashMap<Vec<u8>, Rc<Font>> = HashMap::new();
        let mut known: HashMap<Vec<u8>, Known> = HashMap::new();
        let mut parser = Parser::new(bytes, 0);
        loop {
            let word = match parser.next() {
                None if parser.at >= bytes.len() => break,
                None => {
                    parser.at += 1;
                    self.file.fail("malformed");
                    continue;
                }
                Some(Object::Word(word)) => word,
                Some(object) => {
                    if operands.len() < MAX_OPERANDS {
                        operands.push(object);
                    }
                    continue;
                }
            };
            let number = |n: usize| operands.get(n).and_then(Object::number).map_or(0.0, single);
            match &word[..] {
                b"q" if states.len() < MAX_STATES => states.push(state.clone()),
                b"Q" => {
                    if let Some(last) = states.pop() {
                        state = last;
                    }
                }
                b"cm" => {
                    if let Some(m) = matrix(&operands) {
                        state.ctm = times(&m, &state.ctm);
                    }
                }
                b"BT" => (tm, line) = (IDENTITY, IDENTITY),
                b"Tf" => {
                    state.size = number(1);
                    if let Some(name) = operands.first().and_then(Object::name) {
                        state.font = match fonts.get(name) {
                            Some(font) => Rc::clone(font),
                            None => {
                                let font = self.font(resources, name);
                                fonts.insert(name.to_vec(), Rc::clone(&font));
                                font
                            }
                        };
                    }
                }
                b"Tc" => state.spacing = number(0),
                b"Tw" => state.word_spacing = number(0),
                b"Tz" => state.scale = number(0) / 100.0,
                b"TL" => state.leading = number(0),
                b"Ts" => state.rise = number(0),
                b"Td" | b"TD" => {
                    if word == b"TD" {
                        state.leading = -number(1);
                    }
                    line = times(&[1.0, 0.0, 0.0, 1.0, number(0), number(1)], &line);
                    tm = line;
                }
                b"Tm" => {
                    if let Some(m) = matrix(&operands) {
                        (tm, line) = (m, m);
                    }
                }
                b"T*" => {
                    line = times(&[1.0, 0.0, 0.0, 1.0, 0.0, -state.leading], &line);
                    tm = line;
                }
                b"'" | b"\"" => {
                    let text = if word == b"'" {
                        operands.first()
                    } else {
                        state.word_spacing = number(0);
                        state.spacing = number(1);
                        operands.get(2)
                    };
                    line = times(&[1.0, 0.0, 0.0, 1.0, 0.0, -state.leading], &line);
                    tm = line;
                    if let Some(text) = text.and_then(Object::bytes) {
                        self.show(text, &state, &mut tm);
                    }
                }
                b"Tj" => {
                    if let Some(text) = operands.first().and_then(Object::bytes) {
                        self.show(text, &state, &mut tm);
                    }
                }
                b"TJ" => {
                    for item in operands.first().and_then(Object::array).unwrap_or_default() {
                        match item {
                            Object::Text(text) => self.show(text, &state, &mut tm),
                            Object::Number(n) => {
                                let shift = -single(*n) / 1000.0 * state.size * state.scale;
                                tm = times(&[1.0, 0.0, 0.0, 1.0, shift, 0.0], &tm);
                            }
                            _ => {}
                        }
                    }
                }
                b"Do" => {
                    if let Some(name) = operands.first().and_then(Object::name) {
                        let before = known.get(name).copied();
                        let is = match before {
                            Some(known) => known,
                            None => {
                                let name = name.to_vec();
                                let is = self.shown(resources, &name, &state.ctm, depth);
                                known.insert(name, is);
                                is
                            }
                        };
                        if is == Known::Picture {
                            self.picture(&state.ctm);
                        }
                    }
                }
                b"BI" => {
                    let (size, length) = skip_inline_image(&mut parser);
                    self.pictures.add(size, length);
                    self.picture(&state.ctm);
                }
                b"S" | b"s" | b"f" | b"F" | b"f*" | b"B" | b"B*" | b"b" | b"b*" | b"sh" => {
                    self.page.paths += 1;
                }
                _ => {}
            }
            operands.clear();
            if !self.page.flow.give(self.walk) {
                self.walk.fail("too_large");
                return;
            }
        }
    }

    fn picture(&mut self, ctm: &Matrix) {
        self.page.has_picture = true;
        let [a, b, c, d, ..] = *ctm;
        self.page.pictures += (a * d - b * c).abs();
    }

    /// Shows a string and moves on behind it.
    fn show(&mut self, text: &[u8], state: &State, tm: &mut Matrix) {
        let font = Rc::clone(&state.font);
        let unit = font.unit();
        let page = &mut *self.page;
        font.glyphs(text, &mut |glyph| {
            let scaled = times(
                &[
                    state.size * state.scale,
                    0.0,
                    0.0,
                    state.size,
                    0.0,
                    state.rise,
                ],
                tm,
            );
            let [a, b, c, d, x, y] = times(&scaled, &state.ctm);
            let length = a.hypot(b).max(1e-6);
            let along = (a / length, b / length);
            let size = c.hypot(d);
            page.approach((x, y), size, along);
            match &glyph.text {
                Some(text) => {
                    match glyph.drawn {
                        Some(drawn) => page.push_either(text, drawn),
                        None => page.push(text),
                    }
                    page.run = 0;
                    page.run_kinds.clear();
                }
                None => {
                    page.push("\u{fffd}");
                    page.unmapped((Rc::as_ptr(&font) as usize, glyph.code));
                }
            }
            let width = glyph.width * unit;
            page.end = Some((x + a * width, y + b * width, size));
            let mut shift = width * state.size + state.spacing;
            if glyph.space {
                shift += state.word_spacing;
            }
            *tm = times(&[1.0, 0.0, 0.0, 1.0, shift * state.scale, 0.0], tm);
        });
    }

    fn font(&mut self, resources: &Dict, name: &[u8]) -> Rc<Font> {
        let budget = &mut *self.walk.budget;
        let found = self.file.entry(resources, "Font", name, budget);
        if let Some(Object::Ref(id)) = &found
            && let Some(font) = self.fonts.get(id)
        {
            return Rc::clone(font);
        }
        let font = match found.as_ref().map(|o| self.file.resolve(o, budget)) {
            Some(Object::Dict(dict)) => Font::read(self.file, &dict, budget),
            _ => Font::unknown(),
        };
        let font = Rc::new(font);
        if let Some(Object::Ref(id)) = found {
            self.fonts.insert(id, Rc::clone(&font));
        }
        font
    }

    /// Shows an external object: reads it if it is a form not read before.
    fn shown(&mut self, resources: &Dict, name: &[u8], ctm: &Matrix, depth: usize) -> Known {
        let budget = &mut *self.walk.budget;
        let object = self.file.entry(resources, "XObject", name, budget);
        let Some(Object::Ref(id)) = object else {
            return Known::Other;
        };
        for place in self.file.versions(id).to_vec() {
            let budget = &mut *self.walk.budget;
            let Some(stream) = self.file.stream_at(place, budget) else {
                continue;
            };
            if stream.dict.name("Subtype") == Some(b"Image") {
                return Known::Picture;
            }
            self.form(place, resources, ctm, depth);
        }
        Known::Other
    }

    /// Reads a form, unless it was read before.
    pub(super) fn form(&mut self, place: Place, resources: &Dict, ctm: &Matrix, depth: usize) {
        let budget = &mut *self.walk.budget;
        let Some(stream) = self.file.stream_at(place, budget) else {
            return;
        };
        if !self.page.shown.insert(place) {
            return;
        }
        if depth >= MAX_FORMS {
            self.walk.fail("too_deep");
            return;
        }
        let Some(bytes) = self.file.content(&stream, budget) else {
            return;
        };
        let own = self.file.dict(&stream.dict, "Resources", budget);
        let held = bytes.len().min(budget.held);
        budget.held -= held;
        let form = match self.file.get(&stream.dict, "Matrix", budget) {
            Object::Array(items) => matrix(&items).unwrap_or(IDENTITY),
            _ => IDENTITY,
        };
        let ctm = times(&form, ctm);
        self.read(&bytes, own.as_ref().unwrap_or(resources), ctm, depth + 1);
        self.walk.budget.held += held;
    }
}

/// Moves behind `EI`, and tells the picture's pixels and its bytes. These may
/// look like anything.
fn skip_inline_image(parser: &mut Parser<'_>) -> ((u64, u64), usize) {
    let mut size = (0, 0);
    let mut key = Vec::new();
    loop {
        match parser.next() {
            Some(Object::Word(word)) if word == b"ID" => break,
            Some(Object::Name(name)) => key = name,
            Some(value) => {
                let value = value.count().and_then(|n| u64::try_from(n).ok());
                match (&key[..], value) {
                    (b"W" | b"Width", Some(n)) => size.0 = n,
                    (b"H" | b"Height", Some(n)) => size.1 = n,
                    _ => {}
                }
            }
            None => return (size, 0),
        }
    }
    let data = parser.data;
    let start = parser.at;
    let mut at = parser.at;
    while let Some(found) = super::super::sniff::find(data, b"EI", at) {
        let before = found.checked_sub(1).and_then(|n| data.get(n)).copied();
        let after = data.get(found + 2..).unwrap_or_default();
        let text = |b: &u8| is_blank(*b) && *b != 0 || (32..127).contains(b);
        if before.is_some_and(is_blank)
            && after.first().is_none_or(|b| is_blank(*b))
            && after.iter().take(12).all(text)
        {
            parser.at = found + 2;
            return (size, found - start);
        }
        at = found + 2;
    }
    parser.at = data.len();
    (size, data.len() - start)
}
