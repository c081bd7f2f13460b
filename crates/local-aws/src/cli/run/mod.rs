//! `local-aws run`: a Secrets Manager, a function and a rotation by one command.

mod args;
mod functions;
mod settings;
mod show;
mod snapshot;
mod step_run;
mod turns;

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{self, UnboundedReceiver};

use super::client::Endpoint;
use super::error::CliError;
use super::print::{external, line};
use super::rotate::{is_reattempt, pending};
use super::serve::print_for_commands;
use crate::host::InvokeAddress;
use crate::{AccessKey, Colors, LocalAws, Options, Rotation};
pub(super) use args::Args;
use functions::Hosted;
use show::Printer;
use step_run::StepRun;
use turns::Turns;

/// Printed before a rotation whose new password is in the state file.
const KEPT: [&str; 2] = [
    "The rotation is real: the user gets a new password, which only this process and the state file have.",
    "The state file has real values, in clear: anyone who can read it has every password.",
];
/// Printed before a rotation after which nobody can read the new password.
const WARNING: [&str; 2] = [
    "The rotation is real: the user gets a new password, which only this process has, in memory.",
    "It is lost when this command ends: with --watch, when you press Ctrl-C. --state FILE would keep it.",
];

/// Everything that runs.
struct Running {
    server: LocalAws,
    endpoint: Endpoint,
    hosted: Arc<Hosted>,
    /// Of functions.
    _address: InvokeAddress,
    /// The steps that were run.
    steps: UnboundedReceiver<StepRun>,
    printer: Printer,
}

/// Runs until the rotations have ended, or with `--watch` until SIGINT or SIGTERM. Everything has ended when it returns.
pub(super) async fn run(args: Args, out: &mut impl Write) -> Result<(), CliError> {
    let mut signals = Signals::new()?;
    let is_random = args.key.chosen()?.is_none();
    let mut running = start(&args).await?;
    let rotated = tokio::select! {
        rotated = rotate_all(&args, &mut running, out) => rotated,
        () = signals.next() => return Err(CliError::Interrupted),
    };
    if args.watch && matches!(rotated, Ok(()) | Err(CliError::Run { .. })) {
        print_next_commands(&args, &running, is_random, out)?;
        tokio::select! {
            broken = print_steps(&mut running, out) => broken?,
            () = signals.next() => {}
        }
    }
    rotated
}

/// SIGINT and SIGTERM.
struct Signals(Signal, Signal);

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self(signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?))
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.0.recv() => {}
            _ = self.1.recv() => {}
        }
    }
}

/// Stores the secret and rotates it as often as asked for, until a rotation fails.
async fn rotate_all(args: &Args, running: &mut Running, out: &mut impl Write) -> Result<(), CliError> {
    for function in running.hosted.descriptions() {
        line(out, format_args!("{function}"))?;
    }
    line(out, format_args!("{}", show::part("Secrets Manager", &running.server.url())))?;
    let Some(secret) = &args.secret else { return Ok(()) };
    let (name, superuser) = (args.name.as_deref(), args.superuser.as_deref());
    let stored = settings::store(&running.endpoint, secret, name, superuser).await?;
    for note in &stored.notes {
        line(out, format_args!("{note}"))?;
    }
    let warning = match (&args.state, args.watch || args.no_immediately) {
        (Some(_), _) => &KEPT[..],
        (None, false) => &WARNING,
        (None, true) => &[],
    };
    for text in warning {
        line(out, format_args!("{text}"))?;
    }
    for _rotation in 0..args.rotations() {
        out.flush()?;
        let rotation = rotate(args, running, &stored.name, out).await?;
        if !rotation.succeeded {
            running.printer.print_end(&rotation, out)?;
            return Err(CliError::Run { secret: stored.name, attempts: rotation.attempts.len() });
        }
    }
    line(out, format_args!(""))?;
    line(out, format_args!("{}: ok", external(&stored.name)))?;
    for memory in running.hosted.memory() {
        line(out, format_args!("{memory}"))?;
    }
    Ok(())
}

