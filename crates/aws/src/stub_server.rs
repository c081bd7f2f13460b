//! For tests: a service on loopback that sends prepared responses and keeps the requests.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use aws_config::retry::RetryConfig;
use aws_config::{Region, SdkConfig};
use aws_sdk_rds::config::{Credentials, SharedCredentialsProvider};

use crate::{Authorities, Aws, Endpoints, limited};

/// A response's status and body; status 0 closes the connection instead.
type Response = (u16, String);

pub(crate) struct StubServer {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl StubServer {
    /// Responses each request by its head and body.
    pub(crate) fn serve(respond: impl Fn(&str) -> Response + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&requests);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let request = read(&stream);
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
                let (status, body) = respond(&request);
                if status == 0 {
                    continue;
                }
                let head = format!("HTTP/1.1 {status} -\r\nx-amzn-requestid: request-1\r\nconnection: close");
                let _ = write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            }
        });
        Self { url, requests }
    }

    /// The same response to all.
    pub(crate) fn always(status: u16, body: &str) -> Self {
        let body = body.to_owned();
        Self::serve(move |_| (status, body.clone()))
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Clients of this service that try each call once.
    pub(crate) fn aws(&self) -> Aws {
        aws(config(), &self.url)
    }
}

/// The real configuration, with other credentials, and one attempt a call.
pub(crate) fn config() -> SdkConfig {
    let config =
        limited(Authorities::default()).expect("TLS").into_builder().region(Region::new("eu-west-1"));
    let credentials = SharedCredentialsProvider::new(Credentials::for_tests());
    config.credentials_provider(credentials).retry_config(RetryConfig::disabled()).build()
}

pub(crate) fn aws(config: SdkConfig, url: &str) -> Aws {
    let url = Some(url.to_owned());
    Aws::new(config, Endpoints { secrets_manager: url.clone(), rds: url })
}

fn read(stream: &TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let mut request = String::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
        request.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("the body");
    request + &String::from_utf8(body).expect("text")
}
