//! What one paragraph, one sentence or one patient's case tells among other matters.

use mailseal::base::Sensitivity;

use super::scene::{from_to, scan};
use super::verdicts::judged;

use mailseal::dlp::Category::{MentalHealth, Reproductive, StiHiv, SubstanceUse};
use mailseal::dlp::FindingKind;

/// Minutes and newsletters about nobody do not outweigh one line.
#[test]
fn a_paragraph_about_a_patient_is_phi_however_much_stands_around_it() {
    let minutes = "The committee reviewed the budget for the third quarter and approved two monitors.\n\n\
        Staffing on 4 West remains short; two travel nurses start in April.\n\n\
        Infection control: hand hygiene compliance was 87 percent in March.\n\n";
    let told =
        "Ruth Abel, 71, of Duluth was diagnosed with leukemia on 3/1/2025 and started chemo.\n\n";
    let committee = |text: String| {
        from_to("desk@harborclinic.example", "quality@harborclinic.example")
            .subject("Minutes")
            .text(text)
    };
    let others = minutes.repeat(15);
    judged(committee(others.clone()), Sensitivity::None);
    judged(
        committee(format!("{others}{told}{others}")),
        Sensitivity::Phi,
    );
    // Nor does a table among them.
    let rows = "name,phone,email\nDana Reyes,814-555-0199,dana@harborclinic.example\n\
        Lee Park,814-555-0198,lee@harborclinic.example\n";
    judged(committee(format!("{others}{rows}")), Sensitivity::None);
    judged(
        committee(format!("{others}{told}{others}{rows}")),
        Sensitivity::Phi,
    );
    // So are a sentence of one, and an item of a list.
    let lease = |told: &str| {
        let rest = "Please send the fitter today, with the key for the machine room. The invoice \
             goes to the trust as before. Mind the scaffolding in the yard, and ring the bell twice. \
             We also ask for a new quote for the yearly inspection, since the old contract of the \
             building ends in June.";
        let notes = "Release notes of the door controller: firmware 2.4 fixes the timeout of the alarm \
             line, the changelog and sample code are in the repository, and the API of the sandbox \
             takes the test account. Open a ticket for bugs. The tender for the stairs is out: bids \
             by the 30th, drawings in the portal, roof works later, seats for vendors in the webinar.";
        from_to("desk@harborphysio.example", "repairs@brightlifts.example")
            .subject("The lift")
            .text(format!(
                "The lift has stood still since Saturday, and the lease gives you 48 hours. The light \
                 in the shaft flickers too. {told} {rest}\n\n{notes}"
            ))
    };
    judged(
        lease("Rosa of the cafe has carried every tray upstairs."),
        Sensitivity::None,
    );
    let sentence = "Mrs. Quintero, two weeks after her hip replacement, climbed four flights.";
    let found = judged(lease(sentence), Sensitivity::Phi);
    let reasons = found.findings.risk.unwrap().reasons;
    assert!(
        reasons.iter().any(|reason| reason.code == "paragraph"),
        "{reasons:?}"
    );
    let items = "- the toner is behind the saline cartons\n- water comes on Wednesday, sign for 6 bottles\n\
        - window people come about the draft in room 3\n";
    let told_too = "- mr Takahashi's hernia repair moved to the 28th, he knows\n";
    let desk = |text: String| {
        from_to("rune@harborsurgical.example", "desk@harborsurgical.example")
            .subject("handover")
            .text(text)
    };
    judged(desk(items.repeat(4)), Sensitivity::None);
    judged(
        desk(format!("{items}{told_too}{}", items.repeat(3))),
        Sensitivity::Phi,
    );
    // And what a list says of the person above it is theirs.
    let above =
        "Patient Kofi Mensah is to be seen:\n- schizophrenia, on clozapine\n- hears voices\n\n";
    judged(
        desk(format!("{}\n{above}{}", items.repeat(6), items.repeat(6))),
        Sensitivity::Sensitive,
    );
    let many = "- Karen Holt of the library showed the new asthma leaflets\n".repeat(1500);
    assert!(scan(desk(many)).findings.unscannable.is_empty());
    // Nor however many name somebody else before it.
    let others =
        "Karen Holt of the library showed the new asthma and stroke leaflets.\n\n".repeat(100);
    judged(committee(others.clone()), Sensitivity::None);
    judged(
        committee(format!("{minutes}{others}{told}")),
        Sensitivity::Phi,
    );
    // One for which there is no room is not passed over in silence, whatever a sentence
    // tells by itself.
    let full = others.repeat(11);
    for text in [format!("{minutes}{full}"), format!("{minutes}{full}{told}")] {
        assert_eq!(scan(committee(text)).findings.unscannable.len(), 1);
    }
    judged(
        committee(format!("{minutes}{full}{told}")),
        Sensitivity::Phi,
    );
    assert!(
        scan(committee(others.repeat(10)))
            .findings
            .unscannable
            .is_empty()
    );
    let others = minutes.repeat(15);
    let told = "Ruth Abel's HIV test of 3/1/2025 was positive; she starts treatment on Friday.\n\n";
    let found = judged(
        committee(format!("{others}{told}{others}")),
        Sensitivity::Sensitive,
    );
    assert_eq!(found.findings.risk.unwrap().categories, [StiHiv]);
}

