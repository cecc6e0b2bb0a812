//! XML (1.0) as a stream of tags and text.
//!
//! No document type is read and no entity known but the five of XML itself
//! and the numeric ones, so nothing expands; a document that declares others is
//! malformed. Elements and attributes go by
//! their local names: the transitional and the strict form of a format differ
//! in nothing but namespaces.

use super::walk::Walk;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// What stands next in a document.
pub(super) enum Node<'a> {
    /// A start tag. An empty element has an end tag too.
    Start(Tag<'a>),
    /// An end tag, by its local name.
    End(String),
    /// A stretch of text.
    Text(String),
}

/// A start tag.
pub(super) struct Tag<'a>(BytesStart<'a>);

impl Tag<'_> {
    /// The name without its prefix.
    pub(super) fn name(&self) -> &str {
        local(self.0.name().into_inner())
    }

    /// Attributes, in order: local names and values.
    pub(super) fn attributes(&self) -> impl Iterator<Item = (&str, String)> {
        let mut attributes = self.0.attributes();
        // Whether a name stands twice matters to nobody here.
        attributes.with_checks(false);
        attributes
            .filter_map(Result::ok)
            // Addresses of vocabularies.
            .filter(|a| !a.key.into_inner().starts_with("xmlns"))
            .map(|a| (local(a.key.into_inner()), unescape(&a.value)))
    }

    /// The value of an attribute.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        self.attributes().find(|(n, _)| *n == name).map(|(_, v)| v)
    }
}

/// A document being read.
pub(super) struct Xml<'a> {
    reader: Reader<&'a [u8]>,
    open: usize,
    /// What stood in comments so far, which no program shows.
    comments: String,
    /// Whether the document was cut off or is not well formed.
    broken: bool,
}

impl<'a> Xml<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let mut reader = Reader::from_str(text);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        config.allow_dangling_amp = true;
        Self {
            reader,
            open: 0,
            comments: String::new(),
            broken: false,
        }
    }

    /// Gives out the comments that were met, and tells whether it was read whole.
    pub(super) fn finish(self, walk: &mut Walk<'_>) {
        if self.comments.contains(char::is_alphanumeric) {
            walk.inside("comments", self.comments);
        }
        if self.broken {
            walk.fail("malformed");
        }
    }

    /// The next tag or text; `None` at the end.
    pub(super) fn next(&mut self) -> Option<Node<'a>> {
        loop {
            match self.reader.read_event() {
                Ok(Event::Start(tag)) => {
                    self.open += 1;
                    return Some(Node::Start(Tag(tag)));
                }
                Ok(Event::End(tag)) => {
                    self.broken |= self.open == 0;
                    self.open = self.open.saturating_sub(1);
                    return Some(Node::End(local(tag.name().into_inner()).to_owned()));
                }
                Ok(Event::Text(text)) => return Some(Node::Text(text.into_inner().into_owned())),
                Ok(Event::CData(text)) => return Some(Node::Text(text.into_inner().into_owned())),
                Ok(Event::GeneralRef(name)) => {
                    return Some(Node::Text(reference(&name.into_inner()).to_string()));
                }
                Ok(Event::Eof) => {
                    self.broken |= self.open > 0;
                    return None;
                }
                Ok(Event::Comment(text)) => {
                    self.comments.push_str(&text.into_inner());
                    self.comments.push('\n');
                }
                // Entities of its own hold text that is not read.
                Ok(Event::DocType(text)) => {
                    self.broken |= text.into_inner().contains("<!ENTITY");
                }
                Ok(_) => {}
                Err(_) => {
                    self.broken = true;
                    return None;
                }
            }
        }
    }
}

fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

/// The character that `&name;` stands for.
fn reference(name: &str) -> char {
    let number = |digits: &str, radix| {
        u32::from_str_radix(digits, radix)
            .ok()
            .and_then(char::from_u32)
    };
    let c = match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => match name.strip_prefix('#') {
            Some(digits) => match digits.strip_prefix(['x', 'X']) {
                Some(hex) => number(hex, 16),
                None => number(digits, 10),
            },
            None => None,
        },
    };
    c.unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn unescape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        // The longest reference is `&#1114111;`, but for zeros before its digits.
        match after.char_indices().take(64).find(|(_, c)| *c == ';') {
            Some((end, _)) => {
                out.push(reference(after.get(..end).unwrap_or_default()));
                rest = after.get(end + 1..).unwrap_or_default();
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}
