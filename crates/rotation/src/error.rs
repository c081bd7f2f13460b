//! Errors, sorted by what the operator does about them.
//!
//! `Display` never includes the source; the chain is joined once, at the Lambda boundary. No message holds
//! a value of a secret but its host, port, user names and ARNs.

use std::fmt;

use thiserror::Error;

use crate::{SecretId, Username, VersionId};

/// Why a step failed.
#[derive(Debug, Error)]
pub enum Error {
    /// A retry will not help; a person must act.
    #[error("rotation refused")]
    Refused(#[from] Refusal),
    /// Secrets Manager's retry may help.
    #[error("cannot {doing}")]
    Edge {
        /// What was being done, with what.
        doing: String,
        /// What came back.
        #[source]
        source: EdgeError,
    },
}

/// What an edge answers when it does not do as asked.
#[derive(Debug, Error)]
pub enum EdgeError {
    /// The thing asked for must not or cannot be done until a person has acted.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The thing asked for failed.
    #[error("{answer}; {}", cause.remedy())]
    Failed {
        /// Which kind of failure.
        cause: Cause,
        /// Who answered, and what: a code and a message, never a body or a statement.
        answer: String,
    },
}

impl EdgeError {
    /// A failure of a known kind.
    pub fn failed(cause: Cause, answer: impl Into<String>) -> Self {
        Self::Failed { cause, answer: answer.into() }
    }

