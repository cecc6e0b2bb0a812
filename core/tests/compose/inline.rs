//! Images within the HTML.

use mail_parser::{MessageParser, MimeHeaders};
use mailseal::base::Address;
use mailseal::compose::{Attachment, Builder, ComposeError, HasRecipient, HasSender, Message};

use super::{all, parts, text, to};

const ID: &str = "logo.1-a_b@harbor.example";

fn letter() -> Builder<HasSender, HasRecipient> {
    Message::builder()
        .from("clinic@harbor.example".parse::<Address>().unwrap())
        .to(to("pat@mail.example"))
        .subject("Your visit")
        .text("Nine o'clock.")
        .html(format!(
            "<p>Nine o'clock.</p><img src=\"cid:{ID}\" alt=\"Harbor\">"
        ))
}

fn image() -> Vec<u8> {
    // Line ends and NUL come back as they are.
    let mut bytes = b"\x89PNG\r\n\x1a\n\0 \n\n.\r.".to_vec();
    bytes.extend((0..=255).cycle().take(10_000));
    bytes
}

fn content_type(part: &mail_parser::MessagePart<'_>) -> String {
    let kind = part.content_type().unwrap();
    format!("{}/{}", kind.ctype(), kind.subtype().unwrap())
}

#[test]
fn an_image_stands_beside_the_html_and_comes_back_as_given() {
    for (with_file, at) in [(false, 0), (true, 1)] {
        let mut message = letter().inline_image(ID, "image/png", image());
        if with_file {
            message = message.attachment(Attachment::new("a.txt", "text/plain", b"a".to_vec()));
        }
        let message = message.build().unwrap();
        let sent = text(&message, &all());
        let parsed = MessageParser::default().parse(&sent).unwrap();
        let kinds: Vec<_> = parsed.parts.iter().skip(at).map(content_type).collect();
        let mut expected = vec![
            "multipart/alternative",
            "text/plain",
            "multipart/related",
            "text/html",
            "image/png",
        ];
        expected.extend(with_file.then_some("text/plain"));
        assert_eq!(kinds, expected);
        let related = parsed.parts[at + 2].content_type().unwrap();
        assert_eq!(related.attribute("type"), Some("text/html"));
        let part = &parsed.parts[at + 4];
        assert_eq!(part.content_id(), Some(ID));
        assert!(part.content_disposition().unwrap().is_inline());
        assert!(part.attachment_name().is_none());
        assert_eq!(part.contents(), image());
        // The scanner is shown it as every other part.
        let shown = parts(&message);
        let found = format!("<{} bytes>", image().len());
        assert!(shown.iter().any(|(_, what)| *what == found), "{shown:?}");
        // And the message reads the same taken back.
        let back = Message::parse(sent.as_bytes()).unwrap();
        assert_eq!(parts(&back), shown);
    }
}

#[test]
fn an_html_alone_is_related_to_its_images() {
    let message = Message::builder()
        .from("clinic@harbor.example".parse::<Address>().unwrap())
        .to(to("pat@mail.example"))
        .html("<img src=\"cid:a@b\"><img src=\"cid:c@d\">")
        .inline_image("a@b", "image/gif", b"GIF89a1".to_vec())
        .inline_image("c@d", "image/jpeg", b"2".to_vec());
    let sent = text(&message.build().unwrap(), &all());
    let parsed = MessageParser::default().parse(&sent).unwrap();
    let kinds: Vec<_> = parsed.parts.iter().map(content_type).collect();
    let expected = ["multipart/related", "text/html", "image/gif", "image/jpeg"];
    assert_eq!(kinds, expected);
}

/// But for the boundary, which is random, nothing of it is new.
#[test]
fn a_message_without_images_is_as_it_was() {
    let sent = text(&letter().build().unwrap(), &all());
    let (_, rest) = sent.split_once("boundary=\"").unwrap();
    let (boundary, _) = rest.split_once('"').unwrap();
    let expected = concat!(
        "From: <clinic@harbor.example>\r\nTo: <pat@mail.example>\r\nSubject: Your visit\r\n",
        "Date: Tue, 14 Nov 2023 22:13:20 +0000\r\nMessage-ID: <m1@harbor.example>\r\n",
        "MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary=\"B\"\r\n",
        "\r\n--B\r\nContent-Type: text/plain; charset=\"utf-8\"\r\n",
        "Content-Transfer-Encoding: 7bit\r\n\r\nNine o'clock.",
        "\r\n--B\r\nContent-Type: text/html; charset=\"utf-8\"\r\n",
        "Content-Transfer-Encoding: 7bit\r\n\r\n<p>Nine o'clock.</p>",
        "<img src=\"cid:logo.1-a_b@harbor.example\" alt=\"Harbor\">",
        "\r\n--B--\r\n",
    );
    assert_eq!(sent.replace(boundary, "B"), expected);
}

#[test]
fn what_would_write_a_header_or_stands_for_something_else_is_refused() {
    for bad in ["a@b\r\nX: y", "a\n@b", "a@b\0", "a\u{85}@b"] {
        let built = letter().inline_image(bad, "image/png", image()).build();
        let refused = ComposeError::HeaderInjection {
            field: "content id",
        };
        assert_eq!(built.unwrap_err(), refused);
    }
    for bad in ["image/png\r\nX: y", "image/png\n"] {
        let built = letter().inline_image(ID, bad, image()).build();
        let refused = ComposeError::HeaderInjection {
            field: "media type",
        };
        assert_eq!(built.unwrap_err(), refused);
    }
    let refused = |built: Result<Message, ComposeError>| {
        let error = built.unwrap_err();
        assert_eq!(error.code(), "compose.inline_image", "{error}");
    };
    for bad in [
        "", "a", "@b", "a@", "a@b@c", "a b@c", "<a@b>", "a@b>", "a..b@c", ".a@b", "ä@b", "a%@b",
        "\"a\"@b", "a@[b]", "a\t@b",
    ] {
        refused(letter().inline_image(bad, "image/png", image()).build());
    }
    for bad in [
        "",
        "image/",
        "image",
        "text/html",
        "image/svg+xml",
        "image/SVG",
        "image/png; name=x",
        "IMAGE/png",
        "image/png/x",
        "application/octet-stream",
        "multipart/mixed",
    ] {
        refused(letter().inline_image(ID, bad, image()).build());
    }
    let twice = letter().inline_image(ID, "image/png", image());
    refused(twice.inline_image(ID, "image/gif", image()).build());
    let without = Message::builder()
        .from("clinic@harbor.example".parse::<Address>().unwrap())
        .to(to("pat@mail.example"))
        .text("Nine o'clock.");
    refused(without.inline_image(ID, "image/png", image()).build());
}
