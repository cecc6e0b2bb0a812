//! Tables whose columns stand one below the other, with blanks between them: what
//! programs print, and people paste into mail.
//!
//! ```text
//! Name             DOB         MRN
//! Lindqvist, Pat   03/14/1958  00482913
//! ```
//!
//! Words with wide gaps between them are many things, so only figures are taken from
//! such a table, each by itself in its cell, and only where two columns tell of care or
//! of who a patient is. All else is left to the models.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memchr;
use memchr::memmem::Finder;

use super::headers::{Field, classify, is_heading};
use super::hints::Hints;
use super::{Made, Own, Record, shape};
use crate::dlp::FindingKind;
use crate::dlp::extract::Hint;

/// Characters from one stop of a tab to the next.
const TAB: usize = 8;
/// Columns of a table that people look at.
const MAX_COLUMNS: usize = 32;
/// Lines in a row that tell nothing, behind which a table has ended: blank ones,
/// rules, wrapped cells.
const MAX_OTHERS: usize = 3;
/// Headings noted in one text.
const MAX_HEADINGS: usize = 512;

/// What the aligned tables in a text tell, but for the lines in which others told
/// `taken`, which are in order.
pub(super) fn read(text: &str, mut taken: &[Hint]) -> Option<Record> {
    if !may_have_cells(text) {
        return None;
    }
    let mut reader = Reader {
        text,
        hints: Hints::new(text),
        own: Vec::new(),
    };
    let mut table: Option<Table> = None;
    for line in lines(text) {
        while let [first, rest @ ..] = taken
            && first.range.end <= line.start
        {
            taken = rest;
        }
        if taken.first().is_some_and(|h| h.range.start < line.end) {
            continue;
        }
        let cells = cells(text, line);
        // Within a table only what is nothing else is a header.
        let may_open = table.is_none() || cells.all.iter().all(|cell| heads(text, cell));
        if may_open && let Some(head) = Table::new(text, &cells) {
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
        in_prose: true,
        ..Record::default()
    })
}

