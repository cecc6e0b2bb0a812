use super::{all, has, hints, lacks, read};
use crate::dlp::{Confidence, FindingKind as K};

const PATIENTS: &str = "mrn,last,first,dob,phone,a1c,last_visit,plan_id\r\n\
    QH-0048291,Obi-Stone,Ada,1958-07-19,317-555-0148,9.4,2025-02-20,WQX449201877\r\n\
    QH-0051330,\"Pham, Jr\",Quoc Bao,1970-11-02,n/a,7.1,2025-02-21,WQX449310025\r\n";

#[test]
fn columns_are_told_by_their_headers() {
    let record = read(PATIENTS, "text/csv").unwrap();
    assert!(record.patient_record);
    assert!(
        record
            .hints
            .iter()
            .any(|h| h.confidence == Confidence::High)
    );
    let found = all(PATIENTS, &record);
    has(&found, K::Mrn, "QH-0048291");
    has(&found, K::Name, "Obi-Stone");
    has(&found, K::Name, "Pham, Jr");
    has(&found, K::Name, "Quoc Bao");
    has(&found, K::Date, "1958-07-19");
    has(&found, K::Date, "2025-02-21");
    has(&found, K::Phone, "317-555-0148");
    has(&found, K::HealthPlanId, "WQX449310025");
    lacks(&found, "9.4");
    lacks(&found, "n/a");
    assert_eq!(found.len(), 13);
}

/// One of record numbers needs no second that is known.
#[test]
fn a_column_of_record_numbers_is_enough() {
    for rows in [
        "MRN|A1c\n482913|9.1\n482914|7.2",
        "Room|MRN\n4|482913\n5|482914",
        "Room|MRN\n4|482913\n5|\n6|n/a\n7|482914",
    ] {
        for sign in ["|", "\t", ";"] {
            let text = format!("See below.\n\n{}\n\nBest\n", rows.replace('|', sign));
            let found = hints(&text, "text/plain");
            has(&found, K::Mrn, "482913");
            has(&found, K::Mrn, "482914");
        }
    }
    for none in [
        "MRN;\nask;Pat\nnot;Bo",
        "MRN;x\n482913;1\npending;2",
        "MRN;x\n482913;1\nn/a;2",
        "Record No;Title\n482913;Tables\n482914;Chairs",
    ] {
        assert!(
            read(none, "text/plain").is_none_or(|r| r.hints.is_empty()),
            "{none}"
        );
    }
}

/// Each in its lines, whichever stands first.
#[test]
fn a_table_of_blanks_stands_beside_one_of_signs() {
    let signs = "name,mrn,dx\nLee,4711,gout\nCho,4712,asthma\n";
    let blanks = "Patient          DOB          MRN\nLindqvist, Pat   03/14/1958   00482913\n";
    for text in [format!("{signs}\n{blanks}"), format!("{blanks}\n{signs}")] {
        let record = read(&text, "text/plain").unwrap();
        let found = all(&text, &record);
        has(&found, K::Mrn, "4712");
        has(&found, K::Mrn, "00482913");
        has(&found, K::Date, "03/14/1958");
        assert!(record.hints.is_sorted_by_key(|hint| hint.range.start));
        assert!(record.own.is_sorted_by_key(|own| own.range.start));
        // A line of the one is not read as one of the other.
        let tabs = text.replace(',', "\t");
        let found = hints(&tabs, "text/plain");
        let twice = |of: &str| found.iter().filter(|(_, found)| *found == of).count();
        assert_eq!((twice("4711"), twice("4712")), (1, 1));
    }
}

#[test]
fn every_delimiter_is_read() {
    for delimiter in ['\t', ';', '|'] {
        let text = PATIENTS
            .replace("\"Pham, Jr\"", "Pham")
            .replace(',', &delimiter.to_string());
        let found = hints(&text, "text/plain");
        has(&found, K::Mrn, "QH-0051330");
        has(&found, K::Name, "Pham");
    }
}

