//! Tables: CSV, TSV, semicolons and pipes, as a file or as a block of lines in
//! a text. The header row says what the columns hold; without one, only what
//! the shape of the values tells.

use std::ops::Range;

use memchr::{memchr_iter, memchr2, memchr3};

use super::headers::{Field, Names, is_heading};
use super::hints::{self, Hints, says_nothing};
use super::{Made, Own, Record, shape};
use crate::dlp::extract::Form;
use crate::dlp::lanes::{BLOCK, chunk, mask};
use crate::dlp::{Confidence, FindingKind, made_up};

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
        own: Vec::new(),
        quotes: true,
    };
    let first = text.len() - text.trim_start_matches(['\u{feff}', '\r', '\n', ' ']).len();
    let mut at = first;
    let (mut rest, mut lines) = Lines::three(text, at);
    while at < text.len() {
        // Two lines with a delimiter that both have may start a table.
        let whole = at == first;
        let [here, there, _] = &lines;
        let table = match reader.is_uneven(&lines, whole, named) {
            false => reader.table(here, there, whole, named),
            true => None,
        };
        match table {
            Some(end) => {
                at = end;
                (rest, lines) = Lines::three(text, at);
            }
            None => {
                let [_, there, third] = lines;
                at = there.range.start;
                lines = [there, third, rest.read()];
            }
        }
    }
    let (hints, patient_record) = (reader.hints.finish(), reader.patient_record);
    let own = reader.own;
    (!hints.is_empty()).then_some(Record {
        hints,
        patient_record,
        form: Form::Plain,
        own,
        ..Record::default()
    })
}

