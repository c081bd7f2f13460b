//! Log lines: JSON, ours at the level that Lambda is set to, everybody else's from WARN up. None repeats a password in use.

use std::io::{self, Write};
use std::sync::Arc;

use rotation::PasswordsInUse;
use tracing::level_filters::LevelFilter;
use tracing::warn;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Modules of ours. With the colons, since a target is matched by its beginning: `aws` alone would let the
/// SDK's crates through, which write requests and responses out. The root of `rotation` writes a line, too.
const OURS: [&str; 4] = ["aws::", "databases::", "functions::", "rotation"];

/// Starts logging to standard output, where Lambda takes it from.
pub(crate) fn start(level: LevelFilter, passwords: &Arc<PasswordsInUse>) {
    let ours = OURS.map(|target| (target, level));
    let filter = Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_targets(ours)
        // Writes a server's notices and warnings, however long.
        .with_target("sqlx", LevelFilter::OFF)
        // Writes a returned error a second time.
        .with_target("lambda_runtime::layers::panic", LevelFilter::OFF);
    let passwords = Arc::clone(passwords);
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_span_list(false)
        .with_writer(move || Output { passwords: Arc::clone(&passwords) });
    tracing_subscriber::registry().with(filter).with(lines).init();
    // The place, and never the message: it may quote what was read.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        warn!(panic.place = place, "panicked; what was being done fails");
    }));
}

/// Standard output, as far as it may be read.
struct Output {
    passwords: Arc<PasswordsInUse>,
}

impl Write for Output {
    /// The subscriber writes each line at once.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let shown = self.passwords.json(&String::from_utf8_lossy(line));
        io::stdout().write_all(shown.as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stdout().flush()
    }
}
