//! The presets as a table, and what it says of a combination of facts. It
//! shares no code with the policy beyond the words.

use mailseal::base::{Fact, FactorLevel, KeyTrust, Route, Sensitivity, TlsAssurance};
use mailseal::policy::{Facts, Onward, WaiverFact};

/// preset, sensitivity, way, what of it, floor under what travels.
pub const TABLE: &str = "
hipaa          none       tls     -         opportunistic
hipaa          none       prefer  -         encrypted
hipaa          none       sealed  verified  opportunistic
hipaa          none       escrow  p1        opportunistic
hipaa          phi        tls     -         authenticated
hipaa          phi        sealed  verified  opportunistic
hipaa          phi        escrow  p1        authenticated
hipaa          phi        escrow  p2        opportunistic
hipaa          sensitive  sealed  verified  opportunistic
hipaa          sensitive  escrow  p2        opportunistic
strict         none       tls     -         encrypted
strict         none       sealed  verified  encrypted
strict         none       escrow  p1        opportunistic
strict         phi        tls     -         anchored
strict         phi        sealed  verified  encrypted
strict         phi        escrow  p2        opportunistic
strict         sensitive  sealed  verified  authenticated
strict         sensitive  sealed  pinned    encrypted
strict         sensitive  escrow  p3        opportunistic
tls_exclusive  none       tls     -         encrypted
tls_exclusive  phi        tls     -         authenticated
";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Tls,
    Prefer,
    Sealed(KeyTrust),
    Escrow(FactorLevel),
}

/// The lines of the table for one preset and sensitivity.
pub fn lines(preset: &str, sensitivity: Sensitivity) -> Vec<(Way, TlsAssurance)> {
    TABLE
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|w| w.len() == 5 && w[0] == preset && w[1] == sensitivity.word())
        .map(|w| {
            let way = match w[2] {
                "tls" => Way::Tls,
                "prefer" => Way::Prefer,
                "sealed" => Way::Sealed(w[3].parse().unwrap()),
                "escrow" => Way::Escrow(w[3].parse().unwrap()),
                other => panic!("{other}"),
            };
            (way, w[4].parse().unwrap())
        })
        .collect()
}

/// What the table says: the rungs in order, or nothing.
pub type Answer = Vec<(Route, TlsAssurance, Option<FactorLevel>)>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Yes,
    Wait,
    No,
}

/// From which level to which the connection's true worth may lie.
fn span(facts: &Facts) -> (usize, usize) {
    match facts.context.onward {
        Onward::Mx => {
            let t = &facts.recipient.transport;
            let seen = [t.encrypted, t.authenticated, t.anchored];
            let known = seen.iter().rposition(Fact::is_proven).map_or(0, |i| i + 1);
            let limit = seen.iter().position(|f| *f == Fact::Refuted).unwrap_or(3);
            (known, limit)
        }
        Onward::Relay { onward, requiretls } => {
            let level = if requiretls && (onward as usize) < 2 {
                2
            } else {
                onward as usize
            };
            (level, level)
        }
        Onward::Mailer { declared } => {
            let level = declared.map_or(0, |d| d as usize);
            (level, level)
        }
        _ => panic!("a way that the table does not know"),
    }
}

fn worth(rung: &(Route, TlsAssurance, Option<FactorLevel>)) -> usize {
    match rung {
        (Route::Pgp | Route::Smime, ..) => 9,
        (Route::Escrow, _, Some(factor)) if *factor >= FactorLevel::P2 => 9,
        (_, floor, _) => *floor as usize,
    }
}

