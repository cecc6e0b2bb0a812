//! A relay's URL: `smtps://user@host[:465]` (TLS from the first octet, RFC
//! 8314) or `smtp://user@host[:587]` (`STARTTLS`, required).

use std::fmt;

use url::Url;

use crate::base::Domain;

/// Why a text names no relay. The text is not repeated: it may hold a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeliverError {
    /// Not a URL.
    #[error("the relay is not a URL: expected smtps://user@host:465 or smtp://user@host:587")]
    Url,
    /// Neither `smtps` nor `smtp`.
    #[error("the relay's URL has an unknown scheme: expected smtps or smtp")]
    Scheme,
    /// No host name. Address literals have no certificate.
    #[error("the relay's URL has no host name (an address literal is not one)")]
    Host,
    /// A URL lands in logs and process lists.
    #[error("the relay's URL holds a password: give it by credentials() or token()")]
    PasswordInUrl,
    /// A path, query or fragment.
    #[error("the relay's URL has more than user, host and port")]
    Extra,
    /// The user name is not UTF-8 or holds a control character.
    #[error("the relay's user name is not UTF-8 or holds a control character")]
    User,
}

impl DeliverError {
    /// A stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Url => "deliver.relay_url",
            Self::Scheme => "deliver.relay_scheme",
            Self::Host => "deliver.relay_host",
            Self::PasswordInUrl => "deliver.relay_password_in_url",
            Self::Extra => "deliver.relay_extra",
            Self::User => "deliver.relay_user",
        }
    }

    /// No: the URL must be mended first.
    pub fn is_retryable(&self) -> bool {
        false
    }
}

/// What a relay's URL says.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Relay {
    pub(super) host: Domain,
    pub(super) port: u16,
    pub(super) implicit: bool,
    pub(super) user: Option<String>,
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Relay(***)")
    }
}

pub(super) fn parse(text: &str) -> Result<Relay, DeliverError> {
    let url = Url::parse(text).map_err(|_| DeliverError::Url)?;
    let (implicit, default_port) = match url.scheme() {
        "smtps" => (true, 465),
        "smtp" => (false, 587),
        _ => return Err(DeliverError::Scheme),
    };
    if url.password().is_some() {
        return Err(DeliverError::PasswordInUrl);
    }
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return Err(DeliverError::Extra);
    }
    let host = url
        .host_str()
        .and_then(|host| host.parse().ok())
        .ok_or(DeliverError::Host)?;
    let user = match url.username() {
        "" => None,
        user => Some(percent_decode(user)?),
    };
    Ok(Relay {
        host,
        port: url.port().unwrap_or(default_port),
        implicit,
        user,
    })
}

/// RFC 3986 section 2.1.
fn percent_decode(text: &str) -> Result<String, DeliverError> {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let digit = |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16));
        let (Some(high), Some(low)) = (digit(bytes.next()), digit(bytes.next())) else {
            return Err(DeliverError::User);
        };
        out.push(u8::try_from(high * 16 + low).map_err(|_| DeliverError::User)?);
    }
    let user = String::from_utf8(out).map_err(|_| DeliverError::User)?;
    if user.chars().any(char::is_control) {
        return Err(DeliverError::User);
    }
    Ok(user)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_a_relay() {
        let relay = parse("smtps://clinic%40harbor.example@mail.harbor.example").unwrap();
        assert_eq!((relay.port, relay.implicit), (465, true));
        assert_eq!(relay.user.as_deref(), Some("clinic@harbor.example"));
        let relay = parse("smtp://mail.harbor.example:2525").unwrap();
        assert_eq!(
            (relay.port, relay.implicit, relay.user),
            (2525, false, None)
        );
    }

    #[test]
    fn the_rest_is_refused_with_the_rule() {
        for (text, error) in [
            ("mail.harbor.example", DeliverError::Url),
            ("https://mail.harbor.example", DeliverError::Scheme),
            ("smtp://192.0.2.1", DeliverError::Host),
            (
                "smtps://u:p@mail.harbor.example",
                DeliverError::PasswordInUrl,
            ),
            ("smtps://mail.harbor.example/x", DeliverError::Extra),
            ("smtps://mail.harbor.example?tls=no", DeliverError::Extra),
            ("smtps://a%0d%0ab@mail.harbor.example", DeliverError::User),
            ("smtps://a%ff@mail.harbor.example", DeliverError::User),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
            assert!(error.code().starts_with("deliver."));
        }
    }
}
