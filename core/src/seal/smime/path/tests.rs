use std::collections::BTreeMap;

use super::*;

const CERTS: &str = include_str!("../../../../tests/vectors/x509/certs.pem");
const CRLS: &str = include_str!("../../../../tests/vectors/x509/crls.pem");
/// 2026-06-01T00:00:00Z.
const NOW: Timestamp = Timestamp::from_unix_ms(1_780_272_000_000);

fn blocks(text: &'static str) -> BTreeMap<&'static str, &'static str> {
    text.split("# ")
        .skip(1)
        .filter_map(|block| block.split_once('\n'))
        .collect()
}

fn cert(name: &str) -> Certificate {
    let all = blocks(CERTS);
    let pem = all.get(name).unwrap_or_else(|| panic!("no {name}"));
    Certificate::parse_chain(pem.as_bytes()).unwrap().remove(0)
}

fn anchors(names: &[&str]) -> TrustAnchors {
    TrustAnchors(Arc::new(names.iter().map(|n| cert(n)).collect()))
}

fn lists(names: &[&str]) -> RevocationLists {
    let all = blocks(CRLS);
    names.iter().fold(RevocationLists::new(), |lists, name| {
        let pem = all.get(name).unwrap_or_else(|| panic!("no {name}"));
        lists.with_pem(pem.as_bytes()).unwrap()
    })
}

fn validate_named(
    leaf: &str,
    between: &[&str],
    trusted: &[&str],
    purpose: Purpose,
    address: &str,
    lists: &RevocationLists,
) -> Result<(), KeyFault> {
    let between: Vec<Certificate> = between.iter().map(|n| cert(n)).collect();
    validate(
        &cert(leaf),
        &between,
        &anchors(trusted),
        lists,
        purpose,
        Some(&address.parse().unwrap()),
        NOW,
    )
}

