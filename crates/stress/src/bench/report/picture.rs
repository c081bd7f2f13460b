//! The figures as one picture.

use std::fmt::Write;

use super::{Report, Row, conditions};
use crate::bench::{Condition, ProcessAge, Share};

/// The steps, and their colours, which colour-blind readers can distinguish.
const STEPS: [(&str, &str, &str); 4] = [
    ("create_secret_ms", "createSecret", "#0072b2"),
    ("set_secret_ms", "setSecret", "#e69f00"),
    ("test_secret_ms", "testSecret", "#56b4e9"),
    ("finish_secret_ms", "finishSecret", "#999999"),
];
const WIDTH: f64 = 900.0;
/// The left end of the bars, and the length of the longest.
const LEFT: f64 = 270.0;
const LONGEST: f64 = 540.0;
const LINE: f64 = 20.0;

/// SVG: the four steps of a rotation, as bars of their medians, under the longest delays.
#[must_use]
pub fn picture(report: &Report) -> String {
    let panels = [
        (ProcessAge::Cold, Share::Whole),
        (ProcessAge::Warm, Share::Whole),
        (ProcessAge::Cold, Share::Fourteenth),
        (ProcessAge::Warm, Share::Fourteenth),
    ];
    let (mut drawn, mut y) = (String::new(), 2.5 * LINE);
    for (process, share) in panels {
        if let Some(condition) = report.longest(process, share) {
            y = panel(&mut drawn, report, condition, y);
        }
    }
    let mut legend = String::new();
    for (place, (_, name, colour)) in STEPS.into_iter().enumerate() {
        let x = LEFT + 135.0 * place as f64;
        let _ = writeln!(legend, r#"<rect x="{x}" y="12" width="12" height="12" fill="{colour}"/>"#);
        let _ = writeln!(legend, r#"<text x="{}" y="22">{name}</text>"#, x + 18.0);
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{y}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"{WIDTH}\" height=\"{y}\" fill=\"white\"/>\n{legend}{drawn}</svg>\n"
    )
}

/// Draws from `y` on; returns where the next panel begins.
fn panel(drawn: &mut String, report: &Report, condition: Condition, mut y: f64) -> f64 {
    let rows: Vec<&Row> = report.rows.iter().filter(|row| row.condition == condition).collect();
    let longest = rows.iter().filter_map(|row| row.median("four_steps_ms")).fold(1.0, f64::max);
    let _ = writeln!(
        drawn,
        r#"<text x="10" y="{}" font-weight="bold">{}: milliseconds</text>"#,
        y + LINE / 2.0,
        conditions(condition)
    );
    y += LINE;
    for row in rows {
        bar(drawn, row, y, LONGEST / longest);
        y += LINE;
    }
    y + LINE / 2.0
}

fn bar(drawn: &mut String, row: &Row, y: f64, scale: f64) {
    let text = y + 12.0;
    let _ = writeln!(drawn, r#"<text x="10" y="{text}">{}, {}</text>"#, row.function, row.implementation);
    let mut x = LEFT;
    for (key, _, colour) in STEPS {
        let width = row.median(key).unwrap_or_default() * scale;
        let _ =
            writeln!(drawn, r#"<rect x="{x:.1}" y="{y}" width="{width:.1}" height="14" fill="{colour}"/>"#);
        x += width;
    }
    let sum = row.median("four_steps_ms").unwrap_or_default();
    let _ = writeln!(drawn, r#"<text x="{:.1}" y="{text}">{sum:.0}</text>"#, x + 6.0);
}
