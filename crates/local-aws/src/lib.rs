//! A strict AWS Secrets Manager on this machine, and the service side of rotation: it calls a rotation function as AWS
//! does, so that a function can be tried before it is deployed.
//!
//! [`LocalAws::start`] serves on one port:
//! - Secrets Manager (protocol `awsJson1_1`), for AWS's SDKs or the AWS CLI with `--endpoint-url`: versions whose
//!   values never change, pending versions without a value, a label on one version only, AWS's errors. The region of
//!   a request's signature has secrets of its own, and a secret can have replicas in others;
//! - rotation: `RotateSecret` calls the function at `LAMBDA_URL/2015-03-31/functions/NAME/invocations`, which is the form
//!   of `cargo lambda watch`, of AWS's Runtime Interface Emulator and of Lambda itself;
//! - `DescribeDBInstances` and `DescribeDBClusters` of RDS, for registered servers;
//! - `/_local/`, for what AWS's API does not offer.
//!
//! It begins rotations by itself when a schedule says so, on a clock that can be fast or be advanced, and shows the events
//! that `EventBridge` would get.
//!
//! It listens on loopback only and never logs a value. On disk it keeps events ([`Options::events`]) and secrets
//! ([`Options::state`]) if asked, and otherwise nothing.
//!
//! [`host`] runs functions as Lambda does, for `local-aws run` and for tests. [`cli`] is the command line.
//!
//! # Access control
//!
//! Every local user can connect to a port of loopback. So every request, those to `/_local/` included, must carry one
//! of the server's access keys in the `Credential=` of Signature Version 4. By default that is a random key of 128
//! bits, a new one at each start. Rotation functions may have keys of their own: by them the server knows that a function
//! wrote a pending value, as AWS does by the role. A request without a key gets AWS's own error, the same for every operation and
//! whether or not the secret exists. It is not logged as a call, and uses up no planned failure. Requests for a host
//! name that is not this machine's, and requests with an `Origin` header, get status 403: a browser sent them for a
//! web page.
//!
//! Not verified:
//! - the signature itself, the secret access key that made it, and the hash of the body: the access key id alone
//!   authenticates. AWS treats it as public; here it is a secret;
//! - the session token, the date and its expiry, and the service of the signature. The region only has to look like one;
//! - permissions: a key allows every call, also one for functions. There are no users and roles, and resource policies are
//!   kept but not enforced. So a permission that a role lacks is noticed only at AWS;
//! - the server, by its clients: they use plain HTTP, and send the key and values to any program that listens at their
//!   URL. While the server runs, the port is its own (it does not start if the port is taken). After it has ended,
//!   another user may listen there: end the functions that use it, too;
//! - the functions, by the server: the program that listens at `lambda_url` gets the event, which holds an ARN, a
//!   version and a rotation token but no value and no key, and its response is trusted. If another user listens there
//!   first, a rotation fails, or a step that did nothing counts as done. `cargo lambda watch` accepts events from
//!   every local user.
//!
//! Not prevented: a local user who opens many connections, or takes the port first, can keep others out. Root, and
//! other processes of the same user, can read the key and the values in memory; they are not wiped.

mod access_key;
mod calls;
pub mod cli;
mod clock;
mod colors;
mod entropy;
mod events;
mod failures;
#[doc(hidden)]
pub mod fuzzing;
pub mod host;
mod http;
mod local;
mod lock;
mod operations;
mod options;
mod rds;
mod replication_options;
mod rotation;
mod saving;
mod secrets;
mod server;
mod service;
mod start_error;
mod state;
mod throttle;

pub use access_key::AccessKey;
pub use calls::{Call, Caller};
pub use colors::{Color, Colors};
pub use failures::{Effect, Failure};
pub use options::{EventOutput, Options};
pub use rds::{DbCluster, DbClusterMember, DbInstance, MemberRole};
pub use replication_options::ReplicationOptions;
pub use rotation::{Attempt, FunctionError, FunctionErrorKind, Rotation, Step, StepResult};
pub use server::LocalAws;
pub use start_error::StartError;
pub use state::StateError;
pub use throttle::WRITES_PER_SECOND;
