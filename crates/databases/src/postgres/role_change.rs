//! Transactions that change a role, which are run again if they meet a concurrent one.

use std::time::Duration;

use rotation::ports::{AlternationOutcome, Evidence};
use rotation::{Alternation, CallError, Cause, Password, SecretId, Username};

use super::connection::Connection;
use super::{alternation, password};

/// How often a change is run that meets a concurrent one, and the longest pause between: ten at once succeeded.
const TRIES: usize = 12;
const PAUSE: Duration = Duration::from_millis(250);

/// A transaction that changes a role, and may be run again.
#[derive(Clone, Copy)]
pub(super) enum RoleChange<'a> {
    OwnPassword(&'a Username, &'a Password),
    AnothersPassword(&'a Username, &'a Password),
    Alternation(&'a Alternation, &'a SecretId, &'a Password, &'a Evidence),
}

impl RoleChange<'_> {
    /// Runs the change within the time limit of a transaction, and again after a random pause if it meets a concurrent one:
    /// PostgreSQL fails two concurrent changes of one role (XX000, "tuple concurrently updated", and the codes of what the other
    /// one has just made) instead of making one wait.
    pub(super) async fn run(self, connection: &mut Connection) -> Result<AlternationOutcome, CallError> {
        connection
            .within_limit(async |connection| {
                for _ in 1..TRIES {
                    match self.run_once(connection).await {
                        Err(error) if error.cause() == Some(Cause::ConcurrentChange) => {
                            connection.rollback().await?;
                            tokio::time::sleep(PAUSE.mul_f32(rand::random())).await;
                        }
                        done => return done,
                    }
                }
                self.run_once(connection).await
            })
            .await
    }

    async fn run_once(self, connection: &mut Connection) -> Result<AlternationOutcome, CallError> {
        match self {
            Self::OwnPassword(user, password) => password::change_own(connection, user, password).await?,
            Self::AnothersPassword(user, password) => password::install(connection, user, password).await?,
            Self::Alternation(alternation, secret, password, evidence) => {
                return alternation::set_up(connection, alternation, secret, password, evidence).await;
            }
        }
        Ok(AlternationOutcome::Done)
    }
}
