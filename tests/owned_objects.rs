//! Owned objects on PostgreSQL: those that a clone makes, and those that the clone of an earlier function still owns.

mod direct_grants;

use testbed::postgres::{name, text};
use testbed::{Application, Postgres, Setup, postgres_versions, remedy};

use crate::support::postgres::{clone_name, foreign_clone, rotate_to_clone, run_as};

/// The oldest open issue of AWS's function.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_made_as_the_clone_is_used_altered_and_dropped_by_the_base() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let application = Application::start(server, Setup::alternating_users()).await;
        let clone = rotate_to_clone(&application).await;
        run_as(&application, &clone, "CREATE SCHEMA s; CREATE TABLE s.t (a int); INSERT INTO s.t VALUES (1)")
            .await
            .expect("a table");
        // At once, not only when the next rotation reassigns it.
        let owner = "SELECT relowner::regrole FROM pg_class WHERE relname = 't' AND relkind = 'r'";
        let owner = server.values(&application.app.database, owner).await;
        assert_eq!(owner, [application.app.user()], "on {version}");
        application.rotate_ok().await;
        let base = application.credentials("AWSCURRENT").await.expect("a current version");
        assert_eq!(base.user, application.app.user());
        let used = "INSERT INTO s.t VALUES (2); ALTER TABLE s.t ADD b int; DROP TABLE s.t; DROP SCHEMA s";
        run_as(&application, &base, used).await.unwrap_or_else(|error| panic!("on {version}: {error}"));
    }
}

async fn second_database(application: &Application<'_>) -> String {
    let second = format!("{}_second", application.app.database);
    let create = format!("CREATE DATABASE {} OWNER {}", name(&second), name(application.app.user()));
    application.server.execute("postgres", &create).await;
    second
}

