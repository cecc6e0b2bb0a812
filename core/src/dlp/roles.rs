//! Who of the people in a text is a patient or another private person, and who is staff:
//! a linear model over what stands around all that is said of each.
//!
//! The model for words decides word by word, from left to right, before it knows what
//! else is said of somebody. Here all mentions of a person in a text count together.

mod features;
mod people;
mod same;

use std::sync::LazyLock;

use self::features::is_person;
pub(crate) use self::people::People;
use self::people::Person;
use super::FindingKind;
use super::lexicon::Flag;
use super::passage::{Passage, Region};
use super::risk::Weights;
use super::risk::single::Single;
use super::tagger::Tag;
use super::tagger::context::Context;
use super::token::Gap;

/// Where the line is drawn, in hundredths of log-odds for a private person: one of them
/// who is taken for staff costs more than the other way round.
const LINE: i32 = -40;

static ROLES: LazyLock<Single> =
    LazyLock::new(|| Single::new(&Weights::read(include_bytes!("roles/roles.bin"))));

/// Whether people are told apart in a region: the model is learnt from these.
pub(crate) fn is_told(region: Region) -> bool {
    matches!(
        region,
        Region::Subject | Region::Body | Region::Attachment | Region::FileName
    )
}

/// Whether a model found a person, which another may know better; what a format tells is
/// certain.
pub(crate) fn is_open(tag: &Tag) -> bool {
    is_person(tag) && !super::rules::is_told_by_format(tag)
}

/// Tells private persons from staff.
pub(super) fn tell(passage: &Passage<'_>, tags: &mut [Tag], context: &Context) {
    if !is_told(passage.region) || !tags.iter().any(is_open) {
        return;
    }
    let people = People::new(passage, tags, context);
    let roles = &*ROLES;
    let scores = scores(&people, |hash| i32::from(roles.row(hash)[0]));
    for (person, score) in people.all.iter().zip(scores) {
        if let Some(tag) = tags.get_mut(person.tag).filter(|tag| is_open(tag)) {
            decide(passage, tag, roles.bias() + score - LINE);
        }
    }
}

/// How much the weights of features speak for a private person, for each mention.
/// Everybody is one thing in a text: what stands around a mention counts by its share of
/// all that are of the same person.
fn scores(people: &People, weight: impl Fn(u32) -> i32) -> Vec<i32> {
    let mut sums = vec![0i32; people.all.len()];
    for person in &people.all {
        let own = people.own(person).iter().map(|hash| weight(*hash));
        sums[person.same] += own.sum::<i32>();
    }
    for (n, first) in people.all.iter().enumerate() {
        if first.same == n {
            let many = i32::try_from(first.many).unwrap_or(i32::MAX).max(1);
            let together: i32 = people.together(first).map(&weight).sum();
            sums[n] = sums[n] / many + together;
        }
    }
    people.all.iter().map(|person| sums[person.same]).collect()
}

