//! A mail says the same as text and as HTML, however the HTML hides it, and
//! the scanners find the same in both.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fmt::Write as _;

use mailseal::base::{Address, Sensitivity};
use mailseal::compose::{Builder, HasRecipient, HasSender, Message};
use mailseal::dlp::{FindingKind, Part, PhiScanner, RuleScanner, Scanner};
use proptest::prelude::*;

fn mail() -> Builder<HasSender, HasRecipient> {
    Message::builder()
        .from("clinic@harbor.example".parse().unwrap())
        .to("pat@mail.example".parse::<Address>().unwrap())
        .subject("Your visit")
}

/// What was found in the body, as kind and value.
fn found(scanner: &dyn Scanner, message: &Message) -> Vec<(FindingKind, String)> {
    let mut all: Vec<(FindingKind, String)> = scanner
        .scan(message)
        .items
        .iter()
        .filter(|f| matches!(f.part, Part::Text | Part::Html))
        .map(|f| (f.kind, seen(f.expose().expose())))
        .collect();
    all.sort();
    all
}

/// A value as a person sees it.
fn seen(value: &str) -> String {
    value
        .chars()
        .filter(|c| {
            !matches!(
                c,
                '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}'
            )
        })
        .map(|c| match c {
            '\u{ff10}'..='\u{ff19}' => {
                let digit = u32::from(c) - 0xff10;
                char::from_digit(digit, 10).unwrap()
            }
            '\u{a0}' | '\n' => ' ',
            '\u{2010}'..='\u{2013}' => '-',
            c => c,
        })
        .collect()
}

/// What can be done to one character so that a reader sees no change.
#[derive(Debug, Clone, Copy)]
enum Trick {
    Leave,
    Bold,
    BoldAcross,
    Comment,
    Entity,
    HexEntity,
    ZeroWidth,
    SoftHyphen,
    WordJoiner,
    /// A full-width digit, a non-breaking space or hyphen, in its entity.
    LookAlike,
    /// Line ends and blanks in the source that a browser does not show.
    WhiteSpace,
}

fn tricks() -> impl Strategy<Value = Vec<Trick>> {
    use Trick as T;
    let trick = prop_oneof![
        6 => Just(T::Leave), 1 => Just(T::Bold), 1 => Just(T::BoldAcross), 1 => Just(T::Comment),
        1 => Just(T::Entity), 1 => Just(T::HexEntity), 1 => Just(T::ZeroWidth), 1 => Just(T::SoftHyphen),
        1 => Just(T::WordJoiner), 2 => Just(T::LookAlike), 4 => Just(T::WhiteSpace),
    ];
    prop::collection::vec(trick, 1..40)
}

fn look_alike(c: char) -> Option<char> {
    match c {
        '0'..='9' => char::from_u32(u32::from(c) - 0x30 + 0xff10),
        '-' => Some('\u{2011}'),
        ' ' => Some('\u{a0}'),
        _ => None,
    }
}

/// The text as HTML. Tricks are played within words and numbers only: what
/// stands between two of them is no part of either.
fn html(text: &str, tricks: &[Trick]) -> String {
    let mut out = String::from("<html><body><p>");
    let mut tricks = tricks.iter().copied().cycle();
    let chars: Vec<char> = text.chars().collect();
    for (at, &c) in chars.iter().enumerate() {
        let word = |at: Option<usize>| {
            at.and_then(|at| chars.get(at))
                .is_some_and(|c| c.is_ascii_alphanumeric() || *c == '-')
        };
        let inside = word(at.checked_sub(1)) && word(Some(at)) && word(Some(at + 1));
        match (
            c,
            if inside || matches!(c, ' ' | '\n') {
                tricks.next().unwrap()
            } else {
                Trick::Leave
            },
        ) {
            ('\n', Trick::WhiteSpace) => out.push_str(" <br>\r\n\t "),
            ('\n', Trick::Bold | Trick::BoldAcross) => out.push_str("<br/>\n"),
            ('\n', _) => out.push_str("<br>"),
            (' ', Trick::WhiteSpace) => out.push_str(" \n\t "),
            (' ', Trick::Entity) => out.push_str("\r\n"),
            ('<', _) => out.push_str("&lt;"),
            ('&', _) => out.push_str("&amp;"),
            (c, Trick::LookAlike) => match look_alike(c) {
                Some(other) => write!(out, "&#{};", u32::from(other)).unwrap(),
                None => out.push(c),
            },
            (' ', _) | (_, Trick::Leave | Trick::WhiteSpace) => out.push(c),
            (c, Trick::Bold) => write!(out, "<b>{c}</b>").unwrap(),
            (c, Trick::BoldAcross) => {
                write!(out, "<span class=\"x\" style='a>b'>{c}</span>").unwrap()
            }
            (c, Trick::Comment) => write!(out, "<!---->{c}<!-- -->").unwrap(),
            (c, Trick::Entity) => write!(out, "&#{};", u32::from(c)).unwrap(),
            (c, Trick::HexEntity) => write!(out, "&#x{:X};", u32::from(c)).unwrap(),
            (c, Trick::ZeroWidth) => write!(out, "&#8203;{c}\u{200c}").unwrap(),
            (c, Trick::SoftHyphen) => write!(out, "&shy;{c}").unwrap(),
            (c, Trick::WordJoiner) => write!(out, "\u{2060}{c}").unwrap(),
        }
    }
    out.push_str("</p></body></html>");
    out
}

