//! PDF files, small and hostile.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::Budget;
use super::test_support::*;

/// A file of these objects, the first of them the catalog.
pub(super) fn pdf(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n".to_vec();
    for (n, object) in objects.iter().enumerate() {
        out.extend(format!("{} 0 obj\n", n + 1).bytes());
        out.extend(object);
        out.extend(b"\nendobj\n");
    }
    out.extend(b"trailer\n<< /Root 1 0 R >>\n%%EOF\n");
    out
}

pub(super) fn stream(dict: &str, bytes: &[u8]) -> Vec<u8> {
    let head = format!("<< {dict} /Length {} >>\nstream\n", bytes.len());
    [head.as_bytes(), bytes, b"\nendstream"].concat()
}

/// One page with this content and these fonts; more objects begin at 5.
pub(super) fn page(content: &[u8], fonts: &str, more: &[Vec<u8>]) -> Vec<u8> {
    let mut objects = vec![
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        format!("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R /Resources << /Font << {fonts} >> /XObject << /X 5 0 R >> >> >>").into_bytes(),
        stream("/Filter /FlateDecode", &zlib(content)),
    ];
    objects.extend(more.iter().cloned());
    pdf(&objects)
}

pub(super) const HELVETICA: &str =
    "/F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>";

fn shown(content: &str) -> Out {
    run(&page(content.as_bytes(), HELVETICA, &[]))
}

#[test]
fn lines_words_and_columns_are_told_by_their_places() {
    let out = shown(
        "BT /F 10 Tf 50 700 Td (Patient: Pat) Tj 0 -12 Td (MRN) Tj 120 0 Td (DOB) Tj \
         -120 -12 Td (4471920) Tj 120 0 Td (1961-04-02) Tj \
         1 0 0 1 50 600 Tm [(577-) 20 (96-) -10 (4121) -400 (next)] TJ 14 TL T* (line) Tj \
         (quoted) ' 3 1 (wider words) \" ET",
    );
    assert!(out.reasons.is_empty(), "{:?}", out.reasons);
    out.has("[page 1]\nPatient: Pat\nMRN\tDOB\n4471920\t1961-04-02\n577-96-4121 next\nline\nquoted\nwider words\n");
    batter(
        &page(
            b"BT /F 10 Tf 50 700 Td (Patient: Pat) Tj [(a) -900 (b)] TJ ET",
            HELVETICA,
            &[],
        ),
        "",
    );
}

#[test]
fn glyphs_that_are_placed_one_by_one_make_words() {
    // 10 points of Helvetica: H 7.22, i 2.22.
    let out = shown(
        "BT /F 10 Tf 1 0 0 1 50 700 Tm (H) Tj 1 0 0 1 57.22 700 Tm (i) Tj 1 0 0 1 62.4 700 Tm (P) Tj ET \
        q 1 0 0 -1 0 800 cm BT /F 10 Tf 1 0 0 -1 50 200 Tm (flipped) Tj 1 0 0 -1 50 212 Tm (lines) Tj ET Q",
    );
    out.has("Hi P\nflipped\nlines");
}

#[test]
fn encodings_differences_and_maps_are_followed() {
    let differences = "/F << /Type /Font /Subtype /Type1 /Encoding << /Differences [65 /Zcaron /odieresis /fi /uni00E9 /seven] >> >>";
    run(&page(b"BT /F 10 Tf (ABCDE) Tj ET", differences, &[])).has("\u{17d}öfié7");
    let map = b"begincodespacerange <00> <ff> endcodespacerange 2 beginbfchar <41> <0050> <42> <00610074> endbfchar 1 beginbfrange <43> <45> <0031> <46> <47> [<0078> <0079>] endbfrange";
    let out = run(&page(
        b"BT /F 10 Tf (ABCDEFG) Tj ET",
        "/F << /Subtype /Type1 /ToUnicode 5 0 R >>",
        &[stream("", map)],
    ));
    out.has("Pat123xy");
    let composite = "/F << /Subtype /Type0 /Encoding /Identity-H /DescendantFonts [<< /W [1 [600 600]] >>] /ToUnicode 5 0 R >>";
    let map = b"2 beginbfchar <0001> <005A> <0002> <D83DDE00> endbfchar";
    let out = run(&page(
        b"BT /F 10 Tf <00010002> Tj ET",
        composite,
        &[stream("", map)],
    ));
    out.has("Z\u{1f600}");
    assert!(out.reasons.is_empty());
}

