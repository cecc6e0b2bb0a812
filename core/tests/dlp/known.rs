//! What the host knows: its own numbers and terms, what is nobody's, and its
//! patients.

use mailseal::base::{Address, Keys, RecipientId, Sensitivity};
use mailseal::dlp::{
    Confidence, Evidence, FindingKind, HostKnowledge, MisaddressedWhy, Part, PatientId,
    PatientRecord, PhiScanner, Roster, RosterBuilder,
};

use super::scene::{file, from_to, mail, scan, scan_with};

use FindingKind as K;

fn host() -> HostKnowledge {
    HostKnowledge::from_toml(
        "[[pattern]]\nkind = \"mrn\"\nregex = \"HK[0-9]{7}\"\n\
         [[dictionary]]\nkind = \"facility\"\nterms = [\"The Lighthouse\"]\n\
         [[dictionary]]\nkind = \"procedure\"\ncategory = \"substance_use\"\nterms = [\"Bridge Program\"]\n\
         [[allow]]\nvalues = [\"(541) 555-0100\", \"281-15-9804\"]\n",
    )
    .unwrap()
}

#[test]
fn the_hosts_patterns_and_terms() {
    let scanner = PhiScanner::new().host(host());
    let text = "hk HK4471902 came to the lighthouse for the Bridge  Program.";
    let scanned = scan_with(&scanner, mail().text(text));
    let number = scanned.has(K::Mrn, Part::Text, "HK4471902");
    assert_eq!(number.confidence, Confidence::High);
    assert!(number.evidence.contains(&Evidence::Host));
    let place = scanned.has(K::Facility, Part::Text, "the lighthouse");
    assert!(place.evidence.contains(&Evidence::Host));
    let program = scanned.has(K::Procedure, Part::Text, "Bridge  Program");
    assert_eq!(
        program.category,
        Some(mailseal::dlp::Category::SubstanceUse)
    );
    // Without the host's word it is no known number.
    let scanned = scan(mail().text(text));
    assert!(
        scanned
            .findings
            .items
            .iter()
            .all(|f| !f.evidence.contains(&Evidence::Host))
    );
    // Split by tags it is the same number.
    let scanned = scan_with(&scanner, mail().html("<p>HK<b>4471</b>902</p>"));
    scanned.has(K::Mrn, Part::Html, "HK<b>4471</b>902");
}

#[test]
fn what_is_allowed_is_not_found_and_no_ssn_is_allowed_by_chance() {
    let text = "Patient phone: 541-555-0100\nPatient cell: 541-555-0142\nSSN: 281-15-9804\n";
    let plain = scan(mail().text(text));
    plain.has(K::Phone, Part::Text, "541-555-0100");
    let scanned = scan_with(&PhiScanner::new().host(host()), mail().text(text));
    scanned.lacks(K::Phone, "541-555-0100");
    scanned.has(K::Phone, Part::Text, "541-555-0142");
    scanned.has(K::Ssn, Part::Text, "281-15-9804");
}

/// Which of both somebody is may be told from all that a text says of them.
#[test]
fn staff_whom_the_host_allows_are_not_found() {
    let text = "Payroll: Wendy Sutter 40h, Jamal Price 36h, Lou Chen 20h";
    let sent = || from_to("hr@stjohnmed.example", "radiology@stjohnmed.example").text(text);
    let plain = scan(sent());
    let host = HostKnowledge::from_toml(
        "[[allow]]\nkinds = [\"provider\"]\nvalues = [\"Wendy Sutter\", \"Lou Chen\"]\n",
    );
    let scanned = scan_with(&PhiScanner::new().host(host.unwrap()), sent());
    for who in ["Wendy Sutter", "Lou Chen"] {
        plain.has(K::Provider, Part::Text, who);
        scanned.lacks(K::Provider, who);
    }
    scanned.has(K::Provider, Part::Text, "Jamal Price");
}

#[test]
fn staff_are_allowed_with_titles_too() {
    let text = "Rounds: Dr. Wendy Sutter at 8, then Lou Chen, RN, and Dr. Jamal Price.";
    let sent = || from_to("hr@stjohnmed.example", "radiology@stjohnmed.example").text(text);
    let titled = ["Dr. Wendy Sutter", "Lou Chen"];
    let plain = scan(sent());
    let host = HostKnowledge::from_toml(
        "[[allow]]\nkinds = [\"provider\"]\nvalues = [\"Wendy Sutter\", \"Lou Chen\", \"Price\"]\n",
    );
    let scanned = scan_with(&PhiScanner::new().host(host.unwrap()), sent());
    for who in titled {
        plain.has(K::Provider, Part::Text, who);
        scanned.lacks(K::Provider, who);
    }
    // Of somebody who is called by more, one word is not enough.
    scanned.has(K::Provider, Part::Text, "Dr. Jamal Price");
}

