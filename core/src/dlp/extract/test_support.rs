//! Small files of each format, written in code.

use super::inflate::crc32;
use super::{Budget, Form, Piece, extract};

/// What came out of a part.
#[derive(Default)]
pub(super) struct Out {
    pub(super) pieces: Vec<Piece>,
    pub(super) reasons: Vec<&'static str>,
}

impl Out {
    /// All text, each piece behind the entry that it stands in.
    pub(super) fn text(&self) -> String {
        let mut all = String::new();
        for piece in &self.pieces {
            all.push_str(&format!("[{}]", piece.inside.as_deref().unwrap_or("")));
            all.push_str(match piece.form {
                Form::Plain | Form::Table => "\n",
                Form::Markup => "markup\n",
            });
            all.push_str(&piece.text);
            all.push('\n');
        }
        all
    }

    #[track_caller]
    pub(super) fn has(&self, text: &str) {
        assert!(
            self.text().contains(text),
            "{text:?} is not in:\n{}",
            self.text()
        );
    }

    #[track_caller]
    pub(super) fn lacks(&self, text: &str) {
        assert!(
            !self.text().contains(text),
            "{text:?} is in:\n{}",
            self.text()
        );
    }
}

pub(super) fn run(bytes: &[u8]) -> Out {
    run_with(bytes, "application/octet-stream", Budget::new())
}

pub(super) fn run_with(bytes: &[u8], media_type: &str, mut budget: Budget) -> Out {
    let mut pieces = Vec::new();
    let reasons = extract(bytes, media_type, &mut budget, &mut |p| pieces.push(p));
    Out { pieces, reasons }
}

pub(super) fn deflate(bytes: &[u8]) -> Vec<u8> {
    miniz_oxide::deflate::compress_to_vec(bytes, 6)
}

pub(super) fn zlib(bytes: &[u8]) -> Vec<u8> {
    miniz_oxide::deflate::compress_to_vec_zlib(bytes, 6)
}

/// A file for [`zip_of`], with what may be wrong about it.
pub(super) struct File {
    pub(super) name: String,
    pub(super) method: u16,
    pub(super) flags: u16,
    pub(super) packed: Vec<u8>,
    pub(super) size: u32,
    pub(super) crc: u32,
}

impl File {
    pub(super) fn stored(name: &str, bytes: &[u8]) -> Self {
        Self {
            name: name.into(),
            method: 0,
            flags: 0,
            packed: bytes.to_vec(),
            size: bytes.len() as u32,
            crc: crc32(bytes),
        }
    }

    pub(super) fn deflated(name: &str, bytes: &[u8]) -> Self {
        Self {
            method: 8,
            packed: deflate(bytes),
            ..Self::stored(name, bytes)
        }
    }
}

pub(super) fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let files: Vec<File> = files.iter().map(|(n, b)| File::deflated(n, b)).collect();
    zip_of(&files)
}

pub(super) fn zip_of(files: &[File]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for f in files {
        let offset = out.len() as u32;
        // With bit 3 the sizes stand behind the data.
        let late = f.flags & 8 != 0;
        let mut fields = Vec::new();
        fields.extend(20u16.to_le_bytes());
        fields.extend(f.flags.to_le_bytes());
        fields.extend(f.method.to_le_bytes());
        fields.extend([0; 4]);
        let mut sizes = Vec::new();
        sizes.extend(f.crc.to_le_bytes());
        sizes.extend((f.packed.len() as u32).to_le_bytes());
        sizes.extend(f.size.to_le_bytes());
        out.extend(b"PK\x03\x04");
        out.extend(&fields);
        out.extend(if late { &[0; 12][..] } else { &sizes[..] });
        out.extend((f.name.len() as u16).to_le_bytes());
        out.extend([0; 2]);
        out.extend(f.name.as_bytes());
        out.extend(&f.packed);
        if late {
            out.extend(b"PK\x07\x08");
            out.extend(&sizes);
        }
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&fields);
        directory.extend(&sizes);
        directory.extend((f.name.len() as u16).to_le_bytes());
        directory.extend([0; 12]);
        directory.extend(offset.to_le_bytes());
        directory.extend(f.name.as_bytes());
    }
    let start = out.len() as u32;
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend((files.len() as u16).to_le_bytes());
    out.extend((files.len() as u16).to_le_bytes());
    out.extend((directory.len() as u32).to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0; 2]);
    out
}

pub(super) const TYPES: (&str, &[u8]) = ("[Content_Types].xml", b"<Types/>");

pub(super) fn docx(body: &str) -> Vec<u8> {
    let document = format!(
        "<?xml version=\"1.0\"?><w:document xmlns:w=\"w\"><w:body>{body}</w:body></w:document>"
    );
    zip(&[
        TYPES,
        ("word/document.xml", document.as_bytes()),
        (
            "docProps/core.xml",
            b"<cp:coreProperties><dc:creator>Nadia Orsolo</dc:creator></cp:coreProperties>",
        ),
    ])
}

/// A workbook whose only sheet has these rows.
pub(super) fn xlsx(rows: &str) -> Vec<u8> {
    let sheet = format!("<worksheet><sheetData>{rows}</sheetData></worksheet>");
    zip(&[
        TYPES,
        ("xl/workbook.xml", b"<workbook><sheets><sheet name=\"Ward 7\" sheetId=\"1\" state=\"hidden\" r:id=\"rId1\"/></sheets></workbook>"),
        ("xl/_rels/workbook.xml.rels", b"<Relationships><Relationship Id=\"rId1\" Target=\"worksheets/sheet1.xml\"/></Relationships>"),
        ("xl/sharedStrings.xml", b"<sst><si><t>Patient</t></si><si><r><t>Pat </t></r><r><t>Lindqvist</t></r></si></sst>"),
        ("xl/styles.xml", b"<styleSheet><numFmts><numFmt numFmtId=\"164\" formatCode=\"dd/mm/yy\"/></numFmts><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/><xf numFmtId=\"164\"/></cellXfs></styleSheet>"),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
    ])
}

/// Numbers that are the same in each run (xorshift).
pub(super) struct Seeded(pub(super) u64);

impl Seeded {
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}

/// Cuts a sample at many lengths and flips bits in it: nothing may panic, and
/// what is cut off is never silent.
pub(super) fn batter(sample: &[u8], media_type: &str) {
    let small = || Budget {
        text: 1 << 20,
        work: 8 << 20,
        ..Budget::new()
    };
    let step = (sample.len() / 150).max(1);
    for end in (0..sample.len()).step_by(step) {
        run_with(&sample[..end], media_type, small());
    }
    let mut random = Seeded(0x5eed);
    for _ in 0..300 {
        let mut bytes = sample.to_vec();
        for _ in 0..=random.below(6) {
            let at = random.below(bytes.len());
            bytes[at] = match random.below(3) {
                0 => bytes[at] ^ (1 << random.below(8)),
                1 => random.below(256) as u8,
                _ => bytes[random.below(bytes.len())],
            };
        }
        run_with(&bytes, media_type, small());
    }
}
