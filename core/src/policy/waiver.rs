//! A patient's wish for plain e-mail (78 FR 5634), and when it counts.

use std::fmt;

use serde::Serialize;

use crate::base::{Address, Phi, Timestamp};

/// The record that a patient was warned of the risk of unencrypted e-mail and
/// prefers it: for one address, one patient, until it expires.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Waiver {
    /// The address it was given for.
    pub address: Address,
    /// The host's reference for the patient.
    pub patient: Phi<String>,
    /// When the patient was warned and agreed.
    pub given: Timestamp,
    /// From when on it no longer counts.
    pub expires: Timestamp,
}

impl Waiver {
    /// A waiver.
    pub fn new(
        address: Address,
        patient: impl Into<Phi<String>>,
        given: Timestamp,
        expires: Timestamp,
    ) -> Self {
        Self {
            address,
            patient: patient.into(),
            given,
            expires,
        }
    }

    /// Whether it counts for this address and patient at `now`. The message's
    /// own content and recipients are judged by [`decide`](super::decide).
    ///
    /// # Errors
    /// The first condition that does not hold.
    pub fn check(
        &self,
        address: &Address,
        patient: &Phi<String>,
        now: Timestamp,
    ) -> Result<(), WaiverVoid> {
        if self.address.canonical() != address.canonical() {
            Err(WaiverVoid::OtherAddress)
        } else if self.patient != *patient {
            Err(WaiverVoid::OtherPatient)
        } else if now < self.given {
            Err(WaiverVoid::NotYetGiven)
        } else if now >= self.expires {
            Err(WaiverVoid::Expired)
        } else {
            Ok(())
        }
    }
}

/// Why a waiver does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WaiverVoid {
    /// It was given for another address.
    #[error("it was given for another address")]
    OtherAddress,
    /// It was given by another patient.
    #[error("it was given by another patient")]
    OtherPatient,
    /// It begins later.
    #[error("it begins later")]
    NotYetGiven,
    /// It has expired.
    #[error("it has expired")]
    Expired,
    /// The message has other recipients.
    #[error("the message has other recipients")]
    OtherRecipients,
    /// The message names other people, or nobody looked.
    #[error("the message names other people, or it is not known whether it does")]
    OtherPeople,
    /// The content is specially protected.
    #[error("the content is sensitive")]
    Sensitive,
    /// A part could not be scanned.
    #[error("a part could not be scanned")]
    Unscannable,
    /// The policy honours no waivers.
    #[error("this policy honours no waivers")]
    Policy,
}

/// What is known of a recipient's waiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum WaiverFact {
    /// There is none.
    #[default]
    Absent,
    /// It counts for this address and patient now.
    Valid,
    /// There is one that does not count.
    Void(WaiverVoid),
}

impl From<Result<(), WaiverVoid>> for WaiverFact {
    fn from(checked: Result<(), WaiverVoid>) -> Self {
        match checked {
            Ok(()) => Self::Valid,
            Err(cause) => Self::Void(cause),
        }
    }
}

/// Who sees whom in a message to several people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Disclosure {
    /// Everybody gets a copy that names nobody else.
    #[default]
    Individual,
    /// To and Cc see each other, as the host declared (a care team). Bcc
    /// recipients still get copies of their own.
    Shared,
}

impl fmt::Display for Disclosure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Individual => "individual",
            Self::Shared => "shared",
        })
    }
}
