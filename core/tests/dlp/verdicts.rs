//! The verdict on messages about which no two people would quarrel.

use mailseal::base::Sensitivity;
use mailseal::compose::Message;
use mailseal::dlp::{Category, FindingKind, PhiScanner, Scanner};
use mailseal::policy::{
    ContentFacts, ContextFacts, Facts, Policy, RecipientFacts, TransportFacts, decide,
};

use super::scene::{Draft, Scanned, file, from_to, mail, scan, scan_with};

use Category::{Abuse, Genetic, MentalHealth, Reproductive, StiHiv, SubstanceUse};

#[track_caller]
pub(super) fn judged(draft: Draft, sensitivity: Sensitivity) -> Scanned {
    let scanned = scan(draft);
    let risk = scanned.findings.risk.as_ref().unwrap();
    assert_eq!(risk.sensitivity, sensitivity, "{risk:?}");
    assert_eq!(risk.score > 0, sensitivity > Sensitivity::None);
    assert!(!risk.reasons.is_empty());
    assert!(
        risk.reasons
            .iter()
            .all(|r| r.weight != 0 && !r.code.is_empty())
    );
    assert!(
        risk.reasons
            .is_sorted_by_key(|r| std::cmp::Reverse(r.weight.abs())),
        "{risk:?}"
    );
    assert_eq!(
        risk.categories.is_empty(),
        sensitivity < Sensitivity::Sensitive
    );
    scanned
}

#[test]
fn phi() {
    judged(
        mail().subject("Your lab results").text(
            "Dear Marisol Quintero,\n\nYour potassium of February 27, 2026 was 5.9 mmol/L, which is high. \
             Dr. Okafor would like to see you at Harbor Kidney Center on March 3, 2026.\n\nMRN 7719402\n",
        ),
        Sensitivity::Phi,
    );
    judged(
        from_to("billing@harborkidney.example", "claims@payer.example")
            .subject("Claim for member XKV884201937")
            .text("Patient: Tadeo Brandvold, DOB 11/02/1971, member ID XKV884201937. Dialysis on 02/27/2026, CPT 90935, ICD-10 N18.6. Please reprocess the claim."),
        Sensitivity::Phi,
    );
}

/// Notices and footers say nothing of what a message is about.
#[test]
fn what_stands_before_and_behind_every_message_changes_no_verdict() {
    let notice = "\n\nThis e-mail may contain information about HIV/AIDS or substance use treatment. If you are \
        not the intended recipient, delete it and notify the sender.";
    let footer = "\n\nYou are receiving this e-mail because you signed up for news. Unsubscribe | View in browser";
    let coffee = |behind: &str| {
        mail()
            .subject("Coffee")
            .text(format!("We are out of coffee.{behind}"))
    };
    let ready = |behind: &str| {
        from_to("rx@harborpharm.example", "pat.lindqvist@mail.example")
            .subject("Your prescription is ready")
            .text(format!(
                "Hi Pat, your prescription 7729103 is ready for pickup.{behind}"
            ))
    };
    for behind in ["", notice, footer] {
        judged(coffee(behind), Sensitivity::None);
        judged(ready(behind), Sensitivity::Phi);
    }
}

/// Nor do style sheets, and what programs write in tags is no number.
#[test]
fn style_sheets_change_no_verdict_and_hold_no_identifiers() {
    let head = "<html xmlns:v=\"urn:schemas-microsoft-com:vml\"><head><style>@media only screen and \
        (max-width: 480px){ body,table,td,p,a{-webkit-text-size-adjust:none !important;} }\n\
        p.MsoNormal {margin:1.0in; font-size:11.0pt; panose-1:2 4 5 3 5 4 6 3 2 4;}\n\
        ul {list-style-type:disc; font-family:\"Cambria Math\"} /* 4711; \"x\" */</style></head>\
        <body link=\"#0563C1\" vlink=\"#954F72\">";
    let told = "<p>Mr. Alvarez cannot use the lift, left leg amputated.</p>";
    let vendor = |html: String| {
        from_to("desk@harborclinic.example", "dana.cole@vendor.example")
            .subject("re: lift")
            .html(html)
    };
    let plain = judged(vendor(told.to_owned()), Sensitivity::Phi);
    let styled = judged(
        vendor(format!("{head}{told}</body></html>")),
        Sensitivity::Phi,
    );
    let kinds = |scanned: &Scanned| -> Vec<FindingKind> {
        scanned.findings.items.iter().map(|f| f.kind).collect()
    };
    assert_eq!(kinds(&plain), kinds(&styled));
}

