//! PDF objects (ISO 32000-1 section 7.3) out of bytes.

/// An object.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Object {
    Null,
    Bool(bool),
    Number(f64),
    Name(Vec<u8>),
    Text(Vec<u8>),
    Array(Vec<Object>),
    Dict(Dict),
    Ref(u32),
    /// A word that is no object: an operator of a content stream.
    Word(Vec<u8>),
}

/// A dictionary, in the order of the file.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Dict(pub(super) Vec<(Vec<u8>, Object)>);

impl Dict {
    pub(super) fn get(&self, key: &str) -> Option<&Object> {
        self.0
            .iter()
            .find(|(k, _)| k == key.as_bytes())
            .map(|(_, v)| v)
    }

    pub(super) fn name(&self, key: &str) -> Option<&[u8]> {
        self.get(key).and_then(Object::name)
    }
}

impl Object {
    /// How many values it is made of. Its depth is bounded by the parser.
    pub(super) fn values(&self) -> usize {
        match self {
            Self::Array(items) => 1 + items.iter().map(Self::values).sum::<usize>(),
            Self::Dict(dict) => 1 + dict.0.iter().map(|(_, o)| o.values()).sum::<usize>(),
            _ => 1,
        }
    }

    pub(super) fn name(&self) -> Option<&[u8]> {
        match self {
            Self::Name(name) => Some(name),
            _ => None,
        }
    }

    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Number(n) => Some(*n),
            _ => None,
        }
    }

    /// A number that counts something.
    pub(super) fn count(&self) -> Option<usize> {
        let n = self.number()?;
        // Nothing in a file is counted beyond 2^32.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked"
        )]
        (n.fract() == 0.0 && (0.0..4_294_967_296.0).contains(&n)).then_some(n as usize)
    }

    pub(super) fn array(&self) -> Option<&[Object]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    pub(super) fn dict(&self) -> Option<&Dict> {
        match self {
            Self::Dict(dict) => Some(dict),
            _ => None,
        }
    }

    pub(super) fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Text(bytes) => Some(bytes),
            _ => None,
        }
    }
}

/// Arrays and dictionaries within one another.
const MAX_DEPTH: usize = 32;
/// Objects within one object: an array of numbers of a whole page has fewer.
const MAX_NODES: usize = 200_000;

/// Reads objects one after the other.
pub(super) struct Parser<'a> {
    pub(super) data: &'a [u8],
    pub(super) at: usize,
    nodes: usize,
}

impl<'a> Parser<'a> {
    pub(super) fn new(data: &'a [u8], at: usize) -> Self {
        Self { data, at, nodes: 0 }
    }

    fn peek(&self) -> Option<u8> {
        self.data.get(self.at).copied()
    }

    /// Skips blanks and comments.
    pub(super) fn blanks(&mut self) {
        while let Some(b) = self.peek() {
            match b {
                b'%' => {
                    while self.peek().is_some_and(|b| !matches!(b, b'\r' | b'\n')) {
                        self.at += 1;
                    }
                }
                b if is_blank(b) => self.at += 1,
                _ => break,
            }
        }
    }

    /// The next object or word; `None` at the end, or where nothing can be
    /// made of what stands there.
    pub(super) fn next(&mut self) -> Option<Object> {
        self.nodes = 0;
        self.object(0)
    }

    fn object(&mut self, depth: usize) -> Option<Object> {
        self.blanks();
        self.nodes += 1;
        if depth > MAX_DEPTH || self.nodes > MAX_NODES {
            return None;
        }
        let rest = self.data.get(self.at..)?;
        match *rest.first()? {
            b'(' => Some(Object::Text(self.literal())),
            b'<' if rest.get(1) == Some(&b'<') => {
                self.at += 2;
                self.dict(depth).map(Object::Dict)
            }
            b'<' => Some(Object::Text(self.hex())),
            b'[' => {
                self.at += 1;
                let mut items = Vec::new();
                loop {
                    self.blanks();
                    if self.peek()? == b']' {
                        self.at += 1;
                        return Some(Object::Array(items));
                    }
                    match self.object(depth + 1)? {
                        // The array was not closed.
                        Object::Word(w)
                            if matches!(&w[..], b"endobj" | b"obj" | b">>" | b"stream") =>
                        {
                            return None;
                        }
                        item => items.push(item),
                    }
                }
            }
            b'/' => {
                self.at += 1;
                Some(Object::Name(self.name()))
            }
            b'+' | b'-' | b'.' | b'0'..=b'9' => Some(self.number_or_ref()),
            b']' | b'{' | b'}' | b')' => {
                self.at += 1;
                Some(Object::Word(rest.get(..1)?.to_vec()))
            }
            b'>' => {
                let length = if rest.starts_with(b">>") { 2 } else { 1 };
                self.at += length;
                Some(Object::Word(rest.get(..length)?.to_vec()))
            }
            _ => {
                let word = self.regular();
                Some(match word {
                    b"true" => Object::Bool(true),
                    b"false" => Object::Bool(false),
                    b"null" => Object::Null,
                    word => Object::Word(word.to_vec()),
                })
            }
        }
    }

