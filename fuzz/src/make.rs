//! Makes the keys and the seeds of the sealed routes:
//! `cargo test -p mailseal-fuzz --lib -- --ignored make`, first `make_keys`,
//! then `make_seeds`, which is built with the keys.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::Command;

use mailseal::base::{Address, Form, Phi, Secret};
use mailseal::compose::{Copy, Message, Visible};
use mailseal::seal::pgp::PgpKey;
use mailseal::seal::{SealJob, Sealer};
use mailseal::testing::mail_pki::MailKey;
use mailseal::testing::pki::TestCa;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::sealed::{BODY, NOW, PASSPHRASE, SUBJECT, world};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn write(folder: &Path, name: &str, octets: impl AsRef<[u8]>) {
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join(name), octets).unwrap();
}

#[test]
#[ignore = "writes key files: all seeds must be made again after it"]
fn make_keys() {
    let (ca, folder) = (TestCa::new(), folder("keys"));
    let passphrase = Secret::new(PASSPHRASE.to_owned());
    write(&folder, "ca.der", ca.der());
    for (name, address) in [
        ("clinic", "clinic@harbor.example"),
        ("pat", "pat@mail.example"),
    ] {
        let address: Address = address.parse().unwrap();
        let pgp = PgpKey::make_random(&address, NOW).unwrap();
        let file = pgp.to_file(&passphrase).unwrap();
        write(&folder, &format!("{name}.pgp"), file);
        let smime = ca.smime_key(&address, MailKey::P256);
        let file = smime.to_pkcs8(&passphrase).unwrap();
        write(&folder, &format!("{name}.p8"), file);
        write(&folder, &format!("{name}.der"), smime.certificate().der());
    }
}

#[test]
#[ignore = "writes seeds"]
fn make_seeds() {
    let (world, letter) = (world(), letter());
    let seeds = folder("seeds");
    let whole = seeds.join("protected_headers");
    write(&whole, "plain", &letter);
    let job = SealJob::new(&letter, &world.clinic, &world.pat, NOW);

    let sealed = world.smime.seal(&job).unwrap();
    write(&whole, "smime_gcm", &sealed);
    write(&seeds.join("cms"), "gcm_ecdh", der(&sealed));
    let cbc = world.smime_cbc().seal(&job).unwrap();
    write(&whole, "smime_cbc", &cbc);
    write(&seeds.join("cms"), "cbc_ecdh", der(&cbc));
    let signed = world.smime.sign(&letter, &world.clinic, NOW).unwrap();
    write(&whole, "smime_signed", signed);
    let opaque = world.smime_cbc().opaque(true);
    let signed = opaque.sign(&letter, &world.clinic, NOW).unwrap();
    write(&seeds.join("cms"), "signed", der(&signed));

    let sealed = world.pgp.seal(&job).unwrap();
    write(&whole, "pgp", &sealed);
    write(&seeds.join("openpgp"), "seipd_v1", armoured(&sealed));
    let signed = world.pgp.sign(&letter, &world.clinic, NOW).unwrap();
    write(&whole, "pgp_signed", &signed);
    write(&seeds.join("openpgp"), "signature", armoured(&signed));
    let second = world.pgp_with(Form::SeipdV2).seal(&job).unwrap();
    write(&seeds.join("openpgp"), "seipd_v2", armoured(&second));

    for name in ["ca", "clinic", "pat"] {
        let file = std::fs::read(folder("keys").join(format!("{name}.der"))).unwrap();
        write(&seeds.join("certificate"), name, file);
    }
    for (name, options) in [
        (
            "aes256",
            &["-keypbe", "AES-256-CBC", "-certpbe", "AES-256-CBC"][..],
        ),
        (
            "no_mac",
            &["-keypbe", "AES-128-CBC", "-certpbe", "NONE", "-nomac"][..],
        ),
        (
            "mac_sha512",
            &[
                "-keypbe",
                "AES-256-CBC",
                "-certpbe",
                "AES-256-CBC",
                "-macalg",
                "sha512",
            ][..],
        ),
    ] {
        write(&seeds.join("pkcs12"), name, pkcs12(options));
    }
}

