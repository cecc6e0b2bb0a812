mod guard;
mod names;

use proptest::prelude::*;

use super::*;
use crate::base::{Address, Keys, RecipientId};
use crate::dlp::MisaddressedWhy;

fn keys() -> Keys {
    Keys::from_bytes([7; 32])
}

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn roster(records: &[PatientRecord]) -> Roster {
    let mut builder = RosterBuilder::new(&keys());
    for record in records {
        builder.patient(record).unwrap();
    }
    builder.build()
}

fn pat() -> PatientRecord {
    PatientRecord::new(PatientId(1))
        .name("Pat", "Lindqvist")
        .birth_date("1958-03-14")
        .mrn("HK-00482913")
        .ssn("577-96-4121")
        .plan_id("XQH 441 902 77")
        .phone("(270) 555-0143")
        .street("12 North Main Street, Apt 4")
        .email(&address("pat.lindqvist@mail.example"))
}

fn sam() -> PatientRecord {
    PatientRecord::new(PatientId(2))
        .name("Samuel Obi", "O'Connor-de la Cruz")
        .birth_date("12/31/1990")
        .email(&address("samoc@gmail.com"))
        .proxy(&address("parent@home.example"))
}

/// What is found: the text, the field, whose, how sure.
fn found(roster: &Roster, text: &str) -> Vec<(String, &'static str, Vec<u64>, Confidence)> {
    let hits = roster.find(text);
    hits.iter()
        .map(|h| {
            let ids = h.patients.iter().map(|p| p.0).collect();
            let text = text[h.range.clone()].to_owned();
            (text, h.field.word(), ids, h.confidence)
        })
        .collect()
}

#[track_caller]
fn one(roster: &Roster, text: &str, value: &str, field: &str, id: u64, confidence: Confidence) {
    let all = found(roster, text);
    let hit = (value.to_owned(), field, vec![id], confidence);
    let same = all
        .iter()
        .any(|(v, f, i, c)| (v, *f, i, c) == (&hit.0, hit.1, &hit.2, &hit.3));
    assert!(same && all.len() == 1, "{text:?}: {all:?}");
}

#[test]
fn a_number_alone_finds_its_patient_in_all_usual_ways() {
    let roster = roster(&[pat(), sam()]);
    for (value, field) in [
        ("HK-00482913", "mrn"),
        ("hk00482913", "mrn"),
        ("HK 00482913", "mrn"),
        ("577-96-4121", "ssn"),
        ("577 96 4121", "ssn"),
        ("577964121", "ssn"),
        ("XQH44190277", "plan id"),
        ("XQH-441-902-77", "plan id"),
        ("270-555-0143", "phone"),
        ("270.555.0143", "phone"),
        ("1 270 555 0143", "phone"),
        ("2705550143", "phone"),
        ("Pat.Lindqvist+results@MAIL.example", "email"),
    ] {
        let text = format!("see {value}. Thanks");
        one(&roster, &text, value, field, 1, Confidence::High);
    }
    one(
        &roster,
        "(270) 555-0143",
        "270) 555-0143",
        "phone",
        1,
        Confidence::High,
    );
    one(
        &roster,
        "call +1-270-555-0143 now",
        "1-270-555-0143",
        "phone",
        1,
        Confidence::High,
    );
    for text in [
        "5779641215 577-96-4122 1-577-96-4121-1 270-555-0144",
        "at.lindqvist@mail.example pat.lindqvist@mail.example.org",
        "HK-00482913-7",
        "12345.577964121",
    ] {
        assert_eq!(found(&roster, text), [], "{text}");
    }
}

#[test]
fn a_number_is_found_beside_labels_paths_and_endings() {
    let roster = roster(&[pat(), sam()]);
    for (text, value, field) in [
        ("HK-00482913.txt", "HK-00482913", "mrn"),
        ("HK00482913_results.txt", "HK00482913", "mrn"),
        ("results_577-96-4121.txt", "577-96-4121", "ssn"),
        ("MRN-HK-00482913", "HK-00482913", "mrn"),
        ("SSN-577-96-4121", "577-96-4121", "ssn"),
        ("SSN/577-96-4121", "577-96-4121", "ssn"),
        ("seen as HK-00482913.Next visit", "HK-00482913", "mrn"),
        (
            "https://ehr.example/patient/HK-00482913/labs",
            "HK-00482913",
            "mrn",
        ),
        ("Tel-270-555-0143", "270-555-0143", "phone"),
        ("270-555-0143-home", "270-555-0143", "phone"),
        ("hk-00482913", "hk-00482913", "mrn"),
        ("Hk_00482913", "Hk_00482913", "mrn"),
    ] {
        one(&roster, text, value, field, 1, Confidence::High);
    }
}

