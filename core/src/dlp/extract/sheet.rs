//! Workbooks: the cells of each sheet, row by row, joined by tabs, so that a
//! header stands above its column.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use super::flow::Flow;
use super::walk::Walk;
use super::xml::{Node, Tag, Xml};
use super::zip::Archive;

/// Columns that are left out in a row as tabs. A wider gap is one tab, since a
/// cell far out costs nobody but us.
const GAP: usize = 64;
/// Shared strings of a workbook, more than a sheet has rows.
const MAX_STRINGS: usize = 2_000_000;

/// Whether a part is read here.
pub(super) fn reads(lower: &str) -> bool {
    is_sheet(lower) || ["xl/workbook.xml", "xl/sharedstrings.xml", "xl/styles.xml"].contains(&lower)
}

fn is_sheet(lower: &str) -> bool {
    lower
        .strip_prefix("xl/worksheets/")
        .or_else(|| lower.strip_prefix("xl/macrosheets/"))
        .or_else(|| lower.strip_prefix("xl/dialogsheets/"))
        .is_some_and(|file| file.ends_with(".xml") && !file.contains('/'))
}

/// Reads the sheets of a workbook.
pub(super) fn read(walk: &mut Walk<'_>, archive: &Archive<'_>) {
    let mut book = Book::default();
    for entry in &archive.entries {
        let lower = entry.name.to_ascii_lowercase();
        let part: fn(&mut Book, &mut Walk<'_>, &str) = match lower.as_str() {
            "xl/workbook.xml" => Book::names,
            "xl/sharedstrings.xml" => Book::strings,
            "xl/styles.xml" => Book::styles,
            "xl/_rels/workbook.xml.rels" => Book::targets,
            _ => continue,
        };
        if let Some(bytes) = archive.content(walk, entry) {
            part(&mut book, walk, &super::text::xml(&bytes));
        }
    }
    let held = book.text.len().min(walk.budget.held);
    walk.budget.held -= held;
    for entry in &archive.entries {
        let lower = entry.name.to_ascii_lowercase();
        if is_sheet(&lower)
            && let Some(bytes) = archive.content(walk, entry)
        {
            let held = match &bytes {
                Cow::Owned(bytes) => bytes.len().min(walk.budget.held),
                Cow::Borrowed(_) => 0,
            };
            walk.budget.held -= held;
            book.sheet(walk, &entry.name, &super::text::xml(&bytes));
            walk.budget.held += held;
        }
    }
    book.unused(walk);
    walk.budget.held += held;
}

/// What the sheets of a workbook share.
#[derive(Default)]
struct Book {
    /// Shared strings, one after the other, and where each stands.
    text: String,
    strings: Vec<Range<u32>>,
    /// Which of them some cell shows.
    used: Vec<bool>,
    /// What each style makes of a number.
    styles: Vec<Number>,
    /// Days are counted from 1904.
    since_1904: bool,
    /// Sheet names by relationship, and relationships by target.
    sheets: HashMap<String, String>,
    parts: HashMap<String, String>,
}

/// What a number in a cell is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Number {
    Plain,
    Date,
}

impl Book {
    fn names(&mut self, walk: &mut Walk<'_>, text: &str) {
        let mut flow = Flow::new("xl/workbook.xml");
        let mut xml = Xml::new(text);
        let mut in_name = false;
        while let Some(node) = xml.next() {
            match node {
                Node::Start(tag) => match tag.name() {
                    "workbookPr" => {
                        let on = |v: String| v == "1" || v == "true";
                        self.since_1904 = tag.get("date1904").is_some_and(on);
                    }
                    "sheet" => {
                        let name = tag.get("name").unwrap_or_default();
                        let name = unescaped(&name).into_owned();
                        flow.push(&name);
                        flow.end_line();
                        if let Some(id) = tag.get("id") {
                            self.sheets.insert(id, name);
                        }
                    }
                    "definedName" => {
                        in_name = true;
                        flow.push(&tag.get("name").unwrap_or_default());
                        for name in ["comment", "description", "help", "statusBar"] {
                            flow.aside(&tag.get(name).unwrap_or_default());
                        }
                        flow.push(": ");
                    }
                    _ => {}
                },
                Node::End(name) if name == "definedName" => {
                    in_name = false;
                    flow.end_line();
                }
                Node::Text(text) if in_name => flow.push(&text),
                _ => {}
            }
            if !flow.give(walk) {
                walk.fail("too_large");
                break;
            }
        }
        xml.finish(walk);
        flow.finish(walk);
    }

