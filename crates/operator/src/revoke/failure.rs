//! Why the password is not shown to be dead. Each text ends with what to do.

use std::fmt;

use rotation::{CallError, Endpoint, Refusal, SecretId, Username, VersionId};

/// Why the password is not shown to be dead.
#[derive(Debug)]
pub(crate) enum Failure {
    Environment(Vec<String>),
    /// A call of a service, or of a database server.
    Call {
        doing: String,
        error: CallError,
    },
    Refused(Refusal),
    /// The secret has no such version, or none that is AWSCURRENT.
    NoVersion {
        what: String,
        secret: SecretId,
    },
    /// `--run` without `--leaked`: a second run would take the next version for the leaked one.
    WhichVersion {
        current: VersionId,
        secret: SecretId,
    },
    /// No function rotates the secret.
    NoFunction {
        secret: SecretId,
        made_for: Option<String>,
    },
    /// A rotation has not come to its end.
    NotFinished {
        version: VersionId,
        secret: SecretId,
        seconds: u64,
    },
    /// The leaked version is of a user that the secret's rotations do not reach.
    AnotherUser {
        username: Username,
        endpoint: Endpoint,
    },
    /// A server beside the secret's own accepts it.
    NotFollowed {
        username: Username,
        endpoint: Endpoint,
    },
    /// Rotations do not change it.
    StillSignsIn {
        username: Username,
        endpoint: Endpoint,
        rotations: usize,
    },
    /// AWSCURRENT is rejected.
    CurrentIsRejected {
        username: Username,
        endpoint: Endpoint,
        response: String,
    },
    /// Its sessions cannot be ended as the user itself.
    NobodySignsInAs {
        username: Username,
        endpoint: Endpoint,
    },
    /// Sessions that the server has been told to end go on.
    SessionsGoOn {
        username: Username,
        endpoint: Endpoint,
        ids: Vec<i64>,
    },
    /// An argument is wrong.
    Argument(String),
    /// The administrator does not sign in.
    Administrator {
        username: Username,
        endpoint: Endpoint,
        response: String,
    },
    /// The same password opens these accounts.
    Accounts {
        accounts: Vec<String>,
        locks: Vec<String>,
    },
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl fmt::Display for Failure {
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(problems) => write!(f, "the environment is wrong: {}", problems.join("; ")),
            Self::Call { doing, error } => {
                write!(f, "cannot {doing}: {error}; then run the same command again")
            }
            Self::Refused(refusal) => write!(f, "{refusal}"),
            Self::NoVersion { what, secret } => write!(
                f,
                "{secret} has no {what} that can be read: look at its versions (aws secretsmanager list-secret-version-ids --secret-id \
                 {secret} --include-deprecated), and name the one that leaked by LEAKED=VERSION"
            ),
            Self::WhichVersion { current, secret } => write!(
                f,
                "which version leaked? RUN needs its id, so that the same command can be run again: if it is AWSCURRENT, that is \
                 LEAKED={current}; if not, aws secretsmanager list-secret-version-ids --secret-id {secret} --include-deprecated \
                 lists them"
            ),
            Self::NoFunction { secret, made_for: Some(server) } => write!(
                f,
                "RDS rotates {secret} itself, for {server}: run aws rds modify-db-instance --rotate-master-user-password \
                 --apply-immediately --db-instance-identifier ID (a cluster: modify-db-cluster, --db-cluster-identifier)"
            ),
            Self::NoFunction { secret, made_for: None } => write!(
                f,
                "no function rotates {secret}: attach one (docs/deploying.md, \"Attaching secrets\"), and run the same command again"
            ),
            Self::NotFinished { version, secret, seconds } => write!(
                f,
                "the rotation of {secret} to {version} has not ended within {seconds} s: the function's log says why \
                 (docs/troubleshooting.md); then run the same command again, which has the service try that rotation again"
            ),
            Self::AnotherUser { username, endpoint } => write!(
                f,
                "the password signs in as {username} at {endpoint}, and no rotation of this secret changes the password of \
                 {username}: give it another one and end its sessions (docs/after-a-leak.md, \"As an administrator\")"
            ),
            Self::NotFollowed { username, endpoint } => write!(
                f,
                "the password still signs in as {username} at {endpoint}: if that is a replica, see that it follows; if not, set \
                 another password there; then run the same command again"
            ),
            Self::StillSignsIn { username, endpoint, rotations } => write!(
                f,
                "after {rotations} rotations the password still signs in as {username} at {endpoint}: somebody or something sets it \
                 there, or the server asks for no password; find out, and run the same command again"
            ),
            Self::CurrentIsRejected { username, endpoint, response } => write!(
                f,
                "the leaked password is dead, but AWSCURRENT does not sign in as {username} at {endpoint} ({response}): rotate, and \
                 run the same command again"
            ),
            Self::NobodySignsInAs { username, endpoint } => write!(
                f,
                "the password is dead, but no labelled version of the secret signs in as {username} at {endpoint} to end the sessions \
                 that were opened with it: end them as an administrator (docs/after-a-leak.md, \"As an administrator\")"
            ),
            Self::SessionsGoOn { username, endpoint, ids } => write!(
                f,
                "{endpoint} was told to end the sessions {ids:?} of {username}, which go on: end them as an administrator \
                 (docs/after-a-leak.md), and run the same command again"
            ),
            Self::Argument(what) => f.write_str(what),
            Self::Administrator { username, endpoint, response } => write!(
                f,
                "the administrator {username} does not sign in at {endpoint} ({response}), who was to look at every account: name the \
                 secret of another one by ADMINISTRATOR=SECRET, and run the same command again"
            ),
            Self::Accounts { accounts, locks } => write!(
                f,
                "the password signs in by {}, which no rotation of this secret changes: give these accounts another one, or as an \
                 administrator run: {}; then run the same command again",
                accounts.join(", "),
                locks.join("; ")
            ),
        }
    }
}
