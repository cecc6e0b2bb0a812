//! Dates in all usual ways, as the days that they may mean.

use crate::dlp::token::{Gap, Shape, Token};

/// A day as `yyyymmdd`.
pub(super) type Day = u32;

/// What a date may mean: `03/04/58` is March or April, of 1958 or 2058.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Days {
    days: [Day; 4],
    count: usize,
}

impl Days {
    pub(super) fn as_slice(&self) -> &[Day] {
        self.days.get(..self.count).unwrap_or_default()
    }

    fn push(&mut self, year: u32, month: u32, day: u32) {
        let years = match year {
            0..=99 => [1900 + year, 2000 + year],
            _ => [year, 0],
        };
        for year in years {
            if let Some(day) = day_of(year, month, day)
                && !self.as_slice().contains(&day)
                && let Some(slot) = self.days.get_mut(self.count)
            {
                *slot = day;
                self.count += 1;
            }
        }
    }
}

/// The day, where the calendar has it.
pub(super) fn day_of(year: u32, month: u32, day: u32) -> Option<Day> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let length = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    let fits = (1850..=2099).contains(&year) && (1..=length).contains(&day);
    fits.then_some(year * 10_000 + month * 100 + day)
}

/// The date that starts at a token, and the token behind it.
pub(super) fn date(text: &[u8], tokens: &[Token], at: usize) -> Option<(usize, Days)> {
    let tape = Tape { text, tokens };
    let mut days = Days::default();
    let last = match tokens.get(at)?.shape {
        Shape::Digits => tape
            .numeric(at, &mut days)
            .or_else(|| tape.day_first(at, &mut days))
            .or_else(|| tape.compact(at, &mut days)),
        Shape::Alnum => tape.day_first(at, &mut days),
        Shape::Sign => None,
        _ => tape.month_first(at, &mut days),
    }?;
    (days.count > 0).then_some((last, days))
}

struct Tape<'t> {
    text: &'t [u8],
    tokens: &'t [Token],
}

impl Tape<'_> {
    fn bytes(&self, at: usize) -> &[u8] {
        self.tokens
            .get(at)
            .and_then(|t| self.text.get(t.range()))
            .unwrap_or_default()
    }

    fn is_tight(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|t| t.gap == Gap::None)
    }

    fn number(&self, at: usize, most: usize) -> Option<u32> {
        let bytes = self.bytes(at);
        (bytes.len() <= most).then(|| value(bytes)).flatten()
    }

    /// A day of a month: `3`, `03`, `3rd`, `14T10` of an ISO time.
    fn day(&self, at: usize) -> Option<u32> {
        let bytes = self.bytes(at);
        let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
        let (number, behind) = bytes.split_at_checked(digits)?;
        let fits = behind.is_empty()
            || digits == 2 && behind.first().is_some_and(|b| matches!(b, b'T' | b't'))
            || ["st", "nd", "rd", "th"]
                .iter()
                .any(|o| behind.eq_ignore_ascii_case(o.as_bytes()));
        (fits && digits <= 2).then(|| value(number)).flatten()
    }

    /// A year of four digits, or of two.
    fn year(&self, at: usize, short: bool) -> Option<u32> {
        let bytes = self.bytes(at);
        let fits = bytes.len() == 4 || short && bytes.len() == 2;
        fits.then(|| value(bytes)).flatten()
    }

    /// `3/14/1958`, `14.03.58`, `1958-03-14`, `14-Mar-1958`.
    fn numeric(&self, at: usize, days: &mut Days) -> Option<usize> {
        let sign = match self.bytes(at + 1) {
            &[sign @ (b'/' | b'-' | b'.')] => sign,
            _ => return None,
        };
        let chained = self.bytes(at + 3) == [sign] && (at + 1..=at + 4).all(|n| self.is_tight(n));
        if !chained {
            return None;
        }
        if let Some(month) = month(self.bytes(at + 2)) {
            days.push(self.year(at + 4, true)?, month, self.number(at, 2)?);
            return Some(at + 5);
        }
        let middle = self.number(at + 2, 2)?;
        if self.bytes(at).len() == 4 {
            days.push(self.number(at, 4)?, middle, self.day(at + 4)?);
        } else {
            let first = self.number(at, 2)?;
            let year = self.year(at + 4, true)?;
            days.push(year, first, middle);
            days.push(year, middle, first);
        }
        Some(at + 5)
    }

    /// `14 March 1958`, `3rd of May, 1961`.
    fn day_first(&self, at: usize, days: &mut Days) -> Option<usize> {
        let day = self.day(at)?;
        let of = ["of", "de"].iter().any(|w| self.is(at + 1, w));
        let at = at + 1 + usize::from(of);
        let month = month(self.bytes(at))?;
        self.year_behind(at + 1, month, day, days)
    }

    /// `March 14, 1958`.
    fn month_first(&self, at: usize, days: &mut Days) -> Option<usize> {
        let month = month(self.bytes(at))?;
        let at = at + 1 + usize::from(self.bytes(at + 1) == b".");
        let day = self.day(at)?;
        self.year_behind(at + 1, month, day, days)
    }

    fn year_behind(&self, at: usize, month: u32, day: u32, days: &mut Days) -> Option<usize> {
        let sign = matches!(self.bytes(at), b"," | b"." | b"'")
            || ["of", "de"].iter().any(|w| self.is(at, w));
        let at = at + usize::from(sign);
        let year = self.year(at, self.bytes(at - 1) == b"'")?;
        days.push(year, month, day);
        Some(at + 1)
    }

    /// `19580314`, `03141958`, and with a time behind it.
    fn compact(&self, at: usize, days: &mut Days) -> Option<usize> {
        let bytes = self.bytes(at);
        if !matches!(bytes.len(), 8 | 12 | 14) {
            return None;
        }
        let part = |from: usize, to: usize| bytes.get(from..to).and_then(value).unwrap_or(0);
        days.push(part(0, 4), part(4, 6), part(6, 8));
        if bytes.len() == 8 {
            days.push(part(4, 8), part(0, 2), part(2, 4));
            days.push(part(4, 8), part(2, 4), part(0, 2));
        }
        Some(at + 1)
    }

    fn is(&self, at: usize, word: &str) -> bool {
        self.bytes(at).eq_ignore_ascii_case(word.as_bytes())
    }
}

