//! S/MIME.

mod algorithms;
#[cfg(test)]
mod attacks;
mod ber;
mod capabilities;
mod certificate;
mod compose;
mod constraints;
mod crl;
mod enveloped;
mod key;
mod names;
mod path;
mod pem;
mod pkcs12;
mod recipients;
#[cfg(test)]
mod samples;
mod sealer;
mod signature;
mod signed;

pub use certificate::Certificate;
pub(crate) use enveloped::decrypt;
pub use key::SmimeKey;
pub(crate) use path::{Purpose, check_leaf, revoked, validate};
pub use path::{RevocationLists, TrustAnchors};
pub use sealer::SmimeSealer;
pub(crate) use signed::verify;
