//! The objects of a PDF file, found by reading the file from start to end.
//!
//! The cross-reference table is not followed: a damaged or lying one would
//! hide objects. So every version of an object that the file ever had is
//! known, in the order of the file, the last one being the one that counts;
//! text of an earlier revision travels too.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use super::super::budget::Budget;
use super::super::sniff::find;
use super::filter::{self, Decoded};
use super::object::{Dict, Object, Parser, integer, is_blank};

/// Objects of one file.
const MAX_OBJECTS: usize = 500_000;
/// References that lead to references.
const MAX_CHAIN: usize = 8;
/// Bytes of a stream that its first ones are decoded from.
const START: usize = 1024;

/// Where an object stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Place {
    /// `None` for the file, or an object stream that was decoded.
    stream: Option<u32>,
    at: usize,
}

/// A stream: its dictionary and its bytes as they stand in the file.
#[derive(Debug, Clone)]
pub(super) struct Stream {
    pub(super) dict: Dict,
    pub(super) raw: Range<usize>,
}

/// A file whose objects are known.
pub(super) struct File<'a> {
    data: &'a [u8],
    objects: HashMap<u32, Vec<Place>>,
    /// Where the bytes of each stream of the file stand, by its object's place.
    streams: HashMap<usize, Range<usize>>,
    decoded: Vec<Rc<Vec<u8>>>,
    /// Trailers, and the dictionaries of cross-reference streams.
    pub(super) trailers: Vec<Dict>,
    pub(super) faults: Vec<&'static str>,
    /// Bytes that object streams hold, to be given back.
    pub(super) held: usize,
}

impl<'a> File<'a> {
    /// Finds all objects.
    pub(super) fn open(data: &'a [u8], budget: &mut Budget) -> Self {
        let mut file = Self {
            data,
            objects: HashMap::new(),
            streams: HashMap::new(),
            decoded: Vec::new(),
            trailers: Vec::new(),
            faults: Vec::new(),
            held: 0,
        };
        let containers = file.scan();
        if !file.encrypted() {
            file.unpack(&containers, budget);
        }
        file
    }

    pub(super) fn encrypted(&self) -> bool {
        self.trailers
            .iter()
            .any(|t| matches!(t.get("Encrypt"), Some(Object::Ref(_) | Object::Dict(_))))
    }

    pub(super) fn fail(&mut self, why: &'static str) {
        if !self.faults.contains(&why) {
            self.faults.push(why);
        }
    }

    /// One pass over the file. Returns where the object streams stand.
    fn scan(&mut self) -> Vec<usize> {
        let data = self.data;
        let mut containers = Vec::new();
        let mut count = 0;
        // An object that is not closed would be read to the end of the file,
        // again for each one: reading ahead is counted.
        let mut ahead = data.len().saturating_mul(4).saturating_add(1 << 20);
        let mut at = 0;
        while let Some(next) = next_mark(data, at) {
            match next {
                Mark::Trailer(after) => {
                    at = after;
                    if let Some(Object::Dict(dict)) = self.look(after, &mut ahead).0 {
                        self.trailers.push(dict);
                    }
                }
                Mark::Object { id, after } => {
                    at = after;
                    if count == MAX_OBJECTS {
                        self.fail("too_many_entries");
                        return containers;
                    }
                    count += 1;
                    let place = Place {
                        stream: None,
                        at: after,
                    };
                    self.objects.entry(id).or_default().push(place);
                    let (object, end) = self.look(after, &mut ahead);
                    if let Some(Object::Dict(dict)) = object
                        && let Some(raw) = self.stream_range(&dict, end)
                    {
                        at = raw.end;
                        match dict.name("Type") {
                            Some(b"ObjStm") => containers.push(after),
                            Some(b"XRef") => self.trailers.push(dict),
                            _ => {}
                        }
                        self.streams.insert(after, raw);
                    }
                }
            }
        }
        containers
    }

