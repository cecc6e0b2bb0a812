//! Where sentences and paragraphs begin and end.

mod words;

use std::ops::Range;

use self::words::{
    AND_I, CUT, CUT_INSIDE, LEADS_ON, LETTERED, NUMBERED, PLACES, RANKS, SO_DID, THAT_IS, TITLES,
    WHOLE,
};
use super::lexicon::{Flag, Flags, GIVEN, NAMES};
use super::passage::Passage;
use super::tagger::Tag;
use super::token::{Gap, Shape};
use super::unit::UnitKind;

/// What a text is cut into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Up to a point, `!` or `?` with a blank behind it, or to the end of a line
    /// that does not go on in the next.
    Sentence,
    /// Up to an empty line.
    Paragraph,
}

impl Piece {
    /// Units that a piece has before its first finding, and from there on; what is
    /// longer is cut.
    const fn longest(self) -> usize {
        match self {
            Self::Sentence => 100,
            Self::Paragraph => 200,
        }
    }

    /// Whether one opens at a unit, or the text ends before it.
    pub(crate) fn opens(self, passage: &Passage<'_>, at: usize) -> bool {
        let (Some(item), Some(before)) = (passage.items.get(at), at.checked_sub(1)) else {
            return true;
        };
        match (item.gap, self) {
            (Gap::Paragraph, _) => true,
            (Gap::None, _) => false,
            (Gap::Line, _) => match behind_quote_marks(passage, at) {
                // Quoted, an empty line has marks.
                None => true,
                Some(line) => self == Self::Sentence && !goes_over(passage, before, line),
            },
            (Gap::Space | Gap::Column, Self::Sentence) => ends(passage, before),
            (Gap::Space | Gap::Column, Self::Paragraph) => false,
        }
    }

    /// The piece of the first of some tags, which are in order: its units, the tags
    /// in it and those behind it. No tag goes over its end.
    pub(crate) fn first<'t>(
        self,
        passage: &Passage<'_>,
        tags: &'t [Tag],
    ) -> Option<(Range<usize>, &'t [Tag], &'t [Tag])> {
        let at = tags.first()?.first;
        let from = at.saturating_sub(self.longest());
        let mut before = (from + 1..=at).rev();
        let start = before.find(|n| self.opens(passage, *n)).unwrap_or(from);
        let (mut end, mut many) = (at + 1, 0);
        loop {
            while let Some(tag) = tags.get(many).filter(|tag| tag.first < end) {
                end = end.max(tag.last);
                many += 1;
            }
            if end - at >= self.longest() || self.opens(passage, end) {
                break;
            }
            end += 1;
        }
        let (here, more) = tags.split_at(many);
        Some((start..end.min(passage.items.len()), here, more))
    }
}

/// Units before which the beginning of a line is looked for.
const NEAR: usize = 200;

/// How often a line is quoted, and its first unit behind the marks of that, if
/// anything stands there.
fn behind_quote_marks(passage: &Passage<'_>, line: usize) -> Option<(usize, usize)> {
    let mut at = line;
    while passage.bytes(at) == b">" {
        at += 1;
        if passage.items.get(at)?.gap >= Gap::Line {
            return None;
        }
    }
    Some((at - line, at))
}

/// How often the line of a unit is quoted, if it begins near enough.
fn quoted(passage: &Passage<'_>, unit: usize) -> usize {
    first_of_line(passage, unit)
        .and_then(|line| behind_quote_marks(passage, line))
        .map_or(0, |(depth, _)| depth)
}

/// Whether a sentence goes on over a line's end: from its last unit to the line
/// behind it, which is quoted so often and has its first unit there.
fn goes_over(passage: &Passage<'_>, last: usize, (depth, first): (usize, usize)) -> bool {
    !ends(passage, last) && is_broken(passage, last, first) && quoted(passage, last) == depth
}

/// What health terms are listed as.
const TERMS: Flags = Flags::of(&[
    Flag::Medication,
    Flag::Condition,
    Flag::Procedure,
    Flag::Lab,
]);

