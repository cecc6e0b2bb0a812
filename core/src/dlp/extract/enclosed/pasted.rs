//! Base64 that no format declares: what somebody pasted into a mail, a field of
//! a table, a value of a record. It is taken for a file where what it holds is a
//! text or a file of a known kind: digests, keys and words are neither.
//!
//! Outside of records a text must have a blank or be long, since programs write
//! tokens without, and links are passed over: what is unique in one is told as
//! one.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr_iter;

use crate::dlp::extract::text::Wide;
use crate::dlp::extract::{cms, loose, picture, sniff, text};
use crate::dlp::lanes::{BLOCK, chunk, mask};

/// Signs of the start of a value by which is told what it holds.
pub(super) const SAMPLE: usize = 1024;
/// Signs of a picture too small for anything to be read on it.
pub(super) const DOT: usize = 256;
/// Signs of the shortest file: `SSN 281-15-9804` has as many.
const SHORTEST: usize = 20;
/// Signs of the shortest line of more than one.
const NARROW: usize = 16;
/// Signs of a line that goes on in one of another width, or behind a blank that
/// a line end became.
const LINE: usize = 40;
/// Bytes of a text that no token has.
const LONG: usize = 1024;
/// Signs of a line that are decoded at a time.
const STRETCH: usize = 64 * 1024;
/// Letters of a word that may follow.
const WORD: usize = 12;
/// Bytes in which a link begins that goes on.
const LINK: usize = 512;
/// How programs write line ends in XML.
pub(super) const LINE_ENDS: [&str; 6] = ["&#13;", "&#10;", "&#xD;", "&#xA;", "&#xd;", "&#xa;"];

/// Gives the base64 of each file in a text to `each`, in order, until it wants
/// no more.
pub(super) fn each<'t>(
    text: &'t str,
    range: Range<usize>,
    of_record: bool,
    each: &mut dyn FnMut(Cow<'t, str>) -> bool,
) {
    let text = text.get(..range.end).unwrap_or_default();
    let bytes = text.as_bytes();
    let mut at = range.start;
    // Up to here lines were looked at together.
    let mut refused = 0;
    while let Some(start) = long_run(bytes, at) {
        let line = start..run(bytes, start);
        at = padded(bytes, line.end);
        if !of_record && is_in_link(bytes, start) {
            continue;
        }
        // A sign of its alphabet may stand before it: `-U1NO`, `note-U1NO`.
        let lead = bytes.get(line.clone()).unwrap_or_default();
        let lead = lead.iter().take(LINE).position(|b| b"-_/".contains(b));
        let behind = lead.map(|n| start + n + 1);
        for start in [Some(start), behind].into_iter().flatten() {
            let mut block = Block::new(text, start..line.end);
            if block.takes_file(of_record, start >= refused) {
                at = block.end;
                if !each(block.joined()) {
                    return;
                }
                break;
            }
            refused = refused.max(block.end);
        }
    }
}

/// Whether a file stands in a text.
pub(super) fn is_in(text: &str) -> bool {
    let mut found = false;
    each(text, 0..text.len(), false, &mut |_| {
        found = true;
        false
    });
    found
}

/// Lines of base64. The first may begin within a line of text.
struct Block<'t> {
    text: &'t str,
    lines: Vec<Range<usize>>,
    /// Where the last line ends, with its padding.
    end: usize,
    signs: usize,
    width: usize,
}

impl<'t> Block<'t> {
    fn new(text: &'t str, line: Range<usize>) -> Self {
        Self {
            text,
            end: padded(text.as_bytes(), line.end),
            signs: line.len(),
            width: line.len(),
            lines: vec![line],
        }
    }

    /// The next line, where it may be one of it.
    fn next(&self) -> Option<Range<usize>> {
        let bytes = self.text.as_bytes();
        let last = self.lines.last()?;
        // Padding ends it.
        if self.end != last.end {
            return None;
        }
        let (start, ends) = behind_break(self.text, self.end)?;
        let line = start..run(bytes, start);
        let first = self.lines.len() == 1;
        // Lines are of one width, but for the last, and for the first where
        // something stands before it. Long ones may have been wrapped again.
        let goes_on = match ends {
            0 => last.len() >= LINE,
            1 if last.len() >= LINE => true,
            1 => {
                let within = first && self.is_within(last.start);
                last.len() == self.width && (line.len() <= self.width || within)
            }
            _ => last.len() == self.width && line.len() == self.width && self.width >= LINE,
        };
        let word = line.len() < self.width && is_word(bytes, &line);
        (goes_on && !word && !line.is_empty()).then_some(line)
    }

