//! Rich Text Format (1.9.1) as text.
//!
//! Hidden text is text here: it travels, and the line that it stands in is given
//! out with it and without it. Destinations that hold settings or
//! pictures are skipped; whatever is not known as one of them is read.

use super::budget::MAX_ENTRY;
use super::flow::{Flow, Place};
use super::picture::{self, Pictures};
use super::walk::Walk;
use crate::compose::decode_charset;

/// Groups within groups.
const MAX_GROUPS: usize = 1_000;

/// Destinations without text that anybody wrote.
const SKIPPED: &[&str] = &[
    "fonttbl",
    "colortbl",
    "stylesheet",
    "listtable",
    "listoverridetable",
    "rsidtbl",
    "themedata",
    "colorschememapping",
    "latentstyles",
    "datastore",
    "pict",
    "generator",
    "mmathPr",
    "xmlnstbl",
    "pgptbl",
    "revtim",
    "creatim",
    "printim",
    "buptim",
    "filetbl",
    "panose",
    "falt",
    "fontemb",
    "objclass",
    "blipuid",
    "wgrffmtfilter",
    "defchp",
    "defpap",
];

/// Destinations whose text stands beside the line: names, notes, comments, field
/// instructions, what shapes hold.
const BESIDE: &[&str] = &[
    "annotation",
    "atnauthor",
    "atndate",
    "atnicn",
    "atnid",
    "atnparent",
    "atnref",
    "atntime",
    "atrfend",
    "atrfstart",
    "background",
    "bkmkend",
    "bkmkstart",
    "datafield",
    "do",
    "docvar",
    "fldinst",
    "footnote",
    "formfield",
    "ftnsep",
    "ftnsepc",
    "htmltag",
    "linkval",
    "mailmerge",
    "mhtmltag",
    "pn",
    "pnseclvl",
    "propname",
    "shpinst",
    "shptxt",
    "sn",
    "staticval",
    "sv",
    "template",
    "userprops",
    "xmlattrname",
    "xmlattrvalue",
    "xmlname",
    "xmlopen",
];

/// What a group inherits.
#[derive(Clone)]
struct Group {
    skip: bool,
    /// Whether its bytes are those of a picture, or of an embedded object.
    picture: bool,
    object: bool,
    /// Whether its text stands on lines of its own.
    apart: bool,
    /// Whether its text stands beside the line.
    beside: bool,
    /// Whether a reader may pass it over: a destination that is not known here.
    optional: bool,
    /// Whether it is hidden or deleted, and whether it was put in while changes are
    /// tracked.
    hidden: bool,
    deleted: bool,
    added: bool,
    /// Fallback characters behind `\u`.
    fallback: usize,
    /// The charset of the font that is on.
    charset: &'static str,
}

impl Group {
    fn place(&self) -> Place {
        match self {
            Self { beside: true, .. } => Place::Beside,
            Self { optional: true, .. }
            | Self { hidden: true, .. }
            | Self { deleted: true, .. } => Place::Hidden,
            Self { added: true, .. } => Place::Shown,
            _ => Place::Line,
        }
    }
}

/// Reads a document.
pub(super) fn read(walk: &mut Walk<'_>, data: &[u8]) {
    let mut reader = Reader {
        data,
        at: 0,
        group: Group {
            skip: false,
            picture: false,
            object: false,
            apart: false,
            beside: false,
            optional: false,
            hidden: false,
            deleted: false,
            added: false,
            fallback: 1,
            charset: "windows-1252",
        },
        groups: Vec::new(),
        bytes: Vec::new(),
        pending: 0,
        high: None,
        flow: Flow::new("document"),
        picture: false,
        image: Image::default(),
        pictures: Pictures::default(),
        fonts: std::collections::HashMap::new(),
        font: None,
        default_charset: "windows-1252",
        object: Hex::default(),
        objects: Vec::new(),
        begins: false,
        starred: false,
    };
    reader.run(walk);
    let Reader {
        flow,
        picture,
        pictures,
        objects,
        ..
    } = reader;
    let before = walk.pieces;
    flow.finish(walk);
    if picture && walk.pieces == before {
        walk.fail("image_only");
    }
    pictures.tell(walk);
    for object in objects {
        if !walk.entry() {
            break;
        }
        walk.decoded_child("object", &object, "");
    }
}

