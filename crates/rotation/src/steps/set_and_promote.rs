//! setSecret where it makes the version current as well: single user with a shorter gap.

use super::context::Context;
use super::finish_secret::finish_secret;
use super::set_secret::set_secret;
use super::test_secret::test_secret;
use crate::VersionId;
use crate::error::Error;

/// Runs setSecret, testSecret and finishSecret, one right after the other, in one invocation.
///
/// # Errors
/// Of any of the three. Before the last one AWSCURRENT has not moved, and a retry goes on from there, as it does when each step
/// has an invocation of its own: a version that was not verified is never current. The last one names `current`, the version
/// that had AWSCURRENT when the invocation began, so that it moves nothing that somebody else has moved meanwhile.
pub(crate) async fn set_and_promote(context: &Context<'_>, current: &VersionId) -> Result<(), Error> {
    set_secret(context).await?;
    test_secret(context).await?;
    finish_secret(context, current).await
}
