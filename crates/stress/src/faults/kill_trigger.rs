//! When a process is killed: after a number of chunks of data on its connections, counted within a step.
//!
//! A chunk is what one read of a socket returns: a request, a response, a statement, a part of a handshake. Counting chunks
//! spreads kills over all calls of a step, however long each takes. Data is held back from the chosen instant until the
//! process is dead, so that the instant is exact, however long the signal takes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;

use testbed::crash::Moment;
use testbed::functions::EventListener;

/// How many chunks a step is assumed to have before it ran once.
const UNKNOWN: usize = 30;

/// The instant of a kill.
#[derive(Clone, Debug)]
pub(super) struct KillPoint {
    pub(super) step: &'static str,
    /// The number of the chunk within the step; 0 is the arrival of the event.
    pub(super) chunk: usize,
    /// Whether that chunk still arrives.
    pub(super) moment: Moment,
    /// How long after the chunk; only if it arrives.
    pub(super) delay: Duration,
}

/// Counts chunks, and triggers at the kill point.
#[derive(Debug, Default)]
pub(super) struct KillTrigger {
    state: Mutex<State>,
    /// Whether it has triggered. Until the process is dead no data passes.
    triggered: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct State {
    kill_point: Option<KillPoint>,
    /// Whether the kill point was reached and its delay is running.
    is_due: bool,
    step: String,
    chunks: usize,
    /// The most chunks that each step has had.
    most: HashMap<String, usize>,
}

/// What happens to a chunk.
pub(super) enum Passage {
    Passes,
    /// It passes, and starts the delay.
    PassesAndKills(Duration),
    Dropped,
}

impl KillTrigger {
    /// Sets the kill point, until [`Self::clear`].
    pub(super) fn set(&self, kill_point: Option<KillPoint>) {
        self.state().kill_point = kill_point;
    }

    pub(super) fn clear(&self) {
        let mut state = self.state();
        (state.kill_point, state.is_due) = (None, false);
    }

    /// Waits until the process is to be killed.
    pub(super) async fn until_triggered(&self) {
        self.wait_until(true).await;
    }

    /// Whether the process is to be killed.
    pub(super) fn is_triggered(&self) -> bool {
        *self.triggered.borrow()
    }

    /// To be called when the process is dead: drops what was held back, and lets new data pass.
    pub(super) fn resume(&self) {
        self.triggered.send_replace(false);
    }

    /// Waits until the process is dead.
    pub(super) async fn until_resumed(&self) {
        self.wait_until(false).await;
    }

    async fn wait_until(&self, triggered: bool) {
        let changed = self.triggered.subscribe().wait_for(|now| *now == triggered).await.map(|_| ());
        changed.expect("the sender is here");
    }

    /// The most chunks that this step has had.
    pub(super) fn most_chunks_of(&self, step: &str) -> usize {
        self.state().most.get(step).copied().unwrap_or(UNKNOWN)
    }

    /// Counts a chunk, and decides whether it passes.
    pub(super) fn count_chunk(&self) -> Passage {
        let mut state = self.state();
        if self.is_triggered() {
            return Passage::Dropped;
        }
        state.chunks += 1;
        let (chunks, step) = (state.chunks, state.step.clone());
        let most = state.most.entry(step).or_default();
        *most = chunks.max(*most);
        let Some(kill_point) = state.take_due() else { return Passage::Passes };
        if kill_point.moment == Moment::After {
            return Passage::PassesAndKills(kill_point.delay);
        }
        self.trigger(state);
        Passage::Dropped
    }

    /// Triggers after `delay`, which is shorter than tokio's timer can measure.
    pub(super) fn start_delay(self: &Arc<Self>, delay: Duration) {
        if delay.is_zero() {
            return self.trigger(self.state());
        }
        let trigger = Arc::clone(self);
        tokio::task::spawn_blocking(move || {
            std::thread::sleep(delay);
            trigger.trigger(trigger.state());
        });
    }

    fn trigger(&self, mut state: MutexGuard<'_, State>) {
        // `clear` may have been called during the delay.
        if state.is_due {
            state.is_due = false;
            self.triggered.send_replace(true);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder panics")
    }
}

impl State {
    /// Takes the kill point, if this chunk is the chosen one.
    fn take_due(&mut self) -> Option<KillPoint> {
        let (step, chunks) = (&self.step, self.chunks);
        let kill_point =
            self.kill_point.take_if(|kill_point| kill_point.step == step && kill_point.chunk == chunks)?;
        self.is_due = true;
        Some(kill_point)
    }
}

/// Starts a new count of chunks at each event.
#[derive(Debug)]
pub(super) struct TriggerOnEvent(pub(super) Arc<KillTrigger>);

impl EventListener for TriggerOnEvent {
    fn event(&self, event: &Value) {
        let mut state = self.0.state();
        (state.step, state.chunks) = (event["Step"].as_str().unwrap_or_default().to_owned(), 0);
        let due = state.take_due();
        drop(state);
        if let Some(kill_point) = due {
            self.0.start_delay(kill_point.delay);
        }
    }
}
