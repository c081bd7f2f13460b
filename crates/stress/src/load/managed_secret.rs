//! One of the many secrets, and the result of its rotation.

use aws_sdk_secretsmanager::Client;
use local_aws::{FunctionError, LocalAws, Rotation};
use rotation::Strategy;

use crate::faults::strategy_of;
use testbed::credentials;
use testbed::{App, Server};

/// A secret and its user.
#[derive(Debug)]
pub(super) struct ManagedSecret {
    pub(super) app: App,
    pub(super) function: &'static str,
    pub(super) arn: String,
}

/// The result of a rotation, by the versions that sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// AWSCURRENT is the new version and signs in. AWSPREVIOUS is the former one, and signs in unless the strategy has one
    /// user with one password.
    Rotated,
    /// No credentials are lost, but the rotation is not complete.
    Unfinished(String),
    /// A version that must sign in does not.
    Lost(String),
}

impl ManagedSecret {
    /// Rotates as Secrets Manager does, with all of its attempts.
    pub(super) async fn rotate(&self, client: &Client, local: &LocalAws) -> Rotation {
        let function = format!("arn:aws:lambda:us-east-1:123456789012:function:{}", self.function);
        let call = client.rotate_secret().secret_id(&self.arn).rotation_lambda_arn(function);
        let response = call.send().await.expect("RotateSecret is accepted");
        local.rotated(&self.arn, response.version_id().unwrap_or_default()).await
    }

    /// Signs in with the stored versions, over TLS.
    pub(super) async fn check<S: Server>(&self, client: &Client, server: &S, rotation: &Rotation) -> Verdict {
        let single_user = strategy_of(self.function) == Strategy::SingleUser;
        let signs_in = async |label| match credentials(client, &self.arn, label).await {
            Some(stored) => server.signs_in(&stored, &self.app.database).await,
            None => false,
        };
        let current = signs_in("AWSCURRENT").await;
        let lost = |what: &str| Verdict::Lost(format!("{} ({}): {what}", self.app.user(), self.function));
        if !current && !(single_user && (signs_in("AWSPENDING").await || signs_in("AWSPREVIOUS").await)) {
            return lost("no version signs in of those that must");
        }
        if !rotation.succeeded {
            return Verdict::Unfinished(last_error(rotation));
        }
        let first = Some(&self.app.credentials);
        if credentials(client, &self.arn, "AWSPREVIOUS").await.as_ref() != first {
            return Verdict::Unfinished("AWSPREVIOUS is not the version that was current before".to_owned());
        }
        if credentials(client, &self.arn, "AWSCURRENT").await.as_ref() == first {
            return Verdict::Unfinished("AWSCURRENT has not changed".to_owned());
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

fn last_error(rotation: &Rotation) -> String {
    failures(rotation).last().map_or_else(|| "no step was run".to_owned(), |error| error.message.clone())
}
