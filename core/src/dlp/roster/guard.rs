//! Whether a message goes to the wrong patient.

use super::keyed::Tag;
use super::likeness::Suspect;
use super::normal;
use super::{PROXY, PatientId, Roster, RosterField, RosterHit};
use crate::base::{Address, RecipientId};
use crate::dlp::{Confidence, Misaddressed, MisaddressedWhy};

/// Patients whose addresses are compared with a stranger's. A message that
/// names more is a list.
const MAX_COMPARED: usize = 16;
/// Findings that are looked at.
const MAX_NAMED: usize = 256;

/// One of these patients is named.
struct Named<'h> {
    patients: &'h [PatientId],
    sure: bool,
    /// It tells no more than who wrote the message.
    signed: bool,
}

impl Roster {
    /// The recipients that are the wrong ones, by what the message says.
    ///
    /// - [`OtherPatient`](MisaddressedWhy::OtherPatient): the address belongs to
    ///   a patient, and the message names somebody else. A name alone counts if
    ///   one patient has it, and not where the message also names whom it goes
    ///   to, by what the two do not share: relatives and clinicians are named in
    ///   many a message.
    /// - [`LookAlike`](MisaddressedWhy::LookAlike): the address belongs to
    ///   nobody, and looks like one of a named patient's. It has the same local
    ///   part at another well-known provider, or differs by typing errors (a
    ///   character too many, too few, another, or two swapped; `rn` for `m`,
    ///   `vv` for `w` and `cl` for `d` are one). Before the `@` there may be two
    ///   of them in 8 to 32 characters, one in 5 to 7 or in more, and none in
    ///   fewer; dots that the patient's has not are none. In the domain there may be
    ///   one, or another common ending, and then one fewer before the `@`.
    ///   Letters that look alike in other scripts are the same letters.
    ///
    /// An address that is known to belong to a clinician, or to nobody, is not
    /// wrong for that alone. Of the patients named sixteen rows are compared,
    /// those whom the message names alone first: one that names more is a list.
    pub fn misaddressed(
        &self,
        recipients: &[(RecipientId, &Address)],
        found: &[RosterHit],
    ) -> Vec<Misaddressed> {
        self.misaddressed_from(None, recipients, found)
    }

    /// The same of a message whose sender may be a patient too: their own name,
    /// telephone and address are a signature.
    pub(in crate::dlp) fn misaddressed_from(
        &self,
        sender: Option<&Address>,
        recipients: &[(RecipientId, &Address)],
        found: &[RosterHit],
    ) -> Vec<Misaddressed> {
        use RosterField::{Email, Name, Phone, Street};
        let owners = sender.map_or(&[][..], |s| self.owners(&normal::mailbox_of(s)));
        let own = owners.iter().filter(|who| **who & PROXY == 0);
        let own: Vec<PatientId> = own.map(|who| PatientId(self.id(*who))).collect();
        let signed = |hit: &RosterHit| {
            matches!(hit.field, Name | Phone | Street | Email)
                && hit.patients.iter().all(|id| own.contains(id))
        };
        let named = named(found, signed);
        let compared = compared(found, signed);
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
            let suspect = Suspect::new(&self.hasher, address);
            return compared
                .iter()
                .any(|&who| suspect.looks_like(who, self.marks(who)))
                .then_some(MisaddressedWhy::LookAlike);
        }
        let owns = |id: &PatientId| owners.iter().any(|w| self.id(w & !PROXY) == id.0);
        let (theirs, others): (Vec<_>, Vec<_>) =
            named.iter().partition(|n| n.patients.iter().any(owns));
        // What they share with the other one names neither: the telephone of a family.
        let lifted = |other: &Named<'_>| {
            let apart = |n: &&Named<'_>| !n.patients.iter().any(|id| other.patients.contains(id));
            theirs.iter().any(apart)
        };
        others
            .iter()
            .any(|n| !n.signed && (n.sure || !lifted(n)))
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

fn named(found: &[RosterHit], signed: impl Fn(&RosterHit) -> bool) -> Vec<Named<'_>> {
    let mut all: Vec<Named<'_>> = Vec::new();
    for hit in found {
        let sure = hit.confidence == Confidence::High;
        // What more patients share than are listed names nobody.
        if hit.more || !(sure || names_one(hit)) {
            continue;
        }
        if let Some(known) = all.iter_mut().find(|n| n.patients == hit.patients) {
            known.sure |= sure;
            known.signed &= signed(hit);
        } else if all.len() < MAX_NAMED {
            all.push(Named {
                patients: &hit.patients,
                sure,
                signed: signed(hit),
            });
        } else {
            break;
        }
    }
    all
}

fn names_one(hit: &RosterHit) -> bool {
    hit.field == RosterField::Name && hit.patients.len() == 1
}

/// Whose addresses are compared with a stranger's: of a name that several have
/// it may be any.
fn compared(found: &[RosterHit], signed: impl Fn(&RosterHit) -> bool) -> Vec<u32> {
    let mut all: Vec<u32> = Vec::new();
    for alone in [true, false] {
        let hits = found.iter().filter(|hit| !hit.more && !signed(hit));
        let hits =
            hits.filter(|hit| (hit.confidence == Confidence::High || names_one(hit)) == alone);
        for &who in hits.flat_map(|hit| &hit.who) {
            if all.len() == MAX_COMPARED {
                return all;
            }
            if !all.contains(&who) {
                all.push(who);
            }
        }
    }
    all
}
