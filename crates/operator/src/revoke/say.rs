//! What a person sees of the progress.

use std::io::{self, Write as _};

/// Writes a line to standard output. Nobody may be reading, and the work goes on.
pub(super) fn say(line: &str) {
    let mut output = io::stdout();
    let _ = writeln!(output, "{line}").and_then(|()| output.flush());
}
