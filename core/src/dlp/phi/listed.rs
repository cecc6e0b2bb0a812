//! Who is called a patient by what stands over or before a name.
//!
//! ```text
//! Patient      Time    With            Patient: Olga Novak       Patients to call back:
//! Olga Novak   10:15   Dr. Stone       Time: 10:15               - Olga Novak, 317-555-0142
//! ```
//!
//! **In**: a passage and what was found in it. **Out**: whether it lists patients, who
//! then are private persons, whatever the models take them for. They count words, of
//! which such a list has few, and all but one of them are those of any other list.

use std::ops::Range;

use crate::dlp::FindingKind;
use crate::dlp::lexicon::{Flag, Flags, HEALTH};
use crate::dlp::passage::{Item, Passage};
use crate::dlp::risk::summary::is_test_person;
use crate::dlp::rules::{is_person, without_title};
use crate::dlp::tagger::Tag;
use crate::dlp::token::{Gap, hash};
use crate::dlp::unit::UnitKind;

/// Units of a line that is a heading, a label or an opening.
const MAX_LINE: usize = 96;
/// Lines below it that are looked at; those below these are of the same table.
const MAX_ROWS: usize = 200;
/// Lines in a row that name nobody, behind which a list has ended.
const MAX_OTHERS: usize = 3;
/// Units of such a line.
const MAX_ROW: usize = 512;
/// Units of a line of a list before the name: a number, a day and a time.
const BEFORE: usize = 8;

const PATIENT: [u32; 6] = [
    hash(b"patient"),
    hash(b"patients"),
    hash(b"pt"),
    hash(b"pts"),
    hash(b"paciente"),
    hash(b"pacientes"),
];
/// Those that many people are called by, who may be listed below.
const PATIENTS: [u32; 3] = [hash(b"patients"), hash(b"pts"), hash(b"pacientes")];
/// What else the heading over a patient's name says.
const NAME: [u32; 13] = [
    hash(b"name"),
    hash(b"names"),
    hash(b"full"),
    hash(b"first"),
    hash(b"last"),
    hash(b"legal"),
    hash(b"s"),
    hash(b"of"),
    hash(b"the"),
    hash(b"and"),
    hash(b"nombre"),
    hash(b"del"),
    hash(b"de"),
];
/// Before `patients`, these say that others are listed: `Contacts for patients:`,
/// `Volunteers who drive patients:`.
const OTHERS: [u32; 14] = [
    hash(b"for"),
    hash(b"to"),
    hash(b"with"),
    hash(b"by"),
    hash(b"who"),
    hash(b"that"),
    hash(b"which"),
    hash(b"when"),
    hash(b"where"),
    hash(b"see"),
    hash(b"take"),
    hash(b"accept"),
    hash(b"treat"),
    hash(b"para"),
];
/// Behind it these do: `Patients and Families Council:`.
const GROUPS: [u32; 7] = [
    hash(b"and"),
    hash(b"y"),
    hash(b"advisory"),
    hash(b"council"),
    hash(b"committee"),
    hash(b"advisors"),
    hash(b"seen"),
];
/// Plurals and the like that may stand before it.
const WHICH: [u32; 13] = [
    hash(b"names"),
    hash(b"following"),
    hash(b"remaining"),
    hash(b"waiting"),
    hash(b"pending"),
    hash(b"missing"),
    hash(b"incoming"),
    hash(b"upcoming"),
    hash(b"previous"),
    hash(b"these"),
    hash(b"those"),
    hash(b"todays"),
    hash(b"tomorrows"),
];
/// What those are called who work there.
const STAFF: Flags = Flags::of(&[Flag::Role, Flag::TitleBefore, Flag::TitleAfter, Flag::Staff]);
const CLINICAL: Flags = Flags::of(&[Flag::TitleBefore, Flag::TitleAfter]);