#[test]
fn a_number_that_is_taken_is_found_as_it_is_written() {
    for number in [
        "HK-00482913",
        "HARBOR-00412345",
        "4471-HARBOR",
        "HK_00412",
        "AB-CD-1234",
        "24-1-0617",
        "24/1/0617",
        "#0471902",
        "12 34 56 78",
        "123456789012345678901234",
    ] {
        let record = PatientRecord::new(PatientId(1)).name("Ada", "Berg");
        let roster = roster(&[record.mrn(number)]);
        for text in [format!("MRN {number} of Berg"), format!("MRN: {number}.")] {
            assert_eq!(found(&roster, &text).len(), 1, "{text}");
        }
    }
    // What stands between may be written in other ways.
    for number in [
        "HK - 00482913",
        "HK#00482913",
        "HK:00482913",
        "HK(00482913)",
    ] {
        let record = PatientRecord::new(PatientId(1)).mrn(number);
        let roster = roster(&[record]);
        for text in ["HK-00482913", "see HK00482913", "HK 00482913"] {
            assert_eq!(found(&roster, text).len(), 1, "{number}");
        }
    }
    let mut builder = RosterBuilder::new(&keys());
    for number in [
        "ABCDE",
        "MRN: 00482913",
        "ID#00482913",
        "AB CD 1234",
        "1234567890123456789012345",
        "MRN: HK-00482913",
        "1 2 3 4 5 6 7 8",
    ] {
        let record = PatientRecord::new(PatientId(1));
        for record in [record.clone().mrn(number), record.plan_id(number)] {
            let error = builder.patient(&record).unwrap_err();
            assert!(error.to_string().contains("could be found"), "{number}");
        }
    }
    assert!(builder.is_empty());
}

#[test]
fn a_full_name_is_found_and_no_part_of_one() {
    let roster = roster(&[pat(), sam()]);
    for value in [
        "Pat Lindqvist",
        "PAT LINDQVIST",
        "Pat A. Lindqvist",
        "Pat Anna Lindqvist",
        "Pat\nLindqvist",
        "Lindqvist, Pat",
        "Lindqvist^Pat",
        "Lindqvist;Pat",
        "Lindqvist\tPat",
        "Pat,Lindqvist",
        "Pát Líndqvist",
    ] {
        let text = format!("the chart of {value} is here");
        one(&roster, &text, value, "name", 1, Confidence::Medium);
    }
    for value in [
        "Samuel O'Connor-de la Cruz",
        "Samuel OConnor de la Cruz",
        "Samuel Obi O’Connor-De La Cruz",
        "O'Connor-de la Cruz, Samuel",
    ] {
        one(&roster, value, value, "name", 2, Confidence::Medium);
    }
    for text in [
        "Pat",
        "Lindqvist",
        "Mr. Lindqvist",
        "pat lindqvist",
        "Pat\n\nLindqvist",
        "Pat. Lindqvist was here",
        "Pat Lindqvists",
        "Pat and Lindqvist",
    ] {
        assert_eq!(found(&roster, text), [], "{text}");
    }
}

