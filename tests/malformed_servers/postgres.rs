//! Malformed messages in PostgreSQL's protocol.

use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use testbed::fault_proxy::Fault;
use testbed::{FaultProxy, MalformedServer, Postgres, Setup, postgres_versions};
use tokio::task::JoinSet;

use super::{bytes, garbled, is_survived, others, repeats_set_secret, without_tls};
use crate::support::{nothing_is_lost, ready_for_set_secret, setups_with_a_short_timeout};

/// What a server may begin a message with (PostgreSQL, "Message Formats").
const KINDS: &[u8] = b"RKSZEN1T2CDAtsnIGHWcdvV3";
/// `AuthenticationMD5Password`: without a challenge no "yes" is believed.
const MD5: &[u8] = b"R\0\0\0\x0c\0\0\0\x05salt";
/// `AuthenticationOk` and `ReadyForQuery`.
const SIGNED_IN: &[u8] = b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I";
/// `AuthenticationSASL` with SCRAM-SHA-256.
const SASL: &[u8] = b"R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0";

fn malformed_server(parts: Vec<Vec<u8>>) -> Fault {
    Fault::Malformed(MalformedServer::of(parts, false, false))
}

/// A message whose length is that of its body, which is random.
fn message(rng: &mut SmallRng) -> Vec<u8> {
    let body: u32 = rng.random_range(0..=60);
    let mut message = vec![*KINDS.choose(rng).expect("some kinds")];
    message.extend((body + 4).to_be_bytes());
    message.extend(bytes(rng, body as usize));
    message
}

/// Before TLS, and in its place.
fn before_tls(rng: &mut SmallRng) -> Vec<Fault> {
    let mut malformed: Vec<Fault> = others().into_iter().map(|other| malformed_server(vec![other])).collect();
    malformed.extend(others().into_iter().map(|other| malformed_server(vec![b"S".to_vec(), other])));
    malformed.extend([
        malformed_server(vec![b"N".to_vec()]),
        malformed_server(vec![b"E\0\0\0\x08FATAL".to_vec()]),
    ]);
    for _ in 0..15 {
        let count = rng.random_range(1..=300);
        malformed.push(malformed_server(vec![bytes(rng, count)]));
        malformed.push(malformed_server(vec![b"S".to_vec(), bytes(rng, count)]));
    }
    malformed
}

/// Where the secret forbids TLS, any message can be forged: at the start, in the middle of SCRAM, and after a statement.
fn in_cleartext(rng: &mut SmallRng) -> Vec<Fault> {
    let mut malformed = Vec::new();
    for length in 0..4 {
        malformed.push(malformed_server(vec![vec![b'R', 0, 0, 0, length, 0, 0]]));
    }
    for cut in 1..SIGNED_IN.len() {
        malformed.push(malformed_server(vec![MD5.to_vec(), SIGNED_IN[..cut].to_vec()]));
    }
    for _ in 0..25 {
        malformed.push(malformed_server(vec![message(rng)]));
        malformed.push(malformed_server(vec![SASL.to_vec(), message(rng)]));
        malformed.push(malformed_server(vec![MD5.to_vec(), SIGNED_IN.to_vec(), message(rng)]));
    }
    malformed
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_messages_in_place_of_postgresql_lose_nothing() {
    let mut running = JoinSet::new();
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        for setup in setups_with_a_short_timeout(server).into_iter().filter(repeats_set_secret) {
            let mut rng = SmallRng::seed_from_u64(version.into());
            let mut faults = before_tls(&mut rng);
            faults.extend(garbled(&mut rng, 6, 4000));
            running.spawn(is_survived(server, setup.clone(), json!({"ssl": true}), faults));
            if without_tls(&setup) {
                running.spawn(is_survived(server, setup, json!({"ssl": false}), in_cleartext(&mut rng)));
            }
        }
    }
    running.join_all().await;
}

/// The driver reserves the length that a message claims, without a limit. So the process ends, at once and before it has used
/// memory; the next attempt starts another.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_gigabytes_ends_the_process_and_loses_nothing() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    for length in [0x1fff_ffff_u32, 0x7fff_ffff, u32::MAX] {
        for setup in setups_with_a_short_timeout(server).into_iter().filter(without_tls) {
            let context = format!("{} and a message of {length} bytes", setup.function);
            let proxy = FaultProxy::to(server.port(), Fault::None).await;
            let setup = Setup { fields: json!({ "ssl": false }), ..setup };
            let (application, pending) = ready_for_set_secret(server, &proxy, setup).await;
            let announced = [&b"E"[..], &length.to_be_bytes()].concat();
            proxy.becomes(malformed_server(vec![MD5.to_vec(), SIGNED_IN.to_vec(), announced]));
            let error = application.step("setSecret", &pending).await.expect_err(&context);
            assert_eq!(error.error_type, "Runtime.ExitError", "{context}: {error:?}");
            assert!(application.output().contains("memory allocation of"), "{context}: it ended otherwise");
            nothing_is_lost(&application, true, &context).await;
            proxy.becomes(Fault::None);
            for step in ["setSecret", "testSecret", "finishSecret"] {
                application.step(step, &pending).await.expect(step);
            }
            assert!(application.signs_in("AWSCURRENT").await, "{context}");
        }
    }
}
