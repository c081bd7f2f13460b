use super::key::VARIABLE;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    #[error(
        "cannot reach local-aws at {endpoint}; start it with `local-aws serve`, or name it with --endpoint"
    )]
    Unreachable { endpoint: String, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("{VARIABLE} is not set; copy its `export` line from what `local-aws serve` printed at its start")]
    NoKey,
    // Without the value: it may be a key with a slip in it.
    #[error("{VARIABLE} is no access key, which is 16 to 128 letters, digits and underscores")]
    BadKey,
    #[error("{code}: {message}")]
    Refused { code: String, message: String },
    #[error("the answer of {endpoint} is not that of local-aws")]
    Foreign { endpoint: String },
    #[error("cannot read {what}")]
    Read { what: String, source: std::io::Error },
    #[error("cannot print")]
    Print(#[from] std::io::Error),
    #[error("cannot start")]
    Start(#[from] crate::StartError),
    #[error("the rotation of {secret} failed; attempts made: {attempts}")]
    Rotation { secret: String, attempts: usize },
}
