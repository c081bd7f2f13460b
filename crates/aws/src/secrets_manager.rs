//! Secrets Manager.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::SystemTime;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::Builder;
use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use aws_sdk_secretsmanager::operation::put_secret_value::PutSecretValueError;
use aws_sdk_secretsmanager::operation::rotate_secret::RotateSecretError;
use aws_sdk_secretsmanager::operation::update_secret_version_stage::UpdateSecretVersionStageError;
use aws_sdk_secretsmanager::primitives::DateTime;
use aws_sdk_secretsmanager::types::{
    ReplicationStatusType, SecretListEntry, SecretVersionsListEntry, StatusType,
};
use rotation::ports::{Move, Page, Put, SecretStore, Wanted};
use rotation::{
    CallError, Cause, Refusal, Replica, ReplicaStatus, Replication, RotationToken, Schedule, SecretId,
    SecretText, Stage, VersionId, Versions,
};

use crate::certificate::NoRetry;
use crate::errors::Service;
use crate::host;

/// The tags by which RDS says for which server it made a secret (Amazon RDS User Guide, "Password management
/// with Amazon RDS and AWS Secrets Manager"). Their case differs between RDS's guides.
const MADE_FOR: [&str; 2] = ["aws:rds:primaryDBInstanceArn", "aws:rds:primaryDBClusterArn"];

/// What `RotateSecret` has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// The rotation to this version.
    New(VersionId),
    /// Another attempt of the rotation to the version that is AWSPENDING.
    Again,
}

/// What `RotateSecret` says where a rotation is not finished, while it begins another attempt of it (recorded).
const NOT_COMPLETE: &str = "A previous rotation isn't complete";

/// The store of secrets. What the SDK copies of a value on its way, it does not wipe; the functions' allocator does.
pub struct SecretsManager {
    client: Client,
    service: Service,
    config: SdkConfig,
    endpoint: Option<String>,
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
            builder.set_endpoint_url(endpoint.clone());
        }
        Self { client: Client::from_conf(builder.build()), service, config: config.clone(), endpoint }
    }

    /// Has the secret rotated by the function that it names. No function of this project calls it.
    ///
    /// # Errors
    /// The service's, such as that the secret names no function.
    pub async fn rotate(&self, secret: &SecretId) -> Result<Begun, CallError> {
        match self.client.rotate_secret().secret_id(&secret.0).send().await {
            Ok(response) => match response.version_id {
                Some(version) => Ok(Begun::New(VersionId(version))),
                None => Err(self.service.unexpected_response("named no version")),
            },
            Err(error) => match error.as_service_error() {
                Some(RotateSecretError::InvalidRequestException(refused))
                    if refused.message().is_some_and(|message| message.contains(NOT_COMPLETE)) =>
                {
                    Ok(Begun::Again)
                }
                _ => Err(self.service.failure(&error)),
            },
        }
    }

    /// With `IncludeDeprecated`, which are the versions without a label or a value; the service removes those without a label once
    /// they are a day old and there are about 100 (Secrets Manager User Guide, "What's in a secret").
    async fn all_versions(&self, secret: &SecretId) -> Result<Vec<SecretVersionsListEntry>, CallError> {
        let pages = self.client.list_secret_version_ids().secret_id(&secret.0).include_deprecated(true);
        let mut pages = pages.into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.service.failure(&error))?;
            found.extend(page.versions.unwrap_or_default());
        }
        Ok(found)
    }
}

#[async_trait]
impl SecretStore for SecretsManager {
    fn host(&self) -> Option<String> {
        host(&self.config, "secretsmanager", self.endpoint.as_deref())
    }

    async fn describe(&self, secret: &SecretId) -> Result<Versions, CallError> {
        let response = self.client.describe_secret().secret_id(&secret.0).send().await;
        response.map(versions).map_err(|error| self.service.failure(&error))
    }

