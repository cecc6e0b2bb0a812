//! Writes the sources of the bindings out of the library's own description.
//!
//! ```sh
//! cargo build --workspace --all-features
//! target/debug/mailseal-bindgen kotlin target/debug/libmailseal_kotlin.so OUT
//! target/debug/mailseal-bindgen swift target/debug/libmailseal_kotlin.so OUT
//! ```
//!
//! The same library gives the same bytes. How names and types look in each
//! language stands in `bindings-kotlin/uniffi.toml`.
#![allow(clippy::print_stderr)]

use std::process::ExitCode;

use uniffi::{GenerateOptions, TargetLanguage};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [language, library, out] = arguments.as_slice() else {
        eprintln!("mailseal-bindgen kotlin|swift LIBRARY FOLDER");
        return ExitCode::from(2);
    };
    let language = match language.as_str() {
        "kotlin" => TargetLanguage::Kotlin,
        "swift" => TargetLanguage::Swift,
        other => {
            eprintln!("mailseal-bindgen knows kotlin and swift, not `{other}`");
            return ExitCode::from(2);
        }
    };
    let options = GenerateOptions {
        languages: vec![language],
        source: library.into(),
        out_dir: out.into(),
        config_override: Some(concat!(env!("CARGO_MANIFEST_DIR"), "/../uniffi.toml").into()),
        ..GenerateOptions::default()
    };
    match uniffi::generate(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mailseal-bindgen: {error:#}");
            ExitCode::FAILURE
        }
    }
}
