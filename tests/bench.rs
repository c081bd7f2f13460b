//! A short run of `make bench`: every figure is there, the counts are right, and nothing is left.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use stress::bench::{FIGURES, Report, Spread, page, with_gap};
use tempfile::TempDir;
use testbed::environment::{built_into, path, postgres_versions};
use testbed::functions::binaries;
use testbed::private;
use tokio::process::Command;

/// A run of the bench with a folder of its own, and what it started.
struct Bench {
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        Self { folder: private::temporary_folder(&std::env::temp_dir(), "measures-") }
    }

    /// One rotation of one function, as quickly as it goes, beside a peer if there is one.
    async fn command(&self, peer: Option<&Path>) -> Command {
        let mut command = Command::new(binaries().await.join("bench"));
        command.args([
            "--rotations",
            "1",
            "--function",
            "postgres-single-user",
            "--api",
            "0",
            "--database",
            "0",
        ]);
        command.arg("--output").arg(self.path("figures"));
        command.args(peer.into_iter().flat_map(|folder| [Path::new("--peer"), folder]));
        // The functions inherit PATH, and are known by it.
        command.env("PATH", format!("{}:{}", path(), self.folder.path().display()));
        command.env("TESTBED_POSTGRES", postgres_versions()[0].to_string());
        command.kill_on_drop(true).stdin(Stdio::null());
        command
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A peer's folder with this program for all functions.
    fn peer(&self, script: &str) -> PathBuf {
        let (folder, program) = (self.path("peer"), self.path("peer/bootstrap"));
        private::folder(&folder);
        private::write(&program, script);
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        fs::set_permissions(program, executable).expect("a file of ours");
        folder
    }

    /// Processes that a run started for functions, and the run itself.
    fn left(&self) -> BTreeSet<String> {
        let marker = self.folder.path().display().to_string();
        let has_it = |process: &PathBuf| {
            let environment = fs::read(process.join("environ")).unwrap_or_default();
            String::from_utf8_lossy(&environment).contains(&marker)
        };
        let entries = fs::read_dir("/proc").expect("/proc is mounted").flatten().map(|entry| entry.path());
        entries.filter(has_it).map(|process| process.display().to_string()).collect()
    }
}

