//! The content key of a sealed message, got out by its recipient's key and
//! without this library.

use aws_lc_rs::agreement::{self, UnparsedPublicKey};
use aws_lc_rs::digest::{Context, SHA256, SHA384};
use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrap as _};
use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cms::authenveloped_data::AuthEnvelopedData;
use cms::content_info::ContentInfo;
use cms::enveloped_data::{
    EnvelopedData, KeyAgreeRecipientInfo, OriginatorIdentifierOrKey, RecipientInfo, RecipientInfos,
};
use der::{Decode as _, Encode as _};
use sequoia_openpgp as openpgp;

use openpgp::Packet;
use openpgp::parse::{PacketParser, PacketParserResult, Parse as _};

use super::keys::Made;

type Values = Vec<(&'static str, Vec<u8>)>;

pub(crate) fn recover(message: &[u8], key: &Made) -> Values {
    let text = std::str::from_utf8(message).unwrap();
    match &key.pgp {
        Some(cert) => pgp(text, cert),
        None => smime(text, key),
    }
}

fn pgp(text: &str, cert: &openpgp::Cert) -> Values {
    let at = text.find("-----BEGIN PGP MESSAGE-----").unwrap();
    let mut all = Vec::new();
    let mut parser = PacketParser::from_bytes(text[at..].as_bytes()).unwrap();
    while let PacketParserResult::Some(packet) = parser {
        let (packet, next) = packet.next().unwrap();
        if let Packet::PKESK(pkesk) = packet {
            for subkey in cert.keys().subkeys().secret() {
                let mut pair = subkey.key().clone().into_keypair().unwrap();
                if let Some((_, session)) = pkesk.decrypt(&mut pair, None) {
                    all.push(("session key", session.to_vec()));
                }
            }
        }
        parser = next;
    }
    all
}

fn smime(text: &str, key: &Made) -> Values {
    let (_, body) = text.split_once("\r\n\r\n").unwrap();
    let der = STANDARD.decode(body.replace("\r\n", "")).unwrap();
    let info = ContentInfo::from_der(&der).unwrap();
    let content = info.content.to_der().unwrap();
    let RecipientInfos(recipients) = match EnvelopedData::from_der(&content) {
        Ok(enveloped) => enveloped.recip_infos,
        Err(_) => AuthEnvelopedData::from_der(&content).unwrap().recip_infos,
    };
    let mut all = Vec::new();
    for recipient in recipients.iter() {
        match recipient {
            RecipientInfo::Ktri(info) => {
                let private = PrivateDecryptingKey::from_pkcs8(&key.pkcs8).unwrap();
                let private = OaepPrivateDecryptingKey::new(private).unwrap();
                let mut out = vec![0; private.min_output_size()];
                let clear = private
                    .decrypt(
                        &OAEP_SHA256_MGF1SHA256,
                        info.enc_key.as_bytes(),
                        &mut out,
                        None,
                    )
                    .unwrap();
                all.push(("content key", clear.to_vec()));
            }
            RecipientInfo::Kari(info) => all.extend(agreed(info, &key.pkcs8)),
            _ => panic!("another kind of recipient"),
        }
    }
    all
}

/// RFC 5753: X9.63 with ECC-CMS-SharedInfo, then AES key wrap.
fn agreed(info: &KeyAgreeRecipientInfo, pkcs8: &[u8]) -> Values {
    let (curve, hash) = if pkcs8.len() > 150 {
        (&agreement::ECDH_P384, &SHA384)
    } else {
        (&agreement::ECDH_P256, &SHA256)
    };
    let private = agreement::PrivateKey::from_private_key_der(curve, pkcs8).unwrap();
    let OriginatorIdentifierOrKey::OriginatorKey(theirs) = &info.originator else {
        panic!("an ephemeral key stands in the message");
    };
    let theirs = UnparsedPublicKey::new(curve, theirs.public_key.raw_bytes());
    let shared = agreement::agree(&private, theirs, (), |z| Ok(z.to_vec())).unwrap();
    let wrap = info.key_enc_alg.parameters.as_ref().unwrap();
    let mut fields = wrap.to_der().unwrap();
    if let Some(ukm) = &info.ukm {
        let ukm = ukm.to_der().unwrap();
        fields.extend_from_slice(&[0xa0, u8::try_from(ukm.len()).unwrap()]);
        fields.extend_from_slice(&ukm);
    }
    // suppPubInfo: 256 bits.
    fields.extend_from_slice(&[0xa2, 6, 4, 4, 0, 0, 1, 0]);
    let mut hasher = Context::new(hash);
    hasher.update(&shared);
    hasher.update(&1_u32.to_be_bytes());
    hasher.update(&[0x30, u8::try_from(fields.len()).unwrap()]);
    hasher.update(&fields);
    let wrapping = hasher.finish().as_ref()[..32].to_vec();
    let kek = AesKek::new(&AES_256, &wrapping).unwrap();
    let wrapped = info.recipient_enc_keys[0].enc_key.as_bytes();
    let mut out = vec![0; wrapped.len()];
    let content = kek.unwrap(wrapped, &mut out).unwrap().to_vec();
    vec![
        ("shared secret", shared),
        ("wrapping key", wrapping),
        ("content key", content),
    ]
}
