//! People's names made whole. The models read from left to right, and where they
//! waver they call a first name one kind of person and the last name the other. The
//! findings alone are amended: the verdict counts what the models say, as it was
//! learned.

use super::GUESSED;
use super::amend::is_title;
use crate::dlp::FindingKind;
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
