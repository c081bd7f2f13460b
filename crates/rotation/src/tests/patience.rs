//! A server that is away for a while.

use std::time::Duration;

use super::cause;
use crate::in_memory::{Engine, Environment, Unavailable};
use crate::{Cause, Stage, Step, Strategy};

const SECOND: Duration = Duration::from_secs(1);

fn created() -> Environment {
    Environment::new(Strategy::SingleUser, Engine::Postgres).created("v2")
}

#[test]
fn a_server_that_starts_or_resumes_is_waited_for() {
    for (what, how_long) in [(Unavailable::Starting, 15), (Unavailable::Silent, 12)] {
        let environment = created();
        environment.server.becomes(what, SECOND * how_long);
        environment.run(Step::SetSecret, "v2").unwrap_or_else(|error| panic!("{what:?}: {error:?}"));
        assert!(environment.signs_in(Stage::Pending));
        assert!(environment.clock.now() >= SECOND * how_long, "{what:?}");
    }
}

#[test]
fn the_superuser_is_waited_for_as_well() {
    let environment = created();
    environment.server.change("app", |account| account.is_expired = true);
    let restart = |environment: &Environment| environment.server.becomes(Unavailable::Starting, SECOND * 5);
    environment.run_with(Step::SetSecret, "v2", 4, restart).expect("setSecret");
    assert!(environment.signs_in(Stage::Pending) && environment.clock.now() >= SECOND * 5);
}

#[test]
fn a_server_that_stays_away_is_given_up_while_the_change_would_still_fit() {
    for (what, expected) in
        [(Unavailable::Starting, Cause::ServerUnavailable), (Unavailable::Silent, Cause::NotAnswering)]
    {
        let environment = created();
        environment.server.becomes(what, SECOND * 600);
        assert_eq!(cause(environment.run(Step::SetSecret, "v2")), expected);
        let ended = environment.clock.now();
        assert!(ended > SECOND * 10 && ended <= SECOND * 39, "{what:?}: {ended:?}");
    }
}

#[test]
fn the_error_names_each_response_once() {
    let environment = created();
    environment.server.becomes(Unavailable::Silent, SECOND * 7);
    let unreachable = |environment: &Environment| {
        environment.server.becomes(Unavailable::Unreachable, SECOND * 600);
    };
    let failed = environment.run_with(Step::SetSecret, "v2", 80, unreachable);
    let Err(crate::Error::Call { source, .. }) = &failed else { panic!("{failed:?}") };
    let said = source.to_string();
    assert!(said.starts_with("db:5432 is away; before that db:5432 takes connections"), "{said}");
    assert_eq!(cause(failed), Cause::Unreachable);
}

#[test]
fn silence_is_tried_twice_and_what_does_not_pass_by_itself_once() {
    for (what, expected, pauses) in [
        (Unavailable::Unreachable, Cause::Unreachable, true),
        (Unavailable::Untrusted, Cause::TlsUnknownAuthority, false),
    ] {
        let environment = created();
        environment.server.becomes(what, SECOND * 600);
        assert_eq!(cause(environment.run(Step::SetSecret, "v2")), expected);
        assert_eq!(environment.clock.now() > Duration::ZERO, pauses, "{what:?}");
        assert!(environment.clock.now() < SECOND, "{what:?}");
    }
}
