//! What CloudWatch counts, as lines of its embedded metric format: it makes metrics of them by itself.

use std::io;
use std::time::Duration;

use metrics::{Unit, counter, describe_counter, describe_histogram, histogram};
use metrics_cloudwatch_embedded::{Builder, Collector};
use rotation::RotationEvent;

/// `Failures` (a count, by `Function`), `SessionsOfIdleUser` (a count, by `Function`, only of events that have looked for these
/// sessions) and `Duration` (milliseconds, by `Function`, `Step` and `Outcome`, which is `done` or `failed`). Secret, version, request and class of error are properties: dimensions of their own would make
/// a metric for each secret.
pub(crate) struct Metrics {
    collector: &'static Collector,
}

/// How an event ended.
pub(crate) struct Outcome {
    /// The class of its error.
    pub(crate) failed_as: Option<&'static str>,
    pub(crate) elapsed: Duration,
    /// `None` if it has not looked for them, or the server did not show them.
    pub(crate) sessions_of_idle_user: Option<u64>,
}

impl Metrics {
    /// Once a process; `function` is its name.
    ///
    /// # Errors
    /// A second time.
    pub(crate) fn start(function: &str) -> Result<Self, String> {
        let builder = Builder::new()
            .cloudwatch_namespace("DatabaseSecretRotation")
            .with_dimension("Function", function.to_owned())
            // A graph tells "no failure" from "nothing ran" by them.
            .emit_zeros(true);
        let collector = builder.init().map_err(|error| format!("cannot write metrics: {error}"))?;
        describe_counter!("Failures", Unit::Count, "");
        describe_histogram!("SessionsOfIdleUser", Unit::Count, "");
        describe_histogram!("Duration", Unit::Milliseconds, "");
        Ok(Self { collector })
    }

    /// One event and its result. An event that could not be read has no step.
    pub(crate) fn record(
        &self,
        request_id: &str,
        event: Option<&RotationEvent>,
        Outcome { failed_as, elapsed, sessions_of_idle_user }: Outcome,
    ) {
        counter!("Failures").increment(failed_as.is_some().into());
        if let Some(sessions) = sessions_of_idle_user {
            // Of a counter, every later event would write a zero.
            histogram!("SessionsOfIdleUser").record(u32::try_from(sessions).unwrap_or(u32::MAX));
        }
        self.collector.set_property("RequestId", request_id);
        match failed_as {
            Some(class) => self.collector.set_property("ErrorClass", class),
            None => self.collector.remove_property("ErrorClass"),
        };
        match event {
            Some(event) => {
                self.collector.set_property("SecretId", event.secret_id.to_string());
                self.collector.set_property("VersionId", event.version_id.to_string());
                let outcome = if failed_as.is_some() { "failed" } else { "done" };
                histogram!("Duration", "Step" => event.step.to_string(), "Outcome" => outcome)
                    .record(elapsed.as_secs_f64() * 1000.0);
            }
            None => {
                self.collector.remove_property("SecretId").remove_property("VersionId");
            }
        }
        // Nothing can be done about a standard output that is gone, and the rotation does not depend on it.
        let _ = self.collector.flush(io::stdout());
    }
}
