//! The report as one web page: no scripts, nothing loaded from elsewhere.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

use mailseal::base::Part;
use mailseal::dlp::{Confidence, FindingClass};

use super::input::shown;
use super::report::{Report, Row, Verdict};
use super::table::Totals;
use super::{json, mask, words};
use crate::config::Trouble;
use crate::print;

const STYLE: &str = include_str!("report.css");
/// Bytes of a part's text that is shown whole; of a longer one what stands around
/// its findings, so many bytes of it in all without `--all`.
const MAX_TEXT: usize = 512 * 1024;
/// What stands around a finding, on each side: lines, and bytes.
const AROUND_LINES: usize = 3;
const AROUND_BYTES: usize = 1024;
/// Findings in the table of one file, without `--all`.
const MAX_ROWS: usize = 500;

/// A report that is being written.
#[derive(Debug)]
pub struct Page {
    path: PathBuf,
    file: File,
    clear: bool,
    all: bool,
    summary: String,
    sections: String,
    files: usize,
}

impl Page {
    /// Makes the file, which must not exist yet; only its owner can read it.
    /// With `all` no finding is left out.
    pub fn create(path: &Path, clear: bool, all: bool) -> Result<Self, Trouble> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(|e| match e.kind() {
            ErrorKind::AlreadyExists => Trouble::new(
                "scan.html",
                format!("{} is there already: give another name", shown(path)),
            ),
            _ => trouble(path, &e),
        })?;
        Ok(Self {
            path: path.to_owned(),
            file,
            clear,
            all,
            summary: String::new(),
            sections: String::new(),
            files: 0,
        })
    }

    /// One file.
    pub fn add(&mut self, report: &Report) {
        self.files += 1;
        let n = self.files;
        let name = escape(&report.name(self.clear));
        let verdict = report.verdict.word();
        let class = |class| {
            report
                .rows
                .iter()
                .filter(|r| r.kind.class() == class)
                .count()
        };
        let kinds: Vec<String> = report
            .counts()
            .iter()
            .map(|(kind, n)| format!("{} {n}", kind.word()))
            .collect();
        // Writing to a string does not fail.
        let _ = writeln!(
            self.summary,
            "<tr><td class=file><a href=\"#f{n}\"><bdi>{name}</bdi></a></td>\
             <td><span class=\"verdict {verdict}\">{verdict}</span></td>\
             <td class=n>{}</td><td class=n>{}</td><td class=n>{}</td><td>{}</td></tr>",
            class(FindingClass::Identifier),
            class(FindingClass::Context),
            class(FindingClass::Health),
            escape(&kinds.join(", ")),
        );
        self.section(report, &name);
    }

    fn section(&mut self, report: &Report, name: &str) {
        let out = &mut self.sections;
        let (n, verdict) = (self.files, report.verdict.word());
        let _ = writeln!(
            out,
            "<section id=f{n}><div class=head><h2><bdi>{name}</bdi></h2>\
             <span class=\"verdict {verdict}\">{verdict}</span></div>"
        );
        let mut about = vec![
            words::size(report.bytes),
            print::count(report.rows.len(), "finding"),
        ];
        about.extend(
            report
                .categories
                .iter()
                .map(|c| words::category(*c).to_owned()),
        );
        let _ = writeln!(out, "<p class=dim>{}</p>", escape(&about.join(" · ")));
        let rows = match self.all {
            true => report.rows.as_slice(),
            false => report.rows.get(..MAX_ROWS).unwrap_or(&report.rows),
        };
        let texts: Vec<Shown<'_>> = match self.clear {
            true => Shown::of(report, self.all),
            false => Vec::new(),
        };
        if rows.len() < report.rows.len() {
            let _ = writeln!(
                out,
                "<p class=note>The table is cut: it holds the first {} of {} findings. \
                 <span class=code>--all</span> shows all of them.</p>",
                print::number(rows.len() as u64),
                print::number(report.rows.len() as u64),
            );
        }
        for shown in &texts {
            let Some(what) = shown.cut() else { continue };
            let place = escape(&report.place(shown.part, self.clear));
            let _ = writeln!(
                out,
                "<p class=note>The text of <bdi>{place}</bdi> is cut: {what}.</p>"
            );
        }
        for (part, why) in &report.unscannable {
            let place = |part| escape(&report.place(part, self.clear));
            let what = part.map_or_else(|| "file".to_owned(), place);
            let what = format!("<bdi>{what}</bdi>");
            let why = escape(&words::unscannable(why));
            let _ = writeln!(
                out,
                "<p><b class=unscannable>Not read:</b> {what}: {why}</p>"
            );
        }
        for (recipient, why) in &report.misaddressed {
            let why = words::misaddressed(*why);
            let _ = writeln!(
                out,
                "<p><b class=sensitive>Recipient r{recipient}:</b> {why}</p>"
            );
        }
        // What speaks for and against nothing is of no interest.
        if report.verdict > Verdict::None || !report.rows.is_empty() {
            reasons(out, report);
        }
        table(out, report, rows, self.clear);
        for shown in &texts {
            let place = escape(&report.place(shown.part, self.clear));
            let _ = writeln!(out, "<h3><bdi>{place}</bdi></h3><pre>");
            shown.write(out);
            out.push_str("</pre>\n");
        }
        out.push_str("</section>\n");
    }

    /// Writes the page. A page that was not finished is removed.
    pub fn finish(mut self, totals: &Totals) -> Result<(), Trouble> {
        let page = self.page(totals);
        let written = self
            .file
            .write_all(page.as_bytes())
            .and_then(|()| self.file.sync_all());
        if written.is_ok() {
            self.files = usize::MAX;
        }
        written.map_err(|e| trouble(&self.path, &e))
    }

    fn page(&self, totals: &Totals) -> String {
        let verdicts: Vec<String> = Verdict::ALL
            .into_iter()
            .filter(|v| totals.verdict(*v) > 0)
            .map(|v| {
                format!(
                    "{} <b class={}>{}</b>",
                    totals.verdict(v),
                    v.word(),
                    v.word()
                )
            })
            .collect();
        let note = match self.clear {
            true => {
                "<p class=note><b>This page holds protected health information in clear.</b> \
                     Marked is what was found; a scanner may miss some.</p>"
            }
            false => {
                "<p class=note>What was found is masked, and the text around it is reduced to \
                      labels. The rest of the text is left out, since it may hold what no scanner \
                      found. <span class=code>--show-values</span> shows it.</p>"
            }
        };
        format!(
            "<!doctype html>\n<html lang=en><head><meta charset=utf-8>\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
             <meta name=viewport content=\"width=device-width, initial-scale=1\">\n\
             <meta name=robots content=noindex><meta name=referrer content=no-referrer>\n\
             <title>PHI scan</title>\n<style>\n{STYLE}</style></head>\n<body>\n\
             <h1>PHI scan</h1>\n<p>{}: {}. {}.</p>\n{note}\n\
             <div class=legend><span><mark class=identifier>identifier</mark> of a person</span>\
             <span><mark class=context>context</mark> of care, not personal</span>\
             <span><mark class=health>health</mark> content</span>\
             <span><mark class=\"identifier low\">dashed</mark> not sure</span></div>\n\
             <div class=wide><table><thead><tr><th>file<th>verdict<th class=n>identifiers\
             <th class=n>context<th class=n>health<th>kinds</tr></thead><tbody>\n{}</tbody></table></div>\n\
             {}</body></html>\n",
            print::count(totals.files(), "file"),
            verdicts.join(", "),
            print::count(totals.kinds().values().sum(), "finding"),
            self.summary,
            self.sections,
        )
    }
}