async fn owners(application: &Application<'_>, database: &str) -> Vec<String> {
    let sql = "SELECT DISTINCT relowner::regrole FROM pg_class WHERE relname IN ('left_behind', 'left_too')";
    application.server.values(database, sql).await
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_that_an_earlier_functions_clone_owns_in_two_databases_are_reassigned_to_the_base() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        // The next user is the clone or the base: AWSCURRENT is the other one.
        for current_is_clone in [false, true] {
            let application = Application::start(server, Setup::alternating_users()).await;
            let second = second_database(&application).await;
            let clone = foreign_clone(&application).await;
            run_as(&application, &application.app.credentials, "GRANT CREATE ON SCHEMA public TO PUBLIC")
                .await
                .ok();
            for database in [&application.app.database, &second] {
                let grant = format!("GRANT CREATE ON SCHEMA public TO {}", name(&clone.user));
                server.execute(database, &grant).await;
                let mut session = server.sign_in(&clone, database).await.expect("the clone signs in");
                let made = "CREATE TABLE public.left_behind (a int); CREATE TABLE public.left_too (a int)";
                testbed::postgres::run(&mut session, made).await.expect("tables of the clone");
                server
                    .execute(
                        database,
                        &format!("GRANT CREATE ON SCHEMA public TO {}", name(application.app.user())),
                    )
                    .await;
            }
            if current_is_clone {
                let mut secret = application.stored("AWSCURRENT").await.expect("a first version");
                secret["username"] = clone.user.clone().into();
                secret["password"] = clone.password.clone().into();
                application.store_current(&secret).await;
            }
            application.rotate_ok().await;
            for database in [&application.app.database, &second] {
                let owner = server
                    .values("postgres", &format!("SELECT {}::regrole", text(&name(application.app.user()))))
                    .await;
                assert_eq!(owners(&application, database).await, owner, "{database} on {version}");
            }
            // Done once: the next alternation makes no further sign-ins, except to prove a clone that no alternation has
            // marked yet.
            for database in [&application.app.database, &second] {
                let revoke = format!("REVOKE CREATE ON SCHEMA public FROM {}", name(&clone.user));
                server.execute(database, &revoke).await;
            }
            let log = server.log();
            application.rotate_ok().await;
            let signed_in = log.authorized(application.app.user()) + log.authorized(&clone.user);
            assert_eq!(signed_in, 2 + usize::from(current_is_clone), "on {version}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_base_without_create_is_refused_with_the_exact_grant() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let application = Application::start(server, Setup::alternating_users()).await;
        let clone = foreign_clone(&application).await;
        let database = &application.app.database;
        server.execute(database, "CREATE SCHEMA closed").await;
        server
            .execute(database, &format!("GRANT USAGE, CREATE ON SCHEMA closed TO {}", name(&clone.user)))
            .await;
        let made = "CREATE FUNCTION closed.left_behind() RETURNS int LANGUAGE sql AS 'SELECT 1'";
        run_as(&application, &clone, made).await.expect("a function");
        let refusal = application.rotate_expect_err().await;
        let grant = format!("GRANT CREATE ON SCHEMA closed TO {}", application.app.user());
        assert!(refusal.contains(&grant), "{grant} is not in: {refusal}");
        assert!(refusal.contains(&format!("in the database {database}")), "{refusal}");
        assert!(application.signs_in("AWSCURRENT").await);
        server.execute(database, &grant).await;
        application.rotate_ok().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_on_an_object_fails_the_attempt_and_promotes_no_version() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    let application = Application::start(server, Setup::alternating_users()).await;
    let clone = foreign_clone(&application).await;
    let database = &application.app.database;
    server.execute(database, "GRANT CREATE ON SCHEMA public TO PUBLIC").await;
    run_as(&application, &clone, "CREATE TABLE public.left_behind (a int)").await.expect("a table");
    let mut reader = server.sign_in(&clone, database).await.expect("the clone signs in");
    testbed::postgres::run(&mut reader, "BEGIN; SELECT * FROM public.left_behind").await.expect("a reader");
    let failure = application.rotate_expect_err().await;
    assert!(failure.contains("LockTimeout") && failure.contains("55P03"), "{failure}");
    let current = application.credentials("AWSCURRENT").await.expect("a current version");
    assert_eq!(current.user, application.app.user());
    testbed::postgres::run(&mut reader, "COMMIT").await.expect("the reader ends");
    application.rotate_ok().await;
}

/// Grants in the clone's own name, here and in another database, that the application would lose.
#[tokio::test(flavor = "multi_thread")]
async fn a_clones_own_grants_that_its_base_lacks_are_refused_before_the_turn_of_the_base() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let application = Application::start(server, Setup::alternating_users()).await;
        let (base, clone) = (application.app.user().to_owned(), clone_name(&application));
        let second = second_database(&application).await;
        rotate_to_clone(&application).await;
        for database in [&application.app.database, &second] {
            server
                .execute(
                    database,
                    "CREATE TABLE public.shared (a int, b int); CREATE TABLE public.open (a int)",
                )
                .await;
            server.execute(database, "GRANT SELECT ON public.open TO PUBLIC").await;
        }
        let own = [
            format!("GRANT SELECT ON public.open TO {clone}"),
            format!("GRANT UPDATE (a) ON TABLE public.shared TO {clone} WITH GRANT OPTION"),
        ];
        for grant in &own {
            server.execute(&application.app.database, grant).await;
        }
        server.execute(&second, &format!("GRANT DELETE ON public.shared TO {clone}")).await;

        let refusal = application.rotate_expect_err().await;
        for part in [
            format!("GRANT UPDATE (a) ON TABLE public.shared TO {base} WITH GRANT OPTION"),
            format!("REVOKE UPDATE (a) ON TABLE public.shared FROM {clone}"),
        ] {
            assert!(refusal.contains(&part), "{part} is not in: {refusal}");
        }
        assert!(!refusal.contains("public.open"), "PUBLIC has it: {refusal}");
        server
            .execute(&application.app.database, &format!("REVOKE UPDATE (a) ON public.shared FROM {clone}"))
            .await;

        let refusal = application.rotate_expect_err().await;
        assert!(refusal.contains(&format!("GRANT DELETE ON TABLE public.shared TO {base}")), "{refusal}");
        assert!(refusal.contains(&format!("in the database {second}")), "{refusal}");
        server.execute(&second, &format!("GRANT DELETE ON public.shared TO {base}")).await;
        application.rotate_ok().await;
    }
}

