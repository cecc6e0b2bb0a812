//! Why a message was not sealed, a key not read, a message not opened.

use crate::base::KeyFault;

/// Why a message was not sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// There is no certificate for the recipient.
    #[error("the recipient has no certificate")]
    NoKey,
    /// The recipient's certificate must not be used.
    #[error("{whose}{fault}", whose = whose(.0), fault = .0)]
    Key(KeyFault),
    /// The message cannot be sealed in this form.
    #[error("the message cannot be sealed in this form: {0}")]
    Message(&'static str),
    /// The signing key refused, or cannot make such a signature.
    #[error("the signing key made no signature: {0}")]
    Sign(&'static str),
    /// The sealed message could not be written to where it was to go.
    #[error("the sealed message could not be written ({0})")]
    Write(std::io::ErrorKind),
    /// No sealer for the route was given.
    #[error("no sealer for this route was given to the client")]
    Unsupported,
}

/// All faults but one are of the recipient's certificate.
fn whose(fault: &KeyFault) -> &'static str {
    match fault {
        KeyFault::NoSigningKey => "",
        _ => "the recipient's certificate must not be used: ",
    }
}

impl SealError {
    /// A stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoKey => "seal.no_key",
            Self::Key(fault) => fault.code(),
            Self::Message(_) => "seal.message",
            Self::Sign(_) => "seal.sign",
            Self::Write(_) => "seal.write",
            Self::Unsupported => "seal.unsupported",
        }
    }
}

/// Why a key file was not read or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// It is no key file of that form.
    #[error("this is no {form} key file: {what}")]
    Malformed {
        /// The form that was asked for.
        form: &'static str,
        /// What is wrong, and what to do.
        what: &'static str,
    },
    /// The key lies in it in clear.
    #[error(
        "the key in the file is not encrypted: encrypt it with a passphrase; keys in clear are not read"
    )]
    Clear,
    /// The passphrase is wrong, or the file was changed.
    #[error("the passphrase is wrong, or the file was changed")]
    Passphrase,
    /// It is encrypted in a way that is broken or not supported.
    #[error("the key file's protection is not supported: {0}")]
    Protection(&'static str),
    /// The key itself must not be used.
    #[error("the key must not be used: {0}")]
    Key(KeyFault),
    /// The certificate and the private key do not belong together.
    #[error("the certificate and the private key do not belong together")]
    Mismatch,
}

impl KeyFileError {
    /// A stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "key_file.malformed",
            Self::Clear => "key_file.clear",
            Self::Passphrase => "key_file.passphrase",
            Self::Protection(_) => "key_file.protection",
            Self::Key(_) => "key_file.key",
            Self::Mismatch => "key_file.mismatch",
        }
    }
}

/// Why a message was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// It is no message, or its MIME structure cannot be followed.
    #[error("this is no message that can be opened: {0}")]
    Malformed(&'static str),
    /// It is larger, deeper or has more parts than is read.
    #[error("the message passes a limit: {what}, {limit} are allowed")]
    Limit {
        /// What there is too much of.
        what: &'static str,
        /// How much is allowed.
        limit: usize,
    },
    /// It was not decrypted. One error for all causes (no key, wrong key,
    /// changed, cut off, broken or weak algorithm): what differs would tell an
    /// attacker who sends variants (RFC 3218).
    #[error("the message does not open with these keys")]
    Decrypt,
    /// It opened, and nothing shows that it is what was written: unsigned CBC
    /// can be rewritten in transit to send its own content away (EFAIL).
    #[error(
        "nothing shows that the decrypted content is what was written: read it as plain text only"
    )]
    Unauthenticated,
}

impl OpenError {
    /// A stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "open.malformed",
            Self::Limit { .. } => "open.limit",
            Self::Decrypt => "open.decrypt",
            Self::Unauthenticated => "open.unauthenticated",
        }
    }
}
