//! A clinic sends results to seven patients, whose mail providers and keys
//! differ. All in one process on loopback: DNS, mail hosts, policy host,
//! database.

mod keys;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use clap::Parser;
use mailseal::audit::verify_export;
use mailseal::base::{Keys, Phi, Recipient, Route, Secret};
use mailseal::compose::{Message, PartContent};
use mailseal::escrow::{Factor, Link};
use mailseal::policy::{Policy, Show};
use mailseal::seal::open::Authenticity;
use mailseal::testing::pki::CertKind;
use mailseal::testing::{Sandbox, SandboxDomain};
use mailseal::{Client, CodeChannel, CodeChannelError, EscrowOptions, Status, Storage};
use mailseal_examples::print::{self, Paint};

/// Send results to seven patients whose mail hosts and keys differ, and show
/// what was decided, what arrived, what is recorded, and what a wire-tapper saw.
///
/// Needs no network, no set-up and no privileges.
#[derive(Debug, Parser)]
#[command(name = "clinic")]
struct Arguments {
    /// Show addresses masked instead of in clear (they are invented).
    #[arg(long)]
    masked: bool,
}

struct Patient {
    name: &'static str,
    address: &'static str,
    provider: &'static str,
    phone: Option<&'static str>,
    /// The kind of certificate that the clinic has of the patient.
    key: Option<Route>,
}

impl Patient {
    fn domain(&self) -> &'static str {
        self.address.split('@').nth(1).unwrap_or_default()
    }
}

const PATIENTS: [Patient; 7] = [
    Patient {
        name: "Amara Oyelaran",
        address: "amara@tidewater.example",
        provider: "mail host with valid TLS",
        phone: None,
        key: None,
    },
    Patient {
        name: "Bo Lindqvist",
        address: "bo@quarry.example",
        provider: "MTA-STS enforce, but the certificate names another host",
        phone: None,
        key: None,
    },
    Patient {
        name: "Carmen Ruiz",
        address: "carmen@meadow.example",
        provider: "no TLS; a telephone number on file",
        phone: Some("+1 555 0103"),
        key: None,
    },
    Patient {
        name: "Dov Katz",
        address: "dov@lantern.example",
        provider: "no TLS; nothing on file",
        phone: None,
        key: None,
    },
    Patient {
        name: "Esi Mensah",
        address: "esi@harvest.example",
        provider: "valid TLS; greylists strangers",
        phone: None,
        key: None,
    },
    Patient {
        name: "Farid Haddad",
        address: "farid@orchard.example",
        provider: "no TLS; an OpenPGP certificate on file",
        phone: None,
        key: Some(Route::Pgp),
    },
    Patient {
        name: "Grace Okafor",
        address: "grace@lighthouse.example",
        provider: "a self-signed TLS certificate; an S/MIME certificate on file",
        phone: None,
        key: Some(Route::Smime),
    },
];

/// Who sends.
const CLINIC: &str = "results@harbor.example";

/// Strings of the messages that nobody on the wire may read.
const PROTECTED: [&str; 3] = ["HbA1c", "1EG4-TE5-MK73", "insulin"];

/// A number and the code that was sent to it.
type Sms = (String, Secret<String>);

/// Stands for the clinic's SMS provider.
#[derive(Debug, Clone, Default)]
struct Telephone(Arc<Mutex<Vec<Sms>>>);

