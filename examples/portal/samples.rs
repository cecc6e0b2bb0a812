//! Messages to try the page with, one for each way in and each way it ends.

use std::fmt;
use std::fmt::Write as _;
use std::time::Duration;

use data_encoding::{BASE32_NOPAD, BASE64_MIME, BASE64URL_NOPAD, HEXLOWER};
use mailseal::base::{
    Clock, FactorLevel, Language, Passkey, Phi, RecipientId, Secret, SystemClock,
};
use mailseal::escrow::{Draft, Escrow, Factor, GrantDraft, Link, PasscodePlan};
use mailseal::storage::Store;
use rcgen::KeyPair;
use serde_json::{Map, Value, json};

use crate::Trouble;

const SEED: &[u8; 20] = b"mailseal trial seed!";
const PASSPHRASE: &str = "a tall ship and a star";

pub(crate) struct Sample {
    name: &'static str,
    about: &'static str,
    url: String,
    /// Name and value of what opens it.
    opens: Vec<(&'static str, String)>,
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  {}", self.about, self.url)?;
        for (name, value) in &self.opens {
            match *name {
                "private_key" | "credential_id" | "user_handle" | "seed" => {}
                "base32" => write!(
                    f,
                    "\n  otpauth://totp/Harbor%20Clinic:trial?secret={value}&issuer=Harbor%20Clinic"
                )?,
                name => write!(f, "\n  {name}: {value}")?,
            }
        }
        Ok(())
    }
}

/// All of them for a script: see `core/tests/browser/README.md`.
pub(crate) fn json(samples: &[Sample], base: &str) -> Value {
    let mut links = Map::new();
    for sample in samples {
        let mut entry = Map::from_iter([("url".to_owned(), json!(sample.url))]);
        entry.extend(
            sample
                .opens
                .iter()
                .map(|(n, v)| ((*n).to_owned(), json!(v))),
        );
        links.insert(sample.name.to_owned(), entry.into());
    }
    json!({
        "outbox": format!("{base}/trial/outbox"),
        "replies": format!("{base}/trial/replies"),
        "links": links,
    })
}

struct Keep<'a> {
    escrow: &'a Escrow,
    store: &'a dyn Store,
}

struct Kept {
    link: Link,
    passcode: Option<Secret<String>>,
    item: mailseal::base::ItemId,
    grant: mailseal::base::GrantId,
}

impl Keep<'_> {
    async fn put(
        &self,
        message: &[u8],
        grant: GrantDraft,
        life: Duration,
    ) -> Result<Kept, Trouble> {
        let draft = Draft::new(message, SystemClock.now().plus(life), vec![grant]);
        let mut prepared = self.escrow.prepare(draft).await?;
        let item = prepared.item;
        self.store.commit(prepared.ops.drain(..).collect()).await?;
        let made = prepared.grants.pop().ok_or("no grant was made")?;
        Ok(Kept {
            link: made.link,
            passcode: made.passcode,
            item,
            grant: made.grant,
        })
    }
}

fn at(level: FactorLevel) -> GrantDraft {
    GrantDraft::new(RecipientId::new(0), level)
}

fn passcode() -> GrantDraft {
    at(FactorLevel::P2).passcode(PasscodePlan::Make)
}

