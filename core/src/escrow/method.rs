//! The methods by which a visitor shows who they are.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::base::FactorLevel;

/// What a visitor can show beside the link. A grant offers those methods only
/// that reach its floor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Method {
    /// A code sent to the recipient's mailbox: P1.
    EmailCode,
    /// A code of 40 bits that the sender told: P2.
    Passcode,
    /// The passphrase agreed with the sender: P2. It is a key share, too.
    Passphrase,
    /// A code sent to the number that the sender gave: P2.
    SmsCode,
    /// A code of the recipient's authenticator app (RFC 6238): P3.
    Totp,
    /// The host's single sign-on: P3.
    SingleSignOn,
    /// A passkey with user verification (WebAuthn): P4.
    Passkey,
}

impl Method {
    /// Every method, from weak to strong.
    pub const ALL: &'static [Self] = &[
        Self::EmailCode,
        Self::Passcode,
        Self::Passphrase,
        Self::SmsCode,
        Self::Totp,
        Self::SingleSignOn,
        Self::Passkey,
    ];

    /// The level that it shows.
    pub const fn level(self) -> FactorLevel {
        match self {
            Self::EmailCode => FactorLevel::P1,
            Self::Passcode | Self::Passphrase | Self::SmsCode => FactorLevel::P2,
            Self::Totp | Self::SingleSignOn => FactorLevel::P3,
            Self::Passkey => FactorLevel::P4,
        }
    }

    /// The word used in records, logs and JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::EmailCode => "email_code",
            Self::Passcode => "passcode",
            Self::Passphrase => "passphrase",
            Self::SmsCode => "sms_code",
            Self::Totp => "totp",
            Self::SingleSignOn => "single_sign_on",
            Self::Passkey => "passkey",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_the_records_and_levels_rise() {
        for &method in Method::ALL {
            let json = serde_json::to_string(&method).unwrap();
            assert_eq!(json, format!("\"{method}\""));
        }
        let levels: Vec<_> = Method::ALL.iter().map(|m| m.level()).collect();
        assert!(levels.is_sorted());
        assert_eq!(levels.first(), Some(&FactorLevel::P1));
        assert_eq!(levels.last(), Some(&FactorLevel::P4));
    }
}
