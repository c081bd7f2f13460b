//! All four steps under every strategy, against adapters in memory.

mod alternating_users;
mod create_secret;
mod diagnosis;
mod finish_secret;
mod idle_user;
mod idle_user_sign_ins;
mod open_sessions;
mod other_user;
mod patience;
mod people_without_superuser;
mod promotion;
mod regions;
mod rotations;
mod set_secret;
mod superuser;
mod test_secret;
mod watch;

use crate::in_memory::{Engine, Environment};
use crate::{Cause, Error, Strategy};

/// A function of every strategy, on each engine.
fn all() -> [Environment; 7] {
    [
        Environment::new(Strategy::SingleUser, Engine::Postgres),
        Environment::new(Strategy::SingleUser, Engine::MySql),
        Environment::new(Strategy::DualPassword, Engine::MySql),
        Environment::new(Strategy::AlternatingUsers, Engine::Postgres),
        Environment::new(Strategy::AlternatingUsers, Engine::MySql),
        Environment::without_superuser(Engine::Postgres),
        Environment::without_superuser(Engine::MySql),
    ]
}

/// The kind of failure that a step ended with.
fn cause(result: Result<(), Error>) -> Cause {
    match result {
        Err(Error::Call { source, .. }) => source.cause().expect("a failure"),
        other => panic!("no failure of a call: {other:?}"),
    }
}
