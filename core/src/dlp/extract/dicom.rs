//! DICOM files (PS3.10): the text of the header. Pictures are reported, since
//! names are often burned into them.

use super::walk::Walk;
use super::{Confidence, FindingKind, Hint, Piece};

/// Elements of one file, items of sequences counted.
const MAX_ELEMENTS: usize = 100_000;
/// Sequences within sequences.
const MAX_LEVELS: usize = 16;
/// Bytes of one text value; longer ones are cut.
const MAX_VALUE: usize = 1 << 20;
/// Bytes of a value that may be some numbers and nothing else.
const NUMBERS: usize = 16;

/// Names and kinds of elements that tell what their value is.
const ELEMENTS: &[(u16, u16, &str, Option<FindingKind>)] = &[
    (0x0008, 0x0012, "InstanceCreationDate", None),
    (0x0008, 0x0020, "StudyDate", Some(FindingKind::Date)),
    (0x0008, 0x0021, "SeriesDate", Some(FindingKind::Date)),
    (0x0008, 0x0022, "AcquisitionDate", Some(FindingKind::Date)),
    (0x0008, 0x0023, "ContentDate", Some(FindingKind::Date)),
    (
        0x0008,
        0x0050,
        "AccessionNumber",
        Some(FindingKind::OtherId),
    ),
    (0x0008, 0x0060, "Modality", None),
    (
        0x0008,
        0x0080,
        "InstitutionName",
        Some(FindingKind::Facility),
    ),
    (0x0008, 0x0081, "InstitutionAddress", None),
    (
        0x0008,
        0x0090,
        "ReferringPhysicianName",
        Some(FindingKind::Provider),
    ),
    (0x0008, 0x1030, "StudyDescription", None),
    (0x0008, 0x103e, "SeriesDescription", None),
    (
        0x0008,
        0x1048,
        "PhysiciansOfRecord",
        Some(FindingKind::Provider),
    ),
    (
        0x0008,
        0x1050,
        "PerformingPhysicianName",
        Some(FindingKind::Provider),
    ),
    (
        0x0008,
        0x1060,
        "NameOfPhysiciansReadingStudy",
        Some(FindingKind::Provider),
    ),
    (0x0008, 0x1070, "OperatorsName", Some(FindingKind::Provider)),
    (0x0008, 0x1080, "AdmittingDiagnosesDescription", None),
    (0x0010, 0x0010, "PatientName", Some(FindingKind::Name)),
    (0x0010, 0x0020, "PatientID", Some(FindingKind::Mrn)),
    (0x0010, 0x0030, "PatientBirthDate", Some(FindingKind::Date)),
    (0x0010, 0x0040, "PatientSex", None),
    (0x0010, 0x0050, "PatientInsurancePlanCodeSequence", None),
    (
        0x0010,
        0x1000,
        "OtherPatientIDs",
        Some(FindingKind::OtherId),
    ),
    (0x0010, 0x1001, "OtherPatientNames", Some(FindingKind::Name)),
    (0x0010, 0x1005, "PatientBirthName", Some(FindingKind::Name)),
    (0x0010, 0x1010, "PatientAge", None),
    (0x0010, 0x1040, "PatientAddress", Some(FindingKind::Address)),
    (
        0x0010,
        0x1060,
        "PatientMotherBirthName",
        Some(FindingKind::Name),
    ),
    (
        0x0010,
        0x1090,
        "MedicalRecordLocator",
        Some(FindingKind::Mrn),
    ),
    (0x0010, 0x2000, "MedicalAlerts", None),
    (0x0010, 0x2110, "Allergies", None),
    (
        0x0010,
        0x2154,
        "PatientTelephoneNumbers",
        Some(FindingKind::Phone),
    ),
    (0x0010, 0x2160, "EthnicGroup", None),
    (0x0010, 0x21b0, "AdditionalPatientHistory", None),
    (0x0010, 0x4000, "PatientComments", None),
    (
        0x0018,
        0x1000,
        "DeviceSerialNumber",
        Some(FindingKind::Device),
    ),
    (0x0020, 0x0010, "StudyID", Some(FindingKind::OtherId)),
    (
        0x0032,
        0x1032,
        "RequestingPhysician",
        Some(FindingKind::Provider),
    ),
    (0x0032, 0x1060, "RequestedProcedureDescription", None),
    (0x0038, 0x0010, "AdmissionID", Some(FindingKind::OtherId)),
    (0x0038, 0x0020, "AdmittingDate", Some(FindingKind::Date)),
];

