//! Attachments are read by what they hold, not by what they are called; what
//! cannot be read is told. (The forms of office documents, PDF, RTF and DICOM
//! have their tests beside their readers.)

use mailseal::base::Sensitivity;
use mailseal::compose::{Attachment, Message};
use mailseal::dlp::{Confidence, Evidence, FindingKind, Part, PhiScanner, Scanner};

use super::scene::{Scanned, file, from_to, mail, scan};

use FindingKind as K;

const AT: Part = Part::Attachment(0);

/// The same bytes under a name and a media type that tell nothing.
fn attached(content: impl Into<Vec<u8>>) -> Scanned {
    scan(
        mail()
            .subject("File")
            .text("See the file.")
            .attachment(file("data.bin", content)),
    )
}

#[track_caller]
fn holds(content: &str, expected: &[(FindingKind, &str)]) {
    let scanned = attached(content);
    for (kind, value) in expected {
        let found = scanned.has_value(*kind, AT, value);
        assert!(
            found.evidence.contains(&Evidence::Structure)
                || found.evidence.contains(&Evidence::Label),
            "{value}: {:?}",
            found.evidence
        );
    }
    let verdict = scanned.findings.sensitivity();
    assert!(
        verdict >= Some(Sensitivity::Phi),
        "{:?}",
        scanned.findings.risk
    );
    assert!(scanned.findings.unscannable.is_empty());
}

#[test]
fn csv() {
    holds(
        "patient_name,dob,mrn,diagnosis\nMarisol Quintero,1958-03-14,7719402,E11.9\nTadeo Brandvold,1971-11-02,7719403,I10\n",
        &[
            (K::Name, "Marisol Quintero"),
            (K::Name, "Tadeo Brandvold"),
            (K::Date, "1958-03-14"),
            (K::Mrn, "7719402"),
            (K::Icd10, "E11.9"),
        ],
    );
}

/// What Outlook and its like call an event and themselves. What may be the number
/// of a record is told as before, and so is a person's address.
#[test]
fn a_calendars_own_identifiers_are_nobodys() {
    let found = |uid: &str| -> Vec<String> {
        let scanned = attached(format!(
            "BEGIN:VCALENDAR\nPRODID:-//Marisol Quintero//Rivera 16.0//EN\nVERSION:2.0\n\
             BEGIN:VEVENT\nUID:{uid}\nATTENDEE;CN=\"Tadeo Brandvold\":mailto:tadeo@mail.example\n\
             DTSTART:20250304T161500Z\nSUMMARY:Meeting\nEND:VEVENT\nEND:VCALENDAR\n"
        ));
        let items = scanned.findings.items.iter();
        items.map(|f| f.expose().expose().clone()).collect()
    };
    let attended = ["Tadeo Brandvold", "tadeo@mail.example", "20250304T161500Z"];
    for uid in [
        "040000008200E00074C5B7101A82E008000000004471902",
        "6f9619ff-8b86-d011-b42d-000077194021@mail.example",
    ] {
        assert_eq!(found(uid).len(), 3, "{:?}", found(uid));
        assert!(attended.iter().all(|v| found(uid).iter().any(|f| f == v)));
    }
    // The verdict does not lose by it.
    let score = |uid: &str| {
        let event =
            format!("BEGIN:VEVENT\nUID:{uid}\nATTENDEE:mailto:tadeo@mail.example\nEND:VEVENT\n");
        let scanned = attached(format!("BEGIN:VCALENDAR\n{event}END:VCALENDAR\n"));
        let told = scanned.findings.items.iter();
        let told = told.filter(|f| f.kind == K::OtherId).count();
        (scanned.findings.risk.unwrap().score, told)
    };
    let (chance, other) = (
        format!("040000008200E00074C5B7101A82E008{}", "0".repeat(30)),
        format!("040000008200E00074C5B7101A82E009{}", "0".repeat(30)),
    );
    assert_eq!((score(&chance).1, score(&other).1), (0, 1));
    assert_eq!(score(&chance).0, score(&other).0);
    // What stands beside them is found.
    let beside = found("6f9619ff-8b86-d011-b42d-000077194021@ SSN 281-15-9804");
    assert!(beside.iter().any(|f| f == "281-15-9804"), "{beside:?}");
    for uid in ["enc-4471902@harbor.example", "ana.ruiz@mail.example"] {
        let local = uid.split('@').next().unwrap();
        assert!(found(uid).iter().any(|f| f.contains(local)), "{uid}");
    }
}

