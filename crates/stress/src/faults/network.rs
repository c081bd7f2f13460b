//! A network to the database that is cut, dies, is silent or crawls.

use std::time::Duration;

use async_trait::async_trait;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::attempts::Next;
use super::subject::Subject;
use super::{Attempt, Fault};
use testbed::fault_proxy::{self, FaultProxy};
use testbed::{Application, Setup};

/// A step that gets no answer gives up before.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How many bytes a rotation is taken to send and get before one was made.
const UNKNOWN: [usize; 2] = [4_000, 8_000];
/// What a function says of such a network, or of the lock of a session that was left without a word.
const CLASSES: [&str; 5] = ["Unreachable", "Deadline", "Protocol", "TlsFailed", "LockTimeout"];
/// A server gives such a session up after 10 s: so many attempts may meet it.
const PATIENCE: usize = 10;

/// A fault on the wire at any byte; one in three attempts is left alone.
#[derive(Debug)]
pub struct Network {
    rng: SmallRng,
    proxy: Option<FaultProxy>,
    /// The most bytes that a rotation has sent and got.
    most: [usize; 2],
}

impl Network {
    /// Chooses by `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { rng: SmallRng::seed_from_u64(seed), proxy: None, most: UNKNOWN }
    }

    /// Most are cuts: they cost no time.
    fn fault(&mut self) -> fault_proxy::Fault {
        let [sent, answered] = self.most.map(|most| self.rng.random_range(1..=most));
        let end =
            if self.rng.random_ratio(1, 10) { fault_proxy::End::Dead } else { fault_proxy::End::Closed };
        match self.rng.random_range(0..40) {
            0 => fault_proxy::Fault::Silent,
            1 => fault_proxy::Fault::Crawls,
            choice if choice % 2 == 0 => fault_proxy::Fault::After { sent, answered: usize::MAX, end },
            _ => fault_proxy::Fault::After { sent: usize::MAX, answered, end },
        }
    }

    fn proxy(&self) -> &FaultProxy {
        self.proxy.as_ref().expect("an application was started")
    }

    fn passed(&self) -> [usize; 2] {
        [self.proxy().bytes(), self.proxy().answered()]
    }

    /// With nothing on the wire but what an earlier fault left on the server.
    async fn left_alone<S: Subject>(&mut self, application: &Application<'_, S>) -> Attempt {
        let before = self.passed();
        let mut attempt = Attempt::Struck("");
        for _attempt in 0..PATIENCE {
            let Attempt::Struck(_) = attempt else { break };
            let next = Next::of(application).await;
            attempt = next.run(application).await.blamed_on(&["LockTimeout", "Deadline"], application).await;
        }
        let after = self.passed();
        for (most, (after, before)) in self.most.iter_mut().zip(after.into_iter().zip(before)) {
            *most = (*most).max(after - before);
        }
        match attempt {
            Attempt::Struck(step) => Attempt::Failed(format!("{step} failed {PATIENCE} times")),
            ended @ (Attempt::Completed(_) | Attempt::Failed(_)) => ended,
        }
    }
}

#[async_trait]
impl<S: Subject> Fault<S> for Network {
    fn name(&self) -> &'static str {
        "network"
    }

    fn steps(&self) -> &'static [&'static str] {
        // The others need no database.
        &["setSecret", "testSecret"]
    }

    async fn application<'a>(&mut self, server: &'a S, setup: Setup<'_>) -> Application<'a, S> {
        let proxy = FaultProxy::to(server.port(), fault_proxy::Fault::None).await;
        let setup = Setup { timeout: TIMEOUT, ..setup };
        let application = Application::through_proxy(server, &proxy, setup).await;
        self.proxy = Some(proxy);
        application
    }

    async fn attempt(&mut self, application: &Application<'_, S>) -> Attempt {
        if self.rng.random_ratio(1, 3) {
            return self.left_alone(application).await;
        }
        let fault = self.fault();
        self.proxy().becomes(fault);
        let ended = Next::of(application).await.run(application).await;
        self.proxy().becomes(fault_proxy::Fault::None);
        ended.blamed_on(&CLASSES, application).await
    }
}