/// In mail that is about something else, from nobody who cares for anybody, and among
/// the sentences of one paragraph.
#[test]
fn a_sentence_about_a_patient_is_phi_whatever_stands_around_it() {
    let notes = "Release notes of the new door controller: firmware 2.4 fixes the timeout of the \
        alarm line, and the API of the sandbox takes the test account. The tender for the stairs \
        is out: bids by the 30th, drawings in the portal, seats for vendors in the webinar.";
    let to_all = |told: &str| {
        let text = format!(
            "Neighbours,\n\nThe roofers want the car park clear on the 3rd; permits are at the \
             office, the gate code is on the board, and the bins go out a day early. The tender for the \
             windows is open until May, and the minutes and the accounts are on the site.\n\n\
             The painters are in stairwell B from Monday to Wednesday, so please keep \
             your bikes out of the hall. {told} The parcel lockers have a new code, which Hilda has put \
             under your doors. Rent for the garages goes up by four dollars in April, and the spring \
             clean is on the 12th with rolls and coffee.\n\nThe boiler man found nothing. Anyone who \
             still has the long ladder, please bring it back. {notes}\n\nTove"
        );
        from_to("tove@birchcourt.example", "residents@birchcourt.example")
            .subject("March")
            .text(text)
    };
    for none in [
        "",
        "Mr. Pruitt has sold his car to the Hartmanns.",
        "Bernard Oyelaran starts with the bins this month.",
    ] {
        judged(to_all(none), Sensitivity::None);
    }
    let ride = "Ms. Devereux needs a ride to her dialysis on Tuesday.";
    let found = judged(to_all(ride), Sensitivity::Phi);
    assert_eq!(found.findings.risk.unwrap().reasons[0].code, "paragraph");
    let rehab = "Karel Novotny is out of rehab on Friday, off the heroin, so be kind.";
    let found = judged(to_all(rehab), Sensitivity::Sensitive);
    assert_eq!(found.findings.risk.unwrap().categories, [SubstanceUse]);
    // What one of them touches the message touches, however much more another tells.
    let abortion = "Tess Lindgren had an abortion.";
    for told in [
        abortion.to_owned(),
        format!("{abortion} {ride}"),
        format!("{ride} {abortion}"),
    ] {
        let found = judged(to_all(&told), Sensitivity::Sensitive);
        assert_eq!(found.findings.risk.unwrap().categories, [Reproductive]);
    }
    // So where the whole is PHI, and plain.
    let surgery = "Mrs. Abel had surgery on her knee on 3/1 at Harbor Hospital and takes warfarin, \
        so help her with the stairs.";
    judged(to_all(surgery), Sensitivity::Phi);
    let found = judged(
        to_all(&format!("{rehab} {surgery}")),
        Sensitivity::Sensitive,
    );
    assert_eq!(found.findings.risk.unwrap().categories, [SubstanceUse]);
}

/// Nor how many others stand before it, or behind it.
#[test]
fn a_sentence_about_a_patient_is_phi_however_many_name_somebody() {
    let office = |text: &str| {
        from_to("office@harborkidney.example", "board@harborkidney.example")
            .subject("Minutes")
            .text(text)
    };
    let lost = "Our neighbour Mary Smith lost a blue umbrella. Our neighbour Peter Hill lost a \
        blue umbrella. Our neighbour Linda Cooper lost a blue umbrella.\n\n";
    let others = lost.repeat(700);
    let found = judged(office(&others), Sensitivity::None);
    assert!(found.findings.unscannable.is_empty());
    let told = "Sethi's Tuesday four o'clock, Lucinda Parr, won't do the annex, the stairwell sets off \
        her panic.\n\n";
    for text in [
        format!("{lost}{told}"),
        format!("{others}{told}"),
        format!("{told}{others}"),
    ] {
        let found = judged(office(&text), Sensitivity::Sensitive);
        assert_eq!(found.findings.risk.unwrap().categories, [MentalHealth]);
    }
}

