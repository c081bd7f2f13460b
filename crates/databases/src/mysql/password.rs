//! Installing a password: by the user itself, as a compare-and-swap where the server has one, or by a superuser.

use rotation::{ADMINISTRATOR, CallError, OldPassword, Password, Refusal, Tls, Username, run_as};
use tracing::info;
use zeroize::Zeroizing;

use super::account::{Account, text};
use super::account_state;
use super::dialect::Dialect;
use super::errors::{self, Failure};
use super::other_hosts;
use super::session::MySqlSession;
use super::stored::Stored;
use super::superuser::take_roles;
use super::verifier;

/// The session's user, signed in with `used`, gets the password `next`.
pub(super) async fn change_own(
    session: &mut MySqlSession,
    user: &Username,
    used: &Password,
    next: &Password,
    old: OldPassword,
) -> Result<(), CallError> {
    match (session.dialect, old) {
        (Dialect::MySql, _) => swap(session, user, used, next, old).await?,
        (Dialect::MariaDb, OldPassword::Discard) => set_hash(session, user, next).await?,
        (Dialect::MariaDb, OldPassword::Retain) => return Err(one_password_only(session).into()),
    }
    discard_own(session, old).await
}

/// Ends a second password of the session's user, of which IDENTIFIED BY takes no notice: one that was kept years ago would
/// sign in after every rotation. Only after the new one is set: AWSCURRENT can be the second one, where a rotation of dual
/// password was given up.
///
/// Without the privilege for it the user cannot even see whether it has one.
pub(super) async fn discard_own(session: &mut MySqlSession, old: OldPassword) -> Result<(), CallError> {
    if session.dialect == Dialect::MariaDb || old == OldPassword::Retain {
        return Ok(());
    }
    match session.run("ALTER USER IF EXISTS USER() DISCARD OLD PASSWORD").await {
        Err(failure) if failure.code == Some(errors::NEEDS_PRIVILEGE) => {
            info!(
                db.user = %session.account.user,
                "cannot discard a second password, if there is one (APPLICATION_PASSWORD_ADMIN is needed); an administrator \
                 can: ALTER USER {} DISCARD OLD PASSWORD",
                session.account
            );
            Ok(())
        }
        done => Ok(done?),
    }
}

/// The same for accounts of others, as a superuser: CREATE USER is enough.
pub(super) async fn discard_old(session: &mut MySqlSession, accounts: &[Account]) -> Result<(), CallError> {
    if session.dialect == Dialect::MariaDb || accounts.is_empty() {
        return Ok(());
    }
    let each: Vec<_> = accounts.iter().map(|account| format!("{account} DISCARD OLD PASSWORD")).collect();
    Ok(session.run(&format!("ALTER USER {}", each.join(", "))).await?)
}

/// IF EXISTS is for a replica that lacks the user, and would stop at what it is sent (1396).
///
/// REPLACE is a compare-and-swap: the server refuses (3891) unless `used` is still the *primary* password, so a
/// repeated or abandoned attempt can never push AWSCURRENT out of the account.
async fn swap(
    session: &mut MySqlSession,
    user: &Username,
    used: &Password,
    next: &Password,
    old: OldPassword,
) -> Result<(), CallError> {
    check_own_method(session).await?;
    let retain = match old {
        OldPassword::Discard => "",
        OldPassword::Retain => " RETAIN CURRENT PASSWORD",
    };
    let statement = Zeroizing::new(format!(
        "ALTER USER IF EXISTS USER() IDENTIFIED BY {} REPLACE {}{retain}",
        *literal(next),
        *literal(used)
    ));
    let Err(failure) = session.run(&statement).await else { return Ok(()) };
    match failure.code {
        Some(errors::NOT_PRIMARY | errors::REUSED) if is_installed(session, user, next, old).await? => Ok(()),
        // Only a secondary password may be passed over: an earlier rotation was given up after it had installed its own.
        // It is asked for again, since a newer rotation may be at work.
        Some(errors::NOT_PRIMARY) if session.connector.can_sign_in(user, used).await? => {
            replace_abandoned(session, next).await
        }
        Some(errors::NEEDS_PRIVILEGE) if old == OldPassword::Retain => {
            Err(may_not_retain(session, &failure).into())
        }
        Some(errors::SYNTAX) => Err(too_old(session).into()),
        _ => Err(failure.into()),
    }
}