#[test]
fn a_table_in_a_mail_is_found_quoted_or_not() {
    for mark in ["", "> ", ">> "] {
        let text = format!(
            "Hi, see below, please, as agreed\n\n{mark}Patient | DOB | Rx\n{mark}---|---|---\n{mark}Ana Ruiz | 3/4/1961 | warfarin 5 mg\n\
             {mark}Bo Lind | 5/6/1972 | lithium 300\n\nThanks, Kim, again, bye\n"
        );
        let record = read(&text, "text/plain").unwrap();
        assert!(record.patient_record);
        let found = all(&text, &record);
        has(&found, K::Name, "Ana Ruiz");
        has(&found, K::Date, "5/6/1972");
        has(&found, K::Medication, "warfarin");
        lacks(&found, "Kim");
        assert_eq!(found.len(), 6);
    }
}

#[test]
fn a_quoted_field_may_hold_lines_and_quotes() {
    let text = "Patient Name,Diagnosis,Note\n\"Ruiz, \"\"Ana\"\"\",\"asthma\",\"a\nb,c\"\nBo Lind,gout,x\n";
    let found = hints(text, "text/csv");
    has(&found, K::Condition, "asthma");
    has(&found, K::Name, "Bo Lind");
    has(&found, K::Condition, "gout");
}

#[test]
fn a_quote_that_never_closes_costs_one_cell() {
    let text = format!(
        "mrn,name,dx\n\"1,A B,gout\n{}2,C D,asthma\n",
        "3,E F,flu\n".repeat(10)
    );
    has(&hints(&text, "text/csv"), K::Condition, "asthma");
}

#[test]
fn tables_of_things_give_nothing() {
    for text in [
        "asset_id,serial,model,ward,next_service,owner\nA-1,PMP-0041-7733,IX-200,ICU,2026-07-01,Biomed\nA-2,PMP-0041-7734,IX-200,ICU,2026-07-01,Biomed\n",
        "sku,quantity,price\n4411,3,9.99\n4412,1,5.00\n",
        "code,description,gross,cash\n70553,MRI brain,3120.00,1404.00\n45378,Colonoscopy,2870.00,1291.50\n",
        "date,name,value\n2025-01-01,build,3\n2025-01-02,test,4\n",
        "Unit M-9, VIN 1FTBW3XM5HK373906, plate EMS 91.\nTransmission flushed, new belt, siren checked (sorry, neighbors).\nGood, so far, and 3 to go, bye\n",
        "Dear all, thanks, and bye\nthis, too, is prose\nand, well, so is this\n",
    ] {
        assert!(read(text, "text/csv").is_none(), "{text}");
    }
}

#[test]
fn weak_headers_count_beside_a_person() {
    let text = "name,pronouns,mobile,joined\nBjork Amund,they,303-555-0113,2025-09-08\nVal Cordero,she,303-555-0126,2025-09-15\n";
    let record = read(text, "text/csv").unwrap();
    let found = all(text, &record);
    has(&found, K::Name, "Bjork Amund");
    has(&found, K::Date, "2025-09-15");
    assert!(!record.patient_record);
}

#[test]
fn without_a_header_the_values_tell() {
    let text = "Ana Ruiz,123-45-6780,ana@mail.example,J45.50\nBo Lind,123-45-6781,bo@mail.example,E11.9\nCy Poe,123-45-6782,cy@mail.example,I10.0\n";
    let record = read(text, "text/csv").unwrap();
    assert!(
        record
            .hints
            .iter()
            .all(|h| h.confidence == Confidence::Medium)
    );
    let found = all(text, &record);
    has(&found, K::Ssn, "123-45-6780");
    has(&found, K::Email, "bo@mail.example");
    has(&found, K::Icd10, "E11.9");
    assert!(record.patient_record);
}

#[test]
fn values_correct_a_header() {
    let text = "patient,provider,diagnosis\n88012,1234567893,J45.50\n88013,1234567893,E11.9\n";
    let found = hints(text, "text/csv");
    has(&found, K::Mrn, "88012");
    has(&found, K::Npi, "1234567893");
    has(&found, K::Icd10, "E11.9");
}

