//! Whether two users are a base and its clone: a name alone proves nothing, nor a membership that anybody could grant.

use rotation::ports::{Evidence, Membership, Unproven};
use rotation::{ADMINISTRATOR, Alternation, CallError, Refusal, SecretId, Target, Username, run_as};
use tracing::warn;

use super::memberships::{self, ForeignRole, Granted};
use super::query;
use super::session::PostgresSession;

/// Roles of RDS whose members sign in by IAM or Kerberos only.
const PASSWORDLESS: [&str; 2] = ["rds_iam", "rds_ad"];

/// What `pg_roles` says of a user that a turn depends on.
#[derive(Debug, Clone)]
pub(super) struct Role {
    can_login: bool,
    pub(super) inherits: bool,
    pub(super) connection_limit: i32,
    /// As text; `infinity` where the password never expires.
    pub(super) valid_until: String,
    has_expired: bool,
    replication: bool,
    comment: String,
    /// What acts through membership, or not at all: SUPERUSER, CREATEDB, CREATEROLE, BYPASSRLS.
    attributes: Vec<String>,
}

/// A base and, where it exists, its clone.
#[derive(Debug, Clone)]
pub(super) struct UserPair {
    pub(super) base: Role,
    pub(super) clone: Option<Role>,
    pub(super) membership: Granted,
    /// Whether the clone has one, ours or another.
    pub(super) has_comment: bool,
    /// The comment that says whose the clone is, see [`comment`].
    own_comment: String,
    /// Whether the clone has it.
    is_this_secrets: bool,
    /// What the clone holds and the base lacks: roles, and attributes.
    extra_roles: Vec<ForeignRole>,
    extra_attributes: Vec<String>,
    /// From 16 on.
    has_membership_options: bool,
}

impl UserPair {
    /// Reads both users.
    ///
    /// # Errors
    /// A refusal where there is no base.
    pub(super) async fn read(
        session: &mut PostgresSession,
        alternation: &Alternation,
        secret: &SecretId,
    ) -> Result<Self, CallError> {
        let Some(base) = role(session, &alternation.base).await? else {
            return Err(refused(
                format!(
                    "there is no user {}, of which {} would be the clone",
                    alternation.base, alternation.clone
                ),
                "under alternating users a name that ends in _clone is the clone's; rename the user, or create its base",
            ));
        };
        let clone = role(session, &alternation.clone).await?;
        let (own_comment, has) =
            (comment(alternation, secret), clone.as_ref().map(|clone| clone.comment.clone()));
        let has = has.unwrap_or_default();
        let mut pair = Self {
            base,
            clone,
            membership: Granted::default(),
            has_comment: !has.is_empty(),
            is_this_secrets: has == own_comment,
            own_comment,
            extra_roles: Vec::new(),
            extra_attributes: Vec::new(),
            has_membership_options: session.has_membership_options(),
        };
        if let Some(clone) = &pair.clone {
            let extra = clone.attributes.iter().filter(|attribute| !pair.base.attributes.contains(attribute));
            pair.extra_attributes = extra.cloned().collect();
            pair.membership = memberships::membership(session, alternation).await?;
            pair.extra_roles = memberships::foreign_roles(session, alternation).await?;
        }
        Ok(pair)
    }

    /// How the clone became a member of the base; none where there is no clone yet.
    pub(super) fn membership(&self, alternation: &Alternation) -> Option<Membership> {
        self.clone.as_ref()?;
        // A member that may not act as the base is not trusted with its password.
        let is_whole = alternation.target == Target::Clone || self.membership.is_whole;
        // A grant says who made the clone, and not for whom: the passwords of another secret's pair may be known.
        let proves = is_whole && self.is_this_secrets;
        let grantors = if proves { self.membership.grantors.clone() } else { Vec::new() };
        Some(Membership { grantors, unproven: self.unproven(alternation) })
    }

    /// As the superuser: whether the account that gets a password is the other user's. This turn makes it, or a version of
    /// the secret has signed in as it, or the superuser itself has made the clone a member.
    pub(super) fn is_proven(&self, alternation: &Alternation, evidence: &Evidence) -> bool {
        let Some(membership) = self.membership(alternation) else { return true };
        let by_us = |grantor: &Username| self.membership.acts_as.as_ref() == Some(grantor);
        matches!(evidence, Evidence::SignedIn) || membership.grantors.iter().any(by_us)
    }

