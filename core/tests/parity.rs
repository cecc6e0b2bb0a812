//! Runs the parity cases of `tests/parity/*.json` in Rust. The bindings run the
//! same files; what is expected stands in them once. See `parity/README.md`.
//!
//! `MAILSEAL_PARITY=write` writes what came out into the files, to be read and
//! judged by a person before it is kept.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use data_encoding::BASE64;
use mailseal::base::{Recipient, RecipientId, Sensitivity, Timestamp, TlsAssurance};
use mailseal::compose::{Attachment, Builder, HasRecipient, HasSender, Message};
use mailseal::deliver::Smtp;
use mailseal::discover::Fixed;
use mailseal::dlp::{Findings, HostKnowledge, PhiScanner, Scanner};
use mailseal::policy::{Decision, Policy, Waiver};
use mailseal::wire::Network;
use mailseal::wire::resolver::SystemResolver;
use mailseal::{Client, Error, EscrowOptions, Keys, Plan, PlanOptions, Storage};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A runner that does not know a field fails: `deny_unknown_fields` throughout.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    about: Option<String>,
    call: Call,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    policy: Option<PolicyText>,
    message: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scanner: Option<ScannerText>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    facts: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next_hop: Option<NextHop>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    options: Option<Value>,
    #[serde(default)]
    expect: Value,
}

#[derive(Deserialize, Serialize, Clone, Copy, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Call {
    Scan,
    Plan,
    Send,
    Seal,
}

