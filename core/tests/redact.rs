//! Redacted copies: nothing found stands in them, and all else is as it was.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::ops::Range;

use mailseal::base::Address;
use mailseal::compose::{Attachment, Message};
use mailseal::dlp::redact::{Redaction, Style, Unredactable, redact, redact_html};
use mailseal::dlp::{Confidence, Finding, FindingKind, Findings, Part, Unscannable};

#[path = "redact/properties.rs"]
mod properties;

fn found(kind: FindingKind, span: Range<usize>, value: &str) -> Finding {
    Finding::new(kind, Part::Text, span, Confidence::High, value.to_owned())
}

/// The finding of this text in another one.
fn at(kind: FindingKind, text: &str, value: &str) -> Finding {
    let start = text.find(value).unwrap();
    found(kind, start..start + value.len(), value)
}

fn all(findings: &[Finding]) -> Vec<&Finding> {
    findings.iter().collect()
}

#[test]
fn each_style_in_plain_text() {
    use FindingKind::{Date, Name, Ssn};
    let text = "Pat Lindqvist, born 1 May 1980,\nSSN 281-15-9804. Call\u{a0}Zoë.";
    // In no order.
    let findings = [
        at(Ssn, text, "281-15-9804"),
        at(Name, text, "Zoë"),
        at(Date, text, "1 May 1980"),
        at(Name, text, "Pat Lindqvist"),
    ];
    let findings = all(&findings);
    assert_eq!(
        redact(text, &findings, Style::Label),
        "[NAME], born [DATE],\nSSN [SSN]. Call\u{a0}[NAME]."
    );
    assert_eq!(
        redact(text, &findings, Style::Box),
        "█████████████, born ██████████,\nSSN ███████████. Call\u{a0}███."
    );
    // Numbered in the order given.
    assert_eq!(
        redact(text, &findings, Style::Pseudonym),
        "[NAME-2], born [DATE-1],\nSSN [SSN-1]. Call\u{a0}[NAME-1]."
    );
    assert_eq!(redact(text, &[], Style::Label), text);
    assert_eq!(redact("", &findings, Style::Label), "");
}

#[test]
fn one_value_has_one_pseudonym_and_goes_wherever_it_stands() {
    let text = "MRN AB-1023 and ab1023; Ann met Annual; AB-1023!";
    let first = at(FindingKind::Mrn, text, "AB-1023");
    let findings = [
        first,
        at(FindingKind::Mrn, text, "ab1023"),
        at(FindingKind::Name, text, "Ann"),
    ];
    assert_eq!(
        redact(text, &all(&findings), Style::Pseudonym),
        "MRN [MRN-1] and [MRN-1]; [NAME-1] met Annual; [MRN-1]!"
    );
    // Too short to be looked for elsewhere.
    let text = "91 of 91";
    let findings = [found(FindingKind::AgeOver89, 0..2, "91")];
    assert_eq!(
        redact(text, &all(&findings), Style::Label),
        "[AGE_OVER_89] of 91"
    );
}

#[test]
fn overlapping_spans_are_one_and_bad_ones_do_no_harm() {
    let text = "Zoë Lee 12 Elm St";
    let findings = [
        found(FindingKind::Name, 5..8, "Lee"),
        found(FindingKind::Address, 9..18, "12 Elm St"),
        found(FindingKind::Name, 0..8, "Zoë Lee"),
        found(FindingKind::Date, 6..11, "ee 12"),
    ];
    assert_eq!(
        redact(text, &all(&findings), Style::Label),
        "[ADDRESS]",
        "the longest names it"
    );
    let reversed = Range { start: 4, end: 3 };
    for span in [2..3, 3..4, 0..4, reversed, 100..200, 17..usize::MAX, 0..0] {
        for style in [Style::Label, Style::Box, Style::Pseudonym] {
            let finding = found(FindingKind::Name, span.clone(), "x");
            let _ = redact(text, &[&finding], style);
            let _ = redact_html(text, &[&finding], style);
        }
    }
    // A span within a character takes the whole of it.
    let finding = found(FindingKind::Name, 0..3, "Zo");
    assert_eq!(
        redact(text, &[&finding], Style::Label),
        "[NAME] Lee 12 Elm St"
    );
}

