//! The state of Secrets Manager: secrets, their versions and labels. No HTTP, no clock, no I/O.
//!
//! The rules are those of the API reference (2017-10-17) and, where that says nothing, of recorded responses of the
//! real service. Messages are the service's own if they are known.

mod arn;
#[cfg(test)]
mod laws;
mod refusal;
mod secret;
mod value;
mod versions;

use std::collections::BTreeMap;

pub(crate) use arn::{ACCOUNT, REGION, new_arn};
pub(crate) use refusal::Refusal;
pub(crate) use secret::{Deletion, RotationConfig, Secret};
use time::OffsetDateTime;
pub(crate) use value::Value;
pub(crate) use versions::{CURRENT, Put, VersionFilter, Versions};

/// All secrets of the account and region, by name.
#[derive(Default)]
pub(crate) struct Secrets {
    by_name: BTreeMap<String, Secret>,
}

impl Secrets {
    /// The secret that `id` names: by its name, its ARN, or its ARN without the six random characters. Also finds a secret
    /// that is marked for deletion.
    pub(crate) fn find(&self, id: &str) -> Result<&Secret, Refusal> {
        self.by_name
            .get(id)
            .or_else(|| self.all().find(|secret| secret.is(id)))
            .ok_or_else(Refusal::no_secret)
    }

    /// As `find`, to change the secret. Refuses a secret that is marked for deletion, as all operations except
    /// `DescribeSecret` and `DeleteSecret` do.
    pub(crate) fn find_live(&mut self, id: &str) -> Result<&mut Secret, Refusal> {
        let name = self.find(id)?.name.clone();
        let secret = self.by_name.get_mut(&name).ok_or_else(Refusal::no_secret)?;
        match secret.deleted {
            None => Ok(secret),
            Some(_) => Err(Refusal::invalid_request(
                "You can't perform this operation on the secret because it was marked for deletion.",
            )),
        }
    }

    /// The secret with exactly this name.
    pub(crate) fn named(&self, name: &str) -> Option<&Secret> {
        self.by_name.get(name)
    }

    /// Adds a new secret; the caller has checked that its name is free.
    pub(crate) fn add(&mut self, secret: Secret) {
        self.by_name.insert(secret.name.clone(), secret);
    }

    /// Removes a secret.
    pub(crate) fn remove(&mut self, name: &str) {
        self.by_name.remove(name);
    }

    /// All secrets in the order of their names.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Secret> {
        self.by_name.values()
    }

    /// Removes the secrets whose recovery window has passed.
    pub(crate) fn expire(&mut self, now: OffsetDateTime) {
        self.by_name.retain(|_, secret| secret.deleted.is_none_or(|mark| mark.gone_at > now));
    }
}
