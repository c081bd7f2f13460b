use serde::{Deserialize, Serialize};

use super::cron::Cron;
use super::repeat::Repeat;
use super::{duration, invalid_expression, rate};
use crate::secrets::Refusal;

/// `RotationRules` of a request, unchecked. The parser of requests refuses all other members, by their path.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RequestedRules {
    pub(crate) automatically_after_days: Option<i64>,
    pub(crate) duration: Option<String>,
    pub(crate) schedule_expression: Option<String>,
}

/// Checked rules: they have windows, and no window reaches into the next one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RequestedRules", into = "RequestedRules")]
pub(crate) struct RotationRules {
    /// As given: `DescribeSecret` shows the texts unchanged.
    pub(super) requested: RequestedRules,
    pub(super) repeat: Repeat,
    /// The length of a window, if the request has one.
    pub(super) length: Option<time::Duration>,
}

impl RotationRules {
    /// Checks the rules of a request.
    ///
    /// - `AutomaticallyAfterDays` and `ScheduleExpression` exclude each other (recorded: code and text).
    /// - Rules with neither are refused (inferred, our text): the API reference lists all members as optional, but
    ///   `Duration` alone says nothing about when.
    /// - `AutomaticallyAfterDays` is 1 to 1,000 (API reference; the code and the text are moto's).
    /// - `Duration` may accompany either (Terraform's acceptance tests send it with `AutomaticallyAfterDays`).
    pub(crate) fn check(requested: RequestedRules) -> Result<Self, Refusal> {
        let length = requested.duration.as_deref().map(duration::parse).transpose()?;
        let repeat = match (requested.automatically_after_days, &requested.schedule_expression) {
            (Some(_), Some(_)) => Err(Refusal::invalid_parameter(
                "You cannot specify both rotation frequency and schedule expression together.",
            )),
            (None, None) => Err(Refusal::invalid_parameter(
                "RotationRules must have AutomaticallyAfterDays or ScheduleExpression.",
            )),
            (Some(days), None) => after_days(days),
            (None, Some(expression)) => parse_expression(expression),
        }?;
        if let Some(length) = length {
            duration::check_fits(length, &repeat)?;
        }
        Ok(RotationRules { requested, repeat, length })
    }
}

impl TryFrom<RequestedRules> for RotationRules {
    type Error = String;

    fn try_from(requested: RequestedRules) -> Result<Self, String> {
        RotationRules::check(requested).map_err(|refusal| refusal.message)
    }
}

impl From<RotationRules> for RequestedRules {
    fn from(rules: RotationRules) -> Self {
        rules.requested
    }
}

fn after_days(days: i64) -> Result<Repeat, Refusal> {
    match u16::try_from(days) {
        Ok(days @ 1..=1000) => Ok(Repeat::Days(days)),
        Ok(_) | Err(_) => {
            Err(Refusal::invalid_parameter("RotationRules.AutomaticallyAfterDays must be within 1-1000."))
        }
    }
}

