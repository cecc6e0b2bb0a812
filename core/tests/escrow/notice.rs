//! The mails to recipients: the notice, and the code.

use std::path::Path;

use mailseal::base::{Address, Language, Phi, RecipientId, Secret, Timestamp};
use mailseal::compose::{Copy, Message, PartContent, Visible};
use mailseal::escrow::{
    CodeDraft, CodeMail, Link, Logo, Method, Notice, NoticeDraft, PreparedGrant,
};

use crate::house::*;

mod reading;

use reading::{attribute, preheader, seen, skeleton, words};

use Language::{English, Spanish};

const CONTACT: &str = "+1 555 0100";
const HOSTILE: &[&str] = &[
    "Harbor <b>&\"Clinic\"</b>",
    "</title><script>alert(1)</script>",
    "'\" onmouseover=\"x\" a='",
    "<!-- --> <![endif]-->",
    "<a href=\"https://evil.example\">here</a>",
    "{contact} {date} {organisation} &lt; &amp;amp;",
];

async fn given() -> (House, PreparedGrant) {
    let house = House::new();
    let given = house.put_one(with_passcode(0)).await;
    (house, given)
}

fn draft(house: &House, given: &PreparedGrant, language: Language) -> NoticeDraft {
    NoticeDraft::new("Harbor Clinic", given, house.expires())
        .contact(CONTACT)
        .language(language)
}

fn code_draft(language: Language) -> CodeDraft {
    CodeDraft::new("Harbor Clinic", Secret::from("12345678"), language).contact(CONTACT)
}

/// Text and HTML, in this order.
fn both(notice: &Notice) -> [String; 2] {
    [notice.text.expose().clone(), seen(notice.html.expose())]
}

/// The notice as it travels.
fn sent(notice: &Notice) -> Vec<u8> {
    travel(&notice.subject, &notice.text, &notice.html)
}

fn travel(subject: &str, text: &Phi<String>, html: &Phi<String>) -> Vec<u8> {
    let message = Message::builder()
        .from("no-reply@harbor.example".parse().unwrap())
        .sender_name("Harbor Clinic")
        .to("pat@mail.example".parse::<Address>().unwrap())
        .subject(subject)
        .text(text.clone())
        .html(html.clone())
        .build()
        .unwrap();
    let date = Timestamp::from_unix_ms(1_767_225_600_000);
    let copy = Copy::new(Visible::Only(RecipientId::new(0)), date, "1@harbor.example");
    let rendered = message.render(&copy).unwrap();
    rendered.into_bytes().expose().clone()
}

/// For looking at them in a browser and in a mail program: written into the
/// folder `MAILSEAL_SHOW_NOTICE`, where that is set.
fn show(name: &str, subject: &str, text: &Phi<String>, html: &Phi<String>) {
    if let Ok(folder) = std::env::var("MAILSEAL_SHOW_NOTICE") {
        let at = |end: &str| Path::new(&folder).join(format!("{name}.{end}"));
        std::fs::write(at("html"), html.expose()).unwrap();
        std::fs::write(at("eml"), travel(subject, text, html)).unwrap();
    }
}

fn read(mail: &[u8]) -> Vec<String> {
    let message = Message::parse(mail).unwrap();
    let parts = message.parts();
    let texts = parts.iter().filter_map(|part| match part.content() {
        PartContent::Text(text) => Some(text.expose().clone()),
        _ => None,
    });
    texts.collect()
}

