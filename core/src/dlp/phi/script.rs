//! Which texts are in a script that neither lists nor models know.

/// Letters of other scripts from which on a text may be one of theirs; fewer are a
/// name or a line of greeting.
const LEAST: usize = 20;

/// Letters of Latin script and of others.
#[derive(Default)]
struct Letters {
    latin: usize,
    other: usize,
}

impl Letters {
    fn count(&mut self, text: &str) {
        for letter in text.chars().filter(|c| c.is_alphabetic()) {
            match letter {
                // Latin with all its marks, and what only looks otherwise: wide
                // letters, those of formulas.
                ..'\u{370}' | '\u{1d00}'..'\u{1f00}' | '\u{2000}'..'\u{2c00}' => self.latin += 1,
                '\u{ff00}'..'\u{ff60}' | '\u{1d400}'..'\u{1d800}' => self.latin += 1,
                // One of these says as much as a few letters.
                '\u{2e80}'.. => self.other += 3,
                _ => self.other += 1,
            }
        }
    }
}

/// Whether most of a text's letters are of another script than Latin. That nothing is
/// found in such a text says nothing. Lines for those who read other languages below a
/// letter in English, which insurers must send, are not most of it. In markup, tags,
/// style sheets and scripts do not count.
pub(super) fn is_unknown(text: &str, markup: bool) -> bool {
    if text.is_ascii() {
        return false;
    }
    let mut letters = Letters::default();
    let mut rest = text;
    while let Some((before, tag)) = rest.split_once('<').filter(|_| markup) {
        letters.count(before);
        let begins = |name: &str| {
            let start = tag.get(..name.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(name))
        };
        let end = match begins("style") || begins("script") {
            true => "</",
            false => ">",
        };
        rest = tag.split_once(end).map_or("", |(_, rest)| rest);
    }
    letters.count(rest);
    letters.other >= LEAST && letters.other > letters.latin
}

#[cfg(test)]
mod tests {
    use super::*;

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
        }
        for text in [
            "",
            "The patient has asthma.",
            "La señora Muñoz tiene una cita el miércoles próximo, por la mañana.",
            "Bệnh nhân có một cuộc hẹn vào thứ hai tại phòng khám",
            "Пациент Иванов",
            "Ｐａｔｉｅｎｔ Ｌｉｎｄｑｖｉｓｔ ｈａｓ ａｓｔｈｍａ",
            "Your appointment is on Monday at nine. Bring your card and a list of your medicines.\n\n\
             ВНИМАНИЕ: если вы говорите по-русски, услуги перевода бесплатны.",
        ] {
            assert!(!is_unknown(text, false), "{text}");
        }
    }
}
