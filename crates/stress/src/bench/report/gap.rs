//! The gap of single user in both orders, a section of its own: it can be measured alone.

use std::fmt::Write;

use super::{Report, Row, cell, conditions};
use crate::bench::figure;
use crate::figures::{section, with_section};

/// The section's name on the page.
const NAME: &str = "gap";

const ABOUT: &str = "\
## The gap of single user

How long a new sign-in with AWSCURRENT is rejected, as defined above, if finishSecret moves AWSCURRENT and if setSecret does
(`PROMOTE_IN_SET_SECRET`, [strategies.md](strategies.md#promotion-in-setsecret)): both in one run, in turns. `make bench
BENCH=--gap-only PUBLISH=1` measures and publishes this section alone.

Between two steps Secrets Manager ends one invocation and begins another. How long that takes is not known; it comes on top
of the first order alone, once before testSecret and once before finishSecret. Each condition is therefore measured without a
pause, which no service reaches, and with 20 ms between steps (an assumption: `--pause` takes others).
";

/// The section, with the ratio of the medians.
#[must_use]
pub fn gap(report: &Report) -> String {
    section(NAME, &text(report))
}

fn text(report: &Report) -> String {
    let mut text = format!(
        "{ABOUT}\n{} rotations of each. Milliseconds: the median, with the quartiles.\n\n\
         | function | conditions | moved by finishSecret | by setSecret | ratio |\n| --- | --- | ---: | ---: | ---: |",
        report.rotations
    );
    for pair in report.gaps.chunks_exact(2) {
        if let [late, early] = pair {
            let _ = write!(text, "\n{}", line(late, early));
        }
    }
    text
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
    with_section(page, NAME, &text(report))
}
