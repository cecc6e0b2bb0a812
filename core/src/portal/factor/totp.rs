//! Codes of an authenticator app: TOTP (RFC 6238) with SHA-1, six digits and
//! steps of 30 seconds, which is what every app does. HMAC-SHA-1 does not rest
//! on SHA-1's resistance to collisions.
//!
//! The step before and the step after are taken too (RFC 6238 section 5.2); the
//! escrow remembers the step of a right code, so that it opens once.

use totp_rs::{Algorithm, Builder};

use crate::base::crypto;
use crate::base::{Secret, Timestamp};

pub(super) const DIGITS: usize = 6;
const STEP: u64 = 30;

/// The step of the code that was typed, if it is one of those around `now`.
/// All of them are compared, whichever is right.
pub(super) fn matching_step(seed: &Secret<Vec<u8>>, typed: &str, now: Timestamp) -> Option<u64> {
    let totp = Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_step_duration(STEP)
        .with_skew(0)
        .with_secret(seed.expose().clone().into_boxed_slice())
        .build()
        .ok()?;
    let now = u64::try_from(now.unix_ms()).ok()? / 1000 / STEP;
    let mut found = None;
    for step in [now.saturating_sub(1), now, now + 1] {
        let code = totp.generate(step * STEP).to_string();
        if crypto::equal(code.as_bytes(), typed.as_bytes()) {
            found = Some(step);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(typed: &str, seconds: i64) -> Option<u64> {
        let seed = Secret::new(b"12345678901234567890".to_vec());
        matching_step(&seed, typed, Timestamp::from_unix_ms(seconds * 1000))
    }

    /// RFC 6238 appendix B, the last six of its eight digits.
    #[test]
    fn the_vectors_of_rfc_6238() {
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(step(code, seconds), Some(seconds.unsigned_abs() / 30));
        }
    }

    #[test]
    fn one_step_to_either_side_is_taken_and_no_more() {
        assert_eq!(step("287082", 59), Some(1));
        assert_eq!(step("287082", 29), Some(1));
        assert_eq!(step("287082", 89), Some(1));
        assert_eq!(step("287082", 90), None);
        assert_eq!(step("28708", 59), None);
        assert_eq!(step("", 59), None);
    }
}
