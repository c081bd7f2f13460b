//! The conditions under which rotations are measured.

use std::time::Duration;

/// One condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Whether each rotation has a new process.
    pub process: ProcessAge,
    /// How much of a core the process may use.
    pub share: Share,
    /// What is added to the duration of each call of AWS's APIs.
    pub api: Duration,
    /// What is added to each message to the database.
    pub database: Duration,
    /// How long a step's event comes after the response to the step before.
    pub pause: Duration,
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
    /// All of it.
    Whole,
    /// What Lambda gives a function of 128 MB.
    Fourteenth,
}

impl ProcessAge {
    /// Its name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cold => "cold",
            Self::Warm => "warm",
        }
    }
}

impl Share {
    /// Its name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Fourteenth => "1/14",
        }
    }
}

/// All conditions, each cold and warm: a whole core under each combination of delays, and a fourteenth under the longest
/// delay of the APIs, which is closest to Lambda. All without a pause between steps.
pub(super) fn all(api: &[Duration], database: &[Duration], shares: &[Share]) -> Vec<Condition> {
    let mut all = Vec::new();
    let longest = api.iter().max();
    for &share in shares {
        for &api in api.iter().filter(|api| share == Share::Whole || Some(*api) == longest) {
            for &database in database {
                let of = |process| Condition { process, share, api, database, pause: Duration::ZERO };
                all.extend([ProcessAge::Cold, ProcessAge::Warm].map(of));
            }
        }
    }
    all
}
