//! The Lambda boundary: one event in, one response out, in time.

use std::cell::OnceCell;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use aws::{Aws, SecretsManager};
use databases::{Limits, TrustAnchors};
use lambda_runtime::{Context, LambdaEvent, Runtime, service_fn};
use rotation::ports::{Clock, Database, Topology};
use rotation::{
    DiagnosisEvent, IdleUserSessions, PasswordsInUse, Progress, Refusal, Rotation, RotationEvent, Strategy,
    WatchEvent,
};
use serde_json::{Value, json};
use tracing::{Instrument, error, info, info_span, warn};

use crate::clock::Deadline;
use crate::config::{self, Config};
use crate::failure::Failure;
use crate::logs;
use crate::metrics::{Metrics, Outcome};
use crate::surroundings::Invocation;

/// Makes the client of RDS, behind a pointer: a function that gives none is linked without.
pub type Rds = fn(&Aws) -> Box<dyn Topology>;

/// Runs a function until Lambda ends it. `engine` makes the one database that it is for, and `rds` the client that a strategy
/// with a superuser needs: what no binary names is not linked.
#[must_use]
pub fn serve<D: Database + 'static>(
    engine: fn(TrustAnchors, Limits) -> D,
    strategy: Strategy,
    rds: Option<Rds>,
) -> ExitCode {
    let passwords = Arc::new(PasswordsInUse::default());
    logs::start(config::log_level(), &passwords);
    let config = match Config::read(strategy) {
        Ok(config) => config,
        Err(problem) => {
            error!("{problem}");
            return ExitCode::FAILURE;
        }
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(problem) => {
            error!("cannot start: {problem}");
            return ExitCode::FAILURE;
        }
    };
    let database = Box::new(engine(config.trusted.clone(), Limits::default()));
    match runtime.block_on(run(database, strategy, rds, config, passwords)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            error!("the Lambda runtime ended: {problem}");
            ExitCode::FAILURE
        }
    }
}

async fn run(
    database: Box<dyn Database>,
    strategy: Strategy,
    rds: Option<Rds>,
    config: Config,
    passwords: Arc<PasswordsInUse>,
) -> Result<(), lambda_runtime::Error> {
    let aws = Aws::connect(config.aws.clone(), config.aws_authorities.clone())?;
    let (secrets_manager, topology) = (aws.secrets_manager(), rds.map(|rds| rds(&aws)));
    let metrics = Metrics::new(&config.function);
    let function = Function { secrets_manager, topology, database, strategy, config, metrics, passwords };
    let function = &function;
    Runtime::new(service_fn(async move |event| function.respond(event).await)).run().await
}

/// What stays between two events.
struct Function {
    secrets_manager: SecretsManager,
    /// RDS, of a strategy that has a superuser.
    topology: Option<Box<dyn Topology>>,
    database: Box<dyn Database>,
    strategy: Strategy,
    config: Config,
    metrics: Metrics,
    /// Of the present event.
    passwords: Arc<PasswordsInUse>,
}

impl Function {
    async fn respond(&self, event: LambdaEvent<Value>) -> Result<Value, Failure> {
        let (began, started) = (SystemTime::now(), Instant::now());
        let LambdaEvent { payload, context } = event;
        let sessions = IdleUserSessions::default();
        let overdue = OnceCell::new();
        let (step, result) = match WatchEvent::parse(&payload) {
            Some(event) => {
                let result = self.watch(event, &context, &overdue).await.map_err(Failure::of_no_rotation);
                (None, result.map_err(|failure| logged(failure, started)))
            }
            None => self.dispatch(payload, &context, started, &sessions).await,
        };
        self.passwords.forget();
        let failure = result.as_ref().err();
        // A diagnosis that succeeds has nothing to count.
        if step.is_some() || failure.is_some() || overdue.get().is_some() {
            self.metrics.record(&Outcome {
                request_id: &context.request_id,
                started: began,
                elapsed: started.elapsed(),
                step: step.as_ref(),
                failure,
                sessions_of_idle_user: sessions.count(),
                overdue: overdue.get().copied(),
            });
        }
        result
    }

    /// The step, if it was one, and the response.
    async fn dispatch(
        &self,
        payload: Value,
        context: &Context,
        started: Instant,
        sessions: &IdleUserSessions,
    ) -> (Option<RotationEvent>, Result<Value, Failure>) {
        if let Some(event) = DiagnosisEvent::parse(&payload) {
            let result = self.diagnose(event, context).await.map_err(Failure::of_no_rotation);
            return (None, result.map_err(|failure| logged(failure, started)));
        }
        match RotationEvent::parse(payload) {
            Ok(event) => {
                let result = self.step(&event, context, started, sessions).await;
                (Some(event), result.map(|()| Value::Null))
            }
            Err(refusal) => (None, Err(logged(Failure::of(&refusal.into(), &self.passwords), started))),
        }
    }

