//! The words of the decision, shared by the rooms that discover, decide, seal
//! and deliver.
//!
//! Each scale is ordered from weak to strong, so that "at least" is `>=` and
//! "the stronger of two" is `max`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A word that is none of its scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown word; expected one of: {expected}")]
pub struct UnknownWord {
    /// The words that would have been understood.
    pub expected: &'static str,
}

macro_rules! scale {
    ($(#[$doc:meta])* $name:ident { $( $(#[$vdoc:meta])* $variant:ident = $word:literal ),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $( $(#[$vdoc])* #[serde(rename = $word)] $variant ),+
        }

        impl $name {
            /// Every value, from weak to strong.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word used in configuration, logs and JSON.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.word())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;
            fn from_str(s: &str) -> Result<Self, UnknownWord> {
                match s {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(UnknownWord { expected: concat!($($word, " "),+) }),
                }
            }
        }
    };
}

scale!(
    /// What a message holds, as the scanner, the host, the audience and the
    /// sender imply: the maximum of all.
    Sensitivity {
        /// No PHI is known or suspected.
        None = "none",
        /// PHI (45 CFR 160.103), or content that could not be scanned.
        Phi = "phi",
        /// PHI of a specially protected kind: mental health, substance use
        /// (42 CFR Part 2), HIV/STI, reproductive, genetic, abuse.
        Sensitive = "sensitive",
    }
);

scale!(
    /// A rung of the ladder.
    Route {
        /// The message itself over a TLS connection of sufficient assurance.
        Tls = "tls",
        /// OpenPGP (RFC 3156, RFC 9580).
        Pgp = "pgp",
        /// S/MIME (RFC 8551).
        Smime = "smime",
        /// Kept sealed; the recipient is sent a notice and picks it up.
        Escrow = "escrow",
    }
);

scale!(
    /// How well the connection to the next mail host is protected.
    TlsAssurance {
        /// TLS if offered, otherwise clear text.
        Opportunistic = "opportunistic",
        /// TLS 1.2 or newer with any certificate: safe from passive readers.
        Encrypted = "encrypted",
        /// A certificate valid in WebPKI for the MX host's name. The name
        /// itself comes from DNS: without DNSSEC or MTA-STS a DNS spoofer can
        /// bring his own.
        Authenticated = "authenticated",
        /// MTA-STS in enforce mode (RFC 8461): the domain itself vouches for
        /// the host's name. DANE (RFC 7672) would say it too, and is not asked.
        Anchored = "anchored",
    }
);

scale!(
    /// How far a recipient's OpenPGP or S/MIME key is known to be theirs.
    KeyTrust {
        /// From somebody who proves nothing: Autocrypt, a key server. Only the
        /// host application brings such keys.
        Discovered = "discovered",
        /// From the recipient's domain or an authority: WKD, DNSSEC, a CA
        /// chain, as the host application found it.
        Verified = "verified",
        /// The host application said so.
        Pinned = "pinned",
    }
);

scale!(
    /// What a recipient must show, beside the link, to pick up an escrowed
    /// message.
    FactorLevel {
        /// The link alone. Never for PHI.
        P0 = "p0",
        /// A code sent by e-mail: shows liveness only.
        P1 = "p1",
        /// A code of at least 40 bits given out of band, or SMS to a number
        /// that the sender gave.
        P2 = "p2",
        /// TOTP or the host's single sign-on.
        P3 = "p3",
        /// A passkey with user verification.
        P4 = "p4",
    }
);

/// What is known of something that may or may not be so.
///
/// A time-out, SERVFAIL or 4xx reply is `Unknown`, never `Refuted`; `Unknown`
/// never lowers a protection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fact<T> {
    /// It is so, with what was learnt.
    Proven(T),
    /// It is not so.
    Refuted,
    /// It could not be found out.
    Unknown,
}

impl<T> Fact<T> {
    /// The value where it is proven.
    pub fn proven(&self) -> Option<&T> {
        match self {
            Self::Proven(value) => Some(value),
            Self::Refuted | Self::Unknown => None,
        }
    }

