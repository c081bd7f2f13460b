//! The grant tables: what the server prints of an account in no single form, or not at all.

use std::collections::BTreeMap;

use rotation::{CallError, Cause};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::account::Account;
use super::connection::Connection;
use super::dialect::Dialect;
use super::properties::Require;
use super::quoting::literal;

/// A row of `mysql.user`. Reading it needs SELECT on the schema `mysql`.
#[derive(Clone, Debug)]
pub(super) struct StoredAccount {
    pub(super) account: Account,
    /// What the account demands of a connection. SHOW CREATE USER prints its texts raw or escaped, by version.
    pub(super) require: Require,
    pub(super) verifier: Verifier,
    /// MySQL: the databases on which a partial revoke restricts the global GRANT OPTION. SHOW GRANTS omits it beside other
    /// restrictions.
    pub(super) grant_option_restricted_on: Vec<String>,
}

/// What a server stores of a password, and shows only to users that may read `mysql.user`.
#[derive(Clone)]
pub(super) struct Verifier(pub(super) Zeroizing<Vec<u8>>);

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Verifier(_)")
    }
}

/// Read in hexadecimal digits, so that no character of a value is taken for a separator.
const COLUMNS: [&str; 6] =
    ["Host", "authentication_string", "ssl_type", "x509_issuer", "x509_subject", "ssl_cipher"];
const RESTRICTIONS: &str = "User_attributes->'$.Restrictions'";

/// The databases on which the global GRANT OPTION is restricted; `None` if the JSON is in an unknown form.
fn grant_option_restricted_on(restrictions: &[u8]) -> Option<Vec<String>> {
    if restrictions.is_empty() {
        return Some(Vec::new());
    }
    let all: Value = serde_json::from_slice(restrictions).ok()?;
    let of_option =
        |one: &&Value| one["Privileges"].as_array().is_some_and(|all| all.contains(&json!("GRANT")));
    all.as_array()?.iter().filter(of_option).map(|one| one["Database"].as_str().map(str::to_owned)).collect()
}

impl StoredAccount {
    /// The accounts of a user name, by host.
    ///
    /// # Errors
    /// Also if a row is in an unknown form.
    pub(super) async fn of(connection: &mut Connection, user: &str) -> Result<Vec<Self>, CallError> {
        let restrictions = if connection.dialect == Dialect::MySql { RESTRICTIONS } else { "''" };
        let columns = COLUMNS.iter().chain([&restrictions]);
        let columns =
            columns.map(|column| format!("HEX(IFNULL({column}, ''))")).collect::<Vec<_>>().join(", ");
        let mut query =
            format!("SELECT CONCAT_WS(',', {columns}) FROM mysql.user WHERE User = {}", literal(user));
        if connection.dialect == Dialect::MariaDb {
            query.push_str(" AND is_role = 'N'");
        }
        let rows = Zeroizing::new(connection.rows(&query).await?);
        let parsed: Option<Vec<_>> = rows.iter().map(|row| Self::parse(user, row)).collect();
        let mut accounts = parsed.ok_or_else(unknown_form)?;
        accounts.sort_by(|one, other| one.account.cmp(&other.account));
        Ok(accounts)
    }

    fn parse(user: &str, row: &str) -> Option<Self> {
        let [host, verifier, kind, issuer, subject, cipher, restrictions] = hexadecimal(row)?;
        let [host, kind, issuer, subject, cipher] =
            [host, kind, issuer, subject, cipher].map(String::from_utf8);
        let require = match kind.ok()?.as_str() {
            "" => Require::None,
            "ANY" => Require::Ssl,
            "X509" => Require::X509,
            "SPECIFIED" => {
                let parts = [("ISSUER", issuer.ok()?), ("SUBJECT", subject.ok()?), ("CIPHER", cipher.ok()?)];
                Require::Exactly(BTreeMap::from_iter(parts.into_iter().filter(|(_, text)| !text.is_empty())))
            }
            _ => return None,
        };
        let account = Account::at(user, host.ok()?);
        let grant_option_restricted_on = grant_option_restricted_on(&restrictions)?;
        let verifier = Verifier(Zeroizing::new(verifier));
        Some(Self { account, require, verifier, grant_option_restricted_on })
    }
}

pub(super) fn unknown_form() -> CallError {
    CallError::failed(Cause::QueryFailed, "a table of accounts is in a form that this function does not know")
}

/// The values of a row that a query has written as `HEX(a),HEX(b),...`.
pub(super) fn hexadecimal<const VALUES: usize>(row: &str) -> Option<[Vec<u8>; VALUES]> {
    let values: Option<Vec<_>> = row.split(',').map(bytes).collect();
    values?.try_into().ok()
}

fn bytes(digits: &str) -> Option<Vec<u8>> {
    let digits = digits.as_bytes();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    if digits.len().is_multiple_of(2) { digits.chunks(2).map(byte).collect() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(values: [&str; 7]) -> String {
        values.map(|value| value.bytes().map(|byte| format!("{byte:02X}")).collect::<String>()).join(",")
    }

    /// Tried: MySQL 9.7.4.
    const RESTRICTED: &str = r#"[{"Database": "d", "Privileges": ["UPDATE", "GRANT"]}, {"Database": "mysql", "Privileges": ["INSERT"]}]"#;

    #[test]
    fn a_row_is_read_to_the_last_character() {
        let stored = StoredAccount::parse(
            "u",
            &row(["h%", "*A,\0", "SPECIFIED", "/CN=o'r", "/CN=o\\r", "", RESTRICTED]),
        );
        let stored = stored.expect("a row");
        assert_eq!(stored.account, Account::at("u", "h%"));
        assert_eq!(*stored.verifier.0, b"*A,\0");
        let parts = [("ISSUER", "/CN=o'r".to_owned()), ("SUBJECT", "/CN=o\\r".to_owned())];
        assert_eq!(stored.require, Require::Exactly(BTreeMap::from(parts)));
        assert_eq!(stored.grant_option_restricted_on, ["d"]);
        for (kind, require) in [("", Require::None), ("ANY", Require::Ssl), ("X509", Require::X509)] {
            let stored = StoredAccount::parse("u", &row(["", "", kind, "", "", "", ""])).expect("a row");
            assert_eq!(stored.require, require);
        }
    }

    #[test]
    fn a_row_of_another_form_is_an_error() {
        let rows = [
            row(["h", "", "HUSH", "", "", "", ""]),
            row(["h", "", "", "", "", "", "HUSH"]),
            "41,4".into(),
            "41,,,,,,,".into(),
            "é,,,,,,".into(),
        ];
        for row in rows {
            assert!(StoredAccount::parse("u", &row).is_none(), "{row}");
        }
    }
}
