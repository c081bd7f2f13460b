//! Alternating users: the base is the truth, and what the clone makes belongs to it.

use bed::postgres::{name, text};
use bed::{App, Application, Credentials, Postgres, Setup, postgres_versions};

/// The clone's credentials, while it is its turn.
async fn turned_to_clone(application: &Application<'_>) -> Credentials {
    application.rotate_well().await;
    let current = application.credentials("AWSCURRENT").await.expect("a current version");
    assert!(current.user.ends_with("_clone"), "{}", current.user);
    current
}

async fn run_as(
    application: &Application<'_>,
    user: &Credentials,
    sql: &str,
) -> Result<Vec<String>, sqlx::Error> {
    let mut session = application.server.sign_in(user, &application.app.database).await?;
    bed::postgres::run(&mut session, sql).await
}

fn clone_of(application: &Application<'_>) -> String {
    format!("{}_clone", application.app.user())
}

/// The oldest open complaint about AWS's function.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_made_as_the_clone_is_used_altered_and_dropped_by_the_base() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let application = Application::start(server, Setup::alternating_users()).await;
        let clone = turned_to_clone(&application).await;
        run_as(&application, &clone, "CREATE SCHEMA s; CREATE TABLE s.t (a int); INSERT INTO s.t VALUES (1)")
            .await
            .expect("a table");
        // At once, not only when the next rotation hands it over.
        let owner = "SELECT relowner::regrole FROM pg_class WHERE relname = 't' AND relkind = 'r'";
        let owner = server.values(&application.app.database, owner).await;
        assert_eq!(owner, [application.app.user()], "on {version}");
        application.rotate_well().await;
        let base = application.credentials("AWSCURRENT").await.expect("a current version");
        assert_eq!(base.user, application.app.user());
        let used = "INSERT INTO s.t VALUES (2); ALTER TABLE s.t ADD b int; DROP TABLE s.t; DROP SCHEMA s";
        run_as(&application, &base, used).await.unwrap_or_else(|error| panic!("on {version}: {error}"));
    }
}

/// As AWS's function makes it: a member of the base, which owns what it creates.
async fn foreign_clone(application: &Application<'_>) -> Credentials {
    let clone = Credentials::new(&clone_of(application));
    let (quoted, base) = (name(&clone.user), name(application.app.user()));
    let admin = application.server.admin().await;
    let mut session = application.server.sign_in(admin, "postgres").await.expect("the superuser signs in");
    let made = format!("CREATE USER {quoted} LOGIN; GRANT {base} TO {quoted}");
    bed::postgres::run(&mut session, &made).await.expect("a clone");
    application.server.set_password(&clone).await;
    clone
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
async fn objects_that_an_earlier_functions_clone_owns_in_two_databases_go_to_the_base() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        // The turn is the clone's, or the base's: current is the base, or the clone.
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
                bed::postgres::run(&mut session, made).await.expect("tables of the clone");
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
            application.rotate_well().await;
            for database in [&application.app.database, &second] {
                let owner = server
                    .values("postgres", &format!("SELECT {}::regrole", text(&name(application.app.user()))))
                    .await;
                assert_eq!(owners(&application, database).await, owner, "{database} on {version}");
            }
            // Done once: the next turn signs in no more often than ever.
            for database in [&application.app.database, &second] {
                let revoke = format!("REVOKE CREATE ON SCHEMA public FROM {}", name(&clone.user));
                server.execute(database, &revoke).await;
            }
            let log = server.log();
            application.rotate_well().await;
            let signed_in = log.authorized(application.app.user()) + log.authorized(&clone.user);
            assert_eq!(signed_in, 2, "on {version}");
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
        let refusal = application.rotate_badly().await;
        let grant = format!("GRANT CREATE ON SCHEMA closed TO {}", application.app.user());
        assert!(refusal.contains(&grant), "{grant} is not in: {refusal}");
        assert!(application.signs_in("AWSCURRENT").await);
        server.execute(database, &grant).await;
        application.rotate_well().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_on_an_object_fails_the_attempt_and_promotes_nobody() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    let application = Application::start(server, Setup::alternating_users()).await;
    let clone = foreign_clone(&application).await;
    let database = &application.app.database;
    server.execute(database, "GRANT CREATE ON SCHEMA public TO PUBLIC").await;
    run_as(&application, &clone, "CREATE TABLE public.left_behind (a int)").await.expect("a table");
    let mut reader = server.sign_in(&clone, database).await.expect("the clone signs in");
    bed::postgres::run(&mut reader, "BEGIN; SELECT * FROM public.left_behind").await.expect("a reader");
    let failure = application.rotate_badly().await;
    assert!(failure.contains("LockTimeout") && failure.contains("55P03"), "{failure}");
    let current = application.credentials("AWSCURRENT").await.expect("a current version");
    assert_eq!(current.user, application.app.user());
    bed::postgres::run(&mut reader, "COMMIT").await.expect("the reader ends");
    application.rotate_well().await;
}

