//! Repeated and concurrent steps on MySQL and MariaDB.

use testbed::{Application, Server, mysql_versions};

use super::{TIMES, every_step_twice};
use crate::support::every_step_at_once;
use crate::support::mysql::server_with_two_passwords;

#[tokio::test(flavor = "multi_thread")]
async fn every_step_may_be_delivered_twice_or_run_two_to_four_times_at_once() {
    for version in mysql_versions() {
        let server = server_with_two_passwords(version).await;
        for setup in server.setups_with_either_promotion() {
            let application = Application::start(&server, setup).await;
            for times in TIMES {
                every_step_twice(&application).await;
                every_step_at_once(&application, times).await;
            }
        }
    }
}
