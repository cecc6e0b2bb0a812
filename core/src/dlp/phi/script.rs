//! Which texts are in a script that neither lists nor models know.

use memchr::memchr_iter;

use crate::dlp::view::decoded;

/// How much letters of other scripts weigh from where on a text may be one of theirs;
/// less is a name or a line of greeting.
const LEAST: usize = 24;

/// Letters of Latin script and of others.
#[derive(Default)]
struct Letters {
    latin: usize,
    other: usize,
}

impl Letters {
    /// Those of a text in which JSON may write some by their numbers.
    fn count_written(&mut self, text: &str) {
        let mut from = 0;
        for (at, _) in text.match_indices("\\u") {
            let number = text
                .get(at + 2..at + 6)
                .filter(|n| n.bytes().all(|b| b.is_ascii_hexdigit()));
            // The numbers' own letters are none of the text.
            if let Some(number) = number
                && let Some(before) = text.get(from..at)
            {
                self.count(before);
                let letter = u32::from_str_radix(number, 16)
                    .ok()
                    .and_then(char::from_u32);
                self.count(letter.unwrap_or(' ').encode_utf8(&mut [0; 4]));
                from = at + 6;
            }
        }
        self.count(text.get(from..).unwrap_or_default());
    }

    fn count(&mut self, text: &str) {
        for letter in text.chars().filter(|c| c.is_alphabetic()) {
            match letter {
                // Latin with all its marks, and what only looks otherwise: joined and
                // wide letters, those of formulas.
                ..'\u{370}' | '\u{1d00}'..'\u{1f00}' | '\u{2000}'..'\u{2c00}' => self.latin += 1,
                '\u{fb00}'..'\u{fb07}' | '\u{ff00}'..'\u{ff60}' => self.latin += 1,
                '\u{1d400}'..'\u{1d800}' => self.latin += 1,
                // One of these says as much as two letters.
                '\u{2e80}'..'\u{a000}' | '\u{ac00}'..'\u{d7b0}' => self.other += 2,
                _ => self.other += 1,
            }
        }
    }

    /// Those of what markup shows: not of tags, style sheets and scripts.
    fn count_shown(&mut self, markup: &str) {
        let (mut from, mut at) = (0, 0);
        while let Some(n) = markup.get(at..).and_then(|rest| rest.find('<')) {
            let tag = at + n;
            let rest = markup.get(tag..).unwrap_or_default();
            let opens = |b: &u8| b.is_ascii_alphabetic() || b"/!?".contains(b);
            if !rest.as_bytes().get(1).is_some_and(opens) {
                at = tag + 1;
                continue;
            }
            self.count(&decoded(markup.get(from..tag).unwrap_or_default()));
            let end = match ["style", "script"]
                .iter()
                .find(|name| begins(rest, "<", name))
            {
                Some(name) => {
                    let mut ends = rest.match_indices("</").map(|(n, _)| n);
                    ends.find(|n| begins(rest.get(*n..).unwrap_or_default(), "</", name))
                }
                None => rest.find('>').map(|n| n + 1),
            };
            at = tag + end.unwrap_or(rest.len());
            from = at;
        }
        self.count(&decoded(markup.get(from..).unwrap_or_default()));
    }
}

/// Whether a text begins with a sign and a tag's name, in letters of any case.
fn begins(text: &str, sign: &str, name: &str) -> bool {
    let behind = text
        .strip_prefix(sign)
        .and_then(|tag| tag.get(..name.len()));
    behind.is_some_and(|tag| tag.eq_ignore_ascii_case(name))
}

/// Whether most of a text's letters are of another script than Latin. That nothing is
/// found in such a text says nothing. Lines for those who read other languages below a
/// letter in English, which insurers must send, are not most of it.
pub(super) fn is_unknown(text: &str, markup: bool) -> bool {
    let escaped = has(text, if markup { *b"&#" } else { *b"\\u" });
    if text.is_ascii() && !escaped {
        return false;
    }
    let mut letters = Letters::default();
    match markup {
        true => letters.count_shown(text),
        false => letters.count_written(text),
    }
    letters.other >= LEAST && letters.other > letters.latin
}

/// Turns what follows: a reader sees the letters of a word from its end.
const OVERRIDE: char = '\u{202e}';
/// The flag of a country's part, behind which signs that nobody sees name the part.
const FLAG: char = '\u{1f3f4}';
/// As many at most: `gbsct`.
const OF_FLAG: usize = 5;

