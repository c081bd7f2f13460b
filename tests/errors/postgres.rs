//! Errors of PostgreSQL: each names the real cause, and its printed remedy works.

use serde_json::json;
use testbed::stub_server::{Opening, message};
use testbed::{Application, Postgres, PostgresOptions, Server, Setup, StubServer, postgres_versions, remedy};

use crate::support::postgres::{as_user, clone_name, rotate_to_clone};
use crate::support::says;

/// An expired password is rejected like a wrong one.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_a_base_and_a_superuser_that_have_expired_are_explained() {
    for version in postgres_versions() {
        let server = Postgres::start(version, PostgresOptions::default()).await;
        let expire = |user: &str| format!("ALTER ROLE {user} VALID UNTIL '2020-01-01'");
        for setup in server.setups() {
            let application = Application::start(&server, setup).await;
            server.execute("postgres", &expire(application.app.user())).await;
            let refusal = application.rotate_expect_err().await;
            assert!(refusal.contains("VALID UNTIL"), "{refusal}");
            server.execute("postgres", &remedy(&refusal, "an administrator").join("; ")).await;
            application.rotate_ok().await;
            assert!(application.signs_in("AWSCURRENT").await, "on {version}");
        }
        let application = Application::start(&server, Setup::alternating_users()).await;
        rotate_to_clone(&application).await;
        server.execute("postgres", &expire(application.app.user())).await;
        let refusal = application.rotate_expect_err().await;
        assert!(
            refusal.contains("is valid until 2020-01-01") && refusal.contains("is in the past"),
            "{refusal}"
        );
        as_user(&server, server.admin().await, &remedy(&refusal, "an administrator").join("; ")).await;
        application.rotate_ok().await;

        server.execute("postgres", &expire("master")).await;
        says(&application.rotate_expect_err().await, "SignInRefused", &["superuser master", "VALID UNTIL"]);
        assert!(application.signs_in("AWSCURRENT").await, "on {version}");
    }
}

/// As after a restore to a time before it was made.
#[tokio::test(flavor = "multi_thread")]
async fn a_clone_that_was_dropped_while_it_is_current_is_explained() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let application = Application::start(server, Setup::alternating_users()).await;
        let current = rotate_to_clone(&application).await;
        server.execute("postgres", &format!("DROP ROLE {}", clone_name(&application))).await;
        let refusal = application.rotate_expect_err().await;
        let made = refusal.split_once("first run ").and_then(|(_, rest)| rest.split_once(')'));
        let made = made.unwrap_or_else(|| panic!("nothing to run in: {refusal}")).0;
        as_user(server, server.admin().await, made).await;
        // What psql's \password does.
        server.set_password(&current).await;
        for _turn in 0..2 {
            application.rotate_ok().await;
            assert!(application.signs_in("AWSCURRENT").await, "on {version}");
        }
    }
}

/// That does not end by itself, as other errors of this SQLSTATE do.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_accepts_no_connections_is_opened_by_what_is_printed() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        for setup in server.setups() {
            let application = Application::start(server, setup).await;
            let database = testbed::postgres::name(&application.app.database);
            server.execute("postgres", &format!("ALTER DATABASE {database} ALLOW_CONNECTIONS false")).await;
            let refusal = application.rotate_expect_err().await;
            says(&refusal, "Refused", &["55000", "has ALLOW_CONNECTIONS false", "\"dbname\""]);
            let open = remedy(&refusal, "the owner of that database");
            as_user(server, &server.root(), &open.join("; ")).await;
            application.rotate_ok().await;
            assert!(application.signs_in("AWSCURRENT").await, "on {version}");
        }
    }
}

