//! The letter: what the pickup page shows of a message, as JSON behind it.
//!
//! ```json
//! {"subject":"…","from":"…","date":1780295400000,"text":"…","html":"…",
//!  "attachments":[{"name":"visit.csv","type":"text/csv","size":5,
//!                  "offset":310,"length":8,"encoding":"base64"}]}
//! ```
//!
//! Offsets are into the message. All strings are fit to be shown as text; the
//! HTML is fit to be shown in a frame without scripts.

use serde::Serialize;
use zeroize::Zeroizing;

use super::EscrowError;
use super::item::MAX_LETTER;
use super::typed::is_invisible;
use crate::compose::{Encoding, Letter, LetterFile};

/// Characters of a file name.
const MAX_NAME: usize = 120;
/// Characters of what stands behind the last dot, to be kept when a name is cut.
const MAX_EXTENSION: usize = 16;

#[derive(Serialize)]
struct Form<'a> {
    subject: &'a str,
    from: &'a str,
    date: Option<i64>,
    text: Option<&'a str>,
    html: Option<&'a str>,
    attachments: Vec<Attachment<'a>>,
}

#[derive(Serialize)]
struct Attachment<'a> {
    name: String,
    r#type: &'a str,
    size: usize,
    offset: usize,
    length: usize,
    encoding: &'static str,
}

/// Writes the letter of a message.
pub(super) fn write(message: &[u8]) -> Result<Zeroizing<Vec<u8>>, EscrowError> {
    let mut letter = Letter::read(message);
    let html = letter.html.take().map(|html| sanitise(html.expose()));
    let html = html.map(|html| html.map(Zeroizing::new));
    let mut files = std::mem::take(&mut letter.files);
    if matches!(html, Some(None)) {
        // What is not shown can be saved.
        files.append(&mut letter.html_files);
    }
    let html = html.flatten();
    let text = letter.text.as_ref().map(|text| text.expose().as_str());
    let html = html.as_ref().map(|html| html.as_str());
    let form = Form {
        subject: letter.subject.expose(),
        from: letter.from.expose(),
        date: letter.date,
        text,
        html,
        attachments: files.iter().enumerate().map(attachment).collect(),
    };
    // Room enough for nearly all, so that no copies are left behind.
    let expected = text.map_or(0, str::len) + html.map_or(0, str::len);
    let mut out = Zeroizing::new(Vec::with_capacity(expected + expected / 4 + 4096));
    let damaged = EscrowError::Damaged { record: "letter" };
    serde_json::to_writer(&mut *out, &form).map_err(|_| damaged)?;
    if out.len() > MAX_LETTER {
        return Err(EscrowError::TooLarge {
            size: out.len(),
            limit: MAX_LETTER,
        });
    }
    Ok(out)
}

/// HTML that may be shown; `None` where it is too much of it, or where this
/// build has no sanitiser.
#[cfg(feature = "portal")]
fn sanitise(html: &str) -> Option<String> {
    super::html::sanitise(html)
}

#[cfg(not(feature = "portal"))]
fn sanitise(_html: &str) -> Option<String> {
    None
}

fn attachment((index, file): (usize, &LetterFile)) -> Attachment<'_> {
    let media_type = media_type(&file.media_type);
    let given = file.name.as_ref().map(|name| name.expose().as_str());
    let name = given.and_then(safe_name);
    Attachment {
        name: name.unwrap_or_else(|| {
            format!("{}-{}", default_stem(media_type), index + 1) + extension(media_type)
        }),
        r#type: media_type,
        size: file.size,
        offset: file.range.start,
        length: file.range.len(),
        encoding: match file.encoding {
            Encoding::Identity => "identity",
            Encoding::Base64 => "base64",
            Encoding::QuotedPrintable => "quoted-printable",
        },
    }
}

/// A media type of RFC 2045's tokens, or the one that means nothing.
pub(super) fn media_type(given: &str) -> &str {
    let is_token = |text: &str| {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b);
        (1..=63).contains(&text.len()) && text.bytes().all(fits)
    };
    match given.split_once('/') {
        Some((kind, subtype)) if is_token(kind) && is_token(subtype) => given,
        _ => "application/octet-stream",
    }
}

fn default_stem(media_type: &str) -> &'static str {
    match media_type.split('/').next() {
        Some("text") => "text",
        Some("image") => "image",
        Some("message") => "message",
        _ => "attachment",
    }
}