    /// `None` for `ResourceNotFoundException`: a version without a value, a label on no version, or no such
    /// secret. Only `DescribeSecret` distinguishes the last; the steps call both.
    async fn value(&self, secret: &SecretId, wanted: Wanted<'_>) -> Result<Option<SecretText>, CallError> {
        let call = self.client.get_secret_value().secret_id(&secret.0);
        let call = match wanted {
            Wanted::Labelled(stage) => call.version_stage(stage.name()),
            Wanted::Pending(version) => call.version_id(&version.0).version_stage(Stage::Pending.name()),
            Wanted::Version(version) => call.version_id(&version.0),
        };
        match call.send().await {
            // Moved, not copied.
            Ok(response) => match response.secret_string {
                Some(text) => {
                    let created = response.created_date.and_then(|date| date.try_into().ok());
                    Ok(Some(SecretText::new(text).created(created)))
                }
                // What is stored never changes, so no attempt helps.
                None => Err(Refusal::Database {
                    what: format!("{} responded with a binary value", self.service.name),
                    remedy: "store the secret as a string of JSON".into(),
                }
                .into()),
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
        // Explicit, because without a label the service puts AWSCURRENT on the version.
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

    /// Of the largest size, 100. No filter knows the rotation function.
    async fn list(&self, page: Option<&str>) -> Result<Page, CallError> {
        let call = self.client.list_secrets().max_results(100).set_next_token(page.map(str::to_owned));
        let response = call.send().await.map_err(|error| self.service.failure(&error))?;
        let secrets = response.secret_list.unwrap_or_default().into_iter();
        Ok(Page { secrets: secrets.filter_map(listed).collect(), next: response.next_token })
    }

    async fn created(&self, secret: &SecretId, version: &VersionId) -> Result<Option<SystemTime>, CallError> {
        let found = self.all_versions(secret).await?;
        let found = found.into_iter().find(|entry| entry.version_id() == Some(version.0.as_str()));
        Ok(found.and_then(|entry| time(entry.created_date)))
    }

    async fn unlabelled(&self, secret: &SecretId) -> Result<Vec<VersionId>, CallError> {
        let mut found = self.all_versions(secret).await?;
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

fn versions(secret: DescribeSecretOutput) -> Versions {
    let is_made_for = |key: &str| MADE_FOR.iter().any(|name| name.eq_ignore_ascii_case(key));
    let tags = secret.tags.unwrap_or_default();
    let made_for = tags.into_iter().find(|tag| tag.key().is_some_and(is_made_for)).and_then(|tag| tag.value);
    let changed = time(secret.last_changed_date);
    let replication = Replication {
        replicas: secret.replication_status.unwrap_or_default().into_iter().map(replica).collect(),
        // The service's clock may be ahead of this one.
        since_change: changed.map(|changed| changed.elapsed().unwrap_or_default()),
    };
    let schedule = Schedule {
        function: secret.rotation_lambda_arn,
        last: time(secret.last_rotated_date),
        next: time(secret.next_rotation_date),
        is_deleted: secret.deleted_date.is_some(),
    };
    let stages = stages(secret.version_ids_to_stages);
    Versions { rotation_enabled: secret.rotation_enabled, stages, made_for, replication, schedule }
}

fn listed(secret: SecretListEntry) -> Option<(SecretId, Versions)> {
    let schedule = Schedule {
        function: secret.rotation_lambda_arn,
        last: time(secret.last_rotated_date),
        next: time(secret.next_rotation_date),
        is_deleted: secret.deleted_date.is_some(),
    };
    let stages = stages(secret.secret_versions_to_stages);
    let (rotation_enabled, rest) = (secret.rotation_enabled, Versions::default());
    Some((SecretId(secret.arn?), Versions { rotation_enabled, stages, schedule, ..rest }))
}

fn stages(stages: Option<HashMap<String, Vec<String>>>) -> BTreeMap<VersionId, Vec<String>> {
    stages.unwrap_or_default().into_iter().map(|(id, stages)| (VersionId(id), stages)).collect()
}

fn time(date: Option<DateTime>) -> Option<SystemTime> {
    date.and_then(|date| SystemTime::try_from(date).ok())
}

fn replica(replica: ReplicationStatusType) -> Replica {
    let status = match replica.status {
        Some(StatusType::InSync) => ReplicaStatus::InSync,
        Some(StatusType::Failed) => {
            ReplicaStatus::Failed { message: replica.status_message.unwrap_or_default() }
        }
        // The set is not closed. What is not known to be there is not there.
        _ => ReplicaStatus::InProgress,
    };
    Replica { region: replica.region.unwrap_or_default(), kms_key: replica.kms_key_id, status }
}

#[cfg(test)]
mod tests;