/// The tricks that plain text knows.
fn plain(text: &str, tricks: &[Trick]) -> String {
    let mut tricks = tricks.iter().copied().cycle();
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::new();
    for (at, &c) in chars.iter().enumerate() {
        let near = [at.checked_sub(1), Some(at), Some(at + 1)];
        let inside = near.iter().all(|at| {
            at.and_then(|at| chars.get(at))
                .is_some_and(|c| c.is_ascii_alphanumeric() || *c == '-')
        });
        match (inside, tricks.next().unwrap()) {
            (true, Trick::ZeroWidth) => out.push('\u{200b}'),
            (true, Trick::SoftHyphen) => out.push('\u{ad}'),
            (true, Trick::WordJoiner) => out.push('\u{2060}'),
            (true, Trick::LookAlike) if look_alike(c).is_some() => {
                out.extend(look_alike(c));
                continue;
            }
            _ => {}
        }
        out.push(c);
    }
    out
}

/// Invented mails: lines with identifiers of most kinds, in any order.
fn mails() -> impl Strategy<Value = String> {
    let digits = |n: usize| prop::collection::vec(0u32..10, n);
    let values = (
        digits(9),
        digits(10),
        digits(8),
        1u32..13,
        1u32..29,
        1931u32..2009,
    );
    let lines = prop::sample::subsequence((0usize..16).collect::<Vec<_>>(), 3..12);
    (values, lines.prop_shuffle()).prop_map(|((nine, ten, eight, month, day, year), lines)| {
        let text = |d: &[u32]| d.iter().map(u32::to_string).collect::<String>();
        let (nine, ten, eight) = (text(&nine), text(&ten), text(&eight));
        let ssn = format!("{}-{}-{}", &nine[..3], &nine[3..5], &nine[5..]);
        let phone = format!("270-555-{}", &ten[6..]);
        let mut out = String::from("Dear Ms. Lindqvist,\n\n");
        for line in lines {
            let line = match line {
                0 => format!("SSN: {ssn}"),
                1 => format!("Your number {ssn} is on file."),
                2 => format!("MRN: {eight}"),
                3 => format!("Chart # {eight} and account number {ten}"),
                4 => format!("Call me at {phone}."),
                5 => format!("Date of birth: {month:02}/{day:02}/{year}"),
                6 => format!("Seen on {year}-{month:02}-{day:02} by Dr. Okafor"),
                7 => "Medicare: 8HP9-D88-VG43".to_owned(),
                8 => "Card 4539 2423 7144 8309".to_owned(),
                9 => format!("Member ID OHP{ten}"),
                10 => "HbA1c 9.1 % (E11.9), metformin 500 mg".to_owned(),
                11 => "Write to pat.lindqvist@mail.example".to_owned(),
                12 => "Lives at 12 Elm Street, Dayton, OH 45402".to_owned(),
                13 => "IBAN DE89 3704 0044 0532 0130 00".to_owned(),
                14 => format!("Patient: Pat Lindqvist, Rx {}", &eight[..7]),
                _ => "Your depression and HIV tests are back.".to_owned(),
            };
            out.push_str(&line);
            out.push('\n');
        }
        out.push_str("\nHarbor Kidney Center");
        out
    })
}

fn scanners() -> [Box<dyn Scanner>; 3] {
    [
        Box::new(PhiScanner::new()),
        Box::new(PhiScanner::new().without_names()),
        Box::new(RuleScanner::new()),
    ]
}

#[test]
fn the_mails_hold_what_is_to_be_found() {
    let text = "SSN: 281-15-9804\nMRN: 00482913\nCall me at 270-555-0142.";
    let all = found(&PhiScanner::new(), &mail().text(text).build().unwrap());
    for (kind, value) in [
        (FindingKind::Ssn, "281-15-9804"),
        (FindingKind::Mrn, "00482913"),
        (FindingKind::Phone, "270-555-0142"),
    ] {
        assert!(all.contains(&(kind, value.to_owned())), "{kind:?}: {all:?}");
    }
}

