//! What `EventBridge` and `CloudTrail` would show of rotations and replication.
//!
//! # The shape
//!
//! An event is `EventBridge`'s envelope with the detail type `AWS Service Event via CloudTrail`. Two events of the real
//! service that others published have the same members, and these are theirs:
//! - `RotationSucceeded` of 2021-08-13, whole, in the AWS Database Blog ("Multi-user secrets rotation for Amazon RDS",
//!   2022-04-22);
//! - `RotationFailed` of 2021-09-01, its ARNs shortened, as a comment in published code that sends such events to Slack.
//!
//! Sure, because both have it: every member of the envelope and of `detail`, in this order, `resources` empty,
//! `requestParameters` and `responseElements` null, the secret's ARN in `additionalEventData.SecretId`, times in whole
//! seconds. `requestID` is `Rotation-`, the ARN, a hyphen and the token of the rotation (whole in the first event). Neither
//! has `serviceEventDetails` or an `errorCode`. `errorMessage` is in the second only.
//!
//! Less sure:
//! - the names of the other events, and what they mean, are in the user guide ("`CloudTrail` entries for Secrets
//!   Manager"); that they have the same members is inferred. So is `Replication-` in the `requestID` of `ReplicationFailed`;
//! - `errorMessage`: [`step_failed`] is recorded for createSecret and documented for every step, [`foreign_value`] is
//!   documented (user guide, "Troubleshoot rotation"). The text for a finishSecret that leaves the labels unfinished is ours;
//! - `eventVersion` is 1.08, as recorded; `CloudTrail` raises it from time to time.
//!
//! # When
//!
//! No source says whether `RotationFailed` is emitted for each failed attempt or when the service gives up. Here it is
//! emitted for each: its message names one step, and the recorded one is of 00:50 UTC, when the windows of that time,
//! which lasted the whole UTC day, had just opened. `RotationStarted` is emitted when a rotation begins, and when
//! `RotateSecret` runs an unfinished one again; not for the attempts in between (inferred).
//!
//! A rotation that is cancelled, or whose secret is deleted, emits nothing more: AWS has no such event, only the calls.
//!
//! Not emitted: `StartSecretVersionDelete`, `CancelSecretVersionDelete` and `EndSecretVersionDelete` (the user guide names
//! them, nothing recorded shows them), calls of the API (`AWS API Call via CloudTrail`), and the event
//! `Secret Label Updated`, which does not pass through `CloudTrail`.

mod event;
mod log;

pub(crate) use event::{Event, EventName, foreign_value, step_failed};
pub(crate) use log::{EventLog, Page};
