//! Text, archives and office documents.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::test_support::*;
use super::{Budget, Form};

#[test]
fn text_comes_out_whole_whatever_its_encoding() {
    let line = "Patient: Zoë Ångström, MRN 4471920";
    let utf16: Vec<u8> = line.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let utf16be: Vec<u8> = line.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let marked = [&[0xff, 0xfe], &utf16[..]].concat();
    let latin: Vec<u8> = line.chars().map(|c| c as u8).collect();
    let utf8 = [b"\xef\xbb\xbf", line.as_bytes()].concat();
    for bytes in [&utf16, &utf16be, &marked, &latin, &utf8] {
        let out = run(bytes);
        assert_eq!(out.reasons, [""; 0]);
        assert_eq!(out.pieces.len(), 1);
        assert_eq!(out.pieces[0].text, line);
        assert_eq!(
            (out.pieces[0].inside.as_deref(), out.pieces[0].form),
            (None, Form::Plain)
        );
    }
}

#[test]
fn markup_and_records_are_told_apart() {
    for (text, form) in [
        ("<?xml version=\"1.0\"?><a>b</a>", Form::Markup),
        ("<!DOCTYPE html><p>x", Form::Markup),
        ("<table><tr><td>1</td></tr></table>", Form::Markup),
        ("<pat@mail.example> wrote: a < b", Form::Plain),
        ("MSH|^~\\&|A\rPID|1||4471920\r", Form::Plain),
        ("{\"resourceType\": \"Patient\"}", Form::Plain),
        ("ISA*00*\u{1c}~", Form::Plain),
    ] {
        let out = run(text.as_bytes());
        assert_eq!(
            (out.pieces[0].form, out.pieces[0].text.as_str()),
            (form, text)
        );
        assert!(out.reasons.is_empty());
    }
    let out = run_with(b"a &amp; b", "text/html", Budget::new());
    assert_eq!(out.pieces[0].form, Form::Markup);
}

