//! Sends a message: plans, explains, delivers, and prints the receipt.

use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use mailseal::base::RecipientId;
use mailseal::compose::Message;
use mailseal::policy::Show;
use mailseal::{Plan, Receipt, Status};
use mailseal_examples::config::{Config, Trouble};
use mailseal_examples::print::{Paint, receipt};
use serde_json::{Value, json};

/// Send an RFC 5322 message so that every recipient gets the protection that
/// the policy asks for.
///
/// Exit codes: 0 delivered to all, 1 error, 2 usage, 3 refused by the policy
/// for somebody (nothing was sent), 4 deferred or unknown for somebody,
/// 5 rejected by a mail host for somebody.
#[derive(Debug, Parser)]
#[command(name = "send")]
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
    /// How addresses are shown: index, masked or clear.
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

fn id(text: &str) -> Result<RecipientId, String> {
    text.strip_prefix('r')
        .and_then(|n| n.parse().ok())
        .map(RecipientId::new)
        .ok_or_else(|| "expected r0, r1, …".to_owned())
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments).await {
        Ok(code) => ExitCode::from(code),
        Err(trouble) if arguments.json => {
            println!(
                "{}",
                json!({"error": {"code": trouble.code, "message": trouble.message}})
            );
            ExitCode::from(1)
        }
        Err(trouble) => {
            eprintln!("send: {trouble}");
            ExitCode::from(1)
        }
    }
}

async fn run(arguments: &Arguments) -> Result<u8, Trouble> {
    let config = Config::read(&arguments.config)?;
    let client = config.client().await?;
    let paint = Paint::stdout();
    if arguments.due {
        let report = client.deliver_due().await?;
        if arguments.json {
            println!("{:#}", json!({"due": report}));
        } else {
            println!(
                "{} copies tried, {} could not be read",
                report.outcomes.len(),
                report.failed
            );
            for (id, outcome) in &report.outcomes {
                let line = mailseal_examples::print::outcome(outcome);
                println!(
                    "  {id} {:<4} {} {line}",
                    outcome.recipient.to_string(),
                    paint.status(outcome.status, 12)
                );
            }
        }
        return Ok(exit_code(report.outcomes.iter().map(|(_, o)| o.status)));
    }
    let raw = read(arguments.message.as_deref())?;
    let message = Message::parse(&raw)?;
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
        print!("{}", plan.explain(arguments.show));
    }
    let refused = plan.refused();
    if arguments.dry_run || !refused.is_empty() {
        if arguments.json {
            println!(
                "{:#}",
                json!({"plan": plan_json(&plan, arguments.show), "receipt": null})
            );
        } else if refused.is_empty() {
            println!("Nothing was sent (--dry-run).");
        } else {
            let ids: Vec<String> = refused.iter().map(|id| format!("--drop {id}")).collect();
            println!(
                "Nothing was sent: the policy refuses. To send to the others: {}",
                ids.join(" ")
            );
        }
        return Ok(if refused.is_empty() { 0 } else { 3 });
    }
    let planned = plan_json(&plan, arguments.show);
    let sent = client.send(plan).await?;
    if arguments.json {
        println!(
            "{:#}",
            json!({"plan": planned, "receipt": receipt_json(&sent)})
        );
    } else {
        print!("{}", receipt(&sent, paint));
        for outcome in &sent.outcomes {
            if let Some(code) = outcome.passcode() {
                println!(
                    "  {:<4} pickup code {}: tell it by telephone or in person, never by e-mail",
                    outcome.recipient.to_string(),
                    code.expose()
                );
            }
        }
    }
    Ok(exit_code(sent.outcomes.iter().map(|o| o.status)))
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

fn read(path: Option<&std::path::Path>) -> Result<Vec<u8>, Trouble> {
    let path = path.unwrap_or(std::path::Path::new("-"));
    let trouble = |e: std::io::Error| Trouble::new("send.read", format!("{}: {e}", path.display()));
    if path == std::path::Path::new("-") {
        let mut raw = Vec::new();
        std::io::stdin().read_to_end(&mut raw).map_err(trouble)?;
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
    let mut value = json!(receipt);
    if let Some(outcomes) = value.get_mut("outcomes").and_then(Value::as_array_mut) {
        for (json, outcome) in outcomes.iter_mut().zip(&receipt.outcomes) {
            if let Some(code) = outcome.passcode() {
                json["passcode"] = json!(code.expose());
            }
        }
    }
    value
}
