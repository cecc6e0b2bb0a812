//! sequoia-openpgp without this library: the same backend, encrypting and
//! signing with everything parsed beforehand.

use std::io::Write as _;

use sequoia_openpgp as openpgp;

use openpgp::cert::{Cert, CertBuilder, CipherSuite};
use openpgp::policy::StandardPolicy;
use openpgp::serialize::stream::{
    Armorer, Encryptor, LiteralWriter, Message, Recipient, Signer,
};
use openpgp::types::Features;
use openpgp::{Profile, Result};

use super::{Contender, Family, Role};

pub(crate) fn contenders() -> std::result::Result<Vec<Contender>, String> {
    [
        ("sequoia, v4 SEIPDv1", Profile::RFC4880, Family::Cfb),
        ("sequoia, v6 SEIPDv2", Profile::RFC9580, Family::Ocb),
    ]
    .into_iter()
    .map(|(name, profile, family)| {
        let make = |address| make(address, profile).map_err(|error| error.to_string());
        let sender = make("clinic@harbor.example")?;
        let recipient = make("pat@mail.example")?;
        Ok(Contender {
            name,
            family,
            role: Role::Rival,
            work: Box::new(move |message| {
                encrypt(&sender, &recipient, message).map_err(|error| error.to_string())
            }),
        })
    })
    .collect()
}

fn make(address: &str, profile: Profile) -> Result<Cert> {
    let mut builder = CertBuilder::new()
        .add_userid(address)
        .set_profile(profile)?
        .set_cipher_suite(CipherSuite::Cv25519)
        .add_signing_subkey()
        .add_transport_encryption_subkey();
    if profile == Profile::RFC4880 {
        builder = builder.set_features(Features::empty().set_seipdv1())?;
    }
    Ok(builder.generate()?.0)
}

fn encrypt(sender: &Cert, recipient: &Cert, message: &[u8]) -> Result<usize> {
    let policy = StandardPolicy::new();
    let missing = || std::io::Error::other("no such key");
    let pair = sender
        .keys()
        .secret()
        .with_policy(&policy, None)
        .for_signing()
        .next()
        .ok_or_else(missing)?
        .key()
        .clone()
        .into_keypair()?;
    let valid = recipient.with_policy(&policy, None)?;
    let recipients: Vec<Recipient<'_>> = valid
        .keys()
        .for_transport_encryption()
        .map(Into::into)
        .collect();
    let mut out = Vec::with_capacity(message.len() * 2 + 16_384);
    let sink = Armorer::new(Message::new(&mut out)).build()?;
    let sink = Encryptor::for_recipients(sink, recipients).build()?;
    let sink = Signer::new(sink, pair)?.build()?;
    let mut sink = LiteralWriter::new(sink).build()?;
    sink.write_all(message)?;
    sink.finalize()?;
    Ok(out.len())
}
