//! Files that stand in a text as lines: uuencode and its base64 form (IEEE Std
//! 1003.1, `uuencode`), which mail readers show as attachments; and what is
//! encrypted and armoured in letters (RFC 9580 section 6.2, RFC 7468), which
//! nobody can read here.

use std::ops::Range;
use std::sync::LazyLock;

use data_encoding::BASE64;
use memchr::memmem::Finder;

use super::walk::Walk;

/// How the first line of a block starts.
static BEGIN: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("begin"));

/// A block of a text.
struct Block<'t> {
    name: &'t str,
    base64: bool,
    /// Its lines, without the first and the last.
    lines: &'t str,
    /// Whether its last line is there.
    ended: bool,
    /// Bytes of it behind its first line.
    length: usize,
}

/// How the first line of an armour starts.
static ARMOUR: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("-----BEGIN "));

/// What stands behind that where the contents are hidden.
const HIDDEN: [&str; 4] = [
    "PGP MESSAGE-----",
    "PKCS7-----",
    "CMS-----",
    "ENCRYPTED MESSAGE-----",
];

/// Whether an encrypted message stands in a text: its first line, not prose
/// that speaks of one.
fn is_armoured(text: &str) -> bool {
    ARMOUR.find_iter(text.as_bytes()).any(|at| {
        let starts = at == 0 || text.as_bytes().get(at - 1) == Some(&b'\n');
        let behind = text.get(at + "-----BEGIN ".len()..).unwrap_or_default();
        // No line is looked for behind each of many on one.
        let ends = |rest: &str| {
            rest.lines()
                .next()
                .unwrap_or_default()
                .trim_ascii()
                .is_empty()
        };
        let hidden = |label: &&str| behind.strip_prefix(*label).is_some_and(ends);
        // What begins as CMS is read with all other base64, and tells itself
        // whether it is encrypted.
        let is_read = || {
            let mut lines = behind.lines().skip(1).map(str::trim_ascii);
            let first = lines.next().unwrap_or_default();
            super::cms::begins(&super::loose::base64(first).0)
        };
        starts && HIDDEN.iter().any(hidden) && !is_read()
    })
}

/// Walks each file in a text, and tells where they stand. The text itself is
/// read by the caller.
pub(super) fn read(walk: &mut Walk<'_>, text: &str) -> Vec<Range<usize>> {
    if is_armoured(text) {
        walk.fail("encrypted");
    }
    let mut taken = Vec::new();
    let mut from = 0;
    while let Some((block, end)) = next(text, from) {
        from = end;
        taken.push(end - block.length..end);
        if !walk.entry() {
            break;
        }
        if !block.ended {
            walk.fail("malformed");
        }
        let room = block.lines.len() / 4 * 3;
        if room > walk.budget.room() || !walk.budget.spend(room) {
            walk.fail("too_large");
            continue;
        }
        let (bytes, whole) = match block.base64 {
            true => base64(block.lines),
            false => uu(block.lines),
        };
        if !whole {
            walk.fail("malformed");
        }
        walk.inside("file names", block.name.to_owned());
        walk.decoded_child(block.name, &bytes, "application/octet-stream");
    }
    taken
}

/// Whether a text may hold such a file.
pub(super) fn is_in(text: &str) -> bool {
    next(text, 0).is_some() || is_armoured(text)
}

/// The next block from `from` on, and where the text behind it begins.
fn next(text: &str, mut from: usize) -> Option<(Block<'_>, usize)> {
    loop {
        let rest = text.get(from..)?;
        let found = BEGIN.find(rest.as_bytes())?;
        let at = from + found;
        from = at + "begin".len();
        let starts = at == 0 || text.as_bytes().get(at - 1) == Some(&b'\n');
        // No line is looked for behind each "begin" of many on one.
        if !starts {
            continue;
        }
        let (head, body) = text.get(from..)?.split_once('\n')?;
        let Some((base64, name)) = head_of(head) else {
            continue;
        };
        let first = body.lines().next().unwrap_or_default();
        // "begin 100 of them" is prose: no encoded line follows.
        if first.is_empty() || !fits(first, base64) {
            continue;
        }
        let begin = from + head.len() + 1;
        let (lines, ended, behind) = until_end(body, base64);
        let block = Block {
            name,
            base64,
            lines,
            ended,
            length: behind,
        };
        return Some((block, begin + behind));
    }
}

/// The form and the name: ` 644 name`, `-base64 644 name`.
fn head_of(head: &str) -> Option<(bool, &str)> {
    let plain = head.strip_prefix("-base64");
    let rest = plain.unwrap_or(head).strip_prefix(' ')?;
    let (mode, name) = rest.trim_start().split_once(' ')?;
    let octal = (3..=4).contains(&mode.len()) && mode.bytes().all(|b| matches!(b, b'0'..=b'7'));
    let name = name.trim();
    (octal && !name.is_empty()).then_some((plain.is_some(), name))
}

/// The lines up to the last, whether that is there, and the bytes with it. A
/// line that is none of a block's ends it.
fn until_end(body: &str, base64: bool) -> (&str, bool, usize) {
    let mut at = 0;
    for line in body.split_inclusive('\n') {
        let bare = line.trim_ascii_end();
        let last = if base64 { "====" } else { "end" };
        if bare == last {
            return (body.get(..at).unwrap_or_default(), true, at + line.len());
        }
        if !fits(line, base64) {
            break;
        }
        at += line.len();
    }
    (body.get(..at).unwrap_or_default(), false, at)
}