#[test]
fn paths_are_rfc_5280s() {
    use KeyFault::*;
    const PAT: &str = "pat@harbor.example";
    type Case = (
        &'static str,
        &'static [&'static str],
        &'static [&'static str],
        &'static str,
        Result<(), KeyFault>,
    );
    let deep = &[
        "deep1", "deep2", "deep3", "deep4", "deep5", "deep6", "deep7", "deep8",
    ];
    let cases: &[Case] = &[
        // Plain paths.
        ("leaf_root", &[], &["root"], PAT, Ok(())),
        ("leaf", &["inter"], &["root"], PAT, Ok(())),
        ("leaf", &["inter"], &["root2", "root"], PAT, Ok(())),
        ("leaf", &[], &["inter"], PAT, Ok(())),
        ("leaf", &[], &["root"], PAT, Err(Untrusted)),
        ("leaf", &["inter"], &[], PAT, Err(Untrusted)),
        ("leaf", &["inter"], &["root2"], PAT, Err(Untrusted)),
        // Dates.
        ("leaf_expired", &["inter"], &["root"], PAT, Err(Expired)),
        ("leaf_future", &["inter"], &["root"], PAT, Err(NotYetValid)),
        (
            "leaf_inter_expired",
            &["inter_expired"],
            &["root"],
            PAT,
            Err(Expired),
        ),
        ("leaf_root_old", &[], &["root_old"], PAT, Err(Expired)),
        // Who may issue.
        ("leaf_inter_len0", &["inter_len0"], &["root"], PAT, Ok(())),
        (
            "leaf_inter_below",
            &["inter_below", "inter_len0"],
            &["root"],
            PAT,
            Err(Constraint),
        ),
        (
            "leaf_inter_no_ca",
            &["inter_no_ca"],
            &["root"],
            PAT,
            Err(Constraint),
        ),
        (
            "leaf_inter_no_basic",
            &["inter_no_basic"],
            &["root"],
            PAT,
            Err(Constraint),
        ),
        (
            "leaf_inter_no_sign",
            &["inter_no_sign"],
            &["root"],
            PAT,
            Err(Constraint),
        ),
        (
            "leaf_inter_tls",
            &["inter_tls"],
            &["root"],
            PAT,
            Err(Constraint),
        ),
        (
            "leaf_inter_critical",
            &["inter_critical"],
            &["root"],
            PAT,
            Err(Constraint),
        ),
        (
            "leaf_inter_policy",
            &["inter_policy"],
            &["root"],
            PAT,
            Err(Constraint),
        ),
        // An end entity is no authority, even as an anchor.
        (
            "leaf_inter_no_ca",
            &[],
            &["inter_no_ca"],
            PAT,
            Err(Constraint),
        ),
        // Name constraints.
        (
            "leaf_inter_permit",
            &["inter_permit"],
            &["root"],
            PAT,
            Ok(()),
        ),
        (
            "leaf_permit_north",
            &["inter_permit"],
            &["root"],
            "pat@clinic.north.example",
            Ok(()),
        ),
        (
            "leaf_permit_other",
            &["inter_permit"],
            &["root"],
            "pat@south.example",
            Err(Constraint),
        ),
        (
            "leaf_permit_subject",
            &["inter_permit"],
            &["root"],
            "pat@south.example",
            Err(Constraint),
        ),
        (
            "leaf_permit_utf8",
            &["inter_permit"],
            &["root"],
            "påt@south.example",
            Err(Constraint),
        ),
        (
            "leaf_inter_exclude",
            &["inter_exclude"],
            &["root"],
            PAT,
            Err(Constraint),
        ),
        (
            "leaf_exclude_host",
            &["inter_exclude"],
            &["root"],
            "kim@south.example",
            Err(Constraint),
        ),
        (
            "leaf_exclude_free",
            &["inter_exclude"],
            &["root"],
            "kim@harbor.example",
            Ok(()),
        ),
        ("leaf_inter_dir", &["inter_dir"], &["root"], PAT, Ok(())),
        (
            "leaf_dir_other",
            &["inter_dir"],
            &["root"],
            PAT,
            Err(Constraint),
        ),
        ("leaf_inter_uri", &["inter_uri"], &["root"], PAT, Ok(())),
        ("leaf_uri", &["inter_uri"], &["root"], PAT, Err(Constraint)),
        ("leaf_inter_dns", &["inter_dns"], &["root"], PAT, Ok(())),
        ("leaf_dns", &["inter_dns"], &["root"], PAT, Err(Constraint)),
        // Hashes and keys.
        ("leaf_sha1", &["inter"], &["root"], PAT, Err(WeakHash)),
        (
            "leaf_inter_sha1",
            &["inter_sha1"],
            &["root"],
            PAT,
            Err(WeakHash),
        ),
        ("leaf_inter_sha1", &[], &["inter_sha1"], PAT, Ok(())),
        ("leaf_pss_sha1", &[], &["root_rsa"], PAT, Err(WeakHash)),
        ("leaf_1024", &["inter"], &["root"], PAT, Err(WeakKey)),
        ("leaf_root_1024", &[], &["root_1024"], PAT, Err(WeakKey)),
        ("leaf_root_rsa", &[], &["root_rsa"], PAT, Ok(())),
        ("leaf_root_pss", &[], &["root_rsa"], PAT, Ok(())),
        ("leaf_root_p384", &[], &["root_p384"], PAT, Ok(())),
        ("leaf_root_ed", &[], &["root_ed"], PAT, Ok(())),
        // Names, keys and cycles.
        ("leaf", &["inter_cross"], &["root2"], PAT, Ok(())),
        ("leaf", &["inter_cross", "inter"], &["root"], PAT, Ok(())),
        ("leaf", &["inter_cross"], &["root"], PAT, Err(Untrusted)),
        ("leaf_root", &[], &["root_twin", "root"], PAT, Ok(())),
        ("leaf_root", &["root"], &["root_twin"], PAT, Err(Untrusted)),
        ("leaf", &["inter_forged", "inter"], &["root"], PAT, Ok(())),
        (
            "leaf_loop_b",
            &["loop_b", "loop_ab", "loop_a"],
            &["root"],
            PAT,
            Err(Untrusted),
        ),
        (
            "leaf_loop_b",
            &["loop_b", "loop_ab"],
            &["loop_a"],
            PAT,
            Ok(()),
        ),
        ("leaf_deep6", deep, &["root"], PAT, Ok(())),
        ("leaf_deep8", deep, &["root"], PAT, Err(Untrusted)),
        ("leaf_self", &[], &["leaf_self"], PAT, Ok(())),
        ("leaf_self", &[], &["root"], PAT, Err(Untrusted)),
        ("leaf_critical", &["inter"], &["root"], PAT, Err(Constraint)),
        // Whose it is.
        ("leaf", &["inter"], &["root"], "PAT@Harbor.Example", Ok(())),
        (
            "leaf",
            &["inter"],
            &["root"],
            "kim@harbor.example",
            Err(OtherAddress),
        ),
        (
            "leaf",
            &["inter"],
            &["root"],
            "pat@mail.harbor.example",
            Err(OtherAddress),
        ),
        ("leaf_subject", &["inter"], &["root"], PAT, Ok(())),
        ("leaf_both", &["inter"], &["root"], PAT, Err(OtherAddress)),
        (
            "leaf_utf8",
            &["inter"],
            &["root"],
            "påt@harbor.example",
            Ok(()),
        ),
        ("leaf_utf8", &["inter"], &["root"], PAT, Err(OtherAddress)),
        (
            "leaf_idn",
            &["inter"],
            &["root"],
            "pat@bücher.example",
            Ok(()),
        ),
        // What it is for.
        (
            "leaf_sign",
            &["inter"],
            &["root"],
            PAT,
            Err(NotForEncryption),
        ),
        ("leaf_agree", &["inter"], &["root"], PAT, Ok(())),
        (
            "leaf_tls",
            &["inter"],
            &["root"],
            PAT,
            Err(NotForEncryption),
        ),
        ("leaf_any", &["inter"], &["root"], PAT, Ok(())),
        ("leaf_rsa", &["inter"], &["root"], PAT, Ok(())),
        (
            "leaf_rsa_sign",
            &["inter"],
            &["root"],
            PAT,
            Err(NotForEncryption),
        ),
        ("leaf_ed", &["inter"], &["root"], PAT, Err(NotForEncryption)),
    ];
    for (leaf, between, trusted, address, expected) in cases {
        let got = validate_named(
            leaf,
            between,
            trusted,
            Purpose::Encrypt,
            address,
            &RevocationLists::new(),
        );
        assert_eq!(got, *expected, "{leaf} by {between:?} to {trusted:?}");
    }
}

