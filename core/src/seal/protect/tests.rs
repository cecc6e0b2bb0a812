use super::*;

const MESSAGE: &str = "From: \"Harbor, Clinic\" <clinic@harbor.example>\r\n\
    To: Pat <pat@mail.example>, kim@mail.example\r\n\
    Subject: Your HIV test\r\n\
    Date: Thu, 26 Nov 2026 11:00:00 +0500\r\n\
    Message-ID: <1@harbor.example>\r\n\
    Keywords: hiv\r\n\
    X-Patient-Id: 778812\r\n\
    MIME-Version: 1.0\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\
    Content-Transfer-Encoding: quoted-printable\r\n\
    \r\n\
    negative\r\n";

fn payload(message: &str, policy: HeaderPolicy, layer: Layer) -> (String, String) {
    let payload = protect(message.as_bytes(), policy, layer).unwrap();
    (
        String::from_utf8(payload.outer.clone()).unwrap(),
        String::from_utf8(payload.pieces().concat()).unwrap(),
    )
}

#[test]
fn baseline_shows_what_carries_the_message_and_nothing_else() {
    let (outer, inner) = payload(MESSAGE, HeaderPolicy::Baseline, Layer::Encrypted);
    assert_eq!(
        outer,
        "From: \"Harbor, Clinic\" <clinic@harbor.example>\r\n\
         To: <pat@mail.example>,\r\n <kim@mail.example>\r\n\
         Subject: [...]\r\n\
         Date: Thu, 26 Nov 2026 11:00:00 +0500\r\n\
         Message-ID: <1@harbor.example>\r\n"
    );
    for line in [
        "\r\nSubject: Your HIV test\r\n",
        "\r\nKeywords: hiv\r\n",
        "\r\nX-Patient-Id: 778812\r\n",
        "\r\nHP-Outer: Subject: [...]\r\n",
        "\r\nHP-Outer: Message-ID: <1@harbor.example>\r\n",
        "charset=utf-8;\r\n protected-headers=\"v1\"; hp=\"cipher\"; hp-legacy-display=\"1\"\r\n",
        "\r\n\r\nSubject: Your HIV test\r\n\r\nnegative\r\n",
    ] {
        assert!(inner.contains(line), "{line:?} in\n{inner}");
    }
    assert!(!inner.contains("HP-Outer: Keywords") && !inner.contains("HP-Outer: X-"));
    assert!(!inner.contains("MIME-Version"));
    // Every outer field is repeated, and nothing else (RFC 9788 section 2.2).
    let from = inner.find("HP-Outer: ").unwrap();
    let repeated = inner[from..].split("Content-Type:").next().unwrap();
    assert_eq!(repeated.replace("HP-Outer: ", ""), outer);
}

#[test]
fn shy_hides_names_and_zones() {
    let (outer, _) = payload(MESSAGE, HeaderPolicy::Shy, Layer::Encrypted);
    assert!(
        outer.contains("From: <clinic@harbor.example>\r\n"),
        "{outer}"
    );
    assert!(outer.contains("To: <pat@mail.example>,\r\n <kim@mail.example>\r\n"));
    assert!(outer.contains("Date: Thu, 26 Nov 2026 06:00:00 +0000\r\n"));
}

#[test]
fn clear_and_signed_only_hide_nothing_and_add_no_display() {
    let (outer, inner) = payload(MESSAGE, HeaderPolicy::Clear, Layer::Encrypted);
    assert!(outer.contains("Subject: Your HIV test\r\n") && outer.contains("X-Patient-Id"));
    assert!(inner.contains("hp=\"cipher\"\r\n") && !inner.contains("legacy-display"));
    let (outer, inner) = payload(MESSAGE, HeaderPolicy::Baseline, Layer::Signed);
    assert!(outer.contains("Subject: Your HIV test\r\n") && outer.contains("Keywords"));
    assert!(inner.contains("hp=\"clear\"\r\n") && !inner.contains("HP-Outer"));
    assert!(inner.ends_with("\r\n\r\nnegative\r\n"));
}

#[test]
fn the_display_stands_in_the_main_text_of_every_encoding() {
    let message = |encoding: &str, body: &str| {
        format!(
            "Subject: caf\u{e9} =?utf-8?Q?=E2=82=AC?=\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n\
             --x\r\nContent-Type: multipart/alternative; boundary=y\r\n\r\n\
             --y\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{body}\r\n\
             --y\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><BODY class=a>text</BODY></html>\r\n--y--\r\n\
             --x\r\nContent-Type: text/plain\r\nContent-Disposition: attachment\r\n\r\nfile\r\n--x--\r\n"
        )
    };
    let shown = |encoding: &str, body: &str| {
        let message = message(encoding, body);
        let payload =
            protect(message.as_bytes(), HeaderPolicy::Baseline, Layer::Encrypted).unwrap();
        payload.pieces().concat()
    };
    for (encoding, body) in [
        ("8bit", "hello"),
        ("quoted-printable", "hello"),
        ("base64", "aGVsbG8="),
    ] {
        let inner = shown(encoding, body);
        let outer_kind = Entity::read(&inner).unwrap();
        let mixed = outer_kind
            .parts(&outer_kind.content_type().unwrap())
            .unwrap();
        let alternative = Entity::read(mixed[0]).unwrap();
        let parts = alternative
            .parts(&alternative.content_type().unwrap())
            .unwrap();
        let text = Entity::read(parts[0]).unwrap();
        assert!(text.content_type().unwrap().says("hp-legacy-display", "1"));
        let decoded = match encoding {
            "quoted-printable" => text.body.to_vec(),
            _ => text.decoded_body().unwrap(),
        };
        let decoded = String::from_utf8(decoded).unwrap();
        let first = match encoding {
            "quoted-printable" => "Subject: caf=C3=A9 =E2=82=AC\r\n\r\nhello",
            "base64" => "Subject: caf\u{e9} \u{20ac}  \r\n\r\nhello",
            _ => "Subject: caf\u{e9} \u{20ac}\r\n\r\nhello",
        };
        assert!(decoded.starts_with(first), "{decoded:?}");
        assert!(mixed[1].ends_with(b"attachment\r\n\r\nfile"));
    }
    // An ASCII-only part cannot write it.
    let inner = String::from_utf8(shown("7bit", "hello")).unwrap();
    assert!(inner.contains("\r\n\r\nhello") && !inner.contains("hp-legacy-display"));
}