struct Reader<'t> {
    text: &'t str,
    hints: Hints<'t>,
    names: Names<'t>,
    patient_record: bool,
    /// Headings, of all tables.
    own: Vec<Own>,
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
    /// Whether lines are surely no start of a table, by a look at three: the
    /// first two have no delimiter in common, or they have not all as many. Most
    /// of what looks like a table is prose with commas.
    fn is_uneven(&self, lines: &[Line; 3], whole: bool, named: bool) -> bool {
        let [first, second, third] = lines;
        let Some((n, wanted)) = delimiter(first, second) else {
            return true;
        };
        // A file that is called a table may be uneven; what is quoted may go on
        // over lines.
        let quoted = first.counts[QUOTES] + second.counts[QUOTES] > 0;
        if whole && named || quoted || wanted as usize >= MAX_COLUMNS {
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
        match third.counts[n] {
            _ if third.counts[QUOTES] > 0 => false,
            // Behind the end, or a line that ends a table in a text.
            0 => !whole || third.range.start >= self.text.len(),
            _ => uneven(third),
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
        let mut fields: Vec<Option<Field>> = header
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
        if let Some(trained) = self.prescribers(&header, &sample) {
            for field in fields.iter_mut().flatten() {
                if trained && field.kind == FindingKind::Name {
                    field.kind = FindingKind::Provider;
                    (field.weak, field.person) = (false, false);
                }
                // Nor does a number of their own say that they are under care.
                field.health &= !matches!(field.kind, FindingKind::Npi | FindingKind::Dea);
            }
        }
        let even = |rows: usize| {
            sample.len() >= rows
                && sample
                    .iter()
                    .take(rows)
                    .all(|row| row.len() == header.len())
        };
        // A file is one table, and so is what has a rule under its header, as in
        // Markdown. In a text prose looks like one now and then.
        let ruled = delimiter == b'|' && self.is_rule(second);
        let file = whole && (named && !sample.is_empty() || header.len() >= 3 && even(3));
        let file = file || ruled && even(1);
        let numbered = || even(2) && self.numbers(&fields, &sample);
        if strong > 0 && (file || known >= 2 && even(2) || numbered()) {
            let columns = self.columns(&fields, &sample);
            self.headings(&header);
            return Some(self.rows(body, delimiter, &columns, file));
        }
        if file && strong == 0 {
            return self.headless(at, delimiter, header.len());
        }
        None
    }

    /// Whether a table is of prescribers: two or more, each with a number of theirs, and no
    /// column that a list of patients may have too; and then whether one says what they
    /// are trained in, which makes it certain.
    fn prescribers(&self, header: &Row, sample: &[Row]) -> Option<bool> {
        const NAMES: [&str; 6] = [
            "name",
            "first",
            "last",
            "first name",
            "last name",
            "accepting",
        ];
        // Of patients it says `dialysis`.
        const STATUS: [&str; 7] = [
            "active", "inactive", "pending", "current", "expired", "approved", "on leave",
        ];
        const TRAINED: [&str; 5] = [
            "taxonomy",
            "specialty",
            "speciality",
            "credentials",
            "degree",
        ];
        let names: Vec<String> = (header.iter())
            .map(|cell| hints::trim(self.text, cell.clone()))
            .map(|cell| self.text.get(cell).unwrap_or_default().to_ascii_lowercase())
            .collect();
        let is_number = |value: &str, kind: &str| match kind {
            "npi" => value.len() == 10 && value.bytes().all(|b| b.is_ascii_digit()),
            _ => shape::fits(FindingKind::Dea, value),
        };
        let is_numbered = |(at, name): (usize, &String)| {
            let mut values = sample.iter().filter_map(|row| self.value(row, at));
            matches!(&**name, "npi" | "dea")
                && self.of_each(at, sample)
                && values.all(|value| is_number(value, name))
        };
        let is_trained = |name: &String| TRAINED.contains(&&**name);
        let is_status = |at: usize| {
            let mut values = sample.iter().filter_map(|row| self.value(row, at));
            values.all(|value| STATUS.iter().any(|one| value.eq_ignore_ascii_case(one)))
        };
        let is_known = |(at, name): (usize, &String)| {
            NAMES.contains(&&**name)
                || is_trained(name)
                || matches!(&**name, "npi" | "dea")
                || name == "status" && is_status(at)
        };
        let all = || names.iter().enumerate();
        (all().all(is_known) && all().any(is_numbered)).then(|| names.iter().any(is_trained))
    }

    /// Whether a column has two or more values, and each once: what not all rows have.
    fn of_each(&self, at: usize, sample: &[Row]) -> bool {
        let mut values: Vec<_> = (sample.iter())
            .filter_map(|row| self.value(row, at))
            .collect();
        values.sort_unstable();
        values.len() > 1 && values.windows(2).all(|pair| pair[0] != pair[1])
    }

    /// Whether a column is of numbers that care or the state gives out, by its header
    /// and by all its values, of which there are two and each has three figures: it
    /// needs no other.
    fn numbers(&self, fields: &[Option<Field>], sample: &[Row]) -> bool {
        fields.iter().enumerate().any(|(at, field)| {
            let kind = field.filter(|f| !f.weak).map(|f| f.kind);
            let kind = kind.filter(|kind| matches!(kind, FindingKind::Mrn | FindingKind::Ssn));
            let values = || sample.iter().filter_map(|row| self.value(row, at));
            kind.is_some_and(|kind| {
                values().nth(1).is_some()
                    && values().all(|v| shape::fits(kind, v) && figures(v) >= 3)
            })
        })
    }

    /// What a cell says, where it says anything.
    fn value(&self, row: &Row, at: usize) -> Option<&str> {
        let cell = hints::trim(self.text, row.get(at)?.clone());
        let cell = self.text.get(cell)?;
        (!says_nothing(cell)).then_some(cell)
    }

    /// Whether a line is one of hyphens: `|---|:--|`.
    fn is_rule(&self, line: &Line) -> bool {
        let text = self.text.get(line.range.clone()).unwrap_or_default();
        text.contains("--") && text.bytes().all(|b| b"-:| \t\r".contains(&b))
    }

    /// Notes the cells of a header that are nothing else.
    fn headings(&mut self, header: &Row) {
        for cell in header {
            let cell = hints::trim(self.text, cell.clone());
            let name = self.text.get(cell.clone()).unwrap_or_default();
            if is_heading(name) && self.own.len() < MAX_COLUMNS {
                let what = Made::Heading;
                self.own.push(Own { range: cell, what });
            }
        }
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
        let mut read = 0;
        // Rules between the rows are few, but where they are all there is.
        while rows.len() < SAMPLE
            && read < 4 * SAMPLE
            && let Some((row, next)) = self.row(at, delimiter)
        {
            match self.shape(&row, width, whole) {
                Shape::Data => rows.push(row),
                Shape::Rule => {}
                Shape::End => break,
            }
            read += 1;
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
        let values = |at: usize| sample.iter().filter_map(move |row| self.value(row, at));
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
                    // Shorter ones count them: `Site, Patients`.
                    let number = |c: &str| shape::fits(FindingKind::Mrn, c) && figures(c) >= 4;
                    if field.kind == FindingKind::Name && field.health && most(&number) {
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
                let mut votes = [0; FindingKind::ALL.len()];
                for kind in values(at).filter_map(shape::guess) {
                    votes[kind as usize] += 1;
                }
                let votes = FindingKind::ALL
                    .iter()
                    .map(|kind| (*kind, votes[*kind as usize]));
                let votes = votes.filter(|(_, count)| *count > 0);
                let (kind, count) = votes.max_by_key(|(_, count)| *count)?;
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
                let kind = column.field.kind;
                if says_nothing(value) || !shape::fits(kind, value) {
                    continue;
                }
                let of_person = column.field.person || kind == FindingKind::Name;
                person |= of_person && !made_up::is(kind, value);
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
    /// How often each delimiter stands in it, and quotes.
    counts: [u32; 8],
}

/// Where the count of quotes stands.
const QUOTES: usize = DELIMITERS.len();
/// Where that of other bytes does, which nobody asks for.
const OTHERS: u8 = 7;
/// The end of a line.
const ENDS: u8 = 8;

/// Where the count of each byte stands.
const PLACES: [u8; 256] = {
    let mut places = [OTHERS; 256];
    let mut n = 0;
    while n < DELIMITERS.len() {
        places[DELIMITERS[n] as usize] = n as u8;
        n += 1;
    }
    places[b'"' as usize] = QUOTES as u8;
    places[b'\n' as usize] = ENDS;
    places[b'\r' as usize] = ENDS;
    places
};

/// Reads a text line by line. Only the signs that count and the ends of lines
/// are looked at: a block of bytes at a time says where they are.
struct Lines<'t> {
    bytes: &'t [u8],
    /// Where the next line starts.
    line: usize,
    /// Where the block starts that is read, and a bit for each sign in it that
    /// is still to come.
    block: usize,
    signs: u64,
}

impl<'t> Lines<'t> {
    /// From the line at `at` on.
    fn new(text: &'t str, at: usize) -> Self {
        let mut lines = Self {
            bytes: text.as_bytes(),
            line: at,
            block: at,
            signs: 0,
        };
        lines.read_block();
        lines
    }

    /// The next line; empty ones behind the end of the text.
    fn read(&mut self) -> Line {
        let start = self.line;
        let mut counts = [0; 8];
        let end = loop {
            let Some((at, sign)) = self.sign() else {
                break self.bytes.len().max(start);
            };
            match PLACES[usize::from(sign)] {
                ENDS => break at,
                n => counts[usize::from(n % 8)] += 1,
            }
        };
        self.line = end + 1;
        if self.bytes.get(end..end + 2) == Some(b"\r\n") {
            self.line += 1;
            self.sign();
        }
        Line {
            range: start..end,
            counts,
        }
    }

    /// The next three.
    fn three(text: &'t str, at: usize) -> (Self, [Line; 3]) {
        let mut lines = Self::new(text, at);
        let three = std::array::from_fn(|_| lines.read());
        (lines, three)
    }

    /// The next sign, and where it stands.
    fn sign(&mut self) -> Option<(usize, u8)> {
        while self.signs == 0 {
            self.block += BLOCK;
            if self.block >= self.bytes.len() {
                return None;
            }
            self.read_block();
        }
        let at = self.block + self.signs.trailing_zeros() as usize;
        self.signs &= self.signs - 1;
        Some((at, *self.bytes.get(at)?))
    }

    fn read_block(&mut self) {
        let rest = self.bytes.get(self.block..).unwrap_or_default();
        self.signs = signs(&chunk(rest));
    }
}

/// How many figures a value has.
fn figures(value: &str) -> usize {
    value.bytes().filter(u8::is_ascii_digit).count()
}

/// A bit for each byte of a block that counts or may end a line.
fn signs(block: &[u8; BLOCK]) -> u64 {
    // Tab, line feed and carriage return have two others between them.
    let control = |b: u8| b.wrapping_sub(b'\t') <= b'\r' - b'\t';
    mask(block, |b| {
        control(b) | (b == b',') | (b == b';') | (b == b'"') | (b == b'|')
    })
}

/// The number of the delimiter that stands most often in the first line, where
/// the second has it too, and how often.
fn delimiter(first: &Line, second: &Line) -> Option<(usize, u32)> {
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
            own: Vec::new(),
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
            let (_, lines) = Lines::three(&text, 0);
            for whole in [false, true] {
                let uneven = reader(&text).is_uneven(&lines, whole, false);
                let table = reader(&text).table(&lines[0], &lines[1], whole, false);
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
            let mut lines = Lines::new(&text, at);
            let line = lines.read();
            let rest = &text[at..];
            let length = rest.find(['\n', '\r']).unwrap_or(rest.len());
            let crlf = rest[length..].starts_with("\r\n");
            assert_eq!(line.range, at..at + length);
            assert_eq!(lines.line, at + length + if crlf { 2 } else { 1 });
            for (n, sign) in DELIMITERS.iter().chain(b"\"").enumerate() {
                let count = rest[..length].bytes().filter(|b| b == sign).count();
                assert_eq!(line.counts[n] as usize, count);
            }
        }
        assert_eq!(Lines::new("a", 2).read().range, 2..2);
    }

    /// Lines of all lengths about a block's, and each byte that may stand in one.
    #[test]
    fn all_lines_are_read_one_behind_the_other() {
        let mut text = String::new();
        for n in 0..200 {
            text.push_str(&"ab,c".repeat(n)[..n]);
            text.push(char::from(u8::try_from(n % 128).unwrap()));
            text.push_str(["\n", "\r\n", "\r", "\n\r", "\r\r\n"][n % 5]);
        }
        let mut lines = Lines::new(&text, 0);
        let mut at = 0;
        while at < text.len() {
            let line = lines.read();
            let rest = &text[at..];
            let length = rest.find(['\n', '\r']).unwrap_or(rest.len());
            assert_eq!(line.range, at..at + length);
            for (n, sign) in DELIMITERS.iter().chain(b"\"").enumerate() {
                let count = rest[..length].bytes().filter(|b| b == sign).count();
                assert_eq!(line.counts[n] as usize, count);
            }
            let crlf = rest[length..].starts_with("\r\n");
            at += length + if crlf { 2 } else { 1 };
            assert_eq!(lines.line, at);
        }
        assert_eq!(lines.read().range, at..at);
    }
}
