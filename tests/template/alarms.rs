//! When the alarms go off: the template's, evaluated over what real functions write and what Lambda counts of their invocations.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use testbed::fault_proxy::Fault;
use testbed::{Application, FaultProxy, Postgres, Setup, postgres_versions};
use tokio::time::Instant;

use super::render::{Rendered, render};

/// A value of a metric.
struct Point {
    namespace: String,
    metric: String,
    /// In milliseconds since 1970.
    at: u64,
    value: f64,
}

/// What CloudWatch has of one function.
#[derive(Default)]
struct Data(Vec<Point>);

impl Data {
    /// An invocation, as Lambda counts it: at its beginning.
    fn invoked(&mut self, at: u64, failed: bool) {
        let value = if failed { 1.0 } else { 0.0 };
        self.0.push(Point { namespace: "AWS/Lambda".into(), metric: "Errors".into(), at, value });
    }

    /// The function's own metrics that have no dimension but its name.
    fn written(&mut self, output: &str) {
        for line in output.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            let directives = line.pointer("/_aws/CloudWatchMetrics").and_then(Value::as_array);
            for directive in directives.into_iter().flatten() {
                if directive["Dimensions"] != json!([["Function"]]) {
                    continue;
                }
                for metric in directive["Metrics"].as_array().expect("metrics") {
                    let metric = metric["Name"].as_str().expect("a name").to_owned();
                    self.0.push(Point {
                        namespace: directive["Namespace"].as_str().expect("a namespace").to_owned(),
                        at: line["_aws"]["Timestamp"].as_u64().expect("a time"),
                        value: line[&metric].as_f64().expect("a value"),
                        metric,
                    });
                }
            }
        }
    }

    /// A metric in one period; `None` if nothing was written.
    fn value(&self, metric: &Value, statistic: &Value, period: &Value, index: u64) -> Option<f64> {
        let length = period.as_u64().expect("seconds") * 1000;
        let of = |point: &&Point| {
            metric["Namespace"] == point.namespace.as_str()
                && metric["MetricName"] == point.metric.as_str()
                && point.at / length == index
        };
        let values = self.0.iter().filter(of).map(|point| point.value);
        match statistic.as_str() {
            Some("Sum") => values.reduce(|sum, value| sum + value),
            Some("Maximum") => values.reduce(f64::max),
            other => panic!("another statistic: {other:?}"),
        }
    }

    /// What an alarm compares with its threshold in one period.
    fn compared(&self, alarm: &Value, index: u64) -> Option<f64> {
        let Some(queries) = alarm["Metrics"].as_array() else {
            return self.value(alarm, &alarm["Statistic"], &alarm["Period"], index);
        };
        let of = |id: &str| {
            let query = queries.iter().find(|query| query["Id"] == id).expect("a metric of this id");
            assert_eq!(query["ReturnData"], false, "one of them is what the alarm looks at");
            let stat = &query["MetricStat"];
            self.value(&stat["Metric"], &stat["Stat"], &stat["Period"], index)
        };
        let returned = queries.iter().filter(|query| query["ReturnData"] != false).collect::<Vec<_>>();
        let [returned] = returned[..] else { panic!("one expression: {queries:?}") };
        // A - B, where FILL(B, N) is N where B has no value; the difference has one only where both have (CloudWatch User Guide,
        // "Using math expressions with CloudWatch metrics").
        let (left, right) =
            returned["Expression"].as_str().and_then(|text| text.split_once(" - ")).expect("a difference");
        let right = match right.strip_prefix("FILL(").and_then(|text| text.strip_suffix(')')) {
            Some(filled) => {
                let (id, value) = filled.split_once(", ").expect("a metric and a value");
                of(id).or_else(|| value.parse().ok())
            }
            None => of(right),
        };
        of(left).zip(right).map(|(left, right)| left - right)
    }

    /// Whether an alarm of one datapoint goes off in any period that has an invocation.
    fn sets_off(&self, alarm: &Value) -> bool {
        assert_eq!(alarm["ComparisonOperator"], "GreaterThanThreshold");
        assert_eq!(
            (&alarm["EvaluationPeriods"], &alarm["TreatMissingData"]),
            (&json!(1), &json!("notBreaching"))
        );
        let threshold = alarm["Threshold"].as_f64().expect("a number");
        let mut periods = self.0.iter().map(|point| point.at / 300_000);
        periods.any(|index| self.compared(alarm, index).is_some_and(|value| value > threshold))
    }

    /// The kinds of alarms that go off, of those about failures.
    fn alarms(&self, template: &Rendered) -> Vec<&'static str> {
        let kinds = ["Failure", "Error"].into_iter();
        kinds
            .filter(|kind| self.sets_off(template.properties(&format!("PostgresSingleUser{kind}Alarm"))))
            .collect()
    }
}

fn now() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    now.as_millis().try_into().expect("before the year 500,000,000")
}

/// Runs a step, and adds what CloudWatch gets of it. Returns whether it succeeded.
async fn step(application: &Application<'_>, data: &mut Data, step: &str, version: &str) -> bool {
    let (before, began) = (application.output().len(), now());
    let result = application.step(step, version).await;
    data.invoked(began, result.is_err());
    data.written(&application.output()[before..]);
    result.is_ok()
}

