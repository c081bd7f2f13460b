//! What an account may do by everything that it holds together.

use super::{Grants, Object, Privilege};

/// WITH GRANT OPTION, as if it were a privilege: one held above an object, or beside the privilege, is enough to hand that on
/// (tried: 9.7.4, 11.8.9).
pub(in super::super) const GRANT_OPTION: &str = "GRANT OPTION";

/// How a server reads the names of databases in what is held on a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Names {
    /// `%` and `_` stand for others, unless a backslash comes before.
    Patterns,
    /// As they are written: MySQL with `partial_revokes=ON`.
    Literal,
}

/// What one account may do and another may not.
#[derive(Debug, Default)]
pub(in super::super) struct Lost {
    /// The other does not hold it at all.
    pub(in super::super) absent: Vec<String>,
    /// The other holds it on everything, and a restriction keeps it off.
    pub(in super::super) restricted: Vec<String>,
}

impl Lost {
    pub(in super::super) fn lines(&self) -> Vec<String> {
        [self.absent.as_slice(), &self.restricted].concat()
    }
}

impl Grants {
    /// What `other` may do and this account may not. Roles are compared by name.
    pub(in super::super) fn lost(&self, other: &Self, names: Names) -> Lost {
        let mut lost = Lost::default();
        let option = whole(GRANT_OPTION);
        let privileges =
            other.privileges.iter().flat_map(|(object, all)| all.iter().map(move |p| (object, p)));
        let options = other.grant_option.iter().map(|object| (object, &option));
        for (object, privilege) in privileges.chain(options) {
            if !self.allows(object, privilege, names) {
                let restricted =
                    object.database().is_some_and(|database| self.is_restricted(database, privilege));
                let lost = if restricted { &mut lost.restricted } else { &mut lost.absent };
                lost.push(format!("{privilege} ON {object}"));
            } else if *object == Object::Global {
                let here = self.restricted_on(&privilege.name).map(|name| Object::Database(name.to_owned()));
                let here = here.filter(|database| {
                    other.allows(database, privilege, names) && !self.allows(database, privilege, names)
                });
                lost.restricted.extend(here.map(|database| format!("{privilege} ON {database}")));
            }
        }
        let mine = self.delegable();
        for (line, (held, option)) in other.delegable() {
            // With the option includes without.
            if mine.get(&line).is_none_or(|(mine, _)| *mine < held) {
                lost.absent.push(format!("{line}{option}"));
            }
        }
        lost
    }

    /// Whether a privilege may be used on all of `object`.
    pub(in super::super) fn allows(&self, object: &Object, privilege: &Privilege, names: Names) -> bool {
        let Some(database) = object.database() else { return self.holds_at(object, privilege) };
        (self.holds_at(&Object::Global, privilege) && !self.is_restricted(database, privilege))
            || self.holds_on_database(object, database, privilege, names)
            || self.holds_at(object, privilege)
    }

    /// Whether a privilege on `object` may be handed on.
    pub(super) fn may_hand_on(&self, object: &Object, privilege: &Privilege, names: Names) -> bool {
        self.allows(object, privilege, names) && self.allows(object, &whole(GRANT_OPTION), names)
    }

    /// Whether exactly this is held, or a privilege that includes it.
    pub(super) fn holds_at(&self, object: &Object, privilege: &Privilege) -> bool {
        if privilege.name == GRANT_OPTION {
            return self.grant_option.contains(object);
        }
        privilege.name == "USAGE"
            || (*object == Object::Global && self.holds_globally("ALL PRIVILEGES"))
            || self
                .privileges
                .get(object)
                .is_some_and(|held| held.contains(privilege) || held.contains(&whole(&privilege.name)))
    }

    /// Whether a privilege of this name is held on everything, but perhaps for restrictions.
    pub(super) fn holds_globally(&self, name: &str) -> bool {
        self.privileges.get(&Object::Global).is_some_and(|held| held.contains(&whole(name)))
    }

