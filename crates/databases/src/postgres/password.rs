//! Setting a password: by the user itself, or by a superuser.

use rotation::{CallError, Password, Refusal, Username};

use super::begin::Access;
use super::connection::Connection;
use super::quoting::{identifier, literal};
use super::superuser::{self, Right};
use super::verifier::{Storage, verifier};

const COMMIT: &str = "; COMMIT";

/// Sets the password of the session's user.
pub(super) async fn change_own(
    connection: &mut Connection,
    user: &Username,
    next: &Password,
) -> Result<(), CallError> {
    let storage = connection.begin_change(Access::WriteAsItself, user).await?;
    set(connection, (user, user), next, &storage, COMMIT).await
}

/// As a superuser: sets the password of another user.
pub(super) async fn install(
    connection: &mut Connection,
    user: &Username,
    password: &Password,
) -> Result<(), CallError> {
    let storage = connection.begin_change(Access::WriteAsSuperuser, user).await?;
    let doubt = superuser::check_admin(connection, user, Right::Alter).await?;
    let set = set(connection, (user, user), password, &storage, COMMIT).await;
    set.map_err(|error| superuser::explain_missing_privilege(error, doubt))
}

/// Writes a user's password as the verifier by which the server lets the application in, which is signed in as `current`. `end`
/// follows in the same message.
pub(super) async fn set(
    connection: &mut Connection,
    (user, current): (&Username, &Username),
    password: &Password,
    storage: &Storage,
    end: &str,
) -> Result<(), CallError> {
    let method = connection.verifier_method(current, storage)?;
    let verifier = verifier(method, user, password).await?;
    let set = format!("ALTER ROLE {} PASSWORD {}{end}", identifier(user), literal(&verifier));
    connection.run_password_change(set).await
}

/// Refuses the dual-password strategy, which no function of this engine has.
pub(super) fn one_password_only() -> Refusal {
    let what = "a PostgreSQL user has one password only".into();
    Refusal::Database { what, remedy: "use alternating users".into() }
}