    /// Reads an object and where it ends, while reading ahead is allowed.
    fn look(&mut self, at: usize, ahead: &mut usize) -> (Option<Object>, usize) {
        if *ahead == 0 {
            self.fail("malformed");
            return (None, at);
        }
        let mut parser = Parser::new(self.data, at);
        let object = parser.next();
        *ahead = ahead.saturating_sub(parser.at - at);
        if object.is_none() {
            self.fail("malformed");
        }
        (object, parser.at)
    }

    /// The bytes of the stream whose dictionary ends at `end`, if it is one.
    fn stream_range(&mut self, dict: &Dict, end: usize) -> Option<Range<usize>> {
        let data = self.data;
        let mut parser = Parser::new(data, end);
        parser.blanks();
        let after = data.get(parser.at..)?.strip_prefix(b"stream")?;
        let mut start = parser.at + 6;
        start += match after {
            [b'\r', b'\n', ..] => 2,
            [b'\n' | b'\r', ..] => 1,
            _ => 0,
        };
        let length = match dict.get("Length") {
            // The number alone: streams may share a long object of another kind.
            Some(Object::Ref(id)) => self.last(*id).and_then(|p| number_at(data, p.at)),
            other => other.and_then(Object::count),
        };
        if let Some(length) = length
            && let Some(stop) = start.checked_add(length)
            && let Some(rest) = data.get(stop..)
        {
            let blanks = rest.iter().take(4).take_while(|b| is_blank(**b)).count();
            if rest
                .get(blanks..)
                .is_some_and(|r| r.starts_with(b"endstream"))
            {
                return Some(start..stop);
            }
        }
        // A wrong length is common, and what ends the stream is not.
        match find(data, b"endstream", start) {
            Some(stop) => Some(start..stop),
            None => {
                self.fail("malformed");
                Some(start.min(data.len())..data.len())
            }
        }
    }

    /// Lists the objects of object streams (section 7.5.7).
    fn unpack(&mut self, containers: &[usize], budget: &mut Budget) {
        let mut order: Vec<usize> = Vec::new();
        let mut room = MAX_OBJECTS.saturating_sub(self.objects.values().map(Vec::len).sum());
        for &at in containers {
            let place = Place { stream: None, at };
            let Some(stream) = self.stream_at(place, budget) else {
                continue;
            };
            let Some(bytes) = self.content(&stream, budget) else {
                continue;
            };
            self.held += bytes.len().min(budget.held);
            budget.held -= bytes.len().min(budget.held);
            let count = stream.dict.get("N").and_then(Object::count).unwrap_or(0);
            let first = stream
                .dict
                .get("First")
                .and_then(Object::count)
                .unwrap_or(0);
            let index = u32::try_from(self.decoded.len()).ok();
            let mut parser = Parser::new(&bytes, 0);
            for _ in 0..count {
                if parser.at >= first {
                    break;
                }
                let (Some(Object::Number(id)), Some(offset)) = (parser.next(), parser.next())
                else {
                    self.fail("malformed");
                    break;
                };
                let (Some(id), Some(offset)) = (Object::Number(id).count(), offset.count()) else {
                    self.fail("malformed");
                    break;
                };
                if room == 0 {
                    self.fail("too_many_entries");
                    break;
                }
                room -= 1;
                let place = Place {
                    stream: index,
                    at: first.saturating_add(offset),
                };
                let places = self
                    .objects
                    .entry(u32::try_from(id).unwrap_or(u32::MAX))
                    .or_default();
                places.push(place);
            }
            self.decoded.push(Rc::new(bytes));
            order.push(at);
        }
        // A version in an object stream is as old as the stream.
        let key = |place: &Place| match place.stream {
            Some(n) => (order.get(n as usize).copied().unwrap_or(0), place.at),
            None => (place.at, 0),
        };
        for places in self.objects.values_mut() {
            places.sort_by_key(key);
        }
    }

    /// Every version of an object, the one that counts last.
    pub(super) fn versions(&self, id: u32) -> &[Place] {
        self.objects.get(&id).map(Vec::as_slice).unwrap_or_default()
    }

    /// The version of an object that counts.
    pub(super) fn last(&self, id: u32) -> Option<Place> {
        self.versions(id).last().copied()
    }

