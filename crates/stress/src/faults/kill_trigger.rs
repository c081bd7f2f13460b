//! When a process is to die: after so many pieces of data on its wires, counted within a step.
//!
//! A piece is what one read of a socket brings: a request, an answer, a statement, a part of a handshake. Counted
//! by pieces, kills lie spread over a step's calls, however long each of them takes. A wire that stands still until
//! the process is dead makes the instant exact, however long the signal takes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;

use testbed::crash::Moment;
use testbed::functions::Listener;

/// How many pieces a step is taken to have before it ran once.
const UNKNOWN: usize = 30;

/// The instant of a death.
#[derive(Clone, Debug)]
pub(super) struct KillPoint {
    pub(super) step: &'static str,
    /// The number of the piece within the step; 0 is the arrival of the event.
    pub(super) chunk: usize,
    /// Whether that piece still arrives.
    pub(super) moment: Moment,
    /// How long after it; only for those that arrive.
    pub(super) delay: Duration,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct KillTrigger {
    state: Mutex<State>,
    /// Nothing passes the wires.
    frozen: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct State {
    kill_point: Option<KillPoint>,
    /// The shot has been fired, and its delay runs.
    lit: bool,
    step: String,
    chunks: usize,
    /// The most pieces that each step has had.
    most: HashMap<String, usize>,
}

/// What becomes of a piece.
pub(super) enum Passage {
    Passes,
    /// It arrives, and the fuse is to be lit.
    PassesAndTriggers(Duration),
    Never,
}

impl KillTrigger {
    /// From here on until [`Self::disarm`].
    pub(super) fn arm(&self, kill_point: Option<KillPoint>) {
        self.state().kill_point = kill_point;
    }

    pub(super) fn disarm(&self) {
        let mut state = self.state();
        (state.kill_point, state.lit) = (None, false);
    }

    /// Waits until the process is to die.
    pub(super) async fn fired(&self) {
        self.becomes(true).await;
    }

    /// Whether the process is to die.
    pub(super) fn has_fired(&self) -> bool {
        *self.frozen.borrow()
    }

    /// The process is dead: what was held is dropped, and what is new passes.
    pub(super) fn resume(&self) {
        self.frozen.send_replace(false);
    }

    /// Waits until the process is dead.
    pub(super) async fn resumed(&self) {
        self.becomes(false).await;
    }

    async fn becomes(&self, frozen: bool) {
        let changed = self.frozen.subscribe().wait_for(|now| *now == frozen).await.map(|_| ());
        changed.expect("the sender is here");
    }

    /// How many pieces this step has had at most.
    pub(super) fn most_of(&self, step: &str) -> usize {
        self.state().most.get(step).copied().unwrap_or(UNKNOWN)
    }

    /// Counts a piece.
    pub(super) fn chunk(&self) -> Passage {
        let mut state = self.state();
        if self.has_fired() {
            return Passage::Never;
        }
        state.chunks += 1;
        let (chunks, step) = (state.chunks, state.step.clone());
        let most = state.most.entry(step).or_default();
        *most = chunks.max(*most);
        let Some(kill_point) = state.due() else { return Passage::Passes };
        if kill_point.moment == Moment::After {
            return Passage::PassesAndTriggers(kill_point.delay);
        }
        self.freeze(state);
        Passage::Never
    }

    /// Burns for `delay`; a shorter one than a timer of tokio can tell.
    pub(super) fn start_delay(self: &Arc<Self>, delay: Duration) {
        if delay.is_zero() {
            return self.freeze(self.state());
        }
        let trigger = Arc::clone(self);
        tokio::task::spawn_blocking(move || {
            std::thread::sleep(delay);
            trigger.freeze(trigger.state());
        });
    }

    fn freeze(&self, mut state: MutexGuard<'_, State>) {
        // Whoever disarmed it meanwhile wants nobody dead.
        if state.lit {
            state.lit = false;
            self.frozen.send_replace(true);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics here")
    }
}

impl State {
    /// The shot, if this is its piece.
    fn due(&mut self) -> Option<KillPoint> {
        let (step, chunks) = (&self.step, self.chunks);
        let kill_point =
            self.kill_point.take_if(|kill_point| kill_point.step == step && kill_point.chunk == chunks)?;
        self.lit = true;
        Some(kill_point)
    }
}

/// A fuse that is told of events by the functions.
#[derive(Debug)]
pub(super) struct Told(pub(super) Arc<KillTrigger>);

impl Listener for Told {
    fn event(&self, event: &Value) {
        let mut state = self.0.state();
        (state.step, state.chunks) = (event["Step"].as_str().unwrap_or_default().to_owned(), 0);
        let due = state.due();
        drop(state);
        if let Some(kill_point) = due {
            self.0.start_delay(kill_point.delay);
        }
    }
}