    fn take(&mut self, line: Range<usize>) {
        self.width = self.width.max(line.len());
        self.signs += line.len();
        self.end = padded(self.text.as_bytes(), line.end);
        self.lines.push(line);
    }

    /// Whether something stands before it on its line.
    fn is_within(&self, start: usize) -> bool {
        let before = self.text.as_bytes().get(..start).unwrap_or_default();
        let blank = |b: &u8| matches!(b, b' ' | b'\t' | b'>');
        let other = before.iter().rfind(|b| !blank(b));
        !matches!(other, None | Some(b'\n' | b'\r'))
    }

    /// Takes the lines that hold a text, and tells whether the first does.
    fn takes_text(&mut self, of_record: bool) -> bool {
        let mut written = Written::default();
        let mut line = self.lines.first().cloned();
        while let Some(next) = line {
            // Some of a number that follows could be such a text's last letters.
            let whole =
                next.len() >= self.width || padded(self.text.as_bytes(), next.end) > next.end;
            if !written.goes_on(self.text.get(next.clone()).unwrap_or_default(), whole) {
                break;
            }
            if next.start > self.end {
                self.take(next);
            }
            line = self.next();
        }
        let padding = self.end - self.lines.last().map_or(self.end, |line| line.end);
        self.signs + padding >= SHORTEST && written.is_text(of_record)
    }

    /// Takes the lines of a file, and tells whether there is one. What shows only
    /// further behind than its first line is looked for where `deep`.
    fn takes_file(&mut self, of_record: bool, deep: bool) -> bool {
        let mut known = self.is_known();
        if !known {
            if self.takes_text(of_record) {
                return true;
            }
            while deep && self.signs < SAMPLE {
                let Some(line) = self.next() else { break };
                self.take(line);
            }
            known = deep && self.is_known();
        }
        while known && let Some(line) = self.next() {
            self.take(line);
        }
        known && (self.signs > DOT || !picture::is_raster(&self.start()))
    }

    fn is_known(&self) -> bool {
        is_known(&self.start())
    }

    /// The first bytes.
    fn start(&self) -> Vec<u8> {
        let all = self.joined();
        loose::base64(all.get(..SAMPLE).unwrap_or(&all)).0
    }

    fn joined(&self) -> Cow<'t, str> {
        let text = |line: &Range<usize>| self.text.get(line.clone()).unwrap_or_default();
        match &*self.lines {
            [line] => Cow::Borrowed(text(line)),
            lines => Cow::Owned(lines.iter().map(text).collect()),
        }
    }
}

/// What was decoded of a text so far, of which a line may be noise.
#[derive(Default)]
struct Written {
    /// Signs that are not a whole group of four.
    signs: String,
    /// Bytes that are not a whole character.
    bytes: Vec<u8>,
    /// Bytes in all, and those that are not ASCII.
    all: usize,
    high: usize,
    /// Whether it is in another encoding than UTF-8.
    narrow: bool,
    blank: bool,
}

impl Written {
    /// Takes a line's signs; `false` where they are none of a text. Of what is not
    /// `whole` an encoding of its own is not believed.
    fn goes_on(&mut self, line: &str, whole: bool) -> bool {
        // A text may be one line: it is not copied whole.
        let mut signs = line.as_bytes().chunks(STRETCH).peekable();
        while let Some(stretch) = signs.next() {
            // All are ASCII.
            let stretch = std::str::from_utf8(stretch).unwrap_or_default();
            let last = signs.peek().is_none();
            if !self.takes(stretch, whole, last) {
                return false;
            }
        }
        true
    }

