//! The strategies, by the names of functions.

use rotation::{Promotion, Strategy};
use testbed::ChangedBy;

/// The name of a strategy in reports.
pub(super) fn strategy_name(strategy: Strategy, changed_by: ChangedBy, promotion: Promotion) -> &'static str {
    match (strategy, changed_by) {
        (Strategy::SingleUser, _) => match promotion {
            Promotion::InFinishSecret => "single user",
            Promotion::InSetSecret => "single user, promoted in setSecret",
        },
        (Strategy::AlternatingUsers, ChangedBy::Superuser) => "alternating users",
        (Strategy::AlternatingUsers, ChangedBy::Themselves) => "alternating users without a superuser",
        (Strategy::DualPassword, _) => "dual password",
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
