//! Which codes of diagnoses, procedures and tests are of a protected category:
//! a bill or an order often says no more than `F43.10` or `H0020`.
//!
//! Ranges by the chapters of ICD-10-CM (CDC/NCHS) and by the sections of HCPCS
//! (CMS) and of procedure codes; what is of a category is what the word lists
//! have there.

use crate::dlp::passage::Passage;
use crate::dlp::tagger::Tag;
use crate::dlp::{Category, FindingKind};

use Category::{Abuse, Genetic, MentalHealth, Reproductive, StiHiv, SubstanceUse};

/// Codes that begin with something from the first to the last, which are of one
/// length. What stands further up wins.
type Range = (&'static str, &'static str, Category);

/// Diagnoses, without the point.
const ICD: &[Range] = &[
    // Certain infectious diseases: syphilis to other sexually transmitted ones.
    ("A50", "A64", StiHiv),
    ("B20", "B20", StiHiv),
    ("B9735", "B9735", StiHiv),
    ("B977", "B977", StiHiv),
    ("R878", "R878", StiHiv),
    ("R75", "R75", StiHiv),
    // Tobacco is no part of what 42 CFR Part 2 protects.
    ("F10", "F16", SubstanceUse),
    ("F18", "F19", SubstanceUse),
    ("F20", "F69", MentalHealth),
    ("F70", "F79", MentalHealth),
    ("F84", "F84", MentalHealth),
    ("F90", "F99", MentalHealth),
    ("K70", "K70", SubstanceUse),
    ("K292", "K292", SubstanceUse),
    ("K852", "K852", SubstanceUse),
    ("P044", "P044", SubstanceUse),
    ("P961", "P961", SubstanceUse),
    ("R780", "R785", SubstanceUse),
    ("T40", "T40", SubstanceUse),
    ("T510", "T510", SubstanceUse),
    ("Y90", "Y91", SubstanceUse),
    ("R4585", "R4585", MentalHealth),
    ("R4588", "R4588", MentalHealth),
    ("T1491", "T1491", MentalHealth),
    ("X71", "X83", MentalHealth),
    // Confirmed and suspected abuse, assault and who did it.
    ("T74", "T74", Abuse),
    ("T76", "T76", Abuse),
    ("X92", "X99", Abuse),
    ("Y00", "Y09", Abuse),
    ("Z044", "Z044", Abuse),
    ("Z047", "Z048", Abuse),
    ("Z6281", "Z6281", Abuse),
    ("Z69", "Z69", Abuse),
    ("Z9141", "Z9142", Abuse),
    ("E282", "E283", Reproductive),
    ("N46", "N46", Reproductive),
    ("N80", "N80", Reproductive),
    ("N95", "N98", Reproductive),
    // In pregnancy: what is told besides it.
    ("O981", "O983", StiHiv),
    ("O987", "O987", StiHiv),
    ("O9931", "O9932", SubstanceUse),
    ("O9934", "O9934", MentalHealth),
    ("O9A3", "O9A5", Abuse),
    ("O", "O", Reproductive),
    ("D56", "D57", Genetic),
    ("D66", "D67", Genetic),
    ("D680", "D680", Genetic),
    ("E750", "E750", Genetic),
    ("E8311", "E8311", Genetic),
    ("G710", "G710", Genetic),
    ("Q850", "Q850", Genetic),
    ("Q874", "Q874", Genetic),
    ("E84", "E84", Genetic),
    ("G10", "G10", Genetic),
    ("Q90", "Q99", Genetic),
    // Factors that influence health status: why somebody comes.
    ("Z113", "Z114", StiHiv),
    ("Z1151", "Z1151", StiHiv),
    ("Z224", "Z224", StiHiv),
    ("Z133", "Z133", MentalHealth),
    ("Z137", "Z137", Genetic),
    ("Z14", "Z15", Genetic),
    ("Z202", "Z202", StiHiv),
    ("Z206", "Z206", StiHiv),
    ("Z21", "Z21", StiHiv),
    ("Z2981", "Z2981", StiHiv),
    ("Z3143", "Z3144", Genetic),
    ("Z315", "Z315", Genetic),
    ("Z30", "Z37", Reproductive),
    ("Z39", "Z39", Reproductive),
    ("Z3A", "Z3A", Reproductive),
    ("Z640", "Z641", Reproductive),
    ("Z714", "Z715", SubstanceUse),
    ("Z717", "Z717", StiHiv),
    ("Z7183", "Z7183", Genetic),
    ("Z793", "Z793", Reproductive),
    ("Z8481", "Z8481", Genetic),
    ("Z865", "Z865", MentalHealth),
    ("Z875", "Z875", Reproductive),
    ("Z915", "Z915", MentalHealth),
    ("Z975", "Z975", Reproductive),
    ("Z9851", "Z9852", Reproductive),
];

