//! How long a step goes on trying to sign in.
//!
//! A server that resumes, fails over or restarts holds connections, refuses or resets them, or says that it does not accept
//! any yet. A failure that does not pass by itself (TLS, a wrong password) is not tried again.

use std::time::Duration;

use rand::RngExt;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use tracing::info;

use super::context::Context;
use crate::cause::Cause;
use crate::error::CallError;
use crate::ports::SignIn;
use crate::server::Server;

/// How long the first attempt may take. Each may take twice as long as the one before: a server may hold a connection and let it
/// in once it has resumed, or hold it for nothing after it has failed over to another address.
const FIRST: Duration = Duration::from_secs(5);

/// What the last attempt leaves of the step's time, for the change itself (one transaction: 20 s at the most).
const CHANGE: Duration = Duration::from_secs(20);

/// The first pause and the longest. Each is twice the one before, give or take a quarter.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(4));

/// How long all attempts may take: with the change, under 80 % of the default timeout of 60 s, above which an alarm goes off.
const ALL: Duration = Duration::from_secs(35);

/// MySQL blocks an address after `max_connect_errors` broken handshakes in a row (100 unless set).
const MOST: usize = 10;

/// When to try again. Times are what is left of the step.
struct Patience {
    begun: Duration,
    attempts: usize,
    limit: Duration,
    pause: Duration,
}

impl Patience {
    fn new(left: Duration) -> Self {
        Self { begun: left, attempts: 0, limit: FIRST, pause: PAUSES.0 }
    }

    /// How long the attempt that begins now may take.
    fn limit(&self, left: Duration) -> Duration {
        self.limit.min(left.saturating_sub(CHANGE)).max(FIRST)
    }

    /// How long to wait after an attempt that failed; `None` if it was the last. `jitter` is from 0.75 to 1.25.
    fn pause(&mut self, cause: Option<Cause>, left: Duration, jitter: f64) -> Option<Duration> {
        let pause = self.pause.mul_f64(jitter);
        self.attempts += 1;
        (self.limit, self.pause) = (self.limit * 2, (self.pause * 2).min(PAUSES.1));
        let is_early = left >= pause + FIRST + CHANGE && self.begun.saturating_sub(left) + pause <= ALL;
        (is_early && self.attempts < most(cause)).then_some(pause)
    }
}

/// How many attempts a failure is worth.
fn most(cause: Option<Cause>) -> usize {
    match cause {
        Some(Cause::NotAnswering | Cause::ServerUnavailable) => MOST,
        // Nothing at all came back.
        Some(Cause::Unreachable | Cause::NameNotResolved) => 2,
        _ => 1,
    }
}

impl Context<'_> {
    /// Signs in, and tries again while the server may come back and what is left of the step still fits a sign-in and the change.
    pub(super) async fn patiently<S: ?Sized, F>(
        &self,
        server: &Server,
        sign_in: impl Fn() -> F,
    ) -> Result<SignIn<S>, CallError>
    where
        F: Future<Output = Result<SignIn<S>, CallError>>,
    {
        let mut patience = Patience::new(self.rotation.clock.left());
        let mut responses = Responses::default();
        loop {
            let error = match self.within(patience.limit(self.rotation.clock.left()), server, sign_in()).await
            {
                Err(error) => error,
                signed_in => return signed_in,
            };
            let jitter = UnwrapErr(SysRng).random_range(0.75..=1.25);
            let Some(pause) = patience.pause(error.cause(), self.rotation.clock.left(), jitter) else {
                return Err(responses.with(error));
            };
            info!(pause_ms = pause.as_millis(), "the server may come back; trying again: {error}");
            responses.add(&error);
            self.rotation.clock.sleep(pause).await;
        }
    }

    async fn within<S: ?Sized>(
        &self,
        limit: Duration,
        server: &Server,
        sign_in: impl Future<Output = Result<SignIn<S>, CallError>>,
    ) -> Result<SignIn<S>, CallError> {
        tokio::select! {
            result = sign_in => result,
            () = self.rotation.clock.sleep(limit) => {
                let response = format!("{} takes connections and does not respond on them", server.endpoint);
                Err(CallError::failed(Cause::NotAnswering, response))
            }
        }
    }
}

