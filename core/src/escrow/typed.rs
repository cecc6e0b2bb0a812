//! Secrets that a person may have to type: Crockford's base32
//! (<https://www.crockford.com/base32.html>), case-proof, with O read as 0 and
//! I and L as 1; hyphens, blanks and line ends do not count.

use zeroize::Zeroizing;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Writes bytes as text; `bytes` is a multiple of 5 long.
pub(super) fn encode(bytes: &[u8]) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(bytes.len().div_ceil(5) * 8));
    for group in bytes.chunks_exact(5) {
        let mut word = Zeroizing::new([0u8; 8]);
        word[3..].copy_from_slice(group);
        let word = u64::from_be_bytes(*word);
        for i in (0..8).rev() {
            let index = (word >> (5 * i)) & 31;
            out.push(char::from(ALPHABET[usize::try_from(index).unwrap_or(0)]));
        }
    }
    out
}

/// Reads exactly `N` bytes (a multiple of 5) from what a person typed.
pub(super) fn decode<const N: usize>(text: &str) -> Option<Zeroizing<[u8; N]>> {
    let mut out = Zeroizing::new([0u8; N]);
    let (mut word, mut digits) = (0u64, 0usize);
    for c in text.chars().filter(|&c| !is_filler(c)) {
        word = word << 5 | u64::from(digit(c)?);
        digits += 1;
        if digits.is_multiple_of(8) {
            let end = digits / 8 * 5;
            out.get_mut(end - 5..end)?
                .copy_from_slice(&word.to_be_bytes()[3..]);
            word = 0;
        }
    }
    (digits * 5 == N * 8).then_some(out)
}

/// In groups of four: `7KQ2-9MXA`.
pub(super) fn grouped(text: &str) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(text.len() * 5 / 4 + 1));
    for (i, c) in text.chars().enumerate() {
        if i > 0 && i % 4 == 0 {
            out.push('-');
        }
        out.push(c);
    }
    out
}

/// What may stand between digits: blanks, line ends, any hyphen or dash, and
/// the invisible characters that mail programs put in for wrapping.
pub(super) fn is_filler(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '-' | '\u{ad}' | '\u{2010}'..='\u{2015}' | '\u{2212}')
        || is_invisible(c)
}

pub(super) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn digit(c: char) -> Option<u8> {
    let c = match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        c => c,
    };
    let at = ALPHABET.iter().position(|&a| char::from(a) == c)?;
    u8::try_from(at).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_text_is_read_as_it_was_meant() {
        let text = encode(&[0x01, 0x23, 0x45, 0x67, 0x89]);
        assert_eq!(*text, "04HMASW9");
        assert_eq!(*grouped(&text), "04HM-ASW9");
        for typed in [
            "04hm-asw9",
            " O4HM\r\n ASW9\n",
            "0 4 H M \u{2013} a s w 9",
            "\u{feff}04HMASW9",
        ] {
            assert_eq!(
                decode::<5>(typed).as_deref(),
                Some(&[0x01, 0x23, 0x45, 0x67, 0x89])
            );
        }
        assert_eq!(decode::<5>("iiiillll"), decode::<5>("11111111"));
        for bad in [
            "",
            "04HMASW",
            "04HMASW99",
            "04HMASWU",
            "04HMASW9 04HMASW9",
            "04HM*SW9",
        ] {
            assert_eq!(decode::<5>(bad), None, "{bad}");
        }
    }
}