#[test]
fn markup_keeps_its_tags() {
    use FindingKind::{Email, Name, Ssn};
    let of = |html: &str, kind, source: &str, value: &str| {
        let start = html.find(source).unwrap();
        found(kind, start..start + source.len(), value)
    };
    let html = "<p>SSN 281-<b class=x>15</b>-9804, P&aacute;t&nbsp;Lee</p>";
    let findings = [
        of(html, Ssn, "281-<b class=x>15</b>-9804", "281-15-9804"),
        of(html, Name, "P&aacute;t&nbsp;Lee", "Pát Lee"),
    ];
    let findings = all(&findings);
    assert_eq!(
        redact_html(html, &findings, Style::Label),
        "<p>SSN [SSN]<b class=x></b>, [NAME]</p>"
    );
    assert_eq!(
        redact_html(html, &findings, Style::Box),
        "<p>SSN ████<b class=x>██</b>█████, ███████</p>"
    );

    // Attributes, comments, and what stands in them again.
    let html = "<a href=\"mailto:pat@x.example\" title='Pat Lee'>Pat Lee</a><!-- Pat Lee, room 7 --><img alt=Pat>Lee";
    let findings = [
        of(html, Email, "pat@x.example", "pat@x.example"),
        of(html, Name, "Pat Lee</a>", "Pat Lee"),
    ];
    let mut findings = findings.to_vec();
    findings[1].span.end -= "</a>".len();
    assert_eq!(
        redact_html(html, &all(&findings), Style::Label),
        "<a href=\"mailto:[EMAIL]\" title='[NAME]'>[NAME]</a><!-- [NAME], room 7 --><img alt=Pat>Lee"
    );
    let alone = of(html, Name, "Pat>Lee", "Pat Lee");
    // Across a tag's own signs: the attributes go.
    assert_eq!(
        redact_html(html, &[&alone], Style::Label),
        "<a href=\"mailto:pat@x.example\" title='[NAME]'>[NAME]</a><!-- [NAME], room 7 --><img>[NAME]"
    );

    // A value of its own inside a tag that another span covers.
    let html = "<i>Pat <b title=\"P&#97;t L\">Lee</b></i>";
    let findings = [
        of(html, Name, "Pat <b title=\"P&#97;t L\">Lee", "Pat Lee"),
        of(html, Name, "P&#97;t L", "Pat L"),
    ];
    assert_eq!(
        redact_html(html, &all(&findings), Style::Label),
        "<i>[NAME]<b></b></i>"
    );
    // An entity's name is no value.
    let html = "Nbsp&nbsp;&#160; nbsp 160";
    let findings = [found(Name, 17..21, "nbsp"), found(Ssn, 22..25, "160")];
    assert_eq!(
        redact_html(html, &all(&findings), Style::Label),
        "[NAME]&nbsp;&#160; [NAME] [SSN]"
    );
    // An attribute's name, and a tag that is none.
    let html = "<a data-281159804=1>x</a>";
    let finding = of(html, Ssn, "281159804", "281159804");
    assert_eq!(redact_html(html, &[&finding], Style::Label), "<a>x</a>");
    let html = "<p281159804>x";
    let finding = of(html, Ssn, "281159804", "281159804");
    assert_eq!(redact_html(html, &[&finding], Style::Label), "x");
    let html = "a < b <281159804 <a title='281159804";
    let finding = of(html, Ssn, "281159804", "281159804");
    assert_eq!(
        redact_html(html, &[&finding], Style::Label),
        "a < b <[SSN] <a title='[SSN]"
    );
}

