//! The word lists: which file says what of its words.

use std::collections::BTreeSet;
use std::path::Path;
use std::{fs, io};

use mailseal::dlp::training::LexiconBuilder;

fn lines(path: &Path) -> io::Result<Vec<String>> {
    Ok(fs::read_to_string(path)
        .map_err(|e| io::Error::other(format!("{}: {e}", path.display())))?
        .lines()
        .filter(|l| !l.starts_with("# ") && *l != "#" && !l.trim().is_empty())
        .map(str::to_owned)
        .collect())
}

/// Terms with the marks behind their tab.
pub(crate) fn terms(path: &Path) -> io::Result<Vec<(String, Vec<String>)>> {
    Ok(lines(path)?
        .into_iter()
        .map(|line| {
            let mut fields = line.split('\t');
            let term = fields.next().unwrap_or_default().trim().to_lowercase();
            let marks = fields
                .flat_map(str::split_whitespace)
                .map(str::to_owned)
                .collect();
            (term, marks)
        })
        .collect())
}

/// The lines of one section of a file; a title stands in brackets that close.
pub(crate) fn section(path: &Path, name: &str) -> io::Result<Vec<String>> {
    let mut here = false;
    let mut out = Vec::new();
    for line in lines(path)? {
        let inside = line.trim_end().strip_prefix('[');
        if let Some(title) = inside.and_then(|line| line.strip_suffix(']')) {
            here = title == name;
        } else if here {
            out.push(line);
        }
    }
    if out.is_empty() {
        return Err(io::Error::other(format!(
            "{}: no section [{name}]",
            path.display()
        )));
    }
    Ok(out)
}

fn category(mark: &str) -> Option<&'static str> {
    Some(match mark {
        "mental_health" => "MentalHealth",
        "substance_use" => "SubstanceUse",
        "sti_hiv" => "StiHiv",
        "reproductive" => "Reproductive",
        "genetic" => "Genetic",
        "abuse" => "Abuse",
        _ => return None,
    })
}

const FUNCTION: &str = "a an the and or but if of to in on at by for from with as is are was were be been being am do does did has have had will would can could shall should may might must not no nor so than then that this these those it its he she they we you i me him her them us my your his our their who whom whose which what when where why how there here also only just very too more most some any all each both few many much such own same other into onto over under up down out off about after before between through during until while because since once again further please yes";

/// The blob.
pub(crate) fn lexicon(root: &Path) -> io::Result<Vec<u8>> {
    let mut out = LexiconBuilder::new();
    let list = |name: &str| root.join("lists").join(name);
    let data = |name: &str| root.join("data").join(name);
    for word in FUNCTION.split(' ') {
        out.term(word, &["English", "Function"]);
        out.common(word);
    }
    for word in lines(&list("general_english.txt"))? {
        out.common(&word);
    }
    let mut english: BTreeSet<String> = BTreeSet::new();
    for file in ["general_english.txt", "general_english_forms.txt"] {
        english.extend(lines(&list(file))?);
    }
    for word in &english {
        out.term(word, &["English"]);
    }
    for (file, top) in [
        ("census1990-female.first.txt", 300),
        ("census1990-male.first.txt", 300),
    ] {
        for (n, name) in lines(&data(file))?.iter().enumerate() {
            out.term(
                &name.to_lowercase(),
                &[if n < top { "GivenTop" } else { "Given" }],
            );
        }
    }
    for name in lines(&list("given_names.txt"))? {
        out.term(&name.to_lowercase(), &["GivenWorld"]);
    }
    for (n, name) in lines(&data("census1990-all.last.txt"))?.iter().enumerate() {
        let flag = match n {
            0..1_000 => "SurnameTop",
            1_000..10_000 => "SurnameMid",
            _ => "SurnameRare",
        };
        out.term(&name.to_lowercase(), &[flag]);
    }
    for name in lines(&list("surnames.txt"))? {
        // The words of a compound are names by themselves.
        for word in name.split([' ', '-']).filter(|w| w.chars().count() > 3) {
            out.term(&word.to_lowercase(), &["SurnameWorld"]);
        }
    }
    for name in lines(&list("ambiguous_names.txt"))? {
        out.term(&name, &["NameAmbiguous"]);
    }
    for (file, sure, unsure) in [
        ("medications.txt", "Medication", "MedicationUnsure"),
        ("conditions.txt", "Condition", "ConditionUnsure"),
        ("procedures.txt", "Procedure", "ProcedureUnsure"),
        ("labs.txt", "Lab", "LabUnsure"),
    ] {
        for (term, marks) in terms(&list(file))? {
            let doubtful = marks.iter().any(|m| m == "?") || english.contains(&term);
            let mut flags = vec![if doubtful { unsure } else { sure }];
            flags.extend(marks.iter().filter_map(|m| category(m)));
            out.term(&term, &flags);
            if file == "medications.txt" && !doubtful {
                out.near_medication(&term);
            }
        }
    }
    places(&mut out, &list)?;
    people(&mut out, &list)?;
    cues(&mut out, &list)?;
    for code in lines(&data("icd10cm-2024-codes.txt"))? {
        out.icd10(&code);
        // A category stands for the codes below it.
        out.icd10(code.get(..3).unwrap_or(&code));
    }
    for code in lines(&data("hcpcs2-2019-codes.txt"))? {
        out.hcpcs(&code);
    }
    Ok(out.write())
}

