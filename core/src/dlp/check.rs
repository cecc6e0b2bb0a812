//! Check digits and number plans.

/// Luhn's sum over digits (ISO/IEC 7812-1 annex B), 0 when right.
fn luhn_sum(digits: impl DoubleEndedIterator<Item = u8>) -> u32 {
    digits
        .rev()
        .enumerate()
        .map(|(i, d)| {
            let d = u32::from(d);
            let d = if i % 2 == 1 { d * 2 } else { d };
            d / 10 + d % 10
        })
        .sum::<u32>()
        % 10
}

/// Luhn over digits 0–9.
pub(super) fn luhn(digits: &[u8]) -> bool {
    luhn_sum(digits.iter().copied()) == 0
}

/// NPI (45 CFR 162.406): Luhn over 80840 and the ten digits.
pub(super) fn npi(digits: &[u8]) -> bool {
    digits.len() == 10
        && matches!(digits[0], 1 | 2)
        && luhn_sum([8, 0, 8, 4, 0].iter().chain(digits).copied()) == 0
}

/// DEA number: (d1+d3+d5) + 2·(d2+d4+d6) ends with d7.
pub(super) fn dea(d: &[u8]) -> bool {
    d.len() == 7 && (d[0] + d[2] + d[4] + 2 * (d[1] + d[3] + d[5])) % 10 == d[6]
}

/// The digits of what has the shape of a DEA number (21 CFR 1301.13), in upper
/// case: two characters and seven digits.
pub(super) fn dea_shape(text: &[u8]) -> Option<Digits> {
    let [registrant, name, number @ ..] = text else {
        return None;
    };
    let fits = number.len() == 7
        && b"ABCDEFGHJKLMPRSTUX".contains(registrant)
        && (name.is_ascii_uppercase() || *name == b'9');
    digits(number).filter(|_| fits)
}

/// The values of some digits.
pub(super) struct Digits {
    values: [u8; Self::MOST],
    count: usize,
}

impl Digits {
    /// No number with a check digit is longer.
    const MOST: usize = 40;
}

impl std::ops::Deref for Digits {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.values.get(..self.count).unwrap_or_default()
    }
}

/// The values of characters that are all digits, of which there are not too
/// many.
pub(super) fn digits(text: &[u8]) -> Option<Digits> {
    let mut values = [0; Digits::MOST];
    let room = values.get_mut(..text.len())?;
    let mut all = true;
    for (value, byte) in room.iter_mut().zip(text) {
        *value = byte.wrapping_sub(b'0');
        all &= *value < 10;
    }
    all.then_some(Digits {
        values,
        count: text.len(),
    })
}

/// What the nine digits of a social security number tell: whether area, group
/// and serial were ever given out (SSA POMS RM 10201), and whether the number
/// is one of those that stand in examples.
pub(super) fn ssn(d: &[u8]) -> (bool, bool) {
    let number = |part: &[u8]| part.iter().fold(0u32, |n, &x| n * 10 + u32::from(x));
    let (area, group, serial) = (number(&d[..3]), number(&d[3..5]), number(&d[5..]));
    let valid = area != 0 && area != 666 && area < 900 && group != 0 && serial != 0;
    let fake = d.iter().all(|x| *x == d[0])
        || matches!(number(d), 78_051_120 | 219_099_999 | 123_456_789)
        || (area == 987 && group == 65 && (4320..=4329).contains(&serial));
    (valid, fake)
}

/// IBAN (ISO 13616): remainder 1 modulo 97. Upper-case letters and digits.
pub(super) fn iban(text: &[u8]) -> bool {
    if text.len() < 5 {
        return false;
    }
    let rest = text[4..]
        .iter()
        .chain(&text[..4])
        .fold(0u32, |sum, &b| match b {
            b'0'..=b'9' => (sum * 10 + u32::from(b - b'0')) % 97,
            _ => (sum * 100 + u32::from(b.wrapping_sub(b'A')) + 10) % 97,
        });
    rest == 1
}

