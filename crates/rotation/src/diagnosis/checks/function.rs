//! Whether this function rotates the secret, and has the time for it. Another function's secret is not looked at any further: anyone
//! who may invoke this function might not be allowed to know it.

use std::time::Duration;

use super::{Facts, Judgement};
use crate::Strategy;
use crate::function_arn::unqualified;
use crate::time::duration;

/// A sign-in that a server holds, and the change.
const ENOUGH: Duration = Duration::from_secs(25);

pub(super) fn judge(facts: &Facts) -> Judgement {
    match facts.is_ours() {
        None if facts.described.is_err() => Judgement::skipped("the secret was not described"),
        None if is_managed(facts) => Judgement::fail(
            "RDS made this secret for a server's master user, and rotates it by itself",
            "name a secret that a function rotates (RDS rotates this one at once by ModifyDBInstance or ModifyDBCluster with \
             RotateMasterUserPassword)",
        ),
        None => Judgement::fail(
            "rotation was never configured for this secret",
            format!(
                "run {} --rotation-lambda-arn {} --rotation-rules \
                 AutomaticallyAfterDays=30 --no-rotate-immediately, which tests the function, and read its log",
                facts.rotate(),
                unqualified(&facts.function)
            ),
        ),
        Some(false) => Judgement::fail(
            "another function rotates this secret, so this one looks no further",
            format!(
                "invoke the function that aws secretsmanager describe-secret --secret-id {} --query RotationLambdaARN names",
                facts.secret
            ),
        ),
        Some(true) if facts.time_limit < ENOUGH => Judgement::warn(
            format!(
                "an invocation may take {}, too short for a server that resumes or fails over",
                duration(facts.time_limit)
            ),
            format!(
                "run aws lambda update-function-configuration --function-name {} --timeout 60",
                unqualified(&facts.function)
            ),
        ),
        Some(true) => Judgement::pass(format!(
            "rotates this secret ({}), within {}, to passwords of {} characters",
            name(facts.strategy),
            duration(facts.time_limit),
            facts.password_length
        )),
    }
}

/// Whether RDS rotates it (Secrets Manager User Guide, "Managed rotation"): it says for which server it made a secret.
fn is_managed(facts: &Facts) -> bool {
    facts.described.as_ref().is_ok_and(|described| described.made_for.is_some())
}

fn name(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::SingleUser => "single user",
        Strategy::AlternatingUsers => "alternating users",
        Strategy::DualPassword => "dual password",
    }
}
