//! A diagnosis: what it finds where no real server and no real service can be brought into that state.

use std::time::{Duration, SystemTime};

use super::all;
use crate::in_memory::{
    APP_SECRET, Engine, Environment, FUNCTION, Region, StoreCall, StoredSecret, Unavailable,
};
use crate::{Finding, OnIdleUserSessions, Report, Schedule, Status, Step, Strategy};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Secrets that the function rotates.
fn scheduled() -> [Environment; 7] {
    let all = all();
    all.iter().for_each(|environment| schedule(environment, None));
    all
}

/// Rotation is on, by this function or one with a version of it; the next one is due then.
fn schedule(environment: &Environment, next: Option<SystemTime>) {
    environment.store.change(APP_SECRET, |secret| {
        secret.rotation_enabled = Some(true);
        secret.schedule =
            Schedule { function: Some(format!("{FUNCTION}:live")), last: None, next, is_deleted: false };
    });
}

fn finding<'a>(report: &'a Report, check: &str) -> &'a Finding {
    report.findings.iter().find(|finding| finding.check == check).expect("a check")
}

#[test]
fn nothing_is_found_where_nothing_is_wrong_and_nothing_is_changed() {
    for environment in scheduled() {
        let state = || (format!("{:?}", environment.server), environment.current_version());
        let before = state();
        let report = environment.diagnose(DAY);
        assert!(report.worst().is_none(), "{report:#?}");
        assert_eq!(state(), before);
    }
}

#[test]
fn a_rotation_that_is_overdue_is_a_warning_and_one_that_is_due_is_none() {
    let environment = Environment::new(Strategy::SingleUser, Engine::Postgres);
    schedule(&environment, Some(SystemTime::UNIX_EPOCH + 10 * DAY));
    for (day, status) in [(9, Status::Pass), (11, Status::Pass), (12, Status::Warn)] {
        let report = environment.diagnose(day * DAY);
        assert_eq!(finding(&report, "schedule").status, status, "{report:#?}");
    }
    assert!(finding(&environment.diagnose(13 * DAY), "schedule").seen.contains("was due 3 days ago"));
}

/// As a watch judges it: RotateSecret has moved the date, and the rotation then failed.
#[test]
fn a_rotation_that_was_begun_long_ago_and_has_not_succeeded_is_a_warning() {
    for (day, status) in [(1, Status::Pass), (3, Status::Warn)] {
        let environment = Environment::new(Strategy::SingleUser, Engine::Postgres).created("v2");
        schedule(&environment, Some(SystemTime::UNIX_EPOCH + 30 * DAY));
        let report = environment.diagnose(day * DAY);
        let schedule = finding(&report, "schedule");
        assert_eq!(schedule.status, status, "{report:#?}");
        let is_said = schedule.seen.contains("a rotation began 2 days ago, and has not succeeded");
        assert_eq!(is_said, status == Status::Warn, "{schedule:?}");
    }
}

#[test]
fn another_functions_secret_is_not_read() {
    for function in [
        "arn:aws:lambda:us-east-1:123456789012:function:rotation2",
        "arn:aws:lambda:eu-west-1:123456789012:function:rotation",
        "arn:aws:lambda:us-east-1:210987654321:function:rotation",
    ] {
        let environment = Environment::new(Strategy::SingleUser, Engine::Postgres);
        environment.store.change(APP_SECRET, |secret| secret.schedule.function = Some(function.into()));
        let report = environment.diagnose(DAY);
        assert_eq!(report.worst().expect("a finding").check, "function");
        assert_eq!(finding(&report, "AWSCURRENT").status, Status::Skipped);
    }
}

/// To attach a function to it would be refused.
#[test]
fn a_secret_that_rds_rotates_by_itself_is_not_to_be_attached() {
    let environment = Environment::new(Strategy::SingleUser, Engine::Postgres);
    environment.store.change(APP_SECRET, |secret| secret.made_for = Some("arn:instance".into()));
    let report = environment.diagnose(DAY);
    let worst = report.worst().expect("a finding");
    let fix = worst.fix.as_deref().unwrap_or_default();
    assert!(worst.check == "function" && !fix.contains("--rotation-lambda-arn"), "{worst:?}");
}

#[test]
fn a_server_that_is_silent_is_named_within_the_time() {
    for environment in scheduled() {
        environment.server.becomes(Unavailable::Silent, DAY);
        let report = environment.diagnose(DAY);
        let worst = report.worst().expect("a finding");
        assert_eq!(worst.status, Status::Fail, "{report:#?}");
        assert!(environment.clock.now() <= Duration::from_secs(59), "{:?}", environment.clock.now());
    }
}

#[test]
fn a_server_that_does_not_respond_is_tried_once() {
    for unavailable in [Unavailable::Starting, Unavailable::Unreachable, Unavailable::Untrusted] {
        let environment = Environment::new(Strategy::SingleUser, Engine::Postgres);
        schedule(&environment, None);
        environment.server.becomes(unavailable, DAY);
        let report = environment.diagnose(DAY);
        assert_eq!(finding(&report, "sign-in").status, Status::Fail, "{unavailable:?}: {report:#?}");
    }
}

