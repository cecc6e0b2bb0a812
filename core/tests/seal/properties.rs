//! What any message comes back as.

use mailseal::base::Timestamp;
use mailseal::compose::{Attachment, Copy, Message, PartContent, Visible};
use proptest::prelude::*;

use super::house::{House, ROUTES, split};

/// The fields that are the message's own, unfolded.
fn fields(raw: &[u8]) -> Vec<String> {
    let head = String::from_utf8(split(raw).0.to_vec()).unwrap();
    let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let own = head.lines().filter(|line| {
        let line = line.to_ascii_lowercase();
        !line.starts_with("content-") && !line.starts_with("mime-version")
    });
    own.map(str::to_owned).collect()
}

/// The parts as a reader decodes them. The display in HTML stays, and is
/// marked.
fn parts(raw: &[u8]) -> Vec<String> {
    let message = Message::parse(raw).unwrap();
    let parts = message.parts();
    let texts = parts.iter().map(|part| match part.content() {
        PartContent::Text(text) => {
            let text = text.expose();
            match text.split_once("<div class=\"header-protection-legacy-display\">") {
                Some((before, rest)) => {
                    before.to_owned() + rest.split_once("</pre></div>").unwrap().1
                }
                None => text.clone(),
            }
        }
        PartContent::Binary(bytes) => format!("{:?}", bytes.expose()),
        other => format!("{other:?}"),
    });
    texts.collect()
}

fn subject() -> impl Strategy<Value = String> {
    let words = [
        "a",
        "é",
        "HbA1c",
        "日本語",
        "<b>&",
        "=",
        "  ",
        "=?utf-8?q?x?=",
        "long long long long",
    ];
    proptest::collection::vec(proptest::sample::select(words.to_vec()), 0..12)
        .prop_map(|words| words.join(" ").trim().to_owned())
}

fn body() -> impl Strategy<Value = String> {
    let lines = [
        "",
        "text",
        "Subject: mine",
        "é",
        "--x",
        ".",
        "From here",
        "a b  ",
        "=3D",
        "\t",
        "-----BEGIN PGP MESSAGE-----",
    ];
    (
        proptest::collection::vec(proptest::sample::select(lines.to_vec()), 0..8),
        0..400usize,
    )
        .prop_map(|(lines, long)| lines.join("\n") + &"x".repeat(long) + &"日".repeat(long / 3))
}

fn html() -> impl Strategy<Value = String> {
    let heads = [
        "<html><body>",
        "",
        "<!-- <body> --><html><BODY title='>'>",
        "<html>",
    ];
    (proptest::sample::select(heads.to_vec()), body())
        .prop_map(|(head, body)| head.to_owned() + &body)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_compose_renders_comes_back(
        subject in subject(),
        text in proptest::option::of(body()),
        html in proptest::option::of(html()),
        file in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..200)),
    ) {
        thread_local!(static HOUSE: House = House::new());
        HOUSE.with(|house| {
            let mut message = Message::builder()
                .from(house.clinic.address.clone())
                .to(house.pat.address.clone())
                .subject(&subject)
                .header("X-Patient-Id", "778812");
            if let Some(text) = &text {
                message = message.text(text.clone());
            }
            if let Some(html) = &html {
                message = message.html(html.clone());
            }
            if let Some(file) = &file {
                message = message.attachment(Attachment::new("b.bin", "application/octet-stream", file.clone()));
            }
            let Ok(message) = message.build() else { return Ok(()) };
            let copy = Copy::new(Visible::All, Timestamp::from_unix_ms(1_795_000_000_000), "1@harbor.example");
            let raw = message.render(&copy).unwrap().bytes().to_vec();
            for route in ROUTES {
                let sealed = house.seal(route, &raw);
                prop_assert!(!super::house::contains(&sealed, "778812"));
                let opened = house.open(&sealed).unwrap();
                let again = opened.message().unwrap();
                prop_assert_eq!(fields(&raw), fields(again), "{}", route);
                prop_assert_eq!(parts(&raw), parts(again), "{}", route);
                prop_assert!(opened.headers().altered.is_empty());
            }
            Ok(())
        })?;
    }
}
