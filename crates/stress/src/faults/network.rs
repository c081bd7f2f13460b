//! Connections to the database that are closed, dead, silent or slow.

use std::time::Duration;

use async_trait::async_trait;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::attempts::Next;
use super::injector::{Attempt, FaultInjector};
use super::subject::Subject;
use testbed::fault_proxy::{End, Fault, FaultProxy};
use testbed::{Application, Setup};

/// A step that receives no response gives up before this.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How many bytes a rotation is assumed to send and receive before the first one is counted.
const UNKNOWN: [usize; 2] = [4_000, 8_000];
/// The errors of a function on such a network, or at a lock that an abandoned session still holds.
const CLASSES: [&str; 5] = ["Unreachable", "Deadline", "Protocol", "TlsFailed", "LockTimeout"];
/// How many attempts may meet such a lock: the server ends an abandoned session after 10 s.
const ATTEMPTS: usize = 10;

/// A network fault at any byte. One in three attempts is not interrupted.
#[derive(Debug)]
pub struct NetworkFault {
    rng: SmallRng,
    proxy: Option<FaultProxy>,
    /// The most bytes that a rotation has sent and received.
    most: [usize; 2],
}

impl NetworkFault {
    /// Chooses by `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { rng: SmallRng::seed_from_u64(seed), proxy: None, most: UNKNOWN }
    }

    /// Most connections are closed, which takes no time.
    fn fault(&mut self) -> Fault {
        let [sent, answered] = self.most.map(|most| self.rng.random_range(1..=most));
        let end = if self.rng.random_ratio(1, 10) { End::Dead } else { End::Closed };
        match self.rng.random_range(0..40) {
            0 => Fault::Silent,
            1 => Fault::Crawls,
            choice if choice % 2 == 0 => Fault::After { sent, answered: usize::MAX, end },
            _ => Fault::After { sent: usize::MAX, answered, end },
        }
    }

    fn proxy(&self) -> &FaultProxy {
        self.proxy.as_ref().expect("an application was started")
    }

    fn passed(&self) -> [usize; 2] {
        [self.proxy().bytes(), self.proxy().answered()]
    }

    /// Rotates without a new fault. An earlier one may have left a lock on the server.
    async fn without_fault<S: Subject>(&mut self, application: &Application<'_, S>) -> Attempt {
        let before = self.passed();
        let mut attempt = Attempt::Interrupted("");
        for _attempt in 0..ATTEMPTS {
            let Attempt::Interrupted(_) = attempt else { break };
            let next = Next::of(application).await;
            attempt =
                next.run(application).await.attributed_to(&["LockTimeout", "Deadline"], application).await;
        }
        let after = self.passed();
        for (most, (after, before)) in self.most.iter_mut().zip(after.into_iter().zip(before)) {
            *most = (*most).max(after - before);
        }
        match attempt {
            Attempt::Interrupted(step) => Attempt::Failed(format!("{step} failed {ATTEMPTS} times")),
            ended @ (Attempt::Completed(_) | Attempt::Failed(_)) => ended,
        }
    }
}

#[async_trait]
impl<S: Subject> FaultInjector<S> for NetworkFault {
    fn name(&self) -> &'static str {
        "network"
    }

    fn steps(&self) -> &'static [&'static str] {
        // The others need no database.
        &["setSecret", "testSecret"]
    }

    async fn application<'a>(&mut self, server: &'a S, setup: Setup<'_>) -> Application<'a, S> {
        let proxy = FaultProxy::to(server.port(), Fault::None).await;
        let setup = Setup { timeout: TIMEOUT, ..setup };
        let application = Application::through_proxy(server, &proxy, setup).await;
        self.proxy = Some(proxy);
        application
    }

    async fn attempt(&mut self, application: &Application<'_, S>) -> Attempt {
        if self.rng.random_ratio(1, 3) {
            return self.without_fault(application).await;
        }
        let fault = self.fault();
        self.proxy().becomes(fault);
        let ended = Next::of(application).await.run(application).await;
        self.proxy().becomes(Fault::None);
        ended.attributed_to(&CLASSES, application).await
    }
}
