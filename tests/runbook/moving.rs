//! From one strategy to another, and the end of a clone.

mod retiring;

use testbed::{Postgres, Server, functions, mysql, postgres_versions};

use super::{Administrated, Desk, MOVING, OPERATIONS, Section, mysql_and_mariadb, postgres};

/// Both users sign in, and the next two rotations succeed without `attach` changing the function.
async fn goes_on<S: Administrated>(desk: &Desk<'_, S>, rotate: &str, context: &str) {
    for _rotation in 0..2 {
        assert!(desk.signs_in("AWSCURRENT").await, "{context} on {}", desk.server.name());
        desk.rotate_ok(rotate).await;
    }
    assert!(desk.signs_in("AWSCURRENT").await, "{context} on {}", desk.server.name());
}

async fn to_alternating_users<S: Administrated>(server: &S, from: &str) {
    let section = Section::on(server, MOVING, "To alternating users, with a superuser");
    let desk = Desk::rotated_by(server, from).await;
    desk.set("FUNCTION", &desk.function("alternating-users"));
    desk.sh(section.sh("umask 077")).await;
    desk.rotate_ok(section.sh("rotate-secret --secret-id app --rotation-lambda-arn")).await;
    let before = desk.credentials("AWSCURRENT").await.expect("a version");
    let rotate = section.sh("rotate-secret --secret-id app\n");
    desk.rotate_ok(rotate).await;
    assert_eq!(desk.credentials("AWSCURRENT").await.expect("a version").user, desk.clone_name());
    assert!(server.signs_in(&before, &desk.app.database).await, "app keeps its password");
    goes_on(&desk, rotate, from).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_superuser_makes_the_clone_of_a_user_that_had_none() {
    to_alternating_users(postgres().await, "single-user").await;
    for server in mysql_and_mariadb().await {
        to_alternating_users(server, "single-user").await;
        if !server.version().is_mariadb() {
            to_alternating_users(server, "dual-password").await;
        }
    }
}

/// The pair is made by `make pair`'s program and the command that it prints.
async fn without_a_superuser<S: Administrated>(server: &S) {
    let section = Section::on(server, MOVING, "To alternating users, without a superuser");
    let desk = Desk::rotated_by(server, "single-user").await;
    desk.set("FUNCTION", &desk.function("alternating-users"));
    desk.set("DATABASE_CA_FILE", &server.ca_file().display().to_string());
    desk.set("AWS_REGION", "us-east-1");
    let pair = std::path::absolute(functions::program("pair").await).expect("a path");
    let sql = desk.sh(&format!("{} app 2> said", pair.display())).await;
    let database = if server.name().starts_with("postgres") { "postgres" } else { "" };
    server.run_at(server, database, &sql).await;
    let put = desk.sh("sed -n 's/^pair:    //p' said | head -1").await;
    assert!(put.starts_with("aws secretsmanager put-secret-value"), "{put}");
    desk.sh(&put).await;
    desk.rotate_ok(section.sh("rotate-secret --secret-id app --rotation-lambda-arn")).await;
    let rotate = section.sh("rotate-secret --secret-id app\n");
    goes_on(&desk, rotate, "a pair").await;

    // From alternating users with a superuser, at either user's turn.
    for turns in 1..=2 {
        let desk = Desk::rotated_by(server, "alternating-users").await;
        for _turn in 1..turns {
            desk.attach("alternating-users").await;
        }
        desk.rotate_ok(section.sh("umask 077")).await;
        assert!(desk.stored("AWSCURRENT").await.expect("a version").get("masterarn").is_none());
        goes_on(&desk, rotate, "the superuser was left out").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_users_rotate_without_a_superuser_from_then_on() {
    without_a_superuser(postgres().await).await;
    for server in mysql_and_mariadb().await {
        without_a_superuser(server).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_of_mysql_goes_over_to_two_passwords_and_back() {
    if let Some(server) = super::mysql().await {
        let section = Section::on(server, MOVING, "From single user to dual password");
        let desk = Desk::new(server, server.port()).await;
        desk.attach("single-user").await;
        desk.sql(section.sql("GRANT")).await;
        desk.set("FUNCTION", &desk.function("dual-password"));
        desk.rotate_ok(section.sh("rotate-secret --secret-id app --rotation-lambda-arn")).await;
        let rotate = section.sh("rotate-secret --secret-id app\n");
        goes_on(&desk, rotate, "dual password").await;
        assert!(desk.signs_in("AWSPREVIOUS").await);

        let section = Section::on(server, MOVING, "From dual password to single user");
        desk.set("FUNCTION", &desk.function("single-user"));
        desk.rotate_ok(section.sh("rotate-secret --secret-id app --rotation-lambda-arn")).await;
        let rotate = section.sh("rotate-secret --secret-id app\n");
        desk.rotate_ok(rotate).await;
        assert!(!desk.signs_in("AWSPREVIOUS").await, "only the new one signs in");
        let revoke = format!("REVOKE APPLICATION_PASSWORD_ADMIN ON *.* FROM {}@'%'", desk.app.user());
        let admin = Server::admin(server).await;
        let mut session = server.sign_in(admin, "").await.expect("it signs in");
        let refused = mysql::run(&mut session, &revoke).await.expect_err("as the page says");
        assert_eq!(mysql::number(&refused), Some(3879), "{refused}");
        goes_on(&desk, rotate, "single user").await;
    }
}

/// Another function is not attached while a rotation is unfinished. Then it is ended as the page says.
async fn with_a_pending_version<S: Administrated>(server: &S) {
    let section = Section::on(server, MOVING, "Before every move");
    let promote = Section::on(server, OPERATIONS, "Making the pending version current");
    let to = Section::on(server, MOVING, "To alternating users, with a superuser");
    let attach = to.sh("rotate-secret --secret-id app --rotation-lambda-arn");
    for (from, next) in [("single-user", "alternating-users"), ("alternating-users", "single-user")] {
        let desk = Desk::rotated_by(server, from).await;
        if from == "alternating-users" {
            desk.attach(from).await;
        }
        desk.stop_before(from, "testSecret").await;
        let shown = desk.sh(section.sh("describe-secret")).await;
        assert!(shown.contains("AWSPENDING"), "{shown}");
        // The old function cannot be called.
        desk.local.set_lambda_url("http://127.0.0.1:1");
        desk.set("FUNCTION", &desk.function(next));
        assert!(!desk.rotate(attach).await.succeeded);
        let secret = desk.client.describe_secret().secret_id("app").send().await.expect("a secret");
        assert_eq!(secret.rotation_lambda_arn(), Some(desk.function(from).as_str()), "it keeps its function");
        if from == "single-user" {
            desk.sh(promote.sh("CURRENT=")).await;
        } else {
            desk.sh(section.sh("PENDING=")).await;
        }
        desk.local.set_lambda_url(desk.functions.url());
        assert!(desk.signs_in("AWSCURRENT").await);
        if next == "alternating-users" {
            desk.sh(to.sh("umask 077")).await;
        }
        desk.rotate_ok(attach).await;
        let user = desk.sh(section.sh("get-secret-value")).await;
        assert_eq!(user.trim(), desk.app.user());
        desk.attach(next).await;
        assert!(desk.signs_in("AWSCURRENT").await);
    }
    to.excuse("rotate-secret --secret-id app\n");
    promote.excuse("get-secret-value");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unfinished_rotation_is_ended_before_a_move() {
    with_a_pending_version(postgres().await).await;
    if let Some(server) = super::mysql().await {
        with_a_pending_version(server).await;
    }
}

async fn all_of_postgres() -> Vec<&'static Postgres> {
    let mut servers = Vec::new();
    for version in postgres_versions() {
        servers.push(Postgres::shared(version).await);
    }
    servers
}
