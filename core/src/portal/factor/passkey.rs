//! Passkeys: WebAuthn level 3, verified by webauthn_rp.
//!
//! The library checks challenge, origin, RP id hash, user presence, user
//! verification, signature and counter; the escrow remembers the counter, so
//! that of an authenticator and its clone one is refused. Attestation is not
//! asked for: what counts is that the key is the same as before.
//!
//! Keys are ES256, EdDSA (Ed25519) or RS256, as `COSE_Key` in the form that
//! authenticators write (CTAP2 canonical CBOR). The RP id is the host name of
//! the escrow's address; an address without a host name has no passkeys.

use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;
use serde_json::{Value, json};
use webauthn_rp::bin::{Decode, Encode};
use webauthn_rp::request::auth::{
    AllowedCredentials, AuthenticationVerificationOptions, NonDiscoverableCredentialRequestOptions,
};
use webauthn_rp::request::register::{
    CoseAlgorithmIdentifier, CredProtect, PublicKeyCredentialCreationOptions,
    PublicKeyCredentialUserEntity, RegistrationVerificationOptions, ResidentKeyRequirement,
    UserHandle64,
};
use webauthn_rp::request::{
    AsciiDomain, BackupReq, Credentials, PublicKeyCredentialDescriptor, RpId,
    UserVerificationRequirement,
};
use webauthn_rp::response::auth::AuthenticatorAssertion;
use webauthn_rp::response::register::{
    AuthenticatorAttestation, AuthenticatorExtensionOutputStaticState, ClientExtensionsOutputs,
    CompressedP256PubKey, CompressedPubKey, CredentialProtectionPolicy, DynamicState,
    Ed25519PubKey, RsaPubKey, StaticState, UncompressedPubKey,
};
use webauthn_rp::response::{AuthTransports, AuthenticatorAttachment, Backup, CredentialId};
use webauthn_rp::{
    AuthenticatedCredential, NonDiscoverableAuthentication,
    NonDiscoverableAuthenticationServerState, Registration, RegistrationServerState,
};

use crate::base::Passkey;

/// The longest field of a credential, in base64url.
const MAX_FIELD: usize = 8 * 1024;
const TRANSPORTS: &[&str] = &["ble", "hybrid", "internal", "nfc", "smart-card", "usb"];

/// The portal as a relying party.
pub(in crate::portal) struct RelyingParty {
    id: RpId,
    origin: String,
}

/// What the visitor sent is not what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotShown;

