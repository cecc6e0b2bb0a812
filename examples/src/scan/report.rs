//! What is shown of one file, whichever way.

use std::collections::BTreeMap;

use mailseal::base::{Part, Phi, Sensitivity};
use mailseal::compose::{Message, PartContent};
use mailseal::dlp::{
    Category, Confidence, Evidence, Finding, FindingClass, FindingKind, Findings, MisaddressedWhy,
    RiskReason,
};

use super::envelope::one_line;
use super::mask;

/// Characters of context on each side.
const CONTEXT: usize = 28;

/// A verdict on a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Nothing.
    None,
    /// Nothing that is PHI in what could be read; some could not.
    Unscannable,
    /// PHI.
    Phi,
    /// PHI of a specially protected kind.
    Sensitive,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 4] = [Self::None, Self::Unscannable, Self::Phi, Self::Sensitive];

    fn of(findings: &Findings, whole: bool) -> Self {
        let read = match &findings.risk {
            Some(risk) => risk.sensitivity,
            None if findings.items.iter().any(|f| f.category.is_some()) => Sensitivity::Sensitive,
            None if findings
                .items
                .iter()
                .any(|f| f.kind.class() != FindingClass::Context) =>
            {
                Sensitivity::Phi
            }
            None => Sensitivity::None,
        };
        match read {
            Sensitivity::None if whole && findings.unscannable.is_empty() => Self::None,
            Sensitivity::None => Self::Unscannable,
            Sensitivity::Phi => Self::Phi,
            _ => Self::Sensitive,
        }
    }

    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Unscannable => "unscannable",
            Self::Phi => "phi",
            Self::Sensitive => "sensitive",
        }
    }

    /// The exit code of a run whose worst verdict it is.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Phi => 10,
            Self::Sensitive => 11,
            Self::Unscannable => 12,
        }
    }
}

/// One finding.
pub struct Row {
    /// What it is.
    pub kind: FindingKind,
    /// Where it is.
    pub part: Part,
    /// The entry of a container.
    pub inside: Option<Phi<String>>,
    /// Its code points in the part's text, its bytes, line and column from 1;
    /// `None` in a container.
    pub at: Option<Place>,
    /// The text itself.
    pub value: Phi<String>,
    /// What stands before it in its line.
    pub before: Phi<String>,
    /// What stands behind it.
    pub after: Phi<String>,
    /// How sure it is.
    pub confidence: Confidence,
    /// The category.
    pub category: Option<Category>,
    /// What led to it.
    pub evidence: Vec<Evidence>,
}

/// Where a finding stands in its part's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Bytes.
    pub bytes: std::ops::Range<usize>,
    /// Code points.
    pub chars: std::ops::Range<usize>,
    /// From 1.
    pub line: usize,
    /// From 1, in code points.
    pub column: usize,
}

impl Row {
    /// The value as it may be shown.
    pub fn shown(&self, clear: bool) -> String {
        match clear {
            true => printable(self.value.expose()),
            false => mask::value(self.value.expose()),
        }
    }

    /// The entry as it may be shown.
    pub fn entry(&self, clear: bool) -> Option<String> {
        let entry = self.inside.as_ref()?.expose();
        Some(match clear {
            true => printable(entry),
            false => mask::entry(entry),
        })
    }

    /// Its evidence in words.
    pub fn evidence(&self) -> String {
        let words: Vec<&str> = self.evidence.iter().map(|e| e.word()).collect();
        words.join(", ")
    }
}

/// One line for a terminal, which obeys control characters.
pub(super) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| !c.is_control() && !mask::invisible(*c))
        .collect()
}

