use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::arn::{arn_in, prefix, region_of, split_suffix};
use super::{Refusal, Region, Replica, Secret, Status, new_arn};

/// The account in every ARN, unless the server is started with another.
pub(crate) const DEFAULT_ACCOUNT: &str = "123456789012";

/// The shortest recovery window of a deleted secret (API reference, `DeleteSecret`: 7 to 30 days).
const SHORTEST_WINDOW: Duration = Duration::days(7);

/// The secrets of one account, region by region. Regions share nothing; only replication reaches another one.
#[derive(Serialize, Deserialize)]
pub(crate) struct Account {
    id: String,
    regions: BTreeMap<Region, Secrets>,
    /// No recovery window ends before this.
    #[serde(skip, default = "long_ago")]
    expires: OffsetDateTime,
}

/// The secrets of one region, by name.
#[derive(Serialize, Deserialize)]
pub(crate) struct Secrets {
    region: Region,
    account: String,
    by_name: BTreeMap<String, Secret>,
    /// The names of secrets with replicas that may not have followed yet.
    to_replicate: BTreeSet<String>,
}

impl Account {
    pub(crate) fn new(id: String) -> Self {
        Account { id, regions: BTreeMap::new(), expires: long_ago() }
    }

    /// The account's number.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The secrets of a region; without secrets until one is created there.
    pub(crate) fn region(&mut self, region: &Region) -> &mut Secrets {
        self.regions.entry(region.clone()).or_insert_with(|| Secrets::new(region.clone(), self.id.clone()))
    }

    /// The secrets of a region, if any were created there.
    pub(crate) fn existing_region(&self, region: &Region) -> Option<&Secrets> {
        self.regions.get(region)
    }

    /// The secrets whose replicas may not have followed yet, by region and name.
    pub(super) fn to_replicate(&self) -> Vec<(Region, String)> {
        let waiting = |(region, secrets): (&Region, &Secrets)| {
            secrets.to_replicate.iter().map(|name| (region.clone(), name.clone())).collect::<Vec<_>>()
        };
        self.regions.iter().flat_map(waiting).collect()
    }

    /// The secret that `id` names: in the region of its ARN, or by its name in the default region.
    pub(crate) fn find(&self, id: &str) -> Result<&Secret, Refusal> {
        let default = Region::default();
        let region = region_of(id).unwrap_or(default.name());
        self.regions.get(region).ok_or_else(Refusal::no_secret)?.find(id)
    }

    /// As `find`, to change the secret; refuses one that is marked for deletion.
    pub(crate) fn find_live(&mut self, id: &str) -> Result<&mut Secret, Refusal> {
        let default = Region::default();
        let region = region_of(id).unwrap_or(default.name());
        self.regions.get_mut(region).ok_or_else(Refusal::no_secret)?.find_live(id)
    }

    /// As `find_live`, even if the secret is marked for deletion.
    pub(crate) fn find_any(&mut self, id: &str) -> Result<&mut Secret, Refusal> {
        let default = Region::default();
        let region = region_of(id).unwrap_or(default.name());
        self.regions.get_mut(region).ok_or_else(Refusal::no_secret)?.find_any(id)
    }

    /// Ends the tests of rotation that ended with the server before this one. Otherwise `RotateSecret` would take each for
    /// an unfinished rotation, whose new value is the current one.
    pub(crate) fn end_tests(&mut self) {
        for secret in self.regions.values_mut().flat_map(|secrets| secrets.by_name.values_mut()) {
            if let Some(version) = secret.rotation.as_mut().and_then(|rotation| rotation.tested.take()) {
                secret.end_test(&version);
            }
        }
    }

    /// All secrets of all regions.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Secret> {
        self.regions.values().flat_map(Secrets::all)
    }

    /// Removes the secrets whose recovery window has passed. Looks at all secrets only when one may have, because every
    /// request comes here.
    pub(crate) fn expire(&mut self, now: OffsetDateTime) {
        if now < self.expires {
            return;
        }
        for secrets in self.regions.values_mut() {
            secrets.by_name.retain(|_, secret| secret.deleted.is_none_or(|mark| mark.gone_at > now));
        }
        // A secret that is marked later is there for at least as long as the shortest window.
        let marked = self.all().filter_map(|secret| secret.deleted.map(|mark| mark.gone_at));
        self.expires = marked.chain([now + SHORTEST_WINDOW]).min().unwrap_or(now);
    }
}

impl Secrets {
    fn new(region: Region, account: String) -> Self {
        Secrets { region, account, by_name: BTreeMap::new(), to_replicate: BTreeSet::new() }
    }

    /// The secret that `id` names: by its name, its ARN, or its ARN without the hyphen and the six random characters. Also
    /// finds a secret that is marked for deletion.
    pub(crate) fn find(&self, id: &str) -> Result<&Secret, Refusal> {
        self.name_of(id).and_then(|name| self.by_name.get(name)).ok_or_else(Refusal::no_secret)
    }

    /// As `find`, to change the secret, even if it is marked for deletion.
    pub(crate) fn find_any(&mut self, id: &str) -> Result<&mut Secret, Refusal> {
        let name = self.name_of(id).ok_or_else(Refusal::no_secret)?.to_owned();
        let secret = self.by_name.get_mut(&name).ok_or_else(Refusal::no_secret)?;
        if secret.replicas().next().is_some() {
            self.to_replicate.insert(name);
        }
        Ok(secret)
    }

