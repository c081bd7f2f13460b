//! Difference 9: lists of versions and of secrets.

use serde_json::{Value, json};

use super::row::*;

pub(super) fn rows() -> Vec<Row> {
    let mut rows = versions();
    rows.extend(filters());
    rows.extend(order());
    rows
}

fn versions() -> Vec<Row> {
    let list = |deprecated: bool| json!({"SecretId": "s", "IncludeDeprecated": deprecated});
    let put = |number: u8| {
        succeeds(
            "PutSecretValue",
            json!({"SecretId": "s", "SecretString": "x", "ClientRequestToken": id(number)}),
        )
    };
    let entry = |number: u8, stages: Value| json!({"VersionId": id(number), "VersionStages": stages, "CreatedDate": "<number>", "KmsKeyIds": ["DefaultEncryptionKey"]});
    vec![
        Row {
            difference: 9,
            what: "a version without a value is not listed, though AWSPENDING is on it",
            source: Known(Source::ApiReference, Sure::Documented),
            steps: vec![
                create(),
                rotate("empty", 2),
                rotated(2, false),
                described(json!({"VersionIdsToStages": {id(2): ["AWSPENDING"]}})),
                returns(
                    "ListSecretVersionIds",
                    list(false),
                    json!({"Versions": [entry(1, json!(["AWSCURRENT"]))], "NextToken": null}),
                ),
            ],
        },
        Row {
            difference: 9,
            what: "a version without a label is listed with IncludeDeprecated only, and without VersionStages",
            source: Known(Source::LocalStack, Sure::Recorded),
            steps: vec![
                create(),
                put(2),
                put(3),
                returns(
                    "ListSecretVersionIds",
                    list(false),
                    json!({
                        "ARN": "$ARN", "Name": "s",
                        "Versions": [entry(2, json!(["AWSPREVIOUS"])), entry(3, json!(["AWSCURRENT"]))],
                    }),
                ),
                returns(
                    "ListSecretVersionIds",
                    list(true),
                    json!({
                        "Versions": [entry(1, Value::Null), entry(2, json!(["AWSPREVIOUS"])), entry(3, json!(["AWSCURRENT"]))],
                    }),
                ),
            ],
        },
    ]
}

/// A secret with a description and a tag.
fn described_secret(name: &str, description: &str, tag: (&str, &str), number: u8) -> Step {
    let tags = json!([{"Key": tag.0, "Value": tag.1}]);
    let body = json!({"Name": name, "Description": description, "Tags": tags, "SecretString": "x", "ClientRequestToken": id(number)});
    succeeds("CreateSecret", body)
}

/// The names that a filter finds.
fn found(key: &str, values: &[&str], names: &[&str]) -> Step {
    let body = json!({"Filters": [{"Key": key, "Values": values}], "SortBy": "name", "SortOrder": "asc"});
    let names: Vec<Value> = names.iter().map(|name| json!({"Name": name})).collect();
    returns("ListSecrets", body, json!({"SecretList": names}))
}

fn filters() -> Vec<Row> {
    let two = || {
        vec![
            described_secret("testing1/one", "The Shop's database", ("Team", "Blue"), 1),
            described_secret("/testing2/two", "a queue", ("stage", "Live"), 2),
        ]
    };
    let with = |mut steps: Vec<Step>, more: Vec<Step>| {
        steps.extend(more);
        steps
    };
    let (one, other) = ("testing1/one", "/testing2/two");
    let filter = |filters: Value| json!({"Filters": filters});
    let many: Vec<String> = (0..11).map(|number| format!("v{number}")).collect();
    vec![
        Row {
            difference: 9,
            what: "a name matches by its beginning, and ! negates",
            source: Known(Source::UserLog, Sure::Recorded),
            steps: with(
                two(),
                vec![
                    found("name", &["/"], &[other]),
                    found("name", &["!/"], &[one]),
                    found("name", &["TEST"], &[]),
                    found("name", &["/", "testing1"], &[other, one]),
                ],
            ),
        },
        Row {
            difference: 9,
            what: "a description matches by the beginnings of its words, in any case",
            source: Known(Source::Moto, Sure::Recorded),
            steps: with(
                two(),
                vec![
                    found("description", &["the shop"], &[one]),
                    found("description", &["DATA"], &[one]),
                    found("description", &["hop"], &[]),
                ],
            ),
        },
        Row {
            difference: 9,
            what: "tags match by their beginnings, in their case",
            source: Known(Source::ApiReference, Sure::Documented),
            steps: with(
                two(),
                vec![
                    found("tag-key", &["Te"], &[one]),
                    found("tag-key", &["te"], &[]),
                    found("tag-value", &["Li"], &[other]),
                ],
            ),
        },
        Row {
            difference: 9,
            what: "the filter all looks at name, description and tags, in any case",
            source: Known(Source::ApiReference, Sure::Documented),
            steps: with(
                two(),
                vec![
                    found("all", &["database"], &[one]),
                    found("all", &["live"], &[other]),
                    found("all", &["team"], &[one]),
                    found("all", &["nothing"], &[]),
                ],
            ),
        },
        Row {
            difference: 9,
            what: "no secret here has an owning service or a primary region",
            source: Known(Source::ApiReference, Sure::Inferred),
            steps: with(
                two(),
                vec![found("owning-service", &["rds"], &[]), found("primary-region", &["us-"], &[])],
            ),
        },
        Row {
            difference: 9,
            what: "an unknown filter key, and no or more than ten values, are refused even if there is no secret",
            source: Known(Source::Recording, Sure::Recorded),
            steps: vec![
                refused(
                    "ListSecrets",
                    filter(json!([{"Key": "colour", "Values": ["x"]}])),
                    "ValidationException",
                ),
                refused_somehow("ListSecrets", filter(json!([{"Key": "name"}]))),
                refused_somehow("ListSecrets", filter(json!([{"Key": "name", "Values": []}]))),
                refused_somehow("ListSecrets", filter(json!([{"Key": "name", "Values": many}]))),
                refused_somehow("ListSecrets", filter(json!([{"Values": ["x"]}]))),
            ],
        },
    ]
}

fn order() -> Vec<Row> {
    let three = || {
        ["b", "c", "a"].map(|name| {
            succeeds("CreateSecret", json!({"Name": name, "SecretString": "x", "ClientRequestToken": id(1)}))
        })
    };
    let listed = |body: Value, names: [&str; 3]| {
        returns("ListSecrets", body, json!({"SecretList": names.map(|name| json!({"Name": name}))}))
    };
    let mut by_name = Vec::from(three());
    by_name.push(listed(json!({"SortBy": "name", "SortOrder": "asc"}), ["a", "b", "c"]));
    by_name.push(listed(json!({"SortBy": "name", "SortOrder": "desc"}), ["c", "b", "a"]));
    by_name.push(refused_somehow("ListSecrets", json!({"SortBy": "colour"})));
    by_name.push(refused_somehow("ListSecrets", json!({"SortOrder": "up"})));
    let mut by_date = Vec::from(three());
    by_date.push(listed(json!({"SortBy": "created-date", "SortOrder": "asc"}), ["b", "c", "a"]));
    by_date.push(listed(json!({"SortBy": "created-date", "SortOrder": "desc"}), ["a", "c", "b"]));
    vec![
        Row {
            difference: 9,
            what: "secrets are sorted by name as asked",
            source: Known(Source::ApiReference, Sure::Documented),
            steps: by_name,
        },
        Row {
            difference: 9,
            what: "secrets are sorted by the dates of their creation",
            source: Known(Source::ApiReference, Sure::Documented),
            steps: by_date,
        },
    ]
}
