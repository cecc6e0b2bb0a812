//! RTF, messages, TAR and GZIP, DICOM.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::test_support::*;
use super::{Budget, Form};
use crate::dlp::FindingKind;

#[test]
fn rtf_gives_paragraphs_rows_and_hidden_text() {
    let text = br"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset204 Arial Cyr;}}{\info{\author Nadia Orsolo}}
Dear Pat,\par SSN 577-{\b 96}-4121\par {\v hidden 4471920}\par
\trowd MRN\cell DOB\cell\row 12\cell 1961\cell\row
caf\'e9 \u8211?x\uc2\u233\'c3\'a9y {\f1\'cf\'e0} \u-10179?\u-8704?{\pict\bin4 }}{ 89504e47}\{end\}}";
    let text =
        String::from_utf8_lossy(text).replace("\\uc2\\u233\\'c3\\'a9y", "{\\uc2\\u233\\'c3\\'a9y}");
    let out = run(text.as_bytes());
    assert!(out.reasons.is_empty(), "{:?}", out.reasons);
    out.has("Nadia Orsolo\nDear Pat,\nSSN 577-96-4121\nhidden 4471920\n");
    out.has("MRN\tDOB\t\n12\t1961\t\n");
    out.has("café \u{2013}xéy Па \u{1f600}{end}");
    batter(text.as_bytes(), "application/rtf");
}

#[test]
fn rtf_that_is_deep_cut_off_or_more_than_it_says_is_reported() {
    let deep = format!("{{\\rtf1 {}", "{".repeat(1_000_000));
    assert_eq!(run(deep.as_bytes()).reasons, ["too_deep"]);
    let out = run(b"{\\rtf1 Dear Pat");
    assert_eq!(out.reasons, ["malformed"]);
    out.has("Dear Pat");
    assert_eq!(run(b"{\\rtf1 a} and more").reasons, ["malformed"]);
    assert_eq!(run(b"{\\rtf1 {\\pict 89504e47}}").reasons, ["image_only"]);
    let hex: String = zip(&[("a.txt", b"in an object")])
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    run(format!("{{\\rtf1 x{{\\object{{\\*\\objdata 0105{hex}}}}}}}").as_bytes())
        .has("in an object");
    // Whatever stands between its signs: a group, a word, bytes as they are.
    for object in [
        "01050000",
        "{\\*\\x}d0cf11e0",
        "\\x d0cf11e0",
        "{d0cf11e0}",
        "\\bin4 abcd",
    ] {
        let text = format!("{{\\rtf1 x{{\\object{{\\*\\objdata {object}}}}}}}");
        let out = run(text.as_bytes());
        assert_eq!(out.reasons, ["unsupported_type"], "{object}");
    }
    assert_eq!(run(b"{\\rtf1 {\\bin4 SSN }}").reasons, ["unsupported_type"]);
    assert!(
        run(b"{\\rtf1 {\\bin999999999 x}}")
            .reasons
            .contains(&"malformed")
    );
    // What says that a group holds no text says so at its start alone.
    assert!(
        run(b"{\\rtf1 Seen {\\qc\\pict MRN 4471920}}")
            .reasons
            .contains(&"unsupported_type")
    );
    for word in ["falt", "generator", "fonttbl"] {
        let text = format!("{{\\rtf1 Seen \\{word} MRN 4471920}}");
        run(text.as_bytes()).has("Seen MRN 4471920");
        let text = format!("{{\\rtf1 Seen {{\\*\\{word} 4471920}}}}");
        run(text.as_bytes()).lacks("4471920");
    }
}

fn message() -> Vec<u8> {
    let archive = data_encoding::BASE64.encode(&zip(&[("list.csv", b"name,mrn\nKim,5")]));
    format!(
        "From: Pat <pat@mail.example>\nTo: clinic@harbor.example\nSubject: =?utf-8?Q?caf=C3=A9?=\nX-Chart: 4471920\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n\
        --b\nContent-Type: text/plain; charset=utf-8\n\nSSN 577-96-4121 {long}\n--b\nContent-Type: text/html\n\n<p>hello</p>\n\
        --b\nContent-Type: application/zip\nContent-Disposition: attachment; filename=\"Kim labs.zip\"\nContent-Transfer-Encoding: base64\n\n{archive}\n\
        --b\nContent-Type: message/rfc822\n\nFrom: Ines <ines@mail.example>\nSubject: inner\n\nHbA1c 9.1\n--b--\n",
        long = "x".repeat(2_000)
    )
    .into_bytes()
}

