//! Which of the two products the server is: they share a protocol, but write accounts and statements differently.

/// A product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// MySQL, Aurora MySQL.
    MySql,
    /// MariaDB.
    MariaDb,
}