/// Procedures, tests and drugs that are given.
const CPT: &[Range] = &[
    ("55250", "55250", Reproductive),
    ("57170", "57170", Reproductive),
    ("58300", "58301", Reproductive),
    ("11976", "11976", Reproductive),
    ("58321", "58340", Reproductive),
    ("58565", "58565", Reproductive),
    ("58600", "58615", Reproductive),
    ("58670", "58671", Reproductive),
    ("58970", "58976", Reproductive),
    ("59000", "59899", Reproductive),
    ("76801", "76828", Reproductive),
    ("80305", "80307", SubstanceUse),
    ("80320", "80322", SubstanceUse),
    ("80324", "80326", SubstanceUse),
    ("80348", "80348", SubstanceUse),
    ("80353", "80354", SubstanceUse),
    ("80356", "80356", SubstanceUse),
    ("80358", "80359", SubstanceUse),
    ("80361", "80365", SubstanceUse),
    ("81025", "81025", Reproductive),
    ("81161", "81369", Genetic),
    ("81400", "81479", Genetic),
    ("82166", "82166", Reproductive),
    ("84702", "84703", Reproductive),
    ("86360", "86361", StiHiv),
    ("86592", "86593", StiHiv),
    ("86689", "86689", StiHiv),
    ("86694", "86696", StiHiv),
    ("86701", "86703", StiHiv),
    ("86780", "86780", StiHiv),
    ("87389", "87391", StiHiv),
    ("87490", "87492", StiHiv),
    ("87528", "87530", StiHiv),
    ("87534", "87539", StiHiv),
    ("87590", "87592", StiHiv),
    ("87623", "87625", StiHiv),
    ("87661", "87661", StiHiv),
    ("87806", "87806", StiHiv),
    ("87900", "87901", StiHiv),
    ("87903", "87904", StiHiv),
    ("87906", "87906", StiHiv),
    ("88230", "88299", Genetic),
    ("89250", "89398", Reproductive),
    ("90785", "90785", MentalHealth),
    ("90791", "90899", MentalHealth),
    ("96040", "96041", Genetic),
    ("96127", "96127", MentalHealth),
    ("96130", "96139", MentalHealth),
    ("97151", "97158", MentalHealth),
    ("99170", "99170", Abuse),
    ("99408", "99409", SubstanceUse),
    ("99484", "99484", MentalHealth),
    ("99492", "99494", MentalHealth),
    ("G0396", "G0397", SubstanceUse),
    ("G0410", "G0411", MentalHealth),
    ("G0432", "G0435", StiHiv),
    ("G0442", "G0443", SubstanceUse),
    ("G0444", "G0444", MentalHealth),
    ("G0445", "G0445", StiHiv),
    ("G0475", "G0476", StiHiv),
    ("G0480", "G0483", SubstanceUse),
    ("G0659", "G0659", SubstanceUse),
    ("G2011", "G2011", SubstanceUse),
    ("G2067", "G2080", SubstanceUse),
    ("G2082", "G2083", MentalHealth),
    ("G2086", "G2088", SubstanceUse),
    ("H0001", "H0001", SubstanceUse),
    ("H0003", "H0003", SubstanceUse),
    ("H0005", "H0016", SubstanceUse),
    ("H0018", "H0018", SubstanceUse),
    ("H0020", "H0022", SubstanceUse),
    ("H0026", "H0029", SubstanceUse),
    ("H0047", "H0050", SubstanceUse),
    ("H0002", "H0046", MentalHealth),
    ("H1000", "H1010", Reproductive),
    ("H2034", "H2036", SubstanceUse),
    ("H2011", "H2033", MentalHealth),
    ("J0401", "J0402", MentalHealth),
    ("J0570", "J0578", SubstanceUse),
    ("J0739", "J0739", StiHiv),
    ("J0741", "J0741", StiHiv),
    ("J1050", "J1050", Reproductive),
    ("J1631", "J1631", MentalHealth),
    ("J1943", "J1944", MentalHealth),
    ("J1961", "J1961", StiHiv),
    ("J2315", "J2315", SubstanceUse),
    ("J2358", "J2358", MentalHealth),
    ("J2426", "J2427", MentalHealth),
    ("J2680", "J2680", MentalHealth),
    ("J2794", "J2794", MentalHealth),
    ("J2798", "J2799", MentalHealth),
    ("J7294", "J7307", Reproductive),
    ("Q9991", "Q9992", SubstanceUse),
    ("S0190", "S0191", Reproductive),
    ("S0199", "S0199", Reproductive),
    ("S0265", "S0265", Genetic),
    ("S2260", "S2267", Reproductive),
    ("S3800", "S3870", Genetic),
    ("S4005", "S4042", Reproductive),
    ("S4981", "S4981", Reproductive),
    ("S4989", "S4989", Reproductive),
    ("S4993", "S4993", Reproductive),
    ("S9475", "S9475", SubstanceUse),
    ("S9480", "S9485", MentalHealth),
    ("T1006", "T1007", SubstanceUse),
    ("T1012", "T1012", SubstanceUse),
];

