//! The SDK's errors as causes that an operator can act on.
//!
//! An SDK error's `Debug` holds the raw response, and a response of `GetSecretValue` holds a secret: nothing here
//! formats one. A message names the code and, if access is denied, the service's own sentence, which names the action to
//! allow. The request's id differs at every attempt: it is only logged, so that the same failure reads the same.

use std::error::Error;
use std::io;

use aws_config::SdkConfig;
use aws_sdk_secretsmanager::error::{ConnectorError, ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::operation::RequestId;
use rotation::{CallError, Cause, does_not_print};
use tracing::info;

use crate::certificate::{self, rejected_certificate};
use crate::chain::chain;
use crate::codes::{cause_of, is_denial};
use crate::{ATTEMPT, CALL, CONNECT};

/// How much of the service's sentence is shown, in characters. IAM's longest is about 500.
const SENTENCE: usize = 1000;

/// The service that a call goes to.
pub(crate) struct Service {
    /// As in "Secrets Manager in eu-west-1".
    pub(crate) name: String,
    /// The cause if nothing more is known.
    other: Cause,
}

impl Service {
    pub(crate) fn new(name: &str, config: &SdkConfig, endpoint: Option<&str>, other: Cause) -> Self {
        let name = match (endpoint.or(config.endpoint_url()), config.region()) {
            (Some(endpoint), _) => format!("{name} at {endpoint}"),
            (None, Some(region)) => format!("{name} in {region}"),
            (None, None) => name.to_owned(),
        };
        Self { name, other }
    }

    /// A response that the SDK accepts and that is not what was asked for.
    pub(crate) fn unexpected_response(&self, what: impl std::fmt::Display) -> CallError {
        CallError::failed(self.other, format!("{} {what}", self.name))
    }

    /// Why a call failed. A denial is shown in the service's own sentence, which names the action and the resource.
    pub(crate) fn failure<E>(&self, error: &SdkError<E>) -> CallError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        self.failed(error, None)
    }

    /// Why a call of `action` failed, without the service's sentence: the caller may not be allowed to know the resource.
    pub(crate) fn failure_of<E>(&self, action: &str, error: &SdkError<E>) -> CallError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        self.failed(error, Some(action))
    }

    fn failed<E>(&self, error: &SdkError<E>, action: Option<&str>) -> CallError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let (cause, what) = match error {
            SdkError::ServiceError(_) | SdkError::ResponseError(_) => self.responded(error, action),
            SdkError::TimeoutError(_) => (Cause::Unreachable, no_response(error)),
            SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
                Some(connector) => self.unsent(connector),
                None => (Cause::Unreachable, "did not take the request".to_owned()),
            },
            SdkError::ConstructionFailure(_) => self.unbuilt(error),
            // The SDK keeps this enum open.
            _ => (self.other, "sent no response that the SDK knows".to_owned()),
        };
        CallError::failed(cause, format!("{} {what}", self.name))
    }

    /// The service responded, with an error or with something that it never sends.
    fn responded<E>(&self, error: &SdkError<E>, action: Option<&str>) -> (Cause, String)
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        if let Some(request) = error.request_id() {
            info!(aws.request_id = request, "{} responded with an error", self.name);
        }
        let Some(code) = error.code() else {
            let status = error.raw_response().map_or(0, |response| response.status().as_u16());
            return (self.other, format!("responded with HTTP {status} without a code"));
        };
        let message = error.message().unwrap_or_default();
        let cause = cause_of(code, message).unwrap_or(self.other);
        if !is_denial(code) {
            return (cause, format!("responded with {code}"));
        }
        if let Some(action) = action {
            return (cause, format!("responded with {code} to {action}"));
        }
        let printed = without_request(message);
        let sentence: String =
            printed.chars().filter(|character| !does_not_print(*character)).take(SENTENCE).collect();
        (cause, format!("responded with {code}: {sentence}"))
    }

    /// The request did not get through.
    fn unsent(&self, error: &ConnectorError) -> (Cause, String) {
        if chain(error).any(is_dns) {
            return (Cause::NameNotResolved, "cannot be reached: its name does not resolve".to_owned());
        }
        if error.is_timeout() {
            return (Cause::Unreachable, format!("took no connection within {} s", CONNECT.as_secs()));
        }
        let tls = chain(error).any(is_tls);
        if let Some(shown) = rejected_certificate(error).and_then(certificate::explain) {
            return shown;
        }
        match chain(error).find_map(|error| error.downcast_ref::<io::Error>()) {
            Some(error) if tls => (Cause::TlsFailed, format!("did not pass the TLS handshake: {error}")),
            Some(error) => (Cause::Unreachable, format!("cannot be reached: {error}")),
            // The client reports these for a connection that was open.
            None if error.is_io() || error.as_other().is_some() => {
                (Cause::Unreachable, "closed the connection without a response".to_owned())
            }
            None => self.unbuilt(error),
        }
    }

    /// There was nothing to send.
    fn unbuilt(&self, error: &dyn Error) -> (Cause, String) {
        // The provider's error type is of a crate that only this line would need.
        if chain(error).any(|error| error.to_string().contains("credential")) {
            let what = "was not called: the environment holds no credentials (AWS_ACCESS_KEY_ID, ...)";
            return (Cause::AccessDenied, what.to_owned());
        }
        let what = "was not called: no request could be made (is AWS_REGION set, and is the endpoint a URL?)";
        (self.other, what.to_owned())
    }
}

