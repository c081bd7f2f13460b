//! SIGKILL of the real binary, at any instant of a step.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;

use super::checks::holder;
use super::dice::Dice;
use super::fuse::{Fuse, Shot, Told};
use super::subject::Subject;
use super::tap::Tap;
use super::{Attempt, Fault, number_of};
use crate::crash::Moment;
use crate::{Application, STEPS, Setup};

/// The longest that a process lives on after its last piece of data.
const DELAY: u32 = 2_000;
/// The same for one that has just been given an event, and may have to start first.
const START: u32 = 30_000;

/// Kills the real binary, rotated by local-aws. Every second attempt, more or less, is left alone.
#[derive(Debug)]
pub struct KillNine {
    dice: Dice,
    package: Option<PathBuf>,
    fuse: Arc<Fuse>,
    taps: Vec<Tap>,
    function: String,
    /// How often it struck in each step.
    struck: [usize; 4],
    /// The last attempt was cut short.
    is_incomplete: bool,
}

impl KillNine {
    /// Chooses by `dice`. The binary is `package/NAME/bootstrap`, or the one that cargo builds for tests.
    #[must_use]
    pub fn new(dice: Dice, package: Option<PathBuf>) -> Self {
        Self {
            dice,
            package,
            fuse: Arc::default(),
            taps: Vec::new(),
            function: String::new(),
            struck: [0; 4],
            is_incomplete: false,
        }
    }

    /// Whether the version of the last event is AWSCURRENT.
    async fn is_current<S: Subject>(&self, application: &Application<'_, S>) -> bool {
        holder(application, "AWSCURRENT").await == Some(self.fuse.version())
    }

    /// The service's own retry, with the same token: `RotateSecret` would begin another rotation.
    async fn repeat<S: Subject>(&self, application: &Application<'_, S>) -> Attempt {
        let version = self.fuse.version();
        for step in STEPS {
            if let Err(error) = application.step(step, &version).await {
                return Attempt::Failed(format!("{step}: {}", error.error_message));
            }
        }
        Attempt::Completed(version)
    }

    async fn kill<S: Subject>(&self, application: &Application<'_, S>) {
        application.functions.kill(&self.function).await;
        self.fuse.thaw();
    }

    fn shot(&mut self) -> Shot {
        // Steps differ in length, and a long one is hit more easily.
        let step = STEPS.into_iter().min_by_key(|step| self.struck[number_of(step)]).unwrap_or(STEPS[0]);
        let most = u32::try_from(self.fuse.most_of(step)).expect("a step is short");
        let piece = self.dice.between(0..=most) as usize;
        let moment = self.dice.one_of(&[Moment::Before, Moment::After]);
        let longest = if piece == 0 { START } else { DELAY };
        let delay = if self.dice.one_in(2) { 0 } else { self.dice.between(0..=longest) };
        Shot { step, piece, moment, delay: Duration::from_micros(delay.into()) }
    }
}

#[async_trait]
impl<S: Subject> Fault<S> for KillNine {
    fn name(&self) -> &'static str {
        "kill -9"
    }

    async fn application<'a>(&mut self, server: &'a S, setup: Setup<'_>) -> Application<'a, S> {
        let (store, database) = (Tap::start(&self.fuse).await, Tap::start(&self.fuse).await);
        let endpoint = format!("http://127.0.0.1:{}", store.port);
        let mut setup = Setup { fields: json!({"port": database.port}), ..setup };
        setup.environment.push(("SECRETS_MANAGER_ENDPOINT", &endpoint));
        database.leads_to(server.on_port());
        self.function = setup.function.to_owned();
        let application = Application::start(server, setup.clone()).await;
        let (_, port) = application
            .local
            .url()
            .rsplit_once(':')
            .map(|(host, port)| (host.to_owned(), port.to_owned()))
            .expect("a port");
        store.leads_to(port.parse().expect("a port"));
        if let Some(package) = &self.package {
            let program = package.join(setup.function).join("bootstrap");
            application.functions.add_program(setup.function, program, &setup.environment, setup.timeout);
        }
        let mut superuser = server.superuser_secret().await;
        superuser["port"] = json!(database.port);
        let put = application.client.put_secret_value().secret_id(&application.superuser_arn);
        put.secret_string(superuser.to_string()).send().await.expect("PutSecretValue is accepted");
        application.functions.tell(Arc::new(Told(Arc::clone(&self.fuse))));
        self.taps = vec![store, database];
        application
    }

    async fn attempt(&mut self, application: &Application<'_, S>) -> Attempt {
        if std::mem::take(&mut self.is_incomplete) && self.is_current(application).await {
            return self.repeat(application).await;
        }
        let shot = self.dice.between(1..=3) > 1;
        let shot = shot.then(|| self.shot());
        self.fuse.arm(shot);
        let mut rotating = Box::pin(application.rotate());
        let rotation = tokio::select! {
            rotation = &mut rotating => rotation,
            () = self.fuse.burnt() => {
                self.kill(application).await;
                rotating.await
            }
        };
        self.fuse.disarm();
        // After its last answer.
        if self.fuse.has_burnt() {
            self.kill(application).await;
        }
        if rotation.succeeded {
            return Attempt::Completed(self.fuse.version());
        }
        let last = rotation.attempts.last().and_then(|attempt| attempt.steps.last());
        let failed = last.and_then(|step| step.outcome.as_ref().err().map(|error| (step.step.name(), error)));
        match failed {
            Some((step, error)) if error.message == "signal: killed" => {
                self.is_incomplete = true;
                self.struck[number_of(step)] += 1;
                Attempt::Struck(step)
            }
            Some((step, error)) => Attempt::Failed(format!("{step}: {}", error.message)),
            None => Attempt::Failed("no step was run".to_owned()),
        }
    }

    async fn late(&mut self, application: &Application<'_, S>, step: &str, version: &str) -> bool {
        application.step(step, version).await.is_ok()
    }
}
