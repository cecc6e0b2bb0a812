//! Tables: CSV, TSV, semicolons and pipes, as a file or as a block of lines in
//! a text. The header row says what the columns hold; without one, only what
//! the shape of the values tells.

use std::collections::HashMap;
use std::ops::Range;

use memchr::{memchr, memchr_iter, memchr2, memchr3};

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
    let named = [
        "csv",
        "tab-separated",
        "comma-separated",
        "spreadsheet",
        "excel",
    ]
    .iter()
    .any(|word| media_type.contains(word));
    let mut reader = Reader {
        text,
        hints: Hints::new(text),
        names: Names::default(),
        patient_record: false,
        quotes: true,
    };
    // Two lines at least: a subject and the like have one.
    memchr2(b'\n', b'\r', text.as_bytes())?;
    let delimiters = delimiters_in(text.as_bytes(), u8::MAX);
    if delimiters == 0 {
        return None;
    }
    let first = text.len() - text.trim_start_matches(['\u{feff}', '\r', '\n', ' ']).len();
    let mut at = first;
    let mut here = Line::read(text, at, delimiters);
    while at < text.len() {
        let there = Line::read(text, here.next, delimiters);
        // Two lines with a delimiter that both have may start a table.
        let both = here.delimiters & there.delimiters != 0;
        let whole = at == first;
        let table = match both && !reader.is_uneven(&here, &there, whole, named) {
            true => reader.table(&here, &there, whole, named),
            false => None,
        };
        match table {
            Some(end) => {
                at = end;
                here = Line::read(text, at, delimiters);
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
    /// Whether two lines with a delimiter that both have are surely no start of
    /// a table, by a look at them and the next: the fields of the first three
    /// lines are not as many. Most of what looks so is prose with commas.
    fn is_uneven(&self, first: &Line, second: &Line, whole: bool, named: bool) -> bool {
        // A file that is called a table may be uneven.
        if whole && named {
            return false;
        }
        let Some((n, wanted)) = self.delimiter(first, second) else {
            return false;
        };
        let bytes = |line: &Line| self.text.as_bytes().get(line.range.clone());
        // What is quoted may go on over lines.
        let quoted = |line: &Line| memchr(b'"', bytes(line).unwrap_or_default()).is_some();
        if wanted >= MAX_COLUMNS || quoted(first) || quoted(second) {
            return false;
        }
        // A row without a letter or a figure is a rule, and passed over.
        let uneven = |line: &Line| {
            let line = bytes(line).unwrap_or_default();
            memchr_iter(DELIMITERS[n], line).count() != wanted
                && line.iter().any(u8::is_ascii_alphanumeric)
        };
        if uneven(second) {
            return true;
        }
        let third = Line::read(self.text, second.next, 1 << n);
        match third.delimiters {
            _ if quoted(&third) => false,
            // Behind the end, or a line that ends a table in a text.
            0 => !whole || third.range.start >= self.text.len(),
            _ => uneven(&third),
        }
    }

    /// The number of the delimiter that stands most often in the first line,
    /// where the second has it too, and how often.
    fn delimiter(&self, first: &Line, second: &Line) -> Option<(usize, usize)> {
        let line = self.text.as_bytes().get(first.range.clone())?;
        DELIMITERS
            .into_iter()
            .enumerate()
            .filter(|(n, _)| first.delimiters & second.delimiters & 1 << n != 0)
            .map(|(n, delimiter)| (n, memchr_iter(delimiter, line).count()))
            .max_by_key(|(_, count)| *count)
    }

    /// Reads the table that starts with two lines, and says where it ends.
    /// `whole` is set at the start of the text, where less is asked of a table.
    fn table(&mut self, first: &Line, second: &Line, whole: bool, named: bool) -> Option<usize> {
        let at = first.range.start;
        let delimiter = DELIMITERS[self.delimiter(first, second)?.0];
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
    /// Which delimiters stand in it, as bits.
    delimiters: u8,
}

impl Line {
    /// The line at `at` of a text that has these delimiters.
    fn read(text: &str, at: usize, delimiters: u8) -> Self {
        let rest = text.as_bytes().get(at..).unwrap_or_default();
        let length = memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let line = rest.get(..length).unwrap_or_default();
        let crlf = rest.get(length..length + 2) == Some(b"\r\n");
        Self {
            range: at..at + length,
            next: at + length + if crlf { 2 } else { 1 },
            delimiters: delimiters_in(line, delimiters),
        }
    }
}

/// Which of some delimiters stand in a text, as bits.
fn delimiters_in(text: &[u8], of: u8) -> u8 {
    let mut found = 0;
    for (n, delimiter) in DELIMITERS.into_iter().enumerate() {
        if of & 1 << n != 0 && memchr(delimiter, text).is_some() {
            found |= 1 << n;
        }
    }
    found
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
