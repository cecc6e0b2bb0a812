//! Fuzz target; its body is `mailseal_fuzz::portal_request`.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| mailseal_fuzz::portal_request(data));

#[cfg(not(fuzzing))]
fn main() -> std::process::ExitCode {
    mailseal_fuzz::run_files(mailseal_fuzz::portal_request)
}
