//! Policies as text.

use mailseal::base::{FactorLevel, PartnerIdentity, Route, Sensitivity, TlsAssurance};
use mailseal::dlp::{Category, Confidence, FindingKind};
use mailseal::policy::{Guard, Partner, Policy, PolicyError, Requirement, Rule};

use super::enumeration::presets;

const CA: &str = "-----BEGIN CERTIFICATE-----\nMAMC\nAQE=\n-----END CERTIFICATE-----";

fn full_text() -> String {
    format!(
        r##"
preset = "custom"
name = "harbor \"x\" \\ \u0007"
no_findings = "none"
ladder = ["escrow", "tls"]
waivers = false
subject = "refuse"
file_names = "protect"

[require.none]
tls = "opportunistic"
tls_preferred = "encrypted"
otherwise = "drop"

[require.phi]
tls = "authenticated"
verified_key = "encrypted"
pinned_key = "opportunistic"
escrow = {{ p1 = "anchored", p2 = "opportunistic", p3 = "never" }}
otherwise = "refuse"

[[rule]]
name = "all of it"
recipient = ["Pat@mail.example"]
domain = ["lab.example"]
sender = ["hr@harbor.example"]
sender_domain = ["harbor.example"]
audience = ["payer"]
finding = ["ssn", "mrn"]
category = ["genetic"]
confidence = "medium"
marker = ["[Secure]"]
sensitivity = "sensitive"
transport = "authenticated"
factor = "p3"
end_to_end = true
redirect = "escrow"
action = "hold"

[[rule]]
confidence = "low"
count = 0x10
unscannable = true
action = "refuse"

[[rule]]
confidence = "high"

[[partner]]
domain = "lab.example"
pin = "{}"

[[partner]]
domain = "pharmacy.example"
ca = """
{CA}
"""
"##,
        "aB".repeat(32)
    )
}

fn full() -> Policy {
    use TlsAssurance::{Anchored, Authenticated, Encrypted, Opportunistic};
    let d = |s: &str| s.parse().unwrap();
    Policy::custom("harbor \"x\" \\ \u{7}")
        .no_findings(Sensitivity::None)
        .ladder([Route::Escrow, Route::Tls])
        .waivers(false)
        .subject(Guard::Refuse)
        .file_names(Guard::Protect)
        .require(
            Sensitivity::None,
            Requirement::NOTHING
                .tls(Opportunistic)
                .tls_preferred(Encrypted)
                .or_drop(),
        )
        .require(
            Sensitivity::Phi,
            Requirement::NOTHING
                .tls(Authenticated)
                .verified_key(Encrypted)
                .pinned_key(Opportunistic)
                .escrow(FactorLevel::P1, Anchored)
                .escrow(FactorLevel::P2, Opportunistic),
        )
        .rule(
            Rule::new("all of it")
                .recipient("Pat@mail.example".parse().unwrap())
                .domain(d("lab.example"))
                .sender("hr@harbor.example".parse().unwrap())
                .sender_domain(d("harbor.example"))
                .audience("payer")
                .kind(FindingKind::Ssn)
                .kind(FindingKind::Mrn)
                .category(Category::Genetic)
                .confidence(Confidence::Medium)
                .marker("[secure]")
                .raise_sensitivity(Sensitivity::Sensitive)
                .raise_transport(Authenticated)
                .raise_factor(FactorLevel::P3)
                .end_to_end()
                .redirect(Route::Escrow)
                .hold(),
        )
        .rule(
            Rule::new("")
                .confidence(Confidence::Low)
                .at_least(16)
                .unscannable()
                .refuse(),
        )
        .rule(Rule::new("").confidence(Confidence::High))
        .partner(Partner::new(
            d("lab.example"),
            PartnerIdentity::SpkiSha256([0xab; 32]),
        ))
        .partner(Partner::new(
            d("pharmacy.example"),
            PartnerIdentity::Ca(vec![0x30, 3, 2, 1, 1]),
        ))
}

#[test]
fn every_key_is_read_and_written() {
    let policy = full();
    assert_eq!(Policy::from_toml(&full_text()).unwrap(), policy);
    assert_eq!(Policy::from_toml(&policy.to_toml()).unwrap(), policy);
    assert_eq!(policy.name(), "harbor \"x\" \\ \u{7}");
    assert_eq!(policy.rules().len(), 3);
    let debug = format!("{policy:?}");
    assert!(!debug.contains("lab.example") && !debug.contains("mail.example"));
    assert!(debug.contains("Rule(***)") && debug.contains("Partner(***)"));
    assert!(
        policy
            .to_toml()
            .starts_with("preset = \"custom\"\nname = \"harbor \\\"x\\\" \\\\ \\u0007\"\n")
    );
}