    fn targets(&mut self, walk: &mut Walk<'_>, text: &str) {
        let mut xml = Xml::new(text);
        while let Some(node) = xml.next() {
            if let Node::Start(tag) = node
                && let (Some(id), Some(target)) = (tag.get("Id"), tag.get("Target"))
            {
                let target = target.trim_start_matches('/');
                let target = target.strip_prefix("xl/").unwrap_or(target);
                self.parts.insert(format!("xl/{target}"), id);
            }
        }
        xml.finish(walk);
    }

    fn strings(&mut self, walk: &mut Walk<'_>, text: &str) {
        let mut xml = Xml::new(text);
        let (mut start, mut of_string) = (0, 0);
        // Readings of Japanese names stand behind the string: they are shown above
        // it, and may stand between any two of its letters.
        let (mut phonetic, mut readings) = (false, String::new());
        while let Some(node) = xml.next() {
            match node {
                Node::Start(tag) => match tag.name() {
                    "si" => {
                        start = self.text.len();
                        readings.clear();
                    }
                    "t" => of_string = self.text.len(),
                    "rPh" => phonetic = true,
                    _ => {}
                },
                Node::End(name) => match name.as_str() {
                    "t" if !phonetic => {
                        let read = match unescaped(self.text.get(of_string..).unwrap_or_default()) {
                            Cow::Owned(read) => read,
                            Cow::Borrowed(_) => continue,
                        };
                        self.text.truncate(of_string);
                        self.text.push_str(&read);
                    }
                    "si" => {
                        self.text.push_str(&readings);
                        if self.strings.len() == MAX_STRINGS {
                            walk.fail("too_large");
                            return;
                        }
                        let at = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
                        self.strings.push(at(start)..at(self.text.len()));
                        self.used.push(false);
                    }
                    "rPh" => phonetic = false,
                    _ => {}
                },
                Node::Text(text) if phonetic => {
                    readings.push(' ');
                    readings.push_str(&unescaped(&text));
                }
                Node::Text(text) => self.text.push_str(&text),
            }
        }
        xml.finish(walk);
    }

    fn styles(&mut self, walk: &mut Walk<'_>, text: &str) {
        let mut xml = Xml::new(text);
        let mut custom: HashMap<String, Number> = HashMap::new();
        let mut in_cells = false;
        // What cells show in quotes beside their numbers.
        let mut shown = String::new();
        while let Some(node) = xml.next() {
            match node {
                Node::Start(tag) => match tag.name() {
                    "numFmt" => {
                        if let (Some(id), Some(code)) = (tag.get("numFmtId"), tag.get("formatCode"))
                        {
                            for literal in code.split('"').skip(1).step_by(2) {
                                shown.push_str(literal);
                                shown.push('\n');
                            }
                            custom.insert(id, number_of(&code));
                        }
                    }
                    "cellXfs" => in_cells = true,
                    "xf" if in_cells => {
                        let id = tag.get("numFmtId").unwrap_or_default();
                        let built_in = match id.parse().unwrap_or(0u32) {
                            14..=17 | 22 | 27..=31 | 34..=36 | 50..=54 | 57 | 58 => Number::Date,
                            _ => Number::Plain,
                        };
                        self.styles
                            .push(custom.get(&id).copied().unwrap_or(built_in));
                    }
                    _ => {}
                },
                Node::End(name) if name == "cellXfs" => in_cells = false,
                _ => {}
            }
        }
        if shown.contains(char::is_alphanumeric) {
            walk.inside("number formats", shown);
        }
        xml.finish(walk);
    }

    /// Strings that no cell shows, as of rows that were deleted.
    fn unused(&self, walk: &mut Walk<'_>) {
        let mut flow = Flow::new("unused strings");
        for (range, used) in self.strings.iter().zip(&self.used) {
            if *used {
                continue;
            }
            let range = range.start as usize..range.end as usize;
            flow.push(self.text.get(range).unwrap_or_default());
            flow.end_line();
            if !flow.give(walk) {
                walk.fail("too_large");
                break;
            }
        }
        flow.finish(walk);
    }