    pub(super) fn unproven(&self, alternation: &Alternation) -> Unproven {
        let (base, clone) = (identifier(&alternation.base), identifier(&alternation.clone));
        let roles = self.extra_roles.iter().map(|role| role.name.clone());
        let held: Vec<_> = roles.chain(self.extra_attributes.iter().cloned()).collect();
        let held = if held.is_empty() { "nothing that its base lacks".into() } else { held.join(", ") };
        let options = if self.has_membership_options { " WITH INHERIT TRUE, SET TRUE" } else { "" };
        let otherwise = match alternation.target {
            Target::Clone => format!(
                "rotate a user of another name, or, if nobody uses it, {}",
                run_as(ADMINISTRATOR, &[format!("DROP ROLE {clone}")])
            ),
            Target::Base => "rotate a user of another name".into(),
        };
        Unproven {
            what: format!(
                "nothing shows that {} is the clone of {} and not somebody else's account: the superuser itself has not made \
                 it a member, and no version of this secret signs in as {} (the clone holds {held})",
                alternation.clone,
                alternation.base,
                alternation.next_user()
            ),
            if_ours: Some(format!(
                "unless the superuser has SUPERUSER, whose grants do not say who made them, {}",
                run_as(
                    "the superuser",
                    &[
                        "BEGIN".into(),
                        format!("REVOKE {base} FROM {clone}"),
                        format!("GRANT {base} TO {clone}{options}"),
                        format!("COMMENT ON ROLE {clone} IS {}", text(&self.own_comment)),
                        "COMMIT".into(),
                    ]
                )
            )),
            otherwise,
        }
    }

    /// What stands in the way of the turn, once both users are known to be the application's.
    pub(super) fn objection(&self, alternation: &Alternation) -> Option<Refusal> {
        let replicates = |role: &Role| role.replication;
        if alternation.target == Target::Clone
            && self.base.replication
            && !self.clone.as_ref().is_some_and(replicates)
        {
            return Some(no_replication(alternation));
        }
        if alternation.target == Target::Clone && self.clone.as_ref().is_some_and(|clone| !clone.can_login) {
            return Some(may_not_log_in(alternation));
        }
        if self.base.has_expired {
            return Some(has_expired(alternation, &self.base));
        }
        let (base, clone) = (identifier(&alternation.base), identifier(&alternation.clone));
        let passwordless = self.extra_roles.iter().filter(|role| PASSWORDLESS.contains(&role.name.as_str()));
        let revokes: Vec<_> = passwordless.map(|role| role.take.clone()).collect();
        if !revokes.is_empty() {
            // It would take the base's password away as well.
            return Some(Refusal::Database {
                what: format!(
                    "{} is a member of {}, which lets nobody sign in by a password",
                    alternation.clone,
                    PASSWORDLESS.join(" or ")
                ),
                remedy: run_as(ADMINISTRATOR, &revokes),
            });
        }
        let roles = self.extra_roles.iter().filter(|role| role.is_asked_for);
        let (mut what, mut give, mut take) = (Vec::new(), Vec::new(), Vec::new());
        for role in roles {
            if !what.contains(&role.name) {
                what.push(role.name.clone());
            }
            if !give.contains(&role.give) {
                give.push(role.give.clone());
            }
            take.push(role.take.clone());
        }
        for attribute in &self.extra_attributes {
            what.push(attribute.clone());
            give.push(format!("ALTER ROLE {base} {attribute}"));
            take.push(format!("ALTER ROLE {clone} NO{attribute}"));
        }
        let objection = || rights_differ(alternation, what.join(", "), ADMINISTRATOR, &give, &take);
        (!what.is_empty()).then(objection)
    }

    /// Says what the application has in every other turn only, since nobody who is asked gave it.
    pub(super) fn warn_of_what_nobody_asked_for(&self, alternation: &Alternation) {
        let unasked = self.extra_roles.iter().filter(|role| !role.is_asked_for);
        let roles: Vec<_> = unasked.map(|role| &role.name).collect();
        if !roles.is_empty() {
            let (clone, base) = (&alternation.clone, &alternation.base);
            warn!(
                ?roles,
                "{clone} is a member of what others than the administrators of {base} made it; {base} is not"
            );
        }
    }
}

