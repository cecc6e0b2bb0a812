//! TLS for mail (RFC 3207, RFC 8446, SP 800-52r2) on rustls.

mod evidence;
mod roots;

pub use evidence::{Identity, TlsEvidence, TlsVersion};
pub use roots::{Roots, RootsError};
