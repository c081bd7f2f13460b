//! Rotations of one function under one kind of fault.

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use rotation::{Promotion, Strategy};

use super::checks;
use super::injector::{Attempt, FaultInjector};
use super::row::Row;
use super::strategy::strategy_of;
use super::subject::Subject;
use testbed::{Application, ChangedBy, Setup};

/// A run ends at this many violations.
const ENOUGH: usize = 20;

/// Called with the row after every rotation.
pub type OnProgress<'a> = &'a mut (dyn FnMut(&Row) + Send);

/// Rotations of one function on one server.
#[derive(Debug)]
pub struct FaultRun<'a, S, F> {
    server: &'a S,
    function: &'a str,
    changed_by: ChangedBy,
    fault: F,
    rng: SmallRng,
    row: Row,
    enough: usize,
}

/// Whether a row has enough cases.
pub type IsEnough<'a> = &'a (dyn Fn(&Row) -> bool + Sync);

/// How a rotation ended.
#[derive(PartialEq)]
enum Ended {
    /// Completed, or given up.
    WithoutViolation,
    /// With a violation. Further rotations of this application would only repeat it.
    WithViolation,
}

impl<'a, S: Subject, F: FaultInjector<S>> FaultRun<'a, S, F> {
    /// Rotations of the function of this name. `seed` makes the choices that the fault injector does not make.
    pub fn new(server: &'a S, function: &'a str, fault: F, seed: u64) -> Self {
        let changed_by = ChangedBy::Superuser;
        let row = Row::new(server.name(), (strategy_of(function), changed_by), fault.name());
        let rng = SmallRng::seed_from_u64(seed);
        Self { server, function, changed_by, fault, rng, row, enough: ENOUGH }
    }

    /// Chooses who changes the passwords of two alternating users; by default, the superuser.
    #[must_use]
    pub fn changed_by(mut self, changed_by: ChangedBy) -> Self {
        (self.changed_by, self.row.changed_by) = (changed_by, changed_by);
        self
    }

    /// Makes this step the one in which the new version becomes current.
    #[must_use]
    pub fn promoting(mut self, promotion: Promotion) -> Self {
        self.row.promotion = promotion;
        self
    }

    /// Makes the run end with the first violation.
    #[must_use]
    pub fn until_a_violation(self) -> Self {
        Self { enough: 1, ..self }
    }

    /// Rotates until `is_enough` holds. Calls `on_progress` after every rotation.
    pub async fn run(mut self, is_enough: IsEnough<'_>, on_progress: OnProgress<'_>) -> Row {
        while self.goes_on(is_enough) {
            self.run_application(is_enough, on_progress).await;
        }
        self.row
    }

    fn goes_on(&self, is_enough: IsEnough<'_>) -> bool {
        !self.fault.is_over() && !is_enough(&self.row) && self.row.violations.len() < self.enough
    }

    /// Runs a few rotations of a new application: the first creates its clone, later ones keep the clone equal.
    async fn run_application(&mut self, is_enough: IsEnough<'_>, on_progress: OnProgress<'_>) {
        let environment = vec![("AWS_LAMBDA_LOG_LEVEL", "INFO")];
        let changed_by = self.changed_by;
        let setup = Setup {
            function: self.function,
            changed_by,
            promotion: self.row.promotion,
            user: "faults",
            environment,
            ..Setup::single_user()
        };
        let application = self.fault.application(self.server, setup).await;
        if self.row.strategy == Strategy::DualPassword {
            self.server.allow_two_passwords(&application.app).await;
        }
        for round in 0..self.rng.random_range(2..=6) {
            // Without a superuser, nobody could make the clone equal again.
            if self.changed_by == ChangedBy::Superuser && base_is_current(&application).await {
                self.server.change_privileges(&application.app, round).await;
            }
            let ended = self.run_rotation(&application).await;
            on_progress(&self.row);
            if ended == Ended::WithViolation || !self.goes_on(is_enough) {
                break;
            }
        }
    }

    async fn run_rotation(&mut self, application: &Application<'_, S>) -> Ended {
        let old = checks::holder(application, "AWSCURRENT").await;
        let before = self.row.violations.len();
        let mut set_up = false;
        loop {
            let attempt = self.fault.attempt(application).await;
            match &attempt {
                Attempt::Completed(version) => self.completed(application, version, old.as_deref()).await,
                Attempt::Interrupted(step) => self.interrupted(application, step).await,
                Attempt::Failed(error) => self.row.add("failed", vec![error.clone()]),
            }
            if self.row.violations.len() > before {
                return Ended::WithViolation;
            }
            let Attempt::Interrupted(step) = attempt else { return Ended::WithoutViolation };
            set_up |= step != "createSecret";
            if self.fault.gives_up() && self.rng.random_ratio(1, 4) && self.give_up(application, set_up).await
            {
                return Ended::WithoutViolation;
            }
            self.row.retries += 1;
        }
    }

    async fn completed(&mut self, application: &Application<'_, S>, version: &str, old: Option<&str>) {
        self.row.rotations += 1;
        let wrong = checks::completed(application, self.row.strategy, version, old).await;
        self.row.add("completed", wrong);
    }

    async fn interrupted(&mut self, application: &Application<'_, S>, step: &str) {
        self.row.count_interruption(step);
        let wrong = checks::at_any_instant(application, self.row.strategy).await;
        self.row.add(&format!("interrupted in {step}"), wrong);
    }

    /// Gives the rotation up, as an operator does; then runs steps that Lambda had queued. Returns whether it could be given up.
    async fn give_up(&mut self, application: &Application<'_, S>, set_up: bool) -> bool {
        // The only password of its user that signs in may be on the pending version, which would lose its last label.
        let no_other_knows =
            self.row.strategy == Strategy::SingleUser || self.changed_by == ChangedBy::Themselves;
        if no_other_knows && set_up {
            return false;
        }
        let current = checks::holder(application, "AWSCURRENT").await;
        let pending = checks::holder(application, "AWSPENDING").await;
        let Some(pending) = pending.filter(|pending| Some(pending) != current.as_ref()) else { return false };
        application.abandon(&pending).await;
        self.row.given_up += 1;
        for step in ["setSecret", "finishSecret"] {
            let accepted = self.fault.run_late(application, step, &pending).await;
            let mut wrong = checks::at_any_instant(application, self.row.strategy).await;
            wrong.extend(accepted.then(|| "it was accepted".to_owned()));
            self.row.add(&format!("{step} of a rotation that was given up"), wrong);
        }
        true
    }
}

/// Whether AWSCURRENT has the base, so that the next rotation copies the base's privileges to the clone.
async fn base_is_current<S: Subject>(application: &Application<'_, S>) -> bool {
    let current = application.credentials("AWSCURRENT").await;
    current.is_some_and(|current| current.user == application.app.user())
}
