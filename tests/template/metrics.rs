//! What dashboard and alarms look at is what the functions write.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use testbed::{Application, MySql, Postgres, Server, Setup, mysql_versions, postgres_versions};

use super::render::{FUNCTIONS, render};

/// A metric of ours: its name, and its dimensions without the function's name.
type Metric = (String, Vec<(String, String)>);

/// What a function has written, line by line.
#[derive(Default)]
struct Written {
    metrics: BTreeSet<Metric>,
    /// The fields of each line, as CloudWatch Logs Insights names them.
    lines: Vec<BTreeSet<String>>,
    output: String,
}

impl Written {
    fn read(&mut self, output: &str) {
        self.output.push_str(output);
        for line in output.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            let mut fields = BTreeSet::new();
            discover("", &line, &mut fields);
            self.lines.push(fields);
            let Some(directives) = line.pointer("/_aws/CloudWatchMetrics") else { continue };
            assert!(line["_aws"]["Timestamp"].is_u64(), "{line}");
            for directive in directives.as_array().expect("directives") {
                assert_eq!(directive["Namespace"], "DatabaseSecretRotation");
                let dimensions = directive["Dimensions"].as_array().expect("sets of dimensions");
                for set in dimensions {
                    let names = set.as_array().expect("names").iter().filter_map(Value::as_str);
                    let values =
                        |name: &str| line[name].as_str().expect("a dimension has a value").to_owned();
                    let of: Vec<_> = names.map(|name| (name.to_owned(), values(name))).collect();
                    assert_eq!(of.first().map(|(name, _)| name.as_str()), Some("Function"), "{line}");
                    for metric in directive["Metrics"].as_array().expect("metrics") {
                        let name = metric["Name"].as_str().expect("a name");
                        assert!(!line[name].is_null() && metric["Unit"].is_string(), "{line}");
                        self.metrics.insert((name.to_owned(), of[1..].to_vec()));
                    }
                }
            }
        }
    }
}

/// Arrays and objects become `name.0` and `name.inner`.
fn discover(prefix: &str, value: &Value, fields: &mut BTreeSet<String>) {
    let mut inner = |name: &str, value: &Value| {
        let name = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
        discover(&name, value, fields);
    };
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| inner(name, value)),
        Value::Array(values) => values.iter().enumerate().for_each(|(i, value)| inner(&i.to_string(), value)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            fields.insert(prefix.to_owned());
        }
    }
}

/// A rotation that ends well, and one that does not.
async fn written() -> Written {
    let mut written = Written::default();
    let postgres = Postgres::shared(postgres_versions()[0]).await;
    for setup in postgres.setups() {
        let application = Application::start(postgres, setup).await;
        application.rotate_ok().await;
        application.store_current(&json!({"engine": "oracle"})).await;
        application.rotate_expect_err().await;
        application.watch().await.expect("it looks");
        written.read(&application.output());
    }
    let mysql = MySql::shared(mysql_versions()[0]).await;
    let application = Application::start(mysql, Setup::mysql_single_user()).await;
    application.rotate_ok().await;
    written.read(&application.output());
    written
}

fn of_ours(namespace: &Value) -> bool {
    namespace == "DatabaseSecretRotation"
}

