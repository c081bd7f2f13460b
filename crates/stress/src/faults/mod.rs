//! Rotations under faults, over and over, held to the laws after every one: what `make faults` runs, and tests in
//! small.
//!
//! A [`Fault`] strikes, the rotation is run again as the service does, and everything that is not as it should be
//! is counted in a [`Row`]. Another kind of fault is another implementation of [`Fault`].

mod attempts;
mod case;
mod checks;
mod crash;
mod gap;
mod kill;
mod kill_trigger;
mod network;
mod row;
mod secrets_manager;
mod subject;
mod tap;

use async_trait::async_trait;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

pub use self::{
    case::{Case, Kind, Means, Told},
    checks::Strategy,
    crash::{AsItIs, CrashAtACall, Runs},
    gap::{Gap, gaps},
    kill::Kill,
    network::Network,
    row::{Row, table},
    secrets_manager::SecretsManager,
    subject::{Subject, lock_of_a_turn},
};
use testbed::{Application, STEPS, Setup};

/// A row with this many violations says enough, unless a test is content with less.
const ENOUGH: usize = 20;

/// What goes wrong, and when.
#[async_trait]
pub trait Fault<S: Subject>: Send {
    /// What the report calls it.
    fn name(&self) -> &'static str;

    /// The steps in which it can strike.
    fn steps(&self) -> &'static [&'static str] {
        &STEPS
    }

    /// Whether all has been tried that there is to try.
    fn is_over(&self) -> bool {
        false
    }

    /// Whether an operator gives a rotation up now and then.
    fn is_given_up(&self) -> bool {
        true
    }

    /// A new application, with what this fault needs around it.
    async fn application<'a>(&mut self, server: &'a S, setup: Setup<'_>) -> Application<'a, S>;

    /// Begins a rotation, or goes on with the one that is not complete, until it is or something goes wrong.
    async fn attempt(&mut self, application: &Application<'_, S>) -> Attempt;

    /// Delivers a step of a rotation that was given up. Whether it was accepted.
    async fn late(&mut self, application: &Application<'_, S>, step: &str, version: &str) -> bool {
        application.step(step, version).await.is_ok()
    }
}

/// What became of an attempt at a rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// This version is current.
    Completed(String),
    /// The fault struck in this step.
    Struck(&'static str),
    /// A step failed that should not have, or with a cause that is not the fault's: with its words.
    Failed(String),
}

/// Rotations of one function on one server.
#[derive(Debug)]
pub struct FaultRun<'a, S, F> {
    server: &'a S,
    function: &'a str,
    fault: F,
    rng: SmallRng,
    row: Row,
    enough: usize,
}

/// Whether a row has seen enough.
pub type IsEnough<'a> = &'a (dyn Fn(&Row) -> bool + Sync);

/// How a rotation ended.
#[derive(PartialEq)]
enum Ended {
    /// Completed, or given up.
    WithoutViolation,
    /// Something is wrong: what follows would only follow from it.
    Spoiled,
}

impl<'a, S: Subject, F: Fault<S>> FaultRun<'a, S, F> {
    /// Of the function of this name. `seed` chooses what is not the fault's to choose.
    pub fn new(server: &'a S, function: &'a str, fault: F, seed: u64) -> Self {
        let row = Row::new(server.name(), Strategy::of(function), fault.name());
        let rng = SmallRng::seed_from_u64(seed);
        Self { server, function, fault, rng, row, enough: ENOUGH }
    }

    /// Ends with the first violation.
    #[must_use]
    pub fn until_a_violation(self) -> Self {
        Self { enough: 1, ..self }
    }

    /// Goes on until that is enough. `told` learns of every rotation's end.
    pub async fn run(mut self, is_enough: IsEnough<'_>, told: Told<'_>) -> Row {
        while self.goes_on(is_enough) {
            self.an_application(is_enough, told).await;
        }
        self.row
    }

