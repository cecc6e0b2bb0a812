//! The inputs, and what must come of each.

use mailseal::base::Address;
use mailseal::compose::{Attachment, ComposeError, Message};

use crate::archive::{File, gzip, nested, overlapping, zip, zlib};

/// Bytes of the long texts: what a mail may have. A build without
/// optimisation reads some thirty times slower.
pub(crate) const LONG: usize = if cfg!(debug_assertions) {
    250_000
} else {
    10_000_000
};
const GIB: usize = 1 << 30;
/// What a bomb is full of: text, which is then scanned.
const FILL: u8 = b'a';

/// What must come of a scan.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Then {
    /// The message is refused before a scan.
    Refused,
    /// Some part is reported, with one of these codes.
    Unscannable(&'static [&'static str]),
    /// The number is found, as whatever, or some part is reported.
    Found,
    /// It ends.
    Ends,
}

/// A case: its name, its message, and what comes of it.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    make: fn() -> Result<Message, ComposeError>,
    pub(crate) then: Then,
}

impl Case {
    pub(crate) fn message(&self) -> Result<Message, ComposeError> {
        (self.make)()
    }
}

pub(crate) fn file(bytes: Vec<u8>) -> Result<Message, ComposeError> {
    typed("application/octet-stream", bytes)
}

pub(crate) fn typed(media_type: &str, bytes: Vec<u8>) -> Result<Message, ComposeError> {
    builder()
        .text("Please see the file.".to_owned())
        .attachment(Attachment::new("file", media_type, bytes))
        .build()
}

fn text(text: String) -> Result<Message, ComposeError> {
    builder().text(text).build()
}

fn html(html: String) -> Result<Message, ComposeError> {
    builder().html(html).build()
}

fn builder()
-> mailseal::compose::Builder<mailseal::compose::HasSender, mailseal::compose::HasRecipient> {
    Message::builder()
        .from("clinic@harbor.example".parse().unwrap())
        .to("pat@mail.example".parse::<Address>().unwrap())
        .subject("Your visit")
}

const SSN: &str = " SSN 281-15-9804 ";

/// `unit` over and over between two numbers that are to be found.
fn long(unit: &str) -> String {
    format!("{SSN}{}{SSN}", unit.repeat(LONG / unit.len()))
}

fn types() -> File {
    File::stored("[Content_Types].xml", b"<Types/>")
}

fn docx(document: &str) -> Vec<u8> {
    zip(&[
        types(),
        File::stored("word/document.xml", document.as_bytes()),
    ])
}

fn xlsx(sheet: &str, strings: File) -> Vec<u8> {
    zip(&[
        types(),
        File::stored("xl/workbook.xml", b"<workbook><sheets><sheet name=\"a\" sheetId=\"1\" r:id=\"r\"/></sheets></workbook>"),
        File::stored("xl/_rels/workbook.xml.rels", b"<Relationships><Relationship Id=\"r\" Target=\"worksheets/sheet1.xml\"/></Relationships>"),
        strings,
        File::stored("xl/worksheets/sheet1.xml", sheet.as_bytes()),
    ])
}

/// Ten entities, each of ten times the one before.
fn laughs(element: &str) -> String {
    let mut out = String::from("<?xml version=\"1.0\"?><!DOCTYPE d [<!ENTITY e0 \"281-15-9804 \">");
    for n in 1..10 {
        let inner = format!("&e{};", n - 1).repeat(10);
        out.push_str(&format!("<!ENTITY e{n} \"{inner}\">"));
    }
    format!("{out}]><{element}><w:t>{SSN}&e9;</w:t></{element}>")
}

fn pdf(objects: &[&[u8]], trailer: &str) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n".to_vec();
    for (number, object) in (1..).zip(objects) {
        out.extend(format!("{number} 0 obj\n").bytes());
        out.extend(*object);
        out.extend(b"\nendobj\n");
    }
    out.extend(trailer.bytes());
    out
}

