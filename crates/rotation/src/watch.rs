//! A watch: which secrets of a function are overdue. A metric of failed attempts cannot tell, because a function that is not invoked
//! writes none, and an alarm cannot look back as far as the last rotation.

use serde_json::Value;

use crate::error::{Error, Problem, Refusal};
use crate::event::unknown_fields;
use crate::overdue::Overdue;
use crate::ports::{Clock, SecretStore, Surroundings};
use crate::progress::Progress;
use crate::versions::Versions;
use crate::{CallError, Cause, SecretId};

/// `{"Watch": {}}`, which a rule of EventBridge sends.
#[derive(Debug, Clone, Copy)]
pub struct WatchEvent;

impl WatchEvent {
    /// Reads an event; `None` if it asks for no watch.
    ///
    /// # Errors
    /// [`Refusal::Event`] with every field that is wrong or unknown, by name, without its value.
    pub fn parse(event: &Value) -> Option<Result<Self, Refusal>> {
        let fields = event.as_object()?;
        let watch = fields.get("Watch")?;
        let mut problems = unknown_fields(fields.keys(), &["Watch"]);
        match watch.as_object() {
            Some(watch) => problems.extend(unknown_fields(watch.keys(), &[])),
            None => problems.push(Problem::new("Watch", "must be an empty object")),
        }
        Some(if problems.is_empty() { Ok(Self) } else { Err(Refusal::Event(problems)) })
    }
}

/// What a watch has found.
#[derive(Debug, Default)]
pub struct Watched {
    /// How many secrets this function rotates.
    pub secrets: u64,
    /// Those of them that are overdue.
    pub overdue: Vec<OverdueSecret>,
    /// What could not be read: the other secrets are judged all the same.
    pub failures: Vec<Error>,
}

/// A secret whose rotation has not succeeded in time.
#[derive(Debug)]
pub struct OverdueSecret {
    /// Its ARN.
    pub secret: SecretId,
    /// Since when, and what to do.
    pub message: String,
}

/// Judges every secret that this function rotates, until the time is over. Changes nothing.
pub async fn watch(
    store: &dyn SecretStore,
    clock: &dyn Clock,
    surroundings: &dyn Surroundings,
    progress: &Progress,
) -> Watched {
    let mut watched = Watched::default();
    let is_over = tokio::select! {
        () = watched.look(store, surroundings, progress) => false,
        () = clock.sleep(clock.left()) => true,
    };
    if is_over {
        let source =
            CallError::failed(Cause::Deadline, "the time of this watch was over before it responded");
        watched.failures.push(Error::Call { doing: progress.waiting_to(), source });
    }
    watched
}

impl Watched {
    async fn look(&mut self, store: &dyn SecretStore, surroundings: &dyn Surroundings, progress: &Progress) {
        let mut next = None;
        loop {
            let page = progress.of("list the secrets", store.list(next.as_deref())).await;
            let page = match page {
                Ok(page) => page,
                // Only a page says where the next one begins.
                Err(error) => return self.failures.push(error),
            };
            for (secret, versions) in &page.secrets {
                // A rotation that is cancelled is not due.
                let is_rotated = versions.rotation_enabled == Some(true);
                if is_rotated && versions.schedule.is_by(surroundings.function()) == Some(true) {
                    self.judge(secret, versions, store, surroundings, progress).await;
                }
            }
            next = page.next;
            if next.is_none() {
                return;
            }
        }
    }

    async fn judge(
        &mut self,
        secret: &SecretId,
        versions: &Versions,
        store: &dyn SecretStore,
        surroundings: &dyn Surroundings,
        progress: &Progress,
    ) {
        self.secrets += 1;
        let (now, after) = (surroundings.now(), surroundings.overdue_after());
        let judge = |begun| Overdue::judge(versions.schedule.next, begun, now, after);
        let overdue = match (judge(None), versions.unfinished()) {
            (None, Some(version)) => {
                let created = store.created(secret, version);
                match progress.of(format!("list the versions of {secret}"), created).await {
                    Ok(begun) => judge(begun),
                    Err(error) => return self.failures.push(error),
                }
            }
            (overdue, _) => overdue,
        };
        if let Some(overdue) = overdue {
            let message = format!(
                "the rotation of {secret} is overdue: {}; settle what this function's log says of that secret (nothing: Secrets \
                 Manager could not invoke it), and run aws secretsmanager rotate-secret --secret-id {secret}",
                overdue.describe(now)
            );
            self.overdue.push(OverdueSecret { secret: secret.clone(), message });
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_has_no_fields_and_others_are_refused_by_name() {
        assert!(WatchEvent::parse(&json!({"Watch": {}})).is_some_and(|event| event.is_ok()));
        for event in [json!({"Step": "setSecret"}), json!([]), json!("Watch"), json!({"Diagnose": {}})] {
            assert!(WatchEvent::parse(&event).is_none(), "{event}");
        }
        for (event, named) in [
            (json!({"Watch": {"SecretId": "hunter2"}}), "SecretId is not known"),
            (json!({"Watch": {}, "Step": "hunter2"}), "Step is not known"),
            (json!({"Watch": "hunter2"}), "Watch must be an empty object"),
            (json!({"Watch": null}), "Watch must be an empty object"),
        ] {
            let refusal = WatchEvent::parse(&event).expect("a watch").expect_err(named).to_string();
            assert!(refusal.contains(named) && !refusal.contains("hunter2"), "{refusal}");
        }
    }
}
