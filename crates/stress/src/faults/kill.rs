//! SIGKILL of the real binary, at any instant of a step.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use super::attempts::{Next, Rotated};
use super::kill_trigger::{KillPoint, KillTrigger, Told};
use super::subject::Subject;
use super::tap::Tap;
use super::{Attempt, Fault, number_of};
use testbed::crash::Moment;
use testbed::{Application, STEPS, Setup};

/// The longest that a process lives on after its last piece of data.
const DELAY: u64 = 2_000;
/// The same for one that has just been given an event, and may have to start first.
const START: u64 = 30_000;

/// Kills the real binary, rotated by local-aws. One in three attempts is left alone.
#[derive(Debug)]
pub struct Kill {
    rng: SmallRng,
    trigger: Arc<KillTrigger>,
    taps: Vec<Tap>,
    function: String,
    /// How often it struck in each step.
    struck: [usize; 4],
}

impl Kill {
    /// Chooses by `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            rng: SmallRng::seed_from_u64(seed),
            trigger: Arc::default(),
            taps: Vec::new(),
            function: String::new(),
            struck: [0; 4],
        }
    }

    async fn kill<S: Subject>(&self, application: &Application<'_, S>) {
        application.functions.kill(&self.function).await;
        self.trigger.resume();
    }

    fn kill_point(&mut self) -> KillPoint {
        // Steps differ in length, and a long one is hit more easily.
        let step = STEPS.into_iter().min_by_key(|step| self.struck[number_of(step)]).unwrap_or(STEPS[0]);
        let chunk = self.rng.random_range(0..=self.trigger.most_of(step));
        let moment = if self.rng.random_ratio(1, 2) { Moment::Before } else { Moment::After };
        let longest = if chunk == 0 { START } else { DELAY };
        let delay = if self.rng.random_ratio(1, 2) { 0 } else { self.rng.random_range(0..=longest) };
        KillPoint { step, chunk, moment, delay: Duration::from_micros(delay) }
    }
}

#[async_trait]
impl<S: Subject> Fault<S> for Kill {
    fn name(&self) -> &'static str {
        "kill -9"
    }

    async fn application<'a>(&mut self, server: &'a S, setup: Setup<'_>) -> Application<'a, S> {
        let (store, database) = (Tap::start(&self.trigger).await, Tap::start(&self.trigger).await);
        let endpoint = format!("http://127.0.0.1:{}", store.port);
        let mut setup = Setup { fields: json!({"port": database.port}), ..setup };
        setup.environment.push(("SECRETS_MANAGER_ENDPOINT", &endpoint));
        database.leads_to(server.port());
        self.function = setup.function.to_owned();
        let application = Application::start(server, setup).await;
        let (_, port) = application
            .local
            .url()
            .rsplit_once(':')
            .map(|(host, port)| (host.to_owned(), port.to_owned()))
            .expect("a port");
        store.leads_to(port.parse().expect("a port"));
        application.lead_superuser_to(database.port).await;
        application.functions.tell(Arc::new(Told(Arc::clone(&self.trigger))));
        self.taps = vec![store, database];
        application
    }

    async fn attempt(&mut self, application: &Application<'_, S>) -> Attempt {
        let kill_point = self.rng.random_ratio(2, 3).then(|| self.kill_point());
        let next = Next::of(application).await;
        self.trigger.arm(kill_point);
        let mut rotating = Box::pin(next.run(application));
        let ended = tokio::select! {
            ended = &mut rotating => ended,
            () = self.trigger.fired() => {
                self.kill(application).await;
                rotating.await
            }
        };
        self.trigger.disarm();
        // After its last answer.
        if self.trigger.has_fired() {
            self.kill(application).await;
        }
        let killed = matches!(&ended, Rotated::Failed { words, .. } if words == "signal: killed");
        let attempt = ended.blamed_on(if killed { &["Runtime.ExitError"] } else { &[] }, application).await;
        if let Attempt::Struck(step) = &attempt {
            self.struck[number_of(step)] += 1;
        }
        attempt
    }
}
