use std::sync::Arc;
use std::time::Instant;

use hyper::body::Bytes;
use hyper::{HeaderMap, StatusCode};
use serde_json::{Value as Json, json};

use super::{Dropped, Response, Signed, Unauthenticated, build_response};
use crate::calls::Call;
use crate::failures::Effect;
use crate::lock::lock;
use crate::operations::{self, FunctionCheck};
use crate::rotation;
use crate::secrets::Refusal;
use crate::service::Service;
use crate::throttle::is_write;

/// Responds to one call of the protocol `awsJson1_1`, and logs it.
pub(super) async fn respond(
    service: &Arc<Service>,
    signed: &Signed<'_>,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Response, Dropped> {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let operation = target.strip_prefix("secretsmanager.").unwrap_or_default();
    let effect = service.failures.next(operation);
    let result = match &effect {
        Some(Effect::Refuse { code, message }) => Err(Refusal::new(code.clone(), message.as_str())),
        Some(Effect::DropRequest) => Err(Refusal::new("Dropped", "")),
        Some(Effect::DropResponse) | None => process(service, signed, operation, body).await,
    };
    let error = result.as_ref().err().map(|refusal| refusal.code.to_string());
    tracing::debug!(operation, error = error.as_deref().unwrap_or("none"), "responded");
    service.calls.add(Call { error, ..Call::read(operation, signed.access_key, body) });
    match effect {
        Some(Effect::DropRequest | Effect::DropResponse) => Err(Dropped),
        Some(Effect::Refuse { .. }) | None => Ok(write(result)),
    }
}

/// Secrets Manager's errors for a request without a signature, and for an unknown access key (reported for
/// `GetSecretValue` in aws/aws-sdk-php-laravel#228). They are the same for every operation.
pub(super) fn refuse_unauthenticated(why: Unauthenticated) -> Response {
    write(Err(match why {
        Unauthenticated::Unsigned => {
            Refusal::new("MissingAuthenticationTokenException", "Missing Authentication Token")
        }
        Unauthenticated::UnknownKey => Refusal::new(
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ),
        Unauthenticated::NoRegion => {
            Refusal::new("InvalidSignatureException", "Credential should be scoped to a valid region.")
        }
    }))
}

/// The response to a request whose effect could not be saved. A client may repeat it.
pub(super) fn refuse_unsaved() -> Response {
    write(Err(Refusal::new("InternalServiceError", "local-aws cannot write its state file: see its log")))
}

async fn process(
    service: &Arc<Service>,
    signed: &Signed<'_>,
    operation: &str,
    body: &[u8],
) -> Result<Json, Refusal> {
    admit(service, operation)?;
    // Asked before the state is locked, because it may take a moment.
    let function = match operation {
        "RotateSecret" => rotation::check_function(service, &signed.region, body).await,
        _ => FunctionCheck::Callable,
    };
    operations::respond(service, &signed.region, signed.caller, function, operation, body)
}

fn admit(service: &Service, operation: &str) -> Result<(), Refusal> {
    match &service.throttle {
        Some(throttle) if is_write(operation) && !lock(throttle).admit(Instant::now()) => {
            Err(Refusal::new("ThrottlingException", "Rate exceeded"))
        }
        Some(_) | None => Ok(()),
    }
}

fn write(result: Result<Json, Refusal>) -> Response {
    const KIND: &str = "application/x-amz-json-1.1";
    match result {
        // The operations without a response have an empty body (recorded).
        Ok(Json::Null) => build_response(StatusCode::OK, KIND, Bytes::new()),
        Ok(json) => build_response(StatusCode::OK, KIND, json.to_string().into()),
        Err(refusal) => {
            let status = match refusal.code.as_ref() {
                "InternalServiceError" => StatusCode::INTERNAL_SERVER_ERROR,
                "ServiceUnavailable" => StatusCode::SERVICE_UNAVAILABLE,
                _ => StatusCode::BAD_REQUEST,
            };
            let body = json!({"__type": refusal.code, message_member(&refusal.code): refusal.message});
            build_response(status, KIND, body.to_string().into())
        }
    }
}

/// The member that holds an error's message: `Message` in Secrets Manager's own errors, `message` in those that all AWS
/// services share. SDKs read both.
fn message_member(code: &str) -> &'static str {
    match code {
        "AccessDeniedException"
        | "InvalidSignatureException"
        | "MissingAuthenticationTokenException"
        | "SerializationException"
        | "ThrottlingException"
        | "UnknownOperationException"
        | "UnrecognizedClientException"
        | "ValidationException" => "message",
        _ => "Message",
    }
}