fn extension(media_type: &str) -> &'static str {
    match media_type {
        "text/plain" => ".txt",
        "text/html" => ".html",
        "text/csv" => ".csv",
        "text/calendar" => ".ics",
        "message/rfc822" | "message/global" => ".eml",
        "image/png" => ".png",
        "image/jpeg" => ".jpg",
        "image/gif" => ".gif",
        "application/pdf" => ".pdf",
        _ => "",
    }
}

/// A file name as it may be shown and saved: one component of a path on any
/// system, without characters that cannot be seen or that turn the direction
/// of others around.
pub(super) fn safe_name(given: &str) -> Option<String> {
    let mut name = String::with_capacity(given.len().min(4 * MAX_NAME));
    for c in given.chars().filter(|&c| !is_unseen(c)) {
        name.push(match c {
            '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => '_',
            c if c.is_whitespace() => ' ',
            c => c,
        });
    }
    // Hidden files, parents, and what Windows drops at the end.
    let name = name.trim_matches(|c: char| c == '.' || c == ' ');
    let mut name = shorten(name);
    if is_reserved(&name) {
        name.insert(0, '_');
    }
    let says_something = name.chars().any(|c| c != '_' && c != '.' && c != ' ');
    says_something.then_some(name)
}

fn is_unseen(c: char) -> bool {
    // U+061C and tags turn or hide, too; separators end lines.
    c.is_control()
        || is_invisible(c)
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{2028}' | '\u{2029}'
        )
        || matches!(c, '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn shorten(name: &str) -> String {
    if name.chars().count() < MAX_NAME {
        return name.to_owned();
    }
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    let (stem, extension) = match extension.chars().count() {
        1..=MAX_EXTENSION => (stem, format!(".{extension}")),
        _ => (name, String::new()),
    };
    // One less, for the sign before a reserved name.
    let room = MAX_NAME - 1 - extension.chars().count();
    let stem: String = stem.chars().take(room).collect();
    stem.trim_end_matches(['.', ' ']).to_owned() + &extension
}