#[test]
fn what_a_heading_names_is_surer_than_what_values_let_guess() {
    let sure = |heading: &str| {
        let table = format!(
            "patient_name,mrn,{heading}\nMarisol Quintero,7719402,q@mail.example\nTadeo Brandvold,7719403,b@mail.example\n"
        );
        let found = attached(table)
            .has_value(K::Email, AT, "q@mail.example")
            .clone();
        assert!(found.evidence.contains(&Evidence::Structure));
        found.confidence
    };
    assert_eq!(sure("email"), Confidence::High);
    assert_eq!(sure("c3"), Confidence::Medium);
}

/// Windows calls a table of commas a file of Excel's, others any file or a text.
#[test]
fn a_table_is_one_by_its_name_or_as_windows_calls_it() {
    let table = "\u{feff}Name,DOB,MRN\nJose Pena,3/14/1962,00482913\n";
    for (name, media_type) in [
        ("census.csv", "text/csv"),
        ("census.csv", "application/vnd.ms-excel"),
        ("census", "application/vnd.ms-excel"),
        ("census.CSV", "application/octet-stream"),
        ("census.csv", "text/plain"),
    ] {
        let scanned = scan(
            from_to("treyes@quarrybilling.example", "lia@quarrybilling.example")
                .subject("Census")
                .text("See the file.")
                .attachment(Attachment::new(name, media_type, table.as_bytes().to_vec())),
        );
        let number = scanned.has_value(K::Mrn, AT, "00482913");
        assert!(
            number.evidence.contains(&Evidence::Structure),
            "{name} {media_type}"
        );
    }
}

/// Nor does anybody carry the name of a column.
#[test]
fn what_stands_over_columns_is_no_finding() {
    let table = "Name,SSN,DOB,Visit date,Maria Lopez\nJose Pena,12345678,3/14/1962,1/2/2026,x\n\
        Ana Ruiz,281159804,3/15/1962,1/2/2026,y\n";
    let scanned = scan(
        mail()
            .subject("Census")
            .text("See the file.")
            .attachment(Attachment::new(
                "census.csv",
                "text/csv",
                table.as_bytes().to_vec(),
            )),
    );
    // Excel drops a nought at the start.
    scanned.has_value(K::Ssn, AT, "12345678");
    scanned.has_value(K::Ssn, AT, "281159804");
    // Whoever the model takes her for.
    for word in ["Maria", "Lopez"] {
        let said = |f: &mailseal::dlp::Finding| f.expose().expose().as_str().contains(word);
        assert!(scanned.findings.items.iter().any(said), "{word}");
    }
    for heading in ["Name", "SSN", "DOB"] {
        let said = |f: &mailseal::dlp::Finding| f.expose().expose().as_str() == heading;
        assert!(!scanned.findings.items.iter().any(said), "{heading}");
    }
}

/// A value that stands over columns is found all the same.
#[test]
fn a_value_over_a_column_is_found() {
    let table = "Name,SSN,DOB 3/14/1962,ID 7719402\nJose Pena,281159804,x,y\n";
    let scanned = scan(
        mail()
            .subject("Census")
            .text("See the file.")
            .attachment(file("census.csv", table)),
    );
    scanned.has_value(K::Date, AT, "3/14/1962");
    let number = |f: &mailseal::dlp::Finding| f.expose().expose().as_str() == "7719402";
    assert!(scanned.findings.items.iter().any(number));
}

