//! The environment: the settings of AWS's functions under their names, and a few of our own. Nothing else
//! in this workspace's functions reads it (but the SDK, which reads the credentials).
#![expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]

use std::env;
use std::fmt;
use std::time::Duration;

use aws::{Authorities, Settings};
use databases::TrustAnchors;
use rotation::{OnIdleUserSessions, PasswordPolicy, Promotion, Strategy, overdue_after, username_limit};
use tracing::level_filters::LevelFilter;

/// What the environment says.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) policy: PasswordPolicy,
    pub(crate) username_limit: Option<usize>,
    pub(crate) promotion: Promotion,
    pub(crate) on_idle_user_sessions: OnIdleUserSessions,
    /// Where AWS's APIs are.
    pub(crate) aws: Settings,
    /// Who may vouch for a database server.
    pub(crate) trusted: TrustAnchors,
    /// Who may vouch for AWS's APIs.
    pub(crate) aws_authorities: Authorities,
    /// What Lambda calls this function.
    pub(crate) function: String,
    /// Whether it responds to `Diagnose`.
    pub(crate) diagnoses: bool,
    /// How much later than it is due a rotation may succeed.
    pub(crate) overdue_after: Duration,
}

/// Everything that is wrong with the environment, by name, without values.
#[derive(Debug)]
pub(crate) struct ConfigError(Vec<String>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the function's environment is wrong: {}", self.0.join("; "))
    }
}

/// What the runtime needs, which Lambda and `cargo lambda watch` set.
const RUNTIME: [&str; 4] = [
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
];

impl Config {
    /// Reads and checks everything at once, for a function of this strategy.
    ///
    /// # Errors
    /// Every variable that is missing or wrong.
    pub(crate) fn read(strategy: Strategy) -> Result<Self, ConfigError> {
        let mut problems = Vec::new();
        for name in RUNTIME.iter().filter(|name| set(name).is_none()) {
            problems.push(format!("{name} is not set: run this under Lambda or `cargo lambda watch`"));
        }
        for name in databases::FORBIDDEN_VARIABLES.iter().filter(|name| env::var_os(name).is_some()) {
            problems.push(format!("{name} must not be set"));
        }
        let aws = Settings::named(&raw).map_err(|wrong| problems.extend(wrong));
        let policy = PasswordPolicy::named(&raw).map_err(|wrong| problems.extend(wrong));
        let username_limit = username_limit(&raw).map_err(|problem| problems.push(problem));
        let promotion = promotion(strategy, &mut problems);
        let diagnoses = own_boolean("DIAGNOSIS", &mut problems);
        let on_idle_user_sessions = on_idle_user_sessions(strategy, &mut problems);
        let overdue_after = overdue_after(&raw).map_err(|problem| problems.push(problem));
        let trusted = trust_anchors().map_err(|problem| problems.push(problem));
        let aws_authorities = aws_authorities().map_err(|problem| problems.push(problem));
        match (policy, username_limit, overdue_after, aws, trusted, aws_authorities) {
            (
                Ok(policy),
                Ok(username_limit),
                Ok(overdue_after),
                Ok(aws),
                Ok(trusted),
                Ok(aws_authorities),
            ) if problems.is_empty() => Ok(Self {
                policy,
                username_limit,
                promotion,
                on_idle_user_sessions,
                aws,
                trusted,
                aws_authorities,
                function: set("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default(),
                diagnoses,
                overdue_after,
            }),
            _ => Err(ConfigError(problems)),
        }
    }
}

/// The level of our own log lines: `LOG_LEVEL`, or Lambda's setting `ApplicationLogLevel`; INFO unless set.
pub(crate) fn log_level() -> LevelFilter {
    match set("LOG_LEVEL").or_else(|| set("AWS_LAMBDA_LOG_LEVEL")).as_deref() {
        Some("TRACE") => LevelFilter::TRACE,
        Some("DEBUG") => LevelFilter::DEBUG,
        Some("WARN") => LevelFilter::WARN,
        Some("ERROR" | "FATAL") => LevelFilter::ERROR,
        _ => LevelFilter::INFO,
    }
}

fn raw(name: &str) -> Option<String> {
    env::var(name).ok()
}

/// An empty variable is one that is not set, as templates leave them.
fn set(name: &str) -> Option<String> {
    raw(name).filter(|value| !value.is_empty())
}

/// A strategy that has no gap has nothing to make shorter: its owner would believe that something is on that is not.
fn promotion(strategy: Strategy, problems: &mut Vec<String>) -> Promotion {
    let name = "PROMOTE_IN_SET_SECRET";
    match (own_boolean(name, problems), strategy) {
        (false, _) => Promotion::InFinishSecret,
        (true, Strategy::SingleUser) => Promotion::InSetSecret,
        (true, Strategy::AlternatingUsers | Strategy::DualPassword) => {
            problems.push(format!(
                "{name} is for single user only (AWSCURRENT always signs in under this function's strategy): remove it"
            ));
            Promotion::InFinishSecret
        }
    }
}

/// The same of a strategy that has no idle user.
fn on_idle_user_sessions(strategy: Strategy, problems: &mut Vec<String>) -> OnIdleUserSessions {
    let name = "REFUSE_WHILE_IDLE_USER_HAS_SESSIONS";
    if !own_boolean(name, problems) {
        return OnIdleUserSessions::Warn;
    }
    if !strategy.alternates() {
        problems.push(format!(
            "{name} is for alternating users only (no user is idle under this function's strategy): remove it"
        ));
    }
    OnIdleUserSessions::Refuse
}

/// A setting of ours, false unless set. A word that is neither true nor false is an error.
fn own_boolean(name: &str, problems: &mut Vec<String>) -> bool {
    match set(name).map(|value| value.to_ascii_lowercase()).as_deref() {
        None | Some("false" | "0" | "n" | "no") => false,
        Some("true" | "1" | "y" | "yes") => true,
        Some(_) => {
            problems.push(format!("{name} must be true or false"));
            false
        }
    }
}

fn trust_anchors() -> Result<TrustAnchors, String> {
    let extra = file("DATABASE_CA_FILE")?;
    TrustAnchors::new(extra.as_deref()).map_err(|error| unusable_file("DATABASE_CA_FILE", &error))
}

/// `AWS_CA_BUNDLE` is a variable of AWS's SDKs; the one for Rust does not read it.
fn aws_authorities() -> Result<Authorities, String> {
    let Some(pem) = file("AWS_CA_BUNDLE")? else { return Ok(Authorities::default()) };
    Authorities::from_pem(&pem).map_err(|error| unusable_file("AWS_CA_BUNDLE", &error))
}

/// What the file holds that a variable names.
fn file(variable: &str) -> Result<Option<Vec<u8>>, String> {
    let Some(path) = set(variable) else { return Ok(None) };
    std::fs::read(&path).map(Some).map_err(|error| format!("{variable} {path} cannot be read ({error})"))
}

fn unusable_file(variable: &str, error: &dyn fmt::Display) -> String {
    format!("the file that {variable} names cannot be used: {error}")
}
