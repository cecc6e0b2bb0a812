//! The builder: what is mandatory is asked for by the compiler, the rest has
//! sound defaults.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::Client;
use super::codes::CodeChannel;
use super::engine::Engine;
use super::receipt::Receipts;
use crate::audit::Audit;
use crate::base::{Address, Clock, Keys, KeysError, NextHop, Route, SystemClock, crypto};
use crate::deliver::Transport;
use crate::discover::Discovery;
use crate::dlp::{PhiScanner, Scanner};
use crate::error::Error;
use crate::escrow::{ArchiveKey, Escrow, KeyProvider, Logo, Notice};
use crate::outbox::{Outbox, Schedule};
use crate::policy::Policy;
use crate::seal::Sealer;
use crate::storage::{Batch, MemoryStore, Op, Row, Store, StoreError, Table};

/// Where the client keeps escrowed mail, the audit log and deferred copies.
#[derive(Debug, Clone)]
pub struct Storage(Arc<dyn Store>);

impl Storage {
    /// One SQLite file; made where there is none.
    ///
    /// # Errors
    /// [`crate::storage::StoreError`] where the file cannot be used.
    #[cfg(feature = "sqlite")]
    pub fn sqlite(path: impl AsRef<std::path::Path>) -> Result<Self, Error> {
        Ok(Self(Arc::new(crate::storage::SqliteStore::open(path)?)))
    }

    /// In memory: gone with the process. For tests and trials.
    pub fn memory() -> Self {
        Self(Arc::new(MemoryStore::new()))
    }

    /// A store of the host's own.
    pub fn custom(store: Arc<dyn Store>) -> Self {
        Self(store)
    }
}

/// What an escrow needs to know to send notices.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct EscrowOptions {
    /// Where recipients pick up: `https://mail.harbor.example`. The portal wants
    /// an origin of its own.
    pub base_url: String,
    /// The organisation's name, as recipients know it. It stands in the notice.
    pub organisation: String,
    /// Where recipients can ask: a telephone number, an office. It stands in the
    /// notice.
    pub contact: Option<String>,
    /// The organisation's logo, in place of its name in the notice and in the
    /// mail with a code, and on the page.
    pub logo: Option<Logo>,
    /// The notice's `From:`; the message's sender where `None`. Best is an
    /// address that takes no mail: answers are given on the page, where they are
    /// protected, and the notice says so. Mails with codes need it: who wrote
    /// the message is not known when one is sent.
    pub notice_from: Option<Address>,
    /// The notice's `Reply-To:`, for a host with a mailbox that may hold
    /// unprotected answers.
    pub notice_reply_to: Option<Address>,
    /// How long an item can be picked up: 30 days.
    pub lifetime: Duration,
    /// Whose key wraps the server shares; the installation's own where `None`.
    pub key_provider: Option<Arc<dyn KeyProvider>>,
    /// The archive's public key. Off by default: see [`ArchiveKey`].
    pub archive_key: Option<ArchiveKey>,
    /// How long backups of the store live, for certificates of destruction.
    pub backup_lifetime: Option<Duration>,
}

impl EscrowOptions {
    /// An escrow whose portal is at `base_url`.
    pub fn new(base_url: impl Into<String>, organisation: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into(),
            organisation: organisation.into(),
            contact: None,
            logo: None,
            notice_from: None,
            notice_reply_to: None,
            lifetime: Duration::from_secs(30 * 24 * 60 * 60),
            key_provider: None,
            archive_key: None,
            backup_lifetime: None,
        }
    }

    /// With where recipients can ask.
    #[must_use]
    pub fn contact(mut self, contact: impl Into<String>) -> Self {
        self.contact = Some(contact.into());
        self
    }

    /// With this logo.
    #[must_use]
    pub fn logo(mut self, logo: Logo) -> Self {
        self.logo = Some(logo);
        self
    }

    /// With this `From:` in notices and in mails with codes: one stable address whose domain is
    /// DKIM-signed and that takes no mail, as `no-reply@harbor.example`.
    #[must_use]
    pub fn notice_from(mut self, address: Address) -> Self {
        self.notice_from = Some(address);
        self
    }

    /// With this `Reply-To:` in notices.
    #[must_use]
    pub fn notice_reply_to(mut self, address: Address) -> Self {
        self.notice_reply_to = Some(address);
        self
    }

    /// With this lifetime of items.
    #[must_use]
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// With server shares wrapped by the host's KMS, or by
    /// [`LocalWrappingKeys`](crate::escrow::LocalWrappingKeys).
    #[must_use]
    pub fn key_provider(mut self, provider: impl KeyProvider) -> Self {
        self.key_provider = Some(Arc::new(provider));
        self
    }

    /// With what is escrowed from now on sealed for the archive, too.
    #[must_use]
    pub fn archive_key(mut self, key: ArchiveKey) -> Self {
        self.archive_key = Some(key);
        self
    }

    /// With how long a backup of the store lives, or the key of the bucket that
    /// holds it.
    #[must_use]
    pub fn backup_lifetime(mut self, lifetime: Duration) -> Self {
        self.backup_lifetime = Some(lifetime);
        self
    }
}