/// What a sheet shows is read, however it is written, and so is what a reader
/// shows behind a sheet without an end.
#[test]
fn what_a_style_sheet_shows_is_read() {
    let told = "maria.lopez@mail.example";
    for html in [
        format!("<style>p::before{{content:\"{told}\"}}</style><p>Hi</p>"),
        format!("<style>p::before{{c\\6fntent:\"{told}\"}}</style><p>Hi</p>"),
        format!("<style>p::before{{c\\00006F ntent:\"{told}\"}}</style><p>Hi</p>"),
        format!("<style>p::before{{\\43onten\\74\r\n:\"{told}\"}}</style><p>Hi</p>"),
        format!("<style>p::before{{co\\nte\\nt:\"{told}\"}}</style><p>Hi</p>"),
        format!("<style>p::before{{CONTENT\n/**/:\"{told}\"}}</style><p>Hi</p>"),
        format!("<style>ul{{list-style:inside '{told}'}}</style><p>Hi</p>"),
        format!("<style>ul{{LIST-STYLE-TYPE :/*;*/\"{told}\"}}</style><p>Hi</p>"),
        format!("<style>ul{{list\\-style\\-type:\"{told}\"}}</style><p>Hi</p>"),
        format!("<style>a{{--x:\"{told}\";list-style-type:var(--x)}}</style><p>Hi</p>"),
        format!("<style>@counter-style x{{system:cyclic;symbols:\"{told}\"}}</style><p>Hi</p>"),
        format!("<style>p{{overflow:hidden;text-overflow:\"{told}\"}}</style><p>Hi</p>"),
        format!("<style>p{{background:url('data:image/svg+xml,{told}')}}</style><p>Hi</p>"),
        format!("<svg><style>p::before{{c&#111;ntent:\"{told}\"}}</style></svg><p>Hi</p>"),
        format!("<svg><style>p::before{{content&colon;\"{told}\"}}</style></svg><p>Hi</p>"),
        format!("<style style = 'display:block'>{told}</style><p>Hi</p>"),
        format!("<ul style=\"list-style-type:'{told}'\"><li>Hi</ul>"),
        format!("<ul style='list-style-type:&quot;{told}&quot;'><li>Hi</ul>"),
        format!("<svg><style/></svg><p>{told}</p>"),
        format!("<p>Hi</p><style>{told}"),
    ] {
        let scanned = scan(mail().subject("Hi").html(html.clone()));
        let address = |f: &mailseal::dlp::Finding| f.kind == FindingKind::Email;
        assert!(scanned.findings.items.iter().any(address), "{html}");
    }
}

/// That somebody is a patient is enough; the host knows it.
#[test]
fn what_goes_to_patients_is_phi() {
    let closed = "Our office is closed on Monday.";
    let verdict = |from: &str, audience: &str, text: &str| {
        let draft = from_to(from, "pat@mail.example").subject("News").text(text);
        scan(draft.audience(audience)).findings.risk.unwrap()
    };
    for (audience, text, categories) in [
        ("our patients", closed, vec![]),
        ("active dialysis patients", closed, vec![]),
        ("methadone patients", closed, vec![SubstanceUse]),
        (
            "HIV patients",
            "Dear patient, your appointment on Monday is moved to Tuesday.",
            vec![StiHiv],
        ),
    ] {
        let risk = verdict("desk@harbor.example", audience, text);
        assert_eq!(risk.categories, categories, "{audience}");
        assert_eq!(
            risk.sensitivity == Sensitivity::Sensitive,
            !categories.is_empty(),
            "{audience}"
        );
        let told = risk
            .reasons
            .iter()
            .any(|r| r.code == "audience_of_patients");
        assert!(told, "{audience}: {risk:?}");
    }
    // A word makes the difference.
    for (from, audience) in [
        ("desk@harbor.example", "case managers of dialysis patients"),
        ("desk@brookvet.example", "surgery patients"),
    ] {
        let risk = verdict(from, audience, closed);
        let told = risk
            .reasons
            .iter()
            .any(|r| r.code == "audience_of_patients");
        assert!(!told, "{audience}: {risk:?}");
    }
}

