//! What a client is built of: policy, keys, transport, discovery.
//!
//! They are descriptions: nothing is opened or connected before a client is
//! built, so that one of them may serve several clients.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use mailseal::base::{self, Domain};
use mailseal::discover::{Fixed, Live};
use mailseal::storage::SqliteStore;
use mailseal::wire::guard::Guard;
use mailseal::wire::resolver::SystemResolver;
use mailseal::wire::tls::Roots;
use mailseal::{Error, deliver, policy, wire};

use crate::convert::Secret;
use crate::error::Result;
use crate::words::TlsAssurance;

/// What is asked of every message.
#[derive(uniffi::Object)]
pub(crate) struct NativePolicy(pub(crate) policy::Policy);

#[uniffi::export]
impl NativePolicy {
    /// PHI over authenticated TLS, sealed, or by pickup; 45 CFR 164.312(e).
    #[uniffi::constructor]
    fn hipaa() -> Self {
        Self(policy::Policy::hipaa())
    }

    /// PHI over TLS that the domain itself vouches for, sealed, or by pickup.
    #[uniffi::constructor]
    fn strict() -> Self {
        Self(policy::Policy::strict())
    }

    /// TLS or nothing.
    #[uniffi::constructor]
    fn tls_exclusive() -> Self {
        Self(policy::Policy::tls_exclusive())
    }

    /// Reads a policy from TOML; an error names line and key.
    #[uniffi::constructor]
    fn from_toml(text: String) -> Result<Self> {
        Ok(Self(policy::Policy::from_toml(&text)?))
    }
}

/// The key under which everything at rest is wrapped.
#[derive(uniffi::Object)]
pub(crate) struct NativeKeys(pub(crate) mailseal::Keys);

impl fmt::Debug for NativeKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NativeKeys(***)")
    }
}

#[uniffi::export]
impl NativeKeys {
    /// Reads the key file, or makes one (mode 0600) where there is none. Keep it
    /// elsewhere than the database.
    #[uniffi::constructor]
    fn file(path: String) -> Result<Self> {
        Ok(Self(mailseal::Keys::file(path)?))
    }

    /// From 32 bytes that the host keeps (a KMS, the Android keystore).
    #[uniffi::constructor]
    fn from_bytes(root: Vec<u8>) -> Result<Self> {
        let root: [u8; 32] = root
            .try_into()
            .map_err(|_| Error::Config("the root of the keys is 32 bytes long"))?;
        Ok(Self(mailseal::Keys::from_bytes(root)))
    }

    /// A key that lives as long as this value: for tests and trials.
    #[uniffi::constructor]
    fn ephemeral() -> Self {
        Self(mailseal::Keys::make_ephemeral())
    }
}

/// What the network looks like; leave it out for the internet.
#[derive(Debug, Clone, uniffi::Record)]
pub(crate) struct Network {
    /// A DNS server, `127.0.0.1:5353`; the system's where left out.
    #[uniffi(default = None)]
    resolver: Option<String>,
    /// The port of mail hosts.
    #[uniffi(default = 25)]
    smtp_port: i32,
    /// The port of MTA-STS policy hosts.
    #[uniffi(default = 443)]
    https_port: i32,
    /// PEM of the only authorities to trust; Mozilla's where left out.
    #[uniffi(default = None)]
    roots: Option<String>,
    /// Lets mail hosts be on loopback and private addresses.
    #[uniffi(default = false)]
    allow_internal: bool,
}

fn port(number: i32) -> Result<u16> {
    u16::try_from(number).map_err(|_| Error::Config("a port lies between 0 and 65535").into())
}

fn roots(pem: Option<&String>) -> Result<Option<Roots>> {
    Ok(pem.map(|pem| Roots::from_pem(pem.as_bytes())).transpose()?)
}

/// A [`Network`] that was read.
struct Read {
    resolver: Option<SocketAddr>,
    smtp_port: u16,
    https_port: u16,
    roots: Option<Roots>,
    allow_internal: bool,
}

impl Network {
    fn read(&self) -> Result<Read> {
        let resolver = self.resolver.as_ref().map(|text| text.parse()).transpose();
        Ok(Read {
            resolver: resolver
                .map_err(|_| Error::Config("the resolver is no address with a port"))?,
            smtp_port: port(self.smtp_port)?,
            https_port: port(self.https_port)?,
            roots: roots(self.roots.as_ref())?,
            allow_internal: self.allow_internal,
        })
    }
}

const INTERNET: Read = Read {
    resolver: None,
    smtp_port: 25,
    https_port: 443,
    roots: None,
    allow_internal: false,
};

fn read(network: Option<Network>) -> Result<Read> {
    network.map_or(Ok(INTERNET), |network| network.read())
}

impl Read {
    fn open(&self) -> std::result::Result<wire::Network, Error> {
        let resolver = match self.resolver {
            Some(server) => SystemResolver::with_servers(&[server]),
            None => SystemResolver::from_system(),
        }
        .map_err(|_| Error::Config("the system's resolver cannot be used: name one"))?;
        let mut network =
            wire::Network::new(Arc::new(resolver)).ports(self.smtp_port, self.https_port);
        if self.allow_internal {
            network = network.guard(Guard::allow_internal());
        }
        if let Some(roots) = &self.roots {
            network = network.roots(roots.clone());
        }
        Ok(network)
    }
}

