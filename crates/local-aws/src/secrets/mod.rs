//! The state of Secrets Manager: secrets, their versions and labels. No HTTP, no clock, no I/O.
//!
//! The rules are those of the API reference (2017-10-17) and, where that says nothing, of recorded responses of the
//! real service. Messages are the service's own if they are known.

mod account;
mod arn;
mod condition;
#[cfg(test)]
mod laws;
mod policy;
mod refusal;
mod region;
mod replication;
#[cfg(test)]
mod replication_laws;
mod role;
mod schedule;
mod secret;
mod value;
mod version;
mod versions;

pub(crate) use account::{Account, DEFAULT_ACCOUNT, Secrets};
pub(crate) use arn::new_arn;
pub(crate) use policy::{Access, DEFAULT_POLICY, Policy};
pub(crate) use refusal::Refusal;
pub(crate) use region::Region;
pub(crate) use replication::Conditions;
pub(crate) use role::{Conflict, Replica, Role, Status};
pub(crate) use schedule::{Anchor, RequestedRules, RotationRules};
pub(crate) use secret::{Deletion, RotationConfig, Secret};
pub(crate) use value::Value;
pub(crate) use version::{Author, Content, Version};
pub(crate) use versions::{CURRENT, PENDING, Put, VersionFilter, Versions};
