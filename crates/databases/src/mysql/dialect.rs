//! Which of the two products speaks: they share a protocol, and little of how accounts are written.

/// A product's way with accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// MySQL, Aurora MySQL.
    MySql,
    /// MariaDB.
    MariaDb,
}
