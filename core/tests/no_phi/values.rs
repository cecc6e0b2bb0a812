//! The `Debug` of public types that a host can hold and that hold what is
//! protected.

use mailseal::EscrowOptions;
use mailseal::base::{Domain, Keys, PartnerIdentity, Phi, Secret, Timestamp};
use mailseal::compose::{Attachment, Copy, Visible};
use mailseal::deliver::{Attempt, Cause, Delivery, Envelope, Hop, Stage};
use mailseal::discover::{MxHost, StsMode, StsPolicy};
use mailseal::dlp::{Confidence, Finding, FindingKind, Part, PhiScanner, Scanner as _};
use mailseal::policy::{
    ContentFacts, ContextFacts, Facts, Partner, Policy, RecipientFacts, Rule, Waiver, decide,
};
use mailseal::storage::{Batch, Op, Row, Table};
use mailseal::wire::resolver::{Answer, Mx, Security};

use super::evidence::Evidence;
use super::marks::Marks;

pub(crate) async fn all_types(marks: &Marks, seen: &mut Evidence) {
    let address = marks.address("tls");
    let domain: Domain = marks.domain("tls").parse().unwrap();
    let now = Timestamp::from_unix_ms(0);
    seen.debug(&address);
    seen.debug(&domain);
    seen.debug(&Phi::from(marks.text.as_str()));
    seen.debug(&Secret::from(marks.passphrase.as_str()));
    let key: [u8; 32] = marks.password.as_bytes().repeat(2)[..32]
        .try_into()
        .unwrap();
    seen.debug(&Keys::from_bytes(key));
    let recipient = marks
        .recipient("tls")
        .phone(&marks.phone)
        .passphrase(marks.passphrase.as_str());
    seen.debug(&recipient);

    let message = marks.message(recipient);
    seen.debug(&message.parts());
    for part in message.parts() {
        seen.debug(&part.content());
    }
    let copy = Copy::new(Visible::All, now, format!("x@{}.example", marks.domain));
    seen.debug(&copy);
    seen.debug(&message.render(&copy).unwrap());
    let content = marks.content.clone().into_bytes();
    seen.debug(&Attachment::new(&marks.file, "a/b", content));

    let findings = PhiScanner::new().scan(&message);
    assert!(!findings.items.is_empty());
    seen.debug(&findings);
    let span = 0..4;
    let part = Part::Subject;
    let value = marks.text.clone();
    seen.debug(&Finding::new(
        FindingKind::Ssn,
        part,
        span,
        Confidence::High,
        value,
    ));

    let mut context = ContextFacts::default();
    context.sender = Some(marks.sender());
    context.audience = Some(marks.audience.clone());
    let content = ContentFacts::from(&findings);
    let about = RecipientFacts::new(address.clone());
    let facts = Facts::new(content, about, context);
    seen.debug(&facts);
    let rule = Rule::new(&marks.rule)
        .recipient(address.clone())
        .domain(domain.clone())
        .audience(&marks.audience)
        .hold();
    seen.debug(&rule);
    let identity = PartnerIdentity::Ca(marks.content.clone().into_bytes());
    seen.debug(&identity);
    let partner = Partner::new(domain.clone(), identity);
    let policy = Policy::hipaa().rule(rule).partner(partner);
    seen.debug(&policy);
    let decision = decide(&policy, &facts);
    seen.debug(&decision);
    seen.json(&decision);
    seen.text("decision", decision.explain("somebody"));
    seen.debug(&Waiver::new(
        address.clone(),
        marks.patient.clone(),
        now,
        now,
    ));

    seen.debug(&Envelope::new(Some(marks.sender()), vec![address.clone()]));
    let mx = MxHost::new(domain.clone(), 10);
    let sts = StsPolicy::new(StsMode::Enforce, vec![marks.domain("mx")], 86_400);
    seen.debug(&Hop::new(domain.clone(), vec![mx], Some(sts)));
    let attempt = Attempt::new(
        Delivery::Rejected,
        Stage::RcptTo,
        Cause::PermanentReply,
        marks.reply.clone(),
    );
    seen.debug(&attempt);
    seen.debug(&Answer {
        records: vec![Mx {
            preference: 10,
            host: Some(domain),
        }],
        nxdomain: false,
        security: Security::Insecure,
        ttl: 60,
    });
    let row = Row::new(
        marks.key.clone().into_bytes(),
        marks.text.clone().into_bytes(),
    );
    seen.debug(&row);
    let op = Op::Replace {
        table: Table::Outbox,
        expected: marks.text.clone().into_bytes(),
        row,
    };
    seen.debug(&op);
    seen.debug(&Batch::from_iter([op]));
    seen.debug(&EscrowOptions::new("https://x.example", "Clinic").notice_from(address));
}
