//! What a client is built of: policy, keys, transport, discovery.
//!
//! They are descriptions: nothing is opened or connected before a client is
//! built, so that one of them may serve several clients, also after a fork.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use mailseal::base::{Domain, NextHop, Secret, TlsAssurance};
use mailseal::deliver;
use mailseal::discover::{Fixed, Live};
use mailseal::policy;
use mailseal::storage::SqliteStore;
use mailseal::wire::guard::Guard;
use mailseal::wire::resolver::SystemResolver;
use mailseal::wire::tls::Roots;
use mailseal::{Error, wire};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;

use crate::convert::{parse_word, secret};
use crate::error::{OrRaise as _, value_error};

/// What is asked of every message.
#[pyclass(frozen, module = "mailseal")]
pub(crate) struct Policy(pub(crate) policy::Policy);

#[pymethods]
impl Policy {
    /// PHI over authenticated TLS, sealed, or by pickup; 45 CFR 164.312(e).
    #[staticmethod]
    fn hipaa() -> Self {
        Self(policy::Policy::hipaa())
    }

    /// PHI over TLS that the domain itself vouches for, sealed, or by pickup.
    #[staticmethod]
    fn strict() -> Self {
        Self(policy::Policy::strict())
    }

    /// TLS or nothing.
    #[staticmethod]
    fn tls_exclusive() -> Self {
        Self(policy::Policy::tls_exclusive())
    }

    /// Reads a policy from TOML; an error names line and key.
    #[staticmethod]
    fn from_toml(py: Python<'_>, text: &str) -> PyResult<Self> {
        policy::Policy::from_toml(text).map(Self).or_raise(py)
    }

    fn __repr__(&self) -> &'static str {
        "Policy(...)"
    }
}

/// The key under which everything at rest is wrapped.
#[pyclass(frozen, module = "mailseal")]
pub(crate) struct Keys(pub(crate) mailseal::Keys);

#[pymethods]
impl Keys {
    /// Reads the key file, or makes one (mode 0600) where there is none. Keep it
    /// elsewhere than the database.
    #[staticmethod]
    fn file(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        py.detach(|| mailseal::Keys::file(path))
            .map(Self)
            .or_raise(py)
    }

    /// From 32 bytes that the host keeps (a KMS, a secret manager).
    #[staticmethod]
    fn from_bytes(root: [u8; 32]) -> Self {
        Self(mailseal::Keys::from_bytes(root))
    }

    /// A key that lives as long as this value: for tests and trials.
    #[staticmethod]
    fn ephemeral() -> Self {
        Self(mailseal::Keys::make_ephemeral())
    }

    fn __repr__(&self) -> &'static str {
        "Keys(***)"
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err("keys cannot be pickled"))
    }
}

/// What the network looks like; leave it out for the internet.
#[pyclass(frozen, module = "mailseal")]
pub(crate) struct Network {
    resolver: Option<SocketAddr>,
    smtp_port: u16,
    https_port: u16,
    roots: Option<Roots>,
    allow_internal: bool,
}

#[pymethods]
impl Network {
    /// ``resolver`` is a DNS server (``"127.0.0.1:5353"``), the system's where
    /// left out; ``roots`` PEM of the only authorities to trust, Mozilla's where
    /// left out; ``allow_internal`` lets mail hosts be on loopback and private
    /// addresses.
    #[new]
    #[pyo3(signature = (
        *, resolver=None, smtp_port=25, https_port=443, roots=None, allow_internal=false
    ))]
    fn new(
        py: Python<'_>,
        resolver: Option<&str>,
        smtp_port: u16,
        https_port: u16,
        roots: Option<PyBackedBytes>,
        allow_internal: bool,
    ) -> PyResult<Self> {
        let resolver = resolver
            .map(|r| r.parse().map_err(value_error))
            .transpose()?;
        let roots = roots
            .map(|pem| Roots::from_pem(&pem).or_raise(py))
            .transpose()?;
        Ok(Self {
            resolver,
            smtp_port,
            https_port,
            roots,
            allow_internal,
        })
    }

    fn __repr__(&self) -> &'static str {
        "Network(...)"
    }
}

impl Network {
    const INTERNET: Self = Self {
        resolver: None,
        smtp_port: 25,
        https_port: 443,
        roots: None,
        allow_internal: false,
    };

