//! Whether two users are a base and its clone: a matching name proves nothing, nor a membership that any user could grant.

use rotation::ports::{Evidence, Membership, Unproven};
use rotation::{ADMINISTRATOR, Alternation, CallError, Refusal, SecretId, Target, Username, run_as};
use tracing::warn;

use super::connection::Connection;
use super::errors::refused;
use super::memberships::{self, BaseMembership, ForeignRole};
use super::query;
use super::quoting::{identifier, literal};

/// Roles of RDS whose members sign in by IAM or Kerberos only.
const PASSWORDLESS: [&str; 2] = ["rds_iam", "rds_ad"];

/// What an alternation needs to know of a user, from `pg_roles`.
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
    /// Those of SUPERUSER, CREATEDB, CREATEROLE, BYPASSRLS and REPLICATION that it has.
    attributes: Vec<String>,
}

/// A base and, where it exists, its clone.
#[derive(Debug, Clone)]
pub(super) struct UserPair {
    pub(super) base: Role,
    pub(super) clone: Option<Role>,
    pub(super) membership: BaseMembership,
    /// Whether the clone has any comment.
    pub(super) has_comment: bool,
    /// The comment by which this secret marks the clone, see [`comment`].
    own_comment: String,
    /// Whether the clone has that comment.
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
    /// Refuses if there is no base.
    pub(super) async fn read(
        connection: &mut Connection,
        alternation: &Alternation,
        secret: &SecretId,
    ) -> Result<Self, CallError> {
        let Some(base) = role(connection, &alternation.base).await? else {
            return Err(refused(
                format!(
                    "there is no user {}, of which {} would be the clone",
                    alternation.base, alternation.clone
                ),
                "under alternating users a name that ends in _clone is the clone's; rename the user, or create its base",
            ));
        };
        let clone = role(connection, &alternation.clone).await?;
        let own_comment = comment(alternation, secret);
        let has = clone.as_ref().map(|clone| clone.comment.clone()).unwrap_or_default();
        let mut pair = Self {
            base,
            clone,
            membership: BaseMembership::default(),
            has_comment: !has.is_empty(),
            is_this_secrets: has == own_comment,
            own_comment,
            extra_roles: Vec::new(),
            extra_attributes: Vec::new(),
            has_membership_options: connection.has_membership_options(),
        };
        if let Some(clone) = &pair.clone {
            let extra = clone.attributes.iter().filter(|attribute| !pair.base.attributes.contains(attribute));
            pair.extra_attributes = extra.cloned().collect();
            pair.membership = memberships::membership(connection, alternation).await?;
            pair.extra_roles = memberships::foreign_roles(connection, alternation).await?;
        }
        Ok(pair)
    }

    /// How the clone became a member of the base; `None` if there is no clone yet.
    pub(super) fn membership(&self, alternation: &Alternation) -> Option<Membership> {
        self.clone.as_ref()?;
        // A member that may not act as the base is not trusted with its password.
        let is_whole = alternation.target == Target::Clone || self.membership.is_whole;
        // A grant tells who created the clone, but not for which secret: passwords of another secret's pair may be known.
        let proves = is_whole && self.is_this_secrets;
        let grantors = if proves { self.membership.grantors.clone() } else { Vec::new() };
        Some(Membership { grantors, unproven: self.unproven(alternation) })
    }

