//! Whether a message goes to the wrong patient.

use super::keyed::Tag;
use super::likeness::Suspect;
use super::normal;
use super::{PROXY, Roster, RosterField, RosterHit};
use crate::base::{Address, RecipientId};
use crate::dlp::{Confidence, Misaddressed, MisaddressedWhy};

/// Patients whose addresses are compared with a stranger's. A message that
/// names more is a list.
const MAX_COMPARED: usize = 16;
/// Findings that are looked at.
const MAX_NAMED: usize = 256;

/// One of these patients is named.
struct Named<'h> {
    patients: &'h [u32],
    sure: bool,
}

impl Roster {
    /// The recipients that are the wrong ones, by what the message says.
    ///
    /// - [`OtherPatient`](MisaddressedWhy::OtherPatient): the address belongs to
    ///   a patient, and the message names somebody else. A name alone counts if
    ///   one patient has it, and not where the message also names whom it goes
    ///   to: relatives and clinicians are named in many a message.
    /// - [`LookAlike`](MisaddressedWhy::LookAlike): the address belongs to
    ///   nobody, and differs from one of a named patient's by up to two typing
    ///   errors, look-alike letters, or the provider.
    ///
    /// An address that is known to belong to a clinician, or to nobody, is not
    /// wrong for that alone.
    pub fn misaddressed(
        &self,
        recipients: &[(RecipientId, &Address)],
        found: &[RosterHit],
    ) -> Vec<Misaddressed> {
        let named = named(found);
        if named.is_empty() {
            return Vec::new();
        }
        let mut compared: Vec<u32> = named.iter().flat_map(|n| n.patients).copied().collect();
        compared.sort_unstable();
        compared.dedup();
        compared.truncate(MAX_COMPARED);
        let judge = |&(recipient, address): &(RecipientId, &Address)| {
            let why = self.judge(address, &named, &compared)?;
            Some(Misaddressed::new(recipient, why))
        };
        recipients.iter().filter_map(judge).collect()
    }

    fn judge(
        &self,
        address: &Address,
        named: &[Named<'_>],
        compared: &[u32],
    ) -> Option<MisaddressedWhy> {
        let mailbox = normal::mailbox_of(address);
        let owners = self.owners(&mailbox);
        if owners.is_empty() {
            let suspect = Suspect::new(&self.hasher, &mailbox);
            return compared
                .iter()
                .any(|&who| suspect.looks_like(who, self.marks(who)))
                .then_some(MisaddressedWhy::LookAlike);
        }
        let theirs = |n: &Named<'_>| {
            let id = |who: &u32| self.id(who & !PROXY);
            n.patients
                .iter()
                .any(|who| owners.iter().any(|owner| id(owner) == id(who)))
        };
        let addressed = named.iter().any(theirs);
        named
            .iter()
            .any(|n| !theirs(n) && (n.sure || !addressed))
            .then_some(MisaddressedWhy::OtherPatient)
    }

    /// The patients whose own address it is, or who may be reached by it.
    fn owners(&self, mailbox: &(String, String)) -> &[u32] {
        let key = normal::mailbox_key(mailbox);
        let key = key.as_bytes();
        match self.filter.may_hold(self.hasher.filter(Tag::Mailbox, key)) {
            true => self.table.get(self.hasher.exact(Tag::Mailbox, key)),
            false => &[],
        }
    }
}

fn named(found: &[RosterHit]) -> Vec<Named<'_>> {
    let mut all: Vec<Named<'_>> = Vec::new();
    for hit in found {
        let sure = hit.confidence == Confidence::High;
        let only = hit.field == RosterField::Name && hit.patients.len() == 1;
        // What more patients share than are listed names nobody.
        if hit.more || !(sure || only) {
            continue;
        }
        if let Some(known) = all.iter_mut().find(|n| n.patients == hit.who) {
            known.sure |= sure;
        } else if all.len() < MAX_NAMED {
            all.push(Named {
                patients: &hit.who,
                sure,
            });
        } else {
            break;
        }
    }
    all
}
