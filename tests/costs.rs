//! What a rotation may cost, in calls of Secrets Manager and in sign-ins: counts, so that noise cannot hide a loss.

mod mysql;

use std::collections::BTreeMap;

use bed::{Application, Postgres, PostgresOptions, STEPS, Server, Setup, postgres_versions};

/// How often each call was made.
fn counted<S: Server>(application: &Application<'_, S>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for call in application.local.calls() {
        *counts.entry(call.operation).or_default() += 1;
    }
    counts
}

fn counts(list: &[(&str, usize)]) -> BTreeMap<String, usize> {
    list.iter().map(|(operation, count)| ((*operation).to_owned(), *count)).collect()
}

/// The table of costs: calls of Secrets Manager, sign-ins, failed ones among them.
#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_of_a_single_user_costs_10_calls_and_2_sign_ins() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let application = Application::start(server, Setup::single_user()).await;
        application.rotate_well().await;
        application.local.clear_calls();
        let log = server.log();
        application.rotate_well().await;
        let calls = [
            ("RotateSecret", 1),
            ("DescribeSecret", 4),
            ("GetSecretValue", 4),
            ("PutSecretValue", 1),
            ("UpdateSecretVersionStage", 1),
        ];
        assert_eq!(counted(&application), counts(&calls), "on {version}");
        let user = application.app.user();
        assert_eq!((log.authorized(user), log.failed(user)), (2, 0), "on {version}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_of_alternating_users_costs_11_calls_and_3_sign_ins() {
    // A server of its own: the superuser's sign-ins are counted as well.
    let versions = postgres_versions();
    for version in versions {
        let server = Postgres::start(version, PostgresOptions::default()).await;
        let application = Application::start(&server, Setup::alternating_users()).await;
        for _turn in 0..2 {
            application.local.clear_calls();
            let log = server.log();
            application.rotate_well().await;
            let calls = [
                ("RotateSecret", 1),
                ("DescribeSecret", 4),
                ("GetSecretValue", 5),
                ("PutSecretValue", 1),
                ("UpdateSecretVersionStage", 1),
            ];
            assert_eq!(counted(&application), counts(&calls), "on {version}");
            let base = application.app.user().to_owned();
            let users = [base.clone(), format!("{base}_clone"), server.admin().await.user.clone()];
            let signed_in: usize = users.iter().map(|user| log.authorized(user)).sum();
            let failed: usize = users.iter().map(|user| log.failed(user)).sum();
            assert_eq!((signed_in, failed), (3, 0), "on {version}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_waits_for_at_most_two_rounds_of_secrets_manager() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    let application = Application::start(server, Setup::alternating_users()).await;
    let version = application.begin().await;
    for step in STEPS {
        application.local.clear_calls();
        application.step(step, &version).await.expect(step);
        let operations: Vec<String> =
            application.local.calls().into_iter().map(|call| call.operation).collect();
        let reads = operations.iter().filter(|operation| **operation != "PutSecretValue").count();
        assert!(reads <= 4, "{step}: {operations:?}");
    }
}
