//! Codes, passphrases, pickups, and taking back.

use std::sync::{Arc, Mutex};

use mailseal::audit::EventKind;
use mailseal::base::{FactorLevel, Language, Passkey, Phi, Recipient, Secret, Sensitivity};
use mailseal::compose::Message;
use mailseal::escrow::{EscrowError, Factor, Method};
use mailseal::policy::Policy;
use mailseal::testing::smtp::{Act, When};
use mailseal::{Client, CodeChannel, CodeChannelError, Status};

use super::scene::{
    CANARY, CLEAR, DAY, MINUTE, Scene, address, at, contains, entries, is_notice, kinds, link,
    message, only, pick_up, send,
};

/// A number, and the code that was sent to it.
type Sms = (String, Secret<String>);

/// A telephone provider that may be out of order.
#[derive(Debug, Clone, Default)]
pub(super) struct Telephone {
    sent: Arc<Mutex<Vec<Sms>>>,
    broken: bool,
    silent: bool,
}

#[async_trait::async_trait]
impl CodeChannel for Telephone {
    async fn send_code(
        &self,
        phone: &Phi<String>,
        code: &Secret<String>,
    ) -> Result<(), CodeChannelError> {
        if self.broken {
            return Err(CodeChannelError);
        }
        if self.silent {
            // From here on time goes as fast as all wait.
            tokio::time::pause();
            std::future::pending::<()>().await;
        }
        let mut sent = self.sent.lock().unwrap();
        sent.push((phone.expose().clone(), code.clone()));
        Ok(())
    }
}

impl Telephone {
    pub(super) fn broken() -> Self {
        Self {
            broken: true,
            ..Self::default()
        }
    }

    pub(super) fn sent(&self) -> Vec<(String, Secret<String>)> {
        self.sent.lock().unwrap().clone()
    }
}

async fn client(scene: &Scene, telephone: &Telephone) -> Client {
    let builder = scene.builder().policy(Policy::hipaa());
    let builder = builder.code_channel(telephone.clone());
    builder.build().await.unwrap()
}

fn to(recipient: Recipient) -> Message {
    Message::builder()
        .from(address("clinic@harbor.example"))
        .to(recipient)
        .subject("Your visit")
        .text(format!("We open at nine. {CANARY}"))
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_code_goes_to_the_telephone_and_to_nobody_else() {
    let scene = Scene::new(&[CLEAR]).await;
    let telephone = Telephone::default();
    let client = client(&scene, &telephone).await;
    let pat = Recipient::new(at(CLEAR)).phone("+1 555 0100");
    let receipt = send(&client, to(pat)).await.unwrap();
    assert_eq!(only(&receipt).status, Status::Delivered);
    let sent = telephone.sent();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].0, "+1 555 0100");
    assert!(only(&receipt).passcode().is_none());
    let kept = client.receipt(receipt.id).await.unwrap().unwrap();
    assert!(only(&kept).passcode().is_none());

    let notice = &scene.messages(CLEAR)[0];
    assert!(!contains(&notice.content, sent[0].1.expose()));
    let opened = pick_up(&client, notice, &sent[0].1).await.unwrap();
    assert!(opened.first && contains(opened.message.expose(), CANARY));
}

#[tokio::test]
async fn a_code_is_not_sent_before_its_notice() {
    let scene = Scene::new(&[CLEAR]).await;
    let telephone = Telephone::default();
    let client = client(&scene, &telephone).await;
    let pat = Recipient::new(at(CLEAR)).phone("+1 555 0100");
    scene.script(
        CLEAR,
        When::Command("RCPT"),
        vec![Act::say("450 4.2.0 later\r\n")],
    );
    let receipt = send(&client, to(pat)).await.unwrap();
    assert_eq!(only(&receipt).status, Status::Deferred);
    assert!(telephone.sent().is_empty());
    drop(client);

    scene.heal(CLEAR);
    scene.advance(10 * MINUTE);
    let client = super::escrow::client(&scene, &telephone).await;
    let report = client.deliver_due().await.unwrap();
    assert_eq!(report.outcomes[0].1.status, Status::Delivered);
    assert!(report.outcomes[0].1.passcode().is_none());
    let sent = telephone.sent();
    assert_eq!(sent.len(), 1);
    pick_up(&client, &scene.messages(CLEAR)[0], &sent[0].1)
        .await
        .unwrap();
}