#[test]
fn time_stays_linear_on_hostile_markup() {
    for piece in [
        "<a '",
        "<!--",
        "<a x=\"",
        "<",
        "<a b",
        "&",
        "<a x='>",
        "é ",
        "<!-- >",
        "<![CDATA[>",
        "<wbr",
        "<wbr>",
        "x<wbr>",
        "x y ",
        "x\u{ad}",
        "{\"a\":1",
        "[",
    ] {
        let html = piece.repeat(1_000_000 / piece.len());
        let finding = found(FindingKind::Name, 0..html.len() / 2, "x y z");
        for style in [Style::Label, Style::Box] {
            assert!(!redact_html(&html, &[&finding], style).is_empty());
            assert!(!redact(&html, &[&finding], style).is_empty());
        }
    }
    // Many findings over many tags.
    let html = "<b title=\"x\">12345</b>".repeat(20_000);
    let findings: Vec<Finding> = (0..20_000)
        .map(|i| found(FindingKind::Mrn, i * 22 + 13..i * 22 + 18, "12345"))
        .collect();
    let one = found(FindingKind::Name, 5..html.len() - 5, "long");
    let mut findings = all(&findings);
    assert_eq!(
        redact_html(&html, &findings, Style::Label),
        "<b title=\"x\">[MRN]</b>".repeat(20_000)
    );
    findings.push(&one);
    assert!(!redact_html(&html, &findings, Style::Label).contains("12345"));
}

fn message() -> Message {
    Message::builder()
        .from("clinic@harbor.example".parse::<Address>().unwrap())
        .to("pat@mail.example".parse::<Address>().unwrap())
        .subject("Zoë has asthma")
        .text("Zoë saw Dr. Lee: asthma.\nBye")
        .html("<p>Zoë</p>")
        .attachment(Attachment::new(
            "Zoë.csv",
            "text/csv; charset=utf-8",
            "name\r\nZoë\r\n".as_bytes().to_vec(),
        ))
        .attachment(Attachment::new(
            "a.json",
            "application/json",
            b"{\"n\":\"Zo\"}".to_vec(),
        ))
        .attachment(Attachment::new("b.pdf", "application/pdf", vec![0u8, 255]))
        .attachment(Attachment::new("c.pdf", "application/pdf", vec![0u8, 255]))
        .build()
        .unwrap()
}

fn findings() -> Findings {
    use FindingKind::{Condition, Name, Provider};
    let of = |part, kind, span, value: &str| {
        Finding::new(kind, part, span, Confidence::High, value.to_owned())
    };
    let mut findings = Findings::default();
    findings.items = vec![
        of(Part::Attachment(2), Name, 4..7, "Lee").with_inside("page 1".to_owned()),
        of(Part::Subject, Name, 0..4, "Zoë"),
        of(Part::Subject, Condition, 9..15, "asthma"),
        of(Part::Text, Name, 0..4, "Zoë"),
        of(Part::Text, Provider, 13..16, "Lee"),
        of(Part::Text, Condition, 18..24, "asthma"),
        of(Part::Html, Name, 3..7, "Zoë"),
        of(Part::AttachmentName(0), Name, 0..4, "Zoë"),
        of(Part::Attachment(0), Name, 5..9, "Zoë"),
        of(Part::Attachment(1), Name, 6..8, "Zo"),
    ];
    findings.unscannable = vec![Unscannable::new(Part::Attachment(3), "encrypted")];
    findings
}

