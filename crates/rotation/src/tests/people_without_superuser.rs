//! Alternating users without a superuser, and a person who writes to the secret at any moment of any step.

use serde_json::json;

use crate::Step;
use crate::in_memory::{APP_SECRET, Engine, Environment};
use crate::{Error, Stage};

/// What a person does, none of which is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    /// Stores AWSCURRENT's value by hand with another field, which takes AWSPENDING off.
    Edits,
    /// Removes AWSPENDING, which gives the rotation up.
    GivesUp,
    /// Removes AWSPREVIOUS.
    Forgets,
    /// Stores something else as AWSPREVIOUS.
    Replaces,
    /// Moves AWSPENDING to AWSPREVIOUS's version.
    Repoints,
}

const ACTS: [Act; 5] = [Act::Edits, Act::GivesUp, Act::Forgets, Act::Replaces, Act::Repoints];

impl Act {
    fn on(self, environment: &Environment) {
        let (user, password) = environment.stored(Stage::Current);
        let previous = environment.store.change(APP_SECRET, |secret| secret.value(Stage::Previous).is_some());
        let current = environment.current_version();
        let with = |user: &str, password: &str| {
            environment.secret_with(user, password, json!({"masterarn": null, "note": "by hand"}))
        };
        match self {
            Self::Edits => {
                environment.put(APP_SECRET, "by-hand", &with(&user, &password), &["AWSCURRENT"]);
                environment.store.change(APP_SECRET, |secret| {
                    secret.unlabel("v2");
                    secret.label(&current, "AWSPREVIOUS");
                });
            }
            Self::GivesUp => environment.store.change(APP_SECRET, |secret| secret.unlabel("v2")),
            Self::Forgets if previous => environment.store.change(APP_SECRET, |secret| secret.unlabel("v0")),
            Self::Forgets => {}
            Self::Replaces => {
                let value = with("app_clone", "never set");
                environment.put(APP_SECRET, "by-hand", &value, &["AWSPREVIOUS"]);
            }
            Self::Repoints => environment.store.change(APP_SECRET, |secret| secret.label("v0", "AWSPENDING")),
        }
    }
}

/// The step and the ones after it, with the act in the first; `None` if that has fewer polls.
fn rotation_with(
    environment: &Environment,
    first: usize,
    polls: usize,
    act: Act,
) -> Option<Result<(), Error>> {
    let [step, rest @ ..] = &Step::ALL[first..] else { return None };
    let mut result = environment.run_until(*step, "v2", polls, |environment| act.on(environment))?;
    assert!(environment.signs_in(Stage::Current), "AWSCURRENT after the step");
    for step in rest {
        result = result.and_then(|()| environment.run(*step, "v2"));
        assert!(environment.signs_in(Stage::Current), "AWSCURRENT after {step}");
    }
    Some(result)
}

#[test]
fn awscurrent_signs_in_whatever_a_person_does_to_the_labels_and_the_next_rotation_succeeds() {
    let mut tried = 0;
    for engine in [Engine::Postgres, Engine::MySql] {
        for (first, act) in (0..4).flat_map(|first| ACTS.map(|act| (first, act))) {
            for polls in 0.. {
                let environment = Environment::without_superuser(engine);
                environment.begin("v2");
                for step in &Step::ALL[..first] {
                    environment.run(*step, "v2").expect("nobody acts yet");
                }
                if rotation_with(&environment, first, polls, act).is_none() {
                    break;
                }
                tried += 1;
                environment.store.change(APP_SECRET, |secret| secret.unlabel_pending());
                let context = format!("{engine:?}, step {first}, {act:?} after {polls} polls");
                environment.begin("v3");
                for step in Step::ALL {
                    let result = environment.run(step, "v3");
                    assert!(environment.signs_in(Stage::Current), "{context}, {step}: {result:?}");
                    result.unwrap_or_else(|error| panic!("{context}, {step}: {error:?}"));
                }
                assert_eq!(environment.current_version(), "v3", "{context}");
            }
        }
    }
    assert!(tried > 100, "only {tried}");
}
