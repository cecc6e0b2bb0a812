//! Every combination of what can be stolen, against every way in which a
//! message can be kept. Each thief has the content's ciphertext, and tries all
//! that he has, and all that follows from it, as each of the keys.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;

use super::super::contact::Contacts;
use super::super::grant::GrantRecord;
use super::super::item::{ItemRecord, Manifest, context};
use super::super::keys::{RootKeys, derive_kek, open_key, stretch, unwrap_dek};
use super::super::link::SHARE;
use super::super::{
    ArchiveSecret, Draft, Escrow, GrantDraft, KeyProvider, LocalWrappingKeys, PasscodePlan,
    PreparedGrant, Wrapped, chunk,
};
use super::PHRASE;
use crate::base::crypto::hpke::{HpkeSecret, POINT};
use crate::base::crypto::{self, Key};
use crate::base::{Clock, FactorLevel, Keys, Phi, RecipientId, Secret};
use crate::storage::{MemoryStore, Row, Store, Table};
use crate::testing::clock::TestClock;

/// All that the installation derives from its key file.
const PURPOSES: &[&str] = &[
    "mailseal/1/escrow/share",
    "mailseal/1/escrow/auth",
    "mailseal/1/escrow/pepper",
    "mailseal/1/escrow/contacts",
    "mailseal/1/portal/reply",
    "mailseal/1/audit-sign",
    "mailseal/1/audit-index",
    "mailseal/1/audit-commitment",
    "mailseal/1/outbox",
    "mailseal/1/check",
];

/// How a message is kept.
#[derive(Debug, Clone, Copy)]
struct Kept {
    passphrase: bool,
    /// S is wrapped by a provider, whose keys lie elsewhere.
    provider: bool,
    archive: bool,
}

/// What a thief holds.
#[derive(Debug, Clone, Copy)]
struct Held {
    database: bool,
    mail: bool,
    key_file: bool,
    wrapping_keys: bool,
    passphrase: bool,
    archive_secret: bool,
}

impl Held {
    fn all() -> impl Iterator<Item = Self> {
        (0..64u32).map(|bits| {
            let has = |n: u32| bits & (1 << n) != 0;
            Self {
                database: has(0),
                mail: has(1),
                key_file: has(2),
                wrapping_keys: has(3),
                passphrase: has(4),
                archive_secret: has(5),
            }
        })
    }

    /// The rule, as the design states it.
    fn should_open(self, kept: Kept) -> bool {
        let unwraps = match kept.provider {
            // The contacts, to which S is bound, lie under the key file too.
            true => self.wrapping_keys && self.key_file,
            false => self.key_file,
        };
        let shares = self.mail && unwraps && (self.passphrase || !kept.passphrase);
        let archive = kept.archive && self.archive_secret;
        self.database && (shares || archive)
    }
}

struct House {
    kept: Kept,
    keys: Keys,
    wrapping: LocalWrappingKeys,
    _folder: tempfile::TempDir,
    archive: ArchiveSecret,
    given: PreparedGrant,
    grant: GrantRecord,
    item: ItemRecord,
    content: Vec<u8>,
    f: Option<Key>,
    /// A reply on its way in: its row, and its ciphertext.
    reply: (Row, Vec<u8>),
}

