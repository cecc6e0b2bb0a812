//! The table, and whether the goals are met.

use super::{Contender, Family, Role};

/// Messages a second at 10 KB, in processes of `gpg`.
const TIMES_GPG: f64 = 20.0;
/// Of the cipher alone, at 5 MB.
const OF_THE_CIPHER: f64 = 0.9;

pub(crate) fn print(octets: usize, rows: &[(&Contender, f64)]) {
    let rate = |family: Option<Family>, role| {
        rows.iter()
            .find(|(c, _)| c.role == role && family.is_none_or(|family| c.family == family))
            .map(|(_, rate)| *rate)
    };
    let gpg = rate(None, Role::Gpg);
    println!();
    println!(
        "{:<34}{:>11}{:>10}{:>10}{:>10}{:>10}",
        format!("{octets} octets"),
        "/s",
        "MB/s",
        "x gpg",
        "/ cipher",
        "/ floor"
    );
    let ratio = |a: f64, b: Option<f64>, digits: usize| {
        b.map_or_else(|| "-".to_owned(), |b| format!("{:.digits$}", a / b))
    };
    for (contender, own) in rows {
        let megabytes = own * f64::from(u32::try_from(octets).unwrap_or(u32::MAX)) / 1e6;
        println!(
            "{:<34}{own:>11.1}{megabytes:>10.1}{:>10}{:>10}{:>10}",
            contender.name,
            ratio(*own, gpg, 1),
            ratio(*own, rate(Some(contender.family), Role::Cipher), 2),
            ratio(*own, rate(Some(contender.family), Role::Floor), 2),
        );
    }
    let verdict = |met| if met { "met" } else { "MISSED" };
    for (contender, own) in rows.iter().filter(|(c, _)| c.role == Role::Ours) {
        let name = contender.name;
        if octets <= 10_000 {
            if let Some(gpg) = gpg {
                let met = verdict(own / gpg >= TIMES_GPG);
                println!("goal: {name}: at least {TIMES_GPG} x gpg: {met}");
            }
            continue;
        }
        for (role, what) in [(Role::Cipher, "cipher alone"), (Role::Floor, "floor")] {
            if let Some(raw) = rate(Some(contender.family), role) {
                let met = verdict(own / raw >= OF_THE_CIPHER);
                println!("goal: {name}: at least {OF_THE_CIPHER} of the {what}: {met}");
            }
        }
    }
}
