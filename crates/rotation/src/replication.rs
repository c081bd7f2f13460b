//! A secret's replicas in other regions, as its own region shows them.

use std::time::Duration;

use crate::SecretId;
use crate::redaction::server_words;

/// What `DescribeSecret` says of a secret's replicas.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replication {
    /// None for a secret that is in one region only.
    pub replicas: Vec<Replica>,
    /// How long before this was read the secret was last changed (`LastChangedDate`); `None` if that is not known. Two
    /// clocks are compared, the service's and the function's.
    pub since_change: Option<Duration>,
}

/// The replica in one region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replica {
    /// Such as `eu-west-1`.
    pub region: String,
    /// The key that encrypts it there, as the service names it.
    pub kms_key: Option<String>,
    /// How far it is.
    pub status: ReplicaStatus,
}

/// Whether a replica has what the primary has (API reference, `ReplicationStatusType`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplicaStatus {
    /// It has.
    InSync,
    /// It will have; also any status that this version does not know.
    InProgress,
    /// It has what it had before, or nothing, and nothing says that it is tried again by itself.
    Failed {
        /// The service's message.
        message: String,
    },
}

/// What the replicas show together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// Every region has what the primary has.
    Everywhere,
    /// The regions that are not there yet, in words.
    Pending(String),
    /// The regions that have failed, in words, and what to run.
    Failed(String),
}

/// The key that a replica has unless it names one.
const DEFAULT_KEY: &str = "alias/aws/secretsmanager";

impl Replication {
    /// One region that has failed outweighs any that is on its way: waiting helps that one no more.
    pub(crate) fn arrival(&self, secret: &SecretId) -> Arrival {
        let failed: Vec<_> = self.replicas.iter().filter_map(Replica::failure).collect();
        if !failed.is_empty() {
            return Arrival::Failed(explain(&failed, secret));
        }
        let pending: Vec<_> =
            self.replicas.iter().filter(|replica| replica.status == ReplicaStatus::InProgress).collect();
        if pending.is_empty() { Arrival::Everywhere } else { Arrival::Pending(progress(&pending)) }
    }

    /// The regions, in words, while no status is young enough to count.
    pub(crate) fn unknown(&self) -> String {
        progress(&self.replicas.iter().collect::<Vec<_>>())
    }
}

impl Replica {
    fn failure(&self) -> Option<(&Self, &str)> {
        match &self.status {
            ReplicaStatus::Failed { message } => Some((self, message)),
            ReplicaStatus::InSync | ReplicaStatus::InProgress => None,
        }
    }

    /// As `--add-replica-regions` takes it. A key is whatever somebody named, and this is for a shell: one with other characters
    /// than a key's id, ARN or alias has (KMS API reference) is left to the reader.
    fn to_add(&self) -> String {
        let is_plain = |key: &str| key.chars().all(|c| c.is_ascii_alphanumeric() || ":/_-".contains(c));
        match self.kms_key.as_deref().filter(|key| *key != DEFAULT_KEY) {
            None => format!("Region={}", self.region()),
            Some(key) if is_plain(key) => format!("Region={},KmsKeyId={key}", self.region()),
            Some(_) => format!("Region={},KmsKeyId=KEY", self.region()),
        }
    }

    /// The region's name, which is for a shell as well (API reference: `^([a-z]+-)+\d+$`).
    fn region(&self) -> &str {
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.region.chars().all(is_name) { &self.region } else { "REGION" }
    }
}

fn progress(replicas: &[&Replica]) -> String {
    let regions: Vec<_> = replicas.iter().map(|replica| server_words(&replica.region)).collect();
    format!("{} is not known to be InSync", regions.join(", "))
}

/// The region's replica is kept: applications there may still read it. Only a person can say that nobody does.
fn explain(failed: &[(&Replica, &str)], secret: &SecretId) -> String {
    let said = |(replica, message): &(&Replica, &str)| {
        format!("{} has Failed (\"{}\")", server_words(&replica.region), server_words(message))
    };
    let said: Vec<_> = failed.iter().map(said).collect();
    let added: Vec<_> = failed.iter().map(|(replica, _)| replica.to_add()).collect();
    let regions: Vec<_> = failed.iter().map(|(replica, _)| replica.region()).collect();
    format!(
        "{}; repair what that names and run aws secretsmanager replicate-secret-to-regions --secret-id {secret} \
         --add-replica-regions {} to have it tried again (with --force-overwrite-replica-secret it replaces another secret of \
         that name there), or, if no application reads the secret there, run aws secretsmanager \
         remove-regions-from-replication --secret-id {secret} --remove-replica-regions {} to delete the replica",
        said.join(", "),
        added.join(" "),
        regions.join(" ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replica(region: &str, kms_key: Option<&str>, status: ReplicaStatus) -> Replica {
        Replica { region: region.into(), kms_key: kms_key.map(String::from), status }
    }

    fn failed(region: &str, kms_key: Option<&str>, message: &str) -> Replica {
        replica(region, kms_key, ReplicaStatus::Failed { message: message.into() })
    }

    fn arrival(replicas: Vec<Replica>) -> Arrival {
        Replication { replicas, since_change: None }.arrival(&SecretId("arn:shop".into()))
    }

    fn failure(replicas: Vec<Replica>) -> String {
        match arrival(replicas) {
            Arrival::Failed(text) => text,
            other @ (Arrival::Everywhere | Arrival::Pending(_)) => panic!("not failed: {other:?}"),
        }
    }

    #[test]
    fn a_version_is_everywhere_only_when_every_region_says_so() {
        let (there, coming) = (ReplicaStatus::InSync, ReplicaStatus::InProgress);
        assert_eq!(arrival(vec![]), Arrival::Everywhere);
        assert_eq!(arrival(vec![replica("eu-west-1", None, there.clone())]), Arrival::Everywhere);
        let both = vec![replica("eu-west-1", None, there), replica("eu-west-2", None, coming)];
        assert_eq!(arrival(both), Arrival::Pending("eu-west-2 is not known to be InSync".into()));
    }

    #[test]
    fn a_failed_region_is_named_with_its_message_although_another_is_on_its_way() {
        let coming = replica("eu-west-2", None, ReplicaStatus::InProgress);
        let text = failure(vec![coming, failed("eu-west-1", None, "the key is\u{202e} disabled")]);
        assert!(text.starts_with("eu-west-1 has Failed (\"the key is<U+202E> disabled\")"), "{text}");
        assert!(!text.contains("eu-west-2"), "{text}");
    }

    #[test]
    fn the_commands_name_all_failed_regions_and_each_keeps_its_key() {
        let text = failure(vec![
            failed("eu-west-1", Some("arn:aws:kms:eu-west-1:1:key/a-1"), "x"),
            failed("eu-west-2", Some(DEFAULT_KEY), "y"),
        ]);
        let add = "--secret-id arn:shop --add-replica-regions \
                   Region=eu-west-1,KmsKeyId=arn:aws:kms:eu-west-1:1:key/a-1 Region=eu-west-2 to have";
        assert!(text.contains(add), "{text}");
        assert!(
            text.contains("--secret-id arn:shop --remove-replica-regions eu-west-1 eu-west-2 to"),
            "{text}"
        );
    }

    #[test]
    fn no_command_repeats_what_a_shell_would_run() {
        let text = failure(vec![failed("eu-west-1;reboot", Some("alias/x;reboot"), "x")]);
        let (_, commands) = text.split_once("; repair").expect("commands");
        assert!(!commands.contains("reboot"), "{text}");
        assert!(commands.contains("Region=REGION,KmsKeyId=KEY"), "{text}");
    }
}
