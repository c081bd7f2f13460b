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
//! It listens on loopback only, keeps nothing on disk, and never logs a value.
//!
//! # Who gets a response
//!
//! Every local user can connect to a port of loopback. So every request, those to `/_local/` included, must carry one
//! of the server's access keys in the `Credential=` of Signature Version 4. By default that is a random key of 128
//! bits, another at each start. A request without one gets AWS's own error for it, the same whatever was asked for
//! and whether or not it exists; it is not logged as a call, and uses up no planned failure. Requests for another
//! host name than this machine's own, and those with an `Origin` header, get status 403: a web page made a browser
//! send them.
//!
//! Not verified:
//! - the signature itself, the secret access key that made it, and the hash of the body: the access key alone is the
//!   proof. AWS takes an access key id for public; here it is a secret;
//! - the session token, the date and its expiry, the region and the service of the signature;
//! - permissions: a key allows every call. There are no users, roles and policies, so what a role lacks shows at AWS
//!   only;
//! - the server, by its clients: they use plain HTTP, and send key and values to whatever listens at the URL that
//!   they were given. The port is the server's while it runs (it does not start where the port is taken). After it
//!   has ended, another user may listen there: end the functions that use it, too;
//! - the functions, by the server: what listens at `lambda_url` gets the event, which holds an ARN, a version and a
//!   rotation token but no value and no key, and its response is believed. Where another user listens there first, a
//!   rotation fails, or a step that did nothing counts as done. `cargo lambda watch` takes events from every local
//!   user.
//!
//! Not prevented: a local user who opens many connections, or takes the port first, keeps others out. Root, and other
//! processes of the same user, can read the key and the values in memory; they are not wiped.

mod access_key;
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

pub use access_key::AccessKey;
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
