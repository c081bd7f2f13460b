//! A turn is for the secret whose pair it is, and gives nobody else anything: not who knows a password of the pair, nor who is
//! a member of the clone, nor whose account was closed.

use rotation::ports::{AlternationOutcome, Evidence, SignIn};
use rotation::{Alternation, Endpoint, Password, SecretId, Target, Tls, Username};
use serde_json::json;
use testbed::mysql::text;
use testbed::{Application, Credentials, MySql, MySqlOptions, Postgres, PostgresOptions, Server, Setup};
use testbed::{mysql_versions, postgres_versions, remedy};

use super::clones::postgres::{as_user, role, under_a_real_superuser};
use super::{claim, store_as_previous};
use crate::clones::clone_of;
use crate::resists::mysql::accounts;

/// Whoever has one password of a pair (AWSPREVIOUS still signs in) writes it into a secret of its own.
async fn one_password_of_a_pair_takes_it_over<S: Server>(server: &S, setup: Setup<'_>) {
    let victim = Application::start(server, setup.clone()).await;
    victim.rotate_ok().await;
    for _turn in 0..2 {
        let leaked = victim.credentials("AWSPREVIOUS").await.expect("a previous version");
        let attacker = Application::start(server, setup.clone()).await;
        let mut own = victim.stored("AWSPREVIOUS").await.expect("a previous version");
        own["username"] = json!(leaked.user);
        own["masterarn"] = json!(attacker.superuser_arn);
        attacker.store_current(&own).await;
        let refusal = attacker.rotate_expect_err().await;
        assert!(refusal.contains("nothing shows that"), "{refusal}");
        for stage in ["AWSCURRENT", "AWSPREVIOUS"] {
            assert!(victim.signs_in(stage).await, "{stage} on {}", server.name());
        }
        victim.rotate_ok().await;
        assert!(victim.signs_in("AWSCURRENT").await, "on {}", server.name());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_knows_one_password_of_a_pair_does_not_get_the_other() {
    for version in postgres_versions() {
        one_password_of_a_pair_takes_it_over(Postgres::shared(version).await, Setup::alternating_users())
            .await;
    }
    for version in mysql_versions() {
        one_password_of_a_pair_takes_it_over(MySql::shared(version).await, Setup::mysql_alternating_users())
            .await;
    }
}

/// An administrator has ended an account by NOLOGIN. It is called a clone, and somebody knows its password.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_was_ended_is_not_opened_again() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let application = Application::start(server, Setup::alternating_users()).await;
        let ended = role(server, &clone_of(&application), "").await;
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

/// Up to 15 whoever is signed in as a role can make others members of it; later an administrator can.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_of_the_clone_does_not_get_its_bases_rights() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let application = Application::start(server, Setup::alternating_users()).await;
        application.rotate_ok().await;
        let (clone, leaked) =
            (clone_of(&application), application.credentials("AWSCURRENT").await.expect("a current version"));
        let thief = role(server, &format!("thief{}", application.app.user()), "").await;
        let grant = format!("GRANT {clone} TO {}", thief.user);
        if version < 16 {
            as_user(server, &leaked, &format!("SET ROLE NONE; {grant}")).await;
        } else {
            server.execute("postgres", &grant).await;
        }
        application.rotate_ok().await;
        let refusal = application.rotate_expect_err().await;
        assert!(refusal.contains(&format!("others may act as {clone}")), "{refusal}");
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
            let before = testbed::postgres::run(&mut root, state).await.expect("an answer");
            for value in ["on", "off"] {
                testbed::postgres::run(&mut root, &format!("ALTER SYSTEM SET db_user_namespace = {value}"))
                    .await
                    .expect("root may");
                testbed::postgres::run(&mut root, "SELECT pg_reload_conf()").await.expect("root may");
                while testbed::postgres::run(&mut root, "SHOW db_user_namespace").await.expect("an answer")
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
            assert_eq!(testbed::postgres::run(&mut root, state).await.expect("an answer"), before);
        }
    }
}

/// Two attempts at once; with a real superuser, whose grants do not say who made them.
#[tokio::test(flavor = "multi_thread")]
async fn twins_of_a_first_turn_both_succeed() {
    for version in postgres_versions() {
        let server = Postgres::start(version, PostgresOptions::default()).await;
        let application = under_a_real_superuser(&server).await;
        let pending = application.begin().await;
        application.step("createSecret", &pending).await.expect("createSecret");
        let pair =
            tokio::join!(application.step("setSecret", &pending), application.step("setSecret", &pending));
        pair.0.expect("one");
        pair.1.expect("the other");
        for step in ["testSecret", "finishSecret"] {
            application.step(step, &pending).await.expect(step);
        }
        assert!(application.signs_in("AWSCURRENT").await, "on {version}");
    }
}

