//! Text beside the pages: notes, form fields, titles, descriptions, metadata,
//! embedded files.
//!
//! They are found by what they are, wherever they hang: a note that no page
//! lists travels too.

use std::collections::{BTreeSet, HashSet};
use std::rc::Rc;

use super::super::flow::Flow;
use super::super::picture::Pictures;
use super::super::walk::Walk;
use super::super::{Form, Piece};
use super::file::{File, Place};
use super::glyphs;
use super::object::{Dict, Object};

/// Entries whose strings a person wrote or reads.
const TEXTS: &[&str] = &[
    "Contents",
    "OverlayText",
    "DV",
    "TU",
    "Alt",
    "ActualText",
    "E",
    "Title",
    "Author",
    "Subject",
    "Keywords",
    "Subj",
    "URI",
    "CA",
    "Desc",
    "F",
    "UF",
    "Name",
    "Reason",
    "Location",
    "ContactInfo",
    "Opt",
    "JS",
];
/// Levels of a value that is searched for them; the parser allows as many.
const MAX_LEVELS: usize = 32;

/// Rich texts: XHTML, whose tags may stand within a word.
const RICH: &[&str] = &["RC", "RV"];

/// Gives out everything beside the pages that is text itself. Returns what
/// draws text: the looks of notes and fields, and forms and patterns, which
/// some page may show in ways that are not followed.
pub(super) fn read(
    file: &mut File<'_>,
    walk: &mut Walk<'_>,
    pictures: &mut Pictures,
) -> BTreeSet<Place> {
    let mut drawn: BTreeSet<Place> = BTreeSet::new();
    let mut flow = Flow::new("document properties");
    let mut known: HashSet<Place> = HashSet::new();
    for trailer in file.trailers.clone() {
        if let Some(Object::Ref(id)) = trailer.get("Info") {
            let place = file.last(*id);
            if place.is_some_and(|p| !known.insert(p)) {
                continue;
            }
        }
        if let Object::Dict(info) = file.get(&trailer, "Info", walk.budget) {
            for (key, value) in &info.0 {
                let value = file.resolve(value, walk.budget);
                let own = matches!(
                    &key[..],
                    b"Producer" | b"Creator" | b"CreationDate" | b"ModDate"
                );
                if let (Object::Text(text), false) = (value, own) {
                    flow.push(&format!(
                        "{}: {}\n",
                        String::from_utf8_lossy(key),
                        glyphs::text(&text)
                    ));
                }
            }
        }
    }
    flow.finish(walk);

    let mut flow = Flow::new("notes and fields");
    let mut files = Files::default();
    let mut streams: Vec<Place> = Vec::new();
    for place in file.all() {
        if known.contains(&place) {
            continue;
        }
        let object = file.at(place, walk.budget);
        if let Object::Dict(dict) = &object
            && matches!(dict.name("Type"), Some(b"EmbeddedFile" | b"Metadata"))
        {
            streams.push(place);
        }
        if let Object::Dict(dict) = &object
            && (dict.name("Subtype") == Some(b"Image") || dict.get("Width").is_some())
        {
            picture(file, walk, pictures, place, dict);
        }
        if let Object::Dict(dict) = &object {
            if dict.name("Subtype") == Some(b"Form") || dict.get("PatternType").is_some() {
                drawn.insert(place);
            }
            // What nobody reads.
            if dict.name("Type") == Some(b"Sound") {
                walk.fail("unsupported_type");
            }
        }
        looks(file, walk, &object, &mut drawn, 0);
        search(file, walk, &object, &mut flow, &mut files, 0);
        if !flow.give(walk) {
            walk.fail("too_large");
            break;
        }
    }
    flow.finish(walk);
    embedded(file, walk, files, &streams);
    drawn
}

