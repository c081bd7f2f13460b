//! Malformed messages in the protocol of MySQL and MariaDB, whose servers speak first.

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use testbed::fault_proxy::Fault;
use testbed::stub_server::packet;
use testbed::{MalformedServer, MySql, mysql_versions};
use tokio::task::JoinSet;

use super::{bytes, garbled, is_survived, others, repeats_set_secret, without_tls};
use crate::support::setups_with_a_short_timeout;

/// A server's greeting, which offers TLS (MySQL, `Protocol::HandshakeV10`).
const GREETING: &[u8] =
    b"\x0a9.7.0\0\x19\0\0\0\x114aB0c\x06g\0\xff\xff\xff\x02\0\xff\xc7\x15\0\0\0\0\0\0\0\0\0\0\
    tL\x03s\x0f[4\rl4. \0mysql_native_password\0";
/// All is well.
const OK: &[u8] = b"\0\0\0\x02\0\0\0";

fn malformed_server(parts: Vec<Vec<u8>>) -> Fault {
    Fault::Malformed(MalformedServer::of(parts, true, false))
}

fn random(rng: &mut SmallRng, number: u8) -> Vec<u8> {
    let count = rng.random_range(0..=80);
    packet(number, &bytes(rng, count))
}

/// In place of a greeting, and after one.
fn before_tls(rng: &mut SmallRng) -> Vec<Fault> {
    let mut malformed: Vec<Fault> = others().into_iter().map(|other| malformed_server(vec![other])).collect();
    let after_greeting = |said| malformed_server(vec![packet(0, GREETING), said]);
    malformed.extend(others().into_iter().map(after_greeting));
    // As long as a packet can say that it is, and as long as one that goes on in the next.
    malformed.extend(
        [b"\xfe\xff\xff\0".to_vec(), b"\xff\xff\xff\0".to_vec()].map(|length| malformed_server(vec![length])),
    );
    for cut in (0..GREETING.len()).step_by(4) {
        malformed.push(malformed_server(vec![packet(0, &GREETING[..cut])]));
    }
    for _ in 0..15 {
        malformed.push(malformed_server(vec![random(rng, 0)]));
        let mut greeting = GREETING.to_vec();
        let from = rng.random_range(0..=60);
        let rest = bytes(rng, greeting.len() - from);
        greeting.splice(from.., rest);
        malformed.push(malformed_server(vec![packet(0, &greeting)]));
    }
    malformed
}

/// Where the secret forbids TLS: in response to the sign-in, and to a statement.
fn in_cleartext(rng: &mut SmallRng) -> Vec<Fault> {
    let mut malformed = Vec::new();
    for first in [0x00, 0x01, 0xfe, 0xff] {
        malformed.push(malformed_server(vec![packet(0, GREETING), packet(2, &[first])]));
        malformed.push(malformed_server(vec![packet(0, GREETING), packet(2, OK), packet(1, &[first])]));
    }
    for _ in 0..30 {
        malformed.push(malformed_server(vec![packet(0, GREETING), random(rng, 2)]));
        malformed.push(malformed_server(vec![packet(0, GREETING), packet(2, OK), random(rng, 1)]));
    }
    malformed
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_messages_in_place_of_mysql_and_mariadb_lose_nothing() {
    let mut running = JoinSet::new();
    for (version, seed) in mysql_versions().into_iter().zip(1..) {
        let server = MySql::shared(version).await;
        for setup in setups_with_a_short_timeout(server).into_iter().filter(repeats_set_secret) {
            let mut rng = SmallRng::seed_from_u64(seed);
            let mut faults = before_tls(&mut rng);
            faults.extend(garbled(&mut rng, 6, 4000));
            running.spawn(is_survived(server, setup.clone(), json!({"ssl": true}), faults));
            // MySQL signs nobody in without TLS, so no retry could succeed.
            if version.is_mariadb() && without_tls(&setup) {
                running.spawn(is_survived(server, setup, json!({"ssl": false}), in_cleartext(&mut rng)));
            }
        }
    }
    running.join_all().await;
}
