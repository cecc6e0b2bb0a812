//! Codes: addresses of the net, numbers with check digits, and whatever groups
//! of letters and digits are joined by signs.

use super::{Facts, Found, Tape, UnitKind};
use crate::dlp::check;
use crate::dlp::lexicon::Lexicon;
use crate::dlp::token::{Gap, Shape, hash};

/// No code is longer.
const MAX_CODE: usize = 96;
/// A link may be.
const MAX_URL: usize = 2_048;

fn length(tape: &Tape<'_>, at: usize, last: usize) -> usize {
    tape.end(last.saturating_sub(1))
        .saturating_sub(tape.start(at))
}

/// `10.20.30.40`, `2001:db8::1`.
pub(super) fn ip(tape: &Tape<'_>, at: usize) -> Option<Found> {
    v4(tape, at).or_else(|| v6(tape, at))
}

fn v4(tape: &Tape<'_>, at: usize) -> Option<Found> {
    let octet = |n: usize| {
        tape.digits(n).is_some_and(|d| d.len() <= 3) && tape.number(n).is_some_and(|v| v < 256)
    };
    let hangs = at > 0 && tape.tight(at) && matches!(tape.bytes(at - 1), b"." | b"-");
    let fits = tape.sign(at + 1) == Some(b'.')
        && !hangs
        && octet(at)
        && (1..4).all(|n| {
            tape.sign(at + 2 * n - 1) == Some(b'.') && tape.tight(at + 2 * n) && octet(at + 2 * n)
        });
    let more = tape.sign(at + 7) == Some(b'.')
        && tape.tight(at + 8)
        && tape.get(at + 8).is_some_and(|t| t.has_digit());
    (fits && !more).then(|| Found::new(at + 7, UnitKind::Ip))
}

fn v6(tape: &Tape<'_>, at: usize) -> Option<Found> {
    let hangs = at > 0 && tape.tight(at) && tape.bytes(at - 1) == b":";
    if hangs {
        return None;
    }
    // A group without a colon behind it.
    if tape.bytes(at) != b":" && tape.bytes(at + 1) != b":" {
        return None;
    }
    let hex = |n: usize| {
        let b = tape.bytes(n);
        (1..=4).contains(&b.len()) && b.iter().all(u8::is_ascii_hexdigit)
    };
    let (mut next, mut groups, mut double, mut colons) = (at, 0, false, 0);
    loop {
        if hex(next) && (next == at || tape.tight(next)) {
            groups += 1;
            next += 1;
        } else if tape.bytes(next) != b":" || groups == 0 && next > at + 1 {
            break;
        }
        if tape.bytes(next) != b":" || next > at && !tape.tight(next) {
            break;
        }
        colons += 1;
        if tape.bytes(next + 1) == b":" && tape.tight(next + 1) {
            if double {
                return None;
            }
            double = true;
            colons += 1;
            next += 2;
            if !hex(next) || !tape.tight(next) {
                break;
            }
        } else if hex(next + 1) && tape.tight(next + 1) {
            next += 1;
        } else {
            colons -= 1;
            break;
        }
        if groups > 8 {
            return None;
        }
    }
    let fits = groups == 8 && !double && colons == 7 || double && groups >= 1 && colons >= 2;
    // `10:20` is a time and `a::b` a path of a program.
    let digits = (at..next).any(|n| tape.get(n).is_some_and(|t| t.has_digit()));
    (fits && digits && groups >= 2).then(|| Found::new(next, UnitKind::Ip))
}

/// `name.other@host.example`.
pub(super) fn email(tape: &Tape<'_>, at: usize, run_end: usize) -> Option<Found> {
    let mut next = at + 1;
    let local = |n: usize| {
        tape.get(n).is_some_and(|t| t.shape != Shape::Sign)
            || matches!(
                tape.bytes(n),
                b"." | b"_" | b"+" | b"-" | b"'" | b"&" | b"=" | b"%"
            )
    };
    while next < run_end && next < at + 24 && local(next) {
        next += 1;
    }
    if tape.bytes(next) != b"@" || next >= run_end {
        return None;
    }
    let mut last = next + 1;
    if !tape.get(last).is_some_and(|t| t.shape != Shape::Sign) || !tape.tight(last) {
        return None;
    }
    last += 1;
    let mut dots = 0;
    while last + 1 < run_end
        && last < next + 24
        && matches!(tape.bytes(last), b"." | b"-")
        && tape.get(last + 1).is_some_and(|t| t.shape != Shape::Sign)
    {
        dots += usize::from(tape.bytes(last) == b".");
        last += 2;
    }
    (dots > 0).then(|| Found::new(last, UnitKind::Email))
}

