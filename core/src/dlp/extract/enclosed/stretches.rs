//! Where in a record something stands that is a file, or may be one.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::{narrative, pasted};
use crate::dlp::extract::{loose, picture};
use crate::dlp::records;

/// Signs of a line of base64 that goes on in the next.
const LINE: usize = 40;
/// Values of one text that its format says are files.
const MOST: usize = 20_000;

/// How a stretch is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Base64,
    /// Base64 where a format has numbers too.
    Data,
    Hex,
    Percent,
    /// As it stands: markup in a text that is none.
    Markup,
}

/// Something that is a file, or may be one.
#[derive(Clone)]
pub(super) struct Stretch<'t> {
    pub(super) text: Cow<'t, str>,
    pub(super) name: &'static str,
    pub(super) media_type: &'static str,
    pub(super) coding: Coding,
    /// Whether the format says so.
    pub(super) declared: bool,
}

impl<'t> Stretch<'t> {
    /// One that its format declares.
    fn declared(text: &'t str, coding: Coding) -> Self {
        Self {
            text: Cow::Borrowed(text),
            name: "encoded",
            media_type: "",
            coding,
            declared: true,
        }
    }

    /// One that no format declares.
    pub(super) fn guessed(text: Cow<'t, str>) -> Self {
        Self {
            text,
            declared: false,
            ..Self::declared("", Coding::Base64)
        }
    }

    /// The bytes, and whether all could be read.
    pub(super) fn decoded(&self) -> (Vec<u8>, bool) {
        match self.coding {
            Coding::Base64 | Coding::Data => loose::base64(&in_one(&self.text)),
            Coding::Hex => loose::hex(&self.text),
            Coding::Percent => (loose::percent(self.text.as_bytes()), true),
            Coding::Markup => (self.text.as_bytes().to_vec(), true),
        }
    }
}

/// Base64 without its line ends as some programs write them in XML.
fn in_one(text: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(text);
    for end in pasted::LINE_ENDS {
        if text.contains(end) {
            text = Cow::Owned(text.replace(end, ""));
        }
    }
    text
}