#[test]
fn signing_asks_for_its_own_usage() {
    for (leaf, expected) in [
        ("leaf", Ok(())),
        ("leaf_sign", Ok(())),
        ("leaf_ed", Ok(())),
        ("leaf_agree", Err(KeyFault::NotForSigning)),
        ("leaf_tls", Err(KeyFault::NotForSigning)),
    ] {
        let got = validate_named(
            leaf,
            &["inter"],
            &["root"],
            Purpose::Sign,
            "pat@harbor.example",
            &RevocationLists::new(),
        );
        assert_eq!(got, expected, "{leaf}");
    }
}

#[test]
fn revocation_is_looked_up_in_the_issuers_own_current_lists() {
    use KeyFault::*;
    type Case = (
        &'static str,
        &'static [&'static str],
        // Where none is required, and where one is.
        Result<(), KeyFault>,
        Result<(), KeyFault>,
    );
    let cases: &[Case] = &[
        ("leaf", &[], Ok(()), Err(NoRevocationList)),
        ("leaf", &["crl_none", "crl_root"], Ok(()), Ok(())),
        // For every certificate of the path.
        ("leaf", &["crl_none"], Ok(()), Err(NoRevocationList)),
        ("leaf", &["crl_root"], Ok(()), Err(NoRevocationList)),
        (
            "leaf",
            &["crl_none", "crl_inter"],
            Err(Revoked),
            Err(Revoked),
        ),
        (
            "leaf",
            &["crl_leaf", "crl_root"],
            Err(Revoked),
            Err(Revoked),
        ),
        ("leaf_any", &["crl_leaf", "crl_root"], Ok(()), Ok(())),
        (
            "leaf",
            &["crl_none", "crl_hold"],
            Err(Revoked),
            Err(Revoked),
        ),
        ("leaf", &["crl_removed", "crl_root"], Ok(()), Ok(())),
        (
            "leaf",
            &["crl_stale", "crl_root"],
            Ok(()),
            Err(NoRevocationList),
        ),
        (
            "leaf",
            &["crl_future", "crl_root"],
            Ok(()),
            Err(NoRevocationList),
        ),
        (
            "leaf",
            &["crl_stale_leaf", "crl_root"],
            Err(Revoked),
            Err(Revoked),
        ),
        (
            "leaf",
            &["crl_stale_hold", "crl_root"],
            Ok(()),
            Err(NoRevocationList),
        ),
        (
            "leaf",
            &["crl_delta", "crl_root"],
            Ok(()),
            Err(NoRevocationList),
        ),
        (
            "leaf",
            &["crl_delta_plain", "crl_root"],
            Ok(()),
            Err(NoRevocationList),
        ),
        (
            "leaf",
            &["crl_critical", "crl_root"],
            Ok(()),
            Err(NoRevocationList),
        ),
        (
            "leaf",
            &["crl_indirect", "crl_root"],
            Ok(()),
            Err(NoRevocationList),
        ),
        (
            "leaf",
            &["crl_forged", "crl_root"],
            Ok(()),
            Err(NoRevocationList),
        ),
        (
            "leaf",
            &["crl_user_only", "crl_root"],
            Err(Revoked),
            Err(Revoked),
        ),
        (
            "leaf",
            &["crl_ca_scope", "crl_root"],
            Ok(()),
            Err(NoRevocationList),
        ),
        (
            "leaf",
            &["crl_point_a", "crl_root"],
            Ok(()),
            Err(NoRevocationList),
        ),
        (
            "leaf_point",
            &["crl_point_a", "crl_root"],
            Err(Revoked),
            Err(Revoked),
        ),
        (
            "leaf_point",
            &["crl_point_b", "crl_root"],
            Ok(()),
            Err(NoRevocationList),
        ),
    ];
    for (leaf, names, loose, strict) in cases {
        for (required, expected) in [(false, loose), (true, strict)] {
            let got = validate_named(
                leaf,
                &["inter", "inter_forged"],
                &["root"],
                Purpose::Encrypt,
                "pat@harbor.example",
                &lists(names).require(required),
            );
            assert_eq!(got, *expected, "{leaf} {names:?} required: {required}");
        }
    }
    // An authority that may not sign lists.
    let got = validate_named(
        "leaf_inter_no_crl",
        &["inter_no_crl"],
        &["root"],
        Purpose::Encrypt,
        "pat@harbor.example",
        &lists(&["crl_no_sign", "crl_root"]).require(true),
    );
    assert_eq!(got, Err(KeyFault::NoRevocationList));
}

