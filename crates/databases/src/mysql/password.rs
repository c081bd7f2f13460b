//! Setting a password: by the user itself, as a compare-and-swap if the server has one, or by a superuser.

use rotation::{ADMINISTRATOR, CallError, OldPassword, Password, Refusal, Tls, Username, run_as};
use tracing::info;
use zeroize::Zeroizing;

use super::account::Account;
use super::account_state;
use super::connection::Connection;
use super::dialect::Dialect;
use super::errors::{self, Failure};
use super::grant_tables::StoredAccount;
use super::grants::{Grants, Object, whole};
use super::other_hosts;
use super::quoting::literal;
use super::sign_in::can_sign_in;
use super::superuser::activate_roles;
use super::verifier;

/// The privilege for a second password of one's own account.
const RETAINS: &str = "APPLICATION_PASSWORD_ADMIN";

/// Sets the password of the session's user, signed in with `used`, to `next`.
pub(super) async fn change_own(
    connection: &mut Connection,
    user: &Username,
    used: &Password,
    next: &Password,
    old: OldPassword,
) -> Result<(), CallError> {
    match (connection.dialect, old) {
        (Dialect::MySql, _) => swap(connection, user, used, next, old).await?,
        (Dialect::MariaDb, OldPassword::Discard) => set_hash(connection, user, next).await?,
        (Dialect::MariaDb, OldPassword::Retain) => return Err(one_password_only(connection).into()),
    }
    discard_own(connection, old).await
}

/// Discards a second password of the session's user, which IDENTIFIED BY leaves in place: a password retained years ago would
/// sign in after every rotation. Only after the new one is set: AWSCURRENT can be the second one, if a dual-password rotation was
/// abandoned.
///
/// Without the privilege for it the user cannot even see whether it has one.
pub(super) async fn discard_own(connection: &mut Connection, old: OldPassword) -> Result<(), CallError> {
    if connection.dialect == Dialect::MariaDb || old == OldPassword::Retain {
        return Ok(());
    }
    match connection.run("ALTER USER IF EXISTS USER() DISCARD OLD PASSWORD").await {
        Err(failure) if failure.code == Some(errors::NEEDS_PRIVILEGE) => {
            info!(
                db.user = %connection.account.user,
                "cannot discard a second password, if there is one (APPLICATION_PASSWORD_ADMIN is needed); an administrator \
                 can: ALTER USER {} DISCARD OLD PASSWORD",
                connection.account
            );
            Ok(())
        }
        done => Ok(done?),
    }
}

/// Makes the primary password of the session's user the second one as well, in place of another one; returns whether it did.
///
/// DISCARD OLD PASSWORD says nothing of what it leaves: if a rotation is under way or was abandoned, it would end AWSCURRENT.
/// This statement the server refuses (3891) unless `used` is the primary password.
pub(super) async fn discard_another(connection: &mut Connection, used: &Password) -> Result<bool, Failure> {
    if connection.dialect == Dialect::MariaDb {
        return Ok(false);
    }
    let used = password_literal(used);
    let statement = Zeroizing::new(format!(
        "ALTER USER IF EXISTS USER() IDENTIFIED BY {} REPLACE {} RETAIN CURRENT PASSWORD",
        *used, *used
    ));
    match connection.run(&statement).await {
        Ok(()) => Ok(true),
        Err(failure)
            if [errors::NOT_PRIMARY, errors::NEEDS_PRIVILEGE, errors::REUSED, errors::POLICY]
                .iter()
                .any(|code| failure.code == Some(*code)) =>
        {
            Ok(false)
        }
        Err(failure) => Err(failure),
    }
}

/// As a superuser: discards second passwords of other accounts, for which CREATE USER is enough.
pub(super) async fn discard_old(connection: &mut Connection, accounts: &[Account]) -> Result<(), CallError> {
    if connection.dialect == Dialect::MariaDb || accounts.is_empty() {
        return Ok(());
    }
    let each: Vec<_> = accounts.iter().map(|account| format!("{account} DISCARD OLD PASSWORD")).collect();
    Ok(connection.run(&alter(each.iter(), "")).await?)
}

/// Refuses if the session's user may not have a second password, by what it sees of its own privileges.
pub(super) async fn check_retains(connection: &mut Connection) -> Result<(), CallError> {
    if connection.dialect == Dialect::MariaDb {
        return Err(one_password_only(connection).into());
    }
    let own = Grants::parse(connection.known, &connection.rows("SHOW GRANTS").await?);
    let names = connection.database_names().await?;
    let creates_users = |own: &Grants| own.allows(&Object::Global, &whole("CREATE USER"), names);
    // What cannot be read decides nothing: the server will.
    let may_not = own.is_ok_and(|own| !own.dynamic.contains_key(RETAINS) && !creates_users(&own));
    if may_not { Err(cannot_retain(connection, &format!("it lacks {RETAINS}")).into()) } else { Ok(()) }
}

