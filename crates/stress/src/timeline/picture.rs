//! A recording as one SVG.

use plotters::prelude::{IntoDrawingArea, SVGBackend};

use super::canvas::{Canvas, Drawn, fill, mark, text};
use super::palette::{BACKGROUND, CURRENT, MUTED, PENDING, PREVIOUS, STEP, TEXT, style};
use super::panel::{Panel, draw_panel};
use super::recording::{Outcome, Recording};
use super::rows::{APPLICATION, AXIS, LABEL, LANE, STEP_ROW};
use super::words::{summary, title};
use testbed::STEPS;

/// In pixels, all of them.
const WIDTH: i32 = 1000;
const GUTTER: i32 = 176;
const RIGHT: i32 = 16;
const BETWEEN: i32 = 22;
const TOP: i32 = 112;
const CAPTION: i32 = 54;

/// The picture of a recording. The same recording has the same picture, byte by byte.
///
/// # Panics
/// Never for a recording: drawing into a text does not fail.
#[must_use]
pub fn picture(recording: &Recording) -> String {
    let lanes = lanes(recording);
    let height = rows_end(lanes) + AXIS + CAPTION;
    let mut svg = String::new();
    {
        let size = (WIDTH as u32, height as u32);
        let canvas = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        draw(&canvas, recording, lanes).expect("text is always written");
        canvas.present().expect("text is always written");
    }
    with_words(&svg, recording)
}

/// Adds title, description and the colours of dark pages.
fn with_words(svg: &str, recording: &Recording) -> String {
    let (head, rest) = svg.split_once('>').expect("an element");
    let (title, summary) = (title(recording), summary(recording));
    format!(
        "{head} role=\"img\" aria-labelledby=\"title\" aria-describedby=\"desc\">\n\
         <title id=\"title\">{title}</title>\n<desc id=\"desc\">{summary}</desc>\n{}{}\n",
        style(),
        rest.trim()
    )
}

/// How many versions there are in the end.
fn lanes(recording: &Recording) -> i32 {
    let lanes = recording.rotations.iter().map(|rotation| rotation.versions.len()).max();
    i32::try_from(lanes.unwrap_or_default()).unwrap_or(i32::MAX)
}

/// Where the rows of the last step end.
fn rows_end(lanes: i32) -> i32 {
    TOP + lanes * LANE + APPLICATION + STEP_ROW * STEPS.len() as i32
}

fn draw(canvas: &Canvas<'_>, recording: &Recording, lanes: i32) -> Drawn {
    canvas.fill(&BACKGROUND.drawn())?;
    text(canvas, &title(recording), (GUTTER, 14), 21, TEXT)?;
    legend(canvas)?;
    names(canvas, recording, lanes)?;
    let count = i32::try_from(recording.rotations.len()).unwrap_or(1).max(1);
    let width = (WIDTH - GUTTER - RIGHT - BETWEEN * (count - 1)) / count;
    for (place, rotation) in (0..).zip(&recording.rotations) {
        let left = GUTTER + place * (width + BETWEEN);
        text(canvas, &format!("Rotation {}", place + 1), (left, TOP - 26), 17, TEXT)?;
        let panel = Panel { rotation, lanes, left, width, top: TOP, bottom: rows_end(lanes) };
        draw_panel(canvas, &panel)?;
    }
    caption(canvas, recording, rows_end(lanes) + AXIS)
}

fn legend(canvas: &Canvas<'_>) -> Drawn {
    let (mut x, y) = (GUTTER, 48);
    for (colour, name, width) in
        [(PENDING, "AWSPENDING", 124), (CURRENT, "AWSCURRENT", 126), (PREVIOUS, "AWSPREVIOUS", 136)]
    {
        fill(canvas, (x, y), (x + 18, y + 14), colour)?;
        text(canvas, name, (x + 24, y), 15, TEXT)?;
        x += width;
    }
    mark(canvas, (x, x + 5), y, Outcome::Accepted)?;
    text(canvas, "a sign-in is accepted", (x + 14, y), 15, TEXT)?;
    x += 164;
    mark(canvas, (x, x + 5), y, Outcome::Rejected)?;
    text(canvas, "rejected", (x + 14, y), 15, TEXT)?;
    x += 84;
    fill(canvas, (x, y), (x + 18, y + 14), STEP)?;
    text(canvas, "a step runs", (x + 24, y), 15, TEXT)
}

/// The names of the lanes.
fn names(canvas: &Canvas<'_>, recording: &Recording, lanes: i32) -> Drawn {
    let last = recording.rotations.last();
    let users = last.into_iter().flat_map(|rotation| &rotation.versions).map(|lane| lane.user.as_str());
    let mut y = TOP;
    for (number, user) in (1..).zip(users) {
        text(canvas, &format!("Version {number}: {user}"), (14, y + 3), 16, TEXT)?;
        text(canvas, "its password", (14, y + LABEL + 4), 15, MUTED)?;
        y += LANE;
    }
    debug_assert_eq!(y, TOP + lanes * LANE, "each version has a lane");
    text(canvas, "An application reads", (14, y - 3), 16, TEXT)?;
    text(canvas, "AWSCURRENT, signs in", (14, y + 14), 16, TEXT)?;
    y += APPLICATION;
    for step in STEPS {
        text(canvas, step, (14, y + 2), 15, TEXT)?;
        y += STEP_ROW;
    }
    Ok(())
}

fn caption(canvas: &Canvas<'_>, recording: &Recording, y: i32) -> Drawn {
    let delay = recording.delay_ms;
    let lines = [
        format!(
            "Milliseconds since createSecret began. Each call of the function to Secrets Manager takes {delay} ms longer, so \
             that the steps are visible."
        ),
        "A sign-in is as wide as it took; a real server accepted or rejected it. Days or months pass between two rotations."
            .to_owned(),
    ];
    for (line, y) in lines.iter().zip([y, y + 19]) {
        text(canvas, line, (14, y + 2), 15, MUTED)?;
    }
    Ok(())
}
