//! Tables: CSV, TSV, semicolons and pipes, as a file or as a block of lines in
//! a text. The header row says what the columns hold; without one, only what
//! the shape of the values tells.

use std::collections::HashMap;
use std::ops::Range;

use memchr::{memchr_iter, memchr2, memchr3};

use super::headers::{Field, Names};
use super::hints::{self, Hints, says_nothing};
use super::{Record, shape};
use crate::dlp::extract::Form;
use crate::dlp::{Confidence, FindingKind};

const DELIMITERS: [u8; 4] = [b'\t', b',', b';', b'|'];
const MAX_COLUMNS: usize = 512;
/// Rows that are looked at before the columns are judged.
const SAMPLE: usize = 50;
/// A quoted field that is longer was never closed.
const MAX_QUOTED: usize = 64 * 1024;

/// What the tables in a text tell.
pub(super) fn read(text: &str, media_type: &str) -> Option<Record> {
    let called = [
        "csv",
        "tab-separated",
        "comma-separated",
        "spreadsheet",
        "excel",
    ];
    let named = media_type != "text/plain" && called.iter().any(|word| media_type.contains(word));
    // Two lines at least, of which one has a delimiter: a subject has one line.
    memchr2(b'\n', b'\r', text.as_bytes())?;
    // And where the first is not known for a table's, so have two more.
    let least = if named { 1 } else { 3 };
    let few = |d: &u8| memchr_iter(*d, text.as_bytes()).nth(least - 1).is_none();
    if DELIMITERS.iter().all(few) {
        return None;
    }
    let mut reader = Reader {
        text,
        hints: Hints::new(text),
        names: Names::default(),
        patient_record: false,
        quotes: true,
    };
    let first = text.len() - text.trim_start_matches(['\u{feff}', '\r', '\n', ' ']).len();
    let mut at = first;
    let mut here = Line::read(text, at);
    while at < text.len() {
        let there = Line::read(text, here.next);
        // Two lines with a delimiter that both have may start a table.
        let whole = at == first;
        let table = match reader.is_uneven(&here, &there, whole, named) {
            false => reader.table(&here, &there, whole, named),
            true => None,
        };
        match table {
            Some(end) => {
                at = end;
                here = Line::read(text, at);
            }
            None => {
                at = here.next;
                here = there;
            }
        }
    }
    let (hints, patient_record) = (reader.hints.finish(), reader.patient_record);
    (!hints.is_empty()).then_some(Record {
        hints,
        patient_record,
        form: Form::Plain,
    })
}

struct Reader<'t> {
    text: &'t str,
    hints: Hints<'t>,
    names: Names<'t>,
    patient_record: bool,
    /// Whether quoted fields are still read; off after one that never closed,
    /// so that each is looked for only once.
    quotes: bool,
}

/// A column that gives hints.
#[derive(Clone, Copy)]
struct Column {
    field: Field,
    confidence: Confidence,
}

type Row = Vec<Range<usize>>;

