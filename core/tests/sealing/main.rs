//! Sealed messages between real programs: OpenSSL, Bouncy Castle, GnuPG's gpg
//! and gpgsm, and Thunderbird.
//!
//! ```text
//! apt-get install openssl gnupg gpgsm default-jdk-headless \
//!     libbcpkix-java libbcpg-java thunderbird
//! cargo test -p mailseal --all-features --test sealing -- --show-output
//! ```
//!
//! Each of them can be a [`peers::Writer`], a [`peers::Reader`] or both. A
//! table ([`matrix`]) has the forms of a message ([`forms`]) in its rows and
//! the readers in its columns. What a reader cannot read is known to it, with
//! the reason; the test fails where it can read that after all, as it does
//! where it cannot read the rest. Read means: the text, the subject, that the
//! message came encrypted, and that the sender signed it.
//!
//! - `people.rs`: who writes to whom, and their keys, made for each test.
//! - `mime.rs`: as much of MIME as that needs, apart from the library's.
//! - `peers/`: the programs. `cms.rs` and `openpgp.rs` make a mail program of
//!   one that knows only the cryptography.
//! - `between.rs`: the peers among themselves, so that what is measured with
//!   them can be believed.
//! - `ours.rs`: the library against all of them. It is left out of the build
//!   until the library seals and opens.
//!
//! Where a program is missing the tests that need it say so and pass, unless
//! `MAILSEAL_PEERS=require` (CI sets it) makes that a failure;
//! `MAILSEAL_PEERS=off` leaves them out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::print_stdout, clippy::indexing_slicing)]

mod between;
mod forms;
mod matrix;
mod mime;
mod ours;
mod peers;
mod people;