/// Every kind of object whose new owner needs CREATE in its schema: each in another role's schema, and in a schema of the clone that
/// was created later.
#[tokio::test(flavor = "multi_thread")]
async fn an_object_whose_new_owner_needs_create_in_its_schema_is_reassigned_after_the_exact_grant() {
    let made = [
        "CREATE FUNCTION {s}.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE COLLATION {s}.c (locale = 'C')",
        "CREATE CONVERSION {s}.v FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1",
        "CREATE OPERATOR {s}.### (FUNCTION = int4pl, LEFTARG = int4, RIGHTARG = int4)",
        "CREATE TEXT SEARCH CONFIGURATION {s}.g (COPY = pg_catalog.simple)",
        "CREATE TEXT SEARCH DICTIONARY {s}.d (TEMPLATE = pg_catalog.simple)",
        "CREATE TABLE {s}.t (a int, b int); CREATE STATISTICS {s}.x ON a, b FROM {s}.t",
    ];
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        for made in made {
            let application = Application::start(server, Setup::alternating_users()).await;
            let clone = rotate_to_clone(&application).await;
            let (base, database) = (application.app.user(), &application.app.database);
            let closed = "CREATE SCHEMA closed; GRANT USAGE ON SCHEMA closed TO PUBLIC";
            server
                .execute(database, &format!("{closed}; GRANT CREATE ON SCHEMA closed TO {}", clone.user))
                .await;
            let in_both = ["early", "closed"].map(|schema| made.replace("{s}", schema)).join("; ");
            let made = format!("SET ROLE NONE; CREATE SCHEMA early; {in_both}");
            run_as(&application, &clone, &made).await.unwrap_or_else(|error| panic!("{error}: {made}"));
            // What was made first is read first.
            let later = "ALTER SCHEMA early OWNER TO postgres; ALTER SCHEMA early OWNER TO";
            server.execute(database, &format!("{later} {}", clone.user)).await;
            server.execute(database, &format!("REVOKE CREATE ON SCHEMA closed FROM {}", clone.user)).await;
            let refusal = application.rotate_expect_err().await;
            let grants = remedy(&refusal, "the owner of the schema or database");
            assert_eq!(grants, [format!("GRANT CREATE ON SCHEMA closed TO {base}")], "{made} on {version}");
            server.execute(database, &grants.concat()).await;
            application.rotate_ok().await;
            let left = format!(
                "SELECT count(*) FROM pg_shdepend WHERE refobjid = '{}'::regrole AND deptype = 'o'",
                clone.user
            );
            assert_eq!(server.values(database, &left).await, ["0"], "{made} on {version}");
        }
    }
}

/// It is dropped with its session, and its owner cannot be changed.
#[tokio::test(flavor = "multi_thread")]
async fn a_temporary_function_of_the_clone_is_refused_with_what_ends_its_session() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let application = Application::start(server, Setup::alternating_users()).await;
        let clone = rotate_to_clone(&application).await;
        let mut session =
            server.sign_in(&clone, &application.app.database).await.expect("the clone signs in");
        let made = "SET ROLE NONE; CREATE TEMP TABLE t (a int); \
            CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'";
        testbed::postgres::run(&mut session, made).await.expect("everybody may");
        let refusal = application.rotate_expect_err().await;
        assert!(application.signs_in("AWSCURRENT").await, "on {version}");
        let ends = remedy(&refusal, &format!("the role \"{}\"", clone.user));
        run_as(&application, &clone, &ends.join("; "))
            .await
            .unwrap_or_else(|error| panic!("{error}: {ends:?}"));
        application.rotate_ok().await;
        let base = application.credentials("AWSCURRENT").await.expect("a current version");
        assert_eq!(base.user, application.app.user(), "on {version}");
    }
}
