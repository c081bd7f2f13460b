//! What the superuser may do, and what it lacks, said before anything is changed.

use rotation::{EdgeError, Refusal, run_as};

use super::account::Account;
use super::dialect::Dialect;
use super::grants::{Grants, missing};
use super::session::MySqlSession;

/// Who runs what a superuser lacks the privilege for.
pub(super) const ADMINISTRATOR: &str = "an administrator";

/// The superuser of a session, with all of its roles.
pub(super) struct Superuser {
    account: Account,
    effective: Grants,
}

impl Superuser {
    /// Takes all roles, and asks what that comes to. (RDS gives its master user most privileges by a role.)
    pub(super) async fn of(session: &mut MySqlSession) -> Result<Self, EdgeError> {
        if session.dialect == Dialect::MySql {
            session.run("SET ROLE ALL").await?;
        }
        let rows = session.rows("SHOW GRANTS").await?;
        let effective = Grants::parse(session.known, &rows).map_err(|unread| {
            let answer = format!("SHOW GRANTS is in a form that this function does not know ({unread})");
            EdgeError::failed(rotation::Cause::Statement, answer)
        })?;
        Ok(Self { account: session.account.clone(), effective })
    }

    /// Refuses where it may not look at accounts, or change them.
    pub(super) fn check_reads_and_alters(&self) -> Result<(), Refusal> {
        let mut lacking = Vec::new();
        let reads = self.effective.holds_globally("SELECT") || self.effective.reads_mysql();
        if !(reads || self.effective.holds_globally("ALL PRIVILEGES")) {
            lacking.push(format!("GRANT SELECT ON mysql.* TO {}", self.account));
        }
        if !(self.effective.holds_globally("CREATE USER") || self.effective.holds_globally("ALL PRIVILEGES"))
        {
            lacking.push(format!("GRANT CREATE USER ON *.* TO {}", self.account));
        }
        self.refuse(lacking)
    }

    /// Whether it sees the sessions of others.
    fn sees_sessions(&self) -> bool {
        ["PROCESS", "ALL PRIVILEGES"].iter().any(|name| self.effective.holds_globally(name))
    }

    /// What it lacks to turn the grants `has` into `wanted`, and to alter an account with `wanted`, which may have the
    /// privilege that keeps others off.
    pub(super) fn lacking_for(&self, has: &Grants, wanted: &Grants) -> Vec<String> {
        let mut lacking = missing(&self.account, &self.effective, wanted, has);
        let keeps_off = |grants: &Grants| grants.dynamic.contains_key("SYSTEM_USER");
        if lacking.is_empty() && keeps_off(wanted) && !keeps_off(&self.effective) {
            lacking.push(format!("GRANT SYSTEM_USER ON *.* TO {}", self.account));
        }
        lacking
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
