//! Dual password: one user, two valid passwords, no superuser. AWSCURRENT signs in at every instant.
//!
//! The former password stays valid until the next rotation, which replaces it. Where a leak is the reason to
//! rotate, end it at once: `ALTER USER app@host DISCARD OLD PASSWORD`.

use super::{OldPassword, SetBy, Strategy};
use crate::Username;

/// See the module.
#[derive(Debug, Clone, Copy)]
pub struct DualPassword;

impl Strategy for DualPassword {
    fn next_user(&self, current: &Username) -> Username {
        current.clone()
    }

    fn set_by(&self, _next: &Username) -> SetBy {
        SetBy::User(OldPassword::Retain)
    }
}
