//! Whether a value looks like what its label says, and what it looks like
//! where no label stands at it.

use crate::dlp::FindingKind;

/// Whether a cell can be of the kind that the header of its column names.
pub(super) fn fits(kind: FindingKind, value: &str) -> bool {
    use FindingKind as K;
    let value = value.trim();
    let digits = digits(value);
    let letters = value.chars().filter(|c| c.is_alphabetic()).count();
    let short = value.len() <= 120;
    match kind {
        K::Date => is_date(value),
        K::Phone | K::Fax => (7..=18).contains(&digits) && letters <= 5 && value.len() <= 40,
        K::Email => is_email(value),
        // A sheet drops the noughts at the start of what it takes for a figure.
        K::Ssn => {
            letters == 0
                && (matches!(digits, 4 | 9) || matches!(digits, 7 | 8) && digits == value.len())
        }
        K::Npi => digits == 10 && value.len() == 10,
        K::Dea => value.len() == 9 && digits == 7,
        K::Icd10 => icd10_list(value),
        K::Cpt => value.split([',', ' ', '-', ';']).all(is_cpt) && value.len() <= 60,
        K::Ndc => (8..=11).contains(&digits) && letters == 0 && value.len() <= 14,
        K::Loinc => is_loinc(value),
        K::AgeOver89 => value
            .parse::<u32>()
            .is_ok_and(|age| (90..130).contains(&age)),
        K::Mrn
        | K::HealthPlanId
        | K::Account
        | K::License
        | K::OtherId
        | K::Device
        | K::Vehicle => {
            digits > 0
                && value.len() <= 64
                && value.split_whitespace().count() <= 4
                && !is_date(value)
        }
        K::CreditCard | K::BankAccount => digits >= 6 && value.len() <= 40,
        K::Name | K::Provider => is_name(value),
        K::Facility => short && letters >= 3,
        K::Address => short && letters + digits >= 2,
        K::Condition | K::Medication | K::Procedure | K::Lab => {
            short && letters >= 2 && !is_date(value)
        }
        K::Ip => value.contains(['.', ':']) && value.len() <= 45 && digits > 0,
        _ => short,
    }
}

/// What a value is by its shape alone, where nothing but a shape is needed.
pub(super) fn guess(value: &str) -> Option<FindingKind> {
    let value = value.trim();
    if is_email(value) {
        return Some(FindingKind::Email);
    }
    match pattern(value)?.as_str() {
        "999-99-9999" => Some(FindingKind::Ssn),
        "999-999-9999" | "(999) 999-9999" | "(999)999-9999" | "999.999.9999"
        | "+9-999-999-9999" | "9-999-999-9999" => Some(FindingKind::Phone),
        "99999-9999-99" | "99999-999-99" | "9999-9999-99" | "99999-9999-9" => {
            Some(FindingKind::Ndc)
        }
        "A99.9" | "A99.99" | "A99.999" | "A99.99A" | "A99.999A" | "A99.9A" => {
            Some(FindingKind::Icd10)
        }
        _ if is_full_date(value) => Some(FindingKind::Date),
        _ => None,
    }
}

/// Figures as `9`, letters as `A`; `None` for long values.
fn pattern(value: &str) -> Option<String> {
    (value.len() <= 24).then(|| {
        value
            .chars()
            .map(|c| match c {
                '0'..='9' => '9',
                'a'..='z' | 'A'..='Z' => 'A',
                other => other,
            })
            .collect()
    })
}

fn digits(value: &str) -> usize {
    value.bytes().filter(u8::is_ascii_digit).count()
}

fn is_email(value: &str) -> bool {
    value.len() <= 254
        && !value.contains(char::is_whitespace)
        && value
            .split_once('@')
            .is_some_and(|(user, domain)| !user.is_empty() && domain.contains('.'))
}

