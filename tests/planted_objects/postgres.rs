//! Objects that shadow the catalog of PostgreSQL.

use testbed::postgres::{name, run};
use testbed::{Application, Postgres, Setup, postgres_versions};

use crate::support::postgres::run_as;

/// Shadows every function, operator, type and view of `pg_catalog`, as far as an owner may. Each records its caller.
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
        // So that there is an owned object to reassign.
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
        application.store_superuser(&superuser).await;
        for _turn in 0..2 {
            application.rotate_ok().await;
        }
        let ran = server.values(&application.app.database, "SELECT DISTINCT who FROM public.ran").await;
        assert_eq!(ran, Vec::<String>::new(), "on {version}");
        let superusers = "SELECT rolname FROM pg_roles WHERE rolsuper AND rolname <> 'postgres'";
        assert_eq!(server.values("postgres", superusers).await, Vec::<String>::new(), "on {version}");
    }
}
