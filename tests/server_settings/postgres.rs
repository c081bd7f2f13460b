//! On PostgreSQL: a rotation succeeds whatever settings a role, a database or ALL has, for every setting that a role may set.

use testbed::postgres::{name, text};
use testbed::{Application, Postgres, PostgresOptions, Server, Setup, postgres_versions, remedies};

use crate::support::postgres::{as_user, clone_name};

/// Values that have an effect, for settings whose least or greatest value has none or keeps every user from signing in.
const VALUES: [(&str, &str); 16] = [
    ("statement_timeout", "'2s'"),
    ("lock_timeout", "'1ms'"),
    ("idle_in_transaction_session_timeout", "'1ms'"),
    ("transaction_timeout", "'1s'"),
    ("idle_session_timeout", "'3s'"),
    ("scram_iterations", "1"),
    ("search_path", "'public', '$user', 'odd, name'"),
    ("temp_tablespaces", "'gone'"),
    ("default_tablespace", "'gone'"),
    ("createrole_self_grant", "'set, inherit'"),
    ("restrict_nonsystem_relation_kind", "'view, foreign-table'"),
    ("DateStyle", "'German, DMY'"),
    ("TimeZone", "'Asia/Kolkata'"),
    ("client_encoding", "'LATIN1'"),
    ("application_name", "'odd \"name'"),
    ("default_text_search_config", "'pg_catalog.german'"),
];

/// A role cannot carry these (they are of one transaction, of no session, or this server has nothing that they could name).
const NOT_CARRIED: [&str; 3] = ["transaction_deferrable", "transaction_isolation", "transaction_read_only"];

/// Which of a setting's values is taken: of an integer the least or the greatest, of an enumeration the first or the last.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    Low,
    High,
}

/// A setting, and a value as SQL writes it.
type Setting = (String, String);

/// Every setting that a role may set for itself, with a value that is not the server's.
async fn settings(server: &Postgres, side: Side) -> Vec<Setting> {
    let of_enums = if side == Side::Low { "1" } else { "-1" };
    let sql = format!(
        "SELECT name || E'\\t' || CASE vartype WHEN 'bool' THEN CASE setting WHEN 'on' THEN 'off' ELSE 'on' END \
         WHEN 'enum' THEN (array_remove(enumvals, setting))[CASE WHEN {of_enums} > 0 THEN 1 ELSE cardinality(enumvals) - 1 END] \
         WHEN 'string' THEN '' ELSE {} END FROM pg_settings \
         WHERE context = 'user' AND name NOT LIKE '%_preload_libraries' ORDER BY name",
        if side == Side::Low { "min_val" } else { "max_val" },
    );
    let rows = server.values("postgres", &sql).await;
    let named = |row: &String| {
        let (setting, value) = row.split_once('\t')?;
        let bites = VALUES
            .iter()
            .find(|(of, _)| of.eq_ignore_ascii_case(setting))
            .map(|(_, value)| (*value).to_owned());
        let value = bites.or_else(|| (!value.is_empty()).then(|| text(value)))?;
        (!NOT_CARRIED.contains(&setting)).then_some((setting.to_owned(), value))
    };
    rows.iter().filter_map(named).collect()
}

async fn set(server: &Postgres, whose: &str, settings: &[Setting]) {
    server.execute("postgres", &format!("{whose} RESET ALL")).await;
    let all: Vec<_> =
        settings.iter().map(|(of, value)| format!("{whose} SET {} = {value}", name(of))).collect();
    server.execute("postgres", &all.join("; ")).await;
}

