//! Postfix as the relay that a clinic submits to: TLS from the first octet and
//! STARTTLS, with AUTH. Who may log in is said by a stand-in for Dovecot, which
//! speaks the protocol that Postfix asks Dovecot by (dovecot's
//! `auth-protocol.txt`), so that the SASL dialogue itself is Postfix' own.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};

use data_encoding::BASE64;
use mailseal::base::{Secret, TlsAssurance};
use mailseal::deliver::Smtp;
use mailseal::policy::Policy;
use mailseal::testing::pki::CertKind;

use super::postfix;
use super::world::{CANARY, HOST, Maker, Table, World, has, message, tell};

const USER: &str = "clinic@harbor.example";
const PASSWORD: &str = "correct horse battery";
const TOKEN: &str = "ya29.token";

fn dovecot() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // They end with the process: Postfix keeps its connections to them.
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || converse(stream));
        }
    });
    address
}

/// One connection of Postfix'. A test's own thread may fail by a panic: the
/// connection ends, and Postfix says that it cannot authenticate.
fn converse(stream: TcpStream) {
    let mut out = stream.try_clone().unwrap();
    out.write_all(
        b"VERSION\t1\t1\nMECH\tPLAIN\tplaintext\nMECH\tLOGIN\tplaintext\n\
          MECH\tXOAUTH2\nSPID\t1\nCUID\t1\nCOOKIE\t00\nDONE\n",
    )
    .unwrap();
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let decode = |text: &str| String::from_utf8(BASE64.decode(text.as_bytes()).unwrap()).unwrap();
    while let Some(line) = lines.next() {
        let fields: Vec<&str> = line.split('\t').collect();
        let ["AUTH", id, mechanism, ..] = fields.as_slice() else {
            continue;
        };
        let given = fields.iter().find_map(|f| f.strip_prefix("resp="));
        let mut ask = |prompt: &str| {
            let prompt = BASE64.encode(prompt.as_bytes());
            writeln!(out, "CONT\t{id}\t{prompt}").unwrap();
            let line = lines.next().unwrap();
            decode(line.rsplit('\t').next().unwrap())
        };
        let good = match *mechanism {
            "PLAIN" => decode(given.unwrap()) == format!("\0{USER}\0{PASSWORD}"),
            "LOGIN" => {
                let user = given.map_or_else(|| ask("Username:"), decode);
                user == USER && ask("Password:") == PASSWORD
            }
            _ => decode(given.unwrap()) == format!("user={USER}\x01auth=Bearer {TOKEN}\x01\x01"),
        };
        let verdict = if good { "OK" } else { "FAIL" };
        writeln!(out, "{verdict}\t{id}\tuser={USER}").unwrap();
    }
}

struct Submission {
    name: &'static str,
    service: &'static str,
    scheme: &'static str,
    secret: &'static str,
    token: bool,
    onward: TlsAssurance,
    expected: &'static str,
    /// Whether `AUTH` and `MAIL FROM` were seen.
    seen: &'static str,
}

impl Submission {
    const fn new(name: &'static str, service: &'static str, scheme: &'static str) -> Self {
        Self {
            name,
            service,
            scheme,
            secret: PASSWORD,
            token: false,
            onward: TlsAssurance::Authenticated,
            expected: "delivered tls TLSv1.3 WebPki, message arrived",
            seen: "AUTH after TLS; yes",
        }
    }

    fn fails(mut self, expected: &'static str, seen: &'static str) -> Self {
        self.expected = expected;
        self.seen = seen;
        self
    }

