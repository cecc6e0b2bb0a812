//! The leaf that every room stands on: addresses, redacting wrappers, time,
//! ids, the words of the decision, and the one wrapper of the cryptographic
//! library.
//!
//! Nothing here does I/O except [`Keys::file`], which reads (or, once, writes)
//! the wrapping key. Nothing here prints what it protects: [`Phi`], [`Secret`],
//! [`Address`] and [`Domain`] have a starred `Debug` and no `Display`.
//!
//! ```
//! use mailseal::base::{Address, Phi};
//! let address: Address = "pat@mail.example".parse()?;
//! assert_eq!(format!("{address:?}"), "Address(***)");
//! assert_eq!(address.domain().as_str(), "mail.example");
//! assert_eq!(format!("{:?}", Phi::new(String::from("HbA1c 9.1"))), "Phi(***)");
//! # Ok::<(), mailseal::base::AddressError>(())
//! ```

mod address;
pub(crate) mod ber;
mod clock;
pub(crate) mod crypto;
mod id;
mod keys;
mod language;
mod passkey;
mod phi;
mod recipient;
mod sealing;
pub(crate) mod toml;
mod words;

pub use address::{Address, AddressError, Domain};
pub use clock::{Clock, SystemClock, Timestamp};
pub use id::{GrantId, ItemId, MessageId, ParseIdError, ReceiptId, RecipientId, ReplyId};
pub use keys::{Keys, KeysError};
pub(crate) use keys::{make_private, read_private, replace_private};
pub use language::Language;
pub use passkey::Passkey;
pub use phi::{Phi, Secret};
pub use recipient::{Recipient, Role};
pub use sealing::{DigestAlgorithm, Form, FormReason, KeyFault, SignatureScheme};
pub use words::{
    Disclosure, Fact, FactorLevel, KeyTrust, NextHop, Part, PartnerIdentity, Route, Sensitivity,
    TlsAssurance, UnknownWord,
};
