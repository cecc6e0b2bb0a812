//! Mails as lines of JSON.

use std::collections::BTreeMap;

use super::*;

/// Code points of `text`.
fn cut(text: &str, start: &Value, end: &Value) -> String {
    let (start, end) = (
        start.as_u64().unwrap() as usize,
        end.as_u64().unwrap() as usize,
    );
    text.chars().skip(start).take(end - start).collect()
}

#[test]
fn every_span_of_a_prediction_is_the_value_in_the_text_as_given() {
    let desk = Desk::new();
    let mails = [
        json!({
            "id": "m-1", "from": "Harbor Clinic <desk@harbor.example>", "to": ["pat@mail.example"],
            "audience": "patients", "subject": "  Zoë Ångström,\tMRN   00482913 ",
            "text": "é 😀\r\nZoë Ångström  \r\rMRN\u{a0}00482913\r\n", "html": "<p>Zoë Ångström</p>\n\n00482913",
            "attachments": [
                {"name": "Zoë Ångström 😀.pdf", "media_type": "application/pdf", "text": "asthma\n\r\n😀 naltrexone"},
                {"name": "scan 00482913.jpg", "media_type": "image/jpeg", "text": "\u{feff}\t12/03/1961"},
            ],
            "labels": {"phi": true},
        }),
        json!({"id": 7, "from": " ", "to": [], "audience": null, "subject": "Sale",
            "text": "a\u{0}b 00482913", "html": null, "attachments": []}),
        json!({"id": "long", "from": null, "to": ["x@y.example"], "subject": null,
            "text": format!("{}\n{}00482913", "é".repeat(3000), "word ".repeat(900))}),
        json!({"id": "none", "from": "a@b.example", "to": ["c@d.example"], "subject": "Sale", "text": ""}),
    ];
    let lines: Vec<String> = mails.iter().map(Value::to_string).collect();
    desk.write("mails.jsonl", lines.join("\n"));
    let ran = desk.run(&["--jsonl", "@mails.jsonl"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    let out: Vec<Value> = ran
        .out
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(out.len(), mails.len());
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (mail, said) in mails.iter().zip(&out) {
        assert_eq!(mail["id"], said["id"]);
        for finding in said["findings"].as_array().unwrap() {
            let place = finding["where"].as_str().unwrap();
            let text = match place.split_once(':') {
                Some(("attachment", n)) => {
                    &mail["attachments"][n.parse::<usize>().unwrap()]["text"]
                }
                Some((_, n)) => &mail["attachments"][n.parse::<usize>().unwrap()]["name"],
                None => &mail[place],
            };
            let value = cut(text.as_str().unwrap(), &finding["start"], &finding["end"]);
            let kind: FindingKind = finding["kind"].as_str().unwrap().parse().unwrap();
            assert!(WORDS.contains(&(&value, kind)), "`{value}` {finding}");
            *seen.entry(place.to_owned()).or_default() += 1;
        }
    }
    let seen: Vec<(&str, usize)> = seen.iter().map(|(k, n)| (k.as_str(), *n)).collect();
    assert_eq!(
        seen,
        [
            ("attachment:0", 2),
            ("attachment:1", 1),
            ("attachment_name:0", 1),
            ("attachment_name:1", 1),
            ("html", 2),
            ("subject", 2),
            ("text", 4)
        ]
    );
    let words: Vec<&str> = out
        .iter()
        .map(|l| l["sensitivity"].as_str().unwrap())
        .collect();
    assert_eq!(words, ["sensitive", "phi", "phi", "none"]);
    assert!(ran.out.starts_with(
        "{\"id\":\"m-1\",\"sensitivity\":\"sensitive\",\"findings\":[{\"kind\":\"name\",\"where\":\"subject\",\"start\":2,\"end\":14}"
    ), "{}", ran.out);
    assert_eq!(
        desk.run(&["--jsonl", "@mails.jsonl", "--threads", "3"]).out,
        ran.out
    );
    let timed = desk.run(&["--jsonl", "@mails.jsonl", "--time"]);
    assert_eq!(timed.out, ran.out);
    assert!(
        timed.err.contains("4 mails") && timed.err.contains("MB/s"),
        "{}",
        timed.err
    );
    // Each mail is told once, however often it was scanned.
    let rounds = desk.run(&["--jsonl", "@mails.jsonl", "--time", "--rounds", "3"]);
    assert_eq!(rounds.out, ran.out);
    assert!(rounds.err.contains("4 mails"), "{}", rounds.err);
    assert_eq!(
        desk.run(&["--jsonl", "@mails.jsonl", "--rounds", "3"]).code,
        2
    );
}

#[test]
fn a_bad_line_is_named_and_its_text_is_not() {
    let desk = Desk::new();
    desk.write(
        "mails.jsonl",
        "\u{feff}{\"id\":1,\"text\":\"ok\"}\n{\"id\":2,\"text\":[\"MRN 00482913\"]}\n\
         {\"id\":3,\"text\":\"ok\"}\n",
    );
    let ran = desk.run(&["--jsonl", "@mails.jsonl"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.err.contains("line 2") && !ran.err.contains("00482913"),
        "{ran:?}"
    );
    // What stands before and behind it is told.
    let starts = |line: &str| line.get(..8).map(str::to_owned);
    let told: Vec<_> = ran.out.lines().filter_map(starts).collect();
    assert_eq!(told, ["{\"id\":1,", "{\"id\":3,"], "{ran:?}");
    assert!(
        ran.err.contains("1 of 3 lines could not be scanned"),
        "{ran:?}"
    );
    assert!(ran.err.contains("has no line of its own"), "{ran:?}");
}

#[test]
fn a_part_that_cannot_be_scanned_is_told_and_makes_its_mail_phi() {
    let desk = Desk::new();
    let mails = [
        json!({"id": 1, "text": "ok"}),
        json!({"id": 2, "text": "ok", "attachments": [
            {"name": "Pat Lindqvist.txt", "text": "Приходите к нам завтра утром, пожалуйста. ".repeat(9)},
        ]}),
    ];
    let lines: Vec<String> = mails.iter().map(Value::to_string).collect();
    desk.write("mails.jsonl", lines.join("\n"));
    let all = ["--jsonl".into(), desk.path("mails.jsonl").into_os_string()];
    let ran = ran(all.into_iter(), &scanner, "");
    let said = |line: &str| line.split(',').nth(1).map(str::to_owned);
    let words: Vec<_> = ran.out.lines().filter_map(said).collect();
    assert_eq!(
        words,
        ["\"sensitivity\":\"none\"", "\"sensitivity\":\"phi\""]
    );
    assert!(
        ran.err.starts_with("scan: line 2: attachment:0: "),
        "{ran:?}"
    );
    assert!(!ran.err.contains("Lindqvist") && ran.err.lines().count() == 1);
    assert_eq!(ran.code, 0);
}

#[test]
fn a_mail_that_cannot_be_built_is_phi() {
    let desk = Desk::new();
    let mail = json!({"id": "x", "subject": "s".repeat(40_000), "text": "none"});
    desk.write("mails.jsonl", mail.to_string());
    let ran = desk.run(&["--jsonl", "@mails.jsonl"]);
    assert_eq!(
        ran.out,
        "{\"id\":\"x\",\"sensitivity\":\"phi\",\"findings\":[]}\n"
    );
    assert!(ran.err.contains("compose.value_too_long"), "{ran:?}");
    assert!(ran.err.contains("1 of 1 lines could not"), "{ran:?}");
    assert_eq!(ran.code, 1);
}

#[test]
fn who_is_named_by_no_address_is_scanned_and_counts_as_phi() {
    let desk = Desk::new();
    let told = "Pat Lindqvist, MRN 00482913, HIV";
    let mails = [
        json!({"id": 1, "from": "desk@harbor.example", "to": ["Pat <pat@mail.example>"]}),
        json!({"id": 2, "from": "desk@harbor.example", "to": [format!("{told} <pat@mail..example>")]}),
        json!({"id": 3, "from": "<desk@harbor_clinic.example>", "to": ["x@mail.example"]}),
        json!({"id": 4, "from": format!("{told} <desk@harbor.example> (front desk)"),
            "to": ["one", "two", "x@mail.example"]}),
    ];
    let lines: Vec<String> = mails.iter().map(Value::to_string).collect();
    desk.write("mails.jsonl", lines.join("\n"));
    let all = ["--jsonl".into(), desk.path("mails.jsonl").into_os_string()];
    let ran = ran(all.into_iter(), &scanner, "");
    let words: Vec<String> = (ran.out.lines())
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|line| line["sensitivity"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(words, ["none", "sensitive", "phi", "sensitive"], "{ran:?}");
    let lines: Vec<&str> = ran.err.lines().collect();
    let starts = ["2: to", "3: from", "4: from", "4: to"];
    assert_eq!(lines.len(), starts.len(), "{lines:?}");
    for (line, start) in lines.iter().zip(starts) {
        let start = format!("scan: line {start} is no address");
        assert!(line.starts_with(&start), "{line}");
    }
    assert!(!ran.err.contains("HIV") && !ran.err.contains("harbor"));
    assert_eq!(ran.code, 0);
}
