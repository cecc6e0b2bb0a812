//! Base64 that no format declares: what somebody pasted into a mail, a field of
//! a table, a parameter of a link. It is taken for a file where what it holds is
//! a text or a file of a known kind: digests, keys and words are neither.

use std::borrow::Cow;
use std::ops::Range;

use crate::dlp::extract::text::Wide;
use crate::dlp::extract::{loose, picture, sniff, text};

/// Signs of the start of a value by which is told what it holds.
const SAMPLE: usize = 1024;
/// Signs of a picture too small for anything to be read on it.
pub(super) const DOT: usize = 256;
/// Signs of the shortest file: less says nothing of anybody.
const SHORTEST: usize = 24;
/// Signs of the shortest line of more than one.
const NARROW: usize = 16;
/// Signs of a line that goes on behind a blank, its line ends lost.
const LINE: usize = 40;
/// How programs write line ends in XML.
pub(super) const LINE_ENDS: [&str; 6] = ["&#13;", "&#10;", "&#xD;", "&#xA;", "&#xd;", "&#xa;"];

/// Gives the base64 of each file in a range of a text to `each`, in order, until
/// it wants no more.
pub(super) fn each<'t>(
    text: &'t str,
    range: Range<usize>,
    each: &mut dyn FnMut(Cow<'t, str>) -> bool,
) {
    let text = text.get(..range.end).unwrap_or_default();
    let mut at = range.start;
    while let Some(start) = long_run(text.as_bytes(), at) {
        let mut block = Block::new(text, start);
        at = block.end;
        while block.signs < SAMPLE && block.grow() {}
        if block.signs < SHORTEST || !block.holds_file() {
            continue;
        }
        while block.grow() {}
        block.drop_word();
        at = block.end;
        if !each(block.joined()) {
            return;
        }
    }
}

/// Whether a file stands in a text.
pub(super) fn is_in(text: &str) -> bool {
    let mut found = false;
    each(text, 0..text.len(), &mut |_| {
        found = true;
        false
    });
    found
}

/// Lines of base64: all but the last are of one width. The first may begin
/// within a line of text.
struct Block<'t> {
    text: &'t str,
    lines: Vec<Range<usize>>,
    /// Where the last line ends, with its padding.
    end: usize,
    signs: usize,
    width: usize,
}

impl<'t> Block<'t> {
    fn new(text: &'t str, start: usize) -> Self {
        let line = start..run(text.as_bytes(), start);
        let signs = line.len();
        Self {
            text,
            end: padded(text.as_bytes(), line.end),
            lines: vec![line],
            signs,
            width: signs,
        }
    }

    /// Takes the next line; `false` where this was the last.
    fn grow(&mut self) -> bool {
        let bytes = self.text.as_bytes();
        let Some(last) = self.lines.last() else {
            return false;
        };
        // Padding ends it, and so does a line that is shorter.
        if self.end != last.end || last.len() < self.width || self.width < NARROW {
            return false;
        }
        let Some((start, broken)) = behind_break(self.text, self.end) else {
            return false;
        };
        let line = start..run(bytes, start);
        let first = self.lines.len() == 1;
        let wider = line.len() > self.width && !(first && self.is_within(last.start));
        if line.is_empty() || wider || !broken && self.width < LINE {
            return false;
        }
        self.width = self.width.max(line.len());
        self.signs += line.len();
        self.end = padded(bytes, line.end);
        self.lines.push(line);
        true
    }

    /// Whether something stands before it on its line.
    fn is_within(&self, start: usize) -> bool {
        let before = self.text.as_bytes().get(..start).unwrap_or_default();
        let blank = |b: &u8| matches!(b, b' ' | b'\t' | b'>');
        let other = before.iter().rfind(|b| !blank(b));
        !matches!(other, None | Some(b'\n' | b'\r'))
    }

    /// Leaves the last line out where it is a word that follows: by its length,
    /// or since it would end a text in noise.
    fn drop_word(&mut self) {
        let Some(last) = self.lines.last().cloned() else {
            return;
        };
        if self.lines.len() == 1 || last.len() == self.width || self.end != last.end {
            return;
        }
        let before = self.signs - last.len();
        let noise = || {
            let joined = self.joined();
            let (start, tail) = joined.split_at(before / 4 * 4);
            let (start, _) = loose::base64(sample(start));
            let (tail, _) = loose::base64(tail);
            let utf8 = !matches!(std::str::from_utf8(&start), Err(e) if e.error_len().is_some());
            // What is decoded of it may begin within a character.
            let within = tail.iter().take(3).take_while(|b| matches!(b, 0x80..=0xbf));
            let behind = tail.get(within.count()..).unwrap_or_default();
            sniff::kind(&start, "", "") == sniff::Kind::Text
                && text::wide(&start).is_none()
                && (tail.iter().any(is_control) || utf8 && std::str::from_utf8(behind).is_err())
        };
        if self.signs % 4 == 1 || noise() {
            self.lines.pop();
            self.signs = before;
            self.end = self.lines.last().map_or(self.end, |line| line.end);
        }
    }

