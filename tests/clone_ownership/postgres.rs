//! On PostgreSQL neither a name identifies a clone, nor a membership that others can grant.

use rotation::ports::{AlternationOutcome, Evidence, SignIn};
use rotation::{Alternation, Endpoint, Password, SecretId, Target, Tls, Username};
use serde_json::json;
use testbed::{
    App, Application, Credentials, Postgres, PostgresOptions, Server, Setup, postgres_versions, remedy,
};

use crate::support::postgres::{as_user, clone_name, role, with_a_real_superuser};
use crate::support::store_as_previous;

/// Up to 15 any user may make others members of itself, also by way of a third one; from 16 on a role with CREATEROLE makes
/// a base of its own, and a stranger a member of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_that_others_made_a_member_is_not_taken_over() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let attacker = App::create(server, "mine").await;
        let stranger = role(server, &format!("{}_clone", attacker.user()), "").await;
        let (mine, strangers) = (attacker.user().to_owned(), stranger.user.clone());
        let mut application = Application::with(server, attacker, Setup::alternating_users()).await;
        if version < 16 {
            let third = role(server, &format!("third{version}{mine}"), "").await;
            let grant = format!("GRANT {mine} TO {} WITH ADMIN OPTION", third.user);
            as_user(server, &application.app.credentials, &grant).await;
            as_user(server, &third, &format!("GRANT {mine} TO {strangers}")).await;
        } else {
            let maker = role(server, &format!("maker{version}{mine}"), "CREATEROLE").await;
            let (foo, foo_clone) = (format!("foo_{mine}"), format!("foo_{mine}_clone"));
            let victim = role(server, &foo_clone, "").await;
            let own = Credentials::new(&foo);
            as_user(server, &maker, &format!("CREATE ROLE {foo} LOGIN PASSWORD '{}'", own.password)).await;
            as_user(server, &maker, &format!("GRANT {foo} TO {foo_clone}")).await;
            let admin = server.admin().await;
            server
                .execute("postgres", &format!("GRANT {foo}, {foo_clone} TO {} WITH ADMIN OPTION", admin.user))
                .await;
            let mut current = application.stored("AWSCURRENT").await.expect("a first version");
            current["username"] = json!(own.user);
            current["password"] = json!(own.password);
            current["dbname"] = json!("postgres");
            application.store_current(&current).await;
            application.app = App { credentials: own, database: "postgres".into() };
            refuses_to_take(&application, &victim).await;
            continue;
        }
        refuses_to_take(&application, &stranger).await;
    }
}

async fn refuses_to_take(application: &Application<'_>, stranger: &Credentials) {
    let server = application.server;
    let state = "SELECT rolname || coalesce(rolpassword, '') || rolcanlogin FROM pg_authid ORDER BY 1";
    let before = server.values("postgres", state).await;
    application.local.clear_calls();
    let log = server.log();
    let refusal = application.rotate_expect_err().await;
    assert!(refusal.contains("nothing shows that"), "{refusal} on {}", server.version());
    let ours = [application.app.user(), &stranger.user];
    let of_ours = |rows: Vec<String>| -> Vec<String> {
        rows.into_iter().filter(|row| ours.iter().any(|user| row.starts_with(user))).collect()
    };
    assert_eq!(of_ours(server.values("postgres", state).await), of_ours(before));
    assert!(server.signs_in(stranger, "postgres").await, "on {}", server.version());
    let tried = log.failed(&stranger.user) + log.authorized(&stranger.user);
    assert!(tried <= 4, "{tried} sign-ins");
}

