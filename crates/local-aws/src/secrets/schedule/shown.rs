use serde_json::{Value as Json, json};

use super::repeat::Repeat;
use super::rules::RotationRules;
use super::{Anchor, Window};

impl RotationRules {
    /// `RotationRules` as `DescribeSecret` and `ListSecrets` show them: the texts as given, and `AutomaticallyAfterDays`,
    /// computed if the request had a `ScheduleExpression` (API reference; recorded beside a weekly cron expression: 7).
    pub(crate) fn shown(&self, anchor: &Anchor) -> Json {
        let mut shown = json!({});
        let texts = [
            ("Duration", &self.requested.duration),
            ("ScheduleExpression", &self.requested.schedule_expression),
        ];
        if let Some(days) = self.days_between(anchor) {
            shown["AutomaticallyAfterDays"] = Json::from(days);
        }
        for (member, text) in texts {
            if let Some(text) = text {
                shown[member] = Json::from(text.as_str());
            }
        }
        shown
    }

    /// The days between two windows, at least 1.
    ///
    /// Inferred where they vary: those between the next window and the one after it. That a rate in hours shows 1 is
    /// inferred, too: the API reference allows nothing lower.
    fn days_between(&self, anchor: &Anchor) -> Option<i64> {
        match &self.repeat {
            Repeat::Days(days) => Some((*days).into()),
            Repeat::Hours(_) => Some(1),
            Repeat::Cron(_) => {
                let Window { opens, .. } = self.next_window(anchor.set_at, anchor)?;
                let following = self.next_window(opens, anchor)?;
                Some((following.opens.date() - opens.date()).whole_days().max(1))
            }
        }
    }
}
