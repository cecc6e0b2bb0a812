//! PDF (ISO 32000-1) as text.
//!
//! **In**: a file of any writer, damaged or hostile. **Out**: the text of each
//! page, and of what hangs on pages or documents: notes, form fields, titles,
//! metadata, embedded files. The reader is our own: those that there are panic
//! on damaged files or overflow the stack.
//!
//! A page whose text cannot be known is never silent: pictures in place of
//! text are `image_only`, beside it, where they could be a page of their own,
//! `unsupported_type`; so are codes that no table maps to text. An encrypted
//! file is `encrypted`.

mod cmap;
mod content;
mod extra;
mod file;
mod filter;
mod font;
mod glyphs;
mod object;
mod program;

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use self::content::{Page, Reader};
use self::file::{File, Place};
use self::font::Font;
use self::object::{Dict, Object};
use super::budget::MAX_ENTRY;
use super::picture::Pictures;
use super::walk::Walk;

/// Levels of the page tree.
const MAX_LEVELS: usize = 64;
/// Nodes of the page tree that wait to be read; many may share their kids.
const MAX_WAITING: usize = 500_000;
/// Pages of one document.
const MAX_PAGES: usize = 20_000;
/// On a page that a picture covers, fewer characters than this are a stamp and
/// not its text.
const STAMP: usize = 200;

/// Reads a document.
pub(super) fn read(walk: &mut Walk<'_>, data: &[u8]) {
    let mut file = File::open(data, walk.budget);
    if file.encrypted() {
        walk.fail("encrypted");
        return;
    }
    let pages = pages(&mut file, walk);
    let mut fonts: HashMap<u32, Rc<Font>> = HashMap::new();
    let mut seen: HashSet<Place> = HashSet::new();
    let mut pictures = Pictures::default();
    let mut shown: HashSet<Place> = HashSet::new();
    let mut characters = 0;
    for (n, leaf) in pages.iter().enumerate() {
        if walk.budget.text == 0 || walk.budget.work == 0 {
            walk.fail("too_large");
            break;
        }
        let mut page = Page::new(&format!("page {}", n + 1));
        let known = (&mut fonts, &mut pictures);
        show(&mut file, walk, known, &mut page, leaf, &mut seen);
        let covered = page.pictures >= leaf.area() * 0.5 && page.characters < STAMP;
        let drawn = page.characters == 0 && (page.has_picture || page.paths > 20);
        if (page.has_picture && covered) || drawn {
            walk.fail("image_only");
        }
        if page.is_unreadable() {
            walk.fail("unsupported_type");
        }
        characters += page.characters;
        shown.extend(&page.shown);
        page.flow.finish(walk);
    }
    if pages.is_empty() {
        walk.fail("malformed");
    } else if characters == 0 {
        walk.fail("image_only");
    }
    let drawn = extra::read(&mut file, walk, &mut pictures);
    let mut page = Page::new("drawn beside the pages");
    page.shown = shown;
    let mut reader = Reader {
        file: &mut file,
        walk,
        fonts: &mut fonts,
        page: &mut page,
        pictures: &mut pictures,
    };
    for place in drawn {
        reader.page.anew();
        reader.form(place, &Dict::default(), &content::IDENTITY, 0);
    }
    if page.is_unreadable() {
        walk.fail("unsupported_type");
    }
    page.flow.finish(walk);
    // A scan beside text, or that no page shows.
    if !walk.failed("image_only") {
        pictures.tell(walk);
    }
    for fault in std::mem::take(&mut file.faults) {
        walk.fail(fault);
    }
    walk.budget.held += file.held;
}

/// A page and what it inherits.
struct Leaf {
    dict: Dict,
    resources: Rc<Dict>,
    media_box: [f32; 4],
}

impl Leaf {
    /// In square points.
    fn area(&self) -> f32 {
        let [x0, y0, x1, y1] = self.media_box;
        ((x1 - x0) * (y1 - y0)).abs().max(1.0)
    }
}

/// What a node of the page tree hands down.
#[derive(Clone)]
struct Inherited {
    resources: Option<Rc<Dict>>,
    media_box: [f32; 4],
}

/// Resources that were read, by their reference: many pages share them.
type Shared = HashMap<u32, Rc<Dict>>;

/// The resources that stand in a node of the page tree.
fn resources(
    file: &mut File<'_>,
    walk: &mut Walk<'_>,
    shared: &mut Shared,
    node: &Dict,
) -> Option<Rc<Dict>> {
    let object = node.get("Resources")?;
    if let Object::Ref(id) = object
        && let Some(known) = shared.get(id)
    {
        return Some(Rc::clone(known));
    }
    let read = match file.resolve(object, walk.budget) {
        Object::Dict(dict) => Rc::new(dict),
        _ => Rc::default(),
    };
    if let Object::Ref(id) = object {
        shared.insert(*id, Rc::clone(&read));
    }
    Some(read)
}

impl Inherited {
    fn with(
        &self,
        file: &mut File<'_>,
        walk: &mut Walk<'_>,
        shared: &mut Shared,
        dict: &Dict,
    ) -> Self {
        let mut media_box = self.media_box;
        if let Object::Array(items) = file.get(dict, "MediaBox", walk.budget) {
            for (place, item) in media_box.iter_mut().zip(&items) {
                if let Some(n) = file.resolve(item, walk.budget).number() {
                    *place = font::single(n);
                }
            }
        }
        Self {
            resources: resources(file, walk, shared, dict).or_else(|| self.resources.clone()),
            media_box,
        }
    }
}