    /// Whether it is proven.
    pub fn is_proven(&self) -> bool {
        matches!(self, Self::Proven(_))
    }

    /// Whether it could not be found out.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    /// The same fact about a part or consequence of the value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Fact<U> {
        match self {
            Self::Proven(value) => Fact::Proven(f(value)),
            Self::Refuted => Fact::Refuted,
            Self::Unknown => Fact::Unknown,
        }
    }

    /// A fact about a reference to the value.
    pub fn as_ref(&self) -> Fact<&T> {
        match self {
            Self::Proven(value) => Fact::Proven(value),
            Self::Refuted => Fact::Refuted,
            Self::Unknown => Fact::Unknown,
        }
    }
}

/// What the transport sees of the way to the recipient's mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum NextHop {
    /// The recipient's own MX host.
    Mx,
    /// A relay or submission host; only the way to it is seen.
    Relay {
        /// What the relay's operator declares for the way onward.
        onward: TlsAssurance,
        /// Whether the relay offers `REQUIRETLS` (RFC 8689), under which it
        /// hands a message on over authenticated TLS only, or not at all.
        requiretls: bool,
    },
}

/// How a partner's hosts are known.
#[derive(Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PartnerIdentity {
    /// SHA-256 of the SubjectPublicKeyInfo, DER.
    SpkiSha256([u8; 32]),
    /// A private CA's certificate, DER; the host's name is checked too.
    Ca(Vec<u8>),
}

// A certificate names the partner.
impl fmt::Debug for PartnerIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SpkiSha256(_) => "SpkiSha256(***)",
            Self::Ca(_) => "Ca(***)",
        })
    }
}

/// A part of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Part {
    /// The `Subject:` header.
    Subject,
    /// The plain text body.
    Text,
    /// The HTML body.
    Html,
    /// The content of an attachment, counted from 0.
    Attachment(u32),
    /// The file name of an attachment, counted from 0.
    AttachmentName(u32),
    /// Any other part of a parsed message.
    Other(u32),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Subject => f.write_str("subject"),
            Self::Text => f.write_str("text"),
            Self::Html => f.write_str("html"),
            Self::Attachment(n) => write!(f, "attachment {n}"),
            Self::AttachmentName(n) => write!(f, "name of attachment {n}"),
            Self::Other(n) => write!(f, "part {n}"),
        }
    }
}

/// Who sees whom in a message to several people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Disclosure {
    /// Everybody gets a copy that names nobody else.
    #[default]
    Individual,
    /// To and Cc see each other, as the host declared (a care team). Bcc
    /// recipients still get copies of their own.
    Shared,
}

impl Disclosure {
    /// Both.
    pub const ALL: &'static [Self] = &[Self::Individual, Self::Shared];

    /// The word for it in other languages and JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Individual => "individual",
            Self::Shared => "shared",
        }
    }
}

impl fmt::Display for Disclosure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Disclosure {
    type Err = UnknownWord;
    fn from_str(s: &str) -> Result<Self, UnknownWord> {
        let found = Self::ALL.iter().find(|d| d.word() == s);
        found.copied().ok_or(UnknownWord {
            expected: "individual shared",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_ordered_and_their_words_parse() {
        assert!(TlsAssurance::Opportunistic < TlsAssurance::Encrypted);
        assert!(TlsAssurance::Encrypted < TlsAssurance::Authenticated);
        assert!(TlsAssurance::Authenticated < TlsAssurance::Anchored);
        assert!(Sensitivity::None < Sensitivity::Phi && Sensitivity::Phi < Sensitivity::Sensitive);
        assert!(KeyTrust::Discovered < KeyTrust::Verified && KeyTrust::Verified < KeyTrust::Pinned);
        for &level in FactorLevel::ALL {
            assert_eq!(level.word().parse(), Ok(level));
        }
        assert!("weak".parse::<TlsAssurance>().is_err());
        for &disclosure in Disclosure::ALL {
            assert_eq!(disclosure.word().parse(), Ok(disclosure));
        }
        assert!("all".parse::<Disclosure>().is_err());
    }
}
