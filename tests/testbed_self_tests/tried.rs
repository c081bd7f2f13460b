//! A test that fails says whether its server is of a version that nobody has tried.

use std::{fs, process::Command};

use testbed::{MySql, Postgres, mysql_versions, postgres_versions};

#[tokio::test]
#[ignore = "the last test runs it in a process of its own"]
async fn a_test_on_postgres_that_fails() {
    Postgres::shared(postgres_versions()[0]).await;
    panic!("as it was told");
}

#[tokio::test]
#[ignore = "the last test runs it in a process of its own"]
async fn a_test_on_mysql_that_fails() {
    MySql::shared(mysql_versions()[0]).await;
    panic!("as it was told");
}

/// What the process of such a test prints, if this is the list of tried versions.
fn output_of(test: &str, list: &str) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("tried-versions");
    fs::write(&file, list).expect("a file in it");
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command
        .args(["--exact", "--ignored", &format!("testbed_self_tests::tried::{test}")])
        .env("TESTBED_TRIED_VERSIONS", file);
    let output = command.output().expect("it runs");
    // Standard error would be what escapes the capture.
    assert!(!output.status.success() && output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[tokio::test]
async fn a_test_that_fails_on_an_untried_version_says_so_and_on_a_tried_one_does_not() {
    let (postgres, mysql) = (postgres_versions()[0], mysql_versions()[0]);
    let postgres_says = Postgres::shared(postgres).await.values("postgres", "SHOW server_version").await;
    let mysql_says = MySql::shared(mysql).await.values("SELECT VERSION()").await;
    for (test, server, said) in [
        ("a_test_on_postgres_that_fails", format!("postgres-{postgres}"), postgres_says.concat()),
        ("a_test_on_mysql_that_fails", mysql.to_string(), mysql_says.concat()),
    ] {
        let version = said.split([' ', '-']).next().unwrap_or_default();
        let untried = output_of(test, &format!("{server} 1.2.3\n"));
        let note = format!("note: {server} is {version} here, which nobody has tried (tried: 1.2.3)");
        let (_, message) = untried.split_once("as it was told").expect("the test's message");
        assert!(message.contains(&note), "{untried}");
        let tried = output_of(test, &format!("{server} 1.2.3 {version}\n"));
        assert!(tried.contains("as it was told") && !tried.contains("nobody has tried"), "{tried}");
    }
}
