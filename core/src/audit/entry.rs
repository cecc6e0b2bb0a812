//! An entry of the log as a person or a program reads it.

use std::fmt;

use super::event::Record;

/// One entry of the log. [`fmt::Display`] gives it as one line of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// Its number, counted from 0.
    pub index: u64,
    /// What it says.
    pub record: Record,
    leaf: Vec<u8>,
}

impl Entry {
    /// The columns of [`Entry::cells`].
    pub const COLUMNS: [&'static str; 8] = [
        "entry", "time", "event", "message", "to", "route", "result", "evidence",
    ];

    pub(super) fn read(index: u64, leaf: Vec<u8>) -> Option<Self> {
        Some(Self {
            index,
            record: Record::from_leaf(&leaf)?,
            leaf,
        })
    }

    /// The leaf, as it is hashed and exported: canonical JSON.
    pub fn leaf(&self) -> &[u8] {
        &self.leaf
    }

    /// The entry as cells of a table with [`Entry::COLUMNS`]; `-` where there
    /// is nothing to say. Messages are shortened to eight digits.
    pub fn cells(&self) -> [String; 8] {
        let record = &self.record;
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".into());
        let message = record.message.map(|id| id.to_string());
        let (message, item) = (
            message.map(|id| id.chars().take(8).collect()),
            record
                .item
                .map(|id| id.to_string().chars().take(8).collect()),
        );
        [
            self.index.to_string(),
            record.time.to_rfc3339(),
            record.kind.word().to_owned(),
            or_dash(message.or(item)),
            or_dash(record.recipient.map(|id| id.to_string())),
            or_dash(record.route.map(|route| route.word().to_owned())),
            or_dash(self.result()),
            or_dash(self.evidence()),
        ]
    }

    fn result(&self) -> Option<String> {
        let record = &self.record;
        let words = [
            record.delivery.map(word),
            record.cause.map(word).filter(|cause| cause != "ok"),
            record.code.map(|code| code.to_string()),
            record.enhanced.clone(),
        ];
        let words: Vec<_> = words.into_iter().flatten().collect();
        if !words.is_empty() {
            return Some(words.join(" "));
        }
        let reasons = &record.reasons;
        (!reasons.is_empty()).then(|| reasons.join(","))
    }

    fn evidence(&self) -> Option<String> {
        let record = &self.record;
        if let Some(tls) = &record.tls {
            let group = tls.group.as_deref().unwrap_or("-");
            let (version, suite) = (tls.version.word(), &tls.suite);
            return Some(format!("{version} {suite} {group} {}", word(tls.identity)));
        }
        let floors = [
            record.transport_floor.map(|floor| format!("floor={floor}")),
            record.factor_floor.map(|floor| format!("factor>={floor}")),
            record.factor.map(|factor| format!("factor={factor}")),
        ];
        let floors: Vec<_> = floors.into_iter().flatten().collect();
        (!floors.is_empty()).then(|| floors.join(" "))
    }
}

/// The word under which a value stands in the leaf.
fn word(value: impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::from("-"),
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [index, time, kind, message, to, route, result, evidence] = self.cells();
        write!(
            f,
            "{index:>6}  {time}  {kind:<15} {message:<8} {to:<4} {route:<6}  {result}  {evidence}"
        )
    }
}
