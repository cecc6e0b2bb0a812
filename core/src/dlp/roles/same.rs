//! Which mentions are of the same person.

use super::people::Person;
use crate::dlp::lexicon::{Flag, Flags, NAMES};
use crate::dlp::passage::Passage;
use crate::dlp::rules::{greets, title_before};
use crate::dlp::tagger::Tag;
use crate::dlp::token::{Gap, join};
use crate::dlp::unit::UnitKind;

const CLINICAL: Flags = Flags::of(&[Flag::TitleBefore, Flag::TitleAfter]);
const TITLES: Flags = CLINICAL.union(Flags::of(&[Flag::PersonalTitle]));

/// By what somebody is called at one place.
struct Called {
    /// The words of the name, without initials.
    words: Vec<u32>,
    /// All of them as one, in whatever order; by an initial and one word that is both.
    whole: u32,
    how: How,
    /// Who is called a clinician is somebody else than who is not.
    clinical: bool,
}

/// How somebody is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum How {
    /// By one word that a text greets, which tells of somebody else.
    Greeted,
    /// By one word in a text.
    Told,
    /// By one word that is all of a line, as who writes is.
    Alone,
    /// By several words.
    Named,
}

impl Called {
    fn of(passage: &Passage<'_>, tag: &Tag) -> Self {
        let (mut words, mut initials) = (Vec::new(), 0);
        let mut clinical = title_before(passage, tag.first, 0).is_some();
        for at in tag.first..tag.last {
            let Some(item) = passage.items.get(at) else {
                continue;
            };
            let flags = item.word.flags();
            let long = passage.bytes(at).len() > 1;
            // What is a name too is a title where another word stands behind it.
            let leads = long && at == tag.first && at + 1 < tag.last;
            if flags.any(TITLES) && (leads || !flags.any(NAMES)) {
                clinical |= flags.any(CLINICAL) && !flags.has(Flag::PersonalTitle);
            } else if item.kind == UnitKind::Word && long {
                words.push(item.hash);
            } else if item.kind == UnitKind::Word {
                initials = join(initials, item.hash);
            }
        }
        words.sort_unstable();
        words.dedup();
        let gap = |at: usize| {
            passage
                .items
                .get(at)
                .map_or(Gap::Paragraph, |item| item.gap)
        };
        let how = match words.len() {
            1 if initials != 0 => How::Named,
            1 if greets(passage, tag) => How::Greeted,
            1 if gap(tag.first) >= Gap::Line && gap(tag.last) >= Gap::Line => How::Alone,
            1 => How::Told,
            _ => How::Named,
        };
        let seed = if words.len() == 1 { initials } else { 0 };
        Self {
            whole: words.iter().fold(seed, |whole, word| join(whole, *word)),
            words,
            how,
            clinical,
        }
    }
}

/// For each mention the first of those that are of the same person: of all who are called
/// by the same names, and of those who are called by one word and by a name that has it,
/// where no other name has.
pub(super) fn same(passage: &Passage<'_>, tags: &[Tag], people: &[Person]) -> Vec<usize> {
    // By a word, how, by which whole name, and who.
    let mut called: Vec<(u32, How, u32, usize)> = Vec::new();
    for (n, person) in people.iter().enumerate() {
        if let Some(tag) = tags.get(person.tag) {
            let by = Called::of(passage, tag);
            let words = by.words.iter().map(|word| join(*word, by.clinical.into()));
            called.extend(words.map(|word| (word, by.how, by.whole, n)));
        }
    }
    called.sort_unstable();
    let mut firsts: Vec<usize> = (0..people.len()).collect();
    for word in called.chunk_by(|a, b| a.0 == b.0) {
        for pair in word
            .windows(2)
            .filter(|pair| (pair[0].1, pair[0].2) == (pair[1].1, pair[1].2))
        {
            unite(&mut firsts, pair[0].3, pair[1].3);
        }
        let any = |how| word.iter().find(|by| by.1 == how).map(|by| by.3);
        let (greeted, told) = (any(How::Greeted), any(How::Told));
        // Who writes a line alone is not whom the text greets.
        let alone = any(How::Alone).filter(|_| greeted.is_none());
        let mut named = word.iter().filter(|by| by.1 == How::Named);
        // Told of by a name, somebody is not whom the text greets; by two names, nobody
        // says which of them is meant.
        let with = match named.next() {
            None => greeted,
            Some(name) => named.all(|other| other.2 == name.2).then_some(name.3),
        };
        let all: Vec<usize> = told.into_iter().chain(alone).chain(with).collect();
        for pair in all.windows(2) {
            unite(&mut firsts, pair[0], pair[1]);
        }
    }
    (0..people.len()).map(|n| first(&mut firsts, n)).collect()
}

/// The first of those with whom somebody is the same; the way there is made shorter.
fn first(firsts: &mut [usize], mut n: usize) -> usize {
    while firsts[n] != n {
        firsts[n] = firsts[firsts[n]];
        n = firsts[n];
    }
    n
}

fn unite(firsts: &mut [usize], a: usize, b: usize) {
    let (a, b) = (first(firsts, a), first(firsts, b));
    firsts[a.max(b)] = a.min(b);
}

#[cfg(test)]
mod tests {
    use super::super::people::People;
    use super::*;
    use crate::dlp::FindingKind;
    use crate::dlp::passage::Region;
    use crate::dlp::tagger::context::Context;