#[test]
fn text_that_no_table_maps_is_not_silent() {
    let composite = "/F << /Subtype /Type0 /Encoding /Identity-H /DescendantFonts [<< >>] >>";
    let out = run(&page(
        b"BT /F 10 Tf <000100020003000400050006> Tj ET",
        composite,
        &[],
    ));
    assert!(
        out.reasons.contains(&"unsupported_type"),
        "{:?}",
        out.reasons
    );
    // A number in such a font on a page of other text.
    let fonts = format!("{HELVETICA} {}", composite.replace("/F ", "/G "));
    let content = format!(
        "BT /F 9 Tf ({}) Tj /G 9 Tf <00010002000300040005> Tj ET",
        "words ".repeat(100)
    );
    let out = run(&page(content.as_bytes(), &fonts, &[]));
    assert_eq!(out.reasons, ["unsupported_type"]);
}

#[test]
fn pages_of_pictures_are_reported() {
    let image = stream(
        "/Type /XObject /Subtype /Image /Filter /DCTDecode",
        b"\xff\xd8",
    );
    let scan = b"q 600 0 0 800 0 0 cm /X Do Q BT /F 8 Tf 10 10 Td (FAX 12:30) Tj ET";
    let out = run(&page(scan, HELVETICA, std::slice::from_ref(&image)));
    assert_eq!(out.reasons, ["image_only"]);
    out.has("FAX 12:30");
    let logo = b"q 60 0 0 60 0 0 cm /X Do Q BT /F 8 Tf 10 10 Td (Dear Pat) Tj ET";
    assert!(run(&page(logo, HELVETICA, &[image])).reasons.is_empty());
    assert_eq!(shown("").reasons, ["image_only"]);
    let inline = "q 600 0 0 800 0 0 cm BI /W 1 /H 1 ID \x01(\x02 EI Q BT /F 8 Tf (after) Tj ET";
    let out = shown(inline);
    assert_eq!(out.reasons, ["image_only"]);
    out.has("after");
}

#[test]
fn every_filter_and_predictor_is_undone() {
    let text = b"BT /F 10 Tf (4471920) Tj ET ";
    let hex: Vec<u8> = text
        .iter()
        .flat_map(|b| format!("{b:02x}").into_bytes())
        .collect();
    let mut run_length = vec![text.len() as u8 - 1];
    run_length.extend(text);
    run_length.extend([255, b' ', 128]);
    // One row of PNG prediction, `Sub`.
    let mut row = vec![1u8, text[0]];
    row.extend(text.windows(2).map(|w| w[1].wrapping_sub(w[0])));
    let predicted = format!(
        "/Filter /FlateDecode /DecodeParms << /Predictor 12 /Columns {} >>",
        text.len()
    );
    for (dict, bytes) in [
        ("/Filter [/ASCIIHexDecode]", hex.clone()),
        ("/Filter /RunLengthDecode", run_length),
        (&predicted, zlib(&row)),
        (
            "/Filter [/ASCIIHexDecode /FlateDecode]",
            zlib(text)
                .iter()
                .flat_map(|b| format!("{b:02X}").into_bytes())
                .collect(),
        ),
    ] {
        let objects = [
            b"<< /Pages 2 0 R >>".to_vec(),
            b"<< /Kids [3 0 R] >>".to_vec(),
            format!("<< /Type /Page /Contents 4 0 R /Resources << /Font << {HELVETICA} >> >> >>")
                .into_bytes(),
            stream(dict, &bytes),
        ];
        let out = run(&pdf(&objects));
        out.has("4471920");
        assert!(out.reasons.is_empty(), "{dict} {:?}", out.reasons);
    }
}

