use serde::Deserialize;
use serde_json::{Value as Json, json};
use time::OffsetDateTime;

use super::limits;
use crate::rotation::{Kind, Run};
use crate::secrets::{CURRENT, Refusal, RotationConfig, Secret, Secrets};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    secret_id: String,
    client_request_token: Option<String>,
    #[serde(rename = "RotationLambdaARN")]
    rotation_lambda_arn: Option<String>,
    rotation_rules: Option<Json>,
    rotate_immediately: Option<bool>,
}

/// The response, and the rotation to run in the background. If a rotation is unfinished, the response is a refusal, and
/// that rotation runs again.
pub(crate) struct Outcome {
    pub(crate) response: Result<Json, Refusal>,
    pub(crate) run: Option<Run>,
}

/// Creates the pending version and responds at once; the function is called afterwards.
pub(crate) fn respond(secrets: &mut Secrets, request: Request, now: OffsetDateTime) -> Outcome {
    let refused = |refusal| Outcome { response: Err(refusal), run: None };
    let token = match limits::token(request.client_request_token.clone()) {
        Ok(token) => token,
        Err(refusal) => return refused(refusal),
    };
    let secret = match secrets.find_live(&request.secret_id) {
        Ok(secret) => secret,
        Err(refusal) => return refused(refusal),
    };
    let config = match new_config(secret, &request) {
        Ok(config) => config,
        Err(refusal) => return refused(refusal),
    };
    if let Some(unfinished) = reattempt(secret, &token) {
        return unfinished;
    }
    let kind = if request.rotate_immediately.unwrap_or(true) { Kind::Rotation } else { Kind::Probe };
    if let Err(refusal) = begin(secret, &token, kind, now) {
        return refused(refusal);
    }
    secret.rotation = Some(config);
    secret.changed = now;
    started(secret, token, kind)
}

fn started(secret: &Secret, version: String, kind: Kind) -> Outcome {
    Outcome {
        response: Ok(json!({"ARN": secret.arn, "Name": secret.name, "VersionId": version})),
        run: Some(Run { arn: secret.arn.clone(), version, kind }),
    }
}

fn new_config(secret: &Secret, request: &Request) -> Result<RotationConfig, Refusal> {
    let before = secret.rotation.as_ref();
    let lambda_arn = request
        .rotation_lambda_arn
        .clone()
        .or_else(|| before.map(|config| config.lambda_arn.clone()))
        .ok_or_else(|| {
            Refusal::invalid_request("No Lambda rotation function ARN is associated with this secret.")
        })?;
    if crate::rotation::function_name(&lambda_arn).is_none() {
        return Err(Refusal::invalid_parameter(format!(
            "RotationLambdaARN is not the ARN of a Lambda function: {lambda_arn}"
        )));
    }
    if let Some(rules) = &request.rotation_rules {
        check_rules(rules)?;
    }
    let rules = request.rotation_rules.clone().or_else(|| before.and_then(|config| config.rules.clone()));
    Ok(RotationConfig { enabled: true, lambda_arn, rules })
}

/// `RotationRules`: at most one of the two schedules; 1 to 1,000 days.
fn check_rules(rules: &Json) -> Result<(), Refusal> {
    let days = rules.get("AutomaticallyAfterDays");
    if days.is_some() && rules.get("ScheduleExpression").is_some() {
        return Err(Refusal::invalid_parameter(
            "You can't specify both AutomaticallyAfterDays and ScheduleExpression in RotationRules.",
        ));
    }
    match days.map(Json::as_u64) {
        None | Some(Some(1..=1000)) => Ok(()),
        Some(_) => {
            Err(Refusal::invalid_parameter("RotationRules.AutomaticallyAfterDays must be within 1-1000."))
        }
    }
}

/// While another version is pending, the service refuses, and runs that rotation again. A call with that version's
/// token repeats the first request, and gets the same response.
fn reattempt(secret: &mut Secret, token: &str) -> Option<Outcome> {
    let pending = secret.versions.pending()?.to_owned();
    let refusal =
        Refusal::invalid_request("A previous rotation isn't complete. That rotation will be reattempted.");
    let Some(rotation) = &mut secret.rotation else {
        return Some(Outcome { response: Err(refusal), run: None });
    };
    rotation.enabled = true;
    let same = pending == token;
    let again = started(secret, pending, Kind::Rotation);
    Some(if same { again } else { Outcome { response: Err(refusal), run: again.run } })
}

fn begin(secret: &mut Secret, token: &str, kind: Kind, now: OffsetDateTime) -> Result<(), Refusal> {
    let copy = match kind {
        Kind::Rotation => None,
        Kind::Probe => Some(secret.versions.read(None, Some(CURRENT), now)?.1.clone()),
    };
    secret.versions.begin(token, copy, now, &secret.arn)
}
