//! The link in the notice: where to go, for which grant, and the link share L.
//!
//! ```text
//! https://portal.example/p/0123…cdef#7KQ29MXA…
//! ```
//!
//! L stands in the fragment, which a browser keeps to itself. Mail gateways
//! turn `#` into `%23` or `%2523`, wrap lines and change case; all of that is
//! read back. A link whose fragment was dropped is mended by typing the code.

use std::fmt;

use data_encoding::HEXLOWER_PERMISSIVE;
use url::{Host, Url};
use zeroize::Zeroizing;

use super::EscrowError;
use super::typed;
use crate::base::crypto;
use crate::base::{GrantId, Secret};

/// Bytes of L.
pub(super) const SHARE: usize = 20;
/// A longer text is no link, whatever it holds.
const MAX_TEXT: usize = 4096;
const MAX_BASE: usize = 512;

/// A grant's address and its link share. Whoever has it can knock; what else
/// is asked for, the grant says.
///
/// It has no `Display`; [`Link::url`] gives the clear text as a secret.
#[derive(Clone)]
pub struct Link {
    base_url: String,
    grant: GrantId,
    share: Secret<[u8; SHARE]>,
}

impl Link {
    pub(super) fn make(base_url: &str, grant: GrantId) -> Self {
        Self {
            base_url: base_url.to_owned(),
            grant,
            share: Secret::new(crypto::make_random()),
        }
    }

    /// Reads a link as it arrives: `#`, `%23`, `%2523`; any case; wrapped
    /// lines, blanks, angle brackets; a query that a tracker put in.
    ///
    /// ```
    /// use mailseal::escrow::Link;
    /// let id = "0123456789abcdef0123456789abcdef";
    /// let link = Link::parse(&format!(
    ///     "<https://portal.example/p/{id}%237kq29mxa7kq29mxa7kq2\r\n 9mxa7kq29mxa>"
    /// ))?;
    /// assert_eq!(link.code().expose(), "7KQ2-9MXA-7KQ2-9MXA-7KQ2-9MXA-7KQ2-9MXA");
    /// assert!(!format!("{link:?}").contains("7KQ2"));
    /// # Ok::<(), mailseal::escrow::EscrowError>(())
    /// ```
    ///
    /// # Errors
    /// [`EscrowError::MalformedLink`] for anything else.
    pub fn parse(text: &str) -> Result<Self, EscrowError> {
        if text.len() > MAX_TEXT {
            return Err(malformed("its length"));
        }
        // Quoted-printable soft line ends that somebody copied along.
        let text = Zeroizing::new(text.replace("=\r\n", "").replace("=\n", ""));
        let text: Zeroizing<String> = Zeroizing::new(
            text.chars()
                .filter(|&c| !c.is_whitespace() && !typed::is_invisible(c) && !c.is_control())
                .collect(),
        );
        let text = text
            .trim_start_matches(['<', '(', '"', '\''])
            .trim_end_matches(['>', ')', '"', '\'', '.', ',', ';']);
        let (at, id_at) = find_path(text).ok_or(malformed("the path `/p/`"))?;
        let base_url = text.get(..at).unwrap_or_default();
        let rest = text.get(id_at..).unwrap_or_default();
        let (id, rest) = rest
            .split_at_checked(32)
            .ok_or(malformed("the message id"))?;
        let (between, code) = split_fragment(rest).ok_or(malformed("the code after `#`"))?;
        if !(between.is_empty() || between.starts_with(['?', '/'])) {
            return Err(malformed("the message id"));
        }
        Self::from_typed(base_url, id, code)
    }

    /// From the parts: the portal's address, the grant's id as it stands in the
    /// path, and the code as a person typed it.
    ///
    /// # Errors
    /// [`EscrowError::MalformedLink`] or [`EscrowError::BaseUrl`].
    pub fn from_typed(base_url: &str, id: &str, code: &str) -> Result<Self, EscrowError> {
        if code.len() > MAX_TEXT {
            return Err(malformed("the code"));
        }
        let id = HEXLOWER_PERMISSIVE
            .decode(id.trim().as_bytes())
            .ok()
            .and_then(|bytes| <[u8; 16]>::try_from(bytes).ok())
            .ok_or(malformed("the message id"))?;
        let share = typed::decode::<SHARE>(code).ok_or(malformed("the code"))?;
        Ok(Self {
            base_url: check_base_url(base_url)?,
            grant: GrantId::from_bytes(id),
            share: Secret::new(*share),
        })
    }

    /// The grant.
    pub fn grant(&self) -> GrantId {
        self.grant
    }

    /// The portal's address, without a slash at its end.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The page without the secret, for those whose fragment was lost.
    pub fn page(&self) -> String {
        format!("{}/p/{}", self.base_url, self.grant)
    }

    /// The whole link.
    pub fn url(&self) -> Secret<String> {
        let code = typed::encode(self.share.expose());
        Secret::new(format!("{}#{}", self.page(), code.as_str()))
    }

    /// The link share as a code to type, in groups of four.
    pub fn code(&self) -> Secret<String> {
        let mut grouped = typed::grouped(&typed::encode(self.share.expose()));
        Secret::new(std::mem::take(&mut grouped))
    }

