//! Makes the second of two alternating users possible for a person with the rights, without a superuser's secret: reads AWSCURRENT,
//! signs in as its user, and prints the SQL that makes the clone, and the commands that store its credentials.
//!
//! The SQL alone goes to standard output, so that it can be piped into the server's client. Everything else goes to standard error.
//! Neither has a password: the new one is in a file of mode 0600.

mod failure;
mod instructions;
mod plan;
mod private_file;
mod shell;
mod stored;

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use rotation::{PasswordsInUse, SecretId};

use self::failure::Failure;
use self::stored::Stored;
use crate::environment::Environment;
use crate::program;

/// Prints the SQL that makes the second of two alternating users, from a secret that names no superuser
#[derive(Debug, Parser)]
#[command(name = "pair", about, after_help = AFTER_HELP)]
struct Arguments {
    /// The secret of the user that exists, by ARN or name
    secret: String,
    /// Reads AWSCURRENT's JSON from this file (or /dev/stdin) instead of Secrets Manager
    #[arg(long, value_name = "FILE")]
    current: Option<PathBuf>,
    /// Where the clone's credentials are written; must not exist
    #[arg(long, value_name = "FILE", default_value = "previous.json")]
    out: PathBuf,
}

const AFTER_HELP: &str = "The SQL goes to standard output, everything else to standard error. The environment is that of the \
    functions (docs/configuration.md): AWS_REGION and credentials, AWS_ENDPOINT_URL, DATABASE_CA_FILE, PASSWORD_LENGTH and so on. \
    Credentials of a profile: eval \"$(aws configure export-credentials --format env)\"";

/// Reads the arguments and runs.
pub async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    program::run("pair", async |passwords| run(&arguments, passwords).await).await
}

async fn run(arguments: &Arguments, passwords: &PasswordsInUse) -> Result<(), Failure> {
    let environment = Environment::read().map_err(Failure::Environment)?;
    let secret = SecretId(arguments.secret.clone());
    let stored = match &arguments.current {
        Some(file) => Stored::from_file(file)?,
        None => Stored::from_secrets_manager(&environment, &secret).await?,
    };
    private_file::check_is_new(&arguments.out)?;
    let plan = plan::plan(&environment, &secret, &stored, passwords).await?;
    private_file::write(&arguments.out, plan.previous.expose())?;
    let instructions = instructions::of(&plan, &stored, &secret, &arguments.out);
    let written = io::stderr().write_all(instructions.as_bytes()).and_then(|()| {
        let mut output = io::stdout();
        output.write_all(plan.sql.as_bytes()).and_then(|()| output.flush())
    });
    written.map_err(|error| Failure::Output { out: arguments.out.clone(), error })
}