/// Not given yet: `build` does not exist until all four mandatory choices are.
#[derive(Debug)]
pub struct Unset;

/// Builds a [`Client`]. Policy, storage, keys and transport are mandatory.
///
/// ```compile_fail
/// # async fn f() -> Result<(), mailseal::Error> {
/// use mailseal::{Client, policy::Policy};
/// // No storage, keys or transport: there is no `build` yet.
/// let client = Client::builder().policy(Policy::hipaa()).build().await?;
/// # Ok(()) }
/// ```
pub struct Builder<P = Unset, S = Unset, K = Unset, T = Unset> {
    policy: P,
    storage: S,
    keys: K,
    transport: T,
    options: Options,
}

struct Options {
    discovery: Option<Arc<dyn Discovery>>,
    scanner: Arc<dyn Scanner>,
    clock: Arc<dyn Clock>,
    escrow: Option<EscrowOptions>,
    sealers: Vec<Arc<dyn Sealer>>,
    codes: Option<Arc<dyn CodeChannel>>,
    schedule: Schedule,
    origin: String,
    plan_lifetime: Duration,
    concurrency: usize,
}

impl<P, S, K, T> fmt::Debug for Builder<P, S, K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Builder { .. }")
    }
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            policy: Unset,
            storage: Unset,
            keys: Unset,
            transport: Unset,
            options: Options {
                discovery: None,
                scanner: Arc::new(PhiScanner::new()),
                clock: Arc::new(SystemClock),
                escrow: None,
                sealers: Vec::new(),
                codes: None,
                schedule: Schedule::default(),
                origin: "mailseal.local/audit".to_owned(),
                plan_lifetime: Duration::from_secs(15 * 60),
                concurrency: 64,
            },
        }
    }
}

impl<S, K, T> Builder<Unset, S, K, T> {
    /// Mandatory: what is asked of every message.
    pub fn policy(self, policy: Policy) -> Builder<Policy, S, K, T> {
        Builder {
            policy,
            storage: self.storage,
            keys: self.keys,
            transport: self.transport,
            options: self.options,
        }
    }
}

impl<P, K, T> Builder<P, Unset, K, T> {
    /// Mandatory: where escrow, audit log and deferred copies are kept.
    pub fn storage(self, storage: Storage) -> Builder<P, Storage, K, T> {
        Builder {
            policy: self.policy,
            storage,
            keys: self.keys,
            transport: self.transport,
            options: self.options,
        }
    }
}

impl<P, S, T> Builder<P, S, Unset, T> {
    /// Mandatory: the keys under which all that is at rest is wrapped.
    pub fn keys(self, keys: Keys) -> Builder<P, S, Keys, T> {
        Builder {
            policy: self.policy,
            storage: self.storage,
            keys,
            transport: self.transport,
            options: self.options,
        }
    }
}

impl<P, S, K> Builder<P, S, K, Unset> {
    /// Mandatory: how messages leave.
    pub fn transport(self, transport: impl Transport) -> Builder<P, S, K, Arc<dyn Transport>> {
        Builder {
            policy: self.policy,
            storage: self.storage,
            keys: self.keys,
            transport: Arc::new(transport),
            options: self.options,
        }
    }
}

impl<P, S, K, T> Builder<P, S, K, T> {
    /// How to find out what a domain's mail hosts offer. Needed where the
    /// transport sees the recipient's MX; behind a relay it is not asked.
    #[must_use]
    pub fn discovery(mut self, discovery: impl Discovery) -> Self {
        self.options.discovery = Some(Arc::new(discovery));
        self
    }

    /// Another scanner in place of [`PhiScanner`]: one that knows the host's
    /// patients and patterns ([`PhiScanner::roster`], [`PhiScanner::host`]), or
    /// one without a verdict ([`RuleScanner`](crate::dlp::RuleScanner)), under
    /// which every message counts as PHI unless the host says otherwise.
    #[must_use]
    pub fn scanner(mut self, scanner: impl Scanner + 'static) -> Self {
        self.options.scanner = Arc::new(scanner);
        self
    }

