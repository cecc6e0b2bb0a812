//! Text as it comes out of a document: paragraphs, rows and cells.

use memchr::{memchr, memmem};

use super::budget::PIECE;
use super::walk::Walk;

/// Where text stands that is pushed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Place {
    /// In the line.
    #[default]
    Line,
    /// In the line too, but not as it is shown: hidden, or deleted while changes
    /// are tracked.
    Hidden,
    /// In the line as it is shown alone: what stands in the place of something
    /// hidden, or was put in while changes are tracked.
    Shown,
    /// Beside the line: a note, a comment, the instruction of a field.
    Beside,
}

/// Collects the text of one stream of a document and gives it out in pieces
/// of bounded size.
pub(super) struct Flow {
    entry: String,
    text: String,
    /// Where the last line of it begins.
    start: usize,
    /// Text of attributes (a description, a target), given out at the end; so
    /// are lines that read otherwise with what is hidden in them.
    aside: String,
    /// Where text stands that is pushed now.
    place: Place,
    /// The line with what is hidden in it, and without what is shown alone, where it
    /// has any such.
    other: Option<String>,
    /// Whether something is hidden in it.
    hides: bool,
    /// Whether the line stands in columns, as far as that was looked for.
    columns: bool,
    looked: usize,
    /// Where the table begins that the line before may be a row of.
    table: usize,
    /// Its rows with what is hidden in them, where something is in any: a row that
    /// reads otherwise stays below its header.
    rows: Option<String>,
    /// What stands beside the line, until it ends.
    beside: String,
    /// Cells that are open: paragraphs in them are joined by blanks, so that
    /// a row stays a line and a column stays below its header.
    cells: usize,
    /// Pieces given out.
    given: usize,
}

impl Flow {
    pub(super) fn new(entry: &str) -> Self {
        Self {
            entry: entry.to_owned(),
            text: String::new(),
            start: 0,
            aside: String::new(),
            place: Place::Line,
            other: None,
            hides: false,
            columns: false,
            looked: 0,
            table: 0,
            rows: None,
            beside: String::new(),
            cells: 0,
            given: 0,
        }
    }

    /// Where text stands from here on.
    pub(super) fn stand(&mut self, place: Place) {
        if place != Place::Beside && !self.beside.is_empty() {
            let beside = std::mem::take(&mut self.beside);
            self.aside(&beside);
        }
        self.place = place;
    }

    pub(super) fn push(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if matches!(self.place, Place::Hidden | Place::Shown) && self.other.is_none() {
            self.other = Some(self.since(self.start).to_owned());
        }
        self.hides |= self.place == Place::Hidden && text.contains(char::is_alphanumeric);
        self.each(|t| t.push_str(text));
    }

    /// Does the same to each text that something pushed stands in.
    fn each(&mut self, mut change: impl FnMut(&mut String)) {
        if self.place == Place::Beside {
            return change(&mut self.beside);
        }
        if self.place != Place::Hidden {
            change(&mut self.text);
        }
        if self.place != Place::Shown
            && let Some(other) = &mut self.other
        {
            change(other);
        }
    }

    /// Ends the line, or all but its text where the end is hidden: what goes on
    /// behind it goes on without that, so that no text is copied twice.
    fn end(&mut self, is_row: bool, how: impl FnMut(&mut String)) {
        let is_row = self.end_other(is_row);
        self.each(how);
        match self.place {
            Place::Hidden => self.other = Some(String::new()),
            Place::Line | Place::Shown => {
                self.start = self.text.len();
                self.columns = false;
            }
            Place::Beside => return,
        }
        if !is_row {
            self.table = self.start;
        }
    }

    /// Gives out the line as it reads with what is hidden in it: in its place where
    /// nothing of it is shown, in a table below that, and else aside. Tells whether it
    /// is a row.
    fn end_other(&mut self, is_row: bool) -> bool {
        if self.place == Place::Beside {
            return is_row;
        }
        let hides = std::mem::take(&mut self.hides);
        let other = self.other.take().filter(|_| hides);
        let is_row = self.has_columns()
            || is_row
            || other.as_ref().is_some_and(|o| are_columns(o.as_bytes()));
        if !is_row {
            self.end_table();
        }
        let Some(other) = other else {
            // It goes on behind an end that is hidden.
            if self.place != Place::Hidden {
                self.push_row(None);
            }
            return is_row;
        };
        if self.since(self.start).trim().is_empty() {
            self.push_row(Some(&other));
            self.text.truncate(self.start);
            self.text.push_str(&other);
            if self.place == Place::Hidden {
                self.text.push('\n');
                self.start = self.text.len();
            }
        } else if is_row {
            if self.rows.is_none() {
                let before = self.text.get(self.table..self.start);
                let rows = before.unwrap_or_default().lines();
                // Some end with a tab: no row has more columns than its header.
                let rows = rows.flat_map(|row| [row.trim_end_matches('\t'), "\n"]);
                self.rows = Some(rows.collect());
            }
            self.push_row(Some(&other));
        } else {
            self.aside(other.trim_end());
        }
        is_row
    }

