//! Whether an unfinished version is one that a rotation goes on with.

use super::{Facts, Judgement};
use crate::error::{CallError, Error, Refusal};
use crate::remedy::shell_word;

pub(super) fn judge(facts: &Facts) -> Judgement {
    let Some(versions) = &facts.versions else { return Judgement::skipped("the versions were not read") };
    let Some((version, pending)) = &versions.pending else { return Judgement::pass("there is none") };
    let (Ok(pending), Ok(current)) = (pending, &versions.current) else {
        return match pending {
            Ok(_) => Judgement::skipped("AWSCURRENT was not read"),
            Err(error @ (Error::Refused(_) | Error::Call { source: CallError::Refused(_), .. })) => {
                remove(facts, version, Judgement::of(error))
            }
            // What was not read may be the one password that signs in.
            Err(error @ Error::Call { .. }) => Judgement::of(error),
        };
    };
    let Some(pending) = pending else {
        return Judgement::warn(
            format!("version {version} has no value: createSecret failed"),
            format!("run {}", facts.rotate()),
        );
    };
    let expected = facts.strategy.next_user(&current.username);
    let refusal = if let Err(refusal) = pending.check_replaces(current) {
        refusal
    } else if pending.username != expected {
        Refusal::WrongUser { pending: pending.username.clone(), expected }
    } else if versions.is_pending_older {
        Refusal::OldVersion { version: version.clone() }
    } else {
        return Judgement::pass(format!("version {version} is one that a rotation goes on with"));
    };
    remove(facts, version, Judgement::of(&Error::Refused(refusal)))
}

/// What the refusals mean by "remove AWSPENDING from that version and rotate again".
fn remove(facts: &Facts, version: &crate::VersionId, judgement: Judgement) -> Judgement {
    let secret = &facts.secret;
    let fix = format!(
        "run aws secretsmanager update-secret-version-stage --secret-id {secret} --version-stage AWSPENDING \
         --remove-from-version-id {}, then {}",
        shell_word(&version.0),
        facts.rotate()
    );
    Judgement { fix: Some(fix), ..judgement }
}
