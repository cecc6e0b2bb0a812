//! Mail addresses (RFC 5321 section 4.1.2, RFC 6531) and their domains.

use std::fmt;
use std::str::FromStr;

/// Why a text is no address mailseal can send to. The text itself is not
/// repeated: an address identifies a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// Nothing, or nothing beside the `@`.
    #[error("the address is empty or has no local part or no domain: expected local@domain")]
    Empty,
    /// CR, LF, NUL or another control character.
    #[error("the address holds a control character")]
    Control,
    /// The local part is neither a dot-atom nor a quoted string.
    #[error("the local part is neither a dot-atom nor a quoted string (RFC 5321 section 4.1.2)")]
    LocalPart,
    /// The domain is not a host name (RFC 5890 with UTS 46 mapping).
    #[error("the domain is not a valid host name")]
    Domain,
    /// `user@[192.0.2.1]`: no certificate or policy can vouch for it.
    #[error("address literals are not accepted: give a domain name")]
    Literal,
    /// Longer than RFC 5321 section 4.5.3.1 allows.
    #[error("the address is longer than RFC 5321 allows (local part 64, whole 254 octets)")]
    TooLong,
}

impl AddressError {
    /// A stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "address.empty",
            Self::Control => "address.control",
            Self::LocalPart => "address.local_part",
            Self::Domain => "address.domain",
            Self::Literal => "address.literal",
            Self::TooLong => "address.too_long",
        }
    }
}

/// A domain name in its comparable form: lower case, A-labels, no final dot.
///
/// `Debug` is starred: `pat-lindqvist.example` names a person.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Domain(String);

impl Domain {
    /// The name as it stands in DNS.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is `parent` or a name below it.
    pub fn is_within(&self, parent: &Self) -> bool {
        self.0 == parent.0
            || self
                .0
                .strip_suffix(&parent.0)
                .is_some_and(|rest| rest.ends_with('.'))
    }
}

impl FromStr for Domain {
    type Err = AddressError;

    fn from_str(s: &str) -> Result<Self, AddressError> {
        if s.starts_with('[') {
            return Err(AddressError::Literal);
        }
        if s.chars().any(char::is_control) {
            return Err(AddressError::Control);
        }
        let s = s.strip_suffix('.').unwrap_or(s);
        if s.is_empty() {
            return Err(AddressError::Empty);
        }
        if s.len() > 1024 {
            return Err(AddressError::TooLong);
        }
        let ascii = idna::domain_to_ascii_strict(s).map_err(|_| AddressError::Domain)?;
        if ascii.len() > 253 {
            return Err(AddressError::TooLong);
        }
        // A name of digits alone is an IPv4 address in disguise.
        if ascii.is_empty()
            || ascii.split('.').any(str::is_empty)
            || ascii.parse::<std::net::Ipv4Addr>().is_ok()
        {
            return Err(AddressError::Domain);
        }
        Ok(Self(ascii))
    }
}

impl fmt::Debug for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Domain(***)")
    }
}

/// A mailbox: `local@domain`.
///
/// The domain compares case-insensitively (it is normalised); the local part
/// is kept as given, as RFC 5321 section 2.4 demands.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    text: String,
    at: usize,
    domain: Domain,
}

impl Address {
    /// `local@domain`, as used in an SMTP envelope.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What stands before the `@`, quoted if it was quoted.
    pub fn local_part(&self) -> &str {
        &self.text[..self.at]
    }

    /// What stands behind the `@`.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// Whether delivery needs SMTPUTF8 (RFC 6531): the local part is not ASCII.
    pub fn needs_smtputf8(&self) -> bool {
        !self.text.is_ascii()
    }

    /// The form under which two spellings of one mailbox are found together in
    /// indexes: the local part in lower case, without quotes that are not needed.
    pub fn canonical(&self) -> String {
        let local = self.local_part();
        let bare = local
            .strip_prefix('"')
            .and_then(|l| l.strip_suffix('"'))
            .filter(|l| is_dot_atom(l))
            .unwrap_or(local);
        format!("{}@{}", lower(bare), self.domain.as_str())
    }

    /// `p***@m***.example`: enough for a person who knows the address to
    /// recognise it, too little for one who does not.
    pub fn masked(&self) -> String {
        let first = |s: &str| s.chars().next().unwrap_or('*');
        let domain = self.domain.as_str();
        let tail = domain.rsplit('.').next().unwrap_or_default();
        format!(
            "{}***@{}***.{tail}",
            first(self.local_part()),
            first(domain)
        )
    }
}