#[async_trait::async_trait]
impl CodeChannel for Telephone {
    async fn send_code(
        &self,
        phone: &Phi<String>,
        code: &Secret<String>,
    ) -> Result<(), CodeChannelError> {
        let mut sent = self.0.lock().map_err(|_| CodeChannelError)?;
        sent.push((phone.expose().clone(), code.clone()));
        Ok(())
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("clinic: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let started = Instant::now();
    let paint = Paint::stdout();
    let folder = Folder::make()?;
    let mut sandbox = Sandbox::new().await?;
    for domain in [
        SandboxDomain::new("tidewater.example").tls(),
        SandboxDomain::new("quarry.example")
            .mta_sts_enforce()
            .certificate(CertKind::WrongName),
        SandboxDomain::new("meadow.example"),
        SandboxDomain::new("lantern.example"),
        SandboxDomain::new("harvest.example").tls().greylist(),
        SandboxDomain::new("orchard.example"),
        SandboxDomain::new("lighthouse.example").certificate(CertKind::SelfSigned),
    ] {
        sandbox.domain(domain).await?;
    }
    let telephone = Telephone::default();
    let holders = PATIENTS.iter().filter_map(|p| Some((p.address, p.key?)));
    let keys = keys::Cabinet::make(CLINIC, holders, mailseal::base::Clock::now(sandbox.clock()))?;
    let client = sandbox
        .builder(
            Storage::sqlite(folder.0.join("mailseal.db"))?,
            Keys::file(folder.0.join("mailseal.key"))?,
        )?
        .policy(Policy::hipaa())
        .escrow(EscrowOptions::new(
            "https://pickup.harbor.example",
            "Harbor Clinic",
        ))
        .code_channel(telephone.clone())
        .sealer(keys.pgp_sealer())
        .sealer(keys.smime_sealer())
        .audit_origin("harbor.example/audit")
        .build()
        .await?;

    let mut codes = Vec::new();
    for (number, patient) in PATIENTS.iter().enumerate() {
        let title = format!("{}. {} ({})", number + 1, patient.name, patient.provider);
        println!("\n{}", paint.bold(&title));
        codes.push(send(&client, &telephone, patient, arguments, paint).await?);
    }

    println!(
        "\n{}",
        paint.bold("Six minutes later: what was deferred is tried again")
    );
    sandbox.clock().advance(Duration::from_secs(6 * 60));
    for (_, outcome) in &client.deliver_due().await?.outcomes {
        println!(
            "   {} {}",
            paint.status(outcome.status, 10),
            print::outcome(outcome)
        );
    }

    println!("\n{}", paint.bold("Pickups"));
    for (patient, code) in PATIENTS.iter().zip(&codes) {
        pick_up(&client, &sandbox, patient, code.as_ref(), paint).await?;
    }

    println!(
        "\n{}",
        paint.bold("Sealed copies, opened by their recipients")
    );
    for patient in PATIENTS.iter().filter(|p| p.key.is_some()) {
        open_copy(&client, &sandbox, &keys, patient, paint).await?;
    }

    println!(
        "\n{}",
        paint.bold("What a wire-tapper saw between the clinic and each mail host")
    );
    wire_tap(&sandbox, paint)?;

    println!("\n{}", paint.bold("Audit log"));
    audit(&client, &folder.0, paint).await?;

    let waiting = client.unresolved().await?;
    if waiting.iter().any(|w| w.status != Status::Deferred) {
        return Err("something is neither delivered nor deferred".into());
    }
    println!(
        "\n{} {} message still deferred: {}'s provider publishes a policy that its own\n\
         host breaks. Nothing goes there, not even a notice, until it is mended or five\n\
         days are over.",
        paint.bold("Left over:"),
        waiting.len(),
        PATIENTS[1].name,
    );
    let seconds = started.elapsed().as_secs_f64();
    println!("{}", paint.dim(&format!("Done in {seconds:.2} s.")));
    Ok(())
}

/// Plans, explains and sends one patient's results; returns the pickup code
/// that the patient got by telephone, if there is one.
async fn send(
    client: &Client,
    telephone: &Telephone,
    patient: &Patient,
    arguments: &Arguments,
    paint: Paint,
) -> Result<Option<Secret<String>>, Box<dyn Error>> {
    let show = if arguments.masked {
        Show::Masked
    } else {
        Show::Clear
    };
    let plan = client.plan(results(patient)?).await?;
    for line in plan.explain(show).lines() {
        println!("   {line}");
    }
    let receipt = client.send(plan).await?;
    let mut told = None;
    for outcome in &receipt.outcomes {
        println!(
            "   {} {}",
            paint.status(outcome.status, 10),
            print::outcome(outcome)
        );
        if let Some(code) = outcome.passcode() {
            println!(
                "   {}      tell {} this pickup code by telephone or in person: {}",
                paint.wait("to do"),
                patient.name,
                paint.bold(code.expose())
            );
            told = Some(code.clone());
        }
    }
    if let Some(phone) = patient.phone {
        let sent = telephone.0.lock().map_err(|_| "the telephone is broken")?;
        if let Some((_, code)) = sent.iter().find(|(number, _)| number == phone) {
            let code_shown = paint.bold(code.expose());
            println!(
                "   {}        to {phone}: your pickup code is {code_shown}",
                paint.good("SMS")
            );
            told = Some(code.clone());
        }
    }
    Ok(told)
}

fn results(patient: &Patient) -> Result<Message, Box<dyn Error>> {
    let mut recipient = Recipient::new(patient.address.parse()?).name(patient.name);
    if let Some(phone) = patient.phone {
        recipient = recipient.phone(phone);
    }
    let text = format!(
        "Dear {},\n\nyour HbA1c of January 2 is 9.1 %. We suggest to start insulin;\n\
         please call us. Medicare number on file: 1EG4-TE5-MK73.\n\nHarbor Clinic\n",
        patient.name
    );
    Ok(Message::builder()
        .from(CLINIC.parse()?)
        .to(recipient)
        .subject("A message from Harbor Clinic")
        .text(text)
        .build()?)
}

/// Opens what was escrowed, as the patient would: with the link of the notice
/// and the code that came another way.
async fn pick_up(
    client: &Client,
    sandbox: &Sandbox,
    patient: &Patient,
    code: Option<&Secret<String>>,
    paint: Paint,
) -> Result<(), Box<dyn Error>> {
    let notice = sandbox.messages(patient.domain()).pop();
    let (Some(notice), Some(escrow)) = (notice, client.escrow()) else {
        return Ok(());
    };
    let Some(link) = link_in(&notice.content) else {
        return Ok(());
    };
    let refused = match escrow.open(&link, &Factor::None, None).await {
        Err(error) => error.code(),
        Ok(_) => return Err("the link alone opened a message".into()),
    };
    println!("   {}: the link alone is refused ({refused})", patient.name);
    let Some(code) = code else {
        return Ok(());
    };
    let factor = Factor::Passcode(code.clone());
    let opened = escrow.open(&link, &factor, None).await?;
    println!(
        "   {}: {} with link and code:",
        patient.name,
        paint.good("opened")
    );
    let message = Message::parse(opened.message.expose())?;
    print_text(&message);
    Ok(())
}

/// Opens a sealed copy with the patient's own keys, as their mail program
/// would.
async fn open_copy(
    client: &Client,
    sandbox: &Sandbox,
    keys: &keys::Cabinet,
    patient: &Patient,
    paint: Paint,
) -> Result<(), Box<dyn Error>> {
    let copy = sandbox.messages(patient.domain()).pop();
    let copy = copy.ok_or("a sealed copy did not arrive")?;
    let carried = Message::parse(&copy.content)?;
    let opened = client
        .open(copy.content.as_slice(), keys.of(patient.address))
        .await?;
    let Authenticity::Authentic(trust) = opened.authenticity() else {
        return Err("a sealed copy is not the clinic's word".into());
    };
    let form = opened
        .encryption()
        .first()
        .ok_or("a copy is not encrypted")?;
    println!(
        "   {}: {} ({}), signed by {CLINIC}, whose key is {trust}",
        patient.name,
        paint.good("opened"),
        form.form,
    );
    let message = Message::parse(opened.message()?)?;
    println!(
        "      carried as \"{}\", reads \"{}\":",
        carried.subject(),
        message.subject()
    );
    print_text(&message);
    Ok(())
}

/// The first lines of the letter.
fn print_text(message: &Message) {
    for part in message.parts() {
        if let PartContent::Text(text) = part.content()
            && text.expose().starts_with("Dear")
        {
            for line in text.expose().lines().filter(|l| !l.is_empty()).take(3) {
                println!("      | {line}");
            }
        }
    }
}

/// The link in a notice: the text part holds it as a word of its own.
fn link_in(content: &[u8]) -> Option<Link> {
    let notice = Message::parse(content).ok()?;
    notice.parts().iter().find_map(|part| match part.content() {
        PartContent::Text(text) => text
            .expose()
            .split_whitespace()
            .filter(|word| word.starts_with("https://"))
            .find_map(|word| Link::parse(word).ok()),
        _ => None,
    })
}

fn wire_tap(sandbox: &Sandbox, paint: Paint) -> Result<(), Box<dyn Error>> {
    let mut leaked = false;
    for patient in &PATIENTS {
        let wire = sandbox.overheard(patient.domain());
        let has = |text: &str| wire.windows(text.len()).any(|w| w == text.as_bytes());
        let read = PROTECTED.iter().any(|text| has(text));
        leaked |= read;
        let saw = if has("BEGIN PGP MESSAGE") {
            "who writes to whom, a subject of \"[...]\", and an OpenPGP message"
        } else if has("MAIL FROM") {
            "a notice in clear, whose link opens nothing without the code"
        } else if has("STARTTLS") {
            "EHLO, STARTTLS, then ciphertext"
        } else {
            "EHLO and nothing else"
        };
        let verdict = if read {
            paint.bad("PHI READ")
        } else {
            paint.good("no PHI")
        };
        println!(
            "   {:<18} {:>6} octets  {verdict}  {saw}",
            patient.domain(),
            wire.len()
        );
    }
    if leaked {
        return Err("protected content crossed the wire in clear".into());
    }
    Ok(())
}

async fn audit(client: &Client, folder: &Path, paint: Paint) -> Result<(), Box<dyn Error>> {
    let log = client.audit();
    let checkpoint = log.checkpoint().await?;
    log.verify(&checkpoint).await?;
    println!(
        "   {} {} entries under a signed checkpoint:",
        paint.good("verified"),
        checkpoint.size()
    );
    for line in checkpoint.to_string().lines() {
        println!("      {}", paint.dim(line));
    }
    let address = PATIENTS[4].address;
    println!("   What went to {address}?");
    for entry in log.about(&address.parse()?).await? {
        println!("      {}", entry.cells().join("  "));
    }
    let mut export = Vec::new();
    let lines = log.export(&mut export).await?;
    verify_export(&export[..], &checkpoint, log.verifier_key())?;
    println!(
        "   {} {lines} exported lines against checkpoint and public key, without the database",
        paint.good("verified")
    );
    let addresses = PATIENTS.iter().map(|p| p.address);
    let hunted: Vec<&str> = PROTECTED.into_iter().chain(addresses).collect();
    for entry in std::fs::read_dir(folder)? {
        let bytes = std::fs::read(entry?.path())?;
        for text in &hunted {
            if bytes.windows(text.len()).any(|w| w == text.as_bytes()) {
                return Err("protected content or an address lies in clear on disk".into());
            }
        }
    }
    println!(
        "   {} database and log hold no address and no PHI in clear",
        paint.good("searched")
    );
    Ok(())
}

/// A temporary folder that goes when the program ends.
struct Folder(PathBuf);

impl Folder {
    fn make() -> std::io::Result<Self> {
        let path = std::env::temp_dir().join(format!("mailseal-clinic-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