impl Drop for Page {
    /// Leaves no empty file behind when the work fails.
    fn drop(&mut self) {
        if self.files != usize::MAX {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn trouble(path: &Path, error: &std::io::Error) -> Trouble {
    Trouble::new("scan.html", format!("{}: {error}", shown(path)))
}

fn reasons(out: &mut String, report: &Report) {
    if report.reasons.is_empty() {
        return;
    }
    let most = words::most(&report.reasons);
    out.push_str("<h3>why</h3><div class=reasons>\n");
    for reason in &report.reasons {
        let weight = i64::from(reason.weight);
        let way = if weight > 0 { "for" } else { "against" };
        let _ = writeln!(
            out,
            "<span>{}</span><span class=track><span class=\"bar {way}\" style=\"width:{}%\"></span></span>\
             <span class=weight>{}</span>",
            escape(&words::reason(reason.code)),
            (weight.abs() * 100 / most).clamp(1, 100),
            words::weight(reason.weight, '−'),
        );
    }
    out.push_str("</div>\n");
}

fn table(out: &mut String, report: &Report, rows: &[Row], clear: bool) {
    if rows.is_empty() {
        return;
    }
    out.push_str(
        "<h3>findings</h3><div class=wide><table><thead><tr><th>kind<th>where<th class=n>line:col\
         <th>found<th>sure<th>evidence</tr></thead><tbody>\n",
    );
    for row in rows {
        let mut place = report.place(row.part, clear);
        if let Some(entry) = row.entry(clear) {
            let _ = write!(place, " › {entry}");
        }
        let at = match &row.at {
            Some(at) => format!("{}:{}", at.line, at.column),
            None => "–".to_owned(),
        };
        let around = |text: &str| match clear {
            true => escape(text),
            false => escape(&mask::context(text)),
        };
        let category = row.category.map_or_else(String::new, |category| {
            let word = escape(words::category(category));
            format!(" <b class=sensitive>{word}</b>")
        });
        let _ = writeln!(
            out,
            "<tr><td>{}{category}</td><td><bdi>{}</bdi></td><td class=n>{at}</td>\
             <td class=code><bdi class=dim>{}</bdi>{}<bdi class=dim>{}</bdi></td><td>{}</td><td>{}</td></tr>",
            row.kind.word(),
            escape(&place),
            around(row.before.expose()),
            mark(row, &row.shown(clear)),
            around(row.after.expose()),
            words::confidence(row.confidence),
            escape(&row.evidence()),
        );
    }
    out.push_str("</tbody></table></div>\n");
}

/// A found text in its colour.
fn mark(row: &Row, text: &str) -> String {
    let low = match row.confidence {
        Confidence::Low => " low",
        _ => "",
    };
    let mut title = format!(
        "{} · {}",
        row.kind.word(),
        words::confidence(row.confidence)
    );
    for more in [
        row.evidence(),
        row.category
            .map(words::category)
            .unwrap_or_default()
            .to_owned(),
    ] {
        if !more.is_empty() {
            let _ = write!(title, " · {more}");
        }
    }
    format!(
        "<mark dir=auto class=\"{}{low}\" title=\"{}\">{}</mark>",
        json::class(row.kind.class()),
        escape(&title),
        escape(text)
    )
}

/// A part's text as it is shown, with what was found in it marked. Where findings
/// overlap the first is marked; the table has them all.
struct Shown<'r> {
    part: Part,
    text: &'r str,
    /// The findings that have a place in it, in order.
    found: Vec<(&'r Row, Range<usize>)>,
    /// What of the text is shown.
    stretches: Vec<Range<usize>>,
}

impl<'r> Shown<'r> {
    fn of(report: &'r Report, all: bool) -> Vec<Self> {
        let texts = report.texts.iter().map(|(part, text)| {
            let text = text.expose().as_str();
            let rows = report.rows.iter().filter(|row| row.part == *part);
            let found: Vec<_> = rows
                .filter_map(|row| Some((row, row.at.as_ref()?.bytes.clone())))
                .collect();
            Self {
                part: *part,
                text,
                stretches: stretches(text, &found, all),
                found,
            }
        });
        texts.collect()
    }

    /// What is shown where that is not all.
    fn cut(&self) -> Option<&'static str> {
        if self.text.len() <= MAX_TEXT {
            return None;
        }
        let end = self.stretches.last().map_or(0, |last| last.end);
        Some(match self.found.last() {
            None => "nothing was found in it",
            Some((_, last)) if last.end > end => {
                "only what stands around the first findings is shown"
            }
            Some(_) => "only what stands around the findings is shown",
        })
    }

    fn write(&self, out: &mut String) {
        let mut found = self.found.iter().peekable();
        let mut end = 0;
        for stretch in &self.stretches {
            if stretch.start > end {
                out.push_str("…\n");
            }
            let mut at = stretch.start;
            while let Some((row, span)) = found.next_if(|(_, span)| span.start < stretch.end) {
                if span.start < at || span.end > stretch.end {
                    continue;
                }
                out.push_str(&escape(self.text.get(at..span.start).unwrap_or_default()));
                out.push_str(&mark(row, self.text.get(span.clone()).unwrap_or_default()));
                at = span.end;
            }
            end = stretch.end;
            out.push_str(&escape(self.text.get(at..end).unwrap_or_default()));
            if end < self.text.len() {
                out.push('\n');
            }
        }
        if end < self.text.len() {
            out.push('…');
        }
    }
}

/// What of a text is shown: all, or what stands around the findings, where that
/// touches as one.
fn stretches(text: &str, found: &[(&Row, Range<usize>)], all: bool) -> Vec<Range<usize>> {
    if text.len() <= MAX_TEXT {
        let whole = 0..text.len();
        return vec![whole];
    }
    let mut out: Vec<Range<usize>> = Vec::new();
    let mut shown = 0;
    for (_, span) in found {
        let next = around(text, span);
        match out.last_mut() {
            Some(last) if next.start <= last.end => {
                shown += next.end.saturating_sub(last.end);
                last.end = last.end.max(next.end);
            }
            _ => {
                shown += next.len();
                out.push(next);
            }
        }
        if shown > MAX_TEXT && !all {
            break;
        }
    }
    out
}

/// The lines around a finding, as far as they are short.
fn around(text: &str, span: &Range<usize>) -> Range<usize> {
    let from = text.floor_char_boundary(span.start.saturating_sub(AROUND_BYTES));
    let before = text.get(from..span.start).unwrap_or_default();
    let start = before.rmatch_indices('\n').nth(AROUND_LINES);
    let to = text.floor_char_boundary(span.end.saturating_add(AROUND_BYTES));
    let behind = text.get(span.end..to).unwrap_or_default();
    let end = behind.match_indices('\n').nth(AROUND_LINES);
    start.map_or(from, |(at, _)| from + at + 1)..end.map_or(to, |(at, _)| span.end + at)
}

/// Text that cannot be anything but text, neither for the browser nor for the
/// eye: what is invisible or turns the direction of a line shows as a sign.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || mask::invisible(c) => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