/// The words that a link starts with, where no host does.
pub(super) const SCHEMES: [u32; 5] = [
    hash(b"http"),
    hash(b"https"),
    hash(b"ftp"),
    hash(b"hxxps"),
    hash(b"www"),
];

/// `https://…`, `www.…`, and a host with a path.
pub(super) fn url(tape: &Tape<'_>, at: usize, run_end: usize) -> Option<Found> {
    let named = tape.get(at).is_some_and(|t| SCHEMES.contains(&t.hash));
    let scheme = named
        && tape.is_any(at, &["http", "https", "ftp", "hxxps"])
        && tape.bytes(at + 1) == b":"
        && tape.bytes(at + 2) == b"/"
        && tape.bytes(at + 3) == b"/";
    let www = named && tape.is(at, "www") && tape.bytes(at + 1) == b".";
    let bare = !scheme && !www && bare_host(tape, at, run_end).is_some();
    if !(scheme || www || bare) {
        return None;
    }
    let mut last = at;
    while last < run_end
        && length(tape, at, last + 1) <= MAX_URL
        && !matches!(
            tape.bytes(last),
            b"<" | b">" | b"\"" | b"|" | b"{" | b"}" | b"]" | b"`"
        )
    {
        last += 1;
    }
    while last > at + 1
        && matches!(
            tape.bytes(last - 1),
            b"." | b"," | b";" | b":" | b")" | b"!" | b"?" | b"'" | b"*"
        )
    {
        last -= 1;
    }
    let mut found = Found::new(last, UnitKind::Url);
    if unique(tape, at, last) {
        found.facts.set(Facts::UNIQUE);
    }
    Some(found)
}

/// `go.marrow.example/c/Zk81` without a scheme: where its path starts.
fn bare_host(tape: &Tape<'_>, at: usize, run_end: usize) -> Option<usize> {
    let mut next = at + 1;
    let mut dots = 0;
    while next + 1 < run_end
        && matches!(tape.bytes(next), b"." | b"-")
        && tape.get(next + 1).is_some_and(|t| t.shape != Shape::Sign)
        && next < at + 16
    {
        dots += usize::from(tape.bytes(next) == b".");
        next += 2;
    }
    (dots >= 1
        && next + 1 < run_end
        && tape.bytes(next) == b"/"
        && dots + 1 < run_end - at
        && tape
            .get(next - 1)
            .is_some_and(|t| t.is_word() && t.end - t.start >= 2)
        && (dots >= 2
            || tape.is_any(
                next - 1,
                &[
                    "example", "com", "org", "net", "health", "care", "io", "co", "us", "gov",
                    "edu", "app", "link", "ly",
                ],
            )))
    .then_some(next)
}

/// Whether a link holds what looks like somebody's own token: behind the host
/// a piece of letters and digits mixed, of digits, or a query.
fn unique(tape: &Tape<'_>, at: usize, last: usize) -> bool {
    let mut slashes = 0;
    let mut query = false;
    let schemeless = tape.bytes(at + 1) != b":";
    (at..last).any(|n| {
        match tape.bytes(n) {
            b"/" => slashes += 1,
            b"?" | b"#" | b"=" => query = true,
            _ => {}
        }
        let path = slashes >= if schemeless { 1 } else { 3 };
        let Some(t) = tape.get(n) else { return false };
        let bytes = tape.bytes(n);
        let token = match t.shape {
            Shape::Alnum => bytes.len() >= 4,
            Shape::Digits => bytes.len() >= 4 && !(bytes.len() == 4 && bytes.starts_with(b"20")),
            Shape::Mixed => bytes.len() >= 6,
            _ => false,
        };
        path && token || query && matches!(t.shape, Shape::Alnum | Shape::Digits | Shape::Mixed)
    })
}

