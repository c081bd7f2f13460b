//! What an owner of the application's database plants for a superuser's session to run: nothing of it runs.

use serde_json::json;
use testbed::postgres::{name, run};
use testbed::{Application, MySql, Postgres, Server, Setup, mysql_versions, postgres_versions};

/// Shadows all that `pg_catalog` has in functions, operators, types and views, as far as an owner may. Whatever is called
/// says who called it.
const SHADOWS: &str = r"
    CREATE TABLE public.ran (who text, what text);
    GRANT INSERT ON public.ran TO PUBLIC;
    CREATE FUNCTION public.planted_here(what text) RETURNS boolean LANGUAGE plpgsql AS $f$ BEGIN
      INSERT INTO public.ran VALUES (current_user, what); RETURN true; END $f$;
    DO $do$ DECLARE f record; BEGIN
      FOR f IN SELECT proname, pg_get_function_arguments(oid) AS takes, pg_get_function_result(oid) AS gives
        FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND prokind = 'f'
      LOOP BEGIN
        EXECUTE format('CREATE FUNCTION public.%I(%s) RETURNS %s LANGUAGE plpgsql AS $f$ BEGIN '
          'INSERT INTO public.ran VALUES (current_user, %L); RETURN NULL; END $f$',
          f.proname, f.takes, f.gives, f.proname);
      EXCEPTION WHEN OTHERS THEN NULL; END; END LOOP;
      FOR f IN SELECT oid, oprname, oprleft::regtype AS l, oprright::regtype AS r, oprresult::regtype AS gives
        FROM pg_operator WHERE oprnamespace = 'pg_catalog'::regnamespace AND oprleft <> 0
      LOOP BEGIN
        EXECUTE format('CREATE FUNCTION public.%I(%s, %s) RETURNS %s LANGUAGE plpgsql AS $f$ BEGIN '
          'INSERT INTO public.ran VALUES (current_user, %L); RETURN NULL; END $f$',
          'operator_' || f.oid, f.l, f.r, f.gives, f.oprname);
        EXECUTE format('CREATE OPERATOR public.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = public.%I)',
          f.oprname, f.l, f.r, 'operator_' || f.oid);
      EXCEPTION WHEN OTHERS THEN NULL; END; END LOOP;
      FOR f IN SELECT relname FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind IN ('r', 'v')
      LOOP BEGIN
        EXECUTE format('CREATE VIEW public.%I AS SELECT * FROM pg_catalog.%I WHERE public.planted_here(%L)',
          f.relname, f.relname, f.relname);
        EXECUTE format('GRANT SELECT ON public.%I TO PUBLIC', f.relname);
      EXCEPTION WHEN OTHERS THEN NULL; END; END LOOP;
      FOR f IN SELECT typname FROM pg_type WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype = 'b'
      LOOP BEGIN
        EXECUTE format('CREATE DOMAIN public.%I AS pg_catalog.%I CHECK (public.planted_here(%L))',
          f.typname, f.typname, f.typname);
        EXECUTE format('CREATE CAST (pg_catalog.text AS public.%I) WITH INOUT AS IMPLICIT', f.typname);
      EXCEPTION WHEN OTHERS THEN NULL; END; END LOOP;
    END $do$";

/// How many of each the server let its owner plant, at least.
const PLANTED: [(&str, usize); 4] = [
    ("pg_proc WHERE pronamespace = 'public'::regnamespace", 2500),
    ("pg_operator WHERE oprnamespace = 'public'::regnamespace", 500),
    ("pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'v'", 100),
    ("pg_type WHERE typnamespace = 'public'::regnamespace AND typtype = 'd'", 50),
];

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_shadows_the_catalog_runs_in_a_superusers_session() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let application = Application::start(server, Setup::alternating_users()).await;
        let (base, database) = (application.app.user().to_owned(), application.app.database.clone());
        // So that there is something to hand back.
        application.rotate_ok().await;
        let owned = format!("CREATE TABLE public.t (a int); ALTER TABLE public.t OWNER TO {base}_clone");
        server.execute(&database, &format!("GRANT CREATE ON SCHEMA public TO {base}; {owned}")).await;
        let path = format!("ALTER DATABASE {} SET search_path = public, pg_catalog", name(&database));
        let mut owner = server.sign_in(&application.app.credentials, &database).await.expect("the owner");
        run(&mut owner, SHADOWS).await.expect("planted");
        run(&mut owner, &path).await.expect("planted");
        for (planted, least) in PLANTED {
            let count = format!("SELECT pg_catalog.count(*)::pg_catalog.text FROM pg_catalog.{planted}");
            let count = server.values(&database, &format!("SET search_path = pg_catalog; {count}")).await;
            let count: usize = count.concat().parse().expect("a count");
            assert!(count >= least, "only {count} of {planted} on {version}");
        }
        // The worst a secret's writer can do: point the superuser's own session there as well.
        let superuser = server.secret(server.admin().await, &database);
        application.store_superuser(&superuser).await;
        for _turn in 0..2 {
            application.rotate_ok().await;
        }
        let ran = "SELECT who || ' ran ' || what FROM public.ran";
        let ran = server.values(&database, &format!("SET search_path = pg_catalog; {ran}")).await;
        assert_eq!(ran, Vec::<String>::new(), "on {version}");
    }
}

/// All functions that our statements name. A name that the server does not know is looked up in the session's database.
const FUNCTIONS: [&str; 8] =
    ["CONCAT", "VERSION", "CURRENT_USER", "USER", "LEFT", "SHA2", "GET_LOCK", "SHA1"];

#[tokio::test(flavor = "multi_thread")]
async fn no_stored_function_of_the_applications_database_runs_in_a_superusers_session() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let application = Application::start(server, Setup::mysql_alternating_users()).await;
        let database = &application.app.database;
        server.execute(&format!("CREATE TABLE {database}.ran (who TEXT)")).await;
        let mut planted = 0;
        let mut root = server.root_session().await;
        for function in FUNCTIONS {
            let made = format!(
                "CREATE FUNCTION {database}.{function} (a TEXT) RETURNS TEXT DETERMINISTIC SQL SECURITY INVOKER \
                 BEGIN INSERT INTO {database}.ran VALUES (SUBSTRING_INDEX(USER(), '@', 1)); RETURN '1'; END"
            );
            // Some of these names are words of the grammar.
            planted += usize::from(testbed::mysql::run(&mut root, &made).await.is_ok());
        }
        assert!(planted >= 4, "only {planted} functions on {version}");
        // The worst a secret's writer can do: point the superuser's own session there as well.
        let mut superuser = server.superuser_secret().await;
        superuser["dbname"] = json!(database);
        application.store_superuser(&superuser).await;
        let log = server.log();
        for _turn in 0..2 {
            application.rotate_ok().await;
        }
        let ran = server.values(&format!("SELECT who FROM {database}.ran")).await;
        assert_eq!(ran, Vec::<String>::new(), "on {version}");
        let text = log.text();
        let opened: Vec<_> = text
            .lines()
            .filter(|line| line.contains("Connect\tmaster@") && line.contains(&format!(" on {database} ")))
            .collect();
        assert_eq!(opened, Vec::<&str>::new(), "the superuser opened the application's database");
    }
}
