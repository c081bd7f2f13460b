//! setSecret that makes the new version current (`PROMOTE_IN_SET_SECRET`): what Secrets Manager and people see of it.

mod people;

use serde_json::Value;
use testbed::{Application, MySql, Postgres, STEPS, Server, Setup, mysql_versions, postgres_versions};

/// The setup of single user on this server that promotes in setSecret.
fn setup<S: Server>(server: &S) -> Setup<'static> {
    let single_user = server.setups().into_iter().find(|setup| setup.function.ends_with("single-user"));
    single_user.expect("every engine has it").promoting_in_set_secret()
}

fn events(local: &local_aws::LocalAws) -> Vec<String> {
    let name = |event: &Value| event["detail"]["eventName"].as_str().map(String::from);
    local.events().iter().filter_map(name).filter(|name| name.contains("Rotation")).collect()
}

/// As the service does it: every step, in order, and then it looks at the labels.
async fn the_service_completes<S: Server>(server: &S) {
    let context = server.name();
    let application = Application::start(server, setup(server)).await;
    for rotation in 1..=3 {
        let before = application.stored("AWSCURRENT").await;
        application.rotate_ok().await;
        assert_eq!(application.stored("AWSPREVIOUS").await, before, "{context}");
        let current = application.stored("AWSCURRENT").await;
        assert_ne!(current, before, "{context}");
        assert_eq!(
            application.stored("AWSPENDING").await,
            current,
            "AWSPENDING is where it may stay: {context}"
        );
        assert!(application.signs_in("AWSCURRENT").await && !application.signs_in("AWSPREVIOUS").await);
        let expected = ["RotationStarted", "RotationSucceeded"].repeat(rotation);
        assert_eq!(events(&application.local), expected, "{context}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_runs_all_four_steps_and_the_rotation_succeeds() {
    for version in postgres_versions() {
        the_service_completes(Postgres::shared(version).await).await;
    }
    for version in mysql_versions() {
        the_service_completes(MySql::shared(version).await).await;
    }
}

/// Once setSecret has responded there is no gap, and what comes after has no session on the server.
async fn set_secret_does_it_all<S: Server>(server: &S) {
    let application = Application::start(server, setup(server)).await;
    let version = application.begin().await;
    let [create, set, rest @ ..] = STEPS;
    application.step(create, &version).await.expect(create);
    assert!(application.signs_in("AWSCURRENT").await);
    application.step(set, &version).await.expect(set);
    let labels = application.labels().await;
    assert!(labels.contains(&format!("AWSCURRENT {version}")), "{labels:?}");
    assert!(application.signs_in("AWSCURRENT").await);
    application.local.clear_calls();
    for step in rest {
        application.step(step, &version).await.expect(step);
    }
    assert_eq!(application.labels().await, labels);
    let calls = application.local.calls();
    let writes =
        calls.iter().filter(|call| !["DescribeSecret", "GetSecretValue"].contains(&&*call.operation));
    assert_eq!(writes.count(), 0, "{calls:?}");
    let output = application.output();
    assert_eq!(output.matches("the version is current already").count(), 2, "{output}");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_set_secret_awscurrent_signs_in_and_the_steps_after_it_change_nothing() {
    for version in postgres_versions() {
        set_secret_does_it_all(Postgres::shared(version).await).await;
    }
    for version in mysql_versions() {
        set_secret_does_it_all(MySql::shared(version).await).await;
    }
}

/// `RotateImmediately=false` calls testSecret alone.
#[tokio::test(flavor = "multi_thread")]
async fn the_test_of_a_rotation_that_is_not_immediate_passes_and_promotes_nothing() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    let application = Application::start(server, setup(server)).await;
    for _turn in 0..2 {
        let before = application.stored("AWSCURRENT").await;
        application.probe().await;
        assert_eq!(application.stored("AWSCURRENT").await, before);
        application.rotate_ok().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_setting_is_refused_by_the_functions_of_other_strategies_and_where_it_is_no_boolean() {
    let postgres = Postgres::shared(postgres_versions()[0]).await;
    let only = "PROMOTE_IN_SET_SECRET is for single user only";
    for (setup, value, said) in [
        (Setup::alternating_users(), "true", Some(only)),
        (Setup::alternating_users(), "Yes", Some(only)),
        (Setup::alternating_users(), "false", None),
        (Setup::single_user(), "on", Some("PROMOTE_IN_SET_SECRET must be true or false")),
        (Setup::single_user(), "no", None),
        (Setup::single_user(), "", None),
        (Setup::single_user(), "Y", None),
    ] {
        let setup = Setup { environment: vec![("PROMOTE_IN_SET_SECRET", value)], ..setup };
        let application = Application::start(postgres, setup).await;
        match said {
            None => application.rotate_ok().await,
            Some(said) => {
                application.rotate_expect_err().await;
                let output = application.output();
                assert!(output.contains("the function's environment is wrong: "), "{output}");
                assert!(output.contains(said), "{said} is not in: {output}");
            }
        }
        assert!(application.signs_in("AWSCURRENT").await);
        let promoted = application.output().contains("the version is current already");
        assert_eq!(promoted, value == "Y", "{value}");
    }
}
