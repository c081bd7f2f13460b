//! The events, written to `target/demo/events` from the files in `events/`, so that a reader can send them again.

use std::{fs, path::PathBuf};

use serde_json::Value;
use testbed::{environment::repository, private};

/// The folder of the written events.
pub(crate) fn folder() -> PathBuf {
    repository().join("target/demo/events")
}

/// Fills in the file of the event's step with what Secrets Manager sent, and writes it to `name.json`. Returns the text.
///
/// # Errors
/// If the filled-in file differs from the event that was sent.
pub(crate) fn write(sent: &Value, name: &str) -> Result<String, String> {
    let template = match sent["Step"].as_str().unwrap_or_default() {
        "createSecret" => "create_secret.json",
        "setSecret" => "set_secret.json",
        "testSecret" => "test_secret.json",
        "finishSecret" => "finish_secret.json",
        step => return Err(format!("there is no step {step}")),
    };
    let mut event =
        fs::read_to_string(repository().join("events").join(template)).expect("a file in events/");
    let fields = [
        ("SECRET_ID", "SecretId"),
        ("CLIENT_REQUEST_TOKEN", "ClientRequestToken"),
        ("ROTATION_TOKEN", "RotationToken"),
    ];
    for (placeholder, field) in fields {
        event = event.replace(placeholder, sent[field].as_str().unwrap_or_default());
    }
    if serde_json::from_str::<Value>(&event).ok().as_ref() != Some(sent) {
        return Err(format!("events/{template} is not what Secrets Manager sends"));
    }
    private::write(&folder().join(format!("{name}.json")), &event);
    Ok(event)
}
