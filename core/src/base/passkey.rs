//! A passkey as the host keeps it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A WebAuthn credential that a recipient registered at the pickup page.
///
/// The portal hands it to the host when it is made; the host gives it back
/// with the recipient of later messages
/// ([`Recipient::passkey`](super::Recipient::passkey)). It holds no secret,
/// but it names a person as an address does, so its `Debug` shows sizes only.
/// In JSON byte strings are base64url without padding, as WebAuthn writes them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Passkey {
    /// The credential's id, at most 1,023 bytes (WebAuthn section 4).
    #[serde(with = "base64url")]
    pub credential_id: Vec<u8>,
    /// The public key, a `COSE_Key` (RFC 9052 section 7).
    #[serde(with = "base64url")]
    pub public_key: Vec<u8>,
    /// The signature counter as last seen; 0 where the authenticator has none.
    #[serde(default)]
    pub sign_count: u32,
    /// How the authenticator is reached (`internal`, `hybrid`, `usb` …), as it
    /// said at registration.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transports: Vec<String>,
}

impl Passkey {
    /// A credential with its `COSE_Key` and its signature counter.
    pub fn new(
        credential_id: impl Into<Vec<u8>>,
        public_key: impl Into<Vec<u8>>,
        sign_count: u32,
    ) -> Self {
        Self {
            credential_id: credential_id.into(),
            public_key: public_key.into(),
            sign_count,
            transports: Vec::new(),
        }
    }

    /// With the ways in which the authenticator is reached.
    #[must_use]
    pub fn transports(mut self, transports: Vec<String>) -> Self {
        self.transports = transports;
        self
    }
}

impl fmt::Debug for Passkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passkey")
            .field("credential_id_len", &self.credential_id.len())
            .field("public_key_len", &self.public_key.len())
            .finish_non_exhaustive()
    }
}

/// Byte strings as base64url without padding (RFC 4648 section 5).
mod base64url {
    use std::borrow::Cow;

    use data_encoding::BASE64URL_NOPAD;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&BASE64URL_NOPAD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<u8>, D::Error> {
        let text = Cow::<'de, str>::deserialize(d)?;
        BASE64URL_NOPAD
            .decode(text.as_bytes())
            .map_err(|_| D::Error::custom("not base64url"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_round_trips_and_debug_shows_sizes_only() {
        let key = Passkey::new(*b"\xfb\xffcanary", *b"public", 7).transports(vec!["usb".into()]);
        let json = serde_json::to_string(&key).unwrap();
        assert!(json.contains("\"-_9jYW5hcnk\""), "{json}");
        assert_eq!(serde_json::from_str::<Passkey>(&json).unwrap(), key);
        assert!(!format!("{key:?}").contains("canary"));
        let least = r#"{"credential_id":"AA","public_key":"AA"}"#;
        let least: Passkey = serde_json::from_str(least).unwrap();
        assert_eq!(least, Passkey::new([0], [0], 0));
    }
}
