//! The mail that tells a recipient that something waits.
//!
//! It holds no PHI and nothing that the sender of the message wrote: a fixed
//! subject, the organisation's name as configured, the link with its typed
//! fallback, a reference code, the expiry. It never asks for a password. Since
//! it holds L, whatever spools it keeps it encrypted and deletes it once sent.

use zeroize::Zeroizing;

use super::{EscrowError, Link, PreparedGrant};
use crate::base::{Phi, Secret, Timestamp};

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
    /// Whether a passcode will be asked for.
    pub passcode: bool,
    /// Whether the agreed passphrase will be asked for.
    pub passphrase: bool,
}

impl NoticeDraft {
    /// A notice of this grant. It says that a passcode will be asked for where
    /// one was made.
    pub fn new(organisation: impl Into<String>, grant: &PreparedGrant, expires: Timestamp) -> Self {
        Self {
            organisation: organisation.into(),
            contact: None,
            link: grant.link.clone(),
            reference: grant.reference.clone(),
            expires,
            passcode: grant.passcode.is_some(),
            passphrase: false,
        }
    }

    /// With where the recipient can ask.
    #[must_use]
    pub fn contact(mut self, contact: impl Into<String>) -> Self {
        self.contact = Some(contact.into());
        self
    }

    /// Says that the agreed passphrase will be asked for.
    #[must_use]
    pub fn passphrase(mut self, asked: bool) -> Self {
        self.passphrase = asked;
        self
    }
}

/// The content of a notice mail. Text and HTML say the same and hold the link.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Notice {
    /// The subject: always the same.
    pub subject: String,
    /// The text.
    pub text: Phi<String>,
    /// The HTML: self-contained, no image, nothing fetched.
    pub html: Phi<String>,
}

/// The subject of every notice.
const SUBJECT: &str = "A secure message is waiting for you";

impl Notice {
    /// Writes a notice in English.
    ///
    /// # Errors
    /// [`EscrowError::Notice`] where the organisation's name or contact is
    /// empty, too long or holds control characters.
    pub fn render(draft: &NoticeDraft) -> Result<Self, EscrowError> {
        check("the organisation's name", &draft.organisation)?;
        if let Some(contact) = &draft.contact {
            check("the contact", contact)?;
        }
        let words = Words::new(draft);
        Ok(Self {
            subject: SUBJECT.to_owned(),
            text: Phi::new(words.text()),
            html: Phi::new(words.html()),
        })
    }
}

/// The sentences that text and HTML share.
struct Words<'a> {
    draft: &'a NoticeDraft,
    url: Secret<String>,
    code: Secret<String>,
    page: String,
    intro: String,
    factor: Option<String>,
    until: String,
    warning: String,
    question: String,
}

impl<'a> Words<'a> {
    fn new(draft: &'a NoticeDraft) -> Self {
        let name = &draft.organisation;
        let factor = match (draft.passcode, draft.passphrase) {
            (false, false) => None,
            (true, false) => Some(format!(
                "You will be asked for a passcode. {name} gives it to you by telephone or in person, never by e-mail."
            )),
            (false, true) => Some(format!(
                "You will be asked for the passphrase that you agreed on with {name}."
            )),
            (true, true) => Some(format!(
                "You will be asked for a passcode, which {name} gives to you by telephone or in person, and for the passphrase that you agreed on."
            )),
        };
        let ask = draft.contact.as_ref().map_or_else(
            || {
                format!(
                    "ask {name} in a way that you already know, not by a number or link from a mail"
                )
            },
            |contact| format!("ask {name}: {contact}"),
        );
        let date = draft.expires.to_rfc3339();
        Self {
            url: draft.link.url(),
            code: draft.link.code(),
            page: draft.link.page(),
            intro: format!(
                "{name} has a message for you. To protect your privacy it is not in this e-mail."
            ),
            factor,
            until: format!(
                "The message can be read until {} (UTC).",
                date.get(..10).unwrap_or(&date)
            ),
            warning: "Nobody will ask for the password of your e-mail or of any other account. Do not forward this e-mail: it is meant for you alone.".to_owned(),
            question: format!("If you did not expect this message, or have a question, {ask}."),
            draft,
        }
    }

    fn text(&self) -> String {
        let factor = self.factor.as_ref().map(|f| format!("{f}\n\n"));
        format!(
            "{intro}\n\nRead the message:\n{url}\n\n{factor}If the link does not work, open\n{page}\nand type this code:\n{code}\n\nReference: {reference}\nThe page shows the same reference.\n\n{until}\n\n{warning}\n\n{question}\n",
            intro = self.intro,
            url = self.url.expose(),
            factor = factor.unwrap_or_default(),
            page = self.page,
            code = self.code.expose(),
            reference = self.draft.reference,
            until = self.until,
            warning = self.warning,
            question = self.question,
        )
    }

    fn html(&self) -> String {
        let factor = self
            .factor
            .as_ref()
            .map(|f| format!("<p>{}</p>\n", escape(f)));
        format!(
            r#"<!DOCTYPE html>
<html lang="en" dir="ltr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>{subject}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ margin: 0; background: #f3f5f7; color: #1b2430; }}
.card {{ background: #ffffff; color: #1b2430; }}
a {{ color: #0b4f8a; }}
.button {{ background: #0b4f8a; color: #ffffff; }}
.code {{ background: #eef2f6; color: #1b2430; }}
@media (prefers-color-scheme: dark) {{
body {{ background: #11161c !important; color: #e8edf2 !important; }}
.card {{ background: #1b232c !important; color: #e8edf2 !important; }}
a {{ color: #8cc4f5 !important; }}
a.button {{ background: #8cc4f5 !important; color: #0d1720 !important; }}
.code {{ background: #0f151b !important; color: #e8edf2 !important; }}
}}
</style>
</head>
<body>
<div role="article" aria-roledescription="email" aria-label="{subject}" lang="en" style="padding: 24px 12px; font: 16px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, Arial, sans-serif;">
<main class="card" style="max-width: 560px; margin: 0 auto; padding: 28px; border-radius: 8px;">
<h1 style="margin: 0 0 16px; font-size: 22px; line-height: 1.3;">{subject}</h1>
<p>{intro}</p>
<p style="margin: 24px 0;"><a class="button" href="{url}" style="display: inline-block; padding: 12px 20px; border-radius: 6px; font-weight: 600; text-decoration: none;">Read the message</a></p>
{factor}<h2 style="margin: 24px 0 8px; font-size: 17px;">If the button does not work</h2>
<p>Open <a href="{page}" style="overflow-wrap: anywhere;">{page}</a> and type this code:</p>
<p class="code" style="padding: 12px; border-radius: 6px; font: 600 16px/1.6 ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere;">{code}</p>
<p><strong>Reference: {reference}</strong><br>The page shows the same reference.</p>
<p>{until}</p>
<p>{warning}</p>
<p>{question}</p>
</main>
</div>
</body>
</html>
"#,
            subject = SUBJECT,
            intro = escape(&self.intro),
            url = Zeroizing::new(escape(self.url.expose())).as_str(),
            factor = factor.unwrap_or_default(),
            page = escape(&self.page),
            code = Zeroizing::new(escape(self.code.expose())).as_str(),
            reference = escape(&self.draft.reference),
            until = escape(&self.until),
            warning = escape(&self.warning),
            question = escape(&self.question),
        )
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

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
