//! The strategies, by the names of functions.

/// The strategy of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StrategyKind {
    /// One user with one password.
    SingleUser,
    /// A user and its clone, in turns.
    AlternatingUsers,
    /// One user with two passwords.
    DualPassword,
}

impl StrategyKind {
    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SingleUser => "single user",
            Self::AlternatingUsers => "alternating users",
            Self::DualPassword => "dual password",
        }
    }

    /// The strategy of the function of this name, which ends with it.
    #[must_use]
    pub fn of(function: &str) -> Self {
        match function.split_once('-').map_or(function, |(_, strategy)| strategy) {
            "single-user" => Self::SingleUser,
            "alternating-users" => Self::AlternatingUsers,
            "dual-password" => Self::DualPassword,
            other => panic!("no strategy is named {other}"),
        }
    }
}
