//! `mailseal.toml`: how the `send` and `audit` programs are told what to use.
//!
//! Every complaint names the key it is about.

use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mailseal::base::{Domain, Keys, Secret, TlsAssurance};
use mailseal::deliver::{DeliverError, Smtp};
use mailseal::discover::Live;
use mailseal::policy::Policy;
use mailseal::storage::SqliteStore;
use mailseal::wire::Network;
use mailseal::wire::guard::Guard;
use mailseal::wire::resolver::SystemResolver;
use mailseal::wire::tls::Roots;
use mailseal::{Client, EscrowOptions, Storage};
use serde::Deserialize;

/// What a file looks like, for `--help`.
pub const SAMPLE: &str = "\
database = \"mailseal.db\"        # escrow, audit log, deferred copies; made if missing
keys = \"mailseal.key\"           # made if missing; back it up, elsewhere than the database
policy = \"hipaa\"                # or strict, tls_exclusive, or a policy file
# audit_origin = \"harbor.example/audit\" # the audit log's name in its checkpoints

[transport]
relay = \"smtps://clinic@mail.harbor.example\"
password_env = \"CLINIC_PASSWORD\" # the environment variable with the password
onward = \"authenticated\"        # what the relay's operator declares for the way onward
# or, without a relay:
# direct = true
# ehlo = \"mail.harbor.example\"   # this machine's name as the world sees it

[escrow]                         # leave it out to do without escrow
base_url = \"https://mail.harbor.example\"
organisation = \"Harbor Clinic\"
notice_from = \"noreply@harbor.example\" # who the notices are from; mails with codes need it

# [network]                      # for a trial on one machine
# resolver = \"127.0.0.1:5353\"
# smtp_port = 2525
# https_port = 8443
# roots = \"test-ca.pem\"
# allow_internal = true
";

/// The whole file. Unknown keys are refused: a misspelt setting is not silence.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `hipaa`, `strict`, `tls_exclusive`, or the path of a policy file.
    #[serde(default = "default_policy")]
    pub policy: String,
    /// The database: escrow, audit log, deferred copies.
    pub database: PathBuf,
    /// The key file; keep it elsewhere than the database.
    pub keys: PathBuf,
    /// The audit log's name in its checkpoints.
    #[serde(default = "default_origin")]
    pub audit_origin: String,
    /// How messages leave.
    pub transport: Transport,
    /// What the network looks like; leave it out for the internet.
    #[serde(default)]
    pub network: NetworkConfig,
    /// The escrow route; leave it out to do without.
    pub escrow: Option<EscrowConfig>,
    #[serde(skip)]
    folder: PathBuf,
}

/// Either a relay, or straight to the recipients' mail hosts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transport {
    /// `smtps://user@host` or `smtp://user@host:587`.
    pub relay: Option<String>,
    /// The environment variable that holds the relay's password.
    pub password_env: Option<String>,
    /// What the relay's operator declares for the way onward.
    pub onward: Option<TlsAssurance>,
    /// Straight to the recipients' mail hosts.
    #[serde(default)]
    pub direct: bool,
    /// This machine's name in `EHLO`.
    pub ehlo: Option<String>,
}

/// What differs from the internet, for a trial on one machine.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkConfig {
    /// The DNS server; the system's where left out.
    pub resolver: Option<SocketAddr>,
    /// The port of MX hosts.
    pub smtp_port: Option<u16>,
    /// The port of MTA-STS policy hosts.
    pub https_port: Option<u16>,
    /// A PEM file of the only certificate authorities to trust.
    pub roots: Option<PathBuf>,
    /// Whether loopback and private addresses may be connected to.
    #[serde(default)]
    pub allow_internal: bool,
}

/// The escrow route.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EscrowConfig {
    /// Where recipients pick up.
    pub base_url: String,
    /// The organisation's name in notices.
    pub organisation: String,
    /// The notices' `From:`.
    pub notice_from: Option<String>,
}

fn default_policy() -> String {
    "hipaa".to_owned()
}

fn default_origin() -> String {
    "mailseal.local/audit".to_owned()
}

/// The code of an output that its reader closed, as `head` does: nobody is
/// left to be told.
pub const CLOSED: &str = "output.closed";

/// Something to tell the person at the terminal.
#[derive(Debug)]
pub struct Trouble {
    /// In words.
    pub message: String,
    /// A stable code for scripts.
    pub code: &'static str,
}

