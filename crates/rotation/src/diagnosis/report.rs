//! The report of a diagnosis: what each check found, and what to do.

use serde_json::{Value, json};

use crate::error::{CallError, Error, Refusal};

/// What each check of a diagnosis found, in the order of causes: what comes first may explain what follows.
#[derive(Debug)]
pub struct Report {
    /// The secret, as it was named.
    pub secret: String,
    /// Every check, in the order of the registry.
    pub findings: Vec<Finding>,
}

/// What one check found.
#[derive(Debug)]
pub struct Finding {
    /// What the check is about.
    pub topic: Topic,
    /// The check's name.
    pub check: &'static str,
    /// How it ended.
    pub status: Status,
    /// What was seen.
    pub seen: String,
    /// What to do. Statements stand in it as the errors of a rotation print them.
    pub fix: Option<String>,
}

/// What a check is about, in the order in which a rotation meets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// The function itself.
    Function,
    /// The secret in Secrets Manager.
    Secret,
    /// Names, addresses, TLS.
    Network,
    /// The database server and its users.
    Database,
}

/// How a check ended, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// It could not be made.
    Skipped,
    /// Nothing is wrong.
    Pass,
    /// A rotation succeeds, and something should be looked at.
    Warn,
    /// A rotation fails, or AWSCURRENT does not sign in.
    Fail,
}

impl Topic {
    fn name(self) -> &'static str {
        match self {
            Self::Function => "function",
            Self::Secret => "secret",
            Self::Network => "network",
            Self::Database => "database",
        }
    }
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

impl Report {
    /// The finding to act on: the first of the worst ones. `None` if nothing is wrong.
    #[must_use]
    pub fn worst(&self) -> Option<&Finding> {
        let of = |status| self.findings.iter().find(|finding| finding.status == status);
        of(Status::Fail).or_else(|| of(Status::Warn))
    }

    /// With every text from elsewhere as `shown` makes it.
    #[must_use]
    pub fn shown(mut self, shown: impl Fn(&str) -> String) -> Self {
        self.secret = shown(&self.secret);
        for finding in &mut self.findings {
            finding.seen = shown(&finding.seen);
            finding.fix = finding.fix.as_deref().map(&shown);
        }
        self
    }

    /// As the function responds.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let worst = self.worst();
        json!({
            "SecretId": self.secret,
            "Status": worst.map_or(Status::Pass, |finding| finding.status).name(),
            "Worst": worst.map(|finding| finding.check),
            "Next": worst.and_then(|finding| finding.fix.as_deref()),
            "Checks": self.findings.iter().map(Finding::to_json).collect::<Vec<_>>(),
        })
    }
}

impl Finding {
    fn to_json(&self) -> Value {
        json!({
            "Topic": self.topic.name(),
            "Check": self.check,
            "Status": self.status.name(),
            "Seen": self.seen,
            "Fix": self.fix,
        })
    }
}

/// What a check says; the registry adds which check it was.
#[derive(Debug)]
pub(super) struct Judgement {
    pub(super) status: Status,
    pub(super) seen: String,
    pub(super) fix: Option<String>,
}

impl Judgement {
    pub(super) fn pass(seen: impl Into<String>) -> Self {
        Self { status: Status::Pass, seen: seen.into(), fix: None }
    }

    pub(super) fn skipped(why: impl Into<String>) -> Self {
        Self { status: Status::Skipped, seen: why.into(), fix: None }
    }

    pub(super) fn warn(seen: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { status: Status::Warn, seen: seen.into(), fix: Some(fix.into()) }
    }

    pub(super) fn fail(seen: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { status: Status::Fail, seen: seen.into(), fix: Some(fix.into()) }
    }

    /// The error that a step of the rotation would end with, in its words.
    pub(super) fn of(error: &Error) -> Self {
        let (seen, fix) = match error {
            Error::Refused(refusal) => of_refusal(refusal),
            Error::Call { doing, source: CallError::Failed { cause, response } } => {
                (format!("cannot {doing}: {response}"), cause.remedy().to_owned())
            }
            Error::Call { doing, source: CallError::Refused(refusal) } => {
                let (seen, fix) = of_refusal(refusal);
                (format!("cannot {doing}: {seen}"), fix)
            }
        };
        Self::fail(seen, fix)
    }