#[test]
fn presets_are_read_by_name_and_written_in_full() {
    for (name, policy) in presets() {
        assert_eq!(
            Policy::from_toml(&format!("preset = \"{name}\"")).unwrap(),
            policy
        );
        assert_eq!(Policy::from_toml(&policy.to_toml()).unwrap(), policy);
        assert_eq!(policy.name(), name);
    }
    assert_eq!(
        Policy::from_toml("preset = \"custom\"").unwrap(),
        Policy::custom("custom")
    );
}

#[test]
fn the_fingerprint_follows_the_policy() {
    let mut seen: Vec<[u8; 32]> = presets().iter().map(|(_, p)| p.fingerprint()).collect();
    seen.push(full().fingerprint());
    seen.push(Policy::hipaa().waivers(false).fingerprint());
    seen.push(Policy::hipaa().subject(Guard::Refuse).fingerprint());
    seen.push(Policy::hipaa().file_names(Guard::Refuse).fingerprint());
    assert_eq!(Policy::hipaa().fingerprint(), seen[0]);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 7);
    assert!(!seen.contains(&[0; 32]) && !seen.contains(&[1; 32]));
}

#[test]
fn a_file_raises_its_preset_and_does_not_lower_it() {
    let raised = Policy::from_toml(
        "preset = \"hipaa\"\n[require.phi]\ntls = \"anchored\"\nverified_key = \"encrypted\"\nescrow = { p3 = \"encrypted\" }\n[require.none]\ntls = \"encrypted\"\n[require.sensitive]\nverified_key = \"never\"\n",
    )
    .unwrap();
    let phi = raised.requirement(Sensitivity::Phi);
    assert_eq!(phi.tls, Some(TlsAssurance::Anchored));
    assert_eq!(phi.escrow[2], None);
    assert_eq!(
        raised.requirement(Sensitivity::Sensitive).verified_key,
        None
    );

    let guarded = |preset: &str, key: &str, word: &str| {
        Policy::from_toml(&format!("preset = \"{preset}\"\n{key} = \"{word}\"\n"))
    };
    for key in ["subject", "file_names"] {
        for preset in ["hipaa", "strict", "tls_exclusive"] {
            let error = guarded(preset, key, "protect").unwrap_err();
            assert_eq!(error.code(), "policy.weaker");
            assert!(
                error
                    .to_string()
                    .starts_with(&format!("line 2: `{key}` is weaker"))
            );
            assert!(guarded(preset, key, "neutral").is_ok());
            assert!(guarded(preset, key, "refuse").is_ok());
        }
        assert!(guarded("custom", key, "protect").is_ok());
        assert_eq!(
            guarded("custom", key, "hide").unwrap_err().to_string(),
            format!("line 2: `{key}` must be one of: protect neutral refuse")
        );
    }

    let weaker = |preset: &str, row: &str, line_of: &str| {
        let text = format!("preset = \"{preset}\"\n\n[require.{row}]\n{line_of}\n");
        let error = Policy::from_toml(&text).unwrap_err();
        assert_eq!(error.code(), "policy.weaker", "{text}");
        error.to_string()
    };
    assert_eq!(
        weaker("hipaa", "phi", "tls = \"encrypted\""),
        "line 4: `require.phi.tls` is weaker than the preset allows; raise it, or use preset = \"custom\""
    );
    for (preset, row, line, key) in [
        ("hipaa", "sensitive", "tls = \"anchored\"", "tls"),
        (
            "hipaa",
            "none",
            "tls_preferred = \"never\"",
            "tls_preferred",
        ),
        (
            "strict",
            "phi",
            "verified_key = \"opportunistic\"",
            "verified_key",
        ),
        (
            "strict",
            "phi",
            "pinned_key = \"opportunistic\"",
            "pinned_key",
        ),
        (
            "strict",
            "sensitive",
            "pinned_key = \"opportunistic\"",
            "pinned_key",
        ),
        (
            "hipaa",
            "sensitive",
            "escrow = { p1 = \"anchored\" }",
            "escrow",
        ),
        (
            "strict",
            "sensitive",
            "escrow = { p2 = \"opportunistic\" }",
            "escrow",
        ),
        ("hipaa", "phi", "otherwise = \"drop\"", "otherwise"),
    ] {
        assert!(
            weaker(preset, row, line).starts_with(&format!("line 4: `require.{row}.{key}` ")),
            "{line}"
        );
    }
}

