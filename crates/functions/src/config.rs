//! The environment: the settings of AWS's functions under their names, and a few of our own. Nothing else
//! in this workspace's functions reads it (but the SDK, which reads the credentials).
#![expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]

use std::env;
use std::fmt;

use aws::{Authorities, Endpoints, Settings};
use databases::TrustAnchors;
use rotation::{PasswordPolicy, PolicySettings, Promotion, Strategy};
use tracing::level_filters::LevelFilter;
use url::{Host, Url};

/// What the environment says.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) policy: PasswordPolicy,
    pub(crate) username_limit: Option<usize>,
    pub(crate) promotion: Promotion,
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

/// Variables that the PostgreSQL driver reads on its own and that nothing can unset.
const FORBIDDEN_VARIABLES: [&str; 3] = ["PGSSLCERT", "PGSSLKEY", "PGOPTIONS"];

/// The SDK's own ways to another endpoint; held to the same rule as ours.
const ENDPOINTS: [&str; 4] = [
    "SECRETS_MANAGER_ENDPOINT",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_SECRETS_MANAGER",
    "AWS_ENDPOINT_URL_RDS",
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
        for name in FORBIDDEN_VARIABLES.iter().filter(|name| env::var_os(name).is_some()) {
            problems.push(format!("{name} must not be set"));
        }
        for name in ENDPOINTS {
            if set(name).is_some_and(|url| !is_protected(&url)) {
                problems.push(format!("{name} must be an https URL, or http to a loopback address"));
            }
        }
        let settings = settings(&mut problems);
        let policy = PasswordPolicy::new(&settings).map_err(|error| problems.push(error.to_string()));
        let username_limit = number("USERNAME_CHARACTER_LIMIT", &mut problems);
        let promotion = promotion(strategy, &mut problems);
        let diagnoses = own_boolean("DIAGNOSIS", &mut problems);
        let trusted = trust_anchors().map_err(|problem| problems.push(problem));
        let aws_authorities = aws_authorities().map_err(|problem| problems.push(problem));
        match (policy, trusted, aws_authorities) {
            (Ok(policy), Ok(trusted), Ok(aws_authorities)) if problems.is_empty() => Ok(Self {
                policy,
                username_limit,
                promotion,
                aws: aws_settings(),
                trusted,
                aws_authorities,
                function: set("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default(),
                diagnoses,
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

/// An empty variable is one that is not set, as templates leave them.
fn set(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn settings(problems: &mut Vec<String>) -> PolicySettings {
    let default = PolicySettings::default();
    PolicySettings {
        length: number("PASSWORD_LENGTH", problems).unwrap_or(default.length),
        // Empty is a choice here: nothing excluded.
        exclude: env::var("EXCLUDE_CHARACTERS").unwrap_or(default.exclude),
        exclude_numbers: boolean("EXCLUDE_NUMBERS").unwrap_or(default.exclude_numbers),
        exclude_punctuation: boolean("EXCLUDE_PUNCTUATION").unwrap_or(default.exclude_punctuation),
        exclude_uppercase: boolean("EXCLUDE_UPPERCASE").unwrap_or(default.exclude_uppercase),
        exclude_lowercase: boolean("EXCLUDE_LOWERCASE").unwrap_or(default.exclude_lowercase),
        require_each_type: boolean("REQUIRE_EACH_INCLUDED_TYPE").unwrap_or(default.require_each_type),
    }
}

/// What AWS's SDKs read of the environment by themselves, but for the credentials.
fn aws_settings() -> Settings {
    let is_true = |name| set(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let named = |name| {
        let url = || set(name).or_else(|| set("AWS_ENDPOINT_URL"));
        if is_true("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") { None } else { url() }
    };
    let secrets_manager =
        set("SECRETS_MANAGER_ENDPOINT").or_else(|| named("AWS_ENDPOINT_URL_SECRETS_MANAGER"));
    Settings {
        region: set("AWS_REGION").or_else(|| set("AWS_DEFAULT_REGION")),
        use_fips: is_true("AWS_USE_FIPS_ENDPOINT"),
        use_dual_stack: is_true("AWS_USE_DUALSTACK_ENDPOINT"),
        endpoints: Endpoints { secrets_manager, rds: named("AWS_ENDPOINT_URL_RDS") },
    }
}

/// As AWS's functions read it: these four words are true, anything else is false.
fn boolean(name: &str) -> Option<bool> {
    set(name).map(|value| ["true", "1", "y", "yes"].contains(&value.to_ascii_lowercase().as_str()))
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

fn number(name: &str, problems: &mut Vec<String>) -> Option<usize> {
    let number = set(name)?.parse().ok().filter(|number| *number > 0);
    if number.is_none() {
        problems.push(format!("{name} must be a whole number above 0"));
    }
    number
}

/// Secrets travel there: only TLS, or a program on this machine.
fn is_protected(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && is_loopback)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tls_or_this_machine_is_protected() {
        for url in [
            "https://vpce-1.secretsmanager.eu-west-1.vpce.amazonaws.com",
            "http://127.0.0.1:4566",
            "http://localhost:1",
            "http://[::1]:1",
        ] {
            assert!(is_protected(url), "{url}");
        }
        for url in [
            "http://example.com",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "http://127.0.0.1@example.com",
            "http://10.0.0.1",
            "ftp://127.0.0.1",
            "127.0.0.1:4566",
            "unix:/run/socket",
            "",
        ] {
            assert!(!is_protected(url), "{url}");
        }
    }
}