/// Signs that close what a sentence ended in.
const CLOSE: [&[u8]; 6] = [b"\"", b"'", b")", b"]", b"*", b"_"];

fn is_word(passage: &Passage<'_>, at: usize) -> bool {
    (passage.items.get(at)).is_some_and(|item| item.kind == UnitKind::Word)
}

/// Whether a unit is in small letters.
fn is_small(passage: &Passage<'_>, at: usize) -> bool {
    (passage.items.get(at)).is_some_and(|item| item.shape == Shape::Lower)
}

/// The unit before those that close a bracket or a quotation at a unit, if they do.
fn before_closers(passage: &Passage<'_>, unit: usize) -> usize {
    let mut point = unit;
    while CLOSE.contains(&passage.bytes(point))
        && unit - point < 3
        && passage.items.get(point).is_some_and(|i| i.gap == Gap::None)
    {
        point -= 1;
    }
    point
}

/// Whether the sentence that ends with a unit asks.
pub(crate) fn asks(passage: &Passage<'_>, last: usize) -> bool {
    passage.bytes(before_closers(passage, last)) == b"?"
}

/// Whether a sentence ends at a unit, maybe in a bracket or a quotation: not at
/// the point of a word that is cut short.
fn ends(passage: &Passage<'_>, unit: usize) -> bool {
    // Most are words, and need no look at their letters.
    if is_word(passage, unit) {
        return false;
    }
    let point = before_closers(passage, unit);
    let next = unit + 1;
    if point != unit && is_small(passage, next) {
        // It goes on behind what closes: `(new!) and`.
        return false;
    }
    match passage.bytes(point) {
        b"." => !is_cut_short(passage, point, next),
        b"!" | b"?" => true,
        [_, .., b'.'] => !goes_on_from_time(passage, next),
        _ => false,
    }
}

/// Whether the point is that of a title, an initial, a list's mark or another word
/// that is cut short; of some only what stands behind tells.
fn is_cut_short(passage: &Passage<'_>, point: usize, behind: usize) -> bool {
    let Some(before) = point.checked_sub(1) else {
        return false;
    };
    let Some(word) = passage.items.get(before) else {
        return false;
    };
    if is_list_mark(passage, before) && opens_line(passage, before) {
        return true;
    }
    match (word.kind, passage.bytes(before)) {
        (UnitKind::Word, [_]) if word.shape == Shape::Upper => {
            is_initial(passage, before) || goes_on(passage, behind)
        }
        (UnitKind::Word, [_]) => {
            let is_second = before
                .checked_sub(1)
                .is_some_and(|n| passage.bytes(n) == b".")
                && word.gap == Gap::None;
            is_second && THAT_IS.contains(&word.hash) || goes_on_from_time(passage, behind)
        }
        (UnitKind::Word, _) => {
            let (hash, upper) = (word.hash, word.shape == Shape::Upper);
            let whole = upper && WHOLE.contains(&hash) && !opens(passage, before);
            // `MS.` is an illness, but among capitals and before a name.
            let illness = passage.bytes(before) == b"MS"
                && !is_in_capitals(passage, behind)
                && !is_name(passage, behind);
            TITLES.contains(&hash) && !illness
                || RANKS.contains(&hash) && word.shape != Shape::Lower
                || CUT.contains(&hash) && !whole
                || NUMBERED.contains(&hash) && is_number(passage, behind)
                || PLACES.contains(&hash) && !is_measured(passage, before)
                || CUT_INSIDE.contains(&hash) && goes_on(passage, behind)
        }
        // `Mon. 14 March`; points that lead on.
        (UnitKind::Weekday | UnitKind::Month, _) | (_, b".") => goes_on(passage, behind),
        _ => false,
    }
}