    /// Another clock: for tests.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.options.clock = Arc::new(clock);
        self
    }

    /// The escrow route. Without it the rung is rejected as not built in.
    #[must_use]
    pub fn escrow(mut self, escrow: EscrowOptions) -> Self {
        self.options.escrow = Some(escrow);
        self
    }

    /// A sealer for the `pgp` or `smime` route.
    #[must_use]
    pub fn sealer(mut self, sealer: impl Sealer) -> Self {
        self.options.sealers.push(Arc::new(sealer));
        self
    }

    /// How pickup codes reach telephones. Without it, or where it fails, the
    /// code is handed to the sender in the outcome.
    #[must_use]
    pub fn code_channel(mut self, channel: impl CodeChannel) -> Self {
        self.options.codes = Some(Arc::new(channel));
        self
    }

    /// When deferred copies are tried again.
    #[must_use]
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.options.schedule = schedule;
        self
    }

    /// The audit log's name in its checkpoints (C2SP tlog-checkpoint "origin"):
    /// a schema-less URL that only this installation uses.
    #[must_use]
    pub fn audit_origin(mut self, origin: impl Into<String>) -> Self {
        self.options.origin = origin.into();
        self
    }

    /// How long a plan may be sent without planning again: 15 minutes.
    #[must_use]
    pub fn plan_lifetime(mut self, lifetime: Duration) -> Self {
        self.options.plan_lifetime = lifetime;
        self
    }

    /// How many copies are delivered at the same time, at least 1: 64.
    #[must_use]
    pub fn concurrency(mut self, copies: usize) -> Self {
        self.options.concurrency = copies.max(1);
        self
    }
}

impl Builder<Policy, Storage, Keys, Arc<dyn Transport>> {
    /// Builds the client.
    ///
    /// # Errors
    /// [`Error::Config`] where the choices do not fit together,
    /// [`Error::Escrow`] where the portal's address, the organisation's name or
    /// the contact cannot be used,
    /// [`Error::Keys`] where the store was written under other keys.
    pub async fn build(self) -> Result<Client, Error> {
        let Options {
            discovery,
            scanner,
            clock,
            escrow,
            sealers,
            codes,
            schedule,
            origin,
            plan_lifetime,
            concurrency,
        } = self.options;
        if matches!(self.transport.next_hop(), NextHop::Mx) && discovery.is_none() {
            return Err(Error::Config(
                "direct delivery needs a discovery: give the builder a discover::Live or Fixed",
            ));
        }
        if sealers
            .iter()
            .any(|s| !matches!(s.route(), Route::Pgp | Route::Smime))
        {
            return Err(Error::Config("a sealer's route must be pgp or smime"));
        }
        let store = self.storage.0;
        check_keys(&*store, &self.keys).await?;
        let audit = Arc::new(Audit::new(
            Arc::clone(&store),
            &self.keys,
            Arc::clone(&clock),
            &origin,
        )?);
        let escrow = match escrow {
            Some(options) => {
                Notice::check(&options.organisation, options.contact.as_deref())?;
                let recorder = super::recorder::PickupRecorder::new(Arc::clone(&audit));
                let mut escrow = Escrow::new(
                    Arc::clone(&store),
                    &self.keys,
                    Arc::clone(&clock),
                    &options.base_url,
                )?
                .recorder(Arc::new(recorder));
                if let Some(provider) = &options.key_provider {
                    escrow = escrow.key_provider(Arc::clone(provider));
                }
                if let Some(key) = options.archive_key {
                    escrow = escrow.archive_key(key);
                }
                if let Some(lifetime) = options.backup_lifetime {
                    escrow = escrow.backup_lifetime(lifetime);
                }
                Some((escrow, options))
            }
            None => None,
        };
        let policy_fingerprint = self.policy.fingerprint();
        Ok(Client::from_engine(Engine {
            policy: self.policy,
            policy_fingerprint,
            outbox: Outbox::new(&self.keys),
            receipts: Receipts::new(&self.keys),
            audit,
            store,
            transport: self.transport,
            discovery,
            scanner,
            clock,
            escrow,
            sealers,
            codes,
            schedule,
            plan_lifetime,
            permits: Semaphore::new(concurrency),
        }))
    }
}

/// Keys other than those that the store was first used with would read nothing
/// of it, and mix what they write with what is there.
async fn check_keys(store: &dyn Store, keys: &Keys) -> Result<(), Error> {
    const KEY: &[u8] = b"client/keys";
    let mark = crypto::hmac_sha256(keys.derive("mailseal/1/check").expose(), KEY);
    let mut kept = store.get(Table::Meta, KEY).await?;
    if kept.is_none() {
        let insert = Op::Insert {
            table: Table::Meta,
            row: Row::new(KEY, mark),
        };
        match store.commit(Batch::from_iter([insert])).await {
            Ok(_) => return Ok(()),
            // Another process was faster.
            Err(StoreError::Conflict { .. }) => kept = store.get(Table::Meta, KEY).await?,
            Err(error) => return Err(error.into()),
        }
    }
    match kept {
        Some(row) if crypto::equal(&row.value, &mark) => Ok(()),
        _ => Err(KeysError::Mismatch.into()),
    }
}
