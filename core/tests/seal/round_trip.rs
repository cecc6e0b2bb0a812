//! What is sealed opens for whom it was sealed, and says so.

use mailseal::base::{Form, FormReason, KeyTrust, Route};
use mailseal::seal::open::{Authenticity, Unproven, open};
use mailseal::seal::protect::HeaderPolicy;
use mailseal::seal::{OpenError, SealJob, Sealer};

use super::house::{BODY, House, ROUTES, SUBJECT, contains, rendered};

#[test]
fn the_recipient_reads_what_the_clinic_wrote_and_knows_that_it_did() {
    let house = House::new();
    for route in ROUTES {
        let sealed = house.seal(route, &house.message());
        assert!(
            !contains(&sealed, SUBJECT) && !contains(&sealed, BODY),
            "{route}"
        );
        assert!(contains(&sealed, "\r\nSubject: [...]\r\n"));
        let opened = house.open(&sealed).unwrap();
        assert!(opened.is_encrypted());
        assert_eq!(
            opened.authenticity(),
            Authenticity::Authentic(KeyTrust::Pinned),
            "{route}: {opened:?}"
        );
        let message = opened.message().unwrap();
        assert!(contains(message, &format!("Subject: {SUBJECT}\r\n")));
        assert!(contains(message, BODY));
        // The repeated subject and the outer fields are for other readers.
        assert!(!contains(message, "HP-Outer"));
        assert_eq!(
            message.windows(8).filter(|w| w == b"Subject:").count(),
            2,
            "one in HTML"
        );
        assert!(opened.headers().protected && opened.headers().altered.is_empty());
        assert!(
            opened
                .parts()
                .iter()
                .all(|p| p.encrypted && p.signed && !p.closed)
        );
        assert_eq!(opened.parts().len(), 2);
        // What comes out is a message again.
        let parsed = mailseal::compose::Message::parse(message).unwrap();
        assert_eq!(parsed.subject(), SUBJECT);
    }
}

#[test]
fn the_sender_reads_its_copy_and_nobody_else_does() {
    let house = House::new();
    for route in ROUTES {
        let sealed = house.seal(route, &house.message());
        let own = open(&sealed, &house.keyring(&house.clinic), house.now).unwrap();
        assert!(contains(own.message().unwrap(), BODY));
        let other = open(&sealed, &house.keyring(&house.eve), house.now);
        assert_eq!(other.map(|_| ()), Err(OpenError::Decrypt));
    }
    let without: [Box<dyn Sealer>; 2] = [
        Box::new(house.pgp().copy_to_self(false)),
        Box::new(house.smime().copy_to_self(false)),
    ];
    for sealer in without {
        let message = house.message();
        let job = SealJob::new(
            &message,
            &house.clinic.address,
            &house.pat.address,
            house.now,
        );
        let sealed = sealer.seal(&job).unwrap();
        let own = open(&sealed, &house.keyring(&house.clinic), house.now);
        assert_eq!(own.map(|_| ()), Err(OpenError::Decrypt));
    }
}

#[test]
fn every_form_opens_and_the_reason_is_said() {
    let house = House::new();
    let message = house.message();
    let (clinic, kim) = (&house.clinic.address, &house.kim.address);
    for form in [
        Form::SeipdV1,
        Form::SeipdV2,
        Form::Enveloped,
        Form::EnvelopedPkcs1,
        Form::AuthEnveloped,
    ] {
        let sealer: Box<dyn Sealer> = match form {
            Form::SeipdV1 | Form::SeipdV2 => Box::new(house.pgp().form_for(kim, form)),
            _ => Box::new(house.smime().form_for(kim, form)),
        };
        let status = sealer.assess(clinic, kim, house.now);
        assert_eq!(status.form, Some((form, FormReason::Host)), "{form}");
        let job = SealJob::new(&message, clinic, kim, house.now);
        let sealed = sealer.seal(&job).unwrap();
        let opened = open(&sealed, &house.keyring(&house.kim), house.now).unwrap();
        assert_eq!(
            opened.encryption()[0].form.to_string(),
            match form {
                // What is in the message is CBC; how its key travelled is beside it.
                Form::EnvelopedPkcs1 => opened.encryption()[0].form.to_string(),
                form => form.to_string(),
            }
        );
        assert!(contains(opened.message().unwrap(), BODY));
    }
    let default = house.smime().assess(clinic, kim, house.now);
    assert_eq!(default.form, Some((Form::Enveloped, FormReason::Default)));
    let default = house.pgp().assess(clinic, kim, house.now);
    assert_eq!(default.form, Some((Form::SeipdV1, FormReason::Default)));
}

