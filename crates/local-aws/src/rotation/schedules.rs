//! The rotations that are due by their schedules.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use super::{Kind, Run, start};
use crate::lock::lock;
use crate::secrets::{Secret, VersionFilter};
use crate::service::Service;

/// The longest sleep. A timer of the operating system stands still while the machine is suspended, so a moment that is
/// far away is computed again now and then.
const MAX_SLEEP: Duration = Duration::from_secs(600);

/// Starts each rotation when its window opens, until the task is aborted. A window that the clock has jumped over is
/// missed. Secrets that exist already are considered first.
///
/// In each window one rotation is started, which is attempted as often as one by `RotateSecret`. If the last one is
/// unfinished, it is run again, with its own token (as `RotateSecret` does; that a schedule does the same is inferred).
/// A real window is for a moment of the service's choice; here that is the first.
pub(crate) async fn run(service: Arc<Service>) {
    let mut timetable = Timetable::default();
    let all: Vec<String> = lock(&service.account).all().map(|secret| secret.arn.clone()).collect();
    all.into_iter().for_each(|arn| timetable.consider(&service, arn));
    loop {
        let changed = service.schedules.take();
        changed.into_iter().for_each(|arn| timetable.consider(&service, arn));
        while let Some(arn) = timetable.pop(service.clock.now()) {
            timetable.consider(&service, arn);
        }
        let sleep = timetable.first().map_or(MAX_SLEEP, |moment| service.clock.until(moment).min(MAX_SLEEP));
        // Either way there may be something to do.
        let _ = tokio::time::timeout(sleep, service.schedules.notified()).await;
    }
}

/// When to consider each secret again that has a schedule.
#[derive(Default)]
struct Timetable {
    by_arn: HashMap<String, Entry>,
    in_order: BTreeSet<(OffsetDateTime, String)>,
}

struct Entry {
    /// `None` while a rotation is under way: its end leads to the next moment.
    at: Option<OffsetDateTime>,
    /// The opening of the last window in which a rotation was started.
    begun: Option<OffsetDateTime>,
}

/// What to do about a secret's schedule.
enum Plan {
    /// It has none, or it is off.
    Forget,
    Wait(OffsetDateTime),
    /// A rotation that no schedule started is under way.
    Busy,
    /// A rotation was started in the window that opened at this moment.
    Begun(OffsetDateTime),
}

impl Timetable {
    fn first(&self) -> Option<OffsetDateTime> {
        self.in_order.first().map(|(at, _)| *at)
    }

    /// Takes the next secret whose moment has come.
    fn pop(&mut self, now: OffsetDateTime) -> Option<String> {
        if self.first()? > now {
            return None;
        }
        self.in_order.pop_first().map(|(_, arn)| arn)
    }

    /// Starts the rotation that is due, and sets the next moment.
    fn consider(&mut self, service: &Arc<Service>, arn: String) {
        let before = self.by_arn.remove(&arn);
        if let Some(at) = before.as_ref().and_then(|entry| entry.at) {
            self.in_order.remove(&(at, arn.clone()));
        }
        let begun = before.and_then(|entry| entry.begun);
        let entry = match start_due(service, &arn, begun) {
            Plan::Forget => return,
            Plan::Wait(at) => Entry { at: Some(at), begun },
            Plan::Busy => Entry { at: None, begun },
            Plan::Begun(window) => Entry { at: None, begun: Some(window) },
        };
        if let Some(at) = entry.at {
            self.in_order.insert((at, arn.clone()));
        }
        self.by_arn.insert(arn, entry);
    }
}

fn start_due(service: &Arc<Service>, arn: &str, begun: Option<OffsetDateTime>) -> Plan {
    let now = service.clock.now();
    let mut account = lock(&service.account);
    let Ok(secret) = account.find_live(arn) else { return Plan::Forget };
    let Some((rules, anchor)) = secret.schedule() else { return Plan::Forget };
    let Some(window) = rules.window(now, &anchor) else { return Plan::Forget };
    if window.opens > now {
        return Plan::Wait(window.opens);
    }
    if begun == Some(window.opens) {
        let next = rules.next_window(window.opens, &anchor);
        return next.map_or(Plan::Forget, |next| Plan::Wait(next.opens));
    }
    let is_under_way = |id: &str| service.rotations.is_under_way(arn, id);
    if secret.versions.list(VersionFilter::All).any(|version| is_under_way(&version.id)) {
        return Plan::Busy;
    }
    let version = pending(secret, now);
    crate::saving::changed(service);
    match version {
        Some(version) => start(service, Run { arn: arn.to_owned(), version, kind: Kind::Rotation }),
        None => {
            tracing::warn!(secret.id = %arn, "the rotation that is due cannot begin: the secret has too many labels");
            service.schedules.reconsider(arn);
        }
    }
    Plan::Begun(window.opens)
}

/// The version to rotate: the unfinished one, or else a new one. `None` if the secret has no room for AWSPENDING.
fn pending(secret: &mut Secret, now: OffsetDateTime) -> Option<String> {
    if let Some(unfinished) = secret.versions.pending() {
        return Some(unfinished.to_owned());
    }
    let token = uuid::Uuid::new_v4().to_string();
    secret.versions.begin(&token, None, now, &secret.arn).ok()?;
    secret.changed = now;
    Some(token)
}