    fn dict(&mut self, depth: usize) -> Option<Dict> {
        let mut dict = Dict::default();
        loop {
            match self.object(depth + 1)? {
                Object::Name(key) => match self.object(depth + 1)? {
                    Object::Word(w) if w == b">>" => return Some(dict),
                    Object::Word(w) if matches!(&w[..], b"endobj" | b"obj" | b"stream") => {
                        return None;
                    }
                    value => dict.0.push((key, value)),
                },
                Object::Word(w) if w == b">>" => return Some(dict),
                Object::Word(w) if matches!(&w[..], b"endobj" | b"obj" | b"stream") => return None,
                _ => {}
            }
        }
    }

    /// Bytes up to a blank or a delimiter, one at least.
    fn regular(&mut self) -> &'a [u8] {
        let start = self.at;
        while self
            .peek()
            .is_some_and(|b| !is_blank(b) && !is_delimiter(b))
        {
            self.at += 1;
        }
        self.at = self.at.max(start + 1).min(self.data.len());
        self.data.get(start..self.at).unwrap_or_default()
    }

    fn number_or_ref(&mut self) -> Object {
        let first = self.regular();
        let Some(number) = number(first) else {
            return Object::Word(first.to_vec());
        };
        // `12 0 R`
        let after = self.at;
        if let Some(id) = integer(first) {
            self.blanks();
            if self.peek().is_some_and(|b| b.is_ascii_digit()) && integer(self.regular()).is_some()
            {
                self.blanks();
                if self.peek() == Some(b'R')
                    && self
                        .data
                        .get(self.at + 1)
                        .is_none_or(|b| is_blank(*b) || is_delimiter(*b))
                {
                    self.at += 1;
                    return Object::Ref(id);
                }
            }
            self.at = after;
        }
        Object::Number(number)
    }

    fn name(&mut self) -> Vec<u8> {
        let start = self.at;
        while self
            .peek()
            .is_some_and(|b| !is_blank(b) && !is_delimiter(b))
        {
            self.at += 1;
        }
        let raw = self.data.get(start..self.at).unwrap_or_default();
        let mut out = Vec::with_capacity(raw.len());
        let mut n = 0;
        while let Some(&b) = raw.get(n) {
            let hex = |n: usize| raw.get(n).copied().and_then(hex_digit);
            match (b, hex(n + 1), hex(n + 2)) {
                (b'#', Some(high), Some(low)) => {
                    out.push(high << 4 | low);
                    n += 3;
                }
                _ => {
                    out.push(b);
                    n += 1;
                }
            }
        }
        out
    }

    fn literal(&mut self) -> Vec<u8> {
        self.at += 1;
        let (mut out, mut open) = (Vec::new(), 1u32);
        while let Some(b) = self.peek() {
            self.at += 1;
            match b {
                b'(' => {
                    open += 1;
                    out.push(b);
                }
                b')' => {
                    open -= 1;
                    if open == 0 {
                        break;
                    }
                    out.push(b);
                }
                b'\\' => {
                    let Some(escaped) = self.peek() else { break };
                    self.at += 1;
                    match escaped {
                        b'n' => out.push(b'\n'),
                        b'r' => out.push(b'\r'),
                        b't' => out.push(b'\t'),
                        b'b' => out.push(8),
                        b'f' => out.push(12),
                        b'\r' => {
                            if self.peek() == Some(b'\n') {
                                self.at += 1;
                            }
                        }
                        b'\n' => {}
                        b'0'..=b'7' => {
                            let mut value = u16::from(escaped - b'0');
                            for _ in 0..2 {
                                match self.peek() {
                                    Some(d @ b'0'..=b'7') => {
                                        value = value * 8 + u16::from(d - b'0');
                                        self.at += 1;
                                    }
                                    _ => break,
                                }
                            }
                            out.push(u8::try_from(value & 0xff).unwrap_or(0));
                        }
                        other => out.push(other),
                    }
                }
                _ => out.push(b),
            }
        }
        out
    }

    fn hex(&mut self) -> Vec<u8> {
        self.at += 1;
        let mut digits = Vec::new();
        while let Some(b) = self.peek() {
            self.at += 1;
            if b == b'>' {
                break;
            }
            digits.extend(hex_digit(b));
        }
        digits
            .chunks(2)
            .map(|pair| match *pair {
                [high, low] => high << 4 | low,
                [high] => high << 4,
                _ => 0,
            })
            .collect()
    }
}

pub(super) fn is_blank(b: u8) -> bool {
    matches!(b, 0 | b'\t' | b'\n' | 0x0c | b'\r' | b' ')
}

pub(super) fn is_delimiter(b: u8) -> bool {
    matches!(
        b,
        b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%'
    )
}

pub(super) fn hex_digit(b: u8) -> Option<u8> {
    char::from(b)
        .to_digit(16)
        .and_then(|d| u8::try_from(d).ok())
}

pub(super) fn integer(text: &[u8]) -> Option<u32> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn number(text: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(text).ok()?;
    if !text
        .bytes()
        .all(|b| matches!(b, b'+' | b'-' | b'.' | b'0'..=b'9'))
    {
        return None;
    }
    // Writers that print `--5` or `1.-2` mean a number all the same.
    let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
    let digits = text.trim_start_matches(['+', '-']);
    let digits = digits.split(['+', '-']).next().unwrap_or_default();
    let value: f64 = if digits == "." || digits.is_empty() {
        0.0
    } else {
        digits.parse().ok()?
    };
    Some(sign * value)
}
