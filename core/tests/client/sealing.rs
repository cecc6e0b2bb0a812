//! The sealed rung, with a sealer of the test's own, and mailers of the host's
//! own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mailseal::audit::EventKind;
use mailseal::base::{Address, Form, FormReason, KeyTrust, Route, Timestamp, TlsAssurance};
use mailseal::deliver::Cause;
use mailseal::policy::Policy;
use mailseal::seal::{KeyStatus, SealError, SealJob, Sealer};
use mailseal::{Client, Status};

use super::scene::{
    CANARY, CLEAR, HOUR, Scene, VALID, at, contains, draft, entries, header, is_notice, kinds,
    message, only, pick_up, send, sensitive,
};

/// Turns a message upside down, for who has a key.
#[derive(Debug, Clone)]
struct Upside(Arc<AtomicBool>);

impl Upside {
    fn new() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }

    fn lose_key(&self) {
        self.0.store(false, Ordering::SeqCst);
    }

    fn has_key(&self, recipient: &Address) -> bool {
        self.0.load(Ordering::SeqCst) && !recipient.as_str().starts_with("keyless")
    }
}

impl Sealer for Upside {
    fn route(&self) -> Route {
        Route::Pgp
    }

    fn assess(&self, _: &Address, recipient: &Address, _: Timestamp) -> KeyStatus {
        if self.has_key(recipient) {
            KeyStatus::usable(KeyTrust::Verified, Form::SeipdV1, FormReason::Default)
        } else {
            KeyStatus::NONE
        }
    }

    fn seal(&self, job: &SealJob<'_>) -> Result<Vec<u8>, SealError> {
        if !self.has_key(job.recipient) {
            return Err(SealError::NoKey);
        }
        let mut sealed = b"From: clinic@harbor.example\r\nSubject: ...\r\n\r\nSEALED ".to_vec();
        for byte in job.message {
            sealed.extend_from_slice(format!("{:02x}", !byte).as_bytes());
            if sealed.len().is_multiple_of(64) {
                sealed.extend_from_slice(b"\r\n");
            }
        }
        sealed.extend_from_slice(b"\r\n");
        Ok(sealed)
    }
}

fn is_sealed(content: &[u8]) -> bool {
    contains(content, "SEALED ") && !contains(content, CANARY)
}

async fn client(scene: &Scene, policy: Policy, sealer: &Upside) -> Client {
    let builder = scene.builder().policy(policy).sealer(sealer.clone());
    builder.build().await.unwrap()
}

#[tokio::test]
async fn who_has_a_key_gets_the_message_sealed() {
    let scene = Scene::new(&[CLEAR]).await;
    let client = client(&scene, Policy::hipaa(), &Upside::new()).await;
    let receipt = send(&client, sensitive(&at(CLEAR))).await.unwrap();
    let outcome = only(&receipt);
    assert_eq!(outcome.status, Status::Delivered);
    assert_eq!(outcome.route, Some(Route::Pgp));
    assert!(outcome.passcode().is_none() && outcome.grant.is_none());
    assert!(is_sealed(&scene.messages(CLEAR)[0].content));
    scene.assert_never_in_clear(CLEAR);

    let keyless = sensitive(&super::scene::address("keyless@clear.example"));
    let receipt = send(&client, keyless).await.unwrap();
    assert_eq!(only(&receipt).route, Some(Route::Escrow));
}

#[tokio::test]
async fn a_key_lost_between_plan_and_send_falls_back_to_escrow() {
    let scene = Scene::new(&[CLEAR]).await;
    let sealer = Upside::new();
    let client = client(&scene, Policy::hipaa(), &sealer).await;
    let plan = client.plan(sensitive(&at(CLEAR))).await.unwrap();
    sealer.lose_key();
    let receipt = client.send(plan).await.unwrap();
    let outcome = only(&receipt);
    assert_eq!(outcome.status, Status::Delivered, "{outcome:?}");
    assert_eq!(outcome.route, Some(Route::Escrow));
    let notice = &scene.messages(CLEAR)[0];
    assert!(is_notice(notice));
    pick_up(&client, notice, outcome.passcode().unwrap())
        .await
        .unwrap();
    let fallback = &entries(&client).await[1].record;
    assert_eq!(fallback.kind, EventKind::Fallback);
    assert_eq!(fallback.cause, Some(Cause::Key));
    scene.assert_never_in_clear(CLEAR);
}