/// Whether a capital before a point is that of a name: not in `hepatitis C.` and
/// `so did I.`
fn is_initial(passage: &Passage<'_>, at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|n| passage.items.get(n));
    let hash = before.map_or(0, |item| item.hash);
    // `Pat and I. Dr. Ames`, but `Pat and I. Okafor`.
    let myself = || SO_DID.contains(&hash) || AND_I.contains(&hash) && !is_surname(passage, at + 2);
    let is_me = passage.bytes(at) == b"I" && myself();
    !is_me && !LETTERED.contains(&hash)
}

/// Whether a text goes on in capitals, so that these say nothing: not with a test's
/// or an illness' short name, which has them everywhere.
fn is_in_capitals(passage: &Passage<'_>, at: usize) -> bool {
    passage.items.get(at).is_some_and(|item| {
        let flags = item.flags();
        item.shape == Shape::Upper
            && passage.bytes(at).len() > 2
            && (!flags.any(TERMS) || flags.any(NAMES))
    })
}

/// Whether a word is a name, and none that a sentence about somebody opens with.
fn is_surname(passage: &Passage<'_>, at: usize) -> bool {
    let given = (passage.items.get(at)).is_some_and(|item| item.flags().any(GIVEN));
    is_name(passage, at) && !given
}

/// Whether a word is a name, as far as the lists know, and no other word.
fn is_name(passage: &Passage<'_>, at: usize) -> bool {
    passage.items.get(at).is_some_and(|item| {
        let flags = item.flags();
        item.kind == UnitKind::Word
            && item.shape != Shape::Lower
            && !flags.has(Flag::English)
            && (flags.any(NAMES) || !flags.any(TERMS))
    })
}

/// Whether a unit is the first of its line or stands behind a sign, but for a comma.
fn opens(passage: &Passage<'_>, at: usize) -> bool {
    let sign = |n: usize| {
        let before = passage.items.get(n);
        before.is_some_and(|item| item.kind == UnitKind::Sign) && passage.bytes(n) != b","
    };
    opens_line(passage, at) || at.checked_sub(1).is_none_or(sign)
}

/// Whether a word only holds a sentence together.
fn is_function(passage: &Passage<'_>, at: usize) -> bool {
    (passage.items.get(at)).is_some_and(|item| item.flags().has(Flag::Function))
}

/// Whether a unit may be what an apartment is told by: a number, or one letter that
/// opens no sentence, as `A nurse` and `I` do.
fn is_number(passage: &Passage<'_>, at: usize) -> bool {
    passage.items.get(at).is_some_and(|item| match item.kind {
        UnitKind::Word => match passage.bytes(at) {
            b"I" => false,
            b"A" => !is_small(passage, at + 1) || is_function(passage, at + 1),
            letters => letters.len() == 1,
        },
        UnitKind::Sign => matches!(passage.bytes(at), b"#" | b"," | b";"),
        kind => matches!(kind, UnitKind::Number | UnitKind::Code),
    })
}

/// Whether a number is close before a unit on its line with nothing between them that
/// no street is called: `12 N. Heron St.`, `12 ft.`, not `12 of us at St. Clair`.
fn is_measured(passage: &Passage<'_>, at: usize) -> bool {
    const NEAR: usize = 4;
    let mut n = at;
    while n > 0 && at - n < NEAR && passage.items.get(n).is_some_and(|i| i.gap < Gap::Line) {
        n -= 1;
        match passage.items.get(n).map(|item| item.kind) {
            Some(UnitKind::Number) => return true,
            Some(UnitKind::Word) if !is_function(passage, n) => {}
            Some(UnitKind::Code) => {}
            Some(UnitKind::Sign) if passage.bytes(n) == b"." => {}
            _ => return false,
        }
    }
    false
}

/// Whether what stands at a unit opens no sentence, as far as that can be seen.
fn goes_on(passage: &Passage<'_>, at: usize) -> bool {
    passage.items.get(at).is_some_and(|item| match item.kind {
        UnitKind::Word => item.shape == Shape::Lower,
        UnitKind::Sign => matches!(passage.bytes(at), b"(" | b"$" | b"#" | b"+" | b"," | b";"),
        _ => true,
    })
}

