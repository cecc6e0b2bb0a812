//! Which mentions are of the same person.

use super::people::Person;
use crate::dlp::lexicon::{Flag, Flags, GIVEN, SURNAME};
use crate::dlp::passage::{Item, Passage};
use crate::dlp::tagger::Tag;
use crate::dlp::token::join;
use crate::dlp::unit::UnitKind;

const TITLES: Flags = Flags::of(&[Flag::TitleBefore, Flag::TitleAfter, Flag::PersonalTitle]);

/// For each mention the first of those that are of the same person: of all who are called
/// by a word when somebody is called by it alone, and of those who are called by the same
/// words.
pub(super) fn same(passage: &Passage<'_>, tags: &[Tag], people: &[Person]) -> Vec<usize> {
    // A word, the mention, and whether it has no other; and all its words as one.
    let mut words: Vec<(u32, usize, bool)> = Vec::new();
    for (n, person) in people.iter().enumerate() {
        let Some(tag) = tags.get(person.tag) else {
            continue;
        };
        let from = words.len();
        let called = |at: &usize| {
            let item = passage.items.get(*at);
            item.is_some_and(|item| is_name(item) && passage.bytes(*at).len() > 1)
        };
        for at in (tag.first..tag.last).filter(called) {
            words.push((passage.items[at].hash, n, false));
        }
        match words.get_mut(from..) {
            Some([only]) => only.2 = true,
            Some(all @ [_, ..]) => {
                let whole = all.iter().fold(0, |whole, word| join(whole, word.0));
                words.push((whole, n, true));
            }
            _ => {}
        }
    }
    words.sort_unstable();
    let mut firsts: Vec<usize> = (0..people.len()).collect();
    for called in words.chunk_by(|a, b| a.0 == b.0) {
        if called.iter().any(|word| word.2) {
            for pair in called.windows(2) {
                unite(&mut firsts, pair[0].1, pair[1].1);
            }
        }
    }
    (0..people.len()).map(|n| first(&mut firsts, n)).collect()
}

/// Whether a unit is a word of a name, and no title.
fn is_name(item: &Item) -> bool {
    let flags = item.word.flags();
    item.kind == UnitKind::Word && (!flags.any(TITLES) || flags.any(GIVEN.union(SURNAME)))
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

    /// Of very many mentions too, in no more than some steps each.
    #[test]
    fn the_first_is_found_over_many_mentions() {
        let text = "Rosa ".repeat(5_000);
        let all = vec!["Rosa"; 5_000];
        assert!(firsts(&text, &all).iter().all(|first| *first == 0));
    }
}
