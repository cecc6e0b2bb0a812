//! Sends a message: plans, explains, delivers, and prints the receipt.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Parser;
use mailseal::base::{RecipientId, Timestamp};
use mailseal::compose::Message;
use mailseal::deliver::Cause;
use mailseal::policy::Show;
use mailseal::{Client, Plan, Receipt, Status};
use serde_json::{Value, json};

use crate::Streams;
use crate::config::{self, Config, Trouble};
use crate::print;

/// Send an RFC 5322 message so that every recipient gets the protection that
/// the policy asks for.
///
/// Exit codes: 0 delivered to all, 1 error, 2 usage, 3 refused by the policy
/// for somebody (nothing was sent), 4 deferred or unknown for somebody,
/// 5 rejected by a mail host for somebody.
#[derive(Debug, Parser)]
#[command(name = "send", after_long_help = config_help())]
struct Arguments {
    /// The configuration file.
    #[arg(long, value_name = "FILE", default_value = "mailseal.toml")]
    config: PathBuf,
    /// Plan and explain, send nothing.
    #[arg(long)]
    dry_run: bool,
    /// Print plan and receipt as one JSON object.
    #[arg(long)]
    json: bool,
    /// How addresses are shown: index, masked or clear; clear also shows what
    /// the mail host said.
    #[arg(long, default_value = "masked", value_parser = str::parse::<Show>)]
    show: Show,
    /// Leave a recipient out, by the id that the plan shows (r0, r1, …).
    #[arg(long = "drop", value_name = "ID", value_parser = id)]
    drops: Vec<RecipientId>,
    /// Try what is due of earlier messages, instead of sending one.
    #[arg(long, conflicts_with_all = ["message", "dry_run"])]
    due: bool,
    /// The message; `-` reads standard input.
    #[arg(required_unless_present = "due")]
    message: Option<PathBuf>,
}

fn config_help() -> String {
    format!("What mailseal.toml holds:\n\n{}", config::SAMPLE)
}

/// `r0` as the plan shows it, or `0` as JSON does.
fn id(text: &str) -> Result<RecipientId, String> {
    text.strip_prefix('r')
        .unwrap_or(text)
        .parse()
        .map(RecipientId::new)
        .map_err(|_| "expected r0, r1, …".to_owned())
}

/// The program: takes its arguments, its own name first, and returns its exit
/// code.
pub async fn program(arguments: impl Iterator<Item = OsString>, mut io: Streams<'_>) -> u8 {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(help) => return crate::usage(&help, &mut io),
    };
    match run(&arguments, &mut io).await {
        Ok(code) => code,
        Err(trouble) => crate::complain("send", &trouble, arguments.json, &mut io),
    }
}

async fn run(arguments: &Arguments, io: &mut Streams<'_>) -> Result<u8, Trouble> {
    let config = Config::read(&arguments.config)?;
    if arguments.due {
        return due(&config.client().await?, arguments.json, io).await;
    }
    // A message that cannot be sent leaves no database behind.
    let raw = read(arguments.message.as_deref(), io)?;
    let message = Message::parse(&raw)?;
    let client = config.client().await?;
    let mut plan = client.plan(message).await?;
    for id in &arguments.drops {
        if !plan.drop_recipient(*id) {
            return Err(Trouble::new(
                "send.drop",
                format!("the message has no recipient {id}"),
            ));
        }
    }
    if !arguments.json {
        write!(io.out, "{}", plan.explain(arguments.show))?;
    }
    let refused = plan.refused();
    if arguments.dry_run || !refused.is_empty() {
        if arguments.json {
            let plan = plan_json(&plan, arguments.show);
            writeln!(io.out, "{:#}", json!({"plan": plan, "receipt": null}))?;
        } else if refused.is_empty() {
            writeln!(io.out, "Nothing was sent (--dry-run).")?;
        } else {
            refusal(&plan, &refused, &config, io)?;
        }
        return Ok(if refused.is_empty() { 0 } else { 3 });
    }
    let show = arguments.show;
    let planned = plan_json(&plan, show);
    let names: Vec<String> = plan
        .recipients()
        .iter()
        .map(|r| show.recipient(r.id(), r.address()))
        .collect();
    let sent = client.send(plan).await?;
    if arguments.json {
        let both = json!({"plan": planned, "receipt": receipt_json(&sent)});
        writeln!(io.out, "{both:#}")?;
    } else {
        let who = |id: RecipientId| names.get(id.index()).cloned().unwrap_or_default();
        let said = show == Show::Clear;
        write!(io.out, "{}", print::receipt(&sent, who, said, io.paint))?;
        let has = |cause| sent.outcomes.iter().any(|o| o.cause == Some(cause));
        if config.transport.relay.is_some() && has(Cause::TlsHandshake) {
            writeln!(
                io.out,
                "smtps:// speaks TLS from the first octet (port 465), smtp:// after STARTTLS (port 587)."
            )?;
        }
        if sent.outcomes.iter().any(|o| o.status == Status::Deferred) {
            writeln!(
                io.out,
                "What is deferred is kept encrypted: try again with --due."
            )?;
        }
    }
    Ok(exit_code(sent.outcomes.iter().map(|o| o.status)))
}

