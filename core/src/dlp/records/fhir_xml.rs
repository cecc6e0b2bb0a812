//! FHIR as XML (R4, section 2.6.1): the values that its JSON has, which `fhir` reads.
//!
//! An element is a field; its attribute `value` is a string, which is what the
//! element says; elements in it are the fields of an object. Elements are told by
//! their namespace, so that a resource is one in whatever it stands: another
//! document, a mail.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memchr;
use memchr::memmem::{self, Finder};

use super::json::Json;
use super::xml::{Event, Scanner, Tag};
use super::{BLANKS, Record, fhir};
use crate::dlp::extract::Form;
use crate::dlp::view::decoded;

/// The namespace of all its elements.
const NAMESPACE: &str = "http://hl7.org/fhir";
/// Deeper elements are passed over.
const MAX_DEPTH: usize = 128;
/// Elements of one text.
const MAX_ELEMENTS: usize = 1_000_000;
/// Declarations around one place; more are passed over.
const MAX_PREFIXES: usize = 64;
/// Longer than the namespace is, however it is written.
const MAX_WRITTEN: usize = 512;

static DECLARED: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(NAMESPACE));

/// What the resources in a text tell.
pub(super) fn read(text: &str) -> Option<Record> {
    // A sign is found faster than a word.
    memchr(b'<', text.as_bytes())?;
    if DECLARED.find(text.as_bytes()).is_none() {
        // Its characters may be written as references, the name of the attribute not.
        memmem::find(text.as_bytes(), b"&#")?;
        memmem::find(text.as_bytes(), b"xmlns")?;
    }
    let mut tree = Tree::new(text);
    for event in Scanner::new(text) {
        match event {
            Event::Start(tag) => tree.start(tag),
            Event::End(name) => tree.end(text.get(name).unwrap_or_default()),
            // Values stand in attributes; running text is the detectors'.
            Event::Text(_) => {}
        }
    }
    let record = fhir::of_xml(text, &tree.finish())?;
    Some(Record {
        form: match text.trim_start_matches(BLANKS).starts_with('<') {
            true => Form::Markup,
            false => Form::Plain,
        },
        ..record
    })
}

type Fields = Vec<(Range<usize>, Json)>;

/// An open element.
struct Open {
    name: Range<usize>,
    /// Whether it is of the format: what is in another belongs to what is around it.
    own: bool,
    value: Option<Range<usize>>,
    /// Where its fields begin among those that were read, and its declarations among
    /// those around the place.
    fields: usize,
    declared: usize,
}

struct Tree<'t> {
    text: &'t str,
    /// Prefixes that are declared where it is read, and whether they stand for the
    /// namespace.
    declared: Vec<(&'t str, bool)>,
    /// Fields of open elements, those of the innermost one last.
    fields: Fields,
    /// What is around the place that is read; the first is the text itself.
    open: Vec<Open>,
    /// Open elements below the deepest one that is kept.
    below: usize,
    left: usize,
}

impl<'t> Tree<'t> {
    fn new(text: &'t str) -> Self {
        let whole = Open {
            name: 0..0,
            own: true,
            value: None,
            fields: 0,
            declared: 0,
        };
        Self {
            text,
            declared: Vec::new(),
            fields: Vec::new(),
            open: vec![whole],
            below: 0,
            left: MAX_ELEMENTS,
        }
    }