fn stream(dict: &str, bytes: &[u8]) -> Vec<u8> {
    let head = format!("<< {dict} /Length {} >>\nstream\n", bytes.len());
    [head.as_bytes(), bytes, b"\nendstream"].concat()
}

/// An element of DER (X.690) whose length takes four octets.
fn der(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = u32::try_from(value.len()).unwrap_or(u32::MAX);
    let mut out = vec![tag, 0x84];
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(value);
    out
}

/// A SignedData (RFC 5652 section 5.1) without signers.
fn signed(content: &[u8], certificates: &[u8]) -> Vec<u8> {
    let oid = |last| [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, last];
    let content = [&oid(1)[..], &der(0xa0, content)].concat();
    let signed = [
        &[2, 1, 1, 0x31, 0][..],
        &der(0x30, &content),
        &der(0xa0, certificates),
        &[0x31, 0],
    ];
    let signed = der(0x30, &signed.concat());
    der(0x30, &[&oid(2)[..], &der(0xa0, &signed)].concat())
}

fn mime(levels: usize) -> Vec<u8> {
    let mut out = String::from("From: a@harbor.example\r\nTo: b@mail.example\r\n");
    for n in 0..levels {
        out.push_str(&format!(
            "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n"
        ));
    }
    out.push_str("\r\nSSN 281-15-9804\r\n");
    out.into_bytes()
}

fn rfc822(levels: usize) -> Vec<u8> {
    let head = "From: a@harbor.example\r\nTo: b@mail.example\r\nMIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n\r\n";
    format!(
        "{}Subject: in\r\n\r\nSSN 281-15-9804\r\n",
        head.repeat(levels)
    )
    .into_bytes()
}

