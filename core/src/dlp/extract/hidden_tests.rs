//! What stands in the lines of documents and is not shown in them: deleted or
//! hidden words, notes, field instructions, letters with codes of their own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::pdf_tests::{page, stream};
use super::test_support::*;

const LINE: &str = "Maria Alvarez tested positive for HIV.\n";

fn run_of(text: &str) -> String {
    format!("<w:r><w:t>{text}</w:t></w:r>")
}

/// A document of one paragraph.
fn paragraph(content: &str) -> Out {
    let bytes = docx(&format!("<w:p>{content}</w:p>"));
    let out = run(&bytes);
    assert!(out.reasons.is_empty(), "{:?}", out.reasons);
    out
}

/// A text document of OpenDocument.
fn odt(content: &str) -> Vec<u8> {
    zip(&[
        ("mimetype", b"application/vnd.oasis.opendocument.text"),
        ("content.xml", content.as_bytes()),
    ])
}

#[test]
fn a_line_reads_with_its_changes_and_without_them() {
    let deleted =
        |text: &str| format!("<w:del w:id=\"1\"><w:r><w:delText>{text}</w:delText></w:r></w:del>");
    let added = |text: &str| format!("<w:ins w:id=\"2\">{}</w:ins>", run_of(text));
    let moved = format!("<w:moveFrom>{}</w:moveFrom>", run_of("not "));
    let out = paragraph(
        &[
            run_of("Maria "),
            deleted("Alvares"),
            added("Alvarez"),
            run_of(" tested "),
            deleted("negative"),
            added("positive"),
            moved,
            run_of(" for HIV."),
        ]
        .concat(),
    );
    out.has(&format!("[word/document.xml]\n{LINE}"));
    out.has("\nMaria Alvares tested negativenot  for HIV.\n");
    // Where nothing else stands in a line it keeps its place.
    let body = format!(
        "<w:p>{}</w:p><w:p>{}</w:p><w:p>{}</w:p>",
        run_of("one"),
        deleted("two"),
        run_of("three")
    );
    run(&docx(&body)).has("[word/document.xml]\none\ntwo\nthree\n");
    // What was put in, and nothing taken away, is there once.
    let out = paragraph(&[run_of("Maria "), added("Alvarez")].concat());
    assert_eq!(out.text().matches("Maria").count(), 1);
    let cell = format!(
        "<w:tbl><w:tr><w:tc><w:p>{}{}</w:p></w:tc><w:tc><w:p>{}</w:p></w:tc></w:tr></w:tbl>",
        run_of("Maria"),
        deleted("Ana"),
        run_of("HIV")
    );
    let out = run(&docx(&cell));
    out.has("[word/document.xml]\nMaria\tHIV\nMariaAna\tHIV\n");
}

#[test]
fn hidden_runs_break_no_word() {
    let hidden =
        |on: &str| format!("<w:r><w:rPr><w:b/><w:vanish{on}/></w:rPr><w:t>x y</w:t></w:r>");
    let line =
        |hidden: &str| paragraph(&[run_of("Maria Alv"), hidden.into(), run_of("arez")].concat());
    let out = line(&hidden(""));
    out.has("[word/document.xml]\nMaria Alvarez\nMaria Alvx yarez\n");
    line(&hidden(" w:val=\"0\"")).has("[word/document.xml]\nMaria Alvx yarez\n");
    // The mark of a paragraph alone is hidden.
    let mark = format!(
        "<w:pPr><w:rPr><w:vanish/></w:rPr></w:pPr>{}",
        run_of("Maria Alvarez")
    );
    assert_eq!(paragraph(&mark).text().matches("Maria").count(), 1);
}

