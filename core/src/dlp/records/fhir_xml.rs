//! FHIR as XML (R4, section 2.6.1): the values that its JSON has, which `fhir` reads.
//!
//! An element is a field; its attribute `value` is a string, which is what the
//! element says; elements in it are the fields of an object. Elements are told by
//! their namespace, so that a resource is one in whatever it stands: another
//! document, a mail.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memchr;
use memchr::memmem::Finder;

use super::json::Json;
use super::xml::{Event, Scanner, Tag};
use super::{BLANKS, Record, fhir};
use crate::dlp::extract::Form;

/// The namespace of all its elements.
const NAMESPACE: &str = "http://hl7.org/fhir";
/// Deeper elements are passed over.
const MAX_DEPTH: usize = 128;
/// Elements of one text.
const MAX_ELEMENTS: usize = 1_000_000;
/// Prefixes that stand for the namespace.
const MAX_PREFIXES: usize = 8;

static DECLARED: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(NAMESPACE));

/// What the resources in a text tell.
pub(super) fn read(text: &str) -> Option<Record> {
    // A sign is found faster than a word.
    memchr(b'<', text.as_bytes())?;
    DECLARED.find(text.as_bytes())?;
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
    fields: Fields,
}

struct Tree<'t> {
    text: &'t str,
    prefixes: Vec<&'t str>,
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
            fields: Vec::new(),
        };
        Self {
            text,
            prefixes: Vec::new(),
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

    /// Notes what an element declares to be the namespace.
    fn declare(&mut self, tag: &Tag) {
        for (name, value) in &tag.attributes {
            if self.str(value).trim() != NAMESPACE || self.prefixes.len() >= MAX_PREFIXES {
                continue;
            }
            let prefix = match (self.prefix(name), self.str(name)) {
                ("", "xmlns") => "",
                ("xmlns", prefix) => prefix,
                _ => continue,
            };
            if !self.prefixes.contains(&prefix) {
                self.prefixes.push(prefix);
            }
        }
    }

    fn start(&mut self, tag: Tag) {
        if self.below > 0 || self.open.len() > MAX_DEPTH || self.left == 0 {
            self.below += usize::from(!tag.empty);
            return;
        }
        self.left -= 1;
        self.declare(&tag);
        let own = !self.prefixes.is_empty() && self.prefixes.contains(&self.prefix(&tag.name));
        // What an extension is of.
        let url = tag.attributes.iter().find(|(n, _)| self.str(n) == "url");
        let url = url.map(|(name, value)| (name.clone(), Json::Text(value.clone())));
        let fields = url.filter(|_| own).into_iter().collect();
        self.open.push(Open {
            own,
            value: tag.attribute(self.text, "value").filter(|_| own),
            name: tag.name,
            fields,
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

    /// Ends the innermost element.
    fn close(&mut self) {
        if self.open.len() < 2 {
            return;
        }
        let (Some(mut ended), Some(around)) = (self.open.pop(), self.open.last_mut()) else {
            return;
        };
        if !ended.own {
            match around.fields.is_empty() {
                true => around.fields = ended.fields,
                false => around.fields.append(&mut ended.fields),
            }
            return;
        }
        match ended.value {
            Some(value) => {
                let name = ended.name.clone();
                add(self.text, &mut around.fields, name, Json::Text(value));
                // A value may have extensions, which are no second one.
                if !ended.fields.is_empty() {
                    around.fields.push((ended.name, Json::Object(ended.fields)));
                }
            }
            None => {
                let fields = Json::Object(ended.fields);
                add(self.text, &mut around.fields, ended.name, fields);
            }
        }
    }

    fn finish(mut self) -> Json {
        while self.open.len() > 1 {
            self.close();
        }
        Json::Object(self.open.pop().map_or_else(Vec::new, |whole| whole.fields))
    }
}

/// Adds a field; elements of one name that follow one another are a list.
fn add(text: &str, fields: &mut Fields, name: Range<usize>, value: Json) {
    let Some((last, before)) = fields.last_mut() else {
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
