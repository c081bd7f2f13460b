#![no_main]

#[path = "../checks/grants.rs"]
mod grants;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| grants::check(bytes));
