use super::{all, has, hints, lacks, read};
use crate::dlp::FindingKind as K;
use crate::dlp::extract::Form;

const DOCUMENT: &str = r#"<?xml version="1.0"?>
<!DOCTYPE x [<!ENTITY a "b">]>
<ClinicalDocument xmlns="urn:hl7-org:v3">
  <id root="2.999.1" extension="DOC-7"/>
  <code code="34133-9" codeSystem="2.16.840.1.113883.6.1" displayName="Summary of episode"/>
  <effectiveTime value="20250117"/>
  <recordTarget><patientRole>
    <id root="2.999.88.7" extension="PPA-0917"/><id root="2.16.840.1.113883.4.1" extension="111-00-2330"/>
    <addr><streetAddressLine>9 Heron Ln</streetAddressLine><city>Salem</city><state>SC</state><postalCode>29440</postalCode></addr>
    <telecom value="tel:+1-843-555-0121" use="HP"/><telecom value="mailto:c@mail.example"/>
    <patient><name use="L"><given>Chidi</given><family>Ezeu</family></name><birthTime value="19890612"/>
      <guardian><guardianPerson><name>Ada Ezeu</name></guardianPerson></guardian></patient>
    <providerOrganization><name>Dune Clinic</name><telecom value="tel:8005550100"/></providerOrganization>
  </patientRole></recordTarget>
  <author><assignedAuthor><id root="2.16.840.1.113883.4.6" extension="1234567893"/><addr><city>Reno</city></addr>
    <assignedPerson><name><given>Ife</given><family>Okon</family></name></assignedPerson></assignedAuthor></author>
  <custodian><assignedCustodian><representedCustodianOrganization><name>Dune Health</name></representedCustodianOrganization></assignedCustodian></custodian>
  <component><section><code code="11450-4" codeSystem="2.16.840.1.113883.6.1" displayName="Problem list"/><text>Asthma of Bo</text>
    <entry><act><entryRelationship><observation><code code="55607006" codeSystem="2.16.840.1.113883.6.96" displayName="Problem"/>
      <value code="195967001" codeSystem="2.16.840.1.113883.6.96" displayName="Asthma"><translation code="J45.50" codeSystem="2.16.840.1.113883.6.90" displayName="Severe asthma"/></value>
      <effectiveTime><low value="20240203"/></effectiveTime></observation></entryRelationship></act></entry>
    <entry><substanceAdministration><doseQuantity value="1"/><consumable><manufacturedProduct><manufacturedMaterial>
      <code code="745679" codeSystem="2.16.840.1.113883.6.88" displayName="Albuterol 0.09 MG"/><name>Proventil</name></manufacturedMaterial></manufacturedProduct></consumable></substanceAdministration></entry>
    <entry><observation><code code="718-7" codeSystem="2.16.840.1.113883.6.1" displayName="Hemoglobin"/><value value="13.2"/></observation></entry>
    <entry><procedure><code code="44950" codeSystem="2.16.840.1.113883.6.12" displayName="Appendectomy"/></procedure></entry>
  </section></component>
</ClinicalDocument>"#;

#[test]
fn elements_say_what_they_are() {
    let record = read(DOCUMENT, "text/xml").unwrap();
    assert!(record.patient_record && record.form == Form::Markup);
    let found = all(DOCUMENT, &record);
    for (kind, value) in [
        (K::OtherId, "DOC-7"),
        (K::Date, "20250117"),
        (K::Mrn, "PPA-0917"),
        (K::Ssn, "111-00-2330"),
        (K::Address, "9 Heron Ln"),
        (K::Address, "Salem"),
        (K::Address, "29440"),
        (K::Phone, "+1-843-555-0121"),
        (K::Email, "c@mail.example"),
        (K::Name, "Chidi"),
        (K::Name, "Ezeu"),
        (K::Date, "19890612"),
        (K::Name, "Ada Ezeu"),
        (K::Facility, "Dune Clinic"),
        (K::Npi, "1234567893"),
        (K::Provider, "Ife"),
        (K::Provider, "Okon"),
        (K::Facility, "Dune Health"),
        (K::Condition, "Asthma"),
        (K::Icd10, "J45.50"),
        (K::Condition, "Severe asthma"),
        (K::Date, "20240203"),
        (K::Medication, "Albuterol"),
        (K::Loinc, "718-7"),
        (K::Lab, "Hemoglobin"),
        (K::Cpt, "44950"),
        (K::Procedure, "Appendectomy"),
    ] {
        has(&found, kind, value);
    }
    for value in [
        "Summary",
        "Problem",
        "8005550100",
        "Reno",
        "Bo",
        "13.2",
        "Proventil",
    ] {
        lacks(&found, value);
    }
    assert_eq!(found.len(), 27);
}

#[test]
fn other_xml_goes_by_its_names() {
    let text = "<visits><visit><patient><name>Ana Ruiz</name><dob>1961-03-04</dob></patient><memberId>W-1</memberId>\
        <drug code='x'>warfarin 5 mg</drug><birthDate value=\"1950-01-02\"/><person ssn='123-45-6780'/></visit></visits>";
    let record = read(text, "application/xml").unwrap();
    assert!(record.patient_record && record.form == Form::Markup);
    let found = all(text, &record);
    for (kind, value) in [
        (K::Name, "Ana Ruiz"),
        (K::Date, "1961-03-04"),
        (K::HealthPlanId, "W-1"),
        (K::Medication, "warfarin"),
        (K::Date, "1950-01-02"),
        (K::Ssn, "123-45-6780"),
    ] {
        has(&found, kind, value);
    }
}

#[test]
fn web_pages_and_prose_are_none_of_this() {
    for text in [
        "<html><body><name>Ana Ruiz</name></body></html>",
        "<!DOCTYPE html>\n<html xmlns='http://www.w3.org/1999/xhtml'><p>x</p></html>",
        "<ana@mail.example> wrote:\nhello",
        "<p>Patient</p>",
    ] {
        assert!(read(text, "text/html").is_none(), "{text}");
        assert!(read(text, "text/plain").is_none(), "{text}");
    }
    let config =
        "<?xml version='1.0'?><project><name>Left Pad</name><version>1</version></project>";
    assert!(hints(config, "text/xml").is_empty());
}

#[test]
fn depth_is_bounded() {
    let text = format!("<ClinicalDocument>{}{DOCUMENT}", "<a>".repeat(1_000_000));
    read(&text, "text/xml").unwrap();
}

#[test]
fn what_stands_before_a_document_hides_it_from_nobody() {
    for before in ["", " ", "\t", "\r\n", "\n\n", "\u{feff}", "\u{feff}\n "] {
        let text = format!("{before}{DOCUMENT}");
        assert!(read(&text, "text/xml").unwrap().patient_record);
    }
    assert!(read(&format!("See {DOCUMENT}"), "text/xml").is_none());
}
