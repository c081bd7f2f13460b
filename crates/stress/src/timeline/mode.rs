//! What is recorded: one row for each way to rotate.

use testbed::{Engine, MySqlVersion, Setup, mysql_versions};

/// A way to rotate, which has a picture.
#[derive(Clone, Copy, Debug)]
pub struct Mode {
    /// Its name in titles and tables.
    pub name: &'static str,
    /// The name of its files: `docs/timeline/NAME.json` and `docs/timeline/NAME.svg`.
    pub file: &'static str,
    /// Where it is recorded.
    pub engine: Engine,
    /// The function, its environment variables, and fields of the secret to add, replace or (null) remove.
    pub setup: fn() -> Setup<'static>,
    /// What its user needs before the first rotation.
    pub preparation: Preparation,
    /// What an application that reads AWSCURRENT is promised.
    pub promise: Promise,
}

/// What a user needs before the first rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preparation {
    /// Nothing: the server's new user, or a superuser's secret in `masterarn`, is enough.
    None,
    /// The right to have two passwords.
    SecondPassword,
}

/// What an application that reads AWSCURRENT, and signs in with it, is promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// No sign-in is rejected.
    EverySignIn,
    /// A sign-in may be rejected from the beginning of setSecret to the end of finishSecret, not before and not after.
    OutsideTheGap,
}

impl Mode {
    /// Whether a server for it is among those that are tested on: `TESTBED_MYSQL` may name MariaDB only.
    #[must_use]
    pub fn has_server(&self) -> bool {
        match self.engine {
            Engine::Postgres => true,
            Engine::MySql => mysql().is_some(),
        }
    }
}

/// The first MySQL that is tested on.
pub(super) fn mysql() -> Option<MySqlVersion> {
    mysql_versions().into_iter().find(|version| !version.is_mariadb())
}

/// All ways to rotate that have a picture, in the order of docs/strategies.md.
pub const MODES: [Mode; 5] = [
    Mode {
        name: "single user",
        file: "single-user",
        engine: Engine::Postgres,
        setup: Setup::single_user,
        preparation: Preparation::None,
        promise: Promise::OutsideTheGap,
    },
    Mode {
        name: "single user, promoted in setSecret",
        file: "single-user-promoted-in-set-secret",
        engine: Engine::Postgres,
        setup: || Setup::single_user().promoting_in_set_secret(),
        preparation: Preparation::None,
        promise: Promise::OutsideTheGap,
    },
    Mode {
        name: "alternating users",
        file: "alternating-users",
        engine: Engine::Postgres,
        setup: Setup::alternating_users,
        preparation: Preparation::None,
        promise: Promise::EverySignIn,
    },
    Mode {
        name: "alternating users without a superuser",
        file: "alternating-users-without-a-superuser",
        engine: Engine::Postgres,
        setup: || Setup::alternating_users().without_superuser(),
        preparation: Preparation::None,
        promise: Promise::EverySignIn,
    },
    Mode {
        name: "dual password",
        file: "dual-password",
        engine: Engine::MySql,
        setup: Setup::mysql_dual_password,
        preparation: Preparation::SecondPassword,
        promise: Promise::EverySignIn,
    },
];
