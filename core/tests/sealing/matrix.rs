//! Who can read what from whom: a table that is printed, and that fails the
//! test where a cell is not as it is known to be.

use crate::forms::Form;
use crate::mime::{Entity, Letter};
use crate::peers::{Reader, Writer};

/// A cell.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Cell {
    /// Read as it was written.
    Read,
    /// The reader cannot, and did not.
    Cannot(&'static str),
    /// Not as it is known to be.
    Failed(String),
}

/// A table: what `writer` wrote, in the readers' columns.
#[derive(Debug)]
pub(crate) struct Matrix {
    title: String,
    columns: Vec<&'static str>,
    rows: Vec<(String, Vec<Cell>)>,
}

impl Matrix {
    /// Writes each of the forms that the writer can write, and lets everybody
    /// read it.
    pub(crate) fn of(writer: &dyn Writer, readers: &[&dyn Reader], forms: &[Form]) -> Self {
        let mut rows = Vec::new();
        for form in forms.iter().filter(|form| writer.writes(form)) {
            let letter = Letter::about(&form.name());
            let cells = match writer.write(form, &letter) {
                Ok(message) => readers
                    .iter()
                    .map(|reader| cell(*reader, form, &letter, &message))
                    .collect(),
                Err(why) => vec![Cell::Failed(format!("not written: {why}")); readers.len()],
            };
            rows.push((form.name(), cells));
        }
        Self {
            title: format!("written by {}, read by", writer.name()),
            columns: readers.iter().map(|reader| reader.name()).collect(),
            rows,
        }
    }

    /// Prints the table, with the reasons below it.
    pub(crate) fn print(&self) {
        let mut notes: Vec<String> = Vec::new();
        let mut cells: Vec<Vec<String>> = Vec::new();
        for (name, row) in &self.rows {
            let mut line = vec![name.clone()];
            for cell in row {
                line.push(match cell {
                    Cell::Read => "ok".to_owned(),
                    Cell::Cannot(why) => format!("n/a {}", note(&mut notes, why)),
                    Cell::Failed(why) => format!("FAILED {}", note(&mut notes, why)),
                });
            }
            cells.push(line);
        }
        let mut head = vec![self.title.clone()];
        head.extend(self.columns.iter().map(|name| (*name).to_owned()));
        let widths: Vec<usize> = (0..head.len())
            .map(|column| {
                cells
                    .iter()
                    .chain([&head])
                    .map(|line| line[column].chars().count())
                    .max()
                    .unwrap_or_default()
            })
            .collect();
        println!();
        for line in [&head].into_iter().chain(&cells) {
            let padded: Vec<String> = line
                .iter()
                .zip(&widths)
                .map(|(text, width)| format!("{text:width$}"))
                .collect();
            println!("{}", padded.join("  ").trim_end());
        }
        for (at, note) in notes.iter().enumerate() {
            println!("  {}: {note}", at + 1);
        }
    }

    /// What is not as it is known to be.
    pub(crate) fn failures(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (name, row) in &self.rows {
            for (cell, reader) in row.iter().zip(&self.columns) {
                if let Cell::Failed(why) = cell {
                    found.push(format!("{}: {name}: {reader}: {why}", self.title));
                }
            }
        }
        found
    }

    /// How many cells were read.
    pub(crate) fn read(&self) -> usize {
        self.rows
            .iter()
            .flat_map(|(_, row)| row)
            .filter(|cell| **cell == Cell::Read)
            .count()
    }
}

/// Prints every table, then fails where any has a failure.
pub(crate) fn conclude(tables: &[Matrix]) {
    let mut failures = Vec::new();
    for table in tables {
        table.print();
        failures.extend(table.failures());
        if table.read() == 0 {
            failures.push(format!("{}: nobody read anything", table.title));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

fn note(notes: &mut Vec<String>, why: &str) -> usize {
    let at = notes.iter().position(|known| known == why);
    at.unwrap_or_else(|| {
        notes.push(why.to_owned());
        notes.len() - 1
    }) + 1
}

fn cell(reader: &dyn Reader, form: &Form, letter: &Letter, message: &[u8]) -> Cell {
    let result = reader.read(form, message);
    match (reader.limit(form), result) {
        (Some(why), Err(_)) => Cell::Cannot(why),
        (Some(why), Ok(_)) => Cell::Failed(format!("it reads what it could not: {why}")),
        (None, Err(why)) => Cell::Failed(why),
        (None, Ok(shown)) => {
            let outer = Entity::parse(message)
                .ok()
                .and_then(|outside| outside.header("subject").map(str::to_owned))
                .unwrap_or_default();
            let subject = if reader.shows_protected_subject(form) {
                &letter.subject
            } else {
                &outer
            };
            let wrong: Vec<String> = [
                (!is_text(&shown.text, letter)).then(|| format!("text {:?}", shown.text)),
                (shown.subject != *subject).then(|| format!("subject {:?}", shown.subject)),
                (shown.encrypted != form.encrypted())
                    .then(|| format!("encrypted {}", shown.encrypted)),
                (shown.signed != form.signed()).then(|| format!("signed {}", shown.signed)),
            ]
            .into_iter()
            .flatten()
            .collect();
            if wrong.is_empty() {
                Cell::Read
            } else {
                Cell::Failed(format!("shown differently: {}", wrong.join(", ")))
            }
        }
    }
}

/// The letter's text, or that behind a legacy display element (RFC 9788
/// section 5.2.2), which readers that do not know it show.
fn is_text(shown: &str, letter: &Letter) -> bool {
    let element = format!("Subject: {}", letter.subject);
    let shown = match shown.strip_prefix(&element) {
        Some(rest) => rest.trim_start(),
        None => shown,
    };
    shown == letter.text
}
