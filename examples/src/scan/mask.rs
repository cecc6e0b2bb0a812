//! Values for eyes that need not see them.

/// Stands for one character.
const DOT: char = '•';
/// A mask does not tell how long a long value is.
const MAX_DOTS: usize = 12;

/// First and last character with dots between; dots alone where that would
/// tell most of it.
pub fn value(text: &str) -> String {
    let chars: Vec<char> = text
        .trim()
        .chars()
        .filter(|c| !c.is_control() && !invisible(*c))
        .collect();
    match chars.as_slice() {
        [first, inner @ .., last] if inner.len() >= 3 => {
            let dots: String = std::iter::repeat_n(DOT, inner.len().min(MAX_DOTS)).collect();
            format!("{first}{dots}{last}")
        }
        few => std::iter::repeat_n(DOT, few.len().max(1)).collect(),
    }
}

/// Words that say what stands beside them, and nothing of anybody.
const LABELS: &[&str] = &[
    "a",
    "account",
    "address",
    "and",
    "at",
    "birth",
    "born",
    "by",
    "card",
    "claim",
    "code",
    "date",
    "dear",
    "dob",
    "dr",
    "e-mail",
    "email",
    "fax",
    "for",
    "from",
    "group",
    "has",
    "health",
    "id",
    "in",
    "insurance",
    "is",
    "lab",
    "licence",
    "license",
    "member",
    "mobile",
    "mr",
    "mrn",
    "mrs",
    "ms",
    "name",
    "no",
    "npi",
    "number",
    "of",
    "on",
    "order",
    "patient",
    "phone",
    "plan",
    "policy",
    "record",
    "ref",
    "ssn",
    "subject",
    "tel",
    "the",
    "to",
    "was",
    "with",
    "your",
];

/// Text around a finding, which may hold what no scanner found: labels stay,
/// every other letter and digit is a dot.
pub fn context(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut word = String::new();
    let flush = |word: &mut String, out: &mut String| {
        if LABELS.contains(&word.to_lowercase().as_str()) {
            out.push_str(word);
        } else {
            out.extend(word.chars().map(|_| DOT));
        }
        word.clear();
    };
    for c in text.chars() {
        if c.is_ascii_punctuation() || c.is_whitespace() {
            flush(&mut word, &mut out);
            out.push(if c.is_whitespace() { ' ' } else { c });
        } else if !c.is_control() && !invisible(c) {
            word.push(c);
        }
    }
    flush(&mut word, &mut out);
    out
}

/// The pieces of a container that every file of its format has.
const STRUCTURE: &[&str] = &[
    "word",
    "xl",
    "ppt",
    "docprops",
    "worksheets",
    "slides",
    "document",
    "content",
    "styles",
    "sharedstrings",
    "core",
    "app",
    "page",
    "slide",
    "sheet",
    "part",
    "row",
    "column",
    "segment",
    "header",
    "footer",
    "footnotes",
    "endnotes",
    "comments",
    "notes",
    "pid",
    "meta",
    "body",
    "encoded",
    "encoded links",
    "file names",
    "certificates",
    "other",
];

/// The name of an entry in a container: what the format itself calls so stays,
/// names that people gave are masked but for their extension.
pub fn entry(path: &str) -> String {
    let pieces: Vec<String> = path.split('/').map(piece).collect();
    pieces.join("/")
}

fn piece(name: &str) -> String {
    let (stem, extension) = match name.rsplit_once('.') {
        Some((stem, e)) if e.len() <= 4 && e.chars().all(|c| c.is_ascii_alphabetic()) => {
            (stem, format!(".{e}"))
        }
        _ => (name, String::new()),
    };
    let word = stem.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, ' ' | '-'));
    // The number of a page tells nothing, that of a patient does.
    let number = stem.len() - word.len();
    if number <= 6 && STRUCTURE.contains(&word.to_ascii_lowercase().as_str()) {
        return name.to_owned();
    }
    format!("{}{extension}", value(stem))
}

/// The name of an attachment, which people gave: but for an extension that says
/// what kind of file it is.
pub fn file(name: &str) -> String {
    let extension = name
        .rsplit_once('.')
        .filter(|(_, e)| EXTENSIONS.contains(&e.to_ascii_lowercase().as_str()));
    match extension {
        Some((stem, extension)) => format!("{}.{extension}", value(stem)),
        None => value(name),
    }
}

/// A path in which some values were found: they are masked, and so are the other
/// words of the names that they stand in, but for labels and an extension.
pub fn path(path: &str, values: &[String]) -> String {
    let mut out = String::with_capacity(path.len());
    let mut pieces = path.split_inclusive(['/', '\\']).peekable();
    while let Some(piece) = pieces.next() {
        let last = pieces.peek().is_none();
        let extension = piece.rfind('.').filter(|at| {
            let end = piece[at + 1..].to_ascii_lowercase();
            last && EXTENSIONS.contains(&end.as_str())
        });
        let (stem, extension) = piece.split_at(extension.unwrap_or(piece.len()));
        let found = values.iter().any(|value| stem.contains(value.as_str()));
        match found {
            true => name(stem, values, &mut out),
            false => out.push_str(stem),
        }
        out.push_str(extension);
    }
    out
}