/// A table is one in a page too, and in a sheet of Excel's as XML.
#[test]
fn a_table_is_one_as_it_is_shown() {
    let rows = [
        ["Patient", "DOB", "Phone"],
        ["Kofi Mensah", "3/14/1962", "270-555-0142"],
        ["Yun Akari", "4/15/1971", "270-555-0143"],
    ];
    let page = |rows: &[[&str; 3]]| {
        let cell = |c: &&str| format!("<td><b>{c}</b></td>");
        let row = |r: &[&str; 3]| format!("<tr>{}</tr>\n", r.iter().map(cell).collect::<String>());
        let rows: String = rows.iter().map(row).collect();
        format!("<html><body><p>See below.</p><table>{rows}</table></body></html>")
    };
    let sheet = |rows: &[[&str; 3]]| {
        let cell = |c: &&str| format!("<Cell><Data ss:Type=\"String\">{c}</Data></Cell>");
        let row = |r: &[&str; 3]| format!("<Row>{}</Row>", r.iter().map(cell).collect::<String>());
        let rows: String = rows.iter().map(row).collect();
        format!(
            "<?xml version=\"1.0\"?><?mso-application progid=\"Excel.Sheet\"?>\
             <Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\" \
             xmlns:ss=\"urn:schemas-microsoft-com:office:spreadsheet\"><Worksheet ss:Name=\"S\">\
             <Table>{rows}</Table></Worksheet></Workbook>"
        )
    };
    for (name, text) in [
        ("list.html", page(&rows)),
        ("list.xls", sheet(&rows)),
        ("list.xls", sheet(&rows[..2])),
    ] {
        let scanned = scan(
            from_to("desk@office.example", "bob@partner.example")
                .subject("List")
                .text("See the file.")
                .attachment(file(name, text)),
        );
        for (kind, value) in [(K::Name, "Kofi Mensah"), (K::Date, "3/14/1962")] {
            let found = scanned.has_value(kind, AT, value);
            assert!(found.evidence.contains(&Evidence::Structure), "{found:?}");
        }
        let risk = scanned.findings.risk.unwrap();
        assert!(risk.sensitivity >= Sensitivity::Phi, "{name} {risk:?}");
    }
}

/// So is one whose columns blanks align, where a page shows them as they are.
#[test]
fn a_table_of_blanks_is_one_in_a_page() {
    let rows = "Patient          SSN         MRN\n\
        Lindqvist, Pat   281159804   00482913\n";
    let hard = rows.replace(' ', "&nbsp;").replace('\n', "<br>");
    for page in [
        format!("<p>The list:</p><pre>\n{rows}</pre><p>Kim</p>"),
        format!("<p>The list:</p><div>{hard}</div><p>Kim</p>"),
    ] {
        let mail = || from_to("desk@harborclinic.example", "billing@harborclinic.example");
        let scanned = scan(mail().attachment(file("list.html", page.as_str())));
        scanned.has_value(K::Ssn, AT, "281159804");
        scanned.has_value(K::Mrn, AT, "00482913");
        let scanned = scan(mail().html(page));
        scanned.has_value(K::Ssn, Part::Html, "281159804");
        scanned.has_value(K::Mrn, Part::Html, "00482913");
    }
}

/// The one word of a file tells, where the file is PHI.
#[test]
fn hiv_in_a_file_is_specially_protected() {
    let mut risks = Vec::new();
    for condition in ["HIV", "gout"] {
        let table = format!("Patient,MRN,Reason\nKofi Mensah,00482913,{condition} follow up\n");
        let scanned = scan(
            from_to("desk@office.example", "bob@partner.example")
                .subject("List")
                .text("See the file.")
                .attachment(file("list.csv", table)),
        );
        risks.push(scanned.findings.risk.unwrap().sensitivity);
    }
    assert_eq!(risks, [Sensitivity::Sensitive, Sensitivity::Phi]);
}

