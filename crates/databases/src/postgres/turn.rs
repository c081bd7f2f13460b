//! The turn of one of two alternating users: one transaction, the password last, safe to repeat.

use rotation::edges::{Evidence, TurnOutcome};
use rotation::{EdgeError, Next, Password, SecretId, Turn};
use tracing::warn;

use super::admin::{self, Right};
use super::begin::Access;
use super::clone_check::{self, UserPair};
use super::memberships;
use super::query::text;
use super::session::{PostgresSession, Storage};
use super::settings;

/// As a superuser. A crash before COMMIT leaves nothing, one after it everything: there is no user that
/// signs in but lacks a right.
pub(super) async fn take(
    session: &mut PostgresSession,
    turn: &Turn,
    secret: &SecretId,
    password: &Password,
    evidence: &Evidence,
) -> Result<TurnOutcome, EdgeError> {
    let storage = session.begin_change(Access::WriteAsSuperuser, &turn.base).await?;
    let pair = UserPair::read(session, turn, secret).await?;
    if !pair.is_proven(turn, evidence) {
        session.rollback().await?;
        return Ok(TurnOutcome::NeedsProof(pair.unproven(turn)));
    }
    if let Some(refusal) = pair.objection(turn) {
        return Err(refusal.into());
    }
    admin::check_is_another(session, turn).await?;
    let joins = turn.next == Next::Clone && !pair.membership.is_whole;
    let right = if joins { Right::Grant } else { Right::Alter };
    let mut doubt = admin::check_admin(session, &turn.base, right).await?;
    if turn.next == Next::Clone && pair.clone.is_some() {
        doubt = doubt.or(admin::check_admin(session, &turn.clone, Right::Alter).await?);
        memberships::check_nobody_acts_as_clone(session, turn).await?;
    }
    let changed = change(session, turn, secret, (password, &storage), &pair).await;
    changed.map_err(|error| admin::refused_by_the_server(error, doubt))?;
    let signals = pair.clone.is_some() || turn.next == Next::Base || signals_the_clone(session, turn).await?;
    session.commit().await?;
    if !signals {
        warn!(
            "in the turns of {}, {} may not cancel or end sessions of its own, since they are the clone's, nor drop a database \
             that they use WITH (FORCE); if it does that, run: GRANT pg_signal_backend TO {}",
            turn.clone,
            turn.base,
            clone_check::identifier(&turn.base)
        );
    }
    Ok(TurnOutcome::Done)
}

/// Whether the base may signal sessions of the clone, in which it acts: by a role only, since no role is a member of its member.
async fn signals_the_clone(session: &mut PostgresSession, turn: &Turn) -> Result<bool, EdgeError> {
    let query = "SELECT pg_catalog.pg_has_role($1::pg_catalog.name, 'pg_signal_backend', 'USAGE') AS signals";
    let row = session.row(query, &[text(&turn.base.0)]).await?;
    session.get(&row, "signals")
}

/// Up to the COMMIT.
async fn change(
    session: &mut PostgresSession,
    turn: &Turn,
    secret: &SecretId,
    (password, storage): (&Password, &Storage),
    pair: &UserPair,
) -> Result<(), EdgeError> {
    if turn.next == Next::Clone {
        if pair.clone.is_none() {
            session.run("CREATE ROLE %I LOGIN", &[&turn.clone.0]).await?;
        }
        join(session, turn, pair).await?;
        limits(session, turn, pair).await?;
        settings::equalize(session, turn).await?;
        if !pair.has_comment {
            session
                .run("COMMENT ON ROLE %I IS %L", &[&turn.clone.0, &clone_check::comment(turn, secret)])
                .await?;
        }
    }
    let current = if turn.next == Next::Clone { &turn.base } else { &turn.clone };
    session.set_password((turn.next_user(), current), password, storage, "").await
}

/// Membership carries every right of the base, those it gains later included.
async fn join(session: &mut PostgresSession, turn: &Turn, pair: &UserPair) -> Result<(), EdgeError> {
    if pair.membership.is_whole {
        return Ok(());
    }
    if session.has_membership_options() {
        // A plain GRANT repairs neither option where it is off.
        let grant = "GRANT %I TO %I WITH INHERIT TRUE, SET TRUE";
        return session.run(grant, &[&turn.base.0, &turn.clone.0]).await;
    }
    if !pair.membership.is_member {
        session.run("GRANT %I TO %I", &[&turn.base.0, &turn.clone.0]).await?;
    }
    match &pair.clone {
        Some(clone) if !clone.inherits => session.run("ALTER ROLE %I INHERIT", &[&turn.clone.0]).await,
        Some(_) | None => Ok(()),
    }
}

/// What membership does not carry. Only what differs is named: even a no-op of some attributes is refused.
async fn limits(session: &mut PostgresSession, turn: &Turn, pair: &UserPair) -> Result<(), EdgeError> {
    let (clone, base) = (&turn.clone.0, &pair.base);
    let (connection_limit, valid_until) = match &pair.clone {
        Some(clone) => (clone.connection_limit, clone.valid_until.as_str()),
        None => (-1, "infinity"),
    };
    if connection_limit != base.connection_limit {
        let limit = base.connection_limit.to_string();
        session.run("ALTER ROLE %I CONNECTION LIMIT %s", &[clone, &limit]).await?;
    }
    if valid_until != base.valid_until {
        session.run("ALTER ROLE %I VALID UNTIL %L", &[clone, &base.valid_until]).await?;
    }
    Ok(())
}
