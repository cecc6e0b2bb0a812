//! MTA-STS (RFC 8461): the `_mta-sts` record, the policy file, and fetching it.
//!
//! The record only says that a policy exists and which version; the policy
//! itself comes over HTTPS from `mta-sts.<domain>`, whose certificate must be
//! valid. Both parsers take what a stranger wrote: they are bounded, never
//! panic, and refuse what the RFC's grammar does not allow.

use std::fmt;
use std::time::Duration;

use super::{StsMode, StsPolicy};
use crate::base::Domain;
use crate::wire::Network;
use crate::wire::https::{self, HttpsError, Limits};

/// Longest policy file, in bytes (RFC 8461 section 3.3).
pub(super) const MAX_POLICY: usize = 64 * 1024;
/// Longest a policy may hold, in seconds (RFC 8461 section 3.2).
pub(super) const MAX_AGE: u32 = 31_557_600;
/// Most `mx` fields of a policy.
const MAX_MX: usize = 512;

/// Why a policy was not had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StsError {
    /// The file could not be fetched.
    #[error(transparent)]
    Fetch(#[from] HttpsError),
    /// The media type is not `text/plain`.
    #[error("MTA-STS: the policy's media type is not text/plain")]
    MediaType,
    /// The file is longer than 64 KiB.
    #[error("MTA-STS: the policy is longer than {MAX_POLICY} bytes")]
    TooLong,
    /// The file is not UTF-8.
    #[error("MTA-STS: the policy is not UTF-8")]
    Encoding,
    /// A line is no `name: value` field.
    #[error("MTA-STS: line {line} of the policy is no `name: value` field")]
    Line {
        /// The line, counted from 1.
        line: usize,
    },
    /// A field's value is not what the RFC allows.
    #[error("MTA-STS: line {line} of the policy has a value that RFC 8461 does not allow")]
    Value {
        /// The line, counted from 1.
        line: usize,
    },
    /// A required field is missing.
    #[error("MTA-STS: the policy has no `{field}` field")]
    Missing {
        /// The field's name.
        field: &'static str,
    },
    /// More `mx` fields than are looked at.
    #[error("MTA-STS: the policy has more than {MAX_MX} `mx` fields")]
    TooMany,
}

impl StsError {
    /// A stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Fetch(e) => e.code(),
            Self::MediaType => "sts.media_type",
            Self::TooLong => "sts.too_long",
            Self::Encoding => "sts.encoding",
            Self::Line { .. } => "sts.line",
            Self::Value { .. } => "sts.value",
            Self::Missing { .. } => "sts.missing",
            Self::TooMany => "sts.too_many",
        }
    }
}

impl StsPolicy {
    /// Reads a policy file (RFC 8461 section 3.2). Lines end in CRLF or LF.
    ///
    /// Of a field given twice (other than `mx`) the first counts. Unknown
    /// fields, trailing blanks and empty lines are passed over. A `max_age`
    /// beyond a year (31,557,600 s), however long its digits, means a year.
    ///
    /// # Errors
    /// [`StsError`] where a line, a value or the whole is not what the RFC
    /// allows. One bad `mx` value makes the whole policy bad: dropping it
    /// could shut out the host that it meant, or let another in.
    ///
    /// ```
    /// use mailseal::discover::{StsMode, StsPolicy};
    /// let policy = StsPolicy::parse(
    ///     "version: STSv1\r\nmode: enforce\r\nmx: *.harbor.example\r\nmax_age: 604800\r\n",
    /// )?;
    /// assert_eq!(policy.mode, StsMode::Enforce);
    /// # Ok::<(), mailseal::discover::StsError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, StsError> {
        if text.len() > MAX_POLICY {
            return Err(StsError::TooLong);
        }
        let mut version = false;
        let mut mode = None;
        let mut max_age = None;
        let mut mx = Vec::new();
        for (index, line) in text.split('\n').enumerate() {
            let number = index + 1;
            let line = line
                .strip_suffix('\r')
                .unwrap_or(line)
                .trim_end_matches([' ', '\t']);
            if line.is_empty() {
                continue;
            }
            let (name, value) = line
                .split_once(':')
                .ok_or(StsError::Line { line: number })?;
            let value = value.trim_start_matches([' ', '\t']);
            if !is_field_name(name) || value.chars().any(char::is_control) {
                return Err(StsError::Line { line: number });
            }
            let bad = StsError::Value { line: number };
            match name {
                "version" if !version => {
                    if value != "STSv1" {
                        return Err(bad);
                    }
                    version = true;
                }
                "mode" if mode.is_none() => {
                    mode = Some(match value {
                        "enforce" => StsMode::Enforce,
                        "testing" => StsMode::Testing,
                        "none" => StsMode::None,
                        _ => return Err(bad),
                    });
                }
                "max_age" if max_age.is_none() => max_age = Some(seconds(value).ok_or(bad)?),
                "mx" => {
                    if mx.len() == MAX_MX {
                        return Err(StsError::TooMany);
                    }
                    mx.push(pattern(value).ok_or(bad)?);
                }
                _ => {}
            }
        }
        if !version {
            return Err(StsError::Missing { field: "version" });
        }
        let mode = mode.ok_or(StsError::Missing { field: "mode" })?;
        let max_age = max_age.ok_or(StsError::Missing { field: "max_age" })?;
        if mx.is_empty() && mode != StsMode::None {
            return Err(StsError::Missing { field: "mx" });
        }
        Ok(Self { mode, mx, max_age })
    }
}

