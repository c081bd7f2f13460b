//! Prints texts that come from functions and servers. Characters that would control the terminal are escaped.

use std::fmt;
use std::io::{self, Write};

/// The longest text of a function or server that is shown, in characters.
const MAX_SHOWN: usize = 2_000;

/// Prints one line. Characters that control a terminal, change the direction of text, or end the line are escaped as in
/// JSON, such as `\u001b`; so a line of JSON keeps its meaning.
pub(super) fn line(out: &mut impl Write, text: fmt::Arguments<'_>) -> io::Result<()> {
    writeln!(out, "{}", escape(&text.to_string()))
}

/// A text of a function or server, escaped and cut to 2,000 characters.
pub(super) fn external(text: &str) -> String {
    let shown = escape(text);
    match shown.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}... (cut after {MAX_SHOWN} characters)", &shown[..end]),
        None => shown,
    }
}

fn escape(text: &str) -> String {
    let show = |c: char| match needs_escape(c) {
        true => c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
        false => c.to_string(),
    };
    text.chars().map(show).collect()
}

/// Control characters (C0, DEL, C1), line and paragraph separators, and invisible format characters: direction, joining,
/// tags (Unicode 16, UAX #9 and the category Cf).
fn needs_escape(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_control_a_terminal_are_escaped_and_no_others() {
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
            assert_eq!(escape(text), shown);
        }
    }

    #[test]
    fn a_long_external_text_is_cut() {
        let cut = "... (cut after 2000 characters)";
        assert_eq!(external(&"ä".repeat(MAX_SHOWN)), "ä".repeat(MAX_SHOWN));
        assert_eq!(external(&"ä".repeat(MAX_SHOWN + 1)), "ä".repeat(MAX_SHOWN) + cut);
        assert_eq!(external(&"\u{1b}".repeat(MAX_SHOWN)).chars().count(), MAX_SHOWN + cut.len());
    }

    #[test]
    fn a_text_with_line_ends_is_printed_on_one_line() {
        let mut out = Vec::new();
        line(&mut out, format_args!("a{}b", "\n\u{1b}c")).expect("a vector");
        assert_eq!(out, b"a\\u000a\\u001bcb\n");
    }
}