    pub(super) fn share(&self) -> &[u8; SHARE] {
        self.share.expose()
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("grant", &self.grant)
            .field("share", &"***")
            .finish_non_exhaustive()
    }
}

fn malformed(part: &'static str) -> EscrowError {
    EscrowError::MalformedLink { part }
}

/// Where the base ends and where the id begins, at the last `/p/`.
fn find_path(text: &str) -> Option<(usize, usize)> {
    // Crockford's digits and hexadecimal ids hold no slash, so the last one wins.
    let lower = Zeroizing::new(text.to_ascii_lowercase());
    let end = lower
        .find('#')
        .or_else(|| lower.find("%23"))
        .or_else(|| lower.find("%25"))
        .unwrap_or(lower.len());
    let at = lower.get(..end)?.rfind("/p/")?;
    Some((at, at + 3))
}

/// Splits at the first `#`, however often it was percent-encoded.
fn split_fragment(text: &str) -> Option<(&str, &str)> {
    let mark = text.find(['#', '%'])?;
    let (before, mut rest) = text.split_at_checked(mark)?;
    if let Some(code) = rest.strip_prefix('#') {
        return Some((before, code));
    }
    rest = rest.strip_prefix('%')?;
    for _ in 0..4 {
        if let Some(code) = rest.strip_prefix("23") {
            return Some((before, code));
        }
        rest = rest.strip_prefix("25")?;
    }
    None
}

/// The portal's address as it is put into links: `https`, or `http` on this
/// machine, without query, fragment, user or slash at the end.
pub(super) fn check_base_url(text: &str) -> Result<String, EscrowError> {
    let refuse = |reason| Err(EscrowError::BaseUrl { reason });
    if text.len() > MAX_BASE {
        return refuse("it is too long");
    }
    let Ok(url) = Url::parse(text) else {
        return refuse("it is no URL");
    };
    let local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => return refuse("it names no host"),
    };
    match url.scheme() {
        "https" => {}
        "http" if local => {}
        _ => return refuse("only https is allowed"),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("it holds a user name");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return refuse("it holds a query or fragment");
    }
    // Percent-encoding makes a text longer: what is used must parse again.
    let normal = url.as_str().trim_end_matches('/');
    if normal.len() > MAX_BASE {
        return refuse("it is too long");
    }
    Ok(normal.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef";

    fn link() -> Link {
        Link::make("https://portal.example/mail", ID.parse().unwrap())
    }

    #[test]
    fn a_base_that_encoding_makes_too_long_is_refused() {
        let fits = format!("https://portal.example/{}", "}".repeat(160));
        let again = check_base_url(&fits).unwrap();
        assert_eq!(check_base_url(&again).unwrap(), again);
        let long = format!("https://portal.example/{}", "}".repeat(170));
        assert!(long.len() < MAX_BASE);
        assert!(check_base_url(&long).is_err());
    }

    #[test]
    fn a_mangled_link_is_read_back() {
        let link = link();
        let url = link.url();
        let url = url.expose();
        let mangled = [
            url.clone(),
            url.to_lowercase(),
            url.replace('#', "%23"),
            url.replace('#', "%2523"),
            url.replace('#', "?utm_source=x#"),
            url.replace('#', "/#"),
            format!("<{url}>."),
            format!("{}=\r\n{}", &url[..70], &url[70..]),
            format!("{}\r\n   {}", &url[..75], &url[75..]),
            format!("{}#{}", link.page(), link.code().expose()),
            format!(
                "{}#{}",
                link.page(),
                link.code().expose().replace('0', "o").replace('1', "l")
            ),
        ];
        for text in mangled {
            let read = Link::parse(&text).unwrap();
            assert_eq!(read.url().expose(), url);
        }
        let typed = Link::from_typed("https://portal.example/mail/", ID, link.code().expose());
        assert_eq!(typed.unwrap().url().expose(), url);
    }

    #[test]
    fn other_texts_are_refused() {
        let url = link().url();
        let url = url.expose();
        let long = "x".repeat(5000);
        for bad in [
            "",
            "#",
            "/p/",
            "https://portal.example/p/",
            &link().page(),
            &url[..url.len() - 1],
            &format!("{url}0"),
            &url.replace("https", "http"),
            &url.replace("https", "javascript"),
            &url.replace("https://", "https://user@"),
            &url.replace("0123456789abcdef#", "0123456789abcdeg#"),
            &url.replace('#', "é#"),
            &url.replace('#', "%252525252523"),
            &long,
        ] {
            assert!(Link::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn base_urls_are_https() {
        for good in [
            "https://a.example",
            "https://a.example/",
            "http://127.0.0.1:8080/x",
            "http://[::1]",
        ] {
            assert!(!check_base_url(good).unwrap().ends_with('/'));
        }
        for bad in [
            "",
            "a.example",
            "http://a.example",
            "https://a.example/?q",
            "https://a.example/#f",
            "data:x",
        ] {
            assert_eq!(check_base_url(bad).unwrap_err().code(), "escrow.base_url");
        }
    }
}
