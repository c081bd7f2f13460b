//! The statements by which a person makes the clone of a user that exists.

use async_trait::async_trait;
use rotation::ports::SignIn;
use rotation::{Alternation, CallError, Cause, Password, Refusal, SecretId, Server, run_as};

use super::begin::Access;
use super::clone_check::UserPair;
use super::connection::Connection;
use super::equality;
use super::errors::refused;
use super::quoting::{identifier, literal};
use super::sign_in::{self, sign_in};
use super::verifier::{Method, Storage, verifier};
use super::{Postgres, password};
use crate::clone_plan::{ClonePlan, PlansClones};

/// One transaction: if a statement fails, there is no clone.
#[async_trait]
impl PlansClones for Postgres {
    async fn plan_clone(
        &self,
        server: &Server,
        password: &Password,
        alternation: &Alternation,
        secret: &SecretId,
        next: &Password,
    ) -> Result<SignIn<ClonePlan>, CallError> {
        let options = sign_in::options(server, &alternation.base, password);
        let mut connection = match SignIn::from(sign_in(&self.connector(server), options).await?) {
            SignIn::Accepted(connection) => connection,
            SignIn::Rejected(response) => return Ok(SignIn::Rejected(response)),
            SignIn::Expired(response) => return Ok(SignIn::Expired(response)),
        };
        let plan = connection
            .within_limit(async |connection| plan(connection, password, alternation, secret, next).await)
            .await?;
        connection.close().await;
        Ok(SignIn::Accepted(Box::new(plan)))
    }
}

async fn plan(
    connection: &mut Connection,
    used: &Password,
    alternation: &Alternation,
    secret: &SecretId,
    next: &Password,
) -> Result<ClonePlan, CallError> {
    connection.begin(Access::Read).await?;
    let pair = UserPair::read(connection, alternation, secret).await?;
    if pair.clone.is_some() {
        return Err(exists(alternation));
    }
    if let Some(refusal) = equality::objection_to_base(connection, alternation, &pair) {
        return Err(refusal.into());
    }
    let lacking = equality::lacking(connection, alternation, &pair).await?;
    connection.rollback().await?;
    let method = check_changes_own_password(connection, alternation, used).await?;
    let verifier = verifier(method, &alternation.clone, next).await?;
    let set = format!("ALTER ROLE {} PASSWORD {}", identifier(&alternation.clone), literal(&verifier));
    let statements = ["BEGIN".into()].into_iter().chain(lacking).chain([set, "COMMIT".into()]).collect();
    Ok(ClonePlan { statements, left_out: Vec::new() })
}

/// Sets the base's password to what it is, and undoes that: RDS (`rds.restrict_password_commands`) and other extensions refuse it by
/// rules of their own. Returns how the server lets the base in.
async fn check_changes_own_password(
    connection: &mut Connection,
    alternation: &Alternation,
    used: &Password,
) -> Result<Method, CallError> {
    let base = &alternation.base;
    let storage = connection.begin_change(Access::WriteAsItself, base).await?;
    let method = scram(connection, alternation, &storage)?;
    let set = password::set(connection, (base, base), used, &storage, "").await;
    connection.rollback().await?;
    match set {
        Err(CallError::Failed { cause: Cause::MissingPrivilege, response }) => {
            Err(Refusal::NoSuperuser { username: base.clone(), response }.into())
        }
        // A rule about passwords may refuse one that is set already.
        Ok(()) | Err(_) => Ok(method),
    }
}

/// Refuses md5: who reads such a verifier, in a history or a log, signs in with it.
fn scram(connection: &Connection, alternation: &Alternation, storage: &Storage) -> Result<Method, CallError> {
    match connection.verifier_method(&alternation.base, storage)? {
        scram @ Method::ScramSha256 { .. } => Ok(scram),
        Method::Md5 => Err(refused(
            format!(
                "{} has a password in md5, and password_encryption is md5: such a verifier signs in like the password itself, so \
                 it must not be in a statement that others read",
                alternation.base
            ),
            run_as(
                &format!("{} itself", alternation.base),
                &[format!(
                    "ALTER ROLE {} SET password_encryption = 'scram-sha-256'",
                    identifier(&alternation.base)
                )],
            ),
        )),
    }
}

fn exists(alternation: &Alternation) -> CallError {
    let clone = &alternation.clone;
    refused(
        format!("{clone} exists already, and no name shows whose it is"),
        format!(
            "if it is the application's, store its credentials as AWSPREVIOUS (docs/strategies.md, \"Making the pair\"), and the \
             next rotation prints what it lacks; if nobody uses it, {}",
            run_as(rotation::ADMINISTRATOR, &[format!("DROP ROLE {}", identifier(clone))])
        ),
    )
}
