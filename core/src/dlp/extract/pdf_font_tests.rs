//! PDF fonts that do not say by themselves which letters they draw.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::pdf_tests::{HELVETICA, page, stream};
use super::test_support::*;

/// A page that shows this in a font with these entries and this program.
fn shown(text: &str, font: &str, flags: u8, key: &str, program: &[u8]) -> Out {
    let fonts = format!(
        "{HELVETICA} /G << /Type /Font {font} /FontDescriptor << /Flags {flags} /{key} 5 0 R >> >>"
    );
    let content = format!(
        "BT /F 9 Tf ({}) Tj 0 -20 Td /G 9 Tf ({text}) Tj ET",
        "words ".repeat(100)
    );
    run(&page(content.as_bytes(), &fonts, &[stream("", program)]))
}

const TRUE_TYPE: &[u8] = b"\0\x01\0\0 a program without names";

#[test]
fn letters_of_a_subset_without_names_are_not_taken_for_read() {
    for (font, key) in [
        ("/Subtype /TrueType /BaseFont /ABCDEF+Arial", "FontFile2"),
        ("/Subtype /Type1 /BaseFont /ABCDEF+Odd", "FontFile3"),
        // What it is called does not make it that.
        ("/Subtype /Type1 /BaseFont /ABCDEF+Symbol", "FontFile"),
        ("/Subtype /TrueType /Encoding /Odd", "FontFile2"),
        (
            "/Subtype /TrueType /Encoding << /Differences [65 /g1 /g2] >>",
            "FontFile2",
        ),
    ] {
        let out = shown("ABCDEFG", font, 4, key, TRUE_TYPE);
        assert_eq!(out.reasons, ["unsupported_type"], "{font}");
        out.lacks("ABCDEFG");
        // Neither flag says that it is Latin.
        let out = shown("1234567", font, 0, key, TRUE_TYPE);
        assert_eq!(out.reasons, ["unsupported_type"], "{font}");
    }
    let type_3 = "/Subtype /Type3 /Encoding << /Differences [65 /a1 /a2 /a3 /a4 /a5] >>";
    let out = shown("ABCDE", type_3, 4, "No", b"");
    assert_eq!(out.reasons, ["unsupported_type"]);
}

#[test]
fn letters_that_have_names_are_read() {
    let differences = "/Encoding << /Differences [1 /M /R /N /space /four /uni0037 /u00031 /nine.lf /two /zero] >>";
    let text = "\\001\\002\\003\\004\\005\\005\\006\\007\\010\\011\\012";
    for (flags, font, key) in [
        (4, "/Subtype /TrueType", "FontFile2"),
        (4, "/Subtype /Type1", "FontFile"),
    ] {
        let out = shown(
            text,
            &format!("{font} {differences}"),
            flags,
            key,
            TRUE_TYPE,
        );
        assert!(out.reasons.is_empty(), "{:?}", out.reasons);
        out.has("MRN 4471920");
    }
    let encoded = "/Subtype /TrueType /Encoding /WinAnsiEncoding";
    shown("MRN 4471920", encoded, 4, "FontFile2", TRUE_TYPE).has("MRN 4471920");
    // A font that says it is Latin, and one that every reader has.
    for (font, flags, key) in [
        ("/Subtype /TrueType", 32, "FontFile2"),
        ("/Subtype /Type1", 32, "FontFile"),
        ("/Subtype /TrueType", 4, "None"),
    ] {
        let out = shown("MRN 4471920", font, flags, key, TRUE_TYPE);
        assert!(out.reasons.is_empty(), "{font} {:?}", out.reasons);
        out.has("MRN 4471920");
    }
}

#[test]
fn the_encoding_of_a_type_1_program_is_read() {
    let program = b"%!PS-AdobeFont-1.0: Odd\n/FontMatrix [0.001 0 0 0.001 0 0] def\n\
        /Encoding 256 array\n0 1 255 {1 index exch /.notdef put} for\n\
        dup 1 /P put\ndup 2 /a put\ndup 3 /t put\ndup 65 /four put\nreadonly def\n\
        currentfile eexec dup 66 /seven put";
    let out = shown(
        "\\001\\002\\003AAA",
        "/Subtype /Type1",
        4,
        "FontFile",
        program,
    );
    out.has("Pat444");
    assert!(out.reasons.is_empty(), "{:?}", out.reasons);
    let standard = b"%!PS\n/Encoding StandardEncoding def\n currentfile eexec";
    let out = shown("Lindqvist", "/Subtype /Type1", 4, "FontFile", standard);
    out.has("Lindqvist");
    assert!(out.reasons.is_empty(), "{:?}", out.reasons);
    for end in 0..program.len() {
        shown("AAAA", "/Subtype /Type1", 4, "FontFile", &program[..end]);
    }
}

