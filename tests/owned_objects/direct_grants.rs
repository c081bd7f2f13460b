//! What the clone owns or was granted directly, on PostgreSQL. Owned objects are reassigned to the base, with their grants. A
//! direct grant stops the base's turn only if its grantor can decide what the application may do.

use testbed::postgres::{name, text};
use testbed::{App, Application, Credentials, Postgres, Setup, postgres_versions, remedies};

use crate::support::postgres::{as_user, clone_name, foreign_clone, role, rotate_to_clone, run_as};

/// Runs one of the alternatives of a refusal, as the role that it names.
async fn run_remedy(application: &Application<'_>, refusal: &str, number: usize, who: &Credentials) {
    let remedy = &remedies(refusal)[number];
    let named = format!("the role \"{}\"", who.user);
    assert_eq!(remedy.who, named, "{refusal}");
    run_as(application, who, &remedy.statements.join("; ")).await.unwrap_or_else(|error| {
        panic!("{error}: {:?}", remedy.statements);
    });
}

/// Any GRANT on an object makes an ACL, which also lists its owner.
#[tokio::test(flavor = "multi_thread")]
async fn objects_of_the_clone_are_reassigned_to_the_base_with_the_grants_of_others_on_them() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let application = Application::start(server, Setup::alternating_users()).await;
        let clone = foreign_clone(&application).await;
        let (base, database) = (application.app.user(), &application.app.database);
        let third = role(server, &format!("third_{base}"), "").await;
        server.execute(database, "CREATE SCHEMA open; GRANT USAGE, CREATE ON SCHEMA open TO PUBLIC").await;
        application.rotate_ok().await;
        let clone = application.credentials("AWSCURRENT").await.filter(|now| now.user == clone.user);
        let made = format!(
            "SET ROLE NONE; CREATE SCHEMA own; CREATE TABLE own.t (a int); CREATE SEQUENCE own.s; CREATE TABLE open.t (a int); \
             CREATE VIEW own.v AS SELECT a FROM own.t; CREATE TYPE own.y AS ENUM ('a'); \
             CREATE FUNCTION own.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT lo_create(4711); \
             CREATE FUNCTION own.g() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE SCHEMA later; ALTER FUNCTION own.g() SET SCHEMA later; \
             GRANT USAGE ON SCHEMA own TO {third}; GRANT SELECT ON own.t, own.v, open.t TO {third}; GRANT UPDATE (a) ON own.t TO {third}; \
             GRANT USAGE ON SEQUENCE own.s TO {third}; GRANT USAGE ON TYPE own.y TO {third}; GRANT EXECUTE ON FUNCTION own.f() TO {third}; \
             GRANT SELECT ON LARGE OBJECT 4711 TO {third}; \
             ALTER DEFAULT PRIVILEGES IN SCHEMA own GRANT SELECT ON TABLES TO {third}; \
             CREATE POLICY p ON own.t TO {clone} USING (true)",
            third = third.user,
            clone = clone_name(&application),
        );
        run_as(&application, &clone.expect("the clone's turn"), &made).await.expect("objects of the clone");
        application.rotate_ok().await;
        assert_eq!(application.credentials("AWSCURRENT").await.expect("a version").user, base);
        let owned = format!(
            "SELECT count(*) FROM pg_shdepend WHERE refobjid = {}::regrole AND deptype = 'o' \
             AND classid <> 'pg_default_acl'::regclass",
            text(&clone_name(&application))
        );
        assert_eq!(server.values(database, &owned).await, ["0"], "on {version}");
        let read =
            "SELECT a FROM own.t UNION SELECT a FROM own.v UNION SELECT a FROM open.t UNION SELECT own.f()";
        let read = run_as(&application, &third, read).await;
        assert_eq!(read.expect("the third role still may"), ["1"], "on {version}");
    }
}

