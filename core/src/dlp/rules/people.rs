//! People's names made whole. The models read from left to right, and where they
//! waver they call a first name one kind of person and the last name the other. The
//! findings alone are amended: the verdict counts what the models say, as it was
//! learned.

use crate::dlp::FindingKind;
use crate::dlp::passage::Passage;
use crate::dlp::tagger::Tag;
use crate::dlp::token::Gap;

/// Joins two names of people that one blank parts, where they are of two kinds, and any
/// that a hyphen joins, with what stands behind them: `Ruth-Ann Mosley`. Of two kinds it
/// is the one that the models are surer of.
pub(in crate::dlp) fn join_people(passage: &Passage<'_>, tags: &mut Vec<Tag>) {
    let is_person = |tag: &Tag| matches!(tag.kind, FindingKind::Name | FindingKind::Provider);
    let gap = |n: usize| passage.items.get(n).map(|item| item.gap);
    tags.dedup_by(|next, whole| {
        if !is_person(next) || !is_person(whole) {
            return false;
        }
        let blank = next.first == whole.last && gap(next.first) == Some(Gap::Space);
        let hyphen = next.first == whole.last + 1
            && passage.bytes(whole.last) == b"-"
            && [whole.last, next.first].map(gap) == [Some(Gap::None); 2];
        let double = || (whole.first..whole.last).any(|n| passage.bytes(n) == b"-");
        if !(hyphen || blank && (whole.kind != next.kind || double())) {
            return false;
        }
        if next.leant_margin() > whole.leant_margin() {
            (whole.kind, whole.margin) = (next.kind, next.margin);
        }
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
        assert_eq!(people("Rosa Kim", Condition), 2);
    }
}