/// Everything that membership does not carry, lists among it.
#[tokio::test(flavor = "multi_thread")]
async fn the_clone_has_the_limits_and_settings_of_its_base_and_loses_what_the_base_lost() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let application = Application::start(server, Setup::alternating_users()).await;
        let (base, clone) = (application.app.user().to_owned(), clone_of(&application));
        let database = name(&application.app.database);
        for change in [
            format!("ALTER ROLE {base} CONNECTION LIMIT 7 VALID UNTIL '2099-01-02 03:04:05+00'"),
            format!("ALTER ROLE {base} SET search_path = s1, \"$user\", \"odd, name\""),
            format!("ALTER ROLE {base} SET work_mem = '5MB'"),
            format!("ALTER ROLE {base} SET \"DateStyle\" = 'ISO, DMY'"),
            format!("ALTER ROLE {base} IN DATABASE {database} SET search_path = ''"),
            format!("ALTER ROLE {base} IN DATABASE {database} SET statement_timeout = '1ms'"),
            format!("ALTER ROLE {base} SET default_transaction_read_only = on"),
        ] {
            server.execute("postgres", &change).await;
        }
        let current = turned_to_clone(&application).await;
        same_settings(&application, &base, &clone).await;
        let path = run_as(&application, &current, "SHOW search_path").await.expect("a setting");
        assert_eq!(path, ["\"\""], "on {version}");
        application.rotate_well().await;

        for change in [
            format!("ALTER ROLE {base} CONNECTION LIMIT -1 VALID UNTIL 'infinity'"),
            format!("ALTER ROLE {base} IN DATABASE {database} RESET ALL"),
            format!("ALTER ROLE {base} RESET work_mem"),
            format!("ALTER ROLE {base} SET search_path = s2"),
            // Drift of the clone itself.
            format!("ALTER ROLE {clone} SET jit = off"),
            format!("ALTER ROLE {clone} RESET role"),
            format!("ALTER ROLE {clone} NOLOGIN CONNECTION LIMIT 3"),
        ] {
            server.execute("postgres", &change).await;
        }
        turned_to_clone(&application).await;
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
        let clone = turned_to_clone(&application).await;
        let acts_as = run_as(&application, &clone, "SELECT current_user").await.expect("a query");
        assert_eq!(acts_as, [owner]);
        application.rotate_well().await;
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
        let clone = turned_to_clone(&application).await;
        let acts_as = run_as(&application, &clone, "SELECT current_user").await.expect("a query");
        assert_eq!(acts_as, [owner], "on {version}");
        application.rotate_well().await;
        server.execute("postgres", &format!("ALTER DATABASE {database} RESET role")).await;
        let clone = turned_to_clone(&application).await;
        let acts_as = run_as(&application, &clone, "SELECT current_user").await.expect("a query");
        assert_eq!(acts_as, [base], "on {version}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_only_looks_like_the_clone_is_refused_and_left_alone() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let application = Application::start(server, Setup::alternating_users()).await;
        let stranger = Credentials::new(&clone_of(&application));
        server
            .execute(
                "postgres",
                &format!("CREATE ROLE {} LOGIN CREATEDB IN ROLE pg_monitor", name(&stranger.user)),
            )
            .await;
        server.set_password(&stranger).await;
        let refusal = application.rotate_badly().await;
        for part in ["is no member of", "pg_monitor", "CREATEDB", "GRANT"] {
            assert!(refusal.contains(part), "{part} is not in: {refusal}");
        }
        assert!(server.signs_in(&stranger, "postgres").await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_that_holds_more_than_its_base_is_refused_with_both_statements() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        for turns_to_base in [false, true] {
            let application = Application::start(server, Setup::alternating_users()).await;
            let (base, clone) = (application.app.user().to_owned(), clone_of(&application));
            turned_to_clone(&application).await;
            if !turns_to_base {
                application.rotate_well().await;
            }
            server
                .execute("postgres", &format!("GRANT pg_monitor TO {clone}; ALTER ROLE {clone} CREATEDB"))
                .await;
            let refusal = application.rotate_badly().await;
            for part in [
                format!("GRANT pg_monitor TO {base}"),
                format!("REVOKE pg_monitor FROM {clone}"),
                format!("ALTER ROLE {base} CREATEDB"),
                format!("ALTER ROLE {clone} NOCREATEDB"),
            ] {
                assert!(refusal.contains(&part), "{part} is not in: {refusal}");
            }
            assert!(application.signs_in("AWSCURRENT").await);
            server
                .execute("postgres", &format!("GRANT pg_monitor TO {base}; ALTER ROLE {base} CREATEDB"))
                .await;
            application.rotate_well().await;
        }
    }
}

