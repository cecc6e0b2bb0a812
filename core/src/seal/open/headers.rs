//! Which header fields count (RFC 9788 section 4).

use std::collections::BTreeSet;

use super::unwrap::{Layer, Unwrapped, author};
use crate::seal::OpenError;
use crate::seal::entity::{ContentType, Entity, Field};

/// Fields that people see or answer to: where one of these differs outside
/// from what its sender put there, somebody changed it. Others are added and
/// rewritten by every relay.
const SEEN: &[&str] = &["From", "To", "Cc", "Reply-To", "Sender", "Subject", "Date"];

/// What became of the header fields.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct HeaderReport {
    /// Whether the payload says that its header fields are the message's
    /// (`hp`, or the older `protected-headers`). They then stand in
    /// [`Opened::message`](super::Opened::message), and those outside do not.
    ///
    /// The older form often repeats a few only, and the rest stand there as
    /// they arrived: where a field that people see is among these, this is
    /// false.
    pub protected: bool,
    /// Names of fields, as the RFCs write them, that arrived otherwise than
    /// their sender wrote them outside.
    pub altered: Vec<&'static str>,
    /// Whether From outside names another author than the protected one.
    pub from_differs: bool,
    /// The payload says that it was encrypted, and it arrived unencrypted:
    /// somebody who could read it passed it on.
    pub exposed: bool,
}

/// Whether a payload says that header fields were hidden outside, for which
/// legacy display elements are (RFC 9788 section 5.2.2).
pub(super) fn are_hidden(payload: &ContentType) -> bool {
    payload.says("hp", "cipher")
}

/// The header block of the restored message without structural fields, and
/// what became of it.
pub(super) fn restore(
    raw: &[u8],
    unwrapped: &Unwrapped,
) -> Result<(Vec<u8>, HeaderReport), OpenError> {
    let outer = Entity::read(raw)?;
    let payload = Entity::read(&unwrapped.payload)?;
    let kind = payload.content_type()?;
    let mut report = HeaderReport::default();
    let mut head = Vec::new();
    let hp = kind.parameter("hp").map(str::to_ascii_lowercase);
    let v1 = kind.says("protected-headers", "v1");
    if unwrapped.layers.is_empty() || (hp.is_none() && !v1) {
        keep(&mut head, outer.fields.iter());
        return Ok((head, report));
    }
    report.protected = true;
    let inner = payload.fields.iter().filter(|f| !f.is("HP-Outer"));
    keep(&mut head, inner);
    if hp.is_none() {
        // The older form protects what it repeats; the rest stays as it came.
        let missing = |f: &&Field<'_>| payload.fields.iter().all(|p| !same_name(p, f));
        let missing = || outer.fields.iter().filter(missing);
        report.protected = !missing().any(|f| SEEN.iter().any(|name| f.is(name)));
        keep(&mut head, missing());
    }
    let encrypted = unwrapped
        .layers
        .iter()
        .any(|l| matches!(l, Layer::Encrypted(_)));
    report.exposed = hp.as_deref() == Some("cipher") && !encrypted;
    report.altered = match hp.as_deref() {
        Some("cipher") => {
            let said: Vec<String> = payload.named("HP-Outer").map(Field::unfolded).collect();
            altered(&outer, |name| {
                let said = said.iter().filter_map(|line| {
                    let (n, value) = line.split_once(':')?;
                    n.trim().eq_ignore_ascii_case(name).then(|| value.trim())
                });
                said.map(normal).collect()
            })
        }
        _ => altered(&outer, |name| {
            payload.named(name).map(|f| normal(&f.unfolded())).collect()
        }),
    };
    if hp.is_none() {
        // Nothing says what its sender put outside; a hidden subject differs.
        report.altered.retain(|name| *name == "From");
    }
    report.from_differs = author(&outer) != author(&payload);
    Ok((head, report))
}

/// Writes the fields that are not structural. Thunderbird repeats the subject
/// within one payload: the same field with the same value counts once.
fn keep<'a>(head: &mut Vec<u8>, fields: impl Iterator<Item = &'a Field<'a>>) {
    let mut seen: Vec<(Vec<u8>, String)> = Vec::new();
    for field in fields.filter(|f| !f.is_structural()) {
        if SEEN.iter().any(|name| field.is(name)) {
            let this = (field.name.to_ascii_lowercase(), normal(&field.unfolded()));
            if seen.contains(&this) {
                continue;
            }
            seen.push(this);
        }
        write(head, field);
    }
}

/// Writes a field so that all readers see the same lines. Behind a blank fold
/// some begin the body, a bare CR ends a line for others: who carries the
/// message could so put a text of his own above the one that was signed.
pub(super) fn write(head: &mut Vec<u8>, field: &Field<'_>) {
    for line in field.whole.split(|&b| b == b'\n') {
        let start = head.len();
        head.extend(line.iter().filter(|b| !matches!(b, b'\r' | 0)));
        if head[start..].iter().all(|&b| b <= b' ') {
            head.truncate(start);
        } else {
            head.extend_from_slice(b"\r\n");
        }
    }
}

fn same_name(a: &Field<'_>, b: &Field<'_>) -> bool {
    a.name.eq_ignore_ascii_case(b.name)
}

/// Folding and blanks are not the sender's alone.
fn normal(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn altered(outer: &Entity<'_>, said: impl Fn(&str) -> BTreeSet<String>) -> Vec<&'static str> {
    let differs = |name: &&&'static str| {
        let arrived: BTreeSet<String> = outer.named(name).map(|f| normal(&f.unfolded())).collect();
        arrived != said(name)
    };
    SEEN.iter().filter(differs).copied().collect()
}
