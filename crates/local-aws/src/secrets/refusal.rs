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
