//! People in the middle of a setSecret that promotes, right after the password has changed in the database.

use async_trait::async_trait;
use aws_sdk_secretsmanager::Client;
use rotation::ports::{Change, UserSession};
use rotation::{CallError, Error, OldPassword, Password, Strategy, Username};
use serde_json::Value;
use testbed::crash::Crash;
use testbed::{
    Application, Hooks, InProcess, MySql, Postgres, STEPS, Server, mysql_versions, postgres_versions,
};

use super::setup;

/// What a person does to the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    /// Stores a current value by hand, with the old password: AWSPENDING is taken off.
    Puts,
    /// Removes AWSPENDING, which gives the rotation up.
    Abandons,
    /// Makes the pending version current.
    Promotes,
}

/// Does it once the server has the new password.
struct Person {
    act: Act,
    client: Client,
    arn: String,
    version: String,
    current: Value,
    holder: String,
}

impl Person {
    async fn act(&self) {
        let stage = || self.client.update_secret_version_stage().secret_id(&self.arn);
        match self.act {
            Act::Puts => {
                let put = self.client.put_secret_value().secret_id(&self.arn);
                put.secret_string(self.current.to_string()).send().await.expect("it is accepted");
            }
            Act::Abandons => {
                let call = stage().version_stage("AWSPENDING").remove_from_version_id(&self.version);
                call.send().await.expect("it is accepted");
            }
            Act::Promotes => {
                let call = stage().version_stage("AWSCURRENT").move_to_version_id(&self.version);
                call.remove_from_version_id(&self.holder).send().await.expect("it is accepted");
            }
        }
    }
}

#[async_trait]
impl Hooks for Person {
    async fn change_own_password(
        &self,
        session: &mut dyn UserSession,
        user: &Username,
        (used, next): (&Password, &Password),
        old: OldPassword,
    ) -> Result<Change, CallError> {
        let change = session.change_own_password(user, used, next, old).await;
        self.act().await;
        change
    }
}

/// A rotation until setSecret, in which a person acts.
async fn set_secret_with<S: Server>(
    application: &Application<'_, S>,
    act: Act,
) -> (String, Result<(), Error>) {
    let function = InProcess::of(application, Strategy::SingleUser).await;
    let version = application.begin().await;
    let [create, set, ..] = STEPS;
    function.step(application, create, &version, &Crash::never()).await.expect(create);
    let labels = application.labels().await;
    let holder = labels.iter().find_map(|label| label.strip_prefix("AWSCURRENT ")).expect("a version");
    let person = Person {
        act,
        client: application.client.clone(),
        arn: application.arn.clone(),
        version: version.clone(),
        current: application.stored("AWSCURRENT").await.expect("a current version"),
        holder: holder.to_owned(),
    };
    let result = function.step(application, set, &version, &Crash::never().with(person)).await;
    (version, result)
}

async fn nothing_is_lost_to_people<S: Server>(server: &S) {
    for act in [Act::Puts, Act::Abandons, Act::Promotes] {
        let context = format!("{act:?} on {}", server.name());
        let application = Application::start(server, setup(server)).await;
        let (version, result) = set_secret_with(&application, act).await;
        let is_current = application.labels().await.contains(&format!("AWSCURRENT {version}"));
        assert!(application.some_version_signs_in().await, "{context}");
        match act {
            // What a person stores is never replaced; the working password is on the version without a label.
            Act::Puts => {
                assert!(matches!(result, Err(Error::Refused(_))) && !is_current, "{context}: {result:?}");
            }
            // Only AWSCURRENT counts: the version that has it signs in.
            Act::Abandons | Act::Promotes => {
                assert!(result.is_ok() && is_current, "{context}: {result:?}");
                assert!(application.signs_in("AWSCURRENT").await, "{context}");
            }
        }
        application.rotate_ok().await;
        assert!(application.signs_in("AWSCURRENT").await, "{context}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_writes_or_moves_labels_while_the_password_changes_loses_nothing() {
    for version in postgres_versions() {
        nothing_is_lost_to_people(Postgres::shared(version).await).await;
    }
    for version in mysql_versions() {
        nothing_is_lost_to_people(MySql::shared(version).await).await;
    }
}

/// The same edit under the usual order leaves an AWSCURRENT that is rejected until the next rotation.
async fn an_edit_after_set_secret<S: Server>(server: &S) {
    let application = Application::start(server, setup(server)).await;
    let version = application.begin().await;
    for step in &STEPS[..2] {
        application.step(step, &version).await.expect(step);
    }
    let mut edited = application.stored("AWSCURRENT").await.expect("a current version");
    edited["note"] = "by hand".into();
    application.store_current(&edited).await;
    assert!(application.signs_in("AWSCURRENT").await, "on {}", server.name());
    application.rotate_ok().await;
    assert!(application.signs_in("AWSCURRENT").await, "on {}", server.name());
    assert!(!application.output().contains("AWSCURRENT is rejected"), "{}", application.output());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_current_value_that_a_person_edits_after_set_secret_still_signs_in() {
    for version in postgres_versions() {
        an_edit_after_set_secret(Postgres::shared(version).await).await;
    }
    for version in mysql_versions() {
        an_edit_after_set_secret(MySql::shared(version).await).await;
    }
}
