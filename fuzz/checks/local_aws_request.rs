//! Requests of a client of local-aws, one after the other on one connection.

/// Sends requests to a new server. It responds or closes the connection, and never with an internal error.
pub(crate) fn check(bytes: &[u8]) {
    let responses = responses(&requests(bytes));
    assert!(responses.is_empty() || responses.starts_with(b"HTTP/1."), "not an HTTP response");
    for response in String::from_utf8_lossy(&responses).split("HTTP/1.1 ").skip(1) {
        assert!(!response.starts_with('5'), "an internal error: {response}");
    }
}

/// A line of `---` separates two requests. Each is a head, an empty line, and a body. The body's length is added here,
/// because the server would discard almost every changed body otherwise.
pub(crate) fn requests(bytes: &[u8]) -> Vec<u8> {
    let mut requests = Vec::new();
    for request in String::from_utf8_lossy(bytes).split("\n---\n") {
        let (head, body) = request.split_once("\n\n").unwrap_or((request, ""));
        let head = head.replace('\n', "\r\n");
        requests.extend(format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).bytes());
    }
    requests
}

/// The responses of a new server.
pub(crate) fn responses(requests: &[u8]) -> Vec<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime").block_on(local_aws::fuzzing::responses(requests))
}
