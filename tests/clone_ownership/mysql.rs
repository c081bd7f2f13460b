//! On MySQL and MariaDB neither a name identifies a clone, nor an attribute that the account's user can write.

use serde_json::{Value, json};
use testbed::mysql::text;
use testbed::{Application, Credentials, MySql, MySqlOptions, Setup, mysql_versions, remedy};

use crate::support::mysql::accounts;
use crate::support::{claim, store_as_previous};

/// An account of this name, with its password.
async fn account(server: &MySql, user: &str) -> Credentials {
    let account = Credentials::new(user);
    let password = text(&account.password);
    server.execute(&format!("CREATE USER `{user}`@`%` IDENTIFIED BY {password}")).await;
    account
}

/// A secret that its writer filled with what is its own: an account that is called a clone of the victim's.
fn own(account: &Credentials) -> Value {
    json!({"username": account.user, "password": account.password, "dbname": null})
}

/// The holder of `victim_clone` writes a mark onto its account, which needs no privilege, and waits for the base's password.
/// On MariaDB, which knows no marks, it has the victim's rights already. And AWSPREVIOUS is what it makes up.
#[tokio::test(flavor = "multi_thread")]
async fn a_marked_account_that_is_called_a_clone_does_not_get_its_bases_password() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let victim = server.create_app("victim").await;
        let attacker = account(server, &format!("{}_clone", victim.user())).await;
        if version.is_mariadb() {
            let rights = "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, REFERENCES";
            let grant = format!("GRANT {rights} ON {}.* TO `{}`@`%`", victim.database, attacker.user);
            server.execute(&grant).await;
        } else {
            let mark = format!(
                "ALTER USER `{}`@`%` IDENTIFIED BY {} ATTRIBUTE '{{\"rotation.clone_of\": \"{}\"}}'",
                attacker.user,
                text(&attacker.password),
                victim.user()
            );
            let mut session = server.sign_in(&attacker, "").await.expect("the attacker signs in");
            testbed::mysql::run(&mut session, &mark).await.expect("nobody needs a privilege for that");
        }
        let setup = Setup { fields: own(&attacker), ..Setup::mysql_alternating_users() };
        let mut application = Application::start(server, setup).await;
        application.app.database = String::new();
        let mut made_up = application.stored("AWSCURRENT").await.expect("a first version");
        let current = made_up.clone();
        made_up["username"] = json!(victim.user());
        made_up["password"] = json!("a guess, no more");
        application.store_current(&made_up).await;
        application.store_current(&current).await;
        let before = accounts(server, &[victim.user(), &attacker.user]).await;
        let refusal = application.rotate_expect_err().await;
        assert!(refusal.contains("nothing shows that") && refusal.contains(victim.user()), "{refusal}");
        assert_eq!(accounts(server, &[victim.user(), &attacker.user]).await, before, "on {version}");
        assert!(server.signs_in(&victim.credentials, &victim.database).await, "on {version}");
    }
}

/// Somebody takes the clone's name before the first rotation: it gets no right, and its holder is not locked out. Then each
/// of the two remedies of the refusal.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_was_there_before_the_first_rotation_gets_nothing_on_mysql() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        for is_ours in [false, true] {
            let application = Application::start(server, Setup::mysql_alternating_users()).await;
            let squatter = account(server, &format!("{}_clone", application.app.user())).await;
            let open = server.sign_in(&squatter, "").await.expect("it signs in");
            let before = accounts(server, &[application.app.user(), &squatter.user]).await;
            let refusal = application.rotate_expect_err().await;
            assert!(refusal.contains("nothing shows that"), "{refusal}");
            assert_eq!(accounts(server, &[application.app.user(), &squatter.user]).await, before);
            assert!(server.signs_in(&squatter, "").await, "on {version}");
            if is_ours {
                store_as_previous(&application, &refusal, &squatter).await;
            } else {
                let dropped = remedy(&refusal, "an administrator");
                let [lock, kill, drop] = &dropped[..] else { panic!("{dropped:?}") };
                assert!(lock.ends_with("ACCOUNT LOCK") && kill.starts_with("KILL"), "{dropped:?}");
                for statement in [lock, kill, drop] {
                    server.execute(statement).await;
                }
            }
            application.rotate_ok().await;
            assert!(application.signs_in("AWSCURRENT").await, "on {version}");
            let mut open = open;
            let alive = testbed::mysql::run(&mut open, "SELECT 1").await.is_ok();
            assert_eq!(alive, is_ours, "the session that was open before, on {version}");
            // Both take their turns from there on.
            application.rotate_ok().await;
            application.rotate_ok().await;
        }
    }
}

