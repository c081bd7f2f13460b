//! What AWS's API does not offer, under `/_local/`: the progress of a rotation, the log of calls, events, the clock, reserved tags,
//! RDS servers.
//!
//! | path | method | |
//! | --- | --- | --- |
//! | `versions?secret=ID` | GET | versions, labels, and whether each has a value |
//! | `rotation?secret=ID&version=ID` | GET | the attempts so far, and whether the rotation has ended |
//! | `calls` | GET, DELETE | the log of calls |
//! | `events?after=NUMBER&wait=SECONDS` | GET | the next events after that number, of which there may be none yet |
//! | `clock` | GET, PUT | `{"Now"}`, the server's time; a PUT of `{"AdvanceSeconds"}` lets time pass at once |
//! | `tags` | PUT | `{"SecretId", "Tags": {key: value}}`, keys that AWS reserves included |
//! | `instances`, `clusters` | PUT | registers an RDS instance or cluster; responds with its `Arn` |
//!
//! A request carries the access key in the same `Authorization` header as one to AWS's APIs. So one check covers all
//! requests, and a browser sends that header for a web page only if the server allows it, which this server never does.

use std::time::Duration;

use hyper::header::CONTENT_TYPE;
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use time::format_description::well_known::Rfc3339;

use crate::http::{Response, build_response};
use crate::lock::lock;
use crate::operations::{parse, set_reserved_tags};
use crate::rotation::Rotation;
use crate::secrets::{Refusal, Region, VersionFilter};
use crate::service::Service;

/// The progress of a rotation.
#[derive(Serialize, Deserialize)]
pub(crate) struct RotationState {
    pub(crate) ended: bool,
    pub(crate) rotation: Rotation,
}

/// One version, without its value.
#[derive(Serialize, Deserialize)]
pub(crate) struct VersionState {
    pub(crate) id: String,
    pub(crate) stages: Vec<String>,
    pub(crate) has_value: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tags {
    secret_id: String,
    tags: std::collections::BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Advance {
    advance_seconds: u64,
}

/// Responds to one request under `/_local/`; `path` is what follows that.
pub(crate) async fn respond(
    service: &Service,
    region: &Region,
    head: &Parts,
    path: &str,
    body: &[u8],
) -> Response {
    let result = match (&head.method, path) {
        (&Method::GET, "versions") => versions(service, region, head),
        (&Method::GET, "rotation") => rotation(service, region, head),
        (&Method::GET, "clock") => Ok(clock(service)),
        (&Method::GET, "events") => events(service, head).await,
        (&Method::GET, "diagnosis") => diagnosis(service, region, head).await,
        (&Method::GET, "calls") => Ok(json!(service.calls.all())),
        (&Method::DELETE, "calls") => {
            service.calls.clear();
            Ok(json!({}))
        }
        (&Method::PUT, _) => put(service, region, head, path, body),
        _ => Err(unknown()),
    };
    if result.is_ok() && matches!(head.method, Method::PUT | Method::POST) {
        crate::saving::changed(service);
    }
    let (status, body) = match result {
        Ok(body) => (StatusCode::OK, body),
        Err(refusal) => {
            (StatusCode::BAD_REQUEST, json!({"__type": refusal.code, "Message": refusal.message}))
        }
    };
    build_response(status, "application/json", body.to_string().into())
}

fn put(service: &Service, region: &Region, head: &Parts, path: &str, body: &[u8]) -> Result<Json, Refusal> {
    let kind = head.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if kind != Some("application/json") {
        return Err(Refusal::invalid_request("the content type of a PUT must be application/json"));
    }
    match path {
        "tags" => {
            let Tags { secret_id, tags } = parse(body)?;
            set_reserved_tags(service, region, &secret_id, &tags.into_iter().collect::<Vec<_>>())?;
        }
        "clock" => {
            let Advance { advance_seconds } = parse(body)?;
            service.advance_clock(Duration::from_secs(advance_seconds));
            return Ok(clock(service));
        }
        "instances" => {
            let arn = lock(&service.servers).region(region).add_instance(parse(body)?);
            return Ok(json!({"Arn": arn}));
        }
        "clusters" => {
            let arn = lock(&service.servers).region(region).add_cluster(parse(body)?);
            return Ok(json!({"Arn": arn}));
        }
        _ => return Err(unknown()),
    }
    Ok(json!({}))
}

fn versions(service: &Service, region: &Region, head: &Parts) -> Result<Json, Refusal> {
    let id = parameter(head, "secret")?;
    let mut account = lock(&service.account);
    let versions = &account.region(region).find(&id)?.versions;
    let states: Vec<VersionState> = versions
        .list(VersionFilter::All)
        .map(|version| VersionState {
            id: version.id.clone(),
            stages: versions.stages_of(&version.id).into_iter().map(str::to_owned).collect(),
            has_value: version.value.is_some(),
        })
        .collect();
    Ok(json!(states))
}

fn rotation(service: &Service, region: &Region, head: &Parts) -> Result<Json, Refusal> {
    let id = parameter(head, "secret")?;
    let arn = lock(&service.account).region(region).find(&id)?.arn.clone();
    let (rotation, ended) = service
        .rotations
        .get(&arn, &parameter(head, "version")?)
        .ok_or_else(|| Refusal::not_found("no rotation of that version was started by this server"))?;
    Ok(json!(RotationState { ended, rotation }))
}

fn clock(service: &Service) -> Json {
    // A year beyond 9999 alone has no such form, and the clock does not reach it.
    json!({"Now": service.clock.now().format(&Rfc3339).unwrap_or_default()})
}

/// The longest time that a request for events may wait for one.
const MAX_WAIT: u64 = 60;

async fn events(service: &Service, head: &Parts) -> Result<Json, Refusal> {
    let (after, wait) = (number(head, "after")?, number(head, "wait")?);
    Ok(json!(service.events.after(after, Duration::from_secs(wait.min(MAX_WAIT))).await))
}

/// Asks the secret's rotation function what would go wrong in a rotation.
async fn diagnosis(service: &Service, region: &Region, head: &Parts) -> Result<Json, Refusal> {
    let id = parameter(head, "secret")?;
    let (arn, function) = {
        let mut account = lock(&service.account);
        let secret = account.region(region).find(&id)?;
        (secret.arn.clone(), secret.rotation.as_ref().map(|rotation| rotation.lambda_arn.clone()))
    };
    let function = function.ok_or_else(|| {
        Refusal::invalid_request(
            "no function rotates this secret yet: run `local-aws rotate --function NAME` once",
        )
    })?;
    let event = json!({"Diagnose": {"SecretId": arn}});
    crate::rotation::invoke(service, &function, &event).await.map_err(|error| {
        let kind = error.error_type.map(|kind| format!("{kind}: ")).unwrap_or_default();
        Refusal::invalid_request(format!("{kind}{}", error.message))
    })
}

fn number(head: &Parts, name: &str) -> Result<u64, Refusal> {
    let refusal = |_| Refusal::invalid_parameter(format!("the parameter {name} in the URL is not a number"));
    parameter(head, name)?.parse().map_err(refusal)
}

fn parameter(head: &Parts, name: &str) -> Result<String, Refusal> {
    url::form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
        .ok_or_else(|| Refusal::invalid_parameter(format!("the parameter {name} is missing from the URL")))
}

fn unknown() -> Refusal {
    Refusal::not_found("local-aws has no such path and method below /_local/")
}
