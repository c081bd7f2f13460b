//! On PostgreSQL.

use testbed::{Application, Postgres, PostgresOptions, Setup, postgres, postgres_versions};

use super::{Desk, makes_a_pair, setup, what_the_secret_tells_is_refused};

async fn application(server: &Postgres) -> Application<'_> {
    Application::start(server, setup(Setup::alternating_users())).await
}

/// Runs SQL in a session that the server's log shows. An error ends it, as `ON_ERROR_STOP` does.
async fn run_as_root(server: &Postgres, sql: &str) -> Result<Vec<String>, sqlx::Error> {
    let mut session = server.sign_in(&server.root(), "postgres").await.expect("root signs in");
    postgres::run(&mut session, sql).await
}

/// What a clone has to have of its base, and is not conveyed by the membership.
async fn properties(server: &Postgres, user: &str) -> Vec<String> {
    let properties = format!(
        "SELECT concat_ws(' ', rolconnlimit, rolvaliduntil, rolreplication, rolinherit, rolcanlogin, rolsuper, rolcreatedb, \
         rolcreaterole, rolbypassrls) FROM pg_roles WHERE rolname = '{user}' \
         UNION ALL SELECT concat_ws(' ', d.datname, c) FROM pg_db_role_setting s LEFT JOIN pg_database d ON d.oid = s.setdatabase \
         CROSS JOIN unnest(s.setconfig) c WHERE s.setrole = '{user}'::regrole AND c NOT LIKE 'role=%' ORDER BY 1"
    );
    server.values("postgres", &properties).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_printed_makes_a_pair_that_rotates() {
    for version in postgres_versions() {
        let server = Postgres::start(version, PostgresOptions::default()).await;
        let application = application(&server).await;
        let (base, database) = (application.app.user(), &application.app.database);
        let mut statements = vec![
            format!("ALTER ROLE {base} CONNECTION LIMIT 17 VALID UNTIL '2099-01-01 12:00:00+00'"),
            format!("ALTER ROLE {base} SET work_mem = '5MB'"),
            format!("ALTER ROLE {base} SET search_path = \"$user\", public, \"it's\""),
            format!("ALTER ROLE {base} SET app.tenant = 'it''s \\ \"1\"'"),
            format!("ALTER ROLE {base} IN DATABASE {database} SET statement_timeout = '1min'"),
            "CREATE ROLE team".into(),
            format!("GRANT team TO {base}"),
            "CREATE TABLE public.t (a int, b int)".into(),
            format!("GRANT SELECT (a) ON public.t TO {base} WITH GRANT OPTION"),
        ];
        // Up to 15 only a superuser sets the password of such a user.
        statements.extend((version >= 16).then(|| format!("ALTER ROLE {base} REPLICATION")));
        for statement in statements {
            server.execute("postgres", &statement).await;
        }
        let log = server.whole_log();
        let run = async |sql: &str| _ = run_as_root(&server, sql).await.expect(sql);
        makes_a_pair(&application, &log, run).await;
        let clone = format!("{base}_clone");
        assert_eq!(properties(&server, base).await, properties(&server, &clone).await, "{version}");
        let role = format!(
            "SELECT 1 FROM pg_db_role_setting WHERE setrole = '{clone}'::regrole AND setconfig @> ARRAY['role={base}']"
        );
        assert_eq!(server.values("postgres", &role).await, ["1"], "the base owns what the clone creates");
        let holds =
            format!("SELECT has_column_privilege('{clone}', 'public.t', 'a', 'SELECT WITH GRANT OPTION')");
        assert_eq!(server.values("postgres", &holds).await, ["t"]);
    }
}

/// The superuser of RDS, without SUPERUSER, is enough, and a name that needs quotes is quoted.
#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_with_createrole_makes_the_pair() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let function = Setup { user: "o'App \"x\"", ..Setup::alternating_users() };
        let application = Application::start(server, setup(function)).await;
        let run = async |sql: &str| {
            let mut session = server.sign_in(server.admin().await, "postgres").await.expect("it signs in");
            postgres::run(&mut session, sql).await.expect(sql);
        };
        makes_a_pair(&application, &server.log(), run).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sql_that_fails_in_between_leaves_no_clone() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    let application = application(server).await;
    let base = application.app.user();
    server.execute("postgres", &format!("ALTER ROLE {base} SET work_mem = '5MB'")).await;
    let printed = Desk::of(&application).pair(&[&application.arn]).await;
    let broken = printed.sql.replace("work_mem", "no_such_setting");
    assert_ne!(broken, printed.sql);
    assert!(run_as_root(server, &broken).await.is_err());
    let exists = format!("SELECT 1 FROM pg_roles WHERE rolname = '{base}_clone'");
    assert!(server.values("postgres", &exists).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_secret_tells_is_refused_with_what_to_do() {
    what_the_secret_tells_is_refused(
        Postgres::shared(postgres_versions()[0]).await,
        Setup::alternating_users(),
    )
    .await;
}

/// With what to do; then it prints SQL.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_tells_is_refused_with_what_to_do() {
    for version in postgres_versions() {
        let server = Postgres::start(
            version,
            PostgresOptions { pg_hba: &["hostssl all all 127.0.0.1/32 md5"], ..PostgresOptions::default() },
        )
        .await;
        let application = application(&server).await;
        let base = application.app.user();
        let desk = Desk::of(&application);
        let mut cases = vec![
            (format!("CREATE ROLE {base}_clone"), "exists already", format!("DROP ROLE \"{base}_clone\"")),
            (
                format!("ALTER ROLE {base} VALID UNTIL '-infinity'"),
                "does not sign in as",
                format!("ALTER ROLE \"{base}\" VALID UNTIL 'infinity'"),
            ),
            (
                format!(
                    "SET password_encryption = 'md5'; ALTER ROLE {base} PASSWORD {}; ALTER ROLE {base} SET password_encryption = 'md5'",
                    postgres::text(&application.app.credentials.password)
                ),
                "such a verifier signs in like the password itself",
                format!("ALTER ROLE \"{base}\" SET password_encryption = 'scram-sha-256'"),
            ),
        ];
        if version < 16 {
            cases.push((
                format!("ALTER ROLE {base} REPLICATION"),
                "only a role with SUPERUSER sets the password",
                format!("ALTER ROLE {base} NOREPLICATION"),
            ));
        }
        for (change, said, remedy) in cases {
            server.execute("postgres", &change).await;
            let refusal = desk.refused(&[&application.arn]).await;
            assert!(refusal.contains(said), "{change}: {refusal}");
            assert!(refusal.contains(&remedy) || remedy.ends_with("NOREPLICATION"), "{remedy}: {refusal}");
            server.execute("postgres", &remedy).await;
            let printed = desk.pair(&[&application.arn]).await;
            assert!(printed.succeeded, "{remedy}: {}", printed.said);
            std::fs::remove_file(desk.previous()).expect("the file");
        }
    }
}

/// A list that was stored FROM CURRENT takes three statements, which are in the transaction of all.
#[tokio::test(flavor = "multi_thread")]
async fn if_a_statement_fails_there_is_no_clone() {
    for version in postgres_versions() {
        let server = Postgres::start(version, PostgresOptions::default()).await;
        let application = application(&server).await;
        let base = application.app.user();
        let list = "SELECT set_config('search_path', 'a,b', false)";
        server.execute("postgres", &format!("{list}; ALTER ROLE {base} SET search_path FROM CURRENT")).await;
        server.execute("postgres", &format!("ALTER ROLE {base} SET work_mem = '5MB'")).await;
        let sql = Desk::of(&application).pair(&[&application.arn]).await.sql;
        let broken = sql.replace("work_mem", "no_such_setting");
        assert_ne!(broken, sql);
        let mut root = server.sign_in(&server.root(), "postgres").await.expect("root signs in");
        // As psql runs them, with ON_ERROR_STOP and without.
        let mut failed = 0;
        for statement in broken.lines() {
            failed += usize::from(postgres::run(&mut root, statement).await.is_err());
        }
        assert!(failed > 0, "{version}: {sql}");
        let exists = format!("SELECT rolname FROM pg_roles WHERE rolname = '{base}_clone'");
        assert!(server.values("postgres", &exists).await.is_empty(), "{version}: {sql}");
        run_as_root(&server, &sql).await.unwrap_or_else(|error| panic!("{version}: {error}: {sql}"));
    }
}
