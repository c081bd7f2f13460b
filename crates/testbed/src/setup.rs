//! How an application and its function are set up.

use std::time::Duration;

use serde_json::{Value, json};

/// The choices of a test about its application and function.
#[derive(Debug, Clone)]
pub struct Setup<'a> {
    /// The function's binary.
    pub function: &'a str,
    /// Who changes the passwords of two alternating users.
    pub changed_by: ChangedBy,
    /// The beginning of the user's name.
    pub user: &'a str,
    /// Fields of the secret to add or replace; null removes one.
    pub fields: Value,
    /// Environment variables of the function.
    pub environment: Vec<(&'a str, &'a str)>,
    /// How many times Secrets Manager attempts a rotation that fails.
    pub attempts: u32,
    /// The function's timeout.
    pub timeout: Duration,
}

/// Who changes the passwords of two alternating users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangedBy {
    /// The superuser, which also creates the clone.
    Superuser,
    /// The users themselves: the secret names no superuser, and a person has created the clone.
    Themselves,
}

impl Setup<'_> {
    /// The function, and what its strategy goes without.
    #[must_use]
    pub fn name(&self) -> String {
        match self.changed_by {
            ChangedBy::Superuser => self.function.to_owned(),
            ChangedBy::Themselves => format!("{} without a superuser", self.function),
        }
    }

    /// The user changes its own password.
    #[must_use]
    pub fn single_user() -> Self {
        Self {
            function: "postgres-single-user",
            changed_by: ChangedBy::Superuser,
            user: "app",
            fields: json!({}),
            environment: vec![("AWS_LAMBDA_LOG_LEVEL", "TRACE")],
            attempts: 1,
            timeout: Duration::from_secs(30),
        }
    }

    /// The user and its clone take turns.
    #[must_use]
    pub fn alternating_users() -> Self {
        Self { function: "postgres-alternating-users", ..Self::single_user() }
    }

    /// The same without a superuser.
    #[must_use]
    pub fn without_superuser(self) -> Self {
        Self { changed_by: ChangedBy::Themselves, ..self }
    }

    /// Like [`Self::single_user`], on MySQL and MariaDB.
    #[must_use]
    pub fn mysql_single_user() -> Self {
        Self { function: "mysql-single-user", ..Self::single_user() }
    }

    /// Like [`Self::alternating_users`], on MySQL and MariaDB.
    #[must_use]
    pub fn mysql_alternating_users() -> Self {
        Self { function: "mysql-alternating-users", ..Self::single_user() }
    }

    /// The user has two passwords at a time, on MySQL.
    #[must_use]
    pub fn mysql_dual_password() -> Self {
        Self { function: "mysql-dual-password", ..Self::single_user() }
    }
}
