//! Secrets go when they are dropped, and are not shown before. That they have
//! no `Display`, no `Serialize` and no `==` is in the documentation of
//! `base::Secret` and `base::Phi`, as examples that must not compile.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mailseal::base::{Keys, Phi, Recipient, Secret};
use mailseal::deliver::Smtp;
use mailseal::escrow::{Factor, Link};
use mailseal::testing::canary::Canary;
use zeroize::Zeroize;

/// Counts how often it is overwritten.
#[derive(Clone)]
struct Observed(Arc<AtomicUsize>);

impl Zeroize for Observed {
    fn zeroize(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn observed() -> (Observed, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    (Observed(Arc::clone(&count)), count)
}

#[test]
fn what_is_dropped_is_overwritten_each_clone_on_its_own() {
    let (value, count) = observed();
    let secret = Secret::new(value);
    let clone = secret.clone();
    assert_eq!(count.load(Ordering::SeqCst), 0, "not before");
    drop(secret);
    assert_eq!(count.load(Ordering::SeqCst), 1);
    drop(clone);
    assert_eq!(count.load(Ordering::SeqCst), 2);

    let (value, count) = observed();
    let phi = Phi::new(value);
    drop(phi.clone());
    drop(phi);
    assert_eq!(count.load(Ordering::SeqCst), 2);
}

#[test]
fn a_panic_overwrites_as_well() {
    let (value, count) = observed();
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
        let _secret = Secret::new(value);
        std::panic::resume_unwind(Box::new("a fault"));
    }));
    assert!(caught.is_err());
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[test]
fn what_holds_a_secret_shows_stars() {
    let mut canary = Canary::new();
    let word = canary.mark("secret");
    let bytes: [u8; 32] = word.repeat(2).as_bytes()[..32].try_into().unwrap();
    let share = "AAECAwQFBgcICQoLDA0ODw";
    canary.watch("share", share);
    let shown = [
        format!("{:?}", Secret::from(word.as_str())),
        format!("{:?}", Secret::new(bytes)),
        format!("{:?}", Phi::from(word.as_str())),
        format!("{:?}", Some(vec![Secret::from(word.as_str())])),
        format!("{:?}", Keys::from_bytes(bytes)),
        format!("{:?}", Factor::Passcode(word.as_str().into())),
        format!(
            "{:?}",
            Recipient::new("pat@mail.example".parse().unwrap()).passphrase(word.as_str())
        ),
        format!(
            "{:?}",
            Smtp::relay(&format!("smtps://{word}@mail.example"))
                .unwrap()
                .credentials(word.as_str().into())
        ),
        format!(
            "{:?}",
            Link::parse(&format!("https://x.example/m/{share}#{share}"))
        ),
    ];
    for text in shown {
        assert_eq!(canary.find(text.as_bytes()), [], "{text}");
    }
}
