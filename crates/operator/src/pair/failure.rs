//! Why no pair is planned. Each text ends with what to do.

use std::fmt;
use std::io;
use std::path::PathBuf;

use rotation::{CallError, Refusal, Username, VersionId};

use super::shell::quoted;

/// Why no pair is planned.
#[derive(Debug)]
pub(crate) enum Failure {
    Environment(Vec<String>),
    Unreadable {
        path: PathBuf,
        error: io::Error,
    },
    FileExists {
        path: PathBuf,
    },
    File {
        path: PathBuf,
        error: io::Error,
    },
    Output {
        out: PathBuf,
        error: io::Error,
    },
    /// A call of a service, or of the database server.
    Call {
        doing: String,
        error: CallError,
    },
    /// What a rotation would be refused for, too.
    Refused(Refusal),
    NoCurrent,
    /// The superuser makes the clone.
    HasSuperuser,
    /// The secret's current user is a clone.
    IsClone {
        clone: Username,
        base: Username,
    },
    /// AWSPREVIOUS is the clone's already.
    IsPair {
        clone: Username,
        previous: VersionId,
        secret: String,
    },
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(problems) => write!(f, "the environment is wrong: {}", problems.join("; ")),
            Self::Unreadable { path, error } => {
                write!(f, "cannot read {} ({error}): name a file with AWSCURRENT's JSON", path.display())
            }
            Self::FileExists { path } => write!(
                f,
                "{} exists, and may hold the only copy of a password: store it or remove it, or name another file with --out",
                path.display()
            ),
            Self::File { path, error } => {
                write!(f, "cannot write {} ({error}): remove it if it exists, and try again", path.display())
            }
            Self::Output { out, error } => write!(
                f,
                "cannot write the SQL ({error}): if none of it was run, remove {} and try again",
                out.display()
            ),
            Self::Call { doing, error: CallError::Refused(refusal) } => {
                write!(f, "cannot {doing}, and rotations would be refused, too: {refusal}")
            }
            Self::Call { doing, error } => write!(f, "cannot {doing}: {error}"),
            Self::Refused(refusal) => write!(f, "rotations of this secret would be refused: {refusal}"),
            Self::NoCurrent => write!(
                f,
                "there is no such secret, or it has no AWSCURRENT version: check its name and the region"
            ),
            Self::HasSuperuser => write!(
                f,
                "the secret names a superuser (masterarn), who makes the clone at the first rotation: rotate; or, if no superuser \
                 is to be within reach of the function, store AWSCURRENT again without masterarn, and run this again"
            ),
            Self::IsClone { clone, base } => write!(
                f,
                "AWSCURRENT is of {clone}, the clone of {base}: the pair exists; the next rotation prints what it lacks"
            ),
            Self::IsPair { clone, previous, secret } => write!(
                f,
                "AWSPREVIOUS is of {clone} already, so the pair was made; `aws secretsmanager rotate-secret --secret-id {secret} \
                 --no-rotate-immediately` tells whether the two are equal; if {clone} does not exist, run `aws secretsmanager \
                 update-secret-version-stage --secret-id {secret} --version-stage AWSPREVIOUS --remove-from-version-id {}`, \
                 and this again",
                quoted(&previous.0)
            ),
        }
    }
}
