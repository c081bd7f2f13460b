//! The most that a start and a rotation may cost, in one file: a change that costs more has to change it.

use std::collections::BTreeMap;
use std::fs;
use std::sync::LazyLock;

use serde_json::Value;
use testbed::environment::repository;

static LIMITS: LazyLock<Value> = LazyLock::new(|| {
    let file = repository().join("tests/costs/limits.json");
    let text = fs::read_to_string(&file).expect("the file is there");
    serde_json::from_str(&text).expect("it is JSON")
});

/// The limits of this name.
pub(super) fn of(path: &str) -> &'static Value {
    LIMITS.pointer(path).unwrap_or_else(|| panic!("tests/costs/limits.json has no {path}"))
}

/// Fails where a count is above its limit, and where one of `exact` counts is below it: then the file has to be made stricter.
pub(super) fn hold(path: &str, counts: &BTreeMap<&str, usize>, exact: &[&str]) {
    let limits = of(path).as_object().expect("an object");
    let named: Vec<&str> = limits.keys().map(String::as_str).collect();
    assert_eq!(counts.keys().copied().collect::<Vec<_>>(), named, "{path}");
    for (name, count) in counts {
        let limit = limits[*name].as_u64().and_then(|limit| usize::try_from(limit).ok()).expect("a number");
        let is_kept = if exact.contains(name) { *count == limit } else { *count <= limit };
        assert!(is_kept, "{path}/{name} is {count}, and {limit} in tests/costs/limits.json: {counts:?}");
    }
}