fn value(digits: &[u8]) -> Option<u32> {
    let all = !digits.is_empty() && digits.len() <= 8 && digits.iter().all(u8::is_ascii_digit);
    all.then(|| digits.iter().fold(0, |n, b| n * 10 + u32::from(b - b'0')))
}

/// The month that a word names, in full or by three letters or four of it.
fn month(word: &[u8]) -> Option<u32> {
    let [first, second, third, rest @ ..] = word else {
        return None;
    };
    let head = [first, second, third].map(|b| b.to_ascii_lowercase());
    let (month, tails): (u32, &[&str]) = match &head {
        b"jan" => (1, &["uary"]),
        b"ene" => (1, &["ro"]),
        b"feb" => (2, &["ruary", "rero"]),
        b"mar" => (3, &["ch", "zo"]),
        b"apr" => (4, &["il"]),
        b"abr" => (4, &["il"]),
        b"may" => (5, &["o"]),
        b"jun" => (6, &["e", "io"]),
        b"jul" => (7, &["y", "io"]),
        b"aug" => (8, &["ust"]),
        b"ago" => (8, &["sto"]),
        b"sep" => (9, &["tember", "tiembre"]),
        b"oct" => (10, &["ober", "ubre"]),
        b"nov" => (11, &["ember", "iembre"]),
        b"dec" => (12, &["ember"]),
        b"dic" => (12, &["iembre"]),
        _ => return None,
    };
    let fits = |tail: &&str| {
        let tail = tail.as_bytes();
        let short = rest.len() == 1 && tail.starts_with(&rest.to_ascii_lowercase());
        short || rest.eq_ignore_ascii_case(tail)
    };
    (rest.is_empty() || tails.iter().any(fits)).then_some(month)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dlp::token::tokens;

    fn read(text: &str) -> Option<(usize, Vec<Day>)> {
        let mut all = Vec::new();
        tokens(text.as_bytes(), 0, text.len(), &mut all);
        let (last, days) = date(text.as_bytes(), &all, 0)?;
        Some((all[last - 1].end as usize, days.as_slice().to_vec()))
    }

    #[test]
    fn all_usual_ways_mean_the_same_day() {
        for text in [
            "03/14/1958",
            "3/14/1958",
            "14/3/1958",
            "14.03.1958",
            "1958-03-14",
            "1958/3/14",
            "03-14-1958",
            "14-Mar-1958",
            "14-MAR-1958",
            "March 14, 1958",
            "Mar. 14 1958",
            "march 14th, 1958",
            "14 March 1958",
            "14th of March, 1958",
            "14 de marzo de 1958",
            "19580314",
            "03141958",
        ] {
            assert_eq!(read(text), Some((text.len(), vec![19_580_314])), "{text}");
        }
        assert_eq!(read("1958-03-14T10:30").unwrap().1, [19_580_314]);
    }

    #[test]
    fn what_is_ambiguous_stays_so_and_what_is_no_day_is_none() {
        assert_eq!(
            read("03/04/58").unwrap().1,
            [19_580_304, 20_580_304, 19_580_403, 20_580_403]
        );
        assert_eq!(read("Mar 14 '58").unwrap().1, [19_580_314, 20_580_314]);
        for text in [
            "02/30/1958",
            "2/29/1958",
            "13/13/1958",
            "1958",
            "3/14",
            "mark 3, 1958",
            "3.14",
            "1-2-3",
            "12345678",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
