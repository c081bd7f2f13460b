//! The two families of database servers.

use std::{fmt, str::FromStr};

/// PostgreSQL, or MySQL with MariaDB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB.
    MySql,
}

impl Engine {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Postgres, Self::MySql];

    /// `postgres` or `mysql`, as on a command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::MySql => "mysql",
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Engine {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let named = Self::ALL.into_iter().find(|engine| engine.name() == name);
        named.ok_or_else(|| format!("the engines are {}", Self::ALL.map(Self::name).join(" and ")))
    }
}
