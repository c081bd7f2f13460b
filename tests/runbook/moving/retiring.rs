//! The clone of alternating users is given up, at either user's turn.

use testbed::{Server, mysql};

use super::all_of_postgres;
use crate::runbook::{Administrated, Desk, MOVING, Section, mysql_and_mariadb};

/// To single user, when the clone is current or the base.
async fn moved<'a, S: Administrated>(server: &'a S, turns: usize) -> Desk<'a, S> {
    let section = Section::on(server, MOVING, "From alternating users to single user");
    let desk = Desk::rotated_by(server, "alternating-users").await;
    for _turn in 1..turns {
        desk.attach("alternating-users").await;
    }
    let rotate = section.sh("rotate-secret --secret-id app\n");
    if turns == 1 {
        desk.rotate_ok(rotate).await;
    }
    assert_eq!(desk.credentials("AWSCURRENT").await.expect("a version").user, desk.app.user());
    desk.set("FUNCTION", &desk.function("single-user"));
    desk.rotate_ok(section.sh("rotate-secret --secret-id app --rotation-lambda-arn")).await;
    desk.rotate_ok(rotate).await;
    assert!(desk.signs_in("AWSCURRENT").await);
    desk
}

async fn ends<S: Administrated>(desk: &Desk<'_, S>, section: &Section) {
    let shown = desk.sh(section.sh("get-secret-value")).await;
    assert_eq!(shown.trim(), desk.app.user());
    desk.attach("single-user").await;
    assert!(desk.signs_in("AWSCURRENT").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_on_postgres_leaves_all_that_it_owned_to_its_base() {
    for server in all_of_postgres().await {
        for turns in [1, 2] {
            let desk = moved(server, turns).await;
            let section = Section::on(server, MOVING, "Retiring a clone");
            let database = &desk.app.database;
            // A session as the clone that made objects in its own name.
            let clone = testbed::Credentials::new(&desk.clone_name());
            server.set_password(&clone).await;
            let schema =
                format!("CREATE SCHEMA s AUTHORIZATION {}; GRANT ALL ON SCHEMA s TO", desk.app.user());
            server.execute(database, &format!("{schema} {}", clone.user)).await;
            let mut session = server.sign_in(&clone, database).await.expect("the clone signs in");
            let made = "SET ROLE NONE; CREATE TABLE s.of_the_clone (a int)";
            testbed::postgres::run(&mut session, made).await.expect("a table");

            let seen = desk.sql(section.sql("GRANT app_clone TO CURRENT_USER")).await;
            assert_eq!(seen, ["127.0.0.1"], "on {}", server.name());
            let ended = desk.sql(section.sql("ALTER ROLE app_clone NOLOGIN")).await;
            assert_eq!(ended, ["t"]);
            assert!(testbed::postgres::run(&mut session, "SELECT 1").await.is_err(), "its session is over");
            desk.sql(section.sql("GRANT app TO CURRENT_USER")).await;
            desk.sql(section.sql("DROP ROLE")).await;
            let owner = "SELECT tableowner FROM pg_tables WHERE tablename = 'of_the_clone'";
            assert_eq!(server.values(database, owner).await, [desk.app.user()]);
            let admin = &Server::admin(server).await.user;
            let is_member = format!("SELECT pg_has_role('{admin}', '{}', 'USAGE')::text", desk.app.user());
            assert_eq!(
                server.values("postgres", &is_member).await,
                ["false"],
                "what it was given is taken back"
            );
            ends(&desk, &section).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_on_mysql_is_looked_through_for_definers_and_dropped() {
    for server in mysql_and_mariadb().await {
        for turns in [1, 2] {
            let desk = moved(server, turns).await;
            let section = Section::on(server, MOVING, "Retiring a clone");
            let (database, clone) = (&desk.app.database, desk.clone_name());
            let credentials = testbed::Credentials::new(&clone);
            let password = mysql::text(&credentials.password);
            server.execute(&format!("ALTER USER {clone}@'%' IDENTIFIED BY {password}")).await;
            server.execute(&format!("CREATE DEFINER = {clone}@'%' VIEW {database}.v AS SELECT 1 AS a")).await;
            server.execute(&format!("CREATE DEFINER = {clone}@'%' PROCEDURE {database}.p() SELECT 1")).await;
            let mut session = server.sign_in(&credentials, database).await.expect("the clone signs in");

            let seen = desk.sql(section.sql("SELECT HOST")).await;
            assert_eq!(seen.len(), 1, "{seen:?}");
            let ids = desk.sql(section.sql("ALTER USER app_clone")).await;
            // RDS's procedure lets its master user do this.
            server.execute(&format!("KILL {}", ids[0])).await;
            assert!(mysql::run(&mut session, "SELECT 1").await.is_err(), "its session is over");
            assert!(server.sign_in(&credentials, database).await.is_err(), "it is locked");
            let mut defined = desk.sql(section.sql("SELECT CONCAT")).await;
            defined.sort();
            assert_eq!(defined, [format!("PROCEDURE {database}.p"), format!("VIEW {database}.v")]);
            server.execute(&format!("DROP VIEW {database}.v; DROP PROCEDURE {database}.p")).await;
            desk.sql(section.sql("DROP USER")).await;
            ends(&desk, &section).await;
        }
    }
}
