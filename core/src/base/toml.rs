//! TOML read table by table, for errors that name line and key and no value.
//!
//! **In**: a text, and the keys and words that a room expects. **Out**: values,
//! or the first [`TomlError`], which the room makes its own.

use std::str::FromStr;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What is wrong with a text, with the line (from 1) and the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TomlError {
    /// It is not TOML.
    Syntax { line: usize },
    /// A key that is not known there; `(…)` where it is no plain word.
    UnknownKey {
        line: usize,
        key: String,
        expected: &'static str,
    },
    /// A key is missing in the table that begins in the line.
    Missing { line: usize, key: String },
    /// A value that may not stand there.
    Value {
        line: usize,
        key: String,
        expected: &'static str,
    },
    /// Too many or too long.
    Limit {
        line: usize,
        key: String,
        limit: usize,
    },
}

/// A value with its place.
pub(crate) type Value<'a> = Spanned<DeValue<'a>>;

/// A text that is TOML.
pub(crate) struct Document<'a> {
    text: &'a str,
    root: Spanned<DeTable<'a>>,
}

impl<'a> Document<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, TomlError> {
        let root = DeTable::parse(text).map_err(|e| TomlError::Syntax {
            line: line_of(text, e.span().map_or(0, |span| span.start)),
        })?;
        Ok(Self { text, root })
    }

    /// Its outermost table; no list in it has more than `items`, no text that
    /// has no limit of its own more than `length` bytes.
    pub(crate) fn root(&self, items: usize, length: usize) -> Table<'_> {
        Table {
            text: self.text,
            path: String::new(),
            start: 0,
            entries: self.root.get_ref(),
            items,
            length,
        }
    }
}

fn line_of(text: &str, at: usize) -> usize {
    let before = text.as_bytes().iter().take(at);
    before.filter(|&&byte| byte == b'\n').count() + 1
}

/// One table of the text, with its place.
pub(crate) struct Table<'a> {
    text: &'a str,
    path: String,
    start: usize,
    entries: &'a DeTable<'a>,
    items: usize,
    length: usize,
}

impl<'a> Table<'a> {
    /// A key of this table with the way to it: `rule[2].name`.
    pub(crate) fn path(&self, key: &str) -> String {
        format!("{}{key}", self.path)
    }

    /// The line of a key's value, or of the table where there is none.
    pub(crate) fn line(&self, key: &str) -> usize {
        let at = self.value(key).map_or(self.start, |v| v.span().start);
        line_of(self.text, at)
    }

    /// That a value is not what may stand there.
    pub(crate) fn bad(&self, value: &Value<'_>, key: &str, expected: &'static str) -> TomlError {
        TomlError::Value {
            line: line_of(self.text, value.span().start),
            key: self.path(key),
            expected,
        }
    }

    fn over(&self, value: &Value<'_>, key: &str, limit: usize) -> TomlError {
        TomlError::Limit {
            line: line_of(self.text, value.span().start),
            key: self.path(key),
            limit,
        }
    }

    /// That a key is missing.
    pub(crate) fn missing(&self, key: &str) -> TomlError {
        TomlError::Missing {
            line: line_of(self.text, self.start),
            key: self.path(key),
        }
    }

    /// Refuses keys that are not in `expected`, a list parted by spaces.
    pub(crate) fn only(&self, expected: &'static str) -> Result<(), TomlError> {
        for key in self.entries.keys() {
            let name = key.get_ref();
            if expected.split(' ').any(|known| known == name) {
                continue;
            }
            // A quoted key may hold anything, an address too.
            let plain = name.len() <= 40
                && name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
            return Err(TomlError::UnknownKey {
                line: line_of(self.text, key.span().start),
                key: self.path(if plain { name.as_ref() } else { "(…)" }),
                expected,
            });
        }
        Ok(())
    }

    pub(crate) fn value(&self, key: &str) -> Option<&'a Value<'a>> {
        self.entries.get(key)
    }

    pub(crate) fn need(&self, key: &str) -> Result<&'a Value<'a>, TomlError> {
        self.value(key).ok_or_else(|| self.missing(key))
    }

