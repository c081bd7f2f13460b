//! Secrets, as a caller that may write them stores them: an application's or a superuser's.

use rotation::{PasswordPolicy, Refusal, Secret, SecretText, SuperuserSecret, Username};
use serde_json::{Map, Value};

const ENGINES: [&str; 5] = ["postgres", "aurora-postgresql", "mysql", "aurora-mysql", "mariadb"];

/// A user name that JSON has to escape.
const NEXT: &str = "n\u{eb}xt \"\\ \u{1}";

/// Parses a text as both kinds of secrets, and makes the next version of an application's.
pub(crate) fn check(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let text = SecretText::new(text.to_owned());
    let superuser = SuperuserSecret::parse(&text, "superuser's secret", &ENGINES);
    superuser.as_ref().err().into_iter().for_each(quotes_nothing);
    let secret = Secret::parse(&text, "AWSCURRENT version", &ENGINES);
    secret.as_ref().err().into_iter().for_each(quotes_nothing);
    if let Ok(secret) = secret {
        keeps_all_but_user_and_password(&text, &secret);
    }
}

/// The only value in an error is the host of an RDS Proxy. Passwords and wrong values in the corpus contain "hunter2".
fn quotes_nothing(refusal: &Refusal) {
    if !matches!(refusal, Refusal::ProxyHost { .. }) {
        assert!(!format!("{refusal} {refusal:?}").contains("hunter2"), "{refusal}");
    }
}

fn keeps_all_but_user_and_password(text: &SecretText, secret: &Secret) {
    let next = secret.next_version(&Username(NEXT.into()), &PasswordPolicy::default());
    let next = next.expect("fuzzed secrets are short");
    let reread = Secret::parse(&next, "AWSPENDING version", &ENGINES).expect("a next version is a secret");
    assert!(reread.check_replaces(secret).is_ok(), "a field was changed");
    assert_eq!(others(next.expose()), others(text.expose()), "a field was changed or moved");
    assert_eq!((&*reread.username.0, reread.superuser), (NEXT, secret.superuser.clone()));
    assert!(reread.password != secret.password, "the password did not change");
}

/// All fields except username and password, in their order, with their exact text.
fn others(text: &str) -> Vec<String> {
    let fields: Map<String, Value> = serde_json::from_str(text).expect("it was parsed before");
    let others = fields.iter().filter(|(name, _)| !["username", "password"].contains(&name.as_str()));
    others.map(|(name, value)| format!("{name}: {value}")).collect()
}
