//! The JSON of a database secret: what AWS's rotation functions read, kept whole and in order.

mod reader;
mod superuser;

pub use superuser::SuperuserSecret;

use std::fmt::{self, Write as _};
use std::time::SystemTime;

use serde_json::{Map, Value};

use self::reader::{Reader, wipe};
use crate::error::Refusal;
use crate::server::{Endpoint, Server, Tls, is_proxy};
use crate::{Password, PasswordPolicy, SecretId, SecretText, Username};

/// The most that a version may hold (Secrets Manager quotas).
const MAX_BYTES: usize = 65_536;

/// One version of a database secret.
pub struct Secret {
    /// Every field but the password, in their order; where the password stood is null.
    fields: Map<String, Value>,
    host: String,
    port: Option<u16>,
    database: Option<String>,
    tls: Tls,
    created: Option<SystemTime>,
    /// The engine, one of those that `parse` was given.
    pub engine: String,
    /// The user.
    pub username: Username,
    /// Its password.
    pub password: Password,
    /// The secret of the superuser who may install passwords (`masterarn`).
    pub superuser: Option<SecretId>,
}

impl Secret {
    /// Reads a version. `which` names it in the refusal, as in "AWSCURRENT version of ARN".
    ///
    /// # Errors
    /// [`Refusal::Secret`] with every field that is missing or wrong, by name, without its value;
    /// [`Refusal::ProxyHost`] where the host is an RDS Proxy.
    pub fn parse(text: &SecretText, which: &str, engines: &[&str]) -> Result<Self, Refusal> {
        let mut reader = Reader::new(text, which)?;
        let engine = reader.required("engine");
        reader.check_engine(engine.as_deref(), engines);
        let host = reader.required("host");
        reader.check_host(host.as_deref());
        let port = reader.port();
        let username = reader.required("username");
        let password = reader.password();
        let database = reader.unless_empty("dbname");
        let tls = reader.tls();
        let superuser = reader.unless_empty("masterarn").map(SecretId);
        let (Some(engine), Some(host), Some(username), Some(password)) = (engine, host, username, password)
        else {
            return Err(reader.refusal());
        };
        let fields = reader.finish()?;
        if is_proxy(&host) {
            return Err(Refusal::ProxyHost { host });
        }
        let username = Username(username);
        let created = text.created_at();
        Ok(Self { fields, host, port, database, tls, created, engine, username, password, superuser })
    }

    /// Where the secret's server is.
    #[must_use]
    pub fn server(&self, default_port: u16) -> Server {
        let endpoint = Endpoint { host: self.host.clone(), port: self.port.unwrap_or(default_port) };
        Server { endpoint, tls: self.tls, database: self.database.clone() }
    }

    /// The text of the next version: this one with another user and password, all else as it was.
    ///
    /// # Errors
    /// [`Refusal::TooLong`] where Secrets Manager would not take it: a password or a user may be longer than the last.
    pub fn next_version(&self, username: &Username, policy: &PasswordPolicy) -> Result<SecretText, Refusal> {
        let password = policy.generate();
        let mut fields = self.fields.clone();
        fields.insert("username".into(), Value::String(username.0.clone()));
        fields.insert("password".into(), Value::String(password.expose().to_owned()));
        let mut fields = Value::Object(fields);
        // Room for all of it: a text that grows leaves copies behind. Writing to one does not fail.
        let mut text = String::with_capacity(MAX_BYTES);
        let _ = write!(text, "{fields}");
        wipe(fields.get_mut("password"));
        let bytes = text.len();
        let text = SecretText::new(text);
        if bytes > MAX_BYTES { Err(Refusal::TooLong { bytes, most: MAX_BYTES }) } else { Ok(text) }
    }

    /// Checks that this pending version differs from `current` in nothing but user and password.
    ///
    /// # Errors
    /// [`Refusal::FieldDiffers`] for the first field that does; only a host, port, engine and such are
    /// shown, never the value of a field that this crate does not know.
    pub fn check_replaces(&self, current: &Self) -> Result<(), Refusal> {
        match self.different_field(current) {
            None => Ok(()),
            Some(name) => Err(Refusal::FieldDiffers {
                field: name.clone(),
                pending: shown(name, self.fields.get(name)),
                current: shown(name, current.fields.get(name)),
            }),
        }
    }

    /// Whether this pending version differs from `current` in nothing but user and password.
    pub(crate) fn replaces(&self, current: &Self) -> bool {
        self.different_field(current).is_none()
    }

    fn different_field<'a>(&'a self, current: &'a Self) -> Option<&'a String> {
        let mut names = current.fields.keys().chain(self.fields.keys());
        names.find(|name| {
            !["username", "password"].contains(&name.as_str())
                && self.fields.get(*name) != current.fields.get(*name)
        })
    }

    /// Whether this version was made after the other; false if a store does not say when.
    pub(crate) fn is_newer_than(&self, other: &SecretText) -> bool {
        self.created.zip(other.created_at()).is_some_and(|(ours, theirs)| ours > theirs)
    }

    /// Whether connections are protected.
    #[must_use]
    pub fn tls(&self) -> Tls {
        self.tls
    }

    /// Whether two versions are for the same user with the same password.
    #[must_use]
    pub fn same_credentials(&self, other: &Self) -> bool {
        self.username == other.username && self.password == other.password
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").field("username", &self.username).finish_non_exhaustive()
    }
}

