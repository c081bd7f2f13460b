//! Malformed messages in the database's place: the step says so in time, the process goes on, and the next attempt with the
//! database itself succeeds.

mod mysql;
mod postgres;

use std::collections::BTreeMap;

use rand::rngs::SmallRng;
use rand::{Rng, RngExt};
use rotation::Promotion;
use serde_json::Value;
use testbed::fault_proxy::Fault;
use testbed::memory::peak;
use testbed::{Application, FaultProxy, MalformedServer, Server, Setup};

use crate::support::{nothing_is_lost, ready_for_set_secret};

/// What the process may have had at most, in KiB: Lambda gives it 128 MiB, and an ordinary rotation takes a third of that.
const MOST: usize = 80 * 1024;

/// The error classes for malformed messages. Any other class would mean that a message was believed.
const CLASSES: [&str; 8] = [
    "Unreachable",
    "Deadline",
    "Protocol",
    "TlsFailed",
    "TlsNotOffered",
    "SignInMethod",
    "BeforeTls",
    "ServerUnavailable",
];

/// Whether this strategy rotates without TLS. One with a superuser does not.
fn without_tls(setup: &Setup<'_>) -> bool {
    !setup.function.ends_with("alternating-users")
}

/// Whether setSecret has something to do each time: where it promotes, the version is current after the first.
fn repeats_set_secret(setup: &Setup<'_>) -> bool {
    setup.promotion == Promotion::InFinishSecret
}

/// What other programs send where a database was expected.
fn others() -> Vec<Vec<u8>> {
    [
        &b""[..],
        b"\0",
        b"\r\n",
        b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        b"<html><body>It works!</body></html>",
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"220 mail.example ESMTP\r\n",
        b"-ERR wrong number of arguments\r\n",
        // A TLS alert, and a record of TLS as long as one can be.
        &[21, 3, 3, 0, 2, 2, 40],
        &[22, 3, 3, 255, 255, 1],
    ]
    .map(<[u8]>::to_vec)
    .into()
}

/// A step under each of these faults, and then each time without: with these fields in the secret.
async fn is_survived<S: Server>(
    server: &'static S,
    setup: Setup<'static>,
    fields: Value,
    faults: Vec<Fault>,
) {
    let context = format!("{} on {}, {fields}", setup.function, server.name());
    let single_user = setup.function.ends_with("single-user");
    let proxy = FaultProxy::to(server.port(), Fault::None).await;
    let setup = Setup { fields, ..setup };
    let (application, pending) = ready_for_set_secret(server, &proxy, setup).await;
    let mut said: BTreeMap<String, usize> = BTreeMap::new();
    // The sign-in is the same for all: the others are asked some of it.
    let faults: Vec<_> = faults.into_iter().step_by(if single_user { 1 } else { 4 }).collect();
    for fault in &faults {
        let context = format!("{context}: {}", shown(fault));
        proxy.becomes(*fault);
        let result = application.step("setSecret", &pending).await;
        proxy.becomes(Fault::None);
        let class = match result {
            Err(error) if CLASSES.contains(&error.error_type.as_str()) => error.error_type,
            // What came was true to the end.
            Ok(()) if matches!(fault, Fault::Garbles { .. }) => "none".to_owned(),
            other => panic!("{context}: {other:?}"),
        };
        nothing_is_lost(&application, single_user, &context).await;
        succeeds_now(&application, &pending, &context).await;
        *said.entry(class).or_default() += 1;
    }
    for step in ["testSecret", "finishSecret"] {
        application.step(step, &pending).await.expect(step);
    }
    assert!(application.signs_in("AWSCURRENT").await, "{context}");
    let processes = application.processes().await;
    let [process] = processes[..] else { panic!("{context}: {processes:?}") };
    let peak = peak(process);
    println!("{context}: {} faults, {said:?}, at most {} MiB", faults.len(), peak / 1024);
    assert!(!application.output().contains("Runtime exited"), "{context}");
    assert!(peak < MOST, "{context}: {peak} KiB");
}

async fn succeeds_now<S: Server>(application: &Application<'_, S>, pending: &str, context: &str) {
    application.step("setSecret", pending).await.unwrap_or_else(|error| panic!("{context}: then {error:?}"));
}

fn shown(fault: &Fault) -> String {
    let Fault::Malformed(MalformedServer { parts, .. }) = fault else { return format!("{fault:?}") };
    let parts: Vec<_> = parts.iter().map(|part| part.escape_ascii().to_string()).collect();
    format!("{parts:?}")
}

/// So many of any bytes.
fn bytes(rng: &mut SmallRng, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    rng.fill_bytes(&mut bytes);
    bytes
}

/// The server's own messages, garbled after some bytes.
fn garbled(rng: &mut SmallRng, count: usize, most: usize) -> Vec<Fault> {
    let one = |_| Fault::Garbles { after: rng.random_range(0..=most), seed: rng.random() };
    (0..count).map(one).collect()
}