/// What a file says tells how the message is to be read, whatever it is sent as.
#[test]
fn a_file_is_read_as_the_same_text_is() {
    let census = "RUN DATE 02/11/25                  DAILY CENSUS                    PAGE 1\n\
        ROOM  PATIENT NAME          AGE SEX  MRN       ATTENDING     DIAGNOSIS\n\
        214A  DELGADO,MARIA          62  F   00482913  RAMAN P       PNEUMONIA\n\
        214B  OKONKWO,EMEKA          76  M   00482977  RAMAN P       CHF\n";
    // A name's words, too, are words of the message.
    let sent_as = |media_type: &str, content: Vec<u8>| {
        let scanned = scan(
            from_to("treyes@quarrybilling.example", "lia@quarrybilling.example")
                .subject("File")
                .text("See attached.")
                .attachment(Attachment::new("a", media_type, content)),
        );
        let found = scanned.findings.items.iter().filter(|f| f.part == AT);
        let kinds: Vec<_> = found
            .map(|f| (f.kind, f.expose().expose().clone()))
            .collect();
        (scanned.findings.sensitivity(), kinds)
    };
    let text = sent_as("text/plain", census.into());
    assert_eq!(text.0, Some(Sensitivity::Phi));
    assert!(text.1.contains(&(K::Mrn, "00482913".to_owned())));
    assert!(text.1.contains(&(K::Mrn, "00482977".to_owned())));
    let binary = sent_as("application/octet-stream", census.into());
    assert_eq!(binary, text);
    let packed = sent_as("application/zip", zip("a", census.as_bytes()));
    assert_eq!(packed, text);
}

/// Two that are more together than is read of files before their turn comes;
/// the one behind them too.
#[test]
fn files_too_large_for_the_first_look_are_read_whole() {
    let mut long =
        "Nothing but words of no weight stand in this line of the file.\n".repeat(40_000);
    assert!((2 * 1024 * 1024..4 * 1024 * 1024).contains(&long.len()));
    long.push_str("SSN: 281-15-9804\n");
    let long = zip("long.txt", long.as_bytes());
    let scanned = scan(
        mail()
            .subject("Files")
            .text("See the files.")
            .attachment(file("one.zip", long.clone()))
            .attachment(file("two.zip", long))
            .attachment(file("short.bin", "SSN: 281-15-9805\n")),
    );
    scanned.has_value(K::Ssn, AT, "281-15-9804");
    scanned.has_value(K::Ssn, Part::Attachment(1), "281-15-9804");
    scanned.has_value(K::Ssn, Part::Attachment(2), "281-15-9805");
    assert!(scanned.findings.unscannable.is_empty());
}

#[test]
fn hl7_v2() {
    holds(
        "MSH|^~\\&|LAB|HARBOR|EHR|HARBOR|20260227101500||ORU^R01|77|P|2.5.1\r\
         PID|1||7719402^^^HARBOR^MR||QUINTERO^MARISOL^A||19580314|F|||418 ALDER CREEK RD^^BEND^OR^97702||5415550142\r\
         OBX|1|NM|2823-3^Potassium^LN||5.9|mmol/L|3.5-5.1|H|||F\r",
        &[
            (K::Mrn, "7719402"),
            (K::Date, "19580314"),
            (K::Phone, "5415550142"),
            (K::Loinc, "2823-3"),
        ],
    );
}

#[test]
fn fhir_json() {
    holds(
        r#"{"resourceType":"Patient","identifier":[{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR"}]},"value":"7719402"}],"name":[{"family":"Quintero","given":["Marisol"]}],"birthDate":"1958-03-14","telecom":[{"system":"phone","value":"541-555-0142"}]}"#,
        &[
            (K::Mrn, "7719402"),
            (K::Date, "1958-03-14"),
            (K::Phone, "541-555-0142"),
        ],
    );
}

