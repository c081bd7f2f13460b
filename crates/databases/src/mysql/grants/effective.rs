//! What an account may do by all that it holds.

use super::{GRANT_OPTION, Grants, Object, Privilege, whole};

/// How a server reads the names of databases in privileges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum DatabaseNames {
    /// `%` and `_` are wildcards, unless escaped by a backslash.
    Patterns,
    /// As they are written: MySQL with `partial_revokes=ON`.
    Literal,
}

/// What one account may do and another may not.
#[derive(Debug, Default)]
pub(in super::super) struct Lost {
    /// The other does not hold these at all.
    pub(in super::super) absent: Vec<String>,
    /// The other holds these globally, but is restricted here.
    pub(in super::super) restricted: Vec<String>,
}

impl Lost {
    pub(in super::super) fn lines(&self) -> Vec<String> {
        [self.absent.as_slice(), &self.restricted].concat()
    }
}

impl Grants {
    /// What `other` may do and this account may not. Roles are compared by name.
    pub(in super::super) fn lost(&self, other: &Self, names: DatabaseNames) -> Lost {
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
            // Held with the option includes held without it.
            if mine.get(&line).is_none_or(|(mine, _)| *mine < held) {
                lost.absent.push(format!("{line}{option}"));
            }
        }
        lost
    }

    /// Whether a privilege may be used on all of `object`.
    pub(in super::super) fn allows(
        &self,
        object: &Object,
        privilege: &Privilege,
        names: DatabaseNames,
    ) -> bool {
        let Some(database) = object.database() else { return self.holds_at(object, privilege) };
        (self.holds_at(&Object::Global, privilege) && !self.is_restricted(database, privilege))
            || self.holds_on_database(object, database, privilege, names)
            || self.holds_at(object, privilege)
    }

    /// Whether a privilege on `object` may be granted to others.
    pub(super) fn can_grant(&self, object: &Object, privilege: &Privilege, names: DatabaseNames) -> bool {
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

    /// Whether a privilege of this name is held globally, disregarding restrictions.
    pub(super) fn holds_globally(&self, name: &str) -> bool {
        self.privileges.get(&Object::Global).is_some_and(|held| held.contains(&whole(name)))
    }

    /// The databases on which a global privilege is restricted.
    pub(super) fn restricted_on<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let databases = self.restrictions.iter().filter(move |(_, names)| names.contains(name));
        databases.map(|(database, _)| database.as_str())
    }

    /// Whether a partial revoke restricts this privilege: it restricts only what is held globally (tried: 9.7.4).
    pub(super) fn is_restricted(&self, database: &str, privilege: &Privilege) -> bool {
        self.restrictions.get(database).is_some_and(|names| names.contains(&privilege.name))
    }

    /// Of the entries on databases the server uses the one whose name matches best. If several patterns match, this requires
    /// the privilege in each of them, to be on the safe side.
    fn holds_on_database(
        &self,
        object: &Object,
        name: &str,
        privilege: &Privilege,
        names: DatabaseNames,
    ) -> bool {
        let entries = self.privileges.keys().chain(&self.grant_option);
        let entries = entries.filter(|entry| matches!(entry, Object::Database(_)));
        let is_name =
            |entry: &Object| entry.database() == Some(name) || entry.literal(names) == object.literal(names);
        let mut exact = entries.clone().filter(|entry| is_name(entry)).peekable();
        if exact.peek().is_some() {
            return exact.any(|entry| self.holds_at(entry, privilege));
        }
        if names == DatabaseNames::Literal {
            return false;
        }
        let literal = object.literal(names);
        let database = literal.as_deref().unwrap_or(name);
        let mut matching =
            entries.filter(|entry| entry.database().is_some_and(|pattern| is_like(database, pattern)));
        matching.next().is_some_and(|first| {
            self.holds_at(first, privilege) && matching.all(|entry| self.holds_at(entry, privilege))
        })
    }
}

impl Object {
    /// The database of this object, as it is written.
    pub(super) fn database(&self) -> Option<&str> {
        match self {
            Self::Global => None,
            Self::Database(database) | Self::Table { database, .. } | Self::Routine { database, .. } => {
                Some(database)
            }
        }
    }

    /// The one database of this object, escaped so that it matches no other.
    pub(super) fn whole_database(&self, names: DatabaseNames) -> Option<Self> {
        let name = self.literal(names)?;
        if names == DatabaseNames::Literal {
            return Some(Self::Database(name));
        }
        let escaped = name.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
        Some(Self::Database(escaped))
    }

    /// The one database that is meant; `None` if a pattern may match several.
    fn literal(&self, names: DatabaseNames) -> Option<String> {
        let database = self.database()?;
        if names == DatabaseNames::Literal || !matches!(self, Self::Database(_)) {
            return Some(database.to_owned());
        }
        let mut name = String::new();
        let mut characters = database.chars();
        while let Some(character) = characters.next() {
            match character {
                '%' | '_' => return None,
                '\\' => name.push(characters.next().unwrap_or(character)),
                character => name.push(character),
            }
        }
        Some(name)
    }
}

/// Whether a name matches a pattern of LIKE.
fn is_like(name: &str, pattern: &str) -> bool {
    let (name, pattern): (Vec<char>, Vec<char>) = (name.chars().collect(), pattern.chars().collect());
    let (mut at, mut next) = (0, 0);
    // Where the last `%` was, and how much of the name it has matched so far.
    let mut retry = None;
    while at < name.len() {
        let escaped = pattern.get(next) == Some(&'\\') && pattern.len() > next + 1;
        let expected = pattern.get(if escaped { next + 1 } else { next });
        match expected {
            Some('%') if !escaped => {
                retry = Some((next + 1, at));
                next += 1;
            }
            Some(expected) if *expected == name[at] || (*expected == '_' && !escaped) => {
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
    pattern[next.min(pattern.len())..].iter().all(|character| *character == '%')
}
