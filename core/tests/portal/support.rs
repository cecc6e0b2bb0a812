//! A portal over a store in memory, and visitors with a jar for cookies.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::{hkdf, hmac};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use data_encoding::BASE64URL_NOPAD;
use mailseal::base::{
    Clock, FactorLevel, GrantId, Keys, Language, Passkey, Phi, RecipientId, Secret, Sensitivity,
    Timestamp,
};
use mailseal::escrow::{
    Draft, Escrow, EscrowEvent, GrantDraft, Link, PasscodePlan, Recorder, Reply,
};
use mailseal::portal::{
    CodeChannelError, CodeKind, CodeSender, NotSignedOn, Portal, PortalEvent, PortalEventKind,
    PortalHost, ReplyRefused,
};
use mailseal::storage::{Batch, Committed, MemoryStore, Op, Row, Store, StoreError, Table};
use mailseal::testing::clock::TestClock;
use serde_json::{Value, json};
use tower::ServiceExt as _;

pub(crate) const ORIGIN: &str = "https://portal.example";
pub(crate) const MESSAGE: &[u8] =
    b"From: clinic@harbor.example\r\nSubject: Results\r\n\r\nHbA1c 5.4\r\n";
pub(crate) const SEED: &[u8] = b"12345678901234567890";
pub(crate) const PHONE: &str = "+1 555 0142";
pub(crate) const ADDRESS: &str = "pat@mail.example";

/// Counts what is asked of a store.
#[derive(Debug, Default)]
pub(crate) struct CountingStore {
    inner: MemoryStore,
    reads: AtomicUsize,
    commits: AtomicUsize,
}

impl CountingStore {
    pub(crate) fn counts(&self) -> (usize, usize) {
        let of = |n: &AtomicUsize| n.load(Ordering::SeqCst);
        (of(&self.reads), of(&self.commits))
    }

    /// Everything that is in it.
    pub(crate) async fn content(&self) -> Vec<(&'static str, Vec<u8>, Vec<u8>)> {
        let mut all = Vec::new();
        for table in Table::ALL {
            for row in self.inner.range(*table, b"", None, 10_000).await.unwrap() {
                all.push((table.name(), row.key, row.value));
            }
        }
        all
    }
}

#[async_trait]
impl Store for CountingStore {
    async fn commit(&self, batch: Batch) -> Result<Committed, StoreError> {
        self.commits.fetch_add(1, Ordering::SeqCst);
        self.inner.commit(batch).await
    }
    async fn get(&self, table: Table, key: &[u8]) -> Result<Option<Row>, StoreError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        // Lets others in between, as a real store does.
        tokio::task::yield_now().await;
        self.inner.get(table, key).await
    }
    async fn range(
        &self,
        table: Table,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.inner.range(table, prefix, after, limit).await
    }
    async fn due(&self, table: Table, now: Timestamp, n: usize) -> Result<Vec<Row>, StoreError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.inner.due(table, now, n).await
    }
    async fn log_size(&self) -> Result<u64, StoreError> {
        self.inner.log_size().await
    }
    async fn leaves(&self, from: u64, limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        self.inner.leaves(from, limit).await
    }
    async fn tagged(&self, tag: &[u8; 32]) -> Result<Vec<u64>, StoreError> {
        self.inner.tagged(tag).await
    }
}

/// A host that remembers, and codes that go nowhere.
#[derive(Debug, Clone, Default)]
pub(crate) struct Host(Arc<Mutex<Heard>>);

#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub(crate) events: Vec<PortalEvent>,
    pub(crate) codes: Vec<(CodeKind, String, String, Language)>,
    pub(crate) channel_fails: bool,
    pub(crate) panics: bool,
    pub(crate) replies: Vec<(Reply, Sensitivity)>,
    pub(crate) refuses: bool,
    /// Replies wait here before they are taken.
    pub(crate) gate: Option<Arc<tokio::sync::Semaphore>>,
}

