//! All tests that need more than one package, in one program: they share the servers of the bed.

mod bed_works;
mod resumes;
mod rotates;
