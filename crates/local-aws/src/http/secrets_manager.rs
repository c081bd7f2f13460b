use std::sync::Arc;
use std::time::Instant;

use hyper::{HeaderMap, StatusCode};
use serde_json::{Value as Json, json};

use super::{Answer, Dropped, Unauthenticated, respond};
use crate::AccessKey;
use crate::calls::Call;
use crate::failures::Effect;
use crate::operations;
use crate::secrets::Refusal;
use crate::service::{Service, lock};
use crate::throttle::is_write;

/// Answers one call of the protocol `awsJson1_1`, and logs it.
pub(super) fn answer(
    service: &Arc<Service>,
    access_key: &AccessKey,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Answer, Dropped> {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let operation = target.strip_prefix("secretsmanager.").unwrap_or_default();
    let effect = service.failures.next(operation);
    let answer = match &effect {
        Some(Effect::Refuse { code, message }) => Err(Refusal::new(code.clone(), message.as_str())),
        Some(Effect::DropRequest) => Err(Refusal::new("Dropped", "")),
        Some(Effect::DropAnswer) | None => {
            check(service, operation).and_then(|()| operations::answer(service, operation, body))
        }
    };
    let error = answer.as_ref().err().map(|refusal| refusal.code.to_string());
    tracing::debug!(operation, error = error.as_deref().unwrap_or("none"), "answered");
    service.calls.add(Call { error, ..Call::read(operation, access_key, body) });
    match effect {
        Some(Effect::DropRequest | Effect::DropAnswer) => Err(Dropped),
        Some(Effect::Refuse { .. }) | None => Ok(write(answer)),
    }
}

/// What Secrets Manager returns for a request without a signature, and for an access key that does not exist (reported
/// of `GetSecretValue` in aws/aws-sdk-php-laravel#228). It is the same whatever was asked for.
pub(super) fn refuse_unauthenticated(why: Unauthenticated) -> Answer {
    write(Err(match why {
        Unauthenticated::Unsigned => {
            Refusal::new("MissingAuthenticationTokenException", "Missing Authentication Token")
        }
        Unauthenticated::UnknownKey => Refusal::new(
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ),
    }))
}

fn check(service: &Service, operation: &str) -> Result<(), Refusal> {
    match &service.throttle {
        Some(throttle) if is_write(operation) && !lock(throttle).admit(Instant::now()) => {
            Err(Refusal::new("ThrottlingException", "Rate exceeded"))
        }
        Some(_) | None => Ok(()),
    }
}

fn write(answer: Result<Json, Refusal>) -> Answer {
    const KIND: &str = "application/x-amz-json-1.1";
    match answer {
        Ok(json) => respond(StatusCode::OK, KIND, json.to_string().into()),
        Err(refusal) => {
            let status = match refusal.code.as_ref() {
                "InternalServiceError" => StatusCode::INTERNAL_SERVER_ERROR,
                "ServiceUnavailable" => StatusCode::SERVICE_UNAVAILABLE,
                _ => StatusCode::BAD_REQUEST,
            };
            let body = json!({"__type": refusal.code, message_member(&refusal.code): refusal.message});
            respond(status, KIND, body.to_string().into())
        }
    }
}

/// The service's own errors say `Message`; those of the front that all AWS services share say `message`. SDKs read
/// both.
fn message_member(code: &str) -> &'static str {
    match code {
        "MissingAuthenticationTokenException"
        | "SerializationException"
        | "ThrottlingException"
        | "UnknownOperationException"
        | "UnrecognizedClientException"
        | "ValidationException" => "message",
        _ => "Message",
    }
}