/// The bytes of [`LOGO_DIGEST`].
fn logo() -> Vec<u8> {
    [&b"\x89PNG\r\n\x1a\n"[..], &b"\0logo\xff".repeat(100)].concat()
}

const LOGO_DIGEST: &str = "1684c4fc7f7ffcbd5e0e20dc8803aa21176698a83fe2fedd2c82de5e16d26f8f";
/// Of the file in [`a_known_text_is_read`].
const TEXT_DIGEST: &str = "ebbdeb258d2c7c6011c2bc2a90d70c5a9dcccfaf7fa7819125c65013562c46c8";

fn with_files() -> PhiScanner {
    let toml = format!(
        "[[known_file]]\nsha256 = \"{LOGO_DIGEST}\" # logo\n[[known_file]]\nsha256 = \"{}\"\n",
        TEXT_DIGEST.to_uppercase()
    );
    PhiScanner::new().host(HostKnowledge::from_toml(&toml).unwrap())
}

#[test]
fn a_known_file_is_nothing_unread_and_one_that_differs_is() {
    let with = |logo: Vec<u8>| {
        mail()
            .html("<p>Lunch on Thursday?</p><img src=\"cid:logo@harbor\">")
            .inline_image("logo@harbor", "image/png", logo)
    };
    let scanned = scan_with(&with_files(), with(logo()));
    assert_eq!(scanned.findings.unscannable, []);
    assert_eq!(scanned.findings.sensitivity(), Some(Sensitivity::None));
    let other = [&logo()[..], b"."].concat();
    let scanned = scan_with(&with_files(), with(other));
    assert_eq!(scanned.findings.unscannable[0].why, "unsupported_type");
    // Nobody said that it is known.
    assert!(!scan(with(logo())).findings.unscannable.is_empty());
    assert!(
        !scan_with(&PhiScanner::new().host(host()), with(logo()))
            .findings
            .unscannable
            .is_empty()
    );
    // Its name is not part of it.
    let named = mail()
        .text("See the file.")
        .attachment(file("marisol.quintero@mail.example.png", logo()));
    let scanned = scan_with(&with_files(), named);
    assert_eq!(scanned.findings.unscannable, []);
    scanned.has_value(
        K::Email,
        Part::AttachmentName(0),
        "marisol.quintero@mail.example",
    );
}

#[test]
fn a_known_file_in_a_page_is_nothing_unread() {
    let unread = |bytes: &[u8], sign: &str| {
        let data = data_encoding::BASE64.encode(bytes);
        let (start, end) = data.split_at(9);
        let page = format!("<p>Lunch?</p><img src=\"data:image/png;base64,{start}{sign}{end}\">");
        let scanned = scan_with(&with_files(), mail().html(page));
        !scanned.findings.unscannable.is_empty()
    };
    assert!(!unread(&logo(), ""));
    assert!(!unread(&logo(), "\n"));
    assert!(unread(&[&logo()[..], b"."].concat(), ""));
    // What is no base64 may be shown as anything.
    assert!(unread(&logo(), "%41"));
    // One that is known hides none behind it.
    let data = data_encoding::BASE64.encode(&logo());
    let both = format!(
        "<img src='data:image/png;base64,{data}'><img src='data:image/png;base64,{}'>",
        data.repeat(2)
    );
    let scanned = scan_with(&with_files(), mail().html(both));
    assert!(!scanned.findings.unscannable.is_empty());
}

#[test]
fn a_known_text_is_read() {
    let text = "SSN: 281-15-9804\n";
    let scanned = scan_with(
        &with_files(),
        mail().text("See the file.").attachment(file("a.bin", text)),
    );
    scanned.has_value(K::Ssn, Part::Attachment(0), "281-15-9804");
}

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

const MARISOL: &str = "marisol.quintero@mail.example";
const TADEO: &str = "tadeo.brandvold@mail.example";

