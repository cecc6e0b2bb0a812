//! The code systems of the field, by URL, OID or URN.

use crate::dlp::FindingKind;

/// A code system.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum System {
    Icd10,
    Icd10Procedures,
    Icd9,
    Loinc,
    RxNorm,
    Vaccines,
    Ndc,
    Cpt,
    Snomed,
}

impl System {
    /// What its codes are.
    pub(super) fn code(self) -> Option<FindingKind> {
        match self {
            Self::Icd10 | Self::Icd10Procedures => Some(FindingKind::Icd10),
            Self::Loinc => Some(FindingKind::Loinc),
            Self::Ndc => Some(FindingKind::Ndc),
            Self::Cpt => Some(FindingKind::Cpt),
            Self::Icd9 | Self::RxNorm | Self::Vaccines | Self::Snomed => None,
        }
    }

    /// What the words for its codes are, where they are always the same.
    pub(super) fn words(self) -> Option<FindingKind> {
        match self {
            Self::Icd10 | Self::Icd9 => Some(FindingKind::Condition),
            Self::RxNorm | Self::Vaccines | Self::Ndc => Some(FindingKind::Medication),
            Self::Cpt | Self::Icd10Procedures => Some(FindingKind::Procedure),
            Self::Loinc | Self::Snomed => None,
        }
    }
}

/// The system that a URL, an OID or a URN names.
pub(super) fn system(name: &str) -> Option<System> {
    let oid = name.strip_prefix("urn:oid:").unwrap_or(name);
    Some(match oid {
        "2.16.840.1.113883.6.90" | "2.16.840.1.113883.6.3" => System::Icd10,
        "2.16.840.1.113883.6.4" => System::Icd10Procedures,
        "2.16.840.1.113883.6.103" | "2.16.840.1.113883.6.104" => System::Icd9,
        "2.16.840.1.113883.6.1" => System::Loinc,
        "2.16.840.1.113883.6.88" => System::RxNorm,
        "2.16.840.1.113883.12.292" | "2.16.840.1.113883.6.59" => System::Vaccines,
        "2.16.840.1.113883.6.69" => System::Ndc,
        "2.16.840.1.113883.6.12" | "2.16.840.1.113883.6.14" | "2.16.840.1.113883.6.285" => {
            System::Cpt
        }
        "2.16.840.1.113883.6.96" => System::Snomed,
        url => {
            let url = url.to_ascii_lowercase();
            let has = |word: &str| url.contains(word);
            if has("loinc") {
                System::Loinc
            } else if has("icd-10-pcs") || has("icd10pcs") {
                System::Icd10Procedures
            } else if has("icd-10") || has("icd10") {
                System::Icd10
            } else if has("icd-9") || has("icd9") {
                System::Icd9
            } else if has("rxnorm") {
                System::RxNorm
            } else if has("cvx") {
                System::Vaccines
            } else if has("/ndc") {
                System::Ndc
            } else if has("/cpt") || has("hcpcs") {
                System::Cpt
            } else if has("snomed") {
                System::Snomed
            } else {
                return None;
            }
        }
    })
}

/// The kind of the identifiers of a naming system.
pub(super) fn identifier_system(name: &str) -> Option<FindingKind> {
    use FindingKind as K;
    let oid = name.strip_prefix("urn:oid:").unwrap_or(name);
    Some(match oid {
        "2.16.840.1.113883.4.1" => K::Ssn,
        "2.16.840.1.113883.4.6" => K::Npi,
        "2.16.840.1.113883.4.814" => K::Dea,
        // Medicare numbers, the old and the new.
        "2.16.840.1.113883.4.572" | "2.16.840.1.113883.4.927" | "2.16.840.1.113883.4.338" => {
            K::HealthPlanId
        }
        // Driver's licences of the states; passports.
        _ if oid.starts_with("2.16.840.1.113883.4.3.")
            || oid.starts_with("2.16.840.1.113883.4.330") =>
        {
            K::License
        }
        url => {
            let url = url.to_ascii_lowercase();
            let has = |word: &str| url.contains(word);
            if has("us-ssn") {
                K::Ssn
            } else if has("us-npi") {
                K::Npi
            } else if has("us-mbi")
                || has("us-medicare")
                || has("medicaid")
                || has("hicn")
                || has("patient-identifier/member")
            {
                K::HealthPlanId
            } else if has("clm_id") {
                K::Account
            } else if has("driver") || has("passport") {
                K::License
            } else if has("mrn") || has("medical-record") {
                K::Mrn
            } else {
                return None;
            }
        }
    })
}