/// IF EXISTS is for a replica that lacks the user, whose replication would stop at this statement (1396).
///
/// REPLACE is a compare-and-swap: the server refuses (3891) unless `used` is still the *primary* password, so a
/// repeated or abandoned attempt can never push AWSCURRENT out of the account.
async fn swap(
    connection: &mut Connection,
    user: &Username,
    used: &Password,
    next: &Password,
    old: OldPassword,
) -> Result<(), CallError> {
    check_own_method(connection).await?;
    let retain = match old {
        OldPassword::Discard => "",
        OldPassword::Retain => " RETAIN CURRENT PASSWORD",
    };
    let statement = Zeroizing::new(format!(
        "ALTER USER IF EXISTS USER() IDENTIFIED BY {} REPLACE {}{retain}",
        *password_literal(next),
        *password_literal(used)
    ));
    let Err(failure) = connection.run(&statement).await else { return Ok(()) };
    match failure.code {
        Some(errors::NOT_PRIMARY | errors::REUSED) if is_installed(connection, user, next, old).await? => {
            Ok(())
        }
        // Only if `used` is the secondary password: then an earlier rotation was abandoned after it had set its own. This is
        // checked again, because a newer rotation may be running.
        Some(errors::NOT_PRIMARY) if can_sign_in(&connection.connector, user, used).await? => {
            replace_abandoned(connection, next).await
        }
        Some(errors::NEEDS_PRIVILEGE) if old == OldPassword::Retain => {
            Err(cannot_retain(connection, &failure.message()).into())
        }
        Some(errors::SYNTAX) => Err(too_old(connection).into()),
        _ => Err(failure.into()),
    }
}

/// Whether an earlier attempt, or a concurrent run, has set `next`.
async fn is_installed(
    connection: &mut Connection,
    user: &Username,
    next: &Password,
    old: OldPassword,
) -> Result<bool, CallError> {
    if old == OldPassword::Retain {
        // Changes nothing, whatever the response: an empty password cannot be set with RETAIN. Nor does it count as a failed
        // sign-in.
        let probe = format!(
            "ALTER USER IF EXISTS USER() IDENTIFIED BY '' REPLACE {} RETAIN CURRENT PASSWORD",
            *password_literal(next)
        );
        match connection.run(&Zeroizing::new(probe)).await.err().and_then(|failure| failure.code) {
            Some(errors::CANNOT_RETAIN) => return Ok(true),
            Some(errors::NOT_PRIMARY) => return Ok(false),
            // Inconclusive: a password policy (1819), for instance, is checked first.
            _ => {}
        }
    }
    can_sign_in(&connection.connector, user, next).await
}

/// Replaces the primary password, which no version of the secret holds, and leaves the secondary one, AWSCURRENT, in place.
async fn replace_abandoned(connection: &mut Connection, next: &Password) -> Result<(), CallError> {
    let statement =
        Zeroizing::new(format!("ALTER USER IF EXISTS USER() IDENTIFIED BY {}", *password_literal(next)));
    let Err(failure) = connection.run(&statement).await else { return Ok(()) };
    match failure.code {
        Some(errors::DEMANDS_REPLACE | errors::REUSED) => {
            let account = &connection.account;
            Err(Refusal::Database {
                what: format!(
                    "AWSCURRENT is only the second password of {account}, because an earlier rotation was abandoned, and a \
                     password rule of this account prevents replacing the first ({})",
                    failure.message()
                ),
                remedy: format!(
                    "{}, and restore these rules after that",
                    run_as(
                        ADMINISTRATOR,
                        &[format!(
                            "ALTER USER {account} PASSWORD REQUIRE CURRENT OPTIONAL PASSWORD HISTORY 0 PASSWORD REUSE \
                             INTERVAL 0 DAY"
                        )]
                    )
                ),
            }
            .into())
        }
        _ => Err(failure.into()),
    }
}

/// MariaDB has no compare-and-swap, and accepts a hash from the user itself by SET PASSWORD only.
async fn set_hash(connection: &mut Connection, user: &Username, next: &Password) -> Result<(), CallError> {
    check_own_method(connection).await?;
    let statement = Zeroizing::new(format!("SET PASSWORD = {}", literal(&verifier::native(next))));
    let Err(mut failure) = connection.run(&statement).await else { return Ok(()) };
    if failure.code == Some(errors::OLD_HASH) {
        connection.run("SET SESSION old_passwords = 0").await?;
        match connection.run(&statement).await {
            Ok(()) => return Ok(()),
            Err(again) => failure = again,
        }
    }
    // A plugin that stores old passwords rejects a password the second time.
    let is_rejected = matches!(failure.code, Some(errors::POLICY | errors::REUSED));
    if is_rejected && can_sign_in(&connection.connector, user, next).await? {
        Ok(())
    } else {
        Err(failure.into())
    }
}