impl Host {
    pub(crate) fn heard(&self) -> std::sync::MutexGuard<'_, Heard> {
        self.0.lock().unwrap_or_else(|e| e.into_inner())
    }

    pub(crate) fn kinds(&self) -> Vec<PortalEventKind> {
        self.heard().events.iter().map(|e| e.kind.clone()).collect()
    }

    /// The code that was sent last.
    pub(crate) fn code(&self) -> String {
        self.heard()
            .codes
            .last()
            .expect("a code was sent")
            .2
            .clone()
    }

    pub(crate) fn sent(&self) -> usize {
        self.heard().codes.len()
    }
}

#[async_trait]
impl PortalHost for Host {
    async fn event(&self, event: PortalEvent) {
        assert!(!self.heard().panics, "the host panics: {event:?}");
        self.heard().events.push(event);
    }

    async fn reply(&self, reply: Reply, found: Sensitivity) -> Result<(), ReplyRefused> {
        let gate = self.heard().gate.clone();
        if let Some(gate) = gate {
            let _open = gate.acquire().await.unwrap();
        }
        assert!(!self.heard().panics, "the host panics: {reply:?}");
        let mut heard = self.heard();
        if heard.refuses {
            return Err(ReplyRefused);
        }
        heard.replies.push((reply, found));
        Ok(())
    }

    fn sign_on_url(&self) -> Option<String> {
        Some("https://id.harbor.example/sign-on".into())
    }

    async fn single_sign_on(
        &self,
        subject: &Phi<String>,
        headers: &HeaderMap,
    ) -> Result<(), NotSignedOn> {
        let signed = headers.get("x-signed-on").and_then(|v| v.to_str().ok());
        match signed == Some(subject.expose()) {
            true => Ok(()),
            false => Err(NotSignedOn),
        }
    }
}

/// Writes each event as a leaf.
#[derive(Debug)]
struct Leaves;

impl Recorder for Leaves {
    fn record(&self, event: &EscrowEvent) -> Vec<Op> {
        vec![Op::Append {
            leaf: format!("{:?}", event.kind).into_bytes(),
            tags: Vec::new(),
        }]
    }
}

#[async_trait]
impl CodeSender for Host {
    async fn send(
        &self,
        kind: CodeKind,
        to: &Phi<String>,
        code: &Secret<String>,
        language: Language,
    ) -> Result<(), CodeChannelError> {
        assert!(!self.heard().panics, "the host panics: {to:?} {code:?}");
        let mut heard = self.heard();
        if heard.channel_fails {
            return Err(CodeChannelError);
        }
        let entry = (kind, to.expose().clone(), code.expose().clone(), language);
        heard.codes.push(entry);
        Ok(())
    }
}

pub(crate) struct Bench {
    pub(crate) clock: TestClock,
    pub(crate) store: Arc<CountingStore>,
    pub(crate) escrow: Escrow,
    pub(crate) host: Host,
    pub(crate) portal: Portal,
    pub(crate) router: Router,
}

impl Default for Bench {
    fn default() -> Self {
        Self::at(ORIGIN)
    }
}

impl Bench {
    pub(crate) fn at(base_url: &str) -> Self {
        let (clock, store) = (TestClock::default(), Arc::new(CountingStore::default()));
        let keys = Keys::from_bytes([3; 32]);
        let host = Host::default();
        let escrow = Escrow::new(store.clone(), &keys, Arc::new(clock.clone()), base_url).unwrap();
        let escrow = escrow.recorder(Arc::new(Leaves));
        let portal = portal(&escrow, &host);
        Self {
            clock,
            store,
            escrow,
            host,
            router: portal.router(),
            portal,
        }
    }

    /// How many claims of who has the link alone are on record.
    pub(crate) async fn claims(&self) -> usize {
        let leaves = self.store.leaves(0, 10_000).await.unwrap();
        leaves.iter().filter(|l| **l == b"MisdirectedClaim").count()
    }

    /// Another process over the same store.
    pub(crate) fn node(&self) -> Router {
        portal(&self.escrow, &self.host).router()
    }

    pub(crate) async fn grant(&self, draft: GrantDraft) -> Given {
        self.grant_of(draft, MESSAGE).await
    }