/// With as few rounds as OpenSSL does: the seeds are not to be slow.
fn pkcs12(options: &[&str]) -> Vec<u8> {
    let keys = folder("keys");
    let folder = tempfile::tempdir().unwrap();
    let run = |command: &mut Command| {
        let out = command.output().unwrap();
        assert!(
            out.status.success(),
            "{}",
            String::from_utf8_lossy(&out.stderr)
        );
        out.stdout
    };
    let certificate = folder.path().join("pat.pem");
    run(Command::new("openssl")
        .args(["x509", "-inform", "DER", "-in"])
        .arg(keys.join("pat.der"))
        .arg("-out")
        .arg(&certificate));
    run(Command::new("openssl")
        .args(["pkcs12", "-export", "-iter", "1", "-maciter"])
        .args(options)
        .args(["-passin", "pass:fuzz", "-passout", "pass:fuzz", "-inkey"])
        .arg(keys.join("pat.p8"))
        .arg("-in")
        .arg(certificate))
}

/// The body of a message, decoded.
fn der(message: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(message).unwrap();
    let (_, body) = text.split_once("\r\n\r\n").unwrap();
    STANDARD.decode(body.replace("\r\n", "")).unwrap()
}

/// What stands in the last armour of a message.
fn armoured(message: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(message).unwrap();
    let (_, armour) = text.rsplit_once("-----BEGIN PGP").unwrap();
    let (_, armour) = armour.split_once("\r\n\r\n").unwrap();
    let body: String = armour
        .lines()
        .take_while(|line| !line.starts_with(['=', '-']))
        .collect();
    STANDARD.decode(body).unwrap()
}

/// The clinic's message to Pat.
fn letter() -> Vec<u8> {
    let world = world();
    let message = Message::builder()
        .from(world.clinic.clone())
        .to(world.pat.clone())
        .subject(SUBJECT)
        .text(Phi::new(BODY.to_owned()))
        .build()
        .unwrap();
    let copy = Copy::new(Visible::All, NOW, "<seed@mailseal.example>");
    message.render(&copy).unwrap().bytes().to_vec()
}

/// Bundles are sealed to a key that stands in the source, so these can be made
/// again alone.
#[tokio::test]
#[ignore = "writes seeds"]
async fn make_bundles() {
    use super::pickup::{ARCHIVE, ARCHIVED};
    use mailseal::base::{Clock, FactorLevel, Keys, MessageId, RecipientId};
    use mailseal::escrow::{ArchiveSecret, Draft, Escrow, GrantDraft};
    use mailseal::storage::{MemoryStore, Store};
    use mailseal::testing::clock::TestClock;
    use std::sync::Arc;

    let seeds = folder("seeds").join("archive_bundle");
    let secret = ArchiveSecret::from_bytes(ARCHIVE).unwrap();
    write(&seeds, "key", secret.key().to_string());
    let (store, clock) = (Arc::new(MemoryStore::new()), Arc::new(TestClock::default()));
    let keys = Keys::make_ephemeral();
    let escrow = Escrow::new(store.clone(), &keys, clock.clone(), "https://p.example").unwrap();
    let escrow = escrow.archive_key(secret.key());
    let message = MessageId::from_bytes([3; 16]);
    for (name, message) in [("named", Some(message)), ("nameless", None)] {
        let expires = clock.now().plus(std::time::Duration::from_secs(60));
        let grant = GrantDraft::new(RecipientId::new(0), FactorLevel::P0);
        let mut draft = Draft::new(ARCHIVED, expires, vec![grant]);
        if let Some(message) = message {
            draft = draft.message_id(message);
        }
        let mut prepared = escrow.prepare(draft).await.unwrap();
        store
            .commit(prepared.ops.drain(..).collect())
            .await
            .unwrap();
        let bundle = escrow.archive_export(prepared.item).await.unwrap();
        write(&seeds, name, &bundle);
        write(&seeds, &format!("{name}_cut"), &bundle[..bundle.len() - 1]);
    }
}