/// `rate(...)` or `cron(...)`, in lower case, 1 to 256 characters of the pattern below (API reference).
fn parse_expression(expression: &str) -> Result<Repeat, Refusal> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "()#?*-/, ".contains(c);
    if !(1..=256).contains(&expression.len()) || !expression.chars().all(allowed) {
        return Err(Refusal::validation(
            "rotationRules.scheduleExpression",
            "satisfy regular expression pattern: [0-9A-Za-z\\(\\)#\\?\\*\\-\\/, ]+ and have length between 1 and 256",
        ));
    }
    let inner = |name| expression.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')');
    if let Some(text) = inner("rate") {
        return rate::parse(text);
    }
    let fields = inner("cron").ok_or_else(invalid_expression)?;
    Cron::parse(fields).map(Repeat::Cron).ok_or_else(invalid_expression)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    fn check(rules: Json) -> Result<RotationRules, Refusal> {
        RotationRules::check(serde_json::from_value(rules).expect("members of the right types"))
    }

    fn message(rules: Json) -> String {
        check(rules).expect_err("a refusal").message
    }

    #[test]
    fn rules_are_days_or_an_expression_and_may_have_a_duration() {
        for (rules, repeat) in [
            (json!({"AutomaticallyAfterDays": 1}), Repeat::Days(1)),
            (json!({"AutomaticallyAfterDays": 1000, "Duration": "24h"}), Repeat::Days(1000)),
            (json!({"AutomaticallyAfterDays": 7, "ScheduleExpression": null}), Repeat::Days(7)),
            (json!({"ScheduleExpression": "rate(10 days)", "Duration": "3h"}), Repeat::Days(10)),
            (json!({"ScheduleExpression": "rate(4 hours)", "Duration": "4h"}), Repeat::Hours(4)),
        ] {
            assert_eq!(check(rules.clone()).map(|checked| checked.repeat), Ok(repeat), "{rules}");
        }
        assert!(check(json!({"ScheduleExpression": "cron(0 16 1,15 * ? *)", "Duration": "8h"})).is_ok());
    }

    #[test]
    fn a_member_of_another_type_is_an_error() {
        for rules in [
            json!({"AutomaticallyAfterDays": "1"}),
            json!({"AutomaticallyAfterDays": 1.5}),
            json!({"ScheduleExpression": 1}),
            json!({"Duration": 1}),
            json!("rate(1 day)"),
        ] {
            assert!(serde_json::from_value::<RequestedRules>(rules.clone()).is_err(), "{rules}");
        }
    }

    #[test]
    fn rules_have_exactly_one_schedule_and_1_to_1000_days() {
        let both = json!({"AutomaticallyAfterDays": 1, "ScheduleExpression": "rate(1 day)"});
        let text = "You cannot specify both rotation frequency and schedule expression together.";
        assert_eq!(message(both), text);
        for rules in [json!({}), json!({"Duration": "1h"})] {
            assert!(message(rules).contains("must have AutomaticallyAfterDays or ScheduleExpression"));
        }
        for days in [0, -1, 1001, 65_537, i64::MAX, i64::MIN] {
            let text = "RotationRules.AutomaticallyAfterDays must be within 1-1000.";
            assert_eq!(message(json!({"AutomaticallyAfterDays": days})), text, "{days}");
        }
    }

    #[test]
    fn an_expression_is_a_rate_or_cron_with_nothing_around_it() {
        for expression in [
            "rate",
            "rate(",
            "rate)",
            "rate()",
            "rate(1 day",
            "rate 1 day",
            "Rate(1 day)",
            "rate(1 day) ",
            " rate(1 day)",
            "rate((1 day))",
            "at(1 day)",
            "cron",
            "cron()",
            "cron(0 10 * * ? *",
            "CRON(0 10 * * ? *)",
            "1 day",
            "0 10 * * ? *",
        ] {
            assert_eq!(
                message(json!({"ScheduleExpression": expression})),
                "Invalid schedule expression.",
                "{expression}"
            );
        }
        for expression in [
            "",
            "rate(1\u{a0}day)",
            "rate(1\tday)",
            "cron(0 10 \u{2217} * ? *)",
            "rate(+1 day)",
            &"1".repeat(257),
        ] {
            let code = check(json!({"ScheduleExpression": expression})).expect_err("a refusal").code;
            assert_eq!(code, "ValidationException", "{expression}");
        }
    }

    #[test]
    fn a_duration_must_not_reach_into_the_next_window_or_day() {
        let day = "Starting hour and duration must be within a day.";
        let next = "Duration cannot be greater than Rate in hour.";
        for (expression, longest, refusal) in [
            ("rate(4 hours)", 4, next),
            ("rate(23 hours)", 23, next),
            ("cron(0 0/8 * * ? *)", 8, day),
            ("cron(0 0/10 * * ? *)", 4, day),
            ("cron(0 4/12 * * ? *)", 8, day),
            ("cron(0 0,4,12 * * ? *)", 4, next),
            ("cron(0 23 * * ? *)", 1, day),
            ("cron(0 1 * * ? *)", 23, day),
        ] {
            let rules = |hours| json!({"ScheduleExpression": expression, "Duration": format!("{hours}h")});
            assert!(check(rules(longest)).is_ok(), "{expression} {longest}h");
            assert_eq!(message(rules(longest + 1)), refusal, "{expression}");
        }
    }
}
