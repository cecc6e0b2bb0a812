//! A DNS server on loopback whose answers the test chooses.
//!
//! It speaks UDP and TCP on one port of 127.0.0.1, answers from what the test
//! put in, and counts what it was asked. A name that nobody mentioned does not
//! exist (NXDOMAIN); a name that exists without the type asked for gives an
//! empty answer (NODATA). Names can be made to fail, to stay silent, or to be
//! truncated over UDP, and everything can be changed while it runs.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use mailseal::testing::dns::TestDns;
//! use mailseal::wire::resolver::Resolver;
//! let dns = TestDns::start().await?;
//! dns.mx("harbor.example", 10, "mx.harbor.example")
//!     .a("mx.harbor.example", "127.0.0.1".parse()?);
//! let answer = dns.resolver().mx(&"harbor.example".parse()?).await?;
//! assert_eq!(answer.records.len(), 1);
//! # Ok(()) }
//! ```

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hickory_proto::op::{Message, MessageType, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, MX, SOA, TXT};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinSet;

use crate::wire::resolver::SystemResolver;

/// How a name misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    ServFail,
    Refused,
    Silent,
    NxDomain,
    Garbage,
}

#[derive(Default)]
struct Zone {
    records: HashMap<String, Vec<RData>>,
    faults: HashMap<(String, Option<RecordType>), Fault>,
    truncated: HashSet<String>,
    asked: Vec<(String, RecordType)>,
    tcp: usize,
    ttl: u32,
    bare_denials: bool,
}

/// A DNS server on loopback. Clones share one server, which ends with the last.
#[derive(Clone)]
pub struct TestDns {
    address: SocketAddr,
    zone: Arc<Mutex<Zone>>,
    _tasks: Arc<JoinSet<()>>,
}

