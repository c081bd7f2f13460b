//! On MySQL and MariaDB.

use sqlx::MySqlConnection;
use testbed::{
    Application, Credentials, MySql, MySqlOptions, MySqlVersion, Server as _, Setup, mysql, mysql_versions,
    remedy,
};

use super::{
    Clients, a_session_that_begins_meanwhile_goes_on, application, blocks, current,
    each_step_alone_comes_to_the_same_end, killed_at_any_line_it_goes_on_from_there, rotate_by_hand,
    what_is_wrong_is_named, what_leaked_is_dead, with_each_setup,
};
use crate::support::Desk;

/// A server that waits for a client that signs in no longer than the tests do.
pub(super) async fn server(version: MySqlVersion) -> MySql {
    let settings = [("connect-timeout", "2")];
    MySql::start(version, MySqlOptions { settings: &settings, ..MySqlOptions::default() }).await
}

impl Clients for MySql {
    type Session = MySqlConnection;

    async fn open(&self, user: &Credentials) -> MySqlConnection {
        self.sign_in(user, "").await.expect("it signs in")
    }

    async fn is_open(session: &mut MySqlConnection) -> bool {
        mysql::run(session, "SELECT 1").await.is_ok()
    }
}

fn rotations(setup: &Setup<'_>) -> usize {
    if setup.function.ends_with("alternating-users") { 2 } else { 1 }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_leaked_signs_in_nowhere_and_its_sessions_have_ended() {
    for version in mysql_versions() {
        with_each_setup(server(version).await, |server, setup| async move {
            let rotations = rotations(&setup);
            what_leaked_is_dead(&*server, setup, rotations).await;
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_has_the_new_password_keeps_its_session() {
    for version in mysql_versions() {
        a_session_that_begins_meanwhile_goes_on(&server(version).await, Setup::mysql_single_user()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_step_can_be_taken_alone() {
    with_each_setup(server(mysql_versions()[0]).await, |server, setup| async move {
        let discards = usize::from(setup.function.ends_with("dual-password"));
        let steps = rotations(&setup) + 1 + discards;
        each_step_alone_comes_to_the_same_end(&*server, setup, steps).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_killed_is_run_again() {
    if mysql_versions().contains(&MySqlVersion::MySql97) {
        let server = server(MySqlVersion::MySql97).await;
        killed_at_any_line_it_goes_on_from_there(&server, Setup::mysql_dual_password()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_named_with_what_to_do() {
    let server = server(mysql_versions()[0]).await;
    what_is_wrong_is_named(&server, Setup::mysql_single_user()).await;
}

/// An account of the same name at another host has the same password, and so has one without a name, by which anybody signs in from
/// there. No sign-in from here shows that.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_at_another_host_is_found_and_locked_by_what_is_printed() {
    for version in mysql_versions() {
        let server = server(version).await;
        let application = application(&server, Setup::mysql_single_user()).await;
        let desk = Desk::of(&application);
        let (leaked, credentials) = current(&application).await;
        let (user, password) = (mysql::name(&credentials.user), mysql::text(&credentials.password));
        for name in [&*user, "``"] {
            server.execute(&format!("CREATE USER {name}@`10.0.0.1` IDENTIFIED BY {password}")).await;
        }
        if version != MySqlVersion::MySql97 {
            // A role is no account: nobody signs in by it.
            server.execute(&format!("CREATE ROLE {user}")).await;
        }
        let command = [application.arn.as_str(), "--leaked", &leaked, "--run", "all"];
        let said = desk.revoked(&command).await;
        assert!(said.contains("not proven: accounts of these users at other hosts"), "{version}: {said}");

        let command = [&command[..], &["--administrator", &application.superuser_arn]].concat();
        let error = desk.not_revoked(&command).await;
        assert!(error.contains("the password signs in by"), "{version}: {error}");
        let locks = error.split_once("as an administrator run: ").expect("statements").1;
        let locks = locks.split_once("; then run the same command again").expect("an end").0;
        for account in [format!("{user}@`10.0.0.1`"), "``@`10.0.0.1`".to_owned()] {
            assert!(locks.contains(&format!("ALTER USER {account} ACCOUNT LOCK")), "{version}: {error}");
        }
        for statement in locks.split("; ") {
            server.execute(statement).await;
        }
        let said = desk.revoked(&command).await;
        let accounts = format!("that of none of the accounts {user}@`%`, {user}@`10.0.0.1`");
        assert!(said.contains(&accounts) || said.contains("`10.0.0.1`, "), "{version}: {said}");
        assert!(!said.contains("not proven") && !said.contains(&format!("{user}@``")), "{version}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn by_hand_the_page_says_the_same() {
    for version in mysql_versions() {
        let server = server(version).await;
        for setup in server.setups() {
            let application = application(&server, setup.clone()).await;
            let credentials = current(&application).await.1;
            let mut open = server.open(&credentials).await;
            rotate_by_hand(&application, rotations(&setup)).await;
            let now = application.credentials("AWSCURRENT").await.expect("a version");
            let mut session = server.open(&now).await;
            let [_, block] = &blocks("By hand", "sql")[..] else { panic!("other blocks") };
            let (kills, discard) = block.trim_end().split_once('\n').expect("two lines");
            if setup.function.ends_with("dual-password") {
                assert!(server.signs_in(&credentials, "").await, "it is the second password");
                mysql::run(&mut session, discard).await.expect("it may");
            }
            let kills = kills.replace("'app'", &mysql::text(&credentials.user));
            for kill in mysql::run(&mut session, &kills).await.expect("it may") {
                // A session that has ended meanwhile is no longer there to be ended, as the page says.
                if let Err(error) = mysql::run(&mut session, &kill).await {
                    assert_eq!(mysql::number(&error), Some(1094), "{kill}: {error}");
                }
            }
            assert!(MySql::ends(&mut open).await && !server.signs_in(&credentials, "").await);
            assert!(application.signs_in("AWSCURRENT").await);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_who_may_not_look_at_accounts_is_told_the_grant() {
    for version in mysql_versions() {
        let server = server(version).await;
        let application = application(&server, Setup::mysql_single_user()).await;
        let (user, password) = ("looks".to_owned(), "pw-Of-who-looks-1".to_owned());
        server.execute("CREATE USER looks@`%` IDENTIFIED BY 'pw-Of-who-looks-1'").await;
        application.store_superuser(&server.secret(&Credentials { user, password }, "mysql")).await;
        let (leaked, _) = current(&application).await;
        let (arn, administrator) = (&*application.arn, &*application.superuser_arn);
        let command = [arn, "--leaked", &leaked, "--run", "all", "--administrator", administrator];
        let desk = Desk::of(&application);
        let error = desk.not_revoked(&command).await;
        for grant in remedy(&error, "an administrator") {
            server.execute(&grant).await;
        }
        let said = desk.revoked(&command).await;
        assert!(said.contains("that of none of the accounts"), "{version}: {said}");
    }
}

/// PAM and LDAP compare the password elsewhere, and may store nothing in the account.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_whose_password_is_kept_elsewhere_is_not_proven() {
    for version in mysql_versions() {
        let server = server(version).await;
        let application = application(&server, Setup::mysql_single_user()).await;
        let leaked = current(&application).await.0;
        let user = mysql::name(application.app.user());
        server.execute(&format!("CREATE USER {user}@`10.0.0.1`")).await;
        let change = match version {
            MySqlVersion::MySql97 => {
                "UPDATE mysql.user SET plugin = 'authentication_ldap_simple', authentication_string = ''"
            }
            MySqlVersion::MariaDb118 | MySqlVersion::MariaDb1011 => {
                "UPDATE mysql.global_priv SET Priv = '{\"access\": 0, \"plugin\": \"pam\"}'"
            }
        };
        let name = mysql::text(application.app.user());
        server.execute(&format!("{change} WHERE Host = '10.0.0.1' AND User = {name}")).await;
        let administrator = &application.superuser_arn;
        let command =
            [&application.arn, "--leaked", &leaked, "--run", "all", "--administrator", administrator];
        let said = Desk::of(&application).revoked(&command).await;
        let not_proven = format!("not proven: {user}@`10.0.0.1` signs in by a method");
        assert!(said.contains(&not_proven), "{version}: {said}");
    }
}

/// A second password at the account that no secret has counts as well.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_password_of_another_account_is_found() {
    if !mysql_versions().contains(&MySqlVersion::MySql97) {
        return;
    }
    let server = server(MySqlVersion::MySql97).await;
    let application = application(&server, Setup::mysql_single_user()).await;
    let (leaked, credentials) = current(&application).await;
    let (user, password) = (mysql::name(&credentials.user), mysql::text(&credentials.password));
    server.execute(&format!("CREATE USER {user}@`10.0.0.1` IDENTIFIED BY {password}")).await;
    server
        .execute(&format!("ALTER USER {user}@`10.0.0.1` IDENTIFIED BY 'Another-1' RETAIN CURRENT PASSWORD"))
        .await;
    let error = Desk::of(&application)
        .not_revoked(&[
            &application.arn,
            "--leaked",
            &leaked,
            "--run",
            "all",
            "--administrator",
            &application.superuser_arn,
        ])
        .await;
    assert!(error.contains("`10.0.0.1`"), "{error}");
}

/// After a rotation that was given up, AWSCURRENT is the second password, and DISCARD OLD PASSWORD would end it.
#[tokio::test(flavor = "multi_thread")]
async fn the_discarded_password_is_never_awscurrent() {
    if !mysql_versions().contains(&MySqlVersion::MySql97) {
        return;
    }
    let server = server(MySqlVersion::MySql97).await;
    let application: Application<'_, MySql> = application(&server, Setup::mysql_dual_password()).await;
    let pending = application.begin().await;
    for step in ["createSecret", "setSecret"] {
        application.step(step, &pending).await.expect("it succeeds");
    }
    let given_up = application.credentials("AWSPENDING").await.expect("a pending version");
    application.abandon(&pending).await;
    assert!(server.signs_in(&given_up, "").await && application.signs_in("AWSCURRENT").await);
    let desk = Desk::of(&application);
    let before = current(&application).await.1;
    let said = desk.revoked(&[&application.arn, "--leaked", &pending, "--run", "next"]).await;
    assert!(said.contains("rotated"), "{said}");
    assert!(!server.signs_in(&given_up, "").await && application.signs_in("AWSCURRENT").await, "{said}");
    assert!(server.signs_in(&before, "").await, "{said}");
    let said = desk.revoked(&[&application.arn, "--leaked", &pending, "--run", "all"]).await;
    assert!(said.contains("proven") && application.signs_in("AWSCURRENT").await, "{said}");
}

/// Without the privilege to discard it, another rotation ends the second password.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_password_that_may_not_be_discarded_is_rotated_out() {
    if !mysql_versions().contains(&MySqlVersion::MySql97) {
        return;
    }
    let server = server(MySqlVersion::MySql97).await;
    let application = application(&server, Setup::mysql_dual_password()).await;
    let user = mysql::name(application.app.user());
    server.execute(&format!("ALTER USER {user}@`%` PASSWORD HISTORY 5")).await;
    let (leaked, credentials) = current(&application).await;
    let said = Desk::of(&application).revoked(&[&application.arn, "--leaked", &leaked, "--run", "all"]).await;
    assert_eq!(said.matches("rotated: ").count(), 2, "{said}");
    assert!(!server.signs_in(&credentials, "").await && application.signs_in("AWSCURRENT").await, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_ends_the_sessions_as_the_page_says() {
    for version in mysql_versions() {
        let server = server(version).await;
        let application = application(&server, Setup::mysql_single_user()).await;
        let mut open = server.open(&current(&application).await.1).await;
        let [_, block] = &blocks("As an administrator", "sql")[..] else { panic!("other blocks") };
        for kill in server.values(&block.replace("'app'", &mysql::text(application.app.user()))).await {
            server.execute(&kill).await;
        }
        assert!(MySql::ends(&mut open).await);
    }
}
