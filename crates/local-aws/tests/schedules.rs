//! Schedules of rotations, and the clock that lets them come due.

use std::time::Duration;

use local_aws::Options;
use serde_json::{Value as Json, json};
use time::format_description::well_known::Rfc3339;
use time::{Date, OffsetDateTime, Time};

use crate::support::{Aws, Function, Reply, id, run, text};

const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:rotate";
const DAY: Duration = Duration::from_secs(24 * 3_600);
const HOUR: Duration = Duration::from_secs(3_600);

async fn with_function(replies: impl IntoIterator<Item = Reply>) -> (Aws, Function) {
    with(Options { attempts: 1, ..Options::default() }, replies).await
}

/// On the server it is noon in UTC, so that no midnight comes between.
async fn with(options: Options, replies: impl IntoIterator<Item = Reply>) -> (Aws, Function) {
    let aws = Aws::start_with(options).await;
    let today = OffsetDateTime::now_utc();
    let noon = today.replace_time(Time::from_hms(12, 0, 0).expect("noon")) + time::Duration::DAY;
    aws.server.advance_clock((noon - today).try_into().expect("it is later"));
    aws.create("app", "one", 1).await;
    let function = Function::start(&aws.server.url(), replies).await;
    aws.server.set_lambda_url(&function.url);
    (aws, function)
}

/// Turns rotation on, and waits until the first rotation has ended.
async fn schedule(aws: &Aws, secret: &str, digit: u32, rules: Json) {
    let request = json!({
        "SecretId": secret,
        "ClientRequestToken": id(digit),
        "RotationLambdaARN": FUNCTION,
        "RotationRules": rules,
    });
    aws.ok("RotateSecret", request).await;
    aws.server.rotated(secret, &id(digit)).await;
}

async fn describe(aws: &Aws) -> Json {
    aws.ok("DescribeSecret", json!({"SecretId": "app"})).await
}

/// The name and the day of each event of a secret.
async fn events(aws: &Aws, secret: &str) -> Vec<(String, Date)> {
    let arn = aws.ok("DescribeSecret", json!({"SecretId": secret})).await["ARN"].clone();
    let all = aws.server.events();
    all.iter()
        .filter(|event| event["detail"]["additionalEventData"]["SecretId"] == arn)
        .map(|event| (event["detail"]["eventName"].as_str().expect("a name").to_owned(), at(event).date()))
        .collect()
}

fn at(event: &Json) -> OffsetDateTime {
    OffsetDateTime::parse(event["time"].as_str().expect("a time"), &Rfc3339).expect("a time")
}

/// Waits until a secret has so many events.
async fn until(aws: &Aws, secret: &str, count: usize) -> Vec<(String, Date)> {
    loop {
        let events = events(aws, secret).await;
        if events.len() >= count {
            return events;
        }
        tokio::task::yield_now().await;
    }
}

fn names(events: &[(String, Date)]) -> Vec<&str> {
    events.iter().map(|(name, _)| name.as_str()).collect()
}

fn moment(seconds: &Json) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds.as_f64().expect("a date") as i64).expect("a date")
}

const BEGUN_AND_DONE: [&str; 2] = ["RotationStarted", "RotationSucceeded"];

