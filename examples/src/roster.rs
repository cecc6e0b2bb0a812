//! Builds a roster of patients, looks somebody up in it, says what it holds.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::{Args, Parser, Subcommand};
use mailseal::base::{Address, Keys};
use mailseal::dlp::{PatientId, PatientRecord, Roster, RosterBuilder, RosterHit};
use serde_json::json;

use crate::Streams;
use crate::config::Trouble;
use crate::print::count;

/// A text to look into is no longer than this.
const MAX_TEXT: u64 = 64 << 20;
/// Lines that --skip tells about, one by one.
const MAX_TOLD: usize = 20;

/// Build and ask a roster of patients.
///
/// The roster holds keyed hashes only. Keep the key file elsewhere: who has
/// both can test guesses.
/// Exit codes: 0 fine or found, 1 error, 2 usage, 3 nobody found.
#[derive(Debug, Parser)]
#[command(name = "roster")]
struct Arguments {
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build a roster from a CSV file.
    ///
    /// Its first line names the columns, in any order: id (a text, or a number
    /// without zeros before it),
    /// given, family, dob, mrn, ssn, plan_id, phone, email, proxy (who may
    /// receive the patient's mail), street. All but id may be left out or be
    /// empty; a column may stand there twice, and a field may hold several
    /// values parted by semicolons.
    Build {
        /// The file.
        patients: PathBuf,
        /// The key file; made if missing.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// Where the roster goes.
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
        /// Leave out lines with a wrong value instead of stopping.
        #[arg(long)]
        skip: bool,
    },
    /// Look somebody up.
    Check {
        /// The roster.
        roster: PathBuf,
        /// Its key file.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        #[command(flatten)]
        who: Who,
    },
    /// Say what a roster holds.
    Stats {
        /// The roster.
        roster: PathBuf,
        /// Its key file.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
}

/// What is looked up. It stays in the shell's history; `--text -` does not.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
struct Who {
    /// A full name.
    #[arg(long)]
    name: Option<String>,
    /// The birth date that goes with the name.
    #[arg(long, requires = "name")]
    dob: Option<String>,
    /// A medical record number.
    #[arg(long)]
    mrn: Option<String>,
    /// Any other value: a telephone number, an address.
    #[arg(long)]
    value: Option<String>,
    /// A file to look into; `-` reads standard input.
    #[arg(long, value_name = "FILE")]
    text: Option<PathBuf>,
}

/// The program: takes its arguments, its own name first, and returns its exit
/// code.
pub fn program(arguments: impl Iterator<Item = OsString>, mut io: Streams<'_>) -> u8 {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(help) => return crate::usage(&help, &mut io),
    };
    match run(&arguments, &mut io) {
        Ok(code) => code,
        Err(trouble) => crate::complain("roster", &trouble, arguments.json, &mut io),
    }
}

fn run(arguments: &Arguments, io: &mut Streams<'_>) -> Result<u8, Trouble> {
    match &arguments.command {
        Command::Build {
            patients,
            key,
            output,
            skip,
        } => build(patients, key, output, *skip, arguments.json, io),
        Command::Check { roster, key, who } => {
            let roster = read(roster, key)?;
            check(&roster, who, arguments.json, io)
        }
        Command::Stats { roster, key } => {
            let roster = read(roster, key)?;
            stats(&roster, arguments.json, io)
        }
    }
}

fn trouble(path: &Path, error: &std::io::Error) -> Trouble {
    Trouble::new("roster.file", format!("{}: {error}", path.display()))
}

/// The roster of a file. A key file that is missing is not made here.
pub(crate) fn read(path: &Path, key: &Path) -> Result<Roster, Trouble> {
    fs::metadata(key).map_err(|e| trouble(key, &e))?;
    let keys = Keys::file(key)?;
    let bytes = fs::read(path).map_err(|e| trouble(path, &e))?;
    Ok(Roster::from_bytes(&bytes, &keys)?)
}

fn stats(roster: &Roster, json: bool, io: &mut Streams<'_>) -> Result<u8, Trouble> {
    let (patients, values, memory) = (roster.len(), roster.values(), roster.memory());
    if json {
        let all = json!({"patients": patients, "values": values, "memory": memory});
        writeln!(io.out, "{all}")?;
    } else {
        writeln!(io.out, "patients  {patients}")?;
        writeln!(io.out, "values    {values}")?;
        writeln!(
            io.out,
            "memory    {memory} bytes, {} a patient",
            memory / patients.max(1)
        )?;
    }
    Ok(0)
}

