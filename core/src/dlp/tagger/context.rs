//! What the models know of the message around a passage.

use crate::dlp::envelope::{is_consumer, looks_personal, parted};
use crate::dlp::lexicon::{FIELDS, Flag, Flags, Lexicon, NAMES, PROTECTED, SPECIALITIES};
use crate::dlp::token::{SEED, Shape, Token, finish, hash, step, tokens};
use crate::dlp::view::View;

/// What sender, recipients, audience and the text as a whole say.
#[derive(Debug, Clone, Default)]
pub(crate) struct Context {
    /// Hashes of the words in recipients' names and addresses.
    recipients: Vec<u32>,
    /// Hashes of the words in the sender's name and address.
    senders: Vec<u32>,
    /// A bit for each of both, by the low bits: most words are in neither.
    addresses: [u64; 16],
    /// Strength of care in the sender's name, 0 to 3.
    pub(crate) sender_care: u8,
    /// The same in the recipients' names and addresses.
    pub(crate) recipient_care: u8,
    /// Whether the sender's name or address speaks of animals (1), and a
    /// recipient's (2).
    pub(crate) animals: u8,
    /// Whether the sender is called as those are who care for nobody's health
    /// (1), and a recipient (2).
    pub(crate) trades: u8,
    /// Strength of care in the audience, 0 to 3; 4 where there is an audience
    /// without.
    pub(crate) audience_care: u8,
    /// Words that speak to or of a patient, less those that speak against it.
    pub(crate) speech: i32,
    /// How much words, sender and audience alone speak for PHI, in steps from 0
    /// (not at all) to 5.
    pub(crate) prior: u8,
    /// Whether recipients look like persons (see the verdict's features), and
    /// whether the mail stays in its domain.
    pub(crate) personal: u8,
    pub(crate) internal: bool,
    /// Categories of the sender's and the audience's specialities.
    pub(crate) speciality: Flags,
    /// Those of the recipients'.
    pub(crate) recipient_speciality: Flags,
}

const CARE: [Flag; 3] = [Flag::Speciality1, Flag::Speciality2, Flag::Speciality3];

impl Context {
    /// From the sender's and the recipients' header texts and the audience.
    pub(crate) fn new<'t>(
        sender: &str,
        recipients: impl IntoIterator<Item = &'t str>,
        audience: Option<&str>,
    ) -> Self {
        let mut context = Self::default();
        let mut all = Vec::with_capacity(32);
        for recipient in recipients {
            let view = read(recipient, &mut all);
            words(&view.text, &all, &mut context.recipients);
            context.animals |= u8::from(of_animals(&view.text, &all)) << 1;
            // A person's name tells of no care: `arturo`.
            let view = match recipient.rsplit_once('@') {
                Some((_, domain)) if looks_personal(recipient) => read(domain, &mut all),
                _ => view,
            };
            let field = Field::of(&view.text, &all);
            context.recipient_care = context.recipient_care.max(field.care);
            context.recipient_speciality = context.recipient_speciality.union(field.categories);
            context.trades |= u8::from(field.trade) << 1;
        }
        let view = read(sender, &mut all);
        words(&view.text, &all, &mut context.senders);
        // Where people have their own mail is one word, however it is called.
        if is_consumer(parted(sender.trim_end_matches('>')).1) {
            context.senders.push(hash(b"mail"));
        }
        context.recipients.sort_unstable();
        context.senders.sort_unstable();
        let both = context.recipients.iter().chain(&context.senders);
        for hash in both {
            context.addresses[*hash as usize >> 6 & 15] |= 1 << (hash & 63);
        }
        context.animals |= u8::from(of_animals(&view.text, &all));
        let field = Field::of(&view.text, &all);
        context.sender_care = field.care;
        context.speciality = field.categories;
        context.trades |= u8::from(field.trade);
        if let Some(audience) = audience {
            let view = read(audience, &mut all);
            let field = Field::of(&view.text, &all);
            context.audience_care = if field.care == 0 { 4 } else { field.care };
            context.speciality = context.speciality.union(field.categories);
        }
        context
    }

    /// Whether a word may stand in one of the addresses.
    #[inline]
    pub(super) fn may_be_own(&self, hash: u32) -> bool {
        self.addresses[hash as usize >> 6 & 15] >> (hash & 63) & 1 != 0
    }

    /// Whether a word stands in a recipient's (1) or the sender's (2) address.
    pub(crate) fn own(&self, hash: u32, shape: Shape) -> u32 {
        if shape == Shape::Sign || !self.may_be_own(hash) {
            return 0;
        }
        u32::from(self.recipients.binary_search(&hash).is_ok())
            | u32::from(self.senders.binary_search(&hash).is_ok()) << 1
    }

    /// Whether a word stands in a recipient's name or address.
    pub(crate) fn own_recipient(&self, hash: u32) -> bool {
        self.recipients.binary_search(&hash).is_ok()
    }

    /// Hashes of the words in the sender's name and address.
    pub(crate) fn senders(&self) -> &[u32] {
        &self.senders
    }

    /// Care in sender and audience as one small number.
    pub(super) fn care(&self) -> u32 {
        u32::from(self.sender_care.min(3)) | u32::from(self.audience_care.min(4)) << 2
    }

    /// How much the text speaks to a patient, in five steps.
    pub(super) fn speech(&self) -> u32 {
        match self.speech {
            ..=-3 => 0,
            -2..=0 => 1,
            1..=2 => 2,
            3..=6 => 3,
            _ => 4,
        }
    }
}