/// The metrics of the alarms and of the dashboard, and the dashboard's queries.
fn looked_at() -> (BTreeSet<Metric>, Vec<String>) {
    let [plain] = render([json!({"AlarmOnSessionsOfIdleUser": "true"})]);
    let mut metrics = BTreeSet::new();
    for id in plain.ids("AWS::CloudWatch::Alarm") {
        let alarm = plain.properties(&id);
        let queries = alarm["Metrics"].as_array().into_iter().flatten();
        let of_queries = queries.filter_map(|query| query.pointer("/MetricStat/Metric"));
        for alarm in of_queries.chain([alarm]).filter(|metric| of_ours(&metric["Namespace"])) {
            let pairs = alarm["Dimensions"].as_array().expect("dimensions").iter();
            let text = |value: &Value| value.as_str().expect("a text").to_owned();
            let dimensions: Vec<_> = pairs.map(|pair| (text(&pair["Name"]), text(&pair["Value"]))).collect();
            assert_eq!(dimensions[0].0, "Function");
            metrics.insert((text(&alarm["MetricName"]), dimensions[1..].to_vec()));
        }
    }
    let body = plain.properties("Dashboard")["DashboardBody"].as_str().expect("a text");
    let body: Value = serde_json::from_str(body).expect("the dashboard is JSON");
    let mut queries = Vec::new();
    for widget in body["widgets"].as_array().expect("widgets") {
        let properties = &widget["properties"];
        assert_eq!(properties["region"], "eu-west-1");
        if widget["type"] == "log" {
            queries.push(properties["query"].as_str().expect("a query").to_owned());
            continue;
        }
        let series = properties["metrics"].as_array().expect("series");
        assert_eq!(series.len(), FUNCTIONS.len());
        for one in series {
            assert!(of_ours(&one[0]), "{one}");
            let words: Vec<_> = one.as_array().expect("words").iter().filter_map(Value::as_str).collect();
            let dimensions = words[2..].chunks_exact(2).map(|pair| (pair[0].to_owned(), pair[1].to_owned()));
            let dimensions: Vec<_> = dimensions.collect();
            assert!(FUNCTIONS.iter().any(|(id, _)| *id == dimensions[0].1), "{one}");
            metrics.insert((words[1].to_owned(), dimensions[1..].to_vec()));
        }
    }
    (metrics, queries)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_metric_and_field_that_an_alarm_or_the_dashboard_reads_is_written() {
    let written = written().await;
    let (metrics, queries) = looked_at();
    assert!(metrics.len() >= 3 && queries.len() >= 2, "{metrics:?} {queries:?}");
    for metric in &metrics {
        assert!(written.metrics.contains(metric), "{metric:?} is not among {:?}", written.metrics);
    }
    // A metric for each secret would cost 30 cents a month each.
    for (name, dimensions) in &written.metrics {
        for (dimension, _) in dimensions {
            assert!(["Step", "Outcome"].contains(&dimension.as_str()), "{name} by {dimension}");
        }
    }
    for query in &queries {
        // All fields of one line: a query that filters by one kind of line sees no other.
        let fields = fields_of(query);
        assert!(written.lines.iter().any(|line| fields.is_subset(line)), "no line has all of {fields:?}");
        let quoted: Vec<_> = query.split('\'').skip(1).step_by(2).collect();
        let (sources, values) = quoted.split_at(FUNCTIONS.len());
        let groups: BTreeSet<_> = FUNCTIONS.iter().map(|(id, _)| format!("{id}Logs")).collect();
        assert_eq!(sources.iter().map(|&source| source.to_owned()).collect::<BTreeSet<_>>(), groups);
        for value in values {
            assert!(written.output.contains(&format!("\"{value}\"")), "{value} of {query}");
        }
    }
}

/// The fields that a query reads: its words, but for the language's own, those of the service, texts, and names that it
/// gives itself.
fn fields_of(query: &str) -> BTreeSet<String> {
    const WORDS: [&str; 21] = [
        "SOURCE",
        "filter",
        "fields",
        "sort",
        "limit",
        "stats",
        "by",
        "as",
        "asc",
        "desc",
        "and",
        "sum",
        "count",
        "latest",
        "pct",
        "max",
        "ispresent",
        "strcontains",
        "concat",
        "50",
        "99",
    ];
    let mut fields = BTreeSet::new();
    let mut given = BTreeSet::new();
    let texts_out: String = query.split('\'').step_by(2).collect::<Vec<_>>().join(" ");
    let mut old = "";
    for word in texts_out.split(|c: char| !(c.is_ascii_alphanumeric() || "@._".contains(c))) {
        if old == "as" {
            given.insert(word.to_owned());
        } else if !word.is_empty() && !WORDS.contains(&word) && word.parse::<u32>().is_err() {
            fields.insert(word.to_owned());
        }
        if !word.is_empty() {
            old = word;
        }
    }
    fields.into_iter().filter(|field| !given.contains(field) && !field.starts_with('@')).collect()
}