/// Whatever stands around it, by itself.
#[test]
fn a_patients_case_is_phi_among_other_matters() {
    let around = "The quote for the software subscription is attached, with the price list for April. \
        Version 4.2 has a new dashboard, and the webinar for sales partners shows the release notes. \
        Unsubscribe at any time.\n\n";
    let verdict = |text: &str| {
        let draft = from_to("sales@brightware.example", "partners@lists.example");
        let scanned = scan(draft.subject("Release 4.2").text(format!("{around}{text}")));
        scanned.findings.risk.unwrap()
    };
    let none = verdict("Marisol Quintero leads the webinar, and her number is 4711.");
    assert_eq!(none.sensitivity, Sensitivity::None, "{none:?}");
    for (text, sensitivity) in [
        ("Marisol Quintero, MRN 7719402, has gout.", Sensitivity::Phi),
        (
            "Marisol Quintero, SSN 281-15-9804, is HIV positive.",
            Sensitivity::Sensitive,
        ),
        (
            "Marisol Quintero - MRN 7719402\nTadeo Brandvold - MRN 7719377",
            Sensitivity::Phi,
        ),
        // A record without a word of health.
        (
            "Patient: Marisol Quintero\nDOB: 02/12/1938\nSSN: 281-15-9804\nMRN: 7719402",
            Sensitivity::Phi,
        ),
        (
            "Marisol Quintero, born 02/12/1938, MRN: 7719402",
            Sensitivity::Phi,
        ),
        // The security number says whose.
        ("MRN: 7719402, SSN: 281-15-9804", Sensitivity::Phi),
    ] {
        let risk = verdict(text);
        assert_eq!(risk.sensitivity, sensitivity, "{risk:?}");
        // Categories that the verdict itself did not tell come before it.
        let told = usize::from(risk.reasons[0].code == "protected_code");
        assert_eq!(risk.reasons[told].code, "patient_case", "{risk:?}");
        assert_eq!(
            risk.categories.contains(&StiHiv),
            sensitivity == Sensitivity::Sensitive
        );
    }
    // Nobody has a number that people make up, or is called so.
    for (who, number, case) in [
        ("Marisol Quintero", "MRN 7719402", true),
        ("Marisol Quintero", "MRN 999999", false),
        ("Marisol Quintero", "MRN 7654321", false),
        ("Marisol Quintero", "MRN 1234567890", false),
        ("Marisol Quintero", "MRN TEST77194", false),
        ("Marisol Quintero", "MRN SIM-000003", false),
        ("Marisol Quintero", "SSN 281-15-9804", true),
        ("Marisol Quintero", "SSN 123-45-6789", false),
        ("Marisol Testa", "MRN 7719402", true),
        ("Marisol Demo", "MRN 7719402", true),
        ("Marisol Quintero", "MRN 0000048291", true),
        ("Marisol Zztest", "MRN 7719402", false),
    ] {
        let risk = verdict(&format!("{who}, {number}, has gout."));
        let told = risk.reasons.iter().any(|r| r.code == "patient_case");
        assert_eq!(told, case, "{who}, {number}: {risk:?}");
    }
    // In paragraphs of their own they are nobody's.
    let apart = verdict("Marisol Quintero\n\nMRN 7719402\n\nGout is a disease of kings.");
    assert_eq!(apart.sensitivity, Sensitivity::None, "{apart:?}");
}

