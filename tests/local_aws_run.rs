//! `local-aws run` with our functions, on real servers: a packaged zip, a program, a superuser's secret, a hand-over, a refusal.

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;
use tempfile::TempDir;
use testbed::functions::{binaries, program};
use testbed::{App, MySql, Postgres, Server, mysql_versions, postgres_versions, private};
use tokio::process::Command;

/// An application, and a folder for the files of a run.
struct Run<'a> {
    server: &'a dyn Server,
    app: App,
    folder: TempDir,
}

impl<'a> Run<'a> {
    async fn new(server: &'a dyn Server) -> Self {
        let folder = private::temporary_folder(&std::env::temp_dir(), "run-");
        let run = Self { server, app: server.create_app("run").await, folder };
        run.write("app.json", &server.secret(&run.app.credentials, &run.app.database));
        run
    }

    fn write(&self, name: &str, value: &Value) {
        private::write(&self.folder.path().join(name), &value.to_string());
    }

    /// Rotates with the function at this path; returns what was printed.
    async fn rotate(&self, function: &Path, arguments: &[&str]) -> (Output, String) {
        let mut command = Command::new(binaries().await.join("local-aws"));
        command.arg("run").arg("--function").arg(function).args(["--secret", "app.json"]).args(arguments);
        command.arg("--env").arg(format!("DATABASE_CA_FILE={}", self.server.ca_file().display()));
        for name in ["LOCAL_AWS_ACCESS_KEY", "LOCAL_AWS_FUNCTION_KEY", "AWS_REGION"] {
            command.env_remove(name);
        }
        let output = command.current_dir(self.folder.path()).output().await.expect("local-aws runs");
        let printed =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(!printed.contains(&self.app.credentials.password), "a password is shown: {printed}");
        (output, printed)
    }

    async fn rotate_ok(&self, function: &Path, arguments: &[&str]) -> String {
        let (output, printed) = self.rotate(function, arguments).await;
        assert!(output.status.success(), "on {}: {printed}", self.server.name());
        printed
    }

    /// Whether the user's first password still signs in.
    async fn has_first_password(&self) -> bool {
        self.server.signs_in(&self.app.credentials, &self.app.database).await
    }
}

/// The engines' functions have these names in common.
async fn function(server: &dyn Server, strategy: &str) -> PathBuf {
    let engine = if server.name().starts_with("postgres") { "postgres" } else { "mysql" };
    std::path::absolute(program(&format!("{engine}-{strategy}")).await).expect("a path")
}

async fn servers() -> [&'static dyn Server; 2] {
    [Postgres::shared(postgres_versions()[0]).await, MySql::shared(mysql_versions()[0]).await]
}

#[tokio::test(flavor = "multi_thread")]
async fn one_command_gives_the_user_of_a_server_a_new_password() {
    for server in servers().await {
        let run = Run::new(server).await;
        let single_user = function(server, "single-user").await;
        // What only reads comes first: the next rotation needs the first password.
        run.rotate_ok(&single_user, &["--no-immediately"]).await;
        assert!(run.has_first_password().await, "on {}", server.name());
        let printed = run.rotate_ok(&single_user, &["--rotations", "2"]).await;
        assert!(!run.has_first_password().await, "on {}", server.name());
        assert_eq!(printed.matches("\n  finishSecret ").count(), 2, "{printed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_secret_that_promotes_is_a_rotation_that_succeeds() {
    for server in servers().await {
        let run = Run::new(server).await;
        let arguments = ["--env", "PROMOTE_IN_SET_SECRET=true", "--rotations", "2"];
        let printed = run.rotate_ok(&function(server, "single-user").await, &arguments).await;
        assert!(!run.has_first_password().await, "on {}", server.name());
        assert_eq!(printed.matches("\n  finishSecret ").count(), 2, "{printed}");
        println!("{printed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn alternating_users_rotate_with_the_superusers_secret_from_a_file() {
    for server in servers().await {
        let run = Run::new(server).await;
        run.write("superuser.json", &server.superuser_secret().await);
        let arguments = ["--superuser", "superuser.json", "--rotations", "2"];
        let printed = run.rotate_ok(&function(server, "alternating-users").await, &arguments).await;
        let clone = format!("{}_clone", run.app.user());
        let rows: Vec<_> = printed.lines().filter(|line| line.starts_with("  finishSecret ")).collect();
        assert!(rows.len() == 2 && rows.iter().all(|row| row.contains(&clone)), "{printed}");
        assert!(!run.has_first_password().await, "the second rotation sets the base's password");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packaged_function_takes_over_what_another_began_and_back() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    let run = Run::new(server).await;
    let zip = run.folder.path().join("packaged-x86_64.zip");
    let single_user = function(server, "single-user").await;
    let script = "import sys, zipfile; zipfile.ZipFile(sys.argv[1], 'w').write(sys.argv[2], 'bootstrap')";
    let mut python = Command::new("python3");
    let made = python.args(["-c", script]).arg(&zip).arg(&single_user).status().await;
    assert!(made.expect("python3 runs").success());
    let printed =
        run.rotate_ok(&single_user, &["--then", "packaged-x86_64.zip", "--hand-over", "testSecret"]).await;
    assert!(printed.contains("-- from here on packaged\n  testSecret "), "{printed}");
    assert!(printed.contains("\npackaged, secret app: rotation 2 of 2\n"), "{printed}");
    assert!(!run.has_first_password().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_shown_with_the_functions_log_and_nothing_is_changed() {
    for server in servers().await {
        let run = Run::new(server).await;
        let mut secret = server.secret(&run.app.credentials, &run.app.database);
        secret["password"] = "hunter2 is not the password".into();
        run.write("app.json", &secret);
        let (output, printed) = run.rotate(&function(server, "single-user").await, &[]).await;
        assert_eq!(output.status.code(), Some(1), "{printed}");
        let (before, after) = printed.split_once("  setSecret ").expect("it comes to setSecret");
        assert!(!before.contains("FAILED") && after.contains("\n  FAILED: "), "{printed}");
        assert!(after.contains("\n  | {\"") && !printed.contains("hunter2"), "{printed}");
        assert!(run.has_first_password().await, "on {}", server.name());
    }
}