/// `$1,240.00`.
pub(super) fn money(tape: &Tape<'_>, at: usize) -> Option<Found> {
    if !tape.close(at + 1) {
        return None;
    }
    tape.digits(at + 1)?;
    let mut last = at + 2;
    while matches!(tape.sign(last), Some(b',' | b'.'))
        && tape.tight(last + 1)
        && tape.digits(last + 1).is_some()
        && last < at + 12
    {
        last += 2;
    }
    Some(Found::new(last, UnitKind::Money))
}

/// `****4406`, `###-##-1234`: the digits that are left.
pub(super) fn masked(tape: &Tape<'_>, at: usize) -> Option<Found> {
    let mut next = at;
    while next < at + 24
        && (matches!(tape.bytes(next), b"*" | b"#") || tape.sign(next) == Some(b'-'))
        && (next == at || tape.tight(next))
    {
        next += 1;
    }
    let digits = tape.digits(next)?;
    (next >= at + 2 && tape.close(next) && (3..=6).contains(&digits.len()))
        .then(|| Found::new(next + 1, UnitKind::Number).with(Facts::MASKED))
}

/// A token and those behind single separators, as one string of at most
/// `MAX` characters.
struct Groups {
    text: [u8; 40],
    len: usize,
    /// Where each group ends: characters so far, token behind it.
    ends: [(usize, usize); 10],
    count: usize,
}

impl Groups {
    fn read(tape: &Tape<'_>, at: usize) -> Option<Self> {
        let mut groups = Self {
            text: [0; 40],
            len: 0,
            ends: [(0, 0); 10],
            count: 0,
        };
        let mut next = at;
        loop {
            let bytes = tape.bytes(next);
            let token = tape.get(next)?;
            let room = groups.text.get_mut(groups.len..groups.len + bytes.len());
            let (Some(room), false) = (room, token.shape == Shape::Sign) else {
                break;
            };
            if !bytes.is_ascii() {
                break;
            }
            room.copy_from_slice(bytes);
            groups.len += bytes.len();
            *groups.ends.get_mut(groups.count)? = (groups.len, next + 1);
            groups.count += 1;
            next += 1;
            if groups.count == groups.ends.len() || tape.get(next).is_none() {
                break;
            }
            match tape.sign(next) {
                Some(b'-' | b'.') if tape.tight(next + 1) => next += 1,
                Some(_) => break,
                None if tape.gap(next) == Gap::Space => {}
                None => break,
            }
        }
        groups.text.make_ascii_uppercase();
        (groups.count > 0).then_some(groups)
    }

    /// The first `n` characters, where a group ends with them.
    fn exactly(&self, n: usize) -> Option<(&[u8], usize)> {
        self.ends[..self.count]
            .iter()
            .find(|(end, _)| *end == n)
            .map(|(_, token)| (&self.text[..n], *token))
    }

    fn group_len(&self, n: usize) -> usize {
        let end = |n: usize| self.ends.get(n).map_or(0, |e| e.0);
        end(n).saturating_sub(n.checked_sub(1).map_or(0, end))
    }

    fn shape(&self, lens: &[usize]) -> bool {
        self.count >= lens.len()
            && lens
                .iter()
                .enumerate()
                .all(|(n, l)| self.group_len(n) == *l)
    }
}

/// A word that starts what has a check digit: `GB` of `GB 23`, rare enough to
/// be left to [`checked`].
pub(super) fn checked_word(tape: &Tape<'_>, at: usize) -> Option<Found> {
    let bytes = tape.bytes(at);
    // `GB 23 NWBK …`, or a VIN of letters until its digits.
    if bytes.len() == 2 && tape.get(at)?.shape == Shape::Upper {
        return checked(tape, at).filter(|f| f.facts.has(Facts::IBAN));
    }
    None
}

/// What has a check digit or a plan of its own.
pub(super) fn checked(tape: &Tape<'_>, at: usize) -> Option<Found> {
    // Most starts are of nothing that is made of groups.
    match starts_groups(tape, at) {
        _ if hangs(tape, at) => None,
        true => grouped(tape, at),
        false => icd(tape, at).or_else(|| ndc(tape, at)),
    }
}

