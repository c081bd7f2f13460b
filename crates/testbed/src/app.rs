//! An application: a user and a database on a server.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::Credentials;

/// An application, with names that no other application on its server has, so that tests can run concurrently.
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
}