/// Names of devices, which Windows knows with any extension.
fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end();
    let stem = stem.to_ascii_uppercase();
    if matches!(
        stem.as_str(),
        "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$"
    ) {
        return true;
    }
    let port = stem.strip_prefix("COM").or(stem.strip_prefix("LPT"));
    port.is_some_and(|n| {
        let mut digits = n.chars();
        matches!(digits.next(), Some('0'..='9' | '¹' | '²' | '³')) && digits.next().is_none()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn letter(message: &str) -> Value {
        let written = write(message.replace('\n', "\r\n").as_bytes()).unwrap();
        serde_json::from_slice(&written).unwrap()
    }

    fn with_name(disposition: &str) -> String {
        let message = format!(
            "Subject: x\nContent-Type: multipart/mixed; boundary=a\n\n--a\n\
             Content-Type: application/pdf\nContent-Disposition: attachment; {disposition}\n\n%PDF\n--a--\n"
        );
        let letter = letter(&message);
        let name = letter["attachments"][0]["name"].as_str().unwrap();
        assert!(
            !name.is_empty() && name.chars().count() <= MAX_NAME,
            "{name}"
        );
        name.to_owned()
    }

    #[test]
    fn names_are_decoded() {
        for (given, expected) in [
            (r#"filename="visit.pdf""#, "visit.pdf"),
            ("filename*=utf-8''na%C3%AFve%20plan.pdf", "naïve plan.pdf"),
            (
                "filename*0*=utf-8''Bericht%20; filename*1*=%C3%BCber.pdf",
                "Bericht über.pdf",
            ),
            (r#"filename="=?utf-8?Q?caf=C3=A9.pdf?=""#, "café.pdf"),
            (r#"filename="报告.pdf""#, "报告.pdf"),
        ] {
            assert_eq!(with_name(given), expected);
        }
    }

    #[test]
    fn names_that_do_harm_are_neutralised() {
        for (given, expected) in [
            // Markup.
            (
                r#"filename="<img src=x onerror=alert(1)>.pdf""#,
                "_img src=x onerror=alert(1)_.pdf",
            ),
            ("filename*=utf-8''%22%3E%3Cscript%3E.pdf", "___script_.pdf"),
            // Other folders.
            (r#"filename="../../etc/passwd""#, "_.._etc_passwd"),
            (r#"filename="..\\..\\a.exe""#, "_.._a.exe"),
            ("filename*=utf-8''%2Fetc%2Fpasswd", "_etc_passwd"),
            (r#"filename="C:\\a.exe""#, "C__a.exe"),
            (r#"filename="a.pdf:stream""#, "a.pdf_stream"),
            (r#"filename=".htaccess""#, "htaccess"),
            // A name that reads backwards: anti<RLO>fdp.exe.
            ("filename*=utf-8''anti%E2%80%AEfdp.exe", "antifdp.exe"),
            ("filename*=utf-8''a%E2%81%A6b%E2%81%A9%D8%9C.pdf", "ab.pdf"),
            ("filename*=utf-8''a%E2%80%8B%EF%BB%BF.pdf", "a.pdf"),
            // Lines.
            (
                "filename*=utf-8''a%0D%0ASet-Cookie%3A%20x.pdf",
                "aSet-Cookie_ x.pdf",
            ),
            ("filename*=utf-8''a%00.pdf", "a.pdf"),
            ("filename*=utf-8''a%E2%80%A8b%C2%85.pdf", "ab.pdf"),
            // Devices, and what Windows drops.
            (r#"filename="con.pdf""#, "_con.pdf"),
            (r#"filename="LPT1""#, "_LPT1"),
            (r#"filename="console.pdf""#, "console.pdf"),
            (r#"filename="a.pdf. . ""#, "a.pdf"),
            // Nothing that could be shown.
            (r#"filename="../..""#, "attachment-1.pdf"),
            (r#"filename="..""#, "attachment-1.pdf"),
            ("filename*=utf-8''%E2%80%AE%20", "attachment-1.pdf"),
            (r#"filename="""#, "attachment-1.pdf"),
        ] {
            assert_eq!(with_name(given), expected, "{given}");
        }
    }

    #[test]
    fn long_names_keep_their_extension() {
        let long = with_name(&format!("filename=\"{}.pdf\"", "x".repeat(200)));
        assert_eq!((long.len(), long.ends_with("x.pdf")), (119, true));
        let long = with_name(&format!("filename=\"{}\"", "é".repeat(200)));
        assert_eq!(long.chars().count(), 119);
        let long = with_name(&format!("filename=\"a.{}\"", "x".repeat(200)));
        assert_eq!(long.len(), 119);
        assert!(with_name(&format!("filename=\"con.{}\"", "x".repeat(200))).len() <= MAX_NAME);
    }

    #[test]
    fn a_media_type_is_one_or_means_nothing() {
        for (given, kept) in [
            ("text/csv", true),
            ("application/vnd.ms-excel+xml", true),
            ("text/html\"><script>", false),
            ("text", false),
            ("/", false),
            ("a/b/c", false),
        ] {
            assert_eq!(media_type(given) == given, kept, "{given}");
        }
    }

    #[test]
    fn the_letter_is_written_as_the_page_reads_it() {
        let message = "From: clinic@harbor.example\nSubject: Your visit\n\
            Date: Mon, 1 Jun 2026 08:30:00 +0200\n\
            Content-Type: multipart/mixed; boundary=a\n\n--a\n\nSee \"you\".\n--a\n\
            Content-Type: text/csv; name=v.csv\nContent-Transfer-Encoding: base64\n\nYSwxCg==\n--a--\n";
        let raw = message.replace('\n', "\r\n");
        let offset = raw.find("YSwx").unwrap();
        assert_eq!(
            letter(message),
            serde_json::json!({
                "subject": "Your visit",
                "from": "clinic@harbor.example",
                "date": 1_780_295_400_000u64,
                "text": "See \"you\".",
                "html": null,
                "attachments": [{
                    "name": "v.csv", "type": "text/csv", "size": 4,
                    "offset": offset, "length": 8, "encoding": "base64",
                }],
            })
        );
    }

    #[test]
    fn what_is_no_message_can_still_be_saved() {
        let letter: Value = serde_json::from_slice(&write(&[7; 300]).unwrap()).unwrap();
        assert_eq!(
            (&letter["text"], &letter["date"]),
            (&Value::Null, &Value::Null)
        );
        let file = &letter["attachments"][0];
        assert_eq!(
            (&file["name"], &file["length"]),
            (&"message.eml".into(), &300.into())
        );
    }

    #[test]
    #[cfg(feature = "portal")]
    fn html_that_is_too_much_is_a_file() {
        let html = format!("Content-Type: text/html\n\n{}\n", "<b>x\n".repeat(200_000));
        let letter = letter(&html);
        assert_eq!(letter["html"], Value::Null);
        assert_eq!(letter["attachments"][0]["type"], "text/html");
        assert!(letter["text"].as_str().unwrap().contains('x'));
    }
}
