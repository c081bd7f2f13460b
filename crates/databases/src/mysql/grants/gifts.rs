//! What any user of the server can give to any account: PROXY on itself, and the global GRANT OPTION.
//!
//! Whoever is signed in as `evil` may run `GRANT PROXY ON evil TO app WITH GRANT OPTION`. That needs no privilege, sets the
//! global GRANT OPTION of `app` as well, and outlives `DROP USER evil`; a superuser without PROXY on `evil` can neither grant nor
//! revoke it (1698; tried: 9.7.4, 10.11.18, 11.8.9). So neither of the two shows what somebody meant the account to have, and
//! neither stops a rotation: a clone gets them where the superuser may give them, and a difference is no reason to refuse.

use std::collections::BTreeSet;

use super::super::account::Account;
use super::{Delegation, Grants, Object};

impl Grants {
    /// All but them: what is compared where a difference refuses.
    pub(in super::super) fn without_gifts(&self) -> Self {
        let mut kept = self.clone();
        kept.proxies.clear();
        kept.grant_option.remove(&Object::Global);
        kept
    }

    /// Their lines, as [`Self::lines`] has them.
    pub(in super::super) fn gifts(&self) -> BTreeSet<String> {
        self.lines().difference(&self.without_gifts().lines()).cloned().collect()
    }

    /// Leaves out those that a superuser with `superuser` can neither grant nor revoke.
    pub(in super::super) fn leave_out_gifts_beyond(&mut self, superuser: &Self) {
        self.proxies.retain(|user, _| superuser.may_hand_on_proxy(user));
        if !superuser.grant_option.contains(&Object::Global) {
            self.grant_option.remove(&Object::Global);
        }
    }

    /// Leaves out what a superuser with `superuser` would have to take for this to be `wanted`, where restrictions keep it from
    /// that: REVOKE PROXY asks of it every privilege that it is restricted in (tried: 9.7.4).
    pub(in super::super) fn leave_out_gifts_to_take(&mut self, wanted: &Self, superuser: &Self) {
        if superuser.restrictions.is_empty() {
            return;
        }
        self.proxies.retain(|user, _| wanted.proxies.contains_key(user));
        for (user, held) in &mut self.proxies {
            *held = wanted.proxies.get(user).copied().unwrap_or(*held);
        }
    }

    /// Leaves out those whose GRANT would give more than them: the option of a proxy brings the global one.
    pub(in super::super) fn leave_out_gifts_that_bring_more(&mut self) {
        if !self.grant_option.contains(&Object::Global) {
            self.proxies.retain(|_, held| *held == Delegation::Held);
        }
    }

    /// MySQL's root has PROXY on the first of the anonymous accounts, MariaDB's on the second; either is for everybody on both
    /// (tried: 9.7, 10.11, 11.8).
    fn may_hand_on_proxy(&self, user: &Account) -> bool {
        let anybody = ["", "%"].map(|host| Account::at("", host));
        [user, &anybody[0], &anybody[1]]
            .iter()
            .any(|user| self.proxies.get(user) == Some(&Delegation::Delegable))
    }
}