#[test]
fn notes_fields_titles_and_files_come_out() {
    let more = vec![
        b"<< /Type /Annot /Subtype /Text /Contents (call 555-0100) >>".to_vec(),
        b"<< /FT /Tx /T (MRN) /V (4471920) >>".to_vec(),
        b"<< /Title <FEFF004B0069006D> /Parent 1 0 R >>".to_vec(),
        b"<< /Type /Filespec /F (list.csv) /EF << /F 9 0 R >> >>".to_vec(),
        stream("/Type /EmbeddedFile", b"name,mrn\nKim,5"),
    ];
    let bytes = page(b"BT /F 9 Tf (text) Tj ET", HELVETICA, &more);
    let out = run(&bytes);
    assert!(out.reasons.is_empty(), "{:?}", out.reasons);
    for text in [
        "call 555-0100",
        "MRN: 4471920",
        "\nKim\n",
        "[list.csv]\nname,mrn",
    ] {
        out.has(text);
    }
    batter(&bytes, "application/pdf");
}

#[test]
fn what_notes_and_fields_look_like_is_read() {
    let font = format!("/Subtype /Form /Resources << /Font << {HELVETICA} >> >>");
    let look = |text: &str| {
        stream(
            &font,
            format!("/Tx BMC BT /F 9 Tf ({text}) Tj ET EMC").as_bytes(),
        )
    };
    let more = vec![
        b"<< /Type /Annot /Subtype /Stamp /AP << /N 6 0 R >> >>".to_vec(),
        // Neither type nor subtype stand on it.
        stream(
            &font.replace("/Subtype /Form", ""),
            b"BT /F 9 Tf (MRN 4471920) Tj ET",
        ),
        b"<< /Annots [<< /Subtype /Widget /AP << /N << /On 8 0 R >> /D 9 0 R >> >>] >>".to_vec(),
        look("HIV positive"),
        look("pressed"),
        // No page shows it in a way that is followed.
        look("in a mask"),
        stream(
            &font.replace("/Subtype /Form", "/PatternType 1"),
            b"BT /F 9 Tf (in a pattern) Tj /Z Do ET",
        ),
    ];
    let bytes = page(b"BT /F 9 Tf (text) Tj ET", HELVETICA, &more);
    let out = run(&bytes);
    assert!(out.reasons.is_empty(), "{:?}", out.reasons);
    for text in [
        "MRN 4471920",
        "HIV positive",
        "pressed",
        "in a mask",
        "in a pattern",
    ] {
        assert_eq!(out.text().matches(text).count(), 1, "{text}");
    }
    batter(&bytes, "application/pdf");
    // Its codes mean nothing.
    let composite = "/F << /Subtype /Type0 /Encoding /Identity-H /DescendantFonts [<< >>] >>";
    let look = stream(
        &font.replace(HELVETICA, composite),
        b"BT /F 9 Tf <00010002000300040005> Tj ET",
    );
    let out = run(&page(b"BT /F 9 Tf (text) Tj ET", HELVETICA, &[look]));
    assert_eq!(out.reasons, ["unsupported_type"]);
    // A form that a page shows is read there.
    let shown = stream(&font, b"BT /F 9 Tf (once) Tj ET");
    let out = run(&page(b"/X Do", HELVETICA, &[shown]));
    assert_eq!(out.text().matches("once").count(), 1);
    out.has("[page 1]\nonce");
}