    /// The same of a stretch of it.
    fn takes(&mut self, signs: &str, whole: bool, last: bool) -> bool {
        self.signs.push_str(signs);
        let rest = self.signs.split_off(self.signs.len() / 4 * 4);
        let (mut bytes, _) = loose::base64(&std::mem::replace(&mut self.signs, rest));
        while bytes.last() == Some(&0) {
            bytes.pop();
        }
        let high = bytes.iter().filter(|b| **b >= 0x80).count();
        let blank = bytes.iter().any(u8::is_ascii_whitespace);
        let control = bytes.iter().any(is_control);
        let (all, many) = (bytes.len(), high * 4 > bytes.len());
        self.bytes.append(&mut bytes);
        let goes_on = match std::str::from_utf8(&self.bytes) {
            Ok(_) => {
                self.bytes.clear();
                // What is not a whole group is the last of it, most likely.
                whole || !last || std::str::from_utf8(&loose::base64(&self.signs).0).is_ok()
            }
            Err(e) if e.error_len().is_none() => {
                self.bytes.drain(..e.valid_up_to());
                true
            }
            // All before it was ASCII.
            Err(_) => {
                self.narrow |= self.high == 0 && whole;
                self.bytes.clear();
                self.narrow && !many
            }
        };
        if goes_on && !control {
            self.all += all;
            self.high += high;
            self.blank |= blank;
        }
        // Not looked at to its end, which each of its lines would do anew.
        goes_on && !control && !(self.is_noise() && self.all >= LONG)
    }

    fn is_text(&self, of_record: bool) -> bool {
        let is_token = !self.blank && !of_record && self.all < LONG;
        self.all > 0 && !is_token && !self.is_noise()
    }

    /// Whether there is less ASCII in it than in a text of an encoding of its own.
    fn is_noise(&self) -> bool {
        self.narrow && self.high > self.all / 8
    }
}

/// Where the next [`NARROW`] signs of base64 stand behind each other.
fn long_run(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let rest = bytes.get(at..).filter(|rest| rest.len() >= NARROW)?;
        // A bit for each sign, and then for each from which on so many are.
        let mut runs = mask(&chunk(rest), is_sign);
        let mut many = 1;
        while many < NARROW {
            runs &= runs >> many;
            many *= 2;
        }
        if runs != 0 {
            return Some(at + runs.trailing_zeros() as usize);
        }
        at += BLOCK - (NARROW - 1);
    }
}

// Its loop doubles.
const _: () = assert!(NARROW.is_power_of_two() && NARROW < BLOCK);

/// Where signs end that begin at a place.
fn run(bytes: &[u8], start: usize) -> usize {
    let rest = bytes.get(start..).unwrap_or_default();
    start + rest.iter().take_while(|b| is_sign(**b)).count()
}

/// Where the padding behind signs ends.
fn padded(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().take(2).take_while(|b| **b == b'=').count()
}

/// Whether a place is inside a link.
fn is_in_link(bytes: &[u8], at: usize) -> bool {
    let before = bytes.get(at.saturating_sub(LINK)..at).unwrap_or_default();
    let parts = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'<' | b'>');
    let start = before.iter().rposition(parts).map_or(0, |n| n + 1);
    let link = before.get(start..).unwrap_or_default();
    // What stands before may be the start of the signs: `https:` `//5star…`.
    let begins = link.ends_with(b":") && bytes.get(at..at + 2) == Some(b"//");
    let mut colons = memchr_iter(b':', link);
    let scheme = colons.any(|n| link.get(n..).is_some_and(|rest| rest.starts_with(b"://")));
    let host = link.strip_prefix(b"(").unwrap_or(link).starts_with(b"www.");
    begins || scheme || host
}

/// Where the next line begins behind one that ends at a place, its marks of a
/// quotation passed over, and how many line ends stand between: blanks alone may
/// be what one became.
fn behind_break(text: &str, mut at: usize) -> Option<(usize, usize)> {
    let (start, mut ends) = (at, 0);
    loop {
        match text.as_bytes().get(at) {
            Some(b'\n') => {
                ends += 1;
                at += 1;
            }
            Some(b'\r') => {
                ends += usize::from(text.as_bytes().get(at + 1) != Some(&b'\n'));
                at += 1;
            }
            Some(b' ' | b'\t') => at += 1,
            Some(b'>') if ends > 0 => at += 1,
            Some(b'&') => {
                let rest = text.get(at..).unwrap_or_default();
                let end = LINE_ENDS.iter().find(|end| rest.starts_with(*end))?;
                at += end.len();
                // A real one may stand behind it.
                ends += usize::from(!rest.get(end.len()..)?.starts_with(['\r', '\n', '&']));
            }
            _ => return (at > start).then_some((at, ends)),
        }
    }
}

/// Whether signs look like a word: small letters, of which the first may be
/// large. A few may be the last bytes of a file; prose goes on behind them.
fn is_word(bytes: &[u8], line: &Range<usize>) -> bool {
    let signs = bytes.get(line.clone()).unwrap_or_default();
    let (first, rest) = signs.split_first().unwrap_or((&b' ', &[]));
    let letters = first.is_ascii_alphabetic() && rest.iter().all(u8::is_ascii_lowercase);
    let goes_on = || {
        matches!(
            bytes.get(line.end),
            Some(b' ' | b',' | b'.' | b':' | b'!' | b'?')
        )
    };
    letters && signs.len() <= WORD && (signs.len() > 4 || goes_on())
}

