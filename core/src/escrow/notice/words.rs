//! What the mails say, as a table that each language fills. A sentence that a
//! language lacks does not compile.

use super::{english, spanish};
use crate::base::{Language, Timestamp};
use crate::escrow::Method;

/// The sentences of a language. `{organisation}`, `{contact}` and `{date}` are
/// filled in; nothing that a sender or recipient wrote ever is.
pub(super) struct Words {
    /// BCP 47.
    pub(super) lang: &'static str,
    /// The sentence for those who read the other language, in this one.
    pub(super) also_here: &'static str,
    pub(super) date: fn(&Moment) -> String,

    pub(super) subject: &'static str,
    pub(super) intro: &'static str,
    pub(super) read: &'static str,
    pub(super) asks: &'static str,
    pub(super) asks_nothing: &'static str,
    pub(super) asks_this: &'static str,
    pub(super) asks_one_of: &'static str,
    /// Leads to the passphrase, which is asked for in any case.
    pub(super) asks_also: &'static str,
    pub(super) methods: fn(Method) -> &'static str,
    pub(super) no_password: &'static str,
    /// Where the organisation's own sign-in is offered, which has one.
    pub(super) no_mail_password: &'static str,
    pub(super) fallback: &'static str,
    pub(super) open_page: &'static str,
    pub(super) type_code: &'static str,
    pub(super) typing: &'static str,
    pub(super) reference: &'static str,
    pub(super) same_reference: &'static str,
    pub(super) until: &'static str,
    pub(super) safety: &'static str,
    pub(super) no_reply: &'static str,
    pub(super) no_forward: &'static str,
    pub(super) ask_contact: &'static str,
    pub(super) ask_otherwise: &'static str,

    pub(super) code_subject: &'static str,
    pub(super) code_intro: &'static str,
    pub(super) code_is: &'static str,
    pub(super) code_valid: &'static str,
    pub(super) code_secret: &'static str,
    pub(super) code_not_asked_contact: &'static str,
    pub(super) code_not_asked: &'static str,
    pub(super) code_no_reply: &'static str,
}

impl Words {
    pub(super) fn of(language: Language) -> &'static Self {
        match language {
            Language::English => &english::WORDS,
            Language::Spanish => &spanish::WORDS,
        }
    }

    /// The other language's.
    pub(super) fn other(language: Language) -> &'static Self {
        match language {
            Language::English => &spanish::WORDS,
            Language::Spanish => &english::WORDS,
        }
    }
}

/// Puts `values` into the places that `template` names. What a value holds is
/// not looked at again.
pub(super) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(template.len() + 64);
    let mut rest = template;
    while let Some((before, named)) = rest.split_once('{') {
        let Some((name, after)) = named.split_once('}') else {
            break;
        };
        out.push_str(before);
        match values.iter().find(|(key, _)| *key == name) {
            Some((_, value)) => out.push_str(value),
            None => out.extend(["{", name, "}"]),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// A moment in UTC, to the minute, for the languages to write.
pub(super) struct Moment {
    pub(super) year: u32,
    /// From 0.
    pub(super) month: usize,
    pub(super) day: u32,
    pub(super) hour: u32,
    pub(super) minute: u32,
}

impl Moment {
    pub(super) fn new(at: Timestamp) -> Self {
        // `2026-12-26T14:30:00Z`
        let text = at.to_rfc3339();
        let mut numbers = text
            .split(['-', 'T', ':'])
            .map(|piece| piece.parse::<u32>().unwrap_or_default());
        let mut next = || numbers.next().unwrap_or_default();
        Self {
            year: next(),
            month: next().saturating_sub(1) as usize,
            day: next(),
            hour: next(),
            minute: next(),
        }
    }

    /// The hour on a clock of twelve, and whether it is before noon.
    pub(super) fn twelve(&self) -> (u32, bool) {
        let hour = match self.hour % 12 {
            0 => 12,
            hour => hour,
        };
        (hour, self.hour < 12)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_not_read_as_a_template() {
        let values = [("a", "{b}"), ("b", "x")];
        assert_eq!(fill("{a} {b} {c} {", &values), "{b} x {c} {");
    }

    #[test]
    fn dates_read_as_people_write_them() {
        for (at, english, spanish) in [
            (
                1_798_295_400_000,
                "December 26, 2026, 2:30 PM",
                "26 de diciembre de 2026 a las 2:30 p. m.",
            ),
            (
                1_798_246_859_999,
                "December 26, 2026, 1:00 AM",
                "26 de diciembre de 2026 a la 1:00 a. m.",
            ),
            (
                1_767_225_600_000,
                "January 1, 2026, 12:00 AM",
                "1 de enero de 2026 a las 12:00 a. m.",
            ),
            (
                1_767_269_100_000,
                "January 1, 2026, 12:05 PM",
                "1 de enero de 2026 a las 12:05 p. m.",
            ),
        ] {
            let moment = Moment::new(Timestamp::from_unix_ms(at));
            assert_eq!((english::WORDS.date)(&moment), english);
            assert_eq!((spanish::WORDS.date)(&moment), spanish);
        }
    }
}
