//! Who is timed.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::outbox;
use super::postfix::{self, Postfix};
use super::sink::Sink;

/// What each has to carry.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    /// How many messages.
    pub(crate) messages: u32,
    /// The size of each body.
    pub(crate) octets: u32,
}

/// What it took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Took {
    /// From the first message offered to the last one handed on.
    pub(crate) time: Duration,
    /// Batches that were made durable, where that is known.
    pub(crate) commits: Option<u64>,
}

impl From<Duration> for Took {
    fn from(time: Duration) -> Self {
        Self {
            time,
            commits: None,
        }
    }
}

/// Carries the load to the sink and says what that took.
pub(crate) type Contender = fn(&Sink, Load) -> Result<Took, String>;

/// Everybody, in the order of the table.
pub(crate) const CONTENDERS: &[(&str, Contender)] = &[
    ("smtp-source, straight", straight),
    ("Postfix, relaying", relayed),
    ("mailseal, SQLite durable", outbox::durable),
];

/// What the sink can take: no queue, nothing on disk.
fn straight(sink: &Sink, load: Load) -> Result<Took, String> {
    let started = Instant::now();
    offer(&sink.address().to_string(), load)?;
    Ok(started.elapsed().into())
}

/// Through a queue that survives a power cut.
fn relayed(sink: &Sink, load: Load) -> Result<Took, String> {
    let relay = Postfix::relay("relay.harbor.example", sink.address())
        .quiet()
        .address([127, 0, 22, 2])
        .start()?;
    let started = Instant::now();
    offer(&relay.address().to_string(), load)?;
    let wanted = usize::try_from(load.messages).unwrap_or(usize::MAX);
    while relay.sent() < wanted {
        if started.elapsed() > Duration::from_secs(300) {
            return Err(format!("only {} were handed on", relay.sent()));
        }
        // The pause bounds the error of the time at a hundredth of a second.
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(started.elapsed().into())
}

/// `smtp-source` on ten connections.
fn offer(address: &str, load: Load) -> Result<(), String> {
    let program = postfix::find("smtp-source").ok_or("smtp-source is missing")?;
    let status = Command::new(program)
        .args(["-s", "10", "-d"])
        .args(["-m", &load.messages.to_string()])
        .args(["-l", &load.octets.to_string()])
        .args(["-f", "clinic@harbor.example", "-t", "pat@mail.example"])
        .arg(address)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .map_err(|error| format!("cannot start smtp-source: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err("smtp-source was refused".to_owned())
    }
}
