//! All tests that need more than one package, in one program: they share the servers of the bed.

mod bed_works;
mod clones;
mod redacts;
mod refuses;
mod resumes;
mod rotates;
mod superusers;
