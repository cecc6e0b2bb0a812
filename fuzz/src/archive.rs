//! Archives with stored entries, whose checksums are right.

#[path = "../../core/tests/support/zip.rs"]
mod writer;

/// A document of the kind that `pick` says, with `content` as one entry.
pub(crate) fn office(pick: u8, content: &[u8]) -> Vec<u8> {
    const TYPES: (&str, &[u8]) = ("[Content_Types].xml", b"<Types/>");
    const WORKBOOK: &[u8] =
        b"<workbook><sheets><sheet name=\"Ward\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>";
    const RELATIONS: &[u8] = b"<Relationships><Relationship Id=\"r1\" Target=\"worksheets/sheet1.xml\"/></Relationships>";
    const STRINGS: &[u8] = b"<sst><si><t>Pat Lindqvist</t></si></sst>";
    const SHEET: &[u8] =
        b"<worksheet><sheetData><row><c t=\"s\"><v>0</v></c></row></sheetData></worksheet>";
    const STYLES: &[u8] = b"<styleSheet><cellXfs><xf numFmtId=\"14\"/></cellXfs></styleSheet>";
    let book = |workbook, relations, strings, styles, sheet| {
        zip(&[
            TYPES,
            ("xl/workbook.xml", workbook),
            ("xl/_rels/workbook.xml.rels", relations),
            ("xl/sharedStrings.xml", strings),
            ("xl/styles.xml", styles),
            ("xl/worksheets/sheet1.xml", sheet),
        ])
    };
    match pick % 12 {
        0 => zip(&[TYPES, ("word/document.xml", content)]),
        1 => zip(&[
            TYPES,
            ("word/document.xml", b"<w:t>Pat</w:t>"),
            ("word/comments.xml", content),
        ]),
        2 => zip(&[TYPES, ("ppt/slides/slide1.xml", content)]),
        3 => book(WORKBOOK, RELATIONS, STRINGS, STYLES, content),
        4 => book(WORKBOOK, RELATIONS, content, STYLES, SHEET),
        5 => book(WORKBOOK, RELATIONS, STRINGS, content, SHEET),
        6 => book(content, RELATIONS, STRINGS, STYLES, SHEET),
        7 => book(WORKBOOK, content, STRINGS, STYLES, SHEET),
        8 => zip(&[
            ("mimetype", b"application/vnd.oasis.opendocument.text"),
            ("content.xml", content),
        ]),
        9 => zip(&[
            (
                "mimetype",
                b"application/vnd.oasis.opendocument.spreadsheet",
            ),
            ("content.xml", content),
        ]),
        10 => zip(&[("docProps/app.xml", content), TYPES]),
        _ => zip(&[("notes.txt", content)]),
    }
}

/// A ZIP archive of these files, stored.
fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let stored = |(name, bytes): &(&str, &[u8])| writer::File::stored(name, bytes);
    writer::zip(&files.iter().map(stored).collect::<Vec<_>>())
}
