//! The contract with Secrets Manager, on MySQL and MariaDB.

use testbed::{Application, MySql, Server, mysql_versions};

/// `RotateImmediately=false` calls testSecret alone, on a copy of the current version.
#[tokio::test(flavor = "multi_thread")]
async fn the_test_of_a_rotation_that_is_not_immediate_passes_under_every_strategy() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        for setup in server.setups() {
            let application = Application::start(server, setup).await;
            server.allow_two_passwords(&application.app).await;
            for _turn in 0..3 {
                application.probe().await;
                application.rotate_ok().await;
            }
        }
    }
}