/// Two rotations of each application, with any number of attempts. Returns the message of the first failure.
async fn rotates(applications: &[Application<'_>]) -> Result<(), String> {
    for application in applications {
        for _turn in 0..2 {
            let rotation = application.rotate().await;
            if !rotation.succeeded || !application.signs_in("AWSCURRENT").await {
                return Err(format!("{rotation:?}"));
            }
        }
    }
    Ok(())
}

/// All settings at once, and one by one only to find the one that failed.
#[tokio::test(flavor = "multi_thread")]
async fn every_setting_that_a_role_may_set_lets_rotations_succeed() {
    for version in postgres_versions() {
        let server = Postgres::start(version, PostgresOptions::default()).await;
        for setting in ["default_transaction_read_only = off", "statement_timeout = 0"] {
            server.execute("postgres", &format!("ALTER ROLE postgres SET {setting}")).await;
        }
        if version >= 17 {
            server.execute("postgres", "ALTER ROLE postgres SET transaction_timeout = 0").await;
        }
        for side in [Side::Low, Side::High] {
            let settings = settings(&server, side).await;
            assert!(settings.len() > 100, "{settings:?}");
            for place in ["ALTER ROLE {user}", "ALTER DATABASE {database}", "ALTER ROLE ALL"] {
                let mut applications = Vec::new();
                for setup in [Setup::single_user(), Setup::alternating_users()] {
                    applications.push(Application::start(&server, setup).await);
                }
                let mut whose = Vec::new();
                for application in &applications {
                    let place = place.replace("{user}", &name(application.app.user()));
                    whose.push(place.replace("{database}", &name(&application.app.database)));
                    set(&server, whose.last().expect("one"), &settings).await;
                }
                if let Err(failure) = rotates(&applications).await {
                    let alone = which(&server, &settings, &whose, &applications).await;
                    panic!("{place} on {version}: {alone:?}; all: {failure}");
                }
                // No setting changes the owner of what the superuser creates.
                let members = format!(
                    "SELECT count(*) FROM pg_auth_members m WHERE roleid = {}::regrole AND member = 'master'::regrole \
                     AND (to_jsonb(m) ->> 'set_option' = 'true' OR to_jsonb(m) ->> 'inherit_option' = 'true')",
                    text(&clone_name(&applications[1]))
                );
                assert_eq!(server.values("postgres", &members).await, ["0"], "{place} on {version}");
                for whose in whose {
                    set(&server, &whose, &[]).await;
                }
            }
        }
    }
}

async fn which(
    server: &Postgres,
    settings: &[Setting],
    whose: &[String],
    applications: &[Application<'_>],
) -> Vec<(Setting, String)> {
    let mut failures = Vec::new();
    for setting in settings {
        for whose in whose {
            set(server, whose, std::slice::from_ref(setting)).await;
        }
        if let Err(failure) = rotates(applications).await {
            failures.push((setting.clone(), failure));
        }
    }
    failures
}

/// Another session holds the advisory lock, for which the transaction waits.
#[tokio::test(flavor = "multi_thread")]
async fn a_timeout_of_transactions_does_not_cut_one_that_waits() {
    for version in postgres_versions().into_iter().filter(|version| *version >= 17) {
        let server = Postgres::shared(version).await;
        let application = Application::start(server, Setup::single_user()).await;
        let user = application.app.user();
        let set = format!("ALTER ROLE {user} SET transaction_timeout = '1s'");
        server.execute("postgres", &set).await;
        let mut holder =
            server.sign_in(&server.root(), &application.app.database).await.expect("root signs in");
        let lock = format!("SELECT pg_advisory_lock(hashtextextended('rotate:{user}', 0))");
        testbed::postgres::run(&mut holder, &lock).await.expect("it is free");
        application.rotate_ok().await;
        assert!(application.signs_in("AWSCURRENT").await, "on {version}");
    }
}

/// A setting that only a superuser may set: the superuser grants it, or it is removed. Runs each remedy as the role that it names.
#[tokio::test(flavor = "multi_thread")]
async fn a_setting_that_this_superuser_may_not_give_is_refused_with_what_helps() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let mut number = 0;
        loop {
            let application = Application::start(server, Setup::alternating_users()).await;
            let (user, database) = (application.app.user(), name(&application.app.database));
            let set = format!("ALTER ROLE {user} IN DATABASE {database} SET log_min_messages = 'error'");
            server.execute("postgres", &set).await;
            let refusal = application.rotate_expect_err().await;
            let all = remedies(&refusal);
            assert_eq!(all.len(), if version >= 15 { 2 } else { 1 }, "{refusal}");
            assert!(application.signs_in("AWSCURRENT").await);
            // Both are root's here: it has set it, and has SUPERUSER.
            server.execute("postgres", &all[number].statements.join("; ")).await;
            application.rotate_ok().await;
            if version >= 15 {
                server.execute("postgres", "REVOKE ALL ON PARAMETER log_min_messages FROM master").await;
            }
            number += 1;
            if number == all.len() {
                break;
            }
        }
    }
}

