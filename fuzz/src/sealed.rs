//! What must hold of the sealed routes for any bytes.
//!
//! A fuzzer has no key of the clinic's. So whatever it makes of what the
//! clinic sealed, nothing comes out as the clinic's word, nor as intact, but
//! what the clinic wrote.

use std::sync::{Arc, OnceLock};

use mailseal::base::{Address, Fact, Form, KeyFault, KeyTrust, Phi, Route, Secret, Timestamp};
use mailseal::compose::{Copy, Message, Visible};
use mailseal::discover::{CertificateFormat, PinnedKeys};
use mailseal::seal::open::{Authenticity, Keyring, Opened, open};
use mailseal::seal::pgp::{PgpKey, PgpSealer};
use mailseal::seal::smime::{Certificate, SmimeKey, SmimeSealer, TrustAnchors};
use mailseal::seal::{Certificates, KnownCertificate, SealJob, Sealer};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The passphrase of every key file here.
pub(crate) const PASSPHRASE: &str = "fuzz";
/// What the clinic wrote in each message that is a seed.
pub(crate) const SUBJECT: &str = "Your HbA1c result";
pub(crate) const BODY: &str = "HbA1c 9.1 %, start insulin";
/// When everything here happens.
pub(crate) const NOW: Timestamp = Timestamp::from_unix_ms(1_795_000_000_000);

const HEAD: &str = "From: clinic@harbor.example\r\nTo: pat@mail.example\r\n\
    Date: Wed, 18 Nov 2026 11:06:40 +0000\r\nSubject: [...]\r\nMIME-Version: 1.0\r\n";

/// The files that `make_keys_and_seeds` writes.
macro_rules! key {
    ($name:literal) => {
        include_bytes!(concat!("../keys/", $name))
    };
}

/// The clinic, its patient, and who knows whose certificates.
pub(crate) struct World {
    pub(crate) clinic: Address,
    pub(crate) pat: Address,
    pub(crate) keys: Keyring,
    pub(crate) pgp: PgpSealer,
    pub(crate) smime: SmimeSealer,
    anchors: TrustAnchors,
    #[cfg(test)]
    known: Arc<PinnedKeys>,
    #[cfg(test)]
    own: (PgpKey, SmimeKey),
}

/// Loaded once: unlocking the files takes time.
pub(crate) fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(World::load)
}

impl World {
    fn load() -> Self {
        let passphrase = Secret::new(PASSPHRASE.to_owned());
        let pgp = |file: &[u8]| PgpKey::read(file, &passphrase).expect("a key file");
        let smime = |file: &[u8], certificate: &[u8]| {
            SmimeKey::from_pkcs8(file, certificate, &passphrase).expect("a key file")
        };
        let clinic: Address = "clinic@harbor.example".parse().expect("an address");
        let pat: Address = "pat@mail.example".parse().expect("an address");
        let known = Arc::new(PinnedKeys::new());
        let own = (
            pgp(key!("clinic.pgp")),
            smime(key!("clinic.p8"), key!("clinic.der")),
        );
        let theirs = (pgp(key!("pat.pgp")), smime(key!("pat.p8"), key!("pat.der")));
        for (address, (pgp, smime)) in [(&clinic, &own), (&pat, &theirs)] {
            let certificate = pgp.certificate().expect("it can be written");
            known
                .pin(address, CertificateFormat::OpenPgpBinary, &certificate)
                .expect("a certificate");
            let certificate = smime.certificate().der();
            known
                .pin(address, CertificateFormat::X509Der, certificate)
                .expect("a certificate");
        }
        let anchors = TrustAnchors::from_der(key!("ca.der")).expect("an authority");
        Self {
            keys: Keyring::new()
                .pgp_key(theirs.0)
                .smime_key(theirs.1)
                .anchors(anchors.clone())
                .certificates(Arc::clone(&known)),
            pgp: PgpSealer::new(Arc::clone(&known))
                .identity(&clinic, own.0.clone())
                .copy_to_self(false),
            smime: SmimeSealer::new(Arc::clone(&known))
                .identity(&clinic, own.1.clone())
                .anchors(anchors.clone())
                .form_for(&pat, Form::AuthEnveloped)
                .copy_to_self(false),
            anchors,
            clinic,
            pat,
            #[cfg(test)]
            known,
            #[cfg(test)]
            own,
        }
    }

    /// What writes SEIPDv2 to a version 4 key.
    #[cfg(test)]
    pub(crate) fn pgp_with(&self, form: Form) -> PgpSealer {
        PgpSealer::new(Arc::clone(&self.known))
            .identity(&self.clinic, self.own.0.clone())
            .form_for(&self.pat, form)
            .copy_to_self(false)
    }

