//! Whatever the text, its tags and the spans: nothing found stands in a copy, and
//! all else is as it was.

use std::ops::Range;

use proptest::prelude::*;

use mailseal::dlp::redact::{Style, redact, redact_html};
use mailseal::dlp::{Finding, FindingKind};

use super::{all, found};

/// One unit of text: what it is in the source, and whether it is a tag.
#[derive(Debug, Clone)]
struct Unit {
    source: String,
    is_tag: bool,
}

/// The tags of a document.
const TAGS: [&str; 5] = [
    "<b>",
    "</b>",
    "<a href=\"x&gt;y\" k='>'>",
    "<br/>",
    "<i\nq=1 >",
];

/// What stays of a tag inside of what goes.
fn looks(tag: &str) -> &str {
    match tag {
        "<a href=\"x&gt;y\" k='>'>" => "<a>",
        "<i\nq=1 >" => "<i>",
        tag => tag,
    }
}

/// A document of unlike words, entities and tags.
fn document(markup: bool) -> impl Strategy<Value = Vec<Unit>> {
    let unit = prop_oneof![
        6 => Just(0), 3 => Just(1), 1 => Just(2), 3 => Just(if markup { 3 } else { 0 }),
        1 => Just(if markup { 4 } else { 1 }),
    ];
    prop::collection::vec(unit, 1..60).prop_map(|kinds| {
        let mut units = Vec::new();
        for (place, kind) in kinds.into_iter().enumerate() {
            let mut text = |text: String, is_tag| {
                units.push(Unit {
                    source: text,
                    is_tag,
                });
            };
            match kind {
                0 => format!("w{place}é")
                    .chars()
                    .for_each(|c| text(c.into(), false)),
                1 => text(" ".into(), false),
                2 => text("\n".into(), false),
                3 => text(TAGS[place % TAGS.len()].into(), true),
                _ => text("&aacute;".into(), false),
            }
        }
        units
    })
}

/// Spans over the units, each from a character to a character.
fn cover(units: &[Unit], spans: &[(usize, usize)]) -> (String, Vec<Finding>, Vec<Range<usize>>) {
    let mut source = String::new();
    let mut places = Vec::new();
    for unit in units {
        let start = source.len();
        source.push_str(&unit.source);
        places.push(start..source.len());
    }
    let texts: Vec<usize> = (0..units.len()).filter(|i| !units[*i].is_tag).collect();
    let mut findings = Vec::new();
    let mut covered = Vec::new();
    for (a, b) in spans.iter().filter(|_| !texts.is_empty()) {
        let (a, b) = (a % texts.len(), b % texts.len());
        let (from, to) = (texts[a.min(b)], texts[a.max(b)]);
        let value: String = (from..=to)
            .filter(|i| !units[*i].is_tag)
            .map(|i| units[i].source.replace("&aacute;", "á"))
            .collect();
        let span = places[from].start..places[to].end;
        findings.push(found(FindingKind::Name, span, &value));
        covered.push(from..to + 1);
    }
    (source, findings, covered)
}

/// Where a value stands as words of its own.
fn place_of(text: &str, value: &str) -> Option<Range<usize>> {
    let value = value.trim_matches(|c: char| !c.is_alphanumeric());
    let found = text.match_indices(value).find(|(at, _)| {
        let before = text[..*at].chars().next_back();
        let after = text[at + value.len()..].chars().next();
        ![before, after]
            .into_iter()
            .flatten()
            .any(char::is_alphanumeric)
    });
    found.map(|(at, _)| at..at + value.len())
}

/// Whether a value stands somewhere as words of its own.
fn stands(text: &str, value: &str) -> bool {
    place_of(text, value).is_some()
}

/// A text with a value taken out wherever it stands.
fn without(text: &str, value: &str, style: Style) -> String {
    let mut text = text.to_owned();
    while let Some(place) = place_of(&text, value) {
        let mask = match style {
            Style::Box => text[place.clone()]
                .chars()
                .map(|c| if c == '\n' { c } else { '█' })
                .collect(),
            _ => "[NAME]".to_owned(),
        };
        text.replace_range(place, &mask);
    }
    text
}

/// A page's texts before, between and behind its tags, and its tags, of which
/// each is one of [`TAGS`] or what stays of it.
fn pieces(html: &str) -> (Vec<String>, Vec<&str>) {
    let (mut texts, mut tags, mut rest) = (vec![String::new()], Vec::new(), html);
    while let Some(c) = rest.chars().next() {
        let whole = TAGS.into_iter().find(|tag| rest.starts_with(tag));
        let tag = whole.or_else(|| {
            TAGS.map(looks)
                .into_iter()
                .find(|tag| rest.starts_with(tag))
        });
        let length = tag.map_or(c.len_utf8(), |tag| tag.len());
        match tag {
            Some(tag) => {
                tags.push(tag);
                texts.push(String::new());
            }
            None => texts.last_mut().unwrap().push(c),
        }
        rest = &rest[length..];
    }
    for text in &mut texts {
        *text = text.replace("&aacute;", "á");
    }
    (texts, tags)
}

