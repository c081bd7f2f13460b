//! Two alternating users that no superuser makes equal: what a person has to run before the clone's turn.

use rotation::ports::PairComparison;
use rotation::{ADMINISTRATOR, Alternation, CallError, Refusal, SecretId, Target, run_as};
use tracing::warn;

use super::begin::Access;
use super::clone_check::UserPair;
use super::connection::Connection;
use super::quoting::{identifier, literal};
use super::reassign_owned::OwnedByClone;
use super::{memberships, owned_objects, role_settings};

/// Compares the two users, as either of them.
pub(super) async fn compare(
    connection: &mut Connection,
    alternation: &Alternation,
    secret: &SecretId,
) -> Result<PairComparison, CallError> {
    connection.begin(Access::Read).await?;
    let pair = UserPair::read(connection, alternation, secret).await?;
    pair.warn_of_untrusted_grants(alternation);
    let expired = objection_to_base(connection, alternation, &pair);
    if alternation.target == Target::Clone && !pair.membership.is_whole {
        // The statements would give them the rights of the base.
        memberships::check_nobody_acts_as_clone(connection, alternation).await?;
    }
    let lacking = lacking(connection, alternation, &pair).await?;
    let (databases, grants) = owned_objects::of_clone(connection, alternation).await?;
    connection.commit().await?;
    let inequality = (!lacking.is_empty()).then(|| differs(alternation, &lacking));
    let inequality = match (alternation.target, inequality) {
        (Target::Clone, inequality) => inequality,
        (Target::Base, Some(inequality)) => {
            warn!("the turn after this one will be refused: {inequality}");
            None
        }
        (Target::Base, None) => None,
    };
    let objection = expired.or(inequality).or(pair.objection(alternation)).or(grants);
    let owned = OwnedByClone::if_any(databases, alternation, connection.connector.clone());
    Ok(PairComparison::Complete { owned, objection })
}

/// What prevents every alternation of this base. One that has expired is no example to follow.
pub(super) fn objection_to_base(
    connection: &Connection,
    alternation: &Alternation,
    pair: &UserPair,
) -> Option<Refusal> {
    pair.expired(alternation).or(needs_a_superuser(connection, alternation, pair))
}

/// Up to 15 only a role with SUPERUSER sets the password of one with REPLICATION, even the role's own (tried: 13).
fn needs_a_superuser(connection: &Connection, alternation: &Alternation, pair: &UserPair) -> Option<Refusal> {
    (pair.base_replicates() && !connection.has_membership_options()).then(|| Refusal::Database {
        what: format!(
            "{} has REPLICATION, and up to PostgreSQL 15 only a role with SUPERUSER sets the password of such a user",
            alternation.base
        ),
        remedy: "name the secret of such a superuser in masterarn, or rotate a user without REPLICATION".into(),
    })
}

fn differs(alternation: &Alternation, lacking: &[String]) -> Refusal {
    let (clone, base) = (&alternation.clone, &alternation.base);
    Refusal::Database {
        what: format!(
            "{clone} is not equal to {base}, and the secret names no superuser that could make it so"
        ),
        remedy: run_as(ADMINISTRATOR, lacking),
    }
}

/// The statements that make the clone what [`super::alternation`] would make it: a member of the base, with its limits and settings.
pub(super) async fn lacking(
    connection: &mut Connection,
    alternation: &Alternation,
    pair: &UserPair,
) -> Result<Vec<String>, CallError> {
    let (base, clone) = (identifier(&alternation.base), identifier(&alternation.clone));
    let mut statements = Vec::new();
    if pair.clone.is_none() {
        statements.push(format!("CREATE ROLE {clone} LOGIN"));
    }
    let lacks_inherit = pair.clone.as_ref().is_some_and(|role| !role.inherits);
    if !pair.membership.is_whole {
        if connection.has_membership_options() {
            // A plain GRANT does not turn on an option that is off.
            statements.push(format!("GRANT {base} TO {clone} WITH INHERIT TRUE, SET TRUE"));
        } else {
            let grant = (!pair.membership.is_member).then(|| format!("GRANT {base} TO {clone}"));
            statements.extend(grant);
            statements.extend(lacks_inherit.then(|| format!("ALTER ROLE {clone} INHERIT")));
        }
    }
    let (limit, until) =
        pair.clone.as_ref().map_or((-1, "infinity"), |role| (role.connection_limit, &role.valid_until));
    if limit != pair.base.connection_limit {
        statements.push(format!("ALTER ROLE {clone} CONNECTION LIMIT {}", pair.base.connection_limit));
    }
    if until != pair.base.valid_until {
        statements.push(format!("ALTER ROLE {clone} VALID UNTIL {}", literal(&pair.base.valid_until)));
    }
    if pair.lacks_replication() {
        statements.push(format!("ALTER ROLE {clone} REPLICATION"));
    }
    let wanted = role_settings::wanted(connection, alternation).await?;
    let has = role_settings::of(connection, &alternation.clone).await?;
    statements.extend(role_settings::statements(connection, &alternation.clone, &wanted, &has).await?);
    Ok(statements)
}
