//! Encodings of simple fonts (ISO 32000-1 annex D) and names of glyphs (Adobe
//! Glyph List), as far as Latin goes.

use unicode_normalization::char::compose;

use super::super::text::latin;
use crate::compose::decode_charset;

/// Widths of Helvetica from the blank to the tilde, in thousandths.
pub(super) const HELVETICA: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667,
    611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667,
    667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500,
    222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];

/// `WinAnsiEncoding`.
pub(super) fn win_ansi(code: u8) -> Option<char> {
    match code {
        0..=31 => None,
        127 | 129 | 141 | 143 | 144 | 157 => Some('\u{2022}'),
        code => latin(&[code]).chars().next(),
    }
}

/// `MacRomanEncoding`.
pub(super) fn mac_roman(code: u8) -> Option<char> {
    match code {
        0..=31 | 127 => None,
        code => decode_charset("macintosh", &[code])?.chars().next(),
    }
}

/// `StandardEncoding`.
pub(super) fn standard(code: u8) -> Option<char> {
    Some(match code {
        b'\'' => '\u{2019}',
        b'`' => '\u{2018}',
        32..=126 => char::from(code),
        0xa1..=0xa3 | 0xa5 | 0xa7 | 0xab => char::from(code),
        0xa4 => '\u{2044}',
        0xa6 => '\u{192}',
        0xa8 => '\u{a4}',
        0xa9 => '\'',
        0xaa => '\u{201c}',
        0xac => '\u{2039}',
        0xad => '\u{203a}',
        0xae => '\u{fb01}',
        0xaf => '\u{fb02}',
        0xb1 => '\u{2013}',
        0xb2 => '\u{2020}',
        0xb3 => '\u{2021}',
        0xb4 => '\u{b7}',
        0xb6 => '\u{b6}',
        0xb7 => '\u{2022}',
        0xb8 => '\u{201a}',
        0xb9 => '\u{201e}',
        0xba => '\u{201d}',
        0xbb => '\u{bb}',
        0xbc => '\u{2026}',
        0xbd => '\u{2030}',
        0xbf => '\u{bf}',
        0xd0 => '\u{2014}',
        0xe1 => 'Æ',
        0xe3 => 'ª',
        0xe8 => 'Ł',
        0xe9 => 'Ø',
        0xea => 'Œ',
        0xeb => 'º',
        0xf1 => 'æ',
        0xf5 => 'ı',
        0xf8 => 'ł',
        0xf9 => 'ø',
        0xfa => 'œ',
        0xfb => 'ß',
        _ => return None,
    })
}

/// The encoding of the font Symbol (annex D.6), which every reader has: Greek
/// letters, and signs that say nothing.
pub(super) fn symbol(code: u8) -> char {
    const CAPITALS: &str = "ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ";
    const SMALL: &str = "αβχδεφγηιϕκλμνοπθρστυϖωξψζ";
    let letter = |of: &str, first: u8| of.chars().nth(usize::from(code - first));
    match code {
        b'A'..=b'Z' => letter(CAPITALS, b'A').unwrap_or('\u{2022}'),
        b'a'..=b'z' => letter(SMALL, b'a').unwrap_or('\u{2022}'),
        b'"' | b'$' | b'\'' | b'@' | b'\\' | b'^' | b'`' | b'~' | 127.. => '\u{2022}',
        0..=31 => ' ',
        code => char::from(code),
    }
}

/// The encoding of ZapfDingbats (annex D.6): signs, and numbers in circles.
pub(super) fn dingbat(code: u8) -> char {
    match code {
        0..=32 => ' ',
        0xac..=0xd3 => char::from_u32(0x2460 + u32::from(code - 0xac) % 10).unwrap_or('\u{2022}'),
        _ => '\u{2022}',
    }
}

/// `PDFDocEncoding`, close enough: it is Latin-1 but for signs.
pub(super) fn text(bytes: &[u8]) -> String {
    match bytes {
        [0xfe, 0xff, ..] | [0xff, 0xfe, ..] => super::super::text::decode(bytes).0,
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => bytes
            .iter()
            .map(|b| match b {
                0x85 => '\u{2013}',
                0x84 => '\u{2014}',
                0x8a => '\u{2212}',
                0x8f => '\u{2018}',
                0x90 => '\u{2019}',
                b => char::from(*b),
            })
            .collect(),
    }
}

