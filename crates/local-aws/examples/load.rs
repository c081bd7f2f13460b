//! Measures how many `GetSecretValue` a running server responds to in a second, over connections that stay open and over
//! new ones.
//!
//! ```text
//! cargo build --release -p local-aws --examples
//! target/release/local-aws serve        # and paste its export lines into another terminal
//! target/release/examples/load [CONNECTIONS] [SECONDS]
//! ```
//!
//! It creates the secret `load`, and uses a core itself: on a machine with two cores, the server has the other.

#![expect(
    clippy::disallowed_methods,
    reason = "a program of its own takes its settings from the environment"
)]

use std::io::{BufRead, BufReader, Error, Read, Result, Write, stdout};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Whether a connection serves one request or many.
#[derive(Debug, Clone, Copy)]
enum Connections {
    Kept,
    New,
}

/// A server, and the key for it.
#[derive(Clone)]
struct Target {
    address: String,
    key: String,
}

fn main() -> Result<()> {
    let variable = |name| std::env::var(name).ok();
    let missing = |name: &str| {
        Error::other(format!("{name} is not set: paste the lines that `local-aws serve` prints"))
    };
    let endpoint = variable("LOCAL_AWS_ENDPOINT").ok_or_else(|| missing("LOCAL_AWS_ENDPOINT"))?;
    let key = variable("LOCAL_AWS_ACCESS_KEY").ok_or_else(|| missing("LOCAL_AWS_ACCESS_KEY"))?;
    let target = Target { address: endpoint.trim_start_matches("http://").to_owned(), key };
    let mut arguments = std::env::args().skip(1).filter_map(|argument| argument.parse().ok());
    let threads = arguments.next().unwrap_or(4);
    let time = Duration::from_secs(arguments.next().unwrap_or(5));
    let create = r#"{"Name":"load","SecretString":"{\"username\":\"app\",\"password\":\"x\"}","ClientRequestToken":"00000000000000000000000000000001"}"#;
    // Refused if an earlier run has created it.
    target.call(&mut target.connect()?, "CreateSecret", create)?;
    for connections in [Connections::Kept, Connections::New] {
        let rate = target.rate(connections, threads, time)?;
        writeln!(stdout(), "{connections:?}: {rate:.0} GetSecretValue a second ({threads} at a time)")?;
    }
    Ok(())
}

impl Target {
    /// Calls from so many threads for so long; returns how many calls succeeded in a second.
    fn rate(&self, connections: Connections, threads: u64, time: Duration) -> Result<f64> {
        let start = Instant::now();
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                let target = self.clone();
                std::thread::spawn(move || target.call_until(connections, start + time))
            })
            .collect();
        let mut calls = 0.0;
        for worker in workers {
            calls += worker.join().map_err(|_| Error::other("a thread panicked"))??;
        }
        Ok(calls / start.elapsed().as_secs_f64())
    }

    fn call_until(&self, connections: Connections, end: Instant) -> Result<f64> {
        let mut connection = self.connect()?;
        let mut calls = 0.0;
        while Instant::now() < end {
            if matches!(connections, Connections::New) {
                connection = self.connect()?;
            }
            if self.call(&mut connection, "GetSecretValue", r#"{"SecretId":"load"}"#)? != 200 {
                return Err(Error::other("the server refused GetSecretValue"));
            }
            calls += 1.0;
        }
        Ok(calls)
    }

    fn connect(&self) -> Result<BufReader<TcpStream>> {
        let stream = TcpStream::connect(&self.address)?;
        stream.set_nodelay(true)?;
        Ok(BufReader::new(stream))
    }

    /// Sends a request, and reads the whole response; returns its status.
    fn call(&self, connection: &mut BufReader<TcpStream>, operation: &str, body: &str) -> Result<u16> {
        let request = format!(
            "POST / HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-amz-json-1.1\r\nX-Amz-Target: \
             secretsmanager.{operation}\r\nAuthorization: AWS4-HMAC-SHA256 \
             Credential={}/20260101/us-east-1/secretsmanager/aws4_request, SignedHeaders=host, \
             Signature=none\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            self.key,
            body.len()
        );
        connection.get_mut().write_all(request.as_bytes())?;
        let (mut status, mut length) = (0, 0);
        loop {
            let mut line = String::new();
            connection.read_line(&mut line)?;
            match line.trim_end().split_once([':', ' ']) {
                Some(("HTTP/1.1", rest)) => {
                    status = rest.get(..3).and_then(|code| code.parse().ok()).unwrap_or(0)
                }
                Some(("content-length", rest)) => length = rest.trim().parse().map_err(Error::other)?,
                Some(_) => {}
                None if status == 0 => return Err(Error::other("no response of HTTP/1.1")),
                None => break,
            }
        }
        connection.read_exact(&mut vec![0; length])?;
        Ok(status)
    }
}
