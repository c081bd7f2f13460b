//! Texts of functions and servers, and what other programs gave them to say, are printed so that a terminal only shows
//! them: it obeys none of their characters.

use std::fmt;
use std::io::{self, Write};

/// The most characters that are shown of a text of a function or of the server.
const MOST: usize = 2_000;

/// Prints one line. Characters that a terminal would obey, that change the direction of text, or that end the line are
/// shown as JSON may write them, as `\u001b`; so a line of JSON stays the same JSON.
pub(super) fn line(out: &mut impl Write, text: fmt::Arguments<'_>) -> io::Result<()> {
    writeln!(out, "{}", visible(&text.to_string()))
}

/// A text of a function or of the server, of at most 2,000 characters as they are shown.
pub(super) fn foreign(text: &str) -> String {
    let shown = visible(text);
    match shown.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}... (cut after {MOST} characters)", &shown[..end]),
        None => shown,
    }
}

fn visible(text: &str) -> String {
    let show = |c: char| match acts(c) {
        true => c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
        false => c.to_string(),
    };
    text.chars().map(show).collect()
}

/// Controls (C0, DEL, C1), line and paragraph separators, and what formats text without being seen: direction, joining, tags
/// (Unicode 16, UAX #9 and the category Cf).
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_on_a_terminal_is_shown_and_the_rest_is_as_it_was() {
        for (text, shown) in [
            (
                "plain, 'quoted' \"twice\" \\ naïve שלום 日本 👍",
                "plain, 'quoted' \"twice\" \\ naïve שלום 日本 👍",
            ),
            ("\u{1b}[2J\u{7}\u{7f}\u{9b}", "\\u001b[2J\\u0007\\u007f\\u009b"),
            ("a\nb\r\tc\u{85}", "a\\u000ab\\u000d\\u0009c\\u0085"),
            ("\u{2028}\u{2029}", "\\u2028\\u2029"),
            ("\u{180e}\u{200b}\u{2060}\u{feff}", "\\u180e\\u200b\\u2060\\ufeff"),
            ("\u{e0041}", "\\udb40\\udc41"),
            ("\u{61c}\u{200e}\u{200f}", "\\u061c\\u200e\\u200f"),
            ("\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}", "\\u202a\\u202b\\u202c\\u202d\\u202e"),
            ("\u{2066}\u{2067}\u{2068}\u{2069}", "\\u2066\\u2067\\u2068\\u2069"),
        ] {
            assert_eq!(visible(text), shown);
        }
    }

    #[test]
    fn a_foreign_text_is_cut_to_what_fits() {
        let cut = "... (cut after 2000 characters)";
        assert_eq!(foreign(&"ä".repeat(MOST)), "ä".repeat(MOST));
        assert_eq!(foreign(&"ä".repeat(MOST + 1)), "ä".repeat(MOST) + cut);
        assert_eq!(foreign(&"\u{1b}".repeat(MOST)).chars().count(), MOST + cut.len());
    }

    #[test]
    fn a_line_is_one_line() {
        let mut out = Vec::new();
        line(&mut out, format_args!("a{}b", "\n\u{1b}c")).expect("a vector");
        assert_eq!(out, b"a\\u000a\\u001bcb\n");
    }
}
