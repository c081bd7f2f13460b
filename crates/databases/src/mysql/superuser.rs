//! What the superuser may do, and what it lacks, said before anything is changed.

use rotation::{ADMINISTRATOR, CallError, Refusal, run_as};

use super::account::{Account, identifier};
use super::account_state::{AccountState, names};
use super::dialect::Dialect;
use super::grants::{Grants, Lacking, Names, Object, Privilege, lacking, whole};
use super::session::MySqlSession;
use super::stored::{hexadecimal, unknown_form};

/// Who lifts what restricts a superuser. A master user of RDS or Aurora is restricted on the schemas `mysql` and `sys`.
const UNRESTRICTED: &str = "an administrator whom no restriction keeps from that (RDS and Aurora have none)";

/// The superuser of a session, with all of its roles.
pub(super) struct Superuser {
    account: Account,
    effective: Grants,
    names: Names,
}

/// Takes all roles. (RDS gives its master user most privileges by a role.) A session of MariaDB has one role at a time: where
/// it has none and was granted exactly one, that one.
pub(super) async fn take_roles(session: &mut MySqlSession) -> Result<(), CallError> {
    if session.dialect == Dialect::MySql {
        return Ok(session.run("SET ROLE ALL").await?);
    }
    if !session.rows("SELECT CURRENT_ROLE()").await?.concat().is_empty() {
        return Ok(());
    }
    let granted = "SELECT ROLE_NAME FROM information_schema.APPLICABLE_ROLES WHERE GRANTEE = CURRENT_USER()";
    if let [role] = session.rows(granted).await?.as_slice() {
        session.run(&format!("SET ROLE {}", identifier(role))).await?;
    }
    Ok(())
}

impl Superuser {
    /// Takes its roles, and asks what that comes to.
    pub(super) async fn of(session: &mut MySqlSession) -> Result<Self, CallError> {
        take_roles(session).await?;
        let rows = session.rows("SHOW GRANTS").await?;
        let effective = Grants::parse(session.known, &rows).map_err(|unread| {
            let answer = format!("SHOW GRANTS is in a form that this function does not know ({unread})");
            CallError::failed(rotation::Cause::QueryFailed, answer)
        })?;
        Ok(Self { account: session.account.clone(), effective, names: names(session).await? })
    }

    /// Refuses where it may not look at accounts, or change them.
    pub(super) fn check_reads_and_alters(&self) -> Result<(), Refusal> {
        let mut lacking = Vec::new();
        let accounts = Object::Database("mysql".to_owned());
        if !self.allows(&accounts, &whole("SELECT")) {
            lacking.push(format!("GRANT SELECT ON mysql.* TO {}", self.account));
        }
        if !self.allows(&Object::Global, &whole("CREATE USER")) {
            lacking.push(format!("GRANT CREATE USER ON *.* TO {}", self.account));
        }
        self.refuse(lacking)
    }

    /// Whether it sees the sessions of others.
    fn sees_sessions(&self) -> bool {
        self.allows(&Object::Global, &whole("PROCESS"))
    }

    /// How the server reads the names of databases in rights.
    pub(super) fn names(&self) -> Names {
        self.names
    }

    /// Whether the superuser may use this privilege on this object.
    pub(super) fn allows(&self, object: &Object, privilege: &Privilege) -> bool {
        self.effective.allows(object, privilege, self.names)
    }

    /// What it lacks to turn the grants `has` into those of `base`, and to alter an account with them, since they may include
    /// the privilege that keeps others off, by themselves or by a role.
    pub(super) async fn lacking_for(
        &self,
        session: &mut MySqlSession,
        has: &Grants,
        base: &AccountState,
    ) -> Result<Lacking, CallError> {
        let mut all = lacking(&self.account, &self.effective, self.names, &base.grants, has, &base.unseen);
        let keeps_off = |grants: &Grants| grants.dynamic.contains_key("SYSTEM_USER");
        if all.grants.is_empty()
            && !keeps_off(&self.effective)
            && (keeps_off(&base.grants) || role_keeps_off(session, &base.grants.roles_changed(has)).await?)
        {
            all.grants.push(format!("GRANT SYSTEM_USER ON *.* TO {}", self.account));
        }
        Ok(all)
    }

    /// Refuses where restrictions keep it from what this turn has to grant or revoke.
    pub(super) fn refuse_restricted(&self, base: &Account, lacks: &Lacking) -> Result<(), Refusal> {
        if lacks.restricted.is_empty() {
            return Ok(());
        }
        let statements = [lacks.restricted.as_slice(), &lacks.grants].concat();
        let what = format!(
            "restrictions (partial revokes) keep the superuser {} from granting what {base} holds on *.*, or from revoking what \
             its clone holds, since it grants on *.* only with its own restrictions",
            self.account
        );
        let remedy = format!(
            "{}; where nobody can run that: give the application a user with narrower rights that {} can grant (on the \
             application's databases, `GRANT ... ON database.*`, or on *.* as that superuser grants it), or rotate {base} by \
             single user, which grants nothing",
            run_as(UNRESTRICTED, &statements),
            self.account
        );
        Err(Refusal::Database { what, remedy })
    }

    /// What it may do, by its roles as well.
    pub(super) fn effective(&self) -> &Grants {
        &self.effective
    }

    /// What it lacks to see the sessions of others.
    pub(super) fn lacking_to_see_sessions(&self) -> Option<String> {
        (!self.sees_sessions()).then(|| format!("GRANT PROCESS ON *.* TO {}", self.account))
    }

    /// Refuses where it lacks anything.
    pub(super) fn refuse(&self, lacking: Vec<String>) -> Result<(), Refusal> {
        if lacking.is_empty() {
            return Ok(());
        }
        let what = format!("the superuser {} lacks privileges that this turn needs", self.account);
        Err(Refusal::Database { what, remedy: run_as(ADMINISTRATOR, &lacking) })
    }
}

/// Whether one of these roles holds `SYSTEM_USER` itself: then nobody without it grants or revokes the role (tried: 9.7.4, error
/// 1227).
async fn role_keeps_off(session: &mut MySqlSession, roles: &[&Account]) -> Result<bool, CallError> {
    if roles.is_empty() || session.dialect == Dialect::MariaDb {
        return Ok(false);
    }
    let holders =
        "SELECT CONCAT_WS(',', HEX(USER), HEX(HOST)) FROM mysql.global_grants WHERE PRIV = 'SYSTEM_USER'";
    for row in session.rows(holders).await? {
        let values = hexadecimal(&row).map(|values: [_; 2]| values.map(String::from_utf8));
        let Some([Ok(user), Ok(host)]) = values else { return Err(unknown_form()) };
        if roles.contains(&&Account::at(user, host)) {
            return Ok(true);
        }
    }
    Ok(false)
}
