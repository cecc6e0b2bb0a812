//! Values of nobody: what stands in test messages, samples and empty forms.
//!
//! A miss costs more than a false alarm, so that only what no real person can have
//! is told: `ZZTEST^PATIENT`, `0000000`, `TEST-0001`, a birth in 1900 to the day. A
//! real name may be `Test` or `Sample`, and a hospital's unknown patient `Doe`: these
//! by themselves are not told.

use super::FindingKind;

/// Words that say by themselves, within a name or a number, that it is of a test.
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
    "testpt",
    "zzpatient",
    "zzdemo",
    "zzdummy",
];

/// What else such a name is made of.
const ROLES: &[&str] = &[
    "patient", "patients", "person", "member", "user", "name", "adult", "child", "baby", "infant",
    "male", "female", "one", "two", "three", "four", "first", "last", "demo", "sample", "example",
    "mr", "mrs", "ms", "mx", "pt",
];

/// Words with which the number of a sample begins.
const NUMBERS: &[&str] = &["example", "sample", "placeholder", "demo"];

/// Figures of a number that are the same from which on it is no real one; of zeros
/// fewer are enough.
const SAME: usize = 6;
const ZEROS: usize = 4;

/// Whether a value of a kind is nobody's. Of security numbers `check` tells.
pub(super) fn is(kind: FindingKind, value: &str) -> bool {
    use FindingKind as K;
    match kind {
        K::Name => person(value),
        K::Date => birth(value),
        // Other numbers may be of a test that somebody took: `HIV-TEST-20417`.
        K::Mrn | K::HealthPlanId => number(value) || is_called_test(value),
        K::Account | K::License | K::Device | K::OtherId | K::BankAccount | K::Phone | K::Fax => {
            number(value)
        }
        _ => false,
    }
}

/// Whether a patient's or a member's number says that it is of a test.
fn is_called_test(value: &str) -> bool {
    let words = || {
        let words = value.split(|c: char| !c.is_ascii_alphabetic());
        words.filter(|word| !word.is_empty())
    };
    let is_sample = |word: &str| is_one(word, NUMBERS);
    words().any(|word| is_one(word, TESTS)) || words().next().is_some_and(is_sample)
}

/// Whether the figures of a number are all the same, or count up.
fn number(value: &str) -> bool {
    // What stands among letters is a part of a code.
    if value.chars().any(char::is_alphabetic) {
        return false;
    }
    let mut figures = value.bytes().filter(u8::is_ascii_digit);
    let Some(first) = figures.next() else {
        return false;
    };
    let (mut count, mut same, mut up, mut before) = (1, true, first <= b'1', first);
    for figure in figures {
        count += 1;
        same &= figure == first;
        up &= figure == before + 1 || (before, figure) == (b'9', b'0');
        before = figure;
    }
    let least = if first == b'0' { ZEROS } else { SAME };
    same && count >= least || up && count >= SAME
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
    words().any(|word| is_one(word, PEOPLE))
        || words().any(is_test)
            && words()
                .filter(|word| is_test(word) || is_role(word))
                .count()
                > 1
            && words().all(|word| is_test(word) || is_role(word) || is_letter(word))
}

/// Whether a date is one that programs put where a birth is not known.
fn birth(date: &str) -> bool {
    matches!(
        date,
        "1900-01-01"
            | "19000101"
            | "01/01/1900"
            | "1/1/1900"
            | "01-01-1900"
            | "1.1.1900"
            | "01.01.1900"
    )
}

fn is_one(word: &str, of: &[&str]) -> bool {
    of.iter().any(|one| word.eq_ignore_ascii_case(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_nobody_are_told_from_real_ones() {
        use FindingKind::{Mrn, OtherId};
        for value in [
            "0000",
            "0000000",
            "000-00-0000",
            "999999",
            "1111111",
            "123456",
            "12345678",
            "0123456789",
            "123-456-7890",
        ] {
            assert!(is(Mrn, value) && is(OtherId, value), "{value}");
        }
        for value in [
            "TEST-0001",
            "TEST0001",
            "zztest12",
            "DUMMY 4",
            "example",
            "sample-01",
        ] {
            assert!(is(Mrn, value) && !is(OtherId, value), "{value}");
        }
        for value in [
            "",
            "000",
            "99999",
            "000001",
            "0000007",
            "P000007",
            "XX000000",
            "4471920",
            "234567",
            "12345",
            "123457",
            "H000000",
            "ATTEST-1",
            "TESTA44",
            "SIM-000003",
            "-",
            "AB-sample",
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
            "Testfamily",
            "Dummy Patient",
            "zztest",
            "Fake Person",
            "Mr. Test Patient",
            "Test^Test^A",
        ] {
            assert!(person(name), "{name}");
        }
        for name in [
            "",
            "Test",
            "Anna Test",
            "Testa",
            "Tester",
            "Demo",
            "Ms. Demo",
            "Jane Sample",
            "Patient",
            "Patient Zwane",
            "Doe, John",
            "Sample Patient",
            "One",
            "A",
            "Maria Lindqvist",
            "Test Okafor",
            "Zuzana",
        ] {
            assert!(!person(name), "{name}");
        }
    }

    #[test]
    fn births_that_are_not_known_are_told() {
        assert!(birth("1900-01-01") && birth("19000101") && birth("01/01/1900"));
        assert!(!birth("1900-01-02") && !birth("1930-01-01") && !birth("01/01/1990") && !birth(""));
    }
}
