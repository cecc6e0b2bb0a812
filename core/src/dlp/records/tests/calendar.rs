use super::super::Made;
use super::{all, has, lacks, read};
use crate::dlp::FindingKind as K;

const INVITE: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:enc-2290@dune.example\r\nDTSTART;TZID=X:20260219T143000\r\n\
SUMMARY:Migraine follow-up\r\nORGANIZER;CN=Ife Okon:mailto:desk@dune.example\r\n\
ATTENDEE;ROLE=REQ-PARTICIPANT;CN=\"Ruiz: Ana\":mailto:ana@mail.\r\n example\r\nATTENDEE;CUTYPE=ROOM;CN=Room 4:mailto:room4@dune.example\r\nEND:VEVENT\r\n\
BEGIN:VEVENT\r\nUID:lonely\r\nDTSTART:20260101\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

#[test]
fn an_event_with_somebody_is_theirs() {
    let record = read(INVITE, "text/calendar").unwrap();
    let found = all(INVITE, &record);
    for (kind, value) in [
        (K::OtherId, "enc-2290"),
        (K::Date, "20260219T143000"),
        (K::Provider, "Ife Okon"),
        (K::Name, "Ruiz: Ana"),
        (K::Email, "ana@mail.\r\n example"),
    ] {
        has(&found, kind, value);
    }
    for value in ["lonely", "20260101", "Room", "desk@", "Migraine"] {
        lacks(&found, value);
    }
    assert_eq!(found.len(), 5);
    assert!(!record.patient_record);
}

#[test]
fn what_programs_call_their_own_is_told_from_numbers() {
    let chance = |uid: &str| {
        let text = format!(
            "{INVITE}BEGIN:VEVENT\nUID:{uid}\nATTENDEE:mailto:b@mail.example\nEND:VEVENT\n"
        );
        let record = read(&text, "text/calendar").unwrap();
        let own: Vec<&str> = record.own.iter().map(|o| &text[o.range.clone()]).collect();
        assert!(own.is_empty() || own == [uid], "{own:?}");
        !own.is_empty()
    };
    for uid in [
        "040000008200E00074C5B7101A82E00800000000F0A1C2D3",
        "040000008200E00074C5B710\n 1A82E00800000000F0A1C2D3",
        "7kukuqrfedlm2f9t0s7vj2ai9k@google.com",
        "6F9619FF-8B86-D011-B42D-00CF4FC964FF",
        "6f9619ff-8b86-d011-b42d-00cf4fc964ff@harbor.example",
    ] {
        assert!(chance(uid), "{uid}");
    }
    for uid in [
        "enc-2291@dune.example",
        "00482913",
        "20260414T130000-0447118@dune.example",
        "maria.alvarez@mail.example",
        "6F9619FF-8B86-D011-B42D-00CF4FC964FZ",
        // A number or a name in the form of one.
        "536228145000000000000000000482913",
        "mrn00482913mrn00482913abcd@harbor.example",
        "johndavidmortonmrn00482913",
        "6F9619FF-8B86-D011-B42D-00CF4FC964FF SSN 536-22-8145",
        "040000008200E00074C5B7101A82E0087643616C2D55696447656E2D3030343832393133",
    ] {
        assert!(!chance(uid), "{uid}");
    }
    // What stands behind it and is no host is none of it.
    for host in [
        "maria.alvarez.19800412.dune.example",
        " SSN 536-22-8145",
        "a b",
    ] {
        let id = "6f9619ff-8b86-d011-b42d-00cf4fc964ff";
        let text = format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:{id}@{host}\nEND:VEVENT\n");
        let own = read(&text, "text/calendar").unwrap().own;
        assert_eq!(&text[own[0].range.clone()], id, "{host}");
    }
    // Outside of an event it is any text.
    let uid = "UID:6f9619ff-8b86-d011-b42d-00cf4fc964ff";
    for text in [
        format!("BEGIN:VCALENDAR\n{uid}\nEND:VCALENDAR\n"),
        "BEGIN:VCALENDAR\nPRODID:-//Harbor//EN\n  Maria Alvarez\nEND:VCALENDAR\n".to_owned(),
        "BEGIN:VCALENDAR\nPRODID:-//Harbor, ask Maria Alvarez\nEND:VCALENDAR\n".to_owned(),
        "BEGIN:VEVENT\nPRODID:-//Harbor//Plan//EN\nEND:VEVENT\nBEGIN:VCARD\n".to_owned(),
    ] {
        assert_eq!(read(&text, "text/calendar").unwrap().own, [], "{text}");
    }
    let text = "BEGIN:VCALENDAR\nPRODID:-//Microsoft Corporation//Outlook 16.0 MIMEDIR//EN\nEND:VCALENDAR\n";
    let record = read(text, "text/calendar").unwrap();
    assert_eq!(record.own.len(), 1);
    assert_eq!(record.own[0].what, Made::Program);
}

#[test]
fn a_card_says_who_somebody_is() {
    let text = "BEGIN:VCARD\nVERSION:3.0\nFN:Ana Ruiz\nN:Ruiz;Ana;;Ms.;\nitem1.TEL;TYPE=cell:+1-505-555-0173\nEMAIL:mailto:ana@mail.example\n\
        ADR;TYPE=home:;;212 Calle Sauce;Taos;NM;87532;USA\nBDAY:1974-09-27\nORG:Dune\nEND:VCARD\n";
    let found = all(text, &read(text, "").unwrap());
    for (kind, value) in [
        (K::Name, "Ana Ruiz"),
        (K::Name, "Ruiz;Ana"),
        (K::Phone, "+1-505-555-0173"),
        (K::Email, "ana@mail.example"),
        (K::Address, "212 Calle Sauce;Taos;NM;87532"),
        (K::Date, "1974-09-27"),
    ] {
        has(&found, kind, value);
    }
    assert_eq!(found.len(), 6);
}
