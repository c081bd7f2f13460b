//! The services' error codes: those of Secrets Manager's and RDS's API references ("Errors", "Common Errors"),
//! of IAM and of KMS.

use rotation::Cause;

/// The cause that a code stands for; `None` for codes that only the service defines.
pub(crate) fn cause_of(code: &str, message: &str) -> Option<Cause> {
    let throttled =
        ["TooManyRequestsException", "RequestLimitExceeded", "SlowDown", "BandwidthLimitExceeded"];
    match code {
        "ResourceNotFoundException" => Some(Cause::SecretNotFound),
        // One code for a secret in several wrong states; only the sentence says which.
        "InvalidRequestException" if message.contains("marked for deletion") => Some(Cause::SecretNotFound),
        "DecryptionFailure" | "EncryptionFailure" => Some(Cause::Kms),
        _ if code.starts_with("KMS") => Some(Cause::Kms),
        _ if is_denial(code) && (message.contains("Access to KMS") || message.contains("kms:")) => {
            Some(Cause::Kms)
        }
        _ if is_denial(code) || is_bad_credential(code) => Some(Cause::AccessDenied),
        _ if code.contains("Throttl") || throttled.contains(&code) => Some(Cause::Throttled),
        _ => None,
    }
}

/// Whether the service knows the caller and denies it the action.
pub(crate) fn is_denial(code: &str) -> bool {
    ["AccessDeniedException", "AccessDenied", "UnauthorizedOperation", "NotAuthorized"].contains(&code)
}

/// Whether the service does not accept the caller's credentials. The messages of these codes may quote the request's
/// canonical form, so they are not shown.
fn is_bad_credential(code: &str) -> bool {
    let codes = [
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "InvalidToken",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "OptInRequired",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    ];
    codes.contains(&code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_a_cause() {
        let denied = "User: arn:aws:sts::1:assumed-role/r/f is not authorized to perform: ";
        let cases = [
            ("ResourceNotFoundException", "", Some(Cause::SecretNotFound)),
            (
                "InvalidRequestException",
                "... because it was marked for deletion.",
                Some(Cause::SecretNotFound),
            ),
            ("InvalidRequestException", "You can't ...", None),
            ("AccessDeniedException", "secretsmanager:GetSecretValue", Some(Cause::AccessDenied)),
            ("AccessDeniedException", "Access to KMS is not allowed", Some(Cause::Kms)),
            ("AccessDeniedException", &format!("{denied}kms:Decrypt on resource: x"), Some(Cause::Kms)),
            (
                "AccessDeniedException",
                &format!("{denied}x on resource: arn:secret:mykms-1"),
                Some(Cause::AccessDenied),
            ),
            ("AccessDenied", "rds:DescribeDBInstances", Some(Cause::AccessDenied)),
            ("ExpiredTokenException", "", Some(Cause::AccessDenied)),
            ("UnrecognizedClientException", "", Some(Cause::AccessDenied)),
            ("InvalidClientTokenId", "", Some(Cause::AccessDenied)),
            ("ThrottlingException", "", Some(Cause::Throttled)),
            ("Throttling", "", Some(Cause::Throttled)),
            ("TooManyRequestsException", "", Some(Cause::Throttled)),
            ("DecryptionFailure", "", Some(Cause::Kms)),
            ("EncryptionFailure", "", Some(Cause::Kms)),
            ("KMSInvalidStateException", "", Some(Cause::Kms)),
            ("InternalServiceError", "", None),
            ("LimitExceededException", "", None),
            ("InvalidParameterException", "", None),
        ];
        for (code, message, cause) in cases {
            assert_eq!(cause_of(code, message), cause, "{code}: {message}");
        }
    }
}