/// Everybody has one, and it is no birth.
#[test]
fn a_date_of_birth_is_not_specially_protected() {
    for label in ["date of birth", "birth date", "DOB"] {
        let text = format!("Gail Prentiss, {label} 04/12/1961, was seen for glaucoma.");
        let mail = from_to("him@nf.example", "desk@partner.example");
        judged(mail.subject("file").text(text), Sensitivity::Phi);
    }
}

/// Among others all that the law protects.
#[test]
fn a_notice_makes_no_mail_specially_protected() {
    let mail = |test: &str| {
        let text = format!(
            "Dear Pat, your {test} is on March 3 at 9. Bring your card.\n\nCONFIDENTIALITY NOTICE: \
             This e-mail may contain HIV test results and genetic testing results that are protected by \
             state law. Redisclosure without written consent is prohibited. If you are not the intended \
             recipient, delete it."
        );
        from_to("desk@harborclinic.example", "pat@mail.example")
            .subject("Your visit")
            .text(text)
    };
    judged(mail("knee MRI"), Sensitivity::Phi);
    // Where it stands in the notice's own line it is somebody's.
    let told = "Your HIV test came back positive. This message is confidential; if you received \
                this message in error, please delete it.";
    let draft = from_to("desk@harborclinic.example", "pat@mail.example").subject("Results");
    judged(draft.text(told), Sensitivity::Sensitive);
    let found = judged(mail("BRCA test"), Sensitivity::Sensitive);
    assert_eq!(found.findings.risk.unwrap().categories, [Genetic]);
}

/// It says who is insured for care; another firm's number needs more beside it.
#[test]
fn medicares_number_is_phi_by_itself() {
    let beyond_doubt = |text: &str| {
        let mail = from_to("treyes@quarrybilling.example", "lia@quarrybilling.example");
        let scanned = scan(mail.subject("Eligibility").text(text));
        let risk = scanned.findings.risk.unwrap();
        let told = risk.reasons.iter().any(|r| r.code == "labelled_number");
        assert!(!told || risk.sensitivity == Sensitivity::Phi, "{text}");
        told
    };
    for text in [
        "Subscriber ID 2FH5-UF6-NM84 is active.",
        "2FH5-UF6-NM84 is active.",
        "2FH5\u{2011}UF6\u{2011}NM84 is active.",
        "Medicare number: 2FH5UF6NM84",
        // Nor does a word of tests take it back.
        "Please update Medicare ID 2FH5-UF6-NM84 before the demo on Thursday.",
    ] {
        assert!(beyond_doubt(text), "{text}");
    }
    for text in [
        "Subscriber ID 2FH5-UF6-NMM4 is active.",
        // Medicare's own example.
        "Subscriber ID 1EG4-TE5-MK73 is active.",
        "Subscriber 4471902 is active.",
        "The toner is a 2FH5UF6NM84.",
    ] {
        assert!(!beyond_doubt(text), "{text}");
    }
}

/// Who reports a fault often has a real patient before them.
#[test]
fn a_record_counts_in_mail_about_software() {
    let told = |behind: &str| {
        let text = format!(
            "{{\n  \"patientName\": \"Marlene Pruitt\",\n  \"dob\": \"1944-08-01\",\n  \
             \"diagnosis\": \"stroke\"\n}}\n\n{behind}"
        );
        let mail = from_to("priya@labbridge.example", "devs@corvid-ehr.example");
        let risk = scan(mail.subject("see below").text(text))
            .findings
            .risk
            .unwrap();
        // The model may count it too; what is beyond doubt stands first.
        let first = risk.reasons.first();
        let told = first.is_some_and(|r| r.code == "patient_record");
        assert!(!told || risk.sensitivity == Sensitivity::Phi, "{behind}");
        told
    };
    for behind in [
        "Please have a look, thank you.",
        "Please have a look at the server, thank you.",
        "The API parser throws an exception since the last release of the module.",
        "Please call the farm about the horse.",
    ] {
        assert!(told(behind), "{behind}");
    }
    for behind in [
        "These are synthetic patients, test data for the sandbox server only.",
        "The veterinary clinic sees the dog, the cat and the horse.",
    ] {
        assert!(!told(behind), "{behind}");
    }
}

