//! Secrets Manager.

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::Builder;
use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use aws_sdk_secretsmanager::operation::put_secret_value::PutSecretValueError;
use aws_sdk_secretsmanager::operation::update_secret_version_stage::UpdateSecretVersionStageError;
use rotation::ports::{Move, Put, SecretStore, Wanted};
use rotation::{CallError, Cause, RotationToken, SecretId, SecretText, Stage, VersionId, Versions};

use crate::certificate::NoRetry;
use crate::errors::Service;

/// The tags by which RDS says for which server it made a secret (Amazon RDS User Guide, "Password management
/// with Amazon RDS and AWS Secrets Manager"). Their case differs between RDS's guides.
const MADE_FOR: [&str; 2] = ["aws:rds:primaryDBInstanceArn", "aws:rds:primaryDBClusterArn"];

/// The store of secrets. What the SDK copies of a value on its way, it does not wipe; the functions' allocator does.
pub struct SecretsManager {
    client: Client,
    service: Service,
}

impl fmt::Debug for SecretsManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretsManager").finish_non_exhaustive()
    }
}

impl SecretsManager {
    pub(crate) fn new(config: &SdkConfig, endpoint: Option<String>) -> Self {
        let service = Service::new("Secrets Manager", config, endpoint.as_deref(), Cause::SecretsManager);
        let mut builder = Builder::from(config).retry_classifier(NoRetry);
        if endpoint.is_some() {
            builder.set_endpoint_url(endpoint);
        }
        Self { client: Client::from_conf(builder.build()), service }
    }
}

#[async_trait]
impl SecretStore for SecretsManager {
    async fn describe(&self, secret: &SecretId) -> Result<Versions, CallError> {
        let answer = self.client.describe_secret().secret_id(&secret.0).send().await;
        answer.map(versions).map_err(|error| self.service.failure(&error))
    }

    /// `ResourceNotFoundException` is none: a version without a value, a label on no version, or no such
    /// secret. Only `DescribeSecret` tells the last from the others; the steps call both.
    async fn value(&self, secret: &SecretId, wanted: Wanted<'_>) -> Result<Option<SecretText>, CallError> {
        let call = self.client.get_secret_value().secret_id(&secret.0);
        let call = match wanted {
            Wanted::Labelled(stage) => call.version_stage(stage.name()),
            Wanted::Pending(version) => call.version_id(&version.0).version_stage(Stage::Pending.name()),
            Wanted::Version(version) => call.version_id(&version.0),
        };
        match call.send().await {
            // Moved, not copied.
            Ok(answer) => match answer.secret_string {
                Some(text) => {
                    let created = answer.created_date.and_then(|date| date.try_into().ok());
                    Ok(Some(SecretText::new(text).created(created)))
                }
                None => Err(self.service.unexpected_response(
                    "answered with a binary value; store the secret as a string of JSON",
                )),
            },
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(GetSecretValueError::is_resource_not_found_exception) =>
            {
                Ok(None)
            }
            Err(error) => Err(self.service.failure(&error)),
        }
    }

    /// The version's id is the call's `ClientRequestToken`, so the SDK's own retries are safe too.
    async fn put_pending(
        &self,
        secret: &SecretId,
        version: &VersionId,
        text: &SecretText,
        token: Option<&RotationToken>,
    ) -> Result<Put, CallError> {
        let call = self.client.put_secret_value().secret_id(&secret.0).client_request_token(&version.0);
        // Named always: without it the service puts AWSCURRENT on the version.
        let call = call.version_stages(Stage::Pending.name()).secret_string(text.expose());
        let call = call.set_rotation_token(token.map(|token| token.expose().to_owned()));
        match call.send().await {
            Ok(_) => Ok(Put::Written),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(PutSecretValueError::is_resource_exists_exception) =>
            {
                Ok(Put::AlreadyWritten)
            }
            Err(error) => Err(self.service.failure(&error)),
        }
    }

