//! Numbers, times, ids and protected texts.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mailseal::base::{self, RecipientId, Timestamp};

use crate::error::Result;

/// Text that is, or may hold, protected health information. The host language
/// has a type of its own for it, which shows it on request only.
pub(crate) struct Phi(pub(crate) String);

uniffi::custom_newtype!(Phi, String);

impl fmt::Debug for Phi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phi(***)")
    }
}

impl From<Phi> for base::Phi<String> {
    fn from(text: Phi) -> Self {
        Self::new(text.0)
    }
}

impl From<&base::Phi<String>> for Phi {
    fn from(text: &base::Phi<String>) -> Self {
        Self(text.expose().clone())
    }
}

impl From<&base::Address> for Phi {
    fn from(address: &base::Address) -> Self {
        Self(address.as_str().to_owned())
    }
}

impl Phi {
    /// The address that it is.
    pub(crate) fn address(&self) -> Result<base::Address> {
        Ok(self.0.parse()?)
    }
}

/// A passcode, password or token.
pub(crate) struct Secret(pub(crate) String);

uniffi::custom_newtype!(Secret, String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl From<Secret> for base::Secret<String> {
    fn from(text: Secret) -> Self {
        Self::new(text.0)
    }
}

impl From<&base::Secret<String>> for Secret {
    fn from(text: &base::Secret<String>) -> Self {
        Self(text.expose().clone())
    }
}

/// The bytes of a message or of a file.
pub(crate) struct PhiBytes(pub(crate) Vec<u8>);

uniffi::custom_newtype!(PhiBytes, Vec<u8>);

impl fmt::Debug for PhiBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhiBytes({})", self.0.len())
    }
}

/// A recipient's id, as languages without unsigned numbers have it.
pub(crate) fn id(id: RecipientId) -> i32 {
    i32::try_from(id.index()).unwrap_or(i32::MAX)
}

/// The recipient with this id; a negative one is nobody's.
pub(crate) fn recipient(id: i32) -> RecipientId {
    RecipientId::new(u32::try_from(id).unwrap_or(u32::MAX))
}

/// An index or a size.
pub(crate) fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// A number of attempts, of copies, of entries.
pub(crate) fn number<T: TryInto<i32>>(n: T) -> i32 {
    n.try_into().unwrap_or(i32::MAX)
}

/// A moment as the host language has it.
pub(crate) fn moment(at: Timestamp) -> SystemTime {
    let ms = at.unix_ms();
    let away = Duration::from_millis(ms.unsigned_abs());
    let made = if ms < 0 {
        UNIX_EPOCH.checked_sub(away)
    } else {
        UNIX_EPOCH.checked_add(away)
    };
    made.unwrap_or(UNIX_EPOCH)
}

/// The same, the other way.
pub(crate) fn timestamp(at: SystemTime) -> Timestamp {
    let ms = |d: Duration| i64::try_from(d.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_unix_ms(match at.duration_since(UNIX_EPOCH) {
        Ok(after) => ms(after),
        Err(before) => -ms(before.duration()),
    })
}
