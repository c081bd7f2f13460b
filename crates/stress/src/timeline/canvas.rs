//! What is drawn: text, rectangles and the marks of sign-ins.

use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, DrawingAreaErrorKind, Rectangle, SVGBackend, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, IntoFont, TextStyle};

use super::palette::{Colour, STRIP};
use super::recording::Outcome;
use super::rows::SIGN_INS;

/// What drawing can fail with. Drawing into a text does not.
pub(super) type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;
pub(super) type Canvas<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Text whose upper left corner is there.
pub(super) fn text(canvas: &Canvas<'_>, words: &str, at: (i32, i32), size: i32, colour: Colour) -> Drawn {
    let drawn = colour.drawn();
    let style = TextStyle::from(("sans-serif", size).into_font()).color(&drawn);
    canvas.draw(&Text::new(words.to_owned(), at, style.pos(Pos::new(HPos::Left, VPos::Top))))
}

/// A filled rectangle between two corners.
pub(super) fn fill(canvas: &Canvas<'_>, from: (i32, i32), to: (i32, i32), colour: Colour) -> Drawn {
    canvas.draw(&Rectangle::new([from, to], colour.drawn().filled()))
}

/// A sign-in: as high as its row if it was accepted, else half as high, so that the two differ without colours.
pub(super) fn mark(canvas: &Canvas<'_>, (from, to): (i32, i32), y: i32, outcome: Outcome) -> Drawn {
    let top = match outcome {
        Outcome::Accepted => y,
        Outcome::Rejected => y + SIGN_INS / 2,
    };
    fill(canvas, (from, top), (to, y + SIGN_INS), Colour::of_outcome(outcome))
}

/// The row behind sign-ins.
pub(super) fn strip(canvas: &Canvas<'_>, (from, to): (i32, i32), y: i32) -> Drawn {
    fill(canvas, (from, y), (to, y + SIGN_INS), STRIP)
}