    /// With `IncludeDeprecated`, which are the versions without a label; the service removes them once they are a day old
    /// and there are about 100 (Secrets Manager User Guide, "What's in a secret").
    async fn unlabelled(&self, secret: &SecretId) -> Result<Vec<VersionId>, CallError> {
        let pages = self.client.list_secret_version_ids().secret_id(&secret.0).include_deprecated(true);
        let mut pages = pages.into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.service.failure(&error))?;
            found.extend(page.versions.unwrap_or_default());
        }
        found.retain(|version| version.version_stages().is_empty());
        found.sort_by_key(|version| std::cmp::Reverse(version.created_date.map(|date| date.as_nanos())));
        Ok(found.into_iter().filter_map(|version| version.version_id.map(VersionId)).collect())
    }

    /// A repeat of a move that got through, the SDK's own included, is `NotThere`: `from` no longer has the label.
    async fn move_current(
        &self,
        secret: &SecretId,
        from: &VersionId,
        to: &VersionId,
    ) -> Result<Move, CallError> {
        let call = self.client.update_secret_version_stage().secret_id(&secret.0);
        let call = call
            .version_stage(Stage::Current.name())
            .remove_from_version_id(&from.0)
            .move_to_version_id(&to.0);
        match call.send().await {
            Ok(_) => Ok(Move::Done),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(UpdateSecretVersionStageError::is_invalid_parameter_exception) =>
            {
                Ok(Move::NotThere)
            }
            Err(error) => Err(self.service.failure(&error)),
        }
    }
}