    /// Which of some people, in the order of a text, are the same: for each the first.
    fn firsts(text: &str, people: &[&str]) -> Vec<usize> {
        let passage = Passage::read(text.as_bytes(), 0, text.len(), Region::Body);
        let mut from = 0;
        let tags: Vec<Tag> = people
            .iter()
            .map(|who| {
                let at = from + text[from..].find(who).unwrap();
                let units = |end: usize| {
                    passage
                        .spans
                        .partition_point(|span| (span.start as usize) < end)
                };
                from = at + who.len();
                Tag {
                    first: units(at),
                    last: units(from),
                    kind: FindingKind::Name,
                    margin: 70,
                }
            })
            .collect();
        let all = People::new(&passage, &tags, &Context::default()).all;
        all.iter().map(|person| person.same).collect()
    }

    #[test]
    fn who_is_called_by_a_word_of_the_name_is_the_same() {
        let text = "Rosa Quintero fell. Call Rosa, or Ms. Quintero's son Lee; Quintero is home.";
        let all = ["Rosa Quintero", "Rosa", "Ms. Quintero", "Lee", "Quintero"];
        assert_eq!(firsts(text, &all), [0, 0, 0, 3, 0]);
    }

    /// Nobody says which of two is meant.
    #[test]
    fn a_word_of_two_names_is_neither() {
        let text = "Ann Voss was seen; Ann Lang called, and Ann will pay. Ann?";
        let all = ["Ann Voss", "Ann Lang", "Ann", "Ann"];
        assert_eq!(firsts(text, &all), [0, 1, 2, 2]);
        let text = "T. Nolan wrote of Terry Nolan.";
        assert_eq!(firsts(text, &["T. Nolan", "Terry Nolan"]), [0, 1]);
    }

    #[test]
    fn a_clinician_is_no_patient_of_the_same_name() {
        let text = "Dr. Lee saw Mr. Lee: Lee sleeps. Dr Lee waits.";
        let all = ["Lee", "Mr. Lee", "Lee", "Dr Lee"];
        assert_eq!(firsts(text, &all), [0, 1, 1, 0]);
        let text = "Rosa Brooks waits. Seen by Dr. Brooks and Rosa Brooks, RN.";
        let all = ["Rosa Brooks", "Dr. Brooks", "Rosa Brooks, RN"];
        assert_eq!(firsts(text, &all), [0, 1, 1]);
    }

    #[test]
    fn whom_a_text_greets_is_not_told_of_by_a_name() {
        let text = "Hi Sarah,\nplease call Sarah Whitlock. Sarah waits.\nHi Sarah, and?";
        let all = ["Sarah", "Sarah Whitlock", "Sarah", "Sarah"];
        assert_eq!(firsts(text, &all), [0, 1, 1, 0]);
        let text = "Dear Rosa,\nthe form is ready. Rosa, please call.\n\nThanks,\nRosa\n";
        assert_eq!(firsts(text, &["Rosa", "Rosa", "Rosa"]), [0, 0, 2]);
        let text = "Rosa Vail waits. Ask Rosa.\nThanks,\nRosa\n";
        assert_eq!(firsts(text, &["Rosa Vail", "Rosa", "Rosa"]), [0, 0, 0]);
    }

    #[test]
    fn a_name_is_one_in_whatever_order() {
        let text = "Hale, Thomas: Thomas J. Hale sleeps, and Thomas Hale; Thomas";
        let all = ["Hale, Thomas", "Thomas J. Hale", "Thomas Hale", "Thomas"];
        assert_eq!(firsts(text, &all), [0, 0, 0, 0]);
    }

    /// Of somebody before, of a sentence before, of a patient.
    #[test]
    fn titles_of_others_make_nobody_a_clinician() {
        for text in [
            "Seen by Dr. Tran, MD. Rosa Vail waits. Rosa Vail",
            "Seen with RN. Rosa Vail waits. Rosa Vail",
            "Pt Rosa Vail waits. Rosa Vail",
            "Dr.\nRosa Vail waits. Rosa Vail",
        ] {
            assert_eq!(firsts(text, &["Rosa Vail", "Rosa Vail"]), [0, 0], "{text}");
        }
        let text = "Olivia, your tea. Nurse Olivia, and Nurse Olivia Parks";
        let all = ["Olivia", "Nurse Olivia", "Nurse Olivia Parks"];
        assert_eq!(firsts(text, &all), [0, 1, 1]);
    }

    #[test]
    fn families_are_several_people() {
        let text = "Rosa Quintero and Omar Quintero; ROSA QUINTERO again.";
        let all = ["Rosa Quintero", "Omar Quintero", "ROSA QUINTERO"];
        assert_eq!(firsts(text, &all), [0, 1, 0]);
    }

    #[test]
    fn titles_and_initials_make_nobody_the_same() {
        let text = "Dr. Lee saw Dr. Park and R. Vail with R. Hale.";
        let all = ["Dr. Lee", "Dr. Park", "R. Vail", "R. Hale"];
        assert_eq!(firsts(text, &all), [0, 1, 2, 3]);
    }

    #[test]
    fn the_first_is_found_over_many_mentions() {
        let text = "Rosa ".repeat(5_000);
        let all = vec!["Rosa"; 5_000];
        assert!(firsts(&text, &all).iter().all(|first| *first == 0));
    }
}