    /// The kind of failure; none for a refusal.
    #[must_use]
    pub fn cause(&self) -> Option<Cause> {
        match self {
            Self::Refused(_) => None,
            Self::Failed { cause, .. } => Some(*cause),
        }
    }
}

/// The kinds of failure, by cause: each has one remedy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "class() and remedy() say what each is")]
pub enum Cause {
    NameNotResolved,
    Unreachable,
    TlsUnknownAuthority,
    TlsUnknownRdsAuthority,
    TlsWrongName,
    TlsExpired,
    TlsNotOffered,
    TlsRequired,
    TlsFailed,
    SignInRefused,
    Locked,
    TooManyConnections,
    NotAccepting,
    ReadOnly,
    ReplicaLag,
    MissingPrivilege,
    MissingDatabase,
    LockTimeout,
    Unequal,
    Statement,
    SecretNotFound,
    AccessDenied,
    Throttled,
    Kms,
    SecretsManager,
    Rds,
    Deadline,
}

impl Cause {
    /// The name in logs and in the function's error type.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::NameNotResolved => "NameNotResolved",
            Self::Unreachable => "Unreachable",
            Self::TlsUnknownAuthority | Self::TlsUnknownRdsAuthority => "TlsUnknownAuthority",
            Self::TlsWrongName => "TlsWrongName",
            Self::TlsExpired => "TlsExpired",
            Self::TlsNotOffered => "TlsNotOffered",
            Self::TlsRequired => "TlsRequired",
            Self::TlsFailed => "TlsFailed",
            Self::SignInRefused => "SignInRefused",
            Self::Locked => "Locked",
            Self::TooManyConnections => "TooManyConnections",
            Self::NotAccepting => "NotAccepting",
            Self::ReadOnly => "ReadOnly",
            Self::ReplicaLag => "ReplicaLag",
            Self::MissingPrivilege => "MissingPrivilege",
            Self::MissingDatabase => "MissingDatabase",
            Self::LockTimeout => "LockTimeout",
            Self::Unequal => "Unequal",
            Self::Statement => "Statement",
            Self::SecretNotFound => "SecretNotFound",
            Self::AccessDenied => "AccessDenied",
            Self::Throttled => "Throttled",
            Self::Kms => "Kms",
            Self::SecretsManager => "SecretsManager",
            Self::Rds => "Rds",
            Self::Deadline => "Deadline",
        }
    }

    /// What to do about it.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "a table")]
    pub fn remedy(self) -> &'static str {
        match self {
            Self::NameNotResolved => {
                "correct the secret's host, or let the function's VPC resolve it (DNS support, private zones)"
            }
            Self::Unreachable => {
                "let the function's security group and subnets reach this address and port (for AWS's own APIs: \
                 a NAT gateway or a VPC endpoint)"
            }
            Self::TlsUnknownAuthority => {
                "if this server is yours, put its authority's certificate (PEM) in a layer and name the file in \
                 DATABASE_CA_FILE; if not, somebody answers in its place"
            }
            Self::TlsUnknownRdsAuthority => {
                "put the region's bundle from truststore.pki.rds.amazonaws.com in a layer and name the file in \
                 DATABASE_CA_FILE"
            }
            Self::TlsWrongName => "set the secret's host to a name that the server's certificate holds",
            Self::TlsExpired => {
                "renew the server's certificate (RDS: modify its certificate authority), or set its clock"
            }
            Self::TlsNotOffered => {
                "turn TLS on at the server; only if cleartext is really meant, set \"ssl\": false in the secret; \
                 if the server has TLS, somebody on the way strips it"
            }
            Self::TlsRequired => "remove \"ssl\": false from the secret: this server or account demands TLS",
            Self::TlsFailed => "compare the server's TLS settings with TLS 1.2 or 1.3 and common ciphers",
            Self::SignInRefused => {
                "compare the stored password with the server's, and the server's host rules with this user"
            }
            Self::Locked => "unlock the account, or give it LOGIN, and rotate again",
            Self::TooManyConnections => {
                "raise the server's or the role's connection limit, or let connections end"
            }
            Self::NotAccepting => "wait until the server accepts connections; the next attempt then succeeds",
            Self::ReadOnly => "name the writer's address as host: this server is a replica or read-only",
            Self::ReplicaLag => "wait until the replica has caught up; the next attempt then succeeds",
            Self::MissingPrivilege => "grant what the server says is missing",
            Self::MissingDatabase => "correct dbname in the secret, or create that database",
            Self::LockTimeout => {
                "let the transaction that holds the lock end (pg_locks names it; it may be an advisory lock); the next attempt then succeeds"
            }
            Self::Unequal => {
                "Secrets Manager's retry runs setSecret again, which mends a clone; if it comes back, find who changes this user"
            }
            Self::Statement => "look the code up in the server's documentation and its log",
            Self::SecretNotFound => {
                "check the ARN, the region, and that the secret is not scheduled for deletion"
            }
            Self::AccessDenied => {
                "allow the action in the function's role, and for a secret in the secret's policy as well"
            }
            Self::Throttled => {
                "spread the rotation schedules (Secrets Manager takes 50 writes a second in an account and region)"
            }
            Self::Kms => {
                "allow the function's role kms:Decrypt and kms:GenerateDataKey on the secret's key, and enable the key"
            }
            Self::SecretsManager => "look the code up in the API reference of Secrets Manager",
            Self::Rds => {
                "allow rds:DescribeDBInstances and rds:DescribeDBClusters, and check that the server is in this \
                 account and region"
            }
            Self::Deadline => "look at what was waited for, or give the function more time",
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
    #[error("the {which} is not a database secret: {}", joined(.problems))]
    Secret { which: String, problems: Vec<Problem> },
    #[error("rotation is not enabled for this secret; enable it with RotateSecret")]
    RotationDisabled,
    #[error("the secret has no version {version}; rotate with RotateSecret, which makes it")]
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
    UnusableName { username: Username, why: String },
    #[error(
        "{host} is an RDS Proxy, which signs clients in by secrets of its own; name the database's own address as host"
    )]
    ProxyHost { host: String },
    #[error(
        "no stored version signs in as {username} (AWSCURRENT: {current}), so nothing proves that this secret owns that user; {remedy}"
    )]
    NoVersionSignsIn { username: Username, current: String, remedy: String },
    #[error(
        "AWSCURRENT does not sign in as {username} ({answer}), so the superuser's secret is not touched; {remedy}"
    )]
    CurrentDoesNotSignIn { username: Username, answer: String, remedy: String },
    #[error(
        "{username} may not change its own password ({answer}) and the secret names no superuser; add masterarn, or allow it"
    )]
    NoSuperuser { username: Username, answer: String },
    #[error(
        "the superuser's secret {superuser} is for {theirs}, which is neither the secret's host {ours} nor its primary; correct masterarn or host"
    )]
    SuperuserElsewhere { superuser: SecretId, theirs: String, ours: String },
    #[error("{what}; {remedy}")]
    Database { what: String, remedy: String },
}
