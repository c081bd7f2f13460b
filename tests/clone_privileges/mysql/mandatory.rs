//! Roles that every user has (`mandatory_roles`): a server lets nobody revoke one, so a clone keeps what it was granted earlier.

use testbed::{Application, MySql, MySqlOptions, MySqlVersion, Setup, mysql_versions, remedies};

/// An administrator revokes a role from all users, and makes it mandatory: only the clone, which was made before, was granted it.
#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_became_mandatory_is_revoked_from_no_clone_until_it_is_not() {
    if !mysql_versions().contains(&MySqlVersion::MySql97) {
        return;
    }
    let server = MySql::start(MySqlVersion::MySql97, MySqlOptions::default()).await;
    for (role, option, turns) in [
        ("read", "", 1),
        ("write", "", 2),
        ("own", " WITH ADMIN OPTION", 1),
        ("run", " WITH ADMIN OPTION", 2),
    ] {
        let application = Application::start(&server, Setup::mysql_alternating_users()).await;
        let user = application.app.user();
        let role = format!("`{role}`@`at.%`");
        server.execute(&format!("CREATE ROLE {role}, {user}_other")).await;
        let superuser = application.server.admin().await.user.clone();
        server.execute(&format!("GRANT {role}, {user}_other TO `{superuser}`@`%` WITH ADMIN OPTION")).await;
        server.execute(&format!("GRANT {role}, {user}_other TO `{user}`@`%`{option}")).await;
        for _turn in 0..turns {
            application.rotate_ok().await;
        }
        server.execute(&format!("REVOKE {role} FROM `{user}`@`%`")).await;
        server.execute(&format!("SET GLOBAL mandatory_roles = '{role}'")).await;
        for turn in 1..=3 {
            let rotation = application.rotate().await;
            assert!(rotation.succeeded, "turn {turn} after {turns}, {role}{option}: {rotation:#?}");
        }
        server.execute("SET GLOBAL mandatory_roles = ''").await;
        if application.credentials("AWSCURRENT").await.expect("a version").user != user {
            let refusal = application.rotate_expect_err().await;
            assert!(refusal.contains(&format!(" may not: role {role}")), "{refusal}");
            for statement in &remedies(&refusal).last().expect("to take it").statements {
                server.execute(statement).await;
            }
            application.rotate_ok().await;
        }
        application.rotate_ok().await;
        let clone = server.rows_about(&format!("{user}_clone")).await;
        assert_eq!(server.rows_about(user).await, clone, "after {turns}, {role}{option}");
    }
}
