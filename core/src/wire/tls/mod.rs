//! TLS for mail (RFC 3207, RFC 8446, SP 800-52r2) on rustls.
//!
//! A plan enters: the host's name, the least assurance, what beside WebPKI
//! vouches for the host, the authorities. A connection leaves with its
//! [`TlsEvidence`], or the reason why there is none as a stable word.
//!
//! Refused: versions below TLS 1.2, suites outside AES-GCM with ECDHE, a
//! handshake signature that does not verify (always), a certificate that does
//! not reach the assurance asked for. There is no session resumption, because
//! a resumed session would carry the verdict of one policy over to another.
//!
//! ```
//! use mailseal::base::TlsAssurance;
//! use mailseal::wire::tls::Identity;
//! assert_eq!(Identity::Unverified.assurance(), TlsAssurance::Encrypted);
//! assert_eq!(Identity::MtaSts.assurance(), TlsAssurance::Anchored);
//! ```

mod classify;
mod client;
mod evidence;
mod roots;
mod verifier;

pub(crate) use client::{TlsFailure, TlsPlan, handshake};
pub use evidence::{Identity, TlsEvidence, TlsSeen, TlsVersion};
pub use roots::{Roots, RootsError};
pub(crate) use verifier::Anchor;