fn check(roster: &Roster, who: &Who, json: bool, io: &mut Streams<'_>) -> Result<u8, Trouble> {
    let mut text = String::new();
    if let Some(path) = &who.text {
        let input: &mut dyn Read = match path.as_os_str() == "-" {
            true => &mut *io.input,
            false => &mut fs::File::open(path).map_err(|e| trouble(path, &e))?,
        };
        let mut bytes = Vec::new();
        input
            .take(MAX_TEXT)
            .read_to_end(&mut bytes)
            .map_err(|e| trouble(path, &e))?;
        text.push_str(&String::from_utf8_lossy(&bytes));
        text.push_str("\n\n");
    }
    for (label, value) in [
        ("", &who.name),
        ("DOB ", &who.dob),
        ("\nMRN ", &who.mrn),
        ("\n\n", &who.value),
    ] {
        if let Some(value) = value {
            text.push_str(label);
            text.push_str(value);
            text.push(' ');
        }
    }
    let hits = roster.find(&text);
    if json {
        let all: Vec<_> = hits.iter().map(hit_json).collect();
        writeln!(io.out, "{:#}", json!(all))?;
    } else {
        for hit in &hits {
            let ids: Vec<String> = hit.patients.iter().map(|p| p.0.to_string()).collect();
            let more = if hit.more { " and more" } else { "" };
            let confidence = format!("{:?}", hit.confidence).to_lowercase();
            let line = format!("{confidence:<7} {:<20}", hit.field.word());
            writeln!(io.out, "{} {}{more}", io.paint.good(&line), ids.join(" "))?;
        }
        if hits.is_empty() {
            writeln!(io.out, "nobody")?;
        }
    }
    Ok(if hits.is_empty() { 3 } else { 0 })
}

fn hit_json(hit: &RosterHit) -> serde_json::Value {
    let ids: Vec<u64> = hit.patients.iter().map(|p| p.0).collect();
    json!({
        "field": hit.field.word(),
        "confidence": hit.confidence,
        "patients": ids,
        "more": hit.more,
        "at": [hit.range.start, hit.range.end],
    })
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Id,
    Given,
    Family,
    Dob,
    Mrn,
    Ssn,
    Plan,
    Phone,
    Email,
    Proxy,
    Street,
}

const COLUMNS: &[(&str, Column)] = &[
    ("id", Column::Id),
    ("given", Column::Given),
    ("family", Column::Family),
    ("dob", Column::Dob),
    ("mrn", Column::Mrn),
    ("ssn", Column::Ssn),
    ("plan_id", Column::Plan),
    ("phone", Column::Phone),
    ("email", Column::Email),
    ("proxy", Column::Proxy),
    ("street", Column::Street),
];

/// What is wrong with a line, and in which column.
struct Wrong {
    column: &'static str,
    why: String,
}

fn build(
    patients: &Path,
    key: &Path,
    output: &Path,
    skip: bool,
    json: bool,
    io: &mut Streams<'_>,
) -> Result<u8, Trouble> {
    let file = fs::File::open(patients).map_err(|e| trouble(patients, &e))?;
    let size = file.metadata().map_or(0, |m| m.len());
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .buffer_capacity(256 * 1024)
        .from_reader(file);
    let columns = columns(reader.headers().map_err(|e| not_csv(&e))?)?;
    let fresh = !key.exists();
    let mut builder = RosterBuilder::new(&Keys::file(key)?);
    let mut progress = Progress::new(size);
    let mut skipped = 0usize;
    let mut line = csv::StringRecord::new();
    while reader.read_record(&mut line).map_err(|e| not_csv(&e))? {
        let position = line.position().map_or((0, 0), |p| (p.line(), p.byte()));
        if let Err(wrong) = add(&mut builder, &columns, &line) {
            let (number, column, why) = (position.0, wrong.column, wrong.why);
            let message = format!("line {number}, column {column}: {why}");
            if !skip {
                return Err(Trouble::new("roster.csv", message));
            }
            skipped += 1;
            if skipped <= MAX_TOLD {
                writeln!(io.err, "left out: {message}")?;
            }
        }
        progress.tell(position.1, builder.len(), io)?;
    }
    if builder.is_empty() {
        let message = "the file has no patient: nothing was written";
        return Err(Trouble::new("roster.csv", message));
    }
    let (nameless, unfindable) = (builder.nameless(), builder.unfindable());
    let roster = builder.build();
    let bytes = roster.to_bytes();
    write(output, &bytes)?;
    if json {
        let all = json!({
            "patients": roster.len(),
            "skipped": skipped,
            "nameless": nameless,
            "unfindable": unfindable,
            "bytes": bytes.len(),
        });
        writeln!(io.out, "{all}")?;
        return Ok(0);
    }
    let done = io.paint.good("written");
    writeln!(
        io.out,
        "{done} {}, {}, {} in {:.1} s",
        count(roster.len(), "patient"),
        count(roster.values(), "value"),
        count(bytes.len(), "byte"),
        progress.start.elapsed().as_secs_f64()
    )?;
    if skipped > 0 {
        writeln!(io.out, "left out: {}", count(skipped, "line"))?;
    }
    if nameless > 0 {
        let who = count(nameless, "patient");
        writeln!(io.out, "without a name that can be found: {who}")?;
    }
    if unfindable > 0 {
        let who = count(unfindable, "patient");
        writeln!(io.out, "found by nothing: {who}")?;
    }
    if fresh {
        writeln!(
            io.out,
            "A key file was made: keep it elsewhere than the roster, and back it up."
        )?;
    }
    Ok(0)
}