/// What stands around the values that a format declares as files.
struct Marks {
    data: Finder<'static>,
    resource: Finder<'static>,
    base64: [Finder<'static>; 2],
    hex: [Finder<'static>; 2],
    b64: Finder<'static>,
    ends: Finder<'static>,
    value: Finder<'static>,
    address: [Finder<'static>; 2],
}

static MARKS: LazyLock<Marks> = LazyLock::new(|| Marks {
    data: Finder::new("\"data\""),
    resource: Finder::new("\"resourceType\""),
    base64: [Finder::new("ase64"), Finder::new("ASE64")],
    hex: [Finder::new("^Hex^"), Finder::new("^HEX^")],
    b64: Finder::new("B64"),
    ends: Finder::new("</"),
    value: Finder::new("data value="),
    address: [Finder::new("data:"), Finder::new("DATA:")],
});

/// All files, in no order; none twice. And whether these are all.
pub(super) fn all(text: &str) -> (Vec<Stretch<'_>>, bool) {
    let mut found: Vec<(Range<usize>, Coding)> = Vec::new();
    let whole = declared(text, &mut found);
    found.sort_by_key(|(range, _)| (range.start, range.end));
    found.dedup_by(|next, kept| next.0.start < kept.0.end);
    let mut out: Vec<Stretch<'_>> = Vec::new();
    let mut at = 0;
    for (range, _) in &found {
        guessed(text, at..range.start, &mut out);
        at = range.end;
    }
    guessed(text, at..text.len(), &mut out);
    let declared = found.into_iter().map(|(range, coding)| {
        let value = text.get(range).unwrap_or_default();
        Stretch::declared(value, coding)
    });
    out.extend(declared.filter(|stretch| !is_dot(stretch)));
    out.extend(narrative::all(text).into_iter().map(|html| Stretch {
        text: Cow::Owned(html),
        name: "div",
        media_type: "text/html",
        coding: Coding::Markup,
        declared: true,
    }));
    (out, whole)
}

/// Values that the format says are files; `false` where there are more.
fn declared(text: &str, found: &mut Vec<(Range<usize>, Coding)>) -> bool {
    let mut whole = true;
    let bytes = text.as_bytes();
    let marks = &*MARKS;
    let until = |start: usize, ends: &[u8]| {
        let rest = bytes.get(start..).unwrap_or_default();
        let length = rest.iter().position(|b| ends.contains(b));
        start..start + length.unwrap_or(rest.len())
    };
    let mut add = |range: Range<usize>, coding: Coding| {
        let value = text.get(range.clone()).unwrap_or_default();
        let says = !matches!(value.trim(), "" | "\"\"");
        if says && (coding != Coding::Data || is_value(value)) {
            match found.len() {
                MOST.. => whole = false,
                _ => found.push((range, coding)),
            }
        }
    };
    let mut behind = 0;
    if marks.resource.find(bytes).is_some() {
        for at in marks.data.find_iter(bytes) {
            let key = at + "\"data\"".len();
            let start = opening(bytes, key).filter(|_| at >= behind);
            if let Some(start) = start {
                let value = until(start, b"\"");
                behind = value.end;
                add(value, Coding::Data);
            }
        }
    }
    let ends = |at: usize| bytes.get(at) == Some(&b'^');
    for finder in &marks.base64 {
        behind = 0;
        for at in finder.find_iter(bytes) {
            let start = at + "ase64".len();
            if start >= behind && ends(start) && at > 0 && matches!(bytes[at - 1], b'B' | b'b') {
                let value = component(text, start + 1);
                behind = value.end;
                add(value, Coding::Base64);
            }
        }
    }
    for finder in &marks.hex {
        behind = 0;
        for at in finder.find_iter(bytes).map(|at| at + "^Hex^".len()) {
            if at >= behind {
                let value = component(text, at);
                behind = value.end;
                add(value, Coding::Hex);
            }
        }
    }
    behind = 0;
    for at in marks
        .b64
        .find_iter(bytes)
        .filter(|at| is_representation(bytes, *at))
    {
        if at >= behind {
            let tag = until(at, b">");
            let value = element(text, (tag.end + 1).min(bytes.len()));
            behind = value.end;
            add(value, Coding::Base64);
        }
    }
    for at in marks
        .value
        .find_iter(bytes)
        .map(|at| at + "data value=".len())
    {
        if let Some(quote @ (b'"' | b'\'')) = bytes.get(at) {
            add(until(at + 1, &[*quote]), Coding::Data);
        }
    }
    for finder in &marks.address {
        behind = 0;
        for at in finder.find_iter(bytes).map(|at| at + "data:".len()) {
            if at >= behind
                && let Some((range, coding)) = address(text, at)
            {
                behind = range.end;
                if let Some(coding) = coding {
                    add(range, coding);
                }
            }
        }
    }
    for value in records::encoded_lines(text) {
        add(value, Coding::Base64);
    }
    whole
}

/// Where the string begins that is the value of a key.
fn opening(bytes: &[u8], mut at: usize) -> Option<usize> {
    let blank = |at: &mut usize| {
        while bytes.get(*at).is_some_and(u8::is_ascii_whitespace) {
            *at += 1;
        }
    };
    blank(&mut at);
    at = (bytes.get(at) == Some(&b':')).then_some(at + 1)?;
    blank(&mut at);
    (bytes.get(at) == Some(&b'"')).then_some(at + 1)
}

/// A component of a field of HL7, which line breaks may stand in.
fn component(text: &str, start: usize) -> Range<usize> {
    let rest = text.get(start..).unwrap_or_default();
    let length = rest.find(['|', '^', '~']).unwrap_or(rest.len());
    let value = rest.get(..length).unwrap_or_default();
    // The name of the next segment.
    let next = value.rfind(['\r', '\n']).filter(|at| {
        rest.get(length..).is_some_and(|rest| rest.starts_with('|')) && value.len() - at == 4
    });
    start..start + next.unwrap_or(length)
}

/// What an element holds of text that begins at a place: what stands between
/// stretches of it makes it one that cannot be read.
fn element(text: &str, start: usize) -> Range<usize> {
    let rest = text.get(start..).unwrap_or_default();
    let length = MARKS.ends.find(rest.as_bytes()).unwrap_or(rest.len());
    let value = rest.get(..length).unwrap_or_default();
    let inside = value.trim_ascii_start();
    let start = start + (value.len() - inside.len());
    let inside = inside.trim_ascii_end();
    let cdata = inside.strip_prefix("<![CDATA[");
    if let Some(inside) = cdata.and_then(|i| i.strip_suffix("]]>")) {
        let start = start + "<![CDATA[".len();
        return start..start + inside.len();
    }
    // Another element: a reference to what is elsewhere.
    let other = inside.starts_with('<') && !inside.starts_with("<!");
    start..start + if other { 0 } else { inside.len() }
}

/// Whether a `B64` is what an element's `representation` says.
fn is_representation(bytes: &[u8], at: usize) -> bool {
    let before = bytes.get(at.saturating_sub(24)..at).unwrap_or_default();
    let before = before.trim_ascii_end();
    let name = before
        .strip_suffix(b"\"")
        .or_else(|| before.strip_suffix(b"'"));
    name.and_then(|name| name.trim_ascii_end().strip_suffix(b"="))
        .is_some_and(|name| name.trim_ascii_end().ends_with(b"representation"))
}

/// What the address behind `data:` holds (RFC 2397).
fn address(text: &str, start: usize) -> Option<(Range<usize>, Option<Coding>)> {
    const HEAD: usize = 256;
    let rest = text.as_bytes().get(start..)?;
    let head = rest.get(..HEAD).unwrap_or(rest);
    let ends = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'<' | b'>' | b')');
    let comma = head.iter().position(|b| *b == b',' || ends(b))?;
    if head.get(comma) != Some(&b',') {
        return None;
    }
    let base64 = head[..comma].to_ascii_lowercase().ends_with(b";base64");
    let typed = head[..comma].iter().any(|b| matches!(b, b'/' | b';'));
    let data = start + comma + 1;
    let end = match base64 {
        true => encoded_end(text.as_bytes(), data),
        false => {
            let length = rest.get(comma + 1..)?.iter().position(ends);
            length.map_or(text.len(), |n| data + n)
        }
    };
    let range = data..end;
    let percent = || typed && text.get(range.clone()).is_some_and(|t| t.contains('%'));
    let coding = match base64 {
        true => Some(Coding::Base64),
        false => percent().then_some(Coding::Percent),
    };
    Some((range, coding))
}

/// Whether a value is what its format says: numbers are samples of a curve.
fn is_value(value: &str) -> bool {
    let figure = |b: u8| b.is_ascii_digit() || matches!(b, b'.' | b'-');
    let sample = |word: &str| matches!(word, "E" | "U" | "L") || word.bytes().all(figure);
    if value.split_ascii_whitespace().all(sample) {
        return false;
    }
    // A decoder may pass over what is none of its signs.
    let signs = value.bytes().filter(is_sign).count();
    let blanks = value.bytes().filter(u8::is_ascii_whitespace).count();
    value.len() - signs - blanks <= signs / 10
}

/// Where base64 ends that begins at a place: behind its line, or behind further
/// ones where that is as long as those of base64.
fn encoded_end(bytes: &[u8], start: usize) -> usize {
    let run = |from: usize, of: &dyn Fn(&u8) -> bool| {
        let rest = bytes.get(from..).unwrap_or_default();
        from + rest.iter().take_while(|b| of(b)).count()
    };
    let mut end = run(start, &is_sign);
    let mut line = end - start;
    while line >= LINE {
        let next = run(end, &u8::is_ascii_whitespace);
        let after = run(next, &is_sign);
        if next == end || after == next {
            break;
        }
        (line, end) = (after - next, after);
    }
    end
}

/// Values of base64 that no format declares.
fn guessed<'t>(text: &'t str, range: Range<usize>, out: &mut Vec<Stretch<'t>>) {
    pasted::each(text, range, true, &mut |value| {
        out.push(Stretch::guessed(value));
        out.len() < MOST
    });
}

/// Whether a byte is one of base64, in either alphabet (RFC 4648).
fn is_sign(b: &u8) -> bool {
    b.is_ascii_alphanumeric() || b"+/-_=".contains(b)
}

/// Whether it is a picture too small for anything to be read on it.
fn is_dot(stretch: &Stretch<'_>) -> bool {
    let end = stretch.text.floor_char_boundary(pasted::SAMPLE);
    let sample = Stretch {
        text: Cow::Borrowed(stretch.text.get(..end).unwrap_or_default()),
        ..*stretch
    };
    stretch.text.len() <= pasted::DOT && picture::is_raster(&sample.decoded().0)
}