struct Reader<'a> {
    data: &'a [u8],
    at: usize,
    group: Group,
    groups: Vec<Group>,
    /// Characters of the charset that are not decoded yet.
    bytes: Vec<u8>,
    /// Fallback characters still to be left out.
    pending: usize,
    /// The first half of a character of two units.
    high: Option<u16>,
    flow: Flow,
    picture: bool,
    /// The picture being read, and what the ones before it were.
    image: Image,
    pictures: Pictures,
    /// Charsets of fonts, and the font that the table is at.
    fonts: std::collections::HashMap<i32, &'static str>,
    font: Option<i32>,
    default_charset: &'static str,
    /// The object being read, and those before it.
    object: Hex,
    objects: Vec<Vec<u8>>,
    /// Whether nothing but `\*` stands before in the group: what says what a group
    /// holds counts there only, since what else stands in it is text.
    begins: bool,
    /// Whether `\*` stood there.
    starred: bool,
}

/// Bytes in hexadecimal.
#[derive(Default)]
struct Hex {
    bytes: Vec<u8>,
    /// The first half of a byte.
    high: Option<u8>,
    /// Whether something else stands among its digits.
    other: bool,
}

impl Hex {
    fn push(&mut self, byte: u8) {
        let digit = char::from(byte)
            .to_digit(16)
            .and_then(|d| u8::try_from(d).ok());
        if let Some(digit) = digit {
            match self.high.take() {
                None => self.high = Some(digit << 4),
                Some(high) => self.bytes.push(high | digit),
            }
        }
        self.other |= digit.is_none() && !byte.is_ascii_whitespace();
    }
}

/// A picture that is being read.
#[derive(Default)]
struct Image {
    data: Hex,
    /// The size that its words give.
    size: (u64, u64),
    /// Whether it is the pixels of a bitmap alone.
    bare: bool,
}

