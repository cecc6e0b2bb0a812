//! A policy as TOML.
//!
//! ```toml
//! preset = "hipaa"            # hipaa | strict | tls_exclusive | custom
//! name = "harbor"             # optional
//! no_findings = "none"        # where the scanner judged it: none | phi | sensitive
//! ladder = ["tls", "pgp", "smime", "escrow"]
//! waivers = true
//! subject = "neutral"         # PHI in it, where it is shown: protect | neutral | refuse
//! file_names = "neutral"      # the same for the names of attachments
//!
//! [require.phi]               # raises the preset's; none | phi | sensitive
//! tls = "anchored"            # an assurance, or "never"
//! tls_preferred = "anchored"
//! verified_key = "encrypted"  # the floor under a sealed message, or "never"
//! pinned_key = "encrypted"
//! escrow = { p2 = "opportunistic" }   # least factor = floor under the notice
//! otherwise = "refuse"        # refuse | drop
//!
//! [[rule]]
//! name = "asked for"
//! marker = ["[secure]"]       # also: recipient, domain, sender, sender_domain,
//! end_to_end = true           # audience, and those of findings below
//!
//! [[rule]]
//! name = "lists of patients"
//! finding = ["mrn", "ssn"]    # also: category = ["sti_hiv"]
//! confidence = "medium"       # the least
//! count = 10                  # different ones, at the least; up to 10000
//! redirect = "escrow"         # also: sensitivity, transport, factor,
//!                             # end_to_end, action = "hold" | "refuse"
//!
//! [[rule]]
//! name = "what nobody can read"
//! unscannable = true
//! action = "hold"
//!
//! [[partner]]
//! domain = "lab.example"
//! pin = "…64 hexadecimal digits of SHA-256 of the public key…"   # or ca = PEM
//! ```

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use data_encoding::HEXLOWER_PERMISSIVE;

use super::decision::Refusal;
use super::model::{Guard, Partner, Policy, Requirement};
use super::rules::{Action, MAX_COUNT, Rule};
use crate::base::toml::{Document, Table, TomlError, word};
use crate::base::{FactorLevel, PartnerIdentity, Route, Sensitivity, TlsAssurance};

const MAX_BYTES: usize = 256 * 1024;
const MAX_ITEMS: usize = 1000;
const MAX_TEXT: usize = 256;
const MAX_CA: usize = 16 * 1024;
const NEVER: &str = "never";
pub(super) const PEM_BEGIN: &str = "-----BEGIN CERTIFICATE-----";
pub(super) const PEM_END: &str = "-----END CERTIFICATE-----";

/// Why a text is no policy, with the line (from 1) and the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The text is too long.
    #[error("the policy is longer than {limit} bytes")]
    TooLong {
        /// The limit.
        limit: usize,
    },
    /// It is not TOML.
    #[error("line {line}: not valid TOML")]
    Syntax {
        /// Where.
        line: usize,
    },
    /// A key that policies do not have.
    #[error("line {line}: unknown key `{key}`; expected one of: {expected}")]
    UnknownKey {
        /// Where.
        line: usize,
        /// The key; `(…)` where it is no plain word.
        key: String,
        /// The keys that may stand there.
        expected: &'static str,
    },
    /// A key is missing.
    #[error("line {line}: `{key}` is missing")]
    Missing {
        /// Where its table begins.
        line: usize,
        /// The key.
        key: String,
    },
    /// A value of the wrong type, or a word that is not known there.
    #[error("line {line}: `{key}` must be {expected}")]
    Value {
        /// Where.
        line: usize,
        /// The key.
        key: String,
        /// What may stand there.
        expected: &'static str,
    },
    /// Too many or too long.
    #[error("line {line}: `{key}` is over the limit of {limit}")]
    Limit {
        /// Where.
        line: usize,
        /// The key.
        key: String,
        /// The limit, in entries, bytes or findings.
        limit: usize,
    },
    /// Weaker than the preset that the file names.
    #[error(
        "line {line}: `{key}` is weaker than the preset allows; raise it, or use preset = \"custom\""
    )]
    Weaker {
        /// Where.
        line: usize,
        /// The key.
        key: String,
    },
}

impl PolicyError {
    /// A stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "policy.too_long",
            Self::Syntax { .. } => "policy.syntax",
            Self::UnknownKey { .. } => "policy.unknown_key",
            Self::Missing { .. } => "policy.missing",
            Self::Value { .. } => "policy.value",
            Self::Limit { .. } => "policy.limit",
            Self::Weaker { .. } => "policy.weaker",
        }
    }
}

impl Policy {
    /// Reads a policy.
    ///
    /// ```
    /// use mailseal::policy::Policy;
    /// let policy = Policy::from_toml("preset = \"hipaa\"\nwaivers = false\n")?;
    /// let error = Policy::from_toml("preset = \"hipaa\"\nwaiver = false\n").unwrap_err();
    /// assert!(error.to_string().starts_with("line 2: unknown key `waiver`"));
    /// # Ok::<(), mailseal::policy::PolicyError>(())
    /// ```
    ///
    /// # Errors
    /// The first thing that is wrong, with its line and key.
    pub fn from_toml(text: &str) -> Result<Self, PolicyError> {
        if text.len() > MAX_BYTES {
            return Err(PolicyError::TooLong { limit: MAX_BYTES });
        }
        let document = Document::parse(text)?;
        Reader(document.root(MAX_ITEMS, MAX_TEXT)).policy()
    }
}

