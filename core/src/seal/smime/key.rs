//! Private keys with their certificates: PKCS#8 and PKCS#12 files.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use der::{Decode as _, Encode as _};
use pkcs8::EncryptedPrivateKeyInfoRef;
use pkcs8::pkcs5::{self, pbes2};
use zeroize::Zeroizing;

use super::certificate::Certificate;
use super::{pem, pkcs12};
use crate::base::crypto::make_random;
use crate::base::crypto::passphrase::{FileDigest, decrypt_cbc, encrypt_cbc, stretch_to};
use crate::base::crypto::private::{KeyRejected, PrivateKey};
use crate::base::crypto::stack::cleaned;
use crate::base::{KeyFault, Secret, SignatureScheme};
use crate::seal::{DigestSigner, KeyFileError, SignError};

/// The largest key that is read.
const MAX_KEY: usize = 64 * 1024;
/// PBKDF2 iterations that are written (OWASP's advice for HMAC-SHA-256).
pub(crate) const ITERATIONS: u32 = 600_000;
/// The most that are done for a file that is read.
pub(crate) const MAX_ITERATIONS: u32 = 10_000_000;
/// What to do with a file under an old or unknown encryption.
pub(crate) const AGAIN: &str = "it uses an old or unknown password-based encryption; export it again with: openssl pkcs12 -export -keypbe AES-256-CBC -certpbe AES-256-CBC";
/// scrypt's memory (128 · N · r) and work (N · r · p) that a file may ask for.
const MAX_SCRYPT_MEMORY: u64 = 256 * 1024 * 1024;
const MAX_SCRYPT_WORK: u64 = 1 << 24;

/// A key to sign and to read S/MIME with, and its certificate.
///
/// The private key lies encrypted in memory between uses, or lives elsewhere ([`SmimeKey::external`]). Cloning shares it.
#[derive(Clone)]
pub struct SmimeKey(Arc<Inner>);

struct Inner {
    chain: Vec<Certificate>,
    held: Held,
}

enum Held {
    Here(Local),
    Elsewhere(Arc<dyn DigestSigner>),
}

#[derive(Debug)]
struct Local(PrivateKey);

impl DigestSigner for Local {
    fn public_key(&self) -> &[u8] {
        self.0.spki()
    }

    fn sign_digest(&self, scheme: SignatureScheme, digest: &[u8]) -> Result<Vec<u8>, SignError> {
        self.0.sign_digest(scheme, digest).map_err(|_| SignError)
    }
}

impl fmt::Debug for SmimeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SmimeKey(***)")
    }
}

fn rejected(form: &'static str) -> impl Fn(KeyRejected) -> KeyFileError {
    move |rejected| match rejected {
        KeyRejected::Malformed => KeyFileError::Malformed {
            form,
            what: "the private key in it is broken",
        },
        KeyRejected::Weak => KeyFileError::Key(KeyFault::WeakKey),
        KeyRejected::Unsupported => KeyFileError::Key(KeyFault::UnsupportedAlgorithm),
    }
}

/// The public key's octets, without how its algorithm is written: parameters
/// may be absent or NULL.
fn same_key(a: &[u8], b: &[u8]) -> bool {
    use x509_cert::spki::SubjectPublicKeyInfoOwned as Spki;
    match (Spki::from_der(a), Spki::from_der(b)) {
        (Ok(a), Ok(b)) => {
            a.algorithm.oid == b.algorithm.oid && a.subject_public_key == b.subject_public_key
        }
        _ => false,
    }
}

