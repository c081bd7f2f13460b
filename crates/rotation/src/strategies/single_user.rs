//! Single user: the same user, a new password, installed by the user itself.
//!
//! Between setSecret and finishSecret a new sign-in with AWSCURRENT is refused. Sessions that are open go on.

use super::{OldPassword, SetBy, Strategy};
use crate::Username;

/// See the module.
#[derive(Debug, Clone, Copy)]
pub struct SingleUser;

impl Strategy for SingleUser {
    fn next_user(&self, current: &Username) -> Username {
        current.clone()
    }

    fn set_by(&self, _next: &Username) -> SetBy {
        SetBy::User(OldPassword::Discard)
    }
}