#[tokio::test]
async fn a_notice_says_what_it_must_and_nothing_else() {
    let (house, given) = given().await;
    for (language, subject, date, password) in [
        (
            English,
            "A secure message is waiting for you",
            "You can read the message until January 19, 2026, 9:00 AM (time zone: UTC).",
            "Neither this email nor the page will ever ask for a password",
        ),
        (
            Spanish,
            "Tiene un nuevo mensaje seguro",
            "Puede leer el mensaje hasta el 19 de enero de 2026 a las 9:00 a. m. (zona horaria: UTC).",
            "Ni este correo ni la página le pedirán nunca una contraseña",
        ),
    ] {
        let draft = draft(&house, &given, language);
        let notice = Notice::render(&draft).unwrap();
        assert_eq!(notice.subject, subject);
        show(
            &format!("one-{language}"),
            subject,
            &notice.text,
            &notice.html,
        );
        let typed = given.link.code();
        for body in both(&notice) {
            for needle in [
                given.link.url().expose(),
                &given.link.page(),
                typed.expose(),
                &given.reference,
                "Harbor Clinic",
                CONTACT,
                subject,
                date,
                password,
            ] {
                assert!(body.contains(needle), "{needle}: {body}");
            }
            assert!(!body.contains(given.passcode.as_ref().unwrap().expose()));
            assert!(!body.contains("canary") && !body.contains(['{', '}']));
        }
        let html = notice.html.expose();
        for fetched in [
            "src=", "@import", "url(", "<img", "<link", "<script", "http:",
        ] {
            assert!(!html.contains(fetched), "{fetched}");
        }
        // The button, the page by itself and as its own words: no other address.
        assert_eq!(html.matches("href=").count(), 2);
        assert_eq!(html.matches("//").count(), 3);
        assert!(notice.text.expose().contains(&preheader(html)));
        assert!(!format!("{notice:?} {draft:?}").contains(typed.expose()));
        // A read-back of what a person would copy out of the text.
        let line = notice.text.expose().lines().find(|l| l.contains('#'));
        house
            .escrow
            .open(&Link::parse(line.unwrap()).unwrap(), &factor(&given), None)
            .await
            .unwrap();
    }
}

/// Every sentence about a method, found only where the method is offered.
#[tokio::test]
async fn a_notice_says_what_the_page_will_ask_for() {
    use Method::*;
    let (house, given) = given().await;
    let said = |language, method| match (language, method) {
        (English, EmailCode) => "code by email: the page sends it to this email address",
        (English, Passcode) => {
            "passcode: Harbor Clinic gives it to you by phone, by text message or in person, never by email"
        }
        (English, Passphrase) => "passphrase: the one that you agreed on with Harbor Clinic",
        (English, SmsCode) => "code by text message: the page sends it to your cell phone",
        (English, Totp) => "code from your authenticator app",
        (English, SingleSignOn) => "account with Harbor Clinic: sign in",
        (English, Passkey) => "passkey: your device asks for your fingerprint",
        (Spanish, EmailCode) => "código por correo electrónico: la página lo envía a esta misma",
        (Spanish, Passcode) => {
            "código de acceso: Harbor Clinic se lo da por teléfono, por mensaje de texto o en persona, nunca por correo electrónico"
        }
        (Spanish, Passphrase) => "frase de acceso: la que usted acordó con Harbor Clinic",
        (Spanish, SmsCode) => "código por mensaje de texto: la página lo envía a su teléfono",
        (Spanish, Totp) => "código de su aplicación de autenticación",
        (Spanish, SingleSignOn) => "cuenta de Harbor Clinic: inicie sesión",
        (Spanish, Passkey) => "(passkey): su dispositivo le pide la huella digital",
        _ => panic!("a new language or method: say here how it is said"),
    };
    let leads = |language| match language {
        English => ["only", "ask you for this", "one of these", "also ask you"],
        Spanish => ["Solo", "lo siguiente", "una de estas", "Además"],
        _ => panic!("a new language"),
    };
    let mut offers: Vec<Vec<Method>> = Method::ALL.iter().map(|m| vec![*m]).collect();
    offers.extend([vec![], Method::ALL.to_vec(), vec![Passphrase, Totp]]);
    for &language in Language::ALL {
        for offer in &offers {
            let draft = draft(&house, &given, language).methods(offer.as_slice());
            let notice = Notice::render(&draft).unwrap();
            let name = format!("{}-{language}", offer.len());
            show(&name, &notice.subject, &notice.text, &notice.html);
            let others = offer.iter().filter(|m| **m != Passphrase).count();
            let [alone, this, one_of, also] = leads(language);
            for body in both(&notice) {
                for &method in Method::ALL {
                    let says = body.contains(said(language, method));
                    assert_eq!(says, offer.contains(&method), "{language} {method} {body}");
                }
                assert_eq!(body.contains(alone), offer.is_empty());
                assert_eq!(body.contains(one_of), others > 1);
                assert_eq!(
                    body.contains(also),
                    others > 0 && offer.contains(&Passphrase),
                    "{body}"
                );
                assert!(offer.len() != 1 || body.contains(this));
            }
        }
    }
    // The organisation's own sign-in has a password: no more is promised than
    // that the mailbox's is not asked for.
    for (language, promised) in [(English, "a password,"), (Spanish, "una contraseña")] {
        let notice = |methods: &[Method]| {
            let draft = draft(&house, &given, language).methods(methods);
            Notice::render(&draft).unwrap().text.expose().clone()
        };
        assert!(notice(&[Totp]).contains(promised));
        assert!(!notice(&[SingleSignOn]).contains(promised));
    }
}

