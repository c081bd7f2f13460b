//! Crashes of a function in this process, at any call to Secrets Manager or the database.

use async_trait::async_trait;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use rotation::Error;

use super::injector::{Attempt, FaultInjector};
use super::strategy::strategy_of;
use super::subject::Subject;
use testbed::crash::{Crash, Moment};
use testbed::{Application, InProcess, STEPS, Setup};

/// How many calls a rotation is assumed to make before the first one is counted.
const UNKNOWN: usize = 20;

/// Runs a step as the function's binary does. A test overrides this to plant a bug.
#[async_trait]
pub trait RunStep<S: Subject>: Send + Sync {
    /// Runs one step, which stops at `crash`.
    async fn step(
        &self,
        function: &InProcess,
        application: &Application<'_, S>,
        step: &str,
        version: &str,
        crash: &Crash,
    ) -> Result<(), Error> {
        function.step(application, step, version, crash).await
    }
}

/// Runs steps without a planted bug.
#[derive(Clone, Copy, Debug)]
pub struct AsItIs;

impl<S: Subject> RunStep<S> for AsItIs {}

/// Which call an attempt stops at.
#[derive(Debug)]
enum Choice {
    /// Any call, before or after it takes effect; one in three attempts is not interrupted.
    Random(SmallRng),
    /// Each call in turn, after it takes effect, and each call of the next attempt; the third attempt is not interrupted.
    EveryPair { first: usize, second: usize, attempt: usize },
}

/// Stops an attempt at one of its calls.
#[expect(missing_debug_implementations, reason = "the ports are traits without Debug")]
pub struct CrashAtACall<R = AsItIs> {
    choice: Choice,
    runs: R,
    function: Option<InProcess>,
    /// The rotation that is not complete.
    pending: Option<String>,
    /// The most calls that a rotation has made.
    most: usize,
}

impl<R> CrashAtACall<R> {
    /// Chooses by `seed`.
    pub fn any(seed: u64, runs: R) -> Self {
        let choice = Choice::Random(SmallRng::seed_from_u64(seed));
        Self { choice, runs, function: None, pending: None, most: UNKNOWN }
    }

    /// Takes every pair of calls, once.
    pub fn every_pair(runs: R) -> Self {
        // The first rotation only counts calls.
        let choice = Choice::EveryPair { first: 0, second: usize::MAX, attempt: 0 };
        Self { choice, runs, function: None, pending: None, most: 0 }
    }

    fn crash(&mut self) -> Crash {
        match &mut self.choice {
            Choice::Random(rng) => {
                if rng.random_ratio(1, 3) {
                    return Crash::never();
                }
                let moment = if rng.random_ratio(1, 2) { Moment::Before } else { Moment::After };
                Crash::at(rng.random_range(1..=self.most), moment)
            }
            Choice::EveryPair { first, second, attempt } => {
                let at = [*first, *second].get(*attempt).copied().unwrap_or_default();
                *attempt += 1;
                Crash::at(at, Moment::After)
            }
        }
    }

    fn completed(&mut self, calls: usize) {
        self.most = self.most.max(calls);
        if let Choice::EveryPair { first, second, attempt } = &mut self.choice {
            *attempt = 0;
            *second = second.saturating_add(1);
            if *second > self.most {
                (*first, *second) = (*first + 1, 1);
            }
        }
    }
}

#[async_trait]
impl<S: Subject, R: RunStep<S>> FaultInjector<S> for CrashAtACall<R> {
    fn name(&self) -> &'static str {
        match self.choice {
            Choice::Random(_) => "crash at a call",
            Choice::EveryPair { .. } => "two crashes, every pair",
        }
    }

    fn is_over(&self) -> bool {
        matches!(self.choice, Choice::EveryPair { first, .. } if first > self.most)
    }

    fn gives_up(&self) -> bool {
        matches!(self.choice, Choice::Random(_))
    }

    async fn application<'a>(&mut self, server: &'a S, setup: Setup<'_>) -> Application<'a, S> {
        let application = Application::start(server, setup.clone()).await;
        let strategy = strategy_of(setup.function);
        self.function = Some(InProcess::of(&application, strategy).await);
        self.pending = None;
        application
    }

    async fn attempt(&mut self, application: &Application<'_, S>) -> Attempt {
        let pending = match self.pending.take() {
            Some(pending) => pending,
            None => application.begin().await,
        };
        let crash = self.crash();
        let function = self.function.as_ref().expect("an application was started");
        for step in STEPS {
            match crash.until(self.runs.step(function, application, step, &pending, &crash)).await {
                Some(Ok(())) => {}
                Some(Err(error)) => return Attempt::Failed(format!("{step}: {error:?}")),
                None => {
                    self.pending = Some(pending);
                    return Attempt::Interrupted(step);
                }
            }
        }
        self.completed(crash.calls());
        Attempt::Completed(pending)
    }

    async fn run_late(&mut self, application: &Application<'_, S>, step: &str, version: &str) -> bool {
        self.pending = None;
        let function = self.function.as_ref().expect("an application was started");
        self.runs.step(function, application, step, version, &Crash::never()).await.is_ok()
    }
}