/// Among words that speak of any result, one tells of which kind it is.
#[test]
fn a_result_is_protected_by_one_word() {
    let result = |text: &str| {
        from_to("clinic@harbor.example", "pat@mail.example")
            .subject("Your results")
            .text(text)
    };
    for (category, text) in [
        (
            StiHiv,
            "Your HIV test of 12 March came back positive. Please call us.",
        ),
        (StiHiv, "The chlamydia swab of 12 March came back positive."),
        (
            StiHiv,
            "Your syphilis test came back negative. Please call us.",
        ),
        (
            MentalHealth,
            "Your depression screen of 12 March came back positive.",
        ),
        (
            SubstanceUse,
            "Your drug screen of 12 March came back positive for cocaine.",
        ),
        (Genetic, "Your BRCA1 test came back positive. MRN 44871023."),
        (
            Reproductive,
            "Your pregnancy test came back positive. Please call us.",
        ),
    ] {
        let found = judged(result(text), Sensitivity::Sensitive);
        let categories = found.findings.risk.unwrap().categories;
        assert!(categories.contains(&category), "{text}: {categories:?}");
    }
    judged(
        result("Your strep test of 12 March came back positive. Please call us."),
        Sensitivity::Phi,
    );
}

#[test]
fn each_specially_protected_category() {
    for (category, text) in [
        (
            MentalHealth,
            "Patient Marisol Quintero, DOB 03/14/1958, MRN 7719402, was seen for psychotherapy. Diagnosis: major depressive disorder, recurrent (F33.1). She takes sertraline and denies suicidal ideation.",
        ),
        (
            SubstanceUse,
            "Patient Tadeo Brandvold, DOB 11/02/1971, MRN 7719403, continues methadone maintenance for opioid use disorder (F11.20) at our addiction treatment program. Urine drug screen negative.",
        ),
        (
            StiHiv,
            "Patient Marisol Quintero, DOB 03/14/1958, MRN 7719402: HIV positive, viral load undetectable on Biktarvy. Chlamydia and syphilis tests are negative.",
        ),
        (
            Reproductive,
            "Patient Ines Halloran, DOB 07/19/1994, MRN 7719404: pregnant at 9 weeks, counselled on abortion options, medication abortion with mifepristone scheduled for March 3, 2026.",
        ),
        (
            Genetic,
            "Patient Ines Halloran, DOB 07/19/1994, MRN 7719404: genetic testing showed a pathogenic BRCA1 variant. Genetic counseling is scheduled for March 3, 2026.",
        ),
        (
            Abuse,
            "Patient Ines Halloran, DOB 07/19/1994, MRN 7719404, disclosed domestic violence by her husband; sexual assault exam done, bruises photographed, safety plan made.",
        ),
    ] {
        let draft = from_to("notes@harborclinic.example", "records@eastclinic.example")
            .subject("Progress note")
            .text(text);
        let scanned = judged(draft, Sensitivity::Sensitive);
        let risk = scanned.findings.risk.as_ref().unwrap();
        assert!(
            risk.categories.contains(&category),
            "{category:?}: {risk:?}"
        );
    }
}

