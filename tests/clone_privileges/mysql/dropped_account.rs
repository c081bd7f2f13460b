//! An account that somebody drops while it is set up.

use rotation::Target;
use testbed::mysql::run;
use testbed::{MySql, MySqlOptions, MySqlVersion, mysql_versions};

use crate::support::UserPair;

/// MariaDB's GRANT makes an account that is missing, without a password, unless the session's `sql_mode` says otherwise: somebody drops
/// the clone again and again while it is set up.
#[tokio::test(flavor = "multi_thread")]
async fn a_clone_that_is_dropped_meanwhile_never_comes_back_without_a_password() {
    for version in mysql_versions() {
        let server = MySql::start(version, MySqlOptions::default()).await;
        let superuser = server.admin().await.clone();
        server.execute("CREATE USER dropped@'%' IDENTIFIED BY 'pw-Of-the-base-1'").await;
        for number in 0..40 {
            server.execute(&format!("CREATE DATABASE dropped_{number}")).await;
            server.execute(&format!("GRANT SELECT ON dropped_{number}.* TO dropped@'%'")).await;
        }
        let pair = UserPair::of(&server, superuser, "dropped");
        for _ in 0..5 {
            tokio::select! {
                () = drop_forever(&server, version) => {}
                _ = pair.set_up_next_user(Target::Clone, "pw-Of-the-clone-1") => {}
            }
        }
    }
}

/// Drops it once it has a few of its rights, so that others follow.
async fn drop_forever(server: &MySql, version: MySqlVersion) {
    let mut root = server.root_session().await;
    let open = "SELECT COUNT(*) FROM mysql.user WHERE User = 'dropped_clone' AND authentication_string = ''";
    let rights = "SELECT COUNT(*) > 3 FROM mysql.db WHERE User = 'dropped_clone'";
    loop {
        assert_eq!(run(&mut root, open).await.expect("root may"), ["0"], "on {version}");
        if run(&mut root, rights).await.expect("root may") == ["1"] {
            run(&mut root, "DROP USER IF EXISTS dropped_clone@'%'").await.expect("root may");
        }
    }
}
