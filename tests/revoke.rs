//! `make revoke`: a password that leaked signs in nowhere afterwards, the sessions that it opened have ended, and AWSCURRENT signs in.

mod late_sign_ins;
mod mysql;
mod obstacles;
mod postgres;
mod versions;

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use testbed::{Application, Credentials, Server, Setup, environment, functions, run_concurrently};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::support::Desk;

/// What `revoke` printed.
struct Said {
    out: String,
    error: String,
    succeeded: bool,
}

impl Desk {
    async fn revoke(&self, arguments: &[&str]) -> Said {
        let output = self.output(functions::program("revoke").await, arguments).await;
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        let (out, error) = (text(output.stdout), text(output.stderr));
        Said { out, error, succeeded: output.status.success() }
    }

    /// Runs `revoke`, which has to succeed.
    async fn revoked(&self, arguments: &[&str]) -> String {
        let Said { out, error, succeeded } = self.revoke(arguments).await;
        assert!(succeeded && error.is_empty(), "{arguments:?}: {out}{error}");
        out
    }

    /// Runs `revoke`, which has to fail, and returns why.
    async fn not_revoked(&self, arguments: &[&str]) -> String {
        let Said { out, error, succeeded } = self.revoke(arguments).await;
        assert!(!succeeded, "{arguments:?}: {out}");
        error
    }

    /// Runs `revoke`, and kills it when it has printed this many lines; false if it has ended by itself.
    async fn killed_after(&self, lines: usize, arguments: &[&str]) -> bool {
        let mut command = self.command(functions::program("revoke").await, arguments);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let mut said = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        for _line in 0..lines {
            if said.next_line().await.expect("it can be read").is_none() {
                assert!(child.wait().await.expect("it ends").success());
                return false;
            }
        }
        child.kill().await.expect("it is killed");
        true
    }
}

/// An application whose secret names its function.
async fn application<'a, S: Server>(server: &'a S, setup: Setup<'_>) -> Application<'a, S> {
    let application = Application::start(server, setup).await;
    server.allow_two_passwords(&application.app).await;
    if application.rotate().await.succeeded {
        return application;
    }
    panic!("the first rotation succeeds")
}

/// The id of AWSCURRENT's version, and what it holds.
async fn current<S: Server>(application: &Application<'_, S>) -> (String, Credentials) {
    let version = application.client.get_secret_value().secret_id(&application.arn).send().await;
    let id = version.expect("a version").version_id().expect("an id").to_owned();
    (id, application.credentials("AWSCURRENT").await.expect("a current version"))
}

async fn versions<S: Server>(application: &Application<'_, S>) -> usize {
    let list = application.client.list_secret_version_ids().secret_id(&application.arn);
    list.include_deprecated(true).send().await.expect("a list").versions().len()
}

/// A server on which clients have sessions.
trait Clients: Server {
    type Session;

    /// Opens a session as this user.
    async fn open(&self, user: &Credentials) -> Self::Session;

    /// Whether the server still has it.
    async fn is_open(session: &mut Self::Session) -> bool;

