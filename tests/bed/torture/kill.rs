//! SIGKILL of the real binary, at any instant of a step.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use super::attempts::{Next, Rotated};
use super::fuse::{Fuse, Shot, Told};
use super::subject::Subject;
use super::tap::Tap;
use super::{Attempt, Fault, number_of};
use crate::crash::Moment;
use crate::{Application, STEPS, Setup};

/// The longest that a process lives on after its last piece of data.
const DELAY: u64 = 2_000;
/// The same for one that has just been given an event, and may have to start first.
const START: u64 = 30_000;

/// Kills the real binary, rotated by local-aws. One in three attempts is left alone.
#[derive(Debug)]
pub struct KillNine {
    rng: SmallRng,
    fuse: Arc<Fuse>,
    taps: Vec<Tap>,
    function: String,
    /// How often it struck in each step.
    struck: [usize; 4],
}

impl KillNine {
    /// Chooses by `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            rng: SmallRng::seed_from_u64(seed),
            fuse: Arc::default(),
            taps: Vec::new(),
            function: String::new(),
            struck: [0; 4],
        }
    }

    async fn kill<S: Subject>(&self, application: &Application<'_, S>) {
        application.functions.kill(&self.function).await;
        self.fuse.thaw();
    }

    fn shot(&mut self) -> Shot {
        // Steps differ in length, and a long one is hit more easily.
        let step = STEPS.into_iter().min_by_key(|step| self.struck[number_of(step)]).unwrap_or(STEPS[0]);
        let piece = self.rng.random_range(0..=self.fuse.most_of(step));
        let moment = if self.rng.random_ratio(1, 2) { Moment::Before } else { Moment::After };
        let longest = if piece == 0 { START } else { DELAY };
        let delay = if self.rng.random_ratio(1, 2) { 0 } else { self.rng.random_range(0..=longest) };
        Shot { step, piece, moment, delay: Duration::from_micros(delay) }
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
        application.functions.tell(Arc::new(Told(Arc::clone(&self.fuse))));
        self.taps = vec![store, database];
        application
    }

    async fn attempt(&mut self, application: &Application<'_, S>) -> Attempt {
        let shot = self.rng.random_ratio(2, 3).then(|| self.shot());
        let next = Next::of(application).await;
        self.fuse.arm(shot);
        let mut rotating = Box::pin(next.run(application));
        let ended = tokio::select! {
            ended = &mut rotating => ended,
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
        let killed = matches!(&ended, Rotated::Failed { words, .. } if words == "signal: killed");
        let attempt = ended.blamed_on(if killed { &["Runtime.ExitError"] } else { &[] }, application).await;
        if let Attempt::Struck(step) = &attempt {
            self.struck[number_of(step)] += 1;
        }
        attempt
    }
}
