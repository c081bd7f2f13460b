//! What a function runs.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// The program of a function and its arguments.
#[derive(Debug)]
pub struct Program {
    words: Vec<OsString>,
    folder: PathBuf,
    handler: String,
}

impl Program {
    /// An executable file, such as a `bootstrap`. Its folder is the function's.
    #[must_use]
    pub fn executable(path: PathBuf) -> Self {
        // A relative path would be one from the function's folder.
        let path = std::path::absolute(&path).unwrap_or(path);
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        Self { words: vec![path.into_os_string()], folder, handler: "bootstrap".to_owned() }
    }

    /// The program and its arguments.
    pub(super) fn words(&self) -> &[impl AsRef<OsStr> + use<>] {
        &self.words
    }

    /// Where the function's files are.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What `_HANDLER` names: `bootstrap` for an executable file (as template.yaml has it).
    #[must_use]
    pub fn handler(&self) -> &str {
        &self.handler
    }
}
