//! Where moto differs from AWS in the life of secrets: the check of life.py, and what is right by which source.

/// The sources are the API reference of Secrets Manager unless said otherwise.
pub(super) const DEVIATIONS: &[(&str, &str)] = &[
    ("update the value", "a version without a label is deprecated and not among VersionIdsToStages"),
    ("list the versions with a label", "versions without a label are listed with IncludeDeprecated only"),
    (
        "list the versions without a label as well",
        "such a version has no VersionStages (recorded: a snapshot of LocalStack)",
    ),
    ("move AWSCURRENT back", "as in the check `update the value`"),
    ("list by name, sorted", "SortOrder desc is the other way round; moto ignores it"),
    ("a batch has ids or filters", "a request must have SecretIdList or Filters"),
    (
        "a public policy is refused where that is asked for",
        "BlockPublicPolicy is PublicPolicyException; moto ignores it",
    ),
    ("a malformed policy is refused", "MalformedPolicyDocumentException; moto keeps any text"),
    ("validate a good policy", "moto lacks ValidateResourcePolicy"),
    ("validate a public policy", "moto lacks ValidateResourcePolicy"),
    ("rotate, and wait", "the function is called; moto looks for it in its own Lambda"),
    ("cancel", "NextRotationDate is absent once rotation is off"),
    (
        "a function that cannot be called is refused",
        "AccessDeniedException (recorded: a snapshot of LocalStack)",
    ),
    ("replicate, and wait", "ARN is the primary's ARN, not the id that was asked for"),
    (
        "a secret with a replica cannot be deleted",
        "the text names the secret's ARN and ends with a full stop (recorded: users' logs of AWS)",
    ),
    ("stop replication, and write", "moto lacks StopReplicationToReplica"),
    (
        "a name that exists in the region fails the replication there",
        "follows from `stop replication, and write`: there is no such secret in moto",
    ),
    (
        "a password with a space may have four characters",
        "PasswordLength is the length; moto returns five characters",
    ),
    (
        "an error has the status 400",
        "AWS JSON 1.1: 400 for every error of a client; moto returns 404 for some",
    ),
    ("list the versions of a secret that does not exist", "ResourceNotFoundException; moto fails"),
    ("stop replication of a secret that does not exist", "moto lacks StopReplicationToReplica"),
];