#[tokio::test]
async fn text_and_html_say_the_same() {
    let (house, given) = given().await;
    for &language in Language::ALL {
        for name in HOSTILE.iter().chain(&["Harbor Clinic"]) {
            for methods in [&[][..], &[Method::SingleSignOn], Method::ALL] {
                for contact in [None, Some("<i>the</i> front desk & \"you\"".to_owned())] {
                    let mut draft = draft(&house, &given, language).methods(methods);
                    draft.organisation = (*name).to_owned();
                    draft.contact = contact.clone();
                    let notice = Notice::render(&draft).unwrap();
                    let [text, html] = both(&notice);
                    assert_eq!(words(&text), words(&html));
                    assert!(text.contains(name));

                    let mut draft = code_draft(language);
                    draft.organisation = (*name).to_owned();
                    draft.contact = contact;
                    let mail = CodeMail::render(&draft).unwrap();
                    let html = seen(mail.html.expose());
                    assert_eq!(words(mail.text.expose()), words(&html));
                }
            }
        }
    }
}

/// Whatever the organisation is called, the tags are the same.
#[tokio::test]
async fn a_hostile_name_stays_text() {
    let (house, given) = given().await;
    for &language in Language::ALL {
        let notice = |name: &str| {
            let mut draft = draft(&house, &given, language);
            draft.organisation = name.to_owned();
            draft.contact = Some(name.to_owned());
            skeleton(Notice::render(&draft).unwrap().html.expose())
        };
        let code = |name: &str| {
            let mut draft = code_draft(language);
            draft.organisation = name.to_owned();
            draft.contact = Some(name.to_owned());
            skeleton(CodeMail::render(&draft).unwrap().html.expose())
        };
        for name in HOSTILE {
            assert_eq!(notice(name), notice("Harbor Clinic"));
            assert_eq!(code(name), code("Harbor Clinic"));
        }
    }
    for bad in [
        "",
        " ",
        "a\r\nBcc: x",
        "a\nb",
        "a\rb",
        "a\0b",
        "a\u{85}b",
        "a\u{2028}b",
        "a\u{202e}b",
        "a\u{2067}b",
        &"x".repeat(201),
    ] {
        let name = NoticeDraft::new(bad, &given, house.expires());
        assert_eq!(code(Notice::render(&name)), "escrow.notice", "{bad:?}");
        let contact = draft(&house, &given, English).contact(bad);
        assert_eq!(code(Notice::render(&contact)), "escrow.notice", "{bad:?}");
        let contact = code_draft(English).contact(bad);
        assert_eq!(code(CodeMail::render(&contact)), "escrow.notice");
    }
}

/// From two messages that share nothing come two notices that differ in what
/// is random and nothing else.
#[tokio::test]
async fn nothing_of_the_message_stands_in_its_notice() {
    let (house, first) = given().await;
    let other = b"From: other@else.example\r\nTo: pat@mail.example\r\nSubject: \xc3\x9cber Zahn\r\n\r\nQuite another body\r\n";
    let second = house
        .put(other, vec![with_passcode(0)])
        .await
        .grants
        .remove(0);
    for &language in Language::ALL {
        let one = draft(&house, &first, language);
        let mut two = draft(&house, &second, language);
        assert_ne!(one.link.page(), two.link.page());
        (two.link, two.reference) = (one.link.clone(), one.reference.clone());
        let [one, two] = [one, two].map(|draft| Notice::render(&draft).unwrap());
        assert_eq!(sent_parts(&one), sent_parts(&two));
        assert_eq!(one.subject, two.subject);
    }
}

fn sent_parts(notice: &Notice) -> Vec<String> {
    let mut parts = read(&sent(notice));
    assert_eq!(parts.len(), 4);
    // The last is the sender's name, the first the subject.
    assert_eq!(parts.pop().as_deref(), Some("Harbor Clinic\n"));
    assert_eq!(parts.remove(0), notice.subject);
    parts
}

