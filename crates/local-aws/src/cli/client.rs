use http_body_util::{BodyExt, Full};
use hyper::{Method, Request};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::CliError;

/// Where the server is.
#[derive(clap::Args)]
pub(super) struct Endpoint {
    /// The URL of the server that runs
    #[arg(long, env = "LOCAL_AWS_ENDPOINT", default_value = "http://127.0.0.1:4566")]
    endpoint: String,
}

impl Endpoint {
    /// Calls an operation of Secrets Manager.
    pub(super) async fn call(&self, operation: &str, body: &Json) -> Result<Json, CliError> {
        let request = Request::post(self.url("/"))
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", format!("secretsmanager.{operation}"))
            .header("authorization", "AWS4-HMAC-SHA256 Credential=local, SignedHeaders=host, Signature=none")
            .body(Full::from(body.to_string()));
        self.send(request).await
    }

    /// Reads under `/_local/`.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T, CliError> {
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        let url = self.url(&format!("/_local/{path}?{query}"));
        let answer = self.send(Request::get(url).body(Full::default())).await?;
        serde_json::from_value(answer).map_err(|_| self.foreign())
    }

    /// Writes under `/_local/`.
    pub(super) async fn put(&self, path: &str, body: &Json) -> Result<(), CliError> {
        let request = Request::builder()
            .method(Method::PUT)
            .uri(self.url(&format!("/_local/{path}")))
            .header("content-type", "application/json")
            .body(Full::from(body.to_string()));
        self.send(request).await.map(drop)
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.endpoint.trim_end_matches('/'))
    }

    async fn send(
        &self,
        request: Result<Request<Full<hyper::body::Bytes>>, hyper::http::Error>,
    ) -> Result<Json, CliError> {
        let unreachable = |source| CliError::Unreachable { endpoint: self.endpoint.clone(), source };
        let request = request.map_err(|error| unreachable(error.into()))?;
        let answer =
            crate::rotation::client().request(request).await.map_err(|error| unreachable(error.into()))?;
        let succeeded = answer.status().is_success();
        let body = answer.into_body().collect().await.map_err(|error| unreachable(error.into()))?.to_bytes();
        let body: Json = serde_json::from_slice(&body).map_err(|_| self.foreign())?;
        if succeeded {
            return Ok(body);
        }
        let text = |member: &str| body.get(member).and_then(Json::as_str).map(str::to_owned);
        let code = text("__type").ok_or_else(|| self.foreign())?;
        let message = text("Message").or_else(|| text("message")).unwrap_or_default();
        Err(CliError::Refused { code, message })
    }

    fn foreign(&self) -> CliError {
        CliError::Foreign { endpoint: self.endpoint.clone() }
    }
}