/// The same behind `10 a.m.`: `EST`, too, goes on.
fn goes_on_from_time(passage: &Passage<'_>, at: usize) -> bool {
    let zone = passage.items.get(at).is_some_and(|item| {
        item.shape == Shape::Upper && (2..=4).contains(&passage.bytes(at).len())
    });
    zone || goes_on(passage, at)
}

/// Whether a unit is the first of its line, maybe behind marks of quotation.
pub(super) fn opens_line(passage: &Passage<'_>, at: usize) -> bool {
    let mut first = at;
    while let Some(before) = first.checked_sub(1)
        && passage.items.get(first).is_some_and(|i| i.gap < Gap::Line)
        && passage.bytes(before) == b">"
    {
        first = before;
    }
    (passage.items.get(first)).is_some_and(|item| item.gap >= Gap::Line)
}

/// Whether a unit is a letter or a number as before an item of a list: `a)`, `12.`
fn is_list_mark(passage: &Passage<'_>, at: usize) -> bool {
    let [Some(item), Some(sign), Some(text)] = [0, 1, 2].map(|n| passage.items.get(at + n)) else {
        return false;
    };
    let length = passage.bytes(at).len();
    let letter = item.kind == UnitKind::Word && length == 1;
    let number = item.shape == Shape::Digits && length <= 3;
    (letter || number)
        && sign.gap == Gap::None
        && matches!(passage.bytes(at + 1), b"." | b")")
        && matches!(text.gap, Gap::Space | Gap::Column)
}

/// Whether the line that a unit ends was broken before the first of the next, in
/// the middle of a sentence: where it was full and is no row of a table, or where
/// behind a word it goes on with a small letter. What begins with anything but a
/// word or a bracket goes on only where a small word, as in `14 days`, stands behind
/// it and the line before does not begin alike, or where that line leads on: rows
/// begin with dates and times. A list's mark begins a line of its own.
fn is_broken(passage: &Passage<'_>, last: usize, first: usize) -> bool {
    let Some(item) = passage.items.get(first) else {
        return false;
    };
    let small = |at| is_word(passage, at) && is_small(passage, at);
    if is_list_mark(passage, first) {
        return false;
    }
    let leads_on = || {
        let hash = passage.items.get(last).map_or(0, |item| item.hash);
        is_small(passage, last) && LEADS_ON.contains(&hash)
    };
    let alike = || {
        let line = first_of_line(passage, last);
        line.and_then(|n| passage.items.get(n)).map(|i| i.kind) == Some(item.kind)
    };
    let goes_on = match item.kind {
        UnitKind::Word if small(first) && is_word(passage, last) => return true,
        UnitKind::Word => true,
        // Not `(1)`, `(a)`, `( )`.
        UnitKind::Sign => {
            let shut = |n| passage.bytes(first + n) == b")";
            let mark = || {
                let inside = passage.items.get(first + 1);
                passage.bytes(first + 1).len() == 1
                    || inside.is_some_and(|item| item.shape == Shape::Digits)
            };
            passage.bytes(first) == b"(" && !shut(1) && !(shut(2) && mark())
        }
        UnitKind::Number if passage.bytes(first).len() > 3 => leads_on(),
        UnitKind::Number | UnitKind::Weekday | UnitKind::Month | UnitKind::Age => {
            small(first + 1) && !alike() || leads_on()
        }
        _ => leads_on(),
    };
    goes_on && is_full(passage, last)
}

/// The first unit of the line of another, if it begins near enough.
fn first_of_line(passage: &Passage<'_>, at: usize) -> Option<usize> {
    let begins = |n: &usize| passage.items.get(*n).is_some_and(|i| i.gap >= Gap::Line);
    let near = at.saturating_sub(NEAR)..=at;
    near.rev().find(|n| *n == 0 || begins(n))
}

/// Bytes of a line that may have been broken since it was full.
const FULL: usize = 56;

