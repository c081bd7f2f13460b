//! A function in this process, so that a test can stop it at any call or stand in its way.

use rotation::edges::{Database, SecretStore, Topology};
use rotation::{Error, PasswordPolicy, Progress, Rotation, RotationEvent, Strategy};

use crate::crash::{AMinute, Crash, Crashing};
use crate::{Application, STEPS, Server, aws_at};

/// What a function rotates with: the real edges.
#[expect(missing_debug_implementations, reason = "strategies are a trait without Debug")]
pub struct InProcess {
    aws: aws::Aws,
    database: Box<dyn Database>,
    strategy: &'static dyn Strategy,
}

impl InProcess {
    /// A function for this application.
    pub async fn of<S: Server>(application: &Application<'_, S>, strategy: &'static dyn Strategy) -> Self {
        Self { aws: aws_at(&application.local.url()).await, database: application.server.edge(), strategy }
    }

    /// Runs all four steps, until the process stops; panics where one fails. Whether all were done.
    pub async fn run<S: Server>(
        &self,
        application: &Application<'_, S>,
        version: &str,
        crash: &Crash,
    ) -> bool {
        for step in STEPS {
            match crash.until(self.step(application, step, version, crash)).await {
                None => return false,
                Some(answer) => answer.unwrap_or_else(|error| panic!("{step}: {error:?}")),
            }
        }
        true
    }

    /// Runs one step.
    ///
    /// # Errors
    /// The step's.
    pub async fn step<S: Server>(
        &self,
        application: &Application<'_, S>,
        step: &str,
        version: &str,
        crash: &Crash,
    ) -> Result<(), Error> {
        let event = RotationEvent::parse(application.event(step, version)).expect("an event");
        let store: &dyn SecretStore = &self.aws.secrets_manager;
        let database: &dyn Database = &*self.database;
        let topology: &dyn Topology = &self.aws.rds;
        let rotation = Rotation {
            store: &Crashing { edge: store, crash: crash.clone() },
            database: &Crashing { edge: database, crash: crash.clone() },
            topology,
            clock: &AMinute,
            strategy: self.strategy,
            policy: &PasswordPolicy::default(),
            username_limit: None,
            progress: &Progress::default(),
        };
        rotation::rotate(&rotation, &event).await
    }
}
