//! Nobody borrows the superuser. Each test plays an attack that was carried out on an earlier version, and finds that nothing
//! has changed: on no server, in no secret; and that what the refusal prints for the operator works.

mod before_tls;
mod clones;
mod definers;
mod labels;
mod locks;
mod no_challenge;
mod no_tls;
mod pairs;
mod proxies;
mod second_passwords;
mod sessions;
mod unlabelled;
mod words;

use serde_json::{Value, json};
use testbed::{Application, Credentials, Server};

pub(crate) use clones::postgres::{as_user, role};

/// Has the secret say that somebody else's user is the application's, with a password that its writer does not have.
async fn claim<S: Server>(application: &Application<'_, S>, user: &str, fields: &Value) {
    let mut current = application.stored("AWSCURRENT").await.expect("a first version");
    current["username"] = json!(user);
    current["password"] = json!("unknown to the writer");
    current["masterarn"] = json!(application.superuser_arn);
    for (name, value) in fields.as_object().into_iter().flatten() {
        current[name] = value.clone();
    }
    application.store_current(&current).await;
}

/// Runs the command that a refusal prints for an account that is the application's: with the account's own credentials.
pub(crate) async fn store_as_previous<S: Server>(
    application: &Application<'_, S>,
    refusal: &str,
    account: &Credentials,
) {
    let command = refusal.split_once("run aws secretsmanager ").expect("a command").1;
    let command: Vec<_> = command.split_once(", which leaves").expect("an end").0.split(' ').collect();
    let [
        "put-secret-value",
        "--secret-id",
        id,
        "--version-stages",
        stage,
        "--secret-string",
        "file://previous.json",
    ] = command[..]
    else {
        panic!("another command: {command:?}");
    };
    assert_eq!((id, stage), (application.arn.as_str(), "AWSPREVIOUS"));
    let before = application.stored("AWSCURRENT").await.expect("a current version");
    application.store_previous(account).await;
    assert_eq!(application.stored("AWSCURRENT").await, Some(before), "AWSCURRENT is left alone");
}
