//! Fields as links and forms carry them: `?last=Ruiz&dob=1961-03-04`, the body
//! `first=Ana&last=Ruiz` of a request, `/patients/88012/visits`. Their keys say of the
//! values what headers say of columns; what is written with `%` and `+` is read. Here
//! they are told where they stand, so that they can be marked and taken out;
//! `extract::enclosed::links` gives what links carry to the models, as it reads.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr_iter, memchr2_iter};
use url::form_urlencoded;

use super::Record;
use super::headers::{Field, Named, Names, classify};
use super::hints::Hints;
use crate::dlp::FindingKind;

/// A longer key is none.
const MAX_KEY: usize = 48;
/// Of one text; later ones say nothing new.
const MAX_FIELDS: usize = 20_000;
/// A number of a patient has so many figures at least, and so many letters at most:
/// `/patients/2026-guide` is a page.
const FIGURES: usize = 5;
const LETTERS: usize = 3;

/// What the links and forms in a text tell.
pub(super) fn read(text: &str) -> Option<Record> {
    let mut hints = Hints::new(text);
    let mut names = Names::default();
    let (mut patient_record, mut end, mut left) = (false, 0, MAX_FIELDS);
    for at in memchr2_iter(b'&', b'?', text.as_bytes()) {
        // Of a run that was read all has been read.
        if at < end || left == 0 || key(text, at + 1).is_none() {
            continue;
        }
        let run = run(text, at, end);
        end = run.end;
        let mut named = Named::default();
        let fields = Fields {
            text,
            at: start(text, &run),
            end: run.end,
        };
        let before = left;
        for (key, value) in fields.take(left) {
            left -= 1;
            let pair = text.get(key.start..value.end).unwrap_or_default();
            let Some((key, read)) = form_urlencoded::parse(pair.as_bytes()).next() else {
                continue;
            };
            let field = match key {
                Cow::Borrowed(key) => names.field("", key),
                Cow::Owned(key) => classify("", &key),
            };
            named.add_as(&read, value, field);
        }
        // One `a=b` behind no `?` is no form.
        if before - left < 2 && text.as_bytes().get(at) == Some(&b'&') {
            continue;
        }
        for number in numbers(text, run.start..start(text, &run)) {
            named.add(text, number, Some(NUMBER));
        }
        patient_record |= named.give(&mut hints);
    }
    let hints = hints.finish();
    (!hints.is_empty()).then_some(Record {
        hints,
        patient_record,
        in_prose: true,
        ..Record::default()
    })
}

/// What a number says that stands behind `/patients/`.
const NUMBER: Field = Field {
    kind: FindingKind::Mrn,
    weak: false,
    person: true,
    health: false,
};

/// The key that begins here, if a `=` ends it.
fn key(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = text.as_bytes().get(at..)?;
    let part = |b: &u8| b.is_ascii_alphanumeric() || b"_-.[]%;".contains(b);
    let length = rest
        .iter()
        .take(MAX_KEY + 1)
        .take_while(|b| part(b))
        .count();
    (length > 0 && rest.get(length) == Some(&b'=')).then_some(at..at + length)
}

/// The run of signs around a place that a link is made of, from `least` on.
fn run(text: &str, at: usize, least: usize) -> Range<usize> {
    let ends = |b: &u8| b.is_ascii_whitespace() || b"\"'<>`|{}()\\".contains(b);
    let bytes = text.as_bytes();
    let before = bytes.get(least..at).unwrap_or_default();
    let behind = bytes.get(at..).unwrap_or_default();
    let start = before
        .iter()
        .rposition(ends)
        .map_or(least, |n| least + n + 1);
    start..behind.iter().position(ends).map_or(bytes.len(), |n| at + n)
}

/// Where the fields of a run begin: behind its `?`, if it has one.
fn start(text: &str, run: &Range<usize>) -> usize {
    let bytes = text.as_bytes().get(run.clone()).unwrap_or_default();
    memchr::memchr(b'?', bytes).map_or(run.start, |n| run.start + n + 1)
}

/// Keys and values, `&` (of a page `&amp;`) between them.
struct Fields<'t> {
    text: &'t str,
    at: usize,
    end: usize,
}

