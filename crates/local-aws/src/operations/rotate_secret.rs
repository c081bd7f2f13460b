use serde::Deserialize;
use serde_json::{Value as Json, json};
use time::OffsetDateTime;

use super::context::FunctionCheck;
use super::json::{Unsupported, optional_object};
use super::{Context, limits};
use crate::rotation::{Kind, Run};
use crate::secrets::{
    Author, CURRENT, Content, Refusal, RequestedRules, RotationConfig, RotationRules, Secret, Secrets,
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    secret_id: String,
    client_request_token: Option<String>,
    #[serde(rename = "RotationLambdaARN")]
    rotation_lambda_arn: Option<String>,
    #[serde(default, deserialize_with = "optional_object")]
    rotation_rules: Option<RequestedRules>,
    rotate_immediately: Option<bool>,
    #[serde(default)]
    external_secret_rotation_metadata: Unsupported,
    #[serde(default)]
    external_secret_rotation_role_arn: Unsupported,
}

/// What a request names the function by, to find out whether it can be called.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Named {
    secret_id: String,
    #[serde(rename = "RotationLambdaARN")]
    rotation_lambda_arn: Option<String>,
}

/// The ARN of the function that a request is about: its own, or else the secret's. `None` if there is none.
pub(super) fn function(secrets: &Secrets, body: &[u8]) -> Option<String> {
    let Named { secret_id, rotation_lambda_arn } = serde_json::from_slice(body).ok()?;
    let stored = |secret: &Secret| Some(secret.rotation.as_ref()?.lambda_arn.clone());
    rotation_lambda_arn.or_else(|| secrets.find(&secret_id).ok().and_then(stored))
}

/// The response, and the rotation to run in the background. If a rotation is unfinished, the response is a refusal, and
/// that rotation runs again.
pub(crate) struct Outcome {
    pub(crate) response: Result<Json, Refusal>,
    pub(crate) run: Option<Run>,
}

/// Creates the pending version and responds at once; the function is called afterwards.
pub(crate) fn respond(context: &mut Context<'_>, request: Request) -> Outcome {
    begin(context, request).unwrap_or_else(|refusal| Outcome { response: Err(refusal), run: None })
}

fn begin(context: &mut Context<'_>, request: Request) -> Result<Outcome, Refusal> {
    let external = "managed external secrets";
    request.external_secret_rotation_metadata.refuse("ExternalSecretRotationMetadata", external)?;
    request.external_secret_rotation_role_arn.refuse("ExternalSecretRotationRoleArn", external)?;
    // Recorded: the other operations have another code for a missing token.
    let token = request.client_request_token.clone();
    let token = limits::token(Some(token.ok_or_else(|| Refusal::invalid_parameter(limits::NO_TOKEN))?))?;
    let (now, function) = (context.now, context.function);
    let secret = context.find_to_rotate(&request.secret_id)?;
    let config = new_config(secret, &request, now)?;
    if let Some(unfinished) = reattempt(secret, &token, now) {
        return Ok(unfinished);
    }
    if function == FunctionCheck::NotCallable {
        return Err(Refusal::new(
            "AccessDeniedException",
            "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access \
             to the principal secretsmanager.amazonaws.com.",
        ));
    }
    let kind = if request.rotate_immediately.unwrap_or(true) { Kind::Rotation } else { Kind::Probe };
    create_pending(secret, &token, kind, now)?;
    let config = secret.rotation.insert(config);
    config.tested = (kind == Kind::Probe).then(|| token.clone());
    secret.changed = now;
    Ok(started(secret, token, kind))
}

fn started(secret: &Secret, version: String, kind: Kind) -> Outcome {
    Outcome {
        response: Ok(json!({"ARN": secret.arn, "Name": secret.name, "VersionId": version})),
        run: Some(Run { arn: secret.arn.clone(), version, kind }),
    }
}

/// The settings that a request leads to. Without rules of its own it keeps those that there are, and what their windows are
/// counted from, if rotation is on.
fn new_config(secret: &Secret, request: &Request, now: OffsetDateTime) -> Result<RotationConfig, Refusal> {
    let before = secret.rotation.as_ref();
    let lambda_arn = request
        .rotation_lambda_arn
        .clone()
        .or_else(|| before.map(|config| config.lambda_arn.clone()))
        .ok_or_else(Refusal::no_function)?;
    if crate::rotation::function_name(&lambda_arn).is_none() {
        return Err(Refusal::invalid_parameter(format!(
            "RotationLambdaARN is not the ARN of a Lambda function: {lambda_arn}"
        )));
    }
    let requested = request.rotation_rules.clone().map(RotationRules::check).transpose()?;
    let set_at =
        before.filter(|config| config.enabled && requested.is_none()).map_or(now, |config| config.set_at);
    let rules = requested.or_else(|| before.and_then(|config| config.rules.clone()));
    Ok(RotationConfig::new(lambda_arn, rules, set_at))
}

/// While another version is pending, the service refuses, and runs that rotation again. A call with that version's
/// token repeats the first request, and gets the same response.
fn reattempt(secret: &mut Secret, token: &str, now: OffsetDateTime) -> Option<Outcome> {
    let pending = secret.versions.pending()?.to_owned();
    let refusal =
        Refusal::invalid_request("A previous rotation isn't complete. That rotation will be reattempted.");
    let Some(rotation) = &mut secret.rotation else {
        return Some(Outcome { response: Err(refusal), run: None });
    };
    if !rotation.enabled {
        (rotation.enabled, rotation.set_at) = (true, now);
    }
    let same = pending == token;
    let again = started(secret, pending, Kind::Rotation);
    Some(if same { again } else { Outcome { response: Err(refusal), run: again.run } })
}

fn create_pending(secret: &mut Secret, token: &str, kind: Kind, now: OffsetDateTime) -> Result<(), Refusal> {
    let copy = match kind {
        Kind::Rotation => None,
        Kind::Probe => {
            let (version, value) = secret.versions.read(None, Some(CURRENT), now)?;
            // The service's own copy is not checked for who wrote it.
            let author = Author::Function;
            Some(Content { value: value.clone(), author, kms_key: version.kms_key.clone() })
        }
    };
    secret.versions.begin(token, copy, now, &secret.arn)
}
