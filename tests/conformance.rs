//! local-aws against moto, a second implementation of AWS's API: both get the same calls, byte for
//! byte, and every response is compared, except for a written list of moto's known deviations.

mod calls;
mod clients;
mod deviations;
mod http;
mod recorded;
mod rotation_function;
mod servers;

use local_aws::Options;
use serde_json::Value;
use testbed::{Moto, start_local_aws};

use self::calls::Sequence;
use self::deviations::DEVIATIONS;
use self::http::Response;

/// Runs every sequence on both. Returns the differences, as `sequence: operation: what`.
async fn differences(sequences: &[Sequence]) -> Vec<String> {
    let functions = Some(vec!["nobody".to_owned()]);
    let local = start_local_aws(Options { functions, ..Options::default() }).await;
    let moto = Moto::start().await;
    let mut found = Vec::new();
    for sequence in sequences {
        for (operation, body) in &sequence.calls {
            let ours = http::call(&local.url(), operation, body).await;
            let theirs = http::call(&moto.url(), operation, body).await;
            let place = format!("{}: {operation}", sequence.name);
            found.extend(compared(&ours, &theirs).into_iter().map(|what| format!("{place}: {what}")));
        }
    }
    found
}

fn compared(ours: &Response, theirs: &Response) -> Vec<String> {
    // Every error of the JSON protocol has status 400 (AWS JSON 1.1); moto returns 404 for some.
    let expected = if ours.error.is_some() { 400 } else { 200 };
    assert_eq!(ours.status, expected, "{:?}", ours.error);
    if ours.error != theirs.error || (theirs.status < 300) != (ours.status < 300) {
        return vec![format!("returns {:?}, and moto {} {:?}", ours.error, theirs.status, theirs.error)];
    }
    if ours.error.is_some() {
        return vec![];
    }
    let (Value::Object(ours), Value::Object(theirs)) = (&ours.body, &theirs.body) else {
        return vec!["a response is not an object".into()];
    };
    let names: std::collections::BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    let differs = |name: &&String| ours.get(*name) != theirs.get(*name);
    let describe = |name: &String| {
        let shown = |value: Option<&Value>| value.map_or("absent".to_owned(), Value::to_string);
        format!("{name} is {}, and moto's {}", shown(ours.get(name)), shown(theirs.get(name)))
    };
    names.into_iter().filter(differs).map(describe).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn local_aws_agrees_with_moto_call_by_call_but_for_motos_known_deviations() {
    let sequences = calls::sequences();
    let found = differences(&sequences).await;
    let known = |difference: &&String| DEVIATIONS.iter().any(|(place, _)| difference.contains(place));
    let unknown: Vec<&String> = found.iter().filter(|difference| !known(difference)).collect();
    assert!(
        unknown.is_empty(),
        "local-aws and moto disagree, which no known deviation explains: {unknown:#?}"
    );
    for (place, why) in DEVIATIONS {
        let occurs = found.iter().any(|difference| difference.contains(place));
        assert!(occurs, "moto no longer deviates here, so the list is out of date: {place} ({why})");
    }
    let calls: usize = sequences.iter().map(|sequence| sequence.calls.len()).sum();
    assert!(sequences.len() >= 9 && calls >= 60, "{} sequences, {calls} calls", sequences.len());
}
