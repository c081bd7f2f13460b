use std::path::PathBuf;

/// Why a state file is refused, or was not written. No error quotes the file's content.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The file, its lock or its directory cannot be used.
    #[error("cannot use the state file {path}: check that its directory exists and is yours")]
    Open {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        #[source]
        source: std::io::Error,
    },
    /// Two servers with one file would each undo what the other wrote.
    #[error("another local-aws uses the state file {0}: end it, or give another file")]
    Locked(PathBuf),
    /// A directory, a symbolic link or the like.
    #[error(
        "the state file {0} is not a regular file: give the path of one, or of a file that does not exist yet"
    )]
    NotAFile(PathBuf),
    /// Others can read or change it.
    #[error(
        "the state file {path} has mode {mode:03o}, so that others can read or change the values in it: find out who \
         has, then run `chmod 600` on it"
    )]
    Shared {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// Someone else could have chosen the values in it.
    #[error("the state file {0} belongs to another user: give a file of your own")]
    Owner(PathBuf),
    /// Not written by local-aws.
    #[error("{0} is not a state file of local-aws, and was not changed: give another file")]
    Foreign(PathBuf),
    /// Written by a later version.
    #[error(
        "the state file {path} has format {version}, which this local-aws does not know: use the later one"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        version: u64,
    },
    /// It cannot be read to its end.
    #[error(
        "the state file {path} is damaged at line {line}, column {column}, and was not changed: restore a copy of it, or \
         move it away to start without secrets"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where.
        line: usize,
        /// Where in the line.
        column: usize,
    },
    /// Its ARNs name another account.
    #[error("the secrets in the state file {path} are of account {saved}: give that one with --account")]
    Account {
        /// The file.
        path: PathBuf,
        /// The account in it.
        saved: String,
    },
    /// It was not replaced.
    #[error("cannot write the state file {path}: its last state is kept, and the next request tries again")]
    Write {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        #[source]
        source: std::io::Error,
    },
    /// The server ends.
    #[error("the state file was not written, because the server stops")]
    Stopped,
}
