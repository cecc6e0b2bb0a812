//! Sealed copies to hosts without TLS, and what opens them.

use std::sync::Arc;

use mailseal::Status;
use mailseal::base::{Clock as _, Route, Secret};
use mailseal::discover::{CertificateFormat, PinnedKeys};
use mailseal::policy::Policy;
use mailseal::seal::open::Keyring;
use mailseal::seal::pgp::{PgpKey, PgpSealer};
use mailseal::seal::smime::SmimeSealer;
use mailseal::seal::{SealJob, Sealer as _};
use mailseal::testing::mail_pki::MailKey;
use mailseal::testing::pki::TestCa;

use super::evidence::Evidence;
use super::marks::Marks;
use super::run::Scene;

impl Scene<'_> {
    /// Both formats, from the plan to what the patient reads.
    pub(crate) async fn sealed(&self, marks: &mut Marks, seen: &mut Evidence) {
        let now = self.sandbox.clock().now();
        let (ca, known) = (TestCa::new(), Arc::new(PinnedKeys::new()));
        let (sender, pgp_to, smime_to) =
            (marks.sender(), marks.address("pgp"), marks.address("smime"));
        let pgp = PgpKey::make_random(&pgp_to, now).unwrap();
        let smime = ca.smime_key(&smime_to, MailKey::P256);
        let certificate = pgp.certificate().unwrap();
        known
            .pin(&pgp_to, CertificateFormat::OpenPgpBinary, &certificate)
            .unwrap();
        let der = smime.certificate().der();
        known
            .pin(&smime_to, CertificateFormat::X509Der, der)
            .unwrap();
        let clinic = PgpKey::make_random(&sender, now).unwrap();
        let secret = Secret::from(marks.passphrase.as_str());
        let file = clinic.to_file(&secret).unwrap();
        seen.debug(&clinic);
        seen.fails(
            "passphrase",
            PgpKey::read(file.as_bytes(), &Secret::from("other")),
        );
        let pgp_sealer = PgpSealer::new(Arc::clone(&known)).identity(&sender, clinic);
        let smime_sealer = SmimeSealer::new(Arc::clone(&known))
            .identity(&sender, ca.smime_key(&sender, MailKey::Rsa2048))
            .anchors(ca.smime_anchors());
        seen.debug(&pgp_sealer);
        seen.debug(&smime_sealer);
        seen.debug(&smime);
        let job = SealJob::new(marks.text.as_bytes(), &sender, &sender, now);
        seen.debug(&job);
        seen.fails("no key", pgp_sealer.seal(&job));
        seen.fails("no key", smime_sealer.seal(&job));

        let client = self
            .sandbox
            .builder(self.storage(), self.keys.clone())
            .unwrap()
            .policy(Policy::hipaa().ladder([Route::Pgp, Route::Smime]))
            .sealer(pgp_sealer)
            .sealer(smime_sealer)
            .build()
            .await
            .unwrap();
        let keys = Keyring::new()
            .pgp_key(pgp)
            .smime_key(smime)
            .anchors(ca.smime_anchors())
            .certificates(known);
        seen.debug(&keys);
        for (host, route) in [("pgp", Route::Pgp), ("smime", Route::Smime)] {
            let message = marks.message(marks.recipient(host));
            let receipt = self.send(&client, marks, seen, message).await;
            assert_eq!(receipt.outcomes[0].status, Status::Delivered, "{host}");
            assert_eq!(receipt.outcomes[0].route, Some(route));
            let arrived = self.sandbox.messages(&marks.domain(host)).pop().unwrap();
            let opened = client.open(arrived.content.clone(), &keys).await.unwrap();
            seen.debug(&opened);
            seen.debug(opened.signatures());
            seen.debug(opened.parts());
            seen.debug(opened.headers());
            let message = opened.message().unwrap();
            let text = String::from_utf8_lossy(message);
            assert!(text.contains(marks.subject.as_str()));
            seen.fails("open", client.open(arrived.content, &Keyring::new()).await);
        }
    }
}