/// The same without the look at how it starts.
#[cfg(test)]
pub(super) fn checked_whole(tape: &Tape<'_>, at: usize) -> Option<Found> {
    (!hangs(tape, at)).then(|| grouped(tape, at)).flatten()
}

/// Whether a sign ties a token to the one before it.
fn hangs(tape: &Tape<'_>, at: usize) -> bool {
    at >= 2
        && tape.tight(at)
        && tape.tight(at - 1)
        && matches!(tape.bytes(at - 1), b"-" | b"_" | b"/" | b"." | b"#")
        && tape.get(at - 2).is_some_and(|t| t.shape != Shape::Sign)
}

fn grouped(tape: &Tape<'_>, at: usize) -> Option<Found> {
    let groups = Groups::read(tape, at)?;
    iban(&groups)
        .or_else(|| card(&groups))
        .or_else(|| vin(&groups))
        .or_else(|| mbi(&groups))
        .or_else(|| ssn(tape, &groups))
        .or_else(|| icd(tape, at))
        .or_else(|| ndc(tape, at))
}

/// Whether what is written in groups may start at a token: a card, an IBAN, a
/// VIN, a Medicare number, a social security number.
fn starts_groups(tape: &Tape<'_>, at: usize) -> bool {
    let bytes = tape.bytes(at);
    match tape.get(at).map(|token| token.shape) {
        // Of nine digits and of twelve to nineteen there is one group.
        Some(Shape::Digits) => match bytes.len() {
            3 | 4 => {
                let signed = matches!(tape.sign(at + 1), Some(b'-' | b'.'));
                let next = at + 1 + usize::from(signed);
                tape.digits(next).is_some() && tape.close(next)
            }
            9 | 12..=19 => true,
            _ => false,
        },
        // A Medicare number starts with a group of four or is one of eleven.
        Some(Shape::Alnum) => {
            let country = matches!(bytes, [a, b, c, ..]
                if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() && c.is_ascii_digit());
            country || matches!(bytes.len(), 4 | 11 | 17)
        }
        _ => true,
    }
}

fn iban(groups: &Groups) -> Option<Found> {
    let length = check::iban_length(groups.text.get(..2)?)?;
    if !groups.text.get(2..4)?.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let (text, last) = groups.exactly(length)?;
    let facts = match check::iban(text) {
        true => Facts::IBAN,
        false => Facts::IBAN_SHAPE,
    };
    Some(
        Found::new(last, UnitKind::Code)
            .with(facts)
            .with(Facts::LETTERS),
    )
}

fn card(groups: &Groups) -> Option<Found> {
    let (length, last) = groups.ends[..groups.count]
        .iter()
        .rev()
        .copied()
        .filter(|(n, _)| (12..=19).contains(n))
        .find(|(n, _)| {
            check::digits(&groups.text[..*n])
                .is_some_and(|d| check::card_issuer(&d) && check::luhn(&d))
        })?;
    let grouped = groups.group_len(0) == 4 && groups.count > 1;
    // Sixteen digits in groups of an irregular kind are no card.
    if groups.count > 1 && !grouped && groups.group_len(0) != length {
        return None;
    }
    let test = check::digits(&groups.text[..length]).is_some_and(|d| check::is_test_card(&d));
    let zeros = groups.text[..length].windows(8).any(|w| w == b"00000000");
    let mut found = Found::new(last, UnitKind::Number).with(Facts::CARD);
    if test || zeros {
        found.facts.set(Facts::FAKE);
    }
    if grouped {
        found.facts.set(Facts::GROUPED);
    }
    Some(found)
}

fn vin(groups: &Groups) -> Option<Found> {
    let (text, last) = groups.exactly(17)?;
    if groups.group_len(0) != 17 {
        return None;
    }
    let right = check::vin(text)?;
    let letters = text.iter().filter(|b| b.is_ascii_alphabetic()).count();
    if letters < 2 {
        return None;
    }
    let mut found = Found::new(last, UnitKind::Code)
        .with(Facts::VIN_SHAPE)
        .with(Facts::LETTERS);
    if right {
        found.facts.set(Facts::VIN);
    }
    Some(found)
}