/// A grant by any other user, in the application's database or in one of their own, stops no rotation; the log names what is lost.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_stranger_grants_to_the_clone_does_not_stop_the_turn_of_the_base() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let application = Application::start(server, Setup::alternating_users()).await;
        let (clone, own) = (clone_name(&application), format!("own_{}", application.app.database));
        let stranger = role(server, &format!("stranger_{}", application.app.user()), "").await;
        server.execute("postgres", &format!("CREATE DATABASE {own} OWNER {}", stranger.user)).await;
        rotate_to_clone(&application).await;
        let object =
            run_as(&application, &stranger, "SELECT lo_create(0)").await.expect("anybody may").concat();
        let here = format!("GRANT SELECT ON LARGE OBJECT {object} TO {clone} WITH GRANT OPTION");
        run_as(&application, &stranger, &here).await.expect("its owner may");
        let mut elsewhere = server.sign_in(&stranger, &own).await.expect("its owner may");
        let statement = format!(
            "CREATE SCHEMA s; GRANT USAGE ON SCHEMA s TO {clone}; GRANT CREATE ON DATABASE {own} TO {clone}; \
             REVOKE CONNECT ON DATABASE {own} FROM PUBLIC"
        );
        testbed::postgres::run(&mut elsewhere, &statement).await.expect("its owner may");
        let member = format!("GRANT {} TO {clone}", stranger.user);
        if version < 16 {
            as_user(server, &stranger, &member).await;
        } else {
            let maker = role(server, &format!("maker_{}", application.app.user()), "CREATEROLE").await;
            let made = format!("mine_{}", application.app.user());
            as_user(server, &maker, &format!("CREATE ROLE {made}")).await;
            as_user(server, &maker, &format!("GRANT {made} TO {clone}")).await;
        }
        for alternation in 0..2 {
            application.rotate_ok().await;
            assert!(application.signs_in("AWSCURRENT").await, "on {version}");
            let output = application.output();
            for lost in [
                format!("GRANT SELECT ON LARGE OBJECT {object} TO {}", application.app.user()),
                format!("GRANT CREATE ON DATABASE {own} TO {}", application.app.user()),
                own.clone(),
                "somebody else's".to_owned(),
                "a member of".to_owned(),
            ] {
                assert!(alternation > 0 || output.contains(&lost), "{lost} is not in: {output}");
            }
        }
    }
}

/// Who may create in the application's database by its owner's leave, and PUBLIC may not. Either remedy.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_owner_of_the_applications_tables_grants_to_the_clone_is_refused_with_what_it_runs() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        for number in [0, 1] {
            let application = Application::start(server, Setup::alternating_users()).await;
            let (clone, base) = (clone_name(&application), application.app.user());
            let owner = role(server, &format!("owner_{base}"), "").await;
            rotate_to_clone(&application).await;
            let database = &application.app.database;
            let leave = format!(
                "REVOKE CREATE ON SCHEMA public FROM PUBLIC; GRANT CREATE ON SCHEMA public TO {}",
                owner.user
            );
            server.execute(database, &leave).await;
            let granted = format!(
                "CREATE TABLE public.\"odd Table\" (a int); GRANT SELECT ON public.\"odd Table\" TO {clone} WITH GRANT OPTION; \
                 CREATE POLICY p ON public.\"odd Table\" TO {clone} USING (true)"
            );
            run_as(&application, &owner, &granted).await.expect("a table");
            let refusal = application.rotate_expect_err().await;
            assert!(refusal.contains("2 grants or policies in its own name"), "{refusal}");
            assert!(application.signs_in("AWSCURRENT").await, "on {version}");
            run_remedy(&application, &refusal, number, &owner).await;
            application.rotate_ok().await;
            assert!(application.signs_in("AWSCURRENT").await, "on {version}");
        }
    }
}

/// From 15 on, given by a real superuser only.
#[tokio::test(flavor = "multi_thread")]
async fn a_grant_on_a_parameter_is_refused_with_what_gives_it_to_the_base() {
    for version in postgres_versions().into_iter().filter(|version| *version >= 15) {
        let server = Postgres::shared(version).await;
        for number in [0, 1] {
            let application = Application::start(server, Setup::alternating_users()).await;
            rotate_to_clone(&application).await;
            let grant =
                format!("GRANT SET ON PARAMETER log_min_duration_statement TO {}", clone_name(&application));
            server.execute("postgres", &grant).await;
            server
                .execute(
                    "postgres",
                    &format!("ALTER ROLE {} SET quote_all_identifiers = on", clone_name(&application)),
                )
                .await;
            let refusal = application.rotate_expect_err().await;
            run_remedy(&application, &refusal, number, &server.root()).await;
            application.rotate_ok().await;
            assert!(application.signs_in("AWSCURRENT").await, "on {version}");
        }
    }
}

