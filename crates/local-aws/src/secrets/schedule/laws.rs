//! Recorded dates, and properties of all rules at all times.

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use time::format_description::well_known::Rfc3339;
use time::{Date, Duration, OffsetDateTime, Time, UtcOffset};

use super::{Anchor, RequestedRules, RotationRules, Window};

fn at(text: &str) -> OffsetDateTime {
    OffsetDateTime::parse(text, &Rfc3339).expect("a date and time")
}

fn rules(given: Json) -> RotationRules {
    RotationRules::check(serde_json::from_value(given).expect("rules")).expect("valid rules")
}

fn rotated(moment: &str) -> Anchor {
    Anchor { set_at: at("2022-01-01T00:00:00Z"), rotated_at: Some(at(moment)) }
}

#[test]
fn the_next_rotation_dates_are_those_that_were_recorded() {
    let thirty_days = json!({"AutomaticallyAfterDays": 30});
    let mondays = json!({"ScheduleExpression": "cron(0 0 ? * 2 *)"});
    for (given, last, next) in [
        (&thirty_days, "2024-02-22T07:16:15.807Z", "2024-03-23T23:59:59Z"),
        (&thirty_days, "2026-01-21T23:42:22.340-07:00", "2026-02-21T23:59:59Z"),
        (&mondays, "2023-10-16T07:18:02.417Z", "2023-10-23T23:59:59Z"),
        (&mondays, "2026-09-07T18:14:58.832Z", "2026-09-14T23:59:59Z"),
    ] {
        assert_eq!(rules(given.clone()).next_rotation_date(&rotated(last)), Some(at(next)), "{given} {last}");
    }
    let begun_anew =
        Anchor { set_at: at("2026-02-03T17:42:23Z"), rotated_at: Some(at("2026-02-02T17:16:24Z")) };
    assert_eq!(rules(thirty_days).next_rotation_date(&begun_anew), Some(at("2026-03-05T23:59:59Z")));
}

#[test]
fn a_window_opens_and_closes_as_its_schedule_and_duration_say() {
    let anchor = rotated("2024-03-01T10:20:00Z");
    for (given, opens, closes) in [
        (json!({"AutomaticallyAfterDays": 1}), "2024-03-02T00:00:00Z", "2024-03-03T00:00:00Z"),
        (
            json!({"AutomaticallyAfterDays": 1, "Duration": "3h"}),
            "2024-03-02T00:00:00Z",
            "2024-03-02T03:00:00Z",
        ),
        (json!({"ScheduleExpression": "rate(10 days)"}), "2024-03-11T00:00:00Z", "2024-03-12T00:00:00Z"),
        (json!({"ScheduleExpression": "rate(4 hours)"}), "2024-03-01T12:00:00Z", "2024-03-01T13:00:00Z"),
        (
            json!({"ScheduleExpression": "rate(4 hours)", "Duration": "4h"}),
            "2024-03-01T12:00:00Z",
            "2024-03-01T16:00:00Z",
        ),
        (json!({"ScheduleExpression": "cron(0 10 * * ? *)"}), "2024-03-02T10:00:00Z", "2024-03-03T00:00:00Z"),
        (json!({"ScheduleExpression": "cron(0 11 * * ? *)"}), "2024-03-01T11:00:00Z", "2024-03-02T00:00:00Z"),
        (json!({"ScheduleExpression": "cron(0 /8 * * ? *)"}), "2024-03-01T16:00:00Z", "2024-03-01T17:00:00Z"),
        (
            json!({"ScheduleExpression": "cron(0 16 1,15 * ? *)", "Duration": "2h"}),
            "2024-03-01T16:00:00Z",
            "2024-03-01T18:00:00Z",
        ),
    ] {
        let window = rules(given.clone()).window(at("2024-03-01T10:20:00Z"), &anchor);
        assert_eq!(window, Some(Window { opens: at(opens), closes: at(closes) }), "{given}");
    }
}

