//! All tests that need more than one package, in one program: they share the servers of the bed.
#![expect(clippy::expect_used, reason = "a test that cannot go on says so and stops")]

mod bed_works;
mod belongs;
mod clones;
mod conforms;
mod costs;
mod explains;
mod kin;
mod protects;
mod redacts;
mod refuses;
mod resists;
mod resumes;
mod rotates;
mod superusers;