    /// What writes CBC.
    #[cfg(test)]
    pub(crate) fn smime_cbc(&self) -> SmimeSealer {
        SmimeSealer::new(Arc::clone(&self.known))
            .identity(&self.clinic, self.own.1.clone())
            .copy_to_self(false)
    }
}

fn holds(haystack: &[u8], needle: &str) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle.as_bytes())
}

/// Opens it, and checks what is said of it.
fn opened(raw: &[u8]) -> Option<Opened> {
    let keys = &world().keys;
    let opened = match open(raw, keys, NOW) {
        Ok(opened) => opened,
        Err(error) => {
            let again = open(raw, keys, NOW).err();
            assert_eq!(again, Some(error), "the same answer twice");
            return None;
        }
    };
    let authentic = matches!(opened.authenticity(), Authenticity::Authentic(_));
    let message = opened.message();
    let intact = opened.encryption().iter().all(|layer| layer.integrity);
    assert_eq!(message.is_ok(), intact, "only what is intact is shown");
    if let Ok(message) = message {
        assert!(
            !authentic || holds(message, BODY),
            "the clinic never wrote that"
        );
        assert!(
            !authentic || !opened.headers().protected || holds(message, SUBJECT),
            "nor under that subject"
        );
        // A key of Pat's is public: anybody can encrypt to it. But a fuzzer
        // without a random generator and RSA or ECDH does not.
        assert!(
            !opened.is_encrypted() || holds(message, BODY),
            "intact, and not what was sealed"
        );
    }
    if authentic {
        assert_eq!(opened.author(), Some(&world().clinic));
    }
    let shown = format!("{opened:?}");
    assert!(!holds(shown.as_bytes(), BODY) && !holds(shown.as_bytes(), SUBJECT));
    Some(opened)
}

fn base64_lines(data: &[u8], out: &mut String) {
    for line in data.chunks(57) {
        STANDARD.encode_string(line, out);
        out.push_str("\r\n");
    }
}

/// CMS (RFC 5652) as the body of a message.
pub fn cms(data: &[u8]) {
    let mut raw = format!(
        "{HEAD}Content-Type: application/pkcs7-mime; name=smime.p7m\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n"
    );
    base64_lines(data, &mut raw);
    opened(raw.as_bytes());
}

/// OpenPGP messages (RFC 9580), binary, in PGP/MIME.
pub fn openpgp(data: &[u8]) {
    let mut raw = format!(
        "{HEAD}Content-Type: multipart/encrypted; boundary=b;\r\n \
         protocol=\"application/pgp-encrypted\"\r\n\r\n\
         --b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n\
         --b\r\nContent-Type: application/octet-stream\r\n\r\n\
         -----BEGIN PGP MESSAGE-----\r\n\r\n"
    );
    base64_lines(data, &mut raw);
    raw.push_str("-----END PGP MESSAGE-----\r\n--b--\r\n");
    opened(raw.as_bytes());
}

/// PKCS#12 files (RFC 7292): what is read twice is the same, and a wrong
/// passphrase opens nothing that a right one opens.
pub fn pkcs12(data: &[u8]) {
    let read = |passphrase: &str| SmimeKey::from_pkcs12(data, &Secret::new(passphrase.to_owned()));
    let first = read(PASSPHRASE);
    let second = read(if first.is_ok() { "wrong" } else { PASSPHRASE });
    match (first, second) {
        (Ok(key), second) => {
            assert!(second.is_err(), "a wrong passphrase");
            let certificate = key.certificate();
            Certificate::from_der(certificate.der()).expect("it was read once");
        }
        (Err(first), Err(second)) => assert_eq!(first, second, "the same answer twice"),
        (Err(_), Ok(_)) => panic!("the same file twice, and another answer"),
    }
}

/// A source that has one certificate for everybody.
#[derive(Debug)]
struct Offered(Vec<u8>);

impl Certificates for Offered {
    fn certificate(&self, route: Route, _: &Address) -> Result<Option<KnownCertificate>, KeyFault> {
        let known = KnownCertificate::new(self.0.clone(), KeyTrust::Discovered);
        Ok((route == Route::Smime).then_some(known))
    }
}