fn places(out: &mut LexiconBuilder, list: &dyn Fn(&str) -> std::path::PathBuf) -> io::Result<()> {
    for word in "january february march april may june july august september october november december jan feb mar apr jun jul aug sep sept oct nov dec".split(' ') {
        out.term(word, &["Month"]);
    }
    for word in "monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun".split(' ') {
        out.term(word, &["Weekday"]);
    }
    for line in lines(&list("us_states.txt"))? {
        for (n, field) in line.split('\t').enumerate() {
            let field = field.trim().to_lowercase();
            // `in`, `or`, `me` are words first.
            if n == 0
                || !matches!(
                    field.as_str(),
                    "in" | "or" | "me" | "hi" | "ok" | "oh" | "as"
                )
            {
                out.term(&field, &["State"]);
            }
        }
    }
    for line in lines(&list("us_cities.txt"))? {
        let city = line.split('\t').next().unwrap_or_default();
        let city = match city.rsplit_once(' ') {
            Some((name, state))
                if state.len() == 2 && state.chars().all(|c| c.is_ascii_uppercase()) =>
            {
                name
            }
            _ => city,
        };
        out.term(&city.to_lowercase(), &["City"]);
    }
    for word in lines(&list("street_words.txt"))? {
        out.term(&word.to_lowercase(), &["Street"]);
    }
    for line in lines(&list("street_suffixes.txt"))? {
        for word in line.split(['\t', ',']) {
            let word = word.trim().trim_matches(['[', ']']).to_lowercase();
            let unit = matches!(
                word.as_str(),
                "apt"
                    | "apartment"
                    | "unit"
                    | "ste"
                    | "suite"
                    | "lot"
                    | "fl"
                    | "floor"
                    | "rm"
                    | "room"
                    | "bldg"
                    | "building"
                    | "#"
                    | "po box"
                    | "box"
                    | "trlr"
                    | "spc"
            );
            out.term(&word, &[if unit { "UnitWord" } else { "StreetSuffix" }]);
        }
    }
    let parts = list("facility_parts.txt");
    for (name, flag) in [
        ("prefix", "FacilityPrefix"),
        ("field", "FacilityField"),
        ("suffix", "FacilitySuffix"),
    ] {
        for line in section(&parts, name)? {
            let mut fields = line.split('\t');
            let term = fields.next().unwrap_or_default().trim().to_lowercase();
            out.term(&term, &[flag]);
            for mark in fields.flat_map(str::split_whitespace).filter_map(category) {
                out.term(&term, &[mark, "Speciality2"]);
            }
        }
    }
    for line in lines(&list("specialties.txt"))? {
        let mut fields = line.split('\t');
        let term = fields.next().unwrap_or_default().trim().to_lowercase();
        let strength = match fields.next().map(str::trim) {
            Some("3") => "Speciality3",
            Some("2") => "Speciality2",
            _ => "Speciality1",
        };
        let mut flags = vec![strength];
        flags.extend(fields.flat_map(str::split_whitespace).filter_map(category));
        out.term(&term, &flags);
    }
    for term in lines(&list("trades.txt"))? {
        out.term(&term, &["Trade"]);
    }
    Ok(())
}