#[test]
fn messages_give_headers_texts_and_attachments() {
    let message = message();
    let out = run(&message);
    assert!(out.reasons.is_empty(), "{:?}", out.reasons);
    for text in [
        "From: Pat <pat@mail.example>",
        "Subject: café",
        "X-Chart: 4471920",
        "SSN 577-96-4121",
        "[html]markup\n<p>hello</p>",
        "[file names]\nKim labs.zip",
        "[Kim labs.zip/list.csv]\nname,mrn\nKim,5",
        "From: Ines",
        "HbA1c 9.1",
    ] {
        out.has(text);
    }
    batter(&message, "message/rfc822");
    let mailbox = [
        b"From pat@mail.example Mon\n",
        &message[..],
        b"\nFrom kim@mail.example Tue\n",
        &message[..],
    ]
    .concat();
    let out = run(&mailbox);
    out.has("[message 2/Kim labs.zip/list.csv]");
    // Text that speaks of a message is text.
    let out = run(b"From: me\nTo: you\nSubject: hello\n\nnot mailed");
    assert_eq!(
        (out.pieces[0].form, out.pieces[0].inside.as_deref()),
        (Form::Plain, None)
    );
}

/// `SSN 281-15-9804`
const ENCODED: &str = "U1NOIDI4MS0xNS05ODA0";

#[test]
fn what_word_takes_into_a_document_is_read_by_its_kind() {
    let page = format!(
        "MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\nA page.\r\n--b\r\n\
         Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--b--\r\n",
        data_encoding::BASE64.encode(b"<p>SSN 281-<b>15</b>-9804</p>")
    );
    let inner = docx("<w:p><w:t>within</w:t></w:p>");
    let out = run(&zip(&[
        TYPES,
        ("word/document.xml", b"<w:document/>"),
        ("word/afchunk1.mht", page.as_bytes()),
        ("word/afchunk2.htm", b"281-<b>16</b>-9804 of them"),
        ("word/afchunk3.docx", &inner),
    ]));
    assert!(out.reasons.is_empty(), "{:?}", out.reasons);
    out.has("[word/afchunk1.mht/html]markup\n<p>SSN 281-<b>15</b>-9804");
    out.has("[word/afchunk2.htm]markup\n281-<b>16");
    out.has("[word/afchunk3.docx/word/document.xml]\nwithin");
}

#[test]
fn encoded_parts_in_a_text_are_parts() {
    let text = format!(
        "It came back.\nContent-Transfer-Encoding: base64\n\n{ENCODED}\n\n--x\n\
         Content-Transfer-Encoding: quoted-printable\n\n=32=38=31-15=\n-9805\n--x--\n"
    );
    let out = run(text.as_bytes());
    out.has("[encoded]\nSSN 281-15-9804");
    out.has("[encoded 2]\n281-15-9805");
    assert!(out.reasons.is_empty(), "{:?}", out.reasons);
    batter(text.as_bytes(), "text/plain");
}

#[test]
fn pasted_base64_is_read_in_pages_as_their_readers_see_them() {
    let signs = data_encoding::BASE64.encode(b"Seen today, of the patient: asthma, better.");
    let (first, rest) = signs.split_at(30);
    let page = format!("<!doctype html><p>Hello, <b>{first}</b>{rest}<p>Regards");
    let mail = format!(
        "From: a@mail.example\nMIME-Version: 1.0\nTo: b@mail.example\nContent-Type: text/html\n\n{page}"
    );
    for file in [page.as_bytes(), mail.as_bytes()] {
        run(&zip(&[("a", file)])).has("Seen today, of the patient: asthma, better.");
    }
}

#[test]
fn ten_thousand_levels_of_mail_end() {
    let mut text = String::new();
    for n in 0..10_000 {
        text.push_str(&format!("From: a@b.example\nTo: c@d.example\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n"));
    }
    let out = run_with(text.as_bytes(), "message/rfc822", Budget::new());
    assert_eq!(out.reasons, ["too_deep"]);
}

fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, bytes) in files {
        let mut header = vec![0u8; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[124..135].copy_from_slice(format!("{:011o}", bytes.len()).as_bytes());
        header[156] = b'0';
        header[257..263].copy_from_slice(b"ustar\0");
        header[148..156].fill(b' ');
        let sum: usize = header.iter().map(|b| usize::from(*b)).sum();
        header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        out.extend(header);
        out.extend(*bytes);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = b"\x1f\x8b\x08\x08\0\0\0\0\0\x03Kim.csv\0".to_vec();
    out.extend(deflate(bytes));
    out.extend(super::inflate::crc32(bytes).to_le_bytes());
    out.extend((bytes.len() as u32).to_le_bytes());
    out
}

#[test]
fn tar_and_gzip_are_walked() {
    let inner = tar(&[
        ("Lindqvist.txt", b"MRN 4471920"),
        ("b.zip", &zip(&[("c.txt", b"deep")])),
    ]);
    let bytes = gzip(&inner);
    let out = run(&bytes);
    assert!(out.reasons.is_empty(), "{:?}", out.reasons);
    out.has("[file names]\nKim.csv");
    out.has("[content/file names]\nLindqvist.txt");
    out.has("[content/Lindqvist.txt]\nMRN 4471920");
    out.has("[content/b.zip/c.txt]\ndeep");
    batter(&bytes, "");
    batter(&inner, "");
    let twice = [gzip(b"first "), gzip(b"second")].concat();
    run(&twice).has("first second");
    let mut wrong = gzip(b"text");
    let at = wrong.len() - 8;
    wrong[at] ^= 1;
    assert_eq!(run(&wrong).reasons, ["malformed"]);
    // A pax header gives the next file a longer name.
    let mut pax = tar(&[
        ("p", b"19 path=Kim/a.txt\n13 mtime=123\n"),
        ("short", b"text"),
    ]);
    pax[156] = b'x';
    sign(&mut pax);
    let out = run(&pax);
    assert!(out.reasons.is_empty(), "{:?}", out.reasons);
    out.has("[Kim/a.txt]\ntext");
    out.lacks("mtime");
    let mut cut = inner.clone();
    cut.truncate(600);
    assert_eq!(run(&cut).reasons, ["malformed"]);
    assert_eq!(run(&gzip(&vec![b' '; 16 << 20])).reasons, ["ratio"]);
}

/// Makes the checksum of an archive's first header right.
fn sign(tar: &mut [u8]) {
    tar[148..156].fill(b' ');
    let sum: usize = tar[..512].iter().map(|b| usize::from(*b)).sum();
    tar[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
}

#[test]
fn a_member_of_a_tar_is_read_whatever_its_type() {
    // A link, a folder, a volume's rest, and types that nobody knows.
    for kind in *b"01567AMVZ" {
        let mut bytes = tar(&[("a.txt", b"MRN 4471920"), ("b.txt", b"SSN 577-96-4121")]);
        bytes[156] = kind;
        sign(&mut bytes);
        let out = run(&bytes);
        assert!(out.reasons.is_empty(), "{kind}: {:?}", out.reasons);
        out.has("[a.txt]\nMRN 4471920");
        out.has("[b.txt]\nSSN 577-96-4121");
    }
    // Its size says more than there is, as far as a number goes.
    for size in [
        &b"\x80\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff"[..],
        b"77777777777\0",
    ] {
        let mut bytes = tar(&[("a.txt", b"MRN 4471920")]);
        bytes[124..136].copy_from_slice(size);
        sign(&mut bytes);
        let out = run(&bytes);
        assert!(out.reasons.contains(&"malformed"), "{:?}", out.reasons);
        out.has("a.txt");
    }
    let mut many = tar(&[("p", "10 a=b\n".repeat(1_001).as_bytes()), ("a.txt", b"x")]);
    many[156] = b'x';
    sign(&mut many);
    assert_eq!(run(&many).reasons, ["too_many_entries"]);
}

fn element(group: u16, element: u16, vr: &str, value: &[u8]) -> Vec<u8> {
    let mut value = value.to_vec();
    if value.len() % 2 == 1 {
        value.push(b' ');
    }
    let mut out = [group.to_le_bytes(), element.to_le_bytes()].concat();
    out.extend(vr.bytes());
    if matches!(vr, "OB" | "OW" | "SQ" | "UT") {
        out.extend([0, 0]);
        out.extend((value.len() as u32).to_le_bytes());
    } else {
        out.extend((value.len() as u16).to_le_bytes());
    }
    out.extend(value);
    out
}

#[test]
fn dicom_gives_the_header_and_reports_the_picture() {
    let mut bytes = vec![0; 128];
    bytes.extend(b"DICM");
    bytes.extend(element(2, 0x10, "UI", b"1.2.840.10008.1.2.1"));
    bytes.extend(element(8, 5, "CS", b"ISO_IR 192"));
    bytes.extend(element(8, 0x1030, "LO", b"CT chest"));
    bytes.extend(element(0x10, 0x10, "PN", "Lindqvist^Zoë".as_bytes()));
    bytes.extend(element(0x10, 0x20, "LO", b"4471920"));
    bytes.extend(element(0x10, 0x30, "DA", b"19610402"));
    let item = element(0x10, 0x20, "LO", b"77001");
    let mut sequence = [0xfe, 0xff, 0, 0xe0].to_vec();
    sequence.extend((item.len() as u32).to_le_bytes());
    sequence.extend(item);
    bytes.extend(element(0x10, 0x1002, "SQ", &sequence));
    let header = bytes.clone();
    bytes.extend(element(0x7fe0, 0x10, "OW", &[0; 64]));
    let out = run(&bytes);
    assert_eq!(out.reasons, ["image_only"]);
    let piece = &out.pieces[0];
    assert!(piece.patient_record);
    let hints: Vec<_> = piece
        .hints
        .iter()
        .map(|h| (h.kind, &piece.text[h.range.clone()]))
        .collect();
    assert_eq!(
        hints,
        [
            (FindingKind::Name, "Lindqvist^Zoë"),
            (FindingKind::Mrn, "4471920"),
            (FindingKind::Date, "19610402"),
            (FindingKind::Mrn, "77001"),
        ]
    );
    out.has("StudyDescription: CT chest\nPatientName: Lindqvist^Zoë\n");
    assert!(run(&header).reasons.is_empty());
    assert_eq!(
        run(&bytes[..bytes.len() - 10]).reasons,
        ["malformed", "image_only"]
    );
    batter(&bytes, "application/dicom");
}

#[test]
fn bytes_in_dicom_are_read_as_text_or_told() {
    let head = || {
        let mut bytes = vec![0; 128];
        bytes.extend(b"DICM");
        bytes.extend(element(2, 0x10, "UI", b"1.2.840.10008.1.2.1"));
        bytes
    };
    for (vr, value, reasons) in [
        ("OB", &b"SSN 577-96-4121"[..], &[][..]),
        ("OW", b"SSN 577-96-4121 of Zo\xc3\xab", &[]),
        ("OB", b"SSN 577-96-4121 of Zo\xeb", &["unsupported_type"]),
        ("OB", &[0xff; 8], &[]),
    ] {
        let mut bytes = head();
        bytes.extend(element(9, 0x1010, vr, value));
        let out = run(&bytes);
        assert_eq!(out.reasons, reasons, "{vr} {value:?}");
        if reasons.is_empty() && value.len() > 8 {
            out.has("SSN 577-96-4121");
        }
    }
    let mut bytes = head();
    bytes.extend(element(0x6000, 0x3000, "OW", &[0xff; 64]));
    assert_eq!(run(&bytes).reasons, ["image_only"]);
}

#[test]
fn dicom_without_representations_is_read() {
    let mut bytes = vec![0; 128];
    bytes.extend(b"DICM");
    bytes.extend(element(2, 0x10, "UI", b"1.2.840.10008.1.2\0"));
    for (group, number, value) in [
        (0x10u16, 0x10u16, &b"Roth^Ines "[..]),
        (0x10, 0x20, b"4471920 "),
    ] {
        bytes.extend(group.to_le_bytes());
        bytes.extend(number.to_le_bytes());
        bytes.extend((value.len() as u32).to_le_bytes());
        bytes.extend(value);
    }
    let out = run(&bytes);
    assert!(out.reasons.is_empty(), "{:?}", out.reasons);
    out.has("PatientName: Roth^Ines\nPatientID: 4471920\n");
}
