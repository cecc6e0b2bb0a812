//! What of the findings of a message is the same, and which of two is right.

use crate::base::Phi;
use crate::dlp::{Evidence, Finding, FindingClass};

/// Puts findings in order, and those of the same kind at the same place
/// together.
pub(super) fn merge(items: &mut Vec<Finding>) {
    items.sort_by(|a, b| {
        let inside = |a: &Finding, b: &Finding| {
            let (a, b) = (a.inside.as_ref(), b.inside.as_ref());
            a.map(Phi::expose).cmp(&b.map(Phi::expose))
        };
        (a.part.cmp(&b.part))
            .then_with(|| inside(a, b))
            .then(a.span.start.cmp(&b.span.start))
            .then(b.span.end.cmp(&a.span.end))
            .then(is_known(b).cmp(&is_known(a)))
            .then(a.kind.cmp(&b.kind))
    });
    prefer_known(items);
    items.dedup_by(|next, kept| {
        let same = is_beside(next, kept)
            && next.kind == kept.kind
            // What reaches further is a value of its own: redaction needs it.
            && next.span.start < kept.span.end
            && next.span.end <= kept.span.end;
        if same {
            kept.confidence = kept.confidence.max(next.confidence);
            kept.category = kept.category.or(next.category);
            kept.evidence.append(&mut next.evidence);
            kept.evidence.sort_unstable();
            kept.evidence.dedup();
        }
        same
    });
}

/// Drops what a model took for something else than the host knows it to be. The
/// findings are in order, what the host knows first where several begin and end.
fn prefer_known(items: &mut Vec<Finding>) {
    if !items.iter().any(is_known) {
        return;
    }
    // What the host knows and reaches furthest.
    let mut known: Option<&Finding> = None;
    let keep: Vec<bool> = items
        .iter()
        .map(|item| {
            let over = known.filter(|known| is_beside(known, item));
            if is_known(item) {
                known = over
                    .filter(|known| known.span.end > item.span.end)
                    .or(Some(item));
                return true;
            }
            !over.is_some_and(|known| is_instead(known, item))
        })
        .collect();
    let mut keep = keep.into_iter();
    items.retain(|_| keep.next().unwrap_or(true));
}

/// Whether what the host knows stands for a finding that begins no earlier: the
/// same value or a piece of it, which a model alone guessed. What a label or a
/// check digit proves stays, and what a value says of health is another question
/// than whose number or name it is.
fn is_instead(known: &Finding, item: &Finding) -> bool {
    let health = |f: &Finding| f.kind.class() == FindingClass::Health;
    let guessed = item.evidence.iter().all(|e| *e == Evidence::Model);
    guessed
        && item.span.end <= known.span.end
        && item.kind != known.kind
        && health(item) == health(known)
        && (item.category.is_none() || known.category.is_some())
}

/// Whether both stand in the same text.
fn is_beside(one: &Finding, other: &Finding) -> bool {
    one.part == other.part && one.inside == other.inside
}

/// Whether the host said so: a pattern or term of its own, or a patient.
fn is_known(finding: &Finding) -> bool {
    let host = [Evidence::Host, Evidence::Roster];
    finding.evidence.iter().any(|e| host.contains(e))
}

#[cfg(test)]
mod tests {
    use crate::dlp::{Confidence, Evidence, Finding, FindingKind, Part};

    use super::*;

    fn found(kind: FindingKind, span: std::ops::Range<usize>, evidence: Evidence) -> Finding {
        let value = Phi::new("x".to_owned());
        Finding::new(kind, Part::Text, span, Confidence::High, value).with_evidence([evidence])
    }

    fn merged(items: &[Finding]) -> Vec<(FindingKind, usize, usize, usize)> {
        let mut items = items.to_vec();
        merge(&mut items);
        items
            .iter()
            .map(|f| (f.kind, f.span.start, f.span.end, f.evidence.len()))
            .collect()
    }

    use Evidence::{Host, Label, Model, Roster};
    use FindingKind::{Condition, Mrn, Name, OtherId, Provider, Ssn};

    #[test]
    fn the_same_value_is_one_finding_whatever_stands_between() {
        let items = [
            found(Mrn, 3..9, Label),
            found(OtherId, 3..9, Model),
            found(Mrn, 3..9, Model),
            found(Mrn, 5..12, Model),
        ];
        let wanted = [(Mrn, 3, 9, 2), (OtherId, 3, 9, 1), (Mrn, 5, 12, 1)];
        assert_eq!(merged(&items), wanted);
    }

    #[test]
    fn what_the_host_knows_stands_for_what_was_guessed() {
        let items = [
            found(OtherId, 3..9, Model),
            found(Mrn, 3..9, Host),
            found(Ssn, 3..9, Label),
            // Pieces of a patient's name, and one that goes on behind it.
            found(Name, 20..30, Roster),
            found(Provider, 20..24, Model),
            found(Provider, 25..34, Model),
            // A number within a term that its label proves; a condition.
            found(Name, 40..60, Host),
            found(Mrn, 44..48, Host),
            found(Ssn, 45..50, Label),
            found(Provider, 50..52, Model),
            found(Condition, 40..60, Model),
        ];
        let wanted = [
            (Mrn, 3, 9, 1),
            (Ssn, 3, 9, 1),
            (Name, 20, 30, 1),
            (Provider, 25, 34, 1),
            (Name, 40, 60, 1),
            (Condition, 40, 60, 1),
            (Mrn, 44, 48, 1),
            (Ssn, 45, 50, 1),
        ];
        assert_eq!(merged(&items), wanted);
    }
}
