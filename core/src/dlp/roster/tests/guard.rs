//! Whom a message may go to.

use super::*;
use crate::dlp::roster::likeness::edits;

#[test]
fn mail_about_one_patient_to_another_is_wrong() {
    let roster = roster(&[pat(), sam()]);
    let other = Some(MisaddressedWhy::OtherPatient);
    for (to, text, why) in [
        ("samoc@gmail.com", "Pat Lindqvist", other),
        ("s.amoc+x@googlemail.com", "Pat Lindqvist", other),
        ("parent@home.example", "MRN HK-00482913", other),
        ("pat.lindqvist@mail.example", "Pat Lindqvist", None),
        ("parent@home.example", "Samuel O'Connor de la Cruz", None),
        ("doctor@clinic.example", "Pat Lindqvist", None),
        ("samoc@gmail.com", "nobody", None),
        // Both are named: a name alone may be a relative's, a number is not.
        (
            "samoc@gmail.com",
            "Samuel O'Connor de la Cruz and Pat Lindqvist",
            None,
        ),
        (
            "samoc@gmail.com",
            "Samuel O'Connor de la Cruz and 577-96-4121",
            other,
        ),
    ] {
        assert_eq!(judged(&roster, to, text), why, "{to} {text}");
    }
}

#[test]
fn a_shared_address_belongs_to_the_whole_family() {
    let home = address("home@berg.example");
    let record = |id, given| {
        PatientRecord::new(PatientId(id))
            .name(given, "Berg")
            .email(&home)
    };
    let roster = roster(&[record(11, "Ada"), record(12, "Bo"), sam()]);
    assert_eq!(judged(&roster, "home@berg.example", "Ada Berg"), None);
    assert_eq!(judged(&roster, "home@berg.example", "Bo Berg"), None);
    assert!(judged(&roster, "samoc@gmail.com", "Bo Berg").is_some());
}

/// What both have names neither.
#[test]
fn a_telephone_of_the_family_does_not_say_whom_the_mail_is_for() {
    let record = |id, given, mailbox: &str| {
        PatientRecord::new(PatientId(id))
            .name(given, "Berg")
            .phone("270-555-0143")
            .street("12 North Main Street")
            .email(&address(mailbox))
    };
    let roster = roster(&[
        record(11, "Ada", "ada.berg@mail.example"),
        record(12, "Bo", "bo.berg77@mail.example"),
    ]);
    let other = Some(MisaddressedWhy::OtherPatient);
    for (text, why) in [
        ("Ada Berg: it is positive. Phone: 270-555-0143.", other),
        ("Ada Berg, 12 North Main Street: it is positive.", other),
        ("Dear Bo Berg, Ada Berg called from 270-555-0143.", None),
        ("Bo Berg, phone 270-555-0143", None),
    ] {
        assert_eq!(
            judged(&roster, "bo.berg77@mail.example", text),
            why,
            "{text}"
        );
    }
}

#[test]
fn who_writes_may_be_a_patient_and_signs() {
    let ada = PatientRecord::new(PatientId(3))
        .name("Ada", "Berg")
        .mrn("HK-7700114")
        .phone("270-555-0100")
        .email(&address("ada.berg@harbor.example"));
    let roster = roster(&[pat(), sam(), ada]);
    let judged = |from: &str, to: &str, text: &str| {
        let (from, to) = (address(from), address(to));
        let to = [(RecipientId::new(0), &to)];
        let wrong = roster.misaddressed_from(Some(&from), &to, &roster.find(text));
        wrong.first().map(|m| m.why)
    };
    let other = Some(MisaddressedWhy::OtherPatient);
    let (ada, pat) = ("ada.berg@harbor.example", "pat.lindqvist@mail.example");
    let signed = "Come at ten.\n\nAda Berg, RN\n(270) 555-0100\nada.berg@harbor.example";
    for (from, to, text, why) in [
        (ada, pat, signed, None),
        (ada, "ada.bergs@harbor.example", signed, None),
        ("desk@harbor.example", pat, signed, other),
        (
            ada,
            pat,
            "Samuel O'Connor de la Cruz\n\nAda Berg, RN",
            other,
        ),
        (ada, pat, "HK-7700114", other),
        // A copy for oneself.
        (ada, ada, "Pat Lindqvist\n\nAda Berg, RN", None),
    ] {
        assert_eq!(judged(from, to, text), why, "{from} {to} {text}");
    }
}

