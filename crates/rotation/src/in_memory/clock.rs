//! Time that passes only where somebody waits.

use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;

use crate::ports::Clock;

/// How often a wait lets others go on before time passes: no call in memory takes as long.
const POLLS: usize = 64;

/// A clock that all adapters of a test share.
#[derive(Debug, Clone)]
pub(crate) struct FakeClock {
    now: Arc<Mutex<Duration>>,
    deadline: Duration,
}

impl FakeClock {
    /// So much is left at the start.
    pub(super) fn with(deadline: Duration) -> Self {
        Self { now: Arc::default(), deadline }
    }

    /// What has passed.
    pub(crate) fn now(&self) -> Duration {
        *self.now.lock().expect("the clock")
    }

    pub(crate) fn advance(&self, duration: Duration) {
        *self.now.lock().expect("the clock") += duration;
    }
}

#[async_trait]
impl Clock for FakeClock {
    fn left(&self) -> Duration {
        self.deadline.saturating_sub(self.now())
    }

    async fn sleep(&self, duration: Duration) {
        for _ in 0..POLLS {
            let_others_go_on().await;
        }
        self.advance(duration);
    }
}

/// Lets concurrent runs take their next call in turn.
pub(super) async fn let_others_go_on() {
    let mut waited = false;
    poll_fn(move |context| {
        if std::mem::replace(&mut waited, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