/// A tablespace that is closed to the superuser. Each remedy, as the role that it names.
#[tokio::test(flavor = "multi_thread")]
async fn a_temporary_tablespace_that_is_closed_to_the_superuser_is_refused_with_what_helps() {
    for version in postgres_versions() {
        let server = Postgres::start(version, PostgresOptions::default()).await;
        for number in [1, 0] {
            let application = Application::start(&server, Setup::alternating_users()).await;
            let user = application.app.user();
            let set = format!("ALTER ROLE {user} SET temp_tablespaces = 'pg_global'");
            server.execute("postgres", &set).await;
            let refusal = application.rotate_expect_err().await;
            let remedy = &remedies(&refusal)[number];
            let who = if number == 0 { server.root() } else { application.app.credentials.clone() };
            assert!(remedy.who.trim_matches('"').ends_with(&who.user), "{refusal}");
            as_user(&server, &who, &remedy.statements.join("; ")).await;
            for _turn in 0..2 {
                application.rotate_ok().await;
            }
        }
    }
}

/// The base's own sessions pass over it.
#[tokio::test(flavor = "multi_thread")]
async fn a_base_whose_temporary_tablespace_is_gone_rotates() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let application = Application::start(server, Setup::alternating_users()).await;
        let (user, clone) = (application.app.user(), clone_name(&application));
        let set = format!("ALTER ROLE {user} SET temp_tablespaces = 'gone', 'pg_default', 'Odd \", name'");
        server.execute("postgres", &set).await;
        for _turn in 0..2 {
            application.rotate_ok().await;
        }
        let stored = |of: &str| {
            format!(
                "SELECT c FROM pg_db_role_setting, unnest(setconfig) c WHERE setrole = {}::regrole AND c LIKE 'temp%'",
                text(of)
            )
        };
        let bases = server.values("postgres", &stored(user)).await;
        assert_eq!(server.values("postgres", &stored(&clone)).await, bases, "on {version}");
    }
}

/// testSecret ignores a setting that PostgreSQL ignores at sign-in.
#[tokio::test(flavor = "multi_thread")]
async fn a_role_setting_that_the_user_may_not_take_does_not_stop_a_rotation() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        for setup in server.setups() {
            let application = Application::start(server, setup).await;
            let stranger = format!("{}_stranger", application.app.user());
            server.execute("postgres", &format!("CREATE ROLE {stranger}")).await;
            let database = testbed::postgres::name(&application.app.database);
            server.execute("postgres", &format!("ALTER DATABASE {database} SET role = '{stranger}'")).await;
            for _turn in 0..2 {
                application.rotate_ok().await;
            }
        }
    }
}

/// `BEGIN READ WRITE` is explicit for the user itself, for the superuser, and where owned objects are reassigned.
#[tokio::test(flavor = "multi_thread")]
async fn users_whose_transactions_are_read_only_by_default_rotate() {
    for version in postgres_versions() {
        let server = Postgres::start(version, PostgresOptions::default()).await;
        let single = Application::start(&server, Setup::single_user()).await;
        let alternating = Application::start(&server, Setup::alternating_users()).await;
        server.execute("postgres", "ALTER ROLE ALL SET default_transaction_read_only = on").await;
        for _turn in 0..2 {
            single.rotate_ok().await;
            alternating.rotate_ok().await;
        }
    }
}
