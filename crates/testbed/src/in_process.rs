//! A function that runs in this process, so that a test can stop it at any call or change its calls.

use std::time::Duration;

use async_trait::async_trait;
use rotation::ports::{Clock, Database, SecretStore, Topology};
use rotation::{
    Error, IdleUserSessions, OnIdleUserSessions, PasswordPolicy, PasswordsInUse, Progress, Promotion,
    Rotation, RotationEvent, Strategy,
};

use crate::crash::{Crash, Crashing};
use crate::{Application, STEPS, Server, aws_at};

/// A function with the real adapters.
#[expect(missing_debug_implementations, reason = "databases are a trait without Debug")]
pub struct InProcess {
    secrets_manager: aws::SecretsManager,
    rds: aws::Rds,
    database: Box<dyn Database>,
    strategy: Strategy,
    promotion: Promotion,
}

impl InProcess {
    /// A function for this application.
    pub async fn of<S: Server>(application: &Application<'_, S>, strategy: Strategy) -> Self {
        let aws = aws_at(&application.local.url()).await;
        let database = application.server.adapter();
        let promotion = application.promotion;
        Self { secrets_manager: aws.secrets_manager(), rds: aws.rds(), database, strategy, promotion }
    }

    /// The real Secrets Manager.
    #[must_use]
    pub fn store(&self) -> &(dyn SecretStore + 'static) {
        &self.secrets_manager
    }

    /// The real database.
    #[must_use]
    pub fn database(&self) -> &(dyn Database + 'static) {
        &*self.database
    }

    /// Runs all four steps, until the process stops. Panics if a step fails. Returns whether all steps ran.
    pub async fn run<S: Server>(
        &self,
        application: &Application<'_, S>,
        version: &str,
        crash: &Crash,
    ) -> bool {
        for step in STEPS {
            match crash.until(self.step(application, step, version, crash)).await {
                None => return false,
                Some(result) => result.unwrap_or_else(|error| panic!("{step}: {error:?}")),
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
        let store = Crashing { adapter: self.store(), crash: crash.clone() };
        let database = Crashing { adapter: self.database(), crash: crash.clone() };
        self.step_with(application, step, version, &store, &database).await
    }

    /// Runs one step with these ports instead of the real adapters.
    ///
    /// # Errors
    /// The step's.
    pub async fn step_with<S: Server>(
        &self,
        application: &Application<'_, S>,
        step: &str,
        version: &str,
        store: &dyn SecretStore,
        database: &dyn Database,
    ) -> Result<(), Error> {
        let event = RotationEvent::parse(application.event(step, version)).expect("an event");
        let topology: Option<&dyn Topology> = Some(&self.rds);
        let rotation = Rotation {
            store,
            database,
            topology,
            clock: &AMinute,
            strategy: self.strategy,
            promotion: self.promotion,
            on_idle_user_sessions: OnIdleUserSessions::default(),
            sessions_of_idle_user: &IdleUserSessions::default(),
            policy: &PasswordPolicy::default(),
            username_limit: None,
            progress: &Progress::default(),
            passwords: &PasswordsInUse::default(),
        };
        rotation::rotate(&rotation, &event).await
    }
}

/// A clock by which a minute is left, always.
struct AMinute;

#[async_trait]
impl Clock for AMinute {
    fn left(&self) -> Duration {
        Duration::from_secs(60)
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}
