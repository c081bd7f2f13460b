//! Secrets and events of every shape are rotated, or refused with a clear message. Nothing is lost, and no value is repeated.

use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use testbed::{Application, Setup};

use crate::support::postgres::{newest, users_and_labels};
use crate::support::{MARK, setups_that_a_function_keeps_equal};

/// What Secrets Manager takes at most, in bytes.
const MOST: usize = 65_536;

async fn store(application: &Application<'_>, text: &str) {
    let call = application.client.put_secret_value().secret_id(&application.arn).secret_string(text);
    call.send().await.expect("PutSecretValue is accepted");
}

async fn text(application: &Application<'_>) -> String {
    let call = application.client.get_secret_value().secret_id(&application.arn).send().await;
    call.expect("a current version").secret_string().expect("a text").to_owned()
}

/// The application's secret, as the inside of an object.
async fn fields(application: &Application<'_>) -> String {
    let secret = application.stored("AWSCURRENT").await.expect("a first version").to_string();
    secret.trim_start_matches('{').trim_end_matches('}').to_owned()
}

/// What is wrong with each, and what is said of it. FIELDS stands for the application's own.
fn refused() -> Vec<(&'static str, String, &'static str)> {
    let deep = |levels| format!("{{FIELDS,\"deep\":{}\"{MARK}\"{}}}", "[".repeat(levels), "]".repeat(levels));
    vec![
        ("deep", deep(10_000), "nested more than 127 deep"),
        ("just too deep", deep(127), "nested more than 127 deep"),
        ("a byte order mark", "\u{feff}{FIELDS}".into(), "must be JSON, and is not at line 1 column 1"),
        (
            "a lone surrogate",
            format!(r#"{{FIELDS,"note":"{MARK}\ud800"}}"#),
            "must be JSON, and is not at line 1",
        ),
        ("half a pair", format!(r#"{{FIELDS,"note":"\udc00{MARK}"}}"#), "must be JSON, and is not at line 1"),
        (
            "a raw control character",
            format!("{{FIELDS,\"note\":\"{MARK}\u{1}\"}}"),
            "must be JSON, and is not",
        ),
        ("two objects", format!(r#"{{FIELDS}}{{"a":"{MARK}"}}"#), "must be JSON, and is not"),
        ("NaN", "{FIELDS,\"note\":NaN}".into(), "must be JSON, and is not"),
        ("a NUL in the password", format!(r#"{{FIELDS,"password":"{MARK}\u0000"}}"#), "password must be"),
        ("a NUL in the user", format!(r#"{{FIELDS,"username":"{MARK}\u0000"}}"#), "username must be"),
        ("a number as password", r#"{FIELDS,"password":12345678}"#.into(), "password must be"),
        ("a list as host", format!(r#"{{FIELDS,"host":["{MARK}"]}}"#), "host must be"),
        ("a line in the host", format!(r#"{{FIELDS,"host":"localhost\n{MARK}"}}"#), "host must be"),
        ("a fraction as port", r#"{FIELDS,"port":5432.5}"#.into(), "port must be"),
        ("port in words", format!(r#"{{FIELDS,"port":"{MARK}"}}"#), "port must be"),
        ("a large port", r#"{FIELDS,"port":1e400}"#.into(), "port must be"),
        ("ssl as a number", r#"{FIELDS,"ssl":0}"#.into(), "ssl must be"),
        (
            "an object as masterarn",
            format!(r#"{{FIELDS,"masterarn":{{"a":"{MARK}"}}}}"#),
            "masterarn must be",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_of_a_wrong_shape_is_refused_before_anything_is_written() {
    let server = newest().await;
    for setup in setups_that_a_function_keeps_equal(server) {
        let application = Application::start(server, setup).await;
        let fields = fields(&application).await;
        for (what, wrong, said) in refused() {
            let wrong = wrong.replace("FIELDS", &fields);
            store(&application, &wrong).await;
            let pending = application.begin().await;
            let before = users_and_labels(&application).await;
            let refusal = application.step("createSecret", &pending).await.expect_err(what);
            assert_eq!(refusal.error_type, "Refused", "{what}: {refusal:?}");
            assert!(refusal.error_message.contains(said), "{what}: {refusal:?}");
            assert!(!refusal.error_message.contains(MARK), "{what}: {refusal:?}");
            assert_eq!(text(&application).await, wrong, "{what}");
            assert_eq!(application.stored("AWSPENDING").await, None, "{what}");
            assert_eq!(users_and_labels(&application).await, before, "{what}");
            application.abandon(&pending).await;
        }
        assert!(!application.output().contains(MARK), "a value is in the output");
        store(&application, &format!("{{{fields}}}")).await;
        application.rotate_ok().await;
    }
}

/// What is odd about each, and what has to be in the next version. An exponent gets its sign, and nothing else changes in a
/// number. FIELDS as above.
const ODD: [(&str, &str, &str); 8] = [
    ("deep", r#"{FIELDS,"deep":[[[[[[[[[[[[[[[[[[[[{"a":[]}]]]]]]]]]]]]]]]]]]]]}"#, r#"[[[{"a":[]}]]]"#),
    ("a field twice: the last counts", r#"{"username":"nobody","note":1,FIELDS,"note":2}"#, r#""note":2"#),
    ("a port in a string", r#"{FIELDS,"note":"05432"}"#, r#""note":"05432""#),
    (
        "numbers of any size",
        r#"{FIELDS,"n":[1E+400,-0.0,123456789012345678901234567890]}"#,
        "[1e+400,-0.0,123456789012345678901234567890]",
    ),
    (
        "control characters",
        r#"{FIELDS,"note":"\u0000\u0001\u001b[31m\r\n\u007f"}"#,
        r#"\u0000\u0001\u001b[31m\r\n"#,
    ),
    ("an empty name", r#"{FIELDS,"":{"":null}}"#, r#""":{"":null}"#),
    ("space around", "\n\t {FIELDS,\"note\" : [ 1 ,\r 2 ] } \n", r#""note":[1,2]"#),
    (
        "other letters",
        r#"{FIELDS,"Password":"kept","ÜberFeld":"\ud83d\ude00"}"#,
        r#""Password":"kept","ÜberFeld":"😀""#,
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn an_odd_secret_rotates_and_keeps_what_it_holds() {
    for (what, odd, kept) in ODD {
        let application = Application::start(newest().await, Setup::single_user()).await;
        let fields = fields(&application).await;
        store(&application, &odd.replace("FIELDS", &fields)).await;
        application.rotate_ok().await;
        let next = text(&application).await;
        assert!(next.contains(kept), "{what}");
        assert_eq!(next.matches("\"password\"").count(), 1, "{what}");
        assert!(application.signs_in("AWSCURRENT").await, "{what}");
    }
}

/// The longest value rotates where the next one is not longer; else the refusal says by how much.
#[tokio::test(flavor = "multi_thread")]
async fn a_secret_of_65536_bytes_is_rotated_or_refused_by_its_length() {
    for (length, fits) in [("32", true), ("64", false)] {
        let environment = vec![("PASSWORD_LENGTH", length)];
        let application =
            Application::start(newest().await, Setup { environment, ..Setup::single_user() }).await;
        let fields = fields(&application).await;
        let frame = format!("{{{fields},\"note\":\"\"}}").len();
        let longest = format!("{{{fields},\"note\":\"{}\"}}", "ü".repeat((MOST - frame) / 2));
        store(&application, &longest).await;
        if fits {
            application.rotate_ok().await;
        } else {
            let refusal = application.rotate_expect_err().await;
            assert!(refusal.starts_with("CreateSecret Refused: "), "{refusal}");
            assert!(refusal.contains("of at most 65536"), "{refusal}");
            assert_eq!(text(&application).await, longest);
        }
        assert!(application.signs_in("AWSCURRENT").await);
    }
}

/// Posts an event as it is, JSON or not. Returns the function's error, if there is one.
async fn invoke(application: &Application<'_>, event: Vec<u8>) -> Option<Value> {
    let url =
        format!("{}/2015-03-31/functions/postgres-single-user/invocations", application.functions.url());
    let request = hyper::Request::post(url).body(Full::from(event)).expect("a request");
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<hyper::body::Bytes>>();
    let response = client.request(request).await.expect("a result");
    let failed = response.headers().contains_key("x-amz-function-error");
    let bytes = response.into_body().collect().await.expect("a body").to_bytes();
    failed.then(|| serde_json::from_slice(&bytes).expect("an error in JSON"))
}

/// More invalid events than in `invalid_input.rs`. No shape of an event ends the process.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_any_shape_gets_a_response() {
    let application = Application::start(newest().await, Setup::single_user()).await;
    let version = application.begin().await;
    let before = users_and_labels(&application).await;
    let with = |fields: &str| {
        let event = application.event("createSecret", &version).to_string();
        format!("{},{fields}}}", event.trim_end_matches('}'))
    };
    let nested = |levels: usize| format!("{}\"{MARK}\"{}", "[".repeat(levels), "]".repeat(levels));
    let mut events = vec![
        String::new(),
        MARK.into(),
        format!("{{\"Step\":\"{MARK}"),
        format!("\u{feff}{}", application.event("createSecret", &version)),
        nested(10_000),
        with(&format!("\"More\":{}", nested(10_000))),
        with(&format!("\"Step\":\"{MARK}\"")),
        with(&format!("\"SecretId\":{{\"a\":\"{MARK}\"}}")),
        with(&format!("\"SecretId\":\"{}\"", MARK.repeat(300))),
        with(&format!("\"ClientRequestToken\":\"{}\"", MARK.repeat(10))),
        with(&format!("\"RotationToken\":\"{}\"", MARK.repeat(100))),
        with(&format!("\"RotationToken\":\"{MARK}\\ud800\"")),
        with("\"SecretId\":\"\""),
        with("\"ClientRequestToken\":12345678901234567890123456789012"),
    ];
    events.push(json!({"Records": [{"body": MARK}]}).to_string());
    for event in events {
        let start: String = event.chars().take(60).collect();
        let error = invoke(&application, event.into_bytes()).await;
        let error = error.unwrap_or_else(|| panic!("no error for {start}"));
        assert_ne!(error["errorType"], json!("Runtime.ExitError"), "{start}: {error}");
        assert!(!error.to_string().contains(MARK), "{start}: {error}");
    }
    assert_eq!(users_and_labels(&application).await, before);
    assert!(!application.output().contains(MARK), "{}", application.output());
    let whole = with(&format!("\"More\":{}", nested(100)));
    assert_eq!(invoke(&application, whole.into_bytes()).await, None);
}