#[test]
fn none() {
    for (from, to, subject, text) in [
        (
            "news@harborclinic.example",
            "subscribers@lists.example",
            "Spring newsletter: heart health",
            "Welcome to our spring newsletter!\n\nHigh blood pressure is common, and most people with it feel nothing. \
             Our free community workshop on healthy eating is open to everybody. Visit our website to learn more, \
             or unsubscribe at any time.\n\nThe Harbor Clinic team\n",
        ),
        (
            "it@harborclinic.example",
            "vendor@forms.example",
            "Template for the appointment letter",
            "Here is the template:\n\nDear [FIRST_NAME] [LAST_NAME],\n\nyour appointment with {{provider}} is on {{date}}. \
             MRN: [MRN]\nDOB: <DOB>\n\nPlease replace the placeholders with the merge fields of the new system.\n",
        ),
        (
            "accounts@paper.example",
            "office@timber.example",
            "Invoice for printer paper",
            "Hello,\n\nplease find attached the invoice for 40 boxes of printer paper delivered to your warehouse. \
             Payment is due in 30 days.\n\nThanks,\nPaper Supply Ltd.\n",
        ),
        (
            "dev@software.example",
            "team@software.example",
            "HL7 parser bug",
            "The parser drops PID-5 when the repetition separator is missing. I pushed a fix to the branch and added a unit test; \
             please review the pull request before the release.\n",
        ),
    ] {
        judged(
            from_to(from, to).subject(subject).text(text),
            Sensitivity::None,
        );
    }
}

#[test]
fn the_audience_alone_makes_it_phi() {
    let text = "The clinic will be closed on Monday. Please call us to move your treatment to another day.\n";
    let draft = || {
        from_to(
            "notices@harborkidney.example",
            "marisol.quintero@mail.example",
        )
        .subject("Closed on Monday")
        .text(text)
    };
    let told = judged(
        draft().audience("active dialysis patients"),
        Sensitivity::Phi,
    );
    let score = |s: &Scanned| s.findings.risk.as_ref().unwrap().score;
    let reasons = &told.findings.risk.as_ref().unwrap().reasons;
    assert!(
        reasons
            .iter()
            .any(|r| r.code.contains("audience") && r.weight > 0),
        "{reasons:?}"
    );
    assert!(score(&told) > score(&scan(draft())));
}

/// A bill often says it by a code alone.
#[test]
fn a_labelled_code_tells_its_category() {
    let claim = |line: &str| {
        let draft = from_to("billing@sunriseim.example", "claims@meridianhp.example");
        let text = format!("Patient Lupe Ibarra, DOS 5/6/2025, {line}, $145.00");
        scan(draft.subject("claim").text(text))
            .findings
            .risk
            .unwrap()
    };
    for (line, category) in [
        ("99214, Dx F33.1", MentalHealth),
        ("CPT 90837", MentalHealth),
        ("ICD-10: B20", StiHiv),
        ("ICD-10-CM code B20", StiHiv),
    ] {
        let risk = claim(line);
        assert_eq!(risk.categories, [category], "{line}: {risk:?}");
    }
    for line in ["99214, Dx I10", "room 90837"] {
        let risk = claim(line);
        assert_eq!(risk.sensitivity, Sensitivity::Phi, "{line}: {risk:?}");
    }
}

#[test]
fn the_recipient_alone_makes_it_phi() {
    judged(
        from_to("nurse@harborkidney.example", "marisol.quintero@mail.example")
            .subject("Your dialysis")
            .text("Your potassium was high again. Please come for dialysis a day early and keep to your diet.\n"),
        Sensitivity::Phi,
    );
}

/// So short a mail is what its sender and its recipient make of it.
#[test]
fn a_line_from_a_clinic_to_a_person_is_phi() {
    let from = ["clinic@harbor.example", "notices@harborkidney.example"];
    let to = ["pat.lindqvist@mail.example", "mkowalczyk@mail.example"];
    for (from, to) in from.into_iter().flat_map(|from| to.map(|to| (from, to))) {
        for text in [
            "Your potassium was 5.9. Please call us.",
            "Your knee MRI is ready, Mr. Okafor.",
            "Your cast comes off Thursday. Bring someone to drive you.",
            "Your balance after insurance is 40.00.",
        ] {
            judged(
                from_to(from, to).subject("Hello").text(text),
                Sensitivity::Phi,
            );
        }
    }
    for text in [
        "Please park your van behind the building.",
        "Thank you for the quote. We will order two hundred boxes of gloves.",
    ] {
        judged(
            from_to(from[0], to[1]).subject("Hello").text(text),
            Sensitivity::None,
        );
    }
}