#[test]
fn a_full_name_is_found_before_a_letter_and_with_middle_names() {
    let roster = roster(&[pat(), sam()]);
    for (text, value) in [
        ("For Pat Lindqvist I ordered ten boxes", "Pat Lindqvist"),
        ("PAT LINDQVIST A 66 YEAR OLD", "PAT LINDQVIST"),
        ("Patient: Pat Lindqvist\nI saw them", "Pat Lindqvist"),
        ("Pat Lindqvist, I think", "Pat Lindqvist"),
        ("Pat Elena Rose Lindqvist came", "Pat Elena Rose Lindqvist"),
        ("LINDQVIST Pat", "LINDQVIST Pat"),
        ("Lindqvist Jr., Pat", "Lindqvist Jr., Pat"),
        ("> the chart of Pat\n> Lindqvist", "Pat\n> Lindqvist"),
        ("> > Pat\n> > Lindqvist", "Pat\n> > Lindqvist"),
        ("Pat,,Lindqvist", "Pat,,Lindqvist"),
        ("\"Pat\",\"\",\"Lindqvist\"", "Pat\",\"\",\"Lindqvist"),
        ("|  Pat  |  R.  |  Lindqvist  |", "Pat  |  R.  |  Lindqvist"),
        ("Pat\tR.\tLindqvist", "Pat\tR.\tLindqvist"),
        ("NM1*QC*1*LINDQVIST*PAT*R***MI*A1~", "LINDQVIST*PAT"),
        ("Pat_Lindqvist.txt", "Pat_Lindqvist"),
        ("Lindqvist_Pat_biopsy.txt", "Lindqvist_Pat"),
        ("pat.lindqvist.txt", "pat.lindqvist"),
        (
            "{\"family\":\"Lindqvist\",\"given\":[\"Pat\"]}",
            "Lindqvist\",\"given\":[\"Pat",
        ),
        (
            "{\"firstName\": \"Pat\",\n \"last_name\": \"Lindqvist\"}",
            "Pat\",\n \"last_name\": \"Lindqvist",
        ),
        (
            "First name: Pat\nLast name: Lindqvist\nBiopsy",
            "Pat\nLast name: Lindqvist",
        ),
        ("first=\"Pat\" last=\"Lindqvist\"", "Pat\" last=\"Lindqvist"),
    ] {
        let all = found(&roster, text);
        let names: Vec<_> = all.iter().map(|h| (h.0.as_str(), h.1)).collect();
        assert_eq!(names, [(value, "name")], "{text}");
    }
    for (text, value) in [
        ("de la Cruz, Maria", "de la Cruz, Maria"),
        ("Maria Elena de la Cruz", "Maria Elena de la Cruz"),
        ("Maria de la Cruz", "Maria de la Cruz"),
    ] {
        let record = PatientRecord::new(PatientId(3)).name("Maria", "de la Cruz");
        let roster = self::roster(&[record]);
        one(&roster, text, value, "name", 3, Confidence::Medium);
    }
    for text in [
        "I, Pat, and Mr. Lindqvist",
        "Pat Berg\nAnna Rose Lindqvist",
        "Pat\n>\n> Lindqvist",
        "pat.lindqvist@other.example x@pat.lindqvist.example",
        "pat.lindqvist%40other.example",
        "Pat, Anna, Rose, Lindqvist",
        "Family name: Lindqvist, first visit: Pat",
        "pat_lindqvists",
    ] {
        assert_eq!(found(&roster, text), [], "{text}");
    }
}

#[test]
fn an_address_is_found_behind_the_signs_of_links_and_quotes() {
    let record = |id, mailbox: &str| {
        PatientRecord::new(PatientId(id))
            .name("Ada", "Berg")
            .email(&address(mailbox))
    };
    let both = roster(&[
        pat(),
        record(7, "o'hara@mail.example"),
        record(8, "pat@a.example"),
    ]);
    for (text, value, id) in [
        (
            "'pat.lindqvist@mail.example'",
            "pat.lindqvist@mail.example",
            1,
        ),
        (
            "user=pat.lindqvist@mail.example&x",
            "pat.lindqvist@mail.example",
            1,
        ),
        (
            "/?a=b&u=pat.lindqvist%40mail.example",
            "pat.lindqvist%40mail.example",
            1,
        ),
        (
            "/?a=b%26u%3Dpat.lindqvist%40mail.example",
            "pat.lindqvist%40mail.example",
            1,
        ),
        (
            "_pat.lindqvist@mail.example_",
            "pat.lindqvist@mail.example",
            1,
        ),
        ("'o'hara@mail.example'", "o'hara@mail.example", 7),
    ] {
        one(&both, text, value, "email", id, Confidence::High);
    }
    assert_eq!(found(&both, "ada.pat@a.example cat-pat@a.example"), []);
}