impl Trouble {
    /// With a code of the program's own.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            code,
        }
    }
}

/// Says which key of the file an error is about.
trait About<T> {
    fn about(self, key: &str) -> Result<T, Trouble>;
}

impl<T, E: Into<Trouble>> About<T> for Result<T, E> {
    fn about(self, key: &str) -> Result<T, Trouble> {
        self.map_err(|error| {
            let trouble = error.into();
            Trouble::new(trouble.code, format!("{key}: {}", trouble.message))
        })
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.message, self.code)
    }
}

impl std::error::Error for Trouble {}

impl From<std::io::Error> for Trouble {
    /// Of the output itself: a file that is named says so on its own.
    fn from(error: std::io::Error) -> Self {
        let code = match error.kind() {
            ErrorKind::BrokenPipe => CLOSED,
            _ => "output",
        };
        Self::new(code, format!("the output cannot be written: {error}"))
    }
}

impl From<mailseal::Error> for Trouble {
    fn from(error: mailseal::Error) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

macro_rules! from_room {
    ($($error:ty),+ $(,)?) => {
        $(impl From<$error> for Trouble {
            fn from(error: $error) -> Self {
                mailseal::Error::from(error).into()
            }
        })+
    };
}

from_room!(
    mailseal::audit::AuditError,
    mailseal::base::AddressError,
    mailseal::base::KeysError,
    mailseal::dlp::RosterError,
    mailseal::compose::ComposeError,
    mailseal::deliver::DeliverError,
    mailseal::escrow::EscrowError,
    mailseal::policy::PolicyError,
    mailseal::storage::StoreError,
    mailseal::wire::tls::RootsError,
);

impl Config {
    /// Reads the file. Paths in it are relative to its folder.
    ///
    /// # Errors
    /// With the line and key where it is not what it should be.
    pub fn read(path: &Path) -> Result<Self, Trouble> {
        let text = fs::read_to_string(path).map_err(|error| {
            let file = path.display();
            let message = match error.kind() {
                ErrorKind::NotFound => {
                    format!("there is no {file}; `--help` shows what goes into it")
                }
                _ => format!("{file}: {error}"),
            };
            Trouble::new("config.read", message)
        })?;
        let mut config: Self = toml::from_str(&text).map_err(|error| {
            let message = format!("{}: {}", path.display(), error.to_string().trim_end());
            Trouble::new("config.form", message)
        })?;
        config.folder = path.parent().unwrap_or(Path::new(".")).to_owned();
        Ok(config)
    }

    fn path(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }

    /// The policy.
    ///
    /// # Errors
    /// Where the file cannot be read or is no policy.
    pub fn policy(&self) -> Result<Policy, Trouble> {
        Ok(match self.policy.as_str() {
            "hipaa" => Policy::hipaa(),
            "strict" => Policy::strict(),
            "tls_exclusive" => Policy::tls_exclusive(),
            file => {
                let path = self.path(Path::new(file));
                let text = fs::read_to_string(&path).map_err(|error| {
                    let message = format!(
                        "policy: `{file}` is neither hipaa, strict nor tls_exclusive, nor a file \
                         that can be read ({error})"
                    );
                    Trouble::new("config.policy", message)
                })?;
                Policy::from_toml(&text).about(file)?
            }
        })
    }

    fn network(&self) -> Result<Network, Trouble> {
        let resolver = match self.network.resolver {
            Some(server) => SystemResolver::with_servers(&[server]),
            None => SystemResolver::from_system(),
        }
        .map_err(|e| Trouble::new(e.code(), format!("network.resolver: {e}")))?;
        let mut network = Network::new(Arc::new(resolver)).ports(
            self.network.smtp_port.unwrap_or(25),
            self.network.https_port.unwrap_or(443),
        );
        if self.network.allow_internal {
            network = network.guard(Guard::allow_internal());
        }
        if let Some(roots) = &self.network.roots {
            let path = self.path(roots);
            let pem = fs::read(&path)
                .map_err(|e| Trouble::new("config.roots", format!("network.roots: {e}")))?;
            network = network.roots(Roots::from_pem(&pem).about("network.roots")?);
        }
        Ok(network)
    }