fn fits(line: &str, base64: bool) -> bool {
    match base64 {
        true => is_base64(line),
        false => uu_line(line, &mut Vec::new()).is_some(),
    }
}

fn is_base64(line: &str) -> bool {
    let line = line.trim_ascii();
    let sign = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
    !line.is_empty() && line.len().is_multiple_of(4) && line.bytes().all(sign)
}

/// The bytes, and whether all could be read.
fn base64(lines: &str) -> (Vec<u8>, bool) {
    let mut out = Vec::with_capacity(lines.len() / 4 * 3);
    for line in lines.lines() {
        let line = line.trim_ascii();
        match BASE64.decode(line.as_bytes()) {
            Ok(mut bytes) => out.append(&mut bytes),
            Err(_) => return (out, false),
        }
    }
    (out, true)
}

fn uu(lines: &str) -> (Vec<u8>, bool) {
    let mut out = Vec::with_capacity(lines.len() / 4 * 3);
    for line in lines.lines() {
        if uu_line(line, &mut out).is_none() {
            return (out, false);
        }
    }
    (out, true)
}

/// Appends the bytes of a line: how many, and four characters for each three.
/// Blanks at the end may be lost on the way.
fn uu_line(line: &str, out: &mut Vec<u8>) -> Option<()> {
    let line = line.trim_end_matches(['\r', '\n']).as_bytes();
    let six = |b: u8| matches!(b, b' '..=b'`').then(|| (b - b' ') & 0x3f);
    let Some((&length, text)) = line.split_first() else {
        return Some(()); // an empty line holds nothing
    };
    let length = usize::from(six(length)?);
    let characters = length.div_ceil(3) * 4;
    // Some programs write a check character behind.
    if text.len() > characters + 1 || text.len() + 3 < characters {
        return None;
    }
    let mut left = length;
    for four in text.get(..characters.min(text.len()))?.chunks(4) {
        let mut bits = 0u32;
        for n in 0..4 {
            let six = six(four.get(n).copied().unwrap_or(b' '))?;
            bits = bits << 6 | u32::from(six);
        }
        let [_, bytes @ ..] = bits.to_be_bytes();
        out.extend(bytes.iter().take(left));
        left = left.saturating_sub(3);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(text: &str) -> Vec<(String, Vec<u8>, bool)> {
        let mut out = Vec::new();
        let mut from = 0;
        while let Some((block, end)) = next(text, from) {
            let (bytes, whole) = match block.base64 {
                true => base64(block.lines),
                false => uu(block.lines),
            };
            out.push((block.name.to_owned(), bytes, whole && block.ended));
            from = end;
        }
        out
    }

    #[test]
    fn what_is_encrypted_is_told_and_talk_of_it_is_not() {
        for label in ["PGP MESSAGE", "PKCS7", "CMS", "ENCRYPTED MESSAGE"] {
            let block = format!("-----BEGIN {label}-----\r\n\r\nwV4DR2b2\r\n");
            assert!(is_in(&block), "{label}");
            assert!(is_in(&format!("Here it is:\n{block}")), "{label}");
            assert!(!is_in(&format!("It starts with -----BEGIN {label}-----\n")));
        }
        for label in ["PGP SIGNED MESSAGE", "PGP PUBLIC KEY BLOCK", "CERTIFICATE"] {
            assert!(
                !is_in(&format!("-----BEGIN {label}-----\n\nwV4DR2b2\n")),
                "{label}"
            );
        }
    }

    #[test]
    fn both_forms_are_read() {
        // By uuencode of GNU sharutils.
        let uu = "Hi\nbegin 644 a b.txt\n#0V%T\n`\nend\nrest\n";
        let base64 = "begin-base64 0644 c.txt\nQ2F0cw==\n====\n";
        let both = format!("{uu}{base64}");
        let expected = [
            ("a b.txt".to_owned(), b"Cat".to_vec(), true),
            ("c.txt".to_owned(), b"Cats".to_vec(), true),
        ];
        assert_eq!(files(&both), expected);
        assert_eq!(files(&both.replace('\n', "\r\n")), expected);
    }

    #[test]
    fn what_is_cut_off_or_damaged_is_told() {
        let cut = files("begin 644 a\n#0V%T\nand then prose that is long\n");
        assert_eq!(cut, [("a".to_owned(), b"Cat".to_vec(), false)]);
        let damaged = files("begin 644 a\n#0V%T\n#~~~~\n`\nend\n");
        assert_eq!(damaged, [("a".to_owned(), b"Cat".to_vec(), false)]);
    }

    #[test]
    fn prose_is_no_block() {
        for text in [
            "begin 100 of them today\nand then more words than that\n",
            "begin\n#0V%T\nend\n",
            "we begin 644 a\n#0V%T\nend\n",
            "begin 944 a\n#0V%T\nend\n",
            "begin 644 a",
            "begin 644 a\n\nAnd more.\n",
        ] {
            assert_eq!(files(text), [], "{text}");
        }
    }
}
