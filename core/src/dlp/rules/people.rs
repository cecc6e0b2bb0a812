//! People's names made whole, and who is greeted told from who greets. The models read
//! from left to right, and where they waver they call a first name one kind of person
//! and the last name the other. The findings alone are amended: the verdict counts what
//! the models say, as it was learned.

use std::ops::Range;

use super::GUESSED;
use crate::dlp::lexicon::{Flag, Flags, GIVEN, SURNAME};
use crate::dlp::passage::{Item, Passage, Region};
use crate::dlp::sentence::{Piece, opens_line};
use crate::dlp::tagger::Tag;
use crate::dlp::token::Gap;
use crate::dlp::{FindingClass, FindingKind};

/// Words that stand before a name.
const TITLE: Flags = Flags::of(&[Flag::TitleBefore, Flag::PersonalTitle]);

/// Makes people's names whole, parts people whom a name goes over, puts titles to their
/// names, and calls a patient who is greeted so.
pub(in crate::dlp) fn people(passage: &Passage<'_>, tags: &mut Vec<Tag>) {
    join_people(passage, tags);
    part_people(passage, tags);
    join_titles(passage, tags);
    name_greeted(passage, tags);
}

/// Whether the models found a person: what a format tells is whole.
pub(in crate::dlp) fn is_person(tag: &Tag) -> bool {
    matches!(tag.kind, FindingKind::Name | FindingKind::Provider) && tag.margin < GUESSED
}

/// Joins a word that was taken for a person with the person beside it, where one blank
/// parts them and they are of two kinds, or where a hyphen does: `Denise` and
/// `Arsenault`, `Ruth`, `Ann` and `Mosley` in `Ruth-Ann Mosley`. Of two kinds it is the
/// one that the models are surer of. Two names of two words each are two people's, and
/// behind a title stands another one.
fn join_people(passage: &Passage<'_>, tags: &mut Vec<Tag>) {
    // There all signs read like blanks.
    if passage.region == Region::FileName {
        return;
    }
    let gap = |n: usize| passage.items.get(n).map(|item| item.gap);
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
        // The surer one says how sure it is, without what is leant to another kind.
        let surer = next.leant_margin() > whole.leant_margin();
        let same = next.kind == whole.kind;
        (whole.kind, whole.margin) = match (same, surer) {
            (true, _) => (whole.kind, whole.margin.max(next.margin)),
            (false, true) => (next.kind, next.margin),
            (false, false) => (whole.kind, whole.margin),
        };
        whole.last = next.last;
        true
    });
}

/// Parts names that go on over the dash before a list's next item, over the end of a
/// sentence, or over the commas of a list: two people are no one.
fn part_people(passage: &Passage<'_>, tags: &mut Vec<Tag>) {
    /// Commas that one name has at most: `Hale, Ruth-Ann, MD`.
    const COMMAS: usize = 2;
    let gap = |n: usize| passage.items.get(n).map(|item| item.gap);
    let is_dash = |n: usize| {
        let line = gap(n).is_some_and(|gap| gap >= Gap::Line);
        line && matches!(passage.bytes(n), b"-" | b"*" | b"+" | b"\xe2\x80\xa2")
    };
    // Before a title it is one name's: `Omar Haddad, MD, PhD, FACP`.
    let is_comma = |n: &usize| {
        let behind = passage.items.get(n + 1).map(|item| item.word.flags());
        passage.bytes(*n) == b"," && !behind.is_some_and(|word| word.has(Flag::TitleAfter))
    };
    // Behind a whole word and before a capital; initials and titles have points too.
    let is_end = |tag: &Tag, n: usize| {
        let Some(before) = n.checked_sub(1).filter(|before| *before >= tag.first) else {
            return false;
        };
        let is_name = |item: &Item| item.word.flags().any(GIVEN.union(SURNAME));
        let item = passage.items.get(before);
        let whole = before > tag.first || item.is_some_and(is_name);
        let capital = passage
            .bytes(n + 1)
            .first()
            .is_some_and(u8::is_ascii_uppercase);
        passage.bytes(n) == b"."
            && [n, n + 1].map(gap) == [Some(Gap::None), Some(Gap::Space)]
            && n + 1 < tag.last
            && capital
            && whole
            && passage.bytes(before).len() > 3
            && !is_title(passage, before)
    };
    let is_parted =
        |tag: &Tag, many: bool, n: usize| is_dash(n) || is_end(tag, n) || many && is_comma(&n);
    let has_many = |tag: &Tag| (tag.first..tag.last).filter(is_comma).count() > COMMAS;
    let is_list = |tag: &Tag| {
        let many = has_many(tag);
        is_person(tag) && (tag.first..tag.last).any(|n| is_parted(tag, many, n))
    };
    if !tags.iter().any(is_list) {
        return;
    }
    let mut all = Vec::with_capacity(tags.len() + 8);
    for tag in tags.iter() {
        if !is_list(tag) {
            all.push(*tag);
            continue;
        }
        let (mut first, many) = (tag.first, has_many(tag));
        let is_last = |n: &usize| *n == tag.last || is_parted(tag, many, *n);
        for last in (tag.first..=tag.last).filter(is_last) {
            if first < last {
                all.push(Tag {
                    first,
                    last,
                    ..*tag
                });
            }
            first = last + 1;
        }
    }
    *tags = all;
}

