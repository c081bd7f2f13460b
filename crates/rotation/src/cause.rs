//! Why a call failed, by what the operator does about it.

mod transient;

/// The kinds of failure, by cause: each has one remedy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "class() and remedy() say what each is")]
pub enum Cause {
    NameNotResolved,
    Unreachable,
    NotAnswering,
    TlsUnknownAuthority,
    TlsUnknownRdsAuthority,
    TlsUnknownAwsAuthority,
    TlsWrongName,
    TlsWrongAwsName,
    TlsExpired,
    TlsExpiredAws,
    TlsNotOffered,
    TlsRequired,
    TlsFailed,
    BeforeTls,
    HostBlocked,
    HostNotAllowed,
    SignInRefused,
    SignInMethod,
    PasswordCharacters,
    PasswordExpired,
    PasswordPolicy,
    PasswordReused,
    Locked,
    TemporarilyLocked,
    TooManyConnections,
    ServerUnavailable,
    ReadOnly,
    ReplicaLag,
    MissingPrivilege,
    PartialRevoke,
    MissingDatabase,
    LockTimeout,
    ConcurrentChange,
    PrivilegesDiffer,
    IdleUserHasSessions,
    Protocol,
    QueryFailed,
    SecretNotFound,
    AccessDenied,
    Throttled,
    Kms,
    SecretsManager,
    LabelMoved,
    Rds,
    ReplicationFailed,
    ReplicationPending,
    Deadline,
}