#[test]
fn errors_name_line_and_key_and_repeat_no_value() {
    let long = format!("name = \"{}\"", "x".repeat(257));
    let many = format!("marker = [{}]", "\"a\", ".repeat(1001));
    let ca = format!("ca = \"{}\"", "A".repeat(16 * 1024 + 1));
    let cases: &[(&str, &str, &str)] = &[
        ("", "policy.missing", "line 1: `preset` is missing"),
        (
            "preset = 1",
            "policy.value",
            "line 1: `preset` must be a text",
        ),
        (
            "preset = \"hippa\"",
            "policy.value",
            "line 1: `preset` must be one of: hipaa strict tls_exclusive custom",
        ),
        (
            "preset = \"hipaa\"\n[[rule]]\ncount = 0",
            "policy.value",
            "line 3: `rule[1].count` must be a whole number from 1 on",
        ),
        (
            "preset = \"hipaa\"\n[[rule]]\n[[rule]]\ncount = -5",
            "policy.value",
            "line 4: `rule[2].count` must be a whole number from 1 on",
        ),
        (
            "preset = \"hipaa\"\n[[rule]]\ncount = 4294967296",
            "policy.value",
            "line 3: `rule[1].count` must be a whole number from 1 on",
        ),
        (
            "preset = \"hipaa\"\n[[rule]]\ncount = 10001",
            "policy.limit",
            "line 3: `rule[1].count` is over the limit of 10000",
        ),
        (
            "preset = \"hipaa\"\n[[rule]]\ncount = \"5\"",
            "policy.value",
            "line 3: `rule[1].count` must be a whole number from 1 on",
        ),
        (
            "preset = \"hipaa\"\n\nladder = \"tls\"",
            "policy.value",
            "line 3: `ladder` must be a list",
        ),
        (
            "preset = \"hipaa\"\nladder = [\n\"tls\",\n\"fax\"]",
            "policy.value",
            "line 4: `ladder` must be a list of: tls pgp smime escrow",
        ),
        (
            "preset = \"hipaa\"\nladder = [\"tls\", \"tls\"]",
            "policy.value",
            "line 2: `ladder` must be a list without repetitions",
        ),
        (
            "preset = \"hipaa\"\nwaivers = \"no\"",
            "policy.value",
            "line 2: `waivers` must be true or false",
        ),
        (
            "preset = \"hipaa\"\nrequire = 1",
            "policy.value",
            "line 2: `require` must be a table",
        ),
        (
            "preset = \"hipaa\"\nrule = [1]",
            "policy.value",
            "line 2: `rule` must be a table",
        ),
        (
            "preset = \"hipaa\"\nno_findings = \"x\"",
            "policy.value",
            "line 2: `no_findings` must be one of: none phi sensitive",
        ),
        (
            "preset = \"hipaa\"\nlader = []",
            "policy.unknown_key",
            "line 2: unknown key `lader`; expected one of: preset name no_findings ladder waivers subject file_names require rule partner",
        ),
        (
            "preset = \"hipaa\"\n\"pat@mail.example\" = 1",
            "policy.unknown_key",
            "line 2: unknown key `(…)`; expected one of: preset",
        ),
        (
            "preset = \"hipaa\"\naaaaaaaaaabbbbbbbbbbccccccccccdddddddddde = 1",
            "policy.unknown_key",
            "line 2: unknown key `(…)`; expected one of: preset",
        ),
        (
            "preset = \"hipaa\"\naaaaaaaaa-bbbbbbbbb_ccccccccccdddddddddd = 1",
            "policy.unknown_key",
            "line 2: unknown key `aaaaaaaaa-bbbbbbbbb_ccccccccccdddddddddd`;",
        ),
        (
            "preset = \"hipaa\"\n[require.secret]\n",
            "policy.unknown_key",
            "line 2: unknown key `require.secret`; expected one of: none phi sensitive",
        ),
        (
            "preset = \"hipaa\"\n[require.phi]\ntsl = 1",
            "policy.unknown_key",
            "line 3: unknown key `require.phi.tsl`",
        ),
        (
            "preset = \"hipaa\"\n[require.phi]\ntls = \"best\"",
            "policy.value",
            "line 3: `require.phi.tls` must be one of: never opportunistic",
        ),
        (
            "preset = \"hipaa\"\n[require.phi.escrow]\np5 = \"never\"",
            "policy.unknown_key",
            "line 3: unknown key `require.phi.escrow.p5`",
        ),
        (
            "preset = \"hipaa\"\n[require.phi]\notherwise = \"hold\"",
            "policy.value",
            "line 3: `require.phi.otherwise` must be one of: refuse drop",
        ),
        (
            "preset = \"hipaa\"\n[[rule]]\n[[rule]]\nrecipient = [\"pat\"]",
            "policy.value",
            "line 4: `rule[2].recipient` must be a list of addresses",
        ),
        (
            "preset = \"hipaa\"\n[[rule]]\nredirect = \"tls\"",
            "policy.value",
            "line 3: `rule[1].redirect` must be one of: pgp smime escrow",
        ),
        (
            "preset = \"hipaa\"\n[[rule]]\naction = \"drop\"",
            "policy.value",
            "line 3: `rule[1].action` must be one of: hold refuse",
        ),
        (
            "preset = \"hipaa\"\n[[rule]]\nmarker = [\" \"]",
            "policy.value",
            "line 3: `rule[1].marker` must be a list of texts that are not empty",
        ),
        (
            "preset = \"hipaa\"\n[[rule]]\nwhen = 1",
            "policy.unknown_key",
            "line 3: unknown key `rule[1].when`",
        ),
        (
            "preset = \"hipaa\"\n[[partner]]\npin = \"00\"",
            "policy.missing",
            "line 2: `partner[1].domain` is missing",
        ),
        (
            "preset = \"hipaa\"\n[[partner]]\ndomain = \"a.example\"",
            "policy.missing",
            "line 2: `partner[1].pin or ca` is missing",
        ),
        (
            "preset = \"hipaa\"\n[[partner]]\ndomain = \"a.example\"\npin = \"00\"",
            "policy.value",
            "line 4: `partner[1].pin` must be 64 hexadecimal digits",
        ),
        (
            "preset = \"hipaa\"\n[[partner]]\ndomain = \"a.example\"\nca = \"MAMCAQE=\"",
            "policy.value",
            "line 4: `partner[1].ca` must be one certificate in PEM",
        ),
        (
            "preset = \"hipaa\"\n[[partner]]\ndomain = \"a.example\"\nfingerprint = 1",
            "policy.unknown_key",
            "line 4: unknown key `partner[1].fingerprint`",
        ),
        (
            "preset = \"hipaa\"\n\nname = ",
            "policy.syntax",
            "line 3: not valid TOML",
        ),
        (
            "preset = \"hipaa\"\npreset = \"hipaa\"",
            "policy.syntax",
            "line 2: not valid TOML",
        ),
    ];
    for (text, code, message) in cases {
        let error = Policy::from_toml(text).expect_err(text);
        assert_eq!(error.code(), *code, "{text}");
        assert!(error.to_string().starts_with(message), "{text}: {error}");
    }
    for (line, limit) in [(long, 256), (many, 1000), (ca, 16 * 1024)] {
        let place = match limit {
            256 => String::new(),
            1000 => "[[rule]]\n".into(),
            _ => "[[partner]]\ndomain = \"a.example\"\n".into(),
        };
        let error = Policy::from_toml(&format!("preset = \"hipaa\"\n{place}{line}")).unwrap_err();
        assert_eq!(error.code(), "policy.limit");
        assert!(
            matches!(error, PolicyError::Limit { limit: found, .. } if found == limit),
            "{error}"
        );
    }
    // At the limits.
    let most = Policy::from_toml("preset = \"hipaa\"\n[[rule]]\ncount = 10000").unwrap();
    let more = Policy::hipaa().rule(Rule::new("").at_least(u32::MAX));
    assert_eq!(most, more);
    assert_eq!(Policy::from_toml(&more.to_toml()).unwrap(), more);
    let long = format!("name = \"{}\"", "x".repeat(256));
    let many = format!("marker = [{}]", "\"a\", ".repeat(1000));
    assert!(Policy::from_toml(&format!("preset = \"hipaa\"\n{long}\n[[rule]]\n{many}")).is_ok());
    // A pin and a CA are one too many.
    let both = format!(
        "preset = \"hipaa\"\n[[partner]]\ndomain = \"a.example\"\npin = \"{}\"\nca = \"\"\"{CA}\"\"\"",
        "00".repeat(32)
    );
    assert!(
        Policy::from_toml(&both)
            .unwrap_err()
            .to_string()
            .starts_with("line 5: `partner[1].ca` must be left out")
    );
    // A PEM that holds no DER sequence.
    let no_der = both.replace("MAMC", "AAMC").replace("pin", "#pin");
    assert_eq!(
        Policy::from_toml(&no_der).unwrap_err().code(),
        "policy.value"
    );
}

#[test]
fn size_is_limited_before_anything_is_read() {
    let head = "preset = \"hipaa\"\n#";
    let limit = 256 * 1024;
    let fits = format!("{head}{}", "x".repeat(limit - head.len()));
    assert!(Policy::from_toml(&fits).is_ok());
    let error = Policy::from_toml(&format!("{fits}x")).unwrap_err();
    assert_eq!(error, PolicyError::TooLong { limit });
    assert_eq!(error.code(), "policy.too_long");
    // Deep nesting is an error, not a stack overflow.
    for open in ["a = [", "a = {a = "] {
        let deep = open.replace("a = [", "[").repeat(20_000);
        let error = Policy::from_toml(&format!("a = {deep}")).unwrap_err();
        assert_eq!(error.code(), "policy.syntax");
    }
}
