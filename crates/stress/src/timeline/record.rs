//! Runs rotations, and records what is seen meanwhile.

use std::sync::Arc;
use std::time::{Duration, Instant};

use testbed::{
    App, Application, Engine, MySql, MySqlOptions, Postgres, PostgresOptions, STEPS, Server, Setup,
    postgres_versions,
};

use super::mode::{Mode, Preparation, mysql};
use super::recording::{LabelSpan, Lane, Recording, Rotation, SignIn, Step};
use super::sampler::{Sampler, Seen, Source};
use crate::bench::DelayProxy;

/// The user of the secret.
const USER: &str = "app";
/// How much is recorded before a rotation, and after it.
const BEFORE: Duration = Duration::from_millis(100);
const AFTER: Duration = Duration::from_millis(400);
/// The timeout of the functions in the template.
const TIMEOUT: Duration = Duration::from_secs(60);

/// How rotations are recorded.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How many rotations.
    pub rotations: usize,
    /// By how much each request of the function to Secrets Manager is delayed.
    pub delay: Duration,
}

/// Rotates a new secret on a new server, and records it.
///
/// # Panics
/// If a step fails, or there is no server for it ([`Mode::has_server`]).
pub async fn record(mode: &Mode, plan: Plan) -> Recording {
    match mode.engine {
        Engine::Postgres => {
            let version = postgres_versions()[0];
            // Sign-ins that compute little, since there are many at once. Older versions do not have the setting.
            let settings: &[_] = if version < 16 { &[] } else { &[("scram_iterations", "64")] };
            let options = PostgresOptions { settings, ..PostgresOptions::default() };
            let server = Postgres::start(version, options).await;
            let app = App::named(&server, USER).await;
            record_on(Arc::new(server), app, mode, plan).await
        }
        Engine::MySql => {
            let server =
                MySql::start(mysql().expect("TESTBED_MYSQL names a MySQL"), MySqlOptions::default()).await;
            let app = server.named_app(USER).await;
            record_on(Arc::new(server), app, mode, plan).await
        }
    }
}

async fn record_on<S: Server + 'static>(server: Arc<S>, app: App, mode: &Mode, plan: Plan) -> Recording {
    let mut setup = Setup { timeout: TIMEOUT, ..(mode.setup)() };
    setup.environment.push(("AWS_LAMBDA_LOG_LEVEL", "INFO"));
    let application = Application::with(&*server, app, setup.clone()).await;
    match mode.preparation {
        Preparation::None => {}
        Preparation::SecondPassword => server.allow_two_passwords(&application.app).await,
    }
    // Only the function's own calls are delayed.
    let proxy = DelayProxy::to(application.local.port(), plan.delay).await;
    let delayed = format!("http://127.0.0.1:{}", proxy.port);
    setup.environment.extend([("SECRETS_MANAGER_ENDPOINT", &*delayed), ("AWS_ENDPOINT_URL_RDS", &*delayed)]);
    application.functions.add(setup.function, &setup.variables(), TIMEOUT).await;
    // A process that has run one step: a start is not what the picture shows.
    application.probe().await;
    let mut rotations = Vec::new();
    let mut versions = labelled(&application).await;
    for _rotation in 0..plan.rotations {
        rotations.push(rotate(&server, &application, &mut versions).await);
    }
    Recording {
        mode: mode.name.to_owned(),
        function: setup.function.to_owned(),
        server: server.name(),
        delay_ms: plan.delay.as_millis().try_into().unwrap_or(u64::MAX),
        rotations,
    }
}

/// The ids of the versions that have a label, AWSPREVIOUS first.
async fn labelled<S: Server>(application: &Application<'_, S>) -> Vec<String> {
    let mut lines = application.labels().await;
    lines.sort_by_key(|line| !line.starts_with("AWSPREVIOUS"));
    lines.iter().filter_map(|line| line.split_once(' ')).map(|(_, version)| version.to_owned()).collect()
}

/// Rotates once. Adds the new version to `versions`.
async fn rotate<S: Server + 'static>(
    server: &Arc<S>,
    application: &Application<'_, S>,
    versions: &mut Vec<String>,
) -> Rotation {
    let database = &application.app.database;
    let mut sampler = Sampler::start(server, &application.client, &application.arn, database);
    sampler.until(Instant::now() + BEFORE).await;
    let version = application.begin().await;
    let mut steps = Vec::new();
    for step in STEPS {
        let from = Instant::now();
        application.step(step, &version).await.unwrap_or_else(|error| panic!("{step}: {error:?}"));
        steps.push((step, from, Instant::now()));
    }
    sampler.until(Instant::now() + AFTER).await;
    versions.push(version);
    let seen = sampler.stop();
    Times::of(&steps, &seen).rotation(&steps, &seen, versions)
}

/// The clock of a rotation, and what of it is recorded.
struct Times {
    began: Instant,
    from: f64,
    to: f64,
}

impl Times {
    /// A record ends when every loop has signed in after finishSecret, however slow the machine is.
    fn of(steps: &[(&str, Instant, Instant)], seen: &Seen) -> Self {
        let (first, last) = (steps.first().expect("four steps"), steps.last().expect("four steps"));
        let end = (last.2 + AFTER).max(seen.all_after(last.2).unwrap_or(last.2));
        let times = Self { began: first.1, from: 0.0, to: 0.0 };
        Self { from: times.at(first.1 - BEFORE), to: times.at(end), ..times }
    }

    /// In milliseconds, to a tenth.
    fn at(&self, time: Instant) -> f64 {
        let after = time.saturating_duration_since(self.began).as_secs_f64();
        let before = self.began.saturating_duration_since(time).as_secs_f64();
        ((after - before) * 10_000.0).round() / 10.0
    }

    fn rotation(&self, steps: &[(&str, Instant, Instant)], seen: &Seen, versions: &[String]) -> Rotation {
        let step = |(step, from, to): &(&str, Instant, Instant)| Step {
            step: (*step).to_owned(),
            from: self.at(*from),
            to: self.at(*to),
        };
        Rotation {
            from: self.from,
            to: self.to,
            steps: steps.iter().map(step).collect(),
            versions: versions.iter().map(|version| self.lane(seen, version)).collect(),
            application: self.sign_ins(seen, &Source::Application),
        }
    }

    fn lane(&self, seen: &Seen, version: &str) -> Lane {
        Lane {
            user: seen.users.get(version).cloned().unwrap_or_default(),
            labels: self.labels(seen, version),
            sign_ins: self.sign_ins(seen, &Source::Version(version.to_owned())),
        }
    }

    fn sign_ins(&self, seen: &Seen, source: &Source) -> Vec<SignIn> {
        let mut sign_ins: Vec<SignIn> = seen
            .samples
            .iter()
            .filter(|sample| sample.source == *source)
            .map(|sample| SignIn(self.at(sample.from), self.at(sample.to), sample.outcome))
            .filter(|SignIn(from, to, _)| *to >= self.from && *from <= self.to)
            .collect();
        sign_ins.sort_by(|one, other| one.0.total_cmp(&other.0));
        sign_ins
    }

    /// The labels that the version had in the recorded time.
    fn labels(&self, seen: &Seen, version: &str) -> Vec<LabelSpan> {
        let mut spans: Vec<LabelSpan> = Vec::new();
        for (time, _, label) in seen.labels.iter().filter(|(_, id, _)| id == version) {
            let from = self.at(*time).max(self.from);
            if let Some(last) = spans.last_mut() {
                last.to = from;
            }
            spans.push(LabelSpan { label: *label, from, to: self.to });
        }
        spans.retain(|span| span.from < span.to);
        spans
    }
}