#[test]
fn fields_readings_and_codes_of_letters_break_no_line() {
    let field = "<w:r><w:fldChar/></w:r><w:r><w:instrText> MERGEFIELD Last </w:instrText></w:r>";
    let out = paragraph(&[&run_of("Maria "), field, &run_of("Alvarez")].concat());
    out.has("[word/document.xml]\nMaria Alvarez\n MERGEFIELD Last \n");
    let ruby = "<w:r><w:ruby><w:rt><w:r><w:t>x</w:t></w:r></w:rt><w:rubyBase>";
    let ruby = [ruby, &run_of("Alvarez"), "</w:rubyBase></w:ruby></w:r>"].concat();
    paragraph(&[&run_of("Maria "), &ruby[..]].concat()).has("\nMaria Alvarez\nx\n");
    let symbol = |font: &str, code: &str| {
        let symbol = format!("<w:r><w:sym w:font=\"{font}\" w:char=\"{code}\"/></w:r>");
        paragraph(&[&symbol, &run_of("IV")[..]].concat())
    };
    symbol("Arial", "0048").has("HIV\n");
    symbol("Arial", "F048").has("HIV\n");
    for (font, code) in [("Wingdings", "F048"), ("Arial", "0001"), ("Arial", "x")] {
        symbol(font, code).has("\u{fffd}IV\n");
    }
}

#[test]
fn hidden_words_of_rtf_break_no_word() {
    for hidden in [
        "{\\v x}",
        "\\v x\\v0 ",
        "{\\b\\v x\\par y}",
        "{\\deleted x}",
        "{\\*\\foo x}",
        "{\\*\\annotation x}",
        "{\\footnote x\\par y}",
        "{\\field{\\*\\fldinst x}}",
        "{\\*\\shpinst{\\sp{\\sn x}{\\sv y}}}",
        "{\\v x{\\plain }}",
        "{\\v\\plain}",
    ] {
        let text = format!("{{\\rtf1 Maria Alv{hidden}arez tested positive for HIV.\\par}}");
        let out = run(text.as_bytes());
        assert!(out.reasons.is_empty(), "{:?}", out.reasons);
        out.has(&format!("[document]\n{LINE}"));
        if hidden.contains('x') {
            assert!(out.text().replace(LINE, "").contains('x'), "{hidden}");
        }
    }
    let out = run(b"{\\rtf1 Maria {\\deleted Ana}{\\revised Alvarez}\\par Seen\\par}");
    out.has("[document]\nMaria Alvarez\nSeen\nMaria Ana\n");
    run(b"{\\rtf1 One\\par{\\v Two\\par Three\\par}Four}").has("\nOne\nTwo\nThree\nFour\n");
}

#[test]
fn notes_and_hidden_words_of_opendocument_break_no_line() {
    for hidden in [
        "<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>x</text:p></text:note-body></text:note>",
        "<office:annotation><dc:creator>x</dc:creator><dc:date>2026</dc:date><text:p>y</text:p></office:annotation>",
        "<text:hidden-text text:is-hidden=\"true\">x</text:hidden-text>",
        "<text:span text:style-name=\"T1\">x</text:span>",
    ] {
        let content = format!(
            "<office:document-content><style:style style:name=\"T1\"><style:text-properties text:display=\"none\"/></style:style>\
             <text:p>Maria Alv{hidden}arez tested positive for <text:subject>HIV</text:subject>.</text:p></office:document-content>"
        );
        let out = run(&zip(&[
            ("mimetype", b"application/vnd.oasis.opendocument.text"),
            ("content.xml", content.as_bytes()),
        ]));
        assert!(out.reasons.is_empty(), "{:?}", out.reasons);
        out.has(&format!("[content.xml]\n{LINE}"));
        assert!(out.text().contains('x'), "{hidden}");
    }
    // A note on a cell is not what the cell holds.
    let cell = "<table:table-row><table:table-cell office:value=\"4471920\"><office:annotation><text:p>x</text:p></office:annotation></table:table-cell></table:table-row>";
    let out = run(&zip(&[
        (
            "mimetype",
            b"application/vnd.oasis.opendocument.spreadsheet",
        ),
        ("content.xml", cell.as_bytes()),
    ]));
    out.has("[content.xml]\n4471920\nx\n");
}