#[tokio::test]
async fn the_link_survives_the_way() {
    let (house, given) = given().await;
    let url = given.link.url();
    let url = url.expose();
    for &language in Language::ALL {
        let notice = Notice::render(&draft(&house, &given, language)).unwrap();
        let mail = sent(&notice);
        assert!(
            mail.len() < 24 * 1024,
            "Gmail clips at 102 KB: {}",
            mail.len()
        );
        assert!(mail.split(|&b| b == b'\n').all(|line| line.len() <= 78));
        let parts = sent_parts(&notice);
        // Line ends are CRLF by now.
        let text = parts[0].replace("\r\n", "\n");
        assert_eq!(text, *notice.text.expose());
        assert!(text.lines().any(|line| line == url));
        assert!(text.lines().any(|line| line == given.link.page()));
        assert!(text.lines().any(|line| line == given.link.code().expose()));
        let hrefs: Vec<_> = skeleton(&parts[1])
            .iter()
            .filter_map(|tag| attribute(tag, "href"))
            .collect();
        assert_eq!(hrefs, [url.clone(), given.link.page()]);

        // A gateway that makes it format=flowed, and a reader that undoes that.
        for width in [40, 66, 72, 78] {
            let flowed = flow(&text, width);
            assert_ne!(flowed, text);
            assert_eq!(unflow(&flowed), text);
            // One that breaks hard, and a person who copies the lines.
            let hard: Vec<_> = text.lines().flat_map(|line| chop(line, width)).collect();
            let at = hard.iter().position(|l| l.starts_with("https://")).unwrap();
            let lines = hard[at..].iter().take_while(|l| !l.is_empty());
            let copied = lines.map(String::as_str).collect::<Vec<_>>().join("\r\n");
            assert_eq!(Link::parse(&copied).unwrap().url().expose(), url);
        }
    }
}

/// RFC 3676: breaks behind a blank, stuffs lines that need it.
fn flow(text: &str, width: usize) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let mut column = 0;
        for word in line.split_inclusive(' ') {
            if column > 0 && column + word.chars().count() > width {
                out.push('\n');
                column = 0;
            }
            if column == 0 && (word.starts_with([' ', '>']) || word.starts_with("From ")) {
                out.push(' ');
            }
            out.push_str(word);
            column += word.chars().count();
        }
        out.push('\n');
    }
    out
}

fn unflow(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let line = line.strip_prefix(' ').unwrap_or(line);
        out.push_str(line);
        if !line.ends_with(' ') {
            out.push('\n');
        }
    }
    out
}

fn chop(line: &str, width: usize) -> Vec<String> {
    let chars: Vec<char> = line.chars().collect();
    if chars.is_empty() {
        return vec![String::new()];
    }
    chars.chunks(width).map(|c| c.iter().collect()).collect()
}

/// The longest that can be configured, and every method.
#[tokio::test]
async fn the_longest_notice_is_not_clipped() {
    let (house, given) = given().await;
    let base = format!("https://{}.example/{}", "a".repeat(60), "%22".repeat(140));
    let id = given.grant.to_string();
    let link = Link::from_typed(&base, &id, given.link.code().expose()).unwrap();
    for &language in Language::ALL {
        let mut draft = draft(&house, &given, language).methods(Method::ALL);
        draft.organisation = "\"".repeat(200);
        draft.contact = Some("\"".repeat(200));
        draft.link = link.clone();
        let notice = Notice::render(&draft).unwrap();
        assert!(notice.html.expose().len() < 32 * 1024);
        assert!(sent(&notice).len() < 102 * 1024 / 2);
    }
}

#[tokio::test]
async fn each_part_names_its_language() {
    let (house, given) = given().await;
    for (language, lang, other, aside) in [
        (English, "en", "es", "en español."),
        (Spanish, "es", "en", "in English."),
    ] {
        let notice = Notice::render(&draft(&house, &given, language)).unwrap();
        let mail = CodeMail::render(&code_draft(language)).unwrap();
        for (text, html) in [(&notice.text, &notice.html), (&mail.text, &mail.html)] {
            let langs: Vec<_> = skeleton(html.expose())
                .iter()
                .filter_map(|tag| Some((attribute(tag, "lang")?, attribute(tag, "dir")?)))
                .collect();
            let ltr = |lang: &str| (lang.to_owned(), "ltr".to_owned());
            assert_eq!(langs, [ltr(lang), ltr(lang), ltr(other)]);
            assert!(text.expose().trim_end().ends_with(aside));
        }
    }
}