/// The pages in the order of the tree, then those that no tree has.
fn pages(file: &mut File<'_>, walk: &mut Walk<'_>) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    let mut seen: HashSet<Place> = HashSet::new();
    let none = Inherited {
        resources: None,
        media_box: [0.0, 0.0, 612.0, 792.0],
    };
    let roots: Vec<Object> = file
        .trailers
        .iter()
        .rev()
        .filter_map(|t| t.get("Root").cloned())
        .collect();
    let mut todo: Vec<(Object, Inherited, usize)> = Vec::new();
    for root in roots {
        if let Object::Dict(catalog) = file.resolve(&root, walk.budget)
            && let Some(tree) = catalog.get("Pages")
        {
            todo.push((tree.clone(), none.clone(), 0));
        }
    }
    todo.reverse();
    let mut shared = Shared::new();
    let mut add = |walk: &mut Walk<'_>, dict: Dict, inherited: Inherited| {
        if leaves.len() >= MAX_PAGES {
            walk.fail("too_many_entries");
            return;
        }
        leaves.push(Leaf {
            dict,
            resources: inherited.resources.unwrap_or_default(),
            media_box: inherited.media_box,
        });
    };
    while let Some((node, inherited, level)) = todo.pop() {
        let Object::Ref(id) = node else { continue };
        let Some(place) = file.last(id) else {
            continue;
        };
        if !seen.insert(place) {
            continue;
        }
        if level > MAX_LEVELS {
            walk.fail("too_deep");
            continue;
        }
        let Object::Dict(dict) = file.at(place, walk.budget) else {
            continue;
        };
        let inherited = inherited.with(file, walk, &mut shared, &dict);
        match file.get(&dict, "Kids", walk.budget) {
            Object::Array(kids) => {
                if todo.len() + kids.len() > MAX_WAITING {
                    walk.fail("too_many_entries");
                    continue;
                }
                for kid in kids.into_iter().rev() {
                    todo.push((kid, inherited.clone(), level + 1));
                }
            }
            _ => add(walk, dict, inherited),
        }
    }
    for place in file.all() {
        if seen.contains(&place) {
            continue;
        }
        let Object::Dict(dict) = file.at(place, walk.budget) else {
            continue;
        };
        if dict.name("Type") == Some(b"Page") {
            // What it inherits is where its parent says.
            let mut inherited = none.clone();
            let mut parent = dict.get("Parent").cloned();
            for _ in 0..8 {
                let Some(Object::Dict(above)) = parent.map(|p| file.resolve(&p, walk.budget))
                else {
                    break;
                };
                if inherited.resources.is_none() {
                    inherited.resources = resources(file, walk, &mut shared, &above);
                }
                parent = above.get("Parent").cloned();
            }
            let inherited = inherited.with(file, walk, &mut shared, &dict);
            add(walk, dict, inherited);
        }
    }
    leaves
}

/// Reads the content of a page: first as it is now, then what earlier
/// revisions of the file had in its place.
fn show(
    file: &mut File<'_>,
    walk: &mut Walk<'_>,
    (fonts, pictures): (&mut HashMap<u32, Rc<Font>>, &mut Pictures),
    page: &mut Page,
    leaf: &Leaf,
    seen: &mut HashSet<Place>,
) {
    let streams = match leaf.dict.get("Contents") {
        Some(Object::Array(items)) => items.clone(),
        Some(Object::Ref(id)) => match file.resolve(&Object::Ref(*id), walk.budget) {
            Object::Array(items) => items,
            _ => vec![Object::Ref(*id)],
        },
        _ => return,
    };
    let mut now: Vec<u8> = Vec::new();
    let mut earlier: Vec<Place> = Vec::new();
    let mut met: HashSet<Place> = HashSet::new();
    let mut places: Vec<Place> = Vec::new();
    for stream in &streams {
        let Object::Ref(id) = stream else { continue };
        if let Some((last, others)) = file.versions(*id).split_last() {
            places.push(*last);
            earlier.extend(others.iter().filter(|place| met.insert(**place)));
        }
    }
    // A page of an earlier revision, whose content is that of one read before.
    if !places.is_empty() && places.iter().all(|p| seen.contains(p)) && !leaf.dict.0.is_empty() {
        earlier.retain(|p| !seen.contains(p));
        places.clear();
    }
    for place in places {
        seen.insert(place);
        if let Some(stream) = file.stream_at(place, walk.budget)
            && let Some(bytes) = file.content(&stream, walk.budget)
        {
            if now.len() + bytes.len() > MAX_ENTRY.min(walk.budget.held) {
                walk.fail("too_large");
                break;
            }
            now.extend(bytes);
            now.push(b'\n');
        }
    }
    let held = now.len().min(walk.budget.held);
    walk.budget.held -= held;
    let start = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];
    let mut reader = Reader {
        file,
        walk,
        fonts,
        page,
        pictures,
    };
    reader.read(&now, &leaf.resources, start, 0);
    drop(now);
    reader.walk.budget.held += held;
    for place in earlier {
        if !seen.insert(place) {
            continue;
        }
        if let Some(stream) = reader.file.stream_at(place, reader.walk.budget)
            && let Some(bytes) = reader.file.content(&stream, reader.walk.budget)
        {
            reader.page.anew();
            reader.read(&bytes, &leaf.resources, start, 0);
        }
    }
}
