use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::process::Stdio;

/// What all processes of a function have written to standard output and standard error: a file without a name, which
/// the kernel removes when this process ends.
#[derive(Debug)]
pub(super) struct Output(File);

impl Output {
    pub(super) fn new() -> io::Result<Self> {
        tempfile::tempfile().map(Self)
    }

    /// For one more process.
    pub(super) fn stdio(&self) -> io::Result<Stdio> {
        self.0.try_clone().map(Stdio::from)
    }

    /// How many bytes were written so far.
    pub(super) fn length(&self) -> u64 {
        self.0.metadata().map_or(0, |file| file.len())
    }

    /// The text from this byte on.
    pub(super) fn text_from(&self, start: u64) -> String {
        let length = self.length().saturating_sub(start);
        let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
        let mut read = 0;
        while let Ok(more @ 1..) = self.0.read_at(&mut bytes[read..], start + read as u64) {
            read += more;
        }
        String::from_utf8_lossy(&bytes[..read]).into_owned()
    }
}