/// Whether a unit is a title, and no name.
fn is_title(passage: &Passage<'_>, at: usize) -> bool {
    let word = passage.items.get(at).map(|item| item.word.flags());
    word.is_some_and(|word| word.any(TITLE) && !word.any(GIVEN.union(SURNAME)))
}

/// Joins a clinician's title that was found by itself with the name behind it, and drops
/// one behind which none stands, or a private person's.
fn join_titles(passage: &Passage<'_>, tags: &mut Vec<Tag>) {
    let is_title = |tag: &Tag| {
        let provider = tag.kind == FindingKind::Provider && is_person(tag);
        provider && tag.last == tag.first + 1 && is_title(passage, tag.first)
    };
    if !tags.iter().any(is_title) {
        return;
    }
    let mut title: Option<Tag> = None;
    tags.retain_mut(|tag| {
        let before = title.take_if(|title| {
            let point = usize::from(passage.bytes(title.last) == b".");
            let gap = passage.items.get(tag.first).map(|item| item.gap);
            let beside = tag.first == title.last + point && gap.is_some_and(|g| g < Gap::Line);
            tag.kind == FindingKind::Provider && beside
        });
        if is_title(tag) {
            title = Some(*tag);
            return false;
        }
        tag.first = before.map_or(tag.first, |title| title.first);
        true
    });
}

/// Whom a text greets and tells of "your" health is its patient, though the models take
/// who is greeted by a clinician for a colleague: `Dear Omar Haddad, your A1c is 9.1`.
/// A thread greets several, each of whom is told what stands before the next greeting.
fn name_greeted(passage: &Passage<'_>, tags: &mut [Tag]) {
    /// Units behind a greeting in which "your" is looked for.
    const NEAR: usize = 60;
    let has = |n: usize, flag| {
        let flags = passage.items.get(n).map(|item| item.flags());
        flags.is_some_and(|flags| flags.has(flag))
    };
    let clinical = |n: usize| {
        has(n, Flag::TitleAfter) || has(n, Flag::TitleBefore) && !has(n, Flag::PersonalTitle)
    };
    let mut rest = tags;
    while let Some(at) = (rest.iter())
        .position(|tag| tag.kind == FindingKind::Provider && is_person(tag) && greets(passage, tag))
    {
        let (greeted, behind) = rest.split_at_mut(at + 1);
        let Some(greeted) = greeted.last_mut() else {
            return;
        };
        // People of any kind may be greeted next.
        let next = behind.iter().find(|tag| greets(passage, tag));
        let end = next.map_or(passage.items.len(), |tag| tag.first);
        let near = greeted.last..end.min(greeted.last + NEAR);
        let titled = (greeted.first..greeted.last).any(clinical);
        if !titled && tells_of_your_health(passage, behind, near) {
            greeted.kind = FindingKind::Name;
            without_title(passage, greeted);
        }
        rest = behind;
    }
}

/// A clinician's title right before a name that begins at a unit: joined to it by a blank,
/// in the same sentence, and no further back than some unit.
pub(in crate::dlp) fn title_before(
    passage: &Passage<'_>,
    first: usize,
    free: usize,
) -> Option<usize> {
    let point = usize::from(passage.bytes(first.saturating_sub(1)) == b".");
    let title = first
        .checked_sub(1 + point)
        .filter(|title| *title >= free)?;
    let beside = |at: usize, gap| passage.items.get(at).is_some_and(|item| item.gap == gap);
    let flags = passage.items.get(title)?.word.flags();
    let is_title = flags.has(Flag::TitleBefore) && !flags.has(Flag::PersonalTitle);
    let joined = beside(first, Gap::Space) && (point == 0 || beside(title + 1, Gap::None));
    (is_title && joined && !Piece::Sentence.opens(passage, first)).then_some(title)
}

/// Takes a private person's title away, which is none of the name; a given name that is
/// a title too stays (`Justice Boone`, `M. Alvarez`).
pub(in crate::dlp) fn without_title(passage: &Passage<'_>, tag: &mut Tag) {
    let personal = |n: usize| {
        let item = passage.items.get(n);
        item.is_some_and(|item| item.word.flags().has(Flag::PersonalTitle))
    };
    if personal(tag.first) && is_title(passage, tag.first) && passage.bytes(tag.first).len() > 1 {
        let behind = tag.first + 1;
        let name = behind + usize::from(passage.bytes(behind) == b".");
        tag.first = if name < tag.last { name } else { tag.first };
    }
}