/// Lower case. What is not ASCII stays what it is where its lower case would be
/// ASCII: the Kelvin sign is another mailbox's letter than `k`.
fn lower(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if !c.is_ascii() && c.to_lowercase().any(|l| l.is_ascii()) {
            out.push(c);
        } else {
            out.extend(c.to_lowercase());
        }
    }
    out
}

fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || !c.is_ascii()
}

fn is_dot_atom(s: &str) -> bool {
    !s.is_empty()
        && s.split('.')
            .all(|atom| !atom.is_empty() && atom.chars().all(is_atext))
}

fn is_quoted_string(s: &str) -> bool {
    let Some(inner) = s.strip_prefix('"').and_then(|s| s.strip_suffix('"')) else {
        return false;
    };
    if s.len() < 2 {
        return false;
    }
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        let ok = match c {
            '"' => false,
            '\\' => chars.next().is_some(),
            _ => true,
        };
        if !ok {
            return false;
        }
    }
    true
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(s: &str) -> Result<Self, AddressError> {
        if s.chars().any(char::is_control) {
            return Err(AddressError::Control);
        }
        let at = s.rfind('@').ok_or(AddressError::Empty)?;
        let (local, domain) = (&s[..at], &s[at + 1..]);
        if local.is_empty() || domain.is_empty() {
            return Err(AddressError::Empty);
        }
        if !is_dot_atom(local) && !is_quoted_string(local) {
            return Err(AddressError::LocalPart);
        }
        let domain: Domain = domain.parse()?;
        if local.len() > 64 || at + 1 + domain.as_str().len() > 254 {
            return Err(AddressError::TooLong);
        }
        Ok(Self {
            text: format!("{local}@{}", domain.as_str()),
            at,
            domain,
        })
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(s: &str) -> Result<Address, AddressError> {
        s.parse()
    }

    #[test]
    fn accepts_what_rfc_5321_allows() -> Result<(), AddressError> {
        assert_eq!(address("Pat@MAIL.Example.")?.as_str(), "Pat@mail.example");
        assert_eq!(address("a.b+c@x.example")?.local_part(), "a.b+c");
        assert_eq!(address("\"a b\"@x.example")?.local_part(), "\"a b\"");
        assert_eq!(
            address("pat@bücher.example")?.domain().as_str(),
            "xn--bcher-kva.example"
        );
        assert!(address("påt@x.example")?.needs_smtputf8());
        assert!(!address("pat@bücher.example")?.needs_smtputf8());
        Ok(())
    }

    #[test]
    fn refuses_the_rest_with_the_rule() {
        let long = format!("{}@x.example", "a".repeat(65));
        for (text, error) in [
            ("", AddressError::Empty),
            ("pat", AddressError::Empty),
            ("@x.example", AddressError::Empty),
            ("pat@", AddressError::Empty),
            ("pat@x.example\r\nBcc: b@x.example", AddressError::Control),
            ("pat\0@x.example", AddressError::Control),
            ("pat lind@x.example", AddressError::LocalPart),
            (".pat@x.example", AddressError::LocalPart),
            ("\"a\"b\"@x.example", AddressError::LocalPart),
            ("pat@[192.0.2.1]", AddressError::Literal),
            ("pat@192.0.2.1", AddressError::Domain),
            ("pat@a..b", AddressError::Domain),
            ("pat@under_score.example", AddressError::Domain),
            (long.as_str(), AddressError::TooLong),
        ] {
            assert_eq!(address(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn one_mailbox_has_one_canonical_form() -> Result<(), AddressError> {
        assert_eq!(
            address("\"Pat\"@X.example")?.canonical(),
            address("pat@x.EXAMPLE")?.canonical()
        );
        assert_eq!(address("pat@mail.example")?.masked(), "p***@m***.example");
        assert_eq!(address("PÅT@x.example")?.canonical(), "påt@x.example");
        // The Kelvin sign, whose lower case is an ASCII k.
        assert_ne!(
            address("\u{212a}im@x.example")?.canonical(),
            address("kim@x.example")?.canonical()
        );
        Ok(())
    }

    #[test]
    fn a_domain_is_within_itself_and_its_parents() -> Result<(), AddressError> {
        let parent: Domain = "harbor.example".parse()?;
        assert!("mail.harbor.example".parse::<Domain>()?.is_within(&parent));
        assert!(parent.is_within(&parent));
        assert!(!"notharbor.example".parse::<Domain>()?.is_within(&parent));
        Ok(())
    }
}
