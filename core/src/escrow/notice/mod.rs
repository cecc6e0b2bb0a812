//! The mails that a recipient gets: that something waits, and the code for it.
//!
//! They hold no PHI and nothing that the sender of the message wrote: a fixed
//! subject, the organisation's name as configured, the link with its typed
//! fallback, a reference code, the expiry. They never ask for a password, and
//! say so. Since a notice holds L, whatever spools it keeps it encrypted and
//! deletes it once sent.
//!
//! Nothing is fetched: the logo, where there is one, travels inside.

mod code;
mod english;
mod layout;
mod logo;
mod spanish;
mod words;

pub use code::{CodeDraft, CodeMail};
pub use logo::Logo;

use layout::Block;
use words::{Moment, Words, fill};

use super::{EscrowError, Link, Method, PreparedGrant};
use crate::base::{Language, Phi, Timestamp};

const MAX_NAME: usize = 200;

/// What a notice is made of.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct NoticeDraft {
    /// The organisation's name, as the recipient knows it.
    pub organisation: String,
    /// Where the recipient can ask: a telephone number, an office. Optional.
    pub contact: Option<String>,
    /// The link.
    pub link: Link,
    /// The reference code.
    pub reference: String,
    /// When the grant ends.
    pub expires: Timestamp,
    /// What the page will ask for: one of these, and the passphrase in any
    /// case where it is among them.
    pub methods: Vec<Method>,
    /// The language that the recipient reads.
    pub language: Language,
    /// The organisation's logo: the mail must hold it as an inline image.
    pub logo: Option<Logo>,
}

impl NoticeDraft {
    /// A notice of this grant, in its language.
    pub fn new(organisation: impl Into<String>, grant: &PreparedGrant, expires: Timestamp) -> Self {
        Self {
            organisation: organisation.into(),
            contact: None,
            link: grant.link.clone(),
            reference: grant.reference.clone(),
            expires,
            methods: grant.methods.clone(),
            language: grant.language,
            logo: None,
        }
    }

    /// With where the recipient can ask.
    #[must_use]
    pub fn contact(mut self, contact: impl Into<String>) -> Self {
        self.contact = Some(contact.into());
        self
    }

    /// With this logo in place of the name, in the HTML. The mail must hold it:
    /// [`Builder::inline_image`](crate::compose::Builder::inline_image) with
    /// [`Logo::content_id`].
    #[must_use]
    pub fn logo(mut self, logo: Logo) -> Self {
        self.logo = Some(logo);
        self
    }

    /// Says that these will be asked for, in place of what it said before.
    #[must_use]
    pub fn methods(mut self, methods: impl Into<Vec<Method>>) -> Self {
        self.methods = methods.into();
        self
    }

    /// In this language.
    #[must_use]
    pub fn language(mut self, language: Language) -> Self {
        self.language = language;
        self
    }
}

/// The content of a notice mail. Text and HTML say the same and hold the link.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Notice {
    /// The subject: always the same in a language.
    pub subject: String,
    /// The text.
    pub text: Phi<String>,
    /// The HTML: self-contained but for the logo, if there is one, which is to
    /// travel with it; nothing is fetched.
    pub html: Phi<String>,
}

impl Notice {
    /// Whether notices can be written with these words: so that it is known
    /// before the first is due.
    pub(crate) fn check(organisation: &str, contact: Option<&str>) -> Result<(), EscrowError> {
        Sayer::new(organisation, contact, "").map(|_| ())
    }

