//! Dual password: one MySQL user, two valid passwords, and no moment in which AWSCURRENT is refused.

mod second_passwords;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rotation::Strategy;
use serde_json::json;
use testbed::crash::{Crash, Moment};
use testbed::fault_proxy::Fault;
use testbed::mysql::name;
use testbed::{
    Application, Credentials, FaultProxy, InProcess, MySql, MySqlOptions, MySqlVersion, STEPS, Setup,
    mysql_versions, remedy,
};

/// MySQL, if it is to be tested.
async fn server() -> Option<&'static MySql> {
    if !mysql_versions().contains(&MySqlVersion::MySql97) {
        return None;
    }
    Some(MySql::shared(MySqlVersion::MySql97).await)
}

/// An application whose user may have two passwords.
async fn application<'a>(server: &'a MySql, setup: Setup<'_>) -> Application<'a, MySql> {
    let application = Application::start(server, setup).await;
    let account = format!("{}@`%`", name(application.app.user()));
    server.execute(&format!("GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO {account}")).await;
    application
}

/// Signs in with AWSCURRENT, over and over, from the beginning to the end of a test.
struct Observer {
    stop: Arc<AtomicBool>,
    sign_ins: Arc<AtomicUsize>,
    refused: Arc<AtomicUsize>,
}

impl Observer {
    /// Runs `work` beside the loop. Returns how often it signed in, and how often it was rejected.
    async fn beside(application: &Application<'_, MySql>, work: impl Future<Output = ()>) -> (usize, usize) {
        let observer = Self { stop: Arc::default(), sign_ins: Arc::default(), refused: Arc::default() };
        let watching = async || {
            while !observer.stop.load(Ordering::SeqCst) {
                observer.sign_in(application).await;
            }
        };
        let working = async {
            work.await;
            observer.stop.store(true, Ordering::SeqCst);
        };
        // Three concurrent loops: while one waits for its response, another is signing in.
        tokio::join!(watching(), watching(), watching(), working);
        (observer.sign_ins.load(Ordering::SeqCst), observer.refused.load(Ordering::SeqCst))
    }

