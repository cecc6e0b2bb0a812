//! What a host says of domains, as JSON.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Capabilities, Fixed, HostCapability, MxHost, StsMode, StsPolicy, TlsSeen};
use crate::base::{Domain, Fact, Timestamp};
use crate::wire::tls::{Identity, TlsEvidence, TlsVersion};

/// Longer than the capabilities of any host's partners.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Why a text does not say what domains can receive. Domains are counted from
/// 1 in alphabetical order and not named.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FixedError {
    /// The text is too long.
    #[error("the capabilities are longer than {limit} bytes")]
    TooLong {
        /// The limit.
        limit: usize,
    },
    /// Not JSON, or an unknown key or word.
    #[error(
        "line {line}, column {column}: not the capabilities of domains, or an unknown key or word"
    )]
    Form {
        /// Where, from 1.
        line: usize,
        /// Where, from 1.
        column: usize,
    },
    /// The name of a domain or of one of its hosts is none.
    #[error("domain {index}: it or one of its hosts is no domain name")]
    Name {
        /// Which domain.
        index: usize,
    },
}

impl FixedError {
    /// A stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "fixed.too_long",
            Self::Form { .. } => "fixed.form",
            Self::Name { .. } => "fixed.name",
        }
    }
}

/// Something known, or one of the two words for what is not.
#[derive(Deserialize)]
#[serde(untagged)]
enum Known<T> {
    Not(Not),
    Is(T),
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Not {
    Unknown,
    Refuted,
}

impl<T> Known<T> {
    fn fact<U, E>(self, f: impl FnOnce(T) -> Result<U, E>) -> Result<Fact<U>, E> {
        Ok(match self {
            Self::Not(Not::Unknown) => Fact::Unknown,
            Self::Not(Not::Refuted) => Fact::Refuted,
            Self::Is(value) => Fact::Proven(f(value)?),
        })
    }

    const fn unknown() -> Self {
        Self::Not(Not::Unknown)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(default = "Known::unknown")]
    hosts: Known<Vec<Host>>,
    #[serde(default = "Known::unknown")]
    sts: Known<Sts>,
    /// Milliseconds since 1970; never where it is left out.
    #[serde(default = "never")]
    expires: i64,
}

fn never() -> i64 {
    i64::MAX
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Host {
    host: String,
    #[serde(default)]
    preference: u16,
    #[serde(default = "Known::unknown")]
    tls: Known<Level>,
    #[serde(default)]
    requiretls: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Encrypted,
    Authenticated,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sts {
    mode: StsMode,
    mx: Vec<String>,
    #[serde(default = "a_week")]
    max_age: u32,
}

fn a_week() -> u32 {
    604_800
}

impl Fixed {
    /// Reads what the host says of domains from JSON. What is left out is
    /// unknown; `"refuted"` says that it is not so.
    ///
    /// ```
    /// use mailseal::discover::Fixed;
    /// let fixed = Fixed::from_json(r#"{
    ///     "mail.example": {
    ///         "hosts": [{"host": "mx.mail.example", "preference": 10, "tls": "authenticated"}],
    ///         "sts": {"mode": "enforce", "mx": ["*.mail.example"], "max_age": 604800}
    ///     },
    ///     "closed.example": {"hosts": "refuted", "sts": "refuted"}
    /// }"#)?;
    /// assert!(Fixed::from_json(r#"{"mail.example": {"host": []}}"#).is_err());
    /// # Ok::<(), mailseal::discover::FixedError>(())
    /// ```
    ///
    /// A host's `tls` is `"encrypted"` (any certificate), `"authenticated"` (a
    /// certificate valid for its name), `"refuted"` or `"unknown"`.
    ///
    /// # Errors
    /// [`FixedError`], which names no domain.
    pub fn from_json(text: &str) -> Result<Self, FixedError> {
        if text.len() > MAX_BYTES {
            return Err(FixedError::TooLong { limit: MAX_BYTES });
        }
        let entries: BTreeMap<String, Entry> =
            serde_json::from_str(text).map_err(|error| FixedError::Form {
                line: error.line(),
                column: error.column(),
            })?;
        let mut fixed = Self::new();
        for (index, (domain, entry)) in (1..).zip(entries) {
            let name = |text: &str| -> Result<Domain, FixedError> {
                text.parse().map_err(|_| FixedError::Name { index })
            };
            let host = |given: Host| {
                let mx = MxHost::new(name(&given.host)?, given.preference);
                let mut seen = HostCapability::new(mx, given.tls.fact(|level| Ok(seen(&level)))?);
                seen.requiretls = given.requiretls;
                Ok(seen)
            };
            let hosts = entry
                .hosts
                .fact(|hosts| hosts.into_iter().map(host).collect::<Result<Vec<_>, _>>())?;
            let policy = |given: Sts| Ok(StsPolicy::new(given.mode, given.mx, given.max_age));
            fixed = fixed.with(Capabilities::new(
                name(&domain)?,
                hosts,
                entry.sts.fact(policy)?,
                Timestamp::from_unix_ms(entry.expires),
            ));
        }
        Ok(fixed)
    }
}

/// A handshake that nobody made: the host says how it would end.
fn seen(level: &Level) -> TlsSeen {
    let (identity, invalid) = match level {
        Level::Encrypted => (Identity::Unverified, Some("declared")),
        Level::Authenticated => (Identity::WebPki, None),
    };
    let evidence = TlsEvidence {
        version: TlsVersion::Tls13,
        suite: "declared".to_owned(),
        group: None,
        certificate_sha256: String::new(),
        identity,
    };
    TlsSeen::new(evidence, invalid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discover::Discovery as _;

    #[tokio::test]
    async fn what_is_left_out_is_unknown() {
        let text = r#"{"a.example": {"hosts": [{"host": "mx.a.example"}]}, "b.example": {}}"#;
        let fixed = Fixed::from_json(text).unwrap();
        let now = Timestamp::from_unix_ms(0);
        let a = fixed.discover(&"a.example".parse().unwrap(), now).await;
        let hosts = a.hosts.proven().unwrap();
        assert_eq!(hosts[0].tls, Fact::Unknown);
        assert_eq!(a.sts, Fact::Unknown);
        let b = fixed.discover(&"b.example".parse().unwrap(), now).await;
        assert_eq!(b.hosts, Fact::Unknown);
    }

    #[test]
    fn other_text_is_refused_with_its_place_and_no_name() {
        for (text, code) in [
            ("{", "fixed.form"),
            (r#"{"a.example": {"hosts": "perhaps"}}"#, "fixed.form"),
            (r#"{"a.example": {"expiry": 1}}"#, "fixed.form"),
            (r#"{"not a domain": {}}"#, "fixed.name"),
            (r#"{"a.example": {"hosts": [{"host": "-"}]}}"#, "fixed.name"),
        ] {
            let error = Fixed::from_json(text).map(|_| ()).unwrap_err();
            assert_eq!(error.code(), code, "{text}");
            assert!(!error.to_string().contains("example"), "{error}");
        }
    }
}
