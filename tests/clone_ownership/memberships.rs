//! Which role is a clone on PostgreSQL: unusual memberships, settings and policies.

use serde_json::json;
use testbed::postgres::{name, text};
use testbed::{App, Application, Credentials, Postgres, Server, Setup, postgres_versions};

use crate::support::postgres::{clone_name, foreign_clone, rotate_to_clone};

async fn as_user(
    server: &Postgres,
    user: &Credentials,
    database: &str,
    sql: &str,
) -> Result<Vec<String>, sqlx::Error> {
    let mut session = server.sign_in(user, database).await?;
    testbed::postgres::run(&mut session, sql).await
}

async fn acts_as(application: &Application<'_>) -> String {
    let current = application.credentials("AWSCURRENT").await.expect("a current version");
    let database = &application.app.database;
    as_user(application.server, &current, database, "SELECT current_user").await.expect("a query").concat()
}

/// The more specific `role = none` wins over a role of the database.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_that_opts_out_of_its_databases_role_stays_itself_and_so_does_its_clone() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        for setup in server.setups() {
            let application = Application::start(server, setup).await;
            let (base, database) = (application.app.user(), name(&application.app.database));
            for statement in [
                format!("CREATE ROLE {base}_group"),
                format!("GRANT {base}_group TO {base}"),
                format!("ALTER DATABASE {database} SET role = '{base}_group'"),
                format!("ALTER ROLE {base} SET role = 'none'"),
            ] {
                server.execute("postgres", &statement).await;
            }
            for _turn in 0..2 {
                application.rotate_ok().await;
                assert_eq!(acts_as(&application).await, base, "on {version}");
            }
        }
    }
}

/// PostgreSQL ignores such a setting at sign-in, so the clone must not inherit it in place of its base.
#[tokio::test(flavor = "multi_thread")]
async fn a_role_setting_of_the_base_whose_role_is_gone_does_not_reach_the_clone() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let application = Application::start(server, Setup::alternating_users()).await;
        let base = application.app.user();
        for statement in [
            format!("CREATE ROLE {base}_gone"),
            format!("ALTER ROLE {base} SET role = '{base}_gone'"),
            format!("DROP ROLE {base}_gone"),
        ] {
            server.execute("postgres", &statement).await;
        }
        application.rotate_ok().await;
        assert_eq!(acts_as(&application).await, base, "on {version}");
    }
}

/// Before 15 any user could make others members of itself: such a member is not its clone.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_the_base_itself_made_a_member_is_not_its_clone() {
    for version in postgres_versions().into_iter().filter(|version| *version < 15) {
        let server = Postgres::shared(version).await;
        let application = Application::start(server, Setup::alternating_users()).await;
        let victim = Credentials::new(&clone_name(&application));
        server.execute("postgres", &format!("CREATE ROLE {} NOLOGIN", victim.user)).await;
        let own = format!("GRANT {} TO {}", application.app.user(), victim.user);
        as_user(server, &application.app.credentials, "postgres", &own).await.expect("before 15");
        let refusal = application.rotate_expect_err().await;
        assert!(refusal.contains("nothing shows that"), "{refusal}");
        let may_log_in = format!("SELECT rolcanlogin FROM pg_roles WHERE rolname = {}", text(&victim.user));
        assert_eq!(server.values("postgres", &may_log_in).await, ["f"], "on {version}");
    }
}

