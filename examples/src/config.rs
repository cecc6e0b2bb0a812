//! `mailseal.toml`: how the `send` and `audit` programs are told what to use.

use std::fmt;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mailseal::base::{Keys, Secret, TlsAssurance};
use mailseal::deliver::Smtp;
use mailseal::discover::Live;
use mailseal::policy::Policy;
use mailseal::storage::SqliteStore;
use mailseal::wire::Network;
use mailseal::wire::guard::Guard;
use mailseal::wire::resolver::SystemResolver;
use mailseal::wire::tls::Roots;
use mailseal::{Client, EscrowOptions, Storage};
use serde::Deserialize;

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

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.message, self.code)
    }
}

impl std::error::Error for Trouble {}

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
        let text = fs::read_to_string(path)
            .map_err(|e| Trouble::new("config.read", format!("{}: {e}", path.display())))?;
        let mut config: Self = toml::from_str(&text)
            .map_err(|e| Trouble::new("config.form", format!("{}: {e}", path.display())))?;
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
                let text = fs::read_to_string(&path).map_err(|e| {
                    Trouble::new("config.policy", format!("policy {}: {e}", path.display()))
                })?;
                Policy::from_toml(&text)?
            }
        })
    }

    fn network(&self) -> Result<Network, Trouble> {
        let resolver = match self.network.resolver {
            Some(server) => SystemResolver::with_servers(&[server]),
            None => SystemResolver::from_system(),
        }
        .map_err(|e| Trouble::new("config.resolver", e.to_string()))?;
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
                .map_err(|e| Trouble::new("config.roots", format!("{}: {e}", path.display())))?;
            network = network.roots(Roots::from_pem(&pem)?);
        }
        Ok(network)
    }

    /// The client that the file describes.
    ///
    /// # Errors
    /// Where a part of it cannot be used.
    pub async fn client(&self) -> Result<Client, Trouble> {
        let keys = Keys::file(self.path(&self.keys))?;
        let ehlo = self
            .transport
            .ehlo
            .as_deref()
            .unwrap_or("localhost.localdomain");
        let ehlo = ehlo.parse()?;
        let network = self.network()?;
        let mut cache = self.path(&self.database);
        cache.set_extension("cache.db");
        let smtp = match (&self.transport.relay, self.transport.direct) {
            (Some(url), false) => {
                let mut smtp = Smtp::relay(url)?.network(network.clone()).ehlo_name(ehlo);
                if let Some(onward) = self.transport.onward {
                    smtp = smtp.onward(onward);
                }
                if let Some(variable) = &self.transport.password_env {
                    let password = std::env::var(variable).map_err(|_| {
                        Trouble::new(
                            "config.password",
                            format!("the environment variable {variable} (transport.password_env) is not set"),
                        )
                    })?;
                    smtp = smtp.credentials(Secret::new(password));
                }
                smtp
            }
            (None, true) => Smtp::direct(network.clone(), ehlo),
            _ => {
                return Err(Trouble::new(
                    "config.transport",
                    "[transport] needs either `relay = \"smtps://…\"` or `direct = true`",
                ));
            }
        };
        let ehlo = self
            .transport
            .ehlo
            .as_deref()
            .unwrap_or("localhost.localdomain")
            .parse()?;
        let live = Live::new(network, ehlo).cache(Arc::new(SqliteStore::open(cache)?), &keys);
        let mut builder = Client::builder()
            .policy(self.policy()?)
            .storage(Storage::sqlite(self.path(&self.database))?)
            .keys(keys)
            .transport(smtp)
            .discovery(live)
            .audit_origin(&self.audit_origin);
        if let Some(escrow) = &self.escrow {
            let mut options = EscrowOptions::new(&escrow.base_url, &escrow.organisation);
            if let Some(from) = &escrow.notice_from {
                options = options.notice_from(from.parse()?);
            }
            builder = builder.escrow(options);
        }
        Ok(builder.build().await?)
    }
}