/// Length of a country's IBAN (SWIFT's registry).
pub(super) fn iban_length(country: &[u8]) -> Option<usize> {
    const LENGTHS: &[(&[u8; 2], usize)] = &[
        (b"AD", 24),
        (b"AE", 23),
        (b"AL", 28),
        (b"AT", 20),
        (b"AZ", 28),
        (b"BA", 20),
        (b"BE", 16),
        (b"BG", 22),
        (b"BH", 22),
        (b"BR", 29),
        (b"BY", 28),
        (b"CH", 21),
        (b"CR", 22),
        (b"CY", 28),
        (b"CZ", 24),
        (b"DE", 22),
        (b"DK", 18),
        (b"DO", 28),
        (b"EE", 20),
        (b"EG", 29),
        (b"ES", 24),
        (b"FI", 18),
        (b"FO", 18),
        (b"FR", 27),
        (b"GB", 22),
        (b"GE", 22),
        (b"GI", 23),
        (b"GL", 18),
        (b"GR", 27),
        (b"GT", 28),
        (b"HR", 21),
        (b"HU", 28),
        (b"IE", 22),
        (b"IL", 23),
        (b"IQ", 23),
        (b"IS", 26),
        (b"IT", 27),
        (b"JO", 30),
        (b"KW", 30),
        (b"KZ", 20),
        (b"LB", 28),
        (b"LC", 32),
        (b"LI", 21),
        (b"LT", 20),
        (b"LU", 20),
        (b"LV", 21),
        (b"LY", 25),
        (b"MC", 27),
        (b"MD", 24),
        (b"ME", 22),
        (b"MK", 19),
        (b"MR", 27),
        (b"MT", 31),
        (b"MU", 30),
        (b"NL", 18),
        (b"NO", 15),
        (b"PK", 24),
        (b"PL", 28),
        (b"PS", 29),
        (b"PT", 25),
        (b"QA", 29),
        (b"RO", 24),
        (b"RS", 22),
        (b"SA", 24),
        (b"SC", 31),
        (b"SD", 18),
        (b"SE", 24),
        (b"SI", 19),
        (b"SK", 24),
        (b"SM", 27),
        (b"ST", 25),
        (b"SV", 28),
        (b"TL", 23),
        (b"TN", 24),
        (b"TR", 26),
        (b"UA", 29),
        (b"VA", 22),
        (b"VG", 24),
        (b"XK", 20),
    ];
    LENGTHS.iter().find(|(c, _)| country == *c).map(|(_, n)| *n)
}

/// Whether an issuer gives out numbers of this prefix and length.
pub(super) fn card_issuer(d: &[u8]) -> bool {
    if d.len() < 12 {
        return false;
    }
    let n = d.len();
    let prefix = |k: usize| d[..k].iter().fold(0u32, |p, &x| p * 10 + u32::from(x));
    let (two, three, four) = (prefix(2), prefix(3), prefix(4));
    (d[0] == 4 && matches!(n, 13 | 16 | 19))
        || (((51..=55).contains(&two) || (2221..=2720).contains(&four)) && n == 16)
        || (matches!(two, 34 | 37) && n == 15)
        || ((four == 6011 || two == 65 || (644..=649).contains(&three)) && (16..=19).contains(&n))
        || ((matches!(two, 36 | 38 | 39) || (300..=305).contains(&three)) && (14..=19).contains(&n))
        || ((3528..=3589).contains(&four) && (16..=19).contains(&n))
        || (matches!(two, 62 | 81) && (16..=19).contains(&n))
        || ((two == 50 || (56..=58).contains(&two) || matches!(two, 63 | 67))
            && (12..=19).contains(&n))
}

/// VIN check digit (49 CFR 565.15): weighted sum modulo 11, X for 10.
/// `None` where a character is none of a VIN.
pub(super) fn vin(text: &[u8]) -> Option<bool> {
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    if text.len() != 17 {
        return None;
    }
    let mut sum = 0;
    for (&b, weight) in text.iter().zip(WEIGHTS) {
        let value = match b {
            b'0'..=b'9' => b - b'0',
            b'A'..=b'H' => b - b'A' + 1,
            b'J'..=b'N' => b - b'J' + 1,
            b'P' => 7,
            b'R' => 9,
            b'S'..=b'Z' => b - b'S' + 2,
            _ => return None,
        };
        sum += u32::from(value) * weight;
    }
    let digit = match sum % 11 {
        10 => b'X',
        n => b'0' + u8::try_from(n).unwrap_or(0),
    };
    Some(text[8] == digit)
}

/// Medicare Beneficiary Identifier (CMS): eleven characters by position.
pub(super) fn mbi(text: &[u8]) -> bool {
    let letter = |b: u8| b.is_ascii_uppercase() && !b"SLOIBZ".contains(&b);
    text.len() == 11
        && text.iter().enumerate().all(|(i, &b)| match i {
            0 => (b'1'..=b'9').contains(&b),
            1 | 4 | 7 | 8 => letter(b),
            2 | 5 => letter(b) || b.is_ascii_digit(),
            _ => b.is_ascii_digit(),
        })
}