#[test]
fn strings_of_workbooks_are_read_without_their_escapes() {
    let text = |text: &str| format!("<c t=\"inlineStr\"><is>{text}</is></c>");
    let rows = [
        "<row>",
        &text("<t>Patient_x000D_</t>"),
        &text("<t>_x0041_lv_x0061__x0072_ez_x0001_</t>"),
        &text("<t>_x005F_x0041_ _xD83D__xDE00_ _x41_ a_xyz</t>"),
        &text("<r><t>Alv</t></r><rPh><t>x</t></rPh><r><t>arez</t></r>"),
        "</row>",
    ]
    .concat();
    let out = run(&xlsx(&rows));
    out.has("Patient \tAlvarez\t_x0041_ \u{1f600} _x41_ a_xyz\tAlvarez x\n");
    let strings = "<sst><si><r><t>Maria Alv</t></r><rPh><t>x</t></rPh><r><t>arez_x000D_</t></r></si>\
        <si><t>_x0048_IV</t></si></sst>";
    let out = run(&zip(&[
        TYPES,
        ("xl/sharedStrings.xml", strings.as_bytes()),
        (
            "xl/worksheets/sheet1.xml",
            b"<worksheet><row><c t=\"s\"><v>0</v></c><c t=\"s\"><v>1</v></c></row></worksheet>",
        ),
        (
            "xl/comments1.xml",
            b"<comments><comment><text><t>Maria_x000D_</t></text></comment></comments>",
        ),
    ]));
    out.has("Maria Alvarez  x\tHIV\n");
    out.has("Maria\r\n");
}

/// Hidden ends of lines copy no text again and again.
#[test]
fn much_that_is_hidden_costs_what_it_is() {
    let text = format!(
        "{{\\rtf1 {}{}}}",
        "word ".repeat(20_000),
        "{\\v x\\par}".repeat(50_000)
    );
    let out = run(text.as_bytes());
    assert!(out.reasons.is_empty(), "{:?}", out.reasons);
    assert!(out.text().len() < 400_000, "{}", out.text().len());
}

/// Rows of a table are read below its header, whatever is hidden in them.
#[test]
fn rows_stay_in_their_table() {
    const TABLE: &str = "Room\tMRN\n4\t77110\n5\t88213\n";
    let cell = |content: &str| format!("<w:tc><w:p>{content}</w:p></w:tc>");
    let row = |room: &str, mrn: &str| format!("<w:tr>{}{}</w:tr>", cell(room), cell(mrn));
    let table = |hide: &dyn Fn(&str) -> String| {
        let rows = [
            row(&run_of("Room"), &run_of("MRN")),
            row(&run_of("4"), &hide("77110")),
            row(&run_of("5"), &hide("88213")),
        ]
        .concat();
        let after = format!("<w:p>{}</w:p>", run_of("Seen"));
        run(&docx(&format!("<w:tbl>{rows}</w:tbl>{after}")))
    };
    let deleted = |text: &str| format!("<w:del><w:r><w:delText>{text}</w:delText></w:r></w:del>");
    table(&deleted).has(&format!("Room\tMRN\n4\n5\n{TABLE}Seen\n"));
    table(&|text| format!("<w:r><w:rPr><w:vanish/></w:rPr><w:t>{text}</w:t></w:r>")).has(TABLE);
    let out = table(&|text| format!("{}<w:ins>{}</w:ins>", deleted(text), run_of("1")));
    out.has(&format!(
        "[word/document.xml]\nRoom\tMRN\n4\t1\n5\t1\n{TABLE}Seen\n"
    ));
    // A row that is deleted whole is there once.
    let rows = [
        row(&run_of("Room"), &run_of("MRN")),
        row(&deleted("4"), &deleted("77110")),
        row(&run_of("5"), &run_of("88213")),
    ];
    let out = run(&docx(&format!("<w:tbl>{}</w:tbl>", rows.concat())));
    assert_eq!(out.text().matches(TABLE).count(), 1);
    assert_eq!(out.text().matches("88213").count(), 1);
    // Tabs and blanks part columns too, and a cell may end where it is hidden.
    for (tab, end, read) in [
        ("\\tab ", "\\par ", "\t"),
        ("\\cell ", "\\cell\\row ", "\t"),
        ("       ", "\\par ", "       "),
    ] {
        for hidden in ["{\\v 77110}", "{\\deleted 77110}{\\revised 1}"] {
            let text =
                format!("{{\\rtf1 Room{tab}MRN{end}4{tab}{hidden}{end}5{tab}88213{end}Seen\\par}}");
            let last = format!("5{read}88213\n");
            let table = TABLE.replace('\t', read) + "Seen\n";
            let text = run(text.as_bytes()).text().replace("\t\n", "\n");
            assert!(text.contains(&(last + &table)), "{text}");
        }
    }
    run(b"{\\rtf1 Room\\tab MRN\\par 4\\tab{\\v 77110\\par}\\par Seen\\par}")
        .has("\nRoom\tMRN\n4\t77110\n");
    let cell = |text: &str| format!("<table:table-cell><text:p>{text}</text:p></table:table-cell>");
    let row = |room: &str, mrn: &str| {
        format!(
            "<table:table-row>{}{}</table:table-row>",
            cell(room),
            cell(mrn)
        )
    };
    let span = |text: &str| format!("<text:span text:style-name=\"T1\">{text}</text:span>");
    let content = format!(
        "<office:document-content><style:style style:name=\"T1\"><style:text-properties text:display=\"none\"/></style:style>\
         <table:table>{}{}{}</table:table></office:document-content>",
        row("Room", "MRN"),
        row("4", &span("77110")),
        row("5", &span("88213"))
    );
    run(&odt(&content)).has(TABLE);
}

