//! People's names made whole, and who is greeted told from who greets. The models read
//! from left to right, and where they waver they call a first name one kind of person
//! and the last name the other. The findings alone are amended: the verdict counts what
//! the models say, as it was learned.

use super::GUESSED;
use super::amend::is_title;
use crate::dlp::FindingKind;
use crate::dlp::lexicon::Flag;
use crate::dlp::passage::{Passage, Region};
use crate::dlp::tagger::Tag;
use crate::dlp::token::Gap;

/// Joins a word that was taken for a person with the person beside it, where one blank
/// parts them and they are of two kinds, or where a hyphen does: `Denise` and
/// `Arsenault`, `Ruth`, `Ann` and `Mosley` in `Ruth-Ann Mosley`. Of two kinds it is the
/// one that the models are surer of. Two names of two words each are two people's, and
/// behind a title stands another one.
pub(in crate::dlp) fn join_people(passage: &Passage<'_>, tags: &mut Vec<Tag>) {
    // There all signs read like blanks.
    if passage.region == Region::FileName {
        return;
    }
    let gap = |n: usize| passage.items.get(n).map(|item| item.gap);
    let is_person = |tag: &Tag| {
        let person = matches!(tag.kind, FindingKind::Name | FindingKind::Provider);
        // What a format tells is whole.
        person && tag.margin < GUESSED
    };
    let is_word = |tag: &Tag| tag.last == tag.first + 1;
    let is_hyphen = |n: usize| passage.bytes(n) == b"-" && gap(n) == Some(Gap::None);
    let is_double = |tag: &Tag| tag.last == tag.first + 3 && is_hyphen(tag.first + 1);
    tags.dedup_by(|next, whole| {
        let people = is_person(next) && is_person(whole);
        if !people || !is_word(next) && !is_word(whole) {
            return false;
        }
        let titled =
            is_title(passage, next.first) || is_word(whole) && is_title(passage, whole.first);
        let hyphen = next.first == whole.last + 1
            && is_hyphen(whole.last)
            && gap(next.first) == Some(Gap::None);
        let blank = next.first == whole.last && gap(next.first) == Some(Gap::Space);
        if titled || !(hyphen || blank && (whole.kind != next.kind || is_double(whole))) {
            return false;
        }
        if next.leant_margin() > whole.leant_margin() {
            whole.kind = next.kind;
        }
        whole.margin = whole.margin.max(next.margin);
        whole.last = next.last;
        true
    });
}

