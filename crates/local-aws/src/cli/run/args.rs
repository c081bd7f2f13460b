use std::ffi::OsString;
use std::path::PathBuf;

use super::settings::{key_and_value, step};
use crate::Step;
use crate::cli::key::{FunctionKey, HELP, Key};

const ABOUT: &str = "\
Run a function, and rotate a secret with it, by one command

It starts a Secrets Manager, stores the secret in it, hosts the function as Lambda does, and shows each step.

The rotation is real. Afterwards the database user has a new password that only local-aws knows, in memory. It is gone when
this command ends (with --watch, when you press Ctrl-C) unless --state FILE keeps it. So use a user that is made for it.
--no-immediately changes nothing: it only calls testSecret.";

const EXAMPLES: &str = "\
Examples:
  local-aws run --function postgres-single-user --secret app.json --env DATABASE_CA_FILE=ca.pem
  local-aws run --function dist/mysql-alternating-users-x86_64.zip --secret app.json --superuser superuser.json
  local-aws run --command \"python -m awslambdaric app.lambda_handler\" --secret app.json --memory 256
  local-aws run --command \"python -m awslambdaric app.lambda_handler\" --then postgres-single-user --secret app.json
      begins a rotation with the first function and finishes it with the other, then the other way round";

#[derive(clap::Args)]
#[command(about = ABOUT.lines().next(), long_about = ABOUT, after_help = format!("{EXAMPLES}\n\n{HELP}"))]
pub(in crate::cli) struct Args {
    /// The function: the path of a zip, of a folder with a `bootstrap`, or of a program; or the name of one that was built
    /// here: the newest of target/debug/NAME, target/package/ARCHITECTURE/NAME/bootstrap and target/lambda/NAME/bootstrap
    #[arg(long, value_name = "PATH|NAME", required_unless_present = "command")]
    pub(super) function: Option<String>,
    /// A command line that runs the function, for runtimes that need one; its last word is the handler. It runs in
    /// --function (a folder or a zip) if that is given, else here; no shell is involved
    #[arg(long, value_name = "LINE")]
    pub(super) command: Option<String>,
    /// Another function, which finishes the rotation that the first has begun, and begins the next, which the first finishes
    #[arg(long, value_name = "PATH|NAME")]
    pub(super) then: Option<String>,
    /// A command line that runs the other function, as --command does
    #[arg(long, value_name = "LINE")]
    pub(super) then_command: Option<String>,
    /// The first step that the function which finishes gets; createSecret gives it the whole rotation
    #[arg(long, value_name = "STEP", default_value = "setSecret", value_parser = step)]
    pub(super) hand_over: Step,
    /// The file with the secret's value; needed without --watch
    #[arg(long, value_name = "FILE", required_unless_present = "watch")]
    pub(super) secret: Option<PathBuf>,
    /// The secret's name; by default the file's, without its ending
    #[arg(long)]
    pub(super) name: Option<String>,
    /// The file with the superuser's secret, which is stored first; its ARN becomes the secret's `masterarn`
    #[arg(long, value_name = "FILE", requires = "secret")]
    pub(super) superuser: Option<PathBuf>,
    /// A variable for the function; may be repeated. Other users can read arguments: put passwords into --env-file
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_and_value)]
    pub(super) env: Vec<(String, String)>,
    /// A file with variables for the function, one KEY=VALUE a line; lines that begin with # are comments
    #[arg(long, value_name = "FILE")]
    pub(super) env_file: Option<PathBuf>,
    /// Seconds that the function may take for a step
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=900))]
    pub(super) timeout: u64,
    /// The function's memory in MB; it is killed if it has more
    #[arg(long, value_name = "MB", default_value_t = 128, value_parser = clap::value_parser!(u32).range(128..=10240))]
    pub(super) memory: u32,
    /// How many rotations; 2 by default with --then, else 1
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) rotations: Option<u32>,
    /// Only call testSecret, on a copy of the current value; nothing is changed
    #[arg(long)]
    pub(super) no_immediately: bool,
    /// How many times a rotation is attempted in all
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub(super) attempts: u32,
    /// Keep everything running until Ctrl-C, and show how to rotate again
    #[arg(long)]
    pub(super) watch: bool,
    /// Keep secrets in this file, also after the command has ended: REAL VALUES IN CLEAR, in a file of mode 0600. It is
    /// created if it does not exist. If it already has the secret, that one is rotated, and --secret is not read
    #[arg(long, value_name = "FILE")]
    pub(super) state: Option<PathBuf>,
    /// The port of the Secrets Manager; any free one by default
    #[arg(long, default_value_t = 0)]
    pub(super) port: u16,
    /// The region that the secret and the function are in
    #[arg(long, env = "AWS_REGION", default_value = "us-east-1")]
    pub(super) region: String,
    #[command(flatten)]
    pub(super) key: Key,
    #[command(flatten)]
    pub(super) function_key: FunctionKey,
    // clap reads a variable only for an option.
    #[arg(long, env = "PATH", hide = true, hide_env_values = true)]
    pub(super) search_path: Option<OsString>,
    #[arg(long, env = "NO_COLOR", hide = true)]
    pub(super) no_color: Option<String>,
}

impl Args {
    /// How many rotations were asked for.
    pub(super) fn rotations(&self) -> u32 {
        let takes_turns = self.then.is_some() || self.then_command.is_some();
        self.rotations.unwrap_or(if takes_turns { 2 } else { 1 })
    }
}
