//! The properties of an account: read from SHOW CREATE USER, compared, and made equal.

mod attributes;
mod parse;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use self::attributes::merge_patch;
use super::account::Account;
use super::dialect::Dialect;
use super::quoting::literal;

/// The attribute that marks a clone: the name of its base. It takes no part in a comparison.
pub(super) const CLONE_OF: &str = "rotation.clone_of";

/// What an account requires of a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Require {
    #[default]
    None,
    Ssl,
    X509,
    /// ISSUER, SUBJECT and CIPHER of the client's certificate and connection.
    Exactly(BTreeMap<&'static str, String>),
}

/// What SHOW CREATE USER shows of an account, without its password.
///
/// Whether the password has expired is left out: the new one, which is set last, ends that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Properties {
    /// The authentication plugins; more than one if any of them is enough, or all are required.
    pub(super) methods: Vec<String>,
    pub(super) require: Require,
    /// Resource limits that are not 0, by option: `MAX_QUERIES_PER_HOUR` and so on, as the server writes them.
    pub(super) limits: BTreeMap<String, String>,
    /// Password rules that differ from the server's defaults, by the keywords before their value.
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

/// A password rule: how it is written, and the keyword for the server's default.
pub(super) struct Rule {
    pub(super) keywords: &'static str,
    default: &'static str,
    unit: &'static str,
}

/// The rules, in the order of CREATE USER. `PASSWORD EXPIRE` alone (the password was expired manually) is not a rule.
pub(super) const RULES: [Rule; 6] = [
    Rule { keywords: "PASSWORD EXPIRE", default: "DEFAULT", unit: "" },
    Rule { keywords: "PASSWORD HISTORY", default: "DEFAULT", unit: "" },
    Rule { keywords: "PASSWORD REUSE INTERVAL", default: "DEFAULT", unit: " DAY" },
    Rule { keywords: "PASSWORD REQUIRE CURRENT", default: "DEFAULT", unit: "" },
    Rule { keywords: "FAILED_LOGIN_ATTEMPTS", default: "0", unit: "" },
    Rule { keywords: "PASSWORD_LOCK_TIME", default: "0", unit: "" },
];

impl Properties {
    /// A line for every property, without the account's name and password: two accounts are equal if their lines are.
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

    /// The base in the attribute that marks a clone.
    pub(super) fn clone_of(&self) -> Option<&str> {
        self.attributes.get(CLONE_OF).and_then(Value::as_str)
    }

    fn compared(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.attributes.iter().filter(|(name, _)| *name != CLONE_OF)
    }

    /// What follows the account in ALTER USER to turn these properties into `wanted`; `None` if nothing differs. Leaves out
    /// password, authentication plugin, lock and default roles.
    pub(super) fn difference(&self, wanted: &Self, dialect: Dialect, base: Option<&str>) -> Option<String> {
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
        for Rule { keywords, default, unit } in RULES {
            let want = wanted.rules.get(keywords);
            if self.rules.get(keywords) != want {
                let mut value = want.map_or_else(|| default.to_owned(), |value| format!("{value}{unit}"));
                // On MySQL, DEFAULT after INTERVAL changes the table only, and the server keeps the interval until it restarts
                // (tried: 9.7.4). So this round sets NEVER, and the next one DEFAULT.
                let has_interval = self.rules.get(keywords).is_some_and(|rule| rule.starts_with("INTERVAL"));
                if dialect == Dialect::MySql && want.is_none() && has_interval {
                    "NEVER".clone_into(&mut value);
                }
                options.push(format!("{keywords} {value}"));
            }
        }
        if dialect == Dialect::MySql {
            options.extend(self.attributes_difference(wanted, base));
        }
        (!options.is_empty()).then(|| options.join(" "))
    }

    /// Includes the attribute that marks a clone of `base`.
    fn attributes_difference(&self, wanted: &Self, base: Option<&str>) -> Option<String> {
        let compared =
            |properties: &Self| properties.compared().map(|(n, v)| (n.clone(), v.clone())).collect();
        let (has, wanted): (Map<_, _>, Map<_, _>) = (compared(self), compared(wanted));
        let mut merge = merge_patch(&has, &wanted);
        if let Some(base) = base.filter(|base| self.clone_of() != Some(base)) {
            merge.insert(CLONE_OF.into(), Value::String(base.into()));
        }
        (!merge.is_empty()).then(|| format!("ATTRIBUTE {}", literal(&Value::Object(merge).to_string())))
    }

    /// The statement that gives `account` the default roles of `wanted`; `None` if they are equal.
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
            let parts: Vec<_> =
                parts.iter().map(|(part, value)| format!("{part} {}", literal(value))).collect();
            format!("REQUIRE {}", parts.join(" AND "))
        }
    }
}
