//! What the runtime sees of an error: its class and one sentence, never a debug form.

use std::error::Error as _;
use std::fmt;

use lambda_runtime::Diagnostic;
use rotation::{Cause, Error, PasswordsInUse, Progress};

/// An error at the Lambda boundary, joined with its sources once.
pub(crate) struct Failure {
    pub(crate) class: &'static str,
    pub(crate) message: String,
    /// Whether no later attempt succeeds until a person has acted.
    pub(crate) needs_action: bool,
}

impl Failure {
    /// Why a step failed.
    pub(crate) fn of(error: &Error, passwords: &PasswordsInUse) -> Self {
        let class = error.cause().map_or("Refused", Cause::class);
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(error) = source {
            message = format!("{message}: {error}");
            source = error.source();
        }
        let needs_action = !error.cause().is_some_and(Cause::is_transient);
        Self { class, message: passwords.message(&message), needs_action }
    }

    /// Of a diagnosis, which a person reads, or a watch, which is repeated and whose silence sets off an alarm of its own.
    pub(crate) fn of_no_rotation(self) -> Self {
        Self { needs_action: false, ..self }
    }

    /// Says how many others there are that are not told.
    pub(crate) fn with_others(self, others: usize) -> Self {
        if others == 0 {
            return self;
        }
        Self { message: format!("{} (and {others} more failed)", self.message), ..self }
    }

    /// The deadline came first.
    pub(crate) fn deadline(progress: &Progress, passwords: &PasswordsInUse) -> Self {
        let message = format!(
            "gave up just before the function's deadline, waiting to {}; {}",
            progress.waiting_to(),
            Cause::Deadline.remedy()
        );
        let needs_action = !Cause::Deadline.is_transient();
        Self { class: Cause::Deadline.class(), message: passwords.message(&message), needs_action }
    }
}

/// The runtime logs a returned error with `{:?}`.
impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.class, self.message)
    }
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        Self { error_type: failure.class.to_owned(), error_message: failure.message }
    }
}