#[test]
fn fhir_xml() {
    holds(
        r#"<Patient xmlns="http://hl7.org/fhir"><identifier><type><coding><code value="MR"/></coding></type><value value="7719402"/></identifier><name><family value="Quintero"/><given value="Marisol"/></name><telecom><system value="phone"/><value value="541-555-0142"/></telecom><birthDate value="1958-03-14"/></Patient>"#,
        &[
            (K::Mrn, "7719402"),
            (K::Name, "Quintero"),
            (K::Date, "1958-03-14"),
            (K::Phone, "541-555-0142"),
        ],
    );
    let little = attached(
        r#"<f:Patient xmlns:f="http://hl7.org/fhir"><f:name><f:family value="Alvarez"/><f:given value="Maria"/></f:name><f:birthDate value="1958-03-14"/></f:Patient>"#,
    );
    assert!(little.findings.sensitivity() >= Some(Sensitivity::Phi));
}

#[test]
fn c_cda() {
    let scanned = attached(
        "<?xml version=\"1.0\"?>\n<ClinicalDocument xmlns=\"urn:hl7-org:v3\"><recordTarget><patientRole>\n\
         <id extension=\"7719402\" root=\"2.16.840.1.113883.19.5\"/><telecom use=\"HP\" value=\"tel:541-555-0142\"/>\n\
         <addr><streetAddressLine>418 Alder Creek Road</streetAddressLine>\n<city>Bend</city></addr>\n\
         <patient><name><given>Marisol</given>\n<family>Quintero</family></name>\n\
         <birthTime value=\"19580314\"/></patient>\n\
         </patientRole></recordTarget></ClinicalDocument>",
    );
    for (kind, value) in [
        (K::Name, "Marisol"),
        (K::Name, "Quintero"),
        (K::Address, "Bend"),
        (K::Mrn, "7719402"),
        (K::Date, "19580314"),
    ] {
        let found = scanned.has_value(kind, AT, value);
        assert!(found.evidence.contains(&Evidence::Structure), "{value}");
    }
}

#[test]
fn x12() {
    holds(
        "ISA*00*          *00*          *ZZ*HARBOR         *ZZ*PAYER          *260227*1015*^*00501*000000905*1*T*:~\n\
         GS*HC*HARBOR*PAYER*20260227*1015*1*X*005010X222A1~\nST*837*0001*005010X222A1~\n\
         NM1*IL*1*QUINTERO*MARISOL****MI*XKV884201937~\nDMG*D8*19580314*F~\n\
         CLM*7741-20033*125***11:B:1*Y*A*Y*Y~\nHI*ABK:E119~\nSE*6*0001~GE*1*1~IEA*1*000000905~",
        &[
            (K::HealthPlanId, "XKV884201937"),
            (K::Date, "19580314"),
            (K::Account, "7741-20033"),
        ],
    );
}

#[test]
fn calendar() {
    let scanned = attached(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nDTSTART:20260303T143000\r\n\
         SUMMARY:Patient Marisol Quintero - dialysis\r\nATTENDEE;CN=Marisol Quintero:mailto:m.quintero@mail.example\r\n\
         END:VEVENT\r\nEND:VCALENDAR\r\n",
    );
    scanned.has_value(K::Date, AT, "20260303T143000");
    scanned.has_value(K::Email, AT, "m.quintero@mail.example");
}

#[test]
fn json() {
    holds(
        r#"{"patients":[{"patientName":"Marisol Quintero","dateOfBirth":"1958-03-14","mrn":"7719402","ssn":"281-15-9804"}]}"#,
        &[
            (K::Name, "Marisol Quintero"),
            (K::Date, "1958-03-14"),
            (K::Mrn, "7719402"),
            (K::Ssn, "281-15-9804"),
        ],
    );
}