fn people(out: &mut LexiconBuilder, list: &dyn Fn(&str) -> std::path::PathBuf) -> io::Result<()> {
    let titles = list("titles.txt");
    for (name, flag) in [
        ("clinician_before", "TitleBefore"),
        ("clinician_after", "TitleAfter"),
        ("role", "Role"),
        ("personal", "PersonalTitle"),
    ] {
        for line in section(&titles, name)? {
            out.term(&line.trim().trim_end_matches('.').to_lowercase(), &[flag]);
        }
    }
    for word in lines(&list("relatives.txt"))? {
        out.term(&word.to_lowercase(), &["Relative"]);
    }
    Ok(())
}

fn cues(out: &mut LexiconBuilder, list: &dyn Fn(&str) -> std::path::PathBuf) -> io::Result<()> {
    let cues = list("cues.txt");
    for (name, flag) in [
        ("ssn", "CueSsn"),
        ("mrn", "CueMrn"),
        ("health_plan_id", "CuePlan"),
        ("account", "CueAccount"),
        ("license", "CueLicense"),
        ("vehicle", "CueVehicle"),
        ("device", "CueDevice"),
        ("other_id", "CueOther"),
        ("phone", "CuePhone"),
        ("fax", "CueFax"),
        ("email", "CueEmail"),
        ("dob", "CueBirth"),
        ("visit_date", "CueVisit"),
        ("credit_card", "CueCard"),
        ("bank_account", "CueBank"),
        ("ip", "CueIp"),
        ("biometric", "CueBiometric"),
        ("npi", "CueNpi"),
        ("dea", "CueDea"),
        ("ndc", "CueNdc"),
        ("loinc", "CueLoinc"),
        ("icd10", "CueIcd"),
        ("cpt", "CueCpt"),
        ("name", "CueName"),
        ("provider", "CueProvider"),
        ("address", "CueAddress"),
        ("url", "CueUrl"),
        ("negative", "CueNegative"),
    ] {
        for line in section(&cues, name)? {
            out.term(line.trim(), &[flag]);
        }
    }
    for (term, marks) in terms(&list("protected.txt"))? {
        // No health terms: flags of their own.
        for flag in marks.iter().filter_map(|m| category(m)) {
            out.term(&term, &[&format!("Says{flag}")]);
        }
    }
    let reasons = list("reasons.txt");
    for (name, flag) in [
        ("patient_speech", "PatientSpeech"),
        ("care_events", "CareEvent"),
        ("aggregate", "Aggregate"),
        ("dummy", "Dummy"),
        ("software", "Software"),
        ("marketing", "Marketing"),
        ("veterinary", "Veterinary"),
        ("staff", "Staff"),
    ] {
        for line in section(&reasons, name)? {
            out.term(line.trim(), &[flag]);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `[date` is a term, and ends no section.
    #[test]
    fn a_section_ends_at_the_next_title() -> io::Result<()> {
        let path = std::env::temp_dir().join(format!("sections-{}.txt", std::process::id()));
        fs::write(&path, "# A file.\n[one]\na\n[date\nb\n[two]\nc\n")?;
        let read = |name: &str| section(&path, name);
        assert_eq!(read("one")?, ["a", "[date", "b"]);
        assert_eq!(read("two")?, ["c"]);
        assert!(read("three").is_err());
        fs::remove_file(&path)
    }
}
