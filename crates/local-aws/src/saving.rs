//! Keeps the state file, if there is one, up to date with the service.

use std::sync::Arc;

use crate::service::Service;
use crate::state::{StateError, StateFile};

/// Says that something was changed. Called while the account is locked.
pub(crate) fn changed(service: &Service) {
    if let Some(state) = &service.state {
        state.changed();
    }
}

/// Waits until all changes so far are on disk; returns at once without a state file.
///
/// # Errors
/// If the file cannot be written. The changes stay in memory, and the next call tries again.
pub(crate) async fn saved(service: &Arc<Service>) -> Result<(), StateError> {
    if service.state.as_ref().is_none_or(StateFile::is_saved) {
        return Ok(());
    }
    let service = Arc::clone(service);
    // A task of its own, which ends even if the client hangs up.
    let saving = tokio::task::spawn_blocking(move || match &service.state {
        Some(state) => state.save(&service.account, &service.clock),
        None => Ok(()),
    });
    saving.await.unwrap_or(Err(StateError::Stopped))
}

/// Writes the state a last time, and lets another server have the file.
pub(crate) fn close(service: &Service) {
    let Some(state) = &service.state else { return };
    // The times of the last reads.
    changed(service);
    if let Err(error) = state.save(&service.account, &service.clock) {
        report(&error);
    }
    state.close();
}

/// Logs that the state could not be written.
pub(crate) fn report(error: &StateError) {
    tracing::error!(error = error as &dyn std::error::Error, "the state was not saved");
}
