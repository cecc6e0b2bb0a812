//! A small internet, a store that can fail, and keys that outlive a client.

use std::sync::Arc;
use std::time::Duration;

use mailseal::audit::{Entry, EventKind};
use mailseal::base::Timestamp;
use mailseal::base::{Address, Keys, RecipientId, Secret, Sensitivity};
use mailseal::compose::{Message, PartContent};
use mailseal::deliver::Transport;
use mailseal::dlp::RuleScanner;
use mailseal::escrow::{Factor, Link, Opened};
use mailseal::policy::Policy;
use mailseal::storage::{Batch, Committed, MemoryStore, Row, Store, StoreError, Table};
use mailseal::testing::faulty_store::FaultyStore;
use mailseal::testing::pki::CertKind;
use mailseal::testing::smtp::{Act, PeerBuilder, Received, When};
use mailseal::testing::{Sandbox, SandboxDomain};
use mailseal::{Builder, Client, Error, Outcome, PlanOptions, Receipt, Storage, Unset};

/// Stands in every message, and never in clear where TLS or sealing is due.
pub(crate) const CANARY: &str = "CANARY7731";
pub(crate) const VALID: &str = "valid.example";
pub(crate) const CLEAR: &str = "clear.example";
pub(crate) const SELF_SIGNED: &str = "selfsigned.example";
pub(crate) const ANCHORED: &str = "anchored.example";
const PICKUP: &str = "https://pickup.sandbox.example";

pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const HOUR: Duration = Duration::from_secs(3_600);
pub(crate) const DAY: Duration = Duration::from_secs(86_400);

pub(crate) struct Scene {
    pub(crate) sandbox: Sandbox,
    pub(crate) store: FaultyStore,
    pub(crate) keys: Keys,
}

pub(crate) type SceneBuilder = Builder<Unset, Storage, Keys, Arc<dyn Transport>>;

impl Scene {
    /// With these domains; what they can do follows from their names.
    pub(crate) async fn new(domains: &[&str]) -> Self {
        let mut sandbox = Sandbox::new().await.unwrap();
        for name in domains {
            sandbox.domain(domain(name)).await.unwrap();
        }
        Self {
            sandbox,
            store: FaultyStore::new(Arc::new(MemoryStore::new())),
            keys: Keys::make_ephemeral(),
        }
    }

    pub(crate) fn storage(&self) -> Storage {
        Storage::custom(Arc::new(self.store.clone()))
    }

    /// With a scanner that gives no verdict, so that what a message is follows
    /// from what the test declares of it, and PHI is presumed.
    pub(crate) fn builder(&self) -> SceneBuilder {
        let builder = self.sandbox.builder(self.storage(), self.keys.clone());
        builder.unwrap().scanner(RuleScanner::new())
    }

    /// A client on the scene's store: called again, it is a restart.
    pub(crate) async fn client(&self, policy: Policy) -> Client {
        self.builder().policy(policy).build().await.unwrap()
    }

    pub(crate) async fn hipaa(&self) -> Client {
        self.client(Policy::hipaa()).await
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.sandbox.clock().advance(by);
    }

    pub(crate) fn messages(&self, domain: &str) -> Vec<Received> {
        self.sandbox.messages(domain)
    }

    /// Lets a host behave as usual, but for this.
    pub(crate) fn script(&self, name: &str, when: When, script: Vec<Act>) {
        self.edit(&domain(name), |peer| peer.on(when, script));
    }

    /// Lets a host behave like another kind of host.
    pub(crate) fn becomes(&self, domain: &SandboxDomain) {
        self.edit(domain, |peer| peer);
    }

    pub(crate) fn edit(
        &self,
        domain: &SandboxDomain,
        edit: impl FnOnce(PeerBuilder) -> PeerBuilder,
    ) {
        self.sandbox.change(domain, edit).unwrap();
    }

    pub(crate) fn heal(&self, name: &str) {
        self.becomes(&domain(name));
    }

    /// Whether anybody ever said `MAIL FROM` to the host.
    pub(crate) fn heard_mail(&self, domain: &str) -> bool {
        let host = self.sandbox.host(domain).unwrap();
        host.connections().iter().any(|c| c.mail_from)
    }

    pub(crate) fn assert_never_in_clear(&self, domain: &str) {
        assert!(
            !contains(&self.sandbox.overheard(domain), CANARY),
            "{domain}"
        );
    }
}

/// What the domains of the scene can do.
pub(crate) fn domain(name: &str) -> SandboxDomain {
    let domain = SandboxDomain::new(name);
    match name {
        CLEAR => domain,
        SELF_SIGNED => domain.certificate(CertKind::SelfSigned),
        ANCHORED => domain.tls().mta_sts_enforce(),
        _ => domain.tls(),
    }
}

pub(crate) fn address(text: &str) -> Address {
    text.parse().unwrap()
}

pub(crate) fn at(domain: &str) -> Address {
    address(&format!("pat@{domain}"))
}