/// Makes private persons of those who are called patients, and says whether there are any.
pub(super) fn tell(passage: &Passage<'_>, tags: &mut [Tag]) -> bool {
    if !tags.iter().any(is_somebody) {
        return false;
    }
    let (mut told, mut end) = (Vec::new(), 0);
    for (at, item) in passage.items.iter().enumerate() {
        if at < end || item.kind != UnitKind::Word || !PATIENT.contains(&item.hash) {
            continue;
        }
        let Some(line) = line_of(passage, at) else {
            continue;
        };
        let lists = Lists { passage, tags };
        let all = (lists.labelled(at, &line))
            .or_else(|| lists.below_heading(at, &line))
            .or_else(|| lists.below_opening(at, &line));
        // Of a line the first such word that lists somebody counts, and of what it lists
        // no word is looked at again.
        if let Some(all) = all {
            let last = all.last().and_then(|n| tags.get(*n));
            end = last.map_or(line.end, |tag| tag.last.max(line.end));
            told.extend(all);
        }
    }
    for n in &told {
        if let Some(tag) = tags.get_mut(*n).filter(|tag| is_person(tag)) {
            tag.kind = FindingKind::Name;
            without_title(passage, tag);
        }
    }
    !told.is_empty()
}

fn is_somebody(tag: &Tag) -> bool {
    matches!(tag.kind, FindingKind::Name | FindingKind::Provider)
}

/// The units of the line of one, unless there are too many.
fn line_of(passage: &Passage<'_>, at: usize) -> Option<Range<usize>> {
    let ends = |item: &Item| item.gap >= Gap::Line;
    let before = passage.items.get(..=at)?;
    let start = before.iter().rev().take(MAX_LINE).position(ends);
    let start = match start {
        Some(back) => at - back,
        None if before.len() <= MAX_LINE => 0,
        None => return None,
    };
    let end = line_end(passage, at);
    (end - start <= MAX_LINE).then_some(start..end)
}

/// Where the line of a unit ends.
fn line_end(passage: &Passage<'_>, at: usize) -> usize {
    let behind = passage.items.get(at + 1..).unwrap_or_default();
    let length = behind.iter().position(|item| item.gap >= Gap::Line);
    length.map_or(passage.items.len(), |n| at + 1 + n)
}

/// What parts the cells of a line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    Bar,
    Column,
    Semicolon,
    Comma,
}

impl Sign {
    /// Whether a new cell begins at a unit, or behind it.
    fn parts(self, passage: &Passage<'_>, at: usize) -> bool {
        let is = |signs: &[&str]| signs.iter().any(|s| passage.bytes(at) == s.as_bytes());
        match self {
            Self::Bar => is(&["|", "│", "║", "┃"]),
            Self::Column => (passage.items.get(at)).is_some_and(|item| item.gap == Gap::Column),
            Self::Semicolon => is(&[";"]),
            Self::Comma => is(&[","]),
        }
    }
}

/// Where lists of patients are looked for.
struct Lists<'p> {
    passage: &'p Passage<'p>,
    tags: &'p [Tag],
}

