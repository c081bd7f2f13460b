//! The command line.

use clap::{Parser, ValueEnum};

use super::failure::Failure;

/// Ends a password that others may know, and proves that it signs in nowhere
#[derive(Debug, Parser)]
#[command(name = "revoke", about, after_help = AFTER_HELP)]
pub(super) struct Arguments {
    /// The secret, by ARN or name
    pub(super) secret: String,
    /// The version whose password leaked; without it AWSCURRENT, of which only is said what to do
    #[arg(long, value_name = "VERSION")]
    pub(super) leaked: Option<String>,
    /// Does it: the next step only, so that applications can read the secret in between, or all of them
    #[arg(long, value_enum)]
    pub(super) run: Option<Run>,
    /// Another server on which the password signed in: a read replica, a reader of the cluster
    #[arg(long, value_name = "HOST[:PORT]")]
    pub(super) also: Vec<String>,
    /// The secret of an administrator who can read the accounts of MySQL and MariaDB; by default the one that `masterarn` names
    #[arg(long, value_name = "SECRET")]
    pub(super) administrator: Option<String>,
    /// How long one rotation may take
    #[arg(long, value_name = "SECONDS", default_value_t = WAIT)]
    pub(super) wait: u64,
}

impl Arguments {
    /// These options as variables of `make revoke`, for a command that has them, too.
    pub(super) fn options_of_make(&self) -> String {
        let also = self.also.iter().map(|endpoint| format!("--also {endpoint}"));
        let wait = (self.wait != WAIT).then(|| format!("--wait {}", self.wait));
        let options = also.chain(wait).collect::<Vec<_>>().join(" ");
        let options = if options.is_empty() { options } else { format!(" REVOKE=\"{options}\"") };
        let administrator = self.administrator.iter().map(|secret| format!(" ADMINISTRATOR={secret}"));
        options + &administrator.collect::<String>()
    }
}

/// How long one rotation may take, in seconds, unless it is said.
const WAIT: u64 = 300;

/// How far to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Run {
    Next,
    All,
}

const AFTER_HELP: &str = "The environment is that of the functions (docs/configuration.md): AWS_REGION and credentials, \
    AWS_ENDPOINT_URL, DATABASE_CA_FILE. Credentials of a profile: eval \"$(aws configure export-credentials --format env)\"";

/// `HOST` or `HOST:PORT`; an IPv6 address with a port in brackets.
pub(super) fn endpoint(text: &str) -> Result<(String, Option<u16>), Failure> {
    let wrong = || Failure::Argument(format!("{text} is not HOST or HOST:PORT"));
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.starts_with('[') => {
            (host, Some(port.parse().map_err(|_| wrong())?))
        }
        _ => (text, None),
    };
    let host = host.trim_matches(['[', ']']);
    if host.is_empty() { Err(wrong()) } else { Ok((host.to_owned(), port)) }
}
