//! Tables whose columns stand one below the other, with blanks between them: what
//! programs print, and people paste into mail.
//!
//! ```text
//! Name             DOB         MRN
//! Lindqvist, Pat   03/14/1958  00482913
//! ```
//!
//! Words with wide gaps between them are many things, so only what has figures is
//! taken from such a table, and who stands in a row with a person's number.

use std::ops::Range;

use super::headers::{Field, classify, is_heading};
use super::hints::Hints;
use super::{Made, Own, Record, shape};
use crate::dlp::FindingKind;

/// Columns of a table that people look at.
const MAX_COLUMNS: usize = 32;
/// Lines in a row that tell nothing, behind which a table has ended: blank ones,
/// rules, wrapped cells.
const MAX_OTHERS: usize = 3;
/// Headings noted in one text.
const MAX_HEADINGS: usize = 512;

/// What the aligned tables in a text tell.
pub(super) fn read(text: &str) -> Option<Record> {
    if !text.contains("  ") && !text.contains('\u{a0}') {
        return None;
    }
    let mut reader = Reader {
        text,
        hints: Hints::new(text),
        own: Vec::new(),
    };
    let mut table: Option<Table> = None;
    for line in lines(text) {
        let cells = cells(text, line);
        if let Some(head) = Table::new(text, &cells) {
            table = Some(head);
            continue;
        }
        table = table.and_then(|mut table| {
            match reader.row(&mut table, &cells) {
                true => table.others = 0,
                false => table.others += 1,
            }
            (table.others <= MAX_OTHERS).then_some(table)
        });
    }
    let (hints, own) = (reader.hints.finish(), reader.own);
    (!hints.is_empty()).then_some(Record {
        hints,
        own,
        ..Record::default()
    })
}

/// The lines of a text, with their ends, behind marks of quotation.
fn lines(text: &str) -> impl Iterator<Item = Range<usize>> {
    let (mut at, mut carriage) = (0, false);
    text.split_inclusive(['\n', '\r']).filter_map(move |line| {
        let start = at;
        at += line.len();
        // The second half of a line's end is no line.
        let half = carriage && line == "\n";
        carriage = line.ends_with('\r');
        let marks = line.len() - line.trim_start_matches(['>', ' ']).len();
        // Blanks behind the last mark are of the line.
        let quoted = line.get(..marks).and_then(|marks| marks.rfind('>'));
        (!half).then(|| start + quoted.map_or(0, |mark| mark + 1)..at)
    })
}

/// A cell, and where it stands in its line, in characters.
struct Cell {
    range: Range<usize>,
    place: Range<usize>,
}

/// The cells of a line, which two blanks part, or a tab: one too many at the most.
fn cells(text: &str, line: Range<usize>) -> Vec<Cell> {
    let mut out: Vec<Cell> = Vec::new();
    let mut gap = 2;
    let content = text.get(line.clone()).unwrap_or_default();
    for (place, (at, letter)) in content.char_indices().enumerate() {
        if letter.is_whitespace() {
            gap += if letter == '\t' { 2 } else { 1 };
            continue;
        }
        let end = line.start + at + letter.len_utf8();
        if gap < 2
            && let Some(cell) = out.last_mut()
        {
            cell.range.end = end;
            cell.place.end = place + 1;
        } else {
            if out.len() > MAX_COLUMNS {
                break;
            }
            out.push(Cell {
                range: line.start + at..end,
                place: place..place + 1,
            });
        }
        gap = 0;
    }
    out
}

/// What stands at the top of a table.
struct Table {
    columns: Vec<(Cell, Option<Field>)>,
    /// Whether something was found below it.
    tells: bool,
    /// Lines in a row that told nothing.
    others: usize,
}

impl Table {
    /// The one whose header a line is: all cells are short, and of two it is known
    /// what stands below them, surely of one.
    fn new(text: &str, cells: &[Cell]) -> Option<Self> {
        if !(2..=MAX_COLUMNS).contains(&cells.len()) {
            return None;
        }
        let mut columns = Vec::with_capacity(cells.len());
        for cell in cells {
            let name = text.get(cell.range.clone())?;
            if !may_be_heading(name) {
                return None;
            }
            let name = name.trim_matches(['*', '_', ':', ' ']);
            let cell = Cell {
                range: cell.range.clone(),
                place: cell.place.clone(),
            };
            columns.push((cell, classify("", name)));
        }
        let known = || columns.iter().filter_map(|(_, field)| *field);
        (known().count() >= 2 && known().any(|field| !field.weak)).then_some(Self {
            columns,
            tells: false,
            others: 0,
        })
    }

