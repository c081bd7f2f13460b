//! A watch names exactly the secrets whose rotation has not succeeded in time, whatever kept it from that, and what it prints to run
//! rotates them.

use std::time::Duration;

use local_aws::{Failure, LocalAws, Options};
use serde_json::{Value, json};
use testbed::fault_proxy::Fault;
use testbed::{
    App, FaultProxy, Functions, Postgres, postgres_versions, secrets_manager, start_local_aws, store,
};
use tokio::time::Instant;

const FUNCTION: &str = "postgres-single-user";
const OTHER_FUNCTION: &str = "mysql-single-user";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A Secrets Manager whose clock begins ten days ago, and the function.
struct Account {
    local: LocalAws,
    client: aws_sdk_secretsmanager::Client,
    functions: Functions,
    server: &'static Postgres,
}

impl Account {
    async fn ten_days_ago() -> Self {
        let functions = Some([FUNCTION, OTHER_FUNCTION].map(str::to_owned).to_vec());
        let options = Options { behind: 10 * DAY, attempts: 1, functions, ..Options::default() };
        let local = start_local_aws(options).await;
        let server = Postgres::shared(postgres_versions()[0]).await;
        let functions = Functions::between(&local.url(), server).await;
        functions.add(FUNCTION, &[], Duration::from_secs(30)).await;
        local.set_lambda_url(functions.url());
        Self { client: secrets_manager(&local.url()), local, functions, server }
    }

    /// A secret of a user of its own.
    async fn secret(&self, name: &str, fields: &Value) -> String {
        let app = App::create(self.server, "watched").await;
        let mut secret = app.secret(self.server);
        for (field, value) in fields.as_object().into_iter().flatten() {
            secret[field] = value.clone();
        }
        store(&self.client, name, &secret).await
    }

    /// Gives a secret to a function, with a rotation every so many days of which none has begun.
    async fn attach(&self, name: &str, function: &str, days: i64) -> String {
        let arn = self.secret(name, &json!({})).await;
        let version = self.rotate(&arn, function, days, false).await;
        self.local.rotated(&arn, &version).await;
        arn
    }

    async fn rotate(&self, secret: &str, function: &str, days: i64, immediately: bool) -> String {
        let function = format!("arn:aws:lambda:us-east-1:123456789012:function:{function}");
        let rules =
            aws_sdk_secretsmanager::types::RotationRulesType::builder().automatically_after_days(days);
        let call = self.client.rotate_secret().secret_id(secret).rotation_lambda_arn(function);
        let call = call.rotation_rules(rules.build()).rotate_immediately(immediately);
        call.send().await.expect("RotateSecret is accepted").version_id().expect("a version").to_owned()
    }

    /// What the function responds to a watch, and the lines that it writes meanwhile.
    async fn watch(&self) -> (Result<Value, String>, Vec<Value>) {
        let before = self.functions.output(FUNCTION).len();
        let response = self.functions.invoke(FUNCTION, &json!({"Watch": {}})).await;
        let output = self.functions.output(FUNCTION);
        let lines = output[before..].lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        (response.map_err(|error| format!("{}: {}", error.error_type, error.error_message)), lines)
    }
}

/// The line of metrics.
fn metrics(lines: &[Value]) -> &Value {
    let mut lines = lines.iter().filter(|line| line["_aws"].is_object());
    let line = lines.next().unwrap_or_else(|| panic!("no metrics in {lines:?}"));
    assert!(lines.next().is_none(), "an event writes one line");
    line
}

