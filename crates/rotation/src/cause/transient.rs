//! Which failures pass by themselves: the table behind the metric `NeedsAction`.

use super::Cause;

impl Cause {
    /// Whether the next attempt may succeed although nobody has changed anything. Where it is not known, it may: a rotation that
    /// does not succeed in time is overdue, whatever its cause.
    #[must_use]
    pub fn is_transient(self) -> bool {
        match self {
            // A server that starts, resumes, fails over or is full for a moment, and a network that breaks.
            Self::NameNotResolved
            | Self::Unreachable
            | Self::NotAnswering
            | Self::TlsFailed
            | Self::TooManyConnections
            | Self::ServerUnavailable
            | Self::ReadOnly
            | Self::ReplicaLag
            // What others hold or do.
            | Self::TemporarilyLocked
            | Self::LockTimeout
            | Self::ConcurrentChange
            | Self::PrivilegesDiffer
            | Self::IdleUserHasSessions
            | Self::LabelMoved
            // AWS's own services.
            | Self::Throttled
            | Self::SecretsManager
            | Self::Rds
            | Self::ReplicationPending
            | Self::Deadline => true,
            Self::TlsUnknownAuthority
            | Self::TlsUnknownRdsAuthority
            | Self::TlsUnknownAwsAuthority
            | Self::TlsWrongName
            | Self::TlsWrongAwsName
            | Self::TlsExpired
            | Self::TlsExpiredAws
            | Self::TlsNotOffered
            | Self::TlsRequired
            | Self::BeforeTls
            | Self::HostBlocked
            | Self::HostNotAllowed
            | Self::SignInRefused
            | Self::SignInMethod
            | Self::PasswordCharacters
            | Self::PasswordExpired
            | Self::PasswordPolicy
            | Self::PasswordReused
            | Self::Locked
            | Self::MissingPrivilege
            | Self::PartialRevoke
            | Self::MissingDatabase
            | Self::Protocol
            // A code that has no class of its own is not one of those that servers send while they fail over.
            | Self::QueryFailed
            | Self::SecretNotFound
            | Self::AccessDenied
            | Self::Kms
            | Self::ReplicationFailed => false,
        }
    }
}