    /// The cells of a line, each column's. Where there are as many as columns they
    /// stand in their order; else each belongs to the header that it stands below, best
    /// where both begin or end; two that stand below one are one: `AGE SEX`.
    fn row(&self, cells: &[Cell]) -> Vec<Option<Range<usize>>> {
        let mut row = vec![None; self.columns.len()];
        for (n, cell) in cells.iter().enumerate() {
            let below = |n: &usize| {
                let head = self.columns.get(*n).map(|(head, _)| head.place.clone());
                let (head, cell) = (head.unwrap_or_default(), &cell.place);
                let edge = head.start == cell.start || head.end == cell.end;
                let common = head
                    .end
                    .min(cell.end)
                    .checked_sub(head.start.max(cell.start));
                common
                    .filter(|common| *common > 0)
                    .map(|common| (edge, common))
            };
            let columns = 0..self.columns.len();
            let column = match cells.len() == columns.len() {
                true => Some(n),
                // The first of those that are as wide.
                false => columns
                    .rev()
                    .filter(|n| below(n).is_some())
                    .max_by_key(below),
            };
            if let Some(slot) = column.and_then(|n| row.get_mut(n)) {
                let start = slot
                    .take()
                    .map_or(cell.range.start, |r: Range<usize>| r.start);
                *slot = Some(start..cell.range.end);
            }
        }
        row
    }
}

/// Whether a cell is as short as a heading, ends as none of a sentence and has no
/// number.
fn may_be_heading(name: &str) -> bool {
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    let sentence =
        name.ends_with(['.', '?', '!', ',']) && !name.to_ascii_lowercase().ends_with("no.");
    name.len() <= 32 && digits <= 2 && !sentence && name.split(' ').count() <= 4
}

/// Whether what is of a kind has figures, and tells by them.
fn has_figures(kind: FindingKind) -> bool {
    use FindingKind as K;
    matches!(
        kind,
        K::Ssn
            | K::Mrn
            | K::HealthPlanId
            | K::Account
            | K::OtherId
            | K::License
            | K::Device
            | K::Vehicle
            | K::Date
            | K::Phone
            | K::Fax
            | K::Npi
            | K::Dea
            | K::Icd10
            | K::Cpt
            | K::Ndc
            | K::Loinc
            | K::CreditCard
            | K::BankAccount
    )
}

struct Reader<'t> {
    text: &'t str,
    hints: Hints<'t>,
    /// Headings, of all tables.
    own: Vec<Own>,
}

