//! Events, from Secrets Manager or from any caller that may invoke a function.

use rotation::RotationEvent;

/// Parses an event. An error must not quote it; wrong values in the corpus contain "hunter2", so that a quotation is found.
pub(crate) fn check(bytes: &[u8]) {
    let Ok(event) = serde_json::from_slice(bytes) else { return };
    match RotationEvent::parse(event) {
        Ok(event) => {
            assert!((1..=2048).contains(&event.secret_id.0.len()));
            assert!((32..=64).contains(&event.version_id.0.len()));
            if let Some(token) = &event.rotation_token {
                assert!((36..=256).contains(&token.expose().len()));
                assert!(!format!("{:?}", event.rotation_token).contains(token.expose()));
            }
        }
        Err(refusal) => assert!(!format!("{refusal} {refusal:?}").contains("hunter2"), "{refusal}"),
    }
}