const ACCENTS: &[(&str, char)] = &[
    ("acute", '\u{301}'),
    ("grave", '\u{300}'),
    ("circumflex", '\u{302}'),
    ("dieresis", '\u{308}'),
    ("tilde", '\u{303}'),
    ("ring", '\u{30a}'),
    ("cedilla", '\u{327}'),
    ("caron", '\u{30c}'),
    ("macron", '\u{304}'),
    ("breve", '\u{306}'),
    ("ogonek", '\u{328}'),
    ("dotaccent", '\u{307}'),
    ("hungarumlaut", '\u{30b}'),
    ("commaaccent", '\u{327}'),
];

const NAMES: &[(&str, char)] = &[
    ("space", ' '),
    ("nbspace", ' '),
    ("nonbreakingspace", ' '),
    ("exclam", '!'),
    ("quotedbl", '"'),
    ("numbersign", '#'),
    ("dollar", '$'),
    ("percent", '%'),
    ("ampersand", '&'),
    ("quotesingle", '\''),
    ("parenleft", '('),
    ("parenright", ')'),
    ("asterisk", '*'),
    ("plus", '+'),
    ("comma", ','),
    ("hyphen", '-'),
    ("sfthyphen", '-'),
    ("softhyphen", '-'),
    ("minus", '\u{2212}'),
    ("period", '.'),
    ("slash", '/'),
    ("zero", '0'),
    ("one", '1'),
    ("two", '2'),
    ("three", '3'),
    ("four", '4'),
    ("five", '5'),
    ("six", '6'),
    ("seven", '7'),
    ("eight", '8'),
    ("nine", '9'),
    ("colon", ':'),
    ("semicolon", ';'),
    ("less", '<'),
    ("equal", '='),
    ("greater", '>'),
    ("question", '?'),
    ("at", '@'),
    ("bracketleft", '['),
    ("backslash", '\\'),
    ("bracketright", ']'),
    ("asciicircum", '^'),
    ("underscore", '_'),
    ("grave", '`'),
    ("braceleft", '{'),
    ("bar", '|'),
    ("braceright", '}'),
    ("asciitilde", '~'),
    ("quoteleft", '\u{2018}'),
    ("quoteright", '\u{2019}'),
    ("quotedblleft", '\u{201c}'),
    ("quotedblright", '\u{201d}'),
    ("quotesinglbase", '\u{201a}'),
    ("quotedblbase", '\u{201e}'),
    ("guillemotleft", '«'),
    ("guillemotright", '»'),
    ("guilsinglleft", '\u{2039}'),
    ("guilsinglright", '\u{203a}'),
    ("endash", '\u{2013}'),
    ("emdash", '\u{2014}'),
    ("bullet", '\u{2022}'),
    ("periodcentered", '·'),
    ("ellipsis", '\u{2026}'),
    ("dagger", '\u{2020}'),
    ("daggerdbl", '\u{2021}'),
    ("trademark", '\u{2122}'),
    ("copyright", '©'),
    ("registered", '®'),
    ("degree", '°'),
    ("section", '§'),
    ("paragraph", '¶'),
    ("plusminus", '±'),
    ("multiply", '×'),
    ("divide", '÷'),
    ("mu", 'µ'),
    ("onehalf", '½'),
    ("onequarter", '¼'),
    ("threequarters", '¾'),
    ("onesuperior", '¹'),
    ("twosuperior", '²'),
    ("threesuperior", '³'),
    ("cent", '¢'),
    ("sterling", '£'),
    ("yen", '¥'),
    ("Euro", '€'),
    ("currency", '¤'),
    ("florin", 'ƒ'),
    ("exclamdown", '¡'),
    ("questiondown", '¿'),
    ("germandbls", 'ß'),
    ("ae", 'æ'),
    ("AE", 'Æ'),
    ("oe", 'œ'),
    ("OE", 'Œ'),
    ("oslash", 'ø'),
    ("Oslash", 'Ø'),
    ("lslash", 'ł'),
    ("Lslash", 'Ł'),
    ("dcroat", 'đ'),
    ("Dcroat", 'Đ'),
    ("eth", 'ð'),
    ("Eth", 'Ð'),
    ("thorn", 'þ'),
    ("Thorn", 'Þ'),
    ("dotlessi", 'ı'),
    ("ordfeminine", 'ª'),
    ("ordmasculine", 'º'),
    ("fi", '\u{fb01}'),
    ("fl", '\u{fb02}'),
    ("ff", '\u{fb00}'),
    ("ffi", '\u{fb03}'),
    ("ffl", '\u{fb04}'),
    ("lessequal", '≤'),
    ("greaterequal", '≥'),
    ("fraction", '\u{2044}'),
    ("perthousand", '‰'),
    ("logicalnot", '¬'),
    ("brokenbar", '¦'),
    ("alpha", 'α'),
    ("beta", 'β'),
    ("gamma", 'γ'),
    ("delta", 'δ'),
    ("dieresis", '¨'),
    ("acute", '´'),
    ("cedilla", '¸'),
    ("macron", '¯'),
    ("arrowright", '→'),
    ("arrowleft", '←'),
];

