//! Pictures beside the text of a document: scans are told, logos are not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::Budget;
use super::pdf_tests::{HELVETICA, page, stream};
use super::test_support::*;
use crate::base::crypto::sha256;
use crate::dlp::HostKnowledge;

const UNREAD: [&str; 1] = ["unsupported_type"];
const NONE: [&str; 0] = [];

fn png(width: u32, height: u32) -> Vec<u8> {
    let mut out = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    out.extend(width.to_be_bytes());
    out.extend(height.to_be_bytes());
    out.extend(b"\x08\x02\0\0\0");
    out
}

fn jpeg(width: u16, height: u16) -> Vec<u8> {
    // The preview in the first segment is another picture.
    let mut out = b"\xff\xd8\xff\xe1\0\x0a\xff\xc0\0\x11\x08\0\x09\0\xff\xff".to_vec();
    out.extend(b"\xff\xc2\0\x11\x08");
    out.extend(height.to_be_bytes());
    out.extend(width.to_be_bytes());
    out.extend([3; 20]);
    out
}

fn gif(width: u16, height: u16) -> Vec<u8> {
    [
        &b"GIF89a"[..],
        &width.to_le_bytes(),
        &height.to_le_bytes(),
        &[0, 0, 0],
    ]
    .concat()
}

fn bitmap_info(width: i32, height: i32) -> Vec<u8> {
    let mut out = 40u32.to_le_bytes().to_vec();
    out.extend(width.to_le_bytes());
    out.extend(height.to_le_bytes());
    out.resize(40, 0);
    out
}

fn bmp(width: i32, height: i32) -> Vec<u8> {
    let mut out = b"BM".to_vec();
    out.resize(14, 0);
    out.extend(bitmap_info(width, height));
    out
}

/// Two pages, the second of this size.
fn tiff(width: u32, height: u32) -> Vec<u8> {
    let mut out = b"MM\0*\0\0\0\x08".to_vec();
    for (width, height, next) in [(8, 8, 38u32), (width, height, 0)] {
        out.extend(2u16.to_be_bytes());
        for (tag, value) in [(256u16, width), (257, height)] {
            out.extend(tag.to_be_bytes());
            out.extend([0, 4, 0, 0, 0, 1]);
            out.extend(value.to_be_bytes());
        }
        out.extend(next.to_be_bytes());
    }
    out
}

fn webp(width: u32, height: u32) -> Vec<u8> {
    let mut out = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0".to_vec();
    out.extend(&(width - 1).to_le_bytes()[..3]);
    out.extend(&(height - 1).to_le_bytes()[..3]);
    out
}

#[test]
fn a_picture_that_the_host_knows_is_known_wherever_it_lies() {
    let (scan, other) = (png(1240, 1754), png(1240, 1755));
    let host = HostKnowledge::new().known_file(sha256(&scan)).unwrap();
    let host = std::sync::Arc::new(host);
    let read = |bytes: &[u8]| {
        let budget = Budget::new().with_known(Some(&host));
        run_with(bytes, "application/octet-stream", budget).reasons
    };
    let archive = |picture: &[u8]| zip(&[("a/logo.png", picture)]);
    let document = |picture: &[u8]| {
        zip(&[
            TYPES,
            ("word/document.xml", WORDS),
            ("word/media/a.png", picture),
        ])
    };
    let mail = |picture: &[u8]| {
        format!(
            "From: a@a.example\nMIME-Version: 1.0\nContent-Type: image/png\n\
             Content-Transfer-Encoding: base64\n\n{}\n",
            data_encoding::BASE64.encode(picture)
        )
        .into_bytes()
    };
    let wrapped = |picture: &[u8]| [archive(picture), document(picture), mail(picture)];
    for file in wrapped(&scan) {
        assert_eq!(read(&file), NONE);
    }
    for file in wrapped(&other) {
        assert_eq!(read(&file), UNREAD);
    }
    // The host may know the archive itself.
    let packed = archive(&other);
    let host = HostKnowledge::new().known_file(sha256(&packed)).unwrap();
    let budget = Budget::new().with_known(Some(&std::sync::Arc::new(host)));
    let out = run_with(&packed, "application/zip", budget);
    assert_eq!((out.pieces.len(), out.reasons.len()), (0, 0));
}

const WORDS: &[u8] = b"<document><p><t>Dear colleagues, see below.</t></p></document>";

