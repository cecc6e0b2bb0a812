//! Codes of an authenticator app: TOTP (RFC 6238) with SHA-1, six digits and
//! steps of 30 seconds, which is what every app does. HMAC-SHA-1 does not rest
//! on SHA-1's resistance to collisions.
//!
//! The step before and the step after are taken too (RFC 6238 section 5.2); the
//! escrow remembers the step of a right code, so that it opens once.
//!
//! A person has one authenticator and as many grants as messages. So the last
//! step and the wrong codes are kept for the seed, too, whatever the grant: a
//! code is taken once (section 5.2), and of a million codes, three of them
//! right at a time, few can be tried in a day (RFC 4226 section 7.3; NIST SP
//! 800-63B, rate limiting).

use std::time::Duration;

use serde::{Deserialize, Serialize};
use totp_rs::{Algorithm, Builder};

use crate::base::crypto;
use crate::base::{Secret, Timestamp};
use crate::portal::Inner;
use crate::portal::error::Refusal;
use crate::portal::vault::swap;
use crate::storage::{Batch, StoreError, Table};

pub(super) const DIGITS: usize = 6;
const STEP: u64 = 30;
/// Wrong codes of one seed, since the last right one, before the next waits.
const WRONG: u32 = 30;
/// How long until one more is taken: 30 a day. All at once after a day would
/// let a thief of the link keep the owner out for the rest of it.
const REFILL: Duration = Duration::from_secs(48 * 60);
/// How long what became of a seed is remembered: until all is refilled.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// How often a row that others change is tried.
const ROUNDS: usize = 8;

/// What became of a seed's codes.
#[derive(Default, Serialize, Deserialize)]
struct Used {
    step: Option<u64>,
    wrong: u32,
    /// When wrong ones were last taken off.
    since: Option<Timestamp>,
}

impl Used {
    /// Takes wrong codes off with time, or says how long to wait for that.
    fn refill(&mut self, now: Timestamp) -> Result<(), Duration> {
        let since = self.since.unwrap_or(now);
        let gone = now.since(since).as_secs() / REFILL.as_secs();
        let gone = u32::try_from(gone).unwrap_or(u32::MAX).min(self.wrong);
        self.wrong -= gone;
        let since = match self.wrong {
            0 => now,
            _ => since.plus(REFILL * gone),
        };
        self.since = Some(since);
        match self.wrong < WRONG {
            true => Ok(()),
            false => Err(REFILL.saturating_sub(now.since(since))),
        }
    }
}

impl Inner {
    /// The step of the code that was typed, which is used up by that; `None`
    /// if it is wrong, or was used at any grant with this seed.
    pub(super) async fn take_step(
        &self,
        seed: &Secret<Vec<u8>>,
        typed: &str,
    ) -> Result<Option<u64>, Refusal> {
        let now = self.clock.now();
        let right = matching_step(seed, typed, now);
        let key = self.vault.verifier(&[b"totp", seed.expose()]);
        for _ in 0..ROUNDS {
            let old = self.store.get(Table::Code, &key).await?;
            let mut used: Used = self.read_budget(old.as_ref())?.unwrap_or_default();
            used.refill(now).map_err(Refusal::Wait)?;
            let fresh = right.filter(|&step| used.step.is_none_or(|last| last < step));
            match fresh {
                Some(step) => {
                    used.step = Some(step);
                    used.wrong = 0;
                }
                None => used.wrong += 1,
            }
            let new = self.vault.seal(Table::Code, &key, &used, now.plus(KEPT))?;
            let batch = Batch::from_iter([swap(Table::Code, old.as_ref(), new)]);
            match self.store.commit(batch).await {
                Ok(_) => return Ok(fresh),
                Err(StoreError::Conflict { .. }) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Err(Refusal::Busy)
    }
}

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
    fn wrong_codes_are_taken_off_one_by_one() {
        let at = |minutes: i64| Timestamp::from_unix_ms(1_000_000_000 + minutes * 60_000);
        let mut used = Used::default();
        for _ in 0..WRONG {
            assert_eq!(used.refill(at(0)), Ok(()));
            used.wrong += 1;
        }
        assert_eq!(used.refill(at(0)), Err(REFILL));
        // A clock that goes backward gives nothing.
        assert!(used.refill(at(-900)).is_err());
        assert_eq!(used.refill(at(47)), Err(Duration::from_secs(60)));
        assert_eq!(used.refill(at(48)), Ok(()));
        used.wrong += 1;
        assert_eq!(used.refill(at(50)), Err(REFILL - Duration::from_secs(120)));
        assert_eq!((used.refill(at(48 * 4)), used.wrong), (Ok(()), WRONG - 3));
        assert_eq!((used.refill(at(9_000)), used.wrong), (Ok(()), 0));
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