async fn rotate(
    args: &Args,
    running: &mut Running,
    secret: &str,
    out: &mut impl Write,
) -> Result<Rotation, CliError> {
    let request = json!({
        "SecretId": secret,
        "ClientRequestToken": uuid::Uuid::new_v4().to_string(),
        "RotateImmediately": !args.no_immediately,
        "RotationLambdaARN": running.hosted.arn(),
    });
    let (arn, version) = match running.endpoint.call("RotateSecret", &request).await {
        Ok(response) => {
            let text = |member: &str| response[member].as_str().unwrap_or_default().to_owned();
            (text("ARN"), text("VersionId"))
        }
        Err(error) if is_reattempt(&error) => {
            line(out, format_args!("An earlier rotation is not complete: the service attempts it again."))?;
            unfinished(&running.endpoint, secret).await?
        }
        Err(error) => return Err(error),
    };
    let rotated = running.server.rotated(&arn, &version);
    tokio::pin!(rotated);
    loop {
        tokio::select! {
            // A step is printed before the end of its rotation.
            biased;
            Some(step) = running.steps.recv() => running.printer.print(&step, out)?,
            rotation = &mut rotated => return Ok(rotation),
        }
    }
}

/// The ARN of a secret, and the version whose rotation the service runs again.
async fn unfinished(endpoint: &Endpoint, secret: &str) -> Result<(String, String), CliError> {
    let description = endpoint.call("DescribeSecret", &json!({"SecretId": secret})).await?;
    let version = pending(endpoint, secret).await?.unwrap_or_default();
    Ok((description["ARN"].as_str().unwrap_or_default().to_owned(), version))
}

fn print_next_commands(
    args: &Args,
    running: &Running,
    is_random: bool,
    out: &mut impl Write,
) -> Result<(), CliError> {
    let end = match &args.state {
        Some(_) => "The state file keeps the secrets.",
        None => "Then the secrets are gone, with the passwords in them.",
    };
    line(out, format_args!(""))?;
    line(out, format_args!("Everything runs until Ctrl-C. {end}"))?;
    print_for_commands(&running.server, running.endpoint.region(), is_random, out)?;
    line(out, format_args!("To rotate again, and to see versions and labels:"))?;
    line(out, format_args!("  local-aws rotate SECRET --function {}", running.hosted.name()))?;
    line(out, format_args!("  local-aws show SECRET"))?;
    out.flush()?;
    Ok(())
}

/// Prints every step, for ever.
async fn print_steps(running: &mut Running, out: &mut impl Write) -> Result<(), CliError> {
    while let Some(step) = running.steps.recv().await {
        running.printer.print(&step, out)?;
    }
    Ok(())
}

async fn start(args: &Args) -> Result<Running, CliError> {
    let found = functions::find(args)?;
    let own = args.key.chosen()?.unwrap_or_else(AccessKey::random);
    let function_key = args.function_key.chosen()?.unwrap_or_else(AccessKey::random);
    let server = LocalAws::start(Options {
        address: SocketAddr::from((Ipv4Addr::LOCALHOST, args.port)),
        access_keys: vec![own.clone()],
        function_keys: vec![function_key.clone()],
        state: args.state.clone(),
        functions: Some(found.iter().take(1).map(|(name, _)| name.clone()).collect()),
        attempts: args.attempts,
        // The host ends a step earlier: after the time to start a process and the function's own.
        invoke_timeout: Duration::from_secs(args.timeout + 30),
        ..Options::default()
    })
    .await?;
    let endpoint = Endpoint::of(server.url(), args.region.clone(), &own);
    let functions = functions::load(args, found, &server.url(), &function_key)?;
    let (send, steps) = mpsc::unbounded_channel();
    let turns = Turns::new(functions.len(), args.hand_over);
    let hosted = Arc::new(Hosted::new(functions, turns, endpoint.clone(), send));
    let address = InvokeAddress::start(Arc::clone(&hosted)).await.map_err(CliError::Host)?;
    server.set_lambda_url(address.url());
    let printer = Printer::new(Colors::wanted(args.no_color.as_deref()), args.rotations() as usize);
    Ok(Running { server, endpoint, hosted, _address: address, steps, printer })
}
