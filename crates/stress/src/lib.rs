//! Fault injection (`make faults`), load (`make load`) and measurements (`make bench`), on the real servers and binaries
//! of the crate `testbed`. The tests run each of them in small.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a part that does not start stops the run, loudly"
)]

pub mod bench;
pub mod faults;
pub mod figures;
pub mod load;
