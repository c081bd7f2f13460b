//! Setting up the next of two alternating users, as a superuser: one transaction, the password last.

use rotation::ports::{AlternationOutcome, Evidence, Unproven};
use rotation::{Alternation, CallError, Password, Refusal, SecretId, Target};
use tracing::warn;

use super::begin::Access;
use super::clone_check::{self, UserPair};
use super::connection::Connection;
use super::query::text;
use super::quoting::identifier;
use super::superuser::{self, Right};
use super::verifier::Storage;
use super::{memberships, password, role_settings};

/// Makes the next user what it must be and sets its password; may be repeated. A crash before COMMIT leaves no change, one after it
/// leaves all: no user ever signs in but lacks a right.
pub(super) async fn set_up(
    connection: &mut Connection,
    alternation: &Alternation,
    secret: &SecretId,
    password: &Password,
    evidence: &Evidence,
) -> Result<AlternationOutcome, CallError> {
    let storage = connection.begin_change(Access::WriteAsSuperuser, &alternation.base).await?;
    let Checked { pair, doubt } = match checked(connection, alternation, secret, evidence).await? {
        Ok(checked) => checked,
        Err(unproven) => return Ok(AlternationOutcome::NeedsProof(unproven)),
    };
    let changed = change(connection, alternation, secret, (password, &storage), &pair).await;
    changed.map_err(|error| superuser::explain_missing_privilege(error, doubt))?;
    let can_signal = pair.clone.is_some()
        || alternation.target == Target::Base
        || can_signal_clone(connection, alternation).await?;
    connection.commit().await?;
    if !can_signal {
        warn!(
            "while {} is the current user, {} may not cancel or terminate the application's sessions, because they are the clone's, \
             nor drop a database that they use WITH (FORCE); if the application does that, run: GRANT pg_signal_backend TO {}",
            alternation.clone,
            alternation.base,
            identifier(&alternation.base)
        );
    }
    Ok(AlternationOutcome::Done)
}

/// Does the checks of [`set_up`], and changes nothing.
pub(super) async fn check(
    connection: &mut Connection,
    alternation: &Alternation,
    secret: &SecretId,
    evidence: &Evidence,
) -> Result<AlternationOutcome, CallError> {
    connection.begin(Access::ReadAsSuperuser).await?;
    let outcome = match checked(connection, alternation, secret, evidence).await? {
        Ok(_) => AlternationOutcome::Done,
        Err(unproven) => return Ok(AlternationOutcome::NeedsProof(unproven)),
    };
    connection.rollback().await?;
    Ok(outcome)
}

/// What was found before a change.
struct Checked {
    pair: UserPair,
    /// Adds to the server's error if only the server can tell what the superuser may do.
    doubt: Option<Refusal>,
}

/// Everything that is checked before a change. Ends the transaction if there is no proof.
async fn checked(
    connection: &mut Connection,
    alternation: &Alternation,
    secret: &SecretId,
    evidence: &Evidence,
) -> Result<Result<Checked, Unproven>, CallError> {
    let pair = UserPair::read(connection, alternation, secret).await?;
    if !pair.is_proven(alternation, evidence) {
        connection.rollback().await?;
        return Ok(Err(pair.unproven(alternation)));
    }
    if let Some(refusal) = pair.objection(alternation) {
        return Err(refusal.into());
    }
    superuser::check_is_another(connection, alternation).await?;
    let needs_grant = alternation.target == Target::Clone && !pair.membership.is_whole;
    let right = if needs_grant { Right::Grant } else { Right::Alter };
    let mut doubt = superuser::check_admin(connection, &alternation.base, right).await?;
    if alternation.target == Target::Clone && pair.clone.is_some() {
        doubt = doubt.or(superuser::check_admin(connection, &alternation.clone, Right::Alter).await?);
        memberships::check_nobody_acts_as_clone(connection, alternation).await?;
    }
    Ok(Ok(Checked { pair, doubt }))
}

/// All statements before COMMIT.
async fn change(
    connection: &mut Connection,
    alternation: &Alternation,
    secret: &SecretId,
    (password, storage): (&Password, &Storage),
    pair: &UserPair,
) -> Result<(), CallError> {
    if alternation.target == Target::Clone {
        if pair.clone.is_none() {
            connection.run("CREATE ROLE %I LOGIN", &[&alternation.clone.0]).await?;
        }
        grant_membership(connection, alternation, pair).await?;
        copy_limits(connection, alternation, pair).await?;
        role_settings::equalize(connection, alternation).await?;
        if !pair.has_comment {
            connection
                .run(
                    "COMMENT ON ROLE %I IS %L",
                    &[&alternation.clone.0, &clone_check::comment(alternation, secret)],
                )
                .await?;
        }
    }
    let current = if alternation.target == Target::Clone { &alternation.base } else { &alternation.clone };
    password::set(connection, (alternation.next_user(), current), password, storage, "").await
}

/// Makes the clone a member of the base: it inherits every right of the base, including those granted later.
async fn grant_membership(
    connection: &mut Connection,
    alternation: &Alternation,
    pair: &UserPair,
) -> Result<(), CallError> {
    if pair.membership.is_whole {
        return Ok(());
    }
    if connection.has_membership_options() {
        // A plain GRANT does not turn on an option that is off.
        let grant = "GRANT %I TO %I WITH INHERIT TRUE, SET TRUE";
        return connection.run(grant, &[&alternation.base.0, &alternation.clone.0]).await;
    }
    if !pair.membership.is_member {
        connection.run("GRANT %I TO %I", &[&alternation.base.0, &alternation.clone.0]).await?;
    }
    match &pair.clone {
        Some(clone) if !clone.inherits => {
            connection.run("ALTER ROLE %I INHERIT", &[&alternation.clone.0]).await
        }
        Some(_) | None => Ok(()),
    }
}

/// Copies what a membership does not convey. Only what differs is set: the server refuses some attributes even if nothing changes.
async fn copy_limits(
    connection: &mut Connection,
    alternation: &Alternation,
    pair: &UserPair,
) -> Result<(), CallError> {
    let (clone, base) = (&alternation.clone.0, &pair.base);
    let (connection_limit, valid_until) = match &pair.clone {
        Some(clone) => (clone.connection_limit, clone.valid_until.as_str()),
        None => (-1, "infinity"),
    };
    if connection_limit != base.connection_limit {
        let limit = base.connection_limit.to_string();
        connection.run("ALTER ROLE %I CONNECTION LIMIT %s", &[clone, &limit]).await?;
    }
    if valid_until != base.valid_until {
        connection.run("ALTER ROLE %I VALID UNTIL %L", &[clone, &base.valid_until]).await?;
    }
    Ok(())
}

/// Whether the base may signal sessions of the clone: only by a role, because no role can be a member of its own member.
async fn can_signal_clone(connection: &mut Connection, alternation: &Alternation) -> Result<bool, CallError> {
    let query = "SELECT pg_catalog.pg_has_role($1::pg_catalog.name, 'pg_signal_backend', 'USAGE') AS signals";
    let row = connection.row(query, &[text(&alternation.base.0)]).await?;
    connection.get(&row, "signals")
}
