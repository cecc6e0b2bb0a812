//! What a model found, and the words right beside it put right. The findings
//! alone are amended: the verdict counts what the models say, as it was learned.

use super::{GUESSED, cue};
use crate::dlp::lexicon::Flag;
use crate::dlp::passage::Passage;
use crate::dlp::tagger::Tag;
use crate::dlp::token::{Gap, hash};
use crate::dlp::unit::UnitKind;
use crate::dlp::{FindingKind, check, made_up};

/// Letters and figures of a licence plate at most.
const PLATE: usize = 8;

/// Takes doses out of dates and times out of records' numbers, leaves out what is nobody's,
/// finds telephones behind people's numbers, gives licence plates their length, and calls
/// what only looks like a DEA number by its shape no such.
pub(in crate::dlp) fn amend(passage: &Passage<'_>, tags: &mut Vec<Tag>) {
    find_telephones(passage, tags);
    tags.retain(|tag| {
        let single = tag.last == tag.first + 1;
        let dose = single && tag.kind == FindingKind::Date && is_dose(passage.bytes(tag.first));
        let value = std::str::from_utf8(passage.bytes_of(tag.first..tag.last));
        let time = single && tag.kind == FindingKind::Mrn && is_time(passage, tag);
        !dose && !time && !value.is_ok_and(|value| made_up::is(tag.kind, value))
    });
    let mut longer = false;
    for tag in tags.iter_mut() {
        if tag.kind == FindingKind::Dea && !is_dea(passage, tag) {
            tag.kind = FindingKind::OtherId;
        }
        if tag.kind == FindingKind::Vehicle
            && let Some((first, last)) = plate(passage, tag)
        {
            (tag.first, tag.last, longer) = (first, last, true);
        }
    }
    if longer {
        tags.sort_by_key(|tag| (tag.first, std::cmp::Reverse(tag.last)));
        // Two pieces of a plate are one.
        let is_piece = |next: &Tag, kept: &Tag| {
            let vehicles = [next, kept].iter().all(|t| t.kind == FindingKind::Vehicle);
            vehicles && next.last <= kept.last
        };
        tags.dedup_by(|next, kept| is_piece(next, kept));
    }
}

/// Finds the telephones that a label calls so in a line behind somebody's number or day
/// of birth: there they are no organisation's, as those of signatures are.
fn find_telephones(passage: &Passage<'_>, tags: &mut Vec<Tag>) {
    /// Units that a line about somebody has between two of their data.
    const NEAR: usize = 24;
    let is_anchor = |tag: &Tag| {
        let born = || cue_at(passage, tag.first, Flag::CueBirth);
        match tag.kind {
            FindingKind::Ssn | FindingKind::Mrn | FindingKind::HealthPlanId => true,
            FindingKind::Date => born(),
            _ => false,
        }
    };
    let mut found = Vec::new();
    for &at in &passage.notable {
        let phone = (passage.items.get(at)).is_some_and(|item| item.kind == UnitKind::Phone);
        if !phone || !cue_at(passage, at, Flag::CuePhone) {
            continue;
        }
        let behind = tags.partition_point(|tag| tag.first <= at);
        let before = tags.get(..behind).unwrap_or_default().iter().rev();
        let mut near = before.take_while(|tag| tag.first + NEAR > at);
        let is_free = near.clone().all(|tag| tag.last <= at);
        let in_line = |tag: &Tag| {
            let mut between = passage.items.iter().take(at + 1).skip(tag.last);
            between.all(|item| item.gap < Gap::Line)
        };
        if is_free && near.any(|tag| is_anchor(tag) && in_line(tag)) {
            found.push(Tag {
                first: at,
                last: at + 1,
                kind: FindingKind::Phone,
                margin: 0,
            });
        }
    }
    if !found.is_empty() {
        tags.append(&mut found);
        tags.sort_by_key(|tag| (tag.first, std::cmp::Reverse(tag.last)));
    }
}

/// Whether a unit stands behind a label of a kind.
fn cue_at(passage: &Passage<'_>, at: usize, flag: Flag) -> bool {
    passage.items.get(at).is_some_and(|item| cue(item, flag))
}

/// Whether a number of the DEA's is called so, or has its check digit: serial
/// numbers have its shape.
fn is_dea(passage: &Passage<'_>, tag: &Tag) -> bool {
    let items = passage.items.get(tag.first..tag.last).unwrap_or_default();
    let called = items.first().is_some_and(|item| cue(item, Flag::CueDea));
    let mut units = (tag.first..tag.last).map(|n| passage.bytes(n));
    // A column may say so.
    tag.margin >= GUESSED
        || called
        || units.any(|unit| check::dea_shape(unit).is_some_and(|digits| check::dea(&digits)))
}