#[test]
fn a_code_mail_holds_the_code_and_no_link() {
    for (language, subject, says, valid) in [
        (
            English,
            "Your code for reading a secure message",
            "\nYour code is 1234 5678\n",
            "valid for 10 minutes",
        ),
        (
            Spanish,
            "Su código para leer un mensaje seguro",
            "\nSu código es 1234 5678\n",
            "válido durante 10 minutos",
        ),
    ] {
        let draft = code_draft(language);
        let mail = CodeMail::render(&draft).unwrap();
        assert_eq!(mail.subject, subject);
        show(&format!("code-{language}"), subject, &mail.text, &mail.html);
        let (text, html) = (mail.text.expose(), mail.html.expose());
        assert!(text.contains(says) && text.contains(valid) && text.contains(CONTACT));
        assert!(html.contains(">1234 5678<"));
        // On a locked screen the code is not read.
        assert!(text.contains(&preheader(html)));
        assert!(!preheader(html).contains(|c: char| c.is_ascii_digit()));
        for linked in ["http", "href", "//", "src=", "www.", "<img"] {
            assert!(!text.contains(linked) && !html.contains(linked), "{linked}");
        }
        assert!(!text.contains(['{', '}']));
        let shown = format!("{draft:?} {mail:?}");
        assert!(!shown.contains("5678"), "{shown}");
    }
    for bad in ["", "1234567", "123456789", "1234 5678", "1234567a", "١٢٣٤"] {
        let draft = CodeDraft::new("Harbor Clinic", Secret::from(bad), English);
        assert_eq!(code(CodeMail::render(&draft)), "escrow.notice", "{bad}");
    }
}

/// The mail programs that show no images, and the readers who see none, have
/// the name.
#[tokio::test]
async fn a_logo_stands_in_the_html_by_its_content_id_with_the_name_as_its_text() {
    let (house, given) = given().await;
    let (logo, other) = (Logo::new(png(100)).unwrap(), Logo::new(png(101)).unwrap());
    assert_ne!(logo.content_id(), other.content_id());
    assert_eq!(logo, Logo::new(png(100)).unwrap());
    let name = "Harbor \"Clinic\" <&>";
    let mut notice = draft(&house, &given, English).logo(logo.clone());
    notice.organisation = name.into();
    let notice = Notice::render(&notice).unwrap();
    let mut mail = code_draft(English).logo(logo.clone());
    mail.organisation = name.into();
    let mail = CodeMail::render(&mail).unwrap();
    for (text, html) in [(notice.text, notice.html), (mail.text, mail.html)] {
        let image = format!(
            "<img src=\"cid:{}\" alt=\"Harbor &quot;Clinic&quot; &lt;&amp;&gt;\"",
            logo.content_id()
        );
        assert_eq!(html.expose().matches(&image).count(), 1);
        assert_eq!(html.expose().matches("src=").count(), 1);
        assert!(text.expose().starts_with(&format!("{name}\n")));
        assert!(!text.expose().contains("cid:"));
    }
}

fn png(size: usize) -> Vec<u8> {
    let (start, end) = (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"\0\0\0\0IEND\xaeB`\x82");
    let middle = vec![0; size - start.len() - end.len()];
    [&start[..], &middle, end].concat()
}

#[test]
fn a_logo_is_a_small_image_by_its_content() {
    for (bytes, media_type) in [
        (png(64 * 1024), "image/png"),
        (b"\xff\xd8\xff\xe0JFIF\xff\xd9".to_vec(), "image/jpeg"),
        (b"GIF89a....;".to_vec(), "image/gif"),
        (b"GIF87a....;".to_vec(), "image/gif"),
    ] {
        let logo = Logo::new(bytes.clone()).unwrap();
        assert_eq!((logo.media_type(), logo.bytes()), (media_type, &bytes[..]));
    }
    let mut behind = png(100);
    behind.extend(b"<script>");
    for bad in [
        png(64 * 1024 + 1),
        png(100)[..90].to_vec(),
        behind,
        vec![],
        b"\x89PNG\r\n\x1a\n".to_vec(),
        b"\xff\xd8\xff\xd9".to_vec(),
        b"GIF89a".to_vec(),
        b"GIF90a....;".to_vec(),
        b" \xff\xd8\xff\xe0JFIF\xff\xd9".to_vec(),
        b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_vec(),
        b"<?xml version=\"1.0\"?><svg/>;".to_vec(),
        b"RIFF\x1a\0\0\0WEBPVP8 ".to_vec(),
        b"BM......".to_vec(),
    ] {
        assert_eq!(code(Logo::new(bad)), "escrow.logo");
    }
}