#[test]
fn how_many_patients_there_are_is_no_number_of_one() {
    let text = "site,patients,lead\nBoston,14,Ana Ruiz\nDallas,877,Bo Lind\nUtica,9,Cy Poe\n";
    assert!(read(text, "text/csv").is_none_or(|r| r.hints.is_empty() && !r.patient_record));
    let text = text.replace(",877,", ",88077,").replace(",14,", ",88014,");
    let record = read(&text, "text/csv").unwrap();
    has(&all(&text, &record), K::Mrn, "88014");
    assert!(record.patient_record);
}

#[test]
fn a_rule_under_its_header_makes_a_table() {
    let text = "| Room | Pt | Plan |\n|--|--|--|\n| 206 | Yun, A | hospice |\n";
    let found = hints(text, "text/plain");
    has(&found, K::Name, "Yun, A");
    assert!(read(&text.replace("|--|--|--|", "| 1 | 2 | 3 |"), "text/plain").is_none());
}

#[test]
fn a_table_of_prescribers_names_staff() {
    let text = "npi,name,specialty,dea\n1234567893,Lind Bo,dentistry,FL1234563\n\
        1245319599,Orr Ana,psychiatry,\n";
    let record = read(text, "text/csv").unwrap();
    has(&all(text, &record), K::Provider, "Lind Bo");
    assert!(!record.patient_record);
    // Patients have a column of their own, or a prescriber in common.
    for text in [
        "name,mrn,npi,diagnosis\nLind Bo,4471920,1234567893,asthma\nOrr Ana,4471921,1245319599,gout\n",
        "Name,Age,Sex,Diagnosis,Attending NPI\nLind Bo,65,M,sepsis,1234567893\nOrr Ana,71,F,COPD,1245319599\n",
        "Name,Diagnosis,NPI\nLind Bo,sepsis,1234567893\nOrr Ana,COPD,1245319599\n",
        "name,npi,specialty,mrn\nLind Bo,1234567893,dentistry,4471920\nOrr Ana,1234567893,dentistry,4471921\n",
        "Name,NPI,Specialty,Status\nLind Bo,1234567893,renal,dialysis\nOrr Ana,1245319599,renal,hospice\n",
        "Name,Provider,DEA,Drug\nLind Bo,Poe Al,FL1234563,oxycodone\nOrr Ana,Ito Mei,AO2345674,fentanyl\n",
    ] {
        let record = read(text, "text/csv").unwrap();
        has(&all(text, &record), K::Name, "Lind Bo");
        assert!(record.patient_record, "{text}");
    }
    // Whoever has a number of their own is not by it under care.
    let text = "Name,NPI,Status\nLind Bo,1234567893,active\nOrr Ana,1245319599,pending\n";
    assert!(read(text, "text/csv").is_none_or(|record| !record.patient_record));
    let text = text.replace("1245319599", "1234567893");
    assert!(read(&text, "text/csv").unwrap().patient_record);
    // One number of all, one row, no numbers.
    for text in [
        "name,npi,specialty\nLind Bo,1234567893,dentistry\nOrr Ana,1234567893,dentistry\n",
        "name,npi,specialty\nLind Bo,1234567893,oncology\n",
        "name,npi,specialty\nLind Bo,yes,dentistry\nOrr Ana,no,dentistry\n",
    ] {
        let found = read(text, "text/csv").map(|record| all(text, &record));
        let mut found = found.unwrap_or_default().into_iter();
        assert!(!found.any(|(kind, _)| kind == K::Provider), "{text}");
    }
}

#[test]
fn rows_of_a_test_are_nobodys() {
    let text = "accession,patient,dob,test\nXX-1,TEST TESTPATIENT,1900-01-01,calcium\nXX-2,TEST TESTPATIENT,1900-01-01,A1c\n";
    assert!(read(text, "text/csv").is_none_or(|record| !record.patient_record));
    let text = text.replacen("TEST TESTPATIENT", "Lind Bo", 1);
    assert!(read(&text, "text/csv").unwrap().patient_record);
}