#[test]
fn rows_of_nested_tables_end_where_they_do() {
    let row = |cells: &str| {
        format!("{cells}{{\\*\\nesttableprops\\trowd\\nestrow}}{{\\nonesttables\\par}}")
    };
    let rows = row("Room\\nestcell MRN\\nestcell ") + &row("4\\nestcell 77110\\nestcell ");
    let out = run(format!("{{\\rtf1 {rows}\\cell\\row}}").as_bytes());
    assert!(out.reasons.is_empty(), "{:?}", out.reasons);
    out.has("[document]\nRoom\tMRN\t\n");
    out.has("\n4\t77110\t\n");
}

/// A table whose rows end again and again where that is hidden.
#[test]
fn much_that_is_hidden_in_a_table_costs_what_it_is() {
    for hidden in ["{\\v x\\par}", "{\\v \\par}"] {
        let text = format!(
            "{{\\rtf1 a\\tab{{\\v y}}\\par {}{}\\par}}",
            "word\\tab ".repeat(20_000),
            hidden.repeat(50_000)
        );
        let out = run(text.as_bytes());
        assert!(out.reasons.is_empty(), "{:?}", out.reasons);
        assert!(out.text().len() < 500_000, "{}", out.text().len());
    }
}

#[test]
fn what_is_said_of_changes_in_opendocument_ends_with_its_line() {
    let info = "<office:change-info><dc:creator>Jo Writer</dc:creator><dc:date>2026-01-02T10:00:00.123456789</dc:date></office:change-info>";
    for changes in [
        format!("<text:insertion>{info}</text:insertion>"),
        format!("<text:deletion>{info}<text:p>281-15-9804</text:p></text:deletion>"),
        format!(
            "<table:cell-content-change>{info}<table:previous><table:change-track-table-cell><text:p>281-15-9804</text:p></table:change-track-table-cell></table:previous></table:cell-content-change>"
        ),
    ] {
        let out = run(&odt(&format!(
            "<office:body><text:tracked-changes>{changes}</text:tracked-changes><text:p>281-15-9804 seen by <text:creator>Jo</text:creator> on <text:date>1/2/26</text:date>.</text:p></office:body>"
        )));
        assert!(out.reasons.is_empty(), "{:?}", out.reasons);
        out.has("\nJo Writer\n2026-01-02T10:00:00.123456789\n281-15-9804");
        out.has("\n281-15-9804 seen by Jo on 1/2/26.\n");
    }
}

/// A page in a font whose map to text gives each letter another one.
fn mapped(entries: &str, text: &str, map: &str) -> Out {
    mapped_by(entries, text, map, b"\0\x01\0\0 a program")
}

