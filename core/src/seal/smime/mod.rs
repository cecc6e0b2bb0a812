//! S/MIME.

mod capabilities;
mod certificate;
mod enveloped;
mod key;
mod path;
mod sealer;
mod signed;