fn shown(name: &str, value: Option<&Value>) -> String {
    const PUBLIC: [&str; 6] = ["engine", "host", "port", "dbname", "ssl", "masterarn"];
    match value {
        None => "absent".into(),
        Some(value) if PUBLIC.contains(&name) => value.to_string(),
        Some(_) => "a value not shown".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENGINES: [&str; 2] = ["postgres", "aurora-postgresql"];

    fn parse(text: &str) -> Result<Secret, Refusal> {
        Secret::parse(&SecretText::new(text.into()), "AWSCURRENT version", &ENGINES)
    }

    #[test]
    fn the_next_version_keeps_every_other_field_its_order_and_its_letters() {
        let text = r#"{"z":1.50,"engine":"postgres","host":"db","username":"app","password":"old","big":123456789012345678901234567890,"a":{"y":[null,true]},"port":"5432"}"#;
        let next = parse(text)
            .expect("a secret")
            .next_version(&Username("app_clone".into()), &PasswordPolicy::default())
            .expect("it is short");
        let new = parse(next.expose()).expect("a secret").password;
        let expected = text
            .replace("\"app\"", "\"app_clone\"")
            .replace("\"old\"", &Value::from(new.expose()).to_string());
        assert_eq!(next.expose(), expected);
    }

    #[test]
    fn all_faults_are_named_at_once_and_no_value_is_echoed() {
        let text =
            r#"{"engine":"hunter2","host":"/hunter2","port":70000,"username":"","ssl":"hunter2","dbname":7}"#;
        let said = parse(text).expect_err("no secret").to_string();
        for field in ["engine", "host", "port", "username", "password is missing", "ssl", "dbname"] {
            assert!(said.contains(field), "{field} is not named in: {said}");
        }
        assert!(!said.contains("hunter2"), "a value is echoed in: {said}");
    }

    #[test]
    fn what_is_no_json_object_is_refused_without_an_echo() {
        for text in ["", "hunter2", "\"hunter2\"", "[1]", "{\"password\": hunter2}", "\u{feff}{}"] {
            let said = parse(text).expect_err("no secret").to_string();
            assert!(!said.contains("hunter2"), "a value is echoed in: {said}");
        }
    }

    #[test]
    fn ssl_and_port_are_read_as_awss_functions_read_them() {
        let cases = [
            ("", Tls::Required, 5432),
            (r#","ssl":true,"port":1"#, Tls::Required, 1),
            (r#","ssl":"True","port":"6543""#, Tls::Required, 6543),
            (r#","ssl":false"#, Tls::Forbidden, 5432),
            (r#","ssl":"false","port":65535"#, Tls::Forbidden, 65535),
            (r#","port":6543.0"#, Tls::Required, 6543),
            (r#","port":" 6543 ""#, Tls::Required, 6543),
            (r#","port":null,"dbname":"","masterarn":"""#, Tls::Required, 5432),
        ];
        for (fields, tls, port) in cases {
            let text =
                format!(r#"{{"engine":"postgres","host":"db","username":"u","password":"p"{fields}}}"#);
            let server = parse(&text).expect("a secret").server(5432);
            assert_eq!((server.tls, server.endpoint.port), (tls, port), "{fields}");
        }
    }

    #[test]
    fn a_port_is_a_whole_number_from_1_to_65535() {
        for port in [
            "0",
            "65536",
            "-1",
            "1.5",
            "5432.05",
            "5e3",
            "true",
            "[]",
            "\"\"",
            "\"5432.0\"",
            "\"5 432\"",
            "\"0x10\"",
        ] {
            let text =
                format!(r#"{{"engine":"postgres","host":"db","username":"u","password":"p","port":{port}}}"#);
            let said = parse(&text).expect_err(port).to_string();
            assert!(said.contains("whole number from 1 to 65535"), "{port}: {said}");
        }
    }

    #[test]
    fn an_empty_database_and_an_empty_superuser_are_none() {
        let text =
            r#"{"engine":"postgres","host":"db","username":"u","password":"p","dbname":"","masterarn":""}"#;
        let secret = parse(text).expect("a secret");
        assert!(secret.server(5432).database.is_none() && secret.superuser.is_none());
    }

    #[test]
    fn a_pending_version_may_differ_in_user_and_password_only() {
        let with = |fields: &str| {
            parse(&format!(r#"{{"engine":"postgres","host":"db",{fields}}}"#)).expect("a secret")
        };
        let current = with(r#""username":"a","password":"p","own":"x""#);
        assert!(with(r#""own":"x","username":"b","password":"q""#).check_replaces(&current).is_ok());
        for other in [
            r#""username":"a","password":"p","own":"hunter2""#,
            r#""username":"a","password":"p""#,
            r#""username":"a","password":"p","own":"x","masterarn":"arn""#,
            r#""username":"a","password":"p","own":"x","ssl":false"#,
        ] {
            let said = with(other).check_replaces(&current).expect_err(other).to_string();
            assert!(!said.contains("hunter2"), "a value is echoed in: {said}");
        }
    }

    #[test]
    fn an_rds_proxy_is_refused_by_name() {
        let host = "p.proxy-abcdefghijkl.eu-west-1.rds.amazonaws.com";
        let text = format!(r#"{{"engine":"postgres","host":"{host}","username":"u","password":"p"}}"#);
        assert!(matches!(parse(&text), Err(Refusal::ProxyHost { .. })));
    }
}
