//! `scan` as a person runs it, with a scanner that finds known words, so that
//! what is shown does not hang on what the library finds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::ffi::OsString;
use std::path::PathBuf;

use mailseal::base::Sensitivity;
use mailseal::compose::{Message, PartContent};
use mailseal::dlp::{
    Category, Confidence, Evidence, Finding, FindingKind, Findings, Risk, RiskReason, Scanner,
    Unscannable,
};
use mailseal_examples::print::Paint;
use mailseal_examples::scan::{self, Arguments, Made, Progress};
use mailseal_examples::{Streams, scan::scanner};
use serde_json::{Value, json};

mod lines;
mod page;

/// Finds these words wherever they stand, and judges by their kinds.
#[derive(Debug)]
struct Words;

const WORDS: &[(&str, FindingKind)] = &[
    ("Zoë Ångström", FindingKind::Name),
    ("<b>Okoro & Sons</b>", FindingKind::Name),
    ("00482913", FindingKind::Mrn),
    ("12/03/1961", FindingKind::Date),
    ("Dr. Vasquez", FindingKind::Provider),
    ("asthma", FindingKind::Condition),
    ("naltrexone", FindingKind::Medication),
];

impl Scanner for Words {
    fn scan(&self, message: &Message) -> Findings {
        let mut found = Findings::default();
        for part in message.parts() {
            let text = match part.content() {
                PartContent::Text(text) => text,
                _ => {
                    found
                        .unscannable
                        .push(Unscannable::new(part.part(), "unsupported_type"));
                    continue;
                }
            };
            for (word, kind) in WORDS {
                for (at, _) in text.expose().match_indices(word) {
                    let span = at..at + word.len();
                    let mut finding = Finding::new(
                        *kind,
                        part.part(),
                        span,
                        Confidence::High,
                        (*word).to_owned(),
                    )
                    .with_evidence([Evidence::Label, Evidence::Cue]);
                    if *word == "naltrexone" {
                        finding = finding.with_category(Category::SubstanceUse);
                    }
                    found.items.push(finding);
                }
            }
        }
        let has = |kind| found.items.iter().any(|f| f.kind == kind);
        let sensitivity = if has(FindingKind::Medication) {
            Sensitivity::Sensitive
        } else if has(FindingKind::Mrn) || has(FindingKind::Name) {
            Sensitivity::Phi
        } else {
            Sensitivity::None
        };
        let categories = match sensitivity {
            Sensitivity::Sensitive => vec![Category::SubstanceUse],
            _ => Vec::new(),
        };
        let reasons = match sensitivity {
            Sensitivity::None => vec![RiskReason::new("marketing", -120)],
            _ => vec![
                RiskReason::new("name_and_health", 240),
                RiskReason::new("internal", -60),
            ],
        };
        found.risk = Some(Risk::new(sensitivity, categories, 0, reasons));
        found
    }
}

fn words(_: &Arguments) -> Made {
    Ok(Box::new(Words))
}

#[derive(Debug)]
struct Ran {
    code: u8,
    out: String,
    err: String,
}

struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        self
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    fn run(&self, words: &[&str]) -> Ran {
        self.run_with(words, "")
    }

    /// Words that begin with `@` are files of the desk.
    fn run_with(&self, given: &[&str], input: &str) -> Ran {
        let all = given.iter().map(|word| match word.strip_prefix('@') {
            Some(file) => self.path(file).into_os_string(),
            None => OsString::from(word),
        });
        ran(all, &words, input)
    }
}

/// Runs the program with such a scanner.
fn ran(
    words: impl Iterator<Item = OsString>,
    scanner: &dyn Fn(&Arguments) -> Made,
    input: &str,
) -> Ran {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let streams = Streams {
        input: &mut input.as_bytes(),
        out: &mut out,
        err: &mut err,
        paint: Paint::none(),
    };
    let all = std::iter::once(OsString::from("scan")).chain(words);
    let code = scan::program(all, scanner, streams, Progress::none());
    Ran {
        code,
        out: String::from_utf8(out).unwrap(),
        err: String::from_utf8(err).unwrap(),
    }
}