impl Iterator for Fields<'_> {
    type Item = (Range<usize>, Range<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let rest = self.text.get(self.at..self.end).filter(|r| !r.is_empty())?;
            let length = memchr::memchr(b'&', rest.as_bytes()).unwrap_or(rest.len());
            let (from, to) = (self.at, self.at + length);
            self.at = (to + 1).min(self.end);
            let escaped = rest.get(..length).is_some_and(|f| f.starts_with("amp;"));
            let from = from + if escaped { "amp;".len() } else { 0 };
            if let Some(key) = key(self.text, from).filter(|key| key.end < to) {
                let value = key.end + 1..to;
                return Some((key, value));
            }
        }
    }
}

/// The numbers of patients in the path of a link.
fn numbers(text: &str, path: Range<usize>) -> Vec<Range<usize>> {
    let part = text.get(path.clone()).unwrap_or_default();
    let ends = memchr_iter(b'/', part.as_bytes()).chain([part.len()]);
    let (mut found, mut before, mut from) = (Vec::new(), "", 0);
    for end in ends {
        let segment = part.get(from..end).unwrap_or_default();
        let segment = segment.trim_end_matches('?');
        let count = |of: fn(&u8) -> bool| segment.bytes().filter(of).count();
        let is_number =
            count(u8::is_ascii_digit) >= FIGURES && count(u8::is_ascii_alphabetic) <= LETTERS;
        let of_patient = ["patients", "patient", "mrn"];
        if is_number && of_patient.iter().any(|p| before.eq_ignore_ascii_case(p)) {
            found.push(path.start + from..path.start + from + segment.len());
        }
        (before, from) = (segment, end + 1);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::tests::{all, has};
    use super::*;
    use FindingKind as K;

    #[track_caller]
    fn told(text: &str) -> (bool, Vec<(K, String)>) {
        let record = read(text).unwrap();
        assert!(record.in_prose);
        (record.patient_record, all(text, &record))
    }

    #[test]
    fn the_fields_of_links_and_forms_are_read() {
        for text in [
            "fails: https://p.example/s?last=Ruiz&first=Ana&dob=1961-03-04&diagnosis=stroke.\nWhy?",
            "<a href=\"/s?q=&amp;last=Ruiz&amp;first=Ana&amp;dob=1961-03-04&amp;diagnosis=stroke\">",
            "body first=Ana&last=Ruiz&x=1&dob=1961-03-04&diagnosis=stroke was sent",
            "patient%5Blast%5D=Ruiz&patient[first]=Ana&dob=1961-03-04&diagnosis=stroke",
        ] {
            let (record, found) = told(text);
            assert!(record, "{text}");
            has(&found, K::Name, "Ruiz");
            has(&found, K::Name, "Ana");
            has(&found, K::Date, "1961-03-04");
            assert!(
                found
                    .iter()
                    .any(|(k, v)| *k == K::Condition && v.starts_with("stroke"))
            );
            assert_eq!(found.len(), 4, "{found:?}");
        }
    }

    #[test]
    fn values_are_read_as_they_are_meant_and_told_as_they_are_written() {
        let (_, found) = told("patientName=Ana+Mar%C3%ADa%20Ruiz&dob=03%2F04%2F1961&mrn=88012");
        has(&found, K::Name, "Ana+Mar%C3%ADa%20Ruiz");
        has(&found, K::Date, "03%2F04%2F1961");
    }

    #[test]
    fn the_number_in_a_path_is_a_patients_beside_its_fields() {
        let (record, found) = told("GET /v1/patients/8801204/visits?condition=stroke HTTP/1.1");
        assert!(record);
        has(&found, K::Mrn, "8801204");
        for text in [
            "/patients/2026-guide/a?drug=aspirin",
            "/items/8801204/a?drug=aspirin",
        ] {
            let (record, found) = told(text);
            assert!(!record && found.len() == 1, "{found:?}");
        }
    }

    #[test]
    fn what_is_no_field_of_anybody_tells_nothing() {
        for text in [
            "is it so? a=b & c=d, R&D=x",
            "https://shop.example/?utm_source=mail&utm_medium=x&id=88012",
            "dose=5",
            "a?mrn=&name=&dob=null",
            "x & y ? z",
            "&&&===???&=&=",
        ] {
            let record = read(text);
            assert!(record.is_none(), "{text}");
        }
        let (record, _) = told("?patientName=Test+Patient&mrn=TEST-0001");
        assert!(!record);
    }

    #[test]
    fn fields_are_bounded_and_a_run_is_read_once() {
        let text = "a?".to_owned() + &"mrn=88012&".repeat(MAX_FIELDS + 10);
        let (_, found) = told(&text);
        assert_eq!(found.len(), MAX_FIELDS);
    }
}