/// Decrypts PBES2 (RFC 8018 section 6.2), with bounds on the work.
pub(crate) fn decrypt_pbes2(
    scheme: &pkcs5::EncryptionScheme,
    passphrase: &[u8],
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    use pbes2::EncryptionScheme as Cipher;
    use pbes2::Pbkdf2Prf as Prf;
    let parameters = scheme.pbes2().ok_or(KeyFileError::Protection(AGAIN))?;
    match &parameters.kdf {
        pbes2::Kdf::Pbkdf2(k) => {
            let iterations = NonZeroU32::new(k.iteration_count)
                .filter(|n| n.get() <= MAX_ITERATIONS)
                .ok_or(KeyFileError::Protection(
                    "it asks for more than 10,000,000 rounds of key derivation",
                ))?;
            let digest = match k.prf {
                Prf::HmacWithSha1 => FileDigest::Sha1,
                Prf::HmacWithSha256 => FileDigest::Sha256,
                Prf::HmacWithSha384 => FileDigest::Sha384,
                Prf::HmacWithSha512 => FileDigest::Sha512,
                _ => return Err(KeyFileError::Protection(AGAIN)),
            };
            let (length, iv) = match parameters.encryption {
                Cipher::Aes128Cbc { iv } => (16, iv),
                Cipher::Aes192Cbc { iv } => (24, iv),
                Cipher::Aes256Cbc { iv } => (32, iv),
                _ => return Err(KeyFileError::Protection(AGAIN)),
            };
            if k.key_length.is_some_and(|l| usize::from(l) != length) {
                return Err(KeyFileError::Protection(
                    "its key length does not fit its cipher",
                ));
            }
            let key = stretch_to(digest, passphrase, k.salt.as_bytes(), iterations, length);
            decrypt_cbc(&key, iv, ciphertext).map_err(|_| KeyFileError::Passphrase)
        }
        pbes2::Kdf::Scrypt(s) => {
            let blocks = s.cost_parameter.saturating_mul(u64::from(s.block_size));
            if s.cost_parameter < 2
                || !s.cost_parameter.is_power_of_two()
                || blocks.saturating_mul(128) > MAX_SCRYPT_MEMORY
                || blocks.saturating_mul(u64::from(s.parallelization)) > MAX_SCRYPT_WORK
            {
                return Err(KeyFileError::Protection(
                    "its scrypt parameters ask for too much memory or time",
                ));
            }
            let mut buffer = Zeroizing::new(ciphertext.to_vec());
            let length = parameters
                .decrypt_in_place(passphrase, &mut buffer)
                .map_err(|_| KeyFileError::Passphrase)?
                .len();
            buffer.truncate(length);
            Ok(buffer)
        }
        _ => Err(KeyFileError::Protection(AGAIN)),
    }
}

/// Encrypts with PBES2: PBKDF2-HMAC-SHA-256 with a new salt, AES-256-CBC.
pub(crate) fn encrypt_pbes2(
    passphrase: &[u8],
    clear: &[u8],
) -> Result<(pbes2::Parameters, Vec<u8>), KeyFileError> {
    const FAILED: KeyFileError = KeyFileError::Protection("the key cannot be encrypted");
    let salt = make_random::<16>();
    let iterations = NonZeroU32::new(ITERATIONS).ok_or(FAILED)?;
    let key = stretch_to(FileDigest::Sha256, passphrase, &salt, iterations, 32);
    let (iv, ciphertext) = encrypt_cbc(&key, clear).map_err(|_| FAILED)?;
    let parameters = pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(ITERATIONS, &salt, iv)
        .map_err(|_| FAILED)?;
    Ok((parameters, ciphertext))
}

impl SmimeKey {
    /// Reads a PKCS#12 file (RFC 7292): a private key, its certificate, and
    /// those above it.
    ///
    /// # Errors
    /// [`KeyFileError::Protection`] for the old RC2 and 3DES encryptions,
    /// [`KeyFileError::Passphrase`], [`KeyFileError::Mismatch`] and others.
    pub fn from_pkcs12(bytes: &[u8], passphrase: &Secret<String>) -> Result<Self, KeyFileError> {
        cleaned(|| Self::read_pkcs12(bytes, passphrase))
    }

    fn read_pkcs12(bytes: &[u8], passphrase: &Secret<String>) -> Result<Self, KeyFileError> {
        let contents = pkcs12::read(bytes, passphrase.expose())?;
        let private = PrivateKey::from_pkcs8(&contents.key).map_err(rejected("PKCS#12"))?;
        let mut chain = contents.certificates;
        // The end entity's certificate stands anywhere.
        let at = chain
            .iter()
            .position(|c| same_key(c.spki(), private.spki()))
            .ok_or(KeyFileError::Mismatch)?;
        chain[..=at].rotate_right(1);
        Self::new(chain, Held::Here(Local(private)))
    }