/// Reads a file.
pub(super) fn read(walk: &mut Walk<'_>, data: &[u8]) {
    let mut reader = Reader {
        data,
        at: 132,
        explicit: true,
        elements: 0,
        charset: None,
        text: String::new(),
        hints: Vec::new(),
        patient: false,
        pixels: false,
        other: false,
        syntax: Vec::new(),
    };
    // The preamble may be anything, a picture of another format too.
    let preamble = data.get(..128).unwrap_or_default();
    reader.other |= preamble.iter().any(|b| *b != 0);
    let whole = reader.run(walk);
    if whole.is_none() {
        walk.fail("malformed");
    }
    if reader.pixels {
        walk.fail("image_only");
    }
    if reader.other {
        walk.fail("unsupported_type");
    }
    let Reader {
        text,
        hints,
        patient,
        ..
    } = reader;
    walk.piece(Piece {
        text,
        hints,
        patient_record: patient,
        inside: Some("header".to_owned()),
        ..Piece::default()
    });
}

struct Reader<'a> {
    data: &'a [u8],
    at: usize,
    explicit: bool,
    elements: usize,
    charset: Option<&'static str>,
    text: String,
    hints: Vec<Hint>,
    patient: bool,
    /// Whether there are pictures.
    pixels: bool,
    /// Whether there is content that is not read here.
    other: bool,
    syntax: Vec<u8>,
}

impl Reader<'_> {
    fn run(&mut self, walk: &mut Walk<'_>) -> Option<()> {
        // Group 2 is explicit little endian, whatever follows.
        let mut in_meta = true;
        // Ends of the sequences and items that are open; `None` by delimiter.
        let mut open: Vec<Option<usize>> = Vec::new();
        while self.at < self.data.len() {
            while open
                .last()
                .is_some_and(|end| end.is_some_and(|end| self.at >= end))
            {
                open.pop();
            }
            let group = self.u16(0)?;
            if in_meta && group != 2 {
                in_meta = false;
                match self.syntax.trim_ascii() {
                    b"1.2.840.10008.1.2" => self.explicit = false,
                    // Deflated, or big endian: nobody writes them any more.
                    b"1.2.840.10008.1.2.1.99" | b"1.2.840.10008.1.2.2" => {
                        self.other = true;
                        return Some(());
                    }
                    _ => {}
                }
            }
            let element = self.u16(2)?;
            self.elements += 1;
            if self.elements > MAX_ELEMENTS {
                walk.fail("too_many_entries");
                return Some(());
            }
            if group == 0xfffe {
                let length = self.u32(4)?;
                self.at += 8;
                match element {
                    0xe000 => {
                        if open.len() >= 2 * MAX_LEVELS {
                            walk.fail("too_deep");
                            return Some(());
                        }
                        open.push(self.end(length));
                    }
                    _ => {
                        open.pop();
                    }
                }
                continue;
            }
            let vr = self.vr(group, element)?;
            let (length, head) = self.length(vr)?;
            self.at += head;
            // Pixel data, floating point ones too, and what is laid over them.
            let overlay = (0x6000..0x6100).contains(&group) && element == 0x3000;
            if group == 0x7fe0 || overlay {
                self.pixels = true;
                match length {
                    u32::MAX => return Some(()),
                    length => self.at = self.at.checked_add(usize::try_from(length).ok()?)?,
                }
                if self.at > self.data.len() {
                    return None;
                }
                continue;
            }
            if vr == *b"SQ" || length == u32::MAX {
                if open.len() >= 2 * MAX_LEVELS {
                    walk.fail("too_deep");
                    return Some(());
                }
                open.push(self.end(length));
                continue;
            }
            let end = self.at.checked_add(usize::try_from(length).ok()?)?;
            let value = self.data.get(self.at..end)?;
            self.at = end;
            self.value(walk, group, element, vr, value);
        }
        // A sequence whose delimiter is missing is cut off.
        open.iter().all(Option::is_some).then_some(())
    }

    fn end(&self, length: u32) -> Option<usize> {
        (length != u32::MAX).then(|| self.at.saturating_add(length as usize))
    }

    fn vr(&self, group: u16, element: u16) -> Option<[u8; 2]> {
        if self.explicit || group == 2 {
            return self.data.get(self.at + 4..)?.first_chunk().copied();
        }
        // Implicit: of the elements that matter here.
        Some(match (group, element) {
            (0x0008, 0x1140 | 0x1115 | 0x2112) | (0x0010, 0x0050 | 0x1002) | (0x0040, 0x0275) => {
                *b"SQ"
            }
            (0x0008 | 0x0010 | 0x0032 | 0x0038 | 0x0040, _) => *b"LO",
            _ => *b"UN",
        })
    }

    /// The length of a value, and of the head before it.
    fn length(&self, vr: [u8; 2]) -> Option<(u32, usize)> {
        let explicit = self.explicit || self.u16(0)? == 2;
        if !explicit {
            return Some((self.u32(4)?, 8));
        }
        match &vr {
            b"OB" | b"OW" | b"OF" | b"OD" | b"OL" | b"OV" | b"SQ" | b"UN" | b"UT" | b"UC"
            | b"UR" | b"SV" | b"UV" => Some((self.u32(8)?, 12)),
            vr if vr.iter().all(u8::is_ascii_uppercase) => Some((u32::from(self.u16(6)?), 8)),
            _ => None,
        }
    }

    fn value(&mut self, walk: &mut Walk<'_>, group: u16, element: u16, vr: [u8; 2], value: &[u8]) {
        if (group, element) == (0x0002, 0x0010) {
            self.syntax = value.iter().copied().filter(|b| *b != 0).collect();
        }
        if (group, element) == (0x0008, 0x0005) {
            self.charset = charset(value);
            if self.charset.is_none() {
                walk.fail("unknown_charset");
            }
            return;
        }
        // An embedded document has a type of its own.
        if (group, element) == (0x0042, 0x0011) {
            walk.child("encapsulated document", value, "");
            return;
        }
        let is_bytes = matches!(&vr, b"OB" | b"OD" | b"OF" | b"OL" | b"OV" | b"OW" | b"UN");
        let is_text = matches!(
            &vr,
            b"AE"
                | b"AS"
                | b"CS"
                | b"DA"
                | b"DT"
                | b"LO"
                | b"LT"
                | b"PN"
                | b"SH"
                | b"ST"
                | b"TM"
                | b"UC"
                | b"UR"
                | b"UT"
                | b"IS"
                | b"DS"
        ) || (is_bytes && is_written(value));
        let known = ELEMENTS
            .iter()
            .find(|(g, e, ..)| (*g, *e) == (group, element));
        // A private element may hold a whole file.
        self.other |= group != 2 && !is_text && is_bytes && value.len() > NUMBERS;
        if group == 2 || !is_text || (matches!(&vr, b"IS" | b"DS" | b"TM") && known.is_none()) {
            return;
        }
        if value.len() > MAX_VALUE {
            walk.fail("too_large");
        }
        let value = value.get(..value.len().min(MAX_VALUE)).unwrap_or_default();
        let decoded = match value.is_ascii() {
            true => String::from_utf8_lossy(value).into_owned(),
            false => crate::compose::decode_charset(self.charset.unwrap_or("iso-8859-1"), value)
                .unwrap_or_else(|| super::text::latin(value)),
        };
        let decoded = decoded.replace(['\0', '\r', '\n'], " ");
        let decoded = decoded.trim();
        if decoded.is_empty() {
            return;
        }
        self.patient |= group == 0x0010 && matches!(element, 0x0010 | 0x0020);
        match known {
            Some((.., name, _)) => self.text.push_str(name),
            None => self.text.push_str(&format!("({group:04x},{element:04x})")),
        }
        self.text.push_str(": ");
        let start = self.text.len();
        self.text.push_str(decoded);
        if let Some((.., Some(kind))) = known {
            self.hints.push(Hint {
                range: start..self.text.len(),
                kind: *kind,
                confidence: Confidence::High,
            });
        }
        self.text.push('\n');
    }

    fn u16(&self, offset: usize) -> Option<u16> {
        self.data
            .get(self.at + offset..)?
            .first_chunk()
            .map(|b| u16::from_le_bytes(*b))
    }

    fn u32(&self, offset: usize) -> Option<u32> {
        self.data
            .get(self.at + offset..)?
            .first_chunk()
            .map(|b| u32::from_le_bytes(*b))
    }
}

