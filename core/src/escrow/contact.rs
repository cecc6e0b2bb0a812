//! How a recipient can be reached and checked: what a grant's methods need.
//!
//! It lies in the grant's record, encrypted under a key of the installation
//! and bound to the grant, and goes with revocation and expiry.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::EscrowError;
use super::prepare::GrantDraft;
use super::record::{from_value, hex_option, to_value};
use crate::base::{Passkey, Phi, RecipientId, Secret};

/// RFC 4226 section 4: a seed has at least 128 bits.
const SEED: std::ops::RangeInclusive<usize> = 16..=128;
/// More passkeys than a person has.
pub(crate) const MAX_PASSKEYS: usize = 16;
/// WebAuthn section 4.
const MAX_CREDENTIAL: usize = 1023;
/// A `COSE_Key` of RSA with 4,096 bits has about 530 bytes.
const MAX_KEY: usize = 2048;
/// Longer numbers and subjects are none.
const MAX_TEXT: usize = 512;

/// Whether a seed can be an authenticator app's.
pub(crate) fn is_seed(seed: &[u8]) -> bool {
    SEED.contains(&seed.len())
}

/// Whether a passkey can be one.
pub(crate) fn is_passkey(key: &Passkey) -> bool {
    (1..=MAX_CREDENTIAL).contains(&key.credential_id.len())
        && (1..=MAX_KEY).contains(&key.public_key.len())
}

/// Whether a text can be a telephone number, or a single sign-on's subject.
pub(crate) fn is_text(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= MAX_TEXT
}

/// Where codes go, and against what the other methods are checked.
#[derive(Debug, Clone, Default)]
#[cfg_attr(not(feature = "portal"), allow(dead_code))]
pub(crate) struct Contacts {
    /// The address.
    pub(crate) email: Option<Phi<String>>,
    /// The telephone number that the sender gave.
    pub(crate) phone: Option<Phi<String>>,
    /// The seed of the authenticator app.
    pub(crate) totp: Option<Secret<Vec<u8>>>,
    /// The registered passkeys.
    pub(crate) passkeys: Vec<Passkey>,
    /// The subject in the host's single sign-on.
    pub(crate) sso: Option<Phi<String>>,
}

/// The same as it is encoded.
#[derive(Default, Serialize, Deserialize)]
struct Form {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "hex_option")]
    totp: Option<Vec<u8>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    passkeys: Vec<Passkey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sso: Option<String>,
}

impl Drop for Form {
    fn drop(&mut self) {
        use zeroize::Zeroize;
        self.email.zeroize();
        self.phone.zeroize();
        self.totp.zeroize();
        self.sso.zeroize();
    }
}

impl Contacts {
    pub(super) fn of(draft: &GrantDraft) -> Self {
        let email = draft.email.as_ref();
        Self {
            email: email.map(|address| Phi::from(address.as_str())),
            phone: draft.phone.clone(),
            totp: draft.totp.clone(),
            passkeys: draft.passkeys.clone(),
            sso: draft.single_sign_on.clone(),
        }
    }

    pub(super) fn check(draft: &GrantDraft) -> Result<(), EscrowError> {
        let recipient: RecipientId = draft.recipient;
        let refuse = |part| Err(EscrowError::Contact { recipient, part });
        let text = |value: &Option<Phi<String>>| value.as_ref().is_none_or(|v| is_text(v.expose()));
        if !text(&draft.phone) {
            return refuse("the telephone number");
        }
        if !text(&draft.single_sign_on) {
            return refuse("the single sign-on subject");
        }
        let seed = draft.totp.as_ref();
        if seed.is_some_and(|seed| !is_seed(seed.expose())) {
            return refuse("the authenticator seed");
        }
        if draft.passkeys.len() > MAX_PASSKEYS || !draft.passkeys.iter().all(is_passkey) {
            return refuse("a passkey");
        }
        Ok(())
    }

    /// As it is encrypted.
    pub(super) fn encode(&self) -> Result<Zeroizing<Vec<u8>>, EscrowError> {
        let text = |value: &Option<Phi<String>>| value.as_ref().map(|v| v.expose().clone());
        let form = Form {
            email: text(&self.email),
            phone: text(&self.phone),
            totp: self.totp.as_ref().map(|seed| seed.expose().clone()),
            passkeys: self.passkeys.clone(),
            sso: text(&self.sso),
        };
        to_value(&form, "contacts").map(Zeroizing::new)
    }

    #[cfg_attr(not(feature = "portal"), allow(dead_code))]
    pub(super) fn decode(text: &[u8]) -> Result<Self, EscrowError> {
        let mut form: Form = from_value(text, "contacts")?;
        Ok(Self {
            email: form.email.take().map(Phi::new),
            phone: form.phone.take().map(Phi::new),
            totp: form.totp.take().map(Secret::new),
            passkeys: std::mem::take(&mut form.passkeys),
            sso: form.sso.take().map(Phi::new),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contacts_come_back_as_they_were_and_debug_shows_none() {
        let contacts = Contacts {
            email: Some(Phi::from("pat@mail.example")),
            phone: Some(Phi::from("+1 555 0100")),
            totp: Some(Secret::new(vec![0xab; 20])),
            passkeys: vec![Passkey::new(*b"id", *b"key", 3)],
            sso: Some(Phi::from("canary-subject")),
        };
        let text = contacts.encode().unwrap();
        let again = Contacts::decode(&text).unwrap();
        assert_eq!(again.email, contacts.email);
        assert_eq!(again.phone, contacts.phone);
        assert_eq!(again.totp.as_ref().unwrap().expose(), &[0xab; 20]);
        assert_eq!(again.passkeys, contacts.passkeys);
        assert_eq!(again.sso, contacts.sso);
        assert_eq!(again.encode().unwrap(), text);
        let shown = format!("{contacts:?}");
        let hidden = ["pat", "555", "171", "canary"];
        assert!(hidden.iter().all(|h| !shown.contains(h)), "{shown}");
        assert_eq!(*Contacts::default().encode().unwrap(), b"{}");
    }
}
