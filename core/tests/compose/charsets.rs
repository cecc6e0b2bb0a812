//! What a text in another charset is, and that it is told where nobody knows.

use mailseal::compose::{Message, PartContent};
use mailseal::dlp::Part;

#[test]
fn a_charset_is_decoded_or_told() {
    let content = |charset: &str, body: &[u8]| {
        let head = format!(
            "From: a@x.example\r\nTo: b@x.example\r\nSubject: x\r\n\
             Content-Type: text/plain; charset={charset}\r\n\r\n"
        );
        let message = Message::parse(&[head.as_bytes(), body].concat()).unwrap();
        let parts = message.parts();
        let body = parts.iter().find(|part| part.part() == Part::Text);
        match body.map(|part| part.content()) {
            Some(PartContent::Text(text)) => text.expose().clone(),
            Some(PartContent::Unreadable(why)) => why.to_owned(),
            other => panic!("{charset}: {other:?}"),
        }
    };
    let euc = b"\xa3\xc8\xa3\xc9\xa3\xd6";
    for (charset, body, text) in [
        ("shift_jis", &b"\x82\x67\x82\x68\x82\x75"[..], "ＨＩＶ"),
        ("euc-jp", euc, "ＨＩＶ"),
        ("gb2312", euc, "ＨＩＶ"),
        ("GBK", euc, "ＨＩＶ"),
        ("gb18030", euc, "ＨＩＶ"),
        ("euc-kr", euc, "ＨＩＶ"),
        ("big5", b"\xa2\xd6\xa2\xd7\xa2\xe4", "ＨＩＶ"),
        ("iso-2022-jp", b"Alv\x1b(Jarez, H\x1b(JIV", "Alvarez, HIV"),
        ("windows-874", b"HIV \xa1", "HIV \u{e01}"),
        ("ibm866", b"HIV \x80", "HIV \u{410}"),
        ("x-mac-cyrillic", b"HIV \x80", "HIV \u{410}"),
    ] {
        assert_eq!(content(charset, body), text, "{charset}");
        // However it is cut off, something is made of every byte.
        for end in 1..body.len() {
            assert!(!content(charset, &body[..end]).is_empty(), "{charset}");
        }
    }
    for charset in [
        "iso-2022-kr",
        "csiso2022kr",
        "iso-2022-cn-ext",
        "hz-gb-2312",
        "replacement",
        "utf_16le",
        "csutf16",
        "csutf7",
        "ucs_2",
    ] {
        assert_eq!(content(charset, b"HIV"), "unknown_charset", "{charset}");
    }
}