/// What is expected, unit by unit.
fn expected(units: &[Unit], covered: &[Range<usize>], style: Style) -> String {
    let mut out = String::new();
    let mut told_until = 0;
    for (i, unit) in units.iter().enumerate() {
        let hit = covered.iter().any(|c| c.contains(&i));
        match (hit && !unit.is_tag, style) {
            (false, _) if hit => out.push_str(looks(&unit.source)),
            (false, _) => out.push_str(&unit.source),
            (true, Style::Box) if unit.source == "\n" => out.push('\n'),
            (true, Style::Box) => out.push('█'),
            (true, _) if i >= told_until => {
                out.push_str("[NAME]");
                // Until no span that overlaps goes on.
                told_until = i + 1;
                loop {
                    let overlaps = |c: &&Range<usize>| c.start < told_until && c.end > told_until;
                    match covered.iter().filter(overlaps).map(|c| c.end).max() {
                        Some(end) => told_until = end,
                        None => break,
                    }
                }
            }
            (true, _) => {}
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_found_stands_in_it_and_all_else_does(
        units in document(false),
        spans in prop::collection::vec((0usize..400, 0usize..400), 0..6),
    ) {
        let (source, findings, covered) = cover(&units, &spans);
        for style in [Style::Label, Style::Box] {
            let copy = redact(&source, &all(&findings), style);
            let mut wanted = expected(&units, &covered, style);
            for finding in &findings {
                let value = finding.expose().expose();
                let long = value.chars().filter(|c| c.is_alphanumeric()).count() >= 3;
                prop_assert!(!long || !stands(&copy, value), "{value} in {copy}");
                // Between two that were taken out a third may be left standing, as
                // a word of its own: that goes too.
                if long {
                    wanted = without(&wanted, value, style);
                }
            }
            prop_assert_eq!(&copy, &wanted);
        }
    }

    #[test]
    fn the_same_holds_for_markup_and_the_tags_stay(
        units in document(true),
        spans in prop::collection::vec((0usize..400, 0usize..400), 0..6),
    ) {
        let (source, findings, covered) = cover(&units, &spans);
        for style in [Style::Label, Style::Box] {
            let copy = redact_html(&source, &all(&findings), style);
            let wanted = expected(&units, &covered, style);
            let (texts, tags) = pieces(&wanted);
            let mut left = texts.clone();
            for finding in &findings {
                let value = finding.expose().expose();
                if value.chars().filter(|c| c.is_alphanumeric()).count() >= 3 {
                    for text in &mut left {
                        *text = without(text, value, style);
                    }
                }
            }
            // As above: what is left standing between two goes too.
            if left == texts {
                prop_assert_eq!(&copy, &wanted);
            }
            prop_assert_eq!(pieces(&copy), (left, tags));
        }
    }

    /// Values that stand several times, of which one was found.
    #[test]
    fn a_value_found_once_stands_nowhere(
        words in prop::collection::vec(prop::sample::select(&["Pat", "Lee", "Ann-Lee", "Zoë", "von", "x"][..]), 1..40),
        pick in prop::collection::vec((0usize..40, 1usize..4), 1..4),
    ) {
        let text = words.join(" ");
        let mut findings = Vec::new();
        for (from, length) in pick {
            let from = from % words.len();
            let to = (from + length).min(words.len());
            let start = words[..from].join(" ").len() + usize::from(from > 0);
            let value = words[from..to].join(" ");
            findings.push(found(FindingKind::Name, start..start + value.len(), &value));
        }
        for style in [Style::Label, Style::Box, Style::Pseudonym] {
            let copy = redact(&text, &all(&findings), style);
            for finding in &findings {
                let value = finding.expose().expose();
                let long = value.chars().filter(|c| c.is_alphanumeric()).count() >= 3;
                prop_assert!(!long || !stands(&copy, value), "{value} in {copy}");
            }
        }
    }

    #[test]
    fn nothing_makes_it_panic(html in "(<|>|</|<!--|-->|'|\"|=|&|;|a|é| |\n|<b |title=){0,40}", spans in prop::collection::vec((0usize..60, 0usize..60), 0..5)) {
        let findings: Vec<Finding> = spans
            .iter()
            .map(|(a, b)| found(FindingKind::Name, *a..*b, "a é"))
            .collect();
        for style in [Style::Label, Style::Box, Style::Pseudonym] {
            let _ = redact(&html, &all(&findings), style);
            let _ = redact_html(&html, &all(&findings), style);
        }
    }
}
