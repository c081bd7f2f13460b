//! Single user: the same user, a new password, installed by the user itself.
//!
//! Between setSecret and finishSecret a new sign-in with AWSCURRENT is refused. Sessions that are open go on.

use super::{Former, Installer, Strategy};
use crate::Username;

/// See the module.
#[derive(Debug, Clone, Copy)]
pub struct SingleUser;

impl Strategy for SingleUser {
    fn next_user(&self, current: &Username) -> Username {
        current.clone()
    }

    fn installer(&self, _next: &Username) -> Installer {
        Installer::TheUser(Former::Replaced)
    }
}
