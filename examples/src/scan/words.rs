//! Stable codes in plain words.

use mailseal::dlp::{Category, Confidence, MisaddressedWhy, Part, RiskReason, Unscannable};

/// A reason of the verdict. Codes that are not known yet show as they are.
pub fn reason(code: &str) -> String {
    let words = match code {
        "finding" => "kinds of findings",
        "findings" => "how many of each kind",
        "names" => "names of persons",
        "people" => "how many persons are named",
        "identifiers" => "numbers and addresses of persons",
        "medical_identifiers" => "numbers that only care gives out",
        "health_content" => "conditions, drugs, tests",
        "dates" => "dates",
        "name_and_health" => "a name and health content",
        "identifier_and_health" => "an identifier and health content",
        "person_and_health_together" => "person and health close together",
        "medical_identifier_and_name" => "a name and a medical number",
        "name_and_sender" => "a name, and who sends it to whom",
        "health_and_sender" => "health content, and who sends it to whom",
        "date_and_sender" => "a date, and who sends it to whom",
        "name_of_recipient" => "it names its recipient",
        "recipient_and_sender" => "its recipient's name, from a place of care",
        "name_of_other" => "it names somebody else",
        "subject" => "what the subject says",
        "recipient_care" => "it goes to a place of care",
        "recipient_care_and_person" => "of whom and what it tells a place of care",
        "first_person_to_care" => "somebody speaks of themselves to a place of care",
        "without_care" => "neither sender nor recipient cares for anybody",
        "category_of_recipients" => "the recipient is of a protected kind",
        "sender_speciality" => "the sender is a place of care",
        "audience" => "whom the mailing is for",
        "audience_and_sender" => "whom the mailing is for, and who sends it",
        "recipients" => "what the recipients look like",
        "internal" => "within one organisation",
        "internal_and_sender" => "within or out of a place of care",
        "addressed_to_person" => "it speaks to a person",
        "first_person" => "somebody speaks of themselves",
        "you_and_health" => "it speaks to you of health",
        "audience_and_you" => "it speaks to patients",
        "length" => "its length",
        "display_name" => "a display name says it of a person",
        "patient_record" => "the format is a patient's record",
        "roster" => "patients of the roster",
        "attachments" => "it has attachments",
        "patient_speech" => "words that one says to a patient",
        "care_event" => "words of an appointment, a result, a bill",
        "aggregate" => "figures about many",
        "dummy_data" => "test data",
        "software" => "talk about software",
        "marketing" => "marketing",
        "trade" => "the sender or recipient is called as a trade is",
        "veterinary" => "about animals",
        "staff" => "about staff",
        "category_terms" => "words of a specially protected kind",
        "category_of_sender_or_audience" => "sender or audience is of a protected kind",
        "words" => "its words",
        "sender_words" => "the sender's name",
        "audience_words" => "the audience's name",
        "against" => "how much speaks against a patient",
        "case" => "who is told, and of what",
        "case_against" => "who is told of what, and what speaks against it",
        "category_mentions" => "terms of a specially protected kind",
        "category_told" => "something is of a specially protected kind",
        "density" => "how dense the findings stand",
        "name_and_account" => "a name, an account, a place of care",
        "name_and_place" => "a name, a place of care, a date",
        "kinds_together" => "what stands in one sentence",
        "findings_among_words" => "what stands around the findings",
        "pairs_of_words" => "its words in pairs",
        "recipient_words" => "the recipient's name",
        "starts_of_words" => "how its words begin",
        "paragraph" => "what one paragraph or sentence tells by itself",
        "patient_case" => "a patient's case in one paragraph",
        "listed_patients" => "who is called a patient by a heading or a label",
        "audience_of_patients" => "an audience of patients, as the host says",
        "labelled_number" => "a number that only care gives out",
        "protected_code" => "a code of a specially protected kind",
        other => return other.replace('_', " "),
    };
    words.to_owned()
}

/// What a full bar stands for: the largest weight but for what decides by itself.
pub fn most(reasons: &[RiskReason]) -> i64 {
    let weights = reasons.iter().map(|reason| i64::from(reason.weight).abs());
    let most = weights
        .filter(|w| *w < i64::from(RiskReason::CERTAIN))
        .max();
    most.unwrap_or(1).max(1)
}

/// How much a reason weighs, with this sign for what speaks against.
pub fn weight(weight: i32, minus: char) -> String {
    if weight >= RiskReason::CERTAIN {
        return "sure".to_owned();
    }
    let sign = if weight < 0 { minus } else { '+' };
    let weight = weight.unsigned_abs();
    format!("{sign}{}.{:02}", weight / 100, weight % 100)
}

/// Why something could not be read.
pub fn unscannable(why: &'static str) -> String {
    let words = match why {
        "unreadable" => "the file cannot be opened",
        "not_followed" => "a symbolic link or a special file: what it leads to is not read",
        "line_ends" => "its lines end in ways that mail programs read differently",
        other => match other.strip_prefix("compose.") {
            Some(code) => {
                return format!(
                    "not a mail as RFC 5322 has it ({}); read as plain text",
                    code.replace('_', " ")
                );
            }
            // The part has no say in why.
            None => {
                return Unscannable::new(Part::Text, other)
                    .words()
                    .replace('_', " ");
            }
        },
    };
    words.to_owned()
}

/// A protected category.
pub fn category(category: Category) -> &'static str {
    match category {
        Category::MentalHealth => "mental health",
        Category::SubstanceUse => "substance use",
        Category::StiHiv => "HIV and STI",
        Category::Reproductive => "reproductive care",
        Category::Genetic => "genetic testing",
        Category::Abuse => "abuse",
        other => other.word(),
    }
}

/// How sure.
pub const fn confidence(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Low => "low",
        Confidence::Medium => "medium",
        Confidence::High => "high",
    }
}

/// Why a recipient looks wrong.
pub const fn misaddressed(why: MisaddressedWhy) -> &'static str {
    match why {
        MisaddressedWhy::OtherPatient => "the address belongs to another patient",
        MisaddressedWhy::LookAlike => "the address looks like the patient's and is not",
        _ => "it looks like the wrong one",
    }
}

/// Bytes for people.
pub fn size(bytes: u64) -> String {
    #[allow(clippy::cast_precision_loss)]
    let n = bytes as f64;
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", n / 1e3),
        _ => format!("{:.1} MB", n / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_decides_by_itself_is_sure_and_scales_no_bar() {
        let reasons = [
            RiskReason::new("patient_case", RiskReason::CERTAIN),
            RiskReason::new("words", -340),
            RiskReason::new("case", 77),
        ];
        assert_eq!(most(&reasons), 340);
        assert_eq!(most(&reasons[..1]), 1);
        let shown = reasons.map(|reason| weight(reason.weight, '-'));
        assert_eq!(shown, ["sure", "-3.40", "+0.77"]);
    }
}