/// `waived`: whether a waiver counts, by the caller's own reckoning.
pub fn answer(table: &[(Way, TlsAssurance)], facts: &Facts, sensitivity: Sensitivity) -> Answer {
    if facts.recipient.takes_mail == Fact::Refuted {
        return Vec::new();
    }
    let waived = facts.recipient.waiver == WaiverFact::Valid
        && !facts.recipient.other_recipients
        && facts.content.other_people == Fact::Refuted
        && !facts.content.unscannable
        && sensitivity != Sensitivity::Sensitive;
    let (known, limit) = span(facts);
    let mx = facts.context.onward == Onward::Mx;
    let promise = match facts.recipient.transport.published {
        Fact::Proven(floor) if mx => Some(floor),
        _ => None,
    };
    let lift = |floor: TlsAssurance| promise.map_or(floor, |p| p.max(floor));
    let state = |floor: TlsAssurance| {
        if floor as usize <= known {
            State::Yes
        } else if (floor as usize) <= limit || promise == Some(floor) {
            State::Wait
        } else {
            State::No
        }
    };
    let mute = facts.context.onward == Onward::Mailer { declared: None };
    let seals = table.iter().any(|(way, _)| matches!(way, Way::Sealed(_)));

    // Everything that may be used, in the ladder's order, with its state; a
    // key that may exist without our knowing is an entry without a rung.
    let mut entries = Vec::new();
    let mut lift_factor = if mute {
        FactorLevel::P2
    } else {
        FactorLevel::P0
    };

    // TLS, the best variant first; the state of the least one counts for all.
    let mut floors: Vec<TlsAssurance> = table
        .iter()
        .filter(|(way, _)| matches!(way, Way::Tls | Way::Prefer))
        .map(|(_, floor)| *floor)
        .collect();
    if waived {
        floors.extend([TlsAssurance::Opportunistic, TlsAssurance::Encrypted]);
    }
    let mut floors: Vec<TlsAssurance> = floors.into_iter().map(lift).collect();
    floors.sort_by(|a, b| b.cmp(a));
    floors.dedup();
    if let Some(least) = floors.last().map(|f| state(*f))
        && !mute
        && least != State::No
    {
        for floor in floors {
            if state(floor) != State::No {
                entries.push((Some((Route::Tls, floor, None)), least));
            }
        }
    }

    // Sealed.
    let recipient = &facts.recipient;
    let context = &facts.context;
    for (route, built, key, changed) in [
        (
            Route::Pgp,
            context.pgp_built,
            recipient.pgp,
            recipient.pgp_changed,
        ),
        (
            Route::Smime,
            context.smime_built,
            recipient.smime,
            recipient.smime_changed,
        ),
    ] {
        if !built || !seals {
            continue;
        }
        if changed {
            lift_factor = FactorLevel::P2;
            continue;
        }
        match key {
            Fact::Unknown | Fact::Proven(KeyTrust::Discovered) => {
                entries.push((None, State::Wait));
            }
            Fact::Refuted => {}
            Fact::Proven(trust) => {
                let floor = table
                    .iter()
                    .filter(|(way, _)| matches!(way, Way::Sealed(least) if *least <= trust))
                    .map(|(_, floor)| *floor)
                    .min();
                if let Some(floor) = floor.map(lift) {
                    entries.push((Some((route, floor, None)), state(floor)));
                }
            }
        }
    }

    // Escrow: each factor that asks less of the notice than the ones before.
    if context.escrow_configured {
        let mut asked = 99;
        let mut group = Vec::new();
        for factor in FactorLevel::ALL
            .iter()
            .copied()
            .filter(|f| *f >= lift_factor)
        {
            let floor = table
                .iter()
                .filter(|(way, _)| matches!(way, Way::Escrow(least) if *least <= factor))
                .map(|(_, floor)| lift(*floor))
                .min();
            let Some(floor) = floor.filter(|f| (*f as usize) < asked) else {
                continue;
            };
            asked = floor as usize;
            if factor <= FactorLevel::P2 || recipient.factor_available >= Some(factor) {
                group.push((Some((Route::Escrow, floor, Some(factor))), state(floor)));
            }
        }
        let sure = group.iter().any(|(_, state)| *state == State::Yes);
        group.retain(|(_, state)| *state == State::Yes || !sure);
        entries.extend(group);
    }

    // What is not settled makes the weaker ones after it wait behind the rest.
    let mut first = Vec::new();
    let mut later = Vec::new();
    let mut unsettled = 0;
    for (rung, state) in entries {
        match (rung, state) {
            (_, State::No) => {}
            (None, _) => unsettled = 9,
            (Some(rung), State::Wait) => {
                unsettled = unsettled.max(worth(&rung));
                later.push(rung);
            }
            (Some(rung), State::Yes) if worth(&rung) >= unsettled => first.push(rung),
            (Some(rung), State::Yes) => later.push(rung),
        }
    }
    first.extend(later);
    first
}
