//! How many durable commits a second this disk gives: one row and one audit
//! entry each, as a delivery makes them, by one writer and by 64 at a time.
//!
//! `cargo bench -p mailseal-benches --bench commit_rate`. The folder is the
//! system's for temporary files, or that of `TMPDIR`.
#![allow(clippy::print_stdout)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mailseal::audit::{Audit, Event, EventKind};
use mailseal::base::{Keys, MessageId, SystemClock};
use mailseal::storage::{Batch, Durability, Op, Row, SqliteOptions, Store, Table};

type Failure = Box<dyn std::error::Error + Send + Sync>;

const TIME: Duration = Duration::from_secs(2);

async fn measure(
    path: &std::path::Path,
    durability: Durability,
    writers: usize,
) -> Result<f64, Failure> {
    let store = Arc::new(SqliteOptions::new().durability(durability).open(path)?);
    let keys = Keys::make_ephemeral();
    let audit = Audit::new(
        store.clone(),
        &keys,
        Arc::new(SystemClock),
        "rate.example/log",
    )?;
    let (audit, done) = (Arc::new(audit), Arc::new(AtomicU64::new(0)));
    let start = Instant::now();
    let tasks: Vec<_> = (0..writers)
        .map(|_| {
            let (store, audit, done) = (store.clone(), audit.clone(), done.clone());
            tokio::spawn(async move {
                let pat = "pat@mail.example".parse()?;
                while start.elapsed() < TIME {
                    let id = MessageId::make_random();
                    let event = Event::new(EventKind::Intent).message(id).address(&pat);
                    let row = Row::new(id.as_bytes().to_vec(), vec![0; 2000]);
                    let put = Op::Put {
                        table: Table::Outbox,
                        row,
                    };
                    store
                        .commit(Batch::from_iter([put, audit.entry(&event)]))
                        .await?;
                    done.fetch_add(1, Ordering::Relaxed);
                }
                Ok::<(), Failure>(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    let count = done.load(Ordering::Relaxed);
    if audit.size().await? != count {
        return Err("the log does not have what was committed".into());
    }
    Ok(f64::from(u32::try_from(count)?) / start.elapsed().as_secs_f64())
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    // Cargo passes `--bench` when it benches, and not when it tests.
    if !std::env::args().any(|argument| argument == "--bench") {
        println!("commit_rate: not a test; run it by `cargo xtask bench`");
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    for durability in [Durability::Full, Durability::Relaxed] {
        for writers in [1, 64] {
            let path = folder.path().join(format!("{durability:?}-{writers}.db"));
            let rate = measure(&path, durability, writers).await?;
            println!("{durability:?}, {writers:>2} writers: {rate:>6.0} commits/s");
        }
    }
    Ok(())
}