/// Grants in the clone's own name, here and in another database, that the application would lose.
#[tokio::test(flavor = "multi_thread")]
async fn a_clones_own_grants_that_its_base_lacks_are_refused_before_the_turn_of_the_base() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let application = Application::start(server, Setup::alternating_users()).await;
        let (base, clone) = (application.app.user().to_owned(), clone_of(&application));
        let second = second_database(&application).await;
        turned_to_clone(&application).await;
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

        let refusal = application.rotate_badly().await;
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

        let refusal = application.rotate_badly().await;
        assert!(refusal.contains(&format!("GRANT DELETE ON TABLE public.shared TO {base}")), "{refusal}");
        server.execute(&second, &format!("GRANT DELETE ON public.shared TO {base}")).await;
        application.rotate_well().await;
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
            application.rotate_well().await;
            continue;
        }
        let refusal = application.rotate_badly().await;
        let grant = format!("GRANT {} TO master WITH ADMIN OPTION", application.app.user());
        assert!(refusal.contains(&grant), "{grant} is not in: {refusal}");
        let clones =
            format!("SELECT count(*) FROM pg_roles WHERE rolname = {}", text(&clone_of(&application)));
        assert_eq!(server.values("postgres", &clones).await, ["0"], "something was created");
        server.execute("postgres", &grant).await;
        application.rotate_well().await;
    }
}

/// A plain GRANT repairs neither option.
#[tokio::test(flavor = "multi_thread")]
async fn a_membership_without_inherit_or_set_is_repaired() {
    for version in postgres_versions().into_iter().filter(|version| *version >= 16) {
        let server = Postgres::shared(version).await;
        let application = Application::start(server, Setup::alternating_users()).await;
        foreign_clone(&application).await;
        let (base, clone) = (application.app.user(), clone_of(&application));
        let admin = server.admin().await;
        let mut session = server.sign_in(admin, "postgres").await.expect("the superuser signs in");
        let broken = format!("GRANT {base} TO {clone} WITH INHERIT FALSE, SET FALSE");
        bed::postgres::run(&mut session, &broken).await.expect("a broken membership");
        turned_to_clone(&application).await;
    }
}