    fn goes_on(&self, is_enough: IsEnough<'_>) -> bool {
        !self.fault.is_over() && !is_enough(&self.row) && self.row.violations.len() < self.enough
    }

    /// A few rotations of a new application: on the first its clone is made, later on it is kept equal.
    async fn an_application(&mut self, is_enough: IsEnough<'_>, told: Told<'_>) {
        let environment = vec![("AWS_LAMBDA_LOG_LEVEL", "INFO")];
        let setup = Setup { function: self.function, user: "faults", environment, ..Setup::single_user() };
        let application = self.fault.application(self.server, setup).await;
        if self.row.strategy == Strategy::DualPassword {
            self.server.allow_two_passwords(&application.app).await;
        }
        for round in 0..self.rng.random_range(2..=6) {
            if is_the_bases_turn(&application).await {
                self.server.enrich(&application.app, round).await;
            }
            let ended = self.a_rotation(&application).await;
            told(&self.row);
            if ended == Ended::Spoiled || !self.goes_on(is_enough) {
                break;
            }
        }
    }

    async fn a_rotation(&mut self, application: &Application<'_, S>) -> Ended {
        let old = checks::holder(application, "AWSCURRENT").await;
        let before = self.row.violations.len();
        let mut set_up = false;
        loop {
            let attempt = self.fault.attempt(application).await;
            match &attempt {
                Attempt::Completed(version) => self.completed(application, version, old.as_deref()).await,
                Attempt::Struck(step) => self.struck(application, step).await,
                Attempt::Failed(words) => self.row.note("failed", vec![words.clone()]),
            }
            if self.row.violations.len() > before {
                return Ended::Spoiled;
            }
            let Attempt::Struck(step) = attempt else { return Ended::WithoutViolation };
            set_up |= step != "createSecret";
            if self.fault.is_given_up()
                && self.rng.random_ratio(1, 4)
                && self.give_up(application, set_up).await
            {
                return Ended::WithoutViolation;
            }
            self.row.retries += 1;
        }
    }

    async fn completed(&mut self, application: &Application<'_, S>, version: &str, old: Option<&str>) {
        self.row.rotations += 1;
        let wrong = checks::completed(application, self.row.strategy, version, old).await;
        self.row.note("completed", wrong);
    }

    async fn struck(&mut self, application: &Application<'_, S>, step: &str) {
        self.row.strike(step);
        let wrong = checks::at_any_instant(application, self.row.strategy).await;
        self.row.note(&format!("struck in {step}"), wrong);
    }

    /// As an operator does; then steps arrive late that Lambda had queued. Whether it could be given up.
    async fn give_up(&mut self, application: &Application<'_, S>, set_up: bool) -> bool {
        // The database may have the only password that signs in from a version that would lose its last label.
        if self.row.strategy == Strategy::SingleUser && set_up {
            return false;
        }
        let current = checks::holder(application, "AWSCURRENT").await;
        let pending = checks::holder(application, "AWSPENDING").await;
        let Some(pending) = pending.filter(|pending| Some(pending) != current.as_ref()) else { return false };
        application.abandon(&pending).await;
        self.row.given_up += 1;
        for step in ["setSecret", "finishSecret"] {
            let accepted = self.fault.late(application, step, &pending).await;
            let mut wrong = checks::at_any_instant(application, self.row.strategy).await;
            wrong.extend(accepted.then(|| "it was accepted".to_owned()));
            self.row.note(&format!("{step} of a rotation that was given up"), wrong);
        }
        true
    }
}

/// Whoever takes over from the clone, or from nobody, is the truth for the next one.
async fn is_the_bases_turn<S: Subject>(application: &Application<'_, S>) -> bool {
    let current = application.credentials("AWSCURRENT").await;
    current.is_some_and(|current| current.user == application.app.user())
}

/// The place of a step among the four.
fn number_of(step: &str) -> usize {
    STEPS.iter().position(|known| *known == step).expect("one of the four steps")
}
