//! Log lines: warnings and errors, on standard error. None repeats a password in use.

use std::io::{self, Write};
use std::sync::Arc;

use rotation::PasswordsInUse;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// `program` begins each line.
pub(crate) fn start(program: &'static str, passwords: &Arc<PasswordsInUse>) {
    let passwords = Arc::clone(passwords);
    // sqlx writes a server's notices, however long.
    let filter = Targets::new().with_default(LevelFilter::WARN).with_target("sqlx", LevelFilter::OFF);
    let lines = tracing_subscriber::fmt::layer()
        .without_time()
        .with_target(false)
        .with_ansi(false)
        .with_writer(move || Output { program, passwords: Arc::clone(&passwords) });
    tracing_subscriber::registry().with(filter).with(lines).init();
}

/// Standard error, as far as it may be read.
struct Output {
    program: &'static str,
    passwords: Arc<PasswordsInUse>,
}

impl Write for Output {
    /// The subscriber writes each line at once.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let shown = self.passwords.message(String::from_utf8_lossy(line).trim());
        writeln!(io::stderr(), "{}: {shown}", self.program)?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
