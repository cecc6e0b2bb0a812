use super::{all, has, hints, lacks, read};
use crate::dlp::FindingKind as K;

const CLAIM: &str = "ST*837*0007*005010X222A1~\nBHT*0019*00*44120*20250422*1802*CH~\n\
NM1*41*2*CLEARING HOUSE*****46*X1~\nPER*IC*DESK*TE*8005550100~\n\
NM1*85*2*ALDER RHEUMATOLOGY*****XX*1763012170~\nN3*1 MAIN ST~\nN4*DAYTON*OH*45401~\nREF*EI*311234567~\n\
SBR*P*18*OHP2207******CI~\nNM1*IL*1*WANJI*ESTHER*K***MI*OHP6004~\nN3*55 KESTREL ST*APT 2~\nN4*DAYTON*OH*45402~\nDMG*D8*19820730*F~\n\
REF*SY*261177512~\nPER*IC**HP*9375550123*EM*e@mail.example~\nNM1*PR*2*OHIO PLAN*****PI*12345~\n\
CLM*AR-77120*412.5***11:B:1*Y*A*Y*Y~\nREF*EA*MR-5~\nREF*G1*PA-9~\nREF*D9*CC-1~\nHI*ABK:M0579*ABF:E119~\nNM1*82*1*OKON*IFE****XX*1234567893~\nLX*1~\n\
SV1*HC:99214:25*187.5*UN*1***1~\nDTP*472*RD8*20250418-20250419~\nLIN**N4*00093104801~\nSE*14*0007~\n";

#[test]
fn segments_say_what_their_elements_are() {
    let record = read(CLAIM, "text/plain").unwrap();
    assert!(record.patient_record);
    let found = all(CLAIM, &record);
    for (kind, value) in [
        (K::Date, "20250422"),
        (K::Facility, "ALDER RHEUMATOLOGY"),
        (K::Npi, "1763012170"),
        (K::HealthPlanId, "OHP2207"),
        (K::Name, "WANJI*ESTHER*K"),
        (K::HealthPlanId, "OHP6004"),
        (K::Address, "55 KESTREL ST*APT 2"),
        (K::Address, "DAYTON*OH*45402"),
        (K::Date, "19820730"),
        (K::Ssn, "261177512"),
        (K::Phone, "9375550123"),
        (K::Email, "e@mail.example"),
        (K::Account, "AR-77120"),
        (K::Mrn, "MR-5"),
        (K::OtherId, "PA-9"),
        (K::Account, "CC-1"),
        (K::Icd10, "M0579"),
        (K::Icd10, "E119"),
        (K::Provider, "OKON*IFE"),
        (K::Npi, "1234567893"),
        (K::Cpt, "99214"),
        (K::Date, "20250418-20250419"),
        (K::Ndc, "00093104801"),
    ] {
        has(&found, kind, value);
    }
    for value in [
        "CLEARING",
        "8005550100",
        "1 MAIN",
        "45401",
        "311234567",
        "OHIO PLAN",
        "12345*",
    ] {
        lacks(&found, value);
    }
    assert_eq!(found.len(), 23);
}

#[test]
fn an_interchange_declares_its_delimiters() {
    let isa = "ISA|00|          |00|          |ZZ|SENDER         |ZZ|RECEIVER       |250422|1802|^|00501|000000001|0|P|!'";
    assert_eq!(isa.len(), 106);
    let body = CLAIM
        .replace('\n', "")
        .replace('*', "|")
        .replace('~', "'")
        .replace(':', "!");
    let text =
        format!("{isa}GS|HC|A|B|20250422|1802|1|X|005010X222A1'{body}GE|1|1'IEA|1|000000001'");
    let found = hints(&text, "application/edi-x12");
    has(&found, K::Name, "WANJI|ESTHER|K");
    has(&found, K::Icd10, "E119");
    assert_eq!(found.len(), 23);
}

#[test]
fn pasted_into_a_mail_it_is_still_read() {
    let text = format!(
        "Hi, it says:\n\n> {}\n\nThanks, Kim Lee*Poe\n",
        CLAIM.trim_end().replace('\n', "\n> ")
    );
    let found = hints(&text, "text/plain");
    assert_eq!(found.len(), 23);
}

#[test]
fn a_payment_names_its_patient() {
    let text = "ST*835*1~BPR*I*100*C~N1*PR*PLAN~N1*PE*DUNE CLINIC*XX*1234567893~CLP*P-1*1*100*80**12*ICN-5~NM1*QC*1*LIND*BO****MI*W-2~SVC*HC:99213*100*80~DTM*472*20250101~SE*1*1~";
    let record = read(text, "").unwrap();
    assert!(record.patient_record);
    let found = all(text, &record);
    for (kind, value) in [
        (K::Facility, "DUNE CLINIC"),
        (K::Npi, "1234567893"),
        (K::Account, "P-1"),
        (K::Account, "ICN-5"),
        (K::Name, "LIND*BO"),
        (K::HealthPlanId, "W-2"),
        (K::Cpt, "99213"),
        (K::Date, "20250101"),
    ] {
        has(&found, kind, value);
    }
    lacks(&found, "PLAN");
}

#[test]
fn purchase_orders_are_no_health_care() {
    assert!(read("ST*850*1~BEG*00*SA*1~N1*BT*LIND BO~SE*1*1~", "").is_none());
}