impl Lists<'_> {
    fn item(&self, at: usize) -> Option<&Item> {
        self.passage.items.get(at)
    }

    fn is_sign(&self, at: usize) -> bool {
        self.item(at)
            .is_some_and(|item| item.kind == UnitKind::Sign)
    }

    fn says(&self, at: usize, words: &[u32]) -> bool {
        self.item(at).is_some_and(|item| words.contains(&item.hash))
    }

    /// The people that begin in a line.
    fn people(&self, line: &Range<usize>) -> impl Iterator<Item = (usize, &Tag)> {
        let first = self.tags.partition_point(|tag| tag.first < line.start);
        let tags = self.tags.iter().enumerate().skip(first);
        let (end, tags) = (line.end, tags.filter(|(_, tag)| is_somebody(tag)));
        tags.take_while(move |(_, tag)| tag.first < end)
    }

    /// Whether somebody may be a patient: who has a clinician's title is called by it, and
    /// who is called a test is nobody.
    fn may_be_patient(&self, tag: &Tag) -> bool {
        let comma = usize::from(self.passage.bytes(tag.last) == b",");
        let units = (tag.first..tag.last).chain([tag.last + comma]);
        let mut flags = units.filter_map(|n| Some(self.item(n)?.word.flags()));
        let titled = flags.any(|f| f.any(CLINICAL) && !f.has(Flag::PersonalTitle));
        !titled && !self.comes_behind_title(tag) && !is_test_person(self.passage, tag)
    }

    /// Whether a title stands right before a name, which may not be of the finding.
    fn comes_behind_title(&self, tag: &Tag) -> bool {
        let point = usize::from(self.passage.bytes(tag.first.saturating_sub(1)) == b".");
        let title = (tag.first.checked_sub(1 + point)).and_then(|n| self.item(n));
        let beside = self.item(tag.first).is_some_and(|i| i.gap == Gap::Space);
        let flags = title.map(|title| title.word.flags());
        beside && flags.is_some_and(|f| f.has(Flag::TitleBefore) && !f.has(Flag::PersonalTitle))
    }

    fn is_full(&self, tag: &Tag) -> bool {
        tag.last >= tag.first + 2
    }

    /// `Patient: Olga Novak`, and at the start of a line as two cells too.
    fn labelled(&self, at: usize, line: &Range<usize>) -> Option<Vec<usize>> {
        let mark = |n: usize| {
            let kind = self.item(n).map(|item| item.kind);
            matches!(kind, Some(UnitKind::Sign | UnitKind::Number))
        };
        let opens = (line.start..at).all(mark);
        // `Hi, patient: Olga Novak`; but in `a patient: Olga Novak helped` it is no label.
        if !opens && !self.is_sign(at - 1) {
            return None;
        }
        let mut behind = at + 1;
        while behind < line.end
            && (self.says(behind, &NAME)
                || matches!(self.passage.bytes(behind), b"'" | b"\xe2\x80\x99"))
        {
            behind += 1;
        }
        let parted = match self.passage.bytes(behind) {
            b":" => true,
            b"=" | b"|" => opens,
            b"-" | b"\xe2\x80\x93" => opens && behind > at + 1,
            _ => opens && Sign::Column.parts(self.passage, behind),
        };
        if !parted {
            return None;
        }
        while behind < line.end && self.is_sign(behind) {
            behind += 1;
        }
        let (n, tag) = self.people(line).find(|(_, tag)| tag.first >= behind)?;
        // A title of a private person is none of the name.
        let titled = (behind..tag.first).all(|n| {
            let flags = self.item(n).map(|item| item.word.flags());
            self.is_sign(n) || flags.is_some_and(|f| f.has(Flag::PersonalTitle))
        });
        (titled && self.is_full(tag) && self.may_be_patient(tag)).then(|| vec![n])
    }

    /// The people in a column whose heading is `Patient`.
    fn below_heading(&self, at: usize, line: &Range<usize>) -> Option<Vec<usize>> {
        // One word may be taken for a name: `Patient, Item, Bin`.
        if self.people(line).any(|(_, tag)| self.is_full(tag)) {
            return None;
        }
        let parts = |sign: &Sign| line.clone().skip(1).any(|n| sign.parts(self.passage, n));
        let signs = [Sign::Bar, Sign::Column, Sign::Semicolon, Sign::Comma];
        let sign = signs.into_iter().find(parts)?;
        let (column, cell) = self.cell(sign, line, at);
        // `Patient: ______` is a field to fill in.
        let is_blank = |n: usize| matches!(self.passage.bytes(n), b":" | b"_");
        let is_heading = |n: usize| {
            self.is_sign(n) && !is_blank(n) || self.says(n, &PATIENT) || self.says(n, &NAME)
        };
        if !cell.into_iter().all(is_heading) {
            return None;
        }
        let width = self.cells(sign, line);
        let told = self.rows(line.end, |row| {
            let (n, tag) = self.people(row).find(|(_, tag)| {
                let (place, _) = self.cell(sign, row, tag.first);
                place == column
            })?;
            let as_wide = sign == Sign::Bar || column == 0 || self.cells(sign, row) == width;
            (as_wide && self.may_be_patient(tag)).then_some(n)
        });
        // A comma parts the words of prose too.
        let sure = matches!(sign, Sign::Bar | Sign::Column);
        let full = |n: &usize| self.tags.get(*n).is_some_and(|tag| self.is_full(tag));
        let least = if sure && told.iter().any(full) { 1 } else { 2 };
        (told.len() >= least).then_some(told)
    }

    /// Those whom an opening lists, in its line and below it: `Patients to call back:`.
    fn below_opening(&self, at: usize, line: &Range<usize>) -> Option<Vec<usize>> {
        let colon = (at + 1..line.end).find(|n| self.passage.bytes(*n) == b":")?;
        let opening = line.start..colon;
        let opens = self.says(at, &PATIENTS)
            && !opening.clone().any(|n| self.speaks_of_others(n, at))
            && self.people(&opening).next().is_none();
        if !opens {
            return None;
        }
        let full = |tag: &Tag| self.is_full(tag) && self.may_be_patient(tag);
        let behind = colon + 1..line.end;
        if behind.clone().any(|n| !self.is_sign(n)) {
            // `Patients: Olga Novak, James Weber`: nobody else stands in it.
            let mut told = Vec::new();
            for (n, tag) in self.people(&behind) {
                told.push(full(tag).then_some(n)?);
            }
            return (told.len() >= 2).then_some(told);
        }
        let told = self.rows(line.end, |row| {
            let (n, tag) = self.people(row).next()?;
            let is_word = |n: &usize| self.item(*n).is_some_and(|i| i.kind == UnitKind::Word);
            let words = (row.start..tag.first).filter(is_word);
            let begins = tag.first <= row.start + BEFORE && words.count() <= 1;
            (begins && full(tag)).then_some(n)
        });
        (told.len() >= 2).then_some(told)
    }

    /// Whether a word of an opening says that it is not patients who are listed, but
    /// others: who works for them, or does something. Before `patients` stand words that
    /// say which ones, and hardly any of these is a plural or ends as verbs do.
    fn speaks_of_others(&self, n: usize, at: usize) -> bool {
        let Some(item) = self.item(n).filter(|item| item.kind == UnitKind::Word) else {
            return false;
        };
        let flags = item.word.flags();
        if flags.any(STAFF) || n == at + 1 && self.says(n, &GROUPS) {
            return true;
        }
        let word = self.passage.bytes(n);
        let long = word.len() > 3;
        let ends = |end: &[u8]| word.to_ascii_lowercase().ends_with(end);
        let does = long && (ends(b"s") || ends(b"ing") || ends(b"ly"));
        n < at && (self.says(n, &OTHERS) || does && !flags.any(HEALTH) && !self.says(n, &WHICH))
    }

    /// What `named` finds in the lines from a unit on, until the list ends: where some lines
    /// in a row name nobody, or behind an empty line, unless the next begins as the first
    /// of the list does (`Name: Olga Novak`).
    fn rows(&self, mut at: usize, named: impl Fn(&Range<usize>) -> Option<usize>) -> Vec<usize> {
        let (mut told, mut others, mut opens) = (Vec::new(), 0, None);
        for _ in 0..MAX_ROWS {
            let Some(item) = self.item(at) else {
                break;
            };
            let row = at..line_end(self.passage, at);
            if item.gap == Gap::Paragraph && opens.is_some_and(|hash| hash != item.hash) {
                break;
            }
            let short = Some(&row).filter(|row| row.len() <= MAX_ROW);
            match short.and_then(&named) {
                Some(n) => {
                    told.push(n);
                    opens.get_or_insert(item.hash);
                    others = 0;
                }
                // A rule under the heading.
                None if row.clone().all(|n| self.is_sign(n)) => {}
                None => others += 1,
            }
            if others >= MAX_OTHERS {
                break;
            }
            at = row.end;
        }
        told
    }

    /// Which cell of a line a unit is in, and the units of that.
    fn cell(&self, sign: Sign, line: &Range<usize>, at: usize) -> (usize, Range<usize>) {
        let (mut place, mut start) = (0, line.start);
        let mut quoted = false;
        for n in line.start + 1..line.end {
            quoted ^= self.passage.bytes(n - 1) == b"\"";
            // A line may begin with a bar.
            if !quoted && self.opens_cell(sign, line, n) {
                if n > at {
                    return (place, start..n);
                }
                (place, start) = (place + 1, n);
            }
        }
        (place, start..line.end)
    }

    fn cells(&self, sign: Sign, line: &Range<usize>) -> usize {
        let last = line.end.saturating_sub(1);
        let (place, _) = self.cell(sign, line, last);
        place
    }

    /// Whether a cell begins at a unit that is not the first of its line: the bar before
    /// the first and the one behind the last part nothing.
    fn opens_cell(&self, sign: Sign, line: &Range<usize>, at: usize) -> bool {
        match sign {
            Sign::Column => sign.parts(self.passage, at),
            _ => at + 1 < line.end && sign.parts(self.passage, at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dlp::passage::Region;

    /// Whom a text calls patients, if all of some people were taken for staff.
    fn told(text: &str) -> Vec<&str> {
        const PEOPLE: [&str; 9] = [
            "Olga Novak",
            "James Weber",
            "Novak, Olga",
            "Dr. Stone",
            "Maria Chen",
            "Stone",
            "Jane",
            "Luis Ortiz",
            "ZZTEST Alpha",
        ];
        let passage = Passage::read(text.as_bytes(), 0, text.len(), Region::Body);
        let mut tags: Vec<Tag> = Vec::new();
        for first in 0..passage.items.len() {
            let free = tags.last().is_none_or(|tag| tag.last <= first);
            let whole = (first + 1..=passage.items.len().min(first + 4))
                .rev()
                .find(|last| {
                    PEOPLE
                        .iter()
                        .any(|who| passage.bytes_of(first..*last) == who.as_bytes())
                });
            if let Some(last) = whole.filter(|_| free) {
                let (kind, margin) = (FindingKind::Provider, 0);
                tags.push(Tag {
                    first,
                    last,
                    kind,
                    margin,
                });
            }
        }
        let any = tell(&passage, &mut tags);
        let told: Vec<&str> = (tags.iter())
            .filter(|tag| tag.kind == FindingKind::Name)
            .map(|tag| std::str::from_utf8(passage.bytes_of(tag.first..tag.last)).unwrap())
            .collect();
        assert_eq!(any, !told.is_empty(), "{text}");
        told
    }

    #[test]
    fn a_column_of_patients_is_told_whatever_parts_it() {
        for text in [
            "Tomorrow:\n\n| Patient | Time | With |\n|---|---|---|\n| Olga Novak | 10:15 | Dr. Stone |\n\
             | James Weber | 8:45 | Maria Chen |",
            "Time | Patient | With\n10:15 | Olga Novak | Maria Chen\n8:45 | James Weber | Stone",
            "Patient\tTime\tWith\nOlga Novak\t10:15\tMaria Chen\nJames Weber\t8:45\tStone",
            "> Time   Patient name   With\n> 10:15  Olga Novak     Maria Chen\n> 8:45   James Weber    Stone",
            "Time,Patient,With\n10:15,Olga Novak,Maria Chen\n8:45,James Weber,Stone",
            "Room;Pt;With\n12;Olga Novak;Maria Chen\n14;James Weber;Stone",
            "Hora\tNombre del paciente\n10:15\tOlga Novak\n8:45\tJames Weber",
        ] {
            assert_eq!(told(text), ["Olga Novak", "James Weber"], "{text}");
        }
        assert_eq!(
            told(
                "Time,\"Patient\",With\n10:15,\"Novak, Olga\",Maria Chen\n8:45,\"James Weber\",Stone"
            ),
            ["Novak, Olga", "James Weber"]
        );
    }

    #[test]
    fn labels_and_openings_tell_patients() {
        for text in [
            "Patient: Olga Novak\nTime: 10:15\nWith: Maria Chen",
            "* **Patient name:** Olga Novak (10:15, Maria Chen)",
            "1. Patient name - Olga Novak",
            "Hi, patient: Olga Novak, wants Tuesday",
            "Patient   Olga Novak\nTime      10:15",
            "| Patient's name | Olga Novak |\n| Seen by | Maria Chen |",
            "Patient: Ms. Olga Novak",
            "PT = Olga Novak",
        ] {
            assert_eq!(told(text), ["Olga Novak"], "{text}");
        }
        for text in [
            "New patients to register:\n\n- Olga Novak, 03/14/1994\n- James Weber, 2019-08-27\n\nThanks\nMaria Chen",
            "The pts below were not reached:\n1. 10:15 Olga Novak\n2. 8:45 James Weber\n\nMaria Chen",
            "Patients to register:\n\nName: Olga Novak\nDOB: 1994-03-14\n\nName: James Weber\nDOB: 2019-08-27\n\nMaria Chen",
            "Patients to call: Olga Novak, James Weber",
            "Our dialysis patients for Monday:\n* Olga Novak\n* James Weber",
            "Patient,Item,Stone\nOlga Novak,1,B4\nJames Weber,2,C1",
            "Pacientes de hoy:\nOlga Novak, 10:15\nJames Weber, 8:45",
        ] {
            assert_eq!(told(text), ["Olga Novak", "James Weber"], "{text}");
        }
    }

    #[test]
    fn other_lists_and_words_of_patients_tell_nobody() {
        for text in [
            "Owner | Task\nOlga Novak | patient portal\nJames Weber | Patient",
            "Owner | Patient | Due\nOlga Novak | none | 5/1\nJames Weber | none | 5/2",
            "Patient portal | Owner\nlogin | Olga Novak\nbills | James Weber",
            "Please be patient, the tables are late.\nOlga Novak, James Weber",
            "Contacts for patients:\n- Olga Novak\n- James Weber",
            "Volunteers who drive patients:\n- Olga Novak\n- James Weber",
            "The nurse of new patients:\n- Olga Novak\n- James Weber",
            "Accepting new patients:\n- Olga Novak\n- James Weber",
            "These doctors take new patients:\n- Olga Novak\n- James Weber",
            "Patients and families council:\n- Olga Novak\n- James Weber",
            "Patients seen by: Olga Novak, James Weber",
            "Patients: ask Olga Novak or Dr. Stone",
            "We heard from a patient: Olga Novak helped",
            "Patient - Olga Novak",
            "Our rules for patients:\n- be kind, as Olga Novak says\n- be on time, James Weber",
            "Patient: ZZTEST Alpha",
            "Patient: Dr. Stone",
            "Patient: Jane",
            "Patient of Maria Chen",
            "Patient: ____________   DOB: ____________\nTech: Maria Chen, Vantage",
            "Patient:   DOB:\nTech: Maria Chen",
            "We have patients in mind: ask Olga Novak.\nJames Weber",
            "Patients seen: 14\nOlga Novak\nJames Weber",
            "Patient | With\nStone, MD | Maria Chen, RN\nDr. Stone | Maria Chen, RN",
        ] {
            assert_eq!(told(text), [""; 0], "{text}");
        }
    }

    /// What is longer than a line of a table is no row, and behind some that name nobody a
    /// list has ended.
    #[test]
    fn lists_end() {
        let heading = "Patient | Time\n";
        let far = |rows: usize| format!("{heading}{}Olga Novak | 10:15", "- | none\n".repeat(rows));
        assert_eq!(told(&far(MAX_OTHERS - 1)), ["Olga Novak"]);
        assert!(told(&far(MAX_OTHERS)).is_empty());
        let wide = |units: usize| format!("{heading}Olga Novak |{}", " x".repeat(units));
        assert_eq!(told(&wide(MAX_ROW - 3)), ["Olga Novak"]);
        assert!(told(&wide(MAX_ROW)).is_empty());
        let opening =
            |units: usize| format!("Patients{}:\nOlga Novak\nLuis Ortiz", " x".repeat(units));
        assert_eq!(told(&opening(MAX_LINE - 2)), ["Olga Novak", "Luis Ortiz"]);
        assert!(told(&opening(MAX_LINE - 1)).is_empty());
    }
}