/// Whether the line that a unit ends has no room for more, and no columns.
fn is_full(passage: &Passage<'_>, last: usize) -> bool {
    let end = (passage.spans.get(last)).map_or(0, |span| span.end as usize);
    let line = (end.checked_sub(FULL)).and_then(|from| passage.text.get(from..end));
    let is_column = |n: usize| {
        let column = passage.items.get(n).is_some_and(|i| i.gap == Gap::Column);
        // Some set two blanks behind a sentence.
        let sentence = n.checked_sub(1).is_none_or(|n| ends(passage, n));
        passage.bytes(n) == b"|" || column && !sentence
    };
    // As many units as there are bytes, at most.
    let near = last.saturating_sub(FULL)..=last;
    let begins = |n: &usize| passage.items.get(*n).is_some_and(|i| i.gap >= Gap::Line);
    let from = near.clone().rev().find(begins).unwrap_or(*near.start());
    line.is_some_and(|line| !line.contains(&b'\n')) && !(from..=last).any(is_column)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dlp::FindingKind;
    use crate::dlp::passage::Region;

    /// The pieces of a text.
    fn pieces(text: &str, piece: Piece) -> Vec<String> {
        let passage = Passage::read(text.as_bytes(), 0, text.len(), Region::Body);
        let opens: Vec<usize> = (0..passage.items.len())
            .filter(|n| piece.opens(&passage, *n))
            .map(|n| passage.spans[n].start as usize)
            .collect();
        let ends = opens.iter().copied().skip(1).chain([text.len()]);
        opens
            .iter()
            .zip(ends)
            .map(|(from, to)| text[*from..to].trim().to_owned())
            .collect()
    }

    /// That these are sentences on one line and on lines of their own.
    #[track_caller]
    fn sentences(expected: &[&str]) {
        for between in [" ", "\n"] {
            let text = expected.join(between);
            assert_eq!(pieces(&text, Piece::Sentence), expected, "{text}");
        }
    }

    /// That lines are as many sentences.
    #[track_caller]
    fn apart(lines: &[&str]) {
        assert_eq!(pieces(&lines.join("\n"), Piece::Sentence), lines);
    }

    #[track_caller]
    fn one(text: &str) {
        assert_eq!(pieces(text, Piece::Sentence), [text]);
    }

    #[test]
    fn sentences_end_at_points() {
        sentences(&["Pat is off.", "We teach asthma."]);
        sentences(&["pat is off.", "we teach asthma."]);
        sentences(&["Who teaches asthma?", "Ask Pat!", "Thanks"]);
        sentences(&["He said \"Pat is off.\"", "We teach asthma."]);
        sentences(&["(Pat is off.)", "We teach asthma."]);
        sentences(&["*Pat is off.*", "We teach asthma."]);
        sentences(&["Pat is off...", "We teach asthma."]);
        sentences(&["It was at 10 a.m.", "Pat was off."]);
        sentences(&["It takes 10 min.", "Pat was off."]);
        sentences(&["See him on Mon.", "Pat was off."]);
        sentences(&["Pat is off.", "(We teach asthma.)"]);
        sentences(&["Ask the nurse.", "We teach asthma."]);
        sentences(&["He goes to PT.", "We teach asthma."]);
        sentences(&["Continue PT.", "MRI of the knee is next."]);
        sentences(&["He lives in Austin, TX.", "We teach asthma."]);
        sentences(&["She has MS.", "Her asthma is worse."]);
        sentences(&["Ask the sales rep.", "We teach asthma."]);
        sentences(&["Please cancel my apt.", "My mother has asthma."]);
        sentences(&["Pat is in room B.", "We teach asthma."]);
        sentences(&["She has hepatitis C.", "We teach asthma."]);
        sentences(&["So did I.", "We teach asthma."]);
        sentences(&["There were Pat and I.", "We teach asthma."]);
        sentences(&["There were she and I.", "Maria has asthma."]);
        sentences(&["It is in 1200 W. 5th St.", "We teach asthma."]);
        sentences(&["She has MS.", "MRI of the head is next."]);
        sentences(&["Please cancel my apt.", "I have asthma."]);
        sentences(&["Please cancel my apt.", "A nurse with asthma said so."]);
        sentences(&["It is in 12 Heron St.", "We teach asthma."]);
        sentences(&["It is in 12 N. heron St.", "We teach asthma."]);
        sentences(&["It is 12 ft.", "We teach asthma."]);
    }

    #[test]
    fn sentences_do_not_end_at_what_is_cut_short() {
        for text in [
            "Dr. H. Okafor saw Mr. Lindqvist",
            "Pt. Alvarez has asthma",
            "Dx. Asthma in Pat",
            "PT. ALVAREZ HAS ASTHMA",
            "DX. Asthma in Pat",
            "MS. LINDQVIST HAS ASTHMA",
            "our patient I. Okafor has asthma",
            "Sgt. Okafor saw Gen. Lindqvist",
            "At St. Clair we saw Pat",
            "Pat is in Port St. Lucie",
            "our patient J. Okafor has asthma",
            "Pat has hepatitis C. difficile is something else",
            "the people at St. Clair",
            "12 patients at St. Clair",
            "MS. Lindqvist has asthma",
            "Pat and I. Okafor have asthma",
            "Pat lives in Bldg. A, Apt. #4, Rm. 12",
            "Pat lives in Apt. A with asthma",
            "St. Clair has Pat",
            "Pat (St. Clair) has asthma",
            "Pat is in Ft. Collins",
            "Pat lives in Bldg. C at Mt. Sinai, Apt. B",
            "It took approx. 5 doses, i.e. all of them, incl. hers",
            "It took approx. $50",
            "some of us, e.g. Pat",
            "Pat Alvarez jr. has it",
            "tel. (303) 555-0113",
            "tel. +1 303 555 0113",
            "the asthma (see no. 4) of Pat",
            "the asthma of no. AB-4711",
            "at 10 a.m. in the hall",
            "Pat comes at 10 a.m. Tuesday for her asthma",
            "Pat comes at 10 a.m. EST for her asthma",
            "Pat comes on Mon. 14 March",
            "Pat is ... off",
            "She asked \"Is Pat well?\" and I said no",
            "Pat (new!) has asthma",
            "Pat (seen at Acme Inc.) has asthma",
            "1. Pat has asthma",
            "> a. Pat has asthma",
            "asthma: Pat",
        ] {
            one(text);
        }
    }

    #[test]
    fn lines_that_were_full_go_on() {
        one("The last of the pumps went home with a patient of ours, Pat\nLindqvist.");
        one("The last of the pumps went home with a patient of ours in\n14 parts.");
        one("The last of the pumps went home with a patient of ours and\nhim.");
        one("> The last of the pumps went home with a patient of ours, Pat\n> Lindqvist.");
        for behind in [
            "Tuesday, Pat",
            "March 3, Pat",
            "3/14, Pat",
            "10:30, Pat",
            "94-year-old Pat",
            "4712 Pat",
            "AB-4711 of Pat",
        ] {
            let full = "The last of the pumps went home with one of our patients";
            one(&format!("{full} on\n{behind}"));
            apart(&[&format!("{full} today"), behind]);
        }
        one("The last of the pumps went home with a patient in the hall\nTuesday morning");
        one("The last of the pumps went home with a patient in the hall\n(Pat is one)");
        one("The last of the pumps went home with a patient in the hall\n(HIV)");
        one("we saw Pat\nwho has asthma");
        one("> > we saw Pat\n> > who has asthma");
        let blanks = "The last of the pumps went home.  We saw a patient, a new one,\nPat.";
        assert_eq!(
            pieces(blanks, Piece::Sentence),
            [
                "The last of the pumps went home.",
                "We saw a patient, a new one,\nPat."
            ]
        );
    }

    #[test]
    fn rows_and_items_are_sentences() {
        apart(&["asthma", "Pat"]);
        apart(&["about asthma,", "yours, Pat"]);
        apart(&["- tea for Pat", "- asthma"]);
        apart(&["a) tea for Pat", "b) asthma"]);
        let item = "1. tea for Pat and for all the others who stand in the hall today";
        apart(&[item, "2. asthma"]);
        apart(&[&item.replace("1.", "(1)"), "(2) asthma"]);
        let bed = "82 yo man in bed 4 with CHF and AKI, on furosemide, sats are good";
        apart(&[bed, "67 yo woman in bed 5 with asthma"]);
        let day = "Monday evening the group on asthma with all who are there already";
        apart(&[day, "Tuesday evening the same with Pat"]);
        let again = "10:15 our patient Pat with her son, whom Dr. Ames wants to see again";
        apart(&[again, "10:30 the asthma class"]);
        let row = "| Pat Lindqvist | room 14 of the new house by the river | asthma |";
        apart(&[row, "Pat"]);
        let row = "Pat Lindqvist     room 14 of the new house by the river  asthma";
        apart(&[row, "Pat"]);
        let row = "10:15 our patient Pat with her son in the small room of the hall";
        apart(&[row, "10:30 the asthma class"]);
        apart(&[row, "2026-03-05 the asthma class"]);
        apart(&[row, "4712 the asthma class"]);
        let end = "The leaflets on asthma are on the shelf behind the door of room 4.";
        apart(&[end, "Pat Lindqvist"]);
    }

    #[test]
    fn quoting_begins_and_ends_a_sentence() {
        let full = "On the third of March this year our patient Pat Lindqvist wrote";
        one(&format!("{full}\nMy daughter has asthma"));
        apart(&[full, "> My daughter has asthma"]);
        apart(&[full, "> my daughter has asthma"]);
        apart(&[&format!("> {full}"), "My daughter has asthma"]);
        apart(&[&format!("> {full}"), "> > My daughter has asthma"]);
    }

    #[test]
    fn a_long_one_is_cut() {
        for (piece, longest) in [(Piece::Sentence, 100), (Piece::Paragraph, 200)] {
            let text = "so ".repeat(1_000);
            let passage = Passage::read(text.as_bytes(), 0, text.len(), Region::Body);
            let tag = Tag {
                first: 500,
                last: 501,
                kind: FindingKind::Name,
                margin: 70,
            };
            let (units, ..) = piece.first(&passage, &[tag]).unwrap();
            assert_eq!(units, 500 - longest..500 + longest);
        }
    }

    #[test]
    fn paragraphs_end_at_empty_lines() {
        for (between, two) in [
            ("\n\n", true),
            ("\n> \n> ", true),
            ("\n", false),
            (". ", false),
        ] {
            let text = format!("> Pat{between}asthma");
            assert_eq!(
                pieces(&text, Piece::Paragraph).len(),
                1 + usize::from(two),
                "{text}"
            );
        }
    }

    #[test]
    fn no_label_goes_over_an_end() {
        let text = "Tea. Pat A. B\n\nLee. Asthma. Now";
        let passage = Passage::read(text.as_bytes(), 0, text.len(), Region::Body);
        let at = |word: &str| {
            (0..passage.items.len())
                .find(|n| passage.bytes(*n) == word.as_bytes())
                .unwrap()
        };
        let tag = |first: &str, last: &str| Tag {
            first: at(first),
            last: at(last) + 1,
            kind: FindingKind::Name,
            margin: 70,
        };
        let tags = [tag("Pat", "Lee"), tag("Asthma", "Asthma")];
        let (units, here, more) = Piece::Sentence.first(&passage, &tags).unwrap();
        assert_eq!((units.start, units.end), (at("Pat"), at("Lee") + 2));
        assert_eq!((here, more), tags.split_at(1));
        let (units, ..) = Piece::Paragraph.first(&passage, &tags).unwrap();
        assert_eq!((units.start, units.end), (0, passage.items.len()));
        assert_eq!(Piece::Sentence.first(&passage, &[]), None);
    }
}
