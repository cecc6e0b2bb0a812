//! The process whose memory is searched. Its own code must leave nothing
//! behind either: it reads without buffers and wipes what it read.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mailseal::base::{Address, Form, Secret, Timestamp};
use mailseal::discover::{CertificateFormat, PinnedKeys};
use mailseal::seal::open::{Keyring, open};
use mailseal::seal::pgp::{PgpKey, PgpSealer};
use mailseal::seal::smime::{SmimeKey, SmimeSealer};
use mailseal::seal::{SealJob, Sealer};

use super::keys::ADDRESS;

/// The variable that makes the test binary a child.
pub(crate) const FOLDER: &str = "MAILSEAL_MEMORY_FOLDER";

const NOW: Timestamp = Timestamp::from_unix_ms(1_795_000_000_000);

/// One line of stdin, and no octet more.
fn line(stdin: &mut File) -> Secret<String> {
    let mut text = String::with_capacity(256);
    let mut octet = [0];
    while stdin.read(&mut octet).unwrap() == 1 && octet != *b"\n" {
        text.push(octet[0].into());
    }
    Secret::new(text)
}

fn tell(words: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{words}").unwrap();
    out.flush().unwrap();
}

pub(crate) fn run(folder: &Path) {
    let mut stdin = File::open("/dev/stdin").unwrap();
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let passphrase = line(&mut stdin);
    let held = read("held");
    let (sealers, keyring) = sealers(&passphrase, &read);
    drop(passphrase);

    let address: Address = ADDRESS.parse().unwrap();
    let message = b"From: clinic@harbor.example\r\nTo: clinic@harbor.example\r\n\
        Subject: Result\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nHbA1c 9.1 %\r\n";
    let wait = |stage: &str, stdin: &mut File| {
        drop(read("freed"));
        tell(&format!("stage {stage}"));
        drop(line(stdin));
    };
    wait("loaded", &mut stdin);
    let mut sealed = Vec::new();
    for (name, sealer) in &sealers {
        let job = SealJob::new(message, &address, &address, NOW);
        let out = sealer.seal(&job).unwrap();
        tell(&format!("sealed {name} {}", STANDARD.encode(&out)));
        wait(&format!("sealed-{name}"), &mut stdin);
        sealed.push((name, out));
    }
    for (name, out) in &sealed {
        let opened = open(out, &keyring, NOW).unwrap();
        assert!(opened.is_encrypted());
        drop(opened);
        wait(&format!("opened-{name}"), &mut stdin);
    }
    drop(sealers);
    drop(keyring);
    wait("dropped", &mut stdin);
    std::hint::black_box(held);
}

type Sealers = Vec<(&'static str, Box<dyn Sealer>)>;

fn sealers(passphrase: &Secret<String>, read: &dyn Fn(&str) -> Vec<u8>) -> (Sealers, Keyring) {
    let address: Address = ADDRESS.parse().unwrap();
    let mut sealers: Sealers = Vec::new();
    let mut keyring = Keyring::new();
    for name in ["pgp-cv25519", "pgp-rsa"] {
        let key = PgpKey::read(&read(&format!("{name}.key")), passphrase).unwrap();
        let known = PinnedKeys::new();
        let certificate = read(&format!("{name}.cert"));
        known
            .pin(&address, CertificateFormat::OpenPgpBinary, &certificate)
            .unwrap();
        keyring = keyring.pgp_key(key.clone());
        let sealer = PgpSealer::new(known).identity(&address, key);
        sealers.push((name, Box::new(sealer)));
    }
    for name in ["smime-rsa", "smime-ec", "smime-gcm"] {
        let certificate = read(&format!("{name}.cert"));
        let key = SmimeKey::from_pkcs8(&read(&format!("{name}.key")), &certificate, passphrase);
        let key = key.unwrap();
        let known = PinnedKeys::new();
        known
            .pin(&address, CertificateFormat::X509Der, &certificate)
            .unwrap();
        keyring = keyring.smime_key(key.clone());
        let form = if name == "smime-gcm" {
            Form::AuthEnveloped
        } else {
            Form::Enveloped
        };
        let sealer = SmimeSealer::new(known)
            .identity(&address, key)
            .form_for(&address, form);
        sealers.push((name, Box::new(sealer)));
    }
    (sealers, keyring)
}