#[tokio::test]
async fn a_lost_key_is_no_reason_for_something_weaker() {
    // TLS would do for PHI, had there been no key; one that vanished is
    // waited for.
    let scene = Scene::new(&[VALID]).await;
    let sealer = Upside::new();
    let policy = Policy::hipaa().ladder([Route::Pgp, Route::Tls]);
    let client = client(&scene, policy, &sealer).await;
    let plan = client.plan(message(&at(VALID))).await.unwrap();
    assert_eq!(plan.recipients()[0].rungs().unwrap().len(), 2);
    sealer.lose_key();
    let receipt = client.send(plan).await.unwrap();
    assert_eq!(only(&receipt).status, Status::Deferred);
    assert_eq!(only(&receipt).cause, Some(Cause::Key));
    assert!(!scene.heard_mail(VALID));
    sealer.0.store(true, Ordering::SeqCst);
    scene.advance(HOUR);
    let report = client.deliver_due().await.unwrap();
    assert_eq!(report.outcomes[0].1.status, Status::Delivered);
    assert!(is_sealed(&scene.messages(VALID)[0].content));
}

#[tokio::test]
async fn a_mailer_that_guarantees_nothing_is_given_sealed_routes_only() {
    let scene = Scene::new(&[VALID]).await;
    let client = client(&scene, Policy::hipaa(), &Upside::new()).await;
    let two = draft(&at(VALID), |m| {
        m.cc(super::scene::address("keyless@valid.example"))
    });
    let plan = client.plan(two).await.unwrap();
    let chosen = plan.recipients()[0]
        .decision()
        .rungs()
        .next()
        .unwrap()
        .route;
    assert_eq!(chosen, Route::Tls);
    let (receipt, sealed) = client.seal(plan, None).await.unwrap();
    assert_eq!(sealed.len(), 2);
    assert!(is_sealed(&sealed[0].bytes));
    assert_eq!(receipt.outcomes[0].route, Some(Route::Pgp));
    assert_eq!(sealed[0].envelope.recipients, [at(VALID)]);
    let notice = String::from_utf8_lossy(&sealed[1].bytes).into_owned();
    assert!(!notice.contains(CANARY));
    assert_eq!(
        header(&sealed[1].bytes, "To").unwrap(),
        "<keyless@valid.example>"
    );
    assert_eq!(receipt.outcomes[1].route, Some(Route::Escrow));
    assert!(receipt.outcomes[1].passcode().is_some());
    for outcome in &receipt.outcomes {
        assert_eq!(outcome.status, Status::HandedOver);
    }

    // Nothing was sent, and nothing is left to be sent.
    assert!(!scene.heard_mail(VALID));
    assert!(client.unresolved().await.unwrap().is_empty());
    use EventKind::{EscrowCreated, Sealed};
    assert_eq!(kinds(&client).await, [Sealed, Sealed, EscrowCreated]);
    let kept = client.receipt(receipt.id).await.unwrap().unwrap();
    assert_eq!(kept.outcomes[1].status, Status::HandedOver);
}

#[tokio::test]
async fn a_mailers_declared_assurance_is_what_its_copies_may_need() {
    use TlsAssurance::{Authenticated, Encrypted};
    let scene = Scene::new(&[CLEAR]).await;
    let client = scene.hipaa().await;
    for (assurance, tls) in [(Encrypted, false), (Authenticated, true)] {
        let plan = client.plan(message(&at(CLEAR))).await.unwrap();
        let (receipt, sealed) = client.seal(plan, Some(assurance)).await.unwrap();
        assert_eq!(only(&receipt).route == Some(Route::Tls), tls);
        assert_eq!(contains(&sealed[0].bytes, CANARY), tls, "{assurance}");
        // Debug texts go into logs; octets would stand there as numbers.
        let debug = format!("{sealed:?} {receipt:?}");
        assert!(
            debug.len() < 600 && !debug.contains("clear.example"),
            "{debug}"
        );
        if tls {
            assert_eq!(sealed[0].transport_floor, Authenticated);
        }
    }
}

