//! The host's knowledge as TOML.
//!
//! ```toml
//! [[pattern]]
//! kind = "mrn"                 # a finding's kind
//! regex = "HK[0-9]{7}"
//! confidence = "high"          # high | medium | low; high where left out
//! category = "reproductive"    # optional
//!
//! [[dictionary]]
//! kind = "facility"
//! terms = ["Harbor Kidney Center"]
//! # confidence, category as above
//!
//! [[allow]]
//! kinds = ["phone", "fax"]     # any but the shielded ones where left out
//! values = ["(270) 555-0100"]
//!
//! [[known_file]]               # the logo of our signatures
//! sha256 = "<64 hexadecimal digits>"
//! ```

use data_encoding::HEXLOWER_PERMISSIVE;

use super::HostKnowledge;
use crate::base::toml::{Document, Table, TomlError, Value, word};
use crate::dlp::{Category, Confidence, FindingKind};

const MAX_BYTES: usize = 16 << 20;

/// Why something is no knowledge of the host's. Values are not repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// The text is too long.
    #[error("the host's knowledge is longer than {limit} bytes")]
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
    /// A key that is not known there.
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
    /// A value that may not stand there.
    #[error("line {line}: `{key}` must be {expected}")]
    Value {
        /// Where.
        line: usize,
        /// The key.
        key: String,
        /// What may stand there.
        expected: &'static str,
    },
    /// A pattern, term or value given in code.
    #[error("expected {what}")]
    Rule {
        /// What was expected.
        what: &'static str,
    },
}

impl HostError {
    /// A stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "host.too_long",
            Self::Syntax { .. } => "host.syntax",
            Self::UnknownKey { .. } => "host.unknown_key",
            Self::Missing { .. } => "host.missing",
            Self::Value { .. } => "host.value",
            Self::Rule { .. } => "host.rule",
        }
    }
}

impl HostKnowledge {
    /// Reads what is described in the module's documentation: tables
    /// `[[pattern]]`, `[[dictionary]]`, `[[allow]]` and `[[known_file]]`.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line and key.
    pub fn from_toml(text: &str) -> Result<Self, HostError> {
        if text.len() > MAX_BYTES {
            return Err(HostError::TooLong { limit: MAX_BYTES });
        }
        let document = Document::parse(text)?;
        let root = document.root(MAX_BYTES, MAX_BYTES);
        root.only("pattern dictionary allow known_file")?;
        let mut host = Self::new();
        for table in root.tables("pattern")? {
            host = Reader(table).pattern(host)?;
        }
        for table in root.tables("dictionary")? {
            host = Reader(table).dictionary(host)?;
        }
        for table in root.tables("allow")? {
            host = Reader(table).allow(host)?;
        }
        for table in root.tables("known_file")? {
            host = Reader(table).known_file(host)?;
        }
        Ok(host)
    }
}

impl From<TomlError> for HostError {
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
            // No list or text is longer than all.
            TomlError::Limit { limit, .. } => Self::TooLong { limit },
        }
    }
}

/// A table that is read as a part of the host's knowledge.
struct Reader<'a>(Table<'a>);

impl<'a> std::ops::Deref for Reader<'a> {
    type Target = Table<'a>;

    fn deref(&self) -> &Table<'a> {
        &self.0
    }
}

impl<'a> Reader<'a> {
    fn meaning(&self) -> Result<(FindingKind, Confidence, Option<Category>), HostError> {
        let kind = self.parse("kind", KINDS, word)?;
        let kind = kind.ok_or_else(|| self.missing("kind"))?;
        let confidence = self.parse("confidence", "one of: high medium low", word)?;
        let category = self.parse("category", CATEGORIES, word)?;
        Ok((kind, confidence.unwrap_or(Confidence::High), category))
    }

    /// The texts of a list that must be there.
    fn texts(&self, key: &str) -> Result<Vec<(&'a Value<'a>, &'a str)>, HostError> {
        self.need(key)?;
        let text = |value: &'a Value<'a>| Ok((value, self.text(key, value, MAX_BYTES)?));
        self.items(key)?.iter().map(text).collect()
    }

