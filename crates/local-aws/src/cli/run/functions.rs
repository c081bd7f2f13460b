//! The functions that are run, and what each step does to the secret.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use axum::body::Bytes;
use serde_json::Value as Json;
use tokio::sync::mpsc::UnboundedSender;

use super::args::Args;
use super::snapshot::versions;
use super::step_run::StepRun;
use super::turns::Turns;
use super::{settings, show};
use crate::cli::client::Endpoint;
use crate::cli::error::CliError;
use crate::host::{Configuration, Function, Invoke, MemorySize, Program};
use crate::lock::lock;
use crate::secrets::DEFAULT_ACCOUNT;
use crate::{AccessKey, Step};

/// How many lines of a function's output are kept of a step.
const LINES: usize = 20;
/// The most bytes that are read for them. A function may write gigabytes.
const MAX_OUTPUT: u64 = 256 * 1024;

/// A function, and how it was given.
pub(super) struct Named {
    function: Function,
    origin: String,
    memory: u32,
}

/// All functions behind one invoke address.
pub(super) struct Hosted {
    functions: Vec<Named>,
    turns: Mutex<Turns>,
    endpoint: Endpoint,
    steps: UnboundedSender<StepRun>,
}

/// The functions that the arguments name, each with a name of its own.
pub(super) fn find(args: &Args) -> Result<Vec<(String, Program)>, CliError> {
    let path = args.search_path.as_deref().unwrap_or_default();
    let given = [(&args.function, &args.command), (&args.then, &args.then_command)];
    let mut found: Vec<(String, Program)> = Vec::new();
    for (function, command) in given {
        let Some((name, program)) = program(function.as_deref(), command.as_deref(), path)? else { continue };
        let is_taken = found.iter().any(|(other, _)| *other == name);
        found.push((if is_taken { format!("{name}-2") } else { name }, program));
    }
    Ok(found)
}

/// The functions, with the variables that the arguments give them.
pub(super) fn load(
    args: &Args,
    found: Vec<(String, Program)>,
    url: &str,
    key: &AccessKey,
) -> Result<Vec<Named>, CliError> {
    let mut environment = endpoints(url);
    environment.extend(args.env_file.as_deref().map(settings::variables).transpose()?.unwrap_or_default());
    environment.extend(args.env.iter().cloned());
    let load = |(name, program): (String, Program)| {
        let configuration = Configuration {
            name,
            region: args.region.clone(),
            account: DEFAULT_ACCOUNT.to_owned(),
            memory: MemorySize::Limited(args.memory),
            timeout: Duration::from_secs(args.timeout),
            access_key: key.clone(),
            environment: environment.clone(),
        };
        let origin = program.origin().to_owned();
        let function = Function::new(program, configuration).map_err(CliError::Host)?;
        Ok(Named { function, origin, memory: args.memory })
    };
    found.into_iter().map(load).collect()
}

/// Where the function reaches AWS: by the names that ours, AWS's functions and AWS's SDKs read.
fn endpoints(url: &str) -> Vec<(String, String)> {
    ["SECRETS_MANAGER_ENDPOINT", "AWS_ENDPOINT_URL_SECRETS_MANAGER", "AWS_ENDPOINT_URL_RDS"]
        .map(|name| (name.to_owned(), url.to_owned()))
        .to_vec()
}

/// A function's name and its program; `None` if neither is given.
fn program(
    function: Option<&str>,
    command: Option<&str>,
    path: &OsStr,
) -> Result<Option<(String, Program)>, CliError> {
    let program = match (function, command) {
        (None, None) => return Ok(None),
        (folder, Some(command)) => Program::command(command, folder, path)?,
        (Some(function), None) => Program::find(function)?,
    };
    let name = function.map_or_else(|| program.handler(), |function| settings::stem(Path::new(function)));
    // What a name may have (Lambda API reference, CreateFunction).
    let allowed = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    let name: String = name.chars().map(allowed).take(64).collect();
    Ok(Some((name, program)))
}

impl Hosted {
    pub(super) fn new(
        functions: Vec<Named>,
        turns: Turns,
        endpoint: Endpoint,
        steps: UnboundedSender<StepRun>,
    ) -> Self {
        Self { functions, turns: Mutex::new(turns), endpoint, steps }
    }

    /// The name of the first function, by which Secrets Manager calls all of them.
    pub(super) fn name(&self) -> &str {
        self.functions.first().map_or("function", |first| first.function.name())
    }

    /// The ARN of that function.
    pub(super) fn arn(&self) -> String {
        self.functions.first().map(|first| first.function.arn()).unwrap_or_default()
    }

    /// A line for each function: its name, and what it runs.
    pub(super) fn descriptions(&self) -> impl Iterator<Item = String> {
        self.functions.iter().map(|named| show::part(named.function.name(), &named.origin))
    }

    /// A line for each function that has run: the most memory that it had.
    pub(super) fn memory(&self) -> impl Iterator<Item = String> {
        let ran = self.functions.iter().filter(|named| named.function.most_memory() > 0);
        ran.map(|Named { function, memory, .. }| {
            // Rounded up, so that it is never less than what was measured.
            let most = function.most_memory().div_ceil(1024);
            show::part(function.name(), &format!("at most {most} of {memory} MB of memory"))
        })
    }
}

#[async_trait]
impl Invoke for Hosted {
    async fn invoke(&self, name: &str, event: Bytes) -> Option<Result<Json, Json>> {
        if name != self.name() {
            return None;
        }
        let read: Json = serde_json::from_slice(&event).unwrap_or_default();
        let text = |field: &str| read[field].as_str().unwrap_or_default().to_owned();
        let step = Step::ALL.into_iter().find(|step| step.name() == text("Step"));
        let (rotation, turn) = lock(&self.turns).next(&text("ClientRequestToken"), step);
        let function = &self.functions.get(turn)?.function;
        let (start, began) = (function.output_length(), Instant::now());
        let result = function.invoke(event, |_| ()).await;
        let took = began.elapsed();
        let failure = result
            .as_ref()
            .err()
            .map(|error| (describe(error), last_lines(&function.last_output(start, MAX_OUTPUT))));
        let versions = versions(&self.endpoint, &text("SecretId")).await;
        // Nobody prints it if the command is ending.
        let _ = self.steps.send(StepRun {
            function: function.name().to_owned(),
            secret: text("SecretId"),
            rotation,
            step: text("Step"),
            took,
            versions,
            failure,
        });
        Some(result)
    }
}

fn describe(error: &Json) -> String {
    let text = |field: &str| error[field].as_str().map(str::to_owned);
    match (text("errorType"), text("errorMessage")) {
        (Some(kind), Some(message)) => format!("{kind}: {message}"),
        (None, Some(message)) => message,
        (Some(_), None) | (None, None) => error.to_string(),
    }
}

fn last_lines(output: &str) -> Vec<String> {
    let lines: Vec<_> = output.lines().collect();
    lines[lines.len().saturating_sub(LINES)..].iter().map(|line| (*line).to_owned()).collect()
}
