//! Who of the people in a text is a patient or another private person, and who is staff:
//! a linear model over what stands around all that is said of each.
//!
//! The model for words decides word by word, from left to right, before it knows what
//! else is said of somebody. Here all mentions of a person in a passage count together.

mod features;
mod people;
mod same;

use std::sync::LazyLock;

pub(crate) use self::people::People;
use super::FindingKind;
use super::passage::{Passage, Region};
use super::risk::Weights;
use super::risk::single::Single;
use super::rules::{is_person, title_before, without_title};
use super::tagger::Tag;
use super::tagger::context::Context;

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

/// Tells private persons from staff.
pub(super) fn tell(passage: &Passage<'_>, tags: &mut [Tag], context: &Context) {
    if !is_told(passage.region) || !tags.iter().any(is_person) {
        return;
    }
    let people = People::new(passage, tags, context);
    let roles = &*ROLES;
    let scores = scores(&people, |hash| i32::from(roles.row(hash)[0]));
    // Who is told by a format is that wherever the text names them.
    let mut certain = vec![None; people.all.len()];
    for person in &people.all {
        let told = tags.get(person.tag).filter(|tag| !is_person(tag));
        certain[person.same] = certain[person.same].or(told.map(|tag| tag.kind));
    }
    // What is found before somebody has its units for itself: up to where all of it ends.
    let (mut passed, mut free) = (0, 0);
    for (person, score) in people.all.iter().zip(scores) {
        let others = tags.get(passed..person.tag).unwrap_or_default();
        free = others.iter().fold(free, |free, tag| free.max(tag.last));
        passed = person.tag;
        let Some(tag) = tags.get_mut(person.tag).filter(|tag| is_person(tag)) else {
            continue;
        };
        let score = roles.bias() + score - LINE;
        let (kind, sure) = match certain[person.same] {
            Some(kind) => (kind, i32::MAX),
            None if score > 0 => (FindingKind::Name, score),
            None => (FindingKind::Provider, -score),
        };
        if tag.kind != kind {
            change(passage, tag, kind, sure);
            tag.first = match kind {
                FindingKind::Provider => {
                    title_before(passage, tag.first, free).unwrap_or(tag.first)
                }
                _ => tag.first,
            };
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

/// Makes a private person of staff, or staff of a private person: no surer than that it
/// is a person, and than which, in hundredths of log-odds. What was said for a leaning
/// alone stays so.
fn change(passage: &Passage<'_>, tag: &mut Tag, kind: FindingKind, sure: i32) {
    let sure = i16::try_from(sure / 2).unwrap_or(i16::MAX).max(1);
    (tag.kind, tag.margin) = (kind, tag.margin.min(sure));
    if kind == FindingKind::Name {
        without_title(passage, tag);
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

    /// A tag of a kind for one who is called so in a text.
    fn tagged(passage: &Passage<'_>, text: &str, who: &str, kind: FindingKind) -> Tag {
        let at = text.find(who).unwrap();
        let units = |end: usize| passage.spans.partition_point(|s| (s.start as usize) < end);
        Tag {
            first: units(at),
            last: units(at + who.len()),
            kind,
            margin: 70,
        }
    }

    #[test]
    fn who_is_told_by_a_format_is_that_everywhere() {
        let text = "Rosa Vail was seen.\n\nThanks,\nRosa Vail\nPractice manager";
        let passage = passage(text);
        for kind in [Name, Provider] {
            let mut told = tagged(&passage, text, "Rosa Vail", kind);
            told.margin = i16::MAX;
            let mut other = tagged(
                &passage,
                &text.replace("Rosa Vail was", "---- ---- ---"),
                "Rosa Vail",
                Name,
            );
            for taken_for in [Name, Provider] {
                other.kind = taken_for;
                let mut tags = [told, other];
                tell(&passage, &mut tags, &Context::default());
                assert_eq!([tags[0].kind, tags[1].kind], [kind; 2]);
                assert_eq!(tags[1].margin, 70);
            }
        }
    }

    /// Where somebody who becomes a private person begins.
    fn private(text: &str, who: &str) -> String {
        let passage = passage(text);
        let mut tag = tagged(&passage, text, who, Provider);
        change(&passage, &mut tag, Name, 500);
        let [first, last] = [tag.first, tag.last - 1].map(|n| passage.spans[n]);
        text[first.start as usize..last.end as usize].to_owned()
    }

    #[test]
    fn a_private_persons_title_is_none_of_the_name() {
        for (who, name) in [
            ("Ms. Castellaw", "Castellaw"),
            ("Mr Vail", "Vail"),
            ("Dr. Okafor", "Dr. Okafor"),
            ("M. Alvarez", "M. Alvarez"),
            ("Justice Boone", "Justice Boone"),
            ("Don Ramirez", "Don Ramirez"),
            ("Ms.", "Ms."),
        ] {
            assert_eq!(private(&format!("Ask {who} now."), who), name);
        }
    }

    #[test]
    fn a_clinicians_title_is_of_the_name() {
        let begins = |text: &str, free: &str| {
            let passage = passage(text);
            let unit = |word: &str| tagged(&passage, text, word, Name).first;
            let free = if free.is_empty() { 0 } else { unit(free) + 1 };
            passage.spans[title_before(&passage, unit("Lee"), free).unwrap_or(unit("Lee"))].start
                as usize
        };
        assert_eq!(begins("Ask Dr. Lee", ""), 4);
        assert_eq!(begins("Ask Dr Lee", ""), 4);
        // Not over a line, a column or the end of a sentence, nor out of another finding.
        for (text, free) in [
            ("Ask Dr\nLee", ""),
            ("PCP\tLee", ""),
            ("Call the PA. Lee waits", ""),
            ("14 Oak Dr. Lee", "Dr"),
            ("Ask Lee", ""),
        ] {
            assert_eq!(begins(text, free), text.find("Lee").unwrap(), "{text}");
        }
    }

    #[test]
    fn nobody_is_surer_than_both_models() {
        let passage = passage("Rosa waits");
        let margin = |before: i16, sure: i32| {
            let mut tag = tagged(&passage, "Rosa waits", "Rosa", Name);
            tag.margin = before;
            change(&passage, &mut tag, Provider, sure);
            (tag.kind, tag.margin)
        };
        assert_eq!(margin(70, 500), (Provider, 70));
        assert_eq!(margin(70, 60), (Provider, 30));
        assert_eq!(margin(70, 0), (Provider, 1));
        // What the other model said for its leaning alone.
        assert_eq!(margin(-40, 500), (Provider, -40));
    }
}
