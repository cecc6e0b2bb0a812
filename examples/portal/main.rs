//! The pickup page, run alone with TLS: keeps a few messages in escrow, prints
//! their links and what opens them, and serves until it is stopped.
//!
//! Codes "by e-mail" and "by SMS" are printed here, since nothing is sent.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use mailseal::base::{Keys, TlsAssurance};
use mailseal::deliver::Smtp;
use mailseal::policy::Policy;
use mailseal::storage::{MemoryStore, SqliteStore, Store};
use mailseal::{Client, EscrowOptions, Storage};

mod load;
mod samples;
mod serve;
mod trial;

type Trouble = Box<dyn std::error::Error + Send + Sync>;

/// Serves the pickup page on loopback, with messages to try it.
#[derive(Parser)]
#[command(name = "portal", after_help = AFTER)]
struct Options {
    /// The port; 0 takes a free one.
    #[arg(long, default_value_t = 8443)]
    port: u16,
    /// An SQLite file to keep everything in; in memory where none is given.
    #[arg(long, value_name = "FILE")]
    database: Option<PathBuf>,
    /// The size of the large attachment.
    #[arg(long, value_name = "MB", default_value_t = 5)]
    attachment_mb: usize,
    /// Writes the links and what opens them to a file, as JSON.
    #[arg(long, value_name = "FILE")]
    links: Option<PathBuf>,
    /// Measures pickups a second for so long, each on record in the audit log,
    /// and ends.
    #[arg(long, value_name = "SECONDS")]
    load: Option<u64>,
    /// How many visitors pick up at a time when measuring.
    #[arg(long, value_name = "N", default_value_t = 16)]
    visitors: usize,
}

const AFTER: &str = "The certificate is made anew at each start, so browsers warn of it.

  cargo run --release --example portal
  cargo run --release --example portal -- --database /tmp/portal.db --load 60";

#[tokio::main]
async fn main() -> ExitCode {
    match run(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            eprintln!("portal: {trouble}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<(), Trouble> {
    let store: Arc<dyn Store> = match &options.database {
        Some(path) => Arc::new(SqliteStore::open(path)?),
        None => Arc::new(MemoryStore::new()),
    };
    let keys = match &options.database {
        Some(path) => Keys::file(path.with_extension("key"))?,
        None => Keys::make_ephemeral(),
    };
    let listener = serve::listen(SocketAddr::from(([127, 0, 0, 1], options.port))).await?;
    let port = listener.local_addr()?.port();
    let base = format!("https://localhost:{port}");
    // As a deployment has it: pickups are on record in the audit log, replies
    // are scanned. Nothing goes through the relay here.
    let relay = Smtp::relay("smtps://nobody@localhost")?;
    let client = Client::builder()
        .policy(Policy::hipaa())
        .storage(Storage::custom(Arc::clone(&store)))
        .keys(keys)
        .transport(relay.onward(TlsAssurance::Authenticated))
        .escrow(EscrowOptions::new(&base, "Harbor Clinic").contact("+1 555 0100"))
        .build()
        .await?;
    let escrow = client.escrow().ok_or("no escrow")?.clone();
    let trial = trial::Trial::new(options.load.is_some());
    let portal = client
        .portal()
        .ok_or("no portal")?
        .logo(mailseal::portal::LogoType::Svg, trial::LOGO)
        .code_sender(trial.clone())
        .host(trial.clone())
        .replies(true)
        .build()?;
    let tls = serve::Tls::make()?;
    let router = portal.router().merge(trial.router());

    if let Some(seconds) = options.load {
        // A grant takes 60 sessions in half an hour: enough of them for 1,200
        // pickups a second.
        let grants = (options.visitors * 4).max(usize::try_from(seconds)? * 20);
        let kept = samples::many(&escrow, &*store, grants).await?;
        let stop = serve::spawn(listener, router, &tls)?;
        let time = Duration::from_secs(seconds);
        let before = client.audit().size().await?;
        let report = load::run(port, &tls, kept, options.visitors, time).await?;
        stop.finish().await;
        let entries = client.audit().size().await? - before;
        println!("{report}, {entries} entries in the audit log");
        // Views are counted by session: every pickup is a release on record.
        return match report.is_clean(entries) {
            true => Ok(()),
            false => Err("some pickups failed, or are not on record".into()),
        };
    }

    let samples = samples::make(&escrow, &*store, options.attachment_mb).await?;
    for sample in &samples {
        println!("{sample}\n");
    }
    println!("Codes by e-mail and SMS are printed below. Ctrl-C ends.\n");
    if let Some(path) = &options.links {
        std::fs::write(path, samples::json(&samples, &base).to_string())?;
    }
    let stop = serve::spawn(listener, router, &tls)?;
    tokio::signal::ctrl_c().await?;
    stop.finish().await;
    portal.close().await;
    Ok(())
}
