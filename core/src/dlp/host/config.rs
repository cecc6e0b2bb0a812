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
//! ```

use std::str::FromStr;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::HostKnowledge;
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
    /// `[[pattern]]`, `[[dictionary]]` and `[[allow]]`.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line and key.
    pub fn from_toml(text: &str) -> Result<Self, HostError> {
        if text.len() > MAX_BYTES {
            return Err(HostError::TooLong { limit: MAX_BYTES });
        }
        let root = DeTable::parse(text).map_err(|e| HostError::Syntax {
            line: line_of(text, e.span().map_or(0, |s| s.start)),
        })?;
        let root = Table {
            text,
            path: String::new(),
            start: 0,
            entries: root.get_ref(),
        };
        root.only("pattern dictionary allow")?;
        let mut host = Self::new();
        for table in root.tables("pattern")? {
            host = table.pattern(host)?;
        }
        for table in root.tables("dictionary")? {
            host = table.dictionary(host)?;
        }
        for table in root.tables("allow")? {
            host = table.allow(host)?;
        }
        Ok(host)
    }
}

fn line_of(text: &str, at: usize) -> usize {
    let before = text.as_bytes().iter().take(at);
    before.filter(|&&byte| byte == b'\n').count() + 1
}

type Value<'a> = Spanned<DeValue<'a>>;

/// One table of the text, with its place.
struct Table<'a> {
    text: &'a str,
    path: String,
    start: usize,
    entries: &'a DeTable<'a>,
}

impl<'a> Table<'a> {
    fn key(&self, key: &str) -> String {
        format!("{}{key}", self.path)
    }

    fn bad(&self, value: &Value<'_>, key: &str, expected: &'static str) -> HostError {
        HostError::Value {
            line: line_of(self.text, value.span().start),
            key: self.key(key),
            expected,
        }
    }

    fn only(&self, expected: &'static str) -> Result<(), HostError> {
        for key in self.entries.keys() {
            let name = key.get_ref();
            if expected.split(' ').any(|known| known == name) {
                continue;
            }
            let plain = name.len() <= 40
                && name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
            return Err(HostError::UnknownKey {
                line: line_of(self.text, key.span().start),
                key: self.key(if plain { name.as_ref() } else { "(…)" }),
                expected,
            });
        }
        Ok(())
    }

    fn need(&self, key: &str) -> Result<&'a Value<'a>, HostError> {
        self.entries.get(key).ok_or_else(|| HostError::Missing {
            line: line_of(self.text, self.start),
            key: self.key(key),
        })
    }

    fn list(&self, value: &'a Value<'a>, key: &str) -> Result<&'a [Value<'a>], HostError> {
        let list = value.get_ref().as_array();
        list.map(|list| &**list)
            .ok_or_else(|| self.bad(value, key, "a list"))
    }

    fn tables(&self, key: &str) -> Result<Vec<Table<'a>>, HostError> {
        let Some(value) = self.entries.get(key) else {
            return Ok(Vec::new());
        };
        let table = |(n, item): (usize, &'a Value<'a>)| {
            let entries = item.get_ref().as_table();
            Ok(Table {
                text: self.text,
                path: format!("{key}[{n}]."),
                start: item.span().start,
                entries: entries.ok_or_else(|| self.bad(item, key, "a table"))?,
            })
        };
        (1..).zip(self.list(value, key)?).map(table).collect()
    }

    fn word<T: FromStr>(
        &self,
        value: &Value<'_>,
        key: &str,
        expected: &'static str,
    ) -> Result<T, HostError> {
        let text = value.get_ref().as_str();
        text.and_then(|t| t.parse().ok())
            .ok_or_else(|| self.bad(value, key, expected))
    }

    fn meaning(&self) -> Result<(FindingKind, Confidence, Option<Category>), HostError> {
        let kind = self.word(self.need("kind")?, "kind", KINDS)?;
        let confidence = match self.entries.get("confidence") {
            Some(value) => self.word(value, "confidence", "one of: high medium low")?,
            None => Confidence::High,
        };
        let category = match self.entries.get("category") {
            Some(value) => Some(self.word(value, "category", CATEGORIES)?),
            None => None,
        };
        Ok((kind, confidence, category))
    }

    /// What a rule of the builder says, at its place.
    fn at<T>(
        &self,
        value: &Value<'_>,
        key: &str,
        result: Result<T, HostError>,
    ) -> Result<T, HostError> {
        result.map_err(|error| match error {
            HostError::Rule { what } => self.bad(value, key, what),
            other => other,
        })
    }

    fn pattern(&self, host: HostKnowledge) -> Result<HostKnowledge, HostError> {
        self.only("kind regex confidence category")?;
        let (kind, confidence, category) = self.meaning()?;
        let value = self.need("regex")?;
        let text = value.get_ref().as_str();
        let text = text.ok_or_else(|| self.bad(value, "regex", "a text"))?;
        self.at(
            value,
            "regex",
            host.pattern(kind, confidence, category, text),
        )
    }

    fn dictionary(&self, mut host: HostKnowledge) -> Result<HostKnowledge, HostError> {
        self.only("kind terms confidence category")?;
        let (kind, confidence, category) = self.meaning()?;
        for value in self.list(self.need("terms")?, "terms")? {
            let text = value.get_ref().as_str();
            let text = text.ok_or_else(|| self.bad(value, "terms", "a list of texts"))?;
            let added = host.terms(kind, confidence, category, [text]);
            host = self.at(value, "terms", added)?;
        }
        Ok(host)
    }

    fn allow(&self, mut host: HostKnowledge) -> Result<HostKnowledge, HostError> {
        self.only("kinds values")?;
        let kinds: Vec<Option<FindingKind>> = match self.entries.get("kinds") {
            None => vec![None],
            Some(value) => self
                .list(value, "kinds")?
                .iter()
                .map(|item| self.word(item, "kinds", KINDS).map(Some))
                .collect::<Result<_, _>>()?,
        };
        for value in self.list(self.need("values")?, "values")? {
            let text = value.get_ref().as_str();
            let text = text.ok_or_else(|| self.bad(value, "values", "a list of texts"))?;
            for kind in &kinds {
                let added = host.allow(*kind, text);
                host = self.at(value, "values", added)?;
            }
        }
        Ok(host)
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
                "line 2: unknown key `rule`; expected one of: pattern dictionary allow",
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
