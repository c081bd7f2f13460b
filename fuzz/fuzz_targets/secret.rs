#![no_main]

#[path = "../checks/secret.rs"]
mod secret;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| secret::check(bytes));
