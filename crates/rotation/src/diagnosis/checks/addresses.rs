//! Whether the server's name resolves, and each of its addresses accepts connections.

use super::{Facts, Judgement, judged};
use crate::error::CallError;

pub(super) fn judge(facts: &Facts) -> Judgement {
    judged(facts, facts.reached.as_ref(), |reached| {
        let (mut seen, mut refused) = (Vec::new(), None);
        for (address, result) in &reached.addresses {
            match result {
                Ok(()) => seen.push(format!("{address} accepts connections")),
                Err(CallError::Failed { cause, response }) => {
                    seen.push(format!("{address}: {response}"));
                    refused = Some(*cause);
                }
                Err(CallError::Refused(refusal)) => seen.push(format!("{address}: {refusal}")),
            }
        }
        let seen = seen.join("; ");
        let is_reached = reached.addresses.iter().any(|(_, result)| result.is_ok());
        match refused {
            None => Judgement::pass(seen),
            // Others accept, and a rotation tries each.
            Some(cause) if is_reached => Judgement::warn(seen, cause.remedy()),
            Some(cause) => Judgement::fail(seen, cause.remedy()),
        }
    })
}
