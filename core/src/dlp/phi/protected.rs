//! What makes PHI specially protected whatever the weights say: a code of a diagnosis
//! or a procedure, and a finding that names what the law protects and nothing else.

use std::collections::BTreeSet;

use zeroize::Zeroizing;

use super::Scan;
use crate::dlp::{Category, Confidence, Evidence, Finding, FindingKind, Part};

impl Scan<'_> {
    /// What the findings of the message say beyond doubt.
    pub(super) fn categories_by_code(&self) -> Vec<Category> {
        unmistakable(&self.found.items)
    }

    /// The protected categories of what was found.
    pub(super) fn categories(&self) -> Vec<Category> {
        let mut all: Vec<_> = (self.found.items.iter())
            .filter_map(|f| f.category)
            .collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// The protected categories, each once, that codes of diagnoses and procedures tell, where
/// a label, the format or a point within shows that they are such codes, and findings
/// that name nothing else.
pub(super) fn unmistakable(found: &[Finding]) -> Vec<Category> {
    let is_code = |f: &&Finding| {
        let shows = |e: &Evidence| matches!(e, Evidence::Label | Evidence::Structure);
        let shown = f.evidence.iter().any(shows);
        match f.kind {
            FindingKind::Icd10 => shown || f.expose().expose().contains('.'),
            FindingKind::Cpt => shown,
            _ => false,
        }
    };
    // And the weights ask for more than the one word that a file often has, and
    // a result sometimes.
    let is_named = |f: &&Finding| {
        let in_file = || {
            let file = matches!(f.part, Part::Attachment(_));
            file && f.category == Some(Category::StiHiv)
        };
        f.confidence >= Confidence::Medium && (in_file() || is_unmistakable(f))
    };
    let told = |f: &&Finding| is_code(f) || is_named(f);
    let told = found.iter().filter(told).filter_map(|f| f.category);
    let told: BTreeSet<Category> = told.collect();
    told.into_iter().collect()
}

/// Whether a finding names what the law protects and nothing else: `prep`, `hepatitis`
/// and `anxious` may be something else.
fn is_unmistakable(finding: &Finding) -> bool {
    let names: &[&str] = match finding.category {
        Some(Category::StiHiv) => &[
            "biktarvy",
            "cd4",
            "chlamydia",
            "descovy",
            "genital herpes",
            "genital warts",
            "gonorrh",
            "hiv",
            "syphilis",
            "trichomon",
            "truvada",
        ],
        Some(Category::Genetic) => &[
            "brca",
            "genetic",
            "huntington",
            "karyotype",
            "lynch syndrome",
            "trisomy",
        ],
        Some(Category::MentalHealth) => &[
            "anorexia nervosa",
            "bipolar",
            "bulimi",
            "clozapine",
            "depression",
            "depressive",
            "eating disorder",
            "panic attack",
            "panic disorder",
            "psychosis",
            "psychotic",
            "ptsd",
            "schizo",
            "self-harm",
            "suicid",
        ],
        Some(Category::SubstanceUse) => &[
            "alcohol use disorder",
            "alcoholism",
            "buprenorphine",
            "cocaine",
            "heroin",
            "methadone",
            "opioid use disorder",
            "suboxone",
            "vivitrol",
        ],
        Some(Category::Reproductive) => &[
            "abortion",
            "infertil",
            "mifepristone",
            "miscarr",
            "vasectomy",
        ],
        Some(Category::Abuse) => &[
            "child abuse",
            "domestic violence",
            "elder abuse",
            "sexual assault",
        ],
        _ => return false,
    };
    // Of the breath, of a line of the heart's.
    const OF_OTHERS: [&str; 3] = ["respiratory", "segment", "marrow"];
    let value = Zeroizing::new(finding.expose().expose().to_ascii_lowercase());
    let has = |names: &[&str]| names.iter().any(|name| value.contains(name));
    has(names) && !has(&OF_OTHERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(category: Category, value: &str) -> bool {
        let mut finding = Finding::new(
            FindingKind::Condition,
            Part::Text,
            0..value.len(),
            Confidence::High,
            value.to_owned(),
        );
        finding.category = Some(category);
        is_unmistakable(&finding)
    }

    #[test]
    fn what_may_be_something_else_is_left_to_the_weights() {
        for (category, value, wanted) in [
            (Category::MentalHealth, "Major Depression", true),
            (Category::MentalHealth, "bulimia", true),
            (Category::MentalHealth, "respiratory depression", false),
            (
                Category::MentalHealth,
                "depression of the ST segment",
                false,
            ),
            (Category::MentalHealth, "anxious", false),
            (Category::SubstanceUse, "opioid use disorder", true),
            (Category::SubstanceUse, "crack", false),
            (Category::Genetic, "trisomy 21", true),
            (Category::Reproductive, "miscarriage", true),
            (Category::Abuse, "bruises", false),
            (Category::StiHiv, "HIV", true),
            (Category::StiHiv, "hepatitis", false),
            // Of another category than it names.
            (Category::Genetic, "HIV", false),
        ] {
            assert_eq!(named(category, value), wanted, "{value}");
        }
    }
}
