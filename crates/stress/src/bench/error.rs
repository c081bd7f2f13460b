//! Why a run ended without figures.

use std::fmt;

/// What went wrong, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BenchError {
    what: String,
    next: String,
}

impl BenchError {
    pub(super) fn new(what: impl Into<String>, next: impl Into<String>) -> Self {
        Self { what: what.into(), next: next.into() }
    }

    /// Adds what was being done.
    pub(super) fn during(self, place: &str) -> Self {
        Self { what: format!("{place}: {}", self.what), ..self }
    }
}

impl fmt::Display for BenchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\nwhat to do: {}", self.what, self.next)
    }
}

impl std::error::Error for BenchError {}
