//! A roster as bytes.
//!
//! `"mailseal-roster\n"`, version (u32), the mark of the key (32 bytes), the
//! lengths of the sections (u64 each), the sections in the order of
//! [`Sections`], and an HMAC-SHA-256 over all of that. Numbers are
//! little-endian. Nothing of a file is used before its code is right.

use super::index::{Filter, Table};
use super::keyed::Hasher;
use super::likeness::are_marks;
use super::{Dense, PROXY, Roster, RosterError};
use crate::base::Keys;

const MAGIC: &[u8; 16] = b"mailseal-roster\n";
const VERSION: u32 = 1;
const SECTIONS: usize = 9;
const HEAD: usize = 16 + 4 + 32 + SECTIONS * 8;
const CODE: usize = 32;
/// The largest file that is read.
const MAX_BYTES: usize = 8 << 30;

impl Roster {
    /// The roster as bytes, for a file or a database.
    pub fn to_bytes(&self) -> Vec<u8> {
        let sections = [
            longs(&self.ids),
            words(&self.family),
            longs(&self.filter.words),
            words(&self.table.starts),
            words(&self.table.rest),
            words(&self.table.who),
            words(&self.mark_starts),
            self.marks.clone(),
            words(&self.dense.0),
        ];
        let total: usize = sections.iter().map(Vec::len).sum();
        let mut out = Vec::with_capacity(HEAD + total + CODE);
        out.extend(MAGIC);
        out.extend(VERSION.to_le_bytes());
        out.extend(self.hasher.mark());
        for section in &sections {
            out.extend((section.len() as u64).to_le_bytes());
        }
        for section in sections {
            out.extend(section);
        }
        let code = self.hasher.seal(&out);
        out.extend(code);
        out
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote, with the same key.
    ///
    /// # Errors
    /// [`RosterError::NotARoster`], [`RosterError::Version`],
    /// [`RosterError::OtherKey`], and [`RosterError::Damaged`] where anything
    /// was cut off or changed.
    pub fn from_bytes(bytes: &[u8], keys: &Keys) -> Result<Self, RosterError> {
        let hasher = Hasher::new(keys);
        let (magic, rest) = bytes.split_at_checked(16).ok_or(RosterError::NotARoster)?;
        if magic != MAGIC {
            return Err(RosterError::NotARoster);
        }
        let (version, rest) = rest.split_first_chunk::<4>().ok_or(RosterError::Damaged)?;
        let version = u32::from_le_bytes(*version);
        if version != VERSION {
            return Err(RosterError::Version { version });
        }
        let (mark, _) = rest.split_at_checked(32).ok_or(RosterError::Damaged)?;
        if !Hasher::same(mark, &hasher.mark()) {
            return Err(RosterError::OtherKey);
        }
        if bytes.len() > MAX_BYTES || bytes.len() < HEAD + CODE {
            return Err(RosterError::Damaged);
        }
        let (body, code) = bytes.split_at(bytes.len() - CODE);
        if !Hasher::same(code, &hasher.seal(body)) {
            return Err(RosterError::Damaged);
        }
        Self::of_sections(body, hasher).ok_or(RosterError::Damaged)
    }

    /// The sections, each of which must fit the others: a code that is right
    /// says who wrote it, not that it was written well.
    fn of_sections(body: &[u8], hasher: Hasher) -> Option<Self> {
        let (head, mut rest) = body.split_at_checked(HEAD)?;
        let mut sections = [&[][..]; SECTIONS];
        let lengths = longs_of(head.get(HEAD - SECTIONS * 8..)?)?;
        for (section, length) in sections.iter_mut().zip(lengths) {
            (*section, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        }
        let [
            ids,
            family,
            filter,
            starts,
            entries,
            who,
            mark_starts,
            marks,
            dense,
        ] = sections;
        let roster = Self {
            hasher,
            ids: longs_of(ids)?,
            family: words_of(family)?,
            filter: Filter {
                words: longs_of(filter)?,
            },
            table: Table {
                bits: Table::bits_for(entries.len() / 4),
                starts: words_of(starts)?,
                rest: words_of(entries)?,
                who: words_of(who)?,
            },
            mark_starts: words_of(mark_starts)?,
            marks: marks.to_vec(),
            dense: Dense(words_of(dense)?.try_into().ok()?),
        };
        let patients = roster.ids.len();
        let ordered = |all: &[u32], end: usize| {
            all.is_sorted() && all.last().is_some_and(|last| *last as usize == end)
        };
        let fits = rest.is_empty()
            && roster.family.len() == patients
            && !roster.filter.words.is_empty()
            && roster.filter.words.len().is_multiple_of(8)
            && roster.table.starts.len() == (1 << roster.table.bits) + 1
            && roster.table.rest.len() == roster.table.who.len()
            && ordered(&roster.table.starts, roster.table.who.len())
            && roster
                .table
                .who
                .iter()
                .all(|w| ((w & !PROXY) as usize) < patients)
            && roster.mark_starts.len() == patients + 1
            && ordered(&roster.mark_starts, roster.marks.len())
            && are_marks(&roster.marks);
        fits.then_some(roster)
    }
}

fn words(all: &[u32]) -> Vec<u8> {
    all.iter().flat_map(|n| n.to_le_bytes()).collect()
}

fn longs(all: &[u64]) -> Vec<u8> {
    all.iter().flat_map(|n| n.to_le_bytes()).collect()
}

fn words_of(bytes: &[u8]) -> Option<Vec<u32>> {
    let (all, rest) = bytes.as_chunks::<4>();
    rest.is_empty()
        .then(|| all.iter().map(|b| u32::from_le_bytes(*b)).collect())
}

fn longs_of(bytes: &[u8]) -> Option<Vec<u64>> {
    let (all, rest) = bytes.as_chunks::<8>();
    rest.is_empty()
        .then(|| all.iter().map(|b| u64::from_le_bytes(*b)).collect())
}