fn mbi(groups: &Groups) -> Option<Found> {
    let whole = groups.group_len(0) == 11;
    if !whole && !groups.shape(&[4, 3, 4]) {
        return None;
    }
    let (text, last) = groups.exactly(11)?;
    if !check::mbi(text) {
        return None;
    }
    let mut found = Found::new(last, UnitKind::Code)
        .with(Facts::MBI)
        .with(Facts::LETTERS);
    if text == b"1EG4TE5MK72" || text == b"1EG4TE5MK73" {
        found.facts.set(Facts::FAKE);
    }
    Some(found)
}

fn ssn(tape: &Tape<'_>, groups: &Groups) -> Option<Found> {
    let split = groups.shape(&[3, 2, 4]);
    if !split && groups.group_len(0) != 9 {
        return None;
    }
    let (text, last) = groups.exactly(9)?;
    let d = check::digits(text)?;
    if split {
        let more = matches!(tape.sign(last), Some(b'-' | b'.'))
            && tape.tight(last + 1)
            && tape.get(last + 1).is_some_and(|t| t.has_digit());
        if more {
            return None;
        }
    }
    let (valid, fake) = check::ssn(&d);
    let mut found = Found::new(last, UnitKind::Number);
    if split {
        found.facts.set(Facts::SSN_SHAPE);
    }
    if valid {
        found.facts.set(Facts::SSN_VALID);
    }
    if fake {
        found.facts.set(Facts::FAKE);
    }
    // Nine digits alone may still be a plain number; `code` would say the same.
    Some(found)
}

/// `E11.65`, `Z79.4`, `F32A`, `C50911`.
fn icd(tape: &Tape<'_>, at: usize) -> Option<Found> {
    let head = tape.bytes(at);
    let token = tape.get(at)?;
    let shaped = |code: &[u8]| {
        (3..=7).contains(&code.len())
            && code[0].is_ascii_alphabetic()
            && code[1].is_ascii_digit()
            && code[2].is_ascii_alphanumeric()
            && code[1..].iter().any(u8::is_ascii_digit)
    };
    if token.shape != Shape::Alnum || !shaped(head) {
        return None;
    }
    let dotted = head.len() == 3
        && tape.sign(at + 1) == Some(b'.')
        && tape.tight(at + 2)
        && (1..=4).contains(&tape.bytes(at + 2).len())
        && tape.bytes(at + 2).iter().all(u8::is_ascii_alphanumeric)
        && tape.bytes(at + 2)[0].is_ascii_alphanumeric();
    let lexicon = Lexicon::get();
    if dotted {
        let code = [head, tape.bytes(at + 2)].concat();
        let found = Found::new(at + 3, UnitKind::Code)
            .with(Facts::LETTERS)
            .with(Facts::ICD_DOTTED);
        // A code of last year or of another country still has the shape.
        let listed = lexicon.is_icd10(&code);
        let tail_digits = tape.bytes(at + 2).iter().any(u8::is_ascii_digit);
        return match listed {
            true => Some(found.with(Facts::ICD)),
            false => tail_digits.then_some(found),
        };
    }
    if matches!(tape.sign(at + 1), Some(b'-' | b'_' | b'/'))
        && tape.tight(at + 2)
        && tape.get(at + 2).is_some_and(|t| t.has_digit())
    {
        return None;
    }
    let mut facts = Facts::LETTERS;
    if lexicon.is_icd10(head) {
        facts.set(Facts::ICD);
    }
    if head.len() == 5 && lexicon.is_hcpcs(head) {
        facts.set(Facts::HCPCS);
    }
    facts
        .has(Facts::ICD)
        .then(|| Found::new(at + 1, UnitKind::Code).with(facts))
}

/// `08627-0091-11` and the other plans of a National Drug Code.
fn ndc(tape: &Tape<'_>, at: usize) -> Option<Found> {
    let group = |n: usize| tape.digits(n).map(<[u8]>::len);
    let (a, b, c) = (group(at)?, group(at + 2)?, group(at + 4)?);
    let hyphens = tape.sign(at + 1) == Some(b'-')
        && tape.sign(at + 3) == Some(b'-')
        && tape.tight(at + 2)
        && tape.tight(at + 4);
    let more = tape.sign(at + 5) == Some(b'-') && tape.tight(at + 6);
    let plan = matches!((a, b, c), (4, 4, 2) | (5, 3, 2) | (5, 4, 1) | (5, 4, 2));
    (hyphens && plan && !more).then(|| Found::new(at + 5, UnitKind::Code).with(Facts::NDC_SHAPE))
}

