//! Values of nobody: what stands in test messages, samples and empty forms.
//!
//! A miss costs more than a false alarm, so that only what says so itself is told:
//! `ZZTEST^PATIENT`, `TEST-0001`, noughts, a birth on the first day of 1900. A real name
//! may be `Test` or `Fake`, that of a newborn `FAKE^BABY`, and `HIV-TEST-20417` the
//! number of a test that somebody took. `123456` is given out once by every hospital.

use super::FindingKind;

/// Words that say, within a name or a number, that it is of a test.
const TESTS: &[&str] = &[
    "test", "tests", "testing", "dummy", "fake", "zztest", "zzztest", "ztest", "xxtest",
];

/// Words that make a name one of a test, by themselves.
const PEOPLE: &[&str] = &[
    "zztest",
    "zzztest",
    "ztest",
    "xxtest",
    "testpatient",
    "testperson",
    "testfamily",
    "testgiven",
    "testname",
    "testuser",
    "testmember",
    "testlastname",
    "testfirstname",
    "testlast",
    "testfirst",
    "zzpatient",
    "zzdemo",
    "zzdummy",
];

/// What else such a name is made of.
const ROLES: &[&str] = &[
    "patient", "patients", "person", "member", "user", "name", "one", "two", "three", "four",
    "demo", "sample", "example",
];

/// Figures of the number of a test at most, but where they count up.
const SERIAL: usize = 4;
/// Noughts that are no number.
const NOUGHTS: usize = 4;

/// Whether a value of a kind is nobody's.
pub(super) fn is(kind: FindingKind, value: &str) -> bool {
    use FindingKind as K;
    match kind {
        K::Name => person(value),
        K::Date => birth(value),
        K::Mrn | K::HealthPlanId | K::Account => noughts(value) || is_called_test(value),
        K::Ssn | K::License | K::BankAccount => noughts(value),
        K::Phone | K::Fax => noughts(value) || is_no_line(value),
        _ => false,
    }
}

/// Whether a patient's or a member's number says that it is of a test, and has no more
/// figures than such numbers have; or is that of a sample of FHIR.
pub(super) fn is_called_test(value: &str) -> bool {
    let words = || {
        let words = value.split(|c: char| !c.is_ascii_alphabetic());
        words.filter(|word| !word.is_empty())
    };
    let is_test = |word: &str| is_one(word, TESTS);
    let test = words().any(is_test)
        && words().all(|word| is_test(word) || word.eq_ignore_ascii_case("patient"));
    // `TEST000012` has two.
    let figures = || {
        let all = value.bytes().filter(u8::is_ascii_digit);
        all.skip_while(|figure| *figure == b'0')
    };
    let counts_up = || figures().zip(figures().skip(1)).all(|(a, b)| b == a + 1);
    test && (figures().count() <= SERIAL || counts_up()) || value.eq_ignore_ascii_case("example")
}

pub(super) fn noughts(value: &str) -> bool {
    let nought = |c: char| c == '0' || c == '-' || c == ' ';
    value.chars().all(nought) && value.matches('0').count() >= NOUGHTS
}

/// Whether nobody can have a telephone number: no area is called 000, 555 or 999.
fn is_no_line(value: &str) -> bool {
    let figures = || value.bytes().filter(u8::is_ascii_digit);
    figures().count() == 10
        && [b'0', b'5', b'9']
            .iter()
            .any(|one| figures().all(|f| f == *one))
}

/// Whether a mail address is at a domain that is kept for tests (RFC 2606, sections 2 and 3).
pub(super) fn is_reserved(address: &str) -> bool {
    let domain = address.rsplit('@').next().unwrap_or_default();
    let mut names = domain.rsplit('.');
    let top = names.next().unwrap_or_default();
    let second = names.next().unwrap_or_default();
    let example = is_one(top, &["com", "net", "org"]) && is_one(second, &["example"]);
    example || is_one(top, &["test", "invalid", "localhost"])
}

/// Whether a name is of no real person.
fn person(name: &str) -> bool {
    // Of `TEST01` the figures count for nothing.
    let words = || {
        name.split(|c: char| !c.is_alphanumeric())
            .map(|word| word.trim_end_matches(|c: char| c.is_ascii_digit()))
            .filter(|word| !word.is_empty())
    };
    // A letter may be a second one's: `TEST PATIENT A`.
    let is_letter = |word: &str| word.chars().nth(1).is_none();
    let is_test = |word: &str| is_one(word, TESTS);
    let is_role = |word: &str| is_one(word, ROLES);
    let is_whole = |word: &str| is_one(word, PEOPLE);
    // Behind that stands one name (`ZZTEST, ALPHA`), or somebody real.
    let others = || words().filter(|word| !is_whole(word) && !is_test(word) && !is_role(word));
    words().any(is_whole) && others().filter(|word| !is_letter(word)).count() <= 1
        || words().any(is_test)
            && words()
                .filter(|word| is_test(word) || is_role(word))
                .count()
                > 1
            && words().all(|word| is_test(word) || is_role(word) || is_letter(word))
}