/// A CFF font of three glyphs: `P`, one of its own name `uni0061`, `t`.
fn cff(encoding: &[u8]) -> Vec<u8> {
    let index = |items: &[&[u8]]| {
        let mut out = (items.len() as u16).to_be_bytes().to_vec();
        if !items.is_empty() {
            out.push(1);
            let mut at = 1u8;
            out.push(at);
            for item in items {
                at += item.len() as u8;
                out.push(at);
            }
            out.extend(items.concat());
        }
        out
    };
    let long = |n: usize| [&[29][..], &(n as u32).to_be_bytes()].concat();
    let head = |charset: usize, encoding: usize, glyphs: usize| {
        let top = [
            // A number, and a fraction, of an operator that says nothing here.
            &[28, 1, 2, 30, 0xe2, 0xa2, 0x5f, 12, 7][..],
            &long(charset),
            &[15],
            &long(encoding),
            &[16],
            &long(glyphs),
            &[17],
        ]
        .concat();
        let top: &[u8] = &top;
        [
            &[1, 0, 4, 1][..],
            &index(&[b"Odd"]),
            &index(&[top]),
            &index(&[b"uni0061"]),
            &index(&[]),
        ]
        .concat()
    };
    let at = head(0, 0, 0).len();
    // `P` is string 49, `t` is string 85; the first of its own is 391.
    let charset = [&[0][..], &[0, 49], &[1, 0x87], &[0, 85]].concat();
    let glyphs = index(&[b"\x0e", b"\x0e", b"\x0e", b"\x0e"]);
    [
        &head(at, at + charset.len(), at + charset.len() + encoding.len())[..],
        &charset,
        encoding,
        &glyphs,
    ]
    .concat()
}

#[test]
fn the_encoding_of_a_cff_program_is_read() {
    let font = "/Subtype /Type1";
    for encoding in [&[0, 3, 1, 2, 3][..], &[1, 1, 1, 2], &[0x80, 3, 1, 2, 3, 0]] {
        let program = cff(encoding);
        let text = "\\001\\002\\003\\001\\002\\003";
        let out = shown(text, font, 4, "FontFile3", &program);
        assert!(out.reasons.is_empty(), "{:?}", out.reasons);
        out.has("PatPat");
        for end in 0..program.len() {
            shown(text, font, 4, "FontFile3", &program[..end]);
        }
        let mut random = Seeded(11);
        for _ in 0..300 {
            let mut bytes = program.clone();
            let at = random.below(bytes.len());
            bytes[at] = random.below(256) as u8;
            shown(text, font, 4, "FontFile3", &bytes);
        }
    }
    // A code that stands beside the others: `4` is string 21.
    let program = cff(&[0x80, 1, 1, 1, 65, 0, 21]);
    shown("AAAA", font, 4, "FontFile3", &program).has("4444");
}

#[test]
fn bullets_and_boxes_to_tick_do_not_alarm() {
    let symbolic = "/Subtype /TrueType /BaseFont /ABCDEF+Wingdings";
    let content = format!(
        "{}BT /F 9 Tf 0 -12 Td (Rate us) Tj 40 0 Td /G 9 Tf (q) Tj 40 0 Td (q) Tj 40 0 Td (q) Tj \
         40 0 Td (r) Tj 40 0 Td (q) Tj ET",
        "BT /G 9 Tf 0 -12 Td (l) Tj /F 9 Tf 9 0 Td (item) Tj ET ".repeat(12)
    );
    let fonts = format!(
        "{HELVETICA} /G << /Type /Font {symbolic} /FontDescriptor << /Flags 4 /FontFile2 5 0 R >> >>"
    );
    let out = run(&page(content.as_bytes(), &fonts, &[stream("", TRUE_TYPE)]));
    assert!(out.reasons.is_empty(), "{:?}", out.reasons);
    out.has("item");
    for (name, text, read) in [
        ("ZapfDingbats", "HHHHH", "•••••"),
        ("ZapfDingbats", "\\254\\255", "①②"),
        ("Symbol", "abgd 120", "αβγδ 120"),
        ("Symbol", "\\267\\267\\267\\267\\267", "•••••"),
    ] {
        let font = format!("/Subtype /Type1 /BaseFont /{name}");
        let out = shown(text, &font, 4, "None", b"");
        assert!(out.reasons.is_empty(), "{name} {:?}", out.reasons);
        out.has(read);
    }
}
