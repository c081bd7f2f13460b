use std::time::Duration;

use crate::AccessKey;

/// The memory that a function has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemorySize {
    /// So many MiB. A function whose processes have more is killed.
    Limited(u32),
    /// The function is told that it has so many MiB, but nothing is measured.
    Unlimited(u32),
}

impl MemorySize {
    pub(super) fn mebibytes(self) -> u32 {
        match self {
            Self::Limited(size) | Self::Unlimited(size) => size,
        }
    }

    /// In KiB.
    pub(super) fn limit(self) -> Option<usize> {
        match self {
            Self::Limited(size) => Some(usize::try_from(size).unwrap_or(usize::MAX).saturating_mul(1024)),
            Self::Unlimited(_) => None,
        }
    }
}

/// How a function is run.
#[derive(Debug, Clone)]
pub struct Configuration {
    /// Its name.
    pub name: String,
    /// The region that it is in.
    pub region: String,
    /// The account that it belongs to.
    pub account: String,
    /// Its memory.
    pub memory: MemorySize,
    /// How long it may take for an event.
    pub timeout: Duration,
    /// With which it calls AWS.
    pub access_key: AccessKey,
    /// Its variables, besides those that Lambda sets. They replace Lambda's of the same name.
    pub environment: Vec<(String, String)>,
}

impl Configuration {
    /// Its ARN.
    #[must_use]
    pub fn arn(&self) -> String {
        format!("arn:aws:lambda:{}:{}:function:{}", self.region, self.account, self.name)
    }
}