/// Collects the appearance streams of notes and fields (section 12.5.5).
fn looks(
    file: &mut File<'_>,
    walk: &mut Walk<'_>,
    object: &Object,
    drawn: &mut BTreeSet<Place>,
    level: usize,
) {
    if level > MAX_LEVELS {
        return;
    }
    match object {
        Object::Array(items) => {
            for item in items {
                looks(file, walk, item, drawn, level + 1);
            }
        }
        Object::Dict(dict) => {
            for (key, value) in &dict.0 {
                if key != b"AP" {
                    looks(file, walk, value, drawn, level + 1);
                    continue;
                }
                // One for each way to look, or for each state of one.
                let Object::Dict(ways) = file.resolve(value, walk.budget) else {
                    continue;
                };
                for (_, way) in &ways.0 {
                    if let Object::Ref(id) = way {
                        drawn.extend(file.versions(*id));
                    }
                    if let Object::Dict(states) = file.resolve(way, walk.budget) {
                        for (_, state) in &states.0 {
                            if let Object::Ref(id) = state {
                                drawn.extend(file.versions(*id));
                            }
                        }
                    }
                }
            }
        }
        _ => {}
    }
}

/// Counts a picture, whether or not a page shows it: it may stand in a pattern,
/// a mask or a stamp.
fn picture(
    file: &mut File<'_>,
    walk: &mut Walk<'_>,
    pictures: &mut Pictures,
    place: Place,
    dict: &Dict,
) {
    let Some(stream) = file.stream_at(place, walk.budget) else {
        return;
    };
    let mut side = |key| {
        let side = file.get(dict, key, walk.budget).count();
        side.and_then(|n| u64::try_from(n).ok()).unwrap_or(0)
    };
    let (width, height) = (side("Width"), side("Height"));
    // Some readers go by the size that the picture itself tells.
    let raw = file.raw(&stream);
    let own = super::super::picture::sizes(raw);
    let own = own.first().copied().unwrap_or_default();
    pictures.add((width.max(own.0), height.max(own.1)), raw.len());
}

/// Collects texts, and files that hang on a value.
fn search(
    file: &mut File<'_>,
    walk: &mut Walk<'_>,
    object: &Object,
    flow: &mut Flow,
    files: &mut Files,
    level: usize,
) {
    if level > MAX_LEVELS {
        return;
    }
    match object {
        Object::Array(items) => {
            for item in items {
                search(file, walk, item, flow, files, level + 1);
            }
        }
        Object::Dict(dict) => {
            field(file, walk, dict, flow);
            for (key, value) in &dict.0 {
                let key = std::str::from_utf8(key).unwrap_or_default();
                match (key, value) {
                    ("EF", Object::Dict(_) | Object::Ref(_)) => {
                        let streams = file.resolve(value, walk.budget);
                        let streams = streams.dict().cloned().unwrap_or_default();
                        let name = ["UF", "F", "Desc"]
                            .iter()
                            .find_map(|k| dict.get(k).and_then(Object::bytes))
                            .map_or_else(|| "embedded file".to_owned(), glyphs::text);
                        let name = name.into();
                        for (_, stream) in &streams.0 {
                            files.add(file, &name, stream);
                        }
                    }
                    ("XFA", Object::Array(items)) => {
                        let name = "form.xml".into();
                        for part in items {
                            files.add(file, &name, part);
                        }
                    }
                    ("XFA", stream @ Object::Ref(_)) => {
                        files.add(file, &"form.xml".into(), stream);
                    }
                    _ if TEXTS.contains(&key) => written(file, walk, value, flow, 0),
                    _ if RICH.contains(&key) => rich(file, walk, value),
                    _ => {}
                }
                search(file, walk, value, flow, files, level + 1);
            }
        }
        _ => {}
    }
}

