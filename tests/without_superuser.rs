//! Alternating users without a superuser: each user changes its own password while it is idle.

mod hard_remedies;
mod mysql;
mod postgres;
mod remedies;

use std::sync::atomic::{AtomicBool, Ordering};

use rotation::{Error, Strategy};
use serde_json::{Value, json};
use testbed::crash::{Crash, Moment};
use testbed::role::On;
use testbed::{Application, Credentials, InProcess, Server, Setup};
use tokio::sync::watch;

use crate::support::{ADD_SUPERUSER, store_as_previous, superuser_was_not_touched};

/// Four turns, in which the server sees the two users only.
async fn no_superuser_comes<S: Server>(server: &S, setup: Setup<'_>) {
    let application = Application::start(server, setup).await;
    let base = application.app.user().to_owned();
    let clone = format!("{base}_clone");
    let log = server.log();
    for expected in [&clone, &base, &clone, &base] {
        application.rotate_ok().await;
        assert_eq!(&application.credentials("AWSCURRENT").await.expect("a version").user, expected);
    }
    let (all, refused) = log.sign_ins();
    assert_eq!((log.authorized(&base) + log.authorized(&clone), 0), (all, refused), "{}", log.text());
    superuser_was_not_touched(&application);
    let seen = application.seen_calls();
    assert!(seen.iter().all(|(on, _)| *on == On::OwnSecret), "{seen:?}");
    assert!(application.signs_in("AWSCURRENT").await && application.signs_in("AWSPREVIOUS").await);
}

/// AWSCURRENT signs in at every instant of rotations that crash over and over.
async fn the_application_always_signs_in<S: Server>(server: &S, setup: Setup<'_>) {
    let application = Application::start(server, setup).await;
    let function = InProcess::of(&application, Strategy::AlternatingUsers).await;
    let is_over = AtomicBool::new(false);
    let (signed_in, mut has_signed_in) = watch::channel(0);
    let signs_in = async {
        let mut sign_ins = 0;
        while !is_over.load(Ordering::Relaxed) {
            let current = application.credentials("AWSCURRENT").await.expect("a current version");
            if !server.signs_in(&current, &application.app.database).await {
                let now = application.credentials("AWSCURRENT").await.expect("a current version");
                assert_ne!(
                    now.password, current.password,
                    "AWSCURRENT was refused after {sign_ins} sign-ins"
                );
            }
            sign_ins += 1;
            signed_in.send_replace(sign_ins);
        }
    };
    let rotates = async {
        for rotation in 0..20 {
            let pending = application.begin().await;
            let moment = if rotation % 2 == 0 { Moment::Before } else { Moment::After };
            function.run(&application, &pending, &Crash::at(1 + rotation, moment)).await;
            assert!(function.run(&application, &pending, &Crash::never()).await, "rotation {rotation}");
            // However slow sign-ins are, each rotation has met one.
            has_signed_in.wait_for(|sign_ins| *sign_ins > rotation).await.expect("the loop runs");
        }
        is_over.store(true, Ordering::Relaxed);
    };
    tokio::join!(signs_in, rotates);
}

/// Without and with a superuser in turn, each at the turn of either user. The person who changes it writes AWSCURRENT anew, which
/// takes AWSPREVIOUS away from the idle user's version.
async fn masterarn_comes_and_goes<S: Server>(server: &S, setup: Setup<'_>) {
    let application = Application::start(server, setup).await;
    application.rotate_ok().await;
    let mut users = Vec::new();
    let superuser = || json!(application.superuser_arn);
    // Each change comes at the turn of the clone and at that of the base.
    let ways = [(Value::Null, 2), (superuser(), 3), (Value::Null, 2), (superuser(), 3), (Value::Null, 1)];
    let (mut way, mut changes) = (Value::Null, Vec::new());
    for (masterarn, turns) in ways {
        for _turn in 0..turns {
            let mut current = application.stored("AWSCURRENT").await.expect("a current version");
            let fields = current.as_object_mut().expect("a secret");
            fields.remove("masterarn");
            if !masterarn.is_null() {
                fields.insert("masterarn".into(), masterarn.clone());
            }
            application.store_current(&current).await;
            application.rotate_ok().await;
            assert!(application.signs_in("AWSCURRENT").await);
            let user = application.credentials("AWSCURRENT").await.expect("a user").user;
            if way != masterarn {
                changes.push((masterarn.is_null(), user.clone()));
                way.clone_from(&masterarn);
            }
            users.push((masterarn.is_null(), user));
        }
    }
    changes.sort();
    changes.dedup();
    assert_eq!(changes.len(), 4, "each change at the turn of either user: {changes:?}");
    users.sort();
    users.dedup();
    assert_eq!(users.len(), 4, "each of both ways at the turn of either user: {users:?}");
}

