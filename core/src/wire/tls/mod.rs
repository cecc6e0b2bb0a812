//! TLS for mail (RFC 3207, RFC 8446, SP 800-52r2) on rustls.

mod evidence;

pub use evidence::{Identity, TlsEvidence, TlsVersion};
