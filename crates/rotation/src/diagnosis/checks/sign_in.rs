//! Whether AWSCURRENT signs in.

use super::{Facts, Judgement, judged, pending};
use crate::diagnosis::Status;
use crate::steps::CurrentSignIn;

pub(super) fn judge(facts: &Facts) -> Judgement {
    judged(facts, facts.rehearsal.current.as_ref(), |sign_in| match sign_in {
        CurrentSignIn::Accepted => Judgement::pass("AWSCURRENT signs in"),
        CurrentSignIn::Another { rejected, version } => Judgement::fail(
            format!("AWSCURRENT is rejected ({rejected}), and {version} signs in"),
            blocked(facts).unwrap_or_else(|| {
                format!("run {}: the rotation goes on from the version that signs in", facts.rotate())
            }),
        ),
    })
}

/// What to do first about an unfinished version with which no rotation goes on.
fn blocked(facts: &Facts) -> Option<String> {
    let pending = pending::judge(facts);
    pending.fix.filter(|_| pending.status == Status::Fail)
}