/// A role that may not act as the base must not get its password.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_without_set_does_not_get_its_bases_password() {
    for version in postgres_versions().into_iter().filter(|version| *version >= 16) {
        let server = Postgres::shared(version).await;
        let boss = App::create(server, "boss").await;
        let member = Credentials::new(&format!("{}_clone", boss.user()));
        let admin = server.admin().await;
        for statement in [
            format!("CREATE ROLE {} LOGIN", member.user),
            format!("GRANT {} TO {} WITH INHERIT FALSE, SET FALSE", boss.user(), member.user),
        ] {
            as_user(server, admin, "postgres", &statement).await.expect("the superuser may");
        }
        server.set_password(&member).await;
        let fields = json!({"username": member.user, "password": member.password});
        let application = Application::start(server, Setup { fields, ..Setup::alternating_users() }).await;
        let refusal = application.rotate_expect_err().await;
        assert!(refusal.contains("nothing shows that"), "{refusal}");
        assert!(server.signs_in(&boss.credentials, &boss.database).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_that_does_not_inherit_is_repaired_at_its_turn() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let application = Application::start(server, Setup::alternating_users()).await;
        let (base, clone) = (application.app.user(), clone_name(&application));
        let admin = server.admin().await;
        let made = format!("CREATE ROLE {clone} LOGIN NOINHERIT; GRANT {base} TO {clone}");
        as_user(server, admin, "postgres", &made).await.expect("the superuser may");
        let credentials = Credentials::new(&clone);
        server.set_password(&credentials).await;
        application.store_previous(&credentials).await;
        let owned = format!("CREATE SCHEMA s; CREATE TABLE s.t (a int); ALTER TABLE s.t OWNER TO {clone}");
        server.execute(&application.app.database, &owned).await;
        application.rotate_ok().await;
        let owner = "SELECT relowner::regrole FROM pg_class WHERE relname = 't'";
        assert_eq!(server.values(&application.app.database, owner).await, [base], "on {version}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_names_the_clone_is_refused_before_the_turn_of_the_base() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let application = Application::start(server, Setup::alternating_users()).await;
        let (base, clone) = (application.app.user().to_owned(), clone_name(&application));
        application.rotate_ok().await;
        let policy =
            format!("CREATE TABLE public.t (a int); CREATE POLICY p ON public.t TO {clone} USING (true)");
        server.execute(&application.app.database, &policy).await;
        let refusal = application.rotate_expect_err().await;
        let remedy = format!("ALTER POLICY p ON public.t TO {clone}, {base}");
        assert!(refusal.contains(&remedy), "{remedy} is not in: {refusal}");
        server.execute(&application.app.database, &remedy).await;
        application.rotate_ok().await;
    }
}

/// Each sign-in computes the iterations: they must fit into a function's time.
#[tokio::test(flavor = "multi_thread")]
async fn too_many_scram_iterations_are_refused_before_anything_changes() {
    for version in postgres_versions().into_iter().filter(|version| *version >= 16) {
        let server = Postgres::shared(version).await;
        let application = Application::start(server, Setup::single_user()).await;
        let user = application.app.user();
        server.execute("postgres", &format!("ALTER ROLE {user} SET scram_iterations = 2000000000")).await;
        let refusal = application.rotate_expect_err().await;
        assert!(refusal.contains("scram_iterations is 2000000000"), "{refusal}");
        assert!(application.signs_in("AWSCURRENT").await);
    }
}

/// A table in a schema that is closed to its base changes hands all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_the_clone_in_a_schema_closed_to_its_base_is_reassigned_to_the_base() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let application = Application::start(server, Setup::alternating_users()).await;
        application.rotate_ok().await;
        let owned = format!(
            "CREATE SCHEMA closed; CREATE TABLE closed.t (a int); ALTER TABLE closed.t OWNER TO {}",
            clone_name(&application)
        );
        server.execute(&application.app.database, &owned).await;
        application.rotate_ok().await;
        let owner = "SELECT relowner::regrole FROM pg_class WHERE relname = 't'";
        assert_eq!(
            server.values(&application.app.database, owner).await,
            [application.app.user()],
            "on {version}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_only_looks_like_the_clone_is_refused_and_left_alone() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let application = Application::start(server, Setup::alternating_users()).await;
        let stranger = Credentials::new(&clone_name(&application));
        server
            .execute(
                "postgres",
                &format!("CREATE ROLE {} LOGIN CREATEDB IN ROLE pg_monitor", name(&stranger.user)),
            )
            .await;
        server.set_password(&stranger).await;
        let refusal = application.rotate_expect_err().await;
        for part in ["nothing shows that", "pg_monitor", "CREATEDB", "GRANT"] {
            assert!(refusal.contains(part), "{part} is not in: {refusal}");
        }
        assert!(server.signs_in(&stranger, "postgres").await);
    }
}

/// A plain GRANT repairs neither option.
#[tokio::test(flavor = "multi_thread")]
async fn a_membership_without_inherit_or_set_is_repaired() {
    for version in postgres_versions().into_iter().filter(|version| *version >= 16) {
        let server = Postgres::shared(version).await;
        let application = Application::start(server, Setup::alternating_users()).await;
        foreign_clone(&application).await;
        let (base, clone) = (application.app.user(), clone_name(&application));
        let admin = server.admin().await;
        let mut session = server.sign_in(admin, "postgres").await.expect("the superuser signs in");
        let broken = format!("GRANT {base} TO {clone} WITH INHERIT FALSE, SET FALSE");
        testbed::postgres::run(&mut session, &broken).await.expect("a broken membership");
        rotate_to_clone(&application).await;
    }
}
