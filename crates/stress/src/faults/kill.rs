//! SIGKILL of a function's real binary, at any instant of a step.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use super::attempts::{Next, Outcome};
use super::counting_proxy::CountingProxy;
use super::injector::{Attempt, FaultInjector, number_of};
use super::kill_trigger::{KillPoint, KillTrigger, TriggerOnEvent};
use super::subject::Subject;
use testbed::crash::Moment;
use testbed::{Application, STEPS, Setup};

/// The longest delay between a chunk of data and the kill, in microseconds.
const DELAY: u64 = 2_000;
/// The longest delay between the event and the kill, in microseconds: the process may have to start first.
const START: u64 = 30_000;

/// Kills the real binary, which local-aws calls. One in three attempts is not interrupted.
#[derive(Debug)]
pub struct Kill {
    rng: SmallRng,
    trigger: Arc<KillTrigger>,
    proxies: Vec<CountingProxy>,
    function: String,
    /// How often each step was interrupted.
    interruptions: [usize; 4],
}

impl Kill {
    /// Chooses by `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            rng: SmallRng::seed_from_u64(seed),
            trigger: Arc::default(),
            proxies: Vec::new(),
            function: String::new(),
            interruptions: [0; 4],
        }
    }

    async fn kill<S: Subject>(&self, application: &Application<'_, S>) {
        application.functions.kill(&self.function).await;
        self.trigger.resume();
    }

    fn kill_point(&mut self) -> KillPoint {
        // A long step would be hit more often than a short one.
        let step =
            STEPS.into_iter().min_by_key(|step| self.interruptions[number_of(step)]).unwrap_or(STEPS[0]);
        let chunk = self.rng.random_range(0..=self.trigger.most_chunks_of(step));
        let moment = if self.rng.random_ratio(1, 2) { Moment::Before } else { Moment::After };
        let longest = if chunk == 0 { START } else { DELAY };
        let delay = if self.rng.random_ratio(1, 2) { 0 } else { self.rng.random_range(0..=longest) };
        KillPoint { step, chunk, moment, delay: Duration::from_micros(delay) }
    }
}

#[async_trait]
impl<S: Subject> FaultInjector<S> for Kill {
    fn name(&self) -> &'static str {
        "kill -9"
    }

    async fn application<'a>(&mut self, server: &'a S, setup: Setup<'_>) -> Application<'a, S> {
        let (store, database) =
            (CountingProxy::start(&self.trigger).await, CountingProxy::start(&self.trigger).await);
        let endpoint = format!("http://127.0.0.1:{}", store.port);
        let mut setup = Setup { fields: json!({"port": database.port}), ..setup };
        setup.environment.push(("SECRETS_MANAGER_ENDPOINT", &endpoint));
        database.set_target(server.port());
        self.function = setup.function.to_owned();
        let application = Application::start(server, setup).await;
        let (_, port) = application
            .local
            .url()
            .rsplit_once(':')
            .map(|(host, port)| (host.to_owned(), port.to_owned()))
            .expect("a port");
        store.set_target(port.parse().expect("a port"));
        application.set_superuser_port(database.port).await;
        application.functions.set_listener(Arc::new(TriggerOnEvent(Arc::clone(&self.trigger))));
        self.proxies = vec![store, database];
        application
    }

    async fn attempt(&mut self, application: &Application<'_, S>) -> Attempt {
        let kill_point = self.rng.random_ratio(2, 3).then(|| self.kill_point());
        let next = Next::of(application).await;
        self.trigger.set(kill_point);
        let mut rotating = Box::pin(next.run(application));
        let ended = tokio::select! {
            ended = &mut rotating => ended,
            () = self.trigger.until_triggered() => {
                self.kill(application).await;
                rotating.await
            }
        };
        self.trigger.clear();
        // It can trigger after the last response.
        if self.trigger.is_triggered() {
            self.kill(application).await;
        }
        let killed = matches!(&ended, Outcome::Failed { message, .. } if message == "signal: killed");
        let attempt =
            ended.attributed_to(if killed { &["Runtime.ExitError"] } else { &[] }, application).await;
        if let Attempt::Interrupted(step) = &attempt {
            self.interruptions[number_of(step)] += 1;
        }
        attempt
    }
}
