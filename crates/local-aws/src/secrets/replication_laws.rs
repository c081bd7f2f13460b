//! Properties of replication, for any sequence of changes.

use proptest::prelude::*;
use time::{Duration, OffsetDateTime};

use super::laws::{Change, apply, change, labels, values};
use super::*;

const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

/// A change of the primary, a read of either, or the passing of a second.
#[derive(Debug, Clone)]
enum Event {
    Primary(Change),
    ReadPrimary,
    ReadReplica,
    Second,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => change().prop_map(Event::Primary),
        1 => Just(Event::ReadPrimary),
        1 => Just(Event::ReadReplica),
        1 => Just(Event::Second),
    ]
}

struct Pair {
    account: Account,
    home: Region,
    there: Region,
    now: OffsetDateTime,
    delay: Duration,
}

impl Pair {
    fn new(delay: Duration) -> Self {
        let mut account = Account::new(DEFAULT_ACCOUNT.to_owned());
        let (home, there) = (Region::default(), Region::new("eu-west-1").expect("a region"));
        let secrets = account.region(&home);
        let mut secret = Secret::new("app".to_owned(), secrets.new_arn("app"), NOW);
        let replica = Replica::new(Some("key".to_owned()), Conflict::Fail, NOW + delay);
        secret.role.replicas_mut().expect("a primary").insert(there.clone(), replica);
        secrets.add(secret);
        Pair { account, home, there, now: NOW, delay }
    }

    fn happen(&mut self, event: &Event) {
        match event {
            Event::Primary(change) => {
                let secret = self.account.region(&self.home).find_live("app").expect("the primary");
                apply(&mut secret.versions, change);
            }
            Event::ReadPrimary => read(self.account.region(&self.home), self.now),
            Event::ReadReplica => read(self.account.region(&self.there), self.now),
            Event::Second => self.now += Duration::SECOND,
        }
        self.account.replicate(&Conditions {
            now: self.now,
            delay: self.delay,
            failure: &|_, _| None,
            report: &|_, _| {},
        });
    }

    fn is_in_sync(&self) -> bool {
        let primary = self.account.existing_region(&self.home).and_then(|secrets| secrets.named("app"));
        primary.is_some_and(|primary| primary.replicas().all(|(_, replica)| replica.status == Status::InSync))
    }

    fn versions(&self, region: &Region) -> Option<&Versions> {
        let secrets = self.account.existing_region(region)?;
        secrets.named("app").map(|secret| &secret.versions)
    }
}

fn read(secrets: &mut Secrets, now: OffsetDateTime) {
    if let Ok(secret) = secrets.find_live("app") {
        // Ignored: there may be no value yet.
        let _ = secret.versions.read(None, None, now);
    }
}

proptest! {
    #[test]
    fn a_replica_without_delay_has_the_values_and_labels_of_its_primary(
        events in proptest::collection::vec(event(), 1..40),
    ) {
        let mut pair = Pair::new(Duration::ZERO);
        for event in &events {
            pair.happen(event);
            prop_assert!(pair.is_in_sync(), "{event:?}");
            let (primary, replica) = (pair.versions(&pair.home), pair.versions(&pair.there));
            let (primary, replica) = (primary.expect("the primary"), replica.expect("the replica"));
            prop_assert_eq!(values(primary), values(replica), "{:?}", event);
            prop_assert_eq!(labels(primary), labels(replica), "{:?}", event);
            let keys = replica.list(VersionFilter::All).map(|version| version.kms_key.as_deref());
            prop_assert!(keys.into_iter().all(|key| key == Some("key")), "{event:?}");
        }
    }

    #[test]
    fn a_delayed_replica_is_equal_whenever_it_says_so_and_after_the_delay(
        events in proptest::collection::vec(event(), 1..40),
    ) {
        let mut pair = Pair::new(Duration::seconds(3));
        for event in events.iter().chain(&[Event::Second, Event::Second, Event::Second]) {
            pair.happen(event);
            if pair.is_in_sync() {
                let (primary, replica) = (pair.versions(&pair.home), pair.versions(&pair.there));
                prop_assert_eq!(primary.map(values), replica.map(values), "{:?}", event);
                prop_assert_eq!(primary.map(labels), replica.map(labels), "{:?}", event);
            }
        }
        prop_assert!(pair.is_in_sync());
    }
}
