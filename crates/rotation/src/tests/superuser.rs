//! Which superuser is asked, and where.

use std::time::Duration;

use serde_json::{Value, json};

use super::cause;
use crate::in_memory::{ADMIN, APP_SECRET, Engine, Environment, SUPERUSER_SECRET};
use crate::{Cause, Refusal, Stage, Step, Strategy};

/// A user that may not change its own password, so that the superuser is asked.
fn barred() -> Environment {
    let environment = Environment::new(Strategy::SingleUser, Engine::Postgres).created("v2");
    environment.server.change("app", |account| account.is_barred = true);
    environment
}

/// With other fields in the superuser's secret.
fn barred_with(fields: Value) -> Environment {
    let environment = barred();
    let value = environment.secret_with(ADMIN, ADMIN, fields);
    environment.put(SUPERUSER_SECRET, "superuser-2", &value, &["AWSCURRENT"]);
    environment
}

fn made_by_rds(arn: Option<&str>) -> Environment {
    let environment = barred_with(json!({"host": null, "engine": null}));
    environment.store.change(SUPERUSER_SECRET, |secret| secret.made_for = arn.map(String::from));
    environment
}

fn set(environment: &Environment) {
    environment.run(Step::SetSecret, "v2").expect("setSecret");
    assert!(environment.signs_in(Stage::Pending));
}

#[test]
fn a_superuser_of_the_same_server_sets_the_password() {
    set(&barred());
    set(&barred_with(json!({"host": "DB.", "port": 5432})));
}

#[test]
fn a_superuser_of_another_server_is_refused_and_of_the_readers_primary_is_not() {
    let environment = barred_with(json!({"host": "elsewhere"}));
    assert!(matches!(environment.refused(Step::SetSecret, "v2"), Refusal::SuperuserElsewhere { .. }));

    let environment = Environment::new(Strategy::SingleUser, Engine::Postgres);
    environment.server.add_replica("reader", Duration::ZERO);
    environment.server.change("app", |account| (account.is_barred, account.is_expired) = (true, true));
    let value = environment.secret_with("app", "first", json!({"host": "reader"}));
    environment.put(APP_SECRET, "v1b", &value, &["AWSCURRENT"]);
    set(&environment.created("v2"));
}

#[test]
fn a_superuser_without_tls_is_refused() {
    let environment = Environment::new(Strategy::SingleUser, Engine::Postgres);
    let value = environment.secret_with("app", "first", json!({"ssl": false}));
    environment.put(APP_SECRET, "v1b", &value, &["AWSCURRENT"]);
    let environment = environment.created("v2");
    environment.server.change("app", |account| account.is_barred = true);
    assert!(matches!(environment.refused(Step::SetSecret, "v2"), Refusal::SuperuserNeedsTls));
}

#[test]
fn the_server_of_a_secret_that_rds_made_is_asked_of_rds() {
    set(&made_by_rds(Some("arn:instance")));
    let refusal = made_by_rds(None).refused(Step::SetSecret, "v2").to_string();
    assert!(refusal.contains("host is missing"), "{refusal}");
    assert_eq!(cause(made_by_rds(Some("arn:other")).run(Step::SetSecret, "v2")), Cause::Rds);

    let mut environment = made_by_rds(Some("arn:instance"));
    environment.topology.as_mut().expect("RDS").engine = "other".into();
    let refusal = environment.refused(Step::SetSecret, "v2").to_string();
    assert!(refusal.contains("engine is another"), "{refusal}");

    let mut environment = made_by_rds(Some("arn:instance"));
    environment.topology = None;
    assert_eq!(cause(environment.run(Step::SetSecret, "v2")), Cause::Rds);
}

#[test]
fn a_superusers_secret_without_a_value_is_a_failure_and_one_that_cannot_be_read_a_refusal() {
    let environment = barred();
    environment.store.remove(SUPERUSER_SECRET);
    assert_eq!(cause(environment.run(Step::SetSecret, "v2")), Cause::SecretNotFound);
    let environment = barred_with(json!({"password": null}));
    assert!(matches!(environment.refused(Step::SetSecret, "v2"), Refusal::Secret { .. }));
}

#[test]
fn a_superuser_that_does_not_sign_in_is_a_failure_with_its_cause() {
    let environment = barred_with(json!({"password": "wrong"}));
    assert_eq!(cause(environment.run(Step::SetSecret, "v2")), Cause::SignInRefused);
    let environment = barred();
    environment.server.change(ADMIN, |account| account.is_expired = true);
    assert_eq!(cause(environment.run(Step::SetSecret, "v2")), Cause::PasswordExpired);
}

#[test]
fn a_user_that_is_no_superuser_cannot_act_as_one() {
    let environment = barred();
    environment.server.change(ADMIN, |account| account.is_superuser = false);
    assert_eq!(cause(environment.run(Step::SetSecret, "v2")), Cause::MissingPrivilege);
    assert!(environment.signs_in(Stage::Current));
}