    /// The same, where a rotation goes on without what failed.
    pub(super) fn warning_of(error: &Error) -> Self {
        Self { status: Status::Warn, ..Self::of(error) }
    }
}

/// A refusal says what was found, and after a semicolon what to do.
fn of_refusal(refusal: &Refusal) -> (String, String) {
    if let Refusal::Secret { .. } = refusal {
        return (refusal.to_string(), "store the secret again with these fields corrected".into());
    }
    let text = refusal.to_string();
    // What a server responds or an account is named may hold a semicolon, too.
    let start = match refusal {
        Refusal::NoVersionSignsIn { remedy, .. }
        | Refusal::CurrentDoesNotSignIn { remedy, .. }
        | Refusal::IdleUserDoesNotSignIn { remedy, .. }
        | Refusal::ExpiredAlone { remedy, .. } => text.rfind(&format!("; {remedy}")),
        Refusal::NoSuperuser { .. } => text.rfind("; write AWSCURRENT anew"),
        Refusal::NoIdleUser { .. } => text.find("; if "),
        Refusal::NotTheOtherUser { unproven, .. } => Some(unproven.what.len()),
        Refusal::Database { remedy, .. } => text.rfind(&format!("; {remedy}")),
        Refusal::Event(_)
        | Refusal::NoDiagnosis
        | Refusal::Secret { .. }
        | Refusal::TooLong { .. }
        | Refusal::RotationDisabled
        | Refusal::MarkedForDeletion
        | Refusal::UnknownVersion { .. }
        | Refusal::NotPending { .. }
        | Refusal::NoCurrent
        | Refusal::NoPendingValue { .. }
        | Refusal::FieldDiffers { .. }
        | Refusal::WrongUser { .. }
        | Refusal::UsernameNotAllowed { .. }
        | Refusal::ProxyHost { .. }
        | Refusal::SuperuserElsewhere { .. }
        | Refusal::SuperuserNeedsTls
        | Refusal::OldVersion { .. } => text.find("; "),
    };
    let parts = start.and_then(|start| Some((text.get(..start)?, text.get(start + 2..)?)));
    let (what, remedy) = parts.unwrap_or((&text, ""));
    (what.to_owned(), remedy.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Unproven;
    use crate::{SecretId, Username};

    #[test]
    fn a_semicolon_in_what_was_found_ends_nothing() {
        let username = || Username("a; b".into());
        let response = || "denied; by a hook".to_owned();
        let remedy = || "as an administrator run: ONE; TWO; then rotate again".to_owned();
        let secret = || SecretId("app".into());
        for (refusal, fix) in [
            (
                Refusal::CurrentDoesNotSignIn {
                    username: username(),
                    response: response(),
                    remedy: remedy(),
                },
                "as an",
            ),
            (
                Refusal::NoVersionSignsIn {
                    username: username(),
                    current: response(),
                    untried: Vec::new(),
                    remedy: remedy(),
                },
                "as an",
            ),
            (Refusal::NoSuperuser { username: username(), response: response() }, "write AWSCURRENT anew"),
            (
                Refusal::NoIdleUser { user: username(), why: response(), create: None, secret: secret() },
                "if a; b is the application's",
            ),
            (Refusal::Database { what: response(), remedy: remedy() }, "as an"),
            (
                Refusal::NotTheOtherUser {
                    user: username(),
                    unproven: Box::new(Unproven {
                        what: response(),
                        if_ours: None,
                        otherwise: "drop it".into(),
                    }),
                    secret: secret(),
                    untried: Vec::new(),
                },
                "if a; b is the application's",
            ),
        ] {
            let (seen, told) = of_refusal(&refusal);
            assert!(told.starts_with(fix), "{seen} | {told}");
            assert_eq!(format!("{seen}; {told}"), refusal.to_string());
        }
    }
}
