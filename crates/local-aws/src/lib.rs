//! A strict AWS Secrets Manager on this machine, and the service side of rotation: a rotation function is called here
//! as AWS calls it, so it can be tried before it is deployed.
//!
//! [`LocalAws::start`] serves on one port:
//! - Secrets Manager (protocol `awsJson1_1`), for any AWS SDK or the AWS CLI with `--endpoint-url`: versions whose
//!   values never change, pending versions without a value, a label on one version only, AWS's errors;
//! - rotation: `RotateSecret` calls the function at `LAMBDA_URL/2015-03-31/functions/NAME/invocations`, which is the form
//!   of `cargo lambda watch`, of AWS's Runtime Interface Emulator and of Lambda itself;
//! - `DescribeDBInstances` and `DescribeDBClusters` of RDS, for registered servers;
//! - `/_local/`, for what AWS's interface cannot say.
//!
//! It listens on loopback only, answers to this machine's own names only, keeps nothing on disk, and never logs a value.
//! Requests must be signed, but signatures are not verified: there are no users and no policies here.

mod calls;
pub mod cli;
mod failures;
#[doc(hidden)]
pub mod fuzzing;
mod http;
mod local;
mod operations;
mod rds;
mod rotation;
mod secrets;
mod server;
mod service;
mod throttle;

pub use calls::{Call, Caller};
pub use failures::{Effect, Failure};
pub use rds::{DbCluster, DbClusterMember, DbInstance, MemberRole};
pub use rotation::{Attempt, FunctionError, FunctionErrorKind, Rotation, Step, StepResult};
pub use server::{LocalAws, Options, StartError};
pub use throttle::WRITES_PER_SECOND;

/// The operating system's entropy; it panics if the system has none, and then nothing here can be trusted.
fn entropy() -> impl rand::Rng {
    rand::rand_core::UnwrapErr(rand::rngs::SysRng)
}
