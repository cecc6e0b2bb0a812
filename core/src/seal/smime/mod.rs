//! S/MIME.

mod algorithms;
mod ber;
mod capabilities;
mod certificate;
mod compose;
mod enveloped;
mod key;
mod path;
mod recipients;
#[cfg(test)]
mod samples;
mod sealer;
mod signed;
mod transfer;

pub use certificate::Certificate;
pub use key::SmimeKey;
pub use path::{RevocationLists, TrustAnchors};
pub use sealer::SmimeSealer;