/// testSecret proves what setSecret did, by its own eyes.
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
            let (base, clone) = (application.app.user(), clone_of(&application));
            let statement = drift.replace("{base}", base).replace("{clone}", &clone);
            // As the grantor, who alone may revoke from PostgreSQL 16 on.
            let admin = server.admin().await;
            let mut session = server.sign_in(admin, "postgres").await.expect("the superuser signs in");
            bed::postgres::run(&mut session, &statement)
                .await
                .unwrap_or_else(|error| panic!("{statement}: {error}"));
            let failure = application.step("testSecret", &pending).await.expect_err(drift);
            assert_eq!(failure.error_type, "Unequal", "{failure:?}");
            assert!(failure.error_message.contains(said), "{said} is not in: {failure:?} on {version}");
            for step in ["setSecret", "testSecret", "finishSecret"] {
                if drift.starts_with("REVOKE") && step == "setSecret" {
                    let refusal = application.step(step, &pending).await.expect_err("no clone any more");
                    assert!(refusal.error_message.contains("is no member of"), "{refusal:?}");
                    break;
                }
                application
                    .step(step, &pending)
                    .await
                    .unwrap_or_else(|error| panic!("{drift}, {step}: {error:?}"));
            }
        }
    }
}

/// A database's owner plants what an unqualified name would find.
#[tokio::test(flavor = "multi_thread")]
async fn functions_planted_in_the_applications_database_leave_the_superuser_untouched() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let application = Application::start(server, Setup::alternating_users()).await;
        let base = application.app.user();
        let planted = format!(
            "CREATE TABLE public.ran (who text); GRANT ALL ON public.ran TO PUBLIC; \
             CREATE FUNCTION public.format(text, text, text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN \
               INSERT INTO public.ran VALUES (current_user); RETURN 'ALTER ROLE {base} SUPERUSER'; END $$; \
             CREATE FUNCTION public.format(text, VARIADIC text[]) RETURNS text LANGUAGE plpgsql AS $$ BEGIN \
               INSERT INTO public.ran VALUES (current_user); RETURN 'ALTER ROLE {base} SUPERUSER'; END $$; \
             CREATE FUNCTION public.current_setting(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN \
               INSERT INTO public.ran VALUES (current_user); RETURN 'md5'; END $$; \
             CREATE FUNCTION public.pg_has_role(name, oid, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN \
               INSERT INTO public.ran VALUES (current_user); RETURN true; END $$; \
             CREATE FUNCTION public.same(name, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN \
               INSERT INTO public.ran VALUES (current_user); RETURN true; END $$; \
             CREATE OPERATOR public.= (LEFTARG = name, RIGHTARG = text, FUNCTION = public.same); \
             CREATE VIEW public.pg_roles AS SELECT * FROM pg_catalog.pg_roles; \
             ALTER DATABASE {} SET search_path = public, pg_catalog",
            name(&application.app.database)
        );
        server.execute(&application.app.database, &format!("GRANT CREATE ON SCHEMA public TO {base}")).await;
        run_as(&application, &application.app.credentials, &planted).await.expect("planted");
        // The worst a secret's writer can do: point the superuser's own session there as well.
        let mut superuser = server.secret(server.admin().await, &application.app.database);
        superuser["masterarn"] = application.superuser_arn.clone().into();
        let call = application.client.put_secret_value().secret_id(&application.superuser_arn);
        call.secret_string(superuser.to_string()).send().await.expect("PutSecretValue is accepted");
        for _turn in 0..2 {
            application.rotate_well().await;
        }
        let ran = server.values(&application.app.database, "SELECT DISTINCT who FROM public.ran").await;
        assert_eq!(ran, Vec::<String>::new(), "on {version}");
        let superusers = "SELECT rolname FROM pg_roles WHERE rolsuper AND rolname <> 'postgres'";
        assert_eq!(server.values("postgres", superusers).await, Vec::<String>::new(), "on {version}");
    }
}
