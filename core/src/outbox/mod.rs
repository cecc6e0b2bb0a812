//! Copies on their way: one record a recipient, encrypted at rest, from the
//! intent to the final answer.
//!
//! A copy is in one of these phases:
//!
//! ```text
//!            claim                 barrier                 answer
//!  Ready ───────────► Sending ───────────► PastDot ───────────► (gone)
//!    ▲   due reached     │  lease ran out     │ no answer, or lease ran out
//!    └───────────────────┘                    ▼
//!       4xx, time-out, restart             Unknown ── host resolves ──► Ready or gone
//! ```
//!
//! Before the final dot an SMTP receiver has taken nothing (RFC 5321 section
//! 4.1.1.4), so a copy that a dead process left in `Sending` is tried again.
//! After it the receiver may have taken it, so such a copy is never sent again
//! by itself: it is reported as unknown.
//!
//! Every record is sealed with AES-256-GCM under a key derived from the host's
//! [`Keys`](crate::base::Keys), bound to its table and key. The body is kept apart from the
//! state, so that a change of state does not write the message again.
//!
//! This room makes and reads [`Op`](crate::storage::Op)s and rows; it does no I/O of its own. The
//! times are pure functions: [`Schedule::backoff`] is the schedule of RFC 5321 section
//! 4.5.4.1, made a little irregular by the copy's id.
//!
//! ```
//! use mailseal::outbox::{CopyId, Schedule};
//! let schedule = Schedule::default();
//! let id = CopyId::make_random();
//! assert!(schedule.backoff(1, &id) < schedule.backoff(6, &id));
//! ```

mod record;
mod schedule;

pub use record::{CopyId, CopyRecord, Outbox, OutboxError, Phase};
pub use schedule::Schedule;
