//! When Secrets Manager rotates a secret: `RotationRules` of `RotateSecret`, the windows that follow from them, and what
//! `DescribeSecret` shows of both. No clock: every moment is an argument. All windows are in UTC (user guide), so
//! daylight saving time moves none of them.
//!
//! How sure each rule is, in its own documentation:
//! - API reference: `RotationRulesType` and `DescribeSecret`, API version 2017-10-17, or the service's model;
//! - user guide: the page "Rotation schedules";
//! - recorded: responses of the real service that others published;
//! - reported: texts and limits that the rules of cdk-preflight, a linter for templates, attribute to the service. One of
//!   the texts is also recorded (an issue of Terraform's provider), and no text contradicts the user guide;
//! - inferred: from another AWS service, or from how a rule is worded. AWS may differ.
//!
//! The parser of `cron(...)` is our own. The dialect has neither minutes nor years, requires `?`, limits the hours, and
//! has `SUNL` as a day of the month. A crate (croner is the closest, by its documentation) accepts a different language,
//! so each of these checks would still be needed before it, and it would add chrono beside time.

mod cron;
mod duration;
#[cfg(test)]
mod laws;
mod rate;
mod repeat;
mod rules;
mod shown;
mod window;

pub(crate) use rules::{RequestedRules, RotationRules};
pub(crate) use window::{Anchor, Window};

use super::Refusal;

/// The response to an expression that is neither a rate nor a cron expression of Secrets Manager (text: reported; code:
/// `InvalidParameterException`, as recorded for two schedules at once).
fn invalid_expression() -> Refusal {
    Refusal::invalid_parameter("Invalid schedule expression.")
}