#[test]
fn names_are_kept_as_they_are_given() {
    for (given, family, texts) in [
        (
            "Md",
            "Rahman",
            &["Md Rahman", "Md. Rahman", "Rahman, Md"][..],
        ),
        ("Jin", "O", &["Jin O", "O, Jin"]),
        (
            "Nora",
            "O CONNOR",
            &["Nora O'Connor", "Nora O Connor", "OConnor, Nora"],
        ),
        ("Kim", "O'Connor", &["Kim O Connor", "Kim O\u{2019}Connor"]),
        (
            "Pat A",
            "Berg III",
            &["Pat Berg", "Pat A. Berg", "Pat Berg III"],
        ),
        ("Jan", "Mueller", &["Jan Müller", "Jan Mueller"]),
        (
            "Jan",
            "Müller",
            &["Jan Müller", "Jan Mueller", "Jan Muller"],
        ),
        ("Jo", "Strau\u{df}", &["Jo Strauss", "Jo Strau\u{df}"]),
        (
            "Lars",
            "S\u{f8}rensen",
            &["Lars Soerensen", "Lars Sorensen"],
        ),
    ] {
        let roster = roster(&[PatientRecord::new(PatientId(1)).name(given, family)]);
        for text in texts {
            assert_eq!(found(&roster, text).len(), 1, "{text}");
        }
        assert_eq!(found(&roster, given), []);
    }
}

#[test]
fn what_is_not_kept_is_counted() {
    let mut builder = RosterBuilder::new(&keys());
    let record = || PatientRecord::new(PatientId(1));
    for (record, counts) in [
        (record().name("Ada", "Berg"), (0, 0)),
        (record().name("", "Suharto").mrn("HK-00482913"), (1, 0)),
        (record().name("", "Suharto"), (2, 1)),
        (record().name("小明", "王"), (3, 2)),
        (record().street("P.O. Box"), (4, 3)),
    ] {
        builder.patient(&record).unwrap();
        assert_eq!((builder.nameless(), builder.unfindable()), counts);
    }
}

#[test]
fn an_extension_is_no_part_of_a_telephone_number() {
    for number in [
        "270-555-0143 x12",
        "(270) 555-0143 ext. 12",
        "Home: 270-555-0143;12",
        "1st: 270-555-0143",
    ] {
        let roster = roster(&[PatientRecord::new(PatientId(1)).phone(number)]);
        for text in ["270-555-0143", "call 270-555-0143 x12", "+1 270 555 0143"] {
            let fields: Vec<_> = found(&roster, text).iter().map(|h| h.1).collect();
            assert_eq!(fields, ["phone"], "{number} {text}");
        }
    }
}

/// Two who have one name, each in a line with their own birth date.
#[test]
fn a_table_of_namesakes_finds_each() {
    let born = |id, day, mailbox: &str| {
        PatientRecord::new(PatientId(id))
            .name("John", "Smith")
            .birth_date(day)
            .email(&address(mailbox))
    };
    let roster = roster(&[
        born(1, "1950-01-01", "john.smith50@mail.example"),
        born(2, "1951-02-02", "jsmith.barn@mail.example"),
    ]);
    let table = "John Smith, 1/1/1950, positive\nJohn Smith, 2/2/1951, negative";
    let ids: Vec<_> = found(&roster, table).into_iter().map(|h| h.2).collect();
    assert_eq!(ids, [[1], [1], [2], [2]]);
    // Where no line says whose it is, both are named, and each date its own.
    let lines = "John Smith\nDOB 1/1/1950\nJohn Smith\nDOB 2/2/1951";
    let ids: Vec<_> = found(&roster, lines).into_iter().map(|h| h.2).collect();
    assert_eq!(ids, [vec![1, 2], vec![1], vec![1, 2], vec![2]]);
    let other = Some(MisaddressedWhy::OtherPatient);
    for text in [table, lines] {
        for to in ["john.smith50@mail.example", "jsmith.barn@mail.example"] {
            assert_eq!(judged(&roster, to, text), other, "{to} {text}");
        }
    }
    // So are those whose birth date one that can be read in two ways may be.
    let open = self::roster(&[
        born(1, "1950-03-04", "a@mail.example"),
        born(2, "1950-04-03", "b@mail.example"),
    ]);
    assert_eq!(found(&open, "John Smith, 3/4/1950")[0].2, [1, 2]);
    // A name that two have is enough to compare their addresses.
    for (to, why) in [
        ("john.smith5@mail.example", Some(MisaddressedWhy::LookAlike)),
        ("john.smith50@mail.example", None),
        ("ada.berg@mail.example", None),
    ] {
        assert_eq!(judged(&roster, to, "John Smith"), why, "{to}");
    }
}