    /// What a rule of the builder says, at its place.
    fn at<T>(
        &self,
        value: &Value<'_>,
        key: &str,
        result: Result<T, HostError>,
    ) -> Result<T, HostError> {
        result.map_err(|error| match error {
            HostError::Rule { what } => self.bad(value, key, what).into(),
            other => other,
        })
    }

    fn pattern(&self, host: HostKnowledge) -> Result<HostKnowledge, HostError> {
        self.only("kind regex confidence category")?;
        let (kind, confidence, category) = self.meaning()?;
        let value = self.need("regex")?;
        let text = self.text("regex", value, MAX_BYTES)?;
        self.at(
            value,
            "regex",
            host.pattern(kind, confidence, category, text),
        )
    }

    fn dictionary(&self, mut host: HostKnowledge) -> Result<HostKnowledge, HostError> {
        self.only("kind terms confidence category")?;
        let (kind, confidence, category) = self.meaning()?;
        for (value, text) in self.texts("terms")? {
            let added = host.terms(kind, confidence, category, [text]);
            host = self.at(value, "terms", added)?;
        }
        Ok(host)
    }

    fn allow(&self, mut host: HostKnowledge) -> Result<HostKnowledge, HostError> {
        self.only("kinds values")?;
        let kinds: Vec<Option<FindingKind>> = match self.value("kinds") {
            None => vec![None],
            Some(_) => self.words("kinds", KINDS, |s| word(s).map(Some))?,
        };
        for (value, text) in self.texts("values")? {
            for kind in &kinds {
                let added = host.allow(*kind, text);
                host = self.at(value, "values", added)?;
            }
        }
        Ok(host)
    }

    fn known_file(&self, host: HostKnowledge) -> Result<HostKnowledge, HostError> {
        self.only("sha256")?;
        let value = self.need("sha256")?;
        let digest = self.parse("sha256", "64 hexadecimal digits", |s| {
            let bytes = HEXLOWER_PERMISSIVE.decode(s.as_bytes()).ok()?;
            bytes.try_into().ok()
        })?;
        let digest = digest.ok_or_else(|| self.missing("sha256"))?;
        self.at(value, "sha256", host.known_file(digest))
    }
}

const KINDS: &str = "a kind of finding, such as mrn, phone, name, facility, condition";
const CATEGORIES: &str = "one of: mental_health substance_use sti_hiv reproductive genetic abuse";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_line_and_key_and_no_value() {
        for (text, error) in [
            ("x = [", "line 1: not valid TOML"),
            (
                "\nrule = 1",
                "line 2: unknown key `rule`; expected one of: pattern dictionary allow known_file",
            ),
            (
                "[[pattern]]\nregex = \"a\"",
                "line 1: `pattern[1].kind` is missing",
            ),
            (
                "[[pattern]]\nkind = \"mrn\"\nregex = \"(\"",
                "line 3: `pattern[1].regex` must be a regular expression of the regex crate, on ASCII and small",
            ),
            (
                "[[allow]]\nvalues = [\n \"a\",\n \" \"]",
                "line 4: `allow[1].values` must be a value of 1 to 256 bytes, one of 200000 at most",
            ),
            (
                "[[allow]]\nkinds = [\"x\"]\nvalues = []",
                "line 2: `allow[1].kinds` must be a kind of finding, such as mrn, phone, name, facility, condition",
            ),
            (
                "[[dictionary]]\nkind = \"name\"\nterms = \"Pat\"",
                "line 3: `dictionary[1].terms` must be a list",
            ),
            (
                "[[known_file]]",
                "line 1: `known_file[1].sha256` is missing",
            ),
            (
                "[[known_file]]\nsha256 = \"ab\"",
                "line 2: `known_file[1].sha256` must be 64 hexadecimal digits",
            ),
            ("allow = 3", "line 1: `allow` must be a list"),
        ] {
            assert_eq!(
                HostKnowledge::from_toml(text).unwrap_err().to_string(),
                error
            );
        }
        let long = " ".repeat(MAX_BYTES + 1);
        assert_eq!(
            HostKnowledge::from_toml(&long).unwrap_err().code(),
            "host.too_long"
        );
    }
}
