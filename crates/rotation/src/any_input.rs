//! Events and secrets of any shape: no panic, no echo of a value, and nothing lost that was there.

use proptest::collection::{hash_map, vec};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

use crate::{PasswordPolicy, Refusal, RotationEvent, Secret, SecretText, SuperuserSecret, Username};

/// In every text of a generated value, so that an echo can be told from our own words.
const MARK: &str = "hunter2";
const ENGINES: [&str; 2] = ["postgres", "mysql"];
const EVENT: [&str; 4] = ["Step", "SecretId", "ClientRequestToken", "RotationToken"];
const SECRET: [&str; 8] = ["engine", "host", "port", "username", "password", "dbname", "ssl", "masterarn"];

/// Any JSON, at times with a number or a text of the length that a field wants.
fn value() -> impl Strategy<Value = Value> {
    let text = (".{0,12}", 0..12_usize)
        .prop_map(|(text, times)| json!(format!("{text}{}", MARK.repeat(times.max(1)))));
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text,
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            hash_map(".{0,6}", inner, 0..4).prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Fields of these names, and others.
fn fields(names: &'static [&'static str]) -> impl Strategy<Value = Map<String, Value>> {
    let name = prop_oneof![4 => select(names).prop_map(str::to_owned), 1 => ".{0,8}"];
    hash_map(name, value(), 0..10).prop_map(|fields| fields.into_iter().collect())
}

/// Fields beside those that are read.
fn others() -> impl Strategy<Value = Map<String, Value>> {
    let is_other = |name: &String| !SECRET.contains(&name.as_str());
    hash_map(".{0,8}".prop_filter("it is read", is_other), value(), 0..8)
        .prop_map(|fields| fields.into_iter().collect())
}

fn says_no_value(refusal: &Refusal) -> Result<(), TestCaseError> {
    let said = format!("{refusal} {refusal:?}");
    prop_assert!(!said.contains(MARK), "{}", said);
    Ok(())
}

fn read(text: &str) -> Result<Secret, Refusal> {
    Secret::parse(&SecretText::new(text.to_owned()), "AWSCURRENT version", &ENGINES)
}

proptest! {
    #[test]
    fn an_event_of_any_shape_is_read_or_refused_without_an_echo(event in prop_oneof![
        1 => value(),
        3 => fields(&EVENT).prop_map(Value::Object),
    ]) {
        if let Err(refusal) = RotationEvent::parse(event) {
            says_no_value(&refusal)?;
        }
    }

    #[test]
    fn a_secret_of_any_shape_is_read_or_refused_without_an_echo(secret in prop_oneof![
        1 => value(),
        3 => fields(&SECRET).prop_map(Value::Object),
    ]) {
        let text = SecretText::new(secret.to_string());
        let superuser = SuperuserSecret::parse(&text, "superuser's secret", &ENGINES);
        for refusal in [read(text.expose()).err(), superuser.err()].iter().flatten() {
            says_no_value(refusal)?;
        }
    }

    /// As whoever writes a secret by hand gets it wrong.
    #[test]
    fn a_secret_that_is_cut_or_patched_is_read_or_refused_without_an_echo(
        at in 0..90_usize, patch in "[{}\\[\\]\",:\\\\ue0-9\u{0}-\u{1f}\u{feff}]{0,3}", cut in 0..4_usize,
    ) {
        let text = format!(r#"{{"engine":"mysql","host":"db","username":"app","password":"{MARK}-\u00fc","port":"3306"}}"#);
        let (before, after) = text.split_at(at.min(text.len()));
        let text = format!("{before}{patch}{}", after.get(cut..).unwrap_or_default());
        if let Err(refusal) = read(&text) {
            says_no_value(&refusal)?;
        }
    }

    #[test]
    fn the_next_version_has_every_other_field_as_it_was(others in others(), user in "[^\0]{1,12}", at in 0..8_usize) {
        let mut fields: Vec<_> = others.into_iter().collect();
        for (name, value) in [("engine", "mysql"), ("host", "db"), ("username", "app"), ("password", MARK)] {
            fields.insert(at.min(fields.len()), (name.to_owned(), json!(value)));
        }
        let text = Value::Object(fields.into_iter().collect()).to_string();
        let secret = read(&text).map_err(|refusal| TestCaseError::fail(refusal.to_string()))?;
        let next = secret.next_version(&Username(user.clone()), &PasswordPolicy::default());
        let next = next.map_err(|refusal| TestCaseError::fail(refusal.to_string()))?;
        let password = read(next.expose()).map_err(|refusal| TestCaseError::fail(refusal.to_string()))?.password;
        let expected = text.replacen(r#""username":"app""#, &format!(r#""username":{}"#, json!(user)), 1);
        let password = format!(r#""password":{}"#, json!(password.expose()));
        let expected = expected.replacen(&format!(r#""password":"{MARK}""#), &password, 1);
        prop_assert_eq!(next.expose(), expected);
    }
}