    /// Reads an encrypted private key, PKCS#8 EncryptedPrivateKeyInfo (RFC
    /// 5958) in PEM or DER with PBES2, and its chain: PEM, the end entity's
    /// certificate first, or one in DER.
    ///
    /// # Errors
    /// [`KeyFileError::Clear`] for a key that is not encrypted,
    /// [`KeyFileError::Passphrase`], [`KeyFileError::Mismatch`] and others.
    pub fn from_pkcs8(
        key: &[u8],
        chain: &[u8],
        passphrase: &Secret<String>,
    ) -> Result<Self, KeyFileError> {
        cleaned(|| Self::read_pkcs8(key, chain, passphrase))
    }

    fn read_pkcs8(
        key: &[u8],
        chain: &[u8],
        passphrase: &Secret<String>,
    ) -> Result<Self, KeyFileError> {
        const FORM: &str = "PKCS#8";
        let der = read_encrypted(key)?;
        let info = EncryptedPrivateKeyInfoRef::try_from(der.as_slice()).map_err(|_| {
            KeyFileError::Malformed {
                form: FORM,
                what: "it is no EncryptedPrivateKeyInfo",
            }
        })?;
        let clear = decrypt_pbes2(
            &info.encryption_algorithm,
            passphrase.expose().as_bytes(),
            info.encrypted_data.as_bytes(),
        )?;
        // A wrong passphrase passes CBC's padding once in 256 times.
        if crate::base::crypto::public::tlv(&clear)
            .is_none_or(|t| t.tag != 0x30 || !t.rest.is_empty())
        {
            return Err(KeyFileError::Passphrase);
        }
        let private = PrivateKey::from_pkcs8(&clear).map_err(rejected(FORM))?;
        Self::new(read_chain(chain)?, Held::Here(Local(private)))
    }

    /// A key that lives elsewhere, in an HSM or a KMS, with its chain. It
    /// signs; mail that is encrypted to it does not open here.
    ///
    /// # Errors
    /// [`KeyFileError::Mismatch`] where its public key is not the
    /// certificate's.
    pub fn external(chain: &[u8], signer: Arc<dyn DigestSigner>) -> Result<Self, KeyFileError> {
        Self::new(read_chain(chain)?, Held::Elsewhere(signer))
    }

    /// A key that is in memory already.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn from_parts(
        chain: Vec<Certificate>,
        private: PrivateKey,
    ) -> Result<Self, KeyFileError> {
        Self::new(chain, Held::Here(Local(private)))
    }

    fn new(chain: Vec<Certificate>, held: Held) -> Result<Self, KeyFileError> {
        let first = chain.first().ok_or(KeyFileError::Mismatch)?;
        first.kind().map_err(KeyFileError::Key)?;
        let public = match &held {
            Held::Here(local) => local.public_key(),
            Held::Elsewhere(signer) => signer.public_key(),
        };
        if !same_key(first.spki(), public) {
            return Err(KeyFileError::Mismatch);
        }
        Ok(Self(Arc::new(Inner { chain, held })))
    }

    /// Writes the private key as PEM "ENCRYPTED PRIVATE KEY": PBES2 with
    /// PBKDF2-HMAC-SHA-256, 600,000 rounds, and AES-256-CBC.
    ///
    /// # Errors
    /// [`KeyFileError::Clear`] for an empty passphrase,
    /// [`KeyFileError::Protection`] where the key lives elsewhere.
    pub fn to_pkcs8(&self, passphrase: &Secret<String>) -> Result<String, KeyFileError> {
        let private = self.exportable()?;
        let der = cleaned(|| encrypt_key(private, passphrase))?;
        Ok(pem::write("ENCRYPTED PRIVATE KEY", &der))
    }

    /// Writes key and chain as PKCS#12 (RFC 7292), both encrypted as in
    /// [`Self::to_pkcs8`], under an HMAC-SHA-256.
    ///
    /// # Errors
    /// As [`Self::to_pkcs8`].
    pub fn to_pkcs12(&self, passphrase: &Secret<String>) -> Result<Vec<u8>, KeyFileError> {
        let key = encrypt_key(self.exportable()?, passphrase)?;
        pkcs12::write(&key, &self.0.chain, passphrase.expose())
    }

    fn exportable(&self) -> Result<&PrivateKey, KeyFileError> {
        self.private().ok_or(KeyFileError::Protection(
            "the key lives in another module, which does not give it away",
        ))
    }

    /// The key's certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.0.chain[0]
    }

    /// The certificate and those above it.
    pub(crate) fn chain(&self) -> &[Certificate] {
        &self.0.chain
    }

    /// The private key, where it is here.
    pub(crate) fn private(&self) -> Option<&PrivateKey> {
        match &self.0.held {
            Held::Here(local) => Some(&local.0),
            Held::Elsewhere(_) => None,
        }
    }

    pub(crate) fn signer(&self) -> &dyn DigestSigner {
        match &self.0.held {
            Held::Here(local) => local,
            Held::Elsewhere(signer) => signer.as_ref(),
        }
    }
}

