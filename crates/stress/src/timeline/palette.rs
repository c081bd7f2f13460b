//! The colours, each for a light and for a dark page.
//!
//! The light ones are drawn. A style in the picture replaces each of them by its dark one where the reader prefers dark
//! pages (`prefers-color-scheme`, Media Queries Level 5; rules of a style have precedence over presentation attributes, SVG 2,
//! section 6.6). A picture draws its own background, so it stays readable where page and preference differ.

use std::fmt::Write;

use plotters::style::RGBColor;

use super::recording::{Label, Outcome};

/// A colour on light pages, and on dark ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Colour {
    light: u32,
    dark: u32,
}

pub(super) const BACKGROUND: Colour = Colour { light: 0xff_ff_ff, dark: 0x0d_11_17 };
pub(super) const TEXT: Colour = Colour { light: 0x1f_23_28, dark: 0xf0_f3_f6 };
pub(super) const MUTED: Colour = Colour { light: 0x57_60_6a, dark: 0xa1_a8_b1 };
pub(super) const LINE: Colour = Colour { light: 0xd0_d7_de, dark: 0x3a_41_4a };
pub(super) const STRIP: Colour = Colour { light: 0xf3_f5_f7, dark: 0x18_1e_26 };
pub(super) const STEP: Colour = Colour { light: 0x6e_56_cf, dark: 0x9e_8c_fc };
pub(super) const PENDING: Colour = Colour { light: 0xff_d9_66, dark: 0x7a_57_00 };
pub(super) const CURRENT: Colour = Colour { light: 0x9b_e0_a8, dark: 0x15_5c_2c };
pub(super) const PREVIOUS: Colour = Colour { light: 0xc4_cb_d3, dark: 0x4a_52_5c };
pub(super) const ACCEPTED: Colour = Colour { light: 0x05_50_ae, dark: 0x58_a6_ff };
pub(super) const REJECTED: Colour = Colour { light: 0xcf_22_2e, dark: 0xff_7b_72 };

const ALL: [Colour; 11] =
    [BACKGROUND, TEXT, MUTED, LINE, STRIP, STEP, PENDING, CURRENT, PREVIOUS, ACCEPTED, REJECTED];

impl Colour {
    /// The colour of a version's label.
    pub(super) fn of_label(label: Label) -> Self {
        match label {
            Label::Pending => PENDING,
            Label::Current => CURRENT,
            Label::Previous => PREVIOUS,
            Label::None => STRIP,
        }
    }

    /// The colour of a sign-in.
    pub(super) fn of_outcome(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Accepted => ACCEPTED,
            Outcome::Rejected => REJECTED,
        }
    }

    /// As it is drawn.
    pub(super) fn drawn(self) -> RGBColor {
        let [_, red, green, blue] = self.light.to_be_bytes();
        RGBColor(red, green, blue)
    }
}

/// The style that replaces the drawn colours on dark pages.
pub(super) fn style() -> String {
    let mut rules = String::new();
    for Colour { light, dark } in ALL {
        // plotters writes colours in capitals.
        let _ = writeln!(rules, "[fill=\"#{light:06X}\"] {{ fill: #{dark:06x} }}");
        let _ = writeln!(rules, "[stroke=\"#{light:06X}\"] {{ stroke: #{dark:06x} }}");
    }
    format!("<style>\n@media (prefers-color-scheme: dark) {{\n{rules}}}\n</style>\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance and contrast, WCAG 2.2.
    fn contrast(one: u32, other: u32) -> f64 {
        let luminance = |colour: u32| {
            let [_, red, green, blue] = colour.to_be_bytes();
            let linear = |part: u8| {
                let part = f64::from(part) / 255.0;
                if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
        };
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn text_has_a_contrast_of_at_least_4_5_and_marks_of_at_least_3() {
        let texts = [
            (TEXT, BACKGROUND),
            (MUTED, BACKGROUND),
            (MUTED, STRIP),
            (REJECTED, BACKGROUND),
            (TEXT, PENDING),
            (TEXT, CURRENT),
            (TEXT, PREVIOUS),
        ];
        let marks = [(ACCEPTED, STRIP), (REJECTED, STRIP), (STEP, STRIP)];
        for ((above, below), least) in
            texts.map(|pair| (pair, 4.5)).into_iter().chain(marks.map(|pair| (pair, 3.0)))
        {
            for (scheme, ratio) in
                [("light", contrast(above.light, below.light)), ("dark", contrast(above.dark, below.dark))]
            {
                assert!(ratio >= least, "{above:06x?} on {below:06x?}, {scheme}: {ratio:.2}");
            }
        }
    }

    #[test]
    fn no_two_colours_are_drawn_alike() {
        // One of them would get the other's dark colour.
        for (place, colour) in ALL.iter().enumerate() {
            assert!(ALL.iter().skip(place + 1).all(|other| other.light != colour.light), "{colour:06x?}");
        }
    }
}
