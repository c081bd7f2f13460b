//! Rights that any user of the server can grant to any account: PROXY on itself, and the global GRANT OPTION.
//!
//! A user `evil` can run `GRANT PROXY ON evil TO app WITH GRANT OPTION`. That needs no privilege, sets the global GRANT OPTION of
//! `app` as well, and stays after `DROP USER evil`; a superuser without PROXY on `evil` can neither grant nor revoke it (1698;
//! tried: 9.7.4, 10.11.18, 11.8.9). So these rights do not show what the account is meant to have, and must not stop a rotation:
//! a clone gets them if the superuser may grant them, and a difference in them is no reason to refuse.

use std::collections::BTreeSet;

use super::super::account::Account;
use super::{Delegation, Grants, Object};

impl Grants {
    /// All other rights: those that are compared where a difference leads to a refusal.
    pub(in super::super) fn without_user_grantable(&self) -> Self {
        let mut kept = self.clone();
        kept.proxies.clear();
        kept.grant_option.remove(&Object::Global);
        kept
    }

    /// The lines of these rights, as in [`Self::lines`].
    pub(in super::super) fn user_grantable(&self) -> BTreeSet<String> {
        self.lines().difference(&self.without_user_grantable().lines()).cloned().collect()
    }

    /// Excludes those that a superuser with the rights `superuser` can neither grant nor revoke.
    pub(in super::super) fn exclude_ungrantable(&mut self, superuser: &Self) {
        self.proxies.retain(|user, _| superuser.can_grant_proxy(user));
        if !superuser.grant_option.contains(&Object::Global) {
            self.grant_option.remove(&Object::Global);
        }
    }

    /// Excludes those that would have to be revoked to make this `wanted`, if the superuser has restrictions: REVOKE PROXY requires
    /// every privilege in which it is restricted (tried: 9.7.4).
    pub(in super::super) fn exclude_unrevocable(&mut self, wanted: &Self, superuser: &Self) {
        if superuser.restrictions.is_empty() {
            return;
        }
        self.proxies.retain(|user, _| wanted.proxies.contains_key(user));
        for (user, held) in &mut self.proxies {
            *held = wanted.proxies.get(user).copied().unwrap_or(*held);
        }
    }

    /// Excludes proxies whose GRANT would add the global GRANT OPTION, if that is not held.
    pub(in super::super) fn exclude_proxies_that_add_grant_option(&mut self) {
        if !self.grant_option.contains(&Object::Global) {
            self.proxies.retain(|_, held| *held == Delegation::Held);
        }
    }

    /// MySQL's root has PROXY on the first of the anonymous accounts, MariaDB's on the second; on both servers either one covers
    /// every user (tried: 9.7, 10.11, 11.8).
    fn can_grant_proxy(&self, user: &Account) -> bool {
        let anybody = ["", "%"].map(|host| Account::at("", host));
        [user, &anybody[0], &anybody[1]]
            .iter()
            .any(|user| self.proxies.get(user) == Some(&Delegation::Delegable))
    }
}