/// Whether something stands in a text that parts cells.
fn may_have_cells(text: &str) -> bool {
    static GAPS: LazyLock<[Finder<'static>; 2]> =
        LazyLock::new(|| ["  ", "\u{a0}"].map(Finder::new));
    let text = text.as_bytes();
    memchr(b'\t', text).is_some() || GAPS.iter().any(|gap| gap.find(text).is_some())
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
#[derive(Clone)]
struct Cell {
    range: Range<usize>,
    place: Range<usize>,
    /// The tabs before it.
    tabs: usize,
}

/// The cells of a line.
#[derive(Default)]
struct Cells {
    all: Vec<Cell>,
    /// The tabs in the line, those behind its last cell too.
    tabs: usize,
    /// Whether they alone part its cells.
    by_tabs: bool,
}

/// The cells of a line, which two blanks part, or a tab; where it has more than
/// [`MAX_COLUMNS`], one more than that.
fn cells(text: &str, line: Range<usize>) -> Cells {
    let mut out: Vec<Cell> = Vec::new();
    // Blanks since the last letter, and tabs of the line.
    let (mut gap, mut tabs, mut tabs_before) = (2, 0, 0);
    let mut by_tabs = true;
    let content = text.get(line.clone()).unwrap_or_default();
    let mut next = 0;
    for (at, letter) in content.char_indices() {
        let place = next;
        if letter == '\t' {
            next = (place / TAB + 1) * TAB;
            gap += 2;
            tabs += 1;
            continue;
        }
        next += 1;
        if letter.is_whitespace() {
            gap += 1;
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
            by_tabs &= out.is_empty() || tabs > tabs_before;
            out.push(Cell {
                range: line.start + at..end,
                place: place..place + 1,
                tabs,
            });
        }
        tabs_before = tabs;
        gap = 0;
    }
    Cells {
        all: out,
        tabs,
        by_tabs: by_tabs && tabs > 0,
    }
}

/// Whether a cell has only words that headings are made of.
fn heads(text: &str, cell: &Cell) -> bool {
    is_heading(text.get(cell.range.clone()).unwrap_or_default())
}

/// What stands at the top of a table.
struct Table {
    columns: Vec<(Cell, Option<Field>)>,
    /// The tabs in its header, where they alone part its cells.
    tabs: Option<usize>,
    /// Whether something was found below it.
    tells: bool,
    /// Lines in a row that told nothing.
    others: usize,
}

impl Table {
    /// The one whose header a line is: all cells are short, and two say that a
    /// patient's data stand below them.
    fn new(text: &str, cells: &Cells) -> Option<Self> {
        if !(2..=MAX_COLUMNS).contains(&cells.all.len()) {
            return None;
        }
        let mut columns = Vec::with_capacity(cells.all.len());
        let mut of_care = 0;
        for cell in &cells.all {
            let name = text.get(cell.range.clone())?;
            if !may_be_heading(name) {
                return None;
            }
            let name = name.trim_matches(['*', '_', ':', ' ']);
            let field = classify("", name);
            of_care += usize::from(field.is_some_and(|field| is_of_care(&field, name)));
            columns.push((cell.clone(), field));
        }
        (of_care >= 2).then_some(Self {
            columns,
            tabs: cells.by_tabs.then_some(cells.tabs),
            tells: false,
            others: 0,
        })
    }

    /// How much of a cell stands below a header, where it does, and first whether both
    /// begin or end there.
    fn below(&self, column: usize, cell: &Cell) -> Option<(bool, usize)> {
        let (head, cell) = (&self.columns.get(column)?.0.place, &cell.place);
        let edge = head.start == cell.start || head.end == cell.end;
        let common = head
            .end
            .min(cell.end)
            .checked_sub(head.start.max(cell.start));
        common
            .filter(|common| *common > 0)
            .map(|common| (edge, common))
    }

    /// The column of each cell where tabs part those of the header: the one with as
    /// many tabs before it, however wide these are. A line then has as many as the
    /// header, or one from cell to cell as that has: where it has others they only
    /// move to where a column is.
    fn by_tabs(&self, cells: &Cells) -> Option<Vec<usize>> {
        let head = self.tabs?;
        let in_turn = |(n, cell): (usize, &Cell)| cell.tabs == n;
        let one_each = || {
            let mut heads = self.columns.iter().map(|(head, _)| head).enumerate();
            cells.by_tabs && heads.all(in_turn) && cells.all.iter().enumerate().all(in_turn)
        };
        if head != cells.tabs && !one_each() {
            return None;
        }
        let column = |cell: &Cell| self.columns.iter().position(|(h, _)| h.tabs == cell.tabs);
        cells.all.iter().map(column).collect()
    }

    /// The cells of a line, each column's: by tabs, if they tell. Else, where there
    /// are as many as columns, they stand in their order, if none stands below another header alone; else each
    /// belongs to the header that it stands below, and two that stand below one are
    /// one: `AGE SEX`.
    fn in_columns(&self, cells: &Cells) -> Vec<Option<Range<usize>>> {
        let by_tabs = self.by_tabs(cells);
        let cells = &cells.all[..];
        let columns = || 0..self.columns.len();
        let elsewhere = |(n, cell): (usize, &Cell)| {
            self.below(n, cell).is_none() && columns().any(|n| self.below(n, cell).is_some())
        };
        let in_order =
            cells.len() == self.columns.len() && !cells.iter().enumerate().any(elsewhere);
        let mut row = vec![None; self.columns.len()];
        for (n, cell) in cells.iter().enumerate() {
            let best = || {
                // The first of those that are as wide.
                let all = columns().rev().filter(|n| self.below(*n, cell).is_some());
                all.max_by_key(|n| self.below(*n, cell))
            };
            let column = match &by_tabs {
                Some(columns) => columns.get(n).copied(),
                None if in_order => Some(n),
                None => best(),
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

/// Whether a column tells of care or of who a patient is: clubs and banks have members,
/// accounts and policies too.
fn is_of_care(field: &Field, name: &str) -> bool {
    use FindingKind as K;
    let patient = || {
        let mut words = name.split(|c: char| !c.is_alphanumeric());
        words.any(|word| word.eq_ignore_ascii_case("patient") || word.eq_ignore_ascii_case("pt"))
    };
    match field.kind {
        K::Ssn | K::Mrn | K::Date | K::Npi | K::Icd10 | K::Cpt | K::Ndc | K::Loinc => !field.weak,
        K::Condition | K::Medication | K::Procedure | K::Lab => !field.weak,
        K::Name => patient(),
        _ => false,
    }
}

/// Whether a cell is as short as a heading, does not end as a sentence does, and has no
/// longer number than `ID 2`.
fn may_be_heading(name: &str) -> bool {
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    let sentence =
        name.ends_with(['.', '?', '!', ',']) && !name.to_ascii_lowercase().ends_with("no.");
    name.len() <= 32 && digits <= 2 && !sentence && name.split(' ').count() <= 4
}

/// Whether a cell holds one number of a kind, and nothing else.
fn is_number(kind: FindingKind, value: &str) -> bool {
    use FindingKind as K;
    let letters = value.contains(char::is_alphabetic);
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let whole = match kind {
        // `(303) 555-0113`
        K::Phone | K::Fax => !letters && digits <= 11,
        K::Date => !value.contains(' ') && digits <= 8,
        K::Ssn
        | K::Mrn
        | K::HealthPlanId
        | K::Account
        | K::OtherId
        | K::License
        | K::Device
        | K::Npi
        | K::Dea
        | K::Icd10
        | K::Cpt
        | K::Ndc
        | K::Loinc => !value.contains(' '),
        _ => false,
    };
    whole && shape::fits(kind, value)
}

struct Reader<'t> {
    text: &'t str,
    hints: Hints<'t>,
    /// Headings, of all tables.
    own: Vec<Own>,
}

impl Reader<'_> {
    /// Takes in what a line tells in a table's columns, if it tells anything.
    fn row(&mut self, table: &mut Table, cells: &Cells) -> bool {
        if cells.all.len() < 2 {
            return false;
        }
        let row = table.in_columns(cells);
        let numbers: Vec<_> = (table.columns.iter().zip(row))
            .filter_map(|((_, field), cell)| Some((field.as_ref()?, cell?)))
            .filter(|(field, cell)| is_number(field.kind, self.value(cell)))
            .map(|(field, cell)| (*field, cell))
            .collect();
        // Some mean a person's only beside one that does.
        let tells = numbers.iter().any(|(field, _)| !field.weak);
        for (field, cell) in numbers.into_iter().filter(|_| tells) {
            self.hints.sure(cell, field.kind);
        }
        if tells && !table.tells {
            table.tells = true;
            self.headings(table);
        }
        tells
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
        let record = read(text, &[]).unwrap_or_default();
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
    const FOUND: [(&str, K); 3] = [
        ("281159804", K::Ssn),
        ("00482913", K::Mrn),
        ("77110", K::Mrn),
    ];

    #[test]
    fn columns_stand_below_their_headers() {
        assert_eq!(told(TABLE), FOUND);
        let headings: Vec<_> = read(TABLE, &[]).unwrap_or_default().own;
        let headings: Vec<_> = (headings.iter())
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
                    ("88123001", K::Account),
                    ("00482913", K::Mrn),
                    ("281159804", K::Ssn),
                ],
            ),
            // As many, but one is empty and a note stands behind.
            (
                "Patient          SSN           MRN        Dx\n\
                 Lindqvist, Pat                 00482913   gout     call first",
                vec![("00482913", K::Mrn)],
            ),
            // A long one that stands below two is of the first; none is to the right
            // of its header.
            (
                "Patient  DOB  MRN\nLindqvist, P  00482913",
                vec![("00482913", K::Mrn)],
            ),
            (
                "Patient         MRN       Acct\n\
                 1   Lindqvist   00482913  88123001  <-- call",
                vec![("00482913", K::Mrn), ("88123001", K::Account)],
            ),
            // Two below one.
            (
                "PATIENT   AGE SEX  MRN       ATTENDING\nLEE,BO     62  F   00482913  RAMAN P",
                vec![("00482913", K::Mrn)],
            ),
            // To the left of its header.
            (
                "Patient            MRN    Days\nPat Lee       00482913",
                vec![("00482913", K::Mrn)],
            ),
            // By tabs and by blanks.
            (
                "Patient\t\t\t\tDOB\t\tMRN\nLindqvist, Pat                  03/14/1958\n\
                 Núñez-Oyelaran, Bo\t\t\t\t00482913",
                vec![("03/14/1958", K::Date), ("00482913", K::Mrn)],
            ),
            (
                "Patient   DOB          Phone\nPat Lee   03/14/1958   (303) 555-0113",
                vec![("03/14/1958", K::Date), ("(303) 555-0113", K::Phone)],
            ),
        ] {
            assert_eq!(told(table), found, "{table}");
        }
    }

    /// What stands close behind a number is left to the models with it.
    #[test]
    fn a_cell_of_several_words_is_no_number() {
        for row in [
            "Lindqvist, Pat   03/14/1958 00482913",
            "Lindqvist, Pat   03/14/1958 asthma",
            "Lindqvist, Pat   March 14, 1958",
            "Lindqvist, Pat              00482913 B20 HIV",
        ] {
            assert_eq!(
                told(&format!("Patient          DOB        MRN\n{row}")),
                [],
                "{row}"
            );
        }
        let text = "Patient          MRN   Phone\nLindqvist, Pat   471   814-555-0199 hiv";
        assert_eq!(told(text), [("471", K::Mrn)]);
    }

    #[test]
    fn tabs_part_columns_however_wide_they_are() {
        let head = "Patient\tSSN\tMRN";
        let (ssn, mrn) = (("281159804", K::Ssn), ("00482913", K::Mrn));
        for (row, found) in [
            ("Lindqvist, Pat\t281159804\t00482913", vec![ssn, mrn]),
            ("Lindqvist,  Pat\t281159804\t00482913", vec![ssn, mrn]),
            // An empty cell, and one that the line ends before.
            ("Lindqvist, Pat\t\t00482913", vec![mrn]),
            ("Lindqvist, Pat\t281159804\t", vec![ssn]),
            ("Lindqvist, Pat\t281159804", vec![ssn]),
        ] {
            for beside in ["", "\n\nSeen.  Call back."] {
                let text = format!("{head}\n{row}{beside}");
                assert_eq!(told(&text), found, "{text}");
            }
        }
        // With more of them they move to where a column is.
        let text = "Patient\t\tSSN\t\tMRN\nLindqvist, Pat\t281159804\t00482913";
        assert_eq!(told(text), [ssn, mrn]);
    }

    #[test]
    fn a_table_goes_on_behind_lines_that_tell_nothing() {
        let head = "Room  Patient          MRN";
        let row = "12B   Lindqvist, Pat   00482913";
        let found = [("00482913", K::Mrn)];
        for between in [
            "4 West",
            "\n\n",
            "      (call first)",
            "----  ----",
            "Sum      2",
            "Lee, Bo   MRN pending   DOB unknown",
            head,
        ] {
            let text = format!("{head}\n{between}\n{row}\n{between}\n{row}");
            assert_eq!(told(&text), [found, found].concat(), "{text}");
        }
        for end in ["\n", "\r\n", "\r"] {
            let rows = |empty: usize| format!("{head}\n{row}{}{row}", "\n".repeat(empty + 1));
            let told = |empty| told(&rows(empty).replace('\n', end)).len();
            assert_eq!((told(MAX_OTHERS), told(MAX_OTHERS + 1)), (2, 1), "{end:?}");
        }
    }

    #[test]
    fn what_is_no_table_tells_nothing() {
        for text in [
            "",
            "Patient  SSN",
            "Patient  SSN\nPat Lindqvist 281159804",
            "He has no name.  She has no MRN.\nThe patient is here.  His doctor is not.",
            "Patient name is cut off.  Doctor name is fine.\nWe wait for parts.  Should be soon.",
            "Part number     Description\nMRN-4471-09     Retractor, narrow",
            "Item     Qty\n281159804     4",
            "Patient               Paciente\nDoctor                Medico",
            "Patient name        Address\nInsurance plan      City and state",
            "Name: Pat Lee   MRN: 00482913\nDOB: 3/14/58    SSN: 281-15-9804",
            // Clubs, plans, banks.
            "Member           Group     Member no.\nDana Reyes       Bass      1012",
            "Plan       Group no.  Phone\nGold PPO   884412     800-555-0113",
            "Name          Birthday    Member ID\nDana Reyes    3/14/1988   10127",
            "Date         Account     Amount\n03/14/2024   88123001    12.00",
        ] {
            assert_eq!(told(text), [], "{text}");
        }
    }

    #[test]
    fn many_columns_are_no_table() {
        let wide = |cell: &str| format!("{cell}   ").repeat(MAX_COLUMNS + 1);
        let text = format!("{}\n{}", wide("MRN"), wide("471"));
        assert!(read(&text, &[]).is_none());
    }
}