/// What the reader has to say, without the text that it read.
fn not_csv(error: &csv::Error) -> Trouble {
    let line = error.position().map_or(0, csv::Position::line);
    let why = match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "is not UTF-8".to_owned(),
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => format!("has {len} fields, the first line has {expected_len}"),
        csv::ErrorKind::Io(error) => format!("cannot be read: {}", error.kind()),
        _ => "is no CSV".to_owned(),
    };
    Trouble::new("roster.csv", format!("line {line} {why}"))
}

fn columns(header: &csv::StringRecord) -> Result<Vec<(&'static str, Column)>, Trouble> {
    let known = || COLUMNS.iter().map(|c| c.0).collect::<Vec<_>>().join(", ");
    let mut all = Vec::new();
    for (n, name) in (1..).zip(header) {
        let name = name.trim_start_matches('\u{feff}').to_ascii_lowercase();
        let Some(column) = COLUMNS.iter().find(|c| c.0 == name) else {
            // A file without a first line of names has a patient there.
            let message = format!(
                "line 1, column {n}: not a known name; expected: {}",
                known()
            );
            return Err(Trouble::new("roster.csv", message));
        };
        all.push(*column);
    }
    if !all.iter().any(|c| c.1 == Column::Id) {
        let message = "line 1: there is no column id";
        return Err(Trouble::new("roster.csv", message));
    }
    Ok(all)
}

fn add(
    builder: &mut RosterBuilder,
    columns: &[(&'static str, Column)],
    line: &csv::StringRecord,
) -> Result<(), Wrong> {
    let mut record = PatientRecord::new(PatientId(0));
    let (mut given, mut family) = (Vec::new(), Vec::new());
    for (&(name, column), field) in columns.iter().zip(line) {
        let wrong = |why: String| Wrong { column: name, why };
        if column == Column::Id {
            if field.is_empty() {
                return Err(wrong("is empty".to_owned()));
            }
            record = record.with_id(match field.parse::<u64>() {
                Ok(number) if number.to_string() == field => PatientId(number),
                // Two ids must not become one.
                Ok(_) => {
                    let why = "is a number with zeros or a sign before it: write it without, \
                               or with a letter";
                    return Err(wrong(why.to_owned()));
                }
                Err(_) => builder.id_of(field),
            });
            continue;
        }
        for value in field.split(';').map(str::trim).filter(|v| !v.is_empty()) {
            let address = || {
                let address = value.parse::<Address>();
                address.map_err(|e| wrong(e.to_string()))
            };
            record = match column {
                Column::Id => record,
                Column::Given => {
                    given.push(value);
                    record
                }
                Column::Family => {
                    family.push(value);
                    record
                }
                Column::Dob => record.birth_date(value),
                Column::Mrn => record.mrn(value),
                Column::Ssn => record.ssn(value),
                Column::Plan => record.plan_id(value),
                Column::Phone => record.phone(value),
                Column::Email => record.email(&address()?),
                Column::Proxy => record.proxy(&address()?),
                Column::Street => record.street(value),
            };
        }
    }
    // Several family names are a maiden name or an alias, of the same person.
    for (n, family) in family.iter().enumerate() {
        if let Some(given) = given.get(n).or(given.last()) {
            record = record.name(given, family);
        }
    }
    builder.patient(&record).map_err(|error| {
        let field = match error {
            mailseal::dlp::RosterError::Value { field, .. } => field.word(),
            _ => "id",
        };
        let column = match field {
            "birth date" => "dob",
            "plan id" => "plan_id",
            "name" => "given or family",
            word => word,
        };
        Wrong {
            column,
            why: error.to_string(),
        }
    })
}

/// Says now and then how far it is.
struct Progress {
    start: Instant,
    told: Instant,
    size: u64,
}

impl Progress {
    fn new(size: u64) -> Self {
        let now = Instant::now();
        Self {
            start: now,
            told: now,
            size,
        }
    }

    fn tell(&mut self, at: u64, patients: usize, io: &mut Streams<'_>) -> Result<(), Trouble> {
        if !patients.is_multiple_of(1024) || self.told.elapsed() < Duration::from_secs(2) {
            return Ok(());
        }
        self.told = Instant::now();
        let percent = (at * 100).checked_div(self.size).unwrap_or(0);
        writeln!(io.err, "{percent:>3} %  {patients} patients")?;
        Ok(())
    }
}

/// Writes the whole file or nothing, readable by its owner only.
fn write(path: &Path, bytes: &[u8]) -> Result<(), Trouble> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&part).map_err(|e| trouble(&part, &e))?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&part, path))
        .map_err(|e| trouble(path, &e))
}
