//! What stands around findings: a name before `has` and a condition is told of, and
//! one before `teaches` is not.

use crate::dlp::lexicon::Flags;
use crate::dlp::neighbours::{LINE, Neighbours, Side, of_kind};
use crate::dlp::passage::Passage;
use crate::dlp::tagger::Tag;
use crate::dlp::token::join;

/// How many units or findings count on each side of a finding.
const NEAR: usize = 5;
/// So many findings count of a message, and as many of its page: the others say the same.
const MOST: u32 = 512;

/// What is told of a finding: what stands beside it, and on which side; what stands near
/// it on either; and which findings come before it.
const BEFORE: u32 = 1;
const BEHIND: u32 = 2;
const NEARBY: u32 = 3;
const IN_ORDER: u32 = 4;

/// Tells the findings of a passage, which are in order, with what each has beside it
/// and near it, and in which order they come. `before` findings of the message were
/// told already.
pub(super) fn each(passage: &Passage<'_>, tags: &[Tag], before: u32, mut found: impl FnMut(u32)) {
    let mut last = [0; 2];
    let room = MOST.saturating_sub(before) as usize;
    for (n, tag) in tags.iter().enumerate().take(room) {
        let this = of_kind(tag.kind);
        for (side, way) in [(BEFORE, Side::Before), (BEHIND, Side::Behind)] {
            let neighbours = Neighbours::new(passage, tags, n, way);
            let mut beside = neighbours.end_line().then_some(LINE);
            for one in neighbours.take(NEAR) {
                let one = one.counts(passage, Flags::default());
                beside.get_or_insert(one);
                found(join(join(this, one), NEARBY));
            }
            found(join(join(this, beside.unwrap_or(LINE)), side));
        }
        let [before, first] = last;
        if before != 0 {
            found(join(join(before, this), IN_ORDER));
            found(join(join(first, join(before, this)), IN_ORDER));
        }
        last = [this, before];
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::dlp::FindingKind;
    use crate::dlp::neighbours::tagged;
    use crate::dlp::passage::Region;
    use crate::dlp::token::hash;

    const NAME: FindingKind = FindingKind::Name;
    const CONDITION: FindingKind = FindingKind::Condition;

    fn around(text: &str, labels: &[(&str, FindingKind)]) -> BTreeSet<u32> {
        let passage = Passage::read(text.as_bytes(), 0, text.len(), Region::Body);
        let tags = tagged(&passage, labels);
        let mut all = BTreeSet::new();
        each(&passage, &tags, 0, |one| {
            all.insert(one);
        });
        all
    }

    const BOTH: [(&str, FindingKind); 2] = [("Pat", NAME), ("asthma", CONDITION)];

    #[test]
    fn what_stands_beside_and_near_a_finding_is_told() {
        let all = around("so Pat has bad asthma .", &BOTH);
        let word = |w: &str| hash(w.as_bytes());
        let (name, condition) = (of_kind(NAME), of_kind(CONDITION));
        for (one, what) in [
            (join(join(name, word("has")), BEHIND), "has behind"),
            (join(join(name, word("so")), BEFORE), "so before"),
            (join(join(condition, word("bad")), BEFORE), "bad before"),
            (join(join(condition, word(".")), BEHIND), "point behind"),
            (join(join(name, word("bad")), NEARBY), "bad near"),
            (join(join(name, condition), NEARBY), "asthma near"),
            (join(join(condition, name), NEARBY), "Pat near"),
            (join(join(name, condition), IN_ORDER), "in order"),
        ] {
            assert!(all.contains(&one), "{what}");
        }
        for (one, what) in [
            (join(join(name, word("has")), BEFORE), "has before"),
            (join(join(name, word("bad")), BEHIND), "bad behind"),
            (join(join(condition, name), IN_ORDER), "the other order"),
        ] {
            assert!(!all.contains(&one), "{what}");
        }
    }

    #[test]
    fn what_is_far_or_over_a_line_is_not_beside() {
        let (name, has) = (of_kind(NAME), hash(b"has"));
        let near = join(join(name, has), NEARBY);
        assert!(around("Pat a b c d has", &BOTH[..1]).contains(&near));
        assert!(!around("Pat a b c d e has", &BOTH[..1]).contains(&near));
        let beside = join(join(name, has), BEHIND);
        assert!(around("Pat has", &BOTH[..1]).contains(&beside));
        // A sentence goes over the end of a line, a list does not.
        assert!(around("we saw Pat\nhas it", &BOTH[..1]).contains(&beside));
        let parted = around("- Pat\n- has", &BOTH[..1]);
        assert!(!parted.contains(&beside));
        assert!(parted.contains(&join(join(name, LINE), BEHIND)));
    }

    #[test]
    fn of_names_and_numbers_counts_what_they_are() {
        let told = |text| around(text, &BOTH[..1]);
        assert_eq!(told("Pat Kowalczyk 12"), told("Pat Lindqvist 4477"));
        assert_ne!(told("Pat Kowalczyk 12"), told("Pat Lindqvist Lee"));
        assert_ne!(told("Pat is"), told("Pat has"));
    }

    #[test]
    fn of_very_many_findings_the_first_count() {
        let text = "Pat ".repeat(MOST as usize * 2);
        let passage = Passage::read(text.as_bytes(), 0, text.len(), Region::Body);
        let tags: Vec<Tag> = (0..passage.items.len())
            .map(|first| Tag {
                first,
                last: first + 1,
                kind: NAME,
                margin: 70,
            })
            .collect();
        let mut many = 0;
        each(&passage, &tags, 0, |_| many += 1);
        each(&passage, &tags, MOST, |_| many += 1);
        let of_one = 2 * (NEAR + 1) + 2;
        let ends = 2 + NEAR * (NEAR + 1) / 2;
        assert_eq!(many, MOST as usize * of_one - ends);
    }
}
