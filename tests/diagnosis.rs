//! The diagnosis that a function makes of its secret: it names what is wrong as its worst finding, and what it prints to run makes
//! the next rotation succeed. It changes nothing.

mod accounts;
mod aws;
mod binary;
mod mysql;
mod network;
mod postgres;

use serde_json::Value;
use testbed::{Application, Credentials, Server, Setup, remedy};

/// A function that responds to `Diagnose`.
fn diagnosing(setup: Setup<'static>) -> Setup<'static> {
    let mut environment = setup.environment.clone();
    environment.push(("DIAGNOSIS", "true"));
    Setup { environment, ..setup }
}

/// An application that has been rotated once, so that nothing is wrong.
async fn rotated<'a, S: Server>(server: &'a S, setup: Setup<'static>) -> Application<'a, S> {
    let application = Application::start(server, diagnosing(setup)).await;
    server.allow_two_passwords(&application.app).await;
    application.rotate_ok().await;
    application
}

async fn report<S: Server>(application: &Application<'_, S>) -> Value {
    let report = application.diagnose().await.unwrap_or_else(|error| panic!("no report: {error:?}"));
    for stage in ["AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"] {
        let Some(credentials) = application.credentials(stage).await else { continue };
        assert!(!report.to_string().contains(&credentials.password), "a password is shown: {report}");
    }
    report
}

/// The finding of one check.
fn finding<'a>(report: &'a Value, check: &str) -> &'a Value {
    let all = report["Checks"].as_array().expect("checks");
    all.iter().find(|finding| finding["Check"] == check).unwrap_or_else(|| panic!("no {check} in {report:#}"))
}

async fn finds_nothing<S: Server>(application: &Application<'_, S>, context: &str) {
    let report = report(application).await;
    assert_eq!(report["Status"], "pass", "{context}: {report:#}");
    let skipped: Vec<_> = report["Checks"].as_array().expect("checks").iter().collect();
    let skipped = skipped.iter().filter(|finding| finding["Status"] == "skipped").count();
    assert!(skipped <= 2, "{context}: {report:#}");
}

/// Of every strategy, at either user's turn.
async fn nothing_is_found_on<S: Server>(server: &S) {
    for setup in server.setups() {
        let application = rotated(server, setup.clone()).await;
        finds_nothing(&application, &setup.name()).await;
        application.rotate_ok().await;
        finds_nothing(&application, &setup.name()).await;
    }
}

/// By address, while it has a session that it opened before the rotation.
async fn a_client_is_named_on<S: Server, C>(
    server: &S,
    setup: Setup<'static>,
    sign_in: impl AsyncFn(&Credentials, &str) -> C,
) {
    for setup in [setup.clone(), setup.without_superuser()] {
        let application = Application::start(server, diagnosing(setup)).await;
        let before = application.credentials("AWSCURRENT").await.expect("a version");
        application.rotate_ok().await;
        let client = sign_in(&before, &application.app.database).await;
        let said = ["1 session: 1 from ", "read AWSCURRENT and open new connections"];
        next(&application, "sessions of the idle user", &said).await;
        drop(client);
    }
}

/// What to do about the worst finding, which this check has made and whose words hold these.
async fn next<S: Server>(application: &Application<'_, S>, check: &str, said: &[&str]) -> String {
    let report = report(application).await;
    assert_eq!(report["Worst"], check, "{report:#}");
    let seen = finding(&report, check)["Seen"].as_str().expect("a text").to_owned();
    let next = report["Next"].as_str().unwrap_or_default().to_owned();
    for words in said {
        assert!(seen.contains(words) || next.contains(words), "{words} is not said: {report:#}");
    }
    next
}

/// The statements of the worst finding that an administrator runs.
async fn statements<S: Server>(application: &Application<'_, S>, check: &str, said: &[&str]) -> Vec<String> {
    remedy(&next(application, check, said).await, "an administrator")
}

/// Runs the commands of `aws secretsmanager` that a finding prints.
async fn run_commands<S: Server>(application: &Application<'_, S>, next: &str) {
    let mut ran = 0;
    for command in next.split("aws secretsmanager ").skip(1) {
        let words: Vec<_> = command.split([' ', ',', ':']).collect();
        let option = |name: &str| {
            let at = words.iter().position(|word| *word == name).unwrap_or_else(|| panic!("{name}: {next}"));
            words[at + 1]
        };
        match words[0] {
            "rotate-secret" if words.contains(&"--no-rotate-immediately") => application.probe().await,
            "rotate-secret" => rotate(application).await,
            "update-secret-version-stage" => {
                let call = application.client.update_secret_version_stage().secret_id(&application.arn);
                let call = call.version_stage(option("--version-stage"));
                let call = call.remove_from_version_id(option("--remove-from-version-id"));
                call.send().await.expect("UpdateSecretVersionStage is accepted");
            }
            other => panic!("another command: {other}"),
        }
        ran += 1;
    }
    assert!(ran > 0, "nothing to run in: {next}");
}

/// Rotates, also if a rotation is unfinished: the service then refuses the call, and goes on with that one.
async fn rotate<S: Server>(application: &Application<'_, S>) {
    let labels = application.labels().await;
    let holder = |stage| labels.iter().find_map(|label| label.strip_prefix(stage)).map(str::to_owned);
    match holder("AWSPENDING ").filter(|pending| holder("AWSCURRENT ").as_ref() != Some(pending)) {
        None => application.rotate_ok().await,
        Some(pending) => {
            let call = application.client.rotate_secret().secret_id(&application.arn).send().await;
            assert!(call.is_err(), "it was begun anew");
            let rotation = application.local.rotated(&application.arn, &pending).await;
            assert!(rotation.succeeded, "{rotation:#?}");
        }
    }
}