impl std::fmt::Debug for TestDns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestDns")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl TestDns {
    /// Starts on a free port of 127.0.0.1 with nothing to tell.
    ///
    /// # Errors
    /// Where no port can be had.
    pub async fn start() -> io::Result<Self> {
        let (udp, tcp) = bind().await?;
        let address = udp.local_addr()?;
        let zone = Arc::new(Mutex::new(Zone {
            ttl: 300,
            ..Zone::default()
        }));
        let mut tasks = JoinSet::new();
        tasks.spawn(serve_udp(udp, Arc::clone(&zone)));
        tasks.spawn(serve_tcp(tcp, Arc::clone(&zone)));
        Ok(Self {
            address,
            zone,
            _tasks: Arc::new(tasks),
        })
    }

    /// Where it listens, over UDP and TCP.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A resolver that asks this server and gives up after a second.
    ///
    /// # Panics
    /// Never: one server is named.
    #[allow(clippy::expect_used)]
    pub fn resolver(&self) -> SystemResolver {
        SystemResolver::with_servers(&[self.address])
            .expect("one server is named")
            .deadline(Duration::from_secs(1))
    }

    /// Adds an `MX` record; `"."` as host makes it a null MX (RFC 7505).
    pub fn mx(&self, domain: &str, preference: u16, host: &str) -> &Self {
        self.add(domain, RData::MX(MX::new(preference, name(host))))
    }

    /// Adds an `A` or `AAAA` record.
    pub fn a(&self, host: &str, address: IpAddr) -> &Self {
        let data = match address {
            IpAddr::V4(v4) => RData::A(A(v4)),
            IpAddr::V6(v6) => RData::AAAA(AAAA(v6)),
        };
        self.add(host, data)
    }

    /// Adds a `TXT` record, cut into strings of 255 bytes.
    pub fn txt(&self, at: &str, value: &str) -> &Self {
        let parts: Vec<&[u8]> = value.as_bytes().chunks(255).collect();
        self.add(at, RData::TXT(TXT::from_bytes(parts)))
    }

    /// Makes `alias` another name of `target`.
    pub fn cname(&self, alias: &str, target: &str) -> &Self {
        self.add(alias, RData::CNAME(CNAME(name(target))))
    }

    /// Answers every question about `at` with SERVFAIL.
    pub fn servfail(&self, at: &str) -> &Self {
        self.fault(at, None, Fault::ServFail)
    }

    /// Answers every question about `at` with REFUSED.
    pub fn refused(&self, at: &str) -> &Self {
        self.fault(at, None, Fault::Refused)
    }

    /// Answers no question about `at`.
    pub fn timeout(&self, at: &str) -> &Self {
        self.fault(at, None, Fault::Silent)
    }

    /// Answers every question about `at` with NXDOMAIN, whatever is there.
    pub fn nxdomain(&self, at: &str) -> &Self {
        self.fault(at, None, Fault::NxDomain)
    }

    /// Answers every question about `at` with bytes that are no DNS message.
    pub fn garbage(&self, at: &str) -> &Self {
        self.fault(at, None, Fault::Garbage)
    }

    /// Answers questions for the `A` records of `at` with SERVFAIL.
    pub fn servfail_a(&self, at: &str) -> &Self {
        self.fault(at, Some(RecordType::A), Fault::ServFail)
    }

    /// Answers questions for the `AAAA` records of `at` with SERVFAIL.
    pub fn servfail_aaaa(&self, at: &str) -> &Self {
        self.fault(at, Some(RecordType::AAAA), Fault::ServFail)
    }

    /// Over UDP answers questions about `at` with the truncation bit only.
    pub fn truncated(&self, at: &str) -> &Self {
        self.zone().truncated.insert(canonical(at));
        self
    }

    /// Forgets the records, faults and aliases of `at`.
    pub fn clear(&self, at: &str) -> &Self {
        let at = canonical(at);
        let mut zone = self.zone();
        zone.records.remove(&at);
        zone.truncated.remove(&at);
        zone.faults.retain(|(name, _), _| *name != at);
        drop(zone);
        self
    }

    /// The lifetime of all answers, in seconds; 300 at first.
    pub fn ttl(&self, seconds: u32) -> &Self {
        self.zone().ttl = seconds;
        self
    }

    /// Denies without an SOA record, as some forwarders do.
    pub fn bare_denials(&self) -> &Self {
        self.zone().bare_denials = true;
        self
    }

    /// How often anything was asked about `at`.
    pub fn queries(&self, at: &str) -> usize {
        let at = canonical(at);
        self.zone().asked.iter().filter(|(n, _)| *n == at).count()
    }

    /// Everything asked so far, as `name type`, in order.
    pub fn log(&self) -> Vec<String> {
        self.zone()
            .asked
            .iter()
            .map(|(name, kind)| format!("{name} {kind}"))
            .collect()
    }

    /// How many questions came over TCP.
    pub fn tcp_queries(&self) -> usize {
        self.zone().tcp
    }

    fn zone(&self) -> MutexGuard<'_, Zone> {
        self.zone.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, at: &str, data: RData) -> &Self {
        self.zone()
            .records
            .entry(canonical(at))
            .or_default()
            .push(data);
        self
    }

    fn fault(&self, at: &str, kind: Option<RecordType>, fault: Fault) -> &Self {
        self.zone().faults.insert((canonical(at), kind), fault);
        self
    }
}

/// UDP and TCP on one port number.
async fn bind() -> io::Result<(UdpSocket, TcpListener)> {
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..64 {
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        match TcpListener::bind(udp.local_addr()?).await {
            Ok(tcp) => return Ok((udp, tcp)),
            Err(e) => last = e,
        }
    }
    Err(last)
}

async fn serve_udp(socket: UdpSocket, zone: Arc<Mutex<Zone>>) {
    let mut buffer = vec![0u8; 4096];
    loop {
        let Ok((length, peer)) = socket.recv_from(&mut buffer).await else {
            continue;
        };
        if let Some(reply) = answer(&zone, &buffer[..length], false) {
            let _ = socket.send_to(&reply, peer).await;
        }
    }
}

async fn serve_tcp(listener: TcpListener, zone: Arc<Mutex<Zone>>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        connections.spawn(serve_stream(stream, Arc::clone(&zone)));
        while connections.try_join_next().is_some() {}
    }
}

async fn serve_stream(mut stream: TcpStream, zone: Arc<Mutex<Zone>>) {
    while let Ok(length) = stream.read_u16().await {
        let mut query = vec![0u8; usize::from(length)];
        if stream.read_exact(&mut query).await.is_err() {
            return;
        }
        let Some(reply) = answer(&zone, &query, true) else {
            continue;
        };
        let Ok(length) = u16::try_from(reply.len()) else {
            return;
        };
        let mut framed = length.to_be_bytes().to_vec();
        framed.extend_from_slice(&reply);
        if stream.write_all(&framed).await.is_err() {
            return;
        }
    }
}

