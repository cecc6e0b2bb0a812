//! What addresses and audience say of a message.

use super::lexicon::{Flag, Flags, GIVEN, Lexicon, SURNAME};
use super::passage::{Passage, Region};
use super::risk::features::Envelope;
use super::token::hash;
use super::view::View;
use crate::compose::Message;

/// More recipients say nothing more of who they are.
const MAX_TOLD: usize = 16;

/// Hashes of the words of a text.
fn words_of(text: &str) -> Vec<u32> {
    if text.is_empty() {
        return Vec::new();
    }
    let view = View::plain(text);
    let passage = Passage::read(&view.text, 0, view.text.len(), Region::Header);
    passage
        .items
        .iter()
        .filter(|i| i.kind == super::unit::UnitKind::Word && !i.word.flags().has(Flag::Function))
        .map(|i| i.hash)
        .collect()
}

pub(super) fn envelope(message: &Message) -> Envelope {
    let addresses: Vec<&str> = message
        .recipients()
        .iter()
        .map(|(_, r)| r.address().as_str())
        .collect();
    let audience = message.audience().unwrap_or_default();
    envelope_of(message.sender().as_str(), &addresses, audience)
}

pub(super) fn envelope_of(sender: &str, recipients: &[&str], audience: &str) -> Envelope {
    let own = parted(sender).1;
    let is_own = |address: &&str| parted(address).1.eq_ignore_ascii_case(own);
    let personal = recipients.iter().filter(|a| looks_personal(a)).count();
    Envelope {
        personal: match personal {
            0 => 0,
            n if n == recipients.len() => 1,
            _ => 2,
        },
        from_person: looks_personal(sender),
        recipients: u8::try_from(recipients.len()).unwrap_or(u8::MAX),
        internal: !recipients.is_empty() && recipients.iter().all(is_own),
        recipient_words: recipient_words(recipients),
        audience_words: words_of(audience),
    }
}

/// Hashes of what addresses say of whose they are: `referrals`, `legal`. Names
/// say nothing, nor does a domain that is anybody's.
fn recipient_words(addresses: &[&str]) -> Vec<u32> {
    let lexicon = Lexicon::get();
    let mut out = Vec::new();
    for address in addresses.iter().take(MAX_TOLD) {
        let (local, domain) = parted(address);
        let organisation = domain.rsplit_once('.').map_or("", |(rest, _)| rest);
        let organisation = match is_consumer(domain) || organisation == "mail" {
            true => "",
            false => organisation,
        };
        for part in [local, organisation] {
            out.extend(
                pieces(part)
                    .map(|piece| hash(piece.as_bytes()))
                    .filter(|hash| {
                        let flags = lexicon.word(*hash);
                        flags.has(Flag::English) || !flags.any(GIVEN.union(SURNAME))
                    }),
            );
        }
    }
    out.sort_unstable();
    out.dedup();
    out
}

/// The local part and the domain of an address.
pub(super) fn parted(address: &str) -> (&str, &str) {
    address.rsplit_once('@').unwrap_or((address, ""))
}

/// The words of a part of an address.
fn pieces(part: &str) -> impl Iterator<Item = &str> {
    part.split(|c: char| !c.is_alphanumeric())
        .filter(|piece| !piece.is_empty())
}

pub(super) fn is_consumer(domain: &str) -> bool {
    CONSUMER.iter().any(|c| c.eq_ignore_ascii_case(domain))
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
pub(super) fn looks_personal(address: &str) -> bool {
    let (local, domain) = parted(address);
    let lexicon = Lexicon::get();
    let role = Flags::of(&[Flag::Role, Flag::FacilityField]);
    let (mut all, mut names, mut either, mut words, mut roles) = (0, 0, 0, 0, 0);
    for piece in pieces(local) {
        all += 1;
        let flags = lexicon.word(hash(piece.as_bytes()));
        let english = flags.has(Flag::English);
        if piece.len() == 1 || flags.any(GIVEN.union(SURNAME)) && !english {
            names += 1;
        } else if flags.any(role) {
            roles += 1;
        } else if english && flags.any(GIVEN) {
            // `pat`, `rose`. Surnames that are words tell nothing: `list`.
            either += 1;
        } else if english {
            words += 1;
        }
    }
    let unknown = either == 0 && all > 0 && local.len() > 4;
    // A name that is a word is a name beside another, or beside no word.
    let spelt = either > 0 && all > 1;
    names > 0 || roles == 0 && (is_consumer(domain) || words == 0 && (unknown || spelt))
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
                envelope_of("a@b.example", &[address], "").personal,
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
                envelope_of("a@b.example", &[address], "").personal,
                0,
                "{address}"
            );
        }
        let both = ["front.desk@mail.example", "pat.lindqvist@mail.example"];
        assert_eq!(envelope_of("a@b.example", &both, "").personal, 2);
    }

    #[test]
    fn what_addresses_say_of_whose_they_are() {
        let told = |addresses: &[&str]| envelope_of("a@b.example", addresses, "").recipient_words;
        let hashes = |words: &[&str]| {
            let mut all: Vec<u32> = words.iter().map(|w| hash(w.as_bytes())).collect();
            all.sort_unstable();
            all
        };
        let both = [
            "Referrals@legal-aid.example",
            "intake.desk@legal-aid.example",
        ];
        let words = ["referrals", "legal", "aid", "intake", "desk"];
        assert_eq!(told(&both), hashes(&words));
        // Names, and where anybody has mail, say nothing.
        for address in ["maria.alvarez@gmail.com", "alvarez@mail.example", "@", ""] {
            assert!(told(&[address]).is_empty(), "{address}");
        }
        let mut many = vec!["desk@mail.example"; MAX_TOLD];
        many.push("intake@mail.example");
        assert_eq!(told(&many), hashes(&["desk"]));
    }
}
