//! Opaque ids. They are random or positional and say nothing about a person.

use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use super::crypto;

/// A recipient's place in its message, counted from 0 over To, Cc and Bcc in
/// the order given. Errors, reasons and outcomes name recipients by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RecipientId(u32);

impl RecipientId {
    /// The id of the recipient at `index`.
    pub const fn new(index: u32) -> Self {
        Self(index)
    }

    /// The index this id stands for.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for RecipientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{}", self.0)
    }
}

/// A text that is not an id of the kind asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id: 32 lower-case hexadecimal digits are expected")]
pub struct ParseIdError;

macro_rules! random_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// A new id of 128 bits from the operating system's generator.
            pub fn make_random() -> Self {
                Self(crypto::make_random())
            }

            /// From its 16 bytes.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// Its 16 bytes.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&HEXLOWER.encode(&self.0))
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;
            fn from_str(s: &str) -> Result<Self, ParseIdError> {
                let bytes = HEXLOWER.decode(s.as_bytes()).map_err(|_| ParseIdError)?;
                Ok(Self(bytes.try_into().map_err(|_| ParseIdError)?))
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let s = <std::borrow::Cow<'de, str>>::deserialize(d)?;
                s.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

random_id!(
    /// One message as mailseal knows it (not the `Message-ID` header).
    MessageId
);
random_id!(
    /// One call of `send` and what became of it.
    ReceiptId
);
random_id!(
    /// One escrowed message.
    ItemId
);
random_id!(
    /// One recipient's right to pick up one escrowed message.
    GrantId
);
random_id!(
    /// One reply of a recipient through the pickup page.
    ReplyId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_round_trip_and_refuse_other_text() {
        let id = MessageId::make_random();
        assert_eq!(id.to_string().parse(), Ok(id));
        for bad in ["", "00", "zz", &"A".repeat(32), &"0".repeat(34)] {
            assert_eq!(bad.parse::<MessageId>(), Err(ParseIdError));
        }
    }
}