/// Says what can be done about a refusal.
fn refusal(
    plan: &Plan,
    refused: &[RecipientId],
    config: &Config,
    io: &mut Streams<'_>,
) -> Result<(), Trouble> {
    writeln!(io.out, "Nothing was sent: the policy refuses.")?;
    if let Some(hint) = config.hint() {
        writeln!(io.out, "{hint}")?;
    }
    let left = plan.recipients().iter().filter(|r| !r.is_dropped()).count();
    if left > refused.len() {
        let drops: Vec<String> = refused.iter().map(|id| format!("--drop {id}")).collect();
        writeln!(io.out, "To send to the others: {}", drops.join(" "))?;
    }
    Ok(())
}

/// Tries what is due, and says what waits.
async fn due(client: &Client, json: bool, io: &mut Streams<'_>) -> Result<u8, Trouble> {
    let report = client.deliver_due().await?;
    let waiting = client.unresolved().await?;
    if json {
        let tried: Vec<Value> = report
            .outcomes
            .iter()
            .map(|(id, outcome)| {
                let mut value = readable(json!(outcome));
                if let Some(code) = outcome.passcode() {
                    value["passcode"] = json!(code.expose());
                }
                json!({"receipt": id, "outcome": value})
            })
            .collect();
        let waiting: Vec<Value> = waiting.iter().map(|w| readable(json!(w))).collect();
        let all = json!({
            "tried": tried,
            "failed": report.failed,
            "expired": report.expired,
            "waiting": waiting,
        });
        writeln!(io.out, "{all:#}")?;
    } else {
        if report.outcomes.is_empty() && report.failed == 0 {
            writeln!(io.out, "Nothing is due.")?;
        }
        for (id, outcome) in &report.outcomes {
            let who = format!("{id} {}", outcome.recipient);
            write!(io.out, "{}", print::line(&who, outcome, false, io.paint))?;
        }
        if report.failed > 0 {
            writeln!(
                io.out,
                "{} copies could not be read or recorded; they stay (is `keys` the file they were kept with?)",
                report.failed
            )?;
        }
        if report.expired > 0 {
            writeln!(io.out, "{} pickups expired.", report.expired)?;
        }
        if !waiting.is_empty() {
            writeln!(io.out, "Not at an end yet:")?;
        }
        for w in &waiting {
            let next = match w.next {
                Some(next) => format!("next try from {next}"),
                None => "ask the recipient; it is not sent again by itself".to_owned(),
            };
            let status = io.paint.status(w.status, 11);
            let (receipt, who) = (w.receipt, w.recipient);
            writeln!(io.out, "  {receipt} {who} {status} {next}")?;
        }
    }
    let tried = exit_code(report.outcomes.iter().map(|(_, o)| o.status));
    Ok(if report.failed > 0 { 1 } else { tried })
}

fn exit_code(statuses: impl Iterator<Item = Status>) -> u8 {
    statuses
        .map(|status| match status {
            Status::Delivered | Status::HandedOver | Status::Refused => 0,
            Status::Rejected | Status::GivenUp => 5,
            _ => 4,
        })
        .max()
        .unwrap_or(0)
}

fn read(path: Option<&Path>, io: &mut Streams<'_>) -> Result<Vec<u8>, Trouble> {
    let path = path.unwrap_or(Path::new("-"));
    let trouble = |e: std::io::Error| Trouble::new("send.read", format!("{}: {e}", path.display()));
    if path == Path::new("-") {
        let mut raw = Vec::new();
        io.input.read_to_end(&mut raw).map_err(trouble)?;
        Ok(raw)
    } else {
        std::fs::read(path).map_err(trouble)
    }
}

fn plan_json(plan: &Plan, show: Show) -> Value {
    let recipients: Vec<Value> = plan
        .recipients()
        .iter()
        .map(|planned| {
            let address = match show {
                Show::Clear => Some(planned.address().as_str().to_owned()),
                Show::Masked => Some(planned.address().masked()),
                _ => None,
            };
            json!({
                "id": planned.id(),
                "address": address,
                "dropped": planned.is_dropped(),
                "decision": planned.decision(),
            })
        })
        .collect();
    json!({
        "message": plan.id(),
        "sensitivity": plan.sensitivity(),
        "expires": plan.expires().to_rfc3339(),
        "recipients": recipients,
    })
}

/// The receipt, with the pickup codes that the caller has to pass on.
fn receipt_json(receipt: &Receipt) -> Value {
    let mut value = readable(json!(receipt));
    if let Some(outcomes) = value.get_mut("outcomes").and_then(Value::as_array_mut) {
        for (json, outcome) in outcomes.iter_mut().zip(&receipt.outcomes) {
            if let Some(code) = outcome.passcode() {
                json["passcode"] = json!(code.expose());
            }
        }
    }
    value
}

/// The library keeps times as milliseconds and codes as numbers; a script's
/// reader wants what the tables show.
fn readable(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .map(|(key, value)| {
                let value = match (key.as_str(), &value) {
                    ("created" | "at" | "next_try" | "next", Value::Number(ms)) => {
                        ms.as_i64().map_or(Value::Null, |ms| {
                            json!(Timestamp::from_unix_ms(ms).to_rfc3339())
                        })
                    }
                    ("enhanced", Value::Array(parts)) => {
                        let parts: Vec<String> = parts.iter().map(Value::to_string).collect();
                        json!(parts.join("."))
                    }
                    _ => readable(value),
                };
                (key, value)
            })
            .collect(),
        Value::Array(values) => values.into_iter().map(readable).collect(),
        other => other,
    }
}
