//! The notice.

use mailseal::escrow::{Link, Notice, NoticeDraft};

use crate::house::*;

#[tokio::test]
async fn a_notice_says_what_it_must_and_nothing_else() {
    let house = House::new();
    let given = house.put_one(with_passcode(0)).await;
    let draft = NoticeDraft::new("Harbor <b>&\"Clinic\"</b>", &given, house.expires())
        .contact("+1 555 0100");
    let notice = Notice::render(&draft).unwrap();
    let (text, html) = (notice.text.expose(), notice.html.expose());
    let url = given.link.url();
    let page = given.link.page();
    let typed = given.link.code();
    for body in [text, html] {
        for needle in [
            url.expose(),
            &page,
            typed.expose(),
            &given.reference,
            "2026-01-19",
            "+1 555 0100",
        ] {
            assert!(body.contains(needle));
        }
        assert!(body.contains("passcode") && body.contains("Nobody will ask for the password"));
        assert!(
            !body.contains("canary") && !body.contains(given.passcode.as_ref().unwrap().expose())
        );
    }
    assert_eq!(notice.subject, "A secure message is waiting for you");
    assert!(
        html.contains("Harbor &lt;b&gt;&amp;&quot;Clinic&quot;&lt;/b&gt;") && !html.contains("<b>")
    );
    assert!(
        html.contains("<html lang=\"en\"")
            && html.contains("<title>")
            && html.contains("role=\"article\"")
    );
    for fetched in ["src=", "@import", "url(", "<img", "<link", "<script"] {
        assert!(!html.contains(fetched), "{fetched}");
    }
    assert!(html.matches("href=").count() == 2 && html.matches(BASE).count() == 3);
    assert!(!format!("{notice:?} {draft:?}").contains(typed.expose()));
    if let Ok(path) = std::env::var("MAILSEAL_SHOW_NOTICE") {
        std::fs::write(path, html).unwrap();
    }
    // A read-back of what a person would copy out of the text.
    let line = text.lines().find(|l| l.contains('#')).unwrap();
    house
        .escrow
        .open(&Link::parse(line).unwrap(), &factor(&given), None)
        .await
        .unwrap();
    for bad in ["", " ", "a\r\nBcc: x", "a\u{202e}b", &"x".repeat(201)] {
        let draft = NoticeDraft::new(bad, &given, house.expires());
        assert_eq!(code(Notice::render(&draft)), "escrow.notice");
    }
}
