//! What the fields of HL7 v2 segments hold.

use crate::dlp::FindingKind;

/// How a field is to be read.
#[derive(Clone, Copy)]
pub(super) enum Holds {
    /// The first component, of this kind.
    Plain(FindingKind),
    /// An identifier (CX), of this kind unless its type says another.
    Id(FindingKind),
    /// A person's name (XPN).
    Name,
    /// A person of the staff (XCN).
    Provider,
    /// The same within the first component (NDL).
    ProviderParts,
    /// An address (XAD).
    Address,
    /// A telephone number or mail address (XTN).
    Phone,
    /// A location (PL), whose fourth component is the facility.
    Place,
    /// A coded element (CWE), whose words are of this kind.
    Code(FindingKind),
    /// What somebody is allergic to: a drug, where the field before says so.
    Allergen,
    /// A value of the type that OBX-2 names.
    Observed,
}

/// What the field of this number holds, if anything personal.
pub(super) fn holds(segment: &[u8; 3], number: usize) -> Option<Holds> {
    use FindingKind as K;
    use Holds::{
        Address, Allergen, Code, Id, Name, Observed, Phone, Place, Plain, Provider, ProviderParts,
    };
    const DATE: Holds = Plain(K::Date);
    const OTHER: Holds = Plain(K::OtherId);
    const PLAN: Holds = Plain(K::HealthPlanId);
    Some(match (segment, number) {
        (b"MSH", 4 | 6) => Plain(K::Facility),
        (b"MSH", 7) => DATE,
        (b"EVN", 2 | 3 | 6) => DATE,
        (b"EVN", 5) => Provider,
        (b"EVN", 7) => Plain(K::Facility),

        (b"PID", 2..=4) => Id(K::Mrn),
        (b"PID", 5 | 6 | 9) => Name,
        (b"PID", 7 | 29) => DATE,
        (b"PID", 11) => Address,
        (b"PID", 13 | 14 | 40) => Phone,
        (b"PID", 18) => Plain(K::Account),
        (b"PID", 19) => Plain(K::Ssn),
        (b"PID", 20) => Plain(K::License),
        (b"PID", 21) => Id(K::Mrn),
        (b"PD1", 3) => Plain(K::Facility),
        (b"PD1", 4) => Provider,
        (b"MRG", 1 | 2 | 4) => Id(K::Mrn),
        (b"MRG", 3) => Plain(K::Account),
        (b"MRG", 5 | 6) => OTHER,
        (b"MRG", 7) => Name,

        (b"NK1", 2 | 26 | 30) => Name,
        (b"NK1", 4 | 32) => Address,
        (b"NK1", 5 | 6 | 31 | 40) => Phone,
        (b"NK1", 12 | 33) => Id(K::OtherId),
        (b"NK1", 16) => DATE,
        (b"NK1", 37) => Plain(K::Ssn),
        (b"GT1", 2) => Id(K::Account),
        (b"GT1", 3 | 4 | 42 | 45) => Name,
        (b"GT1", 5) => Address,
        (b"GT1", 6 | 7 | 46) => Phone,
        (b"GT1", 8) => DATE,
        (b"GT1", 12) => Plain(K::Ssn),

        (b"PV1", 3) => Place,
        (b"PV1", 5 | 19 | 50) => OTHER,
        (b"PV1", 7 | 8 | 9 | 17 | 52) => Provider,
        (b"PV1", 44 | 45) => DATE,
        (b"PV2", 3) => Code(K::Condition),
        (b"PV2", 8 | 9) => DATE,
        (b"PV2", 13) => Provider,
        (b"ROL", 4) => Provider,
        (b"ROL", 5 | 6) => DATE,
        (b"PRT", 5) => Provider,
        (b"PRD", 2) => Provider,

        (b"IN1", 8 | 36 | 49) => PLAN,
        (b"IN1", 16) => Name,
        (b"IN1", 18) => DATE,
        (b"IN1", 19) => Address,
        (b"IN2", 1) => OTHER,
        (b"IN2", 2) => Plain(K::Ssn),
        (b"IN2", 6 | 8 | 61) => PLAN,
        (b"IN2", 7 | 40) => Name,
        (b"IN2", 63 | 64) => Phone,

        (b"ACC", 1) => DATE,
        (b"AL1" | b"IAM", 3) => Allergen,
        (b"AL1", 6) => DATE,
        (b"DG1", 3 | 4) => Code(K::Condition),
        (b"DG1", 5 | 19) => DATE,
        (b"DG1", 16) => Provider,
        (b"PRB", 2 | 7) => DATE,
        (b"PRB", 3) => Code(K::Condition),
        (b"PRB", 4) => OTHER,
        (b"PR1", 3 | 4) => Code(K::Procedure),
        (b"PR1", 5) => DATE,
        (b"PR1", 8 | 11 | 12) => Provider,
        (b"PDA", 1) => Code(K::Condition),

        (b"ORC", 2..=4) => OTHER,
        (b"ORC", 9 | 15) => DATE,
        (b"ORC", 10..=12) => Provider,
        (b"ORC", 21) => Plain(K::Facility),
        (b"OBR", 2 | 3) => OTHER,
        (b"OBR", 4) => Code(K::Procedure),
        (b"OBR", 6 | 7 | 8 | 14 | 22) => DATE,
        (b"OBR", 10 | 16 | 28) => Provider,
        (b"OBR", 32..=35) => ProviderParts,
        (b"OBX", 3) => Code(K::Lab),
        (b"OBX", 5) => Observed,
        (b"OBX", 14 | 19) => DATE,
        (b"OBX", 16) => Provider,
        (b"OBX", 23) => Plain(K::Facility),
        (b"SPM", 2) => OTHER,
        (b"SPM", 17 | 18) => DATE,
        (b"SAC", 3) => OTHER,
        (b"TXA", 4 | 6 | 7 | 8) => DATE,
        (b"TXA", 5 | 9 | 10 | 11) => Provider,
        (b"TXA", 12) => OTHER,

        (b"RXO", 1) => Code(K::Medication),
        (b"RXE" | b"RXD" | b"RXC", 2) => Code(K::Medication),
        (b"RXG", 4) => Code(K::Medication),
        (b"RXA", 5) => Code(K::Medication),
        (b"RXA", 3 | 4) => DATE,
        (b"RXA", 10) => Provider,
        (b"RXA", 11) => Place,
        (b"RXO", 14) => Provider,
        (b"RXE", 13 | 14) => Provider,
        (b"RXE", 15) => OTHER,
        (b"RXD", 3) => DATE,
        (b"RXD", 7) => OTHER,
        (b"RXD", 10) => Provider,
        (b"FT1", 2) => OTHER,
        (b"FT1", 4 | 5) => DATE,
        (b"FT1", 7 | 25) => Code(K::Procedure),
        (b"FT1", 19) => Code(K::Condition),
        (b"FT1", 20 | 21) => Provider,
        (b"FT1", 29) => Code(K::Medication),

        (b"SCH", 1 | 2 | 26 | 27) => OTHER,
        (b"SCH", 12 | 16 | 20) => Provider,
        (b"AIS", 3) => Code(K::Procedure),
        (b"AIS", 4) => DATE,
        (b"AIP", 3) => Provider,
        (b"AIP" | b"AIL", 6) => DATE,
        (b"AIL", 3) => Place,
        (b"AIG", 8) => DATE,
        (b"TQ1", 7 | 8) => DATE,
        (b"RF1", 6) => OTHER,
        (b"RF1", 7..=9) => DATE,
        (b"AUT", 6) => OTHER,
        _ => return None,
    })
}