/// The name of a file without what was found in it, and without its other words.
fn name(stem: &str, values: &[String], out: &mut String) {
    let next = values
        .iter()
        .filter_map(|value| Some((stem.find(value.as_str())?, value)));
    // The longest of those that come first.
    let first = next.min_by_key(|(at, value)| (*at, std::cmp::Reverse(value.len())));
    let Some((at, found)) = first else {
        return out.push_str(&context(stem));
    };
    out.push_str(&context(&stem[..at]));
    out.push_str(&value(found));
    name(&stem[at + found.len()..], values, out);
}

/// Kinds of files.
const EXTENSIONS: &[&str] = &[
    "bmp", "csv", "dcm", "doc", "docx", "eml", "gif", "gz", "hl7", "htm", "html", "ics", "jpeg",
    "jpg", "json", "log", "md", "msg", "odp", "ods", "odt", "p7m", "p7s", "pdf", "png", "ppt",
    "pptx", "rtf", "tar", "tif", "tiff", "txt", "vcf", "webp", "x12", "xls", "xlsx", "xml", "zip",
];

/// What shows as nothing (Unicode's `Default_Ignorable_Code_Point`), and what
/// turns the direction of a line (`Bidi_Control`).
pub fn invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_never_tells_the_value() {
        for (clear, masked) in [
            ("", "•"),
            ("7", "•"),
            ("92", "••"),
            ("Li W", "••••"),
            ("Okoro", "O•••o"),
            ("Zoë Ångström", "Z••••••••••m"),
            ("1EG4-TE5-MK73", "1•••••••••••3"),
            ("a very long address, 12 Example Street", "a••••••••••••t"),
        ] {
            assert_eq!(value(clear), masked);
        }
    }

    #[test]
    fn what_shows_as_nothing_is_no_character_of_a_value() {
        for c in [
            '\u{ad}',
            '\u{61c}',
            '\u{202e}',
            '\u{206a}',
            '\u{3164}',
            '\u{fe0f}',
            '\u{e0041}',
        ] {
            assert!(invisible(c), "{c:?}");
            assert_eq!(value(&format!("{c}Ok{c}oro{c}")), "O•••o");
        }
        assert!(!['a', 'é', '\u{627}', '患', '😀'].into_iter().any(invisible));
    }

    #[test]
    fn a_files_name_tells_its_kind_alone() {
        for (clear, masked) in [
            ("list.csv", "••••.csv"),
            ("sheet482913.CSV", "s•••••••••3.CSV"),
            ("visit.Kent", "v••••••••t"),
            ("page 1", "p••••1"),
        ] {
            assert_eq!(file(clear), masked);
        }
    }

    #[test]
    fn beside_what_was_found_no_word_of_a_files_name_stays() {
        let values = ["00482913".to_owned(), "Kofi Mensah".to_owned()];
        for (clear, masked) in [
            (
                "out/Ann Lee MRN 00482913.eml",
                "out/••• ••• MRN 0••••••3.eml",
            ),
            ("AnnLee00482913.txt", "••••••0••••••3.txt"),
            ("Lee•MRN 00482913.txt", "••••••• 0••••••3.txt"),
            ("00482913-visit.note", "0••••••3-•••••.••••"),
            ("Kofi Mensah, Ann/list.csv", "K•••••••••h, •••/list.csv"),
            ("Ann Lee/list.csv", "Ann Lee/list.csv"),
        ] {
            assert_eq!(path(clear, &values), masked);
        }
    }

    #[test]
    fn context_keeps_labels_alone() {
        assert_eq!(
            context("Patient: Ann Lee, MRN\t#"),
            "Patient: ••• •••, MRN #"
        );
        assert_eq!(context("Zoë's DOB"), "•••'• DOB");
        // A bullet is a sign of lists too.
        assert_eq!(context("•Mensah"), "•••••••");
    }

    #[test]
    fn entries_that_people_named_are_masked() {
        assert_eq!(entry("word/document.xml"), "word/document.xml");
        assert_eq!(entry("page 12"), "page 12");
        assert_eq!(
            entry("xl/worksheets/sheet1.xml"),
            "xl/worksheets/sheet1.xml"
        );
        assert_eq!(entry("john smith.zip/list.csv"), "j••••••••h.zip/••••.csv");
        assert_eq!(entry("page 1234567"), "p••••••••••7");
        // What the scanner itself calls so.
        assert_eq!(entry("encoded links"), "encoded links");
        assert_eq!(entry("encoded 2"), "encoded 2");
    }
}
