use std::borrow::Cow;

/// An error response: the service's code and message. Neither ever contains a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: Cow<'static, str>,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Refusal { code: code.into(), message: message.into() }
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Refusal::new("ResourceNotFoundException", message)
    }

    pub(crate) fn no_secret() -> Self {
        Refusal::not_found("Secrets Manager can't find the specified secret.")
    }

    pub(crate) fn no_function() -> Self {
        Refusal::invalid_request("No Lambda rotation function ARN is associated with this secret.")
    }

    /// A version of this id has another value.
    pub(crate) fn token_in_use(token: &str, arn: &str) -> Self {
        Refusal::exists(format!(
            "You can't use ClientRequestToken {token} because that value is already in use for a version of secret {arn}."
        ))
    }

    pub(crate) fn marked_for_deletion() -> Self {
        Refusal::invalid_request(
            "You can't perform this operation on the secret because it was marked for deletion.",
        )
    }

    /// A replica is changed in the primary's region only (recorded).
    pub(crate) fn replica() -> Self {
        Refusal::invalid_parameter(
            "Operation not permitted on a replica secret. Call must be made in primary secret's region.",
        )
    }

    pub(crate) fn exists(message: impl Into<String>) -> Self {
        Refusal::new("ResourceExistsException", message)
    }

    pub(crate) fn invalid_request(message: impl Into<String>) -> Self {
        Refusal::new("InvalidRequestException", message)
    }

    pub(crate) fn invalid_parameter(message: impl Into<String>) -> Self {
        Refusal::new("InvalidParameterException", message)
    }

    pub(crate) fn limit(message: impl Into<String>) -> Self {
        Refusal::new("LimitExceededException", message)
    }

    /// A name or id with characters that no name has; the same at every operation (recorded).
    pub(crate) fn invalid_name() -> Self {
        Refusal::new(
            "ValidationException",
            "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
        )
    }

    /// A member that the operation requires is absent (recorded for `SecretId`: aws/aws-sdk-kotlin#1469).
    pub(crate) fn missing(member: &str) -> Self {
        Refusal::new(
            "ValidationException",
            format!(
                "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
            ),
        )
    }

    /// A member of the request is outside the limits of the API's model.
    pub(crate) fn validation(member: &str, constraint: &str) -> Self {
        Refusal::new(
            "ValidationException",
            format!(
                "1 validation error detected: Value at '{member}' failed to satisfy constraint: Member must {constraint}"
            ),
        )
    }
}
