use std::io::{IsTerminal, stdout};

/// Whether text is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colors {
    /// By escape sequences of ANSI (ECMA-48, SGR).
    On,
    /// Texts stay as they are.
    Off,
}

/// How a text is emphasized.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// Titles.
    Bold,
    /// What went well.
    Green,
    /// What matters less.
    Grey,
    /// What failed.
    Red,
}

impl Colors {
    /// On if standard output is a terminal, and `no_color`, the variable `NO_COLOR`, is not set or empty (no-color.org).
    pub fn wanted(no_color: Option<&str>) -> Self {
        Self::choose(stdout().is_terminal(), no_color)
    }

    fn choose(is_terminal: bool, no_color: Option<&str>) -> Self {
        if is_terminal && no_color.is_none_or(str::is_empty) { Self::On } else { Self::Off }
    }

    /// The text in a colour.
    pub fn paint(self, color: Color, text: &str) -> String {
        let code = match color {
            Color::Bold => 1,
            Color::Green => 32,
            Color::Grey => 90,
            Color::Red => 31,
        };
        match self {
            Self::On => format!("\x1b[{code}m{text}\x1b[0m"),
            Self::Off => text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_need_a_terminal_and_an_empty_no_color() {
        for (is_terminal, no_color, colors) in [
            (true, None, Colors::On),
            (true, Some(""), Colors::On),
            (true, Some("1"), Colors::Off),
            (false, None, Colors::Off),
        ] {
            assert_eq!(Colors::choose(is_terminal, no_color), colors);
        }
        assert_eq!(Colors::On.paint(Color::Red, "x"), "\x1b[31mx\x1b[0m");
        assert_eq!(Colors::Off.paint(Color::Red, "x"), "x");
    }
}
