//! Subjects and file names that tell something, over every combination.

use mailseal::base::{Fact, KeyTrust, Route, Sensitivity};
use mailseal::policy::{Decision, Guard, Policy, Reason, Refusal, WaiverFact, decide};

use super::enumeration::{SOME_WAYS, blank, presets, rungs, set_way};
use super::oracle::{Way, answer, lines};

const GUARDS: [Guard; 3] = [Guard::Protect, Guard::Neutral, Guard::Refuse];

/// What the judge expects of a route: as it is, with what is replaced, or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Taken { subject: bool, names: bool },
    Barred,
}

/// `shown`: what of subject and file names the route shows and they tell.
/// `fixed`: what of them cannot be replaced.
fn fate(shown: [bool; 2], guards: [Guard; 2], fixed: [bool; 2]) -> Fate {
    let bars = |i: usize| guards[i] == Guard::Refuse || (fixed[i] && guards[i] == Guard::Neutral);
    if (0..2).any(|i| shown[i] && bars(i)) {
        return Fate::Barred;
    }
    Fate::Taken {
        subject: shown[0] && guards[0] == Guard::Neutral,
        names: shown[1] && guards[1] == Guard::Neutral,
    }
}

#[test]
fn nothing_that_tells_is_shown_where_it_must_not_be() {
    let axes = "subject tells 2, file name tells 2, subject fixed 2, file names fixed 2, subject guard 3, file name guard 3, sensitivity 3, PGP shows it 2, PGP key 3, waiver 2, escrow 2, way 6";
    let (mut count, mut barred, mut replaced) = (0u32, 0u32, 0u32);
    for (preset, policy) in presets() {
        for index in 0..2 * 2 * 2 * 2 * 3 * 3 * 3 * 2 * 3 * 2 * 2 * SOME_WAYS.len() {
            let mut rest = index;
            let mut digit = |size: usize| {
                let value = rest % size;
                rest /= size;
                value
            };
            let mut facts = blank();
            let tells = [digit(2) == 1, digit(2) == 1];
            facts.content.subject_tells = tells[0];
            facts.content.file_name_tells = tells[1];
            let fixed = [digit(2) == 1, digit(2) == 1];
            facts.content.subject_fixed = fixed[0];
            facts.content.file_names_fixed = fixed[1];
            let guards = [GUARDS[digit(3)], GUARDS[digit(3)]];
            let sensitivity = Sensitivity::ALL[digit(3)];
            facts.content.declared = Some(sensitivity);
            facts.context.pgp_built = true;
            facts.context.pgp_shows = digit(2) == 1;
            facts.recipient.pgp = [
                Fact::Refuted,
                Fact::Proven(KeyTrust::Pinned),
                Fact::Proven(KeyTrust::Verified),
            ][digit(3)];
            facts.recipient.waiver = [WaiverFact::Absent, WaiverFact::Valid][digit(2)];
            facts.context.escrow_configured = digit(2) == 1;
            set_way(&mut facts, SOME_WAYS[digit(SOME_WAYS.len())]);
            let policy = policy.clone().subject(guards[0]).file_names(guards[1]);
            let decision = decide(&policy, &facts);

            // The judge: a route that is barred is one that does not exist.
            let matters = sensitivity > Sensitivity::None;
            let tls = fate(tells.map(|t| t && matters), guards, fixed);
            let subject = tells[0] && matters && facts.context.pgp_shows;
            let pgp = fate([subject, false], guards, fixed);
            let mut table = lines(preset, sensitivity);
            let mut judged = facts.clone();
            if tls == Fate::Barred {
                table.retain(|(way, _)| !matches!(way, Way::Tls | Way::Prefer));
                judged.recipient.waiver = WaiverFact::Absent;
            }
            if pgp == Fate::Barred {
                judged.recipient.pgp = Fact::Refuted;
            }
            let expected = answer(&table, &judged, sensitivity);
            let at = format!("{preset} #{index}: {expected:?} {decision:?}");
            assert_eq!(rungs(&decision), expected, "{at}");

            // And it tells what is replaced, on the routes that are taken.
            for (route, fate) in [(Route::Tls, tls), (Route::Pgp, pgp)] {
                let has = |reason: Reason| decision.why().contains(&reason);
                let told = (
                    has(Reason::SubjectReplaced { route }),
                    has(Reason::FileNamesReplaced { route }),
                );
                let bar = has(Reason::SubjectShown { route })
                    || has(Reason::FileNamesShown { route })
                    || has(Reason::MustStay { route });
                let taken = expected.iter().any(|(r, ..)| *r == route);
                match fate {
                    Fate::Taken { subject, names } if taken => {
                        assert_eq!(told, (subject, names), "{at}");
                        replaced += u32::from(subject || names);
                    }
                    Fate::Taken { .. } => assert_eq!(told, (false, false), "{at}"),
                    Fate::Barred => {
                        assert_eq!(told, (false, false), "{at}");
                        assert!(!taken, "{at}");
                        barred += u32::from(bar);
                    }
                }
                assert!(!bar || fate == Fate::Barred, "{at}");
            }
            count += 1;
        }
    }
    println!("axes of what is shown: {axes}; 3 presets");
    println!(
        "{count} decisions, {barred} routes barred, {replaced} with something replaced, 0 violations"
    );
    assert_eq!(count, 3 * 2 * 2 * 2 * 2 * 3 * 3 * 3 * 2 * 3 * 2 * 2 * 6);
    assert!(barred > 1000 && replaced > 1000);
}

#[test]
fn what_is_barred_everywhere_is_refused_with_its_reason() {
    let mut facts = blank();
    facts.content.declared = Some(Sensitivity::Phi);
    facts.content.subject_tells = true;
    facts.content.subject_fixed = true;
    set_way(&mut facts, 0);
    let decision = decide(&Policy::hipaa(), &facts);
    let Decision::Refuse { kind, .. } = decision else {
        panic!("{decision:?}");
    };
    assert_eq!(kind, Refusal::Refused);
    let told = decision.explain("r0");
    assert!(told.contains("the message is signed or broken"), "{told}");
    // A message that may be changed is sent; one that needs no protection too.
    facts.content.subject_fixed = false;
    assert!(decide(&Policy::hipaa(), &facts).is_send());
    facts.content.subject_fixed = true;
    facts.content.declared = None;
    assert!(decide(&Policy::hipaa(), &facts).is_send());
}
