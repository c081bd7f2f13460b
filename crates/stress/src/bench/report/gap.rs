//! The gap of single user in both orders, a section of its own: it can be measured alone.

use std::fmt::Write;

use super::{Report, Row, cell, conditions};
use crate::bench::figure;

/// Where the section is in the page.
const MARKS: (&str, &str) = ("<!-- gap -->", "<!-- /gap -->");

const ABOUT: &str = "\
## The gap of single user

How long a new sign-in with AWSCURRENT is rejected, as defined above, if finishSecret moves AWSCURRENT and if setSecret does
(`PROMOTE_IN_SET_SECRET`, [strategies.md](strategies.md#promotion-in-setsecret)): both in one run, in turns. `make bench
BENCH=--gap-only PUBLISH=1` measures and publishes this section alone. Secrets Manager's own pauses between steps, which are
not known, come on top of the first only.
";

/// The section, with the ratio of the medians.
#[must_use]
pub fn gap(report: &Report) -> String {
    let mut text = format!(
        "{}\n{ABOUT}\n{} rotations of each. Milliseconds: the median, with the quartiles.\n\n\
         | function | conditions | moved by finishSecret | by setSecret | ratio |\n| --- | --- | ---: | ---: | ---: |\n",
        MARKS.0, report.rotations
    );
    for pair in report.gaps.chunks_exact(2) {
        if let [late, early] = pair {
            let _ = writeln!(text, "{}", line(late, early));
        }
    }
    text + MARKS.1
}

fn line(late: &Row, early: &Row) -> String {
    let figure = figure("gap_ms");
    let ratio = late.median(figure.key).zip(early.median(figure.key)).filter(|(late, _)| *late > 0.0);
    let ratio = ratio.map_or("–".to_owned(), |(late, early)| format!("{:.2}", early / late));
    format!(
        "| {} on {} | {} | {} | {} | {ratio} |",
        late.function,
        late.server,
        conditions(late.condition),
        cell(&figure, &late.samples),
        cell(&figure, &early.samples)
    )
}

/// A page with this section in place of its own; `None` if it has none.
#[must_use]
pub fn with_gap(page: &str, report: &Report) -> Option<String> {
    let (before, rest) = page.split_once(MARKS.0)?;
    let (_, after) = rest.split_once(MARKS.1)?;
    Some(format!("{before}{}{after}", gap(report)))
}