impl From<TomlError> for PolicyError {
    fn from(error: TomlError) -> Self {
        match error {
            TomlError::Syntax { line } => Self::Syntax { line },
            TomlError::UnknownKey {
                line,
                key,
                expected,
            } => Self::UnknownKey {
                line,
                key,
                expected,
            },
            TomlError::Missing { line, key } => Self::Missing { line, key },
            TomlError::Value {
                line,
                key,
                expected,
            } => Self::Value {
                line,
                key,
                expected,
            },
            TomlError::Limit { line, key, limit } => Self::Limit { line, key, limit },
        }
    }
}

/// A table that is read as a part of a policy.
struct Reader<'a>(Table<'a>);

impl<'a> std::ops::Deref for Reader<'a> {
    type Target = Table<'a>;

    fn deref(&self) -> &Table<'a> {
        &self.0
    }
}

impl Reader<'_> {
    fn policy(&self) -> Result<Policy, PolicyError> {
        self.only(
            "preset name no_findings ladder waivers subject file_names require rule partner",
        )?;
        let preset = self
            .parse(
                "preset",
                "one of: hipaa strict tls_exclusive custom",
                |word| {
                    Some(match word {
                        "hipaa" => (Policy::hipaa(), true),
                        "strict" => (Policy::strict(), true),
                        "tls_exclusive" => (Policy::tls_exclusive(), true),
                        "custom" => (Policy::custom("custom"), false),
                        _ => return None,
                    })
                },
            )?
            .ok_or_else(|| self.missing("preset"))?;
        let (mut policy, only_raise) = preset;
        if let Some(name) = self.parse("name", "a text", |s| Some(s.to_owned()))? {
            policy.name = name;
        }
        let sensitivity = "one of: none phi sensitive";
        if let Some(word) = self.parse("no_findings", sensitivity, word)? {
            policy.no_findings = word;
        }
        if let Some(value) = self.value("ladder") {
            let routes: Vec<Route> =
                self.words("ladder", "a list of: tls pgp smime escrow", word)?;
            let given = routes.len();
            policy = policy.ladder(routes);
            if policy.ladder.len() != given {
                return Err(self
                    .bad(value, "ladder", "a list without repetitions")
                    .into());
            }
        }
        if let Some(waivers) = self.flag("waivers")? {
            policy.waivers = waivers;
        }
        self.guard("subject", &mut policy.subject, only_raise)?;
        self.guard("file_names", &mut policy.file_names, only_raise)?;
        if let Some(require) = self.table("require")? {
            require.only("none phi sensitive")?;
            for &sensitivity in Sensitivity::ALL {
                if let Some(table) = require.table(sensitivity.word())? {
                    let row = &mut policy.rows[sensitivity as usize];
                    *row = Reader(table).requirement(row, only_raise)?;
                }
            }
        }
        for table in self.tables("rule")? {
            policy.rules.push(Reader(table).rule()?);
        }
        for table in self.tables("partner")? {
            policy.partners.push(Reader(table).partner()?);
        }
        Ok(policy)
    }

    fn guard(&self, key: &str, guard: &mut Guard, only_raise: bool) -> Result<(), PolicyError> {
        let all = [Guard::Protect, Guard::Neutral, Guard::Refuse];
        let expected = "one of: protect neutral refuse";
        let read = self.parse(key, expected, |s| all.into_iter().find(|g| g.word() == s))?;
        let Some(read) = read else { return Ok(()) };
        if only_raise && read < *guard {
            return Err(self.weaker(key));
        }
        *guard = read;
        Ok(())
    }

    fn weaker(&self, key: &str) -> PolicyError {
        PolicyError::Weaker {
            line: self.line(key),
            key: self.path(key),
        }
    }

    fn requirement(
        &self,
        base: &Requirement,
        only_raise: bool,
    ) -> Result<Requirement, PolicyError> {
        self.only("tls tls_preferred verified_key pinned_key escrow otherwise")?;
        let mut row = *base;
        self.floor("tls", &mut row.tls)?;
        self.floor("tls_preferred", &mut row.tls_preferred)?;
        self.floor("verified_key", &mut row.verified_key)?;
        self.floor("pinned_key", &mut row.pinned_key)?;
        if let Some(escrow) = self.table("escrow")?.map(Reader) {
            escrow.only("p0 p1 p2 p3 p4")?;
            row.escrow = [None; 5];
            for (level, floor) in FactorLevel::ALL.iter().zip(&mut row.escrow) {
                escrow.floor(level.word(), floor)?;
            }
        }
        let otherwise = self.parse("otherwise", "one of: refuse drop", |word| match word {
            "refuse" => Some(Refusal::Refused),
            "drop" => Some(Refusal::Dropped),
            _ => None,
        })?;
        row.otherwise = otherwise.unwrap_or(row.otherwise);
        if only_raise {
            // Whatever the preset does not accept, the row must not accept.
            let joined = row.join(base);
            let own = row.join(&row);
            let weaker = [
                ("tls", own.tls != joined.tls),
                ("tls_preferred", own.tls_preferred != joined.tls_preferred),
                ("verified_key", own.verified_key != joined.verified_key),
                ("pinned_key", own.pinned_key != joined.pinned_key),
                ("escrow", own.escrow != joined.escrow),
                ("otherwise", own.otherwise != joined.otherwise),
            ];
            if let Some((key, _)) = weaker.into_iter().find(|(_, weaker)| *weaker) {
                return Err(self.weaker(key));
            }
        }
        Ok(row)
    }

    fn floor(&self, key: &str, floor: &mut Option<TlsAssurance>) -> Result<(), PolicyError> {
        let expected = "one of: never opportunistic encrypted authenticated anchored";
        let read = self.parse(key, expected, |s| match s {
            NEVER => Some(None),
            _ => s.parse().ok().map(Some),
        })?;
        *floor = read.unwrap_or(*floor);
        Ok(())
    }

    fn rule(&self) -> Result<Rule, PolicyError> {
        self.only(
            "name recipient domain sender sender_domain audience finding category confidence \
             count unscannable marker sensitivity transport factor end_to_end redirect action",
        )?;
        let owned = |s: &str| Some(s.to_owned());
        let marker = |s: &str| Some(super::normal_marker(s)).filter(|m| !m.is_empty());
        let assurance = "one of: opportunistic encrypted authenticated anchored";
        Ok(Rule {
            name: self.parse("name", "a text", owned)?.unwrap_or_default(),
            recipients: self.words("recipient", "a list of addresses", word)?,
            domains: self.words("domain", "a list of domains", word)?,
            senders: self.words("sender", "a list of addresses", word)?,
            sender_domains: self.words("sender_domain", "a list of domains", word)?,
            audiences: self.words("audience", "a list of texts", owned)?,
            kinds: self.words("finding", "a list of kinds of finding", word)?,
            categories: self.words("category", "a list of categories", word)?,
            confidence: self.parse("confidence", "one of: low medium high", word)?,
            count: self.least("count")?,
            unscannable: self.flag("unscannable")?.unwrap_or_default(),
            markers: self.words("marker", "a list of texts that are not empty", marker)?,
            sensitivity: self.parse("sensitivity", "one of: none phi sensitive", word)?,
            transport: self.parse("transport", assurance, word)?,
            factor: self.parse("factor", "one of: p0 p1 p2 p3 p4", word)?,
            end_to_end: self.flag("end_to_end")?.unwrap_or_default(),
            redirect: self.parse(
                "redirect",
                "one of: pgp smime escrow (rules only raise)",
                |s| word(s).filter(|&route| route != Route::Tls),
            )?,
            action: self.parse("action", "one of: hold refuse", |s| match s {
                "hold" => Some(Action::Hold),
                "refuse" => Some(Action::Refuse),
                _ => None,
            })?,
        })
    }

    /// How many findings, which may not be more than are ever read.
    fn least(&self, key: &str) -> Result<Option<u32>, PolicyError> {
        match self.count(key)? {
            Some(count) if count > MAX_COUNT => Err(PolicyError::Limit {
                line: self.line(key),
                key: self.path(key),
                limit: MAX_COUNT as usize,
            }),
            count => Ok(count),
        }
    }

    fn partner(&self) -> Result<Partner, PolicyError> {
        self.only("domain pin ca")?;
        let domain = self
            .parse("domain", "a domain", word)?
            .ok_or_else(|| self.missing("domain"))?;
        let pin = self.parse("pin", "64 hexadecimal digits", |s| {
            let bytes = HEXLOWER_PERMISSIVE.decode(s.as_bytes()).ok()?;
            Some(PartnerIdentity::SpkiSha256(bytes.try_into().ok()?))
        })?;
        let ca = match self.value("ca") {
            None => None,
            Some(value) => {
                let pem = self.text("ca", value, MAX_CA)?;
                let der = certificate(pem)
                    .ok_or_else(|| self.bad(value, "ca", "one certificate in PEM"))?;
                if pin.is_some() {
                    return Err(self
                        .bad(value, "ca", "left out where `pin` is given")
                        .into());
                }
                Some(PartnerIdentity::Ca(der))
            }
        };
        let identity = pin.or(ca).ok_or_else(|| self.missing("pin or ca"))?;
        Ok(Partner::new(domain, identity))
    }
}

/// The DER of one PEM certificate. What it holds is for the TLS room to judge.
fn certificate(pem: &str) -> Option<Vec<u8>> {
    let body = pem.trim().strip_prefix(PEM_BEGIN)?.strip_suffix(PEM_END)?;
    let base64: String = body.split_whitespace().collect();
    let der = STANDARD.decode(base64).ok()?;
    der.starts_with(&[0x30]).then_some(der)
}