/// Whether a value is a date with at least a month or a day in it.
pub(super) fn is_date(value: &str) -> bool {
    is_full_date(value) || {
        let parts: Vec<&str> = value.split(['-', '/', ' ', '.']).take(4).collect();
        match parts.as_slice() {
            // 2024-05, 5/2024, May 2024, 4 May
            [a, b] => {
                (is_year(a) && is_part(b, 12))
                    || (is_part(a, 12) && is_year(b))
                    || (is_month(a) && (is_year(b) || is_part(b, 31)))
                    || (is_part(a, 31) && is_month(b))
            }
            _ => false,
        }
    }
}

/// Whether a value is a date with its day, maybe with a time behind.
pub(super) fn is_full_date(value: &str) -> bool {
    let value = value.trim();
    if value.len() < 6 || value.len() > 40 {
        return false;
    }
    let date = value.split(['T', 'Z', '+']).next().unwrap_or_default();
    if matches!(date.len(), 8 | 10 | 12 | 14) && date.bytes().all(|b| b.is_ascii_digit()) {
        let at = |range: std::ops::Range<usize>| date.get(range).unwrap_or_default();
        return is_year(at(0..4)) && is_part(at(4..6), 12) && is_part(at(6..8), 31);
    }
    // The time behind a `T`.
    let value = match value.split_once('T') {
        Some((day, _)) if day.ends_with(|c: char| c.is_ascii_digit()) => day,
        _ => value,
    };
    let parts: Vec<&str> = value
        .split(|c: char| matches!(c, '-' | '/' | '.' | ',') || c.is_whitespace())
        .filter(|part| !part.is_empty())
        .take(5)
        .collect();
    // A weekday may stand before.
    let parts = match parts.as_slice() {
        [day, rest @ ..] if rest.len() >= 3 && is_weekday(day) => rest,
        all => all,
    };
    match parts {
        [a, b, c, ..] => {
            (is_year(a) && (is_part(b, 12) || is_month(b)) && is_part(c, 31))
                || (((is_part(a, 12) && is_part(b, 31)) || (is_part(a, 31) && is_part(b, 12)))
                    && (is_year(c) || is_short_year(c)))
                || (is_month(a) && is_part(b, 31) && is_year(c))
                || (is_part(a, 31) && is_month(b) && (is_year(c) || is_short_year(c)))
        }
        _ => false,
    }
}

fn is_year(part: &str) -> bool {
    part.len() == 4
        && part
            .parse::<u32>()
            .is_ok_and(|year| (1850..2120).contains(&year))
}

fn is_short_year(part: &str) -> bool {
    part.len() == 2 && digits(part) == 2
}

fn is_part(part: &str, most: u32) -> bool {
    part.len() <= 2 && part.parse::<u32>().is_ok_and(|n| (1..=most).contains(&n))
}

fn is_month(part: &str) -> bool {
    const MONTHS: &[&str] = &[
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", "ene",
        "abr", "ago", "dic",
    ];
    part.len() <= 10
        && part.bytes().all(|b| b.is_ascii_alphabetic())
        && part
            .get(..3)
            .is_some_and(|start| MONTHS.iter().any(|m| start.eq_ignore_ascii_case(m)))
}

