//! OpenSSL's `cms`, and the test's authority, which it makes too.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::cms::Cms;
use super::{find, program, succeed};
use crate::forms::{Cipher, Form, Placing, Scheme, Transport};
use crate::people::{People, address};

/// A kind of key.
#[derive(Debug, Clone, Copy)]
pub(crate) enum KeyKind {
    Rsa,
    /// On the curve of this name.
    Ec(&'static str),
}

/// Makes `root.key` and `root.pem`.
pub(crate) fn make_root(folder: &Path) -> Result<(), String> {
    let mut command = openssl(folder, &["req", "-x509", "-newkey", "rsa:2048", "-nodes"]);
    command
        .args(["-keyout", "root.key", "-out", "root.pem", "-days", "30"])
        .args(["-subj", "/CN=Harbor Test Root"])
        .args(["-addext", "basicConstraints=critical,CA:TRUE"])
        .args(["-addext", "keyUsage=critical,keyCertSign,cRLSign"]);
    succeed(&mut command, b"").map(drop)
}

/// Makes `NAME.key`, `NAME.pem` and `NAME.p12` with a certificate for mail,
/// both for signing and for encrypting, issued by the root.
pub(crate) fn make_person(
    folder: &Path,
    name: &str,
    address: &str,
    kind: KeyKind,
    passphrase: &str,
) -> Result<(), String> {
    let file = |ending: &str| format!("{name}.{ending}");
    let mut request = openssl(folder, &["req", "-nodes", "-newkey"]);
    let usage = match kind {
        KeyKind::Rsa => {
            request.arg("rsa:2048");
            "keyEncipherment"
        }
        KeyKind::Ec(curve) => {
            request.args(["ec", "-pkeyopt"]);
            request.arg(format!("ec_paramgen_curve:{curve}"));
            "keyAgreement"
        }
    };
    request
        .args(["-keyout", &file("key"), "-out", &file("csr")])
        .args(["-subj", &format!("/CN={name}")]);
    succeed(&mut request, b"")?;

    let extensions = format!(
        "basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature,{usage}\n\
         extendedKeyUsage=emailProtection\nsubjectAltName=email:{address}\n\
         subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
    );
    fs::write(folder.join(file("ext")), extensions).map_err(|error| error.to_string())?;
    let mut issue = openssl(folder, &["x509", "-req", "-in", &file("csr")]);
    issue
        .args(["-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial"])
        .args([
            "-days",
            "20",
            "-extfile",
            &file("ext"),
            "-out",
            &file("pem"),
        ]);
    succeed(&mut issue, b"")?;
    make_bundle(folder, name, passphrase)
}

/// Makes `NAME.p12` of `NAME.key`, `NAME.pem` and the root, with new salts.
pub(crate) fn make_bundle(folder: &Path, name: &str, passphrase: &str) -> Result<(), String> {
    let file = |ending: &str| format!("{name}.{ending}");
    let mut bundle = openssl(folder, &["pkcs12", "-export", "-inkey", &file("key")]);
    bundle
        .args(["-in", &file("pem"), "-certfile", "root.pem"])
        // gpgsm 2.2 reads no newer one.
        .args(["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES"])
        .args(["-macalg", "sha1", "-out", &file("p12")])
        .args(["-passout", &format!("pass:{passphrase}")]);
    succeed(&mut bundle, b"").map(drop)
}

fn openssl(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = program("openssl");
    command.args(arguments).current_dir(folder);
    command
}

/// `openssl cms`.
#[derive(Debug)]
pub(crate) struct OpenSsl;

impl OpenSsl {
    /// Whether it is there.
    pub(crate) fn available() -> Result<(), &'static str> {
        find("openssl")
            .map(drop)
            .ok_or("openssl is missing (apt-get install openssl)")
    }
}

impl Cms for OpenSsl {
    fn name(&self) -> &'static str {
        "openssl"
    }

    fn cannot_read(&self, _form: &Form) -> Option<&'static str> {
        None
    }

    fn can_write(&self, _form: &Form) -> bool {
        true
    }

    fn encrypt(
        &self,
        people: &People,
        cipher: Cipher,
        transport: Transport,
        to: &str,
        content: &[u8],
    ) -> Result<Vec<u8>, String> {
        let mut command = openssl(people.folder(), &["cms", "-encrypt", "-binary"]);
        command
            .args(["-outform", "DER"])
            .arg(match cipher {
                Cipher::Cbc => "-aes-256-cbc",
                Cipher::Gcm => "-aes-256-gcm",
            })
            .args(["-recip", &format!("{to}.pem")])
            .args(match transport {
                Transport::Oaep => &[
                    "-keyopt",
                    "rsa_padding_mode:oaep",
                    "-keyopt",
                    "rsa_oaep_md:sha256",
                ][..],
                Transport::Pkcs1 => &[],
                Transport::Ecdh(_) => &["-keyopt", "ecdh_kdf_md:sha256"],
            });
        succeed(&mut command, content)
    }

    fn decrypt(&self, people: &People, to: &str, der: &[u8]) -> Result<Vec<u8>, String> {
        let mut command = openssl(people.folder(), &["cms", "-decrypt", "-binary"]);
        command
            .args(["-inform", "DER"])
            .args(["-recip", &format!("{to}.pem")])
            .args(["-inkey", &format!("{to}.key")]);
        succeed(&mut command, der)
    }

    fn sign(
        &self,
        people: &People,
        scheme: Scheme,
        placing: Placing,
        from: &str,
        content: &[u8],
    ) -> Result<Vec<u8>, String> {
        let mut command = openssl(people.folder(), &["cms", "-sign", "-binary"]);
        command
            .args(["-outform", "DER", "-md", "sha256"])
            .args(["-signer", &format!("{from}.pem")])
            .args(["-inkey", &format!("{from}.key")]);
        if scheme == Scheme::Pss {
            command.args(["-keyopt", "rsa_padding_mode:pss"]);
            command.args(["-keyopt", "rsa_pss_saltlen:digest"]);
        }
        if placing == Placing::Opaque {
            command.arg("-nodetach");
        }
        succeed(&mut command, content)
    }

    fn verify(
        &self,
        people: &People,
        from: &str,
        der: &[u8],
        content: Option<&[u8]>,
    ) -> Result<Vec<u8>, String> {
        let mut command = openssl(people.folder(), &["cms", "-verify", "-binary"]);
        command
            .args(["-inform", "DER", "-CAfile", "root.pem"])
            .args(["-purpose", "smimesign"])
            .args(["-verify_email", &address(from)]);
        // What is apart goes by a file, as the signature goes by the input.
        let folder = TempDir::new().map_err(|error| error.to_string())?;
        if let Some(content) = content {
            let path = folder.path().join("content");
            fs::write(&path, content).map_err(|error| error.to_string())?;
            command.arg("-content").arg(path);
        }
        succeed(&mut command, der)
    }
}
