use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Cron;

fn at(text: &str) -> OffsetDateTime {
    OffsetDateTime::parse(text, &Rfc3339).expect("a date and time")
}

/// The next openings after the start of 2024, a leap year that begins on a Monday, as `MM-DDTHH`.
fn openings(expression: &str, count: usize) -> Vec<String> {
    let cron = Cron::parse(expression).unwrap_or_else(|| panic!("{expression} is refused"));
    let next = |after: &OffsetDateTime| cron.next_opening(*after);
    let all = std::iter::successors(cron.next_opening(at("2023-12-31T23:59:59Z")), next);
    all.take(count).map(|opening| opening.format(&Rfc3339).expect("a text")[5..13].to_owned()).collect()
}

#[test]
fn the_examples_of_the_user_guide_open_at_the_times_that_it_says() {
    for (expression, expected) in [
        // Every eight hours, from midnight and from 8:00.
        ("0 /8 * * ? *", ["01-01T00", "01-01T08", "01-01T16", "01-02T00"]),
        ("0 8/8 * * ? *", ["01-01T08", "01-01T16", "01-02T08", "01-02T16"]),
        // Every ten hours from 2:00: increments start again each day.
        ("0 2/10 * * ? *", ["01-01T02", "01-01T12", "01-01T22", "01-02T02"]),
        ("0 4/12 * * ? *", ["01-01T04", "01-01T16", "01-02T04", "01-02T16"]),
        // Every day; every Saturday; the first of each month.
        ("0 10 * * ? *", ["01-01T10", "01-02T10", "01-03T10", "01-04T10"]),
        ("0 18 ? * SAT *", ["01-06T18", "01-13T18", "01-20T18", "01-27T18"]),
        ("0 8 1 * ? *", ["01-01T08", "02-01T08", "03-01T08", "04-01T08"]),
        // Every third month, on the first Sunday.
        ("0 1 ? 1/3 SUN#1 *", ["01-07T01", "04-07T01", "07-07T01", "10-06T01"]),
        // The last day of each month; Monday to Friday; the 1st and the 15th; the first Sunday.
        ("0 17 L * ? *", ["01-31T17", "02-29T17", "03-31T17", "04-30T17"]),
        ("0 8 ? * MON-FRI *", ["01-01T08", "01-02T08", "01-03T08", "01-04T08"]),
        ("0 16 1,15 * ? *", ["01-01T16", "01-15T16", "02-01T16", "02-15T16"]),
        ("0 0 ? * SUN#1 *", ["01-07T00", "02-04T00", "03-03T00", "04-07T00"]),
        // From January, every eleventh month, on the first Monday.
        ("0 0 ? 1/11 2#1 *", ["01-01T00", "12-02T00", "01-06T00", "12-01T00"]),
        // The table of wildcards.
        ("0 0 1-3 * ? *", ["01-01T00", "01-02T00", "01-03T00", "02-01T00"]),
        ("0 0 1/10 * ? *", ["01-01T00", "01-11T00", "01-21T00", "01-31T00"]),
        ("0 0 SUNL * ? *", ["01-28T00", "02-25T00", "03-31T00", "04-28T00"]),
        ("0 0 1 JAN,APR,JUL,OCT ? *", ["01-01T00", "04-01T00", "07-01T00", "10-01T00"]),
        ("0 0 1 1-3 ? *", ["01-01T00", "02-01T00", "03-01T00", "01-01T00"]),
        ("0 0 ? * TUE#3 *", ["01-16T00", "02-20T00", "03-19T00", "04-16T00"]),
        ("0 0 ? * 1,4 *", ["01-03T00", "01-07T00", "01-10T00", "01-14T00"]),
        ("0 0 ? * 1/2 *", ["01-02T00", "01-04T00", "01-06T00", "01-07T00"]),
        ("0 0 ? * L *", ["01-06T00", "01-13T00", "01-20T00", "01-27T00"]),
    ] {
        assert_eq!(openings(expression, 4), expected, "{expression}");
    }
}

