//! Who sends and who receives, for content that does not say so itself.

use std::str::FromStr;

use mailseal::base::{Address, AddressError, Recipient};
use mailseal::compose::{Builder, HasRecipient, HasSender, Message};

/// `Name <address>`, or the address alone.
#[derive(Clone)]
pub struct Mailbox {
    name: Option<String>,
    address: Address,
}

// A name beside an address may be a patient's.
impl std::fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mailbox(***)")
    }
}

impl Mailbox {
    /// Words that are no mailbox, beside an address that says nothing.
    pub fn of_words(words: &str, address: &str) -> Self {
        Self {
            name: Some(one_line(words)),
            ..neutral(address)
        }
    }
}

impl FromStr for Mailbox {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        let Some((name, rest)) = text.rsplit_once('<') else {
            return Ok(Self {
                name: None,
                address: text.parse()?,
            });
        };
        let name = name.trim().trim_matches('"').trim();
        Ok(Self {
            name: (!name.is_empty()).then(|| one_line(name)),
            address: rest.trim_end_matches('>').trim().parse()?,
        })
    }
}

/// Whose mail something is.
#[derive(Debug, Clone)]
pub struct Envelope {
    from: Mailbox,
    to: Vec<Mailbox>,
    audience: Option<String>,
}

impl Envelope {
    /// With what is known; the rest is filled with addresses that say nothing.
    pub fn new(from: Option<Mailbox>, to: Vec<Mailbox>, audience: Option<String>) -> Self {
        let to = match to.is_empty() {
            true => vec![neutral(RECIPIENT)],
            false => to,
        };
        Self {
            from: from.unwrap_or_else(|| neutral(SENDER)),
            to,
            audience,
        }
    }

    /// The list or segment.
    pub fn audience(&self) -> Option<&str> {
        self.audience.as_deref()
    }

    /// A message that this envelope carries, still empty.
    pub fn builder(&self) -> Builder<HasSender, HasRecipient> {
        let recipient = |mailbox: &Mailbox| {
            let recipient = Recipient::new(mailbox.address.clone());
            match &mailbox.name {
                Some(name) => recipient.name(name),
                None => recipient,
            }
        };
        let mut to = self.to.iter();
        let first = to
            .next()
            .map_or_else(|| Recipient::new(neutral(RECIPIENT).address), recipient);
        let mut builder = Message::builder().from(self.from.address.clone()).to(first);
        for mailbox in to {
            builder = builder.to(recipient(mailbox));
        }
        if let Some(name) = &self.from.name {
            builder = builder.sender_name(name);
        }
        if let Some(audience) = &self.audience {
            builder = builder.audience(audience);
        }
        builder
    }
}

/// For a sender. Of different domains, so that the mail does not look internal.
pub const SENDER: &str = "sender@from.invalid";
/// For a recipient; a word that is nobody's name.
pub const RECIPIENT: &str = "recipient@to.invalid";

/// One of the two above.
#[allow(clippy::expect_used)]
fn neutral(address: &str) -> Mailbox {
    Mailbox {
        name: None,
        address: address.parse().expect("a valid address"),
    }
}

/// Text with each control character as a blank, so that it fits a header and
/// keeps its length.
pub fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
