//! One character as one byte: what looks alike to a reader is alike.

use unicode_normalization::char::decompose_compatible;

/// Any character that is not folded; it counts as a letter.
const OTHER: u8 = 0x80;

/// Whether a byte of ASCII is a sign for machines that a reader does not see. Tabs and
/// the ends of lines and pages are none; nor is NUL, which parts what programs keep.
pub(super) const fn is_control(byte: u8) -> bool {
    matches!(byte, 1..=8) | matches!(byte, 0x0e..=0x1f) | (byte == 0x7f)
}

/// Whether a blank is so narrow that letters on both sides of it are one word.
pub(super) const fn is_narrow(c: char) -> bool {
    matches!(c, '\u{2009}' | '\u{200a}' | '\u{202f}')
}

/// One byte for a character; `None` for what is not seen.
pub(in crate::dlp) fn fold(c: char) -> Option<u8> {
    let n = c as u32;
    let digit = |zero: u32| Some(b'0' + u8::try_from(n - zero).unwrap_or(0));
    match n {
        0..=0x7f => u8::try_from(n).ok().filter(|byte| !is_control(*byte)),
        // What Unicode has as ignorable unless it is known, but for what is drawn as a
        // blank; and what it has as no character at all.
        0xad
        | 0x34f
        | 0x61c
        | 0x17b4
        | 0x17b5
        | 0x180b..=0x180f
        | 0x200b..=0x200f
        | 0x202a..=0x202e
        | 0x2060..=0x206f
        | 0xfdd0..=0xfdef
        | 0xfe00..=0xfe0f
        | 0xfeff
        | 0xfff0..=0xfffb
        | 0x1bca0..=0x1bca3
        | 0x1d173..=0x1d17a
        | 0xe0000..=0xe0fff => None,
        _ if n & 0xfffe == 0xfffe => None,
        // ©, ®, °, ℠ and ™ belong to the word or figure that they stand at, and say nothing.
        0xa9 | 0xae | 0xb0 | 0x2120 | 0x2122 => None,
        // Combining accents of a decomposed letter, and marks around any.
        0x300..=0x36f | 0x1ab0..=0x1aff | 0x1dc0..=0x1dff | 0x20d0..=0x20ff | 0xfe20..=0xfe2f => {
            None
        }
        0xa0 | 0x1680 | 0x2000..=0x200a | 0x202f | 0x205f | 0x3000 => Some(b' '),
        // Letters and signs that are drawn as nothing.
        0x115f | 0x1160 | 0x2800 | 0x3164 | 0xffa0 => Some(b' '),
        // What Windows-1252 has there, as browsers read it.
        0x96 | 0x97 => Some(b'-'),
        0x91 | 0x92 => Some(b'\''),
        0x93 | 0x94 => Some(b'"'),
        0x95 => Some(b'*'),
        0x2028 | 0x2029 | 0x85 => Some(b'\n'),
        0x80..=0x9f => None,
        0x660..=0x669 => digit(0x660),
        0x6f0..=0x6f9 => digit(0x6f0),
        0x966..=0x96f => digit(0x966),
        0x9e6..=0x9ef => digit(0x9e6),
        0xe50..=0xe59 => digit(0xe50),
        0xed0..=0xed9 => digit(0xed0),
        0x17e0..=0x17e9 => digit(0x17e0),
        0x1d7ce..=0x1d7ff => Some(b'0' + u8::try_from((n - 0x1d7ce) % 10).unwrap_or(0)),
        0xff01..=0xff5e => u8::try_from(n - 0xff01 + 0x21).ok(),
        // Letters in black circles and squares.
        0x1f150..=0x1f169 | 0x1f170..=0x1f189 => {
            u8::try_from((n - 0x1f150) % 32).ok().map(|n| b'A' + n)
        }
        0xaa
        | 0xb2
        | 0xb3
        | 0xb9
        | 0xba
        | 0xc0..=0x24f
        | 0x1e00..=0x1eff
        | 0x2070..=0x209c
        | 0x2100..=0x214f
        | 0x2460..=0x24ff
        | 0x2150..=0x215f
        | 0xfe50..=0xfe6b
        | 0x1d400..=0x1d7cd
        | 0x1f130..=0x1f149 => Some(latin(c)),
        0xb5 | 0x3bc => Some(b'u'),
        0x370..=0x556 => Some(look_alike(c)),
        _ => Some(sign(n)),
    }
}