const MAIL: &str = "From: Harbor <desk@harbor.example>\nTo: pat@mail.example\n\
    Subject: MRN 00482913\nMIME-Version: 1.0\n\
    Content-Type: multipart/mixed; boundary=b\n\n\
    --b\nContent-Type: text/plain; charset=utf-8\n\n\
    Dear\nZoë Ångström,\nyour asthma visit with Dr. Vasquez.\n\
    --b\nContent-Type: text/csv; charset=utf-8\n\
    Content-Disposition: attachment; filename=\"list.csv\"\n\n\
    name,mrn\nZoë Ångström,00482913\n--b--\n";
const CLEAN: &str = "From: a@news.example\nTo: b@mail.example\nSubject: Sale\n\nTen percent off.\n";

/// Every value that the scanner of these tests finds.
fn values() -> impl Iterator<Item = &'static str> {
    WORDS.iter().map(|(word, _)| *word)
}

#[track_caller]
fn without_values(text: &str) {
    for value in values().chain(["Ångström", "Vasquez", "482913", "03/1961"]) {
        assert!(!text.contains(value), "`{value}` in {text}");
    }
}

#[test]
fn a_mail_with_an_attachment_is_shown_masked() {
    let desk = Desk::new();
    desk.write("a.eml", MAIL);
    let ran = desk.run(&["@a.eml"]);
    assert_eq!(ran.code, 10, "{ran:?}");
    without_values(&ran.out);
    for line in [
        "name       text                   2:1       Z••••••••••m  high  label, cue",
        "mrn        subject                1:5       0••••••3      high  label, cue",
        "mrn        attachment:0 ••••.csv  2:14      0••••••3      high  label, cue",
        "provider   text                   3:24      D•••••••••z  high",
        "condition  text                   3:6       a••••a        high",
    ] {
        let line = line.replace("D•••••••••z  high", "D•••••••••z   high");
        assert!(ran.out.contains(&line), "`{line}` in\n{}", ran.out);
    }
    assert!(ran.out.contains("a name and health content"), "{}", ran.out);
    assert!(ran.out.contains("▇▇▇▇▇▇▇▇▇▇  +2.40"), "{}", ran.out);
    assert!(
        ran.out.contains("-0.60  within one organisation"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("1 file: 1 phi"), "{}", ran.out);
    // The file's own name tells no more than its content does.
    desk.write("MRN 00482913.eml", MAIL);
    without_values(&desk.run(&["@MRN 00482913.eml"]).out);
    // Nor does that of a mail that does not say it again.
    let short = "From: a@b.example\r\nTo: c@d.example\r\nSubject: x\r\n\r\nHi\r\n";
    desk.write("Zoë Ångström.eml", short);
    without_values(&desk.run(&["@Zoë Ångström.eml"]).out);
    without_values(&desk.run(&["--json", "@Zoë Ångström.eml"]).out);
    let shown = desk.run(&["@a.eml", "--show-values"]);
    assert!(shown.out.contains("Zoë Ångström"), "{}", shown.out);
    assert!(
        shown.out.contains("attachment:0 list.csv  2:14"),
        "{}",
        shown.out
    );
}

#[test]
fn the_exit_code_is_that_of_the_worst_file() {
    let desk = Desk::new();
    let health = MAIL.replace("asthma", "naltrexone");
    desk.write("clean.eml", CLEAN)
        .write("phi.eml", MAIL)
        .write("sensitive.eml", health)
        .write("photo.jpg", [0xff, 0xd8, 0xff, 0, 1])
        .write(
            "broken.eml",
            format!(
                "From: a@x.example\nFrom: b@x.example\nTo: c@x.example\n\n{}",
                "x"
            ),
        );
    for (files, code) in [
        (&["@clean.eml"][..], 0),
        (&["@clean.eml", "@photo.jpg"], 12),
        (&["@clean.eml", "@broken.eml"], 12),
        (&["@photo.jpg", "@phi.eml"], 10),
        (&["@photo.jpg", "@sensitive.eml", "@phi.eml"], 11),
        (&["@gone.eml"], 1),
        (&["@gone.eml", "@clean.eml", "@photo.jpg"], 1),
        (&["@phi.eml", "@gone.eml", "@clean.eml"], 10),
        (&["--show-values"], 2),
        (&["@clean.eml", "--jsonl", "@clean.eml"], 2),
    ] {
        let ran = desk.run(files);
        assert_eq!(ran.code, code, "{files:?} {ran:?}");
    }
}

#[test]
fn a_folder_is_read_in_order_and_what_is_left_is_told() {
    let desk = Desk::new();
    let other = Desk::new();
    other.write("secret.txt", "MRN 00482913");
    desk.write("in/b.txt", "MRN 00482913")
        .write("in/a/z.eml", CLEAN)
        .write("in/c.txt", "none");
    #[cfg(unix)]
    for (target, link) in [
        (other.path("secret.txt"), "in/00482913"),
        (desk.path("nowhere"), "in/a/lost"),
        // What is in the folder is read where it stands.
        (desk.path("in/b.txt"), "in/a/b.txt"),
        (desk.path("in"), "in/a/loop"),
    ] {
        std::os::unix::fs::symlink(target, desk.path(link)).unwrap();
    }
    for threads in ["1", "4"] {
        let ran = desk.run(&["@in", "--json", "--threads", threads]);
        assert_eq!(ran.code, 10, "{ran:?}");
        let all: Value = serde_json::from_str(&ran.out).unwrap();
        let files = all["files"].as_array().unwrap();
        let names: Vec<&str> = files
            .iter()
            .map(|f| f["file"].as_str().unwrap().rsplit("in/").next().unwrap())
            .collect();
        assert_eq!(all["totals"]["verdicts"]["phi"], 1);
        #[cfg(not(unix))]
        assert_eq!(names, ["a/z.eml", "b.txt", "c.txt"]);
        #[cfg(unix)]
        assert_eq!(names, ["0••••••3", "a/lost", "a/z.eml", "b.txt", "c.txt"]);
        #[cfg(unix)]
        for left in [&files[0], &files[1]] {
            assert_eq!(left["verdict"], "unscannable");
            assert_eq!(
                left["unscannable"],
                json!([{"where": null, "why": "not_followed"}])
            );
        }
    }
    let ran = desk.run(&["@in/a", "--html", "@a.html"]);
    #[cfg(unix)]
    assert_eq!(ran.code, 12, "{ran:?}");
    #[cfg(unix)]
    for text in [ran.out, desk.read("a.html")] {
        assert!(text.contains("a symbolic link or a special file"), "{text}");
    }
}

#[test]
fn what_cannot_be_read_does_not_end_the_rest() {
    let desk = Desk::new();
    let deep = format!("in/{}", "d/".repeat(70));
    desk.write(&format!("{deep}secret.txt"), "MRN 00482913")
        .write("in/z.eml", CLEAN);
    let ran = desk.run(&["@in", "--json"]);
    assert_eq!(ran.code, 12, "{ran:?}");
    let all: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(all["files"][0]["unscannable"][0]["why"], "too_deep");
    assert_eq!(all["files"][1]["verdict"], "none");

    desk.write("phi.eml", MAIL);
    let ran = desk.run(&["@gone\u{1b}[31m00482913.eml", "@phi.eml"]);
    assert_eq!(ran.code, 10, "{ran:?}");
    assert!(
        ran.out.contains("2 files: 1 unscannable, 1 phi"),
        "{}",
        ran.out
    );
    without_values(&ran.out);
    assert!(ran.err.contains("gone[31m00482913.eml: "), "{}", ran.err);
    assert!(!ran.err.contains('\u{1b}'), "{:?}", ran.err);
}

#[test]
fn json_masks_values_and_counts_characters() {
    let desk = Desk::new();
    desk.write("Zoë Ångström.txt", "😀 Zoë Ångström\r\n12/03/1961");
    let ran = desk.run(&["--json", "@Zoë Ångström.txt"]);
    without_values(&ran.out);
    let all: Value = serde_json::from_str(&ran.out).unwrap();
    let file = &all["files"][0];
    assert!(
        file["file"].as_str().unwrap().ends_with("Z••••••••••m.txt"),
        "{file}"
    );
    let date = file["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|f| f["kind"] == "date")
        .unwrap();
    assert_eq!(
        *date,
        json!({
            "kind": "date", "class": "identifier", "where": "attachment:0", "inside": null,
            "start": 15, "end": 25, "line": 2, "column": 1, "value": "1••••••••1", "masked": true,
            "confidence": "high", "category": null, "evidence": ["label", "cue"],
        })
    );
    let clear = desk.run(&["--json", "--show-values", "@Zoë Ångström.txt"]);
    assert!(clear.out.contains("Zoë Ångström.txt"), "{}", clear.out);
}

#[test]
fn json_tells_files_apart() {
    let desk = Desk::new();
    let names = [
        "a/00482913.eml",
        "a/b/00482913.eml",
        "a/b/x \u{202e}\t00482913.eml",
    ];
    for name in names {
        desk.write(name, CLEAN);
    }
    let files = |more: &[&str]| {
        let ran = desk.run(&[&["@a", "--json"], more].concat());
        let all: Value = serde_json::from_str(&ran.out).unwrap();
        all["files"].as_array().unwrap().clone()
    };
    for (n, file) in (1..).zip(files(&[])) {
        assert_eq!(file["n"], n);
        without_values(file["file"].as_str().unwrap());
    }
    // A program finds the file by what it is told.
    for (file, name) in files(&["--show-values"]).iter().zip(names) {
        assert_eq!(file["file"], desk.path(name).to_str().unwrap());
    }
}

#[test]
fn columns_stand_below_each_other_whatever_the_letters() {
    use unicode_width::UnicodeWidthStr;
    let desk = Desk::new();
    let text = "name,mrn\nasthma,00482913\n";
    let mail = MAIL
        .replace("list.csv", "患者の一覧.csv")
        .replace("name,mrn\n", text);
    desk.write("a.eml", mail);
    let ran = desk.run(&["@a.eml", "--show-values"]);
    let line = |word: &str| ran.out.lines().find(|line| line.contains(word)).unwrap();
    let columns = |line: &str, word: &str| line[..line.find(word).unwrap()].width();
    assert_eq!(
        columns(line("患者の一覧.csv"), "label, cue"),
        columns(line("mrn        subject"), "label, cue"),
        "{}",
        ran.out
    );
}

#[test]
fn standard_input_may_be_a_mail_or_text() {
    let desk = Desk::new();
    let mail = desk.run_with(&["-"], MAIL);
    assert!(mail.out.contains("subject"), "{}", mail.out);
    let text = desk.run_with(&["-", "--json"], "Note: MRN 00482913");
    let all: Value = serde_json::from_str(&text.out).unwrap();
    assert_eq!(all["files"][0]["findings"][0]["where"], "attachment:0");
}

#[test]
fn long_lists_are_cut_unless_all_is_asked_for() {
    let desk = Desk::new();
    desk.write("list.txt", "MRN 00482913\n".repeat(50));
    let cut = desk.run(&["@list.txt"]).out;
    assert!(cut.contains("… 30 more (--all)"), "{cut}");
    assert!(desk.run(&["@list.txt", "--all"]).out.contains(" 50:5 "));
}

#[test]
fn a_draft_and_mixed_line_ends_are_still_mails() {
    let desk = Desk::new();
    desk.write(
        "draft.eml",
        "From: a@x.example\nSubject: MRN 00482913\n\ntext\n",
    )
    .write(
        "mixed.eml",
        "From: a@x.example\r\nTo: b@x.example\nSubject: MRN 00482913\r\n\r\nx\ny\r\n",
    )
    .write(
        "nobody.eml",
        "Subject: MRN 00482913\n\nneither author nor recipient\n",
    );
    for file in ["@draft.eml", "@mixed.eml", "@nobody.eml"] {
        let ran = desk.run(&[file]);
        assert_eq!(ran.code, 10, "{ran:?}");
        assert!(ran.out.contains("mrn   subject  1:5"), "{}", ran.out);
        assert!(!ran.out.contains("unread"), "{}", ran.out);
    }
}

#[test]
fn line_ends_that_may_hide_something_are_never_clean() {
    let desk = Desk::new();
    for (name, end) in [("twice", "\r\r\n"), ("mac", "\r")] {
        desk.write(&format!("{name}.eml"), MAIL.replace('\n', end))
            .write(&format!("{name}.bin"), MAIL.replace('\n', end))
            .write(&format!("clean-{name}.eml"), CLEAN.replace('\n', end));
        for kind in ["eml", "bin"] {
            let ran = desk.run(&[&format!("@{name}.{kind}")]);
            assert_eq!(ran.code, 10, "{ran:?}");
            // It is read as the mail that it is, and that is told.
            for words in [
                "mrn        subject ",
                "••••.csv  2:14",
                "unread file: its lines",
            ] {
                assert!(ran.out.contains(words), "`{words}` in {}", ran.out);
            }
        }
        let clean = desk.run(&[&format!("@clean-{name}.eml")]);
        assert_eq!(clean.code, 12, "{clean:?}");
    }
    // Who goes by CRLF sees the header end later.
    let two = CLEAN.replace('\n', "\r\n").replace("\r\n\r\n", "\n\n");
    desk.write("two.eml", format!("{two}\r\n\r\nMore.\r\n"));
    desk.write("lead.eml", format!("\n{CLEAN}"));
    for file in ["@two.eml", "@lead.eml"] {
        assert_eq!(desk.run(&[file]).code, 12, "{file}");
    }
}

#[test]
fn a_finding_of_a_protected_kind_says_so_in_its_row() {
    let desk = Desk::new();
    desk.write("a.txt", "asthma, naltrexone");
    let ran = desk.run(&["@a.txt", "--html", "@a.html"]);
    assert_eq!(ran.code, 11, "{ran:?}");
    assert!(
        ran.out
            .contains("  medication (substance use)  attachment:0"),
        "{}",
        ran.out
    );
    assert!(
        ran.out
            .contains("  condition                   attachment:0"),
        "{}",
        ran.out
    );
    let row = "<td>medication <b class=sensitive>substance use</b></td>";
    assert!(desk.read("a.html").contains(row));
}

#[test]
fn text_of_a_charset_that_nobody_names_is_no_clean_text() {
    let desk = Desk::new();
    let texts: [(&str, &[u8], &str); 5] = [
        ("latin", b"Lunch for Jos\xe9 in the caf\xe9 at noon.", ""),
        (
            "koi8",
            b"\xf0\xc1\xc3\xc9\xc5\xce\xd4 \xe9\xd7\xc1\xce \xf0\xc5\xd4\xd2\xcf\xd7",
            "unknown_charset",
        ),
        (
            "hebrew",
            b"\xe4\xe7\xe5\xec\xe4 \xee\xf9\xe4 \xeb\xe4\xef \xe0\xe5\xe1\xe7\xef",
            "unknown_charset",
        ),
        (
            "gbk",
            b"\xbb\xbc\xd5\xdf\xcd\xf5\xd0\xa1\xc3\xf7\xa3\xac\xb2\xa1\xc0\xfa",
            "unknown_charset",
        ),
        (
            "ebcdic",
            b"\xd7\x81\xa3\x89\x85\x95\xa3@\xd7\x81\xa3@\xd3\x89\x95\x84",
            "unknown_charset",
        ),
    ];
    for (name, text, why) in texts {
        for kind in ["txt", "csv", "hl7", "html"] {
            let file = format!("{name}.{kind}");
            desk.write(&file, text);
            let all = [desk.path(&file).into_os_string(), "--json".into()];
            let ran = ran(all.into_iter(), &scanner, "");
            let all: Value = serde_json::from_str(&ran.out).unwrap();
            let said = all["files"][0]["unscannable"][0]["why"].as_str();
            assert_eq!(said.unwrap_or_default(), why, "{file} {all:#}");
            assert_eq!(ran.code == 0, why.is_empty(), "{file} {all:#}");
        }
    }
}

#[test]
fn what_the_house_knows_is_read_from_a_file() {
    let desk = Desk::new();
    desk.write("note.txt", "See HK0048291.");
    desk.write(
        "host.toml",
        "[[pattern]]\nkind = \"mrn\"\nregex = \"HK[0-9]{7}\"\n",
    );
    desk.write("bad.toml", "[[pattern]]\nkind = \"mrm\"\n");
    let run = |host: &str| {
        let all = [
            desk.path("note.txt").into_os_string(),
            "--json".into(),
            "--host".into(),
            desk.path(host).into_os_string(),
        ];
        let ran = ran(all.into_iter(), &scanner, "");
        (ran.code, serde_json::from_str::<Value>(&ran.out).unwrap())
    };
    let (_, all) = run("host.toml");
    let findings = all["files"][0]["findings"].as_array().unwrap();
    assert!(findings.iter().any(|f| f["kind"] == "mrn"), "{all}");
    let (code, all) = run("bad.toml");
    assert_eq!((code, &all["error"]["code"]), (1, &json!("host.value")));
}

#[test]
fn a_mail_about_one_patient_to_another_is_told() {
    let desk = Desk::new();
    desk.write(
        "p.csv",
        "id,given,family,dob,email\n7,Pat,Lindqvist,1958-03-14,pat@mail.example\n\
         8,Sam,Okafor,1990-12-31,sam@mail.example\n",
    )
    .write(
        "a.eml",
        "From: desk@harbor.example\nTo: x@mail.example, sam@mail.example\nSubject: Visit\n\n\
         Lindqvist, Pat (born March 14, 1958) was seen today.\n",
    );
    let path = |file: &str| desk.path(file).into_os_string();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let streams = Streams {
        input: &mut std::io::empty(),
        out: &mut out,
        err: &mut err,
        paint: Paint::none(),
    };
    let build = [
        "roster".into(),
        "build".into(),
        path("p.csv"),
        "--key".into(),
        path("r.key"),
    ];
    let build = build.into_iter().chain(["--output".into(), path("r.bin")]);
    assert_eq!(mailseal_examples::roster::program(build, streams), 0);

    let run = |more: &[&str]| {
        let more = more.iter().map(|word| match word.strip_prefix('@') {
            Some(file) => path(file),
            None => OsString::from(word),
        });
        ran(std::iter::once(path("a.eml")).chain(more), &scanner, "")
    };
    let patients = ["--roster", "@r.bin", "--roster-key", "@r.key"];
    let json = run(&[&patients[..], &["--json"]].concat());
    let all: Value = serde_json::from_str(&json.out).unwrap();
    let told = json!([{"recipient": 1, "why": "other_patient"}]);
    assert_eq!(all["files"][0]["misaddressed"], told, "{all:#}");
    let table = run(&[&patients[..], &["--html", "@a.html"]].concat());
    let words = "the address belongs to another patient";
    assert!(
        table.out.contains(&format!("recipient r1: {words}")),
        "{}",
        table.out
    );
    assert!(
        desk.read("a.html")
            .contains(&format!("Recipient r1:</b> {words}"))
    );
    // Without it nobody knows.
    let all: Value = serde_json::from_str(&run(&["--json"]).out).unwrap();
    assert_eq!(all["files"][0]["misaddressed"], json!([]));

    assert_eq!(run(&patients[..2]).code, 2);
    assert_eq!(run(&patients[2..]).code, 2);
    for (given, why) in [
        (
            ["--roster", "@r.bin", "--roster-key", "@gone.key"],
            "gone.key: ",
        ),
        (
            ["--roster", "@gone.bin", "--roster-key", "@r.key"],
            "gone.bin: ",
        ),
        (["--roster", "@p.csv", "--roster-key", "@r.key"], "roster"),
    ] {
        let ran = run(&given);
        assert!(ran.code == 1 && ran.err.contains(why), "{ran:?}");
        assert!(ran.out.is_empty(), "{ran:?}");
    }
}

#[test]
fn the_help_is_the_manual() {
    let ran = Desk::new().run(&["--help"]);
    assert_eq!(ran.code, 0);
    for word in ["--jsonl", "exit code", "  12  unscannable", "Examples:"] {
        assert!(ran.out.contains(word), "{word} in {}", ran.out);
    }
}

#[test]
fn the_librarys_own_scanner_goes_through() {
    let desk = Desk::new();
    desk.write("a.eml", MAIL);
    let path = desk.path("a.eml").into_os_string();
    for more in [&["--json"][..], &["--json", "--without-names"]] {
        let words = more.iter().map(OsString::from);
        let ran = ran(std::iter::once(path.clone()).chain(words), &scanner, "");
        assert!(matches!(ran.code, 0 | 10 | 11 | 12), "{ran:?}");
        let all: Value = serde_json::from_str(&ran.out).unwrap();
        for finding in all["files"][0]["findings"].as_array().unwrap() {
            assert_eq!(finding["masked"], true);
        }
    }
}
