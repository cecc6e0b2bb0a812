//! Looks into the audit log: shows it, asks it, checks it, exports it.

use std::ffi::OsString;
use std::fs;
use std::io::{BufReader, BufWriter, ErrorKind};
use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand};
use mailseal::audit::{Checkpoint, Entry, VerifierKey, verify_export};
use mailseal::base::ReceiptId;
use serde_json::{Value, json};

use crate::Streams;
use crate::config::{Config, Trouble};

/// Look into the audit log.
///
/// Keep checkpoints outside the database (in a ticket, on paper, with another
/// organisation): `verify` then finds any edit, removal, reorder or truncation.
/// Exit codes: 0 fine, 1 error or a log that does not verify, 2 usage.
#[derive(Debug, Parser)]
#[command(name = "audit")]
struct Arguments {
    /// The configuration file.
    #[arg(
        long,
        value_name = "FILE",
        default_value = "mailseal.toml",
        global = true
    )]
    config: PathBuf,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the newest entries.
    Show {
        /// How many.
        #[arg(long, default_value_t = 50)]
        last: u64,
    },
    /// Show what was recorded about an address or a receipt.
    #[command(group(clap::ArgGroup::new("about").required(true)))]
    Query {
        /// What went to this address?
        #[arg(long, value_name = "ADDRESS", group = "about")]
        address: Option<String>,
        /// What became of this call of send?
        #[arg(long, value_name = "ID", group = "about")]
        receipt: Option<String>,
    },
    /// Sign a checkpoint of the log as it is now, to be kept elsewhere.
    Checkpoint,
    /// Print the public key that verifies checkpoints.
    Key,
    /// Check the log against a checkpoint that was kept elsewhere.
    Verify {
        /// The file with the checkpoint.
        checkpoint: PathBuf,
    },
    /// Write every entry as a line of JSON.
    Export {
        /// The file to write.
        file: PathBuf,
    },
    /// Check an export without the database: needs no configuration.
    VerifyExport {
        /// The exported file.
        file: PathBuf,
        /// The file with the checkpoint.
        checkpoint: PathBuf,
        /// The public key, as `audit key` prints it.
        key: String,
    },
}

/// The program: takes its arguments, its own name first, and returns its exit
/// code.
pub async fn program(arguments: impl Iterator<Item = OsString>, mut io: Streams<'_>) -> u8 {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(help) => return crate::usage(&help, &mut io),
    };
    match run(&arguments, &mut io).await {
        Ok(()) => 0,
        Err(trouble) => crate::complain("audit", &trouble, arguments.json, &mut io),
    }
}

async fn run(arguments: &Arguments, io: &mut Streams<'_>) -> Result<(), Trouble> {
    if let Command::VerifyExport {
        file,
        checkpoint,
        key,
    } = &arguments.command
    {
        let key: VerifierKey = key.parse()?;
        let reader = BufReader::new(fs::File::open(file).map_err(|e| trouble(file, &e))?);
        let verified = verify_export(reader, &read_checkpoint(checkpoint)?, &key)?;
        return say_verified(arguments.json, verified.covered, verified.beyond, io);
    }
    let client = Config::read(&arguments.config)?.reader().await?;
    let log = client.audit();
    match &arguments.command {
        Command::Show { last } => {
            let size = log.size().await?;
            let entries = log.entries(size.saturating_sub(*last)..size).await?;
            table(&entries, arguments.json, io)?;
            if !arguments.json {
                writeln!(io.out, "{} of {size} entries", entries.len())?;
            }
        }
        Command::Query { address, receipt } => {
            let entries = match (address, receipt) {
                (Some(address), _) => log.about(&address.parse()?).await?,
                (None, Some(id)) => {
                    let id: ReceiptId = id.parse().map_err(|_| {
                        Trouble::new(
                            "audit.receipt",
                            "not a receipt id: 32 hexadecimal digits are expected",
                        )
                    })?;
                    log.of_receipt(id).await?
                }
                (None, None) => Vec::new(),
            };
            table(&entries, arguments.json, io)?;
            if !arguments.json && entries.is_empty() {
                writeln!(io.out, "Nothing is recorded about it.")?;
            }
        }
        Command::Checkpoint => write!(io.out, "{}", log.checkpoint().await?)?,
        Command::Key => writeln!(io.out, "{}", log.verifier_key())?,
        Command::Verify { checkpoint } => {
            let verified = log.verify(&read_checkpoint(checkpoint)?).await?;
            say_verified(arguments.json, verified.covered, verified.beyond, io)?;
        }
        Command::Export { file } => {
            let out = fs::File::create_new(file).map_err(|error| match error.kind() {
                ErrorKind::AlreadyExists => Trouble::new(
                    "audit.file",
                    format!("{} is there already: give another name", file.display()),
                ),
                _ => trouble(file, &error),
            })?;
            let lines = log.export(&mut BufWriter::new(out)).await?;
            if arguments.json {
                writeln!(io.out, "{}", json!({"exported": lines}))?;
            } else {
                writeln!(io.out, "{lines} entries written to {}", file.display())?;
            }
        }
        Command::VerifyExport { .. } => {}
    }
    Ok(())
}

fn read_checkpoint(path: &Path) -> Result<Checkpoint, Trouble> {
    let text = fs::read_to_string(path).map_err(|e| trouble(path, &e))?;
    Ok(text.parse()?)
}

fn trouble(path: &Path, error: &std::io::Error) -> Trouble {
    Trouble::new("audit.file", format!("{}: {error}", path.display()))
}

fn say_verified(
    json: bool,
    covered: u64,
    beyond: u64,
    io: &mut Streams<'_>,
) -> Result<(), Trouble> {
    if json {
        let verified = json!({"verified": true, "covered": covered, "beyond": beyond});
        writeln!(io.out, "{verified}")?;
    } else {
        let ok = io.paint.good("verified");
        writeln!(
            io.out,
            "{ok} {covered} entries are as they were when the checkpoint was made; {beyond} came after it"
        )?;
    }
    Ok(())
}

fn table(entries: &[Entry], json: bool, io: &mut Streams<'_>) -> Result<(), Trouble> {
    if json {
        let values: Vec<Value> = entries
            .iter()
            .filter_map(|e| serde_json::from_slice(e.leaf()).ok())
            .collect();
        writeln!(io.out, "{:#}", json!(values))?;
        return Ok(());
    }
    let rows: Vec<[String; 8]> = entries.iter().map(|e| e.cells().map(short)).collect();
    let mut widths: Vec<usize> = Entry::COLUMNS.iter().map(|c| c.len()).collect();
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: Vec<&str>| {
        let padded: Vec<String> = cells
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        padded.join("  ").trim_end().to_owned()
    };
    let head = line(Entry::COLUMNS.to_vec());
    writeln!(io.out, "{}", io.paint.bold(&head))?;
    for row in &rows {
        let row = line(row.iter().map(String::as_str).collect());
        writeln!(io.out, "{row}")?;
    }
    Ok(())
}

/// A list of reasons fits a line: each once, and not whose it is. JSON has them
/// as they are.
fn short(cell: String) -> String {
    if !cell.starts_with("policy.") {
        return cell;
    }
    let mut words: Vec<&str> = Vec::new();
    for word in cell.split(',').map(|w| w.trim_start_matches("policy.")) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words.join(" ")
}
