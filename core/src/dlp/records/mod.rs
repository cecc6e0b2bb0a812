//! Records of the field: what HL7 v2, FHIR, C-CDA, X12, CSV and calendar files
//! say of the stretches of their own text.