fn is_field_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphanumeric())
        && name.len() <= 32
        && bytes.all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
}

fn seconds(value: &str) -> Option<u32> {
    if value.is_empty() || !value.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // Only digits: what does not fit is too large, not wrong.
    Some(value.parse().unwrap_or(MAX_AGE).min(MAX_AGE))
}

fn pattern(value: &str) -> Option<String> {
    let (prefix, name) = match value.strip_prefix("*.") {
        Some(parent) => ("*.", parent),
        None => ("", value),
    };
    let name: Domain = name.parse().ok()?;
    Some(format!("{prefix}{}", name.as_str()))
}

/// The `_mta-sts` record of a domain (RFC 8461 section 3.1).
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StsRecord {
    /// The policy's version: 1 to 32 letters and digits.
    pub id: String,
}

impl fmt::Debug for StsRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StsRecord").finish_non_exhaustive()
    }
}

impl StsRecord {
    /// Picks the record out of the `TXT` records at `_mta-sts.<domain>`.
    ///
    /// Those that do not begin with `v=STSv1;` are passed over. `None` where
    /// not exactly one is left or that one is malformed: the domain then has
    /// no policy to discover (RFC 8461 section 3.1).
    pub fn select<S: AsRef<str>>(records: &[S]) -> Option<Self> {
        let mut candidates = records.iter().map(AsRef::as_ref).filter(|r| is_sts(r));
        let record = candidates.next()?;
        if candidates.next().is_some() {
            return None;
        }
        Self::parse(record)
    }

    /// Reads one record, e.g. `v=STSv1; id=20260105T090000;`.
    pub fn parse(record: &str) -> Option<Self> {
        if !is_sts(record) {
            return None;
        }
        let mut fields: Vec<&str> = record.split(';').collect();
        // The delimiter after the last field may be left out.
        if fields
            .last()
            .is_some_and(|f| f.trim_matches(WSP).is_empty())
        {
            fields.pop();
        }
        let mut id = None;
        for field in fields.into_iter().skip(1) {
            let (name, value) = field.trim_matches(WSP).split_once('=')?;
            let printable = value
                .bytes()
                .all(|b| (0x21..=0x7e).contains(&b) && b != b'=');
            if !is_field_name(name) || value.is_empty() || !printable {
                return None;
            }
            if name == "id" && id.is_none() {
                if value.len() > 32 || !value.bytes().all(|b| b.is_ascii_alphanumeric()) {
                    return None;
                }
                id = Some(value.to_owned());
            }
        }
        Some(Self { id: id? })
    }
}

const WSP: [char; 2] = [' ', '\t'];

fn is_sts(record: &str) -> bool {
    record
        .strip_prefix("v=STSv1")
        .is_some_and(|rest| rest.trim_start_matches(WSP).starts_with(';'))
}