/// A sentence without request ids, which it may quote from another service (KMS): `Request ID: ...;`.
fn without_request(sentence: &str) -> String {
    const MARK: &str = "Request ID: ";
    let mut parts = sentence.split(MARK);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |kept, part| {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '-');
        kept + rest.strip_prefix("; ").unwrap_or(rest)
    })
}

/// Which of the two limits on a response was reached; the SDK says it only in its message.
fn no_response(error: &dyn Error) -> String {
    let attempt = chain(error).any(|error| error.to_string().contains("operation attempt timeout"));
    let limit = if attempt { ATTEMPT } else { CALL };
    format!("sent no response within {} s", limit.as_secs())
}

/// The client's error for a name has no public type; it begins with these words (hyper-util 0.1,
/// `ConnectError::dns`).
fn is_dns(error: &(dyn Error + 'static)) -> bool {
    error.to_string().starts_with("dns error")
}

/// Nor has the one for a handshake (aws-smithy-http-client 1.5, `TlsConnectError`).
fn is_tls(error: &(dyn Error + 'static)) -> bool {
    error.to_string() == "TLS handshake failed"
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use aws_config::profile::ProfileFileCredentialsProvider;
    use aws_config::provider_config::ProviderConfig;
    use aws_config::retry::RetryConfig;
    use aws_sdk_secretsmanager::config::SharedCredentialsProvider;
    use rotation::SecretId;
    use rotation::ports::SecretStore;

    use super::*;
    use crate::stub_server::{self, StubServer};

    async fn failure_of(config: &SdkConfig, url: &str) -> (Option<Cause>, String) {
        let store = stub_server::aws(config.clone(), url).secrets_manager();
        let error = store.describe(&SecretId("shop".into())).await.expect_err("a failure");
        (error.cause(), error.to_string())
    }

    #[tokio::test]
    async fn a_failure_names_the_code_and_never_the_body() {
        let cases = [
            (400, r#"{"__type":"ThrottlingException","message":"hunter2"}"#, Cause::Throttled),
            (
                400,
                r#"{"__type":"com.amazonaws#InvalidParameterException","Message":"hunter2"}"#,
                Cause::SecretsManager,
            ),
            (400, r#"{"__type":"UnrecognizedClientException","message":"hunter2"}"#, Cause::AccessDenied),
            (500, r#"{"__type":"InternalServiceError","message":"hunter2"}"#, Cause::SecretsManager),
            (502, "<html>hunter2</html>", Cause::SecretsManager),
            (200, "<html>hunter2</html>", Cause::SecretsManager),
            (200, r#"{"Tags":"hunter2"}"#, Cause::SecretsManager),
        ];
        for (status, body, expected) in cases {
            let service = StubServer::always(status, body);
            let store = service.aws().secrets_manager();
            let error = store.describe(&SecretId("shop".into())).await.expect_err(body);
            assert_eq!(error.cause(), Some(expected), "{body}: {error}");
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("hunter2"), "the body is shown: {shown}");
            assert!(shown.contains("Secrets Manager at http://127.0.0.1:"), "{shown}");
            assert!(!shown.contains("request-1"), "{shown}");
        }
    }

    #[tokio::test]
    async fn a_denial_names_the_missing_action() {
        let body = r#"{"__type":"AccessDeniedException","Message":"not authorized to perform: secretsmanager:DescribeSecret (Service: AWSKMS; Request ID: 1b-2c; Proxy: null)"}"#;
        let service = StubServer::always(400, body);
        let store = service.aws().secrets_manager();
        let error = store.describe(&SecretId("shop".into())).await.expect_err("a denial");
        assert_eq!(error.cause(), Some(Cause::AccessDenied));
        assert!(
            error
                .to_string()
                .contains("perform: secretsmanager:DescribeSecret (Service: AWSKMS; Proxy: null)"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn a_request_without_a_response_names_what_stopped_it() {
        let config = stub_server::config();
        let closing = StubServer::serve(|_| (0, String::new()));
        let clear = StubServer::always(400, "");
        let free =
            TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
        let cases = [
            ("http://nowhere.invalid".to_owned(), Cause::NameNotResolved, "its name does not resolve"),
            (format!("http://{free}"), Cause::Unreachable, "Connection refused"),
            (closing.url().to_owned(), Cause::Unreachable, "without a response"),
            (clear.url().replace("http:", "https:"), Cause::TlsFailed, "TLS handshake"),
            ("not a URL".to_owned(), Cause::SecretsManager, "is the endpoint a URL"),
        ];
        for (url, cause, said) in cases {
            let (found, shown) = failure_of(&config, &url).await;
            assert!(found == Some(cause) && shown.contains(said), "{url}: {found:?} {shown}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_gives_up_after_12_seconds_and_an_attempt_after_5() {
        // Connections wait in its backlog for ever.
        let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", silent.local_addr().expect("an address"));
        let once = stub_server::config();
        let thrice =
            once.to_builder().retry_config(RetryConfig::standard().with_max_attempts(crate::ATTEMPTS));
        for (config, seconds) in [(once, 5), (thrice.build(), 12)] {
            let begin = tokio::time::Instant::now();
            let (cause, shown) = failure_of(&config, &url).await;
            assert_eq!(begin.elapsed().as_secs(), seconds);
            assert!(shown.contains(&format!("no response within {seconds} s")), "{shown}");
            assert_eq!(cause, Some(Cause::Unreachable));
        }
    }

    #[tokio::test]
    async fn a_function_without_credentials_or_region_is_named_as_that() {
        let service = StubServer::always(200, "{}");
        let config = stub_server::config();
        let provider = ProviderConfig::without_region().with_http_client(config.http_client().expect("one"));
        let nobody =
            ProfileFileCredentialsProvider::builder().configure(&provider).profile_name("nobody").build();
        let without =
            config.to_builder().credentials_provider(SharedCredentialsProvider::new(nobody)).build();
        let (cause, shown) = failure_of(&without, service.url()).await;
        assert_eq!(cause, Some(Cause::AccessDenied), "{shown}");
        assert!(shown.contains("AWS_ACCESS_KEY_ID"), "{shown}");

        let nowhere = config.to_builder().region(None).build();
        let (cause, shown) = failure_of(&nowhere, service.url()).await;
        assert_eq!(cause, Some(Cause::SecretsManager), "{shown}");
        assert!(shown.contains("AWS_REGION"), "{shown}");
        assert_eq!(service.requests().len(), 0);
    }
}
