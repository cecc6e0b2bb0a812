//! Address lists (RFC 5322 section 3.4), read strictly.
//!
//! A lenient reader that sees fewer addresses than another one would let a
//! name stand in a copy that nobody decided about; what is not in the grammar
//! is refused. Groups are flattened, comments skipped, source routes refused.

use crate::base::{Address, AddressError};

use super::header;

/// One mailbox of a list.
#[derive(Clone)]
pub(super) struct Mailbox {
    pub(super) name: Option<String>,
    pub(super) address: Address,
}

/// Why a list does not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ListError {
    Syntax,
    Address(usize, AddressError),
}

/// Reads an unfolded value.
pub(super) fn parse_list(value: &str) -> Result<Vec<Mailbox>, ListError> {
    let mut reader = Reader { text: value, at: 0 };
    let mut found = Vec::new();
    let mut in_group = false;
    loop {
        reader.skip()?;
        match reader.peek() {
            None if in_group => return Err(ListError::Syntax),
            None => return Ok(found),
            Some(b',') => {
                reader.at += 1;
                continue;
            }
            Some(b';') if in_group => {
                reader.at += 1;
                in_group = false;
            }
            Some(_) => match reader.item(found.len())? {
                Item::Mailbox(mailbox) => found.push(mailbox),
                Item::GroupStart if in_group => return Err(ListError::Syntax),
                Item::GroupStart => {
                    in_group = true;
                    continue;
                }
            },
        }
        reader.skip()?;
        match reader.peek() {
            None | Some(b',') => {}
            Some(b';') if in_group => {}
            Some(_) => return Err(ListError::Syntax),
        }
    }
}

enum Item {
    Mailbox(Mailbox),
    GroupStart,
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Blanks and comments; comments may nest.
    fn skip(&mut self) -> Result<(), ListError> {
        let mut depth = 0usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'(' => depth += 1,
                b')' if depth > 0 => depth -= 1,
                b'\\' if depth > 0 => self.at += 1,
                b' ' | b'\t' => {}
                _ if depth > 0 => {}
                _ => return Ok(()),
            }
            self.at += 1;
        }
        if depth > 0 {
            return Err(ListError::Syntax);
        }
        Ok(())
    }

    /// A quoted string with its quotes, or a run of atom characters and dots.
    fn word(&mut self) -> Result<&str, ListError> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        if self.peek() == Some(b'"') {
            self.at += 1;
            loop {
                match self.peek() {
                    Some(b'\\') => self.at += 2,
                    Some(b'"') => break,
                    Some(_) => self.at += 1,
                    None => return Err(ListError::Syntax),
                }
            }
            self.at += 1;
        } else {
            while let Some(&b) = bytes.get(self.at) {
                if !(b.is_ascii_alphanumeric() || b >= 0x80 || b"!#$%&'*+-/=?^_`{|}~.".contains(&b))
                {
                    break;
                }
                self.at += 1;
            }
        }
        if self.at == start {
            return Err(ListError::Syntax);
        }
        self.text.get(start..self.at).ok_or(ListError::Syntax)
    }

    fn item(&mut self, index: usize) -> Result<Item, ListError> {
        let mut words: Vec<String> = Vec::new();
        loop {
            self.skip()?;
            match self.peek() {
                Some(b'<') => {
                    self.at += 1;
                    self.skip()?;
                    let local = self.word()?.to_owned();
                    let address = self.domain(&local, index)?;
                    self.skip()?;
                    if self.peek() != Some(b'>') {
                        return Err(ListError::Syntax);
                    }
                    self.at += 1;
                    return Ok(Item::Mailbox(Mailbox {
                        name: phrase(&words),
                        address,
                    }));
                }
                Some(b':') => {
                    if words.is_empty() {
                        return Err(ListError::Syntax);
                    }
                    self.at += 1;
                    return Ok(Item::GroupStart);
                }
                Some(b'@') => {
                    let [local] = words.as_slice() else {
                        return Err(ListError::Syntax);
                    };
                    let local = local.clone();
                    let address = self.domain(&local, index)?;
                    return Ok(Item::Mailbox(Mailbox {
                        name: None,
                        address,
                    }));
                }
                Some(_) => words.push(self.word()?.to_owned()),
                None => return Err(ListError::Syntax),
            }
        }
    }

    /// `@domain` behind a local part.
    fn domain(&mut self, local: &str, index: usize) -> Result<Address, ListError> {
        self.skip()?;
        if self.peek() != Some(b'@') {
            return Err(ListError::Syntax);
        }
        self.at += 1;
        self.skip()?;
        if self.peek() == Some(b'[') {
            return Err(ListError::Address(index, AddressError::Literal));
        }
        let domain = self.word()?;
        format!("{local}@{domain}")
            .parse()
            .map_err(|why| ListError::Address(index, why))
    }
}

fn phrase(words: &[String]) -> Option<String> {
    let plain: Vec<String> = words
        .iter()
        .map(
            |w| match w.strip_prefix('"').and_then(|w| w.strip_suffix('"')) {
                Some(inner) => {
                    let mut out = String::with_capacity(inner.len());
                    let mut chars = inner.chars();
                    while let Some(c) = chars.next() {
                        out.extend(if c == '\\' { chars.next() } else { Some(c) });
                    }
                    out
                }
                None => w.clone(),
            },
        )
        .collect();
    let name = header::decode(&plain.join(" "));
    let name: String = name
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Result<Vec<(Option<String>, String)>, ListError> {
        Ok(parse_list(value)?
            .into_iter()
            .map(|m| (m.name, m.address.as_str().to_owned()))
            .collect())
    }

    #[test]
    fn reads_what_rfc_5322_writes() {
        let one = |n: Option<&str>, a: &str| (n.map(str::to_owned), a.to_owned());
        assert_eq!(
            read("Pat <pat@x.example>, \"Lind, B.\" <b@x.example> (at home), c@x.example"),
            Ok(vec![
                one(Some("Pat"), "pat@x.example"),
                one(Some("Lind, B."), "b@x.example"),
                one(None, "c@x.example"),
            ])
        );
        assert_eq!(
            read("Team: a@x.example, B <b@x.example>;, c@x.example"),
            Ok(vec![
                one(None, "a@x.example"),
                one(Some("B"), "b@x.example"),
                one(None, "c@x.example"),
            ])
        );
        assert_eq!(read("undisclosed-recipients:;"), Ok(vec![]));
        assert_eq!(
            read("=?utf-8?Q?P=C3=A5t?= <\"a b\"@x.example>"),
            Ok(vec![one(Some("Påt"), "\"a b\"@x.example")])
        );
    }

    #[test]
    fn refuses_what_others_might_read_otherwise() {
        for value in [
            "a@x.example b@x.example",
            "a@x.example; b@x.example",
            "Pat pat@x.example",
            "<a@x.example",
            "a@x.example>",
            "<@r.example:a@x.example>",
            "\"a@x.example",
            "(a@x.example",
            "Team: a@x.example",
            "T: U: a@x.example;;",
            "<a@x.example><b@x.example>",
            "pat",
            "@",
            "<>",
        ] {
            assert_eq!(read(value), Err(ListError::Syntax), "{value}");
        }
        assert_eq!(
            read("a@x.example, b@[192.0.2.1]"),
            Err(ListError::Address(1, AddressError::Literal))
        );
    }
}
