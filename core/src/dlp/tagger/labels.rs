//! What the two models choose from.

use crate::dlp::FindingKind;

/// Kinds of several words. Each has two labels, first word and further word.
pub(crate) const WORD_KINDS: [FindingKind; 8] = [
    FindingKind::Name,
    FindingKind::Provider,
    FindingKind::Facility,
    FindingKind::Address,
    FindingKind::Condition,
    FindingKind::Medication,
    FindingKind::Procedure,
    FindingKind::Lab,
];

/// A word's label: 0 is none, `1 + 2k` starts kind `k`, `2 + 2k` goes on.
pub(crate) type WordLabel = u8;
pub(crate) const WORD_LABELS: usize = 2 * WORD_KINDS.len();

/// The order in which their weights stand: of the first words of each kind, then
/// of the further words. Behind none only first words are open, and nothing is
/// asked of the others.
pub(crate) const WORD_LANES: [usize; WORD_LABELS] = {
    let mut lanes = [0; WORD_LABELS];
    let mut n = 0;
    while n < WORD_KINDS.len() {
        lanes[n] = 2 * n;
        lanes[n + WORD_KINDS.len()] = 2 * n + 1;
        n += 1;
    }
    lanes
};

/// Kinds of one unit. Label 0 is none, `1 + n` is kind `n`.
pub(crate) const CODE_KINDS: [FindingKind; 24] = [
    FindingKind::Date,
    FindingKind::AgeOver89,
    FindingKind::Phone,
    FindingKind::Fax,
    FindingKind::Email,
    FindingKind::Ssn,
    FindingKind::Mrn,
    FindingKind::HealthPlanId,
    FindingKind::Account,
    FindingKind::License,
    FindingKind::Vehicle,
    FindingKind::Device,
    FindingKind::Url,
    FindingKind::Ip,
    FindingKind::Biometric,
    FindingKind::OtherId,
    FindingKind::CreditCard,
    FindingKind::BankAccount,
    FindingKind::Npi,
    FindingKind::Dea,
    FindingKind::Icd10,
    FindingKind::Ndc,
    FindingKind::Cpt,
    FindingKind::Loinc,
];
pub(crate) const CODE_LABELS: usize = 24;

/// How far the models lean towards a kind (its first word) beyond what training
/// found: a person who is missed costs more than one too many, and of traits of
/// the body there are few to learn from. In the models' own points, of which a
/// margin of 80 is high confidence.
pub(crate) const WORD_LEAN: (FindingKind, i16) = (FindingKind::Name, 40);
pub(crate) const CODE_LEAN: (FindingKind, i16) = (FindingKind::Biometric, 60);
