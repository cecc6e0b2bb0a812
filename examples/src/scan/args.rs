//! What the program is told.

use std::path::PathBuf;

use clap::Parser;

use super::envelope::Mailbox;

const HELP: &str = "\
What is read:
  A mail (by its header, whatever its name) is scanned as it is. Any other file
  is scanned as the attachment of an empty mail; --from, --to and --audience say
  whose mail that is, since the same list of names means more when a clinic
  sends it. To mails only --audience is added. Folders are read with all that is
  in them, sorted; symbolic links that lead out of them are not followed. They,
  special files and folders that cannot be read are told as unscannable. `-` is
  standard input.

What is shown:
  A verdict for each file with its reasons, then each finding with its place,
  how sure it is and the evidence. Values are masked (first and last character)
  unless --show-values is given, in file names and in the names of entries too.
  What no scanner found is not masked anywhere, so the HTML report shows no text
  without --show-values, only the findings; context is then reduced to labels.
  The HTML report is made readable for its owner only.
  In --json, n is a file's place in the order of files, which tells those apart
  whose names are masked alike; start and end count Unicode code points in the
  part's text, and are null within a container; misaddressed needs --roster.

Verdicts and exit codes:
   0  none         nothing that is PHI was found
  10  phi          some file is PHI
  11  sensitive    some file is PHI of a specially protected kind
  12  unscannable  some file could not be read in full, and none is PHI;
                   never take it for clean
   1  error; also where a PATH cannot be read and nothing else is PHI
   2  wrong usage
  With --jsonl the exit code is 0 if all lines were scanned, and 1 otherwise.

--jsonl reads labelled mails, one JSON object a line: id, from, to, audience,
subject, text, html, attachments (name, media_type, text). For each it prints
  {\"id\":…,\"sensitivity\":\"none|phi|sensitive\",
   \"findings\":[{\"kind\":…,\"where\":…,\"start\":…,\"end\":…}]}
and nothing else. start and end count Unicode code points in the text as it was
given. An attachment's text is scanned as text, whatever its media type. A mail
of which some part cannot be scanned, or whose from or to is no address, is told
on standard error and is at least phi. A line that is no such object is told
there too, and nothing is printed for it: take it for phi.

Examples:
  scan message.eml
  scan --from 'Harbor Clinic <desk@harbor.example>' lists/ --html report.html
  scan --json outbox/ | jq '.files[] | select(.verdict != \"none\") | .file'
  scan --jsonl dev.jsonl --time > predictions.jsonl
";

/// Scan mails, files and folders for protected health information (PHI).
#[derive(Debug, Parser)]
#[command(name = "scan", after_long_help = HELP)]
pub struct Arguments {
    /// Mails, other files, or folders of them; `-` reads standard input.
    #[arg(value_name = "PATH", required_unless_present = "jsonl")]
    pub paths: Vec<PathBuf>,
    /// Scan mails given as lines of JSON, and print a line of JSON for each.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["paths", "json", "html", "show_values", "all", "from", "to", "audience"]
    )]
    pub jsonl: Option<PathBuf>,
    /// Print one JSON document.
    #[arg(long)]
    pub json: bool,
    /// Write a report as a web page; it must not exist yet.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Show what was found in clear.
    #[arg(long)]
    pub show_values: bool,
    /// Show all findings of a file, however many; in the report too.
    #[arg(long)]
    pub all: bool,
    /// Who sends what is not a mail.
    #[arg(long, value_name = "ADDRESS")]
    pub from: Option<Mailbox>,
    /// Who gets what is not a mail; may be repeated.
    #[arg(long, value_name = "ADDRESS")]
    pub to: Vec<Mailbox>,
    /// The list or segment that the mails go to.
    #[arg(long, value_name = "WORDS")]
    pub audience: Option<String>,
    /// What the house knows: patterns, words, what is allowed, known files, as
    /// `mailseal::dlp::HostKnowledge` reads it.
    #[arg(long, value_name = "TOML")]
    pub host: Option<PathBuf>,
    /// The patients of the house, as the example `roster` builds it: they are
    /// found with certainty, and a mail that names one and goes to another is told.
    #[arg(long, value_name = "FILE", requires = "roster_key")]
    pub roster: Option<PathBuf>,
    /// The key file of --roster.
    #[arg(long, value_name = "FILE", requires = "roster")]
    pub roster_key: Option<PathBuf>,
    /// How many threads scan; by default as many as there are cores, and 1
    /// with --jsonl.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub threads: Option<u16>,
    /// Leave the model for names and words out: faster, blind to most names,
    /// and without a verdict on the message.
    #[arg(long)]
    pub without_names: bool,
    /// Print how long it took, on standard error. The scanner has read its
    /// models before.
    #[arg(long)]
    pub time: bool,
    /// Scan the mails of --jsonl so many times; --time tells the fastest.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        requires_all = ["jsonl", "time"],
        value_parser = clap::value_parser!(u16).range(1..=1000)
    )]
    pub rounds: u16,
}

impl Arguments {
    /// The threads to scan with.
    pub fn threads(&self) -> usize {
        match self.threads {
            Some(n) => n.into(),
            None if self.jsonl.is_some() => 1,
            None => std::thread::available_parallelism().map_or(1, usize::from),
        }
    }
}
