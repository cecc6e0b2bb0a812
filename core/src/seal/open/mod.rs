//! Opening what comes back: decrypts, verifies, and says which parts were
//! signed and encrypted, and by whom.
//!
//! **In**: a message as it arrived and a [`Keyring`]. **Out**: [`Opened`]: the
//! message with its protected headers in their place (RFC 9788 section 4), a
//! report on each layer and part, and one word on the whole,
//! [`Authenticity`].
//!
//! The protection of a message is its *cryptographic envelope* (RFC 9787
//! section 4): the layers from the outermost inwards that enclose all of it.
//! Only these are opened. What is sealed deeper, beside other parts, says
//! nothing about the whole: a signature there is reported for its part alone,
//! and an encrypted part stays closed, since text around it could carry its
//! content away (EFAIL).
//!
//! **Never called authentic**: what no signature covers whole; what a
//! signature outside the encryption covers; a signature by an unknown or
//! unusable key; one whose signer is not the author that the message names;
//! a message whose outer and inner From differ.
//!
//! **Integrity before release**: nothing of a decrypted layer is given out
//! before its end was reached and its MDC or tag verified. CBC has neither: it
//! counts as whole only where a right signature stands directly inside; else
//! [`Opened::message`] refuses with [`OpenError::Unauthenticated`], and plain
//! text is all there is.
//!
//! **Refused**: more than 256 MiB, 8 layers, 20 levels, 1,000 parts, 16 parts
//! with signatures of their own. Failures of decryption are one error, and so
//! are all that come behind CBC without a signature inside. That it opened at
//! all still tells of CBC's padding: never let the sender of a message know
//! what became of it.
//!
//! ```
//! use mailseal::base::Timestamp;
//! use mailseal::seal::open::{Authenticity, Keyring, Unproven, open};
//! let raw = b"From: pat@mail.example\r\nSubject: hello\r\n\r\nplain\r\n";
//! let opened = open(raw, &Keyring::new(), Timestamp::from_unix_ms(1_800_000_000_000))?;
//! assert!(!opened.is_encrypted());
//! assert_eq!(opened.authenticity(), Authenticity::Unproven(Unproven::Unsigned));
//! assert_eq!(opened.message()?, raw);
//! # Ok::<(), mailseal::seal::OpenError>(())
//! ```

mod backend;
mod headers;
mod keyring;
mod legacy;
mod opened;
mod parts;
mod report;
mod unwrap;

pub use headers::HeaderReport;
pub use keyring::Keyring;
pub use opened::{Authenticity, Opened, Unproven};
pub use parts::OpenedPart;
pub(crate) use report::Decrypted;
pub use report::{EncryptionReport, SignatureReport, Signer, Verdict};

use super::OpenError;
use crate::base::Timestamp;
use crate::base::crypto::stack::cleaned;

/// Largest message, in octets, sealed or opened.
const MAX_MESSAGE: usize = 256 * 1024 * 1024;

/// Opens a message.
///
/// Lines may end with CRLF, or all with LF, as files on disk do. A message
/// that is not sealed opens too: then nothing is said for it.
///
/// # Errors
/// [`OpenError`]: it cannot be read, passes a limit, or does not decrypt.
pub fn open(raw: &[u8], keys: &Keyring, now: Timestamp) -> Result<Opened, OpenError> {
    within(raw.len())?;
    let raw = if raw.contains(&b'\r') {
        zeroize::Zeroizing::new(raw.to_vec())
    } else {
        zeroize::Zeroizing::new(unwrap::with_crlf(raw))
    };
    let unwrapped = cleaned(|| unwrap::unwrap(&raw, keys, now))?;
    unwrapped.then(|unwrapped| opened::assemble(&raw, unwrapped, keys, now))
}

fn within(length: usize) -> Result<(), OpenError> {
    if length > MAX_MESSAGE {
        return Err(OpenError::Limit {
            what: "octets",
            limit: MAX_MESSAGE,
        });
    }
    Ok(())
}
