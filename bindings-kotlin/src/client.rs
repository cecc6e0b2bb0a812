//! The client.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mailseal::audit::Checkpoint;
use mailseal::policy::Waiver;
use mailseal::{Error, EscrowOptions, PlanError, PlanOptions};
use tokio::runtime::Runtime;

use crate::codes::{Foreign, NativeCodeChannel};
use crate::convert::{Phi, recipient, timestamp};
use crate::error::Result;
use crate::message::{NativeMarks, NativeMessage};
use crate::parts::{Discovering, NativeDiscovery, NativeKeys, NativePolicy, NativeSmtp};
use crate::plan::NativePlan;
use crate::runtime::{Flights, Ground, new_runtime};
use crate::scanner::NativeScanner;
use crate::sealer::NativeSealer;
use crate::types::{self, DueReport, Escrow, Receipt, Sealed, Storage, Unresolved, Verified};
use crate::words::{Resolution, TlsAssurance};

struct Open {
    client: mailseal::Client,
    runtime: Runtime,
    flights: Flights,
}

/// Plans, sends, and keeps what is not at its end.
#[derive(uniffi::Object)]
pub(crate) struct NativeClient {
    open: Mutex<Option<Open>>,
}

impl NativeClient {
    fn get(&self) -> Result<(mailseal::Client, Ground)> {
        match &*self.lock() {
            Some(open) => {
                let ground = Ground {
                    handle: open.runtime.handle().clone(),
                    flights: open.flights.clone(),
                };
                Ok((open.client.clone(), ground))
            }
            None => Err(Error::Closed.into()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for NativeClient {
    fn drop(&mut self) {
        let open = self
            .open
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(open) = open {
            // Without waiting: a task may be about to call the host.
            open.runtime.shutdown_background();
        }
    }
}

/// What planning is told beside the message.
#[derive(Debug, uniffi::Record)]
pub(crate) struct NativeCircumstances {
    /// The host's reference for the patient that the message is about.
    #[uniffi(default = None)]
    patient: Option<Phi>,
    /// What patients agreed to.
    #[uniffi(default)]
    waivers: Vec<types::Waiver>,
    /// The message names nobody but the patient.
    #[uniffi(default = false)]
    names_patient_only: bool,
    /// A person looked at what a rule holds, and let it go.
    #[uniffi(default = false)]
    approved: bool,
}

#[uniffi::export]
impl NativeClient {
    /// Opens storage and builds the client.
    #[uniffi::constructor(default(
        discovery = None, scanner = None, escrow = None, sealers = [], code_channel = None,
        audit_origin = None, plan_lifetime = None, concurrency = None
    ))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        policy: Arc<NativePolicy>,
        storage: Storage,
        keys: Arc<NativeKeys>,
        transport: Arc<NativeSmtp>,
        discovery: Option<Arc<NativeDiscovery>>,
        scanner: Option<Arc<NativeScanner>>,
        escrow: Option<Escrow>,
        sealers: Vec<Arc<NativeSealer>>,
        code_channel: Option<Arc<dyn NativeCodeChannel>>,
        audit_origin: Option<String>,
        plan_lifetime: Option<Duration>,
        concurrency: Option<i32>,
    ) -> Result<Self> {
        let runtime = new_runtime()?;
        let keys = keys.0.clone();
        // Resolver and connections belong to the runtime.
        let entered = runtime.enter();
        let mut builder = mailseal::Client::builder()
            .policy(policy.0.clone())
            .transport(transport.open()?);
        if let Some(discovery) = discovery {
            builder = match discovery.open(&keys)? {
                Discovering::Fixed(fixed) => builder.discovery(fixed),
                Discovering::Live(live) => builder.discovery(live),
            };
        }
        drop(entered);
        if let Some(scanner) = scanner {
            builder = builder.scanner(scanner.0.clone());
        }
        if let Some(escrow) = escrow {
            let mut options = EscrowOptions::new(escrow.base_url, escrow.organisation);
            if let Some(lifetime) = escrow.lifetime {
                options = options.lifetime(lifetime);
            }
            if let Some(from) = escrow.notice_from {
                options = options.notice_from(from.address()?);
            }
            builder = builder.escrow(options);
        }
        for sealer in &sealers {
            builder = sealer.add(builder)?;
        }
        if let Some(channel) = code_channel {
            builder = builder.code_channel(Foreign(channel));
        }
        if let Some(origin) = audit_origin {
            builder = builder.audit_origin(origin);
        }
        if let Some(lifetime) = plan_lifetime {
            builder = builder.plan_lifetime(lifetime);
        }
        if let Some(copies) = concurrency {
            builder = builder.concurrency(usize::try_from(copies).unwrap_or_default());
        }
        let storage = match storage {
            Storage::Sqlite { path } => mailseal::Storage::sqlite(path)?,
            Storage::Memory => mailseal::Storage::memory(),
        };
        let client = runtime.block_on(builder.storage(storage).keys(keys).build())?;
        Ok(Self {
            open: Mutex::new(Some(Open {
                client,
                runtime,
                flights: Flights::default(),
            })),
        })
    }

    /// Plans a message: scans it, learns what its recipients can receive, and
    /// decides. Given up with its caller.
    async fn plan(
        &self,
        message: Arc<NativeMessage>,
        marks: NativeMarks,
        circumstances: NativeCircumstances,
    ) -> Result<NativePlan> {
        let (client, ground) = self.get()?;
        let message = marks.apply(message.0.clone())?;
        let mut options = PlanOptions::new();
        options.names_patient_only = circumstances.names_patient_only;
        options.approved = circumstances.approved;
        if let Some(patient) = circumstances.patient {
            options = options.patient(patient);
        }
        for waiver in circumstances.waivers {
            options = options.waiver(Waiver::new(
                waiver.address.address()?,
                waiver.patient,
                timestamp(waiver.given),
                timestamp(waiver.expires),
            ));
        }
        let planning = async move { client.plan_with(message, options).await };
        Ok(NativePlan::new(ground.give_up(planning).await?))
    }

    /// Carries a plan out. It runs to its end even if the caller goes away.
    async fn send(&self, plan: Arc<NativePlan>) -> Result<Receipt> {
        let (client, ground) = self.get()?;
        let plan = plan.take()?;
        let receipt = ground.go_on(async move { client.send(plan).await }).await?;
        Receipt::of(&receipt)
    }

    /// Seals a plan's messages for a mailer of the host's own, which guarantees
    /// `assurance` for the whole way.
    async fn seal(&self, plan: Arc<NativePlan>, assurance: Option<TlsAssurance>) -> Result<Sealed> {
        let (client, ground) = self.get()?;
        let plan = plan.take()?;
        let assurance = assurance.map(Into::into);
        let sealed = ground
            .go_on(async move { client.seal(plan, assurance).await })
            .await?;
        Sealed::of(sealed)
    }

    /// The receipt of an earlier call, where there is one.
    async fn receipt(&self, id: String) -> Result<Option<Receipt>> {
        let (client, ground) = self.get()?;
        // No receipt has an id that is none.
        let Ok(id) = id.parse() else { return Ok(None) };
        let found = ground
            .give_up(async move { client.receipt(id).await })
            .await?;
        found.as_ref().map(Receipt::of).transpose()
    }

    /// Copies that are not at their end.
    async fn unresolved(&self) -> Result<Vec<Unresolved>> {
        let (client, ground) = self.get()?;
        let all = ground
            .give_up(async move { client.unresolved().await })
            .await?;
        all.iter().map(Unresolved::of).collect()
    }

    /// Tries again what is due.
    async fn deliver_due(&self) -> Result<DueReport> {
        let (client, ground) = self.get()?;
        let report = ground
            .go_on(async move { client.deliver_due().await })
            .await?;
        DueReport::of(&report)
    }

    /// Says what became of a copy whose outcome is unknown.
    async fn resolve_unknown(
        &self,
        receipt: String,
        recipient_id: i32,
        resolution: Resolution,
    ) -> Result<()> {
        let (client, ground) = self.get()?;
        let receipt = receipt.parse().map_err(|_| PlanError::NotUnknown)?;
        let (recipient, resolution) = (recipient(recipient_id), resolution.into());
        let saying = async move { client.resolve_unknown(receipt, recipient, resolution).await };
        ground.go_on(saying).await
    }

    /// A signed checkpoint of the audit log, as text. Keep it elsewhere.
    async fn checkpoint(&self) -> Result<String> {
        let (client, ground) = self.get()?;
        let asking = async move { Ok(client.audit().checkpoint().await?.to_string()) };
        ground.give_up(asking).await
    }

    /// Checks the audit log against a checkpoint that was kept elsewhere.
    async fn verify(&self, checkpoint: String) -> Result<Verified> {
        let (client, ground) = self.get()?;
        let checkpoint: Checkpoint = checkpoint.parse()?;
        let asking = async move { Ok(client.audit().verify(&checkpoint).await?) };
        let verified = ground.give_up(asking).await?;
        Ok(Verified {
            covered: i64::try_from(verified.covered).unwrap_or(i64::MAX),
            beyond: i64::try_from(verified.beyond).unwrap_or(i64::MAX),
        })
    }

    /// The public key that verifies checkpoints.
    fn verifier_key(&self) -> Result<String> {
        Ok(self.get()?.0.audit().verifier_key().to_string())
    }

    /// Waits for what is on its way, at most so long, and closes. A second time
    /// does nothing. What was recorded goes on with a later client.
    fn shut(&self, within: Duration) {
        let Some(open) = self.lock().take() else {
            return;
        };
        let Open {
            client,
            runtime,
            flights,
        } = open;
        flights.end(within);
        drop(client);
        runtime.shutdown_background();
    }

    /// Whether it was closed.
    fn is_closed(&self) -> bool {
        self.lock().is_none()
    }
}