    /// Whether it ends within 10 s: a server tells a session to end, and does not wait for that.
    async fn ends(session: &mut Self::Session) -> bool {
        for _look in 0..100 {
            if !Self::is_open(session).await {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        false
    }
}

/// Runs `test` for each strategy of a server. Most of the time is waited for: for sign-ins that had begun.
async fn with_each_setup<S, F>(server: S, test: impl Fn(Arc<S>, Setup<'static>) -> F)
where
    S: Server,
    F: Future<Output = ()> + Send + 'static,
{
    let server = Arc::new(server);
    let tests: Vec<_> = server.setups().into_iter().map(|setup| test(Arc::clone(&server), setup)).collect();
    run_concurrently(tests.len(), tests, |()| {}).await;
}

/// Revokes what AWSCURRENT holds, by what is printed alone, while clients have sessions.
async fn what_leaked_is_dead<S: Clients>(server: &S, setup: Setup<'_>, rotations: usize) {
    let context = format!("{} on {}", setup.name(), server.name());
    let application = application(server, setup).await;
    let desk = Desk::of(&application);
    let (leaked, credentials) = current(&application).await;
    let (mut one, mut other) = (server.open(&credentials).await, server.open(&credentials).await);

    let before = versions(&application).await;
    let plan = desk.revoked(&[&application.arn]).await;
    assert!(plan.contains("which signs in at") && plan.contains("nothing was changed"), "{plan}");
    assert!(versions(&application).await == before && S::is_open(&mut one).await, "{context}: {plan}");
    let all = plan.lines().find_map(|line| line.split_once("all that is needed:    make revoke "));
    let words: Vec<_> =
        all.expect(&plan).1.split(' ').map(|word| word.split_once('=').expect("NAME=value")).collect();
    let [("SECRET", secret), ("LEAKED", version), ("RUN", run)] = words[..] else { panic!("{plan}") };
    assert_eq!((secret, version), (application.arn.as_str(), leaked.as_str()));
    let command = [secret, "--leaked", version, "--run", run];

    let said = desk.revoked(&command).await;
    println!("{context}: {}", said.lines().filter(|line| line.contains(" s")).collect::<Vec<_>>().join("; "));
    assert_eq!(versions(&application).await, before + rotations, "{context}: {said}");
    assert!(said.contains("2 sessions of"), "{context}: {said}");
    assert!(S::ends(&mut one).await && S::ends(&mut other).await, "{context}: {said}");
    assert!(said.contains("proven: the password of version"), "{context}: {said}");
    assert!(!server.signs_in(&credentials, &application.app.database).await, "{context}");
    assert!(application.signs_in("AWSCURRENT").await, "{context}");
    for password in [&credentials, &current(&application).await.1] {
        assert!(!said.contains(&password.password) && !plan.contains(&password.password), "{context}");
    }

    // Once more: nothing is rotated, and who signed in since goes on until the next run.
    let said = desk.revoked(&command).await;
    assert_eq!(versions(&application).await, before + rotations, "{context}: {said}");
    assert!(said.contains("no session of") && said.contains("proven"), "{context}: {said}");
}

/// A client that signs in by AWSCURRENT's password while sessions are ended goes on.
async fn a_session_that_begins_meanwhile_goes_on<S: Clients>(server: &S, setup: Setup<'_>) {
    let context = server.name();
    let application = application(server, setup).await;
    let leaked = current(&application).await.0;
    let command = [application.arn.as_str(), "--leaked", &leaked, "--run", "all"];
    let desk = Desk::of(&application);
    let mut command = desk.command(functions::program("revoke").await, &command);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
    let mut said = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut next = async || said.next_line().await.expect("it can be read").expect("it goes on");
    while !next().await.contains("sign-ins that had begun") {}
    let mut session = server.open(&current(&application).await.1).await;
    let ended = next().await;
    assert!(ended.contains("no session of"), "{context}: {ended}");
    while said.next_line().await.expect("it can be read").is_some() {}
    assert!(child.wait().await.expect("it ends").success(), "{context}");
    assert!(S::is_open(&mut session).await, "{context}");
}

/// The same, one step at a time: between two of them AWSCURRENT signs in.
async fn each_step_alone_comes_to_the_same_end<S: Server>(server: &S, setup: Setup<'_>, steps: usize) {
    let context = format!("{} on {}", setup.name(), server.name());
    let application = application(server, setup).await;
    let desk = Desk::of(&application);
    let (leaked, credentials) = current(&application).await;
    let mut taken = 0;
    loop {
        let said = desk.revoked(&[&application.arn, "--leaked", &leaked, "--run", "next"]).await;
        assert!(application.signs_in("AWSCURRENT").await, "{context}: {said}");
        taken += 1;
        if said.contains("proven") {
            break;
        }
        assert!(said.contains("next: "), "{context}: {said}");
    }
    assert_eq!(taken, steps, "{context}");
    assert!(!server.signs_in(&credentials, &application.app.database).await, "{context}");
}

/// Killed at each line that it prints, and run again, it comes to the end that it would have come to.
async fn killed_at_any_line_it_goes_on_from_there<S: Server>(server: &S, setup: Setup<'_>) {
    let context = format!("{} on {}", setup.name(), server.name());
    let application = application(server, setup).await;
    let desk = Desk::of(&application);
    let mut kills = 0;
    loop {
        let (leaked, credentials) = current(&application).await;
        let command = [application.arn.as_str(), "--leaked", &leaked, "--run", "all"];
        if !desk.killed_after(kills + 1, &command).await {
            break;
        }
        kills += 1;
        let said = desk.revoked(&command).await;
        assert!(said.contains("proven"), "{context}, killed after {kills} lines: {said}");
        assert!(!server.signs_in(&credentials, &application.app.database).await, "{context}, {kills}");
        assert!(application.signs_in("AWSCURRENT").await, "{context}, {kills}");
    }
    assert!(kills >= 4, "{context}: killed {kills} times");
}

/// What is refused, with what to do about it.
async fn what_is_wrong_is_named<S: Server>(server: &S, setup: Setup<'_>) {
    let application = Application::start(server, setup).await;
    let desk = Desk::of(&application);
    let (leaked, credentials) = current(&application).await;
    let arn = application.arn.as_str();
    let error = desk.not_revoked(&[arn, "--run", "all"]).await;
    assert!(error.contains(&format!("that is LEAKED={leaked}")), "{error}");
    let error = desk.not_revoked(&[arn, "--leaked", &"0".repeat(36), "--run", "all"]).await;
    assert!(error.contains("has no version 0000") && error.contains("--include-deprecated"), "{error}");
    let command = [arn, "--leaked", &leaked, "--run", "all"];
    let error = desk.not_revoked(&command).await;
    assert!(error.contains("no function rotates"), "{error}");
    let error = desk.not_revoked(&["nothing", "--leaked", &leaked, "--run", "all"]).await;
    assert!(error.contains("cannot describe nothing"), "{error}");
    let error = desk.not_revoked(&[arn, "--also", "db:x"]).await;
    assert!(error.contains("db:x is not HOST or HOST:PORT"), "{error}");

    // The function is attached, and nothing listens where it should be.
    application.probe().await;
    application.local.set_lambda_url("http://127.0.0.1:1");
    let error = desk.not_revoked(&[&command[..], &["--wait", "3"]].concat()).await;
    assert!(error.contains("has not ended within 3 s") && error.contains("the function's log"), "{error}");
    assert!(server.signs_in(&credentials, &application.app.database).await);
    application.local.set_lambda_url(application.functions.url());
    let before = versions(&application).await;
    let said =
        desk.revoked(&[&command[..], &["--also", &format!("localhost:{}", server.port())]].concat()).await;
    assert!(said.contains(" at localhost:") && said.contains(", localhost:"), "{said}");
    assert_eq!(versions(&application).await, before, "the rotation that had begun went on: {said}");
    assert!(!server.signs_in(&credentials, &application.app.database).await);
}

/// The blocks of a section of the page in a language.
fn blocks(heading: &str, language: &str) -> Vec<String> {
    let page =
        std::fs::read_to_string(environment::repository().join("docs/after-a-leak.md")).expect("the page");
    let heading = format!("{heading}\n");
    let section =
        page.split("\n## ").find_map(|section| section.strip_prefix(&heading)).expect("the section");
    let fence = format!("```{language}\n");
    section.split(&fence).skip(1).map(|block| block.split_once("```").expect("an end").0.to_owned()).collect()
}

/// Rotates as the page says.
async fn rotate_by_hand<S: Server>(application: &Application<'_, S>, times: usize) {
    let desk = Desk::of(application);
    let [block] = &blocks("By hand", "sh")[..] else { panic!("other blocks") };
    let command = block.replace("--secret-id app ", &format!("--secret-id {} ", application.arn));
    for _time in 0..times {
        let response: Value = serde_json::from_str(&desk.shell(&command).await).expect("JSON");
        let version = response["VersionId"].as_str().expect("a version");
        assert!(application.local.rotated(&application.arn, version).await.succeeded);
    }
}
