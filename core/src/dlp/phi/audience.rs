//! Whom a mail goes to, by what the host declares of its audience.

use super::super::lexicon::Lexicon;
use super::super::risk::summary::CATEGORY_FLAGS;
use super::super::token::hash;
use crate::dlp::Category;

/// Words before `patients` that make them somebody else's business, or what the
/// audience is not.
const ABOUT: [&str; 26] = [
    "about",
    "besides",
    "but",
    "by",
    "except",
    "excluding",
    "for",
    "from",
    "future",
    "minus",
    "nonpatients",
    "of",
    "potential",
    "prospective",
    "refer",
    "referring",
    "see",
    "seeing",
    "than",
    "that",
    "to",
    "treating",
    "who",
    "whose",
    "with",
    "without",
];
/// Behind these `of patients` means patients all the same.
const COUNTED: [&str; 12] = [
    "all", "cohort", "group", "half", "list", "many", "most", "panel", "roster", "segment", "some",
    "subset",
];
/// What may stand between `not` and `patients`.
const BETWEEN: [&str; 10] = [
    "active",
    "actual",
    "any",
    "current",
    "existing",
    "known",
    "my",
    "our",
    "registered",
    "yet",
];
const NOT: [&str; 6] = ["never", "no", "non", "not", "aren", "isn"];
/// Behind `patients` these make it a name or the opposite.
const OTHERWISE: [&str; 12] = [
    "advocates",
    "app",
    "club",
    "council",
    "excepted",
    "excluded",
    "first",
    "foundation",
    "helpline",
    "library",
    "portal",
    "rights",
];

/// Whether an audience are patients, as the host says, which tells of the care of
/// each: not people who are none, or who work with some.
pub(super) fn are_patients(audience: &str) -> bool {
    let lower = audience.to_ascii_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    words.iter().enumerate().any(|(at, word)| {
        let (before, behind) = (words.get(..at).unwrap_or_default(), words.get(at + 1));
        let about = before.iter().enumerate().any(|(n, word)| {
            let counted = n.checked_sub(1).and_then(|n| before.get(n));
            let counts = *word == "of" && counted.is_some_and(|word| COUNTED.contains(word));
            ABOUT.contains(word) && !counts
        });
        let mut near = before
            .iter()
            .rev()
            .skip_while(|word| BETWEEN.contains(word));
        let none = near.next().is_some_and(|word| NOT.contains(word));
        let otherwise = behind.is_some_and(|word| OTHERWISE.contains(word));
        matches!(*word, "patients" | "inpatients" | "outpatients") && !about && !none && !otherwise
    })
}

/// The protected categories that the words of an audience name.
pub(super) fn categories_named(audience: &str) -> Vec<Category> {
    let words = audience.split(|c: char| !c.is_alphanumeric());
    let flags = words.map(|word| Lexicon::get().word(hash(word.as_bytes())));
    let all = flags.fold(Default::default(), |all, flags| flags.union(all));
    let named = CATEGORY_FLAGS.iter().filter(|(flag, _)| all.has(*flag));
    named.map(|(_, category)| *category).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patients_are_the_head_of_what_is_said() {
        for audience in [
            "patients",
            "all patients",
            "Active dialysis patients",
            "patients of Dr. Ames's team",
            "patients with no upcoming visit",
            "patients not seen in 12 months",
            "no-show patients",
            "former patients",
            "non-English-speaking patients",
            "a list of patients seen in May",
            "staff and patients",
            "Outpatients, knee clinic",
        ] {
            assert!(are_patients(audience), "{audience}");
        }
        for audience in [
            "",
            "donors",
            "households in the county, not patients",
            "people who are not yet our patients",
            "no existing patients",
            "non-patients",
            "prospective patients",
            "case managers of dialysis patients",
            "pharmacists who see methadone patients",
            "drivers for dialysis patients",
            "everyone but our dialysis patients",
            "EHR contacts, patients app",
            "Patients First clinic award",
            "cancer support groups (patients excluded)",
        ] {
            assert!(!are_patients(audience), "{audience}");
        }
    }

    #[test]
    fn audiences_name_categories() {
        for (audience, categories) in [
            ("dialysis patients", vec![]),
            ("methadone patients", vec![Category::SubstanceUse]),
            ("HIV patients", vec![Category::StiHiv]),
        ] {
            assert_eq!(categories_named(audience), categories, "{audience}");
        }
    }
}
