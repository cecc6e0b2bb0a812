//! Thunderbird without a screen, in a profile of its own and without network.
//!
//! Reading goes by the message window: what is compared is what a patient
//! would see, the text, the subject, and the two icons. Writing goes by the
//! composer's own machinery to "send later", so that the message is as it
//! would have been sent.

use std::cell::RefCell;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::marionette::Marionette;
use super::{Reader, Shown, Writer, find};
use crate::forms::{Cipher, Form, Packet, Placing, Scheme, Transport};
use crate::mime::Letter;
use crate::people::{CMS, PASSPHRASE, PGP, People, address};

/// It asks nobody, neither the user nor the network.
const PREFERENCES: &str = r#"
user_pref("marionette.port", 0);
user_pref("app.donation.eoy.version.viewed", 999);
user_pref("app.normandy.enabled", false);
user_pref("app.update.enabled", false);
user_pref("browser.region.network.url", "");
user_pref("browser.safebrowsing.malware.enabled", false);
user_pref("browser.safebrowsing.phishing.enabled", false);
user_pref("datareporting.healthreport.uploadEnabled", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("extensions.systemAddon.update.enabled", false);
user_pref("extensions.update.enabled", false);
user_pref("mail.chat.enabled", false);
user_pref("mail.inappnotifications.enabled", false);
user_pref("mail.openpgp.key_assistant.enable", false);
user_pref("mail.provider.suppress_dialog_on_startup", true);
user_pref("mail.rights.version", 1);
user_pref("mail.shell.checkDefaultClient", false);
user_pref("mail.spotlight.firstRunDone", true);
user_pref("mailnews.database.global.indexer.enabled", false);
user_pref("mailnews.start_page.enabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("network.proxy.http", "127.0.0.1");
user_pref("network.proxy.http_port", 9);
user_pref("network.proxy.ssl", "127.0.0.1");
user_pref("network.proxy.ssl_port", 9);
user_pref("network.proxy.type", 1);
user_pref("security.OCSP.enabled", 0);
user_pref("services.settings.server", "data:,");
user_pref("toolkit.telemetry.enabled", false);
"#;

/// Whose profile it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Has the clinics' secret keys, and writes.
    Clinic,
    /// Has the patients' secret keys, and reads.
    Patient,
}

/// A running Thunderbird.
#[derive(Debug)]
pub(crate) struct Thunderbird {
    session: RefCell<Marionette>,
    child: Child,
    /// The fingerprints of its own OpenPGP keys, by name.
    keys: Value,
    _profile: TempDir,
}

impl Thunderbird {
    /// Whether it is there.
    pub(crate) fn available() -> Result<(), &'static str> {
        find("thunderbird")
            .map(drop)
            .ok_or("thunderbird is missing (apt-get install thunderbird)")
    }

    /// Starts one with the keys of a side, and the other side's certificates.
    pub(crate) fn start(people: &People, side: Side) -> Result<Self, String> {
        let profile = tempfile::Builder::new()
            .prefix("thunderbird-")
            .tempdir()
            .map_err(|error| error.to_string())?;
        fs::write(profile.path().join("user.js"), PREFERENCES)
            .map_err(|error| error.to_string())?;
        let mut child = Command::new("thunderbird")
            .args(["--headless", "--no-remote", "--marionette"])
            .arg("--remote-allow-system-access")
            .arg("--profile")
            .arg(profile.path())
            .env("HOME", profile.path())
            .env("MOZ_CRASHREPORTER_DISABLE", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("Thunderbird does not start: {error}"))?;
        let begun = port(profile.path(), &mut child)
            .and_then(Marionette::connect)
            .and_then(|mut session| {
                let told = session.script(
                    include_str!("thunderbird/setup.js"),
                    &possessions(people, side),
                )?;
                Ok((session, told))
            });
        match begun {
            Ok((session, told)) => {
                println!("Thunderbird {} ({side:?})", told["version"]);
                Ok(Self {
                    session: RefCell::new(session),
                    child,
                    keys: told["keys"].clone(),
                    _profile: profile,
                })
            }
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(error)
            }
        }
    }
}