#[test]
fn each_part_that_is_text_has_a_copy() {
    let (message, findings) = (message(), findings());
    let how = Redaction::new(Style::Pseudonym);
    let copy = |part, how: &Redaction| findings.redacted(&message, part, how);
    for (part, expected) in [
        (Part::Subject, "[NAME-2] has asthma"),
        (Part::Text, "[NAME-2] saw Dr. Lee: asthma.\nBye"),
        (Part::Html, "<p>[NAME-2]</p>"),
        (Part::AttachmentName(0), "[NAME-2].csv"),
        (Part::Attachment(0), "name\n[NAME-2]\n"),
        (Part::Attachment(1), "{\"n\":\"[NAME-3]\"}"),
        (Part::AttachmentName(1), "a.json"),
    ] {
        assert_eq!(copy(part, &how).unwrap(), expected, "{part}");
    }
    // Health content and providers on request.
    let all = Redaction::new(Style::Label).health();
    assert_eq!(copy(Part::Subject, &all).unwrap(), "[NAME] has [CONDITION]");
    assert_eq!(
        copy(Part::Text, &all.context()).unwrap(),
        "[NAME] saw Dr. [PROVIDER]: [CONDITION].\nBye"
    );
    // What was read out of a container, and only of that entry.
    let text = "Ms. Lee";
    let part = Part::Attachment(2);
    let entry = |page: &str| findings.redacted_entry(part, page, text, &how);
    assert_eq!(entry("page 1").unwrap(), "Ms. [NAME-1]");
    assert_eq!(entry("page 2").unwrap(), text);
}

/// What looks alike to a reader is the same value.
#[test]
fn a_value_goes_however_it_is_written() {
    use FindingKind::{Mrn, Name, Phone};
    let text = "Pat Lindqvist, HK-447190, (270) 555-0142. PAT LINDQVIST agreed;\nlindqvist, pat; \
                Pat_Lindqvist.pdf; Lind\u{ad}qvist, Pat; hk447190 and HK 44 7190; 2705550142; \
                patlindqvist@; Pa\u{301}t Líndqvist. Patrick Lindqvist; HK-44719";
    let findings = [
        at(Name, text, "Pat Lindqvist"),
        at(Mrn, text, "HK-447190"),
        at(Phone, text, "(270) 555-0142"),
    ];
    assert_eq!(
        redact(text, &all(&findings), Style::Label),
        "[NAME], [MRN], [PHONE]. [NAME] agreed;\n[NAME]; [NAME].pdf; [NAME]; [MRN] and [MRN]; \
         [PHONE]; [NAME]@; [NAME]. Patrick Lindqvist; HK-44719"
    );
    // Little is no value where its words are cut otherwise.
    let text = "1-01, 101, 10 1, 1 01";
    let findings = [at(Mrn, text, "1-01")];
    assert_eq!(
        redact(text, &all(&findings), Style::Label),
        "[MRN], 101, 10 1, [MRN]"
    );
    // Where a page lets a line break.
    let html = "<p>Lindqvist</p><b>Lind<wbr>qvist</b> Lind&shy;qv<WBR />ist Lind&#8203;qvist";
    let findings = [found(Name, 3..12, "Lindqvist")];
    assert_eq!(
        redact_html(html, &all(&findings), Style::Label),
        "<p>[NAME]</p><b>[NAME]</b> [NAME] [NAME]"
    );
    let boxes = "█".repeat(9);
    assert_eq!(
        redact_html(html, &all(&findings), Style::Box),
        format!("<p>{boxes}</p><b>{boxes}</b> {boxes}█ {boxes}█")
    );
}

/// What parts values, columns and lines stays, and with it their number.
#[test]
fn a_value_goes_word_by_word_across_what_parts_columns() {
    use FindingKind::{Name, Phone};
    for (text, expected) in [
        (
            "{\"n\":\"Pat Lindqvist\",\"m\":{\"Pat\":\"Lindqvist\"}}",
            "{\"n\":\"[NAME]\",\"m\":{\"[NAME]\":\"[NAME]\"}}",
        ),
        (
            "[\"Pat Lindqvist\", [\"Pat\",\"Lindqvist\",52], [\"Lindqvist, Pat\"]]",
            "[\"[NAME]\", [\"[NAME]\",\"[NAME]\",52], [\"[NAME]\"]]",
        ),
        (
            "Pat Lindqvist\nPat,Lindqvist,52\nPat\tLindqvist\nPat\nLindqvist",
            "[NAME]\n[NAME],[NAME],52\n[NAME]\t[NAME]\n[NAME]\n[NAME]",
        ),
        (
            "Pat Lindqvist: lindqvist ,pat; Pat.Lindqvist; (Pat) Lindqvist; Pat\u{2013}Lindqvist, pat",
            "[NAME]: [NAME] ,[NAME]; [NAME]; ([NAME]) [NAME]; [NAME], pat",
        ),
    ] {
        let findings = [at(Name, text, "Pat Lindqvist")];
        assert_eq!(redact(text, &all(&findings), Style::Label), expected);
    }
    let text = "270-555-0142,x\n270,5550142,x";
    let findings = [at(Phone, text, "270-555-0142")];
    assert_eq!(
        redact(text, &all(&findings), Style::Box),
        "████████████,x\n███,███████,x"
    );
    let html = "<p>Pat Lindqvist, Pat&nbsp;Lindqvist,&#32;Lindqvist,&#32;Pat Pat&quot;Lindqvist";
    let findings = [found(Name, 3..16, "Pat Lindqvist")];
    assert_eq!(
        redact_html(html, &all(&findings), Style::Label),
        "<p>[NAME], [NAME],&#32;[NAME] [NAME]&quot;[NAME]"
    );
}

