//! Errors, sorted by what the operator does about them.
//!
//! `Display` never includes the source; the chain is joined once, at the Lambda boundary. No message holds
//! a value of a secret but its host, port, user names and ARNs.

use std::fmt;

use thiserror::Error;

use crate::cause::Cause;
use crate::remedy::store_as_previous;
use crate::{SecretId, Username, VersionId};

/// Why a step failed.
#[derive(Debug, Error)]
pub enum Error {
    /// A retry will not help; a person must act.
    #[error("rotation refused")]
    Refused(#[from] Refusal),
    /// Secrets Manager's retry may help.
    #[error("cannot {doing}")]
    Call {
        /// What was being done, with what.
        doing: String,
        /// What came back.
        #[source]
        source: CallError,
    },
}

impl Error {
    /// The kind of failure; `None` for a refusal.
    #[must_use]
    pub fn cause(&self) -> Option<Cause> {
        match self {
            Self::Refused(_) => None,
            Self::Call { source, .. } => source.cause(),
        }
    }
}

/// Why a call through a port did not do what it was to do.
#[derive(Debug, Error)]
pub enum CallError {
    /// The thing asked for must not or cannot be done until a person has acted.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The thing asked for failed.
    #[error("{response}; {}", cause.remedy())]
    Failed {
        /// Which kind of failure.
        cause: Cause,
        /// Who responded, and what: a code and a message, never a body or a statement.
        response: String,
    },
}

impl CallError {
    /// A failure of a known kind.
    pub fn failed(cause: Cause, response: impl Into<String>) -> Self {
        Self::Failed { cause, response: response.into() }
    }

    /// The kind of failure; `None` for a refusal.
    #[must_use]
    pub fn cause(&self) -> Option<Cause> {
        match self {
            Self::Refused(_) => None,
            Self::Failed { cause, .. } => Some(*cause),
        }
    }
}

/// A field that is missing or wrong: its name and the rule, never its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    field: String,
    rule: String,
}

impl Problem {
    pub(crate) fn new(field: impl Into<String>, rule: impl Into<String>) -> Self {
        Self { field: field.into(), rule: rule.into() }
    }

    pub(crate) fn missing(field: impl Into<String>) -> Self {
        Self::new(field, "is missing")
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.rule)
    }
}

fn joined<T: fmt::Display>(items: &[T]) -> String {
    items.iter().map(T::to_string).collect::<Vec<_>>().join("; ")
}

