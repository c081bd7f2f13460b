//! What a client sends to local-aws: requests, one after the other on one connection.

/// Sends requests to a new server, which answers them or closes the connection, and has no error of its own.
pub(crate) fn check(bytes: &[u8]) {
    let answers = answers(&requests(bytes));
    assert!(answers.is_empty() || answers.starts_with(b"HTTP/1."), "this is no answer");
    for answer in String::from_utf8_lossy(&answers).split("HTTP/1.1 ").skip(1) {
        assert!(!answer.starts_with('5'), "an error of the server's own: {answer}");
    }
}

/// A line of `---` parts two requests. Each is a head, an empty line, and a body, whose length is added here: else
/// hardly a changed body would be read.
pub(crate) fn requests(bytes: &[u8]) -> Vec<u8> {
    let mut requests = Vec::new();
    for request in String::from_utf8_lossy(bytes).split("\n---\n") {
        let (head, body) = request.split_once("\n\n").unwrap_or((request, ""));
        let head = head.replace('\n', "\r\n");
        requests.extend(format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).bytes());
    }
    requests
}

/// What a new server answers.
pub(crate) fn answers(requests: &[u8]) -> Vec<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime").block_on(local_aws::fuzzing::answers(requests))
}