/// X.509 certificates and their path (RFC 5280): what a fuzzer changes is
/// signed by nobody that the clinic trusts.
pub fn certificate(data: &[u8]) {
    if let Ok(certificate) = Certificate::from_der(data) {
        assert_eq!(certificate.der(), data, "kept as it came");
        let again = Certificate::from_der(certificate.der()).expect("its own octets");
        assert_eq!(again.addresses(), certificate.addresses());
        assert_eq!(again.sha256(), certificate.sha256());
    }
    let world = world();
    let sealer = SmimeSealer::new(Offered(data.to_vec()))
        .anchors(world.anchors.clone())
        .allow_unsigned(true);
    let status = sealer.assess(&world.clinic, &world.pat, NOW);
    if matches!(status.trust, Fact::Proven(_)) {
        assert_eq!(data, key!("pat.der"), "the authority never signed that");
    }
    // And as an authority: Pat's certificate leads to its own, or is the anchor
    // itself.
    if let Ok(anchors) = TrustAnchors::from_der(data) {
        let sealer = SmimeSealer::new(Offered(key!("pat.der").to_vec()))
            .anchors(anchors)
            .allow_unsigned(true);
        let status = sealer.assess(&world.clinic, &world.pat, NOW);
        assert!(
            !matches!(status.trust, Fact::Proven(_))
                || data == key!("pat.der")
                || holds_key_of_authority(data),
            "another authority"
        );
    }
}

/// An anchor is a name and a key (RFC 5280 section 6.1.1): what else its
/// certificate says is not looked at.
fn holds_key_of_authority(data: &[u8]) -> bool {
    // An uncompressed point of P-256 stands in it once.
    let authority: &[u8] = key!("ca.der");
    let point = authority
        .windows(4)
        .position(|w| w == [3, 66, 0, 4])
        .and_then(|at| authority.get(at..at + 68))
        .expect("the authority's key is on P-256");
    data.windows(point.len()).any(|window| window == point)
}

/// Whole messages with and without protected headers (RFC 9788): what is
/// opened is what was sealed, and what can be sealed comes back as it was.
pub fn protected_headers(data: &[u8]) {
    opened(data);
    let world = world();
    let Ok(message) = Message::parse(data) else {
        return;
    };
    let copy = Copy::new(Visible::All, NOW, "<seed@mailseal.example>");
    let Ok(rendered) = message.render(&copy) else {
        return;
    };
    let rendered = rendered.bytes();
    // What is sealed already would be opened all the way.
    match opened(rendered) {
        Some(plain) if !plain.is_encrypted() && plain.signatures().is_empty() => {}
        _ => return,
    }
    // One of them for each input: the time goes into keys, not headers.
    let sealer: &dyn Sealer = if data.len().is_multiple_of(2) {
        &world.pgp
    } else {
        &world.smime
    };
    let job = SealJob::new(rendered, &world.clinic, &world.pat, NOW);
    let Ok(sealed) = sealer.seal(&job) else {
        return;
    };
    let opened = open(&sealed, &world.keys, NOW).expect("what is sealed opens");
    assert!(opened.is_encrypted());
    assert!(opened.headers().protected);
    assert!(opened.headers().altered.is_empty());
    let message = opened.message().expect("it is intact");
    assert_eq!(fields(message), fields(rendered), "the header comes back");
    assert_eq!(
        text(body(message)),
        text(body(rendered)),
        "the body comes back"
    );
}

/// Header fields in their order, those of MIME sorted apart: these stand with
/// the payload.
fn fields(message: &[u8]) -> (Vec<String>, Vec<String>) {
    let head = head(message);
    let mut all: Vec<String> = Vec::new();
    for line in String::from_utf8_lossy(head).split_inclusive("\r\n") {
        match all.last_mut() {
            Some(last) if line.starts_with([' ', '\t']) => last.push_str(line),
            _ => all.push(line.to_owned()),
        }
    }
    let (mut mime, other): (Vec<String>, Vec<String>) = all.into_iter().partition(|field| {
        let name = field.to_ascii_lowercase();
        name.starts_with("content-") || name.starts_with("mime-version")
    });
    for field in &mut mime {
        *field = field.replace("\r\n", "");
    }
    // There is one version, and where no type is written this is it (RFC 2045
    // sections 4 and 5.2).
    mime.retain(|field| {
        !field.to_ascii_lowercase().starts_with("mime-version")
            && field != "Content-Type: text/plain; charset=us-ascii"
    });
    mime.sort();
    (mime, other)
}

fn text(octets: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(octets)
}

fn cut(message: &[u8]) -> usize {
    let at = message.windows(4).position(|window| window == b"\r\n\r\n");
    at.map_or(message.len(), |at| at + 2)
}

fn head(message: &[u8]) -> &[u8] {
    &message[..cut(message)]
}

fn body(message: &[u8]) -> &[u8] {
    message.get(cut(message) + 2..).unwrap_or_default()
}

/// The clinic's message to Pat.
pub(crate) fn letter() -> Vec<u8> {
    let world = world();
    let message = Message::builder()
        .from(world.clinic.clone())
        .to(world.pat.clone())
        .subject(SUBJECT)
        .text(Phi::new(BODY.to_owned()))
        .build()
        .expect("a message");
    let copy = Copy::new(Visible::All, NOW, "<seed@mailseal.example>");
    message.render(&copy).expect("it renders").bytes().to_vec()
}
