//! S/MIME 4.0 (RFC 8551) over CMS (RFC 5652).
//!
//! **In**: a rendered message, the recipients' certificates, the sender's
//! [`SmimeKey`]. **Out**: a message whose payload is signed (multipart/signed,
//! or SignedData where the host asks for it) and then encrypted:
//!
//! | form | cipher | content key |
//! |---|---|---|
//! | `Enveloped` | AES-256-CBC | RSA-OAEP with SHA-256 (RFC 4055), or ephemeral-static ECDH on P-256, P-384 or P-521 (RFC 5753) |
//! | `AuthEnveloped` | AES-256-GCM (RFC 5083, 5084) | the same |
//! | `EnvelopedPkcs1` | AES-256-CBC | RSA PKCS#1 v1.5, for one recipient whom the host names |
//!
//! CBC is the default, since Thunderbird and gpgsm read nothing else; GCM is
//! taken where the certificate's SMIMECapabilities (RFC 4262), those of earlier
//! signed mail, or the host say that it is read. CBC is not written unsigned
//! unless the host allows it: EFAIL rewrites it.
//!
//! **Checked**: of certificates the dates, key usage, mail address (RFC 9598),
//! strength, and the path to the host's [`TrustAnchors`] (RFC 5280 section 6)
//! with its constraints and [`RevocationLists`]; of signatures every signed
//! attribute and the digest.
//!
//! **Refused**: RSA below 2048 bits, SHA-1 and MD5, 3DES and RC2, key files in
//! clear, critical extensions that are not understood, more than 1,000
//! recipients. Failures of decryption are one error, and a wrong PKCS#1 v1.5
//! padding goes on with another key (RFC 3218 section 2.3.2).
//!
//! The ASN.1 types are those of the crates `cms` and `x509-cert`; the
//! primitives are aws-lc's. What is large (content, signatures around it) is
//! read and written by `ber` and never copied layer by layer.
//!
//! ```
//! use mailseal::base::Secret;
//! use mailseal::seal::{KeyFileError, smime::SmimeKey};
//! let clear = b"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n";
//! let read = SmimeKey::from_pkcs8(clear, b"", &Secret::from("passphrase"));
//! assert_eq!(read.map(|_| ()), Err(KeyFileError::Clear));
//! ```

mod algorithms;
#[cfg(test)]
mod attacks;
mod ber;
mod capabilities;
mod certificate;
mod compose;
mod constraints;
mod crl;
mod enveloped;
mod key;
mod names;
mod path;
mod pem;
mod pkcs12;
mod recipients;
#[cfg(test)]
mod samples;
mod sealer;
mod signature;
mod signed;

pub use certificate::Certificate;
pub(crate) use enveloped::decrypt;
pub use key::SmimeKey;
pub(crate) use path::{Purpose, check_leaf, revoked, validate};
pub use path::{RevocationLists, TrustAnchors};
pub use sealer::SmimeSealer;
pub(crate) use signed::verify;
