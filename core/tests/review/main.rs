//! What a hostile reader of the client tried: each test is one way to lose a
//! message, to send it below its floor, or to say of it what is not so.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bookkeeping;
mod protection;

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use mailseal::audit::EventKind;
use mailseal::base::{
    Address, Clock, Fact, Form, FormReason, KeyTrust, Keys, NextHop, Phi, Recipient, Route, Secret,
    Sensitivity, Timestamp, TlsAssurance,
};
use mailseal::compose::Message;
use mailseal::deliver::{
    Attempt, Barrier, BarrierError, Cause, Delivery, Envelope, Hop, Job, Requirement, Smtp, Stage,
    Timeouts, Transport,
};
use mailseal::discover::{Capabilities, Fixed, MxHost};
use mailseal::dlp::RuleScanner;
use mailseal::escrow::{Factor, Link};
use mailseal::outbox::Schedule;
use mailseal::policy::{Policy, Waiver};
use mailseal::seal::{KeyStatus, SealError, SealJob, Sealer};
use mailseal::storage::{Batch, MemoryStore, Op, Row, Store, Table};
use mailseal::testing::clock::TestClock;
use mailseal::testing::dns::TestDns;
use mailseal::testing::pki::{CertKind, TestCa};
use mailseal::testing::smtp::{Act, SmtpPeer, When};
use mailseal::wire::Network;
use mailseal::wire::guard::Guard;
use mailseal::{
    Builder, Client, CodeChannel, CodeChannelError, Error, EscrowOptions, PlanError, PlanOptions,
    Resolution, Status, Storage, Unset,
};

type Hook = Box<dyn Fn(usize) + Send + Sync>;

/// A relay that does what the script says, and accepts what the script does
/// not speak of.
struct Scripted {
    script: Mutex<VecDeque<Delivery>>,
    sent: Mutex<Vec<(TlsAssurance, Vec<u8>)>>,
    hook: Mutex<Option<Hook>>,
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scripted")
    }
}

#[derive(Debug, Clone)]
struct Relay(Arc<Scripted>);

impl Relay {
    fn new(script: &[Delivery]) -> Self {
        Self(Arc::new(Scripted {
            script: Mutex::new(script.iter().copied().collect()),
            sent: Mutex::default(),
            hook: Mutex::default(),
        }))
    }

    fn hook(&self, hook: impl Fn(usize) + Send + Sync + 'static) {
        *self.0.hook.lock().unwrap() = Some(Box::new(hook));
    }

    /// What was tried: the floor asked for, and the message.
    fn tried(&self) -> Vec<(TlsAssurance, Vec<u8>)> {
        self.0.sent.lock().unwrap().clone()
    }
}

#[async_trait]
impl Transport for Relay {
    fn next_hop(&self) -> NextHop {
        NextHop::Relay {
            onward: TlsAssurance::Authenticated,
            requiretls: false,
        }
    }

    async fn deliver(&self, job: Job<'_>, barrier: &dyn Barrier) -> Vec<Attempt> {
        let count = {
            let mut sent = self.0.sent.lock().unwrap();
            sent.push((job.requirement.floor, job.message.to_vec()));
            sent.len()
        };
        assert!(count < 50, "it is tried again and again");
        if let Some(hook) = &*self.0.hook.lock().unwrap() {
            hook(count);
        }
        let next = self.0.script.lock().unwrap().pop_front();
        let (delivery, cause) = match next.unwrap_or(Delivery::Accepted) {
            Delivery::Accepted => match barrier.before_final_dot().await {
                Ok(()) => (Delivery::Accepted, Cause::Ok),
                Err(_) => (Delivery::Deferred, Cause::Barrier),
            },
            Delivery::FloorUnmet => (Delivery::FloorUnmet, Cause::TlsCertificate),
            other => (other, Cause::TransientReply),
        };
        vec![Attempt::new(delivery, Stage::MailFrom, cause, "")]
    }
}

type Ready = Builder<Unset, Storage, Keys, Arc<dyn Transport>>;

/// With a scanner that gives no verdict: PHI is presumed of every message.
fn builder(relay: &Relay, store: &MemoryStore, clock: &TestClock) -> Ready {
    Client::builder()
        .scanner(RuleScanner::new())
        .storage(Storage::custom(Arc::new(store.clone())))
        .keys(Keys::make_ephemeral())
        .transport(relay.clone())
        .clock(clock.clone())
        .escrow(EscrowOptions::new(
            "https://pickup.harbor.example",
            "Harbor Clinic",
        ))
}

fn message()
-> mailseal::compose::Builder<mailseal::compose::HasSender, mailseal::compose::HasRecipient> {
    Message::builder()
        .from("clinic@harbor.example".parse().unwrap())
        .to(pat())
        .subject("Your visit")
        .text("HbA1c 5.4".to_owned())
}

fn pat() -> Address {
    "pat@mail.example".parse().unwrap()
}

fn minutes(n: u64) -> Duration {
    Duration::from_secs(60 * n)
}

fn holds(bytes: &[u8], text: &str) -> bool {
    String::from_utf8_lossy(bytes).contains(text)
}

async fn kinds(client: &Client) -> Vec<EventKind> {
    let entries = client.audit().entries(0..1_000).await.unwrap();
    entries.iter().map(|e| e.record.kind).collect()
}

/// The link of a notice.
fn link(notice: &[u8]) -> Link {
    let message = Message::parse(notice).unwrap();
    let parts = message.parts();
    let text = parts.iter().find_map(|part| match part.content() {
        mailseal::compose::PartContent::Text(text) if text.expose().contains("https://") => {
            Some(text.expose().clone())
        }
        _ => None,
    });
    let text = text.unwrap();
    let word = text.split_whitespace().find(|w| w.starts_with("https://"));
    Link::parse(word.unwrap()).unwrap()
}

#[derive(Debug, Clone)]
struct Pgp {
    has_key: Arc<AtomicBool>,
    seals: bool,
}

impl Sealer for Pgp {
    fn route(&self) -> Route {
        Route::Pgp
    }
    fn assess(&self, _: &Address, _: &Address, _: Timestamp) -> KeyStatus {
        match self.has_key.load(Ordering::SeqCst) {
            true => KeyStatus::usable(KeyTrust::Pinned, Form::SeipdV1, FormReason::Default),
            false => KeyStatus::NONE,
        }
    }
    fn seal(&self, _: &SealJob<'_>) -> Result<Vec<u8>, SealError> {
        match self.seals {
            true => Ok(b"Subject: ...\r\n\r\nsealed\r\n".to_vec()),
            false => Err(SealError::NoKey),
        }
    }
}

fn waived(clock: &TestClock, from: u64, until: u64) -> PlanOptions {
    let now = clock.now();
    let (given, expires) = (now.plus(minutes(from)), now.plus(minutes(until)));
    PlanOptions::new()
        .patient("MRN-778812")
        .names_patient_only()
        .waiver(Waiver::new(
            pat(),
            Phi::new("MRN-778812".to_owned()),
            given,
            expires,
        ))
}
