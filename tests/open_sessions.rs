//! Who still has sessions as the idle user: clients that have not read AWSCURRENT since the last rotation.

mod mysql;
mod postgres;

use std::net::Ipv4Addr;
use std::time::Duration;

use serde_json::Value;
use testbed::{Application, Credentials, Server, Setup};

/// The clients that never read the secret again, each with an address and a name of its own.
const STALE: [(Ipv4Addr, &str); 3] = [
    (Ipv4Addr::new(127, 0, 0, 7), "reports"),
    (Ipv4Addr::new(127, 0, 0, 8), "nightly job"),
    (Ipv4Addr::new(127, 0, 1, 7), "billing"),
];
/// How many others there are.
const OTHERS: usize = 97;

/// What a function has written since.
struct Since<'a, S: Server>(&'a Application<'a, S>, usize);

impl<'a, S: Server> Since<'a, S> {
    fn now(application: &'a Application<'a, S>) -> Self {
        Self(application, application.output().len())
    }

    fn lines(&self) -> Vec<Value> {
        let output = self.0.output();
        output[self.1..].lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The warnings or errors that hold these words.
    fn said(&self, words: &str) -> Vec<String> {
        let lines =
            self.lines().into_iter().filter(|line| line["level"] == "WARN" || line["level"] == "ERROR");
        let messages = lines.filter_map(|line| line["message"].as_str().map(str::to_owned));
        messages.filter(|message| message.contains(words)).collect()
    }

    /// The metric, as often as it was written.
    fn metric(&self) -> Vec<f64> {
        self.lines().iter().filter_map(|line| line["SessionsOfIdleUser"].as_f64()).collect()
    }
}

/// What [`exactly_the_three_that_never_refresh_are_named`] expects.
struct Expected {
    /// Two if the server shows the sessions of a clone and of its base in different ways.
    turns: usize,
    /// Whether the clients give their names.
    shows_names: bool,
}

/// Three of a hundred clients keep their sessions over a rotation. At the next one, exactly those are named. `sign_in` opens a
/// session; `count` waits until a user has so many.
async fn exactly_the_three_that_never_refresh_are_named<S: Server, C: Send>(
    application: &Application<'_, S>,
    sign_in: impl AsyncFn(Ipv4Addr, &str, &Credentials) -> C,
    count: impl AsyncFn(&str, usize),
    expected: Expected,
) {
    application.rotate_ok().await;
    let current = async || application.credentials("AWSCURRENT").await.expect("a current version");
    let others = async |as_user: &Credentials| {
        let mut sessions = Vec::new();
        for number in 0..OTHERS {
            let last = u8::try_from(100 + number).expect("a small number");
            sessions.push(sign_in(Ipv4Addr::new(127, 0, 0, last), "web", as_user).await);
        }
        sessions
    };
    for _turn in 0..expected.turns {
        let old = current().await;
        let mut stale = Vec::new();
        for (address, name) in STALE {
            stale.push(sign_in(address, name, &old).await);
        }
        let refreshing = others(&old).await;
        let before = Since::now(application);
        application.rotate_ok().await;
        assert_eq!(before.metric(), [0.0], "these are the sessions of the current user");
        assert_eq!(before.said("open sessions"), Vec::<String>::new());

        let new = current().await;
        assert_ne!(new.user, old.user);
        drop(refreshing);
        let refreshed = others(&new).await;
        count(&old.user, STALE.len()).await;
        let before = Since::now(application);
        application.rotate_ok().await;
        assert_eq!(before.metric(), [3.0]);
        let said = before.said("has open sessions, and this rotation changes its password: 3 sessions: ");
        let [line] = said.as_slice() else { panic!("{said:?}") };
        for (address, name) in STALE {
            assert!(line.contains(&format!("1 from {address} (")), "{line}");
            assert!(
                !expected.shows_names || line.contains(&format!("1 from {address} (\"{name}\", since 20")),
                "{line}"
            );
        }
        assert_eq!(line.matches(" from ").count(), STALE.len(), "{line}");
        drop((stale, refreshed));
        count(&old.user, 0).await;
        count(&new.user, 0).await;
    }
}

/// A function that is set so refuses while a client keeps a session, with nothing changed; then it goes on.
async fn a_refusal_ends_when_the_sessions_do<S: Server, C: Send>(
    server: &S,
    setup: Setup<'_>,
    sign_in: impl AsyncFn(&Credentials, &str) -> C,
    count: impl AsyncFn(&str, usize),
) {
    let environment =
        [setup.environment.clone(), vec![("REFUSE_WHILE_IDLE_USER_HAS_SESSIONS", "true")]].concat();
    let application = Application::start(server, Setup { environment, ..setup }).await;
    application.rotate_ok().await;
    let old = application.credentials("AWSCURRENT").await.expect("a current version");
    let session = sign_in(&old, &application.app.database).await;
    application.rotate_ok().await;
    let before = Since::now(&application);
    for _attempt in 0..2 {
        let error = application.rotate_expect_err().await;
        let expected = format!(
            "SetSecret IdleUserHasSessions: cannot change the password of {} while it has open sessions: 1 session: 1 from ",
            old.user
        );
        assert!(error.starts_with(&expected), "{error}");
        assert!(application.signs_in("AWSCURRENT").await);
        assert!(server.signs_in(&old, &application.app.database).await, "its password was changed");
        count(&old.user, 1).await;
    }
    assert_eq!(before.metric(), [1.0, 1.0]);
    drop(session);
    count(&old.user, 0).await;
    application.rotate_ok().await;
    assert!(!server.signs_in(&old, &application.app.database).await);
    assert_eq!(application.credentials("AWSCURRENT").await.expect("a current version").user, old.user);
}

/// Waits until `seen` is `expected`: a server ends a session a little after its client.
async fn wait_for(expected: usize, seen: impl AsyncFn() -> String) {
    let expected = expected.to_string();
    let mut last = seen().await;
    for _ in 0..400 {
        if last == expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
        last = seen().await;
    }
    panic!("{last} sessions, not {expected}");
}