impl Reader<'_> {
    /// Whether two lines are surely no start of a table, by a look at them and
    /// the next: they have no delimiter in common, or the first three lines have
    /// not as many. Most of what looks like a table is prose with commas.
    fn is_uneven(&self, first: &Line, second: &Line, whole: bool, named: bool) -> bool {
        let Some((n, wanted)) = delimiter(first, second) else {
            return true;
        };
        // A file that is called a table may be uneven; what is quoted may go on
        // over lines.
        let quoted = first.counts[QUOTES] + second.counts[QUOTES] > 0;
        if whole && named || quoted || wanted >= MAX_COLUMNS {
            return false;
        }
        // A row without a letter or a figure is a rule, and passed over.
        let uneven = |line: &Line| {
            let bytes = self.text.as_bytes().get(line.range.clone());
            line.counts[n] != wanted
                && bytes.is_some_and(|line| line.iter().any(u8::is_ascii_alphanumeric))
        };
        if uneven(second) {
            return true;
        }
        let third = Line::read(self.text, second.next);
        match third.counts[n] {
            _ if third.counts[QUOTES] > 0 => false,
            // Behind the end, or a line that ends a table in a text.
            0 => !whole || third.range.start >= self.text.len(),
            _ => uneven(&third),
        }
    }

    /// Reads the table that starts with two lines, and says where it ends.
    /// `whole` is set at the start of the text, where less is asked of a table.
    fn table(&mut self, first: &Line, second: &Line, whole: bool, named: bool) -> Option<usize> {
        let at = first.range.start;
        let delimiter = DELIMITERS[delimiter(first, second)?.0];
        let (header, body) = self.row(at, delimiter)?;
        if header.len() < 2 {
            return None;
        }
        let fields: Vec<Option<Field>> = header
            .iter()
            .map(|cell| {
                let cell = hints::trim(self.text, cell.clone());
                let name = self.text.get(cell)?.trim_matches(['*', '_', ':', ' ']);
                // A value is no header: all shapes have a sign or three figures.
                let digits = name.bytes().filter(u8::is_ascii_digit).count();
                (digits <= 2 && !name.contains('@')).then(|| self.names.field("", name))?
            })
            .collect();
        let known = fields.iter().flatten().count();
        let strong = fields.iter().flatten().filter(|f| !f.weak).count();
        if strong == 0 && !whole {
            return None;
        }
        let sample = self.sample(body, delimiter, header.len(), whole);
        let even = |rows: usize| {
            sample.len() >= rows
                && sample
                    .iter()
                    .take(rows)
                    .all(|row| row.len() == header.len())
        };
        // A file is one table. In a text prose looks like one now and then.
        let file = whole && (named && !sample.is_empty() || header.len() >= 3 && even(3));
        if strong > 0 && (file || known >= 2 && even(2)) {
            let columns = self.columns(&fields, &sample);
            return Some(self.rows(body, delimiter, &columns, file));
        }
        if file && strong == 0 {
            return self.headless(at, delimiter, header.len());
        }
        None
    }

    /// A table at the start of the text whose first row is no header that
    /// says anything: columns by the shape of their values.
    fn headless(&mut self, at: usize, delimiter: u8, width: usize) -> Option<usize> {
        let sample = self.sample(at, delimiter, width, true);
        let same = sample.iter().filter(|row| row.len() == width).count();
        if width < 3 || same < 3 || same * 5 < sample.len() * 4 {
            return None;
        }
        let columns = self.columns(&vec![None; width], &sample);
        if columns.iter().all(Option::is_none) {
            return None;
        }
        Some(self.rows(at, delimiter, &columns, true))
    }

    /// The first rows of a table.
    fn sample(&mut self, mut at: usize, delimiter: u8, width: usize, whole: bool) -> Vec<Row> {
        let mut rows = Vec::new();
        while rows.len() < SAMPLE
            && let Some((row, next)) = self.row(at, delimiter)
        {
            match self.shape(&row, width, whole) {
                Shape::Data => rows.push(row),
                Shape::Rule => {}
                Shape::End => break,
            }
            at = next;
        }
        rows
    }

    fn shape(&self, row: &Row, width: usize, whole: bool) -> Shape {
        let blank = |cell: &Range<usize>| {
            let cell = self.text.get(cell.clone()).unwrap_or_default();
            !cell.contains(|c: char| c.is_alphanumeric())
        };
        if row.len() > 1 && row.iter().all(blank) {
            return Shape::Rule;
        }
        // A text goes on behind its table; a file is one table.
        if !whole && (row.len() < 2 || row.len() * 2 <= width) {
            return Shape::End;
        }
        if row.len() < 2 {
            Shape::Rule
        } else {
            Shape::Data
        }
    }

    /// What each column holds.
    fn columns(&self, fields: &[Option<Field>], sample: &[Row]) -> Vec<Option<Column>> {
        let value = |row: &Row, at: usize| {
            let cell = hints::trim(self.text, row.get(at)?.clone());
            let cell = self.text.get(cell)?;
            (!says_nothing(cell)).then_some(cell)
        };
        let values = |at: usize| sample.iter().filter_map(move |row| value(row, at));
        // Somebody's table: a column tells who people are, and its values bear it out.
        let somebody = fields.iter().enumerate().any(|(at, field)| {
            field.is_some_and(|f| f.person && values(at).any(|cell| shape::fits(f.kind, cell)))
        });
        fields
            .iter()
            .enumerate()
            .map(|(at, field)| {
                let total = values(at).count();
                let most = |is: &dyn Fn(&str) -> bool| {
                    let right = values(at).filter(|cell| is(cell)).count();
                    total > 0 && right * 5 >= total * 3
                };
                if let Some(mut field) = *field {
                    if field.kind == FindingKind::Provider
                        && most(&|c| shape::fits(FindingKind::Npi, c))
                    {
                        field.kind = FindingKind::Npi;
                    }
                    if field.kind == FindingKind::Condition && most(&shape::is_icd10) {
                        field.kind = FindingKind::Icd10;
                    }
                    if field.kind == FindingKind::Name
                        && most(&|c| shape::fits(FindingKind::Mrn, c))
                        && field.health
                    {
                        field.kind = FindingKind::Mrn;
                    }
                    if !field.weak {
                        return Some(Column {
                            field,
                            confidence: Confidence::High,
                        });
                    }
                    let fits = most(&|cell| shape::fits(field.kind, cell));
                    return (fits
                        && (somebody
                            || field.kind == FindingKind::Name
                                && most(&shape::is_full_name)
                                && fields.iter().flatten().any(|f| f.health)))
                    .then_some(Column {
                        field,
                        confidence: Confidence::Medium,
                    });
                }
                let mut votes: HashMap<FindingKind, usize> = HashMap::new();
                for kind in values(at).filter_map(shape::guess) {
                    *votes.entry(kind).or_default() += 1;
                }
                let (kind, count) = votes.into_iter().max_by_key(|(_, count)| *count)?;
                // Dates belong to a person only in a person's row.
                if count * 5 < total * 4 || kind == FindingKind::Date && !somebody {
                    return None;
                }
                let field = Field {
                    kind,
                    weak: true,
                    person: matches!(
                        kind,
                        FindingKind::Ssn | FindingKind::Email | FindingKind::Phone
                    ),
                    health: kind == FindingKind::Icd10,
                };
                Some(Column {
                    field,
                    confidence: Confidence::Medium,
                })
            })
            .collect()
    }

    /// Gives the hints of all rows, and says where the table ends.
    fn rows(
        &mut self,
        mut at: usize,
        delimiter: u8,
        columns: &[Option<Column>],
        whole: bool,
    ) -> usize {
        let (mut person, mut health) = (false, false);
        while let Some((row, next)) = self.row(at, delimiter) {
            match self.shape(&row, columns.len(), whole) {
                Shape::Data => {}
                Shape::Rule => {
                    at = next;
                    continue;
                }
                Shape::End => break,
            }
            for (cell, column) in row.iter().zip(columns) {
                let Some(column) = column else { continue };
                let cell = hints::trim(self.text, cell.clone());
                let value = self.text.get(cell.clone()).unwrap_or_default();
                if says_nothing(value) || !shape::fits(column.field.kind, value) {
                    continue;
                }
                person |= column.field.person || column.field.kind == FindingKind::Name;
                health |= column.field.health;
                let cell = if column.field.kind == FindingKind::Medication {
                    hints::drug(self.text, cell)
                } else {
                    cell
                };
                self.hints.add(cell, column.field.kind, column.confidence);
            }
            at = next;
        }
        self.patient_record |= person && health;
        at
    }

    /// The fields of the row at `at`, and where the next row starts. A quoted
    /// field may hold delimiters and line breaks.
    fn row(&mut self, at: usize, delimiter: u8) -> Option<(Row, usize)> {
        let bytes = self.text.as_bytes();
        if at >= bytes.len() {
            return None;
        }
        let mut row = Vec::new();
        let mut start = unquoted(bytes, at);
        loop {
            let mut end = start;
            let blank = bytes
                .get(start..)?
                .iter()
                .take_while(|b| **b == b' ')
                .count();
            if self.quotes && bytes.get(start + blank) == Some(&b'"') {
                let inside = start + blank + 1;
                match closing(bytes, inside) {
                    Some(close) => end = close + 1,
                    None => self.quotes = false,
                }
            }
            let rest = bytes.get(end..).unwrap_or_default();
            end += memchr3(delimiter, b'\n', b'\r', rest).unwrap_or(rest.len());
            if row.len() < MAX_COLUMNS {
                row.push(start..end);
            }
            if bytes.get(end) == Some(&delimiter) {
                start = end + 1;
                continue;
            }
            let crlf = bytes.get(end) == Some(&b'\r') && bytes.get(end + 1) == Some(&b'\n');
            return Some((row, end + if crlf { 2 } else { 1 }));
        }
    }
}