    fn sheet(&mut self, walk: &mut Walk<'_>, name: &str, text: &str) {
        let title = self.parts.get(name).and_then(|id| self.sheets.get(id));
        let mut flow = match title {
            Some(title) => Flow::new(&format!("sheet {title}")),
            None => Flow::new(name),
        };
        let mut xml = Xml::new(text);
        let mut cell: Option<Cell> = None;
        let (mut column, mut reading) = (0, Reading::Nothing);
        // Where a cell stands that does not say so: its reference is optional.
        let mut next = 0;
        let mut first = true;
        let (mut value, mut beside) = (String::new(), String::new());
        let (mut phonetic, mut readings) = (false, String::new());
        while let Some(node) = xml.next() {
            match node {
                Node::Start(tag) => match tag.name() {
                    "row" => (column, next, first) = (0, 0, true),
                    "c" => {
                        let read = Cell::of(&tag, next);
                        next = read.column.saturating_add(1);
                        cell = Some(read);
                        value.clear();
                        readings.clear();
                    }
                    "rPh" => phonetic = true,
                    "v" | "t" if cell.is_some() => reading = Reading::Value,
                    "f" => reading = Reading::Formula,
                    "oddHeader" | "oddFooter" | "evenHeader" | "evenFooter" | "firstHeader"
                    | "firstFooter" => reading = Reading::Beside,
                    "hyperlink" | "dataValidation" | "sheetPr" | "inputCells" | "cfRule"
                    | "filter" | "customFilter" | "scenario" | "protectedRange" => {
                        for name in [
                            "display",
                            "tooltip",
                            "prompt",
                            "promptTitle",
                            "error",
                            "errorTitle",
                            "location",
                            "text",
                            "val",
                            "name",
                            "user",
                            "comment",
                        ] {
                            if let Some(text) = tag.get(name) {
                                flow.aside(&text);
                            }
                        }
                    }
                    "formula" | "formula1" | "formula2" => reading = Reading::Formula,
                    _ => {}
                },
                Node::Text(text) => match reading {
                    Reading::Value if phonetic => {
                        readings.push(' ');
                        readings.push_str(&text);
                    }
                    Reading::Value => value.push_str(&text),
                    Reading::Formula | Reading::Beside => beside.push_str(&text),
                    Reading::Nothing => {}
                },
                Node::End(name) => match name.as_str() {
                    "rPh" => phonetic = false,
                    "c" => {
                        // Of one that is shared `value` is the number.
                        if cell.as_ref().is_some_and(|cell| !cell.shared) {
                            value.push_str(&readings);
                        }
                        if let Some(cell) = cell.take()
                            && !value.is_empty()
                        {
                            let gap = cell.column.saturating_sub(column);
                            let tabs = if gap > GAP { 1 } else { gap };
                            // Cells that say they stand in one place are two.
                            let tabs = tabs.max(usize::from(!first));
                            first = false;
                            (0..tabs).for_each(|_| flow.push("\t"));
                            column = cell.column.max(column);
                            self.show(&mut flow, &cell, &value);
                        }
                    }
                    "row" => flow.push("\n"),
                    "v" | "t" | "f" | "formula" | "formula1" | "formula2" | "oddHeader"
                    | "oddFooter" | "evenHeader" | "evenFooter" | "firstHeader" | "firstFooter" => {
                        let beside = std::mem::take(&mut beside);
                        match reading {
                            // A formula may hold text that its value does not show.
                            Reading::Formula if beside.contains('"') => flow.aside(&beside),
                            Reading::Beside => flow.aside(&without_codes(&unescaped(&beside))),
                            _ => {}
                        }
                        reading = Reading::Nothing;
                    }
                    _ => {}
                },
            }
            if !flow.give(walk) {
                walk.fail("too_large");
                break;
            }
        }
        xml.finish(walk);
        flow.finish(walk);
    }

    fn show(&mut self, flow: &mut Flow, cell: &Cell, value: &str) {
        let line = |text: &str| text.replace(['\n', '\r', '\t'], " ");
        if cell.shared {
            let at = value.trim().parse::<usize>().ok();
            if let Some(used) = at.and_then(|n| self.used.get_mut(n)) {
                *used = true;
            }
            let text = at
                .and_then(|n| self.strings.get(n))
                .and_then(|r| self.text.get(r.start as usize..r.end as usize));
            return flow.push(&line(text.unwrap_or("\u{fffd}")));
        }
        let date =
            cell.number && cell.style.and_then(|s| self.styles.get(s)) == Some(&Number::Date);
        match date.then(|| iso(value, self.since_1904)).flatten() {
            Some(date) => flow.push(&date),
            None => flow.push(&line(&unescaped(value))),
        }
    }
}

/// What the text being read is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    Nothing,
    Value,
    Formula,
    Beside,
}

/// A cell's head.
struct Cell {
    column: usize,
    shared: bool,
    number: bool,
    style: Option<usize>,
}

impl Cell {
    fn of(tag: &Tag<'_>, next: usize) -> Self {
        let kind = tag.get("t");
        Self {
            column: tag.get("r").map_or(next, |r| column(&r)),
            shared: kind.as_deref() == Some("s"),
            number: matches!(kind.as_deref(), None | Some("n")),
            style: tag.get("s").and_then(|s| s.parse().ok()),
        }
    }
}

