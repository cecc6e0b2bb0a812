//! One character as one byte: what looks alike to a reader is alike.

use unicode_normalization::char::decompose_compatible;

/// Any character that is not folded; it counts as a letter.
const OTHER: u8 = 0x80;

/// One byte for a character; `None` for what is not seen.
pub(super) fn fold(c: char) -> Option<u8> {
    let n = c as u32;
    let digit = |zero: u32| Some(b'0' + u8::try_from(n - zero).unwrap_or(0));
    match n {
        0..=0x7f => u8::try_from(n).ok(),
        0xad
        | 0x34f
        | 0x61c
        | 0x180b..=0x180e
        | 0x200b..=0x200f
        | 0x202a..=0x202e
        | 0x2060..=0x206f
        | 0xfe00..=0xfe0f
        | 0xfeff
        | 0xfff9..=0xfffb
        | 0xe0000..=0xe01ef => None,
        // Combining accents of a decomposed letter, and marks around any.
        0x300..=0x36f | 0x1ab0..=0x1aff | 0x1dc0..=0x1dff | 0x20d0..=0x20ff | 0xfe20..=0xfe2f => {
            None
        }
        0xa0 | 0x1680 | 0x2000..=0x200a | 0x202f | 0x205f | 0x3000 => Some(b' '),
        // Letters and signs that are drawn as nothing.
        0x115f | 0x1160 | 0x2800 | 0x3164 | 0xffa0 => Some(b' '),
        0x2d7
        | 0x58a
        | 0x5be
        | 0x1806
        | 0x2010..=0x2015
        | 0x2043
        | 0x207b
        | 0x208b
        | 0x2212
        | 0x2796
        | 0x2e3a
        | 0x2e3b
        | 0xfe58
        | 0xfe63 => Some(b'-'),
        // What Windows-1252 has there, as browsers read it.
        0x96 | 0x97 => Some(b'-'),
        0x91 | 0x92 | 0x2018 | 0x2019 | 0x2bc | 0x2032 => Some(b'\''),
        0x93 | 0x94 | 0x201c | 0x201d | 0xab | 0xbb => Some(b'"'),
        0x95 | 0x2022 | 0xb7 | 0x25cf | 0x25aa => Some(b'*'),
        0x2028 | 0x2029 | 0x85 => Some(b'\n'),
        0x660..=0x669 => digit(0x660),
        0x6f0..=0x6f9 => digit(0x6f0),
        0x966..=0x96f => digit(0x966),
        0x9e6..=0x9ef => digit(0x9e6),
        0xe50..=0xe59 => digit(0xe50),
        0xed0..=0xed9 => digit(0xed0),
        0x17e0..=0x17e9 => digit(0x17e0),
        0x1d7ce..=0x1d7ff => Some(b'0' + u8::try_from((n - 0x1d7ce) % 10).unwrap_or(0)),
        0xff01..=0xff5e => u8::try_from(n - 0xff01 + 0x21).ok(),
        0xb2
        | 0xb3
        | 0xb9
        | 0xc0..=0x24f
        | 0x1e00..=0x1eff
        | 0x2070..=0x209c
        | 0x2100..=0x214f
        | 0x2460..=0x24ff
        | 0x1d400..=0x1d7cd => Some(latin(c)),
        0x370..=0x556 => Some(look_alike(c)),
        _ => Some(OTHER),
    }
}

/// The ASCII letter below the accents.
fn latin(c: char) -> u8 {
    let special = match c {
        'ø' => 'o',
        'Ø' => 'O',
        'ł' => 'l',
        'Ł' => 'L',
        'đ' | 'ð' => 'd',
        'Đ' | 'Ð' => 'D',
        'ß' => 's',
        'æ' => 'a',
        'Æ' => 'A',
        'œ' => 'o',
        'Œ' => 'O',
        'ı' => 'i',
        'þ' => 't',
        'Þ' => 'T',
        'ħ' => 'h',
        c => c,
    };
    let mut first = None;
    decompose_compatible(special, |d| {
        first.get_or_insert(d);
    });
    first
        .filter(char::is_ascii)
        .and_then(|d| u8::try_from(d).ok())
        .unwrap_or(OTHER)
}

/// Greek, Cyrillic and Armenian letters that look like Latin ones.
fn look_alike(c: char) -> u8 {
    const PAIRS: &[(&str, u8)] = &[
        ("аα", b'a'),
        ("АΑ", b'A'),
        ("ВΒ", b'B'),
        ("сϲ", b'c'),
        ("СϹ", b'C'),
        ("ԁ", b'd'),
        ("е", b'e'),
        ("ЕΕ", b'E'),
        ("һ", b'h'),
        ("НΗ", b'H'),
        ("іι", b'i'),
        ("ІΙ", b'I'),
        ("ј", b'j'),
        ("Ј", b'J'),
        ("КΚ", b'K'),
        ("МΜ", b'M'),
        ("Ν", b'N'),
        ("оοօ", b'o'),
        ("ОΟ", b'O'),
        ("рρ", b'p'),
        ("РΡ", b'P'),
        ("ԛ", b'q'),
        ("ѕ", b's'),
        ("Ѕ", b'S'),
        ("ТΤ", b'T'),
        ("υս", b'u'),
        ("νѵ", b'v'),
        ("ԝ", b'w'),
        ("хχ", b'x'),
        ("ХΧ", b'X'),
        ("уγ", b'y'),
        ("УΥ", b'Y'),
        ("Ζ", b'Z'),
    ];
    PAIRS
        .iter()
        .find(|(letters, _)| letters.contains(c))
        .map_or(OTHER, |(_, ascii)| *ascii)
}