/// All of one file.
pub struct Report {
    name: Phi<String>,
    /// Bytes read.
    pub bytes: u64,
    /// The verdict.
    pub verdict: Verdict,
    /// Whether the message as a whole was judged.
    pub judged: bool,
    /// The specially protected categories.
    pub categories: Vec<Category>,
    /// Why.
    pub reasons: Vec<RiskReason>,
    /// What could not be read, and why; without a part, the file as a whole.
    pub unscannable: Vec<(Option<Part>, &'static str)>,
    /// Recipients that look like the wrong ones, by number.
    pub misaddressed: Vec<(usize, MisaddressedWhy)>,
    /// The findings, part by part.
    pub rows: Vec<Row>,
    /// The text of each part, where it was asked for.
    pub texts: Vec<(Part, Phi<String>)>,
    /// The attachments' names.
    files: BTreeMap<u32, Phi<String>>,
    /// What was found in the file's own name.
    named: Vec<Phi<String>>,
}

impl Report {
    /// Of a file that could not be read at all.
    pub fn unreadable(name: &str, bytes: u64, why: &'static str) -> Self {
        Self::new(name, bytes, None, &Findings::default(), Some(why), false)
    }

    /// Of a message and what was found in it. `texts` keeps the parts' texts.
    pub fn new(
        name: &str,
        bytes: u64,
        message: Option<&Message>,
        findings: &Findings,
        why: Option<&'static str>,
        texts: bool,
    ) -> Self {
        let parts = message.map(read).unwrap_or_default();
        let mut items: Vec<&Finding> = findings.items.iter().collect();
        items.sort_by_key(|f| (f.part, f.inside.is_some(), f.span.start, f.span.end));
        let mut rows = Vec::with_capacity(items.len());
        let mut cursor: Option<(Part, Cursor<'_>)> = None;
        for item in items {
            let text = parts.get(&item.part).map(|t| t.expose().as_str());
            let text = text.filter(|_| item.inside.is_none());
            if cursor.as_ref().is_none_or(|(part, _)| *part != item.part) {
                cursor = text.map(|t| (item.part, Cursor::new(t)));
            }
            let at = match (&mut cursor, text) {
                (Some((_, cursor)), Some(text)) => cursor.place(text, &item.span),
                _ => None,
            };
            rows.push(row(item, text.unwrap_or_default(), at));
        }
        // A file that is no mail is the one attachment, of its own name.
        let own = one_line(name);
        let itself = |file: &str| file == own || own.ends_with(&format!("/{file}"));
        let files = parts.iter().filter_map(|(part, name)| match part {
            Part::AttachmentName(n) if !itself(name.expose()) => Some((*n, name.clone())),
            _ => None,
        });
        let files: BTreeMap<u32, Phi<String>> = files.collect();
        let risk = findings.risk.as_ref();
        let whole = why.map(|why| (None, why)).into_iter();
        let unread = findings.unscannable.iter().map(|u| (Some(u.part), u.why));
        Self {
            name: Phi::new(name.to_owned()),
            bytes,
            verdict: Verdict::of(findings, why.is_none()),
            judged: risk.is_some(),
            categories: risk.map(|r| r.categories.clone()).unwrap_or_else(|| {
                let mut found: Vec<Category> =
                    findings.items.iter().filter_map(|f| f.category).collect();
                found.sort_unstable();
                found.dedup();
                found
            }),
            reasons: risk.map(|r| r.reasons.clone()).unwrap_or_default(),
            unscannable: whole.chain(unread).collect(),
            misaddressed: findings
                .misaddressed
                .iter()
                .map(|m| (m.recipient.index(), m.why))
                .collect(),
            rows,
            texts: match texts {
                true => parts.into_iter().collect(),
                false => Vec::new(),
            },
            files,
            named: Vec::new(),
        }
    }

    /// The same with what was found in the file's own name.
    pub fn with_named(self, named: Vec<Phi<String>>) -> Self {
        Self { named, ..self }
    }

    /// Where a part is, for people: an attachment with its name.
    pub fn place(&self, part: Part, clear: bool) -> String {
        let place = where_word(part);
        let file = match part {
            Part::Attachment(n) => self.files.get(&n),
            _ => None,
        };
        match file.map(|file| file.expose()) {
            None => place,
            Some(file) if clear => format!("{place} {}", printable(file)),
            Some(file) => format!("{place} {}", mask::file(&printable(file))),
        }
    }

    /// The file's path as it is.
    pub fn path(&self) -> &Phi<String> {
        &self.name
    }

    /// The file's path as it may be shown. What was found in its name, and identifiers of persons
    /// that were found inside, are masked there too.
    pub fn name(&self, clear: bool) -> String {
        let path = printable(&one_line(self.name.expose()));
        if clear {
            return path;
        }
        let named = |r: &&Row| {
            matches!(r.part, Part::AttachmentName(_))
                || r.kind.class() == FindingClass::Identifier && r.value.expose().len() > 3
        };
        let values = self.rows.iter().filter(named);
        let values = values.map(|row| printable(row.value.expose()));
        let values = values.chain(self.named.iter().map(|name| printable(name.expose())));
        // Beside a record number stands whose it is, found or not.
        mask::path(
            &path,
            &values.filter(|value| !value.is_empty()).collect::<Vec<_>>(),
        )
    }

    /// How many findings there are of each kind.
    pub fn counts(&self) -> BTreeMap<FindingKind, usize> {
        let mut counts = BTreeMap::new();
        for row in &self.rows {
            *counts.entry(row.kind).or_default() += 1;
        }
        counts
    }
}

/// The text of each part that is text.
fn read(message: &Message) -> BTreeMap<Part, Phi<String>> {
    let mut out = BTreeMap::new();
    for part in message.parts() {
        if let PartContent::Text(text) = part.content() {
            out.entry(part.part()).or_insert(text);
        }
    }
    out
}

fn row(item: &Finding, text: &str, at: Option<Place>) -> Row {
    let bytes = at.as_ref().map(|at| at.bytes.clone());
    // The text as it stands there; the finding may carry it normalised.
    let value = bytes.clone().and_then(|b| text.get(b));
    let (before, after) = match bytes {
        None => ("", ""),
        Some(bytes) => (
            text.get(..bytes.start).map_or("", tail),
            text.get(bytes.end..).map_or("", head),
        ),
    };
    Row {
        kind: item.kind,
        part: item.part,
        inside: item.inside.clone(),
        value: value.map_or_else(|| item.expose().clone(), |v| Phi::new(v.to_owned())),
        before: Phi::new(before.to_owned()),
        after: Phi::new(after.to_owned()),
        at,
        confidence: item.confidence,
        category: item.category,
        evidence: item.evidence.clone(),
    }
}

/// The end of the line that ends here.
fn tail(text: &str) -> &str {
    let (at, _) = text
        .char_indices()
        .rev()
        .take(CONTEXT)
        .take_while(|(_, c)| *c != '\n')
        .last()
        .unwrap_or((text.len(), ' '));
    text.get(at..).unwrap_or_default()
}

/// The beginning of the line that begins here.
fn head(text: &str) -> &str {
    let end = text
        .char_indices()
        .take(CONTEXT)
        .take_while(|(_, c)| *c != '\n')
        .last()
        .map_or(0, |(at, c)| at + c.len_utf8());
    text.get(..end).unwrap_or_default()
}

/// Counts lines and characters once, going forward.
struct Cursor<'t> {
    rest: std::str::CharIndices<'t>,
    at: usize,
    chars: usize,
    line: usize,
    column: usize,
}

impl<'t> Cursor<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            rest: text.char_indices(),
            at: 0,
            chars: 0,
            line: 1,
            column: 1,
        }
    }

    /// Spans come in the order of their starts.
    fn place(&mut self, text: &str, span: &std::ops::Range<usize>) -> Option<Place> {
        let value = text.get(span.clone())?;
        while self.at < span.start {
            let (_, c) = self.rest.next()?;
            self.at = self.rest.offset();
            self.chars += 1;
            self.column += 1;
            if c == '\n' {
                self.line += 1;
                self.column = 1;
            }
        }
        Some(Place {
            bytes: span.clone(),
            chars: self.chars..self.chars + value.chars().count(),
            line: self.line,
            column: self.column,
        })
    }
}

/// `attachment:0`, as the corpus says it.
pub fn where_word(part: Part) -> String {
    match part {
        Part::Subject => "subject".to_owned(),
        Part::Text => "text".to_owned(),
        Part::Html => "html".to_owned(),
        Part::Attachment(n) => format!("attachment:{n}"),
        Part::AttachmentName(n) => format!("attachment_name:{n}"),
        Part::Other(n) => format!("part:{n}"),
        _ => "part".to_owned(),
    }
}
