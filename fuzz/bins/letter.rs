//! Fuzz target; its body is `mailseal_fuzz::letter`.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| mailseal_fuzz::letter(data));

#[cfg(not(fuzzing))]
fn main() -> std::process::ExitCode {
    mailseal_fuzz::run_files(mailseal_fuzz::letter)
}