/// Somebody takes the clone's name before the first rotation. Then each remedy of the refusal.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_was_there_before_the_first_rotation_gets_nothing_on_postgresql() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        for way in ["store", "regrant", "drop"] {
            let application = Application::start(server, Setup::alternating_users()).await;
            let admin = server.admin().await.clone();
            let squatter = role(server, &clone_name(&application), "").await;
            if version >= 16 {
                server
                    .execute("postgres", &format!("GRANT {} TO master WITH ADMIN OPTION", squatter.user))
                    .await;
            }
            application.local.clear_calls();
            let refusal = application.rotate_expect_err().await;
            assert!(refusal.contains("nothing shows that"), "{refusal}");
            assert!(server.signs_in(&squatter, "postgres").await, "on {version}");
            match way {
                "store" => store_as_previous(&application, &refusal, &squatter).await,
                "regrant" => {
                    let run = remedy(&refusal, "the superuser").join("; ");
                    as_user(server, &admin, &run).await;
                }
                _ => {
                    let run = remedy(&refusal, "an administrator").join("; ");
                    server.execute("postgres", &run).await;
                }
            }
            for _turn in 0..3 {
                application.rotate_ok().await;
            }
            assert!(application.signs_in("AWSCURRENT").await, "{way} on {version}");
        }
    }
}

/// No proof by the grantor: no superuser's session either, until a version has signed in as the other user.
#[tokio::test(flavor = "multi_thread")]
async fn a_strangers_account_brings_no_superuser_to_postgresql() {
    for version in postgres_versions() {
        let server = Postgres::start(version, testbed::PostgresOptions::default()).await;
        let application = Application::start(&server, Setup::alternating_users()).await;
        role(&server, &clone_name(&application), "").await;
        let log = server.log();
        application.rotate_expect_err().await;
        assert_eq!((log.authorized("master"), log.failed("master")), (0, 0), "{}", log.text());
    }
}

/// Grants of a real superuser are recorded as the bootstrap superuser's: each turn takes a sign-in of AWSPREVIOUS. After a
/// rotation that was given up, of a version without a label.
#[tokio::test(flavor = "multi_thread")]
async fn a_real_superuser_rotates_by_what_the_secret_holds() {
    for version in postgres_versions() {
        let server = Postgres::start(version, testbed::PostgresOptions::default()).await;
        let application = with_a_real_superuser(&server).await;
        for _turn in 0..4 {
            application.rotate_ok().await;
            assert!(application.signs_in("AWSCURRENT").await, "on {version}");
        }
        let pending = application.begin().await;
        for step in ["createSecret", "setSecret"] {
            application.step(step, &pending).await.expect(step);
        }
        application.abandon(&pending).await;
        application.rotate_ok().await;
        assert!(application.signs_in("AWSCURRENT").await, "on {version}");
    }
}

/// An administrator has ended an account by NOLOGIN. It is called a clone, and somebody knows its password.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_was_ended_is_not_opened_again() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let application = Application::start(server, Setup::alternating_users()).await;
        let ended = role(server, &clone_name(&application), "").await;
        if version >= 16 {
            server.execute("postgres", &format!("GRANT {} TO master WITH ADMIN OPTION", ended.user)).await;
        }
        server.execute("postgres", &format!("ALTER ROLE {} NOLOGIN", ended.user)).await;
        let refusal = application.rotate_expect_err().await;
        store_as_previous(&application, &refusal, &ended).await;
        let refusal = application.rotate_expect_err().await;
        assert!(refusal.contains("has NOLOGIN"), "{refusal}");
        let may = format!("SELECT rolcanlogin::text FROM pg_roles WHERE rolname = '{}'", ended.user);
        assert_eq!(server.values("postgres", &may).await, ["false"], "on {version}");
        for statement in remedy(&refusal, "an administrator") {
            server.execute("postgres", &statement).await;
        }
        application.rotate_ok().await;
        assert!(application.signs_in("AWSCURRENT").await, "on {version}");
    }
}