#[test]
fn revocation_is_found_by_issuer_alone() {
    let issuers = [cert("root"), cert("inter_forged"), cert("inter")];
    let check = |names: &[&str]| revoked(&cert("leaf"), &issuers, &lists(names), NOW);
    assert_eq!(check(&["crl_leaf"]), Err(KeyFault::Revoked));
    // Among however many others.
    let mut many = vec![cert("leaf"); 100];
    many.extend(issuers.iter().cloned());
    assert_eq!(
        revoked(&cert("leaf"), &many, &lists(&["crl_leaf"]), NOW),
        Err(KeyFault::Revoked)
    );
    // Its signer has the issuer's name and did not issue the certificate.
    assert_eq!(check(&["crl_forged"]), Ok(()));
    assert_eq!(
        revoked(&cert("leaf"), &[], &lists(&["crl_leaf"]).require(true), NOW),
        Err(KeyFault::NoRevocationList)
    );
}

#[test]
fn a_revoked_certificate_that_is_trusted_itself_is_refused() {
    let own = anchors(&["inter", "leaf"]);
    let check = |lists: RevocationLists| {
        let leaf = cert("leaf");
        validate(&leaf, &[], &own, &lists, Purpose::Encrypt, None, NOW)
    };
    assert_eq!(check(lists(&["crl_leaf"])), Err(KeyFault::Revoked));
    assert_eq!(check(lists(&["crl_none"])), Ok(()));
    assert_eq!(check(RevocationLists::new().require(true)), Ok(()));
}