    fn str(&self, range: &Range<usize>) -> &'t str {
        self.text.get(range.clone()).unwrap_or_default()
    }

    /// The prefix of a name that begins here.
    fn prefix(&self, name: &Range<usize>) -> &'t str {
        let before = self.text.get(..name.start).unwrap_or_default();
        let Some(before) = before.strip_suffix(':') else {
            return "";
        };
        let start =
            before.rfind(|c: char| matches!(c, '<' | '/' | '"' | '\'') || c.is_whitespace());
        before
            .get(start.map_or(0, |at| at + 1)..)
            .unwrap_or_default()
    }

    /// Whether a prefix stands for the namespace here.
    fn is_own(&self, prefix: &str) -> bool {
        let last = self.declared.iter().rev().find(|(of, _)| *of == prefix);
        last.is_some_and(|(_, own)| *own)
    }

    /// Notes what an element declares, which holds in it alone.
    fn declare(&mut self, tag: &Tag) {
        for (name, value) in &tag.attributes {
            let prefix = match (self.prefix(name), self.str(name)) {
                ("", "xmlns") => "",
                ("xmlns", prefix) => prefix,
                _ => continue,
            };
            let own = is_namespace(self.str(value));
            if own != self.is_own(prefix) && self.declared.len() < MAX_PREFIXES {
                self.declared.push((prefix, own));
            }
        }
    }

    fn start(&mut self, tag: Tag) {
        if self.below > 0 || self.open.len() > MAX_DEPTH || self.left == 0 {
            self.below += usize::from(!tag.empty);
            return;
        }
        self.left -= 1;
        let (fields, declared) = (self.fields.len(), self.declared.len());
        self.declare(&tag);
        let own = !self.declared.is_empty() && self.is_own(self.prefix(&tag.name));
        // What an extension is of.
        let url = tag.attributes.iter().find(|(n, _)| self.str(n) == "url");
        let url = url.map(|(name, value)| (name.clone(), Json::Text(value.clone())));
        self.fields.extend(url.filter(|_| own));
        self.open.push(Open {
            own,
            value: tag.attribute(self.text, "value").filter(|_| own),
            name: tag.name,
            fields,
            declared,
        });
        if tag.empty {
            self.close();
        }
    }

    fn end(&mut self, name: &str) {
        if self.below > 0 {
            self.below -= 1;
            return;
        }
        let open = self.open.iter().skip(1);
        if let Some(at) = open.clone().rposition(|open| self.str(&open.name) == name) {
            while self.open.len() > at + 1 {
                self.close();
            }
        }
    }

    /// Ends the innermost element. Its fields are what was read last; those of an
    /// element of another format stay where they are, and are of what is around it.
    fn close(&mut self) {
        if self.open.len() < 2 {
            return;
        }
        let (Some(ended), Some(around)) = (self.open.pop(), self.open.last()) else {
            return;
        };
        self.declared.truncate(ended.declared);
        if !ended.own {
            return;
        }
        let own = self.fields.split_off(ended.fields.min(self.fields.len()));
        let from = around.fields;
        match ended.value {
            Some(value) => {
                let name = ended.name.clone();
                add(self.text, &mut self.fields, from, name, Json::Text(value));
                // A value may have extensions, which are no second one.
                if !own.is_empty() {
                    self.fields.push((ended.name, Json::Object(own)));
                }
            }
            None => {
                let own = Json::Object(own);
                add(self.text, &mut self.fields, from, ended.name, own);
            }
        }
    }

    fn finish(mut self) -> Json {
        while self.open.len() > 1 {
            self.close();
        }
        Json::Object(self.fields)
    }
}

/// Whether the value of an attribute is the namespace.
fn is_namespace(value: &str) -> bool {
    value.len() <= MAX_WRITTEN && decoded(value).trim() == NAMESPACE
}

/// Adds a field to those that begin at `from`; elements of one name that follow one
/// another are a list.
fn add(text: &str, fields: &mut Fields, from: usize, name: Range<usize>, value: Json) {
    let last = fields.get_mut(from..).and_then(<[_]>::last_mut);
    let Some((last, before)) = last else {
        fields.push((name, value));
        return;
    };
    if text.get(last.clone()) != text.get(name.clone()) {
        fields.push((name, value));
        return;
    }
    match before {
        Json::Array(values) => values.push(value),
        before => {
            let first = std::mem::replace(before, Json::Array(Vec::new()));
            *before = Json::Array(vec![first, value]);
        }
    }
}
