//! The main job on MySQL and MariaDB.

use bed::{Application, MySql, Setup, mysql_versions};

#[tokio::test(flavor = "multi_thread")]
async fn single_user_gives_the_same_user_a_new_password() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let application = Application::start(server, Setup::mysql_single_user()).await;
        let first = application.credentials("AWSCURRENT").await.expect("a first version");
        for _ in 0..3 {
            application.rotate_well().await;
            assert!(application.signs_in("AWSCURRENT").await, "on {version}");
            assert!(!application.signs_in("AWSPREVIOUS").await, "on {version}");
        }
        let current = application.credentials("AWSCURRENT").await.expect("a current version");
        assert_eq!(current.user, first.user);
        assert_ne!(current.password, first.password);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn alternating_users_take_turns_and_both_sign_in() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let application = Application::start(server, Setup::mysql_alternating_users()).await;
        let base = application.app.user().to_owned();
        for expected in [format!("{base}_clone"), base.clone(), format!("{base}_clone")] {
            application.rotate_well().await;
            let current = application.credentials("AWSCURRENT").await.expect("a current version");
            assert_eq!(current.user, expected);
            assert!(application.signs_in("AWSCURRENT").await, "on {version}");
            assert!(application.signs_in("AWSPREVIOUS").await, "on {version}");
        }
    }
}