/// At one host the clone is the application's, at another somebody else's.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_of_the_clones_name_at_another_host_is_not_the_clone_by_that() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let application = Application::start(server, Setup::mysql_alternating_users()).await;
        application.rotate_ok().await;
        application.rotate_ok().await;
        let (base, password) = (application.app.user(), text(&current(&application).await.password));
        // The base has both.
        for statement in [
            format!("CREATE USER `{base}`@`10.%` IDENTIFIED BY {password}"),
            format!(
                "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, REFERENCES ON {}.* TO `{base}`@`10.%`",
                application.app.database
            ),
            format!("CREATE USER `{base}_clone`@`10.%` IDENTIFIED BY 'somebody elses'"),
        ] {
            server.execute(&statement).await;
        }
        let clone = format!("{base}_clone");
        let before = accounts(server, &[base, &clone]).await;
        let refusal = application.rotate_expect_err().await;
        assert!(refusal.contains(&format!("nothing shows that `{clone}`@`10.%` is")), "{refusal}");
        assert_eq!(accounts(server, &[base, &clone]).await, before, "on {version}");
    }
}

async fn current(application: &Application<'_, MySql>) -> Credentials {
    application.credentials("AWSCURRENT").await.expect("a current version")
}

/// Every way in which these servers store a password, and a clone whose password is in none but an unlabelled version.
#[tokio::test(flavor = "multi_thread")]
async fn a_clone_is_known_by_its_password_however_it_is_stored_and_whichever_version_holds_it() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let methods = if version.is_mariadb() {
            vec!["mysql_native_password"]
        } else {
            vec!["caching_sha2_password", "sha256_password"]
        };
        for method in methods {
            let application = Application::start(server, Setup::mysql_alternating_users()).await;
            let password = text(&application.app.credentials.password);
            let by = if version.is_mariadb() {
                format!("VIA {method} USING PASSWORD({password})")
            } else {
                format!("WITH {method} BY {password}")
            };
            server.execute(&format!("ALTER USER `{}`@`%` IDENTIFIED {by}", application.app.user())).await;
            for _turn in 0..3 {
                application.rotate_ok().await;
                assert!(application.signs_in("AWSCURRENT").await, "{method} on {version}");
            }
            // A rotation given up after setSecret leaves the other user's password on a version without a label.
            let pending = application.begin().await;
            for step in ["createSecret", "setSecret"] {
                application.step(step, &pending).await.expect(step);
            }
            application.abandon(&pending).await;
            application.rotate_ok().await;
            assert!(application.signs_in("AWSCURRENT").await, "{method} on {version}");
        }
    }
}

/// 9.7 can store PBKDF2 instead of crypt.
#[tokio::test(flavor = "multi_thread")]
async fn a_clone_is_known_where_mysql_stores_pbkdf2() {
    for version in mysql_versions().into_iter().filter(|version| !version.is_mariadb()) {
        let settings = [("caching-sha2-password-storage-format", "PBKDF2_SHA512")];
        let options = testbed::MySqlOptions { settings: &settings, ..testbed::MySqlOptions::default() };
        let server = MySql::start(version, options).await;
        let application = Application::start(&server, Setup::mysql_alternating_users()).await;
        for _turn in 0..4 {
            application.rotate_ok().await;
        }
        let stored = "SELECT LEFT(authentication_string, 3) FROM mysql.user WHERE User LIKE 'app%'";
        assert_eq!(server.values(stored).await, ["$B$", "$B$"]);
    }
}

