//! Archives with stored entries, whose checksums are right.

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
pub(crate) fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in files {
        let (name, at) = (name.as_bytes(), number(out.len()));
        let mut fields = vec![20, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        fields.extend(crc32(bytes).to_le_bytes());
        fields.extend(number(bytes.len()));
        fields.extend(number(bytes.len()));
        fields.extend(&number(name.len())[..2]);
        fields.extend([0, 0]);
        out.extend(b"PK\x03\x04");
        out.extend(&fields);
        out.extend(name);
        out.extend(*bytes);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&fields);
        directory.extend([0; 10]);
        directory.extend(at);
        directory.extend(name);
    }
    let start = out.len();
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(&number(files.len())[..2]);
    out.extend(&number(files.len())[..2]);
    out.extend(number(directory.len()));
    out.extend(number(start));
    out.extend([0, 0]);
    out
}

fn number(n: usize) -> [u8; 4] {
    u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes()
}

/// CRC-32 as ZIP has it (APPNOTE 4.4.7), bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| match crc & 1 {
            0 => crc >> 1,
            _ => crc >> 1 ^ 0xedb8_8320,
        })
    })
}