fn versions(answer: DescribeSecretOutput) -> Versions {
    let is_made_for = |key: &str| MADE_FOR.iter().any(|name| name.eq_ignore_ascii_case(key));
    let tags = answer.tags.unwrap_or_default();
    let made_for = tags.into_iter().find(|tag| tag.key().is_some_and(is_made_for)).and_then(|tag| tag.value);
    let stages = answer.version_ids_to_stages.unwrap_or_default();
    let stages: BTreeMap<_, _> = stages.into_iter().map(|(id, stages)| (VersionId(id), stages)).collect();
    Versions { rotation_enabled: answer.rotation_enabled, stages, made_for }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stub_server::StubServer;

    const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:1:secret:shop";

    fn secret() -> SecretId {
        SecretId(SECRET.into())
    }

    fn version(id: &str) -> VersionId {
        VersionId(id.into())
    }

    async fn put(service: &StubServer) -> Result<Put, CallError> {
        let text = SecretText::new("{}".into());
        service.aws().secrets_manager().put_pending(&secret(), &version("new"), &text, None).await
    }

    async fn moved(service: &StubServer) -> Result<Move, CallError> {
        service.aws().secrets_manager().move_current(&secret(), &version("old"), &version("new")).await
    }

    async fn read(service: &StubServer, wanted: Wanted<'_>) -> Result<Option<SecretText>, CallError> {
        service.aws().secrets_manager().value(&secret(), wanted).await
    }

    #[tokio::test]
    async fn a_description_tells_labels_and_the_server_that_it_is_for() {
        for key in ["aws:rds:primaryDBInstanceArn", "aws:rds:primarydbclusterarn"] {
            let tags = format!(r#"[{{"Key":"team","Value":"shop"}},{{"Key":"{key}","Value":"arn:db"}}]"#);
            let service = StubServer::always(
                200,
                &format!(
                    r#"{{"RotationEnabled":true,"VersionIdsToStages":{{"new":["AWSPENDING","x"]}},"Tags":{tags}}}"#
                ),
            );
            let versions = service.aws().secrets_manager().describe(&secret()).await.expect("a description");
            assert_eq!(versions.rotation_enabled, Some(true));
            assert_eq!(versions.made_for.as_deref(), Some("arn:db"));
            assert_eq!(versions.stages[&version("new")], ["AWSPENDING", "x"]);
        }
        let service = StubServer::always(200, "{}");
        let versions = service.aws().secrets_manager().describe(&secret()).await.expect("a description");
        assert_eq!((versions.rotation_enabled, versions.made_for), (None, None));
    }

    #[tokio::test]
    async fn a_value_is_asked_for_by_label_or_as_this_pending_version() {
        let pending = version("new");
        let cases = [
            (Wanted::Labelled(Stage::Previous), r#""VersionStage":"AWSPREVIOUS""#, None),
            (Wanted::Pending(&pending), r#""VersionStage":"AWSPENDING""#, Some(r#""VersionId":"new""#)),
        ];
        for (wanted, stage, id) in cases {
            let service = StubServer::always(200, r#"{"SecretString":"{\"password\":\"hunter2\"}"}"#);
            let text = read(&service, wanted).await.expect("an answer").expect("a value");
            assert_eq!(text.expose(), r#"{"password":"hunter2"}"#);
            let request = service.requests().concat();
            assert!(request.contains(stage), "{request}");
            assert_eq!(request.contains("VersionId"), id.is_some(), "{request}");
            assert!(id.is_none_or(|id| request.contains(id)), "{request}");
        }
    }

    #[tokio::test]
    async fn a_version_without_a_value_is_none_and_a_binary_value_an_error() {
        let wanted = || Wanted::Labelled(Stage::Current);
        let service = StubServer::always(400, r#"{"__type":"ResourceNotFoundException"}"#);
        assert!(read(&service, wanted()).await.expect("an answer").is_none());

        let service = StubServer::always(200, r#"{"SecretBinary":"aHVudGVyMg=="}"#);
        let error = read(&service, wanted()).await.expect_err("a binary value");
        assert!(error.to_string().contains("binary"), "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }

    #[tokio::test]
    async fn a_write_is_pending_and_carries_version_and_token() {
        let service = StubServer::always(200, "{}");
        let token = "0123456789abcdef0123456789abcdef0123456789";
        let event = serde_event(token);
        let text = SecretText::new(r#"{"password":"hunter2"}"#.into());
        let store = service.aws().secrets_manager();
        let put = store.put_pending(&secret(), &version("new"), &text, event.rotation_token.as_ref()).await;
        assert_eq!(put.expect("an answer"), Put::Written);
        let request = service.requests().concat();
        let parts = [
            r#""ClientRequestToken":"new""#,
            r#""VersionStages":["AWSPENDING"]"#,
            r#""SecretString":"{\"password\":\"hunter2\"}""#,
            &format!(r#""RotationToken":"{token}""#),
        ];
        for part in parts {
            assert!(request.contains(part), "{part} is not in {request}");
        }
    }

    /// The only way to a token is an event.
    fn serde_event(token: &str) -> rotation::RotationEvent {
        let event = serde_json::json!({
            "Step": "createSecret",
            "SecretId": SECRET,
            "ClientRequestToken": "11111111-2222-3333-4444-555555555555",
            "RotationToken": token,
        });
        rotation::RotationEvent::parse(event).expect("an event")
    }

    #[tokio::test]
    async fn versions_without_a_label_come_newest_first_from_every_page() {
        let service = StubServer::serve(|request| {
            assert!(request.contains(r#""IncludeDeprecated":true"#), "{request}");
            let labelled = r#"{"VersionId":"current","VersionStages":["AWSCURRENT"],"CreatedDate":9}"#;
            let page = match request.contains("NextToken") {
                false => format!(
                    r#"{{"Versions":[{{"VersionId":"old","CreatedDate":1}},{labelled}],"NextToken":"2"}}"#
                ),
                true => {
                    r#"{"Versions":[{"VersionId":"new","VersionStages":[],"CreatedDate":1.5}]}"#.to_owned()
                }
            };
            (200, page)
        });
        let versions = service.aws().secrets_manager().unlabelled(&secret()).await.expect("a list");
        assert_eq!(versions, [version("new"), version("old")]);
    }

    #[tokio::test]
    async fn a_conflict_is_an_answer_and_no_error() {
        let exists = StubServer::always(400, r#"{"__type":"ResourceExistsException"}"#);
        assert_eq!(put(&exists).await.expect("an answer"), Put::AlreadyWritten);
        let elsewhere = StubServer::always(400, r#"{"__type":"InvalidParameterException"}"#);
        assert_eq!(moved(&elsewhere).await.expect("an answer"), Move::NotThere);
        // The same codes at the other call are errors.
        assert!(put(&elsewhere).await.is_err());
        assert!(moved(&exists).await.is_err());
    }

    #[tokio::test]
    async fn a_move_names_both_versions() {
        let service = StubServer::always(200, "{}");
        assert_eq!(moved(&service).await.expect("an answer"), Move::Done);
        let request = service.requests().concat();
        for part in
            [r#""RemoveFromVersionId":"old""#, r#""MoveToVersionId":"new""#, r#""VersionStage":"AWSCURRENT""#]
        {
            assert!(request.contains(part), "{part} is not in {request}");
        }
    }
}