impl Reader<'_> {
    fn run(&mut self, walk: &mut Walk<'_>) {
        let mut first = true;
        while let Some(&byte) = self.data.get(self.at) {
            self.at += 1;
            let began = self.begins;
            self.starred &= began;
            self.begins = byte == b'{' || (began && matches!(byte, b'\r' | b'\n'));
            match byte {
                b'{' => {
                    self.decode(walk);
                    if self.groups.len() == MAX_GROUPS {
                        walk.fail("too_deep");
                        return;
                    }
                    self.groups.push(self.group.clone());
                    self.starred = false;
                    // What stands in groups of a picture describes it.
                    self.group.picture = false;
                    self.pending = 0;
                }
                b'}' => {
                    self.decode(walk);
                    match self.groups.pop() {
                        Some(group) => {
                            if self.group.picture {
                                self.end_picture(walk);
                            }
                            if self.group.object && !group.object {
                                self.end_object(walk);
                            }
                            if self.group.apart && !group.apart {
                                self.flow.end_line();
                            }
                            self.group = group;
                            self.flow.stand(self.group.place());
                        }
                        None => {
                            walk.fail("malformed");
                            return;
                        }
                    }
                    self.pending = 0;
                    if self.groups.is_empty() {
                        break;
                    }
                }
                b'\\' => self.control(walk, began),
                b'\r' | b'\n' => {}
                byte => self.byte(byte),
            }
            if first && self.groups.is_empty() {
                walk.fail("malformed");
                return;
            }
            first = false;
            if !self.flow.give(walk) {
                walk.fail("too_large");
                return;
            }
        }
        self.decode(walk);
        let rest = self.data.get(self.at..).unwrap_or_default();
        // Cut off, or followed by what no reader shows.
        if !self.groups.is_empty() || rest.iter().any(|b| !b.is_ascii_whitespace() && *b != 0) {
            walk.fail("malformed");
        }
    }

    /// A character of the charset.
    fn byte(&mut self, byte: u8) {
        if self.group.picture {
            self.image.data.push(byte);
        } else if self.group.object {
            self.object.push(byte);
        } else if self.pending > 0 {
            self.pending -= 1;
        } else if !self.group.skip {
            self.bytes.push(byte);
        }
    }

    /// Decodes what was collected.
    fn decode(&mut self, walk: &mut Walk<'_>) {
        if self.bytes.is_empty() {
            return;
        }
        let bytes = std::mem::take(&mut self.bytes);
        if bytes.is_ascii() {
            self.flow
                .push(std::str::from_utf8(&bytes).unwrap_or_default());
            return;
        }
        match decode_charset(self.group.charset, &bytes) {
            Some(text) => self.flow.push(&text),
            None => {
                walk.fail("unknown_charset");
                self.flow.push(&super::text::latin(&bytes));
            }
        }
    }

    fn push(&mut self, walk: &mut Walk<'_>, text: &str) {
        self.decode(walk);
        if !self.group.skip {
            self.flow.push(text);
        }
    }

    fn control(&mut self, walk: &mut Walk<'_>, begins: bool) {
        let Some(&byte) = self.data.get(self.at) else {
            return;
        };
        if !byte.is_ascii_alphabetic() {
            self.at += 1;
            match byte {
                b'\'' => {
                    let digits = self
                        .data
                        .get(self.at..self.at + 2)
                        .and_then(|d| std::str::from_utf8(d).ok());
                    match digits.and_then(|d| u8::from_str_radix(d, 16).ok()) {
                        Some(byte) => {
                            self.at += 2;
                            self.byte(byte);
                        }
                        None => walk.fail("malformed"),
                    }
                }
                b'~' => self.push(walk, " "),
                b'_' => self.push(walk, "-"),
                b'\r' | b'\n' => self.push(walk, "\n"),
                // A destination that an old reader may skip: read all the
                // same, unless it is known to hold no text.
                b'*' => (self.begins, self.starred) = (begins, begins),
                b'-' | b':' | b'|' => {}
                byte => self.byte(byte),
            }
            return;
        }
        let start = self.at;
        let letters = self
            .data
            .get(start..)
            .unwrap_or_default()
            .iter()
            .take(32)
            .take_while(|b| b.is_ascii_alphabetic())
            .count();
        let word = self
            .data
            .get(start..start + letters)
            .and_then(|w| std::str::from_utf8(w).ok())
            .unwrap_or_default();
        self.at += letters;
        let rest = self.data.get(self.at..).unwrap_or_default();
        let sign = usize::from(rest.first() == Some(&b'-'));
        let digits = rest
            .iter()
            .skip(sign)
            .take(10)
            .take_while(|b| b.is_ascii_digit())
            .count();
        let number: Option<i32> = match digits {
            0 => None,
            n => rest
                .get(..sign + n)
                .and_then(|n| std::str::from_utf8(n).ok())
                .and_then(|n| n.parse().ok()),
        };
        if digits > 0 {
            self.at += sign + digits;
        }
        if self.data.get(self.at) == Some(&b' ') {
            self.at += 1;
        }
        self.word(walk, word, number, begins);
    }

    fn word(&mut self, walk: &mut Walk<'_>, word: &str, number: Option<i32>, begins: bool) {
        match word {
            "par" | "sect" | "page" | "row" | "nestrow" => {
                self.decode(walk);
                if !self.group.skip {
                    self.flow.end_paragraph();
                }
            }
            "line" | "softline" | "column" => self.push(walk, "\n"),
            "tab" | "nestcell" => self.push(walk, "\t"),
            "cell" => self.push(walk, "\t"),
            "emdash" => self.push(walk, "\u{2014}"),
            "endash" => self.push(walk, "\u{2013}"),
            "lquote" | "rquote" => self.push(walk, "'"),
            "ldblquote" | "rdblquote" => self.push(walk, "\""),
            "bullet" => self.push(walk, "\u{2022}"),
            "emspace" | "enspace" | "qmspace" => self.push(walk, " "),
            "uc" => self.group.fallback = usize::try_from(number.unwrap_or(1)).unwrap_or(1).min(16),
            "u" => self.unicode(walk, number.unwrap_or(0)),
            "bin" => {
                let length = usize::try_from(number.unwrap_or(0)).unwrap_or(0);
                let data = self.data.get(self.at..).unwrap_or_default();
                let raw = data.get(..length.min(data.len())).unwrap_or_default();
                if self.group.picture {
                    self.image.data.bytes.extend(raw);
                } else if self.group.object {
                    self.object.bytes.extend(raw);
                } else if !raw.is_empty() {
                    walk.fail("unsupported_type");
                }
                self.at = self.at.saturating_add(length).min(self.data.len());
            }
            "ansicpg" => {
                self.default_charset = code_page(number.unwrap_or(1252));
                self.group.charset = self.default_charset;
            }
            "mac" => {
                self.default_charset = "macintosh";
                self.group.charset = "macintosh";
            }
            "pc" | "pca" => self.group.charset = "cp850",
            "f" => {
                self.decode(walk);
                self.font = number;
                let known = number.and_then(|n| self.fonts.get(&n)).copied();
                self.group.charset = known.unwrap_or(self.default_charset);
            }
            "plain" => {
                self.decode(walk);
                self.group.charset = self.default_charset;
                (self.group.hidden, self.group.deleted, self.group.added) = (false, false, false);
                self.flow.stand(self.group.place());
            }
            "v" | "deleted" | "revised" => {
                self.decode(walk);
                let is_on = number != Some(0);
                match word {
                    "v" => self.group.hidden = is_on,
                    "deleted" => self.group.deleted = is_on,
                    _ => self.group.added = is_on,
                }
                self.flow.stand(self.group.place());
            }
            "fcharset" => {
                if let (Some(font), Some(charset)) = (self.font, number)
                    && self.fonts.len() < 10_000
                {
                    let charset = font_charset(charset).unwrap_or(self.default_charset);
                    self.fonts.insert(font, charset);
                }
            }
            "objdata" => {
                self.decode(walk);
                self.group.skip = true;
                self.group.object = true;
            }
            "pict" => {
                self.picture = true;
                self.group.skip = true;
                self.group.picture = true;
                self.image = Image::default();
            }
            "picw" | "pich" if self.group.picture => {
                let side = u64::from(number.unwrap_or(0).unsigned_abs());
                match word {
                    "picw" => self.image.size.0 = side,
                    _ => self.image.size.1 = side,
                }
            }
            "dibitmap" | "wbitmap" if self.group.picture => self.image.bare = true,
            word if begins && SKIPPED.contains(&word) => {
                self.decode(walk);
                self.group.skip = true;
            }
            word if begins && BESIDE.contains(&word) => {
                self.decode(walk);
                self.group.beside = true;
                self.group.apart = true;
                self.flow.stand(Place::Beside);
                self.flow.end_line();
            }
            // The end of a row of a nested table, whose cells stand in the line.
            "nesttableprops" => self.decode(walk),
            // Elsewhere than at the start of a group a word may say what it holds, and
            // may say nothing.
            word if BESIDE.contains(&word) || (begins && self.starred) => {
                self.decode(walk);
                self.group.optional = true;
                self.flow.stand(self.group.place());
            }
            // Names and descriptions, each on its own line.
            "info" | "author" | "title" | "operator" | "company" | "subject" | "keywords"
            | "doccomm" | "header" | "footer" => {
                self.decode(walk);
                if !self.group.skip {
                    self.group.apart = true;
                    self.flow.end_line();
                }
            }
            _ => self.decode(walk),
        }
    }

    /// `\uN`: a UTF-16 unit, signed.
    fn unicode(&mut self, walk: &mut Walk<'_>, number: i32) {
        self.decode(walk);
        self.pending = self.group.fallback;
        if self.group.skip {
            return;
        }
        let unit = u16::try_from(number.rem_euclid(0x1_0000)).unwrap_or(0);
        let units = match self.high.take() {
            Some(high) => vec![high, unit],
            None if (0xd800..0xdc00).contains(&unit) => {
                self.high = Some(unit);
                return;
            }
            None => vec![unit],
        };
        for c in char::decode_utf16(units) {
            self.flow.push(
                c.unwrap_or(char::REPLACEMENT_CHARACTER)
                    .encode_utf8(&mut [0; 4]),
            );
        }
    }

    /// A picture, at the end of its group.
    fn end_picture(&mut self, walk: &mut Walk<'_>) {
        let image = std::mem::take(&mut self.image);
        // A word may stand in any group: what follows it may be text.
        if image.data.other {
            walk.fail("unsupported_type");
        }
        let bytes = image.data.bytes;
        let length = bytes.len();
        if length > MAX_ENTRY.min(walk.budget.held) || !walk.budget.spend(length) {
            walk.fail("too_large");
        } else if image.bare {
            // Without the header of a file, or without any.
            let own = picture::dib(&bytes).unwrap_or_default();
            match (own.0.max(image.size.0), own.1.max(image.size.1)) {
                (0, _) | (_, 0) => self.pictures.unknown(length),
                size => self.pictures.add(size, length),
            }
        } else {
            walk.budget.held -= length;
            self.pictures.file(walk, "picture", &bytes);
            walk.budget.held += length;
        }
    }

    /// An embedded object, at the end of its group. It is an OLE 1.0 stream
    /// ([MS-OLEDS] section 2.2): what is in it is found by what it is.
    fn end_object(&mut self, walk: &mut Walk<'_>) {
        let mut object = std::mem::take(&mut self.object).bytes;
        if object.len() > MAX_ENTRY.min(walk.budget.held) || !walk.budget.spend(object.len()) {
            walk.fail("too_large");
            return;
        }
        let inner = [&b"%PDF-"[..], b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"{\\rtf"]
            .iter()
            .filter_map(|magic| super::sniff::find(&object, magic, 0))
            .min();
        match inner {
            Some(at) if self.objects.len() < 100 => {
                object.drain(..at);
                self.objects.push(object);
            }
            _ if object.is_empty() => {}
            _ => walk.fail("unsupported_type"),
        }
    }
}

fn code_page(number: i32) -> &'static str {
    match number {
        437 | 850 => "cp850",
        866 => "cp866",
        874 => "windows-874",
        932 => "shift_jis",
        936 => "gbk",
        949 => "euc-kr",
        950 => "big5",
        1250 => "windows-1250",
        1251 => "windows-1251",
        1253 => "windows-1253",
        1254 => "windows-1254",
        1255 => "windows-1255",
        1256 => "windows-1256",
        1257 => "windows-1257",
        1258 => "windows-1258",
        10_000 => "macintosh",
        65_001 => "utf-8",
        _ => "windows-1252",
    }
}

fn font_charset(number: i32) -> Option<&'static str> {
    Some(match number {
        77 => "macintosh",
        128 => code_page(932),
        129 => code_page(949),
        134 => code_page(936),
        136 => code_page(950),
        161 => code_page(1253),
        162 => code_page(1254),
        163 => code_page(1258),
        177 => code_page(1255),
        178 => code_page(1256),
        186 => code_page(1257),
        204 => code_page(1251),
        222 => code_page(874),
        238 => code_page(1250),
        _ => return None,
    })
}
