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

/// Where people have their own mail, and few others do.
const CONSUMER: [&str; 26] = [
    "aol.com",
    "att.net",
    "bellsouth.net",
    "charter.net",
    "comcast.net",
    "cox.net",
    "earthlink.net",
    "fastmail.com",
    "gmail.com",
    "gmx.com",
    "gmx.net",
    "googlemail.com",
    "hotmail.com",
    "icloud.com",
    "live.com",
    "mac.com",
    "mail.com",
    "me.com",
    "msn.com",
    "outlook.com",
    "proton.me",
    "protonmail.com",
    "sbcglobal.net",
    "verizon.net",
    "yahoo.com",
    "ymail.com",
];

/// Whether an address looks like a person's: by the names in its local part, or
/// since nothing there is a word.
fn looks_personal(address: &str) -> bool {
    use super::lexicon::Flag;
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    let lexicon = Lexicon::get();
    let given = Flags::of(&[Flag::GivenTop, Flag::Given, Flag::GivenWorld]);
    let surname = Flags::of(&[
        Flag::SurnameTop,
        Flag::SurnameMid,
        Flag::SurnameRare,
        Flag::SurnameWorld,
    ]);
    let role = Flags::of(&[Flag::Role, Flag::FacilityField]);
    let (mut pieces, mut names, mut either, mut words, mut roles) = (0, 0, 0, 0, 0);
    for piece in local
        .split(|c: char| !c.is_alphanumeric())
        .filter(|p| !p.is_empty())
    {
        pieces += 1;
        let flags = lexicon.word(hash(piece.as_bytes()));
        let english = flags.has(Flag::English);
        if piece.len() == 1 || flags.any(given.and(surname)) && !english {
            names += 1;
        } else if flags.any(role) {
            roles += 1;
        } else if english && flags.any(given) {
            // `pat`, `rose`. Surnames that are words tell nothing: `list`.
            either += 1;
        } else if english {
            words += 1;
        }
    }
    let unknown = either == 0 && pieces > 0 && local.len() > 4;
    // A name that is a word is a name beside another, or beside no word.
    let spelt = either > 0 && pieces > 1;
    let consumer = CONSUMER.iter().any(|c| c.eq_ignore_ascii_case(domain));
    names > 0 || roles == 0 && (consumer || words == 0 && (unknown || spelt))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_looks_like_a_person() {
        for address in [
            "pat.lindqvist@mail.example",
            "patience.adu@mail.example",
            "may.rose@mail.example",
            "h.okafor@mail.example",
            "mkowalczyk77@mail.example",
            "the.smiths@gmail.com",
            "sunflower@Yahoo.com",
        ] {
            assert_eq!(
                envelope_of("a@b.example", &[address]).personal,
                1,
                "{address}"
            );
        }
        for address in [
            "the.smiths@mail.example",
            "members-list@mail.example",
            "chief.clerk@mail.example",
            "front.desk@mail.example",
            "pat@mail.example",
            "@mail.example",
            "",
        ] {
            assert_eq!(
                envelope_of("a@b.example", &[address]).personal,
                0,
                "{address}"
            );
        }
        let both = ["front.desk@mail.example", "pat.lindqvist@mail.example"];
        assert_eq!(envelope_of("a@b.example", &both).personal, 2);
    }
}
