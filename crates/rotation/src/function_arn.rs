//! The ARN of a Lambda function.

/// The ARN without its version or alias (Lambda Developer Guide, "Function versions": the eighth part).
pub(crate) fn unqualified(arn: &str) -> String {
    arn.split(':').take(7).collect::<Vec<_>>().join(":")
}
