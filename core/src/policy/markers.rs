//! Markers in a subject: found as people write them, and taken out.

use std::ops::Range;

/// The normal form of a marker: trimmed and in lower case, blanks inside as one
/// space.
pub fn normal_marker(marker: &str) -> String {
    Reading::of(marker.trim()).text
}

/// The known markers that stand in a subject, in their order, and the subject
/// without them.
pub(super) fn take<'m>(
    known: impl Iterator<Item = &'m str>,
    subject: &str,
) -> (Vec<String>, String) {
    let reading = Reading::of(subject);
    let mut found: Vec<(Range<usize>, &str)> = Vec::new();
    for marker in known {
        reading.places_of(marker, |place| found.push((place, marker)));
    }
    if found.is_empty() {
        return (Vec::new(), subject.to_owned());
    }
    found.sort_by_key(|(place, _)| (place.start, place.end));
    let mut markers: Vec<String> = Vec::new();
    let mut out = String::with_capacity(subject.len());
    let mut at = 0;
    for (place, marker) in found {
        if !markers.iter().any(|known| known == marker) {
            markers.push(marker.to_owned());
        }
        out.push_str(&spaced(subject, at..place.start));
        // One may stand in another.
        at = at.max(place.end);
        // What parts it from the next word goes with it.
        if out.is_empty() || out.ends_with(' ') {
            let rest = subject.get(at..).unwrap_or_default();
            let sign = usize::from(rest.starts_with([':', ',', ';']));
            let blank = rest.chars().nth(sign).filter(|c| c.is_whitespace());
            at += sign + blank.map_or(0, char::len_utf8);
        }
    }
    out.push_str(&spaced(subject, at..subject.len()));
    (markers, out.trim().to_owned())
}

/// A stretch with every blank as a space.
fn spaced(subject: &str, range: Range<usize>) -> String {
    let stretch = subject.get(range).unwrap_or_default();
    stretch.replace(char::is_whitespace, " ")
}

/// A text in lower case with every run of blanks as one, and which bytes of the
/// text each of its bytes stands for.
#[derive(Default)]
struct Reading {
    text: String,
    places: Vec<Range<usize>>,
}

impl Reading {
    fn of(text: &str) -> Self {
        let mut all = Self::default();
        for (at, c) in text.char_indices() {
            let place = at..at + c.len_utf8();
            match all.places.last_mut() {
                Some(last) if c.is_whitespace() && all.text.ends_with(' ') => last.end = place.end,
                _ if c.is_whitespace() => all.push(' ', &place),
                _ => c.to_lowercase().for_each(|c| all.push(c, &place)),
            }
        }
        all
    }

    fn push(&mut self, c: char, place: &Range<usize>) {
        self.text.push(c);
        self.places.resize(self.text.len(), place.clone());
    }

    /// Where a marker stands: what of it begins or ends with a letter or digit
    /// is no piece of a word.
    fn places_of(&self, marker: &str, mut each: impl FnMut(Range<usize>)) {
        let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let Some(first) = marker.chars().next() else {
            return;
        };
        let (opens, closes) = (is_word(Some(first)), is_word(marker.chars().next_back()));
        let mut from = 0;
        while let Some((before, rest)) = self.text.split_at_checked(from)
            && let Some(n) = rest.find(marker)
        {
            let start = before.len() + n;
            let end = start + marker.len();
            let before = self.text.get(..start).and_then(|t| t.chars().next_back());
            let behind = self.text.get(end..).and_then(|t| t.chars().next());
            if opens && is_word(before) || closes && is_word(behind) {
                from = start + first.len_utf8();
                continue;
            }
            from = end;
            let (first, last) = (self.places.get(start), self.places.get(end - 1));
            if let (Some(first), Some(last)) = (first, last) {
                each(first.start..last.end);
            }
        }
    }
}