/// Whether a value whose representation does not say so is text.
fn is_written(value: &[u8]) -> bool {
    let text = std::str::from_utf8(value).unwrap_or("\u{1}");
    let is_text = |c: char| !c.is_control() || matches!(c, '\0' | '\t' | '\r' | '\n');
    !value.is_empty() && text.chars().all(is_text)
}

/// The charset of `SpecificCharacterSet` (PS3.3 C.12.1.1.2).
fn charset(value: &[u8]) -> Option<&'static str> {
    let value = String::from_utf8_lossy(value);
    let value = value
        .rsplit('\\')
        .next()
        .unwrap_or_default()
        .trim_matches(['\0', ' ']);
    Some(
        match value
            .strip_prefix("ISO 2022 ")
            .unwrap_or(value)
            .trim_start_matches("ISO_")
        {
            "" | "IR 6" | "IR 100" => "iso-8859-1",
            "IR 101" => "iso-8859-2",
            "IR 109" => "iso-8859-3",
            "IR 110" => "iso-8859-4",
            "IR 144" => "iso-8859-5",
            "IR 127" => "iso-8859-6",
            "IR 126" => "iso-8859-7",
            "IR 138" => "iso-8859-8",
            "IR 148" => "iso-8859-9",
            "IR 166" => "tis-620",
            "IR 192" => "utf-8",
            "GB18030" => "gb18030",
            "GBK" => "gbk",
            "IR 13" => "shift_jis",
            "IR 87" | "IR 159" => "iso-2022-jp",
            "IR 149" => "euc-kr",
            _ => return None,
        },
    )
}