const TOO_MUCH: Then = Then::Unscannable(&["ratio", "too_large"]);
const TOO_DEEP: Then = Then::Unscannable(&["too_deep"]);

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "zip_bomb",
        make: || file(zip(&[File::bomb("a.txt", FILL, GIB)])),
        then: TOO_MUCH,
    },
    Case {
        name: "zip_of_many_bombs",
        make: || {
            let files: Vec<File> = (0..200)
                .map(|n| File::bomb(&format!("{n}.txt"), FILL, 8 << 20))
                .collect();
            file(zip(&files))
        },
        then: TOO_MUCH,
    },
    Case {
        name: "zip_of_overlapping_bombs",
        make: || file(overlapping(File::bomb("a.txt", FILL, 16 << 20), 10_000)),
        then: Then::Unscannable(&["malformed", "ratio", "too_large"]),
    },
    Case {
        name: "zip_of_a_bomb_that_says_it_is_small",
        make: || {
            let mut bomb = File::bomb("a.txt", FILL, GIB);
            bomb.claim(100);
            file(zip(&[bomb]))
        },
        then: Then::Unscannable(&["malformed", "ratio", "too_large"]),
    },
    Case {
        name: "zip_with_too_many_entries",
        make: || {
            let files: Vec<File> = (0..20_000)
                .map(|n| File::stored(&format!("{n}"), b"x"))
                .collect();
            file(zip(&files))
        },
        then: Then::Unscannable(&["too_many_entries"]),
    },
    Case {
        name: "gzip_bomb",
        make: || file(gzip(FILL, GIB)),
        then: TOO_MUCH,
    },
    Case {
        name: "docx_bomb",
        make: || file(zip(&[types(), File::bomb("word/document.xml", b'<', GIB)])),
        then: TOO_MUCH,
    },
    Case {
        name: "xlsx_strings_bomb",
        make: || {
            file(xlsx(
                "<worksheet/>",
                File::bomb("xl/sharedStrings.xml", b'<', GIB),
            ))
        },
        then: TOO_MUCH,
    },
    Case {
        name: "pdf_stream_bomb",
        make: || {
            file(pdf(
                &[
                    b"<< /Type /Catalog /Pages 2 0 R >>",
                    b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
                    b"<< /Type /Page /Parent 2 0 R /Contents 4 0 R >>",
                    &stream("/Filter /FlateDecode", &zlib(b'q', GIB)),
                ],
                "trailer << /Root 1 0 R >>\n",
            ))
        },
        then: TOO_MUCH,
    },
    Case {
        name: "zip_nested_10000_deep",
        make: || file(nested(10_000, SSN.as_bytes())),
        then: TOO_DEEP,
    },
    Case {
        name: "mime_nested_10000_deep",
        make: || Message::parse(&mime(10_000)),
        then: Then::Refused,
    },
    Case {
        name: "mime_nested_10000_deep_as_a_file",
        make: || file(mime(10_000)),
        then: TOO_DEEP,
    },
    Case {
        name: "messages_nested_10000_deep",
        make: || Message::parse(&rfc822(10_000)),
        then: Then::Refused,
    },
    Case {
        name: "messages_nested_10000_deep_as_a_file",
        make: || file(rfc822(10_000)),
        then: TOO_DEEP,
    },
    Case {
        name: "rtf_nested_100000_deep",
        make: || file(format!("{{\\rtf1 {SSN}{}", "{".repeat(100_000)).into_bytes()),
        then: TOO_DEEP,
    },
    Case {
        name: "json_nested_100000_deep",
        make: || {
            let deep = format!(
                "{{\"resourceType\":\"Patient\",\"id\":\"{SSN}\",\"a\":{}",
                "[".repeat(100_000)
            );
            typed("application/fhir+json", deep.into_bytes())
        },
        then: Then::Found,
    },
    Case {
        name: "xml_nested_100000_deep",
        make: || {
            let deep = format!("<ClinicalDocument><a>{SSN}</a>{}", "<a>".repeat(100_000));
            typed("text/xml", deep.into_bytes())
        },
        then: Then::Found,
    },
    Case {
        name: "fhir_xml_of_many_fields_in_others",
        make: || {
            let deep = "<b/><c/><x:a>".repeat(120);
            let text = format!(
                "<b xmlns=\"http://hl7.org/fhir\">{SSN}{deep}{}",
                "<b/><c/>".repeat(LONG / 8)
            );
            typed("text/xml", text.into_bytes())
        },
        then: Then::Found,
    },
    Case {
        name: "fhir_xml_of_many_fields_behind_it",
        make: || {
            let own = "<b xmlns=\"http://hl7.org/fhir\"/>";
            let text = format!(
                "{own}{SSN}{}{}",
                "<b/><c/><x:a>".repeat(120),
                "<b/><c/>".repeat(LONG / 8)
            );
            typed("text/xml", text.into_bytes())
        },
        then: Then::Found,
    },
    Case {
        name: "xlsx_with_a_cell_at_the_far_end",
        make: || {
            let sheet = format!(
                "<worksheet><dimension ref=\"A1:XFD1048576\"/><sheetData><row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>{SSN}</t></is></c></row><row r=\"1048576\"><c r=\"XFD1048576\"><v>1</v></c></row></sheetData></worksheet>"
            );
            file(xlsx(
                &sheet,
                File::stored("xl/sharedStrings.xml", b"<sst/>"),
            ))
        },
        then: Then::Found,
    },
    Case {
        name: "ods_that_repeats_its_cells",
        make: || {
            let content = format!(
                "<office:document-content><table:table><table:table-row table:number-rows-repeated=\"1048576\"><table:table-cell table:number-columns-repeated=\"16384\"><text:p>{SSN}<text:s text:c=\"4000000000\"/></text:p></table:table-cell></table:table-row></table:table></office:document-content>"
            );
            file(zip(&[
                File::stored(
                    "mimetype",
                    b"application/vnd.oasis.opendocument.spreadsheet",
                ),
                File::stored("content.xml", content.as_bytes()),
            ]))
        },
        then: Then::Found,
    },
    Case {
        name: "entities_in_docx",
        make: || file(docx(&laughs("w:document"))),
        then: Then::Found,
    },
    Case {
        name: "entities_in_xml",
        make: || typed("text/xml", laughs("ClinicalDocument").into_bytes()),
        then: Then::Found,
    },
    Case {
        name: "pdf_page_tree_loop",
        make: || {
            file(pdf(
                &[
                    b"<< /Type /Catalog /Pages 2 0 R /Outlines 2 0 R /AcroForm << /Fields [2 0 R] >> >>",
                    b"<< /Type /Pages /Parent 3 0 R /Kids [3 0 R 2 0 R 3 0 R] /Count 9 /First 2 0 R /Next 2 0 R >>",
                    b"<< /Type /Pages /Parent 2 0 R /Kids [2 0 R 2 0 R 3 0 R] /Count 9 >>",
                ],
                "trailer << /Root 1 0 R >>\n",
            ))
        },
        then: Then::Ends,
    },
    Case {
        name: "pdf_objects_that_are_themselves",
        make: || {
            file(pdf(
                &[
                    b"<< /Type /Catalog /Pages 2 0 R >>",
                    b"2 0 R",
                    b"<< /Type /ObjStm /N 9 /First 3 0 R /Extends 3 0 R /Length 3 0 R >>\nstream\n3 0\nendstream",
                ],
                "trailer << /Root 1 0 R /Prev 9 /XRefStm 9 >>\nstartxref\n9\n%%EOF\n",
            ))
        },
        then: Then::Ends,
    },
    Case {
        name: "pdf_form_that_draws_itself",
        make: || {
            let draw = "/X Do ".repeat(1_000);
            file(pdf(
                &[
                    b"<< /Type /Catalog /Pages 2 0 R >>",
                    b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
                    b"<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /XObject << /X 4 0 R >> >> >>",
                    &stream("/Subtype /Form /Resources << /XObject << /X 4 0 R >> >>", draw.as_bytes()),
                ],
                "trailer << /Root 1 0 R >>\n",
            ))
        },
        then: Then::Ends,
    },
    Case {
        name: "pdf_arrays_100000_deep",
        make: || {
            let deep = "[".repeat(100_000);
            file(pdf(
                &[b"<< /Type /Catalog /Pages 2 0 R >>", deep.as_bytes()],
                "trailer << /Root 1 0 R >>\n",
            ))
        },
        then: Then::Ends,
    },
    Case {
        name: "html_of_100000_nested_tags",
        make: || html(format!("{SSN}{}<p>{SSN}", "<div><b>".repeat(50_000))),
        then: Then::Found,
    },
    Case {
        name: "html_of_a_million_attributes",
        make: || html(format!("<p{}>{SSN}", " a=1".repeat(LONG / 10))),
        then: Then::Found,
    },
    Case {
        name: "html_of_unclosed_comments",
        make: || html(format!("<p>{SSN}</p>{}", "<!-- ".repeat(LONG / 5))),
        then: Then::Found,
    },
    Case {
        name: "html_of_unclosed_quotes",
        make: || html(format!("<p>{SSN}</p>{}", "<a b=\"' ".repeat(LONG / 8))),
        then: Then::Found,
    },
    Case {
        name: "html_of_unclosed_scripts",
        make: || {
            html(format!(
                "<p>{SSN}</p>{}",
                "<script><style>".repeat(LONG / 15)
            ))
        },
        then: Then::Found,
    },
    Case {
        name: "html_of_turned_elements",
        make: || html(format!("<p>{SSN}</p>{}", "<bdo ".repeat(LONG / 5))),
        then: Then::Found,
    },
    Case {
        name: "html_of_hidden_elements",
        make: || html(format!("{SSN}{}{SSN}", "<i hidden>1".repeat(LONG / 11))),
        then: Then::Found,
    },
    Case {
        name: "html_of_hidden_elements_that_end",
        make: || {
            let unit = "<i class=h>1<b hidden>2</i></b><!--";
            let sheet = "<style>.h{display:none} p::after{content:var(--x)}</style>";
            html(format!("{SSN}{sheet}{}{SSN}", unit.repeat(LONG / 35)))
        },
        then: Then::Found,
    },
    Case {
        name: "html_of_one_long_style",
        make: || {
            let style = "font:(url(\\ /**/".repeat(LONG / 17);
            html(format!("<p>{SSN}</p><p style=\"{style}\"><style>{style}"))
        },
        then: Then::Found,
    },
    Case {
        name: "long_run_of_letters_set_apart",
        make: || text(long("x \u{a0}y z a ")),
        then: Then::Found,
    },
    Case {
        name: "html_of_ampersands",
        make: || html(format!("<p>{SSN}</p>{}", "&#x".repeat(LONG / 3))),
        then: Then::Found,
    },
    Case {
        name: "long_text_of_one_word",
        make: || text(long("word ")),
        then: Then::Found,
    },
    Case {
        name: "long_word",
        make: || text(long("w")),
        then: Then::Found,
    },
    Case {
        name: "long_run_of_uuencode_starts",
        make: || text(long("begin")),
        then: Then::Found,
    },
    Case {
        name: "long_number",
        make: || text(long("7")),
        then: Then::Found,
    },
    Case {
        name: "long_run_of_links",
        make: || text(long("://a/%/?q=b+c#d+e ")),
        then: Then::Found,
    },
    Case {
        name: "long_run_of_schemes",
        make: || text(long("://")),
        then: Then::Found,
    },
    Case {
        name: "long_run_of_at_signs",
        make: || text(long("@")),
        then: Then::Found,
    },
    Case {
        name: "long_run_of_less_than",
        make: || text(long("<")),
        then: Then::Found,
    },
    Case {
        name: "long_run_of_less_than_in_html",
        make: || html(long("<")),
        then: Then::Found,
    },
    Case {
        name: "long_run_of_newlines",
        make: || text(long("\n")),
        then: Then::Found,
    },
    Case {
        name: "long_run_of_accents",
        make: || text(long("\u{301}")),
        then: Then::Found,
    },
    Case {
        name: "long_run_of_letters_with_and_without_accents",
        make: || file(zip(&[File::stored("a.txt", long("aébü ").as_bytes())])),
        then: Then::Found,
    },
    Case {
        name: "long_run_of_zero_widths",
        make: || text(long("\u{200b}")),
        then: Then::Found,
    },
    Case {
        name: "long_run_of_numbers",
        make: || text(long("281-15-9804 ")),
        then: Then::Found,
    },
    Case {
        name: "long_run_of_dates",
        make: || text(long("1/2/3/4-")),
        then: Then::Found,
    },
    Case {
        name: "long_run_of_quotes",
        make: || text(long("> ")),
        then: Then::Found,
    },
    Case {
        name: "long_table_of_commas",
        make: || typed("text/csv", long(",").into_bytes()),
        then: Then::Found,
    },
    Case {
        name: "long_table_of_quotes",
        make: || typed("text/csv", long("\"").into_bytes()),
        then: Then::Found,
    },
    Case {
        name: "long_message_of_hl7_separators",
        make: || {
            let text = format!("MSH|^~\\&|a\rPID|1||{SSN}\r{}", "|^~&".repeat(LONG / 4));
            typed("application/hl7-v2", text.into_bytes())
        },
        then: Then::Found,
    },
    Case {
        name: "long_claim_of_separators",
        make: || {
            let text = format!(
                "ST*837*1~REF*SY*281159804~{}",
                "NM1*IL*1*A*B~".repeat(LONG / 13)
            );
            typed("application/edi-x12", text.into_bytes())
        },
        then: Then::Found,
    },
    Case {
        name: "signature_of_many_certificates",
        make: || file(signed(&der(4, SSN.as_bytes()), &[5, 0].repeat(LONG / 2))),
        then: Then::Found,
    },
    Case {
        name: "signed_in_chunks_of_a_byte",
        make: || {
            let text = format!("{SSN}{}", " a".repeat(LONG / 6));
            let chunks: Vec<u8> = text.bytes().flat_map(|b| [4, 1, b]).collect();
            file(signed(&der(0x24, &chunks), &[]))
        },
        then: Then::Found,
    },
];