/// Whether a byte is one of base64, in either alphabet (RFC 4648).
fn is_sign(b: u8) -> bool {
    let letter = (b | 0x20).wrapping_sub(b'a') < 26;
    // Figures stand behind the slash.
    let figure = b.wrapping_sub(b'/') <= b'9' - b'/';
    letter | figure | (b == b'+') | (b == b'-') | (b == b'_')
}

/// Whether bytes are the start of a file of a known kind that is no text of
/// bytes.
fn is_known(bytes: &[u8]) -> bool {
    match sniff::kind(bytes, "", "") {
        _ if picture::is_raster(bytes) => true,
        _ if cms::begins(bytes) => true,
        // What `openssl enc` writes: nobody can tell what it is.
        _ if bytes.starts_with(b"Salted__") => true,
        sniff::Kind::Unknown => false,
        sniff::Kind::Text => text::wide(bytes).is_some_and(|wide| is_script(bytes, wide)),
        _ => true,
    }
}

/// Whether UTF-16 or UTF-32 is of letters that stand near each other, as those
/// of a script do. Its mark alone is two bytes, which noise has too; without a
/// look at more, a link that begins with `//5` would hold such a text.
fn is_script(bytes: &[u8], wide: Wide) -> bool {
    const FEWEST: usize = 8;
    let (size, of) = match wide {
        Wide::Utf16Le => (2, 1),
        Wide::Utf16Be => (2, 0),
        Wide::Utf32Le => (4, 1),
        Wide::Utf32Be => (4, 2),
    };
    let mut counts = [0usize; 256];
    for unit in bytes.chunks_exact(size) {
        counts[usize::from(unit[of])] += 1;
    }
    let all = bytes.len() / size;
    // Chinese and Japanese, and Korean, each with Latin and with signs.
    let most = |blocks: &[Range<usize>]| -> bool {
        let found: usize = blocks.iter().flat_map(|b| &counts[b.clone()]).sum();
        found * 20 >= all * 19
    };
    let east = most(&[0..1, 0x30..0x31, 0x4e..0xa0, 0xff..0x100])
        || most(&[0..1, 0x30..0x31, 0xac..0xd8, 0xff..0x100]);
    counts.sort_unstable();
    // The letters, and the blanks and signs that all scripts have.
    all >= FEWEST && (east || (counts[255] + counts[254]) * 4 >= all * 3)
}

/// Whether a byte is none of a text; those that separate in HL7 and X12 are.
fn is_control(b: &u8) -> bool {
    matches!(b, 0..=8 | 0xe..=0x19 | 0x7f)
}