/// A string without the escapes of characters that XML cannot hold: `_x000D_` is the
/// carriage return that a line from Windows ends with (ISO/IEC 29500-1 section
/// 22.9.2.19). What no reader shows of them is left out.
pub(super) fn unescaped(text: &str) -> Cow<'_, str> {
    const LENGTH: usize = "_xHHHH_".len();
    let unit = |rest: &str| {
        let digits = rest.strip_prefix("_x")?.get(..4)?;
        let is_hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
        let ends = rest.as_bytes().get(LENGTH - 1) == Some(&b'_');
        let unit = u16::from_str_radix(digits, 16).ok();
        unit.filter(|_| is_hex && ends)
    };
    if !text.contains("_x") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("_x") {
        out.push_str(rest.get(..at).unwrap_or_default());
        rest = rest.get(at..).unwrap_or_default();
        let mut units = Vec::new();
        while let Some(unit) = unit(rest) {
            units.push(unit);
            rest = rest.get(LENGTH..).unwrap_or_default();
        }
        if units.is_empty() {
            out.push_str("_x");
            rest = rest.get(2..).unwrap_or_default();
        }
        for c in char::decode_utf16(units) {
            match c.unwrap_or(char::REPLACEMENT_CHARACTER) {
                '\u{b}' | '\u{c}' => out.push('\n'),
                c if c.is_control() && !matches!(c, '\t' | '\n' | '\r') => {}
                c => out.push(c),
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// A page header or footer: codes such as `&C`, `&12`, `&"Arial,Bold"` and
/// `&K00FF00` are blanks (ISO/IEC 29500-1 section 18.3.1.39).
fn without_codes(text: &str) -> String {
    let mut parts = text.split('&');
    let mut out = parts.next().unwrap_or_default().to_owned();
    while let Some(part) = parts.next() {
        // Two stand for one, and what follows is text.
        if part.is_empty() {
            out.push('&');
            out.push_str(parts.next().unwrap_or_default());
            continue;
        }
        let digits = |from: &str, most: usize, digit: fn(&char) -> bool| {
            from.chars().take(most).take_while(digit).count()
        };
        let length = match part.chars().next() {
            Some('"') => part.get(1..).and_then(|p| p.find('"')).map_or(1, |n| n + 2),
            // A colour, or one of the theme with its shade: `K01+000`.
            Some('K') if part.get(3..4).is_some_and(|sign| "+-".contains(sign)) => {
                4 + digits(&part[4..], 3, char::is_ascii_digit)
            }
            Some('K') => 1 + digits(&part[1..], 6, char::is_ascii_hexdigit),
            Some('0'..='9') => digits(part, 3, char::is_ascii_digit),
            Some(other) => other.len_utf8(),
            None => 0,
        };
        out.push(' ');
        out.push_str(part.get(length..).unwrap_or_default());
    }
    out
}

/// The column of a reference such as `AB12`, counted from 0.
fn column(reference: &str) -> usize {
    let letters = reference
        .bytes()
        .take(3)
        .take_while(u8::is_ascii_alphabetic);
    letters
        .fold(0, |n, b| {
            n * 26 + usize::from(b.to_ascii_uppercase() - b'A') + 1
        })
        .saturating_sub(1)
}

/// Whether a format's code shows a date.
fn number_of(code: &str) -> Number {
    let (mut quoted, mut bracket, mut skip) = (false, false, false);
    for c in code.chars() {
        match c {
            _ if skip => skip = false,
            '\\' | '_' | '*' => skip = true,
            '"' => quoted = !quoted,
            '[' => bracket = true,
            ']' => bracket = false,
            'd' | 'D' | 'y' | 'Y' if !quoted && !bracket => return Number::Date,
            _ => {}
        }
    }
    Number::Plain
}

/// The date of a serial number, `YYYY-MM-DD`, with the time where it has one.
fn iso(value: &str, since_1904: bool) -> Option<String> {
    let serial: f64 = value.trim().parse().ok()?;
    if !(0.0..2_958_466.0).contains(&serial) {
        return None;
    }
    let whole = serial.floor();
    // Checked above to be small and not negative.
    #[expect(clippy::cast_possible_truncation, reason = "below 2,958,466")]
    let days = whole as i32;
    // 1900 is taken for a leap year, so that days before March are one off.
    let days = match since_1904 {
        true => days + 1462,
        false if days < 60 => days + 1,
        false => days,
    };
    // Day 25,569 is 1970-01-01, Julian day 2,440,588.
    let date = time::Date::from_julian_day(days - 25_569 + 2_440_588).ok()?;
    let seconds = ((serial - whole) * 86_400.0).round();
    let (year, month, day) = (date.year(), u8::from(date.month()), date.day());
    if seconds < 1.0 {
        return Some(format!("{year:04}-{month:02}-{day:02}"));
    }
    #[expect(clippy::cast_possible_truncation, reason = "at most 86,400")]
    let seconds = seconds as i32;
    let (hour, minute) = (seconds / 3600, seconds / 60 % 60);
    Some(format!(
        "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}"
    ))
}
