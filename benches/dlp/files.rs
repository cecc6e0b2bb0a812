//! The same mail text in files of each kind.

// Not all of it is used here.
#[allow(dead_code)]
#[path = "../../core/tests/support/zip.rs"]
mod writer;

use miniz_oxide::deflate::{compress_to_vec, compress_to_vec_zlib};

/// A page of HTML as mail programs write it: tags around every line, some
/// within, entities.
pub(crate) fn html(text: &str) -> String {
    let mut out =
        String::from("<!DOCTYPE html><html><head><style>p { margin: 0 }</style></head><body>\r\n");
    for (number, line) in text.lines().enumerate() {
        let line = line.replace('&', "&amp;").replace('<', "&lt;");
        let line = match number % 4 {
            0 => line.replacen(' ', "&nbsp;", 1),
            1 => line.replacen(", ", ", <b>", 1) + "</b>",
            _ => line,
        };
        out.push_str("<p style=\"font-family: sans-serif\">");
        out.push_str(&line);
        out.push_str("</p>\r\n");
    }
    out.push_str("</body></html>\r\n");
    out
}

/// A table of patients, with a header.
pub(crate) fn csv(size: usize) -> String {
    let mut out = String::from("Patient Name,DOB,MRN,Phone,Diagnosis,Last Visit\n");
    let names = ["Lindqvist", "Okafor", "Ruiz", "Wanji", "Tamm", "Orsolo"];
    for n in 0.. {
        if out.len() >= size {
            break;
        }
        let name = names[n % names.len()];
        let (month, day) = (n % 12 + 1, n % 28 + 1);
        out.push_str(&format!(
            "\"{name}, Pat\",{month:02}/{day:02}/{},{:08},(270) 555-{:04},E11.9,2025-{month:02}-{day:02}\n",
            1940 + n % 60,
            400_000 + n * 37,
            n % 10_000,
        ));
    }
    out
}

/// A document of Word.
pub(crate) fn docx(text: &str) -> Vec<u8> {
    let mut document = String::from("<?xml version=\"1.0\"?><w:document xmlns:w=\"w\"><w:body>");
    for line in text.lines() {
        let line = line.replace('&', "&amp;").replace('<', "&lt;");
        let (start, rest) = line.split_at(line.find(' ').unwrap_or(0));
        document.push_str("<w:p><w:pPr><w:spacing w:after=\"0\"/></w:pPr><w:r><w:t>");
        document.push_str(start);
        document.push_str("</w:t></w:r><w:r><w:t xml:space=\"preserve\">");
        document.push_str(rest);
        document.push_str("</w:t></w:r></w:p>");
    }
    document.push_str("</w:body></w:document>");
    zip(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("word/document.xml", document.as_bytes()),
    ])
}

/// A PDF file with a page for every forty lines.
pub(crate) fn pdf(text: &str) -> Vec<u8> {
    let lines: Vec<&str> = text.lines().collect();
    let pages: Vec<&[&str]> = lines.chunks(40).collect();
    let kids: Vec<String> = (0..pages.len())
        .map(|n| format!("{} 0 R", 4 + 2 * n))
        .collect();
    let font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>";
    let mut objects = vec![
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        format!(
            "<< /Type /Pages /Kids [{}] /Count {} >>",
            kids.join(" "),
            pages.len()
        )
        .into_bytes(),
        font.as_bytes().to_vec(),
    ];
    for (number, page) in pages.iter().enumerate() {
        let contents = 5 + 2 * number;
        objects.push(
            format!("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {contents} 0 R /Resources << /Font << /F 3 0 R >> >> >>")
                .into_bytes(),
        );
        let mut content = String::from("BT /F 10 Tf 50 740 Td 14 TL\n");
        for line in *page {
            let line = line
                .replace('\\', "\\\\")
                .replace('(', "\\(")
                .replace(')', "\\)");
            content.push_str(&format!("({line}) Tj T*\n"));
        }
        content.push_str("ET\n");
        let packed = compress_to_vec_zlib(content.as_bytes(), 6);
        let mut object = format!(
            "<< /Filter /FlateDecode /Length {} >>\nstream\n",
            packed.len()
        )
        .into_bytes();
        object.extend(packed);
        object.extend(b"\nendstream");
        objects.push(object);
    }
    let (mut out, mut places) = (b"%PDF-1.7\n".to_vec(), Vec::new());
    for (number, object) in objects.iter().enumerate() {
        places.push(out.len());
        out.extend(format!("{} 0 obj\n", number + 1).bytes());
        out.extend(object);
        out.extend(b"\nendobj\n");
    }
    let start = out.len();
    out.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).bytes());
    for place in places {
        out.extend(format!("{place:010} 00000 n \n").bytes());
    }
    let size = objects.len() + 1;
    out.extend(
        format!("trailer\n<< /Root 1 0 R /Size {size} >>\nstartxref\n{start}\n%%EOF\n").bytes(),
    );
    out
}

/// A ZIP archive of these files, deflated.
fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let deflated = |(name, bytes): &(&str, &[u8])| {
        writer::File::packed(name, 8, bytes, compress_to_vec(bytes, 6))
    };
    writer::zip(&files.iter().map(deflated).collect::<Vec<_>>())
}