/// Waits for the file in which it says where it listens.
fn port(profile: &Path, child: &mut Child) -> Result<u16, String> {
    let end = Instant::now() + Duration::from_secs(60);
    while Instant::now() < end {
        let told = fs::read_to_string(profile.join("MarionetteActivePort"));
        if let Some(port) = told.ok().and_then(|text| text.trim().parse().ok()) {
            return Ok(port);
        }
        if let Ok(Some(status)) = child.try_wait() {
            return Err(format!("Thunderbird ended: {status}"));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Err("Thunderbird does not listen".to_owned())
}

/// What the set-up takes up.
fn possessions(people: &People, side: Side) -> Value {
    let own = |name: &&str| {
        let side = match side {
            Side::Clinic => "clinic-",
            Side::Patient => "patient-",
        };
        name.starts_with(side)
    };
    let text = |file: String| String::from_utf8_lossy(&people.read(&file)).into_owned();
    let base64 = |file: String| -> String {
        text(file)
            .lines()
            .filter(|line| !line.starts_with("-----"))
            .collect()
    };
    let certified: Vec<&str> = CMS.iter().map(|(name, _)| *name).collect();
    let pgp: Vec<&str> = PGP.iter().map(|(name, _)| *name).collect();
    json!({
        "passphrase": PASSPHRASE,
        "root": base64("root.pem".to_owned()),
        "bundles": certified.iter().filter(|name| own(name))
            .map(|name| people.path(&format!("{name}.p12")).to_string_lossy().into_owned())
            .collect::<Vec<_>>(),
        "partners": certified.iter().filter(|name| !own(name))
            .map(|name| base64(format!("{name}.pem")))
            .collect::<Vec<_>>(),
        "secretKeys": pgp.iter().filter(|name| own(name))
            .map(|name| json!([name, text(format!("{name}.sec"))]))
            .collect::<Vec<_>>(),
        "publicKeys": pgp.iter().filter(|name| !own(name))
            .map(|name| json!([name, text(format!("{name}.pub"))]))
            .collect::<Vec<_>>(),
    })
}

impl Drop for Thunderbird {
    fn drop(&mut self) {
        let _ = self.session.borrow_mut().quit();
        let end = Instant::now() + Duration::from_secs(10);
        while Instant::now() < end {
            if let Ok(Some(_)) = self.child.try_wait() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What an icon says: `message-encrypted-ok.svg` and the like; nothing where
/// it is not shown.
fn icon(shown: &Value, which: &str) -> Result<bool, String> {
    let source = shown[which].as_str().unwrap_or_default();
    let state = source
        .rsplit('-')
        .next()
        .and_then(|end| end.strip_suffix(".svg"))
        .unwrap_or_default();
    match state {
        "" => Ok(false),
        // `verified` is a signature by a key that the user has compared.
        "ok" | "verified" => Ok(true),
        other => Err(format!("{which}: {other}")),
    }
}

impl Reader for Thunderbird {
    fn name(&self) -> &'static str {
        "Thunderbird"
    }

    fn limit(&self, form: &Form) -> Option<&'static str> {
        match form {
            Form::Cms {
                envelope: Some((Cipher::Gcm, _)),
                ..
            } => Some("Thunderbird reads no AuthEnvelopedData"),
            Form::Pgp {
                packet: Some(Packet::Seipd2),
                ..
            } => Some("Thunderbird reads no SEIPDv2 to keys of version 4"),
            _ => None,
        }
    }

    fn shows_protected_subject(&self, form: &Form) -> bool {
        // In S/MIME it heeds neither RFC 9788 nor the draft before it.
        matches!(form, Form::Pgp { .. })
    }

    fn read(&self, form: &Form, message: &[u8]) -> Result<Shown, String> {
        let octets: String = message.iter().map(|octet| char::from(*octet)).collect();
        let job = json!({
            "message": octets,
            "encrypted": form.encrypted(),
            "signed": form.signed(),
            "patience": if self.limit(form).is_some() { 2_000 } else { 8_000 },
        });
        let shown = self
            .session
            .borrow_mut()
            .script(include_str!("thunderbird/read.js"), &job)?;
        let encrypted = icon(&shown, "encrypted")?;
        if form.encrypted() && !encrypted {
            return Err("it does not open".to_owned());
        }
        let text = shown["text"].as_str().unwrap_or_default();
        let subject = shown["subject"].as_str().unwrap_or_default();
        Ok(Shown {
            text: text.trim().to_owned(),
            subject: subject
                .trim()
                .trim_start_matches("Subject:")
                .trim()
                .to_owned(),
            encrypted,
            signed: icon(&shown, "signed")?,
        })
    }
}

impl Writer for Thunderbird {
    fn name(&self) -> &'static str {
        "Thunderbird"
    }

    fn writes(&self, form: &Form) -> bool {
        match form {
            // To RSA it writes PKCS#1 v1.5; what it signs is multipart/signed.
            Form::Cms {
                envelope,
                signature,
            } => {
                matches!(
                    envelope,
                    None | Some((Cipher::Cbc, Transport::Pkcs1 | Transport::Ecdh(_)))
                ) && matches!(
                    signature,
                    None | Some((Scheme::Rsa | Scheme::Ecdsa, Placing::Detached))
                )
            }
            Form::Pgp { packet, .. } => *packet != Some(Packet::Seipd2),
        }
    }

    fn write(&self, form: &Form, letter: &Letter) -> Result<Vec<u8>, String> {
        let job = json!({
            "from": address(form.sender()),
            "to": address(form.recipient()),
            "subject": letter.subject,
            "text": letter.text,
            "technology": if matches!(form, Form::Cms { .. }) { "smime" } else { "openpgp" },
            "certificate": form.sender(),
            "key": self.keys[form.sender()],
            "sign": form.signed(),
            "encrypt": form.encrypted(),
        });
        let octets = self
            .session
            .borrow_mut()
            .script(include_str!("thunderbird/write.js"), &job)?;
        let octets = octets.as_str().ok_or("no message")?;
        octets
            .chars()
            .map(|octet| u8::try_from(u32::from(octet)).map_err(|_| "not octets".to_owned()))
            .collect()
    }
}
