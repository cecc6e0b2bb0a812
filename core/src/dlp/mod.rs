//! Finding PHI: the scanner's place, its findings, and the scanner for kinds
//! with rules or checksums.

mod findings;

pub use findings::{
    Category, Confidence, Finding, FindingClass, FindingKind, Findings, Unscannable,
};
pub use crate::base::Part;