enum Shape {
    Data,
    /// A rule or a blank line between rows.
    Rule,
    End,
}

/// A line that may be of a table.
struct Line {
    /// Without its end.
    range: Range<usize>,
    /// Where the next starts.
    next: usize,
    /// How often each delimiter stands in it, and quotes.
    counts: [usize; DELIMITERS.len() + 1],
}

/// Where the count of quotes stands.
const QUOTES: usize = DELIMITERS.len();

/// What each byte adds to the counts of a line, of so many bits each; above
/// them what ends it.
const COUNTED: [u64; 256] = {
    let mut table = [0; 256];
    let mut n = 0;
    while n < DELIMITERS.len() {
        table[DELIMITERS[n] as usize] = 1 << (BITS * n);
        n += 1;
    }
    table[b'"' as usize] = 1 << (BITS * QUOTES);
    table[b'\n' as usize] = END;
    table[b'\r' as usize] = END;
    table
};
const BITS: usize = 12;
const END: u64 = 1 << (BITS * (QUOTES + 1));

impl Line {
    /// The line at `at`.
    fn read(text: &str, at: usize) -> Self {
        let mut left = text.as_bytes().get(at..).unwrap_or_default();
        let whole = left.len();
        let mut counts = [0; DELIMITERS.len() + 1];
        loop {
            // So many that no count runs over.
            let (mut some, mut sum) = (left.get(..4_000).unwrap_or(left), 0);
            let before = some.len();
            while let Some((eight, rest)) = some.split_first_chunk::<8>() {
                let more: u64 = eight.iter().map(|b| COUNTED[usize::from(*b)]).sum();
                if more >= END {
                    break;
                }
                (sum, some) = (sum + more, rest);
            }
            while let [first, rest @ ..] = some
                && COUNTED[usize::from(*first)] < END
            {
                (sum, some) = (sum + COUNTED[usize::from(*first)], rest);
            }
            for (n, count) in counts.iter_mut().enumerate() {
                *count += (sum >> (BITS * n)) as usize & ((1 << BITS) - 1);
            }
            left = left.get(before - some.len()..).unwrap_or_default();
            if !some.is_empty() || left.is_empty() {
                break;
            }
        }
        let end = at + whole - left.len();
        let crlf = left.starts_with(b"\r\n");
        Self {
            range: at..end,
            next: end + if crlf { 2 } else { 1 },
            counts,
        }
    }
}

