//! What the superuser may do, and which privileges it lacks: checked before anything is changed.

use std::collections::BTreeSet;

use rotation::{ADMINISTRATOR, CallError, Cause, Refusal, run_as};

use super::account::Account;
use super::connection::Connection;
use super::dialect::Dialect;
use super::grant_tables::{hexadecimal, unknown_form};
use super::grants::{DatabaseNames, Grants, MissingPrivileges, Object, Privilege, missing_privileges, whole};
use super::quoting::identifier;

/// Who can lift a superuser's restrictions. A master user of RDS or Aurora is restricted on the schemas `mysql` and `sys`.
const UNRESTRICTED: &str = "an administrator without these restrictions (RDS and Aurora have none)";

/// The superuser of a session, with all of its roles active.
pub(super) struct Superuser {
    account: Account,
    effective: Grants,
    names: DatabaseNames,
}

/// Activates all roles, once in a session. (RDS gives its master user most privileges by a role.) A session of MariaDB has one role at a time: if no
/// role is active and exactly one was granted, that one is activated.
pub(super) async fn activate_roles(connection: &mut Connection) -> Result<(), CallError> {
    if connection.has_active_roles {
        return Ok(());
    }
    run_set_role(connection).await?;
    connection.has_active_roles = true;
    Ok(())
}

async fn run_set_role(connection: &mut Connection) -> Result<(), CallError> {
    if connection.dialect == Dialect::MySql {
        return Ok(connection.run("SET ROLE ALL").await?);
    }
    if !connection.rows("SELECT CURRENT_ROLE()").await?.concat().is_empty() {
        return Ok(());
    }
    let granted = "SELECT ROLE_NAME FROM information_schema.APPLICABLE_ROLES WHERE GRANTEE = CURRENT_USER()";
    if let [role] = connection.rows(granted).await?.as_slice() {
        connection.run(&format!("SET ROLE {}", identifier(role))).await?;
    }
    Ok(())
}

impl Superuser {
    /// Activates its roles, and reads what it may do.
    pub(super) async fn read(connection: &mut Connection) -> Result<Self, CallError> {
        activate_roles(connection).await?;
        let rows = connection.rows("SHOW GRANTS").await?;
        let effective = Grants::parse(connection.known, &rows).map_err(|error| {
            let what = format!("SHOW GRANTS is in a form that this function does not know ({error})");
            CallError::failed(Cause::QueryFailed, what)
        })?;
        Ok(Self { account: connection.account.clone(), effective, names: connection.database_names().await? })
    }

    /// Refuses if it may not read accounts, or alter them.
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

    /// How the server reads the names of databases in privileges.
    pub(super) fn names(&self) -> DatabaseNames {
        self.names
    }

    /// Whether the superuser may use this privilege on this object.
    pub(super) fn allows(&self, object: &Object, privilege: &Privilege) -> bool {
        self.effective.allows(object, privilege, self.names)
    }

    /// What it lacks to turn the grants `has` into `wanted`, and to alter an account that has these. They may include
    /// `SYSTEM_USER`, directly or by a role: only users that have it themselves may alter such an account. `unseen` are the
    /// objects among them that it cannot see.
    pub(super) async fn lacking_for(
        &self,
        connection: &mut Connection,
        has: &Grants,
        wanted: &Grants,
        unseen: &BTreeSet<Object>,
    ) -> Result<MissingPrivileges, CallError> {
        let mut all = missing_privileges(&self.account, &self.effective, self.names, wanted, has, unseen);
        let holds_system_user = |grants: &Grants| grants.dynamic.contains_key("SYSTEM_USER");
        if all.grants.is_empty()
            && !holds_system_user(&self.effective)
            && (holds_system_user(wanted)
                || any_role_holds_system_user(connection, &wanted.roles_changed(has)).await?)
        {
            all.grants.push(format!("GRANT SYSTEM_USER ON *.* TO {}", self.account));
        }
        Ok(all)
    }

    /// Refuses if restrictions prevent what this alternation has to grant or revoke.
    pub(super) fn refuse_restricted(&self, base: &Account, lacks: &MissingPrivileges) -> Result<(), Refusal> {
        if lacks.restricted.is_empty() {
            return Ok(());
        }
        let statements = [lacks.restricted.as_slice(), &lacks.grants].concat();
        let what = format!(
            "restrictions (partial revokes) keep the superuser {} from granting what {base} holds on *.*, or from revoking what \
             its clone holds, because it can grant on *.* only with its own restrictions",
            self.account
        );
        let remedy = format!(
            "{}; if nobody can run that: give the application a user with narrower rights that {} can grant (on the \
             application's databases, `GRANT ... ON database.*`, or on *.* as that superuser grants it), or rotate {base} as a \
             single user, which grants nothing",
            run_as(UNRESTRICTED, &statements),
            self.account
        );
        Err(Refusal::Database { what, remedy })
    }

    /// What it may do, including by its roles.
    pub(super) fn effective(&self) -> &Grants {
        &self.effective
    }

    /// The GRANT that it needs to see the sessions of others; `None` if it sees them.
    pub(super) fn lacking_to_see_sessions(&self) -> Option<String> {
        (!self.sees_sessions()).then(|| format!("GRANT PROCESS ON *.* TO {}", self.account))
    }

    /// Whether it sees the sessions of others.
    fn sees_sessions(&self) -> bool {
        self.allows(&Object::Global, &whole("PROCESS"))
    }

    /// Refuses if it lacks any of these privileges.
    pub(super) fn refuse(&self, lacking: Vec<String>) -> Result<(), Refusal> {
        if lacking.is_empty() {
            return Ok(());
        }
        let what = format!("the superuser {} lacks privileges that this rotation needs", self.account);
        Err(Refusal::Database { what, remedy: run_as(ADMINISTRATOR, &lacking) })
    }
}

/// Whether one of these roles holds `SYSTEM_USER` itself: then only users that have it grant or revoke the role (tried: 9.7.4,
/// error 1227).
async fn any_role_holds_system_user(
    connection: &mut Connection,
    roles: &[&Account],
) -> Result<bool, CallError> {
    if roles.is_empty() || connection.dialect == Dialect::MariaDb {
        return Ok(false);
    }
    let holders =
        "SELECT CONCAT_WS(',', HEX(USER), HEX(HOST)) FROM mysql.global_grants WHERE PRIV = 'SYSTEM_USER'";
    for row in connection.rows(holders).await? {
        let values = hexadecimal(&row).map(|values: [_; 2]| values.map(String::from_utf8));
        let Some([Ok(user), Ok(host)]) = values else { return Err(unknown_form()) };
        if roles.contains(&&Account::at(user, host)) {
            return Ok(true);
        }
    }
    Ok(false)
}