/// Whether an earlier attempt, or a twin of this one, has installed `next`.
async fn is_installed(
    session: &mut MySqlSession,
    user: &Username,
    next: &Password,
    old: OldPassword,
) -> Result<bool, CallError> {
    if old == OldPassword::Retain {
        // Changes nothing, whatever the answer: no empty password can be set with RETAIN. Nor does it count as a failed
        // sign-in.
        let probe = format!(
            "ALTER USER IF EXISTS USER() IDENTIFIED BY '' REPLACE {} RETAIN CURRENT PASSWORD",
            *literal(next)
        );
        match session.run(&Zeroizing::new(probe)).await.err().and_then(|failure| failure.code) {
            Some(errors::CANNOT_RETAIN) => return Ok(true),
            Some(errors::NOT_PRIMARY) => return Ok(false),
            // A password policy (1819) speaks first, for instance.
            _ => {}
        }
    }
    session.connector.can_sign_in(user, next).await
}

/// Replaces the primary password, which no version of the secret holds, and leaves the secondary one, AWSCURRENT,
/// as it is.
async fn replace_abandoned(session: &mut MySqlSession, next: &Password) -> Result<(), CallError> {
    let statement = Zeroizing::new(format!("ALTER USER IF EXISTS USER() IDENTIFIED BY {}", *literal(next)));
    let Err(failure) = session.run(&statement).await else { return Ok(()) };
    match failure.code {
        Some(errors::DEMANDS_REPLACE | errors::REUSED) => {
            let account = &session.account;
            Err(Refusal::Database {
                what: format!(
                    "AWSCURRENT is only the second password of {account}, since an earlier rotation was given up, and a \
                     rule of this account keeps the first from being replaced ({})",
                    failure.answer()
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

/// MariaDB has no compare-and-swap, and takes the hash from the user itself by SET PASSWORD only.
async fn set_hash(session: &mut MySqlSession, user: &Username, next: &Password) -> Result<(), CallError> {
    check_own_method(session).await?;
    let statement = Zeroizing::new(format!("SET PASSWORD = {}", text(&verifier::native(next))));
    let Err(mut failure) = session.run(&statement).await else { return Ok(()) };
    if failure.code == Some(errors::OLD_HASH) {
        session.run("SET SESSION old_passwords = 0").await?;
        match session.run(&statement).await {
            Ok(()) => return Ok(()),
            Err(again) => failure = again,
        }
    }
    // A plugin that remembers passwords refuses to see one twice.
    let refused = matches!(failure.code, Some(errors::POLICY | errors::REUSED));
    if refused && session.connector.can_sign_in(user, next).await? { Ok(()) } else { Err(failure.into()) }
}

/// As a superuser: gives a password to every account of `user` that has the one which was proven, and nothing else: at each of
/// their hosts the application signs in by it. Which of them has proven it is not known here, nor whether it was one of another
/// name: a server says "expired" also of an anonymous account.
pub(super) async fn install(
    session: &mut MySqlSession,
    user: &Username,
    used: &Password,
    password: &Password,
) -> Result<(), CallError> {
    session.lock(user).await?;
    take_roles(session).await?;
    let accounts = Stored::of(session, &user.0).await?;
    let ours = other_hosts::with_password(&accounts, &[used.clone(), password.clone()]).await;
    if ours.is_empty() {
        let accounts =
            accounts.iter().map(|stored| stored.account.to_string()).collect::<Vec<_>>().join(", ");
        let what =
            format!("the password that the server took is not that of {accounts}, but of another account");
        let remedy = format!("drop that account (an anonymous one?), or store the password of {accounts}");
        return Err(Refusal::Database { what, remedy }.into());
    }
    let (mut each, mut ours_alone) = (Vec::new(), Vec::new());
    for stored in ours {
        let method = account_state::method(session, Some(stored)).await?;
        let identified = identified(session.dialect, &method, password);
        each.push(Zeroizing::new(format!("{} {}", stored.account, *identified)));
        ours_alone.push(stored.account.clone());
    }
    // Of another password, so that nobody signs in by this secret there.
    let others = accounts.iter().filter(|stored| !ours_alone.contains(&stored.account));
    for stored in others {
        info!(db.user = %user, "{} has another password, and keeps it", stored.account);
    }
    // Atomic on MySQL.
    let statement = alter(each.iter().map(|user| user.as_str()), "");
    if let Err(failure) = session.run(&statement).await {
        check_settled(session, &ours_alone, password, failure).await?;
    }
    discard_old(session, &ours_alone).await
}

/// ALTER USER for several users at once, each with what follows its name.
pub(super) fn alter(users: impl Iterator<Item = impl AsRef<str>>, options: &str) -> Zeroizing<String> {
    let mut statement = Zeroizing::new("ALTER USER ".to_owned());
    for (index, user) in users.enumerate() {
        statement.push_str(if index == 0 { "" } else { ", " });
        statement.push_str(user.as_ref());
    }
    statement.push_str(options);
    statement
}

/// A history policy refuses the same password a second time: then the accounts have it already, or it is none of ours.
pub(super) async fn check_settled(
    session: &mut MySqlSession,
    accounts: &[Account],
    password: &Password,
    failure: Failure,
) -> Result<(), CallError> {
    let Some(errors::REUSED | errors::POLICY) = failure.code else { return Err(failure.into()) };
    let Some(user) = accounts.first().map(|account| account.user.clone()) else { return Err(failure.into()) };
    for stored in Stored::of(session, &user).await? {
        let is_meant = accounts.contains(&stored.account);
        if is_meant && !verifier::is_of_any(&stored.verifier, std::slice::from_ref(password)).await {
            return Err(failure.into());
        }
    }
    Ok(())
}

/// What follows an account in ALTER USER to set its way to sign in and its password.
pub(super) fn identified(dialect: Dialect, method: &str, password: &Password) -> Zeroizing<String> {
    Zeroizing::new(match dialect {
        Dialect::MySql => format!("IDENTIFIED WITH {} BY {}", text(method), *literal(password)),
        Dialect::MariaDb => format!("IDENTIFIED VIA {method} USING {}", text(&verifier::native(password))),
    })
}

/// Refuses where the user signs in by something that is no password, or whose password this driver could not
/// use afterwards.
async fn check_own_method(session: &mut MySqlSession) -> Result<(), CallError> {
    let method = account_state::method(session, None).await?;
    check_over_cleartext(session, &method)?;
    Ok(())
}

/// MySQL's own ways ask for TLS, or for an exchange by RSA that the driver is built without; that they sometimes
/// work without (a cached password) does not help the next one.
pub(super) fn check_over_cleartext(session: &MySqlSession, method: &str) -> Result<(), Refusal> {
    if session.connector.server.tls == Tls::Required || method == "mysql_native_password" {
        return Ok(());
    }
    let what = format!("{} signs in by {method}, which needs TLS", session.account);
    Err(Refusal::Database { what, remedy: "remove \"ssl\": false from the secret".into() })
}

fn one_password_only(session: &MySqlSession) -> Refusal {
    let what =
        format!("{} is MariaDB, whose users have one password only", session.connector.server.endpoint);
    Refusal::Database { what, remedy: "rotate by single user or alternating users".into() }
}

fn too_old(session: &MySqlSession) -> Refusal {
    let what =
        format!("{} does not know ALTER USER ... REPLACE ... RETAIN", session.connector.server.endpoint);
    Refusal::Database { what, remedy: "use MySQL 8.0.14 or later".into() }
}

fn may_not_retain(session: &MySqlSession, failure: &Failure) -> Refusal {
    let account = &session.account;
    Refusal::Database {
        what: format!("{account} may not keep a second password ({})", failure.answer()),
        remedy: run_as(ADMINISTRATOR, &[format!("GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO {account}")]),
    }
}

fn literal(password: &Password) -> Zeroizing<String> {
    Zeroizing::new(text(password.expose()))
}
