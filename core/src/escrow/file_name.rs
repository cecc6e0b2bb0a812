//! File names of others, made harmless to show and to save under.

/// The most characters that a name keeps.
const MAX_NAME: usize = 120;
/// The most characters of an ending that survive shortening.
const MAX_ENDING: usize = 12;

/// Takes from a name what could mislead a person or a file system: control
/// and bidirectional characters, invisible ones, path separators and what
/// Windows forbids, dots and blanks at the ends, names of devices. It has 1 to
/// 120 characters and is never a path.
pub(crate) fn neutral(name: &str) -> String {
    // A name may be as long as a message: what is past any name is not read.
    let cleaned: String = name
        .chars()
        .take(64 * MAX_NAME)
        .filter(|c| !is_hidden(*c))
        .map(|c| match c {
            '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => '_',
            c if c.is_control() || c.is_whitespace() => ' ',
            c => c,
        })
        .collect();
    let trimmed = cleaned.trim_matches(|c| c == ' ' || c == '.');
    let short = shorten(trimmed);
    match () {
        () if short.is_empty() => "attachment".to_owned(),
        () if is_device(&short) => shorten(&format!("_{short}")),
        () => short,
    }
}

/// Characters that turn the reading direction or show nothing.
fn is_hidden(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// Cuts the stem and keeps the ending, by which programs know the file.
fn shorten(name: &str) -> String {
    let length = name.chars().count();
    if length <= MAX_NAME {
        return name.to_owned();
    }
    let ending = name
        .rsplit_once('.')
        .map(|(_, ending)| ending)
        .filter(|ending| (1..=MAX_ENDING).contains(&ending.chars().count()))
        .map(|ending| format!(".{ending}"))
        .unwrap_or_default();
    let stem: String = name
        .chars()
        .take(MAX_NAME - ending.chars().count())
        .collect();
    format!("{}{ending}", stem.trim_end_matches([' ', '.']))
}

/// Names that Windows takes for devices, whatever their ending.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end();
    let upper = stem.to_ascii_uppercase();
    if matches!(
        upper.as_str(),
        "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$"
    ) {
        return true;
    }
    let number = upper
        .strip_prefix("COM")
        .or_else(|| upper.strip_prefix("LPT"));
    number.is_some_and(|number| {
        let mut digits = number.chars();
        matches!(
            (digits.next(), digits.next()),
            (Some('0'..='9' | '¹' | '²' | '³'), None)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_mislead_are_made_harmless() {
        for (name, expected) in [
            ("scan.pdf", "scan.pdf"),
            ("Röntgen 2026.jpg", "Röntgen 2026.jpg"),
            ("שלום.txt", "שלום.txt"),
            ("../../etc/passwd", "_.._etc_passwd"),
            ("..\\..\\boot.ini", "_.._boot.ini"),
            ("C:\\x.exe", "C__x.exe"),
            ("a\r\nContent-Type: text/html", "a  Content-Type_ text_html"),
            ("invoice\u{202e}fdp.exe", "invoicefdp.exe"),
            ("\u{2066}x\u{2069}\u{200f}.txt", "x.txt"),
            (
                "<img src=x onerror=alert(1)>",
                "_img src=x onerror=alert(1)_",
            ),
            ("nul", "_nul"),
            ("CON.txt", "_CON.txt"),
            ("com1 .pdf", "_com1 .pdf"),
            ("LPT².log", "_LPT².log"),
            ("COM10.txt", "COM10.txt"),
            ("console.txt", "console.txt"),
            (".htaccess", "htaccess"),
            ("trailing. . ", "trailing"),
            ("", "attachment"),
            ("..", "attachment"),
            ("\u{0}\u{7f}\u{200b}", "attachment"),
        ] {
            assert_eq!(neutral(name), expected, "{name:?}");
        }
    }

    #[test]
    fn long_names_keep_their_ending() {
        let long = format!("{}.pdf", "ß".repeat(500));
        let short = neutral(&long);
        assert_eq!(short.chars().count(), MAX_NAME);
        assert!(short.ends_with("ß.pdf"));
        assert_eq!(neutral(&"x".repeat(1 << 20)).chars().count(), MAX_NAME);
        let odd = format!("{}.{}", "a".repeat(200), "b".repeat(50));
        assert_eq!(neutral(&odd), "a".repeat(MAX_NAME));
        // Nothing changes when it is done twice.
        for name in [
            &long,
            &odd,
            "nul.txt",
            "../x",
            &format!("{}. x", "a".repeat(118)),
        ] {
            assert_eq!(neutral(&neutral(name)), neutral(name));
        }
    }
}
