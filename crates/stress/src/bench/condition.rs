//! Under which conditions a rotation is measured.

use std::time::Duration;

/// One set of conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Whether the function's process is a new one.
    pub process: ProcessAge,
    /// How much of a core it has.
    pub share: Share,
    /// What is added to each call of AWS's APIs.
    pub api: Duration,
    /// What is added to each message to the database.
    pub database: Duration,
}

/// Whether a rotation begins in a new process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessAge {
    /// A new process for each rotation, which handles its four events.
    Cold,
    /// One process, which has rotated before.
    Warm,
}

/// How much of a core a process may use after its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// As much as it wants.
    Whole,
    /// What Lambda gives to 128 MB.
    Fourteenth,
}

impl ProcessAge {
    /// As tables have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cold => "cold",
            Self::Warm => "warm",
        }
    }
}

impl Share {
    /// As tables have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Fourteenth => "1/14",
        }
    }
}

/// A whole core under each combination of delays; a fourteenth under the longest delay of the APIs, which is the nearest
/// to Lambda. Each cold and warm.
pub(super) fn all(api: &[Duration], database: &[Duration], shares: &[Share]) -> Vec<Condition> {
    let mut all = Vec::new();
    let longest = api.iter().max();
    for &share in shares {
        for &api in api.iter().filter(|api| share == Share::Whole || Some(*api) == longest) {
            for &database in database {
                let of = |process| Condition { process, share, api, database };
                all.extend([ProcessAge::Cold, ProcessAge::Warm].map(of));
            }
        }
    }
    all
}