    /// Whether a file begins here. The last line may be a word that follows.
    fn holds_file(&self) -> bool {
        let lines = match &*self.lines {
            [lines @ .., _, last] if last.len() < self.width => {
                self.lines.get(..=lines.len()).unwrap_or_default()
            }
            lines => lines,
        };
        let without = self.text_of(lines);
        let enough = without.len() >= SHORTEST;
        holds_file(&if enough { without } else { self.joined() })
    }

    fn joined(&self) -> Cow<'t, str> {
        self.text_of(&self.lines)
    }

    fn text_of(&self, lines: &[Range<usize>]) -> Cow<'t, str> {
        let text = |line: &Range<usize>| self.text.get(line.clone()).unwrap_or_default();
        match lines {
            [line] => Cow::Borrowed(text(line)),
            lines => Cow::Owned(lines.iter().map(text).collect()),
        }
    }
}

/// Where the next [`NARROW`] signs of base64 stand behind each other. Looked
/// for from their end: most of a text is words, of which one look passes several.
fn long_run(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let run = bytes.get(at..at + NARROW)?;
        match run.iter().rposition(|b| !is_sign(*b)) {
            None => return Some(at),
            Some(other) => at += other + 1,
        }
    }
}

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

/// Where the next line begins behind one that ends at a place, its marks of a
/// quotation passed over, and whether it is one: blanks alone may be what line
/// ends became.
fn behind_break(text: &str, mut at: usize) -> Option<(usize, bool)> {
    let (start, mut broken) = (at, false);
    loop {
        match text.as_bytes().get(at) {
            Some(b'\n' | b'\r') => {
                broken = true;
                at += 1;
            }
            Some(b' ' | b'\t') => at += 1,
            Some(b'>') if broken => at += 1,
            Some(b'&') => {
                let rest = text.get(at..).unwrap_or_default();
                let end = LINE_ENDS.iter().find(|end| rest.starts_with(*end))?;
                broken = true;
                at += end.len();
            }
            _ => return (at > start).then_some((at, broken)),
        }
    }
}

/// Whether a byte is one of base64, in either alphabet (RFC 4648).
fn is_sign(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"+/-_".contains(&b)
}

fn sample(signs: &str) -> &str {
    signs.get(..SAMPLE.min(signs.len())).unwrap_or_default()
}

fn holds_file(signs: &str) -> bool {
    let (bytes, _) = loose::base64(sample(signs));
    match picture::is_raster(&bytes) {
        true => signs.len() > DOT,
        false => is_known(&bytes),
    }
}

/// Whether bytes are the start of a text or of a file of a known kind, and not
/// the noise of a digest or a key.
fn is_known(bytes: &[u8]) -> bool {
    // The sample may end within a character.
    let (bytes, utf8) = match std::str::from_utf8(bytes) {
        Err(e) if e.error_len().is_some() => (bytes, false),
        Err(e) => (bytes.get(..e.valid_up_to()).unwrap_or_default(), true),
        Ok(_) => (bytes, true),
    };
    match sniff::kind(bytes, "", "") {
        sniff::Kind::Unknown => false,
        sniff::Kind::Text => match text::wide(bytes) {
            Some(wide) => is_script(bytes, wide),
            None => {
                let high = bytes.iter().filter(|b| **b >= 0x80).count();
                !bytes.iter().any(is_control) && (utf8 || high <= bytes.len() / 8)
            }
        },
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
    counts.sort_unstable();
    let all = bytes.len() / size;
    // The letters, and the blanks and signs that all scripts have.
    all >= FEWEST && (counts[255] + counts[254]) * 4 >= all * 3
}

fn is_control(b: &u8) -> bool {
    matches!(b, 0..=8 | 0xe..=0x1f | 0x7f)
}

#[cfg(test)]
mod tests {
    use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL_NOPAD};

    use super::*;

    const NOTE: &str = "Seen today, of the patient: asthma, better. Call again in May, or come in.";

    fn found(text: &str) -> Vec<String> {
        let mut out = Vec::new();
        each(text, 0..text.len(), &mut |value| {
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
            format!("https://harbor.example/open?file={padded}&by=7"),
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
        for text in [
            format!("{} {}", encode(one), encode(two)),
            format!(
                "{}
{}",
                encode(one),
                encode(two)
            ),
            format!("{}\n\nand\n\n{}", encode(one), encode(two)),
            // Behind lines of noise of the same width.
            format!(
                "{0}\n{0}\n{1}",
                "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f0",
                encode(one)
            ),
        ] {
            let last = if text.starts_with("9f") { one } else { two };
            assert_eq!(read(&text).last().unwrap(), last, "{text}");
        }
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
            let text: Vec<u8> = (0..next(70))
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