/// The responses so far, each once. Without counts and times: the same failure reads the same at every attempt of the rotation.
#[derive(Default)]
struct Responses {
    all: Vec<String>,
}

impl Responses {
    fn add(&mut self, error: &CallError) {
        if let CallError::Failed { response, .. } = error
            && !self.all.contains(response)
        {
            self.all.push(response.clone());
        }
    }

    /// The last error, with what came before it.
    fn with(self, error: CallError) -> CallError {
        let CallError::Failed { cause, response } = error else { return error };
        let before: Vec<_> = self.all.into_iter().filter(|before| *before != response).collect();
        let response = if before.is_empty() {
            response
        } else {
            format!("{response}; before that {}", before.join(", "))
        };
        CallError::Failed { cause, response }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Attempts that each take what `takes` makes of their limit, in a step that has so many seconds. Returns how many there were,
    /// and when the last one ended.
    fn tried(
        cause: Cause,
        step: u64,
        jitter: f64,
        takes: impl Fn(Duration) -> Duration,
    ) -> (usize, Duration) {
        let all = Duration::from_secs(step);
        let mut left = all;
        let mut patience = Patience::new(left);
        loop {
            left = left.saturating_sub(takes(patience.limit(left)));
            match patience.pause(Some(cause), left, jitter) {
                Some(pause) => left -= pause,
                None => return (patience.attempts, all.saturating_sub(left)),
            }
        }
    }

    const JITTERS: [f64; 3] = [0.75, 1.0, 1.25];

    #[test]
    fn a_change_still_fits_and_no_alarm_goes_off_however_long_the_attempts_take() {
        for jitter in JITTERS {
            for step in 26..=900 {
                for takes in [0, 1, 3, 7, 100] {
                    let takes = |limit: Duration| limit.min(Duration::from_secs(takes));
                    let (attempts, ended) = tried(Cause::NotAnswering, step, jitter, takes);
                    let left = Duration::from_secs(step).saturating_sub(ended);
                    assert!(
                        left >= CHANGE && attempts <= MOST,
                        "{attempts} attempts, {left:?} left of {step} s"
                    );
                    assert!(
                        step < 59 || ended < Duration::from_secs(48) || step > 60,
                        "{ended:?} of {step} s"
                    );
                }
            }
        }
    }

    #[test]
    fn a_server_is_waited_for_longer_than_a_cluster_takes_to_resume_or_fail_over() {
        for jitter in JITTERS {
            let (held, ended) = tried(Cause::NotAnswering, 59, jitter, |limit| limit);
            assert!(held == 3 && ended > Duration::from_secs(30), "{held} attempts in {ended:?}");
            let (reset, ended) = tried(Cause::NotAnswering, 59, jitter, |_| Duration::ZERO);
            assert!(reset <= MOST && ended > Duration::from_secs(15), "{reset} attempts in {ended:?}");
        }
    }

    #[test]
    fn what_does_not_pass_by_itself_is_not_tried_again_and_silence_once() {
        for (cause, attempts) in [
            (Cause::SignInRefused, 1),
            (Cause::TlsFailed, 1),
            (Cause::BeforeTls, 1),
            (Cause::Unreachable, 2),
            (Cause::NameNotResolved, 2),
        ] {
            assert_eq!(tried(cause, 59, 1.0, |_| Duration::ZERO).0, attempts, "{cause:?}");
        }
    }

    #[test]
    fn a_short_step_tries_once() {
        assert_eq!(tried(Cause::NotAnswering, 15, 1.0, |_| Duration::ZERO).0, 1);
    }
}
