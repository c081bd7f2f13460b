//! What the demo shows: an application for each engine and strategy.

use testbed::Engine;

/// An application, and the function that rotates its secret.
pub(crate) struct Scenario {
    pub(crate) engine: Engine,
    /// The application's name, which its secret, its user and its database have as well.
    pub(crate) application: &'static str,
    /// A binary of the package `functions`.
    pub(crate) function: &'static str,
    pub(crate) guarantee: Guarantee,
}

/// What must hold after every step of a rotation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guarantee {
    /// A version of the secret signs in, and after finishSecret it is AWSCURRENT.
    SomeVersionSignsIn,
    /// AWSCURRENT signs in.
    CurrentSignsIn,
}

pub(crate) const SCENARIOS: [Scenario; 5] = [
    Scenario {
        engine: Engine::Postgres,
        application: "shop",
        function: "postgres-single-user",
        guarantee: Guarantee::SomeVersionSignsIn,
    },
    Scenario {
        engine: Engine::Postgres,
        application: "cart",
        function: "postgres-alternating-users",
        guarantee: Guarantee::CurrentSignsIn,
    },
    Scenario {
        engine: Engine::MySql,
        application: "blog",
        function: "mysql-single-user",
        guarantee: Guarantee::SomeVersionSignsIn,
    },
    Scenario {
        engine: Engine::MySql,
        application: "news",
        function: "mysql-alternating-users",
        guarantee: Guarantee::CurrentSignsIn,
    },
    Scenario {
        engine: Engine::MySql,
        application: "billing",
        function: "mysql-dual-password",
        guarantee: Guarantee::CurrentSignsIn,
    },
];

/// The scenarios on these engines.
pub(crate) fn scenarios(engines: &[Engine]) -> impl Iterator<Item = &'static Scenario> {
    const ALL: &[Scenario] = &SCENARIOS;
    ALL.iter().filter(|scenario| engines.contains(&scenario.engine))
}
