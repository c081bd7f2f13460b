//! Advisory locks and locks on roles, on PostgreSQL.

use rotation::ports::{AlternationOutcome, Evidence, SignIn};
use rotation::{Alternation, Endpoint, Password, SecretId, Target, Tls, Username};
use testbed::{Application, Postgres, Server, Setup, postgres_versions};

/// Anybody who may connect can hold this lock, and sees it in `pg_locks`.
#[tokio::test(flavor = "multi_thread")]
async fn an_advisory_lock_that_somebody_holds_stops_no_rotation_of_postgresql() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        for setup in server.setups() {
            let application = Application::start(server, setup).await;
            let other = server.create_app("other").await;
            let mut sessions = Vec::new();
            for database in ["postgres", &application.app.database] {
                let mut session = server.sign_in(&other.credentials, database).await.expect("it signs in");
                let lock = format!(
                    "SELECT pg_advisory_lock(hashtextextended('rotate:{}', 0))",
                    application.app.user()
                );
                testbed::postgres::run(&mut session, &lock).await.expect("anybody may");
                sessions.push(session);
            }
            for _turn in 0..2 {
                application.rotate_ok().await;
                assert!(application.signs_in("AWSCURRENT").await, "on {version}");
            }
        }
    }
}

/// The lock is one in each database: superusers who open different ones change the same role at once.
#[tokio::test(flavor = "multi_thread")]
async fn concurrent_alternations_in_different_databases_all_succeed() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let application = Application::start(server, Setup::alternating_users()).await;
        application.rotate_ok().await;
        let base = application.app.user().to_owned();
        let alternation = Alternation {
            base: Username(base.clone()),
            clone: Username(format!("{base}_clone")),
            target: Target::Clone,
        };
        let mut databases = vec!["postgres".to_owned(), "template1".to_owned()];
        for number in 0..4 {
            let database = format!("{base}_other{number}");
            server.execute("postgres", &format!("CREATE DATABASE {database}")).await;
            databases.push(database);
        }
        let all = databases.clone().into_iter().map(|database| turns(server, database, alternation.clone()));
        testbed::run_concurrently(databases.len(), all, |()| ()).await;
        for database in &databases[2..] {
            server.execute("postgres", &format!("DROP DATABASE {database} WITH (FORCE)")).await;
        }
    }
}

async fn turns(server: &'static Postgres, database: String, alternation: Alternation) {
    let (adapter, admin) = (server.adapter(), server.admin().await);
    let at = rotation::Server {
        endpoint: Endpoint { host: server.host().into(), port: server.port() },
        tls: Tls::Required,
        database: Some(database.clone()),
    };
    let (user, password) = (Username(admin.user.clone()), Password::new(admin.password.clone()));
    let SignIn::Accepted(mut session) =
        adapter.sign_in_superuser(&at, &user, &password).await.expect("a result")
    else {
        panic!("the superuser signs in");
    };
    for number in 0..15 {
        let next = Password::new(format!("pw-{database}-{number}"));
        let turned = session
            .set_up_next_user(&alternation, &SecretId("secret".into()), &next, &Evidence::SignedIn)
            .await;
        assert_eq!(turned.expect("a turn"), AlternationOutcome::Done, "{database}");
    }
    session.close().await;
}
