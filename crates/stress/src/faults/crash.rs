//! A function in this process that stops at any call to Secrets Manager or the database.

use async_trait::async_trait;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use rotation::Error;

use super::checks::Strategy;
use super::subject::Subject;
use super::{Attempt, Fault};
use testbed::crash::{Crash, Moment};
use testbed::{Application, InProcess, STEPS, Setup};

/// How many calls a rotation is taken to make before one was made.
const UNKNOWN: usize = 20;

/// How a step is run: as the function's binary runs it, unless something is to be wrong with it.
#[async_trait]
pub trait Runs<S: Subject>: Send + Sync {
    /// Runs one step until `crash`.
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

/// Nothing is wrong.
#[derive(Clone, Copy, Debug)]
pub struct AsItIs;

impl<S: Subject> Runs<S> for AsItIs {}

/// Which call an attempt stops at.
#[derive(Debug)]
enum Choice {
    /// Any, before or after its effect; one in three attempts is left alone.
    Random(SmallRng),
    /// After the effect of each call in turn, and the next attempt after each in turn; the third is left alone.
    EveryPair { first: usize, second: usize, attempt: usize },
}

/// Stops at one call of an attempt.
#[expect(missing_debug_implementations, reason = "the edges are traits without Debug")]
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

    /// Every pair of calls, once.
    pub fn every_pair(runs: R) -> Self {
        // The first rotation only counts.
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
impl<S: Subject, R: Runs<S>> Fault<S> for CrashAtACall<R> {
    fn name(&self) -> &'static str {
        match self.choice {
            Choice::Random(_) => "crash at a call",
            Choice::EveryPair { .. } => "two crashes, every pair",
        }
    }

    fn is_over(&self) -> bool {
        matches!(self.choice, Choice::EveryPair { first, .. } if first > self.most)
    }

    fn is_given_up(&self) -> bool {
        matches!(self.choice, Choice::Random(_))
    }

    async fn application<'a>(&mut self, server: &'a S, setup: Setup<'_>) -> Application<'a, S> {
        let application = Application::start(server, setup.clone()).await;
        let strategy = match Strategy::of(setup.function) {
            Strategy::SingleUser => rotation::Strategy::SingleUser,
            Strategy::AlternatingUsers => rotation::Strategy::AlternatingUsers,
            Strategy::DualPassword => rotation::Strategy::DualPassword,
        };
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
                    return Attempt::Struck(step);
                }
            }
        }
        self.completed(crash.calls());
        Attempt::Completed(pending)
    }

    async fn late(&mut self, application: &Application<'_, S>, step: &str, version: &str) -> bool {
        self.pending = None;
        let function = self.function.as_ref().expect("an application was started");
        self.runs.step(function, application, step, version, &Crash::never()).await.is_ok()
    }
}
