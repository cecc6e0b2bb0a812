//! How well the scanner does on labelled mail: on that which stands beside this
//! file, and on the corpus where it is at hand; the floors below which a change
//! may not fall.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use mailseal::base::{Part, Recipient};
use mailseal::compose::{Attachment, Message, PartContent};
use mailseal::dlp::{FindingClass, FindingKind, PhiScanner, Scanner};
use serde_json::Value;

/// What may not get worse, in percent.
struct Floors {
    mail_recall: f64,
    mail_precision: f64,
    sensitive_f1: f64,
    identifiers_f2: f64,
    health_f2: f64,
}

/// Counts of right and wrong.
#[derive(Default, Clone, Copy)]
struct Score {
    found: usize,
    labelled: usize,
    right: usize,
    reported: usize,
}

impl Score {
    fn add(self, other: Self) -> Self {
        Self {
            found: self.found + other.found,
            labelled: self.labelled + other.labelled,
            right: self.right + other.right,
            reported: self.reported + other.reported,
        }
    }

    fn recall(self) -> f64 {
        percent(self.found, self.labelled)
    }

    fn precision(self) -> f64 {
        percent(self.right, self.reported)
    }

    fn f(self, beta: f64) -> f64 {
        let (p, r, b) = (self.precision(), self.recall(), beta * beta);
        match p + r > 0.0 {
            true => (1.0 + b) * p * r / (b * p + r),
            false => 0.0,
        }
    }
}

#[allow(clippy::cast_precision_loss)] // counts of mails and words
fn percent(part: usize, whole: usize) -> f64 {
    match whole {
        0 => 0.0,
        _ => 100.0 * part as f64 / whole as f64,
    }
}

#[test]
fn the_labelled_corpus() {
    let Some(corpus) = corpus() else { return };
    let floors = Floors {
        mail_recall: 97.0,
        mail_precision: 92.0,
        sensitive_f1: 85.0,
        identifiers_f2: 85.0,
        health_f2: 80.0,
    };
    check(&measured(&corpus), &floors);
}

/// Harder ones, which no model was made of (see the folder's README).
#[test]
fn the_measured_mails() {
    let floors = Floors {
        mail_recall: 98.5,
        mail_precision: 94.5,
        sensitive_f1: 91.0,
        identifiers_f2: 90.5,
        health_f2: 90.0,
    };
    check(&measured(include_str!("measured/mails.jsonl")), &floors);
}

/// By eleven other authors, most of them on what is the hardest.
#[test]
fn the_mails_of_other_authors() {
    let floors = Floors {
        mail_recall: 97.0,
        mail_precision: 93.5,
        sensitive_f1: 91.0,
        identifiers_f2: 86.5,
        health_f2: 83.0,
    };
    check(&measured(include_str!("measured/others.jsonl")), &floors);
}

/// The scores on some mails.
struct Measured {
    phi: Score,
    sensitive: Score,
    kinds: BTreeMap<FindingKind, Score>,
}

impl Measured {
    fn class(&self, class: FindingClass) -> Score {
        let of = self.kinds.iter().filter(|(kind, _)| kind.class() == class);
        of.fold(Score::default(), |sum, (_, score)| sum.add(*score))
    }
}

fn measured(corpus: &str) -> Measured {
    let scanner = PhiScanner::new();
    let mut kinds: BTreeMap<FindingKind, Score> = BTreeMap::new();
    let (mut phi, mut sensitive) = (Score::default(), Score::default());
    let (mut missed, mut alarms) = (Vec::new(), Vec::new());
    for line in corpus.lines().filter(|l| !l.trim().is_empty()) {
        let mail: Value = serde_json::from_str(line).unwrap();
        let message = message(&mail);
        let findings = scanner.scan(&message);
        let said = findings.sensitivity().unwrap().word();
        let truth = string(&mail["labels"]["sensitivity"]);
        count(&mut phi, truth != "none", said != "none");
        count(&mut sensitive, truth == "sensitive", said == "sensitive");
        match (truth != "none", said != "none") {
            (true, false) => missed.push(string(&mail["id"])),
            (false, true) => alarms.push(string(&mail["id"])),
            _ => {}
        }
        let texts = places(&message);
        let labels = labels(&mail, &texts);
        let found: Vec<(FindingKind, String, Range<usize>)> = findings
            .items
            .iter()
            .filter_map(|f| {
                let place = place(f.part)?;
                let span = match &f.inside {
                    None => f.span.clone(),
                    // In the text of an entry: it stands in the whole as well.
                    Some(_) => {
                        let value = f.expose().expose();
                        let at = texts.get(&place)?.find(value.as_str())?;
                        at..at + value.len()
                    }
                };
                Some((f.kind, place, span))
            })
            .collect();
        let fits = |place: &str, span: &Range<usize>, label: &Label| {
            let text = &texts[place];
            label.place == place && label.spans.iter().any(|s| overlap(text, s, span) >= 0.5)
        };
        for label in &labels {
            let score = kinds.entry(label.kind).or_default();
            score.labelled += 1;
            let mut all = found.iter().filter(|f| f.0 == label.kind);
            score.found += usize::from(all.any(|(_, place, span)| fits(place, span, label)));
        }
        for (kind, place, span) in &found {
            let score = kinds.entry(*kind).or_default();
            score.reported += 1;
            let mut all = labels.iter().filter(|l| l.kind == *kind);
            score.right += usize::from(all.any(|label| fits(place, span, label)));
        }
    }
    let measured = Measured {
        phi,
        sensitive,
        kinds,
    };
    row("mail: phi", phi);
    row("mail: sensitive", sensitive);
    row("identifiers", measured.class(FindingClass::Identifier));
    row("context", measured.class(FindingClass::Context));
    row("health", measured.class(FindingClass::Health));
    for (kind, score) in &measured.kinds {
        row(kind.word(), *score);
    }
    println!("missed: {}", missed.join(" "));
    println!("false alarms: {}", alarms.join(" "));
    measured
}

