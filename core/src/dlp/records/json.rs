//! JSON with the place of every string in the text, which serde_json does not
//! tell. Lenient: a text that is cut off gives what was read of it.

use std::ops::Range;

use memchr::memchr2;

use super::headers::{Named, Names};
use super::hints::Hints;

/// Deeper values are passed over.
const MAX_DEPTH: usize = 128;
/// Values of one text, so that brackets alone do not fill the memory.
const MAX_VALUES: usize = 1_000_000;
/// Within so many bytes an object among prose names its first key.
const MAX_START: usize = 128;

/// A value, its strings as bytes of the text between their quotes.
pub(super) enum Json {
    Object(Vec<(Range<usize>, Json)>),
    Array(Vec<Json>),
    Text(Range<usize>),
    /// A number, `true`, `false`, `null`.
    Other(Range<usize>),
}

impl Json {
    /// The value of a key, if this is an object that has it.
    pub(super) fn get(&self, text: &str, key: &str) -> Option<&Self> {
        let Self::Object(fields) = self else {
            return None;
        };
        fields
            .iter()
            .find(|(name, _)| text.get(name.clone()) == Some(key))
            .map(|(_, value)| value)
    }

    /// The string of a key, as it is written.
    pub(super) fn str<'t>(&self, text: &'t str, key: &str) -> &'t str {
        match self.get(text, key) {
            Some(Self::Text(range)) => text.get(range.clone()).unwrap_or_default(),
            _ => "",
        }
    }

    /// The elements of an array; anything else is its only element.
    pub(super) fn each(&self) -> &[Self] {
        match self {
            Self::Array(values) => values,
            other => std::slice::from_ref(other),
        }
    }
}

/// Reads values out of a text.
pub(super) struct Parser<'t> {
    text: &'t str,
    at: usize,
    left: usize,
}

impl<'t> Parser<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            text,
            at: 0,
            left: MAX_VALUES,
        }
    }

    /// The next value of the text: where a line starts with a bracket, behind another
    /// value, or an object within a line of prose.
    pub(super) fn next(&mut self) -> Option<Json> {
        loop {
            match self.blank()? {
                b'{' | b'[' => return self.value(),
                _ => self.over_prose(),
            }
        }
    }

    /// On to the next line, or to an object in this one.
    fn over_prose(&mut self) {
        let rest = |at| self.text.as_bytes().get(at..).unwrap_or_default();
        loop {
            let Some(next) = memchr2(b'\n', b'{', rest(self.at)) else {
                self.at = self.text.len();
                return;
            };
            self.at += next;
            if is_object(rest(self.at)) {
                return;
            }
            self.at += 1;
            if rest(self.at - 1).first() == Some(&b'\n') {
                return;
            }
        }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Over blanks, byte order marks and the marks of quoted mail.
    fn blank(&mut self) -> Option<u8> {
        while self.byte().is_some_and(is_blank) {
            self.at += 1;
        }
        self.byte()
    }

    /// The value that starts here, as far as it goes.
    fn value(&mut self) -> Option<Json> {
        self.blank()?;
        self.value_at(0)
    }

    fn value_at(&mut self, depth: usize) -> Option<Json> {
        self.left = self.left.checked_sub(1)?;
        match self.byte()? {
            b'{' | b'[' if depth >= MAX_DEPTH => {
                let start = self.at;
                self.pass_over();
                Some(Json::Other(start..self.at))
            }
            b'{' => Some(Json::Object(self.object(depth))),
            b'[' => Some(Json::Array(self.array(depth))),
            b'"' => self.string().map(Json::Text),
            _ => self.bare().map(Json::Other),
        }
    }

    fn object(&mut self, depth: usize) -> Vec<(Range<usize>, Json)> {
        let mut fields = Vec::new();
        self.at += 1;
        loop {
            match self.blank() {
                Some(b',') => self.at += 1,
                Some(b'"') => {
                    let Some(key) = self.string() else { break };
                    if self.blank() != Some(b':') {
                        break;
                    }
                    self.at += 1;
                    self.blank();
                    let Some(value) = self.value_at(depth + 1) else {
                        break;
                    };
                    fields.push((key, value));
                }
                Some(b'}') => {
                    self.at += 1;
                    break;
                }
                _ => break,
            }
        }
        fields
    }

    fn array(&mut self, depth: usize) -> Vec<Json> {
        let mut values = Vec::new();
        self.at += 1;
        loop {
            match self.blank() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    break;
                }
                Some(_) => {
                    let Some(value) = self.value_at(depth + 1) else {
                        break;
                    };
                    values.push(value);
                }
                None => break,
            }
        }
        values
    }

    /// A string, the place of what is between the quotes. One that is cut off
    /// ends with the text.
    fn string(&mut self) -> Option<Range<usize>> {
        let start = self.at + 1;
        let bytes = self.text.as_bytes();
        let mut at = start;
        loop {
            match bytes.get(at) {
                Some(b'"') | None => break,
                Some(b'\\') => at += 2,
                Some(_) => at += 1,
            }
        }
        let end = at.min(bytes.len());
        self.at = (end + 1).min(bytes.len());
        (start <= end).then_some(start..end)
    }

    fn bare(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        while self
            .byte()
            .is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.'))
        {
            self.at += 1;
        }
        (self.at > start).then_some(start..self.at)
    }

    /// Over a value that is too deep, brackets counted.
    fn pass_over(&mut self) {
        let mut open = 0usize;
        while let Some(byte) = self.byte() {
            match byte {
                b'"' => {
                    self.string();
                    continue;
                }
                b'{' | b'[' => open += 1,
                b'}' | b']' => open -= 1,
                _ => {}
            }
            self.at += 1;
            if open == 0 {
                break;
            }
        }
    }
}