/// The folders of cgroups whose names begin as those of the bench with this process id do.
fn groups(process: u32) -> Vec<PathBuf> {
    let (name, mut found) = (format!("rotation-bench-{process}-"), Vec::new());
    let mut folders = vec![PathBuf::from("/sys/fs/cgroup")];
    while let Some(folder) = folders.pop() {
        let inside = fs::read_dir(folder).into_iter().flatten().flatten();
        for entry in inside.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
            if entry.file_name().to_string_lossy().starts_with(&name) {
                found.push(entry.path());
            }
            folders.push(entry.path());
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_has_every_figure_counts_what_a_rotation_costs_and_leaves_nothing() {
    let bench = Bench::new();
    let run =
        bench.command(None).await.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the bench");
    let process = run.id().expect("it was not waited for");
    let output = run.wait_with_output().await.expect("it ends");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{printed}{}", String::from_utf8_lossy(&output.stderr));
    assert!(
        bench.left().is_empty() && groups(process).is_empty(),
        "{:?} {:?}",
        bench.left(),
        groups(process)
    );

    let text = fs::read_to_string(bench.path("figures/bench.json")).expect("the figures");
    let report: Value = serde_json::from_str(&text).expect("JSON");
    let rows = report["rows"].as_array().expect("rows");
    // Cold and warm, ours and nothing; the same at a fourteenth of a core where the machine allows it, or why not.
    let is_limited = report["no_limit"].is_null();
    assert_eq!(rows.len(), if is_limited { 8 } else { 4 }, "{text}");
    assert_eq!(printed.contains("NO FIGURES FOR 128 MB"), !is_limited, "{printed}");
    for row in rows {
        has_every_figure(row);
    }
    // Single user in both orders, under each condition, without a pause and with one.
    let gaps = report["gaps"].as_array().expect("rows");
    let orders: Vec<_> = gaps.iter().map(|row| row["implementation"].as_str().unwrap_or_default()).collect();
    assert_eq!(orders, ["ours", "ours, promoted in setSecret"].repeat(rows.len()), "{text}");
    for row in gaps {
        let median = |key: &str| row["figures"][key]["median"].as_f64();
        assert!(median("gap_ms").is_some(), "{row:#}");
        // The later order's gap contains the pauses before testSecret and finishSecret.
        let pauses = if row["implementation"] == "ours" {
            2.0 * row["pause_ms"].as_f64().expect("a number")
        } else {
            0.0
        };
        assert!(row["figures"]["gap_ms"]["min"].as_f64() >= Some(pauses), "{row:#}");
        assert_eq!([median("api_calls"), median("database_connections")], [Some(10.0), Some(2.0)], "{row:#}");
    }
    let page = fs::read_to_string(bench.path("figures/performance.md")).expect("the page");
    assert_eq!(page.matches("| postgres-single-user on ").count(), gaps.len() / 2, "{page}");
    assert!(page.contains("| postgres-single-user | ours | cold |") || !is_limited, "{page}");
    let picture = fs::read_to_string(bench.path("figures/performance.svg")).expect("the picture");
    assert!(picture.contains("postgres-single-user, ours"), "{picture}");
}

/// The counts are those of `costs.rs`, without `RotateSecret`, which the service makes.
fn has_every_figure(row: &Value) {
    let (is_ours, is_cold) = (row["implementation"] == "ours", row["process"] == "cold");
    let applies = |key: &str| match key {
        "start_to_ready_ms" | "start_cpu_ms" | "start_and_rotation_cpu_ms" => is_cold,
        "gap_ms" => is_ours,
        _ => true,
    };
    for figure in FIGURES {
        let found = &row["figures"][figure.key];
        assert_eq!(found["median"].is_f64(), applies(figure.key), "{}: {row:#}", figure.key);
    }
    let median = |key: &str| row["figures"][key]["median"].as_f64();
    let counts = ["api_calls", "database_connections"].map(median);
    assert_eq!(counts, if is_ours { [Some(10.0), Some(2.0)] } else { [Some(0.0), Some(0.0)] }, "{row:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_fails_or_does_not_rotate_is_an_error_and_no_figure() {
    let nothing = format!("#!/bin/sh\nexec '{}'\n", built_into().join("nothing").display());
    let fails = "#!/bin/sh\necho 'the planned failure' >&2\nexit 3\n";
    for (script, words) in [
        (fails, ["postgres-single-user: peer: its start: its process ended", "the planned failure"]),
        (nothing.as_str(), ["postgres-single-user: peer: ", "AWSCURRENT is not the new version"]),
    ] {
        let bench = Bench::new();
        let peer = bench.peer(script);
        let output = bench.command(Some(&peer)).await.output().await.expect("the bench");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{said}");
        assert!(words.iter().all(|part| said.contains(part)) && said.contains("what to do: "), "{said}");
        assert!(!bench.path("figures").exists() && bench.left().is_empty(), "{:?}", bench.left());
    }
    let bench = Bench::new();
    let output = bench.command(Some(bench.folder.path())).await.output().await.expect("the bench");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("has a program for none of"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bench_that_is_killed_leaves_no_process_and_no_cgroup() {
    let bench = Bench::new();
    let started = bench.path("started");
    let peer = bench.peer(&format!("#!/bin/sh\n: > '{}'\nexec sleep 1000\n", started.display()));
    let mut run = bench.command(Some(&peer)).await.stdout(Stdio::null()).spawn().expect("the bench");
    let process = run.id().expect("it was not waited for");
    while !started.exists() {
        assert!(run.try_wait().is_ok_and(|ended| ended.is_none()), "it ended before the peer was started");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    run.kill().await.expect("it is our child");
    while !bench.left().is_empty() || !groups(process).is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[test]
fn a_page_says_what_the_peer_is() {
    let report = |peer: Option<&str>| {
        page(&Report {
            rotations: 1,
            peer: peer.map(str::to_owned),
            no_limit: None,
            rows: Vec::new(),
            gaps: Vec::new(),
        })
    };
    assert!(report(Some("another one")).contains("**The peer of this run:** another one\n"));
    assert!(!report(None).contains("The peer of this run"));
}

#[test]
fn the_section_of_the_gap_is_replaced_alone() {
    let report = Report { rotations: 7, peer: None, no_limit: None, rows: Vec::new(), gaps: Vec::new() };
    let whole = page(&report);
    let page = whole.replace("7 rotations of each", "old").replace("# Performance", "# Others' figures");
    let replaced = with_gap(&page, &report).expect("the page has its place");
    assert_eq!(replaced.matches("7 rotations of each").count(), 1, "{replaced}");
    assert!(replaced.starts_with("# Others' figures") && replaced.contains("\n\nold.\n"), "{replaced}");
    assert_eq!(with_gap("no place", &report), None);
}

#[test]
fn a_spread_is_made_of_quartiles() {
    assert_eq!(Spread::of(Vec::new()), None);
    let spread = Spread::of(vec![5.0, 1.0, 2.0, 4.0, 3.0]).expect("of five numbers");
    assert_eq!((spread.count, spread.min, spread.lower), (5, 1.0, 2.0));
    assert_eq!((spread.median, spread.upper, spread.max), (3.0, 4.0, 5.0));
    let spread = Spread::of(vec![1.0, 2.0]).expect("of two numbers");
    assert_eq!((spread.lower, spread.median, spread.upper), (1.25, 1.5, 1.75));
}