/// `(01)00846366403136(17)270131(21)PJN604418S`: a device's identifier as it
/// stands below its bar code (GS1 application identifiers).
pub(super) fn udi(tape: &Tape<'_>, at: usize) -> Option<Found> {
    let mut last = at;
    let mut parts = 0;
    while tape.bytes(last) == b"("
        && (last == at || tape.tight(last))
        && matches!(tape.digits(last + 1), Some([_, _] | [_, _, _]))
        && tape.sign(last + 2) == Some(b')')
        && tape.tight(last + 3)
        && tape.get(last + 3).is_some_and(|t| t.shape != Shape::Sign)
        && parts < 12
    {
        last += 4;
        parts += 1;
        while matches!(tape.sign(last), Some(b'-' | b'/' | b'.'))
            && tape.tight(last + 1)
            && tape.get(last + 1).is_some_and(|t| t.shape != Shape::Sign)
            && length(tape, at, last) < MAX_CODE
        {
            last += 2;
        }
    }
    let whole =
        parts >= 2 || parts == 1 && tape.bytes(at + 1) == b"01" && tape.bytes(at + 3).len() == 14;
    whole.then(|| {
        Found::new(last, UnitKind::Code)
            .with(Facts::UDI)
            .with(Facts::LETTERS)
    })
}

/// Whether a word is the label of a number.
fn is_label(tape: &Tape<'_>, at: usize) -> bool {
    let lexicon = Lexicon::get();
    tape.get(at)
        .is_some_and(|t| lexicon.marks(lexicon.class(t.hash)).cue() != 0)
}

/// Groups with single blanks between them: `BH 330 914 772 02`,
/// `1Z 7E4 R29 03 4471 0096`.
pub(super) fn spaced(tape: &Tape<'_>, at: usize) -> Option<Found> {
    let group = |n: usize| {
        let t = tape.get(n)?;
        let bytes = tape.bytes(n);
        let short = bytes.len() <= 5
            && match t.shape {
                Shape::Digits => bytes.len() >= 2,
                Shape::Alnum => !bytes.iter().any(u8::is_ascii_lowercase),
                _ => false,
            };
        short.then_some(bytes)
    };
    let lettered = tape
        .get(at)
        .is_some_and(|t| t.shape == Shape::Upper && (2..=4).contains(&tape.bytes(at).len()));
    if !lettered {
        group(at)?;
    } else if is_label(tape, at) || checked(tape, at + 1).is_some() {
        // `SSN 281 159 804`, `IBAN DE38 3704 …`: the letters are its label.
        return None;
    }
    let mut last = at + 1;
    while last < at + 8 && tape.gap(last) == Gap::Space && group(last).is_some() {
        last += 1;
    }
    // What hangs on behind belongs to something else: a measure, a date.
    let hangs = matches!(tape.sign(last), Some(b'/' | b'-' | b':' | b'%'))
        || matches!(tape.sign(last), Some(b'.'))
            && tape.tight(last + 1)
            && tape.digits(last + 1).is_some();
    if hangs && last > at {
        last -= 1;
    }
    let count = last - at;
    // A house number before a street: `0655 1180 N Olive`.
    let street = tape
        .get(last)
        .is_some_and(|t| t.gap == Gap::Space && matches!(t.shape, Shape::Title));
    let enough = if lettered {
        count >= 4
    } else {
        count >= 3 && !street
    };
    if !enough {
        return None;
    }
    let mut found = Found::new(last, UnitKind::Code).with(Facts::GROUPED);
    if lettered || (at..last).any(|n| tape.get(n).is_some_and(|t| t.shape == Shape::Alnum)) {
        found.facts.set(Facts::LETTERS);
    }
    Some(found)
}