/// A form field: its name and its value on one line.
fn field(file: &mut File<'_>, walk: &mut Walk<'_>, dict: &Dict, flow: &mut Flow) {
    if dict.get("V").is_none() {
        if let Some(Object::Text(title)) = dict.get("T") {
            flow.aside(&glyphs::text(title));
        }
        return;
    }
    if let Object::Text(name) = file.get(dict, "T", walk.budget) {
        flow.push(&format!("{}: ", glyphs::text(&name)));
    }
    match dict.get("V").map(|v| file.resolve(v, walk.budget)) {
        Some(Object::Text(value)) => flow.push(&glyphs::text(&value)),
        Some(Object::Array(values)) => {
            for value in &values {
                if let Object::Text(value) = file.resolve(value, walk.budget) {
                    flow.push(&glyphs::text(&value));
                    flow.push(" ");
                }
            }
        }
        // The state of a button may be named by what it says.
        Some(Object::Name(value)) if value != b"Off" => flow.push(&glyphs::text(&value)),
        Some(Object::Dict(_)) => {
            let value = dict.get("V").cloned().unwrap_or(Object::Null);
            if let Some(stream) = file.stream(&value, walk.budget)
                && let Some(bytes) = file.content(&stream, walk.budget)
            {
                flow.push(&glyphs::text(&bytes));
            }
        }
        _ => {}
    }
    flow.end_line();
}

/// Rich text, a string or a stream.
fn rich(file: &mut File<'_>, walk: &mut Walk<'_>, value: &Object) {
    let text = match file.resolve(value, walk.budget) {
        Object::Text(text) => glyphs::text(&text),
        _ => match file
            .stream(value, walk.budget)
            .and_then(|s| file.content(&s, walk.budget))
        {
            Some(bytes) => super::super::text::decode(&bytes).0,
            None => return,
        },
    };
    walk.piece(Piece {
        text,
        form: Form::Markup,
        inside: Some("notes and fields".to_owned()),
        ..Piece::default()
    });
}

/// A string, or the strings of an array, each on a line. The options of a
/// field are arrays of what is sent and what is shown.
fn written(
    file: &mut File<'_>,
    walk: &mut Walk<'_>,
    value: &Object,
    flow: &mut Flow,
    level: usize,
) {
    // `Contents` of a page is a stream, and is read with the page.
    let value = match value {
        Object::Ref(_) => file.resolve(value, walk.budget),
        other => other.clone(),
    };
    match &value {
        Object::Text(text) => {
            flow.push(&glyphs::text(text));
            flow.end_line();
        }
        Object::Array(items) if level < 3 => {
            for item in items {
                written(file, walk, item, flow, level + 1);
            }
        }
        _ => {}
    }
}

/// Embedded files, each once, under the name that was met first.
#[derive(Default)]
struct Files {
    list: Vec<(Rc<str>, Place)>,
    seen: HashSet<Place>,
}

impl Files {
    fn add(&mut self, file: &File<'_>, name: &Rc<str>, object: &Object) {
        if let Object::Ref(id) = object {
            self.add_all(name, file.versions(*id));
        }
    }

    fn add_all(&mut self, name: &Rc<str>, places: &[Place]) {
        for place in places {
            if self.seen.insert(*place) {
                self.list.push((Rc::clone(name), *place));
            }
        }
    }
}

/// Embedded files, each as a part of its own, and metadata as markup.
fn embedded(file: &mut File<'_>, walk: &mut Walk<'_>, mut files: Files, streams: &[Place]) {
    files.add_all(&"embedded file".into(), streams);
    for (name, place) in files.list {
        if !walk.entry() {
            return;
        }
        let Some(stream) = file.stream_at(place, walk.budget) else {
            continue;
        };
        let Some(bytes) = file.content(&stream, walk.budget) else {
            walk.fail("unsupported_type");
            continue;
        };
        if stream.dict.name("Type") == Some(b"Metadata") {
            let text = super::super::text::decode(&bytes).0;
            walk.piece(Piece {
                text,
                form: Form::Markup,
                inside: Some("metadata".to_owned()),
                ..Piece::default()
            });
            continue;
        }
        walk.decoded_child(&name, &bytes, "");
    }
}