/// The category of a tag that is such a code.
pub(crate) fn category_of_code(passage: &Passage<'_>, tag: &Tag) -> Option<Category> {
    let table = match tag.kind {
        FindingKind::Icd10 => ICD,
        FindingKind::Cpt => CPT,
        _ => return None,
    };
    let text = passage.bytes_of(tag.first..tag.last);
    // One code or several, each with what is added to it (`H0020-HG`).
    let pieces = text.split(|b| !b.is_ascii_alphanumeric() && *b != b'.');
    pieces
        .map(|piece| {
            let letters = piece.iter().filter(|b| **b != b'.');
            letters.map(u8::to_ascii_uppercase).collect::<Vec<u8>>()
        })
        .filter(|code| code.len() >= 3 && code.iter().any(u8::is_ascii_digit))
        .find_map(|code| {
            let of = |(first, last, _): &&Range| {
                code.get(..first.len())
                    .is_some_and(|start| (first.as_bytes()..=last.as_bytes()).contains(&start))
            };
            table.iter().find(of).map(|(.., category)| *category)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dlp::passage::Region;

    fn category(text: &str, kind: FindingKind) -> Option<Category> {
        let passage = Passage::read(text.as_bytes(), 0, text.len(), Region::Body);
        let tag = Tag {
            first: 0,
            last: passage.items.len(),
            kind,
            margin: 1,
        };
        category_of_code(&passage, &tag)
    }

    #[test]
    fn codes_have_the_category_of_their_range() {
        use FindingKind::{Cpt, Icd10, Loinc};
        for (code, kind, wanted) in [
            ("F43.10", Icd10, Some(MentalHealth)),
            ("f4310", Icd10, Some(MentalHealth)),
            ("F11.20", Icd10, Some(SubstanceUse)),
            ("F17.210", Icd10, None),
            ("F03.90", Icd10, None),
            ("T74.11XA", Icd10, Some(Abuse)),
            ("T73.0XXA", Icd10, None),
            ("Z21", Icd10, Some(StiHiv)),
            ("Z22.7", Icd10, None),
            ("O09.521", Icd10, Some(Reproductive)),
            ("Z31.430", Icd10, Some(Genetic)),
            ("Z31.41", Icd10, Some(Reproductive)),
            ("Z38.00", Icd10, None),
            ("I10", Icd10, None),
            ("H0020", Cpt, Some(SubstanceUse)),
            ("H0004", Cpt, Some(MentalHealth)),
            ("h2035", Cpt, Some(SubstanceUse)),
            ("90837", Cpt, Some(MentalHealth)),
            ("90900", Cpt, None),
            ("99213", Cpt, None),
            ("F43.10", Cpt, None),
            ("90837", Loinc, None),
            ("90837-95", Cpt, Some(MentalHealth)),
            ("H0020 HG U1", Cpt, Some(SubstanceUse)),
            ("99213, 90785", Cpt, Some(MentalHealth)),
            ("I10, F43.10", Icd10, Some(MentalHealth)),
            ("E11.9; Z21", Icd10, Some(StiHiv)),
            ("O98.711", Icd10, Some(StiHiv)),
            ("OR", Icd10, None),
            ("F", Icd10, None),
        ] {
            assert_eq!(category(code, kind), wanted, "{code}");
        }
    }

    #[test]
    fn ranges_are_of_one_length_and_not_hidden_behind_others() {
        for table in [ICD, CPT] {
            for (n, (first, last, of)) in table.iter().enumerate() {
                assert_eq!(first.len(), last.len(), "{first}");
                assert!(first <= last, "{first}");
                assert!(
                    first
                        .bytes()
                        .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
                );
                let hidden = table.iter().take(n).any(|(a, b, _)| {
                    let (first, last) = (first.get(..a.len()), last.get(..b.len()));
                    first.is_some_and(|f| f >= *a) && last.is_some_and(|l| l <= *b)
                });
                assert!(!hidden, "{first} {of:?}");
            }
        }
    }
}
