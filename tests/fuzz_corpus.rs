//! Runs the seeds of the fuzz targets through the targets' checks, so that a known finding that returns fails a test.
//! `make fuzz` generates more input.

use std::fs;
use std::path::PathBuf;

use testbed::environment::repository;

#[path = "../fuzz/checks/event.rs"]
mod event;
#[path = "../fuzz/checks/grants.rs"]
mod grants;
#[path = "../fuzz/checks/local_aws_request.rs"]
mod local_aws_request;
#[path = "../fuzz/checks/secret.rs"]
mod secret;
#[path = "../fuzz/checks/settings.rs"]
mod settings;

/// What a target runs on each input; it panics where something is wrong.
type Check = fn(&[u8]);

const TARGETS: [(&str, Check); 5] = [
    ("event", event::check),
    ("grants", grants::check),
    ("local_aws_request", local_aws_request::check),
    ("secret", secret::check),
    ("settings", settings::check),
];

fn folder(of: &str) -> PathBuf {
    repository().join("fuzz").join(of)
}

/// The names of what is in a folder of `fuzz`, in order.
fn names(of: &str) -> Vec<String> {
    let entries = fs::read_dir(folder(of)).expect("a folder");
    let name = |entry: fs::DirEntry| entry.file_name().into_string().expect("a name in UTF-8");
    let mut names: Vec<String> = entries.map(|entry| name(entry.expect("an entry"))).collect();
    names.sort();
    names
}

fn seed(target: &str, name: &str) -> Vec<u8> {
    fs::read(folder("corpus").join(target).join(name)).expect("a seed")
}

#[test]
fn every_target_has_a_corpus_and_runs_here() {
    let targets: Vec<String> = TARGETS.iter().map(|(target, _)| (*target).to_owned()).collect();
    assert_eq!(names("corpus"), targets);
    let programs: Vec<String> = targets.iter().map(|target| format!("{target}.rs")).collect();
    assert_eq!((names("fuzz_targets"), names("checks")), (programs.clone(), programs));
}

#[test]
fn every_seed_is_small_and_passes_what_its_target_checks() {
    for (target, check) in TARGETS {
        for name in names(&format!("corpus/{target}")) {
            let bytes = seed(target, &name);
            assert!(bytes.len() < 2048, "{target}/{name} is a large seed");
            println!("{target}/{name}");
            check(&bytes);
        }
    }
}

/// The end of a seed is missing, or one byte of it.
#[test]
fn a_seed_that_is_cut_anywhere_passes_what_its_target_checks() {
    // Each check of `local_aws_request` starts a server.
    for (target, check) in TARGETS.into_iter().filter(|(target, _)| *target != "local_aws_request") {
        for name in names(&format!("corpus/{target}")) {
            let seed = seed(target, &name);
            println!("{target}/{name}");
            for at in 0..seed.len() {
                check(&seed[..at]);
                check(&[&seed[..at], &seed[at + 1..]].concat());
            }
        }
    }
}

/// A target that rejects its seeds early would check nothing.
#[test]
fn seeds_reach_what_they_are_meant_to_test() {
    let text = |target, name| String::from_utf8(seed(target, name)).expect("UTF-8");
    let rows = |name| text("grants", name).lines().map(str::to_owned).collect::<Vec<_>>();
    let mysql = databases::fuzzing::show_grants("9.7.0", &rows("mysql")).expect("grants of MySQL");
    let mariadb =
        databases::fuzzing::show_grants("11.8.2-MariaDB", &rows("mariadb")).expect("grants of MariaDB");
    assert!(mysql.lines.len() > 25 && mariadb.lines.len() > 5, "{mysql:?} {mariadb:?}");
    for name in ["mysql", "mariadb", "mariadb_10", "own", "certificate", "factors", "expired"] {
        databases::fuzzing::show_create_user(&text("settings", name)).expect(name);
    }
    for (name, statuses) in [
        ("create_and_read", "200 200 200"),
        ("put_and_move", "200 200 200"),
        ("update_and_batch", "200 200 200 200"),
        ("delete_and_restore", "200 200 200 200 200 200"),
        ("nulls_and_arrays", "200 400 400"),
        ("rds", "404 200"),
        // There is no secret `s`.
        ("local", "200 200 200 400 400 400 200"),
        ("without_the_key", "400 400 400 403"),
    ] {
        let responses =
            local_aws_request::responses(&local_aws_request::requests(&seed("local_aws_request", name)));
        let responses = String::from_utf8(responses).expect("UTF-8");
        let all: Vec<_> =
            responses.split("HTTP/1.1 ").skip(1).filter_map(|response| response.get(..3)).collect();
        assert_eq!(all.join(" "), statuses, "{name}: {responses}");
    }
}