fn answer(zone: &Mutex<Zone>, query: &[u8], tcp: bool) -> Option<Vec<u8>> {
    let query = Message::from_vec(query).ok()?;
    let question = query.queries.first()?.clone();
    let kind = question.query_type();
    let asked = canonical(&question.name().to_ascii());
    let mut zone = zone.lock().unwrap_or_else(PoisonError::into_inner);
    zone.asked.push((asked.clone(), kind));
    if tcp {
        zone.tcp += 1;
    }

    let mut reply = Message::response(query.metadata.id, query.metadata.op_code);
    reply.metadata.message_type = MessageType::Response;
    reply.metadata.recursion_desired = query.metadata.recursion_desired;
    reply.metadata.recursion_available = true;
    reply.add_query(question.clone());

    let fault = zone
        .faults
        .get(&(asked.clone(), None))
        .or_else(|| zone.faults.get(&(asked.clone(), Some(kind))))
        .copied();
    match fault {
        Some(Fault::Silent) => return None,
        Some(Fault::ServFail) => reply.metadata.response_code = ResponseCode::ServFail,
        Some(Fault::Refused) => reply.metadata.response_code = ResponseCode::Refused,
        Some(Fault::Garbage) => {
            let mut bytes = query.metadata.id.to_be_bytes().to_vec();
            bytes.extend_from_slice(&[0x81, 0x80, 0, 1, 0xff, 0xff, 0, 0, 0, 0, 0xc0]);
            return Some(bytes);
        }
        Some(Fault::NxDomain) => {
            reply.metadata.response_code = ResponseCode::NXDomain;
            deny(&zone, &mut reply);
        }
        None if !tcp && zone.truncated.contains(&asked) => reply.metadata.truncation = true,
        None => fill(&zone, &mut reply, question.name().clone(), kind),
    }
    let bytes = reply.to_vec().ok()?;
    // What a stub announces with EDNS is at least this much.
    if !tcp && bytes.len() > 1232 {
        reply.answers.clear();
        reply.metadata.truncation = true;
        return reply.to_vec().ok();
    }
    Some(bytes)
}

/// Answers from the records, following aliases as a recursive server does.
fn fill(zone: &Zone, reply: &mut Message, mut at: Name, kind: RecordType) {
    for _ in 0..16 {
        let key = canonical(&at.to_ascii());
        let Some(records) = zone.records.get(&key) else {
            let below = format!(".{key}");
            if !zone.records.keys().any(|n| n.ends_with(&below)) {
                reply.metadata.response_code = ResponseCode::NXDomain;
            }
            deny(zone, reply);
            return;
        };
        let mut alias = None;
        let mut found = false;
        for data in records {
            if data.record_type() == kind {
                found = true;
            } else if let RData::CNAME(target) = data {
                alias = Some(target.0.clone());
            } else {
                continue;
            }
            reply.add_answer(Record::from_rdata(at.clone(), zone.ttl, data.clone()));
        }
        match alias {
            Some(target) if !found => at = target,
            _ => {
                if !found {
                    deny(zone, reply);
                }
                return;
            }
        }
    }
    // A loop: what recursive servers say to it.
    reply.answers.clear();
    reply.metadata.response_code = ResponseCode::ServFail;
}

/// Says for how long the denial may be kept, unless the test wants none.
fn deny(zone: &Zone, reply: &mut Message) {
    if !zone.bare_denials {
        reply.add_authority(soa(zone.ttl));
    }
}

fn soa(ttl: u32) -> Record {
    Record::from_rdata(
        Name::root(),
        ttl,
        RData::SOA(SOA::new(
            name("ns.test."),
            name("hostmaster.test."),
            1,
            3600,
            600,
            86_400,
            ttl,
        )),
    )
}

/// Lower case without the final dot.
fn canonical(at: &str) -> String {
    at.trim_end_matches('.').to_ascii_lowercase()
}

/// # Panics
/// Where the test gives a text that is no name.
#[allow(clippy::expect_used)]
fn name(text: &str) -> Name {
    let mut name = Name::from_ascii(text).expect("a test gives a valid DNS name");
    name.set_fqdn(true);
    name
}