#[test]
fn what_is_no_text_is_reported() {
    for bytes in [
        &b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02"[..],
        b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xdb\0\x43\0\x01\x02\x03\x04",
        b"ID3\x03\0\0\0\0\0\x0a\0\0\0\0\x01\x02\x03\x04",
        b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0\0\0",
        b"7z\xbc\xaf\x27\x1c\0\x04\0\0\0\0\0\0",
    ] {
        let out = run(bytes);
        assert_eq!(out.reasons, ["unsupported_type"], "{bytes:?}");
        assert!(out.pieces.is_empty());
    }
    let locked: Vec<u8> = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        .iter()
        .copied()
        .chain("EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    assert_eq!(run(&locked).reasons, ["encrypted"]);
    // Text with a few zeros is given out, and is not clean.
    let out = run_with(
        b"SSN 281-15-9804\0\0 and so on, and so on",
        "text/plain",
        Budget::new(),
    );
    assert_eq!(out.reasons, ["malformed"]);
    out.has("281-15-9804");
    // A charset that is not Latin hides names.
    let cyrillic = b"\xcf\xe0\xf6\xe8\xe5\xed\xf2 \xcf\xe0\xe2\xe5\xeb 4471920";
    assert_eq!(
        run_with(cyrillic, "text/plain", Budget::new()).reasons,
        ["unknown_charset"]
    );
}

#[test]
fn archives_are_walked_and_their_names_read() {
    let inner = zip(&[("list.csv", b"name,mrn\nPat Lindqvist,4471920\n")]);
    let mut late = File::deflated("late.txt", b"HbA1c 9.1");
    late.flags = 8;
    let outer = zip_of(&[
        File::stored("Lindqvist labs/inner.zip", &inner),
        late,
        File::deflated("page.txt", &zip(&[("x.html", b"<p>in disguise</p>")])),
    ]);
    let out = run(&outer);
    assert!(out.reasons.is_empty(), "{:?}", out.reasons);
    out.has("[file names]\nLindqvist labs/inner.zip\nlate.txt");
    out.has("[Lindqvist labs/inner.zip/list.csv]\nname,mrn");
    out.has("[late.txt]\nHbA1c 9.1");
    out.has("[page.txt/x.html]markup\n<p>in disguise</p>");
    batter(&outer, "application/zip");
}

#[test]
fn an_archive_that_contradicts_itself_is_malformed() {
    let good = || File::deflated("a.txt", b"first text");
    // A checksum, a size, a name twice.
    let wrong = [
        zip_of(&[File { crc: 1, ..good() }]),
        zip_of(&[File { size: 3, ..good() }]),
        zip_of(&[good(), good()]),
        [&b"before"[..], &zip_of(&[good()])].concat(),
        [&zip_of(&[good()])[..], b"behind"].concat(),
    ];
    for bytes in &wrong {
        let out = run(bytes);
        assert_eq!(out.reasons, ["malformed"]);
        out.has("first text");
    }
    // The local header has another name than the directory.
    let mut renamed = zip_of(&[good()]);
    renamed[30] = b'b';
    assert_eq!(run(&renamed).reasons, ["malformed"]);
    // Two entries over the same bytes.
    let mut overlapping = zip_of(&[good(), good()]);
    let second = overlapping.len() - 22 - 51 + 42;
    overlapping[second..second + 4].fill(0);
    let out = run(&overlapping);
    assert_eq!(out.reasons, ["malformed"]);
    assert_eq!(out.text().matches("first text").count(), 1);
    // An entry that the directory does not list.
    let mut hidden = zip_of(&[File::stored("seen.txt", b"seen"), good()]);
    let end = hidden.len() - 22;
    hidden.drain(end - 51..end);
    let end = hidden.len() - 22;
    hidden[end + 8] = 1;
    hidden[end + 10] = 1;
    hidden[end + 12] -= 51;
    assert_eq!(run(&hidden).reasons, ["malformed"]);
    // The same before one that it lists.
    let mut hidden = zip_of(&[good(), File::stored("seen.txt", b"seen"), good()]);
    hidden[26..30].fill(0);
    let first = hidden.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    hidden.drain(first..first + 51);
    let end = hidden.len() - 22;
    hidden[end + 8] = 2;
    hidden[end + 10] = 2;
    hidden[end + 12] -= 51;
    let out = run(&hidden);
    assert_eq!(out.reasons, ["malformed"]);
    assert_eq!(out.text().matches("first text").count(), 1);
}

#[test]
fn bytes_between_listed_entries_are_reported() {
    let mut bytes = zip_of(&[File::stored("a.txt", b"one"), File::stored("b.txt", b"two")]);
    // The first entry ends earlier than its bytes: the rest belongs to none.
    let at = bytes.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    for (size, crc) in [(at + 20, at + 16), (18, 14)] {
        bytes[size] = 2;
        bytes[size + 4] = 2;
        bytes[crc..crc + 4].copy_from_slice(&super::inflate::crc32(b"on").to_le_bytes());
    }
    assert_eq!(run(&bytes).reasons, ["malformed"]);
}

#[test]
fn what_an_archive_hides_is_reported() {
    let secret = File {
        flags: 1,
        ..File::deflated("a.txt", b"secret")
    };
    let packed = File {
        method: 14,
        ..File::stored("b.txt", b"packed")
    };
    let out = run(&zip_of(&[secret, packed]));
    assert_eq!(out.reasons, ["encrypted", "unsupported_type"]);
    out.has("a.txt\nb.txt");
}

#[test]
fn a_cut_off_archive_gives_what_it_still_has() {
    let mut bytes = zip(&[("a.txt", b"first text"), ("b.txt", b"second text")]);
    bytes.truncate(bytes.len() - 60);
    let out = run(&bytes);
    assert_eq!(out.reasons, ["malformed"]);
    out.has("first text");
    out.has("second text");
}

#[test]
fn bombs_end_at_their_bounds() {
    // 10 GB and more declared, a thousand times its size real.
    let zeros = vec![b' '; 16 << 20];
    let bomb = File {
        size: u32::MAX - 1,
        ..File::deflated("bomb.txt", &zeros)
    };
    let out = run(&zip_of(&[bomb]));
    assert!(out.reasons.contains(&"ratio"), "{:?}", out.reasons);
    // Many entries, each below the ratio.
    let budget = Budget {
        work: 1 << 20,
        ..Budget::new()
    };
    let entry = vec![b'x'; 300_000];
    let many: Vec<File> = (0..10)
        .map(|n| File::deflated(&n.to_string(), &entry))
        .collect();
    let out = run_with(&zip_of(&many), "", budget);
    assert_eq!(out.reasons, ["too_large"]);
    let budget = Budget {
        entries: 3,
        ..Budget::new()
    };
    let out = run_with(&zip_of(&many), "", budget);
    assert_eq!(out.reasons, ["too_many_entries"]);
    assert_eq!(out.pieces.len(), 4);
    let budget = Budget {
        text: 100,
        ..Budget::new()
    };
    let out = run_with("é".repeat(100).as_bytes(), "", budget);
    assert_eq!(
        (out.pieces[0].text.len(), out.reasons),
        (100, vec!["too_large"])
    );
}

#[test]
fn a_thousand_levels_end_at_the_bound() {
    let mut bytes = b"core".to_vec();
    for _ in 0..1_000 {
        bytes = zip_of(&[File::stored("z", &bytes)]);
    }
    let out = run(&bytes);
    assert!(out.reasons.contains(&"too_deep"));
    out.lacks("core");
}

#[test]
fn documents_give_paragraphs_cells_and_properties() {
    let body = "<w:p><w:r><w:t>Dear </w:t></w:r><w:r><w:t xml:space=\"preserve\">Pat &amp; Kim,</w:t></w:r></w:p>\
        <w:p><w:r><w:t>577-</w:t></w:r><w:r><w:t>96-4121</w:t></w:r><w:r><w:tab/><w:t>x</w:t><w:br/></w:r></w:p>\
        <w:tbl><w:tr><w:tc><w:p><w:r><w:t>MRN</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>DOB</w:t></w:r></w:p></w:tc></w:tr>\
        <w:tr><w:tc><w:p><w:r><w:t>4471920</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>1961-04-02</w:t></w:r></w:p></w:tc></w:tr></w:tbl>\
        <w:p><w:del w:author=\"Ines Roth\"><w:delText>struck out</w:delText></w:del></w:p>\
        <mc:AlternateContent><mc:Choice><w:t>once</w:t></mc:Choice><mc:Fallback><w:t>once</w:t></mc:Fallback></mc:AlternateContent>";
    let bytes = docx(body);
    let out = run(&bytes);
    assert!(out.reasons.is_empty(), "{:?}", out.reasons);
    out.has("[word/document.xml]\nDear Pat & Kim,\n577-96-4121\tx\n");
    out.has("MRN\tDOB\n4471920\t1961-04-02\n");
    out.has("struck out");
    out.has("Ines Roth\n");
    out.has("[docProps/core.xml]\ncreator: Nadia Orsolo\n");
    assert_eq!(out.text().matches("once").count(), 1);
    batter(&bytes, "");
}

#[test]
fn an_unknown_part_of_a_document_is_walked_and_a_picture_is_not() {
    let out = run(&zip(&[
        TYPES,
        ("word/document.xml", b"<document/>"),
        ("word/media/image1.png", b"\x89PNG\r\n\x1a\n\0\0"),
    ]));
    assert_eq!(out.reasons, ["image_only"]);
    let out = run(&zip(&[
        TYPES,
        (
            "word/document.xml",
            b"<document><p><t>text</t></p></document>",
        ),
        ("word/media/image1.png", b"\x89PNG\r\n\x1a\n\0\0"),
        ("word/vbaProject.bin", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        (
            "word/embeddings/Sheet.xlsx",
            &xlsx("<row><c t=\"s\"><v>1</v></c></row>"),
        ),
        ("word/theme/odd.txt", b"hidden words"),
        ("customXml/item1.xml", b"<x name=\"4471920\"/>"),
    ]));
    assert!(out.reasons.is_empty(), "{:?}", out.reasons);
    out.has("[word/embeddings/Sheet.xlsx/sheet Ward 7]\nPat Lindqvist\n");
    out.has("hidden words");
    out.has("4471920");
    let out = run(&zip(&[
        TYPES,
        (
            "word/embeddings/old.bin",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0",
        ),
    ]));
    assert_eq!(out.reasons, ["unsupported_type"]);
}

/// The reference of a cell is optional (ECMA-376 part 1, 18.3.1.4).
#[test]
fn cells_that_do_not_say_where_they_are_follow_one_another() {
    let text = |text: &str| format!("<c t=\"inlineStr\"><is><t>{text}</t></is></c>");
    let (name, born) = (text("Maria Alvarez"), text("03/14/1958"));
    let rows = format!(
        "<row>{name}{born}<c/>{}</row><row>{born}<c r=\"D2\"><v>7</v></c><c><v>8</v></c></row>",
        text("HIV")
    );
    let out = run(&xlsx(&rows));
    out.has("Maria Alvarez\t03/14/1958\t\tHIV\n03/14/1958\t\t\t7\t8\n");
    let out = run(&xlsx(
        "<row><c r=\"B1\"><v>7</v></c><c r=\"B1\"><v>8</v></c><c r=\"A1\"><v>9</v></c></row>",
    ));
    out.has("\t7\t8\t9\n");
}

#[test]
fn sheets_stand_row_by_row_below_their_header() {
    let rows = "<row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"C1\" t=\"inlineStr\"><is><t>DOB</t></is></c></row>\
        <row r=\"2\"><c r=\"A2\" t=\"s\"><v>1</v></c><c r=\"C2\" s=\"1\"><v>22373</v></c><c r=\"D2\" s=\"2\"><v>22373.5</v></c></row>\
        <row r=\"3\"><c r=\"A3\" t=\"str\"><f>CONCAT(\"MRN 4471920\")</f><v>done</v></c><c r=\"B3\"><v>9.1</v></c></row>\
        <row r=\"1048576\"><c r=\"XFD1048576\"><v>7</v></c></row>";
    let bytes = xlsx(rows);
    let out = run(&bytes);
    assert!(out.reasons.is_empty(), "{:?}", out.reasons);
    out.has("[xl/workbook.xml]\nWard 7\n");
    out.has("[sheet Ward 7]\nPatient\t\tDOB\nPat Lindqvist\t\t1961-04-02\t1961-04-02 12:00\ndone\t9.1\n\t7\n");
    out.has("MRN 4471920");
    batter(&bytes, "");
}

#[test]
fn repeating_a_shared_string_ends_at_the_bound() {
    let long = "y".repeat(1 << 20);
    let row = "<row><c t=\"s\"><v>0</v></c></row>".repeat(10_000);
    let strings = format!("<sst><si><t>{long}</t></si></sst>");
    let sheet = format!("<worksheet><sheetData>{row}</sheetData></worksheet>");
    let out = run(&zip(&[
        TYPES,
        ("xl/sharedStrings.xml", strings.as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
    ]));
    assert_eq!(out.reasons, ["too_large"]);
    assert!(out.pieces.iter().map(|p| p.text.len()).sum::<usize>() <= 64 << 20);
}

#[test]
fn presentations_give_slides_and_notes() {
    let out = run(&zip(&[
        TYPES,
        ("ppt/slides/slide1.xml", b"<p:sld><a:p><a:r><a:t>Case 12</a:t></a:r></a:p><a:tbl><a:tr><a:tc><a:p><a:t>Name</a:t></a:p></a:tc><a:tc><a:p><a:t>Pat</a:t></a:p></a:tc></a:tr></a:tbl></p:sld>"),
        ("ppt/notesSlides/notesSlide1.xml", b"<p:notes><a:p><a:t>call 555-0100</a:t></a:p></p:notes>"),
        ("ppt/slides/_rels/slide1.xml.rels", b"<Relationships><Relationship Target=\"mailto:pat@mail.example\" TargetMode=\"External\"/></Relationships>"),
    ]));
    assert!(out.reasons.is_empty(), "{:?}", out.reasons);
    out.has("Case 12\nName\tPat\n");
    out.has("call 555-0100");
    out.has("mailto:pat@mail.example");
}

#[test]
fn what_a_document_shows_by_reference_is_read() {
    let settings = b"<w:settings><w:docVars><w:docVar w:name=\"MRN\" w:val=\"4471920\"/></w:docVars></w:settings>";
    let item = b"<p:patient xmlns:p=\"urn:p\" id=\"77001\"><p:mrn>4471921</p:mrn><p:ssn>577-<b>96</b>-4121</p:ssn></p:patient>";
    let custom = b"<Properties><property fmtid=\"{0}\" pid=\"2\" name=\"Notes\"><vt:lpwstr>HIV positive</vt:lpwstr></property></Properties>";
    let control = b"<w:document><w:sdt><w:sdtPr><w:alias w:val=\"Chart of Pat\"/><w:tag w:val=\"case 12\"/></w:sdtPr></w:sdt><w:p><w:t>See.</w:t></w:p><v:shape alt=\"seen by Kim\"/><w:fldSimple w:instr=\"QUOTE in_a_field\"/><w:lvlText w:val=\"in a list %1\"/><w:bookmarkStart w:name=\"in_a_bookmark\"/><w:bookmarkStart w:name=\"_Toc8812\"/><p14:section name=\"in a section\"/><!-- in an XML comment --></w:document>";
    let out = run(&zip(&[
        TYPES,
        ("word/document.xml", control),
        ("word/settings.xml", settings),
        ("customXml/item1.xml", item),
        ("docProps/custom.xml", custom),
        (
            "word/header1.xml",
            b"<w:hdr><w:p><w:t>in a header</w:t></w:p></w:hdr>",
        ),
        (
            "word/footnotes.xml",
            b"<w:footnotes><w:p><w:t>in a note</w:t></w:p></w:footnotes>",
        ),
        (
            "word/comments.xml",
            b"<w:comments><w:p><w:t>in a comment</w:t></w:p></w:comments>",
        ),
        ("word/vbaProject.bin", b"no macros: MRN 4471922"),
        // As Word for Mac writes them.
        (
            "word/printerSettings1.bin",
            b"\x02\0\0\0\x01\0\0\0\xaa\x19\0\0<?xml version=\"1.0\"?>\n<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\">",
        ),
    ]));
    assert!(out.reasons.is_empty(), "{:?}", out.reasons);
    for text in [
        "MRN: 4471920",
        "id: 77001\nmrn: 4471921\nssn: 577-96-4121\n",
        "Notes: HIV positive",
        "Chart of Pat\ncase 12\nseen by Kim",
        "QUOTE in_a_field",
        "in an XML comment",
        "in a list %1",
        "in_a_bookmark",
        "in a section",
        "in a header",
        "in a note",
        "in a comment",
        "MRN 4471922",
    ] {
        out.has(text);
    }
    out.lacks("urn:p");
    out.lacks("_Toc");
}

#[test]
fn what_a_workbook_keeps_beside_its_cells_is_read() {
    let out = run(&zip(&[
        TYPES,
        // The case of names of parts says nothing.
        ("XL/workbook.xml", b"<workbook><definedNames><definedName name=\"list\" help=\"of Kim\">\"in a name\"</definedName></definedNames></workbook>"),
        ("xl/sharedStrings.xml", b"<sst><si><t>shown</t></si><si><t>MRN 4471920</t></si></sst>"),
        ("xl/worksheets/sheet1.xml", b"<worksheet><sheetData><row><c t=\"s\"><v>0</v></c></row></sheetData><autoFilter><filters><filter val=\"Pat Lindqvist\"/></filters></autoFilter><cfRule text=\"Suboxone\"><formula>SEARCH(\"Methadone\")</formula></cfRule><headerFooter><oddHeader>&amp;Cin a header&amp;12Ada &amp;\"Arial,Bold\"Berg&amp;K00FF00Bo&amp;K01+000Cy&amp;&amp;12</oddHeader></headerFooter></worksheet>"),
        ("xl/styles.xml", b"<styleSheet><numFmt numFmtId=\"164\" formatCode=\"&quot;in a format&quot; 0\"/></styleSheet>"),
        ("xl/comments1.xml", b"<comments><text><t>in a comment</t></text></comments>"),
        ("xl/pivotCache/pivotCacheRecords1.xml", b"<r><s v=\"in a pivot\"/></r>"),
        ("xl/externalLinks/externalLink1.xml", b"<cell><v>in a cache</v></cell>"),
        ("ppt/tags/tag1.xml", b"<p:tag name=\"CHART\" val=\"in a tag\"/>"),
    ]));
    assert!(out.reasons.is_empty(), "{:?}", out.reasons);
    for text in [
        "of Kim",
        "in a name",
        "shown",
        "[unused strings]\nMRN 4471920\n",
        "Pat Lindqvist",
        "Suboxone",
        "Methadone",
        "in a header Ada  Berg Bo Cy&12",
        "[number formats]\nin a format\n",
        "in a comment",
        "in a pivot",
        "in a cache",
        "in a tag",
    ] {
        out.has(text);
    }
    assert_eq!(out.text().matches("shown").count(), 1);
    // A workbook whose folder is written so.
    let out = run(&zip(&[
        TYPES,
        (
            "XL/Worksheets/sheet1.xml",
            b"<worksheet><c t=\"inlineStr\"><is><t>MRN 4471920</t></is></c></worksheet>",
        ),
    ]));
    out.has("4471920");
}

#[test]
fn entities_do_not_expand_and_broken_xml_is_reported() {
    let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]><document><t>&b;&#52;&#x34;71920</t></document>";
    let out = run(&zip(&[TYPES, ("word/document.xml", bomb.as_bytes())]));
    out.has("\u{fffd}4471920");
    out.lacks("aaa");
    assert_eq!(out.reasons, ["malformed"]);
    let cut = b"<document><p><t>still here</t></p><p><t>and the";
    let out = run(&zip(&[TYPES, ("word/document.xml", cut)]));
    assert_eq!(out.reasons, ["malformed"]);
    out.has("still here\nand the");
    let deep = "<t>".repeat(200_000);
    let out = run(&zip(&[TYPES, ("word/document.xml", deep.as_bytes())]));
    assert_eq!(out.reasons, ["malformed"]);
}

#[test]
fn opendocument_gives_text_rows_and_metadata() {
    let content = "<office:document-content><text:p>Dear<text:s text:c=\"2\"/>Pat<text:tab/>x</text:p>\
        <table:table table:name=\"Ward\"><table:table-row><table:table-cell><text:p>MRN</text:p></table:table-cell><table:table-cell table:number-columns-repeated=\"2\"/><table:table-cell><text:p>DOB</text:p></table:table-cell></table:table-row>\
        <table:table-row table:number-rows-repeated=\"1048576\"><table:table-cell table:number-columns-repeated=\"16384\"><text:p>4471920</text:p></table:table-cell></table:table-row>\
        <table:table-row><table:table-cell office:date-value=\"1961-04-02\"/></table:table-row></table:table></office:document-content>";
    let bytes = zip(&[
        ("mimetype", b"application/vnd.oasis.opendocument.text"),
        ("content.xml", content.as_bytes()),
        (
            "meta.xml",
            b"<office:meta><dc:creator>Nadia Orsolo</dc:creator></office:meta>",
        ),
    ]);
    let out = run(&bytes);
    assert!(out.reasons.is_empty(), "{:?}", out.reasons);
    out.has("[content.xml]\nDear  Pat\tx\nWard\nMRN\t\t\tDOB\n4471920\n1961-04-02\n");
    out.has("[meta.xml]\nNadia Orsolo\n");
    batter(&bytes, "");
    let wide = "<table:table-row><table:table-cell table:number-columns-repeated=\"1000000\"/><table:table-cell><text:p>x</text:p></table:table-cell></table:table-row>";
    let out = run(&zip(&[
        ("mimetype", b"odt"),
        ("content.xml", wide.as_bytes()),
    ]));
    assert!(out.text().len() < 200);
    let out = run(&zip(&[
        ("mimetype", b"application/vnd.oasis.opendocument.text"),
        (
            "META-INF/manifest.xml",
            b"<manifest:manifest><manifest:encryption-data/></manifest:manifest>",
        ),
        ("content.xml", b"\x01\x02\x03"),
    ]));
    assert_eq!(out.reasons, ["encrypted"]);
}

fn odf(name: &str, bytes: &[u8]) -> Out {
    let text: &[u8] =
        b"<office:document-content><text:p>Dear Pat</text:p></office:document-content>";
    let content = if name == "content.xml" { bytes } else { text };
    let mut files = vec![
        ("mimetype", &b"application/vnd.oasis.opendocument.text"[..]),
        ("content.xml", content),
    ];
    if name == "mimetype" {
        files[0].1 = bytes;
        files.push(("META-INF/manifest.xml", b"<manifest:manifest/>"));
    } else if name != "content.xml" {
        files.push((name, bytes));
    }
    run(&zip(&files))
}

#[test]
fn attributes_of_opendocument_that_a_reader_sees_are_read() {
    for (tag, text) in [
        (
            "<form:text form:name=\"SSN\" form:current-value=\"577-96-4121\"/>",
            "SSN: 577-96-4121",
        ),
        ("<text:hidden-text text:string-value=\"of Kim\"/>", "of Kim"),
        (
            "<text:conditional-text text:string-value-if-true=\"of Kim\"/>",
            "of Kim",
        ),
        (
            "<text:user-field-decl office:value-type=\"float\" office:value=\"577964121\" text:name=\"SSN\"/>",
            "577964121: SSN",
        ),
        ("<text:section text:name=\"Kim Lee\"/>", "Kim Lee"),
        (
            "<table:table-cell office:value=\"577964121\"><text:p>###</text:p></table:table-cell>",
            "577964121",
        ),
    ] {
        let content = format!("<office:document-content>{tag}</office:document-content>");
        odf("content.xml", content.as_bytes()).has(text);
    }
    let cell =
        "<a><table:table-cell office:value=\"5.1\"><text:p>5,10</text:p></table:table-cell></a>";
    odf("content.xml", cell.as_bytes()).lacks("5.1");
}

/// Whatever they are called, and where they look like what a program keeps.
#[test]
fn no_entry_of_a_document_is_passed_by() {
    odf("content.xml", b"<a><!-- of Kim --></a>").has("of Kim");
    let ssn = b"SSN 577-96-4121";
    for name in ["x/", "mimetype", "layout-cache"] {
        odf(name, ssn).has("577-96-4121");
    }
    let manifest = b"<manifest:manifest>SSN 577-96-4121</manifest:manifest>";
    odf("META-INF/manifest.xml", manifest).has("577-96-4121");
    let settings = b"<office:document-content><config:config-item></x>SSN 577-96-4121</office:document-content>";
    odf("content.xml", settings).has("577-96-4121");
    let word: &[u8] = b"<w:document><w:p><w:t>See.</w:t></w:p></w:document>";
    run(&zip(&[TYPES, ("word/document.xml", word), ("x/", ssn)])).has("577-96-4121");
}

#[test]
fn what_a_printer_takes_is_read_and_told() {
    for text in [
        "%!PS-Adobe-3.0\n(MRN 4471920) show",
        "\u{feff}%!PS\n(MRN 4471920) show",
        "\u{4}%!PS\n(MRN 4471920) show and so on, and so on, and so on, and so on, and so on, and so on, and so on",
        "\u{1b}%-12345X@PJL\n(MRN 4471920)",
        "\u{1b}E\u{1b}&l0OMRN 4471920",
        "\u{1b}&l0OMRN 4471920",
        "\u{1b}*t300RMRN 4471920",
    ] {
        let out = run(text.as_bytes());
        assert_eq!(out.reasons.first(), Some(&"unsupported_type"), "{text:?}");
        out.has("MRN 4471920");
    }
    let far = " ".repeat(100) + "%!PS\n(MRN 4471920) show";
    assert_eq!(run(far.as_bytes()).reasons, ["unsupported_type"]);
    // A type says it of whatever stands there.
    for media_type in ["application/postscript", "application/vnd.hp-pcl"] {
        let out = run_with(b"%!\r\n(MRN 4471920) show", media_type, Budget::new());
        assert_eq!(out.reasons, ["unsupported_type"], "{media_type}");
        out.has("MRN 4471920");
    }
    let eps = [&b"\xc5\xd0\xd3\xc6\x1e\0\0\0"[..], b"%!PS (MRN) show"].concat();
    assert_eq!(run(&eps).reasons[0], "unsupported_type");
    // A choice of charset, colours, a comment.
    for text in [
        "\u{1b}(BPat",
        "\u{1b}[1mPat",
        "\u{1b}$BPat",
        "%! Pat",
        "%!\r\nfunction Pat",
        "%!PDF",
    ] {
        assert!(run(text.as_bytes()).reasons.is_empty(), "{text:?}");
    }
}

#[test]
fn an_attached_text_may_have_a_few_control_characters() {
    let manual: String = "NAME"
        .chars()
        .map(|c| format!("{c}\u{8}{c}_\u{8}{c}"))
        .collect();
    for text in [
        "Done\u{7}",
        "1,2\r\n\u{1a}",
        "Hello \u{7f} world",
        &manual.repeat(50),
    ] {
        assert_eq!(super::doubt(text), None, "{text:?}");
    }
    for text in ["l\u{1}ift".to_owned(), "ab\u{8}".repeat(20)] {
        assert_eq!(super::doubt(&text), Some("malformed"), "{text:?}");
    }
    assert_eq!(super::doubt("%!PS\n"), Some("unsupported_type"));
    assert_eq!(super::doubt("%!\nfunction f"), None);
}