impl House {
    async fn new(kept: Kept) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let wrapping = LocalWrappingKeys::file(folder.path().join("w")).unwrap();
        let archive = ArchiveSecret::make_random();
        let (keys, clock) = (Keys::make_ephemeral(), Arc::new(TestClock::default()));
        let store = Arc::new(MemoryStore::new());
        let mut escrow =
            Escrow::new(store.clone(), &keys, clock.clone(), "https://p.example").unwrap();
        if kept.provider {
            escrow = escrow.key_provider(Arc::new(wrapping.clone()));
        }
        if kept.archive {
            escrow = escrow.archive_key(archive.key());
        }
        let mut grant = GrantDraft::new(RecipientId::new(0), FactorLevel::P2)
            .passcode(PasscodePlan::Make)
            .phone(Phi::from("+1 555 0100"));
        if kept.passphrase {
            grant = grant.passphrase(Secret::from(PHRASE));
        }
        let expires = clock.now().plus(Duration::from_secs(60));
        let draft = Draft::new(b"the diagnosis", expires, vec![grant]);
        let mut prepared = escrow.prepare(draft).await.unwrap();
        let given = prepared.grants.remove(0);
        let batch = prepared.ops.into_iter().collect();
        store.commit(batch).await.unwrap();
        let row = store.get(Table::Grant, given.grant.as_bytes()).await;
        let grant = GrantRecord::from_row(&row.unwrap().unwrap()).unwrap();
        let row = store.get(Table::Item, prepared.item.as_bytes()).await;
        let item = ItemRecord::from_row(&row.unwrap().unwrap()).unwrap();
        let parts = store.range(Table::Part, &[], None, 10).await.unwrap();
        let content = parts.into_iter().flat_map(|row| row.value).collect();
        let reply = reply(&escrow, &store, &given).await;
        let f = grant.passphrase.as_ref();
        let f = f.map(|p| stretch(PHRASE, &p.salt, p.iterations).unwrap());
        Self {
            kept,
            keys,
            wrapping,
            _folder: folder,
            archive,
            given,
            grant,
            item,
            content,
            f,
            reply,
        }
    }

    /// All 32-byte values that the thief has or can derive, S among them where
    /// it can be had.
    fn secrets(&self, held: Held) -> Vec<Key> {
        let g = &self.grant;
        let mut keys: Vec<Key> = vec![Secret::new([0; 32])];
        if held.database {
            let stored = [
                Some(&g.auth),
                g.share.as_ref(),
                g.dek.as_ref(),
                g.passcode.as_ref(),
                g.contacts.as_ref(),
                Some(&self.item.manifest),
            ];
            for bytes in stored.into_iter().flatten() {
                for at in [0, 12, bytes.len() - 32] {
                    let window = bytes.get(at..at + 32).unwrap_or(&bytes[..32]);
                    keys.push(Secret::new(window.try_into().unwrap()));
                }
            }
        }
        if held.key_file {
            keys.extend(PURPOSES.iter().map(|purpose| self.keys.derive(purpose)));
        }
        if held.mail {
            let (l, salt) = (self.given.link.share(), g.id.as_bytes());
            keys.push(crypto::derive_key(l, salt, b"mailseal/1/escrow/auth"));
        }
        if held.passphrase {
            keys.extend(self.f.clone());
        }
        if held.archive_secret {
            keys.push(self.archive.to_bytes());
        }
        if !held.database {
            return keys;
        }
        // What opens under what he has.
        let mut found = Vec::new();
        for key in &keys {
            found.extend(open_key(key, g.id.as_bytes(), &g.auth));
            // The binding needs the contacts, which are sealed.
            if let Ok(binding) = g.binding(&self.root(held)) {
                let share = g.share.as_deref().unwrap();
                found.extend(open_key(key, &binding.bytes(), share));
            }
        }
        if held.wrapping_keys
            && let (Some(version), Ok(binding)) = (&g.share_key, g.binding(&self.root(held)))
        {
            let wrapped = Wrapped::new(version, g.share.clone().unwrap());
            let bytes = binding.bytes();
            let share = self.wrapping.unwrap(&bytes, &wrapped).now_or_never();
            found.extend(share.unwrap());
        }
        keys.extend(found);
        keys
    }

    /// The key file, or another one where he does not hold it.
    fn root(&self, held: Held) -> RootKeys {
        match held.key_file {
            true => RootKeys::new(&self.keys),
            false => RootKeys::new(&Keys::make_ephemeral()),
        }
    }

    fn opens(&self, held: Held) -> bool {
        let (g, item) = (&self.grant, self.item.id);
        let keys = self.secrets(held);
        let mut deks = keys.clone();
        if held.database {
            let wrapped = g.dek.as_ref().unwrap();
            let mut links: Vec<[u8; SHARE]> = vec![[0; SHARE]];
            if held.mail {
                links.push(*self.given.link.share());
            }
            for s in &keys {
                deks.extend(unwrap_dek(s, item, wrapped));
                for l in &links {
                    for f in keys.iter().map(Some).chain([None]) {
                        let kek = derive_kek(g.id, s, l, f);
                        deks.extend(unwrap_dek(&kek, item, wrapped));
                    }
                }
            }
            deks.extend(self.deks_of_archive(&keys));
        }
        deks.iter().any(|dek| {
            Manifest::open(dek, &self.item).is_ok()
                || chunk::decrypt(dek, &context("content", item), &self.content).is_ok()
        })
    }

    fn deks_of_archive(&self, keys: &[Key]) -> Vec<Key> {
        let secrets = keys.iter().filter_map(|key| {
            let secret = ArchiveSecret::from_bytes(*key.expose()).ok()?;
            self.item.archive.as_ref()?.unwrap(&secret, &self.item)
        });
        secrets.collect()
    }

    /// Whether he reads a reply on its way.
    fn opens_reply(&self, held: Held) -> bool {
        if !held.database {
            return false;
        }
        let keys = self.secrets(held);
        let (row, sealed) = &self.reply;
        let row: serde_json::Value = serde_json::from_slice(&row.value).unwrap();
        let bytes = |name: &str| {
            let text = row[name].as_str().unwrap();
            data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()
        };
        let id = crypto::sha256_parts(&[
            b"mailseal/1/portal/reply key",
            HpkeSecret::derive(self.keys.derive("mailseal/1/portal/reply").expose())
                .public()
                .as_bytes(),
        ]);
        let grant = self.grant.id;
        let info = [b"mailseal/1/portal/reply", &grant.as_bytes()[..], &id[..16]].concat();
        let context = [b"mailseal/1/portal/reply\0", &grant.as_bytes()[..]].concat();
        let mut deks = keys.clone();
        for key in &keys {
            let as_scalar = HpkeSecret::from_scalar(key.clone()).ok();
            for secret in as_scalar
                .into_iter()
                .chain([HpkeSecret::derive(key.expose())])
            {
                let opened = secret.open(&info, &bytes("enc"), &bytes("wrapped"));
                let dek = opened.ok().and_then(|dek| dek.as_slice().try_into().ok());
                deks.extend(dek.map(Secret::new));
            }
        }
        deks.iter()
            .any(|dek| chunk::decrypt(dek, &context, sealed).is_ok())
    }
}

