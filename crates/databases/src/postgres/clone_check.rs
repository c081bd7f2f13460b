//! Whether two users are a base and its clone: a name alone proves nothing, nor a membership that anybody could grant.

use rotation::edges::{Evidence, Membership, Unproven};
use rotation::{EdgeError, Next, Refusal, SecretId, Turn, Username, run_as};

use super::session::PostgresSession;

/// Who runs what the superuser may not.
const ADMINISTRATOR: &str = "an administrator";

/// What `pg_roles` says of a user that a turn depends on.
#[derive(Debug, Clone)]
pub(super) struct Role {
    can_login: bool,
    pub(super) inherits: bool,
    pub(super) connection_limit: i32,
    /// As text; `infinity` where the password never expires.
    pub(super) valid_until: String,
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
    extra_roles: Vec<String>,
    extra_attributes: Vec<String>,
    /// From 16 on.
    has_membership_options: bool,
}

/// The clone's membership of the base.
#[derive(Debug, Clone, Default)]
pub(super) struct Granted {
    pub(super) is_member: bool,
    /// Inheriting, and free to act as the base.
    pub(super) is_whole: bool,
    /// Who granted it, but for the bootstrap superuser, as which every real superuser's grants are recorded (tried: 16, 18).
    grantors: Vec<Username>,
    /// Who this session acts as, and would grant as.
    acts_as: Option<Username>,
}