#[test]
fn a_changed_bit_breaks_the_path() {
    let root = anchors(&["root"]);
    let leaf = cert("leaf_root");
    for at in (0..leaf.der().len()).step_by(7) {
        let mut der = leaf.der().to_vec();
        der[at] ^= 0x04;
        let got = Certificate::parse_der(&der).and_then(|changed| {
            let lists = RevocationLists::new();
            validate(&changed, &[], &root, &lists, Purpose::Sign, None, NOW)
        });
        assert!(got.is_err(), "bit in octet {at}");
    }
}

#[test]
fn a_search_is_bounded() {
    // Authorities with the right name and key, none signed by the root.
    let inter = cert("inter");
    let made: Vec<Certificate> = (0..64u8)
        .filter_map(|n| {
            let mut der = inter.der().to_vec();
            let last = der.len() - 1;
            der[last] ^= n + 1;
            Certificate::parse_der(&der).ok()
        })
        .collect();
    assert!(made.len() > 60);
    let go = |between: &[Certificate]| {
        let lists = RevocationLists::new();
        let root = anchors(&["root"]);
        validate(
            &cert("leaf"),
            between,
            &root,
            &lists,
            Purpose::Encrypt,
            None,
            NOW,
        )
    };
    assert_eq!(go(&made), Err(KeyFault::Untrusted));
    let (root, none) = (anchors(&["root"]), RevocationLists::new());
    let mut search = Search {
        intermediates: &made,
        anchors: root.certificates(),
        lists: &none,
        purpose: Purpose::Encrypt,
        now: NOW,
        signatures: MAX_SIGNATURES,
        fault: None,
    };
    let leaf = cert("leaf");
    assert!(!search.extend(&mut vec![&leaf]));
    assert_eq!(search.signatures, 0);
    // The right one among few is found.
    let mut some = made[..8].to_vec();
    some.push(inter);
    assert_eq!(go(&some), Ok(()));
}

#[test]
fn dates_include_their_ends() {
    let leaf = cert("leaf");
    let at = |ms| check_dates(&leaf, Timestamp::from_unix_ms(ms));
    // 2026-01-01 and 2126-01-01, 00:00:00Z.
    let (from, until) = (1_767_225_600_000, 4_922_899_200_000);
    assert_eq!(at(from - 1), Err(KeyFault::NotYetValid));
    assert_eq!(at(from), Ok(()));
    assert_eq!(at(until + 999), Ok(()));
    assert_eq!(at(until + 1000), Err(KeyFault::Expired));
}

#[test]
fn anchors_and_lists_are_read_whole_or_not() {
    assert_eq!(
        TrustAnchors::from_pem(b"no PEM").map(|a| a.is_empty()),
        Err(KeyFault::Malformed)
    );
    let all = blocks(CERTS);
    let two = format!("{}{}", all["root"], all["root2"]);
    assert_eq!(
        TrustAnchors::from_pem(two.as_bytes()).map(|a| a.certificates().len()),
        Ok(2)
    );
    assert_eq!(
        TrustAnchors::from_pem(all["root_1024"].as_bytes()).map(|a| a.is_empty()),
        Err(KeyFault::WeakKey)
    );
    assert!(RevocationLists::new().with_der(b"\x30\x00").is_err());
    let text = format!("{:?} {:?}", lists(&["crl_leaf"]), anchors(&["root"]));
    assert!(!text.contains("Harbor"));
}
