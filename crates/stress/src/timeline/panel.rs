//! One rotation of a picture.

use plotters::chart::{ChartBuilder, LabelAreaPosition};
use plotters::style::{Color, IntoFont, TextStyle};

use super::canvas::{Canvas, Drawn, fill, mark, strip, text};
use super::palette::{BACKGROUND, Colour, LINE, MUTED, REJECTED, STEP, STRIP, TEXT};
use super::recording::{Lane, Rotation, SignIn};
use super::rows::{APPLICATION, AXIS, LABEL, LANE, SIGN_INS, STEP_ROW};

/// The narrowest mark of a sign-in, in pixels.
const NARROWEST: i32 = 3;
/// How wide a letter of a label is, in pixels, at most.
const LETTER: i32 = 9;

/// A rotation and its place.
pub(super) struct Panel<'a> {
    pub(super) rotation: &'a Rotation,
    /// How many versions the last rotation ends with.
    pub(super) lanes: i32,
    pub(super) left: i32,
    pub(super) width: i32,
    pub(super) top: i32,
    pub(super) bottom: i32,
}

/// Where a time is, in pixels from the left end of the picture.
type Place<'a> = &'a dyn Fn(f64) -> i32;

/// Draws lanes and steps above an axis of milliseconds.
pub(super) fn draw_panel(canvas: &Canvas<'_>, panel: &Panel<'_>) -> Drawn {
    let Panel { rotation, left, width, top, bottom, .. } = *panel;
    let area = canvas.clone().shrink((left, top), (width, bottom - top + AXIS));
    let mut chart = ChartBuilder::on(&area)
        .set_label_area_size(LabelAreaPosition::Bottom, AXIS)
        .build_cartesian_2d(rotation.from..rotation.to, 0..bottom - top)?;
    let muted = MUTED.drawn();
    let labels = TextStyle::from(("sans-serif", 15).into_font()).color(&muted);
    chart
        .configure_mesh()
        .disable_mesh()
        .disable_y_axis()
        .axis_style(muted.stroke_width(1))
        .x_labels(6)
        .x_label_formatter(&|ms| format!("{ms:.0}"))
        .label_style(labels)
        .draw()?;
    let at = |ms: f64| chart.backend_coord(&(ms.clamp(rotation.from, rotation.to), 0)).0;
    for ms in rotation.steps.iter().flat_map(|step| [step.from, step.to]) {
        line(canvas, at(ms), top, bottom)?;
    }
    rows(canvas, panel)?;
    let mut y = top;
    for lane in &rotation.versions {
        version(canvas, lane, y, &at)?;
        y += LANE;
    }
    y = top + panel.lanes * LANE;
    sign_ins(canvas, &rotation.application, y, &at)?;
    let (all, rejected) = (rotation.application.len(), rotation.rejected().count());
    let (result, colour) = match rejected {
        0 => (format!("all {all} accepted"), MUTED),
        _ => (format!("{rejected} of {all} rejected"), REJECTED),
    };
    note(canvas, &result, (left + 6, y + SIGN_INS + 4), colour)?;
    y += APPLICATION;
    for step in &rotation.steps {
        fill(canvas, (at(step.from), y + 3), (at(step.to), y + STEP_ROW - 3), STEP)?;
        y += STEP_ROW;
    }
    Ok(())
}

/// The rows behind the marks, also of versions that do not exist yet.
fn rows(canvas: &Canvas<'_>, panel: &Panel<'_>) -> Drawn {
    let across = (panel.left, panel.left + panel.width);
    for lane in 0..panel.lanes {
        let y = panel.top + lane * LANE;
        let exists = usize::try_from(lane).is_ok_and(|lane| lane < panel.rotation.versions.len());
        if exists {
            strip(canvas, across, y + LABEL + 4)?;
        } else {
            note(canvas, "does not exist yet", (panel.left + 6, y + 3), MUTED)?;
        }
    }
    strip(canvas, across, panel.top + panel.lanes * LANE)
}

fn version(canvas: &Canvas<'_>, lane: &Lane, y: i32, at: Place<'_>) -> Drawn {
    for span in &lane.labels {
        let (from, to) = (at(span.from), at(span.to));
        let colour = Colour::of_label(span.label);
        fill(canvas, (from, y), (to, y + LABEL), colour)?;
        let name = span.label.name();
        if to - from > LETTER * i32::try_from(name.len()).unwrap_or(i32::MAX) {
            let ink = if colour == STRIP { MUTED } else { TEXT };
            text(canvas, name, (from + 6, y + 3), 15, ink)?;
        }
    }
    sign_ins(canvas, &lane.sign_ins, y + LABEL + 4, at)
}

fn sign_ins(canvas: &Canvas<'_>, all: &[SignIn], y: i32, at: Place<'_>) -> Drawn {
    for SignIn(from, to, outcome) in all {
        let from = at(*from);
        mark(canvas, (from, at(*to).max(from + NARROWEST)), y, *outcome)?;
    }
    Ok(())
}

/// Text that covers the lines behind it.
fn note(canvas: &Canvas<'_>, words: &str, at: (i32, i32), colour: Colour) -> Drawn {
    let width = (LETTER - 1) * i32::try_from(words.len()).unwrap_or(i32::MAX);
    fill(canvas, at, (at.0 + width, at.1 + 16), BACKGROUND)?;
    text(canvas, words, at, 15, colour)
}

fn line(canvas: &Canvas<'_>, x: i32, top: i32, bottom: i32) -> Drawn {
    fill(canvas, (x, top), (x + 1, bottom), LINE)
}

const _: () = assert!(LABEL + 4 + SIGN_INS < LANE, "lanes do not overlap");