enum Way {
    Direct {
        ehlo_name: Domain,
        network: Read,
    },
    Relay {
        url: String,
        onward: base::TlsAssurance,
        requiretls: bool,
        password: Option<base::Secret<String>>,
        token: Option<base::Secret<String>>,
        roots: Option<Roots>,
        ehlo_name: Option<Domain>,
        network: Option<Read>,
    },
}

/// How messages leave.
#[derive(uniffi::Object)]
pub(crate) struct NativeSmtp(Way);

#[uniffi::export]
impl NativeSmtp {
    /// By a relay: `smtps://user@host[:465]` or `smtp://user@host[:587]` with
    /// STARTTLS. Its certificate must be valid for its name.
    ///
    /// `onward` is what the relay's operator declares for the way behind it;
    /// `password` or an OAuth 2.0 `token` is the user's; `roots` is PEM of the
    /// only authorities to trust.
    #[uniffi::constructor(default(
        onward = None, requiretls = false, password = None, token = None, roots = None,
        ehlo_name = None, network = None
    ))]
    #[allow(clippy::too_many_arguments)]
    fn relay(
        url: String,
        onward: Option<TlsAssurance>,
        requiretls: bool,
        password: Option<Secret>,
        token: Option<Secret>,
        roots: Option<String>,
        ehlo_name: Option<String>,
        network: Option<Network>,
    ) -> Result<Self> {
        // What is wrong with the URL is said here, not when a client is built.
        deliver::Smtp::relay(&url)?;
        Ok(Self(Way::Relay {
            url,
            // Where nothing is declared.
            onward: onward.map_or(base::TlsAssurance::Opportunistic, Into::into),
            requiretls,
            password: password.map(Into::into),
            token: token.map(Into::into),
            roots: self::roots(roots.as_ref())?,
            ehlo_name: ehlo_name.map(|name| name.parse()).transpose()?,
            network: network.map(|network| network.read()).transpose()?,
        }))
    }

    /// Straight to the recipients' mail hosts. `ehlo_name` is this host's name
    /// as the world sees it. The client needs a discovery then.
    #[uniffi::constructor(default(network = None))]
    fn direct(ehlo_name: String, network: Option<Network>) -> Result<Self> {
        Ok(Self(Way::Direct {
            ehlo_name: ehlo_name.parse()?,
            network: read(network)?,
        }))
    }
}

impl NativeSmtp {
    /// The transport itself, with connections of its own.
    pub(crate) fn open(&self) -> std::result::Result<deliver::Smtp, Error> {
        match &self.0 {
            Way::Direct { ehlo_name, network } => {
                Ok(deliver::Smtp::direct(network.open()?, ehlo_name.clone()))
            }
            Way::Relay {
                url,
                onward,
                requiretls,
                password,
                token,
                roots,
                ehlo_name,
                network,
            } => {
                let mut smtp = deliver::Smtp::relay(url)?.onward(*onward);
                if *requiretls {
                    smtp = smtp.requiretls();
                }
                if let Some(password) = password {
                    smtp = smtp.credentials(password.clone());
                }
                if let Some(token) = token {
                    smtp = smtp.token(token.clone());
                }
                if let Some(network) = network {
                    smtp = smtp.network(network.open()?);
                }
                if let Some(roots) = roots {
                    smtp = smtp.roots(roots.clone());
                }
                if let Some(name) = ehlo_name {
                    smtp = smtp.ehlo_name(name.clone());
                }
                Ok(smtp)
            }
        }
    }
}

enum Source {
    Fixed(Fixed),
    Live {
        ehlo_name: Domain,
        network: Read,
        cache: Option<PathBuf>,
    },
}

/// How to find out what a domain's mail hosts can receive. Behind a relay it is
/// not asked.
#[derive(uniffi::Object)]
pub(crate) struct NativeDiscovery(Source);

#[uniffi::export]
impl NativeDiscovery {
    /// Asks DNS, policy hosts and mail hosts, as `ehlo_name`. `cache` is a
    /// SQLite file of its own in which what was learnt survives a restart.
    #[uniffi::constructor(default(network = None, cache = None))]
    fn live(ehlo_name: String, network: Option<Network>, cache: Option<String>) -> Result<Self> {
        Ok(Self(Source::Live {
            ehlo_name: ehlo_name.parse()?,
            network: read(network)?,
            cache: cache.map(PathBuf::from),
        }))
    }

    /// What the host itself says of domains, as JSON; a domain that is not named
    /// is unknown.
    #[uniffi::constructor]
    fn fixed(json: String) -> Result<Self> {
        Ok(Self(Source::Fixed(Fixed::from_json(&json)?)))
    }
}

/// A discovery that is open.
pub(crate) enum Discovering {
    Fixed(Fixed),
    Live(Live),
}

impl NativeDiscovery {
    pub(crate) fn open(&self, keys: &mailseal::Keys) -> std::result::Result<Discovering, Error> {
        Ok(match &self.0 {
            Source::Fixed(fixed) => Discovering::Fixed(fixed.clone()),
            Source::Live {
                ehlo_name,
                network,
                cache,
            } => {
                let live = Live::new(network.open()?, ehlo_name.clone());
                Discovering::Live(match cache {
                    Some(path) => live.cache(Arc::new(SqliteStore::open(path)?), keys),
                    None => live,
                })
            }
        })
    }
}
