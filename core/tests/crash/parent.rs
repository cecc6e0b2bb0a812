//! Starts children and kills them.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mailseal::Status;
use mailseal::base::ReceiptId;

use super::child::{ORDER, Order};
use super::sink::Sink;

/// Longer than a lease.
const STEP: Duration = Duration::from_secs(20 * 60);
/// Roughly how many steps one message takes.
const STEPS: u64 = 13;

/// What came of it.
pub(crate) struct Run {
    pub(crate) sink: Sink,
    pub(crate) kills: u64,
    /// The last checkpoint that a child gave out.
    pub(crate) checkpoint: String,
    /// What children said of their receipts.
    pub(crate) told: Vec<(ReceiptId, Status)>,
    pub(crate) next_offset: Duration,
}

/// The child that runs now, and when it dies.
#[derive(Default)]
struct Fate {
    child: Option<Child>,
    steps: u64,
    dies_at: Option<u64>,
}

impl Fate {
    fn step(&mut self) {
        self.steps += 1;
        if Some(self.steps) == self.dies_at
            && let Some(child) = &mut self.child
        {
            child.kill().unwrap();
        }
    }
}

pub(crate) fn run(folder: &Path, seed: u64, kills: u64, messages: u64) -> Run {
    let fate = Arc::new(Mutex::new(Fate::default()));
    let shared = Arc::clone(&fate);
    let sink = Sink::start(Arc::new(move || shared.lock().unwrap().step()));
    let mut random = seed | 1;
    let mut rest: BTreeSet<u64> = (0..messages).collect();
    let mut run = Run {
        sink,
        kills: 0,
        checkpoint: String::new(),
        told: Vec::new(),
        next_offset: Duration::ZERO,
    };
    loop {
        let left = kills - run.kills;
        let mean = (rest.len() as u64 * STEPS).checked_div(left);
        let dies_at = mean.map(|mean| 1 + next(&mut random) % (2 * mean).max(3));
        let order = Order {
            folder: folder.into(),
            sink: run.sink.address(),
            offset: run.next_offset,
            concurrency: usize::try_from(1 + next(&mut random) % 4).unwrap(),
            messages: rest.iter().copied().collect(),
            checkpoint: Some(run.checkpoint.clone()).filter(|text| !text.is_empty()),
        };
        run.next_offset += STEP;
        let killed = live(&fate, &order, dies_at, &mut run, &mut rest);
        run.sink.settle();
        run.kills += u64::from(killed);
        if !killed && left == 0 {
            return run;
        }
    }
}

/// One child's life. Whether it was killed.
fn live(
    fate: &Mutex<Fate>,
    order: &Order,
    dies_at: Option<u64>,
    run: &mut Run,
    rest: &mut BTreeSet<u64>,
) -> bool {
    let pipe = {
        let mut fate = fate.lock().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "child_process",
                "--exact",
                "--nocapture",
                "--test-threads=1",
            ])
            .env(ORDER, serde_json::to_string(order).unwrap())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let pipe = child.stdout.take().unwrap();
        *fate = Fate {
            child: Some(child),
            steps: 0,
            dies_at,
        };
        pipe
    };
    let mut done = false;
    let mut reader = BufReader::new(pipe);
    let mut line = String::new();
    // A line without its end was cut off by the kill: it was never said.
    while reader.read_line(&mut line).unwrap() > 0 && line.ends_with('\n') {
        let words: Vec<&str> = line.split_whitespace().collect();
        let mut counts = true;
        match words.as_slice() {
            ["sent", index, receipt, status] => {
                rest.remove(&index.parse().unwrap());
                run.told.push((receipt.parse().unwrap(), parse(status)));
            }
            ["due", receipt, status] => run.told.push((receipt.parse().unwrap(), parse(status))),
            ["checkpoint", ..] => {
                let (_, text) = line.split_once(' ').unwrap();
                run.checkpoint = serde_json::from_str(text).unwrap();
            }
            ["done"] => done = true,
            ["started" | "opened" | "commits" | "committed"] => {}
            // The harness' own words.
            _ => counts = false,
        }
        if counts {
            fate.lock().unwrap().step();
        }
        line.clear();
    }
    let mut child = fate.lock().unwrap().child.take().unwrap();
    let status = child.wait().unwrap();
    let killed = std::os::unix::process::ExitStatusExt::signal(&status) == Some(9);
    assert!(
        killed || (done && status.success()),
        "the child failed: {status}"
    );
    killed
}

fn parse(word: &str) -> Status {
    serde_json::from_value(word.into()).unwrap()
}

/// xorshift64: which points are struck needs no better.
fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}
