//! A rotation leaves no password in the memory of its process, which Lambda may keep for hours.

use testbed::memory::copies;
use testbed::{Application, MySql, Postgres, STEPS, Server, Setup, mysql_versions, postgres_versions};

/// Held by the SDK for as long as the process lives: a search that misses it would prove nothing.
const CONTROL: &str = "an-example-that-opens-nothing";

/// A rotation by a new process, and after each step a search in all of that.
async fn nothing_is_left_by<S: Server>(server: &S, setup: Setup<'_>) {
    let context = format!("{} on {}", setup.function, server.name());
    let application = Application::start(server, setup).await;
    server.allow_two_passwords(&application.app).await;
    let (old, superuser) = (&application.app.credentials.password, &server.admin().await.password);
    let pending = application.begin().await;
    for step in STEPS {
        application.step(step, &pending).await.expect(step);
        let stage = if step == "finishSecret" { "AWSCURRENT" } else { "AWSPENDING" };
        let next = application.credentials(stage).await.expect("a new version").password;
        let processes = application.processes().await;
        let [process] = processes[..] else { panic!("one process ran: {processes:?}") };
        let [control, old, next, superuser] = copies(process, [CONTROL, old, &next, superuser]);
        println!(
            "{context}, {step}: {old} copies of the former password, {next} of the new one, {superuser} of the superuser's"
        );
        assert!(control > 0, "{context}: what is there is not found");
        assert_eq!([old, next, superuser], [0; 3], "{context}: copies are left after {step}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_password_is_left_in_memory_after_any_step_on_postgresql() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    for setup in server.setups() {
        nothing_is_left_by(server, setup).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_password_is_left_in_memory_after_any_step_on_mysql_and_mariadb() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        for setup in server.setups() {
            nothing_is_left_by(server, setup).await;
        }
    }
}
