//! What must hold of the pickup page's parsers for any bytes: the letter that
//! it shows, a reply that comes in, the bundle of an archive, and what a
//! browser, or somebody else, sends to the portal.

use std::cell::OnceCell;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::{hkdf, hmac};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use data_encoding::BASE64URL_NOPAD;
use mailseal::base::{
    Clock, FactorLevel, Keys, Language, Passkey, Phi, RecipientId, Secret, Sensitivity,
};
use mailseal::escrow::{ArchiveSecret, Draft, Escrow, GrantDraft, Link, Reply};
use mailseal::portal::{
    CodeChannelError, CodeKind, CodeSender, NotSignedOn, Portal, PortalHost, ReplyRefused,
};
use mailseal::storage::{MemoryStore, Store};
use mailseal::testing::clock::TestClock;
use mailseal::testing::parsers::{self, ReplyContent};
use serde_json::{Value, json};
use tower::ServiceExt as _;

/// What the clinic wrote in each bundle that is a seed.
pub(crate) const ARCHIVED: &[u8] =
    b"From: clinic@harbor.example\r\nTo: pat@mail.example\r\nSubject: visit\r\n\r\nHbA1c 5.4 %\r\n";
/// Whom they are sealed to.
pub(crate) const ARCHIVE: [u8; 32] = [7; 32];

/// The public key of the passkey that the visitor has: ES256.
const COSE: &[u8] = include_bytes!("../keys/passkey.cose");
const ORIGIN: &str = "https://portal.example";
/// Begun as HTML they would do something, or ask for something.
const ACTIVE: [&str; 12] = [
    "<script",
    "<style",
    "<link",
    "<meta",
    "<base",
    "<form",
    "<iframe",
    "<object",
    "<embed",
    "<svg",
    "<math",
    "<template",
];

/// The letter of a message: what the page shows is fit to be shown, and each
/// file lies within the message.
pub fn letter(data: &[u8]) {
    let Ok(json) = parsers::letter(data) else {
        return;
    };
    let letter: Value = serde_json::from_slice(&json).expect("JSON");
    let html = letter["html"].as_str().unwrap_or_default();
    let html = html.to_ascii_lowercase();
    for tag in ACTIVE {
        assert!(!html.contains(tag), "{tag}");
    }
    let number = |v: &Value| usize::try_from(v.as_u64().expect("a number")).expect("small");
    for file in letter["attachments"].as_array().expect("a list") {
        assert_safe(file["name"].as_str().expect("a name"));
        let (offset, length) = (number(&file["offset"]), number(&file["length"]));
        assert!(
            offset
                .checked_add(length)
                .is_some_and(|end| end <= data.len())
        );
        let size = number(&file["size"]);
        match file["encoding"].as_str() {
            Some("identity") => assert_eq!(size, length),
            Some("base64" | "quoted-printable") => assert!(size <= length),
            other => panic!("{other:?}"),
        }
    }
}

/// Fit for a header and a disk.
fn assert_safe(name: &str) {
    assert!((1..=120).contains(&name.chars().count()));
    assert!(!name.contains(['/', '\\', '\u{202e}', '\u{2066}']));
    assert!(!name.chars().any(char::is_control));
    assert!(![".", ".."].contains(&name));
}

/// The container of a reply: no more than it says comes out, within the bounds.
pub fn reply_container(data: &[u8]) {
    let Ok(reply) = parsers::reply_container(data) else {
        return;
    };
    assert!(!reply.subject.expose().chars().any(char::is_control));
    assert!(reply.attachments.len() <= 25);
    let mut files = 0;
    for file in &reply.attachments {
        assert_safe(file.name.expose());
        assert_eq!(file.media_type.matches('/').count(), 1);
        files += file.bytes.expose().len();
    }
    assert!(files < data.len());
    // Debug shows no more of a text than that there is one, whatever it says.
    let shown = |reply: &ReplyContent| format!("{reply:?}");
    let whole = shown(&reply);
    let mut other = reply;
    other.text = Phi::new("another text".to_owned());
    assert_eq!(shown(&other), whole);
}

/// Bundles of the archive: of what was sealed to a key, the message comes out
/// as it was or not at all.
pub fn archive_bundle(data: &[u8]) {
    let secret = ArchiveSecret::from_bytes(ARCHIVE).expect("a key of P-256");
    if let Ok(archived) = secret.open(data) {
        assert_eq!(archived.message.expose(), ARCHIVED);
        assert!(!format!("{archived:?}").contains("HbA1c"));
    }
    let text = String::from_utf8_lossy(data);
    if let Ok(key) = text.trim().parse::<mailseal::escrow::ArchiveKey>() {
        assert_eq!(key.to_string(), text.trim());
    }
}

