//! What addresses and audience say of a message.

use super::lexicon::{Flags, Lexicon};
use super::passage::{Passage, Region};
use super::risk::features::Envelope;
use super::token::hash;
use super::view::View;
use crate::compose::Message;

/// Hashes of the words of a text.
pub(super) fn words_of(text: &str) -> Vec<u32> {
    if text.is_empty() {
        return Vec::new();
    }
    let view = View::plain(text);
    let passage = Passage::read(&view.text, 0, view.text.len(), Region::Header);
    passage
        .items
        .iter()
        .filter(|i| {
            i.kind == super::unit::UnitKind::Word
                && !i.word.flags().has(super::lexicon::Flag::Function)
        })
        .map(|i| i.hash)
        .collect()
}

pub(super) fn envelope(message: &Message) -> Envelope {
    let addresses: Vec<&str> = message
        .recipients()
        .iter()
        .map(|(_, r)| r.address().as_str())
        .collect();
    envelope_of(message.sender().as_str(), &addresses)
}

pub(super) fn envelope_of(sender: &str, recipients: &[&str]) -> Envelope {
    let at = |address: &str| address.bytes().rposition(|b| b == b'@');
    let domain = |address: &str| at(address).map_or(address.len(), |at| at + 1);
    let own = sender.get(domain(sender)..).unwrap_or_default();
    let is_own = |address: &&str| {
        let other = address.get(domain(address)..);
        other.is_some_and(|other| other.eq_ignore_ascii_case(own))
    };
    let personal = recipients.iter().filter(|a| looks_personal(a)).count();
    Envelope {
        personal: match personal {
            0 => 0,
            n if n == recipients.len() => 1,
            _ => 2,
        },
        recipients: u8::try_from(recipients.len()).unwrap_or(u8::MAX),
        internal: !recipients.is_empty() && recipients.iter().all(is_own),
    }
}

/// Whether the local part of an address looks like a person's name.
fn looks_personal(address: &str) -> bool {
    use super::lexicon::Flag;
    let end = address.bytes().position(|b| b == b'@');
    let local = address
        .get(..end.unwrap_or(address.len()))
        .unwrap_or_default();
    let lexicon = Lexicon::get();
    let names = Flags::of(&[
        Flag::GivenTop,
        Flag::Given,
        Flag::GivenWorld,
        Flag::SurnameTop,
        Flag::SurnameMid,
        Flag::SurnameRare,
        Flag::SurnameWorld,
    ]);
    let mut words = 0;
    let mut named = 0;
    let mut roles = 0;
    for piece in local
        .split(|c: char| !c.is_alphanumeric())
        .filter(|p| !p.is_empty())
    {
        words += 1;
        let flags = lexicon.word(hash(piece.as_bytes()));
        let initial = piece.len() == 1;
        if initial || flags.any(names) && !flags.has(Flag::English) {
            named += 1;
        } else if flags.has(Flag::English)
            || flags.has(Flag::Role)
            || flags.has(Flag::FacilityField)
        {
            roles += 1;
        }
    }
    named > 0 || roles == 0 && words > 0 && local.len() > 4
}
