//! Discovery with the real probe, against a mail host of the test's own.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use mailseal::discover::{Discovery, Live};
use mailseal::testing::dns::TestDns;
use mailseal::wire::Network;
use mailseal::wire::guard::Guard;
use mailseal::wire::tls::{Identity, Roots, TlsVersion};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::support::{Table, at, domain, hosts_word, resolver};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    Tls,
    NoStartTls,
    StartTlsRefused,
    Busy,
    Closes,
    Injects,
    NotTls,
}

/// A mail host that takes note of every line it is sent.
struct MailHost {
    port: u16,
    lines: Arc<Mutex<Vec<String>>>,
    certificate: Vec<u8>,
}

impl MailHost {
    async fn start(manner: Manner, name: &str) -> Self {
        let issued = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
        let certificate = issued.cert.der().to_vec();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(issued.signing_key.serialize_der()));
        let provider = tokio_rustls::rustls::crypto::aws_lc_rs::default_provider();
        let config = ServerConfig::builder_with_provider(Arc::new(provider))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![issued.cert.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&lines);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = serve(stream, manner, &acceptor, &log).await;
            }
        });
        Self {
            port,
            lines,
            certificate,
        }
    }
}

async fn serve(
    mut stream: TcpStream,
    manner: Manner,
    acceptor: &TlsAcceptor,
    log: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    match manner {
        Manner::Closes => return Ok(()),
        Manner::Busy => return stream.write_all(b"421 mx.d.example busy\r\n").await,
        _ => {}
    }
    stream.write_all(b"220 mx.d.example\r\n").await?;
    if !dialogue(&mut stream, manner, log).await? {
        return Ok(());
    }
    if manner == Manner::NotTls {
        // Only once the handshake has begun: earlier it would be an injection.
        stream.readable().await?;
        stream.write_all(b"hello, this is no TLS\r\n").await?;
        stream.shutdown().await?;
        // Read to the end: a reset could overtake what was written.
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await?;
        return Ok(());
    }
    let mut tls = acceptor.accept(stream).await?;
    dialogue(&mut tls, Manner::NoStartTls, log).await?;
    Ok(())
}

/// Whether it ended in a `STARTTLS` that was taken.
async fn dialogue<S>(
    stream: &mut S,
    manner: Manner,
    log: &Mutex<Vec<String>>,
) -> std::io::Result<bool>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(false);
        }
        let verb = line
            .split_whitespace()
            .next()
            .unwrap_or_default()
            .to_owned();
        log.lock().unwrap().push(verb.clone());
        let (reply, ends) = match (verb.as_str(), manner) {
            ("EHLO", Manner::NoStartTls) => ("250-mx.d.example\r\n250 REQUIRETLS\r\n", None),
            ("EHLO", _) => ("250-mx.d.example\r\n250 STARTTLS\r\n", None),
            ("STARTTLS", Manner::StartTlsRefused) => ("454 not now\r\n", None),
            ("STARTTLS", Manner::Injects) => ("220 go ahead\r\n250 injected\r\n", Some(true)),
            ("STARTTLS", _) => ("220 go ahead\r\n", Some(true)),
            ("QUIT", _) => ("221 bye\r\n", Some(false)),
            _ => ("500 what?\r\n", None),
        };
        stream.write_all(reply.as_bytes()).await?;
        if let Some(taken) = ends {
            return Ok(taken);
        }
    }
}

async fn look(host: &MailHost, addresses: &[&str], roots: Option<Roots>) -> (String, String) {
    let dns = TestDns::start().await.unwrap();
    dns.mx("d.example", 10, "mx.d.example");
    for address in addresses {
        dns.a("mx.d.example", address.parse::<IpAddr>().unwrap());
    }
    let mut network = Network::new(resolver(&dns))
        .guard(Guard::allow_internal())
        .ports(host.port, 443);
    if let Some(roots) = roots {
        network = network.roots(roots);
    }
    let live = Live::new(network, domain("mail.harbor.example"));
    let seen = live.discover(&domain("d.example"), at(0)).await;
    let host = &seen.hosts.proven().unwrap()[0];
    let evidence = host.tls.proven().map(|seen| {
        let evidence = &seen.evidence;
        assert_eq!(evidence.version, TlsVersion::Tls13);
        assert_eq!(evidence.certificate_sha256.len(), 64);
        assert!(host.requiretls, "offered after TLS only");
        match evidence.identity {
            Identity::WebPki => "web_pki",
            Identity::Unverified => "unverified",
            _ => "other",
        }
    });
    (hosts_word(&seen), evidence.unwrap_or("-").to_owned())
}

#[tokio::test]
async fn faults_of_a_mail_host_that_is_probed() {
    let mut table = Table::new("SMTP: what the probe of a mail host says");
    for (fault, manner, expected) in [
        (
            "self-signed certificate",
            Manner::Tls,
            "mx.d/10/unknown_issuer unverified",
        ),
        ("no STARTTLS", Manner::NoStartTls, "mx.d/10/no-tls -"),
        ("no TLS after STARTTLS", Manner::NotTls, "mx.d/10/no-tls -"),
        ("454 to STARTTLS", Manner::StartTlsRefused, "mx.d/10/? -"),
        ("bytes injected after 220", Manner::Injects, "mx.d/10/? -"),
        ("421 greeting", Manner::Busy, "mx.d/10/? -"),
        ("closes at once", Manner::Closes, "mx.d/10/? -"),
    ] {
        let host = MailHost::start(manner, "mx.d.example").await;
        let (hosts, evidence) = look(&host, &["127.0.0.1"], None).await;
        table.row(fault, expected, format!("{hosts} {evidence}"));
    }

    let host = MailHost::start(Manner::Tls, "mx.d.example").await;
    let roots = || Roots::from_der([&host.certificate]).ok();
    for (fault, addresses, expected) in [
        (
            "valid certificate",
            &["127.0.0.1"][..],
            "mx.d/10/tls web_pki",
        ),
        (
            "AAAA leads nowhere, A answers",
            &["::1", "127.0.0.1"],
            "mx.d/10/tls web_pki",
        ),
        (
            "first A leads nowhere",
            &["127.0.0.9", "127.0.0.1"],
            "mx.d/10/tls web_pki",
        ),
        (
            "every address leads nowhere",
            &["127.0.0.9", "::1"],
            "mx.d/10/? -",
        ),
    ] {
        let (hosts, evidence) = look(&host, addresses, roots()).await;
        table.row(fault, expected, format!("{hosts} {evidence}"));
    }
    let other = MailHost::start(Manner::Tls, "mx.other.example").await;
    let roots = Roots::from_der([&other.certificate]).ok();
    let (hosts, evidence) = look(&other, &["127.0.0.1"], roots).await;
    table.row(
        "certificate of a wrong name",
        "mx.d/10/wrong_name unverified",
        format!("{hosts} {evidence}"),
    );
    table.judge();

    let lines = host.lines.lock().unwrap();
    assert!(lines.contains(&"STARTTLS".to_owned()));
    assert!(
        lines
            .iter()
            .all(|l| ["EHLO", "STARTTLS", "QUIT"].contains(&l.as_str()))
    );
}
