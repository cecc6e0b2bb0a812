//! The process that is killed.

use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use mailseal::audit::Checkpoint;
use mailseal::base::{
    Address, Clock, Domain, Fact, Sensitivity, SystemClock, Timestamp, TlsAssurance,
};
use mailseal::compose::Message;
use mailseal::deliver::Smtp;
use mailseal::discover::{Capabilities, Fixed, HostCapability, MxHost};
use mailseal::policy::{Policy, Requirement};
use mailseal::storage::{
    Batch, Committed, Durability, Row, SqliteOptions, SqliteStore, Store, StoreError, Table,
};
use mailseal::wire::Network;
use mailseal::wire::guard::Guard;
use mailseal::wire::resolver::{Answer, Mx, ResolveError, Resolver, Security};
use mailseal::{Client, Keys, Storage};

/// The variable that makes the test binary a child.
pub(crate) const ORDER: &str = "MAILSEAL_CRASH_ORDER";

/// What the child is to do.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Order {
    pub(crate) folder: PathBuf,
    pub(crate) sink: SocketAddr,
    /// How far its clock is ahead.
    pub(crate) offset: Duration,
    /// How many it sends at a time.
    pub(crate) concurrency: usize,
    /// The messages whose end the caller has not heard of.
    pub(crate) messages: Vec<u64>,
    /// The last checkpoint, kept where the child cannot change it.
    pub(crate) checkpoint: Option<String>,
}

impl Order {
    pub(crate) fn from_env() -> Option<Self> {
        serde_json::from_str(&std::env::var(ORDER).ok()?).ok()
    }
}

/// One line to the parent, which counts them.
fn tell(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

pub(crate) fn run(order: Order) {
    // The harness has begun a line.
    tell("");
    tell("started");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(work(order));
    tell("done");
}

async fn work(order: Order) {
    let client = client(&order.folder, order.sink, order.offset, order.concurrency).await;
    tell("opened");
    let checkpoint = match &order.checkpoint {
        Some(text) => {
            let kept: Checkpoint = text.parse().unwrap();
            client.audit().verify(&kept).await.unwrap();
            client.audit().checkpoint_after(&kept).await.unwrap()
        }
        None => client.audit().checkpoint().await.unwrap(),
    };
    tell_checkpoint(&checkpoint);
    let sending = futures_util::stream::iter(order.messages)
        .map(async |index| {
            let plan = client.plan(message(index)).await.unwrap();
            let receipt = client.send(plan).await.unwrap();
            let status = receipt.outcomes[0].status.word();
            tell(&format!("sent {index} {} {status}", receipt.id));
        })
        .buffer_unordered(order.concurrency)
        .collect::<()>();
    // What the one before left behind goes on beside what is new.
    let (due, ()) = futures_util::future::join(client.deliver_due(), sending).await;
    for (receipt, outcome) in due.unwrap().outcomes {
        tell(&format!("due {receipt} {}", outcome.status.word()));
    }
    tell_checkpoint(&client.audit().checkpoint_after(&checkpoint).await.unwrap());
}

fn tell_checkpoint(checkpoint: &Checkpoint) {
    let text = serde_json::to_string(&checkpoint.to_string()).unwrap();
    tell(&format!("checkpoint {text}"));
}

pub(crate) fn message(index: u64) -> Message {
    Message::builder()
        .from("clinic@harbor.example".parse().unwrap())
        .to("pat@mail.example".parse::<Address>().unwrap())
        .subject(format!("Message {index}"))
        .text("The practice is closed on Monday.")
        .declare(Sensitivity::None)
        .idempotency_key(format!("message-{index}"))
        .build()
        .unwrap()
}

pub(crate) async fn client(
    folder: &Path,
    sink: SocketAddr,
    offset: Duration,
    concurrency: usize,
) -> Client {
    let store = SqliteOptions::new()
        .durability(Durability::Full)
        .open(folder.join("mail.db"))
        .unwrap();
    let host: Domain = "mx.mail.example".parse().unwrap();
    let network = Network::new(Arc::new(OneHost(sink.ip())))
        .guard(Guard::allow_internal())
        .ports(sink.port(), 443);
    let known = Capabilities::new(
        "mail.example".parse().unwrap(),
        Fact::Proven(vec![HostCapability::new(
            MxHost::new(host, 10),
            Fact::Refuted,
        )]),
        Fact::Refuted,
        Timestamp::from_unix_ms(i64::MAX),
    );
    let open = Requirement::NOTHING.tls(TlsAssurance::Opportunistic);
    Client::builder()
        .scanner(mailseal::dlp::RuleScanner::new())
        .policy(
            Policy::custom("open")
                .require(Sensitivity::None, open)
                // Nobody judges the messages, so that they count as PHI.
                .require(Sensitivity::Phi, open),
        )
        .storage(Storage::custom(Arc::new(Telling(store))))
        .keys(Keys::file(folder.join("mail.key")).unwrap())
        .transport(Smtp::direct(
            network,
            "client.harbor.example".parse().unwrap(),
        ))
        .discovery(Fixed::new().with(known))
        .clock(Ahead(offset))
        .audit_origin("harbor.example/crash")
        .concurrency(concurrency)
        .build()
        .await
        .unwrap()
}

/// The system's clock, moved on.
#[derive(Debug)]
struct Ahead(Duration);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus(self.0)
    }
}

/// Every name has this address.
#[derive(Debug)]
struct OneHost(IpAddr);

fn answer<T>(records: Vec<T>) -> Answer<T> {
    Answer {
        records,
        nxdomain: false,
        security: Security::Insecure,
        ttl: 60,
    }
}

#[async_trait]
impl Resolver for OneHost {
    async fn mx(&self, _: &Domain) -> Result<Answer<Mx>, ResolveError> {
        Ok(answer(Vec::new()))
    }

    async fn txt(&self, _: &str) -> Result<Answer<String>, ResolveError> {
        Ok(answer(Vec::new()))
    }

    async fn addresses(&self, _: &Domain) -> Result<Answer<IpAddr>, ResolveError> {
        Ok(answer(vec![self.0]))
    }
}

/// Tells of each commit before and after it, so that the parent can strike
/// between any two.
#[derive(Debug)]
struct Telling(SqliteStore);

#[async_trait]
impl Store for Telling {
    async fn commit(&self, batch: Batch) -> Result<Committed, StoreError> {
        let tells = std::env::var_os(ORDER).is_some();
        if tells {
            tell("commits");
        }
        let done = self.0.commit(batch).await;
        if tells {
            tell("committed");
        }
        done
    }

    async fn get(&self, table: Table, key: &[u8]) -> Result<Option<Row>, StoreError> {
        self.0.get(table, key).await
    }

    async fn range(
        &self,
        table: Table,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        self.0.range(table, prefix, after, limit).await
    }

    async fn due(
        &self,
        table: Table,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        self.0.due(table, now, limit).await
    }

    async fn log_size(&self) -> Result<u64, StoreError> {
        self.0.log_size().await
    }

    async fn leaves(&self, from: u64, limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        self.0.leaves(from, limit).await
    }

    async fn tagged(&self, tag: &[u8; 32]) -> Result<Vec<u64>, StoreError> {
        self.0.tagged(tag).await
    }
}
