//! mailseal as a contender: a client on SQLite with full durability, straight
//! to the sink.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use mailseal::base::{Address, Domain, Fact, Sensitivity, Timestamp, TlsAssurance};
use mailseal::compose::Message;
use mailseal::deliver::Smtp;
use mailseal::discover::{Capabilities, Fixed, HostCapability, MxHost};
use mailseal::policy::{Policy, Requirement};
use mailseal::storage::{Durability, SqliteOptions};
use mailseal::testing::faulty_store::FaultyStore;
use mailseal::wire::Network;
use mailseal::wire::guard::Guard;
use mailseal::wire::resolver::{Answer, Mx, ResolveError, Resolver, Security};
use mailseal::{Client, Keys, Status, Storage};

use super::contenders::{Load, Took};
use super::sink::Sink;

/// How many calls of `send` are under way at a time.
const AT_A_TIME: usize = 64;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Plans and sends each message on its own, audit entries and receipts
/// included.
pub(crate) fn durable(sink: &Sink, load: Load) -> Result<Took, String> {
    let runtime = tokio::runtime::Runtime::new().map_err(|error| error.to_string())?;
    runtime
        .block_on(send_all(sink.address(), load))
        .map_err(|error| error.to_string())
}

async fn send_all(sink: SocketAddr, load: Load) -> Result<Took, Failure> {
    let folder = tempfile::tempdir()?;
    let store = SqliteOptions::new()
        .durability(Durability::Full)
        .open(folder.path().join("mail.db"))?;
    // It fails nothing here; it counts.
    let store = Arc::new(FaultyStore::new(Arc::new(store)));
    let client = client(sink, Storage::custom(store.clone())).await?;
    let text = "The practice is closed on Monday.\r\n".repeat(load.octets.div_ceil(35) as usize);
    let (started, busy) = (Instant::now(), processor_time());
    let sent: Vec<Result<(), Failure>> = futures_util::stream::iter(0..load.messages)
        .map(|number| {
            let (client, text) = (client.clone(), text.clone());
            async move { tokio::spawn(send_one(client, number, text)).await? }
        })
        .buffer_unordered(AT_A_TIME)
        .collect()
        .await;
    let time = started.elapsed();
    sent.into_iter().collect::<Result<(), _>>()?;
    Ok(Took {
        time,
        commits: Some(store.commits()),
        processor: processor_time().zip(busy).map(|(end, start)| end - start),
    })
}

/// What this process has used so far: proc(5), `stat`, fields 14 and 15, in
/// hundredths of a second.
fn processor_time() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The program's name, in brackets, may hold blanks.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut ticks = fields.split(' ').skip(11).take(2);
    let mut next = || ticks.next()?.parse::<u64>().ok();
    Some(Duration::from_millis((next()? + next()?) * 10))
}

async fn send_one(client: Client, number: u32, text: String) -> Result<(), Failure> {
    let message = Message::builder()
        .from("clinic@harbor.example".parse()?)
        .to("pat@mail.example".parse::<Address>()?)
        .subject(format!("Message {number}"))
        .text(text)
        .declare(Sensitivity::None)
        .build()?;
    let receipt = client.send(client.plan(message).await?).await?;
    match receipt.outcomes.as_slice() {
        [outcome] if outcome.status == Status::Delivered => Ok(()),
        _ => Err("a message was not delivered".into()),
    }
}

async fn client(sink: SocketAddr, storage: Storage) -> Result<Client, Failure> {
    let host: Domain = "mx.mail.example".parse()?;
    let network = Network::new(Arc::new(OneHost(sink.ip())))
        .guard(Guard::allow_internal())
        .ports(sink.port(), 443);
    let known = Capabilities::new(
        "mail.example".parse()?,
        Fact::Proven(vec![HostCapability::new(
            MxHost::new(host, 10),
            Fact::Refuted,
        )]),
        Fact::Refuted,
        Timestamp::from_unix_ms(i64::MAX),
    );
    // The sink has no TLS, so the message must need none.
    let open = Requirement::NOTHING.tls(TlsAssurance::Opportunistic);
    let policy = Policy::custom("open")
        .require(Sensitivity::None, open)
        // Nobody judges the messages, so that they count as PHI.
        .require(Sensitivity::Phi, open);
    Ok(Client::builder()
        .policy(policy)
        .storage(storage)
        .keys(Keys::make_ephemeral())
        .transport(
            Smtp::direct(network, "client.harbor.example".parse()?).limits(
                CONNECTIONS,
                100,
                Duration::from_secs(20),
            ),
        )
        .discovery(Fixed::new().with(known))
        .concurrency(AT_A_TIME)
        .build()
        .await?)
}

/// As many as Postfix opens to one destination.
const CONNECTIONS: usize = 20;

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

#[async_trait::async_trait]
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