/// Fetches and reads the policy of `domain`.
pub(super) async fn fetch(
    network: &Network,
    domain: &Domain,
    total: Duration,
) -> Result<StsPolicy, StsError> {
    let host: Domain = format!("mta-sts.{}", domain.as_str())
        .parse()
        .map_err(|_| HttpsError::NoAddress)?;
    let limits = Limits {
        body: MAX_POLICY,
        total,
    };
    let response = https::fetch(network, &host, "/.well-known/mta-sts.txt", limits).await?;
    if response.media_type.as_deref() != Some("text/plain") {
        return Err(StsError::MediaType);
    }
    let text = std::str::from_utf8(&response.body).map_err(|_| StsError::Encoding)?;
    StsPolicy::parse(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "version: STSv1\nmode: enforce\nmx: mx.harbor.example\nmax_age: 86400\n";

    #[test]
    fn policies_are_read_as_the_rfc_says() {
        type Case<'a> = (&'a str, &'a str, Result<(StsMode, u32), StsError>);
        let cases: &[Case<'_>] = &[
            ("LF", GOOD, Ok((StsMode::Enforce, 86_400))),
            (
                "CRLF",
                &GOOD.replace('\n', "\r\n"),
                Ok((StsMode::Enforce, 86_400)),
            ),
            (
                "no last line end",
                GOOD.trim_end(),
                Ok((StsMode::Enforce, 86_400)),
            ),
            (
                "any order, extension",
                "x.y: a b\nmax_age:1\nmx:a.example\nmode:testing\nversion:STSv1",
                Ok((StsMode::Testing, 1)),
            ),
            (
                "first of two counts",
                &format!("{GOOD}mode: none\nmax_age: 5\n"),
                Ok((StsMode::Enforce, 86_400)),
            ),
            (
                "none needs no mx",
                "version: STSv1\nmode: none\nmax_age: 0\n",
                Ok((StsMode::None, 0)),
            ),
            (
                "a year at most",
                &GOOD.replace("86400", "31557601"),
                Ok((StsMode::Enforce, MAX_AGE)),
            ),
            (
                "overflow",
                &GOOD.replace("86400", "99999999999999999999999"),
                Ok((StsMode::Enforce, MAX_AGE)),
            ),
            (
                "negative",
                &GOOD.replace("86400", "-1"),
                Err(StsError::Value { line: 4 }),
            ),
            (
                "no number",
                &GOOD.replace("86400", ""),
                Err(StsError::Value { line: 4 }),
            ),
            (
                "other version",
                &GOOD.replace("STSv1", "STSv2"),
                Err(StsError::Value { line: 1 }),
            ),
            (
                "other mode",
                &GOOD.replace("enforce", "Enforce"),
                Err(StsError::Value { line: 2 }),
            ),
            (
                "wildcard inside",
                &GOOD.replace("mx.harbor", "a.*.harbor"),
                Err(StsError::Value { line: 3 }),
            ),
            (
                "star alone",
                &GOOD.replace("mx.harbor.example", "*"),
                Err(StsError::Value { line: 3 }),
            ),
            (
                "no field",
                "version: STSv1\nhello\n",
                Err(StsError::Line { line: 2 }),
            ),
            ("empty", "", Err(StsError::Missing { field: "version" })),
            (
                "no mx",
                "version: STSv1\nmode: enforce\nmax_age: 1\n",
                Err(StsError::Missing { field: "mx" }),
            ),
            (
                "no mode",
                "version: STSv1\nmx: a.example\nmax_age: 1\n",
                Err(StsError::Missing { field: "mode" }),
            ),
            (
                "no max_age",
                "version: STSv1\nmx: a.example\nmode: enforce\n",
                Err(StsError::Missing { field: "max_age" }),
            ),
            (
                "too many mx",
                &format!("{GOOD}{}", "mx: a.example\n".repeat(MAX_MX)),
                Err(StsError::TooMany),
            ),
            (
                "too long",
                &"\n".repeat(MAX_POLICY + 1),
                Err(StsError::TooLong),
            ),
        ];
        for (what, text, expected) in cases {
            let seen = StsPolicy::parse(text).map(|p| (p.mode, p.max_age));
            assert_eq!(&seen, expected, "{what}");
        }
    }

    #[test]
    fn a_wildcard_stands_for_one_label() {
        let policy = StsPolicy::new(StsMode::Enforce, vec!["*.harbor.example".into()], 1);
        for (host, expected) in [
            ("mx.harbor.example", true),
            ("MX.HARBOR.EXAMPLE", true),
            ("a.mx.harbor.example", false),
            ("harbor.example", false),
            ("mx.notharbor.example", false),
        ] {
            assert_eq!(policy.matches(&host.parse().unwrap()), expected, "{host}");
        }
    }

    #[test]
    fn exactly_one_well_formed_record_counts() {
        let long = format!("v=STSv1; id={};", "a".repeat(33));
        let cases: &[(&[&str], Option<&str>)] = &[
            (&["v=STSv1; id=20260105;"], Some("20260105")),
            (&["v=STSv1;id=a"], Some("a")),
            (&["v=STSv1 ; id=a ; x=1 ;"], Some("a")),
            (&["v=spf1 -all", "v=STSv1; id=a;"], Some("a")),
            (&["v=STSv1; id=a; id=b;"], Some("a")),
            (&["v=STSv1; id=a;", "v=STSv1; id=b;"], None),
            (&["v=STSv1; id=a;", "v=STSv1; id=a;"], None),
            (&["v=STSv1;"], None),
            (&["v=STSv1; id=;"], None),
            (&["v=STSv1; id=a-b;"], None),
            (&["v=STSv1; id=a;;"], None),
            (&["v=STSv1; id"], None),
            (&["v=STSv10; id=a;"], None),
            (&["V=STSv1; id=a;"], None),
            (&[" v=STSv1; id=a;"], None),
            (&[&long], None),
            (&[], None),
        ];
        for (records, expected) in cases {
            let seen = StsRecord::select(records).map(|r| r.id);
            assert_eq!(seen.as_deref(), *expected, "{records:?}");
        }
    }
}