#[test]
fn rows_of_one_patient_are_one_patient() {
    let mut records: Vec<_> = (0..20)
        .map(|n| pat().mrn(&format!("HK-0048{n}913")))
        .collect();
    records.push(sam());
    let roster = roster(&records);
    let hits = roster.find("Pat Lindqvist born 3/14/1958");
    assert!(hits.iter().all(|h| h.patients == [PatientId(1)] && !h.more));
    assert!(judged(&roster, "samoc@gmail.com", "Pat Lindqvist").is_some());
}

#[test]
fn a_birth_date_near_the_name_makes_it_sure() {
    let roster = roster(&[pat(), sam()]);
    for date in ["3/14/1958", "March 14, 1958", "14-Mar-58", "19580314"] {
        for name in ["Pat Lindqvist", "pat lindqvist", "Lindqvist, Pat"] {
            let text = format!("DOB {date}, {name}");
            let all = found(&roster, &text);
            let fields: Vec<_> = all.iter().map(|h| (h.0.as_str(), h.1, h.3)).collect();
            let high = Confidence::High;
            assert_eq!(
                fields,
                [
                    (date, "birth date", high),
                    (name, "name and birth date", high)
                ],
                "{text}"
            );
        }
    }
    let other = "Pat Lindqvist, 3/15/1958";
    one(
        &roster,
        other,
        "Pat Lindqvist",
        "name",
        1,
        Confidence::Medium,
    );
    let far = format!("3/14/1958{} Pat Lindqvist", " x".repeat(200));
    one(
        &roster,
        &far,
        "Pat Lindqvist",
        "name",
        1,
        Confidence::Medium,
    );
    assert_eq!(found(&roster, "born 3/14/1958"), []);
    // Rows with many dates: the name's own is among the nearest.
    let row = "Berg,Bo,1/1/2001,1/2/2001,1/3/2001,1/4/2001\n".repeat(6);
    let text = format!("{row}Lindqvist,Pat,3/14/1958,1/2/2001\n{row}");
    assert_eq!(found(&roster, &text).len(), 2);
}

#[test]
fn a_street_is_found_and_sure_with_the_family_name() {
    let roster = roster(&[pat()]);
    for value in ["12 N Main St", "12 North Main Street", "12 N. MAIN ST"] {
        one(
            &roster,
            &format!("at {value}, Apt 4"),
            value,
            "street",
            1,
            Confidence::Medium,
        );
        let named = format!("Ms. Lindqvist, {value}");
        one(&roster, &named, value, "street", 1, Confidence::High);
    }
    assert_eq!(found(&roster, "13 N Main St, 12 N Main Ave, 12 N Main"), []);
}

#[test]
fn shared_values_name_all_who_share_them() {
    let records: Vec<_> = (0..12)
        .map(|n| {
            let record = PatientRecord::new(PatientId(n)).name("John", "Smith");
            match n {
                0..2 => record.birth_date("1950-01-01").phone("2705550143"),
                _ => record.birth_date("1951-01-01"),
            }
        })
        .collect();
    let roster = roster(&records);
    let hits = roster.find("John Smith");
    assert!(hits[0].patients.len() == 8 && hits[0].more);
    let hits = roster.find("2705550143");
    assert_eq!(hits[0].patients, [PatientId(0), PatientId(1)]);
    let hits = roster.find("John Smith 01/01/1950");
    assert!(hits[0].patients.len() == 2 && !hits[0].more);
}

/// Record numbers counted from 1: any number is somebody's.
#[test]
fn a_dense_number_needs_company() {
    let mut builder = RosterBuilder::new(&keys());
    for n in 0..2000u64 {
        let record = PatientRecord::new(PatientId(n))
            .name("Ada", if n == 7 { "Okafor" } else { "Berg" })
            .mrn(&format!("{:08}", 10_000 + n));
        builder.patient(&record).unwrap();
    }
    let roster = builder.build();
    assert_eq!(found(&roster, "invoice 10007 of 2026"), []);
    one(&roster, "MRN: 10007", "10007", "mrn", 7, Confidence::High);
    one(
        &roster,
        "Okafor 00010007",
        "00010007",
        "mrn",
        7,
        Confidence::High,
    );
    one(
        &roster,
        "chart # 010008",
        "010008",
        "mrn",
        8,
        Confidence::High,
    );
}

