//! What the secret holds.

use std::path::Path;

use aws::{Aws, SecretsManager};
use rotation::ports::{SecretStore as _, Wanted};
use rotation::{CallError, SecretId, SecretText, Stage, VersionId, Versions};

use super::failure::Failure;
use crate::environment::Environment;

/// What the secret holds, as far as it was read.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) current: SecretText,
    pub(crate) previous: Previous,
    /// The version of a rotation that is not finished.
    pub(crate) pending: Option<VersionId>,
}

/// What has AWSPREVIOUS, which the clone's version takes away.
#[derive(Debug)]
pub(crate) enum Previous {
    /// Secrets Manager was not asked.
    Unknown,
    /// No version has it.
    None,
    /// This version has it; its text, unless it has none.
    Version(VersionId, Option<SecretText>),
}

impl Stored {
    /// AWSCURRENT from a file; the rest is unknown.
    pub(crate) fn from_file(path: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|error| Failure::Unreadable { path: path.into(), error })?;
        Ok(Self { current: SecretText::new(text), previous: Previous::Unknown, pending: None })
    }

    /// Reads the secret. Changes nothing.
    pub(crate) async fn from_secrets_manager(
        environment: &Environment,
        secret: &SecretId,
    ) -> Result<Self, Failure> {
        let failed = |error| Failure::Call { doing: format!("read {secret}"), error };
        let aws = Aws::connect(environment.aws.clone(), environment.aws_authorities.clone());
        let store = aws.map_err(|error| Failure::Environment(vec![error.to_string()]))?.secrets_manager();
        let versions = store.describe(secret).await.map_err(failed)?;
        let current = store.value(secret, Wanted::Labelled(Stage::Current)).await.map_err(failed)?;
        let current = current.ok_or(Failure::NoCurrent)?;
        let previous = previous(&store, secret, &versions).await.map_err(failed)?;
        Ok(Self { current, previous, pending: versions.unfinished().cloned() })
    }
}

async fn previous(
    store: &SecretsManager,
    secret: &SecretId,
    versions: &Versions,
) -> Result<Previous, CallError> {
    let Some(version) = versions.holder(Stage::Previous) else { return Ok(Previous::None) };
    let text = store.value(secret, Wanted::Version(version)).await?;
    Ok(Previous::Version(version.clone(), text))
}
