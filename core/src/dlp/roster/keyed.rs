//! The keyed hashes that stand for values.

use zeroize::Zeroize as _;

use crate::base::Keys;
use crate::base::crypto::{self, MacKey, sip::sip24};

/// What a hashed value is, so that a phone number never equals a record number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Tag {
    Name = 1,
    NameAndBirth = 2,
    Mrn = 3,
    Ssn = 4,
    Plan = 5,
    Phone = 6,
    Mailbox = 7,
    Street = 8,
    /// A number of any of the kinds, for the filter only.
    Number = 9,
    Id = 10,
    /// A word of a name, for the filter only.
    Word = 11,
}

impl Tag {
    /// The tag under which the filter knows it: what a run of digits is, the
    /// filter need not say, so that one question answers for all.
    const fn filter(self) -> Self {
        match self {
            Self::Mrn | Self::Ssn | Self::Plan | Self::Phone => Self::Number,
            other => other,
        }
    }
}

/// The keys of a roster, each for one purpose.
pub(super) struct Hasher {
    exact: MacKey,
    file: MacKey,
    filter: [u64; 2],
    /// For look-alikes of addresses, and for what hangs on one patient.
    near: [u64; 2],
}

impl Hasher {
    pub(super) fn new(keys: &Keys) -> Self {
        let pair = |purpose| {
            let key = keys.derive(purpose);
            let mut halves = [0u64; 2];
            for (half, bytes) in halves.iter_mut().zip(key.expose().chunks_exact(8)) {
                *half = bytes.iter().rev().fold(0, |n, &b| n << 8 | u64::from(b));
            }
            halves
        };
        Self {
            exact: MacKey::new(&keys.derive("mailseal/1/roster/exact")),
            file: MacKey::new(&keys.derive("mailseal/1/roster/file")),
            filter: pair("mailseal/1/roster/filter"),
            near: pair("mailseal/1/roster/near"),
        }
    }

    /// HMAC-SHA-256, cut to 64 bits.
    pub(super) fn exact(&self, tag: Tag, value: &[u8]) -> u64 {
        let code = self.exact.sign(&[&[tag as u8], value]);
        code.iter().take(8).fold(0, |n, &b| n << 8 | u64::from(b))
    }

    /// The cheap hash that the filter is asked by.
    pub(super) fn filter(&self, tag: Tag, value: &[u8]) -> u64 {
        sip24(&self.filter, tag.filter() as u64, value)
    }

    /// A hash for look-alikes.
    pub(super) fn near(&self, value: &[u8]) -> u64 {
        sip24(&self.near, u64::MAX, value)
    }

    /// A hash that says nothing about two patients with the same value.
    pub(super) fn salted(&self, salt: u32, value: &[u8]) -> u32 {
        let hash = sip24(&self.near, u64::from(salt), value);
        (hash >> 32) as u32
    }

    /// The code over a file.
    pub(super) fn seal(&self, bytes: &[u8]) -> [u8; 32] {
        self.file.sign(&[b"file", bytes])
    }

    /// What shows that a file was made with this key.
    pub(super) fn mark(&self) -> [u8; 32] {
        self.file.sign(&[b"mark"])
    }

    pub(super) fn same(a: &[u8], b: &[u8]) -> bool {
        crypto::equal(a, b)
    }
}

impl Drop for Hasher {
    fn drop(&mut self) {
        self.filter.zeroize();
        self.near.zeroize();
    }
}
