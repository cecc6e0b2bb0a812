//! Who sees whom, how many, and domains that take no mail or do not answer.

use std::collections::BTreeSet;

use mailseal::Status;
use mailseal::base::{Disclosure, Recipient};
use mailseal::compose::Message;
use mailseal::deliver::Cause;
use mailseal::policy::Reason;
use mailseal::testing::smtp::Received;

use super::scene::{
    HOUR, MINUTE, Scene, VALID, address, at, contains, draft, header, id, is_message, message,
    only, send,
};

fn care_team(disclosure: Disclosure) -> Message {
    draft(&address("ann@valid.example"), |m| {
        m.to(Recipient::new(address("bob@valid.example")).name("Bob"))
            .cc(address("cyn@valid.example"))
            .bcc(address("dov@valid.example"))
            .bcc(address("eve@valid.example"))
            .disclosure(disclosure)
    })
}

const NAMES: [&str; 5] = ["ann", "bob", "cyn", "dov", "eve"];

/// The copy that each got; each got one.
async fn copies(disclosure: Disclosure) -> Vec<Received> {
    let scene = Scene::new(&[VALID]).await;
    let client = scene.hipaa().await;
    let receipt = send(&client, care_team(disclosure)).await.unwrap();
    assert!(
        receipt
            .outcomes
            .iter()
            .all(|o| o.status == Status::Delivered)
    );
    let ids: Vec<_> = receipt.outcomes.iter().map(|o| o.recipient).collect();
    assert_eq!(ids, (0..5).map(id).collect::<Vec<_>>());
    let arrived = scene.messages(VALID);
    assert_eq!(arrived.len(), 5);
    NAMES
        .iter()
        .map(|name| {
            let to = format!("<{name}@valid.example>");
            let mine = arrived.iter().filter(|m| m.recipients[0].starts_with(&to));
            let mine: Vec<_> = mine.collect();
            assert_eq!(mine.len(), 1);
            assert_eq!(mine[0].recipients.len(), 1);
            mine[0].clone()
        })
        .collect()
}

#[tokio::test]
async fn by_default_nobodys_address_stands_in_anothers_copy() {
    let copies = copies(Disclosure::Individual).await;
    for (name, copy) in NAMES.iter().zip(&copies) {
        assert!(is_message(copy));
        for other in NAMES.iter().filter(|n| *n != name) {
            let other = format!("{other}@valid");
            assert!(!contains(&copy.content, &other), "{other} in {name}'s");
        }
        assert!(header(&copy.content, "Bcc").is_none());
    }
    assert_eq!(
        header(&copies[0].content, "To").unwrap(),
        "<ann@valid.example>"
    );
    assert!(
        header(&copies[1].content, "To")
            .unwrap()
            .contains("<bob@valid.example>")
    );
    assert!(header(&copies[0].content, "Cc").is_none());
    assert_eq!(
        header(&copies[2].content, "Cc").unwrap(),
        "<cyn@valid.example>"
    );
    for hidden in &copies[3..] {
        assert_eq!(
            header(&hidden.content, "To").unwrap(),
            "undisclosed-recipients:;"
        );
        assert!(header(&hidden.content, "Cc").is_none());
    }
}

#[tokio::test]
async fn a_care_team_sees_each_other_and_nobody_sees_bcc() {
    let copies = copies(Disclosure::Shared).await;
    for copy in &copies {
        let to = header(&copy.content, "To").unwrap();
        assert!(
            to.contains("ann@valid.example") && to.contains("bob@valid.example"),
            "{to}"
        );
        assert_eq!(header(&copy.content, "Cc").unwrap(), "<cyn@valid.example>");
        assert!(header(&copy.content, "Bcc").is_none());
        assert!(!contains(&copy.content, "dov@") && !contains(&copy.content, "eve@"));
    }
}

#[tokio::test]
async fn all_copies_are_one_message_to_threads_and_replies() {
    let copies = copies(Disclosure::Individual).await;
    let ids: BTreeSet<_> = copies
        .iter()
        .map(|c| header(&c.content, "Message-ID").unwrap())
        .collect();
    assert_eq!(ids.len(), 1);
}

