//! What stands in the lines of documents and is not shown in them: deleted or
//! hidden words, notes, field instructions, letters with codes of their own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::test_support::*;

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
    ]));
    out.has("Maria Alvarez  x\tHIV\n");
}