/// A database of an administrator's, which the application uses beside its own.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_administrator_grants_to_the_clone_in_another_database_is_refused() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let application = Application::start(server, Setup::alternating_users()).await;
        let other = App::create(server, "other").await;
        rotate_to_clone(&application).await;
        server
            .execute("postgres", &format!("ALTER DATABASE {} OWNER TO master", name(&other.database)))
            .await;
        let grant = format!(
            "CREATE TABLE public.t (a int); GRANT SELECT ON public.t TO {}",
            clone_name(&application)
        );
        server.execute(&other.database, &grant).await;
        let refusal = application.rotate_expect_err().await;
        let remedy = &remedies(&refusal)[0];
        assert_eq!(remedy.who, "the role \"postgres\"", "{refusal}");
        server.execute(&other.database, &remedy.statements.join("; ")).await;
        application.rotate_ok().await;
        assert!(application.signs_in("AWSCURRENT").await, "on {version}");
    }
}

/// What the clone owns there stays: neither of the two users can connect.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_closed_to_the_clone_stops_no_alternation() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let application = Application::start(server, Setup::alternating_users()).await;
        let other = App::create(server, "other").await;
        rotate_to_clone(&application).await;
        let owned = format!(
            "CREATE TABLE public.t (a int); ALTER TABLE public.t OWNER TO {}",
            clone_name(&application)
        );
        server.execute(&other.database, &owned).await;
        let closed = format!("REVOKE CONNECT ON DATABASE {} FROM PUBLIC", name(&other.database));
        server.execute("postgres", &closed).await;
        for _turn in 0..2 {
            application.rotate_ok().await;
            assert!(application.signs_in("AWSCURRENT").await, "on {version}");
        }
        assert!(
            application.output().contains("databases to which it cannot connect"),
            "{}",
            application.output()
        );
    }
}

/// The clone owns objects that it made before the owner revoked CONNECT. Once it is granted again, the next alternation reassigns
/// them.
#[tokio::test(flavor = "multi_thread")]
async fn a_strangers_database_with_objects_of_the_clone_stops_no_alternation_when_its_owner_closes_it() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        for (closed, opened) in [
            ("ALTER DATABASE {d} CONNECTION LIMIT 0", "ALTER DATABASE {d} CONNECTION LIMIT -1"),
            // Its owner's session is the one that may be open.
            ("ALTER DATABASE {d} CONNECTION LIMIT 1", "ALTER DATABASE {d} CONNECTION LIMIT -1"),
            (
                "ALTER DATABASE {d} SET local_preload_libraries = 'no such library'",
                "ALTER DATABASE {d} RESET local_preload_libraries",
            ),
            ("REVOKE CREATE ON SCHEMA open FROM PUBLIC", "GRANT CREATE ON SCHEMA open TO PUBLIC"),
        ] {
            let application = Application::start(server, Setup::alternating_users()).await;
            let stranger = role(server, &format!("stranger_{}", application.app.user()), "").await;
            let own = format!("own_{}", application.app.database);
            server.execute("postgres", &format!("CREATE DATABASE {own} OWNER {}", stranger.user)).await;
            let mut owner = server.sign_in(&stranger, &own).await.expect("its owner may");
            let open = "CREATE SCHEMA open; GRANT USAGE, CREATE ON SCHEMA open TO PUBLIC";
            testbed::postgres::run(&mut owner, open).await.expect("its owner may");
            let clone = rotate_to_clone(&application).await;
            let mut session = server.sign_in(&clone, &own).await.expect("everybody may");
            let made = "SET ROLE NONE; CREATE TABLE open.t (a int); \
                CREATE FUNCTION open.f() RETURNS int LANGUAGE sql AS 'SELECT 1'";
            testbed::postgres::run(&mut session, made).await.expect("everybody may");
            drop(session);
            testbed::postgres::run(&mut owner, &closed.replace("{d}", &own)).await.expect("its owner may");
            for _turn in 0..2 {
                application.rotate_ok().await;
                assert!(application.signs_in("AWSCURRENT").await, "{closed} on {version}");
            }
            let output = application.output();
            let said = output.lines().any(|line| line.contains("WARN") && line.contains(&own));
            assert!(said && output.contains("has no access to them"), "{closed}: {output}");
            let owners =
                "SELECT DISTINCT relowner::regrole FROM pg_class WHERE relname = 't' AND relkind = 'r'";
            testbed::postgres::run(&mut owner, &opened.replace("{d}", &own)).await.expect("its owner may");
            application.rotate_ok().await;
            assert_eq!(server.values(&own, owners).await, [application.app.user()], "{opened} on {version}");
        }
    }
}
