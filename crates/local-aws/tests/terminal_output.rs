//! Texts of functions and servers cannot control the terminal on which the command line prints them.

use std::process::Output;

use axum::Router;
use axum::http::StatusCode;
use serde_json::{Value as Json, json};

use crate::support::{Aws, Function, Reply, id, run, run_at, text};

/// Clears the screen, reverses the order of what follows, forges a line, and is very long.
fn hostile() -> String {
    format!(
        "no\u{1b}[2J\u{9b}2J\u{202e}\u{2066}\u{200f}\u{61c}\u{2028}\r\n  finishSecret  ok{}",
        "!".repeat(100_000)
    )
}

fn assert_harmless(printed: &Output) {
    for text in [text(&printed.stdout), text(&printed.stderr)] {
        let controls = |c: char| {
            (c.is_control() && c != '\n')
                || ('\u{2028}'..='\u{202e}').contains(&c)
                || "\u{2066}\u{200f}\u{61c}".contains(c)
        };
        assert!(!text.contains(controls), "{text:?}");
        assert!(!text.lines().any(|line| line == "  finishSecret  ok"), "{text}");
    }
}

fn assert_short(printed: &Output) {
    for line in [text(&printed.stdout), text(&printed.stderr)].iter().flat_map(|text| text.lines()) {
        assert!(line.chars().count() < 2_200, "a line of {} characters", line.chars().count());
    }
}

#[tokio::test]
async fn the_message_of_a_function_is_printed_on_one_line_cut_and_escaped() {
    let forms = [
        (500, json!({"errorType": "Refused", "errorMessage": hostile()})),
        (500, json!({"errorType": hostile(), "errorMessage": "no"})),
        (404, json!({"detail": hostile()})),
        (502, json!(hostile())),
    ];
    for (status, body) in forms {
        let aws = Aws::with_secret().await;
        let function = Function::start(&aws.server.url(), vec![Reply::Fails(status, false, body); 5]).await;
        aws.server.set_lambda_url(&function.url);
        let rotated = run(&aws, &["rotate", "app", "--function", "rotate"], "").await;
        assert_eq!(rotated.status.code(), Some(1));
        let out = text(&rotated.stdout);
        assert!(
            out.contains("  createSecret  failed: ") && out.contains("(cut after 2000 characters)"),
            "{out}"
        );
        assert_harmless(&rotated);
        assert_short(&rotated);
    }
}

#[tokio::test]
async fn labels_and_calls_are_printed_escaped() {
    let aws = Aws::with_secret().await;
    let label = "\u{1b}[2J\u{202e}\n  finishSecret  ok";
    aws.put(2, "two", &[label]).await.expect("a label may hold any character");
    let shown = run(&aws, &["show", "app"], "").await;
    assert!(text(&shown.stdout).contains(r"\u001b[2J\u202e\u000a"), "{}", text(&shown.stdout));
    assert_harmless(&shown);

    let calls = run(&aws, &["calls"], "").await;
    assert_harmless(&calls);
    let last: Json = serde_json::from_str(text(&calls.stdout).lines().last().expect("a call")).expect("JSON");
    assert_eq!((&last["version_stages"], &last["client_token"]), (&json!([label]), &json!(id(2))));
}

#[tokio::test]
async fn responses_of_another_server_are_printed_escaped() {
    let state = json!([{"id": hostile(), "stages": [], "has_value": true}]);
    let error = json!({"__type": hostile(), "Message": hostile()});
    let made = json!({"ARN": hostile(), "VersionId": hostile()});
    let bodies = [
        (StatusCode::BAD_REQUEST, error),
        (StatusCode::OK, state),
        (StatusCode::OK, made),
        (StatusCode::OK, json!(hostile())),
    ];
    for (status, body) in bodies {
        let reply = (status, axum::Json(body));
        let routes = Router::new().fallback(move || std::future::ready(reply.clone()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let server = tokio::spawn(async move { axum::serve(listener, routes).await });
        for arguments in [&["show", "app"][..], &["create", "app"], &["rotate", "app"], &["calls"]] {
            let printed = run_at(&url, arguments, "x").await;
            assert_harmless(&printed);
            // JSON is for programs, and not cut.
            if arguments != ["calls"] {
                assert_short(&printed);
            }
        }
        server.abort();
    }
}