/// An account that is granted to another as a role, or that another may act as: what the clone gets is theirs, too.
#[tokio::test(flavor = "multi_thread")]
async fn a_clone_that_others_act_as_is_refused_until_that_is_revoked() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let mut ways = vec!["GRANT PROXY ON {clone} TO {other}"];
        if !version.is_mariadb() {
            ways.push("GRANT {clone} TO {other}");
        }
        for way in ways {
            let application = Application::start(server, Setup::mysql_alternating_users()).await;
            application.rotate_ok().await;
            application.rotate_ok().await;
            let clone = format!("`{}_clone`@`%`", application.app.user());
            let other = account(server, &format!("o{}", application.app.user())).await;
            let grant = way.replace("{clone}", &clone).replace("{other}", &format!("`{}`@`%`", other.user));
            server.execute(&grant).await;
            let refusal = application.rotate_expect_err().await;
            assert!(refusal.contains("others can act as"), "{refusal}");
            if way.contains("PROXY") {
                // As nobody but the clone itself may on RDS.
                let previous = application.credentials("AWSPREVIOUS").await.expect("the clone's");
                let mut session = server.sign_in(&previous, "").await.expect("the clone signs in");
                for statement in remedy(&refusal, &clone) {
                    testbed::mysql::run(&mut session, &statement).await.expect("it may");
                }
            } else {
                for statement in remedy(&refusal, "an administrator") {
                    server.execute(&statement).await;
                }
            }
            application.rotate_ok().await;
        }
    }
}

/// The owner of an account with the clone's name sets its password to a leaked former password of the application.
#[tokio::test(flavor = "multi_thread")]
async fn a_former_password_of_the_base_does_not_prove_the_clone() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let application = Application::start(server, Setup::mysql_alternating_users()).await;
        let (user, leaked) = (application.app.user(), text(&application.app.credentials.password));
        let mut current = application.stored("AWSCURRENT").await.expect("a first version");
        for number in 0..3 {
            current["password"] = json!(format!("changed-by-hand-{number}"));
            application.store_current(&current).await;
            let change = format!("ALTER USER `{user}`@`%` IDENTIFIED BY 'changed-by-hand-{number}'");
            server.execute(&change).await;
        }
        let clone = format!("{user}_clone");
        server.execute(&format!("CREATE USER `{clone}`@`%` IDENTIFIED BY {leaked}")).await;
        let before = accounts(server, &[user, &clone]).await;
        let refusal = application.rotate_expect_err().await;
        assert!(refusal.contains("nothing shows that"), "{refusal}");
        assert_eq!(accounts(server, &[user, &clone]).await, before, "on {version}");
    }
}

/// "Expired" is also said of an anonymous account, which a name without one of its own at this host is signed in to.
#[tokio::test(flavor = "multi_thread")]
async fn an_anonymous_account_that_has_expired_proves_nobodys_password() {
    for version in mysql_versions() {
        let server = MySql::start(version, MySqlOptions::default()).await;
        let application = Application::start(&server, Setup::mysql_single_user()).await;
        let victim = server.create_app("victim").await.credentials;
        let made_long_ago = if version.is_mariadb() {
            "UPDATE mysql.global_priv SET Priv = JSON_SET(Priv, '$.password_last_changed', 1577836800) WHERE User = ''"
        } else {
            "UPDATE mysql.user SET password_last_changed = '2020-01-01 00:00:00' WHERE User = ''"
        };
        for statement in [
            "RENAME USER `master`@`%` TO `master`@`localhost`",
            "CREATE USER ``@`localhost` IDENTIFIED BY 'guest-password'",
            "SET GLOBAL default_password_lifetime = 90",
            made_long_ago,
            "FLUSH PRIVILEGES",
        ] {
            server.execute(statement).await;
        }
        claim(&application, &victim.user, &json!({"password": "guest-password", "dbname": null})).await;
        let before = accounts(&server, &[&victim.user]).await;
        let refusal = application.rotate_expect_err().await;
        assert!(refusal.contains("but of another account"), "{refusal}");
        assert_eq!(accounts(&server, &[&victim.user]).await, before, "on {version}");
        server.execute("DROP USER ``@`localhost`").await;
        assert!(server.signs_in(&victim, "").await, "on {version}");
    }
}

/// The server has a new host name: the stored verifiers are compared without a sign-in.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_has_moved_goes_on_rotating() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let application = Application::start(server, Setup::mysql_alternating_users()).await;
        application.rotate_ok().await;
        let mut superuser = server.secret(server.admin().await, "mysql");
        superuser["host"] = json!("127.0.0.1");
        application.store_superuser(&superuser).await;
        let mut current = application.stored("AWSCURRENT").await.expect("a current version");
        current["host"] = json!("127.0.0.1");
        application.store_current(&current).await;
        for _turn in 0..3 {
            application.rotate_ok().await;
            assert!(application.signs_in("AWSCURRENT").await, "on {version}");
        }
    }
}
