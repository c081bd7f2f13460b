//! A rotation that is unfinished.

use serde_json::json;
use testbed::STEPS;

use super::{Administrated, Desk, OPERATIONS, Section, error_of, mariadb, mysql, postgres};

/// On PostgreSQL and MySQL, with the strategies that they have. MariaDB has the same commands and fewer strategies.
macro_rules! on_postgres_and_mysql {
    ($run:path) => {{
        $run(postgres().await, &["single-user", "alternating-users"]).await;
        if let Some(server) = mysql().await {
            $run(server, &["single-user", "alternating-users", "dual-password"]).await;
        }
    }};
}

async fn runs_again<S: Administrated>(server: &S, strategies: &[&str]) {
    let section = Section::on(server, OPERATIONS, "A rotation that is pending");
    for strategy in strategies {
        let desk = Desk::rotated_by(server, strategy).await;
        desk.stop_before(strategy, "testSecret").await;
        let pending = desk.version("AWSPENDING").await.expect("a version");
        let shown = desk.sh(section.sh("describe-secret")).await;
        assert!(shown.contains(&pending) && shown.contains("AWSPENDING"), "{shown}");
        desk.rotate_ok(section.sh("rotate-secret")).await;
        assert_eq!(desk.version("AWSCURRENT").await, Some(pending));
        assert!(desk.signs_in("AWSCURRENT").await, "{strategy} on {}", server.name());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_is_pending_is_run_again() {
    on_postgres_and_mysql!(runs_again);
}

async fn is_made_current<S: Administrated>(server: &S, _strategies: &[&str]) {
    let section = Section::on(server, OPERATIONS, "Making the pending version current");
    let desk = Desk::rotated_by(server, "single-user").await;
    desk.stop_before("single-user", "testSecret").await;
    assert!(!desk.signs_in("AWSCURRENT").await, "the gap of a single user");
    let shown = desk.sh(section.sh("get-secret-value")).await;
    assert_eq!(shown.trim(), desk.stored("AWSPENDING").await.expect("a value").to_string());
    desk.sh(section.sh("CURRENT=")).await;
    assert!(desk.signs_in("AWSCURRENT").await);
    // There is nothing left to do, and the next rotation is an ordinary one.
    desk.attach("single-user").await;
    assert!(desk.signs_in("AWSCURRENT").await && !desk.signs_in("AWSPREVIOUS").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_version_is_made_current_by_hand() {
    on_postgres_and_mysql!(is_made_current);
}

async fn is_given_up<S: Administrated>(server: &S, strategies: &[&str]) {
    let section = Section::on(server, OPERATIONS, "Removing AWSPENDING");
    for strategy in strategies {
        // Before createSecret the version has no value.
        let steps = if *strategy == "single-user" { &STEPS[..3] } else { &STEPS[2..3] };
        for step in steps {
            let desk = Desk::rotated_by(server, strategy).await;
            desk.stop_before(strategy, step).await;
            let pending = desk.version("AWSPENDING").await;
            desk.rotate_ok(section.sh("PENDING=")).await;
            assert_ne!(desk.version("AWSCURRENT").await, pending, "another version");
            assert!(desk.signs_in("AWSCURRENT").await, "{strategy} on {} before {step}", server.name());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_is_given_up_and_the_next_one_succeeds() {
    on_postgres_and_mysql!(is_given_up);
}

/// A person stores the value that was current with another note, or a wrong password.
async fn stored_in_between<S: Administrated>(server: &S, strategies: &[&str]) {
    let section = Section::on(server, OPERATIONS, "A value stored during a rotation");
    for strategy in strategies {
        for is_wrong in [false, true] {
            let context = format!("{strategy} on {}, wrong: {is_wrong}", server.name());
            let desk = Desk::rotated_by(server, strategy).await;
            desk.stop_before(strategy, "testSecret").await;
            let mut edited = desk.stored("AWSCURRENT").await.expect("a value");
            edited["note"] = json!("put back by hand");
            if is_wrong {
                edited["password"] = json!("hunter2-hunter2");
            }
            desk.put(&edited).await;
            let rotation = desk.rotate(section.sh("rotate-secret")).await;
            let is_found = !is_wrong || *strategy != "alternating-users";
            assert_eq!(rotation.succeeded, is_found, "{context}: {rotation:#?}");
            if !is_found {
                let refusal = error_of(&rotation);
                assert!(refusal.contains("sign"), "{context}: {refusal}");
                desk.rotate_ok(section.sh("WRONG=")).await;
            }
            assert!(desk.signs_in("AWSCURRENT").await, "{context}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_a_person_stored_during_a_rotation_is_rotated_from_or_taken_back() {
    on_postgres_and_mysql!(stored_in_between);
    if let Some(server) = mariadb().await {
        stored_in_between(server, &["single-user", "alternating-users"]).await;
    }
}

async fn is_stopped<S: Administrated>(server: &S, strategies: &[&str]) {
    let section = Section::on(server, OPERATIONS, "Stopping rotations");
    for strategy in strategies {
        for is_pending in [true, false] {
            let desk = Desk::rotated_by(server, strategy).await;
            if is_pending {
                desk.stop_before(strategy, "testSecret").await;
            }
            desk.sh(section.sh("cancel-rotate-secret")).await;
            let before = desk.stored("AWSCURRENT").await;
            desk.rotate_ok(section.sh("rotate-secret")).await;
            assert_eq!(desk.stored("AWSCURRENT").await != before, is_pending, "{strategy}");
            assert!(desk.signs_in("AWSCURRENT").await, "{strategy} on {}", server.name());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rotations_are_stopped_and_resumed() {
    on_postgres_and_mysql!(is_stopped);
}
