//! Fault injection (`make faults`), the load test (`make load`), the benchmark (`make bench`) and the pictures of the
//! strategies (`make timeline`), with the real servers and binaries of the crate `testbed`. The tests run each of them in
//! small.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a part that does not start stops the run"
)]

pub mod bench;
pub mod faults;
pub mod figures;
pub mod load;
pub mod timeline;
