//! When a deferred copy is tried again, and when it is given up.

use std::time::Duration;

use super::CopyId;

/// The times of retrying (RFC 5321 section 4.5.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Schedule {
    /// How long one attempt may take before another process may take the copy
    /// over: longer than the transport's total deadline.
    pub lease: Duration,
    /// The first wait. Greylisting hosts ask for some minutes.
    pub first: Duration,
    /// The longest wait between two tries.
    pub longest: Duration,
    /// How long a copy is tried at all. RFC 5321 says at least 4–5 days.
    pub give_up_after: Duration,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            // The transport takes twelve minutes at most.
            lease: Duration::from_secs(15 * 60),
            first: Duration::from_secs(5 * 60),
            longest: Duration::from_secs(4 * 60 * 60),
            give_up_after: Duration::from_secs(5 * 24 * 60 * 60),
        }
    }
}

impl Schedule {
    /// With this lease.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// With this first wait.
    #[must_use]
    pub fn first(mut self, first: Duration) -> Self {
        self.first = first;
        self
    }

    /// With this time after which a copy is given up.
    #[must_use]
    pub fn give_up_after(mut self, after: Duration) -> Self {
        self.give_up_after = after;
        self
    }

    /// The wait after the `attempts`-th try (counted from 1): doubling from
    /// `first` to `longest`, up to a tenth longer by the copy's id, so that
    /// copies that failed together do not come back together.
    pub fn backoff(&self, attempts: u32, id: &CopyId) -> Duration {
        let doublings = attempts.saturating_sub(1).min(16);
        let wait = self.first.saturating_mul(1 << doublings).min(self.longest);
        // A wait of nothing would never end.
        let wait = wait.max(Duration::from_secs(1));
        let jitter = u32::from(id.as_bytes()[0]);
        wait + wait / 10 * jitter / 255
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_never_overflow() {
        let s = Schedule::default();
        let id = CopyId::from_bytes([0; 16]);
        assert_eq!(s.backoff(1, &id), s.first);
        assert_eq!(s.backoff(2, &id), s.first * 2);
        assert_eq!(s.backoff(7, &id), s.longest);
        assert_eq!(s.backoff(u32::MAX, &id), s.longest);
        let hasty = s.first(Duration::ZERO);
        assert_eq!(hasty.backoff(9, &id), Duration::from_secs(1));
        let late = CopyId::from_bytes([255; 16]);
        assert_eq!(s.backoff(1, &late), s.first + s.first / 10);
    }
}
