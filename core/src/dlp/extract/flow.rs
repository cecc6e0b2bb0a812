//! Text as it comes out of a document: paragraphs, rows and cells.

use super::budget::PIECE;
use super::walk::Walk;

/// Collects the text of one stream of a document and gives it out in pieces
/// of bounded size.
pub(super) struct Flow {
    entry: String,
    text: String,
    /// Text of attributes (a description, a target), given out at the end.
    aside: String,
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
            aside: String::new(),
            cells: 0,
            given: 0,
        }
    }

    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Text that stands beside the flow, on a line of its own.
    pub(super) fn aside(&mut self, text: &str) {
        if !text.trim().is_empty() {
            self.aside.push_str(text);
            self.aside.push('\n');
        }
    }

    /// Begins a new line where the last one is not empty.
    pub(super) fn end_line(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    pub(super) fn end_paragraph(&mut self) {
        if self.cells > 0 {
            self.text.push(' ');
        } else {
            self.text.push('\n');
        }
    }

    pub(super) fn enter_cell(&mut self) {
        self.cells += 1;
    }

    pub(super) fn leave_cell(&mut self) {
        self.cells = self.cells.saturating_sub(1);
        while self.text.ends_with(' ') {
            self.text.pop();
        }
        self.text.push('\t');
    }

    pub(super) fn end_row(&mut self) {
        while self.text.ends_with('\t') {
            self.text.pop();
        }
        self.text.push('\n');
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
        }
    }

    /// Gives out what was collected once it is long, at the end of a line.
    /// `false` where nothing more can be given out.
    pub(super) fn give(&mut self, walk: &mut Walk<'_>) -> bool {
        if self.aside.len() >= PIECE {
            self.end_line();
            self.text.push_str(&std::mem::take(&mut self.aside));
        }
        if self.text.len() >= PIECE && (self.text.ends_with('\n') || self.text.len() >= 2 * PIECE) {
            self.out(walk);
        }
        walk.budget.text > 0 && walk.budget.work > 0
    }

    /// Gives out the rest.
    pub(super) fn finish(mut self, walk: &mut Walk<'_>) {
        if !self.aside.is_empty() {
            self.end_line();
            let aside = std::mem::take(&mut self.aside);
            self.text.push_str(&aside);
        }
        if !self.text.is_empty() {
            self.out(walk);
        }
    }

    fn out(&mut self, walk: &mut Walk<'_>) {
        let text = std::mem::take(&mut self.text);
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