/// Reads the tokens of a header text.
fn read<'t>(text: &'t str, all: &mut Vec<Token>) -> View<'t> {
    let view = View::plain(text);
    all.clear();
    tokens(&view.text, 0, view.text.len(), all);
    view
}

/// The words of a header text; those of an address are told apart by signs, by
/// capitals, and by the words of the lexicon that a fused name consists of.
fn words(text: &[u8], all: &[Token], out: &mut Vec<u32>) {
    let lexicon = Lexicon::get();
    for token in all {
        if !token.is_word() && token.shape != Shape::Alnum {
            continue;
        }
        let mut bytes = text.get(token.range()).unwrap_or_default();
        let mut whole = token.hash;
        if token.shape == Shape::Alnum {
            let letters = bytes.iter().take_while(|b| !b.is_ascii_digit()).count();
            bytes = &bytes[..letters];
            whole = hash(bytes);
        }
        if !(3..=LONGEST_FUSED).contains(&bytes.len()) || bytes == b"example" {
            continue;
        }
        let known = lexicon.word(whole);
        if known.has(Flag::Function) {
            continue;
        }
        out.push(whole);
        // `patlindqvist`: any tail after a known given name may be a name.
        if known.is_empty() {
            // The hash of the letters before the cut.
            let mut before = SEED;
            for (cut, &letter) in (1..bytes.len().saturating_sub(2)).zip(bytes) {
                before = step(before, letter);
                let head = finish(before);
                if cut == 1 || lexicon.is_given(head) {
                    out.push(hash(&bytes[cut..]));
                    if cut >= 3 {
                        out.push(head);
                    }
                }
            }
        }
    }
}

/// What a header text says of an organisation.
struct Field {
    /// The strongest speciality.
    care: u8,
    /// The categories that specialities point to.
    categories: Flags,
    /// It cares for nobody's health, by its name.
    trade: bool,
}

impl Field {
    /// Words fused in a domain (`harborkidney`) are looked for at every cut.
    fn of(text: &[u8], all: &[Token]) -> Self {
        let lexicon = Lexicon::get();
        let mut found = Flags::default();
        for (n, token) in all.iter().enumerate() {
            if token.shape == Shape::Sign {
                continue;
            }
            let mut flags = lexicon.word(token.hash);
            if flags.has(Flag::Continues)
                && let Some((_, phrase)) = lexicon.phrase(text, &all[n..])
            {
                flags = flags.union(phrase.flags());
            }
            let bytes = text.get(token.range()).unwrap_or_default();
            // A word of its own, or a name, is not fused of others: `payment`.
            let known = flags.has(Flag::English) || flags.any(NAMES);
            if !flags.any(FIELDS) && !known && (6..=LONGEST_FUSED).contains(&bytes.len()) {
                flags = flags.union(fused(bytes));
            }
            found = found.union(field(flags));
        }
        let care = CARE
            .iter()
            .rposition(|f| found.has(*f))
            .map_or(0, |n| n + 1);
        Self {
            care: u8::try_from(care).unwrap_or(3),
            categories: Flags(found.0 & PROTECTED.0),
            // A school of nursing is one of both.
            trade: care == 0 && found.has(Flag::Trade),
        }
    }
}

