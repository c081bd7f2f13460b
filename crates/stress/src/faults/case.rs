//! Every function on every server that it is tortured on, under every kind of fault.

use std::time::Instant;

use super::{AsItIs, CrashAtACall, Fault, FaultRun, Gap, Kill, Network, Row, SecretsManager, Subject};
use testbed::{MySql, MySqlVersion, Postgres, mysql_versions, postgres_versions};

/// A function on a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    /// The function's binary.
    pub function: &'static str,
    /// None is PostgreSQL, in the newest version that is tested.
    pub mysql: Option<MySqlVersion>,
}

const ALL: [Case; 7] = [
    Case { function: "postgres-single-user", mysql: None },
    Case { function: "postgres-alternating-users", mysql: None },
    Case { function: "mysql-single-user", mysql: Some(MySqlVersion::MySql97) },
    Case { function: "mysql-alternating-users", mysql: Some(MySqlVersion::MySql97) },
    Case { function: "mysql-dual-password", mysql: Some(MySqlVersion::MySql97) },
    Case { function: "mysql-single-user", mysql: Some(MySqlVersion::MariaDb118) },
    Case { function: "mysql-alternating-users", mysql: Some(MySqlVersion::MariaDb118) },
];

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Of the real binary, at any instant of any step.
    Kill,
    /// Of a function in this process, before or after the effect of any call.
    Crash,
    /// The same after the effect of every call, and again after that of every call of the next attempt.
    TwoCrashes,
    /// To the database: cut, dead, silent, crawling.
    Network,
    /// Its errors, requests that it never sees, answers that are lost.
    SecretsManager,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Kill, Self::Crash, Self::Network, Self::SecretsManager, Self::TwoCrashes];
}

/// What faults choose by, and what they strike.
#[derive(Clone, Copy, Debug)]
pub struct Means {
    /// The same seed, the same choices.
    pub seed: u64,
    /// Then it is enough, however often a fault has struck.
    pub until: Option<Instant>,
}

impl Case {
    /// All of them whose servers are to be tested.
    pub fn all() -> impl Iterator<Item = Self> {
        let versions = mysql_versions();
        ALL.into_iter().filter(move |case| case.mysql.is_none_or(|version| versions.contains(&version)))
    }

    /// Lets this kind of fault strike at least `cases` times, pairs of crashes as often as there are pairs. `told` learns
    /// of every rotation's end.
    pub async fn faults(self, kind: Kind, cases: usize, by: &Means, told: Told<'_>) -> Row {
        match self.mysql {
            None => self.on(Postgres::shared(postgres_versions()[0]).await, kind, cases, by, told).await,
            Some(version) => self.on(MySql::shared(version).await, kind, cases, by, told).await,
        }
    }

    /// For how long AWSCURRENT is refused, in so many rotations without a fault.
    pub async fn gap(self, rotations: usize) -> Gap {
        match self.mysql {
            None => {
                let server = Postgres::shared(postgres_versions()[0]).await;
                Gap::measure(server, self.function, rotations).await
            }
            Some(version) => Gap::measure(MySql::shared(version).await, self.function, rotations).await,
        }
    }

    async fn on<S: Subject>(self, server: &S, kind: Kind, cases: usize, by: &Means, told: Told<'_>) -> Row {
        // Each function on each server meets other faults.
        let place = ALL.iter().position(|case| *case == self).unwrap_or_default();
        let seed = by.seed.wrapping_add(place as u64);
        match kind {
            Kind::Kill => self.under(server, Kill::new(seed), cases, by, told).await,
            Kind::Crash => self.under(server, CrashAtACall::any(seed, AsItIs), cases, by, told).await,
            Kind::TwoCrashes => {
                self.under(server, CrashAtACall::every_pair(AsItIs), usize::MAX, by, told).await
            }
            Kind::Network => self.under(server, Network::new(seed), cases, by, told).await,
            Kind::SecretsManager => self.under(server, SecretsManager::new(seed), cases, by, told).await,
        }
    }

    async fn under<S: Subject, F: Fault<S>>(
        self,
        server: &S,
        fault: F,
        cases: usize,
        by: &Means,
        told: Told<'_>,
    ) -> Row {
        let steps = fault.steps();
        let in_every_step = |row: &Row| steps.iter().all(|step| row.struck[super::number_of(step)] > 0);
        let is_over = || by.until.is_some_and(|until| Instant::now() >= until);
        let is_enough = |row: &Row| row.cases() >= cases && in_every_step(row) || is_over();
        // Boxed: the SDK's futures within it are deep, and the compiler has a limit.
        Box::pin(FaultRun::new(server, self.function, fault, !by.seed).run(&is_enough, told)).await
    }
}

/// Who learns of every rotation's end.
pub type Told<'a> = &'a mut (dyn FnMut(&Row) + Send);
