use super::key::KeyError;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    #[error(
        "cannot reach local-aws at {endpoint}: start it with `local-aws serve`, or give its URL with --endpoint"
    )]
    Unreachable { endpoint: String, source: Box<dyn std::error::Error + Send + Sync> },
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error("local-aws refused {request}: {code}: {message}")]
    Refused { request: String, code: String, message: String },
    #[error("what responded at {endpoint} is not local-aws: check --endpoint (or LOCAL_AWS_ENDPOINT)")]
    UnexpectedResponse { endpoint: String },
    #[error("cannot read the value from {what}")]
    Read { what: String, source: std::io::Error },
    #[error("the function made no diagnosis: {message}")]
    NotDiagnosed { message: String },
    #[error("{what} is no diagnosis of a function")]
    NoReport { what: String },
    #[error("a rotation would fail, or AWSCURRENT does not sign in: {check}")]
    Diagnosis { check: String },
    #[error("cannot write to standard output")]
    Print(#[from] std::io::Error),
    #[error("cannot start the server")]
    Start(#[from] crate::StartError),
    #[error(
        "the rotation of {secret} failed (attempts: {attempts}): see the failed step above, and run the command again"
    )]
    Rotation { secret: String, attempts: usize },
    #[error(transparent)]
    Program(#[from] crate::host::ProgramError),
    #[error("cannot host the function: check the temporary folder and the free ports")]
    Host(#[source] std::io::Error),
    #[error("cannot read the variables in {file}")]
    Settings { file: String, source: std::io::Error },
    #[error("line {line} of {file} is not a variable: write KEY=VALUE, without `export` and quotes")]
    Setting { file: String, line: usize },
    #[error(
        "{file} is not an object of JSON, so it cannot hold masterarn: leave out --superuser, or correct it"
    )]
    NotAnObject { file: String },
    #[error(
        "the rotation of {secret} failed (attempts: {attempts}): see the failed step above; with --watch everything stays up, so that you can correct the cause and rotate again"
    )]
    Run { secret: String, attempts: usize },
    #[error("interrupted: a rotation that was under way is unfinished, and its new password is lost")]
    Interrupted,
}
