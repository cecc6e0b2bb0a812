//! SMTP (RFC 5321): the session that `discover` probes with and `deliver`
//! sends with.
//!
//! | part | what it does |
//! |---|---|
//! | [`reply`] | strict, bounded reply parser |
//! | `extensions` | what `EHLO` offers |
//! | `content` | what may go into `DATA`; dot-stuffing |
//! | `transaction` | `MAIL`, `RCPT`, `DATA` and who got which answer |
//! | `session` | the states, without I/O |
//! | `connection` | the same on a stream, with deadlines |
//! | `probe` | looks at a host without giving it mail |
//!
//! Standards: RFC 5321 (SMTP), 1870 (SIZE), 2034 and 3463 (enhanced codes),
//! 2920 (PIPELINING), 3207 (STARTTLS), 4954 (AUTH), 6152 (8BITMIME), 6531
//! (SMTPUTF8), 8314 (implicit TLS), 8689 (REQUIRETLS).
//!
//! ```
//! use mailseal::wire::smtp::Timeouts;
//! let mut timeouts = Timeouts::default();
//! timeouts.greeting = std::time::Duration::from_secs(30);
//! assert!(timeouts.greeting < timeouts.total);
//! ```

mod connection;
mod content;
mod extensions;
mod fault;
mod outcome;
mod probe;
pub mod reply;
mod session;
mod transaction;

pub(crate) use connection::Connection;
pub use connection::Timeouts;
pub(crate) use content::{Survey, survey};
pub(crate) use fault::{Fault, Verdict};
pub use outcome::{Attempt, Barrier, BarrierError, Cause, Delivery, EnhancedCode, Stage};
pub(crate) use probe::addresses;
pub(crate) use probe::probe;
pub(crate) use session::{Credentials, SessionConfig, TlsUse};
pub(crate) use transaction::{Transaction, is_too_many_recipients};
