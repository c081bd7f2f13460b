//! What CloudWatch counts, as lines of its embedded metric format: it makes metrics of them by itself.

use std::io::{self, Write as _};
use std::time::{Duration, SystemTime};

use rotation::RotationEvent;
use serde_json::{Value, json};

use crate::failure::Failure;

/// Writes a line for each event. Secret, version, request and class of error are its properties: dimensions of their own would make
/// a metric for each secret.
pub(crate) struct Metrics {
    /// The function's name, the dimension of every metric.
    function: String,
}

/// An event, and how it ended.
pub(crate) struct Outcome<'a> {
    pub(crate) request_id: &'a str,
    /// When the invocation began.
    pub(crate) started: SystemTime,
    pub(crate) elapsed: Duration,
    /// `None` if it was no step.
    pub(crate) step: Option<&'a RotationEvent>,
    pub(crate) failure: Option<&'a Failure>,
    /// `None` if it has not looked for them, or the server did not show them.
    pub(crate) sessions_of_idle_user: Option<u64>,
    /// `None` if it has not looked for them, or could not see all and found none.
    pub(crate) overdue: Option<u64>,
}

impl Metrics {
    pub(crate) fn new(function: &str) -> Self {
        Self { function: function.to_owned() }
    }

    /// Writes an event's line to standard output.
    pub(crate) fn record(&self, outcome: &Outcome<'_>) {
        // Nothing can be done about a standard output that is gone, and the rotation does not depend on it.
        let _ = writeln!(io::stdout(), "{}", self.line(outcome));
    }

    /// `Failures` and `NeedsAction` (each 0 or 1, of steps and of every event that failed), `SessionsOfIdleUser` and `Overdue`
    /// (counts) and `Duration` (milliseconds, by `Step` and `Outcome`, which is `done` or `failed`).
    fn line(&self, outcome: &Outcome<'_>) -> Value {
        let mut line = json!({"Function": self.function, "RequestId": outcome.request_id});
        let mut counts = Vec::new();
        if outcome.step.is_some() || outcome.failure.is_some() {
            counts.push(("Failures", u64::from(outcome.failure.is_some())));
            counts.push((
                "NeedsAction",
                u64::from(outcome.failure.is_some_and(|failure| failure.needs_action)),
            ));
        }
        counts.extend(outcome.sessions_of_idle_user.map(|sessions| ("SessionsOfIdleUser", sessions)));
        counts.extend(outcome.overdue.map(|overdue| ("Overdue", overdue)));
        let metrics = counts.iter().map(|(name, _)| json!({"Name": name, "Unit": "Count"})).collect();
        let mut directives = vec![directive(&["Function"], metrics)];
        for (name, count) in counts {
            line[name] = count.into();
        }
        if let Some(failure) = outcome.failure {
            line["ErrorClass"] = failure.class.into();
        }
        if let Some(event) = outcome.step {
            line["SecretId"] = event.secret_id.to_string().into();
            line["VersionId"] = event.version_id.to_string().into();
            line["Step"] = event.step.name().into();
            line["Outcome"] = if outcome.failure.is_some() { "failed" } else { "done" }.into();
            line["Duration"] = (outcome.elapsed.as_secs_f64() * 1000.0).into();
            let duration = vec![json!({"Name": "Duration", "Unit": "Milliseconds"})];
            directives.push(directive(&["Function", "Step", "Outcome"], duration));
        }
        // Lambda stamps its own metrics with the beginning of the invocation, and an alarm subtracts these from those.
        let since_1970 = outcome.started.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let timestamp = u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX);
        line["_aws"] = json!({"Timestamp": timestamp, "CloudWatchMetrics": directives});
        line
    }
}

/// Which members of the line are metrics, and which are their dimensions (CloudWatch User Guide, "Specification: Embedded metric
/// format").
fn directive(dimensions: &[&str], metrics: Vec<Value>) -> Value {
    json!({"Namespace": "DatabaseSecretRotation", "Dimensions": [dimensions], "Metrics": metrics})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome() -> Outcome<'static> {
        Outcome {
            request_id: "request",
            started: SystemTime::UNIX_EPOCH + Duration::from_millis(299_999),
            elapsed: Duration::from_secs(2),
            step: None,
            failure: None,
            sessions_of_idle_user: None,
            overdue: None,
        }
    }

    /// Its response is in the next period of five minutes; Lambda's own metrics are of this one.
    #[test]
    fn a_line_has_the_time_at_which_the_invocation_began() {
        let line = Metrics::new("rotation").line(&outcome());
        assert_eq!(line["_aws"]["Timestamp"], 299_999);
    }

    #[test]
    fn an_event_that_failed_is_counted_and_needs_action_only_if_no_retry_helps() {
        for needs_action in [true, false] {
            let failure = Failure { class: "Refused", message: String::new(), needs_action };
            let line = Metrics::new("rotation").line(&Outcome { failure: Some(&failure), ..outcome() });
            assert_eq!(
                (&line["Failures"], &line["NeedsAction"]),
                (&json!(1), &json!(u64::from(needs_action)))
            );
            assert_eq!(line["ErrorClass"], "Refused");
        }
    }
}