    pub(crate) async fn grant_of(&self, draft: GrantDraft, message: &[u8]) -> Given {
        let expires = self.clock.now().plus(Duration::from_secs(14 * 86_400));
        let draft = Draft::new(message, expires, vec![draft]);
        let mut prepared = self.escrow.prepare(draft).await.unwrap();
        let item = prepared.item;
        let ops = prepared.ops.drain(..).collect();
        self.store.commit(ops).await.unwrap();
        let made = prepared.grants.remove(0);
        Given {
            grant: made.grant,
            item,
            link: made.link,
            passcode: made.passcode.map(|p| p.expose().clone()),
            reference: made.reference,
        }
    }

    pub(crate) fn visitor(&self, given: &Given) -> Visitor {
        Visitor::new(self.router.clone(), given)
    }

    /// A visitor who knocked.
    pub(crate) async fn inside(&self, given: &Given) -> Visitor {
        let visitor = self.visitor(given);
        let answer = visitor.knock().await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        visitor
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

fn portal(escrow: &Escrow, host: &Host) -> Portal {
    Portal::builder(escrow.clone())
        .organisation("Harbor <Clinic>")
        .contact("+1 555 0100")
        .code_sender(host.clone())
        .codes_per_hour(20)
        .replies(true)
        .host(host.clone())
        .build()
        .unwrap()
}

pub(crate) fn passcode() -> GrantDraft {
    GrantDraft::new(RecipientId::new(0), FactorLevel::P2).passcode(PasscodePlan::Make)
}

pub(crate) fn at_floor(level: FactorLevel) -> GrantDraft {
    GrantDraft::new(RecipientId::new(0), level)
}

pub(crate) fn by_mail() -> GrantDraft {
    at_floor(FactorLevel::P1).email(ADDRESS.parse().unwrap())
}

pub(crate) fn by_sms() -> GrantDraft {
    at_floor(FactorLevel::P2).phone(Phi::from(PHONE))
}

/// Every method there is, at this floor.
pub(crate) fn all_methods(level: FactorLevel, passkeys: Vec<Passkey>) -> GrantDraft {
    at_floor(level)
        .passcode(PasscodePlan::Make)
        .email(ADDRESS.parse().unwrap())
        .phone(Phi::from(PHONE))
        .totp(Secret::new(SEED.to_vec()))
        .single_sign_on(Phi::from("subject-7"))
        .passkeys(passkeys)
}

pub(crate) struct Given {
    pub(crate) grant: GrantId,
    pub(crate) item: mailseal::base::ItemId,
    pub(crate) link: Link,
    pub(crate) passcode: Option<String>,
    pub(crate) reference: String,
}

impl Given {
    pub(crate) fn passcode(&self) -> &str {
        self.passcode.as_deref().expect("a passcode was made")
    }

    /// L.
    pub(crate) fn share(&self) -> Vec<u8> {
        crockford(self.link.code().expose())
    }
}

/// Crockford's base32, as the page reads it.
pub(crate) fn crockford(text: &str) -> Vec<u8> {
    const ALPHABET: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let (mut out, mut word, mut bits) = (Vec::new(), 0u32, 0);
    for c in text.chars().filter(|c| *c != '-') {
        word = word << 5 | u32::try_from(ALPHABET.find(c).unwrap()).unwrap();
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from(word >> bits & 255).unwrap());
        }
    }
    out
}

/// HKDF-SHA-512 to 32 bytes.
pub(crate) fn hkdf(ikm: &[u8], salt: &[u8], info: &[u8]) -> [u8; 32] {
    struct Len;
    impl hkdf::KeyType for Len {
        fn len(&self) -> usize {
            32
        }
    }
    let mut out = [0; 32];
    let prk = hkdf::Salt::new(hkdf::HKDF_SHA512, salt).extract(ikm);
    prk.expand(&[info], Len).unwrap().fill(&mut out).unwrap();
    out
}

