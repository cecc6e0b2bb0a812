//! What each thief can do with what he holds, with every derivation open to him.

use std::sync::Arc;

mod combined;

use super::grant::GrantRecord;
use super::item::{ItemRecord, Manifest, context};
use super::keys::{RootKeys, derive_kek, passphrase_proof, stretch, unwrap_dek};
use super::link::SHARE;
use super::{Draft, Escrow, GrantDraft, PasscodePlan, PreparedGrant, chunk};
use crate::base::crypto::{self, Key};
use crate::base::{Clock, FactorLevel, Keys, RecipientId, Secret};
use crate::storage::{Op, Table};
use crate::testing::clock::TestClock;

const PHRASE: &str = "a tall ship and a star";

/// Everything there is, before anybody steals.
struct Loot {
    keys: Keys,
    given: PreparedGrant,
    grant: GrantRecord,
    item: ItemRecord,
    parts: Vec<u8>,
    /// Two more grants of the same item, whose holders may conspire.
    others: Vec<(PreparedGrant, GrantRecord)>,
}

fn loot(passphrase: bool) -> Loot {
    let (keys, clock) = (Keys::make_ephemeral(), TestClock::default());
    let store = Arc::new(crate::storage::MemoryStore::new());
    let escrow = Escrow::new(store, &keys, Arc::new(clock.clone()), "https://p.example").unwrap();
    let grants = (0..3).map(|i| {
        let grant = GrantDraft::new(RecipientId::new(i), FactorLevel::P2);
        match passphrase {
            true => grant.passphrase(Secret::from(PHRASE)),
            false => grant.passcode(PasscodePlan::Make),
        }
    });
    let expires = clock.now().plus(std::time::Duration::from_secs(60));
    let prepared = escrow.prepare(Draft::new(b"the diagnosis", expires, grants.collect()));
    let prepared = futures_util::FutureExt::now_or_never(prepared)
        .unwrap()
        .unwrap();
    let (mut records, mut item, mut parts) = (Vec::new(), None, Vec::new());
    for op in &prepared.ops {
        let Op::Insert { table, row } = op else {
            panic!("only new rows");
        };
        match table {
            Table::Grant => records.push(GrantRecord::from_row(row).unwrap()),
            Table::Item => item = Some(ItemRecord::from_row(row).unwrap()),
            Table::Part => parts.extend_from_slice(&row.value),
            _ => panic!("another table"),
        }
    }
    let mut pairs: Vec<_> = prepared.grants.into_iter().zip(records).collect();
    let (given, grant) = pairs.remove(0);
    Loot {
        keys,
        given,
        grant,
        item: item.unwrap(),
        parts,
        others: pairs,
    }
}

impl Loot {
    /// Tries every key he has or can derive as S, L, F, KEK and DEK.
    fn opens(&self, secrets: &[Key], links: &[[u8; SHARE]]) -> bool {
        let none = [0; SHARE];
        let mut keys: Vec<Key> = secrets.to_vec();
        keys.push(Secret::new([0; 32]));
        // Stored bytes taken as keys.
        let g = &self.grant;
        for bytes in [&g.auth, g.share.as_ref().unwrap(), g.dek.as_ref().unwrap()] {
            for at in [0, 12, bytes.len() - 32] {
                keys.push(Secret::new(bytes[at..at + 32].try_into().unwrap()));
            }
        }
        for l in links.iter().chain([&none]) {
            keys.push(crypto::derive_key(
                l,
                g.id.as_bytes(),
                b"mailseal/1/escrow/auth",
            ));
        }
        let mut deks = keys.clone();
        for kek in &keys {
            deks.extend(unwrap_dek(kek, g.item, g.dek.as_ref().unwrap()));
        }
        for s in &keys {
            for l in links.iter().chain([&none]) {
                for f in keys.iter().map(Some).chain([None]) {
                    let kek = derive_kek(g.id, s, l, f);
                    deks.extend(unwrap_dek(&kek, g.item, g.dek.as_ref().unwrap()));
                }
            }
        }
        deks.iter().any(|dek| {
            Manifest::open(dek, &self.item).is_ok()
                || chunk::decrypt(dek, &context("content", self.item.id), &self.parts).is_ok()
        })
    }

    fn share(&self) -> Key {
        let wrapped = self.grant.share.as_ref().unwrap();
        let root = RootKeys::new(&self.keys);
        let binding = self.grant.binding(&root).unwrap();
        root.unwrap_share(&binding, wrapped).unwrap()
    }

    fn link(&self) -> [u8; SHARE] {
        *self.given.link.share()
    }

    fn phrase(&self) -> Key {
        let kept = self.grant.passphrase.as_ref().unwrap();
        stretch(PHRASE, &kept.salt, kept.iterations).unwrap()
    }
}

#[test]
fn the_database_alone_opens_nothing() {
    assert!(!loot(false).opens(&[], &[]));
}

#[test]
fn the_database_with_the_keys_lacks_the_link() {
    let loot = loot(false);
    assert!(!loot.opens(&[loot.share()], &[]));
}

#[test]
fn the_mailbox_with_the_database_lacks_the_server_share() {
    let loot = loot(false);
    assert!(!loot.opens(&[], &[loot.link()]));
}

#[test]
fn other_recipients_together_with_the_database_do_not_open_this_grant() {
    let loot = loot(false);
    let root = RootKeys::new(&loot.keys);
    let shares: Vec<Key> = loot
        .others
        .iter()
        .map(|(_, g)| {
            root.unwrap_share(&g.binding(&root).unwrap(), g.share.as_ref().unwrap())
                .unwrap()
        })
        .collect();
    let links: Vec<_> = loot.others.iter().map(|(p, _)| *p.link.share()).collect();
    assert!(!loot.opens(&shares, &links));
    // What each of them holds does open his own.
    let (other, record) = &loot.others[0];
    let kek = derive_kek(record.id, &shares[0], other.link.share(), None);
    assert!(unwrap_dek(&kek, record.item, record.dek.as_ref().unwrap()).is_ok());
}

#[test]
fn link_and_server_share_open_and_with_a_passphrase_they_lack_it() {
    let plain = loot(false);
    assert!(plain.opens(&[plain.share()], &[plain.link()]));
    let loot = loot(true);
    assert!(!loot.opens(&[loot.share()], &[loot.link()]));
    assert!(
        !loot.opens(&[loot.phrase()], &[loot.link()]),
        "link and passphrase"
    );
    assert!(!loot.opens(&[loot.phrase(), loot.share()], &[]), "no link");
    assert!(loot.opens(&[loot.phrase(), loot.share()], &[loot.link()]));
}

#[test]
fn the_passphrase_cannot_be_tried_offline_without_the_link() {
    let loot = loot(true);
    let (root, f) = (RootKeys::new(&loot.keys), loot.phrase());
    let kept = &loot.grant.passphrase.as_ref().unwrap().verifier;
    let verifier = |l: &[u8; SHARE], root: &RootKeys| {
        let proof = passphrase_proof(loot.grant.id, l, &f);
        root.verifier(loot.grant.id, "passphrase", proof.expose())
    };
    assert_eq!(kept.as_slice(), verifier(&loot.link(), &root));
    assert_ne!(kept.as_slice(), verifier(&[0; SHARE], &root));
    let no_pepper = RootKeys::new(&Keys::make_ephemeral());
    assert_ne!(kept.as_slice(), verifier(&loot.link(), &no_pepper));
}
