//! Office Open XML (ISO/IEC 29500): documents, workbooks, presentations.
//!
//! Parts are told by their place in the package, not by its relationships: a
//! part that nothing refers to travels too. What has no reader here is walked
//! as an entry of its own.

use std::borrow::Cow;

use super::flow::{Flow, Place};
use super::picture::{self, Pictures};
use super::sniff::{self, Kind};
use super::walk::Walk;
use super::xml::{Node, Tag, Xml};
use super::zip::Archive;
use super::{Form, Piece, sheet};

/// Reads a package.
pub(super) fn read(walk: &mut Walk<'_>, archive: &Archive<'_>) {
    let (mut images, mut any) = (false, false);
    let mut pictures = Pictures::default();
    let lies_in_xl = |name: &str| name.get(..3).is_some_and(|f| f.eq_ignore_ascii_case("xl/"));
    if archive.entries.iter().any(|e| lies_in_xl(&e.name)) {
        sheet::read(walk, archive);
        any = true;
    }
    for entry in &archive.entries {
        let lower = entry.name.to_ascii_lowercase();
        if entry.is_folder() || sheet::reads(&lower) {
            continue;
        }
        let Some(bytes) = archive.content(walk, entry) else {
            continue;
        };
        let held = match &bytes {
            Cow::Owned(bytes) => bytes.len().min(walk.budget.held),
            Cow::Borrowed(_) => 0,
        };
        walk.budget.held -= held;
        match reader(&lower) {
            _ if is_machinery(&lower)
                && (is_print_ticket(&bytes)
                    || matches!(sniff::kind(&bytes, "", ""), Kind::Ole | Kind::Unknown)) => {}
            _ if is_image(&lower) || picture::is_raster(&bytes) => {
                images = true;
                let before = walk.pieces;
                pictures.file(walk, &entry.name, &bytes);
                any |= walk.pieces > before;
            }
            Reader::Flow => {
                let prompts = lower.contains("slidemasters/") || lower.contains("slidelayouts/");
                any |= flowing(walk, &entry.name, &bytes) && !prompts;
            }
            Reader::Properties => properties(walk, &entry.name, &bytes),
            Reader::Labelled => labelled(walk, &entry.name, &bytes),
            Reader::Links => links(walk, &entry.name, &bytes),
            Reader::Markup => walk.piece(Piece {
                text: super::text::xml(&bytes).into_owned(),
                form: Form::Markup,
                inside: Some(entry.name.clone()),
                ..Piece::default()
            }),
            Reader::Other => walk.child(&entry.name, &bytes, ""),
        }
        walk.budget.held += held;
    }
    if images && !any {
        walk.fail("image_only");
    }
    pictures.tell(walk);
}

/// Pictures of a document, by their place.
pub(super) fn is_image(lower: &str) -> bool {
    const IMAGES: &[&str] = &[
        "png", "jpg", "jpeg", "gif", "bmp", "tif", "tiff", "emf", "wmf", "svg", "wdp", "webp",
        "ico", "jfif", "emz", "wmz",
    ];
    let folder = [
        "media/",
        "pictures/",
        "thumbnails/",
        "docprops/thumbnail",
        "objectreplacements/",
    ]
    .iter()
    .any(|f| lower.contains(f));
    let extension = lower.rsplit('.').next().unwrap_or_default();
    folder && (IMAGES.contains(&extension) || lower.contains("objectreplacements/"))
}

/// Parts without text, where they are what their names say: macros, settings
/// of printers, fonts.
fn is_machinery(lower: &str) -> bool {
    let file = lower.rsplit('/').next().unwrap_or_default();
    file == "vbaproject.bin"
        || (file.starts_with("printersettings") && file.ends_with(".bin"))
        || file.ends_with(".odttf")
        || file.ends_with(".fntdata")
}

/// What Office for Mac keeps as printer settings: a property list of the
/// system's, behind twelve bytes.
fn is_print_ticket(bytes: &[u8]) -> bool {
    let list = bytes.get(12..).unwrap_or_default();
    let head = list.get(..512).unwrap_or(list);
    list.starts_with(b"<?xml") && sniff::find(head, b"//Apple//DTD PLIST", 0).is_some()
}

/// What reads a part.
enum Reader {
    Flow,
    Properties,
    Labelled,
    Links,
    Markup,
    Other,
}

