//! Nonsense in the protocol of MySQL and MariaDB, whose servers speak first.

use bed::stub_server::packet;
use bed::wire::Fault;
use bed::{Lie, MySql, mysql_versions};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use tokio::task::JoinSet;

use super::{bytes, garbled, is_survived, others, without_tls};
use crate::survives::setups;

/// A server's greeting, which offers TLS (MySQL, `Protocol::HandshakeV10`).
const GREETING: &[u8] =
    b"\x0a9.7.0\0\x19\0\0\0\x114aB0c\x06g\0\xff\xff\xff\x02\0\xff\xc7\x15\0\0\0\0\0\0\0\0\0\0\
    tL\x03s\x0f[4\rl4. \0mysql_native_password\0";
/// All is well.
const OK: &[u8] = b"\0\0\0\x02\0\0\0";

fn lie(parts: Vec<Vec<u8>>) -> Fault {
    Fault::Lies(Lie::of(parts, true, false))
}

fn random(rng: &mut SmallRng, number: u8) -> Vec<u8> {
    let count = rng.random_range(0..=80);
    packet(number, &bytes(rng, count))
}

/// In place of a greeting, and after one.
fn before_tls(rng: &mut SmallRng) -> Vec<Fault> {
    let mut lies: Vec<Fault> = others().into_iter().map(|other| lie(vec![other])).collect();
    let after_greeting = |said| lie(vec![packet(0, GREETING), said]);
    lies.extend(others().into_iter().map(after_greeting));
    // As long as a packet can say that it is, and as long as one that goes on in the next.
    lies.extend([b"\xfe\xff\xff\0".to_vec(), b"\xff\xff\xff\0".to_vec()].map(|length| lie(vec![length])));
    for cut in (0..GREETING.len()).step_by(4) {
        lies.push(lie(vec![packet(0, &GREETING[..cut])]));
    }
    for _ in 0..15 {
        lies.push(lie(vec![random(rng, 0)]));
        let mut greeting = GREETING.to_vec();
        let from = rng.random_range(0..=60);
        let rest = bytes(rng, greeting.len() - from);
        greeting.splice(from.., rest);
        lies.push(lie(vec![packet(0, &greeting)]));
    }
    lies
}

/// Where the secret forbids TLS: to the sign-in, and to a statement.
fn in_cleartext(rng: &mut SmallRng) -> Vec<Fault> {
    let mut lies = Vec::new();
    for first in [0x00, 0x01, 0xfe, 0xff] {
        lies.push(lie(vec![packet(0, GREETING), packet(2, &[first])]));
        lies.push(lie(vec![packet(0, GREETING), packet(2, OK), packet(1, &[first])]));
    }
    for _ in 0..30 {
        lies.push(lie(vec![packet(0, GREETING), random(rng, 2)]));
        lies.push(lie(vec![packet(0, GREETING), packet(2, OK), random(rng, 1)]));
    }
    lies
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_in_place_of_mysql_and_mariadb() {
    let mut running = JoinSet::new();
    for (version, seed) in mysql_versions().into_iter().zip(1..) {
        let server = MySql::shared(version).await;
        for setup in setups(server) {
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
