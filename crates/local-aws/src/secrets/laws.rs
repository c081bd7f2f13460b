//! Properties of any sequence of changes, and tables of single changes.

use std::collections::BTreeMap;

use proptest::prelude::*;
use time::OffsetDateTime;

use super::{Author, CURRENT, Content, Put, Value, VersionFilter, Versions};

const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;
const ARN: &str = "arn";
const STAGES: [&str; 4] = [CURRENT, "AWSPENDING", "AWSPREVIOUS", "other"];

#[derive(Debug, Clone)]
pub(super) enum Change {
    Put { id: String, value: u8, stages: Vec<String> },
    Begin { id: String },
    Move { stage: String, from: Option<String>, to: Option<String> },
    EndProbe { id: String },
}

fn version() -> impl Strategy<Value = String> {
    (0..4_u8).prop_map(|number| format!("v{number}"))
}

fn stage() -> impl Strategy<Value = String> {
    proptest::sample::select(&STAGES[..]).prop_map(str::to_owned)
}

pub(super) fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (version(), 0..3_u8, proptest::collection::vec(stage(), 1..3))
            .prop_map(|(id, value, stages)| Change::Put { id, value, stages }),
        version().prop_map(|id| Change::Begin { id }),
        (stage(), proptest::option::of(version()), proptest::option::of(version()))
            .prop_map(|(stage, from, to)| Change::Move { stage, from, to }),
        version().prop_map(|id| Change::EndProbe { id }),
    ]
}

/// Makes a change; false if it is refused.
pub(super) fn apply(versions: &mut Versions, change: &Change) -> bool {
    match change {
        Change::Put { id, value, stages } => versions.put(id, text(*value), stages, NOW, ARN).is_ok(),
        Change::Begin { id } => versions.begin(id, None, NOW, ARN).is_ok(),
        Change::Move { stage, from, to } => {
            versions.move_stage(stage, from.as_deref(), to.as_deref()).is_ok()
        }
        Change::EndProbe { id } => {
            versions.end_probe(id);
            true
        }
    }
}

fn text(value: u8) -> Content {
    Content { value: Value::Text(value.to_string()), author: Author::Other, kms_key: None }
}

pub(super) fn values(versions: &Versions) -> BTreeMap<String, Option<String>> {
    let plain = |value: &Value| match value {
        Value::Text(text) | Value::Binary(text) => text.clone(),
    };
    let all = versions.list(VersionFilter::All);
    all.map(|version| (version.id.clone(), version.value.as_ref().map(plain))).collect()
}

pub(super) fn labels(versions: &Versions) -> Vec<(String, Option<String>)> {
    STAGES.iter().map(|stage| (stage.to_string(), versions.holder(stage).map(str::to_owned))).collect()
}

proptest! {
    #[test]
    fn a_value_never_changes_and_every_label_has_one_holder_that_exists(
        changes in proptest::collection::vec(change(), 0..40),
    ) {
        let mut versions = Versions::default();
        for change in &changes {
            let before = (values(&versions), labels(&versions));
            let accepted = apply(&mut versions, change);
            let after = (values(&versions), labels(&versions));
            if !accepted {
                prop_assert_eq!(&before, &after, "a refused change changes nothing: {:?}", change);
            }
            for (id, value) in before.0.iter().filter(|(_, value)| value.is_some()) {
                prop_assert!(after.0.get(id).is_none_or(|now| now == value), "{id} changed by {change:?}");
            }
            for stage in STAGES {
                let showing = versions
                    .list(VersionFilter::Labelled)
                    .filter(|version| versions.stages_of(&version.id).contains(&stage))
                    .count();
                prop_assert_eq!(showing, usize::from(versions.holder(stage).is_some()), "{}", stage);
            }
        }
    }

    #[test]
    fn awscurrent_has_a_value_stays_and_leaves_awsprevious_behind(
        changes in proptest::collection::vec(change(), 0..40),
    ) {
        let mut versions = Versions::default();
        for change in &changes {
            let before = versions.holder(CURRENT).map(str::to_owned);
            apply(&mut versions, change);
            let after = versions.holder(CURRENT).map(str::to_owned);
            prop_assert!(before.is_none() || after.is_some(), "{:?} took AWSCURRENT off", change);
            if before.is_some() && before != after {
                prop_assert_eq!(versions.holder("AWSPREVIOUS"), before.as_deref());
            }
            if let Some(id) = &after {
                prop_assert!(versions.get(id).is_some_and(|version| version.value.is_some()));
            }
        }
    }
}

#[test]
fn a_rotation_is_under_way_while_awspending_is_not_on_awscurrent() {
    let put = |versions: &mut Versions, id, stages: &[&str]| {
        let stages: Vec<String> = stages.iter().map(|stage| stage.to_string()).collect();
        versions.put(id, text(0), &stages, NOW, ARN).map_err(|refusal| refusal.code.into_owned())
    };
    let mut versions = Versions::default();
    assert_eq!(versions.pending(), None);
    assert_eq!(put(&mut versions, "a", &[CURRENT, "AWSPENDING"]), Ok(Put::Stored));
    assert_eq!(versions.pending(), None);
    assert_eq!(versions.begin("b", None, NOW, ARN), Ok(()));
    assert_eq!(versions.pending(), Some("b"));
    assert_eq!(put(&mut versions, "b", &["AWSPENDING"]), Ok(Put::Stored));
    assert_eq!(put(&mut versions, "b", &["AWSPENDING"]), Ok(Put::Repeated));
    assert_eq!(versions.pending(), Some("b"));
    assert_eq!(versions.move_stage(CURRENT, Some("a"), Some("b")), Ok(()));
    assert_eq!(versions.pending(), None);
}

#[test]
fn a_move_is_refused_unless_it_names_the_holder_and_a_version_with_a_value() {
    let move_stage = |stage, from, to| {
        let mut versions = Versions::default();
        let current = [CURRENT.to_owned()];
        versions.put("a", text(0), &current, NOW, ARN).expect("a put");
        versions.put("b", text(1), &["other".to_owned()], NOW, ARN).expect("a put");
        versions.begin("empty", None, NOW, ARN).expect("a pending version");
        versions.move_stage(stage, from, to).map_err(|refusal| refusal.code.into_owned())
    };
    let parameter = Err("InvalidParameterException".to_owned());
    for (stage, from, to, outcome) in [
        (CURRENT, Some("a"), Some("b"), Ok(())),
        (CURRENT, Some("a"), Some("a"), Ok(())),
        (CURRENT, None, Some("a"), Ok(())),
        (CURRENT, None, Some("b"), parameter.clone()),
        (CURRENT, Some("b"), Some("b"), parameter.clone()),
        (CURRENT, Some("a"), None, parameter.clone()),
        (CURRENT, Some("a"), Some("nobody"), parameter.clone()),
        (CURRENT, Some("a"), Some("empty"), Err("InvalidRequestException".to_owned())),
        ("new", None, Some("a"), Ok(())),
        ("new", Some("a"), Some("b"), parameter.clone()),
        ("other", Some("b"), None, Ok(())),
        ("other", Some("a"), None, parameter.clone()),
        ("other", None, None, parameter),
    ] {
        assert_eq!(move_stage(stage, from, to), outcome, "{stage} {from:?} {to:?}");
    }
}