fn reader(lower: &str) -> Reader {
    if lower.ends_with(".rels") {
        return Reader::Links;
    }
    let xml = lower.ends_with(".xml") || lower.ends_with(".vml");
    if !xml {
        return Reader::Other;
    }
    if lower.starts_with("docprops/") {
        return Reader::Properties;
    }
    // Data of anybody's, which a document may show by reference alone.
    if lower.contains("customxml/") {
        return Reader::Labelled;
    }
    // Their texts stand in attributes.
    let markup = [
        "pivotcache/",
        "pivottables/",
        "slicercaches/",
        "querytables/",
        "webextensions/",
        "ppt/tags/",
        "externallinks/",
        "xl/tables/",
        "persons/",
    ]
    .iter()
    .any(|f| lower.contains(f))
        || lower.ends_with("authors.xml")
        || lower.ends_with("people.xml")
        || lower.ends_with("connections.xml");
    match markup {
        true => Reader::Markup,
        false => Reader::Flow,
    }
}

/// Attributes that hold text a person wrote.
const ASIDE: &[&str] = &[
    "author",
    "descr",
    "title",
    "alt",
    "prompt",
    "promptTitle",
    "tooltip",
    "display",
    "displayName",
    "string",
    "name",
    "userId",
];

/// Elements whose text places or formats something.
const NUMBERS: &[&str] = &[
    "posOffset",
    "pctWidth",
    "pctHeight",
    "align",
    "sizeRelH",
    "f",
    "formatCode",
    "ptCount",
    "idx",
    "order",
    "col",
    "colOff",
    "row",
    "rowOff",
    "Anchor",
    "Row",
    "Column",
    "Visible",
    "AutoFill",
    "MoveWithCells",
    "SizeWithCells",
];