#[tokio::test]
async fn who_is_named_twice_gets_one_copy() {
    let scene = Scene::new(&[VALID]).await;
    let client = scene.hipaa().await;
    let twice = draft(&at(VALID), |m| {
        m.cc(at(VALID)).bcc(address("pat@Valid.EXAMPLE"))
    });
    let receipt = send(&client, twice).await.unwrap();
    let arrived = scene.messages(VALID);
    assert_eq!(arrived.len(), receipt.outcomes.len());
    assert_eq!(arrived.len(), 1);
    assert!(is_message(&arrived[0]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_recipients_get_a_copy_each() {
    let scene = Scene::new(&[VALID]).await;
    let client = scene.hipaa().await;
    let many = draft(&address("p0@valid.example"), |mut m| {
        for n in 1..1_000 {
            m = m.bcc(address(&format!("p{n}@valid.example")));
        }
        m
    });
    let receipt = send(&client, many).await.unwrap();
    assert_eq!(receipt.outcomes.len(), 1_000);
    assert!(
        receipt
            .outcomes
            .iter()
            .all(|o| o.status == Status::Delivered)
    );
    let arrived = scene.messages(VALID);
    let to: BTreeSet<_> = arrived.iter().map(|m| m.recipients.clone()).collect();
    assert_eq!((arrived.len(), to.len()), (1_000, 1_000));
    let kept = client.receipt(receipt.id).await.unwrap().unwrap();
    let ids: Vec<_> = kept.outcomes.iter().map(|o| o.recipient.index()).collect();
    assert_eq!(ids, (0..1_000).collect::<Vec<_>>());
    assert_eq!(client.audit().size().await.unwrap(), 2_000);
}

#[tokio::test]
async fn a_domain_that_takes_no_mail_is_refused_with_the_reason() {
    let scene = Scene::new(&[VALID]).await;
    scene.sandbox.dns().mx("closed.example", 0, ".");
    let client = scene.hipaa().await;
    for domain in ["closed.example", "nowhere.example"] {
        let plan = client.plan(message(&at(domain))).await.unwrap();
        assert_eq!(plan.refused(), [id(0)], "{domain}");
        let why = plan.recipients()[0].decision().why();
        assert!(why.contains(&Reason::NoMailHost), "{domain}");
        let error = client.send(plan).await.unwrap_err();
        assert_eq!(error.code(), "plan.refused");
    }
}

#[tokio::test]
async fn a_domain_that_closed_since_the_plan_is_rejected() {
    let scene = Scene::new(&[VALID]).await;
    let client = scene
        .builder()
        .policy(mailseal::policy::Policy::hipaa())
        .plan_lifetime(24 * HOUR)
        .build()
        .await
        .unwrap();
    let plan = client.plan(message(&at(VALID))).await.unwrap();
    scene.sandbox.dns().clear(VALID).mx(VALID, 0, ".");
    scene.advance(2 * HOUR);
    let receipt = client.send(plan).await.unwrap();
    assert_eq!(only(&receipt).status, Status::Rejected);
    assert_eq!(only(&receipt).cause, Some(Cause::NoHost));
    assert!(!scene.heard_mail(VALID));
}

#[tokio::test]
async fn a_domain_whose_dns_fails_is_waited_for() {
    let scene = Scene::new(&[VALID]).await;
    scene.sandbox.dns().servfail(VALID);
    let client = scene.hipaa().await;
    let receipt = send(&client, message(&at(VALID))).await.unwrap();
    let outcome = only(&receipt);
    assert_eq!(outcome.status, Status::Deferred);
    assert_eq!(outcome.cause, Some(Cause::Dns));
    assert!(!scene.heard_mail(VALID));

    scene
        .sandbox
        .dns()
        .clear(VALID)
        .mx(VALID, 10, "mx.valid.example");
    scene.advance(10 * MINUTE);
    let report = client.deliver_due().await.unwrap();
    assert_eq!(report.outcomes[0].1.status, Status::Delivered);
    scene.assert_never_in_clear(VALID);
}