#[test]
fn html_shows_it_inside_its_body_element() {
    let message = "Subject: a <b>\r\nContent-Type: multipart/alternative; boundary=y\r\n\r\n\
        --y\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<!DOCTYPE html><html><body bgcolor=white>text</body></html>\r\n--y--\r\n";
    let (_, inner) = payload(message, HeaderPolicy::Baseline, Layer::Encrypted);
    assert!(
        inner.contains("<body bgcolor=white><div class=\"header-protection-legacy-display\"><pre>Subject: a &lt;b&gt;</pre></div>text"),
        "{inner}"
    );
}

#[test]
fn what_cannot_carry_protection_is_refused() {
    let twice = MESSAGE.replace("charset=utf-8", "hp=cipher");
    let refused = protect(twice.as_bytes(), HeaderPolicy::Baseline, Layer::Encrypted);
    assert!(matches!(refused.map(|_| ()), Err(SealError::Message(_))));
}

#[test]
fn a_message_without_a_type_is_text() {
    let (outer, inner) = payload("Subject: x\r\n\r\nbody", HeaderPolicy::Clear, Layer::Signed);
    assert_eq!(outer, "Subject: x\r\n");
    assert!(inner.contains("Content-Type: text/plain; charset=us-ascii;\r\n protected-headers"));
}

#[test]
fn html_that_only_looks_like_a_body_tag_is_passed_over() {
    const SHOWN: &str = "Subject: secret</pre></div>";
    let html = |encoding: &str, html: &str| {
        let message = format!(
            "Subject: secret\r\nContent-Type: text/html; charset=utf-8\r\n\
             Content-Transfer-Encoding: {encoding}\r\n\r\n{html}"
        );
        payload(&message, HeaderPolicy::Baseline, Layer::Encrypted).1
    };
    for before in [
        "<!-- <body> --><html><body>",
        "<html><head><script>a='<body>'</script></head><body>",
        "<html><head><title><body></title><style><body></style><meta a='<body>'></head><body>",
        "<html><body title=\"a>b\" lang='>'>",
        "<html><!--><BODY\r\n class=a>",
        "<html><bodyx><body>",
        "<!-- <body> --><p>",
    ] {
        let inner = html("8bit", &format!("{before}text"));
        let at = if before.ends_with("<p>") {
            0
        } else {
            before.len()
        };
        let (head, body) = inner.split_once("\r\n\r\n").unwrap();
        assert!(head.contains("hp-legacy-display"), "{before}");
        assert!(body[at..].starts_with("<div class="), "{body}");
        assert!(body.contains(&format!("{SHOWN}{}", &format!("{before}text")[at..])));
    }
    for none in [
        "<html><p>no body</p></html>",
        "<html><!-- <body>",
        "<html><script><body>",
    ] {
        assert!(!html("8bit", none).contains("hp-legacy-display"), "{none}");
    }
    let inner = html(
        "quoted-printable",
        "<html><bo=\r\ndy title=3D\"a>b\" class=3D\"c\"=3Etext and more text</body></html>\r\n",
    );
    let body = inner.split_once("\r\n\r\n").unwrap().1;
    assert!(body.starts_with("<html><bo=\r\ndy title=3D\"a>b\" class=3D\"c\"=3E=\r\n<div"));
    assert!(body.lines().all(|line| line.len() <= 76), "{body}");
    let decoded = crate::compose::decode_quoted_printable(body.as_bytes()).unwrap();
    let decoded = String::from_utf8(decoded).unwrap();
    assert!(decoded.contains(&format!(
        "class=\"c\"><div class=\"header-protection-legacy-display\"><pre>{SHOWN}text and"
    )));
}

#[test]
fn a_part_that_is_marked_already_is_not_marked_twice() {
    let message = "Subject: secret\r\nContent-Type: text/plain; hp-legacy-display=1\r\n\r\ntext";
    let (_, inner) = payload(message, HeaderPolicy::Baseline, Layer::Encrypted);
    assert!(
        Entity::read(inner.as_bytes())
            .unwrap()
            .content_type()
            .is_ok()
    );
}

#[test]
fn files_stay_as_they_are() {
    for disposition in [
        "attachment",
        "inline; filename=\"lab.hl7\"",
        "inline; filename*=utf-8''l",
    ] {
        let file = format!(
            "Content-Type: text/plain\r\nContent-Disposition: {disposition}\r\n\r\nMSH|^~&|"
        );
        for message in [
            format!("Subject: secret\r\n{file}"),
            format!(
                "Subject: secret\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n\
                 --x\r\n{file}\r\n--x--\r\n"
            ),
        ] {
            let (_, inner) = payload(&message, HeaderPolicy::Baseline, Layer::Encrypted);
            assert!(inner.contains("\r\n\r\nMSH|"), "{inner}");
            assert!(!inner.contains("legacy-display"), "{inner}");
        }
    }
}
