//! The turn of one of two alternating users: one transaction, the password last, safe to repeat.

use rotation::ports::{AlternationOutcome, Evidence};
use rotation::{Alternation, CallError, Password, SecretId, Target};
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
pub(super) async fn set_up(
    session: &mut PostgresSession,
    alternation: &Alternation,
    secret: &SecretId,
    password: &Password,
    evidence: &Evidence,
) -> Result<AlternationOutcome, CallError> {
    let storage = session.begin_change(Access::WriteAsSuperuser, &alternation.base).await?;
    let pair = UserPair::read(session, alternation, secret).await?;
    if !pair.is_proven(alternation, evidence) {
        session.rollback().await?;
        return Ok(AlternationOutcome::NeedsProof(pair.unproven(alternation)));
    }
    if let Some(refusal) = pair.objection(alternation) {
        return Err(refusal.into());
    }
    admin::check_is_another(session, alternation).await?;
    let joins = alternation.target == Target::Clone && !pair.membership.is_whole;
    let right = if joins { Right::Grant } else { Right::Alter };
    let mut doubt = admin::check_admin(session, &alternation.base, right).await?;
    if alternation.target == Target::Clone && pair.clone.is_some() {
        doubt = doubt.or(admin::check_admin(session, &alternation.clone, Right::Alter).await?);
        memberships::check_nobody_acts_as_clone(session, alternation).await?;
    }
    let changed = change(session, alternation, secret, (password, &storage), &pair).await;
    changed.map_err(|error| admin::refused_by_the_server(error, doubt))?;
    let signals = pair.clone.is_some()
        || alternation.target == Target::Base
        || signals_the_clone(session, alternation).await?;
    session.commit().await?;
    if !signals {
        warn!(
            "in the turns of {}, {} may not cancel or end sessions of its own, since they are the clone's, nor drop a database \
             that they use WITH (FORCE); if it does that, run: GRANT pg_signal_backend TO {}",
            alternation.clone,
            alternation.base,
            clone_check::identifier(&alternation.base)
        );
    }
    Ok(AlternationOutcome::Done)
}

/// Whether the base may signal sessions of the clone, in which it acts: by a role only, since no role is a member of its member.
async fn signals_the_clone(
    session: &mut PostgresSession,
    alternation: &Alternation,
) -> Result<bool, CallError> {
    let query = "SELECT pg_catalog.pg_has_role($1::pg_catalog.name, 'pg_signal_backend', 'USAGE') AS signals";
    let row = session.row(query, &[text(&alternation.base.0)]).await?;
    session.get(&row, "signals")
}

/// Up to the COMMIT.
async fn change(
    session: &mut PostgresSession,
    alternation: &Alternation,
    secret: &SecretId,
    (password, storage): (&Password, &Storage),
    pair: &UserPair,
) -> Result<(), CallError> {
    if alternation.target == Target::Clone {
        if pair.clone.is_none() {
            session.run("CREATE ROLE %I LOGIN", &[&alternation.clone.0]).await?;
        }
        join(session, alternation, pair).await?;
        limits(session, alternation, pair).await?;
        settings::equalize(session, alternation).await?;
        if !pair.has_comment {
            session
                .run(
                    "COMMENT ON ROLE %I IS %L",
                    &[&alternation.clone.0, &clone_check::comment(alternation, secret)],
                )
                .await?;
        }
    }
    let current = if alternation.target == Target::Clone { &alternation.base } else { &alternation.clone };
    session.set_password((alternation.next_user(), current), password, storage, "").await
}

/// Membership carries every right of the base, those it gains later included.
async fn join(
    session: &mut PostgresSession,
    alternation: &Alternation,
    pair: &UserPair,
) -> Result<(), CallError> {
    if pair.membership.is_whole {
        return Ok(());
    }
    if session.has_membership_options() {
        // A plain GRANT repairs neither option where it is off.
        let grant = "GRANT %I TO %I WITH INHERIT TRUE, SET TRUE";
        return session.run(grant, &[&alternation.base.0, &alternation.clone.0]).await;
    }
    if !pair.membership.is_member {
        session.run("GRANT %I TO %I", &[&alternation.base.0, &alternation.clone.0]).await?;
    }
    match &pair.clone {
        Some(clone) if !clone.inherits => session.run("ALTER ROLE %I INHERIT", &[&alternation.clone.0]).await,
        Some(_) | None => Ok(()),
    }
}

/// What membership does not carry. Only what differs is named: even a no-op of some attributes is refused.
async fn limits(
    session: &mut PostgresSession,
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
        session.run("ALTER ROLE %I CONNECTION LIMIT %s", &[clone, &limit]).await?;
    }
    if valid_until != base.valid_until {
        session.run("ALTER ROLE %I VALID UNTIL %L", &[clone, &base.valid_until]).await?;
    }
    Ok(())
}