#[test]
fn a_mail_in_a_mail_and_a_file_in_an_archive() {
    let inner =
        b"From: a@x.example\r\nTo: b@x.example\r\nSubject: Chart\r\n\r\nPatient: Marisol Quintero\r\nSSN: 281-15-9804\r\n";
    let scanned = attached(inner.to_vec());
    scanned.has_value(K::Ssn, AT, "281-15-9804");
    let scanned = attached(zip(
        "notes/chart.txt",
        b"Patient MRN: 7719402\nSSN: 281-15-9804\n",
    ));
    let found = scanned.has_value(K::Ssn, AT, "281-15-9804");
    // The span is one of the entry's text.
    let entry = found.inside.as_ref().unwrap().expose();
    assert!(entry.contains("chart.txt"), "{entry}");
    assert_eq!(found.span, 26..37);
    // An archive in an archive.
    let scanned = attached(zip("inner.zip", &zip("a.txt", b"SSN: 281-15-9804\n")));
    scanned.has_value(K::Ssn, AT, "281-15-9804");
}

#[test]
fn what_lies_about_its_type_is_read_all_the_same() {
    let rtf = b"{\\rtf1\\ansi Patient SSN: 281-15-9804\\par}".to_vec();
    for (name, media_type) in [
        ("a.txt", "text/plain"),
        ("a.png", "image/png"),
        ("a", "application/x-none"),
    ] {
        let scanned = scan(mail().text("See file.").attachment(Attachment::new(
            name,
            media_type,
            rtf.clone(),
        )));
        scanned.has_value(K::Ssn, AT, "281-15-9804");
    }
}

#[test]
fn what_cannot_be_read_is_told_and_counts_as_phi() {
    let mut encrypted = zip("a.txt", b"MRN: 7719402\n");
    // Bit 0 of the flags, in both headers: the entry is encrypted.
    encrypted[6] |= 1;
    let directory = encrypted
        .windows(4)
        .position(|w| w == b"PK\x01\x02")
        .unwrap();
    encrypted[directory + 8] |= 1;
    for (content, why) in [
        (encrypted, "encrypted"),
        (
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(),
            "unsupported_type",
        ),
        (b"%PDF-1.7\ngarbage".to_vec(), "malformed"),
        (vec![0, 159, 146, 150, 7, 0, 1, 2], "unsupported_type"),
    ] {
        let scanned = attached(content);
        let unread: Vec<_> = scanned
            .findings
            .unscannable
            .iter()
            .map(|u| (u.part, u.why))
            .collect();
        assert_eq!(unread, [(AT, why)]);
        assert!(
            scanned.findings.sensitivity() >= Some(Sensitivity::Phi),
            "{why}"
        );
    }
    let raw =
        b"From: a@x.example\r\nTo: b@x.example\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!";
    let findings = PhiScanner::new().scan(&Message::parse(raw).unwrap());
    assert_eq!(findings.unscannable[0].why, "malformed");
    assert_eq!(findings.sensitivity(), Some(Sensitivity::Phi));
}

/// A message whose only fault is an unreadable part is PHI, and one that was
/// read whole is not.
#[test]
fn an_unreadable_part_lifts_a_harmless_message() {
    let harmless = || {
        from_to("office@timber.example", "sales@paper.example")
            .subject("Order of printer paper")
            .text("Please send us ten boxes of printer paper by Friday.\n\nThank you.\n")
    };
    let read = scan(harmless());
    assert_eq!(read.findings.sensitivity(), Some(Sensitivity::None));
    let unread = scan(harmless().attachment(file("order.bin", vec![0, 159, 146, 150, 7, 0, 1, 2])));
    assert_eq!(unread.findings.sensitivity(), Some(Sensitivity::Phi));
}