/// Up to 15 a session of a role can make others members of that role; later an administrator can.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_of_the_clone_does_not_get_its_bases_rights() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let application = Application::start(server, Setup::alternating_users()).await;
        application.rotate_ok().await;
        let (clone, leaked) = (
            clone_name(&application),
            application.credentials("AWSCURRENT").await.expect("a current version"),
        );
        let thief = role(server, &format!("thief{}", application.app.user()), "").await;
        let grant = format!("GRANT {clone} TO {}", thief.user);
        if version < 16 {
            as_user(server, &leaked, &format!("SET ROLE NONE; {grant}")).await;
        } else {
            server.execute("postgres", &grant).await;
        }
        application.rotate_ok().await;
        let refusal = application.rotate_expect_err().await;
        assert!(refusal.contains(&format!("others can act as {clone}")), "{refusal}");
        assert!(application.signs_in("AWSCURRENT").await, "on {version}");
        for statement in remedy(&refusal, "an administrator") {
            server.execute("postgres", &statement).await;
        }
        application.rotate_ok().await;
        assert!(application.signs_in("AWSCURRENT").await, "on {version}");
    }
}

/// With `db_user_namespace` (up to 16) a name means one user of each database, and the superuser's statements another.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_of_one_database_is_not_the_global_user_of_that_name() {
    for version in postgres_versions().into_iter().filter(|version| *version <= 16) {
        let server = Postgres::start(version, PostgresOptions::default()).await;
        let victim = server.create_app("victim").await;
        for setup in server.setups() {
            let application = Application::start(&server, setup).await;
            let database = application.app.database.clone();
            let tenant = role(&server, &format!("{}@{database}", victim.user()), "").await;
            let mut claimed = application.stored("AWSCURRENT").await.expect("a first version");
            claimed["username"] = json!(victim.user());
            claimed["password"] = json!(tenant.password);
            claimed["masterarn"] = json!(application.superuser_arn);
            application.store_current(&claimed).await;
            let mut root = server.sign_in(&server.root(), "postgres").await.expect("root signs in");
            let state = "SELECT rolname || coalesce(rolpassword, '') FROM pg_authid ORDER BY 1";
            let before = testbed::postgres::run(&mut root, state).await.expect("a result");
            for value in ["on", "off"] {
                testbed::postgres::run(&mut root, &format!("ALTER SYSTEM SET db_user_namespace = {value}"))
                    .await
                    .expect("root may");
                testbed::postgres::run(&mut root, "SELECT pg_reload_conf()").await.expect("root may");
                while testbed::postgres::run(&mut root, "SHOW db_user_namespace").await.expect("a result")
                    != [value]
                {
                    tokio::task::yield_now().await;
                }
                if value == "on" {
                    let refusal = application.rotate_expect_err().await;
                    let said = format!("has signed in {}@{database}, another user", victim.user());
                    assert!(refusal.contains(&said), "{refusal}");
                }
            }
            assert_eq!(testbed::postgres::run(&mut root, state).await.expect("a result"), before);
        }
    }
}

/// A stranger's account appears after the application's session has looked, and before the superuser's.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_appears_in_the_middle_is_not_taken_over() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let app = server.create_app("app").await;
        let stranger = role(server, &format!("{}_clone", app.user()), "").await;
        let admin = server.admin().await;
        let at = rotation::Server {
            endpoint: Endpoint { host: server.host().into(), port: server.port() },
            tls: Tls::Required,
            database: None,
        };
        let (user, password) = (Username(admin.user.clone()), Password::new(admin.password.clone()));
        let adapter = server.adapter();
        let signed_in = adapter.sign_in_superuser(&at, &user, &password).await.expect("a result");
        let SignIn::Accepted(mut session) = signed_in else { panic!("the superuser signs in") };
        let (base, clone) = (Username(app.user().to_owned()), Username(stranger.user.clone()));
        let alternation = Alternation { base, clone, target: Target::Clone };
        let (secret, next) = (SecretId("secret".into()), Password::new("another-one".into()));
        let outcome = session
            .set_up_next_user(&alternation, &secret, &next, &Evidence::None)
            .await
            .expect("an outcome");
        assert!(matches!(outcome, AlternationOutcome::NeedsProof(_)), "on {version}");
        session.close().await;
        assert!(server.signs_in(&stranger, "postgres").await, "on {version}");
        assert!(
            !server
                .signs_in(&Credentials { user: stranger.user, password: "another-one".into() }, "postgres")
                .await
        );
    }
}