    async fn run(self, world: &World, table: &mut Table) {
        world.point(self.service);
        let port = world.postfix.address().port();
        let url = format!("{}://{USER}@{HOST}:{port}", self.scheme);
        let secret = Secret::new(self.secret.to_owned());
        let smtp = Smtp::relay(&url)
            .unwrap()
            .network(world.network())
            .onward(self.onward);
        let smtp = match self.token {
            true => smtp.token(secret),
            false => smtp.credentials(secret),
        };
        let client = world.client_with(Policy::hipaa(), smtp).await;
        let to = format!("{}@far.example", self.name);
        let plan = client.plan(message(&to)).await.unwrap();
        let before = world.postfix.sessions_of(self.service).len();
        let outcome = client.send(plan).await.unwrap().outcomes.remove(0);
        let mut told = tell(&outcome);
        if told.starts_with("delivered") {
            let arrived = world.arrived(&to);
            told.push_str(match has(&arrived, CANARY) {
                true => ", message arrived",
                false => ", notice arrived",
            });
        }
        // Ends the connection, so that all of it is in the log.
        drop(client);
        let session = world
            .postfix
            .wait_for("the end of the connection", || {
                let mut sessions = world.postfix.sessions_of(self.service);
                let last = sessions.pop()?;
                (sessions.len() == before && last.ended).then_some(last)
            })
            .unwrap();
        let place = |command: &str| {
            session
                .commands
                .iter()
                .position(|seen| seen.starts_with(command))
        };
        // With `smtps` there is TLS before the first command.
        let tls = match self.scheme {
            "smtps" => session.tls.is_some().then_some(0),
            _ => place("STARTTLS"),
        };
        let auth = match place("AUTH") {
            None => "no AUTH",
            at if at > tls && tls.is_some() => "AUTH after TLS",
            _ => "AUTH in clear",
        };
        let mail = if place("MAIL FROM").is_some() {
            "yes"
        } else {
            "no"
        };
        let seen = format!("{auth}; {mail}");
        table.row(self.name, self.expected, &told, [self.seen, &seen]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_is_told_who_we_are_after_tls_only() {
    if !postfix::available() {
        return;
    }
    let path = format!("inet:{}", dovecot());
    let sasl = [
        ("smtpd_sasl_auth_enable", "yes"),
        ("smtpd_sasl_type", "dovecot"),
        ("smtpd_sasl_path", path.as_str()),
        (
            "smtpd_recipient_restrictions",
            "permit_sasl_authenticated, reject",
        ),
    ];
    let with = |more: &[(&'static str, &'static str)]| [&sasl[..], more].concat();
    let wrapped = ("smtpd_tls_wrappermode", "yes");
    let strict = ("smtpd_tls_auth_only", "yes");
    let only = |mechanism| ("smtpd_sasl_mechanism_filter", mechanism);
    let world = Maker::new(25, 1)
        .tls("smtps", CertKind::Valid, &with(&[wrapped]))
        .tls("login", CertKind::Valid, &with(&[wrapped, only("login")]))
        .tls("oauth", CertKind::Valid, &with(&[wrapped, only("xoauth2")]))
        .tls("expired", CertKind::Expired, &with(&[wrapped]))
        .tls("starttls", CertKind::Valid, &with(&[strict]))
        .tls("other_name", CertKind::WrongName, &with(&[strict]))
        .service("clear", &with(&[("smtpd_tls_security_level", "none")]))
        .start()
        .await;
    let mut table = Table::default();
    let mut token = Submission::new("xoauth2", "oauth", "smtps");
    token.token = true;
    token.secret = TOKEN;
    let mut wrong = Submission::new("wrong_password", "smtps", "smtps").fails(
        "deferred tls TLSv1.3 WebPki AuthRefused 535 5.7.8",
        "AUTH after TLS; no",
    );
    wrong.secret = "wrong";
    let mut undeclared = Submission::new("undeclared", "smtps", "smtps");
    undeclared.onward = TlsAssurance::Opportunistic;
    undeclared.expected = "delivered escrow TLSv1.3 WebPki, notice arrived";
    for submission in [
        Submission::new("smtps", "smtps", "smtps"),
        Submission::new("login", "login", "smtps"),
        token,
        Submission::new("starttls", "starttls", "smtp"),
        wrong,
        undeclared,
        Submission::new("expired", "expired", "smtps")
            .fails("deferred tls TlsCertificate", "no AUTH; no"),
        Submission::new("other_name", "other_name", "smtp")
            .fails("deferred tls TlsCertificate", "no AUTH; no"),
        Submission::new("auth_in_clear", "clear", "smtp")
            .fails("deferred tls NoTls", "no AUTH; no"),
    ] {
        submission.run(&world, &mut table).await;
    }
    table.judge("Postfix as relay (AUTH, and MAIL FROM on that connection)");
}