#[test]
fn a_replica_in_another_region_that_has_failed_is_found() {
    for environment in scheduled() {
        let failed = Region { failure: Some("the key is disabled"), ..Region::new("eu-west-1") };
        environment.store.change(APP_SECRET, |secret| secret.regions = vec![failed]);
        let report = environment.diagnose(DAY);
        let worst = report.worst().expect("a finding");
        assert_eq!(worst.check, "replicas in other regions", "{report:#?}");
        assert!(worst.seen.contains("eu-west-1"), "{worst:?}");
    }
}

#[test]
fn the_report_says_what_to_do_about_the_first_of_the_worst() {
    let environment = Environment::new(Strategy::SingleUser, Engine::Postgres);
    schedule(&environment, Some(SystemTime::UNIX_EPOCH));
    environment.server.change("app", |account| account.is_locked = true);
    let report = environment.diagnose(30 * DAY).to_json();
    assert_eq!((&report["Status"], &report["Worst"]), (&"fail".into(), &"sign-in".into()), "{report:#}");
    assert!(report["Next"].as_str().is_some_and(|next| next.contains("unlock")), "{report:#}");
}

#[test]
fn a_secrets_manager_that_is_silent_is_named_within_the_time() {
    for (call, check) in [(StoreCall::Describe, "description"), (StoreCall::Value, "AWSCURRENT")] {
        for environment in scheduled() {
            environment.store.change(APP_SECRET, |secret| secret.is_silent_to = Some(call));
            let report = environment.diagnose(DAY);
            let worst = report.worst().unwrap_or_else(|| panic!("nothing is found: {report:#?}"));
            assert_eq!((worst.check, worst.status), (check, Status::Fail), "{report:#?}");
            assert!(environment.clock.now() <= Duration::from_secs(59), "{:?}", environment.clock.now());
        }
    }
}

/// A person has stored AWSCURRENT anew between setSecret and finishSecret: no rotation goes on with the older version.
#[test]
fn a_pending_password_with_which_no_rotation_goes_on_is_given_up_first() {
    let environment = Environment::new(Strategy::SingleUser, Engine::Postgres).set("v2");
    schedule(&environment, None);
    environment.put(APP_SECRET, "v3", &environment.secret("app", "first"), &["AWSCURRENT"]);
    environment.store.change(APP_SECRET, |secret| secret.label("v3", "AWSCURRENT"));
    let report = environment.diagnose(DAY);
    let worst = report.worst().expect("a finding");
    assert_eq!(worst.check, "sign-in", "{report:#?}");
    assert!(worst.fix.as_ref().is_some_and(|fix| fix.contains("--remove-from-version-id v2")), "{worst:?}");
    environment.store.change(APP_SECRET, StoredSecret::unlabel_pending);
    environment.rotate_all("v4");
}

#[test]
fn a_secret_whose_next_version_would_be_too_long_is_found() {
    for environment in scheduled() {
        let (user, password) = environment.stored(crate::Stage::Current);
        let has_superuser = environment.server.account("admin").is_some();
        let value = if has_superuser { Environment::secret } else { Environment::alone };
        let mut long = value(&environment, &user, &password);
        long["note"] = "x".repeat(65_480).into();
        environment.put(APP_SECRET, "long", &long, &["AWSCURRENT"]);
        environment.store.change(APP_SECRET, |secret| secret.label("long", "AWSCURRENT"));
        environment.begin("v2");
        environment.refused(Step::CreateSecret, "v2");
        environment.store.change(APP_SECRET, StoredSecret::unlabel_pending);
        let report = environment.diagnose(DAY);
        let worst = report.worst().expect("a finding");
        assert_eq!((worst.check, worst.status), ("next password", Status::Fail), "{report:#?}");
    }
}

/// What a function only warns of, another is set to refuse.
#[test]
fn sessions_of_the_idle_user_fail_where_a_rotation_is_refused_for_them() {
    for (set_to, status) in
        [(OnIdleUserSessions::Warn, Status::Warn), (OnIdleUserSessions::Refuse, Status::Fail)]
    {
        let mut environment = Environment::without_superuser(Engine::Postgres);
        environment.on_idle_user_sessions = set_to;
        schedule(&environment, None);
        environment.server.has_sessions("app_clone", 2);
        let report = environment.diagnose(DAY);
        assert_eq!(finding(&report, "sessions of the idle user").status, status, "{report:#?}");
        environment.server.hides_sessions();
        let status = if status == Status::Fail { Status::Fail } else { Status::Skipped };
        let report = environment.diagnose(DAY);
        assert_eq!(finding(&report, "sessions of the idle user").status, status, "{report:#?}");
    }
}