/// Whether a number of four figures is a time of day (`gap closed 0530`, `Sun 0540`) and no
/// record's: a word beside it says so, and no label right before it or format says else.
fn is_time(passage: &Passage<'_>, tag: &Tag) -> bool {
    const BEFORE: [u32; 12] = [
        hash(b"at"),
        hash(b"by"),
        hash(b"since"),
        hash(b"until"),
        hash(b"till"),
        hash(b"from"),
        hash(b"around"),
        hash(b"before"),
        hash(b"after"),
        hash(b"closed"),
        hash(b"seen"),
        hash(b"due"),
    ];
    const BEHIND: [u32; 4] = [hash(b"h"), hash(b"hr"), hash(b"hrs"), hash(b"hours")];
    let figures = passage.bytes(tag.first);
    let time = match figures {
        [h, hh, m, _] if figures.iter().all(u8::is_ascii_digit) => {
            (*h < b'2' || *h == b'2' && *hh < b'4') && *m < b'6'
        }
        _ => false,
    };
    if !time || tag.margin >= GUESSED {
        return false;
    }
    let item = |n: Option<usize>| n.and_then(|n| passage.items.get(n));
    let before = item(tag.first.checked_sub(1)).is_some_and(|item| {
        let day = matches!(
            item.kind,
            UnitKind::Weekday | UnitKind::Date | UnitKind::Month
        );
        day || BEFORE.contains(&item.hash)
    });
    let behind = item(Some(tag.last)).is_some_and(|item| BEHIND.contains(&item.hash));
    let labelled =
        item(Some(tag.first)).is_some_and(|item| cue(item, Flag::CueMrn) && item.cue_distance <= 2);
    (before || behind) && !labelled
}

/// Whether a unit is an amount of a drug: `10mg`, `2.5mL`.
fn is_dose(unit: &[u8]) -> bool {
    const MEASURES: [&[u8]; 8] = [b"mg", b"mcg", b"ug", b"ml", b"kg", b"meq", b"iu", b"units"];
    let is_figure = |b: &&u8| b.is_ascii_digit() || **b == b'.';
    let length = unit.iter().take_while(is_figure).count();
    let (number, measure) = unit.split_at(length);
    let is_measure = MEASURES.iter().any(|m| measure.eq_ignore_ascii_case(m));
    is_measure && (1..=6).contains(&length) && number.iter().filter(|b| **b == b'.').count() <= 1
}

