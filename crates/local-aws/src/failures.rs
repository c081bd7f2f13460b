//! Failures made on purpose, so that tests can see what a client does about them.

use std::sync::Mutex;

use crate::service::lock;

/// One failure to come; it happens once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The operation's name, as `PutSecretValue`; `*` for any.
    pub operation: String,
    /// Which of its calls from now on, counted from 1; 0 is taken as 1.
    pub nth: u32,
    /// What happens to that call.
    pub effect: Effect,
}

/// What happens to a call that fails on purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Nothing is changed, and the answer is this error. The status is 500 for `InternalServiceError`, else 400.
    Refuse {
        /// The error's code, as `ThrottlingException`.
        code: String,
        /// The error's message.
        message: String,
    },
    /// Nothing is changed, and the connection is closed without an answer.
    DropRequest,
    /// The call takes effect, and the connection is closed without an answer.
    DropAnswer,
}

impl Failure {
    /// The nth call of an operation, counted from 1, is refused with this code.
    pub fn refuse(operation: &str, nth: u32, code: &str) -> Self {
        let effect = Effect::Refuse { code: code.to_owned(), message: "failed on purpose".to_owned() };
        Failure { operation: operation.to_owned(), nth, effect }
    }

    /// The nth call of an operation, counted from 1, never reaches the service.
    pub fn drop_request(operation: &str, nth: u32) -> Self {
        Failure { operation: operation.to_owned(), nth, effect: Effect::DropRequest }
    }

    /// The nth call of an operation, counted from 1, takes effect, but its answer is lost.
    pub fn drop_answer(operation: &str, nth: u32) -> Self {
        Failure { operation: operation.to_owned(), nth, effect: Effect::DropAnswer }
    }
}

/// The failures that are still to come.
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

    /// Counts a call, and tells what is to happen to it.
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