    /// A value that is a text of at most so many bytes.
    pub(crate) fn text(
        &self,
        key: &str,
        value: &'a Value<'a>,
        limit: usize,
    ) -> Result<&'a str, TomlError> {
        let text = value.get_ref().as_str();
        let text = text.ok_or_else(|| self.bad(value, key, "a text"))?;
        match text.len() > limit {
            true => Err(self.over(value, key, limit)),
            false => Ok(text),
        }
    }

    /// A text that `parse` understands; `None` where the key is left out.
    pub(crate) fn parse<T>(
        &self,
        key: &str,
        expected: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, TomlError> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        let text = self.text(key, value, self.length)?;
        let parsed = parse(text).ok_or_else(|| self.bad(value, key, expected))?;
        Ok(Some(parsed))
    }

    pub(crate) fn flag(&self, key: &str) -> Result<Option<bool>, TomlError> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        let flag = value.get_ref().as_bool();
        let flag = flag.ok_or_else(|| self.bad(value, key, "true or false"))?;
        Ok(Some(flag))
    }

    pub(crate) fn count(&self, key: &str) -> Result<Option<u32>, TomlError> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        let count = value.get_ref().as_integer().and_then(|number| {
            // The digits as they stand, without sign, in their base.
            u32::from_str_radix(number.as_str(), number.radix()).ok()
        });
        let count = count.filter(|&count| count > 0);
        let count = count.ok_or_else(|| self.bad(value, key, "a whole number from 1 on"))?;
        Ok(Some(count))
    }

    /// The items of a list; none where the key is left out.
    pub(crate) fn items(&self, key: &str) -> Result<&'a [Value<'a>], TomlError> {
        let Some(value) = self.value(key) else {
            return Ok(&[]);
        };
        let items = value.get_ref().as_array();
        let items = items.ok_or_else(|| self.bad(value, key, "a list"))?;
        match items.len() > self.items {
            true => Err(self.over(value, key, self.items)),
            false => Ok(items),
        }
    }

    /// The texts of a list, as `parse` understands them.
    pub(crate) fn words<T>(
        &self,
        key: &str,
        expected: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<T>, TomlError> {
        let read = |item: &'a Value<'a>| {
            let text = self.text(key, item, self.length)?;
            parse(text).ok_or_else(|| self.bad(item, key, expected))
        };
        self.items(key)?.iter().map(read).collect()
    }

    /// A table within this one.
    pub(crate) fn table(&self, key: &str) -> Result<Option<Table<'a>>, TomlError> {
        let inside = |value| self.as_table(key, self.path(&format!("{key}.")), value);
        self.value(key).map(inside).transpose()
    }

    /// The tables of a list of tables.
    pub(crate) fn tables(&self, key: &str) -> Result<Vec<Table<'a>>, TomlError> {
        let table = |(n, item): (usize, &'a Value<'a>)| {
            self.as_table(key, self.path(&format!("{key}[{n}].")), item)
        };
        (1..).zip(self.items(key)?).map(table).collect()
    }

    fn as_table(
        &self,
        key: &str,
        path: String,
        value: &'a Value<'a>,
    ) -> Result<Table<'a>, TomlError> {
        let entries = value.get_ref().as_table();
        Ok(Table {
            text: self.text,
            path,
            start: value.span().start,
            entries: entries.ok_or_else(|| self.bad(value, key, "a table"))?,
            items: self.items,
            length: self.length,
        })
    }
}

/// A text as one of the words of a type.
pub(crate) fn word<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_out_and_errors_name_line_and_key() {
        let document =
            Document::parse("a = true\nb = 0x1f\n[t]\nc = [\"x\", \"y\"]\n[[l]]\n[[l]]\nd = 1\n");
        let document = document.unwrap();
        let root = document.root(2, 3);
        root.only("a b t l").unwrap();
        assert_eq!(root.flag("a"), Ok(Some(true)));
        assert_eq!(root.count("b"), Ok(Some(31)));
        assert_eq!(root.flag("x"), Ok(None));
        let table = root.table("t").unwrap().unwrap();
        let letters = table.words("c", "letters", |s| s.chars().next());
        assert_eq!(letters, Ok(vec!['x', 'y']));
        let list = root.tables("l").unwrap();
        assert_eq!((list[1].path("d"), list[1].line("d")), ("l[2].d".into(), 7));
        assert_eq!(
            list[1].parse("d", "a word", |_| Some(())),
            Err(TomlError::Value {
                line: 7,
                key: "l[2].d".into(),
                expected: "a text"
            })
        );
        assert_eq!(
            list[0].need("d").map(|_| ()),
            Err(TomlError::Missing {
                line: 5,
                key: "l[1].d".into()
            })
        );
        let limit = |limit| TomlError::Limit {
            line: 4,
            key: "t.c".into(),
            limit,
        };
        let few = document.root(1, 3).table("t").unwrap().unwrap();
        assert_eq!(few.items("c").map(|_| ()), Err(limit(1)));
        let short = document.root(2, 0).table("t").unwrap().unwrap();
        assert_eq!(short.words("c", "", |_| Some(())), Err(limit(0)));
        let syntax = Document::parse("a = 1\nb =").map(|_| ());
        assert_eq!(syntax, Err(TomlError::Syntax { line: 2 }));
        let quoted = Document::parse("\"a b@x\" = 1").unwrap();
        assert_eq!(
            quoted.root(1, 1).only("a"),
            Err(TomlError::UnknownKey {
                line: 1,
                key: "(…)".into(),
                expected: "a"
            })
        );
    }
}
