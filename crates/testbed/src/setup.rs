//! How an application and its function are set up.

use std::time::Duration;

use rotation::Promotion;
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
    /// Which step makes the new version current.
    pub promotion: Promotion,
    /// Environment variables of the function, besides those that the other choices set.
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

impl<'a> Setup<'a> {
    /// The same, but setSecret makes the new version current. For single user only.
    #[must_use]
    pub fn promoting_in_set_secret(self) -> Self {
        Self { promotion: Promotion::InSetSecret, ..self }
    }

    /// All environment variables that these choices set.
    #[must_use]
    pub fn variables(&self) -> Vec<(&'a str, &'a str)> {
        let promotes = match self.promotion {
            Promotion::InFinishSecret => None,
            Promotion::InSetSecret => Some(("PROMOTE_IN_SET_SECRET", "true")),
        };
        self.environment.iter().copied().chain(promotes).collect()
    }
}

impl Setup<'_> {
    /// The function, and what is special about its strategy.
    #[must_use]
    pub fn name(&self) -> String {
        match (self.changed_by, self.promotion) {
            (ChangedBy::Superuser, Promotion::InFinishSecret) => self.function.to_owned(),
            (ChangedBy::Themselves, _) => format!("{} without a superuser", self.function),
            (ChangedBy::Superuser, Promotion::InSetSecret) => {
                format!("{} promoted in setSecret", self.function)
            }
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
            promotion: Promotion::InFinishSecret,
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