/// Requests: a line with what follows `/p/{id}/`, then the body, or the range
/// that is asked for. A `!` before it leaves the factor out. `key` stands for a
/// passkey whose public key is the body. None is a fault of the server's, and
/// nothing is given out without a factor.
pub fn portal_request(data: &[u8]) {
    let end = data.iter().position(|b| *b == b'\n').unwrap_or(data.len());
    let (line, body) = data.split_at(end);
    let body = body.get(1..).unwrap_or_default();
    let Ok(line) = std::str::from_utf8(line) else {
        return;
    };
    thread_local! {
        static RUNTIME: OnceCell<tokio::runtime::Runtime> = const { OnceCell::new() };
    }
    let make = || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_time().build().expect("a runtime")
    };
    RUNTIME.with(|runtime| runtime.get_or_init(make).block_on(ask(line, body)));
}

async fn ask(line: &str, body: &[u8]) {
    let (shown, path) = match line.strip_prefix('!') {
        Some(path) => (false, path),
        None => (true, line),
    };
    let key = if path == "key" { body } else { COSE };
    let Some(mut visitor) = Visitor::enter(key).await else {
        assert_eq!(path, "key", "only a key is refused");
        return;
    };
    if path == "key" {
        visitor.post("factor/passkey/start", &json!({})).await;
        return;
    }
    let open = ["release", "parts/", "replies", "passkey/"];
    let open = open.iter().any(|p| path.starts_with(p));
    if open && shown {
        visitor.post("factor/sso/verify", &json!({})).await;
        let released = visitor.post("release", &json!({})).await;
        assert!(released["share"].is_string(), "{released}");
    }
    let begun = match path.split_once('/') {
        Some(("factor", rest)) if rest.ends_with("/verify") => {
            let start = format!("factor/{}/start", rest.trim_end_matches("/verify"));
            visitor.post(&start, &json!({})).await
        }
        Some(("passkey", "finish")) => visitor.post("passkey/start", &json!({})).await,
        _ => Value::Null,
    };
    let body = with_challenge(body, &begun, path == "passkey/finish");
    let request = match path {
        _ if path.starts_with("parts/") || path.starts_with('%') => {
            let range = HeaderValue::from_bytes(&body);
            let mut request = visitor.request(Method::GET, path, Body::empty(), "text/plain");
            if let (Some(request), Ok(range)) = (&mut request, range) {
                request.headers_mut().insert("range", range);
            }
            request
        }
        _ if path.starts_with("replies/") && path.contains("/parts/") => {
            let kind = "application/octet-stream";
            visitor.request(Method::PUT, path, Body::from(body), kind)
        }
        _ => visitor.request(Method::POST, path, Body::from(body), "application/json"),
    };
    let Some(request) = request else {
        return;
    };
    let get = request.method() == Method::GET;
    let response = visitor.send(request).await;
    let status = response.status();
    // A path that leads nowhere gets the page.
    let kind = response.headers().get("content-type");
    let page = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let given = status.is_success() && !page;
    assert!(!(open && !shown && given), "given out");
    if !get && !status.is_success() {
        let answer: Value = json_of(response).await;
        assert!(answer["error"].is_string(), "{answer}");
    }
}

/// A body in whose place of the client data stands `@`: what a browser would
/// say to the challenge.
fn with_challenge(body: &[u8], begun: &Value, new: bool) -> Vec<u8> {
    let (Ok(text), Some(challenge)) = (
        std::str::from_utf8(body),
        begun["publicKey"]["challenge"].as_str(),
    ) else {
        return body.to_vec();
    };
    let kind = if new {
        "webauthn.create"
    } else {
        "webauthn.get"
    };
    // In the order that browsers write (WebAuthn level 3, section 5.8.1.1).
    let client = format!(
        "{{\"type\":\"{kind}\",\"challenge\":\"{challenge}\",\"origin\":\"{ORIGIN}\",\"crossOrigin\":false}}"
    );
    let client = BASE64URL_NOPAD.encode(client.as_bytes());
    let field = |value: &str| format!("\"clientDataJSON\":\"{value}\"");
    text.replace(&field("@"), &field(&client)).into_bytes()
}

/// A host whose visitors are all signed on.
#[derive(Debug)]
struct Host;

#[async_trait]
impl PortalHost for Host {
    async fn reply(&self, _: Reply, _: Sensitivity) -> Result<(), ReplyRefused> {
        Ok(())
    }
    fn sign_on_url(&self) -> Option<String> {
        Some("https://id.harbor.example/".to_owned())
    }
    async fn single_sign_on(&self, _: &Phi<String>, _: &HeaderMap) -> Result<(), NotSignedOn> {
        Ok(())
    }
}