impl Reader<'_> {
    /// Takes in what a line tells in a table's columns, if it tells anything.
    fn row(&mut self, table: &mut Table, cells: &[Cell]) -> bool {
        if cells.len() < 2 {
            return false;
        }
        let row = table.row(cells);
        let fields = || {
            let both = table.columns.iter().zip(&row);
            both.filter_map(|((_, field), cell)| Some((field.as_ref()?, cell.as_ref()?)))
        };
        let (mut tells, mut person) = (false, false);
        for (field, cell) in fields() {
            if !field.weak && has_figures(field.kind) && self.fits(field, cell) {
                self.hints.sure(cell.clone(), field.kind);
                tells = true;
                person |= field.person;
            }
        }
        // In a person's row, who it is, and numbers that mean one only there.
        for (field, cell) in fields().filter(|_| person) {
            let who = matches!(field.kind, FindingKind::Name | FindingKind::Provider)
                && self.value(cell).contains(char::is_uppercase);
            if (who || field.weak && has_figures(field.kind)) && self.fits(field, cell) {
                self.hints.sure(cell.clone(), field.kind);
            }
        }
        if tells && !table.tells {
            table.tells = true;
            self.headings(table);
        }
        tells
    }

    fn fits(&self, field: &Field, cell: &Range<usize>) -> bool {
        shape::fits(field.kind, self.value(cell))
    }

    fn value(&self, cell: &Range<usize>) -> &str {
        self.text.get(cell.clone()).unwrap_or_default()
    }

    /// Notes the cells of a header that are nothing else.
    fn headings(&mut self, table: &Table) {
        for (head, _) in &table.columns {
            let what = Made::Heading;
            let range = head.range.clone();
            if is_heading(self.value(&range)) && self.own.len() < MAX_HEADINGS {
                self.own.push(Own { range, what });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dlp::FindingKind as K;

    fn told(text: &str) -> Vec<(&str, K)> {
        let record = read(text).unwrap_or_default();
        assert!(!record.patient_record);
        (record.hints.iter())
            .map(|hint| (&text[hint.range.clone()], hint.kind))
            .collect()
    }

    const TABLE: &str = "\
Name                 SSN         Medical record no.   Amt due
------------------   ---------   ------------------   -------
Lindqvist, Pat       281159804   00482913               12.00

Núñez-Oyelaran, Bo               77110                 140.00
";
    const FOUND: [(&str, K); 5] = [
        ("Lindqvist, Pat", K::Name),
        ("281159804", K::Ssn),
        ("00482913", K::Mrn),
        ("Núñez-Oyelaran, Bo", K::Name),
        ("77110", K::Mrn),
    ];

    #[test]
    fn columns_stand_below_their_headers() {
        assert_eq!(told(TABLE), FOUND);
        let headings: Vec<_> = read(TABLE).unwrap_or_default().own;
        let headings: Vec<_> = headings
            .iter()
            .map(|own| &TABLE[own.range.clone()])
            .collect();
        assert_eq!(headings, ["Name", "SSN", "Medical record no."]);
        let quoted: String = TABLE.lines().map(|line| format!("> > {line}\n")).collect();
        assert_eq!(told(&quoted), FOUND);
        let hard = TABLE.replace("   ", " \u{a0}\u{a0}");
        assert_eq!(told(&hard), FOUND);
        let crlf = TABLE.replace('\n', "\r\n");
        assert_eq!(told(&format!("See below.\r\n\r\n{crlf}\r\nBest")), FOUND);
    }

    #[test]
    fn cells_belong_to_the_columns_that_they_stand_in() {
        for (table, found) in [
            // As many as columns, wherever they stand.
            (
                "Patient  Acct  MRN  SSN\nLindqvist, Patricia Anne  88123001  00482913  281159804",
                vec![
                    ("Lindqvist, Patricia Anne", K::Name),
                    ("88123001", K::Account),
                    ("00482913", K::Mrn),
                    ("281159804", K::Ssn),
                ],
            ),
            // A long one that stands below two is of the first; none is to the right
            // of its header.
            (
                "Name     Provider  MRN\nLindqvist, Pat     00482913",
                vec![("Lindqvist, Pat", K::Name), ("00482913", K::Mrn)],
            ),
            (
                "Name            MRN       Acct\n\
                 1   Lindqvist   00482913  88123001  <-- call",
                vec![("00482913", K::Mrn), ("88123001", K::Account)],
            ),
            // Two below one.
            (
                "PATIENT   AGE SEX  MRN       ATTENDING\nLEE,BO     62  F   00482913  RAMAN P",
                vec![
                    ("LEE,BO", K::Name),
                    ("00482913", K::Mrn),
                    ("RAMAN P", K::Provider),
                ],
            ),
            // To the left of its header.
            (
                "Patient            MRN    Days\nPat Lee       00482913",
                vec![("Pat Lee", K::Name), ("00482913", K::Mrn)],
            ),
        ] {
            assert_eq!(told(table), found, "{table}");
        }
    }

    #[test]
    fn a_table_goes_on_behind_lines_that_tell_nothing() {
        let head = "Room  Patient          MRN";
        let row = "12B   Lindqvist, Pat   00482913";
        let found = [("Lindqvist, Pat", K::Name), ("00482913", K::Mrn)];
        for between in [
            "4 West",
            "\n\n",
            "      (call first)",
            "----  ----",
            "Sum      2",
            head,
        ] {
            let text = format!("{head}\n{between}\n{row}\n{between}\n{row}");
            assert_eq!(told(&text), [found, found].concat(), "{text}");
        }
        for end in ["\n", "\r\n", "\r"] {
            let rows = |empty: usize| format!("{head}\n{row}{}{row}", "\n".repeat(empty + 1));
            let told = |empty| told(&rows(empty).replace('\n', end)).len();
            assert_eq!((told(MAX_OTHERS), told(MAX_OTHERS + 1)), (4, 2), "{end:?}");
        }
    }

    #[test]
    fn what_is_no_table_tells_nothing() {
        for text in [
            "",
            "Name  SSN",
            "Name  SSN\nPat Lindqvist 281159804",
            "He has no name.  She has no MRN.\nThe patient is here.  His doctor is not.",
            "Patient name is cut off.  Doctor name is fine.\nWe wait for parts.  Should be soon.",
            "Part number     Description\nMRN-4471-09     Retractor, narrow",
            "Item     Qty\n281159804     4",
            "Patient               Paciente\nDoctor                Medico",
            "Nurse            Patient         Doctor\nchecks the band  says the name   signs",
            "Patient name        Address\nInsurance plan      City and state",
            "Name: Pat Lee   MRN: 00482913\nDOB: 3/14/58    SSN: 281-15-9804",
        ] {
            assert_eq!(told(text), [], "{text}");
        }
    }

    #[test]
    fn many_columns_are_no_table() {
        let wide = |cell: &str| format!("{cell}   ").repeat(MAX_COLUMNS + 1);
        let text = format!("{}\n{}", wide("MRN"), wide("471"));
        assert!(read(&text).is_none());
    }
}
