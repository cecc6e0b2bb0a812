//! Output for people.

use std::collections::BTreeMap;
use std::io::{self, Write};

use mailseal::dlp::{FindingClass, FindingKind};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::report::{Report, Row, Verdict};
use super::words;
use crate::print::{self, Paint};

/// Findings of one file without `--all`.
const MAX_ROWS: usize = 20;
/// Columns of a value or an entry's name in clear.
const MAX_CELL: usize = 44;
/// Reasons of one file without `--all`.
const MAX_REASONS: usize = 6;
/// Cells of the longest bar.
const BAR: i64 = 10;

/// How to print.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Colours.
    pub paint: Paint,
    /// Values in clear.
    pub clear: bool,
    /// Nothing is cut.
    pub all: bool,
}

impl Style {
    fn verdict(self, verdict: Verdict, width: usize) -> String {
        let word = &format!("{:width$}", verdict.word());
        match verdict {
            Verdict::None => self.paint.good(word),
            Verdict::Phi => self.paint.wait(word),
            Verdict::Sensitive => self.paint.bad(word),
            Verdict::Unscannable => self.paint.unsure(word),
        }
    }
}

/// One file.
pub fn file(out: &mut dyn Write, report: &Report, style: Style) -> io::Result<()> {
    let paint = style.paint;
    let mut line = format!(
        "{}  {}",
        style.verdict(report.verdict, "unscannable".len()),
        paint.bold(&report.name(style.clear)),
    );
    if !report.categories.is_empty() {
        let names: Vec<&str> = report
            .categories
            .iter()
            .map(|c| words::category(*c))
            .collect();
        line.push_str(&format!("  {}", paint.bad(&names.join(", "))));
    }
    let mut beside = vec![words::size(report.bytes)];
    if !report.rows.is_empty() {
        beside.push(print::count(report.rows.len(), "finding"));
    }
    if !report.judged && report.unscannable.iter().all(|(part, _)| part.is_some()) {
        beside.push("by findings alone".to_owned());
    }
    writeln!(
        out,
        "{line}  {}",
        paint.dim(&format!("({})", beside.join(", ")))
    )?;
    for (part, why) in &report.unscannable {
        let what = part.map_or_else(
            || "file".to_owned(),
            |part| cut(report.place(part, style.clear)),
        );
        let why = words::unscannable(why);
        writeln!(out, "  {} {what}: {why}", paint.unsure("unread"))?;
    }
    for (recipient, why) in &report.misaddressed {
        let why = words::misaddressed(*why);
        writeln!(out, "  {} r{recipient}: {why}", paint.bad("recipient"))?;
    }
    // What speaks for and against nothing is of no interest.
    if report.verdict > Verdict::None || !report.rows.is_empty() {
        reasons(out, report, style)?;
    }
    rows(out, report, style)?;
    if report.verdict > Verdict::None || !report.rows.is_empty() {
        writeln!(out)?;
    }
    Ok(())
}

fn reasons(out: &mut dyn Write, report: &Report, style: Style) -> io::Result<()> {
    let most = words::most(&report.reasons);
    let shown = match style.all {
        true => report.reasons.len(),
        false => MAX_REASONS,
    };
    for reason in report.reasons.iter().take(shown) {
        let weight = i64::from(reason.weight);
        let cells = (weight.abs() * BAR + most / 2) / most;
        let bar: String = (0..BAR)
            .map(|n| if n < cells.max(1) { '▇' } else { ' ' })
            .collect();
        let bar = match weight > 0 {
            true => style.paint.wait(&bar),
            false => style.paint.good(&bar),
        };
        let by = words::weight(reason.weight, '-');
        writeln!(out, "  {bar} {by:>6}  {}", words::reason(reason.code))?;
    }
    Ok(())
}

