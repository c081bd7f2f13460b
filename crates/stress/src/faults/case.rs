//! Which functions are tested on which servers, and under which faults.

use std::time::Instant;

use super::crash::{AsItIs, CrashAtACall};
use super::gap::Gap;
use super::injector::{FaultInjector, number_of};
use super::kill::Kill;
use super::network::NetworkFault;
use super::row::Row;
use super::run::{FaultRun, OnProgress};
use super::secrets_manager::SecretsManagerFault;
use super::subject::Subject;
use rotation::Promotion;
use testbed::{ChangedBy, MySql, MySqlVersion, Postgres, mysql_versions, postgres_versions};

/// A function on a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    /// The function's binary.
    pub function: &'static str,
    /// Who changes the passwords of two alternating users.
    pub changed_by: ChangedBy,
    /// `None` for PostgreSQL, in the newest version that is tested.
    pub mysql: Option<MySqlVersion>,
    /// Which step makes the new version current.
    pub promotion: Promotion,
}

const fn case(function: &'static str, mysql: Option<MySqlVersion>) -> Case {
    Case { function, changed_by: ChangedBy::Superuser, mysql, promotion: Promotion::InFinishSecret }
}

const fn without_superuser(function: &'static str, mysql: Option<MySqlVersion>) -> Case {
    Case { changed_by: ChangedBy::Themselves, ..case(function, mysql) }
}

const fn promoting_in_set_secret(function: &'static str, mysql: Option<MySqlVersion>) -> Case {
    Case { promotion: Promotion::InSetSecret, ..case(function, mysql) }
}

const ALL: [Case; 13] = [
    case("postgres-single-user", None),
    promoting_in_set_secret("postgres-single-user", None),
    case("postgres-alternating-users", None),
    without_superuser("postgres-alternating-users", None),
    case("mysql-single-user", Some(MySqlVersion::MySql97)),
    promoting_in_set_secret("mysql-single-user", Some(MySqlVersion::MySql97)),
    case("mysql-alternating-users", Some(MySqlVersion::MySql97)),
    without_superuser("mysql-alternating-users", Some(MySqlVersion::MySql97)),
    case("mysql-dual-password", Some(MySqlVersion::MySql97)),
    case("mysql-single-user", Some(MySqlVersion::MariaDb118)),
    promoting_in_set_secret("mysql-single-user", Some(MySqlVersion::MariaDb118)),
    case("mysql-alternating-users", Some(MySqlVersion::MariaDb118)),
    without_superuser("mysql-alternating-users", Some(MySqlVersion::MariaDb118)),
];

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// SIGKILL of the real binary, at any instant of any step.
    Kill,
    /// A crash of a function in this process, before or after any call takes effect.
    Crash,
    /// Two crashes: after each call of an attempt, with each call of the next attempt.
    TwoCrashes,
    /// Connections to the database that are closed, dead, silent or slow.
    Network,
    /// Errors of Secrets Manager, requests that it does not receive, and responses that are lost.
    SecretsManager,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Kill, Self::Crash, Self::Network, Self::SecretsManager, Self::TwoCrashes];
}

/// The seed of a run, and when it ends.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The same seed makes the same choices.
    pub seed: u64,
    /// The run ends at this instant, even if it has fewer cases than wanted.
    pub until: Option<Instant>,
}

impl Case {
    /// All cases on the servers that are to be tested.
    pub fn all() -> impl Iterator<Item = Self> {
        let versions = mysql_versions();
        ALL.into_iter().filter(move |case| case.mysql.is_none_or(|version| versions.contains(&version)))
    }

    /// Injects at least `cases` faults of this kind, or one for each pair of crashes. Calls `on_progress` after every
    /// rotation.
    pub async fn faults(self, kind: Kind, cases: usize, limits: &Limits, on_progress: OnProgress<'_>) -> Row {
        match self.mysql {
            None => {
                self.on(Postgres::shared(postgres_versions()[0]).await, kind, cases, limits, on_progress)
                    .await
            }
            Some(version) => self.on(MySql::shared(version).await, kind, cases, limits, on_progress).await,
        }
    }

    /// Measures for how long AWSCURRENT is refused, in this many rotations without a fault.
    pub async fn gap(self, rotations: usize) -> Gap {
        match self.mysql {
            None => {
                let server = Postgres::shared(postgres_versions()[0]).await;
                Gap::measure(server, self.function, self.promotion, rotations).await
            }
            Some(version) => {
                let server = MySql::shared(version).await;
                Gap::measure(server, self.function, self.promotion, rotations).await
            }
        }
    }

    async fn on<S: Subject>(
        self,
        server: &S,
        kind: Kind,
        cases: usize,
        limits: &Limits,
        on_progress: OnProgress<'_>,
    ) -> Row {
        // Each function on each server gets other random numbers.
        let place = ALL.iter().position(|case| *case == self).unwrap_or_default();
        let seed = limits.seed.wrapping_add(place as u64);
        match kind {
            Kind::Kill => self.under(server, Kill::new(seed), cases, limits, on_progress).await,
            Kind::Crash => {
                self.under(server, CrashAtACall::any(seed, AsItIs), cases, limits, on_progress).await
            }
            Kind::TwoCrashes => {
                self.under(server, CrashAtACall::every_pair(AsItIs), usize::MAX, limits, on_progress).await
            }
            Kind::Network => self.under(server, NetworkFault::new(seed), cases, limits, on_progress).await,
            Kind::SecretsManager => {
                self.under(server, SecretsManagerFault::new(seed), cases, limits, on_progress).await
            }
        }
    }

    async fn under<S: Subject, F: FaultInjector<S>>(
        self,
        server: &S,
        fault: F,
        cases: usize,
        limits: &Limits,
        on_progress: OnProgress<'_>,
    ) -> Row {
        // After a setSecret that promotes, the other steps do too little to be interrupted every time.
        let steps = match self.promotion {
            Promotion::InFinishSecret => fault.steps().to_vec(),
            Promotion::InSetSecret => vec!["setSecret"],
        };
        let in_every_step = |row: &Row| steps.iter().all(|step| row.interruptions[number_of(step)] > 0);
        let is_over = || limits.until.is_some_and(|until| Instant::now() >= until);
        let is_enough = |row: &Row| row.cases() >= cases && in_every_step(row) || is_over();
        // Boxed: the SDK's futures within it are deep, and the compiler has a limit.
        Box::pin(
            FaultRun::new(server, self.function, fault, !limits.seed)
                .changed_by(self.changed_by)
                .promoting(self.promotion)
                .run(&is_enough, on_progress),
        )
        .await
    }
}
