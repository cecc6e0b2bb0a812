//! One marked word for each thing that is protected.

use mailseal::base::{Address, Recipient, Sensitivity};
use mailseal::compose::{Attachment, Message};
use mailseal::escrow::Link;
use mailseal::testing::canary::Canary;

/// The words, and the canary that knows them.
pub(crate) struct Marks {
    pub(crate) canary: Canary,
    pub(crate) local: String,
    pub(crate) domain: String,
    pub(crate) sender: String,
    pub(crate) name: String,
    pub(crate) sender_name: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
    pub(crate) content: String,
    pub(crate) file: String,
    pub(crate) phone: String,
    pub(crate) passphrase: String,
    pub(crate) reply: String,
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) key: String,
    pub(crate) patient: String,
    pub(crate) audience: String,
    pub(crate) rule: String,
    pub(crate) reason: String,
}

impl Marks {
    pub(crate) fn new() -> Self {
        let mut canary = Canary::new();
        Self {
            local: canary.mark("address"),
            domain: canary.mark("domain"),
            sender: canary.mark("sender"),
            name: canary.mark("display name"),
            sender_name: canary.mark("sender name"),
            subject: canary.mark("subject"),
            text: canary.mark("text"),
            html: canary.mark("html"),
            content: canary.mark("attachment"),
            file: canary.mark("file name"),
            phone: canary.mark("phone"),
            passphrase: canary.mark("passphrase"),
            reply: canary.mark("reply"),
            user: canary.mark("relay user"),
            password: canary.mark("relay password"),
            key: canary.mark("idempotency key"),
            patient: canary.mark("patient"),
            audience: canary.mark("audience"),
            rule: canary.mark("rule name"),
            reason: canary.mark("reason"),
            canary,
        }
    }

    /// A domain of the run.
    pub(crate) fn domain(&self, host: &str) -> String {
        format!("{host}.{}.example", self.domain)
    }

    pub(crate) fn address(&self, host: &str) -> Address {
        let text = format!("{}@{}", self.local, self.domain(host));
        text.parse().unwrap()
    }

    pub(crate) fn sender(&self) -> Address {
        let text = format!("{}@clinic.{}.example", self.sender, self.domain);
        text.parse().unwrap()
    }

    pub(crate) fn recipient(&self, host: &str) -> Recipient {
        Recipient::new(self.address(host)).name(&self.name)
    }

    /// A message with everything in it.
    pub(crate) fn message(&self, to: Recipient) -> Message {
        Message::builder()
            .from(self.sender())
            .sender_name(&self.sender_name)
            .to(to)
            .subject(format!("About {}", self.subject))
            // The scanner finds the number, whose text is kept with the finding.
            .text(format!("{} 281-15-9804", self.text))
            .html(format!("<p>{} 281-15-9804</p>", self.html))
            .attachment(Attachment::new(
                format!("{}.csv", self.file),
                "text/csv",
                self.content.clone().into_bytes(),
            ))
            .audience(&self.audience)
            // The marks are no words, so that the scanner's verdict means little.
            .declare(Sensitivity::Phi)
            .build()
            .unwrap()
    }

    /// From now on a pickup code is watched for, with and without its dash.
    pub(crate) fn watch_code(&mut self, code: &str) {
        self.canary.watch("passcode", code);
        self.canary.watch("passcode", &code.replace('-', ""));
    }

    /// From now on a link's secret part is watched for.
    pub(crate) fn watch_link(&mut self, link: &Link) {
        let url = link.url();
        let (_, secret) = url.expose().rsplit_once('#').unwrap();
        self.canary.watch("link", secret);
        self.canary.watch("link", link.code().expose());
    }
}