fn read_chain(chain: &[u8]) -> Result<Vec<Certificate>, KeyFileError> {
    Certificate::parse_chain(chain).map_err(|_| KeyFileError::Malformed {
        form: "certificate",
        what: "expected PEM CERTIFICATE blocks, the key's own first, or one in DER",
    })
}

/// The DER of an EncryptedPrivateKeyInfo; keys in clear are named as such.
fn read_encrypted(key: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let malformed = |what| KeyFileError::Malformed {
        form: "PKCS#8",
        what,
    };
    if key.len() > MAX_KEY {
        return Err(malformed("it is larger than 64 KiB"));
    }
    if pem::is_pem(key) {
        if let Ok(mut blocks) = pem::read(key, "ENCRYPTED PRIVATE KEY", MAX_KEY, 1) {
            return blocks
                .pop()
                .map(Zeroizing::new)
                .ok_or(malformed("it holds no key"));
        }
        if pem::has(key, b"Proc-Type: 4,ENCRYPTED") {
            return Err(KeyFileError::Protection(
                "it uses OpenSSL's old PEM encryption; write it again with: openssl pkcs8 -topk8 -v2 aes-256-cbc",
            ));
        }
        if pem::has(key, b"PRIVATE KEY-----") && !pem::has(key, b"ENCRYPTED PRIVATE KEY-----") {
            return Err(KeyFileError::Clear);
        }
        return Err(malformed("expected one block ENCRYPTED PRIVATE KEY"));
    }
    // PrivateKeyInfo, RSAPrivateKey and ECPrivateKey begin with a version.
    let outer = crate::base::crypto::public::tlv(key)
        .filter(|t| t.tag == 0x30)
        .ok_or(malformed("it is neither PEM nor DER"))?;
    if outer.value.first() == Some(&0x02) {
        return Err(KeyFileError::Clear);
    }
    Ok(Zeroizing::new(key.to_vec()))
}

fn encrypt_key(key: &PrivateKey, passphrase: &Secret<String>) -> Result<Vec<u8>, KeyFileError> {
    const FAILED: KeyFileError = KeyFileError::Protection("the key cannot be encrypted");
    if passphrase.expose().is_empty() {
        return Err(KeyFileError::Clear);
    }
    let clear = key.to_pkcs8().map_err(|_| FAILED)?;
    let (parameters, encrypted) = encrypt_pbes2(passphrase.expose().as_bytes(), &clear)?;
    let data = der::asn1::OctetStringRef::new(&encrypted).map_err(|_| FAILED)?;
    EncryptedPrivateKeyInfoRef {
        encryption_algorithm: parameters.into(),
        encrypted_data: data,
    }
    .to_der()
    .map_err(|_| FAILED)
}

#[cfg(test)]
mod tests;
