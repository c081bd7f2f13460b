//! On MySQL and MariaDB a clone is equal to its base, by the rows of the grant tables, whatever shape the base has and
//! however it changed.

mod dropped_account;
mod gone;
mod mandatory;
mod proxies;
mod random;
mod restrictions;
mod shapes;