#[test]
fn a_number_split_by_each_trick_is_found() {
    use Trick as T;
    let text = "SSN: 281-15-9804\nMRN: 00482913\nCall me at 270-555-0142.";
    let expected = found(&PhiScanner::new(), &mail().text(text).build().unwrap());
    for trick in [
        T::Leave,
        T::Bold,
        T::BoldAcross,
        T::Comment,
        T::Entity,
        T::HexEntity,
        T::ZeroWidth,
        T::SoftHyphen,
        T::WordJoiner,
        T::LookAlike,
        T::WhiteSpace,
    ] {
        let message = mail().html(html(text, &[trick])).build().unwrap();
        assert_eq!(found(&PhiScanner::new(), &message), expected, "{trick:?}");
    }
}

/// The forms in which mail programs write the same lines.
#[test]
fn a_page_says_what_its_lines_say() {
    let lines = [
        "Dear Ms. Lindqvist,",
        "",
        "your HbA1c was 9.1 % on 03/12/2024 (E11.9).",
        "MRN: 00482913",
        "Lives at 12 Elm Street,",
        "Dayton, OH 45402",
        "",
        "Dr. Okafor",
    ];
    let expected = found(
        &PhiScanner::new(),
        &mail().text(lines.join("\n")).build().unwrap(),
    );
    assert!(expected.len() >= 6, "{expected:?}");
    let paragraphs: Vec<String> = lines
        .split(|l| l.is_empty())
        .map(|p| format!("<p>\n  {}\n</p>\n", p.join("<br>\n  ")))
        .collect();
    let divs: Vec<String> = lines
        .iter()
        .map(|l| match *l {
            "" => "<div><br></div>\n".to_owned(),
            l => format!("  <div>\n    {}\n  </div>\n", l.replace(' ', "\n    ")),
        })
        .collect();
    for html in [
        lines.join("<br>\r\n"),
        lines.join("<br>"),
        paragraphs.concat(),
        divs.concat(),
        divs.concat().replace('\n', ""),
        format!("<pre>\n{}\n</pre>", lines.join("\n")),
        format!(
            "<div style=\"white-space: pre-wrap\">{}</div>",
            lines.join("\n")
        ),
    ] {
        let message = mail().html(format!("<html><body>\n{html}\n</body></html>"));
        let message = message.build().unwrap();
        assert_eq!(found(&PhiScanner::new(), &message), expected, "{html}");
    }
}

/// Of a mail to a colleague, of whom nothing says that he gives care.
fn is_sensitive(html: bool, body: &str) -> bool {
    let mail = Message::builder()
        .from("anna.reed@norwood-ops.example".parse().unwrap())
        .to("tom.baker@norwood-ops.example".parse::<Address>().unwrap())
        .subject("hello");
    let message = match html {
        true => mail.html(body.to_owned()).build().unwrap(),
        false => mail.text(body.to_owned()).build().unwrap(),
    };
    let findings = PhiScanner::new().scan(&message);
    findings.sensitivity() == Some(Sensitivity::Sensitive)
}

#[test]
fn what_is_hidden_in_a_word_leaves_it_whole() {
    assert!(is_sensitive(false, "Maria Alvarez is HIV positive."));
    for hidden in [
        "<span style=\"display:none\">x</span>",
        "<span style='font-size:0'>x</span>",
        "<i style='visibility:hidden'>x</i>",
        "<b style='opacity:0'>x</b>",
        "<span hidden>x</span>",
        "<i class=h>x</i>",
        "<template>x</template>",
        "<br style='display:none'>",
        "&#x7f;",
        "&#1;",
        "\u{84}",
        "\u{1d173}",
    ] {
        let page = format!(
            "<style>.h{{display:none}}</style>\
             <p>Maria Alv{hidden}arez is H{hidden}IV pos{hidden}itive.</p>"
        );
        assert!(is_sensitive(true, &page), "{hidden:?}");
    }
    // A line above a newsletter's first is read as well.
    for page in [
        "<div style='display:none'>Maria Alvarez is HIV positive.</div><p>Hello.",
        "<div style='display:none'>Maria Alv<i hidden>x</i>arez is HIV positive.</div><p>Hello.",
    ] {
        assert!(is_sensitive(true, page), "{page}");
    }
}

