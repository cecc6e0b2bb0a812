//! The report as one web page: no scripts, nothing loaded from elsewhere.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use mailseal::dlp::{Confidence, FindingClass};

use super::input::shown;
use super::report::{Report, Row, Verdict};
use super::table::Totals;
use super::{json, mask, words};
use crate::config::Trouble;
use crate::print;

const STYLE: &str = include_str!("report.css");
/// Bytes of one part's text.
const MAX_TEXT: usize = 512 * 1024;
/// Findings in the table of one file.
const MAX_ROWS: usize = 500;

/// A report that is being written.
#[derive(Debug)]
pub struct Page {
    path: PathBuf,
    file: File,
    clear: bool,
    summary: String,
    sections: String,
    files: usize,
}

impl Page {
    /// Makes the file, which must not exist yet; only its owner can read it.
    pub fn create(path: &Path, clear: bool) -> Result<Self, Trouble> {
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
            "<tr><td class=file><a href=\"#f{n}\">{name}</a></td>\
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
            "<section id=f{n}><div class=head><h2>{name}</h2>\
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
        for (part, why) in &report.unscannable {
            let place = |part| escape(&report.place(part, self.clear));
            let what = part.map_or_else(|| "file".to_owned(), place);
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
        rows(out, report, self.clear);
        if self.clear {
            for (part, text) in &report.texts {
                let found: Vec<&Row> = report.rows.iter().filter(|r| r.part == *part).collect();
                let place = escape(&report.place(*part, self.clear));
                let _ = writeln!(out, "<h3>{place}</h3><pre>");
                marked(out, text.expose(), &found);
                out.push_str("</pre>\n");
            }
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
        self.files = usize::MAX;
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
                      found. <span class=code>--show-values</span> shows all of it.</p>"
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

fn rows(out: &mut String, report: &Report, clear: bool) {
    let rows = report.rows.as_slice();
    if rows.is_empty() {
        return;
    }
    out.push_str(
        "<h3>findings</h3><div class=wide><table><thead><tr><th>kind<th>where<th class=n>line:col\
         <th>found<th>sure<th>evidence</tr></thead><tbody>\n",
    );
    for row in rows.iter().take(MAX_ROWS) {
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
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td class=n>{at}</td>\
             <td class=code><span class=dim>{}</span>{}<span class=dim>{}</span></td><td>{}</td><td>{}</td></tr>",
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
    if rows.len() > MAX_ROWS {
        let _ = writeln!(out, "<p class=dim>… {} more</p>", rows.len() - MAX_ROWS);
    }
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
        "<mark class=\"{}{low}\" title=\"{}\">{}</mark>",
        json::class(row.kind.class()),
        escape(&title),
        escape(text)
    )
}

/// A part's text with what was found in it marked. Where findings overlap the
/// first is marked; the table has them all.
fn marked(out: &mut String, text: &str, rows: &[&Row]) {
    let end = (0..=MAX_TEXT.min(text.len()))
        .rev()
        .find(|&n| text.is_char_boundary(n))
        .unwrap_or(0);
    let mut at = 0;
    for row in rows {
        let Some(place) = &row.at else { continue };
        let span = place.bytes.clone();
        if span.start < at || span.end > end {
            continue;
        }
        out.push_str(&escape(text.get(at..span.start).unwrap_or_default()));
        out.push_str(&mark(row, text.get(span.clone()).unwrap_or_default()));
        at = span.end;
    }
    out.push_str(&escape(text.get(at..end).unwrap_or_default()));
    if end < text.len() {
        let _ = write!(
            out,
            "\n… {} more bytes",
            print::number((text.len() - end) as u64)
        );
    }
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
