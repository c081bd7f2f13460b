//! One secret of a fleet, and what became of it.

use aws_sdk_secretsmanager::Client;
use local_aws::{FunctionError, LocalAws, Rotation};

use crate::faults::Strategy;
use testbed::credentials;
use testbed::{App, Server};

/// A secret and its user.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) app: App,
    pub(super) function: &'static str,
    pub(super) arn: String,
}

/// What became of a secret. Law 1, and that whoever was to go on signing in does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// AWSCURRENT is the new version and signs in; AWSPREVIOUS is the former one, and signs in where both are to.
    Rotated,
    /// Nothing is lost, and the rotation is not complete.
    Unfinished(String),
    /// What was to sign in does not.
    Lost(String),
}

impl Member {
    /// Rotates as Secrets Manager does, with all of its attempts.
    pub(super) async fn rotate(&self, client: &Client, local: &LocalAws) -> Rotation {
        let function = format!("arn:aws:lambda:us-east-1:123456789012:function:{}", self.function);
        let call = client.rotate_secret().secret_id(&self.arn).rotation_lambda_arn(function);
        let answer = call.send().await.expect("RotateSecret is accepted");
        local.rotated(&self.arn, answer.version_id().unwrap_or_default()).await
    }

    /// Signs in with what is stored, over TLS.
    pub(super) async fn judge<S: Server>(&self, client: &Client, server: &S, rotation: &Rotation) -> Verdict {
        let single_user = Strategy::of(self.function) == Strategy::SingleUser;
        let signs_in = async |label| match credentials(client, &self.arn, label).await {
            Some(stored) => server.signs_in(&stored, &self.app.database).await,
            None => false,
        };
        let current = signs_in("AWSCURRENT").await;
        let lost = |what: &str| Verdict::Lost(format!("{} ({}): {what}", self.app.user(), self.function));
        if !current && !(single_user && (signs_in("AWSPENDING").await || signs_in("AWSPREVIOUS").await)) {
            return lost("no version signs in that has to");
        }
        if !rotation.succeeded {
            return Verdict::Unfinished(last_words(rotation));
        }
        let first = Some(&self.app.credentials);
        if credentials(client, &self.arn, "AWSPREVIOUS").await.as_ref() != first {
            return Verdict::Unfinished("AWSPREVIOUS is not the version before".to_owned());
        }
        if credentials(client, &self.arn, "AWSCURRENT").await.as_ref() == first {
            return Verdict::Unfinished("AWSCURRENT is what it was".to_owned());
        }
        if !current {
            return lost("AWSCURRENT does not sign in");
        }
        if !single_user && !signs_in("AWSPREVIOUS").await {
            return lost("AWSPREVIOUS does not sign in, and applications may still use it");
        }
        Verdict::Rotated
    }
}

/// Every failure of a step.
pub(super) fn failures(rotation: &Rotation) -> impl Iterator<Item = &FunctionError> {
    let steps = rotation.attempts.iter().flat_map(|attempt| &attempt.steps);
    steps.filter_map(|step| step.outcome.as_ref().err())
}

fn last_words(rotation: &Rotation) -> String {
    failures(rotation).last().map_or_else(|| "no step was run".to_owned(), |error| error.message.clone())
}