impl UserPair {
    /// Reads both users.
    ///
    /// # Errors
    /// A refusal where there is no base.
    pub(super) async fn read(
        session: &mut PostgresSession,
        turn: &Turn,
        secret: &SecretId,
    ) -> Result<Self, EdgeError> {
        let Some(base) = role(session, &turn.base).await? else {
            return Err(refused(
                format!("there is no user {}, of which {} would be the clone", turn.base, turn.clone),
                "under alternating users a name that ends in _clone is the clone's; rename the user, or create its base",
            ));
        };
        let clone = role(session, &turn.clone).await?;
        let (own_comment, has) = (comment(turn, secret), clone.as_ref().map(|clone| clone.comment.clone()));
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
            pair.membership = membership(session, turn).await?;
            pair.extra_roles = foreign_memberships(session, turn).await?;
        }
        Ok(pair)
    }

    /// How the clone became a member of the base; none where there is no clone yet.
    pub(super) fn membership(&self, turn: &Turn) -> Option<Membership> {
        self.clone.as_ref()?;
        // A member that may not act as the base is not trusted with its password.
        let is_whole = turn.next == Next::Clone || self.membership.is_whole;
        // A grant says who made the clone, and not for whom: the passwords of another secret's pair may be known.
        let proves = is_whole && self.is_this_secrets;
        let grantors = if proves { self.membership.grantors.clone() } else { Vec::new() };
        Some(Membership { grantors, unproven: self.unproven(turn) })
    }

    /// As the superuser: whether the account that gets a password is the other user's. This turn makes it, or a version of
    /// the secret has signed in as it, or the superuser itself has made the clone a member.
    pub(super) fn is_proven(&self, turn: &Turn, evidence: &Evidence) -> bool {
        let Some(membership) = self.membership(turn) else { return true };
        let by_us = |grantor: &Username| self.membership.acts_as.as_ref() == Some(grantor);
        matches!(evidence, Evidence::SignedIn) || membership.grantors.iter().any(by_us)
    }

    pub(super) fn unproven(&self, turn: &Turn) -> Unproven {
        let (base, clone) = (identifier(&turn.base), identifier(&turn.clone));
        let held = [self.extra_roles.clone(), self.extra_attributes.clone()].concat();
        let held = if held.is_empty() { "nothing that its base lacks".into() } else { held.join(", ") };
        let options = if self.has_membership_options { " WITH INHERIT TRUE, SET TRUE" } else { "" };
        let otherwise = match turn.next {
            Next::Clone => format!(
                "rotate a user of another name, or, if nobody uses it, {}",
                run_as(ADMINISTRATOR, &[format!("DROP ROLE {clone}")])
            ),
            Next::Base => "rotate a user of another name".into(),
        };
        Unproven {
            what: format!(
                "nothing shows that {} is the clone of {} and not somebody else's account: the superuser itself has not made \
                 it a member, and no version of this secret signs in as {} (the clone holds {held})",
                turn.clone,
                turn.base,
                turn.next_user()
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
    pub(super) fn objection(&self, turn: &Turn) -> Option<Refusal> {
        let replicates = |role: &Role| role.replication;
        if turn.next == Next::Clone && self.base.replication && !self.clone.as_ref().is_some_and(replicates) {
            return Some(no_replication(turn));
        }
        if turn.next == Next::Clone && self.clone.as_ref().is_some_and(|clone| !clone.can_login) {
            return Some(may_not_log_in(turn));
        }
        if self.extra_roles.is_empty() && self.extra_attributes.is_empty() {
            return None;
        }
        let (base, clone) = (identifier(&turn.base), identifier(&turn.clone));
        let (mut give, mut take) = (Vec::new(), Vec::new());
        for role in &self.extra_roles {
            let role = identifier(&Username(role.clone()));
            give.push(format!("GRANT {role} TO {base}"));
            take.push(format!("REVOKE {role} FROM {clone}"));
        }
        for attribute in &self.extra_attributes {
            give.push(format!("ALTER ROLE {base} {attribute}"));
            take.push(format!("ALTER ROLE {clone} NO{attribute}"));
        }
        let what = [self.extra_roles.clone(), self.extra_attributes.clone()].concat().join(", ");
        Some(rights_differ(turn, what, &give, &take))
    }
}

/// What the comment on a clone says. Only a role that may alter the clone can write it: with the superuser's own grant it
/// shows that the clone was made for this secret.
pub(super) fn comment(turn: &Turn, secret: &SecretId) -> String {
    format!("the clone of {}, rotated with it by the secret {secret}", turn.base)
}

/// Refuses where others may act as the clone, and have the rights of its base by that only. (Up to 15 any role makes
/// others members of itself: whoever knew its password once may have.)
pub(super) async fn check_nobody_acts_as_clone(
    session: &mut PostgresSession,
    turn: &Turn,
) -> Result<(), EdgeError> {
    let query = sqlx::query(
        "WITH RECURSIVE of_base AS (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = $1 \
             UNION SELECT a.member FROM of_base JOIN pg_catalog.pg_auth_members a ON a.roleid = of_base.oid \
             JOIN pg_catalog.pg_roles m ON m.oid = a.member AND m.rolname <> $2) \
         SELECT m.rolname::pg_catalog.text AS member, g.rolname::pg_catalog.text AS grantor \
         FROM pg_catalog.pg_auth_members a JOIN pg_catalog.pg_roles m ON m.oid = a.member \
         JOIN pg_catalog.pg_roles c ON c.oid = a.roleid LEFT JOIN pg_catalog.pg_roles g ON g.oid = a.grantor \
         WHERE c.rolname = $2 AND m.rolname <> current_user AND NOT m.rolsuper \
         AND m.oid NOT IN (SELECT oid FROM of_base) \
         AND (coalesce((pg_catalog.to_jsonb(a) ->> 'inherit_option')::pg_catalog.bool, true) \
              OR coalesce((pg_catalog.to_jsonb(a) ->> 'set_option')::pg_catalog.bool, true))",
    );
    let mut revokes = Vec::new();
    for row in session.rows(query.bind(&turn.base.0).bind(&turn.clone.0)).await? {
        let (member, grantor): (String, Option<String>) =
            (session.get(&row, "member")?, session.get(&row, "grantor")?);
        let member = identifier(&Username(member));
        let by = grantor.filter(|_| session.has_membership_options());
        let by =
            by.map(|grantor| format!(" GRANTED BY {}", identifier(&Username(grantor)))).unwrap_or_default();
        revokes.push(format!("REVOKE {} FROM {member}{by}", identifier(&turn.clone)));
    }
    if revokes.is_empty() {
        return Ok(());
    }
    Err(refused(
        format!("others may act as {}, and would gain the rights of {}", turn.clone, turn.base),
        run_as(ADMINISTRATOR, &revokes),
    ))
}

/// A text as a person writes it into a statement.
fn text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A name as a person writes it into a statement.
pub(super) fn identifier(name: &Username) -> String {
    format!("\"{}\"", name.0.replace('"', "\"\""))
}

/// Refuses where this superuser may not change `user`: from 16 on, CREATEROLE alone is not enough.
///
/// # Errors
/// The refusal holds the exact GRANT.
pub(super) async fn check_admin(session: &mut PostgresSession, user: &Username) -> Result<(), EdgeError> {
    if !session.has_membership_options() {
        return Ok(());
    }
    let query = sqlx::query(
        "SELECT current_user::pg_catalog.text AS superuser, \
         (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) OR EXISTS ( \
             SELECT FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles r ON r.oid = m.roleid \
             WHERE r.rolname = $1 AND m.admin_option AND pg_catalog.pg_has_role(current_user, m.member, 'USAGE') \
         ) AS has_admin_option",
    );
    let row = session.row(query.bind(&user.0)).await?;
    if session.get(&row, "has_admin_option")? {
        return Ok(());
    }
    let superuser: String = session.get(&row, "superuser")?;
    let grant = session.quoted("GRANT %I TO %I WITH ADMIN OPTION", &[&user.0, &superuser]).await?;
    Err(refused(
        format!("the superuser {superuser} has no admin option on {user}"),
        run_as("a role that has it", &[grant.as_str()]),
    ))
}

async fn role(session: &mut PostgresSession, user: &Username) -> Result<Option<Role>, EdgeError> {
    let query = sqlx::query(
        "SELECT rolcanlogin, rolinherit, rolconnlimit, rolreplication, \
         coalesce(pg_catalog.shobj_description(oid, 'pg_authid'), '') AS comment, \
         coalesce(rolvaliduntil, 'infinity')::pg_catalog.text AS valid_until, \
         pg_catalog.array_remove(ARRAY[ \
             CASE WHEN rolsuper THEN 'SUPERUSER' END, CASE WHEN rolcreatedb THEN 'CREATEDB' END, \
             CASE WHEN rolcreaterole THEN 'CREATEROLE' END, CASE WHEN rolbypassrls THEN 'BYPASSRLS' END, \
             CASE WHEN rolreplication THEN 'REPLICATION' END], NULL) AS attributes \
         FROM pg_catalog.pg_roles WHERE rolname = $1",
    );
    let rows = session.rows(query.bind(&user.0)).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some(Role {
        can_login: session.get(row, "rolcanlogin")?,
        inherits: session.get(row, "rolinherit")?,
        connection_limit: session.get(row, "rolconnlimit")?,
        valid_until: session.get(row, "valid_until")?,
        replication: session.get(row, "rolreplication")?,
        comment: session.get(row, "comment")?,
        attributes: session.get(row, "attributes")?,
    }))
}

/// The role that initdb makes (PostgreSQL's source, `pg_authid.dat`).
const BOOTSTRAP_SUPERUSER: i32 = 10;

/// The options are columns of 16 and later; before, a member inherits by an attribute of its own. A membership that the
/// base itself granted, as any user could before 15, shows nothing of the clone: its grantor is no superuser of ours.
async fn membership(session: &mut PostgresSession, turn: &Turn) -> Result<Granted, EdgeError> {
    let query = sqlx::query(
        "SELECT count(*) > 0 AS is_member, coalesce( \
             bool_or(coalesce((pg_catalog.to_jsonb(m) ->> 'inherit_option')::pg_catalog.bool, c.rolinherit)) \
             AND bool_or(coalesce((pg_catalog.to_jsonb(m) ->> 'set_option')::pg_catalog.bool, true)), \
             false) AS is_whole, \
         coalesce(pg_catalog.array_agg(g.rolname::pg_catalog.text) FILTER (WHERE g.oid <> $3::pg_catalog.oid), '{}') AS grantors, \
         current_user::pg_catalog.text AS acts_as \
         FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles b ON b.oid = m.roleid \
         JOIN pg_catalog.pg_roles c ON c.oid = m.member LEFT JOIN pg_catalog.pg_roles g ON g.oid = m.grantor \
         WHERE b.rolname = $1 AND c.rolname = $2",
    );
    let row = session.row(query.bind(&turn.base.0).bind(&turn.clone.0).bind(BOOTSTRAP_SUPERUSER)).await?;
    let grantors: Vec<String> = session.get(&row, "grantors")?;
    Ok(Granted {
        is_member: session.get(&row, "is_member")?,
        is_whole: session.get(&row, "is_whole")?,
        grantors: grantors.into_iter().map(Username).collect(),
        acts_as: Some(Username(session.get(&row, "acts_as")?)),
    })
}

/// The roles that the clone is a member of and the base is not.
async fn foreign_memberships(session: &mut PostgresSession, turn: &Turn) -> Result<Vec<String>, EdgeError> {
    let query = sqlx::query(
        "SELECT coalesce(pg_catalog.array_agg(DISTINCT r.rolname::pg_catalog.text), '{}') AS roles \
         FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles r ON r.oid = m.roleid \
         JOIN pg_catalog.pg_roles c ON c.oid = m.member \
         WHERE c.rolname = $2 AND r.rolname <> $1 AND NOT pg_catalog.pg_has_role($1::pg_catalog.name, m.roleid, 'MEMBER')",
    );
    let row = session.row(query.bind(&turn.base.0).bind(&turn.clone.0)).await?;
    session.get(&row, "roles")
}

/// The refusal where a turn would cost the application a right.
pub(super) fn rights_differ(
    turn: &Turn,
    what: impl std::fmt::Display,
    give: &[String],
    take: &[String],
) -> Refusal {
    let (clone, base) = (&turn.clone, &turn.base);
    Refusal::Database {
        what: format!("{clone} holds what {base} lacks: {what}"),
        remedy: format!(
            "give it to {base}: {}; or take it from {clone}: {}",
            run_as(ADMINISTRATOR, give),
            run_as(ADMINISTRATOR, take)
        ),
    }
}

fn may_not_log_in(turn: &Turn) -> Refusal {
    let clone = &turn.clone;
    Refusal::Database {
        what: format!("{clone} has NOLOGIN, which no rotation has set"),
        remedy: format!(
            "if it may log in again, {}",
            run_as(ADMINISTRATOR, &[format!("ALTER ROLE {} LOGIN", identifier(clone))])
        ),
    }
}

fn no_replication(turn: &Turn) -> Refusal {
    Refusal::Database {
        what: format!("{} has REPLICATION, which no such superuser may give to {}", turn.base, turn.clone),
        remedy: format!(
            "as a role that may, create {} with REPLICATION, make it a member of {}, and store its credentials as AWSPREVIOUS",
            turn.clone, turn.base
        ),
    }
}

pub(super) fn refused(what: impl Into<String>, remedy: impl Into<String>) -> EdgeError {
    Refusal::Database { what: what.into(), remedy: remedy.into() }.into()
}
