//! An application on a server: its user and its database.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

use crate::{Credentials, Server};

/// One application, with names that no other application of the server has: tests run side by side.
#[derive(Clone, Debug)]
pub struct App {
    /// Its user, with the first password.
    pub credentials: Credentials,
    /// Its database.
    pub database: String,
}

impl App {
    pub(crate) fn unique(hint: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self { credentials: Credentials::new(&format!("{hint}{number}")), database: format!("db{number}") }
    }

    /// The name of the application's user.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.credentials.user
    }

    /// The application's secret, with its first password.
    #[must_use]
    pub fn secret(&self, on: &dyn Server) -> Value {
        on.secret(&self.credentials, &self.database)
    }
}
