//! The bodies of the fuzz targets: what must hold for any bytes.
//!
//! None may panic, and each states more than that: that a reply does not
//! depend on how it was cut, that what was parsed and written again parses to
//! the same. `seeds/<target>/` holds inputs to start from; a plain test runs
//! them all, with some hundred mutations of each, so that a fault found once
//! stays found. `cargo xtask fuzz` looks for new ones.
#![allow(clippy::panic, clippy::expect_used)]

mod archive;
#[cfg(test)]
mod make;
mod pickup;
#[cfg(test)]
mod replay;
mod scanning;
mod sealed;

use mailseal::base::Timestamp;
use mailseal::compose::{Copy, Message, Visible};
use mailseal::discover::StsPolicy;
use mailseal::escrow::Link;
use mailseal::policy::Policy;
use mailseal::wire::smtp::reply::{Reply, ReplyError, ReplyParser};

pub use pickup::{archive_bundle, letter, portal_request, reply_container};
pub use scanning::{
    ccda_xml, csv, dicom, extract, fhir_json, hl7, host_toml, html_view, ics_vcf, pdf, redact,
    roster_file, rtf, scan_message, scan_text, x12, zip_office,
};
pub use sealed::{certificate, cms, openpgp, pkcs12, protected_headers};

/// A target: takes bytes, panics where something does not hold.
pub type Target = fn(&[u8]);

/// Every target by its name, which is also its folder of seeds.
pub const TARGETS: [(&str, Target); 31] = [
    ("archive_bundle", archive_bundle),
    ("ccda_xml", ccda_xml),
    ("certificate", certificate),
    ("cms", cms),
    ("csv", csv),
    ("dicom", dicom),
    ("extract", extract),
    ("fhir_json", fhir_json),
    ("hl7", hl7),
    ("host_toml", host_toml),
    ("html_view", html_view),
    ("ics_vcf", ics_vcf),
    ("letter", letter),
    ("link", link),
    ("message", message),
    ("openpgp", openpgp),
    ("pdf", pdf),
    ("pkcs12", pkcs12),
    ("policy_toml", policy_toml),
    ("portal_request", portal_request),
    ("protected_headers", protected_headers),
    ("redact", redact),
    ("reply", reply),
    ("reply_container", reply_container),
    ("roster_file", roster_file),
    ("rtf", rtf),
    ("scan_message", scan_message),
    ("scan_text", scan_text),
    ("sts_policy", sts_policy),
    ("x12", x12),
    ("zip_office", zip_office),
];

/// SMTP replies: the same come out however the bytes are cut.
pub fn reply(data: &[u8]) {
    let whole = replies([data]);
    assert_eq!(whole, replies(data.chunks(1)), "cut into single octets");
    let cut = data.first().map_or(1, |n| usize::from(*n).max(1));
    assert_eq!(whole, replies(data.chunks(cut)), "cut into {cut} octets");
    for reply in &whole.0 {
        assert!((200..600).contains(&reply.code()));
        assert!(!reply.text().contains(['\r', '\n', '\0']) || reply.lines().len() > 1);
    }
}

fn replies<'a>(cuts: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Reply>, Option<ReplyError>) {
    let mut parser = ReplyParser::new();
    let mut found = Vec::new();
    for cut in cuts {
        parser.push(cut);
        loop {
            match parser.next_reply() {
                Ok(Some(reply)) => found.push(reply),
                Ok(None) => break,
                Err(error) => return (found, Some(error)),
            }
        }
    }
    (found, None)
}

/// MTA-STS policies (RFC 8461 section 3.2).
pub fn sts_policy(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(policy) = StsPolicy::parse(text) {
        assert!(policy.max_age <= 31_557_600, "over the RFC's maximum");
        let host = "mx1.harbor.example".parse().expect("a host name");
        // Whatever it answers, it answers the same twice.
        assert_eq!(policy.matches(&host), policy.matches(&host));
    }
}

/// Internet messages: what was parsed can be written, and parsed again.
pub fn message(data: &[u8]) {
    let Ok(message) = Message::parse(data) else {
        return;
    };
    let _ = (message.subject(), message.parts(), message.sender());
    let copy = Copy::new(
        Visible::All,
        Timestamp::from_unix_ms(1_700_000_000_000),
        "<seed@mailseal.example>",
    );
    let Ok(rendered) = message.render(&copy) else {
        return;
    };
    let bytes = rendered.bytes();
    assert!(rendered.body_offset() <= bytes.len());
    let mut before = 0;
    for (index, byte) in bytes.iter().enumerate() {
        let after = bytes.get(index + 1).copied().unwrap_or_default();
        assert!(*byte != b'\n' || before == b'\r', "LF without CR");
        assert!(*byte != b'\r' || after == b'\n', "CR without LF");
        before = *byte;
    }
}

/// Policies in TOML: what is written parses to the same policy.
pub fn policy_toml(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(policy) = Policy::from_toml(text) {
        let again = Policy::from_toml(&policy.to_toml()).expect("its own text parses");
        assert_eq!(policy.fingerprint(), again.fingerprint());
    }
}

/// Pickup links: what is written parses to the same grant and code.
pub fn link(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(link) = Link::parse(text) {
        let url = link.url();
        let again = Link::parse(url.expose()).expect("its own URL parses");
        assert_eq!(link.grant(), again.grant());
        assert_eq!(link.code().expose(), again.code().expose());
        assert_eq!(link.base_url(), again.base_url());
        assert!(!format!("{link:?}").contains(link.code().expose().as_str()));
    }
}

/// Runs `target` on every file named on the command line.
#[allow(clippy::print_stderr)]
pub fn run_files(target: Target) -> std::process::ExitCode {
    let mut files = std::env::args_os().skip(1).peekable();
    if files.peek().is_none() {
        eprintln!("usage: name the files to run; to fuzz, use `cargo xtask fuzz`");
        return std::process::ExitCode::from(2);
    }
    for file in files {
        match std::fs::read(&file) {
            Ok(data) => target(&data),
            Err(error) => {
                eprintln!("cannot read a file: {error}");
                return std::process::ExitCode::FAILURE;
            }
        }
    }
    std::process::ExitCode::SUCCESS
}