#[test]
fn a_rate_in_hours_counts_from_the_day_it_was_set_and_a_rate_in_days_from_the_last_rotation() {
    let anchor = Anchor { set_at: at("2024-03-01T10:20:00Z"), rotated_at: Some(at("2024-03-02T01:20:00Z")) };
    let opens = |given| rules(given).next_window(anchor.set_at, &anchor).map(|window| window.opens);
    // From the first midnight, each ten hours: 10:00, 20:00, and 6:00 of the second day.
    assert_eq!(opens(json!({"ScheduleExpression": "rate(10 hours)"})), Some(at("2024-03-02T06:00:00Z")));
    assert_eq!(opens(json!({"ScheduleExpression": "rate(2 days)"})), Some(at("2024-03-04T00:00:00Z")));
}

#[test]
fn a_missed_window_leaves_its_date_in_the_past_and_the_next_one_follows() {
    let anchor = rotated("2024-03-01T10:20:00Z");
    let every_two_days = rules(json!({"AutomaticallyAfterDays": 2}));
    let now = at("2024-03-04T00:00:00Z");
    assert_eq!(every_two_days.next_rotation_date(&anchor), Some(at("2024-03-03T23:59:59Z")));
    let opens = every_two_days.window(now, &anchor).map(|window| window.opens);
    assert_eq!(opens, Some(at("2024-03-05T00:00:00Z")));
    let still_open = every_two_days.window(now - Duration::SECOND, &anchor).map(|window| window.opens);
    assert_eq!(still_open, Some(at("2024-03-03T00:00:00Z")));
    let every_four_hours = rules(json!({"ScheduleExpression": "rate(4 hours)"}));
    let opens = every_four_hours.window(at("2024-03-01T13:00:00Z"), &anchor).map(|window| window.opens);
    assert_eq!(opens, Some(at("2024-03-01T16:00:00Z")), "a window is over at the moment that it closes");
}

#[test]
fn describe_secret_shows_the_texts_as_given_and_the_days_between_windows() {
    for (given, days) in [
        (json!({"AutomaticallyAfterDays": 30, "Duration": "03h"}), 30),
        (json!({"ScheduleExpression": "rate(10 days)"}), 10),
        (json!({"ScheduleExpression": "rate(4 hours)"}), 1),
        (json!({"ScheduleExpression": "cron(0 /4 * * ? *)", "Duration": "2h"}), 1),
        (json!({"ScheduleExpression": "cron(0 0 ? * 2 *)"}), 7),
        (json!({"ScheduleExpression": "cron(0 16 1,15 * ? *)", "Duration": "2h"}), 14),
    ] {
        let mut expected = given.clone();
        expected["AutomaticallyAfterDays"] = json!(days);
        assert_eq!(rules(given).shown(&rotated("2024-03-01T10:20:00Z")), expected);
    }
}

#[test]
fn there_is_no_window_beyond_the_calendar() {
    let last_day = Anchor { set_at: OffsetDateTime::new_utc(Date::MAX, Time::MIDNIGHT), rotated_at: None };
    let last_moment = OffsetDateTime::new_utc(Date::MAX, Time::MAX);
    let west = UtcOffset::from_hms(-11, 0, 0).expect("an offset");
    let beyond = OffsetDateTime::new_in_offset(Date::MAX, Time::MAX, west);
    for expression in ["rate(999 days)", "rate(23 hours)", "cron(0 0 * * ? *)", "cron(0 23 * * ? *)"] {
        let rules = rules(json!({"ScheduleExpression": expression}));
        assert_eq!(rules.next_window(last_day.set_at, &last_day), None, "{expression}");
        assert_eq!(rules.window(last_moment, &last_day), None, "{expression}");
        assert_eq!(rules.next_window(beyond, &last_day), None, "{expression}");
        let set_beyond = Anchor { set_at: beyond, rotated_at: Some(last_moment) };
        assert_eq!(rules.next_rotation_date(&set_beyond), None, "{expression}");
    }
}

fn moment() -> impl Strategy<Value = OffsetDateTime> {
    // 1970 to 2400.
    (0..13_569_465_600_i64, 0..1_000_000_000_i64).prop_map(|(seconds, nanoseconds)| {
        OffsetDateTime::UNIX_EPOCH + Duration::seconds(seconds) + Duration::nanoseconds(nanoseconds)
    })
}

fn anchor() -> impl Strategy<Value = Anchor> {
    (moment(), proptest::option::of(moment())).prop_map(|(set_at, rotated_at)| Anchor { set_at, rotated_at })
}

