//! Pickups a second on loopback: each is a knock, a passcode, a release and all
//! parts of the content, over TLS on a connection that is kept.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::{hkdf, hmac};
use axum::body::Body;
use data_encoding::BASE64URL_NOPAD;
use http_body_util::BodyExt as _;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{COOKIE, SET_COOKIE};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use mailseal::escrow::Link;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::Trouble;
use crate::serve::Tls;

pub(crate) struct Report {
    pickups: usize,
    errors: usize,
    first_error: Option<String>,
    took: Duration,
    times: Vec<Duration>,
    visitors: usize,
}

impl Report {
    /// No errors, and each pickup on record.
    pub(crate) fn is_clean(&self, entries: u64) -> bool {
        self.errors == 0 && self.pickups > 0 && entries >= self.pickups as u64
    }

    fn percentile(&self, of_hundred: usize) -> f64 {
        let at = (self.times.len() * of_hundred / 100).min(self.times.len().saturating_sub(1));
        self.times.get(at).map_or(0.0, |t| t.as_secs_f64() * 1000.0)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = self.pickups as f64 / self.took.as_secs_f64();
        write!(
            f,
            "{} visitors, {:.1} s: {} pickups, {rate:.1} a second, {} errors, p50 {:.1} ms, p99 {:.1} ms",
            self.visitors,
            self.took.as_secs_f64(),
            self.pickups,
            self.errors,
            self.percentile(50),
            self.percentile(99),
        )?;
        match &self.first_error {
            Some(error) => write!(f, "\nfirst error: {error}"),
            None => Ok(()),
        }
    }
}

pub(crate) async fn run(
    port: u16,
    tls: &Tls,
    kept: Vec<(Link, String)>,
    visitors: usize,
    time: Duration,
) -> Result<Report, Trouble> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(tls.roots()?)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    let kept = Arc::new(kept);
    let began = Instant::now();
    let mut tasks = Vec::new();
    for n in 0..visitors {
        let (connector, kept) = (connector.clone(), Arc::clone(&kept));
        tasks.push(tokio::spawn(async move {
            let mut visitor = Visitor::connect(port, &connector).await?;
            let (mut times, mut errors, mut first) = (Vec::new(), 0, None);
            // Each has grants of its own: two who open one at once wait for each other.
            let own: Vec<_> = kept.iter().skip(n).step_by(visitors).collect();
            for (link, passcode) in own.into_iter().cycle() {
                if began.elapsed() >= time {
                    break;
                }
                let start = Instant::now();
                match visitor.pick_up(link, passcode).await {
                    Ok(()) => times.push(start.elapsed()),
                    Err(error) => {
                        errors += 1;
                        first.get_or_insert(error.to_string());
                        visitor = Visitor::connect(port, &connector).await?;
                    }
                }
            }
            Ok::<_, Trouble>((times, errors, first))
        }));
    }
    let (mut times, mut errors, mut first_error) = (Vec::new(), 0, None);
    for task in tasks {
        let (own, failed, first) = task.await??;
        times.extend(own);
        errors += failed;
        first_error = first_error.or(first);
    }
    let took = began.elapsed();
    times.sort_unstable();
    Ok(Report {
        pickups: times.len(),
        errors,
        first_error,
        took,
        times,
        visitors,
    })
}

struct Visitor {
    sender: SendRequest<Body>,
    origin: String,
    cookie: Option<String>,
}

impl Visitor {
    async fn connect(port: u16, connector: &TlsConnector) -> Result<Self, Trouble> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from("localhost")?;
        let stream = connector.connect(name, stream).await?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self {
            sender,
            origin: format!("https://localhost:{port}"),
            cookie: None,
        })
    }

    async fn pick_up(&mut self, link: &Link, passcode: &str) -> Result<(), Trouble> {
        self.cookie = None;
        let path = format!("/p/{}", link.grant());
        let knock = knock(link)?;
        self.post(&format!("{path}/challenge"), &knock).await?;
        let code = json!({"code": passcode});
        let shown = self
            .post(&format!("{path}/factor/passcode/verify"), &code)
            .await?;
        if shown["complete"] != true {
            return Err("not complete".into());
        }
        let released = self.post(&format!("{path}/release"), &json!({})).await?;
        let parts = released["parts"].as_u64().ok_or("no parts")?;
        for n in 0..parts {
            let bytes = self
                .ask(Method::GET, &format!("{path}/parts/{n}"), None)
                .await?;
            if bytes.is_empty() {
                return Err("an empty part".into());
            }
        }
        Ok(())
    }

    async fn post(&mut self, path: &str, body: &Value) -> Result<Value, Trouble> {
        let bytes = self.ask(Method::POST, path, Some(body.to_string())).await?;
        Ok(serde_json::from_slice(&bytes)?)
    }

    async fn ask(
        &mut self,
        method: Method,
        path: &str,
        body: Option<String>,
    ) -> Result<Vec<u8>, Trouble> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost")
            .header("origin", &self.origin)
            .header("x-mailseal", "1");
        if let Some(cookie) = &self.cookie {
            request = request.header(COOKIE, cookie);
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        self.sender.ready().await?;
        let request = request.body(Body::from(body.unwrap_or_default()))?;
        let response = self.sender.send_request(request).await?;
        let status = response.status();
        if let Some(cookie) = response.headers().get(SET_COOKIE) {
            let pair = cookie.to_str()?.split(';').next().unwrap_or_default();
            self.cookie = Some(pair.to_owned());
        }
        let bytes = response.into_body().collect().await?.to_bytes();
        match status.is_success() {
            true => Ok(bytes.to_vec()),
            false => Err(format!("{status}: {}", String::from_utf8_lossy(&bytes)).into()),
        }
    }
}

/// What shows that the link is known.
fn knock(link: &Link) -> Result<Value, Trouble> {
    let grant = link.grant();
    let mut auth = [0; 32];
    let prk = hkdf::Salt::new(hkdf::HKDF_SHA512, grant.as_bytes()).extract(&share(link)?);
    prk.expand(&[b"mailseal/1/escrow/auth"], hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut auth))
        .map_err(|_| "derivation failed")?;
    let nonce: [u8; 16] = *mailseal::base::MessageId::make_random().as_bytes();
    let text = [
        &b"mailseal/1/portal/challenge"[..],
        grant.as_bytes(),
        &nonce,
    ]
    .concat();
    let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &auth), &text);
    let encode = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
    Ok(json!({"nonce": encode(&nonce), "mac": encode(mac.as_ref())}))
}

/// L: Crockford's base32 of 20 bytes.
fn share(link: &Link) -> Result<Vec<u8>, Trouble> {
    const ALPHABET: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let code = link.code();
    let (mut out, mut word, mut bits) = (Vec::new(), 0u32, 0);
    for c in code.expose().chars().filter(|c| *c != '-') {
        let digit = ALPHABET.find(c).ok_or("not a digit")?;
        word = word << 5 | u32::try_from(digit)?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from(word >> bits & 255)?);
        }
    }
    Ok(out)
}