/// The same with this as the font's program.
fn mapped_by(entries: &str, text: &str, map: &str, program: &[u8]) -> Out {
    let map = format!("begincmap 1 begincodespacerange <00><ff> endcodespacerange {map} endcmap");
    let fonts = format!("/F << /Type /Font {entries} /ToUnicode 5 0 R >>");
    let content = format!("BT /F 10 Tf 50 700 Td ({text}) Tj 0 -12 Td (Seen) Tj ET");
    run(&page(
        content.as_bytes(),
        &fonts,
        &[stream("", map.as_bytes()), stream("", program)],
    ))
}

#[test]
fn letters_of_a_pdf_are_read_as_drawn_and_as_told() {
    // `A` to `Y` and `a` to `y` are told to be the next letter.
    let shifted = "2 beginbfrange <41><59><0042> <61><79><0062> endbfrange";
    for entries in [
        "/Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding",
        "/Subtype /Type1 /BaseFont /Helvetica",
        "/Subtype /TrueType /BaseFont /ABCDEF+Arial /Encoding /MacRomanEncoding /FontDescriptor << /Flags 32 /FontFile2 6 0 R >>",
    ] {
        let out = mapped(entries, "Maria has HIV", shifted);
        assert!(out.reasons.is_empty(), "{:?}", out.reasons);
        out.has("[page 1]\nNbsjb ibt IJW\nTffo\nMaria has HIV\nSeen\n");
    }
    // What a font's own program draws the map alone tells.
    for entries in [
        "/Subtype /TrueType /BaseFont /ABCDEF+Arial /FontDescriptor << /Flags 4 /FontFile2 6 0 R >>",
        "/Subtype /TrueType /Encoding /WinAnsiEncoding /FontDescriptor << /Flags 4 /FontFile2 6 0 R >>",
        "/Subtype /Type1 /Encoding << /Differences [65 /A /B /C] >> /FontDescriptor << /Flags 4 /FontFile 6 0 R >>",
    ] {
        mapped(entries, "ABC", shifted).lacks("ABC");
    }
    // A map that says what the encoding does, or another case, changes nothing.
    let upper = "2 beginbfrange <41><5a><0041> <61><7a><0041> endbfrange";
    let entries = "/Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding";
    let out = mapped(entries, "Maria has HIV", upper);
    assert_eq!(out.text().matches("HIV").count(), 1);
}

/// What a reader draws no letter with is no program.
#[test]
fn a_program_of_a_font_begins_as_one() {
    let shifted = "2 beginbfrange <41><59><0042> <61><79><0062> endbfrange";
    let with = |file: &str, program: &[u8]| {
        let entries =
            format!("/Subtype /Type1 /BaseFont /Helvetica /FontDescriptor << /Flags 4 {file} >>");
        mapped_by(&entries, "Maria has HIV", shifted, program)
    };
    for file in [
        "",
        "/FontFile null",
        "/FontFile2 99 0 R",
        "/FontFile3 2 0 R",
    ] {
        with(file, b"").has("\nMaria has HIV\n");
    }
    for none in [&b""[..], b" ", b"a program", b"\0\0\0\0"] {
        with("/FontFile 6 0 R", none).has("\nMaria has HIV\n");
    }
    for program in [
        &b"%!PS-AdobeFont"[..],
        b"\x80\x01\x20",
        b"\x01\0\x04",
        b"\0\x01\0\0",
        b"true",
        b"OTTO",
    ] {
        with("/FontFile3 6 0 R", program).lacks("HIV");
    }
}

#[test]
fn rows_of_a_pdf_that_read_either_way_stay_in_their_table() {
    let map = "begincmap 1 begincodespacerange <00><ff> endcodespacerange 1 beginbfrange <30><38><0031> endbfrange endcmap";
    let fonts = "/F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding /ToUnicode 5 0 R >>";
    let row = |room: &str, mrn: &str| format!("({room}) Tj 120 0 Td ({mrn}) Tj -120 -12 Td ");
    let rows = [row("Room", "MRN"), row("4", "77110"), row("5", "88213")].concat();
    let content = format!("BT /F 10 Tf 50 700 Td {rows} (Seen) Tj ET");
    let out = run(&page(
        content.as_bytes(),
        fonts,
        &[stream("", map.as_bytes())],
    ));
    out.has("Room\tMRN\n5\t88221\n6\t99324\nRoom\tMRN\n4\t77110\n5\t88213\nSeen");
}