#[cfg(test)]
mod tests {
    use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL_NOPAD};

    use super::*;

    const NOTE: &str = "Seen today, of the patient: asthma, better. Call again in May, or come in.";

    fn found(text: &str) -> Vec<String> {
        let mut out = Vec::new();
        each(text, 0..text.len(), false, &mut |value| {
            out.push(value.into_owned());
            true
        });
        out
    }

    /// As text: what is found, decoded.
    fn read(text: &str) -> Vec<String> {
        let decoded = |value: String| String::from_utf8_lossy(&loose::base64(&value).0).into();
        found(text).into_iter().map(decoded).collect()
    }

    fn lines(text: &str, width: usize, before: &str) -> String {
        let signs = BASE64_NOPAD.encode(text.as_bytes());
        let lines = signs.as_bytes().chunks(width);
        let lines = lines.map(|line| format!("{before}{}\n", std::str::from_utf8(line).unwrap()));
        lines.collect()
    }

    #[test]
    fn what_is_pasted_is_found_wherever_it_stands() {
        let (padded, bare) = (
            BASE64.encode(NOTE.as_bytes()),
            BASE64_NOPAD.encode(NOTE.as_bytes()),
        );
        let padded = &padded;
        for text in [
            padded.clone(),
            format!("File={padded}"),
            format!("-{bare}"),
            format!("note-{bare}"),
            format!("{padded}\t9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
            format!("out: {bare} 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
            format!("{bare}\n{}\n", "-".repeat(78)),
            format!("Data: {bare}\n{}\n", "_".repeat(99)),
            format!("{bare}\n\nand no more"),
            format!("{bare}\n\nis it"),
            format!("{bare}\nof all"),
            format!("({bare})"),
            format!("It is {bare}, and no more."),
            format!("7,{bare}\r\n4712,none\r\n"),
            format!("BIN*99*{padded}~SE*4*0001~"),
            format!("{padded}\nRegards\n"),
            format!("{bare}\n\nRegards,\nPat\n"),
            BASE64URL_NOPAD.encode(NOTE.as_bytes()),
            format!("see\n{}and go on", lines(NOTE, 64, "")),
            format!("see\n{}and go on", lines(NOTE, 60, "> ")),
            format!("see\n{}and go on", lines(NOTE, 20, "> > ")),
            format!("see\n{}and go on", lines(NOTE, 17, "\t")),
            lines(NOTE, 60, "").replace('\n', "\r\n"),
            lines(NOTE, 60, "").replace('\n', "&#13;\n"),
            lines(NOTE, 60, "").replace('\n', " "),
            format!("It is {}", lines(NOTE, 60, "")),
            // The first line is shorter since something stands before it.
            format!("It is: {}\n{}", &bare[..32], lines(&NOTE[24..], 60, "")),
        ] {
            assert_eq!(read(&text), [NOTE], "{text}");
        }
    }

    #[test]
    fn a_last_line_is_part_of_it_where_it_ends_what_stands_above() {
        let all = [NOTE, &NOTE[..50]].concat();
        for end in [")", ",", ".\n", "\n", "<", "|", ""] {
            let pasted = lines(&all, 64, "");
            assert_eq!(
                read(&format!("{}{end}", pasted.trim_end())),
                [&*all],
                "{end}"
            );
        }
        // In other letters, and cut within one.
        let greek = "Ο ασθενής είναι καλύτερα, έρχεται ξανά τον Μάιο στο ιατρείο.";
        for width in 40..64 {
            assert_eq!(read(&lines(greek, width, "")), [greek], "{width}");
        }
    }

    #[test]
    fn each_of_several_is_found() {
        let (one, two) = (&NOTE[..44], &NOTE[44..]);
        let encode = |text: &str| BASE64.encode(text.as_bytes());
        let noise = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f0";
        for text in [
            format!("{} {}", encode(one), encode(two)),
            format!("{}\n{}", encode(one), encode(two)),
            format!("{}\n\nand\n\n{}", encode(one), encode(two)),
            // Behind lines of noise of the same width, and before.
            format!(
                "{noise}\n{noise}\n{}\n{noise}\n{}",
                encode(one),
                encode(two)
            ),
            format!(
                "{noise}\n{}\n{noise}\n{noise}\n{}",
                encode(one),
                encode(two)
            ),
        ] {
            assert_eq!(read(&text), [one, two], "{text}");
        }
        // Of one width each, and of three signs more than fours.
        let notes = [
            "Name: Ann Lee, SSN 281-15-9804.",
            "Name: Bob Lee, SSN 281-15-9811.",
            "Name: Cid Lee, SSN 281-15-9822.",
        ];
        let lines = notes.map(|note| BASE64_NOPAD.encode(note.as_bytes()));
        assert_eq!(read(&lines.join("\n")), notes);
    }

    #[test]
    fn long_lines_may_be_of_any_width() {
        let long = NOTE.repeat(4);
        let signs = BASE64_NOPAD.encode(long.as_bytes());
        for (one, two) in [(61, 70), (72, 44), (50, 41), (40, 300)] {
            let (first, rest) = signs.split_at(one);
            let (second, rest) = rest.split_at(two);
            let text = format!("{first}\n{second}\n{rest}\n");
            assert_eq!(read(&text), [&*long], "{text}");
        }
    }

    #[test]
    fn a_text_in_another_encoding_is_read_to_its_end() {
        let text = [
            NOTE.repeat(3).as_bytes(),
            b" Mu\xf1oz, caf\xe9. ",
            NOTE.as_bytes(),
        ]
        .concat();
        let found = found(&data_encoding::BASE64_MIME.encode(&text));
        assert_eq!(loose::base64(&found[0]).0, text);
        // What begins as a text, and is none.
        let pdf = [
            &b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\nobj <</Type /Catalog>> stream\n"[..],
            &[0x8f; 200],
            b"endstream",
        ]
        .concat();
        let found = self::found(&data_encoding::BASE64_MIME.encode(&pdf));
        assert_eq!(loose::base64(&found[0]).0, pdf);
    }

    /// Each line of it is not the start of another look at all that follows:
    /// this would not end.
    #[test]
    fn a_long_text_needs_no_blank_and_noise_is_looked_at_in_pieces() {
        let json = r#"{"name":"Lindqvist","mrn":"4471920"},"#.repeat(40_000);
        assert_eq!(read(&lines(&json, 60, "")), [&*json]);
        assert_eq!(found(&lines(&json[..700], 60, "")), [""; 0]);
        // Of the bytes of each line a fifth are not ASCII.
        let noise: Vec<u8> = b"abcd\xe9 fgh\xe8".repeat(60_000);
        assert_eq!(found(&data_encoding::BASE64_MIME.encode(&noise)), [""; 0]);
    }

    #[test]
    fn files_are_told_from_noise_by_what_they_hold() {
        let wide =
            |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
        for bytes in [
            wide(NOTE),
            wide("\u{feff}Seen today, of the patient"),
            wide("\u{feff}Сегодня пациент чувствует себя хорошо"),
            [
                &b"\xff\xfe\0\0"[..],
                &"Seen today"
                    .chars()
                    .flat_map(|c| u32::from(c).to_le_bytes())
                    .collect::<Vec<u8>>(),
            ]
            .concat(),
            b"PK\x03\x04 and what an archive holds".to_vec(),
            "Mu\u{f1}oz was seen in February".as_bytes().to_vec(),
            b"Mu\xf1oz was seen in February".to_vec(),
            b"SSN 281-15-9804".to_vec(),
            b"\x0bMSH|^~\\&|A|B|C D\rPID|1\r\x1c\r".to_vec(),
            b"Seen today, of the patient\0".to_vec(),
            wide("\u{feff}病人王小明今天在门诊就诊，诊断为哮喘。SSN 281-15-9804"),
            wide("\u{feff}환자는 오늘 진료를 받았다. SSN 281-15-9804"),
        ] {
            assert_eq!(found(&BASE64.encode(&bytes)).len(), 1, "{bytes:?}");
        }
        for text in [
            "https://5starhomehealthservices.example/locations-and-hours",
            "https://4corners-family-medicine.example",
            "//7daysaweekpharmacy/index-of-all-locations",
            "/v8enginesandmorepartscatalogue_index",
            "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "340434161094042557819203948571",
            "acetaminophen-hydrocodone-bitartrate",
            "/services/records/handlers/patients/index",
            "U2VlbiB0b2RheQ",
            // Tokens: {"alg":"HS256","typ":"JWT"}, {"sub":"48213377","aud":"portal"}; and in links.
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI0ODIxMzM3NyIsImF1ZCI6InBvcnRhbCJ9",
            "https://harbor.example/open?file=U2VlbiB0b2RheSwgb2YgdGhlIHBhdGllbnQ6IGFzdGhtYQ&by=7",
            "https://U2VlbiB0b2RheSwgb2YgdGhlIHBhdGllbnQ6IGFzdGhtYQ",
            "(www.harbor.example/?f=U2VlbiB0b2RheSwgb2YgdGhlIHBhdGllbnQ6IGFzdGhtYQ)",
            "Z7vG8sK1qY0mJ4x9P2c5B6n3L8d1F0hT==",
        ] {
            assert_eq!(found(text), [""; 0], "{text}");
        }
        for sign in ["=", "-", "_", "+", "/", "x", "0"] {
            let rule = format!("{}\n", sign.repeat(70));
            assert_eq!(found(&rule.repeat(3)), [""; 0], "{sign}");
        }
    }

    /// As a look at each place would find it.
    #[test]
    fn long_runs_are_found_wherever_they_start() {
        let mut state = 7u32;
        let mut next = |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) % below
        };
        let (mut some, mut none) = (0, 0);
        for _ in 0..400 {
            let text: Vec<u8> = (0..next(200))
                .map(|_| if next(20) == 0 { b' ' } else { b'a' })
                .collect();
            for at in 0..=text.len() {
                let each = (at..text.len()).find(|n| {
                    let run = text.get(*n..n + NARROW);
                    run.is_some_and(|run| run.iter().all(|b| is_sign(*b)))
                });
                assert_eq!(long_run(&text, at), each);
                some += u32::from(each.is_some());
                none += u32::from(each.is_none());
            }
        }
        assert!(some > 1_000 && none > 1_000, "{some} {none}");
    }
}