#[tokio::test]
async fn a_rotation_begins_by_itself_on_the_day_that_it_is_due() {
    let (aws, function) = with_function([]).await;
    schedule(&aws, "app", 2, json!({"AutomaticallyAfterDays": 30})).await;
    let first = until(&aws, "app", 2).await;
    let due = moment(&describe(&aws).await["NextRotationDate"]);
    assert_eq!(due.date() - first[1].1, time::Duration::days(30));
    // Not two days before: its day would show that.
    aws.server.advance_clock(DAY * 28);
    describe(&aws).await;
    aws.server.advance_clock(DAY * 2);
    let events = until(&aws, "app", 4).await;
    assert_eq!(names(&events), [BEGUN_AND_DONE, BEGUN_AND_DONE].concat());
    assert_eq!(events[2].1, due.date());
    let tokens: Vec<Json> =
        function.events().into_iter().map(|(_, event)| event["ClientRequestToken"].clone()).collect();
    let (by_call, by_schedule) = tokens.split_at(4);
    assert_eq!(by_call, vec![json!(id(2)); 4]);
    assert!(by_schedule.iter().all(|token| *token == by_schedule[0] && *token != by_call[0]), "{tokens:?}");
    assert_eq!(by_schedule[0].as_str().map(str::len), Some(36), "the service makes a token");
    let next = moment(&describe(&aws).await["NextRotationDate"]);
    assert_eq!(next - due, time::Duration::days(30));
}

#[tokio::test]
async fn a_rotation_begins_only_inside_a_window() {
    let (aws, _function) = with_function([]).await;
    schedule(&aws, "app", 2, json!({"ScheduleExpression": "cron(0 10 * * ? *)", "Duration": "2h"})).await;
    let window = moment(&describe(&aws).await["NextRotationDate"]);
    // From noon to 13:00 of the next day, when that day's window has closed, and to 11:00 of the day after it.
    aws.server.advance_clock(HOUR * 25);
    describe(&aws).await;
    aws.server.advance_clock(HOUR * 22);
    until(&aws, "app", 4).await;
    let begun = at(&aws.server.events()[2]);
    let closes = window + time::Duration::DAY;
    assert!(closes - time::Duration::hours(2) < begun && begun <= closes, "{begun} {closes}");
    assert_eq!(until(&aws, "app", 4).await.len(), 4, "one rotation in a window");
}

#[tokio::test]
async fn a_rotation_that_was_cancelled_or_whose_secret_is_deleted_is_not_due() {
    for operation in ["CancelRotateSecret", "DeleteSecret"] {
        let (aws, _function) = with_function([]).await;
        aws.create("witness", "one", 1).await;
        let daily = json!({"AutomaticallyAfterDays": 1});
        schedule(&aws, "app", 2, daily.clone()).await;
        schedule(&aws, "witness", 2, daily).await;
        aws.ok(operation, json!({"SecretId": "app"})).await;
        assert_eq!(describe(&aws).await.get("NextRotationDate"), None);
        aws.server.advance_clock(DAY);
        until(&aws, "witness", 4).await;
        assert_eq!(events(&aws, "app").await.len(), 2, "{operation}");
    }
}

#[tokio::test]
async fn no_rotation_begins_while_another_one_is_under_way() {
    let (aws, _function) = with_function([]).await;
    aws.create("witness", "one", 1).await;
    let daily = json!({"AutomaticallyAfterDays": 1});
    schedule(&aws, "app", 2, daily.clone()).await;
    schedule(&aws, "witness", 2, daily).await;
    let hanging = Function::start(&aws.server.url(), [Reply::Hangs]).await;
    aws.server.set_lambda_url(&hanging.url);
    aws.ok("RotateSecret", json!({"SecretId": "app", "ClientRequestToken": id(3)})).await;
    while hanging.steps().is_empty() {
        tokio::task::yield_now().await;
    }
    aws.server.advance_clock(DAY);
    until(&aws, "witness", 4).await;
    assert_eq!(names(&events(&aws, "app").await)[2..], ["RotationStarted"]);
}