/// What must not be done, and what a person does instead.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "each message says what its variant means")]
pub enum Refusal {
    #[error("this is not a rotation event: {}", joined(.0))]
    Event(Vec<Problem>),
    #[error(
        "this function responds to no diagnosis, which shows hosts, users and grants; to allow it, set DIAGNOSIS to true \
         (Diagnosis in the template)"
    )]
    NoDiagnosis,
    #[error("the {which} is not a database secret: {}", joined(.problems))]
    Secret { which: String, problems: Vec<Problem> },
    #[error(
        "the next version would have {bytes} bytes, of at most {most}; shorten or remove a field of the secret"
    )]
    TooLong { bytes: usize, most: usize },
    #[error("rotation is not enabled for this secret; enable it with RotateSecret")]
    RotationDisabled,
    #[error(
        "the secret is marked for deletion; restore it with RestoreSecret, and turn rotation on again with RotateSecret"
    )]
    MarkedForDeletion,
    #[error(
        "version {version} has no label, or does not exist: its rotation was given up, or never began; rotate again with RotateSecret"
    )]
    UnknownVersion { version: VersionId },
    #[error(
        "version {version} is not AWSPENDING (its stages: {stages}); a newer rotation may have replaced it: rotate again"
    )]
    NotPending { version: VersionId, stages: String },
    #[error("the secret has no AWSCURRENT version; write one with PutSecretValue, then rotate")]
    NoCurrent,
    #[error("version {version} has no value; createSecret has to run before this step")]
    NoPendingValue { version: VersionId },
    #[error(
        "{field} is {pending} in AWSPENDING but {current} in AWSCURRENT; remove AWSPENDING from that version and rotate again"
    )]
    FieldDiffers { field: String, pending: String, current: String },
    #[error(
        "username is {pending} in AWSPENDING but this strategy's next user is {expected}; remove AWSPENDING from that version and rotate again"
    )]
    WrongUser { pending: Username, expected: Username },
    #[error("the user name {username} {why}; choose another name")]
    UsernameNotAllowed { username: Username, why: String },
    #[error(
        "{host} is an RDS Proxy, which signs clients in by secrets of its own; name the database's own address as host"
    )]
    ProxyHost { host: String },
    #[error(
        "no stored version signs in as {username} (AWSCURRENT: {current}), so nothing proves that this secret owns that user; \
         {remedy}{}",
        not_tried(untried)
    )]
    NoVersionSignsIn { username: Username, current: String, untried: Vec<VersionId>, remedy: String },
    #[error(
        "AWSCURRENT does not sign in as {username} ({response}), so the other user is not touched; {remedy}"
    )]
    CurrentDoesNotSignIn { username: Username, response: String, remedy: String },
    #[error(
        "{username} may not change its own password ({response}) and the secret names no superuser; write AWSCURRENT anew with \
         PutSecretValue, with the ARN of a superuser's secret as masterarn, and rotate again"
    )]
    NoSuperuser { username: Username, response: String },
    #[error(
        "no version of the secret is for {user}, whose turn it is ({why}), and the secret names no superuser; {}{}; or, if a \
         superuser is to set the passwords, write AWSCURRENT anew with PutSecretValue, with the ARN of that superuser's secret as \
         masterarn, and rotate again",
        if_missing(user, create.as_deref()), store_as_previous(user, secret)
    )]
    NoIdleUser { user: Username, why: String, create: Option<Box<str>>, secret: SecretId },
    #[error(
        "no version of the secret signs in as {user}, whose turn it is ({response}), and the secret names no superuser; \
         {remedy}{}",
        not_tried(untried)
    )]
    IdleUserDoesNotSignIn { user: Username, response: String, untried: Box<[VersionId]>, remedy: String },
    #[error(
        "the password of {username} has expired ({response}), and only the user itself could set another beside it; {remedy}"
    )]
    ExpiredAlone { username: Username, response: String, remedy: String },
    // The writer of the application's secret may have no access to this one: nothing of its content is shown.
    #[error(
        "the superuser's secret {superuser} is for a server that is neither the secret's host {ours} nor its primary; correct masterarn or host"
    )]
    SuperuserElsewhere { superuser: SecretId, ours: String },
    #[error(
        "the secret says \"ssl\": false, and a superuser acts only on what a server responds over TLS; turn TLS on at the server and remove \"ssl\": false"
    )]
    SuperuserNeedsTls,
    #[error(
        "version {version} is AWSPENDING and older than AWSCURRENT, so that others may know its password; remove AWSPENDING from that version and rotate again"
    )]
    OldVersion { version: VersionId },
    #[error("{what}; {remedy}")]
    Database { what: String, remedy: String },
    #[error("{}; {}{}; if not, {}{}", unproven.what, store_as_previous(user, secret), also(unproven), unproven.otherwise, not_tried(untried))]
    NotTheOtherUser { user: Username, unproven: Box<Unproven>, secret: SecretId, untried: Vec<VersionId> },
}

/// An account that may be somebody else's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unproven {
    /// What was found.
    pub what: String,
    /// What a person can run if it is the application's, beside storing its credentials in the secret.
    pub if_ours: Option<String>,
    /// What a person can do if it is not.
    pub otherwise: String,
}

fn if_missing(user: &Username, create: Option<&str>) -> String {
    create.map(|create| format!("if there is no {user} yet, first create it: {create}; ")).unwrap_or_default()
}

fn also(unproven: &Unproven) -> String {
    unproven.if_ours.as_ref().map(|remedy| format!(", or {remedy}")).unwrap_or_default()
}

fn not_tried(versions: &[VersionId]) -> String {
    let versions = versions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if versions.is_empty() { versions } else { format!(" (not tried: the versions {versions})") }
}
