//! Who has open sessions as a user, from `information_schema.PROCESSLIST`: `SHOW PROCESSLIST` would send the text of their statements,
//! too.

use rotation::ports::{ClientSessions, MOST_CLIENTS, Sessions, Since};
use rotation::{CallError, Username, server_words};
use sqlx::Row as _;
use sqlx::mysql::MySqlRow;

use super::connection::Connection;
use super::dialect::Dialect;
use super::errors::{self, Failure};
use super::quoting::literal;

/// How many columns a row about sessions has.
const COLUMNS: usize = 5;

/// The open sessions of `user` but for this one, in one statement, which gives up after 3 s; in two if the names of applications
/// may not be read.
///
/// A user sees the sessions of its own name (MariaDB 11.8: of its own account). Those of others take PROCESS: without it the server
/// would show none and no error, so another table is read first that takes it, in the same message (tried: 9.7.4, 10.11.18, 11.8.9).
/// In one query the server does not read that table if there is no such session.
pub(super) async fn of(connection: &mut Connection, user: &Username) -> Result<Sessions, CallError> {
    // A user reads what its own account's clients say of themselves in this view, which needs no privilege on MySQL.
    let is_own = connection.account.user == user.0;
    let attributes = if is_own { "session_account_connect_attrs" } else { "session_connect_attrs" };
    let name = format!(
        "(SELECT LEFT(MAX(a.ATTR_VALUE), 64) FROM performance_schema.{attributes} a \
         WHERE a.PROCESSLIST_ID = p.ID AND a.ATTR_NAME = 'program_name')"
    );
    let rows = match connection.fetch(&query(connection.dialect, user, is_own, &name)).await {
        Err(Failure { code: Some(code), .. }) if errors::NOT_READABLE.contains(&code) => {
            connection.fetch(&query(connection.dialect, user, is_own, "NULL")).await?
        }
        rows => rows?,
    };
    let mut sessions = Sessions::default();
    for row in rows.iter().filter(|row| row.len() == COLUMNS) {
        let (client, all) = read(connection, row)?;
        sessions.count = all;
        sessions.clients.push(client);
    }
    Ok(sessions)
}

/// `name` is the expression for what a client calls itself; empty tables if the performance schema is off.
fn query(dialect: Dialect, user: &Username, is_own: bool, name: &str) -> String {
    let (limited, hint) = match dialect {
        Dialect::MySql => ("", "/*+ MAX_EXECUTION_TIME(3000) */"),
        Dialect::MariaDb => ("SET STATEMENT max_statement_time = 3 FOR", ""),
    };
    // It has a row for each size of page.
    let takes_process = if is_own { "" } else { "SELECT COUNT(*) FROM information_schema.INNODB_CMP; " };
    format!(
        "{takes_process}{limited} SELECT {hint} COUNT(*), address, application, \
         DATE_FORMAT(UTC_TIMESTAMP() - INTERVAL MAX(seconds) SECOND, '%Y-%m-%dT%H:%i:%SZ'), SUM(COUNT(*)) OVER () FROM ( \
             SELECT IF(LOCATE(':', p.HOST), LEFT(p.HOST, CHAR_LENGTH(p.HOST) - LOCATE(':', REVERSE(p.HOST))), p.HOST) AS address, \
             {name} AS application, GREATEST(IFNULL(p.TIME, 0), 0) AS seconds \
             FROM information_schema.PROCESSLIST p \
             WHERE CAST(p.USER AS BINARY) = CAST({user} AS BINARY) AND p.ID <> CONNECTION_ID() \
             AND p.COMMAND NOT IN ('Connect', 'Daemon')) s \
         GROUP BY address, application ORDER BY MAX(seconds) DESC, address, application LIMIT {MOST_CLIENTS}",
        user = literal(&user.0)
    )
}

fn read(connection: &Connection, row: &MySqlRow) -> Result<(ClientSessions, u64), Failure> {
    let number = |index| -> Result<u64, Failure> {
        Ok(connection.column(row, index)?.and_then(|text| text.parse().ok()).unwrap_or_default())
    };
    let words = |index| -> Result<Option<String>, Failure> {
        let text = connection.column(row, index)?;
        Ok(text.filter(|text| !text.is_empty()).map(|text| server_words(&text)))
    };
    let client = ClientSessions {
        count: number(0)?,
        address: words(1)?,
        application: words(2)?,
        since: words(3)?.map(Since::AtTheLatest),
    };
    Ok((client, number(4)?))
}
