//! The statements by which a person makes the clone of a user that exists.

use std::collections::BTreeSet;

use async_trait::async_trait;
use rotation::ports::SignIn;
use rotation::{Alternation, CallError, Password, SecretId, Server};

use super::account::Account;
use super::account_state::AccountState;
use super::connection::Connection;
use super::dialect::Dialect;
use super::grants::Grants;
use super::properties::Properties;
use super::quoting::literal;
use super::sign_in::sign_in;
use super::verify::AccountView;
use super::{MySql, equality, identity, other_hosts, password, verifier};
use crate::clone_plan::{ClonePlan, PlansClones};

/// There are no transactions around accounts: the clone is locked until it is complete.
#[async_trait]
impl PlansClones for MySql {
    async fn plan_clone(
        &self,
        server: &Server,
        password: &Password,
        alternation: &Alternation,
        _secret: &SecretId,
        next: &Password,
    ) -> Result<SignIn<ClonePlan>, CallError> {
        let signed_in = sign_in(&self.connector(server), &alternation.base, password).await?;
        let mut connection = match SignIn::from(signed_in) {
            SignIn::Accepted(connection) => connection,
            SignIn::Rejected(response) => return Ok(SignIn::Rejected(response)),
            SignIn::Expired(response) => return Ok(SignIn::Expired(response)),
        };
        let plan = connection
            .within_limit(async |connection| plan(connection, password, alternation, next).await)
            .await?;
        connection.close().await;
        Ok(SignIn::Accepted(Box::new(plan)))
    }
}

async fn plan(
    connection: &mut Connection,
    used: &Password,
    alternation: &Alternation,
    next: &Password,
) -> Result<ClonePlan, CallError> {
    identity::check_is(connection, &alternation.base).await?;
    if let Some(seen) = other_hosts::seen(connection, used).await {
        return Err(other_hosts::refusal(&connection.account, &seen).into());
    }
    let dialect = connection.dialect;
    let base = AccountView::read(connection).await?.into_state();
    let method = base.method(dialect)?.to_owned();
    password::check_over_cleartext(connection, &method)?;
    let verifier = verifier::salted(&method, next)?;
    let account = Account::at(&alternation.clone.0, base.account.host());
    let identified = match dialect {
        Dialect::MySql => format!("IDENTIFIED WITH {} AS {}", literal(&method), literal(&verifier)),
        Dialect::MariaDb => format!("IDENTIFIED VIA {method} USING {}", literal(&verifier)),
    };
    let mut statements = preconditions(dialect, alternation, &account);
    statements.push(format!("CREATE USER {account} {identified} ACCOUNT LOCK"));
    statements.extend(equality::statements(&base, &empty(account.clone(), &base), dialect));
    statements.push(format!("ALTER USER {account} ACCOUNT UNLOCK"));
    let left_out = base.grants.user_grantable().into_iter();
    let left_out = left_out.map(|right| format!("{right}: any user can give that to any other")).collect();
    Ok(ClonePlan { statements, left_out })
}

/// An account that signs in as the base does, and has nothing else.
fn empty(account: Account, base: &AccountState) -> AccountState {
    let methods = base.properties.methods.clone();
    AccountState {
        account,
        grants: Grants::default(),
        properties: Properties { methods, ..Properties::default() },
        unseen: BTreeSet::new(),
    }
}

/// What only the person who runs the statements can see: the clone is not created where a rotation would refuse to (`prior_access.rs`),
/// nor if the base has accounts at several hosts, of which it changes one.
///
/// A client that goes on after an error changes nothing either: transactions of the session stay read-only, in which no account
/// is changed (error 1792; tried: 9.7.4, 10.11.18, 11.8.9). There is no conditional error outside of procedures, so the reason is the name of a
/// column that does not exist. MariaDB's GRANT would create an account that does not exist, without a password, in a session
/// without `NO_AUTO_CREATE_USER`.
fn preconditions(dialect: Dialect, alternation: &Alternation, clone: &Account) -> Vec<String> {
    let (base, user) = (literal(&alternation.base.0), literal(&alternation.clone.0));
    let definer = clone.as_definer();
    // These tables compare names without case, and accounts do not.
    let is_defined = format!("CAST(DEFINER AS BINARY) = CAST({definer} AS BINARY)");
    let (sql_mode, as_role) = match dialect {
        Dialect::MySql => {
            ("", format!("\n      OR EXISTS (SELECT 1 FROM mysql.role_edges WHERE FROM_USER = {user})"))
        }
        Dialect::MariaDb => ("NO_AUTO_CREATE_USER", String::new()),
    };
    let problem = format!(
        "SET @problem = CASE
    WHEN (SELECT COUNT(*) FROM mysql.user WHERE User = {base}) > 1
      THEN 'refused: the base has accounts at several hosts'
    WHEN EXISTS (SELECT 1 FROM mysql.user WHERE User = {user})
      THEN 'refused: the clone exists'
    WHEN EXISTS (SELECT 1 FROM mysql.proxies_priv WHERE Proxied_user = {user}){as_role}
      THEN 'refused: others may act as the clone'
    WHEN EXISTS (SELECT 1 FROM information_schema.PROCESSLIST WHERE CAST(USER AS BINARY) = CAST({user} AS BINARY))
      THEN 'refused: the clone has open sessions'
    WHEN EXISTS (SELECT 1 FROM information_schema.ROUTINES WHERE SECURITY_TYPE = 'DEFINER' AND {is_defined})
      OR EXISTS (SELECT 1 FROM information_schema.VIEWS WHERE SECURITY_TYPE = 'DEFINER' AND {is_defined})
      OR EXISTS (SELECT 1 FROM information_schema.TRIGGERS WHERE {is_defined})
      OR EXISTS (SELECT 1 FROM information_schema.EVENTS WHERE {is_defined})
      THEN 'refused: objects have the clone as their definer'
  END"
    );
    vec![
        "SET NAMES utf8mb4".into(),
        format!("SET SESSION sql_mode = '{sql_mode}'"),
        "SET SESSION TRANSACTION READ ONLY".into(),
        problem,
        "SET @begin = IF(@problem IS NULL, 'SET SESSION TRANSACTION READ WRITE', CONCAT('DO `', @problem, '`'))".into(),
        "PREPARE begin_if_possible FROM @begin".into(),
        "EXECUTE begin_if_possible".into(),
        "DEALLOCATE PREPARE begin_if_possible".into(),
    ]
}