/// Greek letters and the signs of mathematics, by their names there and in
/// TeX's fonts.
const SIGNS: &str = "Alpha Α Beta Β Gamma Γ Delta Δ Epsilon Ε Zeta Ζ Eta Η Theta Θ Iota Ι Kappa Κ \
    Lambda Λ Mu Μ Nu Ν Xi Ξ Omicron Ο Pi Π Rho Ρ Sigma Σ Tau Τ Upsilon Υ Phi Φ Chi Χ Psi Ψ Omega Ω \
    epsilon ε epsilon1 ε zeta ζ eta η theta θ theta1 ϑ iota ι kappa κ lambda λ nu ν xi ξ omicron ο \
    pi π pi1 ϖ rho ρ rho1 ϱ sigma σ sigma1 ς tau τ upsilon υ phi φ phi1 ϕ chi χ psi ψ omega ω \
    f_f \u{fb00} f_i \u{fb01} f_l \u{fb02} f_f_i \u{fb03} f_f_l \u{fb04} \
    dotlessj j circumflex ^ tilde ~ caron ˇ breve ˘ dotaccent ˙ ring ˚ ogonek ˛ hungarumlaut ˝ \
    infinity ∞ approxequal ≈ notequal ≠ equivalence ≡ element ∈ summation ∑ product ∏ integral ∫ \
    radical √ partialdiff ∂ gradient ∇ proportional ∝ similar ∼ lozenge ◊ existential ∃ universal ∀ \
    union ∪ intersection ∩ propersubset ⊂ propersuperset ⊃ reflexsubset ⊆ reflexsuperset ⊇ \
    emptyset ∅ logicaland ∧ logicalor ∨ perpendicular ⊥ angle ∠ therefore ∴ prime ′ second ″ \
    arrowup ↑ arrowdown ↓ arrowboth ↔ arrowdblright ⇒ arrowdblleft ⇐ arrowdblboth ⇔ asteriskmath * \
    openbullet ◦ circle ○ triangle △ square □ filledbox ■ checkmark ✓ star ★ heart ♥ diamond ♦ \
    bardbl ‖ angbracketleft ⟨ angbracketright ⟩ floorleft ⌊ floorright ⌋ ceilingleft ⌈ ceilingright ⌉ \
    visiblespace \u{2423} periodcentered · slashmath / backslashmath \\ negationslash / mapsto ↦ \
    lessmuch ≪ greatermuch ≫ plusmath + minusplus ∓ circleplus ⊕ circlemultiply ⊗ prime ′ \
    estimated ℮ onethird ⅓ twothirds ⅔ oneeighth ⅛ threeeighths ⅜ fiveeighths ⅝ seveneighths ⅞";

/// The character of a glyph's name.
pub(super) fn named(name: &[u8]) -> Option<char> {
    let name = std::str::from_utf8(name).ok()?;
    let name = name.split('.').next()?;
    let mut chars = name.chars();
    if let (Some(one), None) = (chars.next(), chars.next()) {
        return Some(one);
    }
    if let Some((_, c)) = NAMES.iter().find(|(n, _)| *n == name) {
        return Some(*c);
    }
    let mut signs = SIGNS.split_ascii_whitespace();
    while let (Some(sign), Some(c)) = (signs.next(), signs.next()) {
        if sign == name {
            return c.chars().next();
        }
    }
    let hex = |digits: &str| {
        (4..=6)
            .contains(&digits.len())
            .then(|| u32::from_str_radix(digits, 16).ok())
            .flatten()
            .and_then(char::from_u32)
    };
    if let Some(c) = name.strip_prefix("uni").and_then(|d| hex(d.get(..4)?)) {
        return Some(c);
    }
    if let Some(c) = name.strip_prefix('u').and_then(hex) {
        return Some(c);
    }
    let mut letters = name.chars();
    let base = letters.next().filter(char::is_ascii_alphabetic)?;
    let (_, accent) = ACCENTS
        .iter()
        .find(|(accent, _)| *accent == letters.as_str())?;
    compose(base, *accent).or(Some(base))
}