#[test]
fn a_name_that_is_a_common_word_goes_where_it_has_a_capital() {
    use FindingKind::{Mrn, Name};
    let text = "Hi Will, it will be fine. WILL and Lindqvist, or lindqvist, will x9 and X9.";
    let mut findings = vec![
        at(Name, text, "Will"),
        at(Name, text, "Lindqvist"),
        found(Mrn, 0..0, "x-9-1"),
    ];
    assert_eq!(
        redact(text, &all(&findings), Style::Label),
        "Hi [NAME], it will be fine. [NAME] and [NAME], or [NAME], will x9 and X9."
    );
    // Of several words, or found in small letters, it goes as it stands.
    findings.push(found(Name, 0..0, "will"));
    assert_eq!(
        redact(text, &all(&findings), Style::Label),
        "Hi [NAME], it [NAME] be fine. [NAME] and [NAME], or [NAME], [NAME] x9 and X9."
    );
    let text = "Will Young, will young, young will, will";
    let findings = [at(Name, text, "Will Young")];
    assert_eq!(
        redact(text, &all(&findings), Style::Label),
        "[NAME], [NAME], [NAME], will"
    );
}

#[test]
fn a_value_of_two_kinds_goes_by_either() {
    let message = Message::builder()
        .from("clinic@harbor.example".parse().unwrap())
        .to("pat@mail.example".parse::<Address>().unwrap())
        .text("Li saw Dr. Li and Dr. Wu")
        .build()
        .unwrap();
    let mut findings = Findings::default();
    findings.items = vec![
        found(FindingKind::Name, 0..2, "Li"),
        found(FindingKind::Provider, 11..13, "Li"),
        found(FindingKind::Provider, 22..24, "Wu"),
    ];
    let copy = findings.redacted(&message, Part::Text, &Redaction::default());
    assert_eq!(copy.unwrap(), "[NAME] saw Dr. [PROVIDER] and Dr. Wu");
}

/// Nothing but looks stays on a tag that stands in what goes.
#[test]
fn a_tag_inside_of_what_goes_keeps_its_looks_alone() {
    use FindingKind::{Address, Name};
    for (tag, kept) in [
        ("<a title=\"Pat M. Lindqvist\" href=\"#\">", "<a>"),
        ("<img alt=Hopewell width=\"3\"/>", "<img width=\"3\"/>"),
        (
            "<td class='x' data-city = 'Hopewell' align=left>",
            "<td class='x' align=left>",
        ),
        ("<b hopewell>", "<b>"),
        ("<b \"Hopewell\" class=x>", "<b class=x>"),
        ("<b =Hopewell>", "<b>"),
        ("<b style=\"color: red\">", "<b style=\"color: red\">"),
        ("<b style=\"background: url(Hopewell)\">", "<b>"),
        ("<b style='list-style-type:\"Hopewell\"'>", "<b>"),
        ("<b style=\"list-style-type:'Hopewell'\">", "<b>"),
        ("<b style = 'color: red'>", "<b style = 'color: red'>"),
        ("<b\n CLASS = x >", "<b\n CLASS = x >"),
        ("</b hopewell>", "</b>"),
        ("<br />", "<br />"),
    ] {
        let html = format!("<p>12 Elm {tag} KY</p>");
        let span = 3..html.len() - "</p>".len();
        let findings = [found(Address, span, "12 Elm KY")];
        assert_eq!(
            redact_html(&html, &all(&findings), Style::Label),
            format!("<p>[ADDRESS]{kept}</p>")
        );
    }
    let html = "<p>Pat <b class=Lindqvist>Lindqvist</b></p>";
    let findings = [
        found(Name, 3..35, "Pat Lindqvist"),
        found(Name, 26..35, "Lindqvist"),
    ];
    assert_eq!(
        redact_html(html, &all(&findings), Style::Label),
        "<p>[NAME]<b class=[NAME]></b></p>"
    );
}

