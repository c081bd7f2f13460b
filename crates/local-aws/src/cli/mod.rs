//! The command line: `serve`, and commands that call a running server.

mod calls;
mod client;
mod clock;
mod create;
mod doctor;
mod error;
mod events;
mod key;
mod print;
mod register;
mod rotate;
mod run;
mod serve;
mod show;
mod tag;

use std::io::{stderr, stdout};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use error::CliError;

/// What to try first, at the end of `--help`.
const EXAMPLES: &str = "\
Examples:
  Rotate a secret once with a function's program, and show each step:
    local-aws run --function target/debug/my-function --secret app.json
  Keep a Secrets Manager up, for SDKs and the AWS CLI; paste the lines that it prints into other terminals:
    local-aws serve
  Then, in another terminal, create a secret and rotate it with a function that `cargo lambda watch` runs:
    echo '{\"username\":\"app\",\"password\":\"first\"}' | local-aws create app
    local-aws rotate app --function my-function
    local-aws show app";

/// A strict AWS Secrets Manager on this machine, and the service side of rotation.
#[derive(Parser)]
#[command(name = "local-aws", version, after_help = format!("{EXAMPLES}\n\n{}", key::HELP))]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    // Its own texts say what it does.
    Run(Box<run::Args>),
    /// Serve Secrets Manager and RDS's Describe calls until interrupted
    Serve(serve::Args),
    /// Create a secret; its value is read from a file or from standard input
    Create(create::Args),
    /// Rotate a secret, wait, and show each step; the exit status is 1 if the rotation failed
    Rotate(rotate::Args),
    /// Ask a secret's function what would go wrong in a rotation; the exit status is 1 if something would
    Doctor(doctor::Args),
    /// Show a secret's versions and labels, never its values
    Show(show::Args),
    /// Set tags, also those that AWS reserves, such as aws:rds:primaryDBInstanceArn
    Tag(tag::Args),
    /// Register an RDS instance for the Describe calls
    RegisterInstance(register::InstanceArgs),
    /// Register an RDS cluster for the Describe calls
    RegisterCluster(register::ClusterArgs),
    /// Show the log of calls, one JSON object a line
    Calls(calls::Args),
    /// Show the server's time, or let time pass at once
    Clock(clock::Args),
    /// Show the events that EventBridge would have got, one JSON object a line
    Events(events::Args),
}

/// Runs the command that the arguments name; prints to standard output, and errors to standard error. The exit
/// status is 0 if it succeeded, 1 if it failed, 2 if the arguments are wrong.
pub async fn run() -> ExitCode {
    let mut out = stdout();
    let result = match Cli::parse().command {
        Command::Run(args) => run::run(*args, &mut out).await,
        Command::Serve(args) => serve::run(args, &mut out).await,
        Command::Create(args) => create::run(args, &mut out).await,
        Command::Rotate(args) => rotate::run(args, &mut out).await,
        Command::Doctor(args) => doctor::run(args, &mut out).await,
        Command::Show(args) => show::run(args, &mut out).await,
        Command::Tag(args) => tag::run(args).await,
        Command::RegisterInstance(args) => register::instance(args, &mut out).await,
        Command::RegisterCluster(args) => register::cluster(args, &mut out).await,
        Command::Calls(args) => calls::run(args, &mut out).await,
        Command::Clock(args) => clock::run(args, &mut out).await,
        Command::Events(args) => events::run(args, &mut out).await,
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::FAILURE
        }
    }
}

fn report(error: &CliError) {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(source) = cause {
        text.push_str(&format!(": {source}"));
        cause = source.source();
    }
    // If standard error is closed, there is nowhere to report that.
    let _ = print::line(&mut stderr(), format_args!("local-aws: {}", print::external(&text)));
}