/// Numbers that payment processors publish for tests.
const TEST_CARDS: &[&str] = &[
    "4111111111111111",
    "4242424242424242",
    "4012888888881881",
    "4000056655665556",
    "5555555555554444",
    "5105105105105100",
    "5200828282828210",
    "2223003122003222",
    "378282246310005",
    "371449635398431",
    "6011111111111117",
    "6011000990139424",
    "3056930009020004",
    "36227206271667",
    "3566002020360505",
    "6200000000000005",
];

/// Whether a card's number, as digits, is one of those that processors publish
/// for tests.
pub(super) fn is_test_card(digits: &[u8]) -> bool {
    TEST_CARDS
        .iter()
        .any(|t| t.bytes().map(|b| b - b'0').eq(digits.iter().copied()))
}

/// The check digit of a LOINC code (LOINC Users' Guide, appendix): modulus 10
/// over the digits before the hyphen.
pub(super) fn mod10_pair(digits: &[u8], check: &[u8]) -> bool {
    let (Some(digits), Some(check)) = (self::digits(digits), self::digits(check)) else {
        return false;
    };
    luhn_sum(digits.iter().chain(check.iter()).copied()) == 0
}

/// The check of a US routing number (ABA): 3, 7, 1.
pub(super) fn routing(d: &[u8]) -> bool {
    let sum: u32 = d
        .iter()
        .zip([3u32, 7, 1].into_iter().cycle())
        .map(|(&x, weight)| u32::from(x) * weight)
        .sum();
    d.len() == 9 && sum != 0 && sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(text: &str) -> Vec<u8> {
        text.bytes().map(|b| b - b'0').collect()
    }

    /// Every single wrong digit must be found.
    fn one_wrong(text: &str, right: fn(&[u8]) -> bool, from: usize) {
        let good = digits(text);
        assert!(right(&good), "{text}");
        for at in from..good.len() {
            let mut bad = good.clone();
            bad[at] = (bad[at] + 1) % 10;
            assert!(!right(&bad), "{text} at {at}");
        }
    }

    #[test]
    fn check_digits_find_one_wrong_digit() {
        one_wrong("4539148803436467", luhn, 0);
        one_wrong("1234567893", npi, 0);
        one_wrong("2000000002", npi, 0);
        one_wrong("1234563", dea, 0);
        one_wrong("1130525", dea, 0);
        one_wrong("021000021", routing, 0);
        // Right sums, but no number of the kind has this length or beginning.
        assert!(!npi(&digits("3000000009")));
        assert!(!npi(&digits("12345678905")) && !npi(&digits("123456784")));
        assert!(!dea(&digits("12345630")) && !dea(&digits("123456")));
        assert!(!routing(&digits("0210000210")) && !routing(&[0; 9]));
    }

    #[test]
    fn codes_of_loinc_end_with_their_check_digit() {
        assert!(mod10_pair(b"2345", b"7"));
        for (number, check) in [(&b"2345"[..], b"8"), (b"2346", b"7"), (b"23a5", b"7")] {
            assert!(!mod10_pair(number, check));
        }
    }

    #[test]
    fn numbers_of_examples_and_numbers_never_given_out_are_known() {
        for (number, told) in [
            ("281159804", (true, false)),
            ("078051120", (true, true)),
            ("219099999", (true, true)),
            ("123456789", (true, true)),
            ("111111111", (true, true)),
            ("000000000", (false, true)),
            ("000123456", (false, false)),
            ("001010001", (true, false)),
            ("665112222", (true, false)),
            ("666123456", (false, false)),
            ("667112222", (true, false)),
            ("899112222", (true, false)),
            ("900123456", (false, false)),
            ("281009804", (false, false)),
            ("281150000", (false, false)),
            // 987-65-4320 to 987-65-4329 are for advertisements.
            ("987654319", (false, false)),
            ("987654320", (false, true)),
            ("987654321", (false, true)),
            ("987654329", (false, true)),
            ("987654330", (false, false)),
            ("986654325", (false, false)),
            ("987644325", (false, false)),
        ] {
            assert_eq!(ssn(&digits(number)), told, "{number}");
        }
        assert!(is_test_card(&digits("4111111111111111")));
        assert!(!is_test_card(&digits("4539148803436467")));
    }

    #[test]
    fn dea_numbers_begin_with_two_characters() {
        for good in [&b"AB1234563"[..], b"A91234563", b"XZ1234563"] {
            assert_eq!(dea_shape(good).as_deref(), Some(&digits("1234563")[..]));
        }
        for other in [
            &b"IB1234563"[..],
            b"A11234563",
            b"ab1234563",
            b"AB123456",
            b"AB12345630",
            b"AB12345X3",
            b"A",
        ] {
            assert!(dea_shape(other).is_none());
        }
    }

    #[test]
    fn ibans_are_right_modulo_97() {
        assert!(iban(b"GB82WEST12345698765432") && iban(b"DE89370400440532013000"));
        for bad in [
            &b"GB82WEST12345698765431"[..],
            b"GB82WESU12345698765432",
            b"GB83WEST12345698765432",
            b"BG82WEST12345698765432",
            b"GB",
        ] {
            assert!(!iban(bad));
        }
        assert_eq!(iban_length(b"DE"), Some(22));
        assert_eq!(iban_length(b"US"), None);
    }

    #[test]
    fn the_check_digit_of_a_vin_weighs_every_letter() {
        assert_eq!(vin(b"1M8GDM9AXKP042788"), Some(true));
        assert_eq!(vin(b"1M8GDM9A1KP042788"), Some(false));
        for other in [
            &b"1M8GDM9AXKP04278O"[..],
            b"1M8GDM9AXKP04278",
            b"1M8GDM9AXKP0427880",
        ] {
            assert_eq!(vin(other), None);
        }
        // 49 CFR 565.15, table III. Seventeen ones are a right VIN; a letter in
        // the first place weighs eight, and so does what the digit changes by.
        let letters = "ABCDEFGHJKLMNPRSTUVWXYZ".bytes();
        for (letter, value) in letters.zip("12345678123457923456789".bytes()) {
            let sum = (89 - 8 + 8 * u32::from(value - b'0')) % 11;
            let digit = char::from_digit(sum, 10).map_or(b'X', |d| d as u8);
            let mut text = *b"11111111111111111";
            (text[0], text[8]) = (letter, digit);
            assert_eq!(vin(&text), Some(true), "{}", char::from(letter));
        }
        // Other places: each has its own weight.
        for (at, weight) in [8, 7, 6, 5, 4, 3, 2, 10].into_iter().enumerate() {
            let mut text = *b"11111111111111111";
            text[at] = b'2';
            text[8] = char::from_digit((89 + weight) % 11, 10).map_or(b'X', |d| d as u8);
            assert_eq!(vin(&text), Some(true), "{at}");
        }
    }

    #[test]
    fn each_place_of_a_beneficiary_identifier_has_its_characters() {
        // CMS: C is 1-9, A a letter but SLOIBZ, N 0-9, X either of the two.
        let plan = "CAXNAXNAANN";
        let good = *b"1EG4TE5MK73";
        assert!(mbi(&good));
        for (at, place) in plan.bytes().enumerate() {
            for (put, fits) in [
                (b'0', b"NX".contains(&place)),
                (b'9', b"CNX".contains(&place)),
                (b'A', b"AX".contains(&place)),
                (b'Y', b"AX".contains(&place)),
                (b'S', false),
                (b'a', false),
                (b'-', false),
            ] {
                let mut text = good;
                text[at] = put;
                assert_eq!(mbi(&text), fits, "{} at {at}", char::from(put));
            }
        }
        assert!(!mbi(&good[..10]) && !mbi(b"1EG4TE5MK730"));
    }

    #[test]
    fn issuers_have_prefixes_and_lengths() {
        // Beginnings, and the lengths that go with them.
        let plan: [(&[&str], &[usize]); 6] = [
            (&["4"], &[13, 16, 19]),
            (&["51", "55", "2221", "2300", "2720"], &[16]),
            (&["34", "37"], &[15]),
            (
                &["6011", "65", "644", "649", "3528", "3589", "62", "81"],
                &[16, 17, 18, 19],
            ),
            (&["36", "38", "39", "300", "305"], &[14, 15, 16, 17, 18, 19]),
            (
                &["50", "56", "58", "63", "67"],
                &[12, 13, 14, 15, 16, 17, 18, 19],
            ),
        ];
        let number = |prefix: &str, length: usize| digits(&format!("{prefix:0<length$}"));
        for (prefixes, lengths) in plan {
            for prefix in prefixes {
                for length in 10..=21 {
                    assert_eq!(
                        card_issuer(&number(prefix, length)),
                        lengths.contains(&length),
                        "{prefix} {length}"
                    );
                }
            }
        }
        for prefix in [
            "0", "1", "2220", "2721", "306", "3527", "3590", "35", "33", "59", "6010", "6012",
            "61", "643", "66", "68", "7", "80", "82", "9",
        ] {
            for length in 12..=19 {
                assert!(!card_issuer(&number(prefix, length)), "{prefix} {length}");
            }
        }
    }
}