#[test]
fn an_attachment_alone_makes_it_phi() {
    judged(
        mail()
            .subject("File")
            .text("See the file.")
            .attachment(file(
                "list.csv",
                "patient_name,dob,mrn,diagnosis\nMarisol Quintero,1958-03-14,7719402,E11.9\n",
            )),
        Sensitivity::Phi,
    );
}

/// A policy may take silence for harmless only where there is a verdict.
#[test]
fn without_the_names_there_is_no_verdict_and_phi_is_presumed() {
    let draft = || {
        from_to("accounts@paper.example", "office@timber.example")
            .subject("Invoice for printer paper")
            .text("Please find attached the invoice for 40 boxes of printer paper.\n")
    };
    let decided = |findings: &mailseal::dlp::Findings| {
        let mut about = RecipientFacts::new("office@timber.example".parse().unwrap());
        about.transport = TransportFacts::exactly(mailseal::base::TlsAssurance::Authenticated);
        let facts = Facts::new(ContentFacts::from(findings), about, ContextFacts::default());
        decide(&Policy::hipaa(), &facts)
    };
    let fast = scan_with(&PhiScanner::new().without_names(), draft());
    assert!(fast.findings.risk.is_none() && !fast.findings.knows_names);
    assert_eq!(fast.findings.sensitivity(), None);
    let whole = scan(draft());
    assert!(whole.findings.knows_names);
    assert_eq!(whole.findings.sensitivity(), Some(Sensitivity::None));
    assert_eq!(decided(&fast.findings).sensitivity(), Sensitivity::Phi);
    assert_eq!(decided(&whole.findings).sensitivity(), Sensitivity::None);
    // Numbers are found all the same, and count.
    let fast = scan_with(
        &PhiScanner::new().without_names(),
        mail().text("SSN: 281-15-9804"),
    );
    assert_eq!(fast.findings.sensitivity(), Some(Sensitivity::Phi));
}

/// Of a line that a patient writes, the recipient tells most.
#[test]
fn who_writes_to_a_practice_is_its_patient() {
    for (to, sensitivity) in [
        ("frontdesk@harborkidney.example", Sensitivity::Phi),
        ("office@sunriseroofing.example", Sensitivity::None),
    ] {
        judged(
            from_to("marisol.quintero@mail.example", to)
                .subject("thursday")
                .text(
                    "My card did not go through, can I pay on Thursday when I am there? Marisol\n",
                ),
            sensitivity,
        );
    }
}

/// Whatever stands in it of tests and software: a real one names such too.
#[test]
fn a_record_in_a_format_of_care_is_phi_but_where_its_mail_says_that_it_is_made_up() {
    let vendor = r#"{"resource": {"resourceType": "Organization", "name": "software release notes",
        "alias": ["invoice", "newsletter", "webinar", "demo system"]}}"#;
    let bundle = format!(
        r#"{{"resourceType": "Bundle", "type": "collection", "entry": [{{"resource": {{
            "resourceType": "Patient", "text": {{"div": "Generated by a demo of Synthea. Test data"}},
            "identifier": [{{"system": "http://example.org/demo", "value": "00482913"}}],
            "name": [{{"family": "Lindqvist", "given": ["Pat"]}}], "birthDate": "1958-03-14"}}}}, {}]}}"#,
        [vendor; 60].join(",")
    );
    let mail = || {
        from_to("dev@quill.example", "qa@quill.example")
            .subject("The build")
            .attachment(file("a.json", bundle.as_str()))
    };
    // Its weights still speak against it.
    let judged = |draft: Draft, wanted| {
        let found = scan(draft).findings;
        assert_eq!(found.sensitivity(), Some(wanted), "{:?}", found.risk);
    };
    let demo = "The demo is ready.";
    judged(mail().text("See the file."), Sensitivity::Phi);
    judged(mail().text(demo), Sensitivity::Phi);
    judged(
        mail().text(demo).html(format!("<p>{demo}</p>")),
        Sensitivity::Phi,
    );
    judged(
        mail().text(
            "Test data of the demo system for the sandbox, all made up. Release notes of the \
            software, the invoice of the vendor, the newsletter and the webinar for developers \
            follow; the API is in staging, and the ticket for the build server is closed.",
        ),
        Sensitivity::None,
    );
}