/// A reply that the recipient is just sending.
async fn reply(escrow: &Escrow, store: &MemoryStore, given: &PreparedGrant) -> (Row, Vec<u8>) {
    let (key, grant) = (escrow.reply_key(), given.grant);
    let info = [b"mailseal/1/portal/reply", &grant.as_bytes()[..], &key.id].concat();
    let dek: Key = Secret::new(crypto::make_random());
    let to = crypto::hpke::HpkePublic::parse(&key.key).unwrap();
    let joined = to.seal(&info, dek.expose()).unwrap();
    let (enc, wrapped) = joined.split_at(POINT);
    let context = [b"mailseal/1/portal/reply\0", &grant.as_bytes()[..]].concat();
    let sealed = chunk::encrypt(&dek, &context, b"my symptoms").unwrap();
    let begun = escrow.begin_reply(grant, enc, wrapped, 11).await.unwrap();
    let put = escrow.put_reply_part(grant, begun.reply, 0, &sealed);
    put.await.unwrap();
    let mut rows = store.range(Table::Reply, &[], None, 2).await.unwrap();
    (rows.remove(0), sealed)
}

const KEPT: [Kept; 5] = {
    let plain = Kept {
        passphrase: false,
        provider: false,
        archive: false,
    };
    let passphrase = Kept {
        passphrase: true,
        ..plain
    };
    let provider = Kept {
        provider: true,
        ..plain
    };
    let archive = Kept {
        archive: true,
        ..plain
    };
    let all = Kept {
        passphrase: true,
        provider: true,
        archive: true,
    };
    [plain, passphrase, provider, archive, all]
};

#[tokio::test]
async fn each_thief_opens_exactly_what_the_design_says() {
    let mut opened = 0;
    for kept in KEPT {
        let house = House::new(kept).await;
        for held in Held::all() {
            let opens = house.opens(held);
            assert_eq!(opens, held.should_open(kept), "{kept:?} {held:?}");
            opened += usize::from(opens);
        }
    }
    // Of 5 × 64: 8, 4, 4, 20 and 17.
    assert_eq!(opened, 53);
}

#[tokio::test]
async fn a_reply_on_its_way_and_the_contacts_need_the_key_file() {
    let house = House::new(KEPT[3]).await;
    for held in Held::all() {
        let both = held.database && held.key_file;
        assert_eq!(house.opens_reply(held), both, "{held:?}");
        let sealed = house.grant.contacts.as_ref().unwrap();
        let contacts = held.database
            && house.secrets(held).iter().any(|key| {
                let opened = crypto::open(key, house.grant.id.as_bytes(), sealed);
                opened.is_ok_and(|text| Contacts::decode(&text).is_ok_and(|c| c.phone.is_some()))
            });
        assert_eq!(contacts, both, "{held:?}");
    }
    assert!(!house.kept.passphrase && house.kept.archive);
}