/// A message of which nothing but the canary is known: PHI by presumption.
pub(crate) fn message(to: &Address) -> Message {
    draft(to, |m| m)
}

pub(crate) type Draft =
    mailseal::compose::Builder<mailseal::compose::HasSender, mailseal::compose::HasRecipient>;

pub(crate) fn draft(to: &Address, edit: impl FnOnce(Draft) -> Draft) -> Message {
    let draft = Message::builder()
        .from(address("clinic@harbor.example"))
        .to(to.clone())
        .subject("Your visit")
        .text(format!("We open at nine. {CANARY}"));
    edit(draft).build().unwrap()
}

pub(crate) fn sensitive(to: &Address) -> Message {
    message(to).declare(Sensitivity::Sensitive)
}

pub(crate) fn harmless(to: &Address) -> Message {
    message(to).assert_no_phi("opening hours").unwrap()
}

pub(crate) async fn send(client: &Client, message: Message) -> Result<Receipt, Error> {
    client.send(client.plan(message).await?).await
}

pub(crate) async fn send_with(
    client: &Client,
    message: Message,
    options: PlanOptions,
) -> Result<Receipt, Error> {
    client.send(client.plan_with(message, options).await?).await
}

/// The only outcome.
pub(crate) fn only(receipt: &Receipt) -> &Outcome {
    assert_eq!(receipt.outcomes.len(), 1);
    &receipt.outcomes[0]
}

pub(crate) fn id(index: u32) -> RecipientId {
    RecipientId::new(index)
}

pub(crate) async fn entries(client: &Client) -> Vec<Entry> {
    client.audit().entries(0..1_000).await.unwrap()
}

pub(crate) async fn kinds(client: &Client) -> Vec<EventKind> {
    let entries = entries(client).await;
    entries.iter().map(|e| e.record.kind).collect()
}

pub(crate) fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|w| w == text.as_bytes())
}

/// The text parts of a message, and its subject.
pub(crate) fn read(content: &[u8]) -> String {
    let message = Message::parse(content).unwrap();
    let parts = message.parts();
    let texts = parts.iter().filter_map(|part| match part.content() {
        PartContent::Text(text) => Some(text.expose().clone()),
        _ => None,
    });
    texts.collect::<Vec<_>>().join("\n")
}

/// The unfolded value of a header field.
pub(crate) fn header(content: &[u8], name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(content).replace("\r\n ", " ");
    let text = text.replace("\r\n\t", " ");
    let head = text.split("\r\n\r\n").next()?;
    let prefix = format!("{}:", name.to_ascii_lowercase());
    head.split("\r\n")
        .find(|line| line.to_ascii_lowercase().starts_with(&prefix))
        .map(|line| line[prefix.len()..].trim().to_owned())
}

/// The pickup link of a notice; `None` where it is none.
pub(crate) fn link(received: &Received) -> Option<Link> {
    let text = read(&received.content);
    let word = text.split_whitespace().find(|w| w.starts_with(PICKUP))?;
    Some(Link::parse(word).unwrap())
}

pub(crate) fn is_notice(received: &Received) -> bool {
    link(received).is_some() && !contains(&received.content, CANARY)
}

pub(crate) fn is_message(received: &Received) -> bool {
    contains(&received.content, CANARY)
}

/// Picks up by a notice and the code.
pub(crate) async fn pick_up(
    client: &Client,
    notice: &Received,
    code: &Secret<String>,
) -> Result<Opened, mailseal::escrow::EscrowError> {
    let factor = Factor::Passcode(code.clone());
    let escrow = client.escrow().unwrap();
    escrow.open(&link(notice).unwrap(), &factor, None).await
}

/// Waits for something that another task does; no longer than a minute.
pub(crate) async fn until(mut done: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !done().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(MINUTE, waiting)
        .await
        .expect("it happens");
}

/// A store that lets all other tasks run before each call, so that those who
/// look first and write then get into each other's way.
#[derive(Debug)]
pub(crate) struct Slow(pub(crate) FaultyStore);

#[async_trait::async_trait]
impl Store for Slow {
    async fn commit(&self, batch: Batch) -> Result<Committed, StoreError> {
        tokio::task::yield_now().await;
        self.0.commit(batch).await
    }

    async fn get(&self, table: Table, key: &[u8]) -> Result<Option<Row>, StoreError> {
        tokio::task::yield_now().await;
        self.0.get(table, key).await
    }

    async fn range(
        &self,
        table: Table,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        self.0.range(table, prefix, after, limit).await
    }

    async fn due(
        &self,
        table: Table,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        tokio::task::yield_now().await;
        self.0.due(table, now, limit).await
    }

    async fn log_size(&self) -> Result<u64, StoreError> {
        self.0.log_size().await
    }

    async fn leaves(&self, from: u64, limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        self.0.leaves(from, limit).await
    }

    async fn tagged(&self, tag: &[u8; 32]) -> Result<Vec<u64>, StoreError> {
        self.0.tagged(tag).await
    }
}
