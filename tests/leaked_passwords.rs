//! How long a password that leaked is valid, under every strategy: docs/which-strategy.md.

use testbed::{Application, MySql, Postgres, Server, Setup, mysql_versions, postgres_versions};

/// After how many rotations the password that was AWSCURRENT's is rejected; at most three are made.
async fn rotations_until_rejected<S: Server>(server: &S, setup: Setup<'_>) -> usize {
    let application = Application::start(server, setup).await;
    server.allow_two_passwords(&application.app).await;
    let leaked = application.credentials("AWSCURRENT").await.expect("a current version");
    for rotation in 1..=3 {
        application.rotate_ok().await;
        if !server.signs_in(&leaked, &application.app.database).await {
            return rotation;
        }
    }
    panic!("the password signs in after three rotations");
}

async fn ends_in_time<S: Server>(server: &S) {
    for setup in server.setups() {
        let (name, one_user) = (setup.name(), setup.function.ends_with("single-user"));
        let rotations = rotations_until_rejected(server, setup).await;
        assert_eq!(rotations, if one_user { 1 } else { 2 }, "{name} on {}", server.name());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leaked_password_ends_with_the_rotation_that_the_page_names_on_postgresql() {
    for version in postgres_versions() {
        ends_in_time(Postgres::shared(version).await).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leaked_password_ends_with_the_rotation_that_the_page_names_on_mysql_and_mariadb() {
    for version in mysql_versions() {
        ends_in_time(MySql::shared(version).await).await;
    }
}
