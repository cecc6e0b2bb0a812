//! A recipient who looks like the wrong one, and the host's word for him.

use mailseal::Status;
use mailseal::audit::EventKind;
use mailseal::base::RecipientId;
use mailseal::compose::{ComposeError, Message};
use mailseal::dlp::{
    Findings, Misaddressed, MisaddressedWhy, PatientId, PatientRecord, PhiScanner, RosterBuilder,
    Scanner,
};
use mailseal::policy::{Policy, Show};

use super::scene::{
    CLEAR, Scene, VALID, address, at, draft, entries, id, is_message, kinds, message, send,
};

/// Stands for a scanner with a roster: it takes one recipient for the wrong one.
#[derive(Debug)]
struct Roster(u32);

impl Scanner for Roster {
    fn scan(&self, _: &Message) -> Findings {
        let mut findings = Findings::default();
        let wrong = RecipientId::new(self.0);
        findings.misaddressed = vec![Misaddressed::new(wrong, MisaddressedWhy::OtherPatient)];
        findings
    }
}

async fn client(scene: &Scene, wrong: u32) -> mailseal::Client {
    let builder = scene.builder().policy(Policy::hipaa());
    builder.scanner(Roster(wrong)).build().await.unwrap()
}

#[tokio::test]
async fn only_the_wrong_recipient_is_held_and_approval_does_not_lift_it() {
    let scene = Scene::new(&[VALID, CLEAR]).await;
    let client = client(&scene, 1).await;
    let two = draft(&at(CLEAR), |m| m.to(at(VALID)));
    let approved = mailseal::PlanOptions::new().approved();
    let mut plan = client.plan_with(two, approved).await.unwrap();
    assert_eq!(plan.refused(), [id(1)]);
    let told = plan.explain(Show::Index);
    assert!(told.contains("r1: phi; held for review"), "{told}");
    assert!(told.contains("it may be for somebody else"), "{told}");
    let error = client.send(plan.clone()).await.unwrap_err();
    assert_eq!(error.code(), "plan.refused");
    assert!(!scene.heard_mail(VALID) && !scene.heard_mail(CLEAR));

    plan.drop_recipient(id(1));
    let receipt = client.send(plan).await.unwrap();
    assert_eq!(receipt.outcomes[0].status, Status::Delivered);
    assert!(!scene.heard_mail(VALID));
    let about = client.audit().about(&at(VALID)).await.unwrap();
    assert_eq!(about[0].record.kind, EventKind::Hold);
    let reasons = &about[0].record.reasons;
    assert!(reasons.iter().any(|r| r == "policy.misaddressed"));
}

#[tokio::test]
async fn the_hosts_word_lifts_it_and_is_kept_with_its_reason() {
    let scene = Scene::new(&[VALID]).await;
    let client = client(&scene, 0).await;
    let why = "Pat's mother asked for it, form 12";
    let confirmed = draft(&at(VALID), |m| {
        m.recipient_confirmed(address("PAT@valid.example"), why)
    });
    let receipt = send(&client, confirmed).await.unwrap();
    assert!(is_message(&scene.messages(VALID)[0]));
    // The words lie with the receipt, the fact in the log.
    assert_eq!(receipt.confirmation(id(0)).unwrap().expose(), why);
    let kept = client.receipt(receipt.id).await.unwrap().unwrap();
    assert_eq!(kept.confirmation(id(0)).unwrap().expose(), why);
    assert!(kept.confirmation(id(1)).is_none());
    assert!(!serde_json::to_string(&kept).unwrap().contains("mother"));
    let about = client.audit().about(&at(VALID)).await.unwrap();
    let said = about
        .iter()
        .find(|e| e.record.kind == EventKind::RecipientConfirmed)
        .unwrap();
    assert_eq!(said.record.reasons, ["policy.recipient_confirmed"]);
    assert_eq!(said.record.receipt, Some(receipt.id));
    for entry in entries(&client).await {
        assert!(!format!("{entry:?} {entry}").contains("mother"));
    }
}

#[tokio::test]
async fn a_word_for_a_recipient_whom_nobody_doubts_is_not_recorded() {
    let scene = Scene::new(&[VALID]).await;
    let client = client(&scene, 7).await;
    let vouched = message(&at(VALID))
        .confirm_recipient(&at(VALID), "looked at")
        .unwrap();
    let receipt = send(&client, vouched).await.unwrap();
    assert!(receipt.confirmation(id(0)).is_none());
    assert!(
        !kinds(&client)
            .await
            .contains(&EventKind::RecipientConfirmed)
    );
}

#[test]
fn a_word_names_a_recipient_and_a_reason() {
    let message = || message(&at(VALID));
    let error = message().confirm_recipient(&at(CLEAR), "why").unwrap_err();
    assert_eq!(error, ComposeError::UnknownRecipient);
    let error = message().confirm_recipient(&at(VALID), " ").unwrap_err();
    assert_eq!(error, ComposeError::EmptyReason);
    for (who, why, error) in [
        (at(CLEAR), "why", ComposeError::UnknownRecipient),
        (at(VALID), "", ComposeError::EmptyReason),
    ] {
        let built = Message::builder()
            .from(address("clinic@harbor.example"))
            .to(at(VALID))
            .recipient_confirmed(who, why)
            .build();
        assert_eq!(built.unwrap_err(), error);
    }
}

/// The scanner with a roster, in a client: what it takes for the wrong
/// recipient is held.
#[tokio::test]
async fn a_patients_mail_to_another_patient_is_held() {
    let scene = Scene::new(&[VALID]).await;
    let (pat, sam) = (address("pat.l@valid.example"), address("sam@valid.example"));
    let mut builder = RosterBuilder::new(&scene.keys);
    for record in [
        PatientRecord::new(PatientId(1))
            .name("Pat", "Lindqvist")
            .birth_date("1958-03-14")
            .email(&pat),
        PatientRecord::new(PatientId(2))
            .name("Sam", "Okafor")
            .email(&sam),
    ] {
        builder.patient(&record).unwrap();
    }
    let scanner = PhiScanner::new().roster(builder.build());
    let builder = scene.builder().policy(Policy::hipaa());
    let client = builder.scanner(scanner).build().await.unwrap();
    let about = |to: &str| {
        draft(&address(to), |m| {
            m.text("Pat Lindqvist, born March 14, 1958: your results are here.")
        })
    };
    for to in [
        "sam@valid.example",
        "pat.1@valid.example",
        "patl@valid.example",
    ] {
        let plan = client.plan(about(to)).await.unwrap();
        assert_eq!(plan.refused(), [id(0)], "{to}");
        let told = plan.explain(Show::Index);
        assert!(told.contains("it may be for somebody else"), "{told}");
        assert!(
            !told.contains("Lindqvist") && !told.contains("1958"),
            "{told}"
        );
        let error = client.send(plan).await.unwrap_err();
        assert_eq!(error.code(), "plan.refused");
    }
    assert!(!scene.heard_mail(VALID));
    let receipt = send(&client, about("pat.l@valid.example")).await.unwrap();
    assert_eq!(receipt.outcomes[0].status, Status::Delivered);
}