#[test]
fn rare_days_are_found() {
    for (expression, expected) in [
        ("0 0 31 * ? *", ["01-31T00", "03-31T00", "05-31T00"]),
        ("0 0 29 FEB ? *", ["02-29T00", "02-29T00", "02-29T00"]),
        ("0 0 ? * THU#5 *", ["02-29T00", "05-30T00", "08-29T00"]),
        ("0 0 ? FEB SUN#5 *", ["02-29T00", "02-29T00", "02-29T00"]),
        ("0 0 ? * 5L *", ["01-25T00", "02-29T00", "03-28T00"]),
        ("0 0 ? * monL *", ["01-29T00", "02-26T00", "03-25T00"]),
    ] {
        assert_eq!(openings(expression, 3), expected, "{expression}");
    }
    let weekdays = openings("0 8 ? * MON-FRI *", 7).pop();
    assert_eq!(weekdays.as_deref(), Some("01-09T08"), "the second Tuesday is the seventh weekday");
    let leap_day = Cron::parse("0 0 29 2 ? *").expect("a cron expression");
    assert_eq!(leap_day.next_opening(at("2096-02-29T00:00:00Z")), Some(at("2104-02-29T00:00:00Z")));
    assert_eq!(leap_day.next_opening(at("9996-02-29T00:00:00Z")), None);
}

/// Fails for each expression that is accepted.
fn assert_refused(expressions: &[&str]) {
    for expression in expressions {
        assert_eq!(Cron::parse(expression), None, "{expression}");
    }
}

#[test]
fn minutes_are_0_the_year_is_any_and_there_are_six_fields() {
    assert_refused(&[
        "5 10 * * ? *",
        "* 10 * * ? *",
        "00 10 * * ? *",
        "0 10 * * ? 2030",
        "0 10 * * ? ?",
        "0 10 * * ?",
        "0 0 10 * * ? *",
        "",
        "0  10 * * ? *",
        " 0 10 * * ? *",
        "0 10 * * ? * ",
    ]);
}

#[test]
fn hours_that_are_less_than_four_apart_or_no_hours_are_refused() {
    assert_refused(&[
        "0 * * * ? *",
        "0 /1 * * ? *",
        "0 /3 * * ? *",
        "0 1-2 * * ? *",
        "0 8-20 * * ? *",
        "0 8,10 * * ? *",
        "0 24 * * ? *",
        "0 ? * * ? *",
        "0 L * * ? *",
        "0 /0 * * ? *",
        "0 /24 * * ? *",
        "0 8/ * * ? *",
        "0 / * * ? *",
        "0 8/4/4 * * ? *",
    ]);
}

#[test]
fn exactly_one_of_the_fields_for_days_is_a_question_mark() {
    assert_refused(&["0 10 * * * *", "0 10 ? * ? *", "0 1 * 1/3 SUN *", "0 10 1 * 1 *"]);
}

#[test]
fn a_day_of_the_month_that_the_user_guide_does_not_allow_is_refused() {
    assert_refused(&[
        "0 10 0 * ? *",
        "0 10 32 * ? *",
        "0 10 5-1 * ? *",
        "0 10 1W * ? *",
        "0 10 LW * ? *",
        "0 10 1,L * ? *",
        "0 10 SUN * ? *",
        "0 10 ,1 * ? *",
        "0 10 1, * ? *",
        "0 10 1,,2 * ? *",
        "0 10 1#1 * ? *",
        "0 10 1-5/2 * ? *",
        "0 10 001 * ? *",
        "0 10 L-3 * ? *",
        "0 10 8L * ? *",
        "0 10 30 2 ? *",
        "0 10 31 4,6,9,11 ? *",
    ]);
}

#[test]
fn a_month_or_a_day_of_the_week_that_the_user_guide_does_not_allow_is_refused() {
    assert_refused(&[
        "0 10 1 0 ? *",
        "0 10 1 13 ? *",
        "0 10 1 ? ? *",
        "0 10 1 L ? *",
        "0 10 1 JANUARY ? *",
        "0 10 1 SUN ? *",
        "0 10 1 NOV-FEB ? *",
        "0 10 ? * 0 *",
        "0 10 ? * 8 *",
        "0 10 ? * MON#0 *",
        "0 10 ? * MON#6 *",
        "0 10 ? * MON# *",
        "0 10 ? * #1 *",
        "0 10 ? * MON#1,TUE#2 *",
        "0 10 ? * FRI-MON *",
        "0 10 ? * 2W *",
        "0 10 ? * JAN *",
        "0 10 ? * MON#01 *",
        "0 10 ? * 1,L *",
    ]);
}

#[test]
fn hours_that_are_four_apart_are_accepted() {
    for (expression, expected) in [
        ("0 /4 * * ? *", ["01-01T00", "01-01T04"]),
        ("0 */12 * * ? *", ["01-01T00", "01-01T12"]),
        ("0 8,20 * * ? *", ["01-01T08", "01-01T20"]),
        ("0 20,8 * * ? *", ["01-01T08", "01-01T20"]),
        ("0 20/8 * * ? *", ["01-01T20", "01-02T20"]),
        ("0 08 * * ? *", ["01-01T08", "01-02T08"]),
    ] {
        assert_eq!(openings(expression, 2), expected, "{expression}");
    }
}