    /// Whether the line stands in columns. No byte of it is looked at twice, but for
    /// blanks at the end.
    fn has_columns(&mut self) -> bool {
        let from = self.start.max(self.looked.saturating_sub(2));
        let line = self.text.as_bytes().get(from..).unwrap_or_default();
        self.columns |= are_columns(line);
        self.looked = self.text.len();
        self.columns
    }

    /// Adds a row, or the line as it is shown, to the table that is kept.
    fn push_row(&mut self, row: Option<&str>) {
        let shown = self.text.get(self.start..).unwrap_or_default();
        if let Some(rows) = &mut self.rows {
            rows.push_str(row.unwrap_or(shown).trim_end());
            rows.push('\n');
        }
    }

    /// Lays the table as it reads with what is hidden in it below its last row.
    fn end_table(&mut self) {
        if let Some(rows) = self.rows.take()
            && self.text.is_char_boundary(self.start)
        {
            self.text.insert_str(self.start, &rows);
            self.start += rows.len();
            self.looked = self.looked.saturating_add(rows.len());
        }
        self.table = self.start;
    }

    /// Text that stands beside the flow, on a line of its own.
    pub(super) fn aside(&mut self, text: &str) {
        let text = text.trim_end_matches('\n');
        if !text.trim().is_empty() {
            self.aside.push_str(text);
            self.aside.push('\n');
        }
    }

    /// Begins a new line where the last one is not empty.
    pub(super) fn end_line(&mut self) {
        self.end(false, |t| {
            if !t.is_empty() && !t.ends_with('\n') {
                t.push('\n');
            }
        });
    }

    pub(super) fn end_paragraph(&mut self) {
        match self.cells > 0 && self.place != Place::Beside {
            true => self.each(|t| t.push(' ')),
            false => self.end(false, |t| t.push('\n')),
        }
    }

    pub(super) fn enter_cell(&mut self) {
        self.cells += 1;
    }

    pub(super) fn leave_cell(&mut self) {
        self.cells = self.cells.saturating_sub(1);
        self.each(|t| {
            t.truncate(t.trim_end_matches(' ').len());
            t.push('\t');
        });
    }

    pub(super) fn end_row(&mut self) {
        self.end(true, |t| {
            t.truncate(t.trim_end_matches('\t').len());
            t.push('\n');
        });
    }

    /// Whether nothing stands on the line yet.
    pub(super) fn at_line_start(&self) -> bool {
        self.text.is_empty() || self.text.ends_with('\n')
    }

    /// Bytes collected and not given out.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// What was collected since `from`.
    pub(super) fn since(&self, from: usize) -> &str {
        self.text.get(from..).unwrap_or_default()
    }

    /// Forgets what was collected since `from`.
    pub(super) fn forget(&mut self, from: usize) {
        if self.text.is_char_boundary(from) {
            self.text.truncate(from);
            self.start = self.start.min(from);
            self.table = self.table.min(from);
        }
    }

    /// Gives out what was collected once it is long, at the end of a line.
    /// `false` where nothing more can be given out.
    pub(super) fn give(&mut self, walk: &mut Walk<'_>) -> bool {
        // Not in the middle of a line, where it can wait.
        let much = self.aside.len() >= PIECE;
        if much && (self.at_line_start() || self.aside.len() >= 2 * PIECE) {
            self.give_aside();
        }
        if self.other.as_ref().is_some_and(|o| o.len() >= 2 * PIECE) {
            self.end_other(false);
        }
        if self.beside.len() >= PIECE {
            let beside = std::mem::take(&mut self.beside);
            self.aside(&beside);
        }
        if self.text.len() >= PIECE && (self.text.ends_with('\n') || self.text.len() >= 2 * PIECE) {
            self.out(walk);
        }
        walk.budget.text > 0 && walk.budget.work > 0
    }

    /// Gives out the rest.
    pub(super) fn finish(mut self, walk: &mut Walk<'_>) {
        self.stand(Place::Line);
        self.end_other(false);
        if self.rows.is_some() || !self.aside.is_empty() {
            self.give_aside();
        }
        if !self.text.is_empty() {
            self.out(walk);
        }
    }

    /// Lays what stands aside behind what was collected, on lines of its own.
    fn give_aside(&mut self) {
        if !self.at_line_start() {
            self.text.push('\n');
        }
        self.start = self.text.len();
        self.end_table();
        self.text.push_str(&std::mem::take(&mut self.aside));
        self.start = self.text.len();
        self.table = self.start;
    }

    fn out(&mut self, walk: &mut Walk<'_>) {
        if self.at_line_start() {
            self.start = self.text.len();
            self.end_table();
        } else if let Some(rows) = self.rows.take() {
            self.aside(&rows);
        }
        let text = std::mem::take(&mut self.text);
        (self.start, self.table, self.looked) = (0, 0, 0);
        self.given += 1;
        // What repeats text makes more of it than was inflated.
        if !walk.budget.spend(text.len()) {
            walk.fail("too_large");
        }
        match self.given {
            1 => walk.inside(&self.entry, text),
            n => walk.inside(&format!("{}, part {n}", self.entry), text),
        }
    }
}

/// Whether a line stands in columns: tabs part them, or blanks that align them.
fn are_columns(line: &[u8]) -> bool {
    memchr(b'\t', line).is_some() || memmem::find(line, b"   ").is_some()
}
