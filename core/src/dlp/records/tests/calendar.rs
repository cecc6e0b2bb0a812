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
