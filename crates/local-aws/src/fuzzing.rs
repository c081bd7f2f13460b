//! A connection in memory, for the fuzz target `local_aws_request` (`fuzz/`) and the test of its corpus. It needs no port,
//! so a hundred thousand of them fit into a minute.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::AccessKey;
use crate::lock::lock;
use crate::options::Options;
use crate::server::new_service;

/// The access key in the seeds, and of the server that gets them. Nothing else can reach that server, which has no port.
const ACCESS_KEY: &str = "AKIDEXAMPLE";

/// The responses of a new server to a client that sends these bytes, and then nothing more.
pub async fn responses(sent: &[u8]) -> Vec<u8> {
    let access_keys = AccessKey::new(ACCESS_KEY).into_iter().collect();
    let service = Arc::new(new_service(Options { access_keys, attempts: 1, ..Options::default() }));
    // Room for all that is sent: neither side waits for the other.
    let (mut client, server) = tokio::io::duplex(16 * 1024 * 1024);
    let mut responses = Vec::new();
    // Ignored: a pipe in memory does not break.
    let _ = client.write_all(sent).await;
    let _ = client.shutdown().await;
    crate::http::serve_connection(server, Arc::clone(&service)).await;
    let _ = client.read_to_end(&mut responses).await;
    lock(&service.tasks).abort_all();
    responses
}