fn is_weekday(part: &str) -> bool {
    const DAYS: &[&str] = &["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    part.get(..3)
        .is_some_and(|start| DAYS.iter().any(|day| start.eq_ignore_ascii_case(day)))
}

/// Whether a value can be a person's name: one to six words of letters.
pub(super) fn is_name(value: &str) -> bool {
    let mut words = 0;
    for word in value.split([' ', ',', '\u{a0}']).filter(|w| !w.is_empty()) {
        words += 1;
        if !word
            .chars()
            .all(|c| c.is_alphabetic() || matches!(c, '-' | '\'' | '.' | '’' | '(' | ')'))
        {
            return false;
        }
    }
    (1..=6).contains(&words) && value.len() <= 80 && value.chars().any(char::is_alphabetic)
}

/// Whether a value looks like a full name and not just one word of letters.
pub(super) fn is_full_name(value: &str) -> bool {
    let value = value.trim();
    is_name(value)
        && value.contains([' ', ','])
        && value
            .split([' ', ','])
            .filter(|word| !word.is_empty())
            .filter(|word| word.chars().next().is_some_and(char::is_uppercase))
            .count()
            >= 2
}

fn icd10_list(value: &str) -> bool {
    value.len() <= 80
        && value
            .split([',', ';', ' ', '|'])
            .filter(|code| !code.is_empty())
            .all(is_icd10)
}

/// Whether a word has the shape of an ICD-10-CM code, with or without its dot.
pub(super) fn is_icd10(code: &str) -> bool {
    let bytes = code.as_bytes();
    let [letter, digit, third, rest @ ..] = bytes else {
        return false;
    };
    let rest = rest.strip_prefix(b".").unwrap_or(rest);
    letter.is_ascii_alphabetic()
        && digit.is_ascii_digit()
        && third.is_ascii_alphanumeric()
        && rest.len() <= 4
        && rest.iter().all(u8::is_ascii_alphanumeric)
}

/// Whether a word has the shape of a CPT or HCPCS code.
pub(super) fn is_cpt(code: &str) -> bool {
    code.is_empty()
        || code.len() == 2
        || (code.len() == 5 && code.bytes().all(|b| b.is_ascii_alphanumeric()) && digits(code) >= 4)
}

/// Whether a word has the shape of a LOINC code.
pub(super) fn is_loinc(code: &str) -> bool {
    code.len() <= 8
        && code.split_once('-').is_some_and(|(number, check)| {
            (1..=6).contains(&number.len())
                && digits(number) == number.len()
                && check.len() == 1
                && digits(check) == 1
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_many_forms() {
        for date in [
            "2025-02-03",
            "20250203",
            "2/3/25",
            "02/03/2025",
            "3.2.2025",
            "Feb 3, 2025",
            "3 Feb 2025",
            "2025-02-03T10:00:00Z",
            "20250203101500",
            "Tuesday, April 29, 2025",
            "03-Feb-1999",
            "2025-02-03 10:15",
        ] {
            assert!(is_full_date(date), "{date}");
        }
        for other in [
            "2025",
            "12",
            "1.2.3",
            "10.0.0.1",
            "317-555-0148",
            "20259999",
            "A1",
            "5.9",
        ] {
            assert!(!is_full_date(other), "{other}");
        }
        assert!(is_date("2025-05") && is_date("May 2025") && !is_date("2025"));
    }

    #[test]
    fn cells_must_fit_their_header() {
        use FindingKind as K;
        assert!(fits(K::Phone, "(317) 555-0148") && !fits(K::Phone, "ask"));
        assert!(fits(K::Ssn, "5350") && fits(K::Ssn, "123-45-6789") && !fits(K::Ssn, "12"));
        assert!(fits(K::Ssn, "12345678") && fits(K::Ssn, "1234567"));
        assert!(!fits(K::Ssn, "123-45-678"));
        assert!(fits(K::Icd10, "E11.9, I10") && !fits(K::Icd10, "see chart"));
        assert!(fits(K::Name, "Reyes Villanueva") && fits(K::Name, "O'Neill-Díaz, José"));
        assert!(!fits(K::Name, "PMP-0041"));
        assert!(fits(K::AgeOver89, "93") && !fits(K::AgeOver89, "89"));
        assert!(fits(K::Cpt, "99214-25") && !fits(K::Cpt, "9921"));
        assert!(fits(K::Mrn, "CH-0048291") && !fits(K::Mrn, "pending"));
    }

    #[test]
    fn shapes_that_need_no_header() {
        assert_eq!(guess("123-45-6789"), Some(FindingKind::Ssn));
        assert_eq!(guess("(317) 555-0148"), Some(FindingKind::Phone));
        assert_eq!(guess("a@b.example"), Some(FindingKind::Email));
        assert_eq!(guess("J45.50"), Some(FindingKind::Icd10));
        assert_eq!(guess("1999-01-02"), Some(FindingKind::Date));
        assert_eq!(guess("4410"), None);
    }
}
