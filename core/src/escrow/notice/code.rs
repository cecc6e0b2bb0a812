//! The mail with the code of factor P1.

use zeroize::Zeroizing;

use super::layout::{self, Block};
use super::words::Words;
use super::{Logo, Sayer, other};
use crate::base::{Language, Phi, Secret};
use crate::escrow::EscrowError;

/// What the mail with a code is made of.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CodeDraft {
    /// The organisation's name, as the recipient knows it.
    pub organisation: String,
    /// Where the recipient can ask: a telephone number, an office. Optional.
    pub contact: Option<String>,
    /// The code: eight digits.
    pub code: Secret<String>,
    /// The language that the recipient reads.
    pub language: Language,
    /// The organisation's logo: the mail must hold it as an inline image.
    pub logo: Option<Logo>,
}

impl CodeDraft {
    /// A mail with this code.
    pub fn new(
        organisation: impl Into<String>,
        code: impl Into<Secret<String>>,
        language: Language,
    ) -> Self {
        Self {
            organisation: organisation.into(),
            contact: None,
            code: code.into(),
            language,
            logo: None,
        }
    }

    /// With this logo in place of the name, in the HTML. The mail must hold it:
    /// [`Builder::inline_image`](crate::compose::Builder::inline_image) with
    /// [`Logo::content_id`].
    #[must_use]
    pub fn logo(mut self, logo: Logo) -> Self {
        self.logo = Some(logo);
        self
    }

    /// With where the recipient can ask.
    #[must_use]
    pub fn contact(mut self, contact: impl Into<String>) -> Self {
        self.contact = Some(contact.into());
        self
    }
}

/// The content of a mail with a code that is good for ten minutes. Text and
/// HTML say the same; there is no link in them, and nothing of the message.
///
/// ```
/// use mailseal::base::{Language, Secret};
/// use mailseal::compose::Message;
/// use mailseal::escrow::{CodeDraft, CodeMail};
///
/// let code = Secret::from("12345678"); // as the portal gives it
/// let mail = CodeMail::render(&CodeDraft::new("Harbor Clinic", code, Language::English))?;
/// let message = Message::builder()
///     .from("no-reply@harbor.example".parse()?)
///     .to("pat@mail.example".parse::<mailseal::base::Address>()?)
///     .subject(mail.subject)
///     .text(mail.text)
///     .html(mail.html)
///     .header("Auto-Submitted", "auto-generated")
///     .build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CodeMail {
    /// The subject: always the same in a language, without the code.
    pub subject: String,
    /// The text.
    pub text: Phi<String>,
    /// The HTML: self-contained but for the logo, if there is one, which is to
    /// travel with it; nothing is fetched.
    pub html: Phi<String>,
}

impl CodeMail {
    /// Writes the mail.
    ///
    /// # Errors
    /// [`EscrowError::Notice`] where the organisation's name or contact is
    /// empty, too long or holds control characters, or the code is not eight
    /// digits.
    pub fn render(draft: &CodeDraft) -> Result<Self, EscrowError> {
        let words = Words::of(draft.language);
        let say = Sayer::new(&draft.organisation, draft.contact.as_deref(), "")?;
        let code = grouped(draft.code.expose()).ok_or(EscrowError::Notice { part: "the code" })?;
        let intro = say.text(words.code_intro);
        let blocks = [
            Block::Letterhead {
                name: &draft.organisation,
                logo: draft.logo.as_ref().map(Logo::content_id),
            },
            Block::Title(words.code_subject),
            Block::Text(intro.clone()),
            Block::Digits {
                lead: words.code_is,
                digits: &code,
            },
            Block::Text(words.code_valid.to_owned()),
            Block::Text(say.text(words.code_secret)),
            Block::Text(say.asking(words.code_not_asked_contact, words.code_not_asked)),
            Block::Text(words.code_no_reply.to_owned()),
            other(draft.language),
        ];
        Ok(Self {
            subject: words.code_subject.to_owned(),
            text: Phi::new(layout::text(&blocks)),
            html: Phi::new(layout::html(words, words.code_subject, &intro, &blocks)),
        })
    }
}

/// Two groups of four, as people read and type them.
fn grouped(code: &str) -> Option<Zeroizing<String>> {
    let (first, second) = code.split_at_checked(4)?;
    let digits = code.len() == 8 && code.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| Zeroizing::new(format!("{first} {second}")))
}
