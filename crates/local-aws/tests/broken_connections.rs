//! Clients that hang up, send slowly, or name two hosts.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use serde_json::json;

use crate::support::{Aws, KEY, id};

/// A `PutSecretValue`, as text: its head and its body.
fn put(digit: u32) -> (String, String) {
    let body = json!({"SecretId": "app", "SecretString": "two", "ClientRequestToken": id(digit)}).to_string();
    let head = format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: secretsmanager.PutSecretValue\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential={}/20260101/us-east-1/secretsmanager/aws4_request, \
         SignedHeaders=host, Signature=none\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        KEY.expose(),
        body.len()
    );
    (head, body)
}

fn connect(aws: &Aws, sent: &str) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", aws.server.port())).expect("a connection");
    stream.write_all(sent.as_bytes()).expect("the server reads");
    stream
}

fn response(mut stream: TcpStream) -> String {
    let mut response = String::new();
    stream.read_to_string(&mut response).expect("a response");
    response
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_whose_body_breaks_off_changes_nothing() {
    let aws = Aws::with_secret().await;
    let (head, body) = put(2);
    for length in [0, 1, body.len() - 1] {
        drop(connect(&aws, &format!("{head}{}", &body[..length])));
        let halves = connect(&aws, &format!("{head}{}", &body[..length]));
        halves.shutdown(Shutdown::Write).expect("a half-closed connection");
        let response = response(halves);
        assert!(response.starts_with("HTTP/1.1 400") && response.contains("ended early"), "{response}");
    }
    assert_eq!(aws.stages().await, json!({id(1): ["AWSCURRENT"]}));
    assert!(aws.server.calls().iter().all(|call| call.operation != "PutSecretValue"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_hangs_up_before_the_response_finds_the_change_made_whole_or_not_at_all() {
    let aws = Aws::with_secret().await;
    let (head, body) = put(2);
    for _ in 0..50 {
        drop(connect(&aws, &format!("{head}{body}")));
        let value = aws.ok("GetSecretValue", json!({"SecretId": "app"})).await;
        let stages = aws.stages().await;
        let before = json!({id(1): ["AWSCURRENT"]});
        let after = json!({id(1): ["AWSPREVIOUS"], id(2): ["AWSCURRENT"]});
        match value["SecretString"].as_str() {
            // The request may be processed between the two calls.
            Some("one") => assert!(stages == before || stages == after, "{stages}"),
            Some("two") => assert_eq!(stages, after),
            other => panic!("{other:?}"),
        }
    }
    // The repeated request succeeds, and has the result of the first.
    let repeated = response(connect(&aws, &format!("{head}{body}")));
    assert!(repeated.starts_with("HTTP/1.1 200"), "{repeated}");
    assert_eq!(aws.stages().await, json!({id(1): ["AWSPREVIOUS"], id(2): ["AWSCURRENT"]}));
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_not_finished_hold_up_no_other() {
    let aws = Aws::with_secret().await;
    let (head, body) = put(2);
    let unfinished: Vec<TcpStream> = (0..300)
        .map(|number| match number % 3 {
            0 => connect(&aws, "POST / HTTP/1.1\r\n"),
            1 => connect(&aws, &head),
            _ => connect(&aws, &format!("{head}{}", &body[..20])),
        })
        .collect();
    aws.put(3, "three", &["AWSCURRENT"]).await.expect("a put");
    assert_eq!(aws.ok("GetSecretValue", json!({"SecretId": "app"})).await["SecretString"], "three");
    drop(unfinished);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_with_a_second_host_that_is_foreign_is_forbidden() {
    let aws = Aws::with_secret().await;
    let (head, body) = put(2);
    for hosts in
        ["Host: localhost\r\nHost: evil.example\r\n", "Host: evil.example\r\nHost: localhost\r\n", ""]
    {
        let head = head.replace("Host: localhost\r\n", hosts);
        let response = response(connect(&aws, &format!("{head}{body}")));
        assert!(response.starts_with("HTTP/1.1 403"), "{hosts} {response}");
    }
    assert_eq!(aws.stages().await, json!({id(1): ["AWSCURRENT"]}));
}
