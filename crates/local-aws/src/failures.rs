//! Planned failures, so that tests can check how a client handles them.

use std::sync::Mutex;

use crate::lock::lock;

/// A planned failure; it happens once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The operation, such as `PutSecretValue`; `*` for any.
    pub operation: String,
    /// Which of the operation's calls fails, counted from 1 from now on; 0 means 1.
    pub nth: u32,
    /// What happens to that call.
    pub effect: Effect,
}

/// What happens to a call that fails as planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// The call changes nothing, and gets this error. The status is 500 for `InternalServiceError`, else 400.
    Refuse {
        /// The error's code, such as `ThrottlingException`.
        code: String,
        /// The error's message.
        message: String,
    },
    /// The call changes nothing, and the connection is closed without a response.
    DropRequest,
    /// The call takes effect, and the connection is closed without a response.
    DropResponse,
}

impl Failure {
    /// The nth call of an operation, counted from 1, gets an error with this code.
    pub fn refuse(operation: &str, nth: u32, code: &str) -> Self {
        let effect =
            Effect::Refuse { code: code.to_owned(), message: "this call fails as planned".to_owned() };
        Failure { operation: operation.to_owned(), nth, effect }
    }

    /// The nth call of an operation, counted from 1, never reaches the service.
    pub fn drop_request(operation: &str, nth: u32) -> Self {
        Failure { operation: operation.to_owned(), nth, effect: Effect::DropRequest }
    }

    /// The nth call of an operation, counted from 1, takes effect, but its response is lost.
    pub fn drop_response(operation: &str, nth: u32) -> Self {
        Failure { operation: operation.to_owned(), nth, effect: Effect::DropResponse }
    }
}

/// The planned failures that have not happened yet.
#[derive(Default)]
pub(crate) struct Failures {
    plans: Mutex<Vec<Failure>>,
}

impl Failures {
    pub(crate) fn add(&self, plan: Failure) {
        lock(&self.plans).push(plan);
    }

    pub(crate) fn clear(&self) {
        lock(&self.plans).clear();
    }

    /// Counts a call of this operation; returns what is planned for it.
    pub(crate) fn next(&self, operation: &str) -> Option<Effect> {
        let mut plans = lock(&self.plans);
        let due = |plan: &Failure| plan.operation == operation || plan.operation == "*";
        for plan in plans.iter_mut().filter(|plan| due(plan)) {
            plan.nth = plan.nth.saturating_sub(1);
        }
        let at = plans.iter().position(|plan| due(plan) && plan.nth == 0)?;
        Some(plans.remove(at).effect)
    }
}
