//! What is asked of the pieces of words: whether one says what an organisation
//! does, is a given name, a drug. A word has many pieces and hardly one is any of these, so a
//! filter is asked before the table, which is large.

use super::table::{Bytes, Filter};
use super::{FIELDS, Flag, Flags, GIVEN, Lexicon};

const DRUG: Flags = Flags::of(&[Flag::Medication]);

/// Each filter has `2^LOG` words.
const FIELD_LOG: u32 = 9;
const GIVEN_LOG: u32 = 11;
const DRUG_LOG: u32 = 10;

/// A filter for each.
pub(super) struct Pieces {
    field: Filter,
    given: Filter,
    drug: Filter,
}

impl Pieces {
    pub(super) fn read(bytes: &mut Bytes<'static>) -> Self {
        Self {
            field: Filter::read(bytes, FIELD_LOG),
            given: Filter::read(bytes, GIVEN_LOG),
            drug: Filter::read(bytes, DRUG_LOG),
        }
    }

    /// The bytes that [`read`](Self::read) takes, of all words.
    #[cfg(feature = "training")]
    pub(super) fn write(words: &std::collections::BTreeMap<u32, Flags>, out: &mut Vec<u8>) {
        for (flags, log) in [(FIELDS, FIELD_LOG), (GIVEN, GIVEN_LOG), (DRUG, DRUG_LOG)] {
            let hashes = words.iter().filter(|(_, of)| of.any(flags));
            Filter::write(hashes.map(|(hash, _)| *hash), log, out);
        }
    }
}

impl Lexicon {
    /// The flags of a word that says what an organisation does; nothing of other
    /// words.
    pub(crate) fn field(&self, hash: u32) -> Flags {
        let flags = self.piece(&self.pieces.field, hash);
        match flags.any(FIELDS) {
            true => flags,
            false => Flags::default(),
        }
    }

    /// Whether a word is a given name.
    pub(crate) fn is_given(&self, hash: u32) -> bool {
        self.piece(&self.pieces.given, hash).any(GIVEN)
    }

    /// Whether a word is a drug's name.
    pub(super) fn is_drug(&self, hash: u32) -> bool {
        self.piece(&self.pieces.drug, hash).any(DRUG)
    }

    /// The flags of a word that a filter lets through; nothing of others.
    #[inline]
    fn piece(&self, filter: &Filter, hash: u32) -> Flags {
        match filter.may_have(hash) {
            true => self.word(hash),
            false => Flags::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::CLASS_BITS;
    use super::*;
    use crate::dlp::token::hash;

    #[test]
    fn pieces_are_what_the_lists_say_of_them() {
        let lexicon = Lexicon::get();
        let mut found = [0; 3];
        for word in [
            "kidney",
            "clinic",
            "dental",
            "rehab",
            "roofing",
            "the",
            "invoice",
            "rose",
            "maria",
            "nguyen",
            "ngozi",
            "metformin",
            "lisinopril",
            "sertraline",
            "wei",
            "xqzt",
        ] {
            let hash = hash(word.as_bytes());
            let flags = lexicon.word(hash);
            let is = [FIELDS, GIVEN, DRUG].map(|one_of| flags.any(one_of));
            let field = if is[0] { flags } else { Flags::default() };
            assert_eq!(lexicon.field(hash), field, "{word}");
            assert_eq!(lexicon.is_given(hash), is[1], "{word}");
            assert_eq!(lexicon.is_drug(hash), is[2], "{word}");
            for (count, is) in found.iter_mut().zip(is) {
                *count += u32::from(is);
            }
        }
        assert!(found.iter().all(|n| (2..7).contains(n)), "{found:?}");
    }

    /// A slot behind a free one stands where its hash begins, so that the hash is
    /// known.
    #[test]
    fn no_filter_hides_what_the_table_has() {
        let lexicon = Lexicon::get();
        let (words, mut known) = (&lexicon.words, 0);
        let slots = words.slots.array_windows().zip(1u32..);
        for ([_, slot], at) in slots.filter(|([before, _], _)| *before == [0; 4]) {
            let slot = u32::from_le_bytes(*slot);
            let hash = (at << words.shift) & !(u32::MAX >> CLASS_BITS) | slot >> CLASS_BITS;
            let flags = lexicon.word(hash);
            known += u32::from(!flags.is_empty());
            let is = [FIELDS, GIVEN, DRUG].map(|one_of| flags.any(one_of));
            let found = [
                !lexicon.field(hash).is_empty(),
                lexicon.is_given(hash),
                lexicon.is_drug(hash),
            ];
            assert_eq!(found, is, "{hash:x}");
        }
        assert!(known > 20_000, "{known}");
    }

    #[test]
    fn few_others_pass() {
        let lexicon = Lexicon::get();
        for filter in [
            &lexicon.pieces.field,
            &lexicon.pieces.given,
            &lexicon.pieces.drug,
        ] {
            let hashes = (0..10_000u32).map(|n| n.wrapping_mul(0x9e37_79b1));
            let passed = hashes.filter(|hash| filter.may_have(*hash)).count();
            assert!((1..1_000).contains(&passed), "{passed}");
        }
    }
}