/// The text of a part of any of the three formats. Tells whether it has any,
/// what stands in attributes aside.
fn flowing(walk: &mut Walk<'_>, name: &str, bytes: &[u8]) -> bool {
    let mut any = false;
    let text = super::text::xml(bytes);
    let mut xml = Xml::new(&text);
    let mut flow = Flow::new(name);
    let mut path = Path::default();
    // Strings of a workbook (comments on cells) have escapes of their own.
    let is_book = name.to_ascii_lowercase().starts_with("xl/");
    let mut choice = (0, 0);
    let mut fallback = 0;
    while let Some(node) = xml.next() {
        match node {
            Node::Start(tag) => {
                let element = tag.name();
                path.enter(&tag);
                flow.stand(path.place());
                // A tab in a paragraph, and not one of its settings.
                match element {
                    "tab" | "ptab" if tag.get("pos").is_none() => flow.push("\t"),
                    "br" | "cr" => flow.push("\n"),
                    "noBreakHyphen" => flow.push("-"),
                    "tc" => flow.enter_cell(),
                    "sym" => flow.push(symbol(&tag).encode_utf8(&mut [0; 4])),
                    "Choice" => choice = (flow.len(), 0),
                    "Fallback" => fallback = flow.len(),
                    // What a control is called, and what a field says of itself.
                    "alias" | "tag" | "helpText" | "statusText" | "query" | "connectString"
                    | "lvlText" => {
                        flow.aside(&tag.get("val").unwrap_or_default());
                    }
                    "fldSimple" => flow.aside(&tag.get("instr").unwrap_or_default()),
                    // A variable, which a field may show.
                    "docVar" => {
                        let part = |n| tag.get(n).unwrap_or_default();
                        flow.aside(&format!("{}: {}", part("name"), part("val")));
                    }
                    // What a field offers or holds.
                    "listEntry" | "default" | "result" | "listItem" => {
                        for value in ["val", "displayText", "value"]
                            .iter()
                            .filter_map(|n| tag.get(n))
                        {
                            flow.aside(&value);
                        }
                    }
                    _ => {}
                }
                for (attribute, value) in tag.attributes() {
                    let named = attribute != "name"
                        || matches!(
                            element,
                            "cNvPr"
                                | "docPr"
                                | "cmAuthor"
                                | "section"
                                | "custShow"
                                | "bookmarkStart"
                        );
                    let own = named && ASIDE.contains(&attribute) && !is_generated(&value);
                    if own {
                        flow.aside(&value);
                    }
                }
            }
            Node::End(element) => {
                match element.as_str() {
                    "p" | "si" | "comment" | "text" | "pt" | "oddHeader" | "oddFooter"
                    | "author" | "instrText" | "div" => flow.end_paragraph(),
                    "tc" => flow.leave_cell(),
                    "tr" => flow.end_row(),
                    "Choice" => choice.1 = flow.len(),
                    // The same text for older readers: once is enough.
                    "Fallback" => {
                        let same = choice.1 == fallback
                            && flow.since(fallback)
                                == flow
                                    .since(choice.0)
                                    .get(..choice.1.saturating_sub(choice.0))
                                    .unwrap_or_default();
                        if same {
                            flow.forget(fallback);
                        }
                    }
                    _ => {}
                }
                path.leave();
                flow.stand(path.place());
            }
            Node::Text(text) if path.has_text() => {
                if !text.trim().is_empty() || !text.contains('\n') {
                    any |= !text.trim().is_empty();
                    match is_book {
                        true => flow.push(&sheet::unescaped(&text)),
                        false => flow.push(&text),
                    }
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
    any
}

/// The elements around what is read, and what they say of where its text stands.
#[derive(Default)]
struct Path {
    open: Vec<Open>,
}

/// An open element.
struct Open {
    /// Whether its text is any: no number that places or formats something.
    has_text: bool,
    is_run: bool,
    is_settings: bool,
    place: Place,
}

impl Path {
    fn enter(&mut self, tag: &Tag<'_>) {
        let element = tag.name();
        // A run is hidden where its own settings say so.
        if element == "vanish"
            && !matches!(tag.get("val").as_deref(), Some("0" | "false" | "off"))
            && let [.., run, settings] = &mut self.open[..]
            && settings.is_settings
            && run.is_run
            && run.place != Place::Beside
        {
            run.place = Place::Hidden;
        }
        let place = match (self.place(), element) {
            (Place::Beside, _) | (_, "instrText" | "delInstrText" | "rt" | "rPh") => Place::Beside,
            (Place::Hidden, _) | (_, "del" | "delText" | "moveFrom") => Place::Hidden,
            (Place::Shown, _) | (_, "ins" | "moveTo") => Place::Shown,
            (Place::Line, _) => Place::Line,
        };
        self.open.push(Open {
            has_text: !NUMBERS.contains(&element),
            is_run: element == "r",
            is_settings: element == "rPr",
            place,
        });
    }

    fn leave(&mut self) {
        self.open.pop();
    }

    fn place(&self) -> Place {
        self.open.last().map_or(Place::Line, |open| open.place)
    }

    fn has_text(&self) -> bool {
        self.open.last().is_none_or(|open| open.has_text)
    }
}

/// The letter that a font shows at a code of its own (ISO/IEC 29500-1 section
/// 17.3.3.30), where that is one in all fonts but those of signs.
fn symbol(tag: &Tag<'_>) -> char {
    const SIGNS: &[&str] = &[
        "symbol",
        "wingdings",
        "webdings",
        "zapfdingbats",
        "zapf dingbats",
        "monotype sorts",
        "mt extra",
        "marlett",
        "bookshelf symbol",
    ];
    let font = tag.get("font").unwrap_or_default().to_ascii_lowercase();
    let code = tag
        .get("char")
        .and_then(|code| u32::from_str_radix(&code, 16).ok());
    // Fonts without Unicode stand in the private area.
    let code = code.map(|code| match code {
        0xf000..=0xf0ff => code - 0xf000,
        code => code,
    });
    code.filter(|_| !SIGNS.iter().any(|sign| font.starts_with(sign)))
        .and_then(char::from_u32)
        .filter(|c| c.is_alphanumeric() || c.is_ascii_graphic() || *c == ' ')
        .unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// Names that programs give: `Picture 3`, `TextBox 12`, `_Toc98411`.
fn is_generated(value: &str) -> bool {
    let numbered = |mark| {
        let number = value.strip_prefix(mark);
        number.is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()))
    };
    if value == "_GoBack" || ["_Toc", "_Ref", "_Hlk"].into_iter().any(numbered) {
        return true;
    }
    let Some((word, number)) = value.rsplit_once(' ') else {
        return false;
    };
    number.chars().all(|c| c.is_ascii_digit())
        && word.chars().all(|c| c.is_ascii_alphabetic() || c == ' ')
        && word.split(' ').count() <= 3
        && [
            "Picture",
            "TextBox",
            "Text Box",
            "Title",
            "Subtitle",
            "Placeholder",
            "Image",
            "Chart",
            "Table",
            "Shape",
            "Rectangle",
            "Group",
            "Object",
            "Connector",
            "Graphic",
            "Diagram",
        ]
        .iter()
        .any(|w| word.ends_with(w))
}

/// Properties that a program keeps for itself.
const COUNTS: &[&str] = &[
    "revision",
    "created",
    "modified",
    "lastPrinted",
    "TotalTime",
    "Pages",
    "Words",
    "Characters",
    "CharactersWithSpaces",
    "Lines",
    "Paragraphs",
    "Application",
    "AppVersion",
    "DocSecurity",
    "ScaleCrop",
    "LinksUpToDate",
    "SharedDoc",
    "HyperlinksChanged",
    "Slides",
    "Notes",
    "HiddenSlides",
    "MMClips",
    "PresentationFormat",
    "Template",
    "variant",
];

/// Author, title, company and the like, one a line.
fn properties(walk: &mut Walk<'_>, name: &str, bytes: &[u8]) {
    let text = super::text::xml(bytes);
    let mut xml = Xml::new(&text);
    let mut flow = Flow::new(name);
    let mut label = String::new();
    // Whether the label is the format's, not somebody's.
    let mut own = true;
    while let Some(node) = xml.next() {
        match node {
            Node::Start(tag) => match tag.name() {
                "property" => {
                    label = tag.get("name").unwrap_or_default();
                    own = false;
                }
                // The types of values.
                "lpwstr" | "lpstr" | "bstr" | "i4" | "bool" | "filetime" | "r8" => {}
                other => {
                    other.clone_into(&mut label);
                    own = true;
                }
            },
            Node::Text(text)
                if text.trim().is_empty() || (own && COUNTS.contains(&label.as_str())) => {}
            Node::Text(text) => {
                if flow.at_line_start() {
                    flow.push(&label);
                    flow.push(": ");
                }
                flow.push(&text);
            }
            Node::End(_) => flow.end_line(),
        }
        if !flow.give(walk) {
            walk.fail("too_large");
            break;
        }
    }
    xml.finish(walk);
    flow.finish(walk);
}

/// Elements that stand within a word or a line.
const INLINE: &[&str] = &[
    "a", "b", "em", "font", "i", "r", "span", "strong", "sub", "sup", "t", "u",
];

/// XML of anybody's: each text behind the name of its element, each attribute
/// behind its own, one a line.
fn labelled(walk: &mut Walk<'_>, name: &str, bytes: &[u8]) {
    let text = super::text::xml(bytes);
    let mut xml = Xml::new(&text);
    let mut flow = Flow::new(name);
    let mut label = String::new();
    while let Some(node) = xml.next() {
        match node {
            Node::Start(tag) => {
                let inline = INLINE.contains(&tag.name());
                if !inline {
                    flow.end_line();
                    tag.name().clone_into(&mut label);
                }
                for (name, value) in tag.attributes() {
                    match inline {
                        true => flow.aside(&format!("{name}: {value}")),
                        false => {
                            flow.push(&format!("{name}: {value}"));
                            flow.end_line();
                        }
                    }
                }
            }
            Node::Text(text) if flow.at_line_start() => {
                if !text.trim().is_empty() {
                    flow.push(&format!("{label}: {}", text.trim_start()));
                }
            }
            Node::Text(text) => flow.push(&text),
            Node::End(name) if INLINE.contains(&name.as_str()) => {}
            Node::End(_) => flow.end_line(),
        }
        if !flow.give(walk) {
            walk.fail("too_large");
            break;
        }
    }
    xml.finish(walk);
    flow.finish(walk);
}

/// Targets outside the package: web links, mail addresses.
fn links(walk: &mut Walk<'_>, name: &str, bytes: &[u8]) {
    let text = super::text::xml(bytes);
    let mut xml = Xml::new(&text);
    let mut flow = Flow::new(name);
    while let Some(node) = xml.next() {
        if let Node::Start(tag) = node
            && tag.get("TargetMode").is_some_and(|m| m == "External")
            && let Some(target) = tag.get("Target")
        {
            flow.aside(&target);
        }
        if !flow.give(walk) {
            walk.fail("too_large");
            break;
        }
    }
    xml.finish(walk);
    flow.finish(walk);
}
