//! The pickup page: what a recipient sees who follows the link in a notice.
//!
//! *Enters*: HTTP requests. *Leaves*: a page that decrypts in the browser, the
//! server share S once the visitor has shown what the grant asks for, and the
//! encrypted content. The portal never has L, the message or the passphrase:
//! it checks a MAC that only who holds L can make, and the page derives the
//! key from S, L and F.
//!
//! *Refused*, alike byte for byte and with the same work: an unknown grant, and
//! any grant without the right MAC. *Refused* to who holds the link, by name:
//! revoked, expired, held, views used up, a wrong factor, too many tries.
//!
//! ## Mounting
//!
//! [`Portal::router`] is an axum [`Router`] that serves the path of the escrow's
//! address ([`Escrow::base_url`]). Give it an origin of its own: a cross-site
//! script in another page of the same origin could read L. Under a path of the
//! host's own origin it works and is weaker. The host terminates TLS, bounds
//! the time for headers and the number of connections, and never logs paths:
//! where a gateway moved the code from the fragment into the path (`%23`), the
//! path holds L. The portal's own log names routes and reference codes.
//!
//! Replies that a visitor sent off go on to the host when the visitor goes away.
//! Each process takes 32 at a time, one a grant, and opens two of them at a time.
//! When the process ends, let the server end first, then wait for
//! [`Portal::close`].
//!
//! Where the portal is comes from the escrow's address alone: `Host` and
//! `X-Forwarded-*` are not read.
//!
//! ## Factors
//!
//! P1 a code by e-mail; P2 a passcode, the agreed passphrase, a code by SMS to
//! the number that the sender gave; P3 TOTP (RFC 6238) or the host's single
//! sign-on; P4 a passkey with user verification (WebAuthn). A grant offers what
//! reaches its floor. Tries are counted before they are judged: 5 in 15
//! minutes for a grant, then wait; the holder of the link is never locked out
//! for good, and nobody else can spend tries. What belongs to a person rather
//! than to a grant is bounded over all grants: an authenticator app's codes are
//! taken once, 30 wrong ones and one more every 48 minutes, and a passkey's
//! counter only grows. NIST SP 800-63B (rate limiting, session binding, replay);
//! 45 CFR 164.312(a)(1), (d), (e)(1).
//!
//! ## Not defended
//!
//! A portal that is itself malicious, or was broken into, can serve a script
//! that sends L and the message elsewhere: that is so with every page that
//! decrypts. The visitor's device and browser extensions. A visitor who shows
//! the right factor and means ill.
//!
//! ```
//! use std::sync::Arc;
//! use mailseal::base::{Keys, SystemClock};
//! use mailseal::escrow::Escrow;
//! use mailseal::portal::Portal;
//! use mailseal::storage::MemoryStore;
//!
//! let store = Arc::new(MemoryStore::new());
//! let keys = Keys::make_ephemeral();
//! let escrow = Escrow::new(store, &keys, Arc::new(SystemClock), "https://mail.harbor.example")?;
//! let portal = Portal::builder(escrow)
//!     .organisation("Harbor Clinic")
//!     .contact("+1 555 0100")
//!     .build()?;
//! let router: axum::Router = portal.router();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;

use crate::base::Clock;
use crate::escrow::{Escrow, Visit};
use crate::storage::Store;

mod assets;
mod builder;
mod codes;
mod error;
mod factor;
mod headers;
mod host;
mod reply;
mod request;
mod routes;
mod session;
mod vault;

pub use builder::{LogoType, PortalBuilder};
pub use error::PortalError;
pub use host::{
    CodeChannelError, CodeKind, CodeSender, NotSignedOn, PortalEvent, PortalEventKind, PortalHost,
    ReplyRefused,
};

/// How long the host may take to hear of an event.
const EVENT: Duration = Duration::from_secs(5);

/// The pickup page of one escrow. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Portal(Arc<Inner>);

struct Inner {
    escrow: Escrow,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    vault: vault::Vault,
    /// Scheme, host and port, as browsers send them.
    origin: String,
    /// Empty, or a path without a slash at its end.
    base_path: String,
    party: Option<factor::passkey::RelyingParty>,
    assets: assets::Assets,
    organisation: String,
    replies: bool,
    scan: Option<reply::Scan>,
    commits: reply::Commits,
    codes: Option<Arc<dyn host::CodeSender>>,
    codes_per_hour: u32,
    host: Arc<dyn host::PortalHost>,
}

impl Portal {
    /// A portal for the items of `escrow`.
    pub fn builder(escrow: Escrow) -> PortalBuilder {
        PortalBuilder::new(escrow)
    }

    /// The routes, at the path of the escrow's address.
    pub fn router(&self) -> Router {
        routes::router(&self.0)
    }

    /// Takes no more replies, turns away those that wait for their turn, and
    /// waits until those that are open, two at most, are with the host: for the
    /// end of the process, after the server took its last request. An open one
    /// takes the time to read and scan it, 50 seconds at most for
    /// [`PortalHost::reply`] and five for [`PortalHost::event`].
    ///
    /// From the first poll on nothing is taken, also where the caller waits no
    /// longer and drops it. What was not handed over lies in the store until an
    /// hour after it was begun; the visitor was not told that it was sent, and the
    /// page, while it is open, commits it again, at another process or the next.
    pub async fn close(&self) {
        self.0.commits.close().await;
    }
}

impl fmt::Debug for Portal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Portal { .. }")
    }
}

impl Inner {
    /// Tells the host what happened, once it is on disk.
    async fn tell(&self, visit: &Visit, kind: PortalEventKind) {
        let event = PortalEvent {
            kind,
            at: self.clock.now(),
            grant: visit.grant,
            item: visit.item,
            message: visit.message,
            recipient: visit.recipient,
        };
        // Late or never heard: the audit log has it.
        let _ = tokio::time::timeout(EVENT, self.host.event(event)).await;
    }
}