    fn open(&self) -> Result<wire::Network, Error> {
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

fn open(network: Option<&Py<Network>>) -> Result<wire::Network, Error> {
    match network {
        Some(network) => network.get().open(),
        None => Network::INTERNET.open(),
    }
}

enum Way {
    Direct,
    Relay {
        url: String,
        onward: TlsAssurance,
        requiretls: bool,
        password: Option<Secret<String>>,
        token: Option<Secret<String>>,
        roots: Option<Roots>,
    },
}

/// How messages leave.
#[pyclass(frozen, module = "mailseal")]
pub(crate) struct Smtp {
    way: Way,
    ehlo_name: Option<Domain>,
    network: Option<Py<Network>>,
}

#[pymethods]
impl Smtp {
    /// By a relay: ``smtps://user@host[:465]`` or ``smtp://user@host[:587]`` with
    /// STARTTLS. Its certificate must be valid for its name.
    ///
    /// ``onward`` is what the relay's operator declares for the way behind it;
    /// ``password`` or an OAuth 2.0 ``token`` is the user's; ``roots`` is PEM of
    /// the only authorities to trust.
    #[staticmethod]
    #[pyo3(signature = (
        url, *, onward=None, requiretls=false, password=None, token=None, roots=None,
        ehlo_name=None, network=None
    ))]
    #[allow(clippy::too_many_arguments)]
    fn relay(
        py: Python<'_>,
        url: String,
        onward: Option<&Bound<'_, PyAny>>,
        requiretls: bool,
        password: Option<&Bound<'_, PyAny>>,
        token: Option<&Bound<'_, PyAny>>,
        roots: Option<PyBackedBytes>,
        ehlo_name: Option<&str>,
        network: Option<Py<Network>>,
    ) -> PyResult<Self> {
        // What is wrong with the URL is said here, not when a client is built.
        deliver::Smtp::relay(&url).or_raise(py)?;
        let roots = roots
            .map(|pem| Roots::from_pem(&pem).or_raise(py))
            .transpose()?;
        Ok(Self {
            way: Way::Relay {
                url,
                onward: match onward {
                    Some(word) => parse_word(word)?,
                    // Nothing is declared.
                    None => TlsAssurance::Opportunistic,
                },
                requiretls,
                password: password.map(secret).transpose()?,
                token: token.map(secret).transpose()?,
                roots,
            },
            ehlo_name: ehlo_name
                .map(|name| name.parse().or_raise(py))
                .transpose()?,
            network,
        })
    }

    /// Straight to the recipients' mail hosts. ``ehlo_name`` is this host's name
    /// as the world sees it. The client needs a discovery then.
    #[staticmethod]
    #[pyo3(signature = (ehlo_name, *, network=None))]
    fn direct(py: Python<'_>, ehlo_name: &str, network: Option<Py<Network>>) -> PyResult<Self> {
        Ok(Self {
            way: Way::Direct,
            ehlo_name: Some(ehlo_name.parse().or_raise(py)?),
            network,
        })
    }

    fn __repr__(&self) -> &'static str {
        match self.way {
            Way::Direct => "Smtp(direct)",
            Way::Relay { .. } => "Smtp(relay)",
        }
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err(
            "a transport holds a password and cannot be pickled",
        ))
    }
}

impl Smtp {
    /// The transport itself, with connections of its own.
    pub(crate) fn open(&self) -> Result<deliver::Smtp, Error> {
        let mut smtp = match &self.way {
            Way::Direct => {
                let name = self.ehlo_name.clone();
                let name = name.ok_or(Error::Config("direct delivery needs an EHLO name"))?;
                return Ok(deliver::Smtp::direct(open(self.network.as_ref())?, name));
            }
            Way::Relay {
                url,
                onward,
                requiretls,
                password,
                token,
                roots,
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
                if let Some(network) = &self.network {
                    smtp = smtp.network(network.get().open()?);
                }
                if let Some(roots) = roots {
                    smtp = smtp.roots(roots.clone());
                }
                smtp
            }
        };
        if let Some(name) = &self.ehlo_name {
            smtp = smtp.ehlo_name(name.clone());
        }
        debug_assert!(matches!(
            deliver::Transport::next_hop(&smtp),
            NextHop::Relay { .. }
        ));
        Ok(smtp)
    }
}

enum Finding {
    Fixed(Fixed),
    Live {
        ehlo_name: Domain,
        network: Option<Py<Network>>,
        cache: Option<PathBuf>,
    },
}

/// How to find out what a domain's mail hosts can receive. Behind a relay it is
/// not asked.
#[pyclass(frozen, module = "mailseal")]
pub(crate) struct Discovery(Finding);

#[pymethods]
impl Discovery {
    /// Asks DNS, policy hosts and mail hosts, as ``ehlo_name``. ``cache`` is a
    /// SQLite file of its own in which what was learnt survives a restart.
    #[staticmethod]
    #[pyo3(signature = (ehlo_name, *, network=None, cache=None))]
    fn live(
        py: Python<'_>,
        ehlo_name: &str,
        network: Option<Py<Network>>,
        cache: Option<PathBuf>,
    ) -> PyResult<Self> {
        Ok(Self(Finding::Live {
            ehlo_name: ehlo_name.parse().or_raise(py)?,
            network,
            cache,
        }))
    }

    /// Asks nobody: what the host itself knows of domains. What is not named is
    /// unknown.
    ///
    /// A domain maps to ``hosts`` (a list of ``host``, ``preference`` and ``tls``:
    /// ``"encrypted"`` or ``"authenticated"``) and ``sts`` (``mode``, ``mx``,
    /// ``max_age``). Each may be ``"refuted"`` or ``"unknown"``; so is what is left
    /// out. ``expires`` is in milliseconds since 1970.
    #[staticmethod]
    fn fixed(py: Python<'_>, domains: &Bound<'_, PyAny>) -> PyResult<Self> {
        let text: String = py
            .import("json")?
            .call_method1("dumps", (domains,))?
            .extract()?;
        let fixed = Fixed::from_json(&text).or_raise(py)?;
        Ok(Self(Finding::Fixed(fixed)))
    }

    fn __repr__(&self) -> &'static str {
        match self.0 {
            Finding::Fixed(_) => "Discovery(fixed)",
            Finding::Live { .. } => "Discovery(live)",
        }
    }
}

/// A discovery that is open.
pub(crate) enum Discovering {
    Fixed(Fixed),
    Live(Live),
}

impl Discovery {
    pub(crate) fn open(&self, keys: &mailseal::Keys) -> Result<Discovering, Error> {
        Ok(match &self.0 {
            Finding::Fixed(fixed) => Discovering::Fixed(fixed.clone()),
            Finding::Live {
                ehlo_name,
                network,
                cache,
            } => {
                let live = Live::new(open(network.as_ref())?, ehlo_name.clone());
                Discovering::Live(match cache {
                    Some(path) => live.cache(Arc::new(SqliteStore::open(path)?), keys),
                    None => live,
                })
            }
        })
    }
}
