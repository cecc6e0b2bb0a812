//! A decision in words, for people.

use std::fmt::Write as _;
use std::str::FromStr;

use crate::base::{Address, RecipientId, UnknownWord};

use super::decision::{Decision, Refusal};

/// How an explanation names recipients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Show {
    /// By their place in the message: `r0`.
    #[default]
    Index,
    /// So that who knows the address recognises it: `p***@m***.example`.
    Masked,
    /// In clear.
    Clear,
}

impl Show {
    /// Every way, from the least to the most that is shown.
    pub const ALL: &'static [Self] = &[Self::Index, Self::Masked, Self::Clear];

    /// The word for it, as it is read.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Index => "index",
            Self::Masked => "masked",
            Self::Clear => "clear",
        }
    }

    /// How a recipient is named.
    pub fn recipient(self, id: RecipientId, address: &Address) -> String {
        match self {
            Self::Index => id.to_string(),
            Self::Masked => format!("{id} {}", address.masked()),
            Self::Clear => format!("{id} {}", address.as_str()),
        }
    }
}

impl FromStr for Show {
    type Err = UnknownWord;

    fn from_str(s: &str) -> Result<Self, UnknownWord> {
        match s {
            "index" => Ok(Self::Index),
            "masked" => Ok(Self::Masked),
            "clear" => Ok(Self::Clear),
            _ => Err(UnknownWord {
                expected: "index masked clear",
            }),
        }
    }
}

impl Decision {
    /// Some lines of text: what is done for `who` (see [`Show::recipient`]),
    /// and why. It holds no address but what `who` holds.
    pub fn explain(&self, who: &str) -> String {
        let mut out = String::new();
        // Writing to a String cannot fail.
        let _ = match self {
            Self::Send {
                chosen,
                fallbacks,
                sensitivity,
                ..
            } => {
                let _ = writeln!(out, "{who}: {sensitivity}; send by {chosen}");
                fallbacks
                    .iter()
                    .try_for_each(|rung| writeln!(out, "    else by {rung}"))
            }
            Self::Refuse {
                kind, sensitivity, ..
            } => {
                let what = match kind {
                    Refusal::Dropped => "dropped",
                    Refusal::Held => "held for review",
                    Refusal::Refused => "refused",
                };
                writeln!(out, "{who}: {sensitivity}; {what}")
            }
        };
        for reason in self.why() {
            let _ = writeln!(out, "    - {reason}");
        }
        out
    }
}
