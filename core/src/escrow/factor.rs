//! What is shown beside the link: the passcode that the sender was given to
//! tell, and the passphrase that sender and recipient had agreed on.

use crate::base::crypto::{self, Key};
use crate::base::{FactorLevel, GrantId, Secret};

use super::grant::{GrantRecord, PassphraseRecord};
use super::keys::{self, ITERATIONS, RootKeys};
use super::link::{Link, SHARE};
use super::method::Method;
use super::typed;

/// Bytes of a passcode: 40 bits, 8 characters to type.
const PASSCODE: usize = 5;
/// The least and the greatest number of characters of a passphrase.
pub(super) const PASSPHRASE: std::ops::RangeInclusive<usize> = 8..=256;
/// A longer text is wrong without being stretched.
const MAX_TYPED: usize = 1024;

/// What a visitor shows beside the link.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Factor {
    /// Nothing.
    None,
    /// The passcode, as typed.
    Passcode(Secret<String>),
}

/// Whether a passcode is made for a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PasscodePlan {
    /// Make one; the sender tells it to the recipient by telephone or in person.
    Make,
    /// None.
    None,
}

/// Makes a passcode and its verifier.
pub(super) fn make_passcode(root: &RootKeys, grant: GrantId) -> (Secret<String>, Vec<u8>) {
    let code = Secret::new(crypto::make_random::<PASSCODE>());
    let verifier = root.verifier(grant, "passcode", code.expose());
    let mut text = typed::grouped(&typed::encode(code.expose()));
    (Secret::new(std::mem::take(&mut text)), verifier.to_vec())
}

/// Makes the passphrase share F and its record.
pub(super) fn make_passphrase(
    root: &RootKeys,
    link: &Link,
    passphrase: &Secret<String>,
) -> Option<(Key, PassphraseRecord)> {
    let salt: [u8; 16] = crypto::make_random();
    let f = keys::stretch(passphrase.expose(), &salt, ITERATIONS)?;
    let proof = keys::passphrase_proof(link.grant(), link.share(), &f);
    let verifier = root.verifier(link.grant(), "passphrase", proof.expose());
    let record = PassphraseRecord {
        salt: salt.to_vec(),
        iterations: ITERATIONS,
        verifier: verifier.to_vec(),
    };
    Some((f, record))
}

/// F as the visitor's passphrase gives it. Slow on purpose.
pub(super) fn stretch(passphrase: &Secret<String>, record: &PassphraseRecord) -> Option<Key> {
    if passphrase.expose().len() > MAX_TYPED {
        return None;
    }
    keys::stretch(passphrase.expose(), &record.salt, record.iterations)
}

/// Whether something is asked for that the visitor did not even try to show.
/// Where the grant asks for more than passcode and passphrase show, or offers
/// neither, that is always so: such grants are for the pickup page.
pub(super) fn is_missing(record: &GrantRecord, factor: &Factor, passphrase: bool) -> bool {
    let here = [Method::Passcode, Method::Passphrase];
    let reached = record.methods().iter().any(|m| here.contains(m));
    (record.factor_floor > FactorLevel::P0 && !reached)
        || (record.passcode.is_some() && !matches!(factor, Factor::Passcode(_)))
        || (record.passphrase.is_some() && !passphrase)
}

/// Whether all that the grant asks for was shown. Every part is looked at,
/// whatever the parts before it gave.
pub(super) fn is_shown(
    root: &RootKeys,
    record: &GrantRecord,
    l: &[u8; SHARE],
    factor: &Factor,
    f: Option<&Key>,
) -> bool {
    let passcode = record.passcode.is_none()
        || match factor {
            Factor::Passcode(text) => is_passcode(root, record, text),
            Factor::None => false,
        };
    let passphrase = record.passphrase.is_none()
        || f.is_some_and(|f| {
            let proof = keys::passphrase_proof(record.id, l, f);
            is_passphrase(root, record, proof.expose())
        });
    passcode & passphrase
}

/// Whether the text is the grant's passcode.
pub(super) fn is_passcode(root: &RootKeys, record: &GrantRecord, typed: &Secret<String>) -> bool {
    let Some(kept) = &record.passcode else {
        return false;
    };
    let text = typed.expose();
    let code = (text.len() <= MAX_TYPED).then(|| typed::decode::<PASSCODE>(text));
    code.flatten().is_some_and(|code| {
        crypto::equal(kept, &root.verifier(record.id, "passcode", code.as_slice()))
    })
}

/// Whether the proof is that of the grant's passphrase.
pub(super) fn is_passphrase(root: &RootKeys, record: &GrantRecord, proof: &[u8; 32]) -> bool {
    let kept = record.passphrase.as_ref();
    let given = root.verifier(record.id, "passphrase", proof);
    kept.is_some_and(|kept| crypto::equal(&kept.verifier, &given))
}
