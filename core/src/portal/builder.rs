//! The options of a portal.

use std::fmt;
use std::sync::Arc;

use axum::body::Bytes;
use url::Url;

use super::assets::{Assets, Logo, Look};
use super::error::PortalError;
use super::factor::passkey::RelyingParty;
use super::host::{CodeSender, NoHost, PortalHost};
use super::reply::{Commits, Scan};
use super::vault::Vault;
use super::{Inner, Portal};
use crate::base::{Clock, Language};
use crate::escrow::Escrow;

const MAX_LOGO: usize = 256 * 1024;
const MAX_TEXT: usize = 200;
/// Codes an hour for the whole portal, where the host says nothing.
const CODES_PER_HOUR: u32 = 1_000;

/// The type of a logo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LogoType {
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// GIF.
    Gif,
    /// SVG, which the page shows as an image: script in it does not run.
    Svg,
}

impl LogoType {
    fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Gif => "image/gif",
            Self::Svg => "image/svg+xml",
        }
    }

    fn fits(self, bytes: &[u8]) -> bool {
        match self {
            Self::Png => bytes.starts_with(b"\x89PNG\r\n\x1a\n"),
            Self::Jpeg => bytes.starts_with(b"\xff\xd8\xff"),
            Self::Gif => [b"GIF87a", b"GIF89a"].iter().any(|m| bytes.starts_with(*m)),
            Self::Svg => std::str::from_utf8(bytes).is_ok_and(|text| text.contains("<svg")),
        }
    }
}

/// Builds a [`Portal`].
#[must_use]
pub struct PortalBuilder {
    escrow: Escrow,
    organisation: String,
    contact: String,
    logo: Option<(LogoType, Vec<u8>)>,
    languages: Vec<Language>,
    replies: bool,
    scan: Option<Scan>,
    codes: Option<Arc<dyn CodeSender>>,
    codes_per_hour: u32,
    host: Arc<dyn PortalHost>,
    clock: Option<Arc<dyn Clock>>,
}

impl fmt::Debug for PortalBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PortalBuilder { .. }")
    }
}

impl PortalBuilder {
    pub(super) fn new(escrow: Escrow) -> Self {
        Self {
            escrow,
            organisation: String::new(),
            contact: String::new(),
            logo: None,
            languages: Language::ALL.to_vec(),
            replies: false,
            scan: None,
            codes: None,
            codes_per_hour: CODES_PER_HOUR,
            host: Arc::new(NoHost),
            clock: None,
        }
    }

    /// Mandatory: the organisation's name, as recipients know it.
    pub fn organisation(mut self, name: impl Into<String>) -> Self {
        self.organisation = name.into();
        self
    }

    /// Mandatory: how to reach the organisation where something does not work:
    /// a telephone number, an address.
    pub fn contact(mut self, contact: impl Into<String>) -> Self {
        self.contact = contact.into();
        self
    }

    /// The organisation's logo, at most 256 KiB.
    pub fn logo(mut self, kind: LogoType, bytes: impl Into<Vec<u8>>) -> Self {
        self.logo = Some((kind, bytes.into()));
        self
    }

    /// The languages that visitors can choose: all of them where nothing is said.
    pub fn languages(mut self, languages: impl IntoIterator<Item = Language>) -> Self {
        self.languages.clear();
        for language in languages {
            if !self.languages.contains(&language) {
                self.languages.push(language);
            }
        }
        self
    }

    /// Sends codes by e-mail and SMS. Without it neither method is offered,
    /// but with [`Client::portal`](crate::Client::portal), where it takes the
    /// place of the client's own.
    pub fn code_sender(mut self, sender: impl CodeSender) -> Self {
        self.codes = Some(Arc::new(sender));
        self
    }

    /// The most codes that the portal sends in an hour: 1,000. It bounds what a
    /// flood of requests can cost; set it a few times above a busy hour.
    pub fn codes_per_hour(mut self, limit: u32) -> Self {
        self.codes_per_hour = limit;
        self
    }

    /// Hears of events, takes replies, knows who is signed on.
    pub fn host(mut self, host: impl PortalHost) -> Self {
        self.host = Arc::new(host);
        self
    }

    /// Whether visitors can reply: not, where nothing is said. The host takes
    /// the replies in [`PortalHost::reply`].
    pub fn replies(mut self, on: bool) -> Self {
        self.replies = on;
        self
    }

    /// Another clock than the escrow's, for tests.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    pub(crate) fn scan(mut self, scan: Scan) -> Self {
        self.scan = Some(scan);
        self
    }

    /// The portal.
    ///
    /// # Errors
    /// [`PortalError`] where an option cannot be used.
    pub fn build(self) -> Result<Portal, PortalError> {
        check_text("the organisation's name", &self.organisation)?;
        check_text("the contact", &self.contact)?;
        if self.languages.is_empty() {
            return Err(PortalError::Languages);
        }
        let url = Url::parse(self.escrow.base_url()).map_err(|_| PortalError::BaseUrl)?;
        let host = url.host_str().ok_or(PortalError::BaseUrl)?;
        let origin = url.origin().ascii_serialization();
        let base_path = url.path().trim_end_matches('/').to_owned();
        // The router reads braces as names of parameters.
        if base_path.contains(['{', '}', '*']) {
            return Err(PortalError::BaseUrl);
        }
        let logo = match self.logo {
            None => None,
            Some((kind, bytes)) if bytes.len() <= MAX_LOGO && kind.fits(&bytes) => Some(Logo {
                kind: kind.media_type(),
                bytes: Bytes::from(bytes),
            }),
            Some(_) => return Err(PortalError::Logo),
        };
        let assets = Assets::new(Look {
            base_path: &base_path,
            organisation: &self.organisation,
            contact: &self.contact,
            languages: &self.languages,
            logo,
        });
        let clock = self
            .clock
            .unwrap_or_else(|| Arc::clone(self.escrow.clock()));
        let party = RelyingParty::new(host, &origin);
        Ok(Portal(Arc::new(Inner {
            vault: Vault::new(&self.escrow.portal_key()),
            store: Arc::clone(self.escrow.store()),
            escrow: self.escrow,
            clock,
            origin,
            base_path,
            party,
            assets,
            organisation: self.organisation,
            replies: self.replies,
            scan: self.scan,
            commits: Commits::new(),
            codes: self.codes,
            codes_per_hour: self.codes_per_hour,
            host: self.host,
        })))
    }
}

fn check_text(part: &'static str, text: &str) -> Result<(), PortalError> {
    let fits = !text.trim().is_empty() && text.len() <= MAX_TEXT;
    if fits && !text.chars().any(char::is_control) {
        Ok(())
    } else {
        Err(PortalError::Text { part })
    }
}
