//! The environment: the functions' settings under their names, as far as they matter here. Nothing else in this program reads it (but
//! the SDK, which reads the credentials).
#![expect(
    clippy::disallowed_methods,
    reason = "this is the one place of this program that reads the environment"
)]

use std::env;
use std::fmt;

use aws::{Authorities, Settings};
use databases::{FORBIDDEN_VARIABLES, TrustAnchors};
use rotation::{PasswordPolicy, username_limit};

/// What the environment says.
#[derive(Debug)]
pub(crate) struct Environment {
    pub(crate) policy: PasswordPolicy,
    pub(crate) username_limit: Option<usize>,
    /// Where AWS's APIs are.
    pub(crate) aws: Settings,
    /// Who may vouch for AWS's APIs.
    pub(crate) aws_authorities: Authorities,
    /// Who may vouch for a database server.
    pub(crate) trusted: TrustAnchors,
}

impl Environment {
    /// Reads and checks everything at once.
    ///
    /// # Errors
    /// Everything that is wrong, by the variables' names, without their values (but the paths of files).
    pub(crate) fn read() -> Result<Self, Vec<String>> {
        let values = |name: &str| env::var(name).ok();
        let mut problems: Vec<_> = FORBIDDEN_VARIABLES
            .iter()
            .filter(|name| env::var_os(name).is_some())
            .map(|name| format!("{name} must not be set"))
            .collect();
        let aws = Settings::named(&values).map_err(|wrong| problems.extend(wrong));
        let policy = PasswordPolicy::named(&values).map_err(|wrong| problems.extend(wrong));
        let username_limit = username_limit(&values).map_err(|problem| problems.push(problem));
        let trusted = from_file("DATABASE_CA_FILE", TrustAnchors::new);
        let trusted = trusted.map_err(|problem| problems.push(problem));
        let authorities =
            |pem: Option<&[u8]>| pem.map_or_else(|| Ok(Authorities::default()), Authorities::from_pem);
        let aws_authorities =
            from_file("AWS_CA_BUNDLE", authorities).map_err(|problem| problems.push(problem));
        match (policy, username_limit, aws, aws_authorities, trusted) {
            (Ok(policy), Ok(username_limit), Ok(aws), Ok(aws_authorities), Ok(trusted))
                if problems.is_empty() =>
            {
                Ok(Self { policy, username_limit, aws, aws_authorities, trusted })
            }
            _ => Err(problems),
        }
    }
}

/// What `read` makes of the file that a variable names.
fn from_file<T, E: fmt::Display>(
    variable: &str,
    read: impl Fn(Option<&[u8]>) -> Result<T, E>,
) -> Result<T, String> {
    let contents = match env::var(variable).ok().filter(|path| !path.is_empty()) {
        Some(path) => Some(
            std::fs::read(&path).map_err(|error| format!("{variable} {path} cannot be read ({error})"))?,
        ),
        None => None,
    };
    read(contents.as_deref())
        .map_err(|error| format!("the file that {variable} names cannot be used: {error}"))
}
