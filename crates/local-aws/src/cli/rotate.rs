use std::io::Write;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::client::Endpoint;
use super::error::CliError;
use super::print::{external, line};
use crate::local::{RotationState, VersionState};
use crate::secrets::PENDING;
use crate::{Rotation, StepResult};

/// The pause between two requests for the state of a rotation.
const POLL: Duration = Duration::from_millis(100);

#[derive(clap::Args)]
pub(super) struct Args {
    /// The secret's name or ARN
    secret: String,
    /// The function's name or ARN; needed for the first rotation, then stored with the secret
    #[arg(long)]
    function: Option<String>,
    /// Only call testSecret, on a copy of the current value (as --no-rotate-immediately of the AWS CLI does)
    #[arg(long)]
    no_immediately: bool,
    /// When to rotate from now on: rate(30 days), rate(4 hours) or cron(0 16 1,15 * ? *), in UTC
    #[arg(long, value_name = "EXPRESSION")]
    schedule: Option<String>,
    /// How long a window of the schedule stays open, such as 3h
    #[arg(long, value_name = "HOURS", requires = "schedule")]
    duration: Option<String>,
    #[command(flatten)]
    endpoint: Endpoint,
}

/// Rotates, waits, and prints each step when it ends. If an earlier rotation is unfinished, the service runs that one
/// again, so that one is shown.
pub(super) async fn run(args: Args, out: &mut impl Write) -> Result<(), CliError> {
    let Args { secret, function, no_immediately, schedule, duration, endpoint } = args;
    let mut request = json!({
        "SecretId": secret,
        "ClientRequestToken": uuid::Uuid::new_v4().to_string(),
        "RotateImmediately": !no_immediately,
    });
    if let Some(function) = function {
        request["RotationLambdaARN"] = Json::from(function_arn(&endpoint, &secret, function).await?);
    }
    if let Some(schedule) = schedule {
        request["RotationRules"] = json!({"ScheduleExpression": schedule, "Duration": duration});
    }
    let before = unfinished(&endpoint, &secret).await?;
    let (version, mut watch) = match endpoint.call("RotateSecret", &request).await {
        Ok(response) => (external(response["VersionId"].as_str().unwrap_or_default()), Watch::default()),
        Err(error) => {
            let Some((version, attempts)) = before.filter(|_| is_reattempt(&error)) else {
                return Err(error);
            };
            if !is_known(&endpoint, &secret, &version).await? {
                return Err(error);
            }
            line(out, format_args!("{}", external(&error.to_string())))?;
            (version, Watch { attempts, steps: 0 })
        }
    };
    line(out, format_args!("rotating {secret} to version {version}"))?;
    loop {
        let state = state(&endpoint, &secret, &version).await?;
        watch.print(&state.rotation, out)?;
        if state.ended {
            return conclude(secret, &state.rotation, out);
        }
        tokio::time::sleep(POLL).await;
    }
}

/// The ARN of a function that is given by its name: in the secret's region and account.
async fn function_arn(endpoint: &Endpoint, secret: &str, function: String) -> Result<String, CliError> {
    if function.starts_with("arn:") {
        return Ok(function);
    }
    let description = endpoint.call("DescribeSecret", &json!({"SecretId": secret})).await?;
    let account = description["ARN"].as_str().and_then(|arn| arn.split(':').nth(4)).unwrap_or_default();
    Ok(format!("arn:aws:lambda:{}:{account}:function:{function}", endpoint.region()))
}

async fn state(endpoint: &Endpoint, secret: &str, version: &str) -> Result<RotationState, CliError> {
    endpoint.get("rotation", &[("secret", secret), ("version", version)]).await
}

/// The version that has AWSPENDING, and how many attempts of its rotation this server has made: 0 if it was started again
/// since then, or if a client put AWSPENDING there.
async fn unfinished(endpoint: &Endpoint, secret: &str) -> Result<Option<(String, usize)>, CliError> {
    let Some(id) = pending(endpoint, secret).await? else { return Ok(None) };
    match state(endpoint, secret, &id).await {
        Ok(state) => Ok(Some((id, state.rotation.attempts.len()))),
        Err(CliError::Refused { .. }) => Ok(Some((id, 0))),
        Err(error) => Err(error),
    }
}

/// The version that has AWSPENDING.
pub(super) async fn pending(endpoint: &Endpoint, secret: &str) -> Result<Option<String>, CliError> {
    let versions: Vec<VersionState> = endpoint.get("versions", &[("secret", secret)]).await?;
    let is_pending = |version: &VersionState| version.stages.iter().any(|stage| stage == PENDING);
    Ok(versions.into_iter().find(is_pending).map(|version| version.id))
}

/// Whether the server has run a rotation of this version.
async fn is_known(endpoint: &Endpoint, secret: &str, version: &str) -> Result<bool, CliError> {
    match state(endpoint, secret, version).await {
        Ok(_) => Ok(true),
        Err(CliError::Refused { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether the service refused because it runs an unfinished rotation again.
pub(super) fn is_reattempt(error: &CliError) -> bool {
    matches!(error, CliError::Refused { message, .. } if message.contains("will be reattempted"))
}

fn conclude(secret: String, rotation: &Rotation, out: &mut impl Write) -> Result<(), CliError> {
    let attempts = rotation.attempts.len();
    if rotation.succeeded {
        line(out, format_args!("{secret}: ok"))?;
        return Ok(());
    }
    Err(CliError::Rotation { secret, attempts })
}

/// How much of a rotation has been printed.
#[derive(Default)]
struct Watch {
    attempts: usize,
    steps: usize,
}

impl Watch {
    fn print(&mut self, rotation: &Rotation, out: &mut impl Write) -> Result<(), CliError> {
        while let Some(attempt) = rotation.attempts.get(self.attempts) {
            for result in attempt.steps.iter().skip(self.steps) {
                if self.steps == 0 {
                    line(out, format_args!("attempt {}", self.attempts + 1))?;
                }
                print_step(result, out)?;
                self.steps += 1;
            }
            if self.attempts + 1 == rotation.attempts.len() {
                break;
            }
            (self.attempts, self.steps) = (self.attempts + 1, 0);
        }
        out.flush()?;
        Ok(())
    }
}

fn print_step(result: &StepResult, out: &mut impl Write) -> Result<(), CliError> {
    let step = result.step.name();
    match &result.outcome {
        Ok(()) => line(out, format_args!("  {step:12}  ok"))?,
        Err(error) => {
            let kind = error.error_type.as_ref().map(|kind| format!("{kind}: ")).unwrap_or_default();
            let text = external(&format!("{kind}{}", error.message));
            line(out, format_args!("  {step:12}  failed: {text}"))?;
        }
    }
    Ok(())
}