fn docx_with(files: &[(&str, &[u8])]) -> Out {
    let mut all: Vec<(&str, &[u8])> = vec![TYPES, ("word/document.xml", WORDS)];
    all.extend(files);
    run(&zip(&all))
}

fn odt_with(files: &[(&str, &[u8])]) -> Out {
    let mut all: Vec<(&str, &[u8])> = vec![
        ("mimetype", b"application/vnd.oasis.opendocument.text"),
        ("content.xml", b"<text:p>Dear colleagues</text:p>"),
    ];
    all.extend(files);
    run(&zip(&all))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[test]
fn a_scan_beside_text_is_told_and_a_logo_is_not() {
    let scans = [
        png(1240, 1754),
        jpeg(600, 600),
        gif(800, 700),
        bmp(2000, -300),
        tiff(1728, 1100),
        webp(900, 1200),
        // Windows and lists cut out of a screen.
        png(800, 400),
        png(380, 700),
        png(1900, 120),
        png(512, 511),
    ];
    let logos = [
        png(400, 120),
        jpeg(390, 500),
        gif(64, 64),
        bmp(300, -200),
        tiff(500, 500),
        webp(512, 512),
        b"\x89PNG\r\n\x1a\n\0\0".to_vec(),
    ];
    for (pictures, reasons) in [(&scans[..], &UNREAD[..]), (&logos, &NONE)] {
        for picture in pictures {
            // The name says nothing.
            for name in ["word/media/image1.png", "word/media/image1.emf", "word/x"] {
                let out = docx_with(&[(name, picture)]);
                assert_eq!(out.reasons, reasons, "{name} {picture:?}");
            }
            let out = odt_with(&[("Pictures/1000.jpg", picture)]);
            assert_eq!(out.reasons, reasons, "{picture:?}");
            let rtf = format!("{{\\rtf1 Dear{{\\pict\\pngblip {}}}}}", hex(picture));
            assert_eq!(run(rtf.as_bytes()).reasons, reasons, "{picture:?}");
        }
    }
    for picture in &scans {
        for end in 0..picture.len() {
            docx_with(&[("word/media/a.png", &picture[..end])]);
        }
    }
}

#[test]
fn strips_of_a_page_and_what_is_longer_than_its_pixels_are_told() {
    let names: Vec<String> = (0..10).map(|n| format!("ppt/media/{n}.png")).collect();
    let strips: Vec<Vec<u8>> = (0..10)
        .map(|n| [&png(620, 175)[..], &b"data"[..n % 4]].concat())
        .collect();
    let strips: Vec<Vec<u8>> = strips
        .into_iter()
        .enumerate()
        .map(|(n, mut s)| {
            s.resize(s.len() + n, 0);
            s
        })
        .collect();
    let files: Vec<(&str, &[u8])> = names
        .iter()
        .zip(&strips)
        .map(|(n, s)| (n.as_str(), s.as_slice()))
        .collect();
    assert_eq!(docx_with(&files).reasons, UNREAD);
    assert_eq!(docx_with(&files[..3]).reasons, NONE);
    // The same logo on each of ten slides is one.
    let same: Vec<(&str, &[u8])> = files.iter().map(|(n, _)| (*n, files[0].1)).collect();
    assert_eq!(docx_with(&same).reasons, NONE);
    // Noise, which does not deflate as a bomb does.
    let mut random = Seeded(7);
    let mut long = png(40, 40);
    long.extend((0..400_000).map(|_| random.below(256) as u8));
    assert_eq!(docx_with(&[("word/media/a.png", &long)]).reasons, UNREAD);
    assert_eq!(
        docx_with(&[("word/media/a.heic", &long[24..])]).reasons,
        UNREAD
    );
}

#[test]
fn what_stands_where_pictures_do_is_read_as_what_it_is() {
    let svg = b"<svg xmlns='x'><text>MRN 4471920</text></svg>";
    let archive = zip(&[("list.csv", b"name,mrn\nKim,4471920")]);
    let both = [&png(16, 16)[..], &archive].concat();
    for bytes in [&svg[..], b"MRN 4471920", &archive, &both] {
        docx_with(&[("word/media/image1.svg", bytes)]).has("4471920");
        odt_with(&[("Pictures/a.png", bytes)]).has("4471920");
    }
    let markup = docx_with(&[("word/media/image1.svg", svg)]);
    markup.has("[word/media/image1.svg]markup\n<svg");
    assert_eq!(markup.reasons, NONE);
    // A drawing that is compressed.
    let packed = [
        &b"\x1f\x8b\x08\0\0\0\0\0\0\x03"[..],
        &deflate(&emf(&[emf_text("MRN 4471920", 1, 0)])),
        &[0; 8],
    ]
    .concat();
    docx_with(&[("word/media/image1.emz", &packed)]).has("4471920");
}

fn record(kind: u32, body: &[u8]) -> Vec<u8> {
    let mut body = body.to_vec();
    body.resize(body.len().next_multiple_of(4), 0);
    let size = body.len() as u32 + 8;
    [&kind.to_le_bytes()[..], &size.to_le_bytes(), &body].concat()
}

fn emf(records: &[Vec<u8>]) -> Vec<u8> {
    let mut head = vec![0; 80];
    head[32..36].copy_from_slice(b" EMF");
    [record(1, &head), records.concat(), record(14, &[0; 12])].concat()
}

fn emf_text(text: &str, y: u32, options: u32) -> Vec<u8> {
    let mut body = vec![0; 32];
    body.extend(y.to_le_bytes());
    body.extend((text.encode_utf16().count() as u32).to_le_bytes());
    body.extend(76u32.to_le_bytes());
    body.extend(options.to_le_bytes());
    body.resize(68, 0);
    body.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    record(84, &body)
}

#[test]
fn drawings_give_their_text_and_tell_of_their_pictures() {
    let text = emf(&[
        emf_text("Pat", 10, 0),
        emf_text("Lindqvist", 10, 0),
        emf_text("4", 30, 0),
        emf_text("4", 30, 0),
        emf_text("7", 30, 0),
    ]);
    let out = docx_with(&[("word/media/image1.emf", &text)]);
    out.has("[word/media/image1.emf]\nPat Lindqvist\n447\n");
    assert_eq!(out.reasons, NONE);
    let glyphs = emf(&[emf_text("abcdef", 1, 0x10)]);
    let picture = |width, height| {
        let mut body = vec![0; 72];
        body[40..44].copy_from_slice(&80u32.to_le_bytes());
        body.extend(bitmap_info(width, height));
        emf(&[record(81, &body)])
    };
    let curves = emf(&vec![record(3, &[7; 4000]); 100]);
    // A string of EMF+, in a comment.
    let mut plus = b"\x1c\x40\0\0\x44\0\0\0\x38\0\0\0".to_vec();
    plus.extend([0; 8]);
    plus.extend(11u32.to_le_bytes());
    plus.extend([0; 16]);
    plus.extend("MRN 4471920".encode_utf16().flat_map(u16::to_le_bytes));
    plus.resize(68, 0);
    let mut comment = (plus.len() as u32 + 4).to_le_bytes().to_vec();
    comment.extend(b"EMF+");
    comment.extend(plus);
    let plus = emf(&[record(70, &comment)]);
    docx_with(&[("word/media/image1.emf", &plus)]).has("MRN 4471920");
    for (drawing, reasons) in [
        (&glyphs, &UNREAD[..]),
        (&picture(900, 1200), &UNREAD),
        (&picture(90, 120), &NONE),
        (&curves, &UNREAD),
        (&text[..text.len() - 20].to_vec(), &["malformed"]),
    ] {
        let rtf = format!("{{\\rtf1 Dear{{\\pict\\emfblip {}}}}}", hex(drawing));
        assert_eq!(run(rtf.as_bytes()).reasons, reasons);
        assert_eq!(docx_with(&[("word/media/1.emf", drawing)]).reasons, reasons);
    }
    batter(&text, "");
    batter(&zip(&[TYPES, ("word/media/1.emf", &text)]), "");

    let mut wmf = b"\xd7\xcd\xc6\x9a".to_vec();
    wmf.resize(22, 0);
    wmf.extend(b"\x01\0\x09\0\0\x03\0\0\0\0\0\0\0\0\0\0\0\0");
    // TextOut and ExtTextOut, on one line.
    wmf.extend(b"\x08\0\0\0\x21\x05\x03\0MRN\0\x05\0\x01\0");
    wmf.extend(b"\x0b\0\0\0\x32\x0a\x05\0\x01\0\x07\0\0\x004471920\0");
    wmf.extend(b"\x03\0\0\0\0\0");
    let out = docx_with(&[("word/media/image1.wmf", &wmf)]);
    out.has("[word/media/image1.wmf]\nMRN 4471920\n");
    assert_eq!(out.reasons, NONE);
}

#[test]
fn objects_are_read_and_how_they_look_need_not_be() {
    let drawing = vec![0xfe; 30_000];
    let looks = ("ObjectReplacements/Object 1", &drawing[..]);
    assert_eq!(odt_with(&[looks]).reasons, UNREAD);
    let object = ("Object 1/content.xml", &b"<text:p>MRN 4471920</text:p>"[..]);
    let out = odt_with(&[looks, object, ("layout-cache", &[0, 1, 2, 3, 0, 0, 9, 0])]);
    assert_eq!(out.reasons, NONE);
    out.has("4471920");
}

#[test]
fn rtf_pictures_are_told_however_they_are_written() {
    for (pict, reasons) in [
        ("\\wbitmap0\\picw1700\\pich2200 00ff", &UNREAD[..]),
        ("\\wbitmap0\\picw32\\pich32 00ff", &NONE),
        ("\\macpict 00ff", &NONE),
        ("{\\*\\blipuid 89504e470d0a1a0a}\\pngblip", &NONE),
    ] {
        let rtf = format!("{{\\rtf1 Dear Pat{{\\pict{pict}}} and so on}}");
        let out = run(rtf.as_bytes());
        assert_eq!(out.reasons, reasons, "{pict}");
        out.has("Dear Pat and so on");
    }
    let dib = bitmap_info(1000, 1000);
    let rtf = format!("{{\\rtf1 Dear{{\\pict\\dibitmap0 {}}}}}", hex(&dib));
    assert_eq!(run(rtf.as_bytes()).reasons, UNREAD);
    let scan = png(1240, 1754);
    let mut rtf = format!("{{\\rtf1 Dear{{\\pict\\pngblip\\bin{} ", scan.len()).into_bytes();
    rtf.extend(&scan);
    rtf.extend(b"}}");
    assert_eq!(run(&rtf).reasons, UNREAD);
}

#[test]
fn a_scan_in_a_pdf_is_told_whatever_text_stands_beside_it() {
    let words = format!("BT /F 9 Tf ({}) Tj ET ", "words ".repeat(200));
    let image = |size: &str, bytes: &[u8]| {
        let dict = format!("/Type /XObject /Subtype /Image {size} /Filter /DCTDecode");
        stream(&dict, bytes)
    };
    let shown = format!("{words} q 200 0 0 300 0 0 cm /X Do Q");
    for (content, image, reasons) in [
        // As large as a page by its pixels, however small it is shown.
        (
            &shown,
            image("/Width 1240 /Height 1754", b"\xff\xd8"),
            &UNREAD[..],
        ),
        // It says it is small, and is not.
        (
            &shown,
            image("/Width 10 /Height 10", &jpeg(1240, 1754)),
            &UNREAD,
        ),
        // No page shows it: a pattern or a stamp may.
        (
            &words,
            image("/Width 1240 /Height 1754", b"\xff\xd8"),
            &UNREAD,
        ),
        (
            &shown,
            image("/Width 400 /Height 120", &jpeg(400, 120)),
            &NONE,
        ),
    ] {
        let out = run(&page(content.as_bytes(), HELVETICA, &[image]));
        assert_eq!(out.reasons, reasons);
        out.has("words words");
    }
    for (size, reasons) in [("/W 1700 /H 2200", &UNREAD[..]), ("/W 40 /H 40", &NONE)] {
        let content = format!("q 99 0 0 99 0 0 cm BI {size} ID \x01(\x02 EI Q {words}");
        let out = run(&page(content.as_bytes(), HELVETICA, &[]));
        assert_eq!(out.reasons, reasons, "{size}");
    }
    // A page in strips.
    let strips: Vec<Vec<u8>> = (0..10)
        .map(|n| image("/Width 1700 /Height 90", &vec![b'x'; 20 + n]))
        .collect();
    let out = run(&page(words.as_bytes(), HELVETICA, &strips));
    assert_eq!(out.reasons, UNREAD);
    // A scan is told once.
    let scan = image("/Width 1240 /Height 1754", b"\xff\xd8");
    let out = run(&page(b"q 600 0 0 800 0 0 cm /X Do Q", HELVETICA, &[scan]));
    assert_eq!(out.reasons, ["image_only"]);
}