/// Whom a text greets and tells of "your" health is its patient, though the models take
/// who is greeted by a clinician for a colleague: `Dear Omar Haddad, your A1c is 9.1`.
pub(in crate::dlp) fn name_greeted(passage: &Passage<'_>, tags: &mut [Tag]) {
    /// Units behind a greeting in which "your" is looked for, and behind that, health.
    const NEAR: usize = 60;
    const BESIDE: usize = 8;
    const GREETINGS: [&[u8]; 4] = [b"dear", b"hi", b"hello", b"hey"];
    let flags = |n: usize| passage.items.get(n).map(|item| item.flags());
    let has = |n: usize, flag| flags(n).is_some_and(|flags| flags.has(flag));
    let is_any = |n: usize, words: &[&[u8]]| {
        let word = passage.bytes(n);
        words.iter().any(|w| word.eq_ignore_ascii_case(w))
    };
    let is_greeted = |tag: &Tag| {
        let greeting = tag.first.checked_sub(1).filter(|n| is_any(*n, &GREETINGS));
        let line = greeting.and_then(|n| passage.items.get(n));
        let clinical = |n: usize| {
            has(n, Flag::TitleAfter) || has(n, Flag::TitleBefore) && !has(n, Flag::PersonalTitle)
        };
        tag.kind == FindingKind::Provider
            && line.is_some_and(|item| item.gap >= Gap::Line)
            && !(tag.first..tag.last).any(clinical)
    };
    let is_health = |tag: &Tag| {
        use FindingKind::{Condition, Lab, Medication, Procedure};
        matches!(tag.kind, Condition | Lab | Medication | Procedure)
    };
    let Some(at) = tags.iter().position(is_greeted) else {
        return;
    };
    let (greeted, behind) = tags.split_at_mut(at + 1);
    let Some(greeted) = greeted.last_mut() else {
        return;
    };
    let told = |your: usize| {
        let ends = |n: usize| matches!(passage.bytes(n), b"." | b"?" | b"!");
        let last = (your..your + BESIDE).find(|n| ends(*n));
        let beside = your..last.unwrap_or(your + BESIDE);
        let health = behind
            .iter()
            .any(|tag| is_health(tag) && beside.contains(&tag.first));
        health
            && !is_any(
                your + 1,
                &[b"patient", b"patients", b"patient's", b"pt", b"pts"],
            )
    };
    let mut near = greeted.last..greeted.last + NEAR;
    if near.any(|n| is_any(n, &[b"your"]) && told(n)) {
        greeted.kind = FindingKind::Name;
        // A private person's title is none of the name.
        while greeted.first + 1 < greeted.last
            && (has(greeted.first, Flag::PersonalTitle) || passage.bytes(greeted.first) == b".")
        {
            greeted.first += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dlp::passage::Region;
    use FindingKind::{Condition, Name, Provider};

    /// What becomes of a text whose units were taken for these kinds, by these margins.
    fn joined(text: &str, found: &[(&str, FindingKind, i16)]) -> Vec<(FindingKind, String)> {
        let passage = Passage::read(text.as_bytes(), 0, text.len(), Region::Body);
        let tag = |first: usize| {
            let of = |(unit, ..): &&(&str, _, _)| passage.bytes(first) == unit.as_bytes();
            let (_, kind, margin) = *found.iter().find(of)?;
            Some(Tag {
                first,
                last: first + 1,
                kind,
                margin,
            })
        };
        let mut tags: Vec<Tag> = (0..passage.items.len()).filter_map(tag).collect();
        join_people(&passage, &mut tags);
        let span = |tag: &Tag| {
            let [first, last] = [tag.first, tag.last - 1].map(|n| passage.spans[n]);
            let value = &text[first.start as usize..last.end as usize];
            (tag.kind, value.to_owned())
        };
        tags.iter().map(span).collect()
    }

    #[test]
    fn a_name_of_two_kinds_is_one_of_the_surer_kind() {
        let both = |name, provider| {
            joined(
                "Denise Arsenault, RN",
                &[("Denise", Name, name), ("Arsenault", Provider, provider)],
            )
        };
        let whole = |kind| vec![(kind, "Denise Arsenault".to_owned())];
        assert_eq!(both(10, 90), whole(Provider));
        assert_eq!(both(90, 10), whole(Name));
        // The models lean towards names: a miss is worse.
        assert_eq!(both(30, 60), whole(Name));
    }

    #[test]
    fn a_hyphen_joins_names() {
        let found = [
            ("Ruth", Provider, 50),
            ("Ann", Name, 5),
            ("Mosley", Provider, 60),
        ];
        let whole = [(Provider, "Ruth-Ann Mosley".to_owned())];
        assert_eq!(joined("Ruth-Ann Mosley", &found), whole);
        let found = [("Abdi", Name, 50), ("Rahman", Name, 50)];
        assert_eq!(joined("Abdi-Rahman", &found).len(), 1);
        assert_eq!(joined("Abdi - Rahman", &found).len(), 2);
    }

    #[test]
    fn a_patient_and_who_cares_for_them_stay_two() {
        let found = [
            ("Lamar", Name, 50),
            ("Whitcombe", Name, 50),
            ("Osei", Provider, 90),
            ("Dr", Provider, 90),
            ("Kim", Provider, 90),
        ];
        let tagged = |text: &str| {
            let passage = Passage::read(text.as_bytes(), 0, text.len(), Region::Body);
            let mut tags = vec![
                Tag {
                    first: 0,
                    last: 2,
                    kind: Name,
                    margin: 50,
                },
                Tag {
                    first: 2,
                    last: passage.items.len(),
                    kind: Provider,
                    margin: 90,
                },
            ];
            join_people(&passage, &mut tags);
            tags.len()
        };
        assert_eq!(tagged("Lamar Whitcombe Kim Osei"), 2);
        assert_eq!(tagged("Lamar Whitcombe Dr. Osei"), 2);
        assert_eq!(tagged("Lamar Whitcombe Dr"), 2);
        assert_eq!(tagged("Lamar Whitcombe Osei"), 1);
        // A title by itself is put to its name elsewhere.
        assert_eq!(joined("Dr Lamar", &found).len(), 2);
        // What a format tells is a person by itself.
        let told = [("Rosa", Name, GUESSED), ("Kim", Provider, 50)];
        assert_eq!(joined("Rosa Kim", &told).len(), 2);
    }

    #[test]
    fn who_is_greeted_and_told_of_their_health_is_the_patient() {
        use FindingKind::Lab;
        let greeted = |text: &str| {
            let passage = Passage::read(text.as_bytes(), 0, text.len(), Region::Body);
            let at = |word: &[u8]| (0..passage.items.len()).find(|n| passage.bytes(*n) == word);
            let tag = |first, last, kind| Tag {
                first,
                last,
                kind,
                margin: 50,
            };
            let last = at(b"Haddad").unwrap() + 1;
            let mut tags = vec![tag(1, last, Provider)];
            tags.extend(at(b"A1c").map(|n| tag(n, n + 1, Lab)));
            name_greeted(&passage, &mut tags);
            let first = passage.spans[tags[0].first].start as usize;
            let end = passage.spans[tags[0].last - 1].end as usize;
            (tags[0].kind, text[first..end].to_owned())
        };
        for text in [
            "Dear Omar Haddad,\nyour A1c is 9.1.",
            "Hi Omar Haddad, thank you for coming. I have your newest A1c here.",
        ] {
            assert_eq!(greeted(text), (Name, "Omar Haddad".to_owned()), "{text}");
        }
        let titled = greeted("Dear Mr. Haddad,\nyour A1c is 9.1.");
        assert_eq!(titled, (Name, "Haddad".to_owned()));
        for text in [
            "Dear Dr. Haddad,\nyour A1c is 9.1.",
            "Dear Omar Haddad, MD,\nthe A1c is 9.1.",
            "Dear Omar Haddad,\nyour patient's A1c is 9.1.",
            "Dear Omar Haddad,\nyour shift is at 9. The A1c is back.",
            "From Omar Haddad:\nyour A1c is 9.1.",
        ] {
            assert_eq!(greeted(text).0, Provider, "{text}");
        }
    }

    #[test]
    fn two_people_stay_two() {
        let people = |text, kind| joined(text, &[("Rosa", Name, 50), ("Kim", kind, 50)]).len();
        assert_eq!(people("Rosa Kim", Provider), 1);
        for text in [
            "Rosa, Kim",
            "Rosa\nKim",
            "Rosa  Kim",
            "Rosa and Kim",
            "Rosa/Kim",
        ] {
            assert_eq!(people(text, Provider), 2, "{text:?}");
        }
        // The models part two of one kind by what they read.
        assert_eq!(people("Rosa Kim", Name), 2);
        let three = [
            ("Ruth", Name, 50),
            ("Ann", Name, 50),
            ("Mosley", Name, 50),
            ("Kim", Name, 50),
        ];
        assert_eq!(joined("Ruth-Ann Mosley Kim", &three).len(), 2);
        assert_eq!(people("Rosa Kim", Condition), 2);
    }
}
