//! Fuzz target; its body is `mailseal_fuzz::ics_vcf`.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| mailseal_fuzz::ics_vcf(data));

#[cfg(not(fuzzing))]
fn main() -> std::process::ExitCode {
    mailseal_fuzz::run_files(mailseal_fuzz::ics_vcf)
}