/// What a person has put into AWSPREVIOUS is refused by createSecret, which says what to run; with that, the rotation succeeds.
async fn an_unusable_previous_version_is_refused<S: Server>(server: &S, setup: Setup<'_>) {
    let application = Application::start(server, Setup { fields: json!({"masterarn": null}), ..setup }).await;
    let clone = server.create_clone(&application.app).await;
    let before = application.stored("AWSCURRENT").await.expect("a current version");
    let with = |fields: Value| {
        let mut secret = before.clone();
        secret["username"] = json!(clone.user);
        for (name, value) in fields.as_object().expect("fields") {
            secret[name] = value.clone();
        }
        Some(secret.to_string())
    };
    for (previous, said) in [
        (None, "the secret has no AWSPREVIOUS version"),
        (with(json!({"host": "db.example"})), "host of AWSPREVIOUS differs"),
        (with(json!({"port": 1})), "port of AWSPREVIOUS differs"),
        (with(json!({"ssl": false})), "ssl of AWSPREVIOUS differs"),
        (with(json!({"username": "somebody"})), "AWSPREVIOUS is of somebody"),
        (Some(before.to_string()), "AWSPREVIOUS is of"),
        (Some("hunter2".to_owned()), "must be"),
        (with(json!({"engine": "oracle"})), "engine"),
    ] {
        if let Some(previous) = previous {
            let put = application.client.put_secret_value().secret_id(&application.arn);
            let put = put.version_stages("AWSPREVIOUS").secret_string(previous);
            put.send().await.expect("PutSecretValue is accepted");
        }
        let refusal = application.rotate_expect_err().await;
        assert!(refusal.starts_with("CreateSecret Refused") && refusal.contains(said), "{said}: {refusal}");
        assert!(!refusal.contains("hunter2"), "{refusal}");
        assert_eq!(application.stored("AWSCURRENT").await.as_ref(), Some(&before));
    }
    let refusal = application.rotate_expect_err().await;
    store_as_previous(&application, &refusal, &clone).await;
    application.rotate_ok().await;
    assert!(application.signs_in("AWSCURRENT").await);
}

/// A password that a person has set at the server: no version holds it. `set` gives the user the password of the version that
/// the refusal names.
async fn an_idle_user_that_does_not_sign_in_is_refused<S: Server>(
    server: &S,
    setup: Setup<'_>,
    set: impl AsyncFn(&Credentials),
) {
    let application = Application::start(server, setup).await;
    for _turn in 0..2 {
        let previous = application.credentials("AWSPREVIOUS").await.expect("the idle user's");
        set(&Credentials::new(&previous.user)).await;
        let refusal = application.rotate_expect_err().await;
        assert!(refusal.starts_with("SetSecret Refused"), "{refusal}");
        let said = format!("no version of the secret signs in as {}", previous.user);
        assert!(
            refusal.contains(&said) && refusal.contains("the password of the AWSPREVIOUS version"),
            "{refusal}"
        );
        assert!(application.signs_in("AWSCURRENT").await);
        set(&previous).await;
        application.rotate_ok().await;
        assert!(application.signs_in("AWSCURRENT").await);
    }
}

/// As RDS does under `rds.restrict_password_commands`.
async fn users_that_may_not_change_their_passwords_are_refused<S: Server>(server: &S, setup: Setup<'_>) {
    let application = Application::start(server, setup).await;
    let function = InProcess::of(&application, Strategy::AlternatingUsers).await;
    let pending = application.begin().await;
    application.step("createSecret", &pending).await.expect("createSecret");
    let restricted = Crash::restricting_password_commands();
    let refusal = function.step(&application, "setSecret", &pending, &restricted).await;
    let Err(Error::Refused(refusal)) = refusal else { panic!("not refused: {refusal:?}") };
    let refusal = refusal.to_string();
    assert!(refusal.contains(ADD_SUPERUSER), "{refusal}");
    // The remedy.
    let mut current = application.stored("AWSCURRENT").await.expect("a current version");
    current["masterarn"] = json!(application.superuser_arn);
    application.abandon(&pending).await;
    application.store_current(&current).await;
    assert!(function.run(&application, &application.begin().await, &restricted).await);
    assert!(application.signs_in("AWSCURRENT").await);
}

/// The refusal of the turn after this change.
async fn refused<S: Server>(application: &Application<'_, S>, change: &str) -> String {
    let rotation = application.rotate().await;
    let steps = rotation.attempts.last().map(|attempt| &attempt.steps);
    let refusal = steps.and_then(|steps| steps.last()?.outcome.as_ref().err());
    let refusal = refusal.unwrap_or_else(|| panic!("{change}: the rotation succeeded"));
    assert_eq!(
        (steps.map(Vec::len), refusal.error_type.as_deref()),
        (Some(2), Some("Refused")),
        "{change}: {refusal:?}"
    );
    refusal.message.clone()
}