/// Nobody can be certain what a page hides, and what it hides may be the label of what
/// it shows.
#[test]
fn what_may_be_hidden_is_read_where_it_stands() {
    for page in [
        "Maria Alvarez<br style='font-size:1px'>is HIV positive.",
        "<div style='font-size:0'><span style='font-size:14px'>Maria Alvarez</span><br>\
         <span style='font-size:14px'>HIV positive</span></div>",
        "Maria Alvarez<p style='visibility:hidden'>.</p>HIV positive",
        "<style>.h{display:none} p .h{display:inline}</style>\
         <p>Maria Alv<i class=h>ar</i>ez is HIV positive.",
        "<style>.fade{opacity:0} .fade.in{opacity:1}</style>\
         <p class='fade in'>Maria Alvarez is HIV positive.",
        "Maria Alv<i style='position:relative;left:-999px;left:0'>ar</i>ez is HIV positive.",
    ] {
        assert!(is_sensitive(true, page), "{page}");
    }
    for (page, kind) in [
        (
            "<style>.sr-only{position:absolute;width:1px;clip:rect(0,0,0,0)}</style>\
             <span class='sr-only'>MRN: </span>4711882",
            FindingKind::Mrn,
        ),
        (
            "<span style='display:none'>MRN </span>4711882",
            FindingKind::Mrn,
        ),
        ("<span hidden>SSN: </span>536221847", FindingKind::Ssn),
    ] {
        let message = mail().html(page.to_owned()).build().unwrap();
        let found = PhiScanner::new().scan(&message);
        assert!(found.items.iter().any(|f| f.kind == kind), "{page}");
    }
}

#[test]
fn what_a_sheet_adds_turns_no_letters() {
    let text = "The lift is out of order until Friday, so please use the stairs.";
    for page in [
        "<style>.custom-file-label::after{content:\"Browse\"}</style>",
        "<style>.ext:after{content:\"(opens in new tab)\"}</style>",
        "<style>@media(max-width:600px){td:before{content:\"Item\"}}</style>",
        "<style>.x{content:url(\"https://x.example/logo.png\")}</style>",
        "<style>.t{unicode-bidi:bidi-override;direction:ltr}</style>",
        "<bdo>Hello</bdo>",
    ] {
        let page = format!("{page}<p>{text}</p>");
        let message = mail().html(page.clone()).build().unwrap();
        let found = PhiScanner::new().scan(&message);
        assert!(found.unscannable.is_empty(), "{page}");
    }
}

#[test]
fn letters_set_apart_and_signs_for_machines_leave_words_whole() {
    let text = "Maria Alvarez is HIV positive.";
    let apart = |blank: &str, between: &str| {
        let words: Vec<String> = text
            .split(' ')
            .map(|word| {
                let letters: Vec<String> = word.chars().map(String::from).collect();
                letters.join(blank)
            })
            .collect();
        words.join(between)
    };
    for (blank, between) in [
        ("\u{200a}", "\u{2003}"),
        (" ", "   "),
        ("\u{1}", " "),
        ("\u{7f}", " "),
        ("\u{fdd0}", " "),
    ] {
        let text = apart(blank, between);
        assert!(is_sensitive(false, &text), "{text:?}");
    }
    let page = apart("&nbsp;", "&nbsp;&nbsp; ");
    assert!(is_sensitive(true, &page), "{page}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn html_is_found_as_its_text_is(text in mails(), tricks in tricks()) {
        let html = html(&text, &tricks);
        let as_text = mail().text(text.clone()).build().unwrap();
        let as_html = mail().html(html.clone()).build().unwrap();
        for scanner in scanners() {
            prop_assert_eq!(
                found(scanner.as_ref(), &as_text),
                found(scanner.as_ref(), &as_html),
                "{}", html
            );
        }
    }

    #[test]
    fn text_is_found_whatever_nobody_sees_in_it(text in mails(), tricks in tricks()) {
        let hidden = plain(&text, &tricks);
        let as_is = mail().text(text.clone()).build().unwrap();
        let with = mail().text(hidden.clone()).build().unwrap();
        for scanner in scanners() {
            prop_assert_eq!(
                found(scanner.as_ref(), &as_is),
                found(scanner.as_ref(), &with),
                "{:?}", hidden
            );
        }
    }
}

/// What is read once more, without what is hidden in words, stands behind what it stands
/// before in the source: nothing is found that goes over the seam.
#[test]
fn what_is_found_in_pages_of_any_pieces_stands_somewhere() {
    const PIECES: [&str; 20] = [
        "V",
        "<br hidden>",
        "<b>",
        "Nm",
        "<e\"Alvarez>",
        "<",
        "Pat ",
        "Lindqvist",
        "<i title='Maria Alvarez'>",
        "</i>",
        "<i hidden>",
        "HIV",
        "Alv",
        "arez",
        "<!-- Rosa Kim -->",
        "<family value=\"Alvarez\"/>",
        "<bdo dir=rtl>",
        "</div>",
        "<td>",
        "MRN 4711882",
    ];
    let mut state = 7u32;
    let mut next = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % below
    };
    for _ in 0..3_000 {
        let page: String = (0..2 + next(14)).map(|_| PIECES[next(20)]).collect();
        let message = mail().html(page.clone()).build().unwrap();
        let found = PhiScanner::new().scan(&message);
        for finding in found.items.iter().filter(|f| f.part == Part::Html) {
            let text = page.get(finding.span.clone());
            assert!(text.is_some_and(|text| !text.is_empty()), "{page}");
        }
    }
}
