//! Reads a mail's HTML as a person and as a browser would.

/// A piece of HTML.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A tag with its attributes, as written between the angle brackets.
    Tag(String),
    /// Text, entities decoded.
    Text(String),
}

/// The pieces, without comments.
pub(crate) fn pieces(html: &str) -> Vec<Piece> {
    let mut out = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let (text, markup) = rest.split_at(at);
        if !text.is_empty() {
            out.push(Piece::Text(decode(text)));
        }
        let end = match markup.starts_with("<!--") {
            true => markup.find("-->").unwrap() + 3,
            false => markup.find('>').unwrap() + 1,
        };
        if !markup.starts_with("<!--") {
            out.push(Piece::Tag(markup[1..end - 1].to_owned()));
        }
        rest = &markup[end..];
    }
    assert_eq!(rest.trim(), "");
    out
}

/// What is seen, top to bottom. Behind a link whose words are not its address
/// stands the address. What is hidden is left out.
pub(crate) fn seen(html: &str) -> String {
    let mut out = String::new();
    let (mut skip, mut hidden) = (None, false);
    let mut href: Option<(String, usize)> = None;
    for piece in pieces(html) {
        match piece {
            Piece::Tag(tag) => {
                let name = tag.split([' ', '\n']).next().unwrap();
                match name {
                    "style" | "title" => skip = Some(format!("/{name}")),
                    "/div" => hidden = false,
                    "div" => hidden = tag.contains("display:none"),
                    "a" => href = Some((decode(&attribute(&tag, "href").unwrap()), out.len())),
                    "/a" => {
                        let (url, from) = href.take().unwrap();
                        if out[from..].trim() != url {
                            out.push_str(&format!(" {url}"));
                        }
                    }
                    _ => {}
                }
                if skip.as_deref() == Some(name) {
                    skip = None;
                }
                if name != "a" {
                    out.push(' ');
                }
            }
            Piece::Text(text) if skip.is_none() && !hidden => out.push_str(&text),
            Piece::Text(_) => {}
        }
    }
    out
}

/// What a list of mails shows of it beside the subject.
pub(crate) fn preheader(html: &str) -> String {
    let all = pieces(html);
    let at = all
        .iter()
        .position(|p| matches!(p, Piece::Tag(t) if t.contains("display:none")))
        .unwrap();
    match &all[at + 1] {
        Piece::Text(text) => text.clone(),
        Piece::Tag(_) => panic!("nothing hidden"),
    }
}

/// The words, without the marks around them.
pub(crate) fn words(text: &str) -> Vec<String> {
    text.split_whitespace()
        .map(|word| word.trim_end_matches(':').to_owned())
        .filter(|word| word != "-")
        .collect()
}

pub(crate) fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    Some(rest.split_once('"').unwrap().0.to_owned())
}

/// The tags with their attributes, but without what stands in those that hold
/// words.
pub(crate) fn skeleton(html: &str) -> Vec<String> {
    let tags = pieces(html).into_iter().filter_map(|piece| match piece {
        Piece::Tag(tag) => Some(tag),
        Piece::Text(_) => None,
    });
    tags.collect()
}

fn decode(text: &str) -> String {
    let entities = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ];
    entities
        .iter()
        .fold(text.to_owned(), |text, (name, c)| text.replace(name, c))
}