#[test]
fn windows_meet_without_a_seam() {
    let roster = roster(&[pat()]);
    // The name lies across the edge of a window, or the date does.
    for pad in (64 * 1024 - 60)..(64 * 1024 + 4) {
        let text = format!("{}\nPat Lindqvist born 3/14/1958 x", "y ".repeat(pad / 2));
        let fields: Vec<_> = roster.find(&text).iter().map(|h| h.field).collect();
        assert_eq!(
            fields,
            [RosterField::NameAndBirthDate, RosterField::BirthDate],
            "{pad}"
        );
    }
}

#[test]
fn a_roster_survives_as_bytes_and_holds_no_value() {
    let roster = roster(&[pat(), sam()]);
    let bytes = roster.to_bytes();
    let again = Roster::from_bytes(&bytes, &keys()).unwrap();
    let text = "Pat Lindqvist, Samuel O'Connor de la Cruz, HK00482913";
    assert_eq!(roster.find(text), again.find(text));
    assert_eq!(again.find(text).len(), 3);
    assert_eq!(again.to_bytes(), bytes);
    for value in [
        "lindqvist",
        "Lindqvist",
        "577964121",
        "00482913",
        "2705550143",
    ] {
        assert!(!bytes.windows(value.len()).any(|w| w == value.as_bytes()));
    }
    // The same values under another key share nothing but their count.
    let other = Keys::from_bytes([8; 32]);
    assert_eq!(
        Roster::from_bytes(&bytes, &other).unwrap_err(),
        RosterError::OtherKey
    );
}

#[test]
fn a_text_is_an_id_too() {
    let mut builder = RosterBuilder::new(&keys());
    let id = builder.id_of("pt-7");
    builder
        .patient(&PatientRecord::new(id).name("Ada", "Okafor"))
        .unwrap();
    let roster = builder.build();
    assert_eq!(
        roster.find("Ada Okafor")[0].patients,
        [roster.id_of("pt-7")]
    );
    assert_ne!(roster.id_of("pt-7"), roster.id_of("pt-8"));
}

#[test]
fn damage_is_found_wherever_it_is() {
    let bytes = roster(&[pat()]).to_bytes();
    for at in 0..bytes.len() {
        let mut bad = bytes.clone();
        bad[at] ^= 1;
        assert!(Roster::from_bytes(&bad, &keys()).is_err(), "{at}");
        assert!(Roster::from_bytes(&bytes[..at], &keys()).is_err(), "{at}");
    }
    assert!(Roster::from_bytes(b"", &keys()).is_err());
    assert_eq!(
        Roster::from_bytes(&[0; 100], &keys()).unwrap_err(),
        RosterError::NotARoster
    );
}

#[test]
fn a_wrong_value_is_named_by_its_kind_only() {
    let mut builder = RosterBuilder::new(&keys());
    let record = || PatientRecord::new(PatientId(1));
    for (record, field) in [
        (record().birth_date("1958-02-30"), RosterField::BirthDate),
        (record().birth_date("03/14/58 x"), RosterField::BirthDate),
        (record().ssn("57796412"), RosterField::Ssn),
        (record().phone("555-0143"), RosterField::Phone),
        (record().mrn("0017"), RosterField::Mrn),
        (record().plan_id("---"), RosterField::PlanId),
    ] {
        let error = builder.patient(&record).unwrap_err();
        assert!(
            matches!(error, RosterError::Value { field: f, .. } if f == field),
            "{error}"
        );
        assert!(!error.to_string().contains("1958") || field == RosterField::BirthDate);
    }
    assert!(builder.is_empty());
    assert_eq!(format!("{:?}", pat()), "PatientRecord(***)");
}

fn judged(roster: &Roster, to: &str, text: &str) -> Option<MisaddressedWhy> {
    let to = address(to);
    let wrong = roster.misaddressed(&[(RecipientId::new(3), &to)], &roster.find(text));
    assert!(wrong.iter().all(|m| m.recipient == RecipientId::new(3)));
    wrong.first().map(|m| m.why)
}

proptest! {
    #[test]
    fn no_text_is_too_odd(text in "(.{0,6}|Pat |Lindqvist|[,.@(-]|577-96-4121|3/14/58| |\\n){0,40}") {
        let roster = roster(&[pat(), sam()]);
        for hit in roster.find(&text) {
            prop_assert!(text.get(hit.range.clone()).is_some());
            prop_assert!(!hit.range.is_empty() && !hit.patients.is_empty());
        }
    }
}