#[test]
fn choices_rich_texts_and_files_by_reference_come_out() {
    let more = vec![
        b"<< /FT /Ch /T (Drug) /Opt [[(a1) (Methadone)] (Suboxone) 6 0 R] /V [(x1) 7 0 R] >>"
            .to_vec(),
        b"[(b2) <FEFF004B0069006D>]".to_vec(),
        b"(second choice)".to_vec(),
        b"<< /FT /Btn /T (Status) /V /HIV#20positive >>".to_vec(),
        b"<< /Subtype /FreeText /RC (<p>577-96-<b>4121</b></p>) >>".to_vec(),
        b"<< /FT /Tx /T (Notes) /RV 11 0 R >>".to_vec(),
        stream("", b"<p>rich value</p>"),
        b"<< /Subtype /FileAttachment /FS << /F (list.csv) /EF 13 0 R >> >>".to_vec(),
        b"<< /F 14 0 R >>".to_vec(),
        stream("", b"name,mrn\nKim,5"),
    ];
    let out = run(&page(b"BT /F 9 Tf (text) Tj ET", HELVETICA, &more));
    assert!(out.reasons.is_empty(), "{:?}", out.reasons);
    for text in [
        "a1\nMethadone\nSuboxone\nb2\nKim\n",
        "Drug: x1 second choice",
        "Status: HIV positive",
        "[notes and fields]markup\n<p>577-96-<b>4121</b></p>",
        "markup\n<p>rich value</p>",
        "[list.csv]\nname,mrn",
    ] {
        out.has(text);
    }
    let sound = stream("/Type /Sound /R 8000", b"\x01\x02");
    let out = run(&page(b"BT /F 9 Tf (text) Tj ET", HELVETICA, &[sound]));
    assert_eq!(out.reasons, ["unsupported_type"]);
}

#[test]
fn object_streams_and_earlier_revisions_are_read() {
    let inside = b"2 0 3 33 << /Type /Pages /Kids [3 0 R] >> << /Type /Page /Contents 5 0 R /Resources << /Font << /F << /Subtype /Type1 >> >> >> >>";
    let mut bytes = pdf(&[
        b"<< /Pages 2 0 R >>".to_vec(),
        b"null".to_vec(),
        b"null".to_vec(),
        stream(
            "/Type /ObjStm /N 2 /First 9 /Filter /FlateDecode",
            &zlib(inside),
        ),
        stream("", b"BT /F 9 Tf (first version) Tj ET"),
    ]);
    let out = run(&bytes);
    out.has("first version");
    bytes.extend(b"5 0 obj\n");
    bytes.extend(stream("", b"BT /F 9 Tf (second version) Tj ET"));
    bytes.extend(b"\nendobj\n");
    let out = run(&bytes);
    out.has("second version\nfirst version");
    batter(&bytes, "");
}

#[test]
fn encrypted_files_are_told() {
    let mut bytes = page(b"BT /F 9 Tf (secret) Tj ET", HELVETICA, &[]);
    bytes.extend(b"trailer << /Encrypt 9 0 R >>");
    let out = run(&bytes);
    assert_eq!(out.reasons, ["encrypted"]);
    assert!(out.pieces.is_empty());
}

/// Readers of PDF pass over it, and other programs show it.
#[test]
fn what_stands_before_and_behind_a_file_is_read() {
    let file = page(b"BT /F 9 Tf (inside) Tj ET", HELVETICA, &[]);
    let ended = [&file[..], b"\n%%EOF\n"].concat();
    let out = run(&ended);
    assert_eq!((out.reasons.len(), out.pieces.len()), (0, 1));
    let note = b"Robert Hale, MRN 4471920, HIV test positive\n".repeat(9);
    for (bytes, place) in [
        ([&note[..], &ended].concat(), "[before]\nRobert Hale"),
        ([&ended[..], &note].concat(), "[behind]\n\nRobert Hale"),
    ] {
        let out = run(&bytes);
        assert_eq!(out.reasons, [""; 0]);
        out.has("inside");
        out.has(place);
    }
    let mail = [
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nRobert Hale, HIV\r\n--x\r\n\
          Content-Type: application/pdf\r\nContent-Transfer-Encoding: binary\r\n\r\n",
        &file[..],
        b"\r\n--x--\r\n",
    ]
    .concat();
    let out = run(&mail);
    out.has("[text]\nRobert Hale");
    out.has("inside");
}