/// Whether a reader sees the letters of a text in another order than they are read in
/// here, or letters that nobody sees stand in it (Unicode, tag characters). What markup
/// turns its view tells.
pub(super) fn is_turned(text: &str, markup: bool) -> bool {
    if markup && has(text, *b"&#") && has_turned(&decoded(text)) {
        return true;
    }
    let written = || text.to_ascii_lowercase().contains("\\u202e");
    !text.is_ascii() && has_turned(text) || !markup && has(text, *b"\\u") && written()
}

/// Whether two signs stand beside each other in a text, the first of which is rare.
fn has(text: &str, [sign, next]: [u8; 2]) -> bool {
    let text = text.as_bytes();
    memchr_iter(sign, text).any(|at| text.get(at + 1) == Some(&next))
}

fn has_turned(text: &str) -> bool {
    let (mut tags, mut flags) = (0, 0);
    for letter in text.chars() {
        tags += usize::from(matches!(letter, '\u{e0020}'..='\u{e007e}'));
        flags += usize::from(letter == FLAG);
    }
    tags > OF_FLAG * flags || text.contains(OVERRIDE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_otherwise_is_told() {
        let turned = "MRN \u{202e}31928400\u{202c}";
        let hidden: String = ("MRN 4711".bytes())
            .filter_map(|b| char::from_u32(0xe0000 + u32::from(b)))
            .collect();
        for (text, markup, wanted) in [
            (turned.to_owned(), false, true),
            (format!("Hi. {hidden}"), false, true),
            ("<p>&#8238;31928400".to_owned(), true, true),
            ("<p>&#X202E;31928400 ü".to_owned(), true, true),
            ("<p>&#xE004D;&#xE0052;".to_owned(), true, true),
            ("{\"n\": \"\\u202E31928400\"}".to_owned(), false, true),
            ("a < b, <bdo".to_owned(), false, false),
            ("<p>See <b>bold</b> &amp; so on".to_owned(), true, false),
            (
                "Scotland \u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f} won"
                    .to_owned(),
                false,
                false,
            ),
            ("\u{200f}שלום\u{200e} Müller".to_owned(), false, false),
        ] {
            assert_eq!(is_turned(&text, markup), wanted, "{text}");
        }
    }

    #[test]
    fn texts_in_other_scripts_are_told() {
        for text in [
            "Пациент: Иванов Сергей Петрович\nДиагноз: сахарный диабет",
            "患者：佐藤花子様　生年月日：1970年3月12日　診断：糖尿病",
            "المريض محمد العلي لديه موعد يوم الاثنين",
            "Ο ασθενής έχει ραντεβού τη Δευτέρα, MRN 4711",
            "환자 김민수님의 예약은 월요일입니다",
        ] {
            assert!(is_unknown(text, false), "{text}");
            let page = format!(
                "<style>p {{ color: red; margin: 0 auto }}</style><p class=\"text\">{text}"
            );
            assert!(is_unknown(&page, true), "{text}");
            let code = "<script>if (a < b) { c = '<b>the words of a program</b>' }</script>";
            let escaped: String = text.chars().map(|c| format!("&#{};", c as u32)).collect();
            let page = format!("{code}{escaped}<p>&nbsp;</p><p>&nbsp;</p><p>&nbsp;</p>");
            assert!(is_unknown(&page, true), "{text}");
            let numbers: String = (text.encode_utf16().map(|u| format!("\\u{u:04x}"))).collect();
            let json = format!("{{\"note\": \"{numbers}\"}}");
            assert!(is_unknown(&json, false), "{json}");
        }
        for text in [
            r#"{"path": "C:\users\under\uabc", "note": "\u00fcber \u00fc\u00fc\u00fc\u00fc\u00fc"}"#,
            "",
            "The patient has asthma.",
            "La señora Muñoz tiene una cita el miércoles próximo, por la mañana.",
            "Bệnh nhân có một cuộc hẹn vào thứ hai tại phòng khám",
            "Пациент Иванов",
            "会議のお知らせ",
            "Ｐａｔｉｅｎｔ Ｌｉｎｄｑｖｉｓｔ ｈａｓ ａｓｔｈｍａ",
            "Your appointment is on Monday at nine. Bring your card and a list of your medicines.\n\n\
             ВНИМАНИЕ: если вы говорите по-русски, услуги перевода бесплатны.",
        ] {
            assert!(!is_unknown(text, false), "{text}");
        }
    }
}