    /// As the superuser: whether the account that gets a password is the other user's. That is so if it is about to be created, if a
    /// version of the secret has signed in as it, or if the superuser itself has made the clone a member.
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
                "unless the superuser has SUPERUSER, whose grants do not show who made them, {}",
                run_as(
                    "the superuser",
                    &[
                        "BEGIN".into(),
                        format!("REVOKE {base} FROM {clone}"),
                        format!("GRANT {base} TO {clone}{options}"),
                        format!("COMMENT ON ROLE {clone} IS {}", literal(&self.own_comment)),
                        "COMMIT".into(),
                    ]
                )
            )),
            otherwise,
        }
    }

    /// Whether the base has REPLICATION, which a membership does not convey, and the clone has not.
    pub(super) fn lacks_replication(&self) -> bool {
        self.base.replication && !self.clone.as_ref().is_some_and(|clone| clone.replication)
    }

    /// Whether the base has REPLICATION.
    pub(super) fn base_replicates(&self) -> bool {
        self.base.replication
    }

    /// The refusal if the base's VALID UNTIL is in the past.
    pub(super) fn expired(&self, alternation: &Alternation) -> Option<Refusal> {
        self.base.has_expired.then(|| has_expired(alternation, &self.base))
    }

    /// What prevents the alternation, once both users are known to be the application's.
    pub(super) fn objection(&self, alternation: &Alternation) -> Option<Refusal> {
        if alternation.target == Target::Clone && self.lacks_replication() {
            return Some(no_replication(alternation));
        }
        if alternation.target == Target::Clone && self.clone.as_ref().is_some_and(|clone| !clone.can_login) {
            return Some(may_not_log_in(alternation));
        }
        if let Some(expired) = self.expired(alternation) {
            return Some(expired);
        }
        let (base, clone) = (identifier(&alternation.base), identifier(&alternation.clone));
        let passwordless = self.extra_roles.iter().filter(|role| PASSWORDLESS.contains(&role.name.as_str()));
        let revokes: Vec<_> = passwordless.map(|role| role.take.clone()).collect();
        if !revokes.is_empty() {
            // Giving it to the base would stop the base from signing in by password, too.
            return Some(Refusal::Database {
                what: format!(
                    "{} is a member of {}, which lets nobody sign in by a password",
                    alternation.clone,
                    PASSWORDLESS.join(" or ")
                ),
                remedy: run_as(ADMINISTRATOR, &revokes),
            });
        }
        let roles = self.extra_roles.iter().filter(|role| role.grantor_is_trusted);
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

    /// Warns of roles that the application has only while it signs in as the clone, because untrusted grantors gave them.
    pub(super) fn warn_of_untrusted_grants(&self, alternation: &Alternation) {
        let untrusted = self.extra_roles.iter().filter(|role| !role.grantor_is_trusted);
        let roles: Vec<_> = untrusted.map(|role| &role.name).collect();
        if !roles.is_empty() {
            let (clone, base) = (&alternation.clone, &alternation.base);
            warn!(
                ?roles,
                "{clone} is a member of these roles, granted by others than the administrators of {base}; {base} is not"
            );
        }
    }
}

/// The comment on a clone. Only a role that may alter the clone can write it: together with the superuser's own grant it shows
/// that the clone was created for this secret.
pub(super) fn comment(alternation: &Alternation, secret: &SecretId) -> String {
    format!("the clone of {}, rotated with it by the secret {secret}", alternation.base)
}

async fn role(connection: &mut Connection, user: &Username) -> Result<Option<Role>, CallError> {
    let role = "SELECT rolcanlogin, rolinherit, rolconnlimit, rolreplication, \
         coalesce(pg_catalog.shobj_description(oid, 'pg_authid'), '') AS comment, \
         coalesce(rolvaliduntil, 'infinity')::pg_catalog.text AS valid_until, \
         coalesce(rolvaliduntil <= pg_catalog.now(), false) AS has_expired, \
         pg_catalog.array_remove(ARRAY[ \
             CASE WHEN rolsuper THEN 'SUPERUSER' END, CASE WHEN rolcreatedb THEN 'CREATEDB' END, \
             CASE WHEN rolcreaterole THEN 'CREATEROLE' END, CASE WHEN rolbypassrls THEN 'BYPASSRLS' END, \
             CASE WHEN rolreplication THEN 'REPLICATION' END], NULL) AS attributes \
         FROM pg_catalog.pg_roles WHERE rolname = $1";
    let rows = connection.rows(role, &[query::text(&user.0)]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some(Role {
        can_login: connection.get(row, "rolcanlogin")?,
        inherits: connection.get(row, "rolinherit")?,
        connection_limit: connection.get(row, "rolconnlimit")?,
        valid_until: connection.get(row, "valid_until")?,
        has_expired: connection.get(row, "has_expired")?,
        replication: connection.get(row, "rolreplication")?,
        comment: connection.get(row, "comment")?,
        attributes: connection.get(row, "attributes")?,
    }))
}

/// Refuses because the application would lose rights of the clone.
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
        what: format!("{clone} has NOLOGIN, which no rotation sets"),
        remedy: format!(
            "if it may log in again, {}",
            run_as(ADMINISTRATOR, &[format!("ALTER ROLE {} LOGIN", identifier(clone))])
        ),
    }
}

/// Refuses because the next user could not sign in with any password: the clone gets the base's VALID UNTIL.
fn has_expired(alternation: &Alternation, base: &Role) -> Refusal {
    let name = &alternation.base;
    Refusal::Database {
        what: format!("{name} is valid until {}, which is in the past", base.valid_until),
        remedy: run_as(ADMINISTRATOR, &[format!("ALTER ROLE {} VALID UNTIL 'infinity'", identifier(name))]),
    }
}

fn no_replication(alternation: &Alternation) -> Refusal {
    Refusal::Database {
        what: format!(
            "{} has REPLICATION, which this superuser may not give to {}",
            alternation.base, alternation.clone
        ),
        remedy: format!(
            "as a role that may, create {} with REPLICATION, make it a member of {}, and store its credentials as AWSPREVIOUS",
            alternation.clone, alternation.base
        ),
    }
}