/// Makes somebody a private person, or staff, by what speaks for it.
fn decide(passage: &Passage<'_>, tag: &mut Tag, score: i32) {
    let kind = match score > 0 {
        true => FindingKind::Name,
        false => FindingKind::Provider,
    };
    if tag.kind == kind {
        return;
    }
    // No surer than that it is a person, and than which.
    let sure = i16::try_from(score.abs() / 2).unwrap_or(i16::MAX);
    (tag.kind, tag.margin) = (kind, tag.margin.abs().min(sure));
    let has = |n: usize, flag| {
        let item = passage.items.get(n);
        item.is_some_and(|item| item.word.flags().has(flag))
    };
    match kind {
        // A private person's title is none of the name, a clinician's is.
        FindingKind::Name => {
            while tag.first + 1 < tag.last
                && (has(tag.first, Flag::PersonalTitle) || passage.bytes(tag.first) == b".")
            {
                tag.first += 1;
            }
        }
        _ => {
            let point = usize::from(tag.first > 1 && passage.bytes(tag.first - 1) == b".");
            let title = tag
                .first
                .checked_sub(1 + point)
                .filter(|n| has(*n, Flag::TitleBefore));
            let beside = |n: usize| {
                let mut between = (n + 1..=tag.first).filter_map(|n| passage.items.get(n));
                between.all(|item| item.gap < Gap::Line)
            };
            tag.first = title.filter(|n| beside(*n)).unwrap_or(tag.first);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use FindingKind::{Name, Provider};

    fn passage(text: &str) -> Passage<'_> {
        Passage::read(text.as_bytes(), 0, text.len(), Region::Body)
    }

    /// Tags of the units of a text that are somebody, by turns of one kind and the other.
    fn by_turns(passage: &Passage<'_>, people: &[&str]) -> Vec<Tag> {
        let units = (0..passage.items.len())
            .filter(|n| people.iter().any(|who| passage.bytes(*n) == who.as_bytes()));
        units
            .zip([Name, Provider].into_iter().cycle())
            .map(|(first, kind)| Tag {
                first,
                last: first + 1,
                kind,
                margin: 70,
            })
            .collect()
    }

    /// Whatever stands around one mention alone.
    #[test]
    fn everybody_is_one_thing() {
        let passage = passage("Rosa fell. Omar teaches. Rosa sleeps. Rosa waits.");
        let tags = by_turns(&passage, &["Rosa", "Omar"]);
        let people = People::new(&passage, &tags, &Context::default());
        // What holds of the first mention of each, and of nobody else.
        let only = |n: usize| {
            let own = |n: usize| people.own(&people.all[n]);
            let others = [0, 1, 2, 3].into_iter().filter(move |other| *other != n);
            let others: Vec<u32> = others.flat_map(own).copied().collect();
            let mut all = own(n).iter().copied();
            all.find(|hash| !others.contains(hash)).unwrap()
        };
        let (fell, teaches) = (only(0), only(1));
        let weight = |hash: u32| match hash {
            _ if hash == fell => 300,
            _ if hash == teaches => -50,
            _ => 0,
        };
        assert_eq!(scores(&people, weight), [100, -50, 100, 100]);
    }

    #[test]
    fn a_patient_is_told_from_staff() {
        for (text, kind) in [
            ("Rosa was admitted with sepsis and is on vancomycin.", Name),
            ("Thanks,\nRosa\nPractice manager", Provider),
        ] {
            let passage = passage(text);
            for taken_for in [Name, Provider] {
                let mut tags = by_turns(&passage, &["Rosa"]);
                tags[0].kind = taken_for;
                tags[0].margin = 10;
                tell(&passage, &mut tags, &Context::default());
                assert_eq!(tags[0].kind, kind, "{text}, taken for {taken_for:?}");
            }
        }
    }

    #[test]
    fn what_a_format_tells_stays() {
        let passage = passage("Thanks,\nRosa\nPractice manager");
        let mut tags = by_turns(&passage, &["Rosa"]);
        tags[0].margin = i16::MAX;
        tell(&passage, &mut tags, &Context::default());
        assert_eq!((tags[0].kind, tags[0].margin), (Name, i16::MAX));
    }

    /// Scores of the table are those of the file, for somebody who is told of once.
    #[test]
    fn scores_are_those_of_the_file() {
        let weights = Weights::<1>::read(include_bytes!("roles/roles.bin"));
        let passage = passage("Rosa was admitted with sepsis.");
        let tags = by_turns(&passage, &["Rosa"]);
        let people = People::new(&passage, &tags, &Context::default());
        let [rosa] = people.all.as_slice() else {
            panic!("one person");
        };
        let code = super::super::risk::features::Feature::of_hash;
        let [wanted] = weights.score(people.features(rosa).map(code));
        let roles = &*ROLES;
        let found = scores(&people, |hash| i32::from(roles.row(hash)[0]));
        assert_eq!(found, [wanted - roles.bias()]);
        assert_ne!(found, [0]);
    }

    /// What becomes of one tag of a kind by a score.
    fn decided(text: &str, who: &str, kind: FindingKind, score: i32) -> (FindingKind, String, i16) {
        let passage = passage(text);
        let at = text.find(who).unwrap();
        let units = |end: usize| passage.spans.partition_point(|s| (s.start as usize) < end);
        let mut tag = Tag {
            first: units(at),
            last: units(at + who.len()),
            kind,
            margin: 70,
        };
        decide(&passage, &mut tag, score);
        let [first, last] = [tag.first, tag.last - 1].map(|n| passage.spans[n]);
        let value = &text[first.start as usize..last.end as usize];
        (tag.kind, value.to_owned(), tag.margin)
    }

    #[test]
    fn titles_belong_to_staff_and_to_no_private_person() {
        let text = "Ask Ms. Castellaw and Dr. Okafor, or Dr\nLee.";
        let name = decided(text, "Ms. Castellaw", Provider, 50);
        assert_eq!(name, (Name, "Castellaw".to_owned(), 25));
        let staff = decided(text, "Okafor", Name, -500);
        assert_eq!(staff, (Provider, "Dr. Okafor".to_owned(), 70));
        let staff = decided(text, "Lee", Name, -50);
        assert_eq!(staff, (Provider, "Lee".to_owned(), 25));
    }

    #[test]
    fn who_stays_what_they_were_stays_as_sure() {
        let text = "Ask Ms. Castellaw.";
        let staff = decided(text, "Ms. Castellaw", Provider, -1);
        assert_eq!(staff, (Provider, "Ms. Castellaw".to_owned(), 70));
    }
}