/// The ASCII sign that stands for one of another block; what is none is a letter. Signs
/// part words, as bullets, arrows and pictures do.
fn sign(n: u32) -> u8 {
    match n {
        0x2d7
        | 0x58a
        | 0x5be
        | 0xaf
        | 0x1806
        | 0x2010..=0x2015
        | 0x2043
        | 0x207b
        | 0x208b
        | 0x2212
        | 0x2500
        | 0x2501
        | 0x2504
        | 0x2505
        | 0x2508
        | 0x2509
        | 0x254c
        | 0x254d
        | 0x2550
        | 0x2796
        | 0x2e3a
        | 0x2e3b
        | 0x301c
        | 0xfe58
        | 0xfe63 => b'-',
        0xb4 | 0x2018..=0x201b | 0x2bc | 0x2032 => b'\'',
        0xab | 0xbb | 0x201c..=0x201f | 0x2033 | 0x2039 | 0x203a | 0x300a..=0x300f => b'"',
        0xa2..=0xa5 | 0x20a0..=0x20c0 => b'$',
        // With what stands between rows: `├──┼──┤`.
        0xa6
        | 0x2016
        | 0x2502
        | 0x2503
        | 0x2506
        | 0x2507
        | 0x250a
        | 0x250b
        | 0x251c..=0x252b
        | 0x253c..=0x254b
        | 0x254e
        | 0x254f
        | 0x2551
        | 0x255e..=0x2563
        | 0x256a..=0x256c => b'|',
        0xb1 => b'+',
        0xd7 => b'x',
        0xf7 | 0x2044 | 0x2215 => b'/',
        0x60c | 0x3001 | 0xff64 => b',',
        0x61b => b';',
        0xbf | 0x61f => b'?',
        0xa1 => b'!',
        0x2024 | 0x2026 | 0x3002 | 0xff61 => b'.',
        0x2236 => b':',
        0x2260 => b'=',
        0x2264 | 0x2266 => b'<',
        0x2265 | 0x2267 => b'>',
        // In the private area, and in the place of what is no text, stand the bullets
        // of Word's fonts and pictures.
        0xa7
        | 0xa8
        | 0xac
        | 0xb6
        | 0xb7
        | 0xb8
        | 0xbc..=0xbe
        | 0x2d8..=0x2df
        | 0x2017
        | 0x2020..=0x2027
        | 0x2030..=0x205e
        | 0x2104
        | 0x2108
        | 0x2114
        | 0x2117
        | 0x2118
        | 0x211e
        | 0x211f
        | 0x2123
        | 0x2125
        | 0x2127
        | 0x2129
        | 0x212e
        | 0x213a
        | 0x2140..=0x2144
        | 0x214a..=0x214d
        | 0x214f
        | 0x2190..=0x245f
        | 0x2500..=0x27ff
        | 0x2900..=0x2bff
        | 0x2e00..=0x2e2e
        | 0x2e30..=0x2e5d
        | 0x3003
        | 0x3004
        | 0x3008..=0x3020
        | 0x3030
        | 0x303d..=0x303f
        | 0x30fb
        | 0xe000..=0xf8ff
        | 0xfe50..=0xfe6b
        | 0xfffc
        | 0xff5f..=0xff65
        | 0xffe0..=0xffee
        | 0x1f000..=0x1f12f
        | 0x1f14a..=0x1f14f
        | 0x1f16a..=0x1f16f
        | 0x1f18a..=0x1faff => b'*',
        _ => OTHER,
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
        let ascii = u8::try_from(d).ok().filter(u8::is_ascii);
        first = first.or(ascii);
    });
    first.unwrap_or_else(|| sign(u32::from(c)))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> String {
        text.chars().filter_map(fold).map(char::from).collect()
    }

    #[test]
    fn signs_part_words_as_those_of_ascii_do() {
        for (text, wanted) in [
            ("Lindqvist\u{2026} MRN\u{2192}4711", "Lindqvist. MRN*4711"),
            (
                "\u{bf}Pat? \u{a1}Ada! \u{2039}Bo\u{203a}",
                "?Pat? !Ada! \"Bo\"",
            ),
            ("a1c \u{2265}9, \u{2264}7, \u{b1}1", "a1c >9, <7, +1"),
            (
                "\u{2502}Pat\u{2502}\u{2551}Ada\u{2503}\u{2500}\u{253c}",
                "|Pat||Ada|-|",
            ),
            ("\u{2709}pat@x.example \u{260e}555", "*pat@x.example *555"),
            ("Pat\u{1f48a}metformin\u{fe0f}\u{1f64f}", "Pat*metformin*"),
            (
                "Suboxone\u{ae} Botox\u{2122} 38.9\u{b0} 50 \u{b5}g",
                "Suboxone Botox 38.9 50 ug",
            ),
            ("N\u{ba} 4, 2\u{bd} tabs, 5\u{d7}3", "No 4, 2* tabs, 5x3"),
            ("\u{1f15f}\u{1f170}\u{1f189}", "PAZ"),
            ("\u{3010}\u{3001}\u{30fb}\u{ff61}", "*,*."),
        ] {
            assert_eq!(folded(text), wanted, "{text}");
        }
    }

    #[test]
    fn signs_are_no_letters() {
        // Between them stand letters of Braille, and nothing yet.
        let blocks = [
            '\u{a0}'..='\u{bf}',
            '\u{2010}'..='\u{205e}',
            '\u{20a0}'..='\u{20c0}',
            '\u{2100}'..='\u{214f}',
            '\u{2190}'..='\u{2426}',
            '\u{2500}'..='\u{27ff}',
            '\u{2900}'..='\u{2bff}',
            '\u{2e00}'..='\u{2e5d}',
            '\u{fe50}'..='\u{fe6b}',
        ];
        let letters: String = (blocks.into_iter().flatten())
            .filter(|c| !c.is_alphanumeric() && fold(*c) == Some(OTHER))
            .collect();
        assert_eq!(letters, "");
        for sign in ['\u{f0b7}', '\u{fffc}', '\u{2dc}', '\u{1f16d}'] {
            assert_eq!(fold(sign), Some(b'*'), "{sign:?}");
        }
        assert_eq!(folded("pat\u{fe6b}x \u{2103} \u{2153}"), "pat@x C 1");
    }

    #[test]
    fn what_nobody_sees_is_gone() {
        for gone in [
            '\u{1}',
            '\u{8}',
            '\u{e}',
            '\u{1b}',
            '\u{1f}',
            '\u{7f}',
            '\u{81}',
            '\u{84}',
            '\u{9b}',
            '\u{17b4}',
            '\u{180f}',
            '\u{1bca0}',
            '\u{1d173}',
            '\u{fdd0}',
            '\u{ffff}',
            '\u{1fffe}',
            '\u{fff0}',
            '\u{e0fff}',
        ] {
            assert_eq!(folded(&format!("Alv{gone}arez")), "Alvarez", "{gone:?}");
        }
        assert_eq!(folded("a\tb\nc\u{b}d\u{c}e\rf"), "a\tb\nc\u{b}d\u{c}e\rf");
    }

    /// Letters of every script stay letters, but for some that no reader sees as one.
    #[test]
    fn letters_are_no_signs() {
        let signs = ('\u{a0}'..='\u{10ffff}').filter(|c| c.is_alphabetic());
        let signs: String = signs
            .filter(|c| fold(*c).is_some_and(|b| b < OTHER && !b.is_ascii_alphanumeric()))
            .collect();
        assert_eq!(signs, "\u{2bc}\u{115f}\u{1160}\u{3164}\u{ffa0}");
    }
}
