//! What is being waited for: one source for an error's context and for the error at the deadline.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{CallError, Error};

/// The calls under way, by what they are for.
#[derive(Debug, Default)]
pub struct Progress {
    under_way: Mutex<Vec<Arc<str>>>,
}

impl Progress {
    /// Runs a call through a port. `doing` completes "cannot ..." and "waiting to ...".
    ///
    /// # Errors
    /// The port's: a refusal as it is, a failure with `doing` as its context.
    pub async fn of<T>(
        &self,
        doing: impl Into<String>,
        call: impl Future<Output = Result<T, CallError>>,
    ) -> Result<T, Error> {
        let doing: Arc<str> = Arc::from(doing.into());
        self.lock().push(Arc::clone(&doing));
        let result = call.await;
        // Left in place when the call is dropped at the deadline: that is when it is read.
        let mut under_way = self.lock();
        if let Some(index) = under_way.iter().position(|other| Arc::ptr_eq(other, &doing)) {
            under_way.remove(index);
        }
        drop(under_way);
        result.map_err(|error| match error {
            CallError::Refused(refusal) => Error::Refused(refusal),
            failed @ CallError::Failed { .. } => Error::Call { doing: doing.to_string(), source: failed },
        })
    }

    /// What is being waited for right now, in words that follow "waiting to".
    #[must_use]
    pub fn waiting_to(&self) -> String {
        self.lock().join(" and to ")
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Arc<str>>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
