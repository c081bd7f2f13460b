//! The versions of MySQL and MariaDB that the tests run on.

use std::fmt;

/// A product and its version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MySqlVersion {
    /// MySQL 9.7.
    MySql97,
    /// MariaDB 10.11.
    MariaDb1011,
    /// MariaDB 11.8.
    MariaDb118,
}

impl MySqlVersion {
    /// All of them, the main one first.
    pub const ALL: [Self; 3] = [Self::MySql97, Self::MariaDb118, Self::MariaDb1011];

    /// Whether this is MariaDB.
    #[must_use]
    pub fn is_mariadb(self) -> bool {
        self != Self::MySql97
    }
}

impl fmt::Display for MySqlVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MySql97 => "mysql-9.7",
            Self::MariaDb1011 => "mariadb-10.11",
            Self::MariaDb118 => "mariadb-11.8",
        })
    }
}
