//! OpenDocument (ISO/IEC 26300): text, spreadsheets, presentations.

use std::borrow::Cow;
use std::collections::HashSet;

use super::flow::{Flow, Place};
use super::ooxml::is_image;
use super::picture::{self, Pictures};
use super::sniff::{self, Kind};
use super::walk::Walk;
use super::xml::{Node, Tag, Xml};
use super::zip::Archive;

/// Cells and blanks that one attribute may stand for.
const REPEAT: usize = 64;

/// Styles of one document that hide.
const MAX_STYLES: usize = 10_000;

/// Elements whose text a program keeps for itself.
const PROGRAM: &[&str] = &[
    "config-item",
    "creation-date",
    "print-date",
    "generator",
    "editing-duration",
    "editing-cycles",
];

/// Attributes that a reader sees, or may make the program show.
const ASIDE: &[&str] = &[
    "string-value",
    "string-value-if-true",
    "string-value-if-false",
    "current-value",
    "label",
    "title",
    "formula",
    "condition",
];

/// Elements whose names somebody gave, most likely.
const NAMED: &[&str] = &[
    "section",
    "bookmark",
    "bookmark-start",
    "frame",
    "user-field-decl",
    "variable-set",
    "text",
    "textarea",
    "formatted-text",
    "combobox",
    "checkbox",
    "radio",
];

/// Elements that stand beside the line in which they stand.
const BESIDE: &[&str] = &["annotation", "note", "ruby-text"];

/// Fields of a paragraph that are a line of their own everywhere else: where a program
/// keeps them, in a note, in what is said of a change.
const LINES: &[&str] = &[
    "creator",
    "date",
    "initial-creator",
    "keyword",
    "subject",
    "description",
    "user-defined",
    "printed-by",
];

/// Reads a package.
pub(super) fn read(walk: &mut Walk<'_>, archive: &Archive<'_>) {
    let before = walk.pieces;
    let mut images = false;
    let mut pictures = Pictures::default();
    // Objects that are in the package and read: how they look need not be.
    let objects: HashSet<String> = archive
        .entries
        .iter()
        .filter_map(|e| e.name.strip_suffix("/content.xml"))
        .map(str::to_ascii_lowercase)
        .collect();
    for entry in &archive.entries {
        let name = entry.name.as_str();
        let lower = name.to_ascii_lowercase();
        let file = lower.rsplit('/').next().unwrap_or_default();
        if entry.is_folder() {
            continue;
        }
        if let Some(object) = lower.strip_prefix("objectreplacements/")
            && objects.contains(object)
        {
            continue;
        }
        let Some(bytes) = archive.content(walk, entry) else {
            continue;
        };
        let is_type = bytes.starts_with(b"application/vnd.oasis.")
            && bytes.len() < 100
            && !bytes.iter().any(u8::is_ascii_whitespace);
        // The numbers of paragraphs that begin a page.
        let is_cache = name == "layout-cache" && sniff::kind(&bytes, "", "") == Kind::Unknown;
        if (name == "mimetype" && is_type) || is_cache {
            continue;
        }
        if name == "META-INF/manifest.xml" && sniff::find(&bytes, b"encryption-data", 0).is_some() {
            walk.fail("encrypted");
            return;
        }
        if is_image(&lower) || picture::is_raster(&bytes) {
            images |= lower.starts_with("pictures/");
            let held = match &bytes {
                Cow::Owned(bytes) => bytes.len().min(walk.budget.held),
                Cow::Borrowed(_) => 0,
            };
            walk.budget.held -= held;
            pictures.file(walk, name, &bytes);
            walk.budget.held += held;
        } else if matches!(
            file,
            "content.xml" | "styles.xml" | "meta.xml" | "settings.xml" | "manifest.xml"
        ) {
            content(walk, name, &bytes);
        } else {
            walk.decoded_child(name, &bytes, "");
        }
    }
    if images && walk.pieces == before {
        walk.fail("image_only");
    }
    pictures.tell(walk);
}