impl Cause {
    /// The name in logs and in the function's error type.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::NameNotResolved => "NameNotResolved",
            Self::Unreachable | Self::NotAnswering => "Unreachable",
            Self::TlsUnknownAuthority | Self::TlsUnknownRdsAuthority | Self::TlsUnknownAwsAuthority => {
                "TlsUnknownAuthority"
            }
            Self::TlsWrongName | Self::TlsWrongAwsName => "TlsWrongName",
            Self::TlsExpired | Self::TlsExpiredAws => "TlsExpired",
            Self::TlsNotOffered => "TlsNotOffered",
            Self::TlsRequired => "TlsRequired",
            Self::TlsFailed => "TlsFailed",
            Self::BeforeTls => "BeforeTls",
            Self::HostBlocked => "HostBlocked",
            Self::HostNotAllowed => "HostNotAllowed",
            Self::SignInRefused => "SignInRefused",
            Self::SignInMethod => "SignInMethod",
            Self::PasswordCharacters => "PasswordCharacters",
            Self::PasswordExpired => "PasswordExpired",
            Self::PasswordPolicy => "PasswordPolicy",
            Self::PasswordReused => "PasswordReused",
            Self::Locked => "Locked",
            Self::TemporarilyLocked => "TemporarilyLocked",
            Self::TooManyConnections => "TooManyConnections",
            Self::ServerUnavailable => "ServerUnavailable",
            Self::ReadOnly => "ReadOnly",
            Self::ReplicaLag => "ReplicaLag",
            Self::MissingPrivilege | Self::PartialRevoke => "MissingPrivilege",
            Self::MissingDatabase => "MissingDatabase",
            Self::LockTimeout => "LockTimeout",
            Self::ConcurrentChange => "ConcurrentChange",
            Self::PrivilegesDiffer => "PrivilegesDiffer",
            Self::IdleUserHasSessions => "IdleUserHasSessions",
            Self::Protocol => "Protocol",
            Self::QueryFailed => "QueryFailed",
            Self::SecretNotFound => "SecretNotFound",
            Self::AccessDenied => "AccessDenied",
            Self::Throttled => "Throttled",
            Self::Kms => "Kms",
            Self::SecretsManager => "SecretsManager",
            Self::LabelMoved => "LabelMoved",
            Self::Rds => "Rds",
            Self::ReplicationFailed => "ReplicationFailed",
            Self::ReplicationPending => "ReplicationPending",
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
            Self::NotAnswering => {
                "check that the server runs, and that the secret's host and port are its own; if it is starting, resuming or \
                 failing over, the next attempt succeeds"
            }
            Self::TlsUnknownAuthority => {
                "if this server is yours, put its authority's certificate (PEM) in a layer and name the file in \
                 DATABASE_CA_FILE; if it is one of RDS, set the secret's host to RDS's own name for it; if not, somebody responds \
                 in its place"
            }
            Self::TlsUnknownRdsAuthority => {
                "put the region's bundle from truststore.pki.rds.amazonaws.com in a layer and name the file in \
                 DATABASE_CA_FILE"
            }
            Self::TlsUnknownAwsAuthority => {
                "if this traffic is inspected, or another authority than Amazon's vouches for this endpoint, put the authorities \
                 to trust instead of Amazon's (PEM) in a layer and name the file in AWS_CA_BUNDLE; if not, somebody responds in \
                 its place"
            }
            Self::TlsWrongName => "set the secret's host to a name that the server's certificate holds",
            Self::TlsWrongAwsName => {
                "if SECRETS_MANAGER_ENDPOINT or one of AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_SECRETS_MANAGER and AWS_ENDPOINT_URL_RDS \
                 names this endpoint, name a host there that the certificate holds (for a VPC endpoint without private DNS, its \
                 own name); if not, find what leads AWS's name to another server: a private zone, or a proxy"
            }
            Self::TlsExpired => {
                "renew the server's certificate (RDS: modify its certificate authority), or set its clock"
            }
            Self::TlsExpiredAws => {
                "check the clock of the machine that the function runs on; if this traffic is inspected, renew the proxy's \
                 certificate, of an authority that AWS_CA_BUNDLE names (AwsCaFile in the template); if not, somebody responds in \
                 AWS's place"
            }
            Self::TlsNotOffered => {
                "turn TLS on at the server; only if cleartext is really meant, set \"ssl\": false in the secret; \
                 if the server has TLS, somebody on the way strips it"
            }
            Self::TlsRequired => "remove \"ssl\": false from the secret: this server or account demands TLS",
            Self::TlsFailed => "compare the server's TLS settings with TLS 1.2 or 1.3 and common ciphers",
            Self::BeforeTls => {
                "it came before TLS, so anybody on the way may have sent it: check which server responds at this address and \
                 port, and rotate again"
            }
            Self::HostBlocked => {
                "on MySQL, as an administrator run: TRUNCATE TABLE performance_schema.host_cache; then rotate again; on \
                 MariaDB, as an administrator run: FLUSH HOSTS; then rotate again; and find what opens connections from this \
                 function's address and breaks them off"
            }
            Self::HostNotAllowed => {
                "give the server an account whose host matches the address that this function comes from"
            }
            Self::SignInRefused => {
                "compare the stored password with the server's, and the server's host rules with this user"
            }
            Self::SignInMethod => {
                "let the account sign in by a password and a challenge (PostgreSQL: scram-sha-256 or md5 in pg_hba.conf, and \
                 no membership in rds_iam; MySQL: caching_sha2_password over TLS, and not AWSAuthenticationPlugin; MariaDB: mysql_native_password)"
            }
            Self::PasswordCharacters => {
                "the driver signs in with no emoji, no mixed directions and no control characters (RFC 4013), though psql does: \
                 with \\password in psql set one without them, store it as AWSCURRENT, and rotate again"
            }
            Self::PasswordExpired => {
                "let a superuser set the password of the AWSCURRENT version anew, which ends its expiry, and rotate again"
            }
            Self::PasswordPolicy => {
                "give the function a policy that the server accepts (PASSWORD_LENGTH, EXCLUDE_CHARACTERS and so on; MariaDB, \
                 which gets a hash: strict_password_validation = OFF), then remove AWSPENDING from the version and rotate again"
            }
            Self::PasswordReused => {
                "remove AWSPENDING from the version and rotate again, which makes another password"
            }
            Self::Locked => "unlock the account (ACCOUNT UNLOCK; PostgreSQL: LOGIN), and rotate again",
            Self::TemporarilyLocked => {
                "wait out the account's PASSWORD_LOCK_TIME or unlock it (ALTER USER ... ACCOUNT UNLOCK; MariaDB: FLUSH \
                 PRIVILEGES); find who signs in with a wrong password; allow at least 5 failed sign-ins"
            }
            Self::TooManyConnections => {
                "raise the limit that is named (the server's, the database's, the role's, or the account's by the hour), or let \
                 connections end"
            }
            Self::ServerUnavailable => {
                "wait until the server accepts connections; the next attempt then succeeds"
            }
            Self::ReadOnly => "name the writer's address as host: this server is a replica or read-only",
            Self::ReplicaLag => "wait until the replica has caught up; the next attempt then succeeds",
            Self::MissingPrivilege => "grant what the server says is missing",
            Self::PartialRevoke => {
                "the user that acts is restricted on that database (SHOW GRANTS lists it as REVOKE): act by a superuser that is not, \
                 or take the rights on that database from the user that is rotated (on RDS and Aurora nobody can lift the \
                 master's own restrictions)"
            }
            Self::MissingDatabase => "correct dbname in the secret, or create that database",
            Self::LockTimeout => {
                "let the transaction that holds the lock end (PostgreSQL: pg_locks names it; MySQL: \
                 performance_schema.metadata_locks; it may be a lock by name); the next attempt then succeeds"
            }
            Self::ConcurrentChange => {
                "somebody changes this user again and again: find who; the next attempt succeeds once they have ended"
            }
            Self::PrivilegesDiffer => {
                "Secrets Manager's retry runs setSecret again, which repairs a clone; if it comes back, find who changes this user"
            }
            Self::IdleUserHasSessions => {
                "nothing has been changed, and the next attempt goes on once these sessions have ended: let their clients read AWSCURRENT \
                 and open new ones, or end the sessions; or set REFUSE_WHILE_IDLE_USER_HAS_SESSIONS to false"
            }
            Self::Protocol => {
                "check the secret's host and port: what responds there does not speak this database's protocol"
            }
            Self::QueryFailed => "look the code up in the server's documentation and its log",
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
            Self::LabelMoved => {
                "the next attempt goes on from the version that is AWSCURRENT then; if nobody was to move the label, look in \
                 CloudTrail for PutSecretValue and UpdateSecretVersionStage"
            }
            Self::Rds => {
                "allow rds:DescribeDBInstances and rds:DescribeDBClusters, and check that the server is in this \
                 account and region"
            }
            Self::ReplicationFailed => "the next attempt then goes on from here",
            Self::ReplicationPending => {
                "the next attempt looks again; if Secrets Manager shows InProgress for hours, have the secret replicated to that \
                 region anew (ReplicateSecretToRegions), or remove the region (RemoveRegionsFromReplication)"
            }
            Self::Deadline => "look at what was waited for, or give the function more time",
        }
    }
}