    /// Every object that there is, in the order of their numbers.
    pub(super) fn all(&self) -> Vec<Place> {
        let mut ids: Vec<u32> = self.objects.keys().copied().collect();
        ids.sort_unstable();
        ids.iter()
            .flat_map(|id| self.versions(*id))
            .copied()
            .collect()
    }

    /// Reads the object at a place. Reading counts as work, since an object
    /// may be asked for again and again.
    pub(super) fn at(&mut self, place: Place, budget: &mut Budget) -> Object {
        let decoded = place
            .stream
            .and_then(|n| self.decoded.get(n as usize))
            .cloned();
        let data = match (&decoded, place.stream) {
            (Some(bytes), _) => bytes.as_slice(),
            (None, None) => self.data,
            (None, Some(_)) => return Object::Null,
        };
        if budget.work == 0 {
            self.fail("too_large");
            return Object::Null;
        }
        let mut parser = Parser::new(data, place.at);
        let object = parser.next().unwrap_or(Object::Null);
        // Parsing takes longer than inflating.
        budget.spend((parser.at.saturating_sub(place.at)).saturating_mul(4) + 64);
        object
    }

    /// What a reference leads to, or the object itself.
    pub(super) fn resolve(&mut self, object: &Object, budget: &mut Budget) -> Object {
        let mut object = object.clone();
        for _ in 0..MAX_CHAIN {
            let Object::Ref(id) = object else {
                return object;
            };
            let Some(place) = self.last(id) else {
                return Object::Null;
            };
            object = self.at(place, budget);
        }
        Object::Null
    }

    /// A value of a dictionary, resolved.
    pub(super) fn get(&mut self, dict: &Dict, key: &str, budget: &mut Budget) -> Object {
        match dict.get(key) {
            Some(object) => {
                let object = object.clone();
                self.resolve(&object, budget)
            }
            None => Object::Null,
        }
    }

    pub(super) fn dict(&mut self, dict: &Dict, key: &str, budget: &mut Budget) -> Option<Dict> {
        match self.get(dict, key, budget) {
            Object::Dict(dict) => Some(dict),
            _ => None,
        }
    }

    /// An entry of a dictionary that is itself one of `dict`. Looking for it
    /// counts as work, since a page may ask again and again.
    pub(super) fn entry(
        &mut self,
        dict: &Dict,
        key: &str,
        name: &[u8],
        budget: &mut Budget,
    ) -> Option<Object> {
        let read;
        let entries = match dict.get(key)? {
            Object::Dict(entries) => entries,
            other => {
                read = self.resolve(other, budget);
                read.dict()?
            }
        };
        let entry = entries.0.iter().find(|(key, _)| key == name);
        let copied = entry.map_or(0, |(_, object)| object.values());
        if !budget.spend(entries.0.len() + 4 * copied) {
            self.fail("too_large");
            return None;
        }
        entry.map(|(_, object)| object.clone())
    }

    /// The stream at a place. Only objects of the file itself can be one.
    pub(super) fn stream_at(&mut self, place: Place, budget: &mut Budget) -> Option<Stream> {
        if place.stream.is_some() {
            return None;
        }
        let raw = self.streams.get(&place.at).cloned()?;
        match self.at(place, budget) {
            Object::Dict(dict) => Some(Stream { dict, raw }),
            _ => None,
        }
    }

    /// The stream that a reference leads to.
    pub(super) fn stream(&mut self, object: &Object, budget: &mut Budget) -> Option<Stream> {
        let mut object = object.clone();
        for _ in 0..MAX_CHAIN {
            let Object::Ref(id) = object else { return None };
            let place = self.last(id)?;
            if let Some(stream) = self.stream_at(place, budget) {
                return Some(stream);
            }
            object = self.at(place, budget);
        }
        None
    }