fn row(name: &str, score: Score) {
    println!(
        "{name:<16} precision {:5.1}  recall {:5.1}  F1 {:5.1}  F2 {:5.1}  of {}",
        score.precision(),
        score.recall(),
        score.f(1.0),
        score.f(2.0),
        score.labelled
    );
}

fn check(measured: &Measured, floors: &Floors) {
    let identifiers = measured.class(FindingClass::Identifier).f(2.0);
    let health = measured.class(FindingClass::Health).f(2.0);
    for (what, value, floor) in [
        (
            "recall of PHI mail",
            measured.phi.recall(),
            floors.mail_recall,
        ),
        (
            "precision of PHI mail",
            measured.phi.precision(),
            floors.mail_precision,
        ),
        (
            "F1 of sensitive mail",
            measured.sensitive.f(1.0),
            floors.sensitive_f1,
        ),
        ("F2 of identifiers", identifiers, floors.identifiers_f2),
        ("F2 of health content", health, floors.health_f2),
    ] {
        assert!(value >= floor, "{what} is {value:.1}, below {floor}");
    }
    for (kind, score) in &measured.kinds {
        assert!(
            score.labelled == 0 || score.found > 0,
            "no {} is found",
            kind.word()
        );
    }
}

fn corpus() -> Option<String> {
    let shared = std::env::var_os("MAILSEAL_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"),
        PathBuf::from,
    );
    let corpus = std::fs::read_to_string(shared.join("corpus/dev.jsonl"));
    if corpus.is_err() {
        println!(
            "SKIPPED: the scores of the scanner were not checked, there is no labelled corpus"
        );
        eprintln!("skipped: no corpus/dev.jsonl");
    }
    corpus.ok()
}

/// Counts one mail whose truth and verdict are these.
fn count(score: &mut Score, truth: bool, said: bool) {
    score.labelled += usize::from(truth);
    score.found += usize::from(truth && said);
    score.reported += usize::from(said);
    score.right += usize::from(truth && said);
}

fn string(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn message(mail: &Value) -> Message {
    let from = string(&mail["from"]);
    let bare = from
        .rsplit_once('<')
        .map_or(from.as_str(), |(_, a)| a.trim_end_matches('>'));
    let name = from
        .rsplit_once('<')
        .map(|(name, _)| name.trim().trim_matches('"').to_owned());
    let address = bare.parse().unwrap();
    let mut to = mail["to"].as_array().unwrap().iter();
    let recipient = |to: &Value| Recipient::new(string(to).parse().unwrap());
    let mut draft = Message::builder()
        .from(address)
        .to(recipient(to.next().unwrap()));
    if let Some(name) = name.filter(|n| !n.is_empty()) {
        draft = draft.sender_name(name);
    }
    for other in to {
        draft = draft.to(recipient(other));
    }
    draft = draft
        .subject(string(&mail["subject"]).replace('\n', " "))
        .text(string(&mail["text"]));
    if mail["html"].is_string() {
        draft = draft.html(string(&mail["html"]));
    }
    if mail["audience"].is_string() {
        draft = draft.audience(string(&mail["audience"]));
    }
    for file in mail["attachments"].as_array().into_iter().flatten() {
        // Its text was taken out already: only what tells how to read text is kept.
        let media_type = match string(&file["media_type"]).as_str() {
            kind @ ("text/html" | "text/csv" | "text/calendar") => kind.to_owned(),
            _ => "text/plain".to_owned(),
        };
        let content = string(&file["text"]).into_bytes();
        draft = draft.attachment(Attachment::new(string(&file["name"]), media_type, content));
    }
    draft.build().unwrap()
}

struct Label {
    kind: FindingKind,
    place: String,
    spans: Vec<Range<usize>>,
}

fn labels(mail: &Value, texts: &BTreeMap<String, String>) -> Vec<Label> {
    let entities = mail["labels"]["entities"].as_array().unwrap().iter();
    entities
        .map(|entity| {
            let (place, value) = (string(&entity["where"]), string(&entity["text"]));
            let text = texts.get(&place).map_or("", String::as_str);
            let spans = text
                .match_indices(&value)
                .map(|(at, v)| at..at + v.len())
                .collect();
            let kind = string(&entity["kind"]).parse().unwrap();
            Label { kind, place, spans }
        })
        .collect()
}

/// The texts of a message by the corpus's words for their places.
fn places(message: &Message) -> BTreeMap<String, String> {
    let parts = message.parts();
    let texts = parts.iter().filter_map(|part| match part.content() {
        PartContent::Text(text) => Some((place(part.part())?, text.expose().clone())),
        _ => None,
    });
    texts.collect()
}

fn place(part: Part) -> Option<String> {
    Some(match part {
        Part::Subject => "subject".into(),
        Part::Text => "text".into(),
        Part::Html => "html".into(),
        Part::Attachment(n) => format!("attachment:{n}"),
        Part::AttachmentName(n) => format!("attachment_name:{n}"),
        _ => return None,
    })
}

/// Intersection over union, in characters.
fn overlap(text: &str, a: &Range<usize>, b: &Range<usize>) -> f64 {
    let count = |range: Range<usize>| text.get(range).map_or(0, |t| t.chars().count());
    let inner = count(a.start.max(b.start)..a.end.min(b.end).max(a.start.max(b.start)));
    let outer = count(a.start.min(b.start)..a.end.max(b.end));
    percent(inner, outer) / 100.0
}
