//! What a writer of a secret stores: the application's, the superuser's.

use rotation::{PasswordPolicy, Refusal, Secret, SecretText, SuperuserSecret, Username};
use serde_json::{Map, Value};

const ENGINES: [&str; 5] = ["postgres", "aurora-postgresql", "mysql", "aurora-mysql", "mariadb"];

/// Reads both kinds of secrets, and makes the next version of one.
pub(crate) fn check(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let text = SecretText::new(text.to_owned());
    let superuser = SuperuserSecret::parse(&text, "superuser's secret", &ENGINES);
    superuser.as_ref().err().into_iter().for_each(echoes_nothing);
    let secret = Secret::parse(&text, "AWSCURRENT version", &ENGINES);
    secret.as_ref().err().into_iter().for_each(echoes_nothing);
    if let Ok(secret) = secret {
        keeps_all_but_user_and_password(&text, &secret);
    }
}

/// An error shows no value but the host of an RDS Proxy. Passwords and wrong values hold "hunter2".
fn echoes_nothing(refusal: &Refusal) {
    if !matches!(refusal, Refusal::ProxyHost { .. }) {
        assert!(!format!("{refusal} {refusal:?}").contains("hunter2"), "{refusal}");
    }
}

fn keeps_all_but_user_and_password(text: &SecretText, secret: &Secret) {
    let next = secret.next_version(&Username("next".into()), &PasswordPolicy::default());
    let next = next.expect("what is fuzzed is short");
    let reread = Secret::parse(&next, "AWSPENDING version", &ENGINES).expect("what we write is a secret");
    assert!(reread.check_replaces(secret).is_ok(), "a field was changed");
    assert_eq!(others(next.expose()), others(text.expose()), "a field was changed, or lost its place");
    assert_eq!((&*reread.username.0, reread.superuser), ("next", secret.superuser.clone()));
    assert!(reread.password != secret.password, "the password stayed");
}

/// All fields but two, in their order, and to the letter.
fn others(text: &str) -> Vec<String> {
    let fields: Map<String, Value> = serde_json::from_str(text).expect("it was read before");
    let others = fields.iter().filter(|(name, _)| !["username", "password"].contains(&name.as_str()));
    others.map(|(name, value)| format!("{name}: {value}")).collect()
}
