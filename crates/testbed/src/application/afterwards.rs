//! What is checked at the end of every test, for each application.

use serde_json::Value;

use super::{Application, ROTATION_TOKEN};
use crate::Server;
use crate::role::{self, On};

/// The shortest password that is searched for: tests store shorter ones that occur in messages.
const SHORTEST: usize = 8;

impl<S: Server> Drop for Application<'_, S> {
    fn drop(&mut self) {
        self.server.discard(&self.app);
        if !std::thread::panicking() {
            self.called_what_its_role_allows();
            self.wrote_no_secret();
        }
    }
}

impl<S: Server> Application<'_, S> {
    /// A function that calls other operations works here and fails on AWS.
    fn called_what_its_role_allows(&self) {
        let allowed = role::calls_of(&self.function);
        let allowed = |(on, name): &(On, String)| allowed.iter().any(|call| call.0 == *on && call.1 == name);
        let others: Vec<_> = self.seen_calls().into_iter().filter(|call| !allowed(call)).collect();
        assert!(
            others.is_empty(),
            "{} calls operations that its role does not allow: {others:?}",
            self.function
        );
    }

    /// At any log level; the level is TRACE unless a test sets another.
    fn wrote_no_secret(&self) {
        let output = self.output();
        for secret in self.secrets() {
            let line = output.lines().find(|line| line.contains(&secret));
            assert!(line.is_none(), "{} wrote a password or a token: {line:?}", self.function);
        }
    }

    /// Every password that was ever stored here, the superuser's among them, and the rotation token.
    fn secrets(&self) -> Vec<String> {
        let stored = self.local.values().into_iter().filter_map(|value| {
            let secret: Value = serde_json::from_str(&value).ok()?;
            secret["password"].as_str().map(String::from)
        });
        let ours = [&self.app.credentials.password, ROTATION_TOKEN].map(String::from);
        stored.chain(ours).filter(|secret| secret.len() >= SHORTEST).collect()
    }
}