/// Expressions of which most are valid.
fn expression() -> impl Strategy<Value = String> {
    prop_oneof![
        (1..30_u16).prop_map(|hours| format!("rate({hours} hours)")),
        (1..1001_u16).prop_map(|days| format!("rate({days} days)")),
        (
            "[0-9]|1[0-9]|[0-9]?/[4-9]",
            "\\*|L|[1-9]|[1-9],2[0-9]|[1-9]/[1-9]|MONL|31",
            "\\*|[1-9]|[1-4]-[5-9]|/[1-9]|FEB"
        )
            .prop_map(|(hours, days, months)| format!("cron(0 {hours} {days} {months} ? *)")),
        (
            "[0-9]|1[0-9]|[0-9]?/[4-9]",
            "\\*|FEB|[1-9]|1/[1-9]",
            "\\*|L|[1-7]|[1-7],[1-7]|[1-3]-[3-7]|FRI#[1-5]"
        )
            .prop_map(|(hours, months, days)| format!("cron(0 {hours} ? {months} {days} *)")),
    ]
}

fn valid_rules() -> impl Strategy<Value = RotationRules> {
    let days = (1..=1000_i64).prop_map(|days| (Some(days), None));
    let schedule = prop_oneof![days, expression().prop_map(|expression| (None, Some(expression)))];
    let duration = proptest::option::of((1..=24).prop_map(|hours| format!("{hours}h")));
    (schedule, duration).prop_filter_map("refused", |((days, schedule_expression), duration)| {
        RotationRules::check(RequestedRules { automatically_after_days: days, duration, schedule_expression })
            .ok()
    })
}

proptest! {
    #[test]
    fn the_next_window_is_later_opens_on_the_hour_and_closes_before_the_one_after_it(
        rules in valid_rules(), anchor in anchor(), after in moment(),
    ) {
        let window = rules.next_window(after, &anchor).expect("a window before the year 9999");
        prop_assert!(window.opens > after);
        prop_assert!(window.opens > anchor.set_at);
        prop_assert!(anchor.rotated_at.is_none_or(|rotated_at| window.opens > rotated_at));
        prop_assert_eq!(window.opens.unix_timestamp_nanos() % 3_600_000_000_000, 0);
        prop_assert!(window.opens < window.closes);
        prop_assert!(window.closes - window.opens <= Duration::DAY);
        let following = rules.next_window(window.opens, &anchor).expect("a window before the year 9999");
        prop_assert!(window.closes <= following.opens, "{:?} {:?}", window, following);
    }

    #[test]
    fn no_window_is_skipped(rules in valid_rules(), anchor in anchor(), after in moment()) {
        let window = rules.next_window(after, &anchor).expect("a window before the year 9999");
        let just_before = window.opens - Duration::NANOSECOND;
        prop_assert_eq!(rules.next_window(just_before, &anchor), Some(window));
    }

    #[test]
    fn the_window_of_a_moment_is_open_or_the_next(
        rules in valid_rules(), anchor in anchor(), now in moment(),
    ) {
        let window = rules.window(now, &anchor).expect("a window before the year 9999");
        prop_assert!(window.closes > now);
        let next = rules.next_window(now, &anchor).expect("a window before the year 9999");
        prop_assert!(window == next || window.opens <= now);
    }

    #[test]
    fn any_characters_are_checked_without_a_panic(expression in any::<String>(), duration in any::<String>()) {
        for schedule_expression in [expression.clone(), format!("rate({expression})"), format!("cron({expression})")] {
            let duration = Some(duration.clone());
            let requested =
                RequestedRules { automatically_after_days: None, duration, schedule_expression: Some(schedule_expression) };
            let _ = RotationRules::check(requested);
        }
    }

    #[test]
    fn any_text_of_the_alphabet_of_expressions_is_refused_or_has_windows(
        inner in "[0-9LW#?*/, -]{0,24}|0 [0-9*/,-]{1,5} [0-9L*?/,-]{1,5} [0-9*/,-]{1,5} [0-9L#?*/,-]{1,5} \\*", anchor in anchor(),
    ) {
        for expression in [format!("rate({inner})"), format!("cron({inner})")] {
            let requested = RequestedRules { schedule_expression: Some(expression), ..RequestedRules::default() };
            if let Ok(rules) = RotationRules::check(requested) {
                prop_assert!(rules.next_rotation_date(&anchor).is_some());
            }
        }
    }
}
