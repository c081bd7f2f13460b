//! A user name and a password.

/// A user of a server, and its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The user's exact name.
    pub user: String,
    /// Its password.
    pub password: String,
}

impl Credentials {
    /// A user with a new password.
    #[must_use]
    pub fn new(user: &str) -> Self {
        Self { user: user.to_owned(), password: format!("pw-{}", uuid::Uuid::new_v4().simple()) }
    }
}