#[async_trait]
impl CodeSender for Host {
    async fn send(
        &self,
        _: CodeKind,
        _: &Phi<String>,
        _: &Secret<String>,
        _: Language,
    ) -> Result<(), CodeChannelError> {
        Ok(())
    }
}

/// Somebody who knocked at a portal of their own.
struct Visitor {
    router: Router,
    link: Link,
    cookie: String,
}

impl Visitor {
    async fn enter(key: &[u8]) -> Option<Self> {
        let (store, clock) = (Arc::new(MemoryStore::new()), TestClock::default());
        let keys = Keys::from_bytes([3; 32]);
        let escrow = Escrow::new(store.clone(), &keys, Arc::new(clock.clone()), ORIGIN);
        let escrow = escrow.expect("an escrow");
        let grant = GrantDraft::new(RecipientId::new(0), FactorLevel::P1)
            .email("pat@mail.example".parse().expect("an address"))
            .phone(Phi::from("+1 555 0142"))
            .totp(Secret::new(vec![7; 20]))
            .single_sign_on(Phi::from("subject"))
            .passkeys(vec![Passkey::new(*b"credential-of-one", key, 0)]);
        let expires = clock.now().plus(Duration::from_secs(3600));
        let draft = Draft::new(ARCHIVED, expires, vec![grant]);
        let mut prepared = escrow.prepare(draft).await.ok()?;
        let ops = prepared.ops.drain(..).collect();
        store.commit(ops).await.expect("committed");
        let portal = Portal::builder(escrow).organisation("Harbor").contact("x");
        let portal = portal.host(Host).code_sender(Host).replies(true).build();
        let mut visitor = Self {
            router: portal.expect("a portal").router(),
            link: prepared.grants.remove(0).link,
            cookie: String::new(),
        };
        let knock = knock(&visitor.link);
        let known = visitor.post("challenge", &knock).await;
        assert!(known["methods"].is_array(), "{known}");
        Some(visitor)
    }

    fn request(&self, method: Method, path: &str, body: Body, kind: &str) -> Option<Request<Body>> {
        let slash = if path.starts_with('%') { "" } else { "/" };
        Request::builder()
            .method(method)
            .uri(format!("/p/{}{slash}{path}", self.link.grant()))
            .header("origin", ORIGIN)
            .header("x-mailseal", "1")
            .header("cookie", &self.cookie)
            .header("content-type", kind)
            .body(body)
            .ok()
    }

    async fn post(&mut self, path: &str, body: &Value) -> Value {
        let body = Body::from(body.to_string());
        match self.request(Method::POST, path, body, "application/json") {
            Some(request) => json_of(self.send(request).await).await,
            None => Value::Null,
        }
    }

    /// A panic, and all that fails within, is a 500.
    async fn send(&mut self, request: Request<Body>) -> Response<Body> {
        let sent = self.router.clone().oneshot(request).await;
        let response = sent.unwrap_or_else(|never| match never {});
        assert_ne!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(response.headers().contains_key("content-security-policy"));
        if let Some(cookie) = response.headers().get("set-cookie") {
            let pair = cookie.to_str().expect("text").split(';').next();
            self.cookie = pair.unwrap_or_default().to_owned();
        }
        response
    }
}

async fn json_of(response: Response<Body>) -> Value {
    let body = axum::body::to_bytes(response.into_body(), 1 << 20).await;
    serde_json::from_slice(&body.expect("a body")).expect("JSON")
}

/// What shows that the link is known.
fn knock(link: &Link) -> Value {
    let (grant, nonce) = (link.grant(), [9; 16]);
    let mut auth = [0; 32];
    let prk = hkdf::Salt::new(hkdf::HKDF_SHA512, grant.as_bytes()).extract(&share(link));
    let okm = prk.expand(&[b"mailseal/1/escrow/auth"], hkdf::HKDF_SHA256);
    okm.and_then(|okm| okm.fill(&mut auth)).expect("32 bytes");
    let label = &b"mailseal/1/portal/challenge"[..];
    let text = [label, grant.as_bytes(), &nonce].concat();
    let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &auth), &text);
    let encode = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
    json!({"nonce": encode(&nonce), "mac": encode(mac.as_ref())})
}

/// L: Crockford's base32 of 20 bytes.
fn share(link: &Link) -> Vec<u8> {
    const ALPHABET: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let (mut out, mut word, mut bits) = (Vec::new(), 0u64, 0);
    for c in link.code().expose().chars() {
        let Some(digit) = ALPHABET.find(c) else {
            continue;
        };
        word = word << 5 | digit as u64;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            out.push((word >> bits & 255) as u8);
        }
    }
    out
}
