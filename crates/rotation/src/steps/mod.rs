//! The four steps, one file each: load, already done?, refuse, act.

mod alternate;
mod create_secret;
mod finish_secret;
mod other_versions;
mod patience;
mod set_secret;
mod superuser;
mod test_secret;

pub(crate) use create_secret::create_secret;
pub(crate) use finish_secret::finish_secret;
pub(crate) use set_secret::set_secret;
pub(crate) use test_secret::test_secret;

use std::fmt::Display;
use std::time::Duration;

use rand::RngExt;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use tracing::info;

use crate::cause::Cause;
use crate::error::{CallError, Error, Refusal};
use crate::ports::{SignIn, UserSession, Wanted};
use crate::server::Server;
use crate::versions::{Versions, in_words};
use crate::{Rotation, RotationEvent, Secret, SecretText, Stage, Username};

/// The longest pause before a throttled write is tried again, and how much of the time that is left it leaves for that
/// try, which the store itself repeats after pauses, and for the answer.
const PAUSE: Duration = Duration::from_secs(2);
const RESERVE: Duration = Duration::from_secs(5);

/// How often a step signs in with versions of the secret, AWSCURRENT's own included: each failure may count towards a lock.
const SIGN_INS: usize = 5;

/// What the steps have in common: reads and writes with their context, and the checks on what was read.
impl Rotation<'_> {
    async fn describe(&self, event: &RotationEvent) -> Result<Versions, Error> {
        let secret = &event.secret_id;
        self.progress.of(format!("describe {secret}"), self.store.describe(secret)).await
    }

    async fn value(&self, event: &RotationEvent, stage: Stage) -> Result<Option<SecretText>, Error> {
        let wanted = match stage {
            Stage::Pending => Wanted::Pending(&event.version_id),
            Stage::Current | Stage::Previous => Wanted::Labelled(stage),
        };
        let doing = format!("read the {}", in_words(stage, &event.secret_id));
        self.progress.of(doing, self.store.value(&event.secret_id, wanted)).await
    }

    /// All rotations of an account and region share one limit of writes. Where a write is throttled, it is tried again
    /// while there is time: a step that gave up would be run again from the first on, with more writes.
    async fn write<T, F>(&self, doing: impl Into<String>, call: impl Fn() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, CallError>>,
    {
        let patient = async {
            loop {
                let answer = call().await;
                if !matches!(&answer, Err(error) if error.cause() == Some(Cause::Throttled)) {
                    return answer;
                }
                // By lot, so that those who were turned away together do not come back together.
                let pause = UnwrapErr(SysRng).random_range(Duration::ZERO..=PAUSE);
                if self.clock.left() < pause + RESERVE {
                    return answer;
                }
                info!(pause_ms = pause.as_millis(), "Secrets Manager throttles; the write is tried again");
                self.clock.sleep(pause).await;
            }
        };
        self.progress.of(doing, patient).await
    }

    /// Reads a version's fields; `missing` says what it means that there is no value.
    fn parse(
        &self,
        event: &RotationEvent,
        stage: Stage,
        text: Option<SecretText>,
        missing: Refusal,
    ) -> Result<Secret, Error> {
        let text = text.ok_or(missing)?;
        self.parse_named(&text, &in_words(stage, &event.secret_id))
    }

    /// `which` names the version, as in "AWSCURRENT version of ARN".
    fn parse_named(&self, text: &SecretText, which: &str) -> Result<Secret, Error> {
        let secret = Secret::parse(text, which, self.database.engines())?;
        self.passwords.remember(&secret.password);
        self.check_name(&secret.username, &secret.engine)?;
        Ok(secret)
    }

    fn check_name(&self, user: &Username, engine: &str) -> Result<(), Error> {
        let too_long = || {
            let limit = self.username_limit.filter(|limit| user.0.chars().count() > *limit)?;
            Some(format!("is longer than {limit} characters, the USERNAME_CHARACTER_LIMIT"))
        };
        match self.database.username_error(user, engine).map(String::from).or_else(too_long) {
            Some(why) => Err(Refusal::UsernameNotAllowed { username: user.clone(), why }.into()),
            None => Ok(()),
        }
    }

    /// Signs in with the user and password of a version, which `name` says.
    async fn sign_in(
        &self,
        server: &Server,
        version: &Secret,
        name: impl Display,
    ) -> Result<SignIn<dyn UserSession>, Error> {
        let sign_in = || self.database.sign_in(server, &version.username, &version.password);
        self.sign_in_by(server, version, name, sign_in).await
    }

    /// The same by a call of its own.
    async fn sign_in_by<S: ?Sized, F>(
        &self,
        server: &Server,
        version: &Secret,
        name: impl Display,
        sign_in: impl Fn() -> F,
    ) -> Result<SignIn<S>, Error>
    where
        F: Future<Output = Result<SignIn<S>, CallError>>,
    {
        let user = &version.username;
        let doing = format!("sign in to {} as {user} with the password of {name}", server.endpoint);
        self.progress.of(doing, self.patiently(server, sign_in)).await
    }

    /// Ends a session by `close`. Errors are ignored: the work is done.
    async fn close(&self, close: impl Future<Output = ()>) {
        let close = async {
            close.await;
            Ok(())
        };
        let _ = self.progress.of("close the connection to the server", close).await;
    }
}

fn no_pending_value(event: &RotationEvent) -> Refusal {
    Refusal::NoPendingValue { version: event.version_id.clone() }
}

fn failed(doing: impl Into<String>, source: CallError) -> Error {
    Error::Call { doing: doing.into(), source }
}