    /// As `find`, to change the secret. Refuses a secret that is marked for deletion, as all operations except
    /// `DescribeSecret`, `DeleteSecret` and `RestoreSecret` do.
    pub(crate) fn find_live(&mut self, id: &str) -> Result<&mut Secret, Refusal> {
        let secret = self.find_any(id)?;
        match secret.deleted {
            None => Ok(secret),
            Some(_) => Err(Refusal::marked_for_deletion()),
        }
    }

    /// As `find_live`, to change the replicas; refuses a replica.
    pub(crate) fn find_to_replicate(&mut self, id: &str) -> Result<&mut Secret, Refusal> {
        let name = self.find_live(id)?.name.clone();
        self.to_replicate.insert(name.clone());
        let secret = self.find_live(&name)?;
        secret.role.replicas_mut()?;
        Ok(secret)
    }

    /// The name of the secret that `id` names, if there is one.
    fn name_of<'a>(&self, id: &'a str) -> Option<&'a str> {
        if self.by_name.contains_key(id) {
            return Some(id);
        }
        let last = id.strip_prefix(&prefix(&self.region, &self.account))?;
        match split_suffix(last) {
            Some((name, _)) => self.by_name.get(name).filter(|secret| secret.arn == id).map(|_| name),
            None => self.by_name.contains_key(last).then_some(last),
        }
    }

    /// The secret with exactly this name.
    pub(crate) fn named(&self, name: &str) -> Option<&Secret> {
        self.by_name.get(name)
    }

    /// The ARN of a new secret of this account and region.
    pub(crate) fn new_arn(&self, name: &str) -> String {
        new_arn(&self.region, &self.account, name)
    }

    /// The ARN of a replica in this region.
    pub(crate) fn arn_like(&self, arn: &str) -> String {
        arn_in(&self.region, arn)
    }

    pub(crate) fn region(&self) -> &Region {
        &self.region
    }

    /// Takes a secret out whose replicas are to follow.
    pub(super) fn take_to_replicate(&mut self, name: &str) -> Option<Secret> {
        self.to_replicate.remove(name);
        self.by_name.remove(name)
    }

    /// Adds a secret; one of the same name is replaced.
    pub(crate) fn add(&mut self, secret: Secret) {
        let waits = |(_, replica): (_, &Replica)| matches!(replica.status, Status::InProgress { .. });
        if secret.replicas().any(waits) {
            self.to_replicate.insert(secret.name.clone());
        }
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
}

fn long_ago() -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH
}

#[cfg(test)]
mod tests {
    use super::super::Deletion;
    use super::*;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    #[test]
    fn a_secret_is_found_by_its_name_its_arn_and_its_arn_without_the_random_characters() {
        let mut account = Account::new(DEFAULT_ACCOUNT.to_owned());
        let secrets = account.region(&Region::default());
        for name in ["app", "app-Ab3dEf", "a/b_c"] {
            let secret = Secret::new(name.to_owned(), secrets.new_arn(name), NOW);
            secrets.add(secret);
        }
        let arn = |name: &str| secrets.named(name).expect("a secret").arn.clone();
        let partial = |name: &str| format!("arn:aws:secretsmanager:us-east-1:123456789012:secret:{name}");
        let other_suffix = format!("{}-XXXXXX", partial("app"));
        let elsewhere = arn("app").replace("us-east-1", "eu-west-1");
        for (id, found) in [
            ("app".to_owned(), Some("app")),
            (arn("app"), Some("app")),
            (partial("app"), Some("app")),
            (arn("app-Ab3dEf"), Some("app-Ab3dEf")),
            // It reads as the whole ARN of a secret `app`, which has other random characters.
            (partial("app-Ab3dEf"), None),
            (partial("a/b_c"), Some("a/b_c")),
            (other_suffix, None),
            (elsewhere, None),
            (partial(""), None),
            ("ap".to_owned(), None),
        ] {
            let name = secrets.find(&id).ok().map(|secret| secret.name.as_str());
            assert_eq!(name, found, "{id}");
        }
    }

    #[test]
    fn a_secret_is_there_until_the_instant_at_which_its_recovery_window_ends() {
        let mut account = Account::new(DEFAULT_ACCOUNT.to_owned());
        let second = Duration::seconds(1);
        account.expire(NOW);
        for (name, days) in [("app", 7), ("later", 10), ("last", 30), ("kept", 0)] {
            let secrets = account.region(&Region::default());
            let mut secret = Secret::new(name.to_owned(), secrets.new_arn(name), NOW);
            let gone_at = NOW + Duration::days(days);
            secret.deleted = (days > 0).then_some(Deletion { marked_at: NOW, gone_at });
            secrets.add(secret);
        }
        for (now, left) in [
            (NOW + Duration::days(7) - second, 4),
            (NOW + Duration::days(7), 3),
            (NOW + Duration::days(10), 2),
            (NOW + Duration::days(30) - second, 2),
            (NOW + Duration::days(30), 1),
        ] {
            account.expire(now);
            assert_eq!(account.all().count(), left, "{now}");
        }
    }

    #[test]
    fn regions_share_no_secret() {
        let mut account = Account::new("210987654321".to_owned());
        let china = Region::new("cn-north-1").expect("a region");
        let secrets = account.region(&china);
        let arn = secrets.new_arn("app");
        assert!(arn.starts_with("arn:aws-cn:secretsmanager:cn-north-1:210987654321:secret:app-"), "{arn}");
        secrets.add(Secret::new("app".to_owned(), arn.clone(), NOW));
        assert!(account.find(&arn).is_ok() && account.find("app").is_err());
        assert!(account.region(&Region::default()).find("app").is_err());
    }
}
