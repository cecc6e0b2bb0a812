//! The page and its files, compiled in.
//!
//! The page is one shell for every grant; what is put into it is the host's
//! configuration, escaped. Its files lie under a path that names their digest,
//! so that browsers keep them for good and a new version is fetched at once.
//! Scripts and styles are sent without their comments, indentation and spaces.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;

use super::Inner;
use super::error::Refusal;
use super::request::Place;
use crate::base::Language;
use crate::base::crypto;

const SHELL: &str = include_str!("assets/index.html");

macro_rules! files {
    ($($name:literal)*) => {
        &[$(($name, include_str!(concat!("assets/", $name)))),*]
    };
}

const FILES: &[(&str, &str)] = files![
    "api.js" "content.js" "crypto.js" "decode.js" "dom.js" "en.js" "es.js" "factors.js" "first.js"
    "hpke.js" "icon.svg" "letter.css" "letter.js" "main.js" "policy.js" "reply.js" "save.js"
    "style.css"
];
const WORKER: &str = include_str!("assets/sw.js");

/// What the host configured of the page.
pub(super) struct Look<'a> {
    pub(super) base_path: &'a str,
    pub(super) organisation: &'a str,
    pub(super) contact: &'a str,
    pub(super) languages: &'a [Language],
    pub(super) logo: Option<Logo>,
}

/// The organisation's logo.
#[derive(Clone)]
pub(super) struct Logo {
    pub(super) kind: &'static str,
    pub(super) bytes: Bytes,
}

pub(super) struct Assets {
    shell: Bytes,
    version: String,
    files: Vec<(&'static str, Bytes)>,
    worker: Bytes,
    logo: Option<Logo>,
}

impl Assets {
    pub(super) fn new(look: Look<'_>) -> Self {
        let files = FILES.iter().map(|&(name, text)| (name, strip(name, text)));
        let files: Vec<(&'static str, Bytes)> = files.collect();
        let texts = files
            .iter()
            .flat_map(|(name, text)| [name.as_bytes(), text]);
        let digest = crypto::sha256_parts(&texts.collect::<Vec<_>>());
        let version = HEXLOWER.encode(digest.get(..8).unwrap_or(&digest));
        let languages: Vec<&str> = look.languages.iter().map(|l| l.word()).collect();
        let logo = match look.logo {
            Some(_) => format!("{}/logo", look.base_path),
            None => String::new(),
        };
        let shell = fill(
            SHELL,
            &[
                ("organisation", look.organisation),
                ("contact", look.contact),
                ("languages", &languages.join(" ")),
                ("logo", &logo),
                ("base", look.base_path),
                ("version", &version),
            ],
        );
        Self {
            shell: Bytes::from(shell),
            version,
            files,
            worker: self::strip("sw.js", WORKER),
            logo: look.logo,
        }
    }
}

/// Puts values, escaped for text and quoted attributes, in the place of
/// `{{name}}`. What a value holds is not looked at again.
fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(template.len() + 1024);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((name, after)) = after.split_once("}}") else {
            out.push_str("{{");
            rest = after;
            continue;
        };
        if let Some((_, value)) = values.iter().find(|(n, _)| *n == name) {
            escape(value, &mut out);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

fn escape(value: &str, out: &mut String) {
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
}

/// A script or style without doc comments, indentation, empty lines, lines that
/// are a comment, and most spaces: what is left runs the same.
fn strip(name: &str, source: &'static str) -> Bytes {
    if !name.ends_with(".js") && !name.ends_with(".css") {
        return Bytes::from_static(source.as_bytes());
    }
    let mut code = String::with_capacity(source.len());
    let mut rest = source;
    while let Some((before, after)) = rest.split_once("/**") {
        code.push_str(before);
        let after = after.split_once("*/").map_or("", |(_, after)| after);
        rest = after.strip_prefix(' ').unwrap_or(after);
    }
    code.push_str(rest);
    let mut out = String::with_capacity(code.len());
    let around = match name.ends_with(".css") {
        true => CSS_SIGNS,
        false => JS_SIGNS,
    };
    for line in code.lines().map(str::trim) {
        if !line.is_empty() && !line.starts_with("// ") {
            squeeze(line, around, &mut out);
            out.push('\n');
        }
    }
    Bytes::from(out)
}

/// Signs that mean the same with a space beside them and without. Not `+` and
/// `-`, which may stand doubled.
const JS_SIGNS: &str = "{}()[],;:?=<>&|*";
/// In a selector a space before `:`, `(`, `*` or `[` means something.
const CSS_SIGNS: &str = "{},;";

/// The line without spaces beside these signs. Lines that could hold a string,
/// a template, an expression for text or a comment stay as they are.
fn squeeze(line: &str, around: &str, out: &mut String) {
    if line.contains(['\'', '"', '`', '/', '\\']) {
        out.push_str(line);
        return;
    }
    let mut before = None;
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        let free = |other: Option<char>| other.is_some_and(|o| around.contains(o));
        if c != ' ' || !(free(before) || free(rest.peek().copied())) {
            out.push(c);
        }
        before = Some(c);
    }
}

fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, end)| end) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