#[test]
fn character_data_of_xml_is_text_and_keeps_its_end() {
    let xml = "<n><![CDATA[Seen: Pat <b> Lee > 1]]></n><n>Pat <b> Lee</n>";
    let finding = at(FindingKind::Name, xml, "Pat <b> Lee");
    assert_eq!(
        redact_html(xml, &[&finding], Style::Label),
        "<n><![CDATA[Seen: [NAME] > 1]]></n><n>Pat <b> Lee</n>"
    );
}

#[test]
fn json_is_json_still() {
    let json = "{\"mrn\": 448812, \"all\":[448812,7.5, -448812], \"n\": \"[A]: \\\"448812\\\", \", \"ok\":true}";
    let finding = at(FindingKind::Mrn, json, "448812");
    for (style, mask) in [
        (Style::Label, "[MRN]"),
        (Style::Pseudonym, "[MRN-1]"),
        (Style::Box, "██████"),
    ] {
        let copy = redact(json, &[&finding], style);
        assert_eq!(
            copy,
            format!(
                "{{\"mrn\": \"{mask}\", \"all\":[\"{mask}\",7.5, \"-{mask}\"], \"n\": \"[A]: \\\"{mask}\\\", \", \"ok\":true}}"
            )
        );
        assert!(serde_json::from_str::<serde_json::Value>(&copy).is_ok());
    }
    // A text that is none has no quotes.
    for text in ["448812", "[note] 448812, {x}"] {
        let finding = at(FindingKind::Mrn, text, "448812");
        let copy = redact(text, &[&finding], Style::Label);
        assert_eq!(copy, text.replace("448812", "[MRN]"));
    }
}

/// A file is redacted as the scanner read it, whatever it is called.
#[test]
fn a_page_that_is_called_a_text_is_redacted_as_a_page() {
    let page = "Visit\n<html><body><table><tr><td>Patient</td><td>P&#97;t <b title=\"P&#97;t M. Lindqvist\">\
                Lindqvist</b></td></tr><tr><td>MRN</td><td>448812</td></tr></table></body></html>";
    for text in [page, page.trim_start_matches("Visit\n")] {
        let message = Message::builder()
            .from("clinic@harbor.example".parse().unwrap())
            .to("pat@mail.example".parse::<Address>().unwrap())
            .attachment(Attachment::new(
                "a.txt",
                "text/plain",
                text.as_bytes().to_vec(),
            ))
            .build()
            .unwrap();
        let findings = mailseal::dlp::Scanner::scan(&mailseal::dlp::PhiScanner::new(), &message);
        let how = Redaction::default();
        let copy = findings
            .redacted(&message, Part::Attachment(0), &how)
            .unwrap();
        assert!(!copy.contains("Lindqvist"), "{copy}");
        assert!(copy.ends_with("</td></tr></table></body></html>"), "{copy}");
        assert!(copy.contains("</b>"), "{copy}");
    }
}