/// The body of a challenge by who holds `share`.
pub(crate) fn knock_body(grant: GrantId, share: &[u8]) -> Value {
    let auth = hkdf(share, grant.as_bytes(), b"mailseal/1/escrow/auth");
    let nonce = [9u8; 16];
    let text = [
        &b"mailseal/1/portal/challenge"[..],
        grant.as_bytes(),
        &nonce,
    ]
    .concat();
    let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &auth), &text);
    json!({"nonce": b64(&nonce), "mac": b64(mac.as_ref())})
}

pub(crate) fn b64(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}", self.text()))
    }
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
    pub(crate) fn error(&self) -> String {
        self.json()["error"].as_str().unwrap_or_default().to_owned()
    }
    /// Status and error word together.
    pub(crate) fn is(&self, status: u16, error: &str) -> bool {
        self.status.as_u16() == status && self.error() == error
    }
}

pub(crate) async fn ask(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, 128 << 20).await.unwrap();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: body.to_vec(),
    }
}

pub(crate) async fn get(router: &Router, path: &str) -> Answer {
    ask(router, Request::get(path).body(Body::empty()).unwrap()).await
}

/// Somebody with a browser. Clones share the jar.
#[derive(Clone)]
pub(crate) struct Visitor {
    pub(crate) router: Router,
    pub(crate) grant: GrantId,
    pub(crate) share: Vec<u8>,
    pub(crate) jar: Arc<Mutex<BTreeMap<String, String>>>,
}

impl fmt::Debug for Visitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Visitor")
    }
}

impl Visitor {
    pub(crate) fn new(router: Router, given: &Given) -> Self {
        Self {
            router,
            grant: given.grant,
            share: given.share(),
            jar: Arc::default(),
        }
    }

    pub(crate) fn cookies(&self) -> BTreeMap<String, String> {
        self.jar.lock().unwrap().clone()
    }

    pub(crate) async fn knock(&self) -> Answer {
        self.post("/challenge", &knock_body(self.grant, &self.share))
            .await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        let body = Body::from(body.to_string());
        self.send(Method::POST, path, "application/json", body)
            .await
    }

    pub(crate) async fn put(&self, path: &str, body: Vec<u8>) -> Answer {
        let kind = "application/octet-stream";
        self.send(Method::PUT, path, kind, Body::from(body)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.request(self.builder(Method::GET, path).body(Body::empty()).unwrap())
            .await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, kind: &str, body: Body) -> Answer {
        let request = self
            .builder(method, path)
            .header(header::ORIGIN, ORIGIN)
            .header("x-mailseal", "1")
            .header(header::CONTENT_TYPE, kind);
        self.request(request.body(body).unwrap()).await
    }

    pub(crate) fn builder(&self, method: Method, path: &str) -> axum::http::request::Builder {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/p/{}{path}", self.grant));
        let jar = self.jar.lock().unwrap();
        if !jar.is_empty() {
            let pairs: Vec<String> = jar.iter().map(|(k, v)| format!("{k}={v}")).collect();
            request = request.header(header::COOKIE, pairs.join("; "));
        }
        request
    }

    pub(crate) async fn request(&self, request: Request<Body>) -> Answer {
        let answer = ask(&self.router, request).await;
        for line in answer.headers.get_all(header::SET_COOKIE) {
            let (pair, attributes) = line.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            let mut jar = self.jar.lock().unwrap();
            match attributes.contains("Max-Age=0;") {
                true => jar.remove(name),
                false => jar.insert(name.to_owned(), value.to_owned()),
            };
        }
        answer
    }

    pub(crate) async fn start(&self, method: &str) -> Answer {
        self.post(&format!("/factor/{method}/start"), &json!({}))
            .await
    }

    pub(crate) async fn verify(&self, method: &str, code: &str) -> Answer {
        let path = format!("/factor/{method}/verify");
        self.post(&path, &json!({"code": code})).await
    }

    pub(crate) async fn release(&self) -> Answer {
        self.post("/release", &json!({})).await
    }
}

/// A code that is not this one.
pub(crate) fn other_code(code: &str) -> String {
    let last = code.as_bytes()[code.len() - 1];
    let other = if last == b'0' { '1' } else { '0' };
    format!("{}{other}", &code[..code.len() - 1])
}