#[tokio::test]
async fn where_no_route_may_go_by_the_mailer_nothing_is_given_out() {
    let scene = Scene::new(&[VALID]).await;
    let exclusive = scene.client(Policy::tls_exclusive()).await;
    let plan = exclusive.plan(message(&at(VALID))).await.unwrap();
    let error = exclusive.seal(plan, None).await.unwrap_err();
    assert_eq!(error.code(), "plan.refused");

    // It cannot fall back either.
    let sealer = Upside::new();
    let client = client(&scene, Policy::hipaa(), &sealer).await;
    #[derive(Debug)]
    struct Promises(Upside);
    impl Sealer for Promises {
        fn route(&self) -> Route {
            Route::Pgp
        }
        fn assess(&self, _: &Address, _: &Address, _: Timestamp) -> KeyStatus {
            KeyStatus::usable(KeyTrust::Verified, Form::SeipdV1, FormReason::Default)
        }
        fn seal(&self, job: &SealJob<'_>) -> Result<Vec<u8>, SealError> {
            self.0.seal(job)
        }
    }
    drop(client);
    sealer.lose_key();
    let builder = scene.builder().policy(Policy::hipaa());
    let client = builder.sealer(Promises(sealer)).build().await.unwrap();
    let plan = client.plan(message(&at(VALID))).await.unwrap();
    let error = client.seal(plan, None).await.unwrap_err();
    assert_eq!(error.code(), "seal.no_key");
    assert_eq!(client.audit().size().await.unwrap(), 0);
}

/// The sealers that come with the library, with a certificate that goes bad.
mod keys {
    use std::time::Duration;

    use mailseal::base::Clock;
    use mailseal::discover::{CertificateFormat, CertificateKind, PinnedKeys};
    use mailseal::policy::{Decision, Show};
    use mailseal::seal::pgp::{PgpKey, PgpSealer};

    use super::*;

    fn sealer(scene: &Scene, known: &Arc<PinnedKeys>) -> PgpSealer {
        let clinic = super::super::scene::address("clinic@harbor.example");
        let key = PgpKey::make_random(&clinic, scene.sandbox.clock().now()).unwrap();
        PgpSealer::new(Arc::clone(known)).identity(&clinic, key)
    }

    fn certificate(scene: &Scene) -> Vec<u8> {
        let key = PgpKey::make_random(&at(CLEAR), scene.sandbox.clock().now()).unwrap();
        key.certificate().unwrap()
    }

    async fn client(scene: &Scene, known: &Arc<PinnedKeys>) -> Client {
        let builder = scene.builder().policy(Policy::hipaa());
        builder.sealer(sealer(scene, known)).build().await.unwrap()
    }

    #[tokio::test]
    async fn the_plan_says_in_which_form_and_why() {
        let scene = Scene::new(&[CLEAR]).await;
        let known = Arc::new(PinnedKeys::new());
        let bytes = certificate(&scene);
        known
            .pin(&at(CLEAR), CertificateFormat::OpenPgpBinary, &bytes)
            .unwrap();
        let client = client(&scene, &known).await;
        let plan = client.plan(sensitive(&at(CLEAR))).await.unwrap();
        let text = plan.explain(Show::Index);
        let form = "PGP in the form SEIPDv1, AES-256-CFB with MDC: what every client reads";
        assert!(text.contains(form), "{text}");
        let receipt = client.send(plan).await.unwrap();
        assert_eq!(only(&receipt).route, Some(Route::Pgp));
        let content = &scene.messages(CLEAR)[0].content;
        assert!(contains(content, "BEGIN PGP MESSAGE") && !contains(content, CANARY));
    }

