//! On PostgreSQL.

use std::net::Ipv4Addr;

use testbed::{Application, Credentials, Postgres, PostgresOptions, Setup, postgres_versions};

use super::{
    Expected, Since, a_refusal_ends_when_the_sessions_do, exactly_the_three_that_never_refresh_are_named,
    wait_for,
};

/// Lets clients come from every address of this host.
async fn start(version: u16) -> Postgres {
    let pg_hba = ["host all all 127.0.0.0/8 scram-sha-256"];
    Postgres::start(version, PostgresOptions { pg_hba: &pg_hba, ..PostgresOptions::default() }).await
}

fn setups() -> [Setup<'static>; 2] {
    [Setup::alternating_users(), Setup::alternating_users().without_superuser()]
}

async fn count(server: &Postgres, user: &str, expected: usize) {
    let query =
        format!("SELECT count(*) FROM pg_stat_activity WHERE usename = {}", testbed::postgres::text(user));
    wait_for(expected, async || server.values("postgres", &query).await.concat()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_clients_exactly_the_three_that_never_refresh_are_named() {
    for version in postgres_versions() {
        let server = start(version).await;
        // As a member of rds_superuser on RDS.
        server.admin().await;
        server.execute("postgres", "GRANT pg_read_all_stats TO master").await;
        for (setup, turns) in setups().into_iter().zip([2, 1]) {
            let application = Application::start(&server, setup).await;
            let database = &application.app.database;
            let sign_in = async |address: Ipv4Addr, name: &str, as_user: &Credentials| {
                server.sign_in_from(address, name, as_user, database).await.expect("it signs in")
            };
            let count = async |user: &str, expected| count(&server, user, expected).await;
            let expected = Expected { turns, shows_names: true };
            exactly_the_three_that_never_refresh_are_named(&application, sign_in, count, expected).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_is_set_to_refuse_goes_on_when_the_sessions_have_ended() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        for setup in setups() {
            let sign_in = async |as_user: &Credentials, database: &str| {
                server.sign_in(as_user, database).await.expect("it signs in")
            };
            let count = async |user: &str, expected| count(server, user, expected).await;
            a_refusal_ends_when_the_sessions_do(server, setup, sign_in, count).await;
        }
    }
}

/// Every role sees that a session is there and what its application calls itself. The base's addresses and times show to the
/// clone, which is its member; the clone's do not show to a superuser of fewer rights than RDS's.
#[tokio::test(flavor = "multi_thread")]
async fn a_superuser_without_pg_read_all_stats_sees_how_many_sessions_there_are_and_their_names() {
    for version in postgres_versions() {
        let server = start(version).await;
        let application = Application::start(&server, Setup::alternating_users()).await;
        application.rotate_ok().await;
        for (user, shown) in [
            ("_clone", "1 session: 1 from an address that the server does not show (\"reports\"); they"),
            ("", "1 session: 1 from 127.0.0.7 (\"reports\", since 20"),
        ] {
            let old = application.credentials("AWSCURRENT").await.expect("a current version");
            assert_eq!(old.user, format!("{}{user}", application.app.user()));
            let address = Ipv4Addr::new(127, 0, 0, 7);
            let session = server.sign_in_from(address, "reports", &old, &application.app.database).await;
            application.rotate_ok().await;
            let before = Since::now(&application);
            application.rotate_ok().await;
            assert_eq!(before.metric(), [1.0]);
            let said = before.said("this rotation changes its password");
            assert!(said.len() == 1 && said[0].contains(shown), "{said:?}");
            drop(session);
            count(&server, &old.user, 0).await;
            application.rotate_ok().await;
        }
    }
}

/// Where nobody may read the view, the rotation goes on, and no number is written. A function that is set to refuse does.
#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_cannot_be_seen_stop_only_a_function_that_is_set_to_refuse() {
    for version in postgres_versions() {
        let server = start(version).await;
        for setup in setups() {
            let refusing = vec![("REFUSE_WHILE_IDLE_USER_HAS_SESSIONS", "true")];
            let refusing =
                Application::start(&server, Setup { environment: refusing, ..setup.clone() }).await;
            let application = Application::start(&server, setup).await;
            for database in ["postgres", &application.app.database, &refusing.app.database] {
                server.execute(database, "REVOKE SELECT ON pg_stat_activity FROM PUBLIC").await;
            }
            for _turn in 0..2 {
                let before = Since::now(&application);
                application.rotate_ok().await;
                assert_eq!(before.metric(), Vec::<f64>::new());
                let said = before.said("cannot see who has open sessions as ");
                assert!(said.len() == 1 && said[0].contains("42501"), "{said:?}");
            }
            let error = refusing.rotate_expect_err().await;
            assert!(
                error.starts_with("SetSecret MissingPrivilege: cannot see who has open sessions as "),
                "{error}"
            );
            for database in ["postgres", &refusing.app.database] {
                server.execute(database, "GRANT SELECT ON pg_stat_activity TO PUBLIC").await;
            }
            refusing.rotate_ok().await;
        }
    }
}

/// A server that does not come to an end with the view.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_view_of_the_sessions_is_given_up_and_the_rotation_goes_on() {
    for version in postgres_versions() {
        let server = start(version).await;
        for setup in setups() {
            let application = Application::start(&server, setup).await;
            application.rotate_ok().await;
            // Of both users: with no session to show the view would not wait.
            let mut sessions = Vec::new();
            for _turn in 0..2 {
                let current = application.credentials("AWSCURRENT").await.expect("a current version");
                let session = server.sign_in(&current, &application.app.database).await;
                sessions.push(session.expect("it signs in"));
                application.rotate_ok().await;
            }
            let slow = "SET allow_system_table_mods = on; DO $$ BEGIN EXECUTE format( \
                'CREATE OR REPLACE VIEW pg_catalog.pg_stat_activity AS SELECT v.* FROM (%s) v, pg_sleep(60)', \
                rtrim(pg_get_viewdef('pg_catalog.pg_stat_activity'::regclass), ';')); END $$";
            for database in ["postgres", &application.app.database] {
                server.execute(database, slow).await;
            }
            for _turn in 0..2 {
                let before = Since::now(&application);
                application.rotate_ok().await;
                assert_eq!(before.metric(), Vec::<f64>::new());
                let said = before.said("cannot see who has open sessions as ");
                assert!(said.len() == 1 && said[0].contains("57014"), "{said:?}");
            }
        }
    }
}

/// `RotateImmediately=false`: days before, and without a further call or sign-in.
#[tokio::test(flavor = "multi_thread")]
async fn a_test_without_rotating_names_the_clients_that_the_next_rotation_would_cut_off() {
    for version in postgres_versions() {
        let server = start(version).await;
        for setup in setups() {
            let application = Application::start(&server, setup).await;
            application.rotate_ok().await;
            let old = application.credentials("AWSCURRENT").await.expect("a current version");
            let address = Ipv4Addr::new(127, 0, 0, 7);
            let database = &application.app.database;
            let session = server.sign_in_from(address, "reports", &old, database).await.expect("it signs in");
            let before = Since::now(&application);
            application.rotate_ok().await;
            let new = application.credentials("AWSCURRENT").await.expect("a current version");
            let refreshed = server.sign_in_from(address, "web", &new, database).await.expect("it signs in");
            assert_eq!(before.metric(), [0.0]);
            application.local.clear_calls();
            let (before, log) = (Since::now(&application), server.log());
            application.probe().await;
            assert_eq!(before.metric(), [1.0]);
            let said = before
                .said("has open sessions, and the next rotation changes its password: 1 session: 1 from ");
            assert!(said.len() == 1 && said[0].contains(&format!("{} has open", old.user)), "{said:?}");
            assert!(said[0].contains("(\"reports\"") && !said[0].contains("\"web\""), "{said:?}");
            assert_eq!(log.sign_ins().0, 1);
            drop((session, refreshed));
            count(&server, &old.user, 0).await;
            application.rotate_ok().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_setting_is_refused_by_the_functions_of_other_strategies_and_where_it_is_no_boolean() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    let name = "REFUSE_WHILE_IDLE_USER_HAS_SESSIONS";
    for (setup, value, said) in [
        (Setup::single_user(), "true", Some("is for alternating users only")),
        (Setup::single_user(), "no", None),
        (Setup::alternating_users(), "on", Some("must be true or false")),
        (Setup::alternating_users(), "", None),
        (Setup::alternating_users(), "Y", None),
    ] {
        let application =
            Application::start(server, Setup { environment: vec![(name, value)], ..setup }).await;
        match said {
            None => application.rotate_ok().await,
            Some(said) => {
                application.rotate_expect_err().await;
                let output = application.output();
                assert!(
                    output.contains(&format!("the function's environment is wrong: {name} {said}")),
                    "{output}"
                );
            }
        }
    }
}

/// The server itself acts as the owner of a subscription: no client, and by no password. (On 13 none was seen within 10 s.)
#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_is_no_client() {
    for version in postgres_versions().into_iter().filter(|version| *version >= 16) {
        let settings = [("wal_level", "logical")];
        let server =
            Postgres::start(version, PostgresOptions { settings: &settings, ..PostgresOptions::default() })
                .await;
        let application = Application::start(&server, Setup::alternating_users()).await;
        application.rotate_ok().await;
        let (base, root) = (application.app.user(), server.root());
        server.execute("postgres", "CREATE PUBLICATION everything FOR ALL TABLES").await;
        server.execute("postgres", "SELECT pg_create_logical_replication_slot('slot', 'pgoutput')").await;
        let publisher = format!(
            "host=localhost port={} user={} password={} dbname=postgres sslmode=require",
            server.port(),
            root.user,
            root.password
        );
        let subscribe = format!(
            "CREATE SUBSCRIPTION subscription CONNECTION {} PUBLICATION everything \
             WITH (create_slot = false, slot_name = 'slot')",
            testbed::postgres::text(&publisher)
        );
        let own = format!("ALTER SUBSCRIPTION subscription OWNER TO {base}");
        for statement in [
            subscribe.as_str(),
            &format!("ALTER ROLE {base} SUPERUSER"),
            &own,
            &format!("ALTER ROLE {base} NOSUPERUSER"),
        ] {
            server.execute(&application.app.database, statement).await;
        }
        count(&server, base, 1).await;
        let before = Since::now(&application);
        application.rotate_ok().await;
        assert_eq!(before.metric(), [0.0], "{:?}", before.said("open sessions"));
    }
}
