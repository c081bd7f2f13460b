//! What tests on PostgreSQL share.

use local_aws::{DbCluster, DbClusterMember, DbInstance, MemberRole};
use serde_json::json;
use testbed::postgres::name;
use testbed::{Application, Credentials, Postgres, Setup, postgres_versions, store};

pub(crate) async fn as_user(server: &Postgres, user: &Credentials, sql: &str) {
    let mut session = server.sign_in(user, "postgres").await.expect("the user signs in");
    testbed::postgres::run(&mut session, sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

pub(crate) async fn role(server: &Postgres, name: &str, options: &str) -> Credentials {
    let role = Credentials::new(name);
    server.execute("postgres", &format!("CREATE ROLE \"{name}\" LOGIN {options}")).await;
    server.set_password(&role).await;
    role
}

/// An application whose superuser has SUPERUSER: its grants prove nothing, so a version of the secret has to.
pub(crate) async fn with_a_real_superuser(server: &Postgres) -> Application<'_> {
    let boss = role(server, "boss", "SUPERUSER").await;
    let application = Application::start(server, Setup::alternating_users()).await;
    let superuser = server.secret(&boss, "postgres");
    application.store_superuser(&superuser).await;
    application
}

/// Rotates, and returns the clone's credentials, which are then current.
pub(crate) async fn rotate_to_clone(application: &Application<'_>) -> Credentials {
    application.rotate_ok().await;
    let current = application.credentials("AWSCURRENT").await.expect("a current version");
    assert!(current.user.ends_with("_clone"), "{}", current.user);
    current
}

pub(crate) async fn run_as(
    application: &Application<'_>,
    user: &Credentials,
    sql: &str,
) -> Result<Vec<String>, sqlx::Error> {
    let mut session = application.server.sign_in(user, &application.app.database).await?;
    testbed::postgres::run(&mut session, sql).await
}

pub(crate) fn clone_name(application: &Application<'_>) -> String {
    format!("{}_clone", application.app.user())
}

/// As AWS's function makes it: a member of the base, which owns what it creates, with its credentials in AWSPREVIOUS.
pub(crate) async fn foreign_clone(application: &Application<'_>) -> Credentials {
    let clone = Credentials::new(&clone_name(application));
    let (quoted, base) = (name(&clone.user), name(application.app.user()));
    let admin = application.server.admin().await;
    let mut session = application.server.sign_in(admin, "postgres").await.expect("the superuser signs in");
    let made = format!("CREATE USER {quoted} LOGIN; GRANT {base} TO {quoted}");
    testbed::postgres::run(&mut session, &made).await.expect("a clone");
    application.server.set_password(&clone).await;
    application.store_previous(&clone).await;
    clone
}

/// Every user's stored verifier and the secret's labels: what a refusal must leave as it was.
pub(crate) async fn users_and_labels(application: &Application<'_>) -> (Vec<String>, Vec<String>) {
    let users = format!(
        "SELECT rolname || coalesce(rolpassword, '') FROM pg_authid WHERE rolname IN ({}, {}, 'master', 'postgres') ORDER BY 1",
        testbed::postgres::text(application.app.user()),
        testbed::postgres::text(&format!("{}_clone", application.app.user())),
    );
    (application.server.values("postgres", &users).await, application.labels().await)
}

pub(crate) async fn newest() -> &'static Postgres {
    Postgres::shared(postgres_versions()[0]).await
}

pub(crate) fn cluster(endpoint: &str, port: u16, reader: &str) -> DbCluster {
    DbCluster {
        identifier: endpoint.split('.').next().unwrap_or_default().into(),
        endpoint: endpoint.into(),
        reader_endpoint: Some(reader.into()),
        custom_endpoints: vec![],
        port,
        engine: "aurora-postgresql".into(),
        members: vec![DbClusterMember { instance: "writer".into(), role: MemberRole::Writer }],
    }
}

pub(crate) fn instance(identifier: &str, address: &str, port: u16) -> DbInstance {
    DbInstance {
        identifier: identifier.into(),
        address: address.into(),
        port,
        engine: "postgres".into(),
        replica_of: None,
        cluster: None,
    }
}

/// What an application's secret looks like whose superuser's secret RDS has made: user and password only.
pub(crate) async fn made_by_rds(application: &Application<'_>, tag: &str, arn: &str) {
    let admin = application.server.admin().await;
    let only = json!({"username": admin.user, "password": admin.password});
    let superuser = store(&application.client, "rds-db-1", &only).await;
    assert!(application.local.set_reserved_tag(&superuser, tag, arn));
    with_superuser(application, &superuser).await;
}

pub(crate) async fn with_superuser(application: &Application<'_>, superuser: &str) {
    let mut current = application.stored("AWSCURRENT").await.expect("a first version");
    current["masterarn"] = json!(superuser);
    application.store_current(&current).await;
}