fn rows(out: &mut dyn Write, report: &Report, style: Style) -> io::Result<()> {
    let rows = report.rows.as_slice();
    let shown = match style.all || rows.len() <= MAX_ROWS {
        true => rows,
        false => rows.get(..MAX_ROWS).unwrap_or(rows),
    };
    if shown.is_empty() {
        return Ok(());
    }
    let head = ["kind", "where", "line:col", "value", "sure", "evidence"].map(str::to_owned);
    let cells: Vec<[String; 6]> = shown.iter().map(|row| cells(report, row, style)).collect();
    let mut widths = head.each_ref().map(|cell| cell.width());
    for row in &cells {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    let pad = |row: &[String; 6]| -> Vec<String> {
        let padded = row.iter().zip(widths).map(|(cell, width)| {
            let blanks = width.saturating_sub(cell.width());
            format!("{cell}{}", " ".repeat(blanks))
        });
        padded.collect()
    };
    let line = pad(&head).join("  ");
    writeln!(out, "  {}", style.paint.dim(line.trim_end()))?;
    for (row, cells) in shown.iter().zip(&cells) {
        let mut cells = pad(cells);
        if let Some(kind) = cells.first_mut() {
            *kind = match row.kind.class() {
                FindingClass::Identifier => style.paint.wait(kind),
                FindingClass::Context => style.paint.dim(kind),
                FindingClass::Health => style.paint.bad(kind),
            };
        }
        writeln!(out, "  {}", cells.join("  ").trim_end())?;
    }
    if shown.len() < rows.len() {
        let more = rows.len() - shown.len();
        writeln!(
            out,
            "  {}",
            style.paint.dim(&format!("… {more} more (--all)"))
        )?;
    }
    Ok(())
}

fn cells(report: &Report, row: &Row, style: Style) -> [String; 6] {
    let part = cut(report.place(row.part, style.clear));
    let place = match row.entry(style.clear) {
        Some(entry) => format!("{part} › {}", cut(entry)),
        None => part,
    };
    let at = match &row.at {
        Some(at) => format!("{}:{}", at.line, at.column),
        None => "-".to_owned(),
    };
    let kind = match row.category {
        Some(category) => format!("{} ({})", row.kind.word(), words::category(category)),
        None => row.kind.word().to_owned(),
    };
    [
        kind,
        place,
        at,
        cut(row.shown(style.clear)),
        words::confidence(row.confidence).to_owned(),
        row.evidence(),
    ]
}

fn cut(text: String) -> String {
    let mut columns = 0;
    let past = text.char_indices().find(|(_, c)| {
        columns += c.width().unwrap_or_default();
        columns > MAX_CELL
    });
    match past {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text,
    }
}

/// Sums over all files.
#[derive(Debug, Default)]
pub struct Totals {
    verdicts: BTreeMap<Verdict, usize>,
    kinds: BTreeMap<FindingKind, usize>,
}

impl Totals {
    /// One more file.
    pub fn add(&mut self, report: &Report) {
        *self.verdicts.entry(report.verdict).or_default() += 1;
        for (kind, n) in report.counts() {
            *self.kinds.entry(kind).or_default() += n;
        }
    }

    /// Files with this verdict.
    pub fn verdict(&self, verdict: Verdict) -> usize {
        self.verdicts.get(&verdict).copied().unwrap_or_default()
    }

    /// Findings of each kind.
    pub fn kinds(&self) -> &BTreeMap<FindingKind, usize> {
        &self.kinds
    }

    /// Files.
    pub fn files(&self) -> usize {
        self.verdicts.values().sum()
    }

    /// The exit code: what could not be read matters where nothing is PHI, and
    /// more than that where something of what was named is `missing`.
    pub fn exit_code(&self, missing: bool) -> u8 {
        match self.verdicts.keys().max() {
            Some(worst) if !missing || *worst >= Verdict::Phi => worst.exit_code(),
            _ => u8::from(missing),
        }
    }

    /// Prints them.
    pub fn print(&self, out: &mut dyn Write, style: Style) -> io::Result<()> {
        let verdicts: Vec<String> = self
            .verdicts
            .iter()
            .map(|(verdict, n)| format!("{n} {}", style.verdict(*verdict, 0)))
            .collect();
        writeln!(
            out,
            "{}: {}",
            style.paint.bold(&print::count(self.files(), "file")),
            match verdicts.is_empty() {
                true => "nothing to scan".to_owned(),
                false => verdicts.join(", "),
            }
        )?;
        if !self.kinds.is_empty() {
            let kinds: Vec<String> = self
                .kinds
                .iter()
                .map(|(kind, n)| format!("{} {n}", kind.word()))
                .collect();
            let all = print::count(self.kinds.values().sum(), "finding");
            writeln!(out, "{all}: {}", kinds.join(", "))?;
        }
        Ok(())
    }
}
