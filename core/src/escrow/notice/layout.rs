//! One list of blocks, written twice: as text and as HTML. So both parts of a
//! mail say the same.
//!
//! The HTML is what mail programs agree on: tables for the frame, one row for
//! each block, every style on its element (Gmail drops the sheet, Outlook's
//! Word engine most of it). The sheet in the head is for dark mode and small
//! screens only. Nothing is fetched.

use super::words::Words;

/// What a mail is made of, from top to bottom. Secrets are borrowed, so that
/// no further copy of them is made here.
pub(super) enum Block<'a> {
    /// The organisation's name; in HTML its logo, where there is one, by its
    /// content id.
    Letterhead {
        name: &'a str,
        logo: Option<&'a str>,
    },
    /// The only heading of the first level.
    Title(&'a str),
    /// A heading of the second level.
    Section(&'a str),
    /// A paragraph.
    Text(String),
    /// Points, behind a sentence that leads to them.
    Points { lead: &'a str, points: Vec<String> },
    /// The link to follow: a button in HTML.
    Button { label: &'a str, url: &'a str },
    /// An address to copy, on a line of its own.
    Address { lead: &'a str, url: &'a str },
    /// A code to copy or to type.
    Code { lead: &'a str, code: &'a str },
    /// A short code of digits, large in HTML.
    Digits { lead: &'a str, digits: &'a str },
    /// A name and its value, with a sentence about it.
    Pair {
        name: &'a str,
        value: &'a str,
        about: &'a str,
    },
    /// A sentence in another language.
    Aside { lang: &'static str, text: &'a str },
}

/// More than either part of a mail has: so the buffer does not grow, and no
/// half-written copy of a secret stays behind.
const CAPACITY: usize = 32 * 1024;

/// The text part. A paragraph is one line: mail programs wrap it themselves,
/// and a link stays a word of its own.
pub(super) fn text(blocks: &[Block<'_>]) -> String {
    let mut out = String::with_capacity(CAPACITY);
    let mut headed = true;
    for block in blocks {
        if !headed {
            out.push('\n');
        }
        headed = matches!(block, Block::Section(_));
        let mut line = |pieces: &[&str]| {
            pieces.iter().for_each(|piece| out.push_str(piece));
            out.push('\n');
        };
        match block {
            Block::Letterhead { name, .. } => line(&[name]),
            Block::Title(text) | Block::Section(text) => line(&[text]),
            Block::Aside { text, .. } => line(&[text]),
            Block::Text(text) => line(&[text]),
            Block::Points { lead, points } => {
                line(&[lead]);
                points.iter().for_each(|point| line(&["- ", point]));
            }
            Block::Button { label, url } => {
                line(&[label, ":"]);
                line(&[url]);
            }
            Block::Address { lead, url } => {
                line(&[lead]);
                line(&[url]);
            }
            Block::Code { lead, code } => {
                line(&[lead]);
                line(&[code]);
            }
            Block::Digits { lead, digits } => line(&[lead, " ", digits]),
            Block::Pair { name, value, about } => {
                line(&[name, " ", value]);
                line(&[about]);
            }
        }
    }
    out
}

/// The HTML part. `preheader` is what a list of mails shows beside the subject.
pub(super) fn html(words: &Words, title: &str, preheader: &str, blocks: &[Block<'_>]) -> String {
    let mut page = Page(String::with_capacity(CAPACITY));
    let lang = words.lang;
    page.raw("<!DOCTYPE html>\n<html lang=\"").raw(lang);
    page.raw("\" dir=\"ltr\">\n<head>\n").raw(META);
    page.raw("<title>").escaped(title).raw("</title>\n");
    page.raw(SHEET).raw("</head>\n").raw(BODY);
    page.raw("<div style=\"display:none;max-height:0;overflow:hidden;mso-hide:all;\">");
    page.escaped(preheader).raw("</div>\n");
    page.raw("<div role=\"article\" aria-roledescription=\"email\" aria-label=\"");
    page.escaped(title).raw("\" lang=\"").raw(lang);
    page.raw("\" dir=\"ltr\">\n").raw(FRAME);
    blocks.iter().for_each(|block| page.block(block));
    page.raw(END);
    page.0
}

const META: &str = r#"<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<meta name="format-detection" content="telephone=no, date=no, address=no, email=no">
"#;

/// Outlook.com and Outlook's apps mark their dark mode with `data-ogsc` (text)
/// and `data-ogsb` (background) instead of answering the media query.
const SHEET: &str = r#"<style>
:root { color-scheme: light dark; supported-color-schemes: light dark; }
@media (max-width: 480px) {
.ms-card { padding: 24px 20px 8px !important; }
}
@media (prefers-color-scheme: dark) {
.ms-page { background: #11161c !important; }
.ms-card { background: #1b232c !important; border-color: #8cc4f5 !important; }
.ms-text { color: #e8edf2 !important; }
.ms-link { color: #8cc4f5 !important; }
.ms-button { background: #8cc4f5 !important; }
.ms-label { color: #0d1720 !important; }
.ms-code { background: #0f151b !important; color: #e8edf2 !important; }
.ms-rule { border-color: #3b4754 !important; }
}
[data-ogsb] .ms-page { background: #11161c !important; }
[data-ogsb] .ms-card { background: #1b232c !important; }
[data-ogsc] .ms-text { color: #e8edf2 !important; }
[data-ogsc] .ms-link { color: #8cc4f5 !important; }
[data-ogsb] .ms-button { background: #8cc4f5 !important; }
[data-ogsc] .ms-label { color: #0d1720 !important; }
[data-ogsb] .ms-code { background: #0f151b !important; }
[data-ogsc] .ms-code { color: #e8edf2 !important; }
</style>
"#;

const BODY: &str = "<body class=\"ms-page\" style=\"margin:0;padding:0;background:#f3f5f7;-webkit-text-size-adjust:100%;\">\n";

/// Word knows no `max-width`: it is given a table of that width instead.
const FRAME: &str = r##"<table role="presentation" class="ms-page" width="100%" cellpadding="0" cellspacing="0" border="0" bgcolor="#f3f5f7" style="background:#f3f5f7;">
<tr><td align="center" style="padding:24px 12px;">
<!--[if mso]><table role="presentation" width="600" cellpadding="0" cellspacing="0" border="0"><tr><td><![endif]-->
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="max-width:600px;margin:0 auto;">
<tr><td class="ms-card" align="left" bgcolor="#ffffff" style="padding:32px 36px 16px;background:#ffffff;border-top:4px solid #0b4f8a;">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0">
"##;

const END: &str = r"</table>
</td></tr>
</table>
<!--[if mso]></td></tr></table><![endif]-->
</td></tr>
</table>
</div>
</body>
</html>
";

macro_rules! font {
    ($rest:literal) => {
        concat!(
            "font-family:'Segoe UI',Roboto,Helvetica,Arial,sans-serif;color:#1b2430;",
            $rest
        )
    };
}

const TITLE: &str = font!("margin:0;font-size:24px;line-height:32px;font-weight:bold;");
const LETTERHEAD: &str = font!("margin:0;font-size:16px;line-height:24px;font-weight:bold;");
const LOGO: &str = "display:block;height:48px;width:auto;max-width:100%;border:0;background:#ffffff;color:#1b2430;";
const SECTION: &str =
    font!("margin:0;padding-top:16px;font-size:18px;line-height:26px;font-weight:bold;");
const TEXT: &str = font!("margin:0;font-size:16px;line-height:24px;");
const POINTS: &str = font!("margin:8px 0 0 24px;padding:0;font-size:16px;line-height:24px;");
const LINK: &str = "color:#0b4f8a;overflow-wrap:anywhere;word-break:break-word;";
const LABEL: &str = "display:inline-block;padding:14px 28px;font-family:'Segoe UI',Roboto,Helvetica,Arial,sans-serif;font-size:16px;line-height:20px;font-weight:bold;color:#ffffff;text-decoration:none;";
const CODE: &str = "font-size:18px;line-height:28px;overflow-wrap:anywhere;";
const DIGITS: &str = "font-size:32px;line-height:40px;white-space:nowrap;";
const BOX: &str = "padding:12px 16px;background:#eaf0f6;color:#1b2430;font-family:Consolas,Menlo,'Courier New',monospace;font-weight:bold;";

/// What is written of an HTML part.
struct Page(String);

impl Page {
    fn raw(&mut self, html: &str) -> &mut Self {
        self.0.push_str(html);
        self
    }

    fn escaped(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                c => self.0.push(c),
            }
        }
        self
    }

    fn element(&mut self, tag: &str, style: &str, text: &str) -> &mut Self {
        self.raw("<").raw(tag).raw(" class=\"ms-text\" style=\"");
        self.raw(style).raw("\">").escaped(text);
        self.raw("</").raw(tag).raw(">")
    }

    fn block(&mut self, block: &Block<'_>) {
        self.raw("<tr><td style=\"padding:0 0 16px;\">");
        match block {
            Block::Letterhead { name, logo } => {
                self.raw("<p dir=\"auto\" class=\"ms-text\" style=\"");
                self.raw(LETTERHEAD).raw("\">");
                match logo {
                    None => self.escaped(name),
                    Some(logo) => self.logo(logo, name),
                };
                self.raw("</p>")
            }
            Block::Title(text) => self.element("h1", TITLE, text),
            Block::Section(text) => self.element("h2", SECTION, text),
            Block::Text(text) => self.element("p", TEXT, text),
            Block::Points { lead, points } => {
                self.element("p", TEXT, lead);
                self.raw("<ul class=\"ms-text\" style=\"");
                self.raw(POINTS).raw("\">");
                for point in points {
                    self.raw("<li style=\"margin:0 0 6px;\">")
                        .escaped(point)
                        .raw("</li>");
                }
                self.raw("</ul>")
            }
            Block::Button { label, url } => self.button(label, url),
            Block::Address { lead, url } => {
                self.element("p", TEXT, lead);
                self.raw("<p class=\"ms-text\" translate=\"no\" dir=\"ltr\" style=\"");
                self.raw(TEXT).raw("\"><a class=\"ms-link\" href=\"");
                self.escaped(url).raw("\" style=\"").raw(LINK);
                self.raw("\">").escaped(url).raw("</a></p>")
            }
            Block::Code { lead, code } => self.code(lead, CODE, code),
            Block::Digits { lead, digits } => self.code(lead, DIGITS, digits),
            Block::Pair { name, value, about } => {
                self.raw("<p class=\"ms-text\" style=\"").raw(TEXT);
                self.raw("\">").escaped(name);
                self.raw(" <strong translate=\"no\">").escaped(value);
                self.raw("</strong><br>").escaped(about).raw("</p>")
            }
            Block::Aside { lang, text } => {
                self.raw("<p class=\"ms-text ms-rule\" lang=\"").raw(lang);
                self.raw("\" dir=\"ltr\" style=\"").raw(TEXT);
                self.raw("padding-top:16px;border-top:1px solid #c9d2db;\">");
                self.escaped(text).raw("</p>")
            }
        };
        self.raw("</td></tr>\n");
    }

    /// The image in place of the name, which who does not see it reads. Word
    /// knows sizes by attributes only. The ground is white in dark mode too:
    /// most logos are made for it.
    fn logo(&mut self, content_id: &str, name: &str) -> &mut Self {
        self.raw("<img src=\"cid:").escaped(content_id);
        self.raw("\" alt=\"").escaped(name);
        self.raw("\" height=\"48\" style=\"").raw(LOGO).raw("\">")
    }

    fn code(&mut self, lead: &str, style: &str, code: &str) -> &mut Self {
        self.element("p", TEXT, lead);
        self.raw("<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" style=\"margin-top:8px;\"><tr><td class=\"ms-code\" translate=\"no\" dir=\"ltr\" align=\"left\" bgcolor=\"#eaf0f6\" style=\"");
        self.raw(style).raw(BOX).raw("\">").escaped(code);
        self.raw("</td></tr></table>")
    }

    /// A cell with a colour and a link in it that fills it. Word ignores the
    /// link's padding and heeds the cell's.
    fn button(&mut self, label: &str, url: &str) -> &mut Self {
        self.raw("<table role=\"presentation\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\"><tr><td class=\"ms-button\" align=\"center\" bgcolor=\"#0b4f8a\" style=\"background:#0b4f8a;border-radius:6px;mso-padding-alt:14px 28px;\"><a class=\"ms-label\" href=\"");
        self.escaped(url).raw("\" style=\"").raw(LABEL);
        self.raw("\">").escaped(label).raw("</a></td></tr></table>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Also in attributes, where today's mails put nothing that was configured.
    #[test]
    fn what_is_escaped_ends_neither_text_nor_attribute() {
        let mut page = Page(String::new());
        page.escaped("<a b=\"c\" d='e'>&amp;");
        let written = "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;amp;";
        assert_eq!(page.0, written);
    }
}
