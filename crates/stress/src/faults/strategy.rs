//! The strategies, by the names of functions.

use rotation::Strategy;

/// The name of a strategy in reports.
pub(super) fn strategy_name(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::SingleUser => "single user",
        Strategy::AlternatingUsers => "alternating users",
        Strategy::DualPassword => "dual password",
    }
}

/// The strategy of the function of this name, which ends with it.
#[must_use]
pub fn strategy_of(function: &str) -> Strategy {
    match function.split_once('-').map_or(function, |(_, strategy)| strategy) {
        "single-user" => Strategy::SingleUser,
        "alternating-users" => Strategy::AlternatingUsers,
        "dual-password" => Strategy::DualPassword,
        other => panic!("no strategy is named {other}"),
    }
}
