//! Who is called a patient by what stands over or before a name, in a list or a sentence
//! (`our patient Olga Novak`).
//!
//! ```text
//! Patient      Time    With            Patient: Olga Novak       Patients to call back:
//! Olga Novak   10:15   Dr. Stone       Time: 10:15               - Olga Novak, 317-555-0142
//! ```
//!
//! **In**: a passage and what was found in it. **Out**: whether it lists patients, who
//! then are private persons, whatever the models take them for. They count words, of
//! which such a list has few, and all but one of them are those of any other list.

mod words;

use std::ops::Range;

use self::words::{
    BEHIND, BESIDE, BY, CLINICAL, CLOSING, LISTS, MANNER, NAME, OTHERS, PARTS, PATIENT, PATIENTS,
    STAFF, THERAPISTS, THESE, TO, WHICH, WHO,
};
use crate::dlp::FindingKind;
use crate::dlp::lexicon::{Flag, Flags, HEALTH};
use crate::dlp::passage::{Item, Passage};
use crate::dlp::risk::summary::is_test_person;
use crate::dlp::rules::{is_person, without_title};
use crate::dlp::tagger::Tag;
use crate::dlp::token::{Gap, Shape, hash};
use crate::dlp::unit::UnitKind;

/// Units of a line that is a heading, a label or an opening.
const MAX_LINE: usize = 96;
/// Lines below it that are looked at: who stands further down keeps the kind that the
/// models give.
const MAX_ROWS: usize = 200;
/// Lines in a row that name no patient, behind which a list has ended.
const MAX_OTHERS: usize = 3;
/// Units of such a line.
const MAX_ROW: usize = 512;
/// Units of a line of a list before the name: a number, a day and a time.
const BEFORE: usize = 8;

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
        let all = (lists.called(at))
            .or_else(|| lists.labelled(at, &line))
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
        let flags = |n: usize| self.item(n).map(|item| item.word.flags());
        let clinical = |f: Flags| f.any(CLINICAL) && !f.has(Flag::PersonalTitle);
        let titled = (tag.first..tag.last).filter_map(flags).any(clinical);
        // `Maria Chen, RN`; what stands in the next cell or line is of somebody else.
        let comma = usize::from(self.passage.bytes(tag.last) == b",");
        let behind = tag.last + comma;
        let beside = (tag.last..=behind).all(|n| self.item(n).is_some_and(|i| i.gap <= Gap::Space));
        let behind = flags(behind).is_some_and(|f| f.has(Flag::TitleAfter));
        let titled = titled || beside && behind || self.comes_behind_title(tag);
        !titled && !is_test_person(self.passage, tag)
    }

    /// Whether a title stands right before a name, which may not be of the finding.
    fn comes_behind_title(&self, tag: &Tag) -> bool {
        let point = usize::from(self.passage.bytes(tag.first.saturating_sub(1)) == b".");
        let title = (tag.first.checked_sub(1 + point)).and_then(|n| self.item(n));
        let beside = self.item(tag.first).is_some_and(|i| i.gap == Gap::Space);
        let flags = title.map(|title| title.word.flags());
        beside && flags.is_some_and(|f| f.has(Flag::TitleBefore) && !f.has(Flag::PersonalTitle))
    }

    /// Whether somebody is told by more than one word: `Olga Novak`, `Mrs. Novak`.
    fn is_full(&self, tag: &Tag) -> bool {
        let point = usize::from(self.passage.bytes(tag.first.saturating_sub(1)) == b".");
        let before = tag.first.checked_sub(1 + point).and_then(|n| self.item(n));
        let titled = before.is_some_and(|i| i.word.flags().has(Flag::PersonalTitle));
        tag.last >= tag.first + 2 || titled
    }

    /// `our patient Olga Novak`; but `be patient, Olga Novak`.
    fn called(&self, at: usize) -> Option<Vec<usize>> {
        let before = at.checked_sub(1);
        let is_manner = before.is_some_and(|n| self.says(n, &MANNER));
        let n = self.tags.partition_point(|tag| tag.first <= at);
        // A title of a private person is none of the name.
        let tag = self.tags.get(n).filter(|tag| is_somebody(tag))?;
        let is_title = |n: usize| {
            let flags = self.item(n).map(|item| item.word.flags());
            flags.is_some_and(|f| f.has(Flag::PersonalTitle))
        };
        let titled = (at + 1..tag.first)
            .all(|n| is_title(n) || self.passage.bytes(n) == b"." && is_title(n - 1));
        let beside =
            (at + 1..=tag.first).all(|n| self.item(n).is_some_and(|item| item.gap <= Gap::Space));
        let one = !self.says(at, &PATIENTS) && !self.is_part_time(at);
        // One word is sure where the models take it for a private person's name, or in the
        // midst of a sentence: at its start it may be the first of `Patient Access`.
        let is_lower = self.item(at).is_some_and(|item| item.shape == Shape::Lower);
        let full = self.is_full(tag) || tag.kind == FindingKind::Name || is_lower;
        (one && !is_manner && titled && beside && full && self.may_be_patient(tag)).then(|| vec![n])
    }

    /// `Patient: Olga Novak`, and at the start of a line as two cells too.
    fn labelled(&self, at: usize, line: &Range<usize>) -> Option<Vec<usize>> {
        let is_number = |n: usize| self.item(n).is_some_and(|i| i.kind == UnitKind::Number);
        let opens =
            (line.start..at).all(|n| self.is_sign(n) || is_number(n) || self.says(n, &NAME));
        // `Hi, patient: Olga Novak`; but in `a patient: Olga Novak helped` it is no label.
        if !opens && !self.is_sign(at - 1) {
            return None;
        }
        let mut behind = at + 1;
        while behind < line.end
            && (self.says(behind, &NAME)
                || is_number(behind)
                || matches!(
                    self.passage.bytes(behind),
                    b"'" | b"\xe2\x80\x99" | b"*" | b"#"
                ))
        {
            behind += 1;
        }
        // `Patient/Guarantor:`
        if self.passage.bytes(behind) == b"/" {
            behind += 2;
        }
        if self.is_part_time(at) {
            return None;
        }
        let named = behind > at + 1 || at > line.start && self.says(at - 1, &NAME);
        let cells = opens && !self.is_row_of_others(line);
        let parted = match self.passage.bytes(behind) {
            b":" => true,
            b"=" | b"|" => cells,
            b"-" | b"\xe2\x80\x93" => opens && named,
            _ => cells && Sign::Column.parts(self.passage, behind) && behind < line.end,
        };
        if !parted {
            return None;
        }
        while behind < line.end && self.is_sign(behind) {
            behind += 1;
        }
        let name = match behind < line.end {
            true => behind..line.end,
            // The name may stand alone in the next line.
            false => line.end..line_end(self.passage, line.end),
        };
        let (n, tag) = self.people(&name).next()?;
        // A title of a private person is none of the name.
        let titled = (name.start..tag.first).all(|n| {
            let flags = self.item(n).map(|item| item.word.flags());
            self.is_sign(n) || flags.is_some_and(|f| f.has(Flag::PersonalTitle))
        });
        let alone = behind < line.end || tag.last == name.end && !self.says(at, &PATIENTS);
        // `Patient last name: Novak`
        let full = self.is_full(tag) || (at + 1..name.start).any(|n| self.says(n, &PARTS));
        (titled && alone && full && self.may_be_patient(tag)).then(|| vec![n])
    }

    /// Whether it is `PT` and stands near what is said of those who work part time, or in
    /// therapy.
    fn is_part_time(&self, at: usize) -> bool {
        const NEAR: usize = 40;
        let near = at.saturating_sub(NEAR)..(at + NEAR).min(self.passage.items.len());
        self.passage.bytes(at) == b"PT" && near.clone().any(|n| self.says(n, &THERAPISTS))
    }

    /// Whether two cells are a row of a table with a heading, `Role | Owner`: its first
    /// line says nothing of anybody.
    fn is_row_of_others(&self, line: &Range<usize>) -> bool {
        let ends = |n: &usize| self.item(*n).is_some_and(|i| i.gap == Gap::Paragraph);
        let first = (line.start.saturating_sub(MAX_LINE)..=line.start)
            .rev()
            .find(ends);
        let first = first.unwrap_or(0);
        let head = first..line_end(self.passage, first);
        let figures = |n: usize| {
            self.item(n)
                .is_some_and(|i| !matches!(i.kind, UnitKind::Word | UnitKind::Sign))
        };
        let two = |line: &Range<usize>| {
            let sign = [Sign::Bar, Sign::Column]
                .into_iter()
                .find(|s| self.has(*s, line));
            sign.map(|sign| (sign, self.cells(sign, line).len()))
        };
        head.start < line.start
            && two(&head).is_some()
            && two(&head) == two(line)
            && !head.clone().any(figures)
            && !self.people(&head).any(|(_, tag)| self.is_full(tag))
    }

    fn has(&self, sign: Sign, line: &Range<usize>) -> bool {
        (line.start + 1..line.end).any(|n| self.opens_cell(sign, line, n))
    }

    /// The people in a column whose heading is `Patient`.
    fn below_heading(&self, at: usize, line: &Range<usize>) -> Option<Vec<usize>> {
        // One word may be taken for a name: `Patient, Item, Bin`.
        if self.people(line).any(|(_, tag)| self.is_full(tag)) || self.is_part_time(at) {
            return None;
        }
        let signs = [Sign::Bar, Sign::Column, Sign::Semicolon, Sign::Comma];
        let sign = signs.into_iter().find(|sign| self.has(*sign, line))?;
        // Prose has these too.
        let sure = matches!(sign, Sign::Bar | Sign::Column);
        let cells = self.cells(sign, line);
        let column = cells.iter().position(|cell| cell.contains(&at))?;
        // `Patient: ______` is a field to fill in, and `patient.` ends a sentence.
        let is_mark = |n: usize| {
            let bytes = self.passage.bytes(n);
            sign.parts(self.passage, n)
                || matches!(bytes, b"*" | b"\"" | b"'" | b"#" | b"(" | b")")
                || bytes == b"\xe2\x80\x99"
                || bytes == b">"
                || matches!(bytes, b"/" | b"&")
        };
        let is_heading = |n: usize| {
            is_mark(n)
                || [&PATIENT[..], &NAME].iter().any(|w| self.says(n, w))
                || n > at && self.says(n, &BESIDE)
        };
        let follows = self
            .item(line.end)
            .is_some_and(|i| sure || i.gap == Gap::Line);
        if !cells[column].clone().all(is_heading) || !follows {
            return None;
        }
        let told = self.rows(line.end, |row| {
            let row = self.cells(sign, row);
            let even = row.len() == cells.len() || sure && column == 0 || sign == Sign::Bar;
            let cell = row.get(column).filter(|_| even && row.len() > 1)?;
            let (n, tag) = self.people(cell).next()?;
            let begins = (cell.start..tag.first).all(|n| {
                let item = self.item(n);
                item.is_some_and(|i| {
                    i.kind != UnitKind::Word || i.word.flags().has(Flag::PersonalTitle)
                })
            });
            (begins && self.may_be_patient(tag)).then_some(n)
        });
        let full = |n: &usize| self.tags.get(*n).is_some_and(|tag| self.is_full(tag));
        let least = if sure && told.iter().any(full) { 1 } else { 2 };
        (told.len() >= least).then_some(told)
    }

    /// Those whom an opening lists, in its line and below it: `Patients to call back:`.
    fn below_opening(&self, at: usize, line: &Range<usize>) -> Option<Vec<usize>> {
        let colon = (at + 1..line.end).find(|n| self.passage.bytes(*n) == b":");
        let opening = line.start..colon.unwrap_or(line.end);
        let last = opening.end.checked_sub(1)?;
        let these = at > line.start && self.says(at - 1, &THESE);
        let from = if these { at } else { line.start };
        let full = |tag: &Tag| self.is_full(tag) && self.may_be_patient(tag);
        // Without a colon it is a heading, and says no more than which patients.
        let goes_on = self.is_sign(last) || last > at && !self.says(at + 1, &WHO);
        let starts =
            (line.start..at).all(|n| self.item(n).is_some_and(|i| i.kind != UnitKind::Word));
        let one = starts && colon.is_some() && self.says(at + 1, &TO);
        let opens = (one || self.says(at, &PATIENTS))
            && !(from..opening.end).any(|n| self.speaks_of_others(n, at))
            && !self.says(last, &BY)
            && (colon.is_some() || !goes_on)
            && (these || !self.people(&opening).any(|(_, tag)| full(tag)));
        if !opens {
            return None;
        }
        let behind = opening.end + 1..line.end;
        if behind.clone().any(|n| !self.is_sign(n)) {
            // `Patients: Olga Novak, James Weber`: nobody else stands in it.
            let mut told = Vec::new();
            for (n, tag) in self.people(&behind) {
                told.push(full(tag).then_some(n)?);
            }
            let first = told.first().and_then(|n| self.tags.get(*n));
            let begins = first.is_some_and(|tag| tag.first == behind.start);
            return (told.len() >= 2 || one && begins).then_some(told);
        }
        let is_item = |row: &Range<usize>| {
            let first = (row.start..row.end).find(|n| self.passage.bytes(*n) != b">");
            let mark = first.map(|n| self.passage.bytes(n));
            mark.is_some_and(|mark| [&b"-"[..], b"*", b"\xe2\x80\xa2"].contains(&mark))
        };
        let told = self.rows(line.end, |row| {
            let (n, tag) = self.people(row).next()?;
            let is_word = |n: &usize| self.item(*n).is_some_and(|i| i.kind == UnitKind::Word);
            let words = (row.start..tag.first).filter(is_word);
            let begins = tag.first <= row.start + BEFORE && words.count() <= 2;
            (begins && (colon.is_some() || is_item(row)) && full(tag)).then_some(n)
        });
        // An item below a colon is one by itself.
        let first = self.tags.get(*told.first()?)?.first;
        let row = line_of(self.passage, first);
        let one = colon.is_some() && row.is_some_and(|row| is_item(&row));
        (told.len() >= 2 || one).then_some(told)
    }

    /// Whether a word of an opening says that it is not patients who are listed, but
    /// others: who works for them, or does something. Before `patients` stand words that
    /// say which ones, and hardly any of these is a plural or ends as verbs do.
    fn speaks_of_others(&self, n: usize, at: usize) -> bool {
        let Some(item) = self.item(n).filter(|item| item.kind == UnitKind::Word) else {
            return false;
        };
        let flags = item.word.flags();
        if n > at {
            // Behind it staff are told of: `patients of Dr. Stone`.
            return n == at + 1 && self.says(n, &BEHIND);
        }
        let word = self.passage.bytes(n);
        let long = word.len() > 3;
        let ends = |end: &[u8]| word.to_ascii_lowercase().ends_with(end);
        let does = long && (ends(b"s") || ends(b"ing") || ends(b"ly")) && !flags.any(HEALTH);
        // `List of patients:`, `Names of new patients:`
        let listed = self.says(n, &[hash(b"of")]) && self.says(n.saturating_sub(1), &LISTS);
        n < at
            && (flags.any(STAFF)
                || self.says(n, &OTHERS) && !listed
                || does && !self.says(n, &WHICH))
    }

    /// What `named` finds in the lines from a unit on, until the list ends: where some lines
    /// in a row name no patient, where a letter closes, or behind an empty line below
    /// somebody, unless the next begins as the first of the list does (`Name: Olga Novak`).
    fn rows(&self, mut at: usize, named: impl Fn(&Range<usize>) -> Option<usize>) -> Vec<usize> {
        let (mut told, mut others, mut opens) = (Vec::new(), 0, None);
        for _ in 0..MAX_ROWS {
            let Some(item) = self.item(at) else {
                break;
            };
            let row = at..line_end(self.passage, at);
            if self.says(at, &CLOSING) {
                break;
            }
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

    /// The units of the cells of a line; quotes hold a cell together.
    fn cells(&self, sign: Sign, line: &Range<usize>) -> Vec<Range<usize>> {
        let (mut cells, mut start, mut quoted) = (Vec::new(), line.start, false);
        for n in line.start + 1..line.end {
            quoted ^= self.passage.bytes(n - 1) == b"\"";
            if !quoted && self.opens_cell(sign, line, n) {
                cells.push(start..n);
                start = n;
            }
        }
        cells.push(start..line.end);
        cells
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
            "Patient\tWith\nOlga Novak\tDr. Stone\nJames Weber\tDr. Stone\nThanks,\nMaria Chen",
            "Time,Patient,With\n10:15,Olga Novak,Maria Chen\n8:45,James Weber,Stone",
            "Room;Pt;With\n12;Olga Novak;Maria Chen\n14;James Weber;Stone",
            "Hora\tNombre del paciente\n10:15\tOlga Novak\n8:45\tJames Weber",
            "Time | Patient & phone | With\n10:15 | Olga Novak 555-0142 | Maria Chen\n8:45 | James Weber 555-0143 | Stone",
            "Time\tPatient (DOB)\n10:15\tOlga Novak (3/14/1994)\n8:45\tJames Weber (5/1/1960)",
        ] {
            assert_eq!(told(text), ["Olga Novak", "James Weber"], "{text}");
        }
        assert_eq!(
            told("Patient Last Name: Stone\nPatient First Name: Jane"),
            ["Stone", "Jane"]
        );
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
            "Nombre del paciente: Olga Novak",
            "Name of patient: Olga Novak",
            "Patient 1: Olga Novak",
            "Patient #1: Olga Novak",
            "Re: Patient: Olga Novak",
            "Patient/Guarantor: Olga Novak",
            "Patient:\nOlga Novak\n10:15",
            "Patient: Olga Novak\nPA: approved",
            "Date      5/1\nPatient   Olga Novak",
            "Patients to call back:\n- Olga Novak, 317-555-0142\n\nThanks,\nMaria Chen",
            "Patient to call back:\n- Olga Novak, 317-555-0142\n\nThanks,\nMaria Chen",
            "Patient to call back: Olga Novak, 317-555-0142",
            "Maria Chen asks whether our patient Olga Novak can go home",
            "Did pt Mrs. Olga Novak call? Maria Chen",
        ] {
            assert_eq!(told(text), ["Olga Novak"], "{text}");
        }
        for text in [
            "New patients to register:\n\n- Olga Novak, 03/14/1994\n- James Weber, 2019-08-27\n\nThanks\nMaria Chen",
            "The pts below were not reached:\n1. 10:15 Olga Novak\n2. 8:45 James Weber\n\nMaria Chen",
            "Patients to register:\n\nName: Olga Novak\nDOB: 1994-03-14\n\nName: James Weber\nDOB: 2019-08-27\n\nMaria Chen",
            "Patients to call: Olga Novak, James Weber",
            "Patients to call back\n- Olga Novak\n- James Weber",
            "New patients\n\n* Olga Novak\n* James Weber",
            "Hi Jane, patients to move to Dr. Stone:\n- Call Olga Novak about it\n- Please call James Weber",
            "Refunds for the following patients:\nOlga Novak\nJames Weber\nThanks\nMaria Chen",
            "Dr. Stone's patients tomorrow:\n- Olga Novak, Dr. Stone\n- James Weber",
            "List of new patients:\nOlga Novak\nJames Weber\n\nDr. Stone",
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
            "Please be\npatient.  If it does not come back, call\nMaria Chen  at the desk",
            "Patients | Visitors | Careers\nMaria Chen joins the board",
            "Patient | Date | Copay\n\nThanks,\nMaria Chen",
            "Patients   400\nMaria Chen presents",
            "Dear\nPatients,\n\nMaria Chen has left, sadly\nOlga Novak is here, at last",
            "our\npatients, neighbors and donors.\n\nMaria Chen, Chair\nOlga Novak, Treasurer",
            "FT\tOlga Novak\nPT\tJames Weber",
            "PT | OT | SLP\nOlga Novak | Luis Ortiz | James Weber",
            "New patients\nOlga Novak\nJames Weber",
            "Patients first\n- Olga Novak\n- James Weber",
            "We like patients.\n- Olga Novak\n- James Weber",
            "Patients can reach:\n- Olga Novak\n- James Weber",
            "Seeing new patients:\n- Olga Novak\n- James Weber",
            "What patients love about us:\n- Olga Novak\n- James Weber",
            "Feedback from patients:\n- Olga Novak\n- James Weber",
            "Friends of patients:\n- Olga Novak\n- James Weber",
            "Quien atiende a los pacientes:\n- Olga Novak\n- James Weber",
            "of patients:\n- Olga Novak\n- James Weber",
            "Role | Owner\nPatient | Maria Chen\nClinician | Luis Ortiz",
            "Seat     Member\nPatient  Olga Novak",
            "Our rules for patients:\n- be kind, as Olga Novak says\n- be on time, James Weber",
            "Patient: ZZTEST Alpha",
            "Patient: Dr. Stone",
            "Patient: Jane",
            "Please be patient Maria Chen, it takes time",
            "Thank you for being so patient, Maria Chen",
            "Patient Jane",
            "Patient access: Jane",
            "We ask each patient. Maria Chen answers",
            "The patient advocate Maria Chen",
            "Our patients Maria Chen and James Weber met",
            "Patient to nurse ratio: 5, says Maria Chen",
            "Patient & staff | Time\nOlga Novak | 10:15\nMaria Chen | 8:45",
            "Patient phone: 555-0142, Jane",
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
