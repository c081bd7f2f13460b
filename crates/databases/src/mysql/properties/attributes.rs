//! The attributes of an account, which MySQL merges.

use serde_json::{Map, Value};

/// The merge patch for ATTRIBUTE that turns the object `has` into `wanted`: MySQL merges objects at every depth, replaces other
/// values, and null removes a name at its own depth (RFC 7396; tried: 9.7.4). No null is ever stored.
pub(super) fn merge_patch(has: &Map<String, Value>, wanted: &Map<String, Value>) -> Map<String, Value> {
    let removed = has.keys().filter(|name| !wanted.contains_key(*name));
    let mut patch: Map<_, _> = removed.map(|name| (name.clone(), Value::Null)).collect();
    for (name, value) in wanted.iter().filter(|(name, value)| has.get(*name) != Some(value)) {
        let part = match (has.get(name), value) {
            (Some(Value::Object(has)), Value::Object(wanted)) => Value::Object(merge_patch(has, wanted)),
            _ => value.clone(),
        };
        patch.insert(name.clone(), part);
    }
    patch
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::btree_map;
    use proptest::prelude::*;

    /// Merges as the server does.
    fn merged(has: &Map<String, Value>, patch: Map<String, Value>) -> Map<String, Value> {
        let mut merged = has.clone();
        for (name, part) in patch {
            let value = match (merged.remove(&name), part) {
                (_, Value::Null) => continue,
                (Some(Value::Object(has)), Value::Object(part)) => Value::Object(self::merged(&has, part)),
                (_, Value::Object(part)) => Value::Object(self::merged(&Map::new(), part)),
                (_, part) => part,
            };
            merged.insert(name, value);
        }
        merged
    }

    fn object() -> impl Strategy<Value = Map<String, Value>> {
        let leaf = prop_oneof![Just(Value::from(1)), Just(Value::from("x")), Just(Value::from(vec![1, 2]))];
        let value = leaf.prop_recursive(3, 12, 3, |inner| {
            btree_map("[a-c]", inner, 0..3).prop_map(|map| Value::Object(map.into_iter().collect()))
        });
        btree_map("[a-c]", value, 0..4).prop_map(|map| map.into_iter().collect())
    }

    proptest! {
        #[test]
        fn a_merge_patch_turns_one_object_into_the_other_at_every_depth(has in object(), wanted in object()) {
            let patch = merge_patch(&has, &wanted);
            prop_assert_eq!(patch.is_empty(), has == wanted);
            prop_assert_eq!(merged(&has, patch), wanted);
        }
    }
}
