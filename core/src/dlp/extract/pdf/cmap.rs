//! CMaps: `ToUnicode` and the encodings of composite fonts (Adobe Technical
//! Note 5014).

use std::collections::HashMap;

use super::object::{Object, Parser};

/// Entries of one map; a font has at most this many glyphs.
const MAX_ENTRIES: usize = 65_536;
/// Characters that one code may stand for.
const MAX_TEXT: usize = 16;

/// A character map.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct CMap {
    /// Lengths of codes, with the first and last code of each.
    spaces: Vec<(usize, u32, u32)>,
    texts: HashMap<u32, String>,
    cids: Vec<(u32, u32, u32)>,
    /// Entries made, the ones that replaced others counted again.
    made: usize,
}

impl CMap {
    pub(super) fn read(bytes: &[u8]) -> Self {
        let mut map = Self::default();
        let mut parser = Parser::new(bytes, 0);
        let mut operands: Vec<Object> = Vec::new();
        loop {
            let object = parser.next();
            match object {
                None if parser.at >= bytes.len() => break,
                None => parser.at += 1,
                Some(Object::Word(word)) => {
                    match &word[..] {
                        b"endcodespacerange" => {
                            for pair in operands.chunks_exact(2) {
                                if let [Object::Text(low), Object::Text(high)] = pair
                                    && map.spaces.len() < 100
                                {
                                    map.spaces.push((low.len(), code(low), code(high)));
                                }
                            }
                        }
                        b"endbfchar" => {
                            for pair in operands.chunks_exact(2) {
                                if let [Object::Text(from), Object::Text(to)] = pair {
                                    map.put(code(from), utf16(to));
                                }
                            }
                        }
                        b"endbfrange" => {
                            for three in operands.chunks_exact(3) {
                                map.range(three);
                            }
                        }
                        b"endcidrange" => {
                            for three in operands.chunks_exact(3) {
                                if let [Object::Text(a), Object::Text(b), cid] = three
                                    && let Some(cid) =
                                        cid.count().and_then(|c| u32::try_from(c).ok())
                                    && map.cids.len() < 10_000
                                {
                                    map.cids.push((code(a), code(b), cid));
                                }
                            }
                        }
                        _ => {}
                    }
                    operands.clear();
                }
                Some(object) if operands.len() < 3 * MAX_ENTRIES => operands.push(object),
                Some(_) => {}
            }
        }
        map.cids.sort_unstable();
        map
    }

    fn range(&mut self, three: &[Object]) {
        let [Object::Text(first), Object::Text(last), to] = three else {
            return;
        };
        let (first, last) = (code(first), code(last));
        let last = last.min(first.saturating_add(0xffff));
        match to {
            Object::Text(to) => {
                let text = utf16(to);
                let mut chars: Vec<char> = text.chars().collect();
                let Some(end) = chars.pop() else { return };
                for (n, code) in (first..=last).enumerate() {
                    if self.made >= 2 * MAX_ENTRIES {
                        return;
                    }
                    let step = u32::try_from(n).unwrap_or(0);
                    let c = char::from_u32(u32::from(end).saturating_add(step));
                    let mut text: String = chars.iter().collect();
                    text.push(c.unwrap_or(char::REPLACEMENT_CHARACTER));
                    self.put(code, text);
                }
            }
            Object::Array(items) => {
                for (code, item) in (first..=last).zip(items) {
                    if let Object::Text(to) = item {
                        self.put(code, utf16(to));
                    }
                }
            }
            _ => {}
        }
    }

    fn put(&mut self, code: u32, text: String) {
        if self.made < 2 * MAX_ENTRIES {
            self.made += 1;
            self.texts.insert(code, text);
        }
    }

    /// About as many bytes as the map takes.
    pub(super) fn size(&self) -> usize {
        self.made * 112
    }

    /// The text of a code; `None` where the map says nothing of use.
    pub(super) fn text(&self, code: u32) -> Option<String> {
        let text = self.texts.get(&code)?;
        let useless = |c: char| {
            c == '\0' || c == char::REPLACEMENT_CHARACTER || ('\u{e000}'..='\u{f8ff}').contains(&c)
        };
        (!text.is_empty() && !text.chars().all(useless)).then(|| text.clone())
    }

    /// How many bytes the first code of `text` has.
    pub(super) fn length(&self, text: &[u8]) -> usize {
        for length in 1..=4 {
            let Some(bytes) = text.get(..length) else {
                break;
            };
            let value = code(bytes);
            if self
                .spaces
                .iter()
                .any(|(n, low, high)| *n == length && (*low..=*high).contains(&value))
            {
                return length;
            }
        }
        // Outside of all code spaces: as long as the shortest of them.
        self.spaces.iter().map(|s| s.0).min().unwrap_or(2)
    }

    /// The glyph's number of a code, for its width.
    pub(super) fn cid(&self, code: u32) -> Option<u32> {
        let n = self
            .cids
            .partition_point(|(first, _, _)| *first <= code)
            .checked_sub(1)?;
        let (first, last, cid) = *self.cids.get(n)?;
        (code <= last).then(|| cid.saturating_add(code - first))
    }
}

fn code(bytes: &[u8]) -> u32 {
    bytes.iter().take(4).fold(0, |n, b| n << 8 | u32::from(*b))
}

fn utf16(bytes: &[u8]) -> String {
    if let [one] = bytes {
        return char::from(*one).to_string();
    }
    let units = bytes.chunks_exact(2).map(|pair| match *pair {
        [a, b] => u16::from_be_bytes([a, b]),
        _ => 0,
    });
    char::decode_utf16(units.take(MAX_TEXT))
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}