/// What names and addresses of those who care for animals begin or end with.
const ANIMALS: [&[u8]; 12] = [
    b"animal",
    b"animals",
    b"canine",
    b"equine",
    b"feline",
    b"kennels",
    b"paws",
    b"pets",
    b"vet",
    b"veterinary",
    b"vets",
    b"zoo",
];

/// Whether a header text speaks of animals. A word that merely ends so is known
/// as a word: `rivet`.
fn of_animals(text: &[u8], all: &[Token]) -> bool {
    let lexicon = Lexicon::get();
    all.iter()
        .filter(|token| token.shape != Shape::Sign)
        .any(|token| {
            let word = text.get(token.range()).unwrap_or_default();
            let [first, last] = [word.first(), word.last()].map(|b| b.map_or(0, |b| b | 0x20));
            let is = |part: Option<&[u8]>, stem: &[u8]| {
                part.is_some_and(|part| part.eq_ignore_ascii_case(stem))
            };
            let found = ANIMALS.iter().any(|stem| {
                // Few have as much as one letter in its place.
                let begins = stem.first() == Some(&first);
                let ends = stem.last() == Some(&last);
                // `Petsky` and `Zoom` begin so too.
                begins && stem.len() > 4 && is(word.get(..stem.len()), stem)
                    || ends
                        && is(
                            word.len()
                                .checked_sub(stem.len())
                                .and_then(|at| word.get(at..)),
                            stem,
                        )
            });
            let is_other = || {
                let flags = lexicon.word(token.hash);
                let whole = ANIMALS.iter().any(|stem| word.eq_ignore_ascii_case(stem));
                !whole && (flags.has(Flag::English) || flags.any(NAMES))
            };
            found && !is_other()
        })
}

/// Longer words are not taken apart.
const LONGEST_FUSED: usize = 40;

/// What the lists say of an organisation in the pieces of a word: in those of four letters
/// and more behind each cut, of three behind a word (`summitmed`, not
/// `annakent`), and of five and more before one.
fn fused(word: &[u8]) -> Flags {
    let lexicon = Lexicon::get();
    let mut flags = Flags::default();
    let mut head = SEED;
    for (cut, &letter) in (1..word.len().saturating_sub(2)).zip(word) {
        head = step(head, letter);
        if cut >= 5 {
            flags = flags.union(lexicon.field(finish(head)));
        }
    }
    for cut in 3..=word.len().saturating_sub(4) {
        flags = flags.union(lexicon.field(hash(&word[cut..])));
    }
    if let Some((before, tail)) = word.split_last_chunk::<3>() {
        let field = lexicon.field(hash(tail));
        if !field.is_empty() && lexicon.word(hash(before)).has(Flag::English) {
            flags = flags.union(field);
        }
    }
    flags
}