/// The warnings, by secret, the newest secret first as in the service's list.
fn warnings(lines: &[Value]) -> Vec<(&str, &str)> {
    let warnings = lines.iter().filter(|line| line["level"] == "WARN");
    warnings
        .map(|line| {
            let text = |field: &str| line[field].as_str().unwrap_or_else(|| panic!("no {field}: {line}"));
            (text("secret.id"), text("message"))
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn exactly_the_secrets_whose_rotation_has_not_succeeded_in_time_are_named() {
    let account = Account::ten_days_ago().await;
    let proxy = FaultProxy::to(account.server.port(), Fault::None).await;
    let fine = account.secret("fine", &json!({})).await;
    let version = account.rotate(&fine, FUNCTION, 30, true).await;
    assert!(account.local.rotated(&fine, &version).await.succeeded);
    let failing = account.secret("failing", &json!({"port": proxy.port()})).await;
    proxy.becomes(Fault::ResetUntil(Instant::now() + DAY));
    let pending = account.rotate(&failing, FUNCTION, 30, true).await;
    assert!(!account.local.rotated(&failing, &pending).await.succeeded);
    // Due every three days: today is the tenth. No rotation begins where the clock jumps over the window.
    let never_begun = account.attach("never-begun", FUNCTION, 3).await;
    account.attach("of-another-function", OTHER_FUNCTION, 3).await;
    let cancelled = account.attach("cancelled", FUNCTION, 3).await;
    account.client.cancel_rotate_secret().secret_id(cancelled).send().await.expect("it is cancelled");
    let deleted = account.attach("deleted", FUNCTION, 3).await;
    let call = account.client.delete_secret().secret_id(deleted).recovery_window_in_days(30);
    call.send().await.expect("it is marked for deletion");
    // The list has the newest first, 100 on a page.
    for number in 0..220 {
        store(&account.client, &format!("other/{number}"), &json!({})).await;
    }
    account.local.advance_clock(10 * DAY);
    account.local.clear_calls();
    let (response, lines) = account.watch().await;
    assert_eq!(response, Ok(json!({"Secrets": 3, "Overdue": 2})), "{lines:#?}");
    let calls: Vec<_> = account.local.calls().into_iter().map(|call| call.operation).collect();
    assert_eq!(calls, ["ListSecrets", "ListSecrets", "ListSecrets", "ListSecretVersionIds"]);
    let line = metrics(&lines);
    assert_eq!(
        (&line["Overdue"], &line["Failures"], &line["NeedsAction"]),
        (&json!(2), &Value::Null, &Value::Null)
    );
    assert_eq!((&line["Function"], &line["SecretId"]), (&json!(FUNCTION), &Value::Null));
    let [(first, due), (second, begun)] = warnings(&lines)[..] else { panic!("{lines:#?}") };
    assert_eq!([first, second], [&never_begun, &failing]);
    assert!(due.contains("is overdue: a rotation was due 6 days ago, and has not succeeded"), "{due}");
    assert!(begun.contains("is overdue: a rotation began 10 days ago, and has not succeeded"), "{begun}");

    // What is printed is run, once the server is back.
    proxy.becomes(Fault::None);
    for (message, version) in [(due, None), (begun, Some(pending))] {
        let (_, id) =
            message.split_once("run aws secretsmanager rotate-secret --secret-id ").expect("a command");
        let response = account.client.rotate_secret().secret_id(id).send().await;
        // The service refuses to begin another one, and goes on with that one.
        assert_eq!(response.is_err(), version.is_some());
        let begun = response.ok().and_then(|response| response.version_id().map(str::to_owned));
        let version = version.or(begun).expect("a version");
        let rotation = account.local.rotated(id, &version).await;
        assert!(rotation.succeeded, "{rotation:#?}");
    }
    let (response, lines) = account.watch().await;
    assert_eq!(response, Ok(json!({"Secrets": 3, "Overdue": 0})));
    assert_eq!(metrics(&lines)["Overdue"], 0);
    assert!(warnings(&lines).is_empty());
}

/// The metric is missing then, which sets the alarm off in time; what was found is told all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_watch_that_is_not_whole_is_an_error_and_no_zero() {
    let account = Account::ten_days_ago().await;
    let failing = account.secret("failing", &json!({"dbname": "none"})).await;
    let version = account.rotate(&failing, FUNCTION, 30, true).await;
    assert!(!account.local.rotated(&failing, &version).await.succeeded);
    for (operation, class, said) in [
        ("ListSecrets", "AccessDenied", "cannot list the secrets: "),
        ("ListSecretVersionIds", "AccessDenied", "cannot list the versions of arn:"),
    ] {
        account.local.fail(Failure::refuse(operation, 1, "AccessDeniedException"));
        let (response, lines) = account.watch().await;
        let said_so = response.expect_err("not whole");
        assert!(said_so.starts_with(class) && said_so.contains(said), "{said_so}");
        let line = metrics(&lines);
        assert_eq!(
            (&line["Overdue"], &line["Failures"], &line["NeedsAction"]),
            (&Value::Null, &json!(1), &json!(0)),
            "{line}"
        );
        assert_eq!(lines.iter().filter(|line| line["level"] == "ERROR").count(), 1);
    }

    let due = account.attach("due", FUNCTION, 3).await;
    account.local.advance_clock(10 * DAY);
    account.local.fail(Failure::refuse("ListSecretVersionIds", 1, "AccessDeniedException"));
    let (response, lines) = account.watch().await;
    assert!(response.is_err());
    let [(secret, _)] = warnings(&lines)[..] else { panic!("{lines:#?}") };
    assert_eq!(secret, due);
    let line = metrics(&lines);
    assert_eq!((&line["Overdue"], &line["Failures"]), (&json!(1), &json!(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_with_fields_and_a_wrong_window_are_refused_by_name() {
    let account = Account::ten_days_ago().await;
    let event = json!({"Watch": {"SecretId": "hunter2"}});
    let refusal = account.functions.invoke(FUNCTION, &event).await.expect_err("an unknown field");
    assert!(refusal.error_message.contains("SecretId is not known"), "{refusal:?}");
    for hours in ["0", "721", "a day", "-1"] {
        let functions = Functions::between(&account.local.url(), account.server).await;
        functions.add(FUNCTION, &[("OVERDUE_AFTER_HOURS", hours)], Duration::from_secs(30)).await;
        functions.invoke(FUNCTION, &json!({"Watch": {}})).await.expect_err("it does not start");
        let output = functions.output(FUNCTION);
        assert!(output.contains("OVERDUE_AFTER_HOURS must be a whole number from 1 to 720"), "{output}");
    }
}
