//! Whom a mail goes to, by what the host declares of its audience.

use crate::dlp::Category;
use crate::dlp::lexicon::Flags;
use crate::dlp::passage::{Item, Passage, Region};
use crate::dlp::risk::summary::CATEGORY_FLAGS;
use crate::dlp::view::View;

/// Words behind which patients are somebody else's business, where somebody stands before
/// them.
const OF: [&str; 6] = ["about", "by", "for", "from", "of", "with"];
/// The same, of what that somebody does.
const WHO: [&str; 8] = [
    "refer",
    "referring",
    "see",
    "seeing",
    "that",
    "treating",
    "who",
    "whose",
];
/// Words that leave out what stands behind them.
const BUT: [&str; 7] = [
    "besides",
    "but",
    "except",
    "excluding",
    "minus",
    "than",
    "without",
];
/// Words right before `patients` that say that they are none.
const NONE: [&str; 7] = [
    "future",
    "never",
    "no",
    "non",
    "none",
    "potential",
    "prospective",
];
/// The same, a word apart: `not dialysis patients`.
const NOT: [&str; 5] = ["aren't", "isn't", "neither", "nor", "not"];
/// Behind these two they say something else: `no show`, `not all`.
const NOT_NONE: [&str; 7] = ["all", "every", "just", "longer", "only", "show", "shows"];
/// Words between such a one and `patients` that change nothing.
const SMALL: [&str; 17] = [
    "a",
    "active",
    "an",
    "any",
    "current",
    "established",
    "existing",
    "former",
    "its",
    "my",
    "new",
    "of",
    "our",
    "the",
    "their",
    "yet",
    "your",
];
/// Words that are nobody, beside [`SMALL`] ones and numbers: `over 400 of our patients`.
const NOBODY: [&str; 15] = [
    "also",
    "and",
    "approximately",
    "around",
    "every",
    "just",
    "nearly",
    "only",
    "or",
    "over",
    "roughly",
    "this",
    "to",
    "under",
    "up",
];
/// Behind these `of patients` and `for patients` are patients all the same: what is sent
/// to them, or how many they are.
const ARE: [&str; 80] = [
    "addressed",
    "alert",
    "alerts",
    "all",
    "announcement",
    "any",
    "appointments",
    "batch",
    "bills",
    "both",
    "bulletin",
    "campaign",
    "cards",
    "class",
    "cohort",
    "communication",
    "dozen",
    "dozens",
    "each",
    "email",
    "emails",
    "few",
    "flyer",
    "flyers",
    "form",
    "forms",
    "group",
    "half",
    "hundred",
    "hundreds",
    "info",
    "information",
    "instructions",
    "intended",
    "invitation",
    "invitations",
    "letter",
    "letters",
    "list",
    "lists",
    "mail",
    "mailing",
    "majority",
    "many",
    "meant",
    "message",
    "messages",
    "most",
    "news",
    "newsletter",
    "note",
    "notes",
    "notice",
    "notices",
    "notification",
    "number",
    "one",
    "panel",
    "percent",
    "questionnaire",
    "recall",
    "register",
    "registry",
    "reminder",
    "reminders",
    "rest",
    "results",
    "roster",
    "segment",
    "set",
    "several",
    "some",
    "statements",
    "subset",
    "survey",
    "thousands",
    "those",
    "total",
    "update",
    "updates",
];
/// The same before `to`: what is done with mail.
const SENT: [&str; 14] = [
    "delivered",
    "directed",
    "distributed",
    "e-mailed",
    "emailed",
    "forwarded",
    "go",
    "goes",
    "going",
    "mailed",
    "mails",
    "out",
    "sends",
    "sent",
];
/// Between such a word as `no` and `patients` these are the patients.
const PEOPLE: [&str; 12] = [
    "adult", "adults", "child", "children", "female", "male", "men", "teen", "teenage", "teens",
    "woman", "women",
];
/// Forms of `to be`.
const BE: [&str; 6] = ["are", "be", "been", "is", "was", "were"];
/// What `the patient of the year` is of.
const AWARD: [&str; 7] = ["day", "decade", "future", "month", "season", "week", "year"];
/// Behind `patients` these make it a name, others, or the opposite.
const OTHERWISE: [&str; 23] = [
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
/// Behind these `patient` was a whole one: `every dialysis patient of ours`.
const ONE: [&str; 18] = [
    "",
    "admitted",
    "after",
    "at",
    "before",
    "discharged",
    "for",
    "from",
    "in",
    "of",
    "on",
    "seen",
    "since",
    "that",
    "who",
    "whose",
    "with",
    "without",
];

/// Whether an audience are patients, as the host says, which tells of the care of
/// each: not people who are none, or who work with some.
pub(super) fn are_patients(audience: &str) -> bool {
    let audience = audience.replace('’', "'");
    let parted = |c| {
        matches!(
            c,
            ',' | ';' | ':' | '/' | '(' | ')' | '[' | ']' | '|' | '\n' | '–' | '—'
        )
    };
    audience.split(parted).any(are_patients_of_clause)
}

/// The same of what stands between commas.
fn are_patients_of_clause(clause: &str) -> bool {
    let given: Vec<&str> = clause
        .split(|c: char| !c.is_alphanumeric() && !matches!(c, '-' | '\''))
        .map(|word| word.trim_matches('\''))
        .filter(|word| !word.is_empty())
        .collect();
    let words: Vec<String> = given.iter().map(|word| word.to_ascii_lowercase()).collect();
    let word = |at: usize| words.get(at).map(String::as_str).unwrap_or_default();
    // Whether somebody is named, and whether who is named next are theirs, or what they
    // do is with them.
    let (mut somebody, mut theirs, mut do_so) = (false, false, false);
    // Whether what is named is sent: `mail from the clinic`, `from the clinic`.
    let mut mailed = false;
    for (at, here) in words.iter().map(String::as_str).enumerate() {
        let (before, behind) = (at.checked_sub(1).map_or("", word), word(at + 1));
        let is_name = OTHERWISE.contains(&behind)
            || behind == "first" && is_capital(&given, at + 1) && !is_participle(word(at + 2));
        let award = behind == "of" && word(at + 2) == "the" && AWARD.contains(&word(at + 3));
        // `who are patient`
        let one = here == "patient"
            && (MANY.contains(&behind) || ONE.contains(&behind))
            && !(award || BE.contains(&before));
        if one || are_many(here) && !is_name {
            if !theirs && !are_none(words.get(..at).unwrap_or_default()) {
                return true;
            }
        } else if matches!(here, "and" | "or" | "plus") {
            // `drivers for HIV patients and dialysis patients`, `drivers for HIV and
            // dialysis patients`
            let of = at.checked_sub(2).map_or("", word);
            let both = matches!(of, "for" | "of" | "to" | "with")
                && are_many(word(at + 2))
                && !SMALL.contains(&behind);
            theirs &= are_many(before) || both;
        } else if BUT.contains(&here) {
            theirs = behind != "also";
        } else if here == "to" {
            // `mail from the clinic to patients`, but `drivers to patients`
            let sent = mailed || ARE.contains(&before) || SENT.contains(&before);
            theirs = match sent {
                true => theirs && do_so,
                false => theirs || somebody,
            };
        } else if WHO.contains(&here) {
            let are = BE.contains(&behind);
            (theirs, do_so) = (somebody && !are, true);
        } else if OF.contains(&here) {
            let mail = ARE.contains(&before) || SENT.contains(&before);
            let sent = matches!(here, "of" | "for") && mail;
            mailed |= matches!(here, "about" | "by" | "from" | "with") && (mail || !somebody);
            (theirs, do_so) = (somebody && !sent, false);
        } else {
            let number = here.starts_with(|c: char| c.is_ascii_digit());
            somebody |= !number && !SMALL.contains(&here) && !NOBODY.contains(&here);
        }
    }
    false
}

/// Whether a word says `patients`.
fn are_many(word: &str) -> bool {
    matches!(word, "patients" | "inpatients" | "outpatients")
        || word.ends_with("-patients") && !word.starts_with("non-")
}

/// Whether words right before `patients` say that they are none.
fn are_none(before: &[String]) -> bool {
    let mut apart = false;
    let mut behind = "";
    for word in before.iter().rev().map(String::as_str) {
        if NONE.contains(&word) || NOT.contains(&word) {
            return !NOT_NONE.contains(&behind) && (!apart || NOT.contains(&word));
        }
        let small = SMALL.contains(&word) || PEOPLE.contains(&word) || BE.contains(&word);
        if !small {
            if apart || is_participle(word) {
                return false;
            }
            apart = true;
        }
        behind = word;
    }
    false
}

/// Whether it may be said of patients what they did or what was done: `vaccinated`.
fn is_participle(word: &str) -> bool {
    ["ed", "en", "ing"].iter().any(|end| word.ends_with(end))
}

fn is_capital(words: &[&str], at: usize) -> bool {
    let word = words.get(at).copied().unwrap_or_default();
    word.starts_with(|c: char| c.is_ascii_uppercase())
}

/// The protected categories that the words of an audience name.
pub(super) fn categories_named(audience: &str) -> Vec<Category> {
    let view = View::plain(audience);
    let passage = Passage::read(&view.text, 0, view.text.len(), Region::Subject);
    let flags = passage.items.iter().map(Item::flags);
    let all = flags.fold(Flags::default(), Flags::union);
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
            "to all dialysis patients",
            "for our dialysis patients",
            "about 400 dialysis patients",
            "over 400 of our dialysis patients",
            "40% of our patients",
            "from the clinic to its dialysis patients",
            "mail from the clinic to dialysis patients",
            "sent to HIV patients",
            "flyer for HIV patients",
            "people who are HIV patients",
            "not yet vaccinated dialysis patients",
            "non smoking HIV patients",
            "no show patients",
            "no longer patients",
            "not only staff but also patients",
            "dialysis patients first seen in May",
            "Dialysis Patients First Seen in May",
            "every dialysis patient of ours",
            "a patient",
            "HIV patients app users and HIV patients",
            "patients' families and dialysis patients",
            "patients’ families and dialysis patients",
            "drivers for the clinic and dialysis patients",
            "dialysis-patients",
            "newsletter about flu shots to dialysis patients",
            "bills sent from the clinic to patients",
            "mail that is sent to patients",
            "letters to our patients",
            "patient of the clinic",
            "she is a patient",
            "people who are and were patients",
            "no insurance patients",
            "nurses from oncology and patients",
            "drivers for Harbor and our patients",
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
            "patient and family council",
            "drivers for dialysis patients and HIV patients",
            "staff who talk to dialysis patients",
            "staff, except nurses of HIV patients",
            "except dialysis patients",
            "none of our patients",
            "people who are not dialysis patients",
            "non patients",
            "drivers to patients",
            "drivers from Harbor to patients",
            "caregivers to patients",
            "suppliers of wheelchairs to patients",
            "legal counsel to patients",
            "staff dedicated to patients",
            "staff who send letters to patients",
            "nurses who are assigned to patients",
            "gifts to patients",
            "donors to the patients fund",
            "access to patients committee",
            "providers to dialysis patients",
            "drivers for dialysis and HIV patients",
            "people who are not and never were patients",
            "people who are patient",
            "press list: patient of the year gala",
            "no women patients",
            "not children patients",
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
            ("mental health patients", vec![Category::MentalHealth]),
            ("our substance abuse patients", vec![Category::SubstanceUse]),
            ("opioid use disorder patients", vec![Category::SubstanceUse]),
            ("Domestic Violence patients", vec![Category::Abuse]),
            ("diabetes and heart failure patients", vec![]),
            ("patients behind on rent", vec![]),
        ] {
            assert_eq!(categories_named(audience), categories, "{audience}");
        }
    }
}
