//! Wrappers that keep protected text out of logs, errors and debug output.

use std::fmt;

use zeroize::Zeroize;

/// Protected health information, or text that may hold some.
///
/// It has no `Display` and no `Serialize`, its `Debug` is starred, and it is
/// overwritten when dropped. [`Phi::expose`] is the only way in: each call is
/// a place that a reviewer can find.
///
/// A subject, a file name, a URL or a log line cannot be made of it:
///
/// ```compile_fail
/// use mailseal::base::Phi;
/// let diagnosis = Phi::new(String::from("F32.1"));
/// println!("about {diagnosis}"); // no Display
/// ```
///
/// ```compile_fail
/// use mailseal::{base::Phi, compose::Message};
/// let diagnosis = Phi::new(String::from("F32.1"));
/// let _ = Message::builder().subject(diagnosis); // a subject travels in clear
/// ```
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Phi<T: Zeroize>(T);

impl<T: Zeroize> Phi<T> {
    /// Wraps a value.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The clear value. What is done with it is the caller's responsibility.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize + Default> Phi<T> {
    /// The clear value itself, without a copy. It is no longer overwritten
    /// when dropped, unless the caller sees to that.
    pub fn into_inner(mut self) -> T {
        std::mem::take(&mut self.0)
    }
}

impl Phi<String> {
    /// Drops a long text: its room is overwritten at once and not byte by byte.
    pub(crate) fn wipe(self) {
        drop(wiped(self.into_inner().into_bytes()));
    }
}

impl Phi<Vec<u8>> {
    /// As that of a text.
    pub(crate) fn wipe(self) {
        drop(wiped(self.into_inner()));
    }
}

/// All of a buffer's room, overwritten.
fn wiped(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.resize(bytes.capacity(), 0);
    zeroize::zeroize_bytes(&mut bytes);
    bytes
}

impl<T: Zeroize> fmt::Debug for Phi<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phi(***)")
    }
}

impl<T: Zeroize> Drop for Phi<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl From<&str> for Phi<String> {
    fn from(value: &str) -> Self {
        Self(value.to_owned())
    }
}

impl From<String> for Phi<String> {
    fn from(value: String) -> Self {
        Self(value)
    }
}

impl From<Vec<u8>> for Phi<Vec<u8>> {
    fn from(value: Vec<u8>) -> Self {
        Self(value)
    }
}

/// A key, passphrase, token or passcode.
///
/// Like [`Phi`], and with no `PartialEq`: secrets are compared in constant
/// time or not at all.
///
/// ```compile_fail
/// let token = mailseal::base::Secret::from("hunter2");
/// println!("{token}"); // no Display
/// ```
///
/// ```compile_fail
/// use mailseal::base::Secret;
/// let same = Secret::from("hunter2") == Secret::from("hunter2"); // no ==
/// ```
///
/// ```compile_fail
/// let token = mailseal::base::Secret::from("hunter2");
/// let _ = serde_json::to_string(&token); // no Serialize
/// ```
#[derive(Clone)]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Wraps a value.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The clear value. What is done with it is the caller's responsibility.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl From<&str> for Secret<String> {
    fn from(value: &str) -> Self {
        Self(value.to_owned())
    }
}

impl From<String> for Secret<String> {
    fn from(value: String) -> Self {
        Self(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_a_long_text_is_overwritten() {
        for (text, room) in [("", 0), ("", 9), ("F32.1", 5), ("F32.1", 64)] {
            let mut long = Vec::with_capacity(room);
            long.extend_from_slice(text.as_bytes());
            let (at, capacity) = (long.as_ptr(), long.capacity());
            let bytes = wiped(long);
            assert_eq!((bytes.as_ptr(), bytes.capacity()), (at, capacity));
            assert_eq!(bytes, vec![0; capacity]);
        }
    }
}
