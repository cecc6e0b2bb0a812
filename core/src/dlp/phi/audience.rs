//! Whom a mail goes to, by what the host declares of its audience.

use crate::dlp::Category;
use crate::dlp::lexicon::Lexicon;
use crate::dlp::risk::summary::CATEGORY_FLAGS;
use crate::dlp::token::hash;

/// Words before `patients` that make them somebody else's business, or leave them out.
const ABOUT: [&str; 22] = [
    "about",
    "besides",
    "but",
    "by",
    "except",
    "excluding",
    "for",
    "from",
    "minus",
    "of",
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
/// Words that say that they are none.
const NONE: [&str; 12] = [
    "aren't",
    "future",
    "isn't",
    "neither",
    "never",
    "no",
    "non",
    "nonpatients",
    "nor",
    "not",
    "potential",
    "prospective",
];
/// Behind these `of patients`, `to patients` and `for patients` are patients all the
/// same.
const ARE: [&str; 26] = [
    "all",
    "announcement",
    "campaign",
    "cohort",
    "email",
    "group",
    "half",
    "invitation",
    "letter",
    "letters",
    "list",
    "mail",
    "mailing",
    "many",
    "message",
    "most",
    "newsletter",
    "notice",
    "panel",
    "reminder",
    "reminders",
    "roster",
    "segment",
    "some",
    "subset",
    "survey",
];
/// Behind `patients` these make it a name, others, or the opposite.
const OTHERWISE: [&str; 24] = [
    "advocates",
    "app",
    "caregivers",
    "carers",
    "clinicians",
    "club",
    "council",
    "department",
    "doctors",
    "excepted",
    "excluded",
    "families",
    "first",
    "foundation",
    "helpline",
    "library",
    "nurses",
    "portal",
    "relatives",
    "rights",
    "school",
    "staff",
    "team",
    "volunteers",
];
/// Behind `patient` these are patients.
const MANY: [&str; 6] = ["cohort", "group", "list", "panel", "roster", "segment"];

/// Whether an audience are patients, as the host says, which tells of the care of
/// each: not people who are none, or who work with some.
pub(super) fn are_patients(audience: &str) -> bool {
    let lower = audience.to_ascii_lowercase();
    let parted = |c| {
        matches!(
            c,
            ',' | ';' | ':' | '/' | '(' | ')' | '|' | '\n' | '–' | '—'
        )
    };
    lower.split(parted).any(are_patients_of_clause)
}

/// The same of what stands between commas.
fn are_patients_of_clause(clause: &str) -> bool {
    let mut words = clause
        .split(|c: char| !c.is_alphanumeric() && !matches!(c, '-' | '\''))
        .map(|word| word.trim_matches('\''))
        .filter(|word| !word.is_empty())
        .peekable();
    let mut before = "";
    while let Some(word) = words.next() {
        let behind = words.peek().copied().unwrap_or_default();
        match word {
            "patients" | "inpatients" | "outpatients" | "in-patients" | "out-patients" => {
                return !OTHERWISE.contains(&behind);
            }
            "patient" if MANY.contains(&behind) => return true,
            "of" | "to" | "for" if ARE.contains(&before) => {}
            word if ABOUT.contains(&word) || NONE.contains(&word) => return false,
            _ => {}
        }
        before = word;
    }
    false
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
            "newsletter to all patients",
            "reminders for our patients",
            "clinic of Dr. Ames: patients and caregivers",
            "families of staff, patients",
            "dialysis patient list",
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
            "our patients' caregivers",
            "outpatients department",
            "staff, not dialysis patients",
            "neither donors nor patients",
            "leads that aren't patients",
            "patient advocates",
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