/// A value goes wherever it stands as it was found, and no entity is cut.
#[test]
fn a_value_with_entities_goes_wherever_it_stands() {
    let html = "<p>&Aacute;lvarez Jos&eacute; &amp; sons. Jos&eacute;s, \
                <b title='&Aacute;lvarez Jos&eacute;'>&Aacute;lvarez Jos&eacute;</b>, euml; \
                R&Alvarez Jose; </p>";
    // As the scanner gives it.
    let finding = found(FindingKind::Name, 3..29, "Alvarez Jose");
    assert_eq!(
        redact_html(html, &[&finding], Style::Label),
        "<p>[NAME] &amp; sons. Jos&eacute;s, <b title='[NAME]'>[NAME]</b>, euml; R&[NAME]; </p>"
    );
    let boxed = "█".repeat(7 + 1 + 4);
    assert_eq!(
        redact_html(html, &[&finding], Style::Box),
        format!(
            "<p>{boxed} &amp; sons. Jos&eacute;s, <b title='{boxed}'>{boxed}</b>, euml; R&{boxed}; </p>"
        )
    );
}

/// The same by what the scanner itself finds.
#[test]
fn a_found_name_with_entities_goes_from_what_a_page_hides() {
    let html = "<p>Patient Jos&eacute; M&uuml;ller, MRN 448812, has diabetes.</p>\
                <img alt='Jos&eacute; M&uuml;ller'>";
    let message = Message::builder()
        .from("clinic@harbor.example".parse().unwrap())
        .to("pat@mail.example"
            .parse::<mailseal::base::Address>()
            .unwrap())
        .subject("Visit")
        .html(html)
        .build()
        .unwrap();
    let mut findings = mailseal::dlp::Scanner::scan(&mailseal::dlp::PhiScanner::new(), &message);
    let name = |f: &Finding| f.kind == FindingKind::Name && f.expose().expose().starts_with("Jos");
    assert!(findings.items.iter().any(name));
    // Found once, in what is seen.
    findings
        .items
        .retain(|f| f.span.start < html.find("<img").unwrap());
    let how = Redaction::new(Style::Label);
    let copy = findings.redacted(&message, Part::Html, &how).unwrap();
    assert!(!copy.contains("M&uuml;ller"), "{copy}");
}

#[test]
fn what_has_no_copy_says_why() {
    let (message, mut findings) = (message(), findings());
    let how = Redaction::default();
    for (part, error, code) in [
        (
            Part::Attachment(9),
            Unredactable::NoSuchPart,
            "redact.no_such_part",
        ),
        (Part::Attachment(2), Unredactable::Binary, "redact.binary"),
        (
            Part::Attachment(3),
            Unredactable::Unscannable { why: "encrypted" },
            "redact.unscannable",
        ),
    ] {
        let told = findings.redacted(&message, part, &how).unwrap_err();
        assert_eq!((told, told.code()), (error, code));
    }
    // Nor has an entry of what was not read whole.
    let told = findings.redacted_entry(Part::Attachment(3), "page 1", "x", &how);
    assert_eq!(told, Err(Unredactable::Unscannable { why: "encrypted" }));
    findings.items.clear();
    findings.unscannable.clear();
    let told = findings.redacted(&message, Part::Attachment(2), &how);
    assert_eq!(told, Err(Unredactable::Binary));
}

#[test]
fn the_mark_of_utf_8_shifts_no_span() {
    let message = Message::builder()
        .from("clinic@harbor.example".parse().unwrap())
        .to("pat@mail.example"
            .parse::<mailseal::base::Address>()
            .unwrap())
        .attachment(Attachment::new(
            "note.json",
            "application/json",
            "\u{feff}{\"note\": \"SSN: 281-15-9804, thanks\"}"
                .as_bytes()
                .to_vec(),
        ))
        .build()
        .unwrap();
    let findings = mailseal::dlp::Scanner::scan(&mailseal::dlp::PhiScanner::new(), &message);
    let how = Redaction::default();
    let redacted = findings
        .redacted(&message, Part::Attachment(0), &how)
        .unwrap();
    assert!(!redacted.contains("9804") && redacted.contains(", thanks"));
}
