use http_body_util::{BodyExt, Full};
use hyper::http::request::Builder;
use hyper::{Method, Request};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::error::CliError;
use super::key::Key;
use crate::AccessKey;

/// The running server, and its access key.
#[derive(clap::Args, Clone)]
pub(super) struct Endpoint {
    /// The URL of the running server
    #[arg(long, env = "LOCAL_AWS_ENDPOINT", default_value = "http://127.0.0.1:4566")]
    endpoint: String,
    /// The region whose secrets the command is about
    #[arg(long, env = "AWS_REGION", default_value = "us-east-1")]
    region: String,
    #[command(flatten)]
    key: Key,
}

impl Endpoint {
    /// A server of this process.
    pub(super) fn of(endpoint: String, region: String, key: &AccessKey) -> Self {
        Endpoint { endpoint, region, key: Key::of(key) }
    }

    /// The region of the secrets.
    pub(super) fn region(&self) -> &str {
        &self.region
    }

    /// Calls an operation of Secrets Manager.
    pub(super) async fn call(&self, operation: &str, body: &Json) -> Result<Json, CliError> {
        let request = self
            .request(Method::POST, "/")?
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", format!("secretsmanager.{operation}"))
            .body(Full::from(body.to_string()));
        self.send(operation, request).await
    }

    /// Reads a path under `/_local/`.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T, CliError> {
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        let request = self.request(Method::GET, &format!("/_local/{path}?{query}"))?;
        let response = self.send(&format!("the request for {path}"), request.body(Full::default())).await?;
        serde_json::from_value(response).map_err(|_| self.unexpected_response())
    }

    /// Writes a path under `/_local/`.
    pub(super) async fn put(&self, path: &str, body: &Json) -> Result<Json, CliError> {
        let request = self
            .request(Method::PUT, &format!("/_local/{path}"))?
            .header("content-type", "application/json")
            .body(Full::from(body.to_string()));
        self.send(&format!("the request for {path}"), request).await
    }

    fn request(&self, method: Method, path: &str) -> Result<Builder, CliError> {
        let key = self.key.required()?;
        let scope = format!("{}/20260101/{}/secretsmanager/aws4_request", key.expose(), self.region);
        let signature = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=none");
        let url = format!("{}{path}", self.endpoint.trim_end_matches('/'));
        Ok(Request::builder().method(method).uri(url).header("authorization", signature))
    }

    async fn send(
        &self,
        name: &str,
        request: Result<Request<Full<hyper::body::Bytes>>, hyper::http::Error>,
    ) -> Result<Json, CliError> {
        let unreachable = |source| CliError::Unreachable { endpoint: self.endpoint.clone(), source };
        let request = request.map_err(|error| unreachable(error.into()))?;
        let response =
            crate::rotation::client().request(request).await.map_err(|error| unreachable(error.into()))?;
        let status = response.status();
        let body =
            response.into_body().collect().await.map_err(|error| unreachable(error.into()))?.to_bytes();
        let body: Json = serde_json::from_slice(&body).map_err(|_| self.unexpected_response())?;
        if status.is_success() {
            return Ok(body);
        }
        let text = |member: &str| body.get(member).and_then(Json::as_str).map(str::to_owned);
        let code = text("__type").ok_or_else(|| self.unexpected_response())?;
        let message = text("Message").or_else(|| text("message")).unwrap_or_default();
        Err(CliError::Refused { request: name.to_owned(), code, message })
    }

    fn unexpected_response(&self) -> CliError {
        CliError::UnexpectedResponse { endpoint: self.endpoint.clone() }
    }
}
