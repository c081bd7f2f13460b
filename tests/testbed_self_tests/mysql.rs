//! What the tests on MySQL and MariaDB rely on.

use std::fs;

use testbed::fault_proxy::Fault;
use testbed::mysql::{number, run};
use testbed::{Credentials, FaultProxy, MySql, MySqlOptions, mysql_versions};

#[tokio::test(flavor = "multi_thread")]
async fn every_version_is_what_it_is_called_and_its_superuser_lacks_super() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let (product, number) = version
            .to_string()
            .split_once('-')
            .map(|(p, n)| (p.to_owned(), n.to_owned()))
            .expect("two words");
        let said = server.values("SELECT VERSION()").await.concat();
        assert!(said.starts_with(&format!("{number}.")), "{said}");
        assert_eq!(said.contains("MariaDB"), product == "mariadb", "{said}");
        let mut admin = server.sign_in(server.admin().await, "").await.expect("the superuser signs in");
        let may = run(&mut admin, "SHOW GRANTS").await.expect("its own").concat();
        assert!(
            may.contains("CREATE USER") && !may.contains("SUPER") && !may.contains("SYSTEM_USER"),
            "{may}"
        );
    }
}

/// Sign-ins, and each way in which one is rejected.
#[tokio::test(flavor = "multi_thread")]
async fn the_log_counts_sign_ins_and_failed_ones_and_holds_nothing_of_roots() {
    for version in mysql_versions() {
        let server = MySql::start(version, MySqlOptions::default()).await;
        let app = server.create_app("counted").await;
        let log = server.log();
        assert!(server.signs_in(&app.credentials, &app.database).await);
        assert_eq!((log.authorized(app.user()), log.failed(app.user())), (1, 0), "{}", log.text());
        let wrong = Credentials { password: "wrong".into(), ..app.credentials.clone() };
        assert!(!server.signs_in(&wrong, "").await);
        assert!(!server.signs_in(&Credentials::new("nobody"), "").await);
        let refused = server.sign_in(&app.credentials, "mysql").await.expect_err("it may not open that");
        assert_eq!(number(&refused), Some(1044));
        server.execute(&format!("ALTER USER `{}`@`%` ACCOUNT LOCK", app.user())).await;
        assert!(!server.signs_in(&app.credentials, "").await);
        assert_eq!((log.authorized(app.user()), log.failed(app.user())), (1, 3), "{}", log.text());
        assert_eq!((log.authorized("nobody"), log.failed("nobody")), (0, 1));
        assert!(!log.contains("ACCOUNT LOCK"), "{}", log.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_ends_and_its_folder_is_gone_when_it_is_dropped() {
    for version in mysql_versions() {
        let server = MySql::start(version, MySqlOptions::default()).await;
        let folder = server.folder();
        let process = fs::read_to_string(folder.join("server/pid")).expect("the server says who it is");
        let process = format!("/proc/{}", process.trim());
        assert!(fs::exists(&process).is_ok_and(|runs| runs));
        assert!(folder.join("server/data").is_dir());
        drop(server);
        while folder.exists() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        // The folder goes when the server has ended. (Its port may be another's by now.)
        assert!(fs::exists(&process).is_ok_and(|runs| !runs));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fault_proxy_hides_tls_and_still_sees_who_signs_in() {
    let server = MySql::shared(mysql_versions()[0]).await;
    let proxy = FaultProxy::to(server.port(), Fault::HidesTls).await;
    let options = |mode| {
        sqlx::mysql::MySqlConnectOptions::new()
            .host("localhost")
            .port(proxy.port())
            .username("x")
            .password("y")
            .ssl_mode(mode)
    };
    use sqlx::ConnectOptions;
    use sqlx::mysql::MySqlSslMode;
    let refused = options(MySqlSslMode::Required).connect().await.expect_err("there is no TLS");
    assert!(matches!(refused, sqlx::Error::Tls(_)), "{refused}");
    assert_eq!(proxy.cleartext_sign_ins(), 0);
    options(MySqlSslMode::Preferred).connect().await.expect_err("nobody is called x");
    while proxy.cleartext_sign_ins() != 1 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
