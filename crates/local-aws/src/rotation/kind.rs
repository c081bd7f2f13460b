use super::Step;

/// A rotation to run in the background.
pub(crate) struct Run {
    pub(crate) arn: String,
    pub(crate) version: String,
    pub(crate) kind: Kind,
}

/// The kind of rotation that `RotateSecret` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// All four steps.
    Rotation,
    /// testSecret only, on a temporary version that holds a copy of the current value.
    Probe,
}

impl Kind {
    pub(super) fn steps(self) -> &'static [Step] {
        match self {
            Kind::Rotation => &Step::ALL,
            Kind::Probe => &[Step::TestSecret],
        }
    }
}
