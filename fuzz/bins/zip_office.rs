//! Fuzz target; its body is `mailseal_fuzz::zip_office`.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| mailseal_fuzz::zip_office(data));

#[cfg(not(fuzzing))]
fn main() -> std::process::ExitCode {
    mailseal_fuzz::run_files(mailseal_fuzz::zip_office)
}
