//! S/MIME.

mod algorithms;
mod ber;
mod capabilities;
mod certificate;
mod enveloped;
mod key;
mod path;
mod recipients;
mod sealer;
mod signed;

pub use certificate::Certificate;
pub use key::SmimeKey;
pub use path::{RevocationLists, TrustAnchors};
