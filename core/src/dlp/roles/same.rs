//! Which mentions are of the same person.

use super::people::Person;
use crate::dlp::lexicon::{Flag, Flags, GIVEN, SURNAME};
use crate::dlp::passage::{Item, Passage};
use crate::dlp::rules::greets;
use crate::dlp::tagger::Tag;
use crate::dlp::token::join;
use crate::dlp::unit::UnitKind;

const TITLES: Flags = Flags::of(&[Flag::TitleBefore, Flag::TitleAfter, Flag::PersonalTitle]);

/// By what somebody is called at one place.
struct Called {
    /// The words of the name, and initials.
    words: Vec<u32>,
    /// All of them as one.
    whole: u32,
    /// By one word, and without an initial.
    single: bool,
    /// Who is called a clinician is somebody else than who is not, and whom a text greets
    /// somebody else than those of whom it tells.
    apart: u32,
}

impl Called {
    fn of(passage: &Passage<'_>, tag: &Tag) -> Self {
        let units = tag.first..tag.last;
        let is_name = |at: &usize| passage.items.get(*at).is_some_and(is_name);
        let words: Vec<u32> = (units.clone().filter(is_name))
            .filter_map(|at| passage.items.get(at).map(|item| item.hash))
            .collect();
        let is_initial = |at: usize| passage.bytes(at).len() == 1;
        let single = words.len() == 1 && !units.clone().filter(is_name).any(is_initial);
        // A title stands in the name, or right before it.
        let point = usize::from(passage.bytes(tag.first.saturating_sub(1)) == b".");
        let before = tag.first.checked_sub(1 + point);
        let clinical = before.into_iter().chain(units).any(|at| {
            let flags = passage.items.get(at).map(|item| item.word.flags());
            flags.is_some_and(|f| f.any(CLINICAL) && !f.has(Flag::PersonalTitle) && !f.any(NAMES))
        });
        Self {
            whole: words.iter().fold(0, |whole, word| join(whole, *word)),
            words,
            single,
            apart: u32::from(clinical) | u32::from(greets(passage, tag)) << 1,
        }
    }
}

const CLINICAL: Flags = Flags::of(&[Flag::TitleBefore, Flag::TitleAfter]);
const NAMES: Flags = GIVEN.union(SURNAME);

/// For each mention the first of those that are of the same person: of all who are called
/// by the same words, and of those who are called by one word and by a name that has it,
/// where no other name has.
pub(super) fn same(passage: &Passage<'_>, tags: &[Tag], people: &[Person]) -> Vec<usize> {
    // By a word, and by all words, the whole name, and who is called so.
    let mut by_word: Vec<(u32, u32, bool, usize)> = Vec::new();
    let mut by_whole: Vec<(u32, usize)> = Vec::new();
    for (n, person) in people.iter().enumerate() {
        let Some(tag) = tags.get(person.tag) else {
            continue;
        };
        let called = Called::of(passage, tag);
        let words = called.words.iter().map(|word| join(*word, called.apart));
        by_word.extend(words.map(|word| (word, called.whole, called.single, n)));
        if !called.words.is_empty() {
            by_whole.push((join(called.whole, called.apart), n));
        }
    }
    by_word.sort_unstable();
    by_whole.sort_unstable();
    let mut firsts: Vec<usize> = (0..people.len()).collect();
    for called in by_whole.chunk_by(|a, b| a.0 == b.0) {
        for pair in called.windows(2) {
            unite(&mut firsts, pair[0].1, pair[1].1);
        }
    }
    for called in by_word.chunk_by(|a, b| a.0 == b.0) {
        let mut names = called.iter().filter(|called| !called.2);
        let (single, name) = (called.iter().find(|called| called.2), names.next());
        if let (Some(single), Some(name)) = (single, name)
            && names.all(|other| other.1 == name.1)
        {
            unite(&mut firsts, single.3, name.3);
        }
    }
    (0..people.len()).map(|n| first(&mut firsts, n)).collect()
}

/// Whether a unit is a word of a name, and no title.
fn is_name(item: &Item) -> bool {
    let flags = item.word.flags();
    item.kind == UnitKind::Word && (!flags.any(TITLES) || flags.any(NAMES))
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
    fn who_is_greeted_is_not_told_of() {
        let text = "Hi Sarah,\nplease call Sarah Whitlock. Sarah waits.\nHi Sarah, and?";
        let all = ["Sarah", "Sarah Whitlock", "Sarah", "Sarah"];
        assert_eq!(firsts(text, &all), [0, 1, 1, 0]);
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
