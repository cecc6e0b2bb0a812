//! What speaks to the network on behalf of `discover` and `deliver`: the
//! resolver, the guard against internal targets, TLS, a small HTTPS client and
//! the SMTP session.

pub mod resolver;
pub mod smtp;
pub mod tls;