/// Anything else with a digit: groups joined by signs without blanks.
pub(super) fn code(tape: &Tape<'_>, at: usize, run_end: usize) -> Option<Found> {
    let first = tape.get(at)?;
    let mut last = at + 1;
    let mut digit = first.has_digit();
    let mut letters = first.shape != Shape::Digits;
    while last + 1 < run_end
        && matches!(tape.bytes(last), b"-" | b"/" | b"." | b"_" | b"#" | b":")
        && tape
            .get(last + 1)
            .is_some_and(|t| t.shape != Shape::Sign && t.gap == Gap::None)
        && length(tape, at, last + 2) <= MAX_CODE
    {
        let sign = tape.bytes(last);
        let next = tape.get(last + 1)?;
        // A label and its value: `MRN:0048`, `DOB:3/4/61`, `#:12`.
        if matches!(sign, b":" | b"#") && !digit {
            break;
        }
        // Two codes at a slash: `58301/58300`.
        if sign == b"/"
            && tape.bytes(last - 1).len() >= 4
            && tape.bytes(last + 1).len() == tape.bytes(last - 1).len()
        {
            break;
        }
        // The end of a sentence without a blank, two words at a slash.
        if !digit && !next.has_digit() && !matches!(sign, b"-" | b"_") {
            break;
        }
        // `and/or`, `well-known`: words joined to words, looked at one by one
        // until a digit comes.
        digit |= next.has_digit();
        letters |= next.shape != Shape::Digits;
        last += 2;
    }
    if !digit {
        return None;
    }
    if last == at + 1 {
        return single(tape, at);
    }
    // Words before the first digit are part of a code only where they look
    // like a prefix: capitals, or joined by `_` or `-`.
    if first.is_word() {
        let prefix = first.shape == Shape::Upper
            || first.shape == Shape::Mixed
            || tape.bytes(at).len() <= 4 && tape.bytes(at + 1) != b"/";
        if !prefix {
            return None;
        }
    }
    // `12.5`, `1.2.3`: figures and versions.
    let points = (at..last).filter(|n| tape.bytes(*n) == b".").count();
    let signs = (last - at) / 2;
    if !letters && points == signs && points == 1 {
        return None;
    }
    let mut facts = Facts::default();
    if letters {
        facts.set(Facts::LETTERS);
    }
    if length(tape, at, last) > 24 {
        facts.set(Facts::LONG);
    }
    if !letters && signs == 1 && tape.bytes(at + 1) == b"-" {
        let (a, b) = (tape.bytes(at), tape.bytes(at + 2));
        if (1..=7).contains(&a.len()) && b.len() == 1 && check::mod10_pair(a, b) {
            facts.set(Facts::LOINC);
        }
    }
    Some(Found::new(last, UnitKind::Code).with(facts))
}

/// One token with a digit.
fn single(tape: &Tape<'_>, at: usize) -> Option<Found> {
    let token = tape.get(at)?;
    let bytes = tape.bytes(at);
    let mut facts = Facts::default();
    if token.shape == Shape::Digits {
        if bytes.len() == 10 && check::digits(bytes).is_some_and(|d| check::npi(&d)) {
            facts.set(Facts::NPI);
        }
        if bytes.len() == 5 {
            facts.set(Facts::CPT_SHAPE);
        }
        if bytes.len() == 9 && check::digits(bytes).is_some_and(|d| check::routing(&d)) {
            facts.set(Facts::ROUTING);
        }
        return Some(Found::new(at + 1, UnitKind::Number).with(facts));
    }
    facts.set(Facts::LETTERS);
    // Longer ones have no shape of those below.
    let mut upper = [0; 12];
    let upper = upper.get_mut(..bytes.len()).unwrap_or_default();
    upper.copy_from_slice(bytes.get(..upper.len()).unwrap_or_default());
    upper.make_ascii_uppercase();
    if let Some(digits) = check::dea_shape(upper) {
        facts.set(Facts::DEA_SHAPE);
        if check::dea(&digits) {
            facts.set(Facts::DEA);
        }
    }
    if upper.len() == 5 {
        if Lexicon::get().is_hcpcs(upper) {
            facts.set(Facts::HCPCS);
        }
        let category_two = upper[..4].iter().all(u8::is_ascii_digit)
            && matches!(upper[4], b'F' | b'T' | b'U' | b'M');
        let dental = matches!(upper[0], b'D') && upper[1..].iter().all(u8::is_ascii_digit);
        if category_two || dental {
            facts.set(Facts::CPT_SHAPE);
        }
    }
    Some(Found::new(at + 1, UnitKind::Code).with(facts))
}