/// Whether a date is one that programs put where a birth is not known.
fn birth(date: &str) -> bool {
    // In HL7 v2 a time may follow.
    let figures = date.bytes().all(|b| b.is_ascii_digit());
    let day = if figures { date.get(..8) } else { None };
    matches!(
        day.unwrap_or(date),
        "1900-01-01"
            | "19000101"
            | "01/01/1900"
            | "1/1/1900"
            | "01-01-1900"
            | "1.1.1900"
            | "01.01.1900"
    )
}

/// Whether a number may be one that people make up: `999999`, `123-45-6789`,
/// `1234567890`, `000003`, `TEST-4711`. A real one may be so too: it alone makes nothing
/// certain, and that is all that may hang on it.
pub(super) fn may_be_number(text: &[u8]) -> bool {
    const LEAST: usize = 5;
    let digits = || text.iter().filter(|b| b.is_ascii_digit());
    // 0 follows 9.
    let steps = |by: u8| {
        let mut pairs = digits().zip(digits().skip(1));
        pairs.all(|(a, b)| (b + 10 - a) % 10 == by)
    };
    let all_but_one = digits().count().saturating_sub(1);
    let first = digits().take(all_but_one).all(|b| *b == b'0') && all_but_one >= LEAST;
    let test = text
        .windows(4)
        .any(|word| word.eq_ignore_ascii_case(b"test"));
    first || test || digits().count() >= LEAST && [0, 1, 9].into_iter().any(steps)
}

fn is_one(word: &str, of: &[&str]) -> bool {
    of.iter().any(|one| word.eq_ignore_ascii_case(one))
}

#[cfg(test)]
mod tests {
    use super::*;
    use FindingKind::{Account, Date, Mrn, Name, OtherId};

    #[test]
    fn numbers_of_nobody_are_told_from_real_ones() {
        for value in ["0000", "0000000", "000-00-0000"] {
            assert!(is(Mrn, value) && is(Account, value), "{value}");
        }
        for value in [
            "TEST-0001",
            "TEST0001",
            "TEST-12345",
            "zztest12",
            "DUMMY 4",
            "TEST000012",
            "test-patient-1",
            "example",
        ] {
            assert!(is(Mrn, value) && !is(OtherId, value), "{value}");
        }
        for value in [
            "",
            "000",
            "-",
            "999999",
            "111111",
            "123456",
            "000001",
            "P000000",
            "TEST-20417",
            "HIV-TEST-204",
            "SAMPLE-204",
            "4471920-TEST",
            "TEST4471920",
            "ATTEST-1",
            "TESTA44",
            "example-1",
            "patient-1",
        ] {
            assert!(!is(Mrn, value), "{value}");
        }
    }

    #[test]
    fn people_of_tests_are_told_from_real_ones() {
        for name in [
            "ZZTEST^PATIENT^ONE",
            "ZZTEST, ALPHA",
            "TEST TESTPATIENT",
            "Test Patient",
            "TEST, PATIENT",
            "Test Patient A",
            "TEST^PATIENT02",
            "Test^Test^A",
            "Testfamily",
            "Dummy Patient",
            "zztest",
            "Fake Person",
            "ZZTEST, MARIA",
        ] {
            assert!(is(Name, name), "{name}");
        }
        for name in [
            "",
            "Test",
            "Anna Test",
            "Mr. Test",
            "FAKE^BABY",
            "Fake, J. Mrs",
            "DUMMY^FEMALE",
            "TEST^A",
            "Testa",
            "Tester",
            "Demo",
            "Jane Sample",
            "Sample Patient",
            "Patient",
            "Patient Zwane",
            "Doe, John",
            "One",
            "Maria Lindqvist",
            "Test Okafor",
            "Testpatient (Lopez Maria)",
        ] {
            assert!(!is(Name, name), "{name}");
        }
    }

    #[test]
    fn lines_that_nobody_has_are_told() {
        for line in ["555-555-5555", "(999) 999-9999", "000-000-0000"] {
            assert!(is(FindingKind::Phone, line), "{line}");
        }
        for line in ["555-0142", "888-888-8888", "270-555-0142", "99999"] {
            assert!(!is(FindingKind::Phone, line), "{line}");
        }
    }

    #[test]
    fn domains_for_tests_are_told() {
        for address in ["qa@example.com", "qa@mail.Example.org", "qa@clinic.test"] {
            assert!(is_reserved(address), "{address}");
        }
        for address in ["", "qa@anexample.com", "qa@example.clinic", "qa@test.com"] {
            assert!(!is_reserved(address), "{address}");
        }
    }

    #[test]
    fn births_that_are_not_known_are_told() {
        for date in ["1900-01-01", "19000101", "19000101000000", "01/01/1900"] {
            assert!(is(Date, date), "{date}");
        }
        for date in ["", "1900-01-02", "1930-01-01", "01/01/1990"] {
            assert!(!is(Date, date), "{date}");
        }
    }
}
