//! Alternating users on PostgreSQL: the base decides what the clone may do, and owns what the clone creates.

use testbed::postgres::{name, text};
use testbed::{App, Application, Postgres, Setup, postgres_versions, remedy};

use crate::support::postgres::{clone_name, rotate_to_clone, run_as};

/// Everything that membership does not carry, including settings that are lists.
#[tokio::test(flavor = "multi_thread")]
async fn the_clone_has_the_limits_and_settings_of_its_base_and_loses_what_the_base_lost() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let application = Application::start(server, Setup::alternating_users()).await;
        let (base, clone) = (application.app.user().to_owned(), clone_name(&application));
        let database = name(&application.app.database);
        for change in [
            format!("ALTER ROLE {base} CONNECTION LIMIT 7 VALID UNTIL '2099-01-02 03:04:05+00'"),
            format!("ALTER ROLE {base} SET search_path = s1, \"$user\", \"odd, name\""),
            format!("ALTER ROLE {base} SET work_mem = '5MB'"),
            format!("ALTER ROLE {base} SET \"DateStyle\" = 'ISO, DMY'"),
            format!("ALTER ROLE {base} IN DATABASE {database} SET search_path = ''"),
            format!("ALTER ROLE {base} IN DATABASE {database} SET statement_timeout = '100ms'"),
            format!("ALTER ROLE {base} SET default_transaction_read_only = on"),
        ] {
            server.execute("postgres", &change).await;
        }
        let current = rotate_to_clone(&application).await;
        same_settings(&application, &base, &clone).await;
        let path = run_as(&application, &current, "SHOW search_path").await.expect("a setting");
        assert_eq!(path, ["\"\""], "on {version}");
        application.rotate_ok().await;

        for change in [
            format!("ALTER ROLE {base} CONNECTION LIMIT -1 VALID UNTIL 'infinity'"),
            format!("ALTER ROLE {base} IN DATABASE {database} RESET ALL"),
            format!("ALTER ROLE {base} RESET work_mem"),
            format!("ALTER ROLE {base} SET search_path = s2"),
            // Drift of the clone itself.
            format!("ALTER ROLE {clone} SET jit = off"),
            format!("ALTER ROLE {clone} RESET role"),
            format!("ALTER ROLE {clone} CONNECTION LIMIT 3"),
        ] {
            server.execute("postgres", &change).await;
        }
        rotate_to_clone(&application).await;
        same_settings(&application, &base, &clone).await;
    }
}

async fn same_settings(application: &Application<'_>, base: &str, clone: &str) {
    let of = async |user: &str| {
        let sql = format!(
            "SELECT rolconnlimit || ' ' || coalesce(rolvaliduntil, 'infinity') || ' ' || coalesce( \
             (SELECT string_agg(s.setdatabase || ':' || c, ';' ORDER BY s.setdatabase, c) \
              FROM pg_db_role_setting s, unnest(s.setconfig) c WHERE s.setrole = r.oid AND c NOT LIKE 'role=%'), '') \
             FROM pg_roles r WHERE rolname = {}",
            text(user)
        );
        application.server.values("postgres", &sql).await
    };
    assert_eq!(of(clone).await, of(base).await);
    let acts_as = format!(
        "SELECT c FROM pg_db_role_setting s, unnest(s.setconfig) c WHERE s.setrole = {}::regrole AND c LIKE 'role=%'",
        text(clone)
    );
    assert_eq!(application.server.values("postgres", &acts_as).await, [format!("role={base}")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_base_with_a_role_of_its_own_shares_it_with_its_clone() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let application = Application::start(server, Setup::alternating_users()).await;
        let base = application.app.user();
        let owner = format!("{base}_owner");
        for change in [
            format!("CREATE ROLE {owner} NOLOGIN"),
            format!("GRANT {owner} TO {base}"),
            format!("ALTER ROLE {base} SET role = '{owner}'"),
        ] {
            server.execute("postgres", &change).await;
        }
        let clone = rotate_to_clone(&application).await;
        let acts_as = run_as(&application, &clone, "SELECT current_user").await.expect("a query");
        assert_eq!(acts_as, [owner]);
        application.rotate_ok().await;
    }
}

/// `ALTER DATABASE ... SET role` would lose to the clone's own setting.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_gives_everybody_a_role_gives_it_to_the_clone_as_well() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let application = Application::start(server, Setup::alternating_users()).await;
        let base = application.app.user();
        let (owner, database) = (format!("{base}_owner"), name(&application.app.database));
        let given = format!(
            "CREATE ROLE {owner} NOLOGIN; GRANT {owner} TO {base}; ALTER DATABASE {database} SET role = '{owner}'"
        );
        for statement in given.split("; ") {
            server.execute("postgres", statement).await;
        }
        let clone = rotate_to_clone(&application).await;
        let acts_as = run_as(&application, &clone, "SELECT current_user").await.expect("a query");
        assert_eq!(acts_as, [owner], "on {version}");
        application.rotate_ok().await;
        server.execute("postgres", &format!("ALTER DATABASE {database} RESET role")).await;
        let clone = rotate_to_clone(&application).await;
        let acts_as = run_as(&application, &clone, "SELECT current_user").await.expect("a query");
        assert_eq!(acts_as, [base], "on {version}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_that_holds_more_than_its_base_is_refused_with_both_statements() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        for turns_to_base in [false, true] {
            let application = Application::start(server, Setup::alternating_users()).await;
            let (base, clone) = (application.app.user().to_owned(), clone_name(&application));
            rotate_to_clone(&application).await;
            if !turns_to_base {
                application.rotate_ok().await;
            }
            server
                .execute("postgres", &format!("GRANT pg_monitor TO {clone}; ALTER ROLE {clone} CREATEDB"))
                .await;
            let refusal = application.rotate_expect_err().await;
            for part in [
                format!("GRANT \"pg_monitor\" TO \"{base}\""),
                format!("REVOKE \"pg_monitor\" FROM \"{clone}\""),
                format!("ALTER ROLE \"{base}\" CREATEDB"),
                format!("ALTER ROLE \"{clone}\" NOCREATEDB"),
            ] {
                assert!(refusal.contains(&part), "{part} is not in: {refusal}");
            }
            assert!(application.signs_in("AWSCURRENT").await);
            server
                .execute("postgres", &format!("GRANT pg_monitor TO {base}; ALTER ROLE {base} CREATEDB"))
                .await;
            application.rotate_ok().await;
        }
    }
}

