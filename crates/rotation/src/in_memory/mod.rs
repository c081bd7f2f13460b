//! Adapters in memory, for the tests of the steps. They keep state and are as strict as the real ones: a version's value never
//! changes, a label is on one version, a wrong password is rejected, and what a session may do depends on who signed in.

mod account;
mod clock;
mod database;
mod environment;
mod pair;
mod region;
mod server;
mod session;
mod store;
mod surroundings;
mod topology;

pub(crate) use account::Account;
pub(crate) use environment::{ADMIN, APP_SECRET, Environment, SUPERUSER_SECRET};
pub(crate) use region::Region;
pub(crate) use server::{Engine, Unavailable};
pub(crate) use store::{StoreCall, StoredSecret};
pub(crate) use surroundings::FUNCTION;