fn roster() -> Roster {
    let mut builder = RosterBuilder::new(&Keys::make_ephemeral());
    for record in [
        PatientRecord::new(PatientId(1))
            .name("Marisol", "Quintero")
            .birth_date("1958-03-14")
            .mrn("HK-4471902")
            .email(&address(MARISOL)),
        PatientRecord::new(PatientId(2))
            .name("Tadeo", "Brandvold")
            .birth_date("1971-11-02")
            .email(&address(TADEO)),
    ] {
        builder.patient(&record).unwrap();
    }
    builder.build()
}

const ABOUT: &str = "Quintero, Marisol (born March 14, 1958) asked us to call back.";

#[test]
fn patients_of_the_roster_are_found_with_certainty() {
    let scanner = PhiScanner::new().roster(roster());
    let scanned = scan_with(
        &scanner,
        from_to("desk@timber.example", MARISOL).text(ABOUT),
    );
    let named = scanned.findings.items.iter();
    let named: Vec<_> = named
        .filter(|f| f.evidence.contains(&Evidence::Roster))
        .collect();
    assert!(
        named
            .iter()
            .any(|f| f.kind == K::Name && f.confidence == Confidence::High),
        "{named:?}"
    );
    let risk = scanned.findings.risk.as_ref().unwrap();
    assert!(risk.sensitivity >= Sensitivity::Phi);
    assert_eq!(risk.reasons[0].code, "roster");
    assert_eq!(scanned.findings.misaddressed, []);
    // A number that no rule knows, whatever separates its digits.
    let scanned = scan_with(&scanner, mail().text("MRN HK 4471902"));
    assert!(
        scanned
            .findings
            .items
            .iter()
            .any(|f| f.kind == K::Mrn && f.evidence.contains(&Evidence::Roster))
    );
    // Mail that would be harmless is not, where it names a patient.
    let order = || {
        from_to("office@timber.example", "sales@paper.example")
            .subject("Order of printer paper")
            .text("Please send us ten boxes of printer paper. Ask for Marisol Quintero.")
    };
    assert_eq!(
        scan(order()).findings.sensitivity(),
        Some(Sensitivity::None)
    );
    let scanned = scan_with(&scanner, order());
    assert_eq!(scanned.findings.sensitivity(), Some(Sensitivity::Phi));
    // A first name alone is nobody.
    let scanned = scan_with(&scanner, mail().text("Marisol called."));
    assert!(
        scanned
            .findings
            .items
            .iter()
            .all(|f| !f.evidence.contains(&Evidence::Roster))
    );
}

#[test]
fn wrong_recipients_are_told() {
    let scanner = PhiScanner::new().roster(roster());
    for (to, why) in [
        (MARISOL, None),
        ("Marisol.Quintero@MAIL.example", None),
        ("billing@payer.example", None),
        (TADEO, Some(MisaddressedWhy::OtherPatient)),
        (
            "marisol.quintera@mail.example",
            Some(MisaddressedWhy::LookAlike),
        ),
        (
            "marisol.quintero@mial.example",
            Some(MisaddressedWhy::LookAlike),
        ),
    ] {
        let scanned = scan_with(&scanner, from_to("clinic@harbor.example", to).text(ABOUT));
        let wrong = scanned.findings.misaddressed.first();
        assert_eq!(wrong.map(|w| w.why), why, "{to}");
    }
    // Only the one who is wrong is named.
    let draft = from_to("clinic@harbor.example", MARISOL)
        .to(address(TADEO))
        .text(ABOUT);
    let scanned = scan_with(&scanner, draft);
    let wrong: Vec<_> = scanned
        .findings
        .misaddressed
        .iter()
        .map(|w| w.recipient)
        .collect();
    assert_eq!(wrong, [RecipientId::new(1)]);
}

#[test]
fn a_patient_is_not_pieced_together_from_what_is_seen_and_what_is_hidden() {
    let scanner = PhiScanner::new().roster(roster());
    for html in [
        "<i title=\"Quintero\">Marisol",
        "<i title=\"Marisol Quintero\">x",
    ] {
        let scanned = scan_with(&scanner, mail().html(html));
        let items = &scanned.findings.items;
        assert!(items.iter().all(|f| !f.span.is_empty()));
        let known = items.iter().any(|f| f.evidence.contains(&Evidence::Roster));
        assert_eq!(known, html.contains("Marisol Quintero"), "{html}");
    }
}