    async fn sign_in(&self, application: &Application<'_, MySql>) {
        let current = application.credentials("AWSCURRENT").await.expect("a current version");
        let signs_in = application.server.signs_in(&current, &application.app.database).await;
        // The version that was current a moment ago may no longer be, some rotations later.
        if application.credentials("AWSCURRENT").await.as_ref() == Some(&current) {
            self.sign_ins.fetch_add(1, Ordering::SeqCst);
            self.refused.fetch_add(usize::from(!signs_in), Ordering::SeqCst);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_former_password_signs_in_until_the_next_rotation() {
    let Some(server) = server().await else { return };
    let application = application(server, Setup::mysql_dual_password()).await;
    let mut old: Option<Credentials> = None;
    for _ in 0..3 {
        let before = application.credentials("AWSCURRENT").await.expect("a current version");
        application.rotate_ok().await;
        assert!(application.signs_in("AWSCURRENT").await);
        assert!(application.signs_in("AWSPREVIOUS").await);
        if let Some(old) = old.replace(before) {
            assert!(!server.signs_in(&old, &application.app.database).await);
        }
    }
}

/// Crashes before and after every call, retries, and rotations that are abandoned halfway.
#[tokio::test(flavor = "multi_thread")]
async fn awscurrent_always_signs_in_whatever_happens_to_twenty_rotations() {
    let Some(server) = server().await else { return };
    let application = application(server, Setup::mysql_dual_password()).await;
    let function = InProcess::of(&application, Strategy::DualPassword).await;
    let (sign_ins, refused) = Observer::beside(&application, async {
        for number in 0..20 {
            let moment = if number % 2 == 0 { Moment::Before } else { Moment::After };
            let pending = application.begin().await;
            function.run(&application, &pending, &Crash::at(number % 15 + 1, moment)).await;
            if number % 3 == 0 {
                // Abandoned, whatever it has done: the next rotation has another token.
                application.abandon(&pending).await;
            } else {
                assert!(function.run(&application, &pending, &Crash::never()).await, "rotation {number}");
            }
        }
        for given_up_after in 1..=3 {
            let pending = application.begin().await;
            for step in &STEPS[..given_up_after] {
                function.step(&application, step, &pending, &Crash::never()).await.expect(step);
            }
            application.abandon(&pending).await;
        }
        application.rotate_ok().await;
    })
    .await;
    println!("{sign_ins} sign-ins, {refused} refused");
    assert!(sign_ins > 0, "nothing was watched");
    assert_eq!(refused, 0, "of {sign_ins}");
    assert!(application.signs_in("AWSPREVIOUS").await);
}

/// The connection is cut before and after each statement, after an abandoned rotation, when it takes four statements.
#[tokio::test(flavor = "multi_thread")]
async fn awscurrent_always_signs_in_wherever_the_connection_is_cut() {
    if server().await.is_none() {
        return;
    }
    // A server of its own: its log is counted.
    let server = MySql::start(MySqlVersion::MySql97, MySqlOptions::default()).await;
    let server = &server;
    let proxy = FaultProxy::to(server.port(), Fault::None).await;
    let setup = Setup { fields: json!({"port": proxy.port()}), ..Setup::mysql_dual_password() };
    let application = application(server, setup).await;
    let function = InProcess::of(&application, Strategy::DualPassword).await;
    let (sign_ins, refused) = Observer::beside(&application, async {
        let mut reached = std::collections::BTreeSet::new();
        // Then through the statements, each of at least 100 bytes; passwords and their quotes differ in length.
        for cut in (900..1800).step_by(60).chain((1800..).step_by(30)) {
            let abandoned = application.begin().await;
            for step in &STEPS[..2] {
                function.step(&application, step, &abandoned, &Crash::never()).await.expect(step);
            }
            application.abandon(&abandoned).await;
            let pending = application.begin().await;
            function.step(&application, STEPS[0], &pending, &Crash::never()).await.expect(STEPS[0]);
            proxy.becomes(Fault::CutsAfter(cut));
            let log = server.log();
            let set = function.step(&application, STEPS[1], &pending, &Crash::never()).await;
            reached.insert(log.text().matches("ALTER USER").count());
            proxy.becomes(Fault::None);
            assert!(function.run(&application, &pending, &Crash::never()).await, "cut after {cut} bytes");
            if set.is_ok() {
                break;
            }
        }
        // No statement, REPLACE, the probe, and the one that takes effect.
        assert!(reached.len() >= 4, "statements before the cut: {reached:?}");
    })
    .await;
    println!("{sign_ins} sign-ins, {refused} refused");
    assert_eq!(refused, 0, "of {sign_ins}");
}

/// REPLACE keeps a repeat from discarding AWSCURRENT.
#[tokio::test(flavor = "multi_thread")]
async fn set_secret_may_run_any_number_of_times_and_four_times_at_once() {
    let Some(server) = server().await else { return };
    let application = application(server, Setup::mysql_dual_password()).await;
    for _ in 0..2 {
        let pending = application.begin().await;
        for step in STEPS {
            let run = || application.step(step, &pending);
            let (a, b, c, d) = tokio::join!(run(), run(), run(), run());
            for result in [a, b, c, d, run().await] {
                assert!(result.is_ok(), "{step}: {result:?}");
            }
            assert!(application.signs_in("AWSCURRENT").await, "after {step}");
        }
        assert!(application.signs_in("AWSPREVIOUS").await);
    }
}

/// A late step of an abandoned rotation must not change what a newer rotation has installed.
#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_no_version_holds_is_replaced_and_one_that_is_current_never_is() {
    let Some(server) = server().await else { return };
    let application = application(server, Setup::mysql_dual_password()).await;
    let current = application.credentials("AWSCURRENT").await.expect("a first version");
    let abandoned = application.begin().await;
    for step in &STEPS[..2] {
        application.step(step, &abandoned).await.expect(step);
    }
    let lost = application.credentials("AWSPENDING").await.expect("a pending version");
    application.abandon(&abandoned).await;
    application.rotate_ok().await;
    let signs_in =
        async |credentials: &Credentials| server.signs_in(credentials, &application.app.database).await;
    assert!(!signs_in(&lost).await && signs_in(&current).await);
    assert!(application.signs_in("AWSCURRENT").await);
}

/// Each refusal prints the statement that fixes it.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_that_may_not_have_two_passwords_is_refused_with_the_grant() {
    let Some(server) = server().await else { return };
    let application = Application::start(server, Setup::mysql_dual_password()).await;
    let refusal = application.rotate_expect_err().await;
    let grants = remedy(&refusal, "an administrator");
    assert!(grants[0].starts_with("GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO `app"), "{grants:?}");
    assert!(application.signs_in("AWSCURRENT").await);
    server.execute(&grants[0]).await;
    application.rotate_ok().await;
    assert!(application.signs_in("AWSPREVIOUS").await);
}

/// Rules of the account that forbid to replace a password that an earlier rotation left behind.
#[tokio::test(flavor = "multi_thread")]
async fn password_rules_are_obeyed_or_named_as_the_obstacle() {
    let Some(server) = server().await else { return };
    for (rule, stands_in_the_way) in [
        ("PASSWORD REQUIRE CURRENT", true),
        ("PASSWORD HISTORY 5", false),
        ("PASSWORD HISTORY 5 PASSWORD REQUIRE CURRENT", true),
        ("FAILED_LOGIN_ATTEMPTS 1 PASSWORD_LOCK_TIME UNBOUNDED", false),
    ] {
        let application = application(server, Setup::mysql_dual_password()).await;
        let account = format!("{}@`%`", name(application.app.user()));
        server.execute(&format!("ALTER USER {account} {rule}")).await;
        for _ in 0..2 {
            application.rotate_ok().await;
            let pending = application.begin().await;
            for step in &STEPS[..2] {
                application.step(step, &pending).await.expect(step);
                application.step(step, &pending).await.unwrap_or_else(|error| panic!("{rule}: {error:?}"));
            }
            application.abandon(&pending).await;
            if stands_in_the_way {
                let refusal = application.rotate_expect_err().await;
                assert!(refusal.contains("only the second password"), "{rule}: {refusal}");
                assert!(application.signs_in("AWSCURRENT").await, "{rule}");
                server.execute(&remedy(&refusal, "an administrator")[0]).await;
            }
            application.rotate_ok().await;
            assert!(
                application.signs_in("AWSCURRENT").await && application.signs_in("AWSPREVIOUS").await,
                "{rule}"
            );
            server.execute(&format!("ALTER USER {account} {rule}")).await;
        }
    }
}
