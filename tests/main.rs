//! All tests that need more than one package, in one program: they share the servers of the bed.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on says so and stops; what it counted is shown where it is asked for"
)]

mod admins;
mod attacks;
mod belongs;
mod clones;
mod conforms;
mod corpus;
mod costs;
mod deploys;
mod documentation;
mod explains;
mod fault_injection;
mod fetches;
mod import_circles;
mod interferes;
mod kin;
mod load;
mod measures;
mod mirrors;
mod own_grants;
mod protects;
mod redacts;
mod refuses;
mod resists;
mod resumes;
mod role_settings;
mod rotates;
mod superusers;
mod survives;
mod swaps;
mod template;
mod testbed_works;
mod verifiers;
