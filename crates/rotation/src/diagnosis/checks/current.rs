//! Whether AWSCURRENT can be read, and is a secret of this engine.

use super::{Facts, Judgement, judged};

pub(super) fn judge(facts: &Facts) -> Judgement {
    judged(facts, facts.versions.as_ref().map(|versions| &versions.current), |current| {
        let superuser = match &current.superuser {
            Some(superuser) => format!(", with the superuser of {superuser}"),
            None => String::new(),
        };
        Judgement::pass(format!("is for {}{superuser}", current.username))
    })
}