/// A person without the titles before and behind the name: `Dr. Wendy Sutter, RN`.
pub(in crate::dlp) fn bare(passage: &Passage<'_>, tag: &Tag) -> Tag {
    let has = |n: usize, flag| {
        let flags = passage.items.get(n).map(|item| item.word.flags());
        flags.is_some_and(|flags| flags.has(flag))
    };
    let sign = |n: usize| matches!(passage.bytes(n), b"." | b",");
    let mut bare = *tag;
    if is_title(passage, bare.first) {
        bare.first += 1;
    }
    while bare.last > bare.first && has(bare.last - 1, Flag::TitleAfter) {
        bare.last -= 1;
    }
    while bare.first < bare.last && sign(bare.first) {
        bare.first += 1;
    }
    while bare.last > bare.first && sign(bare.last - 1) {
        bare.last -= 1;
    }
    match bare.first < bare.last {
        true => bare,
        false => *tag,
    }
}

/// Whether what was found is a person whom a line begins by greeting.
pub(in crate::dlp) fn greets(passage: &Passage<'_>, tag: &Tag) -> bool {
    let person = matches!(tag.kind, FindingKind::Name | FindingKind::Provider);
    let greeting = tag.first.checked_sub(1).filter(|_| person);
    greeting.is_some_and(|n| {
        is_any(passage, n, &[b"dear", b"hi", b"hello", b"hey"]) && opens_line(passage, n)
    })
}

/// Whether some units say "your" and health close behind it: not a patient of yours.
fn tells_of_your_health(passage: &Passage<'_>, tags: &[Tag], mut near: Range<usize>) -> bool {
    /// Units behind "your" in which health is looked for.
    const BESIDE: usize = 8;
    let ends = |n: usize| matches!(passage.bytes(n), b"." | b"?" | b"!");
    let patients: [&[u8]; 5] = [b"patient", b"patients", b"patient's", b"pt", b"pts"];
    // No more of them than stand there.
    let many = tags.partition_point(|tag| tag.first < near.end + BESIDE);
    let tags = tags.get(..many).unwrap_or_default();
    near.any(|your| {
        let last = (your..your + BESIDE).find(|n| ends(*n));
        let beside = your..last.unwrap_or(your + BESIDE);
        let is_told =
            |tag: &Tag| tag.kind.class() == FindingClass::Health && beside.contains(&tag.first);
        is_any(passage, your, &[b"your"])
            && !is_any(passage, your + 1, &patients)
            && tags.iter().any(is_told)
    })
}