pub(crate) async fn make(
    escrow: &Escrow,
    store: &dyn Store,
    attachment_mb: usize,
) -> Result<Vec<Sample>, Trouble> {
    let keep = Keep { escrow, store };
    let month = Duration::from_secs(30 * 86_400);
    let mut samples = Vec::new();
    let mut add = |name, about, kept: &Kept, mut opens: Vec<(&'static str, String)>| {
        if let Some(passcode) = &kept.passcode {
            opens.push(("passcode", passcode.expose().clone()));
        }
        let url = kept.link.url().expose().clone();
        samples.push(Sample {
            name,
            about,
            url,
            opens,
        });
    };
    let (text, html) = (plain(), html(0));
    let address = || "pat@mail.example".parse();

    let kept = keep.put(&html, passcode(), month).await?;
    add("html", "HTML with attachments, by passcode", &kept, vec![]);
    let kept = keep.put(&text, passcode(), month).await?;
    add("text", "Plain text, by passcode", &kept, vec![]);
    let spanish = passcode().language(Language::Spanish);
    let kept = keep.put(&html, spanish, month).await?;
    add("spanish", "In Spanish, by passcode", &kept, vec![]);
    let kept = keep
        .put(&text, at(FactorLevel::P1).email(address()?), month)
        .await?;
    add("email", "By a code by e-mail (P1)", &kept, vec![]);
    let phone = Phi::from("+1 555 0142");
    let kept = keep
        .put(&text, at(FactorLevel::P2).phone(phone.clone()), month)
        .await?;
    add("sms", "By a code by SMS (P2)", &kept, vec![]);
    let totp = at(FactorLevel::P3).totp(Secret::new(SEED.to_vec()));
    let kept = keep.put(&text, totp, month).await?;
    let seed = vec![
        ("seed", HEXLOWER.encode(SEED)),
        ("base32", BASE32_NOPAD.encode(SEED)),
    ];
    add("totp", "By an authenticator app (P3)", &kept, seed);
    let phrase = at(FactorLevel::P2).passphrase(Secret::from(PASSPHRASE));
    let kept = keep.put(&text, phrase, month).await?;
    let phrase = vec![("passphrase", PASSPHRASE.to_owned())];
    add("passphrase", "By the agreed passphrase (P2)", &kept, phrase);

    let key = KeyPair::generate()?;
    let (id, user) = (*b"mailseal trial credential", *b"trial");
    let point = key.public_key_raw().get(1..65).ok_or("no point")?;
    let cose = [
        &[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32][..],
        &point[..32],
        &[0x22, 0x58, 32],
        &point[32..],
    ]
    .concat();
    let grant = at(FactorLevel::P4).passkeys(vec![Passkey::new(id, cose, 0)]);
    let kept = keep.put(&text, grant, month).await?;
    let encode = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
    let opens = vec![
        ("credential_id", encode(&id)),
        ("private_key", encode(&key.serialize_der())),
        ("user_handle", encode(&user)),
    ];
    add(
        "passkey",
        "By a passkey that a script has (P4)",
        &kept,
        opens,
    );

    let choice = passcode().email(address()?).phone(phone);
    let kept = keep.put(&text, choice, month).await?;
    add("choice", "By passcode or SMS", &kept, vec![]);
    let kept = keep
        .put(&self::html(attachment_mb), passcode(), month)
        .await?;
    add("big", "With a large attachment", &kept, vec![]);

    let kept = keep.put(&self::html(3), passcode(), month).await?;
    add("edges", "With an attachment of several rows", &kept, vec![]);
    let kept = keep.put(&text, passcode(), month).await?;
    add("wrong", "To try a wrong passcode", &kept, vec![]);
    let kept = keep.put(&text, passcode(), month).await?;
    add("report", "To say that it is not for you", &kept, vec![]);
    let both = passcode().passphrase(Secret::from(PASSPHRASE));
    let kept = keep.put(&text, both, month).await?;
    let phrase = vec![("passphrase", PASSPHRASE.to_owned())];
    add("both", "By passphrase and passcode", &kept, phrase);

    let kept = keep.put(&text, passcode(), month).await?;
    escrow.revoke(kept.grant).await?;
    add("revoked", "Revoked", &kept, vec![]);
    let kept = keep
        .put(&text, passcode(), Duration::from_millis(1))
        .await?;
    add("expired", "Expired", &kept, vec![]);
    let kept = keep.put(&text, passcode().max_views(1), month).await?;
    let shown = kept.passcode.clone().ok_or("no passcode")?;
    escrow
        .open(&kept.link, &Factor::Passcode(shown), None)
        .await?;
    add("views", "Opened as often as was allowed", &kept, vec![]);
    let kept = keep.put(&text, passcode(), month).await?;
    escrow.hold(kept.item).await?;
    add("held", "Held back", &kept, vec![]);
    Ok(samples)
}