/// Its values say it, whether or not the mail does. What is real beside it is told.
#[test]
fn a_test_message_is_no_patients() {
    let message = |id: &str, name: &str, birth: &str| {
        format!(
            "MSH|^~\\&|LIS|LAB|EHR|DUNE|20260304153012||ORU^R01|1|P|2.5.1\r\n\
            PID|1||{id}^^^LAB^MR||{name}||{birth}|F\r\n\
            OBX|1|NM|4548-4^Hemoglobin A1c^LN||5.1|%|||||F\r\n"
        )
    };
    let test = message("0000000", "ZZTEST^PATIENT^ONE", "19000101");
    let real = message("4471920", "LINDQVIST^PAT", "19580314");
    let mail = |text: &str| {
        from_to("interface@summitlab.example", "support@interfaces.example")
            .subject("NTE segments dropped behind OBX")
            .text(format!(
                "Since the upgrade your parser drops them. With this message:\n\n{text}"
            ))
    };
    let found = scan(mail(&test)).findings;
    assert_eq!(
        found.sensitivity(),
        Some(Sensitivity::None),
        "{:?}",
        found.risk
    );
    let persons = [FindingKind::Name, FindingKind::Mrn];
    assert!(!found.items.iter().any(|f| persons.contains(&f.kind)));
    for real in [real.clone(), format!("{test}\n\nand with\n\n{real}")] {
        let found = scan(mail(&real)).findings;
        assert_eq!(found.sensitivity(), Some(Sensitivity::Phi));
        for kind in persons {
            assert!(found.items.iter().any(|f| f.kind == kind), "{kind:?}");
        }
    }
}

/// That nothing is found there says nothing; what is found is told.
#[test]
fn a_text_in_another_script_is_reported() {
    let russian = "Пациент: Иванов Сергей Петрович\nДиагноз: сахарный диабет\nSSN: 281-15-9804";
    for draft in [
        mail().subject("Hi").text(russian),
        mail().subject("Hi").html(format!("<p>{russian}</p>")),
        mail()
            .subject(russian.replace('\n', " "))
            .text("See above."),
        mail().text("See below.").attachment(file("a.txt", russian)),
    ] {
        let scanned = scan(draft);
        let why: Vec<_> = scanned.findings.unscannable.iter().map(|u| u.why).collect();
        assert_eq!(why, ["unknown_script"]);
        let ssn = |f: &mailseal::dlp::Finding| f.kind == FindingKind::Ssn;
        assert!(scanned.findings.items.iter().any(ssn));
        assert!(scanned.findings.sensitivity().unwrap() >= Sensitivity::Phi);
    }
}