/// A plain list has no words of health, and a heading makes it one of patients.
#[test]
fn who_is_called_a_patient_by_a_heading_or_a_label_is_one() {
    let sent = |text: &str| {
        from_to("desk@harborclinic.example", "staff@harborclinic.example")
            .subject("Tomorrow")
            .text(text)
    };
    let listed = |text: &str| {
        // The score is what the words say, which speak against it.
        let found = scan(sent(text)).findings;
        let names: Vec<_> = (found.items.iter())
            .filter(|finding| finding.kind == FindingKind::Name)
            .map(|finding| finding.expose().expose().clone())
            .collect();
        let risk = found.risk.unwrap();
        assert_eq!(risk.sensitivity, Sensitivity::Phi, "{text}");
        assert_eq!(risk.reasons[0].code, "listed_patients", "{text}");
        names
    };
    let rows = "Olga Novak | 10:15 | Dr. Stone\nTomasz Weber | 8:45 | Dr. Reyes\n";
    let table =
        |heading: &str| format!("Hi all,\n\n{heading} | Time | With\n{rows}\nThanks\nEthan");
    assert_eq!(listed(&table("Patient")), ["Olga Novak", "Tomasz Weber"]);
    judged(sent(&table("Owner")), Sensitivity::None);
    let label = |label: &str| format!("{label}: Olga Novak\nTime: 10:15\nWith: Dr. Lindqvist");
    assert_eq!(listed(&label("Patient")), ["Olga Novak"]);
    judged(sent(&label("Owner")), Sensitivity::None);
    let people =
        "- Priya Delgado, 03/14/1994, 317-555-0128\n- Maria Quinn, 2019-08-27, 317-555-0182";
    let list = |opening: &str| format!("Hi all,\n\n{opening}:\n\n{people}\n\nThanks\nCarmen");
    assert_eq!(
        listed(&list("Patients to register")),
        ["Priya Delgado", "Maria Quinn"]
    );
    // In a page as well.
    let cells = |cells: [&str; 3]| format!("<tr><td>{}</td></tr>", cells.join("</td><td>"));
    let page = [
        ["Patient", "Time", "With"],
        ["Olga Novak", "10:15", "Dr. Stone"],
    ]
    .map(cells);
    let page = format!("<p>Hi all,</p><table>{}</table>", page.concat());
    let risk = scan(sent("").html(page)).findings.risk.unwrap();
    assert_eq!(risk.sensitivity, Sensitivity::Phi);
    assert_eq!(risk.reasons[0].code, "listed_patients");
    // Unless it is a form for software, and much speaks against it.
    let form = "Release 4.2 of the module fixes the print server: the template of the label prints \
                the field again. Sample, for the developers of the API and the sandbox:\n\n\
                Patient: Jane Sample\n\nPlease open a ticket with the vendor if the build fails.";
    judged(sent(form), Sensitivity::None);
}

/// By the look of its rows any list is like one of patients.
#[test]
fn rows_without_a_word_of_care_do_not_outweigh_the_whole() {
    let sent = |subject: &str, text: &str| {
        from_to("lee@brightlifts.example", "team@brightlifts.example")
            .subject(subject)
            .text(text)
    };
    for (subject, rows) in [
        (
            "Overdue loans",
            "Patrick Novak\tBeloved\t06/18/2026\nYuki Delgado\tEmma\t06/02",
        ),
        ("Team birthdays", "Carmen Tanaka,May 01\nNoor Reyes,Jun 28"),
        (
            "Choir members",
            "- Noor Brooks, tenor, 2017-01-21\n- Ingrid Patel, soprano, 08/13",
        ),
        (
            "Vacation calendar",
            "Yuki Tanaka,2026-01-09,12/05\nJames Simmons,Feb 10,06/17",
        ),
    ] {
        let text = format!("Hi all,\n\nHere is the list:\n\n{rows}\n\nThanks\nLee");
        judged(sent(subject, &text), Sensitivity::None);
    }
}

/// Nobody but who cares for somebody knows their record's number, or calls them a patient.
#[test]
fn a_record_number_beside_a_name_and_who_is_called_a_patient_are_phi() {
    let verdict = |text: &str| {
        let draft = from_to("jk@nhs12.example", "lou@nhs12.example").subject("tomorrow");
        let risk = scan(draft.text(text)).findings.risk.unwrap();
        let sure = |code| risk.reasons.iter().any(|r| r.code == code);
        let told = sure("labelled_number") || sure("listed_patients");
        (risk.sensitivity > Sensitivity::None, told)
    };
    for text in [
        "Loretta Simms (MRN 7719402) is still waiting on the form, can you call?",
        "Swap me with Lou for our patient Loretta Simms, she asked for it.",
        "Can you take the two o'clock with patient Ortega? I have a meeting.",
    ] {
        assert_eq!(verdict(text), (true, true), "{text}");
    }
    for text in [
        "Loretta Simms (room 7719) is still waiting on the form, can you call?",
        "Please be patient, Loretta Simms has not found the projector yet.",
        "Test login Loretta Simms (MRN 7719402) is dummy data for the demo build, delete it in the test database.",
    ] {
        assert_eq!(verdict(text), (false, false), "{text}");
    }
}