#[tokio::test]
async fn a_rotation_that_failed_is_run_again_in_the_next_window_with_its_token() {
    let failure = Reply::Fails(200, true, json!({"errorType": "Refused", "errorMessage": "no"}));
    let works = vec![Reply::Works; 4];
    let options = Options { attempts: 2, pause: Duration::from_millis(1), ..Options::default() };
    let (aws, function) = with(options, [works, vec![failure; 2]].concat()).await;
    schedule(&aws, "app", 2, json!({"AutomaticallyAfterDays": 1})).await;
    aws.server.advance_clock(DAY);
    let failed = until(&aws, "app", 5).await;
    assert_eq!(names(&failed)[2..], ["RotationStarted", "RotationFailed", "RotationFailed"]);
    aws.server.advance_clock(DAY);
    let events = until(&aws, "app", 7).await;
    assert_eq!(names(&events)[5..], BEGUN_AND_DONE);
    assert_eq!(events[5].1 - events[2].1, time::Duration::DAY, "not twice in a window");
    let tokens = function.events().into_iter().map(|(_, event)| event["ClientRequestToken"].clone());
    let by_schedule: Vec<Json> = tokens.skip(4).collect();
    assert_eq!(by_schedule, vec![by_schedule[0].clone(); 6]);
}

#[tokio::test]
async fn a_test_without_a_rotation_leaves_the_schedule_in_force() {
    let (aws, _function) = with_function([]).await;
    let request = json!({
        "SecretId": "app",
        "ClientRequestToken": id(2),
        "RotationLambdaARN": FUNCTION,
        "RotationRules": {"AutomaticallyAfterDays": 1},
        "RotateImmediately": false,
    });
    aws.ok("RotateSecret", request).await;
    aws.server.rotated("app", &id(2)).await;
    aws.server.advance_clock(DAY);
    let events = until(&aws, "app", 4).await;
    assert_eq!(names(&events), [["TestRotationStarted", "TestRotationSucceeded"], BEGUN_AND_DONE].concat());
}

#[tokio::test]
async fn a_persons_value_counts_as_a_rotation_and_puts_the_next_one_off() {
    let (aws, _function) = with_function([]).await;
    schedule(&aws, "app", 2, json!({"AutomaticallyAfterDays": 2})).await;
    let due = moment(&describe(&aws).await["NextRotationDate"]);
    aws.server.advance_clock(DAY);
    aws.put(3, "by a person", &["AWSCURRENT"]).await.expect("a put");
    let later = moment(&describe(&aws).await["NextRotationDate"]);
    assert_eq!(later - due, time::Duration::DAY);
    aws.server.advance_clock(DAY);
    describe(&aws).await;
    aws.server.advance_clock(DAY);
    assert_eq!(until(&aws, "app", 4).await[2].1, later.date());
}

#[tokio::test]
async fn a_rotate_secret_without_rules_keeps_those_that_there_are() {
    let (aws, _function) = with_function([]).await;
    let rules = json!({"ScheduleExpression": "rate(10 days)", "Duration": "3h"});
    schedule(&aws, "app", 2, rules).await;
    let shown =
        json!({"ScheduleExpression": "rate(10 days)", "Duration": "3h", "AutomaticallyAfterDays": 10});
    assert_eq!(describe(&aws).await["RotationRules"], shown);
    aws.ok("RotateSecret", json!({"SecretId": "app", "ClientRequestToken": id(3)})).await;
    let described = describe(&aws).await;
    assert_eq!(described["RotationRules"], shown);
    let listed = &aws.ok("ListSecrets", json!({})).await["SecretList"][0];
    for member in ["RotationRules", "NextRotationDate"] {
        assert_eq!(listed[member], described[member]);
    }
    aws.ok("CancelRotateSecret", json!({"SecretId": "app"})).await;
    assert_eq!(describe(&aws).await["RotationRules"], shown, "the rules stay when rotation is off");
}

#[tokio::test]
async fn the_command_rotate_sets_a_schedule() {
    let (aws, _function) = with_function([]).await;
    let schedule = ["--schedule", "rate(10 days)", "--duration", "3h"];
    let rotated = run(&aws, &[&["rotate", "app", "--function", "rotate"], &schedule[..]].concat(), "").await;
    assert!(rotated.status.success(), "{}", text(&rotated.stderr));
    let shown =
        json!({"ScheduleExpression": "rate(10 days)", "Duration": "3h", "AutomaticallyAfterDays": 10});
    assert_eq!(describe(&aws).await["RotationRules"], shown);
}