/// The server comes back before the next attempt.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_during_one_attempt_sets_off_no_alarm() {
    let [template] = render([json!({})]);
    let postgres = Postgres::shared(postgres_versions()[0]).await;
    let proxy = FaultProxy::to(postgres.port(), Fault::None).await;
    let application = Application::through_proxy(postgres, &proxy, Setup::single_user()).await;
    let version = application.begin().await;
    let mut data = Data::default();
    assert!(step(&application, &mut data, "createSecret", &version).await);
    proxy.becomes(Fault::ResetUntil(Instant::now() + Duration::from_secs(3600)));
    assert!(!step(&application, &mut data, "setSecret", &version).await);
    assert_eq!(data.alarms(&template), Vec::<&str>::new());
    proxy.becomes(Fault::None);
    for name in testbed::STEPS {
        assert!(step(&application, &mut data, name, &version).await, "{name}");
    }
    assert_eq!(data.alarms(&template), Vec::<&str>::new());
    let of = |metric: &str| {
        let values = data.0.iter().filter(|point| point.metric == metric).map(|point| point.value);
        values.collect::<Vec<_>>()
    };
    assert_eq!((of("Failures"), of("Errors")), (vec![0.0, 1.0, 0.0, 0.0, 0.0, 0.0], of("Failures")));
    assert_eq!(of("NeedsAction"), [0.0; 6]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_is_refused_sets_off_the_alarm_of_a_failure_alone() {
    let [template] = render([json!({})]);
    let postgres = Postgres::shared(postgres_versions()[0]).await;
    let application = Application::start(postgres, Setup::single_user()).await;
    application.store_current(&json!({"engine": "oracle"})).await;
    let version = application.begin().await;
    let mut data = Data::default();
    assert!(!step(&application, &mut data, "createSecret", &version).await);
    assert_eq!(data.alarms(&template), ["Failure"]);
    assert!(data.0.iter().any(|point| point.metric == "NeedsAction" && point.value == 1.0));
}

/// A diagnosis is refused before a person, who sees it.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_diagnosis_sets_off_no_alarm() {
    let [template] = render([json!({})]);
    let postgres = Postgres::shared(postgres_versions()[0]).await;
    let application = Application::start(postgres, Setup::single_user()).await;
    let (mut data, began) = (Data::default(), now());
    application.diagnose().await.expect_err("it is off");
    data.invoked(began, true);
    data.written(&application.output());
    assert_eq!(data.alarms(&template), Vec::<&str>::new());
}

/// It writes no metric of its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_ends_before_it_says_why_sets_off_the_alarm_of_an_error_alone() {
    let [template] = render([json!({})]);
    let postgres = Postgres::shared(postgres_versions()[0]).await;
    let setup = Setup { environment: vec![("PASSWORD_LENGTH", "1")], ..Setup::single_user() };
    let application = Application::start(postgres, setup).await;
    let version = application.begin().await;
    let mut data = Data::default();
    assert!(!step(&application, &mut data, "createSecret", &version).await);
    assert_eq!(data.alarms(&template), ["Error"]);
}

/// Lambda stamps its own metrics so. Of a step that takes long, the beginning and the end may be in different periods.
#[tokio::test(flavor = "multi_thread")]
async fn a_step_has_the_time_at_which_it_began() {
    let postgres = Postgres::shared(postgres_versions()[0]).await;
    let application = Application::start(postgres, Setup::single_user()).await;
    let version = application.begin().await;
    let before = now();
    application.step("createSecret", &version).await.expect("createSecret");
    let after = now();
    let output = application.output();
    let mut lines = output.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let line = lines.rfind(|line| line["_aws"].is_object()).expect("a line of metrics");
    let at = line["_aws"]["Timestamp"].as_u64().expect("a time");
    let took = line["Duration"].as_f64().expect("milliseconds").floor();
    assert!(before <= at && at as f64 + took <= after as f64, "{before} {at} {took} {after}");
}

/// As CloudWatch decides by the newest periods, where the alarm says what a missing value counts as.
fn is_in_alarm(alarm: &Value, periods: &[Option<f64>]) -> bool {
    let number = |name: &str| usize::try_from(alarm[name].as_u64().expect("a number")).expect("a small one");
    assert_eq!(
        (&alarm["ComparisonOperator"], &alarm["TreatMissingData"]),
        (&json!("GreaterThanThreshold"), &json!("breaching"))
    );
    let threshold = alarm["Threshold"].as_f64().expect("a number");
    let evaluated = &periods[periods.len() - number("EvaluationPeriods")..];
    let breaching = evaluated.iter().filter(|value| value.is_none_or(|value| value > threshold));
    breaching.count() >= number("DatapointsToAlarm")
}

/// A watch or two may be lost, and a rotation may succeed while it is looked for.
#[test]
fn the_alarm_of_an_overdue_rotation_goes_off_after_three_hours_also_of_silence() {
    let [template] = render([json!({})]);
    let alarm = template.properties("PostgresSingleUserOverdueAlarm");
    assert_eq!(
        (&alarm["MetricName"], &alarm["Period"], &alarm["Statistic"]),
        (&json!("Overdue"), &json!(3600), &json!("Maximum"))
    );
    for (hours, goes_off) in [
        ([Some(0.0), Some(0.0), Some(0.0)], false),
        ([Some(0.0), None, None], false),
        ([Some(0.0), Some(1.0), Some(1.0)], false),
        ([None, Some(0.0), None], false),
        ([None, None, None], true),
        ([Some(1.0), None, Some(2.0)], true),
        ([Some(2.0), Some(2.0), Some(2.0)], true),
        // It has succeeded.
        ([Some(1.0), Some(1.0), Some(0.0)], false),
    ] {
        assert_eq!(is_in_alarm(alarm, &hours), goes_off, "{hours:?}");
    }
}