/// Whether a unit is one of some words.
fn is_any(passage: &Passage<'_>, at: usize, words: &[&[u8]]) -> bool {
    let word = passage.bytes(at);
    words.iter().any(|w| word.eq_ignore_ascii_case(w))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dlp::passage::Region;
    use FindingKind::{Condition, Name, Provider};

    /// Units of a text that were taken for a kind, by a margin.
    type Found<'t> = [(&'t str, FindingKind, i16)];

    fn joined(text: &str, found: &Found<'_>) -> Vec<(FindingKind, String)> {
        after(join_people, text, found)
    }

    /// What becomes of them.
    fn after(
        amend: fn(&Passage<'_>, &mut Vec<Tag>),
        text: &str,
        found: &Found<'_>,
    ) -> Vec<(FindingKind, String)> {
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
        amend(&passage, &mut tags);
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

    /// Where people end in a text that was taken for one name.
    fn parted(text: &str) -> Vec<(usize, usize)> {
        let passage = Passage::read(text.as_bytes(), 0, text.len(), Region::Body);
        let mut tags = vec![Tag {
            first: 0,
            last: passage.items.len(),
            kind: Name,
            margin: 60,
        }];
        people(&passage, &mut tags);
        tags.iter().map(|tag| (tag.first, tag.last)).collect()
    }

    #[test]
    fn names_of_a_list_are_parted() {
        assert_eq!(
            parted("Pat Vail\n- Mia Lee\n- Wei"),
            [(0, 2), (3, 5), (6, 7)]
        );
        assert_eq!(parted("Pat\n\u{2022} Mia\n*"), [(0, 1), (2, 3)]);
        assert_eq!(parted("Pat\nVail - Lee"), [(0, 4)]);
        assert_eq!(parted("Pat\n-\n- Mia"), [(0, 1), (3, 4)]);
        // Commas of a list, not those of one name.
        assert_eq!(
            parted("Ann Hale, Lee, Wei Park, Mia"),
            [(0, 2), (3, 4), (5, 7), (8, 9)]
        );
        assert_eq!(parted("Hale, Ann, MD"), [(0, 5)]);
        assert_eq!(parted("Omar Haddad, MD, PhD, FACP"), [(0, 8)]);
    }

    #[test]
    fn a_name_ends_with_its_sentence() {
        for two in ["Lee Whitford. Rosa Quintero", "Walter Reed. Rosa"] {
            assert_eq!(parted(two).len(), 2, "{two}");
        }
        for one in [
            "Rosa M. Quintero",
            "Ann Hale Jr. Lee",
            "Prof. Rosa Hale",
            "Lcda. Rosa Hale",
        ] {
            assert_eq!(parted(one).len(), 1, "{one}");
        }
    }

    #[test]
    fn a_title_belongs_to_a_name() {
        for (text, found, left) in [
            (
                "Dear Ms. Castellaw, thanks",
                &["Ms", "Castellaw"][..],
                &["Ms. Castellaw"][..],
            ),
            (
                "Dr Okafor and Ames",
                &["Dr", "Okafor", "Ames"],
                &["Dr Okafor", "Ames"],
            ),
            ("from the Dr. office, Lee", &["Dr", "Lee"], &["Lee"]),
            (
                "ask your Dr.\n\nOkafor Family",
                &["Dr", "Okafor"],
                &["Okafor"],
            ),
            ("ask the Doctora", &["Doctora"], &[]),
            ("ask Grant", &["Grant"], &["Grant"]),
        ] {
            let found: Vec<_> = found.iter().map(|unit| (*unit, Provider, 60)).collect();
            let told = after(people, text, &found);
            let names: Vec<&str> = told.iter().map(|(_, name)| name.as_str()).collect();
            assert_eq!(names, left, "{text}");
        }
        let private = after(people, "Mr. Dahl", &[("Dahl", Name, 60)]);
        assert_eq!(private, [(Name, "Dahl".to_owned())]);
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
    fn each_who_is_greeted_is_told_by_what_stands_behind() {
        use FindingKind::Lab;
        let kinds = |text: &str| {
            let found = [
                ("Karen", Provider, 50),
                ("Omar", Provider, 50),
                ("Ames", Provider, 50),
                ("A1c", Lab, 50),
            ];
            let found = after(|p, tags| name_greeted(p, tags), text, &found);
            found.iter().map(|found| found.0).collect::<Vec<_>>()
        };
        let letter = "Dear Omar,\nyour A1c is 9.1.\n\nAmes";
        assert_eq!(kinds(letter), [Name, Lab, Provider]);
        let quoted = letter.replace('\n', "\n> ");
        assert_eq!(kinds(&format!("> {quoted}")), [Name, Lab, Provider]);
        let thread = format!("Hi Karen,\nthanks for your help.\n\n{letter}");
        assert_eq!(kinds(&thread), [Provider, Name, Lab, Provider]);
        // What format tells is left as it is told.
        let told = [("Omar", Provider, GUESSED), ("A1c", Lab, 50)];
        let told = after(|p, tags| name_greeted(p, tags), letter, &told);
        assert_eq!(told[0].0, Provider);
    }

    #[test]
    fn who_is_joined_is_as_sure_as_the_kind_that_stays() {
        let passage = Passage::read(b"Denise Arsenault", 0, 16, Region::Body);
        let margin = |name, provider| {
            let tag = |first, kind, margin| Tag {
                first,
                last: first + 1,
                kind,
                margin,
            };
            let mut tags = vec![tag(0, Name, name), tag(1, Provider, provider)];
            join_people(&passage, &mut tags);
            (tags[0].kind, tags[0].margin)
        };
        assert_eq!(margin(-5, 30), (Name, -5));
        assert_eq!(margin(-5, 90), (Provider, 90));
        assert_eq!(margin(90, 30), (Name, 90));
    }

    #[test]
    fn two_people_stay_two() {
        let many = |text, kind| joined(text, &[("Rosa", Name, 50), ("Kim", kind, 50)]).len();
        assert_eq!(many("Rosa Kim", Provider), 1);
        for text in [
            "Rosa, Kim",
            "Rosa\nKim",
            "Rosa  Kim",
            "Rosa and Kim",
            "Rosa/Kim",
        ] {
            assert_eq!(many(text, Provider), 2, "{text:?}");
        }
        // The models part two of one kind by what they read.
        assert_eq!(many("Rosa Kim", Name), 2);
        let three = [
            ("Ruth", Name, 50),
            ("Ann", Name, 50),
            ("Mosley", Name, 50),
            ("Kim", Name, 50),
        ];
        assert_eq!(joined("Ruth-Ann Mosley Kim", &three).len(), 2);
        assert_eq!(many("Rosa Kim", Condition), 2);
    }
}
