//! Many secrets.

use std::collections::BTreeSet;

use testbed::store;

use super::{Desk, OPERATIONS, Section, postgres};

const SECRETS: usize = 6;

#[tokio::test(flavor = "multi_thread")]
async fn each_secret_gets_an_hour_of_its_own_and_one_with_an_unfinished_rotation_is_named() {
    let server = postgres().await;
    let section = Section::on(server, OPERATIONS, "Spreading the schedules");
    let desk = Desk::rotated_by(server, "single-user").await;
    let current = desk.stored("AWSCURRENT").await.expect("a value");
    for number in 0..SECRETS {
        let name = format!("prod/shop-{number}");
        let arn = store(&desk.client, &name, &current).await;
        let rotate =
            desk.client.rotate_secret().secret_id(&arn).rotation_lambda_arn(desk.function("single-user"));
        let begun = rotate.rotate_immediately(false).send().await.expect("it is attached");
        desk.local.rotated(&arn, begun.version_id().expect("a version")).await;
    }
    // Nothing responds at this moment.
    desk.local.set_lambda_url("http://127.0.0.1:1");
    let rotate = desk.client.rotate_secret().secret_id("prod/shop-0").send().await.expect("it begins");
    desk.local.rotated(rotate.arn().expect("an ARN"), rotate.version_id().expect("a version")).await;
    desk.local.set_lambda_url(desk.functions.url());

    let printed = desk
        .sh(section
            .sh("list-secrets --filters Key=name,Values=prod/ --query 'SecretList[?RotationEnabled].Name'"))
        .await;
    assert!(printed.contains("not changed: prod/shop-0\n"), "{printed}");
    assert_eq!(printed.matches("not changed").count(), 1, "{printed}");
    let mut hours = BTreeSet::new();
    for number in 1..SECRETS {
        let secret = desk.client.describe_secret().secret_id(format!("prod/shop-{number}")).send().await;
        let secret = secret.expect("a secret");
        let rules = secret.rotation_rules().expect("rules");
        let hour = rules.schedule_expression().and_then(|cron| cron.strip_prefix("cron(0 "));
        let hour: u8 = hour.and_then(|rest| rest.split(' ').next()?.parse().ok()).expect("an hour");
        assert!(hour < 6 && rules.duration() == Some("1h"), "{rules:?}");
        hours.insert(hour);
    }
    assert!(hours.len() > 2, "{hours:?}");
    let due = desk.sh(section.sh("list-secrets --filters Key=name,Values=prod/ --query 'SecretList[?RotationEnabled].[NextRotationDate")).await;
    assert_eq!(
        due.lines().filter(|line| line.contains("prod/shop-") && !line.starts_with("None")).count(),
        // The unfinished one has no schedule yet.
        SECRETS - 1,
        "{due}"
    );
}