    /// Writes a notice.
    ///
    /// # Errors
    /// [`EscrowError::Notice`] where the organisation's name or contact is
    /// empty, too long or holds control characters.
    pub fn render(draft: &NoticeDraft) -> Result<Self, EscrowError> {
        let words = Words::of(draft.language);
        let date = (words.date)(&Moment::new(draft.expires));
        let say = Sayer::new(&draft.organisation, draft.contact.as_deref(), &date)?;
        let (url, code, page) = (draft.link.url(), draft.link.code(), draft.link.page());
        let intro = say.text(words.intro);

        let mut blocks = vec![
            Block::Letterhead {
                name: &draft.organisation,
                logo: draft.logo.as_ref().map(Logo::content_id),
            },
            Block::Title(words.subject),
            Block::Text(intro.clone()),
            Block::Button {
                label: words.read,
                url: url.expose(),
            },
            Block::Text(say.text(words.until)),
            Block::Section(words.asks),
        ];
        blocks.extend(asks(words, &say, &draft.methods));
        blocks.extend([
            Block::Section(words.fallback),
            Block::Address {
                lead: words.open_page,
                url: &page,
            },
            Block::Code {
                lead: words.type_code,
                code: code.expose(),
            },
            Block::Text(words.typing.to_owned()),
            Block::Section(words.safety),
            Block::Pair {
                name: words.reference,
                value: &draft.reference,
                about: words.same_reference,
            },
            Block::Text(passwords(words, &draft.methods).to_owned()),
            Block::Text(words.no_forward.to_owned()),
            Block::Text(words.no_reply.to_owned()),
            Block::Text(say.asking(words.ask_contact, words.ask_otherwise)),
            other(draft.language),
        ]);
        Ok(Self {
            subject: words.subject.to_owned(),
            text: Phi::new(layout::text(&blocks)),
            html: Phi::new(layout::html(words, words.subject, &intro, &blocks)),
        })
    }
}

/// What the page will ask for.
fn asks<'a>(words: &'a Words, say: &Sayer<'_>, methods: &[Method]) -> Vec<Block<'a>> {
    let point = |method: &Method| say.text((words.methods)(*method));
    let choice: Vec<_> = methods
        .iter()
        .filter(|method| **method != Method::Passphrase)
        .map(point)
        .collect();
    let passphrase = methods.contains(&Method::Passphrase);
    let mut blocks = Vec::new();
    if choice.is_empty() && !passphrase {
        blocks.push(Block::Text(words.asks_nothing.to_owned()));
    }
    let alone = choice.is_empty();
    if !alone {
        let lead = match choice.len() {
            1 => words.asks_this,
            _ => words.asks_one_of,
        };
        let points = choice;
        blocks.push(Block::Points { lead, points });
    }
    if passphrase {
        let lead = if alone {
            words.asks_this
        } else {
            words.asks_also
        };
        let points = vec![point(&Method::Passphrase)];
        blocks.push(Block::Points { lead, points });
    }
    blocks
}

/// That no password is asked for: true also where the organisation's own
/// sign-in, which has one, is among the methods.
fn passwords(words: &Words, methods: &[Method]) -> &'static str {
    if methods.contains(&Method::SingleSignOn) {
        words.no_mail_password
    } else {
        words.no_password
    }
}

/// Tells those who read another language that the page is there in it.
fn other(language: Language) -> Block<'static> {
    let other = Words::other(language);
    Block::Aside {
        lang: other.lang,
        text: other.also_here,
    }
}

/// Fills in what the host configured.
struct Sayer<'a> {
    contact: Option<&'a str>,
    values: [(&'static str, &'a str); 3],
}

impl<'a> Sayer<'a> {
    fn new(
        organisation: &'a str,
        contact: Option<&'a str>,
        date: &'a str,
    ) -> Result<Self, EscrowError> {
        check("the organisation's name", organisation)?;
        if let Some(contact) = contact {
            check("the contact", contact)?;
        }
        let values = [
            ("organisation", organisation),
            ("contact", contact.unwrap_or_default()),
            ("date", date),
        ];
        Ok(Self { contact, values })
    }

    fn text(&self, template: &str) -> String {
        fill(template, &self.values)
    }

    fn asking(&self, with_contact: &str, without: &str) -> String {
        self.text(match self.contact {
            Some(_) => with_contact,
            None => without,
        })
    }
}

/// One line of plain text: no control characters, and none that turn the
/// reading direction, by which a name could be made to look like another.
fn check(part: &'static str, text: &str) -> Result<(), EscrowError> {
    let bad = |c: char| {
        c.is_control()
            || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if text.trim().is_empty() || text.len() > MAX_NAME || text.contains(bad) {
        return Err(EscrowError::Notice { part });
    }
    Ok(())
}