/// From PostgreSQL 16 on, CREATEROLE is not enough for a user that somebody else created.
#[tokio::test(flavor = "multi_thread")]
async fn a_superuser_without_admin_option_is_refused_with_the_exact_grant() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let app = App::created_by_root(server, "app").await;
        let application = Application::with(server, app, Setup::alternating_users()).await;
        if version < 16 {
            application.rotate_ok().await;
            continue;
        }
        let refusal = application.rotate_expect_err().await;
        let [grant] = &remedy(&refusal, "a role with that option")[..] else {
            panic!("one statement: {refusal}")
        };
        let clones =
            format!("SELECT count(*) FROM pg_roles WHERE rolname = {}", text(&clone_name(&application)));
        assert_eq!(server.values("postgres", &clones).await, ["0"], "something was created");
        server.execute("postgres", grant).await;
        application.rotate_ok().await;
        // It gives the superuser none of the application's own rights.
        let rights = format!("SELECT pg_has_role('master', {}, 'USAGE')", text(application.app.user()));
        assert_eq!(server.values("postgres", &rights).await, ["f"]);
    }
}

/// testSecret verifies what setSecret did by queries of its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_clone_that_drifts_between_set_and_test_is_not_promoted_and_the_difference_is_named() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let (mut broken, mut names) = (Vec::new(), Vec::new());
        for (drift, said) in [
            ("ALTER ROLE {clone} SET work_mem = '9MB'", "the setting work_mem differs"),
            ("ALTER ROLE {base} SET jit = off", "the setting jit differs"),
            ("ALTER ROLE {clone} CONNECTION LIMIT 3", "CONNECTION LIMIT differs"),
            ("ALTER ROLE {base} VALID UNTIL '2099-01-01'", "VALID UNTIL differs"),
            ("ALTER ROLE {clone} RESET role", "the setting role differs"),
            ("REVOKE {base} FROM {clone}", "is no member of"),
        ] {
            broken.push(drift);
            names.push(said);
        }
        for (drift, said) in broken.into_iter().zip(names) {
            let application = Application::start(server, Setup::alternating_users()).await;
            let pending = application.begin().await;
            for step in ["createSecret", "setSecret"] {
                application.step(step, &pending).await.expect(step);
            }
            let (base, clone) = (application.app.user(), clone_name(&application));
            let statement = drift.replace("{base}", base).replace("{clone}", &clone);
            // As the grantor: from PostgreSQL 16 on nobody else may revoke.
            let admin = server.admin().await;
            let mut session = server.sign_in(admin, "postgres").await.expect("the superuser signs in");
            testbed::postgres::run(&mut session, &statement)
                .await
                .unwrap_or_else(|error| panic!("{statement}: {error}"));
            let failure = application.step("testSecret", &pending).await.expect_err(drift);
            assert_eq!(failure.error_type, "PrivilegesDiffer", "{failure:?}");
            assert!(failure.error_message.contains(said), "{said} is not in: {failure:?} on {version}");
            // Also where the membership was revoked: AWSPENDING signs in, which shows whose account it is.
            for step in ["setSecret", "testSecret", "finishSecret"] {
                application
                    .step(step, &pending)
                    .await
                    .unwrap_or_else(|error| panic!("{drift}, {step}: {error:?}"));
            }
        }
    }
}