/// What of a word's flags says what an organisation does: `Glass` is a name.
fn field(flags: Flags) -> Flags {
    let trade = flags.0 & Flags::of(&[Flag::Trade]).0;
    match flags.any(SPECIALITIES) {
        true => Flags(flags.0 & (SPECIALITIES.0 | PROTECTED.0) | trade),
        false if flags.any(NAMES) => Flags::default(),
        false => Flags(trade),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fused_words_are_taken_apart_at_every_cut() {
        let lexicon = Lexicon::get();
        let mut found = 0;
        for word in [
            "harborkidney",
            "KidneyCare",
            "dentalhaven",
            "grovehillpharmacy",
            "invoices",
            "kidney",
            "summitmed",
            "annakmed",
            "clinicclinicclinicclinicclinicclinicabcd",
        ] {
            let slow = (1..word.len()).fold(Flags::default(), |all, cut| {
                let care = |piece: &str, least| match piece.len() >= least {
                    true => lexicon.field(hash(piece.as_bytes())),
                    false => Flags::default(),
                };
                // No cut leaves fewer than three letters, and one of three only
                // behind a word.
                let is_word = lexicon
                    .word(hash(&word.as_bytes()[..cut]))
                    .has(Flag::English);
                let least = if is_word { 3 } else { 4 };
                match (3..=word.len() - 3).contains(&cut) {
                    true => all
                        .union(care(&word[..cut], 5))
                        .union(care(&word[cut..], least)),
                    false => all,
                }
            });
            assert_eq!(fused(word.as_bytes()), slow, "{word}");
            found += u32::from(!slow.is_empty());
        }
        assert!((3..7).contains(&found), "{found}");
    }

    #[test]
    fn recipients_tell_of_care_and_its_kind_but_not_by_their_names() {
        let told = |to| Context::new("pat@mail.example", [to], None);
        for to in ["desk@harborkidney.example", "Harbor Kidney Center"] {
            assert_eq!(told(to).recipient_care, 3, "{to}");
        }
        let detox = told("intake@cedarrockdetox.example");
        assert!(detox.recipient_speciality.has(Flag::SubstanceUse));
        assert!(detox.speciality.is_empty());
        for to in [
            "payment@acme.example",
            "management@acme.example",
            "student@acme.example",
            "arturo@acme.example",
            "Arturo",
            "annakent@mail.example",
            "josereyes@mail.example",
            "jo@rentcheap.example",
            "office@bluetooth.example",
        ] {
            assert_eq!(told(to).recipient_care, 0, "{to}");
        }
    }

    #[test]
    fn who_cares_for_animals_is_known() {
        let told = |from, to| Context::new(from, [to], None).animals;
        assert_eq!(told("desk@pawsvet.example", "pat@mail.example"), 1);
        assert_eq!(told("pat@mail.example", "Main Street Veterinary"), 2);
        assert_eq!(told("a@animalhouse.example", "b@mainstvets.example"), 3);
        for none in ["rivet@acme.example", "Pat Velvet", "zoom@acme.example"] {
            assert_eq!(told(none, "desk@mail.example"), 0, "{none}");
        }
    }

    #[test]
    fn who_cares_for_nobody_is_known_by_the_name() {
        let told = |from, to| Context::new(from, [to], None).trades;
        assert_eq!(
            told("pat@shoreplumbing.example", "l.baptiste@mail.example"),
            1
        );
        assert_eq!(told("l.baptiste@mail.example", "First Street Bakery"), 2);
        // A school that trains those who care is one of both.
        assert_eq!(told("Harbor Dental School", "pat@mail.example"), 0);
        for none in [
            "dan.carpenter@mail.example",
            "Dan Baker",
            "pat@schooler.example",
        ] {
            assert_eq!(told(none, "desk@mail.example"), 0, "{none}");
        }
    }

    #[test]
    fn where_people_have_their_mail_is_one_word() {
        let own = |from: &str| {
            let context = Context::new(from, ["desk@harbor.example"], None);
            context.own(hash(b"mail"), Shape::Lower)
        };
        for from in ["jo@mail.example", "jo@gmail.com", "Jo <jo@iCloud.com>"] {
            assert_eq!(own(from), 2, "{from}");
        }
        assert_eq!(own("jo@icloud.example"), 0);
    }

    #[test]
    fn a_sender_is_known_by_name_and_domain() {
        let context = Context::new("Pat <patlindqvist@harborkidney.example>", ["Bo"], None);
        assert!(context.sender_care > 0);
        for own in ["pat", "patlindqvist", "lindqvist", "harborkidney"] {
            let hash = hash(own.as_bytes());
            assert_eq!(context.own(hash, Shape::Lower), 2, "{own}");
        }
        assert_eq!(context.own(hash(b"example"), Shape::Lower), 0);
    }
}