/// An archive with one entry, stored as it is.
fn zip(name: &str, content: &[u8]) -> Vec<u8> {
    let size = u32::try_from(content.len()).unwrap().to_le_bytes();
    let name_size = u16::try_from(name.len()).unwrap().to_le_bytes();
    let common = |out: &mut Vec<u8>| {
        out.extend([20, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        out.extend(crc32(content).to_le_bytes());
        out.extend(size);
        out.extend(size);
        out.extend(name_size);
        out.extend([0, 0]);
    };
    let mut out = b"PK\x03\x04".to_vec();
    common(&mut out);
    out.extend(name.as_bytes());
    out.extend(content);
    let directory = u32::try_from(out.len()).unwrap();
    out.extend(b"PK\x01\x02\x14\x00");
    common(&mut out);
    out.extend([0; 14]);
    // The comment's length belongs to the fourteen; the local header is at 0.
    out.extend(name.as_bytes());
    let length = u32::try_from(out.len()).unwrap() - directory;
    out.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    out.extend(length.to_le_bytes());
    out.extend(directory.to_le_bytes());
    out.extend([0, 0]);
    out
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

/// What `uuencode` writes.
fn uuencoded(name: &str, content: &[u8]) -> String {
    let sign = |six: u8| char::from(if six == 0 { b'`' } else { six + b' ' });
    let mut out = format!("begin 644 {name}\n");
    for line in content.chunks(45) {
        out.push(sign(u8::try_from(line.len()).unwrap()));
        for three in line.chunks(3) {
            let at = |n: usize| three.get(n).copied().unwrap_or(0);
            let (a, b, c) = (at(0), at(1), at(2));
            let signs = [a >> 2, a << 4 & 48 | b >> 4, b << 2 & 60 | c >> 6, c & 63];
            out.extend(signs.map(sign));
        }
        out.push('\n');
    }
    out + "`\nend\n"
}

#[test]
fn a_file_in_the_lines_of_a_text_is_read() {
    let rtf = br"{\rtf1 SSN 281\-15\-9804, potassium 5.9}".as_slice();
    let text = format!("See below.\n\n{}\nBye\n", uuencoded("notes.rtf", rtf));
    let scanned = scan(mail().text(text.clone()));
    let found = scanned.findings.items.iter().find(|f| f.kind == K::Ssn);
    let found = found.unwrap_or_else(|| panic!("{:?}", scanned.all()));
    assert_eq!(found.part, Part::Text);
    let inside = found.inside.as_ref().unwrap().expose();
    assert!(inside.starts_with("notes.rtf/"), "{inside}");
    assert!(scanned.findings.unscannable.is_empty());
    let texts = mailseal::dlp::texts(&scanned.message);
    assert!(
        texts
            .iter()
            .any(|t| t.inside.is_some() && t.text.expose().contains("281"))
    );
    // The same in an attached text, and in a message that is attached.
    for attached in [
        text.clone().into_bytes(),
        format!("From: a@x.example\nTo: b@x.example\nDate: x\nMessage-ID: <1@x.example>\n\n{text}")
            .into_bytes(),
    ] {
        let scanned = scan(
            mail()
                .text("See the file.")
                .attachment(file("a.bin", attached)),
        );
        let found = scanned
            .findings
            .items
            .iter()
            .any(|f| f.kind == K::Ssn && f.part == AT);
        assert!(found, "{:?}", scanned.all());
    }
}

#[test]
fn a_file_in_a_text_that_cannot_be_read_is_told() {
    let picture = uuencoded(
        "scan.png",
        b"\x89PNG\r\n\x1a\n and more that is no text \0\x01\x02",
    );
    let whole = scan(mail().text(picture.clone()));
    let why: Vec<_> = whole
        .findings
        .unscannable
        .iter()
        .map(|u| (u.part, u.why))
        .collect();
    assert_eq!(why, [(Part::Text, "unsupported_type")]);
    let cut = uuencoded("a.txt", b"nothing to see here").replace("end\n", "");
    let cut = scan(mail().text(cut));
    let why: Vec<_> = cut.findings.unscannable.iter().map(|u| u.why).collect();
    assert_eq!(why, ["malformed"]);
    let prose = scan(mail().text("begin 100 of them today\nand then some more\nend\n"));
    assert!(prose.findings.unscannable.is_empty());
}

/// Made by OpenSSL, see their PROVENANCE.md.
#[test]
fn what_is_signed_is_read_and_what_is_encrypted_is_told() {
    for (name, bytes) in [
        (
            "in one piece",
            &include_bytes!("../vectors/cms/sig-p256.der")[..],
        ),
        (
            "streamed",
            include_bytes!("../vectors/cms/sig-rsa-stream.der"),
        ),
        (
            "detached",
            include_bytes!("../vectors/cms/sig-rsa-detached.der"),
        ),
        (
            "certificates",
            include_bytes!("../vectors/cms/certs-only.der"),
        ),
        ("a certificate", include_bytes!("../vectors/cms/rsa.der")),
    ] {
        let scanned = attached(bytes);
        assert!(scanned.findings.unscannable.is_empty(), "{name}");
        let texts = mailseal::dlp::texts(&scanned.message);
        let read = texts
            .iter()
            .any(|t| t.text.expose().contains("@clinic.example"));
        assert!(read, "{name}");
    }
    for bytes in [
        &include_bytes!("../vectors/cms/enc-rsa-stream.der")[..],
        include_bytes!("../vectors/cms/enc-p256-gcm256.der"),
    ] {
        let unread = attached(bytes).findings.unscannable;
        let why: Vec<_> = unread.iter().map(|u| u.why).collect();
        assert_eq!(why, ["encrypted"]);
    }
}

/// As mail readers send what is clear-signed.
#[test]
fn a_signature_beside_a_mail_says_nothing_of_its_verdict() {
    let boundary = "--signed\r\n";
    let signature = include_bytes!("../vectors/cms/sig-rsa-detached.der");
    let signature = data_encoding::BASE64_MIME.encode(signature);
    for (text, wanted) in [
        (
            "The lunch menu for the whole office is on the shared drive.",
            Sensitivity::None,
        ),
        (
            "Pat Lindqvist (MRN 4471920) has a potassium of 5.9 after dialysis.",
            Sensitivity::Phi,
        ),
    ] {
        let raw = format!(
            "From: office@quill.example\r\nTo: staff@quill.example\r\nSubject: Note\r\n\
             MIME-Version: 1.0\r\nContent-Type: multipart/signed; boundary=signed; \
             protocol=\"application/pkcs7-signature\"; micalg=sha-256\r\n\r\n{boundary}\
             Content-Type: text/plain\r\n\r\n{text}\r\n{boundary}\
             Content-Type: application/pkcs7-signature; name=smime.p7s\r\n\
             Content-Transfer-Encoding: base64\r\n\
             Content-Disposition: attachment; filename=smime.p7s\r\n\r\n\
             {signature}\r\n--signed--\r\n"
        );
        let findings = PhiScanner::new().scan(&Message::parse(raw.as_bytes()).unwrap());
        assert!(findings.unscannable.is_empty());
        assert_eq!(findings.sensitivity(), Some(wanted), "{:?}", findings.risk);
    }
}

/// What is hidden in a row is read below the header of its column.
#[test]
fn rows_with_something_hidden_keep_their_header() {
    for hide in [
        "{\\v N}",
        "{\\deleted N}",
        "{\\deleted N}{\\revised 1}",
        "{\\v N}9",
    ] {
        let cell = |mrn: &str| hide.replace('N', mrn);
        let rows = format!(
            "Room\\cell MRN\\cell\\row 4\\cell {}\\cell\\row 5\\cell {}\\cell\\row",
            cell("77110"),
            cell("88213")
        );
        let scanned = attached(format!("{{\\rtf1 Ward list\\par {rows} Seen.\\par}}"));
        for mrn in ["77110", "88213"] {
            let mrn = mrn.to_owned() + if hide.ends_with('9') { "9" } else { "" };
            scanned.has_value(K::Mrn, AT, &mrn);
        }
    }
}
