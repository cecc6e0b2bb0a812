//! Output for programs.

use mailseal::dlp::FindingClass;
use serde_json::{Map, Value, json};

use super::report::{Report, Row, Verdict, where_word};
use super::table::Totals;
use super::words;

/// The `n`th file, from 1; values are masked unless `clear`.
pub fn file(report: &Report, n: usize, clear: bool) -> Value {
    let unscannable: Vec<Value> = report
        .unscannable
        .iter()
        .map(|(part, why)| json!({"where": part.map(where_word), "why": why}))
        .collect();
    let misaddressed: Vec<Value> = report
        .misaddressed
        .iter()
        .map(|(recipient, why)| json!({"recipient": recipient, "why": why}))
        .collect();
    let path = match clear {
        // A program opens the file by it.
        true => report.path().expose().clone(),
        false => report.name(clear),
    };
    json!({
        "n": n,
        "file": path,
        "bytes": report.bytes,
        "verdict": report.verdict.word(),
        "judged": report.judged,
        "categories": report.categories,
        "reasons": report.reasons,
        "unscannable": unscannable,
        "misaddressed": misaddressed,
        "findings": report.rows.iter().map(|row| finding(row, clear)).collect::<Vec<_>>(),
    })
}

/// The word for a class.
pub const fn class(class: FindingClass) -> &'static str {
    match class {
        FindingClass::Identifier => "identifier",
        FindingClass::Context => "context",
        FindingClass::Health => "health",
    }
}

fn finding(row: &Row, clear: bool) -> Value {
    let at = row.at.as_ref();
    json!({
        "kind": row.kind,
        "class": class(row.kind.class()),
        "where": where_word(row.part),
        "inside": row.entry(clear),
        "start": at.map(|at| at.chars.start),
        "end": at.map(|at| at.chars.end),
        "line": at.map(|at| at.line),
        "column": at.map(|at| at.column),
        "value": row.shown(clear),
        "masked": !clear,
        "confidence": words::confidence(row.confidence),
        "category": row.category,
        "evidence": row.evidence,
    })
}

/// All of it.
pub fn document(files: Vec<Value>, totals: &Totals) -> Value {
    let verdicts: Map<String, Value> = Verdict::ALL
        .into_iter()
        .map(|v| (v.word().to_owned(), json!(totals.verdict(v))))
        .collect();
    let kinds: Map<String, Value> = totals
        .kinds()
        .iter()
        .map(|(kind, n)| (kind.word().to_owned(), json!(n)))
        .collect();
    json!({
        "files": files,
        "totals": {"files": totals.files(), "verdicts": verdicts, "kinds": kinds},
    })
}