#[tokio::test]
async fn rules_that_secrets_manager_refuses_change_nothing() {
    let (aws, function) = with_function([]).await;
    for (rules, message) in [
        (
            json!({"AutomaticallyAfterDays": 1, "ScheduleExpression": "rate(1 day)"}),
            "You cannot specify both rotation frequency and schedule expression together.",
        ),
        (json!({"AutomaticallyAfterDays": 0}), "RotationRules.AutomaticallyAfterDays must be within 1-1000."),
        (json!({"ScheduleExpression": "rate(3 minutes)"}), "Invalid schedule expression."),
        (
            json!({"ScheduleExpression": "rate(4 hours)", "Duration": "99h"}),
            "Duration must be at least 1 hour, at most 24 hour.",
        ),
    ] {
        let request = json!({
            "SecretId": "app",
            "ClientRequestToken": id(2),
            "RotationLambdaARN": FUNCTION,
            "RotationRules": rules,
        });
        let refused = aws.call("RotateSecret", request).await.expect_err("an error");
        assert_eq!((refused.code.as_str(), refused.message.as_str()), ("InvalidParameterException", message));
        assert_eq!(describe(&aws).await.get("RotationEnabled"), None);
    }
    assert!(function.events().is_empty());
}

#[tokio::test]
async fn on_a_fast_clock_a_schedule_of_hours_comes_due_in_seconds() {
    let (aws, _function) = with(Options { hour_in_seconds: 1, ..Options::default() }, []).await;
    schedule(&aws, "app", 2, json!({"ScheduleExpression": "rate(4 hours)"})).await;
    let events = until(&aws, "app", 4).await;
    assert_eq!(names(&events)[..4], [BEGUN_AND_DONE, BEGUN_AND_DONE].concat());
}

#[tokio::test]
async fn a_recovery_window_ends_when_the_clock_is_advanced() {
    let aws = Aws::with_secret().await;
    aws.ok("DeleteSecret", json!({"SecretId": "app", "RecoveryWindowInDays": 7})).await;
    let before = text(&run(&aws, &["clock", "--advance", "6d"], "").await.stdout);
    assert!(describe(&aws).await["DeletedDate"].is_number());
    let advanced = run(&aws, &["clock", "--advance", "24h"], "").await;
    let time = |text: &str| OffsetDateTime::parse(text.trim(), &Rfc3339).expect("a time");
    assert!(time(&text(&advanced.stdout)) - time(&before) >= time::Duration::DAY);
    assert_eq!(aws.code("DescribeSecret", json!({"SecretId": "app"})).await, "ResourceNotFoundException");
    let refused = run(&aws, &["clock", "--advance", "a day"], "").await;
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("give a number and s, m, h or d, such as 30d"));
    let now = text(&run(&aws, &["clock"], "").await.stdout);
    assert!(time(&now) >= time(&text(&advanced.stdout)), "{now}");
}

#[tokio::test]
async fn a_rotation_that_is_under_way_when_a_window_opens_does_not_use_up_the_window() {
    let options = Options { attempts: 1, invoke_timeout: Duration::from_secs(1), ..Options::default() };
    let works = [Reply::Works, Reply::Works, Reply::Works, Reply::Works, Reply::Hangs];
    let (aws, _function) = with(options, works).await;
    schedule(&aws, "app", 2, json!({"AutomaticallyAfterDays": 1})).await;
    aws.ok("RotateSecret", json!({"SecretId": "app", "ClientRequestToken": id(3)})).await;
    aws.server.advance_clock(DAY);
    let names: Vec<String> = until(&aws, "app", 6).await.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names[2..], ["RotationStarted", "RotationFailed", "RotationStarted", "RotationSucceeded"]);
}