/// RDS keeps members of these roles from passwords: to give them to the base as well would end both users' passwords.
#[tokio::test(flavor = "multi_thread")]
async fn a_clone_in_rds_iam_and_a_user_in_it_are_explained() {
    for version in postgres_versions() {
        let pg_hba = ["hostssl all +rds_iam 127.0.0.1/32 ident"];
        let options = PostgresOptions { pg_hba: &pg_hba, ..PostgresOptions::default() };
        let server = Postgres::start(version, options).await;
        let single = Application::start(&server, Setup::single_user()).await;
        let alternating = Application::start(&server, Setup::alternating_users()).await;
        rotate_to_clone(&alternating).await;
        alternating.rotate_ok().await;
        let grants = format!(
            "CREATE ROLE rds_iam; GRANT rds_iam TO {}; GRANT rds_iam TO {}",
            single.app.user(),
            clone_name(&alternating)
        );
        server.execute("postgres", &grants).await;
        says(&single.rotate_expect_err().await, "SignInMethod", &["28000", "no membership in rds_iam"]);
        let refusal = alternating.rotate_expect_err().await;
        assert!(!refusal.contains("GRANT \""), "{refusal}");
        // From 16 on the creator of a role is a member of it, with the admin option, and so of rds_iam as well.
        server.execute("postgres", &format!("REVOKE rds_iam FROM {}", single.app.user())).await;
        server.execute("postgres", &remedy(&refusal, "an administrator").join("; ")).await;
        alternating.rotate_ok().await;
        assert!(alternating.signs_in("AWSCURRENT").await, "on {version}");
    }
}

/// Kerberos (a member of `rds_ad`), and what 18 may ask for.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_asks_for_something_other_than_a_password_is_explained() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    let scripts = [
        (message(b'R', &7_u32.to_be_bytes()), "Kerberos"),
        (message(b'R', b"\0\0\0\x0aOAUTHBEARER\0\0"), "OAUTHBEARER"),
    ];
    for (script, said) in scripts {
        let respond = move |number: usize, _: &[u8]| if number == 0 { script.clone() } else { Vec::new() };
        let stub = StubServer::start(Opening::Postgres, respond).await;
        let setup = Setup { fields: json!({"port": stub.port()}), ..Setup::single_user() };
        let application = Application::start(server, setup).await;
        says(&application.rotate_expect_err().await, "SignInMethod", &[said, "scram-sha-256", "rds_iam"]);
        assert!(!stub.received(&application.app.credentials.password), "the password was sent");
    }
}

/// 13 says "SSL off", later ones "no encryption".
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_demands_tls_of_a_secret_that_forbids_it_is_explained() {
    for version in postgres_versions() {
        let pg_hba = ["hostnossl all all 127.0.0.1/32 reject"];
        let options = PostgresOptions { pg_hba: &pg_hba, ..PostgresOptions::default() };
        let server = Postgres::start(version, options).await;
        let setup = Setup { fields: json!({"ssl": false}), ..Setup::single_user() };
        let application = Application::start(&server, setup).await;
        says(&application.rotate_expect_err().await, "TlsRequired", &["28000", "remove \"ssl\": false"]);
    }
}

/// A password hook, a function or a trigger picks the code.
#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_fails_with_the_code_of_a_rejected_sign_in_is_not_one() {
    let error = message(b'E', b"SERROR\0C28000\0Mnot today\0\0");
    let signed_in = [message(b'R', &[0; 4]), message(b'Z', b"I")].concat();
    let script = [message(b'R', b"\0\0\0\x05salt"), signed_in, error];
    let stub = StubServer::start(Opening::Postgres, move |number: usize, _: &[u8]| {
        script.get(number).cloned().unwrap_or_default()
    })
    .await;
    let server = Postgres::shared(postgres_versions()[0]).await;
    let setup = Setup { fields: json!({"port": stub.port()}), ..Setup::single_user() };
    let application = Application::start(server, setup).await;
    says(&application.rotate_expect_err().await, "QueryFailed", &["28000: not today"]);
}

/// From 17 on a database may have a trigger on logins.
#[tokio::test(flavor = "multi_thread")]
async fn a_login_trigger_that_rejects_every_session_is_explained() {
    for version in postgres_versions().into_iter().filter(|version| *version >= 17) {
        let server = Postgres::shared(version).await;
        let application = Application::start(server, Setup::single_user()).await;
        let trigger = format!(
            "CREATE FUNCTION public.no() RETURNS event_trigger LANGUAGE plpgsql AS \
             $$ BEGIN IF session_user = '{}' THEN RAISE 'not today'; END IF; END $$; \
             CREATE EVENT TRIGGER no ON login EXECUTE FUNCTION public.no()",
            application.app.user()
        );
        server.execute(&application.app.database, &trigger).await;
        let refusal = application.rotate_expect_err().await;
        for part in ["P0001: not today", "login event trigger", "DISABLE"] {
            assert!(refusal.contains(part), "{part} is not in: {refusal}");
        }
        server.execute(&application.app.database, "ALTER EVENT TRIGGER no DISABLE").await;
        application.rotate_ok().await;
    }
}
