//! A recording in words, for readers who do not see its picture.

use super::recording::{Lane, Recording, Rotation};

/// The heading of a picture.
#[must_use]
pub fn title(recording: &Recording) -> String {
    let Recording { mode, function, server, .. } = recording;
    let mut name = mode.clone();
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    format!("{name}: {function} on {server}")
}

/// What the picture shows, in sentences with its numbers.
#[must_use]
pub fn summary(recording: &Recording) -> String {
    let mut sentences = Vec::new();
    for (number, rotation) in (1..).zip(&recording.rotations) {
        sentences.push(format!("Rotation {number}: {}.", of_application(rotation)));
        for (version, lane) in (1..).zip(&rotation.versions) {
            sentences.push(format!("Version {version} ({}): {}.", lane.user, of_version(lane)));
        }
    }
    sentences.join(" ")
}

/// How the application's sign-ins went.
pub(super) fn of_application(rotation: &Rotation) -> String {
    let all = rotation.application.len();
    let rejected: Vec<_> = rotation.rejected().collect();
    match (rejected.first(), rejected.last()) {
        (Some(first), Some(last)) => format!(
            "{} of {all} sign-ins with AWSCURRENT rejected, between {:.0} ms and {:.0} ms",
            rejected.len(),
            first.0,
            last.1
        ),
        _ => format!("all {all} sign-ins with AWSCURRENT accepted"),
    }
}

/// A version's labels, and since when its password was accepted or rejected.
fn of_version(lane: &Lane) -> String {
    let labels: Vec<&str> = lane.labels.iter().map(|span| span.label.name()).collect();
    format!("{}; password {}", labels.join(", then "), of_password(lane))
}

/// Since when a password was accepted or rejected.
pub(super) fn of_password(lane: &Lane) -> String {
    let mut words = Vec::new();
    let mut before = None;
    for sign_in in &lane.sign_ins {
        if before == Some(sign_in.2) {
            continue;
        }
        let word = if sign_in.is_rejected() { "rejected" } else { "accepted" };
        words.push(match before {
            None => word.to_owned(),
            Some(_) => format!("{word} from {:.0} ms", sign_in.1),
        });
        before = Some(sign_in.2);
    }
    if words.is_empty() { "not tried".to_owned() } else { words.join(", ") }
}