/// The text of one XML stream.
fn content(walk: &mut Walk<'_>, name: &str, bytes: &[u8]) {
    let text = super::text::xml(bytes);
    let mut xml = Xml::new(&text);
    let mut flow = Flow::new(name);
    // Elsewhere than where a program keeps them they are none.
    let keeps = name.ends_with("meta.xml") || name.ends_with("settings.xml");
    // Elements above whose text is settings, not content.
    let mut settings = 0usize;
    let mut cell = Cell::default();
    let mut hidden = Hidden::default();
    while let Some(node) = xml.next() {
        if let Node::Start(tag) = &node {
            aside(tag, &mut flow);
            hidden.enter(tag);
            flow.stand(hidden.place());
        }
        match node {
            Node::Start(tag) => match tag.name() {
                "p" | "h" => cell.has_text |= hidden.place() != Place::Beside,
                "s" => {
                    let count = tag.get("c").and_then(|c| c.parse().ok()).unwrap_or(1);
                    flow.push(&" ".repeat(REPEAT.min(count)));
                }
                "tab" => flow.push("\t"),
                "line-break" => flow.push("\n"),
                "table" => {
                    flow.end_line();
                    if let Some(name) = tag.get("name") {
                        flow.push(&name);
                    }
                    flow.end_line();
                }
                "table-cell" | "covered-table-cell" => {
                    flow.enter_cell();
                    let repeat = tag
                        .get("number-columns-repeated")
                        .and_then(|n| n.parse().ok());
                    cell = Cell {
                        repeat: repeat.unwrap_or(1usize),
                        value: ["date-value", "time-value", "string-value", "value"]
                            .iter()
                            .find_map(|n| tag.get(n)),
                        ..Cell::default()
                    };
                }
                "page" => {
                    flow.end_line();
                    if let Some(name) = tag.get("name") {
                        flow.push(&name);
                    }
                    flow.end_line();
                }
                "user-defined" => {
                    let name = tag.get("name").unwrap_or_default();
                    match keeps {
                        true => flow.push(&format!("{name}: ")),
                        // A field shows no more than the value.
                        false => flow.aside(&name),
                    }
                }
                name if keeps && PROGRAM.contains(&name) => settings += 1,
                "a" => {
                    if let Some(target) = tag.get("href").filter(|h| !h.starts_with('#')) {
                        flow.aside(&target);
                    }
                }
                _ => {}
            },
            Node::End(name) => {
                match name.as_str() {
                    "p" | "h" | "title" | "desc" => flow.end_paragraph(),
                    name if LINES.contains(&name) && !hidden.is_in_paragraph() => {
                        flow.end_paragraph();
                    }
                    "table-cell" | "covered-table-cell" => {
                        // Where the column is too narrow only signs are shown of it.
                        let hidden = !cell.has_text || cell.is_narrow;
                        if let Some(value) = cell.value.take().filter(|_| hidden) {
                            flow.push(&value);
                        }
                        flow.leave_cell();
                        for _ in 1..cell.repeat.min(REPEAT) {
                            flow.push("\t");
                        }
                        cell = Cell::default();
                    }
                    "table-row" => flow.end_row(),
                    name if keeps && PROGRAM.contains(&name) => {
                        settings = settings.saturating_sub(1);
                    }
                    _ => {}
                }
                hidden.leave();
                flow.stand(hidden.place());
            }
            Node::Text(text) if settings == 0 => {
                // Between elements stands nothing but the layout of the file.
                if !text.trim().is_empty() || !text.contains('\n') {
                    if hidden.place() != Place::Beside {
                        cell.is_narrow = text.bytes().all(|b| b == b'#');
                    }
                    flow.push(&text);
                }
            }
            Node::Text(_) => {}
        }
        if !flow.give(walk) {
            walk.fail("too_large");
            break;
        }
    }
    xml.finish(walk);
    flow.finish(walk);
}

/// An open element.
#[derive(Clone, Copy, Default)]
struct Open {
    place: Place,
    /// Whether what stands in it is of a paragraph.
    in_paragraph: bool,
}

/// Where the text of open elements stands, and the styles that hide it.
#[derive(Default)]
struct Hidden {
    open: Vec<Open>,
    /// The style that is being read, and those that hide.
    style: String,
    styles: HashSet<String>,
}

impl Hidden {
    fn enter(&mut self, tag: &Tag<'_>) {
        let element = tag.name();
        match element {
            "style" => self.style = tag.get("name").unwrap_or_default(),
            "text-properties"
                if self.styles.len() < MAX_STYLES
                    && tag.get("display").is_some_and(|d| d == "none") =>
            {
                self.styles.insert(std::mem::take(&mut self.style));
            }
            _ => {}
        }
        let hides = || match element {
            "hidden-text" => true,
            "span" => tag
                .get("style-name")
                .is_some_and(|style| self.styles.contains(&style)),
            _ => false,
        };
        let begins_beside = BESIDE.contains(&element);
        let place = match self.place() {
            Place::Beside => Place::Beside,
            _ if begins_beside => Place::Beside,
            Place::Line if hides() => Place::Hidden,
            place => place,
        };
        let in_paragraph = match element {
            "p" | "h" => true,
            _ => !begins_beside && self.is_in_paragraph(),
        };
        self.open.push(Open {
            place,
            in_paragraph,
        });
    }

    fn leave(&mut self) {
        self.open.pop();
    }

    fn place(&self) -> Place {
        self.open.last().copied().unwrap_or_default().place
    }

    fn is_in_paragraph(&self) -> bool {
        self.open.last().is_some_and(|open| open.in_paragraph)
    }
}

/// The cell being read.
#[derive(Default)]
struct Cell {
    repeat: usize,
    value: Option<String>,
    has_text: bool,
    /// Whether its text is nothing but `###`.
    is_narrow: bool,
}

/// What of a tag's attributes is somebody's words: a name with its value.
fn aside(tag: &Tag<'_>, flow: &mut Flow) {
    let element = tag.name();
    let is_cell = element.ends_with("table-cell");
    let mut line = String::new();
    for (attribute, value) in tag.attributes() {
        let named = attribute == "name" && NAMED.contains(&element);
        let number = attribute == "value" && element == "user-field-decl";
        // The value of a cell is told as its text.
        let of_cell = is_cell && attribute == "string-value";
        if named || number || (ASIDE.contains(&attribute) && !of_cell) {
            line.push_str(if line.is_empty() { "" } else { ": " });
            line.push_str(&value);
        }
    }
    flow.aside(&line);
}
