//! On PostgreSQL.

use sqlx::PgConnection;
use testbed::{Credentials, Postgres, PostgresOptions, Server as _, Setup, postgres, postgres_versions};

use super::{
    Clients, a_session_that_begins_meanwhile_goes_on, application, blocks, current,
    each_step_alone_comes_to_the_same_end, killed_at_any_line_it_goes_on_from_there, rotate_by_hand,
    what_is_wrong_is_named, what_leaked_is_dead, with_each_setup,
};
/// A server that waits for a client that signs in no longer than the tests do.
pub(super) async fn server(version: u16) -> Postgres {
    let settings = [("authentication_timeout", "1s")];
    Postgres::start(version, PostgresOptions { settings: &settings, ..PostgresOptions::default() }).await
}

impl Clients for Postgres {
    type Session = PgConnection;

    async fn open(&self, user: &Credentials) -> PgConnection {
        self.sign_in(user, "postgres").await.expect("it signs in")
    }

    async fn is_open(session: &mut PgConnection) -> bool {
        postgres::run(session, "SELECT 1").await.is_ok()
    }
}

fn rotations(setup: &Setup<'_>) -> usize {
    if setup.function.ends_with("single-user") { 1 } else { 2 }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_leaked_signs_in_nowhere_and_its_sessions_have_ended() {
    for version in postgres_versions() {
        with_each_setup(server(version).await, |server, setup| async move {
            let rotations = rotations(&setup);
            what_leaked_is_dead(&*server, setup, rotations).await;
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_has_the_new_password_keeps_its_session() {
    for version in postgres_versions() {
        a_session_that_begins_meanwhile_goes_on(&server(version).await, Setup::single_user()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_step_can_be_taken_alone() {
    with_each_setup(server(postgres_versions()[0]).await, |server, setup| async move {
        let steps = rotations(&setup) + 1;
        each_step_alone_comes_to_the_same_end(&*server, setup, steps).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_killed_is_run_again() {
    with_each_setup(server(postgres_versions()[0]).await, |server, setup| async move {
        killed_at_any_line_it_goes_on_from_there(&*server, setup).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn by_hand_the_page_says_the_same() {
    let server = server(postgres_versions()[0]).await;
    for setup in server.setups() {
        let application = application(&server, setup.clone()).await;
        let credentials = current(&application).await.1;
        let mut open = server.open(&credentials).await;
        rotate_by_hand(&application, rotations(&setup)).await;
        let now = application.credentials("AWSCURRENT").await.expect("a version");
        let mut session = server.open(&now).await;
        postgres::run(&mut session, &blocks("By hand", "sql")[0]).await.expect("it may");
        assert!(Postgres::ends(&mut open).await && !server.signs_in(&credentials, "postgres").await);
        assert!(application.signs_in("AWSCURRENT").await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_named_with_what_to_do() {
    let server = server(postgres_versions()[0]).await;
    what_is_wrong_is_named(&server, Setup::single_user()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_ends_the_sessions_as_the_page_says() {
    let server = server(postgres_versions()[0]).await;
    let application = application(&server, Setup::single_user()).await;
    let mut open = server.open(&current(&application).await.1).await;
    let [block, _] = &blocks("As an administrator", "sql")[..] else { panic!("other blocks") };
    server.execute("postgres", &block.replace("'app'", &postgres::text(application.app.user()))).await;
    assert!(Postgres::ends(&mut open).await);
}
