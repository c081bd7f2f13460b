//! Crashes on PostgreSQL.

use rotation::Strategy;
use testbed::{Application, Postgres, Server, Setup, postgres_versions};

use super::{a_crash_at_any_call, given_up_after_a_crash, takes_over_from_abandoned_ones, two_crashes};

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_at_any_call_of_a_single_user_is_fixed_by_a_retry() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let single_user = Setup::single_user();
        let early = single_user.clone().promoting_in_set_secret();
        for setup in [single_user, early] {
            a_crash_at_any_call(server, setup, Strategy::SingleUser, 14).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_at_any_call_of_alternating_users_is_fixed_by_a_retry() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        a_crash_at_any_call(server, Setup::alternating_users(), Strategy::AlternatingUsers, 16).await;
        let alone = Setup::alternating_users().without_superuser();
        a_crash_at_any_call(server, alone, Strategy::AlternatingUsers, 17).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_crashes_in_a_row_or_one_and_an_abandoned_rotation_lose_nothing() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let single_user = Setup::single_user();
        for setup in [single_user.clone(), single_user.promoting_in_set_secret()] {
            two_crashes(server, setup.clone(), Strategy::SingleUser).await;
            given_up_after_a_crash(server, setup, Strategy::SingleUser).await;
        }
        two_crashes(server, Setup::alternating_users(), Strategy::AlternatingUsers).await;
        let alone = Setup::alternating_users().without_superuser();
        two_crashes(server, alone.clone(), Strategy::AlternatingUsers).await;
        given_up_after_a_crash(server, Setup::alternating_users(), Strategy::AlternatingUsers).await;
        given_up_after_a_crash(server, alone, Strategy::AlternatingUsers).await;
    }
}

/// The service retries the whole rotation with the same token.
#[tokio::test(flavor = "multi_thread")]
async fn a_retry_of_secrets_manager_completes_a_rotation_that_failed() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    for setup in server.setups_with_either_promotion() {
        let application = Application::start(server, Setup { attempts: 3, ..setup }).await;
        application.local.fail(local_aws::Failure::refuse(
            "UpdateSecretVersionStage",
            1,
            "AccessDeniedException",
        ));
        let rotation = application.rotate().await;
        assert!(rotation.succeeded && rotation.attempts.len() == 2, "{rotation:#?}");
        assert!(application.signs_in("AWSCURRENT").await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_rotation_of_alternating_users_takes_over_from_an_abandoned_one() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    for setup in [Setup::alternating_users(), Setup::alternating_users().without_superuser()] {
        let application = Application::start(server, setup).await;
        for _turn in 0..2 {
            takes_over_from_abandoned_ones(&application).await;
        }
    }
}
