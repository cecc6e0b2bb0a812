//! Whatever a stranger writes, the parsers end and keep their bounds.

use mailseal::discover::{StsMode, StsPolicy, StsRecord};
use proptest::prelude::*;

/// Text made of the pieces that the grammars know, and of anything.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("version: STSv1".to_owned()),
        Just("mode: enforce".to_owned()),
        Just("mode:none".to_owned()),
        Just("max_age:".to_owned()),
        Just("mx: *.".to_owned()),
        Just("v=STSv1".to_owned()),
        Just("id=".to_owned()),
        Just(";".to_owned()),
        Just("\r\n".to_owned()),
        Just("\n".to_owned()),
        Just(" \t".to_owned()),
        "[0-9]{1,30}",
        "[a-z*.-]{1,20}",
        any::<String>(),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn a_policy_is_read_or_refused(text in pieces()) {
        if let Ok(policy) = StsPolicy::parse(&text) {
            prop_assert!(policy.max_age <= 31_557_600);
            prop_assert!(policy.mode == StsMode::None || !policy.mx.is_empty());
            for mx in &policy.mx {
                let name = mx.strip_prefix("*.").unwrap_or(mx);
                prop_assert!(!name.contains('*') && !name.is_empty());
                prop_assert_eq!(name, name.to_lowercase());
            }
        }
    }

    #[test]
    fn a_policy_that_is_written_is_read_again(
        mode in prop_oneof![Just("enforce"), Just("testing"), Just("none")],
        mx in prop::collection::vec("(\\*\\.)?[a-z]([a-z0-9]{0,10}[a-z])?\\.example", 1..20),
        max_age in 0u64..40_000_000,
        crlf in any::<bool>(),
    ) {
        let end = if crlf { "\r\n" } else { "\n" };
        let mut text = format!("version: STSv1{end}mode: {mode}{end}max_age: {max_age}{end}");
        for host in &mx {
            text.push_str(&format!("mx: {host}{end}"));
        }
        let policy = StsPolicy::parse(&text).unwrap();
        prop_assert_eq!(policy.mx, mx);
        prop_assert_eq!(u64::from(policy.max_age), max_age.min(31_557_600));
    }

    #[test]
    fn a_record_is_read_or_refused(records in prop::collection::vec(pieces(), 0..4)) {
        if let Some(record) = StsRecord::select(&records) {
            prop_assert!((1..=32).contains(&record.id.len()));
            prop_assert!(record.id.bytes().all(|b| b.is_ascii_alphanumeric()));
        }
    }
}
