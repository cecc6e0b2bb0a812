//! Tags and text of an XML document with their place. Lenient: documents that
//! are cut off or not well-formed give what can be read. DTDs and processing
//! instructions are passed over, so no entity is ever expanded.

use std::ops::Range;

/// More attributes of one tag are passed over.
const MAX_ATTRIBUTES: usize = 64;

/// What stands next in a document.
pub(super) enum Event {
    /// A start tag.
    Start(Tag),
    /// An end tag and its name.
    End(Range<usize>),
    /// Text between tags.
    Text(Range<usize>),
}

/// A start tag.
pub(super) struct Tag {
    /// Its name without a prefix.
    pub(super) name: Range<usize>,
    /// Names without prefixes, and values without quotes.
    pub(super) attributes: Vec<(Range<usize>, Range<usize>)>,
    /// Whether it is its own end.
    pub(super) empty: bool,
}

impl Tag {
    /// The place of an attribute's value.
    pub(super) fn attribute(&self, text: &str, name: &str) -> Option<Range<usize>> {
        self.attributes
            .iter()
            .find(|(attribute, _)| text.get(attribute.clone()) == Some(name))
            .map(|(_, value)| value.clone())
    }

    /// The value of an attribute.
    pub(super) fn str<'t>(&self, text: &'t str, name: &str) -> &'t str {
        self.attribute(text, name)
            .and_then(|range| text.get(range))
            .unwrap_or_default()
    }
}

/// Reads a document from front to back, each byte once.
pub(super) struct Scanner<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Scanner<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    fn bytes(&self) -> &'t [u8] {
        self.text.as_bytes()
    }

    fn byte(&self) -> Option<u8> {
        self.bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'t [u8] {
        self.bytes().get(self.at..).unwrap_or_default()
    }

    /// Moves behind `mark`, or to the end; gives what stands before it.
    fn until(&mut self, mark: &str) -> Range<usize> {
        let start = self.at;
        let found = self.text.get(start..).and_then(|rest| rest.find(mark));
        let end = found.map_or(self.bytes().len(), |n| start + n);
        self.at = (end + mark.len()).min(self.bytes().len());
        start..end
    }

    fn name(&mut self) -> Range<usize> {
        let mut start = self.at;
        while let Some(byte) = self.byte() {
            match byte {
                b':' => start = self.at + 1,
                b if b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.') || b >= 0x80 => {}
                _ => break,
            }
            self.at += 1;
        }
        start..self.at
    }

    fn blank(&mut self) {
        while self.byte().is_some_and(|b| b.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn doctype(&mut self) {
        let mut inside = false;
        while let Some(byte) = self.byte() {
            self.at += 1;
            match byte {
                b'[' => inside = true,
                b']' => inside = false,
                b'>' if !inside => break,
                _ => {}
            }
        }
    }

    fn tag(&mut self) -> Tag {
        let name = self.name();
        let mut attributes = Vec::new();
        let mut empty = false;
        loop {
            self.blank();
            match self.byte() {
                // The next tag: this one was never closed.
                None | Some(b'<') => break,
                Some(b'>') => {
                    self.at += 1;
                    break;
                }
                Some(b'/') => {
                    empty = true;
                    self.at += 1;
                }
                Some(b'=') => {
                    self.at += 1;
                    self.blank();
                    let value = self.value();
                    if let Some((_, last)) = attributes.last_mut() {
                        *last = value;
                    }
                }
                Some(_) => {
                    empty = false;
                    let before = self.at;
                    let name = self.name();
                    if self.at == before {
                        self.at += 1;
                    } else if attributes.len() < MAX_ATTRIBUTES {
                        let none = name.end..name.end;
                        attributes.push((name, none));
                    }
                }
            }
        }
        Tag {
            name,
            attributes,
            empty,
        }
    }

    /// The value of an attribute. `<` never stands in one.
    fn value(&mut self) -> Range<usize> {
        let quote = self.byte().filter(|b| matches!(b, b'"' | b'\''));
        if quote.is_some() {
            self.at += 1;
        }
        let start = self.at;
        while let Some(byte) = self.byte() {
            let ends = match quote {
                Some(quote) => byte == quote || byte == b'<',
                None => byte.is_ascii_whitespace() || matches!(byte, b'>' | b'<' | b'/'),
            };
            if ends {
                break;
            }
            self.at += 1;
        }
        let value = start..self.at;
        if quote.is_some() && self.byte() == quote {
            self.at += 1;
        }
        value
    }
}

impl Iterator for Scanner<'_> {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        loop {
            let rest = self.rest();
            if *rest.first()? != b'<' {
                let length = rest.iter().position(|b| *b == b'<').unwrap_or(rest.len());
                let start = self.at;
                self.at += length;
                return Some(Event::Text(start..self.at));
            }
            if rest.starts_with(b"<!--") {
                self.at += 4;
                self.until("-->");
            } else if rest.starts_with(b"<![CDATA[") {
                self.at += 9;
                return Some(Event::Text(self.until("]]>")));
            } else if rest.starts_with(b"<?") {
                self.until("?>");
            } else if rest.starts_with(b"<!") {
                self.doctype();
            } else if rest.starts_with(b"</") {
                self.at += 2;
                let name = self.name();
                self.until(">");
                return Some(Event::End(name));
            } else if rest
                .get(1)
                .is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_' || *b >= 0x80)
            {
                self.at += 1;
                return Some(Event::Start(self.tag()));
            } else {
                // A lone `<`.
                self.at += 1;
                return Some(Event::Text(self.at - 1..self.at));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let of = |range: &Range<usize>| text[range.clone()].to_owned();
        Scanner::new(text)
            .map(|event| match event {
                Event::Start(tag) => {
                    let list: Vec<String> = tag
                        .attributes
                        .iter()
                        .map(|(n, v)| format!("{}={}", of(n), of(v)))
                        .collect();
                    format!(
                        "<{} {}{}",
                        of(&tag.name),
                        list.join(" "),
                        if tag.empty { "/" } else { "" }
                    )
                }
                Event::End(name) => format!("/{}", of(&name)),
                Event::Text(range) => of(&range),
            })
            .collect()
    }

    #[test]
    fn tags_attributes_and_text() {
        assert_eq!(
            shown(
                "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b \"c\">]><x:a b='1>2' y:c = \"d\"><!-- <z> -->t<e f/></x:a>"
            ),
            ["<a b=1>2 c=d", "t", "<e f=/", "/a"]
        );
        assert_eq!(shown("<a><![CDATA[<b>]]></a>"), ["<a ", "<b>", "/a"]);
    }

    #[test]
    fn broken_documents_are_read_on() {
        assert_eq!(shown("<a b='1<c>t"), ["<a b=1", "<c ", "t"]);
        assert_eq!(shown("a < b"), ["a ", "<", " b"]);
        assert_eq!(shown("<a><!-- never"), ["<a "]);
        assert_eq!(shown("</a"), ["/a"]);
        for text in [
            "<",
            "</",
            "<!",
            "<?",
            "<![CDATA[",
            "<a b=",
            "<a b=\"",
            "<é ü='ö",
        ] {
            shown(text);
        }
    }
}
