//! `roster` as a person runs it.
#![allow(clippy::unwrap_used)]

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use mailseal_examples::print::Paint;
use mailseal_examples::{Streams, roster};

const PATIENTS: &str = "id,given,family,dob,mrn,phone,email,proxy,street\n\
    7,Pat,Lindqvist,03/14/1958,HK-00482913,(270) 555-0143,pat@mail.example,,12 Main St\n\
    pt-8,Ada;Ada,Okafor;Berg,1990-12-31,,,,parent@home.example,\n";

/// Runs the program in a folder; words with a dot are its files.
fn run(folder: &Path, words: &[&str], input: &str) -> (u8, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let file = |w: &&str| match w.ends_with(".csv") || w.ends_with(".bin") || w.ends_with(".key") {
        true => folder.join(w).into_os_string(),
        false => OsString::from(w),
    };
    let arguments = std::iter::once(OsString::from("roster")).chain(words.iter().map(file));
    let code = roster::program(
        arguments,
        Streams {
            input: &mut input.as_bytes(),
            out: &mut out,
            err: &mut err,
            paint: Paint::none(),
        },
    );
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (code, text(out), text(err))
}

fn build(folder: &Path, csv: &str, more: &[&str]) -> (u8, String, String) {
    fs::write(folder.join("p.csv"), csv).unwrap();
    let mut words = vec!["build", "p.csv", "--key", "r.key", "-o", "r.bin"];
    words.extend(more);
    run(folder, &words, "")
}

#[test]
fn a_roster_is_built_and_asked() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (code, out, _) = build(folder, PATIENTS, &[]);
    assert_eq!(code, 0);
    assert!(out.starts_with("written 2 patients") && out.contains("A key file was made"));
    let check = |words: &[&str], input: &str| {
        let mut all = vec!["check", "r.bin", "--key", "r.key"];
        all.extend(words);
        run(folder, &all, input)
    };
    let (code, out, _) = check(&["--name", "Lindqvist, Pat", "--dob", "14 March 1958"], "");
    assert_eq!(code, 0);
    assert!(out.contains("high    name and birth date  7"), "{out}");
    let (code, out, _) = check(&["--name", "Ada Berg", "--json"], "");
    assert!(
        code == 0 && out.contains("\"confidence\": \"medium\""),
        "{out}"
    );
    let (code, out, _) = check(&["--text", "-"], "call 270.555.0143 today");
    assert!(code == 0 && out.contains("phone"), "{out}");
    let (code, out, _) = check(&["--mrn", "HK-00482914"], "");
    assert_eq!((code, out.as_str()), (3, "nobody\n"));
    let (code, out, _) = run(folder, &["stats", "r.bin", "--key", "r.key"], "");
    assert!(code == 0 && out.contains("patients  2"), "{out}");
    assert_eq!(run(folder, &["--help"], "").0, 0);
}

#[test]
fn errors_name_line_and_column_and_no_value() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (csv, error) in [
        (
            "id,given\n1,Pat\n2,Ada,Berg\n",
            "line 3 has 3 fields, the first line has 2",
        ),
        (
            "Pat,Lindqvist\n",
            "line 1, column 1: not a known name; expected: id,",
        ),
        (
            "given,family\nPat,Lindqvist\n",
            "line 1: there is no column id",
        ),
        (
            "id,dob\n1,1958-03-14\n2,1958-02-31\n",
            "line 3, column dob: the birth date is no date",
        ),
        (
            "id,mrn\n1,0017\n",
            "line 2, column mrn: the mrn has fewer than four",
        ),
        (
            "id,email\n1,Lindqvist\n",
            "line 2, column email: the address",
        ),
        ("id,mrn\n,HK123456\n", "line 2, column id: is empty"),
        (
            "id,mrn\n7,HK123456\n007,HK123457\n",
            "line 3, column id: is a number with zeros",
        ),
        (
            "id,mrn\n1,ABCDE\n",
            "line 2, column mrn: the mrn is no number that could be found",
        ),
        ("id\n", "the file has no patient"),
    ] {
        let (code, _, err) = build(folder, csv, &[]);
        assert_eq!(code, 1);
        assert!(err.contains(error), "{err}");
        assert!(!err.contains("Lindqvist") && !err.contains("0017") && !err.contains("02-31"));
        assert!(!folder.join("r.bin").exists());
    }
    let (code, out, err) = build(folder, "id,mrn\n1,0017\n2,HK123456\n", &["--skip"]);
    assert_eq!(code, 0);
    assert!(out.contains("written 1 patient, 1 value, ") && out.contains("left out: 1 line\n"));
    assert!(err.contains("left out: line 2, column mrn"));
}

#[test]
fn what_can_never_be_found_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let csv = "id,given,family,mrn\n1,Md,Rahman,\n2,,Suharto,HK123456\n3,,Suharto,\n";
    let (code, out, _) = build(folder.path(), csv, &[]);
    assert_eq!(code, 0);
    assert!(out.contains("written 3 patients"), "{out}");
    assert!(
        out.contains("without a name that can be found: 2 patients\n"),
        "{out}"
    );
    assert!(out.contains("found by nothing: 1 patient\n"), "{out}");
}

#[test]
fn another_key_and_a_missing_one_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    build(folder, PATIENTS, &[]);
    let (code, _, err) = run(folder, &["stats", "r.bin", "--key", "other.key"], "");
    assert!(code == 1 && err.contains("other.key") && !folder.join("other.key").exists());
    fs::rename(folder.join("r.key"), folder.join("old.key")).unwrap();
    fs::write(folder.join("p.csv"), PATIENTS).unwrap();
    let words = ["build", "p.csv", "--key", "r.key", "-o", "r2.bin"];
    assert_eq!(run(folder, &words, "").0, 0);
    let (code, _, err) = run(folder, &["stats", "r.bin", "--key", "r.key"], "");
    assert!(code == 1 && err.contains("another key"), "{err}");
    fs::write(
        folder.join("r.bin"),
        &fs::read(folder.join("r2.bin")).unwrap()[..300],
    )
    .unwrap();
    let (code, _, err) = run(folder, &["stats", "r.bin", "--key", "r.key"], "");
    assert!(code == 1 && err.contains("damaged"), "{err}");
}