/// Grants for measuring: link and passcode.
pub(crate) async fn many(
    escrow: &Escrow,
    store: &dyn Store,
    count: usize,
) -> Result<Vec<(Link, String)>, Trouble> {
    let keep = Keep { escrow, store };
    let mut all = Vec::with_capacity(count);
    for _ in 0..count {
        let kept = keep
            .put(&html(0), passcode(), Duration::from_secs(86_400))
            .await?;
        let shown = kept.passcode.ok_or("no passcode")?.expose().clone();
        all.push((kept.link, shown));
    }
    Ok(all)
}

const HEAD: &str = "From: Harbor Clinic <clinic@harbor.example>\r\nTo: Pat <pat@mail.example>\r\n\
    Date: Thu, 15 Jan 2026 09:30:00 +0000\r\nMIME-Version: 1.0\r\n";

fn plain() -> Vec<u8> {
    format!(
        "{HEAD}Subject: Your appointment\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
         Dear Pat,\r\n\r\nyour appointment is on Tuesday at 10:30. Please bring your\r\n\
         insurance card. Directions: https://harbor.example/visit\r\n\r\nHarbor Clinic\r\n"
    )
    .into_bytes()
}

/// An HTML message with a PDF, a text file, and one of so many megabytes more.
fn html(megabytes: usize) -> Vec<u8> {
    let mut out = format!(
        "{HEAD}Subject: Your results\r\nContent-Type: multipart/mixed; boundary=\"mixed\"\r\n\r\n\
         --mixed\r\nContent-Type: multipart/alternative; boundary=\"alt\"\r\n\r\n\
         --alt\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
         Dear Pat,\r\n\r\nyour results are in: HbA1c 5.4 %.\r\n\r\n\
         --alt\r\nContent-Type: text/html; charset=utf-8\r\n\r\n\
         <html><body><h1>Your results</h1><p>Dear Pat,</p>\
         <p>your results of <b>12 January</b> are in:</p>\
         <table><tr><th>Test</th><th>Value</th><th>Range</th></tr>\
         <tr><td>HbA1c</td><td>5.4 %</td><td>4.0 – 5.6 %</td></tr>\
         <tr><td>LDL</td><td>96 mg/dL</td><td>&lt; 100 mg/dL</td></tr></table>\
         <p>Questions? <a href=\"https://harbor.example/contact\">Write to us</a>.</p>\
         <img src=\"https://tracker.example/pixel.gif\" alt=\"\"></body></html>\r\n\
         --alt--\r\n"
    );
    let mut attach = |name: &str, kind: &str, content: &[u8]| {
        let _ = write!(
            out,
            "--mixed\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n\
             Content-Disposition: attachment; filename=\"{name}\"\r\n\r\n"
        );
        out.push_str(&BASE64_MIME.encode(content));
    };
    attach("Laboratory report.pdf", "application/pdf", &pdf());
    let notes = "Line of the report, as the laboratory wrote it.\r\n".repeat(20_000);
    attach("Notes.txt", "text/plain; charset=utf-8", notes.as_bytes());
    if megabytes > 0 {
        // Bytes that do not compress and are the same at each start.
        let mut state = 1u64;
        let mut bytes = Vec::with_capacity(megabytes << 20);
        while bytes.len() < megabytes << 20 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            bytes.extend_from_slice(&state.rotate_left(23).to_le_bytes());
        }
        attach("Scan.bin", "application/octet-stream", &bytes);
    }
    out.push_str("--mixed--\r\n");
    out.into_bytes()
}

/// The smallest PDF that viewers open.
fn pdf() -> Vec<u8> {
    let text = "BT /F1 18 Tf 72 720 Td (HbA1c 5.4 %) Tj ET";
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R\
         /Resources<</Font<</F1 5 0 R>>>>>>"
            .to_owned(),
        format!("<</Length {}>>stream\n{text}\nendstream", text.len()),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_owned(),
    ];
    let mut out = "%PDF-1.4\n".to_owned();
    let mut places = Vec::new();
    for (i, object) in objects.iter().enumerate() {
        places.push(out.len());
        let _ = writeln!(out, "{} 0 obj{object}endobj", i + 1);
    }
    let start = out.len();
    let _ = write!(out, "xref\n0 6\n0000000000 65535 f \n");
    for place in places {
        let _ = writeln!(out, "{place:010} 00000 n ");
    }
    let _ = write!(
        out,
        "trailer<</Size 6/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n"
    );
    out.into_bytes()
}
