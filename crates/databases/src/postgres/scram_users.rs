//! Which users the server has signed in by SCRAM-SHA-256.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rotation::Username;

/// The application's users whose last sign-in was by SCRAM-SHA-256, on whatever server. A step signs in as the application
/// before it signs in as the superuser, so this is what the step itself has seen.
#[derive(Debug, Clone, Default)]
pub(super) struct ScramUsers(Arc<Mutex<BTreeSet<String>>>);

impl ScramUsers {
    pub(super) fn record(&self, user: &Username, used_scram: bool) {
        if used_scram {
            self.users().insert(user.0.clone());
        } else {
            self.users().remove(&user.0);
        }
    }

    pub(super) fn contains(&self, user: &Username) -> bool {
        self.users().contains(&user.0)
    }

    fn users(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