#[tokio::test]
async fn where_the_telephone_fails_or_is_unknown_the_sender_has_the_code() {
    let scene = Scene::new(&[CLEAR]).await;
    let with_phone = Recipient::new(at(CLEAR)).phone("+1 555 0100");
    for (telephone, pat) in [
        (Telephone::broken(), with_phone),
        (Telephone::default(), Recipient::new(at(CLEAR))),
    ] {
        let client = client(&scene, &telephone).await;
        let receipt = send(&client, to(pat)).await.unwrap();
        assert_eq!(only(&receipt).status, Status::Delivered);
        assert!(telephone.sent().is_empty());
        let code = only(&receipt).passcode().unwrap();
        let kept = client.receipt(receipt.id).await.unwrap().unwrap();
        assert_eq!(only(&kept).passcode().unwrap().expose(), code.expose());
        let notice = scene.messages(CLEAR).pop().unwrap();
        pick_up(&client, &notice, code).await.unwrap();
        // What may be logged does not hold it.
        let json = serde_json::to_string(&receipt).unwrap();
        assert!(!json.contains(code.expose()) && !format!("{receipt:?}").contains(code.expose()));
    }
}

#[tokio::test]
async fn an_agreed_passphrase_takes_the_place_of_a_code() {
    let scene = Scene::new(&[CLEAR]).await;
    let telephone = Telephone::default();
    let client = client(&scene, &telephone).await;
    let pat = Recipient::new(at(CLEAR))
        .phone("+1 555 0100")
        .passphrase("correct horse battery".to_owned());
    let receipt = send(&client, to(pat)).await.unwrap();
    assert!(only(&receipt).passcode().is_none() && telephone.sent().is_empty());
    let notice = &scene.messages(CLEAR)[0];
    assert!(is_notice(notice) && super::scene::read(&notice.content).contains("passphrase"));
    let escrow = client.escrow().unwrap();
    let link = link(notice).unwrap();
    for (given, opens) in [
        ("another horse battery", false),
        ("correct horse battery", true),
    ] {
        let passphrase = Secret::new(given.to_owned());
        let opened = escrow.open(&link, &Factor::None, Some(&passphrase)).await;
        assert_eq!(opened.is_ok(), opens);
    }
    let error = escrow.open(&link, &Factor::None, None).await.unwrap_err();
    assert!(matches!(error, EscrowError::FactorRequired { .. }));
}

#[tokio::test]
async fn pickups_good_and_bad_stand_in_the_audit_log() {
    let scene = Scene::new(&[CLEAR]).await;
    let client = scene.hipaa().await;
    let receipt = send(&client, message(&at(CLEAR))).await.unwrap();
    let outcome = only(&receipt);
    let notice = &scene.messages(CLEAR)[0];
    let wrong = Secret::new("0000-0000".to_owned());
    let error = pick_up(&client, notice, &wrong).await.unwrap_err();
    assert!(
        matches!(error, EscrowError::FactorWrong { .. }),
        "{error:?}"
    );
    pick_up(&client, notice, outcome.passcode().unwrap())
        .await
        .unwrap();
    let entries = entries(&client).await;
    let kinds: Vec<_> = entries.iter().map(|e| e.record.kind).collect();
    use EventKind::{EscrowCreated, Intent, Outcome, PickedUp, PickupFailed};
    assert_eq!(
        kinds,
        [Intent, EscrowCreated, Outcome, PickupFailed, PickedUp]
    );
    for entry in &entries {
        assert_eq!(entry.record.grant, outcome.grant);
        assert_eq!(entry.record.message, Some(receipt.message));
    }
    // Also under the address, which nobody gave at the pickup.
    let about = client.audit().about(&at(CLEAR)).await.unwrap();
    assert_eq!(about.len(), 5);
    let checkpoint = client.audit().checkpoint().await.unwrap();
    client.audit().verify(&checkpoint).await.unwrap();
}

#[tokio::test]
async fn what_is_revoked_shredded_or_expired_does_not_open() {
    let scene = Scene::new(&[CLEAR]).await;
    let client = scene.hipaa().await;
    let escrow = client.escrow().unwrap();
    let mut sent = Vec::new();
    for _ in 0..3 {
        let receipt = send(&client, message(&at(CLEAR))).await.unwrap();
        let notice = scene.messages(CLEAR).pop().unwrap();
        let code = only(&receipt).passcode().unwrap().clone();
        sent.push((notice, code, only(&receipt).grant.unwrap()));
    }
    escrow.revoke(sent[0].2).await.unwrap();
    let error = pick_up(&client, &sent[0].0, &sent[0].1).await.unwrap_err();
    assert!(matches!(error, EscrowError::Revoked), "{error:?}");

    let item = escrow.status(sent[1].2).await.unwrap().item;
    escrow.shred(item).await.unwrap();
    let error = pick_up(&client, &sent[1].0, &sent[1].1).await.unwrap_err();
    assert!(matches!(error, EscrowError::NotFound), "{error:?}");

    scene.advance(31 * DAY);
    let report = client.deliver_due().await.unwrap();
    assert_eq!(report.expired, 1);
    let error = pick_up(&client, &sent[2].0, &sent[2].1).await.unwrap_err();
    assert!(matches!(error, EscrowError::Expired), "{error:?}");

    let kinds = kinds(&client).await;
    use EventKind::{Expired, Revoked, Shredded};
    assert!(kinds.ends_with(&[Revoked, Shredded, Expired]), "{kinds:?}");
}