    async fn diagnose(
        &self,
        event: Result<DiagnosisEvent, Refusal>,
        context: &Context,
    ) -> Result<Value, Failure> {
        let refused = |refusal: Refusal| Failure::of(&refusal.into(), &self.passwords);
        if !self.config.diagnoses {
            return Err(refused(Refusal::NoDiagnosis));
        }
        let event = event.map_err(refused)?;
        info!(secret.id = %event.secret_id, request.id = %context.request_id, "diagnosing");
        let (deadline, progress) = (Deadline::before(context.deadline()), Progress::default());
        let invocation = self.invocation(context, &deadline);
        let sessions = IdleUserSessions::default();
        let rotation = self.rotation(&deadline, &progress, &sessions);
        let report = rotation::diagnose(&rotation, &invocation, &event).await;
        Ok(report.shown(|text| self.passwords.message(text)).to_json())
    }

    /// Not whole if anything failed: then there is an error, and `overdue` is known only if it is not 0.
    async fn watch(
        &self,
        event: Result<WatchEvent, Refusal>,
        context: &Context,
        overdue: &OnceCell<u64>,
    ) -> Result<Value, Failure> {
        let WatchEvent = event.map_err(|refusal| Failure::of(&refusal.into(), &self.passwords))?;
        let (deadline, progress) = (Deadline::before(context.deadline()), Progress::default());
        let invocation = self.invocation(context, &deadline);
        let watched = rotation::watch(&self.secrets_manager, &deadline, &invocation, &progress).await;
        for secret in &watched.overdue {
            warn!(secret.id = %secret.secret, request.id = %context.request_id, "{}", secret.message);
        }
        let found = watched.overdue.len() as u64;
        if found > 0 || watched.failures.is_empty() {
            // The cell is new.
            let _ = overdue.set(found);
        }
        info!(secrets = watched.secrets, overdue = found, request.id = %context.request_id, "watched");
        match watched.failures.first() {
            Some(error) => Err(Failure::of(error, &self.passwords).with_others(watched.failures.len() - 1)),
            None => Ok(json!({"Secrets": watched.secrets, "Overdue": found})),
        }
    }

    fn invocation(&self, context: &Context, deadline: &Deadline) -> Invocation {
        Invocation {
            function: context.invoked_function_arn.clone(),
            time_limit: deadline.left(),
            overdue_after: self.config.overdue_after,
        }
    }

    async fn step(
        &self,
        event: &RotationEvent,
        context: &Context,
        started: Instant,
        sessions: &IdleUserSessions,
    ) -> Result<(), Failure> {
        let span = info_span!(
            "step",
            step = %event.step,
            secret.id = %event.secret_id,
            version.id = %event.version_id,
            request.id = %context.request_id,
        );
        let deadline = Deadline::before(context.deadline());
        async {
            let result = self.rotate(event, deadline, sessions).await;
            match result {
                Ok(()) => {
                    info!(elapsed_ms = millis(started), "step done");
                    Ok(())
                }
                Err(failure) => Err(logged(failure, started)),
            }
        }
        .instrument(span)
        .await
    }

    async fn rotate(
        &self,
        event: &RotationEvent,
        deadline: Deadline,
        sessions: &IdleUserSessions,
    ) -> Result<(), Failure> {
        let progress = Progress::default();
        let rotation = self.rotation(&deadline, &progress, sessions);
        match tokio::time::timeout_at(deadline.due(), rotation::rotate(&rotation, event)).await {
            Ok(result) => result.map_err(|error| Failure::of(&error, &self.passwords)),
            Err(_) => Err(Failure::deadline(&progress, &self.passwords)),
        }
    }

    fn rotation<'a>(
        &'a self,
        clock: &'a Deadline,
        progress: &'a Progress,
        sessions: &'a IdleUserSessions,
    ) -> Rotation<'a> {
        Rotation {
            store: &self.secrets_manager,
            database: &*self.database,
            topology: self.topology.as_deref(),
            clock,
            strategy: self.strategy,
            promotion: self.config.promotion,
            on_idle_user_sessions: self.config.on_idle_user_sessions,
            sessions_of_idle_user: sessions,
            policy: &self.config.policy,
            username_limit: self.config.username_limit,
            progress,
            passwords: &self.passwords,
        }
    }
}

/// The one place that logs errors.
fn logged(failure: Failure, started: Instant) -> Failure {
    error!(error.class = failure.class, elapsed_ms = millis(started), "{}", failure.message);
    failure
}

fn millis(started: Instant) -> u64 {
    started.elapsed().as_millis().try_into().unwrap_or(u64::MAX)
}