#[test]
fn look_alikes_are_those_that_the_docs_say() {
    let record = |id, given, mailbox: &str| {
        PatientRecord::new(PatientId(id))
            .name(given, "Lindqvist")
            .email(&address(mailbox))
    };
    let roster = roster(&[
        record(1, "Pat", "pat.lindqvist@yahoo.com"),
        record(2, "Molly", "molly.harmon@harbormail.example"),
        record(3, "Carmen", "carmen@harbor.example"),
    ]);
    let like = Some(MisaddressedWhy::LookAlike);
    for (name, to, why) in [
        // Its dots count though gmail.com ignores them.
        ("Pat", "pat.lindqvist@gmail.com", like),
        ("Pat", "pat.lindqvist+x@gmail.com", like),
        ("Pat", "patlindqvist@gmail.com", None),
        ("Molly", "molly.harmon@harborrnail.example", like),
        ("Molly", "rnolly.harmon@harbormail.example", like),
        ("Molly", "rnolly.harmon@harborrnail.example", like),
        ("Molly", "molly.harmom@harbormall.example", like),
        ("Molly", "molly.harmon@harbormiall.example", None),
        ("Carmen", "carrnen@harbor.example", like),
        ("Carmen", "carmen@harbour.example", like),
        ("Carmen", "carmem@harbour.example", None),
    ] {
        let text = format!("{name} Lindqvist");
        assert_eq!(judged(&roster, to, &text), why, "{to}");
    }
}

#[test]
fn an_address_that_looks_like_the_patients_is_wrong() {
    let gmail = PatientRecord::new(PatientId(5))
        .name("Ada", "Okafor")
        .email(&address("ada.okafor77@gmail.com"));
    let roster = roster(&[pat(), gmail]);
    let like = Some(MisaddressedWhy::LookAlike);
    for (to, why) in [
        ("pat.lindqvst@mail.example", like),
        ("pat.lindqivst@mail.example", like),
        ("patlindqvist@mail.example", like),
        ("pat.lindquist@mail.example", like),
        ("pat.lindqvistt@mail.example", like),
        ("pat.lindkvst@mail.example", like),
        ("apt.lidnqvist@mail.example", like),
        ("pat_lindqvist@mial.example", like),
        ("pat.lindqvist@mail.exampel", like),
        ("pat.lindqvist@mail.com", None),
        ("pat.lindqvist@mаil.example", like),
        ("раt.lindqvist@mail.example", like),
        ("pat.lindqvist+x@mial.example", like),
        ("pam.lindstrom@mail.example", None),
        ("lindqvist@mail.example", None),
        ("pat.lindqvist@harbor.example", None),
    ] {
        assert_eq!(judged(&roster, to, "Pat Lindqvist"), why, "{to}");
    }
    for (to, why) in [
        ("adaokafor77@gmial.com", like),
        ("ada.okafor77@yahoo.com", like),
        ("adaokafor7@gmail.com", like),
        ("ada.okafor77@gmail.co", like),
        ("ad.aokafor77@gmail.com", None),
        ("ada.berg77@gmail.com", None),
    ] {
        assert_eq!(judged(&roster, to, "Ada Okafor"), why, "{to}");
    }
}

fn edited(text: &str, edit: (u8, usize, u8)) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let (what, at, byte) = (edit.0, edit.1 % bytes.len(), b'a' + edit.2 % 26);
    match what % 4 {
        0 => drop(bytes.remove(at)),
        1 => bytes[at] = byte,
        2 => bytes.insert(at, byte),
        _ => bytes.swap(at, (at + 1).min(text.len() - 1)),
    }
    String::from_utf8(bytes).unwrap()
}

proptest! {
    /// All that is one or two edits away is a look-alike, and nothing further.
    #[test]
    fn likeness_is_the_distance(
        local in "[a-z]{8,14}",
        first in (0u8..4, 0usize..64, 0u8..26),
        second in (0u8..4, 0usize..64, 0u8..26),
        third in (0u8..4, 0usize..64, 0u8..26),
    ) {
        let named = PatientRecord::new(PatientId(1)).name("Ada", "Okafor");
        let roster = roster(&[named.email(&address(&format!("{local}@mail.example")))]);
        let mut near = local.clone();
        for edit in [first, second, third] {
            near = edited(&near, edit);
            let far = edits(local.as_bytes(), near.as_bytes());
            let to = format!("{near}@mail.example");
            let why = judged(&roster, &to, "Ada Okafor");
            prop_assert_eq!(why.is_some(), (1..=2).contains(&far), "{} {} {}", local, near, far);
        }
    }
}