    #[tokio::test]
    async fn a_changed_pin_is_a_reason_and_nothing_weaker_takes_its_place() {
        let scene = Scene::new(&[VALID]).await;
        let known = Arc::new(PinnedKeys::new());
        let to = at(VALID);
        let bytes = certificate(&scene);
        known
            .pin(&to, CertificateFormat::OpenPgpBinary, &bytes)
            .unwrap();
        // The host knows of another key now, and has not got it yet.
        known.repin(&to, CertificateKind::OpenPgp, [9; 32]).unwrap();
        let policy = Policy::hipaa().ladder([Route::Pgp, Route::Tls, Route::Escrow]);
        let builder = scene.builder().policy(policy);
        let client = builder
            .sealer(sealer(&scene, &known))
            .build()
            .await
            .unwrap();
        let plan = client.plan(message(&to)).await.unwrap();
        let decision = plan.recipients()[0].decision();
        let codes: Vec<&str> = decision.why().iter().map(|r| r.code()).collect();
        assert!(codes.contains(&"policy.key_changed"), "{codes:?}");
        assert!(codes.contains(&"policy.after_changed_key"), "{codes:?}");
        let Decision::Send { chosen, .. } = decision else {
            panic!("{decision:?}");
        };
        assert_eq!(chosen.route, Route::Escrow);
    }

    #[tokio::test]
    async fn a_bad_certificate_is_a_reason_in_the_plan() {
        let scene = Scene::new(&[CLEAR]).await;
        let known = Arc::new(PinnedKeys::new());
        let bytes = certificate(&scene);
        let cut = &bytes[..bytes.len() - 20];
        known
            .pin(&at(CLEAR), CertificateFormat::OpenPgpBinary, cut)
            .unwrap();
        let client = client(&scene, &known).await;
        let plan = client.plan(sensitive(&at(CLEAR))).await.unwrap();
        let text = plan.explain(Show::Index);
        assert!(
            text.contains("PGP: the recipient's certificate must not be used: "),
            "{text}"
        );
        assert_eq!(
            plan.recipients()[0].rungs().unwrap()[0].route,
            Route::Escrow
        );
        // In time it would not have been made yet.
        let known = Arc::new(PinnedKeys::new());
        let later = scene.sandbox.clock().now().plus(Duration::from_secs(3600));
        let key = PgpKey::make_random(&at(CLEAR), later).unwrap();
        known
            .pin(
                &at(CLEAR),
                CertificateFormat::OpenPgpBinary,
                &key.certificate().unwrap(),
            )
            .unwrap();
        let builder = scene.builder().policy(Policy::hipaa());
        let client = builder
            .sealer(sealer(&scene, &known))
            .build()
            .await
            .unwrap();
        let plan = client.plan(sensitive(&at(CLEAR))).await.unwrap();
        let text = plan.explain(Show::Index);
        assert!(text.contains("it is not valid yet"), "{text}");
    }
}