/// The number of the delimiter that stands most often in the first line, where
/// the second has it too, and how often.
fn delimiter(first: &Line, second: &Line) -> Option<(usize, usize)> {
    (0..DELIMITERS.len())
        .filter(|n| first.counts[*n] > 0 && second.counts[*n] > 0)
        .map(|n| (n, first.counts[n]))
        .max_by_key(|(_, count)| *count)
}

/// Behind the marks of a quoted mail: `> `.
fn unquoted(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at) == Some(&b'>') {
        at += 1;
        while bytes.get(at) == Some(&b' ') {
            at += 1;
        }
    }
    at
}

/// The quote that closes a field, `""` being a quote within it.
fn closing(bytes: &[u8], inside: usize) -> Option<usize> {
    let window = bytes.get(inside..bytes.len().min(inside + MAX_QUOTED))?;
    let mut at = 0;
    while let Some(found) = window.get(at..)?.iter().position(|b| *b == b'"') {
        if window.get(at + found + 1) != Some(&b'"') {
            return Some(inside + at + found);
        }
        at += found + 2;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(text: &str) -> Reader<'_> {
        Reader {
            text,
            hints: Hints::new(text),
            names: Names::default(),
            patient_record: false,
            quotes: true,
        }
    }

    /// All texts of four lines of some.
    #[test]
    fn what_a_look_rules_out_is_no_table() {
        let lines = [
            "patient name,dob,mrn",
            "mrn,dob",
            "",
            "--,--,--",
            "Ann Lee,1999-01-02,4711",
            "Bo Berg,2001-02-03",
            "so, then, we",
            "x",
            "\"Lee, Ann\",1999-01-02,4711",
            "\"open,1,2",
            "> mrn;dob,name",
        ];
        let (mut ruled_out, mut tables) = (0, 0);
        for n in 0..lines.len().pow(4) {
            let pick = |k: u32| lines[n / lines.len().pow(k) % lines.len()];
            let text = [0, 1, 2, 3].map(pick).join("\n");
            let first = Line::read(&text, 0);
            let second = Line::read(&text, first.next);
            for whole in [false, true] {
                let uneven = reader(&text).is_uneven(&first, &second, whole, false);
                let table = reader(&text).table(&first, &second, whole, false);
                assert!(!uneven || table.is_none(), "{text}");
                ruled_out += u32::from(uneven);
                tables += u32::from(table.is_some());
            }
        }
        assert!(ruled_out > 15_000 && tables > 100, "{ruled_out} {tables}");
    }

    #[test]
    fn lines_are_counted_to_their_end() {
        let long = "a,b;\"".repeat(3_000);
        for (text, at) in [
            (format!("{long}\r\nc"), 0),
            (format!("x\n{long}\nc"), 2),
            (format!("{long}\rc"), 0),
            (long.clone(), 0),
            ("12345\n\n\n\n\n,,\n".to_owned(), 6),
            (String::new(), 0),
        ] {
            let line = Line::read(&text, at);
            let rest = &text[at..];
            let length = rest.find(['\n', '\r']).unwrap_or(rest.len());
            let crlf = rest[length..].starts_with("\r\n");
            assert_eq!(line.range, at..at + length);
            assert_eq!(line.next, at + length + if crlf { 2 } else { 1 });
            for (n, sign) in DELIMITERS.iter().chain(b"\"").enumerate() {
                let count = rest[..length].bytes().filter(|b| b == sign).count();
                assert_eq!(line.counts[n], count);
            }
        }
        assert_eq!(Line::read("a", 2).range, 2..2);
    }
}