    /// The client that the file describes.
    ///
    /// # Errors
    /// Where a part of it cannot be used.
    pub async fn client(&self) -> Result<Client, Trouble> {
        let password = match &self.transport.password_env {
            Some(variable) => {
                let value = std::env::var(variable).map_err(|_| {
                    let message = format!(
                        "transport.password_env: the environment variable {variable} is not set"
                    );
                    Trouble::new("config.password", message)
                })?;
                Some(Secret::new(value))
            }
            None => {
                let url = self.transport.relay.as_deref().unwrap_or_default();
                if url.contains('@') && relay(url).is_ok() {
                    return Err(Trouble::new(
                        "config.password",
                        "transport.password_env is missing, and transport.relay names a user",
                    ));
                }
                None
            }
        };
        self.build(password).await
    }

    /// A client to look things up with: needs no password, and makes no
    /// database where there is none.
    ///
    /// # Errors
    /// As [`Config::client`], and where there is no database.
    pub async fn reader(&self) -> Result<Client, Trouble> {
        for (key, path) in [("database", &self.database), ("keys", &self.keys)] {
            let path = self.path(path);
            if !path.exists() {
                let message = format!(
                    "{key}: there is no {}; nothing was sent with this configuration yet",
                    path.display()
                );
                return Err(Trouble::new("config.nothing_yet", message));
            }
        }
        self.build(None).await
    }

    async fn build(&self, password: Option<Secret<String>>) -> Result<Client, Trouble> {
        // Everything that can be wrong with the file, before files are made.
        let policy = self.policy()?;
        let network = self.network()?;
        let smtp = self.smtp(&network, password)?;
        let ehlo = self.ehlo()?;
        let keys = Keys::file(self.path(&self.keys)).about("keys")?;
        let mut builder = Client::builder()
            .policy(policy)
            .storage(Storage::sqlite(self.path(&self.database)).about("database")?)
            .transport(smtp)
            .audit_origin(&self.audit_origin);
        if self.transport.direct {
            let mut cache = self.path(&self.database);
            cache.set_extension("cache.db");
            let cache = Arc::new(SqliteStore::open(cache).about("the cache beside the database")?);
            builder = builder.discovery(Live::new(network, ehlo).cache(cache, &keys));
        }
        if let Some(escrow) = &self.escrow {
            let mut options = EscrowOptions::new(&escrow.base_url, &escrow.organisation);
            if let Some(from) = &escrow.notice_from {
                options = options.notice_from(from.parse().about("escrow.notice_from")?);
            }
            builder = builder.escrow(options);
        }
        Ok(builder.keys(keys).build().await?)
    }

    fn ehlo(&self) -> Result<Domain, Trouble> {
        let name = self.transport.ehlo.as_deref();
        name.unwrap_or("localhost.localdomain")
            .parse()
            .about("transport.ehlo")
    }

    fn smtp(&self, network: &Network, password: Option<Secret<String>>) -> Result<Smtp, Trouble> {
        let given = &self.transport;
        match (&given.relay, given.direct) {
            (Some(url), false) => {
                let mut smtp = relay(url)?.network(network.clone()).ehlo_name(self.ehlo()?);
                if let Some(onward) = given.onward {
                    smtp = smtp.onward(onward);
                }
                if let Some(password) = password {
                    smtp = smtp.credentials(password);
                }
                Ok(smtp)
            }
            (None, true) if given.ehlo.is_none() => Err(Trouble::new(
                "config.transport",
                "transport.ehlo: direct delivery needs this machine's name as the world sees it",
            )),
            (None, true) => Ok(Smtp::direct(network.clone(), self.ehlo()?)),
            _ => Err(Trouble::new(
                "config.transport",
                "[transport] needs either `relay = \"smtps://…\"` or `direct = true`, not both",
            )),
        }
    }

    /// What in the file may be why a policy refuses, if something is.
    pub fn hint(&self) -> Option<&'static str> {
        if self.transport.relay.is_some() && self.transport.onward.is_none() {
            return Some(
                "transport.onward is not set, so nothing is known of the way behind the relay.",
            );
        }
        self.escrow
            .is_none()
            .then_some("There is no [escrow], so nothing can be kept for pickup.")
    }
}

fn relay(url: &str) -> Result<Smtp, Trouble> {
    Smtp::relay(url)
        .map_err(|error| match error {
            DeliverError::PasswordInUrl => Trouble::new(
                error.code(),
                "the URL holds a password; put it into an environment variable and name that in \
                 transport.password_env",
            ),
            other => other.into(),
        })
        .about("transport.relay")
}