/// What may be of another charset is read as most readers would, and is told.
#[test]
fn a_text_in_an_untold_charset_is_scanned_and_reported() {
    let in_charset = |charset: &str, line: &[u8]| {
        let head = format!(
            "From: desk@harbor.example\r\nTo: pat@mail.example\r\nSubject: x\r\n{charset}\r\n"
        );
        let raw = [head.as_bytes(), line, b"\r\nSSN: 281-15-9804\r\n"].concat();
        let message = Message::parse(&raw).unwrap();
        let findings = PhiScanner::new().scan(&message);
        let ssn = findings.items.iter().any(|f| f.kind == FindingKind::Ssn);
        let why: Vec<_> = findings.unscannable.iter().map(|u| u.why).collect();
        (ssn, why)
    };
    let scanned = |line: &[u8]| in_charset("", line);
    let russian =
        b"\xcf\xe0\xf6\xe8\xe5\xed\xf2 \xc8\xe2\xe0\xed\xee\xe2, \xe4\xe8\xe0\xe3\xed\xee\xe7";
    let dashes = [0x97; 60];
    for (line, why) in [
        (&russian[..], vec!["unknown_charset"]),
        (b"bye \x9d", vec!["unknown_charset"]),
        (b"Ren\xe9e, gar\xe7on", vec![]),
        (&dashes, vec![]),
        (b"\x1b$B45<T\x1b(B", vec!["unknown_charset"]),
        (b"\x1b[1mbold\x1b[0m\x1b(B", vec![]),
        ("Пациент Иванов".as_bytes(), vec![]),
    ] {
        assert_eq!(scanned(line), (true, why), "{line:?}");
    }
    // Nor is what its charset does not have passed over.
    for (charset, line, why) in [
        ("utf-8", &russian[..], vec!["malformed"]),
        ("utf-8", "lost before: \u{fffd}".as_bytes(), vec![]),
        ("us-ascii", b"Ren\xe9e", vec![]),
        // A letter that was pasted in, beside others.
        (
            "utf-8",
            b"the caf\xe9 \x96 \xc4\x8d \xd1\x81 \xc3\x9d",
            vec![],
        ),
        ("utf-8", b"bye \x9d", vec!["malformed"]),
        (
            "iso-2022-jp",
            b"\x1b$B\x1b(B\x1b$B\x1b(B hello \x1b(B\x1b(J",
            vec![],
        ),
        ("gb2312", b"\xd6\xff", vec!["malformed"]),
        ("gb2312", b"Dr. Wu \xa1\xaa thanks", vec![]),
        ("iso-8859-7", b"\xff", vec!["malformed"]),
    ] {
        let charset = format!("Content-Type: text/plain; charset={charset}\r\n");
        assert_eq!(in_charset(&charset, line), (true, why), "{charset}");
    }
}

#[test]
fn what_stands_behind_too_many_findings_still_makes_a_mail_sensitive() {
    let row = "pat@mail.example, 270-555-0142, 281-15-9804, 270-555-0143\n";
    let told = "Marisol Quintero, MRN: 7719402, is HIV positive and takes Biktarvy.\n";
    let list = |text: String| {
        let draft = from_to("desk@harbor.example", "office@harbor.example").subject("List");
        let found = scan(draft.attachment(file("list.txt", text))).findings;
        let full = found
            .unscannable
            .iter()
            .any(|u| u.why == "too_many_findings");
        assert!(found.items.len() < 12_000, "{}", found.items.len());
        (full, found.risk.unwrap().sensitivity)
    };
    let rows = row.repeat(8_000);
    let (full, without) = list(rows.clone());
    assert!(full && without < Sensitivity::Sensitive);
    assert_eq!(
        list(format!("{rows}{told}")),
        (true, Sensitivity::Sensitive)
    );
    // What only sounds like it uses up nothing.
    let other = "The psychiatric ward map is by the door of the hall.\n".repeat(800);
    assert!(list(format!("{rows}{other}")).1 < Sensitivity::Sensitive);
    let far = "The hall is open from nine to five on all days of the week.\n".repeat(20);
    assert_eq!(
        list(format!("{rows}{other}{far}{told}")),
        (true, Sensitivity::Sensitive)
    );
}

#[test]
fn what_stands_behind_too_many_findings_of_all_files_makes_a_mail_sensitive() {
    let row = "pat@mail.example 270-555-0142 281-15-9804 270-555-0143 281-15-9805\n";
    let told = "Marisol Quintero, MRN: 7719402, is HIV positive and takes Biktarvy.\n";
    let files = |last: &str| {
        let mut draft = from_to("desk@harbor.example", "office@harbor.example").subject("List");
        for _ in 0..10 {
            draft = draft.attachment(file("list.txt", row.repeat(2_200)));
        }
        let found = scan(draft.attachment(file("last.txt", last.to_owned()))).findings;
        let full = found.unscannable.iter();
        let full = full.filter(|u| u.why == "too_many_findings").count();
        (full, found.risk.unwrap().sensitivity)
    };
    let (full, without) = files("See you.");
    assert!(full == 1 && without < Sensitivity::Sensitive, "{full}");
    assert_eq!(files(told), (1, Sensitivity::Sensitive));
}
