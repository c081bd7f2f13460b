//! The TLS handshake: whether the certificate is trusted and for this name, and for how much longer.

use std::time::Duration;

use super::{Facts, Judgement, judged};
use crate::cause::Cause;
use crate::error::CallError;
use crate::time::duration;

/// A warning comes a rotation's usual interval ahead.
const SOON: Duration = Duration::from_secs(30 * 24 * 60 * 60);

pub(super) fn judge(facts: &Facts) -> Judgement {
    judged(facts, facts.reached.as_ref(), |reached| match &reached.tls {
        None => Judgement::skipped("no connection was made, or the secret says \"ssl\": false"),
        Some(Err(CallError::Failed { cause, response })) => Judgement::fail(response, cause.remedy()),
        Some(Err(CallError::Refused(refusal))) => Judgement::fail(refusal.to_string(), String::new()),
        Some(Ok(tls)) => match tls.valid_for {
            Some(left) if left < SOON => Judgement::warn(
                format!("{}; the certificate expires in {}", tls.version, duration(left)),
                Cause::TlsExpired.remedy(),
            ),
            Some(left) => {
                Judgement::pass(format!("{}; the certificate is valid for {}", tls.version, duration(left)))
            }
            None => Judgement::pass(&*tls.version),
        },
    })
}