    /// A stream as it stands in the file.
    pub(super) fn raw(&self, stream: &Stream) -> &'a [u8] {
        self.data.get(stream.raw.clone()).unwrap_or_default()
    }

    /// A stream with its filters undone. What cannot be decoded is a fault,
    /// pictures aside.
    pub(super) fn content(&mut self, stream: &Stream, budget: &mut Budget) -> Option<Vec<u8>> {
        let raw = self.data.get(stream.raw.clone())?;
        match self.decoded(stream, raw, budget) {
            Decoded::Bytes(bytes, fault) => {
                if let Some(fault) = fault {
                    self.fail(fault);
                }
                Some(bytes)
            }
            Decoded::Picture => None,
            Decoded::Unknown => {
                self.fail("unsupported_type");
                None
            }
        }
    }

    /// The first bytes of a stream with its filters undone.
    pub(super) fn start(&mut self, stream: &Stream, budget: &mut Budget) -> Option<Vec<u8>> {
        let raw = self.data.get(stream.raw.clone())?;
        let head = raw.get(..raw.len().min(START))?;
        match self.decoded(stream, head, budget) {
            // It is cut off, whatever is told of it.
            Decoded::Bytes(bytes, _) => Some(bytes),
            Decoded::Picture | Decoded::Unknown => None,
        }
    }

    fn decoded(&mut self, stream: &Stream, raw: &[u8], budget: &mut Budget) -> Decoded {
        let pick = |this: &mut Self, long: &str, short: &str, budget: &mut Budget| match this.get(
            &stream.dict,
            long,
            budget,
        ) {
            Object::Null => this.get(&stream.dict, short, budget),
            other => other,
        };
        let filters = match pick(self, "Filter", "F", budget) {
            Object::Array(items) => items,
            Object::Null => Vec::new(),
            one => vec![one],
        };
        let parms = match pick(self, "DecodeParms", "DP", budget) {
            Object::Array(items) => items,
            one => vec![one],
        };
        let mut names = Vec::new();
        for filter in filters.iter().take(8) {
            names.push(
                self.resolve(filter, budget)
                    .name()
                    .unwrap_or_default()
                    .to_vec(),
            );
        }
        let mut dicts = Vec::new();
        for parm in parms.iter().take(8) {
            dicts.push(
                self.resolve(parm, budget)
                    .dict()
                    .cloned()
                    .unwrap_or_default(),
            );
        }
        filter::decode(raw, &names, &dicts, budget)
    }
}

/// The whole number that stands at a place.
fn number_at(data: &[u8], at: usize) -> Option<usize> {
    let rest = data.get(at..)?.trim_ascii_start();
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let number = integer(rest.get(..digits)?)?;
    usize::try_from(number).ok()
}

/// What the scan stops at.
enum Mark {
    /// `12 0 obj`, and where the object begins.
    Object { id: u32, after: usize },
    /// `trailer`.
    Trailer(usize),
}

/// The next mark at or after `from`.
fn next_mark(data: &[u8], from: usize) -> Option<Mark> {
    let mut at = from;
    loop {
        // `obj` and `trailer` both: whichever of their letters comes first.
        at += data
            .get(at..)?
            .iter()
            .position(|b| matches!(b, b'o' | b't'))?;
        let rest = data.get(at..)?;
        if rest.starts_with(b"trailer") {
            return Some(Mark::Trailer(at + 7));
        }
        if rest.starts_with(b"obj")
            && let Some(id) = number_before(data.get(from..at)?)
        {
            return Some(Mark::Object { id, after: at + 3 });
        }
        at += 1;
    }
}

/// The object number in `12 0 ` at the end of `text`.
fn number_before(text: &[u8]) -> Option<u32> {
    let trim = |text: &[u8]| {
        text.iter()
            .rev()
            .take(8)
            .take_while(|b| is_blank(**b))
            .count()
    };
    let digits = |text: &[u8]| {
        text.iter()
            .rev()
            .take(11)
            .take_while(|b| b.is_ascii_digit())
            .count()
    };
    let text = text.get(..text.len() - trim(text))?;
    let generation = digits(text);
    let text = text.get(..text.len() - generation)?;
    let blanks = trim(text);
    let text = text.get(..text.len() - blanks)?;
    let id = digits(text);
    if generation == 0 || blanks == 0 || id == 0 {
        return None;
    }
    integer(text.get(text.len() - id..)?)
}