/// As a superuser: sets the password of every account of `user` that has the password `used`, because the application signs in
/// by it at each of their hosts. Which of them accepted `used` is not known, nor whether that was an account of another name: the
/// server reports an expired password of an anonymous account, too.
pub(super) async fn install(
    connection: &mut Connection,
    user: &Username,
    used: &Password,
    password: &Password,
) -> Result<(), CallError> {
    connection.lock(user).await?;
    activate_roles(connection).await?;
    let accounts = StoredAccount::of(connection, &user.0).await?;
    let ours = other_hosts::with_password(&accounts, &[used.clone(), password.clone()]).await;
    if ours.is_empty() {
        let accounts =
            accounts.iter().map(|stored| stored.account.to_string()).collect::<Vec<_>>().join(", ");
        let what = format!(
            "the password that the server accepted is not that of {accounts}, but of another account"
        );
        let remedy = format!("drop that account (an anonymous one?), or store the password of {accounts}");
        return Err(Refusal::Database { what, remedy }.into());
    }
    let (mut each, mut changed) = (Vec::new(), Vec::new());
    for stored in other_hosts::own_first(connection, ours).await? {
        let method = account_state::method(connection, Some(stored)).await?;
        let identified = identified(connection.dialect, &method, password);
        each.push(Zeroizing::new(format!("{} {}", stored.account, *identified)));
        changed.push(stored.account.clone());
    }
    // The application does not sign in to these by this secret.
    let others = accounts.iter().filter(|stored| !changed.contains(&stored.account));
    for stored in others {
        info!(db.user = %user, "{} has another password, and keeps it", stored.account);
    }
    // Atomic on MySQL. On MariaDB it can break off; then the own account is changed, and AWSCURRENT's password, rejected here, tells
    // the next attempt which accounts are left.
    let statement = alter(each.iter().map(|user| user.as_str()), "");
    if let Err(failure) = connection.run(&statement).await {
        tolerate_reuse(connection, &changed, password, failure).await?;
    }
    discard_old(connection, &changed).await
}

/// ALTER USER for several users at once, each with what follows its name. IF EXISTS as in [`swap`]; here, the accounts exist.
pub(super) fn alter(users: impl Iterator<Item = impl AsRef<str>>, options: &str) -> Zeroizing<String> {
    let mut statement = Zeroizing::new("ALTER USER IF EXISTS ".to_owned());
    for (index, user) in users.enumerate() {
        statement.push_str(if index == 0 { "" } else { ", " });
        statement.push_str(user.as_ref());
    }
    statement.push_str(options);
    statement
}

/// Tolerates a history policy that rejects the password because the accounts have it already; any other failure is an error.
pub(super) async fn tolerate_reuse(
    connection: &mut Connection,
    accounts: &[Account],
    password: &Password,
    failure: Failure,
) -> Result<(), CallError> {
    let Some(errors::REUSED | errors::POLICY) = failure.code else { return Err(failure.into()) };
    let Some(user) = accounts.first().map(|account| account.user.clone()) else { return Err(failure.into()) };
    for stored in StoredAccount::of(connection, &user).await? {
        let is_included = accounts.contains(&stored.account);
        if is_included && !verifier::is_of_any(&stored.verifier, std::slice::from_ref(password)).await {
            return Err(failure.into());
        }
    }
    Ok(())
}

/// What follows an account in ALTER USER to set its authentication plugin and its password.
pub(super) fn identified(dialect: Dialect, method: &str, password: &Password) -> Zeroizing<String> {
    Zeroizing::new(match dialect {
        Dialect::MySql => format!("IDENTIFIED WITH {} BY {}", literal(method), *password_literal(password)),
        Dialect::MariaDb => format!("IDENTIFIED VIA {method} USING {}", literal(&verifier::native(password))),
    })
}

/// Refuses if the user does not sign in by a password, or by one with which the driver could not sign in afterwards.
pub(super) async fn check_own_method(connection: &mut Connection) -> Result<(), CallError> {
    let method = account_state::method(connection, None).await?;
    check_over_cleartext(connection, &method)?;
    Ok(())
}

/// MySQL's own plugins require TLS, or an exchange by RSA that the driver is built without. They sometimes work without either (a
/// cached password), but not reliably.
pub(super) fn check_over_cleartext(connection: &Connection, method: &str) -> Result<(), Refusal> {
    if connection.connector.server.tls == Tls::Required || method == "mysql_native_password" {
        return Ok(());
    }
    let what = format!("{} signs in by {method}, which needs TLS", connection.account);
    Err(Refusal::Database { what, remedy: "remove \"ssl\": false from the secret".into() })
}

fn one_password_only(connection: &Connection) -> Refusal {
    let what =
        format!("{} is MariaDB, whose users have one password only", connection.connector.server.endpoint);
    Refusal::Database { what, remedy: "rotate by single user or alternating users".into() }
}

fn too_old(connection: &Connection) -> Refusal {
    let what =
        format!("{} does not know ALTER USER ... REPLACE ... RETAIN", connection.connector.server.endpoint);
    Refusal::Database { what, remedy: "use MySQL 8.0.14 or later".into() }
}

fn cannot_retain(connection: &Connection, response: &str) -> Refusal {
    let account = &connection.account;
    Refusal::Database {
        what: format!("{account} may not retain a second password ({response})"),
        remedy: run_as(ADMINISTRATOR, &[format!("GRANT {RETAINS} ON *.* TO {account}")]),
    }
}

fn password_literal(password: &Password) -> Zeroizing<String> {
    Zeroizing::new(literal(password.expose()))
}