/// The whole of a plate that is called one and parted by blanks: `plate: 7 ABC
/// 123`. `None` where nothing more is of it.
fn plate(passage: &Passage<'_>, tag: &Tag) -> Option<(usize, usize)> {
    const LABELS: [&[u8]; 4] = [b"plate", b"plates", b"placa", b"placas"];
    let is_label = |n: usize| {
        let word = passage.bytes(n);
        LABELS.iter().any(|label| word.eq_ignore_ascii_case(label))
    };
    let size = |n: usize| passage.bytes(n).len();
    let is_group = |n: usize| {
        let group = passage.bytes(n);
        let letters = group.iter().filter(|b| b.is_ascii_uppercase()).count();
        let figures = group.iter().filter(|b| b.is_ascii_digit()).count();
        letters + figures == group.len() && letters <= 3 && (1..=4).contains(&group.len())
    };
    let beside = |n: usize| {
        let item = passage.items.get(n);
        item.is_some_and(|item| item.gap == Gap::Space)
    };
    let (mut first, mut last) = (tag.first, tag.last);
    let mut signs: usize = (first..last).map(size).sum();
    if !(first..last).all(is_group) {
        return None;
    }
    while let Some(n) = first.checked_sub(1)
        && beside(first)
        && is_group(n)
        && signs + size(n) <= PLATE
    {
        (first, signs) = (n, signs + size(n));
    }
    while beside(last) && is_group(last) && signs + size(last) <= PLATE {
        (last, signs) = (last + 1, signs + size(last));
    }
    let labelled = (first.saturating_sub(3)..first).any(is_label);
    (labelled && (first, last) != (tag.first, tag.last)).then_some((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dlp::passage::Region;

    /// What is told of a text whose units `found` were taken for a kind.
    fn amended(text: &str, kind: FindingKind, found: &[&str]) -> Vec<(FindingKind, String)> {
        let passage = Passage::read(text.as_bytes(), 0, text.len(), Region::Body);
        let is_found = |n: &usize| found.iter().any(|f| passage.bytes(*n) == f.as_bytes());
        let tag = |first| Tag {
            first,
            last: first + 1,
            kind,
            margin: 60,
        };
        let mut tags: Vec<Tag> = (0..passage.items.len()).filter(is_found).map(tag).collect();
        assert_eq!(tags.len(), found.len(), "{text}");
        amend(&passage, &mut tags);
        let value = |tag: &Tag| {
            let (first, last) = (passage.spans[tag.first], passage.spans[tag.last - 1]);
            text[first.start as usize..last.end as usize].to_owned()
        };
        tags.iter().map(|tag| (tag.kind, value(tag))).collect()
    }

    #[test]
    fn a_dose_is_no_date() {
        for dose in ["10mg", "5MG", "100mcg", "20meq"] {
            let text = format!("Start {dose} lisinopril daily.");
            assert_eq!(amended(&text, FindingKind::Date, &[dose]), [], "{dose}");
        }
        for date in ["3/14/1958", "20260414"] {
            let text = format!("On {date} we met.");
            let left = amended(&text, FindingKind::Date, &[date]);
            assert_eq!(left.len(), 1, "{date}");
        }
        let left = amended("Lot 10mg", FindingKind::OtherId, &["10mg"]);
        assert_eq!(left.len(), 1);
    }

    #[test]
    fn a_time_of_day_is_no_records_number() {
        let kept = |text: &str, found: &str| amended(text, FindingKind::Mrn, &[found]).len();
        for (text, time) in [
            ("mrn 601774, DKA, gap closed 0530, off insulin", "0530"),
            ("MRN CHU-11-093, hold is up on Sunday at 2359", "2359"),
        ] {
            assert_eq!(kept(text, time), 0, "{text}");
        }
        for (text, number) in [
            ("MRN 0530, DKA", "0530"),
            ("MRN # 0530", "0530"),
            ("MRN: 0530", "0530"),
            ("MRN for Ana Ruiz is 1145, please merge", "1145"),
            ("MRN on file 7781204, old number 1145", "1145"),
            ("mrn list\n1023\n1145", "1145"),
            ("mrn 601774, DKA, closed 0572", "0572"),
            ("mrn 601774, DKA, closed with 2418", "2418"),
            ("mrn 601774, DKA, closed 2418", "2418"),
            ("mrn 601774, DKA, closed 05301", "05301"),
        ] {
            assert_eq!(kept(text, number), 1, "{text}");
        }
    }

    #[test]
    fn a_telephone_behind_somebodys_number_is_theirs() {
        let phones = |text: &str, kind: FindingKind, found: &str| {
            let all = amended(text, kind, &[found]).into_iter();
            all.filter(|(kind, _)| *kind == FindingKind::Phone).count()
        };
        for text in [
            "SSN 412-55-9031, phone 212-736-5000, asthma",
            "SSN 412-55-9031. Phone: (212) 736-5000.",
            "SSN 412-55-9031, 14 Elm St, Wells ME 04090, cell 212-736-5000",
        ] {
            assert_eq!(phones(text, FindingKind::Ssn, "412-55-9031"), 1, "{text}");
        }
        let born = "DOB 11/02/1964, phone 212-736-5000";
        assert_eq!(phones(born, FindingKind::Date, "11/02/1964"), 1);
        // Another line, no label, no number of somebody's, and what is found already.
        for text in [
            "SSN 412-55-9031\nphone 212-736-5000",
            "SSN 412-55-9031 of 212-736-5000",
            "phone 212-736-5000, SSN 412-55-9031",
        ] {
            assert_eq!(phones(text, FindingKind::Ssn, "412-55-9031"), 0, "{text}");
        }
        let seen = "seen 11/02/2024, phone 212-736-5000";
        assert_eq!(phones(seen, FindingKind::Date, "11/02/2024"), 0);
        let known = "SSN 412-55-9031, phone 212-736-5000";
        let all = amended(known, FindingKind::Phone, &["212-736-5000"]);
        assert_eq!(all.len(), 1);
    }

    #[test]
    fn a_serial_number_is_none_of_the_deas() {
        for (text, found, kind) in [
            (
                "pump SN8810013 in 3 West",
                "SN8810013",
                FindingKind::OtherId,
            ),
            ("DEA SN8810013", "SN8810013", FindingKind::Dea),
            // (1 + 3 + 5) + 2 * (2 + 4 + 6) = 33.
            ("signed, AB1234563", "AB1234563", FindingKind::Dea),
        ] {
            let left = amended(text, FindingKind::Dea, &[found]);
            assert_eq!(left, [(kind, found.to_owned())], "{text}");
        }
    }

    #[test]
    fn a_plate_is_found_whole() {
        for (text, found, whole) in [
            ("plate: 7 ABC 123, asthma", &["7"][..], "7 ABC 123"),
            ("plate: 7 ABC 123", &["7", "123"], "7 ABC 123"),
            ("plate MNK 4412", &["4412"], "MNK 4412"),
            ("PLATE MNK 4412", &["4412"], "MNK 4412"),
            // Not called one, other words, another line, too long.
            ("car 7 ABC 123", &["7"], "7"),
            ("plate 4412 has", &["4412"], "4412"),
            ("plate 4412\nMNK", &["4412"], "4412"),
            ("plate 4412 ABC 999", &["4412"], "4412 ABC"),
        ] {
            let left = amended(text, FindingKind::Vehicle, found);
            assert_eq!(left, [(FindingKind::Vehicle, whole.to_owned())], "{text}");
        }
    }
}