#[test]
fn what_is_signed_only_reads_for_all_and_is_authentic() {
    let house = House::new();
    for route in ROUTES {
        let signed = house.sign(route, &house.message(), &house.clinic.address);
        let opened = house.open(&signed).unwrap();
        assert!(!opened.is_encrypted());
        assert_eq!(
            opened.authenticity(),
            Authenticity::Authentic(KeyTrust::Pinned),
            "{route}"
        );
        // As a file on disk has it.
        let text = String::from_utf8(signed).unwrap().replace("\r\n", "\n");
        let opened = house.open(text.as_bytes()).unwrap();
        assert_eq!(
            opened.authenticity(),
            Authenticity::Authentic(KeyTrust::Pinned)
        );
    }
}

#[test]
fn a_signer_under_an_anchor_is_verified_and_one_under_none_is_not() {
    let house = House::new();
    let signed = house.sign(Route::Smime, &house.message(), &house.clinic.address);
    let anchored = mailseal::seal::open::Keyring::new().anchors(house.ca.smime_anchors());
    let opened = open(&signed, &anchored, house.now).unwrap();
    assert_eq!(
        opened.authenticity(),
        Authenticity::Authentic(KeyTrust::Verified)
    );
    let nobody = mailseal::seal::open::Keyring::new();
    for route in ROUTES {
        let signed = house.sign(route, &house.message(), &house.clinic.address);
        let opened = open(&signed, &nobody, house.now).unwrap();
        assert!(
            matches!(
                opened.authenticity(),
                Authenticity::Unproven(Unproven::Signer(_))
            ),
            "{route}: {opened:?}"
        );
    }
}

#[test]
fn header_policies_hold_on_the_wire_and_come_back() {
    let house = House::new();
    let message = rendered(&house.clinic.address, &house.pat.address);
    let job = SealJob::new(
        &message,
        &house.clinic.address,
        &house.pat.address,
        house.now,
    );
    for policy in [
        HeaderPolicy::Baseline,
        HeaderPolicy::Shy,
        HeaderPolicy::Clear,
    ] {
        let sealed = [
            house.pgp().headers(policy).seal(&job).unwrap(),
            house.smime().headers(policy).seal(&job).unwrap(),
        ];
        for sealed in sealed {
            assert_eq!(contains(&sealed, SUBJECT), policy == HeaderPolicy::Clear);
            let opened = house.open(&sealed).unwrap();
            assert!(contains(opened.message().unwrap(), SUBJECT));
            assert!(
                opened.headers().altered.is_empty(),
                "{:?}",
                opened.headers()
            );
            assert!(matches!(opened.authenticity(), Authenticity::Authentic(_)));
        }
    }
}

#[test]
fn earlier_signed_mail_raises_the_form_and_forged_mail_does_not() {
    let house = House::new();
    let sealer = house.smime();
    let (clinic, pat) = (&house.clinic.address, &house.pat.address);
    let form = || sealer.assess(clinic, pat, house.now).form;
    assert_eq!(form(), Some((Form::Enveloped, FormReason::Default)));
    // Pat's client writes to the clinic.
    let answer = rendered(pat, clinic);
    let signed = mailseal::seal::smime::SmimeSealer::new(std::sync::Arc::clone(&house.known))
        .identity(pat, house.pat.smime.clone())
        .sign(&answer, pat, house.now)
        .unwrap();
    let keys = house.keyring(&house.clinic);
    let forged = super::house::replaced(&signed, "insulin", "aspirin");
    sealer.learn(&open(&forged, &keys, house.now).unwrap());
    assert_eq!(form(), Some((Form::Enveloped, FormReason::Default)));
    sealer.learn(&open(&signed, &keys, house.now).unwrap());
    assert_eq!(form(), Some((Form::AuthEnveloped, FormReason::EarlierMail)));
}
