//! Every function on every server that it is tortured on.

use std::path::PathBuf;

use super::{Dice, KillNine, Row, Torture};
use crate::{MySql, MySqlVersion, Postgres, mysql_versions, postgres_versions};

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

impl Case {
    /// All of them whose servers are to be tested.
    pub fn all() -> impl Iterator<Item = Self> {
        let versions = mysql_versions();
        ALL.into_iter().filter(move |case| case.mysql.is_none_or(|version| versions.contains(&version)))
    }

    /// Kills its function's real binary `kills` times, and in every step at least once. `told` learns of every rotation's end.
    pub async fn kill(self, kills: usize, how: &Killing, told: &mut (dyn FnMut(&Row) + Send)) -> Row {
        let fault = KillNine::new(Dice::new(how.seed), how.package.clone());
        let dice = Dice::new(!how.seed);
        let is_enough = |row: &Row| row.cases() >= kills && row.struck.iter().all(|kills| *kills > 0);
        let Some(version) = self.mysql else {
            let server = Postgres::shared(postgres_versions()[0]).await;
            return Torture::new(server, self.function, fault, dice).run(&is_enough, told).await;
        };
        let server = MySql::shared(version).await;
        Torture::new(server, self.function, fault, dice).run(&is_enough, told).await
    }
}

/// What kills choose by.
#[derive(Clone, Debug)]
pub struct Killing {
    /// The same seed, the same choices.
    pub seed: u64,
    /// The folder with the packaged binaries, instead of those that cargo builds for tests.
    pub package: Option<PathBuf>,
}
