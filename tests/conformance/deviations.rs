//! Where moto is known to differ from AWS: the place, and what is right by which source.

/// A part of `sequence: operation: what`, and why local-aws does otherwise. The sources are the API reference of
/// Secrets Manager unless said otherwise.
pub(super) const DEVIATIONS: &[(&str, &str)] = &[
    ("DescribeSecret: SecretVersionsToStages is absent", "DescribeSecret has VersionIdsToStages only"),
    ("DescribeSecret: LastAccessedDate is \"a moment\"", "DescribeSecret returns it once a value was read"),
    (
        "values: DescribeSecret: VersionIdsToStages",
        "a version without a label is deprecated and not among VersionIdsToStages",
    ),
    ("ListSecretVersionIds: ARN is \"arn", "ARN is the secret's ARN, not the id that was asked for"),
    ("ListSecretVersionIds: NextToken is absent", "NextToken is absent where there is no more"),
    (
        "ListSecretVersionIds: Versions is",
        "a version without a label is listed with IncludeDeprecated only; each has KmsKeyIds",
    ),
    ("ListSecrets: SecretList is", "an entry has SecretVersionsToStages, without deprecated versions"),
    (
        "moves-to-nowhere: DescribeSecret: VersionIdsToStages",
        "a move that is refused changes nothing; moto has taken the label off by then",
    ),
    (
        "rotation: RotateSecret: returns None",
        "the function exists (local-aws was told so); moto looks for it in its own Lambda",
    ),
    (
        "rotation: DescribeSecret: NextRotationDate is absent",
        "NextRotationDate is not shown once rotation is off",
    ),
    (
        "rotation: CancelRotateSecret: VersionId is",
        "VersionId is the version of the cancelled rotation, not the current one",
    ),
    (
        "rotation-without-function: RotateSecret: returns Some(\"InvalidRequestException\")",
        "a secret without a function cannot be rotated; moto makes a copy current",
    ),
    ("second-rotation: RotateSecret: returns None", "as in the sequence rotation"),
    ("moves-before-the-last-step: RotateSecret: returns None", "as in the sequence rotation"),
    (
        "second-rotation: RotateSecret: returns Some(\"InvalidRequestException\")",
        "a rotation while another version is pending is refused",
    ),
    (
        "unknown: ListSecretVersionIds: returns Some(\"ResourceNotFoundException\")",
        "a secret that does not exist is ResourceNotFoundException; moto fails",
    ),
    (
        "too-large: PutSecretValue: returns Some(\"ValidationException\")",
        "SecretString has at most 65,536 bytes",
    ),
    (
        "write-to-deleted: PutSecretValue: returns Some(\"InvalidRequestException\")",
        "a secret that is scheduled for deletion takes no value",
    ),
    (
        "passwords: GetRandomPassword: returns Some(\"ValidationException\")",
        "PasswordLength has a maximum of 4096 in the service's model, which returns ValidationException",
    ),
];