/// A sealer of which one step is the test's.
#[derive(Debug)]
struct Odd {
    trust: fn(&Address) -> KeyStatus,
    seal: fn(&SealJob<'_>) -> Result<Vec<u8>, SealError>,
}

impl Odd {
    fn sealing(seal: fn(&SealJob<'_>) -> Result<Vec<u8>, SealError>) -> Self {
        let trust =
            |_: &Address| KeyStatus::usable(KeyTrust::Verified, Form::SeipdV1, FormReason::Default);
        Self { trust, seal }
    }
}

impl Sealer for Odd {
    fn route(&self) -> Route {
        Route::Pgp
    }
    fn assess(&self, _: &Address, recipient: &Address, _: Timestamp) -> KeyStatus {
        (self.trust)(recipient)
    }
    fn seal(&self, job: &SealJob<'_>) -> Result<Vec<u8>, SealError> {
        (self.seal)(job)
    }
}

#[tokio::test]
async fn a_sealer_that_panics_costs_no_octet_of_the_message() {
    use std::sync::atomic::AtomicUsize;
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let scene = Scene::new(&[CLEAR]).await;
    let sealer = Odd::sealing(|_| match CALLS.fetch_add(1, Ordering::SeqCst) {
        0 => panic!("a module of the host's"),
        _ => Err(SealError::NoKey),
    });
    let builder = scene.builder().policy(Policy::hipaa()).sealer(sealer);
    let client = builder.build().await.unwrap();
    let receipt = send(&client, sensitive(&at(CLEAR))).await.unwrap();
    // It says nothing of the key, and so is no reason for another route.
    assert_eq!(only(&receipt).status, Status::Deferred);
    assert!(!scene.heard_mail(CLEAR));
    scene.advance(HOUR);
    let report = client.deliver_due().await.unwrap();
    let outcome = &report.outcomes[0].1;
    assert_eq!(outcome.route, Some(Route::Escrow), "{outcome:?}");
    let notice = &scene.messages(CLEAR)[0];
    let opened = pick_up(&client, notice, outcome.passcode().unwrap())
        .await
        .unwrap();
    assert!(contains(opened.message.expose(), CANARY));
}

#[tokio::test]
async fn a_signing_key_that_never_answers_holds_nothing_up() {
    static ENTERED: AtomicBool = AtomicBool::new(false);
    static RELEASED: AtomicBool = AtomicBool::new(false);
    let scene = Scene::new(&[VALID]).await;
    let sealer = Odd::sealing(|_| {
        ENTERED.store(true, Ordering::SeqCst);
        while !RELEASED.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        Err(SealError::NoKey)
    });
    let policy = Policy::hipaa().ladder([Route::Pgp]);
    let builder = scene.builder().policy(policy).sealer(sealer);
    let client = builder.build().await.unwrap();
    let plan = client.plan(message(&at(VALID))).await.unwrap();
    let sending = tokio::spawn(async move { client.send(plan).await });
    super::scene::until(async || ENTERED.load(Ordering::SeqCst)).await;
    tokio::time::pause();
    tokio::time::advance(HOUR).await;
    tokio::time::resume();
    let receipt = sending.await.unwrap().unwrap();
    RELEASED.store(true, Ordering::SeqCst);
    assert_eq!(only(&receipt).status, Status::Deferred);
    assert_eq!(only(&receipt).cause, Some(Cause::Key));
}

#[tokio::test]
async fn a_sealer_is_told_how_well_a_key_must_be_known() {
    let scene = Scene::new(&[CLEAR]).await;
    // Verified when it was planned; what is found now is not.
    let sealer = Odd::sealing(|job| {
        assert!(job.least_trust >= KeyTrust::Verified);
        Err(SealError::Key(mailseal::base::KeyFault::Untrusted))
    });
    let builder = scene.builder().policy(Policy::hipaa()).sealer(sealer);
    let client = builder.build().await.unwrap();
    let receipt = send(&client, sensitive(&at(CLEAR))).await.unwrap();
    assert_eq!(only(&receipt).route, Some(Route::Escrow));
    assert_eq!(only(&receipt).status, Status::Delivered);
}

#[tokio::test]
async fn a_source_that_failed_and_a_sender_without_a_key_are_explained() {
    use mailseal::base::KeyFault;
    use mailseal::policy::Reason;
    let scene = Scene::new(&[VALID]).await;
    let explained = async |trust: fn(&Address) -> KeyStatus| {
        let sealer = Odd {
            trust,
            seal: |_| Err(SealError::NoKey),
        };
        let policy = Policy::hipaa().ladder([Route::Pgp, Route::Tls]);
        let builder = scene.builder().policy(policy).sealer(sealer);
        let client = builder.build().await.unwrap();
        let plan = client.plan(message(&at(VALID))).await.unwrap();
        plan.recipients()[0].decision().why().to_vec()
    };
    // Not to know is not to know that there is none.
    let why = explained(|_| KeyStatus::refused(KeyFault::Source)).await;
    assert!(
        why.contains(&Reason::KeyUnknown { route: Route::Pgp }),
        "{why:?}"
    );
    let why = explained(|_| KeyStatus::refused(KeyFault::NoSigningKey)).await;
    let fault = Reason::KeyUnusable {
        route: Route::Pgp,
        fault: KeyFault::NoSigningKey,
    };
    assert!(why.contains(&fault));
    assert!(!fault.to_string().contains("recipient"), "{fault}");
    let error = SealError::Key(KeyFault::NoSigningKey).to_string();
    assert!(!error.contains("recipient"), "{error}");
}
