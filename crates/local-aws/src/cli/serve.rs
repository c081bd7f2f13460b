use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use super::error::CliError;
use super::key::{FunctionKey, HELP, Key, VARIABLE};
use super::print::line;
use crate::secrets::DEFAULT_ACCOUNT;
use crate::{AccessKey, EventOutput, LocalAws, Options, ReplicationOptions, WRITES_PER_SECOND};

#[derive(clap::Args)]
#[command(after_help = HELP)]
pub(super) struct Args {
    /// The port to listen on; 0 for any free port
    #[arg(long, default_value_t = 4566)]
    port: u16,
    /// The address to listen on; loopback only
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    address: IpAddr,
    /// The URL where functions are called; by default that of `cargo lambda watch`
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9000")]
    lambda_url: String,
    /// Admit 50 writes (of values and labels together) a second, as AWS does
    #[arg(long)]
    throttle_writes: bool,
    /// How many times a rotation is attempted in all
    #[arg(long, default_value_t = 5)]
    attempts: u32,
    /// Seconds between two attempts
    #[arg(long, value_name = "SECONDS", default_value_t = 1)]
    pause: u64,
    /// Seconds that one call of a function may take
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    invoke_timeout: u64,
    /// The account in every ARN
    #[arg(long, value_name = "ID", default_value = DEFAULT_ACCOUNT)]
    account: String,
    /// A function that exists; RotateSecret then refuses every other. May be repeated; without it, all names are accepted
    #[arg(long = "function", value_name = "NAME")]
    functions: Vec<String>,
    /// A key of KMS, as in a secret's KmsKeyId, that fails to encrypt and decrypt; may be repeated
    #[arg(long = "failing-key", value_name = "KEY")]
    failing_keys: Vec<String>,
    /// Seconds until a replica of a secret follows its primary
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    replication_delay: u64,
    /// A region in which every replication of a secret fails; may be repeated
    #[arg(long = "failing-region", value_name = "REGION")]
    failing_regions: Vec<String>,
    /// Let an hour pass in so many seconds, on the clock of all dates and schedules
    #[arg(long, value_name = "SECONDS", default_value_t = 3_600, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    fast_clock: u32,
    /// Write the events that EventBridge would get to this file, one JSON object a line; `-` for standard output
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    /// Keep secrets in this file, also after the server has ended. These are REAL VALUES IN CLEAR: the file has mode 0600,
    /// and anyone who can read it has every password. It is created if it does not exist. A rotation that was under way
    /// stays unfinished, and RotateSecret runs it again. Without this option nothing is written to disk
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    #[command(flatten)]
    key: Key,
    #[command(flatten)]
    function_key: FunctionKey,
}

/// Serves until SIGINT or SIGTERM.
pub(super) async fn run(args: Args, out: &mut impl Write) -> Result<(), CliError> {
    tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing::Level::INFO)
        .with_writer(std::io::stderr)
        .init();
    let chosen = args.key.chosen()?;
    let chosen_for_functions = args.function_key.chosen()?;
    let shown = Shown { key: chosen.is_none(), function_key: chosen_for_functions.is_none() };
    let server = LocalAws::start(Options {
        address: SocketAddr::new(args.address, args.port),
        access_keys: chosen.into_iter().collect(),
        function_keys: vec![chosen_for_functions.unwrap_or_else(AccessKey::random)],
        account: args.account,
        functions: (!args.functions.is_empty()).then_some(args.functions),
        failing_keys: args.failing_keys,
        replication: ReplicationOptions {
            delay: Duration::from_secs(args.replication_delay),
            failing_regions: args.failing_regions,
        },
        lambda_url: Some(args.lambda_url.clone()),
        writes_per_second: args.throttle_writes.then_some(WRITES_PER_SECOND),
        attempts: args.attempts,
        pause: Duration::from_secs(args.pause),
        invoke_timeout: Duration::from_secs(args.invoke_timeout),
        hour_in_seconds: args.fast_clock,
        events: args.events.map(output),
        state: args.state.clone(),
        ..Options::default()
    })
    .await?;
    line(
        out,
        format_args!("local-aws listens on {}, and calls functions at {}", server.url(), args.lambda_url),
    )?;
    if let Some(path) = &args.state {
        line(
            out,
            format_args!(
                "The file {} keeps the secrets: real values, in clear. Anyone who can read it has every password.",
                path.display()
            ),
        )?;
    }
    print_instructions(&server, shown, out)?;
    out.flush()?;
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminated.recv() => {}
    }
    Ok(())
}

fn output(path: PathBuf) -> EventOutput {
    match path.as_os_str() == "-" {
        true => EventOutput::StandardOutput,
        false => EventOutput::File(path),
    }
}

/// Which keys are printed: random ones. Keys from the environment are not.
#[derive(Clone, Copy)]
struct Shown {
    key: bool,
    function_key: bool,
}

/// Prints the lines to paste into other terminals.
fn print_instructions(server: &LocalAws, shown: Shown, out: &mut impl Write) -> Result<(), CliError> {
    print_for_commands(server, "us-east-1", shown.key, out)?;
    let function_key =
        if shown.function_key { server.function_key().expose() } else { "\"$LOCAL_AWS_FUNCTION_KEY\"" };
    line(
        out,
        format_args!("In terminals for functions, run (their key tells the server that a function calls):"),
    )?;
    print_exports(out, &server.url(), "us-east-1", function_key)
}

/// Prints the lines for the other commands of local-aws, for AWS's SDKs and for its command line. The access key is
/// printed if it is random.
pub(super) fn print_for_commands(
    server: &LocalAws,
    region: &str,
    is_random: bool,
    out: &mut impl Write,
) -> Result<(), CliError> {
    let url = server.url();
    let key = if is_random { server.access_key().expose() } else { "\"$LOCAL_AWS_ACCESS_KEY\"" };
    line(
        out,
        format_args!(
            "Every request must carry an access key. In terminals for the other commands of local-aws, and for AWS's \
             SDKs and command line, run:"
        ),
    )?;
    line(out, format_args!("  export LOCAL_AWS_ENDPOINT={url}"))?;
    if is_random {
        line(out, format_args!("  export {VARIABLE}={key}"))?;
    }
    print_exports(out, &url, region, key)
}

fn print_exports(out: &mut impl Write, url: &str, region: &str, key: &str) -> Result<(), CliError> {
    // boto3 and version 1 of the AWS CLI read AWS_DEFAULT_REGION alone, the other SDKs AWS_REGION. Lambda sets both.
    line(out, format_args!("  export AWS_REGION={region} AWS_DEFAULT_REGION={region}"))?;
    line(out, format_args!("  export AWS_ACCESS_KEY_ID={key} AWS_SECRET_ACCESS_KEY=any"))?;
    line(
        out,
        format_args!("  export SECRETS_MANAGER_ENDPOINT={url} AWS_ENDPOINT_URL_SECRETS_MANAGER={url}"),
    )?;
    line(out, format_args!("  export AWS_ENDPOINT_URL_RDS={url}"))?;
    Ok(())
}