/// What the comment on a clone says. Only a role that may alter the clone can write it: with the superuser's own grant it
/// shows that the clone was made for this secret.
pub(super) fn comment(alternation: &Alternation, secret: &SecretId) -> String {
    format!("the clone of {}, rotated with it by the secret {secret}", alternation.base)
}

/// A text as a person writes it into a statement.
pub(super) fn text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A name as a person writes it into a statement.
pub(super) fn identifier(name: &Username) -> String {
    format!("\"{}\"", name.0.replace('"', "\"\""))
}

async fn role(session: &mut PostgresSession, user: &Username) -> Result<Option<Role>, CallError> {
    let role = "SELECT rolcanlogin, rolinherit, rolconnlimit, rolreplication, \
         coalesce(pg_catalog.shobj_description(oid, 'pg_authid'), '') AS comment, \
         coalesce(rolvaliduntil, 'infinity')::pg_catalog.text AS valid_until, \
         coalesce(rolvaliduntil <= pg_catalog.now(), false) AS has_expired, \
         pg_catalog.array_remove(ARRAY[ \
             CASE WHEN rolsuper THEN 'SUPERUSER' END, CASE WHEN rolcreatedb THEN 'CREATEDB' END, \
             CASE WHEN rolcreaterole THEN 'CREATEROLE' END, CASE WHEN rolbypassrls THEN 'BYPASSRLS' END, \
             CASE WHEN rolreplication THEN 'REPLICATION' END], NULL) AS attributes \
         FROM pg_catalog.pg_roles WHERE rolname = $1";
    let rows = session.rows(role, &[query::text(&user.0)]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some(Role {
        can_login: session.get(row, "rolcanlogin")?,
        inherits: session.get(row, "rolinherit")?,
        connection_limit: session.get(row, "rolconnlimit")?,
        valid_until: session.get(row, "valid_until")?,
        has_expired: session.get(row, "has_expired")?,
        replication: session.get(row, "rolreplication")?,
        comment: session.get(row, "comment")?,
        attributes: session.get(row, "attributes")?,
    }))
}

/// The refusal where a turn would cost the application a right.
pub(super) fn rights_differ(
    alternation: &Alternation,
    what: impl std::fmt::Display,
    who: &str,
    give: &[String],
    take: &[String],
) -> Refusal {
    let (clone, base) = (&alternation.clone, &alternation.base);
    Refusal::Database {
        what: format!("{clone} holds what {base} lacks: {what}"),
        remedy: format!(
            "give it to {base}: {}; or take it from {clone}: {}",
            run_as(who, give),
            run_as(who, take)
        ),
    }
}

fn may_not_log_in(alternation: &Alternation) -> Refusal {
    let clone = &alternation.clone;
    Refusal::Database {
        what: format!("{clone} has NOLOGIN, which no rotation has set"),
        remedy: format!(
            "if it may log in again, {}",
            run_as(ADMINISTRATOR, &[format!("ALTER ROLE {} LOGIN", identifier(clone))])
        ),
    }
}

/// The next user would not sign in with any password: the clone gets what the base has.
fn has_expired(alternation: &Alternation, base: &Role) -> Refusal {
    let name = &alternation.base;
    Refusal::Database {
        what: format!("{name} is valid until {}, which is over", base.valid_until),
        remedy: run_as(ADMINISTRATOR, &[format!("ALTER ROLE {} VALID UNTIL 'infinity'", identifier(name))]),
    }
}

fn no_replication(alternation: &Alternation) -> Refusal {
    Refusal::Database {
        what: format!(
            "{} has REPLICATION, which no such superuser may give to {}",
            alternation.base, alternation.clone
        ),
        remedy: format!(
            "as a role that may, create {} with REPLICATION, make it a member of {}, and store its credentials as AWSPREVIOUS",
            alternation.clone, alternation.base
        ),
    }
}

pub(super) fn refused(what: impl Into<String>, remedy: impl Into<String>) -> CallError {
    Refusal::Database { what: what.into(), remedy: remedy.into() }.into()
}
