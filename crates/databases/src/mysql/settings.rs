//! What an account is held to: read from SHOW CREATE USER, compared, and mended by what differs.

mod attributes;
mod parse;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use self::attributes::merge_patch;
use super::account::{Account, text};
use super::dialect::Dialect;

/// The attribute that marks a clone: the name of its base. It takes no part in a comparison.
pub(super) const CLONE_OF: &str = "rotation.clone_of";

/// What an account demands of a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Require {
    #[default]
    None,
    Ssl,
    X509,
    /// Of the client's certificate and cipher: ISSUER, SUBJECT, CIPHER and their texts.
    Exactly(BTreeMap<&'static str, String>),
}

/// Everything that SHOW CREATE USER says of an account, but its password.
///
/// Whether the password has just been expired is left out: a new one, which is set last, ends that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Settings {
    /// The ways to sign in; more than one where any of them will do, or all are asked for.
    pub(super) methods: Vec<String>,
    pub(super) require: Require,
    /// Resource limits that are not 0, by option: `MAX_QUERIES_PER_HOUR` and so on, as the server writes them.
    pub(super) limits: BTreeMap<String, String>,
    /// Rules for passwords that are not the server's defaults, by the words before their value.
    pub(super) rules: BTreeMap<&'static str, String>,
    pub(super) lock: Lock,
    /// MySQL's comment and attributes.
    pub(super) attributes: Map<String, Value>,
    pub(super) default_roles: BTreeSet<Account>,
}

/// Whether an account may sign in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Lock {
    #[default]
    Open,
    Locked,
}

/// A rule for passwords: how it is written, and what the server's default is called.
pub(super) struct Rule {
    pub(super) words: &'static str,
    default: &'static str,
    unit: &'static str,
}

/// The rules, in the order of CREATE USER. `PASSWORD EXPIRE` alone (expired by hand) is none.
pub(super) const RULES: [Rule; 6] = [
    Rule { words: "PASSWORD EXPIRE", default: "DEFAULT", unit: "" },
    Rule { words: "PASSWORD HISTORY", default: "DEFAULT", unit: "" },
    Rule { words: "PASSWORD REUSE INTERVAL", default: "DEFAULT", unit: " DAY" },
    Rule { words: "PASSWORD REQUIRE CURRENT", default: "DEFAULT", unit: "" },
    Rule { words: "FAILED_LOGIN_ATTEMPTS", default: "0", unit: "" },
    Rule { words: "PASSWORD_LOCK_TIME", default: "0", unit: "" },
];

impl Settings {
    /// A line for every setting, without the account's name and password: two accounts are equal if their lines are.
    pub(super) fn lines(&self) -> BTreeSet<String> {
        let mut lines = BTreeSet::from([format!("IDENTIFIED WITH {}", self.methods.join(", "))]);
        lines.extend((self.require != Require::None).then(|| require(&self.require)));
        lines.extend(self.limits.iter().map(|(limit, most)| format!("{limit} {most}")));
        lines.extend(self.rules.iter().map(|(rule, value)| format!("{rule} {value}")));
        lines.extend((self.lock == Lock::Locked).then(|| "ACCOUNT LOCK".to_owned()));
        lines.extend(self.compared().map(|(name, value)| format!("ATTRIBUTE {name}: {value}")));
        lines.extend(self.default_roles.iter().map(|role| format!("DEFAULT ROLE {role}")));
        lines
    }

    /// Whose clone this account is, by its mark.
    pub(super) fn clone_of(&self) -> Option<&str> {
        self.attributes.get(CLONE_OF).and_then(Value::as_str)
    }

    fn compared(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.attributes.iter().filter(|(name, _)| *name != CLONE_OF)
    }

    /// What follows the account in ALTER USER to hold an account like `self` to what `wanted` is held to; none where
    /// nothing differs. Password, way to sign in, lock and default roles are not among it.
    pub(super) fn difference(&self, wanted: &Self, dialect: Dialect, base: &str) -> Option<String> {
        let mut options = Vec::new();
        if self.require != wanted.require {
            options.push(require(&wanted.require));
        }
        let limits: BTreeSet<_> = self.limits.keys().chain(wanted.limits.keys()).collect();
        let limits = limits.into_iter().filter(|limit| self.limits.get(*limit) != wanted.limits.get(*limit));
        let limits =
            limits.map(|limit| format!("{limit} {}", wanted.limits.get(limit).map_or("0", String::as_str)));
        let limits = limits.collect::<Vec<_>>().join(" ");
        if !limits.is_empty() {
            options.push(format!("WITH {limits}"));
        }
        for Rule { words, default, unit } in RULES {
            let want = wanted.rules.get(words);
            if self.rules.get(words) != want {
                let mut value = want.map_or_else(|| default.to_owned(), |value| format!("{value}{unit}"));
                // There DEFAULT after INTERVAL reaches the table only, and what the server shows and does stays until it
                // starts anew (tried: 9.7.4): DEFAULT in the next round.
                let lasts = self.rules.get(words).is_some_and(|rule| rule.starts_with("INTERVAL"));
                if dialect == Dialect::MySql && want.is_none() && lasts {
                    "NEVER".clone_into(&mut value);
                }
                options.push(format!("{words} {value}"));
            }
        }
        if dialect == Dialect::MySql {
            options.extend(self.attributes_difference(wanted, base));
        }
        (!options.is_empty()).then(|| options.join(" "))
    }

    /// The mark is set with the rest.
    fn attributes_difference(&self, wanted: &Self, base: &str) -> Option<String> {
        let compared = |settings: &Self| settings.compared().map(|(n, v)| (n.clone(), v.clone())).collect();
        let (has, wanted): (Map<_, _>, Map<_, _>) = (compared(self), compared(wanted));
        let mut merge = merge_patch(&has, &wanted);
        if self.clone_of() != Some(base) {
            merge.insert(CLONE_OF.into(), Value::String(base.into()));
        }
        (!merge.is_empty()).then(|| format!("ATTRIBUTE {}", text(&Value::Object(merge).to_string())))
    }

    /// The statement that gives `account` the default roles of `wanted`, where they differ.
    pub(super) fn default_roles(&self, wanted: &Self, account: &Account, dialect: Dialect) -> Option<String> {
        if self.default_roles == wanted.default_roles {
            return None;
        }
        let roles = wanted.default_roles.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let roles = if roles.is_empty() { "NONE".to_owned() } else { roles };
        Some(match dialect {
            Dialect::MySql => format!("ALTER USER {account} DEFAULT ROLE {roles}"),
            Dialect::MariaDb => format!("SET DEFAULT ROLE {roles} FOR {account}"),
        })
    }
}

fn require(require: &Require) -> String {
    match require {
        Require::None => "REQUIRE NONE".to_owned(),
        Require::Ssl => "REQUIRE SSL".to_owned(),
        Require::X509 => "REQUIRE X509".to_owned(),
        Require::Exactly(parts) => {
            let parts: Vec<_> = parts.iter().map(|(part, value)| format!("{part} {}", text(value))).collect();
            format!("REQUIRE {}", parts.join(" AND "))
        }
    }
}