#[tokio::test]
async fn a_telephone_that_never_answers_does_not_hold_the_outcome_back() {
    let scene = Scene::new(&[CLEAR]).await;
    let telephone = Telephone {
        silent: true,
        ..Telephone::default()
    };
    let client = client(&scene, &telephone).await;
    let pat = Recipient::new(at(CLEAR)).phone("+1 555 0100");
    let start = tokio::time::Instant::now();
    let receipt = send(&client, to(pat)).await.unwrap();
    assert_eq!(only(&receipt).status, Status::Delivered);
    assert!(only(&receipt).passcode().is_some());
    // By the clock that ran ahead once all waited.
    assert!(start.elapsed() < 15 * MINUTE);
}

fn seed() -> Secret<Vec<u8>> {
    Secret::new(vec![7; 20])
}

fn passkey() -> Passkey {
    Passkey::new([1; 16], [2; 77], 0)
}

#[tokio::test]
async fn what_is_known_of_a_recipient_becomes_the_methods_of_the_grant() {
    use Method::{Passcode, Passphrase, SingleSignOn, SmsCode, Totp};
    let scene = Scene::new(&[CLEAR]).await;
    let telephone = Telephone::default();
    let with_channel = client(&scene, &telephone).await;
    let without = scene.hipaa().await;
    let pat = || Recipient::new(at(CLEAR));
    let phrase = "correct horse battery".to_owned();
    let cases: [(&Client, Recipient, &[Method]); 9] = [
        (&with_channel, pat(), &[Passcode]),
        (
            &with_channel,
            pat().phone("+1 555 0100"),
            &[Passcode, SmsCode],
        ),
        // Without a channel nobody sends a code to the telephone.
        (&without, pat().phone("+1 555 0100"), &[Passcode]),
        (&without, pat().passphrase(phrase), &[Passphrase]),
        // What is stronger makes a passcode needless.
        (&without, pat().totp(seed()), &[Totp]),
        (
            &with_channel,
            pat().single_sign_on("s").phone("+1"),
            &[SmsCode, SingleSignOn],
        ),
        (&without, pat().passkey(passkey()), &[Method::Passkey]),
        // What cannot be used is not known.
        (
            &with_channel,
            pat().phone(" ").single_sign_on(""),
            &[Passcode],
        ),
        (&without, pat().totp(Secret::new(vec![7; 15])), &[Passcode]),
    ];
    for (client, recipient, methods) in cases {
        let receipt = send(client, to(recipient)).await.unwrap();
        let outcome = only(&receipt);
        assert_eq!(outcome.status, Status::Delivered);
        let grant = outcome.grant.unwrap();
        let status = client.escrow().unwrap().status(grant).await.unwrap();
        assert_eq!(status.methods, methods);
        let told = outcome.passcode().is_some() || !telephone.sent().is_empty();
        assert_eq!(told, methods.contains(&Passcode), "{methods:?}");
        telephone.sent.lock().unwrap().clear();
    }
}

#[tokio::test]
async fn a_strong_factor_opens_the_way_that_asks_for_one() {
    let scene = Scene::new(&[CLEAR]).await;
    let client = scene
        .builder()
        .policy(Policy::strict())
        .build()
        .await
        .unwrap();
    for (recipient, methods) in [
        (Recipient::new(at(CLEAR)).totp(seed()), vec![Method::Totp]),
        (
            Recipient::new(at(CLEAR))
                .passkey(passkey())
                .single_sign_on("s"),
            vec![Method::SingleSignOn, Method::Passkey],
        ),
    ] {
        let known = recipient.phone("+1 555 0100").language(Language::Spanish);
        let message = to(known).declare(Sensitivity::Sensitive);
        let receipt = send(&client, message).await.unwrap();
        let outcome = only(&receipt);
        assert_eq!(outcome.status, Status::Delivered);
        assert_eq!(outcome.factor_floor, Some(FactorLevel::P3));
        assert!(outcome.passcode().is_none());
        let escrow = client.escrow().unwrap();
        let status = escrow.status(outcome.grant.unwrap()).await.unwrap();
        assert_eq!(
            (status.factor_floor, status.methods),
            (FactorLevel::P3, methods)
        );
        // Not by what this side of the page can ask for.
        let link = link(&scene.messages(CLEAR).pop().unwrap()).unwrap();
        let opened = escrow.open(&link, &Factor::None, None).await;
        assert_eq!(opened.unwrap_err().code(), "escrow.factor_required");
    }
    // A telephone alone is none of P3.
    let weak = to(Recipient::new(at(CLEAR)).phone("+1 555 0100"));
    let plan = client
        .plan(weak.declare(Sensitivity::Sensitive))
        .await
        .unwrap();
    assert!(client.send(plan).await.is_err());
}