type Key = CompressedPubKey<[u8; 32], [u8; 32], [u8; 48], Vec<u8>>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Assertion {
    raw_id: String,
    response: AssertionResponse,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AssertionResponse {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    authenticator_data: String,
    signature: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attestation {
    response: AttestationResponse,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AttestationResponse {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    attestation_object: String,
    #[serde(default)]
    transports: Vec<String>,
}

impl RelyingParty {
    /// `None` where the host is an address or no ASCII domain.
    pub(in crate::portal) fn new(host: &str, origin: &str) -> Option<Self> {
        let is_address = host.starts_with('[') || host.parse::<std::net::IpAddr>().is_ok();
        let domain = AsciiDomain::try_from(host.to_owned()).ok()?;
        (!is_address).then(|| Self {
            id: RpId::Domain(domain),
            origin: origin.to_owned(),
        })
    }

    /// Asks for one of `passkeys`: what to keep, and the request for the page.
    pub(super) fn ask(&self, passkeys: &[Passkey]) -> Option<(Vec<u8>, Value)> {
        let mut allowed = AllowedCredentials::with_capacity(passkeys.len());
        let mut listed = Vec::new();
        for passkey in passkeys.iter().filter(|p| key(&p.public_key).is_some()) {
            let Ok(id) = CredentialId::try_from(passkey.credential_id.clone()) else {
                continue;
            };
            let transports = AuthTransports::NONE;
            allowed.push(PublicKeyCredentialDescriptor { id, transports }.into());
            listed.push(descriptor(passkey));
        }
        let options = NonDiscoverableCredentialRequestOptions::second_factor(&self.id, allowed);
        let mut options = options.ok()?;
        let inner = options.options();
        inner.user_verification = UserVerificationRequirement::Required;
        let challenge = encode(&inner.challenge.as_data().to_le_bytes());
        let timeout = inner.timeout.get();
        let (state, _) = options.start_ceremony().ok()?;
        let request = json!({
            "challenge": challenge,
            "timeout": timeout,
            "rpId": self.id.as_ref(),
            "allowCredentials": listed,
            "userVerification": "required",
        });
        Some((state.encode().ok()?, request))
    }

    /// Which of `passkeys` was shown, and its counter.
    pub(super) fn judge<'a>(
        &self,
        state: &[u8],
        credential: &Value,
        passkeys: &'a [Passkey],
    ) -> Result<(&'a Passkey, u32), NotShown> {
        let state =
            NonDiscoverableAuthenticationServerState::decode(state).map_err(|_| NotShown)?;
        let given = Assertion::deserialize(credential).map_err(|_| NotShown)?;
        let raw_id = decode(&given.raw_id)?;
        let mut own = passkeys.iter();
        let passkey = own.find(|p| p.credential_id == raw_id).ok_or(NotShown)?;
        let authenticator_data = decode(&given.response.authenticator_data)?;
        // WebAuthn section 6.1: RP id hash, flags, then the counter.
        let count = authenticator_data.get(33..37).ok_or(NotShown)?;
        let count = u32::from_be_bytes(count.try_into().map_err(|_| NotShown)?);
        let response = AuthenticatorAssertion::without_user(
            decode(&given.response.client_data)?,
            authenticator_data,
            decode(&given.response.signature)?,
        );
        let id = CredentialId::try_from(raw_id).map_err(|_| NotShown)?;
        let attachment = AuthenticatorAttachment::None;
        let authentication = NonDiscoverableAuthentication::<64>::new(id, response, attachment);

        let user = UserHandle64::new();
        let known = StaticState {
            credential_public_key: key(&passkey.public_key).ok_or(NotShown)?,
            extensions: AuthenticatorExtensionOutputStaticState {
                cred_protect: CredentialProtectionPolicy::None,
                hmac_secret: None,
            },
        };
        let dynamic = DynamicState {
            user_verified: true,
            backup: Backup::NotEligible,
            sign_count: passkey.sign_count,
            authenticator_attachment: attachment,
        };
        let id = CredentialId::try_from(passkey.credential_id.as_slice());
        let id = id.map_err(|_| NotShown)?;
        let mut credential =
            AuthenticatedCredential::new(id, &user, known, dynamic).map_err(|_| NotShown)?;
        let options = AuthenticationVerificationOptions::<&str, &str> {
            allowed_origins: &[self.origin.as_str()],
            // Whether a passkey is backed up is its owner's business.
            backup_requirement: Some(BackupReq::None),
            error_on_unsolicited_extensions: false,
            ..Default::default()
        };
        state
            .verify(&self.id, &authentication, &mut credential, &options)
            .map_err(|_| NotShown)?;
        Ok((passkey, count))
    }

    /// Asks for a new passkey: what to keep, and the request for the page.
    pub(super) fn ask_new(
        &self,
        organisation: &str,
        existing: &[Passkey],
    ) -> Option<(Vec<u8>, Value)> {
        let user = UserHandle64::new();
        let entity = PublicKeyCredentialUserEntity::from(&user);
        let mut options = PublicKeyCredentialCreationOptions::passkey(&self.id, entity, Vec::new());
        options.extensions.cred_protect = CredProtect::None;
        options.authenticator_selection.resident_key = ResidentKeyRequirement::Preferred;
        options.pub_key_cred_params = options
            .pub_key_cred_params
            .remove(CoseAlgorithmIdentifier::Es384);
        let challenge = encode(&options.challenge.as_data().to_le_bytes());
        let timeout = options.timeout.get();
        let (state, _) = options.start_ceremony().ok()?;
        let algorithm = |alg: i32| json!({"type": "public-key", "alg": alg});
        let exclude: Vec<Value> = existing.iter().map(descriptor).collect();
        let request = json!({
            "rp": {"id": self.id.as_ref(), "name": organisation},
            "user": {"id": encode(user.as_ref()), "name": organisation, "displayName": organisation},
            "challenge": challenge,
            "pubKeyCredParams": [algorithm(-8), algorithm(-7), algorithm(-257)],
            "timeout": timeout,
            "excludeCredentials": exclude,
            "authenticatorSelection": {"residentKey": "preferred", "userVerification": "required"},
            "attestation": "none",
        });
        Some((state.encode().ok()?, request))
    }

    /// The passkey that was made.
    pub(super) fn take_new(&self, state: &[u8], credential: &Value) -> Result<Passkey, NotShown> {
        let state = RegistrationServerState::<64>::decode(state).map_err(|_| NotShown)?;
        let given = Attestation::deserialize(credential).map_err(|_| NotShown)?;
        let response = AuthenticatorAttestation::new(
            decode(&given.response.client_data)?,
            decode(&given.response.attestation_object)?,
            AuthTransports::NONE,
        );
        let extensions = ClientExtensionsOutputs {
            cred_props: None,
            prf: None,
        };
        let registration = Registration::new(response, AuthenticatorAttachment::None, extensions);
        let options = RegistrationVerificationOptions::<&str, &str> {
            allowed_origins: &[self.origin.as_str()],
            error_on_unsolicited_extensions: false,
            ..Default::default()
        };
        let made = state
            .verify(&self.id, &registration, &options)
            .map_err(|_| NotShown)?;
        let public = cose(made.static_state().credential_public_key).ok_or(NotShown)?;
        let known = |t: &String| TRANSPORTS.contains(&t.as_str());
        let transports = given.response.transports.into_iter().filter(known);
        let mut transports: Vec<String> = transports.take(TRANSPORTS.len()).collect();
        transports.dedup();
        let id = made.id().into_inner();
        Ok(Passkey::new(id, public, made.dynamic_state().sign_count).transports(transports))
    }
}

fn descriptor(passkey: &Passkey) -> Value {
    let mut out = json!({"type": "public-key", "id": encode(&passkey.credential_id)});
    if !passkey.transports.is_empty() {
        out["transports"] = json!(passkey.transports);
    }
    out
}

fn encode(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

fn decode(text: &str) -> Result<Vec<u8>, NotShown> {
    if text.len() > MAX_FIELD {
        return Err(NotShown);
    }
    // Room for the digest that the library appends.
    let mut out = Vec::with_capacity(text.len() + 32);
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes());
    out.extend(bytes.map_err(|_| NotShown)?);
    Ok(out)
}

/// RFC 9053 section 7.1: kty EC2, ES256, P-256, x; then y.
const ES256: &[u8] = &[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32];
const ES256_Y: &[u8] = &[0x22, 0x58, 32];
/// RFC 9053 section 7.2: kty OKP, EdDSA, Ed25519, x.
const EDDSA: &[u8] = &[0xa4, 1, 1, 3, 0x27, 0x20, 6, 0x21, 0x58, 32];
/// RFC 8230 section 4: kty RSA, RS256, n of 16-bit length; then e of 3 bytes.
const RS256: &[u8] = &[0xa4, 1, 3, 3, 0x39, 1, 0, 0x20, 0x59];
const RS256_E: &[u8] = &[0x21, 0x43];

fn key(cose: &[u8]) -> Option<Key> {
    if let Some(rest) = cose.strip_prefix(ES256) {
        let (x, rest) = rest.split_first_chunk::<32>()?;
        let y: &[u8; 32] = rest.strip_prefix(ES256_Y)?.try_into().ok()?;
        return Some(Key::P256(CompressedP256PubKey::from((*x, y[31] & 1 == 1))));
    }
    if let Some(rest) = cose.strip_prefix(EDDSA) {
        let x: [u8; 32] = rest.try_into().ok()?;
        return Some(Key::Ed25519(Ed25519PubKey::from(x)));
    }
    let (length, rest) = cose.strip_prefix(RS256)?.split_first_chunk::<2>()?;
    let (n, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
    let e: &[u8; 3] = rest.strip_prefix(RS256_E)?.try_into().ok()?;
    let e = u32::from_be_bytes([0, e[0], e[1], e[2]]);
    RsaPubKey::try_from((n.to_vec(), e)).ok().map(Key::Rsa)
}

fn cose(key: UncompressedPubKey<'_>) -> Option<Vec<u8>> {
    match key {
        UncompressedPubKey::P256(k) => Some([ES256, k.x(), ES256_Y, k.y()].concat()),
        UncompressedPubKey::Ed25519(k) => Some([EDDSA, k.into_inner()].concat()),
        UncompressedPubKey::Rsa(k) => {
            let (n, e) = k.into_parts();
            let length = u16::try_from(n.len()).ok()?.to_be_bytes();
            let e = e.to_be_bytes();
            (e[0] == 0 && e[1] != 0).then(|| [RS256, &length, n, RS256_E, &e[1..]].concat())
        }
        UncompressedPubKey::P384(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_in_the_form_that_authenticators_write() {
        let es256 = [ES256, &[7; 32], ES256_Y, &[9; 32]].concat();
        assert_eq!(es256.len(), 77);
        assert!(matches!(key(&es256), Some(Key::P256(k)) if k.y_is_odd()));
        assert!(matches!(
            key(&[EDDSA, &[7; 32]].concat()),
            Some(Key::Ed25519(_))
        ));
        for bad in [
            &es256[..76],
            &[es256.clone(), vec![0]].concat(),
            &[0xa0],
            &[],
        ] {
            assert!(key(bad).is_none());
        }
    }

    #[test]
    fn an_address_has_no_passkeys() {
        assert!(RelyingParty::new("p.example", "https://p.example").is_some());
        assert!(RelyingParty::new("localhost", "https://localhost:8443").is_some());
        assert!(RelyingParty::new("127.0.0.1", "https://127.0.0.1").is_none());
        assert!(RelyingParty::new("[::1]", "https://[::1]").is_none());
    }
}