/// What may stand between the signs of JSON in a mail; of a byte order mark and of the
/// blank that pages keep each byte.
fn is_blank(byte: u8) -> bool {
    matches!(
        byte,
        b' ' | b'\t' | b'\r' | b'\n' | b'>' | 0xef | 0xbb | 0xbf | 0xc2 | 0xa0
    )
}

/// Whether a text begins with an object that has a key. A brace alone is often none:
/// `{name}`, `{"so called"}`.
fn is_object(text: &[u8]) -> bool {
    // So that braces before many blanks or a long name cost no more than their length.
    let mut signs = text.iter().take(MAX_START).filter(|b| !is_blank(**b));
    if signs.next() != Some(&b'{') || signs.next() != Some(&b'"') {
        return false;
    }
    signs.by_ref().find(|b| matches!(b, b'"' | b'\\' | b'{')) == Some(&b'"')
        && signs.next() == Some(&b':')
}

/// What the keys of any JSON say of its values, as headers do of columns.
/// Says whether it is the record of a patient.
pub(super) fn by_keys<'j>(
    values: impl IntoIterator<Item = &'j Json>,
    hints: &mut Hints<'_>,
) -> bool {
    let mut keys = Keys {
        text: hints.text(),
        names: Names::default(),
        found: Named::default(),
    };
    for value in values {
        keys.walk("", "", value);
    }
    keys.found.give(hints)
}

struct Keys<'t> {
    text: &'t str,
    names: Names<'t>,
    found: Named,
}

impl<'t> Keys<'t> {
    fn walk(&mut self, under: &'t str, key: &'t str, value: &Json) {
        match value {
            Json::Object(fields) => {
                for (name, value) in fields {
                    let name = self.text.get(name.clone()).unwrap_or_default();
                    self.walk(if key.is_empty() { under } else { key }, name, value);
                }
            }
            Json::Array(values) => {
                for value in values {
                    self.walk(under, key, value);
                }
            }
            Json::Text(range) | Json::Other(range) => {
                let field = self.names.field(under, key);
                self.found.add(self.text, range.clone(), field);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(value: &Json) -> usize {
        match value {
            Json::Object(fields) => fields.iter().map(|(_, v)| 1 + keys(v)).sum(),
            Json::Array(values) => values.iter().map(keys).sum(),
            _ => 0,
        }
    }

    #[test]
    fn values_keep_their_place() {
        let text = r#" {"a": ["x\"y", 1.5, null], "b": {"c": "é"}} "#;
        let value = Parser::new(text).value().unwrap();
        assert_eq!(keys(&value), 3);
        assert_eq!(value.get(text, "b").unwrap().str(text, "c"), "é");
        let Some(Json::Array(list)) = value.get(text, "a") else {
            panic!()
        };
        assert!(matches!(&list[0], Json::Text(r) if &text[r.clone()] == "x\\\"y"));
    }

    #[test]
    fn what_is_cut_off_gives_what_was_read() {
        let text = r#"{"a": "x", "b": {"c": [1, "y"#;
        let value = Parser::new(text).value().unwrap();
        assert_eq!(value.str(text, "a"), "x");
        assert_eq!(keys(&value), 3);
        for end in 0..text.len() {
            Parser::new(&text[..end]).value();
        }
    }

    #[test]
    fn depth_is_bounded() {
        let deep = "[".repeat(1_000_000);
        assert!(Parser::new(&deep).value().is_some());
        let text = format!(
            "{{\"a\": {}{}, \"b\": \"x\"}}",
            "[".repeat(500),
            "]".repeat(500)
        );
        let value = Parser::new(&text).value().unwrap();
        assert_eq!(value.str(&text, "b"), "x");
    }
}
