#![no_main]

#[path = "../checks/local_aws_request.rs"]
mod local_aws_request;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| local_aws_request::check(bytes));