#[test]
fn loops_and_nesting_end() {
    // A page tree that is its own child, and a form that shows itself.
    let content = b"BT /F 9 Tf (once) Tj ET /X Do";
    let form = stream(
        "/Subtype /Form /Resources << /XObject << /X 5 0 R /Y 5 0 R >> >>",
        b"/X Do /Y Do",
    );
    let looped = page(content, HELVETICA, &[form]);
    let text = String::from_utf8_lossy(&looped).into_owned();
    assert!(text.contains("/Kids [3 0 R]"));
    let at = looped
        .windows(13)
        .position(|w| w == b"/Kids [3 0 R]")
        .unwrap();
    let mut looped = looped;
    looped[at + 7] = b'2';
    let out = run(&looped);
    assert_eq!(out.text().matches("once").count(), 1);
    assert!(out.reasons.is_empty(), "{:?}", out.reasons);
    // Object streams and lengths that refer to themselves.
    for object in [
        "4 0 obj << /Type /ObjStm /N 9 /First 0 /Length 4 0 R >> stream\n4 0 obj\nendstream endobj",
        "4 0 obj << /Length 99999999999999999999 >> stream\n",
        "4 0 obj << /Length 4294967295 >> stream\nBT (x) Tj ET",
        "4 0 obj 4 0 R endobj",
    ] {
        let mut bytes = page(b"", HELVETICA, &[]);
        bytes.extend(object.bytes());
        run(&bytes);
    }
    // Deep arrays, many unclosed objects, many unclosed strings.
    for (piece, count) in [
        ("[", 200_000),
        ("<<", 200_000),
        ("1 0 obj [ ", 100_000),
        ("1 0 obj ( ", 100_000),
        ("1 0 obj << ", 100_000),
        ("1 0 obj << >> stream ", 50_000),
    ] {
        let bytes = [b"%PDF-1.7\n1 0 obj ", piece.repeat(count).as_bytes()].concat();
        assert!(run(&bytes).reasons.contains(&"malformed"), "{piece}");
        let shown = run(&page(piece.repeat(count).as_bytes(), HELVETICA, &[]));
        assert!(!shown.reasons.is_empty());
    }
}

#[test]
fn forms_that_multiply_are_read_once() {
    // Each form shows the next one twice: 2^30 without a memory.
    let mut more = Vec::new();
    for n in 5..35 {
        more.push(stream(
            &format!(
                "/Subtype /Form /Resources << /XObject << /A {0} 0 R /B {0} 0 R >> >>",
                n + 1
            ),
            b"/A Do /B Do",
        ));
    }
    let out = run(&page(b"/X Do BT /F 9 Tf (text) Tj ET", HELVETICA, &more));
    assert_eq!(out.reasons, ["too_deep"]);
    let form = stream("/Subtype /Form", b"BT /F 9 Tf (shown) Tj ET");
    let twice = page(
        b"/X Do /Y Do",
        &format!("{HELVETICA} >> /XObject << /X 5 0 R /Y 5 0 R"),
        &[form],
    );
    assert_eq!(run(&twice).text().matches("shown").count(), 1);
    // Many pages that share one large content.
    let large = zlib(&b"(x) Tj ".repeat(1 << 17));
    let kids = "3 0 R ".repeat(50_000);
    let mut objects = vec![
        b"<< /Pages 2 0 R >>".to_vec(),
        format!("<< /Kids [{kids}] >>").into_bytes(),
        b"<< /Type /Page /Contents [4 0 R] >>".to_vec(),
        stream("/Filter /FlateDecode", &large),
    ];
    for _ in 0..3_000 {
        objects.push(b"<< /Type /Page /Contents [4 0 R] >>".to_vec());
    }
    let budget = Budget {
        work: 8 << 20,
        ..Budget::new()
    };
    run_with(&pdf(&objects), "", budget);
}