    /// The databases that a restriction keeps a global privilege off.
    pub(super) fn restricted_on<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let databases = self.restrictions.iter().filter(move |(_, names)| names.contains(name));
        databases.map(|(database, _)| database.as_str())
    }

    /// A partial revoke takes from what is held on everything, and from that alone (tried: 9.7.4).
    pub(super) fn is_restricted(&self, database: &str, privilege: &Privilege) -> bool {
        self.restrictions.get(database).is_some_and(|names| names.contains(&privilege.name))
    }

    /// Of what is held on databases the server takes the entry whose name fits best. Where several patterns fit, this asks
    /// for the privilege in each, so that it is on the safe side.
    fn holds_on_database(&self, object: &Object, name: &str, privilege: &Privilege, names: Names) -> bool {
        let entries = self.privileges.keys().chain(&self.grant_option);
        let entries = entries.filter(|entry| matches!(entry, Object::Database(_)));
        let is_name =
            |entry: &Object| entry.database() == Some(name) || entry.literal(names) == object.literal(names);
        let mut exact = entries.clone().filter(|entry| is_name(entry)).peekable();
        if exact.peek().is_some() {
            return exact.any(|entry| self.holds_at(entry, privilege));
        }
        if names == Names::Literal {
            return false;
        }
        let literal = object.literal(names);
        let asked = literal.as_deref().unwrap_or(name);
        let mut fitting =
            entries.filter(|entry| entry.database().is_some_and(|pattern| is_like(asked, pattern)));
        fitting.next().is_some_and(|first| {
            self.holds_at(first, privilege) && fitting.all(|entry| self.holds_at(entry, privilege))
        })
    }
}

impl Object {
    /// The database that this is, or lies in, as it is written.
    pub(super) fn database(&self) -> Option<&str> {
        match self {
            Self::Global => None,
            Self::Database(database) | Self::Table { database, .. } | Self::Routine { database, .. } => {
                Some(database)
            }
        }
    }

    /// The database that this lies in, and no other.
    pub(super) fn whole_database(&self, names: Names) -> Option<Self> {
        let name = self.literal(names)?;
        if names == Names::Literal {
            return Some(Self::Database(name));
        }
        let escaped = name.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
        Some(Self::Database(escaped))
    }

    /// The one database that is meant; none where a pattern may mean several.
    fn literal(&self, names: Names) -> Option<String> {
        let database = self.database()?;
        if names == Names::Literal || !matches!(self, Self::Database(_)) {
            return Some(database.to_owned());
        }
        let mut name = String::new();
        let mut signs = database.chars();
        while let Some(sign) = signs.next() {
            match sign {
                '%' | '_' => return None,
                '\\' => name.push(signs.next().unwrap_or(sign)),
                sign => name.push(sign),
            }
        }
        Some(name)
    }
}

/// Whether a name fits a pattern of LIKE.
fn is_like(name: &str, pattern: &str) -> bool {
    let (name, pattern): (Vec<char>, Vec<char>) = (name.chars().collect(), pattern.chars().collect());
    let (mut at, mut next) = (0, 0);
    // Where the last `%` was, and how much of the name it has taken so far.
    let mut retry = None;
    while at < name.len() {
        let escaped = pattern.get(next) == Some(&'\\') && pattern.len() > next + 1;
        let sign = pattern.get(if escaped { next + 1 } else { next });
        match sign {
            Some('%') if !escaped => {
                retry = Some((next + 1, at));
                next += 1;
            }
            Some(sign) if *sign == name[at] || (*sign == '_' && !escaped) => {
                at += 1;
                next += if escaped { 2 } else { 1 };
            }
            Some(_) | None => {
                let Some((after, taken)) = retry else { return false };
                retry = Some((after, taken + 1));
                (next, at) = (after, taken + 1);
            }
        }
    }
    pattern[next.min(pattern.len())..].iter().all(|sign| *sign == '%')
}

/// A privilege that is on no column.
pub(in super::super) fn whole(name: &str) -> Privilege {
    Privilege { name: name.to_owned(), column: None }
}
