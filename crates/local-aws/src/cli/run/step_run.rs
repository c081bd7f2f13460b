use std::time::Duration;

use super::snapshot::Version;

/// One step that a function has run.
pub(super) struct StepRun {
    /// The function's name.
    pub(super) function: String,
    pub(super) secret: String,
    /// From 0 on.
    pub(super) rotation: usize,
    /// The step as the event names it.
    pub(super) step: String,
    pub(super) took: Duration,
    /// The versions after it.
    pub(super) versions: Vec<Version>,
    /// Of a step that failed: the error, and the last lines of the function's output.
    pub(super) failure: Option<(String, Vec<String>)>,
}
