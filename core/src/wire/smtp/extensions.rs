//! What a host says it can do (RFC 5321 section 4.1.1.1).

use super::reply::Reply;

/// The extensions that matter here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Extensions {
    /// RFC 3207.
    pub(crate) starttls: bool,
    /// RFC 2920.
    pub(crate) pipelining: bool,
    /// RFC 6152.
    pub(crate) eight_bit_mime: bool,
    /// RFC 6531.
    pub(crate) smtputf8: bool,
    /// RFC 8689.
    pub(crate) requiretls: bool,
    /// RFC 1870; `Some(0)` is no limit.
    pub(crate) size: Option<u64>,
    /// RFC 4954 with RFC 4616.
    pub(crate) auth_plain: bool,
    /// The older two-step form.
    pub(crate) auth_login: bool,
    /// OAuth 2.0 bearer tokens.
    pub(crate) auth_xoauth2: bool,
}

impl Extensions {
    /// Reads an `EHLO` reply. Unknown keywords are passed over.
    pub(crate) fn read(reply: &Reply) -> Self {
        let mut found = Self::default();
        for line in reply.lines().iter().skip(1) {
            let line = line.to_ascii_uppercase();
            let mut words = line.split_ascii_whitespace();
            match words.next().unwrap_or_default() {
                "STARTTLS" => found.starttls = true,
                "PIPELINING" => found.pipelining = true,
                "8BITMIME" => found.eight_bit_mime = true,
                "SMTPUTF8" => found.smtputf8 = true,
                "REQUIRETLS" => found.requiretls = true,
                "SIZE" => {
                    found.size = Some(words.next().and_then(|n| n.parse().ok()).unwrap_or(0));
                }
                "AUTH" => {
                    for mechanism in words {
                        match mechanism {
                            "PLAIN" => found.auth_plain = true,
                            "LOGIN" => found.auth_login = true,
                            "XOAUTH2" => found.auth_xoauth2 = true,
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        found
    }
}
