//! A `RotateSecret` at the end of a rotation that was cancelled.

use super::run::{Afterwards, conclude};
use super::{FunctionErrorKind, Kind, Run};
use crate::Options;
use crate::lock::lock;
use crate::secrets::{Region, RotationConfig, Secret};
use crate::server::new_service;

#[test]
fn a_rotation_that_was_turned_on_again_after_a_cancelled_step_runs_again() {
    let service = new_service(Options::default());
    let now = service.clock.now();
    let mut account = lock(&service.account);
    let secrets = account.region(&Region::default());
    let mut secret = Secret::new("app".to_owned(), secrets.new_arn("app"), now);
    let arn = secret.arn.clone();
    secret.versions.begin("v2", None, now, &arn).expect("a pending version");
    secret.rotation = Some(RotationConfig::new("a function".to_owned(), None, now));
    secrets.add(secret);
    drop(account);
    let run = Run { arn: arn.clone(), version: "v2".to_owned(), kind: Kind::Rotation };
    assert!(service.rotations.begin(&arn, "v2"));
    let cancelled = Err(FunctionErrorKind::Cancelled);
    assert_eq!(conclude(&service, &run, cancelled), Afterwards::Again);
    assert!(service.rotations.is_under_way(&arn, "v2"));
    if let Ok(secret) = lock(&service.account).find_live(&arn) {
        secret.rotation.as_mut().expect("a configuration").enabled = false;
    }
    assert_eq!(conclude(&service, &run, cancelled), Afterwards::Over);
    assert!(!service.rotations.is_under_way(&arn, "v2"));
}