fn serve(kind: &'static str, body: Bytes) -> Response {
    (
        [(header::CONTENT_TYPE, HeaderValue::from_static(kind))],
        body,
    )
        .into_response()
}

/// `GET /p/{id}`: the same whatever the id, so that it tells nothing.
pub(super) async fn page(State(portal): State<Arc<Inner>>) -> Response {
    serve("text/html; charset=utf-8", portal.assets.shell.clone())
}

pub(super) async fn file(
    State(portal): State<Arc<Inner>>,
    place: Place,
) -> Result<Response, Refusal> {
    if place.get("version") != portal.assets.version {
        return Err(Refusal::NotFound);
    }
    let name = place.get("file");
    let found = portal.assets.files.iter().find(|(n, _)| *n == name);
    let (name, text) = found.ok_or(Refusal::NotFound)?;
    let mut response = serve(kind(name), text.clone());
    let headers = response.headers_mut();
    keep(headers, "public, max-age=31536000, immutable");
    // The frame that shows an HTML message has an opaque origin and loads its
    // style. The files are the same for everybody and hold nothing.
    let policy = HeaderName::from_static("cross-origin-resource-policy");
    headers.insert(policy, HeaderValue::from_static("cross-origin"));
    Ok(response)
}

pub(super) async fn logo(State(portal): State<Arc<Inner>>) -> Result<Response, Refusal> {
    let logo = portal.assets.logo.clone().ok_or(Refusal::NotFound)?;
    let mut response = serve(logo.kind, logo.bytes);
    keep(response.headers_mut(), "public, max-age=3600");
    Ok(response)
}

pub(super) async fn worker(State(portal): State<Arc<Inner>>) -> Response {
    let mut response = serve(kind("sw.js"), portal.assets.worker.clone());
    let scope = HeaderValue::try_from(format!("{}/", portal.base_path));
    if let Ok(scope) = scope {
        let name = HeaderName::from_static("service-worker-allowed");
        response.headers_mut().insert(name, scope);
    }
    response
}

fn keep(headers: &mut HeaderMap, how: &'static str) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(how));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped_and_not_read_again() {
        let values = [("a", "<\"&'>{{b}}"), ("b", "no")];
        assert_eq!(
            fill("x {{a}} {{c}} {{b}} {{", &values),
            "x &lt;&quot;&amp;&#39;&gt;{{b}}  no {{"
        );
    }

    #[test]
    fn scripts_lose_their_comments_and_nothing_else() {
        let source =
            "/** @type {x} */ let a = '//';\n  // why\n\n  /* kept */ b() // kept\n/** open";
        assert_eq!(
            strip("a.js", source),
            "let a = '//';\n/* kept */ b() // kept\n"
        );
        assert_eq!(strip("a.svg", source), source);
    }

    #[test]
    fn spaces_go_where_they_mean_nothing() {
        let squeezed = |name, source| String::from_utf8(strip(name, source).to_vec()).unwrap();
        assert_eq!(
            squeezed(
                "a.js",
                "for (const [a, b] of all) c = a ? b : async () => - -a;"
            ),
            "for(const[a,b]of all)c=a?b:async()=>- -a;\n"
        );
        for kept in [
            "say('a , b')",
            "`a = ${b}`",
            "/ , /.test(a)",
            "\"a : b\"",
            "a = b / c",
        ] {
            assert_eq!(squeezed("a.js", kept), format!("{kept}\n"));
        }
        assert_eq!(
            squeezed("a.css", ".a > p :is(b, i) { color: red; margin: 0 auto; }"),
            ".a > p :is(b,i){color: red;margin: 0 auto;}\n"
        );
    }

    /// A template over several lines would lose its indentation.
    #[test]
    fn templates_end_on_the_line_that_they_begin_on() {
        for (name, source) in FILES.iter().chain([&("sw.js", WORKER)]) {
            for line in source.lines().filter(|_| name.ends_with(".js")) {
                assert_eq!(line.matches('`').count() % 2, 0, "{name}: {line}");
            }
        }
    }

    #[test]
    fn every_file_of_the_folder_is_served() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/portal/assets");
        for entry in std::fs::read_dir(folder).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let known = FILES.iter().any(|(n, _)| *n == name);
            assert!(
                known || ["index.html", "sw.js", "tsconfig.json"].contains(&name.as_str()),
                "{name} is not served"
            );
        }
    }

    #[test]
    fn the_shell_has_no_inline_script_style_or_handler_and_no_hole_left() {
        let shell = Assets::new(Look {
            base_path: "/x",
            organisation: "Harbor",
            contact: "call us",
            languages: Language::ALL,
            logo: None,
        });
        let shell = String::from_utf8(shell.shell.to_vec()).unwrap();
        assert!(!shell.contains("{{") && !shell.contains("<style") && !shell.contains(" style="));
        assert!(!shell.contains(" onclick") && !shell.contains("javascript:"));
        for script in shell.split("<script").skip(1) {
            let (tag, rest) = script.split_once('>').unwrap();
            assert!(tag.contains("src=\"/x/assets/"), "{tag}");
            assert!(rest.trim_start().starts_with("</script>"));
        }
    }
}