#[derive(Deserialize, Serialize)]
#[serde(untagged)]
enum PolicyText {
    Preset(String),
    Toml(PolicyToml),
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct PolicyToml {
    toml: String,
}

#[derive(Deserialize, Serialize, Default)]
#[serde(deny_unknown_fields, default)]
struct ScannerText {
    #[serde(skip_serializing_if = "Option::is_none")]
    names: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum NextHop {
    Mx,
    Relay(Relay),
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Relay {
    onward: TlsAssurance,
    #[serde(default)]
    requiretls: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    raw: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct Fields {
    from: Option<String>,
    sender_name: Option<String>,
    to: Vec<String>,
    cc: Vec<String>,
    bcc: Vec<String>,
    reply_to: Option<String>,
    subject: Option<String>,
    text: Option<String>,
    html: Option<String>,
    headers: Vec<(String, String)>,
    attachments: Vec<File>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    media_type: String,
    text: Option<String>,
    base64: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Options {
    declare: Option<Sensitivity>,
    assert_no_phi: Option<String>,
    audience: Option<String>,
    secure: bool,
    disclosure: Option<String>,
    confirm: BTreeMap<String, String>,
    recipients: Vec<Details>,
    patient: Option<String>,
    waivers: Vec<WaiverText>,
    names_patient_only: bool,
    approved: bool,
    escrow: bool,
    drop: Vec<u32>,
    assurance: Option<TlsAssurance>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Details {
    address: String,
    name: Option<String>,
    phone: Option<String>,
    passphrase: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WaiverText {
    address: String,
    patient: String,
    given: i64,
    expires: i64,
}

fn compose(fields: Fields) -> Result<Message, Error> {
    let from = fields.from.as_deref().unwrap_or_default();
    let mut builder = Message::builder().from(from.parse()?);
    if let Some(name) = fields.sender_name {
        builder = builder.sender_name(name);
    }
    if let Some(address) = fields.reply_to {
        builder = builder.reply_to(address.parse()?);
    }
    if let Some(subject) = fields.subject {
        builder = builder.subject(subject);
    }
    if let Some(text) = fields.text {
        builder = builder.text(text);
    }
    if let Some(html) = fields.html {
        builder = builder.html(html);
    }
    for (name, value) in fields.headers {
        builder = builder.header(name, value);
    }
    for file in fields.attachments {
        let content = match (file.text, file.base64) {
            (Some(text), None) => text.into_bytes(),
            (None, Some(text)) => BASE64.decode(text.as_bytes()).unwrap(),
            _ => panic!("an attachment has either text or base64"),
        };
        builder = builder.attachment(Attachment::new(file.name, file.media_type, content));
    }
    // The builder asks for a recipient before it builds.
    let mut ready: Option<Builder<HasSender, HasRecipient>> = None;
    let mut open = Some(builder);
    for (role, list) in [("to", fields.to), ("cc", fields.cc), ("bcc", fields.bcc)] {
        for text in list {
            let to = Recipient::new(text.parse()?);
            ready = Some(match (ready.take(), open.take()) {
                (Some(b), _) if role == "to" => b.to(to),
                (Some(b), _) if role == "cc" => b.cc(to),
                (Some(b), _) => b.bcc(to),
                (None, Some(b)) if role == "to" => b.to(to),
                (None, Some(b)) if role == "cc" => b.cc(to),
                (None, Some(b)) => b.bcc(to),
                (None, None) => unreachable!(),
            });
        }
    }
    Ok(ready.expect("a recipient").build()?)
}

fn read_message(given: &Value) -> Result<Message, Error> {
    match serde_json::from_value::<Raw>(given.clone()) {
        Ok(raw) => Ok(Message::parse(raw.raw.as_bytes())?),
        Err(_) => compose(serde_json::from_value(given.clone()).expect("a message")),
    }
}

fn with_options(mut message: Message, options: &Options) -> Result<Message, Error> {
    for details in &options.recipients {
        let mut recipient = Recipient::new(details.address.parse()?);
        if let Some(name) = &details.name {
            recipient = recipient.name(name);
        }
        if let Some(phone) = &details.phone {
            recipient = recipient.phone(phone);
        }
        if let Some(passphrase) = &details.passphrase {
            recipient = recipient.passphrase(passphrase.as_str());
        }
        message = message.with_recipient_details(recipient)?;
    }
    if let Some(sensitivity) = options.declare {
        message = message.declare(sensitivity);
    }
    if let Some(reason) = &options.assert_no_phi {
        message = message.assert_no_phi(reason)?;
    }
    if let Some(audience) = &options.audience {
        message = message.with_audience(audience);
    }
    if let Some(word) = &options.disclosure {
        message = message.with_disclosure(word.parse().expect("a disclosure"));
    }
    for (address, reason) in &options.confirm {
        message = message.confirm_recipient(&address.parse()?, reason)?;
    }
    Ok(message.marker_secure(options.secure))
}

fn plan_options(options: &Options) -> Result<PlanOptions, Error> {
    let mut out = PlanOptions::new();
    if let Some(patient) = &options.patient {
        out = out.patient(patient.as_str());
    }
    for w in &options.waivers {
        out = out.waiver(Waiver::new(
            w.address.parse()?,
            w.patient.as_str(),
            Timestamp::from_unix_ms(w.given),
            Timestamp::from_unix_ms(w.expires),
        ));
    }
    out.names_patient_only = options.names_patient_only;
    out.approved = options.approved;
    Ok(out)
}

fn scanner(given: Option<&ScannerText>) -> Result<PhiScanner, Error> {
    let mut scanner = PhiScanner::new();
    let Some(given) = given else {
        return Ok(scanner);
    };
    if let Some(host) = &given.host {
        scanner = scanner.host(HostKnowledge::from_toml(host)?);
    }
    Ok(match given.names {
        Some(false) => scanner.without_names(),
        _ => scanner,
    })
}

async fn client(case: &Case, options: &Options) -> Result<Client, Error> {
    let policy = match case.policy.as_ref().expect("a policy") {
        PolicyText::Preset(word) => match word.as_str() {
            "hipaa" => Policy::hipaa(),
            "strict" => Policy::strict(),
            "tls_exclusive" => Policy::tls_exclusive(),
            other => panic!("no preset {other}"),
        },
        PolicyText::Toml(text) => Policy::from_toml(&text.toml)?,
    };
    let smtp = match &case.next_hop {
        Some(NextHop::Relay(relay)) => {
            let smtp = Smtp::relay("smtp://relay.invalid")?.onward(relay.onward);
            if relay.requiretls {
                smtp.requiretls()
            } else {
                smtp
            }
        }
        _ => {
            let network = Network::new(Arc::new(
                SystemResolver::with_servers(&["127.0.0.1:9".parse().unwrap()]).unwrap(),
            ));
            Smtp::direct(network, "client.example".parse()?)
        }
    };
    let facts = case.facts.clone().unwrap_or_else(|| json!({}));
    let mut builder = Client::builder()
        .policy(policy)
        .storage(Storage::memory())
        .keys(Keys::make_ephemeral())
        .transport(smtp)
        .discovery(Fixed::from_json(&facts.to_string())?)
        .scanner(scanner(case.scanner.as_ref())?);
    if options.escrow {
        builder = builder.escrow(EscrowOptions::new(
            "https://pickup.harbor.example",
            "Harbor Clinic",
        ));
    }
    builder.build().await
}

async fn outcome(case: &Case) -> Result<Value, Error> {
    let given = case.options.clone().unwrap_or_else(|| json!({}));
    let options: Options = serde_json::from_value(given).expect("the options");
    let message = with_options(read_message(&case.message)?, &options)?;
    if case.call == Call::Scan {
        let findings = scanner(case.scanner.as_ref())?.scan(&message);
        let mut out = found(&findings);
        out["sensitivity"] = json!(findings.sensitivity());
        return Ok(out);
    }
    let client = client(case, &options).await?;
    let mut plan = client.plan_with(message, plan_options(&options)?).await?;
    for &id in &options.drop {
        assert!(plan.drop_recipient(RecipientId::new(id)), "no r{id}");
    }
    let mut out = found(plan.findings());
    out["sensitivity"] = json!(plan.sensitivity());
    out["plan"] = planned(&plan);
    out["refused"] = json!(plan.refused());
    let receipt = match case.call {
        Call::Seal => client.seal(plan, options.assurance).await?.0,
        Call::Send => client.send(plan).await?,
        Call::Scan | Call::Plan => return Ok(out),
    };
    let status = |o: &mailseal::Outcome| json!({"recipient": o.recipient, "status": o.status});
    out["outcomes"] = receipt.outcomes.iter().map(status).collect();
    Ok(out)
}

fn found(findings: &Findings) -> Value {
    let finding = |f: &mailseal::dlp::Finding| {
        json!({
            "kind": f.kind.word(), "part": f.part.to_string(),
            "start": f.span.start, "end": f.span.end,
        })
    };
    let unscannable =
        |u: &mailseal::dlp::Unscannable| json!({"part": u.part.to_string(), "why": u.why});
    json!({
        "findings": findings.items.iter().map(finding).collect::<Vec<_>>(),
        "unscannable": findings.unscannable.iter().map(unscannable).collect::<Vec<_>>(),
    })
}

fn planned(plan: &Plan) -> Value {
    let one = |p: &mailseal::Planned| {
        let decision = p.decision();
        let reasons: Vec<_> = decision.why().iter().map(|r| r.code()).collect();
        let id = p.id();
        match decision {
            Decision::Send { chosen, .. } => json!({
                "recipient": id, "route": chosen.route, "transport_floor": chosen.transport_floor,
                "factor_floor": chosen.factor_floor, "proven": chosen.proven,
                "fallbacks": decision.rungs().skip(1).map(|r| r.route).collect::<Vec<_>>(),
                "reasons": reasons,
            }),
            Decision::Refuse { kind, .. } => json!({
                "recipient": id, "refused": kind.word(), "reasons": reasons,
            }),
            _ => panic!("a decision that the cases do not know"),
        }
    };
    plan.recipients().iter().map(one).collect()
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parity");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "json"))
        .collect();
    files.sort();
    files
}

#[tokio::test]
async fn every_case_comes_out_as_written() {
    let write = std::env::var_os("MAILSEAL_PARITY").is_some_and(|v| v == "write");
    let mut ran = 0;
    let mut wrong = Vec::new();
    let mut names = std::collections::BTreeSet::new();
    for file in files() {
        let text = fs::read_to_string(&file).unwrap();
        let mut cases: Vec<Case> =
            serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        for case in &mut cases {
            ran += 1;
            assert!(names.insert(case.name.clone()), "two cases: {}", case.name);
            let got = match outcome(case).await {
                Ok(value) => value,
                Err(error) => json!({"error": {
                    "code": error.code(), "kind": error.kind().word(),
                    "retryable": error.is_retryable(),
                }}),
            };
            if write {
                case.expect = got;
            } else if got != case.expect {
                wrong.push(format!(
                    "{}:\n  got      {got}\n  expected {}",
                    case.name, case.expect
                ));
            }
        }
        if write {
            let text = serde_json::to_string_pretty(&cases).unwrap();
            fs::write(&file, text + "\n").unwrap();
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {ran} cases:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(ran >= 40, "only {ran} cases");
    assert!(
        !write,
        "the files were written: look at them, and run again without MAILSEAL_PARITY"
    );
}
