//! A policy written as TOML: its canonical form.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use data_encoding::HEXLOWER;

use crate::base::{FactorLevel, PartnerIdentity, Route, Sensitivity, TlsAssurance};
use crate::dlp::Confidence;

use super::config::{PEM_BEGIN, PEM_END};
use super::decision::Refusal;
use super::model::Policy;
use super::rules::{Action, MAX_COUNT, Rule};

impl Policy {
    /// The policy in its canonical form: what [`from_toml`](Self::from_toml)
    /// reads back to an equal policy. It holds the addresses of the rules.
    pub fn to_toml(&self) -> String {
        let mut out = String::from("preset = \"custom\"\n");
        put(&mut out, "name", Some(quote(&self.name)));
        put(
            &mut out,
            "no_findings",
            Some(quote(self.no_findings.word())),
        );
        put(
            &mut out,
            "ladder",
            Some(list(&self.ladder, |r| r.word().into())),
        );
        put(&mut out, "waivers", Some(self.waivers.to_string()));
        put(&mut out, "subject", Some(quote(self.subject.word())));
        put(&mut out, "file_names", Some(quote(self.file_names.word())));
        for (sensitivity, row) in Sensitivity::ALL.iter().zip(&self.rows) {
            out += &format!("\n[require.{sensitivity}]\n");
            let word = |floor: Option<TlsAssurance>| floor.map(|f| quote(f.word()));
            put(&mut out, "tls", word(row.tls));
            put(&mut out, "tls_preferred", word(row.tls_preferred));
            put(&mut out, "verified_key", word(row.verified_key));
            put(&mut out, "pinned_key", word(row.pinned_key));
            let escrow: Vec<String> = FactorLevel::ALL
                .iter()
                .zip(row.escrow)
                .filter_map(|(level, floor)| floor.map(|f| format!("{level} = \"{f}\"")))
                .collect();
            put(
                &mut out,
                "escrow",
                Some(format!("{{ {} }}", escrow.join(", "))),
            );
            let otherwise = match row.otherwise {
                Refusal::Dropped => "drop",
                Refusal::Held | Refusal::Refused => "refuse",
            };
            put(&mut out, "otherwise", Some(quote(otherwise)));
        }
        for rule in &self.rules {
            rule_to_toml(rule, &mut out);
        }
        for partner in &self.partners {
            out += "\n[[partner]]\n";
            put(&mut out, "domain", Some(quote(partner.domain.as_str())));
            match &partner.identity {
                PartnerIdentity::SpkiSha256(pin) => {
                    put(&mut out, "pin", Some(quote(&HEXLOWER.encode(pin))));
                }
                PartnerIdentity::Ca(der) => {
                    let pem = format!("{PEM_BEGIN}\n{}\n{PEM_END}", STANDARD.encode(der));
                    put(&mut out, "ca", Some(quote(&pem)));
                }
            }
        }
        out
    }
}

fn rule_to_toml(rule: &Rule, out: &mut String) {
    *out += "\n[[rule]]\n";
    put(out, "name", Some(quote(&rule.name)));
    put_list(out, "recipient", &rule.recipients, |a| a.as_str().into());
    put_list(out, "domain", &rule.domains, |d| d.as_str().into());
    put_list(out, "sender", &rule.senders, |a| a.as_str().into());
    put_list(out, "sender_domain", &rule.sender_domains, |d| {
        d.as_str().into()
    });
    put_list(out, "audience", &rule.audiences, String::clone);
    put_list(out, "finding", &rule.kinds, |k| k.word().into());
    put_list(out, "category", &rule.categories, |c| c.word().into());
    let confidence = rule.confidence.map(|c| match c {
        Confidence::Low => "\"low\"",
        Confidence::Medium => "\"medium\"",
        Confidence::High => "\"high\"",
    });
    put(out, "confidence", confidence.map(String::from));
    let count = rule.count.map(|n| n.clamp(1, MAX_COUNT).to_string());
    put(out, "count", count);
    // Written only where it is set: so policies of before keep their fingerprint.
    let unscannable = rule.unscannable.then(|| true.to_string());
    put(out, "unscannable", unscannable);
    put_list(out, "marker", &rule.markers, String::clone);
    put(
        out,
        "sensitivity",
        rule.sensitivity.map(|s| quote(s.word())),
    );
    put(out, "transport", rule.transport.map(|t| quote(t.word())));
    put(out, "factor", rule.factor.map(|f| quote(f.word())));
    put(out, "end_to_end", Some(rule.end_to_end.to_string()));
    let redirect = rule.redirect.filter(|&route| route != Route::Tls);
    put(out, "redirect", redirect.map(|r| quote(r.word())));
    let action = rule.action.map(|a| match a {
        Action::Hold => "\"hold\"",
        Action::Refuse => "\"refuse\"",
    });
    put(out, "action", action.map(String::from));
}

fn put(out: &mut String, key: &str, value: Option<String>) {
    if let Some(value) = value {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{key} = {value}");
    }
}

fn put_list<T>(out: &mut String, key: &str, items: &[T], word: impl Fn(&T) -> String) {
    if !items.is_empty() {
        put(out, key, Some(list(items, word)));
    }
}

fn list<T>(items: &[T], word: impl Fn(&T) -> String) -> String {
    let items: Vec<String> = items.iter().map(|item| quote(&word(item))).collect();
    format!("[{}]", items.join(", "))
}

/// A TOML basic string.
fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out += "\\\"",
            '\\' => out += "\\\\",
            c if c.is_control() => out += &format!("\\u{:04X}", u32::from(c)),
            c => out.push(c),
        }
    }
    out + "\""
}
