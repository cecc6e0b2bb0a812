//! The certificate verifier: it asks for what the requirement asks, and
//! remembers what it saw.
//!
//! Below `Authenticated` any certificate passes, and whether it would have
//! been valid is remembered: that is a fact for `discover` and evidence for an
//! outcome. From `Authenticated` on, a certificate that does not identify the
//! host fails the handshake. The handshake's own signature is always verified:
//! who does not hold the certificate's key never passes.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, SignatureScheme};
use webpki::EndEntityCert;

use super::classify;
use super::evidence::Identity;
use super::roots::Roots;
use crate::base::crypto::{equal, sha256};
use crate::base::{PartnerIdentity, TlsAssurance};

/// What, beside WebPKI, vouches for the host.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Anchor {
    /// Nothing.
    None,
    /// An enforced MTA-STS policy names the host.
    Sts,
    /// The host is a partner's: this identity counts and no other.
    Partner(PartnerIdentity),
}

/// What a certificate was found to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) identity: Identity,
    /// Why it is not valid for what was asked, as a stable word.
    pub(crate) invalid: Option<&'static str>,
    pub(crate) sha256: [u8; 32],
}

pub(crate) struct Verifier {
    least: TlsAssurance,
    anchor: Anchor,
    roots: Roots,
    provider: Arc<CryptoProvider>,
    seen: Mutex<Option<Verdict>>,
}

impl Verifier {
    pub(crate) fn new(
        least: TlsAssurance,
        anchor: Anchor,
        roots: Roots,
        provider: Arc<CryptoProvider>,
    ) -> Self {
        Self {
            least,
            anchor,
            roots,
            provider,
            seen: Mutex::new(None),
        }
    }

    /// What the peer's certificate was found to be, once it was shown.
    pub(crate) fn seen(&self) -> Option<Verdict> {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn judge(
        &self,
        leaf: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Verdict {
        let judged = match &self.anchor {
            Anchor::None => self
                .path(leaf, chain, name, now, &self.roots.store().roots)
                .map(|()| Identity::WebPki),
            Anchor::Sts => self
                .path(leaf, chain, name, now, &self.roots.store().roots)
                .map(|()| Identity::MtaSts),
            Anchor::Partner(PartnerIdentity::SpkiSha256(pin)) => match spki_sha256(leaf) {
                Ok(spki) if equal(&spki, pin) => Ok(Identity::PartnerPin),
                Ok(_) => Err("pin_mismatch"),
                Err(word) => Err(word),
            },
            Anchor::Partner(PartnerIdentity::Ca(der)) => {
                let ca = CertificateDer::from(der.as_slice());
                match webpki::anchor_from_trusted_cert(&ca) {
                    Ok(anchor) => self
                        .path(leaf, chain, name, now, &[anchor])
                        .map(|()| Identity::PartnerCa),
                    Err(_) => Err("partner_ca_malformed"),
                }
            }
        };
        Verdict {
            identity: judged.unwrap_or(Identity::Unverified),
            invalid: judged.err(),
            sha256: sha256(leaf),
        }
    }

    /// RFC 5280 path and RFC 6125 name, both or a word.
    fn path(
        &self,
        leaf: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
        roots: &[TrustAnchor<'_>],
    ) -> Result<(), &'static str> {
        let leaf = EndEntityCert::try_from(leaf).map_err(|e| classify::word(&e))?;
        leaf.verify_for_usage(
            self.provider.signature_verification_algorithms.all,
            roots,
            chain,
            now,
            webpki::KeyUsage::server_auth(),
            None,
            None,
        )
        .map_err(|e| classify::word(&e))?;
        leaf.verify_is_valid_for_subject_name(name)
            .map_err(|e| classify::word(&e))
    }
}

fn spki_sha256(leaf: &CertificateDer<'_>) -> Result<[u8; 32], &'static str> {
    let leaf = EndEntityCert::try_from(leaf).map_err(|e| classify::word(&e))?;
    Ok(sha256(&leaf.subject_public_key_info()))
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Verifier({})", self.least)
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verdict = self.judge(end_entity, intermediates, server_name, now);
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(verdict);
        // Any certificate makes the connection `Encrypted`; less is not asked
        // of a connection that has TLS at all.
        if verdict.identity.assurance() < self.least {
            return Err(CertificateError::ApplicationVerificationFailure.into());
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