/// The superuser grants as another role than the one that signs in, from now on.
#[tokio::test(flavor = "multi_thread")]
async fn a_superuser_that_acts_as_another_role_rotates_by_what_the_secret_holds() {
    for version in postgres_versions() {
        let server = Postgres::start(version, PostgresOptions::default()).await;
        let application = Application::start(&server, Setup::alternating_users()).await;
        application.rotate_ok().await;
        application.rotate_ok().await;
        let (user, clone) = (application.app.user(), clone_of(&application));
        let mut acts =
            "CREATE ROLE dba CREATEROLE CREATEDB; GRANT dba TO master; ALTER ROLE master SET role = 'dba'"
                .to_owned();
        if version >= 16 {
            acts.push_str(&format!("; GRANT {user}, {clone} TO dba WITH ADMIN OPTION"));
        }
        server.execute("postgres", &acts).await;
        for _turn in 0..3 {
            application.rotate_ok().await;
            assert!(application.signs_in("AWSCURRENT").await, "on {version}");
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
        let signed_in = adapter.sign_in_superuser(&at, &user, &password).await.expect("an answer");
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

/// Whoever holds the clone's name gives its account a password that the application once had, and that has leaked.
#[tokio::test(flavor = "multi_thread")]
async fn a_former_password_of_the_base_does_not_prove_the_clone() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let application = Application::start(server, Setup::mysql_alternating_users()).await;
        let (user, leaked) = (application.app.user(), text(&application.app.credentials.password));
        let mut current = application.stored("AWSCURRENT").await.expect("a first version");
        for number in 0..3 {
            current["password"] = json!(format!("changed-by-hand-{number}"));
            application.store_current(&current).await;
            let change = format!("ALTER USER `{user}`@`%` IDENTIFIED BY 'changed-by-hand-{number}'");
            server.execute(&change).await;
        }
        let clone = format!("{user}_clone");
        server.execute(&format!("CREATE USER `{clone}`@`%` IDENTIFIED BY {leaked}")).await;
        let before = accounts(server, &[user, &clone]).await;
        let refusal = application.rotate_expect_err().await;
        assert!(refusal.contains("nothing shows that"), "{refusal}");
        assert_eq!(accounts(server, &[user, &clone]).await, before, "on {version}");
    }
}

/// "Expired" is also said of an anonymous account, which a name without one of its own at this host is signed in to.
#[tokio::test(flavor = "multi_thread")]
async fn an_anonymous_account_that_has_expired_proves_nobodys_password() {
    for version in mysql_versions() {
        let server = MySql::start(version, MySqlOptions::default()).await;
        let application = Application::start(&server, Setup::mysql_single_user()).await;
        let victim = server.create_app("victim").await.credentials;
        let made_long_ago = if version.is_mariadb() {
            "UPDATE mysql.global_priv SET Priv = JSON_SET(Priv, '$.password_last_changed', 1577836800) WHERE User = ''"
        } else {
            "UPDATE mysql.user SET password_last_changed = '2020-01-01 00:00:00' WHERE User = ''"
        };
        for statement in [
            "RENAME USER `master`@`%` TO `master`@`localhost`",
            "CREATE USER ``@`localhost` IDENTIFIED BY 'guest-password'",
            "SET GLOBAL default_password_lifetime = 90",
            made_long_ago,
            "FLUSH PRIVILEGES",
        ] {
            server.execute(statement).await;
        }
        claim(&application, &victim.user, &json!({"password": "guest-password", "dbname": null})).await;
        let before = accounts(&server, &[&victim.user]).await;
        let refusal = application.rotate_expect_err().await;
        assert!(refusal.contains("but of another account"), "{refusal}");
        assert_eq!(accounts(&server, &[&victim.user]).await, before, "on {version}");
        server.execute("DROP USER ``@`localhost`").await;
        assert!(server.signs_in(&victim, "").await, "on {version}");
    }
}

/// The server has got another name: nobody signs in to compare what it stores.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_has_moved_goes_on_rotating() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let application = Application::start(server, Setup::mysql_alternating_users()).await;
        application.rotate_ok().await;
        let mut superuser = server.secret(server.admin().await, "mysql");
        superuser["host"] = json!("127.0.0.1");
        application.store_superuser(&superuser).await;
        let mut current = application.stored("AWSCURRENT").await.expect("a current version");
        current["host"] = json!("127.0.0.1");
        application.store_current(&current).await;
        for _turn in 0..3 {
            application.rotate_ok().await;
            assert!(application.signs_in("AWSCURRENT").await, "on {version}");
        }
    }
}
